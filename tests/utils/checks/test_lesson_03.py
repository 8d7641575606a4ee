"""The exercises of lesson 03: empty, right and typically wrong answers."""

import math

import numpy as np
import pytest

from course_utils.checks import Wrong
from course_utils.checks.lesson_03 import check_l2_penalty, check_steps_to_half


def by_hand(kernels, penalty):
    return penalty * sum(np.sum(kernel**2) for kernel in kernels)


def by_formula(rate, penalty):
    return math.ceil(math.log(0.5) / math.log(1 - 2 * rate * penalty))


def by_loop(rate, penalty):
    weight, steps = 1.0, 0
    while weight > 0.5 + 1e-12:
        weight, steps = weight * (1 - 2 * rate * penalty), steps + 1
    return steps


def test_right_answers_are_praised():
    assert check_l2_penalty(None, by_hand)
    assert check_steps_to_half(None, by_formula)
    assert check_steps_to_half(None, by_loop)
    assert check_steps_to_half(None, lambda rate, penalty: float(by_loop(rate, penalty)))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda kernels, penalty: None, "returns nothing yet"),
        (lambda kernels, penalty: kernels[0] ** 2, "one number"),
        (lambda kernels, penalty: by_hand(kernels, 1), "factor is missing"),
        (lambda kernels, penalty: 2 * by_hand(kernels, penalty), "twice"),
        (lambda kernels, penalty: by_hand(kernels, penalty) / 2, "half"),
        (lambda kernels, penalty: math.sqrt(by_hand(kernels, 1)) * penalty, "norm"),
        (lambda kernels, penalty: penalty * sum(np.abs(k).sum() for k in kernels), "L1"),
        (lambda kernels, penalty: by_hand(kernels[:1], penalty), "every layer"),
        (lambda kernels, penalty: penalty * sum(np.linalg.norm(k) for k in kernels), "norm"),
        (lambda kernels, penalty: 42.0, "Square every weight"),
    ],
)
def test_wrong_penalties_get_a_hint(answer, says):
    with pytest.raises(Wrong, match=says):
        check_l2_penalty(None, answer)


def test_a_mean_is_no_sum():
    def mean(kernels, penalty):
        return by_hand(kernels, penalty) / sum(kernel.size for kernel in kernels)

    with pytest.raises(Wrong, match="mean"):
        check_l2_penalty(None, mean)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda rate, penalty: None, "returns nothing yet"),
        (lambda rate, penalty: by_formula(rate, penalty / 2), "gradient"),
        (lambda rate, penalty: math.ceil(0.25 / rate / penalty), "straight line"),
        (lambda rate, penalty: by_formula(rate, penalty) - 1, "too few"),
        (lambda rate, penalty: by_formula(rate, penalty) + 1, "too many"),
        (lambda rate, penalty: math.log(0.5) / math.log(1 - 2 * rate * penalty), "whole numbers"),
        (lambda rate, penalty: 7, "same factor"),
    ],
)
def test_wrong_half_lives_get_a_hint(answer, says):
    with pytest.raises(Wrong, match=says):
        check_steps_to_half(None, answer)
