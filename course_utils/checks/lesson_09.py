"""Exercises of lesson 09: the ensemble's weights, and mistakes in place of percentages."""

import math

from course_utils.checks import Wrong, function_returning, number, refuse_known, three

_MEMBER = 813_802 + 4 * (32 + 32 + 128)


@function_returning(number)
def check_all_six_weights(lesson, all_six_weights):
    """A function (number of members) -> number of weights, moving statistics included."""
    for k in (1, 3, 5):
        answer = all_six_weights(k)
        if answer == 4 + k * _MEMBER:
            continue
        mistakes = (
            (k * (4 + _MEMBER), "is the input's normalisation there once, or once a member?"),
            (2 + k * (_MEMBER - 384), "Keras counts the moving mean and the moving variance too."),
            (k * _MEMBER, "the shared input's normalisation is missing."),
        )
        refuse_known(answer, mistakes, f"for k={k}: ", rel_tol=0)
        raise Wrong(
            f"for k={k} you get {answer:,}. Which layers does a member add, and what is shared?"
        )
    return "this is what model.count_params() says, for any number of members."


@function_returning(three("numbers: mistakes before, mistakes after, share removed"))
def check_mistakes_removed(lesson, mistakes_removed):
    """A function (accuracy, accuracy, n) -> mistakes before, mistakes after, share removed."""
    for before, after, n in ((0.9912, 0.9947, 10_000), (0.5, 0.75, 200)):
        answer = mistakes_removed(before, after, n)
        truth = ((1 - before) * n, (1 - after) * n, (after - before) / (1 - before))
        for name, given, right in zip(("before", "after", "share"), answer, truth, strict=True):
            # A count that was cut to a whole number, where floats fall short of it, is right too,
            # and so is the share of such counts.
            if name == "share" and math.isclose(given, 1 - answer[1] / answer[0], rel_tol=1e-6):
                continue
            if not math.isclose(given, right, rel_tol=1e-2, abs_tol=0 if name == "share" else 1):
                if name != "share":
                    hint = "1 - accuracy"
                elif math.isclose(given, 100 * right, rel_tol=1e-2):
                    hint = "a fraction, not per cent"
                else:
                    hint = "divide by the mistakes, not by the hits"
                raise Wrong(f"{before} to {after} of {n}: {name} is {given:.4g}. Hint: {hint}.")
    return "count mistakes, and a third of a point is a great deal."
