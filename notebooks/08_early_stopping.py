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
# **Goal:** let the validation loss decide how long to train, see what patience does on a real curve, and measure what
# stopping does to the accuracy and to the cross-entropy.
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
mnist = lesson.load("mnist", n_train=2_000)  # full mode takes all of them

# %% [markdown]
# ## A run that goes on too long
#
# Stopping can only make a network *better* if going on would make it worse. So here is the baseline of lesson 02
# without its dropout, on few digits, at a constant learning rate, and for far too many epochs.

# %%
import keras
import numpy as np
from keras import layers


def build_cnn():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(10, activation="softmax", dtype="float32"),
    ])


# %%
def train(seed, epochs, callbacks, **options):
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = build_cnn()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        mnist.x_train, mnist.y_train, batch_size=128, epochs=epochs, callbacks=callbacks, verbose=0, **options
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
        self.said.append(np.asarray(self.model.predict(mnist.x_val, batch_size=500, verbose=0)))


long, validation = lesson.epochs(50, reduced=30), (mnist.x_val, mnist.y_val)
recorder = Recorder()
endless, history = train(seed, long, [*lesson.callbacks(), recorder], validation_data=validation)
val_loss, val_accuracy = history.history["val_loss"], history.history["val_accuracy"]

# %%
best = int(np.argmin(val_loss)) + 1
turns = f"turns after epoch {best}" if best < long else "has not turned yet"
turns += "; the accuracy hardly follows" * (best < long and abs(val_accuracy[best - 1] - val_accuracy[-1]) < 0.01)
drawn = plots.curves_figure(history.history, f"The validation loss {turns}" + mnist.figure_suffix)
# Three times the loss and three times the mistakes of the best epoch: the first epochs leave the frame.
drawn.axes[0].set(ylim=(0, max(3 * min(val_loss), 1.2 * max(val_loss[best - 1:]))), ylabel="nats")
drawn.axes[1].set_ylim(np.clip(100 - 300 * (1 - val_accuracy[best - 1]), 0, 90), 100.5)
for axis, values in zip(drawn.axes, (val_loss, 100 * np.array(val_accuracy))):
    axis.plot(best, values[best - 1], "*", color=plots.COLOURS[2], markersize=14)
    axis.set_xlabel("epoch (★ lowest validation loss)")
plots.show(drawn, f"Training and validation loss and accuracy in {long} epochs. The validation loss {turns}.")

# %%
print(f"Your network's validation loss is lowest after epoch {best}, {min(val_loss):.3f}; "
      f"after epoch {long} it is {val_loss[-1]:.3f}, {val_loss[-1] / min(val_loss):.1f} times as high.")
print(f"Its validation accuracy goes from {val_accuracy[best - 1]:.1%} to {val_accuracy[-1]:.1%} meanwhile.")

# %% [markdown]
# The loss turns, and the accuracy hardly follows: a few pictures in a thousand, which may be chance. How can that be?
# After the turn the network mostly grows *surer*, of its right answers and of its wrong ones, and only the loss charges
# for misplaced confidence. Its mistakes and its right answers, then and at the end:


# %%
def losses(said):
    """Cross-entropy of each validation picture after each epoch, shape (epochs, images)."""
    right = np.stack(said)[:, np.arange(len(mnist.y_val)), mnist.y_val]
    return -np.log(right.clip(1e-30))


by_picture = losses(recorder.said)
wrong = np.argmax(recorder.said, axis=-1) != mnist.y_val
for name, e in ((f"epoch {best}", best - 1), (f"epoch {long}", -1)):
    print(f"after {name}: {wrong[e].sum()} mistakes, at {by_picture[e][wrong[e]].mean():.2f} of loss each on average; "
          f"a right answer, {by_picture[e][~wrong[e]].mean():.3f}; "
          f"the mistakes make up {by_picture[e][wrong[e]].sum() / by_picture[e].sum():.0%} of the loss")

# %% [markdown]
# Compare the number of mistakes, which is the accuracy, with the price of each, which is nearly all of the loss. Where
# the first hardly moves and the second climbs, the loss turns alone. So what you watch decides what you keep. The
# article watches the validation loss, and so shall we.
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
# Here it is at work, with a patience of 5. The counter below the curve climbs by one in each epoch without a new lowest
# value and falls back to zero with each new one. Move the slider to 1 and uncover the curve one epoch at a time. Where
# would *you* call "stop"?

# %%
from course_utils import widgets


def uncovered(epoch, patience=5):
    """The curve up to an epoch, and how long each epoch has waited for a new lowest loss."""
    epochs, stopped = range(1, epoch + 1), replay(val_loss, patience)[0]
    waited = [e - 1 - int(np.argmin(val_loss[:e])) for e in epochs]
    drawn, (curve, counter) = plots.figure(2, 1, height=4.0, sharex=True, height_ratios=[3, 2])
    curve.plot(epochs, val_loss[:epoch], color="black", marker="o", markersize=3)
    curve.plot(epoch - waited[-1], min(val_loss[:epoch]), "*", color=plots.COLOURS[2], markersize=14)
    counter.bar(epochs, waited, color=[plots.COLOURS[1] if w >= patience else "#999999" for w in waited])
    counter.axhline(patience, color=plots.COLOURS[1], linestyle="--")
    curve.set(xlim=(0.4, long + 0.6), ylim=(0.9 * min(val_loss), max(val_loss) + 0.02), ylabel="validation loss, nats")
    counter.set(ylim=(0, 11), xlabel="epoch (dashed: the patience)", ylabel="epochs waited")
    state = f"waited {waited[-1]}" if epoch < stopped else f"stopped after epoch {stopped}"
    drawn.suptitle(f"Epoch {epoch}, lowest after {epoch - waited[-1]}: {state}" + mnist.figure_suffix, fontsize=11)
    return drawn, f"Validation loss up to epoch {epoch}, and a bar for how long each epoch has waited: {state}."


widgets.slide(uncovered, range(1, long + 1), "uncovered up to epoch", start=max(1, replay(val_loss, 5)[0] - 2))

# %% [markdown]
# > **Predict:** on this curve, what do patiences of 1, 2 and 10 keep? Which is the smallest that finds the lowest
# > point?

# %%
replays = {p: replay(val_loss, p) for p in range(1, 11)}

# %%
drawn, (curve, waits) = plots.figure(2, 1, height=4.6, sharex=True, height_ratios=[3, 2])
curve.plot(range(1, long + 1), val_loss, color="black", marker="o", markersize=3)
for p, (stopped, kept) in replays.items():
    curve.plot(kept, val_loss[kept - 1], "o", color=plots.COLOURS[2], markersize=8)
    waits.plot([1, kept], [p, p], color=plots.COLOURS[2], linewidth=3)
    waits.plot([kept, stopped], [p, p], color=plots.COLOURS[1], linewidth=1.5)
    waits.plot(kept, p, "o", color=plots.COLOURS[2])
    waits.plot(stopped, p, "x", color=plots.COLOURS[1], markeredgewidth=2)
curve.set_ylabel("validation loss, nats")
waits.set(ylabel="patience", yticks=[1, 5, 10], xlabel="epoch (● best so far, kept   × stopped here)")
drawn.suptitle("What each patience keeps, and how long it waits to be sure" + mnist.figure_suffix)
plots.show(
    drawn,
    "Above, the validation loss against epoch, kept epochs marked; below, for each patience from 1 "
    "to 10, a bar to the best epoch it saw and a thinner one to where it stopped.",
)

# %%
for p in (1, 2, 5, 10):
    stopped, kept = replays[p]
    above = 100 * (val_loss[kept - 1] / min(val_loss) - 1)
    found = "the lowest point" if kept == best else f"{above:.0f} per cent above the lowest point"
    print(f"patience {p:2}: stops after epoch {stopped:2}, keeps epoch {kept:2}, {found}")
needed = next(p for p in range(1, long + 1) if replay(val_loss, p)[1] == best)
print(f"The smallest patience that finds the lowest point is {needed}; one more costs an epoch and finds no better.")

# %% [markdown]
# Patience is an insurance. Too little, and the first stumble ends the run; enough, and a little more of it changes
# nothing but the bill, which is that many epochs at the end of every run. How much is enough depends on how large the
# bumps are beside the progress of an epoch. A small validation set, in which each picture weighs more, and a large
# learning rate make larger bumps; an epoch of few steps makes less progress. Nobody knows it before the run.
#
# ## Which weights do you have now?
#
# When the run stops, the best epoch lies `patience` epochs back.
#
# > **Predict:** which weights does the network hold after `fit` has returned? We train twice from the same seed with
# > Keras's `EarlyStopping`, with one argument changed. (It counts as `replay` does, so it should stop at the same
# > epoch.)

# %%
measured, patient = {}, replays[5]
for restore in (False, True):
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=restore)
    stopped, run = train(seed, long, [*lesson.callbacks(), stopper], validation_data=validation)
    measured[restore] = stopped.evaluate(mnist.x_val, mnist.y_val, verbose=0)
print(f"Keras stopped after epoch {len(run.epoch)}; replay says {patient[0]}.")
for restore, (loss, accuracy) in measured.items():
    print(f"restore_best_weights={restore!s:5}: validation loss {loss:.4f}, accuracy {accuracy:.1%}")

# %% [markdown]
# By default Keras stops too late on purpose, and then keeps the result of having stopped too late: the weights of the ×
# in the last figure, and not those of its ●. One argument mends it.
#
# ## The validation set is where we choose, and choosing has a price
#
# Early stopping picks one of many epochs by its validation loss. So the number of epochs is a hyperparameter like
# $\lambda$ in lesson 03, and the validation set is where it was chosen. Is the lowest validation loss still an honest
# estimate of the loss on new pictures?
#
# No. Each epoch's measured loss $L_t$ is its true loss and some luck: which pictures happen to be in the set. They are
# the same for all epochs, and so is much of the luck; but one epoch's answers suit them better than another's, and that
# part can be picked: we take the smallest loss, which is more often a lucky one than an unlucky one. In one line, since
# a minimum is never above any of its members,
#
# $$\mathbb{E}\bigl[\min_t L_t\bigr] \le \min_t \mathbb{E}[L_t].$$
#
# Here $\mathbb{E}$ is the mean over all the validation sets that might have been drawn. On the right stands the true
# loss of the best epoch. The epoch that we choose can be as good as that, or worse: its true loss is at least as high.
#
# How much is it here? We let a few randomly drawn validation pictures choose the epoch, and ask the *other* ones how
# good that choice is. The recorded probabilities give every picture's loss after every epoch.

# %%
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
    y="loss at the chosen epoch, nats",
    log_x=True,
    ticks=sizes,
    marker="o",
    alt="Loss at the chosen epoch against the number of pictures that chose it: lower on the "
    "pictures that chose than on the others; the gap closes as their number grows.",
)

# %%
print("chosen by  loss on them  loss on the others  flattered by")
for n, flattered, honest in zip(sizes, chosen_on, asked):
    print(f"{n:9}  {flattered:12.3f}  {honest:18.3f}  {1 - flattered / honest:12.0%}")

# %% [markdown]
# The lower line is what you would report if you quoted the best validation loss. The upper one is what you would get.
# That one falls, since more pictures choose, on average, better epochs. The lower one rises, since among more pictures
# there is less luck to pick, and not because the epochs got worse. Our own set, larger than any here, lies further
# right, where the flattery should be smaller still. (All this is one run; with another seed the lines lie elsewhere.)
# The flattery grows with every further thing that you choose by it: $\lambda$, the patience, the architecture, the
# seed. That is what the comparison set and the sealed test set are for.
#
# ## What does stopping do?
#
# We compare two rules on the same recorded runs, from three seeds: patience 5 with the best weights, and training on to
# the very end. Early stopping chooses by the validation pictures; to judge it by the same pictures would be to set an
# exam whose questions it has seen. So one half of them chooses and the other half reports, then the other way round,
# and we take the mean. (The course's table `early_stopping` asks the same with more seeds, on the comparison set, and
# there the very end is epoch 50. Here, in reduced mode, it is epoch 30, to save time: our networks have less time to go
# wrong, so the differences need not be of one size.)
#
# > **Predict:** what does stopping do to the accuracy, and what to the cross-entropy?


# %%
def both_rules(said):
    """Accuracy and cross-entropy, at the end and stopped, never on pictures that chose; the epochs kept."""
    by_picture = losses(said)
    scores = np.stack([np.argmax(said, axis=-1) == mnist.y_val, by_picture], axis=-1)
    first = np.arange(len(mnist.y_val)) % 2 == 0
    groups = first, ~first, first | ~first  # each half, and all of them
    kept = [replay(by_picture[:, choosers].mean(axis=1), patience=5)[1] for choosers in groups]
    stopped = [scores[epoch - 1, ~half].mean(axis=0) for epoch, half in zip(kept, groups[:2])]
    return scores[-1].mean(axis=0), np.mean(stopped, axis=0), kept


outcomes = {seed: both_rules(recorder.said)}
for s in lesson.seeds(3)[1:]:
    recorder = Recorder()
    train(s, long, [*lesson.callbacks(), recorder])
    outcomes[s] = both_rules(recorder.said)

# %%
for s, (*_, kept) in outcomes.items():
    two = "" if kept[0] == kept[1] else " (so 'stopped' is the mean of two)"
    print(f"seed {s}: the halves keep the epochs {kept[0]} and {kept[1]}{two}; all the pictures keep {kept[2]}")

# %%
rules, sides = ["to the end", "stopped"], []
drawn, axes = plots.figure(1, 2, height=3.0)
metrics = "accuracy, % (higher is better)", "cross-entropy, nats (lower is better)"
for k, (axis, metric) in enumerate(zip(axes, metrics)):
    scale = 1 if k else 100
    for marker, colour, aside, (s, (*rows, _)) in zip("os^", plots.COLOURS, (-0.06, 0, 0.06), outcomes.items()):
        ends = [scale * row[k] for row in rows]
        axis.plot([aside, 1 + aside], ends, marker=marker, color=colour, label=f"seed {s}")
    axis.set_title(metric, fontsize=10)
    axis.set(xlim=(-0.3, 1.3), xticks=(0, 1), xticklabels=rules)
    at_end, stopped_at = ({s: rows[r][k] for s, rows in outcomes.items()} for r in (0, 1))
    sides.append(evidence.compare(at_end, stopped_at, higher_is_better=not k))
axes[0].legend(frameon=False, fontsize=9)
better = [sum((d > 0) == (k == 0) for d in side.differences if abs(d) > 1e-9) for k, side in enumerate(sides)]
title = f"Stopping is better in accuracy for {better[0]} of {len(outcomes)} seeds, in cross-entropy for {better[1]}"
drawn.suptitle(title + mnist.figure_suffix, fontsize=11)
plots.show(drawn, f"Accuracy and cross-entropy, a line for each seed from trained to the end to stopped. {title}.")

# %%
print(sides[0].sentence("Stopping against training to the end, accuracy"))
print(sides[1].sentence("Stopping against training to the end, cross-entropy (lower is better)", unit="nats"))
from course_utils.evidence import protocol

table = protocol.table("early_stopping")
print(f"Three seeds are an illustration. The table early_stopping has {len(table.verdict_seeds)}, on the comparison "
      f"set, with {table.n_train:,} digits and {table.epochs} epochs (here {len(mnist.x_train):,} and {long}):")
for metric, unit, words in (("accuracy", "points", "accuracy"), ("loss", "nats", "cross-entropy (lower is better)")):
    verdicts = protocol.verdicts(table, metric).values()
    for found in verdicts:
        print(found.sentence(f"Table early_stopping, {words}", unit))
    if not verdicts:
        print(f"Table early_stopping, {words}: not yet measured")

# %% [markdown]
# Half a set makes a bumpier curve and may stop elsewhere than the whole, as the epochs above say. So what is judged
# here is patience 5 with half of the pictures.
#
# What you can see now: the two need not move together. By stopping, a seed may get a better cross-entropy and a worse
# accuracy (look for one in the figure), and one whose curve stumbles for longer than the patience may lose both: its
# line falls in the left panel and rises in the right one. Among three seeds one such seed is enough to turn the mean,
# so how large each effect is, the table has to say.
#
# The two answer two questions. Does somebody only want to know *which digit it is*? Then the accuracy counts, and a
# network that trains on may go on gaining while its loss climbs. Does somebody act on the probabilities, so that a
# confident mistake costs more than a hesitant one? Then the cross-entropy counts, which is what stopping watches. Set
# against the risk what stopping saves: the run ends by itself, and nobody has to guess the number of epochs; only the
# patience.
#
# ## On the comparison set
#
# The patience of 5 is the article's. The epoch was chosen on the validation set, so the figures to believe come from
# pictures by which nothing was chosen: first the run that went on to the end, then the stopped one with its best
# weights. It is one run of each, an example and not a verdict: the margin that is printed is for other pictures, not
# for another seed. And if patience 5 missed the lowest point of this curve above, then this measures a stop that came
# too early. (The validation pictures, which chose and are few, need not agree.)

# %%
end, score = lesson.compare(endless), lesson.compare(stopped)
print(f"From the end to the stop: {evidence.in_pairs(end, score)}.")
print(f"The cross-entropy went from {end.loss:.3f} to {score.loss:.3f} nats, in {len(run.epoch)} epochs instead of "
      f"{long}. (On the {len(mnist.y_val):,} validation pictures: from {val_loss[-1]:.3f} to {measured[True][0]:.3f}.)")
record = lesson.record(
    stopped, "baseline_cnn", techniques="early_stopping+no_dropout", history=run, compare=score, patience=5
)
lesson.expect(record, "compare_accuracy")

# %% [markdown]
# And the baseline as it stands in lesson 02, with its dropout and on more digits? Does the alarm go off there at all?

# %%
others = evidence.reference_runs("baseline_cnn", "early_stopping", lesson.mode, "mnist")["epochs"]
early = int((others < lesson.epochs(50)).sum())
print(f"Of {len(others)} reference runs, patience 5 and at most {lesson.epochs(50)} epochs, {early} stopped early."
      if len(others) else f"Reference runs with patience 5: not yet measured in {lesson.mode} mode.")

# %% [markdown]
# A run whose loss never waits for five epochs never sets off the alarm. All that is left then is the choice of the best
# of the last few epochs, which Keras 3 makes even without a stop. Like any insurance, it pays only when something
# happens. So does the sixth technique do nothing? It has two parts, the stop and a longer run: the article's comes with
# up to 50 epochs in place of 12 (in reduced mode, 16 in place of 6), and going on for longer may help by itself. Lesson
# 10 asks about the stop alone, and lesson 09 adds both parts to the network that we have been building.
#
# ## Exercise 1: only real progress counts
#
# > A loss that falls by a hair's breadth at every epoch keeps `replay` waiting for ever. Write `stop_epoch`, which
# > returns the epoch (counted from 1) at which training stops, where a loss counts as progress only if it lies below the
# > lowest one that counted by *more than* `min_delta`. Without a stop it returns the last epoch.


# %%
def stop_epoch(val_loss, patience, min_delta):
    ...


# %% tags=["nbval-check-output"]
lesson.check_stop_epoch(stop_epoch)

# %% [markdown]
# ## Exercise 2: how much patience would have been enough?
#
# > Hindsight is easy. Given a whole curve, return the smallest patience (at least 1) with which `replay`
# > keeps the best epoch of the curve. You may use `replay`, or think about the distance between one record and the next.


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
# * Patience is an insurance against stumbles: too little ends the run at the first of them, more costs that many epochs
#   at the end of every run, and how much is enough one knows only afterwards. Stopping makes a network better only
#   where going on would make it worse.
# * `EarlyStopping` keeps the *last* weights unless you set `restore_best_weights=True`.
# * Stopping is choosing, and the validation loss that chose is flattering. Report from pictures that had no say, and
#   say whether you mean the accuracy or the cross-entropy.
#
# That was the last of the six. Each was judged by itself, and the first five were stacked on one another: does a network
# that has all six reach what the article reports? [Lesson 09](09_all_six.ipynb) puts them together.
#
# ## Sources
#
# * P. Veličković, *Deep learning for complete beginners*, part 3: validation loss, patience 5, at most 50 epochs.
# * L. Prechelt, *Early stopping, but when?*, 1998: rules for stopping, compared on many problems.
# * C. Guo, G. Pleiss, Y. Sun and K. Weinberger, *On calibration of modern neural networks*, 2017: networks that overfit
#   the loss and not the accuracy.
# * G. Cawley and N. Talbot, *On over-fitting in model selection and subsequent selection bias in performance
#   evaluation*, 2010: the price of choosing.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Set the slider to 1, uncover the recorded curve one epoch at a time, and let the group call
# "stop". Ask the question about the weights after `fit` before the cell runs: nearly everybody expects the best ones.
# While the further runs train, discuss why the loss turns and the accuracy does not. Usual wrong
# answers: in exercise 1 comparing with the *previous* epoch in place of the lowest, or moving the
# lowest value when the progress was too small to count (then a slow drift never adds up to progress); in
# exercise 2 the number of epochs until the best one, or being one short, since the patience must outlast the wait.
