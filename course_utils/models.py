"""The course's networks, each with any subset of the six techniques.

The lessons write these models out in plain Keras; batches, tests and later lessons build them
here. A test holds the listings of lessons 01, 02, 09 and 11 to 14 to them. Every model takes
batches of uint8 or float images with values from 0 to 255 and returns float32 class probabilities.
None is compiled. Weights and random layers follow `keras.utils.set_random_seed`.

Sources: Veličković, "Deep learning for complete beginners" (the MLP, the baseline CNN, the dropout
CNN and the six techniques); an answer on Cross Validated about fighting overfitting on CIFAR-10
(the two all-convolutional models).
"""

from dataclasses import dataclass
from numbers import Integral, Real

import keras
from keras import layers

from course_utils.layers import FusedBatchNormalization, RandomShift, check_shift
from course_utils.networks import (  # noqa: F401  what a lesson reads as models.…
    FURTHER,
    TECHNIQUES,
    parse_techniques,
    techniques_label,
)

MNIST_SHAPE = (28, 28, 1)
CIFAR10_SHAPE = (32, 32, 3)
CLASSES = 10


def early_stopping(patience=5, monitor="val_loss"):
    """Return the callback of the sixth technique.

    It stops `fit` after `patience` epochs in a row without a lower `monitor`, and restores the
    weights of the best epoch; without `restore_best_weights` Keras would keep the last. With an L2
    penalty in the model, `monitor` a metric that holds the cross-entropy alone: Keras 3 adds the
    penalty to val_loss, which early versions of Keras 1 did not (`in_train_phase`).

    Raises:
        ValueError: for a patience that is not a whole number of at least 1.
    """
    _check_count("patience", patience, "epochs")
    return keras.callbacks.EarlyStopping(
        monitor=monitor, patience=patience, mode="min", restore_best_weights=True
    )


def build_mlp(input_shape=MNIST_SHAPE):
    """Return the 784-512-512-10 perceptron; about 98 % on MNIST, says its source.

    Args:
        input_shape: (height, width, channels) of the images.
    """
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Flatten()(x)
    x = layers.Dense(512, activation="relu")(x)
    x = layers.Dense(512, activation="relu")(x)
    outputs = layers.Dense(CLASSES, activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="mlp")


def build_cnn(
    techniques=(),
    members=3,
    l2=1e-4,
    shift=0.1,
    momentum=0.99,
    epsilon=1e-3,
    dropout=1.0,
    shape=MNIST_SHAPE,
):
    """Return the baseline CNN; 99.12 % on MNIST plain, 99.47 % with all six, says its source.

    Args:
        techniques: see `parse_techniques`; "early_stopping", "cosine_decay", "long_training" and
            "weight_decay" belong to the training, and leave the model as it is.
        members: networks in the ensemble, at least 1; without "ensemble" there is one.
        l2: the L2 penalty's factor on every kernel, at least 0.
        shift: the largest random shift, a fraction from 0 to 0.5 of the image's sides.
        momentum: of the moving statistics of batch normalisation, from 0 to below 1.
        epsilon: what batch normalisation adds to the variance, at least 0.
        dropout: factor on the model's dropout rates, at least 0, no rate reaching 1.
        shape: (height, width, channels) of the images.

    Raises:
        ValueError: for an argument outside its range, naming the argument, value and range.
    """

    def member(parts, x):
        x = parts.conv(x, 32)
        x = parts.conv(x, 32)
        x = layers.MaxPooling2D()(x)
        x = parts.drop(x, 0.25)
        x = layers.Flatten()(x)
        x = parts.dense(x, 128)
        x = parts.drop(x, 0.5)
        return parts.classify(x)

    chosen = parse_techniques(techniques)
    parts = _Parts(chosen, members, l2, shift, momentum, epsilon, dropout)
    return _assemble("baseline_cnn", shape, member, parts)


def build_dropout_cnn(
    techniques=(),
    members=3,
    l2=1e-4,
    shift=0.1,
    momentum=0.99,
    epsilon=1e-3,
    dropout=1.0,
    shape=CIFAR10_SHAPE,
):
    """Return the dropout CNN; 78.6 % on CIFAR-10, says its source. Arguments: see `build_cnn`."""

    def member(parts, x):
        for filters in (32, 64):
            x = parts.conv(x, filters)
            x = parts.conv(x, filters)
            x = layers.MaxPooling2D()(x)
            x = parts.drop(x, 0.25)
        x = layers.Flatten()(x)
        x = parts.dense(x, 512)
        x = parts.drop(x, 0.5)
        return parts.classify(x)

    chosen = parse_techniques(techniques)
    parts = _Parts(chosen, members, l2, shift, momentum, epsilon, dropout)
    return _assemble("dropout_cnn", shape, member, parts)


def build_all_conv(
    techniques=(),
    members=3,
    l2=1e-4,
    shift=0.1,
    momentum=0.99,
    epsilon=1e-3,
    dropout=1.0,
    shape=CIFAR10_SHAPE,
):
    """Return the network without pooling; 77.5 % on CIFAR-10, says its source.

    Its own batch normalisation of the flattened features stays without the technique "batch_norm"
    and is not doubled with it. Arguments: see `build_cnn`.
    """

    def member(parts, x):
        for filters, rate in ((96, 0.2), (192, 0.5)):
            x = parts.conv(x, filters, padding="valid")
            x = parts.conv(x, filters, padding="valid", strides=2)
            x = parts.drop(x, rate)
        x = layers.Flatten()(x)
        x = FusedBatchNormalization(momentum=parts.momentum, epsilon=parts.epsilon)(x)
        x = parts.dense(x, 256)
        return parts.classify(x)

    chosen = parse_techniques(techniques)
    parts = _Parts(chosen, members, l2, shift, momentum, epsilon, dropout)
    return _assemble("all_conv", shape, member, parts)


def build_small_all_conv(
    techniques=(),
    members=3,
    l2=1e-4,
    shift=0.1,
    momentum=0.99,
    epsilon=1e-3,
    dropout=1.0,
    shape=CIFAR10_SHAPE,
):
    """Return the small network without pooling; 70 % on CIFAR-10, says its source.

    Arguments: see `build_cnn`.
    """

    def member(parts, x):
        x = parts.conv(x, 32, padding="valid")
        x = parts.drop(x, 0.1)
        x = parts.conv(x, 64, kernel=5, padding="valid", strides=2, use_bias=False)
        x = parts.drop(x, 0.2)
        x = layers.Flatten()(x)
        x = parts.dense(x, 128)
        x = parts.drop(x, 0.3)
        return parts.classify(x)

    chosen = parse_techniques(techniques)
    parts = _Parts(chosen, members, l2, shift, momentum, epsilon, dropout)
    return _assemble("small_all_conv", shape, member, parts)


# Name of a network to the function that returns it; what only a lesson writes out is not here.
BUILDERS = {
    "mlp": build_mlp,
    "baseline_cnn": build_cnn,
    "dropout_cnn": build_dropout_cnn,
    "all_conv": build_all_conv,
    "small_all_conv": build_small_all_conv,
}


@dataclass(frozen=True)
class _Parts:
    """The layers the networks are made of: the one place that applies a technique to a layer."""

    techniques: tuple
    members: int
    l2: float
    shift: float
    momentum: float
    epsilon: float
    dropout: float

    def __post_init__(self):
        _check_count("members", self.members, "networks")
        check_shift("shift", self.shift)
        _check_number("l2", self.l2, float("inf"), "at least 0")
        _check_number("momentum", self.momentum, 1, "from 0 to below 1")
        _check_number("epsilon", self.epsilon, float("inf"), "at least 0")
        _check_number("dropout", self.dropout, float("inf"), "at least 0")

    def prepare(self, images):
        """Return the images with values near 0, shifted in training if asked."""
        if "augmentation" in self.techniques:
            images = RandomShift(self.shift)(images)
        if {"batch_norm", "input_norm"} & set(self.techniques):
            return FusedBatchNormalization(momentum=self.momentum, epsilon=self.epsilon)(images)
        return layers.Rescaling(1 / 255)(images)

    def conv(self, x, filters, kernel=3, padding="same", **options):
        """Return `x` through a convolution, ReLU and, if asked, batch normalisation."""
        options |= {"activation": "relu", "padding": padding}
        return self._normalise(layers.Conv2D(filters, kernel, **options, **self._weights())(x))

    def dense(self, x, units):
        """Return `x` through a hidden layer, ReLU and, if asked, batch normalisation."""
        return self._normalise(layers.Dense(units, activation="relu", **self._weights())(x))

    def drop(self, x, rate):
        """Return `x` through dropout at `rate` times the scale."""
        scaled = 0.0 if "no_dropout" in self.techniques else rate * self.dropout
        if scaled >= 1:
            raise ValueError(
                f"dropout={self.dropout!r}: makes a rate of {rate} into {scaled:g}. Expected a "
                f"factor from 0 to below {1 / rate:g}."
            )
        return layers.Dropout(scaled)(x)

    def classify(self, x):
        """Return the class probabilities, float32."""
        weights = {**self._weights(), "kernel_initializer": "glorot_uniform"}
        # bfloat16's 8 bits are too few for probabilities and their logarithms.
        return layers.Dense(CLASSES, activation="softmax", dtype="float32", **weights)(x)

    def _weights(self):
        start = "he_uniform" if "he_init" in self.techniques else "glorot_uniform"
        penalty = keras.regularizers.L2(self.l2) if "l2" in self.techniques else None
        return {"kernel_initializer": start, "kernel_regularizer": penalty}

    def _normalise(self, x):
        if "batch_norm" not in self.techniques:
            return x
        return FusedBatchNormalization(momentum=self.momentum, epsilon=self.epsilon)(x)


def _assemble(name, shape, member, parts):
    """Return the model: one input for all members, the mean of their outputs."""
    inputs = keras.Input(shape)
    x = parts.prepare(inputs)
    count = parts.members if "ensemble" in parts.techniques else 1
    outputs = [member(parts, x) for _ in range(count)]
    mean = layers.Average(dtype="float32")(outputs) if count > 1 else outputs[0]
    return keras.Model(inputs, mean, name=name)


def _check_count(name, value, unit):
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name}={value!r}: expected a whole number of {unit}, at least 1.")


def _check_number(name, value, below, words):
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < below:
        raise ValueError(f"{name}={value!r}: expected a number {words}.")
