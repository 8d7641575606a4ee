"""Each rule for notebooks holds for a good lesson, and fails for one that breaks it."""

import base64
import shutil
import string
from pathlib import Path

import nbformat
import pytest
from course_tools.authoring.notebook_files import NOTEBOOKS, Notebook, find_notebooks
from jupytext.cli import jupytext
from nbformat.v4 import new_code_cell, new_output

from course_tools.authoring import reader_rules, run_rules

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
    return Notebook(Path(shutil.copytree(good_folder, tmp_path / "notebooks")) / "04_rope.py")


def test_a_good_lesson_and_its_solution_break_no_rule(lesson):
    found = find_notebooks(lesson.script.parent)
    assert found == [lesson, lesson.solution]
    for notebook in found:
        assert [
            problem for rule in reader_rules.rules_for(notebook) for problem in rule(notebook)
        ] == []


def code(lesson, number):
    return [cell for cell in lesson.nb.cells if cell.cell_type == "code"][number]


def text(lesson, number):
    return [cell for cell in lesson.nb.cells if cell.cell_type == "markdown"][number]


def stream(words, name="stdout"):
    return [new_output("stream", name=name, text=words)]


# Each line breaks a lesson that was read: the rule, what is done to the lesson, what it says.
BROKEN = [
    ("every_cell_ran_in_order", lambda it: code(it, 2).update(execution_count=None), "None, not 3"),
    ("every_cell_ran_in_order", lambda it: code(it, 0).update(execution_count=9), "count 9, not 1"),
    (
        "no_output_is_an_error",
        lambda it: code(it, 1).update(
            outputs=[new_output("error", ename="ValueError", evalue="no", traceback=[])]
        ),
        "raised ValueError: no",
    ),
    (
        "no_output_is_an_error",
        lambda it: code(it, 1).update(outputs=stream("W0000", "stderr")),
        "standard error",
    ),
    (
        "no_output_is_an_error",
        lambda it: code(it, 1).update(outputs=stream("\x1b[1m1/4\x08\x08")),
        "control characters",
    ),
    (
        "it_ran_on_real_images",
        lambda it: code(it, 1).update(outputs=stream("Hello.\nData: a stand-in for MNIST\n")),
        "announces a stand-in: set COURSE_DATA_DIR",
    ),
    (
        "every_image_has_alt_text",
        lambda it: code(it, 1).outputs[0].update(metadata={}),
        "without alt text in its metadata",
    ),
    (
        "every_image_has_alt_text",
        lambda it: code(it, 1).outputs[0].data.update({"text/plain": "<Figure size 640x480>"}),
        "is not the alt text",
    ),
    (
        "every_image_has_alt_text",
        lambda it: text(it, 1).update(source="## See\n\n![](rope.png)"),
        "includes an image without alt text",
    ),
    (
        "nothing_of_the_machine",
        lambda it: code(it, 1).update(outputs=stream("wrote\n/home/ada/rope.json")),
        "an absolute path: /home/a",
    ),
    (
        "nothing_of_the_machine",
        lambda it: code(it, 1).update(source=r"open('D:\ropes')"),
        r"the source of cell 2 (open('D:\ropes')) holds an absolute path",
    ),
    (
        "nothing_of_the_machine",
        lambda it: it.nb.metadata.update(made={"start_time": "2031-01-02T03:04:05"}),
        "metadata holds a date: 2031-01-02",
    ),
    (
        "nothing_of_the_machine",
        lambda it: code(it, 1).update(outputs=stream("done at 12:34:56")),
        "a time of day",
    ),
    (
        "nothing_of_the_machine",
        lambda it: code(it, 1).update(outputs=stream("<Rope object at 0x7f00aa12bc>")),
        "a memory address",
    ),
    (
        "nothing_of_the_machine",
        lambda it: code(it, 1).update(outputs=stream("ada-laptop: done")),
        "a name of this machine: ada-laptop",
    ),
    (
        "only_needed_metadata",
        lambda it: it.nb.metadata.update(papermill={"version": "2"}),
        "metadata holds 'papermill'",
    ),
    (
        "only_needed_metadata",
        lambda it: it.nb.metadata.update(language_info={"name": "python", "version": "3.11.7"}),
        "names the version of Python",
    ),
    (
        "only_needed_metadata",
        lambda it: it.nb.metadata.update(kernelspec={"name": "conda-env-rope"}),
        "the kernel is not python3",
    ),
    (
        "only_needed_metadata",
        lambda it: code(it, 1).metadata.update(execution={}),
        "holds 'execution'",
    ),
    (
        "parameters_cell",
        lambda it: code(it, 0).update(metadata={}),
        '0 code cells are tagged "parameters"',
    ),
    (
        "parameters_cell",
        lambda it: code(it, 0).update(source='mode = "full"\nseed = 1'),
        "mode = 'full'",
    ),
    (
        "parameters_cell",
        lambda it: code(it, 0).update(source='mode = "auto"\nseed = True'),
        "seed = True",
    ),
    (
        "parameters_cell",
        lambda it: code(it, 0).update(source='mode = "auto"\nseed = draw()'),
        "more than assignments",
    ),
    (
        "short_code",
        lambda it: code(it, 1).update(source="model.fit(\n" + "    x,\n" * 15 + ")"),
        "has 16 lines of code; at most 15",
    ),
    (
        "short_code",
        lambda it: code(it, 1).update(source="x = 1\n" * 31),
        "has 31 lines of code; at most 30",
    ),
    (
        "short_code",
        lambda it: it.nb.cells.extend(new_code_cell("x = 1\n" * 28) for _ in range(7)),
        "lines of code; under 200",
    ),
    ("short_code", lambda it: code(it, 1).update(source="x" * 121), "121 columns"),
    (
        "headings_form_an_outline",
        lambda it: text(it, 0).update(source="Once upon a time"),
        "the first cell is not a title",
    ),
    (
        "headings_form_an_outline",
        lambda it: text(it, 1).update(source="# Another"),
        "2 headings of level 1",
    ),
    (
        "headings_form_an_outline",
        lambda it: text(it, 1).update(source="### Deep"),
        "'Deep' skips a level",
    ),
    (
        "no_result_is_typed",
        lambda it: text(it, 1).update(source="## So\n\nIt reaches 98.7 % here."),
        "types a result without naming the article: It reaches",
    ),
    (
        "no_result_is_typed",
        lambda it: text(it, 1).update(source=r"## So" + "\n\n" + r"$98.7\,\%$ of the ropes"),
        "types a result",
    ),
    (
        "no_result_is_typed",
        lambda it: text(it, 1).update(source="| model | ours |\n| - | - |\n| rope | 99% |"),
        "types a result",
    ),
    ("lesson_is_complete", lambda it: text(it, 0).update(source="# Rope"), "no **Goal:**"),
    (
        "lesson_is_complete",
        lambda it: text(it, 2).update(source="## Sources"),
        "0 sections ## Summ",
    ),
    (
        "lesson_is_complete",
        lambda it: text(it, 2).update(source="## Summary\n\n- One.\n\n## Sources\n\n- A.\n- B."),
        "has 1 points",
    ),
    (
        "lesson_is_complete",
        lambda it: text(it, 2).update(source="## Summary\n\n- A.\n- B.\n- C."),
        "no section ## Sources",
    ),
    ("lesson_is_complete", lambda it: text(it, 3).update(metadata={}), 'tagged "instructor"'),
    (
        "lesson_is_complete",
        lambda it: text(it, 3).update(metadata={"tags": ["instructor"]}),
        "is not folded",
    ),
    (
        "exercises_are_open",
        lambda it: code(it, 3).outputs[0].data.update({"text/plain": "Correct: so."}),
        "check_length answers 'Correct: so.', not 'Not yet'",
    ),
    (
        "exercises_are_open",
        lambda it: code(it, 3).update(outputs=[]),
        "check_length answers '', not 'Not yet'",
    ),
    (
        "exercises_are_open",
        lambda it: code(it, 3).update(source="lesson.check_width(width)"),
        "exercises ['check_width'], but solutions ['check_length']",
    ),
    (
        "exercises_are_open",
        lambda it: code(it, 3).update(source="pass"),
        "the lesson has no exercise",
    ),
    (
        "exercises_are_open",
        lambda it: it.solution.script.unlink(),
        "among the solutions: missing",
    ),
]


def test_a_user_may_be_called_as_something_in_the_lesson(lesson, monkeypatch):
    monkeypatch.setattr(run_rules.getpass, "getuser", lambda: "adam")
    code(lesson, 1).outputs = stream("adam: done")
    assert "a name of this machine: adam" in "\n".join(run_rules.nothing_of_the_machine(lesson))
    code(lesson, 1).source += "  # adam"
    assert run_rules.nothing_of_the_machine(lesson) == []


@pytest.mark.parametrize(("rule", "break_it", "says"), BROKEN, ids=[case[2] for case in BROKEN])
def test_a_broken_lesson_is_found(lesson, monkeypatch, rule, break_it, says):
    monkeypatch.setattr(run_rules.socket, "gethostname", lambda: "ada-laptop.example")
    rule = getattr(run_rules, rule, None) or getattr(reader_rules, rule)
    assert rule(lesson) == []
    break_it(lesson)
    assert says in "\n".join(rule(lesson))


def test_every_rule_is_shown_to_fail():
    elsewhere = {"both_files_are_there", "pair_is_in_sync", "small_enough", "exercises_are_solved"}
    rules = {rule.__name__ for rule in (*run_rules.RULES, *reader_rules.RULES)}
    rules |= {"lesson_is_complete", "exercises_are_open"}
    assert rules - {case[0] for case in BROKEN} <= elsewhere


@pytest.mark.parametrize("missing", [".py", ".ipynb"])
def test_half_a_pair_is_found(lesson, missing):
    lesson.script.with_suffix(missing).unlink()
    assert lesson in find_notebooks(lesson.script.parent)
    (rule,) = reader_rules.rules_for(lesson)
    assert rule(lesson) == [f"04_rope{missing} is missing: make notebooks LESSONS=04_rope"]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("def length", "def width", "-def width(rope):\n+def length(rope):"),
        (' tags=["instructor"]', "", '+# %% [markdown] jupyter={"source_hidden": true} tags'),
        ("# - Two.\n", "", "+# - Two."),
    ],
)
def test_a_pair_edited_apart_is_found_with_the_lines_that_differ(lesson, before, after, shown):
    script = lesson.script.read_text(encoding="utf-8")
    lesson.script.write_text(script.replace(before, after), encoding="utf-8")
    assert shown in run_rules.pair_is_in_sync(lesson)[0]


def test_a_heavy_notebook_is_found(lesson):
    code(lesson, 1).outputs[0].data["image/png"] = string.ascii_letters * 8_000
    nbformat.write(lesson.nb, lesson.path)
    assert "at most 400,000 are expected" in run_rules.small_enough(lesson)[0]


def test_a_solution_that_does_not_solve_is_found(lesson):
    solution = lesson.solution
    code(solution, 3).outputs[0].data["text/plain"] = "Not yet: no."
    assert "not 'Correct'" in reader_rules.exercises_are_solved(solution)[0]
    code(solution, 3).source = "pass"
    assert reader_rules.exercises_are_solved(solution) == [
        "the solution calls no check_... function"
    ]
