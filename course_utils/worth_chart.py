"""The chart of lesson 10: mistakes by the number of training images, and a technique's worth in them."""

import math

import numpy as np

from course_utils import evidence, plots
from course_utils.evidence import protocol
from course_utils.evidence.worth import accuracies

_LOOKS = ("o-", "s--", "d-.", "^:")


def draw(of, runs=None) -> dict:
    """Draw each measured line of a table of kind "curve", and the way from each to the baseline's.

    A line is the share of mistakes, the geometric mean over the seeds, against the number of images,
    both axes logarithmic. An arrow goes, at the height that a technique reaches with the table's own
    number of images, to the baseline's number; it is dashed where the baseline's curve ends before.
    `of` is a table of the protocol or its name, `runs` reference runs, by default the course's own.
    Below it stands what share of the baseline's mistakes each technique makes at either end. A sentence
    takes the figure's place while the baseline's line is not complete.

    Returns the `evidence.Worth` of each technique that is drawn, by the line's name.
    """
    of = protocol.table(of) if isinstance(of, str) else of
    found = {line: accuracies(of, line, runs) for line in of.curves}
    found = {line: curve for line, curve in found.items() if curve}
    first = of.curves[0]
    if first not in found:
        print(f"The curve of {first} ({of.name}): not yet measured.")
        return {}
    drawn, axes = plots.figure(height=3.8)
    worth, said, means = {}, [], {}
    # A technique keeps its colour and marker whichever others are measured.
    for line, look, colour in zip(of.curves, _LOOKS, ("black", *plots.COLOURS), strict=False):
        if line not in found:
            continue
        wrong = {n: [1 - a for a in seeds.values()] for n, seeds in found[line].items()}
        mean = [100 * math.exp(np.mean(np.log(np.maximum(each, 1e-9)))) for each in wrong.values()]
        name = evidence.arm_words(line)
        means[line] = mean
        axes.plot(list(wrong), mean, look, color=colour, linewidth=2, label=name)
        if line != first:
            worth[line] = each = evidence.worth_in_images(of, line, first, runs)
            height = mean[list(wrong).index(of.n_train)]
            look = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.4, "shrinkA": 6}
            ends = (of.n_train * each.times, height), (of.n_train, height)
            axes.annotate("", *ends, arrowprops=look | ({"linestyle": "--"} if each.beyond else {}))
            words = f"{'at least ' if each.beyond else ''}{each.times:.2g} ×"
            tip = {"xytext": (5, 2), "textcoords": "offset points", "va": "center"}
            axes.annotate(words, (of.n_train * each.times, height), **tip)
            said.append(f"{name}: {words}")
    ticks = list(found[first])
    axes.set_xlim(ticks[0] / 1.2, ticks[-1] * 2)  # room for the words at an arrow's tip
    axes.set(xscale="log", yscale="log", xlabel="training images")
    axes.set(xticks=ticks, xticklabels=[f"{n:,}" for n in ticks], ylabel="mistakes, %")
    low, high = axes.get_ylim()
    marks = [n for n in (0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20) if low <= n <= high]
    axes.set(yticks=marks, yticklabels=[f"{n:g}" for n in marks])
    axes.minorticks_off()
    axes.grid(alpha=0.25)
    axes.legend(fontsize=9, frameon=False, handlelength=3.5)
    title = f"From {of.n_train:,} images with a technique to as few mistakes without it"
    drawn.suptitle(title, fontsize=11)
    plots.show(
        drawn,
        f"Mistakes against the number of training images, logarithmic axes, {len(found)} lines that "
        f"fall. {title}: {'; '.join(said) or 'not yet measured'}.",
    )
    for line in worth:
        ends = (100 * means[line][end] / means[first][end] for end in (0, -1))
        shares = (
            f"{end:.0f} % with {n:,}" for end, n in zip(ends, (ticks[0], ticks[-1]), strict=True)
        )
        print(f"Mistakes of {evidence.arm_words(line)}, of the {first}'s: {' and '.join(shares)}.")
    return worth
