"""Exercises of lesson 09: the penalty of an untrained network, and the range of the next run."""

import math

from course_utils.checks import Wrong, function_returning, number, refuse_known, three

_MEMBER = [(9, 32), (288, 32), (6272, 128)]


@function_returning(number)
def check_penalty_at_start(lesson, penalty_at_start):
    """A function (pairs of inputs and units, factor) -> L2 penalty expected at He's uniform start."""
    for layers, factor in ((_MEMBER, 1e-4), ([(784, 512), (512, 512)], 1e-3), ([(50, 7)], 0.5)):
        answer = penalty_at_start([*layers], factor)
        right = factor * sum(2 * units for _, units in layers)
        if math.isclose(answer, right, rel_tol=1e-6):
            continue
        count = sum(inputs * units for inputs, units in layers)
        mistakes = (
            (right / factor, "that is the sum of the squares. Where is the factor?"),
            (right / 2, "half of it. Keras's L2 has no half, and the variance of He's start is 2 / n."),
            (3 * right, "the ends of the range are not its standard deviation: what is the mean of "
             "x squared, for x uniform between -a and a?"),
            (factor * sum(2 / inputs for inputs, _ in layers),
             "that is one weight of each layer. How many weights does a layer have?"),
            (factor * sum(2 * inputs for inputs, _ in layers),
             "a unit has as many weights as inputs; you have inputs and units the wrong way round."),
            (factor * 2 * len(layers), "that is one unit of each layer. How many units are there?"),
            (factor * sum(2 * i * u / (i + u) for i, u in layers),
             "this is Glorot's start; He's rule looks at the inputs alone."),
            (factor * math.sqrt(right / factor), "L2 here is the sum of the squares, not its root."),
            (right / count, "the penalty is a sum over the weights, not their mean."),
            (factor * sum(math.sqrt(6 / i) / 2 * i * u for i, u in layers),
             "this adds up sizes of weights; square them first."),
        )  # fmt: skip
        refuse_known(answer, mistakes, f"for {layers}: ", rel_tol=1e-6)
        raise Wrong(
            f"for {layers} and factor {factor} you get {answer:.4g}. Take one weight: what is the mean "
            "of its square? Then count the weights."
        )
    return (
        "two for each unit, however many inputs it has. Three members, and Glorot's for the softmax, "
        "make the lesson's floor."
    )


@function_returning(three("numbers: the mean, the low and the high end"))
def check_next_run(lesson, next_run):
    """A function (runs) -> mean, low and high end of the 95 % interval for one more run."""
    import numpy as np
    from scipy import stats

    for runs in ([0.9910, 0.9925, 0.9931, 0.9919], [2.0, 5.0, 3.5, 4.0, 1.0, 2.5, 3.0]):
        n, mean, s = len(runs), float(np.mean(runs)), float(np.std(runs, ddof=1))
        answer = next_run([*runs])
        case = f"for {runs}: "
        if not math.isclose(answer[0], mean, rel_tol=1e-9):
            raise Wrong(f"{case}the mean is not {answer[0]:.6g}.")
        below, above = answer[0] - answer[1], answer[2] - answer[0]
        if not math.isclose(below, above, rel_tol=1e-6) or above <= 0:
            raise Wrong(
                f"{case}the ends must lie equally far from the mean, the low one first; yours are "
                f"{below:.4g} below and {above:.4g} above."
            )
        t, root = float(stats.t.ppf(0.975, n - 1)), math.sqrt(1 + 1 / n)
        right = t * s * root
        if math.isclose(above, right, rel_tol=1e-6):
            continue
        mistakes = (
            (t * s / math.sqrt(n), "this is where the mean lies. A single run has its own luck too."),
            (t * s, "the mean of a few runs has luck of its own: its variance is s squared over n."),
            (t * s * (1 + 1 / math.sqrt(n)), "add the variances, not the standard deviations."),
            (t * s**2 * (1 + 1 / n), "this is made of variances; take the root before you multiply."),
            (right * math.sqrt((n - 1) / n), "s divides by n - 1, and NumPy by n unless told ddof=1."),
            (stats.norm.ppf(0.975) * s * root, "1.96 is for a known spread; use t for few runs."),
            (1.96 * s * root, "1.96 is for a known spread; use t for few runs."),
            (stats.t.ppf(0.975, n) * s * root, "t has n - 1 degrees of freedom, not n."),
            (stats.t.ppf(0.95, n - 1) * s * root, "ppf(0.95) leaves 5 % at each end; half of it should."),
            (s * root, "this is one standard deviation; multiply it by t."),
        )  # fmt: skip
        refuse_known(above, mistakes, case, rel_tol=1e-6)
        raise Wrong(
            f"{case}half of the interval is not {above:.4g}. Which two kinds of luck does the "
            "difference between a new run and the mean have? Add their variances."
        )
    return "this is the range that every lesson expects your run in."
