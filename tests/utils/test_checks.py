"""The exercises: right answers pass, typically wrong ones get their hint, odd ones plain words.

A row of `CASES` is an answer and a regular expression that the check's verdict has to match.
"""

import dataclasses
import importlib
import itertools
import math
import pkgutil
import re
from functools import partial
from pathlib import Path

import jupytext
import keras
import numpy as np
import pytest
from keras import layers
from scipy import stats

from course_utils import checks, models
from course_utils.checks import Wrong, find_check, lesson_04, lesson_13, run_check
from course_utils.diagnosis import diagnose

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
pytestmark = pytest.mark.usefixtures("without_a_trace")


def verdict(exercise, answer):
    """What a notebook shows for an answer to, for example, "00 best_epoch"."""
    lesson, _, name = exercise.partition(" ")
    return repr(run_check(find_check(f"{lesson}_a_lesson", f"check_{name}"), None, answer))


# --- Answers that need more than a line ----------------------------------------------------------


def before_it_first_rises(losses):
    for k in range(1, len(losses)):
        if losses[k] > losses[k - 1]:
            return k
    return len(losses)


def weights_of(sizes, bias=True):
    return sum((n + bias) * m for n, m in itertools.pairwise(sizes))


def slim(
    filters=16,
    convolutions=2,
    hidden=32,
    end="softmax",
    start=(28, 28, 1),
    scaled=1 / 255,
    kink="relu",
):
    model = keras.Sequential([*([keras.Input(start)] if start else []), layers.Rescaling(scaled)])
    for _ in range(convolutions):
        model.add(layers.Conv2D(filters, 3, activation=kink))
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(hidden, activation="relu"))
    model.add(layers.Dense(10, activation=end))
    return model


def l2(kernels, penalty):
    return penalty * sum(np.sum(kernel**2) for kernel in kernels)


def turned(patches, epsilon, power=-0.5):
    """Patches along the eigenvectors of their covariance, scaled by a power of the variances."""
    variances, directions = np.linalg.eigh(np.cov(patches, rowvar=False))
    return patches @ (directions * (variances + epsilon) ** power)


def whitened_by_rows(patches, epsilon):
    variances, directions = np.linalg.eigh(np.cov(patches, rowvar=False))
    return patches @ (directions.T / np.sqrt(variances + epsilon))


def softened(probabilities, temperature):
    roots = probabilities ** (1 / temperature)
    return roots / roots.sum(axis=1, keepdims=True)


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def half_life(rate, penalty):
    return math.ceil(math.log(0.5) / math.log(1 - 2 * rate * penalty))


def half_life_by_loop(rate, penalty):
    weight, steps = 1.0, 0
    while weight > 0.5 + 1e-12:
        weight, steps = weight * (1 - 2 * rate * penalty), steps + 1
    return steps


def leaky(n, a):
    return 2 / ((1 + a**2) * n)


def inputs(shape):
    return math.prod(shape[:-1])


def normalised(maps, epsilon=1e-3, axes=(0, 1, 2)):
    variance = maps.var(axes, keepdims=True)
    return (maps - maps.mean(axes, keepdims=True)) / np.sqrt(variance + epsilon)


def shifted(image, down, right):
    rows = np.clip(np.arange(image.shape[0]) - down, 0, image.shape[0] - 1)
    columns = np.clip(np.arange(image.shape[1]) - right, 0, image.shape[1] - 1)
    return image[rows][:, columns]


def shifted_by_padding(image, down, right, **mode):
    far = max(abs(down), abs(right))
    height, width = image.shape
    padded = np.pad(image, far, **(mode or {"mode": "edge"}))
    return padded[far - down : far - down + height, far - right : far - right + width]


def shifted_in_place(image, down, right):
    image[:] = shifted(image, down, right)
    return image


LABELS = {
    "a digit, drawn with a slightly thicker pen": True,
    "a digit, turned by half a turn": False,
    "a photograph of a cat or a dog, mirrored": True,
    "a traffic sign, mirrored": False,
    "a traffic sign, with its colours swapped": False,
    "a satellite image of fields and towns, turned by a quarter": True,
}
COMBINED = {
    "average": {3: 0.34, 5: 0.59, 8: 0.07},
    "answer of the average": 5,
    "answer of the majority": 3,
}


def members(rho, target):
    return math.inf if target <= rho else math.ceil((1 - rho) / (target - rho))


def stop(losses, patience, min_delta):
    lowest, waited = math.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        waited += 1
        if loss < lowest - min_delta:
            lowest, waited = loss, 0
        elif waited >= patience:
            return epoch
    return len(losses)


def stop_as_keras_does(losses, patience, min_delta):
    stopper = keras.callbacks.EarlyStopping("val_loss", min_delta, patience, mode="min")
    stopper.set_model(keras.Sequential())
    stopper.on_train_begin()
    for epoch, loss in enumerate(losses):
        stopper.on_epoch_end(epoch, {"val_loss": loss})
        if stopper.stopped_epoch:
            break
    return epoch + 1


def stop_against_the_previous(losses, patience, min_delta):
    last, waited = math.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        waited = 0 if loss < last - min_delta else waited + 1
        last = loss
        if waited >= patience:
            return epoch
    return len(losses)


def stop_against_a_drifting_mark(losses, patience, min_delta):
    lowest, waited = math.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        waited = 0 if loss < lowest - min_delta else waited + 1
        lowest = min(lowest, loss)
        if waited >= patience:
            return epoch
    return len(losses)


def kept(losses, patience, min_delta):
    seen = losses[: stop(losses, patience, 0.0)]
    return seen.index(min(seen)) + 1


def patience(losses):
    best = losses.index(min(losses)) + 1
    return next(p for p in range(1, len(losses) + 1) if stop(losses[:best], p, 0.0) == best)


def he_penalty(pairs, factor):
    return factor * sum(2 * units for _, units in pairs)


def next_run(
    runs,
    variance=lambda n: 1 + 1 / n,
    factor=lambda n: stats.t.ppf(0.975, n - 1),
    ddof=1,
    power=1,
):
    n, mean = len(runs), np.mean(runs)
    half = factor(n) * (np.std(runs, ddof=ddof) * math.sqrt(variance(n))) ** power
    return mean, mean - half, mean + half


def interval(d, factor=None, ddof=1, root=True):
    factor = factor or stats.t.ppf(0.975, len(d) - 1)
    half = factor * np.std(d, ddof=ddof) / (math.sqrt(len(d)) if root else 1)
    return d.mean(), d.mean() - half, d.mean() + half


def dropped(signal, rate, rng, scale=lambda rate: 1 / (1 - rate), shape=None):
    return signal * (rng.random(shape or signal.shape) >= rate) * scale(rate)


def seen(stack, own_stride=False):
    side, distance = 1, 1
    for window, stride in stack:
        distance *= stride if own_stride else 1
        side += (window - 1) * distance
        distance *= 1 if own_stride else stride
    return side


def operations(k, channels_in, channels_out, side_in, stride=1):
    return 2 * k * k * channels_in * channels_out * ((side_in - k) // stride + 1) ** 2


def thrifty(*middle, plan=((24, 3, 1), (48, 5, 2), (96, 3, 2)), end="softmax"):
    convolutions = [layers.Conv2D(f, k, strides=s, activation="relu") for f, k, s in plan]
    last = middle or [layers.GlobalAveragePooling2D()]
    classify = layers.Dense(10, activation=end, dtype="float32")
    start = [keras.Input((32, 32, 3)), layers.Rescaling(1 / 255)]
    return keras.Sequential([*start, *convolutions, *last, classify])


NAMES = {"A": "overfitting", "B": "underfitting", "C": "still improving", "D": "plateau"}


def halving(tried):
    too_little = [factor for factor, name in tried.items() if name == "overfitting"]
    too_much = [factor for factor, name in tried.items() if name == "underfitting"]
    return (max(too_little, default=0) + min(too_much, default=3)) / 2


def halving_after_both_ends(tried):
    untried = [end for end in (0, 3) if end not in tried]
    return untried[0] if len(tried) < 2 else halving(tried)


def halving_that_clears_its_argument(tried):
    factor = halving(tried)
    tried.clear()
    return factor


def pictures(p, k, delta):
    return math.ceil(2 * p * (1 - p) * math.log(k) / delta**2)


def choose(right, choosers):
    winner = int(right[:, choosers].mean(axis=1).argmax())
    return winner, right[winner, choosers].mean(), right[winner, ~choosers].mean()


def choosing(by):
    """A way to choose or report, as a function of the table, the choosers and the right answer."""
    return lambda right, choosers: by(right, choosers, *choose(right, choosers))


def scenes_drawn(scenes, share, random):
    order = random.permutation(np.unique(scenes))
    pictures = np.cumsum([np.sum(scenes == scene) for scene in order])
    return np.isin(scenes, order[: np.sum(pictures < share * len(scenes)) + 1])


def scenes_counted(scenes, share, random):
    order = random.permutation(np.unique(scenes))
    return np.isin(scenes, order[: math.ceil(share * len(order))])


def scenes_below_the_share(scenes, share, random):
    order = random.permutation(np.unique(scenes))
    pictures = np.cumsum([np.sum(scenes == scene) for scene in order])
    return np.isin(scenes, order[: np.sum(pictures < share * len(scenes))])


class Unmoved:
    """A generator that draws nothing."""

    permutation = staticmethod(lambda values: values)


def balanced(labels, answers):
    return np.mean([np.mean(answers[labels == label] == label) for label in np.unique(labels)])


def of_what_was_called(labels, answers):
    called = np.unique(answers)
    return np.mean([np.mean(labels[answers == label] == label) for label in called])


# --- Right and wrong -----------------------------------------------------------------------------

CASES = {
    "00 names": [
        (
            {"A": "overfitting", "B": "underfitting", "C": "still improving", "D": "not learning"},
            "Correct",
        ),
        (dict.fromkeys("ABCD", "plateau"), "'plateau' is not one of"),
        (dict.fromkeys("ABCD", "overfitting"), "run B is not overfitting"),
        (dict.fromkeys("ABCD", ""), "no answer yet for 'A'"),
        ({"A": "overfitting"}, "one answer for each of its 4 names.*missing: 'B', 'C', 'D'"),
        ("overfitting", "expected a dict"),
    ],
    "00 best_epoch": [
        (lambda losses: losses.index(min(losses)) + 1, "Correct"),
        (lambda losses: np.argmin(losses) + 1, "Correct"),
        (lambda losses: losses.index(min(losses)), "indices from 0"),
        (len, "keep the last epoch"),
        (before_it_first_rises, "At which epoch is the loss lowest"),
    ],
    "01 mlp_weights": [
        (weights_of, "Correct"),
        (partial(weights_of, bias=False), "every unit has a bias"),
        (lambda sizes: weights_of(sizes) + sizes[0], "inputs themselves have no bias"),
        (lambda sizes: 1, "Draw one pair of layers"),
    ],
    "01 loss_of_guessing": [
        (math.log, "Correct"),
        (lambda k: np.log(np.array(k)), "Correct"),
        (lambda k: 1 / k, "probability of the right class"),
        (math.log2, "natural logarithm"),
        (math.log10, "natural logarithm"),
        (lambda k: -math.log(k), "sign of -log p"),
        (lambda k: 0.5, "Which probability"),
    ],
    "02 conv_weights": [
        (lambda k, i, o: k * k * i * o + o, "Correct"),
        (lambda k, i, o: k * k * i * o, "every output channel has a bias"),
        (lambda k, i, o: k * k * o + o, "through all the input channels"),
        (lambda k, i, o: k * i * o + o, "k wide and k high"),
        (lambda k, i, o: k * k * i * o + 1, "one bias for the whole layer"),
        (lambda k, i, o: (k * k + 1) * i * o, "channels are summed first"),
        (lambda k, i, o: k * k * i * o + i, "(channels that come out|one bias for the whole)"),
        (lambda k, i, o: k * k * i + 1, "one kernel with its bias"),
        (lambda k, i, o: 784 * (k * k * i * o + o), "it is stored once"),
        (lambda k, i, o: 1, "Keras counts 320"),
    ],
    "02 slim": [
        (lambda: "model", "the text 'model'; expected a Keras model"),
        (lambda: slim(start=None), "build_slim returns a Sequential; .* begin it with keras.Input"),
        (lambda: slim(start=(32, 32, 3)), "digits need"),
    ],
    "03 l2_penalty": [
        (l2, "Correct"),
        (lambda kernels, penalty: kernels[0] ** 2, r"array of shape \(2, 3\); one number"),
        (lambda kernels, penalty: l2(kernels, 1), "factor is missing"),
        (lambda kernels, penalty: 2 * l2(kernels, penalty), "twice"),
        (lambda kernels, penalty: l2(kernels, penalty) / 2, "half"),
        (lambda kernels, penalty: l2(kernels, penalty) / sum(k.size for k in kernels), "mean"),
        (lambda kernels, penalty: math.sqrt(l2(kernels, 1)) * penalty, "norm"),
        (lambda kernels, penalty: penalty * sum(np.abs(k).sum() for k in kernels), "L1"),
        (lambda kernels, penalty: l2(kernels[:1], penalty), "every layer"),
        (lambda kernels, penalty: penalty * sum(np.linalg.norm(k) for k in kernels), "norm"),
        (lambda kernels, penalty: 42.0, "Square every weight"),
    ],
    "03 steps_to_half": [
        (half_life, "Correct"),
        (half_life_by_loop, "Correct"),
        (lambda rate, penalty: float(half_life(rate, penalty)), "Correct"),
        (lambda rate, penalty: half_life(rate, penalty / 2), "gradient"),
        (lambda rate, penalty: math.ceil(0.25 / rate / penalty), "straight line"),
        (lambda rate, penalty: half_life(rate, penalty) - 1, "too few"),
        (lambda rate, penalty: half_life(rate, penalty) + 1, "too many"),
        (lambda rate, penalty: math.log(0.5) / math.log(1 - 2 * rate * penalty), "whole numbers"),
        (lambda rate, penalty: 7, "same factor"),
    ],
    "04 leaky_variance": [
        (leaky, "Correct"),
        (lambda n, a: 2 / n, "He's rule for slope 0"),
        (lambda n, a: 1 / n, "Without any ReLU"),
        (lambda n, a: math.sqrt(leaky(n, a)), "standard deviation"),
        (lambda n, a: 2 / ((1 + a) * n), "when you square"),
        (lambda n, a: 2 / ((1 + a) ** 2 * n), "squared first"),
        (lambda n, a: 2 / ((1 - a**2) * n), "raised ZeroDivisionError|add to the mean square"),
        (lambda n, a: (1 + a**2) / (2 * n), "which way up"),
        (lambda n, a: 2 / (1 + a**2), "number of inputs"),
        (lambda n, a: 1 / (n * n), "Which share"),
        (lambda n, a: -1.0, "above 0"),
        (lambda n, a: 1e-300, "faded about 10"),
    ],
    "04 he_limit": [
        (lambda shape: math.sqrt(6 / inputs(shape)), "Correct"),
        (lambda shape: 2 / inputs(shape), "the variance"),
        (lambda shape: math.sqrt(2 / inputs(shape)), "standard deviation"),
        (lambda shape: 6 / inputs(shape), "root is missing"),
        (lambda shape: math.sqrt(6 / shape[0]), "window"),
        (lambda shape: math.sqrt(6 / shape[-2]), "window"),
        (lambda shape: math.sqrt(6 / math.prod(shape)), "no inputs"),
        (lambda shape: math.sqrt(6 / (shape[0] + shape[1])), "Glorot"),
        (lambda shape: 0.05, "multiply it by three"),
    ],
    "05 normalise": [
        (normalised, "Correct"),
        (partial(normalised, axes=0), "Not yet: each position"),
        (partial(normalised, axes=(0, 1, 2, 3)), "Not yet: all channels"),
        (partial(normalised, axes=(1, 2)), "Not yet: each image"),
        (lambda maps, epsilon=1e-3: normalised(maps), "use the argument"),
        (lambda maps: (maps - maps.mean((0, 1, 2))) / maps.std((0, 1, 2)), "Not yet: nearly"),
        (lambda maps: 3.0, r"the result has shape \(\)"),
        (lambda maps: [[1], [2, 3]], "an array of numbers"),
    ],
    "05 largest_momentum": [
        (lambda steps, share: share ** (1 / steps), "Correct"),
        (lambda steps, share: math.exp(math.log(share) / steps), "Correct"),
        (lambda steps, share: 1 - share ** (1 / steps), "the weight of the new value"),
        (lambda steps, share: (1 - share) ** (1 / steps), "the rest is left"),
        (lambda steps, share: 1 - 1 / steps, "40 steps.*share is 0.363, which is more"),
        (lambda steps, share: share / steps, "a larger momentum would do"),
        (lambda steps, share: share**steps - 1, "between 0 and 1"),
    ],
    "06 shift": [
        (shifted, "Correct"),
        (shifted_by_padding, "Correct"),
        (lambda image, down, right: np.roll(image, (down, right), axis=(0, 1)), "should be lost"),
        (lambda image, down, right: shifted(image, -down, -right), "wrong way"),
        (lambda image, down, right: shifted(image, right, down), "swapped"),
        (partial(shifted_by_padding, mode="constant"), "black comes in"),
        (lambda image, down, right: image[1:], "came back as"),
        (lambda image, down, right: image.fill(0), "nothing yet"),
        (lambda image, down, right: image // 2, "some pixels"),
        (lambda image, down, right: 1 / 0, "ZeroDivisionError"),
        (shifted_in_place, "work on a copy"),
    ],
    "06 keeps_its_label": [
        (LABELS, "Correct"),
        (dict.fromkeys(LABELS, ...), "no answer yet"),
        (LABELS | {"a traffic sign, mirrored": "no"}, "True or False"),
        ({"a digit": True}, "one answer for each of its 6 names"),
        # Each has a hint of its own, that does not tell the answer.
        *(
            (LABELS | {c: not right}, f"Not yet: {c}((?!True|False).)*$")
            for c, right in LABELS.items()
        ),
    ],
    "07 combined": [
        (COMBINED, "Correct"),
        (COMBINED | {"average": {3: 1.02 / 3, 5: 1.77 / 3, 8: 0.21 / 3}}, "Correct"),
        (COMBINED | {"average": {3: ..., 5: ..., 8: ...}}, "no averaged probability"),
        (COMBINED | {"average": {3: 1.02, 5: 1.77, 8: 0.21}}, "also divides"),
        (COMBINED | {"average": {3: 0.5, 5: 0.59, 8: 0.07}}, "add its column up"),
        (COMBINED | {"average": {3: "0.34", 5: 0.59, 8: 0.07}}, "the text '0.34'; give a number"),
        (COMBINED | {"average": {3: 0.34}}, "for each of the digits"),
        (COMBINED | {"average": 5}, "for each of the digits"),
        (COMBINED | {"answer of the average": ...}, "no answer yet for 'answer of the average'"),
        (COMBINED | {"answer of the average": 3}, "largest"),
        (COMBINED | {"answer of the majority": 5}, "one voice"),
        (COMBINED | {"answer of the majority": "B"}, "one of the digits"),
        (COMBINED | {"answer of the majority": [3]}, "one answer is expected, not a list of 1"),
        (COMBINED | {"votes": 2}, "leave the names"),
    ],
    "07 members_needed": [
        (members, "Correct"),
        (
            lambda r, t: next((k for k in range(1, 1000) if r + (1 - r) / k <= t), math.inf),
            "Correct",
        ),
        (lambda rho, target: 1 / target, "whole numbers"),
        (lambda rho, target: math.ceil(1 / target), "not enough"),
        (lambda rho, target: math.floor((1 - rho) / (target - rho)), "not enough"),
        (lambda rho, target: math.ceil((1 - rho) / (target - rho)), "never goes away"),
        (lambda rho, target: members(rho, target) + 1, "fewer would do"),
        # One too many where a whole number reaches the target exactly.
        (lambda rho, target: math.floor((1 - rho) / (target - rho)) + 1, "rho=0.5, target=0.75"),
        (lambda rho, target: math.ceil((1 - rho) / abs(target - rho)), "never goes away"),
        (lambda rho, target: math.inf, "whole numbers"),
        (
            lambda rho, target: math.inf if target < rho else math.ceil((1 - rho) / (target - rho)),
            "divide by zero",
        ),
    ],
    "08 stop_epoch": [
        (stop, "Correct"),
        (stop_as_keras_does, "Correct"),
        (
            lambda losses, patience, min_delta: [None, 2][patience == 1],
            "every path end in a return",
        ),
        (lambda losses, patience, min_delta: stop(losses, patience, min_delta) - 1, "count from 1"),
        (
            lambda losses, patience, min_delta: stop(losses, patience + 1, min_delta),
            "one epoch more",
        ),
        (lambda losses, patience, min_delta: stop(losses, patience, 0.0), "without min_delta"),
        (stop_against_the_previous, "previous epoch"),
        (kept, "the epoch to keep"),
        (stop_against_a_drifting_mark, "too small to count"),
        (lambda losses, patience, min_delta: 99, "by hand"),
    ],
    "08 patience_needed": [
        (patience, "Correct"),
        (lambda losses: patience(losses) - 1, "one short"),
        (lambda losses: losses.index(min(losses)) + 1, "set the count of waiting back"),
        (lambda losses: 10, "less would have been enough"),
        (lambda losses: -5, "does not keep epoch"),
    ],
    "09 penalty_at_start": [
        (he_penalty, "Correct"),
        (lambda pairs, factor: np.float32(he_penalty(pairs, factor)), "Correct"),
        (lambda pairs, factor: he_penalty(pairs, 1), "Where is the factor"),
        (lambda pairs, factor: he_penalty(pairs, factor / 2), "half of it"),
        (lambda pairs, factor: he_penalty(pairs, 3 * factor), "not its standard deviation"),
        (lambda pairs, factor: factor * sum(2 / n for n, _ in pairs), "one weight of each layer"),
        (lambda pairs, factor: factor * sum(2 * n for n, _ in pairs), "wrong way round"),
        (lambda pairs, factor: factor * 2 * len(pairs), "one unit of each layer"),
        (
            lambda pairs, factor: factor * sum(2 * n * u / (n + u) for n, u in pairs),
            "Glorot's start",
        ),
        (lambda pairs, factor: factor * math.sqrt(he_penalty(pairs, 1)), "not its root"),
        (
            lambda pairs, factor: he_penalty(pairs, factor) / sum(n * u for n, u in pairs),
            "not their mean",
        ),
        (
            lambda pairs, factor: factor * sum(math.sqrt(6 / n) / 2 * n * u for n, u in pairs),
            "square them first",
        ),
        (lambda pairs, factor: 42.0, "Take one weight"),
    ],
    "09 next_run": [
        (next_run, "Correct"),
        (lambda runs: np.array(next_run(runs)), "Correct"),
        (partial(next_run, variance=lambda n: 1 / n), "where the mean lies"),
        (partial(next_run, variance=lambda n: 1), "has luck of its own"),
        (partial(next_run, variance=lambda n: (1 + n**-0.5) ** 2), "not the standard deviations"),
        (partial(next_run, power=2), "made of variances"),
        (partial(next_run, ddof=0), "unless told ddof=1"),
        (partial(next_run, factor=lambda n: 1.96), "1.96 is for a known spread"),
        (partial(next_run, factor=lambda n: stats.norm.ppf(0.975)), "1.96 is for a known spread"),
        (partial(next_run, factor=lambda n: stats.t.ppf(0.975, n)), "not n"),
        (partial(next_run, factor=lambda n: stats.t.ppf(0.95, n - 1)), "5 % at each end"),
        (partial(next_run, factor=lambda n: 1), "one standard deviation"),
        (partial(next_run, factor=lambda n: 9), "Which two kinds of luck"),
        (lambda runs: (0.0, *next_run(runs)[1:]), "the mean is not 0"),
        (lambda runs: next_run(runs)[::-1], "the mean is not"),
        (lambda runs: (next_run(runs)[0], *next_run(runs)[:0:-1]), "the low one first"),
        (lambda runs: next_run(runs)[0], "expected three numbers"),
    ],
    "10 paired_interval": [
        (interval, "Correct"),
        (lambda d: np.array(interval(d)), "Correct"),
        (partial(interval, root=False), "spread of single runs"),
        (partial(interval, ddof=0), "divides by n - 1"),
        (partial(interval, factor=1.96), "use the t distribution"),
        (partial(interval, factor=9.0), "half width is not"),
        (lambda d: (0.0, *interval(d)[1:]), "the mean is not 0"),
        (lambda d: (d.mean(), d.mean() - 1, d.mean() + 2), "equally far"),
        (lambda d: interval(d)[0], "expected three numbers"),
    ],
    "10 difference_sd": [
        (lambda sigma, rho: sigma * math.sqrt(2 * (1 - rho)), "Correct"),
        (lambda sigma, rho: 2 * sigma**2 * (1 - rho), "its root is asked for"),
        (lambda sigma, rho: sigma * math.sqrt(2 * (1 + rho)), "spread of the sum"),
        (lambda sigma, rho: 7, "start from the variance"),
    ],
    "11 drop_by_hand": [
        (dropped, "Correct"),
        (partial(dropped, scale=lambda p: 1), "mean was 2 and is now 1.50: nothing makes up"),
        (partial(dropped, scale=lambda p: 1 / p), "share that falls silent"),
        (partial(dropped, scale=lambda p: 1 - p), "make the survivors smaller"),
        (partial(dropped, scale=lambda p: 1 + p), "not for one and a half"),
        (lambda s, p, rng: s * (m := rng.random(s.shape) >= p) / m.mean(), "in this draw"),
        (partial(dropped, scale=lambda p: 5), "By which factor"),
        (lambda s, p, rng: s * (rng.random(s.shape) < p) / p, "at rate 0.25, 75% are"),
        (lambda s, p, rng: s * (rng.random(s.shape) < 0.5), "at rate 0.25, 50% are"),
        (partial(dropped, shape=(1, 500)), "Not yet"),
        (lambda s, p, rng: dropped(s, p, np.random.default_rng(0)), "two generators"),
        (lambda s, p, rng: dropped(s, p, np.random), "equal generators"),
        (lambda s, p, rng: s[0], "the result has shape"),
    ],
    "11 precisions": [
        (lambda m: np.diag(m) / np.maximum(m.sum(axis=0), 1), "Correct"),
        (lambda m: [0.8, 0.5, 0.5, 0], "Correct"),
        (lambda m: np.diag(m) / m.sum(axis=1), "Not yet: that is the recall"),
        (lambda m: np.diag(m) / m.sum(), "Not yet: you divide by all"),
        (lambda m: 2 * np.diag(m) / (m.sum(axis=0) + m.sum(axis=1)), "F1 score"),
        (lambda m: 1 - np.diag(m) / np.maximum(m.sum(axis=0), 1), "share of wrong calls"),
        (lambda m: [0.8, 0.5, 0.5, float("nan")], "Not yet: a class that was never"),
        (lambda m: 0.5, "Not yet: the result has shape"),
        (lambda m: np.diag(m) * 1.0, "Not yet: of 10 pictures called class 0"),
    ],
    "12 places": [
        (lambda n, k, s: (n - k) // s + 1, "Correct"),
        (lambda n, k, s: (n - k) // s, "for n=32, k=3, s=1 you give 29, one too few"),
        (lambda n, k, s: (n - k) / s + 1, "for n=30, k=3, s=2 you give 14.5; a window"),
        (lambda n, k, s: -(-(n - k) // s) + 1, "for n=30, k=3, s=2 you give 15: the last"),
        (lambda n, k, s: n - k + 1, "for n=30, k=3, s=2 you give 28: .* stride of 1"),
        (lambda n, k, s: -(-n // s), "for n=32, k=3, s=1 you give 32: .* rim of zeros"),
        (lambda n, k, s: n // s if s > 1 else n - k + 1, "for n=30, k=3, s=2 you give 15"),
        (lambda n, k, s: (n - k) * s + 1, "for n=30, k=3, s=2 you give 55: longer steps"),
        (lambda n, k, s: 7, "for n=32, k=3, s=1 you give 7. Write"),
    ],
    "12 receptive_field": [
        (seen, "Correct"),
        (lambda stack: sum(k for k, _ in stack), r"for \[\(3, 1\), \(3, 1\)\] you give 6: you add"),
        (lambda stack: 1 + sum(k - 1 for k, _ in stack), "you give 8: that"),
        (lambda stack: math.prod(k for k, _ in stack), "you give 9: you multiply"),
        (lambda stack: 1 + sum((k - 1) * s for k, s in stack), "own stride only"),
        (partial(seen, own_stride=True), "you give 33: a layer's own stride"),
        (lambda stack: seen(stack[::-1]), "from the last layer to the first"),
        (lambda stack: seen(stack[:-1]), "the last layer is missing"),
        (lambda stack: 100, "Go back from one unit"),
    ],
    "13 conv_operations": [
        (operations, "Correct"),
        (lambda *case: operations(*case) // 2, "two operations"),
        (lambda k, i, o, side, s: k * k * i * o, "How often"),
        (lambda k, i, o, side, s: 2 * k * k * i * o * side**2, "as large as the input"),
        (lambda k, i, o, side, s: operations(k, i, o, side), "skips positions"),
        (lambda k, i, o, side, s: 2 * k * k * i * o * (side // s) ** 2, "(as large|inside)"),
        (
            lambda k, i, o, side, s: 2 * k * k * i * o * ((side - k) / s + 1) ** 2,
            "a whole number of times",
        ),
        (lambda k, i, o, side, s: 2 * k * k * i * o * ((side - k) // s + 1), "two directions"),
        (lambda *case: operations(*case) + 2 * case[2] * 900, "biases"),
        (lambda *case: 7, "positions"),
    ],
    "13 thrifty": [
        (thrifty, "Correct"),
        (lambda: "model", "expected a Keras model"),
        (lambda: keras.Sequential([layers.Dense(10)]), "does not know yet how large its input is"),
        (models.build_cnn, "the input has shape"),
        (lambda: thrifty(plan=((24, 3, 1), (32, 3, 1))), "stride above 1"),
        (lambda: thrifty(layers.MaxPooling2D(), layers.Flatten()), "has a window"),
        (models.build_small_all_conv, "Which layer"),
        (lambda: thrifty(plan=((64, 3, 1), (64, 3, 1), (32, 3, 2))), "needs .* operations"),
        (lambda: thrifty(end=None), "no probabilities"),
    ],
    "14 names_of_curves": [
        (NAMES, "Correct"),
        (["overfitting"] * 4, "expected a dict"),
        ({"A": "overfitting"}, "one answer for each"),
        ({**NAMES, "B": "bad"}, "expected one of underfitting"),
        ({**NAMES, "A": "still improving"}, "A is not still improving"),
        ({**NAMES, "B": "plateau"}, "are the training images learnt"),
        ({**NAMES, "C": "underfitting"}, "last epochs only"),
        ({**NAMES, "D": "overfitting"}, "five points"),
    ],
    "14 next_factor": [
        (halving, "Correct: .* at most"),
        (halving_after_both_ends, "Correct"),
        (halving_that_clears_its_argument, "Correct"),
        (lambda tried: True, "a number from 0 to 3"),
        (lambda tried: "1", "the text '1'; one number"),
        (lambda tried: 1 + 3 * len(tried), "a number from 0 to 3"),
        (lambda tried: 1, "tried before"),
        (lambda tried: 0.2 / (1 + len(tried)), "does less dropout help"),
        (lambda tried: 1.5 + 0.1 * len(tried), "does more dropout help"),
        (lambda tried: 0.125 * len(tried), "8 trainings were not enough"),
    ],
    "15 pictures_needed": [
        (pictures, "Correct"),
        (lambda p, k, d: pictures(p, k, d) - 1, "one too few is too few"),
        (lambda p, k, d: 2 * p * (1 - p) * math.log(k) / d**2, "whole"),
        (lambda p, k, d: 2 * p * (1 - p) * math.log(k) / d, "root"),
        (lambda p, k, d: 2 * p * (1 - p) * math.log10(k) / d**2, "natural logarithm"),
        (lambda p, k, d: p * (1 - p) * math.log(k) / d**2, "factor 2"),
        (lambda p, k, d: 2 * math.log(k) / d**2, "scatter"),
        (lambda p, k, d: 7, "solve for n"),
    ],
    "15 choose": [
        (choose, "Correct"),
        (lambda right, choosers: 1, "expected three values"),
        (choosing(lambda t, c, *_: (t.mean(axis=1).argmax(), 0.5, 0.5)), "spent"),
        (choosing(lambda t, c, *_: (t[:, ~c].mean(axis=1).argmax(), 1, 1)), "which ones may"),
        (choosing(lambda t, c, row, chose, _: (2, chose, 0.1)), "the first"),
        (choosing(lambda t, c, row, chose, _: (9, chose, 0.1)), "row 9 is not the best"),
        (choosing(lambda t, c, row, chose, report: (row, report, report)), "second value"),
        (choosing(lambda t, c, row, chose, _: (row, chose, chose)), "flattering"),
        (choosing(lambda t, c, row, chose, _: (row, chose, t[row].mean())), "winner's side"),
        (choosing(lambda t, c, row, chose, _: (row, chose, 0.1)), "no say"),
    ],
    "16 whiten": [
        (turned, "Correct"),
        (lambda p, e: turned(p - p.mean(axis=0), e), "Correct"),
        (lambda p, e: -turned(p, e)[:, ::-1], "Correct"),
        (lambda p, e: turned(p, 0), "add it under the root"),
        (lambda p, e: turned(p, 0) / (1 + e), "add it under the root"),
        (lambda p, e: p, "the covariance of the result has"),
        (lambda p, e: turned(p, e, 0), "each still varies as before"),
        (lambda p, e: turned(p, e, -1), "that divides by the variance"),
        (lambda p, e: turned(p, e, 0.5), "multiplied by the deviation"),
        (lambda p, e: turned(p, e, 1), "multiplied by the variance"),
        (lambda p, e: p / p.std(axis=0), "turn before you divide"),
        (whitened_by_rows, "which axis do they lie along"),
        (lambda p, e: p[:, 0], r"the result has shape \(500,\)"),
    ],
    "16 one_side_only": [
        (lambda n: 2.0 ** (1 - n), "Correct"),
        (lambda n: 0.5**n, "May it not be the other one"),
        (lambda n: 1 - 2.0 ** (1 - n), "seen from both sides"),
        (lambda n: 1 - 0.5**n, "mirrored at least once"),
        (lambda n: 1 / n, "each epoch halves what is left"),
        (lambda n: 0.5, "the more epochs, the fewer"),
        (lambda n: n / 2 + 1, "between 0 and 1"),
        (lambda n: 0.3, "what must every coin after the first"),
    ],
    "17 soften": [
        (softened, "Correct"),
        (lambda p, t: softmax(np.log(p) / t), "Correct"),
        (lambda p, t: p, "Not yet: at temperature 2 nothing changes"),
        (lambda p, t: p / t, "it is the logits that should be"),
        (lambda p, t: p ** (1 / t), "bring each row back to a sum of 1"),
        (lambda p, t: p ** (1 / t) / (p ** (1 / t)).sum(), "all pictures share one sum"),
        (lambda p, t: p ** (1 / t) / (p ** (1 / t)).sum(axis=0), "over the pictures"),
        (lambda p, t: softened(p, 1 / t), "sharper where they should get softer"),
        (lambda p, t: softmax(p / t), "the softmax wants logits"),
        (lambda p, t: softened(p, t + 1), "at temperature 2 the first row is"),
        (lambda p, t: p[0], r"the result has shape \(5,\)"),
    ],
    "17 answer_from": [
        (lambda mistake, question: max(0, 1 - question / mistake), "Correct"),
        (lambda mistake, question: 1 - question / mistake, "never below 0"),
        (lambda mistake, question: question / mistake, "largest risk"),
        (lambda mistake, question: min(1, question / mistake), "largest risk"),
        (lambda mistake, question: mistake / (mistake + question), "on average"),
        (lambda mistake, question: question / (mistake + question), "a bet with a stake"),
        (lambda mistake, question: 1 - mistake / question, "swapped"),
        (lambda mistake, question: max(0, 1 - mistake / question), "swapped"),
        (lambda mistake, question: 0.5, "an answer costs 5 on average"),
    ],
    "18 test_scenes": [
        (scenes_drawn, "Correct"),
        (lambda s, share, random: scenes_drawn(s, share, random).astype(int), "Correct"),
        (lambda s, share, random: random.random(len(s)) < share, "scene .* on both sides"),
        (scenes_counted, "count scenes"),
        (scenes_below_the_share, "one too early"),
        (lambda s, share, random: s < np.inf, "with a scene less"),
        (lambda s, share, random: scenes_drawn(s, share, Unmoved), "is the order of the scenes"),
        (
            lambda s, share, random: scenes_drawn(s, share, np.random.default_rng()),
            "draw with `random`",
        ),
        (
            lambda s, share, random: np.flatnonzero(scenes_drawn(s, share, random)),
            "one truth value",
        ),
    ],
    "18 balanced_accuracy": [
        (balanced, "Correct"),
        (lambda labels, answers: np.mean(labels == answers), "plain accuracy"),
        (of_what_was_called, "was [*]called[*] a class"),
        (
            lambda labels, answers: (
                balanced(labels, answers)
                * len(np.unique(labels))
                / len(np.union1d(labels, answers))
            ),
            "does not occur",
        ),
        (
            lambda labels, answers: (
                balanced(labels, answers) * len(np.unique(labels)) / (labels.max() + 1)
            ),
            "so many classes",
        ),
        (lambda labels, answers: 100 * balanced(labels, answers), "no percentage"),
        (
            lambda labels, answers: min(
                np.mean(answers[labels == label] == label) for label in labels
            ),
            "the worst class",
        ),
        (lambda labels, answers: 0.123, "one by one"),
    ],
}
DICTS = ("00 names", "06 keeps_its_label", "07 combined", "14 names_of_curves")
FUNCTIONS = [exercise for exercise in CASES if exercise not in DICTS]


def rows(cases):
    return [(exercise, *row) for exercise in cases for row in cases[exercise]]


def test_every_check_has_its_row():
    modules = [name for _, name, _ in pkgutil.iter_modules(checks.__path__)]
    there = {
        f"{module.removeprefix('lesson_')} {name.removeprefix('check_')}"
        for module in modules
        for name in vars(importlib.import_module(f"{checks.__name__}.{module}"))
        if name.startswith("check_")
    }
    assert there == CASES.keys()


@pytest.mark.parametrize(("exercise", "answer", "says"), rows(CASES))
def test_an_answer_gets_its_verdict(exercise, answer, says):
    found = verdict(exercise, answer)
    assert re.search(says, found), found
    assert found.startswith("Correct") == says.startswith("Correct"), found


@pytest.mark.parametrize("exercise", CASES)
def test_an_open_exercise_is_not_yet(exercise):
    assert verdict(exercise, ...).startswith("Not yet: the answer is still empty")


@pytest.mark.parametrize("exercise", FUNCTIONS)
def test_a_function_that_is_not_written_is_not_yet(exercise):
    for nothing in (None, ...):
        assert "returns nothing yet" in verdict(exercise, lambda *_, nothing=nothing: nothing)


@pytest.mark.parametrize("exercise", FUNCTIONS)
@pytest.mark.parametrize("answer", [5, np.float64(5), "text", (1, 2), np.arange(3), {"a": 1}])
def test_what_is_no_function_is_refused_in_plain_words(exercise, answer):
    found = verdict(exercise, answer)
    assert found.startswith("Not yet: expected your function itself, check_"), found
    assert "your code raised" not in found


ODD = [
    "12",
    "",
    (),
    (1, 2),
    [1.0],
    {"a": 1},
    np.arange(3),
    np.zeros((2, 2)),
    np.array(["a", "b"]),
    object(),
    1j,
    math.nan,
    math.inf,
    -math.inf,
    -1,
    1e30,
    True,
    (1, "2", 3),
    (math.nan,) * 3,
    len,
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("exercise", FUNCTIONS)
def test_an_odd_result_is_never_called_an_error_of_the_learners_code(exercise):
    for odd in ODD:
        found = verdict(exercise, lambda *_, odd=odd: odd)
        assert found.startswith("Not yet"), (odd, found)
        assert "your code raised" not in found, (odd, found)


@pytest.mark.parametrize("exercise", DICTS)
def test_an_odd_answer_in_a_dict_is_refused_in_plain_words(exercise):
    right = CASES[exercise][0][0]
    for odd in (*ODD, None, ...):
        for changed in [odd, *({**right, name: odd} for name in right)]:
            found = verdict(exercise, changed)
            if odd is True and found.startswith("Correct"):
                continue  # It is one of the right answers.
            assert found.startswith("Not yet"), (odd, found)
            assert "your code raised" not in found, (odd, found)


def test_a_check_without_an_answer_is_not_yet():
    check = find_check("00_start_here", "check_best_epoch")
    assert "still empty" in repr(run_check(check, None))


def test_an_exercise_that_is_not_there_is_named():
    for lesson in ("00_start_here", "99_none"):
        with pytest.raises(AttributeError, match=f"lesson '{lesson}' has no exercise 'check_x'"):
            find_check(lesson, "check_x")


# --- What the exercises rest on ------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, "Correct"),
        ({"end": None}, "no probabilities"),
        ({"end": "sigmoid"}, "no probabilities"),
        ({"convolutions": 1}, "keep both"),
        ({"kink": None}, "no convolution has an activation"),
        ({"scaled": 1}, "reads pixels up to 255"),
        ({"filters": 32, "hidden": 512}, "are in one Dense layer"),
    ],
)
def test_a_slim_network_is_judged_alike_in_every_precision(change, says, precision):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        for seed in range(3):
            keras.utils.set_random_seed(seed)
            assert says in verdict("02 slim", lambda: slim(**change))
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("n", "a"), [(200, 0.0), (400, 0.5), (300, 1.0)])
def test_the_experiment_with_random_layers_does_not_hang_on_its_draw(n, a, seed):
    assert 0.5 < lesson_04.size_after_layers(leaky(n, a), n, a, seed=seed) < 2.0


def counted_by_tensorflow(model):
    """Operations of the convolutions and matrix products of one image, by TensorFlow's profiler."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    shape = tf.TensorSpec((1, *model.input_shape[1:]), "float32")
    frozen = convert_variables_to_constants_v2(tf.function(model).get_concrete_function(shape))
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(frozen.graph.as_graph_def(), name="")
        profile = tf.compat.v1.profiler.profile(graph, cmd="op", options=options)
    # The profile is a chain, one kind of operation a link.
    found = {}
    while profile.children:
        profile = profile.children[0]
        found[profile.name] = profile.float_ops
    return found["Conv2D"] + found["MatMul"]


def names_of_cell(lesson, start):
    """What the lesson's cell with this text in it defines."""
    (cell,) = (cell for cell in jupytext.read(NOTEBOOKS / lesson).cells if start in cell.source)
    names = {"np": np}
    exec(cell.source, names)
    return names


@pytest.mark.parametrize("build", ["dropout_cnn", "all_conv", "small_all_conv"])
def test_lesson_13_and_its_check_count_what_tensorflow_counts(build):
    own = names_of_cell("13_small_all_conv.py", "def operations")["operations"]
    model = getattr(models, f"build_{build}")()
    counted = sum(map(lesson_13.operations, model.layers))
    assert sum(map(own, model.layers)) == counted == counted_by_tensorflow(model)


def test_the_limit_of_operations_is_the_small_networks_work():
    model = models.build_small_all_conv()
    assert sum(map(lesson_13.operations, model.layers)) == lesson_13.MOST_OPERATIONS


def test_nested_and_separable_layers_are_counted():
    inner = keras.Sequential([keras.Input((32, 32, 3)), layers.SeparableConv2D(8, 3)])
    outer = keras.Sequential([keras.Input((32, 32, 3)), inner])
    (leaf,) = lesson_13.leaves(outer)
    assert lesson_13.operations(leaf) == 2 * 30 * 30 * (9 * 3 + 3 * 8)


def test_the_curves_of_lesson_14_are_named_as_diagnose_names_them():
    exam = names_of_cell("14_fighting_overfitting.py", "exam = {")["exam"]
    for letter, (train, val) in exam.items():
        history = {"accuracy": train, "val_accuracy": val, "loss": 1 - train, "val_loss": 1 - val}
        assert diagnose(history).name == NAMES[letter], letter


@pytest.mark.parametrize(("p", "k"), [(0.95, 20), (0.9947, 100), (0.9, 1000)])
def test_the_bound_of_lesson_15_holds_for_the_maximum_of_binomials(p, k):
    n = pictures(p, k, 0.002)
    gain = (1 - stats.binom.cdf(np.arange(n), n, p) ** k).sum() / n - p
    assert 0.0012 < gain < 0.002


def test_a_notebook_shows_an_answer_with_a_sign_and_folds_the_hint():
    def check(lesson, answer):
        if answer != 4:
            raise Wrong("2 < 3, and so on.")
        return "that is it."

    right, wrong, empty = (run_check(check, None, answer) for answer in (4, 5, ...))
    assert "&#10003; Correct:</b> that is it." in right._repr_html_()
    shown = dataclasses.replace(wrong, solution="solutions/02_x.ipynb")._repr_html_()
    folded = shown[shown.index("<details>") : shown.index("</details>")]
    assert "2 &lt; 3" in folded
    assert "2 &lt; 3" not in shown.replace(folded, "")
    assert 'href="solutions/02_x.ipynb"' in shown
    assert "<details>" not in empty._repr_html_()  # nothing was answered: nothing to hint at
    assert repr(wrong) == "Not yet: 2 < 3, and so on."
