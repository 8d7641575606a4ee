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
# **Goal:** put prices on a network, in weights, in operations and in seconds, and see what accuracy they buy.
#
# The all-convolutional network of lesson 12 takes its time. For those who do not want to wait, its author gives a
# small one as well: about 70 % after the same 50 epochs, says the answer, and each of them takes a fraction of the
# time. "Small" sounds clear enough. But small in *what*?

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
# ## The small network
#
# Two convolutions, the second of them with a stride of 2 in place of pooling, and one hidden layer. The dropout rates
# are mild. The second convolution has no bias; nobody would miss it in a network of this size.

# %%
import keras
import numpy as np
from keras import layers
from sklearn.metrics import confusion_matrix


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
# > **Predict before you go on:** the dropout CNN of lesson 11, the all-convolutional network of lesson 12, and this
# > one. How many times fewer weights does the small one have?

# %%
from course_utils import models

momentum = 0.99 if lesson.mode == "full" else 0.9  # lesson 12's choice: there are few steps
builders = {
    "dropout CNN": models.build_dropout_cnn,
    "all-conv": lambda: models.build_all_conv(momentum=momentum),
    "small all-conv": build_small,
}
networks = {name: build() for name, build in builders.items()}

# %% tags=["nbval-check-output"]
for name, network in networks.items():
    with_weights = sum(bool(each.weights) for each in network.layers)
    print(f"{name:14} {network.count_params():>9,} weights in {with_weights} layers")

# %% [markdown]
# Not many times fewer. All three are of one order of magnitude. If it is quicker, the number of weights is not why.
#
# ## A weight is stored once and used many times
#
# Count the work in place of the weights, as lesson 12 did for its twins. One output value of a convolution with
# $k \times k$ kernels is a sum over $k \cdot k \cdot c_\text{in}$ products: that many multiplications, and about as many
# additions. There are $h \cdot w \cdot c_\text{out}$ outputs, so one image costs
#
# $$2 \cdot \underbrace{k \cdot k \cdot c_\text{in} \cdot c_\text{out}}_{\text{weights of the kernel}} \cdot
# \underbrace{h \cdot w}_{\text{positions}}$$
#
# floating-point operations. A dense layer is the same formula with one position. (We leave out biases, ReLU and
# normalisation: each is a few operations for an output, not hundreds.) Keras has no counter that works on all its
# backends, and needs none:


# %%
def operations(layer):
    """Floating-point operations of one image in one layer: two for each use of each kernel weight."""
    if not hasattr(layer, "kernel"):
        return 0
    positions = np.prod(layer.output.shape[1:-1], dtype=int)  # 1 for a dense layer: an empty product
    return 2 * np.prod(layer.kernel.shape, dtype=int) * positions


# %% tags=["nbval-check-output"]
print("layer    kernel weights   positions   operations")
for layer in networks["small all-conv"].layers:
    if cost := operations(layer):
        kernel = np.prod(layer.kernel.shape)
        print(f"{type(layer).__name__:8} {kernel:>14,} {cost // (2 * kernel):>11,} {cost:>12,}")

# %% [markdown]
# There is the answer to "small in what". The hidden layer owns nearly all the weights and uses each of them once. The
# first convolution has fewer than a thousand, and uses each of them nine hundred times. The same for all three:

# %%
kinds = {"convolutions": layers.Conv2D, "dense layers": layers.Dense}


def by_kind(count):
    """{kind of layer: millions of `count(layer)` in each network}"""
    return {
        kind: [sum(count(each) for each in network.layers if isinstance(each, which)) / 1e6
               for network in networks.values()]
        for kind, which in kinds.items()
    }  # fmt: skip


# %%
weights, work = by_kind(lambda layer: layer.count_params()), by_kind(operations)
drawn, axes = plots.figure(1, 2, height=2.6, sharey=True)
for axis, amounts, unit in zip(axes, (weights, work), ("weights, millions", "operations for an image, millions")):
    left = np.zeros(len(networks))
    for colour, (kind, amount) in zip(plots.COLOURS, amounts.items()):
        axis.barh(list(networks), amount, left=left, color=colour, label=kind)
        left += amount
    axis.set_xlabel(unit)
axes[0].invert_yaxis()
axes[1].legend(frameon=False, fontsize=9)
drawn.suptitle("The weights sit in the dense layers, the work in the convolutions", fontsize=11)
plots.show(drawn, "Stacked bars for three networks. Left, weights: mostly dense layers in all three. Right, "
           "operations: nearly all in convolutions, fewest in the small network.")

# %%
total = {name: sum(map(operations, network.layers)) for name, network in networks.items()}
most = total["all-conv"] / total["small all-conv"]
heaviest = networks["all-conv"].count_params() / networks["small all-conv"].count_params()
print(f"all-conv against small: {heaviest:.1f} times the weights, {most:.1f} times the operations")

# %% [markdown]
# The weights are what must be stored, sent and kept from overfitting. The operations are what must be waited for. Two
# prices, and a network can be cheap in one and dear in the other.
#
# ## Are operations seconds?
#
# > **Predict:** going by the operations, how much longer than the small one should an epoch of the large one take? Each
# > network gets the same images and the batch size of its source. The first epoch, in which Keras compiles, does not
# > count.

# %%
few = slice(0, 256 if lesson.mode == "smoke" else 2560)
batch_size = {"dropout CNN": 32, "all-conv": 256, "small all-conv": 256}
seconds, brief = {}, {}
for name, network in networks.items():
    keras.utils.set_random_seed(seed)
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    (watch,) = lesson.callbacks()
    network.fit(
        cifar.x_train[few], cifar.y_train[few],
        batch_size=batch_size[name], epochs=3, callbacks=[watch], verbose=0,
    )  # fmt: skip
    seconds[name] = min(watch.epoch_seconds[1:]) / len(cifar.x_train[few])
    brief[name] = network.evaluate(cifar.x_val, cifar.y_val, verbose=0)[1]

# %%
slower = seconds["all-conv"] / seconds["small all-conv"]
print(f"all-conv against small: {most:.1f} times the operations, {slower:.1f} times the seconds")
for name in networks:
    rate = 3 * total[name] / seconds[name] / 1e9
    print(f"{name:14} {1000 * seconds[name]:.3f} ms an image, {rate:4.0f} thousand million operations a second")

# %% [markdown]
# (A training step is reckoned as three times the forward pass: once forward, once back to the inputs, once to the
# weights.) Were operations all that counts, the last column would be the same for all three. It is not: how busy the
# processor is kept depends on the shapes of the layers and on the batch size, and every step has its overhead. (Network
# and batch size differ at once here, so the column does not say which matters more.) Operations tell you the order of
# magnitude; for seconds you need a clock, *on the machine that will do the work*.
#
# ## What do they buy?
#
# Now the small network in earnest, with the answer's settings (fewer epochs in reduced mode).

# %%
keras.utils.set_random_seed(seed)
model = build_small()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    cifar.x_train,
    cifar.y_train,
    batch_size=256,
    epochs=lesson.epochs(50, reduced=10),
    validation_data=(cifar.x_val, cifar.y_val),
    callbacks=lesson.callbacks("The small all-convolutional network"),
    verbose=0,
)

# %% [markdown]
# Where the dashed line crosses the solid one the network knows its training images better than new ones. It did so
# earlier, in fact: the dashed line was measured with dropout switched on (lesson 11). And the validation curve is rough: a
# single epoch more or less may cost a few points. Lesson 14 is about both.
#
# Now all three side by side, by their reference runs; what has none is named below the figure. In a mode without any we take
# the short runs of the clock above. Those show who starts fastest and not who ends highest; batches of 32 made eight times
# as many steps as those of 256. To the right is dear in operations, a large disc is dear in weights, and up is good. The
# labels give the epochs too, for those were not the same.
# **Which of the three would you call the best buy?**

# %%
names = {"dropout CNN": "dropout_cnn", "all-conv": "all_conv", "small all-conv": "small_all_conv"}
runs = {n: evidence.reference_runs(key, "", lesson.mode, cifar.label) for n, key in names.items()}
measured = {n: each["test_accuracy"].mean() for n, each in runs.items() if len(each)}
accuracy = measured or brief
trained = {
    n: evidence.epochs_words(names[n], "", lesson.mode, cifar.label) if measured else "3 epochs" for n in accuracy
}
source = f"mean test accuracy, reference runs ({lesson.mode} mode)" if measured else "validation accuracy, 3 epochs"

drawn, axes = plots.figure(height=4.0)
for colour, name in zip(plots.COLOURS, accuracy):
    at, size = (total[name] / 1e6, 100 * accuracy[name]), networks[name].count_params() / 1e6
    axes.scatter(*at, s=500 * size, color=colour, alpha=0.6)
    axes.annotate(f"{name}, {trained[name]}\n{size:.1f} million weights\n{1000 * seconds[name]:.2f} ms an image", at,
                  xytext=(0, -22), textcoords="offset points", ha="center", va="top", fontsize=9)
low, high = 100 * min(accuracy.values()), 100 * max(accuracy.values())
room = max(high - low, 2)
axes.set(xscale="log", xlim=(10, 220), ylim=(low - 0.9 * room, high + 0.4 * room))
axes.set_xticks([10, 20, 50, 100, 200], ["10", "20", "50", "100", "200"])
axes.minorticks_off()
axes.set(xlabel="operations for an image, millions", ylabel=source.replace(", ref", ",\nref") + ", %")
best = max(accuracy, key=accuracy.get)
when = "" if measured else "after three short epochs "
axes.set_title(f"What they cost, what they reach: {when}{best} is ahead{cifar.figure_suffix}", fontsize=11)
axes.grid(alpha=0.25)
plots.show(drawn, f"Scatter plot of accuracy ({source}) against operations, disc area by weights: " + "; ".join(
    f"{n} {accuracy[n]:.1%}, {total[n] / 1e6:.0f} million operations, {1000 * seconds[n]:.2f} ms an image"
    for n in accuracy))
print("not yet measured:", ", ".join(n for n in names if n not in accuracy) or "none")

# %% [markdown]
# A plot like this ends many discussions about "the best" model: best *for what price*. A network with another one above
# it and to its left is out of the race; among those that remain, your budget decides. Remember that reduced mode gives
# each network few images and few epochs, which favours whoever learns quickly, and that it does not give all of them the
# same number of epochs: part of a network's height is the time that it was given.
#
# ## Cut where the weights are
#
# If nearly all weights sit in one layer, that is where a knife would go in. Sixteen hidden units in place of 128.
#
# > **Predict:** what happens to the weights, to the operations, to the accuracy?

# %%
keras.utils.set_random_seed(seed)
slim = build_small(units=16)
slim.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
slim_history = slim.fit(
    cifar.x_train,
    cifar.y_train,
    batch_size=256,
    epochs=lesson.epochs(50, reduced=4),
    validation_data=(cifar.x_val, cifar.y_val),
    callbacks=lesson.callbacks(),
    verbose=0,
)

# %%
ran = len(slim_history.epoch)
plots.curves(
    {"128 units": {key: list(values[:ran]) for key, values in history.history.items()},
     "16 units": slim_history.history},
    title="The same convolutions in front of an eighth of the hidden units" + cifar.figure_suffix,
    alt="Loss and accuracy against epoch of the small network with 128 and with 16 hidden units.",
)

# %%
wide, narrow = (h.history["val_accuracy"][ran - 1] for h in (history, slim_history))
print(f"weights: {model.count_params():,} to {slim.count_params():,}; "
      f"operations: {total['small all-conv']:,} to {sum(map(operations, slim.layers)):,}")
print(f"validation accuracy after {ran} epochs: {wide:.1%} to {narrow:.1%} (one run of each)")

# %% [markdown]
# Most of the weights went, the operations hardly noticed, and the accuracy did. Whatever the convolutions found now has to
# pass through sixteen numbers, some of them switched off by dropout, and that takes longer to learn, if it can be learnt
# at all. One short run cannot say which. A dense layer on ten thousand features is an expensive way to come to ten
# answers; making it thinner is not the only way to save. Exercise 2 asks for another.
#
# ## What it gets wrong
#
# An accuracy is a mean over ten classes. Which ones pull it down?
#
# > **Predict** the worst before you look.

# %%
predicted = np.asarray(model.predict(cifar.x_val, verbose=0))
said = predicted.argmax(axis=1)
right = [(said == cifar.y_val)[cifar.y_val == c].mean() for c in range(10)]
worst, finest = (cifar.class_names[c] for c in (np.argmin(right), np.argmax(right)))
plots.per_class(
    cifar.y_val,
    said,
    cifar.class_names,
    title=f"One mean, ten stories: from {worst} to {finest}{cifar.figure_suffix}",
    x="validation images recognised, % (line: 95 % interval)",
    alt="Validation accuracy of each class: "
    + ", ".join(f"{name} {share:.0%}" for name, share in zip(cifar.class_names, right)) + ".",
)

# %%
counts = confusion_matrix(cifar.y_val, said, labels=range(10))
pairs = np.triu(counts + counts.T, k=1)
one, other = (cifar.class_names[c] for c in np.unravel_index(pairs.argmax(), pairs.shape))
plots.confusion(
    cifar.y_val,
    said,
    cifar.class_names,
    title="What the small network takes for what, on the validation set" + cifar.figure_suffix,
    alt=f"Confusion matrix of the ten classes; the pair confused most often is {one} and {other}, {pairs.max()} times.",
)
print(f"the pair it confuses most: {one} and {other}, {pairs.max()} times")

# %% [markdown]
# In photographs the classes fall into two families, animals and vehicles, and most confusion stays inside a family. Now
# the images about which the network is surest, and wrong.
#
# > **Look at the colours and the backgrounds:** could you have guessed its answer from them, without seeing any shape?

# %%
wrong = np.flatnonzero(said != cifar.y_val)
surest = wrong[np.argsort(-predicted[wrong].max(axis=1))][:10]
plots.images(
    cifar.x_val[surest],
    title="Its most confident mistakes: true class, then what it said" + cifar.figure_suffix,
    labels=[f"{cifar.class_names[cifar.y_val[i]]} →\n{cifar.class_names[said[i]]} ({predicted[i].max():.0%})"
            for i in surest],
    columns=5,
    alt="Ten validation images that the network got wrong while being sure, with the true class and its answer.",
)

# %% [markdown]
# ## The final test
#
# The architecture and its settings are the answer's. The knife of the last experiment chose nothing: the model we test
# is the one with 128 units.

# %%
test = lesson.final_test(model)
record = lesson.record(model, "small_all_conv", history=history, test=test, batch_size=256)
lesson.expect(record)

# %%
lesson.progress(record)

# %% [markdown]
# ## Exercise 1: operations without Keras
#
# > Before you build a network you want to know what it will cost. Write a function that gives the operations of one image
# > in a convolution with $k \times k$ kernels on a square image of side `side_in`, with "valid" padding (the window stays
# > inside the image) and the given stride; `places` from lesson 12 may help. Do not count biases.


# %%
def conv_operations(k, channels_in, channels_out, side_in, stride=1):
    ...


# %% tags=["nbval-check-output"]
lesson.check_conv_operations(conv_operations)

# %% [markdown]
# ## Exercise 2: spend it better
#
# > Build an all-convolutional network with **fewer than 100,000 weights** that needs **no more operations** than the small
# > one: no pooling windows, at least one convolution with a stride, ten probabilities at the end. (`GlobalAveragePooling2D`,
# > which has no window, is allowed.) Then train it as above: what does it reach in the same number of epochs?


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
# * Weights are stored once, operations are weights times positions: two prices, and different layers pay them.
# * Operations give the order of magnitude of the seconds; for the rest you need a clock on your own machine.
# * Compare accuracies at equal price, or show the price beside them.
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
# **For the instructor.** Let everybody write down a factor before the weights are printed; nearly all expect ten or more.
# While the small network trains, derive the formula for a dense layer as a convolution with one position. Good questions:
# why does the dropout CNN, with half the operations of the large one, not take half the seconds? (A batch of 32 has
# eight times as many steps.) Would you choose by the scatter plot of reduced mode for a full-size run? Usual wrong
# answers: in exercise 1 forgetting the factor 2, or using the side of the *input*; the division by the stride rounds
# down. In exercise 2 people cut the hidden layer and stay above 100,000, since the flattened features are many:
# another stride, or global average pooling, is needed.
