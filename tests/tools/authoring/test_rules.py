"""Each rule for notebooks holds for a good lesson, and fails for one that breaks it."""

import base64
import shutil
import string
from pathlib import Path

import nbformat
import pytest
from jupytext.cli import jupytext
from nbformat.v4 import new_code_cell, new_output
from paths import NOTEBOOKS

from course_tools.authoring import rules

LESSON = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # How long is a rope?
#
# **Goal:** measure a rope. The article says 98.5 %, and a 95 % interval is no result.

# %% tags=["parameters"]
mode = "auto"
seed = 1

# %%
plots.rope(lesson)

# %% [markdown]
# ## Exercise
#
# | model | article |
# | --- | --- |
# | rope | 99 % |


# %%
def length(rope):
    ...


# %%
lesson.check_length(length)

# %% [markdown]
# ## Summary
#
# - One.
# - Two.
# - Three.
#
# ## Sources
#
# - A book.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# Ten minutes.
"""
ALT = "A rope beside a ruler."
PNG = base64.b64encode(b"not really an image").decode()


def write_executed(script, text, verdict):
    """Write a .py and the .ipynb that running it would have left."""
    script.parent.mkdir(exist_ok=True)
    script.write_text(text, encoding="utf-8")
    jupytext(["--quiet", "--to", "ipynb", str(script)])
    nb = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    codes = [cell for cell in nb.cells if cell.cell_type == "code"]
    for count, cell in enumerate(codes, start=1):
        cell.execution_count = count
    shown = {"image/png": PNG, "text/plain": ALT}
    codes[1].outputs = [new_output("display_data", shown, metadata={"image/png": {"alt": ALT}})]
    codes[3].outputs = [new_output("execute_result", {"text/plain": f"{verdict}: so."})]
    nbformat.write(nb, script.with_suffix(".ipynb"))


@pytest.fixture(scope="module")
def good_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    shutil.copy(NOTEBOOKS / "jupytext.toml", folder)
    write_executed(folder / "04_rope.py", LESSON, "Not yet")
    write_executed(folder / "solutions" / "04_rope.py", LESSON, "Correct")
    return folder


@pytest.fixture
def lesson(good_folder, tmp_path):
    """A good lesson, with its solution, for a test to break."""
    return rules.Notebook(Path(shutil.copytree(good_folder, tmp_path / "notebooks")) / "04_rope.py")


def test_a_good_lesson_and_its_solution_break_no_rule(lesson):
    found = rules.find_notebooks(lesson.script.parent)
    assert found == [lesson, lesson.solution]
    for notebook in found:
        for rule in rules.rules_for(notebook):
            assert rule(notebook) == []


# How a lesson that was read is broken: each returns a function that takes the lesson.


def code(number, printed=None, **changes):
    """Change a code cell, counted from 0; `printed` is what it wrote to standard output."""
    if printed is not None:
        changes["outputs"] = [new_output("stream", text=printed)]
    return lambda lesson: cells(lesson, "code")[number].update(changes)


def prose(number, source=None, **changes):
    if source is not None:
        changes["source"] = source
    return lambda lesson: cells(lesson, "markdown")[number].update(changes)


def of_all(**changes):
    return lambda lesson: lesson.nb.metadata.update(changes)


def shown(**data):
    """Change what the second code cell displays, by kind."""

    def change(lesson):
        output = cells(lesson, "code")[1].outputs[0]
        output.data.update({kind.replace("_", "/"): value for kind, value in data.items()})
        if not data:
            output.metadata = {}

    return change


def answered(text):
    outputs = [new_output("execute_result", {"text/plain": text})] if text else []
    return code(3, outputs=outputs)


def cells(lesson, kind):
    return [cell for cell in lesson.nb.cells if cell.cell_type == kind]


LONG = [new_code_cell("x = 1\n" * 28)] * 7
STDERR = [new_output("stream", name="stderr", text="W0000")]
ERROR = [new_output("error", ename="ValueError", evalue="no", traceback=[])]
DRIVE = "open('D:\\ropes')"
ENDS = "## Sources\n\n- A.\n- B."
BROKEN = {
    "every_cell_ran_in_order": [
        (code(2, execution_count=None), "None, not 3"),
        (code(0, execution_count=9), "count 9, not 1"),
    ],
    "no_output_is_an_error": [
        (code(1, outputs=ERROR), "raised ValueError: no"),
        (code(1, outputs=STDERR), "standard error"),
        (code(1, "\x1b[1m1/4\x08\x08"), "control characters"),
    ],
    "it_ran_on_real_images": [
        (code(1, "Hello.\nData: a stand-in for MNIST\n"), "a stand-in: set COURSE_DATA_DIR"),
    ],
    "every_image_has_alt_text": [
        (shown(), "without alt text in its metadata"),
        (shown(text_plain="<Figure size 640x480>"), "is not the alt text"),
        (prose(1, "## See\n\n![](rope.png)"), "includes an image without alt text"),
    ],
    "nothing_of_the_machine": [
        (code(1, "wrote\n/home/ada/rope.json"), "an absolute path: /home/a"),
        (code(1, source=DRIVE), f"the source of cell 2 ({DRIVE}) holds an absolute path"),
        (of_all(made={"at": "2031-01-02T03:04:05"}), "metadata holds a date: 2031-01-02"),
        (code(1, "done at 12:34:56"), "a time of day"),
        (code(1, "<Rope object at 0x7f00aa12bc>"), "a memory address"),
        (code(1, "ada-laptop: done"), "a name of this machine: ada-laptop"),
    ],
    "no_path_in_an_address": [
        (code(1, source='f"sqlite:///{folder}/x"'), "into an address: sqlite:///{folder}"),
    ],
    "only_needed_metadata": [
        (of_all(papermill={"version": "2"}), "metadata holds 'papermill'"),
        (of_all(language_info={"version": "3.11.7"}), "names the version of Python"),
        (of_all(kernelspec={"name": "conda-env-rope"}), "the kernel is not python3"),
        (code(1, metadata={"execution": {}}), "holds 'execution'"),
    ],
    "parameters_cell": [
        (code(0, metadata={}), '0 code cells are tagged "parameters"'),
        (code(0, source='mode = "full"\nseed = 1'), "mode = 'full'"),
        (code(0, source='mode = "auto"\nseed = True'), "seed = True"),
        (code(0, source='mode = "auto"\nseed = draw()'), "more than assignments"),
    ],
    "short_code": [
        (
            code(1, source="model.fit(\n" + "    x,\n" * 15 + ")"),
            "has 16 lines of code; at most 15",
        ),
        (code(1, source="x = 1\n" * 31), "has 31 lines of code; at most 30"),
        (lambda lesson: lesson.nb.cells.extend(LONG), "lines of code; under 200"),
        (code(1, source="x" * 121), "121 columns"),
    ],
    "headings_form_an_outline": [
        (prose(0, "Once upon a time"), "the first cell is not a title"),
        (prose(1, "# Another"), "2 headings of level 1"),
        (prose(1, "### Deep"), "'Deep' skips a level"),
    ],
    "no_result_is_typed": [
        (prose(1, "## So\n\nIt reaches 98.7 % here."), "without naming the article: It reaches"),
        (prose(1, "## So\n\n" + r"$98.7\,\%$ of the ropes"), "types a result"),
        (prose(1, "| model | ours |\n| - | - |\n| rope | 99% |"), "types a result"),
    ],
    "lesson_is_complete": [
        (prose(0, "# Rope"), "no **Goal:**"),
        (prose(2, "## Sources"), "0 sections ## Summ"),
        (prose(2, f"## Summary\n\n- One.\n\n{ENDS}"), "has 1 points"),
        (prose(2, "## Summary\n\n- A.\n- B.\n- C."), "no section ## Sources"),
        (prose(3, metadata={}), 'tagged "instructor"'),
        (prose(3, metadata={"tags": ["instructor"]}), "is not folded"),
    ],
    "exercises_are_open": [
        (answered("Correct: so."), "check_length answers 'Correct: so.', not 'Not yet'"),
        (answered(""), "check_length answers '', not 'Not yet'"),
        (
            code(3, source="lesson.check_width(w)"),
            "['check_width'], but solutions ['check_length']",
        ),
        (code(3, source="pass"), "the lesson has no exercise"),
        (lambda lesson: lesson.solution.script.unlink(), "among the solutions: missing"),
    ],
}
CASES = [pytest.param(rule, *case, id=case[1]) for rule in BROKEN for case in BROKEN[rule]]


@pytest.mark.parametrize(("rule", "break_it", "says"), CASES)
def test_a_broken_lesson_is_found(lesson, monkeypatch, rule, break_it, says):
    monkeypatch.setattr("socket.gethostname", lambda: "ada-laptop.example")
    rule = getattr(rules, rule)
    assert rule in rules.rules_for(lesson)
    assert rule(lesson) == []
    break_it(lesson)
    assert says in "\n".join(rule(lesson))


def test_every_rule_is_shown_to_fail(lesson):
    elsewhere = {"both_files_are_there", "pair_agrees", "small_enough", "exercises_are_solved"}
    every = {*rules.rules_for(lesson), *rules.rules_for(lesson.solution)}
    assert {rule.__name__ for rule in every} == BROKEN.keys() | elsewhere


def test_a_user_may_be_called_as_something_in_the_lesson(lesson, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "adam")
    code(1, "adam: done")(lesson)
    assert "a name of this machine: adam" in "\n".join(rules.nothing_of_the_machine(lesson))
    code(1, source="plots.rope(lesson)  # adam")(lesson)
    assert rules.nothing_of_the_machine(lesson) == []


@pytest.mark.parametrize("missing", [".py", ".ipynb"])
def test_half_a_pair_is_found(lesson, missing):
    lesson.script.with_suffix(missing).unlink()
    assert lesson in rules.find_notebooks(lesson.script.parent)
    (rule,) = rules.rules_for(lesson)
    assert rule(lesson) == [f"04_rope{missing} is missing: make notebooks LESSONS=04_rope"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("def length", "def width", "cell 5 (def width(rope):)"),
        (' tags=["instructor"]', "", "cell 8 (Ten minutes.)"),
        ("# - Two.\n", "", "cell 7 (## Summary)"),
        ("kernelspec", "kernel\xff", "cannot be read as a notebook"),
    ],
)
def test_a_pair_edited_apart_is_found_with_the_cells_that_differ(lesson, before, after, said):
    script = lesson.script.read_text(encoding="utf-8")
    lesson.script.write_text(script.replace(before, after), encoding="latin-1")
    assert said in rules.pair_agrees(lesson)[0]


def test_a_heavy_notebook_is_found(lesson):
    shown(image_png=string.ascii_letters * 12_000)(lesson)
    nbformat.write(lesson.nb, lesson.path)
    assert "at most 600,000 are expected" in rules.small_enough(lesson)[0]


def test_a_solution_that_does_not_solve_is_found(lesson):
    solution = lesson.solution
    answered("Not yet: no.")(solution)
    assert "not 'Correct'" in rules.exercises_are_solved(solution)[0]
    code(3, source="pass")(solution)
    assert rules.exercises_are_solved(solution) == ["the solution calls no check_... function"]
