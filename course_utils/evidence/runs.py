"""Reference runs: one row a run in `reference/runs.csv`, the source of every figure that is stated."""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# Where the protocol lies, and all that is kept of runs.
REFERENCE = Path(__file__).resolve().parents[1] / "reference"
COLUMNS = (
    "lesson",
    "model",
    "techniques",
    "mode",
    "seed",
    "data",
    "n_train",
    "epochs",
    "val_accuracy",
    "val_loss",
    "test_accuracy",
    "test_loss",
    "seconds",
    "peak_memory_mb",
    "backend",
    "precision",
    "hardware",
    "version",
    "keras_version",
    "data_sha256",
    "table",
    "arm",
    "learning_rate",
    "factor",
    "compare_accuracy",
    "compare_loss",
    "code",
)
WHOLE = {"seed", "n_train", "epochs", "n"}
NUMBERS = {"seconds", "peak_memory_mb", "learning_rate", "factor"} | {
    f"{kind}_{what}" for kind in ("val", "compare", "test") for what in ("accuracy", "loss")
}
METRIC_WORDS = {"val": "validation", "compare": "comparison"}
COST_COLUMNS = ("lesson", "mode", "hardware", "seconds", "peak_memory_mb", "version")


# Reference runs


def all_runs():
    """Every reference run, those of the protocol's tables too, as a pandas DataFrame with `COLUMNS`."""
    return _kept("runs.csv", COLUMNS).copy()


def runs_of_no_table():
    """The reference runs of no table of the protocol: the lessons' own and the first edition's.

    A pandas DataFrame with `COLUMNS`; empty text stays empty text. A table's runs, which
    `protocol.rows_of` gives, have other epochs and rates, and do not mix with these.
    """
    runs = all_runs()
    return runs[runs["table"] == ""]


def lesson_costs():
    """Whole-notebook costs as a pandas DataFrame with `COST_COLUMNS`; seconds, and MB (10^6 bytes).

    Of a notebook whose parameters choose what it trains, see `around_training`.
    """
    return _kept("costs.csv", COST_COLUMNS).copy()


def around_training(lesson: str) -> str:
    """The name under which the costs keep what a notebook takes before and after its training.

    Where parameters choose what is trained, no one time is that of the notebook, and it has no cost
    under its own name; the training's time stands in the reference runs, model by model.
    """
    return f"{lesson} around training"


def lesson_cost(lesson: str, mode: str, hardware: str | None = None) -> tuple[float, float] | None:
    """(seconds, peak MB) of a whole notebook on the machine that `measured_on` names, or None."""
    machine = measured_on(lesson, mode, hardware)
    if machine is None:
        return None
    costs = lesson_costs()
    there = (costs["mode"] == mode) & (costs["hardware"] == machine)
    costs = costs[there & (costs["lesson"] == lesson)]
    return float(costs["seconds"].median()), float(costs["peak_memory_mb"].median())


def measured_on(lesson: str, mode: str, hardware: str | None = None) -> str | None:
    """The machine whose cost of a lesson is the one to expect on `hardware`; None without any cost.

    It is `hardware` itself where the lesson was measured on it, or else the machine on which most
    lessons were: one for all lessons as far as can be, since times of two machines do not mix.
    """
    costs = lesson_costs()
    costs = costs[costs["mode"] == mode]
    machines = costs.loc[costs["lesson"] == lesson, "hardware"]
    if not len(machines):
        return None
    if (machines == hardware).any():
        return hardware
    return costs.loc[costs["hardware"].isin(machines), "hardware"].mode()[0]


def reference_runs(
    model: str,
    techniques: str,
    mode: str,
    data: str,
    lesson: str | None = None,
    metric: str | None = None,
    epochs: int | None = None,
):
    """Reference runs of one model, as a DataFrame; `lesson` narrows to one notebook's runs.

    `metric` narrows to those that have it: a run has a figure of the test set or of the comparison set.
    `epochs` narrows to those that trained for as many, unless early stopping ends each where it will.

    One row a seed, all of one backend and precision: of those that this model was trained with,
    the ones most frequent in this mode on these data, so that two sets of techniques get the same
    wherever both have it. A seed that was trained several times is kept once, so that no run counts
    double: a run with a figure of the test set first, then the one of more epochs, then by the names of
    notebook and hardware.
    """
    import pandas as pd

    runs = runs_of_no_table()
    setting = _setting(runs)
    alike = (runs["mode"] == mode) & (runs["data"] == data)
    wanted = alike & (runs["model"] == model) & (runs["techniques"] == techniques)
    if lesson is not None:
        wanted &= runs["lesson"] == lesson
    if metric is not None:
        wanted &= runs[metric].notna()
    stopped = "early_stopping" in techniques
    if epochs is not None and not stopped:
        wanted &= runs["epochs"] == epochs
    if wanted.any():
        wanted &= setting == setting[alike & setting.isin(setting[wanted])].mode()[0]
    kept = runs[wanted]
    less = 0 if stopped else -pd.to_numeric(kept["epochs"], errors="coerce")
    kept = kept.assign(untested=kept["test_accuracy"].isna(), less=less)
    order = ["seed", "untested", "less", "lesson", "hardware"]
    return kept.sort_values(order).drop_duplicates("seed").drop(columns=["untested", "less"])


def cost_words(model: str, techniques: str, mode: str, data: str) -> str:
    """What the reference runs cost and reached, in the middle: epochs, images, time, machine, accuracy."""
    runs = reference_runs(model, techniques, mode, data, metric="test_accuracy")
    if not len(runs):
        return "not yet measured"
    middle = runs[["epochs", "n_train", "seconds", "test_accuracy"]].median()
    took = f"{middle['seconds']:.0f} seconds"
    if middle["seconds"] > 180:
        took = f"{middle['seconds'] / 60:.0f} minutes"
    return (
        f"{middle['epochs']:.0f} epochs of {middle['n_train']:,.0f} images, {took} "
        f"({runs['hardware'].iloc[0]}, {runs['precision'].iloc[0]}), {middle['test_accuracy']:.1%} of the "
        "test images"
    )


def _setting(runs):
    """Backend and precision of each run in one text; figures of different ones do not compare."""
    return runs["backend"].astype(str) + " " + runs["precision"].astype(str)


def metric_words(metric: str) -> str:
    """A column's name as a reader says it: "comparison accuracy" for compare_accuracy."""
    kind, _, what = metric.partition("_")
    return f"{METRIC_WORDS.get(kind, kind)} {what}"


@dataclass(frozen=True)
class ExpectedRange:
    """Where one more run is expected: a 95 % prediction interval from `n` reference runs."""

    low: float
    high: float
    mean: float
    n: int
    metric: str

    def __contains__(self, value):
        return self.low <= value <= self.high

    def sentence(self, value: float) -> str:
        """Say where `value` lies, as percentages for accuracies and plain numbers for losses."""
        form = "{:.2%}" if self.metric.endswith("accuracy") else "{:.4f}"
        shown, low, high = (form.format(v) for v in (value, self.low, self.high))
        where = "inside" if value in self else "below" if value < self.low else "above"
        return (
            f"Your {metric_words(self.metric)} {shown} lies {where} the range {low} to {high} "
            f"expected from {self.n} reference runs."
        )


def expected_range(
    model: str,
    techniques: str,
    mode: str,
    data: str,
    metric: str = "test_accuracy",
    lesson: str | None = None,
    epochs: int | None = None,
) -> ExpectedRange | None:
    """Range in which one more run's `metric` should fall, or None with fewer than 3 runs.

    The interval is mean +- t(0.975, n - 1) * s * sqrt(1 + 1 / n), the standard prediction interval
    for one more draw from a normal distribution, cut to [0, 1] for accuracies. Only runs of the
    same mode and data count; with `epochs`, those of the run in question, only such as trained for as
    many (see `reference_runs`).
    """
    from scipy import stats

    runs = reference_runs(model, techniques, mode, data, lesson, metric, epochs)
    values = runs[metric].to_numpy(float)
    n = len(values)
    if n < 3:
        return None
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    half = float(stats.t.ppf(0.975, n - 1)) * spread * math.sqrt(1 + 1 / n)
    low, high = max(0.0, mean - half), mean + half
    if metric.endswith("accuracy"):
        high = min(1.0, high)
    return ExpectedRange(low, high, mean, n, metric)


# What was printed or run by hand, which no verdict rests on


def article_log():
    """The training logs that article A prints: "baseline" and "all_six" -> a pandas DataFrame.

    A row an epoch, counted from 1 in the index. Columns: seconds, loss, accuracy, val_loss,
    val_accuracy; accuracies are fractions.
    """
    return _by_run("article_a_log.csv")


def by_hand():
    """Three full-size runs of all six, made by hand: what differs -> a pandas DataFrame.

    A row an epoch, counted from 1 in the index. Columns: loss, cross_entropy (without the penalty),
    accuracy, and val_ and test_ cross_entropy and accuracy; accuracies are fractions.
    """
    return _by_run("by_hand.csv")


def _by_run(name):
    import pandas as pd

    # The lines that begin with # say where the figures are from.
    with (REFERENCE / name).open(encoding="utf-8") as file:
        rows = pd.read_csv(file, comment="#", index_col="epoch")
    return {run: of_run.drop(columns="run") for run, of_run in rows.groupby("run", sort=False)}


@lru_cache(maxsize=2)
def _kept(name, columns):
    """A table as it is read once; whoever asks gets a copy of their own to change."""
    return read_table(REFERENCE / name, columns)


def read_table(path, columns, numbers=frozenset(NUMBERS)):
    """A table of the reference as a DataFrame; without the file an empty one with these columns.

    An empty cell is a missing number in the columns of `numbers` and an empty text elsewhere.
    """
    import pandas as pd

    if not path.is_file():
        return pd.DataFrame(columns=list(columns))
    numbers = numbers & set(columns)
    # Hexadecimal digits may look like a number, and a column without an entry like anything.
    kinds = {name: float if name in numbers else str for name in columns if name not in WHOLE}
    with path.open(encoding="utf-8") as file:
        return pd.read_csv(
            file, keep_default_na=False, na_values={name: [""] for name in numbers}, dtype=kinds
        )
