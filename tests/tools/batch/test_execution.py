"""One notebook run in a process of its own: what comes back, and that nothing stays behind."""

import contextlib
import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
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

from course_tools.batch import execution


def cells_of(result):
    return json.loads(result.notebook)["cells"]


def test_parameters_go_in_and_outputs_come_out():
    seen = []
    result = execution.run(
        dataclasses.replace(job("print(seed * 2)", parameters="seed = 1"), parameters={"seed": 21}),
        progress=lambda index, count: seen.append((index, count)),
    )
    assert result.status == "ok", result
    assert cells_of(result)[-1]["outputs"][0]["text"] == ["42\n"]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert len(result.cell_seconds) == result.cells == 3
    # A Python with a kernel below it: some tens of MB at least, and the sampler saw both.
    assert 60 < result.peak_memory_mb < 1000
    assert 0 < result.seconds < patience(60)
    notebook = json.loads(result.notebook)
    for holder in (notebook, *notebook["cells"]):
        assert not {"papermill", "execution"} & set(holder["metadata"])


def test_records_come_home_with_the_cost_of_the_notebook():
    result = execution.run(job(WRITE_RECORD, parameters="seed = 4"))
    (record,) = result.records
    assert record.seed == 4
    assert record.peak_memory_mb == result.peak_memory_mb
    assert record.further == {"notebook_seconds": result.seconds}


def test_what_is_no_record_is_named_and_the_notebook_is_kept():
    broken = "path.with_name('a.json').write_text('{'); path.with_name('b.json').write_text('[]')"
    result = execution.run(job(WRITE_RECORD, broken, "print(1)", parameters="seed = 4"))
    assert result.status == "ok"
    assert [record.seed for record in result.records] == [4]
    assert "its record a.json could not be read (Expecting property name" in result.message
    assert "its record b.json could not be read (a list in place of" in result.message
    assert cells_of(result)[-1]["outputs"]


def test_an_error_fails_the_run_and_only_records_of_what_diverged_are_kept():
    diverged = WRITE_RECORD.replace('"status": "ok"', '"status": "failed"')
    diverged = diverged.replace("foreign.mlp", "diverged.mlp")
    half = "path.with_name('half.json').write_text('{')"
    result = execution.run(job(WRITE_RECORD, diverged, half, RAISE, parameters="seed = 4"))
    assert result.status == "failed"
    assert result.message == "cell 5 raised ZeroDivisionError: division by zero"
    assert result.cell == 5
    assert "return 1 / x" in result.traceback
    assert "\x1b" not in result.traceback
    assert "ZeroDivisionError" in result.notebook.decode()
    (record,) = result.records
    assert not record.went_well


def test_an_expected_error_is_none():
    result = execution.run(job("print(1)", "1 / 0", tags=["raises-exception"]))
    assert result.status == "ok"
    assert "papermill-error" not in result.notebook.decode()


@pytest.mark.parametrize(
    ("cells", "status", "message"),
    [
        ([EXIT, "1"], "killed", "the kernel died while cell 1 of 2 ran"),
        (["import sys; sys.exit(0)", "1"], "failed", "cell 1 left the notebook"),
        (["1", "import sys; sys.exit(0)"], "ok", ""),
    ],
)
def test_a_notebook_that_exits(cells, status, message):
    result = execution.run(job(*cells))
    assert result.status == status
    assert (result.message or "").startswith(message)


def test_a_kernel_that_is_not_installed_is_named():
    good = job("1")
    broken = good.notebook.replace(b'"python3"', b'"julia-9"')
    result = execution.run(dataclasses.replace(good, notebook=broken))
    assert result.status == "failed"
    assert "julia-9" in result.message


@pytest.mark.slow
def test_a_run_over_its_time_is_ended_with_everything_it_started(mark):
    spawn = "import subprocess; subprocess.Popen(['sleep', '300'], start_new_session=True)"
    began = time.monotonic()
    result = execution.run(job(spawn, HANG, timeout=patience(6)))
    assert result.status == "timeout"
    assert "the time limit is" in result.message
    assert time.monotonic() - began < patience(40)
    assert mark() == []


def test_a_run_over_its_memory_is_ended_before_the_machine_suffers(mark):
    result = execution.run(job(EAT_MEMORY, memory_limit_mb=400))
    assert result.status == "memory"
    assert "and the limit is 400 MB" in result.message
    assert 400 < result.peak_memory_mb < 2500
    assert mark() == []


def test_what_a_notebook_leaves_running_is_ended_too(mark):
    result = execution.run(job("import subprocess; p = subprocess.Popen(['sleep', '300'])"))
    assert result.status == "ok"
    assert mark() == []


def test_a_run_that_is_no_longer_wanted_is_ended(mark):
    wanted = threading.Event()
    wanted.set()
    result = execution.run(job(HANG), lambda *cell: wanted.clear(), wanted.is_set)
    assert result.status == "cancelled"
    assert mark() == []


@pytest.mark.parametrize("victim", ["ipykernel_launcher", "course_tools.batch.execution"])
@pytest.mark.parametrize("_repeat", range(REPEATS))
def test_kill_9_of_kernel_or_child_at_any_moment(victim, _repeat, mark):
    delay = moments().uniform(0, 1.5)
    killed = []

    def kill():
        found = wait_until(lambda: mark(victim), what="the start")
        time.sleep(delay)
        killed.extend(found)
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    result = execution.run(job("import time; time.sleep(30)", timeout=patience(25)))
    killer.join()
    assert killed
    assert result.status == "killed", f"{result} after {delay} s"
    assert result.message
    assert mark() == []


PARENT = """
import sys
from course_tools.batch import execution
execution.run(execution.Job("x", open(sys.argv[1], "rb").read()),
              progress=lambda *cell: print("running", flush=True))
"""


@pytest.mark.parametrize("stuck", [False, True])
def test_a_killed_parent_leaves_no_orphans(stuck, tmp_path, mark):
    """Also when the kernel holds Python's lock, and no thread of its own could notice."""
    hold = "import re; re.match(r'(a+)+$', 'a' * 60 + 'b')" if stuck else HANG
    (tmp_path / "n.ipynb").write_bytes(job(hold).notebook)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "n.ipynb")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout.readline() == "running\n"
    assert len(mark()) >= 3
    victims = [parent.pid]
    if stuck:
        victims += [process.pid for process in mark("course_tools.batch.execution")]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    if stuck and sys.platform != "linux":
        pytest.skip("only Linux ends a stuck kernel with its parent")
    wait_until(lambda: not mark(), 10, "the end of all processes")


@pytest.mark.parametrize(
    ("number", "mend"),
    [(errno.ENOSPC, "free some space there"), (errno.EACCES, "export TMPDIR=FOLDER")],
)
def test_a_temporary_folder_that_takes_nothing_is_a_failed_run(monkeypatch, number, mend):
    def refuse(self, content):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    pattern = f"{execution.FOLDER_PREFIX}*"
    before = set(Path(tempfile.gettempdir()).glob(pattern))
    result = execution.run(job("1"))
    assert result.status == "failed"
    assert os.strerror(number) in result.message
    assert result.message.endswith(mend)
    assert set(Path(tempfile.gettempdir()).glob(pattern)) <= before


def test_what_is_endless_is_cut(monkeypatch):
    monkeypatch.setattr(execution, "MOST_BYTES", 1000)
    long = "raise ValueError('first' + 'x' * 1_000_000 + 'last')"
    result = execution.run(job(long))
    assert result.notebook is None
    assert len(result.message) <= 500
    assert len(result.traceback) < 21_000
    result = execution.run(job("print('x' * 10_000)"))
    assert (result.status, result.notebook) == ("ok", None)
    assert "the executed notebook is larger than" in result.message


def test_the_peak_of_a_tree_counts_all_its_processes():
    hungry = "b = b'x' * 100_000_000; print(len(b), flush=True); import time; time.sleep(60)"
    script = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {hungry!r}])\n"
        f"exec({hungry!r})"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    tree = execution.Tree(process.pid, "no such mark")
    try:
        process.stdout.readline()
        process.stdout.readline()
        tree.rescan()
        assert 200 < tree.sample() < 400
    finally:
        tree.kill()
        process.wait()
        process.stdout.close()
    tree.sample()
    assert 200 < tree.peak_mb < 400
