"""`course reference show`: what a table says, from the course's folder or from a doubter's."""

import csv

import pytest
from small_course import said

from course_tools.authoring import verdicts
from course_utils import evidence
from course_utils.errors import BatchError
from course_utils.evidence import protocol


def written(folder, rows):
    with (folder / "runs.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, evidence.COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def row(arm, seed, accuracy):
    return {
        "table": "early_stopping", "arm": arm, "seed": seed, "learning_rate": 0.001,
        "compare_accuracy": accuracy, "compare_loss": 1 - accuracy,
    }  # fmt: skip


def test_a_folder_of_somebodys_own_runs_is_told_like_the_courses(tmp_path, capsys):
    gains = (1, 2, 3, 2, 1, 3, 2, 2, 1, 3)
    rows = [row("to_the_end", s, 0.95 + s / 900) for s in range(10)]
    rows += [row("stopped", s, 0.95 + s / 900 + gain / 1000) for s, gain in enumerate(gains)]
    folder = written(tmp_path, rows)
    code, out, _ = said(capsys, "reference", "show", "early_stopping", "--from", folder)
    lines = out.splitlines()
    assert code == 0
    assert "  stopped: 10 of 10 runs, learning_rate 0.001" in lines
    assert lines[-1].startswith(
        "stopped against to the end (early_stopping, comparison set): +0.20 points"
    )
    assert "without the pairs" in lines[-1]
    assert ": helps (by sign flips p = 0.002); on cross-entropy" in lines[-1]
    # Without one run of ten there is no verdict.
    written(tmp_path, rows[1:])
    assert verdicts.lines("early_stopping", tmp_path)[-1].endswith("not yet measured.")


@pytest.mark.parametrize("name", protocol.tables())
def test_every_table_is_told_as_far_as_it_is_measured(name):
    of = protocol.table(name)
    told = verdicts.lines(name)
    assert told[0] == f"{name}: {of.question}"
    assert len(told) == 1 + len(of.arms) + len(of.compare) + max(0, len(of.curves) - 1)


def test_a_folder_without_runs_says_how_to_write_them(tmp_path):
    with pytest.raises(BatchError, match="holds no runs.csv. Write it: course reference add"):
        verdicts.lines("early_stopping", tmp_path)
