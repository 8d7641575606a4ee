# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What accuracy does not say
#
# **Goal:** find out whether a network is right as often as it says, what it does with pictures that are worse than those
# it has learned, when it had better say "I don't know", and which of the six techniques help *there*.
#
# So far every lesson counted right answers. But nobody uses a network as an exam does. A reading machine for post codes
# may pass a hard one on to a person. It sees smudged paper and tired pens. And it says with every answer how sure it is.
# Can that be believed?

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, calibration, corruptions, plots

lesson = Lesson("17_beyond_accuracy", mode=mode, seed=seed)
mnist = lesson.load("mnist", n_train=2_000)  # full mode takes all of them

# %% [markdown]
# Two sets of pictures, as always: by one we may *choose*, by the other we *judge*. The test set stays sealed.

# %%
import keras
import numpy as np
from keras import layers

x_choose, y_choose = mnist.x_val, mnist.y_val
x_judge, y_judge = mnist.x_compare, mnist.y_compare
if not len(y_judge):  # full mode keeps no comparison set: half of the validation pictures judge
    x_choose, x_judge, y_choose, y_judge = x_choose[::2], x_choose[1::2], y_choose[::2], y_choose[1::2]

# %% [markdown]
# ## A network that has seen lesson 08
#
# There a network without dropout, on few digits, went on training when it should have stopped. Its accuracy did not
# suffer, so what did? Here is one like it. A callback keeps what it says about the pictures that judge, after some of
# the epochs. (All numbers before the table of techniques are those of this one network; another seed gives others.)

# %%
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Rescaling(1 / 255),
    layers.Conv2D(32, 3, padding="same", activation="relu"),
    layers.Conv2D(32, 3, padding="same", activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(128, activation="relu"),
    layers.Dense(10, activation="softmax", dtype="float32"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])


# %%
def says(pictures):  # probabilities, shape (pictures, 10)
    return np.asarray(model.predict(pictures, batch_size=500, verbose=0))


def listen(epoch, logs):
    if epoch + 1 in (1, 2, 4, 8, 16, epochs):
        heard[epoch + 1] = says(x_judge)


epochs, heard = lesson.epochs(20, reduced=24), {}  # epoch -> probabilities
history = model.fit(
    mnist.x_train, mnist.y_train, batch_size=128, epochs=epochs, verbose=0, validation_data=(x_choose, y_choose),
    callbacks=[*lesson.callbacks("No dropout, few digits, too many epochs"),
               keras.callbacks.LambdaCallback(on_epoch_end=listen)],
)  # fmt: skip

# %% [markdown]
# Towards the end neither validation curve says much: the loss has ceased to fall, or has begun to climb a little, and the
# accuracy stays where it is. What grows all the same is no curve of this figure.
#
# The network's **confidence** is the probability that it gives to its own answer. Here are the mistakes of which it was
# surest; what is missing to a confidence of one is its doubt.

# %%
said = heard[epochs]
confidence, right = calibration.judge(said, y_judge)
surest = np.flatnonzero(~right)[np.argsort(-confidence[~right])][:10]
one_in = [float(f"{1 / doubt:.0e}") for doubt in (1 - confidence[surest]).clip(1e-9)]  # rounded to one digit
plots.images(
    x_judge[surest], title="Wrong, and sure of it" + mnist.figure_suffix, columns=5,
    labels=[f"answer {said[k].argmax()}, label {y_judge[k]}\ndoubt 1 in {n:,.0f}" for k, n in zip(surest, one_in)],
    alt="The ten digits of whose wrong class the network was surest, with its answer, the label and its doubt.",
)

# %%
print(f"Accuracy {right.mean():.2%}: {(~right).sum()} mistakes among {len(right):,} pictures. "
      f"{((confidence > 0.9) & ~right).sum()} of them were made at a confidence above 0.9.")

# %% [markdown]
# Ugly digits, some of them; but "I am not sure" was an answer that the network could have given, and it did not.
#
# ## Right as often as it says?
#
# A weather service says "rain: seven in ten". One dry day does not prove it wrong. Take *all* the days on which it said
# so: on seven in ten of them it should have rained. A forecaster, or a network, of which that holds for every number is
# **calibrated**. So we sort the answers into bins by confidence, and draw for each how many were right: a **reliability
# diagram**. On the diagonal lies a calibrated network; below it, one that promises too much.
#
# > **Predict:** of the answers at a confidence of about two thirds, how many are right? And where do most answers lie?

# %%
from scipy import stats


def draw_reliability(axis, probabilities):
    """The diagram, and for each bin where a calibrated network would lie in 95 of 100 cases."""
    found = calibration.reliability(*calibration.judge(probabilities, y_judge))
    full = found.counts > 0
    n, mean, share = found.counts[full], found.confidence[full], found.accuracy[full]
    low, high = stats.binom.interval(0.95, n, mean.clip(0, 1))
    axis.set_title(f"{((share < low / n) | (share > high / n)).sum()} of {len(n)} dots outside their bars", fontsize=10)
    axis.plot([0, 1], [0, 1], color="black", linewidth=1)
    axis.vlines(mean, low / n, high / n, color="#999999", linewidth=7, alpha=0.5, label="chance, if calibrated")
    axis.plot(mean, share, "o-", color=plots.COLOURS[1], label="this network")
    axis.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="confidence", ylabel="share that is right")
    return found


# %%
drawn, (axis, counts) = plots.figure(1, 2, height=3.3, width_ratios=[3, 2])
found = draw_reliability(axis, said)
for place, means, name in [(0.02, found.confidence, "announced"), (0.047, found.accuracy, "made")]:
    counts.bar(found.edges[:-1] + place, found.counts * (1 - np.nan_to_num(means)), 0.027, label=name)
counts.set(xlim=(0, 1), xlabel="confidence", ylabel="mistakes")
drawn.legend(loc="outside lower center", ncols=4, fontsize=9, frameon=False)
drawn.suptitle("What the network promises, and what it keeps" + mnist.figure_suffix, fontsize=11)
plots.show(drawn, "Left: share of right answers against confidence, with the diagonal and what chance allows. "
           "Right: the mistakes announced and made in each bin.")

# %%
middle, last = (confidence > 0.55) & (confidence < 0.8), confidence >= found.edges[-2]
low, high = stats.poisson.interval(0.95, (1 - confidence[last]).sum())
print(f"At a confidence from 0.55 to 0.8, {confidence[middle].mean():.0%} on average, {right[middle].mean():.0%} of "
      f"{middle.sum()} answers are right. In the last bin lie {last.sum():,} of {len(right):,} answers; "
      f"{(1 - confidence[last]).sum():.0f} mistakes are announced (by chance {low:.0f} to {high:.0f}), "
      f"and {(~right[last]).sum()} are made.")

# %% [markdown]
# The last bin weighs most, since most answers lie there. On the left its gap cannot be seen; count it in mistakes, as on
# the right, and it can.
#
# ## One number, and how it deceives
#
# The mean distance between the dots and the diagonal, each bin weighted by its answers, is the **expected calibration
# error**, in percentage points from here on. With $n_b$ of $n$ answers in bin $b$, and here fifteen bins,
#
# $$\mathrm{ECE} = \sum_b \frac{n_b}{n} \bigl|\, \mathrm{accuracy}_b - \mathrm{confidence}_b \,\bigr| .$$
#
# Distances are never negative. So what does a *perfect* network get? Let us make one: take our network's confidences, and
# let a coin decide which answers are right, a coin that falls as often as the network says. Its true error is zero.
#
# > **Predict:** what is the ECE of this perfect network on a hundred pictures?

# %%
sizes = [n for n in (100, 200, 500, 1000, 2000, 5000, 10_000) if n <= len(right)]
# Both are means over the same fifty samples of each size; of each, the coin makes twenty perfect networks.
samples = [[np.random.default_rng(s).choice(len(right), n, replace=False) for s in range(50)] for n in sizes]
ours = [100 * np.mean([calibration.calibration_error(confidence[k], right[k]) for k in each]) for each in samples]
perfect = [100 * np.mean([calibration.error_by_chance(confidence[k], draws=20, seed=s) for s, k in enumerate(each)])
           for each in samples]

# %%
plots.lines(
    {"our network": (sizes, ours), "a perfect one, as sure": (sizes, perfect)},
    title="With few pictures even a perfect network seems to err" + mnist.figure_suffix,
    x="pictures", y="calibration error, points", log_x=True, ticks=sizes, marker="o", limits=(0, None),
    alt="Expected calibration error against number of pictures: that of the perfect network falls towards zero.",
)  # fmt: skip

# %%
for n, mine, chance in zip(sizes, ours, perfect):
    print(f"{n:6,} pictures: ours {mine:.2f} points, a perfect one {chance:.2f}, beyond chance {mine - chance:+.2f}")

# %% [markdown]
# A reported ECE of one point means nothing until somebody says on how many pictures and in how many bins. So we
# subtract what a perfect network would show, and speak of the **error beyond chance**. For a perfectly calibrated
# network that number is zero on average (so it is negative about half of the time). From one that does err it takes too
# much, since in a bin that really lies off the diagonal chance pushes both ways: see how the last column grows with the
# pictures. So take many, and the same number for all that are compared. A second number needs no bins and no
# correction: mean confidence less accuracy, the **over-confidence**. But it is zero, too, where promises too high and
# too low cancel. (Where every bin promises too much, it is the ECE itself.)
#
# ## Where does it come from?

# %%
judged = {epoch: calibration.judge(each, y_judge) for epoch, each in heard.items()}
plots.lines(
    {"mean confidence": (list(judged), [100 * sure.mean() for sure, _ in judged.values()]),
     "accuracy": (list(judged), [100 * known.mean() for _, known in judged.values()])},
    title="What it promises and what it keeps, epoch by epoch" + mnist.figure_suffix,
    x="epoch", y="%", marker="o",
    alt="Mean confidence and accuracy against epoch.",
)  # fmt: skip

# %%
gaps = {epoch: calibration.over_confidence(*each) for epoch, each in judged.items()}
for epoch, (sure, known) in judged.items():
    print(f"epoch {epoch:2}: accuracy {history.history['accuracy'][epoch - 1]:6.1%} in training, {known.mean():.1%} on "
          f"new pictures, over-confidence {100 * gaps[epoch]:+5.2f} points; {sure[~known].mean():.0%} sure when wrong")

# %% [markdown]
# In the first epochs it promises too little. Then the lines cross, and most of the gap is there before the training
# pictures are all read rightly. The network learns how sure to be from pictures that it has practised on; it is right
# on more of those than on new ones, and promises too much by a part of the difference. Later a second cause joins. Once
# every training picture is classified rightly, the accuracy has nothing more to learn from them. The cross-entropy has:
# it still falls if all logits are multiplied by a number above one, because that moves every probability of a right
# answer towards 1. So the network goes on growing surer, of everything, the pictures that it gets wrong included. In
# lesson 08 that is what made the loss climb; here the climb has at most begun.
#
# ## One number mends it
#
# If the logits have grown too large, divide them by a number. With the **temperature** $T$ the softmax becomes
#
# $$p_k = \frac{e^{z_k / T}}{\sum_j e^{z_j / T}} .$$
#
# Above 1 it makes every answer more modest, and since it changes nothing in their order, each answer stays the same. We
# choose it on the pictures that may choose, by the cross-entropy. (Probabilities will do in place of logits: their
# logarithms are the logits, but for a constant.)
#
# > **Predict:** will $T$ be above 1? What happens to the accuracy, and what to the cross-entropy?

# %%
from course_utils.evidence.scoring import score_predictions

chooses = says(x_choose)
temperature = calibration.fit_temperature(chooses, y_choose)
softened = calibration.soften(said, temperature)

# %%
for name, each in (("as trained", said), (f"T = {temperature:.2f}", softened)):
    told, scored = calibration.judge(each, y_judge), score_predictions(each, y_judge)
    beyond, gap = 100 * calibration.excess_error(*told), 100 * calibration.over_confidence(*told)
    print(f"{name:10}: accuracy {scored.accuracy:.2%}, cross-entropy {scored.loss:.4f}; calibration error beyond "
          f"chance {beyond:+.2f} points, over-confidence {gap:+.2f} points")

# %% [markdown]
# The answers are the same, and the cross-entropy is lower: what fell is the price of the mistakes. The pictures that
# judge had no say in $T$. Here is their diagram at $T = 2$. (Chance misses each bar one time in twenty, so of a dozen
# dots one or even two outside mean little. More of them, or one far outside, say that one number does not mend every
# bin.) In JupyterLab move it, from 1 on, and watch the dots pass through the diagonal from below to above:

# %%
from course_utils import widgets


def at_temperature(t):
    drawn, axis = plots.figure(height=3.4, width=4.2)
    draw_reliability(axis, calibration.soften(said, t))
    beyond = 100 * calibration.excess_error(*calibration.judge(calibration.soften(said, t), y_judge))
    drawn.suptitle(f"T = {t:g}: calibration error beyond chance {beyond:+.2f}" + mnist.figure_suffix, fontsize=11)
    return drawn, f"Reliability diagram at temperature {t:g}; calibration error beyond chance {beyond:+.2f} points."


widgets.slide(at_temperature, [0.5, 1, 1.5, 2, 2.5, 3, 4, 6], "temperature", start=2)

# %% [markdown]
# ## Worse pictures
#
# All of MNIST is clean. Paper is not. Here is one digit in five kinds of trouble, each in five strengths. (Noise is given
# by its standard deviation, white being 1, and blur likewise in pixels; contrast by what is left of it. Turns go to
# either side and shifts in one of eight directions, by chance; slantwise they go so far along both axes.)

# %%
shown = [corruptions.corrupt(x_judge[:1], kind, s)[0] / 255 for kind in corruptions.KINDS for s in (1, 2, 3, 4, 5)]
units = {"blur": " px", "turns": "°", "shifts": " px"}
plots.images(
    np.clip(shown, 0, 1), columns=5,
    title="Noise, blur, contrast, turns, shifts: strengths 1 to 5" + mnist.figure_suffix,
    labels=[f"{kind} {amount}{units.get(kind, '')}" for kind, each in corruptions.AMOUNTS.items() for amount in each],
    alt="One digit in five rows, noise, blur, low contrast, turned and shifted, each worse from left to right.",
)  # fmt: skip

# %% [markdown]
# You still read most of them. The network has never seen one.
#
# > **Predict:** which row hurts it most at strength 3, which least? And does its confidence fall as its accuracy does?

# %%
some, worse = slice(0, 2_000), {}
for kind in corruptions.KINDS:
    for strength in corruptions.STRENGTHS:
        each = calibration.soften(says(corruptions.corrupt(x_judge[some], kind, strength)), temperature)
        worse[kind, strength] = calibration.judge(each, y_judge[some])

# %%
clean = calibration.judge(softened[some], y_judge[some])
means = {kind: np.array([[100 * part.mean() for part in each] for each in
                         (clean, *(worse[kind, s] for s in corruptions.STRENGTHS))]) for kind in corruptions.KINDS}
plots.panels(
    {kind: {"accuracy, %": (range(6), of[:, 1]), "mean confidence, %": (range(6), of[:, 0])}
     for kind, of in means.items()},
    title="What the network reads, and what it believes that it reads" + mnist.figure_suffix,
    x="strength", height=2.8, limits=dict.fromkeys(means, (0, 101)),
    alt="Five panels, one for each corruption: accuracy and mean confidence against its strength.",
)  # fmt: skip

# %%
for kind, of in sorted(means.items(), key=lambda item: item[1][3, 1]):
    print(f"{kind:8} strength 3: accuracy {of[3, 1]:5.1f} %, over-confidence {of[3, 0] - of[3, 1]:+5.1f} points; "
          f"strength 5: {of[5, 1]:5.1f} % and {of[5, 0] - of[5, 1]:+5.1f}")

# %% [markdown]
# The first line answers the prediction for worst, the last for least. (Strength 3 of one kind is not the equal of
# strength 3 of another: the amounts are ours.) Where the confidence stays up while the accuracy falls, the network does
# not notice that it has left what it knows. A shifted digit has all its strokes, but the dense layer after `Flatten` has
# a weight for each *place*. Where the confidence falls faster than the accuracy, the network doubts what it reads quite
# well. But for their biases, layers with ReLU hand on half of what they get for a picture half as strong; half the
# logits, that is a temperature of 2. (Here the background turns grey as well, so this is a part of the story.) One
# temperature cannot mend both; it was chosen on other pictures. **A calibration holds for pictures like those it was
# made on**, and nothing in the network says where they end.
#
# ## "I don't know"
#
# Whoever may pass a picture on to a person passes on those of which the network is least sure. The share that it still
# answers is its **coverage**; the accuracy then counts among its answers alone. In use nobody sorts the pictures first:
# one sets a threshold for the confidence. We set it by the pictures that may choose, where it halves the share of wrong
# answers.
#
# > **Predict:** what share of the clean pictures will be passed on? And on worse pictures, will the same threshold halve
# > *the share of wrong answers* as well?

# %%
trouble = [np.concatenate([worse[kind, 3][part] for kind in corruptions.KINDS]) for part in (0, 1)]
judges = {"clean pictures": calibration.judge(softened, y_judge), "worse pictures, strength 3": trouble}
curves = {name: calibration.by_coverage(*each) for name, each in judges.items()}
sure, known = calibration.judge(calibration.soften(chooses, temperature), y_choose)
wrong = 1 - calibration.by_coverage(sure, known)[1]
# The lowest confidence down to which at most half the share is wrong.
threshold = np.sort(sure)[::-1][np.flatnonzero(wrong <= wrong[-1] / 2).max(initial=0)]
answered = {name: max((sure >= threshold).sum(), 1) for name, (sure, _) in judges.items()}

# %%
series = {name: tuple(100 * np.array(each)[:, len(each[0]) // 20 :]) for name, each in curves.items()}
marks = np.transpose([[100 * part[answered[name] - 1] for part in each] for name, each in curves.items()])
plots.lines(
    series | {f"from a confidence of {threshold:.2f} on": tuple(marks)},
    title="The fewer it answers, the more of its answers are right" + mnist.figure_suffix,
    looks={f"from a confidence of {threshold:.2f} on": {"linestyle": "none", "marker": "o", "color": "black"}},
    x="coverage: answered, surest first, %", y="right among the answers, %",
    alt="Accuracy of the answers against coverage, on clean and on worse pictures; a dot on each at the threshold.",
)

# %%
import pandas as pd

told = {}
for name, (coverage, accuracy) in curves.items():
    n, share, all_wrong = answered[name], 1 - accuracy, round(len(accuracy) * (1 - accuracy[-1]))
    left, passed, halved = round(n * share[n - 1]), len(share) - n, coverage[share <= share[-1] / 2].max(initial=0)
    told[name] = {
        "wrong, if it answers all": f"{share[-1]:.2%}", f"wrong, from {threshold:.2f} on": f"{share[n - 1]:.2%}",
        "passed on": f"{1 - coverage[n - 1]:.1%}", "mistakes left": f"{left:,} of {all_wrong:,}",
        "read rightly, of those passed on": f"{1 - (all_wrong - left) / max(passed, 1):.0%}",
        "to halve the share, pass on": f"{1 - halved:.1%}", "wrong of the surest 5 %": f"{share[len(share) // 20]:.1%}",
    }
print(pd.DataFrame(told).to_string())
alone = {kind: 1 - calibration.by_coverage(*worse[kind, 3])[1] for kind in corruptions.KINDS}
print("Of the surest 5 % of each kind are wrong:", ", ".join(f"{k} {w[len(w) // 20]:.0%}" for k, w in alone.items()))

# %% [markdown]
# The first three rows answer the prediction. On clean pictures a little work, passed on, takes away about half of the
# mistakes ("about": the pictures that chose the threshold have chance in them); few techniques are so cheap. The price
# is right answers that are asked again. It needs only that the *order* of the confidences is right.
#
# On worse pictures (the five kinds together) the threshold does not keep its promise. The *number* of mistakes falls, but
# because so many pictures are passed on. The order is worth less there: look at the surest five in a hundred. In part
# that is the mixture: a kind of which the network is too sure stands before one that it doubts without need, and in use
# nobody sorts them. (The last line has each kind by itself.) Exercise 2 asks where the threshold belongs.
#
# ## Whose mistake?
#
# There is a mistake that no network can mend: a wrong label. How would you find one among sixty thousand? By asking
# networks that have not trained on it. The ten reference runs of the baseline (lesson 10) never saw these digits, and
# neither did ours. Where all of them contradict the label, a person should look. Do so:

# %%
from course_utils.evidence import protocol, trust

fair = protocol.table("fair_mnist")
same = {mnist.sha256} == set(protocol.rows_of("fair_mnist")["data_sha256"]) and mnist.mode == "reduced"
jury = protocol.wrong(fair, fair.arms["baseline"]) if same else ~right[None]  # (networks, pictures)
votes = jury.sum(axis=0)
accused = np.flatnonzero(~right)[np.lexsort((-confidence[~right], -votes[~right]))][:12]

# %%
plots.images(
    x_judge[accused],
    title=f"Label or network? Missed by all of {len(jury) + same} networks" + mnist.figure_suffix,
    labels=[f"label {y_judge[k]}\nours: {said[k].argmax()}" for k in accused], columns=6,
    alt="Twelve digits that the networks misread, with the label and our network's answer.",
)

# %%
together = (votes == len(jury)) & ~right
print(f"{together.sum()} of {len(right):,} pictures are missed by all {len(jury) + same} that were asked. Were each of "
      f"these labels wrong, the best of all networks would be told that it has {1 - together.mean():.2%}.")

# %% [markdown]
# (The figure has twelve, those of which ours was surest; perhaps you have met some of them above.) Which of them would
# *you* have read as the label says? Some have a wrong label, some were written so that two people would quarrel, and some
# are clear, and the networks are wrong together, having learned from the same kind of digit. Only eyes can tell.
# Northcutt and others (2021) had people look at MNIST's *test* set in this way and found fifteen wrong labels in its ten
# thousand. If ours are as good, a label is to blame for some fifteen in ten thousand, and the networks for the rest.
# Whoever fights for the last hundredth of a point fights for these too.
#
# ## Which of the six help here?
#
# Now the course's question again, in the course's way: tuned networks, paired seeds, a comparison set, one family for
# Holm. Nothing is trained for it. The reference runs kept what they said about the comparison set, and the newer ones
# their networks. What is measured, and on which pairs, stands in the protocol. (The networks are those of lesson 10's
# table, trained on more digits than ours and with a rate that falls. "Ensemble": three joined and trained as one;
# "independent": three trained apart; "five": all techniques but the ensemble.) Differences are in percentage points.
#
# > **Predict:** which technique lowers the calibration error most? Which helps with shifted digits? (Rows that show "…"
# > cannot answer yet.)

# %%
from IPython.display import Markdown, display
from course_utils.networks import TITLES

table = trust.tables()["trust_mnist"]
names = TITLES | {"no_dropout": "without its dropout", "five": "five together", "all": "five and the ensemble"}
verdicts, figures = trust.verdicts(table), trust.figures(table)


def cell(arm, against, measure):
    found = verdicts.get((arm, against, measure))
    return f"{found.verdict} ({100 * found.mean:+.2f})" if found else "…"


lines = [f"| | {' | '.join(trust.MEASURES[m] for m in table.measures)} |", "|---" * (len(table.measures) + 1) + "|"]
lines += [f"| {names.get(arm, arm.replace('_', ' '))} | {' | '.join(cell(arm, to, m) for m in table.measures)} |"
          for arm, to in table.compare]
display(Markdown("\n".join(lines)))

# %%
effects = {names.get(arm, arm): each for (arm, _, m), each in verdicts.items() if m == "excess_error"}
title = "What each does to the calibration error beyond chance (left is better)"
plots.intervals(effects, title=title, x="difference, percentage points", alt=f"{title}: {', '.join(effects)}.")

# %%
print("\n".join(trust.lines(table, ["excess_error"])))
print("\n".join(trust.lines(trust.tables()["trust_early_stopping"], ["excess_error"])))

# %% [markdown]
# "…" is *not yet measured*. A calibration error that falls is a gain, so its minus
# sign is good news; the others are accuracies. Every row is against the baseline, so a "helps" of the row without dropout
# would speak *against* dropout; and the mean over five strengths stands for a kind of trouble. And remember that a
# temperature costs nothing: a technique that mends the calibration and nothing else has a cheap rival. What remains
# after a temperature for each is not measured here. All figures of the table, with their intervals:
#
#     course reference show trust_mnist
#
# ## Is your number normal?
#
# Our own network was made to promise too much, so no reference run is like it. The baseline of the table, tuned and with
# its dropout, is the one to hold it against:

# %%
record = lesson.record(model, "baseline_cnn", "no_dropout", history=history, compare=lesson.compare(model))
ten = [100 * value for value in figures["baseline"].get("over_confidence", {}).values()]
theirs = f"{len(ten)} runs of the tuned baseline, {min(ten):+.2f} to {max(ten):+.2f}" if ten else "not yet measured"
made = 1 - protocol.verdict_runs(fair, fair.arms["baseline"])["compare_accuracy"].mean()
print(f"Over-confidence: ours {100 * gaps[epochs]:+.2f} points, {1 - confidence.mean():.1%} mistakes announced and "
      f"{1 - right.mean():.1%} made; {theirs}, {made:.1%} made on average.")

# %% [markdown]
# Well above zero is what this network was made for; if it is near zero, you have stopped too early. And measure an
# over-confidence by the mistakes: one point is a lot for a network that makes few.
#
# ## Exercise 1: cool heads
#
# > Write `soften(probabilities, temperature)`: from probabilities of shape `(pictures, classes)`, what the softmax would
# > have given for logits divided by the temperature. Each row sums to 1.


# %%
def soften(probabilities, temperature):
    ...


# %% tags=["nbval-check-output"]
lesson.check_soften(soften)

# %% [markdown]
# ## Exercise 2: when to ask
#
# > A wrong answer costs `mistake`, passing a picture on costs `question`, a right answer costs nothing. The network is
# > calibrated. Return the confidence from which on it should answer: the smallest, from 0 to 1, at which an answer does
# > not cost more on average than passing on.


# %%
def answer_from(mistake, question):
    ...


# %% tags=["nbval-check-output"]
lesson.check_answer_from(answer_from)

# %% [markdown]
# Solutions: [solutions/17_beyond_accuracy.ipynb](solutions/17_beyond_accuracy.ipynb).
#
# ## What to take away
#
# * A network that overfits grows surer than it has a right to be. A temperature, chosen on validation pictures, mends
#   that without changing one answer; and a calibration error means something only beside what chance would show.
# * Worse pictures cost accuracy, and the confidence need not tell. Try yours before somebody else's camera does.
# * "I don't know" is an answer. Passing on the least sure few takes away far more mistakes than their share, as long
#   as somebody is there to be asked.
#
# All this was done with the course's pictures. The next ones are yours: [lesson 18](18_your_own_pictures.ipynb) takes a
# folder of them from the first look to a network that may be used.
#
# ## Sources
#
# * C. Guo, G. Pleiss, Y. Sun and K. Weinberger, *On calibration of modern neural networks*, 2017.
# * J. Bröcker and L. Smith, *Increasing the reliability of reliability diagrams*, 2007; J. Vaicenavicius and others,
#   *Evaluating model calibration in classification*, 2019: what a calibrated forecaster would show.
# * A. Kumar, P. Liang and T. Ma, *Verified uncertainty calibration*, 2019: the bias of binned errors.
# * D. Hendrycks and T. Dietterich, *Benchmarking neural network robustness to common corruptions and perturbations*,
#   2019; N. Mu and J. Gilmer, *MNIST-C*, 2019. Y. Ovadia and others, *Can you trust your model's uncertainty?*, 2019.
# * C. K. Chow, *On optimum recognition error and reject tradeoff*, 1970. C. Northcutt, A. Athalye and J. Mueller,
#   *Pervasive label errors in test sets destabilize machine learning benchmarks*, 2021.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Begin with a poll: ten questions about anything, each with a confidence of 60, 80 or 95 in a
# hundred; draw the group's own reliability diagram before the network's. While the network trains, let somebody explain
# what the cross-entropy still gains once all training digits are right. Let the group judge the twelve accused digits by
# show of hands before anybody reads on. Usual wrong answers: that a temperature changes the accuracy; that a network on
# the diagonal is a good one (one that says "one in ten" for every digit lies on it); in exercise 1 dividing the
# probabilities, or the power upside down; in exercise 2 the largest risk in place of the smallest confidence, and a
# confidence below zero where asking costs more than a mistake.
