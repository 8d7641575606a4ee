"""How many epochs each rung of a ladder needs to end at an accuracy: read between whole trainings.

An arm of such a table is named RUNG_EPOCHS, "whitening_8".
"""

import itertools
import math

from course_utils.evidence import protocol
from course_utils.evidence.comparison import LEVEL


def end_accuracies(of, lengths, runs=None) -> dict[str, list[list[float]]]:
    """Rung to the validation accuracies, fractions, with which its trainings end.

    A list for each of `lengths` (epochs), and in it a number for each seed. `of` is a table of the
    protocol, `runs` reference runs, by default the course's own. A rung that lacks a run is left out.
    """
    found = {}
    for rung in _rungs(of, lengths):
        sides = [
            protocol.verdict_runs(of, of.arms[f"{rung}_{length}"], runs).sort_values("seed")
            for length in lengths
        ]
        if all(set(side["seed"]) == set(of.verdict_seeds) for side in sides):
            found[rung] = [side["val_accuracy"].astype(float).tolist() for side in sides]
    return found


def epochs_needed(of, bottom: str, lengths, runs=None) -> dict[str, str]:
    """Rung to the epochs that it needs, in words, for every rung of a table of the protocol.

    The target is the mean validation accuracy that the rung `bottom` ends with after the longest of
    `lengths`, ascending. The epochs are the geometric mean over the seeds, with its 95 % interval by
    Student's t on the logarithms. What is not yet measured says so; where a seed needs fewer or more
    epochs than the lengths, the mean accuracies are read, and there is no interval.
    """
    found = end_accuracies(of, lengths, runs)
    target = _mean(found[bottom][-1]) if bottom in found else None
    return {rung: _words(target, lengths, found.get(rung)) for rung in _rungs(of, lengths)}


def epochs_to(target: float, lengths, accuracies) -> float | None:
    """Epochs that a training would have needed to end at `target`, or None outside what was measured.

    `lengths` are those of whole trainings in epochs, ascending, `accuracies` where each ended; between two
    lengths the accuracy is taken to go in a straight line over the logarithm of the epochs.
    """
    pairs = list(zip(lengths, accuracies, strict=True))
    for (short, before), (long, after) in itertools.pairwise(pairs):
        if min(before, after) <= target <= max(before, after) and before != after:
            share = (target - before) / (after - before)
            return math.exp(math.log(short) + share * math.log(long / short))
    return None


def _rungs(of, lengths):
    last = f"_{lengths[0]}"
    return [name.removesuffix(last) for name in of.arms if name.endswith(last)]


def _mean(values):
    return sum(values) / len(values)


def _words(target, lengths, found):
    if target is None or not found:
        return "not yet measured"
    each = [epochs_to(target, lengths, accuracies) for accuracies in zip(*found, strict=True)]
    if len(each) > 1 and None not in each:
        import numpy as np
        from scipy import stats

        logs = np.log(each)
        half = stats.t.ppf((1 + LEVEL) / 2, len(logs) - 1) * stats.sem(logs)
        low, middle, high = np.exp(logs.mean() + half * np.array([-1, 0, 1]))
        return f"{middle:.1f} ({low:.1f} to {high:.1f})"
    means = list(map(_mean, found))
    if needed := epochs_to(target, lengths, means):
        return f"{needed:.1f}"
    return f"under {lengths[0]}" if means[0] > target else f"over {lengths[-1]}"
