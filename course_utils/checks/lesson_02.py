"""Exercises of lesson 02: counting a convolution's weights, and a slimmer network."""

from course_utils.checks import Wrong, function_returning, model, number

SLIM_LIMIT = 120_000


@function_returning(number)
def check_conv_weights(lesson, conv_weights):
    """A function (k, channels_in, channels_out) -> number of weights, biases included."""
    import keras

    for k, channels_in, channels_out in ((3, 1, 32), (3, 32, 32), (5, 3, 96)):
        answer = conv_weights(k, channels_in, channels_out)
        layer = keras.layers.Conv2D(channels_out, k)
        layer.build((None, 28, 28, channels_in))
        truth = layer.count_params()
        if answer == truth:
            continue
        case = f"for k={k}, channels_in={channels_in}, channels_out={channels_out}"
        if answer == truth - channels_out:
            raise Wrong(f"{case} some weights are missing: every output channel has a bias too.")
        if answer == k * k * channels_out + channels_out:
            raise Wrong(f"{case} too few: a kernel reaches through all the input channels.")
        raise Wrong(f"{case} your formula gives {answer:,}, and Keras counts {truth:,}.")
    return "the formula agrees with Keras for three layers, and the image's size is not in it."


@function_returning(model)
def check_slim(lesson, build_slim):
    """A function () -> Keras model on (28, 28, 1) with two convolutions and few weights."""
    import keras
    import numpy as np

    network = build_slim()
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    if tuple(network.input_shape[1:]) != (28, 28, 1) or tuple(network.output_shape[1:]) != (10,):
        raise Wrong(
            f"the model maps {network.input_shape[1:]} to {network.output_shape[1:]}; "
            "digits need (28, 28, 1) to (10,)."
        )
    if len(convolutions) < 2:
        raise Wrong(f"{len(convolutions)} convolutional layers; keep both of them.")
    pictures = np.arange(2 * 784, dtype="float32").reshape(2, 28, 28, 1) / 6
    outputs = np.asarray(keras.ops.cast(network(pictures), "float32"))
    # Ten numbers in bfloat16, which has eight digits (binary), may miss 1 by some per cent.
    if outputs.min() < 0 or not np.allclose(outputs.sum(axis=1), 1, atol=0.05):
        raise Wrong("the ten outputs are no probabilities: which activation ends the baseline?")
    weights = network.count_params()
    if weights >= SLIM_LIMIT:
        largest = max(network.layers, key=lambda layer: layer.count_params())
        raise Wrong(
            f"{weights:,} weights; the limit is {SLIM_LIMIT:,}. {largest.count_params():,} of them "
            f"are in one {type(largest).__name__} layer: what does it read, and could that shrink?"
        )
    return f"{weights:,} weights, {SLIM_LIMIT - weights:,} under the limit. Now train it."
