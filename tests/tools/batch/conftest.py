"""Processes of one test, wherever they hang."""

import contextlib
import os
import random
from functools import partial

import psutil
import pytest
from foreign import with_variable


@pytest.fixture
def mark(monkeypatch):
    """A variable that every process of this test inherits, so that strays can be found.

    `mark(command="")` lists them, and those that are left at the end are killed.
    """
    value = f"{os.getpid()}-{random.random()}"
    monkeypatch.setenv("COURSE_TEST_MARK", value)
    yield partial(with_variable, "COURSE_TEST_MARK", value)
    for process in with_variable("COURSE_TEST_MARK", value):
        with contextlib.suppress(psutil.Error):
            process.kill()
