"""Lesson 09's program trains where nothing but Keras is installed."""

import os
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

LESSON = Path(__file__).parents[2] / "notebooks" / "09_all_six.py"
# The course cannot be imported, and a few drawn images stand where the download would be.
WITHOUT_THE_COURSE = """
import sys
sys.modules["course_utils"] = None
import keras, numpy as np
draw = np.random.default_rng(0)
images = draw.integers(0, 256, (192, 28, 28), dtype="uint8")
labels = draw.integers(0, 10, 192, dtype="uint8")
keras.datasets.mnist.load_data = lambda: ((images, labels), (images[:99], labels[:99]))
"""


def listing():
    """The lines for where there is nothing but Keras, and the cells from the settings to `fit`."""
    cells = jupytext.read(LESSON).cells
    place = next(i for i, cell in enumerate(cells) if "```python" in cell.source)
    alone = cells[place].source.partition("```python")[2].partition("```")[0]
    program = [alone]
    for cell in cells[place:]:
        if cell.cell_type == "code":
            program.append(cell.source)
            if "model.fit(" in cell.source:
                return program
    raise AssertionError("no cell of the lesson trains the model")


@pytest.mark.slow
def test_the_listing_of_lesson_09_trains_without_the_course(tmp_path):
    lines = [line for source in listing() for line in source.splitlines() if line.strip()]
    assert len(lines) < 90
    program = "\n".join([WITHOUT_THE_COURSE, *listing()])
    # An epoch in the place of 50, and 64 images in the place of 6,000 to validate on.
    for words, quicker in (("= 1, 50, 0.99", "= 1, 1, 0.99"), ("[-6000]", "[-64]")):
        assert words in program
        program = program.replace(words, quicker)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"KERAS_BACKEND": "tensorflow"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "val_accuracy" in done.stdout
    assert not list(tmp_path.iterdir())
