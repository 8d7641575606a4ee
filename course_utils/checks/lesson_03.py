"""Exercises of lesson 03: the L2 penalty by hand, and how fast a weight decays."""

import math

import numpy as np

from course_utils.checks import Wrong, function_returning, number, refuse_known


@function_returning(number)
def check_l2_penalty(lesson, l2_penalty):
    """A function (list of arrays, factor) -> factor times the sum of all squared weights."""
    rng = np.random.default_rng(3)
    for shapes, factor in ((((2, 3),), 0.3), (((3, 3, 1, 4), (16, 5), (5, 2)), 0.01)):
        kernels = [rng.normal(size=shape) for shape in shapes]
        answer = l2_penalty(kernels, factor)
        squares = [float((kernel**2).sum()) for kernel in kernels]
        truth = factor * sum(squares)
        if math.isclose(answer, truth, rel_tol=1e-4):
            continue
        case = f"for {len(kernels)} arrays and a factor of {factor}"
        weights = sum(kernel.size for kernel in kernels)
        mistakes = (
            (sum(squares), "the factor is missing."),
            (2 * truth, "that is twice too much: is there a 2 in the penalty, or in its gradient?"),
            (truth / 2, "that is half of it: some books write a half there, and Keras does not."),
            (truth / weights, "that is a mean over the weights; the penalty is a sum."),
            (factor * sum(map(math.sqrt, squares)), "the norms, where their squares are charged."),
            (factor * math.sqrt(sum(squares)), "the norm, where its square is charged."),
            (factor * sum(np.abs(k).sum() for k in kernels), "absolute values: that is L1."),
            (factor * squares[0], "only the first layer pays; every layer has to."),
        )
        refuse_known(answer, mistakes, f"{case}: ", rel_tol=1e-4)
        raise Wrong(f"{case} you get {answer:.4g}. Square every weight, add up, then charge.")
    return "that is what Keras adds to the loss."


@function_returning(number)
def check_steps_to_half(lesson, steps_to_half):
    """A function (rate, penalty) -> the first step at which an unused weight is halved."""
    for rate, penalty in ((0.1, 0.1), (0.01, 0.0001), (0.25, 1.0), (0.1, 0.03)):
        answer = steps_to_half(rate, penalty)
        case = f"for rate={rate}, penalty={penalty}"
        if isinstance(answer, bool) or not float(answer).is_integer():
            raise Wrong(f"{case} you return {answer}; steps are whole numbers.")
        answer, truth = int(answer), _first(2 * rate * penalty)
        if answer == truth:
            continue
        # The first whole n with 1 - n * share <= 1/2.
        straight = math.ceil(0.25 / (rate * penalty) - 1e-9)
        mistakes = (
            (_first(rate * penalty), "that is too slow: what is the gradient of penalty * w**2?"),
            (straight, "you walk in a straight line; but each step takes a share of what is left."),
            (truth - 1, "one step too few: there it is still larger than half."),
            (truth + 1, "one step too many: it is at half, or below, before that."),
        )
        refuse_known(answer, mistakes, f"{case} ")
        raise Wrong(
            f"{case} you say {answer:,} steps. Each multiplies the weight by the same factor."
        )
    return "at the usual values it takes very long, so a small penalty is a gentle one under SGD."


def _first(share):
    """First whole n with (1 - share)**n <= 1/2; the tolerance forgives rounding at equality."""
    return math.ceil(math.log(0.5) / math.log1p(-share) - 1e-9)
