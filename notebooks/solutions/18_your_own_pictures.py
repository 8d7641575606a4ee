# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: your own pictures
#
# The exercises of [lesson 18](../18_your_own_pictures.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("18_your_own_pictures", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: whole scenes
#
# Put the scenes into a random order, add up their pictures along it (`cumsum`), and stop where the sum has reached the
# share of all pictures. Needed are all scenes at which the sum is still below the share, and one more: the scene that
# reaches it.

# %%
import numpy as np


def test_scenes(scenes, share, random):
    order = random.permutation(np.unique(scenes))
    pictures = np.cumsum([np.sum(scenes == scene) for scene in order])
    needed = np.sum(pictures < share * len(scenes)) + 1
    return np.isin(scenes, order[:needed])


# %% tags=["nbval-check-output"]
lesson.check_test_scenes(test_scenes)

# %% [markdown]
# With few and large scenes the test set may become much larger than its share. That cannot be helped: half a scene in
# training would give away the other half. scikit-learn's `GroupShuffleSplit` keeps scenes whole, too, but takes its
# share of the scenes and not of the pictures.
#
# ## Exercise 2: a rare class
#
# Take one class that occurs in `labels` after the other: of the pictures that *are* of this class, what share was named
# so? The mean over the classes gives the rare one as much weight as the frequent one.

# %%
def balanced_accuracy(labels, answers):
    return np.mean([np.mean(answers[labels == label] == label) for label in np.unique(labels)])


# %% tags=["nbval-check-output"]
lesson.check_balanced_accuracy(balanced_accuracy)
