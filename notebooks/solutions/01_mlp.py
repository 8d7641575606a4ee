# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: reading digits without eyes
#
# The exercises of [lesson 01](../01_mlp.ipynb). There are other right answers; the checks accept them.

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("01_mlp", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: count the weights
#
# Each of a layer's $m$ units has a weight for each of its $n$ inputs, and one bias: $(n + 1)\,m$ in all. `pairwise`
# gives each size together with the next one, $n$ and $m$.

# %%
from itertools import pairwise


def mlp_weights(sizes):
    return sum((n + 1) * m for n, m in pairwise(sizes))


# %% tags=["nbval-check-output"]
lesson.check_mlp_weights(mlp_weights)

# %% [markdown]
# ## Exercise 2: what does guessing cost?
#
# Equal probabilities are $1/k$ each. So the right class gets $1/k$, whichever it is, and the loss is
# $-\ln(1/k) = \ln k$. In Python `math.log` is the natural logarithm.

# %%
import math


def loss_of_guessing(k):
    return math.log(k)


# %% tags=["nbval-check-output"]
lesson.check_loss_of_guessing(loss_of_guessing)

# %% [markdown]
# An untrained perceptron comes close, as it should:

# %%
import keras
import numpy as np

from course_utils import models

mnist = lesson.load("mnist")
untrained = models.build_mlp()
losses = keras.losses.sparse_categorical_crossentropy(
    mnist.y_val, np.asarray(untrained.predict(mnist.x_val, verbose=0))
)
print(f"untrained: {float(keras.ops.mean(losses)):.3f}, guessing: {loss_of_guessing(10):.3f}")
