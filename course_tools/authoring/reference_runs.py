"""Reference runs: how the results of a batch get into the tables that the course is measured by.

Rows come from batches of `course run` alone, with their provenance; floats are written in a fixed
format and rows are sorted, so that a new batch changes few lines.
"""

import csv
import dataclasses
import io
import json
import statistics
from pathlib import Path

from course_tools.authoring import build
from course_tools.batch import manifest, reading, summary, tables
from course_utils import evidence, files
from course_utils.errors import BatchError
from course_utils.evidence import protocol
from course_utils.evidence.curves import CURVE_COLUMNS, curve_row
from course_utils.evidence.records import unpack
from course_utils.evidence.runs import REFERENCE

FOLDER = REFERENCE
RUN_KEY = (
    "lesson",
    "model",
    "techniques",
    "mode",
    "data",
    "backend",
    "precision",
    "hardware",
    "seed",
)
COST_KEY = ("lesson", "mode", "hardware")
# What a run may have been given and still stand for its lesson; on which images it is judged
# changes nothing in its training.
STANDARD = {"mode", "seed", "model", "techniques", "judge"}
# By the last word of a column's name.
DECIMALS = {"accuracy": 4, "loss": 5, "seconds": 1, "mb": 0}


def add(sources, folder: Path | None = None, allow_fallback: bool = False) -> dict:
    """Merge batches into `runs.csv` and `costs.csv`; a newer run of the same kind replaces the older.

    `sources` is the folder of a batch, or several. Those of tables' batches, as `course run --table`
    makes them, are merged together, and arms that average others' predictions are computed (see
    `_add_table`); `wrong.csv` and `curves.csv` keep which images their runs got wrong, and how those
    that were followed went.

    Runs that failed, diverged, or were given other parameters than a lesson's own are left out, and
    so are runs on a stand-in for the data unless `allow_fallback`. Returns counts: `runs` and `costs`
    (rows of the batches), `left_out` (reason to number). Raises BatchError when nothing is left.
    """
    folder = folder or FOLDER
    sources = [sources] if isinstance(sources, str | Path) else sources
    of_tables = [source for source in map(Path, sources) if _is_a_tables(source)]
    batches = [source for source in map(Path, sources) if source not in of_tables]
    added = [_add_batch(source, folder, allow_fallback) for source in batches]
    added += [_add_table(of_tables, folder, allow_fallback)] if of_tables else []
    total = {"runs": 0, "costs": 0, "left_out": {}}
    for each in added:
        for name in ("runs", "costs"):
            total[name] += each[name]
        for reason, number in each["left_out"].items():
            _count(total["left_out"], reason, number)
    return total


def _add_batch(batch_folder, folder, allow_fallback):
    """Merge the runs of one batch that belong to no table."""
    header, entries = manifest.Manifest.read(batch_folder)
    # A user's own notebook may lie beside the lessons, and stands for none.
    lessons = {name for name, path in reading.lesson_paths().items() if build.is_the_courses(path)}
    left_out, records = {}, []
    good = []
    for entry in entries.values():
        run = header.runs[entry.id]
        if entry.status != "ok":
            # A run that failed keeps no records but those of what diverged.
            diverged = any(name.startswith("records/") for name in entry.files)
            _count(left_out, "diverged" if diverged else entry.status)
        elif run.notebook not in lessons:
            _count(left_out, "not a notebook of the course")
        elif set(run.parameters) - STANDARD:
            _count(left_out, "given other parameters than the lesson's own")
        else:
            good.append(entry)
    fallback = set()
    for record in summary.records_of(batch_folder, good):
        if not record.went_well:
            _count(left_out, "diverged")
        elif record.data not in summary.REAL_DATA and not allow_fallback:
            _count(left_out, f"trained on {record.data}, which needs --allow-fallback")
            fallback.add(record.further["run"])
        else:
            records.append(record)
    rows = [protocol.row_of(record) for record in records]
    costs = _costs(header, [entry for entry in good if entry.id not in fallback], records)
    if not rows and not costs:
        reasons = "; ".join(f"{number} {reason}" for reason, number in left_out.items())
        raise BatchError(
            f"{batch_folder} has no run to add ({reasons or 'it is empty'}). "
            f"Finish it first: course run … --out {batch_folder} --resume"
        )
    _merge(folder / "runs.csv", evidence.COLUMNS, RUN_KEY, rows)
    _merge(folder / "costs.csv", evidence.COST_COLUMNS, COST_KEY, costs)
    return {"runs": len(rows), "costs": len(costs), "left_out": left_out}


def _is_a_tables(source):
    """Whether a folder holds batches of a table: one of them, those of an arm, or all."""
    batches = tables.batches_below(source)
    if not batches:
        return False
    header, _ = manifest.Manifest.read(batches[0])
    return any(run.parameters.get("table") for run in header.runs.values())


def _add_table(sources, folder, allow_fallback):
    """Merge the runs of tables, their mistakes and curves, and the averaged arms.

    Raises BatchError for runs that no table asked for, of code, data or Keras other than the table's.
    """
    records, left_out = [], {}
    for batch in [batch for source in sources for batch in tables.batches_below(source)]:
        _, entries = manifest.Manifest.read(batch)
        for entry in entries.values():
            if entry.status != "ok":
                _count(left_out, entry.status)
            for record in summary.records_of(batch, [entry] if entry.status == "ok" else []):
                books = [name for name in entry.files if name.startswith("notebooks/")]
                if not books:
                    _count(left_out, "without its executed notebook, which tells its code")
                    continue
                cells = json.loads((batch / books[0]).read_text(encoding="utf-8"))["cells"]
                code = f"{record.code}-{tables.notebook_code(cells)}"
                records.append(dataclasses.replace(record, code=code))
    strange = [record for record in records if record.data not in summary.REAL_DATA]
    strange = [] if allow_fallback else strange
    stray = [record for record in records if not record.table]
    if stray or strange or not records:
        what = "runs of no table of the protocol" if stray else "no run that ended well"
        if strange:
            what = f"runs on {strange[0].data}, which stands in for the images of the table"
        raise BatchError(
            f"{', '.join(map(str, sources))} holds {what}. Make a table's runs: "
            "course run --table NAME --out FOLDER"
        )
    averaged = _averaged(records)
    for arm in _not_averaged(records, averaged):
        _count(
            left_out,
            f"average {arm.name}: give the folders of its members {', '.join(arm.mean_of)} together: "
            "course reference add FOLDER FOLDER…",
        )
    records += averaged
    rows = [protocol.row_of(record) for record in records]
    _check_rows(rows, folder)
    _merge(folder / "runs.csv", evidence.COLUMNS, RUN_KEY, rows)
    judged = [
        record for record in records if record.seed in protocol.table(record.table).verdict_seeds
    ]
    wrong = [row for record in judged if (row := protocol.wrong_row(record))]
    _merge(folder / "wrong.csv", protocol.WRONG_COLUMNS, protocol.TABLE_KEY, wrong)
    curves = [row for record in judged if (row := curve_row(record))]
    _merge(folder / "curves.csv", CURVE_COLUMNS, protocol.TABLE_KEY, curves)
    return {"runs": len(rows), "costs": 0, "left_out": left_out}


def _averaged(records):
    """Records of the arms that average others: the mean of their predictions, seed by seed."""
    found = {}
    for record in records:
        of = protocol.table(record.table)
        if record.seed in of.verdict_seeds and record.compare_predictions:
            found.setdefault((of.name, record.seed), {})[record.arm] = record
    made = []
    for (name, _), by_arm in found.items():
        for arm in protocol.table(name).arms.values():
            if arm.mean_of and set(arm.mean_of) <= set(by_arm):
                made.append(_average(arm, [by_arm[member] for member in arm.mean_of]))
    return made


def _not_averaged(records, averaged):
    """The arms of which a member is here, and the average could not be made."""
    here = {(record.table, record.arm) for record in records}
    made = {(record.table, record.arm) for record in averaged}
    return [
        arm
        for table in sorted({record.table for record in records})
        for arm in protocol.table(table).arms.values()
        if arm.mean_of
        and (table, arm.name) not in made
        and any((table, member) in here for member in arm.mean_of)
    ]


def _average(arm, members):
    import numpy as np

    from course_utils.evidence.scoring import score_predictions

    first = members[0]
    mean = np.mean([unpack(member.compare_predictions) for member in members], axis=0)
    found = score_predictions(mean, images_of(first).y_compare)
    return dataclasses.replace(
        first,
        arm=arm.name,
        val_accuracy=None,
        val_loss=None,
        compare_accuracy=found.accuracy,
        compare_loss=found.loss,
        compare_n=found.n,
        compare_mistakes=found.mistakes,
        compare_predictions="",
        seconds=sum(member.seconds for member in members),
    )


def images_of(record):
    """The `data.Dataset` that a run was scored on; BatchError where the images here are others."""
    from course_utils import data

    images = data.load("mnist" if record.data.startswith("mnist") else "cifar10", record.mode)
    if images.sha256 != record.data_sha256:
        raise BatchError(
            f"The images here ({images.sha256}) are not those that the runs were scored on "
            f"({record.data_sha256}). Name the folder that holds those: export COURSE_DATA_DIR=FOLDER"
        )
    return images


def _check_rows(rows, folder):
    """Raise BatchError unless the rows and those of their table that are there are all alike."""
    import pandas as pd

    strangers = protocol.unnamed(pd.DataFrame(rows))
    if strangers:
        raise BatchError(
            f"The protocol names no such run: {'; '.join(strangers[:5])}. A table's runs are made by "
            "course run --table NAME"
        )
    names = {row["table"] for row in rows}
    there = [row for row in _read(folder / "runs.csv", evidence.COLUMNS) if row["table"] in names]
    for name in names:
        own = [_as_text(row) for row in rows if row["table"] == name]
        own += [row for row in there if row["table"] == name]
        found = protocol.differing(pd.DataFrame(own))
        if found:
            raise BatchError(
                f"The runs of table {name} are not alike: {found}. They would not compare: make all of "
                f"them with one code, one Keras and the same images: course run --table {name} --anew "
                "--out FOLDER"
            )


def keep_cost(lesson: str, mode: str, result) -> None:
    """Put what one execution of a lesson on this machine took into `costs.csv`.

    `result` has `seconds`, `peak_memory_mb` (10^6 bytes) and, of a notebook with variants,
    `records`, as `execution.run` returns them.
    """
    from course_utils import __version__, machine

    name, seconds = lesson, float(result.seconds)
    if reading.read_notebook(reading.lesson_paths()[lesson]).has_variants:
        name = evidence.around_training(lesson)
        # A fit that was not timed has no seconds.
        seconds -= sum(record.seconds or 0.0 for record in result.records)
    cost = {"lesson": name, "mode": mode, "hardware": machine.detect().hardware}
    cost |= {"seconds": seconds, "peak_memory_mb": float(result.peak_memory_mb)}
    cost["version"] = __version__
    _merge(FOLDER / "costs.csv", evidence.COST_COLUMNS, COST_KEY, [cost])


def _count(counts, reason, number=1):
    counts[reason] = counts.get(reason, 0) + number


def _costs(header, entries, records):
    """Median cost of each lesson, mode and hardware in the batch.

    Of a notebook with variants, which differ in their training, it is the time around that.
    """
    from course_utils import __version__

    training = {}
    for record in records:
        if record.seconds is not None:  # a fit that was not timed
            run = record.further["run"]
            training[run] = training.get(run, 0.0) + record.seconds
    paths = reading.lesson_paths()
    varied = {
        name
        for name in {header.runs[entry.id].notebook for entry in entries}
        if reading.read_notebook(paths[name]).has_variants
    }
    seen = {record.further["run"]: (record.hardware, record.mode) for record in records}
    everywhere = {hardware for hardware, _ in seen.values()}
    groups = {}
    for entry in entries:
        name, seconds = header.runs[entry.id].notebook, entry.seconds
        if name in varied:
            if entry.id not in training:
                continue
            name, seconds = evidence.around_training(name), seconds - training[entry.id]
        hardware, mode = seen.get(entry.id, (None, entry.mode))
        if hardware is None:
            # A notebook that trains nothing leaves no record that could name its machine.
            hardware = everywhere.copy().pop() if len(everywhere) == 1 else _this_hardware(entry)
        if hardware and mode:
            cost = (seconds, entry.peak_memory_mb)
            groups.setdefault((name, mode, hardware), []).append(cost)
    return [
        {
            **dict(zip(COST_KEY, key, strict=True)),
            "seconds": statistics.median(seconds for seconds, _ in group),
            "peak_memory_mb": statistics.median(peak for _, peak in group),
            "version": __version__,
        }
        for key, group in groups.items()
    ]


def _this_hardware(entry):
    if entry.worker:
        return None
    from course_utils import machine

    return machine.detect().hardware


def merge_cells(path, columns, key, rows) -> None:
    """Merge rows into a CSV file by their `key`; a column that a row does not have stays as it was.

    Raises BatchError where the file has other columns, or cannot be written.
    """
    kept = {tuple(row[name] for name in key): row for row in _read(path, columns)}
    made = [_as_text(row) for row in rows]
    _merge(path, columns, key, [kept.get(tuple(row[n] for n in key), {}) | row for row in made])


def _merge(path, columns, key, rows):
    if not rows:
        return
    merged = {}
    for row in [*_read(path, columns), *(_as_text(row) for row in rows)]:
        judged = bool(
            row.get("test_accuracy")
        )  # one on the comparison set replaces none on the test set
        merged[(*(row[name] for name in _key_of(row, key)), judged)] = row
    ordered = sorted(merged.values(), key=lambda row: _order(row, key))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(ordered)
    _write(path, text.getvalue())


def _key_of(row, key):
    """The columns that say which run a row is: of a table's, the protocol's."""
    return protocol.TABLE_KEY if row.get("table") else key


def _write(path, text):
    try:
        files.write_atomically(path, text.encode())
    except OSError as error:
        raise BatchError(
            f"{path} could not be written ({error.strerror}); it is as it was before. "
            "Mend that, then add the batch again: course reference add FOLDER"
        ) from error


def _read(path, columns):
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != tuple(columns):
            raise BatchError(
                f"{path} has the columns {', '.join(reader.fieldnames or ['none'])}; expected "
                f"{', '.join(columns)}. Take the committed file back: git checkout -- {path}"
            )
        return list(reader)


def _as_text(row):
    return {name: _cell(name, value) for name, value in row.items()}


def _cell(name, value):
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{DECIMALS.get(name.rpartition('_')[2], 6)}f}"
    return str(value)


def _order(row, key):
    return [row[name].zfill(10) if name == "seed" else row[name] for name in key]
