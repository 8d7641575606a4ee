# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions: a network without pooling
#
# The exercises of [lesson 12](../12_all_conv.ipynb).

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
from course_utils import Lesson

lesson = Lesson("12_all_conv", mode=mode, seed=seed, solution=True)

# %% [markdown]
# ## Exercise 1: how large is the output?
#
# The last start is at most $n - k$; the starts are the multiples of $s$ up to there, with 0 among them.


# %%
def places(n, k, s):
    return (n - k) // s + 1


# %% tags=["nbval-check-output"]
lesson.check_places(places)

# %% tags=["nbval-check-output"]
side = 32
for k, s in [(3, 1), (3, 2), (3, 1), (3, 2)]:
    found, last = places(side, k, s), (side - k) // s * s
    print(f"{side} pixels, window {k}, stride {s}: {found} places, the last starts at {last}")
    side = found

# %% [markdown]
# With 30 pixels and stride 2 the last window starts at 26 and ends at 28: one column is never seen. That is what rounding
# down costs.
#
# ## Exercise 2: how far does a unit see?
#
# Keep two numbers on the way up: the side of the square that one unit sees, and the distance in pixels between the
# squares of two neighbours. A layer with a window of $k$ sees $k$ neighbours in a row, so its view is wider by $k - 1$
# distances; and with a stride of $s$ its own units are $s$ times as far apart.


# %%
def receptive_field(stack):
    side, distance = 1, 1
    for window, stride in stack:
        side += (window - 1) * distance
        distance *= stride
    return side


# %% tags=["nbval-check-output"]
lesson.check_receptive_field(receptive_field)

# %% tags=["nbval-check-output"]
network = [(3, 1), (3, 2), (3, 1), (3, 2)]
for depth in range(1, 5):
    plain = receptive_field([(window, 1) for window, _ in network[:depth]])
    sees = receptive_field(network[:depth])
    print(f"a unit of convolution {depth} sees {sees} pixels a side; without strides {plain}")

# %% [markdown]
# The same four sides as measured in the lesson. Halving is what lets few layers see much, and the last stride has not
# even paid yet: it would widen what comes after it.
