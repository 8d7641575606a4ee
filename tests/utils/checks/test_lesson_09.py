"""The checks of lesson 09's exercises tell right from wrong, and say why."""

import pytest

from course_utils.checks import lesson_09, run_check


def counts(before, after, n, share=1.0, cut=float):
    return cut((1 - before) * n), cut((1 - after) * n), share * (after - before) / (1 - before)


def cut_first(before, after, n):
    """Cut the counts, and take the share from what is left of them."""
    first, second = int((1 - before) * n), int((1 - after) * n)
    return first, second, (first - second) / first


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (counts, "Correct"),
        # Floats fall short of 53, and a count that is cut to 52 is no mistake of the learner's.
        (lambda *given: counts(*given, cut=int), "Correct"),
        (cut_first, "Correct"),
        (lambda *given: counts(*given, share=100), "a fraction, not per cent"),
        (lambda b, a, n: (*counts(b, a, n)[:2], (a - b) / b), "divide by the mistakes"),
        (lambda b, a, n: (b * n, a * n, (a - b) / (1 - b)), "Hint: 1 - accuracy"),
        (lambda b, a, n: None, "returns nothing yet"),
        (lambda b, a, n: (1, 2), "expected three numbers"),
    ],
)
def test_mistakes_removed(answer, says):
    assert says in repr(run_check(lesson_09.check_mistakes_removed, None, answer))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda k: 4 + k * 814_570, "Correct"),
        (lambda k: k * (4 + 814_570), "there once, or once a member"),
        (lambda k: k * 814_570, "the shared input's normalisation is missing"),
        (lambda k: None, "returns nothing yet"),
        (lambda k: 1, "Which layers does a member add"),
    ],
)
def test_all_six_weights(answer, says):
    assert says in repr(run_check(lesson_09.check_all_six_weights, None, answer))
