# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: ask several, believe the average
#
# The exercises of [lesson 07](../07_ensembles.ipynb). There are other right answers; the checks accept them.

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson, plots

lesson = Lesson("07_ensembles", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: vote or average?
#
# Two of three members prefer the 3, by a hair, so the majority says 3. The third is sure of the 5. A vote forgets how
# close it was; the average, taken down each column of the table, does not.

# %%
import numpy as np

members = np.array([[0.50, 0.45, 0.05], [0.48, 0.47, 0.05], [0.04, 0.85, 0.11]])
average = members.mean(axis=0)
print(average.round(3))

# %%
combined = {
    "average": {3: 0.34, 5: 0.59, 8: 0.07},
    "answer of the average": 5,
    "answer of the majority": 3,
}

# %% tags=["nbval-check-output"]
lesson.check_combined(combined)

# %% [markdown]
# Neither way is always the right one. If C is one of those networks that are sure of everything, the vote is safer; if
# the members' probabilities mean what they say, the average uses more of what they know.
#
# ## Exercise 2: how many are worth it?
#
# The average of $k$ members has $\rho + (1 - \rho)/k$ times the squared error of one. It shall be at most the target
# $t$, so $(1 - \rho)/k$ may be at most $t - \rho$. If $t > \rho$, multiply by $k$ and divide by $t - \rho$:
#
# $$k \ge \frac{1 - \rho}{t - \rho},$$
#
# and round up to a whole number. If $t \le \rho$, no number is enough: the part $\rho$, which they all get wrong
# together, stays.

# %%
import math


def members_needed(rho, target):
    if target <= rho:
        return math.inf
    # Rounded first: to the computer 0.6 - 0.5 is a little less than 0.1, and one member too many would come out.
    return math.ceil(round((1 - rho) / (target - rho), 9))


# %% tags=["nbval-check-output"]
lesson.check_members_needed(members_needed)

# %% [markdown]
# What is left of the squared error with $k$ members, for three correlations:

# %%
k = np.arange(1, 16)
plots.lines(
    {f"correlation {rho}": (k, rho + (1 - rho) / k) for rho in (0.0, 0.5, 0.9)},
    title="The more alike the members err, the sooner more of them are wasted",
    x="members",
    y="squared error, relative to one member",
    marker="o",
    alt="Error against number of members for three correlations: each falls quickly and then levels off at its "
    "correlation.",
)
