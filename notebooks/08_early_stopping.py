# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Stop while you are ahead
#
# **Goal:** let the validation loss decide how long to train, find out what patience buys, and learn what it costs to
# let a set of pictures decide anything.
#
# Every run so far had a number of epochs that somebody wrote down. Lesson 00 ended with an exercise: given the whole
# validation curve, at which epoch would you have stopped? With the whole curve in hand that is easy. Training only ever
# knows the curve *so far*. How do you notice the best epoch while it is passing?

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots

lesson = Lesson("08_early_stopping", mode=mode, seed=seed)
mnist = lesson.load("mnist")

# %% [markdown]
# ## A run that goes on too long
#
# We want a network that overfits for all to see: the baseline without its dropout, on 1,000 digits, trained for far too
# long. `dropout` scales the baseline's two dropout rates, so that 0 takes them out and 1 leaves them as they were.

# %%
import keras
import numpy as np
from keras import layers


def build_cnn(dropout):
    model = keras.Sequential(name="baseline_cnn")
    model.add(keras.Input((28, 28, 1)))
    model.add(layers.Rescaling(1 / 255))
    model.add(layers.Conv2D(32, 3, padding="same", activation="relu"))
    model.add(layers.Conv2D(32, 3, padding="same", activation="relu"))
    model.add(layers.MaxPooling2D())
    model.add(layers.Dropout(0.25 * dropout))
    model.add(layers.Flatten())
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dropout(0.5 * dropout))
    model.add(layers.Dense(10, activation="softmax", dtype="float32"))
    return model


# %%
def train(seed, count, dropout, epochs, callbacks):
    keras.utils.set_random_seed(seed)
    model = build_cnn(dropout)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        mnist.x_train[:count],
        mnist.y_train[:count],
        batch_size=128,
        epochs=epochs,
        validation_data=(mnist.x_val, mnist.y_val),
        callbacks=callbacks,
        verbose=0,
    )
    return model, history


# %% [markdown]
# A callback of our own keeps what the network says about the validation pictures after every epoch. With these
# probabilities we can ask "what if we had stopped there?" as often as we like, and train only once.


# %%
class Recorder(keras.callbacks.Callback):
    """Collects the validation probabilities, shape (epochs, images, classes)."""

    def on_train_begin(self, logs=None):
        self.said = []

    def on_epoch_end(self, epoch, logs=None):
        self.said.append(np.asarray(self.model.predict(mnist.x_val, verbose=0)))


few, long = 1000, 2 * lesson.epochs(24)
recorder = Recorder()
callbacks = [*lesson.callbacks("No dropout, few digits, too many epochs"), recorder]
_, history = train(seed, few, 0, long, callbacks)
val_loss = history.history["val_loss"]

# %%
best = int(np.argmin(val_loss)) + 1
at_best, at_end = (history.history["val_accuracy"][epoch] for epoch in (best - 1, -1))
print(f"validation loss: lowest after epoch {best} ({min(val_loss):.3f}), "
      f"at the end {val_loss[-1]:.3f}")
print(f"validation accuracy: {at_best:.1%} after epoch {best}, {at_end:.1%} at the end")

# %% [markdown]
# By the loss, everything after its early turn was wasted, or worse. Look at the accuracy too, though: it does not
# turn with the loss, and may creep on upwards. After the turn the network mostly grows *surer*, of its right answers
# and of its wrong ones, and only the loss charges for misplaced confidence. So what you watch decides what you keep.
# The article watches the validation loss, and so shall we.
#
# ## Patience
#
# Stop as soon as the loss fails to fall? Look at the curve again: it stumbles on its way down, because every epoch's
# weights are a little accidental. So we wait. **Patience** is the number of epochs in a row without a new lowest value
# after which we give up. This is the whole algorithm:


# %%
def replay(val_loss, patience):
    """The epoch at which training stops, and the best epoch until then; both count from 1."""
    lowest, best, waited = np.inf, 0, 0
    for epoch, loss in enumerate(val_loss, start=1):
        waited += 1
        if loss < lowest:
            lowest, best, waited = loss, epoch, 0
        elif waited >= patience:
            return epoch, best
    return len(val_loss), best


# %% [markdown]
# **Predict:** on the curve above, which patience is the smallest that finds the lowest point? And how many epochs does a
# patience of 10 cost more than that?

# %%
patiences = range(11)
replays = {p: replay(val_loss, p) for p in patiences}

drawn, (curve, waits) = plots.figure(2, 1, height=4.6, sharex=True, height_ratios=[3, 2])
curve.plot(range(1, long + 1), val_loss, color="black", marker="o", markersize=3)
for p, (stopped, kept) in replays.items():
    curve.plot(kept, val_loss[kept - 1], "o", color=plots.COLOURS[2], markersize=8)
    waits.plot([1, kept], [p, p], color=plots.COLOURS[2], linewidth=3)
    waits.plot([kept, stopped], [p, p], color=plots.COLOURS[1], linewidth=1.5)
    waits.plot(kept, p, "o", color=plots.COLOURS[2])
    waits.plot(stopped, p, "x", color=plots.COLOURS[1], markeredgewidth=2)
curve.set_ylabel("validation loss")
waits.set(ylabel="patience", yticks=[0, 5, 10])
waits.set_xlabel("epoch (● best so far, kept   × stopped here)")
drawn.suptitle("What each patience keeps, and how long it waits to be sure" + mnist.figure_suffix)
plots.show(
    drawn,
    "Above, the validation loss against epoch, kept epochs marked; below, for each patience from 0 "
    "to 10, a bar to the best epoch it saw and a thinner one to where it stopped.",
)

# %%
for p in (0, 2, 5, 10):
    stopped, kept = replays[p]
    print(f"patience {p:2}: stops after epoch {stopped:2}, best epoch {kept:2}, "
          f"its loss {val_loss[kept - 1]:.3f}")

# %% [markdown]
# Patience is an insurance. Too little, and the first stumble ends the run; enough, and a little more of it changes
# nothing but the bill, which is that many epochs at the end of every run. How much is enough depends on how bumpy the
# curve is: few steps in an epoch, a small validation set and a large learning rate all make it bumpier.
#
# Does Keras count as we do? Its callback can be fed a curve without any training:


# %%
def keras_stops(val_loss, patience):
    stopper = keras.callbacks.EarlyStopping(monitor="val_loss", mode="min", patience=patience)
    stopper.set_model(keras.Sequential())
    stopper.on_train_begin()
    for epoch, loss in enumerate(val_loss):
        stopper.on_epoch_end(epoch, {"val_loss": loss})
        if stopper.stopped_epoch:
            break
    return epoch + 1


# %% tags=["nbval-check-output"]
same = [keras_stops(val_loss, p) == replays[p][0] for p in patiences]
print(f"Keras stops at the same epoch for all {len(same)} patiences: {all(same)}")

# %% [markdown]
# ## Which weights do you have now?
#
# When the run stops, the best epoch lies `patience` epochs back. **Predict:** which weights does the network hold after
# `fit` has returned? We train twice from the same seed with `EarlyStopping`, with one argument changed, and measure.

# %%
measured = {}
for restore in (False, True):
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=restore)
    network, stopped_run = train(seed, few, 0, long, [*lesson.callbacks(), stopper])
    measured[restore] = network.evaluate(mnist.x_val, mnist.y_val, verbose=0)[0]

# %%
run = stopped_run.history["val_loss"]
drawn, axes = plots.figure(height=3.0)
axes.plot(range(1, len(run) + 1), run, color="black", marker="o", markersize=3)
last, lowest = len(run), int(np.argmin(run)) + 1
axes.plot(last, measured[False], "D", color=plots.COLOURS[1], label="by default")
axes.plot(lowest, measured[True], "D", color=plots.COLOURS[2], label="restore_best_weights=True")
low = min(run)
axes.set(xlabel="epoch", ylabel="validation loss", ylim=(0.9 * low, 1.6 * low))
axes.set_title("Unless told otherwise, Keras keeps the last weights" + mnist.figure_suffix)
axes.legend(frameon=False)
plots.show(
    drawn,
    "Validation loss of a stopped run, with the loss measured after fit: without restoring it is "
    "that of the last epoch, with restoring that of the best.",
)

# %%
print(f"validation loss after fit: {measured[False]:.4f} by default, "
      f"{measured[True]:.4f} with the best weights restored")

# %% [markdown]
# The default stops too late on purpose, and then keeps the result of having stopped too late. One argument mends it.
# (The price is a copy of the weights in memory.)
#
# ## The validation set is where we choose, and choosing has a price
#
# Early stopping picks one of many epochs by its validation loss. So the number of epochs is a hyperparameter like
# $\lambda$ in lesson 03, and the validation set is where it was chosen. Is the lowest validation loss still an honest
# estimate of the loss on new pictures?
#
# Each epoch's measured loss $L_t$ is its true loss and some luck: which pictures happen to be in the set. We take the
# smallest, and the smallest is more often a lucky one than an unlucky one. In one line, since a minimum is never
# above any of its members,
#
# $$\mathbb{E}\bigl[\min_t L_t\bigr] \le \min_t \mathbb{E}[L_t].$$
#
# Here $\mathbb{E}$ is the mean over all the validation sets that might have been drawn. On the right stands the true
# loss of the best epoch. The epoch that we choose can be as good as that, or worse: its true loss is at least as high.
#
# How much is it here? We let a few randomly drawn validation pictures choose the epoch, and ask the *other* ones how
# good that choice is. The recorded probabilities give every picture's loss after every epoch.


# %%
def losses(said):
    """Cross-entropy of each validation picture after each epoch, shape (epochs, images)."""
    right = np.stack(said)[:, np.arange(len(mnist.y_val)), mnist.y_val]
    return -np.log(right.clip(1e-30))


by_picture = losses(recorder.said)
rng = np.random.default_rng(seed)
sizes = [n for n in (10, 20, 50, 100, 200, 500) if n <= len(mnist.y_val) // 2]
chosen_on, asked = [], []
for n in sizes:
    draws = []
    for _ in range(400):
        order = rng.permutation(len(mnist.y_val))
        choosers = by_picture[:, order[:n]].mean(axis=1)
        others = by_picture[:, order[n:]].mean(axis=1)
        draws.append((choosers.min(), others[choosers.argmin()]))
    chosen_on.append(np.mean(draws, axis=0)[0])
    asked.append(np.mean(draws, axis=0)[1])

# %%
plots.lines(
    {"on the pictures that chose the epoch": (sizes, chosen_on), "on the others": (sizes, asked)},
    title="The best validation loss flatters, the more so the fewer pictures chose" + mnist.figure_suffix,
    x="pictures that chose the epoch",
    y="loss at the chosen epoch",
    log_x=True,
    marker="o",
    alt="Loss at the chosen epoch against the number of pictures that chose it: lower on the "
    "pictures that chose than on the others; the gap closes as their number grows.",
)

# %%
print(f"chosen by {sizes[0]} pictures: {chosen_on[0]:.3f} on them, {asked[0]:.3f} on the others")
print(f"chosen by {sizes[-1]} pictures: {chosen_on[-1]:.3f} on them, {asked[-1]:.3f} on the others")

# %% [markdown]
# The lower line is what you would report if you quoted the best validation loss. The upper one is what you would get. The
# flattery shrinks as the set grows, and grows with every further thing that you choose by it: $\lambda$, the patience,
# the architecture, the seed. It never goes away by itself. That is what the comparison set and the sealed test set are
# for.
#
# ## Into the baseline
#
# Now the baseline with its dropout, on all training digits of this mode. The article's last technique: watch the
# validation loss, **patience 5, at most 50 epochs** (fewer in reduced mode), in place of a fixed 12.

# %%
stopper = keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=True)
callbacks = [*lesson.callbacks("The baseline CNN with early stopping"), stopper]
model, history = train(seed, len(mnist.x_train), 1, lesson.epochs(50), callbacks)

# %%
ran = len(history.epoch)
print(f"ran {ran} of {lesson.epochs(50)} epochs, kept the weights of epoch {stopper.best_epoch + 1}")

# %% [markdown]
# ## Does it help?
#
# A comparison with a trap in it. Early stopping chooses by the validation pictures; if we then compare by the same
# pictures, it has seen the questions. So one half of them chooses and the other half reports, then the other way round,
# and we take the mean.
#
# And there are two changes in one: stopping, and permission to train for longer. So we replay three rules on the same
# recorded runs: the fixed number of epochs of lesson 02; patience 5; and training on to the very end.


# %%
def scores_of_rules(said):
    """Accuracy and cross-entropy (columns) of each rule (rows), never on pictures that chose."""
    by_picture = losses(said)
    scores = np.stack([np.argmax(said, axis=-1) == mnist.y_val, by_picture], axis=-1)
    first = np.arange(len(mnist.y_val)) % 2 == 0
    stopped = []
    for choosers in (first, ~first):
        _, kept = replay(by_picture[:, choosers].mean(axis=1), patience=5)
        stopped.append(scores[kept - 1, ~choosers].mean(axis=0))
    fixed, end = scores[lesson.epochs(12) - 1].mean(axis=0), scores[-1].mean(axis=0)
    return fixed, np.mean(stopped, axis=0), end


outcomes = {}
for s in lesson.seeds(3):
    recorder = Recorder()
    train(s, len(mnist.x_train), 1, lesson.epochs(50), [*lesson.callbacks(), recorder])
    outcomes[s] = scores_of_rules(recorder.said)

# %%
rules = [f"{lesson.epochs(12)} epochs", "patience 5", f"all {lesson.epochs(50)} epochs"]
accuracy = {rule: {s: rows[k][0] for s, rows in outcomes.items()} for k, rule in enumerate(rules)}
fixed, patient, endless = rules
comparisons = {
    f"{b} against {a}": evidence.compare(accuracy[a], accuracy[b])
    for a, b in ((fixed, patient), (fixed, endless), (endless, patient))
}
plots.intervals(
    comparisons,
    title="What stopping does, and what training longer does" + mnist.figure_suffix,
    alt=" ".join(found.sentence(name) for name, found in comparisons.items()),
)
for name, found in comparisons.items():
    print(found.sentence(f"{name}, validation accuracy"), "Lesson 10 has enough.")
for k, rule in enumerate(rules):
    print(f"{rule}: mean cross-entropy {np.mean([rows[k][1] for rows in outcomes.values()]):.4f}")
verdict = lesson.reference_verdict("early_stopping")
stop_alone = lesson.reference_verdict("early_stopping", baseline="long_training")

# %% [markdown]
# The first row is the one that is usually shown. The second says what permission to train longer is worth by itself, and
# the third what stopping adds to that, or takes away. Three seeds on a thousand pictures are an illustration. Do not be surprised if
# the third lies on the wrong side of zero: with its dropout the baseline overfits slowly. Compare the cross-entropies:
# where training to the end has the lower one, the loss had not turned for good, and half a validation set, a noisy
# chooser, called a halt too soon.
#
# The first reference line compares as the first row does: it counts stopping and the longer permission together, so its
# verdict cannot tell which of the two it was. The second has runs of `long_training` on the other side, which trained for as
# many epochs as early stopping allows and never stopped: there the stop stands alone. How many of the runs were stopped at
# all is printed below.
#
# So early stopping is no sure way to more accuracy. What it does give: you can allow a generous number of epochs without
# fear, a run that has nothing left to learn ends by itself, and nobody has to guess the number 12.
#
# ## On the comparison set
#
# Patience and the number of epochs are the article's. The epoch was chosen on the validation set, so the figure to
# believe comes from pictures by which nothing was chosen:

# %%
score = lesson.compare(model)
record = lesson.record(
    model, "baseline_cnn", techniques="early_stopping", history=history, compare=score, patience=5
)
lesson.expect(record, "compare_accuracy")
others = evidence.reference_runs("baseline_cnn", "early_stopping", lesson.mode, "mnist")["epochs"]
early = int((others < lesson.epochs(50)).sum())
print(f"{early} of {len(others)} reference runs stopped before epoch {lesson.epochs(50)}; yours ran {ran} epochs")

# %% [markdown]
# Should your figure lie below the range, look at the last line first: a run that was stopped had less time than those that
# were not.

# %%
lesson.progress(record)

# %% [markdown]
# ## Exercise 1: only real progress counts
#
# A loss that falls by a hair's breadth at every epoch keeps `replay` waiting for ever. Write `stop_epoch`, which returns
# the epoch (counted from 1) at which training stops, where a loss counts as progress only if it lies below the lowest
# one that counted by *more than* `min_delta`. Without a stop it returns the last epoch.


# %%
def stop_epoch(val_loss, patience, min_delta):
    ...


# %% tags=["nbval-check-output"]
lesson.check_stop_epoch(stop_epoch)

# %% [markdown]
# ## Exercise 2: how much patience would have been enough?
#
# Afterwards one is always wiser. Given a whole curve, return the smallest patience (at least 1) with which `replay` keeps
# the best epoch of the curve. You may use `replay`, or think about the distance between one record and the next.


# %%
def patience_needed(val_loss):
    ...


# %% tags=["nbval-check-output"]
lesson.check_patience_needed(patience_needed)

# %% [markdown]
# Solutions: [solutions/08_early_stopping.ipynb](solutions/08_early_stopping.ipynb).
#
# ## What to take away
#
# * Patience is an insurance against stumbles: enough of it finds the best epoch, more of it costs epochs and nothing else.
# * `EarlyStopping` keeps the *last* weights unless you set `restore_best_weights=True`.
# * Stopping is choosing, and the validation loss that chose is flattering. Report from pictures that had no say.
#
# ## Sources
#
# * P. Veličković, *Deep learning for complete beginners*, part 3: validation loss, patience 5, at most 50 epochs.
# * L. Prechelt, *Early stopping, but when?*, 1998: rules for stopping, compared on many problems.
# * G. Cawley and N. Talbot, *On over-fitting in model selection and subsequent selection bias in performance
#   evaluation*, 2010: the price of choosing.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Print the recorded curve, uncover it from the left one epoch at a time, and let the group call
# "stop"; then replay the same with patience. Ask the question about the weights after `fit` before the cell runs: nearly
# everybody expects the best ones. While the three baseline runs train, discuss why the loss turns and the accuracy does
# not. Usual wrong answers: in exercise 1 comparing with the *previous* epoch in place of the lowest, or moving the
# lowest value when the progress was too small to count (then a slow drift never adds up to progress); in
# exercise 2 the number of epochs until the best one, or being one short, since the patience must outlast the wait.
