# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: a network that knows what a neighbour is
#
# The exercises of [lesson 02](../02_baseline_cnn.ipynb). There are other right answers; the checks accept them.

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("02_baseline_cnn", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: count the weights
#
# Each output channel has one kernel, with $k \cdot k$ weights for each input channel, and one bias. The image's size
# does not appear, because the same kernel is used at every place.


# %%
def conv_weights(k, channels_in, channels_out):
    return (k * k * channels_in + 1) * channels_out


# %% tags=["nbval-check-output"]
lesson.check_conv_weights(conv_weights)

# %% tags=["nbval-check-output"]
print(f"the baseline's first convolution {conv_weights(3, 1, 32):,}, its second {conv_weights(3, 32, 32):,} weights")

# %% [markdown]
# The second has as many kernels and biases as the first. But each kernel reads 32 channels instead of one, so it has 32
# times the weights.
#
# ## Exercise 2: a slimmer network
#
# The dense layer is large because each of its units has a weight for each of $14 \times 14 \times 32$ numbers. A second
# pooling layer leaves a quarter of these numbers, and half as many units halve the weights once more.

# %%
import keras
import numpy as np
from keras import layers


def build_slim():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )


# %% tags=["nbval-check-output"]
lesson.check_slim(build_slim)

# %% [markdown]
# Does it beat the perceptron? As in the lesson, both are trained for the same number of epochs.

# %%
from course_utils import models

mnist = lesson.load("mnist")
wrong = {}
for name, build in (("slim CNN", build_slim), ("perceptron", models.build_mlp)):
    keras.utils.set_random_seed(seed)
    network = build()
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    network.fit(
        mnist.x_train, mnist.y_train, batch_size=128, epochs=lesson.epochs(12), verbose=0,
        callbacks=lesson.callbacks(part=name),
    )
    wrong[name] = network.predict(mnist.x_val, verbose=0).argmax(axis=1) != mnist.y_val
    print(f"{name:10} {network.count_params():>8,} weights, validation accuracy {1 - wrong[name].mean():.2%}")

# %%
mended = (wrong["perceptron"] & ~wrong["slim CNN"]).sum()
made = (wrong["slim CNN"] & ~wrong["perceptron"]).sum()
luck = 2 * np.sqrt(mended + made)
verdict = "more than luck would do" if abs(mended - made) > luck else "no more than luck might do"
print(f"The slim CNN mends {mended} of the perceptron's {wrong['perceptron'].sum()} mistakes and makes {made} new "
      f"ones: {mended - made:+d} digits, where equals seldom differ by more than {luck:.0f}. That is {verdict}.")

# %% [markdown]
# A network with fewer weights need not read worse: how they are connected counts as well. The printed sentence uses
# lesson 01's rule for luck, which speaks of other digits, not of other seeds: here is one run of each.
