# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: all six together
#
# The exercises of [lesson 09](../09_all_six.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
import numpy as np
from scipy import stats

from course_utils import Lesson, evidence

lesson = Lesson("09_all_six", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: the floor of any network
#
# A weight drawn uniformly between $-a$ and $a$ has the mean square $a^2/3$ (lesson 04). With $a^2 = 6/n$ that is $2/n$,
# He's variance. A layer has $n$ weights for each of its units, so its squares add up to about
# $n \cdot \text{units} \cdot 2/n = 2 \cdot \text{units}$. The number of inputs cancels: it is the one that does not
# matter.


# %%
def penalty_at_start(layers, factor):
    return factor * sum(2 * units for _, units in layers)


# %% tags=["nbval-check-output"]
lesson.check_penalty_at_start(penalty_at_start)

# %% [markdown]
# The lesson's network has three such members. Each has a softmax layer too: 1,280 weights by Glorot's rule, with the
# variance $2/(128 + 10)$. If the article's run had kept this penalty throughout, its cross-entropy would be what is
# left of its loss:

# %% tags=["nbval-check-output"]
member = penalty_at_start([(9, 32), (288, 32), (6272, 128)], 1e-4)
softmax = 1e-4 * 1280 * 2 / (128 + 10)
print(
    f"He's layers {member:.4f}, softmax {softmax:.4f}; three members {3 * (member + softmax):.4f}"
)

theirs = evidence.article_log()["all_six"]["loss"]
left = theirs - 3 * (member + softmax)
print(
    f"left for the article's cross-entropy: {left[1]:+.3f} in epoch 1, {left[2]:+.3f} in epoch 2, "
    f"{left[3]:+.3f} in epoch 3, {left[31]:+.3f} in epoch 31"
)

# %% [markdown]
# A cross-entropy cannot be negative. So the article's run cannot have kept this penalty: it was missing, or the squared
# weights were smaller (clue 1).
#
# ## Exercise 2: where should the next run land?
#
# A new run differs from the mean of the old ones by its own luck and by the luck of that mean. The two are independent,
# so their variances add: $s^2 + s^2/n$. The interval reaches $t$ times the root of this sum to either side.


# %%
def next_run(figures):
    n, mean, s = len(figures), np.mean(figures), np.std(figures, ddof=1)
    half = stats.t.ppf(0.975, n - 1) * s * np.sqrt(1 + 1 / n)
    return mean, mean - half, mean + half


# %% tags=["nbval-check-output"]
lesson.check_next_run(next_run)

# %% [markdown]
# Does the interval keep its promise? Leave each of the reference runs out in turn, and see whether it lies in the
# interval of the others. In the long run 95 % should.

# %%
runs = evidence.reference_runs("baseline_cnn", evidence.ALL_SIX, "reduced", "mnist")[
    "test_accuracy"
].to_list()
inside = 0
for left_out, figure in enumerate(runs):
    _, low, high = next_run(runs[:left_out] + runs[left_out + 1 :])
    inside += low <= figure <= high
print(f"all six, reduced mode: {inside} of {len(runs)} runs lie where the others expect them")

# %% [markdown]
# Now the lesson's questions. The runs with the falling rate and the runs as listed, at full size:

# %%
article = evidence.article_figure("baseline_cnn", evidence.ALL_SIX)
for name, techniques in [("falling rate", evidence.FALLING_RATE), ("as listed", evidence.ALL_SIX)]:
    full = evidence.reference_runs("baseline_cnn", techniques, "full", "mnist")["test_accuracy"].to_list()
    if len(full) > 1:
        mean, low, high = next_run(full)
        print(f"{name}: {len(full)} runs, mean {mean:.3%}, the next one from {low:.3%} to {high:.3%}, "
              f"with a factor t of {stats.t.ppf(0.975, len(full) - 1):.1f}")
print(f"the article has {article:.2%}; for ten runs t would be {stats.t.ppf(0.975, 9):.1f}")

# %% [markdown]
# With the falling rate the article's run is no surprise. For the runs as listed it is one, as every figure but their
# own would be. Do you believe that interval? Two runs that happen to agree to the last digit make $s$ zero, and no
# factor $t$, however large, can make up for that. The formula is right and what goes into it is poor: that is why the
# table `article_mnist` asks for ten seeds of each.
