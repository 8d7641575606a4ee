"""The verdicts of tables as lesson 10 shows them: a figure, a sentence each, a word in a table."""

import functools
from dataclasses import replace

from course_utils import evidence, plots
from course_utils.evidence import protocol


@functools.cache
def verdicts(table: str, metric: str) -> dict:
    """(arm, against) to `evidence.Comparison`, of each measured pair of a table, also turned round."""
    found = protocol.verdicts(protocol.table(table), metric)
    return found | {
        pair[::-1]: replace(
            each,
            mean=-each.mean,
            low=-each.high,
            high=-each.low,
            differences=tuple(-difference for difference in each.differences),
        )
        for pair, each in found.items()
    }


def draw(pairs: dict, title: str, table: str = "fair_mnist") -> dict:
    """Draw the differences of accuracies of some pairs, and name those that are not yet measured.

    Args:
        pairs: a row's name to its (arm, against), either way round. What stands in brackets at the end of
            a name goes on a line of its own.
        title: of the figure.
        table: the name of the protocol's table that compares them.

    Returns:
        name to `evidence.Comparison`, of those that are measured. One alone is told by its sentence (`tell`)
        and gets no figure.
    """
    found = verdicts(table, "accuracy")
    known = {name: found[pair] for name, pair in pairs.items() if pair in found}
    rows = {name: name.replace(" (", "\n(") for name in known}
    if len(known) > 1:
        plots.intervals(
            {rows[name]: each for name, each in known.items()},
            title=f"{title} (thick: over seeds; thin: over seeds and images)",
            alt=f"{title}. "
            + "; ".join(f"{name}: {each.verdict}" for name, each in known.items())
            + ".",
            x="difference, points of accuracy (green: helps; orange: hurts; hollow: neither)",
            wider={
                rows[name]: evidence.with_images(protocol.table(table), pairs[name])
                for name in known
            },
        )
    waiting = [name for name in pairs if name not in known]
    if waiting:
        print(f"not yet measured: {', '.join(waiting)}")
    return known


def tell(pairs, table: str = "fair_mnist") -> None:
    """Print the sentence of each pair (arm, against), either way round, that is measured; a line a part."""
    said = _said(table)
    for pair in pairs:
        if pair in verdicts(table, "accuracy"):
            print(said[pair if pair in said else pair[::-1]].replace("; ", ";\n    "))


@functools.cache
def _said(table):
    """Every sentence of a table, worked out once: each has an interval over images, too."""
    return evidence.tell_all(protocol.table(table))


def word(table: str, arm: str, against: str, metric: str = "accuracy") -> str:
    """The verdict and the mean of one comparison: "helps (+0.52)", points or, for the metric "loss", nats.

    "…" where it is not yet measured, "–" where the protocol does not ask. A "†" marks a verdict of the t test
    that the sign flips alone would not give.
    """
    found = verdicts(table, metric).get((arm, against))
    if not found:
        asked = {(arm, against), (against, arm)} & set(protocol.table(table).compare)
        return "…" if asked else "–"
    mean = f"{100 * found.mean:+.2f}" if metric == "accuracy" else f"{found.mean:+.4f}"
    decided = found.verdict in ("helps", "hurts")
    return f"{found.verdict}{'†' if decided and not found.p_exact_adjusted < 0.05 else ''} ({mean})"
