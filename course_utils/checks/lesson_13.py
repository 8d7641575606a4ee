"""Exercises of lesson 13: operations of a convolution, and a network with few weights."""

import math

from course_utils.checks import Wrong, function_returning, model, number, refuse_known

_CASES = (
    # k, channels_in, channels_out, side_in, stride
    (3, 3, 32, 32, 1),
    (5, 32, 64, 30, 2),
    (3, 96, 96, 30, 2),
    (1, 64, 10, 6, 1),
    (2, 8, 16, 9, 3),
)
# Forward operations of one image in the lesson's network: convolutions and dense layers.
MOST_OPERATIONS = 2 * (27 * 32 * 30**2 + 25 * 32 * 64 * 13**2 + 10_816 * 128 + 128 * 10)
_MOST_WEIGHTS = 100_000


@function_returning(number)
def check_conv_operations(lesson, conv_operations):
    """A function (k, channels_in, channels_out, side_in, stride) -> operations of one image."""
    for k, channels_in, channels_out, side_in, stride in _CASES:
        case = (
            f"{k} x {k} kernels, {channels_in} to {channels_out} channels, a side of {side_in}, "
            f"stride {stride}"
        )
        answer = conv_operations(k, channels_in, channels_out, side_in, stride)
        kernel = k * k * channels_in * channels_out
        side = (side_in - k) // stride + 1
        if answer == 2 * kernel * side**2:
            continue
        rest = "the window fits a whole number of times, also where the stride leaves a rest."
        mistakes = (
            (kernel * side**2, "a multiplication and an addition are two operations."),
            (kernel, "those are the kernel's weights. How often is each of them used?"),
            (2 * kernel * side_in**2, "is the output as large as the input?"),
            (2 * kernel * (side_in - k + 1) ** 2, "the stride skips positions."),
            (2 * kernel * ((side_in - k) / stride + 1) ** 2, rest),
            (2 * kernel * (side_in // stride) ** 2, "the window has to stay inside the image."),
            (2 * kernel * side, "the window moves in two directions."),
            (2 * (kernel + channels_out) * side**2, "biases were to be left out."),
        )
        refuse_known(answer, mistakes, f"{case}: you get {answer:,}. Hint: ", rel_tol=0)
        raise Wrong(f"{case}: {answer:,} is not it. Operations are 2 x kernel weights x positions.")
    return "two for each weight at each position, and the layer is known before it is built."


@function_returning(model)
def check_thrifty(lesson, build_thrifty):
    """A function () -> an all-convolutional Keras model of few weights and few operations."""
    import numpy as np

    network = build_thrifty()
    if network.input_shape[1:] != (32, 32, 3):
        raise Wrong(f"the input has shape {network.input_shape[1:]}; expected (32, 32, 3).")
    if network.output_shape != (None, 10):
        raise Wrong(f"the output has shape {network.output_shape[1:]}; expected ten numbers.")
    flat = list(leaves(network))
    for layer in flat:
        name = type(layer).__name__
        if "Pooling" in name and not name.startswith("Global"):
            raise Wrong(f"{name} has a window: let a convolution with a stride do its work.")
    convolutions = [layer for layer in flat if "Conv" in type(layer).__name__]
    if not any(max(layer.strides) > 1 for layer in convolutions):
        raise Wrong("no convolution has a stride above 1. What else makes the image smaller here?")
    weights = network.count_params()
    if weights >= _MOST_WEIGHTS:
        raise Wrong(
            f"it has {weights:,} weights; fewer than {_MOST_WEIGHTS:,} are wanted. Which layer has "
            "most of them, and how many numbers does it read?"
        )
    work = sum(map(operations, flat))
    if work > MOST_OPERATIONS:
        raise Wrong(
            f"it needs {work:,} operations for an image; at most {MOST_OPERATIONS:,} are allowed. Where are "
            "many channels computed at many positions?"
        )
    pictures = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype="uint8")
    said = np.asarray(network.predict(pictures, verbose=0), dtype="float32")
    if said.min() < 0 or abs(said.sum(axis=1) - 1).max() > 1e-2:
        raise Wrong("the ten outputs are no probabilities: they should be positive, with sum 1.")
    return "few weights and no more work. Train it: what do the savings cost?"


def leaves(model):
    """All layers that are no models themselves, also of nested models."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from leaves(layer)
        else:
            yield layer


def operations(layer):
    """Two for each use of each weight of a kernel; biases and scales are no kernels."""
    name = type(layer).__name__
    if not ("Conv" in name or "Dense" in name):
        return 0
    kernels = [weight for weight in layer.trainable_weights if len(weight.shape) > 1]
    positions = math.prod(layer.output.shape[1:-1])
    return 2 * positions * sum(math.prod(kernel.shape) for kernel in kernels)
