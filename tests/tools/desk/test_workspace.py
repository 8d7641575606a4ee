"""The learner's workspace: what they wrote is never lost, whatever becomes of the course around it."""

import datetime
import errno
import json
import os
import re
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

import nbformat
import pytest
from paths import NOTEBOOKS
from small_course import said

from course_tools.authoring import build
from course_tools.batch import reading
from course_tools.desk import grading, workspace
from course_utils import contents, files
from course_utils.errors import BatchError, CourseError
from course_utils.evidence.records import records_folder
from course_utils.home import RECORDS, home


def today():
    """A test run may pass midnight."""
    return datetime.date.today().isoformat()


NORM = "05_norm.ipynb"


def author_writes(notebooks, name, text, **metadata):
    """A committed lesson: paired, executed, with an answer shown and a note for the instructor."""
    new = nbformat.v4
    shown = new.new_output("stream", text="the answer\n")
    cells = [
        new.new_markdown_cell(
            f"# {text}\n\n[next](06_shift.ipynb), [solutions](solutions/{name}), [mine](mine.ipynb)"
        ),
        new.new_code_cell(
            "seed = 1", metadata={"tags": ["parameters"]}, execution_count=1, outputs=[shown]
        ),
        new.new_code_cell("names = ...", metadata=metadata, execution_count=2),
        new.new_markdown_cell("**For the instructor.** Bets.", metadata={"tags": ["instructor"]}),
    ]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    book = new.new_notebook(cells=cells)
    book.metadata |= {"kernelspec": reading.KERNEL, "jupytext": {"formats": "ipynb,py:percent"}}
    (notebooks / name).parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, notebooks / name)
    return book


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A checkout with two lessons; the current folder, and nobody has named another workspace."""
    checkout = tmp_path / "course"
    (checkout / "course_utils").mkdir(parents=True)
    for name in (NORM, "06_shift.ipynb", f"solutions/{NORM}"):
        author_writes(checkout / "notebooks", name, "First edition")
    (checkout / "notebooks" / NORM.replace(".ipynb", ".py")).write_text("# %%\n1\n")
    author_writes(checkout / "notebooks", "ablation.ipynb", "For batches")
    monkeypatch.delenv("COURSE_HOME")
    monkeypatch.chdir(checkout)
    return checkout


@pytest.fixture
def desk(course):
    """A workspace laid down from the course, as `course lab` would."""
    assert workspace.lay_down(course / "workspace") == []
    return course / "workspace"


def cells(path):
    return nbformat.read(path, as_version=4).cells


def write(path, answer):
    """A learner answers and saves."""
    book = nbformat.read(path, as_version=4)
    book.cells[2].source = answer
    nbformat.write(book, path)


def run(path):
    """What JupyterLab saves of a lesson that was run to its last cell, and not edited."""
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        cell.metadata["collapsed"] = False
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = (
                7,
                [nbformat.v4.new_output("stream", text="mine\n")],
            )
    book.cells.append(nbformat.v4.new_code_cell(""))
    book.metadata["language_info"] = {"name": "python", "version": "3.13.1"}
    nbformat.write(book, path)


def visible(folder):
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if not name.startswith("."))


# The edition


def test_a_learner_gets_lessons_and_nothing_else(desk):
    assert visible(desk) == [NORM, "06_shift.ipynb", f"solutions/{NORM}"]
    book = nbformat.read(desk / NORM, as_version=4)
    nbformat.validate(book)
    assert "jupytext" not in book.metadata
    assert book.metadata.kernelspec == reading.KERNEL
    assert [cell.source for cell in book.cells][1:] == ["seed = 1", "names = ..."]
    assert book.cells[1].metadata == {"tags": ["parameters"]}
    assert book.cells[1].outputs == []
    assert book.cells[1].execution_count is None


def test_every_committed_lesson_is_in_the_edition_without_what_spoils_it(tmp_path):
    workspace.hand_out(tmp_path, solutions=True)
    names = visible(tmp_path)
    lessons = sorted(path.name for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    assert names == lessons + [f"solutions/{name}" for name in lessons]
    for name in names:
        book = nbformat.read(tmp_path / name, as_version=4)
        nbformat.validate(book)
        code = [cell for cell in book.cells if cell.cell_type == "code"]
        assert not any(cell.outputs or cell.execution_count for cell in code)
        assert any("parameters" in cell.metadata.get("tags", ()) for cell in code)
        prose = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
        assert "For the instructor" not in prose
        for link in re.findall(r"\]\(([^)#]+\.ipynb)", prose):
            if "://" not in link:
                assert ((tmp_path / name).parent / link).is_file(), f"{name} links to {link}"


def test_nobody_who_has_the_course_is_told_how_to_get_it():
    """A hand-out may be opened where the course is not; a workspace is laid by the course itself."""
    installed = workspace.edition(solutions=False, installed=True)
    for name, content in workspace.edition(solutions=False).items():
        book, there = json.loads(content), json.loads(installed[name])
        [told] = [i for i, cell in enumerate(book["cells"]) if "git+" in "".join(cell["source"])]
        assert "git+" not in json.dumps(there)
        assert "".join(there["cells"][told]["source"]).startswith("from course_utils import"), name


def test_cells_that_draw_or_can_wait_are_folded_and_no_other(tmp_path):
    workspace.hand_out(tmp_path)
    cells = [
        cell
        for path in tmp_path.glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    ]
    folded = [c for c in cells if c.metadata.get("jupyter", {}).get("source_hidden")]
    assert 0 < len(folded) < len(cells) / 2
    waits = re.compile("the code can wait")
    assert all(
        re.search(r"\b(plots|widgets)\.", c.source) or waits.search(c.source) for c in folded
    )
    assert not any(re.search(r"\.fit\(|check_", cell.source) for cell in folded)
    assert not any(
        re.search(r"^def ", c.source, re.M) for c in folded if not waits.search(c.source)
    )


# Work that stays


def test_work_on_a_lesson_is_there_after_the_course_was_updated(course, desk):
    write(desk / NORM, "names = 'mine'")
    author_writes(course / "notebooks", NORM, "Second edition")
    author_writes(course / "notebooks", "06_shift.ipynb", "Second edition")
    (sentence,) = workspace.lay_down(desk)
    assert "05_norm (new edition).ipynb" in sentence
    assert cells(desk / NORM)[2].source == "names = 'mine'"
    assert "First edition" in cells(desk / NORM)[0].source
    assert "Second edition" in cells(desk / "05_norm (new edition).ipynb")[0].source
    # The other one was not touched, so there is one of it.
    assert "Second edition" in cells(desk / "06_shift.ipynb")[0].source
    assert workspace.lay_down(desk) == [], "it was said once"
    assert len(visible(desk)) == 4


def test_an_edition_that_the_learner_put_away_does_not_come_back(course, desk):
    write(desk / NORM, "names = 'mine'")
    author_writes(course / "notebooks", NORM, "Second edition")
    workspace.lay_down(desk)
    (desk / "05_norm (new edition).ipynb").unlink()
    assert workspace.lay_down(desk) == []
    assert len(visible(desk)) == 3


def test_work_on_a_new_edition_stays_too(course, desk):
    for number, edition in enumerate(("Second", "Third", "Fourth")):
        write(desk / NORM, "names = 'mine'")
        author_writes(course / "notebooks", NORM, f"{edition} edition")
        workspace.lay_down(desk)
        if number == 0:
            write(desk / "05_norm (new edition).ipynb", "names = 'again'")
    found = [name for name in visible(desk) if name.startswith("05")]
    assert found == ["05_norm (new edition 2).ipynb", "05_norm (new edition).ipynb", NORM]
    assert cells(desk / found[1])[2].source == "names = 'again'"
    # Nobody had touched the second, so the newest is in its place.
    assert "Fourth edition" in cells(desk / found[0])[0].source


def test_a_lesson_that_was_only_run_is_replaced_and_its_outputs_are_kept_out_of_the_way(
    course, desk
):
    run(desk / NORM)
    author_writes(course / "notebooks", NORM, "Second edition")
    assert workspace.lay_down(desk) == []
    assert visible(desk) == [NORM, "06_shift.ipynb", f"solutions/{NORM}"]
    assert "Second edition" in cells(desk / NORM)[0].source
    kept = desk / ".course" / "replaced" / f"05_norm ({today()}).ipynb"
    assert cells(kept)[1].outputs[0].text == "mine\n"


def test_outputs_stay_when_only_what_surrounds_the_cells_is_new(course, desk):
    run(desk / NORM)
    for _ in range(2):
        for name in (NORM, "06_shift.ipynb"):
            author_writes(
                course / "notebooks", name, "First edition", jupyter={"source_hidden": True}
            )
        assert workspace.lay_down(desk) == []
        assert cells(desk / NORM)[1].outputs[0].text == "mine\n"
        assert cells(desk / "06_shift.ipynb")[2].metadata.jupyter.source_hidden


@pytest.mark.parametrize("state", [None, "", "[]", '{"files": {"05_norm.ipynb": 1}}'])
def test_a_workspace_that_lost_its_memory_loses_no_work(state, course, desk):
    write(desk / NORM, "names = 'mine'")
    laid = desk / ".course" / "laid.json"
    laid.unlink() if state is None else laid.write_text(state)
    author_writes(course / "notebooks", NORM, "Second edition")
    (sentence,) = workspace.lay_down(desk)
    assert "lies beside yours" in sentence
    assert cells(desk / NORM)[2].source == "names = 'mine'"
    assert workspace.lay_down(desk) == []


def test_a_hand_in_with_old_times_beside_a_newer_text_opens_as_it_is(course, desk):
    write(desk / NORM, "names = 'mine'")
    os.utime(desk / NORM, (0, 0))
    (desk / "05_norm.py").write_text("# %%\nnames = ...\n")
    assert workspace.lay_down(desk) == []
    assert cells(desk / NORM)[2].source == "names = 'mine'"


def test_a_learners_own_files_are_left_alone_and_a_lesson_they_deleted_comes_back(desk):
    (desk / "mine.ipynb").write_text("not even a notebook")
    (desk / NORM).unlink()
    assert workspace.lay_down(desk) == []
    assert (desk / "mine.ipynb").read_text() == "not even a notebook"
    assert (desk / NORM).is_file()


# A fresh copy


def test_a_fresh_copy_keeps_the_old_one_under_its_date(course, desk, capsys):
    for number, words in enumerate(("names = 'mine'", "names = 'again'")):
        write(desk / NORM, words)
        code, out, _ = said(capsys, "reset", "05")
        kept = f"05_norm ({today()}{' 2' * number}).ipynb"
        assert code == 0
        assert f"Yours is kept as {kept}." in out
        assert cells(desk / kept)[2].source == words
        assert cells(desk / NORM)[2].source == "names = ..."
    assert "kept" not in said(capsys, "reset", "norm")[1], "there was nothing to keep"


def test_a_fresh_copy_is_the_newest_edition_and_the_only_one(course, desk):
    write(desk / NORM, "names = 'mine'")
    author_writes(course / "notebooks", NORM, "Second edition")
    workspace.lay_down(desk)
    workspace.reset(desk, "05")
    assert "Second edition" in cells(desk / NORM)[0].source
    assert not (desk / "05_norm (new edition).ipynb").exists()
    assert workspace.lay_down(desk) == []


def test_a_damaged_notebook_is_told_of_with_the_command_that_mends_it(desk):
    (desk / NORM).write_text('{"cells": [')
    (sentence,) = workspace.lay_down(desk)
    assert sentence.endswith("course reset 05")
    assert (desk / NORM).read_text() == '{"cells": ['
    workspace.reset(desk, "05")
    assert (desk / f"05_norm ({today()}).ipynb").read_text() == '{"cells": ['
    assert workspace.lay_down(desk) == []


@pytest.mark.parametrize("name", ["99", "ablation"])
def test_what_is_no_lesson_cannot_be_reset(desk, name):
    with pytest.raises(BatchError, match=f"{name}.*course run --list"):
        workspace.reset(desk, name)


# Disks and users


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_takes_nothing_is_one_sentence_and_leaves_everything_whole(
    number, course, desk, monkeypatch, capsys
):
    write(desk / NORM, "names = 'mine'")
    before = {name: (desk / name).read_bytes() for name in visible(desk)}
    for name in (NORM, "06_shift.ipynb"):
        author_writes(course / "notebooks", name, "Second edition")

    def refuse(_):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as full:
        full.setattr(files.os, "fsync", refuse)
        for words in ("workspace", "lab", "reset 05"):
            code, _, err = said(capsys, *words.split())
            assert code == 2
            assert err.count("\n") == 1
            assert os.strerror(number) in err
            assert err.endswith("COURSE_HOME=FOLDER course lab\n")
    assert {name: (desk / name).read_bytes() for name in visible(desk)} == before
    assert not list(desk.rglob(f"{files.PARTIAL}*"))
    assert len(workspace.lay_down(desk)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no umask")
def test_nobody_else_reads_the_workspace_of_one_who_forbids_it(course):
    mask = os.umask(0o077)
    try:
        workspace.lay_down(course / "workspace")
    finally:
        os.umask(mask)
    for path in (course / "workspace").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def as_another(number, home, function):
    """Call a function as a user with this home, and with this number where root can give it away."""
    child = os.fork()
    if not child:
        try:
            os.environ["HOME"] = str(home)
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(number)
                os.setuid(number)
            function()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="one user")
def test_two_learners_share_an_installation_that_neither_can_write(course, monkeypatch):
    """Each has lessons and records of their own."""
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("COURSE_OUT", raising=False)
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        place.chmod(0o755)
        shared = course.rename(place / "course")
        monkeypatch.chdir(shared)
        shared.chmod(0o555)

        def learn():
            folder = home(shared)
            assert workspace.lay_down(folder) == []
            write(folder / NORM, f"names = '{os.environ['HOME']}'")
            monkeypatch.chdir(folder)
            (records_folder() / "solved").mkdir(parents=True)

        for number, name in enumerate(("ada", "bob")):
            (place / name).mkdir()
            if os.geteuid() == 0:
                os.chown(place / name, 65533 + number, 65533 + number)
            as_another(65533 + number, place / name, learn)
        for name in ("ada", "bob"):
            found = next(
                path for path in (place / name).rglob(NORM) if "solutions" not in path.parts
            )
            assert found.parent.name == "generalisation-course"
            assert cells(found)[2].source == f"names = '{place / name}'"
            assert (found.parent / RECORDS / "solved").is_dir()
        assert not (shared / "workspace").exists()
        shared.chmod(0o755)


# Editions before


def test_records_of_the_first_edition_come_along(course):
    old = course / "build" / "own" / "records"
    (old / "solved").mkdir(parents=True)
    (old / "solved" / "05_norm.check_names").touch()
    (sentence,) = workspace.lay_down(course / "workspace")
    assert str(old) in sentence
    assert (course / "workspace" / RECORDS / "solved" / "05_norm.check_names").is_file()
    assert workspace.lay_down(course / "workspace") == []


def test_answers_in_the_committed_file_of_the_first_edition_come_along_and_stay(course):
    """Whoever worked in notebooks/ finds their answers, and the next edition does not replace them."""
    book = author_writes(course / "notebooks", NORM, "First edition")
    written = [[c.cell_type, c.source, c.metadata.get("tags", []), {}] for c in book.cells]
    book.metadata["course"] = {"built_from": build._digest(written)}
    nbformat.write(book, course / "notebooks" / NORM)
    assert not build.is_edited(course / "notebooks" / NORM)
    write(course / "notebooks" / NORM, "names = 'mine'")
    desk = course / "workspace"
    workspace.lay_down(desk)
    assert cells(desk / NORM)[2].source == "names = 'mine'"
    author_writes(course / "notebooks", NORM, "Second edition")
    (sentence,) = workspace.lay_down(desk)
    assert "05_norm (new edition).ipynb" in sentence
    assert cells(desk / NORM)[2].source == "names = 'mine'"


def test_a_notebook_of_the_first_edition_copied_over_a_fresh_one_stays(course, desk):
    """As the README says to whoever worked in another copy of the course: paired, and with its notes."""
    write(course / "notebooks" / NORM, "names = 'mine'")
    shutil.copy(course / "notebooks" / NORM, desk)
    for edition in ("First edition", "Second edition"):
        author_writes(course / "notebooks", NORM, edition)
        told = workspace.lay_down(desk)
        assert cells(desk / NORM)[2].source == "names = 'mine'"
    assert "05_norm (new edition).ipynb" in told[0]


def test_the_course_knows_its_own_notebooks_as_unedited():
    for path in filter(build.is_the_courses, NOTEBOOKS.rglob("*.ipynb")):
        # `is_edited` believes a notebook that does not say what it was built from.
        assert json.loads(path.read_text(encoding="utf-8"))["metadata"]["course"]["built_from"]
        assert not build.is_edited(path), path


@pytest.mark.parametrize("touched", [True, False])
def test_a_lesson_that_was_renamed(touched, course, desk, monkeypatch):
    if touched:
        write(desk / NORM, "names = 'mine'")
    (desk / RECORDS / "solved").mkdir(parents=True)
    (desk / RECORDS / "solved" / "05_norm.check_names").touch()
    (course / "notebooks" / NORM).rename(course / "notebooks" / "05_normalisation.ipynb")
    told = workspace.lay_down(desk)
    assert (desk / "05_normalisation.ipynb").is_file()
    if touched:
        assert told == [f"{NORM} is called 05_normalisation.ipynb now; yours stays as it is."]
        assert cells(desk / NORM)[2].source == "names = 'mine'"
        assert workspace.lay_down(desk) == []
    else:
        assert told == []
        assert not (desk / NORM).exists()
        monkeypatch.chdir(desk)
        done = {name: words for name, _, _, words in contents.table().rows()}
        assert "exercises" in done["05_normalisation"], "what was solved still counts"


def test_without_lessons_the_lab_still_opens_a_notebook_of_ones_own(tmp_path, monkeypatch, capsys):
    """As when the course was installed by pip, in a folder that holds nothing of it."""
    monkeypatch.setattr(reading, "project_root", Path.cwd)
    monkeypatch.chdir(tmp_path)
    started = []
    monkeypatch.setattr(os, "execve", lambda *words: started.append(words[1]))
    (tmp_path / "mine.ipynb").write_text("{}")
    assert said(capsys, "lab", "mine.ipynb")[0] == 0
    assert f"--ServerApp.root_dir={tmp_path}" in started[0]
    code, _, err = said(capsys, "workspace")
    assert code == 2
    assert "There are no lessons in or above" in err


def test_a_checkout_without_lessons_takes_nothing_away(course, desk):
    for path in (course / "notebooks").glob("0*"):
        path.unlink()
    with pytest.raises(BatchError, match="git checkout notebooks"):
        workspace.lay_down(desk)
    assert len(visible(desk)) == 3


# Handing out


def test_a_class_gets_the_same_edition_without_solutions(course, desk, capsys):
    code, out, _ = said(capsys, "handout", "for the class")
    assert code == 0
    assert out == "2 notebooks in for the class\n"
    handed = course / "for the class"
    assert sorted(path.name for path in handed.rglob("*")) == [NORM, "06_shift.ipynb"]
    text = cells(handed / NORM)[0].source
    assert "[next](06_shift.ipynb)" in text
    assert "](solutions/" not in text, "a link that leads nowhere"
    assert cells(handed / NORM)[1:] == cells(desk / NORM)[1:]
    # Made of what was handed out, a workspace holds just that.
    assert workspace.edition(handed) == {p.name: p.read_bytes() for p in handed.glob("*.ipynb")}
    write(handed / NORM, "names = 'mine'")
    code, _, err = said(capsys, "handout", "for the class")
    assert code == 2
    assert "nothing is overwritten" in err
    assert cells(handed / NORM)[2].source == "names = 'mine'"


def test_what_comes_back_is_graded_by_the_same_exercises(tmp_path):
    workspace.hand_out(tmp_path)
    for path in tmp_path.glob("*.ipynb"):
        asked = grading.answers(path)
        assert asked == grading.answers(NOTEBOOKS / path.name)
        assert reading.read_notebook(path).defaults.keys() >= {"mode", "seed"}


def test_a_folder_that_cannot_take_a_hand_out_is_a_sentence(course):
    (course / "taken").write_text("")
    with pytest.raises(CourseError, match="taken could not be written .*: course handout"):
        workspace.hand_out(course / "taken")


def test_what_was_laid_down_is_told_by_digests_alone(desk):
    """No times: a copy on a stick, an unzipped one and a fresh clone have others."""
    laid = json.loads((desk / ".course" / "laid.json").read_text())
    assert laid.keys() == {"files", "offered"}
    assert all(len(digest) == 16 for one in laid["files"].values() for digest in one.values())
