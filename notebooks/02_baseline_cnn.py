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
# **Goal:** build the baseline network of this course, a small convolutional one, and see *why* it beats the
# multilayer perceptron of lesson 01.
#
# Lesson 01 ended with an odd discovery: shuffle the pixels of every digit in the same way, and the perceptron does as
# well as before. It never used the fact that a digit is a *picture*, in which neighbouring pixels belong together.
# What would a network look like that starts from that fact? And if we took the fact away again, would it notice?

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots

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
# Before any learning, let us choose the nine weights by hand. The left column negative, the right column positive:
# what will the answer be where the image is evenly black or evenly white? And at a vertical edge?

# %%
import keras
import numpy as np
from keras import layers, ops

left_to_right = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype="float32")
kernels = np.stack([left_to_right, left_to_right.T], axis=-1)[:, :, None, :]  # (3, 3, 1, 2)

digits = mnist.x_train[:3].astype("float32") / 255
edges = ops.convert_to_numpy(ops.conv(digits, kernels, padding="same"))

# %%
pictures = [picture for i in range(3) for picture in (digits[i, ..., 0], *np.moveaxis(edges[i], -1, 0))]
names = ["the digit", "vertical edges", "horizontal edges"] * 3
drawn, axes = plots.figure(3, 3, height=5.2, width=5.0)
for axis, picture, name in zip(axes.flat, pictures, names):
    axis.imshow(picture, cmap="gray" if name == "the digit" else "PuOr")
    axis.set_title(name, fontsize=8)
    axis.axis("off")
drawn.suptitle("Nine hand-picked weights already find edges", fontsize=11)
plots.show(drawn, "Three digits, each beside two filtered copies: one lights up at vertical strokes, "
           "the other at horizontal strokes.")

# %% [markdown]
# Where the image is even, black or white, left and right cancel and the answer is 0: the pale parts. Where it turns
# bright from left to right the answer is positive (purple), where it turns dark it is negative (orange). Nine weights
# have found the vertical edges of every digit, wherever they stand; the same nine, turned, find the horizontal ones. A
# dense layer would have to learn "vertical edge at the top left" and "vertical edge in the middle" separately, from
# separate examples.
#
# A convolutional layer has many such kernels, and it *learns* them. Three ideas are in it:
#
# * **locality**: a unit sees only its neighbourhood;
# * **shared weights**: the same kernel everywhere, so what is learned in one place is known in all;
# * **equivariance**: move the digit, and the feature map moves along.
#
# **Max-pooling** then keeps the strongest answer in each $2 \times 2$ block. It halves the height and width, and makes
# the network care a little less about *exactly* where a stroke was. **Dropout** switches a random part of the units
# off in each training step, so that no unit can rely on a single other one.
#
# ## The baseline network
#
# This is the network that the article tunes, and the yardstick for everything in lessons 03 to 09. **Before you run
# the next cell, guess:** which of its layers holds the most weights?


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
        print(f"{type(layer).__name__:8} {layer.count_params():>8,} weights, output {layer.output.shape[1:]}")
print(f"in all   {model.count_params():>8,} weights")

# %% [markdown]
# Surprised? The two convolutional layers, which do the seeing, are a rounding error. Nearly everything sits in the one
# dense layer that reads the flattened feature maps. Keep that in mind. It also has a weight of its own for every
# position, so a shifted digit is still a problem: lesson 06 comes back to that.
#
# The images stay integers from 0 to 255 until they enter the network; the `Rescaling` layer divides by 255. The last
# layer computes in `float32` whatever the precision of the rest, because probabilities near 0 and 1 need the digits.
#
# ## Train it

# %%
born = ops.convert_to_numpy(model.layers[1].kernel)  # the first kernels as they are before training
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    mnist.x_train,
    mnist.y_train,
    batch_size=128,
    epochs=lesson.epochs(12),
    validation_data=(mnist.x_val, mnist.y_val),
    callbacks=lesson.callbacks("The baseline CNN"),
    verbose=0,
)

# %% [markdown]
# Look at the two pairs of lines. The *validation* accuracy is above the *training* accuracy, at least early on. That
# is no mistake, and no magic: dropout handicaps the network while it trains, and is switched off when it is validated.
# (The training figure is also an average over the whole epoch, in which the network was still getting better.)
#
# ## Does it know what a neighbour is?
#
# Now the experiment from lesson 01, on this network: shuffle the pixels, the same way in every image. Every pixel value
# is still there; only the neighbourhoods are gone.
#
# > **Predict:** will the validation accuracy stay, drop a little, or fall to chance?


# %%
def shuffle_pixels(images):
    order = np.random.default_rng(0).permutation(28 * 28)
    return images.reshape(len(images), -1)[:, order].reshape(images.shape)


keras.utils.set_random_seed(seed)
shuffled_model = build_baseline()
shuffled_model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
shuffled_history = shuffled_model.fit(
    shuffle_pixels(mnist.x_train),
    mnist.y_train,
    batch_size=128,
    epochs=lesson.epochs(12),
    validation_data=(shuffle_pixels(mnist.x_val), mnist.y_val),
    callbacks=lesson.callbacks(),
    verbose=0,
)

# %%
plots.curves(
    {"pixels in place": history.history, "pixels shuffled": shuffled_history.history},
    title="The same digits with their pixels shuffled are harder to learn" + mnist.figure_suffix,
    alt="Loss and accuracy against epoch for the baseline CNN on normal and on pixel-shuffled digits: the shuffled "
    "run is worse throughout.",
)

# %%
normal, shuffled = history.history["val_accuracy"][-1], shuffled_history.history["val_accuracy"][-1]
print(f"validation accuracy {normal:.2%} with pixels in place, {shuffled:.2%} with pixels shuffled")
print(f"mistakes: {(1 - shuffled) / max(1 - normal, 1e-4):.1f} times as many")
perceptrons = evidence.reference_runs("mlp", "", lesson.mode, "mnist")
known = f"{perceptrons['val_accuracy'].mean():.2%}" if len(perceptrons) else "not yet measured"
print(f"the perceptron of lesson 01, validation accuracy, mean of its reference runs: {known}")

# %% [markdown]
# It does not fall to chance, because the dense layer can still work like the perceptron of lesson 01. But is it still
# ahead of that? Compare the last line. (It trained for more epochs, and on digits with their pixels in place; but the order
# of the pixels is nothing to a perceptron. Why?) The convolution's strength is an *assumption about the data*, and it pays
# exactly as long as the assumption holds.
#
# ## What did it learn?
#
# The first layer's 32 kernels can be looked at directly. Yours will differ from run to run in order and in detail.

# %%
first = ops.convert_to_numpy(model.layers[1].kernel)
scale = np.abs(first).max()
plots.images(
    (np.moveaxis(first, -1, 0) + scale) / (2 * scale),
    title="The 32 learned kernels of the first layer: no two are alike" + mnist.figure_suffix,
    columns=8,
    alt="Thirty-two small three-by-three kernels, some of them bright on one side and dark on the other.",
)
alike = np.corrcoef(born.ravel(), first.ravel())[0, 1]
print(f"correlation of the kernels with what they were before training: {alike:.2f}")

# %% [markdown]
# Some are dark on one side and bright on the other, as ours was by hand. Others look like nothing in particular, and a
# random kernel may look like an edge detector by chance: the number above says how much of the random start is still
# there. What they do to a digit is easier to see in the **feature maps**, the layer's outputs:

# %%
first_layer = keras.Model(model.inputs, model.layers[1].output)
maps = np.asarray(first_layer.predict(mnist.x_val[:1], verbose=0), dtype="float32")[0]
plots.images(
    np.moveaxis(maps / maps.max(), -1, 0),
    title="One digit through the first layer: each map answers another question" + mnist.figure_suffix,
    columns=8,
    alt="The feature maps of one digit: some show its left edges, some its right edges, some its filled strokes, "
    "some are black.",
)

# %% [markdown]
# ## Which digits does it still get wrong?
#
# We look at the validation set. The test set stays sealed until we have nothing left to choose.

# %%
predicted = model.predict(mnist.x_val, verbose=0)
plots.confusion(
    mnist.y_val,
    predicted.argmax(axis=1),
    mnist.class_names,
    title="What the baseline CNN takes for what, on the validation set" + mnist.figure_suffix,
    alt="Confusion matrix of the ten digits; nearly all counts are on the diagonal.",
)

# %%
wrong = np.flatnonzero(predicted.argmax(axis=1) != mnist.y_val)
worst = wrong[np.argsort(-predicted[wrong].max(axis=1))][:10]
plots.images(
    mnist.x_val[worst],
    title="Its most confident mistakes: true digit, then what it said" + mnist.figure_suffix,
    labels=[f"{mnist.y_val[i]} → {predicted[i].argmax()} ({predicted[i].max():.0%})" for i in worst],
    columns=5,
    alt="Up to ten digits that the network got wrong while being sure, each with its true label and its prediction.",
)

# %% [markdown]
# Some of these you would get wrong yourself. Others you would not: those are what the next seven lessons are about.
#
# ## The final test
#
# Nothing was chosen in this lesson; the architecture is the article's. So the test set may be opened, once.

# %%
test = lesson.final_test(model)
record = lesson.record(model, "baseline_cnn", history=history, test=test)
lesson.expect(record)

# %%
lesson.progress(record)

# %% [markdown]
# ## Exercise 1: count the weights
#
# > A convolutional layer with $k \times k$ kernels reads `channels_in` channels and writes `channels_out`. How many
# > weights does it have, with one bias for each output channel? The image's height and width are not among the
# > arguments: think about why.


# %%
def conv_weights(k, channels_in, channels_out):
    ...


# %% tags=["nbval-check-output"]
lesson.check_conv_weights(conv_weights)

# %% [markdown]
# ## Exercise 2: a slimmer network
#
# > Almost all the weights sit in one dense layer. Build a network with **fewer than 120,000 weights** that keeps the two
# > convolutional layers and still ends in ten probabilities. Then train it as above: does its validation accuracy beat
# > the perceptron's in lesson 01, with less than a fifth of its weights?


# %%
def build_slim():
    ...


# %% tags=["nbval-check-output"]
lesson.check_slim(build_slim)

# %% [markdown]
# Solutions: [solutions/02_baseline_cnn.ipynb](solutions/02_baseline_cnn.ipynb). Try first; the attempt is what stays.
#
# ## What to take away
#
# * A convolution is a small window with shared weights: it builds the knowledge that neighbours matter into the
#   network, and is worth something only where they do.
# * The weights that see are few; the dense layer behind them holds nearly all.
# * Dropout makes training look worse than validation. That gap is no sign of health by itself: compare models by
#   validation figures.
#
# ## Sources
#
# * P. Veličković, *Deep learning for complete beginners*, parts 2 and 3: the architecture and its training.
# * Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, *Gradient-based learning applied to document recognition*, 1998.
# * N. Srivastava and others, *Dropout: a simple way to prevent neural networks from overfitting*, 2014.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** While the baseline trains, let the group guess where the weights are, before anyone scrolls
# back; most say "in the convolutions". The pixel-shuffling experiment is the heart of the lesson: collect predictions
# by a show of hands first. Usual wrong answers: "it falls to chance" (the dense layer still sees every pixel), and in
# exercise 1 multiplying by the image's size (the kernel is shared) or forgetting the biases. In exercise 2 the cheapest
# way is a second pooling layer; a smaller dense layer works as well; global average pooling is the elegant one.
