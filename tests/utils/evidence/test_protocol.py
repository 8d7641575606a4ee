"""The protocol: what it refuses, what its tuning chooses, and that the reference runs keep to it."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from course_tools.batch import reading
from course_utils import evidence, models, networks
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
        ('model = "baseline_cnn"', 'model = "deep_all_conv"', "model = 'deep_all_conv'; expected"),
        (
            '"cosine_decay" }',
            '"cosine_decay", model = "resnet" }',
            "arm baseline .* model = 'resnet'",
        ),
        (
            '"cosine_decay" }',
            '"", precision = "float16" }',
            "precision = 'float16'; expected one of",
        ),
        ('"cosine_decay" }', '"cosine_decay", name = "x" }', "arm baseline of table t has name"),
        (
            'rate_of = "baseline"',
            'rate_of = "u.baseline"',
            "from u.baseline, and there is no such arm",
        ),
        ('rate_of = "baseline"', 'rate_of = "t.base"', "from t.base, and there is no such arm"),
        ('judge = "compare"', 'judge = "test"', "arm mean of table t averages predictions"),
        ('kind = "fair"', 'kind = "article"', "table t lacks learning_rate"),
        ("[t]", "x = 3\n[t]", r"table x is 3; expected \[x\]"),
        (
            "[t.arms]",
            "[t.arms]\nodd = 3",
            'arm odd of table t is 3; expected { techniques = "l2" }',
        ),
        ("[0, 1, 2, 3, 4]", "5", "verdict_seeds = 5; expected a list"),
        ("[0, 1, 2, 3, 4]", "[0, 1, 1]", r"verdict_seeds = \[0, 1, 1\]; .* nothing in it twice"),
        ("[0, 1, 2, 3, 4]", "[]", r"verdict_seeds = \[\]; expected a list"),
        ("[0, 1, 2, 3, 4]", "[{ x = 1 }]", "expected a list of whole numbers"),
        (
            "[0, 1, 2, 3, 4]",
            "[2026-01-01]",
            'verdict_seeds = ."2026-01-01".; expected a list of whole',
        ),
        (
            'mode = "reduced"',
            'mode = "reducd"',
            "mode = 'reducd'; expected one of smoke, reduced, full",
        ),
        ('["other", "baseline"]]', '["l2", "baseline"]]', "compare = .* nothing in it twice"),
        ('["other", "baseline"]', '["l2", "l2"]', "comparison .*; expected two different arms"),
        (
            '["other", "baseline"]',
            '"other"',
            'comparison "other" of table t; expected two different arms',
        ),
        ('factor = "l2"', 'factor = "l7"', "factor = 'l7'; expected one of l2, weight_decay"),
        (", factors = [0.1, 0.2, 0.3]", "", "arm l2 of table t has one of factor and factors"),
        (
            'rate_of = "baseline"',
            'rate_of = "other"',
            "arm other of table t takes its rate from itself",
        ),
        (
            'techniques = "l2"',
            'tecniques = "l2"',
            "has tecniques, which no arm has. Did you mean techniques",
        ),
        ('kind = "fair"', 'kind = "curve"', "table t lacks n_train, rates_from, sizes"),
    ],
)
def test_a_protocol_that_contradicts_itself_is_one_sentence(old, new, words):
    assert old in TABLE
    with pytest.raises(protocol.ProtocolError, match=words) as caught:
        protocol.read(TABLE.replace(old, new, 1))
    assert "\n" not in str(caught.value)


def test_a_table_that_is_not_there_is_named():
    with pytest.raises(
        protocol.ProtocolError, match="measures the networks of fair_mnist. Read it"
    ):
        protocol.table("trust_mnist")
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
    assert protocol.differing(frame(*alike, other)) == "code is x, and another in a, seed 4 (y)"
    # Another network has other code, and an arm may have a precision of its own.
    network = row("b", 4, code="y", keras_version="3.15.1", model="all_conv", precision="float32")
    assert protocol.differing(frame(*alike, network)) == ""
    mixed = {**network, "precision": "mixed_bfloat16", "seed": 5}
    assert protocol.differing(frame(*alike, network, mixed)).startswith("precision is ")


# The committed files ----------------------------------------------------------------------------


def test_every_run_of_a_table_is_named_by_the_protocol():
    assert protocol.unnamed() == []
    stranger = frame(row("l2", 7, table="nowhere"))
    assert protocol.unnamed(stranger) == ["nowhere, l2, seed 7"]
    mixed = frame(row("l2", 7, table="fair_mnist", precision="mixed_bfloat16"))
    assert protocol.unnamed(mixed) == ["fair_mnist, l2, seed 7 in mixed_bfloat16"]


@pytest.mark.parametrize("name", protocol.tables())
def test_the_runs_of_a_table_are_alike(name):
    assert protocol.differing(protocol.rows_of(name)) == ""


@pytest.mark.parametrize("name", protocol.tables())
def test_a_table_is_judged_where_its_mode_allows(name):
    table = protocol.table(name)
    assert (table.judge == "compare") == (table.mode == "reduced")
    assert len(table.verdict_seeds) >= (5 if table.compare or table.curves else 3)
    assert {side for pair in table.compare for side in pair} <= set(table.arms)
    assert table.question.endswith("?")
    # A run's parameters are those of the notebook that makes it.
    known = reading.read_notebook(reading.find_notebook_path(table.notebook)).defaults
    for arm in table.arms.values():
        given = table.parameters(arm)
        assert set(given) <= set(known)
        assert all(isinstance(given[key], type(known[key])) for key in given)
    assert dataclasses.replace(table) == table


def test_what_a_table_may_train_is_what_there_is_a_builder_for():
    ours = networks.NETWORKS.items()
    built = {name for name, network in ours if network.reference == "ablation"}
    assert built == set(models.BUILDERS)


def test_the_fair_tables_run_as_they_were_begun():
    """A setting that were added to an arm's parameters would make other runs of those that are there."""
    fair = protocol.table("fair_mnist")
    assert fair.parameters(fair.arms["third_start"]) == {
        "mode": "reduced", "model": "baseline_cnn", "techniques": "cosine_decay", "epochs": 16,
        "judge": "compare", "table": "fair_mnist", "arm": "third_start", "start": 2,
    }  # fmt: skip


def test_the_two_readings_of_the_article_differ_in_three_settings():
    article = protocol.table("article_mnist")
    listed, logged = (article.parameters(article.arms[n]) for n in ("as_listed", "as_logged"))
    assert set(listed["techniques"].split("+")) - set(logged["techniques"].split("+")) == {"l2"}
    assert (listed["momentum"], listed["epsilon"], listed["l2"]) == (0.99, 1e-3, 1e-4)
    assert (logged["momentum"], logged["epsilon"]) == (0.9, 1e-6)
    for name in ("as_listed", "as_logged"):
        arm, to_the_end = (article.arms[name + end] for end in ("", "_to_the_end"))
        assert arm.techniques.replace("early_stopping", "long_training") == to_the_end.techniques
        assert (arm.patience, to_the_end.follow) == (5, True)
        small = protocol.table("article_mnist_small").arms[name]
        assert dataclasses.replace(small, epochs=50) == arm
    cifar = protocol.table("article_cifar10")
    assert {name: cifar.parameters(arm)["epochs"] for name, arm in cifar.arms.items()} == {
        name: networks.NETWORKS[name].epochs for name in cifar.arms
    }


def test_every_point_of_a_curve_takes_as_many_steps_at_the_same_rate():
    curve = protocol.table("curve_mnist")
    assert len(curve.arms) == len(curve.curves) * len(curve.sizes)
    source = protocol.table(curve.rates_from)
    for line in curve.curves:
        assert curve.arms[f"{line}_500"].techniques == source.arms[line].techniques
        for size in curve.sizes:
            arm = curve.arms[protocol.arm_at(line, size)]
            steps = arm.epochs * math.ceil(size / 128)
            assert steps == pytest.approx(16 * math.ceil(5000 / 128), rel=0.02)
            assert (arm.n_train, arm.rate_of) == (size, f"fair_mnist.{line}")


def test_an_arm_waits_for_the_rate_of_another_table(monkeypatch):
    text = TABLE + TABLE.replace("[t", "[u").replace('"he_init", rate_of = "', '"", rate_of = "t.')
    both = protocol.read(text)
    monkeypatch.setattr(protocol, "tables", lambda: both)
    arm = both["u"].arms["other"]
    assert protocol.next_runs(both["u"], arm, frame()) == ("", [])
    runs = frame(*tuning("baseline", r0_001=0.3, r0_01=0.2))
    step, wanted = protocol.next_runs(both["u"], arm, runs)
    assert (step, {each["learning_rate"] for each in wanted}) == ("verdict", {0.01})
    assert {each["table"] for each in wanted} == {"u"}


def test_where_the_protocol_compares_two_sets_of_techniques():
    def found(techniques, baseline=""):
        places = protocol.places(techniques, baseline, "baseline_cnn")
        return [(of.name, *pair) for of, *pair in places]

    assert found("l2") == [("fair_mnist", "l2", "baseline")]
    assert found("ensemble") == [("fair_mnist", "ensemble", "baseline")], "of equal budget alone"
    assert found("early_stopping") == [("early_stopping", "stopped", "to_the_end")]
    assert [of for of, *_ in found(evidence.ALL_SIX)] == ["article_mnist", "article_mnist_small"]
    assert found("early_stopping", "long_training") == []
    assert protocol.places("l2", "", "all_conv") == []
    assert protocol.places("l2", "", "small_all_conv")[0][0].name == "fair_cifar10"


def test_what_a_run_got_wrong_is_kept_also_where_that_is_nothing(monkeypatch):
    monkeypatch.setattr(protocol, "tables", lambda: protocol.read(TABLE))
    made = evidence.Record(
        "ablation", "baseline_cnn", table="t", arm="baseline", compare_mistakes=[]
    )
    perfect = dataclasses.replace(made, compare_accuracy=1.0, compare_n=300)
    assert protocol.wrong_row(perfect)["n"] == 300
    predictions = evidence.records.pack(np.full((40, 10), 0.1))
    assert protocol.wrong_row(dataclasses.replace(made, compare_predictions=predictions))["n"] == 40
    with pytest.raises(protocol.ProtocolError, match="does not say on how many images"):
        protocol.wrong_row(made)
    assert protocol.wrong_row(dataclasses.replace(made, compare_mistakes=None)) is None
