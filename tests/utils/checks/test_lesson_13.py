"""The exercises of lesson 13, and TensorFlow's own counter of operations as a witness."""

from pathlib import Path

import jupytext
import keras
import numpy as np
import pytest
from keras import layers

from course_utils import models
from course_utils.checks import Wrong
from course_utils.checks.lesson_13 import (
    _SMALL,
    _leaves,
    _operations,
    check_conv_operations,
    check_thrifty,
)

LESSON = Path(__file__).parents[3] / "notebooks" / "13_small_all_conv.py"


def conv_operations(k, channels_in, channels_out, side_in, stride=1):
    return 2 * k * k * channels_in * channels_out * ((side_in - k) // stride + 1) ** 2


def network(*middle, plan=((24, 3, 1), (48, 5, 2), (96, 3, 2)), end="softmax"):
    convolutions = [layers.Conv2D(f, k, strides=s, activation="relu") for f, k, s in plan]
    last = middle or [layers.GlobalAveragePooling2D()]
    classify = layers.Dense(10, activation=end, dtype="float32")
    start = [keras.Input((32, 32, 3)), layers.Rescaling(1 / 255)]
    return keras.Sequential([*start, *convolutions, *last, classify])


def counted_by_tensorflow(model):
    """Operations of the convolutions and matrix products of one image, by TensorFlow's profiler."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    shape = tf.TensorSpec((1, *model.input_shape[1:]), "float32")
    frozen = convert_variables_to_constants_v2(tf.function(model).get_concrete_function(shape))
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(frozen.graph.as_graph_def(), name="")
        profile = tf.compat.v1.profiler.profile(graph, cmd="op", options=options)
    # The profile is a chain, one kind of operation a link.
    found = {}
    while profile.children:
        profile = profile.children[0]
        found[profile.name] = profile.float_ops
    return found["Conv2D"] + found["MatMul"]


@pytest.fixture(scope="module")
def operations():
    """The lesson's own function, from its cell."""
    names = {"np": np}
    for cell in jupytext.read(LESSON).cells:
        if cell.source.lstrip().startswith("def operations"):
            exec(cell.source, names)
    return names["operations"]


@pytest.mark.parametrize("build", ["dropout_cnn", "all_conv", "small_all_conv"])
def test_the_lesson_counts_what_tensorflow_counts(operations, build):
    model = getattr(models, f"build_{build}")()
    total = sum(map(operations, model.layers))
    assert total == sum(map(_operations, model.layers)) == counted_by_tensorflow(model)


def test_the_limit_is_the_small_networks_work():
    assert sum(map(_operations, models.build_small_all_conv().layers)) == _SMALL


def test_right_answers_are_praised():
    assert check_conv_operations(None, conv_operations)
    assert check_thrifty(None, network)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda *case: None, "returns nothing"),
        (lambda *case: conv_operations(*case) // 2, "two operations"),
        (lambda k, i, o, side, stride: k * k * i * o, "How often"),
        (lambda k, i, o, side, stride: 2 * k * k * i * o * side**2, "as large as the input"),
        (lambda k, i, o, side, stride: conv_operations(k, i, o, side), "skips positions"),
        (lambda k, i, o, side, s: 2 * k * k * i * o * (side // s) ** 2, "(as large|inside)"),
        (
            lambda k, i, o, side, s: 2 * k * k * i * o * ((side - k) / s + 1) ** 2,
            "a whole number of times",
        ),
        (lambda k, i, o, side, s: 2 * k * k * i * o * ((side - k) // s + 1), "two directions"),
        (lambda *case: conv_operations(*case) + 2 * case[2] * 900, "biases"),
        (lambda *case: 7, "positions"),
    ],
)
def test_wrong_operations_get_a_hint(answer, says):
    with pytest.raises(Wrong, match=says):
        check_conv_operations(None, answer)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda: None, "returns nothing"),
        (lambda: "model", "expected a Keras model"),
        (lambda: models.build_cnn(), "the input has shape"),
        (lambda: network(plan=((24, 3, 1), (32, 3, 1))), "stride above 1"),
        (lambda: network(layers.MaxPooling2D(), layers.Flatten()), "has a window"),
        (models.build_small_all_conv, "which layer|Which layer"),
        (lambda: network(plan=((64, 3, 1), (64, 3, 1), (32, 3, 2))), "needs .* operations"),
        (lambda: network(end=None), "no probabilities"),
    ],
)
def test_wrong_networks_get_a_hint(answer, says):
    with pytest.raises(Wrong, match=says):
        check_thrifty(None, answer)


def test_nested_and_separable_layers_are_counted():
    inner = keras.Sequential([keras.Input((32, 32, 3)), layers.SeparableConv2D(8, 3)])
    outer = keras.Sequential([keras.Input((32, 32, 3)), inner])
    (leaf,) = _leaves(outer)
    assert _operations(leaf) == 2 * 30 * 30 * (9 * 3 + 3 * 8)
