"""Worse pictures: what each kind does, that strengths grow, and that a seed makes them again."""

import numpy as np
import pytest

from course_utils import corruptions


@pytest.fixture(scope="module")
def images():
    """Twelve blobs off the middle, black around them."""
    rows, columns = np.mgrid[:28, :28]
    centres = np.random.default_rng(0).uniform(11, 16, (12, 2, 1, 1))
    blob = np.exp(-(((rows - centres[:, 0]) / 2) ** 2) - ((columns - centres[:, 1]) / 4) ** 2)
    return (255 * blob).astype("uint8")[..., None]


@pytest.mark.parametrize("kind", corruptions.KINDS)
def test_each_is_of_the_same_form_repeatable_and_worse_with_each_strength(images, kind):
    before, far = images.copy(), []
    for strength in corruptions.STRENGTHS:
        made = corruptions.corrupt(images, kind, strength)
        assert (made.dtype, made.shape) == ("float32", images.shape)
        assert made.min() >= -1e-3
        assert made.max() <= 255 + 1e-3
        assert (made == corruptions.corrupt(images, kind, strength)).all()
        far.append(np.abs(made - images).mean())
    assert far == sorted(far)
    assert far[0] > 0
    assert (images == before).all()
    other = corruptions.corrupt(images, kind, 3, seed=1)
    same = (other == corruptions.corrupt(images, kind, 3)).all()
    assert same == (kind in ("blur", "contrast")), "the others draw something"


def test_a_shift_moves_every_pixel_so_far(images):
    made = corruptions.corrupt(images, "shifts", 3)
    for before, after in zip(images[..., 0], made[..., 0], strict=True):
        moved = [
            np.allclose(after[3:25, 3:25], np.roll(before, (3 * r, 3 * c), (0, 1))[3:25, 3:25])
            for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0)
        ]  # fmt: skip
        assert sum(moved) == 1


def test_a_turn_keeps_the_middle_and_goes_both_ways(images):
    bar = np.zeros((40, 28, 28, 1))
    bar[:, 13:15, 4:24] = 255
    made = corruptions.corrupt(bar, "turns", 5)[..., 0]
    upper_left = made[:, :12, :12].sum(axis=(1, 2))
    upper_right = made[:, :12, 16:].sum(axis=(1, 2))
    assert {*(upper_left > upper_right)} == {True, False}
    assert (made[:, 13, 13] > 200).all()


def test_noise_has_its_spread_and_contrast_keeps_the_mean(images):
    grey = np.full((50, 28, 28, 1), 127.5)
    noise = corruptions.corrupt(grey, "noise", 1) - grey
    assert noise.std() == pytest.approx(25.5, rel=0.02)
    pale = corruptions.corrupt(images, "contrast", 2)
    assert pale.mean(axis=(1, 2, 3)) == pytest.approx(images.mean(axis=(1, 2, 3)), rel=1e-4)
    assert pale.std() == pytest.approx(images.std() * 0.5, rel=0.05)


def test_one_picture_and_colours_go_too(images):
    for kind in corruptions.KINDS:
        assert corruptions.corrupt(images[:1], kind, 5).shape == (1, 28, 28, 1)
        colours = np.repeat(images[:2], 3, axis=-1)
        assert corruptions.corrupt(colours, kind, 2).shape == (2, 28, 28, 3)


@pytest.mark.parametrize(
    ("kind", "strength", "words"),
    [("fog", 1, "expected one of noise"), ("noise", 0, "and 1 to 5"), ("noise", 6, "and 1 to 5")],
)
def test_what_there_is_not_is_named(images, kind, strength, words):
    with pytest.raises(ValueError, match=words):
        corruptions.corrupt(images, kind, strength)
    with pytest.raises(ValueError, match="expected .n, height, width, channels."):
        corruptions.corrupt(images[0], "blur", 1)
