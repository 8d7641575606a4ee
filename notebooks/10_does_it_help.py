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
# **Goal:** find out what each technique is worth, how sure we may be, and what the answer depends on. Nothing is
# trained in this lesson; it reads runs that were made for it, and ends with one table.
#
# The article trained one baseline and one improved network and reported two numbers. Suppose that you had trained both
# once more, with another seed. Would the difference have been the same? Would it have had the same *sign*? (For the
# article's own pair the runs are still to be made. For each technique they are here, with 5,000 digits; for stopping,
# with fewer.)

# %% tags=["parameters"]
mode = "auto"  # nothing is trained in any mode
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots
from course_utils.evidence import protocol
from course_utils.evidence.comparison import images_sd

lesson = Lesson("10_does_it_help", mode=mode, seed=seed)
fair = protocol.table("fair_mnist")
print(f"{fair.question} {len(fair.arms)} variants, {len(fair.verdict_seeds)} seeds each, {fair.epochs} epochs.")

# %% [markdown]
# ## One run is an anecdote
#
# Here is the *same* network, lesson 02's baseline with this lesson's rate and number of epochs, trained again and
# again. Nothing changed but the seed: other initial weights, another order of the images, another choice of 5,000
# training images. Each run is judged on the **comparison set**: 10,000 images of the training set on which nobody
# trains or validates (lesson 00). The test set stays sealed; where older figures of it are read, the text says so.

# %%
import numpy as np


def runs_of(arm, figure="compare_accuracy", of=fair):
    """One figure of each verdict run of an arm: {seed: figure}."""
    found = protocol.verdict_runs(of, of.arms[arm])
    return dict(zip(found["seed"].astype(int), found[figure]))


baseline = runs_of("baseline")
values = 100 * np.array(list(baseline.values()))
plots.dots({"baseline": values}, title="The same network, trained again: only the seed differs",
           x="accuracy on the comparison set, % (dots: runs, bar: mean)",
           alt=f"Accuracies of {len(values)} runs of the baseline as dots, spread around their mean.")

# %%
gains = (values[None, :] - values[:, None])[~np.eye(len(values), dtype=bool)]
print(f"{len(values)} runs, from {values.min():.2f} to {values.max():.2f} %, "
      f"standard deviation {values.std(ddof=1):.2f} points. Two runs of the same network differ by "
      f"{np.abs(gains).mean():.2f} points on average, and by up to {gains.max():.2f}.")

# %% [markdown]
# Draw one of these dots for "before" and one for "after", and you can have a gain or a loss up to the largest of these
# differences, though only the seed was changed. **The rule: no claim from one run.**
#
# ## Compare in pairs
#
# Some of the spread may have the same cause in both networks: a seed that drew easy training images is kind to both. If
# we compare run 3 of one with run 3 of the other, trained on the same images, that part cancels. For two accuracies $A$
# and $B$ with the same standard deviation $\sigma$ and correlation $\rho$ (1: they rise and fall together; 0: one tells
# nothing of the other), the variance of their difference (the square of its standard deviation) is
#
# $$\operatorname{Var}(B - A) = \sigma^2 + \sigma^2 - 2 \rho \sigma^2 = 2 \sigma^2 (1 - \rho).$$
#
# Without pairs $\rho$ counts as 0, so pairs make the interval about $\sqrt{1 - \rho}$ times as wide.
#
# From $n$ differences with mean $\bar d$ and standard deviation $s$ comes the 95 % interval $\bar d \pm t_{n-1} \, s /
# \sqrt{n}$. The factor $t_{n-1}$ is Student's: nearly 2 for many runs, and larger for few, from which $s$ is less well
# known. Here are the pairs of lesson 03's L2. (In this lesson *augmentation* means the random shifts
# of lesson 06, on photographs too.)

# %%
penalised = runs_of("l2")
pairs = {s: (100 * baseline[s], 100 * penalised[s]) for s in sorted(set(baseline) & set(penalised))}
falling = [s for s, (before, after) in pairs.items() if after <= before]
title = f"Each line is one seed: {len(pairs) - len(falling)} with a gain, {len(falling)} without (dashed)"
drawn, axes = plots.figure(height=3.2)
for s, ends in pairs.items():
    colour, style = (plots.COLOURS[1], "s--") if s in falling else (plots.COLOURS[0], "o-")
    axes.plot([0, 1], ends, style, color=colour, alpha=0.7)
axes.set_xticks([0, 1], ["baseline", "with L2"])
axes.set(xlim=(-0.3, 1.3), ylabel="accuracy on the comparison set, %")
axes.set_title(title, fontsize=11)
plots.show(drawn, f"Lines that join each seed's accuracy without L2 to that with it. {title}.")

# %%
print(f"On average {np.mean([b - a for a, b in pairs.values()]):+.2f} points.")
print("Would one run of each have had the same sign? With this technique, at this size,", "yes, in all of these."
      if not falling else f"no: {len(pairs) - len(falling)} of {len(pairs)} alone would show a gain.")

# %% [markdown]
# > **Predict:** by what factor is the interval of the pairs narrower than one that forgets who belongs to whom?

# %%
from course_utils.verdict_chart import draw, tabulate, tell, verdicts, word

for arm in ("l2", "augmentation"):
    found = verdicts("fair_mnist", "accuracy")[arm, "baseline"]
    paired, unpaired = found.high - found.low, found.unpaired_high - found.unpaired_low
    wide = unpaired / paired
    times = f"{wide:.1f} times as wide" if wide > 1.1 else "hardly wider, so pairs bought little"
    ends = np.tanh(np.arctanh(found.correlation) + np.array([-1.96, 1.96]) / np.sqrt(found.n - 3))  # Fisher's z
    print(f"{evidence.arm_words(arm)}: correlation over seeds {found.correlation:+.2f} (95 % interval {ends[0]:+.2f} "
          f"to {ends[1]:+.2f}). In pairs the difference's interval is {100 * paired:.2f} points wide; "
          f"without them, {100 * unpaired:.2f}: {times}.")

# %% [markdown]
# Pairs are worth as much as the two runs have in common (which ten pairs know badly), and they cost little: the factor
# is $t_9 = 2.26$, and for two separate lists of ten $t_{18} = 2.10$. So we always take them.
#
# ## A fair fight
#
# In a comparison every setting has one of three roles. The technique is the **scientific** one. **Fixed** ones are
# equal on both sides: network, images, batch size, number of epochs (where one is not, the text says so). **Nuisance**
# settings must be right for *each* side, or the comparison is about them; the learning rate is the worst. So each
# variant gets the peak rate that suits it (the rate then falls to zero): the one with the lowest cross-entropy on the
# *validation* images, with seeds that no verdict uses. Who wins is read on the comparison set.
#
# A technique's own strength is a nuisance setting, too. On digits, the factors of L2 alone and of AdamW's weight decay
# alone were tuned in the same way, after the rate. Not tuned are L2's factor beside other techniques and on photographs
# (in both it is the article's 0.0001), the size of the shifts, the dropout rates and batch normalisation's settings. So
# a verdict is about the technique *at that strength*.
#
# All of this was written into a file, the *protocol*, before the first run: variants, rates, seeds, number of runs,
# which pairs are compared. Nobody got more seeds because a result was interesting. (`git log` shows that the file,
# `course_utils/reference/protocol.toml`, is older than the runs.)
#
# > **Predict:** is 0.001, the constant rate of earlier lessons, also the right peak for the baseline?


# %%
def finish(axes, title, ticks, key, **settings):
    """Give a figure its title, its key, and a logarithmic x axis with these ticks."""
    axes.set(xscale="log", xticks=ticks, xticklabels=[f"{tick:g}" for tick in ticks], **settings)
    axes.minorticks_off()
    axes.legend(loc=key, fontsize=9, frameon=False, handlelength=3.5)
    axes.figure.suptitle(title, fontsize=11)


def tuning(arm):
    """Validation losses of an arm's tuning runs: a row for each rate, a column for each seed."""
    tries = protocol.rows_of(fair.name, arm)
    return tries[tries["seed"].isin(fair.tuning_seeds)].pivot(index="learning_rate", columns="seed", values="val_loss")


by_seed = {evidence.arm_words(arm): tuning(arm) for arm in ("baseline", "batch_norm", "augmentation")}
ahead = {min(by_seed, key=lambda name: by_seed[name].loc[rate].mean()) for rate in fair.rates}
title = "Which variant looks best depends on the learning rate" if len(ahead) > 1 else "One looks best at every rate"
drawn, axes = plots.figure(height=3.6)
for (name, tries), colour, style in zip(by_seed.items(), plots.COLOURS, ("o-", "s--", "d-.")):
    axes.plot(tries.index, tries.mean(axis=1), style, color=colour, linewidth=2, label=name)
    axes.plot(tries.index, tries.to_numpy(), "_", color=colour, alpha=0.6, markersize=14)
    for rate, row in tries[(tries > 2).any(axis=1)].iterrows():
        axes.text(rate, 0.195, f"{(row > 2).sum()} of {row.size} stuck,\nmean {row.mean():.1f} ↑", color=colour,
                  ha="right", va="top", fontsize=9)
finish(axes, title, fair.rates, "lower left", yscale="log", ylim=(0.03, 0.2), yticks=(0.03, 0.05, 0.1, 0.2),
       yticklabels=("0.03", "0.05", "0.1", "0.2"), ylabel="validation cross-entropy, nats",
       xlabel="peak of the learning rate (lines: means; short bars: single runs)")
plots.show(drawn, f"Validation cross-entropy against the peak of the learning rate, a line a variant. {title}.")

# %%
own = by_seed["baseline"]
takes = own.mean(axis=1).idxmin()
ratio, other = own.loc[0.001].mean() / own.loc[takes].mean(), int((own.loc[0.001] < own.loc[takes]).sum())
print(f"The baseline takes {takes:g}. At 0.001 its loss is {ratio:.2f} times as high, and {other} of "
      f"{own.shape[1]} tuning seeds did better at 0.001.")  # fmt: skip
for name, losses in list(by_seed.items())[1:]:
    times = ", ".join(f"{x:.2f} at {rate:g}" for rate, x in (losses.mean(axis=1) / own.mean(axis=1)).items())
    print(f"{name} takes {losses.mean(axis=1).idxmin():g}; its loss as a multiple of the baseline's: {times}.")

# %% [markdown]
# As a peak, 0.001 is nearly as good: the two losses are a hair apart, and the seeds disagree on which is lower. Not all
# three take the same rate, and a wrong *common* one would have misled. At the smallest, batch normalisation gets too
# much credit. At 0.001, augmentation looks worse than nothing; at its own rate it is best by the mean of two seeds that
# lie far apart. At the largest, one run that got stuck at the loss of guessing would have condemned it.
#
# ## Each technique alone
#
# *Alone* means: the only change to the baseline, apart from the peak rate. But the baseline has dropout: its row is
# against a network with nothing, and all the others stand beside dropout. The last row is lesson 07's *independent*
# ensemble: three networks trained apart on the same images, one of them the baseline, their answers averaged. (It is no
# equal fight: see *Better, or only longer?*)
#
# > **Vote before you scroll:** which technique does most, which least? Does any of them hurt?
#
# Green helps, orange hurts; how a row earns its colour comes next. Each row has two 95 % intervals. The thick one is
# over seeds, made by a method whose interval holds the truth in 95 of 100 repetitions; the verdicts go by seeds alone.
# The thin one, as wide or wider, is explained in *Two kinds of noise*.

# %%
titles = {"no_dropout": "dropout"} | {arm: evidence.arm_words(arm) for arm in ("l2", "weight_decay", "he_init",
        "batch_norm", "input_norm", "augmentation")} | {"ensemble_independent": "independent ensemble (3 × computing)"}
singles = {title: (arm, "baseline") for arm, title in titles.items()} | {"dropout": ("baseline", "no_dropout")}
alone = draw(singles, "What each is worth alone")

# %% [markdown]
# A comparison's **p** is the chance of a mean at least this far from zero if the technique did nothing. Below 0.05 the
# interval leaves zero out, which luck alone does once in twenty times. So a table of twenty techniques that do
# *nothing* has one false alarm, on average. **Holm's correction** asks more of each: the smallest of $m$ p values must
# stay below 0.05 when multiplied by $m$, the next by $m - 1$, and so on, until one fails; all after it fail, too. ($m$
# counts all comparisons that the protocol names for the table, not the rows of one figure.)
#
# That gives four verdicts. What survives *helps* or *hurts*. What leaves zero out, but fails Holm's correction, is
# *suggestive* (its mark is coloured, but hollow). All else is *no detectable difference*: a statement about the
# evidence, which does not mean "no difference".
#
# The same rows in numbers. (‡: the two sides took different learning rates, so the verdict is on technique and rate
# together.) Doubt a row? The line below the table unfolds: there stand the number of pairs, all p values, the same for
# the cross-entropy, and what was tuned. (Dropout's row is the other way round there: what leaving it out does.)


# %%
tell(singles)

# %%
worth = {name: 100 * found.mean for name, found in alone.items()}
hurt = [name for name, found in alone.items() if found.verdict == "hurts"]
most, least = max(worth, key=worth.get), min(worth, key=lambda name: abs(worth[name]))
print(f"The vote, of {len(alone)}, by the means, which is no test: {most} does most ({worth[most]:+.2f} points), "
      f"{least} least ({worth[least]:+.2f}). What hurts accuracy: {', '.join(hurt) or 'nothing'}.")

# %% [markdown]
# These rows say *whether*, and not *why*. Where one surprises you, unfold the table and look at its rates.
#
# All rows share the ten runs of one baseline, so an unlucky baseline flatters every row at once, except dropout's,
# which it belittles. Holm allows for that; the eye does not.
#
# **Which p counts?** Whoever picks the kinder test after looking has two chances, so the rule was set before the runs:
# the word goes by the p of Student's $t$, which takes the differences to be roughly normal. A second p, folded beside
# it, assumes less. Were the technique worth nothing, each difference might as well have had the other sign; so we try
# all *sign flips*, and count how often the mean comes out as far from zero. With ten differences this p is never below
# $2/2^{10}$: times 20, Holm's first factor, nearly 0.04. Where only $t$ gives the word (it gets a †), believe it a
# little less.

# %% [markdown]
# How many seeds does it take to see this? Pretend that you had only `n` of the ten, and try every choice of `n`.
#
# > **Do:** raise `n` and run the cell again. Which verdicts would most choices of three seeds have found, which need
# > more? Mind that no choice is corrected for their number.

# %%
import itertools
from scipy import stats

n = 3  # from 2 to 9
for name, found in alone.items():
    some = np.array(list(itertools.combinations(found.differences, n)))  # a choice a row
    clear = abs(some.mean(axis=1)) > stats.t.ppf(0.975, n - 1) * some.std(axis=1, ddof=1) / n**0.5
    print(f"{name:36} {clear.mean():4.0%} of {len(some)} choices leave zero out; all ten seeds: {found.verdict}")

# %% [markdown]
# ## Added to the others
#
# What does each *add* when the others are there? Five go together: L2, He's start, batch normalisation, augmentation,
# and the baseline's dropout. Each is left out in turn, and the difference is what it was worth to the other four.
#
# In the figure *alone* (round) is against the baseline, as above, and *in company* (square) beside the other four. Then
# comes the article's *joint* ensemble, the three trained as one network: alone, and on top of all five, at three times
# the computing.
#
# > **Predict:** take the one of the five that does most alone. What is it worth beside the other four?

# %%
fives = {evidence.arm_words(arm): ("five", f"five_without_{arm}")
         for arm in ("l2", "he_init", "batch_norm", "augmentation", "dropout")}
ranked = sorted(fives, key=lambda name: -worth.get(name, 0))
joint = "joint ensemble (3 × computing)"
company = {name: fives[name] for name in ranked} | {joint: ("all", "five")}
whole = {joint: ("ensemble", "baseline"), "all five": ("five", "baseline"),
         "all five and joint ensemble": ("all", "baseline")}  # fmt: skip
best, joined = ranked[0], 100 * verdicts("fair_mnist", "accuracy")[fives[ranked[0]]].mean
title = f"Alone and in company. Best alone, {best}: {worth[best]:+.2f}; in company {joined:+.2f}"
draw({name: singles[name] for name in ranked} | whole, title.replace("-", "−"), company=company)
added = {f"{name}, in company": pair for name, pair in company.items()} | whole
tell(added)

# %% [markdown]
# The title answers the prediction; the first row has the intervals. Compare the two marks of each row (L2's differ in
# strength, too). Why one fades in company the table does not say, nor does it test *alone* against *in company*. *All
# five* adds four to the baseline, which has only dropout.
#
# ## Worth in images
#
# A fraction of a point: is that much? Near the top of a scale points are hard to judge. A bill in digits is easier:
# with how many of them would the baseline do as well? So the baseline, augmentation, batch normalisation and all five
# ("five together") are trained with 500 to 20,000 digits, at the rates tuned for 5,000. All take as many steps as 16
# epochs with 5,000 digits, so that more digits do not mean more training. We count mistakes on the same comparison set,
# with five seeds each.
#
# > **Predict:** 5,000 digits with augmentation do as well as how many without?

# %%
from course_utils import worth_chart

bill = worth_chart.draw("curve_mnist")
print(*(found.sentence(evidence.arm_words(arm)) for arm, found in bill.items()), sep="\n")

# %% [markdown]
# Read it sideways, along the arrows, from a technique's 5,000 to the baseline's line (arrows go by the means, printed
# numbers by each seed's lines). Both axes are logarithmic, so equal distances are equal factors. A dashed *arrow*, and
# "or more", mean that some seeds lie beyond the end of their baseline's line: they count as that end, so the factor
# leans low and has no interval.
#
# Then look at both ends, and at the first three printed lines: not all curves keep their distance. In the same
# number of steps each of 500 digits is seen 160 times, which may flatter augmentation, and each of 20,000 only four
# times. If that is too few for the baseline, or its rate wrong there, all factors come out too large.
#
# ## Better, or only longer?
#
# Equal epochs are not equal computing. An ensemble of three costs three times the baseline, so its rival is *one*
# network with that time: against this rival its row has to lie right of zero.
#
# Early stopping usually comes with permission for more epochs; those alone may be what helped. So the stop has a table
# of its own. A network that is made to overfit (2,000 digits, no dropout) trains for at most fifty epochs, at a
# constant rate of 0.001, with the stop and without. The stop watches the validation cross-entropy, waits five epochs
# for a better one, and brings the best weights back.

# %%
costly = {"one network for longer (against the baseline)": ("longer", "baseline"),
          "independent ensemble (against one for longer)": ("ensemble_independent", "longer"),
          "joint ensemble (against one for longer)": ("ensemble", "longer")}  # fmt: skip
draw(costly, "Three networks, or one for three times as long")
tell(costly)
tell({"stopping (2,000 digits, no dropout)": ("stopped", "to_the_end")}, "early_stopping")
by = [verdicts("early_stopping", metric)["stopped", "to_the_end"].verdict for metric in ("accuracy", "loss")]
print(f"The stop, by accuracy: {by[0]}; by cross-entropy: {by[1]}." + (
      " With more epochs this network's cross-entropy gets worse, and yet it makes fewer mistakes: so where 'a stop "
      "and more epochs' gives it more right answers, thank the epochs." if by == ["hurts", "helps"] else ""))

# %% [markdown]
# Three times as long (‡) moved one network's accuracy by nothing that these runs detect, and made its
# cross-entropy worse (unfold the first table). So the ensembles' differences in accuracy from it are nearly those from
# the baseline, above.
#
# ## Two kinds of noise
#
# The seeds answer: what if we *train again*? How few of them are enough? The mean of $n$ differences wobbles by
# $s/\sqrt{n}$, where $s$ is their standard deviation. To give a p below 0.05 four times in five, a true difference
# $\delta$ must be 2.8 such wobbles wide; so
#
# $$n = \left( 2.8\, \frac{s}{\delta} \right)^2.$$
#
# (p falls below 0.05 from 1.96 wobbles on; 0.84 further out luck drags the mean back only once in five. As $s$ is
# itself an estimate, the course's function asks for some seeds more.)
#
# Take the article's 99.47 % and a rival with 99.40 %, with the smallest and the largest $s$ of the rows *alone*.
#
# > **Predict:** how many seeds of each would tell these two apart: five, fifty, five hundred?

# %%
delta = 0.9947 - 0.9940
least_first = sorted(alone.items(), key=lambda item: item[1].s)
known = {f"{name}, 5,000 digits": (found.s, found.n) for name, found in (least_first[0], least_first[-1])}
full_size = evidence.reference_runs("baseline_cnn", "", "full", "mnist")["test_accuracy"].dropna()
# The spread of the difference of two such runs that have nothing in common.
known["baselines at full size, test set, taken as unpaired"] = np.sqrt(2) * full_size.std(ddof=1), len(full_size)
for name, (s, n) in known.items():
    ends = s * np.sqrt((n - 1) / stats.chi2.ppf((0.975, 0.025), n - 1))  # the 95 % interval of s
    few, many = (evidence.seeds_needed(delta, end) for end in ends)
    print(f"{name}, by {n} seeds: s = {100 * s:.2f} points, {evidence.seeds_needed(delta, s)} seeds; "
          f"but s may be {100 * ends[0]:.2f} to {100 * ends[1]:.2f}: {few} to {many} seeds")

# %% [markdown]
# So certainly not one run of each, which is what the article had. The baselines at full size are nearest to the
# question. (Their test figures were opened for lesson 02; only their spread is used here.) But so few runs hardly know
# their $s$, as the last range shows: at its lower end a handful of seeds would do, at its upper end fifty would not: of
# the three guesses only five hundred is safe.
#
# All seeds share the same 10,000 images, and say nothing about *other images*. For two trained networks, only those
# images count on which exactly one is right: $b$ that the second mends, $c$ that it spoils. If the two were equally
# good, each of these would be a coin toss: **McNemar's test**.

# %%
technique = "batch_norm"  # or augmentation, no_dropout, l2, weight_decay, he_init, input_norm
before, after = (protocol.wrong(fair, fair.arms[arm]) for arm in ("baseline", technique))
b, c = int((before[0] & ~after[0]).sum()), int((after[0] & ~before[0]).sum())
p, (seeds, N) = stats.binomtest(b, b + c).pvalue, before.shape
print(f"Seed 0: {evidence.arm_words(technique)} mends {b} digits and spoils {c}; "
      f"a split so uneven by coin tosses: p = {p:.2g}.")

# %% [markdown]
# A small p is evidence for *this* network over *that* one, not for the next pair that you train. Average over ever more
# pairs, and the luck of training goes. What stays is the luck of which 10,000 images we happen to hold: a **wall**. The
# thin intervals count both.
#
# The cell prints four standard deviations; the text below it reads them, and the code can wait. (About twice the last
# is half the width of the technique's thin interval above, by Satterthwaite's rule.)

# %%
differences = before.astype(float) - after  # shape (seeds, images)
by_image = differences.mean(axis=0)
luck = differences.var(axis=0, ddof=1).mean() / seeds  # what training adds to the variance of these means
wall = 100 * np.sqrt(max(by_image.var(ddof=1) - luck, 0) / N)  # an estimate of the variance may be below 0
s = 100 * differences.mean(axis=1).std(ddof=1)
both = np.hypot(s / np.sqrt(seeds), wall)
print("Standard deviation of the difference, in points:")
for name, value in (("one pair, other images", images_sd(b, c, N) * 100), ("mean of endless pairs, other images", wall),
                    ("one pair, another seed (s)", s), (f"mean of {seeds} pairs, both", both)):
    print(f"    {name:36} {value:.3f}")

# %% [markdown]
# The first line belongs to one pair: which digits change sides is mostly the luck of training, and that part averages
# out over the seeds. The second is what is left: the wall. The last adds up both kinds, as variances: $s^2 / n$ for $n$
# seeds, and the luck of the images, which more seeds do not lessen. And with other numbers of seeds?

# %%
many = np.geomspace(1, 100, 41)
title = f"{seeds} seeds leave about {both:.2f} points of luck, endless ones about {wall:.2f}: the wall"
drawn, axes = plots.figure()
axes.plot(many, np.hypot(s / np.sqrt(many), wall), linewidth=2, label="both")
axes.plot(many, s / np.sqrt(many), "--", linewidth=2, label="the luck of training, s / √n")
axes.axhline(wall, color=plots.COLOURS[2], linestyle="-.", linewidth=2, label="the luck of the images")
axes.plot(seeds, both, "ko", markersize=8, label=f"our {seeds} seeds")
finish(axes, title, (1, 3, 10, 30, 100), "upper right", ylim=(0, None), xlabel="number of seeds, n",
       ylabel=f"standard deviation, points\n({evidence.arm_words(technique)})")
plots.show(drawn, "Standard deviation of the mean difference against the number of seeds: the luck of training falls, "
           f"that of the images stays, both together bend from one to the other. {title}.")

# %% [markdown]
# The article gives neither kind. What should it add first? For a pair like ours, runs: at the left they save most.
# Towards the right each run buys less, and only more comparison digits move the wall: of a difference smaller than
# about twice its height not even endless pairs give the sign with confidence.
#
# > **Do:** go back to the cell that begins with `technique =`, name another, and run from there to here. Is its wall
# > higher or lower? Where do ten seeds of it stand?
#
# ## The answer
#
# One question is left: what of all this holds on *photographs*, 10,000 of CIFAR-10 with the small network of lesson 13?
#
# > **Predict:** you have seen augmentation's two marks on digits, round and square. Where will they lie on photographs?

# %%
photographs = protocol.table("fair_cifar10")
found = verdicts(photographs.name, "accuracy")
single, beside = ({name: pair for name, pair in some.items() if pair in found} for some in (singles, company))
gain, gain_beside = (100 * found[some["augmentation"]].mean for some in (single, beside))
title = f"Photographs: augmentation {gain:+.1f} alone, {gain_beside:+.1f} in company".replace("-", "−")
draw(single | {"all five": whole["all five"]}, title, photographs.name, company=beside)
measured = {name: pair for name, pair in (singles | added).items() if pair in found}
tell(measured, photographs.name)
level = protocol.verdict_runs(photographs, photographs.arms["baseline"])["compare_accuracy"].mean()
print(f"Measured: {len(measured)} of {len(photographs.compare)} comparisons named; {photographs.epochs} epochs. "
      f"The baseline has {level:.0%} right.")

# %% [markdown]
# Where round and square lie far apart, what a technique is worth is a question of its company: its worth *alone* does
# not give its worth among others, nor the other way round. (Which of the others it needs, or what more epochs or
# another rate would do, these rows do not say.) Beside *no detectable difference* read the interval: it says how large
# a difference these runs may have missed.
#
# Now a word and a mean for each question, in points or, by cross-entropy, in nats (there minus is better). *Alone* is
# against the baseline (dropout: the baseline against itself without it; stopping: against the same network to the end),
# *added* is beside the others. Then come the photographs (*added there*: by accuracy), the test set at *full size*
# (all five with the joint ensemble and a falling rate, lesson 09), and the bill in images. Holm's correction
# was made for each table and each measure apart: over all these words together, the chance of a false alarm is not held
# to one in twenty.
#
# > **Look first:** which rows keep one word in every column in which they have one?

# %%
answer = [["technique", "alone", "alone, cross-entropy", "added", "added, cross-entropy", "photographs",
           "photographs, cross-entropy", "added there", "full size", "worth in images"]]
for name, pair in (singles | whole).items():
    beside = company.get(name, ("", ""))
    cells = [word("fair_mnist", *each) for each in (pair, (*pair, "loss"), beside, (*beside, "loss"))]
    cells += [word("fair_cifar10", *each) for each in (pair, (*pair, "loss"), beside)]
    cells.append(word("article_mnist", *(("five_falling", "baseline_falling") if pair[0] == "all" else pair)))
    price = bill.get(pair[0])
    cells.append(f"{price.times:.1f} ×{' or more' * bool(price.beyond)}" if price else "–")
    answer.append([name, *cells])
stop = "early_stopping", "stopped", "to_the_end"
answer.append(["stopping (2,000 digits, no dropout)", word(*stop), word(*stop, "loss"), *"–––––––"])
tabulate(*answer)
words = {row[0]: {cell.split(" (")[0].rstrip("†‡") for cell in row[1:-1]} - {"…", "–"} for row in answer[1:]}
print("One word all along:", "; ".join(name for name, each in words.items() if len(each) == 1) or "none")

# %% [markdown]
# A row with few words keeps one easily, so count its columns. Words may change with the measure,
# too: cross-entropy also asks how sure an answer is. (Two unlike words are not yet a tested difference.)
#
# "–" is *not asked*: the protocol has no such pair. "…" is not yet measured. "†" marks a word that the sign flips alone
# would not give, "‡" one on technique and rate together.
#
# So "does L2 help?" has no answer until one says: *at which strength, alone or beside what, on which images, by which
# measure?* Then it may have one.
#
# And the pair of this lesson's first paragraph, at full size? There no images are left over, so these comparisons, few
# and named beforehand, need the test set, and the record of each run says that it was opened. *As listed* is the
# article's improved network by its printed code, *as logged* the one without the penalty and with older defaults,
# *five* here as listed but for the stop (lesson 09):

# %%
article = {" against ".join(map(evidence.arm_words, pair)): pair for pair in protocol.table("article_mnist").compare}
draw(article, "The article's network at full size", "article_mnist")
tell(article, "article_mnist")

# %% [markdown]
# As long as these are missing, the first question is open for the article's pair. For each technique at 5,000 digits
# the figure under *Each technique alone* has the answer.
#
# *For the sceptic*, what these verdicts leave open:
#
# * **Rates** were chosen by two seeds' cross-entropy, not accuracy, from three or four tries, at times the last one;
#   all five took the largest, and so did L2's factor. A better one may lie beyond, and no interval counts this luck.
#   *No dropout* took its rate by a hair (the lines below), so part of what dropout is worth here may be the rate's.
# * **Runs made anew.** The baseline was, after verdicts had been read, with the code of the others, and then three
#   arms, batch normalisation among them, whose first runs came from another computer than the baseline's. There its
#   tries had chosen the next lower rate. No word of this table changed, some means did: see `git log`.
# * **Strengths.** L2 and weight decay alone had a factor tuned by cross-entropy: their lead by that measure surprises
#   less, and at a weaker factor the verdict on accuracy might be another. In company L2's factor is 0.0001, untuned.
#   The stop's rate and its five epochs of patience were not tuned either.
# * **Rivals.** For an ensemble, a wider network might be a harder one than a longer training: not asked.
# * **The bill in images**, the table `curve_mnist`, was named before its further runs were made. Its intervals are over
#   the seeds alone.
# * **Two families.** Holm's correction was made for accuracy and for cross-entropy apart.

# %% jupyter={"source_hidden": true}
# What the list rests on, in numbers: read what it prints, the code can wait.
for of in (fair, photographs):
    both = {(pair, by): each for by, metric in (("accuracy", "accuracy"), ("cross-entropy", "loss"))
            for pair, each in protocol.verdicts(of, metric).items()}  # fmt: skip
    one = evidence.comparison.as_family(both)
    weaker = [f"{evidence.arm_words(arm)} against {evidence.arm_words(against)} by {by}"
              for ((arm, against), by), each in both.items() if each.verdict in ("helps", "hurts")
              and one[(arm, against), by].verdict == "suggestive"]  # fmt: skip
    tuned = {name: protocol.chosen(of, arm)["learning_rate"] for name, arm in of.arms.items() if arm.rates}
    at_end = [evidence.arm_words(name) for name, rate in tuned.items() if rate in (min(of.rates), max(of.rates))]
    print(f"{of.name}: {len(at_end)} of {len(tuned)} arms took a rate at an end of those tried: {', '.join(at_end)}.\n"
          f"    With both measures one family of {len(both)}, suggestive: {'; '.join(weaker) or 'none more'}.")
print("No dropout's validation loss:", ", ".join(f"{loss:.4f} at {rate:g}"
                                                 for rate, loss in tuning("no_dropout").mean(axis=1).items()))

# %% [markdown]
# Doubt a line? Unfold its table: it names the protocol's table, the pairs, all p values and the number of
# comparisons. Or make its runs again, and read the table with them in the place of ours
# (`course_utils/reference/runs.csv`):
#
#     course reference show fair_mnist
#     course run --table fair_mnist --arms baseline,augmentation --anew --out doubt
#     course reference add doubt --to doubt/reference
#     course reference show fair_mnist --from doubt/reference
#
# (For the bill in images make `curve_mnist` and the same four arms of `fair_mnist` into one folder: it has the rates
# and the 5,000 of these.)
#
# ## Exercise 1: your own interval
#
# > Write a function that takes the differences (an array) and returns three numbers: the mean, the lower end and the
# > upper end of the 95 % interval. The standard deviation is that of a sample, which divides by $n - 1$;
# > `stats.t.ppf(0.975, n - 1)` is the factor for `n` differences.


# %%
def paired_interval(differences):
    ...


# %% tags=["nbval-check-output"]
lesson.check_paired_interval(paired_interval)

# %% [markdown]
# ## Exercise 2: how far does a difference scatter?
#
# > Two methods have the same standard deviation `sigma` over seeds, and a correlation `rho` between their runs with
# > equal seeds. Write a function that returns the standard deviation of the *difference*.


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
# * A verdict belongs to its question: at this strength, with so many images and epochs, alone or beside others, by
#   accuracy or cross-entropy, on these images.
# * "No detectable difference" is a statement about the evidence. It may be the honest answer.
#
# Most of this was about digits, where little is left to gain. [Lesson 11](11_cifar10_dropout.ipynb) turns to
# photographs, where such a network errs far more often, and takes dropout apart there.
#
# ## Sources
#
# * T. G. Dietterich, *Approximate statistical tests for comparing supervised classification learning algorithms*, 1998.
# * X. Bouthillier and others, *Accounting for variance in machine learning benchmarks*, 2021.
# * V. Godbole and others, *Deep learning tuning playbook*, 2023: scientific, nuisance and fixed settings.
# * R. A. Fisher, *The design of experiments*, 1935: the sign-flip test. S. Holm, *A simple sequentially rejective
#   multiple test procedure*, 1979.
# * Q. McNemar, *Note on the sampling error of the difference between correlated proportions or percentages*, 1947.
# * F. E. Satterthwaite, *An approximate distribution of estimates of variance components*, 1946.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Nothing trains, so this lesson is a discussion. Collect the votes before the first interval
# appears. Let somebody explain what would have to happen for L2's "no detectable difference" in accuracy to become
# *helps* or *hurts* (more seeds, a larger effect, less noise), and which of the two. Let two learners answer "does L2
# help?" on paper, and compare. Likely wrong answers: that the interval contains 95 % of the *runs*; that overlapping
# intervals of two methods mean no difference, which forgets the pairing; in exercise 1 `ddof=0`, or forgetting the root
# of `n`.
