# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: real pictures, and a network that must not learn them by heart
#
# The exercises of [lesson 11](../11_cifar10_dropout.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("11_cifar10_dropout", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: dropout by hand
#
# A unit survives where its random number is at least the rate, which happens with probability $1 - p$. Dividing by the
# same $1 - p$ keeps the mean.


# %%
def drop_by_hand(signal, rate, rng):
    survives = rng.random(signal.shape) >= rate
    return signal * survives / (1 - rate)


# %% tags=["nbval-check-output"]
lesson.check_drop_by_hand(drop_by_hand)

# %% [markdown]
# ## Exercise 2: when it says cat, is it one?
#
# The diagonal holds the pictures that were called by their right name; a column's sum is how often that name was used.
# The class to trust least, in the lesson, is `cifar.class_names[precisions(matrix).argmin()]`. It need not be the one
# that was recognised least: a name that is given too freely finds many of its own, and is often wrong.

# %%
import numpy as np


def precisions(matrix):
    called = matrix.sum(axis=0)
    return np.diag(matrix) / np.maximum(called, 1)


# %% tags=["nbval-check-output"]
lesson.check_precisions(precisions)
