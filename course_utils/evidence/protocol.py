"""The protocol: every table of the course, its arms and its seeds, named before its runs were made.

It is `reference/protocol.toml`. Which runs a table still lacks, which settings its tuning chose and
what its verdicts are, is read here from the reference runs.
"""

import difflib
import functools
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from course_utils.errors import CourseError
from course_utils.evidence.comparison import as_family, compare
from course_utils.evidence.records import Record, pack_mistakes, unpack, unpack_mistakes
from course_utils.evidence.runs import COLUMNS, REFERENCE, all_runs, read_table
from course_utils.modes import MODES
from course_utils.networks import NETWORKS, parse_techniques

KINDS = ("fair", "article", "curve")
# A table without runs of its own, by what another's are measured; `trust` reads it.
MEASURED = "measures"
JUDGES = ("compare", "test")
# Parameters of the notebook that makes the runs (`networks.Network.reference`) which a table or an arm
# may set; where neither does, the notebook's own default holds.
SETTINGS = ("l2", "momentum", "epsilon", "patience", "follow", "rung")
# What a table may give to all its arms: it is where they are compared, and not what is compared.
SURROUNDINGS = frozenset({"cosine_decay", "no_dropout"})
PRECISIONS = ("float32", "mixed_bfloat16")
# What a setting may be, of a table or of an arm.
KNOWN = {
    "kind": KINDS,
    "judge": JUDGES,
    "model": [name for name, network in NETWORKS.items() if network.reference],
    "precision": PRECISIONS,
    "mode": MODES,
    "factor": ("l2", "weight_decay"),
}
# Settings that are lists of different values, one or more: whole numbers, and others.
WHOLE = ("verdict_seeds", "tuning_seeds", "sizes")
LISTS = (*WHOLE, "rates", "factors", "compare", "mean_of")
# What every table has to say, and what tables of a kind have to.
NEEDED = {"kind", "question", "model", "mode", "verdict_seeds", "judge", "compare"}
NEEDED_BY = {
    "fair": {"epochs"},
    "article": {"learning_rate"},
    "curve": {"epochs", "n_train", "sizes", "rates_from"},
}
# What makes two rows of a table one run.
TABLE_KEY = ("table", "arm", "learning_rate", "factor", "seed")
# A run of the same table is comparable only if these agree; the second ones in each group, since the
# code is a model's, and an arm may have a precision of its own.
ALIKE = ("data_sha256", "keras_version", "backend")
ALIKE_IN = {"code": "model", "precision": "arm"}


class ProtocolError(CourseError):
    """The protocol contradicts itself, or a run is not what it says."""


@dataclass(frozen=True)
class Arm:
    """One arm of a table: what it trains, and where its settings come from.

    Attributes:
        techniques: as `networks.parse_techniques` takes them.
        model, precision, epochs, n_train: None where they are the table's.
        l2, momentum, epsilon, patience, follow, rung: likewise (see `SETTINGS`).
        rates: peaks of the learning rate to choose from; empty where none is tuned.
        factor, factors: "l2" or "weight_decay" and the values to choose from, after the rate.
        rate_of: the arm whose rate it takes over; of another table, "TABLE.ARM".
        start: number of the random start on the seed's images.
        mean_of: arms whose predictions it averages, in the place of a training.
    """

    name: str
    techniques: str = ""
    model: str | None = None
    precision: str | None = None
    epochs: int | None = None
    n_train: int | None = None
    l2: float | None = None
    momentum: float | None = None
    epsilon: float | None = None
    patience: int | None = None
    follow: bool | None = None
    rung: int | None = None
    rates: tuple = ()
    factor: str = ""
    factors: tuple = ()
    rate_of: str = ""
    start: int = 0
    mean_of: tuple = ()


@dataclass(frozen=True)
class Table:
    """One table; its settings as the head of the file explains them.

    Of a curve `curves` holds the names of the lines that were written, each of which became one arm
    for every number of images in `sizes` (see `arm_at`).
    """

    name: str
    kind: str
    question: str
    model: str
    mode: str
    precision: str
    verdict_seeds: tuple
    judge: str
    compare: tuple
    arms: dict
    epochs: int | None = None
    rates: tuple = ()
    tuning_seeds: tuple = ()
    learning_rate: float | None = None
    n_train: int | None = None
    l2: float | None = None
    momentum: float | None = None
    epsilon: float | None = None
    patience: int | None = None
    follow: bool | None = None
    rung: int | None = None
    rates_from: str = ""
    sizes: tuple = ()
    curves: tuple = ()

    def model_of(self, arm: Arm) -> str:
        """The network that an arm trains."""
        return arm.model or self.model

    @property
    def notebook(self) -> str:
        """The notebook that makes its runs."""
        return NETWORKS[self.model].reference

    def precision_of(self, arm: Arm) -> str:
        """The precision that an arm is trained in."""
        return arm.precision or self.precision

    def parameters(self, arm: Arm) -> dict:
        """What the notebook is given for every run of an arm, seed and rate left out."""
        model = self.model_of(arm)
        given = {
            "mode": self.mode,
            "model": model,
            "techniques": arm.techniques,
            "epochs": arm.epochs or self.epochs or NETWORKS[model].epochs,
            "judge": self.judge,
            "table": self.name,
            "arm": arm.name,
        }
        if NETWORKS[model].reference != "ablation":
            del given["techniques"]
        n_train = arm.n_train or self.n_train
        given |= {"n_train": n_train} if n_train else {}
        for name in SETTINGS:
            value = getattr(self if getattr(arm, name) is None else arm, name)
            given |= {} if value is None else {name: value}
        return given | ({"start": arm.start} if arm.start else {})


def read(text: str) -> dict[str, Table]:
    """The tables of a protocol, by name. Raises ProtocolError, one sentence, for one that is wrong."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(
            f"The protocol cannot be read ({error}). A table or an arm may be there twice: each name "
            "stands once"
        ) from error
    for name, settings in content.items():
        _expect_settings(f"table {name}", settings, f"[{name}], and below it its settings")
    found = {
        name: _table(name, settings)
        for name, settings in content.items()
        if settings.get("kind") != MEASURED
    }
    for of in found.values():
        for arm in of.arms.values():
            giver, _, name = arm.rate_of.rpartition(".")
            if giver and (giver not in found or name not in found[giver].arms):
                raise ProtocolError(
                    f"The protocol: arm {arm.name} of table {of.name} takes its rate from "
                    f"{arm.rate_of}, and there is no such arm"
                )
    return found


@functools.cache
def tables() -> Mapping[str, Table]:
    """The course's tables, by name."""
    return MappingProxyType(read((REFERENCE / "protocol.toml").read_text(encoding="utf-8")))


def table(name: str) -> Table:
    """One of the course's tables. Raises ProtocolError for a name that it does not have."""
    if name not in tables():
        content = tomllib.loads((REFERENCE / "protocol.toml").read_text(encoding="utf-8"))
        if content.get(name, {}).get("kind") == MEASURED:
            raise ProtocolError(
                f"The table {name} has no runs of its own: it measures the networks of "
                f"{content[name]['runs_of']}. Read it: course reference show {name}"
            )
        near = difflib.get_close_matches(name, tables(), n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ProtocolError(
            f"The protocol has no table {name!r}.{hint} Its tables: {', '.join(tables())}. "
            "All of them in words: course reference show"
        )
    return tables()[name]


def _table(name, settings):
    settings = {key: _frozen(value) for key, value in settings.items()}
    arms = settings.pop("arms", {})
    _expect_settings(f"the arms of table {name}", arms, f"[{name}.arms], and below it the arms")
    allowed = set(Table.__dataclass_fields__) - {"name", "arms", "curves"}
    _refuse_unknown(settings.keys() - allowed, f"table {name}", "table", allowed)
    _refuse(NEEDED - settings.keys(), f"table {name} lacks {{}}")
    _refuse(NEEDED_BY.get(settings["kind"], set()) - settings.keys(), f"table {name} lacks {{}}")
    settings.setdefault("precision", "float32")
    for key in KNOWN:
        if key in settings:
            _check_word(f"table {name}", key, settings[key])
    _check_lists(f"table {name}", settings)
    built = {arm: _arm(name, arm, given, settings) for arm, given in arms.items()}
    if settings["kind"] == "curve":
        settings["curves"] = tuple(built)
        built = {
            each.name: each
            for arm in built.values()
            for each in _along_sizes(arm, settings["sizes"], settings)
        }
    for arm in built.values():
        if arm.rate_of == arm.name:
            raise ProtocolError(
                f"The protocol: arm {arm.name} of table {name} takes its rate from itself; expected "
                "another arm, or no rate_of"
            )
        own = [] if "." in arm.rate_of else filter(None, [arm.rate_of])
        for other in (*arm.mean_of, *own):
            _known_arm(name, other, built, f"arm {arm.name}")
        if arm.mean_of and settings["judge"] != "compare":
            raise ProtocolError(
                f"The protocol: arm {arm.name} of table {name} averages predictions, which are kept "
                "on the comparison set alone, and the table is not judged on it"
            )
    for pair in settings["compare"]:
        if not isinstance(pair, tuple) or len(set(pair)) != 2:
            raise ProtocolError(
                f"The protocol: the comparison {json.dumps(pair)} of table {name}; expected two different "
                "arms, [arm, against]"
            )
        for side in pair:
            _known_arm(name, side, built, f"the comparison {list(pair)}")
    both = set(settings.get("tuning_seeds", ())) & set(settings["verdict_seeds"])
    _refuse(both, f"table {name} tunes and judges with the seeds {{}}; no seed may do both")
    return Table(name=name, arms=built, **settings)


def _arm(table_name, name, given, settings):
    where = f"arm {name} of table {table_name}"
    _expect_settings(where, given, '{ techniques = "l2" }')
    given = {key: _frozen(value) for key, value in given.items()}
    allowed = set(Arm.__dataclass_fields__) - {"name"}
    _refuse_unknown(given.keys() - allowed, where, "arm", allowed)
    for key in KNOWN.keys() & given.keys():
        _check_word(where, key, given[key])
    _check_lists(where, given)
    if ("factor" in given) != ("factors" in given):
        raise ProtocolError(
            f"The protocol: {where} has one of factor and factors; expected both: which setting is "
            "tuned, and the values to try"
        )
    try:
        parse_techniques(given.get("techniques", ""))
    except ValueError as error:
        raise ProtocolError(f"The protocol: {where}: {error}") from error
    if settings["kind"] == "fair" and not {"rate_of", "mean_of", "rates"} & given.keys():
        given["rates"] = settings.get("rates", ())
        if not given["rates"] or not settings.get("tuning_seeds"):
            raise ProtocolError(
                f"The protocol: {where} has no rates or no tuning seeds to choose one by"
            )
    return Arm(name=name, **given)


def _along_sizes(arm, sizes, settings):
    """An arm of a curve at each number of images, with the steps that the table's own number takes."""
    batch = NETWORKS[arm.model or settings["model"]].batch_size
    steps = settings["epochs"] * math.ceil(settings["n_train"] / batch)
    return [
        replace(
            arm,
            name=arm_at(arm.name, size),
            n_train=size,
            epochs=max(1, round(steps / math.ceil(size / batch))),
            rate_of=f"{settings['rates_from']}.{arm.name}",
        )
        for size in sizes
    ]


def arm_at(line: str, size: int) -> str:
    """The name of the arm that a line of a curve is at a number of images."""
    return f"{line}_{size}"


def _expect_settings(where, value, expected):
    if not isinstance(value, dict):
        raise ProtocolError(f"The protocol: {where} is {value!r}; expected {expected}")


def _check_lists(where, settings):
    """Lists are lists, with something in them, and nothing twice."""
    for key in filter(settings.__contains__, LISTS):
        values = settings[key]
        good = isinstance(values, tuple) and (values or key == "compare")
        good = good and not any(values.count(value) > 1 for value in values)
        if not good or (key in WHOLE and not all(type(value) is int for value in values)):
            of = " of whole numbers" if key in WHOLE else ""
            raise ProtocolError(
                f"The protocol: {where} has {key} = {json.dumps(values, default=str)}; expected a list{of}, "
                "and nothing in it twice"
            )


def _refuse_unknown(names, where, kind, allowed):
    for name in sorted(names):
        near = difflib.get_close_matches(name, allowed, n=1)
        hint = (
            f" Did you mean {near[0]}?"
            if near
            else f" A {kind} may have: {', '.join(sorted(allowed))}"
        )
        raise ProtocolError(f"The protocol: {where} has {name}, which no {kind} has.{hint}")


def _check_word(where, key, value):
    if value not in KNOWN[key]:
        raise ProtocolError(
            f"The protocol: {where} has {key} = {value!r}; expected one of {', '.join(KNOWN[key])}"
        )


def _known_arm(table_name, name, arms, where):
    if name not in arms:
        raise ProtocolError(
            f"The protocol: {where} of table {table_name} names the arm {name!r}, which the table "
            f"does not have. Its arms: {', '.join(arms)}"
        )


def _refuse(names, sentence):
    if names:
        shown = ", ".join(sorted(map(str, names)))
        raise ProtocolError(f"The protocol: {sentence.format(shown)}")


def _frozen(value):
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


# What a table has, and what came of it


def rows_of(name: str, arm: str | None = None, runs=None):
    """The reference runs of a table, or of one arm of it, as a DataFrame with `COLUMNS`."""
    runs = all_runs() if runs is None else runs
    wanted = runs["table"] == name
    return runs[wanted if arm is None else wanted & (runs["arm"] == arm)]


def chosen(of: Table, arm: Arm, runs=None) -> dict | None:
    """The settings that tuning chose for an arm; None while tuning runs are missing.

    The rate with the lowest mean validation cross-entropy over the tuning seeds, then likewise the
    factor at that rate. Keys: "learning_rate", and the factor's name where it has one.
    """
    if of.kind == "article":
        return {"learning_rate": of.learning_rate}
    if arm.mean_of:
        return {}
    if arm.rate_of:
        return chosen(*_giver(of, arm), runs)
    found = rows_of(of.name, arm.name, runs)
    best = _best(of, arm, found, _rates(arm))
    if best is not None and arm.factors:
        best = _best(of, arm, found, [best | {arm.factor: value} for value in arm.factors])
    return best


def _giver(of, arm):
    """The table and the arm whose rate an arm takes over."""
    name, _, giver = arm.rate_of.rpartition(".")
    giving = table(name) if name else of
    return giving, giving.arms[giver]


def _rates(arm):
    """The settings among which an arm's rate is chosen: each rate, with the middle one of its factors."""
    middle = {arm.factor: sorted(arm.factors)[len(arm.factors) // 2]} if arm.factor else {}
    return [{"learning_rate": rate, **middle} for rate in arm.rates]


def _best(of, arm, found, tried):
    """Of the settings that were tried, those with the lowest mean validation loss.

    None while a tuning run of one of them is missing.
    """
    losses = []
    for settings in tried:
        rows = _with(found, arm, settings)
        rows = rows[rows["seed"].isin(of.tuning_seeds)]
        if set(rows["seed"]) != set(of.tuning_seeds):
            return None
        losses.append(rows["val_loss"].mean())
    return tried[losses.index(min(losses))]


def _with(found, arm, settings):
    """The rows of an arm that were made with these settings."""
    found = found[_equals(found["learning_rate"], settings["learning_rate"])]
    return found[_equals(found["factor"], settings[arm.factor])] if arm.factor else found


def next_runs(of: Table, arm: Arm, runs=None) -> tuple[str, list[dict]]:
    """What an arm needs next: the name of the step, and the notebook's parameters of each run.

    The steps are "rates", "factors" and "verdict"; a later one is laid out once those before it are
    measured. ("", []) for an arm that has all its runs, and for one that needs no training.
    """
    if arm.mean_of or (arm.rate_of and chosen(of, arm, runs) is None):
        return "", []
    given = of.parameters(arm)
    found = rows_of(of.name, arm.name, runs)
    if of.kind == "fair" and not arm.rate_of:
        rates = _rates(arm)
        wanted = _untried(of, arm, found, rates)
        if wanted:
            return "rates", [given | each for each in wanted]
        if arm.factors:
            best = _best(of, arm, found, rates)
            wanted = _untried(of, arm, found, [best | {arm.factor: v} for v in arm.factors])
            if wanted:
                return "factors", [given | each for each in wanted]
    settings = chosen(of, arm, runs)
    there = set(verdict_runs(of, arm, runs)["seed"])
    left = [given | settings | {"seed": seed} for seed in of.verdict_seeds if seed not in there]
    return ("verdict", left) if left else ("", [])


def _untried(of, arm, found, tried):
    """Settings and tuning seed of each run that is still missing."""
    return [
        settings | {"seed": seed}
        for settings in tried
        for seed in of.tuning_seeds
        if seed not in set(_with(found, arm, settings)["seed"])
    ]


def row_of(record: Record) -> dict:
    """A record as a row of the reference runs; the settings that a table tunes are columns."""
    row = {column: getattr(record, column, None) for column in COLUMNS}
    if record.table:
        arm = table(record.table).arms.get(record.arm, Arm(record.arm))
        row["learning_rate"] = record.parameters.get("learning_rate")
        row["factor"] = record.parameters.get(arm.factor) if arm.factor else None
    return row


def _equals(column, value):
    return (column.astype(float) - value).abs() <= 1e-9 * abs(value)


def verdict_runs(of: Table, arm: Arm, runs=None):
    """The runs of an arm that verdicts rest on: verdict seeds, at the settings that were chosen."""
    found = rows_of(of.name, arm.name, runs)
    found = found[found["seed"].isin(of.verdict_seeds)]
    settings = chosen(of, arm, runs)
    if settings is None:
        return found[:0]
    return found if arm.mean_of else _with(found, arm, settings)


def missing(of: Table, runs=None) -> dict[str, int]:
    """Arm to the number of verdict runs that it still lacks; arms that have all are left out.

    What an averaged arm lacks is what its members lack: `course reference add` computes it from them.
    """

    def lacking(arm):
        if arm.mean_of:
            return max(lacking(of.arms[member]) for member in arm.mean_of)
        return len(of.verdict_seeds) - verdict_runs(of, arm, runs)["seed"].nunique()

    lacks = {name: lacking(arm) for name, arm in of.arms.items()}
    return {name: number for name, number in lacks.items() if number}


def verdicts(of: Table, metric: str = "accuracy", runs=None) -> dict:
    """(arm, against) to `Comparison`, for each comparison of a table that is measured in full.

    `metric` is "accuracy" (a fraction) or "loss" (cross-entropy). All comparisons of the table are
    one family, measured or not, so that a verdict does not change when others are added.
    """
    column = f"{of.judge}_{metric}"
    found = {}
    for arm, against in of.compare:
        sides = [verdict_runs(of, of.arms[name], runs) for name in (against, arm)]
        if all(set(side["seed"]) == set(of.verdict_seeds) for side in sides):
            figures = [dict(zip(s["seed"], s[column], strict=True)) for s in sides]
            found[arm, against] = compare(*figures, higher_is_better=metric == "accuracy")
    return as_family(found, size=len(of.compare))


def places(techniques, baseline, model: str) -> list[tuple[Table, str, str]]:
    """Where the protocol compares two sets of techniques of a network: (table, arm, against).

    What both sides have of `SURROUNDINGS` is the table's setting and no technique of theirs. Sides
    with unequal budgets do not count, unless the permission to go on is the technique; averages,
    which are no training, neither.
    """
    wanted = tuple(frozenset(parse_techniques(side)) for side in (techniques, baseline))
    found = []
    for of in tables().values():
        for pair in of.compare:
            arms = [of.arms[name] for name in pair]
            sides = [frozenset(parse_techniques(arm.techniques)) for arm in arms]
            around = sides[0] & sides[1] & SURROUNDINGS
            fair = arms[0].epochs == arms[1].epochs or "early_stopping" in sides[0]
            trained = not any(arm.mean_of or of.model_of(arm) != model for arm in arms)
            if trained and fair and tuple(side - around for side in sides) == wanted:
                found.append((of, *pair))
    return found


def unnamed(runs=None) -> list[str]:
    """Rows of the reference runs that no table of the protocol names, each in words."""
    runs = all_runs() if runs is None else runs
    problems = []
    for row in runs[runs["table"] != ""].itertuples():
        known = tables().get(row.table)
        arm = known.arms.get(row.arm) if known else None
        seeds = (*known.tuning_seeds, *known.verdict_seeds) if known else ()
        if arm is None or row.seed not in seeds:
            problems.append(f"{row.table}, {row.arm}, seed {row.seed}")
        elif row.precision != known.precision_of(arm):
            problems.append(f"{row.table}, {row.arm}, seed {row.seed} in {row.precision}")
    return problems


def differing(rows) -> str:
    """In words, in what the runs of one table differ that must be alike; "" where they agree."""
    alike = [(name, rows) for name in ALIKE]
    alike += [
        (name, one) for name, by in ALIKE_IN.items() for _, one in rows.groupby(by, dropna=False)
    ]
    for name, one in alike:
        values = list(map(str, one[name]))
        most = max(values, key=values.count, default="")
        if len(set(values)) > 1:
            runs = [
                f"{row['arm']}, seed {row['seed']} ({value})"
                for (_, row), value in zip(one.iterrows(), values, strict=True)
                if value != most
            ]
            more = f" and {len(runs) - 6} more" if len(runs) > 6 else ""
            return f"{name} is {most}, and another in {'; '.join(runs[:6])}{more}"
    return ""


# Which images each run got wrong

WRONG_COLUMNS = (*TABLE_KEY, "n", "wrong")


def wrong_row(record: Record) -> dict | None:
    """Which of the images that its table judges on a run got wrong, as a row of `reference/wrong.csv`.

    None for a record that does not hold its mistakes. Raises ProtocolError for one that does not say
    on how many images it was scored.
    """
    judge = table(record.table).judge
    mistakes = getattr(record, f"{judge}_mistakes")
    if mistakes is None:
        return None
    count = getattr(record, f"{judge}_n")
    if not count and judge == "compare" and record.compare_predictions:
        # Records of the first tables hold the predictions, and no number of images beside them.
        count = len(unpack(record.compare_predictions))
    if not count:
        raise ProtocolError(
            f"The record of {record.table}, {record.arm}, seed {record.seed} does not say on how many "
            f"images it was scored. Make the run again: course run --table {record.table}"
        )
    row, packed = row_of(record), pack_mistakes(mistakes, count)
    return {name: row[name] for name in TABLE_KEY} | {"n": count, "wrong": packed}


def wrong(of: Table, arm: Arm, folder=None):
    """Which images the verdict runs of an arm got wrong: bool, shape (seeds, images), seeds in order.

    `folder` holds runs.csv and wrong.csv, by default the course's own. Raises ProtocolError where a
    seed is missing.
    """
    import numpy as np

    folder = folder or REFERENCE
    runs, kept = (
        read_table(folder / f, c) for f, c in (("runs.csv", COLUMNS), ("wrong.csv", WRONG_COLUMNS))
    )
    judged = verdict_runs(of, arm, runs)
    found = judged.merge(kept, on=list(TABLE_KEY)).set_index("seed")
    lacking = set(of.verdict_seeds) - set(found.index)
    if lacking:
        raise ProtocolError(
            f"The mistakes of arm {arm.name} of table {of.name} are not kept for the seeds "
            f"{', '.join(map(str, sorted(lacking)))}. Make them: course run --table {of.name}"
        )
    rows = [found.loc[seed] for seed in of.verdict_seeds]
    return np.array([unpack_mistakes(row["wrong"], int(row["n"])) for row in rows])
