# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Let the machine choose
#
# **Goal:** find out whether a search by program beats rolling dice here, and what a search costs besides time.
#
# Kernels, depth, optimiser, learning rate: all through this course these were given, or tried by hand a few at a time,
# as in lesson 14. Who chose them? With three values for each of eight settings there are $3^8 = 6561$ networks to try,
# and you can afford a few dozen. How do you search? And when the search has found its champion: is it as good as it
# looks?
#
# We go back to the digits of the first lessons, where a try takes a moment. So we can do what a real search cannot: try
# *everything*, and then judge the searchers by what there was to be found.

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots, widgets

lesson = Lesson("15_tuning", mode=mode, seed=seed)
mnist = lesson.load("mnist")

# %% [markdown]
# ## The whole table
#
# A small network, and three settings: the optimiser, its learning rate, and the number of kernels. What the search is
# allowed to choose from is its **search space**. Rates are spaced by factors, since it is the factor that counts: from
# 0.001 to 0.01 is as long a way as from 0.01 to 0.1.

# %%
import itertools

import keras
import numpy as np
from keras import layers


def build(kernels):
    return keras.Sequential([
        keras.Input((28, 28, 1)), layers.Rescaling(1 / 255),
        layers.Conv2D(kernels, 3, strides=2, activation="relu"),
        layers.Conv2D(2 * kernels, 3, strides=2, activation="relu"),
        layers.Flatten(), layers.Dropout(0.3),
        layers.Dense(10, activation="softmax", dtype="float32"),
    ], name="searched_cnn")  # fmt: skip


# %%
def train(count, epochs, optimiser, rate, kernels, callbacks):
    keras.utils.clear_session()
    keras.config.set_dtype_policy(lesson.machine.precision)  # which the line above has cleared too
    keras.utils.set_random_seed(seed)
    model = build(kernels)
    model.compile(getattr(keras.optimizers, optimiser)(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(mnist.x_train[:count], mnist.y_train[:count], batch_size=64, epochs=epochs,
                        callbacks=callbacks, verbose=0)  # fmt: skip
    right = model.predict(mnist.x_val, batch_size=500, verbose=0).argmax(axis=1) == mnist.y_val
    return model, history, right


# %% [markdown]
# A **try** is two epochs on a thousand digits, so short a training that it may favour large rates. It is not meant to
# give a good network, only to tell better settings from worse. And who judges it? Lesson 08 has shown that pictures
# which choose are no honest witnesses afterwards. So every second validation picture **chooses** the best network (the
# figures call these the choosers), and the others only **watch**: we shall need them later. (RMSprop is new: it
# divides the gradient by the root of a running average of its square, roughly Adam without the average of the
# gradient.)
#
# > **Predict:** which of the three settings will matter most?

# %%
rates = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3] if lesson.mode != "smoke" else [0.0001, 0.01]
space = {"optimiser": ["SGD", "RMSprop", "Adam"], "rate": rates, "kernels": [4, 16]}
settings = list(itertools.product(*space.values()))
right = np.array([train(1000, 2, *each, lesson.callbacks(part=str(each)))[2] for each in settings])
choosers = np.arange(right.shape[1]) % 2 == 0
chose, watch = (right[:, some].mean(axis=1) for some in (choosers, ~choosers))  # each network's accuracy, twice
accuracy = chose.reshape([len(values) for values in space.values()])

# %%
highest = dict(zip(space["optimiser"], (rates[place] for place in accuracy.max(axis=2).argmax(axis=1))))
drawn, axes = plots.figure(2, 1, height=4.6, sharex=True)
for k, axis in enumerate(axes):
    axis.imshow(100 * accuracy[:, :, k], cmap="viridis", vmin=0, vmax=100, aspect="auto")
    for (row, column), value in np.ndenumerate(accuracy[:, :, k]):
        ink = "white" if value < 0.5 else "black"
        frame = {"edgecolor": ink, "facecolor": "none", "linewidth": 2} if value == accuracy[row].max() else None
        axis.text(column, row, f"{100 * value:.0f}{' *' if value == accuracy.max() else ''}", color=ink, bbox=frame,
                  ha="center", va="center", fontsize=9)
    axis.set(title=f"{space['kernels'][k]} kernels", yticks=range(3), yticklabels=space["optimiser"])
axes[1].set(xlabel="learning rate", xticks=range(len(rates)), xticklabels=map(str, rates))
title = "Highest of each optimiser, one run a cell: " + ", ".join(f"{name} {rate:g}" for name, rate in highest.items())
drawn.suptitle(f"{title}\nAll {len(settings)} tries, accuracy of the choosers, %{mnist.figure_suffix}", fontsize=10)
plots.show(drawn, f"Accuracies by optimiser and learning rate, with 4 and 16 kernels. {title}.", gradations=True)

# %% [markdown]
# Framed: the highest cell of each optimiser; star: the highest of all (equals share the mark). Where an optimiser's
# highest cell lies at an end of its row, better rates may lie outside this space. A network that always says the same
# digit gets about one in ten: the highest rates can end like that. At rates too small for its optimiser a network has
# hardly left its random start, and may do worse.
#
# What explains the differences? With the whole table in hand that is plain arithmetic. Take one setting and average
# over the others: how much of the accuracies' variance is left? That share the setting explains **by itself**. Do the
# same for two settings together, and take off what each explains by itself: the rest they explain only **jointly**.

# %%
def explained(table, *kept):
    """Share of the variance, %, that remains when all other settings are averaged away."""
    return 100 * table.mean(axis=tuple({0, 1, 2} - {*kept})).var() / table.var()


def jointly(table):
    return explained(table, 0, 1) - explained(table, 0) - explained(table, 1)


shares = {name: explained(accuracy, axis) for axis, name in enumerate(space)}
most = max(shares, key=shares.get)
shares["optimiser and rate, jointly"] = joint = jointly(accuracy)
shares["all the rest"] = 100 - sum(shares.values())

# %%
drawn, axes = plots.figure(height=2.6)
axes.barh(list(shares), list(shares.values()), color=[plots.COLOURS[0]] * 3 + [plots.COLOURS[1], "#999999"])
axes.set(xlabel="share of the variance that it explains, %", ylim=(4.5, -0.5))
title = f"By itself the {most} explains most, {shares[most]:.0f} %;\noptimiser and rate jointly explain {joint:.0f} %"
drawn.suptitle(title + mnist.figure_suffix, fontsize=11)
plots.show(drawn, "Bars: " + ", ".join(f"{name} {share:.0f} %" for name, share in shares.items()) + ".")

# %%
print(f"Without SGD, optimiser and rate jointly explain {jointly(accuracy[1:]):.0f} % in place of {joint:.0f} %.")

# %% [markdown]
# Which rate is good depends on the optimiser: that is the joint part. "Important" always means: *within this space*.
# Widen the range of a setting, or take an optimiser out, and the shares are others. "All the rest" is what the kernels
# do together with the others. Luck is in every bar, since each cell of the table is *one* run.
#
# ## Dice against a grid
#
# In earnest you cannot fill the table. The tidy way is a **grid**: three values of each setting, all combinations. The
# lazy way draws every setting at random. Suppose that one of two settings matters and the other does not, and you have
# nine tries:

# %%
random = np.random.default_rng(seed)
plans = {"grid": np.array([*itertools.product([1, 3, 5], repeat=2)]) / 6, "dice": random.uniform((0, 0.1), 1, (9, 2))}

# %%
drawn, axes = plots.figure(1, 2, height=3, subplot_kw={"xlim": (0, 1), "ylim": (-0.28, 1), "xticks": [], "yticks": []})
for axis, (name, points) in zip(axes, plans.items()):
    axis.vlines(points[:, 0], 0, points[:, 1], color="#999999", linewidth=1)
    axis.plot(*points.T, "o", color=plots.COLOURS[0], markersize=5)
    axis.plot(np.sort(points[:, 0]), -0.07 - 0.08 * (np.arange(9) % 3), "|", color=plots.COLOURS[1], ms=11, mew=2)
    axis.set(title=f"{name}: {len({*points[:, 0]})} values", xlabel="the setting that matters", ylabel="the other one")
drawn.suptitle("Nine tries: the grid sees three values of what matters, dice nine", fontsize=11)
plots.show(drawn, "Nine tries each: the grid's fall on three values of the setting that matters, the dice's on nine.")

# %% [markdown]
# Each stroke at the foot is a try at its value of the setting that matters (three rows, so that close neighbours stay
# apart). In the grid three strokes at a time share one value; the dice spread theirs, without knowing which setting
# matters. What that is worth in our table is printed after the race.
#
# ## A search that learns from its tries
#
# Dice have no memory. The *tree-structured Parzen estimator* (TPE), the default of the program Optuna, has one. It
# splits the tries so far into good ones, say the best quarter (Optuna: the best tenth, rounded up), and the others. Put
# a bell curve over each good try (in the figure below its standard deviation is one step in the list of rates), and
# average the bells: the hill is high where many good tries lie. Its height at the setting's value $x$ is the *density*
# $l(x)$; the others have theirs, $g(x)$. Let $\gamma$ be the fraction of good tries. Then near $x$ there are good tries
# in proportion to $\gamma\, l(x)$, and others in proportion to $(1 - \gamma)\, g(x)$. So a try at $x$ is a good one
# (Bayes' rule) with the chance
#
# $$P(\text{good} \mid x) = \frac{\gamma\, l(x)}{\gamma\, l(x) + (1 - \gamma)\, g(x)}
# = \frac{1}{1 + \frac{1 - \gamma}{\gamma} \cdot \frac{g(x)}{l(x)}}.$$
#
# It grows with $l(x) / g(x)$, so TPE tries next where that ratio is large. Below it looks at the rates of some random
# tries with 16 kernels; marks side by side are one rate with different optimisers. (In JupyterLab, add tries with the
# slider.)

# %%
order = random.permutation(np.array(list(np.ndindex(3, len(rates)))))


def thinking(count):
    tried = order[:count, 1]
    good = np.argsort(-accuracy[order[:count, 0], tried, 1])[: max(count // 4, 1)]
    others = np.setdiff1d(np.arange(count), good)
    places = np.linspace(-0.5, len(rates) - 0.5, 200)
    of_good, of_others = (np.exp(-0.5 * (places[:, None] - tried[some]) ** 2).mean(axis=1) for some in (good, others))
    drawn, axes = plots.figure(height=3.2)
    drawn_as = ((good, of_good, "-", "^", "$l$, good tries"), (others, of_others, "--", "x", "$g$, the others"))
    for low, (some, density, style, marker, name), colour in zip((-0.04, -0.1), drawn_as, plots.COLOURS):
        axes.plot(places, density, style, color=colour, linewidth=2, label=name)
        axes.plot(tried[some] + 0.15 * (order[some, 0] - 1), np.full(len(some), low), marker, color=colour)
    ratio = of_good / (of_others + 0.05)  # a little more below, so that untried places do not divide by nothing
    axes.plot(places, ratio / ratio.max(), color="#999999", linewidth=1, label="$l / g$, height is free")
    next_rate = np.interp(range(len(rates)), places, ratio).argmax()
    axes.axvline(next_rate, color="black", linestyle=":", label="try next")
    axes.set(xlabel="learning rate", ylabel="density", yticks=[], xticks=range(len(rates)), xticklabels=map(str, rates))
    axes.legend(frameon=False, fontsize=9)
    drawn.suptitle(f"After {count} tries the ratio says: {rates[next_rate]:g} next" + mnist.figure_suffix, fontsize=11)
    return drawn, f"Densities of good tries and of others over the learning rate, and their ratio, after {count} tries."


widgets.slide(thinking, range(4, len(order) + 1), "tries", start=max(len(order) // 2, 4))

# %% [markdown]
# This TPE asks about the rate by itself and about the optimiser by itself. It does *not* see what the two explain
# jointly. Does that cost anything? Optuna has both kinds, settings one by one (`multivariate=False`) and all of them
# together (`multivariate=True`).
#
# ## Does thinking pay?
#
# Now the race: two TPEs against dice, twenty tries each. A try looks its result up in our table, so it costs nothing.
#
# A single search by dice may be lucky. So the yardstick is what dice reach *on average*, and with the whole table in
# hand that can be computed. Order the table's $N$ accuracies from the lowest to the highest. One draw is no higher than
# the $i$th with probability $i/N$. The best of $t$ draws is no higher if none of them is: probability $(i/N)^t$. So it
# is exactly the $i$th with probability $(i/N)^t - ((i-1)/N)^t$. Weigh each accuracy with its chance, add up, and you
# have the average.

# %%
rank, share = np.argsort(chose), np.arange(1, chose.size + 1) / chose.size  # networks, lowest first, and their i/N


def chances(draws):  # of each network of `rank`, to be the best of so many draws
    return np.diff(np.append(0, share**draws))  # share**draws is (i/N)^t; np.diff takes off ((i-1)/N)^t


# %%
average = [100 * chose[rank] @ chances(t) for t in range(1, 21)]
low, high = ([100 * chose[rank[np.searchsorted(share**t, q)]] for t in range(1, 21)] for q in (0.1, 0.9))
told = f"Ten draws by dice: the best has {average[9]:.1f} % on average, mostly {low[9]:.1f} to {high[9]:.1f} %"
bounds = {"average": average, "at most one search in ten ends above": high, "at most one in ten ends below": low}
plots.lines(bounds, told + mnist.figure_suffix, "draws", "accuracy by the choosers, %\n(best so far)",
            alt=f"The average rises with the draws, ever more slowly, between two outer lines. {told}.")

# %% [markdown]
# "Mostly" means between the outer lines, where at least eight searches in ten end. Each further draw adds less to the
# average. And two searches by dice may end far apart; a comparison with their average is free of that luck.
#
# When do we start to count? Both TPEs first roll dice, the same ten for a seed: only then is there something to learn
# from. So we start after ten. From the best cell found by then the TPE goes on with ten tries, and the yardstick with
# ten more *draws*, on average; where none of them is better, that cell is kept (`start` in the code below). A lucky
# beginning counts on both sides.
#
# Each TPE runs twenty such searches, from twenty seeds. Both twenties were fixed before the first run.
#
# > **Predict:** after twenty tries out of the table, who is ahead of the average dice, and by how many points? And
# > which of the two TPEs will be the better one, given what optimiser and rate explain jointly?

# %%
import warnings

import optuna
from optuna.samplers import TPESampler

optuna.logging.set_verbosity(optuna.logging.WARNING)
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # "multivariate" is new
searchers = {"TPE one by one": False, "TPE together": True}  # Optuna's `multivariate`


def look_up(trial):
    optimiser = trial.suggest_categorical("optimiser", [0, 1, 2])
    rate, kernels = trial.suggest_int("rate", 0, len(rates) - 1), trial.suggest_categorical("kernels", [0, 1])
    return accuracy[optimiser, rate, kernels]


# %%
searches, tries = 20 if lesson.mode != "smoke" else 3, 20
seen = {name: [] for name in searchers}  # the cells of the table that each search looks at, one after the other
for name, multivariate in searchers.items():
    for number in range(searches * seed, searches * (seed + 1)):
        study = optuna.create_study(sampler=TPESampler(multivariate=multivariate, seed=number), direction="maximize")
        study.optimize(look_up, n_trials=tries)
        places = tuple([trial.params[key] for trial in study.trials] for key in space)
        seen[name].append(np.ravel_multi_index(places, accuracy.shape))
# Where each search stands after ten tries, and after all of them.
first, last = ({key: [row[chose[row[:n]].argmax()] for row in rows] for key, rows in seen.items()} for n in (10, tries))


def dice_on(start, draws, judge=chose):  # mean accuracy of the choosers' best among `start` and so many draws
    return np.where(chose[rank] > chose[start], judge[rank], judge[start]) @ chances(draws)


def lead(name, judge):  # of a TPE's searches over average dice: an `evidence.Comparison`
    return evidence.compare([dice_on(cell, tries - 10, judge) for cell in first[name]], judge[last[name]])


# %%
one, together = searchers
race = evidence.as_family({name: lead(name, chose) for name in (one, together)})  # Holm's correction (lesson 10)
who = " and ".join(name for name in race if race[name].verdict == "helps") or "neither TPE"
steps = np.arange(10, tries + 1)
drawn, axes = plots.figure(height=3.6)
for aside, name, colour, style in zip((0.5, 2.2), race, plots.COLOURS[1:], ("s--", "^:")):
    mean = 100 * np.maximum.accumulate(chose[np.array(seen[name])], axis=1).mean(axis=0)
    axes.plot(steps, mean[9:], style, color=colour, markersize=5, label=name)
    # The interval is that of the distance from average dice, in points.
    axes.errorbar(tries + aside, mean[-1], 50 * (race[name].high - race[name].low), fmt=style[0], color=colour)
    axes.text(tries + aside + 0.15, mean[-1], f"{100 * race[name].mean:+.2f}", color=colour, va="center", size=9)
average = [100 * np.mean([dice_on(cell, n - 10) for cell in first[one]]) for n in steps]
axes.plot([*steps, tries + 3.6], [*average, average[-1]], "--", color="black", linewidth=1, label="average dice")
axes.axhline(top := 100 * accuracy.max(), color="black", linewidth=1, label="the best cell of all")
axes.set(xlabel="tries (the first ten: dice)\nright: distance to average dice, 95 % interval", xticks=steps[::2])
axes.set(xlim=(9.7, tries + 3.6), ylim=(average[0] - 0.5, top + 1), ylabel="accuracy by the choosers, %\n(best so far)")
axes.legend(frameon=False, fontsize=9, loc="lower right")
drawn.suptitle(f"Detectably ahead of average dice, by the choosers:\n{who}{mnist.figure_suffix}", fontsize=11)
plots.show(drawn, f"Best accuracy against tries, with 95 % intervals; ahead of average dice by the choosers: {who}.")

# %%
for name in (one, together):
    print(race[name].sentence(f"{name}, against {tries - 10} more draws by average dice"))
print(evidence.compare(chose[last[one]], chose[last[together]]).sentence(f"{together}, against {one}"))

# %% [markdown]
# Who is ahead of average dice? The verdicts decide, and fresh seeds would have to bear them out.
#
# Did you bet on the TPE that sees both? The last line answers, and its interval says which differences twenty searches
# leave open. Why might one by one be enough? Look back at the joint share without SGD: among optimisers that like the
# same rates, it *can* find the best cells as well.
#
# But a search keeps what the choosers like best, perhaps by luck. So measure the same leads, of the same cells, on the
# pictures that only watched (`judge` in the code above):

# %%
watched = evidence.as_family({name: lead(name, watch) for name in (one, together)})
for name, found in watched.items():
    print(found.sentence(f"{name}, by those who watched"))

# %% [markdown]
# If a verdict is "helps" here, too, these other pictures like the search's *networks* better as well; otherwise its
# lead is shown at most for the pictures that chose.
#
# And what are the dice's many values worth? The drawing above supposed that each throw is a new value; here there are
# only eight rates, and dice may draw a cell twice, which a grid never does:

# %%
# Rates two steps apart, or three: grids that somebody might choose.
grids = [accuracy[:, i : i + 2 * gap + 1 : gap] for gap in (2, 3) for i in range(len(rates) - 2 * gap)] or [accuracy]
print(f"Best of a grid of {grids[0].shape[1]} rates, mean of {len(grids)}: {np.mean([g.max() for g in grids]):.1%}"
      f"; average dice after as many tries, {grids[0].size}: {chose[rank] @ chances(grids[0].size):.1%}.")

# %% [markdown]
# These verdicts hold for *this* table: one small space, one kind of network, and few tries, of which Optuna counts at
# most two as good. And a table has its own trap: a second visit to a cell, by chance or by memory, teaches nothing.
# With many tries and many settings there is more to learn; whether it pays there, this table cannot say.
#
# ## Does the champion flatter?
#
# Now to what a search costs besides time. The champion **flatters** if it does better on the pictures that chose it
# than on those that watched.

# %%
best = accuracy.argmax()
scatter = 200 * right[best].std() / np.sqrt(right.shape[1])  # standard error, in points, of a difference of two halves
print(f"{chose[best]:.1%} of the choosers, {watch[best]:.1%} of those who watched, {100 * (watch - chose)[best]:+.1f} "
      f"points: it {'flatters' if (watch < chose)[best] else 'does not flatter'}. Standard error: {scatter:.1f}.")

# %% [markdown]
# One deal of the pictures can go either way; what counts is the average of many. So deal them anew, ten thousand times:
# $n$ of them choose the best of $k$ networks, drawn at random from the table. Its accuracy on those $n$, less that on
# all the others, is the flattery.


# %%
def flattery(n, deals=1000):
    """The winner's accuracy on the n pictures that chose it less that on the others, points, for each of `counts`."""
    say = random.permuted(np.tile(1.0 * (np.arange(right.shape[1]) < n), (deals, 1)), axis=1)  # 1 for n pictures, or 0
    # In each deal the networks stand in another order, of which the first k stand for election.
    order = random.permuted(np.tile(np.arange(len(right)), (deals, 1)), axis=1)
    inside, outside = (np.take_along_axis(mask @ right.T / mask[0].sum(), order, axis=1) for mask in (say, 1 - say))
    return [100 * (inside - outside)[range(deals), inside[:, :k].argmax(axis=1)].mean() for k in counts]


counts = np.unique(np.geomspace(1, len(right), 6).astype(int))
sizes = [n for n in (20, 50, 200, int(choosers.sum())) if n <= choosers.sum()]
points = {n: np.mean([flattery(n) for _ in range(10)], axis=0) for n in sizes}

# %%
flattered = ", ".join(f"{points[n][-1]:.1f} points if {n} choose" for n in (sizes[0], sizes[-1]))
plots.lines({f"{n} pictures choose": (counts, points[n]) for n in sizes}, log_x=True, ticks=counts, marker="o",
            title=f"Best of {counts[-1]}: flattery {flattered}{mnist.figure_suffix}", x="networks to choose from",
            y="flattery, points", alt=f"The winner's accuracy on its choosers less that on the others: {flattered}.")

# %% [markdown]
# Without a choice nothing flatters. The more pictures choose, the less luck is in each accuracy. And where one network
# stands well above the next, many pictures leave no doubt whom to choose. (Both may keep the lower curves low.) Luck
# decides where the best are close. To see luck alone, take quality away: a hundred "pictures" whose labels are coin
# flips, and as "networks" a thousand guessers.
#
# > **Predict:** how many of the hundred does the best guesser get right, and what share of new coins?

# %%
labels, answers = random.integers(2, size=100), random.integers(2, size=(1000, 100))
again = (random.integers(2, size=10_000) == random.integers(2, size=10_000)).mean()
print(f"the champion of 1,000 guessers: {(answers == labels).mean(axis=1).max():.0%}; on 10,000 new coins: {again:.1%}")

# %% [markdown]
# Nobody would believe in that champion: of new coins it gets about half. (For a share among 10,000 coins two standard
# errors are one point; chance seldom goes further.) With real networks the same happens, only less visibly. How much?
# Of $k$ networks of the *same* true accuracy $p$, each tested on $n$ pictures, the best looks better than it is, on
# average, by at most about $\sigma \sqrt{2 \ln k}$, where $\sigma = \sqrt{p (1 - p) / n}$. Whoever takes that on trust
# may go on at the next Predict: the cell below it counts exactly.
#
# Why? Let each network have its own draw of $n$ pictures. The deviation $D$ of a measured accuracy from $p$ is roughly
# normal with this standard deviation $\sigma$, so the mean of $e^{tD}$, written $\mathbb{E}[e^{tD}]$, is
# $e^{t^2 \sigma^2 / 2}$ (a known integral, which we only quote). Call the largest of the $k$ deviations $\max D$, and
# take any $t > 0$. The exponential function curves upwards, so its value at the mean is at most the mean of its values:
# the first step below. And $e^{t \max D}$ is one of the $k$ positive numbers $e^{tD}$, so at most their sum, whose mean
# is $k$ times that of one: the second step.
#
# $$e^{t\, \mathbb{E}[\max D]} \le \mathbb{E}\bigl[e^{t \max D}\bigr] \le k\, e^{t^2 \sigma^2 / 2}.$$
#
# Take logarithms and divide by $t$: $\mathbb{E}[\max D] \le \ln k / t + t \sigma^2 / 2$. That is least at
# $t = \sqrt{2 \ln k} / \sigma$, which gives $\mathbb{E}[\max D] \le \sigma \sqrt{2 \ln k}$. (It holds for draws that
# are not independent, too.)
#
# > **Predict:** take for $p$ the accuracy that the article of lessons 01 to 09 reports for its last network (lesson 09
# > opens with it), and 10,000 test pictures. By how many digits, on average, does the best of a hundred *equal*
# > networks look better than it is?

# %%
from scipy import stats

p = evidence.article_figure("baseline_cnn", evidence.ALL_SIX)
print(f"p = {p:.2%}, {10_000 * (p - evidence.article_figure('baseline_cnn')):.0f} digits above its first CNN.")
for k in (10, 100, 1000):
    exact = (1 - stats.binom.cdf(np.arange(10_000), 10_000, p) ** k).sum() - 10_000 * p
    bound = 10_000 * np.sqrt(p * (1 - p) / 10_000 * 2 * np.log(k))
    print(f"the best of {k:5,} equal networks: {exact:.0f} digits more ({exact / 100:.2f} points), at most {bound:.0f}")

# %% [markdown]
# (The exact figure, as for the dice: the best of $k$ gets at most $s$ right if all do, with probability $F(s)^k$, where
# $F(s)$ is one network's chance of at most $s$ right, by the binomial distribution.) Whoever tries a hundred equal
# variants and quotes the best on the test set is given, on average, up to that many digits for nothing; set them beside
# the article's whole gain, in the first line. Real variants see the *same* pictures, so their luck is partly shared and
# the gain is smaller. The cure is to choose on validation pictures, and to open the seal once; its cost is that those
# pictures cannot be trained on.
#
# ## One final test
#
# The tries were short, and what wins a sprint may stumble on the long way. So the three best go the whole way, each
# at its rate, on all training digits, and the same pictures choose once more.
#
# > **Predict:** will the winner of the sprint win again?

# %%
finalists, epochs = np.argsort(-accuracy.ravel())[:3], lesson.epochs(16, reduced=8)
ends = [train(len(mnist.x_train), epochs, *settings[i], lesson.callbacks(part=str(settings[i]))) for i in finalists]
winner = int(np.argmax([knows[choosers].mean() for *_, knows in ends]))
model, history, knows = ends[winner]

# %%
for place, (*_, known) in zip(finalists, ends):
    alone, beaten = ((a & ~b)[choosers].sum() for a, b in ((knows, known), (known, knows)))
    coin = min(1, 2 * stats.binom.cdf(min(alone, beaten), alone + beaten, 0.5))  # twice the smaller tail
    duel = f"it alone right {beaten} times, the winner alone {alone}; coins part so unevenly in {coin:.0%} of cases"
    print(f"{dict(zip(space, settings[place]))}: {accuracy.ravel()[place]:.1%} in the sprint, {known[choosers].sum()} "
          f"of {choosers.sum()} at the end; {'the winner' if known is knows else duel}.")
print(f"The winner of the sprint {'wins again' if winner == 0 else 'does not win here'}. Of the winner at the end "
      f"the choosers say {knows[choosers].mean():.1%}, those who watched {knows[~choosers].mean():.1%}.")

# %% [markdown]
# One run each. All three answered the same pictures, so two of them differ only where one alone is right: were they
# equally good, each such picture would be the throw of a coin (lesson 10). The printed shares are of coins that part at
# least so unevenly, either way. The winner was *picked* for being ahead, so they are too small. If they are not small
# even so, the final decided nothing; we take its winner because we must take one.

# %% [markdown]
# ## Is the step from validation to test normal?

# %%
test = lesson.final_test(model)
chosen = dict(zip(space, settings[finalists[winner]]))
record = lesson.record(model, "searched_cnn", history=history, test=test, tries=len(settings), **chosen)
lesson.expect(record)
gap = test.accuracy - knows.mean()
errors = gap / np.sqrt(knows.var() / len(knows) + test.accuracy * (1 - test.accuracy) / test.n)
print(f"{len(knows):,} validation pictures: {knows.mean():.1%}; test {100 * gap:+.1f} points, {errors:+.1f} standard "
      f"errors of that difference. Luck goes as far, either way, in {2 * stats.norm.sf(abs(errors)):.1%} of draws.")

# %% [markdown]
# Half of these validation pictures chose the winner, so on average its figure ought to fall a little on the sealed
# ones. But one draw of validation pictures may be harder than most: count the difference in standard errors. Two of
# them are passed about once in twenty draws, three about once in four hundred: the first is worth a second seed, the
# second an explanation.

# %%
lesson.progress(record)

# %% [markdown]
# This is not people against machines: epochs and tries differ between the rows, and nothing was chosen by these test
# accuracies. Our search tried every cell of the table; how many tries the people needed, nobody counted. And a search
# finds the best of *its* space. Whether to use a convolution, a normalisation or a shift at all is a larger space, and
# people searched it for years.
#
# > **What would you try next?** Look at the first figure: whose highest cell lies at an end of its row? Then write down
# > one wider search space, and what would make you give it up.
#
# ## Exercise 1: how many pictures does a choice need?
#
# > You are going to choose among `tries` networks of about the same `accuracy`, and the winner's figure should
# > flatter, on average, by at most `optimism` (a fraction, such as 0.001). By the bound above, how many validation
# > pictures are enough? Return the smallest whole number.


# %%
def pictures_needed(accuracy, tries, optimism):
    ...


# %% tags=["nbval-check-output"]
lesson.check_pictures_needed(pictures_needed)

# %% [markdown]
# ## Exercise 2: choose, and report honestly
#
# > `right` is a table of truth values, one row a network and one column a picture, like the one above. `choosers` says
# > for each picture whether it may choose. Return the number of the row that you choose (counted from 0; the first of
# > several equals), the accuracy that *chose* it, and the accuracy that you *report*.


# %%
def choose(right, choosers):
    ...


# %% tags=["nbval-check-output"]
lesson.check_choose(choose)

# %% [markdown]
# Solutions: [solutions/15_tuning.ipynb](solutions/15_tuning.ipynb).
#
# ## A search that takes the night
#
# A real try takes minutes, and in a long night something breaks. So let Optuna write each try into a file; run again,
# these lines go on where they stopped (the classes are in `optuna.storages` and `optuna.storages.journal`). The study's
# name tells mode, seed and data, so that no search continues another one. `one_try(trial)` is yours: like `look_up`,
# but it trains. (A try that an accident ended stays in the file and counts.)
#
#     storage = JournalStorage(JournalFileBackend("night.log"))
#     study = optuna.create_study(study_name="full-1-mnist", storage=storage, direction="maximize", load_if_exists=True)
#     study.optimize(one_try, n_trials=100 - len(study.trials))
#
# ## What to take away
#
# * Of the settings that matter, random tries see more values than a grid does. Whether they also *find* more has to be
#   measured: among few values a grid that repeats none may do as well. A search with a memory has to beat dice *on
#   average*, over many seeds; one that models its settings one by one cannot see what counts jointly, and may yet do
#   as well.
# * The best of many tries is partly the luckiest: among $k$ equal networks it looks better than it is, on average by at
#   most about $\sigma \sqrt{2 \ln k}$, where $\sigma$ is the standard error of one network's accuracy.
# * Whatever chooses is spent. Search on validation pictures, and let the sealed ones speak once.
#
# A search needs many tries, and whoever trains ten times faster gets ten times as many in the same time. How fast can
# a good network be trained? That is the question of [lesson 16](16_fast.ipynb).
#
# ## Sources
#
# * P. Veličković, *Deep learning for complete beginners*, parts 2 and 3: the accuracies of the article quoted here.
# * J. Bergstra and Y. Bengio, *Random search for hyper-parameter optimization*, 2012: dice against the grid.
# * J. Bergstra, R. Bardenet, Y. Bengio and B. Kégl, *Algorithms for hyper-parameter optimization*, 2011: the Parzen
#   estimator.
# * T. Akiba and others, *Optuna: a next-generation hyperparameter optimization framework*, 2019.
# * C. Ying and others, *NAS-Bench-101: towards reproducible neural architecture search*, 2019: judge searches on a
#   table.
# * G. Cawley and N. Talbot, *On over-fitting in model selection and subsequent selection bias in performance
#   evaluation*, 2010.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Let the group bet on the most important setting before the table is shown, and ask afterwards
# what "important" would mean without the joint part. Before the race, let everybody draw the curves of the two
# TPEs beside that of average dice. For the coins, let everybody flip ten and celebrate the champion, then let the
# champion flip again. Likely wrong answers: in exercise 1 forgetting the square, taking `math.log10`, or rounding down;
# in exercise 2 choosing by all pictures, or reporting the figure that chose. To discuss: who in a research field holds
# the seal, when thousands of people tune on the same public test set?
