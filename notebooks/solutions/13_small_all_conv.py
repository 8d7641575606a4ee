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
# The two convolutions of the small network, by hand:

# %% tags=["nbval-check-output"]
for case in ((3, 3, 32, 32, 1), (5, 32, 64, 30, 2)):
    print(f"k, channels in, channels out, side, stride = {case}: {conv_operations(*case):,} operations")

# %% [markdown]
# ## Exercise 2: spend it better
#
# The hidden layer was large because it read thousands of flattened features. So we make the picture smaller once more
# with a third convolution, and end as Springenberg and his co-authors do: the mean of each feature map over the whole
# picture, and one small softmax layer. The early convolution, whose positions are many, gets few channels. Batch
# normalisation (lesson 05) costs next to nothing in either price and makes a network without a hidden layer learn
# faster.

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
# What does it reach? Trained for as many epochs as the reference runs of the small network, with its best epoch kept:

# %%
from course_utils import evidence
from course_utils.checks.lesson_13 import MOST_OPERATIONS, operations

keras.utils.set_random_seed(seed)
model = build_thrifty()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
epochs = lesson.epochs(50, reduced=10)
best_epoch = keras.callbacks.EarlyStopping("val_loss", patience=epochs, restore_best_weights=True)
history = model.fit(
    cifar.x_train,
    cifar.y_train,
    batch_size=256,
    epochs=epochs,
    validation_data=(cifar.x_val, cifar.y_val),
    callbacks=[*lesson.callbacks(), best_epoch],
    verbose=0,
)

# %%
losses, accuracies = history.history["val_loss"], history.history["val_accuracy"]
reached = accuracies[losses.index(min(losses))]
work = sum(map(operations, model.layers)) / MOST_OPERATIONS
print(f"{model.count_params():,} weights, {work:.0%} of the small network's operations: {reached:.1%} on validation.")
runs = evidence.reference_runs("small_all_conv", "", lesson.mode, cifar.label)
print(f"Small, after {runs['epochs'].max()} epochs: mean {runs['val_accuracy'].mean():.1%} of {len(runs)} runs."
      if len(runs) else "The small network's reference runs: not yet measured.")

# %% [markdown]
# Should the validation accuracy jump about from epoch to epoch, the moving statistics of batch normalisation are still
# young, as in lesson 05. Take the normalisation out and see how much of the result hangs on it.
