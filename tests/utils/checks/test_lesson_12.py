"""Lesson 12's checks tell right from wrong, and say why."""

import pytest

from course_utils.checks import lesson_12, run_check


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda n, k, s: (n - k) // s + 1, "Correct"),
        (lambda n, k, s: (n - k) // s, "Not yet: for n=32, k=3, s=1 you give 29, one too few"),
        (lambda n, k, s: (n - k) / s + 1, "Not yet: for n=30, k=3, s=2 you give 14.5; a window"),
        (lambda n, k, s: -(-(n - k) // s) + 1, "Not yet: for n=30, k=3, s=2 you give 15: the"),
        (lambda n, k, s: n // s, "Not yet: for n=32, k=3, s=1 you give 32. Write"),
        (lambda n, k, s: None, "Not yet: places returns nothing"),
    ],
)
def test_places(answer, says):
    assert repr(run_check(lesson_12.check_places, None, answer)).startswith(says)


def right(stack):
    side, distance = 1, 1
    for window, stride in stack:
        side += (window - 1) * distance
        distance *= stride
    return side


def own_stride(stack):
    side, distance = 1, 1
    for window, stride in stack:
        distance *= stride
        side += (window - 1) * distance
    return side


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (right, "Correct"),
        (own_stride, "Not yet: for [(3, 2), (3, 1)] you give 9. Go back"),
        (lambda stack: sum(k for k, _ in stack), "Not yet: for [(3, 1), (3, 1)] you add"),
        (
            lambda stack: 1 + sum(k - 1 for k, _ in stack),
            "Not yet: for [(3, 2), (3, 1)] you give 5",
        ),
        (lambda stack: None, "Not yet: receptive_field returns nothing"),
    ],
)
def test_receptive_field(answer, says):
    assert repr(run_check(lesson_12.check_receptive_field, None, answer)).startswith(says)
