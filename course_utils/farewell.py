"""What the course has found, in ten sentences whose numbers come from the stored runs."""

from course_utils import evidence
from course_utils.evidence import protocol
from course_utils.evidence.worth import worth_in_images
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

    Accuracies are percentages on the test set or differences in points on the comparison set, as the
    protocol's tables have them.
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


def _knows_neighbours():
    what = "A perceptron, and a network that knows what a neighbour is"
    perceptron, cnn = _mean("mlp"), _mean("baseline_cnn")
    if not perceptron or not cnn:
        return f"{what}: {MISSING}."
    return (
        f"{what}: trained on 5,000 digits they read {perceptron} and {cnn} of the test set right."
    )


def _compared(what, table, arm, against):
    found = protocol.verdicts(protocol.table(table)).get((arm, against))
    return found.sentence(what) if found else f"{what}: {MISSING}."


def _worth():
    found = worth_in_images("curve_mnist", "augmentation")
    what = "To shift the digits that one has"
    return found.sentence(what) if found else f"How many more digits shifting is worth: {MISSING}."


def _article():
    here, says = _mean("baseline_cnn", ALL_SIX, "full"), article_words("baseline_cnn", ALL_SIX)
    what = f"The article's six techniques on all of MNIST: {says.replace(' %', '%')} there"
    return f"{what}, {here or MISSING} here."
