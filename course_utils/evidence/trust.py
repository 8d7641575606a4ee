"""What accuracy does not say about the runs of a table: calibration, coverage, worse pictures.

The protocol names, in tables of `kind = "measures"`, by what another table's runs are measured and which
arms are compared. `course reference trust` computes the figures from the runs' kept predictions and
networks; `reference/trust.csv` keeps them, one row a run.
"""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from course_utils.corruptions import KINDS, STRENGTHS
from course_utils.evidence import protocol
from course_utils.evidence.comparison import LEVEL, as_family, compare
from course_utils.evidence.runs import COLUMNS, NUMBERS, REFERENCE, read_table
from course_utils.evidence.telling import p_number, p_words

# Computed from a run's predictions on the comparison set (see `calibration`).
OF_PREDICTIONS = (
    "calibration_error",
    "error_by_chance",
    "over_confidence",
    "selective_accuracy",
)
# Computed from its network: accuracy on the comparison set made worse (see `corruptions`).
OF_NETWORK = tuple(f"{kind}_{strength}" for kind in KINDS for strength in STRENGTHS)
TRUST_COLUMNS = (*protocol.TABLE_KEY, *OF_PREDICTIONS, *OF_NETWORK)
# The share of the images that a network answers for its selective accuracy: those it is surest of.
ANSWERED = 0.95
# What a table may ask for, and what readers call it. A kind of corruption is the mean accuracy over its
# five strengths.
MEASURES = {
    "calibration_error": "expected calibration error",
    "excess_error": "calibration error beyond chance",
    "over_confidence": "over-confidence",
    "selective_accuracy": "accuracy on the surest 19 in 20",
} | {kind: f"accuracy under {kind}" for kind in KINDS}
LOWER_IS_BETTER = ("calibration_error", "excess_error")


@dataclass(frozen=True)
class Measures:
    """One table of measures.

    Attributes:
        runs_of: the table whose runs are measured.
        measures: what is judged, any of `MEASURES` of which more or less is better.
        compare: pairs (arm, against) of arms of that table. Each pair by each measure is one verdict,
            and all of them are one family.
    """

    name: str
    question: str
    runs_of: str
    measures: tuple
    compare: tuple


def read(text: str) -> dict[str, Measures]:
    """The tables of measures of a protocol. Raises ProtocolError, one sentence, for one that is wrong."""
    runs = protocol.read(text)
    found = {}
    for name, settings in tomllib.loads(text).items():
        if settings.get("kind") != protocol.MEASURED:
            continue
        given = {key: value for key, value in settings.items() if key != "kind"}
        needed = {"question", "runs_of", "measures", "compare"}
        if given.keys() != needed:
            raise protocol.ProtocolError(
                f"The protocol: table {name} has {', '.join(sorted(given))}; expected "
                f"{', '.join(sorted(needed))}"
            )
        of = runs.get(given["runs_of"])
        if of is None or of.judge != "compare":
            raise protocol.ProtocolError(
                f"The protocol: table {name} measures the runs of {given['runs_of']!r}, which is no table "
                "that is judged on the comparison set"
            )
        strange = [m for m in given["measures"] if m not in MEASURES or m == "over_confidence"]
        strange += [arm for pair in given["compare"] for arm in pair if arm not in of.arms]
        if strange:
            raise protocol.ProtocolError(
                f"The protocol: table {name} names {', '.join(strange)}; expected measures among "
                f"{', '.join(MEASURES)} (over_confidence has no better side) and arms of {of.name}"
            )
        pairs = tuple(map(tuple, given["compare"]))
        measures = tuple(given["measures"])
        found[name] = Measures(name, given["question"], of.name, measures, pairs)
    return found


@functools.cache
def tables() -> Mapping[str, Measures]:
    """The course's tables of measures, by name."""
    return MappingProxyType(read((REFERENCE / "protocol.toml").read_text(encoding="utf-8")))


def figures(of: Measures, folder=None) -> dict:
    """Arm to measure to seed to figure, a fraction; without the measures for which a seed is missing.

    It has the arms that are compared, and `over_confidence` beside the measures that are judged.
    `folder` holds runs.csv and trust.csv, by default the course's own.
    """
    runs = read_table(folder / "runs.csv", COLUMNS) if folder else protocol.all_runs()
    path = (folder or REFERENCE) / "trust.csv"
    kept = read_table(path, TRUST_COLUMNS, NUMBERS | {*OF_PREDICTIONS, *OF_NETWORK})
    table, key = protocol.table(of.runs_of), list(protocol.TABLE_KEY)
    found = {name: {} for pair in of.compare for name in reversed(pair)}
    for arm in found if len(kept) else ():
        judged = protocol.verdict_runs(table, table.arms[arm], runs)[key]
        rows = judged.merge(kept, on=key).set_index("seed").sort_index()
        for measure in dict.fromkeys((*of.measures, "over_confidence")):
            values = _values(rows, measure).dropna().to_dict()
            if set(values) == set(table.verdict_seeds):
                found[arm][measure] = values
    return found


def _values(rows, measure):
    if measure == "excess_error":
        return rows["calibration_error"] - rows["error_by_chance"]
    if measure in KINDS:
        strengths = [f"{measure}_{strength}" for strength in STRENGTHS]
        return rows[strengths].mean(axis=1, skipna=False)
    return rows[measure]


def interval(values) -> tuple[float, float, float]:
    """Mean of figures (seed to figure) and its 95 % interval by Student's t; two seeds or more."""
    import numpy as np
    from scipy import stats

    values = np.array(list(values.values()))
    mean = float(values.mean())
    half = stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * stats.sem(values)
    return mean, mean - float(half), mean + float(half)


def verdicts(of: Measures, folder=None) -> dict:
    """(arm, against, measure) to `Comparison`, for each that is measured in full.

    All of the table are one family, measured or not.
    """
    known, found = figures(of, folder), {}
    for arm, against in of.compare:
        for measure in of.measures:
            if measure in known[arm] and measure in known[against]:
                found[arm, against, measure] = compare(
                    known[against][measure],
                    known[arm][measure],
                    higher_is_better=measure not in LOWER_IS_BETTER,
                )
    return as_family(found, size=len(of.compare) * len(of.measures))


def tell(name: str, found) -> str:
    """A verdict in one sentence: difference in points, interval, the p values, the word after Holm."""
    if not found.has_interval:
        return found.sentence(name)
    low, high = (f"{100 * end:+.2f}" for end in (found.low, found.high))
    return (
        f"{name}: {100 * found.mean:+.2f} points, 95 % interval {low} to {high} over {found.n} paired "
        f"seeds; {p_words(found.p)} by t and {p_number(found.p_exact)} by sign flips, "
        f"{p_number(found.p_adjusted)} after Holm among {found.family}: "
        f"{found.verdict}."
    )


def lines(of: Measures, measures=(), folder=None) -> list[str]:
    """A table of measures in words: each arm's figures with intervals, each verdict, and what is missing.

    `measures` are some of the table's, by default all of them and the over-confidence.
    """
    measures = measures or (*of.measures, "over_confidence")
    said, known = [f"{of.name}: {of.question}"], figures(of, folder)
    for arm, values in known.items():
        words = []
        for measure in (m for m in measures if m in values):
            mean, low, high = (100 * each for each in interval(values[measure]))
            words.append(f"{MEASURES[measure]} {mean:.2f} % ({low:.2f} to {high:.2f})")
        said += [f"  {arm}: {'; '.join(words)}"] if words else []
    found, waiting = verdicts(of, folder), {}
    for arm, against in of.compare:
        for measure in (m for m in measures if m in of.measures):
            if verdict := found.get((arm, against, measure)):
                said.append(tell(f"{arm} against {against}, {MEASURES[measure]}", verdict))
            else:
                waiting.setdefault(MEASURES[measure], []).append(arm)
    return said + [
        f"Not yet measured, {words}: {', '.join(arms)}." for words, arms in waiting.items()
    ]
