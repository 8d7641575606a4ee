"""Exercises of lesson 08: stopping with a threshold, and the patience that was needed."""

import math

from course_utils.checks import Wrong, function_returning, number

# Values are multiples of 1/64 and 1/4, so that sums and differences with min_delta are exact.
_CURVES = {
    "a curve with one stumble": [1.0, 0.5, 0.75, 0.25, 0.375, 0.5, 0.625, 0.75],
    "a curve with two stumbles": [1.0, 0.75, 0.875, 0.875, 0.5, 0.625, 0.25, 0.375, 0.5, 0.625],
    "a curve that only falls": [1.0, 0.75, 0.5, 0.25],
    "a curve that drifts": [1.0, *(0.5 - k / 64 for k in range(24))],
    "a curve that only climbs": [0.25, 0.375, 0.5, 0.625, 0.75],
    "a curve that repeats its lowest value": [1.0, 0.5, 0.5, 0.75, 0.5, 0.75],
}


@function_returning(number)
def check_stop_epoch(lesson, stop_epoch):
    """A function (validation losses, patience, min_delta) -> epoch of the stop, from 1."""
    cases = [
        (name, losses, patience, min_delta)
        for name, losses in _CURVES.items()
        for patience in (1, 2, 3, 5)
        for min_delta in (0.0, 0.0625, 0.25)
    ]
    answers, wrong = [], None
    for name, losses, patience, min_delta in cases:
        case = f"on {name} with patience={patience}, min_delta={min_delta}"
        answer = stop_epoch(list(losses), patience, min_delta)
        answers.append(answer)
        if wrong is None and answer != _stop(losses, patience, min_delta):
            wrong = f"{case} you return {answer}"
    if wrong is None:
        return "it stops where Keras would, with a threshold and without."
    # A hint is given for a mistake that explains every answer, not one that fits by accident.
    for mistake, hint in _MISTAKES:
        if answers == [mistake(*case[1:]) for case in cases]:
            raise Wrong(f"{wrong}: {hint}")
    raise Wrong(f"{wrong}. Go through it by hand: which is the lowest value that counts?")


@function_returning(number)
def check_patience_needed(lesson, patience_needed):
    """A function (validation losses) -> the smallest patience that keeps the best epoch."""
    for name, losses in _CURVES.items():
        answer = patience_needed(list(losses))
        best = losses.index(min(losses)) + 1
        truth = next(p for p in range(1, len(losses) + 1) if _kept(losses, p) == best)
        if answer == truth:
            continue
        if answer == truth - 1:
            raise Wrong(f"on {name} you say {answer}: one short. With patience={answer}, is the run "
                        "still going when the next record comes?")  # fmt: skip
        if answer == best:
            raise Wrong(f"on {name} you say {answer}, the best epoch itself. Records on the way "
                        "there set the count of waiting back to 0.")  # fmt: skip
        if isinstance(answer, int | float) and answer > truth:
            raise Wrong(f"on {name} {answer} is enough, but less would have been enough too.")
        raise Wrong(f"on {name} you say {answer}; `replay` with that does not keep epoch {best}.")
    return "the longest wait between two records is what has to be outlasted."


def _stop(losses, patience, min_delta, drift=False, previous=False):
    """Epoch of the stop. `drift` and `previous` are two usual mistakes, used for hints only."""
    lowest, waited = math.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        progress = loss < lowest - min_delta
        waited = 0 if progress else waited + 1
        if waited >= patience:
            return epoch
        if progress or previous or (drift and loss < lowest):
            lowest = loss
    return len(losses)


def _kept(losses, patience):
    """The best epoch seen before the stop."""
    seen = losses[: _stop(losses, patience, 0.0)]
    return seen.index(min(seen)) + 1


_MISTAKES = (
    (lambda *case: _stop(*case) - 1, "epochs count from 1, indices from 0."),
    (lambda losses, p, d: _stop(losses, p + 1, d), "one epoch more than the patience allows."),
    (lambda losses, p, d: _stop(losses, p, 0.0), "that is where it stops without min_delta."),
    (lambda losses, p, d: _kept(losses, p), "that is the epoch to keep; which is the last one?"),
    (
        lambda *case: _stop(*case, drift=True),
        "progress too small to count must not move the value that later epochs are compared with.",
    ),
    (
        lambda *case: _stop(*case, previous=True),
        "compare with the lowest value so far, not with the previous epoch's.",
    ),
)
