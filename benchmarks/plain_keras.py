"""The peers in plain Keras, written as their sources write them: no word of course_utils.

float32 inputs from NumPy into `fit`, Keras's own layers, every setting its default.
"""

import keras
from keras import layers


def baseline_cnn():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def six_techniques():
    """The last listing of "Deep learning for complete beginners", part 3, in Keras 3."""

    def weights(start):
        return {"kernel_initializer": start, "kernel_regularizer": keras.regularizers.L2(1e-4)}

    inputs = keras.Input((28, 28, 1))
    shifted = layers.RandomTranslation(0.1, 0.1, fill_mode="nearest")(inputs)
    normalised = layers.BatchNormalization()(shifted)
    outputs = []
    for _ in range(3):
        x = normalised
        for _ in range(2):
            x = layers.Conv2D(32, 3, padding="same", activation="relu", **weights("he_uniform"))(x)
            x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D()(x)
        x = layers.Dropout(0.25)(x)
        x = layers.Flatten()(x)
        x = layers.Dense(128, activation="relu", **weights("he_uniform"))(x)
        x = layers.BatchNormalization()(x)
        x = layers.Dropout(0.5)(x)
        outputs.append(layers.Dense(10, activation="softmax", **weights("glorot_uniform"))(x))
    return keras.Model(inputs, layers.Average()(outputs))


def all_conv():
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(96, 3, activation="relu"),
            layers.Conv2D(96, 3, strides=2, activation="relu"),
            layers.Dropout(0.2),
            layers.Conv2D(192, 3, activation="relu"),
            layers.Conv2D(192, 3, strides=2, activation="relu"),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.BatchNormalization(),
            layers.Dense(256, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def small_all_conv():
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Dropout(0.1),
            layers.Conv2D(64, 5, strides=2, use_bias=False, activation="relu"),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )


MODELS = {each.__name__: each for each in (baseline_cnn, six_techniques, all_conv, small_all_conv)}
