"""`course doctor` says what is wrong in sentences, and finishes its round whatever it meets."""

import json
import re

import pytest
from paths import ROOT
from small_course import said

from course_tools.batch import execution
from course_tools.desk import doctor
from course_utils import machine


@pytest.fixture
def told(project, tmp_path, monkeypatch, capsys):
    """Call the doctor; returns what it says, and the sentences that ask for mending."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "keras").mkdir()

    def call():
        code, out, _ = said(capsys, "doctor")
        mend = [line.removeprefix("to mend: ") for line in out.splitlines() if "to mend: " in line]
        assert code == bool(mend)
        return out, mend

    return call


def test_every_variable_that_the_course_reads_is_told(told, monkeypatch):
    folders = (ROOT / "course_utils", ROOT / "course_tools" / "batch")
    sources = [path.read_text() for folder in folders for path in folder.rglob("*.py")]
    read = {name for text in sources for name in re.findall(r"\bCOURSE_[A-Z_]+\b", text)}
    # A mark of the course's own on the processes of a run.
    assert read - {execution.RUN_VARIABLE} <= doctor.VARIABLES.keys()
    monkeypatch.setenv("COURSE_DATA_URL", "off")
    out, _ = told()
    assert re.search(r"^COURSE_DATA_URL +off$", out, re.MULTILINE)
    assert all(re.search(rf"^{name} +\S", out, re.MULTILINE) for name in doctor.VARIABLES)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("COURSE_MODE", "foo", "COURSE_MODE is 'foo'; allowed are auto.*unset COURSE_MODE"),
        ("COURSE_THREADS", "two", "COURSE_THREADS is 'two'; expected a whole number"),
        ("COURSE_DATA_URL", "garbage", "COURSE_DATA_URL is 'garbage'; expected"),
        ("KERAS_BACKEND", "theano", "KERAS_BACKEND is 'theano'; expected tensorflow.*unset"),
    ],
)
def test_a_setting_that_no_lesson_would_start_with(told, monkeypatch, name, value, sentence):
    monkeypatch.setenv(name, value)
    _, mend = told()
    assert len([words for words in mend if re.match(sentence, words)]) == 1


def test_a_gpu_that_the_framework_cannot_use(told, monkeypatch):
    def refuse(found):
        raise doctor.CourseError("There is a GPU here, but TensorFlow cannot use it: make setup")

    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setattr(machine, "check_gpu", refuse)
    assert "There is a GPU here, but TensorFlow cannot use it: make setup" in told()[1]


def test_keras_settings_of_another_project_are_told_and_are_no_fault(told, tmp_path):
    path = tmp_path / "keras" / "keras.json"
    told_before, _ = told()
    assert "the lessons set image_data_format channels_last and floatx float32\n" in told_before
    path.write_text(json.dumps({"image_data_format": "channels_first", "floatx": "float32"}))
    out, mend = told()
    assert f"floatx float32; {path} asks for image_data_format channels_first\n" in out
    assert not any("keras.json" in words for words in mend)
    for broken in ("{broken", "[]"):
        path.write_text(broken)
        assert any(words.endswith(f"Keras writes it anew: rm {path}") for words in told()[1])


def test_a_pair_that_is_apart_or_not_there_and_nothing_of_the_users_own(told, project):
    folder = project / "notebooks"
    for name in ("mine.py", "scratch.ipynb", "02_second-Copy1.ipynb"):
        (folder / name).write_text("# %%\n1\n")
    out, mend = told()
    assert re.search(r"^notebooks +3 pairs, 0 in step$", out, re.MULTILINE)
    (words,) = (words for words in mend if ".ipynb" in words)
    assert words == (
        "01_first has no .ipynb; 02_second has no .ipynb; 01_first has no .ipynb. "
        "Build from the .py: course build 01_first 02_second"
    )
