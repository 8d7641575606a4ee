"""Score a trained classifier: the figures that run records and the final test state."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Score:
    """How a classifier does on a set of images: accuracy (a fraction), cross-entropy, predictions.

    `predictions` is float32, shape (n, classes); `labels` int32, shape (n,). `on_validation` says
    that they are the validation images, since full mode keeps none to compare on.
    """

    accuracy: float
    loss: float
    n: int
    predictions: object = field(repr=False, compare=False)
    labels: object = field(repr=False, compare=False)
    on_validation: bool = False

    @property
    def mistakes(self) -> list[int]:
        """Indices of the images that were classified wrongly, in ascending order."""
        wrong = self.predictions.argmax(axis=1) != self.labels
        return wrong.nonzero()[0].tolist()


def score(model, images, labels, batch_size=500) -> Score:
    """Score a Keras softmax classifier on `images`, uint8, (n, height, width, channels).

    `labels` is int32, shape (n,). The loss is the cross-entropy alone: unlike `evaluate`, without
    the penalties that Keras adds to it, so that it can be compared between models. A smaller
    `batch_size` takes less memory.
    """
    predictions = np.asarray(
        model.predict(images, batch_size=batch_size, verbose=0), dtype="float32"
    )
    return score_predictions(predictions, labels)


def score_predictions(predictions, labels) -> Score:
    """The same for probabilities that are there already, shape (n, classes); labels int32, (n,)."""
    chosen = predictions[np.arange(len(labels)), labels].astype("float64")
    # Keras clips probabilities at its epsilon before the logarithm; so does this.
    loss = float(-np.log(np.clip(chosen, 1e-7, 1.0)).mean())
    accuracy = float((predictions.argmax(axis=1) == labels).mean())
    return Score(accuracy, loss, len(labels), predictions, labels)
