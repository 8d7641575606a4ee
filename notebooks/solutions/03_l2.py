# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: make large weights cost something
#
# The exercises of [lesson 03](../03_l2.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("03_l2", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: the penalty by hand
#
# Every weight costs $\lambda$ times its square, and the costs of all layers are added up. A weight of 2 costs as much
# as four weights of 1: the penalty would rather have many small weights than a few large ones.

# %%
import numpy as np


def l2_penalty(kernels, penalty):
    return penalty * sum(np.sum(kernel**2) for kernel in kernels)


# %% tags=["nbval-check-output"]
lesson.check_l2_penalty(l2_penalty)

# %% [markdown]
# ## Exercise 2: how long until half is gone?
#
# Without a gradient from the data, each step multiplies the weight by $1 - 2\eta\lambda$. We look for the first whole
# $n$ with $(1 - 2\eta\lambda)^n \le \tfrac12$. The logarithm of both sides gives
# $n \ln(1 - 2\eta\lambda) \le \ln \tfrac12$. We divide by $\ln(1 - 2\eta\lambda)$, which is negative, so the
# inequality turns round: $n \ge \ln \tfrac12 \,/\, \ln(1 - 2\eta\lambda)$. `math.ceil` rounds up to a whole number.

# %%
import math


def steps_to_half(rate, penalty):
    return math.ceil(math.log(0.5) / math.log(1 - 2 * rate * penalty))


# %% tags=["nbval-check-output"]
lesson.check_steps_to_half(steps_to_half)

# %%
print(f"rate 0.01, penalty 0.0001: {steps_to_half(0.01, 0.0001):,} steps")

# %% [markdown]
# A loop that multiplies and counts is right as well. A rule of thumb to keep: for small $\eta\lambda$,
# $\ln(1 - 2\eta\lambda)$ is nearly $-2\eta\lambda$, so half is gone after about
# $\ln \tfrac12 \,/\, (-2\eta\lambda) \approx 0.35 / (\eta\lambda)$ steps. So under plain gradient descent, whether the
# penalty has had time to act depends on the learning rate and on how long you train.
