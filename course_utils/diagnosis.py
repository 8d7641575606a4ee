"""Read training and validation curves: underfitting, overfitting, still improving or plateau."""

import math
from dataclasses import dataclass

FEWEST_EPOCHS = 4
PROGRESS = 0.01  # of the validation loss: what a stretch must gain to count as progress
RISE = 0.05  # of the lowest validation loss: a rise that is more than a stumble
WIDE_GAP = 0.10  # of all images: training accuracy that does not carry over
NARROW_GAP = 0.02
LEARNT = 0.90  # training accuracy from which the training images count as learnt

_NEEDED = ("loss", "accuracy", "val_loss", "val_accuracy")


@dataclass(frozen=True)
class Diagnosis:
    """What the curves of one training say, and the figures that it is based on.

    Attributes:
        name: "underfitting", "overfitting", "still improving" or "plateau".
        epochs: how many epochs the curves have.
        best_epoch: the epoch of the lowest validation loss, counted from 1.
        train_accuracy, val_accuracy: means over the last stretch of epochs, fractions.
        gap: `train_accuracy - val_accuracy`.
        progress: fall of the validation loss from the last stretch but one to the last, as a
            fraction of the former; negative where it rose.
        rise: how far the last stretch's validation loss lies above the lowest stretch's, as a
            fraction of that one; 0 where the last is the lowest.
        advice: one sentence on what to try next.
    """

    name: str
    epochs: int
    best_epoch: int
    train_accuracy: float
    val_accuracy: float
    gap: float
    progress: float
    rise: float
    advice: str

    def __str__(self):
        return (
            f"{self.name}: training {self.train_accuracy:.1%}, validation "
            f"{self.val_accuracy:.1%}, lowest validation loss in epoch {self.best_epoch} of "
            f"{self.epochs}. {self.advice}"
        )


def diagnose(history) -> Diagnosis:
    """Name what the curves of a training show, by a fixed rule.

    An epoch alone is noisy, so all figures are means over a *stretch* of w epochs: a quarter of
    them, and at least two. The first of these that holds is the answer:

    1. "still improving": the last stretch's validation loss is the lowest of all stretches, and at
       least 1 % below that of the stretch before.
    2. "overfitting": the last stretch's validation loss lies more than 5 % above the lowest
       stretch's while the training loss went on falling; or the training accuracy is more than 10
       points above the validation accuracy.
    3. "underfitting": the training accuracy is below 90 % and at most 2 points above the validation
       accuracy.
    4. "plateau": none of these. More epochs change nothing, and the gap is neither wide nor closed.

    The thresholds are conventions, not laws. The training accuracy is the one that Keras reports:
    averaged over the epoch, with dropout and augmentation in force, and thus lower than what the
    network gets right on its training images afterwards. An L2 penalty, which Keras adds to both
    losses, moves with the weights; where it is large, put the cross-entropy alone, measured as a
    metric, in place of the two losses.

    Args:
        history: what `fit` returned, or its `history` dict: lists of equal length under "loss",
            "accuracy", "val_loss" and "val_accuracy". Accuracies are fractions.

    Raises:
        ValueError: curves are missing, such as those of a validation set; there are fewer than 4
            epochs; a value is not a finite number; or an accuracy is no fraction.

    Source: the procedure follows an answer on Cross Validated about fighting overfitting on
    CIFAR-10 ("regularise just enough"); the thresholds are the course's own.
    """
    curves = _checked(getattr(history, "history", history))
    epochs = len(curves["loss"])
    width = max(2, epochs // 4)
    smooth = {
        name: [
            math.fsum(values[start : start + width]) / width for start in range(epochs - width + 1)
        ]
        for name, values in curves.items()
    }
    val_loss, loss = smooth["val_loss"], smooth["loss"]
    lowest = min(range(len(val_loss)), key=val_loss.__getitem__)
    before = val_loss[max(len(val_loss) - 1 - width, 0)]
    progress = _share(before - val_loss[-1], before)
    rise = _share(val_loss[-1] - val_loss[lowest], val_loss[lowest])
    train, val = smooth["accuracy"][-1], smooth["val_accuracy"][-1]
    gap = train - val
    best_epoch = 1 + min(range(epochs), key=curves["val_loss"].__getitem__)

    if lowest == len(val_loss) - 1 and progress >= PROGRESS:
        name, advice = "still improving", "Train on before you change anything."
    elif (rise > RISE and loss[-1] < loss[lowest]) or gap > WIDE_GAP:
        name = "overfitting"
        advice = (
            "Regularise more (dropout, augmentation, a penalty), or stop earlier and keep epoch "
            f"{best_epoch}."
        )
    elif train < LEARNT and gap <= NARROW_GAP:
        name = "underfitting"
        advice = (
            "Regularise less, or give it more to learn with: more units, another learning rate."
        )
    else:
        name = "plateau"
        advice = "Longer training changes nothing; change one thing, and compare on validation."
    return Diagnosis(name, epochs, best_epoch, train, val, gap, progress, rise, advice)


def _checked(curves):
    """The four curves as lists of floats, or ValueError saying what is wrong and what mends it."""
    if not hasattr(curves, "get"):
        raise ValueError(
            f"history is a {type(curves).__name__}; expected what `model.fit` returned, or its "
            "`history` dict."
        )
    missing = [name for name in _NEEDED if curves.get(name) is None]
    if missing:
        mend = '. Compile with model.compile(..., metrics=["accuracy"]).'
        if any(name.startswith("val_") for name in missing):
            mend = (
                ": without a validation set nobody can tell learning from memorising. Train with "
                "model.fit(..., validation_data=(mnist.x_val, mnist.y_val))."
            )
        raise ValueError(f"history has no {' and no '.join(missing)}{mend}")
    try:
        found = {name: [float(value) for value in curves[name]] for name in _NEEDED}
    except TypeError as error:
        raise ValueError(
            f"history's curves are not lists of numbers ({error}). Expected what `model.fit` "
            "returned: one number an epoch."
        ) from error
    lengths = {name: len(values) for name, values in found.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"history's curves differ in length: {lengths}. Expected one an epoch each."
        )
    if lengths["loss"] < FEWEST_EPOCHS:
        raise ValueError(
            f"history has {lengths['loss']} epochs; a direction needs at least {FEWEST_EPOCHS}. "
            f"Train for longer: model.fit(..., epochs={FEWEST_EPOCHS})."
        )
    for name, values in found.items():
        for epoch, value in enumerate(values, start=1):
            if not math.isfinite(value):
                raise ValueError(
                    f"{name} of epoch {epoch} is {value}: the training diverged, and there is no "
                    "curve to read. Divide learning_rate by 10 and train again."
                )
            if "accuracy" in name and not 0 <= value <= 1:
                raise ValueError(
                    f"{name} of epoch {epoch} is {value}; expected a fraction from 0 to 1. Divide "
                    "percentages by 100."
                )
    return found


def _share(part, whole):
    """`part / whole`, and 0 where the whole is 0: a loss that is gone cannot change."""
    return part / whole if whole else 0.0
