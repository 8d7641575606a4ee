"""Exercises of lesson 15: pictures that a choice needs, and a choice reported honestly."""

import math

import numpy as np

from course_utils.checks import Wrong, function_returning, number, refuse_known, three

# None of them lies so close to a whole number that rounding errors could decide.
_CASES = ((0.99, 100, 0.001), (0.95, 20, 0.01), (0.5, 1000, 0.02))


@function_returning(number)
def check_pictures_needed(lesson, pictures_needed):
    """A function (accuracy, tries, optimism) -> smallest number of pictures, by the bound."""
    for p, k, delta in _CASES:
        answer = pictures_needed(p, k, delta)
        case = f"for accuracy={p}, tries={k}, optimism={delta}"
        variance = p * (1 - p)
        exact = 2 * variance * math.log(k) / delta**2
        if answer == math.ceil(exact):
            continue
        if math.isclose(answer, exact, abs_tol=1):
            raise Wrong(
                f"{case} {answer} is close. Pictures are whole, and one too few is too few."
            )
        logarithm = "the bound has the natural logarithm."
        root = "the optimism belongs to a standard deviation; n stands under a root."
        scatter = "how far does the accuracy of one network scatter on n pictures?"
        mistakes = (
            (math.sqrt(exact), root),
            (exact * delta, root),
            (exact / math.log(10), logarithm),
            (exact / math.log(2), logarithm),
            (exact / 2, "is the factor 2 under the root still there?"),
            (exact / variance, scatter),
            (exact / (1 - p), scatter),
        )
        refuse_known(answer, mistakes, f"{case} it is not {answer:.6g}: ", rel_tol=0, abs_tol=1)
        raise Wrong(
            f"{case} it is not {answer:.6g}. Set the bound equal to the optimism, solve for n."
        )
    return "tries count by their logarithm, honesty by the square."


@function_returning(three("values: the row, the accuracy that chose it, the report"))
def check_choose(lesson, choose):
    """A function (right, choosers) -> row, accuracy that chose it, accuracy to report."""
    # Row 0 is the best of all pictures, 1 (and its equal, 2) of the choosers, 3 of the others.
    table = np.array(
        [
            [1, 1, 1, 0, 1, 1, 1, 1, 1, 0],
            [1, 1, 1, 1, 0, 0, 0, 1, 1, 0],
            [1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
            [0, 0, 1, 0, 1, 1, 1, 1, 1, 1],
        ],
        dtype=bool,
    )
    choosers = np.arange(10) < 4
    for order in (np.arange(10), np.array([5, 0, 7, 2, 9, 1, 4, 3, 8, 6])):
        right, may_choose = table[:, order], choosers[order]
        answer = choose(right.copy(), may_choose.copy())
        row, chose, report = answer
        if row == right.mean(axis=1).argmax():
            raise Wrong("your choice used pictures that may not choose, and so they are spent.")
        if row == right[:, ~may_choose].mean(axis=1).argmax():
            raise Wrong("you chose by the pictures that should report; which ones may choose?")
        if row == 2:
            raise Wrong("of several equal rows the first is asked for.")
        if row != 1:
            raise Wrong(f"row {row!r} is not the best in the eyes of the choosers.")
        if not math.isclose(chose, right[1, may_choose].mean()):
            raise Wrong("the second value should be the accuracy on the pictures that chose.")
        if math.isclose(report, chose):
            raise Wrong("you report the figure that chose. That is the flattering one.")
        if math.isclose(report, right[1].mean()):
            raise Wrong("your report includes the choosers, who are on the winner's side.")
        if not math.isclose(report, right[1, ~may_choose].mean()):
            raise Wrong("the report should be the winner's accuracy on the pictures with no say.")
    return "those who choose and those who report are never the same."
