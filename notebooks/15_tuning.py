# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Let the machine choose
#
# **Goal:** search for a better network by program, on validation pictures only, and learn what a search costs besides
# time.
#
# Thirty-two kernels of three by three, two layers of them, 128 hidden units, Adam: all through this course these were
# given. Who chose them? The article names 99.79 % as the record of its time, and its last network stays below. Perhaps
# another number of kernels, another depth, hidden layer, optimiser or activation, or more members would go further? With
# three values for each of eight settings there are $3^8 = 6561$ networks to try. How do you search when you can afford a
# few dozen?

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
from course_utils import Lesson, evidence, plots

lesson = Lesson("15_tuning", mode=mode, seed=seed)
mnist = lesson.load("mnist")

# %% [markdown]
# ## What may be chosen
#
# First the network, with every choice an argument. Each convolution is followed by a pooling, so that depth stays cheap.
# Members are joined as in lesson 07.

# %%
import keras
import numpy as np
from keras import layers


def build(kernels, size, depth, hidden, activation, members):
    pixels = keras.Input((28, 28, 1))
    scaled = layers.Rescaling(1 / 255)(pixels)
    outputs = []
    for _ in range(members):
        x = scaled
        for _ in range(depth):
            x = layers.Conv2D(kernels, size, padding="same", activation=activation)(x)
            x = layers.MaxPooling2D()(x)
        x = layers.Dense(hidden, activation=activation)(layers.Flatten()(x))
        x = layers.Dropout(0.5)(x)
        outputs.append(layers.Dense(10, activation="softmax", dtype="float32")(x))
    together = layers.Average(dtype="float32")(outputs) if members > 1 else outputs[0]
    return keras.Model(pixels, together, name="tuned_cnn")


# %%
def train(setting, count, epochs, **options):
    """Train on the first `count` pictures; every call starts from the same seed."""
    keras.utils.set_random_seed(seed)
    setting = dict(setting)
    optimiser = getattr(keras.optimizers, setting.pop("optimiser"))(setting.pop("rate"))
    model = build(**setting)
    model.compile(optimiser, "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        mnist.x_train[:count], mnist.y_train[:count],
        batch_size=64, epochs=epochs, verbose=0, **options,
    )  # fmt: skip
    return model, history


# %% [markdown]
# Optuna asks for the **search space** in the form of a function. It calls this function with a *trial*, and each
# `suggest` answers with a value. Settings that act by their size relative to each other, such as the learning rate,
# are drawn on a logarithmic scale: 0.001 to 0.01 is as long a way as 0.01 to 0.1.

# %%
import optuna

optuna.logging.set_verbosity(optuna.logging.WARNING)
most_members = 3 if lesson.mode == "full" else 2


def suggest(trial):
    return {
        "kernels": trial.suggest_categorical("kernels", [8, 16, 32]),
        "size": trial.suggest_categorical("size", [3, 5]),
        "depth": trial.suggest_int("depth", 1, 3),
        "hidden": trial.suggest_categorical("hidden", [32, 64, 128, 256]),
        "activation": trial.suggest_categorical("activation", ["relu", "elu", "tanh"]),
        "members": trial.suggest_int("members", 1, most_members),
        "optimiser": trial.suggest_categorical("optimiser", ["SGD", "RMSprop", "Adam"]),
        "rate": trial.suggest_float("rate", 1e-4, 1e-1, log=True),
    }


# %% [markdown]
# A try is a short training on a part of the pictures. It is not meant to give a good network, only to tell the better
# settings from the worse. What does a try report? Lesson 08 has shown that pictures which choose are no longer
# honest witnesses. So every second validation picture will **choose**, and the others only **watch**: we write down how
# they would have judged, and look at it at the end.
#
# This callback tells Optuna after each epoch how the try is doing, and ends it when Optuna sees no point in going on.

# %%
choosers = np.arange(len(mnist.y_val)) % 2 == 0


class Report(keras.callbacks.Callback):
    def __init__(self, trial):
        super().__init__()
        self.trial = trial

    def on_epoch_end(self, epoch, logs=None):
        said = np.asarray(self.model.predict(mnist.x_val, batch_size=500, verbose=0))
        self.right = said.argmax(axis=1) == mnist.y_val
        self.trial.report(self.right[choosers].mean(), epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned


# %%
some = {"smoke": 256, "reduced": 2000, "full": 15_000}[lesson.mode]
short = lesson.epochs(6, reduced=3)


def objective(trial):
    """Accuracy on the pictures that choose; the mistakes on all of them are kept with the trial."""
    keras.utils.clear_session()  # one try after another would fill the memory
    keras.config.set_dtype_policy(lesson.machine.precision)  # which the line above has cleared too
    report = Report(trial)
    train(suggest(trial), some, short, callbacks=[report])
    trial.set_user_attr("mistakes", np.flatnonzero(~report.right).tolist())
    return float(report.right[choosers].mean())


# %% [markdown]
# ## Roll the dice
#
# The simplest search that works draws every setting at random. It is better than it sounds. Of eight settings perhaps
# two matter. A grid that tries three values of each spends its 6561 tries on three values of those two; a dozen random
# tries see a dozen values of each.
#
# A search runs for hours in earnest, and hours contain accidents. So the trials go to a file, each one as soon as it has
# ended: stop the kernel in the middle of the next cells, start again, and the search goes on where it was. The name of the
# study tells mode, seed and data, so that no search continues another one. If you change the search space, change
# the name too: old trials do not fit into a new space.

# %%
from course_utils.lesson import records_folder

records_folder().mkdir(parents=True, exist_ok=True)
storage = f"sqlite:///{records_folder() / '15_tuning.sqlite3'}"
ENDED = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)


def open_study(name, sampler, pruner, **options):
    study = optuna.create_study(
        study_name=f"{name}, {lesson.mode}, seed {seed}, data {mnist.sha256}",
        storage=storage, pruner=pruner, direction="maximize", load_if_exists=True,
    )  # fmt: skip
    # A sampler starts anew with each kernel: with one seed a resumed search would repeat itself.
    study.sampler = sampler(seed=seed + len(study.trials), **options)
    return study


def go_on(study, total):
    """Try until `total` trials have ended, those in the file included."""
    there = len(study.get_trials(states=ENDED))
    study.optimize(objective, n_trials=max(0, total - there))
    print(f"{there} trials were in the file, {len(study.get_trials(states=ENDED))} are now")


# %%
first, total = {"smoke": (2, 3), "reduced": (5, 12), "full": (12, 60)}[lesson.mode]
dice = open_study("dice", optuna.samplers.RandomSampler, optuna.pruners.NopPruner())
go_on(dice, total)
rolled = dice.get_trials(states=ENDED)

# %%
values = [trial.value for trial in rolled]
drawn, axes = plots.figure(height=3.2)
for colour, name in zip(plots.COLOURS, ("SGD", "RMSprop", "Adam")):
    mine = [trial for trial in rolled if trial.params["optimiser"] == name]
    rates = [trial.params["rate"] for trial in mine]
    axes.plot(rates, [100 * t.value for t in mine], "o", color=colour, markersize=7, label=name)
axes.set(xscale="log", xlim=(8e-5, 0.12), xlabel="learning rate", ylabel="accuracy of the choosers, %")
axes.legend(frameon=False)
axes.set_title(f"{len(rolled)} rolls of the dice: from {min(values):.1%} to {max(values):.1%}" + mnist.figure_suffix)
plots.show(
    drawn,
    "Validation accuracy of each random try against its learning rate, coloured by optimiser: from "
    f"{min(values):.1%} to {max(values):.1%}.",
)

# %% [markdown]
# Good and bad tries are far apart, and each point differs from its neighbours in seven more settings that the figure does
# not show. **Predict:** which setting explains most of it?
#
# ## A search that learns from its tries
#
# Dice have no memory. Let $l(x)$ be the density of a setting $x$ among the best tries so far, say the best fraction
# $\gamma$ of them, and $g(x)$ that among all others. What is the chance that a try with setting $x$ is a good one? Bayes:
#
# $$P(\text{good} \mid x) = \frac{\gamma\, l(x)}{\gamma\, l(x) + (1 - \gamma)\, g(x)}
# = \frac{1}{1 + \frac{1 - \gamma}{\gamma} \cdot \frac{g(x)}{l(x)}}.$$
#
# It grows with $l(x) / g(x)$. So: draw some candidates from $l$, take the one with the largest ratio, try it, add it to
# the record. That is the *tree-structured Parzen estimator*, Optuna's default.
#
# It saves in a second way. A try that lies behind the **median** of the earlier ones at the same epoch is given up. To
# make the comparison fair both searches share their first few tries; then one goes on rolling dice, and the other
# thinks.


# %%
def open_search():
    median = optuna.pruners.MedianPruner(n_startup_trials=first)
    study = open_study("search", optuna.samplers.TPESampler, median, n_startup_trials=first)
    if not study.trials:
        study.add_trials(rolled[:first])
    return study


search = open_search()
go_on(search, (first + total) // 2)

# %% [markdown]
# Suppose that the computer was switched off here. We forget the object and open the file again.

# %%
del search
search = open_search()
go_on(search, total)

# %%
tried = search.get_trials(states=ENDED)
pruned = [t for t in tried if t.state == optuna.trial.TrialState.PRUNED]
drawn, axes = plots.figure(height=3.4)
for trial in tried:
    told = trial.intermediate_values
    epochs, heights = [e + 1 for e in told], [100 * v for v in told.values()]
    given_up = trial in pruned
    axes.plot(epochs, heights, "o-", color=plots.COLOURS[given_up], alpha=0.6, markersize=4)
    if given_up:
        axes.plot(epochs[-1], heights[-1], "x", color=plots.COLOURS[1], markersize=10, markeredgewidth=2)
axes.set(xlabel="epoch (× given up)", ylabel="accuracy of the choosers, %", xticks=range(1, short + 1))
axes.set_title(f"{len(pruned)} of {len(tried)} tries were given up before they could cost more" + mnist.figure_suffix)
plots.show(
    drawn,
    f"Validation accuracy of {len(tried)} tries against epoch; {len(pruned)} of them end early in a cross.",
)

# %% [markdown]
# ## Did thinking pay?
#
# Count what was spent, in epochs, and plot the best try so far against it. The dice might have fallen in another order, so
# we shuffle their tries many times: that gives the range in which luck alone would put the line.


# %%
def best_so_far(trials):
    """Epochs spent and the best completed value, after each trial."""
    spent = np.cumsum([len(trial.intermediate_values) for trial in trials])
    scores = [0.0 if trial in pruned else trial.value for trial in trials]
    return spent, np.maximum.accumulate(scores)


rng = np.random.default_rng(seed)
shuffled = np.array([best_so_far(rng.permutation(rolled))[1] for _ in range(1000)])
low, high = np.percentile(shuffled, [10, 90], axis=0)
dice_spent, _ = best_so_far(rolled)
spent, best = best_so_far(tried)

# %%
drawn, axes = plots.figure(height=3.2)
axes.fill_between(dice_spent, 100 * low, 100 * high, color=plots.COLOURS[0], alpha=0.2)
axes.plot(dice_spent, 100 * shuffled.mean(axis=0), "o-", color=plots.COLOURS[0], markersize=4,
          label="dice: mean, and the middle 80 of 100 orders")
axes.plot(spent, 100 * best, "o-", color=plots.COLOURS[1], markersize=4, label="search that gives up early")
axes.set(xlabel="epochs trained, all tries together", ylabel="best accuracy so far, %")
axes.set_ylim(100 * shuffled.mean(axis=0)[0] - 5, None)
axes.legend(frameon=False, loc="lower right")
axes.set_title(f"The same {total} tries: {dice_spent[-1]} epochs of dice, {spent[-1]} of the search"
               + mnist.figure_suffix)
plots.show(
    drawn,
    f"Best accuracy so far against epochs spent: the dice reach {max(values):.1%} after "
    f"{dice_spent[-1]} epochs, the search {best[-1]:.1%} after {spent[-1]}.",
)  # fmt: skip

# %%
print(f"dice:   {max(values):.1%} after {dice_spent[-1]} epochs")
print(f"search: {best[-1]:.1%} after {spent[-1]} epochs")
print(f"one picture of the choosers is worth {1 / choosers.sum():.2%}")
for name, value in search.best_params.items():
    print(f"  {name}: {value:.4f}" if name == "rate" else f"  {name}: {value}")

# %% [markdown]
# Be careful with what you conclude. This is *one* search with one seed, an anecdote by the measure of lesson 10. What is
# sure is the bill: giving up early saves epochs. That the model of good and bad settings beats dice needs more tries than
# these, and is seldom clear before some dozens.
#
# ## What mattered?
#
# A regression forest predicts the accuracy from the settings, and the share of the variance that goes back to each setting
# is called its **importance** (fANOVA). We ask the dice, since they covered the space evenly and completed every try. And
# we ask again with each try left out in turn: if one try can change the answer, the answer is a guess.


# %%
def importances(trials):
    part = optuna.create_study(direction="maximize")
    part.add_trials(trials)
    forest = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    try:
        return optuna.importance.get_param_importances(part, evaluator=forest)
    except RuntimeError:  # All tries were equally good: there is nothing to explain.
        return dict.fromkeys(trials[0].params, 0.0)


shares = [importances(rolled[:i] + rolled[i + 1 :]) for i in range(len(rolled))]
found = {name: [100 * share[name] for share in shares] for name in rolled[0].params}
found = dict(sorted(found.items(), key=lambda item: -np.mean(item[1])))
top = next(iter(found))
plots.dots(
    found,
    title=f"{len(rolled)} tries, each left out once: “{top}” explains most" + mnist.figure_suffix,
    x="share of the variance of accuracy, %",
    alt="Importance of each setting with each try left out once, means: "
    + "; ".join(f"{name} {np.mean(share):.0f} %" for name, share in found.items()),
)

# %% [markdown]
# Where the dots of a row lie far apart, a single try decides, and a dozen tries are too few to speak. And "important"
# always means: *within this space*. Widen the range of a setting and its share grows; a setting that was fixed has none.
#
# ## The golden rule, broken on purpose
#
# Now the other price. Each completed try has been judged twice, by the pictures that choose and by those that only
# watched. Suppose that $n$ pictures choose the best of $k$ tries, and you quote the figure by which it was chosen. By how
# much does that figure flatter? The other pictures know.

# %%
completed = [*rolled, *(t for t in tried[first:] if t not in pruned)]
right = np.ones((len(completed), len(mnist.y_val)), dtype=bool)
for row, trial in zip(right, completed):
    row[trial.user_attrs["mistakes"]] = False


def flattery(k, n):
    """Choose among k tries by n pictures: the winner's accuracy on them, less that on the others."""
    some_tries = right[rng.choice(len(right), k, replace=False)]
    say = rng.permutation(right.shape[1]) < n
    winner = some_tries[some_tries[:, say].mean(axis=1).argmax()]
    return winner[say].mean() - winner[~say].mean()


tries = np.unique(np.geomspace(1, len(right), 9).astype(int))
sizes = [n for n in (20, 50, 150, 500) if n <= right.shape[1] // 2]
points = {n: [100 * np.mean([flattery(k, n) for _ in range(1000)]) for k in tries] for n in sizes}

# %%
plots.lines(
    {f"{n} pictures choose": (tries, points[n]) for n in sizes},
    title="The winner does worse on pictures that had no say" + mnist.figure_suffix,
    x="tries to choose from",
    y="flattery, points of accuracy",
    marker="o",
    alt=f"By how much the accuracy that chose the best of k tries exceeds its accuracy on other pictures: for {tries[-1]} "
    "tries " + ", ".join(f"{points[n][-1]:.2f} points with {n} choosers" for n in sizes) + ".",
)
for n in sizes:
    print(f"{n:3} pictures choose among {tries[-1]} tries: {points[n][-1]:+.2f} points of flattery")

# %% [markdown]
# A single try is judged fairly by any pictures. A chosen one is not: what chose it was part quality and part luck. Our tries
# differ a lot, so quality decides most of it, and the more so the more pictures there are. To see luck alone, take quality away altogether: a hundred "pictures" whose labels are coin flips, and a thousand
# "networks" that guess.

# %%
labels, answers = rng.integers(2, size=100), rng.integers(2, size=(1000, 100))
agreement = (answers == labels).mean(axis=1)
again = (rng.integers(2, size=10_000) == rng.integers(2, size=10_000)).mean()
print(f"the champion of 1,000 guessers: {agreement.max():.0%}; on 10,000 new coins: {again:.1%}")

# %% [markdown]
# Nobody would believe in that champion. But with real networks the same happens, only less visibly. Let $k$ networks have
# the *same* true accuracy $p$, and test each on its own draw of $n$ pictures. The number of right answers $S$ is binomial,
# with distribution function $F$. The best of $k$ is at most $s$ if all are, with probability $F(s)^k$, so
#
# $$\mathbb{E}[\max S] = \sum_{s=0}^{n-1} P(\max S > s) = \sum_{s=0}^{n-1} \bigl(1 - F(s)^k\bigr).$$
#
# How fast does that grow? Let $D_i$ be the deviations of the accuracies from $p$, roughly normal with
# $\sigma = \sqrt{p (1 - p) / n}$. For every $t > 0$, since the exponential function is convex and a maximum is at most
# the sum,
#
# $$e^{t\, \mathbb{E}[\max D]} \le \mathbb{E}\bigl[e^{t \max D}\bigr] \le \sum_{i=1}^{k} \mathbb{E}\bigl[e^{t D_i}\bigr]
# = k\, e^{t^2 \sigma^2 / 2},$$
#
# and with the logarithm, divided by $t$, at the best choice $t = \sqrt{2 \ln k} / \sigma$:
#
# $$\mathbb{E}[\max D] \le \sigma \sqrt{2 \ln k}.$$
#
# **Predict:** networks with the accuracy of the article's last one, 10,000 test pictures. By how much does the best of a
# hundred equal ones look better than they all are?

# %%
from scipy import stats

p = evidence.article_figure("baseline_cnn", evidence.ALL_SIX)
counts = np.unique(np.geomspace(1, 1000, 13).astype(int))


def expected_gain(n, k):
    return (1 - stats.binom.cdf(np.arange(n), n, p) ** k).sum() / n - p


drawn, axes = plots.figure(height=3.6)
for colour, n in zip(plots.COLOURS, (1_000, 10_000)):
    sigma = np.sqrt(p * (1 - p) / n)
    luck = [rng.binomial(n, p, (2000, k)).max(axis=1).mean() / n - p for k in counts]
    axes.plot(counts, 100 * sigma * np.sqrt(2 * np.log(counts)), ":", color=colour, label=f"bound, n = {n:,}")
    axes.plot(counts, [100 * expected_gain(n, k) for k in counts], color=colour, label=f"exact, n = {n:,}")
    axes.plot(counts, 100 * np.array(luck), "o", color=colour, label=f"simulated, n = {n:,}")
axes.set(xscale="log", xlabel="equally good networks to choose from", ylabel="gain of the best, points")
axes.legend(frameon=False, fontsize=8)
axes.set_title("Nothing became better, and yet the record rises")
plots.show(
    drawn,
    f"Expected gain of the best of k equal networks: {100 * expected_gain(1_000, 100):.2f} points for k = 100 on 1,000 "
    f"pictures, {100 * expected_gain(10_000, 100):.2f} on 10,000; simulation and formula agree, the bound lies above.",
)

# %%
for k in (10, 100, 1000):
    print(f"best of {k:4} equal networks on 10,000 pictures: +{100 * expected_gain(10_000, k):.2f} points, "
          f"{10_000 * expected_gain(10_000, k):.0f} digits")

# %% [markdown]
# The article's six techniques together gained 0.35 points over its baseline. Whoever tries a hundred equal variants and
# quotes the best on the test pictures is given a good part of that for nothing. (Real variants see the *same* pictures,
# so their luck is partly shared and the gain is smaller; and it is larger if the variants differ in truth, as ours do,
# only then a part of it is deserved.) The cure costs nothing: choose on validation pictures, and open the seal once.
#
# ## One final test
#
# We settle for the setting that the search found, train it on all training pictures for longer, and open the seal.

# %%
chosen = search.best_params
model, history = train(
    chosen, len(mnist.x_train), lesson.epochs(16),
    validation_data=(mnist.x_val, mnist.y_val), callbacks=lesson.callbacks("The chosen network"),
)  # fmt: skip

# %%
test = lesson.final_test(model)
record = lesson.record(model, "tuned_cnn", history=history, test=test, trials=len(completed), **chosen)
lesson.expect(record)
best_known = 0.9979  # the record at the time of the article, as the article names it
if not mnist.is_fallback:
    print(f"The record that the article names: {best_known:.2%}, {10_000 * (1 - best_known):.0f} of 10,000 digits wrong; "
          f"here {len(test.mistakes):,} of {test.n:,}, trained on {len(mnist.x_train):,} images.")

# %%
lesson.progress(record)

# %% [markdown]
# Look at the chart before you are proud or disappointed. The search had a few dozen short tries on a part of the pictures;
# the six techniques of lesson 09 were found by people over years. Knowing *what* may help, and why, is a search space of
# its own.
#
# ## Exercise 1: how many pictures does a choice need?
#
# You are going to choose among `tries` networks of about the same `accuracy`, and the winner's figure should flatter by
# at most `optimism` (a fraction, such as 0.001). By the bound above, how many validation pictures are enough? Return the
# smallest whole number.


# %%
def pictures_needed(accuracy, tries, optimism):
    ...


# %% tags=["nbval-check-output"]
lesson.check_pictures_needed(pictures_needed)

# %% [markdown]
# ## Exercise 2: choose, and report honestly
#
# `right` is a table of truth values, one row a network and one column a picture, like the one above. `choosers` says for
# each picture whether it may choose. Return the number of the row that you choose (the first of several equals), the
# accuracy that *chose* it, and the accuracy that you *report*.


# %%
def choose(right, choosers):
    ...


# %% tags=["nbval-check-output"]
lesson.check_choose(choose)

# %% [markdown]
# More tries? The file remembers, so raise `total` and run on. Solutions:
# [solutions/15_tuning.ipynb](solutions/15_tuning.ipynb).
#
# ## What to take away
#
# * Random tries beat a grid when few settings matter; a search with a memory can beat them; giving up early saves epochs.
# * The best of many tries is partly the luckiest: by up to $\sigma \sqrt{2 \ln k}$, for nothing.
# * Whatever chooses is spent. Search on validation pictures, and let the sealed ones speak once.
#
# ## Sources
#
# * J. Bergstra and Y. Bengio, *Random search for hyper-parameter optimization*, 2012.
# * J. Bergstra, R. Bardenet, Y. Bengio and B. Kégl, *Algorithms for hyper-parameter optimization*, 2011: the Parzen
#   estimator.
# * T. Akiba and others, *Optuna: a next-generation hyperparameter optimization framework*, 2019.
# * F. Hutter, H. Hoos and K. Leyton-Brown, *An efficient approach for assessing hyperparameter importance*, 2014.
# * G. Cawley and N. Talbot, *On over-fitting in model selection and subsequent selection bias in performance
#   evaluation*, 2010.
# * P. Veličković, *Deep learning for complete beginners*, part 3: the invitation, and the record.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Let the group bet on the most important setting before the dice fall; the learning rate usually
# surprises those who bet on depth. Interrupt the kernel in the middle of the second search and run the notebook again: the
# best demonstration of the file. For the coins, let everybody flip ten and celebrate the champion, then let the champion
# flip again. Usual wrong answers: in exercise 1 forgetting the square, taking `math.log10`, or rounding down; in
# exercise 2 choosing by all pictures, or reporting the figure that chose. To discuss: who in a research field holds the
# seal, when thousands of people tune on the same public test set?
