"""Figures that answer to a slider or to switches, and stand still where nobody can move one.

A lesson computes its results first; `draw` only makes a figure of them, so that an answer comes at
once. A headless run shows the figure at the start by itself. Where COURSE_FRAMES is set, as in a
build of the committed notebooks, it also keeps a slider's other figures in the output's metadata: the
web site makes a slider of them that needs no kernel.
"""

import os
from functools import lru_cache

from course_utils import plots

# Of all figures of a slider, as base64; a slider with more keeps none, or a notebook would grow heavy.
MOST_BYTES = 200_000


def slide(draw, values, label: str, start):
    """Show `draw(value)` for the value at which a slider stands.

    `draw` returns a matplotlib figure and its alt text; `values` are what the slider can stand at,
    in order, named by `str`. Raises ValueError when `start` is not among them.
    """
    values = list(values)
    if start not in values:
        raise ValueError(f"start is {start!r}; expected one of {', '.join(map(str, values))}")

    def control(ipywidgets):
        return [
            ipywidgets.SelectionSlider(
                options=[(str(value), value) for value in values],
                value=start,
                description=label,
                style={"description_width": "initial"},
                layout={"width": "32em", "max_width": "100%"},
                # The figure follows the hand.
                continuous_update=True,
            )
        ]

    kept = _frames(draw, values, label, start) if "COURSE_FRAMES" in os.environ else None
    _show(draw, control, (start,), kept=kept)


def _frames(draw, values, label, start):
    """All figures of a slider, for the site; None, and no more of them drawn, where they grow too heavy."""
    figures, size = [], 0
    for value in values:
        figures.append(_frame(draw, value))
        size += len(figures[-1]["png"])
        if size > MOST_BYTES:
            return None
    names = [str(value) for value in values]
    about = {"label": label, "start": values.index(start), "names": names, "figures": figures}
    return {"course_slider": about}


def _frame(draw, value):
    # Not as sharp as the figure that stands there at first, in half the bytes.
    data, metadata = plots.bundle(*draw(value), density=1)
    return {"png": data["image/png"], **metadata["image/png"]}


def switch(draw, names, on):
    """Show `draw(chosen)` for the switches that are on; `chosen` is a tuple of indices into `names`.

    `on` are the indices that are on at the start. The last one that is on stays on.
    """
    names, on = [str(name) for name in names], tuple(on)
    if not on or not set(on) <= set(range(len(names))):
        raise ValueError(f"on is {on!r}; expected one or more of 0 to {len(names) - 1}")

    def control(ipywidgets):
        return [
            ipywidgets.ToggleButton(
                value=index in on, description=name, layout={"width": "auto", "min_width": "3em"}
            )
            for index, name in enumerate(names)
        ]

    def chosen(*states):
        return tuple(index for index, state in enumerate(states) if state)

    _show(draw, control, tuple(index in on for index in range(len(names))), chosen)


def _show(draw, control, start, chosen=lambda value: value, kept=None):
    """`chosen` makes the argument of `draw` from the values of all controls."""
    if "COURSE_HEADLESS" in os.environ:
        plots.show(*draw(chosen(*start)), further=kept)
        return
    import ipywidgets
    from IPython.display import display

    controls = control(ipywidgets)

    @lru_cache(maxsize=64)
    def drawn(argument):
        return plots.bundle(*draw(argument))

    display(ipywidgets.HBox(controls, layout={"flex_flow": "row wrap"}))
    # The picture is an output like any other and no part of the widget: it survives saving, closing
    # and a kernel that is gone, when the slider above it no longer answers.
    data, metadata = drawn(chosen(*start))
    picture = display(data, metadata=metadata, raw=True, display_id=True)

    def update(change):
        argument = chosen(*(one.value for one in controls))
        if argument == ():
            # A figure of nothing there is none, and one of something would not fit the switches.
            change["owner"].value = True
            return
        data, metadata = drawn(argument)
        picture.update(data, metadata=metadata, raw=True)

    for one in controls:
        one.observe(update, names="value")
