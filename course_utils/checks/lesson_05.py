"""Exercises of lesson 05: batch normalisation by hand, and how long moving averages remember."""

import math

import numpy as np

from course_utils.checks import Wrong, array, function_returning, number


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
def check_steps_to_forget(lesson, steps_to_forget):
    """A function (momentum, share) -> smallest whole number k with momentum**k <= share."""
    for momentum, share in ((0.99, 0.01), (0.9, 0.01), (0.5, 0.1), (0.5, 0.25)):
        answer = steps_to_forget(momentum, share)
        right = math.ceil(math.log(share) / math.log(momentum))
        case = f"momentum {momentum}, share {share}"
        if answer == right:
            continue
        if answer == right - 1:
            raise Wrong(f"{case}: after {answer} steps a little more than that share is left.")
        if not float(answer).is_integer():
            raise Wrong(f"{case}: a step is taken or it is not; return a whole number.")
        raise Wrong(f"{case}: after {answer} steps the start's share is {momentum**answer:.3g}.")
    return "that is why few steps need a smaller momentum."
