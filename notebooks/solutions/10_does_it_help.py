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
# The interval is the lesson's, $\bar d \pm t_{n-1} \, s / \sqrt{n}$. The mean was computed from the same differences,
# so it lies in their midst, and their distances from it come out a little too small. Dividing their squares by $n - 1$
# in place of $n$ (`ddof=1`) makes up for that.

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
# ## Exercise 2: how far does a difference scatter?
#
# The lesson has the variance of the difference, $2 \sigma^2 (1 - \rho)$; the standard deviation is its root. So pairs
# make it smaller if the correlation is above zero. Without correlation they change nothing; with a negative one they
# make it larger. (The interval has Student's factor, too, which is a little larger for pairs, as the lesson says: ten
# pairs with a correlation hardly above zero gain nothing.)
#
# The last cell shows this standard deviation for four correlations, where each method alone has 0.10 points.


# %%
def difference_sd(sigma, rho):
    return sigma * np.sqrt(2 * (1 - rho))


# %% tags=["nbval-check-output"]
lesson.check_difference_sd(difference_sd)

# %%
for rho in (-0.5, 0, 0.5, 0.9):
    print(f"correlation {rho:+.1f}: the difference has {difference_sd(0.10, rho):.3f} points")
