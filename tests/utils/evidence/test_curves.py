"""Curves that are kept, and early stopping replayed on them as Keras would have stopped."""

import numpy as np
import pytest

from course_utils import evidence
from course_utils.evidence import curves, protocol, replay
from course_utils.evidence.curves import CURVE_COLUMNS, Curve, curve_row
from course_utils.evidence.runs import read_table


def curve(*losses):
    epochs = range(1, len(losses) + 1)
    return Curve(losses, tuple(e / 100 for e in epochs), tuple(e / 10 for e in epochs))


def test_the_replay_keeps_the_best_epoch_before_patience_ends():
    losses = curve(0.9, 0.5, 0.6, 0.55, 0.4, 0.45, 0.41, 0.42, 0.3)
    found = replay(losses, 2)
    assert (found.epoch, found.last_epoch, found.stopped) == (2, 4, True)
    assert (found.accuracy, found.loss) == (0.02, 0.2)
    assert replay(losses, 3).epoch == 5
    # The curve ends before the patience does: what was best so far is kept.
    longest = replay(losses, 4)
    assert (longest.epoch, longest.last_epoch, longest.stopped) == (9, 9, False)
    # An equal loss is no better one.
    assert replay(curve(0.5, 0.5, 0.5), 2).epoch == 1


@pytest.mark.parametrize("patience", [1, 2, 3, 5])
def test_the_replay_stops_where_keras_stops(patience):
    from course_utils.models import early_stopping

    class Model:
        """All that the callback asks of a model: weights, here the epoch's number."""

        stop_training, weights = False, 0

        def get_weights(self):
            return self.weights

        def set_weights(self, weights):
            self.weights = weights

    draw = np.random.default_rng(patience)
    for _ in range(50):
        losses = (1 / np.arange(1, 41) + draw.normal(0, 0.02, 40)).round(2).tolist()
        callback, model = early_stopping(patience, "val_cross_entropy"), Model()
        callback.set_model(model)
        callback.on_train_begin()
        for epoch, loss in enumerate(losses):
            model.weights = epoch + 1
            callback.on_epoch_end(epoch, {"val_cross_entropy": loss})
            if model.stop_training:
                break
        callback.on_train_end()
        found = replay(curve(*losses), patience)
        assert (found.epoch, found.last_epoch) == (model.weights, epoch + 1)
        assert found.stopped == model.stop_training


@pytest.mark.parametrize("patience", [0, -1, 2.5, True, None])
def test_a_patience_that_is_none_is_named(patience):
    with pytest.raises(ValueError, match=f"patience={patience!r}; expected a whole number"):
        replay(curve(0.5, 0.4), patience)


@pytest.mark.parametrize(
    "history",
    [
        {},
        {"val_cross_entropy": [0.1]},
        {"val_cross_entropy": [], "test_accuracy": [0.9], "test_loss": [0.1]},
        {"val_cross_entropy": [0.1, 0.2], "test_accuracy": [0.9], "test_loss": [0.1]},
        {"val_cross_entropy": [None], "test_accuracy": [0.9], "test_loss": [0.1]},
        {"val_cross_entropy": [float("nan")], "test_accuracy": [0.9], "test_loss": [0.1]},
    ],
)
def test_a_run_without_a_curve_says_how_to_make_one(history):
    with pytest.raises(ValueError, match="follow=True"):
        replay(history, 5)
    with pytest.raises(ValueError, match="follow=True"):
        replay(evidence.Record("x", "mlp", history=history), 5)


def test_a_followed_run_is_kept_in_a_row_and_read_back(tmp_path):
    history = {
        "loss": [1.0, 0.5, 0.4],
        "val_cross_entropy": [0.4000001, 0.3, 0.35],
        "test_accuracy": [0.97, 0.9912, 0.9913],
        "test_loss": [0.1, 0.03, 0.02],
    }
    record = evidence.Record(
        "ablation", "baseline_cnn", seed=3, table="article_mnist", arm="as_listed_to_the_end",
        history=history, parameters={"learning_rate": 0.001},
    )  # fmt: skip
    kept = curve_row(record)
    assert tuple(kept) == CURVE_COLUMNS
    lines = ",".join(CURVE_COLUMNS) + "\n" + ",".join(str(v or "") for v in kept.values()) + "\n"
    (tmp_path / "curves.csv").write_text(lines)
    assert len(read_table(tmp_path / "curves.csv", CURVE_COLUMNS)) == 1
    back = curves("article_mnist", "as_listed_to_the_end", tmp_path)
    assert list(back) == [3]
    assert replay(back[3], 1) == replay(record, 1) == replay(history, 1)
    assert replay(back[3], 1).accuracy == 0.9912
    assert curves("article_mnist", "as_logged", tmp_path) == {}
    assert curves(protocol.table("article_mnist"), "as_listed_to_the_end", tmp_path / "none") == {}
    # One that was not followed leaves no row.
    del history["test_accuracy"]
    assert curve_row(record) is None
