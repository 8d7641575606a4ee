# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # One rung of the ladder
#
# **Goal:** one training run of the evidence behind lesson 16: the fast network with every rung up to one of them, one
# seed, one score, one record. [Lesson 16](16_fast.ipynb) explains the rungs; this is the notebook that makes the runs of
# its tables.
#
#     course run --table ladder --out ladder
#     course reference add ladder
#
# (The notebook of the other tables, [ablation](ablation.ipynb), builds other networks, and its code stays as it was when
# their runs began.)

# %% tags=["parameters"]
mode = "auto"
seed = 1
model = "fast_cnn"  # photographs; or "fast_digits"
rung = 8  # 0 to 8, see fast.RUNGS
learning_rate = 1.5  # the peak, for a batch of 1,024 images
epochs = 0  # 0: as the lesson
n_train = 0  # training images; 0: the mode's own number
judge = "compare"  # the comparison set; or "test"
table = ""  # of the protocol, and the arm of it
arm = ""

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, networks

lesson = Lesson("ladder", mode=mode, seed=seed)
# After the lesson's start, which chooses TensorFlow's kernels: `fast` loads it.
from course_utils import fast

if model not in ("fast_cnn", "fast_digits"):
    raise ValueError(f"model={model!r} is neither 'fast_cnn' nor 'fast_digits'.")
if judge not in ("test", "compare"):
    raise ValueError(f"judge={judge!r} is neither 'test' nor 'compare'.")
if rung not in range(len(fast.RUNGS)):
    raise ValueError(f"rung={rung!r} is no whole number from 0 to {len(fast.RUNGS) - 1}.")
network, digits = networks.NETWORKS[model], model == "fast_digits"
images = lesson.load(network.data, n_train=n_train or None)

# %% [markdown]
# In reduced mode the batches are smaller, so that few images still make enough steps, and the network is narrower. Digits
# are never mirrored; they are turned and zoomed a little by Keras's own layers.

# %%
import keras
from keras import layers

batch_size = network.batch_size if lesson.mode == "full" else fast.FEW
epochs = 1 if lesson.mode == "smoke" else epochs or lesson.epochs(network.epochs, reduced=network.few_epochs)
mirror = "never" if digits else "alternate" if rung >= 7 else "random"
widths = fast.WIDTHS[lesson.mode]
changes = [layers.RandomRotation(0.03, fill_mode="nearest"), layers.RandomZoom(0.1, fill_mode="nearest")]
built = fast.build(rung, images.x_train, widths, changes if digits else ())
shown = fast.Shown(images.x_train, images.y_train, batch_size, mirror, seed=seed)
print(f"{built.name}: rung {rung}, {fast.RUNGS[rung]}, {built.count_params():,} weights")

# %%
peak = learning_rate * shown.batch_size / 1024
built.compile(
    fast.optimizer(rung, peak, len(shown) * epochs),
    keras.losses.CategoricalCrossentropy(label_smoothing=0.2 if rung >= 2 else 0),
    metrics=["accuracy"],
)
history = built.fit(
    shown, epochs=epochs, verbose=0, callbacks=lesson.callbacks(f"{built.name}, {fast.RUNGS[rung]}", model),
    validation_data=(images.x_val, keras.utils.to_categorical(images.y_val, 10)), validation_batch_size=500,
)  # fmt: skip

# %%
chosen = fast.look_six_times(built) if rung >= 8 else built
scored = {judge: lesson.final_test(chosen) if judge == "test" else lesson.compare(chosen)}
record = lesson.record(
    chosen, model, history=history, **scored, table=table, arm=arm, keep_predictions=judge == "compare",
    rung=rung, learning_rate=learning_rate, batch_size=shown.batch_size, widths=widths, mirror=mirror,
)  # fmt: skip

# %% [markdown]
# ## What to take away
#
# A rung is worth what it saves with the others below it, at its own rate, over several seeds. One run says little.
#
# ## Sources
#
# * K. Jordan, *94% on CIFAR-10 in 3.29 seconds on a single GPU*, 2024: the article that the ladder is from.
