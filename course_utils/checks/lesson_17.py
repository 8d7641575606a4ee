"""Exercises of lesson 17: a temperature for probabilities, and when to say "I don't know"."""

import numpy as np

from course_utils.checks import Wrong, array, function_returning, number, refuse_known


@function_returning(array)
def check_soften(lesson, soften):
    """A function (probabilities of shape (n, classes), temperature) -> the same at this temperature."""
    given = np.random.default_rng(0).dirichlet(np.full(5, 0.5), 7)
    for temperature in (2.0, 0.5, 1.0):
        case = f"at temperature {temperature:g} "
        answer = soften(given.copy(), temperature)
        if answer.shape != given.shape:
            raise Wrong(f"the result has shape {answer.shape}; expected {given.shape} as before.")
        roots = given ** (1 / temperature)
        if np.allclose(answer, roots / roots.sum(axis=1, keepdims=True), atol=1e-6):
            continue
        powers, exponentials = given**temperature, np.exp(given / temperature)
        for mistake, hint in (
            (given, "nothing changes. Where does the temperature come in?"),
            (given / temperature, "the probabilities are divided, and it is the logits that should be."),
            (roots, "the proportions are right; now bring each row back to a sum of 1."),
            (roots / roots.sum(), "all pictures share one sum; each has its own."),
            (roots / roots.sum(axis=0), "the sum runs over the pictures; it should run over the classes."),
            (powers / powers.sum(axis=1, keepdims=True),
             "the answers get sharper where they should get softer, or the reverse."),
            (exponentials / exponentials.sum(axis=1, keepdims=True),
             "the softmax wants logits, and these are probabilities. What turns the one into the other?"),
        ):  # fmt: skip
            if np.allclose(answer, mistake, atol=1e-6):
                raise Wrong(case + hint)
        raise Wrong(f"{case}the first row is {answer[0].round(3)}, from {given[0].round(3)}.")
    return "one number, and no answer changes."


@function_returning(number)
def check_answer_from(lesson, answer_from):
    """A function (mistake, question), two costs above zero -> the smallest confidence to answer at."""
    for mistake, question in ((10, 1), (100, 1), (4, 3), (1, 2)):
        answer = answer_from(mistake, question)
        risk = question / mistake
        if abs(answer - max(0, 1 - risk)) < 1e-9:
            continue
        refuse_known(
            answer,
            (
                (risk, "that is the largest risk to take, and a confidence was asked for."),
                (min(1, risk), "that is the largest risk to take, and a confidence was asked for."),
                (1 - risk, "a confidence is never below 0: here every answer is worth giving."),
                (mistake / (mistake + question),
                 "so it were if a right answer saved nothing and a question cost its price on top. "
                 "Compare what an answer costs on average with what a question costs."),
                (question / (mistake + question),
                 "so it were a bet with a stake. A right answer costs nothing here."),
                (1 - mistake / question, "mistake and question are swapped."),
                (max(0, 1 - mistake / question), "mistake and question are swapped."),
            ),
            f"a mistake costs {mistake}, a question {question}: ",
            abs_tol=1e-9,
        )  # fmt: skip
        raise Wrong(
            f"a mistake costs {mistake}, a question {question}: at confidence {answer:.3g} an answer costs "
            f"{(1 - answer) * mistake:.3g} on average."
        )
    return "the dearer a mistake, the surer one has to be."
