"""Exercises: what is right, what is wrong and why, one module a lesson.

A check is a function `check_NAME(lesson, answer)` that returns nothing, or praise, when the answer is
right, with `Wrong` raised otherwise. `Lesson` finds it as `lesson.check_NAME(answer)`. Its decorator
says what an answer is, `function_returning(number)` or `answers_for("A", "B")`, and refuses in plain
words what is none, so that the check itself is about right and wrong only.
"""

import functools
import html
import inspect
import math
from dataclasses import dataclass
from importlib import import_module
from numbers import Real


class Wrong(Exception):
    """The answer is wrong; the message says what is wrong and gives a hint, never the answer."""


class Unanswered(Wrong):
    """There is no answer yet that could be right or wrong."""


@dataclass(frozen=True, repr=False)
class Check:
    """A check's answer: `passed`, and a sentence that a notebook shows as the cell's result.

    A notebook shows it in colour and with a sign. A wrong answer has a `hint`: the message is folded,
    and beside it stands a link to `solution`, the notebook that solves it, for whoever gives up.
    `taken`, where it is known, is the exercise ("02_baseline_cnn.check_slim") and its minutes: they
    travel with the notebook, unseen, so that a class can tell how long its exercises took.
    """

    passed: bool
    message: str
    hint: bool = False
    solution: str = ""
    taken: tuple[str, float] | None = None

    def __repr__(self):
        return f"{'Correct' if self.passed else 'Not yet'}: {self.message}"

    def _repr_html_(self):
        said = html.escape(self.message)
        if self.passed:
            card = _card("#009e73", f"<b>&#10003; Correct:</b> {said}")
            if self.taken:
                stamp = 'data-exercise="{}" data-minutes="{:.1f}"'.format(*self.taken)
                card = card.replace("<div", f"<div {stamp}", 1)
            return card
        if not self.hint:
            return _card("#767676", f"<b>&#8230; Not yet:</b> {said}")
        link = f'<a href="{self.solution}">Show the solution</a>' if self.solution else ""
        folded = f"<details><summary>Show a hint</summary>{said}</details>"
        return _card("#d55e00", f"<b>&#10007; Not yet.</b>{folded}{link}")


def _card(colour, content):
    """A box with a coloured edge; the sign and the word say the same to whoever sees no colour."""
    style = f"border-left: 4px solid {colour}; padding: 0.3em 0.8em"
    return f'<div style="{style}">{content}</div>'


def find_check(lesson_name: str, check_name: str):
    """The function `check_name` of the module for `lesson_name` ("02_baseline_cnn" -> lesson_02).

    Raises AttributeError, so that `Lesson` behaves as an object does, when there is none.
    """
    module_name = f"{__name__}.lesson_{lesson_name[:2]}"
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name != module_name:
            raise
        module = None
    if not hasattr(module, check_name):
        raise AttributeError(f"lesson {lesson_name!r} has no exercise {check_name!r}")
    return getattr(module, check_name)


def run_check(function, lesson, *answer) -> Check:
    """Apply a check; an answer that is missing or raises is "not yet", with the reason."""
    if not answer or any(map(_is_empty, answer)):
        return Check(False, "the answer is still empty. Fill it in and run the cell again.")
    try:
        praise = function(lesson, *answer)
    except Unanswered as unanswered:
        return Check(False, str(unanswered))
    except Wrong as wrong:
        return Check(False, str(wrong), hint=True)
    except Exception as error:  # A learner's code may raise anything.
        return Check(False, f"your code raised {type(error).__name__}: {error}", hint=True)
    return Check(True, praise or "well done.")


def refuse_known(answer, mistakes, case="", **tolerance):
    """Raise `Wrong` with the hint of the first of `mistakes`, (number, hint), that the answer is.

    `case` goes before the hint; `tolerance` is that of `math.isclose`.
    """
    for mistake, hint in mistakes:
        if math.isclose(answer, mistake, **tolerance):
            raise Wrong(case + hint)


def function_returning(convert):
    """A check of a learner's function; `convert` takes its result, or raises `Wrong` with a reason.

    The check gets the function so wrapped, under the name that the check's parameter has.
    """

    def decorate(check):
        name = list(inspect.signature(check).parameters)[1]

        @functools.wraps(check)
        def checked(lesson, answer):
            if not callable(answer):
                raise Wrong(
                    f"expected your function itself, {check.__name__}({name}), without brackets or "
                    f"arguments after its name; this is {describe(answer)}."
                )
            returned_before = []

            def asked(*arguments):
                result = answer(*arguments)
                if _is_empty(result) and not returned_before:
                    raise Unanswered(
                        f"{name} returns nothing yet. Write it and run the cell again."
                    )
                if _is_empty(result):
                    raise Wrong(
                        f"for {', '.join(map(repr, arguments))} {name} returns nothing. Does every "
                        "path end in a return?"
                    )
                returned_before.append(True)
                try:
                    return convert(result)
                except Wrong as wrong:
                    raise Wrong(f"{name} returns {describe(result)}; {wrong}") from None

            return check(lesson, asked)

        return checked

    return decorate


def answers_for(*names):
    """A check of a dict with one answer, a word or number or dict of them, for each of `names`."""

    def decorate(check):
        @functools.wraps(check)
        def checked(lesson, answers):
            if not isinstance(answers, dict) or set(answers) != set(names):
                given = answers if isinstance(answers, dict) else ()
                missing = ", ".join(repr(name) for name in names if name not in given)
                raise Wrong(
                    f"expected a dict with one answer for each of its {len(names)} names; leave the "
                    f"names as they are{f' (missing: {missing})' if missing else ''}."
                )
            for name in names:
                answer = answers[name]
                if _is_empty(answer) or (isinstance(answer, str) and not answer):
                    raise Unanswered(f"no answer yet for {name!r}.")
                if not isinstance(answer, str | Real | dict):
                    raise Wrong(f"for {name!r} one answer is expected, not {describe(answer)}.")
            return check(lesson, answers)

        return checked

    return decorate


def _is_empty(value):
    return value is ... or value is None


def describe(value) -> str:
    """What a value is, in words: "an array of shape (2, 3)", "the text '12'"."""
    kind = type(value).__name__
    if isinstance(value, str):
        return f"the text {value!r}"
    if isinstance(value, tuple | list | set | dict):
        return f"a {kind} of {len(value)}"
    if isinstance(value, Real):
        return f"the number {value}"
    if callable(value) and not hasattr(value, "layers"):
        return "a function"
    if getattr(value, "shape", None) is not None:
        return f"an array of shape {tuple(value.shape)}"
    return f"{'an' if kind[0] in 'AEIOUaeiou' else 'a'} {kind}"


def number(result):
    """One number, as a Python number; also from NumPy and from a tensor without axes."""
    import numpy as np

    if isinstance(result, int | float):
        return result
    value = np.asarray(None if isinstance(result, str | tuple | list | dict) else result)
    if value.ndim or value.dtype.kind not in "biuf":
        raise Wrong("one number is expected.")
    return value.item()


def array(result):
    """Numbers in a NumPy array, of any shape."""
    import numpy as np

    try:
        value = np.asarray(result)
    except ValueError:  # Lists of different lengths.
        value = np.array(None)
    if value.dtype.kind not in "biuf":
        raise Wrong("an array of numbers is expected.")
    return value


def three(words):
    """Three numbers, described by `words`."""

    def convert(result):
        try:
            values = [number(each) for each in result]
        except (TypeError, Wrong):
            values = ()
        if len(values) != 3:
            raise Wrong(f"expected three {words}.")
        return values

    return convert


def model(result):
    """A Keras model that knows the shapes of its input and output."""
    import keras

    if not isinstance(result, keras.Model):
        raise Wrong("expected a Keras model.")
    try:
        _ = result.input_shape, result.output_shape
    except (AttributeError, ValueError):
        raise Wrong(
            "it does not know yet how large its input is: begin it with keras.Input(shape)."
        ) from None
    return result
