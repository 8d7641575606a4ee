"""`course run --table`: the runs of a table of the protocol, arm by arm and step by step.

    OUT/ARM/rates     the tuning runs: each rate with each tuning seed
    OUT/ARM/factors   likewise, where an arm has a factor to tune
    OUT/ARM/verdict   the runs that verdicts rest on, at the settings that were found

Each of these is a batch as `course run` makes it. A step that was begun is finished; what stands in the
reference runs is not run again.
"""

import ast
import contextlib
import hashlib
import json
import os
from importlib.metadata import version
from pathlib import Path

from course_tools.batch import grid, manifest, reading, run, terminal
from course_utils.errors import BatchError

STEPS = ("rates", "factors", "verdict")


def run_table(
    name: str, arms, options: run.Options, out, dry_run: bool = False, anew: bool = False
) -> int:
    """Make the runs that a table still lacks, of the named arms or all; returns the exit code.

    `anew` makes them as if none of the table's were among the reference runs, for whoever doubts them.

    0: nothing is missing. 1: a run failed, and the arms after it were left. 130: interrupted. Raises
    CourseError for a table or an arm that the protocol does not have, and where this course's code,
    Keras or settings are not those of the table's runs so far.
    """
    from course_utils.evidence import protocol

    of = protocol.table(name)
    chosen = [_arm(of, arm) for arm in arms or of.arms]
    for arm in chosen:
        _check_precision(of, arm, options)
    notebook = reading.read_notebook(reading.find_notebook_path(of.notebook))
    if not anew:
        check_alike(of, notebook)
    folder = Path(out) if out is not None else reading.project_root() / "build" / name
    for arm in chosen:
        while (step_and_runs := _next(of, arm, folder, anew))[1]:
            step, runs = step_and_runs
            with _precision(of.precision_of(arm)):
                code = run.run_batch(
                    [notebook], runs, options, folder / arm.name / step, True, dry_run
                )
            if code:
                return code
            if dry_run:
                break
    if dry_run:
        return 0
    runs = known(folder, name if anew else None)
    lacking = protocol.missing(of, runs)
    words = ", ".join(f"{arm} {number}" for arm, number in lacking.items())
    said = [f"Verdict runs not yet measured: {words}." if words else f"Table {name} is complete."]
    waiting = {arm.rate_of for arm in chosen if arm.rate_of and not protocol.chosen(of, arm, runs)}
    if waiting:
        said.append(
            f"The tuning of {', '.join(sorted(waiting))} is not in the reference runs yet; arms that "
            "take over its rate wait for it."
        )
    shown = terminal.shown(folder)
    if folder.is_dir():
        said.append(
            f"Keep what is there: course reference add {shown}" + f" --to {shown}/reference" * anew
        )
    elif not waiting:
        said.append(
            "All these runs are in the reference. To make them again: course run --table "
            f"{name} --anew --out {shown}"
        )
    terminal.say(terminal.make_console(), said)
    return 0


def _arm(of, name):
    if name not in of.arms:
        raise BatchError(
            f"Table {of.name} has no arm {name!r}. Its arms: {', '.join(of.arms)}. "
            f"For example: course run --table {of.name} --arms {next(iter(of.arms))}"
        )
    return of.arms[name]


def _check_precision(of, arm, options):
    """Raise BatchError where an arm's precision is not the user's, or would be emulated here."""
    from course_utils import machine

    wanted = of.precision_of(arm)
    given = os.environ.get("COURSE_PRECISION", wanted)
    if given != wanted:
        raise BatchError(
            f"Arm {arm.name} of table {of.name} is made in {wanted}, and COURSE_PRECISION is {given}. "
            f"Mend it: export COURSE_PRECISION={wanted}"
        )
    if wanted == "mixed_bfloat16" and not options.scheduler and not machine.detect().fast_bfloat16:
        raise BatchError(
            f"Arm {arm.name} of table {of.name} is made in {wanted}, which neither this CPU nor a GPU "
            "here multiplies. Make it on a machine that does, and the other arms here: "
            f"course run --table {of.name} --arms {_others(of, wanted)}"
        )


def _others(of, precision):
    names = [arm.name for arm in of.arms.values() if of.precision_of(arm) != precision]
    return ",".join(names) or "NAMES"


@contextlib.contextmanager
def _precision(wanted):
    """Within it the runs that are started get this precision."""
    given = os.environ.get("COURSE_PRECISION")
    os.environ["COURSE_PRECISION"] = wanted
    try:
        yield
    finally:
        if given is None:
            del os.environ["COURSE_PRECISION"]


def _next(of, arm, folder, anew):
    """The step of an arm that comes next, and its runs; ("", []) for an arm that has all."""
    from course_utils.evidence import protocol

    for step in STEPS:
        path = folder / arm.name / step
        if (path / manifest.NAME).is_file():
            header, entries = manifest.Manifest.read(path)
            done = {id for id, entry in entries.items() if entry.status == "ok"}
            if not done.issuperset(header.runs):
                return step, list(header.runs.values())
    step, wanted = protocol.next_runs(of, arm, known(folder, of.name if anew else None))
    return step, [grid.Run(grid.run_id(of.notebook, given), of.notebook, given) for given in wanted]


def batches_below(folder: Path) -> list[Path]:
    """The folders of a table's batches, in order; the folder itself where it holds one."""
    return sorted(path.parent for path in Path(folder).rglob(manifest.NAME))


def known(folder: Path, without: str | None = None):
    """The tables' reference runs and the records below a folder as a DataFrame, each run once.

    `without` names a table whose reference runs are left out.
    """
    import pandas as pd

    from course_utils import evidence
    from course_utils.evidence import protocol

    rows = []
    for batch in batches_below(folder):
        for path in sorted((batch / "records").glob("*.json")):
            record = evidence.Record.read(path)
            if record.went_well and record.table:
                rows.append(protocol.row_of(record))
    runs = evidence.all_runs()
    runs = runs[(runs["table"] != "") & (runs["table"] != without)]
    if rows:
        runs = pd.concat([runs, pd.DataFrame(rows, columns=list(runs.columns))], ignore_index=True)
    return runs.drop_duplicates(list(protocol.TABLE_KEY))


# Which code made a run


def notebook_code(cells) -> str:
    """8 hexadecimal digits of a notebook's code, whatever its comments and parameters are.

    `cells` are those of the .ipynb, executed or not; the cell that papermill injects does not count,
    nor does the one with the defaults.
    """
    digest = hashlib.sha256()
    for cell in cells:
        tags = set(cell.get("metadata", {}).get("tags", ()))
        if cell["cell_type"] == "code" and not tags & {"parameters", "injected-parameters"}:
            digest.update(ast.unparse(ast.parse("".join(cell["source"]))).encode())
    return digest.hexdigest()[:8]


def check_alike(of, notebook) -> None:
    """Raise BatchError unless code, Keras, backend and images here are those of a table's runs so far.

    Else the runs would be made, for hours, and refused when they are added.
    """
    from course_utils import data
    from course_utils.evidence import protocol
    from course_utils.evidence.records import training_code
    from course_utils.networks import NETWORKS

    book = notebook_code(json.loads(notebook.source)["cells"])
    for model, rows in protocol.rows_of(of.name).groupby("model"):
        here = {
            "code": f"{training_code(model)}-{book}",
            "keras_version": version("keras"),
            "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
            "data_sha256": data.load(NETWORKS[model].data, of.mode).sha256,
        }
        for column, value in here.items():
            there = sorted(set(rows[column]) - {value})
            if there:
                raise BatchError(
                    f"The runs of table {of.name} were made with {column} {', '.join(there)}, and here "
                    f"it is {value}: they would not compare. Make all of it with what is here, beside the "
                    f"reference: course run --table {of.name} --anew --out FOLDER   or go back to what "
                    "made them (git log; for the images: course data)"
                )
