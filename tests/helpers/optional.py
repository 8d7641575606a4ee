"""What a test needs and not every machine has: skipped where it is missing, failed where it must not be.

COURSE_BROWSER, COURSE_BACKENDS and COURSE_FRESH are "required" where it was installed on purpose, as in CI.
"""

import importlib
import os

import pytest


def without(variable):
    """What to call with a sentence about what is missing: `pytest.fail` where `variable` says so."""
    return pytest.fail if os.environ.get(variable) == "required" else pytest.skip


def needed(name, variable, mend):
    """An imported module; where it is not installed the test fails or is skipped (see `without`)."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        without(variable)(f"{name.partition('.')[0]} is not installed: {mend}")
