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
# **Goal:** replace pooling by convolutions that take longer steps, train the network that a well-known answer on Cross
# Validated starts from, and see in its published curve how training and validation part.
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
from course_utils import Lesson, evidence, plots

lesson = Lesson("12_all_conv", mode=mode, seed=seed)
cifar = lesson.load("cifar10")

# %% [markdown]
# ## What is pooling for?
#
# The networks of lessons 02 and 11 halve height and width by max-pooling: of each $2 \times 2$ block it keeps the largest
# answer. Two things come of that. The next layers have a quarter of the work, and each of their windows covers twice
# as much of the picture. Neither asks for a *maximum*. Is there a way to halve a feature map that is learned?
#
# A convolution with **stride** $s$ moves its window on by $s$ pixels in place of one:
#
# $$y_{i,j} = b + \sum_{u=0}^{k-1} \sum_{v=0}^{k-1} w_{u,v} \, x_{s i + u,\; s j + v} .$$
#
# Take the formula of lesson 02, count from the window's corner and not from its middle, and put $s i$ and $s j$ for $i$
# and $j$. You see what it is: the ordinary convolution, of which only every $s$-th row and column is computed. Along a
# side of $n$ pixels the window of $k$ fits, without padding, at the starts
# $0, s, 2s, \dots$ up to $n - k$. That makes $\lfloor (n - k) / s \rfloor + 1$ places.

# %%
import keras
import numpy as np
from keras import layers, ops

rng = np.random.default_rng(0)
pictures = cifar.x_train[:4].astype("float32") / 255
kernel = rng.normal(size=(3, 3, 3, 8)).astype("float32")
every_place = ops.convert_to_numpy(ops.conv(pictures, kernel, strides=1, padding="valid"))
long_steps = ops.convert_to_numpy(ops.conv(pictures, kernel, strides=2, padding="valid"))

# %% tags=["nbval-check-output"]
print(f"stride 1: {every_place.shape[1:]}, stride 2: {long_steps.shape[1:]}")
print("stride 2 is every second answer of stride 1:", np.allclose(every_place[:, ::2, ::2], long_steps, atol=1e-4))

# %% [markdown]
# So a strided convolution throws three quarters of the answers away *before* computing them. Does it lose what pooling
# keeps? Compare on a picture. Averages first: a $2 \times 2$ kernel of four quarters, stride 2, is average pooling
# exactly. The maximum is no weighted sum, and no kernel gives it; but a kernel can do what no pooling can, and answer
# to an edge while it halves: in the last picture brown means darker to the right, purple brighter.

# %%
quarters = np.full((2, 2, 1, 1), 0.25, dtype="float32")
edge = np.array([[-1, 1], [-1, 1]], dtype="float32")[:, :, None, None]
trucks = cifar.x_train[cifar.y_train == 9]
clearest = max(trucks, key=np.std)
grey = clearest[None].mean(axis=-1, keepdims=True).astype("float32") / 255
halves = {
    "the picture": grey,
    "max-pooling": ops.max_pool(grey, 2),
    "stride 2, four quarters": ops.conv(grey, quarters, strides=2),
    "stride 2, edge kernel": ops.conv(grey, edge, strides=2),
}
halves = {name: ops.convert_to_numpy(values)[0, ..., 0] for name, values in halves.items()}

# %%
drawn, axes = plots.figure(1, 4, height=2.2)
for axis, (name, values) in zip(axes, halves.items(), strict=True):
    signed = values.min() < 0
    axis.imshow(values, cmap="PuOr" if signed else "gray", vmin=-0.6 if signed else 0, vmax=0.6 if signed else 1)
    axis.set_title(f"{name}\n{values.shape[0]} x {values.shape[1]}", fontsize=8)
    axis.axis("off")
drawn.suptitle("Three ways to halve a picture; the weights of two could be learned" + cifar.figure_suffix, fontsize=11)
plots.show(drawn, "A grey picture, and three versions of half the size: max-pooled, a little brighter; averaged by a "
           "strided convolution; and one in which brown marks where it gets darker to the right, "
           "purple where brighter.")

# %% tags=["nbval-check-output"]
pooled = ops.convert_to_numpy(ops.average_pool(grey, 2))[0, ..., 0]
print("a strided kernel of quarters is average pooling:",
      np.allclose(pooled, halves["stride 2, four quarters"], atol=1e-6))

# %% [markdown]
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
# **Before you run the next cell, guess:** how many multiplications does each network need for one picture?


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
for name, network in (("strided", strided), ("pooling twin", twin)):
    print(f"{name:12} {network.count_params():>9,} weights, {multiplications(network) / 1e6:.0f} million products")

# %% [markdown]
# Equal weights, and the twin works more than twice as hard: it computes all the answers and then keeps one in four. That is
# what pooling costs. What does it buy?
#
# You also see that "all-convolutional" is a courtesy title here. Two thirds of the weights sit in the dense layer. The
# network of Springenberg and others (2015), from whom the idea comes, really has none: it ends in an average over each
# of its last feature maps.
#
# ## Side by side
#
# A fair comparison at a size that trains in seconds: both with a quarter of the channels, on the first 3,000 pictures,
# with the same seeds.
#
# > **Predict:** which twin is ahead after a few epochs?


# %%
def train(model, count, epochs, batch_size, title=None):
    """Train on the first `count` training pictures."""
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(
        cifar.x_train[:count], cifar.y_train[:count], batch_size=batch_size, epochs=epochs,
        validation_data=(cifar.x_val, cifar.y_val), callbacks=lesson.callbacks(title), verbose=0,
    )


# %%
runs = {"stride": {}, "pooling": {}}
for s in lesson.seeds(3):
    for name in runs:
        keras.utils.set_random_seed(s)
        model = build_all_conv(width=24, pooled=name == "pooling")
        runs[name][s] = train(model, 3000, lesson.epochs(20, reduced=5), batch_size=64).history

# %%
plots.curves(
    {name: by_seed[seed] for name, by_seed in runs.items()},
    title="Stride or pooling: equal weights, the same three thousand pictures" + cifar.figure_suffix,
    alt="Loss and accuracy against epoch of the strided network and its pooling twin, training and validation.",
)

# %%
reached = {name: {s: run["val_accuracy"][-1] for s, run in by_seed.items()} for name, by_seed in runs.items()}
found = evidence.compare(reached["pooling"], reached["stride"])
plots.intervals(
    {"stride instead of pooling": found},
    title=f"A stride in place of pooling, over {found.n} seeds: {found.verdict}" + cifar.figure_suffix,
    x="difference in validation accuracy, percentage points",
    alt=f"Mean difference in validation accuracy, {100 * found.mean:+.1f} points, with its 95 % interval.",
)
print(found.sentence("A stride in place of pooling, validation accuracy"))

# %% [markdown]
# Few pictures, few epochs, three seeds: at best this says which twin learns faster from little, and where the interval
# contains zero, not even that. Which one ends higher it cannot say.
#
# Springenberg and others compared fully trained networks. With the stride moved into the convolution before, as here,
# they lost a little; with a strided convolution added in pooling's place they lost nothing. So do not expect a stride to
# *win*. What it brings is simplicity (one kind of layer), fewer products, and a way of
# halving that is learned. (Fewer products need not mean less time: in networks this small, moving the numbers about takes
# longer than multiplying them. Lesson 13 measures both.)
#
# ## Train the whole network
#
# Full width, all the training pictures of this mode, and the answer's setting: Adam as it comes, batches of 256.

# %%
keras.utils.set_random_seed(seed)
model = build_all_conv()
history = train(model, len(cifar.x_train), lesson.epochs(50, reduced=5), batch_size=256, title="The all-conv network")

# %% [markdown]
# ## Your curve and the published one
#
# The answer shows its curve, of which we have the accuracies at three epochs. Here they are beside yours, if yours come
# from the same photographs (a copy of them has lost some detail); the scale of epochs is logarithmic, so that the first
# ones can be seen. In reduced mode you train on fewer pictures, and for fewer
# epochs, so expect the beginning of the same *shape*, at another height.

# %%
published = {1: (41.5, 46.7), 25: (88.6, 76.8), 50: (93.3, 77.5)}  # epoch: training, validation accuracy in %
if cifar.is_fallback:
    published = {}  # nothing to compare with where the pictures are others
drawn, axes = plots.figure(height=3.4)
epochs = np.arange(1, len(history.epoch) + 1)
lines = (("accuracy", "--", "white", "training"), ("val_accuracy", "-", "#666666", "validation"))
for column, (key, style, fill, kind) in enumerate(lines):
    yours = 100 * np.array(history.history[key])
    axes.plot(epochs, yours, style, marker="o", markersize=4, color=plots.COLOURS[0], label=f"yours, {kind}")
    known = [values[column] for values in published.values()]
    if known:
        axes.plot([*published], known, "D", color="#666666", markerfacecolor=fill, label=f"published, {kind}")
axes.set(xscale="log", xlabel="epoch", ylabel="accuracy, %")
axes.set_xticks([1, 2, 5, 10, 25, 50], [1, 2, 5, 10, 25, 50])
axes.minorticks_off()
axes.grid(alpha=0.25)
axes.legend(frameon=False, fontsize=8)
question = "Published, training runs away from validation; and yours?" if published else "Your curve"
drawn.suptitle(question + cifar.figure_suffix, fontsize=11)
beside = (" beside the published one, whose validation accuracy is above the training accuracy after epoch 1, and far "
          "below it after epochs 25 and 50" if published else "")
plots.show(drawn, f"Training and validation accuracy against epoch on a logarithmic scale, yours{beside}.")

# %%
for epoch, (on_training, on_validation) in published.items():
    print(f"published, epoch {epoch:2}: gap {on_training - on_validation:+5.1f} points")
for epoch in sorted({1, len(epochs)}):
    gap = 100 * (history.history["accuracy"][epoch - 1] - history.history["val_accuracy"][epoch - 1])
    print(f"yours,     epoch {epoch:2}: gap {gap:+5.1f} points")

# %% [markdown]
# At first the gap is negative: dropout handicaps the training figure, which is an average over an epoch of learning
# besides. Then it opens. Between epochs 25 and 50 of the published curve the training accuracy climbs on by almost five
# points and the validation accuracy by less than one. Half of the training time was spent on learning pictures by
# heart. **What would you do about it?** Note your ideas; lesson 14 tries them one by one.
#
# ## What do its layers see?
#
# One picture on its way: in each row eight feature maps of one convolution, those that vary most.

# %%
convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
inside = keras.Model(model.inputs, [layer.output for layer in convolutions])
picture = cifar.x_val[np.flatnonzero(cifar.y_val == 7)[:1]]
maps = [np.asarray(found, dtype="float32")[0] for found in inside.predict(picture, verbose=0)]

# %%
drawn, axes = plots.figure(4, 9, height=3.6)
for row, found in enumerate(maps):
    liveliest = np.argsort(-found.std(axis=(0, 1)))[:8]
    for axis, channel in zip(axes[row, 1:], liveliest, strict=True):
        axis.imshow(found[..., channel], cmap="gray")
    size = f"{found.shape[0]} x {found.shape[1]}\n{found.shape[2]} maps"
    axes[row, 0].text(0, 0.5, size, va="center", fontsize=8, transform=axes[row, 0].transAxes)
for axis in axes.flat:
    axis.axis("off")
drawn.suptitle("From outlines to coarse patches: the maps of the four convolutions" + cifar.figure_suffix, fontsize=11)
plots.show(drawn, "Eight feature maps from each of the four convolutions: the first show the picture's outlines at "
           "nearly full size, the last are five by five, coarse and bright in places.")

# %% [markdown]
# The first row still looks like a picture; in the last one, each of the five by five spots says "something of this kind is
# about here". How much of the picture can such a spot depend on? That is exercise 2.
#
# ## What it knows, and what it confuses

# %%
predicted = model.predict(cifar.x_val, verbose=0)
said = predicted.argmax(axis=1)
share = {name: np.mean(said[cifar.y_val == label] == label) for label, name in enumerate(cifar.class_names)}
best, worst = max(share, key=share.get), min(share, key=share.get)
plots.per_class(
    cifar.y_val,
    said,
    cifar.class_names,
    title=f"It finds “{best}” most often and “{worst}” least often, on the validation set" + cifar.figure_suffix,
    alt="Share of each class that was recognised: " + ", ".join(f"{n} {a:.0%}" for n, a in share.items()) + ".",
)

# %%
from sklearn.metrics import confusion_matrix

mistaken = confusion_matrix(cifar.y_val, said, labels=range(10))
np.fill_diagonal(mistaken, 0)
true, taken = (cifar.class_names[i] for i in np.unravel_index(mistaken.argmax(), mistaken.shape))
plots.confusion(
    cifar.y_val,
    said,
    cifar.class_names,
    title=f"Its most frequent mistake: “{true}” taken for “{taken}”" + cifar.figure_suffix,
    alt=f"Confusion matrix of the ten classes; the largest count off the diagonal, {mistaken.max()}, is {true} taken "
    f"for {taken}.",
)

# %%
wrong = np.flatnonzero(said != cifar.y_val)
surest = wrong[np.argsort(-predicted[wrong].max(axis=1))][:10]
plots.images(
    cifar.x_val[surest],
    title="Its most confident mistakes: the true class, then what it said" + cifar.figure_suffix,
    labels=[f"{cifar.class_names[cifar.y_val[i]]}\n→ {cifar.class_names[said[i]]} ({predicted[i].max():.0%})"
            for i in surest],
    columns=5,
    alt="Up to ten pictures that the network got wrong while being sure, each with its true class and its prediction.",
)

# %% [markdown]
# A class that the network names too readily is found often as well: look down the column of the class that it finds most
# often. And compare with lesson 11: are these the same classes and the same kinds of picture? Another architecture sees
# the world through the same photographs.
#
# ## The final test

# %%
test = lesson.final_test(model)
record = lesson.record(model, "all_conv", history=history, test=test, batch_size=256)
lesson.expect(record)

# %%
lesson.progress(record)

# %% [markdown]
# Behind lesson 11? In reduced mode this network gets few epochs, and with its large batches few steps in each of them. What
# is known to work is known to work *with its training*.
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
# > A unit of the first layer sees $3 \times 3$ pixels. A unit of the second sees a $3 \times 3$ block of those, and so on: the side
# > of the square of pixels on which a unit depends is its **receptive field**. Compute it for a stack of convolutions,
# > given as a list of pairs (window, stride) from the first layer to the last. The network above is
# > `[(3, 1), (3, 2), (3, 1), (3, 2)]`. A hint: two neighbouring units of a layer look at squares whose distance is the
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
# * Start from an architecture that is known to work, with its default settings: then the curves tell you what to
#   improve.
# * The gap is a curve and not a number. It starts below zero, opens, and goes on opening long after the validation
#   accuracy has stopped.
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
