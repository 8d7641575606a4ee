"""The course's own layers against slow references and against Keras's.

The tests of this file and of test_models.py run under whatever backend KERAS_BACKEND names;
test_backends.py runs both files again under JAX and PyTorch where they are installed.
"""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import ndimage

from course_utils.layers import FusedBatchNormalization, RandomShift, shift_images

ON_TENSORFLOW = keras.config.backend() == "tensorflow"
tensorflow_only = pytest.mark.skipif(
    not ON_TENSORFLOW, reason="the kernel is TensorFlow's; KERAS_BACKEND names another backend"
)


@pytest.fixture(autouse=True)
def _as_in_a_fresh_process():
    # Another file's tests may have left the policy that suits this machine.
    keras.config.set_dtype_policy("float32")
    keras.utils.set_random_seed(1)


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def slow_shift(image, down, right):
    return ndimage.shift(image, (down, right, 0), order=1, mode="nearest")


# Shifts


@pytest.mark.parametrize("shape", [(9, 9, 1), (8, 5, 3), (1, 6, 2)])
@pytest.mark.parametrize("largest", [0.7, 3, 20])
def test_shift_equals_the_slow_reference(shape, largest):
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (12, *shape)).astype("float32")
    down, right = rng.uniform(-largest, largest, (2, 12)).astype("float32")
    down[0], right[0] = 0, -2
    shifted = numpy(shift_images(*map(ops.convert_to_tensor, (images, down, right))))
    expected = [slow_shift(*each) for each in zip(images, down, right, strict=True)]
    np.testing.assert_allclose(shifted, expected, atol=2e-4)


def ramps(count, height, width):
    """Images whose two channels hold each pixel's own row and column, uint8."""
    grid = np.stack(np.mgrid[:height, :width], axis=-1)
    return np.broadcast_to(grid, (count, *grid.shape)).astype("uint8")


def read_shifts(shifted):
    """The pixels by which each ramp moved down and right, shape (2, images)."""
    height, width = shifted.shape[1:3]
    row, column = height // 2, width // 2
    return row - shifted[:, row, column, 0], column - shifted[:, row, column, 1]


def test_draws_are_whole_pixels_within_the_factor_and_one_an_image():
    images = ramps(2000, 20, 40)
    shifted = numpy(RandomShift(0.1)(images, training=True))
    down, right = read_shifts(shifted)
    for pixels, largest in ((down, 2), (right, 4)):
        assert np.abs(pixels).max() <= largest + 1e-4
        assert np.abs(pixels).max() > 0.98 * largest
        assert abs(pixels.mean()) < 0.06 * largest
        assert pixels.std() == pytest.approx(largest / np.sqrt(3), rel=0.05)
    assert abs(np.corrcoef(down, right)[0, 1]) < 0.08
    # Whole pixels, the outermost half as often: only half a pixel's draws round to them.
    moves, counts = np.unique(down, return_counts=True)
    assert moves.tolist() == [-2, -1, 0, 1, 2]
    assert counts / 2000 == pytest.approx([0.125, 0.25, 0.25, 0.25, 0.125], abs=0.04)
    for index in range(0, 2000, 400):
        whole = slow_shift(images[index].astype("float32"), down[index], right[index])
        np.testing.assert_allclose(shifted[index], whole, atol=1e-3)


def test_images_stay_as_they_are_outside_training():
    images = np.random.default_rng(0).integers(0, 256, (4, 6, 6, 1), dtype="uint8")
    for layer, training in ((RandomShift(0.3), False), (RandomShift(0.3), None)):
        np.testing.assert_array_equal(numpy(layer(images, training=training)), images)
    np.testing.assert_array_equal(numpy(RandomShift(0)(images, training=True)), images)


def test_the_seed_decides_the_shifts_and_each_batch_has_its_own():
    images = ramps(8, 28, 28)

    def first_two(layer):
        return [numpy(layer(images, training=True)) for _ in range(2)]

    one, two = first_two(RandomShift(0.1, seed=3)), first_two(RandomShift(0.1, seed=3))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one[0], one[1])
    assert not np.array_equal(one[0], first_two(RandomShift(0.1, seed=4))[0])
    keras.utils.set_random_seed(7)
    unseeded = first_two(RandomShift(0.1))
    keras.utils.set_random_seed(7)
    np.testing.assert_array_equal(unseeded, first_two(RandomShift(0.1)))


def test_output_has_the_compute_dtype_and_the_input_shape():
    for policy, dtype in (("float32", "uint8"), ("mixed_bfloat16", "uint8"), ("float32", "int32")):
        images = (ramps(3, 12, 10) * 10).astype(dtype)
        layer = RandomShift(0.2, dtype=policy)
        for training in (True, False):
            output = layer(images, training=training)
            assert keras.backend.standardize_dtype(output.dtype) == layer.compute_dtype
            assert tuple(output.shape) == images.shape
    assert RandomShift().compute_output_shape((None, 28, 28, 1)) == (None, 28, 28, 1)


def test_bfloat16_moves_by_the_same_pixels_as_float32():
    images = ramps(64, 28, 28)
    exact = numpy(RandomShift(0.5, seed=2)(images, training=True))
    rough = numpy(RandomShift(0.5, seed=2, dtype="mixed_bfloat16")(images, training=True))
    np.testing.assert_array_equal(rough, exact)


def test_a_shift_leaves_compilation_on_and_trains_on_partial_batches():
    def model(first):
        inputs = keras.Input((8, 8, 1))
        x = keras.layers.Flatten()(first(inputs))
        model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    shifting = model(RandomShift(0.2))
    assert shifting.jit_compile == model(keras.layers.Rescaling(1.0)).jit_compile
    assert shifting.layers[1].supports_jit
    images = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 1), dtype="uint8")
    history = shifting.fit(images, np.arange(10) % 2, batch_size=4, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


@tensorflow_only
def test_a_shift_compiles_under_xla():
    import tensorflow as tf

    images, layer = ramps(16, 28, 28), RandomShift(0.1)
    compiled = tf.function(lambda images: layer(images, training=True), jit_compile=True)
    shifted = numpy(compiled(tf.constant(images)))
    for image, result, *moved in zip(images, shifted, *read_shifts(shifted), strict=True):
        np.testing.assert_allclose(result, slow_shift(image.astype("float32"), *moved), atol=1e-3)


def test_a_shift_survives_saving(tmp_path):
    model = keras.Sequential([keras.Input((28, 28, 2)), RandomShift(0.25, seed=9)])
    model.save(tmp_path / "model.keras")
    layer = keras.saving.load_model(tmp_path / "model.keras").layers[0]
    assert type(layer) is RandomShift
    assert (layer.factor, layer.seed) == (0.25, 9)
    images = ramps(4, 28, 28)
    np.testing.assert_array_equal(
        numpy(model(images, training=True)), numpy(layer(images, training=True))
    )


@pytest.mark.parametrize("factor", [-0.1, 0.51, float("nan"), float("inf"), "0.1", None, True])
def test_a_factor_out_of_range_is_refused(factor):
    with pytest.raises(ValueError, match=r"factor=.*from 0 to 0\.5"):
        RandomShift(factor)


# Batch normalisation


def batch(shape, mean=0.5):
    rng = np.random.default_rng(0)
    return (rng.standard_normal(shape) * np.linspace(0.5, 2, shape[-1]) + mean).astype("float32")


def twins(shape, **options):
    """Keras's layer and ours with the same weights, none of them at its starting value."""
    pair = [kind(**options) for kind in (keras.layers.BatchNormalization, FusedBatchNormalization)]
    rng = np.random.default_rng(1)
    for layer in pair:
        layer.build(shape)
    weights = [rng.uniform(0.5, 2, weight.shape) for weight in pair[0].weights]
    for layer in pair:
        layer.set_weights(weights)
    return pair


OPTIONS = [
    {},
    {"center": False},
    {"scale": False},
    {"center": False, "scale": False},
    {"momentum": 0.6, "epsilon": 1e-4},
    {"epsilon": 1e-6},
    {"axis": 1},
    {"renorm": True},
]
SHAPES = [(6, 5, 4, 16), (2, 1, 1, 32), (1, 1, 1, 16), (6, 5, 4, 3), (8, 16), (3, 7, 16)]
# Every option on the kernel's own shape, and every other shape with the usual options. Two pixels
# a channel are where n / (n - 1) is largest.
CASES = [*((SHAPES[0], options) for options in OPTIONS), *((shape, {}) for shape in SHAPES[1:])]


@pytest.mark.parametrize(("shape", "options"), CASES, ids=str)
def test_outputs_and_moving_statistics_equal_keras(shape, options):
    theirs, ours = twins(shape, **options)
    for step in range(3):
        images = batch(shape, mean=step)
        for training in (True, False):
            expected = numpy(theirs(images, training=training))
            np.testing.assert_allclose(
                numpy(ours(images, training=training)), expected, atol=2e-5, rtol=2e-5
            )
        for one, other in zip(theirs.weights, ours.weights, strict=True):
            np.testing.assert_allclose(numpy(one), numpy(other), atol=1e-6, rtol=1e-5)


def small_model(kind, policy, **options):
    keras.utils.set_random_seed(4)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(16, 3, activation="relu", dtype=policy),
            kind(dtype=policy, **options),
            layers.Conv2D(16, 3, activation="relu", dtype=policy),
            kind(dtype=policy, **options),
            layers.Flatten(dtype=policy),
            layers.Dense(3, activation="softmax", dtype="float32"),
        ]
    )
    compile_plainly(model)
    return model


def compile_plainly(model):
    """Without XLA, which takes seconds for a small model."""
    sgd = keras.optimizers.SGD(0.05)
    model.compile(sgd, "sparse_categorical_crossentropy", jit_compile=False)


@pytest.mark.parametrize(
    ("policy", "close", "frozen"),
    [("float32", 2e-5, False), ("float32", 2e-5, True), ("mixed_bfloat16", 2e-2, False)],
)
def test_training_equals_keras(policy, close, frozen):
    """Three steps of gradient descent move every weight alike: the gradients are the same."""
    theirs = small_model(keras.layers.BatchNormalization, policy)
    ours = small_model(FusedBatchNormalization, policy)
    if frozen:
        for model in (theirs, ours):
            model.layers[1].trainable = False
            compile_plainly(model)
    images, labels = batch((12, 6, 6, 2)), np.arange(12) % 3
    before = ours.get_weights()
    for model in (theirs, ours):
        for _ in range(3):
            model.train_on_batch(images, labels)
    for one, other in zip(theirs.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=close, rtol=close)
    moved = [np.abs(a - b).max() > 0 for a, b in zip(before, ours.get_weights(), strict=True)]
    # gamma, beta and the moving statistics of a frozen layer stand still.
    assert moved == [True, True, *[not frozen] * 4, *[True] * 8]


@tensorflow_only
@pytest.mark.parametrize(
    ("compiled", "training", "policy", "close"),
    [
        (False, True, "float32", 1e-4),
        (False, False, "mixed_bfloat16", 0.05),
        (True, False, "float32", 1e-4),
        (True, True, "mixed_bfloat16", 0.05),
    ],
)
def test_gradients_equal_keras(compiled, training, policy, close):
    import tensorflow as tf

    shape = (6, 5, 4, 16)
    images = tf.constant(batch(shape))
    # Any gradient but a multiple of the images, whose own part normalisation removes.
    upstream = tf.reverse(images, axis=[0]) ** 2

    def gradients(layer):
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = tf.cast(layer(images, training=training), tf.float32)
            loss = tf.reduce_sum(outputs * upstream)
        return tape.gradient(loss, [images, layer.gamma.value, layer.beta.value])

    theirs, ours = (
        tf.function(gradients, jit_compile=compiled)(layer) for layer in twins(shape, dtype=policy)
    )
    for one, other in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(
            numpy(other), numpy(one), atol=close * float(np.abs(numpy(one)).max())
        )


def operations(layer, *arguments, **options):
    import tensorflow as tf

    traced = tf.function(lambda: layer(*arguments, **options)).get_concrete_function()
    return {operation.type for operation in traced.graph.get_operations()}


@tensorflow_only
def test_the_kernel_is_used_where_it_fits_and_only_there():
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        pytest.skip("with a GPU every case is left to Keras")
    four = batch((2, 4, 4, 32))
    fits = [
        (FusedBatchNormalization(), four),
        (FusedBatchNormalization(axis=3, center=False, scale=False), four),
        (FusedBatchNormalization(dtype="mixed_bfloat16"), four),
    ]
    for layer, inputs in fits:
        assert "FusedBatchNormV3" in operations(layer, inputs, training=True)
    assert "FusedBatchNormV3" in operations(fits[0][0], four, training=False)
    delegated = [
        (FusedBatchNormalization(axis=1), four),
        (FusedBatchNormalization(epsilon=1e-6), four),
        (FusedBatchNormalization(renorm=True), four),
        (FusedBatchNormalization(dtype="float64"), four),
        (FusedBatchNormalization(), four[..., :24]),
        (FusedBatchNormalization(), four[:, 0]),
    ]
    for layer, inputs in delegated:
        assert "FusedBatchNormV3" not in operations(layer, inputs, training=True)
    mask = np.ones((2, 4, 4), bool)
    layer = FusedBatchNormalization()
    assert "FusedBatchNormV3" not in operations(layer, four, training=True, mask=mask)


def test_moments_are_float32_under_mixed_precision():
    """Moments in bfloat16 would miss by whole units at a mean of 100: it steps by 1/2 there."""
    images = ops.cast(batch((16, 8, 8, 16), mean=100), "bfloat16")
    layer = FusedBatchNormalization(momentum=0, dtype="mixed_bfloat16")
    outputs = layer(images, training=True)
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"
    assert {keras.backend.standardize_dtype(w.dtype) for w in layer.weights} == {"float32"}
    exact = numpy(images).astype("float64")
    np.testing.assert_allclose(numpy(layer.moving_mean), exact.mean((0, 1, 2)), rtol=1e-6)
    # Keras subtracts the squared mean on PyTorch, which costs float32 some of its digits.
    close = 1e-4 if ON_TENSORFLOW else 1e-2
    np.testing.assert_allclose(numpy(layer.moving_variance), exact.var((0, 1, 2)), rtol=close)


def test_batch_norm_survives_saving_and_trades_weights_with_keras(tmp_path):
    ours = small_model(FusedBatchNormalization, "float32", momentum=0.7)
    images, labels = batch((12, 6, 6, 2)), np.arange(12) % 3
    ours.train_on_batch(images, labels)
    expected = numpy(ours(images))
    ours.save(tmp_path / "model.keras")

    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[1]) is FusedBatchNormalization
    assert loaded.layers[1].momentum == 0.7
    np.testing.assert_allclose(numpy(loaded(images)), expected, atol=1e-6)

    theirs = small_model(keras.layers.BatchNormalization, "float32", momentum=0.7)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(numpy(theirs(images)), expected, atol=1e-5)
    config, keras_config = (model.layers[1].get_config() for model in (ours, theirs))
    assert {**config, "name": ""} == {**keras_config, "name": ""}
