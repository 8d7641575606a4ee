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
# Each output channel has one kernel that reaches through all input channels, and one bias. The image's size does not
# appear, because the same kernel is used everywhere.


# %%
def conv_weights(k, channels_in, channels_out):
    return (k * k * channels_in + 1) * channels_out


# %% tags=["nbval-check-output"]
lesson.check_conv_weights(conv_weights)

# %% [markdown]
# ## Exercise 2: a slimmer network
#
# The dense layer is large because it reads $14 \times 14 \times 32$ numbers. A second pooling layer quarters that, and
# half the units halve it again.

# %%
import keras
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
# Does it beat the perceptron? Train it and see: the number of weights says little about how well a network
# generalises; how they are connected says more.

# %%
mnist = lesson.load("mnist")
slim = build_slim()
slim.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
slim_history = slim.fit(
    mnist.x_train,
    mnist.y_train,
    batch_size=128,
    epochs=lesson.epochs(12),
    validation_data=(mnist.x_val, mnist.y_val),
    callbacks=lesson.callbacks("A slim CNN with two pooling layers"),
    verbose=0,
)

# %%
from course_utils import models

mlp = models.build_mlp()
mlp.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
mlp_history = mlp.fit(
    mnist.x_train,
    mnist.y_train,
    batch_size=128,
    epochs=lesson.epochs(20),
    validation_data=(mnist.x_val, mnist.y_val),
    callbacks=lesson.callbacks(),
    verbose=0,
)
for name, network, run in [("slim CNN", slim, slim_history), ("perceptron", mlp, mlp_history)]:
    print(f"{name:10} {network.count_params():>8,} weights, validation accuracy {run.history['val_accuracy'][-1]:.2%}")
