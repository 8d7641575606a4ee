"""One HTML page about a batch: scoreboard, verdicts, curves, cost, failures. It needs no network.

This module works out what the page says; `report.html.jinja` is the page, and escapes all of it.
"""

import math
import os
import statistics
from dataclasses import asdict, dataclass, replace
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from course_tools.batch import manifest, summary
from course_tools.batch.terminal import clock
from course_tools.desk import grading
from course_utils import evidence, files, networks
from course_utils.errors import BatchError
from course_utils.evidence.records import Record

# Techniques are judged on the comparison set; older and foreign records may lack it.
METRICS = {
    "compare_accuracy": " (comparison set)",
    "test_accuracy": "",
    "val_accuracy": " (validation)",
}
CURVES = {
    "val_accuracy": "validation accuracy",
    "val_loss": "validation loss",
    "loss": "training loss",
}


def write(folder, target: Path | None = None) -> Path:
    """Write the report of the batch in `folder` to `target` (default: `report.html` there).

    Returns its path. Raises BatchError when the folder holds no batch or the page cannot be written.
    """
    folder = Path(folder)
    target = target or folder / "report.html"
    header, entries = manifest.Manifest.read(folder)
    page = render(folder, header, entries, target)
    try:
        files.write_atomically(target, page.encode())
    except OSError as error:
        raise BatchError(
            f"{target} could not be written ({error.strerror}). "
            f"Name another place: course report {folder} --out FILE.html"
        ) from error
    return target


def render(folder: Path, header: manifest.Header, entries: dict, target: Path) -> str:
    """The page as one text, with its figures inside; links are relative to `target`."""
    import jinja2

    done = [entries[id] for id in header.runs if id in entries]
    records = summary.records_of(folder, done)
    failed = [entry for entry in done if entry.status != "ok"]
    names = list(header.notebooks)
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    page = (
        resources.files("course_tools.desk")
        .joinpath("report.html.jinja")
        .read_text(encoding="utf-8")
    )
    return (
        environment.from_string(page)
        .render(
            title=f"Batch: {', '.join(names[:4])}{' …' if len(names) > 4 else ''}",
            ok=len(done) - len(failed),
            planned=len(header.runs),
            missing=len(header.runs) - len(done),
            time=clock(sum(entry.seconds for entry in done)),
            made=_made(records),
            scoreboard=_scoreboard(summary.rows(folder, done, header)),
            comparisons=[_verdict(pairing) for pairing in pairings(header, records)],
            figures=_figures(header, records),
            cost=_cost(header, done, records),
            failed=failed,
            runs=_runs(folder, header, entries, target, records),
        )
        .lstrip()
    )


def interval(values) -> tuple[float, float] | None:
    """95 % confidence interval of the mean of `values` by Student's t, or None for fewer than 2."""
    if len(values) < 2:
        return None
    from scipy import stats

    half = stats.t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    mean = statistics.fmean(values)
    return mean - half, mean + half


def _made(records):
    """With what the runs were made, such as {"backend": "jax, tensorflow"}."""
    names = {
        "machine": "hardware",
        "backend": "backend",
        "precision": "precision",
        "Keras": "keras_version",
        "course": "version",
        "data": "data",
    }
    found = {
        title: sorted({getattr(r, name) for r in records} - {"", None})
        for title, name in names.items()
    }
    return {title: ", ".join(values) for title, values in found.items() if values}


def _percent(low, high):
    return f"{100 * low:.2f} to {100 * high:.2f} %"


def _scoreboard(rows):
    found = []
    for row in (row for row in rows if row.accuracies):
        bounds = interval(row.accuracies)
        mean = statistics.fmean(row.accuracies)
        article = difference = ""
        if row.article is not None and row.metric == "test_accuracy":
            article = networks.article_words(row.model, row.techniques)
            difference = f"{100 * (mean - row.article):+.2f} points"
            if bounds and not bounds[0] <= row.article <= bounds[1]:
                difference += ", outside the interval"
        expected = _percent(row.expected.low, row.expected.high) if row.expected else ""
        found.append(
            (
                row.title,
                f"{row.mode}, {row.data}",
                len(row.accuracies),
                f"{100 * mean:.2f} %{METRICS[row.metric]}",
                _percent(*bounds) if bounds else "one run",
                article,
                difference,
                expected,
                row.verdict,
            )
        )
    return found


# Each variant of a network against the one without techniques, in pairs


@dataclass(frozen=True)
class Pairing:
    """One comparison of a batch: what was compared with what, where, and what came of it.

    `baseline` and `candidate` are sets of techniques as records spell them, "" for none; `extra`
    holds the further parameters, "" without any; `metric` is one of `METRICS`; `comparison` is an
    `evidence.Comparison`.
    """

    notebook: str
    model: str
    extra: str
    mode: str
    data: str
    backend: str
    precision: str
    baseline: str
    candidate: str
    metric: str
    comparison: evidence.Comparison


def pairings(header: manifest.Header, records: list[Record]) -> list[Pairing]:
    """Every comparison that the records of a batch allow, in the order of the batch.

    A pair are two runs of one seed on the same images, with the same backend and precision; mode,
    data and what else the runs were given are the same on both sides. The baseline is the variant
    without techniques or, in a batch that has none, its first. A comparison needs two such seeds.
    """
    import pandas as pd

    rows = []
    for record in (record for record in records if record.went_well):
        run = header.runs[record.further["run"]]
        extra = summary.further_parameters(run.parameters)
        rows.append({**asdict(record), "notebook": run.notebook, "extra": extra})
    if not rows:
        return []
    group, setting = ["notebook", "model", "extra", "mode", "data"], ["backend", "precision"]
    # Techniques named in another order are the same ones, and count once.
    runs = pd.DataFrame(rows).drop_duplicates([*group, *setting, "techniques", "seed"])
    found = []
    for key, variants in runs.groupby(group, sort=False):
        names = list(variants["techniques"].unique())
        baseline = "" if "" in names else names[0]
        for candidate in (name for name in names if name != baseline):
            sides = [variants[variants["techniques"] == name] for name in (baseline, candidate)]
            pairs = sides[0].merge(sides[1], on=[*setting, "seed", "data_sha256"])
            for where, pairs_there in pairs.groupby(setting, sort=False):
                metric, comparison = _compared(pairs_there)
                if comparison is not None:
                    names_of_it = (*key, *where, baseline, candidate)
                    found.append(Pairing(*names_of_it, metric, comparison))
    # All that one page compares is one family, or one in twenty would look like a finding.
    judged = evidence.as_family({i: pair.comparison for i, pair in enumerate(found)})
    return [replace(pair, comparison=judged[i]) for i, pair in enumerate(found)]


def _compared(pairs):
    """The first metric that two pairs or more have on both sides, and its comparison, or Nones."""
    for metric in METRICS:
        both = pairs.dropna(subset=[f"{metric}_x", f"{metric}_y"]).set_index("seed")
        if len(both) > 1:
            return metric, evidence.compare(*(both[f"{metric}_{side}"].to_dict() for side in "xy"))
    return None, None


def _verdict(pairing):
    found = pairing.comparison
    bounds = f"{100 * found.low:+.2f} to {100 * found.high:+.2f}"
    network = f"{pairing.notebook}: {pairing.model}"
    return (
        f"{pairing.candidate or 'no technique'} against {pairing.baseline or 'none'}",
        f"{network} {pairing.extra}".rstrip(),
        f"{pairing.mode}, {pairing.data}",
        f"{pairing.backend} {pairing.precision}".strip(),
        f"{100 * found.mean:+.2f}{METRICS[pairing.metric]}",
        bounds if found.has_interval else "none: all differences are equal",
        found.n,
        found.verdict,
    )


# Curves


def _figures(header, records):
    """A figure with alt text for each kind of run that left curves."""
    groups = {}
    for record in records:
        if record.went_well and any(len(record.history.get(key) or ()) > 1 for key in CURVES):
            run = header.runs[record.further["run"]]
            kind = summary.kind(run, record)
            groups.setdefault(kind, []).append(record.history)
    figures = []
    for kind, histories in groups.items():
        title = " + ".join(filter(None, (kind.model, kind.techniques)))
        figures.append(_figure(f"{kind.notebook}: {title}, {kind.mode} mode", histories))
    return figures


def _figure(title, histories):
    """One panel a curve; a thin line a run, a thick one for the mean over runs."""
    import pandas as pd

    from course_utils import plots

    keys = [key for key in CURVES if any(history.get(key) for history in histories)]
    drawn, axes = plots.figure(1, len(keys), height=2.8, width=3.4 * len(keys), squeeze=False)
    ends = []
    for axis, key in zip(axes[0], keys, strict=True):
        runs = [pd.Series(h[key], dtype=float) for h in histories if h.get(key)]
        curves = pd.concat(runs, axis=1)
        curves.index += 1
        axis.plot(curves, color=plots.COLOURS[5], linewidth=0.8)
        if len(runs) > 1:
            # Runs that stopped early leave the mean where fewer than half of them are left.
            length = sorted(map(len, runs))[len(runs) // 2]
            axis.plot(curves.mean(axis=1)[:length], color=plots.COLOURS[0], linewidth=2)
        axis.set_xlabel("epoch")
        axis.set_ylabel(CURVES[key])
        last = [run.iloc[-1] for run in runs]
        ends.append(f"last {CURVES[key]} {min(last):.4g} to {max(last):.4g}")
    drawn.suptitle(f"{title}: {len(histories)} run{'s' * (len(histories) > 1)}", fontsize=11)
    alt = f"Training curves of {title}, {len(histories)} runs: {'; '.join(ends)}."
    data, metadata = plots.bundle(drawn, alt)
    return {"png": data["image/png"], **metadata["image/png"]}


# Cost and runs


def _cost(header, done, records):
    import pandas as pd

    made_on = {record.hardware for record in records}
    hardware = made_on.pop() if len(made_on) == 1 else None
    taken = pd.DataFrame(
        [
            {
                "notebook": header.runs[entry.id].notebook,
                "mode": entry.mode or "",
                "seconds": entry.seconds,
                "memory": entry.peak_memory_mb,
                "retries": entry.attempts - 1,
            }
            for entry in done
        ],
        columns=["notebook", "mode", "seconds", "memory", "retries"],
    )
    rows = []
    for (notebook, mode), runs in taken.groupby(["notebook", "mode"], sort=False):
        seconds, reference = runs["seconds"], ""
        expected = evidence.lesson_cost(notebook, mode, hardware)
        if expected:
            machine = evidence.measured_on(notebook, mode, hardware)
            reference = clock(expected[0]) + (f" on {machine}" if machine != hardware else "")
        rows.append(
            (
                notebook,
                mode,
                len(runs),
                clock(seconds.median()),
                f"{clock(seconds.min())} to {clock(seconds.max())}",
                reference,
                f"{runs['memory'].max():,.0f} MB",
                runs["retries"].sum(),
            )
        )
    return rows


def _runs(folder, header, entries, target, records):
    rows = []
    for id in header.runs:
        row = {"id": id, "status": "not yet run", "exercises": "", "link": ""}
        rows.append(row | {"tested": [], "time": "", "memory": ""})
        if id not in entries:
            continue
        entry = entries[id]
        rows[-1] |= {
            "status": entry.status,
            "tested": _tested([record for record in records if record.further["run"] == id]),
            "time": clock(entry.seconds),
            "memory": f"{entry.peak_memory_mb:,.0f} MB",
        }
        for name in (name for name in entry.files if name.startswith("notebooks/")):
            book = folder / name
            solved = grading.answers(book, entry.solved)
            rows[-1]["exercises"] = grading.words(solved)
            rows[-1]["link"] = quote(os.path.relpath(book, target.parent))
    return rows


def _tested(records):
    """A run's test accuracies; with their networks where it recorded several."""
    well = [record for record in records if record.went_well]
    return [
        (f"{' + '.join(filter(None, (r.model, r.techniques)))}: " if len(well) > 1 else "")
        + f"{100 * r.test_accuracy:.2f} %"
        for r in well
        if r.test_accuracy is not None
    ]
