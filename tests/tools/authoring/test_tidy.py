"""A committed notebook carries no path of the machine that made it, and nothing else is touched."""

import json
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
from foreign import job

from course_tools.authoring import tidy
from course_tools.batch import execution

HOME, TMP = str(Path.home()), tempfile.gettempdir()


@pytest.mark.parametrize(
    "text",
    [
        f"https://example.org{TMP}/x.png",
        f"{HOME}ed/file",
        f"/srv{HOME}/file",
        f"{TMP}-else/file",
        f"x{TMP}/file",
        f"<img src='data:image/png;base64,iVBOR{TMP}/w0KGgo{HOME}/AA=='>",
        f"url(data:image/svg+xml;utf8,a{TMP}/b)",
    ],
)
def test_what_only_looks_like_a_path_stays(text):
    assert tidy.scrubber()(text) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"{TMP}/x", "tmp/x"),
        (f'File "{HOME}/a.py", line 1', 'File "~/a.py", line 1'),
        (f"{HOME}: {sys.prefix}/lib", "~: python/lib"),
        (f"{TMP}/course-run-ab_c9/records", "./records"),
        (f"{TMP}/course-run-ab_c9/tmp/ipykernel_12/345.py:4: Warning", "cell.py:4: Warning"),
        (f"data:image/png;base64,AA{TMP}== {TMP}/x", f"data:image/png;base64,AA{TMP}== tmp/x"),
    ],
)
def test_paths_become_words(text, clean):
    assert tidy.scrubber()(text) == clean


def test_an_executed_notebook_carries_nothing_of_the_machine(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    result = execution.run(
        job(
            "import os, sys, tempfile, warnings\n"
            "print(os.getcwd(), os.environ['COURSE_DATA_DIR'], os.path.expanduser('~/x'))\n"
            "print(sys.prefix, tempfile.gettempdir(), flush=True)\n"
            "warnings.warn('look at the file name')",
            "import json; json.loads('{')",
        )
    )
    text = tidy.clean(result.notebook).decode()
    assert ". COURSE_DATA_DIR ~/x\\npython" in text.replace('",\n      "', "")
    for path in (str(tmp_path), sys.prefix, f"{HOME}/", "/course-", "ipykernel_"):
        assert path not in text, path


def test_images_are_untouched():
    image = f"AA{TMP}/BB"
    output = nbformat.v4.new_output("display_data", {"image/png": image, "text/plain": f"{TMP}/x"})
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    notebook = nbformat.writes(nbformat.v4.new_notebook(cells=[cell])).encode()
    (found,) = json.loads(tidy.clean(notebook))["cells"][0]["outputs"]
    assert found["data"] == {"image/png": image, "text/plain": ["tmp/x"]}


def test_prints_in_a_row_are_one_output():
    outputs = [
        {"name": "stdout", "output_type": "stream", "text": ["a\n"]},
        {"name": "stdout", "output_type": "stream", "text": ["b\n"]},
        {"output_type": "display_data", "data": {}},
        {"name": "stdout", "output_type": "stream", "text": "c\n"},
    ]
    joined = tidy.joined(outputs)
    assert [output.get("text") for output in joined] == ["a\nb\n", None, "c\n"]
