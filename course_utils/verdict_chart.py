"""The verdicts of tables as lesson 10 shows them: a figure, a table, and a word in another."""

import functools
import textwrap
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


@functools.cache
def _images(table, pair):
    """Ends of the interval of a pair for other seeds and other images; None where mistakes are not kept."""
    return evidence.with_images(protocol.table(table), pair)


def draw(pairs: dict, title: str, table: str = "fair_mnist", company: dict | None = None) -> dict:
    """Draw the differences of accuracies of some pairs, and name those that are not yet measured.

    A verdict has its colour: green helps, orange hurts, grey is no detectable difference. A hollow dot
    in one of the two colours is suggestive. Small dots are the single seeds' differences.

    Args:
        pairs: a row's name to its (arm, against), either way round. What stands in brackets at the end of
            a name goes on a line of its own.
        title: of the figure.
        table: the name of the protocol's table that compares them.
        company: likewise, of what is drawn as a square below the dot of the same row.

    Returns:
        name to `evidence.Comparison`, of those of `pairs` that are measured. One alone gets no
        figure: its row in a table tells it.
    """
    found = verdicts(table, "accuracy")
    sides = {"alone": pairs} | ({"in company": company} if company else {})
    known = {
        where: {name: pair for name, pair in side.items() if pair in found}
        for where, side in sides.items()
    }
    if sum(map(len, known.values())) > 1:
        _figure(known, title, table)
    waiting = [
        f"{name}, in company" if side is company else name
        for where, side in sides.items()
        for name in side
        if name not in known[where]
    ]
    if waiting:
        print(f"not yet measured: {', '.join(waiting)}")
    return {name: found[pair] for name, pair in known["alone"].items()}


def _figure(known, title, table):
    """Show a row for each name, with a mark for each side ("alone", "in company") that it has."""
    found = verdicts(table, "accuracy")
    both = len(known) > 1
    names = list(dict.fromkeys(name for side in known.values() for name in side))
    drawn, axes = plots.figure(height=1.5 + (0.58 if both else 0.44) * len(names))
    said, wider = [], False
    for (where, side), mark, up in zip(known.items(), "os", (0.22, -0.2), strict=False):
        for name, pair in side.items():
            each, images = found[pair], _images(table, pair)
            row = len(names) - 1 - names.index(name) + (up if both else 0.1)
            colour, inside = plots.verdict_look(each)
            # Round or square caps would lengthen a line by its own width, across zero where it ends near it.
            look = {"color": colour, "solid_capstyle": "butt"}
            if images:
                wider = True
                ends = [100 * end for end in images]
                axes.plot(ends, [row, row], linewidth=1, marker="|", markersize=9, **look)
            axes.plot([100 * each.low, 100 * each.high], [row, row], linewidth=2.6, **look)
            axes.plot(
                100 * each.mean, row, mark, color=colour, markerfacecolor=inside, markersize=7
            )
            seeds = [100 * difference for difference in each.differences]
            below = row - (0.17 if both else 0.3)
            axes.plot(seeds, [below] * len(seeds), "o", color="#666666", alpha=0.5, markersize=2.4)
            place = f"{name}, {where}" if both else name
            said.append(f"{place}: {each.verdict} ({100 * each.mean:+.2f})")
    axes.axvline(0, color="black", linewidth=1)
    axes.set_yticks(range(len(names)), [name.replace(" (", "\n(") for name in names[::-1]])
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.grid(alpha=0.25, axis="x" if both else "both")
    for between in range(1, len(names)) if both else ():
        axes.axhline(between - 0.5, color="#cccccc", linewidth=0.8)
    shapes = " (round: alone; square: in company)" if both else ""
    kinds = "thick over seeds, thin over seeds and images" if wider else "over seeds"
    drawn.supxlabel(
        f"difference, points of accuracy{shapes}\n"
        f"95 % intervals: {kinds}; small dots: single seeds\n"
        "green: helps; orange: hurts (hollow: suggestive); grey: no detectable difference",
        fontsize=10,
    )
    drawn.suptitle(textwrap.fill(title, 76), fontsize=11)
    plots.show(drawn, f"{title}. {'; '.join(said)}.")


def tell(pairs: dict, table: str = "fair_mnist") -> None:
    """Show the pairs that are measured as a table in a notebook, a row each: difference, interval, verdict.

    Signs are those of `draw`, marks those of `word`. What the verdicts rest on is folded below: of each pair,
    as the protocol has it, what `evidence.tell_all` says, and what tuning chose for both sides. Where no
    pair is measured nothing is shown.
    """
    from IPython.display import HTML, display

    of, found = protocol.table(table), verdicts(table, "accuracy")
    pairs = {name: pair for name, pair in pairs.items() if pair in found}
    if not pairs:
        return
    told = evidence.tell_all(of)
    short = [("technique", "points (95 % interval over seeds)", "verdict")]
    tried = ", ".join(map(str, of.rates)) or "one"
    sides = f"both sides took (rates tried: {tried})"
    full = [("comparison (table, judged on)", "accuracy", "tests", "cross-entropy", sides)]
    for name, pair in pairs.items():
        each, asked = found[pair], pair if pair in of.compare else pair[::-1]
        ends = f" ({100 * each.low:+.2f} to {100 * each.high:+.2f})" if each.has_interval else ""
        short.append(
            (name, f"{100 * each.mean:+.2f}{ends}", f"{each.verdict}{_marks(table, pair, each)}")
        )
        title, said = told[asked].rstrip(".").split(": ", 1)
        full.append((title, *said.split("; "), " / ".join(_chosen(of, arm) for arm in asked)))
    fold = f"The numbers behind it (or: <code>course reference show {table}</code>)"
    display(HTML(f"{_html(*short)}<details><summary>{fold}</summary>{_html(*full)}</details>"))


def tabulate(head, *rows) -> None:
    """Show rows of cells as a table in a notebook; a cell that begins with a verdict has its colour."""
    from IPython.display import HTML, display

    display(HTML(_html(head, *rows)))


def _html(head, *rows):
    cells = [[f"<th>{cell}</th>" for cell in head]]
    cells += [[f"<td{_edge(cell)}>{cell}</td>" for cell in row] for row in rows]
    lines = "\n".join(f"<tr>{''.join(row)}</tr>" for row in cells)
    return f"<table>\n{lines}\n</table>"


def _edge(cell):
    """The colour of the verdict that a cell begins with, as its left edge: legible on white and on black."""
    green, orange = plots.COLOURS[2], plots.COLOURS[1]
    edges = {"helps": f"solid {green}", "hurts": f"solid {orange}", "suggestive": "dashed #888888"}
    edge = next((edges[verdict] for verdict in edges if str(cell).startswith(verdict)), None)
    return f' style="border-left: 4px {edge}"' if edge else ""


def _chosen(of, name):
    """What tuning chose for an arm, in words; of an average, for its first member."""
    arm = of.arms[of.arms[name].mean_of[0] if of.arms[name].mean_of else name]
    words = ", ".join(
        f"{key.replace('learning_', '')} {value:g}"
        for key, value in protocol.chosen(of, arm).items()
    )
    return words + (f" (tried: {', '.join(map(str, arm.factors))})" if arm.factors else "")


def word(table: str, arm: str, against: str, metric: str = "accuracy") -> str:
    """The verdict and the mean of one comparison: "helps (+0.52)", points or, for the metric "loss", nats.

    "…" where it is not yet measured, "–" where the protocol does not ask. A "†" marks a verdict of the t test
    that the sign flips alone would not give, a "‡" two sides whose tuned learning rates differ.
    """
    found = verdicts(table, metric).get((arm, against))
    if not found:
        asked = {(arm, against), (against, arm)} & set(protocol.table(table).compare)
        return "…" if asked else "–"
    mean = f"{100 * found.mean:+.2f}" if metric == "accuracy" else f"{found.mean:+.4f}"
    return f"{found.verdict}{_marks(table, (arm, against), found)} ({mean})"


def _marks(table, pair, found):
    """A "†" behind a verdict that the sign flips alone would not give, and the "‡" of `_rates`."""
    decided = found.verdict in ("helps", "hurts")
    dagger = "†" if decided and not found.p_exact_adjusted < 0.05 else ""
    return dagger + _rates(table, pair)


@functools.cache
def _rates(table, pair):
    """A "‡" where the two sides took different learning rates; an average took its first member's."""
    of = protocol.table(table)
    arms = [of.arms[name] for name in pair]
    arms = [of.arms[arm.mean_of[0]] if arm.mean_of else arm for arm in arms]
    rates = {protocol.chosen(of, arm)["learning_rate"] for arm in arms}
    return "‡" if len(rates) > 1 else ""
