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
# **Goal:** meet pictures on which the old recipes fail, train the network that the article builds for them, and take
# dropout apart: what it does to one picture, to the gap between training and validation, and to the answer.
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
# CIFAR-10 has ten classes, one to a column below. The pictures are small, 32 x 32 pixels with three colour channels,
# but you will have no trouble naming most of them. (Where a title says “JPEG copy”, they come from a copy that was
# compressed once more.)

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
# sitting, near or far, on sky or on leaves. No pixel is the bird's pixel. But is there a bird's *colour*? Here is the
# average of all training pictures of each class:

# %%
plots.images(
    [cifar.x_train[cifar.y_train == label].mean(axis=0) / 255 for label in range(10)],
    title="The average of a class: surroundings, and the shadow of an object" + cifar.figure_suffix,
    labels=cifar.class_names,
    alt="Ten average pictures, one for each class: blurs that differ in their colours.",
)

# %% [markdown]
# Sky, sea, grass: the surroundings differ. So shrink each picture to three numbers, its mean red, green and blue, and let
# scikit-learn's logistic regression (one layer and a softmax, as in lesson 01) guess the class from them.
#
# > **Predict** its accuracy; drawing lots gets one in ten.

# %%
from sklearn.linear_model import LogisticRegression


def mean_colours(images):
    return images.mean(axis=(1, 2)) / 255  # shape (N, 3)


by_colour = LogisticRegression().fit(mean_colours(cifar.x_train), cifar.y_train)
colour_accuracy = by_colour.score(mean_colours(cifar.x_val), cifar.y_val)
print(f"Validation accuracy from three numbers a picture: {colour_accuracy:.1%}, "
      f"{10 * colour_accuracy:.1f} times as often right as by lot.")

# %% [markdown]
# That is a floor. A network that does no better may have looked at nothing but colours; one that does much better has
# looked at more than these three numbers.
#
# ## The perceptron of lesson 01
#
# Two hidden layers of 512 units, as for the digits, on the 3,072 numbers of a picture.
#
# > **Predict:** on digits it was wrong once in some twenty times. How many photographs of a hundred will it name?

# %%
import keras
from keras import layers, ops


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
print(f"The perceptron, {perceptron.count_params():,} weights: validation accuracy {perceptron_accuracy:.1%}, "
      f"training accuracy {perceptron_run['accuracy'][-1]:.1%}.")

# %% [markdown]
# It has to learn every position, every size and every background of a bird as a case of its own. If the two figures are
# close, it has not yet learned even its training pictures.
#
# ## The network
#
# The article's answer is lesson 02's idea twice over: two convolutions, pooling, dropout; again, with twice the
# channels on half the height and width; then one dense layer. We give it two knobs. `factor` scales all the dropout
# rates: at 1 they are the article's, at 0 there is no dropout. `width` is the number of channels to start with, and
# scales the dense layer too.


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
# Two million weights, nearly all in one dense layer, and ten thousand pictures (45,000 in full mode). Nothing stops them
# from learning the pictures by heart, one by one. That is what dropout is for.
#
# ## What dropout does to a signal
#
# In training dropout draws, for each picture anew, a mask $m_i$ for every unit $x_i$: 0 with probability $p$, else 1.
# A unit that is silent now and then must not be missed too badly, so the others learn to do without it: no unit can
# lean on a single partner, and no small clique can memorise a picture. Afterwards all units speak, and the next layer
# would hear a louder signal than it was trained on. Therefore what survives is scaled up *during training*,
#
# $$y_i = \frac{m_i\, x_i}{1 - p}, \qquad
# \mathbb{E}[y_i] = \frac{(1 - p)\, x_i}{1 - p} = x_i,$$
#
# so that its mean stays, and afterwards dropout does nothing at all.

# %%
ones = np.ones((1, 10_000), dtype="float32")
drop = layers.Dropout(0.25, dtype="float32")
for when, training in (("in training", True), ("afterwards", False)):
    signal = ops.convert_to_numpy(drop(ones, training=training))
    print(f"{when:11} {(signal == 0).mean():5.1%} silent, the others {signal.max():.3f}, mean {signal.mean():.3f}")

# %% [markdown]
# ## A thousand pictures, with and without
#
# To see overfitting in a minute we take a quarter of the channels and far too few pictures, the first 1,000. Same
# network, same pictures, same seed; one change, the factor.
#
# > **Predict:** what will dropout do to the training accuracy, and what to the validation accuracy?

# %%
few, runs, networks = 1000, {}, {}
for name, factor in (("no dropout", 0), ("dropout", 1)):
    keras.utils.set_random_seed(seed)
    networks[name] = build_dropout_cnn(factor, width=8)
    runs[name] = train(networks[name], few, lesson.epochs(40, reduced=20)).history

# %%
plots.curves(
    runs,
    title="Without dropout the validation loss turns and climbs" + cifar.figure_suffix,
    alt="Loss and accuracy against epoch. Without dropout the training accuracy goes to the top while the "
    "validation accuracy stays and the validation loss climbs; with dropout training and validation stay closer.",
)

# %%
for name, run in runs.items():
    losses, accuracies = run["val_loss"], run["val_accuracy"]
    lowest, highest = int(np.argmin(losses)), int(np.argmax(accuracies))
    print(f"{name}, at the end: training accuracy {run['accuracy'][-1]:.1%}, validation {accuracies[-1]:.1%}, "
          f"validation loss {losses[-1]:.2f}")
    print(f"{name}, at its best: validation {accuracies[highest]:.1%} in epoch {highest + 1}, "
          f"validation loss {losses[lowest]:.2f} in epoch {lowest + 1}")

# %% [markdown]
# With dropout the training accuracy is lower by far more than the validation accuracy differs: the gap closes from
# *above*. Look at the loss as well. Without dropout it turns and climbs: the network grows ever surer of what it has
# learned by heart, and surer where it is wrong, too (lesson 08). That is what dropout holds off first; whether for
# good, so few epochs cannot say.
#
# How much of the closed gap is real? The training accuracy of the network with dropout (dashed) is taken *with* its
# masks on, while the network limps.
#
# ## One picture under ten masks
#
# Let us watch it limp. The trained network gets one photograph ten times, with dropout switched on as in training.
# Each copy meets masks of its own, so ten different *thinned networks* answer. Of a hundred photographs we take the
# one on which ten such answers differ most: a hard case.
#
# > **Predict:** do the ten agree? And which is right most often: one thinned network, the mean of ten of them, or the
# > whole network with dropout off?

# %%
network, some = networks["dropout"], slice(0, 1000)
first_drop = next(layer for layer in network.layers if isinstance(layer, layers.Dropout))
inside = keras.Model(network.inputs[0], [first_drop.output, network.outputs[0]])
masked = np.stack([ops.convert_to_numpy(inside(cifar.x_val[some], training=True)[1]) for _ in range(10)])
whole = ops.convert_to_numpy(inside(cifar.x_val[some], training=False)[1])
names = masked.argmax(axis=2)  # what each of ten thinned networks says, shape (10, pictures)
divided = int(np.argmax([len(set(said)) for said in names[:, :100].T]))  # of 100, where they differ most

# %%
picture = cifar.x_val[divided : divided + 1]
copies, answers = inside(np.repeat(picture, 10, axis=0), training=True)
maps = ops.concatenate([inside(picture, training=False)[0], copies])  # the first without a mask
maps = ops.convert_to_numpy(ops.cast(maps, "float32"))[:, 1:-1, 1:-1]  # the zeros around a picture light up its rim
answers = ops.convert_to_numpy(answers)
tops = [f"{cifar.class_names[p.argmax()]} {p.max():.0%}" for p in (whole[divided], *answers)]

# %%
plots.images(
    [picture[0, 2:-2, 2:-2] / 255, *plots.masked_maps(maps).repeat(2, axis=1).repeat(2, axis=2)],
    title="What ten masks took from one feature map (orange), and ten answers" + cifar.figure_suffix,
    labels=[f"the picture:\n{cifar.class_names[cifar.y_val[divided]]}", f"no mask\n{tops[0]}",
            *(f"mask {k}\n{tops[k]}" for k in range(1, 11))],
    columns=6,
    alt="A photograph, a feature map of it, and the map ten times, a quarter of it taken: " + ", ".join(tops[1:]) + ".",
)

# %% [markdown]
# You see one of the eight maps at the first of three dropout layers. Black was silent anyway; what a mask leaves is
# brighter by a third, which is the scaling. The answers come from all the masks together, so do not look for the reason
# of one in the orange dots.

# %%
true = cifar.y_val[some]
agree = np.mean([np.bincount(said, minlength=10).max() for said in names.T])
one, mean_of_ten = (names == true).mean(), (masked.mean(axis=0).argmax(axis=1) == true).mean()
off = (whole.argmax(axis=1) == true).mean()
hits = int((answers.argmax(axis=1) == true[divided]).sum())
print(f"In the figure {hits} of 10 answers are right. Of ten thinned networks {agree:.1f} agree, on average over "
      f"{len(true):,} pictures.")
print(f"Right are: one thinned network {one:.1%}, the mean of ten {mean_of_ten:.1%}, the whole network {off:.1%}.")

# %% [markdown]
# So dropout trains a crowd. Every picture in every step trains a thinned network of its own, all of them share their
# weights, and the whole network at the end stands in for the average of the crowd: an ensemble (lesson 07) at the price
# of one. (It stands in approximately: the scaling keeps the mean of $y_i$, not of what ReLU and softmax make of it.
# Where the last two figures differ little, a thousand pictures cannot tell them apart.) The distance from the first
# figure to the last is the handicap, on new pictures, and the mean of ten makes up for most of it, or all. Measure the
# training pictures with dropout off, and like is compared with like:

# %%
gaps = []  # of each network, in points: as fit reports it, with dropout off
for name, run in runs.items():
    known = networks[name].evaluate(cifar.x_train[:few], cifar.y_train[:few], verbose=0)[1]
    gaps.append([100 * (accuracy - run["val_accuracy"][-1]) for accuracy in (run["accuracy"][-1], known)])
for name, (reported, alike) in zip([*runs, "closed"], [*gaps, np.subtract(*gaps)]):
    print(f"{name:10} gap as fit reports it {reported:5.1f} points, with dropout off {alike:5.1f}")

# %% [markdown]
# The last line is the difference of the two above it. The network without dropout has nothing to switch off, and yet
# its gap changes: `fit` averages over an epoch, while the weights still move, and `evaluate` takes those at its end.
# So a few points mean nothing here. Beyond them, what the last line loses from left to right was only the handicap.
# What remains is memorising that did not take place, or not yet, since noise slows learning down. And **closing the
# gap is easy** (train less, and there is none). What we want is a higher validation figure:

# %%
right = [net.predict(cifar.x_val, verbose=0).argmax(axis=1) == cifar.y_val for net in networks.values()]
gained, lost = (right[1] & ~right[0]).sum(), (right[0] & ~right[1]).sum()
print(f"Of {len(cifar.y_val):,} validation pictures dropout wins {gained} and loses {lost}: {gained - lost:+d}.")
print(f"Two equally good ones differ by less than {2 * np.sqrt(gained + lost):.0f} in about nineteen cases of twenty.")

# %% [markdown]
# * **A smaller difference** may be nothing but the luck of these validation pictures: as far as they can tell the two
#   are equally good, and the far smaller gap has bought no accuracy. (Look at the losses all the same.)
# * **A larger one** is more than that luck: *these* two networks, after their last epoch, are not equally good. Whether
#   dropout is why, one seed cannot say. Look at what each had at its best: where those two accuracies are close, dropout
#   has bought what stopping in time (lesson 08) would have bought as well.
#
# Compare the lowest losses, too. (The best of many epochs is a flattered figure, but it flatters both.) The course's
# table gives each side its own learning rate, ten seeds and the same number of epochs, on the small network of lesson
# 13:

# %%
print(evidence.tell("fair_cifar10", "no_dropout", "baseline"))

# %% [markdown]
# ## Train it
#
# Now with all the training pictures of this mode and the article's setting: Adam, batches of 32. (In place of its 200
# epochs full mode takes 50, as the next two lessons do.)

# %%
keras.utils.set_random_seed(seed)
model = build_dropout_cnn()
history = train(model, everything, lesson.epochs(50, reduced=6), title="The dropout CNN")

# %% [markdown]
# Where validation lies above training, that is the handicap once more, and the average over the epoch. Where the two
# cross, the training pictures begin to be known better than new ones, handicap and all: dropout delays learning by
# heart, it does not forbid it.
#
# Digits and photographs on one scale: the reference runs on digits (dots, with their mean; in reduced mode on half as
# many pictures), and yours on photographs (stars; drawing lots is arithmetic).

# %%
digits = {
    name: 100 * evidence.reference_runs(reference, "", lesson.mode, "mnist")["val_accuracy"].to_numpy(dtype=float)
    for name, reference in (("digits: perceptron", "mlp"), ("digits: baseline CNN", "baseline_cnn"))
}
yours = {
    "photographs: drawing lots": 10,
    "photographs: mean colours": 100 * colour_accuracy,
    "photographs: perceptron": 100 * perceptron_accuracy,
    "photographs: dropout CNN": 100 * history.history["val_accuracy"][-1],
}

# %%
plots.dots(
    {name: values for name, values in digits.items() if len(values)} | {name: [] for name in yours},
    title="What reads digits is far from knowing photographs" + cifar.figure_suffix,
    x="validation accuracy, %",
    mark=yours,
    alt="Accuracies on photographs: " + ", ".join(f"{name[13:]} {value:.1f} %" for name, value in yours.items())
    + "; those on digits are far above.",
)

# %% [markdown]
# In points the jump from the perceptron to the CNN is far longer than on digits. But digits had few points left to give:
# when somebody shows you a jump, ask also which share of the mistakes is gone.
#
# > **Predict:** is that share larger on the digits or on the photographs?
#
# (The CNN had more and smaller batches than the perceptron. So its first epoch is printed, too.)

# %%
jumps = {"digits": [runs.mean() for runs in digits.values() if len(runs)], "photographs": [*yours.values()][-2:]}
for what, (before, after) in ((what, ends) for what, ends in jumps.items() if len(ends) == 2):
    print(f"From perceptron to CNN, {what}: {after - before:+.1f} points, "
          f"{(after - before) / max(100 - before, 0.1):.0%} of the mistakes gone.")
print(f"Photographs, perceptron after {len(perceptron_run['accuracy']) * -(-everything // 128):,} steps of 128: "
      f"{perceptron_accuracy:.1%}; CNN after {-(-everything // 32):,} of 32: {history.history['val_accuracy'][0]:.1%}.")

# %% [markdown]
# Where the two shares are near each other, the long jump and the short one are about equally long, counted
# in mistakes. (Do not read more into
# them: other networks, and other amounts of training, stand behind each.) If the CNN is ahead after one epoch, its longer
# training is not the reason. What is left is how it is built, which is to say the knowledge of neighbours (lesson 02),
# and its smaller batches, which in as many steps show it a quarter of the pictures.
#
# ## What does it mistake for what?
#
# Nobody told the network that six of its classes are animals and four are vehicles.
#
# > **Predict:** which two classes will it confuse most? And what share of its mistakes stays within the animals or
# > within the vehicles?

# %%
from sklearn.metrics import confusion_matrix

predicted = model.predict(cifar.x_val, verbose=0)
said = predicted.argmax(axis=1)
matrix = confusion_matrix(cifar.y_val, said, labels=range(10))
both_ways = np.triu(matrix + matrix.T, k=1)
pairs = np.dstack(np.unravel_index(np.argsort(-both_ways, axis=None)[:3], both_ways.shape))[0]
told = [f"“{cifar.class_names[i]}” and “{cifar.class_names[j]}”" for i, j in pairs]

# %%
plots.confusion(
    cifar.y_val, said, cifar.class_names,
    title=f"Most often confused, both ways counted: {told[0]}" + cifar.figure_suffix,
    alt=f"Confusion matrix of the ten classes; the pair confused most often is {told[0]}.",
)

# %%
animal = np.isin(np.arange(10), [2, 3, 4, 5, 6, 7])


def within(said):  # the share of the mistakes that stay within the animals or within the vehicles
    return (animal[said] == animal[cifar.y_val])[said != cifar.y_val].mean()


wrong = np.flatnonzero(said != cifar.y_val)
by_lot = np.where(animal[cifar.y_val[wrong]], 5 / 9, 3 / 9).mean()  # of the nine other classes
print(f"Of {len(wrong)} mistakes, most often confused: "
      + "; ".join(f"{pair} {both_ways[i, j]} times" for pair, (i, j) in zip(told, pairs)))
of_colours = within(by_colour.predict(mean_colours(cifar.x_val)))
print(f"{within(said):.0%} of the mistakes stay within the animals or within the vehicles; by lot it would be "
      f"{by_lot:.0%}. Of the mistakes made from mean colours {of_colours:.0%} do.")

# %% [markdown]
# Pairs with nearly the same number are a tie; another seed may well put another first. Unasked, the network takes like
# for like. Part of that needs no shape: the mean colours, too, know sky from grass.
# What it has above *them*, it found by looking at more. The exceptions are worth a look: animals that it called
# vehicles, vehicles that it called animals, and the ten of which it was surest.

# %%
crossing = wrong[animal[said[wrong]] != animal[cifar.y_val[wrong]]]
surest = crossing[np.argsort(-predicted[crossing].max(axis=1))][:10]
if len(surest):
    plots.images(
        cifar.x_val[surest],
        title="Its surest mistakes between animals and vehicles: the truth, what it said" + cifar.figure_suffix,
        labels=[f"{cifar.class_names[cifar.y_val[i]]}\n→ {cifar.class_names[said[i]]} ({predicted[i].max():.0%})"
                for i in surest],
        columns=5,
        alt="Up to ten animals that the network surely took for vehicles, or vehicles for animals, each with its true "
        "class and its prediction.",
    )

# %% [markdown]
# Try to see them with the network's eyes: what in each picture speaks for the wrong class?
#
# ## Where do these pictures come from?
#
# A test figure is worth no more than the test set. So before we open it, look for validation pictures that have a twin
# among the training pictures: shrink each picture to 8 x 8, and search for the nearest, with differences in brightness
# (the mean, which we subtract) and in contrast (the length, which the cosine ignores) left out of account.

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

# %%
plots.images(
    np.concatenate([cifar.x_val[closest], cifar.x_train[twin[closest]]]),
    title="Validation pictures (above), and the training pictures nearest to them" + cifar.figure_suffix,
    columns=8,
    alt="Eight pairs of a validation picture and its nearest training picture; with the real data several show the "
    "same photograph, cropped or coloured a little differently.",
)
near, far = distance[closest[[0, -1]]]
print(f"The closest eight of {len(distance):,} pictures, searched among {len(cifar.x_train):,}: distances "
      f"{near:.3f} to {far:.3f}. Half of all pictures have nothing nearer than {np.median(distance):.3f}.")

# %% [markdown]
# With the real data you see the same photograph twice, or nearly: how many of the eight would you call one picture? There
# are at least so many, for these are only the closest, and in reduced mode among a part of the training pictures. Barz
# and Denzler (2020) searched the whole of CIFAR-10 and found that about one *test* picture in thirty has a
# near-duplicate among the training pictures. For those, knowing by heart is as good as understanding.
#
# There is more to know. Alex Krizhevsky (2009) took the pictures from **80 Million Tiny Images**, which had been
# collected by typing nouns into image search engines; nobody who took or appears in a picture was asked. For
# CIFAR-10, people looked at every picture and kept those that show their class. The large collection had no such
# check. Birhane and Prabhu (2021, first as a preprint in 2020) found categories in it that were named by slurs and
# insults, with pictures of people under them; its makers withdrew it in June 2020 and asked everyone to stop using
# it. CIFAR-10 itself is still distributed.
#
# **What is it good for, then?** For learning, and for comparing methods in minutes: duplicates flatter both sides of a
# comparison, the one that learns by heart perhaps a little more; but one picture in thirty cannot move it by much
# more than three points, and moves it by far less as a rule. Not for a claim about how well a network would name
# *your* photographs, and not as a model of how to collect pictures.
#
# ## Is your number normal?
#
# The architecture, the optimiser and the batch size are the article's. Nothing was chosen by looking at the results,
# so the test set may be opened, once, for the figure that stands beside the article's. Even a full run need not meet
# that: it has 50 epochs for the article's 200, and perhaps a compressed copy. What each of these costs we have not
# measured.

# %%
test = lesson.final_test(model)
record = lesson.record(model, "dropout_cnn", history=history, test=test, batch_size=32)
lesson.expect(record)
full = evidence.reference_runs("dropout_cnn", "", "full", cifar.label)["test_accuracy"]
print(f"At full size, 45,000 pictures and 50 epochs, mean of {len(full)} reference run(s): {full.mean():.2%}."
      if len(full) else "At full size: not yet measured.")

# %%
lesson.progress(record)

# %% [markdown]
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
# > The share of cats that it recognised is one question. Another is how far you can trust it: *of all the pictures
# > that it called cats, which share are cats?* The first is called **recall**, the second **precision**. Write a
# > function that returns the precision of every class, from a confusion matrix with true classes in rows and predictions
# > in columns. A class that was never predicted shall get 0. Then apply it to `matrix`: which class can you trust least,
# > and is it the one that is recognised least?


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
#   more, and a network that knows neighbours far more.
# * Dropout trains a crowd of thinned networks that share their weights. Part of the gap that it closes is only its
#   handicap in training: compare like with like, and judge by the validation figure.
# * Know your data: where the pictures come from, whether anyone was asked, and whether test and training pictures are
#   really different ones.
#
# This network halves its pictures by pooling, which throws three of four answers away and learns nothing. Can a network
# do without it? [Lesson 12](12_all_conv.ipynb) tries.
#
# ## Sources
#
# * P. Veličković, *Deep learning for complete beginners*, part 2: the architecture and its training.
# * N. Srivastava and others, *Dropout: a simple way to prevent neural networks from overfitting*, 2014: masks, scaling,
#   and the crowd of thinned networks.
# * A. Krizhevsky, *Learning multiple layers of features from tiny images*, 2009.
# * A. Birhane and V. U. Prabhu, *Large image datasets: a pyrrhic win for computer vision?*, 2021.
# * B. Barz and J. Denzler, *Do we train on test data? Purging CIFAR of near-duplicates*, 2020.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Let the group guess the accuracy of the mean colours before it is printed; guesses run from
# nothing at all to one half. The ten masks are the heart of the lesson: ask first whether the training accuracy that
# `fit` shows is "the" training accuracy. While the main run trains, which takes half of the lesson's time, let them
# write down the pair of classes that they expect to be confused most. The section on where the pictures come from
# deserves ten minutes of talk: what would a fair collection look like? Usual wrong answers: in exercise 1 leaving out
# the scaling, scaling by $p$, or one mask for the whole batch; in exercise 2 dividing by the row sums, which gives the
# recall.
