# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["lesson-only"]
# # Your own pictures
#
# **Goal:** take a folder of pictures that nobody has looked at before, and come back with a tested model, a page that
# says how good it is, and a script that uses it.
#
# Eighteen lessons had their pictures made for them: counted, squared, labelled, split, by people who wrote articles
# about them. Yours lie in a folder. Some are twice in it, one is in the wrong place, one is no picture at all. There
# are a few hundred, and not sixty thousand. What of all that you have learned still holds?
#
# This lesson is made to be copied: in a terminal, `course new FOLDER` puts a notebook of its cells into a folder of
# that name, and you add where your pictures are. Here the lesson makes a folder of its own. (Where an output says "JPEG
# copy", this machine's CIFAR-10 was saved anew as JPEG, and numbers may differ from the published file's.)

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1
folder = ""  # one sub-folder of pictures for each class; empty: the course makes one
side = 32  # pixels that a picture is scaled to; 64 shows more, and takes four times as long
mirror = True  # False where a mirror image is another thing: letters, signs, left and right hands

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, calibration, data, diagnose, evidence, plots, pretrained

lesson = Lesson("18_your_own_pictures", mode=mode, seed=seed)
mine = lesson.load_folder(folder, side)

# %% [markdown]
# ## What is there?
#
# Read the sentences above before anything else. A picture in two classes teaches a network a contradiction. A picture
# that is there twice may end up in the training set *and* in the test set, and then the test asks what the network has
# been told. So copies are used once, contradictions not at all, and what could not be read is named (all of it:
# `mine.found.unreadable`). Nothing in the folder was changed.
#
# A copy here means: the same, pixel for pixel, once both are scaled to one size. A photograph that was saved anew as
# JPEG or cropped is another picture to this search, and so is a second shot of the same *thing*: look for them
# yourself. If yours come in such groups (ten shots of one cat, neighbouring frames of a film), keep one of each: the
# lesson deals out single pictures. (To keep all, whole groups have to be on one side: exercise 1 of lesson 18.)
#
# The test set was chosen not by dice but by a fingerprint, a number worked out from each picture's pixels. Whoever adds
# pictures tomorrow to a class of thirty or more will hardly find one of today's test pictures outside the test set. (Of
# a smaller class two are always tested on, whatever their numbers are; there one or two may change sides.)

# %%
import keras
import numpy as np
from keras import layers

names, k = mine.class_names, len(mine.class_names)
drawn_names = plots.drawable(names)
shown = [int(i) for label in range(k) for i in np.flatnonzero(mine.y_train == label)[:6]]
plots.images(mine.x_train[shown], columns=6, labels=[drawn_names[mine.y_train[i]] for i in shown],
             title=f"What the network sees: each picture's middle square, {side} x {side} pixels" + mine.figure_suffix,
             alt="A row of training pictures for each class, as the network sees them: square and coarse.")

# %% [markdown]
# Would *you* know what it is, at this size? If not, raise `side`. Is what matters in the middle? The edges of wide and
# tall pictures are gone.
#
# The accuracy to beat is that of *habit*: to look at no picture, and always name the set's most frequent class. (The
# fingerprint knows no classes, so these need not be equally frequent.) And so few pictures leave much to chance. Where
# the lesson prints *chance*, it is twice the standard deviation that the choice of pictures leaves (lesson 10), not
# that of seeds.

# %%
def by_habit(labels):
    return np.bincount(labels).max() / len(labels)


print(f"By habit: {by_habit(mine.y_val):.1%} of the validation pictures, {by_habit(mine.y_compare):.1%} to compare on.")

# %% [markdown]
# ## Three questions with known answers
#
# The network: six convolutions with batch normalisation (lesson 05), and the mean over each map (lesson 14).


# %%
def build_trunk():
    trunk = keras.Sequential([keras.Input((side, side, 3)), layers.Rescaling(1 / 255)], name="trunk")
    for filters, stride in [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)]:
        trunk.add(layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False))
        trunk.add(layers.BatchNormalization(momentum=0.9))
        trunk.add(layers.ReLU())
    trunk.add(layers.GlobalAveragePooling2D())
    return trunk


def build(flip=False, dropout=0.0):
    model = keras.Sequential([
        keras.Input((side, side, 3)), *([layers.RandomFlip("horizontal")] if flip else []),
        build_trunk(), layers.Dropout(dropout), layers.Dense(k, activation="softmax", dtype="float32")])  # fmt: skip
    model.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


# %% [markdown]
# Building and compiling a network takes time, and beside trainings so short that counts. So it is done once for each
# network, and before each training `lesson.anew` gives it new weights, drawn with the seed, and a fresh optimiser.


# %%
few_epochs = max(lesson.epochs(40, reduced=12), 4)  # four, so that curves have a direction in smoke mode too


def train(model, x, y, rate=0.003, seed=seed, epochs=few_epochs, part="", **options):
    # From new weights, with a rate that falls to zero along a cosine (lesson 05).
    lesson.anew(model, seed)
    decay = keras.callbacks.LearningRateScheduler(lambda epoch: rate * (1 + np.cos(np.pi * epoch / epochs)) / 2)
    return model.fit(x, y, epochs=epochs, callbacks=[decay, *lesson.callbacks(part=part)], verbose=0, **options).history


# %% [markdown]
# Most of what can go wrong goes wrong silently: a training on wrong labels runs as smoothly as any. So we ask three
# questions whose answers we know.
#
# > **Predict:** (1) the loss of a network that has not learned anything; (2) its accuracy on sixteen pictures which it
# > may look at as often as it likes; (3) training and validation accuracy if we *shuffle the training labels*.

# %%
network = build()
start, _ = network.evaluate(mine.x_train, mine.y_train, verbose=0)
print(f"1. Loss before training: {start:.3f}; of {k} classes that are all as likely, ln {k} = {np.log(k):.3f}.")

few = np.random.default_rng(seed).permutation(len(mine.y_train))[:16]
heart = train(network, mine.x_train[few], mine.y_train[few], epochs=40 if lesson.mode != "smoke" else 10)
print(f"2. Of {len(few)} pictures by heart: {heart['accuracy'][-1]:.0%}.")

# %%
shuffled = np.random.default_rng(seed).permutation(mine.y_train)
# The true labels last: what they leave behind is the baseline.
curves = {name: train(network, mine.x_train, labels, part=name, validation_data=(mine.x_val, mine.y_val))
          for name, labels in (("shuffled labels", shuffled), ("true labels", mine.y_train))}
habit = by_habit(mine.y_val)
by_chance = 200 * np.sqrt(habit * (1 - habit) / len(mine.y_val))
told = [f"{n}: training {r['accuracy'][-1]:.0%}, validation {r['val_accuracy'][-1]:.0%}" for n, r in curves.items()]
print(f"3. {'; '.join(told)}. By habit {habit:.0%}, by chance {by_chance:.0f} points either way.")

# %%
drawn, axes = plots.figure(1, 2, height=3.2, sharey=True, subplot_kw={"xlabel": "epoch", "ylim": (0, 103)})
for axis, key, kind in zip(axes, ("accuracy", "val_accuracy"), ("training", "validation")):
    for (name, run), style in zip(curves.items(), ("s--", "o-")):
        axis.plot(range(1, few_epochs + 1), 100 * np.array(run[key]), style, markersize=4, label=name)
    axis.set(title=f"{kind} accuracy, %", xticks=range(few_epochs // 4, few_epochs + 1, few_epochs // 4))
band = axes[1].axhspan(100 * habit - by_chance, 100 * habit + by_chance, color="#dddddd", label="habit, with chance")
drawn.legend(handles=[*axes[0].lines, band], loc="outside lower center", ncols=3, fontsize=9, frameon=False)
drawn.suptitle(";\n".join(told).capitalize() + mine.figure_suffix, fontsize=11)
plots.show(drawn, f"Accuracy against epoch, on the right with a band for habit. At the end {'; '.join(told)}.")

# %% [markdown]
# Compare the two curves on the left, and then the two on the right. What was learned of the shuffled labels was learned
# by heart: a high *training* accuracy alone says nothing about new pictures. A validation accuracy in the grey band may
# be habit and chance. (Which labels are learned sooner, one run each does not say.)
#
# What a wrong answer would mean:
#
# * **1, a loss far above $\ln k$** (a little is normal): the inputs are not scaled, or the last layer starts too large.
# * **2, not all of them by heart**: the rate is wrong, something in the network is cut off, or pictures and labels are
#   paired anew in each epoch. (*Wrong* labels can be learned by heart too. What finds them is your own eyes, or a
#   validation accuracy that is no better than habit when nothing is shuffled.)
# * **3, shuffled labels, and yet a validation accuracy above habit by more than the chance printed**: ask again with
#   another seed. If it stays, they were not really shuffled, or the network trains on validation pictures with
#   their true labels. (Copies on both sides it does not find: the copy that is trained on has a *shuffled* label.)
#
# ## A baseline, and its rate
#
# The curve with the true labels is our baseline, at one rate. Is that a good rate? We try one of a third and one of
# about three times its size. A try counts by its validation loss *at the end*, since the network of the last epoch is
# the one that will be used. (Accuracy is too coarse: among so few pictures, one more right answer is a large step.)
#
# All tries see the same validation pictures. So for the best two we take the difference of their losses picture by
# picture; two standard errors of its mean are the *chance* printed.


# %%
def validation_losses(model, pictures=mine.x_val):
    # The cross-entropy of each validation picture, without any penalty.
    return np.asarray(keras.losses.sparse_categorical_crossentropy(mine.y_val, model.predict(pictures, verbose=0)))


def lowest(tries):
    # The name of the try with the lowest mean loss; `tries` has the losses of each.
    best, second = sorted(tries, key=lambda each: tries[each].mean())[:2]
    ahead = tries[second] - tries[best]
    lead, chance = ahead.mean(), 2 * ahead.std(ddof=1) / np.sqrt(len(ahead))
    print(f"Validation loss: {', '.join(f'{loss.mean():.3f} with {each}' for each, loss in tries.items())}. "
          f"We take {best}: ahead by {lead:.3f}, {'' if lead > chance else 'no '}more than chance ({chance:.3f}).")
    return best


# %%
run, said = curves["true labels"], diagnose(curves["true labels"])
early, late = ((run["val_accuracy"][epoch], run["val_loss"][epoch]) for epoch in (said.best_epoch - 1, -1))
print(f"The curve says, with means over its last epochs: {said}\nThe end has a validation accuracy of {late[0]:.0%} "
      f"and a loss of {late[1]:.3f}; to keep epoch {said.best_epoch} moves them by {100 * (early[0] - late[0]):+.0f} "
      f"points and {early[1] - late[1]:+.3f}. A network that knows nothing has a loss of ln {k} = {np.log(k):.3f}.")
rates = {0.003: validation_losses(network)}
for rate in (0.001, 0.01):
    train(network, mine.x_train, mine.y_train, rate, part=f"rate {rate:g}")
    rates[rate] = validation_losses(network)
rate = lowest(rates)

# %% [markdown]
# The advice in the first line is about the loss. The second line says what keeping the epoch of the lowest loss would
# do to the accuracy too. A loss above $\ln k$ with an accuracy above habit means that the network is too sure of its
# wrong answers: they cost more than the right ones earn.
#
# Where the lead is no more than chance, these pictures do not tell the best two rates apart, and either may be taken.
# (Of the third, or of another seed, it says nothing.)
#
# ## More than the baseline?
#
# Lesson 14's question, in one try: mirror images. (With `mirror = False`: half of the features dropped out.)
#
# > **Predict:** does it help, and by more than chance?

# %%
name, richer = ("mirror images", build(flip=True)) if mirror else ("dropout", build(dropout=0.5))
train(richer, mine.x_train, mine.y_train, rate, part=name)
more = lowest({"nothing more": rates[rate], name: validation_losses(richer)})
scratch = richer if more == name else network

# %% [markdown]
# The line above answers, for one seed, and at a rate chosen without the addition; no later cell tests the answer.
#
# ## Somebody else's eyes
#
# With few pictures the difficulty lies deeper: they have to teach what an edge is, what fur is, what a leg is, before
# anything can be said about *these* classes. But edges, fur and legs may be much the same in other photographs. So let
# a network learn them elsewhere, and keep what it sees: **transfer**. The trunk below, a network without its last
# layer, was trained on photographs of 32 pixels; with a larger `side` it meets details that it never learned.

# %%
known = pretrained.facts()
print(f"Trained on {known['n_train']:,} photographs ({', '.join(known['classes'])}); of {known['held_out_n']:,} others "
      f"of these classes it names {known['held_out_accuracy']:.1%} right.")
expert = build_trunk()
expert.load_weights(pretrained.WEIGHTS)
maps = [layer.output for layer in expert.layers if isinstance(layer, layers.ReLU)]
eyes = keras.Model(expert.inputs, layers.Concatenate()([layers.GlobalAveragePooling2D()(each) for each in maps]))

# %% [markdown]
# Mind how near that is to the folder that the course makes: the other seven classes of CIFAR-10, read at the same size,
# with animals among them. For leaves, X-rays or letters expect less, and measure.
#
# What the trunk sees of a picture are **features**: the mean over each map, of all layers. Why not of the last alone?
# The last is good at what it was trained for, such as telling ships from frogs. The first ones see edges and colours,
# which many tasks can use (Yosinski and others, 2014). Which of them tell *your* classes apart, the new last layer may
# find out. (Whether all beat the last alone is not measured here. To ask it, put `[-1:]` at the end of the line
# `maps = ...`, and compare how far transfer leads in the pairs below, before and after; training from scratch stays the
# same. So few pictures may not decide.)
#
# With an internet connection there are larger eyes. Set `side = 96`, and end the cell above with these (what it prints
# still tells of the small ones):
#
# ```python
# eyes = keras.Sequential([
#     keras.Input((side, side, 3)), layers.Rescaling(1 / 127.5, offset=-1),
#     keras.applications.MobileNetV2(include_top=False, pooling="avg", input_shape=(side, side, 3))])
# ```
#
# What has been learned elsewhere stays as it is:

# %%
drawn, axis = plots.figure(height=2.3, subplot_kw={"frame_on": False, "xticks": [], "yticks": [], "ylim": (-0.1, 1.7)})
boxes = axis.bar([0, 1, 2] * 2, 0.6, 0.78, [1] * 3 + [0] * 3, color=["w"] * 4 + ["#ccc", "w"], ec="k", lw=[1] * 5 + [4])
axis.bar_label(boxes, ["other\nphotographs", "eyes:\ntrained there", "their last layer:\nleft behind", "your\npictures",
    "copied eyes:\nstay as they are", f"new layer, trained\non {eyes.output_shape[1]} features"], label_type="center")
for tail, head in [((x + 0.4, y), (x + 0.6, y)) for x in (0, 1) for y in (0.3, 1.3)] + [((1, 1), (1, 0.61))]:
    axis.annotate("", head, tail, arrowprops={"arrowstyle": "-|>", "color": "black"})
drawn.suptitle(f"Transfer: {eyes.count_params():,} weights are borrowed, {k * (eyes.output_shape[1] + 1):,} trained")
plots.show(drawn, "Above, other photographs train eyes. Below, yours go through a fixed copy into one trained layer.")

# %% [markdown]
# The upper row was somebody else's work; the lower one is ours. For all training each picture (with `mirror`, its
# mirror image too) passes the grey box once, and only the thick-framed layer learns. Batch normalisation brings the
# features to one scale, and an L2 penalty (lesson 03) keeps the layer from reading too much into many features of few
# pictures. How strong a penalty? Transfer gets four tries, as many as the way so far, *from scratch*, has had.

# %%
x, y = np.concatenate([mine.x_train, mine.x_val]), np.concatenate([mine.y_train, mine.y_val])
# The pictures and, if `mirror` (which counts as 1), their mirror images too: columns from right to left.
seen = [eyes.predict(view, verbose=0) for view in (x, x[:, :, ::-1])[: 1 + mirror]]


def build_head(penalty):
    head = keras.Sequential([
        keras.Input(eyes.output_shape[1:]), layers.BatchNormalization(center=False, scale=False, momentum=0.9),
        layers.Dense(k, activation="softmax", dtype="float32", kernel_regularizer=keras.regularizers.L2(penalty)),
    ])
    head.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy")
    return head


def train_head(head, places, seed, rate=0.01):
    # On the features of these places in `x`, mirror images included.
    return train(head, np.concatenate([view[places] for view in seen]), np.tile(y[places], len(seen)), rate, seed)


# %%
first = np.arange(len(mine.y_train))  # `x` begins with the training pictures
heads, penalties = {penalty: build_head(penalty) for penalty in (0.01, 0.03, 0.1, 0.3)}, {}
for penalty, head in heads.items():
    train_head(head, first, seed)
    penalties[penalty] = validation_losses(head, seen[0][len(first) :])
penalty = lowest(penalties)
ends = {each: train_head(heads[penalty], first, seed, each)["loss"][-1] for each in (0.003, 0.01, 0.03)}
print("Its training loss ends at", ", ".join(f"{loss:.3f} with rate {each:g}" for each, loss in ends.items()) + ".")
whole = keras.Sequential([keras.Input((side, side, 3)), eyes, heads[penalty]])

# %% [markdown]
# Each way has taken the lowest of four losses on the same validation pictures; a rate or a penalty beyond the end of
# its list might do better. The ways differ in more than the borrowed eyes: transfer has a penalty, takes mirror images
# without a try (where they make sense), trains one layer only, and (with the small eyes) reads all layers of its trunk,
# while the other way reads the last alone. So the pairs below compare two ways, not two causes. (What the other
# photographs alone are worth, the same head on an untrained trunk would tell: not measured here.)
#
# The rate of the head was not tuned: with a penalty, one layer has one best answer, and the last line says how near to
# one another three rates come.


# %%
def from_scratch(places, seed, epochs=few_epochs):
    train(scratch, x[places], y[places], rate, seed, epochs, part=f"from scratch, seed {seed}")
    return scratch


def transfer(places, seed):
    train_head(heads[penalty], places, seed)
    return whole


# %% [markdown]
# Is transfer better, and how sure may we be? We compare in pairs, as in lesson 10. Each of six seeds deals the training
# pictures anew and gives both ways the same. The comparison set, which has chosen nothing, judges.
#
# > **Predict:** which of the two is ahead, by how many points, and are so few pictures enough to tell?


# %%
def deal(seed):
    # Places of as many training pictures as before, dealt anew from those to train and to validate on.
    return data.stratified(y, (len(mine.y_train), len(mine.y_val)), np.random.default_rng(seed))[0]


def missed(model):
    return model.predict(mine.x_compare, verbose=0).argmax(axis=1) != mine.y_compare


wrong = {way: [missed(way(deal(s), s)) for s in lesson.seeds(6)] for way in (from_scratch, transfer)}
longer = {s: 1 - missed(from_scratch(deal(s), s, 2 * few_epochs)).mean() for s in lesson.seeds(3)}

# %%
right = {way: dict(zip(lesson.seeds(6), 1 - np.mean(rows, axis=1))) for way, rows in wrong.items()}
verdict = evidence.compare(right[from_scratch], right[transfer])
_, low, high = evidence.comparison.over_seeds_and_images(wrong[from_scratch], wrong[transfer])
span = f"95 % interval {100 * low:+.1f} to {100 * high:+.1f}"
print(told := verdict.sentence("Transfer against from scratch"))
print(f"It leads with {sum(each > 0 for each in verdict.differences)} of {verdict.n} seeds. For other seeds and "
      f"pictures ({len(mine.y_compare)} judge), {span} points, zero {'within' if low <= 0 <= high else 'outside'}.")
print(evidence.compare(right[from_scratch], longer).sentence(f"From scratch, {2 * few_epochs} epochs not {few_epochs}"),
      f"Transfer is then ahead by {100 * evidence.compare(longer, right[transfer]).mean:+.2f} points.")

# %%
def pairs():
    ways = {way.__name__.replace("_", " "): [100 * each for each in right[way].values()] for way in right}
    title = f"Transfer against from scratch: {100 * verdict.mean:+.1f} points ({span} for other seeds and pictures)"
    drawn = plots.pairs_figure(ways, title + mine.figure_suffix, "comparison pictures named right, %",
                               {"always the most frequent class": 100 * by_habit(mine.y_compare)})  # fmt: skip
    return drawn, f"A line for each of {verdict.n} seeds from its accuracy from scratch to transfer: {told}"


plots.show(*pairs())

# %% [markdown]
# Each thin line is one seed: both ways, trained on the same pictures. The first interval speaks for other seeds; the
# second, for other seeds *and* other pictures to judge on. Believe the second: more seeds cannot make up for few
# pictures. If it leaves out zero, the pictures were enough to tell which way is ahead. (Neither speaks for other
# training pictures, since the deals share most of theirs, nor for other borrowed eyes.)
#
# Was training from scratch long enough? The last line above the figure tries twice the epochs, with few of the
# seeds; an interval with zero in it leaves the question open.
#
# ## One final test
#
# The rule is as old as lesson 00: choose, then open. The way with the better mean on the comparison set is chosen, and
# trained once more on the pictures as they were dealt first (and on no more: training on so many is what was judged).

# %%
ahead = transfer if verdict.mean > 0 else from_scratch
model = ahead(first, seed)
compared = lesson.compare(model)
test = lesson.final_test(model)

# %%
from scipy.stats import binomtest

sure = binomtest(round(test.accuracy * test.n), test.n).proportion_ci(method="wilson")
result = (f"It names {test.accuracy:.1%} of {test.n} test pictures right; for other pictures of the same kind the 95 % "
          f"interval is {sure.low:.1%} to {sure.high:.1%}. Whoever always names the most frequent class is right about "
          f"{by_habit(test.labels):.1%} of them.")
print(f"The way that was chosen is {ahead.__name__.replace('_', ' ')}. {result}")

# %% [markdown]
# Mind the words *of the same kind*. A test set that was drawn from the folder says how the model does on pictures that
# might have lain in it: same camera, same light, same people who sorted. Of next winter's it says nothing (lesson 17).
#
# ## What you hand over
#
# A report card for whoever will rely on the model, with what they will ask first: how good, how sure, and where it
# errs. Each of the model's answers comes with a percentage. May that be believed (lesson 17)?

# %%
confidence, known = calibration.judge(compared.predictions, compared.labels)
print(how_sure := f"{calibration.in_words(confidence, known)} Errors within that chance, or that cancel, do not show.")

# %% [markdown]
# > **Predict:** of the surest mistakes, what will most have: a wrong label, something cut off or too small, or a
# > background that misleads?

# %%
errors = np.flatnonzero(~known)[np.argsort(-confidence[~known])][:12]  # the surest first
answers = compared.predictions.argmax(axis=1)
misnamed = [f"The {len(errors)} surest of {(~known).sum()} mistakes among {len(known)} comparison pictures:"]
misnamed += [f"{mine.files['compare'][i]}: named {names[answers[i]]}, {confidence[i]:.0%} sure." for i in errors]
if len(errors):
    marks = [f"{drawn_names[compared.labels[i]]}\n→ {drawn_names[answers[i]]} {confidence[i]:.0%}" for i in errors]
    plots.images(mine.x_compare[errors], columns=6, labels=marks, alt=" ".join(misnamed), title=misnamed[0].rstrip(":")
                 + ", each with what it is, what it was named and how sure" + mine.figure_suffix)

# %% [markdown]
# Look at each before you read on, with three questions. Is the label right? Is what it shows whole, and large enough?
# Might the background have given the answer? Count for each how often it may be to blame: was your reason the most
# frequent? (Some pictures may show none.) A wrong label you can mend in the folder (the card below names the files),
# what is too small with `side`, a background with other pictures. And look through *all* labels, not only those that
# the network missed: to mend its mistakes alone makes it look better than it is.
#
# But the test set is open now. Whoever mends and runs the lesson again has looked at it twice, and should write both
# numbers, and what was changed between them, on the card.
#
# > **Predict:** which class is most often taken for another, and for which?

# %%
from course_utils.report_card import ReportCard


def confusion():
    matrix = np.bincount(k * compared.labels + answers, minlength=k * k).reshape(k, k)  # a row for each true class
    words = [f"{name} {matrix[i, i]} of {matrix[i].sum()}" for i, name in enumerate(names)]
    i, j = divmod((matrix - np.diag(np.diag(matrix))).argmax(), k)
    most = f"Most often: {drawn_names[i]} called {drawn_names[j]}, {matrix[i, j]} of the {matrix[i].sum()} of its class"
    title = ("No mistake among the comparison pictures" if known.all() else most) + mine.figure_suffix
    drawn = plots.confusion_figure(compared.labels, answers, drawn_names, title)
    drawn.axes[0].set(xlabel="is called", ylabel="is", yticklabels=[*map("{} ({})".format, drawn_names, matrix.sum(1))])
    return drawn, f"Comparison pictures by what they are and what the model says; named right: {', '.join(words)}."


# %%
why = (f"Of 100 comparison pictures a network taught with other photographs first names {100 * verdict.mean:+.1f} more "
       f"right than one taught with this folder only (mean of {verdict.n} pairs; {span} for other pairs and pictures).")
card = ReportCard(f"Report card: {mine.label}")
card.add("How good?", result)
card.add("How sure?", how_sure)
card.add("On which pictures?", *mine.announcement.splitlines())
card.add("Why this model?", why, figure=pairs()[0], alt=pairs()[1])
card.add("Where it errs", confusion()[1], *misnamed, figure=confusion()[0], alt=confusion()[1])
card.add("What this does not say", "All pictures come from one folder. How the model does on pictures from "
         "elsewhere, or of something that is none of these classes, was not measured.")
path = card.write(lesson.out / "report_card.html")
plots.show(*confusion())
print(f"{confusion()[1]}\nWritten: out/{path.name}. Open it in a browser; it needs no internet.")

# %% [markdown]
# Read the figure by rows (behind each name, how many there are; only the mistakes are coloured): what is each class
# taken for? One accuracy for all classes together does not tell you (exercise 2 of lesson 18).
#
# The model goes into a file, its classes into another, and beside them `classify.py`, 31 lines that need Keras and
# Pillow and no course. If the percentages are not to be believed, `calibration.fit_temperature` finds a temperature
# (lesson 17) on the validation pictures, and `calibration.soften` applies it. (`classify.py` does not.) The cell below
# tries the script on one picture. If its answer and the lesson's own differ by more than a point or so of rounding,
# what you hand over is not what you tested: it may read pictures in another way.

# %%
import shutil
import subprocess
import sys
from pathlib import Path

from course_utils import classify

model.save(lesson.out / "model.keras")
(lesson.out / "classes.txt").write_text("\n".join(names), encoding="utf-8")
script = Path(shutil.copy(classify.__file__, lesson.out)).resolve()
picture = mine.folder / mine.files["compare"][0]
ran = subprocess.run([sys.executable, script, picture.name], cwd=picture.parent, capture_output=True, text=True)
print(f"$ python classify.py {picture.name}\n{(ran.stdout or ran.stderr).strip()}")
print(f"The lesson's own answer: {names[answers[0]]}, {confidence[0]:.0%} sure.")

# %% [markdown] tags=["lesson-only"]
# ## Is your number normal?

# %% tags=["lesson-only"]
lesson.expect(lesson.record(model, "own_pictures", test=test, compare=compared, way=ahead.__name__, rate=rate,
                            penalty=penalty, more=more))

# %% [markdown] tags=["lesson-only"]
# ## Exercise 1: whole scenes
#
# > Your pictures were taken in bursts: `scenes` gives for each picture the number of its scene. Return an array of
# > truth values, True for the pictures to test on, such that no scene is on both sides. Take whole scenes, in an order
# > drawn by `random` (a `numpy.random.Generator`), until at least `share` of all *pictures* are taken, and no scene
# > more.


# %% tags=["lesson-only"]
def test_scenes(scenes, share, random):
    ...


# %% tags=["nbval-check-output", "lesson-only"]
lesson.check_test_scenes(test_scenes)

# %% [markdown] tags=["lesson-only"]
# ## Exercise 2: a rare class
#
# > Of a hundred pictures ninety show a healthy leaf. Whoever always says "healthy" has an accuracy of 0.9 and finds no
# > sick leaf at all. Write the **balanced accuracy**: the share that was named right in each class *that occurs* in
# > `labels`, averaged over these classes. Both arguments are arrays of whole numbers.


# %% tags=["lesson-only"]
def balanced_accuracy(labels, answers):
    ...


# %% tags=["nbval-check-output", "lesson-only"]
lesson.check_balanced_accuracy(balanced_accuracy)

# %% [markdown] tags=["lesson-only"]
# Solutions: [solutions/18_your_own_pictures.ipynb](solutions/18_your_own_pictures.ipynb).
#
# ## What to take away
#
# * What still held? The procedure: look at the pictures, ask what you know (the loss at the start, a few pictures by
#   heart, shuffled labels), choose, compare in pairs, open once.
# * What did not: certainty in choosing. With so few validation pictures, the choice of a rate, mirror images or a
#   penalty may be little better than a throw of dice. The lines with *We take* say whether a lead was more than chance.
# * With few pictures, try what other networks have learned, and let pairs say whether it helped; hand over what you
#   measured together with what you did not.
#
# ## What to read next
#
# First Karpathy and Zhang, both among the sources below. On the procedure: V. Godbole and others, *Deep learning tuning
# playbook*, 2023. On networks far larger than their data: P. Nakkiran and others, *Deep double descent*
# ([arXiv:1912.02292](https://arxiv.org/abs/1912.02292)). On tests that many have looked at: B. Recht and others,
# *Do ImageNet classifiers generalize to ImageNet?* ([arXiv:1902.10811](https://arxiv.org/abs/1902.10811)). On pictures
# from elsewhere: D. Hendrycks and T. Dietterich, *Benchmarking neural network robustness*
# ([arXiv:1903.12261](https://arxiv.org/abs/1903.12261)). On what to hand over with a model: M. Mitchell and others,
# *Model cards for model reporting* ([doi:10.1145/3287560.3287596](https://doi.org/10.1145/3287560.3287596)).
#
# ## Sources
#
# * J. Yosinski, J. Clune, Y. Bengio and H. Lipson, *How transferable are features in deep neural networks?*, 2014:
#   features of the first layers suit many tasks ([arXiv:1411.1792](https://arxiv.org/abs/1411.1792)).
# * A. Karpathy, *A recipe for training neural networks*, 2019: the first two questions.
# * C. Zhang and others, *Understanding deep learning requires rethinking generalization*, 2017: networks learn shuffled
#   labels by heart ([arXiv:1611.03530](https://arxiv.org/abs/1611.03530)).
# * S. Kornblith, J. Shlens and Q. V. Le, *Do better ImageNet models transfer better?*, 2019: one layer on features that
#   stay as they are ([arXiv:1805.08974](https://arxiv.org/abs/1805.08974)).
#
# ## Farewell
#
# Eighteen lessons ago a network had learned its digits by heart, and looked splendid. Here is what the course has found
# about the digits since, each number from its stored runs (except the article's, which lesson 09 quotes); where nobody
# has measured yet, that is said. In 1 to 9 the first brackets say how the networks were trained. Numbers from different
# trainings do not add up, nor do the points of several techniques; and the lessons' charts, which pile the techniques
# up at one rate for all, need not agree with these. (Where many questions were asked, the bar is higher, by Holm's rule
# of lesson 10: an interval may leave out zero, and the word still be *suggestive*.)

# %% tags=["lesson-only"]
from course_utils import farewell

print(*(f"{number:2}. {sentence}" for number, sentence in enumerate(farewell.sentences(), start=1)), sep="\n")

# %% [markdown] tags=["lesson-only"]
# None of these answers was certain beforehand, and some of them may be false for your pictures. You know now how one
# finds out: write down what would change your mind, measure it in pairs, and look at the test set once.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Ask for folders a week before: two or three classes, at least fifty pictures each, and no
# people who have not been asked. Let the group go through the sentences about the folder first, and tell where the odd
# files come from. Before the shuffled labels, have everybody write down a training accuracy. To discuss: whose
# pictures did the borrowed network see, and what does it not know? Likely wrong answers: in exercise 1 drawing pictures
# in place of scenes, or counting scenes where pictures were asked for; in exercise 2 the plain accuracy, the share of
# what was *called* a class (precision), or dividing by classes that do not occur.
