"""The README's scoreboard is computed from the reference runs."""

import json

import pandas as pd
import pytest
from paths import ROOT
from small_course import record, said

from course_tools.authoring import scoreboard
from course_utils import evidence
from course_utils.errors import CourseError


@pytest.fixture
def measured(monkeypatch):
    """Set the reference runs; the protocol's tables have none."""

    def set_runs(*runs):
        monkeypatch.setattr(evidence, "reference_runs", lambda *key: found(runs, *key))
        none = pd.DataFrame(columns=list(evidence.COLUMNS))
        monkeypatch.setattr(scoreboard.protocol, "rows_of", lambda *key: none)
        monkeypatch.setattr(scoreboard.trust, "figures", lambda of: {})

    def found(runs, model, techniques, mode, data):
        wanted = (model, techniques, mode, data)
        keys = ("model", "techniques", "mode", "data")
        rows = [run for run in runs if tuple(run[key] for key in keys) == wanted]
        return pd.DataFrame(rows, columns=list(evidence.COLUMNS))

    return set_runs


def test_the_scoreboard_is_written_between_its_markers(project, measured, capsys):
    measured(*(record(seed=s, test_accuracy=0.97 + s / 1000) for s in (1, 2, 3)))
    readme = project / "README.md"
    readme.write_text(f"before\n{scoreboard.BEGIN}\nold\n{scoreboard.END}\nafter\n")
    code, _, err = said(capsys, "report", "--check")
    assert (code, err) == (
        2,
        "error: The README's scoreboard, or a picture, is stale. Write it: course report --readme\n",
    )
    assert "old" in readme.read_text()
    assert said(capsys, "report", "--readme")[0] == 0
    text = readme.read_text()
    assert "| baseline CNN | MNIST | 99.12 % | not yet measured | 97.20 ± 0.10 % (3 runs) |" in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert said(capsys, "report", "--check")[0] == 0
    readme.write_text("no markers")
    code, _, err = said(capsys, "report", "--readme")
    assert code == 2
    assert "README.md has no place for the scoreboard" in err
    readme.write_bytes(b"\xfc")
    with pytest.raises(CourseError, match="cannot be read and written .*codec can't decode"):
        scoreboard.write(readme)


def test_the_scoreboard_keeps_originals_and_copies_apart(measured):
    measured(
        record(model="all_conv", data="cifar10", mode="full", test_accuracy=0.775),
        record(model="all_conv", data="cifar10 (JPEG copy)", mode="full", test_accuracy=0.7654),
        record(model="small_all_conv", data="cifar10 (ten shapes)", test_accuracy=0.9),
    )
    assert scoreboard.table().splitlines()[2:] == [
        "| all-conv | CIFAR-10 (JPEG copy) | 77.5 % (validation) | 76.54 % (1 run) | not yet measured |",
        "| all-conv | CIFAR-10 (originals) | 77.5 % (validation) | 77.50 % (1 run) | not yet measured |",
    ]
    measured()
    assert scoreboard.table() == "No reference runs yet."


def test_the_readmes_pictures_are_the_lessons_figures(project, measured):
    measured()
    (name, (lesson, begins)) = next(iter(scoreboard.PICTURES.items()))
    drawn = {"data": {"image/png": "AAAA"}, "metadata": {"image/png": {"alt": f"{begins}: so."}}}
    other = {"data": {"image/png": "BBBB"}, "metadata": {"image/png": {"alt": "Another."}}}
    book = project / f"notebooks/{lesson}.ipynb"
    book.write_text(json.dumps({"cells": [{"outputs": [drawn, other]}, {"source": "x"}]}))
    readme = project / "README.md"
    readme.write_text(f"{scoreboard.BEGIN}\n{scoreboard.table()}\n{scoreboard.END}\n")
    assert not scoreboard.write(readme, check=True)
    assert not (project / "docs" / name).exists()
    assert not scoreboard.write(readme)
    assert (project / "docs" / name).read_bytes() == b"\0\0\0"
    assert scoreboard.write(readme, check=True)


def test_the_committed_scoreboard_and_pictures_are_up_to_date():
    assert scoreboard.write(ROOT / "README.md", check=True), "course report --readme"
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    assert scoreboard.pictures(ROOT / "notebooks").keys() == scoreboard.PICTURES.keys()
    assert all(f"(docs/{name})" in shown for name in scoreboard.PICTURES)


def test_the_fast_networks_at_full_size_are_those_of_their_tables(measured, monkeypatch):
    measured(record(model="fast_cnn", data="cifar10 (JPEG copy)", test_accuracy=0.58))
    looks = [
        record(model="fast_cnn", data="cifar10 (JPEG copy)", mode="full", seed=seed, table="fast_cifar10",
               arm="looks", test_accuracy=0.91 + seed / 1000)
        for seed in (0, 1, 2)
    ]  # fmt: skip
    rows = pd.DataFrame(looks)
    monkeypatch.setattr(
        scoreboard.protocol, "rows_of", lambda table, arm: rows[rows["table"] == table]
    )
    assert "| 94 % | 91.10 ± 0.10 % (3 runs) | 58.00 % (1 run) |" in scoreboard.table()


def test_lesson_17s_calibration_and_lesson_18s_own_folder_have_rows(measured, monkeypatch):
    own = "three classes of CIFAR-10 (JPEG copy)"
    measured(
        *(record(model="own_pictures", data=own, seed=s, test_accuracy=s / 10) for s in (6, 7))
    )
    errors = {"excess_error": {0: 0.009, 1: 0.011}}
    monkeypatch.setattr(scoreboard.trust, "figures", lambda of: {"baseline": errors})
    said = scoreboard.table()
    assert f"| {own} | | not yet measured | 65.00 ± 7.07 % (2 runs) |" in said
    assert "calibration error beyond chance (lesson 17) | MNIST | " in said
    assert "| 1.00 ± 0.14 points (2 runs) |" in said
    assert "five techniques together" not in said
