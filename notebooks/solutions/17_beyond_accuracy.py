# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: what accuracy does not say
#
# The exercises of [lesson 17](../17_beyond_accuracy.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("17_beyond_accuracy", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: cool heads
#
# As the lesson says, the logarithms $\ln p_k$ will do for logits: they differ by a constant for each row, which the
# softmax does not see. The softmax of $\ln p_k / T$ takes the exponential, $e^{\ln p_k / T} = p_k^{1/T}$, the $T$-th
# root of the probability. Then it divides by the sum of the row, so that each row sums to 1.

# %%
import numpy as np


def soften(probabilities, temperature):
    roots = np.asarray(probabilities) ** (1 / temperature)
    return roots / roots.sum(axis=1, keepdims=True)


# %% tags=["nbval-check-output"]
lesson.check_soften(soften)

# %% [markdown]
# ## Exercise 2: when to ask
#
# The network is calibrated, so at confidence $p$ a share $1 - p$ of its answers is wrong. An answer then costs
# `mistake` times $1 - p$ on average. That is at most `question` from $p = 1 -$ `question / mistake` on. Where passing
# on costs more than a mistake, this is below 0: every answer is worth giving, and we return 0.

# %%
def answer_from(mistake, question):
    return max(0, 1 - question / mistake)


# %% tags=["nbval-check-output"]
lesson.check_answer_from(answer_from)
