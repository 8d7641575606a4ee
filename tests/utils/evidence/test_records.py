"""Records are whole or absent, and read back as they were written."""

import errno
import json
import os

import numpy as np
import pytest

from course_utils.errors import CourseError
from course_utils.evidence.records import (
    Record,
    pack,
    pack_mistakes,
    records_folder,
    training_code,
    unpack,
    unpack_mistakes,
)


def record(**changes):
    known = {"lesson": "02_baseline_cnn", "model": "baseline_cnn", "mode": "smoke", "seed": 1}
    return Record(**known | changes)


def test_a_record_is_read_back_as_it_was_written(tmp_path):
    written = record(
        history={"loss": np.array([1.0, np.nan])}, seconds=np.float32(2), further={"mine": [1]}
    )
    path = written.write(tmp_path)
    assert path.name == "02_baseline_cnn.baseline_cnn.plain.smoke.seed1.json"
    back = Record.read(path)
    assert back.history == {"loss": [1.0, None]}
    assert (back.seconds, back.further) == (2.0, {"mine": [1]})
    assert Record.from_dict(back.to_dict()) == back
    assert json.loads(path.read_text())["mine"] == [1]


def test_a_training_that_diverged_never_takes_a_good_records_place(tmp_path):
    good = record().write(tmp_path)
    failed = record(status="failed").write(tmp_path)
    assert good != failed
    assert not Record.read(failed).went_well


@pytest.mark.parametrize(
    ("content", "words"),
    [("[1]", "a list in place"), ("{}", "no text under 'lesson'"), ("{", "Expecting"),
     ('{"lesson": "x", "model": 3}', "no text under 'model'"),
     ('{"lesson": "x", "model": "y", "val_accuracy": "high"}', "no number under 'val_accuracy'"),
     ('{"lesson": "x", "model": "y", "history": [1]}', "no object under 'history'"),
     ('{"lesson": "x", "model": "y", "seed": "3"}', "no whole number under 'seed'")],
)  # fmt: skip
def test_what_is_no_record_is_named(tmp_path, content, words):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(ValueError, match=words):
        Record.read(tmp_path / "x.json")


def test_a_record_of_the_first_edition_is_read(tmp_path):
    old = {"lesson": "02_baseline_cnn", "model": "baseline_cnn", "techniques": "", "seed": 3,
           "test_accuracy": 0.97, "val_accuracy": 1, "table": None, "article": 0.9912}  # fmt: skip
    (tmp_path / "x.json").write_text(json.dumps(old))
    back = Record.read(tmp_path / "x.json")
    assert (back.test_accuracy, back.compare_accuracy, back.arm) == (0.97, None, "")
    assert (back.val_accuracy, back.overruled) == (1, [])
    assert back.further == {"article": 0.9912}


def test_a_full_disk_leaves_no_half_written_record(tmp_path, monkeypatch):
    path = record().write(tmp_path)
    before = path.read_text()

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CourseError, match=r"No space left.*%env COURSE_OUT"):
        record(test_accuracy=0.9).write(tmp_path)
    assert [path.read_text() for path in tmp_path.iterdir()] == [before]


def test_an_interrupted_record_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(descriptor):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "fsync", interrupted)
        record().write(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mistakes", [[], [0], [3, 9, 10]])
def test_mistakes_survive_packing(mistakes):
    back = unpack_mistakes(pack_mistakes(mistakes, 11), 11)
    assert back.dtype == bool
    assert back.shape == (11,)
    assert back.nonzero()[0].tolist() == mistakes


def test_predictions_survive_packing_to_three_digits():
    predictions = np.random.default_rng(0).dirichlet(np.ones(10), size=50)
    back = unpack(pack(predictions))
    assert back.shape == (50, 10)
    assert np.abs(back - predictions).max() < 5e-4


def test_the_digest_is_of_the_code_and_not_of_what_is_said_about_it(tmp_path, monkeypatch):
    from course_utils.evidence import records

    def digest(model):
        (tmp_path / "evidence").mkdir(exist_ok=True)
        (tmp_path / "data").mkdir(exist_ok=True)
        for name in records.TRAINING_CODE:
            (tmp_path / name).write_text(model if name == "models.py" else "")
        monkeypatch.setattr(records, "__file__", str(tmp_path / "evidence" / "records.py"))
        return training_code.__wrapped__("one")

    first = digest('def f():\n    """Says."""\n    return 1  # why\n')
    assert digest('def f():\n    """Says more."""\n\n    return 1\n') == first
    assert digest('def f():\n    """Says."""\n    return 2\n') != first
    # Another model's builder, and the list of all, may come later.
    alone = "def build_one():\n    return f()\nBUILDERS = {'one': build_one}\n"
    both = "def build_two():\n    return 2\n" + alone.replace("}", ", 'two': build_two}")
    assert digest(both) == digest(alone)
    assert digest(alone.replace("f()", "g()")) != digest(alone)


def test_records_go_to_the_learners_workspace_or_where_told(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_OUT", str(tmp_path))
    assert records_folder() == tmp_path
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COURSE_OUT", "~/records")
    assert records_folder() == tmp_path / "records"
    monkeypatch.delenv("COURSE_OUT")
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "mine"))
    assert records_folder() == tmp_path / "mine" / ".course" / "records"
