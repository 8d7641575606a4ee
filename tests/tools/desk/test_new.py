"""`course new`: a notebook of somebody's own from lesson 18, which overwrites nothing."""

import ast
import json
import os
import re
import shlex
import sys

import nbclient
import nbformat
import numpy as np
import pytest
from paths import NOTEBOOKS
from PIL import Image
from small_course import said

from course_tools.desk import workspace
from course_utils.errors import CourseError


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / 'it\'s my "pictures" 猫 \\n'
    (folder / "cat").mkdir(parents=True)
    return folder


def parameters(path):
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    (cell,) = [c for c in book.cells if "parameters" in c.metadata.get("tags", ())]
    return {
        line.targets[0].id: ast.literal_eval(line.value) for line in ast.parse(cell.source).body
    }


def test_the_copy_names_the_folder_and_holds_what_one_needs(tmp_path, pictures, capsys):
    target = tmp_path / "new place"
    code, out, err = said(capsys, "new", target, "--pictures", pictures)
    assert (code, err) == (0, "")
    path = target / "my_pictures.ipynb"
    assert out == f"{path} is yours. Open it: jupyter lab {shlex.quote(str(path))}\n"
    assert parameters(path)["folder"] == str(pictures)
    assert parameters(path)["mode"] == "auto"
    book = nbformat.read(path, as_version=4)
    text = "\n".join(cell.source for cell in book.cells)
    assert book.cells[0].source.startswith("# My pictures")
    assert len(re.findall(r"^# ", book.cells[0].source, re.MULTILINE)) == 1
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    for word in ("check_", "Exercise", "Farewell", "farewell", "For the instructor", "18_your"):
        assert word not in text, word
    assert 'Lesson("my_pictures"' in text
    assert "lesson.final_test(model)" in text
    assert ".ipynb)" not in text
    for cell in code:
        ast.parse(cell.source)
    # Every name that a cell uses is still made by a cell: what was left out is not missed.
    left = {n.id for c in code for n in ast.walk(ast.parse(c.source)) if isinstance(n, ast.Name)}
    assert "record" not in left


def test_without_pictures_the_name_is_empty_and_the_lesson_is_as_it_was(tmp_path):
    before = (NOTEBOOKS / "18_your_own_pictures.py").read_bytes()
    path = workspace.new(tmp_path / "deep" / "er")
    assert parameters(path)["folder"] == ""
    assert (NOTEBOOKS / "18_your_own_pictures.py").read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["my_pictures.ipynb"]


def test_nothing_is_overwritten(tmp_path, capsys):
    (tmp_path / "my_pictures.ipynb").write_text("mine")
    code, _, err = said(capsys, "new", tmp_path)
    assert code == 2
    assert err.startswith("error: ")
    assert "my_pictures.ipynb exists, and nothing is overwritten" in err
    assert (tmp_path / "my_pictures.ipynb").read_text() == "mine"


def test_what_cannot_be_is_one_sentence(tmp_path, pictures):
    (tmp_path / "file").touch()
    for named, says in (
        (tmp_path / "nowhere", "nowhere does not exist; --pictures expects"),
        (tmp_path / "file", "file is a file; --pictures expects"),
    ):
        with pytest.raises(CourseError, match=re.escape(says)):
            workspace.new(tmp_path / "new", named)
    for inside in (pictures, pictures / "cat", pictures / "new"):
        with pytest.raises(CourseError, match="lies in the folder of the pictures"):
            workspace.new(inside, pictures)
    with pytest.raises(CourseError, match="could not be written .*: course new FOLDER"):
        workspace.new(tmp_path / "file" / "new")
    assert not (tmp_path / "new").exists()
    assert [each.name for each in pictures.iterdir()] == ["cat"]


def test_the_folder_of_the_pictures_itself_is_refused(pictures, capsys):
    for name in ("cat", "dog"):
        (pictures / name).mkdir(exist_ok=True)
        Image.new("RGB", (9, 9)).save(pictures / name / "1.png")
    (pictures / ".DS_Store").touch()
    code, _, err = said(capsys, "new", pictures)
    assert code == 2
    assert "holds the pictures themselves" in err
    assert f"course new my_own --pictures {shlex.quote(str(pictures))}" in err
    assert sorted(each.name for each in pictures.iterdir()) == [".DS_Store", "cat", "dog"]
    # With anything else beside them it is somebody's folder of many things.
    (pictures / "letter.txt").touch()
    assert workspace.new(pictures).is_file()


def test_a_path_of_ones_own_home_and_a_relative_one_become_absolute(
    tmp_path, monkeypatch, pictures
):
    if sys.platform == "win32":
        pytest.skip("HOME is called otherwise there")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    path = workspace.new(workspace.Path("~/here"), workspace.Path(pictures.name))
    assert path == tmp_path / "here" / "my_pictures.ipynb"
    assert parameters(path)["folder"] == str(pictures)
    assert json.loads(path.read_text(encoding="utf-8"))["nbformat"] == 4


@pytest.mark.slow
def test_the_copy_goes_from_a_folder_to_a_tested_model(tmp_path):
    """As somebody would run it who has nothing but a folder; nothing in that folder is touched."""
    pictures = tmp_path / "Obst & more"
    random = np.random.default_rng(0)
    for name, brightness in (("Äpfel", 60), ("birnen", 190)):
        (pictures / name).mkdir(parents=True)
        for number in range(20):
            pixels = random.normal(brightness, 20, (30, 44, 3)).clip(0, 255).astype("uint8")
            Image.fromarray(pixels).save(pictures / name / f"{number}.png")
    before = {path: path.stat().st_mtime_ns for path in [pictures, *pictures.rglob("*")]}
    path = workspace.new(tmp_path / "own", pictures)
    book = nbformat.read(path, as_version=4)
    environment = os.environ | {"COURSE_MODE": "smoke", "COURSE_HEADLESS": "1"}
    environment.pop("COURSE_OUT", None)
    client = nbclient.NotebookClient(
        book, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute(env=environment)
    out = path.parent / "out"
    assert sorted(each.name for each in out.iterdir()) == [
        "classes.txt", "classify.py", "model.keras", "report_card.html",
    ]  # fmt: skip
    assert (out / "classes.txt").read_text(encoding="utf-8").split() == ["birnen", "Äpfel"]
    page = (out / "report_card.html").read_text(encoding="utf-8")
    assert "Report card: Obst &amp; more" in page
    assert "test pictures right" in page
    texts = [o.get("text", "") for c in book.cells if c.cell_type == "code" for o in c.outputs]
    assert sum("Test set opened, once" in text for text in texts) == 1
    (handed,) = [text for text in texts if text.startswith("$ python classify.py")]
    assert re.search(r"\.png: (birnen|Äpfel), \d+% sure\nThe lesson's own answer: ", handed), handed
    assert before == {path: path.stat().st_mtime_ns for path in [pictures, *pictures.rglob("*")]}
