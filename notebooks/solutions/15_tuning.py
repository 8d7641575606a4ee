# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: let the machine choose
#
# The exercises of [lesson 15](../15_tuning.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("15_tuning", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: how many pictures does a choice need?
#
# Set the bound equal to the optimism that you allow, $\sqrt{p (1 - p) / n} \sqrt{2 \ln k} = \delta$, square both sides,
# and solve for $n$:
#
# $$n = \frac{2\, p\, (1 - p) \ln k}{\delta^2}.$$
#
# Pictures are whole, so round up. The number of tries stands under a logarithm: ten times as many tries ask for far
# fewer than ten times the pictures. The optimism is squared: half of it asks for four times as many.

# %%
import math


def pictures_needed(accuracy, tries, optimism):
    return math.ceil(2 * accuracy * (1 - accuracy) * math.log(tries) / optimism**2)


# %% tags=["nbval-check-output"]
lesson.check_pictures_needed(pictures_needed)

# %% [markdown]
# For networks with an accuracy of 0.98:

# %% tags=["nbval-check-output"]
for tries in (10, 100, 1000):
    for optimism in (0.01, 0.001):
        print(f"{tries:5,} tries, optimism {optimism:g}: {pictures_needed(0.98, tries, optimism):>8,} pictures")

# %% [markdown]
# A tenth of the optimism costs a hundred times the pictures; a hundred times the tries, 1,000 in place of 10, cost
# three times as many.

# %% [markdown]
# ## Exercise 2: choose, and report honestly
#
# The two parts of the table never mix: the columns of the choosers choose the row, and the other columns report on it.
# Of several equal rows `argmax` takes the first.


# %%
def choose(right, choosers):
    winner = int(right[:, choosers].mean(axis=1).argmax())
    return winner, right[winner, choosers].mean(), right[winner, ~choosers].mean()


# %% tags=["nbval-check-output"]
lesson.check_choose(choose)

# %% [markdown]
# Guessers show what that is worth: a thousand networks flip coins, a hundred pictures choose, and as many others
# report. Only luck can put a network ahead here, and the pictures that report had no part in it.

# %% tags=["nbval-check-output"]
import numpy as np

guesses = np.random.default_rng(0).integers(2, size=(1000, 200)) == 1
row, chose, report = choose(guesses, np.arange(200) < 100)
print(f"Row {row} was chosen with {chose:.0%}, and is reported with {report:.0%}.")
