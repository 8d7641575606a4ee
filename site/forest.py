"""Forest plots in HTML: a row a comparison, which shows its runs to whoever points at it or opens it.

Each row's track is a small SVG of its own, placed in per cent, so that the words keep their size on a
phone. A row is a `<details>`: mouse, finger and keyboard open it, and nothing needs a script.
"""

import html
import math

CLASSES = {"helps": "forest-helps", "hurts": "forest-hurts", "suggestive": "forest-suggestive"}


def plot(
    comparisons: dict, scale: float = 100, unit: str = "percentage points", digits: int = 2
) -> str:
    """One plot on one axis, as a block of HTML without an empty line.

    Args:
        comparisons: name to `Comparison`, in the order of the rows; empty gives an empty text.
        scale: factor on the figures; `unit` names what comes of it, `digits` are shown of it.
    """
    if not comparisons:
        return ""
    values = [0.0]
    for found in comparisons.values():
        values += [found.low, found.high, *found.differences]
    low, high = (scale * edge for edge in (min(values), max(values)))
    margin = 0.04 * (high - low) or 1.0
    low, high = low - margin, high + margin

    def at(value):
        return f"{100 * (scale * value - low) / (high - low):.2f}%"

    marks = "".join(
        f'<text x="{at(tick / scale)}" y="13" text-anchor="middle">{_plain(tick)}</text>'
        for tick in ticks(low, high)
    )
    lines = [
        '<div class="forest">',
        *(_row(name, found, at, scale, digits) for name, found in comparisons.items()),
        f'<div class="forest-axis"><span>{html.escape(unit)}</span>'
        f'<svg width="100%" height="18" aria-hidden="true">{marks}</svg></div>',
        "</div>",
    ]
    return "\n".join(lines)


def _row(name, found, at, scale, digits):
    zero = f'<line class="forest-zero" x1="{at(0)}" x2="{at(0)}" y1="0" y2="34"/>'
    interval = f'<line x1="{at(found.low)}" x2="{at(found.high)}" y1="17" y2="17"/>'
    if not found.has_interval:
        interval = ""
    runs = "".join(
        f'<circle class="forest-run" cx="{at(d)}" cy="{6 if i % 2 else 28}" r="4"/>'
        for i, d in enumerate(found.differences)
    )
    mean = f'<circle class="forest-mean" cx="{at(found.mean)}" cy="17" r="6"/>'
    words = signed(scale * found.mean, digits)
    if found.has_interval:
        low, high = (signed(scale * edge, digits) for edge in (found.low, found.high))
        words += f", {low} to {high}"
    each = ", ".join(
        f"{signed(scale * d, digits)} (seed {html.escape(str(seed))})"
        for seed, d in zip(found.seeds, found.differences, strict=True)
    )
    return (
        f'<details class="forest-row {CLASSES.get(found.verdict, "")}"><summary>'
        f'<span class="forest-name">{html.escape(name)}</span>'
        f'<span class="forest-track"><svg width="100%" height="34" aria-hidden="true">'
        f"{zero}{runs}{interval}{mean}</svg></span>"
        f'<span class="forest-words"><b>{found.verdict}</b> <span>{words}</span></span></summary>'
        f"<p>The {found.n} pairs: {each}.</p></details>"
    )


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign; the minus is the typographer's."""
    return f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}")


def ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers between two others."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step)
    return [step * i for i in range(first, math.floor(high / step) + 1)]


def _plain(tick):
    return "0" if abs(tick) < 1e-12 else f"{tick:+g}".replace("-", "\N{MINUS SIGN}")
