"""Tables of measures: what the protocol may not say, what is measured, and one family of verdicts."""

import re

import numpy as np
import pandas as pd
import pytest
from small_course import protocol_text

from course_utils import evidence
from course_utils.evidence import protocol, trust

ARMS = """
plain = { techniques = "" }
better = { techniques = "he_init" }
later = { techniques = "l2" }
"""
MEASURES = """
[trust_toy]
kind = "measures"
question = "?"
runs_of = "toy"
measures = ["excess_error", "noise"]
compare = [["better", "plain"], ["later", "plain"]]
"""
TOY = protocol_text(6, ARMS) + MEASURES


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setattr(protocol, "tables", lambda: protocol.read(TOY))
    return trust.read(TOY)["trust_toy"]


def kept(folder, noise_missing=()):
    """Runs of which `better` has half the calibration error, and the same accuracy under noise."""
    draw = np.random.default_rng(0)
    runs, rows = [], []
    for arm, error in (("plain", 0.02), ("better", 0.01)):
        for seed in range(6):
            key = {"table": "toy", "arm": arm, "learning_rate": 0.001, "factor": None, "seed": seed}
            runs.append(dict.fromkeys(evidence.COLUMNS) | key)
            row = dict.fromkeys(trust.TRUST_COLUMNS) | key
            row |= {"calibration_error": error + draw.normal(0, 0.001), "error_by_chance": 0.002}
            row |= {"over_confidence": error, "selective_accuracy": 0.99}
            if (arm, seed) not in noise_missing:
                row |= {f"noise_{s}": 0.9 - 0.1 * s + draw.normal(0, 0.01) for s in range(1, 6)}
            rows.append(row)
    pd.DataFrame(runs, columns=list(evidence.COLUMNS)).to_csv(folder / "runs.csv", index=False)
    columns = list(trust.TRUST_COLUMNS)
    pd.DataFrame(rows, columns=columns).to_csv(folder / "trust.csv", index=False)
    return folder


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"noise"]', '"fog"]', "table trust_toy names fog; expected measures among"),
        ('"noise"]', '"over_confidence"]', "over_confidence has no better side"),
        ('["later", "plain"]', '["late", "plain"]', "names late;"),
        ('runs_of = "toy"', 'runs_of = "toys"', "runs of 'toys', which is no table"),
        ('judge = "compare"', 'judge = "test"', "no table that is judged on the comparison set"),
        ('runs_of = "toy"\n', "", "expected compare, measures, question, runs_of"),
        ('runs_of = "toy"', 'runs_of = "toy"\nseeds = [1]', "has compare, measures, .* seeds;"),
    ],
)
def test_a_table_that_contradicts_itself_is_one_sentence(old, new, words):
    assert old in TOY
    with pytest.raises(protocol.ProtocolError, match=words) as caught:
        trust.read(TOY.replace(old, new, 1))
    assert "\n" not in str(caught.value)


def test_a_table_of_measures_asks_for_no_runs():
    assert set(protocol.read(TOY)) == {"toy"}
    assert not set(trust.tables()) & set(protocol.tables())


@pytest.mark.parametrize("tables", [protocol.tables, trust.tables])
def test_the_courses_own_tables_cannot_be_changed(tables):
    with pytest.raises(TypeError, match="assignment"):
        tables()["mine"] = None


def test_verdicts_are_one_family_and_what_is_missing_counts_in_it(toy, tmp_path):
    found = trust.verdicts(toy, kept(tmp_path))
    assert set(found) == {("better", "plain", "excess_error"), ("better", "plain", "noise")}
    error, noise = found.values()
    assert error.family == noise.family == 4
    assert error.mean == pytest.approx(-0.01, abs=0.002)
    assert (error.verdict, noise.verdict) == ("helps", "no detectable difference")


def test_a_figure_is_complete_or_not_there(toy, tmp_path):
    found = trust.figures(toy, kept(tmp_path, noise_missing={("better", 3)}))
    assert set(found["plain"]) == {"excess_error", "noise", "over_confidence"}
    assert set(found["better"]) == {"excess_error", "over_confidence"}
    assert found["later"] == {}
    assert found["plain"]["noise"][0] == pytest.approx(0.6, abs=0.02), "mean over five strengths"
    assert found["plain"]["excess_error"][0] == pytest.approx(0.018, abs=0.004)
    assert set(trust.verdicts(toy, tmp_path)) == {("better", "plain", "excess_error")}


def test_it_is_told_with_what_is_not_yet_measured(toy, tmp_path):
    said = trust.lines(toy, folder=kept(tmp_path))
    assert said[0] == "trust_toy: ?"
    assert said[1].startswith("  plain: calibration error beyond chance 1.")
    (told,) = (line for line in said if line.endswith("after Holm among 4: helps."))
    assert "paired seeds; p below 0.001 by t and 0.031 by sign flips, below 0.001" in told
    few = trust.lines(toy, ["noise"], tmp_path)
    assert "accuracy under noise" in few[1]
    assert not any("beyond chance" in line or "over-confidence" in line for line in few)
    assert said[-2:] == [
        "Not yet measured, calibration error beyond chance: later.",
        "Not yet measured, accuracy under noise: later.",
    ]
    (tmp_path / "trust.csv").unlink()
    assert trust.verdicts(toy, tmp_path) == {}


def test_an_interval_covers_the_mean_as_often_as_it_says():
    draw = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        _, low, high = trust.interval(dict(enumerate(draw.normal(1, 2, 5))))
        covered += low < 1 < high
    assert covered / 400 == pytest.approx(0.95, abs=0.035)


@pytest.mark.parametrize("name", trust.tables())
def test_the_courses_own_tables_rest_on_their_runs(name):
    of = trust.tables()[name]
    assert of.question.endswith("?")
    table = protocol.table(of.runs_of)
    for arm, known in trust.figures(of).items():
        for measure, values in known.items():
            assert set(values) == set(table.verdict_seeds), (arm, measure)
            assert all(-0.05 < value <= 1 for value in values.values())
    told = "\n".join(trust.lines(of))
    for arm, _ in of.compare:
        assert f"{arm} against" in told or re.search(rf"Not yet measured, .*\b{arm}\b", told)
