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
# **Goal:** follow a procedure that regularises just enough, by rules that are written down before the first run, and
# see how far it gets beside a network that other people found.
#
# The networks of lessons 11 to 13 came with their numbers: so many filters, so much dropout here, so much there. Where
# do such numbers come from? The answer on Cross Validated from which the last two networks came has something better to
# give, a **procedure**:
#
# 1. Start from an architecture that is known to work, and let it learn.
# 2. Read the gap between training and validation.
# 3. Regularise *just enough* to stop the harm, and no more.
# 4. Only then augment the images, modestly.
# 5. Try one thing at a time, keep what validation says is better, and test once.
#
# It sounds so sensible that hardly anybody keeps to it. Under way a favourite appears, a run is repeated until it looks
# better, an exception is made. So today the rules come first, the program follows them, and whatever they choose is
# what we test.

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, data, diagnose, evidence, plots, widgets
from course_utils.evidence.comparison import images_sd

lesson = Lesson("14_fighting_overfitting", mode=mode, seed=seed)
cifar = lesson.load("cifar10")

# %% [markdown]
# ## The rules
#
# | | fixed before the first run |
# | --- | --- |
# | a **try** | lesson 13's small network on 1,024 photographs, judged on 1,000; always the same optimiser and epochs |
# | its **figure** | the lowest validation loss of its epochs |
# | the **noise** | how far apart three seeds of the very same network end up |
# | **just enough** | the *least* regularisation whose figure is within the noise of the best one |
# | if in **doubt** | where the curves seem to say another thing, the figure decides |
# | the **budget** | three tries for the start, three for the dropout, one for augmentation, at most two to look again |
# | in the end | the winner is trained on all photographs, and the test set is opened once |
#
# So few photographs, in every mode, because then overfitting shows after seconds and not after hours; and few to judge,
# since they are looked at after every epoch. `dropout` scales the network's three dropout rates: 0 takes them out, 1 is
# the answer's network, 2 doubles them. In reduced mode the network has half of its filters.

# %%
import keras
import numpy as np
from keras import layers
from course_utils.layers import FusedBatchNormalization as BatchNormalization, RandomShift


def build_small(dropout=1, augment=False, filters=32):
    changes = [layers.RandomFlip("horizontal"), RandomShift(0.1)] if augment else []
    return keras.Sequential([
        keras.Input((32, 32, 3)), *changes, layers.Rescaling(1 / 255),
        layers.Conv2D(filters, 3, activation="relu"),
        layers.Dropout(0.1 * dropout),
        layers.Conv2D(2 * filters, 5, strides=2, use_bias=False, activation="relu"),
        layers.Dropout(0.2 * dropout),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.3 * dropout),
        layers.Dense(10, activation="softmax", dtype="float32"),
    ], name="small_all_conv")  # fmt: skip


# %% [markdown]
# To read a gap we need both sides measured alike. The training accuracy that `fit` reports will not do: it is taken
# while dropout is switching units off, and averaged over an epoch in which the network gets better all the time
# (lesson 11). So a callback measures training photographs the way validation measures its own: after the epoch, with
# dropout off.


# %%
class DropoutOff(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.found = []

    def on_epoch_end(self, epoch, logs=None):
        self.found.append(self.model.evaluate(cifar.x_train[:500], cifar.y_train[:500], batch_size=500, verbose=0))


# %%
few = 128 if lesson.mode == "smoke" else 1024
epochs = max(lesson.epochs(24, reduced=8), 4)  # four, so that the curves have a direction in smoke mode too
filters = 32 if lesson.mode == "full" else 16


# %%
def train(model, count, epochs, rate, callbacks):
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(
        cifar.x_train[:count], cifar.y_train[:count], batch_size=64, epochs=epochs, callbacks=callbacks,
        validation_data=(cifar.x_val[:1000], cifar.y_val[:1000]), validation_batch_size=500, verbose=0,
    )  # fmt: skip


def attempt(seed=seed, **choices):
    """One try: its curves, with loss and accuracy on training photographs measured with dropout off."""
    keras.utils.set_random_seed(seed)
    off = DropoutOff()
    # Twice Adam's usual rate: there are few steps.
    run = train(build_small(filters=filters, **choices), few, epochs, 0.002, [*lesson.callbacks(), off]).history
    loss, accuracy = np.transpose(off.found).tolist()
    return run | {"loss": loss, "accuracy": accuracy}


def lowest(curves):
    return min(curves["val_loss"])


# %% [markdown]
# ## Start, and read the gap
#
# Three tries of the network without any dropout, from three seeds.
#
# > **Predict:** which word will describe the curves: *underfitting*, *overfitting*, *still improving* or *plateau*? And
# > how far apart will three seeds be that differ in nothing but chance?

# %%
starts = [attempt(seed=s, dropout=0) for s in lesson.seeds(3)]
figures = [lowest(curves) for curves in starts]
noise = max(figures) - min(figures)
print(diagnose(starts[0]))
print(f"Lowest validation loss from {len(starts)} seeds: {', '.join(f'{loss:.3f}' for loss in figures)}. "
      f"So the noise is {noise:.3f}: a smaller difference decides nothing here.")

# %% [markdown]
# (Three seeds tell the noise only roughly: were it normal, another three would give less than half of it, or more than
# twice as much, in two cases of five.)
#
# `diagnose` reads the curves by a rule that was fixed beforehand, too. It takes means over the last quarter of the epochs
# (its two accuracies are such means, and not where the curves end), compares them with those before, and the first line
# that holds is its answer:
#
# | it says | when | and then |
# | --- | --- | --- |
# | still improving | its mean validation loss is at its lowest and falling | train on before you change anything |
# | overfitting | the validation loss turned, the training loss goes on falling; or the gap is wide | regularise more |
# | underfitting | not even the training images are learnt, and there is no gap | regularise less, or build larger |
# | plateau | none of these: the gap is there, but it is no chasm | change one thing, and compare |
#
# The thresholds are conventions (`help(diagnose)` names them). Without them one finds in curves what one hopes for.
#
# ## Just enough dropout
#
# Now half of the answer's own dropout, all of it, and twice as much. (Twice as much means that in a training step
# more than half of the dense layer's units are silent.)
#
# > **Predict** the panels of the next figure. What does more and more dropout do to what the network knows of its
# > *training* photographs, and what to validation?

# %%
runs = {(0, False): starts[0]}  # by dropout factor, and whether the images are augmented
factors = (0, 0.5, 1, 2)
for factor in factors[1:]:
    runs[factor, False] = attempt(dropout=factor)


def just_enough(augment):
    """The least dropout whose lowest validation loss lies within the noise of the best."""
    tried = {factor: lowest(run) for (factor, augmented), run in runs.items() if augmented == augment}
    return min(factor for factor, loss in tried.items() if loss <= min(tried.values()) + noise)


enough = just_enough(augment=False)

# %%
drawn, axes = plots.figure(2, 4, height=4.6, sharex=True, sharey="row")
seen, least = range(1, epochs + 1), min(map(lowest, runs.values()))
for (above, below), ((factor, _), run) in zip(axes.T, runs.items()):
    above.plot(seen, 100 * np.array(run["accuracy"]), "--", color=plots.COLOURS[1], label="training, dropout off")
    for axis, values in ((above, 100 * np.array(run["val_accuracy"])), (below, np.array(run["val_loss"]))):
        axis.plot(seen, values, "o-", markevery=[int(np.argmin(run["val_loss"]))], linewidth=2, label="validation")
    below.axhspan(least, least + noise, color="#999999", alpha=0.25)
    above.set_title(f"x {factor:g}: {'less' if factor < enough else 'more' if factor > enough else 'just enough'}")
    below.set(xlabel="epoch", xticks=seen[:: max(epochs // 4, 1)], ylim=(least - 0.1, least + 0.7))
axes[0, 0].set_ylabel("accuracy, %")
axes[1, 0].set_ylabel("validation loss, nats")
drawn.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=9)
drawn.suptitle(f"Just enough: the first dot in the band, x {enough:g}{cifar.figure_suffix}", fontsize=11)
plots.show(drawn, "Accuracy and validation loss against epoch, for no dropout to twice the answer's: " + "; ".join(
    f"factor {factor}, at the end training {run['accuracy'][-1]:.0%} and validation {run['val_accuracy'][-1]:.0%}, "
    f"lowest loss {lowest(run):.2f}" for (factor, _), run in runs.items()) + ".")

# %%
def report(wanted):
    for factor, augment in wanted:
        found = diagnose(runs[factor, augment])
        print(f"dropout x {factor:<3g} {'augmented' if augment else '':9} lowest validation loss "
              f"{lowest(runs[factor, augment]):.3f}, gap {100 * found.gap:5.1f} points: {found.name}")


report(runs)
print(f"By our rule dropout x {enough:g} is just enough: the least that comes within {noise:.3f} of the lowest.")

# %% [markdown]
# Two things to take from the panels (above, what `diagnose` reads the gap from; below, the loss that decides, with a dot
# at its lowest and a band as high as the noise). Dropout slows down learning by
# heart, and with it all learning: the highest factor has the smallest gap, and that alone is no merit. Not to train at
# all would close the gap altogether. What counts is how low the validation loss gets, and the gap only says in which
# direction to look. And remember lesson 08: whoever keeps the best epoch has stopped early, which is a regulariser too.
# Dropout has to beat *that*.
#
# `diagnose` and our rule need not agree. Does it say "overfitting, regularise more" of the run that the rule calls just
# enough? We did regularise more, and no amount that we tried brought the figure down by more than the noise. Does it say
# "still improving" of some? Our table says: train on. But the rules fix the epochs for all alike, so what we look for is
# the right amount *for that many epochs*. Nor need its word agree with the dot: the dot is one epoch, and `diagnose`
# compares means over several. Dropout slows learning down; with more epochs more of it may win.
#
# ## Then augment, modestly
#
# The best cure for too few photographs is more of them. Lesson 06 made new digits by shifting old ones, and drew a line
# at mirroring.
#
# > **Predict:** should a network for photographs be shown mirror images?

# %%
mnist = data.load("mnist", "smoke", seed)
digits = np.pad(mnist.x_train[np.unique(mnist.y_train, return_index=True)[1][2:8]], ((0, 0), (2, 2), (2, 2), (0, 0)))
rows = [kind[:, :, ::step] for kind in (cifar.x_train[:6], digits.repeat(3, axis=-1)) for step in (1, -1)]
plots.images(
    np.concatenate(rows), columns=6,
    title="Photographs may be mirrored, digits may not" + cifar.figure_suffix,
    alt="Four rows of six: photographs, the same mirrored, as natural; digits 2 to 7, the same mirrored, not so.",
)

# %% [markdown]
# A horse that looks to the left is a horse, and somewhere in the test set one does. A mirrored 3 is not a 3 that anyone
# would write. (0, 1 and 8 would pass; an augmentation has to suit nearly all that it is applied to.) So the question is
# never whether augmentation helps in general. It is: **does it keep the label, and does it make pictures that could
# occur?** By the same rule we do not turn photographs upside down, and keep the shifts small.
#
# ## Look again
#
# Mirrored and shifted images are one change, so it takes one try. If it is kept, the procedure is not over:
# augmentation regularises as well, and the amount of dropout was chosen without it. So its neighbours, the next amount
# below and the next above, are tried again. (Without augmentation both are known from the panels: a fair comparison.)
#
# > **Predict:** with augmentation, will just enough dropout be another amount than before, and in which direction?

# %%
runs[enough, True] = attempt(dropout=enough, augment=True)
augment = lowest(runs[enough, True]) < lowest(runs[enough, False]) - noise
print(f"Augmentation: {lowest(runs[enough, False]):.3f} to {lowest(runs[enough, True]):.3f}, "
      f"{'kept' if augment else 'not kept, since that is within the noise'}.")
place = factors.index(enough)
for factor in (*factors[max(place - 1, 0) : place], *factors[place + 1 : place + 2]) if augment else ():
    runs[factor, True] = attempt(dropout=factor, augment=True)
winner = {"dropout": just_enough(augment), "augment": bool(augment)}

# %% [markdown]
# The whole walk in one figure. In JupyterLab, start the slider at 1 and follow it try by try.

# %%
def walked(count):
    drawn, axes = plots.figure(height=3.6)
    figures = {key: lowest(run) for key, run in list(runs.items())[:count]}
    for augmented, style, name in ((False, "o-", "photographs as they are"), (True, "s--", "mirrored and shifted")):
        points = sorted((factor, loss) for (factor, a), loss in figures.items() if a == augmented)
        axes.plot(*np.reshape(points, (-1, 2)).T, style, color=plots.COLOURS[augmented], markersize=8, label=name)
    best = min(figures.values())
    axes.axhspan(best, best + noise, color="#999999", alpha=0.25, label="within the noise of the best")
    for number, ((factor, _), loss) in enumerate(figures.items(), start=1):
        axes.annotate(str(number), (factor, loss), xytext=(0, 8), textcoords="offset points", ha="center")
    axes.set(xlabel="dropout, x the answer's", ylabel="lowest validation loss, nats", xlim=(-0.2, 2.3), xticks=factors)
    axes.set_ylim(min(map(lowest, runs.values())) - 0.03, max(map(lowest, runs.values())) + 0.05)
    axes.legend(frameon=False, fontsize=9)
    least = min(factor for (factor, _), loss in figures.items() if loss <= best + noise)
    drawn.suptitle(f"{count} settings: the least dropout in the band is x {least:g}" + cifar.figure_suffix, fontsize=11)
    return drawn, f"Lowest validation loss of {count} settings against dropout; figures are printed below."


widgets.slide(walked, range(1, len(runs) + 1), "settings tried", start=len(runs))

# %%
report([key for key in runs if key[1]])
direction = "less than" if winner["dropout"] < enough else "more than" if winner["dropout"] > enough else "as much as"
print(f"Just enough now is dropout x {winner['dropout']:g}, {direction} before"
      f"{'' if enough else ' (less than none was not to be had)'}. {len(starts) + len(runs) - 1} tries were made.")
chance = np.random.default_rng(0).normal(size=(100_000, 4))  # three starts, and a change that does nothing
kept = (chance[:, 3] < chance[:, 0] - np.ptp(chance[:, :3], axis=1)).mean()
print(f"The winner: {winner}. A change that does nothing would be kept by such a rule in {kept:.0%} of cases.")

# %% [markdown]
# Dropout hides parts of the network; augmentation adds knowledge about the world, namely that a horse may look either
# way and stand a little to the side. Both cost epochs. And mind what the walk did *not* show: each setting was tried
# from one seed, so the noise of three starts is all that protects us from luck (and it was measured without dropout or
# augmentation; with them it may be another). How well it does, the last line says for the one decision about
# augmentation (and normal noise). For a verdict you would pair seeds, and more of them.
#
# A point with more dropout may lie lower still, but a rule that asks for the *least* stops at the first one within the
# noise. And where "still improving" stands beside one, more epochs might have decided otherwise.
#
# ## The winner, on everything
#
# The rules leave no room for favourites: the winner, as it is, on all the training photographs of this mode. Of its
# epochs it keeps the best, as lesson 08 taught. Then the seal is opened, once.
#
# One thing is taken on trust: that what was just enough for 1,024 photographs is so for all of them. More photographs
# regularise as well, so less may do now. But there are also many more steps in which to learn by heart, so more may be
# needed. Which of the two weighs more is not measured. The rules say so, and we keep to them.

# %%
keras.utils.set_random_seed(seed)
model = build_small(filters=filters, **winner)
final_epochs = lesson.epochs(80, reduced=4)
best_epoch = keras.callbacks.EarlyStopping("val_loss", patience=final_epochs, restore_best_weights=True)  # never stops
callbacks = [*lesson.callbacks("The winner, on all training photographs"), best_epoch]
history = train(model, len(cifar.x_train), final_epochs, 0.002, callbacks)

# %%
test = lesson.final_test(model)
best = int(np.argmin(history.history["val_loss"]))
print(f"Best epoch: {best + 1} of {final_epochs}. Validation accuracy {history.history['val_accuracy'][best]:.1%}, on "
      f"few photographs (give or take {100 / len(cifar.x_val[:1000]) ** 0.5:.0f} points) that had a say in all this; "
      f"test accuracy {test.accuracy:.1%}, on those that had none.")

# %% [markdown]
# (Training may lie below validation in the figure: `fit` takes it within the epoch, with what regularises at work.)
#
# ## What others found
#
# A procedure that changes one thing at a time climbs the hill on which it stands. Other people started from another
# hill. This network follows Springenberg's All-CNN, whose article gives 90.9 % without and 92.75 % with augmentation,
# and takes in what earlier lessons taught: batch normalisation after every convolution (lesson 05), He's start
# (lesson 04), mirrored and shifted images. The mean over each feature map stands where the dense layer was.


# %%
def build_deep(width, momentum=0.9):
    model = keras.Sequential([keras.Input((32, 32, 3))], name="deep_all_conv")
    for layer in (layers.RandomFlip("horizontal"), RandomShift(0.1), layers.Rescaling(1 / 255)):
        model.add(layer)
    for filters, stride in [(1, 1), (2, 2), (2, 1), (4, 2), (4, 1), (8, 2), (8, 1)]:
        shape = {"strides": stride, "padding": "same", "use_bias": False}
        model.add(layers.Conv2D(filters * width, 3, **shape, kernel_initializer="he_uniform"))
        model.add(BatchNormalization(momentum=momentum))
        model.add(layers.ReLU())
    for layer in (layers.GlobalAveragePooling2D(), layers.Dropout(0.3), layers.Dense(10, "softmax", dtype="float32")):
        model.add(layer)
    return model


# %% [markdown]
# Equal budgets, please. We count as lesson 13 did: training takes about three times the operations of the forward pass,
# which are two for each use of each weight of a kernel. The deep network gets the same photographs, and as many whole
# epochs as our winner's training could pay for.
#
# Its learning rate climbs during the first tenth of the steps, and then falls to zero along a cosine. Why climb? Adam
# divides by a running average of squares, which at first rests on a few batches only: no ground for long steps.
#
# > **Predict:** for no more operations, how far from our winner will it come?


# %%
def operations(model):
    """Operations of training on one photograph once."""
    kernels = [layer for layer in model.layers if hasattr(layer, "kernel")]
    return 6 * sum(int(np.prod(x.kernel.shape)) * int(np.prod(x.output.shape[1:-1])) for x in kernels)


width = filters // 2
price, price_deep = operations(build_small(filters=filters)), operations(build_deep(width))
deep_epochs = max(int(final_epochs * price / price_deep), 1)
steps = deep_epochs * int(np.ceil(len(cifar.x_train) / 64))
rate = keras.optimizers.schedules.CosineDecay(
    0.0, decay_steps=steps - steps // 10, warmup_target=4e-3, warmup_steps=max(steps // 10, 1)
)
print(f"Training on one photograph: small {price / 1e6:.1f} million operations, deep {price_deep / 1e6:.1f} million.")
print(f"So {final_epochs} epochs of the small network pay for {deep_epochs} of the deep one.")

# %%
keras.utils.set_random_seed(seed)
deep = build_deep(width)
deep_history = train(deep, len(cifar.x_train), deep_epochs, rate, lesson.callbacks("Deeper, normalised, augmented"))

# %%
both = {"the procedure's winner": (history, price), "what others found": (deep_history, price_deep)}
drawn, axes = plots.figure(height=3.2)
for (name, (run, each)), style, colour in zip(both.items(), ("s--", "o-"), plots.COLOURS):
    reached = 100 * np.array(run.history["val_accuracy"])
    spent = np.arange(1, len(reached) + 1) * each * len(cifar.x_train) / 1e12
    axes.plot(spent, reached, style, color=colour, label=name)
axes.set(xlabel="operations spent on training, million million", ylabel="validation accuracy, %")
axes.legend(frameon=False, fontsize=9)
ahead = "ahead" if deep_history.history["val_accuracy"][-1] > history.history["val_accuracy"][-1] else "no higher"
drawn.suptitle(f"Judged on few photographs the deep network ends {ahead}" + cifar.figure_suffix, fontsize=11)
plots.show(drawn, "Validation accuracy against operations of training: the procedure's winner and the deep network.")

# %%
ours, theirs = lesson.compare(model), lesson.compare(deep)
only_theirs, only_ours = (len(set(a.mistakes) - set(b.mistakes)) for a, b in ((theirs, ours), (ours, theirs)))
print(f"For no more operations the deep network is {100 * (theirs.accuracy - ours.accuracy):+.1f} points from our "
      f"winner, give or take {200 * images_sd(only_ours, only_theirs, ours.n):.1f} for the photographs (one seed).")
for name, on in (("small_all_conv", ""), ("small_all_conv", "augmentation"), ("deep_all_conv", "")):
    network = build_small() if name == "small_all_conv" else build_deep(16)
    found, name = evidence.reference_runs(name, on, lesson.mode, cifar.label), name + (on and f" with {on}")
    times = found["epochs"].max() * operations(network) / (final_epochs * price)
    print(f"Reference runs of {name}, each for {times:.1f} times our winner's operations: validation accuracy "
          f"{found['val_accuracy'].mean():.1%}, mean of {len(found)}." if len(found) else f"{name}: not yet measured.")

# %% [markdown]
# One run each says little: seeds alone move such networks by points, and the curves above rest on few photographs. The
# reference runs are the better witness, several of each kind, where they are measured (the figure at the end gives
# their *test* accuracy). But compare like with like: the deep network's images were mirrored and shifted, those of the
# first line were not. So set the last line beside the middle one, whose images were shifted: the accuracies, and what
# they were paid for. No accident, then, that the
# procedure's first step reads "start from an architecture that is known to work". Regularising acts on what a network
# has learned; the architecture, with the training that goes with it, decides what it can learn from so many photographs
# at all. (The deep network differs from ours in many ways at once: depth, normalisation, start, learning rate, no dense
# layer; in the reference runs mirroring and the batch size as well. Which of them matters? Lesson 16 takes such a
# network apart, rung by rung.)
#
# **And did the procedure help?** To know, set the winner beside the answer's own setting, dropout x 1 and nothing
# augmented: the same photographs, epochs and seeds. That is not measured yet, and the reference runs cannot replace it:
# they were paid for at another price and, in reduced mode, have twice the filters. You can measure it, in a new cell that
# costs one more training. It prints by how much the winner is ahead, on one seed: an example, and no verdict.
#
#     keras.utils.set_random_seed(seed)
#     answers_own = build_small(filters=filters)
#     train(answers_own, len(cifar.x_train), final_epochs, 0.002, [best_epoch])
#     print(evidence.in_pairs(lesson.compare(answers_own), ours))
#
# ## Is your number normal?

# %%
record = lesson.record(model, "just_enough", history=history, test=test, filters=filters, **winner)
lesson.expect(record)

# %%
lesson.progress(record)

# %% [markdown]
# The rows differ in cost: the dots of the small and the deep network took as many times your star's operations as was
# printed above; what those of the first two rows cost is not printed here.
#
# ## Exercise 1: name the curves
#
# > Four imagined trainings, A to D, each by its accuracy on training photographs (dashed, dropout off) and on
# > validation. Name each of them with one of the four words of `diagnose`, in a dict from letter to word. (Where its
# > rule speaks of the validation loss, take a rising accuracy for a falling loss.)

# %%
e = np.arange(1, 21)
exam = {
    "A": (1 - 0.75 * 0.80**e, 0.62 - 0.40 * 0.65**e - 0.004 * e),
    "B": (0.43 - 0.25 * 0.60**e, 0.42 - 0.22 * 0.60**e),
    "C": (0.25 + 0.023 * e, 0.24 + 0.021 * e),
    "D": (0.93 - 0.50 * 0.60**e, 0.88 - 0.45 * 0.60**e),
}

# %%
drawn, axes = plots.figure(1, 4, height=2.4, sharey=True)
for axis, (letter, (training, val)) in zip(axes, exam.items()):
    axis.plot(e, 100 * training, "--", color=plots.COLOURS[1], label="training")
    axis.plot(e, 100 * val, color=plots.COLOURS[0], label="validation")
    axis.set(title=letter, xlabel="epoch", ylim=(0, 101))
axes[0].set_ylabel("accuracy, %")
axes[1].legend(frameon=False, fontsize=9, loc="upper center")
plots.show(drawn, "A: training climbs towards 100, validation to 60 and then slowly down. B: both level at about 42 "
           "early on. C: both climb to the last epoch, five points apart. D: level at 93 and at 88.")

# %%
names_of_curves = ...

# %% tags=["nbval-check-output"]
lesson.check_names_of_curves(names_of_curves)

# %% [markdown]
# ## Exercise 2: write the loop
#
# > The third step of the procedure is an algorithm: try a dropout factor, read the curves, try another one. Write
# > `next_factor`. It gets what was tried so far, a dict such as `{0: "overfitting", 3: "underfitting"}`, and returns
# > the factor to try next, between 0 and 3. `check_next_factor` lets it loose on imagined networks that need different
# > amounts. In each of them it has to find a factor that is just enough ("plateau", which ends the search) in a budget
# > of eight trainings. The first call gets an empty dict. A factor that you know already to be wrong is refused.


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
# * Write down the rules first: the budget, the figure that decides, the noise below which nothing is decided. Then
#   test what the rules chose, and not what you like.
# * Regularise just enough. The gap, measured alike on both sides, says in which direction to look; the lowest
#   validation loss says how far to go; and whatever else regularises may move the right amount.
# * Augment with what keeps the label and could occur. And before all that, start from an architecture that works.
#
# A handful of tries, each proposed by us. There are thousands of settings that we never thought of. Could a program
# propose them, and would it do better than dice? That is [lesson 15](15_tuning.ipynb).
#
# ## Sources
#
# * An answer on Cross Validated about fighting overfitting on CIFAR-10: the procedure, and the small network.
# * J. T. Springenberg, A. Dosovitskiy, T. Brox and M. Riedmiller, *Striving for simplicity: the all convolutional net*,
#   2015: the network that the last one follows, and its figures.
# * N. Srivastava and others, *Dropout: a simple way to prevent neural networks from overfitting*, 2014.
# * I. Loshchilov and F. Hutter, *SGDR: stochastic gradient descent with warm restarts*, 2017: the cosine.
# * L. Liu and others, *On the variance of the adaptive learning rate and beyond*, 2020: why Adam needs a warm-up.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Have the group write its own rules before the table of rules is shown; the noise is what
# nearly everybody forgets. Let them name the curves of the start before `diagnose` does; "train longer" comes up every
# time. While the tries run, collect sketches for twice the dropout. Ask for augmentations and let the others judge them
# by the two questions (label kept? could it occur?): turning by 180 degrees, blurring, changing colours, cutting out a
# square. Usual wrong answers: in exercise 1 C is called overfitting, since there is a gap, or underfitting, since it is
# low; it is not done yet. D is called overfitting because there is a gap. In exercise 2 a fixed step overshoots the
# networks that need a narrow range; halving the interval between the largest factor that overfits and the smallest that
# underfits always gets there.
