# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: does it really help?
#
# The exercises of [lesson 10](../10_does_it_help.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("10_does_it_help", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: your own interval
#
# The standard deviation is divided by $n - 1$, since the mean was estimated from the same differences.

# %%
import numpy as np
from scipy import stats


def paired_interval(differences):
    n = len(differences)
    mean = np.mean(differences)
    half = stats.t.ppf(0.975, n - 1) * np.std(differences, ddof=1) / np.sqrt(n)
    return mean, mean - half, mean + half


# %% tags=["nbval-check-output"]
lesson.check_paired_interval(paired_interval)

# %% [markdown]
# ## Exercise 2: when are pairs worth it?
#
# The variance of a difference is the sum of both variances less twice what they share: $\sigma^2 + \sigma^2 - 2 \rho
# \sigma^2 = 2 \sigma^2 (1 - \rho)$; its root is asked for. Without correlation pairing gains nothing; with a negative
# one it would lose. With a spread of 0.10 points in each:


# %%
def difference_sd(sigma, rho):
    return sigma * np.sqrt(2 * (1 - rho))


# %% tags=["nbval-check-output"]
lesson.check_difference_sd(difference_sd)

# %%
for rho in (-0.5, 0, 0.5, 0.9):
    print(f"correlation {rho:+.1f}: the difference has {difference_sd(0.10, rho):.3f} points")
