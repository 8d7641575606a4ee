"""What happens while `fit` runs: growing curves, a line an epoch, a sign of life, a stop at NaN."""

import math
import time
import weakref
from dataclasses import dataclass

import keras
import numpy as np

from course_utils.errors import TrainingDiverged

# How many epochs each model has been trained under a `Watch`; forgotten with the model.
_epochs_of = weakref.WeakKeyDictionary()
# The models whose last fit did not come to its end.
_unfinished = weakref.WeakSet()


def epochs_trained(model) -> int:
    """How many epochs a model has been trained under any `Watch`; 0 where none was there."""
    return _epochs_of.get(model, 0)


def was_interrupted(model) -> bool:
    """Whether a model's last fit under a `Watch` was stopped by Ctrl-C or an error."""
    return model in _unfinished


class Watch(keras.callbacks.Callback):
    """Times a fit, stops it when the loss is no longer a number, prints one line an epoch.

    Of more than `MOST_LINES` epochs it prints the first and every fifth: beside the curves more would drag.

    `seconds` is the time of the fit so far, `epoch_seconds` that of each epoch which it completed.
    `epochs_before` is how many epochs the same model had been trained under any `Watch` when this
    fit began; above 0 one sentence says so. `epochs_total` adds those of this fit; an epoch that
    Ctrl-C cut short has changed the weights and counts. `history` holds one figure a metric and
    epoch, a metric of several figures (F1 by class) as their mean.
    `on_epoch(model, seconds, epoch_seconds)` is called after each epoch, and
    `on_divergence(model, history)` before `TrainingDiverged` is raised.
    """

    MOST_LINES = 20

    def __init__(self, verbose=True, on_epoch=None, on_divergence=None):
        super().__init__()
        self.verbose = verbose
        self.on_epoch = on_epoch
        self.on_divergence = on_divergence
        self.seconds = 0.0
        self.epoch_seconds = []
        self.epochs_before = self.epochs_total = 0
        self.history = {}

    def on_train_begin(self, logs=None):
        self._started = time.perf_counter()
        _unfinished.add(self.model)
        if self.model.built:
            # Making the optimiser's variables while TensorFlow traces the first step takes longer: a
            # fifth of what a new model's first epoch of 512 images took.
            self.model.optimizer.build(self.model.trainable_variables)
        self.seconds, self.epoch_seconds, self.history = 0.0, [], {}
        self.epochs_before = self.epochs_total = epochs_trained(self.model)
        if self.epochs_before:
            epochs = "epoch" if self.epochs_before == 1 else "epochs"
            print(
                f"This model has been trained before, for {self.epochs_before} {epochs}, and goes on "
                "from there; to begin anew, run the cell that builds it again."
            )

    def on_train_end(self, logs=None):
        _unfinished.discard(self.model)

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_started = time.perf_counter()
        self.epochs_total += 1
        _epochs_of[self.model] = self.epochs_total

    def on_epoch_end(self, epoch, logs=None):
        now, logs = time.perf_counter(), scalars(logs)
        self.seconds = now - self._started
        self.epoch_seconds.append(now - self._epoch_started)
        if self.on_epoch:
            self.on_epoch(self.model, self.seconds, list(self.epoch_seconds))
        for key, value in logs.items():
            self.history.setdefault(key, []).append(value)
        epochs = self.params.get("epochs")
        few = not epochs or epochs <= self.MOST_LINES
        if self.verbose and (few or epoch + 1 in (1, epochs) or (epoch + 1) % 5 == 0):
            print(epoch_line(epoch + 1, epochs, logs))
        loss = logs.get("loss", 0.0)
        if not math.isfinite(loss):
            if self.on_divergence:
                self.on_divergence(self.model, self.history)
            raise TrainingDiverged(
                f"The training loss became {loss} in epoch {epoch + 1}, so the fit was stopped. The "
                "usual causes are a learning rate that is too large, inputs that were not rescaled, "
                "or weights that start too large: divide learning_rate by 10 and run the cell again."
            )


@dataclass
class _Fits:
    """The fits of one notebook cell: its number, when the first began, how many, their one line."""

    cell: int | None
    began: float
    count: int = 0
    line: object = None


class SignOfLife(keras.callbacks.Callback):
    """One line that says what trains, the how-manieth fit of its cell, and which epoch.

    It comes once the fits of a cell have taken `AFTER` seconds together, and all of them share it.
    `part` says which of how many, where a loop knows: "rate 0.01, 2 of 6".
    """

    AFTER = 5.0  # seconds
    BETWEEN = 1.0
    fits = _Fits(None, 0.0)  # of the cell that runs

    def __init__(self, part=""):
        super().__init__()
        self.part = part

    def on_train_begin(self, logs=None):
        cell = _running_cell()
        if cell is None or self.fits.cell != cell:
            SignOfLife.fits = _Fits(cell, time.perf_counter())
        self.fits.count += 1
        self._epoch, self._shown = 1, -math.inf

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        if now - self.fits.began > self.AFTER and now - self._shown > self.BETWEEN:
            self._shown = now
            self._say(f"epoch {self._epoch} of {self.params.get('epochs', '?')}")

    def on_train_end(self, logs=None):
        if self.fits.line is not None:
            self._say("done")

    def _say(self, words):
        from IPython.display import display

        seconds = time.perf_counter() - self.fits.began
        what = f"{self.model.name} ({self.part})" if self.part else self.model.name
        line = f"Training {what}, fit {self.fits.count} of this cell: {words}, {seconds:.0f} s"
        if self.fits.cell is None:  # no notebook
            print(line)
            return
        data = {"text/plain": line}
        if self.fits.line is None:
            self.fits.line = display(data, raw=True, display_id=True)
        else:
            self.fits.line.update(data, raw=True)


def _running_cell():
    """Number of the notebook cell that runs, or None outside IPython."""
    from IPython import get_ipython

    shell = get_ipython()
    return shell.execution_count if shell is not None else None


class LiveCurves(keras.callbacks.Callback):
    """Redraws training and validation curves in place as `fit` goes on.

    `draw(history, epochs)` returns the notebook's (data, metadata) for a dict of lists; `epochs` is
    how many there will be, or None once the training has ended. Headlessly, one figure is left at the
    end and nothing before it, so that executed notebooks hold no litter.
    """

    SECONDS_BETWEEN_REDRAWS = 0.5

    def __init__(self, draw, live=True):
        super().__init__()
        self.draw = draw
        self.live = live

    def on_train_begin(self, logs=None):
        self._history = {}
        self._display = None
        self._drawn_at = -math.inf

    def on_epoch_end(self, epoch, logs=None):
        for key, value in scalars(logs).items():
            self._history.setdefault(key, []).append(value)
        due = time.perf_counter() - self._drawn_at > self.SECONDS_BETWEEN_REDRAWS
        if self.live and due:
            self._redraw(self.params.get("epochs"))

    def on_train_end(self, logs=None):
        if self._history:
            self._redraw()

    def _redraw(self, epochs=None):
        from IPython.display import display

        data, metadata = self.draw(self._history, epochs)
        if self._display is None:
            self._display = display(data, metadata=metadata, raw=True, display_id=True)
            # Outside a notebook nothing can be redrawn, and its words are told once more, at the end.
            self.live = self.live and self._display is not None
        else:
            self._display.update(data, metadata=metadata, raw=True)
        self._drawn_at = time.perf_counter()


def scalars(logs) -> dict[str, float]:
    """What Keras reports of an epoch, one figure a metric: of an array or tensor, the mean."""
    return {
        key: value
        if isinstance(value, int | float)
        else float(np.mean(keras.ops.convert_to_numpy(value)))
        for key, value in (logs or {}).items()
    }


def epoch_line(epoch, epochs, logs):
    """One line of plain text about an epoch, for example "epoch 3/8  loss 0.21  accuracy 0.93"."""
    of = f"/{epochs}" if epochs else ""
    figures = "  ".join(f"{key.replace('val_', 'val ')} {value:.4f}" for key, value in logs.items())
    return f"epoch {epoch:>2}{of}  {figures}"
