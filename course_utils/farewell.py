"""What the course has found, in ten sentences whose numbers come from the stored runs."""

from course_utils import evidence
from course_utils.evidence import protocol
from course_utils.evidence.telling import JUDGED_ON
from course_utils.evidence.worth import accuracies, worth_in_images
from course_utils.networks import ALL_SIX, article_words

MISSING = "not yet measured"
# What is said of a comparison: the table, its arm and what it is held against, in a reader's words.
COMPARED = (
    ("An L2 penalty beside the baseline", "fair_mnist", "l2", "baseline"),
    ("He's start in the place of Glorot's", "fair_mnist", "he_init", "baseline"),
    ("Batch normalisation", "fair_mnist", "batch_norm", "baseline"),
    ("Shifted digits", "fair_mnist", "augmentation", "baseline"),
    ("Three networks trained as one, in the place of one", "fair_mnist", "ensemble", "baseline"),
    ("Stopping early, against going on to the end", "early_stopping", "stopped", "to_the_end"),
    ("All of these but the stop, together", "fair_mnist", "all", "baseline"),
)


def sentences() -> list[str]:
    """Ten sentences; of what nobody has measured yet they say so.

    Accuracies are percentages, or differences in points as the protocol's tables have them; each sentence
    names the set that they are of. In all but the last the first brackets say how the networks were trained.
    """
    return [
        _knows_neighbours(),
        *(_compared(*each) for each in COMPARED),
        _worth(),
        _article(),
    ]


def _mean(model, techniques="", mode="reduced", data="mnist"):
    """Mean test accuracy over the reference runs in words, with their number; None without any."""
    found = evidence.reference_runs(model, techniques, mode, data)["test_accuracy"].dropna()
    runs = "1 run" if len(found) == 1 else f"{len(found)} runs"
    return f"{found.mean():.2%} ({runs})" if len(found) else None


def _whole(runs, column):
    """The different whole numbers in a column of several sets of runs, in the order of these sets."""
    return list(dict.fromkeys(int(value) for found in runs for value in found[column].dropna()))


def _knows_neighbours():
    what = "A perceptron, and a network that knows what a neighbour is"
    perceptron, cnn = _mean("mlp"), _mean("baseline_cnn")
    if not perceptron or not cnn:
        return f"{what}: {MISSING}."
    runs = [
        evidence.reference_runs(model, "", "reduced", "mnist") for model in ("mlp", "baseline_cnn")
    ]
    digits = " and ".join(f"{number:,}" for number in _whole(runs, "n_train"))
    epochs = " and ".join(map(str, _whole(runs, "epochs")))
    return (
        f"{what} ({digits} digits, {epochs} epochs, one constant rate): they read {perceptron} and "
        f"{cnn} of the test set right."
    )


def _trained(of, *arms):
    """How the networks of these arms of a table were trained, in words."""
    runs = [protocol.verdict_runs(of, of.arms[arm]) for arm in arms]
    digits = " and ".join(f"{number:,}" for number in _whole(runs, "n_train"))
    lengths = _whole(runs, "epochs")
    epochs = f"{'up to ' if len(lengths) > 1 else ''}{max(lengths)} epochs"
    # What the two kinds of table do is said at the head of the protocol.
    rate = "falling rate tuned for each" if of.kind == "fair" else "one constant rate"
    bare = all("no_dropout" in of.arms[arm].techniques for arm in arms)
    return f"{digits} digits, {epochs}, {rate}{', no dropout' if bare else ''}"


def _compared(what, table, arm, against):
    of = protocol.table(table)
    found = protocol.verdicts(of).get((arm, against))
    if not found:
        return f"{what}: {MISSING}."
    told = found.sentence(f"{what} ({_trained(of, arm, against)})")
    return told.replace(" points", f" points on the {JUDGED_ON[of.judge]}", 1)


def _worth():
    of = protocol.table("curve_mnist")
    found = worth_in_images(of, "augmentation")
    if not found:
        return f"How many more digits shifting is worth: {MISSING}."
    alone = list(accuracies(of, "baseline")[found.at].values())
    what = (
        f"To shift the digits that one has (as many steps as {of.epochs} epochs on {of.n_train:,} "
        "take, rates tuned there)"
    )
    return (
        f"{found.sentence(what)} With {found.at:,} the baseline reads {sum(alone) / len(alone):.2%} of "
        "the comparison set right."
    )


def _article():
    here, says = _mean("baseline_cnn", ALL_SIX, "full"), article_words("baseline_cnn", ALL_SIX)
    what = f"The article's six techniques on all of MNIST: {says.replace(' %', '%')} of the test set there"
    of = protocol.table("best_mnist")
    best = protocol.verdict_runs(of, of.arms["averaged"])["test_accuracy"]
    ours = f"{best.mean():.2%} ({len(best)} runs)" if len(best) else MISSING
    return f"{what}, {here or MISSING} here; lesson 16's network for digits: {ours}."
