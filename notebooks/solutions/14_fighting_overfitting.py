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
from course_utils import Lesson, diagnose

lesson = Lesson("14_fighting_overfitting", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: name the curves
#
# Let the rule itself speak. Where it asks for a loss, we give it one minus the accuracy.

# %%
import numpy as np

e = np.arange(1, 21)
exam = {
    "A": (1 - 0.75 * 0.80**e, 0.62 - 0.40 * 0.65**e - 0.004 * e),
    "B": (0.43 - 0.25 * 0.60**e, 0.42 - 0.22 * 0.60**e),
    "C": (0.25 + 0.023 * e, 0.24 + 0.021 * e),
    "D": (0.93 - 0.50 * 0.60**e, 0.88 - 0.45 * 0.60**e),
}
names_of_curves = {}
for letter, (training, val) in exam.items():
    found = diagnose({"loss": 1 - training, "accuracy": training, "val_loss": 1 - val, "val_accuracy": val})
    names_of_curves[letter] = found.name
    print(f"{letter}: gap {100 * found.gap:4.1f} points, progress in the last quarter {found.progress:+.1%}, "
          f"rise above the lowest {found.rise:.1%}: {found.name}")

# %% [markdown]
# A: training still climbs, but validation has turned, so its loss has risen above its lowest; the gap is wide, too. B:
# hardly any progress, hardly a gap, and not even the training photographs are learnt. C: still climbing in the last
# epoch, so no verdict can be given yet, whatever the gap. D: hardly any progress either, but the training photographs
# are learnt, and there is a gap, but no wide one.

# %% tags=["nbval-check-output"]
lesson.check_names_of_curves(names_of_curves)

# %% [markdown]
# ## Exercise 2: write the loop
#
# Everything up to the largest factor that overfits is too little dropout, everything from the smallest that underfits
# is too much. At first all from 0 to 3 is left. A try in the middle of what is left either is just enough or rules out
# half of it.


# %%
def next_factor(tried):
    too_little = [factor for factor, name in tried.items() if name == "overfitting"]
    too_much = [factor for factor, name in tried.items() if name == "underfitting"]
    return (max(too_little, default=0) + min(too_much, default=3)) / 2


# %% tags=["nbval-check-output"]
lesson.check_next_factor(next_factor)

# %% [markdown]
# How far do eight trainings get? The range is halved each time:

# %%
print(", ".join(f"{3 / 2**n:.3g} after {n}" for n in range(1, 9)))

# %% [markdown]
# In practice there is no need for all eight: "just enough" is a range and not a point, and real curves are noisy. Where
# the scores of the factors left differ by no more than the noise, another training decides nothing.
