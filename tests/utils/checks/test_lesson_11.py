"""Lesson 11's checks tell right from wrong, and say why."""

import numpy as np
import pytest

from course_utils.checks import lesson_11, run_check


def dropped(signal, rate, rng, scale=lambda rate: 1 / (1 - rate), shape=None):
    return signal * (rng.random(shape or signal.shape) >= rate) * scale(rate)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (dropped, "Correct"),
        (lambda s, p, rng: dropped(s, p, rng, lambda p: 1), "Not yet: at rate 0.25 the signal's"),
        (lambda s, p, rng: dropped(s, p, rng, lambda p: 1 / p), "Not yet: at rate 0.25 the sig"),
        (lambda s, p, rng: s * (rng.random(s.shape) < p) / p, "Not yet: at rate 0.25, 75% are"),
        (lambda s, p, rng: s * (rng.random(s.shape) < 0.5), "Not yet: at rate 0.25, 50% are"),
        (lambda s, p, rng: dropped(s, p, rng, shape=(1, 500)), "Not yet: "),
        (lambda s, p, rng: dropped(s, p, np.random.default_rng(0)), "Not yet: two generators"),
        (lambda s, p, rng: dropped(s, p, np.random), "Not yet: equal generators"),
        (lambda s, p, rng: s[0], "Not yet: the result has shape"),
        (lambda s, p, rng: None, "Not yet: drop_by_hand returns nothing"),
    ],
)
def test_drop_by_hand(answer, says):
    assert repr(run_check(lesson_11.check_drop_by_hand, None, answer)).startswith(says)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda m: np.diag(m) / np.maximum(m.sum(axis=0), 1), "Correct"),
        (lambda m: [0.8, 0.5, 0.5, 0], "Correct"),
        (lambda m: np.diag(m) / m.sum(axis=1), "Not yet: that is the recall"),
        (lambda m: np.diag(m) / m.sum(), "Not yet: you divide by all"),
        (lambda m: [0.8, 0.5, 0.5, float("nan")], "Not yet: a class that was never"),
        (lambda m: 0.5, "Not yet: the result has shape"),
        (lambda m: np.diag(m) * 1.0, "Not yet: of 10 pictures called class 0"),
        (lambda m: None, "Not yet: precisions returns nothing"),
    ],
)
def test_precisions(answer, says):
    assert repr(run_check(lesson_11.check_precisions, None, answer)).startswith(says)
