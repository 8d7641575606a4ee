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
# `eigh` returns the eigenvectors as the *columns* of a matrix. A patch times that matrix gives its numbers along the
# eigenvectors, which do not correlate; their variances are the eigenvalues. To divide by the standard deviation, the root
# of the variance, makes all variances 1. Shifting the patches by their mean first would change no covariance.

# %%
import numpy as np


def whiten(patches, epsilon):
    variances, directions = np.linalg.eigh(np.cov(patches, rowvar=False))
    return patches @ (directions / np.sqrt(variances + epsilon))


# %% tags=["nbval-check-output"]
lesson.check_whiten(whiten)

# %% [markdown]
# What `epsilon` is for: a direction in which the patches hardly differ holds little more than noise, and without
# `epsilon` it would be blown up to the size of all the others. Two numbers that are nearly equal:

# %% tags=["nbval-check-output"]
random = np.random.default_rng(0)
brightness = random.normal(size=(1000, 1))
pair = brightness + 0.01 * random.normal(size=(1000, 2))
for epsilon in (0.0, 0.01):
    print(f"epsilon {epsilon:g}: variances {whiten(pair, epsilon).var(axis=0).round(2)}")

# %% [markdown]
# ## Exercise 2: what coins leave unseen
#
# Whatever the first coin shows, all the others have to show the same, each with a chance of one half:
# $\left(\tfrac12\right)^{n-1}$. After one epoch that is everything, after two a half.

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
