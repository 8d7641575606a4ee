"""A verdict in one sentence, from a table that is complete, incomplete, or without spread."""

import base64
import zlib

import numpy as np
import pandas as pd
import pytest
from small_course import protocol_text

from course_utils import evidence
from course_utils.evidence import protocol, telling
from course_utils.evidence.protocol import TABLE_KEY, WRONG_COLUMNS

ARMS = """
plain = { techniques = "" }
better = { techniques = "he_init" }
same = { techniques = "l2" }
later = { techniques = "augmentation" }
"""
TOY = protocol_text(6, ARMS, [("better", "plain"), ("same", "plain"), ("later", "plain")])


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A folder with a table of which one comparison shows something, one nothing, one is missing."""
    monkeypatch.setattr(protocol, "tables", lambda: protocol.read(TOY))
    draw = np.random.default_rng(0)
    hard = draw.random(1_000) < 0.1
    rows, wrong = [], []
    for seed in range(6):
        plain = hard & (draw.random(1_000) < 0.5)
        for arm, missed in (
            ("plain", plain), ("same", plain), ("better", plain & (draw.random(1_000) < 0.7)),
        ):  # fmt: skip
            key = {"table": "toy", "arm": arm, "learning_rate": 0.001, "factor": None, "seed": seed}
            scores = {"compare_accuracy": 1 - missed.mean(), "compare_loss": 3 * missed.mean()}
            rows.append(dict.fromkeys(evidence.COLUMNS) | key | scores)
            packed = base64.b64encode(zlib.compress(np.packbits(missed).tobytes())).decode()
            wrong.append(key | {"n": 1_000, "wrong": packed})
    pd.DataFrame(rows, columns=list(evidence.COLUMNS)).to_csv(tmp_path / "runs.csv", index=False)
    pd.DataFrame(wrong, columns=list(WRONG_COLUMNS)).to_csv(tmp_path / "wrong.csv", index=False)
    assert set(TABLE_KEY) <= set(WRONG_COLUMNS)
    return tmp_path


def test_a_verdict_is_one_sentence_with_all_that_it_rests_on(kept):
    said = evidence.tell("toy", "better", "plain", folder=kept)
    assert "\n" not in said
    runs = evidence.runs.read_table(kept / "runs.csv", evidence.COLUMNS)
    of = protocol.table("toy")
    accuracy, loss = (
        protocol.verdicts(of, m, runs)["better", "plain"] for m in ("accuracy", "loss")
    )
    sides = [protocol.wrong(of, of.arms[name], kept) for name in ("plain", "better")]
    _, low, high = evidence.comparison.over_seeds_and_images(*sides)
    assert evidence.with_images(of, ("better", "plain"), kept) == (low, high)
    assert said.startswith("better against plain (toy, comparison set): ")
    for words in (
        f"{100 * accuracy.mean:+.2f} points of accuracy",
        f"{100 * accuracy.low:+.2f} to {100 * accuracy.high:+.2f} over 6 paired seeds",
        f"{100 * low:+.2f} to {100 * high:+.2f} over seeds and images",
        "after Holm among 3 comparisons: helps (by sign flips p = 0.031, 0.094 after Holm); on cross-entropy",
        f"{loss.mean:+.4f}, {loss.low:+.4f} to {loss.high:+.4f}",
    ):
        assert words in said
    assert said.endswith("after Holm: helps (by sign flips p = 0.031, 0.094 after Holm).")
    assert (accuracy.p_exact, accuracy.p_exact_adjusted) == (2 / 2**6, 3 * 2 / 2**6)
    assert low < accuracy.low
    assert high > accuracy.high
    unpaired = evidence.tell("toy", "better", "plain", unpaired=True, folder=kept)
    assert f"{100 * accuracy.unpaired_low:+.2f} to " in unpaired
    assert "without the pairs" not in said


def test_in_brief_a_verdict_says_what_was_tuned_for_each_side():
    said = evidence.tell_briefly("fair_mnist", "l2", "baseline")
    assert "\nTuned for each: baseline rate 0.003, L2 rate 0.003 and λ 0.001.\n" in said
    assert said.endswith(
        "In plain words: no clear difference in right answers; in cross-entropy lower, so better."
    )


def test_in_brief_a_verdict_is_a_difference_and_the_wider_interval(kept):
    said = evidence.tell_briefly("toy", "better", "plain", folder=kept)
    low, high = evidence.with_images(protocol.table("toy"), ("better", "plain"), kept)
    runs = evidence.runs.read_table(kept / "runs.csv", evidence.COLUMNS)
    found, loss = (
        protocol.verdicts(protocol.table("toy"), metric, runs)["better", "plain"]
        for metric in ("accuracy", "loss")
    )
    assert said == (
        f"better against plain (toy, comparison set): {100 * found.mean:+.2f} points of accuracy, "
        f"95 % interval {100 * low:+.2f} to {100 * high:+.2f} over seeds and images, 6 paired seeds; "
        f"cross-entropy {loss.mean:+.4f}, {loss.low:+.4f} to {loss.high:+.4f} over seeds.\n"
        f"In plain words: more right answers; in cross-entropy "
        f"{'lower, so better' if loss.high < 0 else 'no clear difference'}."
    )
    same = evidence.tell_briefly("toy", "same", "plain", folder=kept)
    assert same.endswith(": +0.00 points of accuracy in each of 6 paired seeds.")
    later = evidence.tell_briefly("toy", "later", "plain", folder=kept)
    assert later == evidence.tell("toy", "later", "plain", folder=kept)
    (kept / "wrong.csv").unlink()
    said = evidence.tell_briefly("toy", "better", "plain", folder=kept)
    assert f"{100 * found.low:+.2f} to {100 * found.high:+.2f} over seeds, 6 paired seeds; " in said
    with pytest.raises(protocol.ProtocolError, match="does not compare plain against better. Its"):
        evidence.tell_briefly("toy", "plain", "better", folder=kept)


def test_what_has_no_spread_or_no_runs_is_said_to_have_none(kept):
    same = evidence.tell("toy", "same", "plain", folder=kept)
    assert "+0.00 points of accuracy in each of 6 paired seeds, without spread" in same
    assert same.count("no detectable difference") == 2
    later = evidence.tell("toy", "later", "plain", folder=kept)
    assert later == "later against plain (toy, comparison set): not yet measured."


def test_without_the_mistakes_the_interval_is_over_seeds_alone(kept):
    (kept / "wrong.csv").unlink()
    said = evidence.tell("toy", "better", "plain", folder=kept)
    assert "over 6 paired seeds; p " in said
    assert "images" not in said


def test_a_comparison_that_was_not_announced_is_refused(kept):
    with pytest.raises(protocol.ProtocolError, match="does not compare plain against better. Its"):
        evidence.tell("toy", "plain", "better", folder=kept)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0004, "p below 0.001"),
        (0.0014033, "p = 0.0014"),
        (0.0078125, "p = 0.0078"),
        (0.002, "p = 0.002"),
        (0.0123, "p = 0.012"),
        (1.0, "p = 1.000"),
        (float("nan"), "p unknown"),
    ],
)
def test_a_p_value_is_said_with_the_verb_that_suits_it(value, words):
    assert telling.p_words(value) == words


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        ("he_init", "He initialisation"),
        ("five_without_l2", "five without L2"),
        ("five_without_batch_norm", "five without batch normalisation"),
        ("ensemble_independent", "independent ensemble"),
        ("as_listed", "as listed"),
    ],
)
def test_an_arm_has_a_name_in_plain_words(arm, words):
    assert evidence.arm_words(arm) == words


def test_a_sentence_names_its_arms_in_plain_words():
    said = evidence.tell_all(protocol.table("fair_mnist"))
    assert said["he_init", "baseline"].startswith(
        "He initialisation against baseline (fair_mnist, "
    )
    assert said["five", "five_without_l2"].startswith("five together against five without L2 (")


@pytest.mark.parametrize("name", protocol.tables())
def test_no_two_arms_of_a_table_share_their_plain_name(name):
    words = [evidence.arm_words(arm) for arm in protocol.table(name).arms]
    assert len(set(words)) == len(words)
    assert not [each for each in words if "_" in each]


@pytest.mark.parametrize("name", protocol.tables())
def test_every_table_of_the_course_is_told(name):
    of = protocol.table(name)
    said = evidence.tell_all(of)
    assert list(said) == list(of.compare)
    assert all(sentence.endswith(".") for sentence in said.values())


def test_runs_are_told_one_by_one_and_by_their_mean(kept):
    runs = pd.read_csv(kept / "runs.csv")
    runs = runs[runs["arm"] == "plain"].head(3)
    ended = runs.assign(
        test_accuracy=[0.98, 0.99, 1.0], seconds=[60, 120, 90], data="mnist", hardware="a cpu"
    )
    ended.to_csv(kept / "runs.csv", index=False)
    *lines, mean = evidence.tell_runs("toy", kept).splitlines()
    assert lines[:2] == [
        "mnist, seed 0: 1 minutes (a cpu), 98.00%",
        "mnist, seed 1: 2 minutes (a cpu), 99.00%",
    ]
    # t(0.975, 2) is 4.303; the standard error is 1 point over the root of three.
    assert mean == "mean of 3: 99.00%, 95 % interval 96.52% to 100.00%"
    ended.head(1).to_csv(kept / "runs.csv", index=False)
    assert evidence.tell_runs("toy", kept) == lines[0]
    ended.head(0).to_csv(kept / "runs.csv", index=False)
    assert evidence.tell_runs("toy", kept) == "not yet measured"
