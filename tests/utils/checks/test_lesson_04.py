"""The exercises of lesson 04 tell right from wrong, and say why."""

import math
from functools import partial

import pytest

from course_utils.checks import lesson_04, run_check


def check(name, *answer):
    return run_check(getattr(lesson_04, name), None, *answer)


def right_variance(n, a):
    return 2 / ((1 + a**2) * n)


def right_limit(shape):
    return math.sqrt(6 / math.prod(shape[:-1]))


@pytest.mark.parametrize("name", ["check_leaky_variance", "check_he_limit"])
def test_a_stub_is_not_yet(name):
    assert repr(check(name, lambda *arguments: ...)).startswith("Not yet")
    assert repr(check(name, lambda *arguments: None)).startswith("Not yet")
    assert repr(check(name, ...)).startswith("Not yet: the answer is still empty")


def test_right_answers_pass():
    assert check("check_leaky_variance", right_variance).passed
    assert check("check_he_limit", right_limit).passed


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda n, a: 2 / n, "He's rule for slope 0"),
        (lambda n, a: 1 / n, "Without any ReLU"),
        (lambda n, a: math.sqrt(right_variance(n, a)), "standard deviation"),
        (lambda n, a: 2 / ((1 + a) * n), "when you square"),
        (lambda n, a: 2 / ((1 + a) ** 2 * n), "squared first"),
        (lambda n, a: 2 / ((1 - a**2) * n), "raised ZeroDivisionError|add to the mean square"),
        (lambda n, a: (1 + a**2) / (2 * n), "which way up"),
        (lambda n, a: 2 / (1 + a**2), "number of inputs"),
        (lambda n, a: 1 / (n * n), "Which share"),
        (lambda n, a: -1.0, "above 0"),
    ],
)
def test_a_wrong_variance_gets_its_hint(answer, says):
    found = check("check_leaky_variance", answer)
    assert not found.passed
    assert any(part in found.message for part in says.split("|"))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("n", "a"), [(200, 0.0), (400, 0.5), (300, 1.0)])
def test_the_experiment_does_not_hang_on_its_draw(n, a, seed):
    size = partial(lesson_04.size_after_layers, n=n, a=a, seed=seed)
    assert 0.5 < size(right_variance(n, a)) < 2.0


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda shape: 2 / math.prod(shape[:-1]), "the variance"),
        (lambda shape: math.sqrt(2 / math.prod(shape[:-1])), "standard deviation"),
        (lambda shape: 6 / math.prod(shape[:-1]), "root is missing"),
        (lambda shape: math.sqrt(6 / shape[0]), "window"),
        (lambda shape: math.sqrt(6 / shape[-2]), "window"),
        (lambda shape: math.sqrt(6 / math.prod(shape)), "no inputs"),
        (lambda shape: math.sqrt(6 / (shape[0] + shape[1])), "Glorot"),
        (lambda shape: 0.05, "multiply it by three"),
    ],
)
def test_a_wrong_limit_gets_its_hint(answer, says):
    found = check("check_he_limit", answer)
    assert not found.passed
    assert says in found.message
