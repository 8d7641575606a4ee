"""The checks of lessons 00 and 02 tell right from wrong, and say why."""

import keras
import pytest
from keras import layers

from course_utils.checks import lesson_00, lesson_02, run_check


def before_it_first_rises(losses):
    for k in range(1, len(losses)):
        if losses[k] > losses[k - 1]:
            return k
    return len(losses)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda losses: losses.index(min(losses)) + 1, "Correct"),
        (lambda losses: losses.index(min(losses)), "indices from 0"),
        (len, "keep the last epoch"),
        (before_it_first_rises, "At which epoch is the loss lowest"),
        (lambda losses: None, "returns nothing yet"),
    ],
)
def test_best_epoch(answer, says):
    assert says in repr(run_check(lesson_00.check_best_epoch, None, answer))


def slim(filters=16, convolutions=2, hidden=32, end="softmax"):
    model = keras.Sequential([keras.Input((28, 28, 1)), layers.Rescaling(1 / 255)])
    for _ in range(convolutions):
        model.add(layers.Conv2D(filters, 3, activation="relu"))
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(hidden, activation="relu"))
    model.add(layers.Dense(10, activation=end))
    return model


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, "Correct"),
        ({"end": None}, "no probabilities"),
        ({"end": "sigmoid"}, "no probabilities"),
        ({"convolutions": 1}, "keep both"),
        ({"filters": 32, "hidden": 512}, "are in one Dense layer"),
    ],
)
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_slim(change, says, precision):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        for seed in range(3):
            keras.utils.set_random_seed(seed)
            assert says in repr(run_check(lesson_02.check_slim, None, lambda: slim(**change)))
    finally:
        keras.config.set_dtype_policy(before)
