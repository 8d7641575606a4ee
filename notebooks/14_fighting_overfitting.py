# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Fighting overfitting
#
# **Goal:** take a network that learns its photographs by heart, and turn it, step by step and judged on validation
# alone, into one that recognises photographs which it has never seen.
#
# The networks of lessons 11 to 13 came with their numbers: so many filters, so much dropout here, so much there. Where
# do such numbers come from? The article about the all-convolutional networks does not only give two of them, it gives a
# **procedure**:
#
# 1. Start from an architecture that is known to work, and let it learn.
# 2. Read the gap between the training curve and the validation curve.
# 3. Regularise *just enough* to close it, and no more.
# 4. Only then augment the images, modestly.
# 5. Try one thing at a time, keep what validation says is better, and test once.
#
# This lesson walks through it. You will see what "too much" looks like as well.

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, data, diagnose, evidence, plots

lesson = Lesson("14_fighting_overfitting", mode=mode, seed=seed)
cifar = lesson.load("cifar10")

# %% [markdown]
# ## Start from what is known to work
#
# We take the small network of lesson 13. `dropout` scales its three dropout rates: 0 takes them out, 1 is the article's
# network, 2 would double them. To see overfitting in seconds and not in hours we train on 2,000 photographs, in every mode:
# the fewer there are, the sooner they are known by heart.

# %%
import keras
import numpy as np
from keras import layers
from sklearn.metrics import confusion_matrix
from course_utils.layers import FusedBatchNormalization as BatchNormalization, RandomShift


def build_small(dropout=1, augment=False):
    model = keras.Sequential([keras.Input((32, 32, 3))], name="small_all_conv")
    if augment:
        model.add(layers.RandomFlip("horizontal"))
        model.add(RandomShift(0.1))
    model.add(layers.Rescaling(1 / 255))
    model.add(layers.Conv2D(32, 3, activation="relu"))
    model.add(layers.Dropout(0.1 * dropout))
    model.add(layers.Conv2D(64, 5, strides=2, use_bias=False, activation="relu"))
    model.add(layers.Dropout(0.2 * dropout))
    model.add(layers.Flatten())
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dropout(0.3 * dropout))
    model.add(layers.Dense(10, activation="softmax", dtype="float32"))
    return model


# %%
few = 256 if lesson.mode == "smoke" else 2000
epochs = max(lesson.epochs(24, reduced=14), 4)  # four, so that the curves have a direction in smoke mode too


def train_on_few(title=None, **choices):
    keras.utils.set_random_seed(seed)
    model = build_small(**choices)
    # Twice Adam's usual rate: there are few steps.
    model.compile(keras.optimizers.Adam(0.002), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(
        cifar.x_train[:few], cifar.y_train[:few], batch_size=64, epochs=epochs,
        validation_data=(cifar.x_val[:1000], cifar.y_val[:1000]), callbacks=lesson.callbacks(title), verbose=0,
    )  # fmt: skip


# %%
bare = train_on_few("No dropout, 2,000 photographs", dropout=0)

# %% [markdown]
# ## Read the gap
#
# You have seen such curves before, in lesson 08. What do they say, and what would you do about it? Decide on a word
# before you run the next cell: is the network *underfitting*, *overfitting*, *still improving*, or on a *plateau*?

# %%
print(diagnose(bare))

# %% [markdown]
# `diagnose` reads the curves by a fixed rule. It compares the last quarter of the epochs with those before, and the
# first line that holds is its answer:
#
# | it says | when | and then |
# | --- | --- | --- |
# | still improving | the validation loss is at its lowest and falling | train on before you change anything |
# | overfitting | the validation loss has turned while the training loss goes on falling, or the gap is wide | regularise more |
# | underfitting | not even the training images are learnt, and there is no gap | regularise less, or build larger |
# | plateau | none of these: the gap is there, but it is no chasm | change one thing, and compare |
#
# The thresholds are conventions (`help(diagnose)` names them). What matters is that the rule was fixed *before* the
# curves were seen: otherwise one finds in them what one hoped for.
#
# ## Just enough
#
# Overfitting, then: regularise. But how much?
#
# > **Predict** the two curves, training and validation, for the article's own dropout, for two and a half times as
# > much, and for three times. (Three times means that in any one step only a tenth of the hidden units answer.)

# %%
factors = {"no dropout": 0, "the article's": 1, "2.5 times": 2.5, "3 times": 3}
sweep = {name: train_on_few(dropout=factor) if factor else bare for name, factor in factors.items()}


def lowest(history):
    return min(history.history["val_loss"])


enough = min(sweep, key=lambda name: lowest(sweep[name]))

# %% [markdown]
# The next figure calls a dropout *just enough* if its validation loss came down furthest, *too little* if it is less than
# that, and *too much* if it is more. This rule looks at validation only, and at no gap.

# %%
amounts = {-1: "too little", 0: "just enough", 1: "too much"}
drawn, axes = plots.figure(2, 2, height=4.6, sharex=True, sharey=True)
for axis, (name, history) in zip(axes.flat, sweep.items()):
    train, val = (100 * np.array(history.history[key]) for key in ("accuracy", "val_accuracy"))
    steps = np.arange(1, epochs + 1)
    axis.fill_between(steps, train, val, where=train > val, color=plots.COLOURS[1], alpha=0.2, interpolate=True)
    axis.plot(steps, train, "--", color=plots.COLOURS[0], label="training")
    axis.plot(steps, val, color=plots.COLOURS[0], label="validation")
    axis.set_title(f"{name}: {amounts[np.sign(factors[name] - factors[enough])]}", fontsize=10)
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.grid(alpha=0.25)
drawn.supxlabel("epoch", fontsize=10)
drawn.supylabel("accuracy, %", fontsize=10)
axes[0, 0].legend(frameon=False, fontsize=9)
drawn.suptitle(f"Dropout narrows the gap; too much of it slows the learning as well{cifar.figure_suffix}", fontsize=11)
plots.show(drawn, "Training and validation accuracy against epoch in four panels, the gap shaded: " + "; ".join(
    f"{name}, at the end {history.history['accuracy'][-1]:.0%} and {history.history['val_accuracy'][-1]:.0%}"
    for name, history in sweep.items()) + ".")

# %%
def report(histories):
    for name, history in histories.items():
        found = diagnose(history)
        print(f"{name:28} gap {100 * found.gap:+5.1f} points, lowest validation loss {lowest(history):.3f} "
              f"in epoch {found.best_epoch:2}, {found.name}")


report(sweep)

# %% [markdown]
# A small gap is not the goal. With three times the dropout there is none, and training may even lie below validation,
# since dropout handicaps the network only while it trains. But that was bought with *both* curves. Where the rule says
# "still improving", take it at its word: whatever regularises also slows the learning, and more epochs are a part of its
# price. What counts is how low the validation loss gets; the gap only tells you in which direction to look.
#
# Nor is there one right amount. It depends on how many images there are, on how long you train, on what else regularises.
# The article's rates were meant for its whole training set and fifty epochs, not for 2,000 photographs and a few.
#
# ## Then augment, modestly
#
# The best cure for too few photographs is more of them. Lesson 06 made new digits by shifting old ones, and drew a line
# at mirroring.
#
# > **Predict:** should a network for photographs be shown mirror images?

# %%
digits = np.pad(data.load("mnist", "smoke", seed).x_train[:6], ((0, 0), (2, 2), (2, 2), (0, 0)))
photographs = cifar.x_train[:6]
rows = [kind[:, :, ::step] for kind in (photographs, digits.repeat(3, axis=-1)) for step in (1, -1)]
plots.images(
    np.concatenate(rows), columns=6,
    title="Photographs may be mirrored, digits may not" + cifar.figure_suffix,
    alt="Four rows of six: photographs, the same mirrored and as natural as before; digits, the same mirrored, "
    "most of which no longer are digits.",
)

# %% [markdown]
# A horse that looks to the left is a horse, and somewhere in the test set one does. So the mirror image is a new, honest
# photograph with the same label. A mirrored 3 is not a 3 that anyone would write. The question is never "does the
# augmentation help?" in general, but **does it keep the label, and does it make pictures that could occur?** By the same
# rule we do *not* turn photographs upside down, and keep the shifts small.
#
# `RandomFlip` is Keras's own and acts in training only. One photograph, as the network meets it in ten epochs:

# %%
augment = keras.Sequential([layers.RandomFlip("horizontal"), RandomShift(0.1)])
horse = cifar.x_train[np.flatnonzero(cifar.y_train == 7)[:1]]
versions = np.asarray(augment(horse.repeat(10, axis=0), training=True), dtype="float32") / 255
plots.images(
    versions, columns=5,
    title="One photograph in ten epochs: never quite the same" + cifar.figure_suffix,
    alt="Ten versions of one photograph, some mirrored, each shifted by up to three pixels.",
)

# %% [markdown]
# ## One thing at a time
#
# Now step 5 as a loop. We start from the winner of the sweep and propose one change after the other; a change is kept
# only if the validation loss comes down further than before. The first proposal is augmentation. The second follows
# from it: augmentation regularises too, so the dropout that was just enough may now be too much. Propose half of it.
#
# > **Predict** which of the two will be kept, and what becomes of the gap.

# %%
proposals = {"+ mirrored and shifted": {"augment": True}, "+ half the dropout": {"dropout": factors[enough] / 2}}
kept, best = {"dropout": factors[enough], "augment": False}, sweep[enough]
path = {f"dropout: {enough}": best}
for name, change in proposals.items():
    choices = kept | change
    path[name] = train_on_few(**choices)
    better = lowest(path[name]) < lowest(best)
    print(f"{name}: {lowest(best):.3f} -> {lowest(path[name]):.3f}, {'kept' if better else 'not kept'}")
    if better:
        kept, best = choices, path[name]

# %%
plots.curves(
    {name: history.history for name, history in path.items()},
    title="What keeps changing is harder to learn by heart" + cifar.figure_suffix,
    alt="Loss and accuracy against epoch for the winner of the sweep and for the two proposals: augmented images hold "
    "the training accuracy down.",
)

# %%
report(path)
print(f"kept in the end: {kept}")

# %% [markdown]
# Dropout hides parts of the network, augmentation adds knowledge about the world: that a horse may look either way, and
# stand a little to the side. The first is bought with capacity, the second costs only epochs, for there is more to learn.
# Every step of the loop changes the curves, so after every step you are back at the beginning: read the gap. One seed
# decides here, which is how it is done in practice and why a kept change may be luck; for a verdict you would pair seeds.
#
# ## The six techniques on photographs
#
# On digits the baseline made few mistakes to begin with, and the article says that on CIFAR-10 the gain from its six
# techniques is "more tangible", without showing it. The next cell compares each of them alone, and all six together, added
# to the small network, paired over seeds as in lesson 10, as far as reference runs exist:

# %%
names = {"l2": "L2", "he_init": "He initialisation", "batch_norm": "batch norm", "augmentation": "shifts",
         "ensemble": "ensemble", "early_stopping": "early stopping", evidence.ALL_SIX: "all six"}  # fmt: skip
verdicts = {name: evidence.compare_reference("", key, lesson.mode, cifar.label, model="small_all_conv")
            for key, name in names.items()}  # fmt: skip
known = {name: found for name, found in verdicts.items() if found is not None}
if known:
    plots.intervals(known, title="The techniques on the small network, alone and together" + cifar.figure_suffix,
                    alt=" ".join(found.sentence(name) for name, found in known.items()))  # fmt: skip
for name, found in verdicts.items():
    print(found.sentence(name) if found else f"{name}: not yet measured")
print(f"Doubt it? course run ablation --mode {lesson.mode} --seeds 0-9 --param model=small_all_conv "
      f"--param techniques=none,{','.join(names)} --out doubt_14\nThen: course report doubt_14")

# %% [markdown]
# Few seeds make wide intervals, and a mean to the right of zero is then no verdict; nor can rows as wide as these say
# whether the six add up. The two rows with early stopping in them hold longer training as well, which lesson 10 takes
# apart for digits. Where it says "not yet measured", nobody has run these trainings on this copy of the photographs; the
# command beside it does.
#
# ## The best of the family
#
# Now everything that the course has taught, in one network of the same family. It is deeper than lesson 12's, every
# convolution is followed by batch normalisation (lesson 05) and starts from He's weights (lesson 04); photographs are
# mirrored and shifted; the mean over each feature map replaces the dense layer in which, as lesson 13 showed, the weights
# sat. It follows Springenberg's All-CNN, whose article gives 90.9 % without and 92.75 % with augmentation. On a
# CPU you train a slim version of it for a few epochs; in full mode it is four times as wide and takes its time.

# %%
def build_deep(width, momentum):
    model = keras.Sequential([keras.Input((32, 32, 3))], name="deep_all_conv")
    model.add(layers.RandomFlip("horizontal"))
    model.add(RandomShift(0.1))
    model.add(layers.Rescaling(1 / 255))
    for filters, stride in [(1, 1), (2, 2), (2, 1), (4, 2), (4, 1), (8, 2), (8, 1)]:
        model.add(layers.Conv2D(filters * width, 3, strides=stride, padding="same", use_bias=False,
                                kernel_initializer="he_uniform"))  # fmt: skip
        model.add(BatchNormalization(momentum=momentum))
        model.add(layers.ReLU())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(10, activation="softmax", dtype="float32"))
    return model


# %% [markdown]
# The **learning rate** falls along a cosine, as at the end of lesson 09: large steps at first to get far, small ones at the
# end to settle. New is the way up in the first tenth of the steps. The weights start out random and so do the first
# gradients; nobody should run in the direction that they give. And early stopping's patience must not cut off the end,
# where the gain is.

# %%
full = lesson.mode == "full"
width, momentum = (64, 0.99) if full else (16, 0.9)
batch_size, epochs_deep = 64, lesson.epochs(80, reduced=6)
steps = epochs_deep * -(-len(cifar.x_train) // batch_size)
warm_up = max(steps // 10, 1)
rate = keras.optimizers.schedules.CosineDecay(
    0.0, decay_steps=steps - warm_up, warmup_target=4e-3, warmup_steps=warm_up
)
shown = np.linspace(0, steps, 200).round()
plots.lines(
    {"learning rate": (shown, [float(rate(step)) for step in shown])},
    title="The learning rate of every step: warm up, then settle", x="step", y="learning rate", height=2.4,
    alt="The learning rate rises in a straight line in the first tenth of the steps and falls as a cosine to zero.",
)

# %%
keras.utils.set_random_seed(seed)
model = build_deep(width, momentum)
model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
stopper = keras.callbacks.EarlyStopping("val_loss", patience=20 if full else 5, restore_best_weights=True)
history = model.fit(
    cifar.x_train, cifar.y_train, batch_size=batch_size, epochs=epochs_deep,
    validation_data=(cifar.x_val, cifar.y_val),
    callbacks=[*lesson.callbacks("Deeper, normalised, augmented"), stopper],
    verbose=0,
)

# %%
print(f"{model.count_params():,} weights, {lesson.mode} mode")
print(diagnose(history) if len(history.epoch) >= 4 else "too few epochs for a diagnosis in this mode")

# %% [markdown]
# If it says "still improving", there is nothing to go on with: this learning rate ends at zero. More epochs mean a longer
# cosine, from the start.
#
# ## Choose on validation
#
# The candidates are the models of lessons 11 to 13, by their reference runs in this mode, the small one with all six
# techniques, and this one. The choice is made by *validation* accuracy. Look at the seconds too: a candidate that took
# longer and is still behind is out, and one that is ahead only with many times the time is no fair rival, for with that
# time this network could be trained for longer as well. (The machine did other work beside some of the runs, so a factor
# of two means nothing.) Should one of the others be fairly ahead, test that one, in its lesson. Where a candidate is not
# yet measured, put down the validation accuracy that you saw in its lesson. **The test set has no say.**

# %%
candidates = {"dropout CNN": ("dropout_cnn", ""), "all-conv": ("all_conv", ""), "the small": ("small_all_conv", ""),
              "with all six": ("small_all_conv", evidence.ALL_SIX), "this lesson's": ("deep_all_conv", "")}  # fmt: skip
for name, (key, techniques) in candidates.items():
    runs = evidence.reference_runs(key, techniques, lesson.mode, cifar.label)
    known = f"{runs['val_accuracy'].mean():.1%}, mean of {len(runs)} runs, {runs['seconds'].median():4.0f} s each"
    print(f"{name:15} {known if len(runs) else 'not yet measured'}")
kept = np.argmin(history.history["val_loss"])  # the epoch whose weights were restored
print(f"this very run   {history.history['val_accuracy'][kept]:.1%}")

# %% [markdown]
# ## What is left
#
# Compare with the figure of lesson 13: which classes gained? And which pair does it confuse most?
#
# > **Predict** the pair.

# %%
predicted = np.asarray(model.predict(cifar.x_val, verbose=0))
said = predicted.argmax(axis=1)
right = [(said == cifar.y_val)[cifar.y_val == c].mean() for c in range(10)]
plots.per_class(
    cifar.y_val, said, cifar.class_names,
    title=f"“{cifar.class_names[np.argmin(right)]}” is its hardest class" + cifar.figure_suffix,
    x="validation images recognised, % (line: 95 % interval)",
    alt="Share of each class that was recognised: "
    + ", ".join(f"{name} {share:.0%}" for name, share in zip(cifar.class_names, right)) + ".",
)

# %%
counts = confusion_matrix(cifar.y_val, said, labels=range(10))
pairs = np.triu(counts + counts.T, k=1)
one, other = (cifar.class_names[c] for c in np.unravel_index(pairs.argmax(), pairs.shape))
plots.confusion(
    cifar.y_val, said, cifar.class_names,
    title=f"The pair it confuses most: {one} and {other}, {pairs.max()} times" + cifar.figure_suffix,
    alt=f"Confusion matrix of the ten classes; the pair confused most often is {one} and {other}, {pairs.max()} times.",
)

# %%
wrong = np.flatnonzero(said != cifar.y_val)
surest = wrong[np.argsort(-predicted[wrong].max(axis=1))][:10]
plots.images(
    cifar.x_val[surest], columns=5,
    title="Its most confident mistakes: true class, then what it said" + cifar.figure_suffix,
    labels=[f"{cifar.class_names[cifar.y_val[i]]} →\n{cifar.class_names[said[i]]} ({predicted[i].max():.0%})"
            for i in surest],
    alt="Ten validation images that the network got wrong while being sure, with the true class and its answer.",
)

# %% [markdown]
# Cats and dogs share fur, poses and sofas, and at 32 x 32 pixels it takes fine detail to tell them apart. The detail is
# there: the All-CNN above gets nine in ten of all photographs right. In reduced mode this network has less of width, of
# photographs and of epochs; which of the three costs most is a question for runs that have not been made.
#
# ## The final test

# %%
test = lesson.final_test(model)
record = lesson.record(
    model, "deep_all_conv", history=history, test=test, width=width, batch_size=batch_size, momentum=momentum
)
lesson.expect(record)

# %%
lesson.progress(record)

# %% [markdown]
# In full mode this network is meant to get nine in ten of the original images right, which is not yet measured. Do not
# expect that of it with the JPEG copy of the images, or in reduced mode.
#
# ## Exercise 1: name the curves
#
# > Four trainings, A to D, each by its training accuracy (dashed) and its validation accuracy. Name each of them with one
# > of the four words of `diagnose`, in a dict from letter to word. (Where its rule speaks of the validation loss, take a
# > rising accuracy for a falling loss.)

# %%
e = np.arange(1, 21)
exam = {
    "A": (1 - 0.75 * 0.80**e, 0.62 - 0.40 * 0.65**e - 0.004 * e),
    "B": (0.42 - 0.25 * 0.60**e, 0.43 - 0.22 * 0.60**e),
    "C": (0.20 + 0.020 * e, 0.25 + 0.022 * e),
    "D": (0.93 - 0.50 * 0.60**e, 0.88 - 0.45 * 0.60**e),
}

# %%
drawn, axes = plots.figure(1, 4, height=2.4, sharey=True)
for axis, (letter, (train, val)) in zip(axes, exam.items()):
    axis.plot(e, 100 * train, "--", color=plots.COLOURS[0], label="training")
    axis.plot(e, 100 * val, color=plots.COLOURS[0], label="validation")
    axis.set(title=letter, xlabel="epoch", ylim=(0, 101))
    axis.grid(alpha=0.25)
axes[0].set_ylabel("accuracy, %")
axes[0].legend(frameon=False, fontsize=8)
plots.show(drawn, "A: training climbs towards 100, validation to 60 and then slowly down. B: both level at 42 "
           "early on. C: both climb to the last epoch, validation above training. D: level at 93 and at 88.")

# %%
names_of_curves = ...

# %% tags=["nbval-check-output"]
lesson.check_names_of_curves(names_of_curves)

# %% [markdown]
# ## Exercise 2: write the loop
#
# > Step 3 of the procedure is an algorithm: try a dropout factor, read the curves, try another one. Write `next_factor`. It
# > gets what was tried so far, a dict such as `{0: "overfitting", 3: "underfitting"}`, and returns the factor to try next,
# > between 0 and 3. `check_next_factor` lets it loose on networks that need different amounts; in each of them it has to
# > find a factor that is just enough ("plateau") in at most eight trainings. The first call gets an empty dict. All these
# > trainings run to their end, so `tried` holds nothing but "overfitting" and "underfitting"; a "plateau" ends the search. A
# > factor that what you know already rules out is refused.


# %%
def next_factor(tried):
    ...


# %% tags=["nbval-check-output"]
lesson.check_next_factor(next_factor)

# %% [markdown]
# Solutions: [solutions/14_fighting_overfitting.ipynb](solutions/14_fighting_overfitting.ipynb).
#
# ## What to take away
#
# * Read the curves before you change anything, by a rule that you fixed beforehand. Each reading has its own remedy.
# * Regularise just enough: the gap says in which direction to look, the validation loss says how far to go.
# * Augment with what keeps the label and could occur. Choose on validation, and test once.
#
# ## Sources
#
# * An answer on Cross Validated about fighting overfitting on CIFAR-10: the procedure, and the small network.
# * J. T. Springenberg, A. Dosovitskiy, T. Brox and M. Riedmiller, *Striving for simplicity: the all convolutional net*,
#   2015: the network that the last one follows, and its figures.
# * N. Srivastava and others, *Dropout: a simple way to prevent neural networks from overfitting*, 2014.
# * I. Loshchilov and F. Hutter, *SGDR: stochastic gradient descent with warm restarts*, 2017: the cosine.
# * P. Veličković, *Deep learning for complete beginners*, part 3: the six techniques, and the remark on CIFAR-10.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Let the group name the curves of the first run before `diagnose` does, and ask for the remedy;
# "train longer" comes up every time. While the sweep trains, collect sketches of the curve for three times the dropout:
# few draw validation above training. After the loop, ask what should be proposed third, and why. Ask for augmentations
# and let the others judge them by the two questions (label kept? could it occur?): turning by 180 degrees, blurring,
# changing colours, cutting out a square. Usual wrong answers: in exercise 1 C is called underfitting, since it is low; it
# is not done yet. D is called overfitting because there is a gap. In exercise 2 a fixed step overshoots the narrow networks; halving the interval between the largest factor that
# overfits and the smallest that underfits always gets there.
