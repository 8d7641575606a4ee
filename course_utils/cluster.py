"""Where runs happen: Dask workers in this process by default, or those of any scheduler address.

Each worker holds one run at a time in a process of its own (`supervisor.run`), so the local workers
are threads: they start at once, open no port on the machine, and die with the client.
"""

import queue
import uuid

from course_utils import supervisor

THREAD_VARIABLES = (
    "COURSE_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)
PACKAGES = ("keras", "numpy", "tensorflow", "tensorflow-cpu", "jax", "torch", "distributed")


class Pool:
    """Runs jobs on Dask workers and reports what happens to them as events.

    `submit(job)` sends a job; `events(timeout)` yields `("cell", id, index, count)`,
    `("done", id, result)` and `("lost", id, reason)` tuples. A lost job has no result: its worker
    died again and again, or the scheduler went away.
    """

    def __init__(self, workers: int = 1, scheduler: str | None = None, security=None):
        self._name = f"course-{uuid.uuid4().hex[:12]}"
        self._queue = queue.SimpleQueue()
        self._futures = {}
        self._scheduler, self._security = scheduler, security
        self._cluster = None if scheduler else _local_cluster(workers)
        self._connect()

    # Jobs

    def capacity(self) -> int:
        """How many runs the workers can hold at once, now."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        return sum(worker["nthreads"] for worker in workers)

    def submit(self, job: dict) -> None:
        future = self._client.submit(
            _run_on_worker, job, self._name, key=f"{self._name}-{uuid.uuid4().hex}", pure=False
        )
        self._futures[job["id"]] = future
        future.add_done_callback(lambda future: self._queue.put(("future", job["id"], future)))

    def events(self, timeout: float):
        """Everything that happened, after waiting at most `timeout` seconds for the first of it."""
        try:
            event = self._queue.get(timeout=timeout)
        except queue.Empty:
            return
        while True:
            if event[0] != "future":
                yield event
            elif self._futures.get(event[1]) is event[2]:
                del self._futures[event[1]]
                yield self._outcome(event[1], event[2])
            try:
                event = self._queue.get_nowait()
            except queue.Empty:
                return

    def _outcome(self, id, future):
        if future.status == "finished":
            result = future.result()
            future.release()
            return "done", id, result
        reason = "the connection to the scheduler was lost"
        if future.status == "error":
            error = future.exception()
            reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        return "lost", id, reason

    def close(self):
        """End every run that is under way, and the local workers."""
        self._client.cancel(list(self._futures.values()), force=True)
        self._futures.clear()
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    # Connecting

    def _connect(self):
        import distributed

        self._client = distributed.Client(
            self._cluster or self._scheduler, security=self._security, set_as_default=False
        )
        self._client.subscribe_topic(
            self._name, lambda event: self._queue.put(tuple(event[1]["e"]))
        )


def _local_cluster(workers):
    import logging

    import distributed

    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=False,
        memory_limit=0,
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    )


def _run_on_worker(job, topic):
    """The Dask task: one run, watched, reporting its cells, ended when nobody wants it any more."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def wanted():
        task = worker.state.tasks.get(key)
        return task is not None and task.state == "executing"

    def progress(index, count):
        worker.log_event(topic, {"e": ["cell", job["id"], index, count]})

    env = {**_threads(worker), **job.get("env", {})}
    return supervisor.run({**job, "env": env}, progress, wanted)


def _threads(worker):
    return {}
