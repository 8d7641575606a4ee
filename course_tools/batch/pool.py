"""Where runs happen: threads of this process, or the workers of a Dask scheduler.

Both have one interface, that of `concurrent.futures`: `submit(job)` answers with a Future of an
`execution.Result`, which raises `Lost` when the run has to be sent again, and any other exception when
no worker survived it. `events()` yields `(id, index, count)` for each code cell that started since;
index 0 says that a worker has taken the run.
"""

import collections
import concurrent.futures
import contextlib
import dataclasses
import functools
import ipaddress
import logging
import queue
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

from course_tools.batch import execution, manifest, resources
from course_utils.errors import BatchError

# How long a batch waits for a scheduler that went away.
PATIENCE_SECONDS = 600
PLUGIN = "course-code"
TLS_EXAMPLE = "--scheduler tls://HOST:8786 --tls-ca ca.pem --tls-cert me.pem --tls-key me.key"


class Lost(Exception):
    """A run has vanished with its worker or its scheduler, and has to be sent again."""


class _Pool:
    def __init__(self):
        self._events = queue.SimpleQueue()

    def events(self):
        """What happened since: `(id, index, count)` for each code cell that started."""
        while True:
            try:
                yield self._events.get_nowait()
            except queue.Empty:
                return


class Threads(_Pool):
    """So many runs at a time on this machine, each of which is a process of its own."""

    dashboard = None

    def __init__(self, workers: int):
        super().__init__()
        self._workers, self._ended = workers, threading.Event()
        self._executor = concurrent.futures.ThreadPoolExecutor(workers)

    def capacity(self) -> int:
        """How many runs are held at once."""
        return self._workers

    def submit(self, job: execution.Job) -> concurrent.futures.Future:
        """Let a job be run as soon as a thread is free."""

        def progress(index, count):
            self._events.put((job.id, index, count))

        def wanted():
            return not self._ended.is_set()

        return self._executor.submit(_with_its_share, job, self._workers, None, progress, wanted)

    def close(self) -> None:
        """End every run that is under way."""
        self._ended.set()
        self._executor.shutdown(cancel_futures=True)


class Workers(_Pool):
    """The workers of a Dask scheduler, at an address such as "tls://host:8786".

    `tls` holds the paths `ca`, `cert` and `key`; `say(line)` tells the user what cannot be asked for.
    Raises BatchError when the scheduler cannot be reached within `timeout` seconds, or when workers
    have other code than this process. One that goes away later is waited for, up to `patience` seconds.
    """

    def __init__(self, scheduler, tls=None, say=print, timeout=15, patience=PATIENCE_SECONDS):
        super().__init__()
        self._scheduler, self._security = scheduler, credentials(scheduler, tls)
        self._say, self._patience = say, patience
        self._topic = f"course-{uuid.uuid4().hex}"
        self._looked, self._workers, self._sent = 0.0, {}, {}
        self._client = self._connected(timeout)

    def capacity(self) -> int:
        """How many runs the workers can hold at once, now."""
        self._reconnect_if_needed()
        if time.monotonic() - self._looked > 2 or not self._workers:
            self._looked = time.monotonic()
            # Not `scheduler_info`: it answers from a cache that Dask itself keeps emptying of workers.
            with contextlib.suppress(OSError, RuntimeError, AttributeError):
                identity = self._client.sync(self._client.scheduler.identity, n_workers=-1)
                self._workers = identity["workers"]
        return sum(worker["nthreads"] for worker in self._workers.values())

    def submit(self, job: execution.Job) -> concurrent.futures.Future:
        """Send a job to whichever worker is free first."""
        self._reconnect_if_needed()
        client, ours = self._client, concurrent.futures.Future()
        key = f"{self._topic}-{uuid.uuid4().hex}"
        theirs = client.submit(_on_worker, job, self._topic, self._slots(), key=key, pure=False)
        self._sent[ours] = theirs
        ours.add_done_callback(self._forget)
        theirs.add_done_callback(lambda theirs: _hand_over(theirs, ours, client))
        return ours

    def _forget(self, ours):
        with contextlib.suppress(Exception):
            self._sent.pop(ours).cancel()

    @property
    def dashboard(self) -> str | None:
        """Address of Dask's dashboard, or None."""
        return self._client.dashboard_link or None

    def close(self) -> None:
        """End every run that is under way, and leave the scheduler."""
        with contextlib.suppress(Exception):
            self._client.cancel(list(self._sent.values()), force=True)
        with contextlib.suppress(Exception):
            if self._client.status == "running":
                self._client.unregister_worker_plugin(PLUGIN)
        with contextlib.suppress(Exception):
            self._client.close(timeout=5)

    def _slots(self):
        """Runs that the busiest host holds at once: on each, threads and memory are so divided."""
        from distributed.comm import get_address_host

        hosts = collections.Counter()
        for address, info in self._workers.items():
            hosts[get_address_host(address)] += info["nthreads"]
        return max(hosts.values(), default=1)

    def _connected(self, timeout):
        from distributed import Client

        # A worker or scheduler that goes is a batch's ordinary business, and no reason for Dask's own
        # messages; importing it sets their levels.
        for name in ("distributed", "distributed.client"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        client = None
        try:
            client = Client(
                self._scheduler, security=self._security, set_as_default=False, timeout=timeout
            )
            client.subscribe_topic(self._topic, self._heard)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            if client is not None:
                client.close(timeout=1)
            raise BatchError(
                f"The scheduler {self._scheduler} cannot be reached ({short(error)}). Start one "
                "(dask scheduler), or run on this machine without --scheduler"
            ) from error
        try:
            # Whoever else uses these workers keeps them; one that comes later and differs has to go.
            for closes in (False, True):
                client.register_plugin(_same_code(versions(), self._topic, closes), name=PLUGIN)
        except Exception as error:
            client.close(timeout=1)
            raise BatchError(
                f"The workers of {self._scheduler} cannot run this course: {short(error)}. "
                "Bring all hosts to the same checkout and its lock: git pull && make setup"
            ) from error
        return client

    def _heard(self, event):
        _, message = event
        if isinstance(message, str):
            self._say(message)
        else:
            self._events.put(tuple(message))

    def _reconnect_if_needed(self):
        """Wait for a scheduler that went away; what it held is lost, and will be sent again."""
        if self._client.status == "running":
            return
        self._say(f"the connection to {self._scheduler} was lost; waiting for it")
        with contextlib.suppress(Exception):
            self._client.close(timeout=1)
        for ours in list(self._sent):
            with contextlib.suppress(concurrent.futures.InvalidStateError):
                ours.set_exception(Lost("the connection to the scheduler was lost"))
        self._workers, deadline = {}, time.monotonic() + self._patience
        while True:
            try:
                self._client = self._connected(timeout=5)
                return
            except BatchError as error:
                if time.monotonic() > deadline:
                    raise BatchError(
                        f"The scheduler {self._scheduler} went away and did not come back within "
                        f"{self._patience / 60:.0f} minutes ({short(error.__cause__)}). What is done "
                        "is kept: start the scheduler, and give the same command with --resume"
                    ) from error
                time.sleep(1)


def _hand_over(theirs, ours, client):
    """Let our future end as Dask's did. A large result is waited for while the connection lives."""
    outcome = Lost("the connection to the scheduler was lost")
    if theirs.status == "error":
        outcome = theirs.exception()
    while theirs.status == "finished":
        try:
            outcome = theirs.result(timeout=30)
        except TimeoutError:
            if client.status == "running":
                continue
        except Exception as error:
            outcome = Lost(f"its result did not arrive ({short(error)})")
        break
    with contextlib.suppress(concurrent.futures.InvalidStateError):
        if isinstance(outcome, BaseException):
            ours.set_exception(outcome)
        elif outcome.status == "cancelled":
            ours.set_exception(Lost(outcome.message))
        else:
            ours.set_result(outcome)


def _with_its_share(job, slots, memory, progress, wanted):
    """Run a job with its share of a machine that holds `slots` runs at once."""
    limit = job.memory_limit_mb or resources.memory_share_mb(slots, memory)
    with resources.device(wanted) as gpu:
        env = {**resources.thread_share(slots), **gpu, **job.env}
        job = dataclasses.replace(job, env=env, memory_limit_mb=limit)
        return execution.run(job, progress, wanted)


def _on_worker(job, topic, slots):
    """The Dask task: run one job, until its task is taken away, the client has gone, or the worker ends.

    A worker started with `--resources memory_mb=N` has those N for itself: the job of a cluster is
    given part of a machine, and would see the memory of the whole.
    """
    from distributed import get_worker
    from distributed.core import Status

    worker = get_worker()
    key = worker.get_current_task()

    def wanted():
        task = worker.state.tasks.get(key)
        alive = worker.status in (Status.running, Status.paused)
        return alive and task is not None and task.state == "executing"

    def progress(index, count):
        worker.log_event(topic, [job.id, index, count])

    progress(0, 0)
    own = worker.state.total_resources.get("memory_mb")
    given = own * slots / worker.state.nthreads if own else None
    result = _with_its_share(job, slots, given, progress, wanted)
    return dataclasses.replace(result, worker=worker.address)


# Versions


@functools.cache
def versions() -> dict[str, str]:
    """What decides the figures of a run: versions of Python and packages, and the course's code."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for name in ("keras", "tensorflow", "jax", "torch", "numpy", "papermill", "distributed"):
        for distribution in (name, f"{name}-cpu"):
            with contextlib.suppress(PackageNotFoundError):
                found.setdefault(name, version(distribution).partition("+")[0])
    return found | {"the course's code": manifest.course_code()}


def _same_code(expected, topic, closes):
    """A Dask plugin that refuses a worker with other versions than `expected`."""
    from distributed import WorkerPlugin

    class SameCode(WorkerPlugin):
        def setup(self, worker):
            found = versions()
            # A package that the client itself lacks plays no part in its runs.
            differing = [
                f"{name} {found.get(name, 'not at all')} instead of {wanted}"
                for name, wanted in expected.items()
                if found.get(name) != wanted
            ]
            if differing:
                said = f"{worker.address} has {', '.join(differing)}"
                if closes:
                    worker.log_event(topic, f"worker {said} and is left out")
                    worker.loop.add_callback(worker.close, reason="other versions")
                raise RuntimeError(said)

    return SameCode()


def short(error) -> str:
    """An error's kind and the first line of what it says."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


# Who may reach a scheduler


def credentials(scheduler: str | None, tls: dict | None):
    """Dask's Security for an address and TLS files, or None where it needs none.

    Raises BatchError for a missing file, and for a tls:// address when neither files are given nor
    Dask's own configuration names them.
    """
    given = {name: str(path) for name, path in (tls or {}).items() if path}
    if scheduler is None or not scheduler.startswith("tls://"):
        if given:
            raise BatchError(
                f"TLS files are for a scheduler at a tls:// address. For example: {TLS_EXAMPLE}"
            )
        return None
    from distributed.security import Security

    if not given:
        own = Security()
        if own.tls_ca_file and own.tls_client_cert and own.tls_client_key:
            return None
        raise BatchError(
            f"The scheduler {scheduler} is reached by TLS alone, which needs three files: "
            f"--tls-ca, --tls-cert and --tls-key. For example: {TLS_EXAMPLE}"
        )
    for name in ("ca", "cert", "key"):
        if name not in given:
            raise BatchError(
                f"--tls-{name} is missing: TLS needs --tls-ca, --tls-cert and --tls-key. For example: "
                f"{TLS_EXAMPLE}"
            )
        if not Path(given[name]).is_file():
            raise BatchError(
                f"--tls-{name} names {given[name]}, which is not a file. Make all three: "
                "sh recipes/make_certificates.sh FOLDER"
            )
    return Security(
        require_encryption=True,
        tls_ca_file=given["ca"],
        tls_client_cert=given["cert"],
        tls_client_key=given["key"],
    )


def is_open_to_network(scheduler: str | None) -> bool:
    """Whether an address is reached over a network without TLS: whoever else reaches it runs code."""
    if scheduler is None or scheduler.startswith("tls://"):
        return False
    with contextlib.suppress(ValueError):  # A name is no address, and a broken one no host.
        host = urlsplit(scheduler if "://" in scheduler else f"tcp://{scheduler}").hostname or ""
        return host != "localhost" and not ipaddress.ip_address(host).is_loopback
    return True
