"""Exercises of lesson 00: naming training curves, and the epoch to keep."""

from course_utils.checks import Wrong, answers_for, function_returning, number

_HINTS = {
    "A": "compare the two lines at the end: which way does each go?",
    "B": "are the two lines close together? Is the level good?",
    "C": "look at the slope at the last epoch.",
    "D": "what does guessing among ten classes cost, and has this run ever cost less?",
}
_CURVES = ([0.9, 0.5, 0.4, 0.45, 0.6], [0.3, 0.4, 0.5], [0.5, 0.3, 0.2], [0.9, 0.5, 0.6, 0.4, 0.45])
_RIGHT = {
    "A": "overfitting",
    "B": "underfitting",
    "C": "still improving",
    "D": "not learning",
}


@answers_for(*_RIGHT)
def check_names(lesson, names):
    """A dict from "A" to "D" to one of the four verdicts."""
    for run, right in _RIGHT.items():
        given = names[run]
        if given not in _RIGHT.values():
            raise Wrong(f"{given!r} is not one of {', '.join(sorted(_RIGHT.values()))}.")
        if given != right:
            raise Wrong(f"run {run} is not {given}: {_HINTS[run]}")
    return "you can read training curves."


@function_returning(number)
def check_best_epoch(lesson, best_epoch):
    """A function (list of validation losses) -> epoch, counted from 1."""
    for losses in _CURVES:
        answer = best_epoch(losses)
        right = losses.index(min(losses)) + 1
        if answer == right:
            continue
        if answer == right - 1:
            raise Wrong(f"for {losses} you return {answer}: epochs count from 1, indices from 0.")
        if answer == len(losses):
            raise Wrong(f"for {losses} you keep the last epoch; was it the best one?")
        raise Wrong(f"for {losses} you return {answer}. At which epoch is the loss lowest?")
    return "those are the weights that early stopping keeps."
