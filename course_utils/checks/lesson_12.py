"""Exercises of lesson 12: a strided convolution's output size, and receptive fields."""

from course_utils.checks import Wrong, function_returning, number


@function_returning(number)
def check_places(lesson, places):
    """A function (n, k, s) -> number of places of a window of k along n pixels, stride s."""
    for n, k, s in ((32, 3, 1), (30, 3, 2), (28, 5, 2), (7, 7, 3), (12, 3, 4)):
        answer = places(n, k, s)
        right = len(range(0, n - k + 1, s))
        if answer == right:
            continue
        case = f"for n={n}, k={k}, s={s}"
        if answer == right - 1:
            raise Wrong(f"{case} you give {answer}, one too few. Does the first place count?")
        if not float(answer).is_integer():
            raise Wrong(f"{case} you give {answer}; a window fits at a whole number of places.")
        if answer == right + 1:
            raise Wrong(f"{case} you give {answer}: the last window hangs over the rim.")
        raise Wrong(f"{case} you give {answer}. Write the starts of the windows down, and count.")
    return "the windows' starts are 0, s, 2s and so on, and none hangs over the rim."


@function_returning(number)
def check_receptive_field(lesson, receptive_field):
    """A function (list of (window, stride)) -> side of the square of pixels that a unit sees."""
    stacks = (
        [(3, 1)],
        [(3, 1), (3, 1)],
        [(3, 2), (3, 1)],
        [(3, 1), (3, 2), (3, 1), (3, 2)],
        [(7, 3), (2, 2), (5, 1)],
    )
    for stack in stacks:
        answer = receptive_field(list(stack))
        right = _seen(stack)
        if answer == right:
            continue
        case = f"for {stack}"
        if answer == sum(window for window, _ in stack):
            raise Wrong(f"{case} you add the windows up; but neighbouring windows overlap.")
        if answer == 1 + sum(window - 1 for window, _ in stack):
            raise Wrong(f"{case} you give {answer}: that would be right if every stride were 1.")
        raise Wrong(
            f"{case} you give {answer}. Go back from one unit of the last layer: which units of the "
            "layer before does it see, and which pixels do the first and the last of those see?"
        )
    return "each layer widens the view by its window, counted in the steps taken before it."


def _seen(stack):
    """Follow the first and the last pixel back through the layers."""
    first = last = 0
    for window, stride in reversed(stack):
        first, last = first * stride, last * stride + window - 1
    return last - first + 1
