"""The exercises of lesson 15: right and typically wrong answers, and the bound they rest on."""

import math

import numpy as np
import pytest
from scipy import stats

from course_utils.checks import Wrong
from course_utils.checks.lesson_15 import check_choose, check_pictures_needed


def needed(p, k, delta):
    return math.ceil(2 * p * (1 - p) * math.log(k) / delta**2)


def choose(right, choosers):
    winner = int(right[:, choosers].mean(axis=1).argmax())
    return winner, right[winner, choosers].mean(), right[winner, ~choosers].mean()


def test_right_answers_are_praised():
    assert check_pictures_needed(None, needed)
    assert check_choose(None, choose)


@pytest.mark.parametrize(("p", "k"), [(0.95, 20), (0.9947, 100), (0.9, 1000)])
def test_the_bound_holds_for_the_maximum_of_binomials(p, k):
    n = needed(p, k, 0.002)
    gain = (1 - stats.binom.cdf(np.arange(n), n, p) ** k).sum() / n - p
    assert 0.0012 < gain < 0.002


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda p, k, d: None, "returns nothing"),
        (lambda p, k, d: needed(p, k, d) - 1, "one too few is too few"),
        (lambda p, k, d: 2 * p * (1 - p) * math.log(k) / d**2, "whole"),
        (lambda p, k, d: 2 * p * (1 - p) * math.log(k) / d, "root"),
        (lambda p, k, d: 2 * p * (1 - p) * math.log10(k) / d**2, "natural logarithm"),
        (lambda p, k, d: p * (1 - p) * math.log(k) / d**2, "factor 2"),
        (lambda p, k, d: 2 * math.log(k) / d**2, "scatter"),
        (lambda p, k, d: 7, "solve for n"),
    ],
)
def test_wrong_numbers_of_pictures_get_a_hint(answer, says):
    with pytest.raises(Wrong, match=says):
        check_pictures_needed(None, answer)


def reported(by):
    """A wrong way to choose or report, as a function of the table and the choosers."""

    def answer(right, choosers):
        row, chose, report = choose(right, choosers)
        return by(right, choosers, row, chose, report)

    return answer


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda right, choosers: None, "returns nothing"),
        (lambda right, choosers: 1, "expected three values"),
        (reported(lambda t, c, *_: (t.mean(axis=1).argmax(), 0.5, 0.5)), "spent"),
        (reported(lambda t, c, *_: (t[:, ~c].mean(axis=1).argmax(), 1, 1)), "which ones may"),
        (reported(lambda t, c, row, chose, _: (2, chose, 0.1)), "the first"),
        (reported(lambda t, c, row, chose, _: (9, chose, 0.1)), "row 9 is not the best"),
        (reported(lambda t, c, row, chose, report: (row, report, report)), "second value"),
        (reported(lambda t, c, row, chose, _: (row, chose, chose)), "flattering"),
        (reported(lambda t, c, row, chose, _: (row, chose, t[row].mean())), "winner's side"),
        (reported(lambda t, c, row, chose, _: (row, chose, 0.1)), "no say"),
    ],
)
def test_wrong_choices_get_a_hint(answer, says):
    with pytest.raises(Wrong, match=says):
        check_choose(None, answer)
