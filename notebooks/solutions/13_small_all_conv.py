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
# On a side of $s$ pixels a window of width $k$ can move on by $s - k$ pixels from its first place. With a stride of $t$
# it makes $(s - k) / t$ steps, rounded down (`//`), and there is one place more than steps. The window moves in two
# directions, so the places are squared; the rest is the formula of the lesson.


# %%
def conv_operations(k, channels_in, channels_out, side_in, stride=1):
    side_out = (side_in - k) // stride + 1
    return 2 * k * k * channels_in * channels_out * side_out**2


# %% tags=["nbval-check-output"]
lesson.check_conv_operations(conv_operations)

# %% [markdown]
# The two convolutions of the small network:

# %% tags=["nbval-check-output"]
for case in ((3, 3, 32, 32, 1), (5, 32, 64, 30, 2)):
    print(f"k, channels in, channels out, side, stride = {case}: {conv_operations(*case):,} operations")

# %% [markdown]
# ## Exercise 2: spend it better
#
# The hidden layer was large because it read thousands of flattened features. So a third convolution makes the maps
# smaller once more. Then come the mean of each whole map and one small softmax layer. The first convolution has the
# most places, so it gets the fewest channels. Batch normalisation (lesson 05) is added, since it costs next to nothing
# in either price.

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
# What does it reach in as many epochs as the reference runs of the small network? (Ours is one run, so a small
# difference says little.)

# %%
from course_utils import evidence
from course_utils.checks.lesson_13 import MOST_OPERATIONS, operations

keras.utils.set_random_seed(seed)
model = build_thrifty()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
epochs = lesson.epochs(50, reduced=10)
history = model.fit(
    cifar.x_train,
    cifar.y_train,
    batch_size=256,
    epochs=epochs,
    validation_data=(cifar.x_val, cifar.y_val),
    callbacks=lesson.callbacks(),
    verbose=0,
)

# %%
reached = history.history["val_accuracy"][-1]
work = sum(map(operations, model.layers)) / MOST_OPERATIONS
print(f"{model.count_params():,} weights, {work:.0%} of the small network's operations: {reached:.1%} on validation.")
runs = evidence.reference_runs("small_all_conv", "", lesson.mode, cifar.label)
print(f"Small, after {runs['epochs'].max()} epochs: mean {runs['val_accuracy'].mean():.1%} of {len(runs)} runs."
      if len(runs) else "The small network's reference runs: not yet measured.")

# %% [markdown]
# Print `history.history["val_accuracy"]`. Should it jump about from epoch to epoch, the moving averages of batch
# normalisation may lag behind, as in lesson 05. Take the normalisation out and see how much of the result hangs on it.
