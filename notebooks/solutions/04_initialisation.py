# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: before the first step
#
# The exercises of [lesson 04](../04_initialisation.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson, plots

lesson = Lesson("04_initialisation", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: a rule for the leaky ReLU
#
# Positive and negative $y$ are equally likely. The positive half passes as it is, the negative half comes out as $ay$,
# with $a^2$ times its square:
#
# $$\mathbb{E}[x^2] = \tfrac12 \mathbb{E}[y^2] + \tfrac12 a^2\, \mathbb{E}[y^2]
# = \tfrac12 (1 + a^2)\, \mathbb{E}[y^2].$$
#
# With $\mathbb{E}[y^2] = n \operatorname{Var}(w)\, \mathbb{E}[x^2]$ for the next layer, the size stays the same if
# $\tfrac12 (1 + a^2)\, n \operatorname{Var}(w) = 1$. With $a = 0$ this is He's rule; with $a = 1$ there is no ReLU left,
# and it is $1/n$, as it should be.


# %%
def leaky_variance(n, a):
    return 2 / ((1 + a**2) * n)


# %% tags=["nbval-check-output"]
lesson.check_leaky_variance(leaky_variance)

# %% [markdown]
# The same experiment to look at, in Keras, with a slope of 0.5: your rule against He's, which does not know the slope.

# %%
import keras
import numpy as np
from keras import initializers, layers, ops

slope, units = 0.5, 200


def sizes(variance, depth=20):
    signal, found = keras.random.normal((64, units), seed=seed), []
    for k in range(depth):
        start = initializers.RandomNormal(stddev=np.sqrt(variance), seed=100 * seed + k)
        signal = layers.Dense(units, kernel_initializer=start)(signal)
        signal = layers.LeakyReLU(negative_slope=slope)(signal)
        found.append(float(np.sqrt(np.mean(ops.convert_to_numpy(signal).astype("float64") ** 2))))
    return found


# %%
plots.lines(
    {"He's rule, 2 / n": sizes(2 / units), "with the slope": sizes(leaky_variance(units, slope))},
    title="A rule made for the ReLU lets the signal of its leaky sister grow",
    x="layer", y="size of the layer's outputs", log_y=True,
    alt="Size of layer outputs against depth: with He's rule it grows steadily, with the slope in "
    "the rule it stays level.",
)

# %% [markdown]
# ## Exercise 2: write `he_uniform` yourself
#
# The number of inputs of one unit is everything in the kernel's shape but the last number. The variance is $2/n$, and a
# uniform distribution of that variance reaches to $\sqrt{3 \cdot 2 / n}$.


# %%
def he_limit(shape):
    return np.sqrt(6 / np.prod(shape[:-1]))


# %% tags=["nbval-check-output"]
lesson.check_he_limit(he_limit)
