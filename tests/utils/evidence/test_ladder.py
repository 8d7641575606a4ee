"""Epochs to an accuracy, read between whole trainings of different lengths."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from course_utils.evidence import COLUMNS, protocol
from course_utils.evidence.ladder import end_accuracies, epochs_needed, epochs_to

TABLE = """
[t]
kind = "article"
question = "?"
model = "fast_cnn"
mode = "reduced"
learning_rate = 1.0
verdict_seeds = [0, 1]
judge = "compare"
compare = []
[t.arms]
low_4 = { rung = 0, epochs = 4 }
low_8 = { rung = 0, epochs = 8 }
high_4 = { rung = 1, epochs = 4 }
high_8 = { rung = 1, epochs = 8 }
"""


def runs(**accuracies):
    rows = [
        {
            "table": "t",
            "arm": arm,
            "seed": seed,
            "learning_rate": 1.0,
            "val_accuracy": value + seed / 100,
        }
        for arm, value in accuracies.items()
        for seed in (0, 1)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_epochs_lie_between_whole_trainings():
    lengths, ends = (4, 8, 16), (0.5, 0.6, 0.7)
    assert epochs_to(0.6, lengths, ends) == pytest.approx(8)
    assert epochs_to(0.65, lengths, ends) == pytest.approx(8 * 2**0.5)
    assert epochs_to(0.5, lengths, ends) == pytest.approx(4)
    assert epochs_to(0.45, lengths, ends) is None
    assert epochs_to(0.75, lengths, ends) is None


def test_a_ladder_is_told_in_epochs_once_it_is_measured():
    of = protocol.read(TABLE)["t"]
    found = runs(low_4=0.5, low_8=0.6, high_4=0.55, high_8=0.65)
    assert end_accuracies(of, (4, 8), found)["high"] == [
        pytest.approx([0.55, 0.56]),
        pytest.approx([0.65, 0.66]),
    ]
    needed = epochs_needed(of, "low", (4, 8), found)
    # The target is 0.605: one seed of the low rung ends below it, so its means are read, without an interval.
    assert needed["low"] == "8.0"
    # The seeds need 4 * 2 ** 0.55 and 4 * 2 ** 0.45 epochs.
    half = stats.t.ppf(0.975, 1) * 0.05 * np.log(2)
    middle = 4 * 2**0.5
    low, high = middle / np.exp(half), middle * np.exp(half)
    assert needed["high"] == f"{middle:.1f} ({low:.1f} to {high:.1f})"
    better = runs(low_4=0.5, low_8=0.6, high_4=0.65, high_8=0.7)
    assert epochs_needed(of, "low", (4, 8), better)["high"] == "under 4"
    worse = runs(low_4=0.5, low_8=0.6, high_4=0.3, high_8=0.5)
    assert epochs_needed(of, "low", (4, 8), worse)["high"] == "over 8"
    assert epochs_needed(of, "low", (4, 8), found[:-1])["high"] == "not yet measured"
    assert list(end_accuracies(of, (4, 8), found[:-1])) == ["low"]
    waiting = epochs_needed(of, "low", (4, 8), found[found["arm"] != "low_8"])
    assert set(waiting.values()) == {"not yet measured"}


def test_every_rung_of_the_courses_ladder_has_its_lengths():
    needed = epochs_needed(protocol.table("ladder"), "constant", (4, 8, 16))
    assert len(needed) == 9
