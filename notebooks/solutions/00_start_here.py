# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: learning, or learning by heart?
#
# The exercises of [lesson 00](../00_start_here.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("00_start_here", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: name the curves
#
# In A the lines part: overfitting. In B both fall together and level off too high: underfitting. In C both still fall
# at the last epoch: train on before you judge. In D both stay at the loss of guessing among ten classes: this network
# is not learning.

# %%
names = {"A": "overfitting", "B": "underfitting", "C": "still improving", "D": "not learning"}

# %% tags=["nbval-check-output"]
lesson.check_names(names)

# %% [markdown]
# ## Exercise 2: when would you have stopped?
#
# Keep the weights of the epoch with the lowest validation loss. `argmin` says where it stands in the list, counted from
# 0, so we add 1. If two are equally low, `argmin` takes the first.

# %%
import numpy as np


def best_epoch(val_loss):
    return int(np.argmin(val_loss)) + 1


# %% tags=["nbval-check-output"]
lesson.check_best_epoch(best_epoch)
