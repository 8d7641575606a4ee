"""The fast network: whitening, starts, quick biases, shifts and mirrors, six looks."""

import keras
import numpy as np
import pytest

from course_utils import fast

WIDTHS = fast.WIDTHS["smoke"]


@pytest.fixture(scope="module")
def images():
    """Pictures whose neighbouring pixels are alike."""
    random = np.random.default_rng(0)
    walks = random.normal(0, 12, (60, 16, 16, 3)).cumsum(axis=1).cumsum(axis=2)
    return (127 + walks + random.normal(0, 4, walks.shape)).clip(0, 255).astype("uint8")


@pytest.fixture(scope="module")
def labels():
    return np.arange(60, dtype="int32") % 10


def test_whitened_patches_do_not_correlate_and_vary_alike(images):
    kernels = fast.whitening(images, epsilon=0)
    assert kernels.shape == (2, 2, 3, 24)
    assert kernels.dtype == "float32"
    assert np.allclose(kernels[..., :12], -kernels[..., 12:])
    inputs = (images / 127.5 - 1).astype("float32")
    answers = keras.ops.conv(inputs, kernels[..., :12], strides=2, padding="valid")
    found = np.cov(np.reshape(answers, (-1, 12)), rowvar=False)
    assert np.allclose(found, np.eye(12), atol=0.02)
    # Epsilon keeps small directions small; the first is that of the largest variance.
    softer = fast.whitening(images, epsilon=1.0)
    sizes = np.linalg.norm(softer[..., :12].reshape(12, 12), axis=0)
    assert (sizes < 1).all()
    assert (np.diff(np.linalg.norm(kernels[..., :12].reshape(12, 12), axis=0)) > 0).all()


@pytest.mark.parametrize(("channels", "filters"), [(3, 8), (8, 8), (8, 3)])
def test_an_identity_hands_its_input_on(channels, filters):
    kernel = fast.Identity(seed=1)((3, 3, channels, filters))
    inputs = np.random.default_rng(0).normal(size=(2, 5, 5, channels)).astype("float32")
    answers = np.asarray(keras.ops.conv(inputs, kernel, padding="same"))
    both = min(channels, filters)
    assert np.allclose(answers[..., :both], inputs[..., :both], atol=1e-6)
    assert np.std(answers[..., both:], axis=(0, 1, 2)).all(), "the others start at random"


def test_what_each_rung_changes(images):
    plain, whitened, identity = (fast.build(rung, images, WIDTHS) for rung in (2, 3, 4))
    assert plain.get_layer("patches").trainable
    for model in (whitened, identity):
        patches = model.get_layer("patches")
        assert not patches.trainable
        assert np.allclose(patches.kernel, fast.whitening(images))
    copies = [
        np.isclose(layer.kernel, 1).sum()
        for layer in identity.layers[3:]
        if hasattr(layer, "filters")
    ]
    assert copies == [16] * 6
    assert float(fast.optimizer(0, 0.5, 100).learning_rate) == pytest.approx(0.5)
    rates = [float(fast.schedule(0.5, 100)(step)) for step in range(101)]
    assert max(rates) == pytest.approx(0.5)
    assert np.argmax(rates) == 20
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(0, abs=1e-6)
    assert [fast.optimizer(rung, 1, 100).times for rung in (4, 5)] == [1, 64]
    assert [fast.optimizer(rung, 1, 100).use_ema for rung in (5, 6)] == [False, True]


@pytest.mark.slow
def test_it_saves_and_loads(images, labels, tmp_path):
    model = fast.build(8, images, WIDTHS)
    model.compile(fast.optimizer(8, 0.1, 10), "categorical_crossentropy")
    model.fit(fast.Shown(images, labels, 32), epochs=1, verbose=0)
    model.save(tmp_path / "fast.keras")
    again = keras.saving.load_model(tmp_path / "fast.keras")
    assert again.optimizer.times == 64
    assert np.allclose(
        again.predict(images, verbose=0), model.predict(images, verbose=0), atol=1e-6
    )


def test_biases_alone_are_quick():
    """One step from zero gradients apart: 64 times as far, for the biases of batch normalisation."""
    moved = {}
    for times in (1, 64):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((4, 4, 3))
        x = keras.layers.Conv2D(4, 3)(inputs)
        x = keras.layers.BatchNormalization()(x)
        model = keras.Model(inputs, keras.layers.Flatten()(x))
        model.compile(fast.QuickBiases(0.01, momentum=0.9, nesterov=True, times=times), "mse")
        before = [np.array(v) for v in model.trainable_variables]
        draw = np.random.default_rng(0)
        model.train_on_batch(draw.normal(size=(8, 4, 4, 3)), draw.normal(size=(8, 16)))
        after = model.trainable_variables
        moved[times] = {
            v.path.rpartition("/")[2]: np.array(v) - b for v, b in zip(after, before, strict=True)
        }
    assert np.allclose(moved[64]["beta"], 64 * moved[1]["beta"], rtol=1e-3)
    for name in ("kernel", "gamma"):
        assert np.allclose(moved[64][name], moved[1][name], atol=1e-6)


def test_shown_images_are_shifted_mirrored_and_shuffled(images, labels):
    shown = fast.Shown(images, labels, 25, shift=2, seed=3)
    assert len(shown) == 2
    for _ in range(2):
        seen = set()
        for batch in range(len(shown)):
            moved, wanted = shown[batch]
            assert moved.dtype == np.uint8
            assert moved.shape == (25, 16, 16, 3)
            assert (wanted.dtype, wanted.shape) == ("float32", (25, 10))
            for image, label in zip(moved, wanted, strict=True):
                seen.add(_found(image, images, labels[:, None] == label.argmax()))
        assert len(seen) == 50, "no image twice in an epoch"
        shown.on_epoch_end()
    places = {tuple(place) for place in shown.places.T}
    assert len(places) > 15
    with pytest.raises(ValueError, match='expected "random", "alternate" or "never"'):
        fast.Shown(images, labels, 25, mirror="sometimes")


def _found(image, images, same):
    """Which image, of those with the label, a shifted and perhaps mirrored one was: by its inner part."""
    for k in np.flatnonzero(same):
        for side in (images[k], images[k][:, ::-1]):
            for down in range(5):
                for right in range(5):
                    padded = np.pad(side, ((2, 2), (2, 2), (0, 0)), mode="reflect")
                    if (padded[down : down + 16, right : right + 16] == image).all():
                        return int(k)
    raise AssertionError("no image of that label, shifted by up to two pixels")


def test_alternating_shows_both_sides_in_two_epochs(images, labels):
    shown = fast.Shown(images, labels, 30, "alternate")
    first = shown.mirrored.copy()
    assert 0 < first.sum() < len(images)
    shown.on_epoch_end()
    assert (shown.mirrored == ~first).all()
    shown.on_epoch_end()
    assert (shown.mirrored == first).all()
    assert not fast.Shown(images, labels, 30, "never").mirrored.any()


def test_six_looks_are_averaged(images):
    model = fast.build(4, images, WIDTHS)
    several = fast.looks(images)
    assert sum(weight for _, weight in several) == pytest.approx(1)
    assert [weight for _, weight in several] == [0.25, 0.125, 0.125] * 2
    (plain, _), (up, _), *_ = several
    assert np.array_equal(plain, images)
    assert np.array_equal(np.asarray(up)[:, :-1, :-1], images[:, 1:, 1:]) or np.array_equal(
        np.asarray(up)[:, 1:, 1:], images[:, :-1, :-1]
    )
    expected = sum(weight * model.predict(np.asarray(x), verbose=0) for x, weight in several)
    found = fast.look_six_times(model).predict(images, verbose=0)
    assert np.allclose(found, expected, atol=1e-5)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-4)
