"""One HTML page about a batch: scoreboard, verdicts, curves, cost, failures. It needs no network."""

import math
import statistics
from pathlib import Path

from course_tools.batch import manifest, summary
from course_tools.batch.terminal import clock
from course_tools.desk import comparisons as pairing
from course_tools.desk import curves
from course_tools.desk import grading as exercises
from course_tools.desk.markup import STYLE, link, section, table, text
from course_utils import evidence
from course_utils import files as disk
from course_utils.errors import BatchError


def write(folder, target: Path | None = None) -> Path:
    """Write the report of the batch in `folder` to `target` (default: `report.html` there).

    Returns its path. Raises BatchError when the folder holds no batch or the page cannot be written.
    """
    folder = Path(folder)
    target = target or folder / "report.html"
    header, entries = manifest.Manifest.read(folder)
    page = render(folder, header, entries, target)
    try:
        disk.write_atomically(target, page.encode())
    except OSError as error:
        raise BatchError(
            f"{target} could not be written ({error.strerror}). "
            f"Name another place: course report {folder} --out FILE.html"
        ) from error
    return target


def render(folder: Path, header, entries: dict, target: Path) -> str:
    """The page as one text, with its figures inside; links are relative to `target`."""
    done = [entries[id] for id in header.runs if id in entries]
    rows = summary.rows(folder, done, header)
    records = summary.records_of(folder, done)
    failed = [entry for entry in done if entry.status != "ok"]
    missing = len(header.runs) - len(done)
    parts = [
        _head(header, done, failed, missing, records),
        section("scoreboard", "Scoreboard", _scoreboard(rows)),
        section("comparisons", "Paired comparisons", _comparisons(header, records)),
        section("curves", "Curves over seeds", curves.figures(header, records)),
        section("cost", "Cost", _cost(header, done, records)),
        section("failures", "Failures", _failures(failed)),
        section("runs", "All runs", _runs(folder, header, entries, target, records)),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(_title(header))}</title>\n<style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def interval(values) -> tuple[float, float] | None:
    """95 % confidence interval of the mean of `values` by Student's t, or None for fewer than 2."""
    if len(values) < 2:
        return None
    from scipy import stats

    half = stats.t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    mean = statistics.fmean(values)
    return mean - half, mean + half


def _title(header):
    names = list(header.notebooks)
    return f"Batch: {', '.join(names[:4])}{' …' if len(names) > 4 else ''}"


def _head(header, done, failed, missing, records):
    ok = len(done) - len(failed)
    words = [f"{ok} of {len(header.runs)} runs are done"]
    if failed:
        words.append(f'<span class="failed">{len(failed)} failed</span>')
    if missing:
        words.append(f'<span class="failed">{missing} not yet run</span>')
    words.append(f"{clock(sum(entry.seconds for entry in done))} of running time")
    made = {
        "machine": {record.hardware for record in records},
        "backend": {record.backend for record in records},
        "precision": {record.precision for record in records},
        "Keras": {record.keras_version for record in records},
        "course": {record.version for record in records},
        "data": {record.data for record in records},
    }
    facts = "; ".join(
        f"{name}: {text(', '.join(sorted(map(str, values - {None, ''}))))}"
        for name, values in made.items()
        if values - {None, ""}
    )
    links = "".join(
        f'<a href="#{anchor}">{anchor}</a>'
        for anchor in ("scoreboard", "comparisons", "curves", "cost", "failures", "runs")
    )
    return (
        f"<h1>{text(_title(header))}</h1>\n<p>{', '.join(words)}.</p>\n"
        f"<p>{facts}</p>\n<nav>{links}</nav>"
    )


def _scoreboard(rows):
    trained = [row for row in rows if row.accuracies]
    if not trained:
        return "<p>No run of this batch measured an accuracy.</p>"
    cells = []
    for row in trained:
        bounds = interval(row.accuracies)
        mean = statistics.fmean(row.accuracies)
        cells.append(
            (
                text(row.title),
                text(f"{row.mode}, {row.data}"),
                str(len(row.accuracies)),
                f"{100 * mean:.2f} %" + (" (validation)" if row.metric == "val_accuracy" else ""),
                f"{100 * bounds[0]:.2f} to {100 * bounds[1]:.2f} %" if bounds else "one run",
                *_against_article(row, mean, bounds),
                f"{100 * row.expected.low:.2f} to {100 * row.expected.high:.2f} %"
                if row.expected
                else "",
                text(row.verdict),
            )
        )
    titles = (
        *("model", "mode, data", "runs", "mean accuracy", "95 % interval of the mean"),
        *("article", "difference", "one run is expected in", "verdict"),
    )
    note = (
        "<p>The articles trained on everything: their figures are to be compared with full mode. "
        "A batch on a stand-in for the data is compared with none.</p>"
    )
    return table(titles, cells) + note


def _against_article(row, mean, bounds):
    if row.article is None or row.metric != "test_accuracy":
        return "", ""
    words = f"{100 * (mean - row.article):+.2f} points"
    if bounds and not bounds[0] <= row.article <= bounds[1]:
        words += ", outside the interval"
    return evidence.article_words(row.model, row.techniques), words


def _comparisons(header, records):
    found = pairing.pairings(header, records)
    if not found:
        return (
            "<p>Nothing to pair: a comparison needs two variants of a network that share two seeds "
            "or more, trained on the same images with the same backend and precision. For example: "
            "<code>course run ablation --seeds 0-9 --param techniques=none,l2 --out l2</code></p>"
        )
    cells = []
    for pair in found:
        verdict = pair.comparison
        bounds = f"{100 * verdict.low:+.2f} to {100 * verdict.high:+.2f}"
        cells.append(
            (
                text(f"{pair.candidate or 'no technique'} against {pair.baseline or 'none'}"),
                text(" ".join(filter(None, (f"{pair.notebook}: {pair.model}", pair.extra)))),
                text(f"{pair.mode}, {pair.data}"),
                text(" ".join(filter(None, (pair.backend, pair.precision)))),
                f"{100 * verdict.mean:+.2f}"
                + (" (validation)" if pair.metric == "val_accuracy" else ""),
                bounds if verdict.has_interval else "none: all differences are equal",
                str(verdict.n),
                text(verdict.verdict),
            )
        )
    titles = (
        *("techniques", "network", "mode, data", "backend, precision"),
        *("difference, points", "95 % interval", "paired seeds", "verdict"),
    )
    note = (
        "<p>The same seed and the same images, without and with: the mean difference of the test "
        "accuracies in percentage points, and the 95 % interval of that mean by Student&#x27;s t. "
        "Helps: the whole interval lies above zero; hurts: below; else nothing was detected, which "
        "is a statement about the evidence. Of twenty comparisons without any true difference, one "
        "is expected to look like one.</p>"
    )
    return table(titles, cells) + note


def _cost(header, done, records):
    groups = {}
    made_on = {record.hardware for record in records}
    hardware = made_on.pop() if len(made_on) == 1 else None
    for entry in done:
        run = header.runs[entry.id]
        groups.setdefault((run.notebook, entry.mode or ""), []).append(entry)
    rows = []
    for (notebook, mode), members in groups.items():
        seconds = [entry.seconds for entry in members]
        expected = evidence.lesson_cost(notebook, mode, hardware)
        machine = evidence.measured_on(notebook, mode, hardware)
        elsewhere = f" on {machine}" if machine != hardware else ""
        rows.append(
            (
                text(notebook),
                mode,
                str(len(members)),
                clock(statistics.median(seconds)),
                f"{clock(min(seconds))} to {clock(max(seconds))}",
                text(clock(expected[0]) + elsewhere) if expected else "",
                f"{max(entry.peak_memory_mb for entry in members):,.0f} MB",
                str(sum(entry.attempts - 1 for entry in members)),
            )
        )
    titles = (
        "lesson",
        "mode",
        "runs",
        "median time",
        "range",
        "reference",
        "peak memory",
        "retries",
    )
    return table(titles, rows)


def _failures(failed):
    if not failed:
        return "<p>None.</p>"
    parts = []
    for entry in failed:
        trace = f"<pre>{text(entry.traceback)}</pre>" if entry.traceback else ""
        parts.append(
            f'<details open id="{text(entry.id)}"><summary><span class="failed">{text(entry.id)}'
            f"</span>: {entry.status}: {text(entry.message or '')}</summary>{trace}</details>"
        )
    return "\n".join(parts)


def _runs(folder, header, entries, target, records):
    rows = []
    for id in header.runs:
        entry = entries.get(id)
        if entry is None:
            rows.append((text(id), "not yet run", *[""] * 5))
            continue
        books = [name for name in entry.files if name.startswith("notebooks/")]
        executed = link("notebook", folder / books[0], target) if books else ""
        status = entry.status
        shown = status if status == "ok" else f'<span class="failed">{status}</span>'
        solved = exercises.words(exercises.answers(folder / books[0])) if books else ""
        tested = _tested([record for record in records if record.further["run"] == id])
        memory = f"{entry.peak_memory_mb:,.0f} MB"
        cells = (text(id), shown, tested, text(solved), clock(entry.seconds), memory, executed)
        rows.append(cells)
    # A column that no run fills says nothing.
    titles = ("run", "status", "test accuracy", "exercises", "time", "peak memory", "executed")
    kept = [i for i, title in enumerate(titles) if title != "exercises" or any(r[i] for r in rows)]
    return table([titles[i] for i in kept], [[row[i] for i in kept] for row in rows])


def _tested(records):
    """A run's test accuracies; with their networks where it recorded several."""
    well = [record for record in records if record.went_well]
    figures = [
        (
            " + ".join(filter(None, (r.model, r.techniques))),
            f"{100 * r.test_accuracy:.2f} %",
        )
        for r in well
        if r.test_accuracy is not None
    ]
    if len(well) == 1:
        return "".join(figure for _, figure in figures)
    return "<br>".join(text(f"{name}: {figure}") for name, figure in figures)
