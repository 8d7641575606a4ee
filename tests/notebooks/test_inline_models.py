"""The models written out in the lessons are the models of `course_utils.models`."""

from pathlib import Path
from types import SimpleNamespace

import jupytext
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

# notebook -> text that starts the cells to run, and how to get the model from what they define
INLINE = {
    "01_mlp": (["def build_mlp"], lambda names: names["build_mlp"]()),
    "02_baseline_cnn": (["def build_baseline"], lambda names: names["build_baseline"]()),
    "11_cifar10_dropout": (
        ["def build_dropout_cnn"],
        lambda names: names["build_dropout_cnn"](),
    ),
    "12_all_conv": (["def build_all_conv"], lambda names: names["build_all_conv"]()),
    "09_all_six": (
        ["keras.utils.set_random_seed(seed)\nmembers", "def member", "inputs = keras.Input"],
        lambda names: names["model"],
    ),
    "13_small_all_conv": (["import keras"], lambda names: names["build_small"]()),
    "14_fighting_overfitting": (["import keras"], lambda names: names["build_small"]()),
}


def built_inline(name):
    """Run the cells of a lesson that build its model, and nothing else of it."""
    import keras

    from course_utils import layers

    starts, get = INLINE[name]
    names = {
        "keras": keras,
        "layers": keras.layers,
        # The settings that lesson 09 chooses in its first cells, as in full mode.
        "BatchNormalization": layers.FusedBatchNormalization,
        "shift": layers.RandomShift(0.1),
        "momentum": 0.99,
        "seed": 1,
        "lesson": SimpleNamespace(mode="full"),
    }
    cells = [
        cell.source
        for cell in jupytext.read(NOTEBOOKS / f"{name}.py").cells
        if cell.cell_type == "code" and any(cell.source.lstrip().startswith(s) for s in starts)
    ]
    assert len(cells) == len(starts), f"{name}: the cells that build the model were not found"
    for source in cells:
        exec(source, names)
    return get(names)


def description(model):
    """Each layer's class and settings, in an order that does not depend on names."""
    found = []
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        config = layer.get_config()
        for key in ("name", "seed", "dtype", "build_config", "trainable"):
            config.pop(key, None)
        weights = [tuple(weight.shape) for weight in layer.weights]
        inputs = [] if type(layer).__name__ == "Average" else [str(layer.input.dtype)]
        # The package's own batch normalisation is Keras's, computed by a faster kernel.
        kind = type(layer).__name__.removeprefix("Fused")
        found.append((kind, layer.compute_dtype, repr(config), weights, inputs))
    return found


@pytest.fixture(params=["float32", "mixed_bfloat16"])
def precision(request):
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


def test_lesson_16_builds_the_fast_network(precision):
    import keras
    import numpy as np

    from course_utils import fast

    images = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype="uint8")
    cells = [
        cell.source
        for cell in jupytext.read(NOTEBOOKS / "16_fast.py").cells
        if "def block(" in cell.source or "def build(" in cell.source
    ]
    assert len(cells) == 2
    names = {}
    for cell in cells:
        exec(cell, names)
    for rung, given in ((2, ()), (3, (fast.whitening(images),))):
        inline = names["build"]((32, 32, 3), (16, 32, 32), *given)
        expected = fast.build(rung, images, (16, 32, 32))
        assert description(inline) == description(expected)
        if given:
            frozen = (model.get_layer("patches").trainable for model in (inline, expected))
            assert not any(frozen)
    assert keras.Model in type(inline).__mro__


@pytest.mark.parametrize("name", sorted(INLINE))
def test_the_lesson_builds_the_packages_model(name, precision):
    from course_utils import models

    expected = {
        "01_mlp": models.build_mlp,
        "02_baseline_cnn": models.build_cnn,
        "11_cifar10_dropout": models.build_dropout_cnn,
        "12_all_conv": models.build_all_conv,
        "09_all_six": lambda: models.build_cnn(models.TECHNIQUES),
        "13_small_all_conv": models.build_small_all_conv,
        "14_fighting_overfitting": models.build_small_all_conv,
    }[name]()
    inline = built_inline(name)
    assert sorted(description(inline), key=repr) == sorted(description(expected), key=repr)
    assert [layer[0] for layer in description(inline) if layer[3]] == [
        layer[0] for layer in description(expected) if layer[3]
    ]
    assert inline.count_params() == expected.count_params()
    assert inline.loss is None or "sparse_categorical_crossentropy" in str(inline.loss)
