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
# Positive and negative $y$ are equally likely. The positive half passes as it is. The negative half comes out as $ay$,
# and the square of that is $a^2 y^2$. So what comes out, $x$, has the mean square
#
# $$\mathbb{E}[x^2] = \tfrac12 \mathbb{E}[y^2] + \tfrac12 a^2\, \mathbb{E}[y^2]
# = \tfrac12 (1 + a^2)\, \mathbb{E}[y^2].$$
#
# The sums of the next layer have $\mathbb{E}[y^2] = n \operatorname{Var}(w)\, \mathbb{E}[x^2]$. So each layer
# multiplies the mean square by $\tfrac12 (1 + a^2)\, n \operatorname{Var}(w)$, and the size stays the same if this
# factor is 1, that is
#
# $$\operatorname{Var}(w) = \frac{2}{(1 + a^2)\, n}.$$
#
# With $a = 0$ this is He's rule; with $a = 1$ there is no ReLU left, and it is $1/n$, the lesson's rule without one.


# %%
def leaky_variance(n, a):
    return 2 / ((1 + a**2) * n)


# %% tags=["nbval-check-output"]
lesson.check_leaky_variance(leaky_variance)

# %% [markdown]
# Now the check's experiment as a figure, in Keras and with a slope of 0.5: this rule against He's, which does not know
# the slope.

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
# The number of inputs of one unit, $n$, is the product of all numbers in the kernel's shape but the last. He's variance
# is $2/n$, and the lesson's $r = \sqrt{3 \operatorname{Var}(w)}$ gives the limit $\sqrt{3 \cdot 2 / n} = \sqrt{6 / n}$.


# %%
def he_limit(shape):
    return np.sqrt(6 / np.prod(shape[:-1]))


# %% tags=["nbval-check-output"]
lesson.check_he_limit(he_limit)
