"""Is a network right as often as it says? Reliability, calibration error, temperature, coverage.

A network's *confidence* in an answer is the probability that it gives to it. Everywhere `confidence`
is float, shape (n,), from 0 to 1, and `right` bool or 0 and 1, shape (n,): which answers were right.
"""

from dataclasses import dataclass

import numpy as np

# As in Guo and others, On calibration of modern neural networks, 2017.
BINS = 15
# What a probability that was rounded to zero counts as, so that it has a logarithm.
SMALLEST = 1e-30


@dataclass(frozen=True)
class Reliability:
    """Answers in bins of equal width by confidence: arrays of shape (bins,).

    Attributes:
        edges: of the bins, shape (bins + 1,).
        counts: answers in each bin.
        confidence, accuracy: their means in each bin; nan where it is empty.
    """

    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def error(self) -> float:
        """The expected calibration error: mean distance of the two, weighted by the counts."""
        full = self.counts > 0
        distance = np.abs(self.confidence[full] - self.accuracy[full])
        return float((distance * self.counts[full]).sum() / self.counts.sum())


def judge(probabilities, labels) -> tuple[np.ndarray, np.ndarray]:
    """Confidence (float64) and rightness (bool), shape (n,) each, of the most probable classes.

    `probabilities` has shape (n, classes); rows that rounding has moved off a sum of 1 are put back.
    Raises ValueError where the number of labels, shape (n,), is another one.
    """
    probabilities = np.asarray(probabilities, dtype="float64")
    labels = np.asarray(labels)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        raise ValueError(
            f"probabilities of shape {probabilities.shape} and labels of shape {labels.shape}; "
            "expected (n, classes) and (n,)"
        )
    confidence = probabilities.max(axis=1) / probabilities.sum(axis=1)
    return confidence, probabilities.argmax(axis=1) == labels


def reliability(confidence, right, bins: int = BINS) -> Reliability:
    """How often the answers are right, by how sure the network is. Raises ValueError for no answers."""
    confidence, right = _checked(confidence, right)
    places = _places(confidence, bins)
    counts = np.bincount(places, minlength=bins)
    with np.errstate(invalid="ignore"):
        sure = np.bincount(places, confidence, bins) / counts
        often = np.bincount(places, right, bins) / counts
    return Reliability(np.linspace(0, 1, bins + 1), counts, sure, often)


def calibration_error(confidence, right, bins: int = BINS) -> float:
    """The expected calibration error (ECE), a fraction.

    Source: M. Naeini, G. Cooper and M. Hauskrecht, Obtaining well calibrated probabilities using
    Bayesian binning, 2015.
    """
    return reliability(confidence, right, bins).error


def error_by_chance(confidence, bins: int = BINS, draws: int = 200, seed: int = 0) -> np.ndarray:
    """Calibration errors, shape (draws,), of a network that is perfectly calibrated and as sure.

    Each answer is right with the probability that the network gives to it, so its true error is zero,
    and what is found is chance. Source: consistency resampling (J. Bröcker and L. Smith, Increasing
    the reliability of reliability diagrams, 2007; J. Vaicenavicius and others, Evaluating model
    calibration in classification, 2019).
    """
    confidence, _ = _checked(confidence, np.zeros(np.shape(confidence)))
    places, draw = _places(confidence, bins), np.random.default_rng(seed)
    found = np.empty(draws)
    for k in range(draws):
        surplus = confidence - (draw.random(len(confidence)) < confidence)
        found[k] = np.abs(np.bincount(places, surplus, bins)).sum() / len(confidence)
    return found


def excess_error(confidence, right, bins: int = BINS) -> float:
    """Calibration error less what chance alone would show on average (see `error_by_chance`).

    Its mean is zero for a network that is calibrated, so it may be below zero. It is an estimate on the
    cautious side: where confidence and accuracy lie far apart, chance adds less than is taken off.
    """
    by_chance = error_by_chance(confidence, bins).mean()
    return calibration_error(confidence, right, bins) - float(by_chance)


def over_confidence(confidence, right) -> float:
    """Mean confidence less accuracy, a fraction; below zero for a network that is too modest."""
    confidence, right = _checked(confidence, right)
    return float(confidence.mean() - right.mean())


def in_words(confidence, right) -> str:
    """Whether the confidence may be believed, as far as these answers can tell: two sentences.

    The chance is two standard errors of the over-confidence. Raises ValueError for fewer than two answers.
    """
    confidence, right = _checked(confidence, right)
    if len(right) < 2:
        raise ValueError("1 answer; expected two or more, so that their spread can be seen")
    gap = 100 * (confidence - right)
    by_chance = 2 * gap.std(ddof=1) / np.sqrt(len(gap))
    if abs(gap.mean()) <= by_chance:
        verdict = "That is no more than chance."
    else:
        verdict = "That is more than chance: fit a temperature before you believe its percentages."
    return (
        f"On {len(gap):,} comparison pictures its mean confidence is {confidence.mean():.0%}, and it is "
        f"right on {right.mean():.0%}: {gap.mean():+.0f} points, where chance makes up to {by_chance:.0f}. "
        f"{verdict}"
    )


def soften(probabilities, temperature: float) -> np.ndarray:
    """Probabilities, shape (n, classes), float64, as the softmax had given them for logits / temperature.

    Raises ValueError for a temperature that is not above zero.
    """
    if not temperature > 0:
        raise ValueError(f"temperature={temperature!r}; expected a number above zero")
    return np.exp(_log_softened(probabilities, temperature))


def fit_temperature(probabilities, labels) -> float:
    """The temperature with the lowest cross-entropy on these images, from 0.05 to 20.

    `probabilities`, shape (n, classes), of images that the network has not trained on; `labels`
    integers, shape (n,). Source: C. Guo, G. Pleiss, Y. Sun and K. Weinberger, On calibration of modern
    neural networks, 2017.
    """
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(labels))

    def cross_entropy(log_temperature):
        softened = _log_softened(probabilities, np.exp(log_temperature))
        return -softened[rows, labels].mean()

    limits = (np.log(0.05), np.log(20))
    return float(np.exp(minimize_scalar(cross_entropy, bounds=limits, method="bounded").x))


def by_coverage(confidence, right) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy against coverage when the least sure are passed on: two arrays of shape (n,).

    Entry k - 1 of the first is k / n, the share that is answered; that of the second the accuracy on
    the k answers of which the network is surest. Source: R. El-Yaniv and Y. Wiener, On the foundations
    of noise-free selective classification, 2010.
    """
    confidence, right = _checked(confidence, right)
    order = np.argsort(-confidence, kind="stable")
    answered = np.arange(1, len(order) + 1)
    return answered / len(order), np.cumsum(right[order]) / answered


def _checked(confidence, right):
    confidence, right = (np.asarray(each, dtype="float64") for each in (confidence, right))
    if confidence.ndim != 1 or confidence.shape != right.shape or not len(confidence):
        raise ValueError(
            f"confidence of shape {confidence.shape} and right of shape {right.shape}; expected (n,) "
            "twice, and at least one answer"
        )
    return confidence, right


def _places(confidence, bins):
    return np.minimum((confidence * bins).astype(int), bins - 1)


def _log_softened(probabilities, temperature):
    logs = np.log(np.maximum(np.asarray(probabilities, dtype="float64"), SMALLEST)) / temperature
    logs -= logs.max(axis=1, keepdims=True)
    return logs - np.log(np.exp(logs).sum(axis=1, keepdims=True))
