"""A small course, and batches made by hand, for the tests of the tools."""

import pytest
import small_course


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A course of its own, with two small lessons and a solution; the current folder."""
    small_course.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def finished(project):
    """Make a folder in the small course that holds a finished batch, one record a run."""

    def make(records, name="batch", status="ok", **parameters):
        return small_course.batch_of(project / name, records, status, **parameters)

    return make
