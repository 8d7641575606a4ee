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
# A unit survives where its random number is at least the rate $p$. The numbers are spread evenly between 0 and 1, so
# this happens with probability $1 - p$. In a product `True` counts as 1 and `False` as 0, so `survives` is the mask.
# Dividing by the same $1 - p$ keeps the mean: not in each draw, but on average over the masks.

# %%
import numpy as np


def drop_by_hand(signal, rate, rng):
    survives = rng.random(signal.shape) >= rate
    return signal * survives / (1 - rate)


# %% tags=["nbval-check-output"]
lesson.check_drop_by_hand(drop_by_hand)

# %% tags=["nbval-check-output"]
signal = np.full(1000, 2.0)
means = [drop_by_hand(signal, 0.5, np.random.default_rng(mask)).mean() for mask in range(100)]
print(f"mean before 2.00; under a hundred masks from {min(means):.2f} to {max(means):.2f}, "
      f"on average {np.mean(means):.2f}")

# %% [markdown]
# ## Exercise 2: when it says cat, is it one?
#
# The diagonal holds the pictures that were called by their right name; a column's sum is how often that name was used.
# Precision is the first divided by the second. For a name that was never used both are 0; `np.maximum` makes the second
# 1, so the precision is 0.


# %%
def precisions(matrix):
    called = matrix.sum(axis=0)
    return np.diag(matrix) / np.maximum(called, 1)


# %% tags=["nbval-check-output"]
lesson.check_precisions(precisions)

# %% [markdown]
# Which class can you trust least? For the network, apply `precisions` to the lesson's `matrix`. Here the same question
# goes to the classifier that knows nothing of a picture but its mean red, green and blue.

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix

cifar = lesson.load("cifar10")
colours = {name: images.mean(axis=(1, 2)) / 255 for name, images in (("train", cifar.x_train), ("val", cifar.x_val))}
said = LogisticRegression().fit(colours["train"], cifar.y_train).predict(colours["val"])
matrix = confusion_matrix(cifar.y_val, said, labels=range(10))

# %%
found, recall = precisions(matrix), np.diag(matrix) / matrix.sum(axis=1)
for k in np.argsort(found):
    print(f"{cifar.class_names[k]:10} precision {found[k]:4.0%}, recall {recall[k]:4.0%}, "
          f"said {matrix[:, k].sum():3} times")
least, missed, free = (cifar.class_names[k] for k in (found.argmin(), recall.argmin(), matrix.sum(axis=0).argmax()))
print(f"Trust “{least}” least; recognised least is “{missed}”; the name given most freely is “{free}”.")

# %% [markdown]
# The class that you can trust least need not be the one that is recognised least. A name that is given freely can find
# many of its own, and can often be wrong. A name that is seldom given misses many, and may still be right when it is
# given.
