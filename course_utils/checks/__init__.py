"""Exercises: what is right, what is wrong and why, one module a lesson.

A check is a function `check_NAME(lesson, answer)` that returns nothing when the answer is right,
with `Wrong` raised otherwise. `Lesson` finds it as `lesson.check_NAME(answer)`.
"""

from dataclasses import dataclass
from importlib import import_module


class Wrong(Exception):
    """The answer is wrong; the message says what is wrong and gives a hint, never the answer."""


@dataclass(frozen=True, repr=False)
class Check:
    """A check's answer: `passed`, and a sentence that a notebook shows as the cell's result."""

    passed: bool
    message: str

    def __repr__(self):
        return f"{'Correct' if self.passed else 'Not yet'}: {self.message}"


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
    if any(part is ... or part is None for part in answer):
        return Check(False, "the answer is still empty. Fill it in and run the cell again.")
    try:
        praise = function(lesson, *answer)
    except Wrong as wrong:
        return Check(False, str(wrong))
    except Exception as error:  # A learner's code may raise anything.
        return Check(False, f"your code raised {type(error).__name__}: {error}")
    return Check(True, praise or "well done.")
