"""The pictures that the network of lesson 18 learns from: none of the lesson's classes, none to test on."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from course_tools.authoring import pretrain
from course_utils import pretrained
from course_utils.data.specs import SPECS
from course_utils.errors import DataError


class Pool:
    """Images whose every pixel is their number, ten a class; the test set is out of bounds."""

    variant, sha256 = "official", "0" * 16

    def read(self, split):
        assert split == "train"
        x = np.broadcast_to(np.arange(100, dtype="uint8")[:, None, None, None], (100, 32, 32, 3))
        return x, np.arange(100, dtype="uint8") % 10


def test_no_class_of_the_lesson_and_no_picture_twice(monkeypatch):
    monkeypatch.setattr(pretrain, "store", SimpleNamespace(locate=lambda _: Pool()))
    (x, y), (x_held, y_held), pool = pretrain.seen_pictures(held_out=2)
    names = SPECS["cifar10"].class_names
    seen = {names[number % 10] for number in [*x[:, 0, 0, 0], *x_held[:, 0, 0, 0]]}
    assert seen == set(names) - set(pretrained.UNSEEN)
    assert (len(x), len(x_held)) == (7 * 8, 7 * 2)
    assert set(y) == set(y_held) == set(range(7))
    assert not set(x[:, 0, 0, 0]) & set(x_held[:, 0, 0, 0])
    # The same number means the same class in both.
    assert len({(label, number % 10) for label, number in zip(y, x[:, 0, 0, 0], strict=True)}) == 7
    assert isinstance(pool, Pool)


def test_without_the_images_it_says_how_to_get_them(monkeypatch):
    monkeypatch.setattr(pretrain, "store", SimpleNamespace(locate=lambda _: None))
    with pytest.raises(DataError, match="CIFAR-10 is not on this machine"):
        pretrain.seen_pictures()


def test_what_is_saved_is_read_back_to_half_precision(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "WEIGHTS", tmp_path / "trunk.weights.h5")
    trunk = pretrained.build_trunk()
    policy = keras.config.dtype_policy()
    pretrain.save(trunk)
    assert keras.config.dtype_policy() == policy
    again = pretrained.build_trunk(64)
    again.load_weights(pretrained.WEIGHTS)
    for one, other in zip(trunk.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
        assert other.dtype == np.float32
    assert (tmp_path / "trunk.weights.h5").stat().st_size < 4 * trunk.count_params() * 0.7
