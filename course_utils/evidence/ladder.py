"""How many epochs each rung of a ladder needs to end at an accuracy: read between whole trainings.

An arm of such a table is named RUNG_EPOCHS, "whitening_8".
"""

import itertools
import math

from course_utils.evidence import protocol


def epochs_needed(of, bottom: str, lengths, runs=None) -> dict[str, str]:
    """Rung to the epochs that it needs, in words, for every rung of a table of the protocol.

    The target is the mean validation accuracy that the rung `bottom` ends with after the longest of
    `lengths`, ascending. What is not yet measured, or needs fewer or more epochs than the lengths, says so.
    """
    rungs = [
        name.removesuffix(f"_{lengths[0]}") for name in of.arms if name.endswith(f"_{lengths[0]}")
    ]
    ends = {rung: _ends(of, rung, lengths, runs) for rung in rungs}
    target = ends[bottom][-1] if ends[bottom] else None
    return {rung: _words(target, lengths, ends[rung]) for rung in rungs}


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


def _ends(of, rung, lengths, runs):
    """Mean validation accuracy after each length, or [] while a run is missing."""
    arms = [of.arms[f"{rung}_{length}"] for length in lengths]
    found = [protocol.verdict_runs(of, arm, runs) for arm in arms]
    whole = all(set(each["seed"]) == set(of.verdict_seeds) for each in found)
    return [float(each["val_accuracy"].mean()) for each in found] if whole else []


def _words(target, lengths, ends):
    if target is None or not ends:
        return "not yet measured"
    if needed := epochs_to(target, lengths, ends):
        return f"{needed:.1f}"
    return f"under {lengths[0]}" if ends[0] > target else f"over {lengths[-1]}"
