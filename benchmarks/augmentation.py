"""`python -m benchmarks.augmentation`: images a second that are shifted by two pixels and mirrored.

The course's way against Keras's layers `RandomFlip` and `RandomTranslation`, in a compiled function, and
against torchvision's transforms, a batch of one draw each image. They take turns on the same batches.
"""

import argparse
import importlib
import importlib.util
import statistics
import time
from dataclasses import asdict

import numpy as np
from rich.console import Console

from benchmarks import measure
from benchmarks.train import random_images
from course_utils import machine as machines

# Seconds of ours over those of the faster of the others, at most: twice as many images a second.
GOAL = 0.5
TITLE = "images shifted and mirrored, against the faster of Keras's layers and torchvision"


def course_way(images, labels, batch_size):
    from course_utils import fast

    shown = fast.Shown(images, labels, batch_size)
    return lambda: [shown[batch] for batch in range(len(shown))]


def keras_way(images, labels, batch_size):
    import keras
    import tensorflow as tf

    sides = [2 / side for side in images.shape[1:3]]
    change = keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomTranslation(*sides, fill_mode="reflect", interpolation="nearest"),
        ]
    )
    compiled = tf.function(lambda batch: change(batch, training=True))
    starts = range(0, len(images) - batch_size + 1, batch_size)
    return lambda: [compiled(images[start : start + batch_size]).numpy() for start in starts]


def torch_way(images, labels, batch_size):
    import torch

    # A peer that the course needs nowhere else, and no extra installs.
    v2 = importlib.import_module("torchvision.transforms.v2")
    change = v2.Compose([v2.RandomHorizontalFlip(), v2.RandomCrop(32, 2, padding_mode="reflect")])
    channels_first = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    starts = range(0, len(images) - batch_size + 1, batch_size)
    return lambda: [
        torch.stack([change(image) for image in channels_first[start : start + batch_size]])
        for start in starts
    ]


# Name -> what it needs to be installed, and its maker.
WAYS = {
    "the course": ("numpy", course_way),
    "Keras's layers": ("tensorflow", keras_way),
    "torchvision's transforms": ("torchvision", torch_way),
}


def compare(count, batch_size, repeats, ways=None):
    """Images a second of each way, turn by turn, and the ratio of the course's to the faster peer's."""
    images, labels = random_images(count, (32, 32, 3), seed=1)
    why_not, work = {}, {}
    for name, (needed, way) in (ways or WAYS).items():
        if importlib.util.find_spec(needed) is None:
            why_not[name] = f"{needed} is not installed. To measure: pip install {needed}"
        else:
            work[name] = way(images, labels, batch_size)
            work[name]()  # Traces and finds memory.
    speeds = {name: [] for name in work}
    for _ in range(repeats):
        for name, one_pass in work.items():
            began = time.perf_counter()
            one_pass()
            speeds[name].append(count // batch_size * batch_size / (time.perf_counter() - began))
    ours, *peers = work
    result = {
        "name": "augmentation",
        "title": TITLE,
        "goal": GOAL,
        "ours": ours,
        "not_measured": why_not,
    }
    result |= {"images": count, "batch_size": batch_size, "images_a_second": speeds}
    if peers:
        fastest = max(peers, key=lambda name: statistics.median(speeds[name]))
        ratios = [theirs / own for own, theirs in zip(speeds[ours], speeds[fastest], strict=True)]
        reached = statistics.median(ratios) <= GOAL
        result |= {"peer": fastest, "ratio": statistics.median(ratios), "ratios": ratios}
        result["verdict"] = "reached" if reached else "missed"
    return result


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.augmentation", description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", default=measure.ROOT / "build" / "benchmarks", help="folder")
    given = parser.parse_args()
    machine = machines.detect()
    machines.configure(machine, 1)
    result = compare(given.images, given.batch_size, given.repeats)
    measure.write(given.out, result | {"machine": asdict(machine)})
    console = Console(width=180)
    console.print(machine.describe())
    for name, speeds in result["images_a_second"].items():
        console.print(f"{name}: {statistics.median(speeds):,.0f} images a second")
    for name, why in result["not_measured"].items():
        console.print(f"{name}: not measured: {why}")
    if "ratio" in result:
        console.print(
            f"{result['ratio']:.2f} of the time of the faster of the others ({result['peer']}; "
            f"{min(result['ratios']):.2f} to {max(result['ratios']):.2f}); at most {GOAL:g} is the "
            f"goal: {result['verdict']}"
        )


if __name__ == "__main__":
    main()
