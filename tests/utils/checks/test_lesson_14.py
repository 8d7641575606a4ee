"""The exercises of lesson 14: right and typically wrong answers."""

from pathlib import Path

import jupytext
import numpy as np
import pytest

from course_utils.checks import Wrong, run_check
from course_utils.checks.lesson_14 import check_names_of_curves, check_next_factor
from course_utils.diagnosis import diagnose

LESSON = Path(__file__).parents[3] / "notebooks" / "14_fighting_overfitting.py"
RIGHT = {"A": "overfitting", "B": "underfitting", "C": "still improving", "D": "plateau"}


def halving(tried):
    too_little = [factor for factor, name in tried.items() if name == "overfitting"]
    too_much = [factor for factor, name in tried.items() if name == "underfitting"]
    return (max(too_little, default=0) + min(too_much, default=3)) / 2


def ends_first(tried):
    """Looks at both ends before it starts to halve."""
    return (
        next((end for end in (0, 3) if end not in tried), None)
        if len(tried) < 2
        else halving(tried)
    )


def test_right_answers_are_praised():
    assert check_names_of_curves(None, RIGHT)
    assert "at most" in check_next_factor(None, halving)
    assert check_next_factor(None, ends_first)


def test_the_curves_of_the_exam_are_named_as_diagnose_names_them():
    names = {"np": np}
    (cell,) = (cell for cell in jupytext.read(LESSON).cells if "exam = {" in cell.source)
    exec(cell.source, names)
    for letter, (train, val) in names["exam"].items():
        history = {"accuracy": train, "val_accuracy": val, "loss": 1 - train, "val_loss": 1 - val}
        assert diagnose(history).name == RIGHT[letter], letter


@pytest.mark.parametrize("check", [check_names_of_curves, check_next_factor])
def test_an_open_exercise_is_not_yet(check):
    assert repr(run_check(check, None, ...)).startswith("Not yet")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (["overfitting"] * 4, "expected a dict"),
        ({"A": "overfitting"}, "one word for each"),
        ({**RIGHT, "B": "bad"}, "expected one of underfitting"),
        ({**RIGHT, "A": "still improving"}, "A is not still improving"),
        ({**RIGHT, "B": "plateau"}, "are the training images learnt"),
        ({**RIGHT, "C": "underfitting"}, "last epochs only"),
        ({**RIGHT, "D": "overfitting"}, "five points"),
    ],
)
def test_wrong_names_get_a_hint(answer, says):
    with pytest.raises(Wrong, match=says) as caught:
        check_names_of_curves(None, answer)
    for letter, truth in RIGHT.items():
        assert f"{letter} is {truth}" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda tried: None, "returns nothing"),
        (lambda tried: True, "a number from 0 to 3"),
        (lambda tried: "1", "a number from 0 to 3"),
        (lambda tried: 1 + 3 * len(tried), "a number from 0 to 3"),
        (lambda tried: 1, "tried before"),
        (lambda tried: 0.2 / (1 + len(tried)), "does less dropout help"),
        (lambda tried: 1.5 + 0.1 * len(tried), "does more dropout help"),
        (lambda tried: 0.125 * len(tried), "8 trainings were not enough"),
    ],
)
def test_wrong_loops_get_a_hint(answer, says):
    with pytest.raises(Wrong, match=says):
        check_next_factor(None, answer)


def test_the_answers_dict_is_the_learners_to_change():
    def greedy(tried):
        factor = halving(tried)
        tried.clear()
        return factor

    assert check_next_factor(None, greedy)
