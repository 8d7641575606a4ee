"""Exercises of lesson 04: the variance for a leaky ReLU, and the limit of He's uniform start."""

import math

import numpy as np

from course_utils.checks import Wrong, function_returning, number, refuse_known

DEPTH = 20
# Random layers of a few hundred units leave the size where it was to within a third or so; a wrong
# rule is off by a factor at each of the twenty layers.
_FACTOR = 2.0


@function_returning(number)
def check_leaky_variance(lesson, leaky_variance):
    """A function (number of inputs, slope) -> variance, decided by twenty random layers."""
    for n, a in ((400, 0.0), (400, 0.5), (300, 0.3), (400, 1.0), (200, 0.8)):
        variance = leaky_variance(n, a)
        if not math.isfinite(variance) or variance <= 0:
            raise Wrong(f"for n={n} and a={a:g} you get {variance:g}; a variance is above 0.")
        growth = size_after_layers(variance, n, a)
        if 1 / _FACTOR < growth < _FACTOR:
            continue
        fate = "grown" if growth > 1 else "faded"
        # So rough that every machine says the same.
        power = round(abs(math.log10(np.clip(np.nan_to_num(growth), 1e-99, 1e99))))
        about = f"about 10^{power}-fold" if power > 1 else "several-fold"
        case = f"with n={n} and a={a:g} the signal has {fate} {about} after {DEPTH} layers. "
        right = 2 / ((1 + a**2) * n)
        mistakes = (
            (math.sqrt(right), "You return a standard deviation; its square is the variance."),
            (1 / n, "Without any ReLU that would be right. What does the ReLU let through?"),
            (2 / n, "That is He's rule for slope 0. What does the negative half add?"),
            (
                2 / ((1 + a) * n),
                "A mean *square* is needed: what becomes of a when you square a z?",
            ),
            (2 / ((1 + a) ** 2 * n), "The two halves are squared first and added afterwards."),
            (2 / ((1 - a**2 or 1) * n), "Does the negative half add to the mean square?"),
            (1 / (right * n * n), "The share that comes through is right; which way up is it?"),
            (right * n, "The variance must depend on the number of inputs: n terms are summed."),
        )
        refuse_known(variance, mistakes, case, rel_tol=1e-3)
        raise Wrong(f"{case}Which share of the mean square does a leaky ReLU let through?")
    return f"the signal stays level through {DEPTH} layers, for every slope from 0 to 1 tried."


def size_after_layers(variance, n, a, depth=DEPTH, seed=0):
    """Size of a signal after `depth` leaky layers of `n` units over its size before them.

    Weights are normal with mean 0 and the given variance; size is the root of the mean square.
    """
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(32, n))
    start = np.sqrt(np.mean(signal**2))
    for _ in range(depth):
        signal = signal @ rng.normal(0, math.sqrt(variance), (n, n))
        signal = np.where(signal > 0, signal, a * signal)
    return float(np.sqrt(np.mean(signal**2)) / start)


@function_returning(number)
def check_he_limit(lesson, he_limit):
    """A function (kernel shape) -> limit of He's uniform distribution, held against Keras."""
    import keras

    for shape in ((784, 256), (3, 3, 32, 64), (5, 5, 1, 32)):
        answer = he_limit(shape)
        kernel = keras.initializers.HeUniform(seed=1)(shape)
        largest = float(keras.ops.max(keras.ops.abs(kernel)))
        inputs = math.prod(shape[:-1])
        if math.isclose(answer, math.sqrt(6 / inputs), rel_tol=1e-3):
            continue
        case = f"for {shape} you get {answer:.4f}; Keras draws weights up to {largest:.4f}. "
        window = "How many numbers does one window of a convolution see?"
        glorot = math.sqrt(6 / (inputs + inputs // shape[-2] * shape[-1]))
        mistakes = (
            (2 / inputs, "That is the variance."),
            (math.sqrt(2 / inputs), "That is the standard deviation; how far does a uniform go?"),
            (6 / inputs, "A root is missing: a limit has the unit of a weight."),
            (math.sqrt(6 / shape[0]), window),
            (math.sqrt(6 / shape[-2]), window),
            (math.sqrt(6 / math.prod(shape)), "The outputs are no inputs: leave the last one out."),
            (math.sqrt(6 / shape[-1]), "Those are the outputs; He's rule counts the inputs."),
            (glorot, "That is Glorot's rule, which counts the outputs too."),
        )
        refuse_known(answer, mistakes, case, rel_tol=1e-3)
        raise Wrong(
            f"{case}Start from the variance, and multiply it by three before you take the root."
        )
    return "your limits are those that Keras draws within, for dense and convolutional kernels."
