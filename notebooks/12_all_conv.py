# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A network without pooling
#
# **Goal:** replace pooling by convolutions that take longer steps, see how much of a photograph each unit sees, and
# train the network that a well-known answer on Cross Validated starts from.
#
# Cross Validated is a site for questions on statistics. Somebody asked there how to fight overfitting on CIFAR-10. The
# answer begins with advice that has nothing to do with overfitting: *start from something that is known to work.* Its
# author took a published idea, a network made almost entirely of convolutions, left the optimiser at its defaults, and
# got 77.5 % (the answer's own figure, on validation). What is in that network?

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots, widgets

lesson = Lesson("12_all_conv", mode=mode, seed=seed)
cifar = lesson.load("cifar10")

# %% [markdown]
# ## A window with longer steps
#
# The networks of lessons 02 and 11 halve height and width by max-pooling: of each $2 \times 2$ block it keeps the
# largest answer. Two things come of that. The next layers have a quarter of the work, and each of their windows reaches
# twice as far across the picture. Neither needs a *maximum*. Can a network learn how to halve a feature map?
#
# A convolution with **stride** $s$ moves its window, $k$ pixels a side, on by $s$ pixels in place of one:
#
# $$y_{i,j} = b + \sum_{u=0}^{k-1} \sum_{v=0}^{k-1} w_{u,v} \, x_{s i + u,\; s j + v} .$$
#
# Here it is at work, with stride 2 and without a rim of zeros, on a photograph in grey. In JupyterLab, move the slider,
# and watch by how much the window jumps. (Orange: darker to the right; purple: brighter to the right; hatched: answers
# still to come.)

# %%
import math

import keras
import numpy as np
from keras import layers, ops

cars = cifar.x_train[cifar.y_train == 1].astype("float32") / 255
clean = cars[np.argmin(cars[:, :4].std(axis=(1, 2, 3)))]  # the car under the evenest sky
grey = clean[None].mean(axis=-1, keepdims=True)  # shape (1, 32, 32, 1)
left_to_right = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype="float32")


def at(place):
    title = f"Stride 2: place {place} of 225; dashed: the next" + cifar.figure_suffix
    return plots.window_figure(grey[0, ..., 0], left_to_right, place - 1, stride=2, title=title)


# %%
widgets.slide(at, range(1, 226), "place", start=162)

# %% [markdown]
# The window jumps by two pixels, and there are 15 x 15 answers, where a stride of 1 would give 30 x 30. The $s$ in the
# formula does it: the window of the answer $i, j$ begins at the pixel $s i, s j$. (Lesson 02 counted from the window's
# middle; here we count from its corner.)
#
# > **Predict:** what have the answers of stride 2 to do with those of stride 1?

# %%
kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 8)).astype("float32")
every_place = ops.convert_to_numpy(ops.conv(clean[None], kernel, strides=1, padding="valid"))
long_steps = ops.convert_to_numpy(ops.conv(clean[None], kernel, strides=2, padding="valid"))

# %% tags=["nbval-check-output"]
print(f"stride 1: {every_place.shape[1:]}, stride 2: {long_steps.shape[1:]}")
print("stride 2 is every second answer of stride 1:", np.allclose(every_place[:, ::2, ::2], long_steps, atol=1e-4))

# %% [markdown]
# It is the ordinary convolution, computed at every second row and column only: three quarters of the answers are thrown
# away *before* anybody has worked for them. Along a side of $n$ pixels a window of $k$ can start at $0, s, 2s, \dots$
# up to $n - k$. How many starts are there? That is exercise 1.
#
# ## Which halvings are convolutions?
#
# Four ways to halve the car: take every second pixel, average each block of $2 \times 2$, take its maximum, or look for
# edges with a stride of 2.
#
# > **Predict:** which of the four are strided convolutions, with the right weights?

# %%
edge = np.array([[-1, 1], [-1, 1]], dtype="float32")[:, :, None, None]
halvings = {
    "every second": lambda x: x[:, ::2, ::2],
    "averages": lambda x: ops.average_pool(x, 2),
    "maxima": lambda x: ops.max_pool(x, 2),
    "edges": lambda x: ops.conv(x, edge, strides=2),
}
halves = {name: ops.convert_to_numpy(halve(grey))[0, ..., 0] for name, halve in halvings.items()}

# %%
drawn, axes = plots.figure(1, 5, height=1.9, subplot_kw={"xticks": [], "yticks": []})
for axis, (name, values) in zip(axes, {"the picture": grey[0, ..., 0], **halves}.items()):
    axis.imshow(values, cmap="PuOr" if name == "edges" else "gray", vmin=-1 if name == "edges" else 0, vmax=1)
    axis.set_title(f"{name}\n{values.shape[0]} x {values.shape[1]}", fontsize=9)
    axis.spines[:].set(visible=True, color="#999999")  # or a white sky would have no end
drawn.suptitle("Four ways to halve a picture" + cifar.figure_suffix, fontsize=11)
plots.show(drawn, "A picture in grey and four versions of half the size: every second pixel, ragged; averages, soft; "
           "maxima, brighter; and edges, where orange is darker to the right and purple brighter.", gradations=True)

# %% tags=["nbval-check-output"]
other = grey[:, ::-1].copy()  # a second picture: the same upside down
for name, halve in halvings.items():
    one, two, sum_of_both = (ops.convert_to_numpy(halve(x)) for x in (grey, other, grey + other))
    print(f"{name:12} of a sum is the sum of two:", np.allclose(sum_of_both, one + two, atol=1e-5))
for name, four in {"every second": [[1, 0], [0, 0]], "averages": [[1 / 4, 1 / 4], [1 / 4, 1 / 4]]}.items():
    answers = ops.conv(grey, np.array(four, dtype="float32")[:, :, None, None], strides=2)
    same = np.allclose(ops.convert_to_numpy(answers)[0, ..., 0], halves[name], atol=1e-3)
    print(f"{name:12} is the convolution with weights {four} and stride 2:", same)

# %% [markdown]
# Without its $b$ a convolution is a weighted sum. So its answer to a sum of two pictures is the sum of its answers to
# each. The maximum fails this test: it is the odd one out. The other three are convolutions: two with the weights
# above, and "edges" was built as one. In turn, no pooling, maximum or mean, can tell the left of its block from the
# right. A strided convolution *may learn* to average, to pick or to look for edges, whichever helps.
#
# Pooling is also said to make a network mind less *where exactly* something is. Does it? Move two hundred photographs,
# in grey, the car among them, to the right by two pixels, and by one. (What leaves the picture on one side comes back
# on the other.) A fifth halving joins the four, a convolution and pooling after it: the edges at every place, then
# their maxima.
#
# > **Predict:** after two pixels, and after one: which of the five halved maps will be the old ones, moved along?
#
# How large is a change? Take the mean difference between the new map and the old one, as it is or moved along by one
# place; the smaller counts. Divide it by the *spread*, the standard deviation of such maps, since contrasts differ.
# Edges and pooled edges have the same weights: if the pooled ones change less on more than six photographs in ten, what
# is said of pooling counts as borne out. (Read the printed lines; the code can wait.)

# %%
photographs, each = cifar.x_train[:199].astype("float32").mean(axis=-1, keepdims=True) / 255, (1, 2, 3)
many, rim = np.concatenate([grey, photographs]), ((0, 0), (0, 1), (0, 1), (0, 0))  # rim: one side goes on at the other
five = {**halvings, "edges, pooled": lambda x: ops.max_pool(ops.conv(np.pad(x, rim, mode="wrap"), edge), 2)}
changes, of_car = {}, {}  # by one pixel, as a share of the maps' spread: photograph by photograph, and the car's map
for name, halve in five.items():
    still, by_one, by_two = (ops.convert_to_numpy(halve(np.roll(many, by, axis=2))) for by in (0, 1, 2))
    along = "moved along" if np.allclose(by_two, np.roll(still, 1, axis=2), atol=1e-5) else "changed"
    both = [np.abs(by_one - np.roll(still, by, axis=2)) / still.std(axis=each).mean() for by in (0, 1)]
    changes[name] = np.min([change.mean(axis=each) for change in both], axis=0)
    of_car[name] = min((change[0, ..., 0] for change in both), key=np.mean)
    print(f"{name:13} by two pixels: {along}; by one: changed by {changes[name].mean():.0%} of their spread")
less = (changes["edges, pooled"] < changes["edges"]).sum()
print(f"By one pixel, the pooled edges changed less than the edges on {less} of {len(many)} photographs: for this "
      f"halving, what is said of pooling is {'' if less > 0.6 * len(many) else 'not '}borne out.")

# %%
drawn, axes = plots.figure(1, 5, height=1.9, subplot_kw={"xticks": [], "yticks": []})
for axis, (name, change) in zip(axes, of_car.items()):
    axis.imshow(change, cmap="gray_r", vmin=0, vmax=2)
    axis.set_title(f"{name}\nby {change.mean():.0%}", fontsize=9)
    axis.spines[:].set(visible=True, color="#999999")
drawn.suptitle("Moved by one pixel, the car's maps change here (darker: more)" + cifar.figure_suffix, fontsize=11)
plots.show(drawn, "How much each place of the car's halved maps changes, as a share of such maps' spread, on average: "
           + ", ".join(f"{name} {change.mean():.0%}" for name, change in of_car.items()) + ".", gradations=True)

# %% [markdown]
# By two pixels each map moves along by one place, with a maximum as with a stride. One pixel is half a place, by which
# no map can move: so all five change (R. Zhang, 2019). The figure has the car alone, each map in shares of its own
# halving's spread, as above. How much a map changes under a stride depends on the weights: compare "every second" with
# the averages, both strided convolutions. And a pooled edge reads three columns of pixels, an edge two: the test does
# not separate the wider window from the maximum. What a whole trained network minds is another question.
#
# ## The network, and its pooling twin
#
# Two pairs of convolutions, the second of each pair with stride 2; dropout after each pair; then the features are
# flattened, batch-normalised (lesson 05), and read by one hidden dense layer. No padding: the maps shrink a little at
# the rim in every layer.
#
# With `pooled=True` the same function builds a twin: the stride goes back to 1, and max-pooling does the halving. No
# weight is added or removed, since pooling has none.


# %%
def build_all_conv(width=96, pooled=False):
    model = keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(1 / 255)], name="all_conv")
    for filters, rate in ((width, 0.2), (2 * width, 0.5)):
        model.add(layers.Conv2D(filters, 3, activation="relu"))
        model.add(layers.Conv2D(filters, 3, strides=1 if pooled else 2, activation="relu"))
        if pooled:
            model.add(layers.MaxPooling2D())
        model.add(layers.Dropout(rate))
    model.add(layers.Flatten())
    # Keras's own momentum needs the many steps of full mode (lesson 05).
    model.add(layers.BatchNormalization(momentum=0.99 if lesson.mode == "full" else 0.9))
    model.add(layers.Dense(256 * width // 96, activation="relu"))
    model.add(layers.Dense(10, activation="softmax", dtype="float32"))
    return model


# %% [markdown]
# > **Predict:** the twins have equally many weights. Which multiplies more for one picture, and by what factor?


# %%
def multiplications(model):
    """Products computed for one picture: each weight of a kernel once for every place it is applied."""
    own = [layer for layer in model.layers if isinstance(layer, (layers.Conv2D, layers.Dense))]
    # A dense layer has one place: the product of no numbers is 1.
    return sum(int(np.prod(layer.kernel.shape) * np.prod(layer.output.shape[1:-1], dtype=int)) for layer in own)


# %% tags=["nbval-check-output"]
strided, twin = build_all_conv(), build_all_conv(pooled=True)
for a, b in zip((x for x in strided.layers if x.count_params()), (x for x in twin.layers if x.count_params())):
    print(f"{type(a).__name__:18} {a.count_params():>9,} weights, output {a.output.shape[1:]!s:14} "
          f"twin {b.count_params():>9,}, {b.output.shape[1:]}")
work = [multiplications(network) / 1e6 for network in (strided, twin)]
print(f"products: strided {work[0]:.0f} million, pooling twin {work[1]:.0f} million, "
      f"{work[1] / work[0]:.1f} times as many")

# %% [markdown]
# The twin computes all the answers and then keeps one in four. That is what pooling costs. What does it buy?
#
# You also see that "all-convolutional" is a courtesy title here: two thirds of the weights sit in the dense layer. The
# network of Springenberg and others (2015), from whom the idea comes, has no dense layer: it ends in an average over
# each of its last feature maps.
#
# ## Side by side
#
# We train both twins with a quarter of the channels, on the first 2,000 pictures, from three seeds, and with Adam's
# default rate, as in the answer. (Tuned rates or more epochs might change the difference: this is a short start.) Twins
# of one seed start from the same weights and see the pictures in the same order.
#
# > **Predict:** will the same twin be ahead from every seed?

# %%
twins, right = ("pooling", "stride"), {}
for name in twins:
    small, right[name] = build_all_conv(width=24, pooled=name == "pooling"), {}
    small.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    for s in lesson.seeds(3):
        lesson.anew(small, s)  # as a new network with this seed, but compiled already
        few = {"epochs": lesson.epochs(20, reduced=5), "callbacks": lesson.callbacks(part=f"{name}, seed {s}")}
        small.fit(cifar.x_train[:2000], cifar.y_train[:2000], batch_size=64, verbose=0, **few)
        right[name][s] = small.evaluate(cifar.x_val, cifar.y_val, batch_size=500, verbose=0)[1]

# %%
found = evidence.compare(right["pooling"], right["stride"])
gaps, n = 100 * np.array(found.differences), found.n

# %%
drawn, axes = plots.figure(height=1.1 + 0.3 * n)
axes.axvline(0, color="black", linewidth=1)
axes.plot(gaps, range(n), "o", color=plots.COLOURS[0], markersize=8)
axes.errorbar(gaps.mean(), n, xerr=100 * (found.high - found.mean), fmt="D", color=plots.COLOURS[1], markersize=8)
axes.set_yticks(range(n + 1), [*(f"seed {s}" for s in found.seeds), "mean, 95 %"])
axes.set(xlabel="stride minus pooling, points of validation accuracy", ylim=(n + 0.5, -0.5))
drawn.suptitle(f"Of {n} seeds: stride ahead in {sum(gaps > 0)}, pooling in {sum(gaps < 0)}" + cifar.figure_suffix)
plots.show(drawn, "Stride minus pooling in points of validation accuracy, a dot for each seed: " + ", ".join(
    f"{gap:+.1f}" for gap in gaps) + ". Below them a diamond for the mean, with its interval.")

# %%
print(found.sentence("Stride, validation accuracy"))
if found.has_interval:
    print("To find a true difference of one point four times in five takes some "
          f"{evidence.seeds_needed(0.01, found.s)} seeds, if {found.n} judge the spread well (so few rarely do).")

# %% [markdown]
# Was the same twin ahead from every seed? The figure's title tells. Even three of three could be luck: so few seeds
# name no winner.
#
# Springenberg and others compared fully trained networks (their Table 3, model C, without augmentation).
# Mistakes in a hundred test pictures of CIFAR-10 (no intervals are given):
#
# | where the stride goes | pooling | stride |
# | --- | --- | --- |
# | into the convolution before, as here | 9.74 | 10.19 |
# | into an added convolution, which the pooling side gets, too | 9.31 | 9.08 |
#
# One pair speaks for pooling, the other for the stride: do not expect either to *win*. What a stride brings is
# simplicity (one kind of layer), fewer products, and a way of halving that is learned. (Fewer products need not mean
# less time; lesson 13 measures both.)
#
# ## Train the whole network
#
# Full width, all the training pictures of this mode, and the answer's setting: Adam as it comes, batches of 256.
# Reduced mode changes what it must: it has fewer pictures and epochs, and lesson 05's momentum of batch normalisation.

# %%
keras.utils.set_random_seed(seed)
model = build_all_conv()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    cifar.x_train, cifar.y_train, batch_size=256, epochs=lesson.epochs(50, reduced=5),
    validation_data=(cifar.x_val, cifar.y_val), callbacks=lesson.callbacks("The all-conv network"), verbose=0,
)

# %%
size, reached = len(cifar.x_train), history.history["val_accuracy"]
print(f"Validation accuracy {reached[-1]:.1%} after {len(reached) * math.ceil(size / 256):,} steps. In this mode "
      f"lesson 11's network takes {lesson.epochs(50, reduced=6) * math.ceil(size / 32):,}, in batches of 32; in full "
      f"mode this one takes {50 * math.ceil(45_000 / 256):,}.")
if (fall := -100 * min(np.diff(reached), default=0)) > 1:
    print(f"From one epoch to the next this accuracy fell by up to {fall:.1f} points, so a single one, the last "
          "included, says little. Harm done by overfitting would show in a fall that lasts.")

# %% [markdown]
# "Start from what is known to work" has small print: it is known to work *with its training*. Cut that short, as
# reduced mode does, and a comparison with lesson 11 shows how fast two networks set out, not where they arrive.
#
# ## What do its layers see?
#
# How much of the picture can one unit depend on? Touch the picture and watch. We invert one column of pixels at a time,
# and note which columns change the answer of a unit in the middle of each convolution's map. The windows are square, so
# the number of columns is the side of a square, the unit's **receptive field**.
#
# > **Predict:** how many pixels wide is it for each of the four convolutions?

# %%
convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
inside = keras.Model(model.inputs[0], [layer.output for layer in convolutions])
touched = np.repeat(255 * clean[None], 33, axis=0)  # 32 copies with a column inverted, and one as it is
touched[range(32), :, range(32)] = 255 - touched[range(32), :, range(32)]
maps = [ops.convert_to_numpy(ops.cast(found, "float32")) for found in inside(touched)]
fields = []
for found in maps:
    unit = found[:, found.shape[1] // 2, found.shape[2] // 2]  # all channels of the unit in the middle
    # From the left rim of the first pixel to the right rim of the last.
    fields.append(np.flatnonzero(np.abs(unit[:32] - unit[32]).max(axis=1) > 0)[[0, -1]] + [-0.5, 0.5])
sides = [int(last - first) for first, last in fields]
print("A unit in the middle sees", ", ".join(f"{side}" for side in sides), "pixels a side.")

# %%
drawn, axes = plots.figure(4, 6, height=4.4, subplot_kw={"xticks": [], "yticks": []})
for row, found in enumerate(maps):
    axes[row, 0].imshow(clean)
    axes[row, 0].plot(fields[row][[0, 1, 1, 0, 0]], fields[row][[0, 0, 1, 1, 0]], color=plots.COLOURS[1], linewidth=2)
    axes[row, 0].set_title(f"it sees {sides[row]} x {sides[row]}", fontsize=9)
    for axis, channel in zip(axes[row, 1:], np.argsort(-found[32].std(axis=(0, 1)))[:5]):
        axis.imshow(found[32, ..., channel], cmap="gray")
    axes[row, 3].set_title(f"five of {found.shape[3]} maps, {found.shape[1]} x {found.shape[2]}", fontsize=9)
for axis in axes.flat:
    axis.spines[:].set(visible=True, color="#999999")  # or a white sky would have no end
drawn.suptitle("Layer by layer: fewer places, and each sees more of the picture" + cifar.figure_suffix, fontsize=11)
plots.show(drawn, "For each of four convolutions a car with a square on it, the receptive field of a unit in the "
           f"middle, of {', '.join(map(str, sides))} pixels a side, and five feature maps, from outlines at nearly "
           "full size to coarse patches, five by five.", gradations=True)

# %% [markdown]
# You see the five maps of each layer that vary most on this picture, each from its own darkest to its own brightest.
# The first still look like the picture. In the last, each of the five by five places may be read as saying
# "something of this kind is about here". None of these units sees the whole picture. The dense layer puts the patches
# together: each of its units has a weight for every place of every map, hence so many. (An average over each map needs
# none.)
#
# How do four windows of three pixels come to see so much? Below, each row of dots is one row of a map, every unit above
# the middle of what it sees. Lines lead from one unit of the last map down to the three that it reads, from these to
# theirs, and on to the pixels: on the left in our network, on the right in one without longer steps.

# %%
drawn, axes = plots.figure(1, 2, height=2.8, sharey=True)
for axis, strides in zip(axes, ((1, 2, 1, 2), (1, 1, 1, 1))):
    apart = np.cumprod([1, *strides])  # from one dot to the next, in pixels, row by row
    for y, (step, first) in enumerate(zip(apart, np.cumsum([0, *apart[:-1]]))):
        axis.plot(row := np.arange(first, 32 - first, step), [y] * len(row), "o", color="#bbbbbb", markersize=2)
    seen = {row[len(row) // 2]}  # a unit in the middle of the last map
    for y, step in zip((4, 3, 2, 1), apart[-2::-1]):
        for x, by in [(x, by) for x in seen for by in (-step, 0, step)]:  # each unit reads three
            axis.plot([x, x + by], [y, y - 1], "o-", color=plots.COLOURS[1], markersize=3, linewidth=0.7)
        seen = {x + by for x in seen for by in (-step, 0, step)}
    axis.set(title=f"strides {', '.join(map(str, strides))}: {len(seen)} columns", xlabel="column of the picture")
axes[0].set_yticks(range(5), ["pixels", *(f"convolution {n}" for n in (1, 2, 3, 4))])
drawn.suptitle("Each unit reads three of the row below; a stride of 2 sets these further apart", fontsize=11)
plots.show(drawn, "Rows of dots, from the pixels up to the fourth convolution. Lines fan out from one unit at the top "
           "to the columns that it sees. Left, with two strides of 2, dots lie further apart and the fan is wider.")

# %% [markdown]
# A stride leaves out units of the layer that strides, which itself still reads three neighbours. The units that remain
# lie further apart, so three of them span more for the layer above. Exercise 2 asks for the rule.
#
# ## Your curve and the published one
#
# The answer shows its curve. Here are its accuracies at three epochs, beside yours if yours come from the same
# photographs. An epoch shows the answer's network 50,000 photographs, and yours in reduced mode a fifth of that; so the
# axis counts the photographs shown, on a logarithmic scale.

# %%
# Thousand photographs shown, in 1, 25 and 50 epochs: training, validation accuracy in %. None where yours are no
# photographs of CIFAR-10.
published = {} if cifar.is_fallback else {50: (41.5, 46.7), 1250: (88.6, 76.8), 2500: (93.3, 77.5)}
shown = np.arange(1, len(history.epoch) + 1) * size / 1000

# %%
drawn, axes = plots.figure(height=3.4)
for column, (key, name, look) in enumerate((("accuracy", "training", "--s"), ("val_accuracy", "validation", "-o"))):
    axes.plot(shown, [100 * a for a in history.history[key]], look, color=plots.COLOURS[0], label=f"yours, {name}")
    axes.plot([*published], [both[column] for both in published.values()], look[-1], markersize=9,
              color="#666666", markerfacecolor="white", label=f"published, {name}")
axes.set(xscale="log", xlabel="photographs shown, thousand", ylabel="accuracy, %", xlim=(None, 5000))
for thousands, both in published.items():
    axes.plot([thousands] * 2, both, color="#666666", linewidth=1, zorder=0)
    axes.text(1.12 * thousands, sum(both) / 2, f"{both[0] - both[1]:+.1f}", va="center", fontsize=9)
axes.set_xticks([10, 50, 250, 1250, 2500], ["10", "50", "250", "1,250", "2,500"])
axes.minorticks_off()
axes.legend(frameon=False, fontsize=9)
drawn.suptitle("Published: the gap (in points) opens" if published else "Your curves" + cifar.figure_suffix, size=11)
plots.show(drawn, "Training and validation accuracy against photographs shown, on a logarithmic scale. Published: "
           + "; ".join(f"{one} and {two} % after {n:,} thousand" for n, (one, two) in published.items())
           + f". Yours at the end: {history.history['accuracy'][-1]:.1%} and {reached[-1]:.1%}.")

# %% [markdown]
# In reduced mode both curves have a point at 50 thousand. Do not compare the two: your network has met each of its
# pictures five times, theirs each once. Batch normalisation's momentum and perhaps the copy of the
# pictures differ, too, and each is one run.
#
# The published gap, training minus validation, is negative at first. Dropout handicaps the training figure (lesson 11),
# which is also an average over an epoch of learning. Then the gap opens. In the second half of the published training
# it grows by four points, and yet the validation accuracy does not fall (76.8, later 77.5): a gap need not do harm
# (lesson 01). But those are two single epochs of one run; and what training on has gained, if anything, is little.
# **What would you do about it?** Note your ideas; lesson 14 tries some of the usual ones, one by one.
#
# ## Is your number normal?
#
# Nothing was chosen by looking at results. So the test set may be opened, once, for the figure that stands beside the
# answer's.

# %%
test = lesson.final_test(model)
record = lesson.record(model, "all_conv", history=history, test=test, batch_size=256)
lesson.expect(record)
known = evidence.reference_runs("all_conv", "", lesson.mode, cifar.label, metric="test_accuracy")
for _, run in known[known["seed"] == seed].iterrows():
    print(f"The reference run of this seed reached {run['test_accuracy']:.2%}, on {run['hardware']}; yours ran on "
          f"{lesson.machine.hardware}. Hardware, software, the order of sums: one run cannot say what parts them.")

# %% [markdown]
# By chance alone one run in twenty lies outside such a range. Two runs of one seed may differ, too, though they start
# from the same weights: another machine, or other versions of the libraries, may add up in another order, and training
# magnifies the difference, in a short training perhaps to points of accuracy.

# %%
from itertools import product

lesson.progress(record)
for when, name in product(dict.fromkeys((lesson.mode, "full")), ("dropout_cnn", "all_conv")):
    runs = evidence.reference_runs(name, "", when, cifar.label)["val_accuracy"]
    known = f"{runs.mean():.1%} on validation, {len(runs)} run(s)" if len(runs) else "not yet measured"
    print(f"{when} mode, {name:11}: {known}")

# %% [markdown]
# A step back, or forward? The two networks take very different numbers of steps. Lines of reduced mode, where printed,
# say how fast they set out, those of full mode where they arrive. (Single runs rank nothing; and the answer's network
# learned from 50,000 original photographs, full mode from 45,000.)
#
# ## Exercise 1: how large is the output?
#
# > A side of `n` pixels, a window of `k`, a stride of `s`, no padding: at how many places does the window fit?


# %%
def places(n, k, s):
    ...


# %% tags=["nbval-check-output"]
lesson.check_places(places)

# %% [markdown]
# ## Exercise 2: how far does a unit see?
#
# > Compute the side of the receptive field for a stack of convolutions, given as a list of pairs (window, stride) from
# > the first layer to the last. The network above is `[(3, 1), (3, 2), (3, 1), (3, 2)]`, and you have measured what
# > must come out for its four layers. A hint: two neighbouring units of a layer look at squares whose distance is the
# > product of all the strides so far.


# %%
def receptive_field(stack):
    ...


# %% tags=["nbval-check-output"]
lesson.check_receptive_field(receptive_field)

# %% [markdown]
# Solutions: [solutions/12_all_conv.ipynb](solutions/12_all_conv.ipynb).
#
# ## What to take away
#
# * A strided convolution is the ordinary one, computed at every $s$-th place only. It halves a feature map with weights
#   that are learned, at a fraction of the work of convolving everywhere and pooling afterwards.
# * Layer by layer a unit sees more of the picture, and every stride makes all later windows reach further.
# * Start from an architecture that is known to work, *with* its training. The gap between training and validation is a
#   curve and not a number: in the published run it starts below zero and opens, and by itself it proves no harm.
#
# All this took its time. Must a network be that large? [Lesson 13](13_small_all_conv.ipynb) asks what an accuracy
# costs.
#
# ## Sources
#
# * An answer on Cross Validated to the question how to fight overfitting on CIFAR-10: the network, its training and the
#   published curve.
# * J. T. Springenberg, A. Dosovitskiy, T. Brox and M. Riedmiller, *Striving for simplicity: the all convolutional
#   net*, 2015.
# * R. Zhang, *Making convolutional networks shift-invariant again*, 2019: what halving does to a moved picture.
# * V. Dumoulin and F. Visin, *A guide to convolution arithmetic for deep learning*, 2016: output sizes.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Let the group guess the twins' products before the cell runs; many believe that pooling saves
# work, since it makes the maps smaller. It does, for the layers behind it; the convolution in front of it pays. While
# the whole network trains, let the group draw which pixels a unit of the second convolution sees, before the figure
# with the dots shows it. Likely wrong answers: in exercise 1 rounding up, or forgetting the first place; in exercise 2
# adding the windows, or multiplying by the stride of the layer itself in place of the strides before it.
