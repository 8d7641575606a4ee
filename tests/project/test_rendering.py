"""The rendered course without Sphinx: what is laid out for it, and what is computed for its pages."""

import base64
import copy
import dataclasses
import html
import inspect
import json
import re
import shutil
import statistics
from pathlib import Path

import forest
import nbformat
import pandas as pd
import pytest
import render
import tables
from paths import NOTEBOOKS, ROOT

from course_tools import cli
from course_tools.authoring.folding import only_draws
from course_tools.desk import workspace
from course_utils import evidence
from course_utils.evidence import protocol

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory):
    """Both editions' sources: {edition: folder}."""
    folder = tmp_path_factory.mktemp("laid-out")
    for edition in render.EDITIONS:
        render.lay_out(folder / edition, edition)
    return {edition: folder / edition for edition in render.EDITIONS}


def everything(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.suffix in (".md", ".ipynb")
    }


def notes():
    """The first words of each instructor's note."""
    found = []
    for name in LESSONS:
        book = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
        found += [cell.source for cell in book.cells if tables.is_note(cell)]
    return [note.replace("**For the instructor.** ", "")[:60] for note in found]


def test_the_learners_edition_has_no_note_and_the_instructors_has_all(laid_out):
    learner = "\n".join(everything(laid_out["learner"]).values())
    instructor = everything(laid_out["instructor"])
    assert len(notes()) >= len(LESSONS) - 1
    for note in notes():
        assert json.dumps(note)[1:-1] not in learner
        assert note not in learner
        assert note in instructor["guide.md"]
    assert "guide.md" not in everything(laid_out["learner"])
    assert "<guide>" not in learner


def test_every_lesson_and_solution_is_there_with_its_cells(laid_out):
    pages = everything(laid_out["learner"])
    for name in LESSONS:
        book = nbformat.reads(pages[f"notebooks/{name}.ipynb"], as_version=4)
        original = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
        # The front page has the table of lessons that lesson 00 shows in JupyterLab.
        kept = [c for c in original.cells if "desk" not in c.metadata.get("tags", [])]
        told = [cell.source for cell in kept if not tables.is_note(cell)]
        # More cells, with the running time and a digit to draw; and links, and a number in the title.
        shown = [cell.source for cell in book.cells if cell["id"] not in ("cost", "digits")]
        assert [unlinked(source) for source in shown] == [
            unlinked(workspace.HINT.sub("", source)) for source in told
        ]
        assert shown[0].startswith(f"# {name[:2]} · ")
        download = nbformat.reads(pages[f"{render.DOWNLOADS}/{name}.ipynb"], as_version=4)
        assert [cell.source for cell in download.cells] == told, "it is downloaded as it is"
        # Lesson 00 has it in a cell for JupyterLab alone.
        assert sum("git+ADDRESS" in source for source in told) == (name[:2] != "00"), "for Colab"
        assert "git+ADDRESS" not in pages[f"notebooks/{name}.ipynb"], "which no reader does"
        assert f"notebooks/solutions/{name}.ipynb" in pages
        assert f"notebooks/{name}.ipynb" in pages["index.md"]
    solution = nbformat.reads(pages[f"notebooks/solutions/{LESSONS[0]}.ipynb"], as_version=4)
    assert solution.metadata["orphan"]
    assert solution.metadata["nosearch"]


def unlinked(source):
    """A cell's text without what the site adds: links to lessons, terms, the title's number."""
    source = re.sub(r"\[((?:[Ll]essons?\s+)?\d\d)\]\(\d\d_\w+\.ipynb\)", r"\1", source)
    source = re.sub(r"\{term\}`([^`<]*) <[^`]*>`", r"\1", source)
    source = re.sub(r"\[(\*[^*]+\*)\]\(https://[^)]*\)", r"\1", source)
    return re.sub(r"^# \d\d · ", "# ", source)


def test_lessons_link_each_other_and_their_terms_the_glossary(laid_out):
    pages = everything(laid_out["learner"])
    book = nbformat.reads(pages["notebooks/02_baseline_cnn.ipynb"], as_version=4)
    text = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    assert "[Lesson 06](06_augmentation.ipynb) comes back to shifts" in text
    assert "(02_baseline_cnn.ipynb)" not in text, "no link to where one is"
    assert text.count("**{term}`convolution <convolution>`**") == 1
    solution = nbformat.reads(pages["notebooks/solutions/02_baseline_cnn.ipynb"], as_version=4)
    for source in (cell.source for cell in solution.cells if cell.cell_type == "markdown"):
        for target in re.findall(r"\]\((\.\./\d\d_\w+\.ipynb)\)", source):
            assert f"notebooks/{target[3:]}" in pages


def test_every_term_of_the_glossary_that_a_lesson_speaks_of_leads_there_once(laid_out):
    pages = everything(laid_out["learner"])
    for name in LESSONS:
        book = nbformat.reads(pages[f"notebooks/{name}.ipynb"], as_version=4)
        text = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
        linked = re.findall(r"\{term\}`[^`<]* <([^`]*)>`", text)
        assert len(linked) >= 5, name
        assert len(linked) == len(set(linked)), name
        assert not re.search(r"^#.*\{term\}", text, re.MULTILINE), "a heading is no mention"
    assert "early stopping" in pages["notebooks/08_early_stopping.ipynb"]
    assert "{term}`Early stopping <early stopping>`" in pages["notebooks/08_early_stopping.ipynb"]


def test_a_term_is_linked_where_it_is_bold_and_else_where_it_comes_first():
    text = (
        "# A batch\n`batch` *a batch* batch normalisation in batches\n\nEpochs, and an **epoch**, epochs."
        "\n\n## Sources\n\n* A paper about a kernel."
    )
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    render.link_terms(book)
    assert book.cells[0].source == text.replace(
        "batch normalisation in batches",
        "{term}`batch normalisation <batch normalisation>` in {term}`batches <batch>`",
    ).replace("**epoch**", "**{term}`epoch <epoch>`**")


def test_what_the_lessons_rest_on_can_be_clicked(laid_out):
    addresses, named = render.sources(), set()
    assert all(not address or address.startswith("https://") for address in addresses.values())
    for name in LESSONS:
        original = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
        text = "\n".join(cell.source for cell in original.cells if not tables.is_note(cell))
        sources = text.partition("## Sources\n\n")[2].partition("\n\n")[0]
        titles = re.findall(r"(?<![*\w])\*(?=\S)([^*]+)\*(?![*\w])", sources)
        titles = [" ".join(title.split()) for title in titles]
        unknown = [title for title in titles if title not in addresses]
        assert not unknown, f"{name}: say in site/sources.toml where to read {unknown}"
        shown = everything(laid_out["learner"])[f"notebooks/{name}.ipynb"]
        assert all(f"]({addresses[title]})" in shown for title in titles if addresses[title]), name
        named |= set(titles)
    assert not set(addresses) - named, "of no lesson"
    assert sum(map(bool, addresses.values())) >= 0.8 * len(addresses)


def test_pages_link_the_lessons_that_they_speak_of(laid_out):
    pages = everything(laid_out["instructor"])
    assert "Lesson 06." not in pages["glossary.md"]
    assert "[Lesson 06](notebooks/06_augmentation.ipynb)." in pages["glossary.md"]
    for name, text in pages.items():
        if "/" not in name:
            prose = re.sub(r"```.*?```|^[<#].*?$|`[^`]*`", "", text, flags=re.DOTALL | re.MULTILINE)
            assert not re.search(r"(?<!\[)\blessons?\s+\d\d\b", prose, re.IGNORECASE), name
    assert ">Start with lesson 00</a>" in pages["index.md"]


def test_what_answers_a_prediction_waits_until_it_is_asked_for(laid_out):
    book = nbformat.reads(
        everything(laid_out["learner"])["notebooks/13_small_all_conv.ipynb"], as_version=4
    )
    asked = [i for i, cell in enumerate(book.cells) if "> **Predict" in cell.source]
    assert len(asked) >= 4
    waiting = 0
    for place in asked:
        answers = []
        for cell in book.cells[place + 1 :]:
            if cell.cell_type != "code":
                break
            answers += [cell] if cell.outputs else []
        assert all("hide-output" in cell.metadata.tags for cell in answers)
        assert all("Predicted?" in cell.metadata.mystnb.code_prompt_show for cell in answers)
        waiting += len(answers)
    assert waiting >= len(asked)
    folded = [cell for cell in book.cells if "hide-input" in cell.metadata.get("tags", [])]
    assert all("fit(" not in cell.source for cell in folded)
    told = [cell for cell in book.cells if cell.cell_type == "code" and cell.outputs]
    assert any("hide-output" not in cell.metadata.get("tags", []) for cell in told)


def test_code_whose_title_answers_a_prediction_waits_with_its_figure():
    draw = 'plots.curves(history, title="It learns nothing")'
    shown = [nbformat.v4.new_output("stream", text="It learns nothing")]
    code, words = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    book = nbformat.v4.new_notebook(
        cells=[
            words("> **Predict** what it learns."),
            code("history = model.fit(x, y)", outputs=shown),
            code(draw, outputs=shown),
            code(draw),
            words("It was predicted."),
            code(draw, outputs=shown),
        ]
    )
    render._fold(book)
    _, fit, answer, without, _, told = book.cells
    assert fit.metadata.tags == ["hide-output"]
    assert fit.metadata.mystnb.code_prompt_show == "Predicted? Show what happened"
    assert answer.metadata.tags == ["hide-input", "hide-output"]
    # Of two folds one could not tell which holds the figure.
    assert "{type}" in answer.metadata.mystnb.code_prompt_show
    assert without.metadata.tags == told.metadata.tags == ["hide-input"]
    assert "mystnb" not in told.metadata


def test_no_lesson_shows_the_code_that_only_draws_an_answer(laid_out):
    pages, found = everything(laid_out["learner"]), 0
    for name in LESSONS:
        book = nbformat.reads(pages[f"notebooks/{name}.ipynb"], as_version=4)
        for cell in book.cells:
            if "hide-output" in cell.metadata.get("tags", []) and only_draws(cell.source):
                assert "hide-input" in cell.metadata.tags, f"{name}: {cell.source}"
                found += 1
    assert found >= 8


def test_mentions_in_code_formulas_and_links_stay_as_they_are():
    kept = "# Lesson 02\n`lesson 02` [lesson 02](x.md) $a_{lesson 02}$\n```\nlesson 02\n```"
    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(
                f"{kept}\nlessons 01, 02 and from 03 on, lesson 02, 03 times, lessons 02 and 99"
            )
        ]
    )
    render.link_lessons(book, "01_mlp", {"01_mlp": 0, "02_baseline_cnn": 0, "03_l2": 0})
    two, three = "(02_baseline_cnn.ipynb)", "(03_l2.ipynb)"
    assert book.cells[0].source == (
        f"{kept}\nlessons 01, [02]{two} and from [03]{three} on, [lesson 02]{two}, 03 times, "
        f"[lessons 02]{two} and 99"
    )


def test_a_digit_can_be_drawn_on_the_front_page_and_in_two_lessons(laid_out):
    pages = everything(laid_out["learner"])
    with_digit = {name for name, text in pages.items() if 'class=\\"digits\\"' in text}
    assert with_digit == {"notebooks/02_baseline_cnn.ipynb", "notebooks/06_augmentation.ipynb"}
    assert '<div class="digits"><img src="_static/digits.svg"' in pages["index.md"]
    book = nbformat.reads(pages["notebooks/06_augmentation.ipynb"], as_version=4)
    ids = [cell["id"] for cell in book.cells]
    after = book.cells[ids.index("digits") + 1]
    assert after.source.startswith("## Exercise")


def test_a_slider_has_its_figures_beside_the_page_and_not_in_it():
    pngs = [b"\x89PNG one", b"\x89PNG two"]
    figures = [
        {"png": base64.b64encode(png).decode(), "alt": f'the "{png[-3:].decode()}"'} for png in pngs
    ]
    kept = {"label": "λ", "start": 1, "names": ["0.1", "1"], "figures": figures}
    shown = nbformat.v4.new_output(
        "display_data", {"image/png": "AA=="}, metadata={"course_slider": kept}
    )
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("", outputs=[shown, copy.deepcopy(shown)])]
    )
    frames = {}
    render.add_sliders(book, frames)
    assert sorted(frames.values()) == pngs
    assert [set(output.data) for output in book.cells[0].outputs] == [
        {"image/png"},
        {"text/html"},
    ] * 2
    assert book.cells[0].outputs[0].metadata == {}
    markup = book.cells[0].outputs[1].data["text/html"]
    given = json.loads(html.unescape(re.search('data-slider="([^"]*)"', markup)[1]))
    assert (given["label"], given["start"], given["names"]) == ("λ", 1, ["0.1", "1"])
    for (address, alt), png in zip(given["figures"], pngs, strict=True):
        assert frames[Path(address).stem] == png
        assert address.startswith("../_static/frames/")
        assert alt == f'the "{png[-3:].decode()}"'


def test_every_figure_that_a_lesson_keeps_is_laid_out(laid_out):
    source, with_slider = laid_out["learner"], set()
    for path in (source / "notebooks").glob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert "course_slider" not in text
        for name in re.findall(r"_static/(frames/\w+\.png)", text):
            assert (source / name).read_bytes().startswith(b"\x89PNG")
            with_slider.add(path.stem[:2])
    # A build without COURSE_FRAMES would keep none.
    assert with_slider >= {"01", "06", "14", "17"}


def test_teachers_read_commands_that_exist_and_when_the_course_last_ran(laid_out):
    page = (laid_out["learner"] / "use.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?:lock|newest) \|.*$", readme, re.MULTILINE)
    assert len(rows) == 2
    assert all(row in page for row in rows)
    lines = re.findall(r"(?:^    |`)course\s+([^`\n]+)", page, re.MULTILINE)
    assert len(lines) >= 10
    for line in lines:
        name, *words = line.split()
        options = [word for word in words if word.startswith("--")]
        if name == "--help":
            continue
        known = next(command for command in cli.app.registered_commands if _named(command) == name)
        told = inspect.getsource(known.callback)
        for option in options:
            declared = option.removeprefix("--").replace("-", "_")
            assert f'"{option}"' in told or re.search(rf"^    {declared}:", told, re.MULTILINE), (
                line
            )
    assert "(guide" not in page, "the learner's edition has no guide"


def _named(command):
    return command.name or command.callback.__name__


def test_no_comment_to_be_filled_is_left(laid_out):
    for folder in laid_out.values():
        assert not [name for name, text in everything(folder).items() if "<!-- fill" in text]


def test_the_reference_runs_can_be_downloaded_from_the_page_about_them(laid_out):
    kept = (ROOT / "course_utils" / "reference" / "runs.csv").read_bytes()
    for folder in laid_out.values():
        assert "{download}`runs.csv <runs.csv>`" in (folder / "evidence.md").read_text()
        assert (folder / "runs.csv").read_bytes() == kept


def test_every_figure_has_its_alt_text_and_size(laid_out):
    figures = json.loads((laid_out["learner"] / "figures.json").read_text())
    assert len(figures) > 50
    for alt, width, height in figures.values():
        assert alt.strip()
        assert 100 < width < 2_000
        assert 50 < height < 2_000


def test_what_has_not_changed_is_not_written_again_and_what_is_gone_goes(laid_out, tmp_path):
    again = shutil.copytree(laid_out["learner"], tmp_path / "again")
    before = {path: path.stat().st_mtime_ns for path in again.rglob("*") if path.is_file()}
    (again / "notebooks" / "gone.ipynb").write_text("{}")
    render.lay_out(again, "learner")
    after = {path: path.stat().st_mtime_ns for path in again.rglob("*") if path.is_file()}
    assert before == after


def test_a_download_names_the_address_of_the_course_where_it_has_one(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_REPOSITORY", "https://example.org/a/b")
    one = {name: book for name, book in tables.read_lessons().items() if name.startswith("02")}
    monkeypatch.setattr(tables, "read_lessons", lambda: one)
    monkeypatch.setattr(render, "_filled", lambda text, lessons: text)
    render.lay_out(tmp_path, "learner")
    [download] = (tmp_path / render.DOWNLOADS).glob("*.ipynb")
    assert "[tensorflow] @ git+https://example.org/a/b'" in download.read_text(encoding="utf-8")


def test_the_repository_is_configured_in_one_place(monkeypatch):
    monkeypatch.setenv("COURSE_REPOSITORY", "https://example.org/a/b/")
    assert render.repository() == "https://example.org/a/b"
    monkeypatch.delenv("COURSE_REPOSITORY")
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert bool(render.repository()) == ("Repository" in text)


# What is computed


@pytest.fixture
def measured(monkeypatch):
    """measured(rows, **more): let these be the reference runs: (model, techniques, seed, accuracy)."""

    def measured(rows, **more):
        found = runs(rows).assign(**more)
        for module in (evidence, evidence.runs):
            monkeypatch.setattr(module, "runs_of_no_table", found.copy)

    return measured


def runs(rows):
    blank = dict.fromkeys(evidence.COLUMNS, "") | {"mode": "reduced", "data": "mnist"}
    named = ("model", "techniques", "seed", "test_accuracy")
    return pd.DataFrame([blank | dict(zip(named, row, strict=True)) for row in rows])


TOY = """
[toy]
kind = "fair"
question = "Is it worth it?"
model = "baseline_cnn"
mode = "reduced"
epochs = 2
rates = [0.001]
tuning_seeds = [100]
verdict_seeds = [0, 1, 2, 3, 4, 5]
judge = "compare"
compare = [["l2", "baseline"], ["five_without_l2", "baseline"]]
[toy.arms]
baseline = { techniques = "cosine_decay" }
l2 = { techniques = "l2+cosine_decay" }
five_without_l2 = { techniques = "batch_norm+cosine_decay" }
"""


@pytest.fixture
def planned(monkeypatch):
    """planned(rows): let this be the protocol, and these its runs: (arm, seed, accuracy)."""

    def planned(rows):
        blank = dict.fromkeys(evidence.COLUMNS)
        found = pd.DataFrame(
            [
                blank | {"table": "toy", "arm": arm, "seed": seed, "learning_rate": 0.001, "val_loss": 0.1}
                | {"compare_accuracy": accuracy, "compare_loss": 1 - accuracy}
                for arm, seed, accuracy in rows
            ],
            columns=list(evidence.COLUMNS),
        )  # fmt: skip
        monkeypatch.setattr(protocol, "tables", lambda: protocol.read(TOY))
        monkeypatch.setattr(protocol, "all_runs", found.copy)

    return planned


def test_a_planned_table_tells_its_verdicts_and_what_it_lacks(planned):
    rows = [("baseline", seed, 0.9) for seed in (*range(6), 100)]
    rows += [("l2", seed, 0.91 + 0.001 * seed) for seed in (*range(6), 100)]
    planned(rows + [("five_without_l2", seed, 0.95) for seed in (0, 1, 100)])
    shown = tables.protocol_tables().replace("\N{NO-BREAK SPACE}", " ")
    assert shown.startswith("### Is it worth it?")
    assert '<span class="forest-name">L2</span>' in shown
    assert "<b>helps</b> <span>+1.25, +1.05 to +1.45</span>" in shown
    assert "+1.50 (seed 5)" in shown
    assert "**Not yet measured**: 1 of its 2 comparisons; 4 of 18 runs" in shown
    assert "| five without L2 | | | | | not yet measured | | not yet measured |" in shown
    assert "| five without L2 | batch normalisation + falling learning rate |" in shown
    assert "| 2 of 6 |" in shown
    planned([])
    shown = tables.protocol_tables()
    assert "**Not yet measured**: 2 of its 2 comparisons; 18 of 18 runs" in shown
    assert "forest" not in shown


# Of the course's own tables: what the line below a question says of length and learning rate.
LINES = {
    "fair_mnist": "16 epochs unless a row below says otherwise, a learning rate that falls to zero from a "
    "peak that was chosen for each on validation, with the seeds 100 and 101;",
    "fair_cifar10": "`fair_cifar10`: small all-conv on CIFAR-10, reduced mode, 16 epochs, a learning rate",
    "early_stopping": "2,000 training images, 50 epochs, a constant learning rate of 0.001;",
    "curve_mnist": "as many steps with every number of images as 16 epochs on 5,000 take, a learning rate "
    "that falls to zero from a peak that `fair_mnist` chose for each; seeds",
    "article_mnist": "each as many epochs as its row below says, a learning rate of 0.001, which falls to "
    "zero where a row below says so and is otherwise constant;",
    "article_mnist_small": "30 epochs unless a row below says otherwise, a constant learning rate of 0.001;",
    "article_cifar10": "small all-conv, all-conv, dropout CNN on CIFAR-10, full mode, each as many epochs as",
    "precision_mnist": "12 epochs, a constant learning rate of 0.001;",
    "ladder": "`ladder`: lesson 16's fast network on CIFAR-10, reduced mode, 8 epochs unless a row below "
    "says otherwise, a learning rate that was chosen for each on validation, with the seeds 100 and 101, for "
    "a batch of 1,024 images, which falls to zero from rung 1 on and is otherwise constant;",
    "fast_cifar10": "18 epochs, a learning rate that falls to zero from a peak of 1.5, for a batch of",
    "best_mnist": "`best_mnist`: the fast network on digits on MNIST, full mode, 12 epochs, a learning rate "
    "that falls to zero from a peak of 1.5, for a batch of 1,024 images;",
}


@pytest.mark.parametrize("name", protocol.tables())
def test_the_line_below_a_question_is_true_of_its_table(name):
    line = tables._protocol_words(protocol.table(name))
    assert LINES.get(name, "") in line
    assert not re.search(r"None|\bthe the\b|the lesson|seeds ,", line)


@pytest.mark.parametrize("name", protocol.tables())
def test_no_two_networks_that_are_compared_look_alike(name):
    of = protocol.table(name)
    rows = [row.split(" | ") for row in tables._arms_table(of, {}).splitlines()[2:]]
    assert len({tuple(what) for _, *what, _ in rows}) == len(of.arms)


def test_what_is_compared_is_named_with_the_settings_in_which_it_differs():
    def shown(name):
        return tables._arms_table(protocol.table(name), {})

    assert "| dropout CNN | epochs 50, learning rate 0.001 |" in shown("article_cifar10")
    assert "| bfloat16 | baseline CNN | precision mixed_bfloat16, " in shown("precision_mnist")
    assert "| the ladder up to rung 8 | learning rate 1.5 |" in shown("fast_cifar10")
    assert "| all six | L2 0.0001, momentum 0.99, epsilon 0.001, patience 5, " in shown(
        "article_mnist_small"
    )
    assert "| second start | falling learning rate | start 1, " in shown("fair_mnist")
    assert "| one network for longer | falling learning rate | epochs 48, " in shown("fair_mnist")


def test_a_table_without_comparisons_shows_no_empty_ones(planned):
    planned([])
    of = dataclasses.replace(protocol.table("toy"), compare=())
    shown = tables._protocol_table(of)
    assert "**Not yet measured**: 18 of 18 runs" in shown
    assert "omparison" not in shown.replace("comparison set", "")
    assert "The verdicts as a table" not in shown


def test_a_learning_curve_says_what_each_of_its_lines_is_worth(monkeypatch):
    of = protocol.table("curve_mnist")
    shown = tables._protocol_table(of)
    worth = evidence.worth_in_images(of, "batch_norm")
    assert f"\n* {worth.sentence('batch normalisation')}\n" in shown
    assert "* baseline" not in shown
    monkeypatch.setattr(evidence, "worth_in_images", lambda *given: None)
    assert "\n* batch normalisation: not yet measured.\n" in tables._protocol_table(of)


def test_where_the_runs_of_no_table_were_made_is_said_of_these_alone(measured):
    measured([("mlp", "", 1, 0.9)], hardware="abacus", precision="float32")
    assert tables.scoreboard_table().endswith(
        "\n\nReference runs of no table: 1 on abacus with float32."
    )


def test_a_table_of_measures_shows_what_is_measured_and_names_the_rest():
    shown = tables.trust_tables().replace("\N{NO-BREAK SPACE}", " ")
    assert shown.startswith("### Which techniques")
    assert "**Calibration error beyond chance**" in shown
    assert '<span class="forest-name">batch normalisation</span>' in shown
    assert "\n* Not yet measured, accuracy under noise: " in shown


def test_a_plot_shows_every_interval_on_one_axis():
    one = evidence.compare([0.9] * 6, [0.91, 0.92, 0.93, 0.91, 0.92, 0.93])
    equal = evidence.compare([0.9] * 6, [0.89] * 6)
    drawn = forest.plot({"a <b>": one, "equal": equal})
    assert "\n\n" not in drawn, "Markdown would end the block"
    assert "a &lt;b&gt;" in drawn
    assert drawn.count('class="forest-run"') == 12
    places = [float(p) for p in re.findall(r'(?:x1|x2|cx)="([\d.]+)%"', drawn)]
    assert 0 < min(places) < max(places) < 100
    assert len(set(re.findall(r'forest-zero" x1="([\d.]+)%"', drawn))) == 1
    assert drawn.count('y1="17"') == 1, "equal differences have no interval"
    assert forest.plot({}) == ""


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(-0.4, 2.1, [0, 1, 2]), (-1.9, 0.3, [-1, 0]), (-0.02, 0.1, [0, 0.05, 0.1])],
)
def test_an_axis_has_round_numbers(low, high, expected):
    assert forest.ticks(low, high) == pytest.approx(expected)


def test_every_seed_is_shown(measured):
    rows = [("baseline_cnn", "", seed, 0.9 + 0.01 * seed) for seed in (0, 1, 3)]
    rows += [("baseline_cnn", "l2", seed, 0.95) for seed in (1, 2)]
    rows += [("mlp", "", 4, 0.5)]
    measured(rows)
    assert tables.seeds_table("reduced").splitlines() == [
        "| seed | 0 | 1 | 2 | 3 |",
        "| --- | --- | --- | --- | --- |",
        "| baseline | 90.00 | 91.00 |  | 93.00 |",
        "| L2 |  | 95.00 | 95.00 |  |",
    ]
    assert "not yet measured" in tables.seeds_table("full")


def test_the_benchmarks_are_told_as_they_were_measured():
    table, _, sentences = tables.benchmark_table().partition("\n\n")
    shown = table.splitlines()
    found = [json.loads(path.read_text()) for path in (ROOT / "benchmarks/results").glob("*.json")]
    timed = [result for result in found if "ratio" in result]
    assert timed
    assert len(shown) == 2 + len(timed)
    for result in timed:
        assert result["ratio"] == statistics.median(result["ratios"])
        assert result["verdict"] == ("reached" if result["ratio"] <= result["goal"] else "missed")
        assert any(
            row.startswith(f"| {result['title']} | {result['ratio']:.2f} |") for row in shown
        )
    for result in found:
        assert result.get("sentence", "") in sentences


def test_a_lesson_tells_its_cost_or_that_it_is_not_known(monkeypatch):
    monkeypatch.setattr(evidence, "lesson_cost", lambda name, mode: (90.0, 1_250.0))
    assert tables.minutes("x") == "1.5 min"
    assert "about 1.5 minutes and 1.2 GB in reduced mode" in tables.cost_sentence("x")
    monkeypatch.setattr(evidence, "lesson_cost", lambda name, mode: None)
    assert tables.minutes("x") == "not yet measured"
    assert tables.cost_sentence("x") == "Its running time is not yet measured."
