"""The README's scoreboard: reference runs beside the articles' figures, so that none is typed."""

from pathlib import Path

from course_utils import evidence
from course_utils.data import JPEG_COPY
from course_utils.errors import CourseError

BEGIN, END = "<!-- scoreboard -->", "<!-- /scoreboard -->"
MODELS = {
    ("mlp", ""): ("perceptron", "mnist"),
    ("baseline_cnn", ""): ("baseline CNN", "mnist"),
    ("baseline_cnn", "cosine_decay"): ("baseline CNN, falling learning rate", "mnist"),
    ("baseline_cnn", evidence.ALL_SIX): ("all six techniques", "mnist"),
    ("baseline_cnn", evidence.FALLING_RATE): ("five of them, falling learning rate", "mnist"),
    ("dropout_cnn", ""): ("dropout CNN", "cifar10"),
    ("all_conv", ""): ("all-conv", "cifar10"),
    ("small_all_conv", ""): ("small all-conv", "cifar10"),
    ("small_all_conv", evidence.ALL_SIX): ("small all-conv with all six techniques", "cifar10"),
    ("deep_all_conv", ""): ("lesson 14's deeper all-conv", "cifar10"),
}
# The data on which a model may have been measured, as records name them, and for readers.
SOURCES = {
    "mnist": {"mnist": "MNIST"},
    "cifar10": {
        f"cifar10 ({JPEG_COPY})": f"CIFAR-10 ({JPEG_COPY})",
        "cifar10": "CIFAR-10 (originals)",
    },
}


def table() -> str:
    """The scoreboard as a Markdown table; one line saying so when nothing was measured yet.

    A model has one row for each source of data that it was measured on, so that originals and
    re-encoded copies are never mixed.
    """
    lines = []
    for (model, techniques), (name, data) in MODELS.items():
        figure = evidence.article_words(model, techniques)
        for label, title in SOURCES[data].items():
            cells = [_cell(model, techniques, mode, label) for mode in ("full", "reduced")]
            if any(cells):
                shown = " | ".join(cell or "not yet measured" for cell in cells)
                lines.append(f"| {name} | {title} | {figure} | {shown} |")
    if not lines:
        return "No reference runs yet."
    head = [
        "| model | data | article | full mode | reduced mode |",
        "| --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *lines])


def _cell(model, techniques, mode, label):
    runs = evidence.reference_runs(model, techniques, mode, label)
    accuracies = runs["test_accuracy"].dropna()
    if not len(accuracies):
        return ""
    if len(accuracies) == 1:
        return f"{100 * accuracies.iloc[0]:.2f} % (1 run)"
    return (
        f"{100 * accuracies.mean():.2f} ± {100 * accuracies.std():.2f} % ({len(accuracies)} runs)"
    )


def updated(text: str) -> str:
    """A README's text with the scoreboard as it should be; raises CourseError without its markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise CourseError(
            f"README.md has no place for the scoreboard: expected the lines {BEGIN} and {END}. "
            "Put them back, then: course report --readme"
        )
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def write(readme: Path, check: bool = False) -> bool:
    """Bring a README up to date, or with `check` only look; returns whether it was up to date.

    Raises CourseError when it cannot be read or has no markers.
    """
    from course_utils import files as disk

    try:
        text = readme.read_text(encoding="utf-8")
    except OSError as error:
        raise CourseError(
            f"{readme} cannot be read ({error.strerror}). Run this in the course's folder."
        ) from error
    wanted = updated(text)
    if wanted != text and not check:
        disk.write_atomically(readme, wanted.encode())
    return wanted == text
