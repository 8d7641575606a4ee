# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Does it really help?
#
# **Goal:** find out what each technique is worth, how sure we may be, and what the answer depends on. Nothing is trained in
# this lesson; it reads runs that were made for it, and ends with one table.
#
# The article trained one baseline and one improved network and reported two numbers. Suppose that you had trained both
# once more, with another seed. Would the difference have been the same? Would it have had the same *sign*?

# %% tags=["parameters"]
mode = "auto"  # nothing is trained in any mode
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, networks, plots
from course_utils.evidence import protocol
from course_utils.evidence.comparison import images_sd

lesson = Lesson("10_does_it_help", mode=mode, seed=seed)
fair = protocol.table("fair_mnist")
missing = protocol.missing(fair)
print(fair.question)
print(f"{len(fair.arms) - len(missing)} of {len(fair.arms)} variants are measured, {len(fair.verdict_seeds)} seeds each.")

# %% [markdown]
# ## One run is an anecdote
#
# Here is the *same* network, lesson 02's baseline, trained again and again. Nothing changed but the seed: other initial
# weights, another order of the images, another choice of training images.

# %%
import numpy as np


def runs_of(arm, figure="compare_accuracy", of=fair):
    """One figure of each verdict run of an arm: {seed: figure}."""
    found = protocol.verdict_runs(of, of.arms[arm])
    return dict(zip(found["seed"].astype(int), found[figure]))


baseline = runs_of("baseline")
values = 100 * np.array(list(baseline.values()))
plots.dots(
    {"baseline": values},
    title="The same network, trained again: only the seed differs",
    x="accuracy on the comparison set, %",
    alt=f"Accuracies of {len(values)} runs of the baseline as dots, spread around their mean.",
)

# %%
gains = (values[None, :] - values[:, None])[~np.eye(len(values), dtype=bool)]
print(f"{len(values)} runs, from {values.min():.2f} to {values.max():.2f} %, "
      f"standard deviation {values.std(ddof=1):.2f} points.")
print(f"Two runs of the same network differ by {np.abs(gains).mean():.2f} points on average, "
      f"and by up to {gains.max():.2f}.")

# %% [markdown]
# Draw one of these dots for "before" and one for "after", and you can have any result you like. **The first rule: no claim
# from one run.**
#
# ## Compare in pairs
#
# Some of the spread has the same cause in both networks: a seed that drew easy training images is kind to both. If we
# compare run 3 of one with run 3 of the other, on the same images, that part cancels. For two figures $A$ and $B$ with
# standard deviation $\sigma$ and correlation $\rho$,
#
# $$\operatorname{Var}(B - A) = \sigma^2 + \sigma^2 - 2 \rho \sigma^2 = 2 \sigma^2 (1 - \rho).$$
#
# From $n$ differences with mean $\bar d$ and standard deviation $s$ comes the 95 % interval
# $\bar d \pm t_{n-1} \, s / \sqrt{n}$, where $t_{n-1}$ is Student's: nearly 2 for many runs, and larger for few, from
# which $s$ is less well known. Here are the pairs of batch normalisation, from lesson 05:

# %%
normalised = runs_of("batch_norm")
drawn, axes = plots.figure(height=3.2)
for s in sorted(set(baseline) & set(normalised)):
    axes.plot([0, 1], [100 * baseline[s], 100 * normalised[s]], "o-", color=plots.COLOURS[0], alpha=0.5)
axes.set_xticks([0, 1], ["baseline", "with batch normalisation"])
axes.set_xlim(-0.3, 1.3)
axes.set_ylabel("accuracy, %")
axes.set_title("Each line is one seed: the same images, before and after")
plots.show(drawn, "Lines that join each seed's accuracy without batch normalisation to that with it.")

# %% [markdown]
# **Predict:** how much narrower is the interval of the pairs than one that forgets who belongs to whom?

# %%
verdicts = protocol.verdicts(fair)
for arm in ("batch_norm", "augmentation"):
    found = verdicts.get((arm, "baseline"))
    if found is None:
        print(f"{arm}: not yet measured")
        continue
    paired, unpaired = found.high - found.low, found.unpaired_high - found.unpaired_low
    bought = f"{unpaired / paired:.1f} times as wide without the pairs" if unpaired > 1.1 * paired else "pairing bought nothing"
    print(f"{networks.TITLES[arm]}: correlation {found.correlation:+.2f}; interval {100 * paired:.2f} points wide "
          f"in pairs, {100 * unpaired:.2f} without: {bought}.")

# %% [markdown]
# Pairs are worth as much as the two runs have in common, and a technique that changes a lot leaves them little. They never
# cost much, so we always take them.
#
# ## A fair fight
#
# What else differs between the two sides? In a comparison every setting has one of three roles. The technique is the
# **scientific** one. **Fixed** ones are equal on both sides: network, images, batch size, number of epochs. And some must be
# right for *each* side, or the comparison is about them: these are the **nuisance** settings, and the learning rate is the
# worst of them. So each variant gets the peak rate that suits it (the rate then falls to zero), chosen on the *validation*
# images with seeds that no verdict uses. And who wins is read on the **comparison set**: 10,000 training images from which
# nobody trains or validates. The test set stays sealed.
#
# All of this was written into a file, the *protocol*, before the first run: variants, rates, seeds, number of runs, which
# pairs are compared. Nobody got more seeds because a result was interesting.
#
# **Predict:** which of these will stand the highest rate?

# %%
tuned = {}
for arm in ("baseline", "batch_norm", "augmentation"):
    tries = protocol.rows_of(fair.name, arm)
    tries = tries[tries["seed"].isin(fair.tuning_seeds)].groupby("learning_rate")["val_loss"].mean()
    if len(tries):
        tuned[networks.TITLES.get(arm, arm)] = (tries.index.to_numpy(), tries.to_numpy())
plots.lines(
    tuned,
    title="Each variant has a learning rate of its own",
    x="peak of the learning rate",
    y="validation cross-entropy",
    log_x=True,
    marker="o",
    alt="Validation cross-entropy against the peak learning rate, one line a variant; each has its lowest point.",
)
for name, (rates, losses) in tuned.items():
    print(f"{name}: best at {rates[losses.argmin()]:g}; at {rates[-1]:g} the loss is {losses[-1] / losses.min():.1f} times that.")

# %% [markdown]
# ## Each technique alone
#
# If an interval leaves zero out, its difference is unlikely to be luck. But one such interval in twenty misses the truth, so
# a table of twenty has one false alarm, on average. **Holm's correction** asks more of each: the smallest of $m$ p values
# must hold multiplied by $m$, the next by $m - 1$, and so on. That gives three words. What survives *helps* or *hurts*.
# What leaves zero out only by itself is *suggestive*. All else is *no detectable difference*, which is a statement about
# the evidence and does not mean "no difference".
#
# **Vote before you scroll:** which technique does most, which least? Does any of them hurt?

# %%
names = networks.TITLES | {"ensemble": "joint ensemble", "ensemble_independent": "independent ensemble",
                           "longer": "three times as long", "no_dropout": "without its dropout", "five": "five together",
                           "all": "five and joint ensemble"}  # fmt: skip


def settle(pairs, title, of=fair):
    """Draw the differences that are measured, and say each of them in a sentence."""
    both = {name: (protocol.verdicts(of).get(pair), pair) for name, pair in pairs.items()}
    known = {name: found for name, (found, _) in both.items() if found}
    if known:
        words = "; ".join(f"{name}: {found.verdict}" for name, found in known.items())
        plots.intervals(known, title=title, alt=f"{title}. {words}.")
    for _, pair in both.values():
        print(evidence.tell(of, *pair))
    return known


singles = ("no_dropout", "l2", "weight_decay", "he_init", "batch_norm", "input_norm", "augmentation", "ensemble_independent")
alone = settle({names[arm]: (arm, "baseline") for arm in singles}, "Each change alone, against the baseline")

# %%
if alone:
    ranked = sorted(alone, key=lambda name: alone[name].mean)
    print(f"The vote: {ranked[-1]} does most ({100 * alone[ranked[-1]].mean:+.2f} points), "
          f"{ranked[0]} least ({100 * alone[ranked[0]].mean:+.2f}).")
    hurts = [name for name in ranked if alone[name].verdict == "hurts"]
    print("It hurts: " + (", ".join(hurts) or "none of them") + ".")

# %% [markdown]
# ## Added to the others
#
# Alone is one question. Another is: what does it *add* when the others are there? Two techniques that mend the same
# weakness both look good alone, and each looks idle beside the other. So five of the techniques go together, one is left
# out, and the figure shows what it was worth to the other four (and dropout, which the article's network has from the
# start, likewise).

# %%
fives = {names[arm]: ("five", f"five_without_{arm}") for arm in ("l2", "he_init", "batch_norm", "augmentation")}
fives["dropout"] = ("five", "five_without_dropout")
added = settle(fives, "What each adds to the others")
together = settle({"five together": ("five", "baseline")}, "All of them, against the baseline")

# %%
both = [name for name in alone if name in added]
for name in both:
    first, second = alone[name], added[name]
    if first.verdict != second.verdict:
        print(f"{name}: alone, {first.verdict}; beside the others, {second.verdict}.")
print(f"{sum(alone[n].verdict == added[n].verdict for n in both)} of {len(both)} have the same verdict in both figures.")

# %% [markdown]
# ## Better, or only longer?
#
# Equal epochs are not equal computing. An ensemble of three costs three times the baseline, so it has to beat what *one*
# network does with that time. And early stopping comes with a permission to train on; *permission* may be all that helped. Its
# own table trains a network that does overfit (2,000 digits, no dropout) for fifty epochs, with the stop and without.

# %%
costly = {"independent ensemble against one, trained longer": ("ensemble_independent", "longer"),
          "joint ensemble against one, trained longer": ("ensemble", "longer")}  # fmt: skip
settle(costly, "Three networks, or one for three times as long")
stop = settle({"stopping": ("stopped", "to_the_end")}, "The stop alone", of=protocol.table("early_stopping"))

# %% [markdown]
# ## Two kinds of noise
#
# The seeds answer "if we *train again*". How few of them are enough? Let $\delta$ be the true difference and $s$ the standard
# deviation of the differences. For a known $s$, with the usual 5 % and a chance of four in five to find the difference,
#
# $$n = \left( (1.96 + 0.84)\, \frac{s}{\delta} \right)^2.$$
#
# Here $s$ is estimated from the same few runs, so Student's distribution takes the normal one's place (its **noncentral**
# form, since the mean is not zero) and asks for some seeds more. Take the article's 99.47 % and a rival with 99.40 %.
#
# **Predict:** five seeds, fifty, five hundred?

# %%
delta = 0.9947 - 0.9940
for s in (0.02, 0.05, 0.1, 0.2):
    print(f"s = {s:.2f} points: {evidence.seeds_needed(100 * delta, s)} seeds for {100 * delta:.2f} points")
name, quiet = min(alone.items(), key=lambda item: item[1].s, default=("", None))
if quiet:
    print(f"Our own pairs have s = {100 * quiet.s:.2f} points at best ({name}): "
          f"{evidence.seeds_needed(delta, quiet.s)} seeds.")

# %% [markdown]
# But all seeds share the same 10,000 images, and seeds say nothing about *other images*. For two networks that are trained,
# only those images count on which exactly one of the two is right: $b$ of one kind, $c$ of the other. If the two were equally
# good, each of these would be a coin toss: **McNemar's test**. And the choice of $n$ images gives the difference of the two
# accuracies a standard deviation of $\sqrt{b + c - (b - c)^2 / n} \, / n$.

# %%
from scipy import stats

for other in ("augmentation", "batch_norm"):
    if {other, "baseline"} & set(missing):
        print(f"{names[other]}: not yet measured")
        continue
    before, after = (protocol.wrong(fair, fair.arms[arm])[0] for arm in ("baseline", other))
    b, c = int((before & ~after).sum()), int((after & ~before).sum())
    print(f"Seed 0, {names[other]}: it mends {b} digits and spoils {c}. By coin tosses, a split so uneven: "
          f"p = {stats.binomtest(b, b + c).pvalue:.2g}. The images alone: {100 * images_sd(b, c, before.size):.2f} points.")

# %% [markdown]
# A small p says that *this* network is better than *that* one, and nothing about the next pair that you train. And the last
# figure is a wall: a difference below about twice that size cannot be told on these images, with however many seeds. That
# is why each sentence above has a second interval, for other seeds *and* other images together. Whoever wants to know
# whether 99.47 % beats 99.40 % on other digits needs more digits, not more runs.
#
# ## The answer
#
# One word for each question. *Alone* and *added to the others* are accuracies on the comparison set; *cross-entropy* also asks
# how sure the network is of what it says; *photographs* is CIFAR-10 with a small network; *full size* trains on all digits
# and is the one place where the test set is opened.

# %%
from IPython.display import Markdown, display


def word(table, arm, against, metric="accuracy"):
    """The verdict and the difference, or that it is not measured."""
    of = protocol.table(table)
    if (arm, against) not in of.compare:
        return "not asked"
    found = protocol.verdicts(of, metric).get((arm, against))
    if found is None:
        return "not yet measured"
    return f"{found.verdict} ({100 * found.mean:+.2f})" if metric == "accuracy" else f"{found.verdict} ({found.mean:+.4f})"


rows = ["no_dropout", "l2", "weight_decay", "he_init", "batch_norm", "input_norm", "augmentation", "ensemble_independent", "five"]
lines = ["| | alone | cross-entropy | added to the others | photographs |", "|---|---|---|---|---|"]
for arm in rows:
    beside = word("fair_mnist", *fives.get(names[arm], ("", "")))
    cells = [word("fair_mnist", arm, "baseline"), word("fair_mnist", arm, "baseline", "loss"), beside]
    lines.append(f"| {names[arm]} | " + " | ".join([*cells, word("fair_cifar10", arm, "baseline")]) + " |")
display(Markdown("\n".join(lines)))

# %% [markdown]
# "Does L2 help?" has no answer until one says: *alone or beside what, on which images, by which measure?* Then it has one,
# and you find it in the line. "Not yet measured" is an answer too: nobody has made those runs here, and no figure takes
# their place. "Not asked" means that the protocol has no such pair.
#
# Doubt a line? Its runs can be made again, and its table printed with settings, p values and intervals:
#
#     course reference show fair_mnist
#     course run --table fair_mnist --arms baseline,l2 --out doubt
#
# ## Exercise 1: your own interval
#
# Write a function that takes the differences (an array) and returns three numbers: the mean, the lower end and the upper
# end of the 95 % interval. The standard deviation is that of a sample, which divides by $n - 1$;
# `stats.t.ppf(0.975, n - 1)` is the factor for `n` differences.


# %%
def paired_interval(differences):
    ...


# %% tags=["nbval-check-output"]
lesson.check_paired_interval(paired_interval)

# %% [markdown]
# ## Exercise 2: when are pairs worth it?
#
# Two methods have the same standard deviation `sigma` over seeds, and a correlation `rho` between their runs with equal
# seeds. Write a function that returns the standard deviation of the *difference*.


# %%
def difference_sd(sigma, rho):
    ...


# %% tags=["nbval-check-output"]
lesson.check_difference_sd(difference_sd)

# %% [markdown]
# Solutions: [solutions/10_does_it_help.ipynb](solutions/10_does_it_help.ipynb).
#
# ## What to take away
#
# * One run is an anecdote. Compare in pairs, over seeds, each side with the learning rate that suits it, and give the
#   interval with the verdict.
# * A verdict belongs to its question: alone or beside others, accuracy or cross-entropy, these images or others.
# * "No detectable difference" is a statement about the evidence. It may be the honest answer.
#
# All this was about digits, where little is left to gain. What do the same techniques do where a good network still errs
# on one picture in five? That is lesson 11.
#
# ## Sources
#
# * T. G. Dietterich, *Approximate statistical tests for comparing supervised classification learning algorithms*, 1998.
# * X. Bouthillier and others, *Accounting for variance in machine learning benchmarks*, 2021.
# * V. Godbole and others, *Deep learning tuning playbook*, 2023: scientific, nuisance and fixed settings.
# * R. A. Fisher, *The design of experiments*, 1935: the sign-flip test. S. Holm, *A simple sequentially rejective multiple
#   test procedure*, 1979.
# * Q. McNemar, *Note on the sampling error of the difference between correlated proportions or percentages*, 1947.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Nothing trains, so this lesson is a discussion. Collect the votes before the first interval
# appears. Let somebody explain what would have to happen for "no detectable difference" to become "helps" (more seeds, a
# larger effect, less noise). Let two learners answer "does L2 help?" on paper, and compare. Usual wrong answers: that the
# interval contains 95 % of the *runs*; that overlapping intervals of two methods mean no difference, which forgets the
# pairing; in exercise 1 `ddof=0`, or forgetting the root of `n`.
