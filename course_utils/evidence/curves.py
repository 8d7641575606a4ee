"""Curves of the judged images, epoch by epoch: what early stopping with any patience would have kept.

Runs that a table follows (`follow = true`) are scored on its images after every epoch. Their curves
are kept in `reference/curves.csv`, one row a run.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from course_utils.evidence import protocol
from course_utils.evidence.records import Record
from course_utils.evidence.runs import REFERENCE, read_table

CURVE_COLUMNS = (*protocol.TABLE_KEY, "val_cross_entropy", "accuracy", "loss")
# The validation loss decides, so its ties must not come from rounding.
_DECIMALS = {"val_cross_entropy": 6, "accuracy": 4, "loss": 5}


@dataclass(frozen=True)
class Curve:
    """One run, epoch by epoch; the three have one entry an epoch.

    Attributes:
        val_cross_entropy: on the validation images, which early stopping watches.
        accuracy, loss: on the images that the run is judged on; a fraction, and a cross-entropy.
    """

    val_cross_entropy: tuple
    accuracy: tuple
    loss: tuple


@dataclass(frozen=True)
class Replayed:
    """What early stopping keeps of a curve; epochs are counted from 1.

    Attributes:
        epoch: the one whose weights it keeps.
        last_epoch: the one after which it stops.
        accuracy, loss: of the kept weights, on the images that the run is judged on.
        stopped: False where the curve ends before the patience does.
    """

    epoch: int
    last_epoch: int
    accuracy: float
    loss: float
    stopped: bool


def replay(run, patience: int) -> Replayed:
    """What `models.early_stopping(patience, "val_cross_entropy")` would have kept of a run.

    Args:
        run: a `Curve`, an `evidence.Record` of a run that was followed, or its `history`.
        patience: epochs in a row without a lower validation loss, at least 1.

    Raises:
        ValueError: a patience below 1, or a run without such curves.
    """
    if isinstance(patience, bool) or not isinstance(patience, int) or patience < 1:
        raise ValueError(f"patience={patience!r}; expected a whole number of epochs of at least 1")
    curve = (
        run if isinstance(run, Curve) else _curve(run.history if isinstance(run, Record) else run)
    )
    best, waited = 0, 0
    for epoch, loss in enumerate(curve.val_cross_entropy):
        if epoch and loss >= curve.val_cross_entropy[best]:
            waited += 1
        else:
            best, waited = epoch, 0
        if waited == patience:
            break
    return Replayed(
        best + 1, epoch + 1, curve.accuracy[best], curve.loss[best], stopped=waited == patience
    )


def _curve(history):
    """The curve in a history as Keras or a record has it; ValueError for one without."""
    history = history if isinstance(history, Mapping) else {}
    judges = [judge for judge in protocol.JUDGES if history.get(f"{judge}_accuracy")]
    columns = [history.get("val_cross_entropy") or ()]
    columns += [
        history.get(f"{judge}_{what}") or () for judge in judges for what in ("accuracy", "loss")
    ]
    numbers = all(value is not None and math.isfinite(value) for each in columns for value in each)
    if (
        len(columns) != 3
        or not columns[0]
        or len({len(each) for each in columns}) > 1
        or not numbers
    ):
        raise ValueError(
            "This run has no curve of the images that it is judged on, with a number for each epoch. "
            "The ablation notebook makes one with follow=True."
        )
    return Curve(*map(tuple, columns))


def curve_row(record: Record) -> dict | None:
    """The curve of a table's run as a row of `reference/curves.csv`; None for one not followed."""
    if not record.history.get(f"{protocol.table(record.table).judge}_accuracy"):
        return None
    row, curve = protocol.row_of(record), _curve(record.history)
    return {name: row[name] for name in protocol.TABLE_KEY} | {
        name: " ".join(f"{value:.{digits}f}" for value in getattr(curve, name))
        for name, digits in _DECIMALS.items()
    }


def curves(of, arm: str, folder=None) -> dict[int, Curve]:
    """Seed to `Curve` of the runs of one arm that are kept; empty while none is measured.

    Args:
        of: a table of the protocol, or its name.
        folder: holds curves.csv, by default the course's own.
    """
    of = protocol.table(of) if isinstance(of, str) else of
    rows = read_table((folder or REFERENCE) / "curves.csv", CURVE_COLUMNS)
    rows = rows[(rows["table"] == of.name) & (rows["arm"] == arm)]
    return {
        int(row["seed"]): Curve(*(tuple(map(float, row[name].split())) for name in _DECIMALS))
        for _, row in rows[rows["seed"].isin(of.verdict_seeds)].sort_values("seed").iterrows()
    }
