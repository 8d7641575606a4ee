"""The exercises of lesson 07 know right answers from typical wrong ones."""

import math

import pytest

from course_utils.checks import find_check, run_check

COMBINED = {
    "average": {3: 0.34, 5: 0.59, 8: 0.07},
    "answer of the average": 5,
    "answer of the majority": 3,
}


def check(name, answer):
    return run_check(find_check("07_ensembles", name), None, answer)


def members_needed(rho, target):
    return math.inf if target <= rho else math.ceil((1 - rho) / (target - rho))


def counted(rho, target):
    """Try one number after the other."""
    return next((k for k in range(1, 1000) if rho + (1 - rho) / k <= target), math.inf)


@pytest.mark.parametrize("average", [COMBINED["average"], {3: 1.02 / 3, 5: 1.77 / 3, 8: 0.21 / 3}])
def test_right_averages(average):
    assert check("check_combined", COMBINED | {"average": average}).passed


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"average": {3: ..., 5: ..., 8: ...}}, "no averaged probability"),
        ({"average": {3: 1.02, 5: 1.77, 8: 0.21}}, "also divides"),
        ({"average": {3: 0.5, 5: 0.59, 8: 0.07}}, "add its column up"),
        ({"average": {3: 0.34}}, "for each of the digits"),
        ({"average": 5}, "for each of the digits"),
        ({"answer of the average": ...}, "no answer of the average yet"),
        ({"answer of the average": 3}, "largest"),
        ({"answer of the majority": 5}, "one voice"),
        ({"answer of the majority": "B"}, "one of the digits"),
        ({"votes": 2}, "leave the names"),
    ],
)
def test_wrong_combinations(change, hint):
    answer = check("check_combined", COMBINED | change)
    assert not answer.passed
    assert hint in answer.message


@pytest.mark.parametrize("function", [members_needed, counted])
def test_right_numbers_of_members(function):
    assert check("check_members_needed", function).passed


@pytest.mark.parametrize(
    ("function", "hint"),
    [
        (lambda rho, target: None, "nothing yet"),
        (lambda rho, target: 1 / target, "whole numbers"),
        (lambda rho, target: math.ceil(1 / target), "not enough"),
        (lambda rho, target: math.floor((1 - rho) / (target - rho)), "not enough"),
        (lambda rho, target: math.ceil((1 - rho) / (target - rho)), "never goes away"),
        (lambda rho, target: members_needed(rho, target) + 1, "fewer would do"),
        # One too many where a whole number reaches the target exactly.
        (lambda rho, target: math.floor((1 - rho) / (target - rho)) + 1, "rho=0.5, target=0.75"),
        (lambda rho, target: math.ceil((1 - rho) / abs(target - rho)), "never goes away"),
        (lambda rho, target: math.inf, "whole numbers"),
    ],
)
def test_wrong_numbers_of_members(function, hint):
    answer = check("check_members_needed", function)
    assert not answer.passed
    assert hint in answer.message


def test_dividing_by_zero_gets_a_hint():
    def careless(rho, target):
        return math.inf if target < rho else math.ceil((1 - rho) / (target - rho))

    assert "divide by zero" in check("check_members_needed", careless).message
