"""The table at the end of a batch: what came out, beside the article and the reference runs."""

import statistics
from dataclasses import dataclass, replace
from pathlib import Path

from course_tools.batch import grid
from course_tools.batch.terminal import clock, say
from course_utils import evidence
from course_utils.data import JPEG_COPY
from course_utils.data.pictures import SAMPLE
from course_utils.errors import BatchError
from course_utils.evidence.records import Record
from course_utils.modes import is_mode
from course_utils.networks import article_figure, article_words

# A re-encoded copy holds the real images; its name goes with its figures.
REAL_DATA = (
    "mnist",
    *(f"{name}{of}" for name in ("cifar10", SAMPLE) for of in ("", f" ({JPEG_COPY})")),
)
TRACEBACK_LINES = 12
# The accuracies of a record, the best that it has first, and what the table calls the others.
METRICS = {
    "test_accuracy": "",
    "compare_accuracy": " (comparison)",
    "val_accuracy": " (validation)",
}


@dataclass(frozen=True)
class Kind:
    """What a row is of; the records of one kind differ in their seed alone.

    `variant` holds all that the run was given but its seed.
    """

    variant: str
    notebook: str
    model: str
    techniques: str
    mode: str
    data: str


@dataclass(frozen=True)
class Row(Kind):
    """One row of the table: a notebook's model over its seeds, or a notebook that trained none.

    `accuracies` are fractions of the records that went well, of the first of `METRICS` that any of them
    has (`metric`); `article` is a fraction or None; `expected` is an `evidence.ExpectedRange` or None;
    `seconds` is a mean, `peak_memory_mb` a maximum (MB of 10^6 bytes).
    """

    metric: str
    accuracies: tuple[float, ...]
    article: float | None
    expected: object
    seconds: float
    peak_memory_mb: float
    verdict: str

    @property
    def title(self) -> str:
        """Notebook, model, techniques and, unless they are the originals, the data in one text."""
        model = " + ".join(filter(None, (self.model, self.techniques)))
        where = f" on {self.data}" if self.data and self.data not in ("mnist", "cifar10") else ""
        return f"{self.notebook}: {model}{where}" if model else self.notebook


def records_of(folder, entries) -> list[Record]:
    """The records of the runs, in the order of the runs; of those that failed, what diverged.

    `further["run"]` is the id of the run that wrote it. Raises BatchError for one that is gone or broken.
    """
    records = []
    for entry in entries:
        for name in (name for name in entry.files if name.startswith("records/")):
            path = Path(folder) / name
            again = f"run it again: course run … --out {folder} --resume"
            try:
                record = Record.read(path)
            except FileNotFoundError as error:
                raise BatchError(f"{path} is gone; {again}") from error
            except (OSError, ValueError) as error:
                # A run whose files are all there counts as done.
                raise BatchError(f"{path} is no record ({error}); delete it and {again}") from error
            records.append(replace(record, further={**record.further, "run": entry.id}))
    return records


def further_parameters(given: dict) -> str:
    """What a run was given that no record tells, as its id spells it; "" for nothing."""
    told = ["seed", "model", "techniques"]
    # A foreign notebook may call something else its mode, and no record tells that.
    if is_mode(given.get("mode")):
        told.append("mode")
    return grid.run_id("", {k: v for k, v in given.items() if k not in told}).lstrip(".")


def kind(run: grid.Run, record: Record | None = None) -> Kind:
    """Which row a record of a run belongs to, or the run itself where it recorded nothing."""
    given = run.parameters
    variant = repr((run.notebook, {k: v for k, v in given.items() if k != "seed"}))
    extra = further_parameters(given)
    if record is None:
        return Kind(variant, run.notebook, "", extra, run.mode or "", "")
    model, techniques = record.model, record.techniques
    if not record.went_well:
        # It was written before the notebook could say what it trains: the name is Keras's.
        model = given.get("model", model)
        techniques = given.get("techniques", techniques)
        techniques = "" if techniques == "none" else techniques
    techniques = "+".join(filter(None, (techniques, extra)))
    return Kind(variant, run.notebook, model, techniques, record.mode, record.data)


def rows(folder, entries, header) -> list[Row]:
    """The table's rows, in the order of the grid; of runs that failed, only what diverged counts."""
    groups = {}
    for entry in entries:
        run = header.runs[entry.id]
        records = records_of(folder, [entry])
        for record in records or [None] * (entry.status == "ok"):
            groups.setdefault(kind(run, record), []).append((entry, record))
    # What diverged belongs to the other seeds of its run, where these trained one model only.
    lost = [key for key, members in groups.items() if all(e.status != "ok" for e, _ in members)]
    for key in lost:
        others = [other for other in groups if other.variant == key.variant and other not in lost]
        if len(others) == 1:
            groups[others[0]] += groups.pop(key)
    return [_row(key, members) for key, members in groups.items()]


def _row(key, members):
    records = [record for _, record in members if record is not None]
    well = [record for record in records if record.went_well]
    # The time until a loss became NaN is not what a run takes.
    timed = [entry for entry, record in members if record is None or record.went_well]
    timed = timed or [entry for entry, _ in members]
    for metric in METRICS:
        accuracies = tuple(a for record in well if (a := getattr(record, metric)) is not None)
        if accuracies:
            break
    article = expected = None
    # A stand-in for the data is never compared with an article's figure.
    if accuracies and key.data in REAL_DATA:
        article = article_figure(key.model, key.techniques)
    if accuracies and metric in evidence.COLUMNS:
        epochs = {record.epochs for record in well}
        expected = evidence.expected_range(
            key.model, key.techniques, key.mode, key.data, metric,
            epochs=(epochs.pop() or None) if len(epochs) == 1 else None,
        )  # fmt: skip
    return Row(
        **vars(key),
        metric=metric,
        accuracies=accuracies,
        article=article,
        expected=expected,
        seconds=statistics.fmean(entry.seconds for entry in timed),
        peak_memory_mb=max(entry.peak_memory_mb for entry in timed),
        verdict=_verdict(accuracies, expected, len(records) - len(well), bool(records)),
    )


def _verdict(accuracies, expected, diverged, trained):
    if not trained:
        return "ran to the end"
    words = f", {diverged} diverged" if diverged else ""
    if not accuracies:
        return f"no figure{words}"
    if expected is None:
        return f"no reference runs{words}"
    inside = sum(value in expected for value in accuracies)
    if len(accuracies) > 1:
        return f"{inside} of {len(accuracies)} in the range{words}"
    side = "below" if accuracies[0] < expected.low else "above"
    return ("as expected" if inside else f"{side} the range") + words


def show(console, folder, entries, header, paths) -> None:
    """Print the table and, for each run that failed, what happened and how to run it again.

    `paths` maps notebook names to what `course run` calls them.
    """
    from rich.table import Table

    found = rows(folder, entries, header)
    if found:
        table = Table(box=None, pad_edge=False)
        table.add_column("lesson", overflow="fold")
        for title in ("accuracy", "article", "expected range", "time", "memory"):
            table.add_column(title, justify="right", no_wrap=True)
        table.add_column("verdict")
        for row in found:
            table.add_row(*cells(row))
        console.print()
        console.print(table)
    notes = [f"Note: {e.id}: {e.message}" for e in entries if e.status == "ok" and e.message]
    failed = [entry for entry in entries if entry.status != "ok"]
    say(console, notes)
    say(console, [failure(folder, entry, header, paths) for entry in failed[:20]])
    if len(failed) > 20:
        say(console, [f"\nand {len(failed) - 20} more: course report {folder}"])
    if failed:
        say(console, [f"\n{len(failed)} of {len(entries)} runs failed."])


def cells(row: Row) -> tuple[str, ...]:
    """A row as texts: percentages, minutes, MB."""
    if len(row.accuracies) > 1:
        spread = statistics.stdev(row.accuracies)
        mean = statistics.fmean(row.accuracies)
        accuracy = f"{100 * mean:.2f} ± {100 * spread:.2f} % ({len(row.accuracies)} runs)"
    else:
        accuracy = "".join(f"{100 * value:.2f} %" for value in row.accuracies)
    accuracy += METRICS[row.metric] if accuracy else ""
    return (
        row.title,
        accuracy,
        article_words(row.model, row.techniques) if row.article is not None else "",
        f"{100 * row.expected.low:.2f} to {100 * row.expected.high:.2f} %" if row.expected else "",
        clock(row.seconds),
        f"{row.peak_memory_mb:.0f} MB",
        row.verdict,
    )


def failure(folder, entry, header, paths) -> str:
    """What happened to a failed run, the end of its traceback, its notebook, and its command."""
    run = header.runs[entry.id]
    lines = [f"\n{entry.id}: {entry.status}: {entry.message}"]
    tail = (entry.traceback or "").splitlines()
    lines += ["    ..."] * (len(tail) > TRACEBACK_LINES)
    lines += [f"    {line}" for line in tail[-TRACEBACK_LINES:]]
    for name in entry.files:
        if name.startswith("notebooks/"):
            lines.append(f"  the executed notebook: {Path(folder) / name}")
    lines.append(f"  run it again: {run.command(paths.get(run.notebook, run.notebook))}")
    return "\n".join(lines)
