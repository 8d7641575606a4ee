# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: fighting overfitting
#
# The exercises of [lesson 14](../14_fighting_overfitting.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("14_fighting_overfitting", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: name the curves
#
# A: training goes on, validation has turned. B: both are level, without a gap and far from the top, so not even the
# training images are learnt. C: still climbing in the last epoch; that validation lies above training is dropout's
# doing, and no verdict can be given before the climb is over. D: both are level and high, and the gap is small enough to
# live with.

# %%
names_of_curves = {"A": "overfitting", "B": "underfitting", "C": "still improving", "D": "plateau"}

# %% tags=["nbval-check-output"]
lesson.check_names_of_curves(names_of_curves)

# %% [markdown]
# ## Exercise 2: write the loop
#
# Everything up to the largest factor that overfits is too little, everything from the smallest that underfits is too much.
# Trying the middle of what is left rules out half of it each time: eight trainings narrow the range from 3 to about a
# hundredth. (Real curves are noisy, and "just enough" is a stretch and not a point, so in practice three or four do.)


# %%
def next_factor(tried):
    too_little = [factor for factor, name in tried.items() if name == "overfitting"]
    too_much = [factor for factor, name in tried.items() if name == "underfitting"]
    return (max(too_little, default=0) + min(too_much, default=3)) / 2


# %% tags=["nbval-check-output"]
lesson.check_next_factor(next_factor)
