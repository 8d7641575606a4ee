"""What a notebook solved, as its executed copy tells."""

import nbformat
import pytest
from notebook_files import NOTEBOOKS

from course_utils import exercises

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


def test_what_is_no_notebook_has_no_exercises(tmp_path):
    assert exercises.answers(tmp_path / "gone.ipynb") == {}
    for text in ("[]", "no JSON", '{"cells": [1]}', '{"cells": null}'):
        (tmp_path / "broken.ipynb").write_text(text)
        assert exercises.answers(tmp_path / "broken.ipynb") == {}
    assert exercises.words({}) == ""
