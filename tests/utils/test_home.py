"""Where a learner's own things are kept, whoever asks and from where."""

import os

import pytest

from course_utils import home
from course_utils.evidence.records import records_folder


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A course that may be written, and no word of where the learner's things are."""
    monkeypatch.delenv("COURSE_HOME")
    monkeypatch.delenv("COURSE_OUT", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "ada"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    (tmp_path / "course" / "notebooks").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "course"


def test_a_workspace_is_in_the_checkout_unless_another_folder_is_named(checkout, monkeypatch):
    assert home.home(checkout) == checkout / "workspace"
    monkeypatch.setenv("COURSE_HOME", "mine")
    assert home.home(checkout) == checkout.parent / "mine"
    monkeypatch.setenv("COURSE_HOME", "~/course")
    assert home.home(checkout) == checkout.parent / "ada" / "course"


def test_without_a_checkout_it_is_in_the_users_own_folder(checkout):
    found = home.home(checkout.parent)
    assert found.is_relative_to(checkout.parent / "ada")
    assert found.name == "generalisation-course"


def test_the_workspace_of_another_who_shares_the_checkout_is_left_alone(checkout, monkeypatch):
    (checkout / "workspace").mkdir()
    # Who else may write to it has another number; a file of theirs then does, too.
    monkeypatch.setattr(os, "geteuid", lambda: checkout.stat().st_uid + 4000)
    monkeypatch.setattr(os, "access", lambda *_: True)
    monkeypatch.setattr(os, "fstat", lambda _: os.stat_result([0] * 4 + [os.geteuid()] + [0] * 5))
    assert home.home(checkout).is_relative_to(checkout.parent / "ada")


def test_on_a_disk_where_everything_has_one_owner_a_workspace_is_found_again(checkout, monkeypatch):
    (checkout / "workspace").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: checkout.stat().st_uid + 4000)
    assert home.home(checkout) == checkout / "workspace"


def test_records_go_to_the_workspace_around_a_notebook_whoever_opened_it(checkout, monkeypatch):
    mine = checkout.parent / "a disk" / "mine"
    (mine / "solutions").mkdir(parents=True)
    (mine / home.LAID).parent.mkdir()
    (mine / home.LAID).write_text("{}")
    for folder in (mine, mine / "solutions"):
        monkeypatch.chdir(folder)
        assert records_folder() == mine / ".course" / "records"
