"""The benchmarks take turns, say what they did not measure, and compare equal models."""

import json
from types import SimpleNamespace

import pytest

from benchmarks import accuracy, comparisons, measure
from benchmarks.comparisons import COMPARISONS, Comparison, Run

OURS, SLOW, FAST = (Run(name, "keras", "baseline_cnn") for name in ("ours", "slow", "fast"))
COMPARED = Comparison("name", "title", OURS, (SLOW, FAST), goal_amx=0.4, goal=0.9)


def machine(**facts):
    return SimpleNamespace(**{"amx": False, "gpu": None, "precision": "float32", **facts})


@pytest.fixture
def turns(monkeypatch):
    """Trainings that take 2, 5 and 4 seconds, a tenth more each time; the order they ran in."""
    order = []

    def train_once(run, *_, **__):
        order.append(run.name)
        slower = 1 + order.count(run.name) / 10
        return {"ours": 2, "slow": 5, "fast": 4}[run.name] * slower, None

    monkeypatch.setattr(measure, "train_once", train_once)
    return order


def compare(comparison=COMPARED, **facts):
    return measure.compare(comparison, machine(**facts), 3, 640, 1, report=lambda line: None)


def test_runs_take_turns_and_the_fastest_peer_counts(turns):
    result = compare()
    assert turns == ["ours", "slow", "fast"] * 3
    assert result["peer"] == "fast"
    assert result["ratios"] == pytest.approx([0.5] * 3)
    assert result["ratio"] == pytest.approx(0.5)
    assert (result["goal"], result["verdict"]) == (0.9, "reached")
    assert len(result["seconds_an_epoch"]["slow"]) == 3


@pytest.mark.usefixtures("turns")
def test_the_goal_depends_on_the_cpu():
    assert (compare(amx=True)["goal"], compare(amx=True)["verdict"]) == (0.4, "missed")
    assert measure.verdict(3, None) == ""


def test_a_missing_peer_is_left_out_with_what_installs_it(turns, monkeypatch):
    def python_for(backend, side):
        if backend == "torch":
            raise measure.NotMeasured("PyTorch is not installed. To measure: pip install torch")

    monkeypatch.setattr(measure, "python_for", python_for)
    torch = Run("theirs", "torch", "baseline_cnn", backend="torch")
    both = compare(Comparison("name", "title", OURS, (SLOW, torch)))
    assert both["peer"] == "slow"
    assert "pip install torch" in both["not_measured"]["theirs"]
    alone = compare(Comparison("name", "title", OURS, (torch,)))
    assert "ratio" not in alone
    assert list(alone["not_measured"]) == ["theirs"]
    assert turns == ["ours", "slow"] * 3


@pytest.mark.parametrize(("fails_at", "complete"), [(0, 0), (5, 1)])
def test_completed_turns_outlive_a_failure(monkeypatch, fails_at, complete):
    started = []

    def train_once(run, *_, **__):
        started.append(run)
        if len(started) > fails_at:
            raise measure.NotMeasured("its training was killed")
        return 2, None

    monkeypatch.setattr(measure, "train_once", train_once)
    result = compare()
    assert len(result.get("ratios", [])) == complete
    assert [f"turn {complete + 1} of 3" in why for why in result["not_measured"].values()] == [True]


def test_a_killed_training_is_told_from_a_failed_one():
    killed = SimpleNamespace(returncode=-9, stderr="oneDNN custom operations are on")
    failed = SimpleNamespace(returncode=1, stderr="Traceback\nValueError: no")
    assert "killed by signal 9" in measure.how_it_ended(killed)
    assert measure.how_it_ended(failed) == "ended with code 1: ValueError: no"


def test_a_missing_backend_is_named(monkeypatch):
    monkeypatch.setitem(measure.BACKENDS, "no_such_backend", "No Such Backend")
    monkeypatch.delenv(measure.PEERS_PYTHON, raising=False)
    with pytest.raises(measure.NotMeasured, match=r"No Such Backend is not installed.*pip install"):
        measure.python_for("no_such_backend", "course")


def test_results_are_written_whole(tmp_path):
    path = measure.write(tmp_path / "new", {"name": "baseline", "ratio": 0.5})
    assert json.loads(path.read_text(encoding="utf-8"))["ratio"] == 0.5
    assert [each.name for each in path.parent.iterdir()] == ["baseline.json"]


def test_names_are_unique():
    names = [comparison.name for comparison in COMPARISONS]
    assert len(names) == len(set(names))
    for comparison in COMPARISONS:
        runs = [comparison.ours, *comparison.peers]
        assert len({run.name for run in runs}) == len(runs)


def test_the_plain_models_have_the_weights_of_the_course():
    from benchmarks.plain_keras import MODELS
    from course_utils import models

    ours = {
        "baseline_cnn": models.build_cnn(),
        "six_techniques": models.build_cnn(comparisons.SIX),
        "all_conv": models.build_all_conv(),
        "small_all_conv": models.build_small_all_conv(),
    }
    for name, build in MODELS.items():
        assert [w.shape for w in build().weights if "seed" not in w.path] == [
            w.shape for w in ours[name].weights if "seed" not in w.path
        ]


def test_accuracies_are_compared_in_pairs(monkeypatch):
    plans = []

    def train_once(run, machine, epochs, *, mode, seed):
        plans.append((run.name, mode, seed, epochs))
        return 1.0, 0.9 + seed / 100 + (0.02 + seed / 1000 if run is OURS else 0)

    monkeypatch.setattr(measure, "train_once", train_once)
    result = accuracy.compare(COMPARED, machine(), "smoke", range(3), 4, report=lambda line: None)
    # The turns of both sides on one seed follow one another; a training is one epoch and the rest.
    assert plans[:3] == [("ours", "smoke", 0, 3), ("slow", "smoke", 0, 3), ("ours", "smoke", 1, 3)]
    assert result["accuracies"]["peer"] == pytest.approx({0: 0.9, 1: 0.91, 2: 0.92})
    assert "+2.10" in result["sentence"]
    assert result["verdict"] == "helps"


@pytest.mark.parametrize("words", [["no_such"], ["--seeds", "1"], ["--epochs", "0"]])
def test_bad_arguments_are_named(words, capsys):
    with pytest.raises(SystemExit):
        accuracy.arguments(words)
    assert words[-1] in capsys.readouterr().err
