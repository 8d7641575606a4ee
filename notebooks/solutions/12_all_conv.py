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
# Count the pixels from 0 to $n - 1$. A window that starts at $x$ ends at $x + k - 1$, so the last start is at most
# $n - k$. The starts are the multiples of $s$ up to there: $(n - k) / s$ of them, rounded down (`//`), and one more for
# 0.


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
# With 30 pixels and stride 2 the last window starts at 26 and ends at 28, but the last pixel is number 29: no window
# sees it. That is what rounding down costs.
#
# ## Exercise 2: how far does a unit see?
#
# Keep two numbers on the way from the first layer to the last: the side of the square that one unit sees, and how many
# pixels the square of its neighbour lies further on. A single pixel starts both at 1. A unit with a window of $k$ looks
# at $k$ neighbours of the layer below, so its view is wider by $k - 1$ of these distances. With a stride of $s$ its own
# neighbours are $s$ times as far apart.


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
# These are the four sides that you measured in the lesson. Strides let few layers see much. The last stride has widened
# nothing yet: it would widen the view of a convolution behind it.
