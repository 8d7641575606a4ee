"""`course reference trust`: what it measures of a batch's predictions and networks, and what it refuses."""

import csv
import dataclasses
import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from small_course import batch_of, protocol_text, record

from course_tools.authoring import trust as tool
from course_utils import corruptions, data, evidence
from course_utils.errors import BatchError
from course_utils.evidence import protocol, trust
from course_utils.evidence.records import pack
from course_utils.evidence.scoring import score_predictions

ARMS = """
plain = { techniques = "" }
other = { techniques = "", start = 1 }
mean = { mean_of = ["plain", "other"] }
"""
MEASURES = """
[trust_toy]
kind = "measures"
question = "?"
runs_of = "toy"
measures = ["excess_error"]
compare = [["other", "plain"], ["mean", "plain"]]
"""
TOY = protocol_text(2, ARMS) + MEASURES


@pytest.fixture
def images(monkeypatch):
    draw = np.random.default_rng(0)
    found = SimpleNamespace(
        x_compare=draw.integers(0, 256, (40, 28, 28, 1), dtype="uint8"),
        y_compare=draw.integers(0, 10, 40).astype("int32"),
        sha256="a" * 16,
    )
    monkeypatch.setattr(protocol, "tables", lambda: protocol.read(TOY))
    monkeypatch.setattr(trust, "tables", lambda: trust.read(TOY))
    monkeypatch.setattr(data, "load", lambda name, mode: found)
    return found


def network(seed):
    keras.utils.set_random_seed(seed)
    parts = [keras.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    return keras.Sequential([*parts, keras.layers.Dense(10, activation="softmax")])


@pytest.fixture
def made(images, tmp_path):
    """A finished batch of two arms and two seeds, its runs in runs.csv, and its networks."""
    kept, records = tmp_path / "networks", []
    kept.mkdir()
    for arm, seed in ((arm, seed) for arm in ("plain", "other") for seed in (0, 1)):
        model = network(seed + 10 * (arm == "other"))
        found = score_predictions(model.predict(images.x_compare, verbose=0), images.y_compare)
        one = record(
            lesson="ablation", table="toy", arm=arm, seed=seed, code="12345678", techniques="",
            compare_accuracy=found.accuracy, compare_loss=found.loss, compare_n=40,
            compare_predictions=pack(found.predictions), parameters={"learning_rate": 0.001},
            given={"table": "toy", "arm": arm},
        )  # fmt: skip
        records.append(one)
        model.save(kept / evidence.Record.from_dict(one).network_name)
    assert len(list(kept.iterdir())) == 4, "each run's network has a name of its own"
    write_runs(tmp_path, [*records, *(one | {"arm": "mean"} for one in records[:2])])
    return SimpleNamespace(folder=tmp_path, records=records, networks=kept)


def write_runs(folder, records):
    with (folder / "runs.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, evidence.COLUMNS, restval="", extrasaction="ignore")
        writer.writeheader()
        for one in records:
            writer.writerow(one | {"learning_rate": 0.001, "code": one["code"] + "-notebook"})


def batch(made, records=None, name="toy"):
    return batch_of(made.folder / name / "plain" / "verdict", records or made.records)


def rows(folder):
    with (folder / "trust.csv").open(newline="") as file:
        return {(row["arm"], row["seed"]): row for row in csv.DictReader(file)}


@pytest.mark.slow
def test_predictions_and_networks_make_a_row_a_run_and_its_average(made, images):
    batch(made)
    added = tool.add([made.folder / "toy"], None, made.folder)
    assert added == {"runs": 6, "networks": 0, "left_out": {}}
    first = rows(made.folder)
    assert set(first) == {(arm, s) for arm in ("plain", "other", "mean") for s in "01"}
    assert first["plain", "0"]["noise_1"] == ""
    # The networks come later, and what was there stays.
    added = tool.add([made.folder / "toy"], made.networks, made.folder)
    assert (added["runs"], added["networks"]) == (6, 6)
    found = rows(made.folder)
    assert [name for name, value in found["mean", "1"].items() if not value] == ["factor"]
    for name in trust.OF_PREDICTIONS:
        assert found["plain", "0"][name] == first["plain", "0"][name]
    worse = corruptions.corrupt(images.x_compare, "turns", 4)
    by_hand = [network(s).predict(worse, verbose=0) for s in (1, 11)]
    right = np.mean(by_hand, axis=0).argmax(axis=1) == images.y_compare
    assert float(found["mean", "1"]["turns_4"]) == pytest.approx(right.mean())
    # Without the networks again, their figures are kept.
    tool.add([made.folder / "toy"], None, made.folder)
    assert rows(made.folder) == found
    # And the verdict runs find them.
    known = trust.figures(trust.tables()["trust_toy"], made.folder)
    assert all(set(of["excess_error"]) == {0, 1} for of in known.values())


def test_an_arm_without_all_its_seeds_is_left_out_or_refused(made):
    batch(made, made.records[:3])
    added = tool.add([made.folder / "toy"], None, made.folder)
    assert added["runs"] == 2
    assert added["left_out"] == {"arm other of toy: seeds 1 are missing": 1}
    batch(made, made.records[2:3], "half")
    with pytest.raises(BatchError, match="no arm with all its seeds .1 arm other of toy: seeds 1"):
        tool.add([made.folder / "half"], None, made.folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code": "87654321"}, "made by the code 87654321, and the reference's run by 12345678"),
        ({"compare_accuracy": 0.5}, "an accuracy of 0.5000, and the reference's run of"),
        ({"compare_predictions": ""}, "does not hold its predictions"),
        ({"data_sha256": "b" * 16}, "are not those that the runs were scored on"),
        ({"parameters": {"learning_rate": 0.1}}, "First: course reference add"),
    ],
)
def test_another_run_than_the_references_is_refused(made, change, words):
    batch(made, [one | change if one["seed"] else one for one in made.records])
    with pytest.raises(BatchError, match=words):
        tool.add([made.folder / "toy"], None, made.folder)
    assert not (made.folder / "trust.csv").exists()


def test_another_runs_network_is_refused(made):
    batch(made)
    taken, right = (
        made.networks / evidence.Record.from_dict(one).network_name for one in made.records[:2]
    )
    taken.write_bytes(right.read_bytes())
    with pytest.raises(BatchError, match="toy.plain.ablation.* answers otherwise"):
        tool.add([made.folder / "toy"], made.networks, made.folder)


def test_a_network_is_named_after_its_table_and_arm():
    one = evidence.Record("ablation", "baseline_cnn", "l2", "reduced", 3)
    assert one.network_name == "ablation.baseline_cnn.l2.reduced.seed3.keras"
    of_table = dataclasses.replace(one, table="toy", arm="plain")
    assert of_table.network_name == "toy.plain.ablation.baseline_cnn.l2.reduced.seed3.keras"
    assert json.dumps(of_table.to_dict())
