"""`python -m benchmarks [NAME ...]`: measure, print the table, write build/benchmarks/NAME.json."""

import argparse
import sys
from dataclasses import asdict
from importlib import metadata

from rich.console import Console
from rich.table import Table

from benchmarks import measure
from benchmarks.comparisons import COMPARISONS
from course_utils import machine as machines


def arguments():
    names = [comparison.name for comparison in COMPARISONS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(names)}")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each comparison")
    parser.add_argument("--images", type=int, default=3840, help="training images an epoch")
    parser.add_argument("--epochs", type=int, default=4, help="epochs timed in each training")
    parser.add_argument("--out", default=measure.ROOT / "build" / "benchmarks", help="folder")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in names]
    if unknown:
        parser.error(f"unknown comparison {unknown[0]!r}; expected any of {', '.join(names)}")
    for option in ("repeats", "images", "epochs"):
        least = 256 if option == "images" else 1
        if getattr(given, option) < least:
            parser.error(f"--{option} {getattr(given, option)}: expected at least {least}")
    return given


def rows(result):
    """The table's rows for a result: one for the ratio, one for each peer left out."""
    if "ratio" in result:
        ratios, medians = result["ratios"], result["median_seconds_an_epoch"]
        yield (
            result["title"],
            f"{result['ours']}: {medians[result['ours']]:.2f} s",
            f"{result['peer']}: {medians[result['peer']]:.2f} s",
            f"{result['ratio']:.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
            "" if result["goal"] is None else f"at most {result['goal']:g}",
            result["verdict"],
        )
    for peer, why in result["not_measured"].items():
        yield result["title"], "", f"{peer}: not measured: {why}", "", "", ""


def exit_code(results):
    """1 where a goal was missed, or the course's own side of a comparison failed; else 0."""
    return int(
        any(
            result.get("verdict") == "missed" or result["ours"] in result["not_measured"]
            for result in results
        )
    )


def main():
    given = arguments()
    machine = machines.detect()
    console, progress = Console(), Console(stderr=True)
    # Piped output has no width of its own, and a table folded at 80 columns is hard to read.
    if not console.is_terminal:
        console = Console(width=180)
    console.print(machine.describe())
    chosen = [each for each in COMPARISONS if not given.names or each.name in given.names]
    table = Table(title="Seconds an epoch, in turn; the ratio is the median over the turns")
    for heading in ("comparison", "ours", "peer", "ratio (range)", "goal", "verdict"):
        table.add_column(heading)
    about = {
        "machine": asdict(machine),
        "images": given.images,
        "epochs": given.epochs,
        "repeats": given.repeats,
        "keras": metadata.version("keras"),
    }
    results = []
    for comparison in chosen:
        result = measure.compare(
            comparison,
            machine,
            given.repeats,
            given.images,
            given.epochs,
            report=lambda line: progress.print(line, style="dim"),
        )
        measure.write(given.out, {**result, **about})
        results.append(result)
        for row in rows(result):
            table.add_row(*row)
    console.print(table)
    console.print(f"written to {given.out}")
    return exit_code(results)


if __name__ == "__main__":
    sys.exit(main())
