"""What a score asks of a model, and what it makes of the answers."""

import numpy as np
import pytest

from course_utils.evidence.scoring import score


class Certain:
    """A model that says class 1 of three, whatever it sees, and remembers its batches."""

    def predict(self, images, batch_size, verbose):
        self.batch_size = batch_size
        return np.tile([0.25, 0.5, 0.25], (len(images), 1))


def test_a_score_counts_and_keeps_to_its_batches():
    model, images = Certain(), np.zeros((4, 8, 8, 3), "uint8")
    found = score(model, images, np.array([1, 1, 0, 1], "int32"), batch_size=2)
    assert model.batch_size == 2
    assert (found.accuracy, found.n, found.mistakes) == (0.75, 4, [2])
    assert found.loss == pytest.approx(1.25 * np.log(2))
    score(model, images, np.zeros(4, "int32"))
    assert model.batch_size == 500
