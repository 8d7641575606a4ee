"""`course compare`: the course's paired verdict on anybody's figures, from two CSV files."""

import csv
from pathlib import Path

from course_utils.errors import CourseError

EXAMPLE = "For example two lines: seed,accuracy and then 1,0.975"


def read(path: Path) -> dict[str, float]:
    """Seed to figure, from a CSV file: the last column is the figure, the first names the pair.

    A file with one column has its lines as pairs. A first line without a number is a heading.
    Raises CourseError, naming the line, for anything else.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise CourseError(f"{path} cannot be read as a CSV file ({reason}). {EXAMPLE}") from error
    if rows and _number(rows[0][-1]) is None:
        del rows[0]
    figures = {}
    for line, row in enumerate(rows, start=1):
        name = row[0].strip() if len(row) > 1 else str(line)
        value = _number(row[-1])
        if value is None:
            raise CourseError(f"{path}, pair {name}: {row[-1].strip()!r} is no number. {EXAMPLE}")
        if name in figures:
            raise CourseError(f"{path} has two figures for {name}. Each seed stands once")
        figures[name] = value
    if not figures:
        raise CourseError(f"{path} holds no figures. {EXAMPLE}")
    return figures


def _number(text):
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None


def report(before: Path, after: Path, lower: bool = False, picture: Path | None = None) -> str:
    """The verdict in words, what the pairs bought and how many seeds are needed.

    Figures that all lie between 0 and 1 are taken as fractions and told in percentage points.
    `lower` says that a lower figure is better; `picture` names a PNG file to draw the interval in.
    Raises CourseError for figures that cannot be compared, or a picture that cannot be written.
    """
    from course_utils.evidence.comparison import FEWEST_SEEDS, compare, seeds_needed

    sides = [read(path) for path in (before, after)]
    unpaired = set(sides[0]) ^ set(sides[1])
    try:
        found = compare(*sides, higher_is_better=not lower)
    except ValueError as error:
        raise CourseError(f"{before} and {after}: {error}") from error
    fractions = not lower and all(0 <= v <= 1 for side in sides for v in side.values())
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
            f"Exact sign-flip test: p = {found.p_exact:.3f}. Correlation of the pairs "
            f"{found.correlation:.2f}; ignoring them the interval would be "
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
