# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: stop while you are ahead
#
# The exercises of [lesson 08](../08_early_stopping.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("08_early_stopping", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: only real progress counts
#
# `replay` with one change: the new loss has to lie below the lowest by more than `min_delta`. If it does not, the lowest
# value stays where it was, so that many small steps in the same direction add up to progress in the end.

# %%
import numpy as np


def stop_epoch(val_loss, patience, min_delta):
    lowest, waited = np.inf, 0
    for epoch, loss in enumerate(val_loss, start=1):
        waited += 1
        if loss < lowest - min_delta:
            lowest, waited = loss, 0
        elif waited >= patience:
            return epoch
    return len(val_loss)


# %% tags=["nbval-check-output"]
lesson.check_stop_epoch(stop_epoch)

# %% [markdown]
# ## Exercise 2: how much patience would have been enough?
#
# Write down the epochs at which the loss reached a new lowest value, up to the best of all. The longest distance between
# two neighbours is the answer: with a distance of three, the run waits for two epochs in vain and must not have given up
# by then. It is a question for hindsight only, since the next record might have come one epoch later.


# %%
def patience_needed(val_loss):
    records = [e for e, loss in enumerate(val_loss) if loss < min(val_loss[:e], default=np.inf)]
    return int(max(np.diff(records), default=1))


# %% tags=["nbval-check-output"]
lesson.check_patience_needed(patience_needed)
