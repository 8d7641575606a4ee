"""The network that has seen photographs: how it was made, and that lesson 18 builds the same one."""

import hashlib
from pathlib import Path

import jupytext
import keras
import numpy as np
import pytest

from course_utils import pretrained
from course_utils.data.specs import SPECS

LESSON = Path(__file__).parents[2] / "notebooks" / "18_your_own_pictures.py"


def layers_of(model):
    skipped = ("name", "dtype", "build_config")
    return [
        (type(layer).__name__, {k: v for k, v in layer.get_config().items() if k not in skipped})
        for layer in model.layers
    ]


def test_the_facts_are_those_of_the_file():
    facts, content = pretrained.facts(), pretrained.WEIGHTS.read_bytes()
    assert facts["sha256"] == hashlib.sha256(content).hexdigest()
    assert len(content) < 700_000
    assert sorted({*facts["classes"], *pretrained.UNSEEN}) == sorted(SPECS["cifar10"].class_names)
    assert len(facts["classes"]) == 7
    assert 1 / 7 < facts["held_out_accuracy"] < 1
    assert facts["weights"] == pretrained.build_trunk().count_params()


@pytest.mark.parametrize("side", [32, 64])
def test_the_weights_fit_a_trunk_of_any_side_and_are_no_random_ones(side):
    keras.utils.set_random_seed(0)
    trunk = pretrained.build_trunk(side)
    before = trunk.get_weights()
    trunk.load_weights(pretrained.WEIGHTS)
    assert all(np.isfinite(w).all() for w in trunk.get_weights())
    assert not any(
        np.allclose(old, new) for old, new in zip(before, trunk.get_weights(), strict=True)
    )
    features = trunk.predict(np.zeros((2, side, side, 3), "uint8"), verbose=0)
    assert features.shape == (2, 128)


def test_the_lesson_writes_out_the_same_trunk():
    (cell,) = [
        c.source for c in jupytext.read(LESSON).cells if c.source.startswith("def build_trunk")
    ]
    names = {"keras": keras, "layers": keras.layers, "side": 48, "k": 3}
    exec(cell, names)
    assert layers_of(names["build_trunk"]()) == layers_of(pretrained.build_trunk(48))
    whole = names["build"](names["build_trunk"](), dropout=0.5, flip=True)
    assert whole.output_shape == (None, 3)
