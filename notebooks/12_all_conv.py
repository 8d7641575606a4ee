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
# Somebody asked there how to fight overfitting on CIFAR-10. The answer begins with advice that has nothing to do with
# overfitting: *start from something that is known to work.* Its author took a published idea, a network that consists
# of convolutions nearly all the way, left every setting at its default, and got 77 % (the article's figure). What is in
# that network?

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
# The networks of lessons 02 and 11 halve height and width by max-pooling: of each $2 \times 2$ block it keeps the largest
# answer. Two things come of that. The next layers have a quarter of the work, and each of their windows reaches twice
# as far across the picture. Neither asks for a *maximum*. Is there a way to halve a feature map that is learned?
#
# A convolution with **stride** $s$ moves its window on by $s$ pixels in place of one:
#
# $$y_{i,j} = b + \sum_{u=0}^{k-1} \sum_{v=0}^{k-1} w_{u,v} \, x_{s i + u,\; s j + v} .$$
#
# Here it is at work, with stride 2 and without a rim of zeros, on a photograph in grey. In JupyterLab, move the slider,
# and watch by how much the window jumps and how large the picture of its answers will become.

# %%
import math

import keras
import numpy as np
from keras import layers, ops

cars = cifar.x_train[cifar.y_train == 1].astype("float32") / 255
rim = np.concatenate([cars[:, :3].reshape(len(cars), -1), cars[:, :, [0, 1, -2, -1]].reshape(len(cars), -1)], axis=1)
middle = np.abs(np.diff(cars[:, 6:26, 4:28].mean(axis=-1))).mean(axis=(1, 2))
clean = cars[np.argmax(middle / (rim.std(axis=1) + 0.05))]  # much to see in the middle, an even background
grey = clean[None].mean(axis=-1, keepdims=True)  # shape (1, 32, 32, 1)
left_to_right = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype="float32")


def at(place):
    title = f"Stride 2: place {place} of 225" + cifar.figure_suffix
    return plots.window_figure(grey[0, ..., 0], left_to_right, place - 1, stride=2, title=title)


# %%
widgets.slide(at, range(1, 226), "place", start=127)

# %% [markdown]
# By two pixels, and 15 x 15 answers where a stride of 1 gives 30 x 30. Compare the formula with that of lesson 02. (It
# counts from the window's corner and not from its middle; apart from that only the $s$ is new.)
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
# The ordinary convolution, of which only every second row and column is computed: three quarters of the answers are
# thrown away *before* anybody has worked for them. Along a side of $n$ pixels the window of $k$ fits at the starts
# $0, s, 2s, \dots$ up to $n - k$. How many are these? That is exercise 1.
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
drawn, axes = plots.figure(1, 5, height=1.9)
for axis, (name, values) in zip(axes, {"the picture": grey[0, ..., 0], **halves}.items()):
    axis.imshow(values, cmap="PuOr" if name == "edges" else "gray", vmin=-1 if name == "edges" else 0, vmax=1)
    axis.set_title(f"{name}\n{values.shape[0]} x {values.shape[1]}", fontsize=9)
    axis.axis("off")
drawn.suptitle("Four ways to halve a picture" + cifar.figure_suffix, fontsize=11)
plots.show(drawn, "A car in grey and four versions of half the size: every second pixel, ragged; averages, soft; "
           "maxima, brighter; and edges, where orange is darker to the right and purple brighter.", gradations=True)

# %% tags=["nbval-check-output"]
other = grey[:, ::-1].copy()  # a second picture: the same upside down
for name, halve in halvings.items():
    one, two, sum_of_both = (ops.convert_to_numpy(halve(x)) for x in (grey, other, grey + other))
    print(f"{name:12} of a sum is the sum of two:", np.allclose(sum_of_both, one + two, atol=1e-5))

# %% [markdown]
# A convolution is a weighted sum, and so it must treat a sum of two pictures as the sum of both. Three of the four do:
# "every second" has the weights 1, 0, 0, 0, "averages" four quarters. The maximum is the odd one out. On the other hand
# no pooling can answer to an edge. A strided convolution *may learn* to average, to pick or to look for edges, whichever
# helps.
#
# ## The network, and its pooling twin
#
# Two pairs of convolutions, the second of each pair with stride 2; dropout after each pair; then the features are
# flattened, batch-normalised (lesson 05), and read by one dense layer. No padding: the maps shrink a little at the rim
# in every layer.
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
# > **Predict:** equal weights, but which of the two has more to multiply for one picture, and how many times as much?


# %%
def multiplications(model):
    """Products computed for one picture: each weight of a kernel once for every place it is applied."""
    count = 0
    for layer in model.layers:
        if isinstance(layer, (layers.Conv2D, layers.Dense)):
            places = np.prod(layer.output.shape[1:-1], dtype=int)  # 1 for a dense layer
            count += int(places) * int(np.prod(layer.kernel.shape))
    return count


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
# network of Springenberg and others (2015), from whom the idea comes, really has none. It ends in an average over each
# of its last feature maps.
#
# ## Side by side
#
# Pooling is said to make a network mind less *where exactly* something is. Both twins with a quarter of the channels, on
# the first 2,000 pictures, from three seeds. We ask two questions: how often each is right, and how often it changes
# its mind when a picture moves by a single pixel.
#
# > **Predict:** which twin is ahead after these few epochs? And which changes its mind more often?


# %%
def train(model, count, epochs, batch_size, title=None):
    """Train on the first `count` training pictures."""
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(
        cifar.x_train[:count], cifar.y_train[:count], batch_size=batch_size, epochs=epochs,
        validation_data=(cifar.x_val, cifar.y_val), callbacks=lesson.callbacks(title), verbose=0,
    )


# %%
twins = ("pooling", "stride")
right, changed = ({name: {} for name in twins} for _ in range(2))
for s in lesson.seeds(3):
    for name in twins:
        keras.utils.set_random_seed(s)
        small = build_all_conv(width=24, pooled=name == "pooling")
        run = train(small, 2000, lesson.epochs(20, reduced=5), batch_size=64).history
        right[name][s] = run["val_accuracy"][-1]
        # What leaves the picture on one side comes back on the other.
        before, after = (small.predict(np.roll(cifar.x_val, by, axis=2), verbose=0).argmax(axis=1) for by in (0, 1))
        changed[name][s] = float((before != after).mean())

# %%
drawn, axes = plots.figure(1, 2, height=2.8)
for axis, (title, found) in zip(axes, {"validation accuracy, %": right, "answers that change, %": changed}.items()):
    for marker, s in zip("os^", lesson.seeds(3)):
        axis.plot(twins, [100 * found[name][s] for name in twins],
                  marker=marker, color=plots.COLOURS[0], label=f"seed {s}")
    axis.set(title=title, xlim=(-0.3, 1.3))
axes[0].legend(frameon=False, fontsize=9)
drawn.suptitle("Twins of equal weight: how often right, how easily moved" + cifar.figure_suffix, fontsize=11)
plots.show(drawn, "Two panels, a line for each seed from the pooling twin to the strided one: validation accuracy, "
           "and the share of answers that change when the picture moves by a pixel.")

# %%
for what, found, better in (("validation accuracy", right, True), ("answers that change", changed, False)):
    print(evidence.compare(found["pooling"], found["stride"], higher_is_better=better).sentence(f"Stride, {what}"))

# %% [markdown]
# Three seeds and few pictures decide neither question: see how wide the intervals are.
# Springenberg and others compared fully trained networks. With the stride moved into the convolution before, as here,
# they lost a little; with a strided convolution added in pooling's place they lost nothing. So do not expect a stride to
# *win*. What it brings is simplicity (one kind of layer), fewer products, and a way of halving that is learned. (Fewer
# products need not mean less time; lesson 13 measures both.)
#
# ## Train the whole network
#
# Full width, all the training pictures of this mode, and the answer's setting: Adam as it comes, batches of 256.

# %%
keras.utils.set_random_seed(seed)
model = build_all_conv()
history = train(model, len(cifar.x_train), lesson.epochs(50, reduced=5), batch_size=256, title="The all-conv network")

# %%
size, reached = len(cifar.x_train), history.history["val_accuracy"][-1]
steps = len(history.epoch) * math.ceil(size / 256)
theirs = lesson.epochs(50, reduced=6) * math.ceil(size / 32)  # lesson 11's network has batches of 32
print(f"Validation accuracy {reached:.1%} after {steps:,} steps. In this mode lesson 11's network, with its small "
      f"batches, takes {theirs:,}; in full mode this one takes {50 * math.ceil(45_000 / 256):,}.")
for name in ("dropout_cnn", "all_conv"):
    known = evidence.reference_runs(name, "", "full", cifar.label)["val_accuracy"]
    print(f"full mode, {name:11}: " + (f"validation accuracy {known.mean():.1%}, {len(known)} run(s)" if len(known)
                                       else "not yet measured"))

# %% [markdown]
# "Start from what is known to work" has small print: it is known to work *with its training*. Cut the training short,
# and you compare how fast two networks set out, and not where they arrive.
#
# ## Your curve and the published one
#
# The answer shows its curve, of which we have the accuracies at three epochs. Here they are beside yours, if yours come
# from the same photographs; the scale of epochs is logarithmic, so that the first ones can be seen.

# %%
published = {1: (41.5, 46.7), 25: (88.6, 76.8), 50: (93.3, 77.5)}  # epoch: training, validation accuracy in %
if cifar.is_fallback:
    published = {}  # nothing to compare with where the pictures are others
epochs = np.arange(1, len(history.epoch) + 1)
kinds, names = {"accuracy": 0, "val_accuracy": 1}, ("training", "validation")

# %%
drawn, axes = plots.figure(height=3.4)
for (key, column), dashes, marker in zip(kinds.items(), ("--", "-"), "so"):
    axes.plot(epochs, [100 * a for a in history.history[key]], dashes, marker=marker, color=plots.COLOURS[0],
              label=f"yours, {names[column]}")
    axes.plot([*published], [both[column] for both in published.values()], marker, markersize=9, color="#666666",
              markerfacecolor="white", label=f"published, {names[column]}")
axes.set(xscale="log", xlabel="epoch", ylabel="accuracy, %")
axes.set_xticks([1, 2, 5, 10, 25, 50], [1, 2, 5, 10, 25, 50])
axes.minorticks_off()
axes.grid(alpha=0.25)
axes.legend(frameon=False, fontsize=9)
drawn.suptitle("Training (squares) begins below validation (circles) and passes it" + cifar.figure_suffix, fontsize=11)
plots.show(drawn, "Training and validation accuracy against epoch on a logarithmic scale, yours beside three published "
           "points: at first validation is above training, after 25 and 50 epochs far below it.")

# %%
for epoch, (on_training, on_validation) in published.items():
    print(f"published, epoch {epoch:2}: training {on_training:.1f} %, validation {on_validation:.1f} %, "
          f"gap {on_training - on_validation:+5.1f} points")
for epoch in sorted({1, len(epochs)}):
    on_training, on_validation = (100 * history.history[key][epoch - 1] for key in ("accuracy", "val_accuracy"))
    print(f"yours,     epoch {epoch:2}: training {on_training:.1f} %, validation {on_validation:.1f} %, "
          f"gap {on_training - on_validation:+5.1f} points")

# %% [markdown]
# At first the gap is negative: dropout handicaps the training figure (lesson 11), which is an average over an epoch of
# learning besides. Then it opens. In the second half of the published training the gap grows by four points, and yet the
# validation accuracy still gains a little: the gap alone is no harm (lesson 01). But it says that there is little left
# to gain in this way. Three points of one run say no more than that. **What would you do about it?** Note your ideas;
# lesson 14 tries them one by one.
#
# ## What do its layers see?
#
# How much of the picture can one unit depend on? Touch the picture and watch. We invert one column of pixels at a time,
# and note for a unit in the middle of each convolution's map which columns move it. For rows it is the same, since the
# windows are square. So the columns give the side of a square, the unit's **receptive field**.
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
    fields.append(np.flatnonzero(np.abs(unit[:32] - unit[32]).max(axis=1) > 0)[[0, -1]])
sides = [int(last - first) + 1 for first, last in fields]
print("A unit in the middle sees", ", ".join(f"{side}" for side in sides), "pixels a side.")

# %%
drawn, axes = plots.figure(4, 6, height=4.4)
for row, found in enumerate(maps):
    axes[row, 0].imshow(clean)
    axes[row, 0].plot(fields[row][[0, 1, 1, 0, 0]] + [-0.5, 0.5, 0.5, -0.5, -0.5],
                      fields[row][[0, 0, 1, 1, 0]] + [-0.5, -0.5, 0.5, 0.5, -0.5], color=plots.COLOURS[1], linewidth=2)
    axes[row, 0].set_title(f"it sees {sides[row]} x {sides[row]}", fontsize=9)
    for axis, channel in zip(axes[row, 1:], np.argsort(-found[32].std(axis=(0, 1)))[:5]):
        axis.imshow(found[32, ..., channel], cmap="gray")
    axes[row, 3].set_title(f"{found.shape[1]} x {found.shape[2]}, {found.shape[3]} maps", fontsize=9)
for axis in axes.flat:
    axis.axis("off")
drawn.suptitle("Layer by layer: fewer places, and each sees more of the picture" + cifar.figure_suffix, fontsize=11)
plots.show(drawn, "For each of four convolutions a car with a square on it, the receptive field of a unit in the "
           f"middle, of {', '.join(map(str, sides))} pixels a side, and five feature maps, from outlines at nearly "
           "full size to coarse patches, five by five.", gradations=True)

# %% [markdown]
# The first maps still look like a car. In the last ones, each of the five by five places says "something of this kind is
# about here", and has seen a patch of the car to say so. No unit of a convolution sees the whole of it: putting the
# patches together is left to the dense layer, and that is one reason why it needs so many weights. And how do four
# windows of three pixels come to see as much as they do? That is exercise 2.
#
# ## Is your number normal?
#
# Nothing was chosen by looking at results; the network and its training are the answer's. So the test set may be opened,
# once, for the figure that stands beside the article's.

# %%
test = lesson.final_test(model)
record = lesson.record(model, "all_conv", history=history, test=test, batch_size=256)
lesson.expect(record)

# %%
lesson.progress(record)

# %% [markdown]
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
# > the first layer to the last. The network above is `[(3, 1), (3, 2), (3, 1), (3, 2)]`, and you have measured what must
# > come out for its four layers. A hint: two neighbouring units of a layer look at squares whose distance is the product
# > of all the strides so far.


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
# * Start from an architecture that is known to work, *with* its training. Its gap is a curve and not a number: it starts
#   below zero, opens, and is not by itself a harm.
#
# All this took its time. Must a network be that large? [Lesson 13](13_small_all_conv.ipynb) asks what an accuracy costs.
#
# ## Sources
#
# * An answer on Cross Validated to the question how to fight overfitting on CIFAR-10: the network, its training and the
#   published curve.
# * J. T. Springenberg, A. Dosovitskiy, T. Brox and M. Riedmiller, *Striving for simplicity: the all convolutional
#   net*, 2015.
# * V. Dumoulin and F. Visin, *A guide to convolution arithmetic for deep learning*, 2016: output sizes.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Let the group guess the twins' products before the cell runs; many believe that pooling saves
# work, since it makes the maps smaller. It does, for the layers behind it; the convolution in front of it pays. While
# the whole network trains, draw the receptive field of two stacked convolutions on the board: exercise 2 is hard
# without a picture. Usual wrong answers: in exercise 1 rounding up, or forgetting the first place; in exercise 2 adding
# the windows, or multiplying by the stride of the layer itself in place of the strides before it.
