# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Reading digits without eyes
#
# **Goal:** train a multilayer perceptron to read handwritten digits, and find out what it knows about pictures:
# nothing.
#
# A perceptron takes a list of numbers. To feed it a picture we first flatten the picture into a list, row after row,
# and throw the shape away. How far can a network get that does not know which pixels are neighbours?
#
# P. Veličković's articles, *Deep learning for complete beginners*, build this network and most of the later ones. When a
# lesson says "the article", it means the one that its sources name.

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, plots

lesson = Lesson("01_mlp", mode=mode, seed=seed)
mnist = lesson.load("mnist")  # x_train, y_train, x_val, y_val; the test set stays sealed

# %% [markdown]
# ## First, the simplest thing: one layer
#
# Ten outputs, one for each digit. Each output weighs all 784 pixels and adds them up,
#
# $$z_k = b_k + \sum_{i=1}^{784} w_{k,i}\, x_i,$$
#
# and **softmax** turns the ten sums into probabilities: $p_k = e^{z_k} / \sum_j e^{z_j}$. The loss is the
# **cross-entropy**: $-\log p_y$, where $y$ is the right digit. Say "I am certain" and be right, and it costs nothing;
# be certain and wrong, and it costs a great deal.

# %%
import keras
import numpy as np
from keras import layers, ops

linear = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        layers.Rescaling(1 / 255),  # the images are integers from 0 to 255
        layers.Flatten(),
        layers.Dense(10, activation="softmax", dtype="float32"),
    ],
    name="linear",
)
linear.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
linear_history = linear.fit(
    mnist.x_train,
    mnist.y_train,
    batch_size=128,
    epochs=lesson.epochs(20),
    validation_data=(mnist.x_val, mnist.y_val),
    callbacks=lesson.callbacks("One layer: ten weighted sums"),
    verbose=0,
)

# %% [markdown]
# Not bad for ten weighted sums. What are the weights? They can be put back into the shape of a picture:

# %%
weights = ops.convert_to_numpy(linear.layers[-1].kernel).T.reshape(10, 28, 28, 1)
scale = np.abs(weights).max()
plots.images(
    (weights + scale) / (2 * scale),
    title="What one layer looks for: bright speaks for the digit, dark against it" + mnist.figure_suffix,
    labels=range(10),
    columns=10,
    alt="Ten pictures of weights, one for each digit; the 0 is a bright ring, the others are faint shapes in grain.",
)

# %% [markdown]
# Ten templates, and a good deal of grain. The grain is what is left of the random start: at the margin, where the
# pictures are black, hardly any gradient ever moves a weight. A seven with a bar and a seven without one have to share a
# single template, so it has to be a compromise. **What is missing?** A way to say "this stroke *and* that stroke, *or
# else* those two". For that we need layers in between.
#
# ## A perceptron with two hidden layers
#
# Each hidden unit computes a weighted sum as above and then a **ReLU**, $\max(0, z)$: it speaks up when it sees its
# pattern and is silent otherwise. Without that kink, two layers would collapse into one:
# $W_2 (W_1 x) = (W_2 W_1)\, x$ is again one weighted sum.


# %%
def build_mlp():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ],
        name="mlp",
    )


model = build_mlp()

# %% tags=["nbval-check-output"]
for layer in model.layers:
    if layer.count_params():
        print(f"{type(layer).__name__:8} {layer.count_params():>8,} weights, output {layer.output.shape[1:]}")
print(f"in all   {model.count_params():>8,} weights")

# %%
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    mnist.x_train,
    mnist.y_train,
    batch_size=128,
    epochs=lesson.epochs(20),
    validation_data=(mnist.x_val, mnist.y_val),
    callbacks=lesson.callbacks("The perceptron with two hidden layers"),
    verbose=0,
)

# %%
plots.curves(
    {"one layer": linear_history.history, "two hidden layers": history.history},
    title="Hidden layers make fewer mistakes, and open a gap" + mnist.figure_suffix,
    alt="Loss and accuracy against epoch for the linear model and the perceptron. The perceptron's training accuracy "
    "goes to the top while its validation accuracy stays below.",
)

# %%
one_layer, two_hidden = linear_history.history["val_accuracy"][-1], history.history["val_accuracy"][-1]
gap = history.history["accuracy"][-1] - two_hidden
print(f"validation accuracy: one layer {one_layer:.2%}, two hidden layers {two_hidden:.2%}")
print(f"gap between training and validation accuracy of the second: {100 * gap:.1f} points")

# %% [markdown]
# There it is, the subject of this course. The dashed line goes on to the top: the network has learned its training
# digits by heart. The solid line falls behind early and never catches up. Everything between the two lines is **overfitting**.
#
# ## Which digits does it confuse?

# %%
predicted = model.predict(mnist.x_val, verbose=0)
plots.confusion(
    mnist.y_val,
    predicted.argmax(axis=1),
    mnist.class_names,
    title="What the perceptron takes for what, on the validation set" + mnist.figure_suffix,
    alt="Confusion matrix of the ten digits; most counts are on the diagonal.",
)

# %%
from sklearn.metrics import confusion_matrix

wrong = np.flatnonzero(predicted.argmax(axis=1) != mnist.y_val)
worst = wrong[np.argsort(-predicted[wrong].max(axis=1))][:10]
plots.images(
    mnist.x_val[worst],
    title="Its most confident mistakes: true digit, then what it said" + mnist.figure_suffix,
    labels=[f"{mnist.y_val[i]} → {predicted[i].argmax()} ({predicted[i].max():.0%})" for i in worst],
    columns=5,
    alt="Ten digits that the perceptron got wrong while being sure, with true label and prediction.",
)
pairs = confusion_matrix(mnist.y_val[wrong], predicted[wrong].argmax(axis=1), labels=range(10))
true, said = np.unravel_index(pairs.argmax(), pairs.shape)
print(f"its commonest mistake: a {true} taken for a {said}, {pairs.max()} of {len(wrong)} mistakes in all")

# %% [markdown]
# The mistakes are not spread evenly: they gather where two digits share most of their strokes. And many of them are made
# with great confidence.
#
# ## What does it know about pictures?
#
# Now a strange experiment. Choose one shuffling of the 784 pixels and apply it to *every* image. To you they become
# noise. **Predict before you run the cell:** what happens to the perceptron's validation accuracy?


# %%
def shuffle_pixels(images):
    order = np.random.default_rng(0).permutation(28 * 28)
    return images.reshape(len(images), -1)[:, order].reshape(images.shape)


plots.images(
    np.concatenate([mnist.x_train[:10], shuffle_pixels(mnist.x_train[:10])]),
    title="The same ten digits before and after one shuffling of their pixels" + mnist.figure_suffix,
    labels=[*mnist.y_train[:10]] * 2,
    columns=10,
    alt="Ten readable digits above, and below the same digits with pixels shuffled, which look like noise.",
)

# %%
keras.utils.set_random_seed(seed)
shuffled_model = build_mlp()
shuffled_model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
shuffled_history = shuffled_model.fit(
    shuffle_pixels(mnist.x_train),
    mnist.y_train,
    batch_size=128,
    epochs=lesson.epochs(20),
    validation_data=(shuffle_pixels(mnist.x_val), mnist.y_val),
    callbacks=lesson.callbacks(),
    verbose=0,
)

# %%
plots.curves(
    {"pixels in place": history.history, "pixels shuffled": shuffled_history.history},
    title="To a perceptron, a digit and its shuffled pixels are the same problem" + mnist.figure_suffix,
    alt="Loss and accuracy against epoch for the perceptron on normal and on pixel-shuffled digits: the training "
    "curves lie on top of each other, and the validation curves cross and stay close.",
)

# %% [markdown]
# The dashed curves lie on top of each other. The solid ones wobble around one another, with no clear winner. To a dense
# layer the order of its inputs is only a matter of numbering. It has
# read digits all this time *without ever knowing that two pixels were neighbours*.
#
# That sounds like a clever trick until the digits move. Here are the validation digits, pushed sideways:


# %%
def push_right(images, pixels):
    return np.roll(images, pixels, axis=2)


shifts = range(-6, 7)
accuracies = [
    float((model.predict(push_right(mnist.x_val, s), verbose=0).argmax(axis=1) == mnist.y_val).mean())
    for s in shifts
]
plots.lines(
    {"perceptron": (list(shifts), [100 * a for a in accuracies])},
    title="A few pixels to the side, and the perceptron is lost" + mnist.figure_suffix,
    x="shift to the right, pixels",
    y="validation accuracy, %",
    marker="o",
    alt="Validation accuracy against horizontal shift: a peak at zero shift that falls steeply on both sides.",
)

# %%
print(f"validation accuracy in place {accuracies[6]:.2%}, after 2 pixels {accuracies[8]:.2%}, "
      f"after 4 pixels {accuracies[10]:.2%}")

# %% [markdown]
# You would not even notice a shift of two pixels. For the perceptron every pixel position is a separate input with
# weights of its own, and what it learned in one place it does not know in the next. Lesson 02 builds a first part of the
# missing knowledge into the network, and lesson 06 adds the rest.
#
# ## On the comparison set
#
# The test set stays sealed until lesson 02. How the perceptron does, the **comparison set** of lesson 00 tells: training
# images on which no seed trains and by which nothing is chosen.

# %%
score = lesson.compare(model)
record = lesson.record(model, "mlp", history=history, compare=score)
lesson.expect(record)

# %%
lesson.progress(record)

# %% [markdown]
# ## Exercise 1: count the weights
#
# Write a function that counts the weights of a perceptron, biases included, from the list of its layer sizes. For
# the network above the list is `[784, 512, 512, 10]`.


# %%
def mlp_weights(sizes):
    ...


# %% tags=["nbval-check-output"]
lesson.check_mlp_weights(mlp_weights)

# %% [markdown]
# ## Exercise 2: what does guessing cost?
#
# Before training, a network with ten outputs should be about equally unsure of all of them. Which cross-entropy loss do
# you expect then, for `k` classes? It is the first thing to check when a training run looks odd: a first loss far
# above this number means that something is wrong before learning has begun.


# %%
def loss_of_guessing(k):
    ...


# %% tags=["nbval-check-output"]
lesson.check_loss_of_guessing(loss_of_guessing)

# %% [markdown]
# Solutions: [solutions/01_mlp.ipynb](solutions/01_mlp.ipynb).
#
# ## What to take away
#
# * A perceptron with two hidden layers reads digits well, and far better than one layer of templates.
# * The gap between training and validation accuracy is overfitting made visible: the network knows its training digits
#   by heart.
# * A dense layer knows nothing of neighbours. Shuffle the pixels and it does not mind; move the digit and it fails.
#
# ## Sources
#
# * P. Veličković, *Deep learning for complete beginners*, part 1: the perceptron with 512 units in each hidden layer.
# * Y. LeCun, C. Cortes and C. Burges, *The MNIST database of handwritten digits*.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Ask for predictions before the shuffling experiment, in writing; most groups expect chance
# level. If somebody expects a small drop, ask where it should come from. While the perceptron trains, discuss what
# the ten templates would look like if every digit were centred differently. Usual wrong answers: forgetting the biases
# in exercise 1; in exercise 2 answering $1/k$ (a probability, and not a loss) or the logarithm to base 2 or 10.
