"""One notebook run in a process of its own: what comes back, and that nothing stays behind."""

import contextlib
import errno
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import psutil
import pytest
from foreign import (
    EAT_MEMORY,
    EXIT,
    HANG,
    RAISE,
    REPEATS,
    WRITE_RECORD,
    job,
    moments,
    patience,
    wait_until,
)
from foreign import with_variable as processes_with

from course_tools.batch import processes, supervisor, tidy


def cells_of(result):
    return json.loads(result["notebook"])["cells"]


@pytest.fixture
def mark(monkeypatch):
    """A variable that every process of this test inherits, so that strays can be found."""
    value = f"{os.getpid()}-{random.random()}"
    monkeypatch.setenv("COURSE_TEST_MARK", value)
    yield partial(processes_with, "COURSE_TEST_MARK", value)
    for process in processes_with("COURSE_TEST_MARK", value):
        with contextlib.suppress(psutil.Error):
            process.kill()


def test_parameters_go_in_and_outputs_come_out():
    seen = []
    result = supervisor.run(
        job("print(seed * 2)", parameters="seed = 1") | {"parameters": {"seed": 21}},
        progress=lambda index, count: seen.append((index, count)),
    )
    assert result["status"] == "ok", result
    assert cells_of(result)[-1]["outputs"][0]["text"] == ["42\n"]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert len(result["cell_seconds"]) == result["cells"] == 3
    # A Python with a kernel below it: some tens of MB at least, and the sampler saw both.
    assert 60 < result["peak_memory_mb"] < 1000
    assert 0 < result["seconds"] < 60


def test_records_come_home_with_the_cost_of_the_notebook():
    result = supervisor.run(job(WRITE_RECORD, parameters="seed = 4"))
    (record,) = result["records"]
    assert record["seed"] == 4
    assert record["peak_memory_mb"] == result["peak_memory_mb"]
    assert record["notebook_seconds"] == result["seconds"]


def test_an_error_fails_the_run_and_its_records_are_dropped():
    result = supervisor.run(job(WRITE_RECORD, RAISE, parameters="seed = 4"))
    assert result["status"] == "failed"
    assert result["message"] == "cell 3 raised ZeroDivisionError: division by zero"
    assert result["cell"] == 3
    assert "return 1 / x" in result["traceback"]
    assert "\x1b" not in result["traceback"]
    assert result["records"] == []
    assert "ZeroDivisionError" in result["notebook"].decode()


def test_of_a_run_that_failed_come_home_the_records_of_what_diverged():
    diverged = WRITE_RECORD.replace('"status": "ok"', '"status": "failed"')
    diverged = diverged.replace("foreign.mlp", "diverged.mlp")
    half = (
        "path.with_name('half.json').write_text('{'); path.with_name('list.json').write_text('[]')"
    )
    result = supervisor.run(job(WRITE_RECORD, diverged, half, RAISE, parameters="seed = 4"))
    assert result["status"] == "failed"
    (record,) = result["records"]
    assert record["status"] == "failed"
    assert record["notebook_seconds"] == result["seconds"]


def test_an_expected_error_is_none():
    result = supervisor.run(job("print(1)", "1 / 0", tags=["raises-exception"]))
    assert result["status"] == "ok"
    assert "papermill-error" not in result["notebook"].decode()


@pytest.mark.parametrize(
    ("cells", "status", "message"),
    [
        ([EXIT, "1"], "killed", "the kernel died while cell 1 of 2 ran"),
        (["import sys; sys.exit(0)", "1"], "failed", "cell 1 left the notebook"),
    ],
)
def test_a_notebook_that_exits(cells, status, message):
    result = supervisor.run(job(*cells))
    assert result["status"] == status
    assert (result["message"] or "").startswith(message or "")


def test_a_kernel_that_is_not_installed_is_named():
    broken = job("1")
    broken["notebook"] = broken["notebook"].replace(b'"python3"', b'"julia-9"')
    result = supervisor.run(broken)
    assert result["status"] == "failed"
    assert "julia-9" in result["message"]


def test_a_run_over_its_time_is_ended_with_everything_it_started(mark):
    spawn = "import subprocess; subprocess.Popen(['sleep', '300'], start_new_session=True)"
    began = time.monotonic()
    result = supervisor.run(job(spawn, HANG, timeout=patience(4)))
    assert result["status"] == "timeout"
    assert "the time limit is" in result["message"]
    assert time.monotonic() - began < patience(40)
    assert mark() == []


def test_a_run_over_its_memory_is_ended_before_the_machine_suffers(mark):
    result = supervisor.run(job(EAT_MEMORY, memory_limit_mb=400))
    assert result["status"] == "memory"
    assert "and the limit is 400 MB" in result["message"]
    assert 400 < result["peak_memory_mb"] < 2500
    assert mark() == []


def test_what_a_notebook_leaves_running_is_ended_too(mark):
    result = supervisor.run(job("import subprocess; p = subprocess.Popen(['sleep', '300'])"))
    assert result["status"] == "ok"
    assert mark() == []


def test_a_run_that_nobody_wants_any_more_is_ended(mark):
    wanted = threading.Event()
    wanted.set()
    result = supervisor.run(job(HANG), lambda *cell: wanted.clear(), wanted.is_set)
    assert result["status"] == "cancelled"
    assert mark() == []


@pytest.mark.parametrize("victim", ["ipykernel_launcher", "course_tools.batch.runner"])
@pytest.mark.parametrize("_repeat", range(REPEATS))
def test_kill_9_of_kernel_or_runner_at_any_moment(victim, _repeat, mark):
    delay = moments().uniform(0, 1.5)
    killed = []

    def kill():
        found = wait_until(lambda: mark(victim), what="the start")
        time.sleep(delay)
        killed.extend(found)
        for process in found:
            process.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    result = supervisor.run(job("import time; time.sleep(30)", timeout=patience(25)))
    killer.join()
    assert killed
    assert result["status"] == "killed", f"{result} after {delay} s"
    assert result["message"]
    assert mark() == []


PARENT = """
import sys
from course_tools.batch import supervisor
supervisor.run({"id": "x", "notebook": open(sys.argv[1], "rb").read(), "parameters": {}},
               progress=lambda *cell: print("running", flush=True))
"""


@pytest.mark.parametrize("stuck", [False, True])
def test_a_killed_parent_leaves_no_orphans(stuck, tmp_path, mark):
    """Also when the kernel holds Python's lock, and no thread of its own could notice."""
    hold = "import re; re.match(r'(a+)+$', 'a' * 60 + 'b')" if stuck else HANG
    (tmp_path / "n.ipynb").write_bytes(job(hold)["notebook"])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "n.ipynb")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout.readline() == "running\n"
    assert len(mark()) >= 3
    victims = [parent.pid]
    if stuck:
        victims += [process.pid for process in mark("course_tools.batch.runner")]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    if stuck and sys.platform != "linux":
        pytest.skip("only Linux ends a stuck kernel with its runner")
    wait_until(lambda: not mark(), 10, "the end of all processes")


def test_a_full_disk_of_the_worker_is_a_failed_run(monkeypatch):
    def full(self, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    before = set(Path(supervisor.tempfile.gettempdir()).glob("course-*"))
    result = supervisor.run(job("1"))
    assert result["status"] == "failed"
    assert "No space left on device" in result["message"]
    assert set(Path(supervisor.tempfile.gettempdir()).glob("course-*")) <= before


def test_an_executed_notebook_carries_nothing_of_the_machine(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    result = supervisor.run(
        job(
            "import os, sys, tempfile, warnings\n"
            "print(os.getcwd(), os.environ['COURSE_DATA_DIR'], os.path.expanduser('~/x'))\n"
            "print(sys.prefix, tempfile.gettempdir(), flush=True)\n"
            "warnings.warn('look at the file name')",
            "import json; json.loads('{')",
        )
    )
    text = result["notebook"].decode()
    assert "COURSE_DATA_DIR ~/x" in text
    for path in (str(tmp_path), sys.prefix, str(Path.home()) + "/", "/course-", "ipykernel_"):
        assert path not in text, path
    notebook = json.loads(text)
    assert "papermill" not in notebook["metadata"]
    assert all("papermill" not in cell["metadata"] for cell in notebook["cells"])


def test_prints_in_a_row_are_one_output():
    outputs = [
        {"name": "stdout", "output_type": "stream", "text": ["a\n"]},
        {"name": "stdout", "output_type": "stream", "text": ["b\n"]},
        {"output_type": "display_data", "data": {}},
        {"name": "stdout", "output_type": "stream", "text": "c\n"},
    ]
    joined = tidy.joined(outputs)
    assert [output.get("text") for output in joined] == ["a\nb\n", None, "c\n"]


def test_what_is_endless_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(tidy, "MOST_BYTES", 100)
    (tmp_path / "n.ipynb").write_bytes(job("1" * 100)["notebook"])
    assert tidy.clean_notebook(tmp_path / "n.ipynb", str) is None
    assert len(tidy.shortened("x" * 10_000, "message")) <= 500
    trace = tidy.shortened("first" + "x" * 1_000_000 + "last", "traceback")
    assert len(trace) < 21_000
    assert trace.startswith("first")
    assert trace.endswith("last")


def test_the_peak_of_a_tree_counts_all_its_processes():
    hungry = "b = b'x' * 100_000_000; print(len(b), flush=True); import time; time.sleep(60)"
    script = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {hungry!r}])\n"
        f"exec({hungry!r})"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        process.stdout.readline()
        tree = processes.Tree(process.pid, "no such mark")
        tree.rescan()
        assert 200 < tree.sample() < 400
    finally:
        for child in psutil.Process(process.pid).children():
            child.kill()
        process.kill()
        process.wait()
        process.stdout.close()
    tree.sample()
    assert 200 < tree.peak_mb < 400
