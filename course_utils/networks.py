"""The course's networks and techniques by name: what they are called, and what their sources say.

The one list that lessons, batches, tables and site read. No framework is loaded; `models` builds.
"""

from collections.abc import Iterable
from dataclasses import dataclass

TECHNIQUES = ("l2", "he_init", "batch_norm", "augmentation", "ensemble", "early_stopping")
# What the articles do not use and an ablation can add: a learning rate that falls to zero; as many
# epochs as early stopping allows, without stopping; the model's dropout left out; AdamW's weight
# decay; batch normalisation of the input alone, in the place of the division by 255.
FURTHER = ("cosine_decay", "long_training", "no_dropout", "weight_decay", "input_norm")
# What readers call them.
TITLES = {
    "l2": "L2",
    "he_init": "He initialisation",
    "batch_norm": "batch normalisation",
    "augmentation": "augmentation",
    "ensemble": "ensemble",
    "early_stopping": "early stopping",
    "cosine_decay": "falling learning rate",
    "long_training": "long training",
    "no_dropout": "no dropout",
    "weight_decay": "weight decay",
    "input_norm": "normalised input",
}
ALL_SIX = "+".join(TECHNIQUES)
# Beyond the articles: a learning rate that falls to zero, in the place of early stopping.
FALLING_RATE = ALL_SIX.replace("early_stopping", "cosine_decay")


@dataclass(frozen=True)
class Network:
    """A network of the course, and what its source says of it.

    Attributes:
        title: what readers call it.
        data: "mnist" or "cifar10".
        lesson: the notebook that introduces it.
        article: the source's accuracy in its own words, "" where there is none.
        batch_size, epochs: the source's training.
        few_epochs: what its reference runs train in reduced mode; its lesson may train less.
        source: what that source is, an article or an answer on a site of questions.
        reference: the notebook that makes its runs for the protocol's tables; "" for a network that
            its lesson alone builds, which cannot be in a table.
    """

    title: str
    data: str
    lesson: str
    article: str
    batch_size: int
    epochs: int
    few_epochs: int
    source: str = "article"
    reference: str = "ablation"


# The dropout CNN's listing asks for 200 epochs, of which the course trains a quarter.
NETWORKS = {
    "mlp": Network("perceptron", "mnist", "01_mlp", "98 %", 128, 20, 10),
    "baseline_cnn": Network("baseline CNN", "mnist", "02_baseline_cnn", "99.12 %", 128, 12, 6),
    "dropout_cnn": Network("dropout CNN", "cifar10", "11_cifar10_dropout", "78.6 %", 32, 50, 6),
    "all_conv": Network(
        "all-conv", "cifar10", "12_all_conv", "77.5 % (validation)", 256, 50, 5, source="answer"
    ),
    "small_all_conv": Network(
        "small all-conv",
        "cifar10",
        "13_small_all_conv",
        "70 %",
        256,
        50,
        10,
        source="answer",
    ),
    "deep_all_conv": Network(
        "lesson 14's deeper all-conv",
        "cifar10",
        "14_fighting_overfitting",
        "",
        64,
        80,
        6,
        reference="",
    ),
    # The source's figure was reached after 9.9 epochs, chosen by the test images themselves.
    "fast_cnn": Network(
        "lesson 16's fast network", "cifar10", "16_fast", "94 %", 512, 18, 2, reference="ladder"
    ),
    "fast_digits": Network(
        "the fast network on digits", "mnist", "16_fast", "", 512, 12, 2, reference="ladder"
    ),
}


def article_words(model: str, techniques: str = "") -> str:
    """The source's accuracy as it stands there, such as "98 %", or an empty text."""
    if (model, techniques) == ("baseline_cnn", ALL_SIX):
        return "99.47 %"
    return NETWORKS[model].article if model in NETWORKS and not techniques else ""


def article_figure(model: str, techniques: str = "") -> float | None:
    """The source's accuracy as a fraction, or None."""
    words = article_words(model, techniques)
    return float(f"{words.partition(' %')[0]}e-2") if words else None


def parse_techniques(techniques):
    """Return the named techniques as a tuple in the order of TECHNIQUES and FURTHER, each once.

    Args:
        techniques: names joined by "+", such as "l2+batch_norm", or an iterable of names;
            "", "none", "plain" or None for none of them.

    Raises:
        ValueError: for a name that is in neither, or for something that is no names at all.
    """
    known = TECHNIQUES + FURTHER
    if techniques is None or isinstance(techniques, str):
        text = (techniques or "").strip()
        names = [] if text in ("", "none", "plain") else [name.strip() for name in text.split("+")]
    else:
        names = techniques
    if not isinstance(names, Iterable):
        raise ValueError(
            f"techniques={techniques!r} is neither a text nor a collection of names. Expected any of "
            f"{', '.join(known)}, joined by '+'."
        )
    names = list(names)
    for name in names:
        if name not in known:
            raise ValueError(
                f"techniques={techniques!r}: {name!r} is not a technique. Expected any of "
                f"{', '.join(known)}, joined by '+'."
            )
    return tuple(name for name in known if name in names)


def techniques_label(techniques):
    """Return the techniques joined by "+" in the order of `parse_techniques`, "" for none."""
    return "+".join(parse_techniques(techniques))
