"""Diagnosis of recorded and of drawn curves. `curves.json` holds real trainings, as recorded."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import course_utils
from course_utils.diagnosis import Diagnosis, diagnose

RECORDED = json.loads((Path(__file__).parent / "curves.json").read_text(encoding="utf-8"))
NAMES = {"underfitting", "overfitting", "still improving", "plateau"}


def curves(val_loss, loss=None, accuracy=0.95, val_accuracy=0.90):
    """A history of constant accuracies, unless lists are given."""
    count = len(val_loss)
    return {
        "loss": loss or [1 / (1 + epoch) for epoch in range(count)],
        "val_loss": val_loss,
        "accuracy": accuracy if isinstance(accuracy, list) else [accuracy] * count,
        "val_accuracy": val_accuracy if isinstance(val_accuracy, list) else [val_accuracy] * count,
    }


FLAT = [1.0, 0.8] + [0.7] * 10
VALLEY = [1.0, 0.8, 0.6, 0.5, 0.5, 0.5, 0.55, 0.6, 0.7, 0.8]
FALLING = [0.9**epoch for epoch in range(12)]


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["what"])
def test_recorded_curves(case):
    found = diagnose(case["history"])
    assert found.name == case["name"]
    assert f"{case['name']}: training" in str(found)


def test_every_name_was_recorded():
    assert {case["name"] for case in RECORDED} == NAMES


@pytest.mark.parametrize(
    ("history", "name"),
    [
        (curves(FALLING), "still improving"),
        (curves(FALLING, accuracy=0.99, val_accuracy=0.5), "still improving"),
        (curves(VALLEY), "overfitting"),
        (curves(FLAT, accuracy=0.95, val_accuracy=0.80), "overfitting"),
        (curves(FLAT, accuracy=0.40, val_accuracy=0.41), "underfitting"),
        (curves(FLAT, accuracy=0.89, val_accuracy=0.895), "underfitting"),
        (curves(FLAT, accuracy=0.91, val_accuracy=0.905), "plateau"),
        (curves(FLAT, accuracy=0.80, val_accuracy=0.75), "plateau"),
        # The validation loss rises together with the training loss: nothing is learnt by heart.
        (curves(VALLEY, loss=VALLEY, accuracy=0.5, val_accuracy=0.5), "underfitting"),
    ],
)
def test_drawn_curves(history, name):
    assert diagnose(history).name == name


def test_one_stumble_is_no_turn():
    val_loss = list(FALLING)
    val_loss[6] *= 1.2
    assert diagnose(curves(val_loss)).name == "still improving"
    flat = list(FLAT)
    flat[-2] *= 1.05
    assert diagnose(curves(flat)).name == "plateau"


def test_the_figures_are_those_of_the_curves():
    found = diagnose(curves(VALLEY, accuracy=[k / 10 for k in range(10)], val_accuracy=0.25))
    assert found.epochs == 10
    assert found.best_epoch == 4
    assert found.train_accuracy == pytest.approx(0.85)  # the mean of the last two
    assert found.val_accuracy == 0.25
    assert found.gap == pytest.approx(0.60)
    assert found.progress == pytest.approx((0.575 - 0.75) / 0.575)
    assert found.rise == pytest.approx(0.75 / 0.5 - 1)
    assert "keep epoch 4" in found.advice
    with pytest.raises(AttributeError):
        found.name = "plateau"


def test_a_history_object_and_its_dict_are_read_alike():
    history = SimpleNamespace(history=curves(VALLEY), epoch=list(range(10)))
    assert diagnose(history) == diagnose(curves(VALLEY))
    assert isinstance(course_utils.diagnose(history), Diagnosis)


losses = st.floats(1e-3, 1e3)
shares = st.floats(0, 1)


@given(st.lists(st.tuples(losses, losses, shares, shares), min_size=4, max_size=40))
def test_every_curve_has_one_name_whatever_the_unit_of_its_loss(epochs):
    loss, val_loss, accuracy, val_accuracy = (list(column) for column in zip(*epochs, strict=True))
    found = diagnose(curves(val_loss, loss, accuracy, val_accuracy))
    assert found.name in NAMES
    assert all(map(math.isfinite, (found.gap, found.progress, found.rise)))
    assert found.rise >= 0
    # A power of two, so that no rounding is added.
    doubled = curves([4 * v for v in val_loss], [4 * v for v in loss], accuracy, val_accuracy)
    assert diagnose(doubled) == found


def test_a_lost_training_loss_is_no_division_by_zero():
    assert diagnose(curves([0.0] * 6, loss=[0.0] * 6)).name == "plateau"


def without(*names):
    return {name: values for name, values in curves(VALLEY).items() if name not in names}


@pytest.mark.parametrize(
    ("history", "says"),
    [
        (without("val_loss", "val_accuracy"), r"no val_loss and no val_accuracy.*validation_data="),
        (without("accuracy", "val_accuracy"), r"no val_accuracy"),
        (without("accuracy"), r"no accuracy.*metrics="),
        ({}, "validation_data="),
        (curves(VALLEY[:3]), r"3 epochs.*at least 4.*epochs=4"),
        ({**curves(VALLEY), "loss": [1.0]}, "differ in length"),
        (curves([1.0, 0.5, math.nan, 0.4]), r"val_loss of epoch 3 is nan.*learning_rate by 10"),
        (curves(VALLEY, loss=[math.inf] * 10), r"\bloss of epoch 1 is inf"),
        (None, "is a NoneType; expected what `model.fit` returned"),
        ([0.5, 0.4], "is a list"),
        ({**curves(VALLEY), "loss": 0.3}, "not lists of numbers"),
        ({**curves(VALLEY), "loss": [None] * 10}, "not lists of numbers"),
        (curves(VALLEY, accuracy=74.3), "accuracy of epoch 1 is 74.3; expected a fraction from 0"),
    ],
)
def test_bad_histories_are_refused_by_name(history, says):
    with pytest.raises(ValueError, match=says):
        diagnose(history)
