"""Exercises of lesson 07: combining three members by hand, and how many are worth it."""

import math
from numbers import Real

from course_utils.checks import Unanswered, Wrong, answers_for, describe, function_returning, number

_MEMBERS = {"A": (0.50, 0.45, 0.05), "B": (0.48, 0.47, 0.05), "C": (0.04, 0.85, 0.11)}
_DIGITS = (3, 5, 8)
# (rho, target); in (0.5, 0.75) and (0.5, 1.0) a whole number of members reaches the target exactly.
_CASES = ((0.0, 0.3), (0.5, 0.62), (0.5, 0.75), (0.5, 1.0), (0.8, 0.812), (0.9, 0.85), (0.6, 0.6))
_PARTS = ("average", "answer of the average", "answer of the majority")


@answers_for(*_PARTS)
def check_combined(lesson, combined):
    """A dict with the averaged probabilities of 3, 5 and 8 and what average and majority answer."""
    average = combined["average"]
    if not isinstance(average, dict) or set(average) != set(_DIGITS):
        raise Wrong("the average needs one probability for each of the digits 3, 5 and 8.")
    for column, digit in enumerate(_DIGITS):
        given = average[digit]
        if given is ... or given is None:
            raise Unanswered(f"no averaged probability for the digit {digit} yet.")
        if not isinstance(given, Real):
            raise Wrong(f"the averaged probability of {digit} is {describe(given)}; give a number.")
        total = sum(row[column] for row in _MEMBERS.values())
        if math.isclose(given, total, abs_tol=0.005):
            raise Wrong(f"for the digit {digit} you added the three; the average also divides.")
        if not math.isclose(given, total / len(_MEMBERS), abs_tol=0.005):
            raise Wrong(f"the averaged probability of {digit} is not {given}: add its column up.")
    for part in _PARTS[1:]:
        if combined[part] not in _DIGITS:
            raise Wrong(f"the {part} is one of the digits 3, 5 and 8, not {combined[part]!r}.")
    if combined["answer of the average"] != 5:
        raise Wrong("which digit has the largest of your three averaged probabilities?")
    if combined["answer of the majority"] != 3:
        raise Wrong("in a vote each member has one voice. What does A say, what B, and what C?")
    return "a vote counts heads; an average also hears how sure each member is."


@function_returning(number)
def check_members_needed(lesson, members_needed):
    """A function (rho, target) -> least number of members, or infinity."""
    for rho, target in _CASES:
        case = f"for rho={rho}, target={target}"
        try:
            answer = members_needed(rho, target)
        except ZeroDivisionError:
            raise Wrong(f"{case} you divide by zero. What if the target is rho itself?") from None
        _judge(answer, rho, target, case)
    return "and when the answer is infinite, you need members that differ more, not more members."


def _judge(answer, rho, target, case):
    """Raise Wrong unless the answer is the least number of members that reaches the target."""
    if target <= rho:
        if answer == math.inf:
            return
        raise Wrong(
            f"{case} you need {answer} members. Put that into the formula: does it reach the "
            "target? Which part of the error never goes away?"
        )
    if answer < 1 or not float(answer).is_integer():
        raise Wrong(f"{case} you get {answer}; members come in whole numbers, at least one.")
    reached = rho + (1 - rho) / answer
    if reached > target + 1e-9:
        raise Wrong(f"{case} {answer:.0f} members leave {reached:.3f} of the error: not enough.")
    if answer > 1 and rho + (1 - rho) / (answer - 1) <= target:
        raise Wrong(f"{case} {answer:.0f} members are enough, but fewer would do.")
