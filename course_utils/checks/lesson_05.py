"""Exercises of lesson 05: batch normalisation by hand, and the momentum that forgets in time."""

import math

import numpy as np

from course_utils.checks import Wrong, array, function_returning, number, refuse_known


@function_returning(array)
def check_normalise(lesson, normalise):
    """A function (maps, epsilon) -> maps normalised by channel, shape as before."""
    maps = np.random.default_rng(0).normal(3, 2, (8, 5, 4, 3)) * np.array([1.0, 5.0, 0.1])
    answer = normalise(maps)
    if answer.shape != maps.shape:
        raise Wrong(f"the result has shape {answer.shape}; expected {maps.shape} as before.")

    def by(axes, epsilon=1e-3):
        return (maps - maps.mean(axes, keepdims=True)) / np.sqrt(
            maps.var(axes, keepdims=True) + epsilon
        )

    if np.allclose(answer, by((0, 1, 2)), atol=1e-6):
        if not np.allclose(normalise(maps, 0.5), by((0, 1, 2), 0.5), atol=1e-6):
            raise Wrong("with another epsilon the result has to change: use the argument.")
        return "one mean and one variance for each channel, over images and positions."
    for axes, hint in (
        (0, "each position has its own statistics. What does a convolution share?"),
        ((0, 1, 2, 3), "all channels share one mean here; each should have its own."),
        ((1, 2), "each image is normalised by itself; the batch has to take part."),
    ):
        if np.allclose(answer, by(axes), atol=1e-6):
            raise Wrong(hint)
    if np.allclose(answer, by((0, 1, 2)), atol=0.1):
        raise Wrong(
            "nearly: divide by the root of variance plus epsilon, the variance being a plain mean of squares."
        )
    spread = answer.std(axis=(0, 1, 2))
    raise Wrong(f"the channels' standard deviations are {spread.round(2)}; they should be near 1.")


@function_returning(number)
def check_largest_momentum(lesson, largest_momentum):
    """A function (steps, share) -> the largest m with m**steps <= share."""
    for steps, share in ((40, 0.01), (400, 0.01), (1, 0.25), (2, 0.25)):
        answer = largest_momentum(steps, share)
        right = share ** (1 / steps)
        case = f"{steps} steps, share {share}"
        if math.isclose(answer, right, rel_tol=1e-4):
            continue
        if not 0 < answer < 1:
            raise Wrong(f"{case}: you get {answer:.4g}; a momentum lies between 0 and 1.")
        left = f"with a momentum of {answer:.4g} the start's share is {answer**steps:.3g}"
        mistakes = (
            (1 - right, "that is the weight of the new value, 1 - m."),
            ((1 - share) ** (1 / steps), "then that share is gone and the rest is left."),
        )
        refuse_known(answer, mistakes, f"{case}: ", rel_tol=1e-4)
        if answer < right:
            raise Wrong(f"{case}: {left}; a larger momentum would do.")
        raise Wrong(f"{case}: {left}, which is more.")
    return "that is why few steps need a smaller momentum."
