# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: all six together
#
# The exercises of [lesson 09](../09_all_six.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("09_all_six", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: how large is the ensemble?
#
# Each member has the baseline's weights and three batch normalisations, over 32, 32 and 128 channels, with four numbers
# a channel. The input's normalisation is shared, so it counts once.


# %%
def all_six_weights(k):
    member = 813_802 + 4 * (32 + 32 + 128)
    return 4 + k * member


# %% tags=["nbval-check-output"]
lesson.check_all_six_weights(all_six_weights)

# %% [markdown]
# ## Exercise 2: what is a third of a point worth?
#
# Near the top the accuracy hardly moves, and the mistakes do.


# %%
def mistakes_removed(before, after, n=10_000):
    wrong_before, wrong_after = (1 - before) * n, (1 - after) * n
    return wrong_before, wrong_after, (wrong_before - wrong_after) / wrong_before


before, after, share = mistakes_removed(0.9912, 0.9947)
print(f"{before:.0f} mistakes before, {after:.0f} after: {share:.0%} of them gone")

# %% tags=["nbval-check-output"]
lesson.check_mistakes_removed(mistakes_removed)
