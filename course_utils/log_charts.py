"""The drawings of lesson 09: what a printed loss is made of, and where each patience would have stopped."""

from itertools import count
from textwrap import fill

import numpy as np

from course_utils import plots

_PENALTY = {"facecolor": "#F5C9A8", "edgecolor": plots.COLOURS[1], "hatch": "///"}


def draw_parts(history: dict, suffix: str = "") -> None:
    """Stack penalty and cross-entropy of training and validation, a bar an epoch.

    `history` is `History.history` of a model with a metric `cross_entropy`; `suffix` names the
    source of the data in the title.
    """
    drawn, axes = plots.figure(1, 2, sharey=True)
    for panel, (name, prefix) in zip(axes, (("training", ""), ("validation", "val_")), strict=True):
        bare = np.array(history[f"{prefix}cross_entropy"])
        paid = np.array(history[f"{prefix}loss"]) - bare
        epochs = np.arange(1, len(bare) + 1)
        panel.bar(epochs, paid, label="penalty", **_PENALTY)
        panel.bar(epochs, bare, bottom=paid, color=plots.COLOURS[0], label="cross-entropy")
        panel.set(title=name, xlabel="epoch")
    axes[0].set_ylabel("loss, nats")
    axes[1].legend(frameon=False)
    drawn.suptitle(f"The penalty is the floor of the loss; it stays near {paid.mean():.2f}{suffix}")
    plots.show(
        drawn,
        "Stacked bars, one an epoch, of training and validation loss: the cross-entropy shrinks from "
        f"{history['cross_entropy'][0]:.2f} to {history['cross_entropy'][-1]:.2f} in training, on top "
        f"of a penalty near {paid.mean():.2f}.",
    )


def draw_floor(loss, floor: float, penalty, lower: float | None = None) -> None:
    """Draw a log's training loss (by epoch from 1) over the floor that its penalty would be.

    `penalty` is what a run of ours recorded, by epoch; `lower` the floor if the weights had started by
    Glorot's rule. Losses are in nats.
    """
    loss, penalty = np.asarray(loss), np.asarray(penalty)
    below = np.flatnonzero(loss < floor) + 1
    drawn, axes = plots.figure()
    axes.axhspan(0, floor, **(_PENALTY | {"edgecolor": "white"}))
    last = len(loss)
    axes.text(last, 1.05 * floor, "the penalty of He's start", ha="right", color="#A04000")
    negative = "if the penalty stayed, the cross-entropy would be negative here"
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axes.text(last, 0.08 * floor, negative, ha="right", bbox=box)  # below the loss
    if lower is not None:
        axes.axhline(lower, color="#A04000", linestyle="--", linewidth=1.2)
        words = "the penalty of Glorot's start"
        axes.text(last, lower + 0.03 * floor, words, ha="right", color="#A04000", bbox=box)
    axes.plot(
        np.arange(1, len(penalty) + 1),
        penalty,
        "s",
        color=plots.COLOURS[1],
        label="penalty recorded in a run of ours",
    )
    axes.plot(
        np.arange(1, last + 1), loss, "o-", color="black", label="the article's log: training loss"
    )
    axes.set(xlabel="epoch", ylabel="loss, nats", ylim=(0, 1.1 * loss.max()))
    axes.legend(frameon=False)
    drawn.suptitle(
        f"From epoch {below[0]} on the article's loss is below the penalty at the start"
        if len(below)
        else "The article's loss has room for the penalty"
    )
    plots.show(
        drawn,
        f"The article's training loss falls from {loss[0]:.2f} to {loss[-1]:.2f}; the hatched floor "
        f"below {floor:.2f} is the penalty of the untrained network, and the penalty that a run of "
        f"ours recorded lies between {penalty.min():.3f} and {penalty.max():.3f}.",
    )


def draw_stops(replays: dict, lengths: dict) -> None:
    """Draw, for each recorded curve and patience 1, 2, ..., the epoch kept and the epoch of the stop.

    `replays` maps a curve's name to its (stop or None, best epoch) for each patience; `lengths` to
    the number of epochs that were recorded.
    """
    drawn, axes = plots.figure(1, len(replays), sharey=True, sharex=True, squeeze=False)
    said = []
    for panel, (name, each) in zip(axes[0], replays.items(), strict=True):
        for patience, (stopped, kept) in zip(count(1), each, strict=False):
            end = stopped or lengths[name]
            panel.plot([kept, end], [patience, patience], color=plots.COLOURS[0])
            panel.plot(kept, patience, "o", color=plots.COLOURS[0])
            mark = "x" if stopped else ">"
            panel.plot(end, patience, mark, color=plots.COLOURS[1], markeredgewidth=2)
        panel.set(xlabel="epoch", yticks=range(1, len(each) + 1))
        panel.set_title(fill(name, 18), fontsize=10)  # three panels are narrow
        stops = ", ".join(str(stopped or "none") for stopped, _ in each)
        said.append(f"{name}: {stops}")
    axes[0, 0].set_ylabel("patience, epochs")
    patience, moved = _largest_leap(replays)
    drawn.suptitle(
        f"Patience {patience + 1} in place of {patience} moves the stop by {moved}\n"
        "(● best so far, × stopped, ▸ still running when the record ends)",
        fontsize=11,
    )
    plots.show(
        drawn,
        "The epoch that each patience keeps and the epoch of its stop. Stops for patience 1, 2 and so "
        f"on, {'; '.join(said)}.",
    )


def _largest_leap(replays):
    """The patience after which all stops move furthest, and by how much, in words."""

    def moves(place):
        pairs = [(each[place][0], each[place + 1][0]) for each in replays.values()]
        return [after - before for before, after in pairs] if all(map(all, pairs)) else []

    places = range(min(map(len, replays.values())) - 1)
    best = max(places, key=lambda place: min(moves(place), default=0))
    low, high = min(moves(best), default=0), max(moves(best), default=0)
    return best + 1, f"{low} epochs" if low == high else f"{low} to {high} epochs"
