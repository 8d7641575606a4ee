"""The exercises of lesson 08: empty, right and typically wrong answers; and Keras as a witness."""

import math

import keras
import pytest

from course_utils.checks import Wrong
from course_utils.checks.lesson_08 import _CURVES, _stop, check_patience_needed, check_stop_epoch


def stop(losses, patience, min_delta):
    lowest, waited = math.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        waited += 1
        if loss < lowest - min_delta:
            lowest, waited = loss, 0
        elif waited >= patience:
            return epoch
    return len(losses)


def needed(losses):
    best = losses.index(min(losses)) + 1
    return next(p for p in range(1, len(losses) + 1) if stop(losses[:best], p, 0.0) == best)


def previous(losses, patience, min_delta):
    last, waited = math.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        waited = 0 if loss < last - min_delta else waited + 1
        last = loss
        if waited >= patience:
            return epoch
    return len(losses)


def test_right_answers_are_praised():
    assert check_stop_epoch(None, stop)
    assert check_patience_needed(None, needed)


@pytest.mark.parametrize("losses", _CURVES.values(), ids=_CURVES)
@pytest.mark.parametrize(("patience", "min_delta"), [(1, 0.0), (3, 0.0625)])
def test_the_truth_is_keras_own(losses, patience, min_delta):
    stopper = keras.callbacks.EarlyStopping(
        monitor="val_loss", mode="min", patience=patience, min_delta=min_delta
    )
    stopper.set_model(keras.Sequential())
    stopper.on_train_begin()
    for epoch, loss in enumerate(losses):
        stopper.on_epoch_end(epoch, {"val_loss": loss})
        if stopper.stopped_epoch:
            break
    assert _stop(losses, patience, min_delta) == epoch + 1


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda losses, patience, min_delta: None, "returns nothing yet. Write it"),
        (
            lambda losses, patience, min_delta: [None, 2][patience == 1],
            "every path end in a return",
        ),
        (lambda losses, patience, min_delta: stop(losses, patience, min_delta) - 1, "count from 1"),
        (
            lambda losses, patience, min_delta: stop(losses, patience + 1, min_delta),
            "one epoch more",
        ),
        (lambda losses, patience, min_delta: stop(losses, patience, 0.0), "without min_delta"),
        (previous, "previous epoch"),
        (lambda losses, patience, min_delta: 99, "by hand"),
    ],
)
def test_wrong_stops_get_a_hint(answer, says):
    with pytest.raises(Wrong, match=says):
        check_stop_epoch(None, answer)


def test_the_epoch_to_keep_is_not_the_one_to_stop_at():
    def kept(losses, patience, min_delta):
        seen = losses[: stop(losses, patience, 0.0)]
        return seen.index(min(seen)) + 1

    with pytest.raises(Wrong, match="the epoch to keep"):
        check_stop_epoch(None, kept)


def test_small_progress_does_not_move_the_mark():
    def drift(losses, patience, min_delta):
        lowest, waited = math.inf, 0
        for epoch, loss in enumerate(losses, start=1):
            waited = 0 if loss < lowest - min_delta else waited + 1
            lowest = min(lowest, loss)
            if waited >= patience:
                return epoch
        return len(losses)

    with pytest.raises(Wrong, match="too small to count"):
        check_stop_epoch(None, drift)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda losses: None, "returns nothing yet"),
        (lambda losses: needed(losses) - 1, "one short"),
        (lambda losses: losses.index(min(losses)) + 1, "set the count of waiting back"),
        (lambda losses: 10, "less would have been enough"),
        (lambda losses: -5, "does not keep epoch"),
    ],
)
def test_wrong_patiences_get_a_hint(answer, says):
    with pytest.raises(Wrong, match=says):
        check_patience_needed(None, answer)
