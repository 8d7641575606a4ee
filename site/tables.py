"""The parts of the site that are computed: lists, tables and sentences, as Markdown."""

import json
import re

from course_tools.authoring import scoreboard
from course_tools.batch import reading
from course_utils import evidence, networks
from course_utils.data.specs import SPECS

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
    runs = evidence.reference()
    provenance = []
    for (hardware, precision), group in runs.groupby(["hardware", "precision"]):
        provenance.append(f"{len(group)} on {hardware} with {precision}")
    where = f"Reference runs: {'; '.join(provenance)}." if provenance else "No reference runs yet."
    return f"{scoreboard.table()}\n\n{where}"


def technique_tables(mode: str) -> str:
    """Each technique alone, left out, step by step and beyond the six, on MNIST in one mode."""
    everything = networks.TECHNIQUES
    alone = {networks.TITLES[key]: ("", key) for key in everything}
    left_out = {
        f"without {networks.TITLES[key]}": (
            networks.ALL_SIX,
            "+".join(other for other in everything if other != key),
        )
        for key in everything
    }
    path = {
        f"+ {networks.TITLES[key]}": ("+".join(everything[:i]), "+".join(everything[: i + 1]))
        for i, key in enumerate(everything)
    }
    whole = {
        "all six": ("", networks.ALL_SIX),
        "five, and a falling learning rate": ("", networks.FALLING_RATE),
    }
    further = {
        "a falling learning rate in its place": (networks.ALL_SIX, networks.FALLING_RATE),
        "long training without a stop, in its place": (networks.ALL_SIX, networks.WITHOUT_STOP),
        "long training without a stop, alone": ("", "long_training"),
        "early stopping, against long training": ("long_training", "early_stopping"),
        "the other five, both long": ("long_training", networks.WITHOUT_STOP),
        "the other five, both with a falling rate": ("cosine_decay", networks.FALLING_RATE),
    }
    # What was trained for longer is an answer to another question, so the epochs stand beside it.
    further = {
        f"{name}{_epochs(start, end, mode)}": (start, end) for name, (start, end) in further.items()
    }
    parts = [
        ("Each technique alone, against the baseline", alone | whole),
        ("Each technique left out of all six", left_out),
        ("Step by step, each against the one before", path),
        ("The stop, the time that it permits, and the falling rate", further),
    ]
    return "\n\n".join(
        f"### {title}\n\n{_comparisons(rows, mode, 'mnist')}" for title, rows in parts
    )


def _epochs(start, end, mode):
    before, after = (
        evidence.epochs_words("baseline_cnn", key, mode, "mnist") for key in (start, end)
    )
    return "" if NOT_YET in (before, after) else f" ({after} against {before})"


def seeds_table(mode: str) -> str:
    """Each set of techniques on MNIST, seed by seed: test accuracy in per cent."""
    runs = evidence.reference()
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


def other_techniques() -> str:
    """Whatever else the reference runs compare with the same model without techniques."""
    runs = evidence.reference()
    found = []
    keys = runs[["model", "mode", "data"]].drop_duplicates().itertuples(index=False)
    for model, mode, data in sorted(keys):
        if (model, data) == ("baseline_cnn", "mnist"):
            continue
        same = runs[(runs["model"] == model) & (runs["mode"] == mode) & (runs["data"] == data)]
        sets = sorted(set(same["techniques"]) - {""}, key=lambda names: (names.count("+"), names))
        rows = {_spelled(names): ("", names) for names in sets}
        if rows:
            known = networks.NETWORKS.get(model)
            title = f"### {known.title if known else model} on {data}, {mode} mode"
            found.append(f"{title}\n\n{_comparisons(rows, mode, data, model)}")
    return "\n\n".join(found) or f"On CIFAR-10 this is {NOT_YET}."


def _spelled(techniques):
    if not techniques:
        return "baseline"
    if techniques == networks.ALL_SIX:
        return "all six"
    return " + ".join(networks.TITLES.get(name, name) for name in techniques.split("+"))


def _comparisons(rows, mode, data, model="baseline_cnn"):
    lines = [
        "| | difference, points | 95 % interval | paired seeds | verdict |",
        "| --- | --- | --- | --- | --- |",
    ]
    measured = {
        name: evidence.compare_reference(*sides, mode, data, model=model)
        for name, sides in rows.items()
    }
    # All of one table is a family, measured or not.
    judged = evidence.as_family({k: v for k, v in measured.items() if v}, size=len(rows))
    for name in rows:
        if name not in judged:
            lines.append(f"| {name} | | | | {NOT_YET} |")
        else:
            found = judged[name]
            mean, low, high = (_signed(value) for value in (found.mean, found.low, found.high))
            # Non-breaking, so that an interval stays on one line.
            interval = f"{low}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{high}"
            if not found.has_interval:
                interval = "none: all differences are equal"
            lines.append(f"| {name} | {mean} | {interval} | {found.n} | {found.verdict} |")
    return "\n".join(lines)


def _signed(fraction):
    return f"{100 * fraction:+.2f}".replace("-", "\N{MINUS SIGN}")


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
