"""A network that learns fast, rung by rung: what lesson 16 and the reference notebook `ladder` train.

Source: K. Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", arXiv 2404.00498. The rungs are in
`RUNGS`; a network or a training "on rung 4" has those up to and including the fourth.
"""

import keras
import numpy as np
from keras import layers, ops

from course_utils.layers import FusedBatchNormalization

# Each rung adds one thing to those before it.
RUNGS = (
    "constant rate",
    "rising and falling rate",
    "label smoothing",
    "whitened patches",
    "identity start",
    "quick biases",
    "averaged weights",
    "alternating flips",
    "six looks",
)
# Of the three blocks, for a GPU or a patient CPU, and for a lesson on two cores.
WIDTHS = {"full": (64, 256, 256), "reduced": (16, 32, 32), "smoke": (16, 16, 16)}
# Images in a batch where there are few: enough steps to learn in.
FEW = 64
_PACKAGE = "course_utils"


def build(rung, images, widths=WIDTHS["full"], changes=()):
    """Return the network on a rung, uncompiled: a 2x2 convolution, then three blocks of two 3x3 ones.

    Args:
        rung: 0 to 8; those from 3 on start with a frozen layer that whitens, from 4 on the other
            convolutions start as the identity.
        images: uint8 training images, shape (n, height, width, channels): their shape, and for the
            whitening their patches.
        widths: filters of the three blocks, multiples of 16.
        changes: layers that change the images in training, before all else.

    It takes uint8 or float batches with values from 0 to 255 and returns float32 probabilities.
    """
    start = Identity() if rung >= 4 else "glorot_uniform"
    inputs = keras.Input(images.shape[1:])
    x = inputs
    for change in changes:
        x = change(x)
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    kernels = whitening(images)
    first = layers.Conv2D(kernels.shape[-1], 2, use_bias=False, activation="gelu", name="patches")
    x = first(x)
    if rung >= 3:
        first.set_weights([kernels])
        first.trainable = False
    for width in widths:
        x = layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer=start)(x)
        x = layers.MaxPooling2D()(x)
        x = layers.Activation("gelu")(FusedBatchNormalization(momentum=0.6, scale=False)(x))
        x = layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer=start)(x)
        x = layers.Activation("gelu")(FusedBatchNormalization(momentum=0.6, scale=False)(x))
    x = layers.GlobalMaxPooling2D()(x)
    x = layers.Rescaling(1 / 9)(layers.Dense(10, use_bias=False)(x))
    return keras.Model(inputs, layers.Softmax(dtype="float32")(x), name="fast_cnn")


def whitening(images, size=2, epsilon=1e-4, most=5_000):
    """Kernels that turn the patches of images into uncorrelated numbers of variance 1.

    Args:
        images: uint8, shape (n, height, width, channels); the first `most` of them are looked at.
        size: side of a patch in pixels.
        epsilon: added to each variance, of pixels that go from -1 to 1: keeps what hardly varies
            from being blown up.

    Returns float32 kernels of shape (size, size, channels, 2 d), d = size * size * channels: the
    eigenvectors of the patches' covariance, each divided by its standard deviation, that of the
    largest variance first; then the negatives of all, since a GELU lets one side through.
    """
    view = np.lib.stride_tricks.sliding_window_view(images[:most], (size, size), axis=(1, 2))
    patches = (
        view[:, ::2, ::2].transpose(0, 1, 2, 4, 5, 3).reshape(-1, size * size * images.shape[3])
    )
    # Bytes, and float32 within: a million patches as float64 take more memory than all else here.
    covariance = np.cov(patches, rowvar=False, dtype="float32").astype("float64") / 127.5**2
    variances, directions = np.linalg.eigh(covariance)  # ascending
    scaled = (directions / np.sqrt(variances + epsilon))[:, ::-1]
    kernels = np.concatenate([scaled, -scaled], axis=1)
    return kernels.reshape(size, size, images.shape[3], -1).astype("float32")


@keras.saving.register_keras_serializable(package=_PACKAGE)
class Identity(keras.initializers.GlorotUniform):
    """Start of a convolution that hands its input on: filter k copies channel k.

    Filters beyond the number of input channels start at random, as `GlorotUniform` starts them.
    """

    def __call__(self, shape, dtype=None):
        """Return a kernel of shape (height, width, channels, filters), height and width odd."""
        kernel = ops.convert_to_numpy(super().__call__(shape, "float32")).copy()
        height, width, channels, filters = shape
        copies = np.arange(min(channels, filters))
        kernel[..., copies] = 0
        kernel[height // 2, width // 2, copies, copies] = 1
        return ops.convert_to_tensor(kernel, dtype=dtype)


@keras.saving.register_keras_serializable(package=_PACKAGE)
class QuickBiases(keras.optimizers.SGD):
    """SGD whose steps for the biases of batch normalisation are `times` as long.

    In SGD, with momentum too, a gradient `times` as large is a learning rate `times` as high.
    """

    def __init__(self, *args, times=64, **options):
        super().__init__(*args, **options)
        self.times = times

    def build(self, variables):
        """Make the optimiser's variables, and remember which of the network's are such biases."""
        super().build(variables)
        self._scales = [self.times if each.path.endswith("beta") else 1 for each in variables]

    def apply(self, grads, trainable_variables=None):
        """Change the variables by their gradients; Keras calls this in every step."""
        if not self.built:
            self.build(trainable_variables)
        scaled = [gradient * scale for gradient, scale in zip(grads, self._scales, strict=True)]
        return super().apply(scaled, trainable_variables)

    def get_config(self):
        """Return the arguments that make the same optimiser again."""
        return {**super().get_config(), "times": self.times}


def optimizer(rung, peak, steps):
    """Return the optimiser of a rung: SGD with Nesterov's momentum and decoupled weight decay.

    Args:
        rung: 0 to 8: from 1 on the rate rises for a fifth of the steps and falls to zero, from 5 on
            biases are quick, from 6 on Keras averages the weights and keeps the average at the end.
        peak: the highest learning rate; on rung 0 the only one.
        steps: of the whole training.
    """
    # The article's code takes 0.0153 / 7.67 = 0.0020 off a weight in a step at its peak rate of 1.5, and its
    # momentum makes that 1 / 0.15 times as much. Keras takes rate * weight_decay, past the momentum.
    weight_decay = 0.009
    rate = schedule(peak, steps) if rung >= 1 else peak
    average = {"use_ema": True, "ema_momentum": memory(steps)} if rung >= 6 else {}
    return QuickBiases(
        rate,
        momentum=0.85,
        nesterov=True,
        weight_decay=weight_decay,
        times=64 if rung >= 5 else 1,
        **average,
    )


def schedule(peak, steps):
    """Return Keras's schedule of a rate that rises for a fifth of the steps and falls to zero."""
    rise = max(1, steps // 5)
    return keras.optimizers.schedules.CosineDecay(
        0.2 * peak, max(1, steps - rise), warmup_target=peak, warmup_steps=rise
    )


def memory(steps):
    """The momentum of an average over about the last twentieth of so many steps, at least 0.5."""
    return max(0.5, 1 - 20 / steps)


class Shown(keras.utils.PyDataset):
    """Training images as `fit` sees them: in a new order each epoch, shifted, mirrored; labels one-hot.

    Everything happens for a whole batch at once, in uint8: the network rescales. A shift moves an
    image by up to `shift` whole pixels along each axis; what comes in is a reflection of the edge.

    Args:
        x, y: uint8 images, shape (n, height, width, channels), and labels from 0 to 9, shape (n,).
        batch_size: images in a batch; what is left over at the end of an epoch waits for another.
        mirror: "random": every image in every epoch by a throw of a coin; "alternate": by a coin in
            the first epoch, and from then on every other time; "never".
        shift: the largest shift in pixels.
        seed: of all that is drawn.
    """

    def __init__(self, x, y, batch_size, mirror="random", shift=2, seed=0):
        super().__init__()
        if mirror not in ("random", "alternate", "never"):
            raise ValueError(f'mirror={mirror!r}: expected "random", "alternate" or "never".')
        self.batch_size, self.mirror, self.shift = min(batch_size, len(x)), mirror, shift
        self.random = np.random.default_rng(seed)
        self.labels = np.eye(10, dtype="float32")[y]
        self.size = x.shape[1:3]
        edges = (shift, shift)
        padded = np.pad(x, ((0, 0), edges, edges, (0, 0)), mode="reflect")
        # Shape (n, shifts down, shifts right, channels, height, width), and not a byte copied.
        self.windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(1, 2))
        self.first = self.random.random(len(x)) < 0.5
        self.epoch = 0
        self._draw()

    def _draw(self):
        count = len(self.labels)
        self.order = self.random.permutation(count)
        self.places = self.random.integers(0, 2 * self.shift + 1, (2, count))
        self.mirrored = mirrored(self.mirror, self.first, self.epoch, self.random)

    def __len__(self):
        return len(self.labels) // self.batch_size

    def __getitem__(self, batch):
        """Return images, uint8, and one-hot labels, float32, of a batch of the epoch."""
        chosen = self.order[batch * self.batch_size : (batch + 1) * self.batch_size]
        images = self.windows[chosen, *self.places[:, chosen]].transpose(0, 2, 3, 1)
        turned = self.mirrored[chosen]
        images[turned] = images[turned, :, ::-1]
        return images, self.labels[chosen]

    def on_epoch_end(self):
        """Draw anew; `fit` calls this."""
        self.epoch += 1
        self._draw()


def mirrored(how, first, epoch, random):
    """Which images are mirrored in an epoch (from 0): bools of the shape of `first`, the first epoch's."""
    if how == "alternate":
        return first ^ bool(epoch % 2)
    return random.random(len(first)) < 0.5 if how == "random" else np.zeros_like(first)


def looks(images):
    """Six looks at images, shape (n, height, width, channels): pairs of a float32 tensor and its weight.

    As they are, a pixel up and left, a pixel down and right; then the same mirrored. The weights add up
    to 1, and that of the images as they are is as much as that of the moved ones together.
    """
    images = ops.cast(images, "float32")
    _, height, width, _ = images.shape
    padded = ops.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    moved = [padded[:, at : at + height, at : at + width] for at in (1, 2, 0)]
    both = moved + [ops.flip(each, axis=2) for each in moved]
    return list(zip(both, 2 * (0.25, 0.125, 0.125), strict=True))


def look_six_times(model):
    """Return a network that shows a trained one six `looks` at each image and averages what it says."""
    inputs = keras.Input(model.input_shape[1:])
    said = sum(weight * model(images) for images, weight in looks(inputs))
    return keras.Model(inputs, said, name=f"{model.name}_six_looks")
