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
# **Goal:** find out which of the six techniques helps, by how much, and how sure we may be. Nothing is trained in this
# lesson; it reads the runs that others have made.
#
# The article trained one baseline and one improved network and reported two numbers. Suppose that you had trained both
# once more, with another seed. Would the difference have been the same? Would it have had the same *sign*?

# %% tags=["parameters"]
mode = "auto"  # nothing is trained in any mode; which runs are read is settled below
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, networks, plots
from course_utils.evidence import protocol

lesson = Lesson("10_does_it_help", mode=mode, seed=seed)
# Only one full-size run of some models may exist yet; the many seeds are in reduced mode.
read = "reduced"
runs = evidence.reference()
runs = runs[(runs["data"] == "mnist") & (runs["model"] == "baseline_cnn")]
print(runs.groupby("mode").size().to_string())

# %% [markdown]
# ## One run is an anecdote
#
# Two kinds of runs are read here. The first sections read those that train as the article did, with one learning rate for
# all and few epochs, judged on the test set; they are enough to learn how to compare. Whether a technique *helps* is settled
# further down, in a fair fight on images that are not the test set's.
#
# Here is the *same* network, the baseline, trained again and again. Nothing changed but the seed: other initial weights,
# another order of the images, another choice of training images.

# %%
import numpy as np


def accuracies(techniques, mode=read):
    """Test accuracy of each reference run as {seed: fraction}."""
    found = evidence.reference_runs("baseline_cnn", techniques, mode, "mnist").dropna(subset=["test_accuracy"])
    return dict(zip(found["seed"].astype(int), found["test_accuracy"]))


baseline = accuracies("")
spread = 100 * np.std(list(baseline.values()), ddof=1)
plots.dots(
    {"baseline": [100 * a for a in baseline.values()]},
    title="The same network, trained again: only the seed differs",
    x="test accuracy, %",
    alt=f"Test accuracies of {len(baseline)} runs of the baseline as dots, spread around their mean.",
)
print(f"{len(baseline)} runs, from {min(baseline.values()):.2%} to {max(baseline.values()):.2%}, "
      f"standard deviation {spread:.2f} points")

# %% [markdown]
# Draw one of these dots for "before" and one for "after", and you can have any result you like. **So the first rule: no
# claim from one run.** Let us see by how much chance alone changes this network's accuracy when nothing else was changed:

# %%
values = np.array(list(baseline.values()))
before, after = np.meshgrid(values, values)
gains = 100 * (after - before)[~np.eye(len(values), dtype=bool)]
print(f"two runs of the same network differ by {np.abs(gains).mean():.2f} points on average, "
      f"and by up to {gains.max():.2f}")

# %% [markdown]
# ## Compare in pairs
#
# Some of the spread has the same cause in both networks: a seed that drew easy training images is kind to both. If we
# compare run 3 of one with run 3 of the other, on the same images, that part cancels. For two figures $A$ and $B$ with
# standard deviation $\sigma$ and correlation $\rho$,
#
# $$\operatorname{Var}(B - A) = \sigma^2 + \sigma^2 - 2 \rho \sigma^2 = 2 \sigma^2 (1 - \rho).$$
#
# The more the two have in common, the less noise is left in the difference. From $n$ differences with mean $\bar d$ and
# standard deviation $s$ we get the 95 % interval $\bar d \pm t_{n-1} \, s / \sqrt{n}$, where $t_{n-1}$ comes from Student's
# distribution: nearly 2 for many runs, and larger for few, from which $s$ is less well known. If it leaves zero out on the
# right, we say *helps*; on the left, *hurts*; and if zero is inside, *no detectable difference*, which does not mean
# "no difference". Take batch normalisation, from lesson 05:

# %%
normalised = accuracies("batch_norm")
shared = sorted(set(baseline) & set(normalised))
drawn, axes = plots.figure(height=3.4)
for s in shared:
    axes.plot([0, 1], [100 * baseline[s], 100 * normalised[s]], "o-", color=plots.COLOURS[0], alpha=0.5)
axes.set_xticks([0, 1], ["baseline", "with batch normalisation"])
axes.set_xlim(-0.3, 1.3)
axes.set_ylabel("test accuracy, %")
axes.set_title(f"{len(shared)} pairs: the same seed, the same images, before and after")
plots.show(drawn, "Lines that join each seed's test accuracy without batch normalisation to that with it.")

# %%
a, b = np.array([[baseline[s], normalised[s]] for s in shared]).T
print(f"correlation between the two, over seeds: {np.corrcoef(a, b)[0, 1]:+.2f}")
print(evidence.compare(baseline, normalised).sentence("batch normalisation against the baseline"))

# %% [markdown]
# ## Each technique alone
#
# > **Vote before you scroll:** which of the six does most, which least? And does any of them hurt?

# %%
names = {"l2": "L2", "he_init": "He initialisation", "batch_norm": "batch norm", "augmentation": "augmentation",
         "ensemble": "ensemble", "early_stopping": "early stopping"}  # fmt: skip


def against(reference, candidates, mode=read):
    """{name: Comparison} of the candidates that have been measured with the reference's seeds."""
    start = accuracies(reference, mode)
    found = {name: accuracies(techniques, mode) for name, techniques in candidates.items()}
    return {
        name: evidence.compare(start, figures)
        for name, figures in found.items()
        if len(set(start) & set(figures)) >= 2
    }


def between(pairs, mode=read):
    """{name: Comparison} of {name: (before, after)}, each pair against its own start."""
    found = {}
    for name, (start, end) in pairs.items():
        found |= against(start, {name: end}, mode)
    return found


def settle(comparisons, title):
    """Show the intervals and print a verdict in words for each."""
    if not comparisons:
        print(f"{title}: not yet measured")
        return
    comparisons = evidence.as_family(comparisons)
    words = "; ".join(f"{name}: {found.verdict}" for name, found in comparisons.items())
    plots.intervals(comparisons, title=title, alt=f"{title}. {words}.")
    for name, found in comparisons.items():
        disagrees = (found.p < 0.05) != (found.p_exact < 0.05)
        print(found.sentence(name) + " (The sign-flip test disagrees.)" * disagrees)


alone = against("", {name: key for key, name in names.items()})
settle(alone, "Each technique alone, added to the baseline")

# %%
ranked = sorted(alone, key=lambda name: alone[name].mean)
hurting = ", ".join(name for name in ranked if evidence.as_family(alone)[name].verdict == "hurts") or "none"
print(f"The vote: {ranked[-1]} does most here, {ranked[0]} least; it hurts: {hurting}.")

# %% [markdown]
# Two rows need a second look. *Early stopping* may train for up to fifty epochs (fewer in reduced mode), and the
# baseline has its fixed few. So that row holds two changes, stopping and training longer; a section of its own takes them
# apart below. And the *ensemble* is the article's, three branches trained jointly on the loss of their average: lesson 07
# has shown how a member that knows the answer keeps the others from learning it, and short training leaves them no time
# to make up for it. A technique can be right and its recipe wrong for your budget.
#
# Each interval comes from the $t$ distribution, which assumes that the differences are roughly normal. The **sign-flip
# test** assumes less: were the technique worth nothing, each difference might as well have had the other sign, so it flips
# them in every possible way and counts how often the mean comes out as far from zero. Where the two disagree, the line
# says so.
#
# And one such interval in twenty misses the truth, so six of them raise more false alarms than one. **Holm's correction**
# asks more of each: the smallest of six p values must hold multiplied by six, the next by five, and so on. What survives
# *helps* or *hurts*; what is significant only by itself is *suggestive*.
#
# ## Each technique left out
#
# Alone is one question. Another is: is it still needed when the other five are there? Two techniques that mend the same
# weakness both look good alone, and each looks idle when the other is present.

# %%
everything = evidence.ALL_SIX.split("+")
without = {f"without {names[key]}": "+".join(k for k in everything if k != key) for key in everything}
left_out = against(evidence.ALL_SIX, without)
settle(left_out, "Each technique left out of all six")

# %%
print("not yet measured:", ", ".join(name for name in without if name not in left_out) or "none of them")
for name in names.values():
    verdicts = [found[row].verdict for found, row in ((alone, name), (left_out, f"without {name}")) if row in found]
    if verdicts == ["hurts", "hurts"]:
        print(f"{name}: hurts alone, and yet it is missed when it is left out of the six")
    if verdicts == ["helps", "helps"]:
        print(f"{name}: helps alone, and yet the six are better without it")

# %% [markdown]
# "Hurts" in this figure speaks for a technique: without it the six are worse. Compare each row with its row in the figure
# before. What is worth much alone may be idle in company, and what does harm alone may pay there. So "does X help?" has
# no answer until one says: *added to what?* But mind that the company is not all that differs between the two figures:
# the first trained for the few epochs of the baseline, this one for as many as early stopping allows. (The joint ensemble
# is the case to think about. Alone it keeps its members from learning, says lesson 07. What do the others give them
# that may make up for it, time among it? And where a start is no longer missed: lesson 04 chose it so that signals keep
# their scale. Which other technique sees to that at every step? Or has longer training caught up?)
#
# ## The article's path
#
# The article adds one technique after the other. Each step is compared with the step before it.

# %%
path = {
    f"+ {names[key]}": ("+".join(everything[:i]), "+".join(everything[: i + 1])) for i, key in enumerate(everything)
}
steps = between(path)
print("not yet measured:", ", ".join(name for name in path if name not in steps) or "none of the steps")
settle(steps, "Step by step along the article's path, each against the one before")

# %% [markdown]
# ## Better, or only longer?
#
# > **Look for the unfair rows** before you read on: where in these three figures did one side have more time?
#
# Wherever early stopping is on one side only. It comes with a permission to go on, and *permission* may be all that
# helped. So there is a third kind of run, with the permission and without the stop: as many epochs as early stopping
# allows, to the very end. Between that and early stopping only the stop differs (and the weights that it brings back); and
# between two of that kind, one plain and one with the other five techniques, both sides have the same time.

# %%
five = "+".join(everything[:-1])
apart = {
    "longer, for the baseline": ("", "long_training"),
    "the stop, for the baseline": ("long_training", "early_stopping"),
    "longer, for the other five": (five, evidence.WITHOUT_STOP),
    "the stop, for the other five": (evidence.WITHOUT_STOP, evidence.ALL_SIX),
    "the other five, both long": ("long_training", evidence.WITHOUT_STOP),
}
settle(between(apart), "The stop and the time that it permits, one at a time")
kinds = {"baseline": "", "longer": "long_training", "early stopping": "early_stopping", "all six": evidence.ALL_SIX}
for name, techniques in kinds.items():
    print(f"{name}: {evidence.epochs_words('baseline_cnn', techniques, read, 'mnist')}")

# %% [markdown]
# If a row "the stop" has zero in its interval, then what early stopping was praised for above was the time. (Where all runs
# trained for the same number of epochs, the stop never came, and all that is left of the technique is that it brings back
# its best epoch.) That is no case against it: it lets you grant the time without fear, as lesson 08 said. But it is a case
# against the sentence "early stopping makes networks better". And the last row is the fairest answer to "do the techniques help?" so far.
#
# ## A fair fight
#
# What else was unfair? In a comparison every setting has one of three roles. The technique is the **scientific** one.
# **Fixed** settings are equal on both sides: network, images, batch size, number of epochs. And some must be right for
# *each* side, or the comparison is about them: the **nuisance** settings, of which the learning rate is the worst. Above,
# everybody trained at 0.001. So in the fair table each variant gets the peak rate that suits it (the rate then falls to
# zero), chosen on the *validation* images with seeds that no verdict uses. And who wins is read on the **comparison
# set**: 10,000 training images from which nobody trains or validates. The test set stays sealed.
#
# All this was written into a file, the *protocol*, before the first run: variants, rates, seeds, how many runs, which
# pairs are compared. Nobody gets more seeds because a result was interesting.
#
# > **Predict:** was 0.001 the right rate for the baseline?

# %%
fair = protocol.table("fair_mnist")
tuned = {}
for arm in ("baseline", "batch_norm", "augmentation"):
    tries = protocol.rows_of(fair.name, arm)
    tries = tries[tries["seed"].isin(fair.tuning_seeds)].groupby("learning_rate")["val_loss"].mean()
    if len(tries) == len(fair.rates):
        tuned[networks.TITLES.get(arm, arm)] = (tries.index.to_numpy(), tries.to_numpy())
plots.lines(
    tuned,
    title="Each variant has a learning rate of its own",
    x="peak of the learning rate",
    y="validation cross-entropy",
    log_x=True,
    log_y=True,
    marker="o",
    alt="Validation cross-entropy against the peak learning rate, one line a variant, each with its lowest point.",
)

# %%
for name, (rates, losses) in tuned.items():
    times = ", ".join(f"{x:.1f} times that at {r:g}" for r, x in zip(rates, losses / losses.min()))
    print(f"{name}: lowest loss {losses.min():.3f} at {rates[losses.argmin()]:g}; {times}")
fought, waiting = [], []
for pair in fair.compare:
    (waiting if set(pair) & set(protocol.missing(fair)) else fought).append(pair)
for pair in fought:
    print(evidence.tell(fair, *pair))
print("not yet measured: " + "; ".join(" against ".join(pair) for pair in waiting))

# %% [markdown]
# Each sentence has two intervals: one over seeds, and one over seeds *and* images, of which the next section speaks. What is
# not yet measured stays so until its runs are made, and no older figure takes its place: the figures above had one rate for
# all, so they say what a technique did *there*.
#
# ## Two kinds of noise
#
# More seeds make the interval narrower, but they do not make the *test set* larger. With $n$ test images and accuracy
# $p$, the accuracy itself has a standard deviation of $\sqrt{p (1 - p) / n}$ from the choice of the images alone, and all
# our seeds share the same images. Seeds tell us about *training again*; only more images tell us about *other images*.
#
# How many seeds does it take to tell 99.40 % from the article's 99.47 % reliably? Let $\delta$ be the true difference and
# $s$ the standard deviation of the differences, so that their mean over $n$ seeds has $s / \sqrt n$. With many seeds the
# interval excludes zero if that mean is above $1.96\, s / \sqrt n$. We want this in four of five cases. In four of five
# cases the mean is above $\delta - 0.84\, s / \sqrt n$, since 0.84 standard deviations below its centre cut a fifth off a
# normal distribution. Set the two equal and solve:
#
# $$n = \left( (1.96 + 0.84)\, \frac{s}{\delta} \right)^2.$$
#
# That is for a spread that is known. It has to be estimated from the same few differences, and then the *t* distribution,
# shifted by the true mean (the **noncentral t**), takes the normal one's place and asks for about three seeds more.

# %%
delta = 0.9947 - 0.9940
from_images = np.sqrt(0.9947 * (1 - 0.9947) / 10_000)
print(f"{delta:.2%} of 10,000 images are {10_000 * delta:.0f} digits; "
      f"the choice of the images alone moves an accuracy by {100 * from_images:.3f} points (one standard deviation)")
for s in (0.02, 0.05, 0.1, 0.2):
    print(f"  differences between seeds with s = {s:.2f} points: {evidence.seeds_needed(100 * delta, s):3} seeds")
for name in (each for each in ("L2", "batch norm") if each in alone):
    print(f"the ten differences of {name} had s = {100 * alone[name].s:.2f} points")

# %%
grid = np.linspace(0.02, 0.5, 100)
plots.lines(
    {f"s = {s} points": (grid, [evidence.seeds_needed(d, s) for d in grid]) for s in (0.05, 0.1, 0.2)},
    title="Half the difference takes four times the seeds, and never fewer than two",
    x="true difference, percentage points",
    y="seeds needed",
    log_y=True,
    alt="Number of seeds needed against the size of the true difference, for three spreads: it grows steeply as the "
    "difference shrinks.",
)

# %% [markdown]
# ## The other question: these two models
#
# So far: "is the *method* better, if everybody trains anew?" Sometimes the question is another one: "I have *these two
# trained networks*. Is one of them better on digits like these?" Then the seeds are settled and the images are the sample.
# Only the images count on which exactly one of the two is right: $b$ of one kind, $c$ of the other. If the two were
# equally good, each of these would be a coin toss. That is **McNemar's test**.

# %%
from scipy import stats

pair = evidence.reference_mistakes(read)
if pair is None:
    print("not yet measured")
else:
    first, second = (set(mistakes) for mistakes in pair)
    b, c = len(first - second), len(second - first)
    p_value = stats.binomtest(b, b + c).pvalue
    print(f"only the baseline is wrong: {b} digits; only the six are wrong: {c}; both: {len(first & second)}")
    print(f"if they were equally good, a split at least as uneven would come up with probability {p_value:.2g}")

# %% [markdown]
# The two questions have different answers, and neither replaces the other. A very small probability here says that *this*
# network is better than *that* one, and nothing about the next pair that you train.
#
# ## And at full size?
#
# All this was measured with a few thousand training images. With all of them there is less left to gain, and what helps a
# small training set need not help a large one.

# %%
large = {
    "all six": ("", evidence.ALL_SIX),
    "five and a falling rate": ("", evidence.FALLING_RATE),
    "a falling rate alone": ("", "cosine_decay"),
    "the five, both falling": ("cosine_decay", evidence.FALLING_RATE),
}
settle(between(large, mode="full"), "Trained on everything")
single = {"baseline": "", "baseline, falling rate": "cosine_decay",
          "all six": evidence.ALL_SIX, "five, falling rate": evidence.FALLING_RATE}  # fmt: skip
for name, techniques in single.items():
    found = accuracies(techniques, "full")
    article = evidence.article_figure("baseline_cnn", techniques)
    shown = ", ".join(f"{a:.2%}" for a in found.values()) or "not yet measured"
    beside = f"; the article's one run: {article:.2%}" if article else ""
    epochs = evidence.epochs_words("baseline_cnn", techniques, "full", "mnist")
    print(f"{name}: {shown} (full-size runs: {len(found)}, {epochs}){beside}")

# %% [markdown]
# ("Falling rate" is the last section of lesson 09.) The baseline's few epochs are the article's, so a verdict against it is on
# the techniques *and* the time. In "both falling" the two sides have the same rate and the same number of epochs, and
# what is left belongs to the five. Where a line shows one run, the first rule holds: no claim from it, neither for the six
# nor against the article.

# %% [markdown]
# ## Exercise 1: your own interval
#
# > Write a function that takes the differences (an array) and returns three numbers: the mean, the lower end and the upper
# > end of the 95 % interval. The standard deviation is that of a sample, which divides by $n - 1$;
# > `stats.t.ppf(0.975, n - 1)` is the factor for `n` differences.


# %%
def paired_interval(differences):
    ...


# %% tags=["nbval-check-output"]
lesson.check_paired_interval(paired_interval)

# %% [markdown]
# ## Exercise 2: when are pairs worth it?
#
# > Two methods have the same standard deviation `sigma` over seeds, and a correlation `rho` between their runs with equal
# > seeds. Write a function that returns the standard deviation of the *difference*.


# %%
def difference_sd(sigma, rho):
    ...


# %% tags=["nbval-check-output"]
lesson.check_difference_sd(difference_sd)

# %% [markdown]
# Doubt a verdict? Every run behind it can be made again. The fair table, with settings, p values and intervals, and its
# runs made anew; then the article's way:
#
#     course reference show fair_mnist
#     course run --table fair_mnist --arms baseline,augmentation --anew --out doubt
#     course run ablation --mode reduced --seeds 0-9 --param techniques=none,l2 --out doubt_article
#
# The reference runs themselves, one row each, are in `course_utils/reference/runs.csv`.
#
# Solutions: [solutions/10_does_it_help.ipynb](solutions/10_does_it_help.ipynb).
#
# ## What to take away
#
# * One run is an anecdote. Compare in pairs, over seeds, give the interval with the verdict, and ask what else differed:
#   longer training hides behind many a technique, and so does a learning rate that suits one side.
# * "No detectable difference" is a statement about the evidence. It may be the honest answer.
# * Seeds answer "if we train again"; images answer "on other digits". A claim should say which it means.
#
# All this was about digits, where little is left to gain. What do the same techniques do where a good network still errs
# on one picture in five? That is [lesson 11](11_cifar10_dropout.ipynb).
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
# **For the instructor.** Nothing trains, so this lesson is a discussion. Collect the votes from lesson 09 before the first
# interval appears. Let somebody explain what would have to happen for "no detectable difference" to become "helps"
# (more seeds, a larger effect, less noise). Usual wrong answers: that the interval contains 95 % of the *runs*; that
# overlapping intervals of two methods mean no difference, which forgets the pairing; in exercise 1 `ddof=0`, or
# forgetting the root of `n`.
