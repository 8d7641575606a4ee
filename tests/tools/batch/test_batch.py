"""Batches: nothing is lost, whatever dies in between, and the table tells the truth."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future

import optional
import psutil
import pytest
from foreign import (
    EAT_MEMORY,
    EXIT,
    HANG,
    RAISE,
    REPEATS,
    ROOT,
    WRITE_RECORD,
    course,
    entries,
    free_port,
    job,
    moments,
    patience,
    start,
    wait_until,
    write,
)

from course_tools.batch import grid, manifest, pool, reading, resources, run, terminal
from course_tools.batch.execution import Result
from course_utils import machine
from course_utils.errors import BatchError
from course_utils.evidence.records import Record

# The loop, with a pool that has no kernels ------------------------------------------------------


class FakePool:
    """Answers every job as `script[id]` says, attempt by attempt; "ok" once the script has ended."""

    def __init__(self, script=None):
        self.script, self.sent, self.under_way = script or {}, [], []

    def capacity(self):
        return 2

    def submit(self, job):
        self.sent.append(job.id)
        self.under_way.append((job.id, Future()))
        assert len(self.under_way) <= run.SENT_AHEAD * self.capacity()
        return self.under_way[-1][1]

    def events(self):
        if not self.under_way:
            return
        id, future = self.under_way[0]
        yield id, 0, 0
        yield id, 1, 2
        steps = self.script.get(id, [])
        step = steps.pop(0) if steps else "ok"
        if step == "interrupt":
            raise KeyboardInterrupt
        if step == "moved":
            return
        del self.under_way[0]
        if step == "lost":
            future.set_exception(pool.Lost("the worker died"))
        elif step == "no worker":
            future.set_exception(RuntimeError("KilledWorker"))
        elif not future.done():
            future.set_result(outcome(id, step))


def outcome(id, status):
    records = [Record("n", "mlp", seed=int(id[-1]), mode="smoke")] if status == "ok" else []
    if status == "diverged":
        status, records = "failed", [Record("n", "mlp", status="failed")]
    message = None if status == "ok" else "something"
    return Result(id, status, message, notebook=b"{}", records=records)


@pytest.fixture
def run_grid(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "LOOK_SECONDS", 0.01)
    notebook = reading.read_notebook(write(tmp_path, "n", "1", parameters="seed = 0"))
    runs = grid.lay_out([notebook], seeds=range(6))

    def carry_out(where, retries=1, resume=False):
        header = manifest.Header.of(runs, [notebook])
        store = manifest.Manifest(tmp_path / "out", header, resume, replace=not resume)
        display = terminal.Display(terminal.make_console())
        with contextlib.closing(store):
            run.carry_out(runs, [notebook], where, store, run.Options(retries=retries), display)
            return [store.entries[each.id] for each in runs]

    return carry_out


@pytest.mark.parametrize("status", ["failed", "killed", "no worker"])
def test_accidents_are_tried_again_as_often_as_allowed(run_grid, status):
    done = run_grid(FakePool({"n.seed2": [status], "n.seed3": [status] * 9}), retries=2)
    assert [entry.id for entry in done] == [f"n.seed{i}" for i in range(6)], "the grid's order"
    assert [entry.status == "ok" for entry in done] == [True, True, True, False, True, True]
    assert [entry.attempts for entry in done] == [1, 1, 2, 3, 1, 1]


@pytest.mark.parametrize("status", ["timeout", "memory"])
def test_what_would_happen_again_is_not_tried_again_until_it_is_resumed(run_grid, status):
    done = run_grid(FakePool({"n.seed2": [status]}))
    assert (done[2].status, done[2].attempts) == (status, 1)
    where = FakePool()
    assert all(entry.status == "ok" for entry in run_grid(where, resume=True))
    assert where.sent == ["n.seed2"]


def test_a_run_that_diverged_is_stored_with_its_record_and_not_tried_again(run_grid, tmp_path):
    done = run_grid(FakePool({"n.seed2": ["diverged"]}))
    assert (done[2].status, done[2].attempts) == ("failed", 1)
    assert "records/n.seed2.json" in done[2].files
    assert '"failed"' in (tmp_path / "out/records/n.seed2.json").read_text()
    where = FakePool()
    assert run_grid(where, resume=True)[2].status == "ok"
    assert where.sent == ["n.seed2"]


@pytest.mark.parametrize(
    ("steps", "retries", "status", "attempts"),
    [
        (["lost"] * 3, 0, "ok", 1),
        (["lost"] * 4, 0, "lost", 1),
        (["lost"] * 4, 1, "ok", 2),
        # Dask itself gives the run to another worker, each time that one ends.
        (["moved"] * 3, 0, "ok", 1),
        (["moved"] * 9, 0, "lost", 1),
    ],
)
def test_a_run_that_vanishes_again_and_again_ends_with_a_sentence(
    run_grid, steps, retries, status, attempts
):
    done = run_grid(FakePool({"n.seed2": steps}), retries)[2]
    assert (done.status, done.attempts) == (status, attempts)
    if status == "lost":
        assert "the wall time of a cluster's job has to be longer than the run" in done.message


def test_an_interrupted_batch_is_finished_by_resuming(run_grid):
    with pytest.raises(KeyboardInterrupt):
        run_grid(FakePool({"n.seed3": ["interrupt"]}))
    where = FakePool()
    done = run_grid(where, resume=True)
    assert where.sent[-2:] == ["n.seed4", "n.seed5"]
    assert "n.seed0" not in where.sent
    assert all(entry.status == "ok" for entry in done)


def test_a_time_limit_from_what_a_run_should_take():
    smoke, full = (grid.Run("x", "x", {"mode": mode}) for mode in ("smoke", "full"))
    assert run.default_timeout(smoke, None) == 1800
    assert run.default_timeout(full, 3600) == 20 * 3600
    assert run.default_timeout(full, 10) == 1200


# Shares of the machine --------------------------------------------------------------------------


def test_threads_and_memory_are_divided_unless_the_user_decided(monkeypatch):
    monkeypatch.delenv("COURSE_THREADS", raising=False)
    monkeypatch.setattr(machine, "cpu_count", lambda: 8)
    monkeypatch.setattr(machine, "memory_mb", lambda: 64_000.0)
    assert resources.thread_share(1) == {}
    assert resources.thread_share(3)["COURSE_THREADS"] == "2"
    assert set(resources.thread_share(20).values()) == {"1"}
    monkeypatch.setenv("COURSE_THREADS", "5")
    assert resources.thread_share(3) == {}
    assert resources.memory_share_mb(8) == 7200
    assert resources.memory_share_mb(1, given=6000) == 5400


@pytest.fixture
def two_gpus(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "devices", lambda: (("0", "GPU-a"), ("1", "GPU-b")))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "tmp").mkdir()
    return tmp_path / "tmp" / f"course-{os.getuid()}"


@pytest.mark.parametrize("taken", [False, True])
def test_a_gpu_belongs_to_one_run_at_a_time(two_gpus, taken):
    if taken:
        # Somebody else was first with this name, and nothing can be made below it.
        two_gpus.write_text("")
    with resources.device() as first, resources.device() as second:
        assert {first["CUDA_VISIBLE_DEVICES"], second["CUDA_VISIBLE_DEVICES"]} == {"0", "1"}
        asked = iter([True, False, False])
        with resources.device(lambda: next(asked)) as third:
            assert third == {}
    with resources.device() as again:
        assert again


def test_without_a_place_for_locks_a_gpu_is_used_all_the_same(two_gpus, monkeypatch, tmp_path):
    two_gpus.write_text("")
    (tmp_path / "home").write_text("")
    with resources.device() as found:
        assert found == {"CUDA_VISIBLE_DEVICES": "0"}


def test_the_gpus_are_those_that_the_environment_leaves(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for text, names in (("", []), ("-1", []), ("0, 2", ["0", "2"]), ("GPU-ab", ["GPU-ab"])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", text)
        resources.devices.cache_clear()
        assert [name for name, _ in resources.devices()] == names
    resources.devices.cache_clear()


# Real runs on local workers ---------------------------------------------------------------------


def kernels(mark):
    return mark("ipykernel_launcher")


def records_in(out):
    return sorted(path.name for path in (out / "records").glob("*.json"))


def check_nothing_is_broken(out, seeds, name="good"):
    """Every run once, every file whole, no partial files."""
    done = [entry for entry in entries(out) if entry["status"] == "ok"]
    assert sorted(entry["id"] for entry in done) == sorted(f"{name}.seed{s}" for s in seeds)
    assert records_in(out) == sorted(f"{name}.seed{s}.json" for s in seeds)
    assert not list(out.rglob(f"{manifest.PARTIAL}*"))


@pytest.mark.slow
@pytest.mark.parametrize("repeat", range(REPEATS))
def test_bad_notebooks_do_not_hurt_their_neighbours(repeat, tmp_path, mark):
    chance = moments()

    def pause():
        return f"import time; time.sleep({chance.uniform(0, 2)})"

    write(tmp_path, "good", pause(), WRITE_RECORD, parameters="seed = 0")
    write(tmp_path, "raises", pause(), RAISE, parameters="seed = 0")
    for name, cell in (("hangs", HANG), ("exits", EXIT), ("eats", EAT_MEMORY)):
        write(tmp_path, name, pause(), cell)
    books = [f"{name}.ipynb" for name in ("raises", "hangs", "exits", "eats", "good")]
    chance.shuffle(books)
    options = ["--workers", chance.choice("23"), "--timeout", round(patience(15))]
    options += ["--memory-limit", "500MB", "--retries", "0"]
    ran = course("run", *books, *options, "--out", "out", cwd=tmp_path)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    found = {entry["id"]: entry["status"] for entry in entries(tmp_path / "out")}
    assert found == {
        "raises.seed0": "failed",
        "hangs": "timeout",
        "exits": "killed",
        "eats": "memory",
        "good.seed0": "ok",
    }
    assert records_in(tmp_path / "out") == ["good.seed0.json"]
    assert "4 of 5 runs failed" in ran.stdout
    assert "course run raises.ipynb --seed 0" in ran.stdout
    assert "ZeroDivisionError: division by zero" in ran.stdout
    assert "out/notebooks/hangs.ipynb" in ran.stdout
    assert mark() == []


GOOD = ["run", "good.ipynb", "--seeds", "0-3", "--workers", "2", "--out", "out", "--resume"]


def write_good(folder, seconds=0.3):
    cells = [f"import time; time.sleep({seconds})", WRITE_RECORD]
    write(folder, "good", *cells, parameters="seed = 0")


FULL_DISK = """
import errno, os
left, real = {left}, os.fsync

def fsync(handle):
    global left
    left -= 1
    if left < 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return real(handle)

os.fsync = fsync
from course_tools.cli import app
app()
"""


@pytest.mark.slow
@pytest.mark.parametrize("repeat", range(REPEATS))
def test_a_disk_that_fills_up_is_one_sentence_and_is_resumed(repeat, tmp_path, mark):
    """The disk of the client fills at some write: the header, a notebook, a record or a line."""
    chance = moments()
    write_good(tmp_path, chance.uniform(0, 0.5))
    code = FULL_DISK.format(left=chance.randrange(1 + 3 * 4))
    words = [sys.executable, "-c", code, *GOOD]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=patience(120), cwd=tmp_path)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    # The line of progress on standard error is no part of the message.
    assert "error: Results could not be written to out (No space left on device)" in ran.stderr
    assert "run again with --resume" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert mark() == []
    assert not list((tmp_path / "out").rglob(f"{manifest.PARTIAL}*"))
    finished = course(*GOOD, cwd=tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    check_nothing_is_broken(tmp_path / "out", range(4))


def table_of(printed):
    """The rows of the table at the end of a batch, without the columns of time and memory."""
    rows = [line for line in printed.splitlines() if line.startswith("good: mlp")]
    assert rows, printed
    return [re.sub(r"\s+\d+:\d\d\s+\d+ MB\s+", " | ", row).rstrip() for row in rows]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The table of a batch that nobody disturbed."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    write_good(folder)
    ran = course(*GOOD, cwd=folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (row,) = table_of(ran.stdout)
    assert "(4 runs)" in row
    assert "MB" not in row
    return [row]


@pytest.mark.slow
@pytest.mark.parametrize("repeat", range(REPEATS))
def test_a_client_that_dies_is_resumed(repeat, tmp_path, mark, uninterrupted):
    """kill -9 and Ctrl-C in one batch: the other runs are done later, no record twice, none lost."""
    write_good(tmp_path)
    chance = moments()
    for signal_number in chance.sample([signal.SIGKILL, signal.SIGINT], 2):
        client = start(*GOOD, cwd=tmp_path)
        wait_until(lambda c=client: kernels(mark) or c.poll() is not None, 60, "the first kernel")
        delay = chance.uniform(0, 2.5)
        time.sleep(delay)
        client.send_signal(signal_number)
        said = client.communicate(timeout=patience(60))[0]
        wait_until(lambda: not mark(), 15, f"the end of all processes, {delay} s after the start")
        if signal_number == signal.SIGINT and client.returncode != 0:
            # Python dies of a signal that comes while it ends, which is 130 to a shell too.
            assert client.returncode in (130, -signal.SIGINT), said
            # It may come when all are done and the workers are being ended, or even after that.
            whole = "4 of 4 runs are done and kept in out. Show their table" in said
            table = "good: mlp" in said
            assert table or whole or "Finish the others: course run good.ipynb" in said
            assert "Traceback" not in said
    finished = course(*GOOD, cwd=tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    check_nothing_is_broken(tmp_path / "out", range(4))
    assert table_of(finished.stdout) == uninterrupted


@pytest.mark.slow
@pytest.mark.parametrize("repeat", range(REPEATS))
def test_kernels_that_are_killed_are_run_again(repeat, tmp_path, mark):
    write_good(tmp_path, 0.5)
    client = start(
        "run", "good.ipynb", "--seeds", "0-1", "--workers", "2", "--out", "out", cwd=tmp_path
    )
    victim = wait_until(lambda: kernels(mark), 60, "the first kernel")[0]
    time.sleep(moments().uniform(0, 0.8))
    with contextlib.suppress(psutil.Error):
        victim.kill()
    said = client.communicate(timeout=patience(120))[0]
    assert client.returncode == 0, said
    check_nothing_is_broken(tmp_path / "out", range(2))


# Workers and schedulers elsewhere ---------------------------------------------------------------


class Hosts:
    """A Dask scheduler and workers in processes of their own, as on other machines."""

    def __init__(self, folder, protocol="tcp", options=()):
        self.folder, self.options, self.processes = folder, list(options), []
        self.port = free_port()
        self.address = f"{protocol}://127.0.0.1:{self.port}"
        self.scheduler = self.start_scheduler()

    def _start(self, *words, env=None):
        with (self.folder / f"{words[0]}-{len(self.processes)}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *map(str, words), *self.options],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=env,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def start_scheduler(self):
        return self._start(
            *["scheduler", "--host", self.address.rpartition(":")[0], "--port", self.port],
            "--no-dashboard",
        )

    def start_worker(self, env=None):
        words = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0"]
        return self._start("worker", self.address, *words, env=env)

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def hosts(tmp_path):
    started = Hosts(tmp_path)
    yield started
    started.stop()


@pytest.fixture
def safe_hosts(tmp_path):
    """Hosts that speak TLS, and the options with which `course run` reaches them."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    script = ROOT / "recipes" / "make_certificates.sh"
    made = subprocess.run(["sh", script, tmp_path], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    files = {name: tmp_path / f"{name}.pem" for name in ("ca", "cert", "key")}
    names = {"ca": "--tls-ca-file", "cert": "--tls-cert", "key": "--tls-key"}
    started = Hosts(tmp_path, "tls", [str(w) for n in files for w in (names[n], files[n])])
    started.reached_by = ["--scheduler", started.address]
    started.reached_by += [str(word) for name in files for word in (f"--tls-{name}", files[name])]
    yield started
    started.stop()


@pytest.mark.slow
@pytest.mark.parametrize("repeat", range(REPEATS))
def test_a_batch_outlives_its_workers_and_its_scheduler(repeat, tmp_path, mark, safe_hosts):
    write_good(tmp_path, 0.5)
    workers = [safe_hosts.start_worker(), safe_hosts.start_worker()]
    words = ["run", "good.ipynb", "--seeds", "0-3", "--out", "out", *safe_hosts.reached_by]
    client = start(*words, cwd=tmp_path)
    wait_until(lambda: kernels(mark), 90, "the first kernel")
    chance = moments()
    time.sleep(chance.uniform(0, 2))
    workers[0].kill()
    time.sleep(chance.uniform(0, 2))
    safe_hosts.scheduler.kill()
    safe_hosts.scheduler.wait()
    safe_hosts.start_scheduler()
    workers[1].wait(patience(60))
    safe_hosts.start_worker()
    said = client.communicate(timeout=patience(150))[0]
    assert client.returncode == 0, said
    assert "not encrypted" not in said
    check_nothing_is_broken(tmp_path / "out", range(4))
    safe_hosts.stop()
    wait_until(lambda: not kernels(mark), 15, "the end of all kernels")


@pytest.mark.slow
def test_an_outage_longer_than_dask_waits_is_outlived(tmp_path, mark, hosts):
    """Dask's own client closes itself after its time-out; the scheduler and its worker come back."""
    write_good(tmp_path, 1)
    worker = hosts.start_worker()
    words = ["run", "good.ipynb", "--seeds", "0-1", "--out", "out", "--scheduler", hosts.address]
    client = start(
        *words, cwd=tmp_path, env={**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s"}
    )
    wait_until(lambda: kernels(mark), 90, "the first kernel")
    for process in (hosts.scheduler, worker):
        process.kill()
        process.wait()
    time.sleep(30)
    assert client.poll() is None
    hosts.start_scheduler()
    hosts.start_worker()
    said = client.communicate(timeout=patience(150))[0]
    assert client.returncode == 0, said
    assert f"the connection to {hosts.address} was lost; waiting for it" in said
    assert "Traceback" not in said
    check_nothing_is_broken(tmp_path / "out", range(2))


@pytest.mark.slow
def test_patience_with_a_scheduler_ends_in_a_sentence(tmp_path, hosts):
    wait_until(lambda: hosts.answers(), 60, "the scheduler")
    where = pool.Workers(hosts.address, patience=3, say=str)
    hosts.scheduler.kill()
    hosts.scheduler.wait()
    with pytest.raises(BatchError, match=r"went away and did not come back.*--resume"):
        wait_until(lambda: where.capacity(), 60, "the end of patience")
    where.close()


def test_a_result_that_travels_slowly_is_waited_for(hosts, monkeypatch):
    """The run is not sent again: it would train for ever on a slow tunnel."""
    from distributed import Future as Theirs

    arrives, asked = Theirs.result, []

    def slowly(future, timeout=None):
        asked.append(timeout)
        if len(asked) < 3:
            raise TimeoutError
        return arrives(future, timeout)

    monkeypatch.setattr(Theirs, "result", slowly)
    wait_until(hosts.answers, 60, "the scheduler")
    hosts.start_worker()
    where = pool.Workers(hosts.address, timeout=patience(15))
    try:
        result = where.submit(job("1")).result(timeout=patience(90))
        started = [count for _, index, count in where.events() if not index]
    finally:
        where.close()
    assert (result.status, len(asked), len(started)) == ("ok", 3, 1)


@pytest.fixture
def other_code(tmp_path):
    """The environment of a worker with another edition of the course."""
    other = tmp_path / "other"
    for package in ("course_utils", "course_tools"):
        shutil.copytree(ROOT / package, other / package)
    with (other / "course_utils" / "files.py").open("a") as file:
        file.write("# Another edition.\n")
    return {**os.environ, "PYTHONPATH": str(other)}


def test_a_worker_with_other_code_is_refused_by_name(tmp_path, hosts, other_code):
    write(tmp_path, "good", "1")
    hosts.start_worker(other_code)
    wait_until(lambda: "Registered to" in (tmp_path / "worker-1.log").read_text(), 60, "the worker")
    ran = course("run", "good.ipynb", "--scheduler", hosts.address, "--out", "out", cwd=tmp_path)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert re.search("tcp://127.0.0.1:.* has the course's code .*make setup", ran.stderr)
    assert ran.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_worker_with_other_code_that_comes_later_is_left_out(tmp_path, hosts, other_code):
    write_good(tmp_path)
    words = ["run", "good.ipynb", "--out", "out", "--scheduler", hosts.address]
    client = start(*words, cwd=tmp_path)
    log = tmp_path / "scheduler-0.log"
    wait_until(lambda: "course-code" in log.read_text(), 90, "the plugin")
    hosts.start_worker(other_code).wait(patience(60))
    hosts.start_worker()
    said = client.communicate(timeout=patience(90))[0]
    assert client.returncode == 0, said
    assert re.search(r"worker tcp://127.0.0.1:\d+ has the course's code .* and is left out", said)
    check_nothing_is_broken(tmp_path / "out", range(1))


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:9", "nonsense://x", "tcp://nowhere.invalid:1"]
)
def test_a_scheduler_that_is_not_there_is_one_sentence(address):
    with pytest.raises(BatchError, match=f"The scheduler {address} cannot be reached") as caught:
        pool.Workers(address, timeout=1)
    assert "\n" not in str(caught.value)


def test_who_else_could_reach_a_scheduler():
    alone = [None, "tls://host:8786", "tcp://127.0.0.1:8786", "localhost:8786", "tcp://[::1]:8786"]
    others = ["tcp://localhost.example.org:1", "tcp://127.0.0.1.example.org:1", "tcp://[::1"]
    others += ["tcp://10.0.0.5:8786", "node1:8786"]
    assert not any(map(pool.is_open_to_network, alone))
    assert all(map(pool.is_open_to_network, others))


def test_tls_files_are_checked_before_anything_starts(tmp_path):
    with pytest.raises(BatchError, match="tls://"):
        pool.credentials("tcp://host:1", {"ca": "x"})
    with pytest.raises(BatchError, match="--tls-ca, --tls-cert and --tls-key"):
        pool.credentials("tls://host:1", {"ca": None})
    with pytest.raises(BatchError, match="--tls-cert is missing.*--scheduler tls://"):
        pool.credentials("tls://host:1", {"ca": __file__})
    with pytest.raises(BatchError, match=r"is not a file.*sh recipes/make_certificates\.sh"):
        pool.credentials("tls://host:1", {"ca": tmp_path, "cert": __file__, "key": __file__})


def test_the_job_script_of_slurm(monkeypatch, tmp_path):
    optional.needed("dask_jobqueue", "COURSE_BACKENDS", "pip install dask-jobqueue")
    monkeypatch.syspath_prepend(ROOT / "recipes")
    monkeypatch.setenv("COURSE_DATA_DIR", "/shared/data")
    monkeypatch.chdir(tmp_path)
    from slurm_cluster import make_cluster

    asked = {"cores": 4, "memory": "6GB", "walltime": "01:30:00", "queue": "short", "gpus": 1}
    with contextlib.closing(make_cluster(**asked, python="python3")) as cluster:
        script = cluster.job_script()
    options = {"-p short", "--cpus-per-task=4", "--mem=6G", "-t 01:30:00", "--gres=gpu:1"}
    assert {f"#SBATCH {option}" for option in options} <= {*script.splitlines()}
    exported = {"export COURSE_DATA_DIR=/shared/data", "export COURSE_THREADS=4"}
    assert exported <= {*script.splitlines()}
    assert "python3 -m distributed.cli.dask_worker tcp://" in script
    assert "--nthreads 1 " in script
    assert script.rstrip().split("--memory-limit")[-1].startswith(" 0 ")
    assert "--resources memory_mb=6000" in script
