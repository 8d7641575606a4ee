"""`course reference trust`: what accuracy does not say, computed from the runs' predictions and networks.

Nothing is trained. A run's record holds its probabilities on the comparison set; a folder that
COURSE_KEEP_NETWORKS named holds its network. What comes of them is one row a run in `trust.csv`.
"""

import dataclasses
from pathlib import Path

import numpy as np

from course_tools.authoring import reference_runs
from course_tools.batch import manifest, summary, tables
from course_utils import calibration, corruptions, evidence
from course_utils.errors import BatchError
from course_utils.evidence import protocol, trust
from course_utils.evidence.records import unpack
from course_utils.evidence.runs import read_table

# Half precision keeps three digits of a probability, and another machine's sums differ in the last.
CLOSE = 0.02


def add(sources, networks: Path | None = None, folder: Path | None = None) -> dict:
    """Measure the runs of tables' batches and merge them into `trust.csv`.

    Args:
        sources: folders of tables' batches, as `course reference add` takes them; that comes first, since
            only runs that stand in `runs.csv` are measured. For an average those of all its members.
        networks: folder with the runs' networks, for the accuracy on worse pictures; without it, or
            where a network is not there, that stays as it was.
        folder: holds runs.csv and trust.csv, by default the course's own.

    Returns:
        counts: `runs` (rows), `networks` (of them, with networks), `left_out` (reason to number).

    Raises:
        BatchError: runs of other code than the reference's, or of other images than are here; a network
            that is not the run's; an arm with seeds missing, when no arm has all.
    """
    folder = folder or reference_runs.FOLDER
    left_out = {}
    arms = _complete_arms(_records(sources), left_out)
    runs = read_table(folder / "runs.csv", evidence.COLUMNS)
    for record in (
        record for by_arm in arms.values() for of in by_arm.values() for record in of.values()
    ):
        _check(record, runs)
    images = {}
    rows, with_networks = [], 0
    for name, by_arm in arms.items():
        of = protocol.table(name)
        for arm, by_seed in _with_averages(of, by_arm).items():
            for seed, members in by_seed.items():
                x, y = _judged(members[0], images)
                said = np.mean([unpack(member.compare_predictions) for member in members], axis=0)
                row = _key(dataclasses.replace(members[0], arm=arm)) | _of_predictions(said, y)
                found = [_network_path(networks, member) for member in members] if networks else []
                if found and all(found):
                    row |= _of_networks(found, said, x, y)
                    with_networks += 1
                rows.append(row)
                print(
                    f"{name}, {arm}, seed {seed}: {100 * row['calibration_error']:.2f} % calibration error"
                )
    if not rows:
        reasons = "; ".join(f"{number} {reason}" for reason, number in left_out.items())
        raise BatchError(
            f"{', '.join(map(str, sources))} has no arm with all its seeds ({reasons or 'it is empty'}). "
            "Make a table's runs: course run --table NAME --out FOLDER"
        )
    path = folder / "trust.csv"
    reference_runs.merge_cells(path, trust.TRUST_COLUMNS, protocol.TABLE_KEY, rows)
    return {"runs": len(rows), "networks": with_networks, "left_out": left_out}


def _records(sources):
    """The records of the batches' verdict runs, of the tables that are measured."""
    found, measured = [], {of.runs_of for of in trust.tables().values()}
    for batch in [batch for source in sources for batch in tables.batches_below(Path(source))]:
        _, entries = manifest.Manifest.read(batch)
        good = [entry for entry in entries.values() if entry.status == "ok"]
        for record in summary.records_of(batch, good):
            if (
                record.table in measured
                and record.seed in protocol.table(record.table).verdict_seeds
            ):
                found.append(record)
    return found


def _check(record, runs):
    """Raise BatchError unless a record is the run that stands in the reference, and has predictions."""
    words = f"{record.table}, {record.arm}, seed {record.seed}"
    key = _key(record)
    mine = runs[(runs["table"] == record.table) & (runs["arm"] == record.arm)]
    mine = mine[(mine["seed"] == record.seed)]
    for name in ("learning_rate", "factor"):
        if key[name] is not None:
            mine = mine[(mine[name] - key[name]).abs() <= 1e-9 * abs(key[name])]
    if mine.empty:
        raise BatchError(
            f"{words} does not stand in the reference runs. First: course reference add FOLDER"
        )
    row = mine.iloc[0]
    code = row["code"].partition("-")[0]
    if record.code != code:
        raise BatchError(
            f"{words} was made by the code {record.code}, and the reference's run by {code}: it is "
            f"another run. Make it anew: course run --table {record.table} --arms {record.arm}"
        )
    if abs(row["compare_accuracy"] - record.compare_accuracy) > 1e-4:
        raise BatchError(
            f"{words} has an accuracy of {record.compare_accuracy:.4f}, and the reference's run of "
            f"{row['compare_accuracy']:.4f}: it is another run. First: course reference add FOLDER"
        )
    if not record.compare_predictions:
        raise BatchError(
            f"The record of {words} does not hold its predictions. Make it anew: course run --table "
            f"{record.table} --arms {record.arm}"
        )


def _complete_arms(records, left_out):
    """Table to arm to seed to record, of the arms that have all their seeds."""
    found = {}
    for record in records:
        found.setdefault(record.table, {}).setdefault(record.arm, {})[record.seed] = record
    for table, by_arm in found.items():
        for arm, by_seed in list(by_arm.items()):
            missing = set(protocol.table(table).verdict_seeds) - set(by_seed)
            if missing:
                seeds = ", ".join(map(str, sorted(missing)))
                left_out[f"arm {arm} of {table}: seeds {seeds} are missing"] = len(by_seed)
                del by_arm[arm]
    return {table: by_arm for table, by_arm in found.items() if by_arm}


def _with_averages(of, by_arm):
    """Arm to seed to records: one, or those of the members of an average."""
    found = {arm: {s: [record] for s, record in seeds.items()} for arm, seeds in by_arm.items()}
    for arm in of.arms.values():
        if arm.mean_of and set(arm.mean_of) <= set(by_arm):
            found[arm.name] = {
                seed: [by_arm[member][seed] for member in arm.mean_of] for seed in of.verdict_seeds
            }
    return found


def _key(record):
    row = protocol.row_of(record)
    return {name: row[name] for name in protocol.TABLE_KEY}


def _judged(record, images):
    """The comparison set that a run was scored on; `images` keeps what was loaded."""
    key = (record.data_sha256, record.mode)
    if key not in images:
        images[key] = reference_runs.images_of(record)
    return images[key].x_compare, images[key].y_compare


def _of_predictions(said, labels):
    confidence, right = calibration.judge(said, labels)
    coverage, accuracy = calibration.by_coverage(confidence, right)
    return {
        "calibration_error": calibration.calibration_error(confidence, right),
        "error_by_chance": float(calibration.error_by_chance(confidence).mean()),
        "over_confidence": calibration.over_confidence(confidence, right),
        "selective_accuracy": float(accuracy[np.searchsorted(coverage, trust.ANSWERED - 1e-9)]),
    }


def _network_path(networks, record):
    """The file of a run's network, or None."""
    path = Path(networks) / record.network_name
    return path if path.is_file() else None


def _of_networks(paths, said, images, labels):
    """Accuracy on each corruption, of one network or of the mean of several."""
    import keras

    import course_utils.layers  # noqa: F401  so that Keras knows the course's own layers

    loaded = [keras.saving.load_model(path, compile=False) for path in paths]

    def probabilities(pictures):
        each = [m.predict(pictures, batch_size=500, verbose=0) for m in loaded]
        return np.mean([np.asarray(one, dtype="float32") for one in each], axis=0)

    off = float(np.abs(probabilities(images) - said).max())
    if off > CLOSE:
        raise BatchError(
            f"{', '.join(path.name for path in paths)} answers otherwise than the run's record (by up "
            f"to {off:.2f}): it is another run's network. Keep the networks of one batch in a folder of "
            "their own: COURSE_KEEP_NETWORKS=FOLDER course run --table NAME --out FOLDER"
        )
    found = {}
    for kind in corruptions.KINDS:
        for strength in corruptions.STRENGTHS:
            worse = corruptions.corrupt(images, kind, strength)
            right = probabilities(worse).argmax(axis=1) == labels
            found[f"{kind}_{strength}"] = float(right.mean())
    keras.backend.clear_session()
    return found
