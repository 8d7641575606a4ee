"""A small network that has seen photographs before: seven classes of CIFAR-10, none of lesson 18's three.

`python -m course_tools.authoring.pretrain` made it, without a look at CIFAR-10's test set or at a picture
of the other three classes. Where there is a network connection, `keras.applications` has larger ones.
"""

import json
from importlib.resources import files
from pathlib import Path

# What lesson 18's own pictures show; the others are what the network has seen.
UNSEEN = ("cat", "deer", "horse")
_REFERENCE = Path(str(files("course_utils") / "reference"))
# Weights without the last layer, as `keras.Model.load_weights` reads them; stored as float16.
WEIGHTS = _REFERENCE / "seven_classes.weights.h5"
FACTS = _REFERENCE / "seven_classes.json"


def build_trunk(side: int = 32):
    """The network without its last layer, uncompiled, with random weights.

    Takes images of shape (N, side, side, 3), 0 to 255, and returns features of shape (N, 128).
    """
    import keras
    from keras import layers

    trunk = keras.Sequential(name="trunk")
    trunk.add(keras.Input((side, side, 3)))
    trunk.add(layers.Rescaling(1 / 255))
    for filters, stride in [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)]:
        trunk.add(layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False))
        trunk.add(layers.BatchNormalization(momentum=0.9))
        trunk.add(layers.ReLU())
    trunk.add(layers.GlobalAveragePooling2D())
    return trunk


def facts() -> dict:
    """How the weights were made and what they reach: their SHA-256, classes, epochs, accuracy, command."""
    return json.loads(FACTS.read_text(encoding="utf-8"))
