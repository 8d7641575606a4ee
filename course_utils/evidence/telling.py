"""A verdict of the protocol as one plain sentence: what lessons, the site and `course` print."""

import math

from course_utils.evidence import protocol
from course_utils.evidence.comparison import over_seeds_and_images
from course_utils.evidence.runs import COLUMNS, read_table
from course_utils.networks import TITLES

# What readers call the arms that are not named after a technique, or that need more words than it.
ARM_TITLES = TITLES | {
    "no_dropout": "without its dropout",
    "ensemble": "joint ensemble",
    "ensemble_independent": "independent ensemble",
    "longer": "one network for longer",
    "five": "five together",
    "five_falling": "five and a falling rate",
    "baseline_falling": "baseline with a falling rate",
    "all": "five and a joint ensemble",
}
JUDGED_ON = {"compare": "comparison set", "test": "test set"}


def arm_words(name: str) -> str:
    """An arm's name as readers write it: "five_without_l2" is "five without L2"."""
    if name in ARM_TITLES:
        return ARM_TITLES[name]
    for key, title in TITLES.items():
        name = name.replace(f"without_{key}", f"without {title}")
    return name.replace("_", " ")


def tell(table, arm: str, against: str, unpaired: bool = False, folder=None) -> str:
    """One comparison of a table, as one sentence.

    It gives the difference of the accuracies in points, its interval over seeds and the one over seeds
    and images, p by the t test and the verdict after Holm, p by sign flips, and the same of the
    cross-entropies. Semicolons part these. What is not yet measured is said to be.

    Args:
        table: a table of the protocol, or its name.
        arm, against: one of its comparisons.
        unpaired: whether the interval that ignores the pairs stands beside the others.
        folder: holds runs.csv and wrong.csv, by default the course's own.

    Raises:
        ProtocolError: a comparison that the protocol did not announce.
    """
    of = _announced(table, arm, against)
    return tell_all(of, unpaired, folder)[arm, against]


def tell_briefly(table, arm: str, against: str, folder=None) -> str:
    """One comparison of a table for readers who have met intervals and no tests: no p, no verdict.

    It gives the difference of the accuracies in points and one interval, the one over seeds and images
    where the mistakes are kept, that of the cross-entropies over seeds, what was tuned for each side, and
    in plain words on which side of zero the intervals lie. Arguments and errors are those of `tell`.
    """
    of = _announced(table, arm, against)
    found, loss = (
        protocol.verdicts(of, metric, _runs(folder)).get((arm, against))
        for metric in ("accuracy", "loss")
    )
    name = _name(of, (arm, against))
    if found is None:
        return f"{name}: not yet measured."
    difference = f"{name}: {100 * found.mean:+.2f} points of accuracy"
    tuned = _tuned(of, (against, arm), _runs(folder))
    if not found.has_interval:
        return f"{difference} in each of {found.n} paired seeds.{tuned}"
    images = with_images(of, (arm, against), folder)
    ends, over = (
        ((found.low, found.high), "seeds") if images is None else (images, "seeds and images")
    )
    right = (
        "more right answers"
        if min(ends) > 0
        else "fewer right answers"
        if max(ends) < 0
        else "no clear difference in right answers"
    )
    lower = (
        "lower, so better"
        if loss.high < 0
        else "higher, so worse"
        if loss.low > 0
        else "no clear difference"
    )
    return (
        f"{difference}, 95 % interval {_interval(*ends, 100)} over {over}, {found.n} paired seeds; "
        f"cross-entropy {loss.mean:+.4f}, {_interval(loss.low, loss.high)} over seeds.{tuned}\n"
        f"In plain words: {right}; in cross-entropy {lower}."
    )


def _tuned(of, names, runs):
    """The settings that were tuned for each of two arms, as a sentence; empty where nothing was."""
    found = [protocol.chosen(of, of.arms[name], runs) for name in names]
    if of.kind != "fair" or not all(found):
        return ""
    said = [
        " and ".join(
            f"{'rate' if key == 'learning_rate' else 'λ'} {value:g}" for key, value in each.items()
        )
        for each in found
    ]
    sides = [f"{arm_words(name)} {words}" for name, words in zip(names, said, strict=True)]
    return f"\nTuned for each: {', '.join(sides)}."


def _announced(table, arm, against):
    """The table, if it compares the two arms."""
    of = protocol.table(table) if isinstance(table, str) else table
    if (arm, against) not in of.compare:
        known = "; ".join(f"{one} against {other}" for one, other in of.compare) or "none"
        raise protocol.ProtocolError(
            f"Table {of.name} does not compare {arm} against {against}. Its comparisons: {known}"
        )
    return of


def tell_all(of, unpaired: bool = False, folder=None) -> dict[tuple[str, str], str]:
    """(arm, against) to the sentence of `tell`, for every comparison of a table."""
    accuracy, loss = (
        protocol.verdicts(of, metric, _runs(folder)) for metric in ("accuracy", "loss")
    )
    said = {}
    for pair in of.compare:
        if pair in accuracy:
            images = with_images(of, pair, folder)
            words = _accuracy(accuracy[pair], images, unpaired) + _loss(loss[pair])
        else:
            words = "not yet measured"
        said[pair] = f"{_name(of, pair)}: {words}."
    return said


def tell_runs(table: str, folder=None) -> str:
    """What each run of a table reached on the test set, and in what time, a line each; then their mean.

    Two runs or more have the 95 % interval of their mean over seeds, by Student's t. Without any it says
    "not yet measured". `folder` as `tell` takes it.
    """
    runs = protocol.rows_of(table, runs=_runs(folder))
    lines = [
        f"{run.data}, seed {run.seed}: {run.seconds / 60:.0f} minutes ({run.hardware}), "
        f"{run.test_accuracy:.2%}"
        for run in runs.itertuples()
    ]
    if len(runs) > 1:
        from scipy import stats

        low, high = stats.ttest_1samp(runs["test_accuracy"], 0).confidence_interval()
        mean = runs["test_accuracy"].mean()
        lines.append(
            f"mean of {len(runs)}: {mean:.2%}, 95 % interval {low:.2%} to {min(high, 1):.2%}"
        )
    return "\n".join(lines) or "not yet measured"


def _runs(folder):
    return None if folder is None else read_table(folder / "runs.csv", COLUMNS)


def _name(of, pair):
    arm, against = map(arm_words, pair)
    return f"{arm} against {against} ({of.name}, {JUDGED_ON[of.judge]})"


def with_images(of, pair, folder=None):
    """Ends of the interval for other seeds and other images, or None where mistakes are not kept.

    Fractions, of the pair (arm, against) of the table `of`; `folder` as `tell` takes it.
    """
    try:
        sides = [protocol.wrong(of, of.arms[name], folder) for name in (pair[1], pair[0])]
    except protocol.ProtocolError:
        return None
    return over_seeds_and_images(*sides)[1:]


def _accuracy(found, images, unpaired):
    if not found.has_interval:
        return (
            f"{100 * found.mean:+.2f} points of accuracy in each of {found.n} paired seeds, without "
            f"spread to judge by: {found.verdict}"
        )
    over = [f"{_interval(found.low, found.high, 100)} over {found.n} paired seeds"]
    if images is not None:
        over.append(f"{_interval(*images, 100)} over seeds and images")
    if unpaired:
        over.append(f"{_interval(found.unpaired_low, found.unpaired_high, 100)} without the pairs")
    return (
        f"{100 * found.mean:+.2f} points of accuracy, 95 % interval {', '.join(over)}; "
        f"{p_words(found.p)} by t{_holm(found, found.p_adjusted, f' among {found.family} comparisons')}: "
        f"{found.verdict} "
        f"(by sign flips {p_words(found.p_exact)}{_holm(found, found.p_exact_adjusted)})"
    )


def _loss(found):
    if not found.has_interval:
        return f"; on cross-entropy {found.mean:+.4f} in each: {found.verdict}"
    return (
        f"; on cross-entropy {found.mean:+.4f}, {_interval(found.low, found.high)}, {p_words(found.p)}"
        f"{_holm(found, found.p_adjusted)}: {found.verdict} "
        f"(by sign flips {p_words(found.p_exact)}{_holm(found, found.p_exact_adjusted)})"
    )


def _holm(found, adjusted, among=""):
    """What Holm's correction makes of a p value; nothing where there is one comparison to correct for."""
    return f", {p_number(adjusted)} after Holm{among}" if found.family > 1 else ""


def _interval(low, high, scale=1):
    form = "+.2f" if scale == 100 else "+.4f"
    return f"{scale * low:{form}} to {scale * high:{form}}"


def p_words(value: float) -> str:
    """A p value in words: "p = 0.012", "p below 0.001", "p unknown"."""
    number = p_number(value)
    return f"p = {number}" if number[0].isdecimal() else f"p {number}"


def p_number(value: float) -> str:
    """A p value without its "p": "0.012", "0.0014", "below 0.001", "unknown".

    Two digits at least, so that whoever multiplies it by a table's size gets what Holm's correction says.
    """
    if math.isnan(value):
        return "unknown"
    return "below 0.001" if value < 0.001 else f"{value:.2g}" if value < 0.01 else f"{value:.3f}"
