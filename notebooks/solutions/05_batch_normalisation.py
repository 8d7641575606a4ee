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
# A convolution uses the same kernel at every position, so all positions of a channel share one mean and one variance:
# the average runs over every axis but the last.

# %%
import numpy as np


def normalise(maps, epsilon=1e-3):
    mean = maps.mean(axis=(0, 1, 2))
    variance = maps.var(axis=(0, 1, 2))
    return (maps - mean) / np.sqrt(variance + epsilon)


# %% tags=["nbval-check-output"]
lesson.check_normalise(normalise)

# %% [markdown]
# ## Exercise 2: how long until the start is forgotten?
#
# From $m^k \le s$ follows $k \ge \ln s / \ln m$ (both logarithms are negative), rounded up to a whole step.

# %%
import math


def steps_to_forget(momentum, share=0.01):
    return math.ceil(math.log(share) / math.log(momentum))


# %% tags=["nbval-check-output"]
lesson.check_steps_to_forget(steps_to_forget)
