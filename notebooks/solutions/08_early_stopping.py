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
# `replay` with one change: a loss counts only if it lies more than `min_delta` below the last one that counted, here
# called `lowest`. The first always counts, since `lowest` starts at infinity. A loss that does not count leaves
# `lowest` where it was, so that many small steps down can add up to progress.

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
# Call an epoch a *record* if its loss is lower than all before it; the last record is the best epoch of all. The
# longest distance from one record to the next is the answer. With a distance of three, two epochs pass without a
# record: a patience of two ends the run at the second of them, a patience of three still sees the next record. Where
# the first epoch is the only record, the smallest patience is enough.
#
# Only hindsight can answer this question: during a run nobody knows how far away the next record is.


# %%
def patience_needed(val_loss):
    records = [e for e, loss in enumerate(val_loss) if loss < min(val_loss[:e], default=np.inf)]
    return int(max(np.diff(records), default=1))


# %% tags=["nbval-check-output"]
lesson.check_patience_needed(patience_needed)
