"""`course compare`: the course's paired verdict on anybody's figures, from two CSV files."""

import csv
import math
from pathlib import Path

from course_utils.errors import CourseError

EXAMPLE = "For example two lines: seed,accuracy and then 1,0.975"


def read(path: Path, column: str | None = None) -> dict[str, float]:
    """Seed to figure, from a CSV file: the first column names the pair, the second is the figure.

    A file with one column has its lines as pairs. A first line without any number is a heading.
    `column` names the figure in it, where there are more than two. Semicolons and tabs separate, too;
    with them a decimal comma is read as a point. "97.5%" is 0.975.
    Raises CourseError, naming the line, for anything else.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        mark = next((mark for mark in ";\t" if mark in text.partition("\n")[0]), ",")
        if mark != ",":
            text = text.replace(",", ".")
        rows = [
            row for row in csv.reader(text.splitlines(), delimiter=mark) if "".join(row).strip()
        ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise CourseError(f"{path} cannot be read as a CSV file ({reason}). {EXAMPLE}") from error
    rows = [[cell.strip() for cell in row] for row in rows]
    heading = rows.pop(0) if rows and all(_number(cell) is None for cell in rows[0]) else []
    if not rows:
        raise CourseError(f"{path} holds no figures. {EXAMPLE}")
    place = _place(path, heading, len(rows[0]), column)
    figures = {}
    for line, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise CourseError(
                f"{path}, line {line} of its figures: {len(row)} columns, and {len(rows[0])} in the "
                f"first. {EXAMPLE}"
            )
        name = _name(row[0]) if len(row) > 1 else str(line)
        value = _number(row[place])
        if value is None:
            raise CourseError(f"{path}, pair {name}: {row[place]!r} is no number. {EXAMPLE}")
        if name in figures:
            raise CourseError(f"{path} has two figures for {name}. Each seed stands once")
        figures[name] = value
    return figures


def _place(path, heading, width, column):
    """Which column is the figure."""
    if column is not None:
        if column not in heading[1:]:
            names = ", ".join(heading[1:]) or "none, as its first line is no heading"
            raise CourseError(f"{path} has no column {column!r} beside the seeds. It has: {names}")
        return heading.index(column)
    if width > 2:
        named = ", ".join(heading) or "no heading"
        pick = f"--column {heading[1]}" if heading else EXAMPLE
        raise CourseError(
            f"{path} has {width} columns ({named}), and a seed and one figure were expected. Name the "
            f"figure's: {pick}"
        )
    return width - 1


def _number(text):
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _name(text):
    """A pair's name; 1 and 1.0 are one seed."""
    value = _number(text)
    return text if value is None or text.endswith("%") else f"{value:g}"


def report(
    before: Path,
    after: Path,
    lower: bool = False,
    picture: Path | None = None,
    column: str | None = None,
) -> str:
    """The verdict in words, what the pairs bought and how many seeds are needed.

    Figures that all lie between 0 and 1 are taken as fractions and told in percentage points.
    `lower` says that a lower figure is better; `picture` names a PNG file to draw the interval in;
    `column` the figure, in files with several.
    Raises CourseError for figures that cannot be compared, or a picture that cannot be written.
    """
    from course_utils.evidence.comparison import FEWEST_SEEDS, compare, seeds_needed

    if picture is not None and picture.suffix.lower() != ".png":
        raise CourseError(
            f"{picture} is no PNG file's name. Expected: --picture {picture.stem}.png"
        )
    sides = [read(path, column) for path in (before, after)]
    unpaired = set(sides[0]) ^ set(sides[1])
    shares = [all(0 <= value <= 1 for value in side.values()) for side in sides]
    percents = [all(20 <= value <= 100 for value in side.values()) for side in sides]
    for own, other in ((0, 1), (1, 0)):
        if shares[own] and percents[other] and not lower:
            paths = (before, after)
            raise CourseError(
                f"{paths[own]} seems to hold fractions ({min(sides[own].values()):g}), and {paths[other]} "
                f"percent ({min(sides[other].values()):g}). Write both in one unit"
            )
    try:
        found = compare(*sides, higher_is_better=not lower)
    except ValueError as error:
        raise CourseError(f"{before} and {after}: {error}") from error
    fractions = not lower and all(shares)
    scale, unit = (100, "points") if fractions else (1, "")
    lines = [found.sentence(f"{after.stem} against {before.stem}", unit)]
    if unpaired:
        lines.append(f"Left out, with no partner: {', '.join(sorted(unpaired))}.")
    if found.n < FEWEST_SEEDS:
        lines.append(
            f"{found.n} pairs are too few for a verdict: with {FEWEST_SEEDS} or more the interval "
            "says how sure one may be."
        )
    if found.has_interval:
        lines.append(
            f"Exact sign-flip test: p = {found.p_exact:.3f}. {_correlation(found)}; ignoring the pairs "
            "the interval would be "
            f"{scale * found.unpaired_low:+.4g} to {scale * found.unpaired_high:+.4g}."
        )
        if found.mean:
            needed = seeds_needed(found.mean, found.s)
            lines.append(
                f"A true difference of this size is found in four of five studies with {needed} seeds."
            )
        if picture is not None:
            _draw(
                found, picture, scale, unit or "difference", f"{after.stem} against {before.stem}"
            )
            lines.append(f"Picture: {picture}")
    elif picture is not None:
        lines.append("No picture: without spread there is no interval to draw.")
    return "\n".join(lines)


def _correlation(found):
    if math.isnan(found.correlation):
        return "One side has the same figure each time, so the pairs have no correlation"
    return f"Correlation of the pairs {found.correlation:.2f}"


def _draw(found, picture, scale, unit, name):
    import base64

    from course_utils import files, plots

    drawn, axes = plots.figure(height=1.8)
    axes.plot(
        [scale * found.low, scale * found.high], [0, 0], color=plots.COLOURS[0], linewidth=2.5
    )
    axes.plot(scale * found.mean, 0, "o", color=plots.COLOURS[0], markersize=7)
    axes.axvline(0, color="black", linewidth=1)
    axes.set_yticks([0], [name])
    axes.set_xlabel(f"difference, {unit} (dot: mean, line: 95 % interval)")
    axes.set_title(found.verdict)
    data, _ = plots.bundle(drawn, name)
    try:
        files.write_atomically(picture, base64.b64decode(data["image/png"]))
    except OSError as error:
        raise CourseError(
            f"{picture} could not be written ({error.strerror}). Name another file: --picture FILE.png"
        ) from error
