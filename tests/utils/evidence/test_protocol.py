"""The protocol: what it refuses, what its tuning chooses, and that the reference runs keep to it."""

import dataclasses

import pandas as pd
import pytest

from course_utils import evidence
from course_utils.evidence import protocol

TABLE = """
[t]
kind = "fair"
question = "?"
model = "baseline_cnn"
mode = "reduced"
epochs = 2
rates = [0.001, 0.01]
tuning_seeds = [100, 101]
verdict_seeds = [0, 1, 2, 3, 4]
judge = "compare"
compare = [["l2", "baseline"], ["other", "baseline"]]
[t.arms]
baseline = { techniques = "cosine_decay" }
l2 = { techniques = "l2", factor = "l2", factors = [0.1, 0.2, 0.3] }
other = { techniques = "he_init", rate_of = "baseline" }
mean = { mean_of = ["baseline", "other"] }
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[0, 1, 2, 3, 4]", "[0, 1, 101]", "tunes and judges with the seeds 101"),
        ('["other", "baseline"]', '["others", "baseline"]', "names the arm 'others'"),
        ('rate_of = "baseline"', 'rate_of = "base"', "names the arm 'base'"),
        ('"he_init"', '"he_innit"', "'he_innit' is not a technique"),
        ('model = "baseline_cnn"', 'model = "resnet"', "model = 'resnet'; expected one of mlp"),
        ('judge = "compare"', 'judge = "train"', "judge = 'train'; expected one of compare, test"),
        ("epochs = 2\n", "", "table t lacks epochs"),
        ("epochs = 2\n", "epochs = 2\ncolour = 1\n", "table t has colour, which no table has"),
        ("tuning_seeds = [100, 101]\n", "", "no tuning seeds"),
        ("[t.arms]", "[t.arms]\nbaseline = {}\n", "A table or an arm may be there twice"),
        ("[t]", "[t]\n[t]", "A table or an arm may be there twice"),
    ],
)
def test_a_protocol_that_contradicts_itself_is_one_sentence(old, new, words):
    assert old in TABLE
    with pytest.raises(protocol.ProtocolError, match=words) as caught:
        protocol.read(TABLE.replace(old, new, 1))
    assert "\n" not in str(caught.value)


def test_a_table_that_is_not_there_is_named():
    with pytest.raises(protocol.ProtocolError, match="Did you mean fair_mnist"):
        protocol.table("fair_mnst")


def row(arm, seed, rate=0.001, factor=None, val_loss=0.1, accuracy=0.9, **changes):
    return {
        **dict.fromkeys(evidence.COLUMNS), "table": "t", "arm": arm, "seed": seed,
        "learning_rate": rate, "factor": factor, "val_loss": val_loss,
        "compare_accuracy": accuracy, "compare_loss": 1 - accuracy, **changes,
    }  # fmt: skip


def tuning(arm, **losses):
    """Tuning runs of an arm: rate (as r0_001) to validation loss."""
    return [
        row(arm, seed, float(name[1:].replace("_", ".")), val_loss=loss + seed / 1e4)
        for name, loss in losses.items()
        for seed in (100, 101)
    ]


@pytest.fixture
def table():
    return protocol.read(TABLE)["t"]


def frame(*rows):
    return pd.DataFrame(rows, columns=list(evidence.COLUMNS))


def test_the_rate_with_the_lowest_validation_loss_is_chosen_once_all_are_there(table):
    baseline = table.arms["baseline"]
    runs = tuning("baseline", r0_001=0.3, r0_01=0.2)
    assert protocol.chosen(table, baseline, frame(*runs[:-1])) is None
    assert protocol.chosen(table, baseline, frame(*runs)) == {"learning_rate": 0.01}
    assert protocol.chosen(table, table.arms["other"], frame(*runs)) == {"learning_rate": 0.01}


def test_the_factor_is_chosen_at_the_rate_that_was_found(table):
    arm = table.arms["l2"]
    rates = [
        row("l2", s, r, 0.2, loss) for r, loss in ((0.001, 0.3), (0.01, 0.2)) for s in (100, 101)
    ]
    factors = [
        row("l2", s, 0.01, f, loss) for f, loss in ((0.1, 0.25), (0.3, 0.1)) for s in (100, 101)
    ]
    # Lower still, but at another rate.
    decoy = [row("l2", s, 0.001, 0.1, 0.01) for s in (100, 101)]
    assert protocol.chosen(table, arm, frame(*rates)) is None
    chosen = protocol.chosen(table, arm, frame(*rates, *factors, *decoy))
    assert chosen == {"learning_rate": 0.01, "l2": 0.3}


def test_an_arm_is_laid_out_step_by_step_and_what_is_there_is_not_run_again(table):
    arm = table.arms["l2"]

    def next_runs(*rows):
        step, wanted = protocol.next_runs(table, arm, frame(*rows))
        return step, [(r.get("learning_rate"), r.get("l2"), r["seed"]) for r in wanted]

    step, wanted = next_runs()
    assert step == "rates"
    assert wanted == [(r, 0.2, s) for r in (0.001, 0.01) for s in (100, 101)]
    rates = [row("l2", s, r, 0.2, 1 - r) for r in (0.001, 0.01) for s in (100, 101)]
    assert next_runs(*rates[1:]) == ("rates", [(0.001, 0.2, 100)])
    step, wanted = next_runs(*rates)
    assert (step, wanted) == ("factors", [(0.01, f, s) for f in (0.1, 0.3) for s in (100, 101)])
    factors = [row("l2", s, 0.01, f, f) for f in (0.1, 0.3) for s in (100, 101)]
    step, wanted = next_runs(*rates, *factors)
    assert (step, wanted) == ("verdict", [(0.01, 0.1, s) for s in range(5)])
    done = [row("l2", s, 0.01, 0.1) for s in range(5)]
    assert next_runs(*rates, *factors, *done) == ("", [])
    given = protocol.next_runs(table, arm, frame(*rates))[1][0]
    assert (given["techniques"], given["epochs"], given["table"]) == ("l2", 2, "t")
    # An arm that takes over another's rate waits for it, and an average is never trained.
    assert protocol.next_runs(table, table.arms["other"], frame()) == ("", [])
    assert protocol.next_runs(table, table.arms["mean"], frame()) == ("", [])


def test_a_record_becomes_a_row_with_what_was_tuned():
    given = {"learning_rate": 0.003, "l2": 0.001, "weight_decay": 1.0}
    made = evidence.Record(
        "ablation", "baseline_cnn", table="fair_mnist", arm="l2", parameters=given
    )
    row = protocol.row_of(made)
    assert set(row) == set(evidence.COLUMNS)
    assert (row["learning_rate"], row["factor"]) == (0.003, 0.001)
    alone = protocol.row_of(evidence.Record("02_baseline_cnn", "baseline_cnn", parameters=given))
    assert (alone["learning_rate"], alone["factor"]) == (None, None)


def test_verdicts_rest_on_complete_arms_at_the_chosen_rate_alone(table):
    runs = tuning("baseline", r0_001=0.3, r0_01=0.2)
    good = [row("baseline", s, 0.01, accuracy=0.9 + s / 1000) for s in range(5)]
    other = [row("other", s, 0.01, accuracy=0.95 + s / 900) for s in range(5)]
    astray = [row("other", s, 0.001, accuracy=0.1) for s in range(5)]
    assert protocol.verdicts(table, runs=frame(*runs, *good, *other[:4])) == {}
    found = protocol.verdicts(table, runs=frame(*runs, *good, *other, *astray))
    assert list(found) == [("other", "baseline")]
    verdict = found["other", "baseline"]
    assert (verdict.n, verdict.family, verdict.verdict) == (5, 2, "helps")
    losses = protocol.verdicts(table, "loss", frame(*runs, *good, *other))
    assert losses["other", "baseline"].verdict == "helps"
    missing = protocol.missing(table, frame(*runs, *good, *other[:4]))
    assert missing == {"l2": 5, "other": 1, "mean": 1}, "an average lacks what its members lack"


def test_runs_that_are_not_alike_are_told_apart():
    alike = [row("a", seed, code="x", keras_version="3.15.1") for seed in range(3)]
    assert protocol.differing(frame(*alike)) == ""
    other = row("a", 4, code="y", keras_version="3.15.1")
    assert protocol.differing(frame(*alike, other)) == "code is x in some and y in others"


# The committed files ----------------------------------------------------------------------------


def test_every_run_of_a_table_is_named_by_the_protocol():
    assert protocol.unnamed() == []
    stranger = frame(row("l2", 7, table="nowhere"))
    assert protocol.unnamed(stranger) == ["nowhere, l2, seed 7"]


@pytest.mark.parametrize("name", protocol.tables())
def test_the_runs_of_a_table_are_alike(name):
    assert protocol.differing(protocol.rows_of(name)) == ""


@pytest.mark.parametrize("name", protocol.tables())
def test_a_table_is_judged_where_its_mode_allows(name):
    table = protocol.table(name)
    assert (table.judge == "compare") == (table.mode == "reduced")
    assert len(table.verdict_seeds) >= 5
    assert {side for pair in table.compare for side in pair} <= set(table.arms)
    assert table.question.endswith("?")
    # A run's parameters are the ablation notebook's own.
    for arm in table.arms.values():
        assert set(table.parameters(arm)) <= {
            "mode", "model", "techniques", "epochs", "judge", "table", "arm", "n_train", "start",
        }  # fmt: skip
    assert dataclasses.replace(table) == table
