"""The table of lessons: links, running times, and what somebody has done here."""

import json
import shutil
import time

import pytest
from paths import NOTEBOOKS

from course_utils import Lesson, contents


@pytest.fixture
def records(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OUT", str(tmp_path))
    monkeypatch.delenv("COURSE_HEADLESS", raising=False)
    monkeypatch.chdir(NOTEBOOKS)
    return tmp_path


def test_the_table_links_every_lesson_by_its_title(records):
    shown = contents.table()._repr_markdown_()
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"][0]
        assert f"| {path.stem[:2]} | [{first[2:].strip()}]({path.stem}.ipynb) |" in shown
    assert " min |" in shown
    assert repr(contents.table()).startswith("00 ")


def done():
    return {name: words for name, _, _, words in contents.table().rows()}


def test_the_table_shows_what_was_done_here(records, monkeypatch):
    (records / "02_baseline_cnn.baseline_cnn.plain.smoke.seed1.json").write_text("{}")
    # What diverged was not trained.
    (records / "03_l2.baseline_cnn.l2.smoke.seed1.failed.json").write_text("{}")
    lesson = Lesson("02_baseline_cnn", mode="smoke")
    assert not lesson.check_conv_weights(lambda k, i, o: k).passed
    assert done()["02_baseline_cnn"] == "trained"
    assert lesson.check_conv_weights(lambda k, i, o: (k * k * i + 1) * o).passed
    assert done()["02_baseline_cnn"] == "trained, 1 of 2 exercises"
    assert done()["03_l2"] == ""
    (records / "solved" / "02_baseline_cnn.check_slim").touch()
    assert done()["02_baseline_cnn"] == "trained, all exercises"
    # What was executed headlessly is not what somebody did.
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    assert set(done().values()) == {""}


class Handle:
    """An output of the notebook; `tables` are what it showed, one after another."""

    def __init__(self, data, **options):
        self.tables = [data["text/markdown"]]

    def update(self, data, **options):
        self.tables.append(data["text/markdown"])


def until(true, seconds=10):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def test_the_table_follows_what_is_done_in_other_notebooks(records, monkeypatch):
    handles = []
    monkeypatch.setattr(
        "IPython.display.display", lambda *data, **options: (handles.append(Handle(*data)), handles[-1])[1]
    )  # fmt: skip
    monkeypatch.setattr(contents.Contents, "SECONDS", 0.01)
    monkeypatch.setattr(contents.Contents, "shown_last", None)
    first, second = contents.table(), contents.table()
    first._ipython_display_()
    second._ipython_display_()
    (records / "02_baseline_cnn.baseline_cnn.plain.smoke.seed1.json").write_text("{}")
    assert until(lambda: len(handles[1].tables) == 2)
    assert "| trained |" in handles[1].tables[1]
    assert len(handles[0].tables) == 1, "the cell was run again"
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    contents.table()._ipython_display_()
    assert contents.Contents.shown_last is second, "nobody looks on"


def test_other_files_do_no_harm_and_without_lessons_there_is_a_sentence(records, tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    assert (
        contents.table(folder=folder)._repr_markdown_()
        == "The other lessons are not in this folder."
    )
    shutil.copy(NOTEBOOKS / "02_baseline_cnn.ipynb", folder)
    (folder / "03_broken.ipynb").write_text("<<<<<<< HEAD")
    (folder / "04_list.ipynb").write_text("[]")
    (folder / "mine.ipynb").write_text("{}")
    assert [row[0] for row in contents.table(folder=folder).rows()] == ["02_baseline_cnn"]


def test_a_newer_edition_is_linked_beside_the_learners_lesson_and_copies_are_no_lessons(
    records, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for name in ("05_norm", "05_norm (new edition)", "05_norm (2026-11-29)"):
        (tmp_path / f"{name}.ipynb").write_text('{"cells": []}')
    table = contents.table()
    assert list(table.lessons) == ["05_norm"]
    link = "[05_norm](05_norm.ipynb), [new edition](05_norm%20%28new%20edition%29.ipynb)"
    assert link in table._repr_markdown_()


@pytest.mark.parametrize(
    ("name", "today"),
    [
        ("05_norm", "05_norm"),
        ("04_norm", "05_norm"),
        ("06_shifts", "06_augmentation"),
        ("09_gone", None),
    ],
)
def test_a_lesson_is_known_by_its_topic_or_number_after_it_was_renamed(name, today):
    assert contents.name_today(name, ["05_norm", "06_augmentation"]) == today
