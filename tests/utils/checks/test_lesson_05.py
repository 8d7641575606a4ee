"""Lesson 05's checks tell right from wrong, and say why."""

import math

import numpy as np
import pytest

from course_utils.checks import lesson_05, run_check


def normalised(maps, axes, epsilon=1e-3):
    variance = maps.var(axes, keepdims=True)
    return (maps - maps.mean(axes, keepdims=True)) / np.sqrt(variance + epsilon)


@pytest.mark.parametrize(
    ("axes", "says"),
    [
        ((0, 1, 2), "Correct"),
        (0, "Not yet: each position"),
        ((0, 1, 2, 3), "Not yet: all channels"),
        ((1, 2), "Not yet: each image"),
    ],
)
def test_normalise(axes, says):
    answer = run_check(
        lesson_05.check_normalise, None, lambda maps, epsilon=1e-3: normalised(maps, axes, epsilon)
    )
    assert repr(answer).startswith(says)


def test_normalise_has_to_use_its_epsilon():
    answer = run_check(
        lesson_05.check_normalise, None, lambda maps, epsilon=1e-3: normalised(maps, (0, 1, 2))
    )
    assert "use the argument" in repr(answer)


def test_normalise_without_epsilon_is_nearly_right():
    answer = run_check(
        lesson_05.check_normalise,
        None,
        lambda maps: (maps - maps.mean((0, 1, 2))) / maps.std((0, 1, 2)),
    )
    assert repr(answer).startswith("Not yet: nearly")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda m, s: math.ceil(math.log(s) / math.log(m)), "Correct"),
        (lambda m, s: math.floor(math.log(s) / math.log(m)), "Not yet: momentum 0.99"),
        (
            lambda m, s: math.floor(math.log(s) / math.log(m)) + 1,
            "Not yet: momentum 0.5, share 0.25",
        ),
        (lambda m, s: math.log(s) / math.log(m), "Not yet: momentum 0.99"),
        (lambda m, s: int(s / m), "Not yet: momentum 0.99"),
        (lambda m, s: None, "Not yet: steps_to_forget returns nothing"),
    ],
)
def test_steps_to_forget(answer, says):
    assert repr(run_check(lesson_05.check_steps_to_forget, None, answer)).startswith(says)
