"""Batches: nothing is lost, whatever dies in between, and the table tells the truth."""

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import types
from collections import deque
from functools import partial

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
    moments,
    patience,
    start,
    wait_until,
    with_variable,
    write,
)

from course_tools.batch import batch, cluster, grid, manifest, security, supervisor, worker
from course_tools.batch import notebooks as library
from course_utils.errors import BatchError

# The loop, with a pool that has no kernels ------------------------------------------------------


class FakePool:
    """Answers every job as `script[id]` says, attempt by attempt; "ok" once the script has ended."""

    def __init__(self, script=None, size=2):
        self.script, self.size = script or {}, size
        self.sent, self.most, self.jobs = [], 0, deque()

    def capacity(self):
        return self.size

    def takes_jobs(self):
        return True

    def submit(self, job):
        self.sent.append(job["id"])
        self.jobs.append(job["id"])
        self.most = max(self.most, len(self.jobs))

    def events(self, timeout):
        id = self.jobs.popleft()
        steps = self.script.get(id, [])
        step = steps.pop(0) if steps else "ok"
        if step == "interrupt":
            raise KeyboardInterrupt
        yield "cell", id, 1, 2
        if step in ("lost", "no worker"):
            yield ("failed" if step == "no worker" else "lost"), id, "the worker died"
        else:
            yield "done", id, outcome(id, step)


def outcome(id, status):
    record = {"lesson": "n", "model": "mlp", "techniques": "", "mode": "smoke", "seed": id[-1]}
    records = [record | {"status": "ok"}] if status == "ok" else []
    if status == "diverged":
        status, records = "failed", [record | {"status": "failed"}]
    return {
        **supervisor.nothing(id, status, None if status == "ok" else "something"),
        "notebook": b"{}",
        "records": records,
    }


class Silent:
    """A display that remembers what it was told."""

    expected = types.MappingProxyType({})

    def __init__(self):
        self.told = []

    def __getattr__(self, name):
        return lambda *args, **kwargs: self.told.append((name, *args))


@pytest.fixture
def run_grid(tmp_path):
    notebook = library.read_notebook(write(tmp_path, "n", "1", parameters="seed = 0"))
    runs = grid.lay_out([notebook], seeds=range(6))

    def run(pool, retries=1, resume=False):
        store = manifest.Manifest(
            tmp_path / "out", batch.header(runs, [notebook]), resume, replace=not resume
        )
        with contextlib.closing(store):
            return batch.execute(
                runs, [notebook], pool, store, batch.Options(retries=retries), Silent()
            )

    return run


def test_every_run_is_stored_in_the_order_of_the_grid(run_grid):
    pool = FakePool()
    done = run_grid(pool)
    assert [entry["id"] for entry in done] == [f"n.seed{i}" for i in range(6)]
    assert all(entry["status"] == "ok" for entry in done)
    assert pool.most <= batch.SENT_AHEAD * pool.size


@pytest.mark.parametrize("status", ["failed", "killed", "no worker"])
def test_accidents_are_tried_again_as_often_as_allowed(run_grid, status):
    pool = FakePool({"n.seed2": [status], "n.seed3": [status] * 9})
    done = run_grid(pool, retries=2)
    assert [entry["status"] == "ok" for entry in done] == [True, True, True, False, True, True]
    assert [entry["attempts"] for entry in done] == [1, 1, 2, 3, 1, 1]


@pytest.mark.parametrize("status", ["timeout", "memory"])
def test_what_would_happen_again_is_not_tried_again(run_grid, status):
    done = run_grid(FakePool({"n.seed2": [status]}))
    assert done[2]["status"] == status
    assert done[2]["attempts"] == 1


def test_a_run_that_diverged_is_stored_with_its_record_and_not_tried_again(run_grid, tmp_path):
    done = run_grid(FakePool({"n.seed2": ["diverged"]}))
    assert (done[2]["status"], done[2]["attempts"]) == ("failed", 1)
    assert "records/n.seed2.json" in done[2]["files"]
    assert '"failed"' in (tmp_path / "out/records/n.seed2.json").read_text()
    pool = FakePool()
    assert run_grid(pool, resume=True)[2]["status"] == "ok"
    assert pool.sent == ["n.seed2"]


def test_nothing_is_sent_while_every_worker_would_refuse_it(run_grid):
    pool = FakePool()
    answers = [False, False]
    pool.takes_jobs = lambda: answers.pop() if answers else True
    idle, pool.events = pool.events, lambda timeout: idle(timeout) if pool.jobs else ()
    assert all(entry["status"] == "ok" for entry in run_grid(pool))
    assert answers == []


def test_a_lost_run_costs_no_attempt(run_grid):
    done = run_grid(FakePool({"n.seed2": ["lost"] * 20}), retries=0)
    assert done[2]["status"] == "ok"
    assert done[2]["attempts"] == 1


def test_an_interrupted_batch_is_finished_by_resuming(run_grid):
    with pytest.raises(KeyboardInterrupt):
        run_grid(FakePool({"n.seed3": ["interrupt"]}))
    pool = FakePool()
    done = run_grid(pool, resume=True)
    assert pool.sent == ["n.seed3", "n.seed4", "n.seed5"]
    assert all(entry["status"] == "ok" for entry in done)


def test_resuming_runs_the_failed_ones_again_and_nothing_else(run_grid):
    run_grid(FakePool({"n.seed1": ["failed"] * 2, "n.seed4": ["timeout"]}))
    pool = FakePool()
    assert all(entry["status"] == "ok" for entry in run_grid(pool, resume=True))
    assert pool.sent == ["n.seed1", "n.seed4"]


def test_a_time_limit_from_what_a_run_should_take():
    smoke, full = (grid.Run("x", "x", {"mode": mode}) for mode in ("smoke", "full"))
    assert batch.default_timeout(smoke, None) == 1800
    assert batch.default_timeout(full, 3600) == 20 * 3600
    assert batch.default_timeout(full, 10) == 1200


# Shares of the machine --------------------------------------------------------------------------


def test_threads_are_divided_unless_the_user_decided(monkeypatch):
    import dask.system

    monkeypatch.delenv("COURSE_THREADS", raising=False)
    monkeypatch.setattr(dask.system, "cpu_count", lambda: 8)
    assert worker.thread_share(1) == {}
    assert worker.thread_share(3)["COURSE_THREADS"] == "2"
    assert set(worker.thread_share(20).values()) == {"1"}
    monkeypatch.setenv("COURSE_THREADS", "5")
    assert worker.thread_share(3) == {}


def test_the_jobs_of_a_cluster_have_threads_and_memory_of_their_own(monkeypatch):
    """Eight of them share a node, and each sees its own four cores and the memory of all."""
    import dask.system

    def started(**resources):
        state = types.SimpleNamespace(total_resources=resources, nthreads=1)
        return types.SimpleNamespace(state=state)

    monkeypatch.setattr(dask.system, "cpu_count", lambda: 4)
    monkeypatch.setattr(worker, "memory_mb", lambda: 64_000.0)
    monkeypatch.setenv("COURSE_THREADS", "4")
    assert worker.thread_share(8) == {}, "what the job's script exports stands"
    assert worker.memory_share_mb(started(memory_mb=6000.0), 8) == 5400
    assert worker.memory_share_mb(started(), 8) == 7200


def test_a_gpu_belongs_to_one_run_at_a_time(monkeypatch):
    names = tuple((name, f"test-{os.getpid()}-{name}") for name in "01")
    monkeypatch.setattr(worker, "devices", lambda: names)
    with worker.device() as first, worker.device() as second:
        assert {first["CUDA_VISIBLE_DEVICES"], second["CUDA_VISIBLE_DEVICES"]} == {"0", "1"}
        asked = iter([True, False, False])
        with worker.device(lambda: next(asked)) as third:
            assert third == {}
    with worker.device() as again:
        assert again


def test_the_gpus_are_those_that_the_environment_leaves(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for text, names in (("", []), ("-1", []), ("0, 2", ["0", "2"]), ("GPU-ab", ["GPU-ab"])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", text)
        worker.devices.cache_clear()
        assert [name for name, _ in worker.devices()] == names
    worker.devices.cache_clear()


# Real runs on local workers ---------------------------------------------------------------------


@pytest.fixture
def mark(monkeypatch):
    value = f"{os.getpid()}-{random.random()}"
    monkeypatch.setenv("COURSE_TEST_MARK", value)
    yield partial(with_variable, "COURSE_TEST_MARK", value)
    for process in with_variable("COURSE_TEST_MARK", value):
        with contextlib.suppress(psutil.Error):
            process.kill()


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


@pytest.mark.parametrize("repeat", range(REPEATS))
def test_a_disk_that_fills_up_is_one_sentence_and_is_resumed(repeat, tmp_path, mark):
    """The disk of the client fills at some write: the header, a notebook, a record or a line."""
    chance = moments()
    cells = [f"import time; time.sleep({chance.uniform(0, 0.5)})", WRITE_RECORD]
    write(tmp_path, "good", *cells, parameters="seed = 0")
    words = ["run", "good.ipynb", "--seeds", "0-3", "--workers", "2", "--out", "out", "--resume"]
    code = FULL_DISK.format(left=chance.randrange(1 + 3 * 4))
    ran = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        timeout=patience(120),
        cwd=tmp_path,
    )
    assert ran.returncode == 2, ran.stdout + ran.stderr
    # The line of progress on standard error is no part of the message.
    assert "error: Results could not be written to out (No space left on device)" in ran.stderr
    assert "run again with --resume" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert mark() == []
    assert not list((tmp_path / "out").rglob(f"{manifest.PARTIAL}*"))
    finished = course(*words, cwd=tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    check_nothing_is_broken(tmp_path / "out", range(4))


GOOD = ["run", "good.ipynb", "--seeds", "0-3", "--workers", "2", "--out", "out", "--resume"]


def write_good(folder):
    write(folder, "good", "import time; time.sleep(0.3)", WRITE_RECORD, parameters="seed = 0")


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


@pytest.mark.parametrize("repeat", range(REPEATS))
def test_a_client_that_dies_is_resumed(repeat, tmp_path, mark, uninterrupted):
    """kill -9 and Ctrl-C in one batch: the other runs are done later, no record twice, none lost."""
    write_good(tmp_path)
    words = GOOD
    chance = moments()
    for signal_number in chance.sample([signal.SIGKILL, signal.SIGINT], 2):
        client = start(*words, cwd=tmp_path)
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
    finished = course(*words, cwd=tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    check_nothing_is_broken(tmp_path / "out", range(4))
    assert table_of(finished.stdout) == uninterrupted


@pytest.mark.parametrize("repeat", range(REPEATS))
def test_kernels_that_are_killed_are_run_again(repeat, tmp_path, mark):
    cells = ["import time; time.sleep(0.5)", WRITE_RECORD]
    write(tmp_path, "good", *cells, parameters="seed = 0")
    client = start(
        *["run", "good.ipynb", "--seeds", "0-2", "--workers", "2", "--out", "out"], cwd=tmp_path
    )
    victim = wait_until(lambda: kernels(mark), 60, "the first kernel")[0]
    time.sleep(moments().uniform(0, 0.8))
    with contextlib.suppress(Exception):
        victim.kill()
    said = client.communicate(timeout=patience(120))[0]
    assert client.returncode == 0, said
    check_nothing_is_broken(tmp_path / "out", range(3))


def test_a_batch_outlives_the_sleep_of_its_laptop(tmp_path, mark, monkeypatch):
    """The lid is closed for longer than Dask waits for a worker's sign of life."""
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL", "1s")
    cells = ["import time; time.sleep(1)", WRITE_RECORD]
    write(tmp_path, "good", *cells, parameters="seed = 0")
    client = start(*["run", "good.ipynb", "--seeds", "0-1", "--out", "out"], cwd=tmp_path)
    wait_until(lambda: kernels(mark), 60, "the first kernel")
    client.send_signal(signal.SIGSTOP)
    # Dask waits for ten heartbeats at least, of half a second each.
    time.sleep(7)
    client.send_signal(signal.SIGCONT)
    said = client.communicate(timeout=patience(60))[0]
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
        log = (self.folder / f"{words[0]}-{len(self.processes)}.log").open("w")
        with log:
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

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()


def free_port():
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


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


@pytest.mark.parametrize("repeat", range(REPEATS))
def test_a_batch_outlives_its_workers_and_its_scheduler(repeat, tmp_path, mark, safe_hosts):
    cells = ["import time; time.sleep(0.5)", WRITE_RECORD]
    write(tmp_path, "good", *cells, parameters="seed = 0")
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


def test_a_worker_with_another_version_is_refused_by_name(tmp_path, hosts):
    other = tmp_path / "other"
    shutil.copytree(ROOT / "course_utils", other / "course_utils")
    init = other / "course_utils" / "__init__.py"
    init.write_text(init.read_text().replace('__version__ = "', '__version__ = "9.'))
    write(tmp_path, "good", "1")
    hosts.start_worker(env={**os.environ, "PYTHONPATH": str(other)})
    wait_until(lambda: "Registered to" in (tmp_path / "worker-1.log").read_text(), 60, "the worker")
    ran = course("run", "good.ipynb", "--scheduler", hosts.address, "--out", "out", cwd=tmp_path)
    assert ran.returncode == 2
    assert "tcp://127.0.0.1:" in ran.stderr
    assert "has course_utils 9." in ran.stderr
    assert "make setup" in ran.stderr


UNFIT, GO_ON = set(), threading.Event()


def answer(job, topic):
    """What a worker does in place of a run: it refuses when it is one of `UNFIT`."""
    from distributed import get_worker

    here = {"id": job["id"], "worker": get_worker().address}
    if here["worker"] in UNFIT:
        return here | {"status": "refused", "message": "keras 2 instead of 3"}
    GO_ON.wait(60)
    return here | {"status": "ok"}


@pytest.fixture
def pool(monkeypatch):
    """Two workers, the first of them unfit; the other one answers once `GO_ON` is set."""
    monkeypatch.setattr(worker, "run", answer)
    made = cluster.Pool(workers=2)
    made.addresses = list(made._client.scheduler_info(n_workers=-1)["workers"])
    UNFIT.clear()
    GO_ON.clear()
    UNFIT.add(made.addresses[0])
    yield made
    GO_ON.set()
    made.close()


def carried_out(pool, jobs):
    """Send jobs until all are done, as a batch does; returns what was noted and what was lost."""
    notes, lost, done = [], [], {}
    deadline = time.monotonic() + patience(60)
    while len(done) < jobs:
        assert time.monotonic() < deadline, (notes, lost, done)
        for id in set(range(jobs)) - set(done) - set(pool._futures):
            if pool.takes_jobs():
                pool.submit({"id": id})
        for kind, id, *details in pool.events(timeout=0.1):
            if kind == "note":
                notes.append(details[0])
            elif kind == "lost":
                lost.append(id)
            else:
                done[id] = details[0]["worker"]
    return notes, lost, done


def test_ctrl_c_waits_until_the_local_workers_can_be_closed(monkeypatch):
    made, make = [], cluster._local_cluster

    def interrupted(*given):
        made.append(make(*given))
        signal.raise_signal(signal.SIGINT)
        return made[0]

    monkeypatch.setattr(cluster, "_local_cluster", interrupted)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        cluster.Pool(1)
    assert made[0].status.name == "closed"
    assert signal.getsignal(signal.SIGINT) is before


def test_a_pool_does_not_lose_sight_of_its_workers(pool, monkeypatch):
    """Dask's client refreshes what it knows without the workers, at any moment."""

    async def refresh(client, n_workers=0):
        client._scheduler_identity = {"workers": {}}

    monkeypatch.setattr("distributed.Client._update_scheduler_info", refresh)
    pool._looked = 0.0
    assert pool.capacity() == len(pool.addresses) > 0


def test_a_worker_that_refuses_is_named_once_and_gets_no_more(pool):
    GO_ON.set()
    notes, lost, done = carried_out(pool, 8)
    first, second = pool.addresses
    assert notes == [f"worker {first} is left out: it has keras 2 instead of 3"]
    assert len(lost) == len(set(lost)), "what is sent again goes to the others"
    assert set(done.values()) == {second}


def test_jobs_whose_workers_have_gone_are_sent_to_one_that_came_later(pool):
    from distributed import Worker

    first, second = pool.addresses
    pool._refused.add(first)
    for id in range(3):
        pool.submit({"id": id})
    pool._client.retire_workers([second])
    lost, deadline = [], time.monotonic() + patience(30)
    while len(lost) < 3:
        assert time.monotonic() < deadline, "the jobs wait for a worker that has gone"
        lost += [id for kind, id, *_ in pool.events(timeout=0.1) if kind == "lost"]
    assert sorted(lost) == [0, 1, 2]
    assert not pool.takes_jobs(), "the only worker there has refused"

    async def start():
        address = pool._cluster.scheduler.address
        return await Worker(address, nthreads=1, memory_limit=0, dashboard=False)

    GO_ON.set()
    another = pool._cluster.sync(start)
    notes, lost, done = carried_out(pool, 3)
    assert (notes, lost) == ([], [])
    assert set(done.values()) == {another.address}
    pool._cluster.sync(another.close)


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:9", "nonsense://x", "tcp://nowhere.invalid:1"]
)
def test_a_scheduler_that_is_not_there_is_one_sentence(address):
    with pytest.raises(BatchError, match=f"The scheduler {address} cannot be reached") as caught:
        cluster.Pool(scheduler=address, timeout=1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "open_to_network"),
    [
        (None, False),
        ("tls://host:8786", False),
        ("tcp://127.0.0.1:8786", False),
        ("localhost:8786", False),
        ("tcp://[::1]:8786", False),
        ("tcp://localhost.example.org:8786", True),
        ("tcp://127.0.0.1.example.org:8786", True),
        ("tcp://[::1", True),
        ("tcp://10.0.0.5:8786", True),
        ("node1:8786", True),
    ],
)
def test_who_else_could_reach_a_scheduler(address, open_to_network):
    assert security.is_open_to_network(address) is open_to_network


def test_tls_files_are_checked_before_anything_starts(tmp_path):
    with pytest.raises(BatchError, match="tls://"):
        security.credentials("tcp://host:1", {"ca": "x"})
    with pytest.raises(BatchError, match="--tls-ca, --tls-cert and --tls-key"):
        security.credentials("tls://host:1", {"ca": None})
    with pytest.raises(BatchError, match="--tls-cert is missing"):
        security.credentials("tls://host:1", {"ca": __file__})
    with pytest.raises(BatchError, match="is not a file"):
        security.credentials("tls://host:1", {"ca": tmp_path, "cert": __file__, "key": __file__})


def test_the_job_script_of_slurm(monkeypatch, tmp_path):
    optional.needed("dask_jobqueue", "COURSE_BACKENDS", "pip install dask-jobqueue")
    monkeypatch.syspath_prepend(ROOT / "recipes")
    monkeypatch.setenv("COURSE_DATA_DIR", "/shared/data")
    monkeypatch.chdir(tmp_path)
    from slurm_cluster import make_cluster

    cluster = make_cluster(
        cores=4, memory="6GB", walltime="01:30:00", queue="short", gpus=1, python="python3"
    )
    try:
        script = cluster.job_script()
    finally:
        cluster.close()
    for line in (
        "#SBATCH -p short",
        "#SBATCH --cpus-per-task=4",
        "#SBATCH --mem=6G",
        "#SBATCH -t 01:30:00",
        "#SBATCH --gres=gpu:1",
        "export COURSE_DATA_DIR=/shared/data",
        "export COURSE_THREADS=4",
    ):
        assert line in script.splitlines()
    assert "python3 -m distributed.cli.dask_worker tcp://" in script
    assert "--nthreads 1 " in script
    assert script.rstrip().split("--memory-limit")[-1].startswith(" 0 ")
    assert "--resources memory_mb=6000" in script
