"""The benchmarks take turns, say what they did not measure, and compare equal models."""

import json
import math
from types import SimpleNamespace

import optional
import pytest

from benchmarks import accuracy, augmentation, comparisons, measure, train
from benchmarks.__main__ import exit_code, rows
from benchmarks.comparisons import COMPARISONS, Comparison, Run
from course_utils import machine as machines

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


@pytest.mark.parametrize(
    ("fails", "expected", "ratios", "code"),
    [
        # The name and the turn in which each run fails; the peer and the number of turns that count.
        ({"fast": 1}, "slow", 3, 0),
        ({"fast": 2}, "slow", 3, 0),
        ({"slow": 3}, "fast", 3, 0),
        ({"slow": 1, "fast": 3}, "fast", 2, 0),
        ({"slow": 1, "fast": 1}, None, 0, 0),
        ({"ours": 1}, None, 0, 1),
        ({"ours": 3}, "fast", 2, 1),
    ],
)
def test_a_peer_that_fails_is_left_out_and_ours_ends_the_comparison(
    turns, monkeypatch, fails, expected, ratios, code
):
    well = measure.train_once

    def train_once(run, *arguments, **options):
        if turns.count(run.name) + 1 == fails.get(run.name):
            raise measure.NotMeasured("its training was killed")
        return well(run, *arguments, **options)

    monkeypatch.setattr(measure, "train_once", train_once)
    result = compare()
    assert result.get("peer") == expected
    assert result.get("ratios", []) == pytest.approx([0.5 if expected == "fast" else 0.4] * ratios)
    assert result["not_measured"] == {
        name: f"turn {turn} of 3: its training was killed" for name, turn in fails.items()
    }
    assert exit_code([result]) == code
    assert list(rows(result)), "the table tells of it"


def test_a_missed_goal_is_an_exit_code(turns):
    assert [exit_code([compare(amx=amx)]) for amx in (False, True)] == [0, 1]


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


@pytest.fixture(scope="module")
def built():
    """The course's models, by the name of the plain ones."""
    import numpy as np

    from course_utils import fast, models

    noise = np.random.default_rng(0).integers(0, 256, (50, 32, 32, 3), dtype="uint8")
    return {
        "fast_cnn": fast.build(7, noise),
        "baseline_cnn": models.build_cnn(),
        "six_techniques": models.build_cnn(comparisons.SIX),
        "all_conv": models.build_all_conv(),
        "small_all_conv": models.build_small_all_conv(),
    }


# What costs time or decides what is learnt; layers without any of it are told apart by their weights.
SETTINGS = (
    *("activation", "filters", "kernel_size", "padding", "pool_size", "rate", "strides", "units"),
    *("kernel_initializer", "kernel_regularizer", "use_bias"),
)


def settings(model):
    """What each layer was given, in the order of the layers."""

    def plain(value):
        # How a start or a penalty was saved also names the module and the seed.
        return (
            (value["class_name"], value["config"].get("l2")) if isinstance(value, dict) else value
        )

    configs = [layer.get_config() for layer in model.layers]
    chosen = [{name: plain(c[name]) for name in SETTINGS if name in c} for c in configs]
    return [each for each in chosen if each]


def test_the_plain_models_have_the_layers_of_the_course(built):
    from benchmarks.plain_keras import MODELS

    for name, build in MODELS.items():
        theirs, ours = build(), built[name]
        assert settings(theirs) == settings(ours), name
        assert [w.shape for w in theirs.weights if "seed" not in w.path] == [
            w.shape for w in ours.weights if "seed" not in w.path
        ]


def test_the_models_in_pytorch_have_the_layers_of_the_course(built):
    torch = optional.needed("torch", "COURSE_BACKENDS", "pip install torch")
    from benchmarks.plain_torch import MODELS

    for name, build in MODELS.items():
        theirs, ours = build(), built[name]
        trained = sum(math.prod(weight.shape) for weight in ours.trainable_weights)
        learnt = [weight.numel() for weight in theirs.parameters() if weight.requires_grad]
        assert sum(learnt) == trained, name
        rates = [layer.p for layer in theirs.modules() if isinstance(layer, torch.nn.Dropout)]
        assert rates == [each["rate"] for each in settings(ours) if "rate" in each], name


def test_the_plain_side_gets_the_threads_of_the_machine(monkeypatch):
    given = []
    monkeypatch.setattr(machines, "set_threads", lambda *arguments: given.append(arguments))
    monkeypatch.setattr(train, "fit", lambda *_, **__: ([], None))
    images = train.random_images(1, (28, 28, 1), seed=1)
    run = {"model": "baseline_cnn", "backend": "tensorflow"}
    train.train_keras(run, {"threads": 3}, 1, images, images)
    assert given == [("tensorflow", 3)]


def test_augmentations_take_turns_and_a_missing_one_is_named():
    def way(name):
        return lambda *_: lambda: order.append(name)

    order = []
    ways = {"ours": ("numpy", way("ours")), "theirs": ("json", way("theirs"))}
    found = augmentation.compare(64, 32, 3, ways | {"gone": ("no_such_package", way("gone"))})
    assert order == ["ours", "theirs"] * 4
    assert found["peer"] == "theirs"
    assert len(found["ratios"]) == 3
    assert "pip install no_such_package" in found["not_measured"]["gone"]
    alone = augmentation.compare(64, 32, 1, {"ours": ways["ours"]})
    assert "ratio" not in alone


@pytest.mark.slow
def test_the_fast_network_is_timed_with_its_shifts():
    images = train.random_images(64, (32, 32, 3), seed=1)
    times, accuracy = train.fit_fast(images, images, batch_size=32, epochs=2, seed=1)
    assert len(times) == 3
    assert 0 <= accuracy <= 1


def test_accuracies_are_compared_in_pairs(monkeypatch):
    plans = []

    def train_once(run, machine, epochs, *, mode, seed):
        plans.append((run.name, mode, seed, epochs))
        return 1.0, 0.9 + seed / 100 + (0.02 + seed / 1000 if run is OURS else 0)

    monkeypatch.setattr(measure, "train_once", train_once)
    result = accuracy.compare(COMPARED, machine(), "smoke", range(5), 4, report=lambda line: None)
    # The turns of both sides on one seed follow one another; a training is one epoch and the rest.
    assert plans[:3] == [("ours", "smoke", 0, 3), ("slow", "smoke", 0, 3), ("ours", "smoke", 1, 3)]
    assert result["accuracies"]["peer"] == pytest.approx(
        {seed: 0.9 + seed / 100 for seed in range(5)}
    )
    assert "+2.20" in result["sentence"]
    assert result["verdict"] == "helps"


@pytest.mark.parametrize("words", [["no_such"], ["--seeds", "1"], ["--epochs", "0"]])
def test_bad_arguments_are_named(words, capsys):
    with pytest.raises(SystemExit):
        accuracy.arguments(words)
    assert words[-1] in capsys.readouterr().err
