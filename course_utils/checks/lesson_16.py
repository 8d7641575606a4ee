"""Exercises of lesson 16: whitening by hand, and what coins leave unseen."""

import math

import numpy as np

from course_utils.checks import Wrong, array, function_returning, number, refuse_known


@function_returning(array)
def check_whiten(lesson, whiten):
    """A function (patches, epsilon) -> numbers without correlation, of variance 1, shape as before."""
    random = np.random.default_rng(0)
    patches = random.normal(size=(500, 4)) @ random.normal(size=(4, 4)) + [3.0, -1.0, 0.0, 2.0]
    answer = whiten(patches.copy(), 0.0)
    if answer.shape != patches.shape:
        raise Wrong(f"the result has shape {answer.shape}; expected {patches.shape} as before.")
    found = np.cov(answer, rowvar=False)
    variances, directions = np.linalg.eigh(np.cov(patches, rowvar=False))
    if np.allclose(found, np.eye(4), atol=0.02):
        # The order and the signs of the directions are free, and the variances of all are the same.
        small = np.sort(np.var(whiten(patches.copy(), 0.5), axis=0, ddof=1))
        if not np.allclose(small, np.sort(variances / (variances + 0.5)), atol=0.02):
            raise Wrong(
                "with epsilon 0.5 the variances should be v / (v + 0.5): add it under the root."
            )
        return "no two of the numbers correlate, and each varies as much."
    off = found - np.diag(np.diag(found))
    if np.allclose(off, 0, atol=1e-6):
        known = np.sort(np.diag(found))
        for wrong, hint in (
            (variances, "uncorrelated, and each still varies as before: divide."),
            (1 / variances, "that divides by the variance. Which number has a variance of 1?"),
            (variances**2, "multiplied by the deviation, not divided."),
            (variances**3, "multiplied by the variance, not divided."),
        ):
            if np.allclose(known, np.sort(wrong), rtol=0.02):
                raise Wrong(hint)
    if np.allclose(np.diag(found), 1, atol=0.02):
        raise Wrong("each varies by 1, and they still correlate: turn before you divide.")
    scaled = patches @ (directions.T / np.sqrt(variances)[:, None]).T
    turned = patches @ (directions.T / np.sqrt(variances))
    for wrong in (scaled, turned, patches @ directions.T):
        if np.allclose(found, np.cov(wrong, rowvar=False), atol=0.02):
            raise Wrong("eigh returns its eigenvectors as columns: which axis do they lie along?")
    raise Wrong(
        f"the covariance of the result has {np.diag(found).round(2)} on its diagonal and up to "
        f"{np.abs(off).max():.2g} beside it; expected 1 and 0."
    )


@function_returning(number)
def check_one_side_only(lesson, one_side_only):
    """A function (epochs) -> share of images that coins show from one side alone."""
    for epochs in (3, 6, 1, 2):
        answer, right = one_side_only(epochs), 2.0 ** (1 - epochs)
        case = f"for {epochs} epoch{'s' * (epochs > 1)} it is not {answer:.4g}: "
        if math.isclose(answer, right, rel_tol=1e-6):
            continue
        if not 0 <= answer <= 1:
            raise Wrong(f"{case}a share lies between 0 and 1.")
        mistakes = (
            (2.0**-epochs, "that is one of the two sides. May it not be the other one?"),
            (1 - right, "that is the share that is seen from both sides."),
            (1 - 2.0**-epochs, "that is the share that is mirrored at least once."),
            (1 / epochs, "each epoch halves what is left, and does not take the same part of it."),
            (0.5, "the more epochs, the fewer."),
        )
        refuse_known(answer, mistakes, case, rel_tol=1e-6)
        raise Wrong(f"{case}what must every coin after the first one show?")
    return "alternating leaves none, from the second epoch on."
