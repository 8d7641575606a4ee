"""Exercises of lesson 12: a strided convolution's output size, and receptive fields."""

import math

from course_utils.checks import Wrong, function_returning, number, refuse_known


@function_returning(number)
def check_places(lesson, places):
    """A function (n, k, s) -> number of places of a window of k along n pixels, stride s."""
    for n, k, s in ((32, 3, 1), (30, 3, 2), (28, 5, 2), (7, 7, 3), (12, 3, 4)):
        answer = places(n, k, s)
        right = len(range(0, n - k + 1, s))
        if answer == right:
            continue
        case = f"for n={n}, k={k}, s={s} you give {answer}"
        if not float(answer).is_integer():
            raise Wrong(f"{case}; a window fits at a whole number of places.")
        mistakes = (
            (n - k + 1, ": that would be right for a stride of 1."),
            (right - 1, ", one too few. Does the first place count?"),
            (right + 1, ": the last window hangs over the rim."),
            (
                -(-n // s),
                ": that is with a rim of zeros, where a window may stand at the very end.",
            ),
            (n // s, ": you count as if the window were as wide as its step."),
            ((n - k) * s + 1, ": longer steps mean fewer places, not more."),
        )
        refuse_known(answer, mistakes, case)
        raise Wrong(f"{case}. Write the starts of the windows down, and count.")
    return "the windows' starts are 0, s, 2s and so on, and none hangs over the rim."


@function_returning(number)
def check_receptive_field(lesson, receptive_field):
    """A function (list of (window, stride)) -> side of the square of pixels that a unit sees."""
    stacks = (
        [(3, 1)],
        [(3, 1), (3, 1)],
        [(5, 2), (3, 4), (2, 1)],
        [(3, 1), (3, 2), (3, 1), (3, 2)],
        [(7, 3), (2, 2), (5, 1)],
    )
    for stack in stacks:
        answer = receptive_field(list(stack))
        right = _seen(stack)
        if answer == right:
            continue
        case = f"for {stack} you give {answer}"
        mistakes = (
            (
                sum(k for k, _ in stack),
                ": you add the windows up; but neighbouring windows overlap.",
            ),
            (1 + sum(k - 1 for k, _ in stack), ": that would be right if every stride were 1."),
            (math.prod(k for k, _ in stack), ": you multiply the windows; but neighbours overlap."),
            (
                1 + sum((k - 1) * s for k, s in stack),
                ": you count each layer's own stride only. All strides so far spread its units.",
            ),
            (
                1
                + sum(
                    (k - 1) * math.prod(s for _, s in stack[: i + 1])
                    for i, (k, _) in enumerate(stack)
                ),
                ": a layer's own stride moves its window and does not widen it; it counts from the next on.",
            ),
            (
                _seen(stack[::-1]),
                ": you went from the last layer to the first with the first one's rule.",
            ),
            (_seen(stack[:-1]), ": the last layer is missing."),
        )
        refuse_known(answer, mistakes, case)
        raise Wrong(
            f"{case}. Go back from one unit of the last layer: which units of the layer before does it see, "
            "and which pixels do the first and the last of those see?"
        )
    return "each layer widens the view by its window, counted in the steps taken before it."


def _seen(stack):
    """Follow the first and the last pixel back through the layers."""
    first = last = 0
    for window, stride in reversed(stack):
        first, last = first * stride, last * stride + window - 1
    return last - first + 1
