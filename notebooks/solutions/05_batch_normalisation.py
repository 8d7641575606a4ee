# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: keep every layer on the same scale
#
# The exercises of [lesson 05](../05_batch_normalisation.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("05_batch_normalisation", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: normalise a batch by hand
#
# A convolution uses the same kernel at every position, so all images and all positions of a channel share one mean and
# one variance: the average runs over every axis but the last. That holds for a dense layer's `(images, units)` as well:
# it has no positions, so there the average runs over the images alone.

# %%
import numpy as np


def normalise(maps, epsilon=1e-3):
    mean = maps.mean(axis=(0, 1, 2))
    variance = maps.var(axis=(0, 1, 2))
    return (maps - mean) / np.sqrt(variance + epsilon)


# %% tags=["nbval-check-output"]
lesson.check_normalise(normalise)

# %% [markdown]
# ## Exercise 2: which momentum forgets in time?
#
# After $k$ steps the share of the start value is $m^k$. From $m^k \le s$ follows $m \le s^{1/k}$: the largest momentum
# is the $k$-th root of the share $s$.


# %%
def largest_momentum(steps, share=0.01):
    return share ** (1 / steps)


# %% tags=["nbval-check-output"]
lesson.check_largest_momentum(largest_momentum)

# %% [markdown]
# One epoch of the lesson in reduced mode has 40 steps:

# %% tags=["nbval-check-output"]
print(f"{largest_momentum(40):.3f}, a little below 0.9")
