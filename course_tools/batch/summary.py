"""The table at the end of a batch: what came out, beside the article and the reference runs."""

import json
import statistics
from dataclasses import dataclass
from pathlib import Path

from course_tools.batch import batch, grid
from course_tools.batch.progress import clock
from course_utils import evidence
from course_utils.data import JPEG_COPY
from course_utils.errors import BatchError

# A re-encoded copy holds the real images; its name goes with its figures.
REAL_DATA = ("mnist", "cifar10", f"cifar10 ({JPEG_COPY})")
TRACEBACK_LINES = 12


@dataclass(frozen=True)
class Row:
    """One row of the table: a notebook's model over its seeds, or a notebook that trained none.

    `accuracies` are fractions of the records with status "ok", of the test set where it was opened
    and of the validation set otherwise (`metric`); `article` is a fraction or None; `expected` is
    an `evidence.ExpectedRange` or None.
    """

    notebook: str
    model: str
    techniques: str
    mode: str
    data: str
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


def records_of(folder, entries) -> list[dict]:
    """The records of the runs, in the order of the runs; of those that failed, what diverged.

    Each gains `run`, the id of the run that wrote it. Raises BatchError for one that is gone or broken.
    """
    names = [(entry, name) for entry in entries for name in entry["files"]]
    return [
        {**_record(folder, name), "run": entry["id"]}
        for entry, name in names
        if name.startswith("records/")
    ]


def _record(folder, name):
    path = Path(folder) / name
    again = f"run it again: course run … --out {folder} --resume"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record, dict):
            raise ValueError("no JSON object")
        return record
    except FileNotFoundError as error:
        raise BatchError(f"{path} is gone; {again}") from error
    except (OSError, ValueError) as error:
        # A run whose files are all there counts as done.
        raise BatchError(f"{path} is no record ({error}); delete it and {again}") from error


def went_well(record) -> bool:
    """Whether a record is of a training that ended, and not of one that diverged."""
    return record.get("status", "ok") == "ok"


def further_parameters(given: dict) -> str:
    """What a run was given that no record tells, as its id spells it; "" for nothing."""
    told = ["seed", "model", "techniques"]
    # A foreign notebook may call something else its mode, and no record tells that.
    if grid.is_mode(given.get("mode")):
        told.append("mode")
    return grid.run_id("", {k: v for k, v in given.items() if k not in told}).lstrip(".")


def kind(run, record=None) -> tuple[str, ...]:
    """What a record's row is of; the records of one kind differ in their seed alone.

    `run` is a run of the header. The first text holds all that the run was given but its seed; then
    come notebook, model, techniques with further parameters, mode and data as in a `Row`.
    """
    given = run["parameters"]
    variant = repr((run["notebook"], {k: v for k, v in given.items() if k != "seed"}))
    mode = given["mode"] if grid.is_mode(given.get("mode")) else ""
    extra = further_parameters(given)
    if record is None:
        return variant, run["notebook"], "", extra, mode, ""
    model, techniques = record["model"], record["techniques"]
    if not went_well(record):
        # It was written before the notebook could say what it trains: the name is Keras's.
        model = given.get("model", model)
        techniques = given.get("techniques", techniques)
        techniques = "" if techniques == "none" else techniques
    techniques = "+".join(filter(None, (techniques, extra)))
    return variant, run["notebook"], model, techniques, record["mode"], record["data"]


def rows(folder, entries, header) -> list[Row]:
    """The table's rows, in the order of the grid; of runs that failed, only what diverged counts."""
    groups = {}
    for entry in entries:
        run = header["runs"][entry["id"]]
        records = records_of(folder, [entry])
        if entry["status"] == "ok" and not records:
            groups.setdefault(kind(run), []).append((entry, None))
        for record in records:
            groups.setdefault(kind(run, record), []).append((entry, record))
    _join_diverged(groups)
    return [_row(*key[1:], members) for key, members in groups.items()]


def _join_diverged(groups):
    """Put what diverged to the other seeds of its run, where these trained one model only."""
    lost = [key for key, members in groups.items() if all(e["status"] != "ok" for e, _ in members)]
    for key in lost:
        others = [other for other in groups if other[0] == key[0] and other not in lost]
        if len(others) == 1:
            groups[others[0]] += groups.pop(key)


def _row(notebook, model, techniques, mode, data, members):
    records = [record for _, record in members if record is not None]
    well = [record for record in records if went_well(record)]
    # The time until a loss became NaN is not what a run takes.
    timed = [e for e, record in members if record is None or went_well(record)]
    timed = timed or [entry for entry, _ in members]
    metric = "test_accuracy"
    if well and all(record.get(metric) is None for record in well):
        metric = "val_accuracy"
    accuracies = tuple(r[metric] for r in well if r.get(metric) is not None)
    article = expected = None
    # A stand-in for the data is never compared with an article's figure.
    if accuracies and data in REAL_DATA:
        article = evidence.article_figure(model, techniques)
    if accuracies:
        expected = evidence.expected_range(model, techniques, mode, data, metric)
    return Row(
        notebook,
        model,
        techniques,
        mode,
        data,
        metric,
        accuracies,
        article,
        expected,
        statistics.fmean(entry["seconds"] for entry in timed),
        max(entry["peak_memory_mb"] for entry in timed),
        _verdict(accuracies, expected, len(records) - len(well), bool(records)),
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
    failed = [entry for entry in entries if entry["status"] != "ok"]
    for entry in failed[:20]:
        console.print(failure(folder, entry, header, paths), markup=False, highlight=False)
    if len(failed) > 20:
        console.print(f"\nand {len(failed) - 20} more: course report {folder}")
    if failed:
        console.print(f"\n{len(failed)} of {len(entries)} runs failed.")


def cells(row: Row) -> tuple[str, ...]:
    """A row as texts: percentages, minutes, MB."""
    if len(row.accuracies) > 1:
        spread = statistics.stdev(row.accuracies)
        mean = statistics.fmean(row.accuracies)
        accuracy = f"{100 * mean:.2f} ± {100 * spread:.2f} % ({len(row.accuracies)} runs)"
    else:
        accuracy = "".join(f"{100 * value:.2f} %" for value in row.accuracies)
    if accuracy and row.metric == "val_accuracy":
        accuracy += " (validation)"
    return (
        row.title,
        accuracy,
        evidence.article_words(row.model, row.techniques) if row.article is not None else "",
        f"{100 * row.expected.low:.2f} to {100 * row.expected.high:.2f} %" if row.expected else "",
        clock(row.seconds),
        f"{row.peak_memory_mb:.0f} MB",
        row.verdict,
    )


def failure(folder, entry, header, paths) -> str:
    """What happened to a failed run, the end of its traceback, its notebook, and its command."""
    run = header["runs"][entry["id"]]
    lines = [f"\n{entry['id']}: {entry['status']}: {entry['message']}"]
    if entry["traceback"]:
        tail = entry["traceback"].splitlines()
        skipped = len(tail) - TRACEBACK_LINES
        lines += ["    ..."] if skipped > 0 else []
        lines += [f"    {line}" for line in tail[-TRACEBACK_LINES:]]
    for name in entry["files"]:
        if name.startswith("notebooks/"):
            lines.append(f"  the executed notebook: {Path(folder) / name}")
    one = grid.Run(entry["id"], run["notebook"], run["parameters"])
    name = paths.get(run["notebook"], run["notebook"])
    lines.append(f"  run it again: {batch.command_for(one, name)}")
    return "\n".join(lines)
