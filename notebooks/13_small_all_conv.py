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
# The all-convolutional network of lesson 12 takes its time. For those who do not want to wait, the answer on Cross
# Validated that it comes from gives a small one as well: about 70 % after the same 50 epochs (the answer's figure), and
# an epoch takes a fraction of the time. "Small" sounds clear enough. But small in *what*? And is less accuracy for less
# time a bargain, or only less?

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
# The small one has two convolutions, the second of them without a bias and with a stride of 2 in place of pooling, and
# one hidden layer. Its dropout is mild.

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
# Watch a convolution at work on a grey photograph, the one of lesson 12. Its $5 \times 5$ weights find vertical edges.
# At one place of the image each is multiplied by the pixel under it; the sum is one output value, an "answer" in the
# figure. Then the window moves on by its stride, here 2, and the *same* weights are used again. (In JupyterLab, drag
# the slider: it counts the places; the dashed frame is the next one of the row. Purple: brighter to the right; orange:
# darker; hatched: still to come.) The small network's second convolution works like this, too: each of its kernels has
# 5 x 5 learned weights for each of 32 channels, and moves over the first layer's 30 x 30 output.

# %%
from course_utils import widgets

cars = cifar.x_train[cifar.y_train == 1].astype("float32") / 255
photograph = cars[np.argmin(cars[:, :4].std(axis=(1, 2, 3)))].mean(axis=2)  # the car under the evenest sky
edges = np.repeat([[-1, -1, 0, 1, 1]], 5, axis=0)
windows = np.lib.stride_tricks.sliding_window_view(photograph, (5, 5))[::2, ::2]  # 14 x 14 places
answers = np.abs((windows * edges).sum(axis=(2, 3))).ravel()
stops = [*range(1, len(answers), 7), len(answers)]


def moved(place):
    title = f"The same weights, used {place} times so far" + cifar.figure_suffix
    return plots.window_figure(photograph, edges, place - 1, stride=2, title=title)


widgets.slide(moved, stops, "place", start=max(stops, key=lambda place: answers[place - 1]))

# %% [markdown]
# So count the work, not the weights. A window of $k$ pixels a side reads $c_\text{in}$ channels, so one output value is
# a sum of $k \cdot k \cdot c_\text{in}$ products: that many multiplications, and about as many additions. The layer has
# $c_\text{out}$ kernels, each used at $h \cdot w$ places (its output's height and width), so one image costs
#
# $$2 \cdot \underbrace{k \cdot k \cdot c_\text{in} \cdot c_\text{out}}_{\text{weights of the kernels}} \cdot
# \underbrace{h \cdot w}_{\text{places}}$$
#
# floating-point operations (FLOP), twice the products that lesson 12 counted: each is multiplied, then added. A dense
# layer is the same formula with one place. (We leave out biases, ReLU and normalisation, a few operations an output.)


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
# The hidden layer owns nearly all the weights and uses each of them once. The second convolution owns a small part of
# them, uses each one at every place, and does most of the work. Weights and work are two things. So in which of them is
# the small network small?
#
# > **Predict:** do weights and work lie apart in the other two as well? And which of the three does the most work?

# %%
kinds = {"convolutions": layers.Conv2D, "dense layers": layers.Dense}
total = {name: sum(map(operations, network.layers)) for name, network in networks.items()}

# %%
drawn, axes = plots.figure(1, 2, height=2.8, sharey=True)
counts = {"weights, millions": lambda layer: layer.count_params(), "operations for an image, millions": operations}
for axis, (unit, count) in zip(axes, counts.items()):
    left = np.zeros(len(networks))
    for (kind, which), colour, hatch in zip(kinds.items(), plots.COLOURS, ("", "///")):
        amount = [sum(count(x) for x in network.layers if isinstance(x, which)) / 1e6 for network in networks.values()]
        axis.barh(list(networks), amount, left=left, color=colour, hatch=hatch, label=kind, edgecolor="white")
        left += amount
    axis.set_xlabel(unit)
axes[0].invert_yaxis()
axes[1].legend(frameon=False, fontsize=9, loc="lower right")
drawn.suptitle("Most weights sit in dense layers, most work is done in convolutions", fontsize=11)
plots.show(drawn, "Stacked bars for three networks. Left, weights: mostly dense layers in all three. Right, "
           "operations: mostly convolutions in all three; fewest in the small network.")

# %%
more = {name: count / total["small"] for name, count in total.items()}
print(f"The all-conv network has {lighter:.1f} times the weights of the small one and does "
      f"{more['all-conv']:.1f} times its work; the dropout CNN does {more['dropout CNN']:.1f} times its work.")

# %% [markdown]
# Weights and work lie apart in all three. Of the three, all-conv has the largest share of its weights in convolutions,
# and it does the most work. The small one is small in work, and hardly in weights. (Its author's "all-convolutional"
# means "no pooling"; dense layers there are.) So there are two prices, and a network can be cheap in one and dear in
# the other. The weights must be stored and sent. The operations must be waited for.
#
# ## Are operations seconds?
#
# > **Predict:** how much longer than the small network does the all-conv network take for a photograph: by the factor
# > of their operations, by less, or by more?
#
# We time three short epochs of each, in turns, with the batch size of its source, and take the quickest. The dropout
# CNN takes part twice, the second time in batches as large as the others'. (A first round, in which Keras makes itself
# ready, does not count, nor does the first epoch of each turn.)

# %%
some = {"smoke": 64, "reduced": 2048, "full": 5120}[lesson.mode]
batches = {"dropout CNN": 32, "all-conv": 256, "small": 256}
for network in networks.values():
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
readings = {pair: [] for pair in [*batches.items(), ("dropout CNN", 256)]}  # seconds of training for one photograph
for turn in range(4):  # in turns, so that a slow minute meets all
    for (name, batch), found in readings.items():
        network, watch = lesson.anew(networks[name], seed), lesson.callbacks()
        network.fit(cifar.x_train[:some], cifar.y_train[:some], batch_size=batch, epochs=2, callbacks=watch, verbose=0)
        if turn:
            found.append(watch[0].epoch_seconds[1] / some)  # of two epochs: the first also gets ready
seconds = {name: min(readings[name, batch]) for name, batch in batches.items()}

# %%
rates = {pair: 3 * total[pair[0]] / min(found) / 1e9 for pair, found in readings.items()}
for (name, batch), found in readings.items():
    print(f"{name:12} batches of {batch:3}: {1000 * min(found):.3f} ms a photograph (slowest reading "
          f"{1000 * max(found):.3f}), {rates[name, batch]:4.0f} thousand million operations a second (GFLOP/s)")
print(f"all-conv against small: {more['all-conv']:.1f} times the operations, "
      f"{seconds['all-conv'] / seconds['small']:.1f} times the seconds")
spread = max(max(found) / min(found) for found in readings.values())
in_order = sorted(rates[pair] for pair in batches.items())
unequal = in_order[-1] / in_order[0]
print(f"With their own batches the rates differ by a factor of {unequal:.2f}, the readings of one network by up to "
      f"{spread:.2f}: " + ("these networks keep your processor unequally busy." if unequal > spread else
                           "this clock cannot say which network keeps your processor busier."))

# %% [markdown]
# The line "all-conv against small" answers the prediction. Were operations all that counts, the rates would be equal.
# (We count a training step as three forward passes: once forward, once back to the inputs, once to the weights.) What
# decides how busy a network keeps *your* processor? The two lines of the dropout CNN differ only in the batch size; the
# shapes of the layers, the start and end of an epoch are not separated here. Operations give a first guess; for seconds
# you need a clock, on the machine that will do the work.
#
# ## What do the seconds buy?
#
# Now the small network in earnest, with the answer's settings (in reduced mode for fewer epochs). Where the curve is
# rough, a single epoch more or less costs points. Lesson 08 would keep the best one; we keep the last, as the runs did
# that ours will stand beside.

# %%
epochs = lesson.epochs(50, reduced=10)
model = lesson.anew(networks["small"], seed)  # as a new network with this seed, but compiled already
watch = lesson.callbacks("The small network, epoch by epoch")
options = {"validation_data": (cifar.x_val, cifar.y_val), "callbacks": watch, "verbose": 0}
history = model.fit(cifar.x_train, cifar.y_train, batch_size=256, epochs=epochs, **options)

# %%
reached = np.array(history.history["val_accuracy"])
best = int(np.argmin(history.history["val_loss"])) + 1
print(f"Validation accuracy after {epochs} epochs: {reached[-1]:.1%}. The lowest validation loss is epoch {best}'s, "
      + ("the last: this is a stop on the way." if best == epochs else f"with an accuracy of {reached[best - 1]:.1%}."))
paid = seconds["small"] * epochs * len(cifar.x_train) / 60
print(f"It took {sum(watch[0].epoch_seconds):,.1f} s, validation included; the short epochs above let one expect "
      f"{60 * paid:,.1f} s for the training alone.")

# %% [markdown]
# Your run goes beside reference runs of all three. In full mode each of them saw 45,000 training images for fifty
# epochs; in reduced mode there are shorter ones, too, of as many epochs as each network's own lesson trains. Their
# accuracies come from other machines. Their price is in *your* seconds: photographs times epochs, times what a
# photograph costs here.
#
# A network is **dominated** when another one is more accurate for no more seconds. Nobody who picks from this list
# should pick it, whatever the budget.
#
# > **Predict:** which of the three are dominated, if any? And of those that remain, which would you call the best buy?

# %%
keys = {"dropout CNN": "dropout_cnn", "all-conv": "all_conv", "small": "small_all_conv"}
market = {}
for size in dict.fromkeys((lesson.mode, "full")):
    found = {name: evidence.reference_runs(key, "", size, cifar.label) for name, key in keys.items()}
    market[size] = {name: runs for name, runs in found.items() if len(runs)}


def minutes(name, runs):
    """The price of a run on this machine."""
    return seconds[name] / 60 * (runs["epochs"] * runs["n_train"]).mean()


def ahead(one, other):
    """Points by which the runs `one` are ahead of `other`, and the ends of the interval, in pairs by seed."""
    first, second = (runs.set_index("seed")["val_accuracy"].to_dict() for runs in (one, other))
    if len(first.keys() & second.keys()) < 2:
        return 100 * (one["val_accuracy"].mean() - other["val_accuracy"].mean()), -np.inf, np.inf
    found = evidence.compare(second, first)
    return 100 * found.mean, 100 * found.low, 100 * found.high


# %% [markdown]
# More accurate, for no more seconds: both are measured, and both may err. A lead may be chance (three pairs give it
# three chances), and the clock is coarse. We take for its **limit** the largest factor between two times that should
# agree: two readings of one line above, or your run's and the one expected, if the run was quicker. So there are two
# verdicts:
#
# * "dominated": another network leads by more than chance (the 95 % interval of the lead, in pairs by seed, lies above
#   zero) and is cheaper by more than the clock's limit;
# * "dominated?": another one leads, and the clock cannot call it dearer. (Single runs have no interval, so for them
#   there is no firmer verdict.)

# %%
limit = max(spread, 60 * paid / sum(watch[0].epoch_seconds))


def verdict(points, name, other):
    """Does `other` dominate `name`? (Nothing dominates itself.)"""
    lead, low, _ = ahead(points[other], points[name])
    factor = minutes(other, points[other]) / minutes(name, points[name])
    if low > 0 and factor < 1 / limit:
        return "dominated"
    return "dominated?" if lead > 0 and factor <= limit else "not dominated"


verdicts = {size: {name: min(verdict(points, name, other) for other in points) for name in points}
            for size, points in market.items()}  # of several verdicts the first in the alphabet: the firmest

# %% [markdown]
# In the figure each bar is a network. It lies at the mean of the runs, the dots, and is as wide as the clock's limit:
# where bars share a part of the minutes, the clock cannot tell their prices apart. Look up and to the left of each bar:
# what stands there is better and cheaper.

# %% jupyter={"source_hidden": true}
drawn, axes = plots.figure(len(market), 1, height=0.9 + 2.1 * len(market), squeeze=False)
axes[0, 0].plot(paid, 100 * reached[-1], "*", color="black", markersize=11, markeredgecolor="white", zorder=4,
                label="your run: small")
axes[0, 0].plot([], [], "o", color="#777777", markersize=6, label="a run")
axes[0, 0].plot([], [], color="black", lw=3, label="mean, as wide as the clock's limit")
for axis, (size, points) in zip(axes[:, 0], market.items()):
    price = {name: minutes(name, runs) for name, runs in points.items()}
    means = {name: 100 * runs["val_accuracy"].mean() for name, runs in points.items()}
    for name, runs in points.items():
        colour = plots.COLOURS[list(keys).index(name)]
        axis.plot([price[name]] * len(runs), 100 * runs["val_accuracy"], "o", color=colour, markersize=6, alpha=0.5)
        axis.hlines(means[name], price[name] / limit**0.5, price[name] * limit**0.5, "black", lw=3, zorder=3)
    wide = max(price.values(), default=paid) * limit**0.5 / 0.76  # room for a name on the right
    axis.set(title=f"{size} mode{'' if points else ': not yet measured'}", xlim=(0, wide), ymargin=0.15)
    tall = np.ptp(axis.get_ylim())
    for name in points:
        crowded = any(price[name] < price[x] < price[name] * limit + 0.3 * wide
                      and abs(means[x] - means[name]) < 0.3 * tall for x in points)
        end, shift, side = (-0.5, -7, "right") if crowded else (0.5, 7, "left")
        axis.annotate(f"{name}\n{verdicts[size][name]}", (price[name] * limit**end, means[name]), (shift, 0),
                      textcoords="offset points", ha=side, va="center", fontsize=10)
axes[-1, 0].set_xlabel("minutes of training, at your machine's pace")
drawn.supylabel("validation accuracy, %", fontsize=10)
drawn.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
drawn.suptitle("What minutes buy: higher is better, further left is cheaper" + cifar.figure_suffix, fontsize=11)
told = [f"{size} mode, {name}: {runs['val_accuracy'].mean():.1%} for {minutes(name, runs):.2f} minutes, "
        f"{verdicts[size][name]}" for size in market for name, runs in market[size].items()]
plots.show(drawn, "Validation accuracy against minutes of training; in each panel a bar and dots for each network. "
           f"Your star is at {reached[-1]:.1%}. " + ("; ".join(told) or "No reference runs yet") + ".")

# %% [markdown]
# What is dominated leaves the list; see whether the network with the most work is among it, for operations are a price
# and not a quality. The same in numbers, pair by pair:

# %%
import itertools

print(f"This clock tells prices apart that differ by a factor above {limit:.3f}.")
for size, points in market.items():
    print(f"{size} mode:" if points else f"{size} mode: not yet measured.")
    for name, runs in points.items():
        print(f"  {name}: {runs['val_accuracy'].mean():.1%} for {minutes(name, runs):.2f} minutes, "
              f"{len(runs)} run(s) of {runs['epochs'].max()} epochs")
    for name, other in itertools.permutations(points, 2):
        lead, low, high = ahead(points[other], points[name])
        if lead > 0:
            sure = f"95 % interval {low:+.1f} to {high:+.1f}" if high < np.inf else "single runs, no interval"
            factor = minutes(other, points[other]) / minutes(name, points[name])
            found = {"dominated": f"{name} is dominated", "dominated?": f"{name} is perhaps dominated"}
            print(f"  {other} instead of {name}: {lead:+.1f} points ({sure}) for {factor:.3f} times the minutes: "
                  f"{found.get(verdict(points, name, other), 'a trade')}")

# %% [markdown]
# Is the small one a bargain? Not where it is dominated; where it is perhaps dominated, more seeds or a finer clock must
# decide. Where a line ends in "a trade", it has both sides, points and time; your budget must say which weighs more.
# Leave out the trades with a dominated network: against that everything looks cheap. A figure like this ends many
# discussions about "the best" model: best *for what price*.
#
# Before you choose by it:
#
# * A bar is not a network, but a network *with its training*. Batch sizes are each source's, the learning rate is
#   Adam's usual one, and neither was tuned here: at a batch of 32 a network takes eight times as many steps over the
#   same photographs as at 256.
# * A price list holds for its own budget. Reduced mode gives few images and few epochs, so a network that learns
#   quickly looks cheap there. What one network would reach in another's minutes, the figure does not say.
# * A single run cannot say which of two *close* neighbours is ahead (lesson 10). Until somebody shows that the dearer
#   one is, there is no reason to pay for it.
#
# ## Is your number normal?
#
# The architecture and its settings are the answer's. Nothing was chosen on the test set, so it may be opened, once,
# for the figure that stands beside the answer's. Your number is held against reference runs of as many epochs.
#
# Even a full run need not meet the answer's figure: full mode learns from 45,000 images, may see a JPEG copy, and is
# scored on other images. That holds for both of the answer's networks, below; what else may matter we do not know.

# %%
test = lesson.final_test(model)
record = lesson.record(model, "small_all_conv", history=history, test=test, batch_size=256)
lesson.expect(record)
for name in ("all-conv", "small"):
    runs = market["full"].get(name)
    print(f"Full mode, {name}: " + ("not yet measured." if runs is None else
          f"{runs['val_accuracy'].mean():.1%} on validation, {len(runs)} run(s), where the answer reports "
          f"{evidence.article_words(keys[name])}."))

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
# > Nearly all of the small network's weights sit in one dense layer, which reads ten thousand flattened features. Build
# > an all-convolutional network with **fewer than 100,000 weights** that needs **no more operations** than the small
# > one: no pooling windows, at least one convolution with a stride, ten probabilities at the end.
# > (`GlobalAveragePooling2D`, the mean of each whole map, is allowed.) Then train it in the cell after the check: what
# > does it reach in the same number of epochs? (One run is a reading; for a verdict, more seeds.)


# %%
def build_thrifty():
    ...


# %% tags=["nbval-check-output"]
lesson.check_thrifty(build_thrifty)

# %%
# Then train it: mark the lines below, and take their signs away (Ctrl+/).
# thrifty = build_thrifty()
# thrifty.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
# thrifty.fit(cifar.x_train, cifar.y_train, batch_size=256, epochs=epochs,
#             **options | {"callbacks": lesson.callbacks("The thrifty network, epoch by epoch")})

# %% [markdown]
# Solutions: [solutions/13_small_all_conv.ipynb](solutions/13_small_all_conv.ipynb).
#
# ## What to take away
#
# * Weights are stored once; operations are weights times places. They are two prices, and different layers pay them.
# * Operations give a first guess at the seconds; for more you need a clock on your own machine.
# * Draw accuracy against price. What is dominated, by more than chance and the clock's limit, is out *on this list*;
#   single runs cannot show it. Among the rest, your budget decides, neighbour by neighbour.
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
# **For the instructor.** Let everybody write down a factor before the weights are printed; ask who expected ten or
# more. While the small network trains, derive the formula for a dense layer as a convolution with one place. Good
# questions: why might the dropout CNN, with half the operations of the all-conv network, take more than half the
# seconds? (One possible reason, a batch of 32 with eight times as many steps, is tested by its second line.) Would you
# choose by the upper panel for a full-size run? Likely wrong answers: in exercise 1 forgetting the factor 2, or using
# the side of the *input*; the division by the stride rounds down. In exercise 2 people cut the hidden layer and stay
# above 100,000, since the flattened features are many: another stride, or global average pooling, is needed.
