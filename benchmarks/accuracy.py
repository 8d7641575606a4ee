"""`python -m benchmarks.accuracy`: does the course's writing of a model learn as well as a plain one?

Both are trained on the same digits from the same seeds, each in a process of its own, and the test
accuracies are compared in pairs. What makes the course's faster (bfloat16, TensorFlow's kernel for
batch normalisation, whole-pixel shifts) must not be paid for in accuracy.
"""

import argparse

from rich.console import Console

from benchmarks import measure
from benchmarks.comparisons import COMPARISONS
from course_utils import evidence
from course_utils import machine as machines

NAMES = ("baseline_keras", "six_techniques")


def compare(comparison, machine, mode, seeds, epochs, report=print):
    """Return both sides' accuracies, {seed: fraction}, and the sentence that compares them."""
    sides = {"ours": comparison.ours, "peer": comparison.peers[0]}
    accuracies = {side: {} for side in sides}
    for seed in seeds:
        for side, run in sides.items():
            _, accuracy = measure.train_once(run, machine, epochs - 1, mode=mode, seed=seed)
            accuracies[side][seed] = accuracy
            report(f"{comparison.title}: {run.name}, seed {seed}: {accuracy:.2%}")
    found = evidence.compare(accuracies["peer"], accuracies["ours"])
    return {
        "name": f"accuracy_{comparison.name}",
        "title": comparison.title,
        "mode": mode,
        "epochs": epochs,
        "ours": comparison.ours.name,
        "peer": comparison.peers[0].name,
        "accuracies": accuracies,
        "sentence": found.sentence(comparison.title),
        "verdict": found.verdict,
    }


def arguments(words=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}")
    parser.add_argument("--mode", default="reduced", choices=("smoke", "reduced", "full"))
    parser.add_argument("--seeds", type=int, default=10, help="paired runs, from seed 0")
    parser.add_argument("--epochs", type=int, default=8, help="epochs of each training")
    parser.add_argument("--out", default=measure.ROOT / "build" / "benchmarks", help="folder")
    given = parser.parse_args(words)
    for option in ("seeds", "epochs"):
        if getattr(given, option) < 2:
            parser.error(f"--{option} {getattr(given, option)}: expected at least 2")
    unknown = [name for name in given.names if name not in NAMES]
    if unknown:
        parser.error(f"unknown comparison {unknown[0]!r}; expected any of {', '.join(NAMES)}")
    return given


def main():
    given = arguments()
    machine = machines.detect()
    console, progress = Console(width=180), Console(stderr=True)
    console.print(machine.describe())
    for comparison in COMPARISONS:
        if comparison.name in (given.names or NAMES):
            result = compare(
                comparison, machine, given.mode, range(given.seeds), given.epochs, progress.print
            )
            measure.write(given.out, result)
            console.print(result["sentence"])


if __name__ == "__main__":
    main()
