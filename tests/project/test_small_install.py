"""The course installed from its wheel: what the wheel holds, and the small half of it alone.

The environment is made anew, TensorFlow included, where COURSE_FRESH is "required", as in CI.
"""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile

import nbformat
import pytest
from packaging.requirements import Requirement
from paths import NOTEBOOKS, ROOT
from project import EXTRAS, locked, tracked_files

PACKAGES = ("course_utils", "course_tools")
LESSONS = ("02_baseline_cnn", "12_all_conv")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The course's wheel, built from a copy of what is committed."""
    folder = tmp_path_factory.mktemp("wheel")
    for path in tracked_files():
        name = path.relative_to(ROOT)
        if name.parts[0] in PACKAGES or str(name) in ("pyproject.toml", "LICENSE"):
            (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / "source" / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", folder]
    subprocess.run([*pip, *options, folder / "source"], check=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_both_packages(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    files = {path.relative_to(ROOT).as_posix() for path in tracked_files()}
    ours = {name for name in files if name.startswith(tuple(f"{name}/" for name in PACKAGES))}
    assert {"course_utils/reference/runs.csv", "course_tools/cli.py"} <= ours
    assert ours - held == set()
    assert {name.split("/")[0] for name in held if ".dist-info/" not in name} == set(PACKAGES)


class Environment:
    """A virtual environment that holds nothing but what is installed into it, at the lock's pins."""

    def __init__(self, folder):
        self.folder = folder
        venv.create(folder / "venv", with_pip=True)
        self.bin = folder / "venv" / "bin"
        self.pins = folder / "pins.txt"
        self.pins.write_text("".join(f"{pin}\n" for pin, _ in locked("requirements.txt")))
        inherited = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
        self.variables = inherited | {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(folder),
            "COURSE_MODE": "smoke",
            "COURSE_THREADS": "1",
            "COURSE_DATA_URL": "off",
            "COURSE_OUT": str(folder / "records"),
            "TF_CPP_MIN_LOG_LEVEL": "2",
        }

    def run(self, program, *arguments, code=0):
        done = subprocess.run(
            [self.bin / program, *arguments],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=1200,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def install(self, *packages):
        # Compiling all of TensorFlow would take longer than the lessons, which use a part of it.
        options = ["--quiet", "--no-compile", "--disable-pip-version-check"]
        self.run("python", "-m", "pip", "install", *options, "--constraint", self.pins, *packages)

    def installed(self):
        listed = self.run(
            "python", "-m", "pip", "--disable-pip-version-check", "list", "--format=json"
        )
        return {one["name"].lower().replace("_", "-") for one in json.loads(listed.stdout)}

    def records(self):
        """The records that the lessons have left since this was last asked: {lesson: record}."""
        found = {
            path: json.loads(path.read_text()) for path in (self.folder / "records").glob("*.json")
        }
        for path in found:
            path.unlink()
        return {record["lesson"]: record for record in found.values()}


@pytest.fixture(scope="module")
def small(wheel, tmp_path_factory):
    if os.environ.get("COURSE_FRESH") != "required":
        pytest.skip(
            "makes an environment anew, TensorFlow included: COURSE_FRESH=required make test"
        )
    environment = Environment(tmp_path_factory.mktemp("small"))
    environment.install(f"{wheel}[cpu]", "nbconvert", "ipykernel")
    shutil.copytree(NOTEBOOKS, environment.folder / "notebooks")
    return environment


@pytest.mark.slow
def test_lessons_run_with_plain_jupyter_and_nothing_of_the_tools(small):
    tools = {Requirement(text).name for text in EXTRAS["tools"] + EXTRAS["tuning"]}
    # What Keras (rich, and what it reads with), Jupyter's converter and kernel bring themselves.
    brought = {"rich", "markdown-it-py", "pygments"}
    brought |= {"nbformat", "nbclient", "jupyter-client", "ipykernel", "jinja2"}
    assert {
        "papermill",
        "jupytext",
        "dask",
        "distributed",
        "typer",
        "jupyterlab",
    } <= tools - brought
    assert small.installed() & (tools - brought) == set()
    for name in LESSONS:
        convert = ("nbconvert", "--to", "notebook", "--execute", "--output-dir", "executed")
        small.run("jupyter", *convert, f"notebooks/{name}.ipynb")
        book = nbformat.read(small.folder / "executed" / f"{name}.ipynb", as_version=4)
        assert all(
            cell.execution_count for cell in book.cells if cell.cell_type == "code" and cell.source
        )
    assert small.records().keys() == set(LESSONS)


@pytest.mark.slow
def test_the_command_without_the_tools_says_how_to_get_them(small):
    sentence = small.run("course", "run", "--all", code=2).stderr
    assert sentence.endswith("pip install 'generalisation-course[tools]'\n")


@pytest.mark.slow
def test_lessons_run_with_plain_papermill(small):
    small.install("papermill")
    for name in LESSONS:
        parameters = ("-p", "mode", "smoke", "-p", "seed", "7")
        small.run("papermill", f"notebooks/{name}.ipynb", f"{name}.ipynb", *parameters)
    records = small.records()
    assert records.keys() == set(LESSONS)
    assert {record["seed"] for record in records.values()} == {7}
