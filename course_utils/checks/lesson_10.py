"""Exercises of lesson 10: a paired interval, and the spread of a difference."""

import math

import numpy as np

from course_utils.checks import Wrong, function_returning, number, refuse_known, three


@function_returning(three("numbers: the mean, the lower end, the upper end"))
def check_paired_interval(lesson, paired_interval):
    """A function (differences) -> mean, lower end, upper end of the 95 % interval."""
    from scipy import stats

    for differences in ([0.2, 0.1, 0.4, 0.3], [-1.0, 2.0, 0.5, 0.1, 0.0, 0.7]):
        answer = paired_interval(np.array(differences))
        n, mean = len(differences), np.mean(differences)
        s = np.std(differences, ddof=1)
        factor = stats.t.ppf(0.975, n - 1)
        if not math.isclose(answer[0], mean, abs_tol=1e-9):
            raise Wrong(f"for {differences} the mean is not {answer[0]:.4g}.")
        half = answer[2] - mean
        if not math.isclose(half, mean - answer[1], rel_tol=1e-6):
            raise Wrong("the interval should reach equally far to both sides of the mean.")
        if math.isclose(half, factor * s / math.sqrt(n), rel_tol=1e-6):
            continue
        by_n = factor * np.std(differences) / math.sqrt(n)
        mistakes = (
            (factor * s, "that is the spread of single runs; the mean of n is less uncertain."),
            (by_n, "close: the standard deviation of a sample divides by n - 1."),
        )
        refuse_known(half, mistakes, rel_tol=1e-6)
        if math.isclose(half, 1.96 * s / math.sqrt(n), rel_tol=1e-2):
            raise Wrong("with so few differences 1.96 is too optimistic; use the t distribution.")
        raise Wrong(f"for {differences} the half width is not {half:.4g}.")
    return "this is the interval behind every verdict of the course."


@function_returning(number)
def check_difference_sd(lesson, difference_sd):
    """A function (sigma, rho) -> standard deviation of the difference."""
    for sigma, rho in ((1.0, 0.0), (2.0, 0.5), (0.3, 0.9)):
        answer = difference_sd(sigma, rho)
        if math.isclose(answer, sigma * math.sqrt(2 * (1 - rho)), rel_tol=1e-6):
            continue
        of_the_sum = "that is the spread of the sum; what they have in common cancels here."
        mistakes = (
            (2 * sigma**2 * (1 - rho), "that is the variance; its root is asked for."),
            (sigma * math.sqrt(2 * (1 + rho)), of_the_sum),
        )
        refuse_known(answer, mistakes, rel_tol=1e-6)
        raise Wrong(
            f"for sigma={sigma}, rho={rho} it is not {answer:.4g}: start from the variance."
        )
    return "the more two runs have in common, the sharper their comparison."
