"""Exercises of lesson 02: counting a convolution's weights, and a slimmer network."""

from course_utils.checks import Wrong, function_returning, model, number, refuse_known

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
        case = f"for k={k}, channels_in={channels_in}, channels_out={channels_out} "
        kernels = k * k * channels_in * channels_out
        mistakes = (
            (kernels, "some weights are missing: every output channel has a bias too."),
            (
                k * k * channels_out + channels_out,
                "too few: a kernel reaches through all the input channels, with weights for each.",
            ),
            (
                k * channels_in * channels_out + channels_out,
                "too few: the window is k wide and k high.",
            ),
            (kernels + 1, "the kernels are right, but one bias for the whole layer is too few."),
            (
                kernels + channels_in * channels_out,
                "too many biases: the channels are summed first, and then one bias is added.",
            ),
            (kernels + channels_in, "the biases belong to the channels that come out."),
            (
                k * k * channels_in + 1,
                "that is one kernel with its bias, which makes one output channel.",
            ),
            (
                28 * 28 * (kernels + channels_out),
                "the same kernel serves every place of the image: it is stored once.",
            ),
        )
        refuse_known(answer, mistakes, case)
        raise Wrong(f"{case}your formula gives {answer:,}, and Keras counts {truth:,}.")
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
    kinks = (keras.layers.Activation, keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.PReLU)
    if all(layer.activation is keras.activations.linear for layer in convolutions) and not any(
        isinstance(layer, kinks) for layer in network.layers
    ):
        raise Wrong(
            "no convolution has an activation. Without a kink between them the two are one weighted sum "
            "(lesson 01)."
        )
    pictures = np.arange(2 * 784, dtype="float32").reshape(2, 28, 28, 1) / 6
    outputs = np.asarray(keras.ops.cast(network(pictures), "float32"))
    # Ten numbers in bfloat16, which has eight digits (binary), may miss 1 by some per cent.
    if outputs.min() < 0 or not np.allclose(outputs.sum(axis=1), 1, atol=0.05):
        raise Wrong("the ten outputs are no probabilities: which activation ends the baseline?")
    before = keras.Model(network.inputs[0], convolutions[0].input)
    normalising = (keras.layers.BatchNormalization, keras.layers.Normalization)
    if np.abs(before(pictures)).max() > 20 and not any(
        isinstance(layer, normalising) for layer in before.layers
    ):
        raise Wrong(
            "the first convolution reads pixels up to 255. What brings them near 1 in the baseline?"
        )
    weights = network.count_params()
    if weights >= SLIM_LIMIT:
        largest = max(network.layers, key=lambda layer: layer.count_params())
        raise Wrong(
            f"{weights:,} weights; the limit is {SLIM_LIMIT:,}. {largest.count_params():,} of them "
            f"are in one {type(largest).__name__} layer: what does it read, and could that shrink?"
        )
    return f"{weights:,} weights, {SLIM_LIMIT - weights:,} under the limit. Now train it."
