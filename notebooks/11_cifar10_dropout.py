# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Real pictures, and a network that must not learn them by heart
#
# **Goal:** meet pictures on which the old recipes fail, train the network that the article builds for them, and see
# what dropout does to the gap between training and validation.
#
# Digits are kind to us: white strokes on black, centred, all of a size. For ten lessons we fought over the last few
# mistakes in a hundred. What happens to the same recipes when the pictures are photographs of cats, ships and trucks?

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots

lesson = Lesson("11_cifar10_dropout", mode=mode, seed=seed)
cifar = lesson.load("cifar10")  # x_train, y_train, x_val, y_val; the test set stays sealed

# %% [markdown]
# ## Ten kinds of things
#
# CIFAR-10 has ten classes, one to a column below. The pictures are small, 32 x 32 pixels with three colour channels, but
# you will have no trouble naming most of them.

# %%
import numpy as np

columns = [np.flatnonzero(cifar.y_train == label)[:4] for label in range(10)]
plots.images(
    cifar.x_train[np.transpose(columns).ravel()],
    title="Each column is one class: what is its rule?" + cifar.figure_suffix,
    labels=cifar.class_names,
    alt="Four pictures from each of the ten classes: " + ", ".join(cifar.class_names) + ".",
)

# %% [markdown]
# Now try to write down a rule. A one is a vertical stroke; what is a bird? Seen from the side or from below, flying or
# sitting, near or far, on sky or on leaves. No pixel is the bird's pixel, and no colour is the bird's colour.
#
# ## How far do colours get you?
#
# No colour at all? Average all the training pictures of each class:

# %%
averages = [cifar.x_train[cifar.y_train == label].mean(axis=0) / 255 for label in range(10)]
plots.images(
    averages,
    title="The average of a class: surroundings, and hardly an object" + cifar.figure_suffix,
    labels=cifar.class_names,
    alt="Ten average pictures, one for each class: blurs that differ in their colours.",
)

# %% [markdown]
# There is something in the colours, then. How much? Shrink every picture to its three mean colours and let
# scikit-learn's logistic regression guess the class from them.
#
# > **Predict** its accuracy; drawing lots gets one in ten.

# %%
from sklearn.linear_model import LogisticRegression


def mean_colours(images):
    return images.mean(axis=(1, 2)) / 255  # shape (N, 3)


by_colour = LogisticRegression().fit(mean_colours(cifar.x_train), cifar.y_train)
colour_accuracy = by_colour.score(mean_colours(cifar.x_val), cifar.y_val)
print(f"validation accuracy from three numbers a picture: {colour_accuracy:.1%}")

# %% [markdown]
# That is our floor: whatever does not beat it has not seen a single shape.
#
# ## The perceptron of lesson 01
#
# Two hidden layers of 512 units, as for the digits. The input is larger, and in reduced mode the training is shorter.
# The pictures stay integers of one byte each, and become floating-point numbers a batch at a time, inside the network.
# A floating-point copy of them all would take four times the memory.

# %%
import keras
from keras import layers


def train(model, count, epochs, batch_size=32, title=None):
    """Train on the first `count` training pictures."""
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(
        cifar.x_train[:count], cifar.y_train[:count], batch_size=batch_size, epochs=epochs,
        validation_data=(cifar.x_val, cifar.y_val), callbacks=lesson.callbacks(title), verbose=0,
    )


everything = len(cifar.x_train)
perceptron = keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), layers.Flatten()])
for units in (512, 512):
    perceptron.add(layers.Dense(units, activation="relu"))
perceptron.add(layers.Dense(10, activation="softmax", dtype="float32"))
perceptron_run = train(perceptron, everything, lesson.epochs(20, reduced=4), batch_size=128).history

# %%
perceptron_accuracy = perceptron_run["val_accuracy"][-1]
print(f"validation accuracy of the perceptron, {perceptron.count_params():,} weights: {perceptron_accuracy:.1%}")

# %% [markdown]
# The recipe that read digits almost without a mistake is wrong about most of these pictures. It has to learn every
# position, every size and every background of a bird as a case of its own, and there are never enough birds for that.
#
# ## The network
#
# The article's answer is lesson 02's idea twice over: two convolutions, pooling, dropout; again, with twice the
# channels on half the height and width; then one dense layer. We give it two knobs. `factor` scales all the dropout
# rates: at 1 they are the article's, at 0 there is no dropout. `width` is the number of channels to start with.


# %%
def build_dropout_cnn(factor=1, width=32):
    model = keras.Sequential(name="dropout_cnn")
    model.add(keras.Input((32, 32, 3)))
    model.add(layers.Rescaling(1 / 255))
    for filters in (width, 2 * width):
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D())
        model.add(layers.Dropout(0.25 * factor))
    model.add(layers.Flatten())
    model.add(layers.Dense(16 * width, activation="relu"))
    model.add(layers.Dropout(0.5 * factor))
    model.add(layers.Dense(10, activation="softmax", dtype="float32"))
    return model


# %% tags=["nbval-check-output"]
for layer in build_dropout_cnn().layers:
    if layer.count_params():
        print(f"{type(layer).__name__:8} {layer.count_params():>9,} weights, output {layer.output.shape[1:]}")

# %% [markdown]
# Two million weights and ten thousand pictures (45,000 in full mode). As in lesson 02, nearly all weights sit in one dense
# layer, and nothing stops them from memorising the training pictures one by one.
#
# ## What dropout does to a signal
#
# In each training step dropout draws a mask $m_i$ for every unit $x_i$: 0 with probability $p$, else 1. A unit that is
# silent now and then must not be missed too badly, so the others learn to do without it: no unit can lean on a single
# partner, and no small clique can memorise a picture. At the end all units speak, and the next layer would hear a
# louder signal than it was trained on. Therefore what survives is scaled up *during training*,
#
# $$y_i = \frac{m_i\, x_i}{1 - p}, \qquad
# \mathbb{E}[y_i] = \frac{(1 - p)\, x_i}{1 - p} = x_i,$$
#
# and afterwards dropout does nothing at all.

# %%
ones = np.ones((1, 10_000), dtype="float32")
drop = layers.Dropout(0.25, dtype="float32")
training = keras.ops.convert_to_numpy(drop(ones, training=True))
afterwards = keras.ops.convert_to_numpy(drop(ones, training=False))
print(f"in training: {(training == 0).mean():.1%} silent, the others {training.max():.3f}, mean {training.mean():.3f}")
print(f"afterwards:  {(afterwards == 0).mean():.1%} silent, all {afterwards.max():.3f}")

# %% [markdown]
# ## What dropout does to the gap
#
# To see overfitting in seconds we take half the channels and far too few pictures: the first 1,000. Same network, same
# pictures, same seed; the one change is the factor, 0 or 1.
#
# > **Predict:** what will each do to the training accuracy, and what to the validation accuracy?
#
# While we are at it, a second measurement. The training accuracy that `fit` reports was taken *with* dropout
# switched on, and the validation accuracy without. So after training we also measure the accuracy on the same 1,000
# training pictures with dropout off.

# %%
few, runs, known = 1000, {}, {}
for factor in (0, 1):
    for s in lesson.seeds(3):
        keras.utils.set_random_seed(s)
        model = build_dropout_cnn(factor, width=16)
        runs[factor, s] = train(model, few, lesson.epochs(24, reduced=12)).history
        known[factor, s] = model.evaluate(cifar.x_train[:few], cifar.y_train[:few], verbose=0)[1]

# %%
plots.curves(
    {"no dropout": runs[0, seed], "dropout": runs[1, seed]},
    title="A thousand pictures: the same network without and with dropout" + cifar.figure_suffix,
    alt="Loss and accuracy against epoch on a thousand pictures. Without dropout the dashed training lines leave the "
    "solid validation lines behind; with dropout they stay closer.",
)

# %%
reported, alike, checked = ({0: {}, 1: {}} for _ in range(3))
for (factor, s), run in runs.items():
    checked[factor][s] = run["val_accuracy"][-1]
    reported[factor][s] = run["accuracy"][-1] - checked[factor][s]
    alike[factor][s] = known[factor, s] - checked[factor][s]
for factor, name in ((0, "without dropout"), (1, "with dropout")):
    in_fit, off, on_new = (100 * np.mean([*d[factor].values()]) for d in (reported, alike, checked))
    print(f"{name:16} gap as fit reports it {in_fit:5.1f} points, with dropout off {off:5.1f}; "
          f"validation accuracy {on_new:.1f} %")

# %%
changes = {
    "gap as reported": evidence.compare(reported[0], reported[1], higher_is_better=False),
    "gap, dropout off": evidence.compare(alike[0], alike[1], higher_is_better=False),
    "validation accuracy": evidence.compare(checked[0], checked[1]),
}
narrower, better = changes["gap, dropout off"], changes["validation accuracy"]
plots.intervals(
    changes,
    title=f"Dropout changes the gap by {100 * narrower.mean:+.1f} points, the validation accuracy by "
    f"{100 * better.mean:+.1f}, over {better.n} seeds" + cifar.figure_suffix,
    x="with dropout minus without, percentage points",
    alt="Differences that dropout makes, with 95 % intervals: "
    + "; ".join(f"{name} {100 * found.mean:+.1f} points" for name, found in changes.items()) + ".",
)
for name, found in changes.items():
    print(found.sentence(name))

# %% [markdown]
# Read the three rows from the top; for a gap, "helps" means that it became smaller. The reported gap shrinks most, but
# part of that is only the handicap under which the training accuracy was measured. The second row compares like with
# like, and is smaller; what remains of it is memorising that did not take place, or not yet, since noise slows learning
# down. The third row is the one that counts, and it is the least impressive of the three.
#
# Now look at the validation *loss* in the curves. Without dropout it turns and climbs: the network grows ever surer of
# what it has learned by heart, and is as sure when it is wrong about a new picture (lesson 08). With dropout the loss
# goes on falling, slowly, because every step is taken in noise. Keep this in mind whenever you see a gap closed:
# **closing the gap is easy** (train less, and there is none). What we want is a higher solid line. Dropout may make
# room for it in longer training, where the other network has nothing left to learn but its pictures. These runs are too
# short to show it.
#
# ## Train it
#
# Now with all the training pictures of this mode and the article's setting: Adam, batches of 32. The article's listing asks
# for 200 epochs. In full mode we take 50, as for the networks of the next two lessons, so that they can be compared.

# %%
keras.utils.set_random_seed(seed)
model = build_dropout_cnn()
history = train(model, everything, lesson.epochs(50, reduced=6), title="The dropout CNN")

# %% [markdown]
# Compare the solid line with the one above, of the thousand pictures. It ends far higher, but not for one reason alone:
# more pictures, twice the channels, and more steps of training. More of the same kind of pictures leave less room for
# learning by heart; lesson 00 showed that with one network. How far does the gap open in fifty epochs? Full mode shows
# it, and lesson 12 has a published curve.
#
# ## Which classes does it know?

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

# %% [markdown]
# What does it take them for, when it is wrong?
#
# > **Predict:** which two classes will it confuse most?

# %%
from sklearn.metrics import confusion_matrix

matrix = confusion_matrix(cifar.y_val, said, labels=range(10))
both_ways = np.triu(matrix + matrix.T, k=1)
first, second = (cifar.class_names[i] for i in np.unravel_index(both_ways.argmax(), both_ways.shape))
plots.confusion(
    cifar.y_val,
    said,
    cifar.class_names,
    title=f"Most often confused: “{first}” and “{second}”" + cifar.figure_suffix,
    alt=f"Confusion matrix of the ten classes; the pair confused most often is {first} and {second}.",
)

# %% [markdown]
# Cats and dogs are nearly always near the top of that list: four legs, fur, two ears, on carpets and on lawns. Most
# mistakes stay among the animals or among the vehicles, and nobody told the network that there are such groups. By no
# means all do: look for the exceptions in the next figure.

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
# Try to see them with the network's eyes: what in each picture speaks for the wrong class?
#
# ## Digits and photographs on one scale
#
# The test accuracies of the digits' reference runs (dots), and beside them your validation accuracies on photographs
# (stars). Not even the perceptron is quite the same network on both sides: its hidden layers are, its input is larger, and
# in reduced mode its training is shorter. The dropout CNN is larger than the digits' baseline.

# %%
digits = {
    name: 100 * evidence.reference_runs(reference, "", lesson.mode, "mnist")["test_accuracy"].to_numpy(dtype=float)
    for name, reference in (("digits: perceptron", "mlp"), ("digits: baseline CNN", "baseline_cnn"))
}
yours = {
    "photographs: mean colours": 100 * colour_accuracy,
    "photographs: perceptron": 100 * perceptron_accuracy,
    "photographs: dropout CNN": 100 * history.history["val_accuracy"][-1],
}
plots.dots(
    {name: values for name, values in digits.items() if len(values)} | {name: [] for name in yours},
    title="What reads digits is far from knowing photographs" + cifar.figure_suffix,
    x="accuracy, %",
    mark=yours,
    alt="Accuracies on photographs: " + ", ".join(f"{name[13:]} {value:.1f} %" for name, value in yours.items())
    + "; those on digits are far above.",
)

# %% [markdown]
# ## The final test
#
# The architecture, the optimiser and the batch size are the article's. Nothing was chosen by looking at the results.

# %%
test = lesson.final_test(model)
record = lesson.record(model, "dropout_cnn", history=history, test=test, batch_size=32)
lesson.expect(record)

# %%
lesson.progress(record)

# %% [markdown]
# ## Where do these pictures come from?
#
# A test figure is worth no more than the test set. So look for the validation pictures that have a twin among the
# training pictures: shrink each picture to 8 x 8, and search for the nearest.

# %%
import sklearn
from sklearn.neighbors import NearestNeighbors

sklearn.set_config(working_memory=100)  # MB for the table of all distances, a part at a time


def coarse(images):
    blocks = images.reshape(-1, 8, 4, 8, 4, 3).mean(axis=(2, 4), dtype="float32")
    blocks = blocks.reshape(len(images), -1)
    return blocks - blocks.mean(axis=1, keepdims=True)


nearest = NearestNeighbors(n_neighbors=1, metric="cosine").fit(coarse(cifar.x_train))
distance, twin = (found[:, 0] for found in nearest.kneighbors(coarse(cifar.x_val)))
closest = np.argsort(distance)[:8]
plots.images(
    np.concatenate([cifar.x_val[closest], cifar.x_train[twin[closest]]]),
    title="Validation pictures (above), and the training pictures nearest to them" + cifar.figure_suffix,
    columns=8,
    alt="Eight pairs of a validation picture and its nearest training picture; with the real data several show the "
    "same photograph, cropped or coloured a little differently.",
)

# %% [markdown]
# With the real data you will find the same photograph twice, and one car many times. Barz and Denzler (2020) searched the
# whole of CIFAR-10 and found that about one *test* picture in thirty has a near-duplicate among the training pictures.
# For those, knowing by heart is as good as understanding.
#
# There is more to know. Alex Krizhevsky (2009) took the pictures from **80 Million Tiny Images**, which had been
# collected by typing nouns into image search engines; nobody who took or appears in a picture was asked. For CIFAR-10,
# people looked at every picture and kept those that show their class. The large collection had no such check.
# Birhane and Prabhu (2021) found categories in it that were named by slurs and insults, with pictures of people under
# them; its makers withdrew it in June 2020 and asked everyone to stop using it. CIFAR-10 itself is still distributed. The
# copy used here may moreover not be the original: if figure titles name a JPEG copy, the pictures were compressed once
# more, some detail is gone, and its figures are not those of the originals.
#
# **What is it good for, then?** For learning, and for comparing methods under equal conditions in minutes, as here:
# duplicates flatter both sides of a paired comparison. Not for a claim about how well a network would name
# *your* photographs, and not as a model of how to collect pictures.
#
# ## Exercise 1: dropout by hand
#
# > Write dropout as it acts in training: a random mask, and the scaling that keeps the mean. `signal` is a NumPy array,
# > `rate` is $p$, and `rng` a NumPy random generator (`rng.random(shape)` draws numbers between 0 and 1).


# %%
def drop_by_hand(signal, rate, rng):
    ...


# %% tags=["nbval-check-output"]
lesson.check_drop_by_hand(drop_by_hand)

# %% [markdown]
# ## Exercise 2: when it says cat, is it one?
#
# > The share of cats that it recognised is one question. Another is how far you can trust it: *of all the pictures that it
# > called cats, which share are cats?* The first is called **recall**, the second **precision**. Write a function that
# > returns the precision of every class, from a confusion matrix with true classes in rows and predictions in columns.
# > A class that was never predicted shall get 0. Then apply it to `matrix`: which class can you trust least?


# %%
def precisions(matrix):
    ...


# %% tags=["nbval-check-output"]
lesson.check_precisions(precisions)

# %% [markdown]
# Solutions: [solutions/11_cifar10_dropout.ipynb](solutions/11_cifar10_dropout.ipynb).
#
# ## What to take away
#
# * Photographs are another kind of problem than digits: colours alone carry a little, pixels in fixed places somewhat
#   more, and convolutions make the difference.
# * Dropout makes memorising harder. Part of the closed gap is only its handicap in training: compare like with like, and
#   judge by the validation line.
# * Know your data: where the pictures come from, whether anyone was asked, and whether test and training pictures are
#   really different ones.
#
# ## Sources
#
# * P. Veličković, *Deep learning for complete beginners*, part 2: the architecture and its training.
# * N. Srivastava and others, *Dropout: a simple way to prevent neural networks from overfitting*, 2014.
# * A. Krizhevsky, *Learning multiple layers of features from tiny images*, 2009.
# * A. Birhane and V. U. Prabhu, *Large image datasets: a pyrrhic win for computer vision?*, 2021.
# * B. Barz and J. Denzler, *Do we train on test data? Purging CIFAR of near-duplicates*, 2020.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Let the group guess the accuracy of the mean colours before it is printed; guesses run from
# nothing at all to one half. The two gap measurements are the heart of the lesson: ask first whether the training
# accuracy that `fit` shows is "the" training accuracy. While the main run trains, which takes half of the lesson's time,
# let them write down the pair of classes that they expect to be confused most. The last section deserves ten minutes of
# talk: what would a fair collection of pictures look like? Usual wrong answers: in exercise 1 leaving out the scaling,
# scaling by $p$, or one mask for the whole batch; in exercise 2 dividing by the row sums, which gives the recall.
