# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: the same digit, somewhere else
#
# The exercises of [lesson 06](../06_augmentation.ipynb). There are other right answers; the checks accept them.

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson, plots

lesson = Lesson("06_augmentation", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: move a picture
#
# Row `i` of the result comes from row `i - down` of the picture. Where there is no such row, `np.clip` puts the nearest
# one in its place, the first or the last. The same goes for columns. Indexing with an array of row numbers moves all
# rows at once.

# %%
import numpy as np


def shift(image, down, right):
    height, width = image.shape
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return image[rows][:, columns]


# %% tags=["nbval-check-output"]
lesson.check_shift(shift)

# %% [markdown]
# Cut the margin off a digit, so that it touches the edge, and you can see the nearest pixels being repeated:

# %%
mnist = lesson.load("mnist")
zero = mnist.x_train[mnist.y_train == 0][0, 6:22, 6:22, 0]
plots.images(
    [zero, shift(zero, 4, 0), shift(zero, 0, -4), shift(zero, 4, -4), shift(zero, 0, 20)],
    title="Whole-pixel shifts; what comes in repeats the edge",
    labels=["as it is", "4 down", "4 left", "both", "20 right"],
    columns=5,
    alt="A closely cut zero five times: as it is, then moved, with its edge pixels drawn out into stripes.",
)

# %% [markdown]
# ## Exercise 2: what may change about what?
#
# One picture whose label becomes wrong is enough for `False`. A thicker pen writes the same digit; half a turn makes a
# 9 of a 6. A mirrored cat is a cat, and a mirrored dog a dog. A mirrored traffic sign may send you to the wrong side,
# and its colours say whether something is forbidden or required. A picture taken from above has no up and no down that
# a turn could change.

# %%
keeps_its_label = {
    "a digit, drawn with a slightly thicker pen": True,
    "a digit, turned by half a turn": False,
    "a photograph of a cat or a dog, mirrored": True,
    "a traffic sign, mirrored": False,
    "a traffic sign, with its colours swapped": False,
    "a satellite image of fields and towns, turned by a quarter": True,
}

# %% tags=["nbval-check-output"]
lesson.check_keeps_its_label(keeps_its_label)
