"""Exercises of lesson 11: dropout by hand, and precision from a confusion matrix."""

import numpy as np

from course_utils.checks import Wrong, array, function_returning, refuse_known


@function_returning(array)
def check_drop_by_hand(lesson, drop_by_hand):
    """A function (signal, rate, rng) -> the signal through dropout as in training."""
    signal = np.full((200, 500), 2.0)
    for rate in (0.25, 0.6):
        answer = drop_by_hand(signal.copy(), rate, np.random.default_rng(0))
        answer = np.asarray(answer, dtype=float)
        if answer.shape != signal.shape:
            raise Wrong(f"the result has shape {answer.shape}; expected {signal.shape} as before.")
        silent = (answer == 0).mean()
        if abs(silent - (1 - rate)) < 0.02 and abs(silent - rate) > 0.02:
            raise Wrong(f"at rate {rate}, {silent:.0%} are silent: the rate is what is dropped.")
        if abs(silent - rate) > 0.02:
            raise Wrong(f"at rate {rate}, {silent:.0%} are silent; expected about {rate:.0%}.")
        if (answer == 0).all(axis=0).any() or (answer == 0).all(axis=1).any():
            raise Wrong("some columns or rows are silent throughout: draw for each unit by itself.")
        left = answer[answer != 0]
        if np.ptp(left) > 1e-6:
            raise Wrong("the units that survive are scaled differently; one factor does for all.")
        scale = float(left[0]) / 2
        if not np.isclose(scale, 1 / (1 - rate)):
            case = f"at rate {rate} the signal's mean was 2 and is now {answer.mean():.2f}"
            mistakes = (
                (1, ": nothing makes up for the units that fell silent."),
                (1 / rate, ": you divide by the share that falls silent. Which share is left?"),
                (
                    1 - rate,
                    ": you make the survivors smaller. They have to make up for the others.",
                ),
                (
                    1 + rate,
                    ": nearly. One silent in two asks for the double, not for one and a half.",
                ),
                (
                    1 / (1 - silent),
                    ": you divide by the share that survived in this draw. One fixed factor is meant, "
                    "which keeps the mean on average.",
                ),
            )
            refuse_known(scale, mistakes, case, rel_tol=1e-6)
            raise Wrong(f"{case}. By which factor must those that survive be scaled?")
    if not np.array_equal(*(drop_by_hand(signal, 0.5, np.random.default_rng(3)) for _ in range(2))):
        raise Wrong("equal generators give different masks; draw them from rng and nothing else.")
    if np.array_equal(*(drop_by_hand(signal, 0.5, np.random.default_rng(s)) == 0 for s in (1, 2))):
        raise Wrong("two generators give the same mask; draw it from rng.")
    return "as many fall silent as the rate says, and the mean stays where it was."


@function_returning(array)
def check_precisions(lesson, precisions):
    """A function matrix -> shares of the predictions of each class that are right, (classes,)."""
    matrix = np.array([[8, 2, 0, 0], [1, 6, 3, 0], [1, 4, 5, 0], [0, 0, 2, 0]])
    right = np.array([0.8, 0.5, 0.5, 0.0])
    answer = precisions(matrix.copy())
    answer = np.asarray(answer, dtype=float)
    if answer.shape != right.shape:
        raise Wrong(f"the result has shape {answer.shape}; expected one number for each class.")
    if np.isnan(answer[3]) or np.isinf(answer[3]):
        raise Wrong("a class that was never predicted gives a division by zero; it shall get 0.")
    if np.allclose(answer, right):
        return "columns, not rows: you ask what was said, and then what it was."
    if np.allclose(answer, np.diag(matrix) / matrix.sum(axis=1)):
        raise Wrong("that is the recall: the share of the true cats that were found.")
    if np.allclose(answer, 2 * np.diag(matrix) / (matrix.sum(axis=0) + matrix.sum(axis=1))):
        raise Wrong(
            "that is the F1 score, which mixes the recall in. Only the columns are asked for."
        )
    if np.allclose(answer, 1 - right) or np.allclose(answer[:3], 1 - right[:3]):
        raise Wrong("that is the share of wrong calls, in place of the right ones.")
    if np.allclose(answer, np.diag(matrix) / matrix.sum()):
        raise Wrong("you divide by all the pictures. By how many should you?")
    raise Wrong(
        f"of {matrix[:, 0].sum()} pictures called class 0, {matrix[0, 0]} were of class 0, and your "
        f"precision is {answer[0]:.2f}."
    )
