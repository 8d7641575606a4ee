# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: what does an accuracy cost?
#
# The exercises of [lesson 13](../13_small_all_conv.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("13_small_all_conv", mode=mode, seed=seed, solution=True)
cifar = lesson.load("cifar10")

# %% [markdown]
# ## Exercise 1: operations without Keras
#
# The window of width $k$ fits into a side of $s$ in $s - k + 1$ places; with a stride of $t$ only every $t$-th of them
# counts, the first always. The rest is the formula of the lesson.


# %%
def conv_operations(k, channels_in, channels_out, side_in, stride=1):
    side_out = (side_in - k) // stride + 1
    return 2 * k * k * channels_in * channels_out * side_out**2


# %% tags=["nbval-check-output"]
lesson.check_conv_operations(conv_operations)

# %% [markdown]
# ## Exercise 2: spend it better
#
# The hidden layer was large because it read thousands of flattened features. So we make the picture smaller once more
# with a third convolution, and end as Springenberg and his co-authors do: the mean of each feature map over the whole
# picture, and one small softmax layer. The early convolution, whose positions are many, gets few channels. Batch
# normalisation (lesson 05) costs next to nothing in either price and makes a network without a hidden layer learn faster.

# %%
import keras
from keras import layers


def build_thrifty():
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(24, 3, activation="relu"),
            layers.BatchNormalization(momentum=0.9),
            layers.Conv2D(48, 5, strides=2, activation="relu"),
            layers.BatchNormalization(momentum=0.9),
            layers.Conv2D(96, 3, strides=2, activation="relu"),
            layers.BatchNormalization(momentum=0.9),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )


# %% tags=["nbval-check-output"]
lesson.check_thrifty(build_thrifty)

# %% [markdown]
# What does it reach? As many epochs as the narrow network of the lesson had:

# %%
keras.utils.set_random_seed(seed)
model = build_thrifty()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    cifar.x_train,
    cifar.y_train,
    batch_size=256,
    epochs=lesson.epochs(50, reduced=4),
    validation_data=(cifar.x_val, cifar.y_val),
    callbacks=lesson.callbacks(),
    verbose=0,
)
train, val = history.history["accuracy"][-1], history.history["val_accuracy"][-1]
print(f"{model.count_params():,} weights: training accuracy {train:.1%}, validation accuracy {val:.1%}")

# %% [markdown]
# Compare with the curve of the small network at the same epoch: a twentieth of its weights, and no more work. Should the
# validation accuracy jump about from epoch to epoch, the moving statistics of batch normalisation are still young, as in
# lesson 05. Take the normalisation out and see how much of the result hangs on it.
