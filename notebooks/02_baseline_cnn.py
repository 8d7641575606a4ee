# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A network that knows what a neighbour is
#
# **Goal:** build the baseline of this course, a small convolutional neural network (CNN), and see *why* it beats the
# multilayer perceptron of lesson 01.
#
# Lesson 01 made an odd discovery: shuffle the pixels of every digit in the same way, and a perceptron learns as
# well as before. It never used the fact that a digit is a *picture*, in which neighbouring pixels belong together.
# What would a network look like that starts from that fact? And if we took the fact away again, would it notice?

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots, widgets

lesson = Lesson("02_baseline_cnn", mode=mode, seed=seed)
mnist = lesson.load("mnist")  # x_train, y_train, x_val, y_val; the test set stays sealed

# %% [markdown]
# ## One small window, moved everywhere
#
# A **convolution** looks at an image through a window of, say, $3 \times 3$ pixels. It multiplies what it sees by nine
# weights $w$ (the **kernel**), adds the products up, writes the sum down, moves one pixel on, and does it again with
# *the same nine weights*:
#
# $$y_{i,j} = b + \sum_{r=-1}^{1} \sum_{c=-1}^{1} w_{r,c} \, x_{i+r,\,j+c}.$$
#
# Here $x$ is the image, $y$ the answers, and $b$ a bias as in lesson 01. (Strictly, this is a cross-correlation;
# networks call it convolution.) Before any learning, let us choose the nine weights by hand: the left column negative,
# the right column positive, and $b = 0$.
#
# > **Predict:** what does this kernel answer where the image is evenly black, or evenly white? And at an edge, where
# > black turns to white from left to right, or white to black?

# %%
import keras
import numpy as np
from keras import layers, ops

left_to_right = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype="float32")
views = {"evenly black": [0, 0, 0], "evenly white": [1, 1, 1],
         "black to white": [0, 0, 1], "white to black": [1, 0, 0]}

# %% tags=["nbval-check-output"]
for name, row in views.items():
    print(f"{name:14}  {(np.array([row] * 3) * left_to_right).sum():g}")

# %% [markdown]
# Where the image is even, left and right cancel. At an edge they do not, and the sign says which way it turns. Here is
# the kernel at work on a seven. In JupyterLab, move the slider: the window goes along a row, one pixel at a time, then
# on to the next row. Its answers form a new picture, the **feature map**. It is as large as the old one, because the
# window may hang over the border: a rim of zeros (outside the dotted line) is laid around the image. Keras calls this
# **padding** "same".

# %%
seven = mnist.x_train[np.flatnonzero(mnist.y_train == 7)[1]].astype("float32") / 255
sums = ops.convert_to_numpy(ops.conv(seven[None], left_to_right[..., None, None], padding="same"))
strongest = 14 * 28 + int(sums[0, 14:].argmax())  # of the lower half: there the figure starts


def at(step):
    title = f"Place {step + 1} of 784: nine weights meet nine pixels (purple +, orange −)" + mnist.figure_suffix
    return plots.window_figure(seven[..., 0], left_to_right, step, padding=1, title=title)


# %%
widgets.slide(at, range(784), "place", start=strongest)

# %% [markdown]
# Purple marks a left edge of a stroke, orange a right edge; grey places are still to come. Nine weights find such edges
# *wherever they stand*. A dense layer would have to learn "left edge at the top" and "left edge in the middle"
# separately, from separate examples.
#
# ## Channels are summed
#
# One kernel asks one question. A convolutional layer has many, 32 in our network, and their feature maps lie behind
# each other as the **channels** of its output. What does the *next* layer do with 32 channels? Its window reaches
# through all of them: for each channel $k$ it has nine weights of its own, and all products go into one sum,
#
# $$y_{i,j} = b + \sum_k \sum_{r=-1}^{1} \sum_{c=-1}^{1} w_{r,c,k} \, x_{i+r,\,j+c,\,k}.$$
#
# This is where layers begin to say "this *and* that", which the ten templates of lesson 01 could not. Take two
# channels: left edges, and upper edges (the same kernel, turned). ReLU has cut both at zero, so that right and lower
# edges are gone. Now average each channel over a $3 \times 3$ window, add the two averages, and let the bias take off
# 2.7. ReLU cuts what is negative once more, and only places with *both* are left. Why 2.7? A full edge answers 4 on
# both of its sides, so it fills two of the window's three columns (or rows): their average is $6 \cdot 4 / 9 = 8/3$.
# One channel alone never reaches 2.7.
#
# > **Predict:** which parts of the seven will be left?

# %%
kernels = np.stack([left_to_right, left_to_right.T], axis=-1)[:, :, None, :]  # (3, 3, 1 channel in, 2 out)
window = np.full((3, 3, 2, 1), 1 / 9, "float32")  # 2 channels in, 1 out
two = ops.relu(ops.conv(seven[None], kernels, padding="same"))


def summed(channels):
    return ops.relu(ops.conv(channels, window, padding="same") - 2.7)


both = summed(two)
pooled = ops.max_pool(both, 2)

# %%
steps = {"the digit": seven, "left edges": two[0, ..., :1], "upper edges": two[0, ..., 1:], "summed, - 2.7": both[0],
         "max-pooled": pooled[0]}
drawn, axes = plots.figure(1, 5, height=1.9)
for axis, (name, values) in zip(axes, steps.items()):
    axis.imshow(ops.convert_to_numpy(values)[..., 0], cmap="gray", vmin=0)
    axis.set_title(f"{name}\n{values.shape[0]} x {values.shape[1]}", fontsize=9)
    axis.axis("off")
drawn.suptitle("Two channels, summed, keep what is a left and an upper edge at once" + mnist.figure_suffix, fontsize=11)
plots.show(drawn, "A seven; its left edges; its upper edges; their sum, in which only places with both edges are left; "
           "and the same at half the height and width.")

# %%
for name, heard in (("left edges alone", [1, 0]), ("upper edges alone", [0, 1]), ("both", [1, 1])):
    left_over = ops.convert_to_numpy(summed(two * np.array(heard, "float32"))) > 0
    print(f"{name:17} leave {left_over.sum():3} of 784 places above zero")

# %% [markdown]
# A stroke that rises to the right has a left edge and an upper edge at once, and so have corners at the upper left.
# (Each picture is scaled to its own brightest place.) One layer found edges, two layers find slants and corners, and we
# drew no picture of a slant, only nine weights for edges and a sum. A network has to learn even those; below we shall
# see what training makes of its first layer.
#
# The last picture is **max-pooling**. It keeps the strongest answer of each $2 \times 2$ block, so height and width are
# halved, the next layer has a quarter of the places to read, and where *exactly* a stroke was matters a little less.
#
# What did we build in? **Locality**: each answer depends on its neighbourhood alone. **Shared weights**: the same
# kernel everywhere. From the second follows **equivariance**: move the digit, and its feature map moves along.

# %% tags=["nbval-check-output"]
moved = np.roll(seven, 3, axis=1)[None]  # by three pixels
its_map = ops.convert_to_numpy(ops.conv(moved, left_to_right[..., None, None], padding="same"))
inside = slice(4, -1)  # without the columns that the border or the roll has touched
same = np.allclose(its_map[:, :, inside], np.roll(sums, 3, axis=2)[:, :, inside], atol=1e-5)
print("the map of the moved digit is the moved map:", same)

# %% [markdown]
# ## The baseline network
#
# This is the network that the article tunes, and the yardstick for everything in lessons 03 to 09. It has two
# convolutions, pooling, and a dense layer that reads all that was found. New in it is **dropout**: in each training
# step it switches off a random part of the units, so that none can rely on a single other one; lesson 11 takes it
# apart. The article drops half of the hidden units, as dropout's inventors advise, and a quarter of the values in the
# pooled maps. (The inventors, too, were gentler near the input: of the pixels they dropped a smaller share. Neither
# share is tuned here.)
#
# > **Predict:** which of its layers holds the most weights, and what share of them all?


# %%
def build_baseline():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ],
        name="baseline_cnn",
    )


model = build_baseline()

# %% tags=["nbval-check-output"]
for layer in model.layers:
    if layer.count_params():
        share = layer.count_params() / model.count_params()
        print(f"{type(layer).__name__:8} {layer.count_params():>8,} weights, {share:6.2%}, "
              f"output {layer.output.shape[1:]}")
print(f"in all   {model.count_params():>8,} weights")

# %% [markdown]
# The two layers that do the seeing hold little more than a hundredth of the weights. Nearly everything sits in the one
# dense layer that reads the flattened feature maps: each of its 128 units has a weight for every place in every map.
# Keep that in mind.
#
# ## Train it

# %%
born = [ops.convert_to_numpy(w) for w in model.layers[1].weights]  # the first kernels and biases before training
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
options = {"batch_size": 128, "epochs": lesson.epochs(12), "verbose": 0, "validation_data": (mnist.x_val, mnist.y_val)}
history = model.fit(
    mnist.x_train, mnist.y_train, **options,
    callbacks=lesson.callbacks("The baseline CNN: trained with dropout on, validated with it off"),
)

# %%
on_training, on_val = (np.array(history.history[key]) for key in ("accuracy", "val_accuracy"))
dropout_off = model.evaluate(mnist.x_train, mnist.y_train, verbose=0)[1]
print(f"In {(on_val > on_training).sum()} of {len(on_val)} epochs the validation accuracy is above the training one.")
print(f"Accuracy on the training digits: {on_training[-1]:.2%} as fit reports it, {dropout_off:.2%} with dropout off; "
      f"on the validation digits {on_val[-1]:.2%}.")

# %% [markdown]
# Better on new digits than on those it was trained on? No: the two lines are measured differently. Dropout handicaps
# the network while it trains and is switched off when it is validated. (And the training figure is an average over an
# epoch.) With dropout off, the training digits are ahead, as usual. So read the gap between the two lines with care,
# and compare networks by validation figures.
#
# ## Does it know what a neighbour is?
#
# Now the experiment of lesson 01 on this network: shuffle the pixels, in the same way in every image. Every pixel value
# is still there; only the neighbourhoods are gone.
#
# > **Predict:** will the validation accuracy stay, drop a little, or fall to chance? And will it end above or below
# > that of a perceptron, to which the order of the pixels means nothing?
#
# The perceptron gets as many epochs as the CNN, fewer than in lesson 01. That, and dropout, may flatter the CNN's
# lead; the figure at the end compares the two at their own lengths.


# %%
def shuffle_pixels(images):
    order = np.random.default_rng(0).permutation(28 * 28)
    return images.reshape(len(images), -1)[:, order].reshape(images.shape)


keras.utils.set_random_seed(seed)
shuffled_model = build_baseline()
shuffled_model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
shuffled_options = options | {"validation_data": (shuffle_pixels(mnist.x_val), mnist.y_val)}
shuffled_history = shuffled_model.fit(
    shuffle_pixels(mnist.x_train), mnist.y_train, callbacks=lesson.callbacks(), **shuffled_options
)

# %%
from course_utils import models

keras.utils.set_random_seed(seed)
perceptron = models.build_mlp()
perceptron.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
dense_history = perceptron.fit(mnist.x_train, mnist.y_train, callbacks=lesson.callbacks(), **options)

# %%
runs = {"CNN, pixels in place": history, "CNN, pixels shuffled": shuffled_history, "perceptron": dense_history}
on_new = {name: [100 * a for a in run.history["val_accuracy"]] for name, run in runs.items()}
lowest = min(min(line) for line in on_new.values())
in_place, shuffled, dense = (line[-1] for line in on_new.values())
ends = f"On new digits: CNN {in_place:.1f}% in place, {shuffled:.1f}% shuffled; perceptron {dense:.1f}%"
plots.panels(
    {"validation accuracy, %": on_new}, title=ends + mnist.figure_suffix, x="epoch",
    limits={"validation accuracy, %": (lowest - 2, 100)},
    alt="Validation accuracy against epoch for the baseline CNN on normal and on pixel-shuffled digits, and for the "
    f"perceptron. {ends}.",
)

# %%
from itertools import combinations


def right(network, images):
    return network.predict(images, verbose=0).argmax(axis=1) == mnist.y_val


def compare(one, other):
    ours, theirs = (knows[one] & ~knows[other]).sum(), (knows[other] & ~knows[one]).sum()
    luck = 2 * np.sqrt(ours + theirs)
    print(f"{one} against {other}: {ours} to {theirs}, {abs(ours - theirs)} apart; luck allows {luck:.0f}")


knows = {"CNN": right(model, mnist.x_val), "shuffled CNN": right(shuffled_model, shuffle_pixels(mnist.x_val)),
         "perceptron": right(perceptron, mnist.x_val)}
print("Digits that only the first network gets right, to those that only the second gets right:")
for one, other in combinations(knows, 2):
    compare(one, other)

# %% [markdown]
# It does not fall to chance: its dense layer still sees something of every pixel, as the perceptron's does. But now
# each window mixes nine pixels from all over the picture, and the pooling keeps one of four answers that do not belong
# together. Compare each CNN with the perceptron in the figure's title; the third comparison answers "above or
# below", or says that luck alone could part the two. (The rule for luck is lesson 01's: it speaks of other digits, not
# of other seeds or another shuffle.)
#
# A sceptic asks whether the shuffled CNN was only slower. Let it train on, for as many epochs again (the first line
# printed is a reminder of that):

# %%
early = shuffled_model.evaluate(shuffle_pixels(mnist.x_train), mnist.y_train, verbose=0)[1]
shuffled_model.fit(shuffle_pixels(mnist.x_train), mnist.y_train, callbacks=lesson.callbacks(), **shuffled_options)
late = shuffled_model.evaluate(shuffle_pixels(mnist.x_train), mnist.y_train, verbose=0)[1]
knows["shuffled CNN, twice as long"] = again = right(shuffled_model, shuffle_pixels(mnist.x_val))
print(f"Training digits, dropout off: CNN {dropout_off:.1%} right; shuffled CNN {early:.1%}, twice as long {late:.1%}.")
print(f"Validation digits: CNN {in_place:.1f}%; shuffled CNN {shuffled:.1f}%, twice as long {again.mean():.1%}.")
compare("CNN", "shuffled CNN, twice as long")

# %% [markdown]
# The two CNNs have equally many weights and the same dropout; they differ in the neighbourhoods, and the shuffled one
# has had twice the epochs. Where the shuffled one now reads its *training* digits about as well, it has caught up
# there, and the rest of the lead lies in the new digits: without neighbours, less of what was learned carried over
# here. The convolution's strength is an *assumption about the data*. (Still more epochs might narrow the lead. And here
# is one run of each, at Adam's usual learning rate alone.)
#
# ## And a digit that moves?
#
# In lesson 01 a push of a few pixels made the perceptron misread most digits. Our convolutions carry their kernels to
# every place.
#
# > **Predict:** does the CNN mind if its validation digits are pushed sideways?
#
# As in lesson 01, what leaves on one side comes back on the other. That cuts some digits in two, which is no network's
# fault; the line below the figure says how many.

# %%
shifts, pushed = list(range(-6, 7)), {}
for name, network in (("CNN", model), ("perceptron", perceptron)):
    images = (np.roll(mnist.x_val, shift, axis=2) for shift in shifts)
    pushed[name] = [100 * network.evaluate(moved, mnist.y_val, batch_size=500, verbose=0)[1] for moved in images]

# %%
by_four = {name: np.mean([found[2], found[10]]) for name, found in pushed.items()}  # the mean of left and right
still = f"Pushed by 4 pixels, the CNN gets {by_four['CNN']:.0f} % correct, the perceptron {by_four['perceptron']:.0f} %"
plots.lines(
    {name: (shifts, v) for name, v in pushed.items()} | {"guessing": ([-6, 6], [10, 10])}, marker="o", ticks=shifts,
    looks={"guessing": {"color": "#666666", "linestyle": ":", "marker": None}}, limits=(0, 100),
    title=still + mnist.figure_suffix, x="shift to the right, pixels", y="validation accuracy, %",
    alt=f"Validation accuracy of both networks, one run each, pushed from six pixels left to six right. {still}.",
)

# %%
inked = mnist.x_val.any(axis=(1, 3))  # in which columns each digit has ink
cut = {n: np.mean([inked[:, :n].any(axis=1), inked[:, -n:].any(axis=1)]) for n in (2, 4, 6)}
print("digits cut by the edge, pushed " + ", ".join(f"by {n} pixels {share:.0%}" for n, share in cut.items()))

# %% [markdown]
# It does mind (the title takes the mean of left and right). The feature maps move along, so what the convolutions found
# is still there. But the dense layer has a weight of its own for every place, and at the new place it has learned other
# weights. Why the two networks differ, this run does not tell: windows and pooling blur the place a little, but the CNN
# also has dropout and starts from a better figure. Lesson 06 comes back to shifts.
#
# ## What did it learn?
#
# The first layer's 32 kernels can be looked at. Are they edge finders, as ours was? A random kernel may look like one
# by chance, so we ask the same question twice, before training and after. For each kernel we take its maps of 300
# digits and see what they follow most: left, right, upper or lower edges, or the ink itself. The measure is the
# **correlation**: 1 where two things rise and fall together exactly, about 0 where they are unrelated.
#
# The figure draws six kernels, purple where a weight is positive, orange where it is negative. Over each stands what
# its maps follow most, and the correlation; "now" marks a changed name. (The six are, for each name after training, the
# kernel whose maps vary most, then kernels whose name has changed.) Six that were picked prove nothing. So the panel
# below them has a mark for *each* of the 32. The further right, the more closely its maps followed an edge or the ink
# before training; the higher, the more closely they do so after. A mark above the dashed line has gained.


# %%
some = mnist.x_val[:300].astype("float32") / 255
thin = np.where(mnist.y_val[:300] == 0, some.sum(axis=(1, 2, 3)), np.inf).argmin()  # a zero with little ink, to draw
across, down = np.moveaxis(ops.convert_to_numpy(ops.conv(some, kernels, padding="same")), -1, 0)
known = {"left": across, "right": -across, "upper": down, "lower": -down, "ink": some[..., 0]}


def answers(kernel, bias):
    return ops.convert_to_numpy(ops.relu(ops.conv(some, kernel, padding="same") + bias))


def go_along(maps):
    # Name of the known pattern that each channel follows, and the correlation: 0 for a map that is zero everywhere.
    patterns = np.stack([np.maximum(pattern, 0).ravel() for pattern in known.values()])
    with np.errstate(invalid="ignore"):
        table = np.nan_to_num(np.corrcoef(patterns, maps.reshape(-1, maps.shape[-1]).T)[: len(known), len(known) :])
    return [list(known)[k] for k in table.argmax(axis=0)], table.max(axis=0)


# %%
learned = [ops.convert_to_numpy(w).astype("float32") for w in model.layers[1].weights]
followed = {when: go_along(answers(*weights)) for when, weights in (("before", born), ("after", learned))}
(was, old), (now, new) = followed.values()  # the names, and the correlations
stays, ink = [before == after for before, after in zip(was, now)], np.array(now) == "ink"
lively = np.argsort(-answers(*learned).std(axis=(0, 1, 2)))
one_of_each = [next(k for k in lively if now[k] == kind) for kind in known if kind in now]
shown = (one_of_each + sorted((k for k in lively if k not in one_of_each), key=lambda k: stays[k]))[:6]

# %%
drawn, axes = plots.figure(5, 6, height=6.9, height_ratios=[1, 1, 1, 1, 2], subplot_kw={"xticks": [], "yticks": []})
for pair, (when, (names, how_well)), weights in zip((axes[:2], axes[2:4]), followed.items(), (born, learned)):
    maps = answers(*weights)[thin]
    for (above, below), k in zip(pair.T, shown):
        kernel = weights[0][:, :, 0, k] / np.abs(weights[0][:, :, 0, k]).max()
        above.imshow(kernel, cmap="PuOr", vmin=-1, vmax=1)
        above.set_title("now " * (names[k] != was[k]) + f"{names[k]}\n{how_well[k]:.2f}", fontsize=9)
        below.imshow(maps[..., k], cmap="gray", vmin=0)
    pair[0, 0].set_ylabel(when)
    pair[1, 0].set_ylabel("its map")
axes[4, 5].imshow(some[thin, ..., 0], cmap="gray")
axes[4, 5].set_title("the picture", fontsize=9)
for axis in axes[4, :5]:
    axis.remove()
all_32 = drawn.add_subplot(axes[4, 5].get_gridspec()[4, :5], xlabel="correlation before training", ylabel="after")
all_32.spines[["top", "right"]].set_visible(False)
all_32.plot(old[~ink], new[~ink], "o", old[ink], new[ink], "^", alpha=0.6)
all_32.plot(old[shown], new[shown], "ks", markerfacecolor="none", markersize=9)
all_32.plot([old.min(), 1], [old.min(), 1], "--", color="#666666")
all_32.legend(["edge, after", "ink, after", "the six", "no change"], loc="lower right", frameon=False, fontsize=9)
all_32.set_title(f"All 32: {(new > old).sum()} gained by training, {(new < old).sum()} lost", fontsize=10)
drawn.suptitle("Six of the 32 kernels and their maps, before training and after" + mnist.figure_suffix, fontsize=11)
plots.show(drawn, "Six kernels and their maps of a digit, before training and after. Below, a mark for each of all 32: "
           f"{(new > old).sum()} follow an edge or the ink more closely after training, {(new < old).sum()} less.")

# %%
for when, (names, how_well) in followed.items():
    near = [name for name, correlation in zip(names, how_well) if correlation > 0.7]
    print(f"{when} training {len(near) - near.count('ink')} of 32 follow an edge closely, {near.count('ink')} the ink")
print(f"{32 - sum(stays)} of the 32 have gone over to another pattern; all weights, before and after, correlate at "
      f"{np.corrcoef(born[0].ravel(), learned[0].ravel())[0, 1]:.2f}")

# %% [markdown]
# So are they edge finders? Some are, and others pass on the ink itself. But look at the rows "before" first: nine
# random weights differ from side to side by chance, ReLU keeps one side, and there is an edge map before anything was
# learned. A picture of "learned" kernels proves little by itself. What training did shows in the *answers*: compare the
# marks above the dashed line with those below it. In the printed lines "closely" means a correlation above 0.7; the
# last line says how much the weights still resemble those of the start. (Each kernel and map has its own scale; a map
# on grey ground has a bias above zero. A map that is zero everywhere follows nothing: 0.00.)
#
# ## Which digits does it still get wrong?
#
# We look at the validation set. The test set stays sealed until we have nothing left to choose.

# %%
predicted = model.predict(mnist.x_val, verbose=0)
mistaken = predicted.argmax(axis=1) != mnist.y_val
worst = np.flatnonzero(mistaken)[np.argsort(-predicted[mistaken].max(axis=1))][:10]
plots.images(
    mnist.x_val[worst],
    columns=5, title="Its most confident mistakes: true digit, then what it said" + mnist.figure_suffix,
    labels=[f"{mnist.y_val[i]} → {predicted[i].argmax()} ({predicted[i].max():.0%})" for i in worst],
    alt="Up to ten digits that the network got wrong while being sure, each with its true label and its prediction.",
)

# %% [markdown]
# Cover the labels: how many would you get wrong yourself? The rest are what the next seven lessons are about.
#
# ## Is your number normal?
#
# Nothing was chosen in this lesson: the network is the article's. So the test set may be opened, once, for an accuracy
# to set beside the article's; no later choice uses it.

# %%
test = lesson.final_test(model)
record = lesson.record(model, "baseline_cnn", history=history, test=test)
lesson.expect(record)
full = 100 * evidence.reference_runs("baseline_cnn", "", "full", "mnist")["test_accuracy"].dropna()
print(f"With all 54,000 training digits, {len(full)} reference runs: {full.min():.2f} % to {full.max():.2f} %, "
      f"{full.max() - full.min():.2f} points apart. The article's one run lies {99.12 - full.mean():+.2f} points from "
      "their mean." if len(full) else "With all training digits: not yet measured.")

# %%
lesson.progress(record)
ours, theirs = (evidence.reference_runs(name, "", lesson.mode, record.data)["test_accuracy"].dropna()
                for name in ("baseline_cnn", "mlp"))  # fmt: skip
if len(ours) and len(theirs):
    print(f"{(ours > theirs.max()).sum()} of the CNN's {len(ours)} reference runs are above "
          f"the best of the perceptron's {len(theirs)}.")

# %% [markdown]
# Each row is a step of the course, each dot a run from a seed of its own. Where two rows do not overlap, none of these
# seeds has undone the lead. Watch this figure grow. (These are test accuracies: each run opened its test set once, when
# it was finished, and nothing is chosen by them. Where a lesson keeps the test set sealed, its chart takes the
# comparison set.)
#
# ## Exercise 1: count the weights
#
# > A convolutional layer with $k \times k$ kernels reads `channels_in` channels and writes `channels_out`. How many
# > weights does it have, with one bias for each output channel? The image's height and width are not among the
# > arguments: think about why. (The table above has two layers to try your formula on.)


# %%
def conv_weights(k, channels_in, channels_out): ...


# %% tags=["nbval-check-output"]
lesson.check_conv_weights(conv_weights)

# %% [markdown]
# ## Exercise 2: a slimmer network
#
# > Almost all the weights sit in one dense layer. Build a network with **fewer than 120,000 weights** that keeps the
# > two convolutional layers and still ends in ten probabilities. Then let the experiment decide, in the cell after
# > the check: does it mend more of the perceptron's mistakes (the first number printed) than it spoils right answers
# > (the second), with less than a fifth of the weights?


# %%
def build_slim(): ...


# %% tags=["nbval-check-output"]
lesson.check_slim(build_slim)

# %%
# Then let the experiment decide: mark the lines below, and take their signs away (Ctrl+/).
# slim = build_slim()
# slim.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
# slim.fit(mnist.x_train, mnist.y_train, callbacks=lesson.callbacks(), **options)
# knows["slim"] = right(slim, mnist.x_val)
# compare("slim", "perceptron")

# %% [markdown]
# Solutions: [solutions/02_baseline_cnn.ipynb](solutions/02_baseline_cnn.ipynb). Try first; the attempt is what stays.
#
# ## What to take away
#
# * A convolution is a small window with shared weights. It builds in the assumption that neighbours matter; shuffling
#   shows what is left of its lead where they do not.
# * Channels are summed: one layer can find edges and the next what edges make together, as ours did by hand. The
#   weights that see are few; the dense layer behind them holds nearly all.
# * With dropout the training figure is taken under a handicap. Compare networks by validation figures.
#
# So many weights in one layer, free to grow as large as they like. What if large weights cost something?
# [Lesson 03](03_l2.ipynb) puts a price on them.
#
# ## Sources
#
# * P. Veličković, *Deep learning for complete beginners*, parts 2 and 3: the architecture and its training.
# * Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, *Gradient-based learning applied to document recognition*, 1998.
# * G. E. Hinton and others, *Improving neural networks by preventing co-adaptation of feature detectors*, 2012:
#   dropout, and half of the hidden units.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Move the window by hand first, with the group calling out the sign of each answer. While the
# baseline trains, let them guess where the weights are, before anyone scrolls back; most say "in the convolutions". The
# pixel-shuffling experiment is the heart of the lesson: collect predictions by a show of hands. Likely wrong answers:
# "it falls to chance" (the dense layer still sees every pixel); "a CNN does not mind where a digit stands" (its
# convolutions do not, its dense layer does); in exercise 1 multiplying by the image's size (the kernel is shared), or
# forgetting the biases. In exercise 2 a second pooling layer alone is not enough: with it, halve the dense layer, too.
# A much smaller dense layer works as well; global average pooling is the elegant way.
