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
# The logarithm of a probability is its logit, but for a constant that all classes of a row share, and the softmax does
# not see that. Dividing logarithms by $T$ is taking the $T$-th root: $p_k^{1/T}$, and then each row is brought back to a
# sum of 1.

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
# At confidence $p$ an answer costs $(1 - p) \cdot$ `mistake` on average. That is at most `question` from
# $p = 1 -$ `question / mistake` on. Where a question costs more than a mistake, every answer is worth giving, and a
# confidence is never below 0.

# %%
def answer_from(mistake, question):
    return max(0, 1 - question / mistake)


# %% tags=["nbval-check-output"]
lesson.check_answer_from(answer_from)
