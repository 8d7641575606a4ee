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
mnist = lesson.load("mnist", n_train=2_000)  # full mode takes every training digit instead

# %% [markdown]
# ## A run without a stop
#
# Stopping can only make a network *better* if going on would make it worse. (Then it is a regulariser: like an L2
# penalty, it keeps the weights from going where the training loss would take them.) So here is a network that should
# overfit: lesson 02's baseline without its dropout, at a constant learning rate, for more epochs than it should need.

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
    return model, model.fit(
        mnist.x_train, mnist.y_train, batch_size=128, epochs=epochs, callbacks=callbacks, verbose=0, **options
    )


# %% [markdown]
# A callback is an object that `fit` calls as it goes along. Ours keeps what the network says about the validation
# pictures after every epoch. So we can ask "what if we had stopped there?" as often as we like, and train only once.


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

# %% [markdown]
# The star marks the lowest validation loss (in nats, the unit of a loss with natural logarithms); a line that
# enters at an edge began outside the frame.

# %%
best = int(np.argmin(val_loss)) + 1
turns = f"The validation loss is lowest after epoch {best} of {long}"
turns += "; from there the accuracy hardly moves" if best < long and np.ptp(val_accuracy[best - 1:]) < 0.01 else ""
drawn = plots.curves_figure(history.history, turns + mnist.figure_suffix)
# Three times the loss and three times the mistakes of the best epoch: what lies far from it leaves the frame.
drawn.axes[0].set(ylim=(0, max(3 * min(val_loss), 1.2 * max(val_loss[best - 1:]))), ylabel="nats")
drawn.axes[1].set_ylim(np.clip(100 - 300 * (1 - val_accuracy[best - 1]), 0, 90), 100.5)
for axis, values in zip(drawn.axes, (val_loss, 100 * np.array(val_accuracy))):
    axis.plot(best, values[best - 1], "*", color=plots.COLOURS[2], markersize=14)
    axis.set_xlabel("epoch (★ lowest validation loss)")
plots.show(drawn, f"Training and validation loss and accuracy in {long} epochs. {turns}.")

# %%
print(f"Your network's validation loss is lowest after epoch {best}, {min(val_loss):.3f}; "
      f"after epoch {long} it is {val_loss[-1]:.3f}, {val_loss[-1] / min(val_loss):.1f} times as high.")
print(f"Its validation accuracy goes from {val_accuracy[best - 1]:.1%} to {val_accuracy[-1]:.1%} meanwhile; "
      f"it first reaches its highest, {max(val_accuracy):.1%}, after epoch {np.argmax(val_accuracy) + 1}.")

# %% [markdown]
# Loss and mistakes need not move together. The accuracy asks only which digit got most of the probability; the loss
# asks how much of it the true digit got. So follow each picture from the epoch of the lowest loss to the last one. How
# many changed sides, and what does each group add to the mean loss?


# %%
def losses(said, labels=mnist.y_val):
    """Cross-entropy of each picture after each epoch, shape (epochs, images)."""
    right = np.stack(said)[:, np.arange(len(labels)), labels]
    return -np.log(right.clip(1e-30))


by_picture = losses(recorder.said)
then, now = (np.argmax(recorder.said[epoch], axis=-1) != mnist.y_val for epoch in (best - 1, -1))
groups = {"wrong, then wrong": then & now, "wrong, then right": then & ~now,
          "right, then wrong": now & ~then, "right, then right": ~(then | now)}
print(f"{f'after epochs {best}, {long}':20}  pictures  adds to the mean loss then      now   change")
adds = {}
for name, group in groups.items():
    before, after = (by_picture[epoch, group].sum() / len(group) for epoch in (best - 1, -1))
    adds[name] = after - before
    print(f"{name:20}  {group.sum():8}  {before:26.4f}  {after:7.4f}  {adds[name]:+7.4f}")
most = max(adds, key=lambda name: abs(adds[name]))
print(f"The mean loss changes by {sum(adds.values()):+.4f} nats. " + (
      f"The largest part comes from: {most}." if best < long else "Its lowest point is the end, so nothing changes."))

# %% [markdown]
# The accuracy notices only the pictures that changed sides. A picture that stays wrong and costs more is one whose true
# digit has lost still more probability, and that only the loss sees. So what you watch can decide what you keep: the
# two lines below the figure of the curves name the best epoch by each. The article watches the validation loss, and so
# shall we.
#
# ## Patience
#
# Stop as soon as the loss fails to fall? A curve may stumble on its way down, because every epoch's weights are a
# little accidental. So we wait, and give up after a fixed number of epochs in a row without a new lowest value. This
# number is the **patience**, and this is the whole algorithm:


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
# value and falls back to zero with each new one. What comes after the stop is grey: a run with this patience never sees
# it. Move the slider to 1 and uncover the curve one epoch at a time.

# %%
from course_utils import widgets


def uncovered(epoch, patience=5):
    """The curve up to an epoch: what a run with this patience sees of it, and how long each epoch has waited."""
    seen = range(1, min(epoch, replay(val_loss, patience)[0]) + 1)
    waited = [e - 1 - int(np.argmin(val_loss[:e])) for e in seen]
    last, kept = len(seen), len(seen) - waited[-1]
    drawn, (curve, counter) = plots.figure(2, 1, height=4.0, sharex=True, height_ratios=[3, 2])
    curve.plot(range(1, epoch + 1), val_loss[:epoch], color="#bbbbbb", marker="o", markersize=3)
    curve.plot(seen, val_loss[:last], color="black", marker="o", markersize=3)
    curve.plot(kept, val_loss[kept - 1], "*", color=plots.COLOURS[2], markersize=14)
    counter.bar(seen, waited, color=[plots.COLOURS[1] if w >= patience else plots.COLOURS[0] for w in waited])
    counter.axhline(patience, color=plots.COLOURS[1], linestyle="--")
    curve.set(xlim=(0.4, long + 0.6), ylim=(0.9 * min(val_loss), max(val_loss) + 0.02), ylabel="validation loss, nats")
    counter.set(ylim=(0, patience + 1), xlabel="epoch (★ kept so far; dashed: the patience)", ylabel="epochs waited")
    state = f"After epoch {last}: " + (f"waited {waited[-1]} of {patience} epochs, lowest after epoch {kept}"
                                       if waited[-1] < patience else f"stopped, keeps epoch {kept}")
    drawn.suptitle(state + mnist.figure_suffix, fontsize=11)
    return drawn, f"Validation loss up to epoch {epoch}, and a bar for how long each epoch has waited. {state}."


widgets.slide(uncovered, range(1, long + 1), "uncovered up to epoch", start=long)

# %% [markdown]
# > **Predict:** on this curve, what do patiences of 1, 2 and 10 keep? Which is the smallest that finds the lowest
# > point?

# %%
replays = {p: replay(val_loss, p) for p in range(1, 11)}
needed = next(p for p in range(1, long + 1) if replay(val_loss, p)[1] == best)

# %%
drawn, (curve, waits) = plots.figure(2, 1, height=5.0, sharex=True)
curve.plot(range(1, long + 1), val_loss, color="black", marker="o", markersize=3)
for p, (stopped, kept) in replays.items():
    curve.plot(kept, val_loss[kept - 1], "o", color=plots.COLOURS[2], markersize=8)
    waits.plot([kept, stopped], [p, p], "x-", markevery=[1], color=plots.COLOURS[1], linewidth=1.5, markeredgewidth=2)
    waits.plot([1, kept], [p, p], "o-", markevery=[1], color=plots.COLOURS[2], linewidth=3)
curve.set_ylabel("validation loss, nats")
waits.set(ylabel="patience", yticks=list(replays), xlabel="epoch (green ●: best so far, kept;  orange ×: the run ends)")
drawn.suptitle(f"The smallest patience that keeps the lowest point is {needed}" + mnist.figure_suffix)
plots.show(drawn, f"Patience {needed} is the smallest that keeps the lowest point. Above, the validation loss and "
           "the epochs kept; below, for each patience, a bar to the best epoch it saw and a thinner one to its end.")

# %%
for p in (1, 2, 5, 10):
    stopped, kept = replays[p]
    found = "the lowest point" if kept == best else f"{val_loss[kept - 1] / min(val_loss) - 1:.0%} above the lowest"
    print(f"patience {p:2}: ends after epoch {stopped:2}, keeps epoch {kept:2}, {found}")

# %% [markdown]
# Patience is an insurance. With too little, the first stumble that lasts as long as the patience ends the run. Where
# there is enough, more of it changes only the bill: up to `patience` epochs at the end of every run. How much is enough
# depends on how long the stumbles last, and nobody knows that before the run.
#
# ## Which weights do you have now?
#
# When patience ends the run, the best epoch *so far* lies `patience` epochs back.
#
# > **Predict:** which weights does the network hold after `fit` has returned? We train twice from the same seed with
# > Keras's `EarlyStopping`, with one argument changed. (It counts as `replay` does, so it should stop at the same
# > epoch.)

# %%
for restore in (False, True):
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=restore)
    stopped, run = train(seed, long, [*lesson.callbacks(), stopper], validation_data=validation)
    now_loss, own = stopped.evaluate(mnist.x_val, mnist.y_val, verbose=0)[0], run.history["val_loss"]
    print(f"restore_best_weights={restore!s:5}: validation loss {now_loss:.4f} after fit; within it epoch "
          f"{len(own)}, the last, had {own[-1]:.4f}, and epoch {np.argmin(own) + 1}, the best, {min(own):.4f}.")
print(f"Keras ended after epoch {len(own)}; replay says {replays[5][0]}.")

# %% [markdown]
# By default Keras hands you the weights of the last epoch: the × of the last figure, not its ●. One argument mends it.
#
# ## The validation set is where we choose, and choosing has a price
#
# Early stopping picks one of many epochs by its validation loss. So the number of epochs is a hyperparameter like
# $\lambda$ in lesson 03: it is chosen on the validation set. Is the lowest validation loss still an honest estimate of
# the loss on new pictures?
#
# No. Each epoch's measured loss $L_t$ is its true loss and some luck: which pictures happen to be in the set. Part of
# the luck is common to all epochs, since they are judged by the same pictures. The rest differs: these pictures happen
# to suit one epoch's weights better than another's. So the smallest loss is likely to be one with good luck. And the
# minimum of a list is never above any of its members, so
#
# $$\mathbb{E}\bigl[\min_t L_t\bigr] \le \min_t \mathbb{E}[L_t].$$
#
# Here $\mathbb{E}$ is the mean over all the validation sets that might have been drawn. On the left is the loss that we
# quote; on the right is the true loss of the best epoch, and the epoch that we choose has no lower one. So the loss
# that we quote is, on average, never above the one that we get. (This holds for the lowest of a fixed number of epochs.
# With patience, luck also decides where the list ends, and of that the formula says nothing.)
#
# How far below? We let a few validation pictures, drawn at random many times, choose the epoch with the lowest loss of
# all, and ask the *other* ones how good that choice is.

# %%
rng, means = np.random.default_rng(seed), []
sizes = [n for n in (10, 20, 50, 100, 200, 500) if n <= len(mnist.y_val) // 2]
for n in sizes:
    draws = []
    for order in (rng.permutation(len(mnist.y_val)) for _ in range(400)):
        choosers, others = (by_picture[:, part].mean(axis=1) for part in (order[:n], order[n:]))
        draws.append((choosers.min(), others[choosers.argmin()]))
    means.append(np.mean(draws, axis=0))
chosen_on, asked = np.transpose(means)
flattery = 1 - chosen_on / asked

# %%
plots.lines(
    {"on the pictures that chose the epoch": (sizes, chosen_on), "on the others": (sizes, asked)},
    title=f"The lowest loss flatters by {flattery[0]:.0%} if {sizes[0]} pictures chose, by {flattery[-1]:.0%} if "
    f"{sizes[-1]} did" + mnist.figure_suffix, limits=(0, 1.1 * np.max(means)),
    x="pictures that chose the epoch", y="loss at the chosen epoch, nats", log_x=True, ticks=sizes, marker="o",
    alt=f"Loss at the chosen epoch. Chosen by {sizes[0]} pictures: {chosen_on[0]:.3f} nats on them, {asked[0]:.3f} on "
    f"the others; chosen by {sizes[-1]}: {chosen_on[-1]:.3f} and {asked[-1]:.3f}.",
)

# %% [markdown]
# The solid line is what you would report if you quoted the best validation loss, the dashed one what you would get. The
# title gives the distance between them as a part of the dashed one. The solid line rises with the number of pictures,
# since among more of them there is less luck to pick. The dashed one falls where more pictures choose a better epoch.
# The distance between the two is the price of choosing, on average. (All the validation pictures may also be easier or
# harder than others at every epoch: that luck is in both lines.) The flattery can grow with everything else that you
# choose by the validation loss: $\lambda$, the patience, the architecture, the seed. That is what the comparison set
# and the sealed test set are for.
#
# ## What does stopping do?
#
# We compare two rules on the same runs, of three seeds: patience 5 with the best weights, and training on to the very
# end. To judge a stop by the pictures that chose it would be an exam with known questions. So one half of the
# validation pictures chooses and the other half reports, then the other way round, and we take the mean of the two.
# (Where the run ends, and the rate, Adam's own, are our choices: others may give another answer.)
#
# A second stopper, by the same halves, has unlimited patience: it keeps the lowest epoch of the whole run. So
# *unlimited* against *the end* shows what watching the loss does, *patience 5* against *unlimited* what ending early
# does.
#
# > **Predict:** what does stopping do to the accuracy, and what to the cross-entropy?


# %%
def both_rules(said, patience):
    """Accuracy and cross-entropy, at the end and stopped, never on pictures that chose; epochs kept; mean curve."""
    by_picture = losses(said)
    scores = np.stack([np.argmax(said, axis=-1) == mnist.y_val, by_picture], axis=-1)
    even, kept, stopped = np.arange(len(mnist.y_val)) % 2 == 0, [], []
    for choosers, reporters in ((even, ~even), (~even, even)):
        kept.append(replay(by_picture[:, choosers].mean(axis=1), patience)[1])
        stopped.append(scores[kept[-1] - 1, reporters].mean(axis=0))
    return scores[-1].mean(axis=0), np.mean(stopped, axis=0), kept, by_picture.mean(axis=1)


recorders = {seed: recorder}
for s in lesson.seeds(3)[1:]:
    recorders[s] = Recorder()
    train(s, long, [*lesson.callbacks(), recorders[s]])
outcomes, unhurried = ({s: both_rules(each.said, p) for s, each in recorders.items()} for p in (5, long))

# %%
sides, ends, metrics = [], [], ("accuracy, % (higher is better)", "cross-entropy, nats (lower is better)")
drawn, axes = plots.figure(1, 2, height=3.2)
for k, (axis, metric, scale) in enumerate(zip(axes, metrics, (100, 1))):
    at_end, at_stop = ({s: scores[when][k] for s, scores in outcomes.items()} for when in (0, 1))
    sides.append(evidence.compare(at_end, at_stop, higher_is_better=not k))
    ends += [scale * min(sides[k].differences), scale * max(sides[k].differences)]
    for look, colour, x, s in zip(("o-", "s-", "^-"), plots.COLOURS, (-0.06, 0, 0.06), outcomes):
        three = [scale * scores[k] for scores in (outcomes[s][1], unhurried[s][1], outcomes[s][0])]
        axis.plot(x + np.arange(3), three, look, color=colour, label=f"seed {s}")
    axis.set(title=metric, xlim=(-0.3, 2.3), xticks=range(3), xticklabels=("patience 5", "unlimited", "to the end"))
axes[0].legend(frameon=False, fontsize=9)
title = "accuracy {:+.1f} to {:+.1f} points, cross-entropy {:+.3f} to {:+.3f} nats".format(*ends)
drawn.suptitle(f"Patience 5 against training to the end:\n{title}{mnist.figure_suffix}", fontsize=11)
plots.show(drawn, "Accuracy and cross-entropy, a line for each seed over patience 5, unlimited patience and the end. "
           f"Patience 5 against the end: {title}.")

# %%
for s in outcomes:
    for rule, p, (*_, kept, curve) in (("5", 5, outcomes[s]), ("unlimited", long, unhurried[s])):
        print(f"seed {s}, patience {rule:9}  the halves keep the epochs {kept[0]:2} and {kept[1]:2}, "
              f"all pictures would keep {replay(curve, p)[1]:2}")
hasty, calm = (100 * np.mean([stop[0] - end[0] for end, stop, *_ in of.values()]) for of in (outcomes, unhurried))
print(f"Mean against the end: accuracy {hasty:+.1f} points with patience 5, {calm:+.1f} with unlimited patience.")

# %%
from course_utils.evidence import protocol

table = protocol.table("early_stopping")
kinds = ("accuracy", "points"), ("cross-entropy (lower is better)", "nats")
tabled = [found for metric in ("accuracy", "loss") for found in protocol.verdicts(table, metric).values()]
for of, found in (("These seeds", sides), ("The course's table early_stopping", tabled)):
    for one, (words, unit) in zip(found, kinds):
        print(one.sentence(f"{of}, stopping against training to the end, {words}", unit))
print(f"The table {'has' if tabled else 'is planned with'} {len(table.verdict_seeds)} seeds on the comparison set, "
      f"with {table.n_train:,} digits and {table.epochs} epochs (here {len(mnist.x_train):,} and {long}), "
      f"at a constant rate of {table.learning_rate:g}. There all validation pictures choose, with patience 5."
      + ("" if tabled else " It is not yet measured."))

# %% [markdown]
# Which of your two predictions held? These few seeds give no verdict; that is what the course's table is for. (Its
# intervals are over the seeds alone, all judged by the same pictures. For the accuracy's interval over seeds and
# images, type `course reference show early_stopping` in a terminal.)
#
# And what moves the accuracy, watching the loss or ending too early? Unlimited patience never ends before the run does,
# so compare it with patience 5, seed by seed, in the figure. It gives a hint and no answer, since the mean of so few
# seeds may be the work of one; with more seeds it is not yet measured. (Only half of the pictures chose here. Their
# curve may be bumpier than that of all, and the stop another: compare the epochs below the figure.)
#
# The accuracy and the cross-entropy answer different questions. If somebody only wants to know *which digit it is*, the
# accuracy counts, and a network that trains on may go on gaining while its loss climbs. If somebody acts on the
# probabilities, so that a confident mistake costs more than a hesitant one, the cross-entropy counts. Stopping watches
# it, and may come too early; or train on, and soften the answers by one number, fitted on validation (Guo and others;
# lesson 17 does it). A stop also buys a run that ends by itself, if the limit of epochs is high enough.
#
# ## On the comparison set
#
# The patience of 5 comes from the article, the epoch from the validation set. So the numbers to believe come from
# pictures by which nothing was chosen (where none are left, the cell says so): first for the run to the end, then for
# the stopped one with its best weights.

# %%
end, score = lesson.compare(endless), lesson.compare(stopped)
print(f"From the end to the stop ({len(run.epoch)} epochs instead of {long}): {evidence.in_pairs(end, score)}.")
gap = np.subtract(*losses([each.predictions.clip(1e-7) for each in (score, end)], score.labels))  # as in `loss` above
margin = 2 * gap.std() / gap.size ** 0.5
print(f"Cross-entropy: {gap.mean():+.4f} nats; two standard errors are {margin:.4f} nats, so this is "
      f"{'more' if abs(gap.mean()) > margin else 'not clearly more'} than chance in the choice of images.")
if score.on_validation:
    print("These are the pictures that chose the epoch: full mode keeps no others.")
record = lesson.record(stopped, "baseline_cnn", "early_stopping+no_dropout", run, compare=score, patience=5)
lesson.expect(record, "compare_accuracy")

# %% [markdown]
# One run of each is an example and no verdict: the margins say what other pictures might change (luck alone passes two
# standard errors about once in twenty times), not what another seed might. (*Mended* is wrong before and right after,
# *spoiled* the reverse; the bracket gives the mended ones for each spoiled one.) The difference between the stopped
# run's validation loss and its comparison loss does not show the price of choosing: one set of pictures may be harder
# than another, and that can outweigh it.
#
# And the baseline as it stands in lesson 02, with its dropout? Does a patience of 5 end its reference runs before their
# own limit of epochs (which need not be the limit of the runs above)?

# %%
limit, others = lesson.epochs(50), evidence.reference_runs("baseline_cnn", "early_stopping", lesson.mode, "mnist")
print(f"Of {len(others)} reference runs with patience 5, on {others['n_train'].iloc[0]:,} digits, "
      f"{(others['epochs'] < limit).sum()} stopped before the limit of {limit} epochs (the article's: 50)."
      if len(others) else f"Reference runs with patience 5: not yet measured in {lesson.mode} mode.")

# %% [markdown]
# A run that reaches a limit lower than the article's cannot say whether a longer one would be stopped; where the line
# above names a lower limit, that is not yet measured. If no stop comes, all that is left is the choice of the best
# epoch, which Keras 3 still makes with `restore_best_weights=True`.
#
# The sixth technique has a second part, the longer run: the article's has up to 50 epochs in place of 12, which may
# help by itself. Lesson 10 asks about the stop alone; lesson 09 adds both parts to the last network of lesson 07.
#
# ## Exercise 1: only real progress counts
#
# > `replay` never gives up on a loss that falls by a hair's breadth at every epoch. Write `stop_epoch`. It returns the
# > epoch (counted from 1) at which training stops, or the last one if nothing stops it. A loss counts as progress only
# > if it lies *more than* `min_delta` below the last loss that counted; the first always counts.


# %%
def stop_epoch(val_loss, patience, min_delta):
    ...


# %% tags=["nbval-check-output"]
lesson.check_stop_epoch(stop_epoch)

# %% [markdown]
# ## Exercise 2: how much patience would have been enough?
#
# > Hindsight is easy. Given a whole curve, return the smallest patience (at least 1) with which `replay` keeps the best
# > epoch of the curve. Do without `replay` itself: think about the distance from one new lowest value to the next.


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
# * Patience is an insurance against stumbles: too little ends the run at one of them, and more costs up to `patience`
#   epochs at the end of every run.
# * `EarlyStopping` keeps the *last* weights unless you set `restore_best_weights=True`.
# * Stopping is choosing, and the validation loss that chose is flattering. Report from pictures that had no say, and
#   say whether you mean the accuracy or the cross-entropy: a stop may cost the one while it saves the other.
#
# That was the last of the six. Does a network that has all of them reach what the article reports?
# [Lesson 09](09_all_six.ipynb) puts them together.
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
# **For the instructor.** Before the group sees the first figure, set the slider to 1, uncover the curve one epoch at a
# time, and let them call "stop". Ask the question about the weights after `fit` before the cell runs: some will expect
# the best ones. While the further runs train, discuss how the loss can turn while the accuracy does not. Likely wrong
# answers: in exercise 1 comparing with the *previous* epoch in place of the last that counted, or moving on when the
# progress was too small to count (then a slow drift never adds up to progress); in exercise 2 the number of epochs
# until the best one, or being one short, since the patience must outlast the wait.
