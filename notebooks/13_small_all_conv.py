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
      f"{60 * paid:,.1f} s for the training alone (a coarse clock: it may err either way).")

# %% [markdown]
# The figure below sets your run beside reference runs of all three. One panel has those of full mode: 45,000 training
# images and fifty epochs each. In reduced mode a panel above it has shorter runs, of as many epochs as each network's
# own lesson trains in that mode (see the legend); with other numbers of epochs the list would be another one.
#
# A point is **dominated** when another one is more accurate for no more seconds. Nobody who picks from this list should
# pick it, whatever the budget.
#
# > **Predict:** which of the three are dominated, if any? And of those that remain, which would you call the best buy?
#
# A run's price is its photographs times its epochs, times what a photograph costs on *your* machine. The clock is
# coarse: its three readings of one line differ. We take the largest factor between two such readings, of all four lines
# above, for the clock's limit. Prices that differ by no more than this it cannot tell apart: then the marker of the one
# stands on, above or below the grey *bar* of the other, not to its left or right.
#
# A network whose mean lies inside the grey *region*, which begins where the bars do, has a **rival**: another one that
# is better, by the means, and that this clock cannot call dearer. But a rival may be better only *by chance*. So the
# marker shows one of two verdicts:
#
# * hollow, "dominated": for one rival at least, the 95 % interval of the difference, taken seed by seed, leaves out
#   zero, and the rival's price, as measured, is no higher;
# * half filled, "dominated?": no rival meets both conditions (single runs have no interval).
#
# (Three pairs are three chances of error. Prices that the clock cannot tell apart may change places, and the verdict
# with them.)
#
# The next cells only keep the books: `minutes` is the price of a run, `ahead` the difference in points with its
# interval, `rivals` names the rivals of a network. Read the figure and the printed lines; the code can wait.

# %%
import itertools

keys = {"dropout CNN": "dropout_cnn", "all-conv": "all_conv", "small": "small_all_conv"}
market = {size: {name: evidence.reference_runs(key, "", size, cifar.label) for name, key in keys.items()}
          for size in dict.fromkeys((lesson.mode, "full"))}
market = {size: {name: runs for name, runs in points.items() if len(runs)} for size, points in market.items()}


def minutes(name, runs):
    return seconds[name] / 60 * (runs["epochs"] * runs["n_train"]).mean()


def ahead(one, other):
    """Points by which the runs `one` are ahead of `other`, and the ends of the interval, in pairs by seed."""
    first, second = (runs.set_index("seed")["val_accuracy"].to_dict() for runs in (one, other))
    if len(first.keys() & second.keys()) < 2:
        return 100 * (one["val_accuracy"].mean() - other["val_accuracy"].mean()), -np.inf, np.inf
    found = evidence.compare(second, first)
    return 100 * found.mean, 100 * found.low, 100 * found.high


# %%
def told(points, one, other):
    """In words: by how much `one` is ahead of `other`, and what it costs more or less."""
    gain, low, high = ahead(points[one], points[other])
    sure = f"95 % interval {low:+.1f} to {high:+.1f}" if high < np.inf else "single runs, no interval"
    prices = [minutes(name, points[name]) for name in (one, other)]
    extra, factor = prices[0] - prices[1], max(prices) / min(prices)
    size = f"{60 * abs(extra):.0f} s" if abs(extra) < 1 else f"{abs(extra):.1f} minutes"
    price = f"and {size} {'more' if extra > 0 else 'less'}"
    return f"{gain:+.1f} points ({sure}) {price if factor > spread else 'at a price the clock cannot tell apart'}"


def rivals(points, name):
    """The networks ahead of this one that the clock cannot call dearer: name -> whether they dominate it.

    They do if the interval leaves out zero and their price, as measured, is no higher.
    """
    found = {other: ahead(points[other], points[name]) for other in points if other != name}
    price, prices = minutes(name, points[name]), {other: minutes(other, points[other]) for other in found}
    return {other: low > 0 and prices[other] <= price for other, (gain, low, _) in found.items()
            if gain > 0 and prices[other] <= spread * price}


def choice(points):
    """The networks without a rival, the cheapest first."""
    return sorted((name for name in points if not rivals(points, name)), key=lambda name: minutes(name, points[name]))


# %%
drawn, axes = plots.figure(len(market), 1, height=0.7 + 2.4 * len(market), squeeze=False)
axes[0, 0].plot(paid, 100 * reached[-1], "*", color=plots.COLOURS[2], markersize=13, markeredgecolor="black",
                zorder=3, label=f"yours: small, {epochs} epochs")
looks = dict(zip(keys, zip(plots.COLOURS, "os^")))
for axis, (size, points) in zip(axes[:, 0], market.items()):
    for name, runs in points.items():
        beaten = list(rivals(points, name).values())
        fill, note = ("none", ",\ndominated") if any(beaten) else ("left", ",\ndominated?") if beaten else ("full", "")
        (colour, marker), price, found = looks[name], minutes(name, runs), 100 * runs["val_accuracy"]
        axis.hlines(found.mean(), price / spread, price * spread, "#aaaaaa", lw=5, zorder=0, label="the clock's limit")
        if len(runs) > 1:
            axis.plot(price, found.mean(), "_", color="black", markersize=12, markeredgewidth=2, zorder=3, label="mean")
        axis.plot([price] * len(runs), found, marker, color=colour, markersize=7, alpha=0.7, fillstyle=fill,
                  label=f"{name}, {runs['epochs'].max()} epochs{note}")
    axis.set(title=f"{size} mode{'' if points else ': not yet measured'}", xmargin=0.1, ymargin=0.1, xlim=(0, None),
             xlabel="minutes of training, at your machine's pace", ylabel="validation accuracy, %")
    if points:
        known = sorted((minutes(n, runs) / spread, 100 * runs["val_accuracy"].mean()) for n, runs in points.items())
        starts, ends = [start for start, _ in known], axis.axis()
        tops = np.maximum.accumulate([mean for _, mean in known])  # the best that the clock cannot call dearer
        axis.fill_between([*starts, ends[1]], [*tops, tops[-1]], ends[2], step="post", color="#e8e8e8", zorder=-1,
                          label="no better, and not\nclearly cheaper")
        axis.axis(ends)
    if once := dict(zip(*reversed(axis.get_legend_handles_labels()))):  # label to handle
        axis.legend([*once.values()], [*once], loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9)
drawn.suptitle("What minutes buy: higher is better, further left is cheaper" + cifar.figure_suffix, fontsize=11)
means = [f"{size}, {name} {runs['val_accuracy'].mean():.1%}" for size in market for name, runs in market[size].items()]
plots.show(drawn, "Validation accuracy against minutes of training; hollow: dominated; half filled: dominated?; grey "
           "region: no better than another, and not clearly cheaper; bars: the clock's limit. Your star "
           f"{reached[-1]:.1%}; means of reference runs: " + ("; ".join(means) or "none") + ".")

# %%
print(f"This clock tells prices apart that differ by a factor above {spread:.2f}.")
for size, points in market.items():
    print(f"{size} mode:" if points else f"{size} mode: not yet measured.")
    for name, runs in points.items():
        print(f"  {name}: {runs['val_accuracy'].mean():.1%} for {minutes(name, runs):.2f} minutes, {len(runs)} run(s)")
    beaten = {name: rivals(points, name) for name in points}
    for loser, other, sure in ((name, other, sure) for name in points for other, sure in beaten[name].items()):
        print(f"  {loser} is {'' if sure else 'perhaps '}dominated by {other}: {told(points, other, loser)}")
    for cheap, dear in itertools.pairwise(left := choice(points)):
        print(f"  {dear} instead of {cheap}: {told(points, dear, cheap)}")
    if left:
        doubtful = "".join(f"; in doubt: {name}" for name in points if beaten[name] and not any(beaten[name].values()))
        print(f"  left to choose from: {', '.join(left)}{doubtful}")

# %% [markdown]
# Which should nobody buy? Read the lines with "dominated", and look where the network with the most work stands:
# operations are a price, not a quality. And is the small one a bargain? Not where it is dominated. Where it is in
# doubt, more seeds or a finer clock must decide. Where it stays, the line with "instead of" has both sides of the
# trade, points and time; your budget must say which weighs more. Do not compare it with a dominated network: against
# that everything looks cheap. A figure like this ends many discussions about "the best" model: best *for what price*.
#
# Four warnings:
#
# * A point is not a network, but a network *with its training*. Batch sizes are each source's, the learning rate is
#   Adam's usual one, and neither was tuned here: at a batch of 32 a network takes eight times as many steps over the
#   same photographs as at 256.
# * A price list holds for its own budget. Reduced mode gives few images and few epochs, so a network that learns
#   quickly looks cheap there. What one network would reach in another's minutes, the figure does not say.
# * The seconds are yours, the accuracies are not: they come from the reference runs, on their machines. And the clock's
#   true limit may be wider: compare the two times printed after your run. If the whole run, validation included, took
#   less than the short epochs let one expect, they were off by more than the factor between the two times. Then prices
#   no further apart than that are in doubt as well, whatever is printed above.
# * A single run is one reading. It cannot say which of two *close* neighbours is ahead (lesson 10). Until somebody
#   shows that the dearer one is, there is no reason to pay for it.
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
# * Draw accuracy against price. What is dominated by more than chance is out *on this list*; single runs cannot show
#   it. Among the rest, your budget decides, neighbour by neighbour.
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
