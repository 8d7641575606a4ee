"""The committed reference runs are what `course run` and `course reference add` write."""

import csv
import os

import pytest
from foreign import ROOT, course, moments

from course_tools.authoring import reference_runs as bookkeeping
from course_tools.batch import notebooks as library
from course_tools.batch import summary
from course_utils import evidence

REFERENCE = ROOT / "course_utils" / "reference"


def rows(folder=REFERENCE):
    with (folder / "runs.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def form(text):
    """What a cell is like: a number with so many decimals, or words."""
    try:
        float(text)
    except ValueError:
        return "words" if text else "empty"
    return f"{len(text.partition('.')[2])} decimals"


def test_every_row_is_a_run_of_a_notebook_that_there_is():
    found = rows()
    assert found
    for row in found:
        assert tuple(row) == evidence.COLUMNS
        assert row["lesson"] in library.lesson_paths()
        assert row["data"] in summary.REAL_DATA
        assert all(row[name] for name in ("seed", "backend", "precision", "hardware", "version"))
        for name in ("val_accuracy", "test_accuracy"):
            assert not row[name] or 0 <= float(row[name]) <= 1
    keys = [tuple(row[name] for name in bookkeeping.RUN_KEY) for row in found]
    assert len(set(keys)) == len(keys)


def test_every_cost_is_of_a_notebook_and_of_variants_around_their_training():
    paths = library.lesson_paths(ROOT / "notebooks")
    known = {}
    for name, path in paths.items():
        varied = library.read_notebook(path).has_variants
        known[evidence.around_training(name) if varied else name] = name
    assert known[evidence.around_training("ablation")] == "ablation"
    with (REFERENCE / "costs.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            assert row["lesson"] in known
            assert float(row["seconds"]) > 0


@pytest.mark.slow
def test_a_row_at_random_can_be_made_again(tmp_path):
    """In smoke mode, which is short: other figures, but the same fields about the same thing."""
    row = moments().choice(rows())
    words = [row["lesson"], "--mode", "smoke", "--seed", row["seed"], "--out", tmp_path / "out"]
    if row["lesson"] == "ablation":
        words += ["--param", f"model={row['model']}"]
        words += ["--param", f"techniques={row['techniques'] or 'none'}"]
    ran = course("run", *words, cwd=ROOT, env={**os.environ, "COURSE_THREADS": "2"})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    bookkeeping.add(tmp_path / "out", tmp_path, allow_fallback=True)
    same = ("lesson", "model", "techniques", "seed")
    again = [made for made in rows(tmp_path) if all(made[name] == row[name] for name in same)]
    assert len(again) == 1, f"{row} against {rows(tmp_path)}"
    (made,) = again
    assert tuple(made) == tuple(row)
    assert (made["mode"], made["n_train"], made["epochs"]) == ("smoke", "512", "1")
    # A stand-in names what it stands for.
    assert made["data"].partition(" ")[0] == row["data"].partition(" ")[0]
    assert {name: form(made[name]) for name in row} == {name: form(row[name]) for name in row}
