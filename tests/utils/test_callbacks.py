"""What `Watch` and `LiveCurves` do while a model is trained."""

import keras
import numpy as np
import pytest
from IPython import display as shown

from course_utils import callbacks
from course_utils.errors import TrainingDiverged

X = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
Y = np.arange(32) % 3


def model(metrics=("accuracy",), learning_rate=0.01):
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    network.compile(
        keras.optimizers.SGD(learning_rate),
        loss="categorical_crossentropy",
        metrics=list(metrics),
    )
    return network


def fit(network, *watches, epochs=2):
    network.fit(X, np.eye(3)[Y], epochs=epochs, batch_size=16, verbose=0, callbacks=list(watches))


def test_a_metric_of_several_figures_is_shown_as_their_mean(capsys, monkeypatch):
    drawn = []
    monkeypatch.setattr(shown, "display", lambda *args, **options: None)
    watch = callbacks.Watch()
    curves = callbacks.LiveCurves(
        lambda history, epochs: (drawn.append(history), ({}, {}))[1], live=False
    )
    fit(model([keras.metrics.F1Score(average=None, name="f1")]), watch, curves)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all("f1 0." in line for line in lines)
    for history in (watch.history, drawn[-1]):
        assert len(history["f1"]) == 2
        assert all(isinstance(value, float) and 0 <= value <= 1 for value in history["f1"])


def test_a_long_fit_prints_the_first_epoch_every_fifth_and_the_last(capsys):
    fit(model(), callbacks.Watch(), epochs=20)
    assert capsys.readouterr().out.count("\n") == 20
    watch = callbacks.Watch()
    fit(model(), watch, epochs=22)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == [
        "1/22",
        "5/22",
        "10/22",
        "15/22",
        "20/22",
        "22/22",
    ]
    assert len(watch.history["loss"]) == 22


def test_a_second_training_of_the_same_model_is_named_and_counted(capsys):
    network = model()
    first, second, other = (callbacks.Watch(verbose=False) for _ in range(3))
    fit(network, first)
    assert (first.epochs_before, first.epochs_total) == (0, 2)
    assert capsys.readouterr().out == ""
    fit(network, second, epochs=3)
    assert (second.epochs_before, second.epochs_total) == (2, 5)
    assert len(second.epoch_seconds) == 3
    said = capsys.readouterr().out
    assert said.startswith("This model has been trained before, for 2 epochs,")
    assert said.count("\n") == 1
    fit(model(), other)
    assert other.epochs_before == 0


def with_chance():
    """A compiled network whose start, dropout and order all hang on the seed."""
    network = keras.Sequential(
        [
            keras.Input((4,)),
            keras.Sequential([keras.layers.Dense(8), keras.layers.BatchNormalization()]),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    network.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
    return network


def test_a_model_begun_anew_trains_as_a_new_one_would(capsys):
    keras.utils.set_random_seed(3)
    new = with_chance()
    fit(new)
    keras.utils.set_random_seed(8)
    used, watch = with_chance(), callbacks.Watch(verbose=False)
    fit(used, callbacks.Watch(verbose=False), epochs=5)
    callbacks.begin_anew(used, 3)
    assert int(used.optimizer.iterations) == 0
    assert callbacks.epochs_trained(used) == 0
    fit(used, watch)
    assert capsys.readouterr().out == ""
    assert watch.epochs_before == 0
    for ours, theirs in zip(used.get_weights(), new.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    callbacks.begin_anew(used, 4)
    fit(used)
    assert not np.allclose(used.get_weights()[0], new.get_weights()[0])


def test_a_model_that_was_not_compiled_is_not_begun_anew():
    with pytest.raises(ValueError, match="is not compiled"):
        callbacks.begin_anew(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]), 1)


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C in the second epoch."""

    def on_train_batch_end(self, batch, logs=None):
        if len(self.watch.epoch_seconds) == 1:
            raise KeyboardInterrupt


def test_an_interrupted_training_leaves_what_is_true(capsys):
    network, watch, interrupt = model(), callbacks.Watch(), Interrupt()
    interrupt.watch = watch
    with pytest.raises(KeyboardInterrupt):
        fit(network, watch, interrupt, epochs=4)
    assert len(watch.epoch_seconds) == len(watch.history["loss"]) == 1
    assert 0 < sum(watch.epoch_seconds) <= watch.seconds
    assert watch.epochs_total == 2, "half an epoch has changed the weights"
    again = callbacks.Watch()
    fit(network, again)
    assert again.epochs_before == 2
    assert "trained before, for 2 epochs" in capsys.readouterr().out


def test_a_loss_that_is_no_number_ends_the_training():
    told = []
    watch = callbacks.Watch(verbose=False, on_divergence=lambda *what: told.append(what))
    network = model(learning_rate=float("nan"))
    with pytest.raises(TrainingDiverged, match=r"loss became nan in epoch 1.*learning_rate by 10"):
        fit(network, watch)
    assert told == [(network, watch.history)]


def test_long_fits_of_a_cell_share_one_line_that_says_what_trains(monkeypatch):
    said, cells = [], iter([7, 7, 8])

    class Line:
        def update(self, data, **options):
            said.append(data["text/plain"])

    def display(data, **options):
        said.append("new line")
        said.append(data["text/plain"])
        return Line()

    monkeypatch.setattr(shown, "display", display)
    monkeypatch.setattr(callbacks, "_running_cell", lambda: next(cells))
    monkeypatch.setattr(callbacks.SignOfLife, "AFTER", -1)
    monkeypatch.setattr(callbacks.SignOfLife, "BETWEEN", 0)
    network = model()
    fit(network, callbacks.SignOfLife("rate 0.1, 1 of 2"))
    fit(network, callbacks.SignOfLife("rate 0.2, 2 of 2"))
    assert said.count("new line") == 1
    assert "(rate 0.1, 1 of 2), fit 1 of this cell: epoch 1 of 2" in said[1]
    assert "fit 2 of this cell: done" in said[-1]
    fit(network, callbacks.SignOfLife())
    assert said.count("new line") == 2
    monkeypatch.setattr(callbacks.SignOfLife, "AFTER", 1000)
    monkeypatch.setattr(callbacks, "_running_cell", lambda: 9)
    before = len(said)
    fit(network, callbacks.SignOfLife())
    assert len(said) == before  # a short fit needs no sign


@pytest.mark.parametrize("built", [True, False])
def test_the_optimiser_is_built_before_the_first_step_where_the_model_is(built):
    class Probe(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(self.model.optimizer.built)

    seen = []
    dense = keras.layers.Dense(3, activation="softmax")
    network = keras.Sequential([keras.Input((4,)), dense] if built else [dense])
    network.compile("adam", "categorical_crossentropy")
    fit(network, callbacks.Watch(verbose=False), Probe())
    assert seen == [built]
    assert network.optimizer.built
