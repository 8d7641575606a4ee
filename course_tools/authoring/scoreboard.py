"""The README's scoreboard and pictures: reference runs and lessons' figures, so that nothing is typed."""

import base64
import json
import statistics
from pathlib import Path

from course_utils import evidence, files, networks
from course_utils.data import JPEG_COPY
from course_utils.data.pictures import SAMPLE
from course_utils.errors import CourseError
from course_utils.evidence import protocol, trust

BEGIN, END = "<!-- scoreboard -->", "<!-- /scoreboard -->"
# Beside each network alone, the sets of techniques that have a row of their own.
VARIANTS = {
    ("baseline_cnn", "cosine_decay"): "baseline CNN, falling learning rate",
    ("baseline_cnn", networks.ALL_SIX): "all six techniques",
    ("baseline_cnn", networks.FALLING_RATE): "five of them, falling learning rate",
    ("small_all_conv", networks.ALL_SIX): "small all-conv with all six techniques",
}
# What a network reaches at full size is in a table of the protocol where it has one: (table, arm).
FULL_SIZE = {
    ("fast_cnn", ""): ("fast_cifar10", "looks"),
    ("fast_digits", ""): ("best_mnist", "averaged"),
}
# What lesson 18 makes of its own folder: the model that its records name, and for readers.
OWN = "own_pictures", "lesson 18's way from a folder of 500"
# Lesson 17: whose confidence is told, by the arm of the table of measures.
TRUSTED = {"baseline": "baseline CNN", "five": "five techniques together"}
# The README's pictures in docs/: the figure of a lesson whose alt text begins like this.
PICTURES = {
    "accuracy_against_shift.png": ("06_augmentation", "Accuracy against shift for both networks"),
    "alone_and_in_company.png": ("10_does_it_help", "Alone and in company."),
}
# The data on which a network may have been measured, as records name them, and for readers.
SOURCES = {
    "mnist": {"mnist": "MNIST"},
    "cifar10": {
        f"cifar10 ({JPEG_COPY})": f"CIFAR-10 ({JPEG_COPY})",
        "cifar10": "CIFAR-10 (originals)",
    },
}


def table() -> str:
    """The scoreboard as a Markdown table; one line saying so when nothing was measured yet.

    A network has one row for each source of data that it was measured on, so that originals and
    re-encoded copies are never mixed.
    """
    lines = []
    for model, network in networks.NETWORKS.items():
        titles = {"": network.title} | {t: name for (m, t), name in VARIANTS.items() if m == model}
        for techniques, title in titles.items():
            figure = networks.article_words(model, techniques)
            for label, source in SOURCES[network.data].items():
                cells = [_cell(model, techniques, mode, label) for mode in ("full", "reduced")]
                if any(cells):
                    shown = " | ".join(map(_or_not_yet, cells))
                    lines.append(f"| {title} | {source} | {figure} | {shown} |")
    for label in (f"{SAMPLE} ({JPEG_COPY})", SAMPLE):
        cells = [_cell(OWN[0], "", mode, label) for mode in ("full", "reduced")]
        if any(cells):
            lines.append(f"| {OWN[1]} | {label} | | {' | '.join(map(_or_not_yet, cells))} |")
    lines += _trusted()
    if not lines:
        return "No reference runs yet."
    head = [
        "| model | data | article | full mode | reduced mode |",
        "| --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *lines])


def _or_not_yet(cell):
    return cell or "not yet measured"


def _trusted():
    """Lesson 17's rows: calibration errors beyond chance, in points."""
    lines, known = [], trust.figures(trust.tables()["trust_mnist"])
    for arm, title in TRUSTED.items():
        if found := known.get(arm, {}).get("excess_error"):
            points = [100 * each for each in found.values()]
            spread = f"{statistics.mean(points):.2f} ± {statistics.stdev(points):.2f}"
            lines.append(
                f"| {title}, calibration error beyond chance (lesson 17) | MNIST | | not yet measured | "
                f"{spread} points ({len(points)} runs) |"
            )
    return lines


def _cell(model, techniques, mode, label):
    measured = FULL_SIZE.get((model, techniques)) if mode == "full" else None
    if measured:
        runs = protocol.rows_of(*measured)
        runs = runs[runs["data"] == label]
    else:
        runs = evidence.reference_runs(model, techniques, mode, label)
    accuracies = runs["test_accuracy"].dropna()
    mean, spread = 100 * accuracies.mean(), 100 * accuracies.std()
    if len(accuracies) > 1:
        return f"{mean:.2f} ± {spread:.2f} % ({len(accuracies)} runs)"
    return f"{mean:.2f} % (1 run)" if len(accuracies) else ""


def pictures(notebooks: Path) -> dict[str, bytes]:
    """Name to PNG of the README's pictures, from a folder of executed lessons; those that are there."""
    found = {}
    for name, (lesson, begins) in PICTURES.items():
        book = notebooks / f"{lesson}.ipynb"
        if not book.is_file():
            continue
        cells = json.loads(book.read_text(encoding="utf-8"))["cells"]
        for output in (each for cell in cells for each in cell.get("outputs", ())):
            alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
            if alt.startswith(begins):
                found[name] = base64.b64decode(output["data"]["image/png"])
    return found


def write(readme: Path, check: bool = False) -> bool:
    """Bring a README and its pictures up to date, or with `check` only look; returns whether they were.

    Raises CourseError when it cannot be read or written, or has no markers.
    """
    try:
        text = readme.read_text(encoding="utf-8")
        before, begin, rest = text.partition(BEGIN)
        _, end, after = rest.partition(END)
        if not begin or not end:
            raise CourseError(
                f"{readme.name} has no place for the scoreboard: expected the lines {BEGIN} and "
                f"{END}. Put them back, then: course report --readme"
            )
        wanted = {readme: f"{before}{BEGIN}\n{table()}\n{END}{after}".encode()}
        drawn = pictures(readme.parent / "notebooks").items()
        wanted |= {readme.parent / "docs" / name: picture for name, picture in drawn}
        stale = [
            path
            for path, content in wanted.items()
            if not path.is_file() or path.read_bytes() != content
        ]
        for path in () if check else stale:
            path.parent.mkdir(exist_ok=True)
            files.write_atomically(path, wanted[path])
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(
            f"{readme} cannot be read and written ({getattr(error, 'strerror', None) or error}). "
            "Run this in the course's folder: course report --readme"
        ) from error
    return not stale
