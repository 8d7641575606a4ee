"""What happens on a Dask worker: one run, with its share of the machine, watched until it ends."""

import contextlib
import functools
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from course_tools.batch import supervisor

THREAD_VARIABLES = (
    "COURSE_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)
# Left for the system and for Dask itself, when runs share a machine's memory.
USABLE_MEMORY = 0.9


def run(job: dict, topic: str) -> dict:
    """The Dask task: run one job and return its result (see `supervisor.run`).

    Reports each cell as an event on `topic`. The run is ended when the scheduler takes the task
    away, the client has gone, or the worker closes. `job["slots"]` is the number of runs that this
    host holds at once: threads and memory are divided by it, unless this worker has its own (see
    `thread_share` and `memory_share_mb`). A worker whose packages differ from `job["versions"]`
    answers with the status "refused".
    """
    from distributed import get_worker
    from distributed.core import Status

    worker = get_worker()
    key = worker.get_current_task()
    here = {"id": job["id"]}
    if not worker.address.startswith("inproc://"):
        here["worker"] = worker.address
    unfit = differing(job["versions"], versions()) if "versions" in job else None
    if unfit:
        return here | {"status": "refused", "message": unfit}

    def wanted():
        if worker.status not in (Status.running, Status.paused):
            return False
        task = worker.state.tasks.get(key)
        return task is not None and task.state == "executing"

    def progress(index, count):
        worker.log_event(topic, {"event": ["cell", job["id"], index, count]})

    slots = job.get("slots", 1)
    limit = job.get("memory_limit_mb") or memory_share_mb(worker, slots)
    with device(wanted) as gpu:
        env = {**thread_share(slots), **gpu, **job.get("env", {})}
        result = supervisor.run({**job, "env": env, "memory_limit_mb": limit}, progress, wanted)
    return result | here


# A share of the machine


def thread_share(runs_at_once: int) -> dict:
    """Environment variables that give one run its share of the cores; empty for a run alone.

    COURSE_THREADS set by the user stands.
    """
    if runs_at_once == 1 or "COURSE_THREADS" in os.environ:
        return {}
    from dask.system import cpu_count

    return dict.fromkeys(THREAD_VARIABLES, str(max(1, cpu_count() // runs_at_once)))


def memory_share_mb(worker, runs_at_once: int) -> int:
    """MB (10^6 bytes) that one run may use, when a host holds so many at once.

    A worker started with `--resources memory_mb=N` has those N for itself: the job of a cluster is
    given part of a machine, and Dask sees the memory of the whole.
    """
    own = worker.state.total_resources.get("memory_mb")
    share = own / worker.state.nthreads if own else memory_mb() / runs_at_once
    return round(share * USABLE_MEMORY)


def memory_mb() -> float:
    """Memory of this machine, or of the control group it confines us to, in MB of 10^6 bytes."""
    from distributed.system import memory_limit

    return memory_limit() / 1e6


@contextlib.contextmanager
def device(wanted=lambda: True):
    """Environment variables naming a GPU that no other run of this user has, while it lasts.

    Waits for a free one as long as `wanted()`; {} on a machine without a GPU. A lock on a file per
    GPU keeps the runs of all worker processes of a host apart, and the system frees it however a
    process ends.
    """
    found = devices()
    try:
        import fcntl
    except ImportError:
        found = ()
    while found and wanted():
        for name, identity in found:
            safe = re.sub(r"\W", "_", identity)
            path = Path(tempfile.gettempdir()) / f"course-{os.getuid()}-gpu-{safe}.lock"
            with path.open("a") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    continue
                yield {"CUDA_VISIBLE_DEVICES": name}
                return
        time.sleep(0.2)
    yield {}


@functools.cache
def devices() -> tuple[tuple[str, str], ...]:
    """GPUs that runs may use: those of CUDA_VISIBLE_DEVICES where it is set, else all NVIDIA ones.

    Pairs of the name that CUDA_VISIBLE_DEVICES takes and an identity that holds on the whole host:
    a number may mean another GPU in another SLURM job.
    """
    command, identities = shutil.which("nvidia-smi"), []
    if command is not None:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            listed = subprocess.run([command, "-L"], capture_output=True, text=True, timeout=60)
            identities = re.findall(r"^GPU \d+:.*\(UUID: (GPU-[\w-]+)\)", listed.stdout, re.M)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return tuple((identity, identity) for identity in identities)
    names = [name.strip() for name in visible.split(",") if name.strip() not in ("", "-1")]
    by_number = {str(number): identity for number, identity in enumerate(identities)}
    return tuple((name, by_number.get(name, name)) for name in names)


# Versions


def make_probe():
    """A function that says which versions a Python has, also one without this package.

    It is made here, within a function, so that pickle sends its code and not its name.
    """

    def probe():
        import hashlib
        import platform
        from importlib.metadata import PackageNotFoundError, version
        from pathlib import Path

        found = {"Python": ".".join(platform.python_version_tuple()[:2])}
        for name in ("keras", "tensorflow", "jax", "torch", "numpy", "papermill", "distributed"):
            for distribution in (name, f"{name}-cpu"):
                try:
                    found.setdefault(name, version(distribution).partition("+")[0])
                except PackageNotFoundError:
                    continue
        try:
            import course_utils
        except ImportError:
            return found
        digest = hashlib.sha256()
        # The version alone would not tell a checkout that was not updated.
        for path in sorted(Path(course_utils.__file__).parent.rglob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
        found["course_utils"] = f"{course_utils.__version__} ({digest.hexdigest()[:8]})"
        return found

    return probe


versions = functools.cache(make_probe())


def differing(expected: dict, found: dict) -> str | None:
    """In words, how a worker's versions differ from the client's; None when they agree.

    A package that the client itself lacks is none of its business.
    """
    words = [
        f"{name} {found.get(name, 'not at all')} instead of {wanted}"
        for name, wanted in expected.items()
        if found.get(name) != wanted
    ]
    return ", ".join(words) or None
