"""The parts of the site that are computed: lists, tables and sentences, as Markdown."""

import html
import json
import re

import forest
import train_digits

from course_tools.authoring import scoreboard
from course_tools.batch import reading
from course_utils import evidence, networks
from course_utils.data.specs import SPECS
from course_utils.evidence import arm_words, protocol, trust

NOT_YET = "not yet measured"


def title_of(notebook) -> str:
    """The text of a notebook's first heading."""
    return notebook.cells[0].source.partition("\n")[0].removeprefix("# ").strip()


def goal_of(notebook) -> str:
    """What stands behind **Goal:**, on one line, with a capital; empty where there is none."""
    found = re.search(r"\*\*Goal:\*\*\s*(.+?)(?:\n\s*\n|\Z)", notebook.cells[0].source, re.DOTALL)
    words = " ".join(found[1].split()) if found else ""
    return words[:1].upper() + words[1:]


def minutes(name: str, mode: str = "reduced") -> str:
    """How long a lesson runs, from the measured costs."""
    cost = evidence.lesson_cost(name, mode)
    return f"{max(cost[0] / 60, 0.1):.1f} min" if cost else NOT_YET


def cost_sentence(name: str) -> str:
    """Minutes and memory of a lesson in the modes that were measured."""
    found = {mode: evidence.lesson_cost(name, mode) for mode in ("reduced", "full")}
    parts = [
        f"about {max(cost[0] / 60, 0.1):.1f} minutes and {cost[1] / 1000:.1f} GB in {mode} mode"
        for mode, cost in found.items()
        if cost
    ]
    return f"Runs for {', '.join(parts)}." if parts else f"Its running time is {NOT_YET}."


def lesson_list(lessons: dict) -> str:
    """The front page's table; `lessons` maps a name ("02_baseline_cnn") to its notebook."""
    rows = [
        f"| {name[:2]} | [{title_of(book)}](notebooks/{name}.ipynb) | {goal_of(book)} | {minutes(name)} |"
        for name, book in lessons.items()
    ]
    head = ["| | lesson | what you will do | runs for |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows])


def lesson_tree(lessons: dict) -> str:
    """The lessons' entries of the table of contents."""
    return "\n".join(
        f"{name[:2]} · {title_of(book)} <notebooks/{name}>" for name, book in lessons.items()
    )


def scoreboard_table() -> str:
    """The scoreboard of the README, and on which machines it was measured."""
    runs = evidence.runs_of_no_table()
    provenance = []
    for (hardware, precision), group in runs.groupby(["hardware", "precision"]):
        provenance.append(f"{len(group)} on {hardware} with {precision}")
    # Of the tables' runs, which the scoreboard has too, runs.csv says where each was made.
    where = f"Reference runs of no table: {'; '.join(provenance) or 'none yet'}."
    return f"{scoreboard.table()}\n\n{where}"


def folded(title: str, content: str) -> str:
    """Markdown behind a line that opens it."""
    return f'<details class="folded"><summary>{html.escape(title)}</summary>\n\n{content}\n\n</details>'


def outside_count() -> str:
    """How many reference runs no table of the protocol names."""
    return str(len(evidence.runs_of_no_table()))


# The protocol's tables


def protocol_tables() -> str:
    """Each table of the protocol: its question, its verdicts as a plot, and the rest folded.

    A learning curve has no verdicts; in their place it says what each of its lines is worth.
    """
    return "\n\n".join(_protocol_table(of) for of in protocol.tables().values())


def _protocol_table(of):
    found, lacking = protocol.verdicts(of), protocol.missing(of)
    parts = [f"### {of.question}", _protocol_words(of)]
    parts.append(
        forest.plot({_versus(of, *pair): found[pair] for pair in of.compare if pair in found})
    )
    # An average needs no runs of its own.
    trained = [name for name, arm in of.arms.items() if not arm.mean_of]
    absent, wanted = (
        sum(lacking.get(name, 0) for name in trained),
        len(trained) * len(of.verdict_seeds),
    )
    if absent:
        waiting = len(of.compare) - len(found)
        left = f"{waiting} of its {len(of.compare)} comparisons; " if waiting else ""
        parts.append(
            f"**{NOT_YET.capitalize()}**: {left}{absent} of {wanted} runs to be judged are missing."
        )
    if of.compare:
        parts.append(folded("The verdicts as a table", _verdict_table(of, found)))
    parts.append("\n".join(f"* {_worth(of, line)}" for line in of.curves[1:]))
    parts.append(folded("The networks that are compared", _arms_table(of, lacking)))
    return "\n\n".join(filter(None, parts))


def _worth(of, line):
    """What a line of a learning curve is worth beside the first one, as a sentence."""
    found = evidence.worth_in_images(of, line, of.curves[0])
    return found.sentence(arm_words(line)) if found else f"{arm_words(line)}: {NOT_YET}."


def _protocol_words(of):
    titles = [networks.NETWORKS[name].title for name in map(of.model_of, of.arms.values())]
    data = SPECS[networks.NETWORKS[of.model].data].title
    judged = {
        "compare": "on the comparison set, training images that no seed trains on",
        "test": "on the test set",
    }[of.judge]
    # The titles stand without "the": some bring their own beginning ("lesson 16's fast network").
    return (
        f"`{of.name}`: {', '.join(dict.fromkeys(titles))} on {data}, {of.mode} mode, "
        f"{_length_words(of)}, {_rate_words(of)}; seeds {_listed(of.verdict_seeds)}, judged {judged}."
    )


def _length_words(of):
    """On how many images a table trains, and for how long."""
    if of.kind == "curve":
        return f"as many steps with every number of images as {of.epochs} epochs on {of.n_train:,} take"
    images = f"{of.n_train:,} training images, " if of.n_train else ""
    if of.epochs is None:
        return f"{images}each as many epochs as its row below says"
    differ = any(of.parameters(arm)["epochs"] != of.epochs for arm in of.arms.values())
    return f"{images}{of.epochs} epochs{' unless a row below says otherwise' * differ}"


def _rate_words(of):
    """Which learning rate a table's networks have, and whether it falls."""
    if of.kind == "article":
        chosen = f"of {of.learning_rate:g}"
    elif of.kind == "curve":
        chosen = f"that `{of.rates_from}` chose for each"
    else:
        chosen = (
            f"that was chosen for each on validation, with the seeds {_listed(of.tuning_seeds)}"
        )
    if of.notebook == "ladder":
        # What the notebook multiplies by its batch's share of 1,024.
        chosen += ", for a batch of 1,024 images"
    # An average has no rate of its own.
    given = [of.parameters(arm) for arm in of.arms.values() if not arm.mean_of]
    falling = [
        each.get("rung", 0) > 0 or "cosine_decay" in each.get("techniques", "") for each in given
    ]
    if all(falling):
        return f"a learning rate that falls to zero from a peak {chosen}"
    if not any(falling):
        return f"a constant learning rate {chosen}"
    where = "from rung 1 on" if of.notebook == "ladder" else "where a row below says so"
    return f"a learning rate {chosen}, which falls to zero {where} and is otherwise constant"


def _listed(numbers):
    """Numbers as they are read: "0 to 9" where each follows the one before, else one by one."""
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]} to {numbers[-1]}"
    return (
        ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}" if numbers[1:] else str(*numbers)
    )


def _versus(of, arm, against):
    alone = against == "baseline" and "baseline" in of.arms
    return arm_words(arm) if alone else f"{arm_words(arm)}, against {arm_words(against)}"


def _verdict_table(of, found):
    losses = protocol.verdicts(of, "loss")
    lines = [
        "| | accuracy, points | 95 % interval | p (Holm) | sign flips | verdict | cross-entropy | verdict |",
        f"|{' --- |' * 8}",
    ]
    for pair in of.compare:
        name = _versus(of, *pair)
        if pair not in found:
            lines.append(f"| {name} | | | | | {NOT_YET} | | {NOT_YET} |")
            continue
        one, loss = found[pair], losses[pair]
        lines.append(
            f"| {name} | {_signed(one.mean)} | {_interval(one)} | {one.p_adjusted:.3g} | "
            f"{one.p_exact:.3g} | {one.verdict} | {forest.signed(loss.mean, 4)} | {loss.verdict} |"
        )
    return "\n".join(lines)


def _arms_table(of, lacking):
    lines = ["| | what is trained | settings | runs |", "| --- | --- | --- | --- |"]
    for arm in of.arms.values():
        settings = _own_settings(of, arm) | (protocol.chosen(of, arm) or {})
        words = ", ".join(
            f"{arm_words(name)} {value if isinstance(value, str) else format(value, 'g')}"
            for name, value in settings.items()
        )
        total = len(of.verdict_seeds)
        lines.append(
            f"| {arm_words(arm.name)} | {_trained(of, arm)} | {words} | "
            f"{total - lacking.get(arm.name, 0)} of {total} |"
        )
    return "\n".join(lines)


def _trained(of, arm):
    """What an arm trains, in words: its techniques or rung, or where it has none its network."""
    if arm.mean_of:
        return f"the mean of {', '.join(map(arm_words, arm.mean_of))}"
    if arm.rung is not None:
        return f"the ladder up to rung {arm.rung}"
    title = networks.NETWORKS[of.model_of(arm)].title
    if not arm.techniques:
        return title
    return f"{title}: {_spelled(arm.techniques)}" if arm.model else _spelled(arm.techniques)


def _own_settings(of, arm):
    """Name to value of the settings in which an arm may differ from the others of its table.

    What the line above the table says of all is left out, and so is `follow`, which only looks.
    """
    given = of.parameters(arm)
    found = {
        "epochs": given["epochs"] if given["epochs"] != of.epochs else None,
        "images": arm.n_train,
        "precision": arm.precision,
        "start": arm.start or None,
    }
    found |= {name: given.get(name) for name in ("l2", "momentum", "epsilon", "patience")}
    return {name: value for name, value in found.items() if value is not None}


def trust_tables() -> str:
    """Each table of measures: a plot a measure, and what is not yet measured."""
    return "\n\n".join(_trust_table(of) for of in trust.tables().values())


def _trust_table(of):
    found = trust.verdicts(of)
    parts = [f"### {of.question}", f"`{of.name}`: the runs of `{of.runs_of}`."]
    for measure in of.measures:
        known = {
            _versus(protocol.table(of.runs_of), *pair): found[*pair, measure]
            for pair in of.compare
            if (*pair, measure) in found
        }
        if known:
            parts.append(f"**{trust.MEASURES[measure].capitalize()}**\n\n{forest.plot(known)}")
    waiting = [line for line in trust.lines(of) if line.startswith("Not yet measured")]
    return "\n\n".join(parts + (["\n".join(f"* {line}" for line in waiting)] if waiting else []))


# The runs of no table


def seeds_table(mode: str) -> str:
    """Each set of techniques on MNIST, seed by seed: test accuracy in per cent."""
    runs = evidence.runs_of_no_table()
    same = (runs["model"] == "baseline_cnn") & (runs["mode"] == mode) & (runs["data"] == "mnist")
    found = {
        names: evidence.reference_runs("baseline_cnn", names, mode, "mnist").set_index("seed")
        for names in sorted(set(runs[same]["techniques"]), key=lambda n: (n.count("+"), n != "", n))
    }
    if not found:
        return f"In {mode} mode this is {NOT_YET}."
    seeds = sorted(set().union(*(rows.index for rows in found.values())))
    lines = [
        f"| seed | {' | '.join(str(seed) for seed in seeds)} |",
        f"| --- |{' --- |' * len(seeds)}",
    ]
    for names, rows in found.items():
        cells = [
            f"{100 * rows.loc[seed, 'test_accuracy']:.2f}" if seed in rows.index else ""
            for seed in seeds
        ]
        lines.append(f"| {_spelled(names)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def digits(to: str = "") -> str:
    """A digit to draw, and what answers it; until the script has come, a picture of the same.

    `to` leads from the page to the site's root.
    """
    made = train_digits.read()[0]["made"]
    place, shifts = (made["validation_accuracy"][name] for name in ("in_place", "with_shifts"))
    return (
        "Two small networks answer at once. They have the same layers and saw the same digits; one of them "
        "saw each digit in a slightly different place every time. **Drag the digit off-centre** and watch "
        "which of them loses it, or draw one of your own.\n\n"
        f'<div class="digits"><img src="{to}_static/digits.svg" width="570" height="290" alt="A five in '
        "place, which both networks read; below, the same five four pixels further to the right: trained in "
        'place, the network takes it for another digit; trained with shifts, it still says five."></div>'
        f'<script src="{to}_static/digits.js" defer></script>\n\n'
        f"*Both are of the baseline CNN's kind, small enough for a page ({made['network']}), trained on "
        f" {made['trained_on']}. Of {made['validation_images']:,} validation digits in place they read "
        f"{place['0']:.1%} and {shifts['0']:.1%}; pushed four pixels to the right, {place['4']:.1%} and "
        f"{shifts['4']:.1%}.*"
    )


def example_pairs() -> str:
    """Two columns to start with, in per cent: the baseline CNN without and with shifts, seed by seed."""
    sides = [
        evidence.reference_runs("baseline_cnn", names, "reduced", "mnist").set_index("seed")
        for names in ("", "augmentation")
    ]
    shared = sorted(set(sides[0].index) & set(sides[1].index))
    lines = [
        "\t".join(f"{100 * side.loc[seed, 'test_accuracy']:.2f}" for side in sides)
        for seed in shared
    ]
    return "\n".join(["before\tafter", *lines])


def _spelled(techniques):
    if not techniques:
        return "baseline"
    if techniques == networks.ALL_SIX:
        return "all six"
    return " + ".join(networks.TITLES.get(name, name) for name in techniques.split("+"))


def _interval(found):
    if not found.has_interval:
        return "none: all differences are equal"
    # Non-breaking, so that an interval stays on one line.
    return f"{_signed(found.low)}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{_signed(found.high)}"


def _signed(fraction):
    return forest.signed(100 * fraction)


def benchmark_table() -> str:
    """The committed measurements of speed, and of whether it cost accuracy."""
    folder = reading.project_root() / "benchmarks" / "results"
    sentences = []
    lines = [
        "| compared | ratio | range | turns | goal | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for path in sorted(folder.glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        if "ratio" in found:
            ratios = found["ratios"]
            lines.append(
                f"| {found['title']} | {found['ratio']:.2f} | {min(ratios):.2f} to "
                f"{max(ratios):.2f} | {len(ratios)} | {found['goal']:g} | {found['verdict']} |"
            )
        elif "sentence" in found:
            sentences.append(f"- {found['sentence']}")
    return "\n".join([*lines, "", "Accuracy, course minus peer:", "", *sentences])


def last_green() -> str:
    """The README's table of the packages with which the course last ran green."""
    readme = (reading.project_root() / "README.md").read_text(encoding="utf-8")
    return re.search(r"<!-- last-green -->\n(.*?)\n<!-- /last-green -->", readme, re.DOTALL)[1]


def data_table() -> str:
    """Sizes of the two data sets in each mode."""
    lines = ["| | images | smoke | reduced | full |", "| --- | --- | --- | --- | --- |"]
    for spec in SPECS.values():
        shape = " × ".join(str(side) for side in spec.image_shape)
        cells = [
            " / ".join(f"{count:,}" for count in spec.sizes[mode])
            for mode in ("smoke", "reduced", "full")
        ]
        lines.append(f"| {spec.title} | {shape} | {' | '.join(cells)} |")
    return "\n".join(lines)


def notes(lessons: dict) -> str:
    """Every lesson's cells tagged `instructor`, under the lesson's title and running time."""
    parts = []
    for name, book in lessons.items():
        cells = [c for c in book.cells if is_note(c) and c.cell_type == "markdown"]
        if cells:
            link = f"[{title_of(book)}](notebooks/{name}.ipynb)"
            text = "\n\n".join(c.source.replace("**For the instructor.** ", "") for c in cells)
            parts.append(f"## {name[:2]} · {link}\n\n*{cost_sentence(name)}*\n\n{text}")
    return "\n\n".join(parts)


def is_note(cell) -> bool:
    """Whether a cell is for the instructor alone."""
    return "instructor" in cell.metadata.get("tags", [])


def read_lessons() -> dict:
    """Name to notebook, for the numbered lessons that have been executed."""
    import nbformat

    return {
        name: nbformat.read(path, as_version=4)
        for name, path in reading.lesson_paths().items()
        if reading.NUMBERED.fullmatch(name) and path.suffix == ".ipynb"
    }
