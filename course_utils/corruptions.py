"""Digits made worse in five ways and five strengths, on the fly: what does a network still read?

After D. Hendrycks and T. Dietterich, Benchmarking neural network robustness to common corruptions and
perturbations, 2019, and N. Mu and J. Gilmer, MNIST-C, 2019; the strengths are this course's own.
"""

import numpy as np

# Of each kind what the strengths 1 to 5 mean.
AMOUNTS = {
    "noise": (0.1, 0.2, 0.3, 0.4, 0.5),  # standard deviation, white being 1
    "blur": (0.5, 1.0, 1.5, 2.0, 2.5),  # standard deviation of the Gaussian, pixels
    "contrast": (0.7, 0.5, 0.3, 0.2, 0.1),  # what is left of each pixel's distance from the mean
    "turns": (10, 20, 30, 40, 50),  # degrees, to the left or to the right
    "shifts": (1, 2, 3, 4, 5),  # pixels, along a row, a column or both
}
KINDS = tuple(AMOUNTS)
STRENGTHS = (1, 2, 3, 4, 5)
# Rows and columns: eight directions.
_DIRECTIONS = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0)]


def corrupt(images, kind: str, strength: int, seed: int = 0) -> np.ndarray:
    """The images made worse: float32, shape (n, height, width, channels), 0 to 255, as they come in.

    What is drawn at random (noise, the side of a turn, the direction of a shift) hangs on kind, strength
    and `seed` alone, so that two networks see the same pictures. Black comes in from outside.

    Raises:
        ValueError: a kind that is not in `KINDS`, a strength that is not in `STRENGTHS`, or images
            without the four axes.
    """
    from scipy import ndimage

    images = np.asarray(images, dtype="float32")
    if kind not in KINDS or strength not in STRENGTHS:
        raise ValueError(
            f"kind={kind!r}, strength={strength!r}; expected one of {', '.join(KINDS)}, and 1 to 5"
        )
    if images.ndim != 4:
        raise ValueError(f"images of shape {images.shape}; expected (n, height, width, channels)")
    amount = AMOUNTS[kind][strength - 1]
    draw = np.random.default_rng([seed, KINDS.index(kind), strength])
    if kind == "noise":
        noise = draw.standard_normal(images.shape, dtype="float32")
        return (images + np.float32(255 * amount) * noise).clip(0, 255)
    if kind == "blur":
        return ndimage.gaussian_filter(images, (0, amount, amount, 0), mode="constant")
    if kind == "contrast":
        mean = images.mean(axis=(1, 2, 3), keepdims=True)
        return mean + np.float32(amount) * (images - mean)
    made = np.empty_like(images)
    if kind == "turns":
        side = draw.choice((-1, 1), len(images))
        for sign in np.unique(side):
            chosen = side == sign
            made[chosen] = ndimage.rotate(
                images[chosen], sign * amount, axes=(2, 1), reshape=False, order=1
            )
        return made
    way = draw.integers(len(_DIRECTIONS), size=len(images))
    for number in np.unique(way):
        chosen, (down, right) = way == number, _DIRECTIONS[number]
        by = (0, down * amount, right * amount, 0)
        made[chosen] = ndimage.shift(images[chosen], by, order=0)
    return made
