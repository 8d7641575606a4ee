"""What a notebook solved, as its executed copy tells."""

import nbformat
import pytest
from paths import NOTEBOOKS

from course_tools.desk import grading as exercises

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_solves_nothing_and_its_solutions_all(name):
    asked = exercises.answers(NOTEBOOKS / f"{name}.ipynb")
    assert asked
    assert not any(asked.values())
    assert exercises.answers(NOTEBOOKS / "solutions" / f"{name}.ipynb") == dict.fromkeys(
        asked, True
    )


def cell(source, *results, printed=""):
    outputs = [
        nbformat.v4.new_output("execute_result", {"text/plain": result}) for result in results
    ]
    if printed:
        outputs.append(nbformat.v4.new_output("stream", text=printed))
    return nbformat.v4.new_code_cell(source, outputs=outputs)


def test_only_what_the_check_itself_answers_counts(tmp_path):
    book = nbformat.v4.new_notebook()
    book.cells = [
        nbformat.v4.new_markdown_cell("lesson.check_prose(1)"),
        cell("# lesson.check_comment(1)", "Correct: no."),
        cell("lesson.check_right(1)", "Correct: yes."),
        cell("lesson.check_wrong(1)", "Not yet: no."),
        cell("lesson.check_printed(1)\n", printed="Correct: I say so."),
        cell("lesson.check_unreached(1)"),
    ]
    path = tmp_path / "ada.ipynb"
    nbformat.write(book, path)
    found = exercises.answers(path)
    assert found == {
        "check_right": True,
        "check_wrong": False,
        "check_printed": False,
        "check_unreached": False,
    }
    assert exercises.words(found) == "1 of 4 (not yet: wrong, printed, unreached)"
    assert exercises.words({"check_right": True}) == "1 of 1"


def found_in(folder, *cells):
    path = folder / "ada.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return exercises.answers(path)


OPENED = nbformat.v4.new_code_cell('lesson = Lesson("02_baseline_cnn", mode=mode, seed=seed)')
FIRST = cell("lesson.check_conv_weights(conv_weights)", "Correct: yes.")


def test_an_exercise_of_the_lesson_that_is_not_in_the_notebook_is_not_solved(tmp_path):
    solution = nbformat.read(NOTEBOOKS / "solutions" / "02_baseline_cnn.ipynb", as_version=4)
    left = [one for one in solution.cells if "lesson.check_slim(" not in one.source]
    found = found_in(tmp_path, *left)
    assert exercises.words(found) == "1 of 2 (not yet: slim)"
    assert exercises.words(found_in(tmp_path, OPENED)) == "0 of 2 (not yet: conv_weights, slim)"
    other = cell("lesson.check_other(1)", "Correct: yes.")
    assert list(found_in(tmp_path, OPENED, FIRST, other)) == ["check_conv_weights", "check_slim"]


@pytest.mark.parametrize("name", ["ablation", "99_mine"])
def test_of_a_lesson_without_checks_only_what_is_called_counts(name, tmp_path):
    opened = cell(f'import course_utils\nlesson = course_utils.Lesson("{name}")')
    assert found_in(tmp_path, opened) == {}
    assert found_in(tmp_path, opened, FIRST) == {"check_conv_weights": True}


@pytest.mark.parametrize(
    "source",
    [
        "ok = lesson.check_slim(build_slim)",
        "lesson.check_slim(build_slim)\nlesson.check_conv_weights(conv_weights)",
        "if True:\n    lesson.check_slim(build_slim)",
        "print(lesson.check_slim(build_slim))",
        "lesson.check_slim(build_slim) or lesson.check_conv_weights(conv_weights)",
        'def build_slim():\n    """\n    lesson.check_slim(this)\n    """\nbuild_slim()',
        "lesson.check_slim(build_slim",
        "lesson.check_slim(build_slim)\x00",
    ],
)
@pytest.mark.parametrize("opened", [OPENED, None])
def test_a_check_whose_answer_the_cell_does_not_show_has_not_passed(source, opened, tmp_path):
    cells = [*filter(None, [opened]), FIRST, cell(source, "Correct: says another.")]
    found = found_in(tmp_path, *cells)
    assert found["check_conv_weights"]
    assert not found.get("check_slim")
    assert "check_slim" in found or opened is None


def test_a_check_in_a_docstring_is_no_exercise(tmp_path):
    said = cell('"""\nlesson.check_prose(1)\n"""', "Correct: no.")
    assert found_in(tmp_path, FIRST, said) == {"check_conv_weights": True}


@pytest.mark.parametrize(
    "before",
    [
        "%%time",
        "%matplotlib inline",
        "!ls",
        "files = !ls",
        "if True:\n    %time 1",
        "pattern = '\\d'",
    ],
)
@pytest.mark.filterwarnings("error")
def test_magics_beside_a_check_do_no_harm(before, tmp_path):
    solved = cell(f"{before}\nlesson.check_slim(build_slim)", "Correct: yes.")
    assert exercises.words(found_in(tmp_path, OPENED, FIRST, solved)) == "2 of 2"


def test_what_is_no_notebook_has_no_exercises(tmp_path):
    assert exercises.answers(tmp_path / "gone.ipynb") == {}
    for text in ("[]", "no JSON", '{"cells": [1]}', '{"cells": null}'):
        (tmp_path / "broken.ipynb").write_text(text)
        assert exercises.answers(tmp_path / "broken.ipynb") == {}
    assert exercises.words({}) == ""
