"""How the notebooks run under pytest (nbval): in smoke mode, and their exercises answer as they must.

It stands at the root because `pytest notebooks tests` collects from both folders.
"""

import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path
from unittest import mock

import hypothesis
import pytest

from course_tools.authoring import build
from course_tools.authoring.rules import Notebook, wrong_verdicts

# Begun in the background by a shell, Python ignores Ctrl-C, and so would all that is started here.
with contextlib.suppress(ValueError):
    signal.signal(signal.SIGINT, signal.default_int_handler)
# No test downloads or writes to the user's Keras cache, kernels included; a test of downloading names
# an address of its own.
os.environ.setdefault("COURSE_DATA_URL", "off")
# Nor does one touch the workspace of whoever runs the tests.
HOME = tempfile.TemporaryDirectory(prefix="course-test-home-")
os.environ["COURSE_HOME"] = HOME.name
# A busy machine is slow, and nothing is timed there.
hypothesis.settings.register_profile("course", deadline=None)
hypothesis.settings.load_profile("course")

# What a kernel that nbval starts finds; a unit test's environment stays as it was. One thread, since
# two workers share what may be two cores. The records of a test run are kept by nobody.
RECORDS = tempfile.TemporaryDirectory(prefix="course-test-records-")
ENVIRONMENT = {
    "COURSE_MODE": "smoke",
    "COURSE_HEADLESS": "1",
    "COURSE_THREADS": "1",
    "COURSE_OUT": RECORDS.name,
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
# To trace a network takes Keras longer than smoke mode's few steps of training: two minutes in all.
# So TensorFlow traces none, except where every test is run: there a graph is made, as a learner's is;
# and in lessons that train a compiled network anew, since those trace it once.
TRACE = os.environ.get("COURSE_TESTS") == "all"
ANEW = "lesson.anew("
EAGERLY = "import tensorflow as tf; tf.config.run_functions_eagerly(True)"

NOTEBOOKS = Path(__file__).parent / "notebooks"


def pytest_ignore_collect(collection_path):
    """What a user keeps beside the lessons is no test of the course."""
    own = collection_path.suffix == ".ipynb" and not build.is_the_courses(collection_path)
    return True if own and collection_path.is_relative_to(NOTEBOOKS) else None


def is_notebook_cell(item):
    return item.path.suffix == ".ipynb"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Solutions and the browser are slow.

    A solution starts a kernel and loads Keras, for exercises that have unit tests; the browser renders
    the whole site and starts JupyterLab several times. This comes first, before pytest looks which
    marks were asked for.
    """
    browser = Path(__file__).parent / "tests" / "browser"
    for item in items:
        solution = is_notebook_cell(item) and Notebook(item.path).is_solution
        if solution or item.path.is_relative_to(browser):
            item.add_marker("slow")


def spare_the_captured_stderr():
    """Let TensorFlow's log handler write to the real standard error.

    It keeps the one it found when it was imported, which is pytest's, and closes it when jupytext
    sets up logging anew; from then on no test could be captured.
    """
    if "absl.logging" in sys.modules:
        sys.modules["absl.logging"].get_absl_handler().python_handler.stream = sys.__stderr__


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    """A notebook's kernel starts when its first cell is set up, and inherits the environment."""
    spare_the_captured_stderr()
    if not is_notebook_cell(item):
        return (yield)
    with mock.patch.dict(os.environ, ENVIRONMENT):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """A stub is "Not yet" and a solution "Correct" in smoke mode too, not only as committed."""
    result = yield
    if is_notebook_cell(item):
        expected = "Correct" if Notebook(item.path).is_solution else "Not yet"
        for problem in wrong_verdicts(item.cell.source, item.test_outputs, expected):
            item.raise_cell_error(problem)
        if "Lesson(" in item.cell.source and not TRACE and ANEW not in item.path.read_text("utf-8"):
            kernel = item.parent.kernel
            asked = kernel.execute_cell_input(EAGERLY)
            kernel.await_reply(asked, timeout=60)
            kernel.await_idle(asked, timeout=60)
    return result
