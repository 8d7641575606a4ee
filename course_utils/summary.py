"""The table at the end of a batch: what came out, beside the article and the reference runs."""

import json
from pathlib import Path

from course_utils import evidence


def records_of(folder, entries) -> list[dict]:
    """The records of the runs that ended well, in the order of the runs."""
    return [
        json.loads((Path(folder) / name).read_text(encoding="utf-8"))
        for entry in entries
        if entry["status"] == "ok"
        for name in entry["files"]
        if name.startswith("records/")
    ]


def show(console, folder, entries) -> None:
    """Print the table and, for each run that failed, what happened and how to run it again."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("lesson", no_wrap=True)
    for title in ("accuracy", "article", "expected range", "seconds", "peak MB"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("verdict")
    for row in rows(folder, entries):
        table.add_row(*row)
    console.print(table)


def rows(folder, entries) -> list[tuple[str, ...]]:
    """One row a trained model, or a notebook that trained none; groups over seeds."""
    found = []
    for entry in entries:
        records = records_of(folder, [entry])
        cost = (f"{entry['seconds']:.0f}", f"{entry['peak_memory_mb']:.0f}")
        if not records:
            verdict = "ran to the end" if entry["status"] == "ok" else entry["status"]
            found.append((entry["id"], "", "", "", *cost, verdict))
        for record in records:
            found.append((_title(record), *_figures(record)[:3], *cost, _figures(record)[3]))
    return found


def _title(record):
    techniques = record["techniques"]
    return f"{record['lesson']} {record['model']}{' + ' if techniques else ''}{techniques}"


def _figures(record):
    accuracy, metric = record["test_accuracy"], "test_accuracy"
    if accuracy is None:
        accuracy, metric = record["val_accuracy"], "val_accuracy"
    article = evidence.article_figure(record["model"], record["techniques"])
    expected = evidence.expected_range(
        record["model"], record["techniques"], record["mode"], record["data"], metric
    )
    if accuracy is None:
        return "", "", "", record["status"]
    if expected is None:
        shown, verdict = "", "no reference runs"
    else:
        shown = f"{expected.low:.2%} to {expected.high:.2%}"
        below = accuracy < expected.low
        verdict = (
            "as expected" if accuracy in expected else f"{'below' if below else 'above'} the range"
        )
    return f"{accuracy:.2%}", f"{article:.2%}" if article else "", shown, verdict
