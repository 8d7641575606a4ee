"""What a hand-in solved is what the course's own package noted, whatever the hand-in shows."""

import nbformat
import pytest
from foreign import course, write
from paths import NOTEBOOKS
from small_course import said

from course_tools.batch import manifest
from course_tools.desk import grading

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
OPENED = 'from course_utils import Lesson\nlesson = Lesson("02_baseline_cnn", mode="smoke")'
WEIGHTS = "lesson.check_conv_weights(lambda k, i, o: (k * k * i + 1) * o)"
FAKE = """
class Course:
    def check_conv_weights(self, answer):
        print("Correct: I say so.")
        return "Correct: I say so."

    check_slim = check_conv_weights

lesson = Course()
"""


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_and_its_solutions_have_the_same_exercises(name):
    asked = grading.answers(NOTEBOOKS / f"{name}.ipynb")
    assert asked
    assert not any(asked.values())
    solutions = NOTEBOOKS / "solutions" / f"{name}.ipynb"
    # The answers that a committed notebook shows are no notes of its run.
    assert grading.answers(solutions) == asked
    notes = [f"{name}.{check}" for check in asked]
    assert grading.answers(solutions, notes) == dict.fromkeys(asked, True)


@pytest.fixture
def hand_in(tmp_path, monkeypatch):
    """Run the cells of a hand-in here; returns which exercises it solved, in words."""
    monkeypatch.setenv("COURSE_OUT", str(tmp_path / "records"))
    monkeypatch.delenv("COURSE_HEADLESS", raising=False)

    def run(*sources):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "ada.ipynb")
        names = {}
        for source in sources:
            exec(source, names)
        notes = [path.name for path in (tmp_path / "records" / "solved").glob("*")]
        return grading.words(grading.answers(tmp_path / "ada.ipynb", notes))

    return run


def test_what_the_courses_own_check_accepts_is_credited(hand_in):
    assert hand_in(OPENED, WEIGHTS) == "1 of 2 (not yet: slim)"


@pytest.mark.parametrize(
    "source",
    [
        "lesson.check_conv_weights(lambda k, i, o: 0)",
        'print("Correct: yes.")',
        FAKE + WEIGHTS,
        f"{FAKE}\nprint({WEIGHTS})",
        f'text = """{WEIGHTS}"""',
    ],
)
def test_neither_a_print_nor_an_object_of_that_name_earns_anything(hand_in, source):
    assert hand_in(OPENED, source) == "0 of 2 (not yet: conv_weights, slim)"


@pytest.mark.slow
def test_a_batch_brings_the_notes_of_each_hand_in_home(tmp_path):
    # As in a live notebook, whose checks are noted wherever it runs.
    live = "import os\nos.environ.pop('COURSE_HEADLESS')"
    write(tmp_path, "ada", live, OPENED, WEIGHTS, "1 / 0")
    write(tmp_path, "bob", live, OPENED, FAKE, WEIGHTS)
    words = ["ada.ipynb", "bob.ipynb", "--retries", "0", "--out", "graded"]
    ran = course("run", *words, cwd=tmp_path)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    _, entries = manifest.Manifest.read(tmp_path / "graded")
    assert entries["ada"].solved == ["02_baseline_cnn.check_conv_weights"]
    assert entries["bob"].solved == []


def test_a_note_of_another_lesson_solves_nothing(tmp_path):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(OPENED)])
    nbformat.write(book, tmp_path / "ada.ipynb")
    found = grading.answers(tmp_path / "ada.ipynb", ["03_l2.check_slim"])
    assert found == {"check_conv_weights": False, "check_slim": False}


@pytest.mark.parametrize("name", ["ablation", "99_mine"])
def test_a_lesson_without_checks_has_the_exercises_that_are_called(name, tmp_path):
    cells = [nbformat.v4.new_code_cell(f'lesson = course_utils.Lesson("{name}")')]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "ada.ipynb")
    assert grading.answers(tmp_path / "ada.ipynb") == {}
    cells.append(nbformat.v4.new_code_cell("lesson.check_rope(1)"))
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "ada.ipynb")
    assert grading.answers(tmp_path / "ada.ipynb") == {"check_rope": False}


def test_what_is_no_notebook_has_no_exercises(tmp_path):
    assert grading.answers(tmp_path / "gone.ipynb") == {}
    for text in ("[]", "no JSON", '{"cells": [1]}', '{"cells": null}'):
        (tmp_path / "broken.ipynb").write_text(text)
        assert grading.answers(tmp_path / "broken.ipynb") == {}
    assert grading.words({}) == ""
    assert grading.words({"check_right": True}) == "1 of 1"


# How long it took


@pytest.fixture
def passed(tmp_path, monkeypatch):
    """passed(minutes): a hand-in's first check, passed so long after opening; its notebook's text."""
    monkeypatch.setenv("COURSE_OUT", str(tmp_path / "records"))
    monkeypatch.delenv("COURSE_HEADLESS", raising=False)
    now = [0.0]
    monkeypatch.setattr("course_utils.lesson.time.monotonic", lambda: now[0])

    def run(minutes):
        names = {}
        exec(OPENED, names)
        now[0] += 60 * minutes
        exec(f"found = {WEIGHTS}", names)
        output = nbformat.v4.new_output(
            "execute_result", {"text/html": names["found"]._repr_html_()}
        )
        cell = nbformat.v4.new_code_cell(WEIGHTS, outputs=[output])
        return nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))

    return run


def test_a_notebook_tells_the_minutes_to_the_first_pass(passed, tmp_path):
    first = passed(12)
    assert first.count("data-minutes") == 1
    # Run again on another day, from top to bottom: what counts is the first time.
    assert grading.STAMP.findall(passed(0.5)) == grading.STAMP.findall(first)
    (tmp_path / "in" / "ada").mkdir(parents=True)
    (tmp_path / "in" / "ada" / "02.ipynb").write_text(first)
    text = grading.class_minutes(tmp_path / "in")
    assert "| 02_baseline_cnn: conv_weights | 1 | 12 | 12 to 12 |" in text


def test_a_run_without_a_learner_and_an_older_note_tell_nothing(passed, tmp_path, monkeypatch):
    solved = tmp_path / "records" / "solved"
    solved.mkdir(parents=True)
    (solved / "02_baseline_cnn.check_conv_weights").touch()
    assert "data-minutes" not in passed(12)
    (solved / "02_baseline_cnn.check_conv_weights").unlink()
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    assert "data-minutes" not in passed(12)
    assert (solved / "02_baseline_cnn.check_conv_weights").is_file()


def test_the_median_of_a_class_is_over_the_hand_ins_that_tell_it(tmp_path, capsys):
    card = 'data-exercise=\\"06_x.check_shift\\" data-minutes=\\"{}\\"'
    for name, minutes in {"ada": 31, "bob": 8.2, "cy": 40}.items():
        (tmp_path / f"{name}.ipynb").write_text(card.format(minutes))
    (tmp_path / "dee.ipynb").write_text("no JSON")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "ada-checkpoint.ipynb").write_text(card.format(1))
    code, out, _ = said(capsys, "report", "--minutes", tmp_path)
    assert code == 0
    assert "| 06_x: shift | 3 | 31 | 8 to 40 |" in out
    for path in tmp_path.glob("[abc]*.ipynb"):
        path.unlink()
    assert said(capsys, "report", "--minutes", tmp_path)[1].startswith("Of 1 notebooks none tells")
    (tmp_path / "dee.ipynb").unlink()
    code, _, err = said(capsys, "report", "--minutes", tmp_path)
    assert (code, err.count("\n")) == (2, 1)
    assert "There are no notebooks in" in err
    assert "course report --minutes FOLDER" in err
