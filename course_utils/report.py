"""One HTML page about a batch: scoreboard, curves over seeds, cost, failures. It needs no network."""

import html
import math
import statistics
from pathlib import Path
from urllib.parse import quote

from course_utils import disk, evidence, manifest, plots, summary
from course_utils.errors import BatchError
from course_utils.progress import clock

CURVES = {
    "val_accuracy": "validation accuracy",
    "val_loss": "validation loss",
    "loss": "training loss",
}
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-size: .95rem; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid #ddd; text-align: right; }
th { border-bottom: 2px solid #555; vertical-align: bottom; }
th:first-child, td:first-child, td:last-child, th:last-child { text-align: left; }
figure { margin: 1.5rem 0; } img { max-width: 100%; height: auto; }
pre { background: #f6f6f6; padding: .8rem; overflow-x: auto; font-size: .85rem; }
.failed { color: #a33c00; font-weight: 600; } .scroll { overflow-x: auto; }
nav a { margin-right: 1rem; }
"""


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


def render(folder: Path, header: dict, entries: dict, target: Path) -> str:
    """The page as one text, with its figures inside; links are relative to `target`."""
    done = [entries[id] for id in header["runs"] if id in entries]
    rows = summary.rows(folder, done, header)
    records = summary.records_of(folder, done)
    failed = [entry for entry in done if entry["status"] != "ok"]
    missing = len(header["runs"]) - len(done)
    parts = [
        _head(header, done, failed, missing, records),
        _section("scoreboard", "Scoreboard", _scoreboard(rows)),
        _section("curves", "Curves over seeds", _curves(header, records)),
        _section("cost", "Cost", _cost(header, done, records)),
        _section("failures", "Failures", _failures(failed)),
        _section("runs", "All runs", _runs(folder, header, entries, target)),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(_title(header))}</title>\n<style>{STYLE}</style></head>\n<body>\n"
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
    names = list(header["notebooks"])
    return f"Batch: {', '.join(names[:4])}{' …' if len(names) > 4 else ''}"


def _head(header, done, failed, missing, records):
    ok = len(done) - len(failed)
    words = [f"{ok} of {len(header['runs'])} runs are done"]
    if failed:
        words.append(f'<span class="failed">{len(failed)} failed</span>')
    if missing:
        words.append(f'<span class="failed">{missing} not yet run</span>')
    words.append(f"{clock(sum(entry['seconds'] for entry in done))} of running time")
    made = {
        "machine": {record.get("hardware") for record in records},
        "backend": {record.get("backend") for record in records},
        "precision": {record.get("precision") for record in records},
        "Keras": {record.get("keras_version") for record in records},
        "course": {record.get("version") for record in records},
        "data": {record.get("data") for record in records},
    }
    facts = "; ".join(
        f"{name}: {_text(', '.join(sorted(map(str, values - {None}))))}"
        for name, values in made.items()
        if values - {None}
    )
    links = "".join(
        f'<a href="#{anchor}">{anchor}</a>'
        for anchor in ("scoreboard", "curves", "cost", "failures", "runs")
    )
    return (
        f"<h1>{_text(_title(header))}</h1>\n<p>{', '.join(words)}.</p>\n"
        f"<p>{facts}</p>\n<nav>{links}</nav>"
    )


def _section(anchor, title, content):
    return f'<section id="{anchor}">\n<h2>{title}</h2>\n{content}\n</section>'


def _table(titles, rows):
    head = "".join(f"<th>{_text(title)}</th>" for title in titles)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


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
                _text(row.title),
                _text(f"{row.mode}, {row.data}"),
                str(len(row.accuracies)),
                f"{100 * mean:.2f} %" + (" (validation)" if row.metric == "val_accuracy" else ""),
                f"{100 * bounds[0]:.2f} to {100 * bounds[1]:.2f} %" if bounds else "one run",
                *_against_article(row, mean, bounds),
                f"{100 * row.expected.low:.2f} to {100 * row.expected.high:.2f} %"
                if row.expected
                else "",
                _text(row.verdict),
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
    return _table(titles, cells) + note


def _against_article(row, mean, bounds):
    if row.article is None or row.metric != "test_accuracy":
        return "", ""
    words = f"{100 * (mean - row.article):+.2f} points"
    if bounds and not bounds[0] <= row.article <= bounds[1]:
        words += ", outside the interval"
    return evidence.article_words(row.model, row.techniques), words


def _curves(header, records):
    groups = {}
    for record in filter(summary.went_well, records):
        key = summary.kind(header["runs"][record["run"]], record)
        groups.setdefault(key, []).append(record)
    figures = []
    for (_, notebook, model, techniques, mode, _), members in groups.items():
        histories = [r["history"] for r in members if _has_curves(r)]
        if histories:
            title = " + ".join(filter(None, (model, techniques)))
            figures.append(_figure(f"{notebook}: {title}, {mode} mode", histories))
    return "\n".join(figures) or "<p>No run of this batch left a training curve.</p>"


def _has_curves(record):
    history = record.get("history") or {}
    return any(len(history.get(key) or ()) > 1 for key in CURVES)


def _figure(title, histories):
    """One panel a curve; a thin line a run, a thick one for the mean over runs."""
    import numpy as np

    keys = [key for key in CURVES if any(history.get(key) for history in histories)]
    drawn, axes = plots.figure(1, len(keys), height=2.8, width=3.4 * len(keys), squeeze=False)
    ends = []
    for axis, key in zip(axes[0], keys, strict=True):
        series = [np.array(h[key], dtype=float) for h in histories if h.get(key)]
        for values in series:
            axis.plot(np.arange(1, len(values) + 1), values, color=plots.COLOURS[5], linewidth=0.8)
        # Runs that stopped early leave the mean where fewer than half of them are left.
        length = sorted(len(values) for values in series)[len(series) // 2]
        if len(series) > 1:
            mean = [
                np.mean([values[i] for values in series if len(values) > i]) for i in range(length)
            ]
            axis.plot(np.arange(1, length + 1), mean, color=plots.COLOURS[0], linewidth=2)
        axis.set_xlabel("epoch")
        axis.set_ylabel(CURVES[key])
        last = [values[-1] for values in series]
        ends.append(f"last {CURVES[key]} {min(last):.4g} to {max(last):.4g}")
    drawn.suptitle(f"{title}: {len(histories)} run{'s' * (len(histories) > 1)}", fontsize=11)
    data, _ = plots.bundle(drawn, "")
    alt = f"Training curves of {title}, {len(histories)} runs: {'; '.join(ends)}."
    return (
        f'<figure><img src="data:image/png;base64,{data["image/png"]}" alt="{_text(alt)}"></figure>'
    )


def _cost(header, done, records):
    groups = {}
    made_on = {record.get("hardware") for record in records}
    hardware = made_on.pop() if len(made_on) == 1 else None
    for entry in done:
        run = header["runs"][entry["id"]]
        groups.setdefault((run["notebook"], entry.get("mode") or ""), []).append(entry)
    rows = []
    for (notebook, mode), members in groups.items():
        seconds = [entry["seconds"] for entry in members]
        expected = evidence.lesson_cost(notebook, mode, hardware)
        machine = evidence.measured_on(notebook, mode, hardware)
        elsewhere = f" on {machine}" if machine != hardware else ""
        rows.append(
            (
                _text(notebook),
                mode,
                str(len(members)),
                clock(statistics.median(seconds)),
                f"{clock(min(seconds))} to {clock(max(seconds))}",
                _text(clock(expected[0]) + elsewhere) if expected else "",
                f"{max(entry['peak_memory_mb'] for entry in members):,.0f} MB",
                str(sum(entry.get("attempts", 1) - 1 for entry in members)),
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
    return _table(titles, rows)


def _failures(failed):
    if not failed:
        return "<p>None.</p>"
    parts = []
    for entry in failed:
        trace = f"<pre>{_text(entry['traceback'])}</pre>" if entry["traceback"] else ""
        parts.append(
            f'<details open id="{_text(entry["id"])}"><summary><span class="failed">{_text(entry["id"])}'
            f"</span>: {entry['status']}: {_text(entry['message'] or '')}</summary>{trace}</details>"
        )
    return "\n".join(parts)


def _runs(folder, header, entries, target):
    rows = []
    for id in header["runs"]:
        entry = entries.get(id)
        if entry is None:
            rows.append((_text(id), "not yet run", "", "", ""))
            continue
        books = [name for name in entry["files"] if name.startswith("notebooks/")]
        link = f'<a href="{_link(folder / books[0], target)}">notebook</a>' if books else ""
        status = entry["status"]
        shown = status if status == "ok" else f'<span class="failed">{status}</span>'
        memory = f"{entry['peak_memory_mb']:,.0f} MB"
        rows.append((_text(id), shown, clock(entry["seconds"]), memory, link))
    return _table(("run", "status", "time", "peak memory", "executed"), rows)


def _link(path, target):
    import os

    relative = os.path.relpath(path, target.parent)
    return quote(relative.replace(os.sep, "/"))


def _text(words):
    return html.escape(str(words), quote=True)
