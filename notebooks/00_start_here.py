# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Start here: learning, or learning by heart?
#
# **Goal:** see your data as pictures, learn to read training curves, and understand the one rule that makes every
# number in this course worth something.
#
# A neural network can learn its training pictures by heart. What we want is something else: that it does well on
# pictures which it has never seen. That is called **generalising**, and this course is about nothing else. So the first
# question is: how would you notice the difference?

# %% [markdown] tags=["desk"]
# Run each cell with Shift+Enter; code that you cannot read yet, you may skip. If the other lessons lie in the same
# folder, the next cell links to them; the last column fills as you work.

# %% tags=["desk"]
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import contents

contents.table()

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
from course_utils import Lesson, plots

lesson = Lesson("00_start_here", mode=mode, seed=seed)
mnist = lesson.load("mnist")

# %% [markdown]
# The lines above say in which *mode* the lesson runs, what it costs in time and memory, which machine this is, and
# where its pictures come from (**MNIST** is a collection of handwritten digits). In **reduced** mode a lesson trains on
# a few thousand images and for a shorter time, in **full** mode on everything; nearly all networks are the same in
# both. **Smoke** mode is for testing the course itself, and its numbers mean nothing.
#
# The **seed** fixes all that is drawn by lot: which pictures are used, in which order, and the first **weights**, the
# numbers inside a network that training changes. The same seed repeats a run on the same machine; another seed is
# another run of the same experiment. (Another machine, or a copy of the data in another order, changes results a
# little.)
#
# ## What the network gets to see

# %%
plots.images(
    mnist.x_train[:30],
    title="Thirty training digits with their labels" + mnist.figure_suffix,
    labels=mnist.y_train[:30],
    columns=10,
    alt="Thirty small pictures of handwritten digits, each with its label above it.",
)

# %% [markdown]
# To you these are digits. To the computer each one is a table of numbers, 0 for black and 255 for white. Here is the
# middle of the first one:

# %%
print(mnist.x_train[0, 8:20, 8:20, 0])

# %%
import numpy as np

for part, images, labels in [("training", mnist.x_train, mnist.y_train), ("validation", mnist.x_val, mnist.y_val)]:
    print(f"{part:10} {images.shape} {images.dtype}, of each digit: {np.bincount(labels, minlength=10)}")

# %% [markdown]
# The round brackets give the *shape* of a NumPy array, axis by axis: pictures, rows, columns, and the numbers of each
# pixel (one, since it is grey). A `uint8` is a whole number from 0 to 255. The network *learns* from the **training
# set**. The **validation set** shows *us* how it does on pictures that it did not learn from. Two more, the comparison
# set and the test set, come at the end.
#
# Three words before we train. An **epoch** is one pass through all the training pictures. The **accuracy** is the share
# of right answers. The **loss** says how wrong the answers are, and charges more for a confident mistake than for a
# hesitant one. Training makes it smaller on the training pictures; lesson 01 gives the formula.
#
# ## What does it make of nonsense?
#
# Something absurd first: we take a few hundred training digits and replace their labels by **random ones**:
# a 3 may be called 7, another 3 may be called 0. (The validation digits keep their true ones.) There is nothing to
# understand here.
#
# > **Predict:** how high will the training accuracy climb? And the validation *loss*: will it fall, stay where guessing
# > puts it (2.3 for ten digits), or rise?
#
# Keras is the library that builds and trains our networks. Lesson 01 explains `Dense`, `relu`, `softmax`, `adam`, the
# batch, and the loss with the long name. For now it is enough that `small_network` builds a network which gives each of
# the ten digits a probability, `compile` says how to train it, and `fit` does. The probabilities add up to one, and the
# digit with the highest is the network's answer.
#
# `lesson.epochs(20)` means 20 epochs in full mode and fewer in a smaller one; the random labels get four times as many.
# `lesson.callbacks` reports on the training. (Where the line "Machine" at the top names `mixed_bfloat16`, Keras counts
# with coarser numbers, to be faster; `dtype="float32"` keeps the last layer on finer ones.)

# %%
import keras
from keras import layers


def small_network():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )


def confidence(network):
    return network.predict(mnist.x_val, verbose=0).max(axis=1).mean()  # of its ten probabilities, the highest


few = min(400, len(mnist.x_train))
nonsense = np.random.default_rng(seed).integers(0, 10, size=few)

# %%
network = small_network()
network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
untrained = confidence(network)
nonsense_history = network.fit(
    mnist.x_train[:few],
    nonsense,
    batch_size=32,
    epochs=4 * lesson.epochs(20),
    validation_data=(mnist.x_val, mnist.y_val),
    callbacks=lesson.callbacks("Random labels learned by heart cost more than guessing on new digits", guessing=10),
    verbose=0,
)

# %%
found = nonsense_history.history
print(f"training accuracy {found['accuracy'][-1]:.1%}, validation accuracy {found['val_accuracy'][-1]:.1%}")
print(f"validation loss {found['val_loss'][0]:.2f} after the first epoch, {found['val_loss'][-1]:.2f} at the end")
print("the highest of the ten probabilities for a validation digit, on average: "
      f"{untrained:.2f} before training, {confidence(network):.2f} at the end")

# %% [markdown]
# Look at the dashed lines alone, and you would say that this network learns splendidly. It knows hundreds of
# meaningless labels by heart, like a parrot's words. Only the solid lines tell the truth. On new digits the network
# guesses as before, but it has grown far surer of its guesses: compare the highest of its ten probabilities before and
# after (0.10 would be sure of nothing). Confident mistakes cost more, so the validation loss ends far above that of
# guessing.
#
# **Training figures alone cannot show that a network has understood anything.** That is why there is a validation set.
#
# ## The same network with something to understand
#
# Now the true labels, first of the same few digits, and then of all training digits in this mode.

# %%
histories = {}
for name, count in [("few digits", few), ("all digits", len(mnist.x_train))]:
    keras.utils.set_random_seed(seed)
    network = small_network()
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = network.fit(
        mnist.x_train[:count],
        mnist.y_train[:count],
        batch_size=32,
        epochs=lesson.epochs(20),
        validation_data=(mnist.x_val, mnist.y_val),
        callbacks=lesson.callbacks(),
        verbose=0,
    )
    histories[name] = history.history

# %%
plots.curves(
    histories,
    title="With fewer digits, training and validation lie further apart" + mnist.figure_suffix,
    alt="Loss and accuracy against epoch for training on few and on all digits. With few digits the gap between "
    "training and validation is wide; with all digits it is narrower.",
)

# %%
for name, figures in {"random labels": found, **histories}.items():
    gap, losses = figures["accuracy"][-1] - figures["val_accuracy"][-1], figures["val_loss"]
    share = figures["val_accuracy"][-1]
    around = 196 * (share * (1 - share) / len(mnist.y_val)) ** 0.5  # explained under "The golden rule"
    print(f"{name}: validation accuracy {share:.1%}, give or take {around:.1f} points; gap {100 * gap:.1f} points")
    low, late = min(losses), min(losses[-3:])
    print(f"   validation loss lowest in epoch {np.argmin(losses) + 1} of {len(losses)}, {low:.3f}; in the last three "
          f"{late:.3f} or more: {'it rises and stays up' if late > 1.1 * low else 'no clear rise'}")

# %% [markdown]
# The random labels had more epochs, but their validation loss had risen by the tenth: look back.
#
# Read four things off such a figure, in this order:
#
# 1. **Does the training loss fall?** If it never leaves that of guessing, the network is not learning at all.
# 2. **How large is the gap** between training and validation? A wide gap is called **overfitting**: the network knows
#    its own pictures far better than others; more pictures may help. No number says how wide is wide: compare with
#    another network on the same validation pictures. The gap is no harm by itself; lesson 01 says where harm begins.
#    (In the first epochs the training line may be the worse one: it averages over the epoch, and validation is measured
#    at its end.)
# 3. **Are both poor, and close together?** If both have levelled off, that is **underfitting**: as a rule the network
#    is too small for the task, or too much held back. If both still fall at the last epoch, it is only unfinished:
#    train on.
# 4. **Does the validation loss turn upwards, and stay up?** Then the network is, as a rule, surer of its mistakes or
#    makes more of them; the accuracy shows only the second. Every curve has a lowest epoch, and a loss measured on few
#    pictures wavers. So the printed lines speak of a rise only where the last three epochs all lie more than a tenth
#    above the lowest. Lesson 08 asks when to stop.
#
# Try it on the figure above. Both training losses fall, so both networks learn. With few digits the gap is far wider,
# and the solid line far worse. An epoch of few digits is short, but their solid lines have levelled off, so too little
# training is not the reason. Neither network is underfitting: both read their training digits well. The printed lines
# answer the fourth question, for the random labels as well. (This is one run of each. *Give or take* is what the choice
# of validation pictures can do: where two accuracies lie further apart than their two *give or takes* added up, it
# hardly explains the distance. *The golden rule* below says more.)
#
# Here more data lifted the solid line of the accuracy and narrowed the gap. But more data is expensive. Lessons 03 to
# 08 try six techniques that promise better networks from the same data, and measure what comes of it.
#
# ## How to fool yourself
#
# So we judge by the validation set. Suppose we try many networks and keep the one that is best there. Is its
# validation accuracy what we should expect on new pictures?
#
# Here are 200 "networks" of the laziest kind: each guesses at random, and is right one time in ten. We try them one
# after the other on a small validation set of 100 pictures, keep the best so far, and look at how that one does on
# fresh pictures. The whole story is played 500 times. The figure shows one story (a dot for each guesser, a star for
# the one kept; on the dotted line both accuracies are equal), and the average of all. (On the average's *logarithmic*
# axis it is as far from 1 to 10 as from 10 to 100.)
#
# > **Predict:** a guesser is right on 10 of 100 pictures on average. How many will the best of 200 guessers get right?

# %%
rng = np.random.default_rng(seed)
on_val = rng.binomial(100, 0.1, (500, 200))  # right answers to 100 pictures: 500 stories of 200 guessers
on_new = rng.binomial(100, 0.1, (500, 200))  # the same guessers on 100 fresh pictures

best_so_far = np.maximum.accumulate(on_val, axis=1)  # the best figure after each try
chosen = np.array([[story[: n + 1].argmax() for n in range(200)] for story in on_val])  # whose it is
on_fresh = np.take_along_axis(on_new, chosen, axis=1)  # and how that guesser does on the fresh pictures

# %%
winner = on_val[0].argmax()
there, later = on_val[0, winner], on_new[0, winner]
drawn, axes = plots.figure(1, 2, height=3.2)
axes[0].plot(on_val[0], on_new[0], "o", alpha=0.3)
axes[0].plot(there, later, "*", markersize=15, color=plots.COLOURS[1])
axes[0].plot([0, 25], [0, 25], ":", color="#666666")
axes[0].set(title=f"one story; the star: {there} right, then {later}", xlim=(0, 25), ylim=(0, 25),
            xlabel="accuracy where it is chosen, %", ylabel="accuracy on new pictures, %")
axes[1].semilogx(range(1, 201), best_so_far.mean(axis=0), label="where it was chosen", linewidth=2)
axes[1].semilogx(range(1, 201), on_fresh.mean(axis=0), "--", label="on new pictures", linewidth=2)
axes[1].set(title="500 stories, average", xlabel="networks tried (logarithmic axis)",
            ylabel="accuracy of the chosen one, %", ylim=(0, 25), xticks=[1, 10, 100], xticklabels=[1, 10, 100])
axes[1].legend(fontsize=9, frameon=False)
drawn.suptitle("The best of 200 guessers looks nearly twice as good as it is", fontsize=11)
plots.show(drawn, f"Left: 200 guessers as dots around ten and ten; a star, the chosen one: {there} right where it is "
           f"chosen, {later} on new pictures; a dotted line where both are equal. Right: accuracy against the number "
           "of guessers tried: where the choice was made it climbs steadily; on new pictures it stays at one in ten.")

# %%
print(f"the best of 200 guessers, chosen on 100 pictures: {best_so_far[:, -1].mean() / 100:.0%} right there, "
      f"{on_fresh[:, -1].mean() / 100:.0%} on new pictures")
print(f"chosen on 1,000 pictures: {rng.binomial(1000, 0.1, (500, 200)).max(axis=1).mean() / 1000:.0%} right there")
true = rng.normal(0.94, 0.01, (500, 200)).clip(max=1)  # networks that do differ: how good each truly is
seen = rng.binomial(1000, true)
best = seen.argmax(axis=1)[:, None]
print(f"200 unequal networks, {true.mean():.0%} right on average, the best chosen on 1,000 pictures: "
      f"{np.take_along_axis(seen, best, axis=1).mean() / 1000:.1%} right there, "
      f"truly {np.take_along_axis(true, best, axis=1).mean():.1%}")

# %% [markdown]
# Nobody cheated, and yet the accuracy is too good to be true: on new pictures the best guesser is a guesser like any
# other. Choosing *is* learning: whatever you choose by looking at a set of pictures, you have fitted to those pictures.
# The more you try, the more flattering the accuracy becomes; the more pictures you choose by, the less. Real networks
# are not all equally good, so choosing can find a better one; its accuracy on the set it was chosen on flatters too
# (last printed line, for 200 imagined networks).
#
# ## The golden rule
#
# So some pictures are kept apart: the **test set**. The golden rule: **choose by the validation set, and show the test
# set to a network once, when nothing about it is left to choose.** Use it to choose anything at all, and it has become
# one more validation set.
#
# This course compares many things: six techniques, several networks, each trained from several seeds. If every
# comparison used the test set, the whole course would be one long choice by it. So a set lies between the two: the
# **comparison set**, from the images that MNIST offers for training. In reduced mode no network learns from it, and no
# setting is chosen by it. It wears out too, a little: pick a winner by it, and the winner's figure flatters. That is
# why the test set has the last word. This is how the 70,000 digits of MNIST are cut:

# %%
parts = {
    "training": (len(mnist.y_train), "the network learns from them, in every epoch"),
    "validation": (len(mnist.y_val), "you choose by them, as often as you like"),
    "comparison": (len(mnist.y_compare), "finished networks are compared on them"),
    "test, sealed": (mnist.sealed.n, "opened when all is chosen; openings are counted"),
}
used = sum(count for count, _ in parts.values())
parts["left out"] = (0 if mnist.is_fallback else 70_000 - used, "in this run nobody sees them")
ends = np.cumsum([count for count, _ in parts.values()])

# %%
drawn, axes = plots.figure(height=2.3)
for (name, (count, purpose)), letter, end, y, colour in zip(
    parts.items(), "ABCDE", ends, np.arange(1.3, 5, 0.75), [*plots.COLOURS[:4], "#777777"]
):
    axes.barh(0, count, left=end - count, height=1.1, color=colour, edgecolor="white")
    axes.text(end - count / 2, -0.7, letter if count else "", ha="center", fontsize=9)
    axes.text(0, y, f"{letter}  {name}", color=colour, weight="bold")
    axes.text(0.32 * ends[-1], y, f"{count:,}", ha="right")
    axes.text(0.35 * ends[-1], y, purpose)
axes.set(ylim=(4.7, -1.2), xlim=(0, ends[-1]))
axes.axis("off")
drawn.suptitle("In one run every digit has one part, and every part one purpose" + mnist.figure_suffix, fontsize=11)
plots.show(drawn, "A bar of all digits cut into parts: " + "; ".join(
    f"{name} {count:,}: {purpose}" for name, (count, purpose) in parts.items()) + ".")

# %% [markdown]
# In reduced mode another seed deals A, B and E anew; C and D never change. (Full mode learns from C and E, too. There
# the validation set stands in for the comparison set, and flatters where something was chosen by it.) Some lessons open
# the test set, to put an accuracy beside a published one; each says so.
#
# The rule is easy to know and easy to break, so this course enforces it. Try to reach the test images:

# %% tags=["nbval-check-output"]
from course_utils.errors import SealedTestSetError

try:
    mnist.x_test
except SealedTestSetError as sealed:
    print(sealed)

# %% [markdown]
# `lesson.final_test` opens the seal. It counts the openings over the whole course on your machine, and a second look in
# one lesson needs a reason, which goes on record. Here the test set stays sealed, and the comparison set says how the
# last network does:

# %%
score = lesson.compare(network)

# %%
shares, arounds = [], []
for name, right, n in [
    ("validation", histories["all digits"]["val_accuracy"][-1], len(mnist.y_val)),
    ("the same validation" if score.on_validation else "comparison", score.accuracy, score.n),
]:
    shares.append(100 * right)
    arounds.append(196 * (right * (1 - right) / n) ** 0.5)  # 1.96 standard deviations of a share, in points
    print(f"{name} set: {right:.1%}, give or take {arounds[-1]:.1f} points on {n:,} pictures")
if not score.on_validation:
    apart, luck = abs(shares[0] - shares[1]), np.hypot(*arounds)
    print(f"They lie {apart:.1f} points apart, {'within' if apart <= luck else 'more than'} the {luck:.1f} points "
          "that luck with both sets allows, nineteen times in twenty.")

# %% [markdown]
# *Give or take* is what the choice of pictures can do: nineteen times in twenty the printed accuracy lies within that
# much of what endlessly many pictures of the same kind would give. With ten times the pictures it is about three times
# smaller. What another seed does comes on top.
#
# Nothing was chosen by the validation set in this lesson, so its accuracy has no reason to flatter. The distance
# between two accuracies, each on pictures of its own, has a give or take too. It is wider than either's, since both may
# be off, but narrower than the sum, since both are seldom far off in opposite directions: take the root of the sum of
# their squares (of two equal ones, 1.4 times one). So half a point between two validation sets of a thousand says next
# to nothing. (For two networks on the same pictures it is narrower; lesson 01 shows how to count there.)

# %% [markdown]
# ## Exercise 1: name the curves
#
# > Four training runs. For each, name what you see: `"overfitting"` where the lines part; `"underfitting"`
# > where both have levelled off too high; `"still improving"` where both still fall at the last epoch; `"not learning"`
# > where the loss never leaves that of guessing (about 2.3 for ten classes; lesson 01 asks you why).

# %%
epochs = np.arange(1, 21)
runs = {
    "A": {"loss": 2.3 * np.exp(-epochs / 3), "val_loss": 0.35 + 1.9 * np.exp(-epochs / 2) + 0.03 * epochs},
    "B": {"loss": 1.2 + 1.1 * np.exp(-epochs / 2), "val_loss": 1.25 + 1.05 * np.exp(-epochs / 2)},
    "C": {"loss": 2.3 - 0.07 * epochs, "val_loss": 2.32 - 0.068 * epochs},
    "D": {"loss": 2.303 + 0.004 * np.sin(epochs), "val_loss": 2.304 + 0.004 * np.cos(epochs)},
}
drawn, axes = plots.figure(1, 4, height=2.6, sharey=True)
for axis, (name, run) in zip(axes, runs.items()):
    axis.plot(epochs, run["val_loss"], "-", color=plots.COLOURS[0], label="validation")
    axis.plot(epochs, run["loss"], "--", color=plots.COLOURS[1], label="training")
    axis.set_title(name)
    axis.set_xlabel("epoch")
axes[0].set_ylabel("loss")
drawn.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9, frameon=False)
drawn.suptitle("Four imagined trainings: what would you call each?", fontsize=11)
plots.show(drawn, "Four pairs of loss curves. A: training falls to zero while validation turns up. B: both level off "
           "high and close together. C: both still fall in a straight line. D: both flat at 2.3.")

# %%
names = {"A": ..., "B": ..., "C": ..., "D": ...}

# %% tags=["nbval-check-output"]
lesson.check_names(names)

# %% [markdown]
# ## Exercise 2: when would you have stopped?
#
# > Write a function that takes the list of validation losses, one for each epoch, and returns the epoch, counted
# > from 1, whose weights you would keep (if two are equally good, the earlier).


# %%
def best_epoch(val_loss):
    ...


# %% tags=["nbval-check-output"]
lesson.check_best_epoch(best_epoch)

# %% [markdown]
# Solutions: [solutions/00_start_here.ipynb](solutions/00_start_here.ipynb). Lesson 08 turns stopping into a technique.
#
# ## What to take away
#
# * A large enough network can learn its training pictures by heart, even with random labels (here hundreds of digits,
#   in the article by Zhang and others whole training sets). Good training figures alone do not show that it has
#   understood anything.
# * Read the gap between training and validation, and watch for a validation loss that turns upwards and stays up.
# * Choosing is learning. Choose by the validation set, compare on the comparison set, and show a network the test set
#   only when nothing about it is left to choose.
#
# We have used `small_network` without a look inside. What does it do with a picture, and how does `fit` find its
# weights? [Lesson 01](01_mlp.ipynb) opens the box.
#
# ## Sources
#
# * C. Zhang, S. Bengio, M. Hardt, B. Recht and O. Vinyals, *Understanding deep learning requires rethinking
#   generalization*, 2017: networks that fit random labels.
# * Y. LeCun, C. Cortes and C. Burges, *The MNIST database of handwritten digits*.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Stop before the random-label experiment and take bets on the *training* accuracy; "about ten
# percent" is a likely wrong answer and the best possible start; for the validation loss it is "stays". While it
# trains, ask what a lookup table would achieve. At the guessers, ask who has ever reported the best of several runs. In
# exercise 1, B and D are easily mixed up: B has learned something and stopped, D is still at the loss of guessing.
# In exercise 2 look for the index from 0, and for the last epoch.
