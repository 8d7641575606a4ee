"""Where runs happen: Dask workers in this process by default, or those of any scheduler address.

Each worker holds one run at a time in a process of its own (`supervisor.run`), so the local workers
are threads: they start at once, nobody else reaches them, and they die with the client.
"""

import collections
import contextlib
import importlib.util
import logging
import queue
import signal
import threading
import time
import uuid

from course_tools.batch import security, worker
from course_utils.errors import BatchError

# How long a batch waits for a scheduler that went away.
PATIENCE_SECONDS = 600


class Pool:
    """Runs jobs on Dask workers and reports what happens to them as events.

    `submit(job)` sends a job; `events(timeout)` yields `("cell", id, index, count)`,
    `("done", id, result)`, `("failed", id, reason)` when no worker survived the job, `("lost", id,
    reason)` when it is nobody's fault that the job has to be sent again, and `("note", None, text)`.
    `scheduler` is an address such as "tcp://host:8786"; without one, `workers` threads of this
    process do the work. `tls` holds the paths `ca`, `cert` and `key`. Raises BatchError when the
    scheduler cannot be reached within `timeout` seconds, or workers have other versions than this
    process. A scheduler that goes away later is waited for, up to `patience` seconds.
    """

    def __init__(
        self,
        workers=1,
        scheduler=None,
        tls=None,
        dashboard=False,
        timeout=15,
        patience=PATIENCE_SECONDS,
    ):
        self._name = f"course-{uuid.uuid4().hex[:12]}"
        self._queue = queue.SimpleQueue()
        self._futures, self._sent_to = {}, {}
        self._refused, self._patience = set(), patience
        self._scheduler, self._security = scheduler, security.credentials(scheduler, tls)
        self._looked, self._workers = 0.0, {}
        self._client = self._cluster = None
        if scheduler is not None:
            self._connect(timeout)
            self._check_versions()
            return
        try:
            with _uninterrupted():
                self._cluster = _local_cluster(workers, dashboard)
                self._connect(timeout)
        except KeyboardInterrupt:
            self.close()
            raise

    # Jobs

    def capacity(self) -> int:
        """How many runs the workers can hold at once, now."""
        now = time.monotonic()
        if now - self._looked > 2 or not self._workers:
            self._looked = now
            # Not `scheduler_info`: it answers from a cache that Dask itself keeps emptying of workers.
            with contextlib.suppress(OSError, RuntimeError):
                identity = self._client.sync(self._client.scheduler.identity, n_workers=-1)
                self._workers = identity["workers"]
        return sum(w["nthreads"] for a, w in self._workers.items() if a not in self._refused)

    def takes_jobs(self) -> bool:
        """Whether to send any: not while all workers there are left out, which would refuse them.

        With no worker at all a job waits at the scheduler, where it may call for one.
        """
        return self.capacity() > 0 or not self._workers

    def submit(self, job: dict) -> None:
        """Send a job to whichever worker is free first; waits for a scheduler that went away."""
        if self._client.status != "running":
            self._reconnect()
        self.capacity()
        job = dict(job)
        if self._scheduler is None:
            job["slots"] = len(self._workers)
        else:
            job["versions"] = worker.versions()
            job["slots"] = self._slots()
        # A refused worker is idle and would get every job. Not `allow_other_workers`: it lets others
        # in once the named ones are gone, but it also lets an idle one steal the job before.
        allowed = [a for a in self._workers if a not in self._refused] if self._refused else []
        future = self._client.submit(
            worker.run,
            job,
            self._name,
            key=f"{self._name}-{uuid.uuid4().hex}",
            workers=allowed or None,
            pure=False,
        )
        self._futures[job["id"]] = future
        if allowed:
            self._sent_to[job["id"]] = allowed
        id = job["id"]
        future.add_done_callback(lambda future: self._queue.put(("future", id, future)))

    def events(self, timeout: float):
        """Everything that happened, after waiting at most `timeout` seconds for the first of it."""
        yield from self._stranded()
        try:
            event = self._queue.get(timeout=timeout)
        except queue.Empty:
            return
        while event is not None:
            kind, id, *details = event
            if kind == "cell":
                if id in self._futures:
                    yield event
            elif self._futures.get(id) is details[0]:
                self._sent_to.pop(id, None)
                yield from self._outcome(id, self._futures.pop(id))
            try:
                event = self._queue.get_nowait()
            except queue.Empty:
                event = None

    def _stranded(self):
        """Jobs for certain workers all of which have gone since: no other would take them."""
        if self._sent_to:
            self.capacity()
        for id, allowed in list(self._sent_to.items()):
            if self._workers.keys().isdisjoint(allowed) and not self._futures[id].done():
                del self._sent_to[id]
                self._futures.pop(id).release()
                yield "lost", id, "the workers that it was sent to have gone"

    def _outcome(self, id, future):
        if future.status == "finished":
            try:
                result = future.result(timeout=60)
            except Exception as error:
                yield "lost", id, f"its result did not arrive ({type(error).__name__})"
                return
            finally:
                future.release()
            if result["status"] == "refused":
                note = f"worker {result['worker']} is left out: it has {result['message']}"
                if result["worker"] not in self._refused:
                    yield "note", None, note
                self._refused.add(result["worker"])
                yield "lost", id, note
            elif result["status"] == "cancelled":
                yield "lost", id, result["message"]
            else:
                yield "done", id, result
        elif future.status == "error":
            error = future.exception()
            first = (str(error).splitlines() or [""])[0]
            yield "failed", id, f"{type(error).__name__}: {first}"
        else:
            yield "lost", id, "the connection to the scheduler was lost"

    @property
    def dashboard(self) -> str | None:
        """Address of Dask's dashboard, or None."""
        if self._cluster is None:
            return self._client.dashboard_link if self._client.dashboard_link else None
        port = self._cluster.scheduler.services.get("dashboard")
        return f"http://127.0.0.1:{port.port}/status" if port else None

    def close(self):
        """End every run that is under way, and the local workers."""
        if self._client is None:
            return
        with contextlib.suppress(Exception):
            self._client.cancel(list(self._futures.values()), force=True)
        self._futures.clear()
        self._sent_to.clear()
        with contextlib.suppress(Exception):
            self._client.close(timeout=5)
        if self._cluster is not None:
            self._cluster.close()
        self._client = None

    # Connecting

    def _connect(self, timeout):
        import distributed

        class Client(distributed.Client):
            def __del__(self):
                """Nothing: the pool closes it. One that Ctrl-C leaves half-built cannot be closed.

                Dask's own would try for half a minute, and then print a traceback.
                """

        _quieten()
        try:
            self._client = Client(
                self._cluster or self._scheduler,
                security=self._security,
                set_as_default=False,
                timeout=timeout,
            )
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise BatchError(
                f"The scheduler {self._scheduler} cannot be reached ({_short(error)}). Start one "
                "(dask scheduler), or run on this machine without --scheduler"
            ) from error
        self._client.subscribe_topic(
            self._name, lambda event: self._queue.put(tuple(event[1]["event"]))
        )

    def _reconnect(self):
        """Wait for a scheduler that went away; its runs are reported as lost and sent again."""
        deadline = time.monotonic() + self._patience
        with contextlib.suppress(Exception):
            self._client.close(timeout=1)
        while True:
            try:
                self._connect(timeout=5)
                break
            except BatchError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)
        self._workers, self._looked = {}, 0.0

    def _slots(self):
        """Runs that the busiest host holds at once: on each, threads and memory are so divided."""
        from distributed.comm import get_address_host

        hosts = collections.Counter()
        for address, info in self._workers.items():
            hosts[get_address_host(address)] += info["nthreads"]
        return max(hosts.values(), default=1)

    def _check_versions(self):
        expected = worker.versions()
        try:
            answers = self._client.run(worker.make_probe(), on_error="return")
        except OSError as error:
            raise BatchError(
                f"The workers of {self._scheduler} do not answer ({_short(error)}). "
                "Look at them in its dashboard, and start the batch again"
            ) from error
        problems = []
        for address, found in sorted(answers.items()):
            if isinstance(found, Exception):
                problems.append(f"{address} does not answer ({_short(found)})")
            elif unfit := worker.differing(expected, found):
                problems.append(f"{address} has {unfit}")
        if problems:
            more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
            raise BatchError(
                f"Workers have other packages than this machine: {'; '.join(problems[:5])}{more}. "
                "Bring them to the same checkout and its lock: git pull && make setup"
            )


@contextlib.contextmanager
def _uninterrupted():
    """Ctrl-C waits for the end of the block: what Dask has built by half, it cannot close."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    missed = []
    ends = (signal.SIGINT, signal.SIGTERM)
    before = {end: signal.signal(end, lambda number, _: missed.append(number)) for end in ends}
    try:
        yield
    finally:
        for end, handler in before.items():
            signal.signal(end, handler)
    if missed:
        signal.raise_signal(missed[0])


def _local_cluster(workers, dashboard):
    """Scheduler and workers within this process, where no other user of the machine reaches them.

    Dask gives each an HTTP server too; all of them answer this machine alone, and nothing but the
    dashboard, if that is wanted and bokeh is there to draw it.
    """
    import warnings

    import dask
    from distributed import Scheduler, SpecCluster, Worker

    _quieten()
    dashboard = dashboard and importlib.util.find_spec("bokeh") is not None
    # The runs are processes of their own: a profile of these threads would show them waiting, and
    # grow with every second of the batch. And these workers cannot die alone: one that gave no sign of
    # life for minutes was asleep with the machine, and nobody would start another in its place.
    silent = {
        "distributed.worker.http.routes": [],
        "distributed.worker.profile.enabled": False,
        "distributed.scheduler.worker-ttl": None,
    }
    if not dashboard:
        silent["distributed.scheduler.http.routes"] = []
        silent["distributed.admin.system-monitor.log-length"] = 1
    http = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
    options = {"nthreads": 1, "memory_limit": 0, "silence_logs": logging.CRITICAL, **http}
    with dask.config.set(silent), warnings.catch_warnings():
        # 8787 may be taken by another batch; a free port is then as good.
        warnings.simplefilter("ignore")
        return SpecCluster(
            workers={number: {"cls": Worker, "options": options} for number in range(workers)},
            scheduler={
                "cls": Scheduler,
                "options": {"protocol": "inproc://"}
                | (
                    http | {"dashboard": True, "dashboard_address": "127.0.0.1:8787"}
                    if dashboard
                    else http
                ),
            },
            silence_logs=logging.CRITICAL,
        )


def _quieten():
    """A worker that dies is the batch's ordinary business, and no reason for Dask's own messages."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)


def _short(error):
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
