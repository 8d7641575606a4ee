"""nbval, as `conftest.py` sets it up: smoke mode, and exercises that answer as they must."""

import os
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from paths import NOTEBOOKS as LESSONS
from paths import ROOT

SETTINGS = """\
import os
names = ("COURSE_MODE", "COURSE_HEADLESS", "COURSE_THREADS", "KERAS_BACKEND")
print(*(os.environ[name] for name in names), os.path.isdir(os.environ["COURSE_OUT"]))
"""
CHECK = """\
class lesson:
    @staticmethod
    def check_rope(length):
        print("Correct: so." if length else "Not yet: measure it.")

lesson.check_rope({})
"""
NOTEBOOKS = {
    "open.ipynb": (CHECK.format(0), "smoke 1 1 tensorflow True\n"),
    "given_away.ipynb": (CHECK.format(9), "full 1 1 tensorflow True\n"),
    "solutions/unsolved.ipynb": (CHECK.format(0), "smoke 1 1 tensorflow True\n"),
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What pytest prints of three notebooks that are run as `make test` runs them."""
    folder = tmp_path_factory.mktemp("notebooks")
    for name, (check, settings) in NOTEBOOKS.items():
        checked = new_code_cell(SETTINGS, execution_count=1, outputs=[new_output("stream")])
        checked.metadata.tags = ["nbval-check-output"]
        checked.outputs[0].text = settings
        cells = [checked, new_code_cell(check, execution_count=2)]
        (folder / name).parent.mkdir(exist_ok=True)
        nbformat.write(new_notebook(cells=cells), folder / name)
    return run_pytest(folder, *NOTEBOOKS)


def run_pytest(folder, *notebooks, **environment):
    """What pytest prints of `notebooks` in `folder`, with these environment variables besides."""
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-rA"]
    command += ["--color=no", "--nbval-lax", "--nbval-current-env", *notebooks]
    # A learner's full mode in the shell does not make the tests train for hours.
    environment = os.environ | {"COURSE_MODE": "full"} | environment
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, timeout=300
    ).stdout


def test_kernels_run_in_smoke_mode(printed):
    assert "PASSED open.ipynb::Cell 0" in printed, printed


def test_a_stub_is_not_yet(printed):
    assert "PASSED open.ipynb::Cell 1" in printed, printed


def test_an_output_that_differs_fails(printed):
    assert "FAILED given_away.ipynb::Cell 0" in printed, printed


def test_a_stub_that_passes_fails(printed):
    assert "FAILED given_away.ipynb::Cell 1" in printed, printed
    assert "check_rope answers 'Correct: so.\\n', not 'Not yet'" in printed, printed


def test_a_solution_that_does_not_solve_fails(printed):
    assert "PASSED solutions/unsolved.ipynb::Cell 0" in printed, printed
    assert "FAILED solutions/unsolved.ipynb::Cell 1" in printed, printed


# It lies beside the notebook, so that neither Keras nor the real one has to be loaded.
TENSORFLOW = """\
class config:
    eager = False

    @classmethod
    def run_functions_eagerly(cls, eager):
        cls.eager = eager
"""


def lesson_that_looks(folder, name, eager, last=""):
    """Write a notebook which holds that its networks are trained without a trace, or with one."""
    (folder / "tensorflow.py").write_text(TENSORFLOW)
    look = f"import tensorflow\nassert tensorflow.config.eager is {eager}\n{last}"
    cells = [new_code_cell(source) for source in ("lesson = dict  # as by Lesson(...)", look)]
    nbformat.write(new_notebook(cells=cells), folder / name)
    return name


def test_networks_are_traced_where_one_is_trained_anew_and_in_no_other_lesson(tmp_path):
    names = [
        lesson_that_looks(tmp_path, "some.ipynb", True),
        lesson_that_looks(tmp_path, "other.ipynb", False, "# lesson.anew(model)"),
    ]
    assert "4 passed" in run_pytest(tmp_path, *names, COURSE_TESTS="quick")


@pytest.mark.slow
def test_networks_are_traced_where_every_test_is_run(tmp_path):
    name = lesson_that_looks(tmp_path, "some.ipynb", False)
    assert "2 passed" in run_pytest(tmp_path, name, COURSE_TESTS="all")


def test_the_solutions_are_slow_and_the_lessons_are_not(request):
    """Of this very run, as far as it has notebooks: a run of everything, as CI's, has both."""
    for item in request.session.items:
        if item.path.suffix == ".ipynb":
            slow = item.get_closest_marker("slow") is not None
            assert slow == (item.path.parent.name == "solutions"), item.nodeid


@pytest.mark.parametrize(
    ("name", "left_out"),
    [("mine.ipynb", True), ("solutions/my try.ipynb", True), ("02_baseline_cnn.ipynb", False)],
)
def test_a_users_own_notebooks_are_no_tests(request, name, left_out):
    ask = request.config.hook.pytest_ignore_collect
    assert bool(ask(collection_path=LESSONS / name, config=request.config)) == left_out
