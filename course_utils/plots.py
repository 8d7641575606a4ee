"""Figures: one message each, in the title; colour-blind-safe; with alt text.

Every function draws and shows at once. `show` hands the notebook a PNG whose alt text travels as
output metadata, where nbconvert, Sphinx and the tests find it.
"""

import base64
import io
import re
import textwrap
from itertools import cycle

import numpy as np

# Okabe and Ito's palette: distinct for the common forms of colour blindness and in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
WIDTH = 6.4  # inches: fills a notebook's column and stays readable at half that
DPI = 100
DENSITY = 2  # of what is shown: for sharp screens


def figure(rows=1, columns=1, height=3.4, width=WIDTH, **options):
    """A figure and its axes (one, or an array) in the course's style, for a plot of one's own.

    Sizes in inches; `options` go to `Figure.subplots`. Show it with `show`.
    """
    from matplotlib import cycler, rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE | {"axes.prop_cycle": cycler(color=COLOURS)}):
        drawn = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        return drawn, drawn.subplots(rows, columns, **options)


def drawable(names) -> list[str]:
    """The names as figures can show them: as they are, or numbered where no font here has their signs.

    Matplotlib's own font lacks Chinese, Japanese, Korean and others. The machine's fonts are searched, and
    one that has the missing signs is used by every later figure. Without one the names become "1", "2",
    and so on, and a printed sentence says which is which.
    """
    import matplotlib
    from matplotlib import font_manager

    def missing(signs, path):
        try:
            font = font_manager.get_font(path)
        except (OSError, RuntimeError):  # a font that FreeType cannot read
            return signs
        return {sign for sign in signs if not font.get_char_index(ord(sign))}

    names, families = list(names), list(matplotlib.rcParams["font.family"])
    signs = {sign for name in names for sign in name if not sign.isspace()}
    for family in families:
        properties = font_manager.FontProperties(family=[family])
        signs = missing(signs, font_manager.findfont(properties)) if signs else signs
    for font in font_manager.fontManager.ttflist:
        if not signs:
            break
        # A font of last resort has a box for everything.
        left = signs if "last" in font.name.lower() else missing(signs, font.fname)
        if left < signs:
            signs, families = left, [*families, font.name]
    if not signs:
        matplotlib.rcParams["font.family"] = families
        return names
    which = ", ".join(f"{number} {name}" for number, name in enumerate(names, start=1))
    print(f"No font here has the signs of all names, so figures number them: {which}.")
    return [str(number) for number in range(1, len(names) + 1)]


class _Shown(dict):
    """What a notebook shows, keyed by media type; without a notebook its words are printed."""

    def __repr__(self):
        return self["text/plain"]


def bundle(drawn, alt, gradations=False, density=DENSITY):
    """What a notebook shows for a figure: (data, metadata), keyed by media type.

    It has `density` pixels for each of its own, each way. Without `gradations` (see `show`) it keeps few
    colours.
    """
    if drawn.get_suptitle():
        # Matplotlib's own size for a panel's title is larger than the course's for the figure's.
        for axes in drawn.axes:
            axes.title.set_fontsize(min(axes.title.get_fontsize(), 10))
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", dpi=density * drawn.dpi, metadata={"Software": None})
    # Lines and text need few; a digit's greys would take on the tints of the lines beside it.
    colours = 128 if any(axes.images for axes in drawn.axes) else 48
    png = base64.b64encode(_smaller(buffer, gradations, colours)).decode("ascii")
    about = {"alt": alt, "width": round(drawn.get_figwidth() * drawn.dpi)}
    return _Shown({"image/png": png, "text/plain": alt}), {"image/png": about}


def show(drawn, alt, gradations=False, further=None):
    """Show a matplotlib figure with its alt text. Raises ValueError when the text is empty.

    `gradations` spends more bytes on fine ones: those of photographs and heat maps. `further` is kept
    with the output as metadata.
    """
    from IPython.display import display

    if not alt.strip():
        raise ValueError("alt is empty; expected a sentence that says what the figure shows")
    data, metadata = bundle(drawn, alt, gradations)
    display(data, metadata=metadata | (further or {}), raw=True)


def lines(
    series,
    title,
    x,
    y,
    alt,
    *,
    log_x=False,
    log_y=False,
    ticks=None,
    height=3.4,
    marker=None,
    looks=None,
    at_ends=False,
    limits=None,
):
    """One line for each entry of `series`: name -> y values, or name -> (x values, y values).

    Each has a colour and dashes of its own, and with a `marker` the first has that one and the others
    theirs, so that they can be told apart in grey. `ticks` are the x values to mark, as plain numbers,
    `limits` the ends of the y axis. `looks` (name -> matplotlib's options of a line) gives some lines
    a look that they have in other figures, too. With `at_ends` each name stands at the end of its
    line, in the place of a legend; a format in its place, such as ".1f", adds the line's last value.
    """
    drawn, axes = figure(height=height)
    patterns = ("-", "--", "-.", ":", (0, (9, 4)))
    defaults = zip(cycle(COLOURS), cycle(patterns), cycle(f"{marker}sd^v"), strict=False)
    for (colour, dashes, own), (name, values) in zip(defaults, series.items(), strict=False):
        if isinstance(values, tuple):
            across, up = values
        else:
            across, up = np.arange(1, len(values) + 1), values
        look = {"color": colour, "linestyle": dashes, "marker": own if marker else None}
        axes.plot(across, up, label=name, linewidth=2, **look | (looks or {}).get(name, {}))
    if log_x:
        axes.set_xscale("log")
    elif not any(isinstance(values, tuple) for values in series.values()):
        axes.xaxis.get_major_locator().set_params(integer=True)  # no epoch 1.5
    if log_y:
        axes.set_yscale("log")
    if ticks is not None:
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xticks([], minor=True)
    axes.set_ylim(limits)
    _finish(axes, title, x, y, legend=len(series) > 1 and not at_ends)
    if at_ends:
        _name_ends(axes, at_ends if isinstance(at_ends, str) else None)
    show(drawn, alt)


def panels(parts, title, x, alt, *, points=(), limits=None, height=3.6):
    """Axes side by side, one for each of `parts`: a panel's title, with its unit -> series.

    Series are as `lines` takes them. A name has the same colour, marker and dashes in all panels
    and one entry in the legend below them; those in `points` are black dots without a line, or have
    the marks that it gives (name -> "*").
    `limits` gives a panel's title the ends of its y axis.
    """
    drawn, axes = figure(1, len(parts), height=height, squeeze=False)
    names = list(dict.fromkeys(name for series in parts.values() for name in series))
    lined = [name for name in names if name not in points]
    looks = zip(cycle(COLOURS), cycle("^sdv"), cycle(("-", "--", ":", "-.")), strict=False)
    styles = dict(zip(lined, looks, strict=False))
    entries = {}
    for axis, (panel, series) in zip(axes.flat, parts.items(), strict=True):
        for name, values in series.items():
            across, up = (
                values if isinstance(values, tuple) else (np.arange(1, len(values) + 1), values)
            )
            mark = points[name] if isinstance(points, dict) and name in points else "o"
            colour, marker, dashes = styles.get(name, ("black", mark, "none"))
            size = 10 if marker == "*" else 4
            # Points lie above the lines that are compared with them.
            look = {"color": colour, "marker": marker, "linestyle": dashes, "markersize": size}
            (entries[name],) = axis.plot(across, up, zorder=3 if name in points else 2, **look)
        axis.set_title(_wrap(panel, 34), fontsize=10)
        axis.set_xlabel(x)
        axis.set_ylim((limits or {}).get(panel))
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.25)
    drawn.legend(
        entries.values(), entries, loc="outside lower center", ncols=2, fontsize=9, frameon=False
    )
    drawn.suptitle(_wrap(title), fontsize=11)
    show(drawn, alt)


def curves_figure(histories, title, planned=None, guessing=None):
    """Figure of loss and accuracy (in per cent) against epoch, training dashed and validation solid.

    `histories` maps a name to a dict of lists as in `History.history`; one unnamed history may be
    given as that dict itself. With `planned`, how many epochs there will be, the axes are those of
    the whole training from its first epoch on, so that a curve grows and the picture does not jump.
    From the second history on each has a marker of its own, so that they can be told apart in grey.
    `guessing` is a number of classes: a dotted line shows what guessing among so many gives.
    """
    if histories and all(isinstance(values, list) for values in histories.values()):
        histories = {"": histories}
    several = len(histories) > 1
    drawn, axes = figure(1, 2, height=3.4 if several else 2.9)
    for axis, metric, unit in zip(axes, ("loss", "accuracy"), (1, 100), strict=True):
        looks = zip(cycle(COLOURS), cycle((None, "s", "d", "^")), strict=False)
        for (colour, own), (name, history) in zip(looks, histories.items(), strict=False):
            for key, style, kind in (
                (metric, "--", "training"),
                (f"val_{metric}", "-", "validation"),
            ):
                values = unit * np.array(history.get(key, []))
                epochs = np.arange(1, len(values) + 1)
                look = {"color": colour, "marker": own, "markersize": 4}
                if len(values) == 1:
                    look["marker"] = own or "o"
                look["markevery"] = max(1, len(values) // 10)
                label = f"{name}, {kind}" if name else kind
                axis.plot(epochs, values, style, label=label, **look)
        if guessing:
            level = np.log(guessing) if metric == "loss" else unit / guessing
            axis.axhline(level, color="#666666", linestyle=":", linewidth=1.2, label="guessing")
        axis.set_xlabel("epoch")
        axis.set_title(metric if metric == "loss" else "accuracy, %", fontsize=10)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.25)
        if planned:
            axis.set_xlim(0.5, max(planned, 2) + 0.5)
            # A loss falls from its first value towards zero, an accuracy rises towards all.
            low, high = axis.get_ylim()
            axis.set_ylim((0, high) if metric == "loss" else (low, 100))
    if several or guessing:  # among so many lines a legend would lie on one
        entries = axes[0].get_legend_handles_labels()
        columns = 2 if several else 3
        drawn.legend(*entries, loc="outside lower center", ncols=columns, fontsize=8, **_LEGEND)
    else:
        axes[0].legend(fontsize=8, **_LEGEND)
    drawn.suptitle(_wrap(title), fontsize=11)
    return drawn


def curves(histories, title, alt):
    """Show `curves_figure`: training (dashed) and validation (solid) loss and accuracy."""
    show(curves_figure(histories, title), alt)


def images(pictures, title, alt, labels=None, columns=10, colours=None):
    """A grid of pictures, shape (N, height, width[, 1 or 3]), uint8 or floats in [0, 1].

    `labels` go above the pictures, the first ones where there are fewer; `colours` colours them.
    """
    pictures = np.asarray(pictures)
    labels = list(labels) if labels is not None else []
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    brightest = 255 if pictures.dtype == np.uint8 else 1
    most_lines = max((str(label).count("\n") + 1 for label in labels), default=0)
    labelled_rows = -(-len(labels) // columns)
    height = rows * (WIDTH / columns + 0.04) + labelled_rows * (0.04 + 0.14 * most_lines) + 0.5
    drawn, axes = figure(rows, columns, height=height, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for index, picture in enumerate(pictures):
        axis = axes.flat[index]
        picture = picture[..., 0] if picture.shape[-1] == 1 else picture
        # One scale for all: by itself a faint picture would be stretched until it looks like a strong one.
        axis.imshow(picture, cmap="gray" if picture.ndim == 2 else None, vmin=0, vmax=brightest)
        if index < len(labels):
            colour = colours[index] if colours is not None else "black"
            axis.set_title(str(labels[index]), fontsize=8, color=colour, pad=2)
    drawn.suptitle(_wrap(title), fontsize=11)
    show(drawn, alt, gradations=pictures.ndim == 4 and pictures.shape[-1] == 3)


def masked_maps(maps):
    """What dropout took from a feature map, as pictures for `images`: grey, and orange where a mask took it.

    Args:
        maps: answers from 0 up, shape (N, height, width, channels); the first is without a mask. Only one
            channel is drawn, that in which nearly every place has something to lose.

    Returns:
        Floats from 0 to 1, shape (N, height, width, 3).
    """
    maps = np.asarray(maps, dtype=float)
    maps = maps[..., np.percentile(maps[0], 20, axis=(0, 1)).argmax()]
    # What a mask leaves is scaled up, so it is the masked ones that reach highest.
    brightest = np.percentile(maps.max(axis=0), 95) or 1
    drawn = np.repeat(np.clip(maps / brightest, 0, 1)[..., None], 3, axis=3)
    drawn[(maps == 0) & (maps[0] > 0)] = [int(COLOURS[1][i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return drawn


def window_figure(picture, kernel, step, stride=1, padding=0, title=""):
    """A convolution at work, for `widgets.slide`: the window's place, its products, the answers so far.

    Args:
        picture: grey, shape (height, width), from 0 to 1; rounded to hundredths, as they are written, so
            that who adds the products up finds their sum. `padding` adds a rim of zeros around it.
        kernel: the weights, shape (k, k).
        step: how many moves the window has made, row by row, from 0.
        stride: how many pixels a move is; if more than one, the next window of the row is dashed.

    Returns:
        A matplotlib figure and its alt text.

    Raises:
        ValueError: a step at which the window has left the picture.
    """
    picture, kernel = np.asarray(picture, dtype=float).round(2), np.asarray(kernel, dtype=float)
    padded, size = np.pad(picture, padding), len(kernel)
    places = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)[::stride, ::stride]
    answers = (places * kernel).sum(axis=(2, 3))
    rows, columns = answers.shape
    if not 0 <= step < answers.size:
        raise ValueError(f"step is {step!r}; the window has the places 0 to {answers.size - 1}")
    row, column = divmod(step, columns)
    seen, answer = places[row, column], answers[row, column]
    drawn, (left, middle, right) = figure(1, 3, height=2.7)
    left.imshow(padded, cmap="gray", vmin=0, vmax=1)
    # Neither of the two colours of the answers, among which it stands on the right.
    box = {"fill": False, "edgecolor": COLOURS[2], "linewidth": 2.5}
    if padding:
        inner = picture.shape[1], picture.shape[0]
        corner = (padding - 0.5, padding - 0.5)
        left.add_patch(_box(corner, *inner, fill=False, edgecolor="white", linestyle=":"))
    left.add_patch(_box((column * stride - 0.5, row * stride - 0.5), size, size, **box))
    left.set_title("the window", fontsize=10)
    middle.imshow(seen, cmap="gray", vmin=0, vmax=1)
    for (r, c), pixel in np.ndenumerate(seen):
        ink = "black" if pixel > 0.5 else "white"
        words = f"{pixel:.2f}\n× {kernel[r, c]:g}"
        middle.text(c, r, words, ha="center", va="center", fontsize=min(10, 33 / size), color=ink)
    middle.set_title(f"its products, summed: {answer:+.2f}", fontsize=10)
    done = np.where(np.arange(answers.size).reshape(answers.shape) <= step, answers, np.nan)
    most = np.abs(answers).max() or 1
    # The places to come look like no answer, in colour and in grey.
    right.patch.set(facecolor="#bbbbbb", edgecolor="#888888", hatch="////")
    right.imshow(done, cmap="PuOr", vmin=-most, vmax=most)
    right.add_patch(_box((column - 0.5, row - 0.5), 1, 1, **box))
    right.set_title(f"answers, {rows} x {columns}", fontsize=10)
    if stride > 1 and column + 1 < columns:
        after = box | {"linestyle": (0, (2, 1)), "linewidth": 1.5}
        left.add_patch(_box(((column + 1) * stride - 0.5, row * stride - 0.5), size, size, **after))
        right.add_patch(_box((column + 0.5, row - 0.5), 1, 1, **after))
    for axis in (left, middle, right):
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set(visible=True, color="#888888")
    drawn.suptitle(_wrap(title), fontsize=11)
    return drawn, (
        f"A window of {size} by {size} pixels at row {row + 1}, place {column + 1}, over a picture; its "
        f"products sum to {answer:+.2f}; beside it the {step + 1} answers so far of {answers.size}."
    )


def histograms(samples, title, x, alt, *, bins=60, limits=None, log_y=False, columns=None):
    """One small histogram for each entry of `samples` (name -> values), on shared axes."""
    columns = columns or min(len(samples), 4)
    rows = -(-len(samples) // columns)
    drawn, axes = figure(
        rows, columns, height=0.6 + 1.7 * rows, squeeze=False, sharex=True, sharey=True
    )
    for axis in axes.flat[len(samples) :]:
        axis.axis("off")
    if limits is None:
        pooled = np.concatenate([np.ravel(values) for values in samples.values()])
        limits = np.percentile(pooled, [0.1, 99.9])
    for axis, (name, values) in zip(axes.flat, samples.items(), strict=False):
        # One quantity, one colour: the panels' titles tell the samples apart.
        axis.hist(np.clip(np.ravel(values), *limits), bins=bins, range=limits, color=COLOURS[0])
        axis.set_title(name, fontsize=9)
        axis.set_yticks([])
        if log_y:
            axis.set_yscale("log")
    if log_y:
        drawn.supylabel("count", fontsize=10)
    drawn.supxlabel(x, fontsize=10)
    drawn.suptitle(_wrap(title), fontsize=11)
    show(drawn, alt)


def confusion_figure(y_true, y_predicted, class_names, title):
    """A figure of the confusion matrix of integer labels, shape (N,) each; mistakes are coloured."""
    from sklearn.metrics import confusion_matrix

    count = len(class_names)
    roomy = count < 6
    matrix = confusion_matrix(y_true, y_predicted, labels=range(count))
    mistakes = np.where(np.eye(count, dtype=bool), 0, matrix)
    drawn, axes = figure(height=4.6, width=5.6)
    axes.imshow(mistakes, cmap="Oranges")
    for row, column in np.ndindex(matrix.shape):
        if matrix[row, column]:
            dark = mistakes[row, column] > 0.6 * max(mistakes.max(), 1)
            ink = "white" if dark else "black"
            axes.text(
                column, row, matrix[row, column], ha="center", va="center", color=ink,
                fontsize=12 if roomy else 8,
            )  # fmt: skip
    turned = 90 if max(map(len, map(str, class_names))) > 2 and not roomy else 0
    axes.set_xticks(range(count), class_names, rotation=turned)
    axes.set_yticks(range(count), class_names)
    _finish(axes, title, "predicted", "true", legend=False, grid=False)
    return drawn


def confusion(y_true, y_predicted, class_names, title, alt):
    """Show `confusion_figure`."""
    show(confusion_figure(y_true, y_predicted, class_names, title), alt, gradations=True)


def pairs_figure(groups, title, y, marks=None):
    """A figure with a thin line for each pair, a thick one for the means.

    `groups` has two entries, name -> values, paired by their order; `marks` (name -> y) adds dotted levels.
    """
    drawn, axes = figure(height=3.4)
    for ends in zip(*groups.values(), strict=True):
        axes.plot(list(groups), ends, "o-", color=COLOURS[0], alpha=0.4)
    means = [np.mean(values) for values in groups.values()]
    axes.plot(list(groups), means, color="black", linewidth=3, label="mean")
    for name, level in (marks or {}).items():
        axes.axhline(level, color="black", linestyle=":", label=name)
    axes.set_xlim(-0.4, 1.4)
    _finish(axes, title, "", y, legend=True, grid=False)
    return drawn


def verdict_look(found):
    """A verdict's colour, and that of the inside of its mark.

    Green for the better, orange for the worse; hollow where the verdict is "suggestive", grey and hollow
    where there is no detectable difference.
    """
    colour = COLOURS[2 if (found.mean > 0) == found.higher_is_better else 1]
    if found.verdict in ("helps", "hurts"):
        return colour, colour
    return (colour if found.verdict == "suggestive" else "#666666"), "white"


def intervals(comparisons, title, alt, x="difference in accuracy, percentage points"):
    """Paired comparisons (name -> Comparison) as dots with 95 % intervals and a line at zero.

    Colours and filling say the verdict (`verdict_look`). The small dots below are the differences, pair by
    pair, so that no run hides behind a mean.
    """
    drawn, axes, rows = _rows(comparisons, title, x)
    for row, found in zip(rows, comparisons.values(), strict=True):
        colour, inside = verdict_look(found)
        # Round or square caps would lengthen a line by its own width, across zero where it ends near it.
        ends = [100 * found.low, 100 * found.high]
        axes.plot(ends, [row, row], linewidth=2, color=colour, solid_capstyle="butt")
        axes.plot(100 * found.mean, row, "o", color=colour, markerfacecolor=inside, markersize=7)
        pairs = 100 * np.asarray(found.differences)
        axes.plot(
            pairs, np.full(len(pairs), row - 0.28), "o", color="#666666", alpha=0.6, markersize=3
        )
    axes.axvline(0, color="black", linewidth=1)
    show(drawn, alt)


def dots(groups, title, x, alt, mark=None, at=None):
    """A row of dots for each group (name -> values) with its mean; `mark` (name -> x) adds stars.

    `at` is an x at which a dashed line crosses all rows.

    Made for accuracies over seeds: every run is visible, none is hidden in a bar. A value that is alone in
    its row lies on the row's line, without a mean.
    """
    drawn, axes, rows = _rows(groups, title, x)
    for row, (name, values) in zip(rows, groups.items(), strict=True):
        values = np.asarray(values, dtype=float)
        # A fixed zigzag, so that equal values stay apart and the figure is the same each time.
        offset = 0.12 * ((np.arange(len(values)) % 3) - 1) * (len(values) > 1)
        axes.plot(values, row + offset, "o", color=COLOURS[0], alpha=0.55, markersize=5)
        if len(values) > 1:
            axes.plot([values.mean()] * 2, [row - 0.3, row + 0.3], color="black", linewidth=2)
        if mark and name in mark:
            # Above the row's middle, where it would hide the dots that it is to be compared with.
            above = 0.24 if len(values) else 0
            axes.plot(mark[name], row + above, "*", color=COLOURS[1], markersize=13)
    if at is not None:
        axes.axvline(at, color="#666666", linestyle="--", linewidth=1.2)
    show(drawn, alt)


def _name_ends(axes, form=None, apart=0.075):
    """Write each line's name at its last point, with the value there in a format `form`; `apart`, as a
    share of the height, keeps the names of lines that end together from lying on each other."""
    axes.autoscale_view()
    to_share = axes.transData + axes.transAxes.inverted()
    ends = sorted(
        [(*to_share.transform(line.get_xydata()[-1]), line) for line in axes.lines],
        key=lambda end: end[1],
    )
    heights = np.array([height for _, height, _ in ends])
    # Half way between names pushed up, from the lowest on, and down, from the highest on.
    steps = apart * np.arange(len(ends))
    up = np.maximum.accumulate(heights - steps) + steps
    down = np.minimum.accumulate((heights - steps)[::-1])[::-1] + steps
    places = (up + down) / 2
    # Where names were moved, lines lead to them all: beside another's end a name would tell a wrong value.
    led = (np.abs(places - heights) > 0.02).any()
    leader = {"arrowstyle": "-", "color": "#888888", "linewidth": 0.7, "relpos": (0, 0.5)}
    for (right, height, line), place in zip(ends, places, strict=True):
        value = f": {line.get_ydata()[-1]:{form}}" if form else ""
        axes.annotate(
            line.get_label() + value, (right, height), (1.05 if led else 1.01, place),
            xycoords="axes fraction", fontsize=9, va="center",  # black: paler colours are hard to read
            arrowprops=leader if led else None,
        )  # fmt: skip


def _box(corner, width, height, **look):
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, **look)


def _rows(names, title, x, height=0.42):
    """A figure of a row for each name, the first at the top: figure, axes, the rows' places."""
    count = len(names)
    drawn, axes = figure(height=1.1 + height * count)
    axes.set_yticks(range(count), list(names)[::-1])
    axes.set_ylim(-0.6, count - 0.4)
    _finish(axes, title, "", "", legend=False)
    drawn.supxlabel(x, fontsize=10)  # centred on the figure, as the title: row labels may be long
    return drawn, axes, range(count)[::-1]


def _smaller(png, gradations, colours):
    """A PNG file in fewer bytes, with so many `colours`.

    They are chosen to cover what is there, so that a thin line keeps its own colour; for
    `gradations` they are chosen by how often they occur. One step of k-means then keeps greys grey.
    """
    from PIL import Image

    count, method = (256, "MEDIANCUT") if gradations else (colours, "MAXCOVERAGE")
    smaller = io.BytesIO()
    with Image.open(png) as picture:
        few = picture.convert("RGB").quantize(
            count, method=Image.Quantize[method], kmeans=1, dither=Image.Dither.NONE
        )
    few.save(smaller, format="png", optimize=True)
    return smaller.getvalue()


_STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "image.interpolation": "nearest",
}

# No frame, but no line runs through it either; dashes and dots show beside a marker.
_LEGEND = {"edgecolor": "none", "framealpha": 0.9, "handlelength": 3.5}


def _wrap(title, width=72):
    # What stands in brackets at the end, such as the source of the data, stays on one line.
    whole = re.sub(r"\([^()]*\)$", lambda found: found[0].replace(" ", "\u00a0"), title)
    return textwrap.fill(whole, width)


def _finish(axes, title, x, y, legend, grid=True):
    # Centred on the figure: beside long row labels the axes are too narrow for a title.
    axes.figure.suptitle(_wrap(title), fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if grid:
        axes.grid(alpha=0.25)
    if legend:
        axes.legend(fontsize=9, **_LEGEND)
