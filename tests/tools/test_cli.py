"""The `course` command as a whole: its help, its version, its exit codes, its sentences."""

import os
import re
import shlex
import subprocess
import sys
import time
from importlib.metadata import version

import nbformat
import pytest
from foreign import course, patience
from nbformat.v4 import new_code_cell, new_notebook
from small_course import said


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["build", "--help"]])
def test_help_answers_at_once_and_loads_no_framework(words):
    began = time.monotonic()
    code = (
        "import sys\nfrom course_tools.cli import app\n"
        f"try:\n    app({words})\nexcept SystemExit:\n    pass\n"
        "slow = {'keras', 'tensorflow', 'pandas', 'matplotlib', 'dask', 'papermill', 'numpy'}\n"
        "assert not slow & set(sys.modules), slow & set(sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "Usage: " in ran.stdout
    assert time.monotonic() - began < patience(5)


def test_every_command_is_there(capsys):
    _, out, _ = said(capsys, "--help")
    desk = ("lab", "workspace", "reset", "handout", "new", "slides", "report", "syllabus", "doctor")
    for name in ("run", "build", *desk, "reference", "data"):
        assert re.search(rf"^  {name} +\S", out, re.MULTILINE)
    assert re.search(r"^  add +\S", said(capsys, "reference", "--help")[1], re.MULTILINE)
    for name in ("fetch", "import", "verify", "where"):
        assert re.search(rf"^  {name} +\S", said(capsys, "data", "--help")[1], re.MULTILINE)


def test_the_version_is_said(capsys):
    assert said(capsys, "--version")[:2] == (0, f"{version('generalisation-course')}\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["build", "--mode", "tiny"], "There is no mode 'tiny'"),
        (["build", "77"], "There is no lesson '77'"),
        (["build", __file__], f"{__file__} is none of the lessons in .*course run {__file__}"),
        (["report", "nowhere"], "nowhere holds no batch.*course run"),
        (["report", "--readme"], "README.md cannot be read"),
        (["reference", "add", "nowhere"], "nowhere holds no batch"),
        (["lab", "--author", "99"], "There is no lesson '99'"),
        (["slides", "99"], "There is no lesson '99'"),
        (["slides", "01"], "01_first.py holds no outputs.*course build 01_first"),
        (["data", "fetch", "mnist", "foo"], "no data set 'foo'; the course has mnist and cifar10"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(project, capsys, words, sentence):
    before = sorted(project.rglob("*"))
    code, out, err = said(capsys, *words)
    assert code == 2
    assert re.search(sentence, err)
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in out + err
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_some_signs_gets_others(tmp_path, encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    words = ["slides", "06", "--out", "Übung ±…"]
    ran = course(*words, cwd=tmp_path, env=environment, encoding=encoding)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("?bung" if encoding == "ascii" else "Übung")
    assert (tmp_path / "Übung ±…" / "06_augmentation.html").is_file()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is full")
def test_an_output_that_takes_nothing_is_one_sentence():
    with open("/dev/full", "w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "course_tools", "run", "--list"],
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr == "error: The output: No space left on device: free some space there\n"


@pytest.mark.parametrize(
    "called",
    ["app(['lab'])", "app(['workspace'])", "app(['run', 'mine.ipynb', '--out', 'out'])"],
)
def test_with_the_output_closed_a_command_does_its_work(tmp_path, called):
    nbformat.write(new_notebook(cells=[new_code_cell("1 + 1")]), tmp_path / "mine.ipynb")
    script = f"import os\nfrom course_tools.cli import app\nos.execve = lambda *words: os._exit(0)\n{called}"
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(script)} >&-"
    environment = os.environ | {"COURSE_HOME": str(tmp_path / "home")}
    ran = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (tmp_path / "out/notebooks/mine.ipynb").is_file() == ("'run'" in called)


def test_relative_settings_name_one_place_for_all_commands(project, capsys, monkeypatch):
    (project / "images").mkdir()
    (project / "images" / "mnist.npz").write_text("no archive")
    monkeypatch.setenv("COURSE_DATA_DIR", "images")
    monkeypatch.setenv("COURSE_KEEP_NETWORKS", "networks")
    code, out, _ = said(capsys, "data", "where")
    assert code == 0
    # What was found is not said to be sound.
    assert f"mnist: COURSE_DATA_DIR: {project / 'images'}: found, not checked; fetch and" in out
    assert out.splitlines()[-1].endswith(": course data verify")
    assert os.environ["COURSE_DATA_DIR"] == str(project / "images")
    assert os.environ["COURSE_KEEP_NETWORKS"] == str(project / "networks")
    assert said(capsys, "data", "verify")[0] == 1
