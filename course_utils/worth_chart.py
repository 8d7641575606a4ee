"""The chart of lesson 10: mistakes by the number of training images, and a technique's worth in them."""

import math

import numpy as np

from course_utils import evidence, plots
from course_utils.evidence import protocol
from course_utils.evidence.worth import accuracies

# Augmentation and batch normalisation look as in the lesson's figure of their rates.
_LOOKS = ("o-", "d-.", "s--", "^:")
_COLOURS = ("black", plots.COLOURS[2], plots.COLOURS[1], plots.COLOURS[3])


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
    for line, style, colour in zip(of.curves, _LOOKS, _COLOURS, strict=False):
        if line not in found:
            continue
        wrong = {n: [1 - a for a in seeds.values()] for n, seeds in found[line].items()}
        mean = [100 * math.exp(np.mean(np.log(np.maximum(each, 1e-9)))) for each in wrong.values()]
        name = evidence.arm_words(line)
        means[line] = mean
        if line != first:
            worth[line] = each = evidence.worth_in_images(of, line, first, runs)
            height = mean[list(wrong).index(of.n_train)]
            # To where the baseline's line has as few mistakes: by its means, as the lines are drawn.
            curve = np.log([means[first][::-1], list(found[first])[::-1]])
            end = math.exp(np.interp(math.log(height), *curve))
            look = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.4, "shrinkA": 6}
            look |= {"linestyle": "--"} if each.beyond else {}
            axes.annotate("", (end, height), (of.n_train, height), arrowprops=look)
            name += f": {each.times:.2g} ×{' or more' if each.beyond else ''}"
            said.append(name)
        axes.plot(list(wrong), mean, style, color=colour, linewidth=2, label=name)
        for n, seeds in wrong.items():
            axes.plot([n] * len(seeds), 100 * np.array(seeds), "_", color=colour, alpha=0.4)
    ticks = list(found[first])
    axes.set(
        xscale="log", yscale="log", xlabel="training images (lines: means; short bars: single runs)"
    )
    axes.set(xticks=ticks, xticklabels=[f"{n:,}" for n in ticks], ylabel="mistakes, %")
    low, high = axes.get_ylim()
    marks = [n for n in (0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20) if low <= n <= high]
    axes.set(yticks=marks, yticklabels=[f"{n:g}" for n in marks])
    axes.minorticks_off()
    axes.grid(alpha=0.25)
    axes.legend(fontsize=9, framealpha=1, edgecolor="none", handlelength=3.5)
    title = f"How many images without do as well as {of.n_train:,} with?"
    drawn.suptitle(title, fontsize=11)
    plots.show(
        drawn,
        f"Mistakes against the number of training images, logarithmic axes, {len(found)} lines that "
        f"fall. {title} {'; '.join(said) or 'Not yet measured'}.",
    )
    for line in worth:
        ends = (100 * means[line][end] / means[first][end] for end in (0, -1))
        shares = (
            f"{end:.0f} % with {n:,}" for end, n in zip(ends, (ticks[0], ticks[-1]), strict=True)
        )
        print(
            f"{evidence.arm_words(line)}, mistakes as a share of the {first}'s: {' and '.join(shares)}."
        )
    return worth
