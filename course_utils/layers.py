"""Two layers that Keras lacks: a cheap random shift, and batch norm by TensorFlow's kernel.

Both expect channels last and run on the TensorFlow, JAX and PyTorch backends, compiled or not.
"""

from numbers import Real

import keras
from keras import ops

_PACKAGE = "course_utils"

# TensorFlow's kernel raises a smaller epsilon to this one on a GPU (cuDNN's minimum, rounded up).
_SMALLEST_FUSED_EPSILON = 1.001e-5
# oneDNN works on blocks of 16 channels; for another number its bfloat16 kernel falls back to code
# that was measured at 3 to 4 times Keras's time.
_FUSED_CHANNELS_BLOCK = 16


def check_shift(name, value):
    """Return `value` as a float, or raise ValueError, naming the argument, outside [0, 0.5]."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value <= 0.5:
        raise ValueError(
            f"{name}={value!r}: expected a number from 0 to 0.5, the largest shift as a fraction "
            "of the image's height and of its width."
        )
    return float(value)


@keras.saving.register_keras_serializable(package=_PACKAGE)
class RandomShift(keras.layers.Layer):
    """Shift each image by a random fraction of its height and width, in training only.

    Each image gets its own two draws, uniform from -factor to +factor of the height and of the
    width, rounded to whole pixels; what comes in from outside repeats the nearest edge pixel. That
    is what Keras 1's `ImageDataGenerator(width_shift_range=factor, height_shift_range=factor)`
    did, which sampled with `order=0`. Interpolating between pixels would blur the training images
    and leave the test images sharp.

    `keras.layers.RandomTranslation` can do the same, but turns compilation off for the whole model
    and, on PyTorch, visits the images one by one. Here a shift along one axis is a matrix product:
    row i of an image's matrix holds the weights of the input rows that output row i is mixed from.

    Args:
        factor: largest shift, a fraction from 0 to 0.5 of the height and of the width.
        seed: int, or None to follow `keras.utils.set_random_seed`.

    Input and output have shape (images, height, width, channels). The input may be of any
    numeric dtype, uint8 included, in any range of values; the output has the layer's compute
    dtype.

    Raises:
        ValueError: for a factor outside [0, 0.5].
    """

    def __init__(self, factor=0.1, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.factor = check_shift("factor", factor)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, images, training=None):
        """Return the images in the compute dtype, shifted if `training`."""
        images = ops.cast(images, self.compute_dtype)
        if not training or self.factor == 0:
            return images
        fractions = keras.random.uniform(
            (2, ops.shape(images)[0]),
            -self.factor,
            self.factor,
            dtype="float32",  # bfloat16 would leave an eighth of a pixel at most
            seed=self.seed_generator,
        )
        _, height, width, _ = images.shape
        down, right = ops.round(fractions[0] * height), ops.round(fractions[1] * width)
        return shift_images(images, down, right)

    def compute_output_shape(self, input_shape):
        """Return `input_shape`: a shift changes no size."""
        return input_shape

    def get_config(self):
        """Return the arguments that make the same layer again."""
        return {**super().get_config(), "factor": self.factor, "seed": self.seed}


def shift_images(images, down, right):
    """Return float images moved by `down` and `right` pixels, an own amount for each image.

    Args:
        images: float tensor of shape (images, height, width, channels).
        down, right: float32 tensors of shape (images,), in pixels, of either sign.

    Returns a tensor of the shape and dtype of `images`, equal to
    `scipy.ndimage.shift(image, (down, right, 0), order=1, mode="nearest")` for each image.
    """
    for pixels in (down, right):
        # The second pass finds the axes swapped by the first, and swaps them back.
        images = _shift_rows_and_transpose(images, pixels)
    return images


def _shift_rows_and_transpose(images, pixels):
    _, height, width, channels = images.shape
    rows = ops.arange(height, dtype="float32")
    source = ops.clip(rows[None, :] - pixels[:, None], 0, height - 1)
    weights = ops.maximum(0.0, 1.0 - ops.abs(source[:, :, None] - rows[None, None, :]))
    shifted = ops.matmul(
        ops.cast(weights, images.dtype), ops.reshape(images, (-1, height, width * channels))
    )
    return ops.transpose(ops.reshape(shifted, (-1, height, width, channels)), (0, 2, 1, 3))


@keras.saving.register_keras_serializable(package=_PACKAGE)
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras's BatchNormalization, computed in one pass where TensorFlow has a kernel for it.

    Keras computes the mean, the variance and the scaling as separate operations, each of which
    reads the whole batch again. TensorFlow's kernel (`FusedBatchNormV3`) keeps them together, has
    a gradient of its own, and computes its moments in float32 under mixed precision too.

    Arguments, weights, saved files and, up to rounding, results are those of
    `keras.layers.BatchNormalization`, and either class loads the other's weights. The kernel takes
    float32, bfloat16 and float16 batches of shape (images, height, width, channels) with the
    channels as axis and a multiple of 16 in number. All else is left to Keras's own code: other
    backends and shapes, a mask, `renorm`, `synchronized`, an epsilon below 1.001e-5, and machines
    with a GPU, where XLA joins Keras's operations by itself and its version of the kernel loses
    digits of a variance that is small beside the mean.
    """

    def call(self, inputs, training=None, mask=None):
        """Return the normalised inputs; in training, update the moving statistics."""
        if not self._has_kernel_for(inputs, mask):
            return super().call(inputs, training=training, mask=mask)
        training = bool(training and self.trainable)
        channels = inputs.shape[-1]
        outputs, mean, variance = _fused_batch_norm(
            inputs,
            scale=self.gamma if self.scale else ops.ones((channels,), "float32"),
            offset=self.beta if self.center else ops.zeros((channels,), "float32"),
            mean=self.moving_mean,
            variance=self.moving_variance,
            epsilon=self.epsilon,
            training=training,
        )
        if training:
            for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return ops.cast(outputs, self.compute_dtype)

    def _has_kernel_for(self, inputs, mask):
        return (
            keras.config.backend() == "tensorflow"
            and len(inputs.shape) == 4
            and self.axis in (-1, 3)
            and inputs.shape[-1] % _FUSED_CHANNELS_BLOCK == 0
            and keras.backend.standardize_dtype(inputs.dtype) in ("float32", "bfloat16", "float16")
            and self.variable_dtype == "float32"
            and mask is None
            and not self.renorm
            and not self.synchronized
            and self.epsilon >= _SMALLEST_FUSED_EPSILON
            and not _has_gpu()
        )


def _has_gpu():
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _fused_batch_norm(inputs, scale, offset, mean, variance, epsilon, training):
    """Return the normalised batch and the mean and variance of each channel, as Keras has them."""
    import tensorflow as tf

    tensors = [tf.convert_to_tensor(each) for each in (scale, offset, mean, variance)]
    if training:
        tensors[2:] = [tf.constant([], tf.float32)] * 2  # the kernel takes the batch's own
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=tensors[0],
        offset=tensors[1],
        mean=tensors[2],
        variance=tensors[3],
        epsilon=epsilon,
        is_training=training,
    )
    # The kernel normalises by the sum of squares over n and reports it over n - 1; Keras's
    # moving variance averages the former.
    n = tf.cast(tf.size(inputs) // inputs.shape[-1], tf.float32)
    return outputs, mean, variance * (n - 1.0) / n
