# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What does an accuracy cost?
#
# **Goal:** put prices on three networks, in weights, in operations and in seconds, and find out which of them nobody
# should buy.
#
# The all-convolutional network of lesson 12 takes its time. For those who do not want to wait, its author gives a small
# one as well: about 70 % after the same 50 epochs, says the answer that lesson 12 comes from, and each of them takes a
# fraction of the time. "Small" sounds clear enough. But small in *what*? And is less accuracy for less time a bargain, or
# only less?

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots

lesson = Lesson("13_small_all_conv", mode=mode, seed=seed)
cifar = lesson.load("cifar10")

# %% [markdown]
# ## Three networks
#
# The small one has two convolutions, the second of them with a stride of 2 in place of pooling, and one hidden layer.
# Its dropout is mild. Its second convolution has no bias: 64 weights fewer, of 1.4 million.

# %%
import keras
import numpy as np
from keras import layers


def build_small(units=128):
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Dropout(0.1),
            layers.Conv2D(64, 5, strides=2, use_bias=False, activation="relu"),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(units, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ],
        name="small_all_conv",
    )


# %% [markdown]
# Beside it stand the dropout CNN of lesson 11 and the all-convolutional network of lesson 12.
#
# > **Predict before you go on:** how many times fewer weights does the small one have than the all-convolutional one?

# %%
from course_utils import models

momentum = 0.99 if lesson.mode == "full" else 0.9  # lesson 12's choice: there are few steps
networks = {
    "dropout CNN": models.build_dropout_cnn(),
    "all-conv": models.build_all_conv(momentum=momentum),
    "small": build_small(),
}

# %% tags=["nbval-check-output"]
for name, network in networks.items():
    print(f"{name:12} {network.count_params():>9,} weights")
lighter = networks["all-conv"].count_params() / networks["small"].count_params()
print(f"The small network has {lighter:.1f} times fewer weights than the all-conv network.")

# %% [markdown]
# All three are of one order of magnitude. If the small one is so much quicker, the number of its weights is not why.
#
# ## A weight is stored once and used many times
#
# Look at a convolution at work, with $5 \times 5$ weights that find vertical edges. They are laid on one place of the
# image, multiplied and added up, which gives one output value; then the window moves on by its stride, here 2, and
# the *same* weights are used again. (In JupyterLab, drag the slider: it counts the places. Here the window moves over
# a grey photograph; in the network its kernel has such weights for each of 32 channels and moves over the first
# layer's 30 x 30 output.)

# %%
from course_utils import widgets

photograph = cifar.x_train[np.flatnonzero(cifar.y_train == 7)[0]].mean(axis=2) / 255
edges = np.repeat([[1, 1, 0, -1, -1]], 5, axis=0)
places = 14 * 14  # where a window of 5 fits into 32 pixels with a stride of 2


def moved(place):
    title = f"The same weights, used {place} times so far" + cifar.figure_suffix
    return plots.window_figure(photograph, edges, place - 1, stride=2, title=title)


widgets.slide(moved, [*range(1, places, 7), places], "place", start=8 * 7 + 1)

# %% [markdown]
# So count the work in place of the weights. One output value is a sum over $k \cdot k \cdot c_\text{in}$ products:
# that many multiplications, and about as many additions. There are $h \cdot w \cdot c_\text{out}$ outputs, so one
# image costs
#
# $$2 \cdot \underbrace{k \cdot k \cdot c_\text{in} \cdot c_\text{out}}_{\text{weights of the kernel}} \cdot
# \underbrace{h \cdot w}_{\text{places}}$$
#
# floating-point operations (FLOP). A dense layer is the same formula with one place. (We leave out biases, ReLU and
# normalisation: each is a few operations for an output, not hundreds.)


# %%
def operations(layer):
    """Floating-point operations of one image in one layer: two for each use of each kernel weight."""
    if not hasattr(layer, "kernel"):
        return 0
    places = np.prod(layer.output.shape[1:-1], dtype=int)  # 1 for a dense layer: an empty product
    return 2 * np.prod(layer.kernel.shape, dtype=int) * places


# %% tags=["nbval-check-output"]
print("layer    kernel weights   used   operations")
for layer in networks["small"].layers:
    if cost := operations(layer):
        kernel = np.prod(layer.kernel.shape)
        print(f"{type(layer).__name__:8} {kernel:>14,} {cost // (2 * kernel):>6,} {cost:>12,}")

# %% [markdown]
# There is the answer to "small in what". The hidden layer owns nearly all the weights and uses each of them once. The
# first convolution has fewer than a thousand and uses each of them nine hundred times.
#
# > **Predict:** is that so in the other two as well? And which of the three does the most work?

# %%
kinds = {"convolutions": layers.Conv2D, "dense layers": layers.Dense}
total = {name: sum(map(operations, network.layers)) for name, network in networks.items()}


def by_kind(count, kind):
    """Millions of `count(layer)` in the layers of one kind, a number for each network."""
    return [sum(count(x) for x in network.layers if isinstance(x, kind)) / 1e6 for network in networks.values()]


# %%
drawn, axes = plots.figure(1, 2, height=2.8, sharey=True)
counts = {"weights, millions": lambda layer: layer.count_params(), "operations for an image, millions": operations}
for axis, (unit, count) in zip(axes, counts.items()):
    left = np.zeros(len(networks))
    for (kind, which), colour, hatch in zip(kinds.items(), plots.COLOURS, ("", "///")):
        amount = by_kind(count, which)
        axis.barh(list(networks), amount, left=left, color=colour, hatch=hatch, label=kind, edgecolor="white")
        left += amount
    axis.set_xlabel(unit)
axes[0].invert_yaxis()
axes[1].legend(frameon=False, fontsize=9, loc="lower right")
drawn.suptitle("The weights sit in the dense layers, the work in the convolutions", fontsize=11)
plots.show(drawn, "Stacked bars for three networks. Left, weights: mostly dense layers in all three. Right, "
           "operations: nearly all in convolutions, fewest in the small network.")

# %%
more = {name: count / total["small"] for name, count in total.items()}
print(f"The all-conv network has {lighter:.1f} times the weights of the small one and does "
      f"{more['all-conv']:.1f} times its work; the dropout CNN does {more['dropout CNN']:.1f} times its work.")

# %% [markdown]
# ("All-convolutional" is its author's name and means "no pooling"; dense layers there are.) Two prices, and a network
# can be cheap in one and dear in the other. The weights must be stored and sent. The operations must be waited for.
#
# ## Are operations seconds?
#
# > **Predict:** how much longer than the small network does the all-conv network take for a photograph? As many times
# > as it has operations, fewer, or more?
#
# We let each train for three short epochs, with the batch size of its source. The first epoch, in which Keras makes
# itself ready, does not count.

# %%
few = slice(0, 256 if lesson.mode == "smoke" else 1280)
batch_size = {"dropout CNN": 32, "all-conv": 256, "small": 256}
seconds = {}  # of training, for one photograph
for name, network in networks.items():
    keras.utils.set_random_seed(seed)
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks = lesson.callbacks()  # the first of them times each epoch
    options = {"batch_size": batch_size[name], "epochs": 3, "callbacks": callbacks, "verbose": 0}
    network.fit(cifar.x_train[few], cifar.y_train[few], **options)
    seconds[name] = min(callbacks[0].epoch_seconds[1:]) / len(cifar.x_train[few])

# %%
rates = {name: 3 * total[name] / seconds[name] / 1e9 for name in networks}
for name, rate in rates.items():
    print(f"{name:12} {1000 * seconds[name]:.2f} ms a photograph, {rate:4.0f} thousand million operations a second")
slower = seconds["all-conv"] / seconds["small"]
print(f"all-conv against small: {more['all-conv']:.1f} times the operations, {slower:.1f} times the seconds; "
      f"highest rate against lowest: {max(rates.values()) / min(rates.values()):.2f}")

# %% [markdown]
# (A step of training is reckoned as three times the forward pass: once forward, once back to the inputs, once to the
# weights.) Were operations all that counts, the rates would be equal and the last figure 1. What it is above 1 tells how
# unequally busy these networks keep *your* processor: that depends on the shapes of the layers and on the batch size, and
# another machine has another figure. Operations tell you the order of magnitude; for seconds you need a clock, on the
# machine that will do the work.
#
# ## What do the seconds buy?
#
# Now the small network in earnest, with the answer's settings (fewer epochs in reduced mode). Its curve is rough: a
# single epoch more or less may cost points. So we keep the weights of its best epoch, as lesson 08 taught.

# %%
epochs = lesson.epochs(50, reduced=10)
keras.utils.set_random_seed(seed)
model = build_small()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
best_epoch = keras.callbacks.EarlyStopping("val_loss", patience=epochs, restore_best_weights=True)  # never stops
watch = lesson.callbacks("The small network: the epoch of lowest validation loss is kept")
history = model.fit(
    cifar.x_train, cifar.y_train, batch_size=256, epochs=epochs, validation_data=(cifar.x_val, cifar.y_val),
    callbacks=[*watch, best_epoch], verbose=0,
)  # fmt: skip

# %%
reached = np.array(history.history["val_accuracy"])
kept = int(np.argmin(history.history["val_loss"]))
print(f"Kept: epoch {kept + 1} of {epochs}, validation accuracy {reached[kept]:.1%}; the last has {reached[-1]:.1%}.")
listed = seconds["small"] * epochs * len(cifar.x_train) / 60
print(f"It took {sum(watch[0].epoch_seconds) / 60:.1f} minutes, validation included; by the price list {listed:.1f}.")

# %% [markdown]
# The other two you need not train: we have their reference runs. Each run's price is its photographs times its
# epochs, times what a photograph costs on *your* machine. Left, this mode, where each network has the epochs its own
# lesson gave it, and they are not the same number; right, the full training set and fifty epochs for all. So a point
# is not a network: it is a network *with its training*.
#
# A point is **dominated** when another one is at least as accurate for no more seconds. Nobody who picks from this list
# should pick it, whatever the budget. (Trained longer, the same network is another point.)
#
# > **Predict:** which of the three is dominated? And of those that remain, which would you call the best buy?

# %%
keys = {"dropout CNN": "dropout_cnn", "all-conv": "all_conv", "small": "small_all_conv"}
sizes = dict.fromkeys((lesson.mode, "full"))
for size in sizes:
    runs = {name: evidence.reference_runs(key, "", size, cifar.label) for name, key in keys.items()}
    sizes[size] = {
        name: (seconds[name] / 60 * (found["epochs"] * found["n_train"]).to_numpy(float),
               100 * found["val_accuracy"].to_numpy(float), int(found["epochs"].max()))
        for name, found in runs.items() if len(found)
    }  # fmt: skip


def dominated(points):
    """Each dominated network, with all that beat it."""
    means = {name: (cost.mean(), accuracy.mean()) for name, (cost, accuracy, _) in points.items()}
    found = {}
    for name, (cost, accuracy) in means.items():
        better = [other for other, (c, a) in means.items() if other != name and c <= cost and a >= accuracy]
        if better:
            found[name] = better
    return found


# %%
drawn, axes = plots.figure(1, len(sizes), height=3.6, squeeze=False)
for axis, (size, points) in zip(axes[0], sizes.items()):
    for (name, (cost, accuracy, trained)), colour, marker in zip(points.items(), plots.COLOURS, "os^"):
        axis.plot(cost, accuracy, marker, color=colour, markersize=7, alpha=0.7)
        out = name in dominated(points)
        label, place = f"{name}\n{trained} epochs", accuracy.min() if out else accuracy.max()
        axis.annotate(label + out * "\ndominated", (cost.mean(), place), xytext=(0, -6 if out else 6),
                      textcoords="offset points", ha="center", va="top" if out else "bottom", fontsize=9)
    axis.set_title(f"{size} mode", fontsize=10)
    axis.margins(x=0.35, y=0.4)
    axis.set_xlim(left=0)
axes[0, 0].set_ylabel("validation accuracy, %")
drawn.supxlabel("minutes of training, at your machine's pace", fontsize=10)
drawn.suptitle("What minutes buy: higher is better, further left is cheaper" + cifar.figure_suffix, fontsize=11)
plots.show(drawn, "Reference runs, validation accuracy against minutes of training. Means: " + "; ".join(
    f"{size}, {name} {found[1].mean():.1f} %" for size in sizes for name, found in sizes[size].items()) + ".")

# %%
for size, points in sizes.items():
    for name, (cost, accuracy, trained) in points.items():
        print(f"{size}, {name}: {accuracy.mean():.1f} % for {cost.mean():.1f} minutes ({trained} epochs), "
              f"{len(accuracy)} run(s)")
    for name, (cost, accuracy, _) in points.items():
        if name != "all-conv" and "all-conv" in points:
            minutes, base, _ = points["all-conv"]
            print(f"{size}, {name} against all-conv: {accuracy.mean() - base.mean():+.1f} points, "
                  f"{cost.mean() - minutes.mean():+.1f} minutes")
    for name, better in dominated(points).items():
        alone = min(len(points[each][1]) for each in (name, *better)) == 1
        print(f"In {size} mode {name} is dominated by {' and '.join(better)}"
              f"{' (one run: the points may be chance)' if alone else ''}.")
    if not dominated(points):
        print(f"In {size} mode none is dominated." if points else f"{size} mode: not yet measured.")

# %% [markdown]
# So is the small one a bargain? Look at its line against all-conv: where both numbers are in its favour, it is. Where
# it gives up points it is only cheaper, and whether that is a bargain your budget must say. A figure like this ends
# many discussions about "the best" model: best *for what price*.
#
# Two warnings. A price list holds for its own budget: reduced mode gives few images and few epochs, and whoever
# learns quickly looks cheap there. And one run on the right is one run: a difference of a point between two single
# runs may well be chance (lesson 10). Nor need a full run meet the answer's 70 %: ours learns from 45,000 images,
# keeps its last epoch though its curve is rough, may see a JPEG copy, and is scored on the validation images. How
# much each of these costs we have not measured.
#
# ## Is your number normal?
#
# The architecture and its settings are the answer's, and validation chose the epoch. (The reference runs kept their
# last epoch, so expect yours a little above their mean.)

# %%
test = lesson.final_test(model)
record = lesson.record(model, "small_all_conv", history=history, test=test, batch_size=256)
lesson.expect(record)

# %%
lesson.progress(record)

# %% [markdown]
# ## Exercise 1: operations without Keras
#
# > Before you build a network you want to know what it will cost. Write a function that gives the operations of one
# > image in a convolution with $k \times k$ kernels on a square image of side `side_in`, with "valid" padding (the
# > window stays inside the image) and the given stride. Do not count biases.


# %%
def conv_operations(k, channels_in, channels_out, side_in, stride=1):
    ...


# %% tags=["nbval-check-output"]
lesson.check_conv_operations(conv_operations)

# %% [markdown]
# ## Exercise 2: spend it better
#
# > Nearly all of the small network's weights sit in one dense layer, on ten thousand flattened features. Build an
# > all-convolutional network with **fewer than 100,000 weights** that needs **no more operations** than the small one:
# > no pooling windows, at least one convolution with a stride, ten probabilities at the end.
# > (`GlobalAveragePooling2D`, which has no window, is allowed.) Then train it as above: what does it reach in the same
# > number of epochs?


# %%
def build_thrifty():
    ...


# %% tags=["nbval-check-output"]
lesson.check_thrifty(build_thrifty)

# %% [markdown]
# Solutions: [solutions/13_small_all_conv.ipynb](solutions/13_small_all_conv.ipynb).
#
# ## What to take away
#
# * Weights are stored once; operations are weights times places. They are two prices, and different layers pay them.
# * Operations give the order of magnitude of the seconds; for the rest you need a clock on your own machine.
# * Draw accuracy against price. What is dominated by more than chance is out *on this list*; among the
#   rest, the budget decides.
#
# All three networks were found by somebody, with numbers that fell from the sky: so many filters, so much dropout. How
# does one get from a network that overfits to one that does not? [Lesson 14](14_fighting_overfitting.ipynb) follows a
# procedure, and makes it keep its own rules.
#
# ## Sources
#
# * An answer on Cross Validated about fighting overfitting on CIFAR-10: both all-convolutional networks, their training
#   and their figures.
# * J. T. Springenberg, A. Dosovitskiy, T. Brox and M. Riedmiller, *Striving for simplicity: the all convolutional net*,
#   2015: stride in place of pooling, and convolutions down to the last layer.
# * A. Canziani, A. Paszke and E. Culurciello, *An analysis of deep neural network models for practical applications*,
#   2016: accuracy, operations and weights of well-known networks in one scatter plot.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Let everybody write down a factor before the weights are printed; nearly all expect ten or
# more. While the small network trains, derive the formula for a dense layer as a convolution with one place. Good
# questions: why does the dropout CNN, with half the operations of the all-conv network, not take half the seconds? (A
# batch of 32 has eight times as many steps.) Would you choose by the left panel for a full-size run? Usual wrong
# answers: in exercise 1 forgetting the factor 2, or using the side of the *input*; the division by the stride rounds
# down. In exercise 2 people cut the hidden layer and stay above 100,000, since the flattened features are many:
# another stride, or global average pooling, is needed.
