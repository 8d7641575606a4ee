# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: learn in fewer epochs
#
# The exercises of [lesson 16](../16_fast.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("16_fast", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: whiten
#
# `eigh` returns the eigenvectors as the *columns* of a matrix, the lesson's $V$. Each patch is a row here, and so
# `patches @ directions` has in each row the lesson's $V^\top p$, the parts of the patch along the eigenvectors. These
# parts do not correlate, and their variances are the eigenvalues. To divide each by its standard deviation, the root of
# the variance, makes all variances 1. There is no need to subtract the mean first: that changes no covariance.

# %%
import numpy as np


def whiten(patches, epsilon):
    variances, directions = np.linalg.eigh(np.cov(patches, rowvar=False))
    return patches @ (directions / np.sqrt(variances + epsilon))


# %% tags=["nbval-check-output"]
lesson.check_whiten(whiten)

# %% [markdown]
# What is `epsilon` for? Without it, a direction in which the patches hardly differ is blown up to the size of all the
# others, even if it holds nothing but noise. Here two numbers are equal but for a little noise, so their difference is
# noise alone. Its variance comes first in the output, since `eigh` begins with the smallest eigenvalue:

# %% tags=["nbval-check-output"]
random = np.random.default_rng(0)
brightness = random.normal(size=(1000, 1))
pair = brightness + 0.01 * random.normal(size=(1000, 2))
for epsilon in (0.0, 0.01):
    print(f"epsilon {epsilon:g}: variances {whiten(pair, epsilon).var(axis=0).round(2)}")

# %% [markdown]
# ## Exercise 2: what coins leave unseen
#
# Whatever the first of $n$ coins shows, each of the other $n - 1$ has to show the same, with a chance of one half:
# $\left(\tfrac12\right)^{n-1}$. After one epoch that is every photograph, after two epochs half of them.

# %%
def one_side_only(epochs):
    return 0.5 ** (epochs - 1)


# %% tags=["nbval-check-output"]
lesson.check_one_side_only(one_side_only)

# %% [markdown]
# By throwing coins for 10,000 photographs:

# %% tags=["nbval-check-output"]
for epochs in (1, 2, 3, 10):
    coins = random.random((epochs, 10_000)) < 0.5
    share = (coins.all(axis=0) | ~coins.any(axis=0)).mean()
    print(f"{epochs:2} epochs: {one_side_only(epochs):.3f} by the formula, {share:.3f} by coins")
