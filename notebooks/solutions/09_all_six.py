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
# A number that is uniform between $-a$ and $a$ has the mean square $a^2/3$. With $a^2 = 6/n$ that is $2/n$, He's
# variance. A layer has $n$ weights for each of its units, so its sum of squares is about $n \cdot \text{units} \cdot
# 2/n = 2 \cdot \text{units}$. The number of inputs cancels.


# %%
def penalty_at_start(layers, factor):
    return factor * sum(2 * units for _, units in layers)


# %% tags=["nbval-check-output"]
lesson.check_penalty_at_start(penalty_at_start)

# %% [markdown]
# For the lesson's network: three members, and for each the softmax with Glorot's start, of variance $2/(128 + 10)$ in
# 1,280 weights.

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
# A negative cross-entropy does not exist.
#
# ## Exercise 2: where should the next run land?
#
# The difference between a new run and the mean of the old ones has two independent parts, and variances of
# independent parts add: $s^2 + s^2/n$.


# %%
def next_run(figures):
    n, mean, s = len(figures), np.mean(figures), np.std(figures, ddof=1)
    half = stats.t.ppf(0.975, n - 1) * s * np.sqrt(1 + 1 / n)
    return mean, mean - half, mean + half


# %% tags=["nbval-check-output"]
lesson.check_next_run(next_run)

# %% [markdown]
# Does it keep its promise? Leave each of the reference runs out in turn and see whether the others foretell it.

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
# With the falling rate the article's run is no surprise. Beside the runs as listed it is one, and so is every other
# figure. Do you believe that? Two runs that happen to agree to the last digit make $s$ zero, and no factor $t$, however
# large, can make up for that. The formula is right and what goes into it is poor: that is why the protocol asks for ten
# seeds before it says anything.
