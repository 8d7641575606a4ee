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
# once more, with another seed. Would the difference have been the same? Would it have had the same *sign*?

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
missing = protocol.missing(fair)
print(f"{fair.question} {len(fair.arms) - len(missing)} of {len(fair.arms)} variants are measured, "
      f"{len(fair.verdict_seeds)} seeds each, {fair.epochs} epochs.")

# %% [markdown]
# ## One run is an anecdote
#
# Here is the *same* network, lesson 02's baseline, trained again and again. Nothing changed but the seed: other initial
# weights, another order of the images, another choice of 5,000 training images. Each run is judged on the **comparison
# set**: 10,000 images of the training set from which nobody trains or validates (lesson 00). The test set stays sealed.
# (The figures are better than lesson 02's: a tuned rate that falls, more epochs, and other images that judge.)

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
    x="accuracy on the comparison set, % (dots: runs, bar: mean)",
    alt=f"Accuracies of {len(values)} runs of the baseline as dots, spread around their mean.",
)

# %%
gains = (values[None, :] - values[:, None])[~np.eye(len(values), dtype=bool)]
print(f"{len(values)} runs, from {values.min():.2f} to {values.max():.2f} %, "
      f"standard deviation {values.std(ddof=1):.2f} points. Two runs of the same network differ by "
      f"{np.abs(gains).mean():.2f} points on average, and by up to {gains.max():.2f}.")

# %% [markdown]
# Draw one of these dots for "before" and one for "after", and you can have a gain or a loss up to the largest of these
# differences, from a change that was none. **The first rule: no claim from one run.**
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
# which $s$ is less well known. Here are the pairs of lesson 05's batch normalisation:

# %%
normalised = runs_of("batch_norm")
pairs = {s: (100 * baseline[s], 100 * normalised[s]) for s in sorted(set(baseline) & set(normalised))}
falling = [s for s, (before, after) in pairs.items() if after <= before]
drawn, axes = plots.figure(height=3.2)
for s, ends in pairs.items():
    colour, style = (plots.COLOURS[1], "s--") if s in falling else (plots.COLOURS[0], "o-")
    axes.plot([0, 1], ends, style, color=colour, alpha=0.7)
axes.set_xticks([0, 1], ["baseline", "with batch normalisation"])
axes.set_xlim(-0.3, 1.3)
axes.set_ylabel("accuracy on the comparison set, %")
axes.set_title(f"Each line is one seed: {len(pairs) - len(falling)} gain, {len(falling)} do not (dashed)", fontsize=11)
plots.show(drawn, "Lines that join each seed's accuracy without batch normalisation to that with it; most rise.")

# %%
mean = np.mean([after - before for before, after in pairs.values()])
print(f"On average {mean:+.2f} points; the line rises in {len(pairs) - len(falling)} of {len(pairs)} seeds."
      + f" Whoever had trained only seed {' or '.join(map(str, falling))} would report no gain." * bool(falling))

# %% [markdown]
# So to the question at the top, "would it have had the same *sign*?", the answer is: with one run of each, not always.
# (Lesson 05's sweep saw more at 0.001, where both sides had one constant rate and fewer epochs. See *A fair fight*.)
#
# > **Predict:** by what factor is the interval of the pairs narrower than one that forgets who belongs to whom?

# %%
verdicts = protocol.verdicts(fair)
for arm in (each for each in ("batch_norm", "augmentation") if (each, "baseline") in verdicts):
    found = verdicts[arm, "baseline"]
    paired, unpaired = found.high - found.low, found.unpaired_high - found.unpaired_low
    wider = unpaired > 1.1 * paired
    bought = f"{unpaired / paired:.1f} times as wide" if wider else "no wider, so pairing bought nothing"
    print(f"{evidence.arm_words(arm)}: correlation over seeds {found.correlation:+.2f}; the interval is "
          f"{100 * paired:.2f} points wide in pairs; without them, {100 * unpaired:.2f}: {bought}.")

# %% [markdown]
# Pairs are worth as much as the two runs have in common. (Ten pairs know a correlation badly: each of those above may
# be off by more than a half.) They seldom cost much, Student's factor for nine degrees of freedom in the place of
# eighteen, so we always take them.
#
# ## A fair fight
#
# What else differs between the two sides? In a comparison every setting has one of three roles. The technique is the
# **scientific** one. **Fixed** ones are equal on both sides: network, images, batch size, number of epochs. And some
# must be right for *each* side, or the comparison is about them: these are the **nuisance** settings, and the learning
# rate is the worst of them. So each variant gets the peak rate that suits it (the rate then falls to zero), chosen on
# the *validation* images with seeds that no verdict uses. And who wins is read on the comparison set.
#
# All of this was written into a file, the *protocol*, before the first run: variants, rates, seeds, number of runs,
# which pairs are compared. Nobody got more seeds because a result was interesting. (It is
# `course_utils/reference/protocol.toml`; `git log` in the course's repository shows that it is older than the runs.)
#
# > **Predict:** was 0.001, which every lesson has used, the right rate for the baseline?

# %%
tuned, by_seed = {}, {}
for arm in ("baseline", "batch_norm", "augmentation"):
    tries = protocol.rows_of(fair.name, arm)
    tries = tries[tries["seed"].isin(fair.tuning_seeds)].pivot(index="learning_rate", columns="seed", values="val_loss")
    if len(tries) == len(fair.rates):
        by_seed[evidence.arm_words(arm)], losses = tries, tries.mean(axis=1)
        high = f" ({losses.max():.1f} at {losses.idxmax():g})" if losses.max() > 0.2 else ""
        tuned[evidence.arm_words(arm) + high] = (losses.index, losses)
ahead = {min(by_seed, key=lambda name: by_seed[name].loc[rate].mean()) for rate in fair.rates}
plots.lines(
    tuned, title="Which variant looks best depends on the learning rate" if len(ahead) > 1
    else "Each variant gets the learning rate that suits it",
    x="peak of the learning rate", y="validation cross-entropy, nats", log_x=True, ticks=fair.rates, marker="o",
    limits=(0, 0.2), alt="Validation cross-entropy against the peak learning rate, a line a variant; the lines cross.",
)  # fmt: skip

# %%
own = by_seed["baseline"]
takes = own.mean(axis=1).idxmin()
ratio, other = own.loc[0.001].mean() / own.loc[takes].mean(), int((own.loc[0.001] < own.loc[takes]).sum())
print(f"The baseline takes {takes:g}. At 0.001 its loss is {ratio:.2f} times as high, and {other} of "
      f"{own.shape[1]} tuning seeds prefer 0.001.")  # fmt: skip
for name, losses in list(by_seed.items())[1:]:
    times = ", ".join(f"{x:.2f} at {rate:g}" for rate, x in (losses.mean(axis=1) / own.mean(axis=1)).items())
    print(f"{name} takes {losses.mean(axis=1).idxmin():g}; its loss as a multiple of the baseline's: {times}.")
stuck = [f"{name} at {rate:g}, {(row > 2).sum()} of {row.size} seeds" for name, losses in by_seed.items()
         for rate, row in losses.iterrows() if (row > 2).any()]  # fmt: skip
print(f"Runs that learned nothing (guessing has a loss of {np.log(10):.1f}):", "; ".join(stuck) or "none")

# %% [markdown]
# So 0.001 was as good as right: the two rates are a hair apart, and the seeds do not agree on them. All three take the
# same rate, so here tuning changed nothing between them. A wrong *common* rate would have: at the smallest, batch
# normalisation gets far too much credit; at 0.001, augmentation looks worse than nothing, and at its own rate it comes
# out best of the three on these seeds. At the largest, one run that got stuck would have condemned it. (And the choice
# of a rate is luck, too: two tuning seeds, four rates. Where two rates are a hair apart, as here, a variant might have
# got the other. No interval of this lesson counts that.)
#
# ## Each technique alone
#
# If an interval leaves zero out, luck alone would seldom have done it: once in twenty. So a table of twenty techniques
# that do *nothing* has one false alarm, on average. **Holm's correction** asks more of each: the smallest of $m$ p
# values must stay below 0.05 when multiplied by $m$, the next by $m - 1$, and so on, until one fails; all after it
# fail, too. That gives three words. What survives *helps* or *hurts*. What leaves zero out only by itself is
# *suggestive*. All else is *no detectable difference*, which is a statement about the evidence and does not mean "no
# difference".
#
# > **Vote before you scroll:** which technique does most, which least? Does any of them hurt?

# %%
def settle(pairs, title, of=fair):
    """Draw the differences that are measured and say each in a sentence; name those that are not."""
    found = {name: protocol.verdicts(of).get(pair) for name, pair in pairs.items()}
    known = {name: each for name, each in found.items() if each}
    if known:
        words = "; ".join(f"{name}: {each.verdict}" for name, each in known.items())
        plots.intervals(known, title=f"{title} (thick: over seeds; thin: over seeds and images)",
                        alt=f"{title}. {words}.", wider={name: evidence.with_images(of, pairs[name]) for name in known})
    for name in known:
        print(evidence.tell(of, *pairs[name]).replace("; ", ";\n    "))
    waiting = [name for name in pairs if name not in known]
    print("not yet measured: " + ", ".join(waiting) if waiting else "All of them are measured.")
    return known


singles = ("no_dropout", "l2", "weight_decay", "he_init", "batch_norm", "input_norm", "augmentation",
           "ensemble_independent")  # fmt: skip
of_baseline = {evidence.arm_words(arm): (arm, "baseline") for arm in singles}
alone = settle(of_baseline, "Each change alone, against the baseline")

# %%
left_out = evidence.arm_words("no_dropout")  # what leaving dropout out costs, dropout is worth
named = {name: ("dropout", -1) if name == left_out else (name, 1) for name in alone}
worth = {named[name][0]: 100 * named[name][1] * found.mean for name, found in alone.items()}
hurt = [named[name][0] for name, found in alone.items() if found.verdict == ("helps" if name == left_out else "hurts")]
if len(alone) > 1:
    most, least = max(worth, key=worth.get), min(worth, key=lambda name: abs(worth[name]))
    print(f"The vote, of the {len(alone)} that are measured: {most} does most ({worth[most]:+.2f} points), "
          f"{least} least ({worth[least]:+.2f}). What hurts: {', '.join(hurt) or 'none of them'}.")
else:
    print(f"Measured so far: {', '.join(alone) or 'none'}, of {len(singles)}. So the vote stays open: keep yours.")

# %% [markdown]
# Read one of these sentences slowly; every claim of this course has its parts:
#
# * *points of accuracy, 95 % interval*: the difference and its interval over seeds, made by a method whose interval
#   holds   the truth in 95 of 100 repetitions (each row by itself; that a whole table's do is rarer);
# * *over seeds and images*: a second, wider interval, of which more below;
# * *p by t, and after Holm*: by the $t$ distribution, which assumes that the differences are roughly normal, then
#   corrected for the number of comparisons; Holm's is the word at its end;
# * *sign flips*: a second opinion. Were the technique worth nothing, each difference might as well have had the other
#   sign, so all signs are tried, and one counts how often the mean comes out as far from zero;
# * *on cross-entropy* (lower is better): the same for how sure the network is of what it says, a second question, with
#   a   Holm correction of its own.
#
# (All rows share the ten runs of one baseline, so an unlucky baseline flatters every row at once. Holm allows for that;
# the eye does not.)
#
# **Which p counts?** Whoever picks the kinder test after looking has two chances; so the rule was there before the
# runs: the word goes by $t$, the sign flips stand beside it. They assume less, but ten differences have only $2^{10}$
# choices of signs, each with its mirror image: no p below $2/1024$, times 20 nearly 0.04, so the first in Holm's line
# would have to win, or lose, in *every* seed. The $t$ test pays with its assumption of roughly normal differences.
# Where only $t$ gives the word, as for batch normalisation's accuracy, believe it a little less. (Comparisons that are
# not yet measured are counted too, which is the strict side.)

# %% [markdown]
# ## Added to the others
#
# Alone is one question. Another is: what does it *add* when the others are there? Two techniques that mend the same
# weakness both look good alone, and each looks idle beside the other. So five go together: L2, He's start, batch
# normalisation, augmentation, and the dropout that the article's network has from the start. One of them is left out,
# and what it was worth to the other four is the difference.

# %%
fives = {evidence.arm_words(arm): ("five", f"five_without_{arm}")
         for arm in ("l2", "he_init", "batch_norm", "augmentation")}
fives["dropout"] = ("five", "five_without_dropout")
added = settle(fives | {"all five, against none": ("five", "baseline")}, "What each adds to the others")
for name in (each for each in alone if each in added):
    print(f"{name}: alone, {alone[name].verdict}; beside the others, {added[name].verdict}.")

# %% [markdown]
# ## Better, or only longer?
#
# Equal epochs are not equal computing. An ensemble of three costs three times the baseline, so it has to beat what
# *one* network does with that time. (Nor are they neutral: sixteen may be enough for one side and too few for another,
# which sees a new shift of each picture every time.) And early stopping comes with a permission to train on;
# *permission* may be all that helped. The stop's own table trains a network that does overfit (2,000 digits, no
# dropout) for fifty epochs, with it and without.

# %%
costly = {"independent ensemble against one, trained longer": ("ensemble_independent", "longer"),
          "joint ensemble against one, trained longer": ("ensemble", "longer")}  # fmt: skip
longer = settle(costly, "Three networks, or one for three times as long")
stopped = settle({"stopping": ("stopped", "to_the_end")}, "The stop alone", of=protocol.table("early_stopping"))

# %% [markdown]
# ## Two kinds of noise
#
# The seeds answer "if we *train again*". How few of them are enough? Let $\delta$ be the true difference and $s$ the
# standard deviation of the differences. For a known $s$, at the level 0.05 and with a chance of four in five to find
# the difference,
#
# $$n = \left( (1.96 + 0.84)\, \frac{s}{\delta} \right)^2.$$
#
# Here $s$ is estimated from the same few runs, so Student's distribution takes the normal one's place and asks for some
# seeds more. Take the article's 99.47 % and a rival with 99.40 %.
#
# > **Predict:** five seeds, fifty, five hundred?

# %%
from scipy import stats

delta = 0.9947 - 0.9940
for s in (0.02, 0.05, 0.1, 0.2):
    print(f"s = {s:.2f} points: {evidence.seeds_needed(100 * delta, s)} seeds for {100 * delta:.2f} points")
known = {f"{name}, 5,000 digits": (found.s, found.n) for name, found in alone.items()}
full_size = evidence.reference_runs("baseline_cnn", "", "full", "mnist")["test_accuracy"]
spread = np.sqrt(2) * full_size.std(ddof=1)  # of the difference of two such runs that have nothing in common
known["baselines at full size"] = spread, len(full_size)
for name, (s, n) in known.items():
    ends = s * np.sqrt((n - 1) / stats.chi2.ppf((0.975, 0.025), n - 1))  # the 95 % interval of s
    few, many = (evidence.seeds_needed(delta, end) for end in ends)
    print(f"{name}, by {n} seeds: s = {100 * s:.2f} points, {evidence.seeds_needed(delta, s)} seeds; "
          f"but s may be {100 * ends[0]:.2f} to {100 * ends[1]:.2f}: {few} to {many} seeds")

# %% [markdown]
# So certainly not one run of each, which is what the article had. Our pairs of 5,000 digits ask for some tens. The
# baselines at full size, which are nearer to the question, ask for about ten; but so few runs hardly know their $s$,
# and the last range goes from a handful to hundreds. So five may do, fifty would be safer, and who guessed five hundred
# was careful. The $s$ must come from the runs in question, and from enough of them.
#
# But all seeds share the same 10,000 images, and seeds say nothing about *other images*. For two networks that are
# trained, only those images count on which exactly one of the two is right: $b$ of one kind, $c$ of the other. If the
# two were equally good, each of these would be a coin toss: **McNemar's test**. And the choice of $n$ images gives the
# difference of the two accuracies a standard deviation of $\sqrt{b + c - (b - c)^2 / n} \, / n$.
#
# And how can ten pairs tell what *endless* ones would leave? Give each digit its mean over the ten: +1 where the
# technique mends it every time, -1 where it always spoils it, 0 where it changes nothing. These means differ from digit
# to digit for two reasons: the digits *are* different, and ten trainings are few. The second part we can measure, by
# how much one digit's value changes from seed to seed, divided by ten (`luck`). Taken off, it leaves the digits' own
# spread.

# %%
before, after = (protocol.wrong(fair, fair.arms[arm]) for arm in ("baseline", "batch_norm"))
b, c = int((before[0] & ~after[0]).sum()), int((after[0] & ~before[0]).sum())
p, (seeds, n) = stats.binomtest(b, b + c).pvalue, before.shape
print(f"Seed 0: batch normalisation mends {b} digits and spoils {c}; a split so uneven by coin tosses: p = {p:.2g}.")
differences = before.astype(float) - after  # shape (seeds, images)
by_image = differences.mean(axis=0)
luck = differences.var(axis=0, ddof=1).mean() / seeds  # what training adds to the variance of these means
wall = 100 * np.sqrt(max(by_image.var(ddof=1) - luck, 0) / n)
s = 100 * differences.mean(axis=1).std(ddof=1)
both = np.hypot(s / np.sqrt(seeds), wall)
print("Standard deviation of the difference, in points:")
print(f"    one pair, other images               {100 * images_sd(b, c, n):.3f}")
print(f"    mean of endless pairs, other images  {wall:.3f}")
print(f"    one pair, another seed (s)           {s:.3f}")
print(f"    mean of {seeds} pairs, both               √({s:.3f}²/{seeds} + {wall:.3f}²) = {both:.3f}")

# %% [markdown]
# A small p says that *this* network is better than *that* one, and nothing about the next pair that you train. The
# first line of the four belongs to one pair, too: which digits change sides is partly the luck of training, and that
# part averages out over the seeds. What endless pairs would leave is the luck of the images alone, and *that* is a
# wall.
#
# The last line adds the two kinds up, as variances: the luck of training, $s^2 / n$ for $n$ seeds (with the digits that
# change sides from one training to the next in it already), and the luck of the images, which more seeds do not lessen.
# Times Student's factor, with Satterthwaite's degrees of freedom (a rule for a sum of two variances), it is half the
# width of the second interval in batch normalisation's sentence above, the one for other seeds *and* other images. And
# with other numbers of seeds?

# %%
many = np.geomspace(1, 100, 41)
plots.lines(
    {"both": (many, np.hypot(s / np.sqrt(many), wall)), "the luck of training, s / √n": (many, s / np.sqrt(many)),
     "the luck of the images": (many, np.full(41, wall)), f"our {seeds} seeds": ([seeds], [both])},
    title=f"{seeds} seeds leave {both:.3f} points of luck, endless ones {wall:.3f}: the wall",
    x="number of seeds, n", y="standard deviation, points", log_x=True, ticks=(1, 3, 10, 30, 100), limits=(0, None),
    looks={f"our {seeds} seeds": {"color": "black", "linestyle": "none", "marker": "o", "markersize": 8}},
    alt="Standard deviation of the mean difference against the number of seeds: the luck of training falls, that of "
    f"the images stays at {wall:.3f}, both together bend from one to the other; a dot at {seeds} seeds, {both:.3f}.",
)  # fmt: skip

# %% [markdown]
# The article gives neither kind. What should it add first? For a pair like ours, runs: on the left nearly all is the
# luck of training. Towards the right each run buys less, and only more digits move the wall. (At the article's size $s$
# looks smaller, but three seeds hardly know it, and its wall we do not know.)
#
# ## The answer
#
# One word for each question. *Alone* and *added* are accuracies on the comparison set; *images* is how many times more
# training images the baseline needs to do as well; *photographs* is CIFAR-10 with a small network.

# %%
from IPython.display import Markdown, display


def word(table, arm, against, metric="accuracy"):
    """The verdict and the difference of one comparison, "…" where it is not yet measured, "–" where it is not asked."""
    of = protocol.table(table)
    if (arm, against) not in of.compare:
        return "–"
    found = protocol.verdicts(of, metric).get((arm, against))
    if not found:
        return "…"
    scale, form = (100, "+.2f") if metric == "accuracy" else (1, "+.4f")
    leans = "†" if found.verdict in ("helps", "hurts") and not found.p_exact_adjusted < 0.05 else ""
    return f"{found.verdict}{leans} ({scale * found.mean:{form}})"


lines = ["| | alone | on cross-entropy | added | images | photographs |", "|---|---|---|---|---|---|"]
for arm in (*singles, "dropout", "five"):
    cells = [word("fair_mnist", arm, "baseline"), word("fair_mnist", arm, "baseline", "loss")]
    cells.append(word("fair_mnist", *fives.get(evidence.arm_words(arm), ("", ""))))
    worth = evidence.worth_in_images("curve_mnist", arm) if arm in protocol.table("curve_mnist").curves else "–"
    cells.append(worth if isinstance(worth, str) else f"{worth.times:.1f} times" if worth else "…")
    lines.append(f"| {evidence.arm_words(arm)} | " + " | ".join([*cells, word("fair_cifar10", arm, "baseline")]) + " |")
display(Markdown("\n".join(lines)))

# %% [markdown]
# "…" is *not yet measured*: a side of the pair still lacks its runs, and no figure takes their place. "–" is *not
# asked*: the protocol has no such pair. (Dropout has two rows, since the baseline has it: the first says what leaving
# it out does, the second what it adds to the other four.) "†" is a word that the sign flips alone would not give. Of
# cross-entropy, less is better. So "does L2 help?" has no answer until one says: *alone or beside what, on which
# images, by which measure?* Then it has one, and it stands, or will stand, in its row.
#
# And at full size, where the article worked? There no images are left over, so these comparisons are read on the test
# set. They are few, they were named beforehand, and each opening is counted:

# %%
full = protocol.table("article_mnist")
known = protocol.verdicts(full)
waiting = ", ".join(" against ".join(map(evidence.arm_words, pair)) for pair in full.compare if pair not in known)
for pair in known:
    print(evidence.tell(full, *pair).replace("; ", ";\n    "))
print(f"not yet measured: {waiting}" if waiting else "All of them are measured.")

# %% [markdown]
# Doubt a line? Every run behind it can be made again. First its table, with settings, p values and intervals; then the
# runs, and the table with them in the place of ours:
#
#     course reference show fair_mnist
#     course run --table fair_mnist --arms baseline,augmentation --anew --out doubt
#     course reference add doubt --to doubt/reference
#     course reference show fair_mnist --from doubt/reference
#
# The runs themselves, one row each, are in `course_utils/reference/runs.csv`.
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
# ## Exercise 2: when are pairs worth it?
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
# * A verdict belongs to its question: alone or beside others, accuracy or cross-entropy, these images or others.
# * "No detectable difference" is a statement about the evidence. It may be the honest answer.
#
# All this was about digits, where little is left to gain. What do the same techniques do where a good network still
# errs on one picture in five? That is [lesson 11](11_cifar10_dropout.ipynb).
#
# ## Sources
#
# * T. G. Dietterich, *Approximate statistical tests for comparing supervised classification learning algorithms*, 1998.
# * X. Bouthillier and others, *Accounting for variance in machine learning benchmarks*, 2021.
# * V. Godbole and others, *Deep learning tuning playbook*, 2023: scientific, nuisance and fixed settings.
# * R. A. Fisher, *The design of experiments*, 1935: the sign-flip test. S. Holm, *A simple sequentially rejective
#   multiple test procedure*, 1979.
# * Q. McNemar, *Note on the sampling error of the difference between correlated proportions or percentages*, 1947.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Nothing trains, so this lesson is a discussion. Collect the votes before the first interval
# appears. Let somebody explain what would have to happen for L2's "no detectable difference" to become a verdict (more
# seeds, a larger effect, less noise), and which verdict it would be. Let two learners answer "does L2 help?" on paper,
# and compare. Usual wrong answers: that the interval contains 95 % of the *runs*; that overlapping intervals of two
# methods mean no difference, which forgets the pairing; in exercise 1 `ddof=0`, or forgetting the root of `n`.
