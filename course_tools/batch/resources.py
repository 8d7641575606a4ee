"""One run's share of a machine: cores, memory, and a GPU of its own."""

import contextlib
import fcntl
import functools
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from course_utils import machine

THREAD_VARIABLES = (
    "COURSE_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)
# Left for the system when runs share a machine's memory.
USABLE_MEMORY = 0.9


def thread_share(runs_at_once: int) -> dict:
    """Environment variables that give one run its share of the cores; empty for a run alone.

    COURSE_THREADS set by the user stands.
    """
    if runs_at_once == 1 or "COURSE_THREADS" in os.environ:
        return {}
    return dict.fromkeys(THREAD_VARIABLES, str(max(1, machine.cpu_count() // runs_at_once)))


def memory_share_mb(runs_at_once: int, given: float | None = None) -> int:
    """MB (10^6 bytes) that one run may use, of those `given` or else of the machine's."""
    return round(USABLE_MEMORY * (given or machine.memory_mb()) / runs_at_once)


@contextlib.contextmanager
def device(wanted=lambda: True):
    """Environment variables naming a GPU that no other run of this user has, while it lasts.

    Waits for a free one as long as `wanted()`; {} on a machine without a GPU. A lock on a file per
    GPU keeps the runs of all worker processes of a host apart, and the system frees it however a
    process ends. Where no folder takes such a file, the first GPU is named and not kept apart.
    """
    found = devices()
    folder = _lock_folder() if found else None
    if found and folder is None:
        yield {"CUDA_VISIBLE_DEVICES": found[0][0]}
        return
    while found and wanted():
        for name, identity in found:
            with contextlib.ExitStack() as stack:
                safe = re.sub(r"\W", "_", identity)
                try:
                    lock = stack.enter_context((folder / f"gpu-{safe}.lock").open("a"))
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    continue
                yield {"CUDA_VISIBLE_DEVICES": name}
                return
        time.sleep(0.2)
    yield {}


def _lock_folder():
    """A folder of this user's alone that all their processes on this host find, or None."""
    places = (
        Path(tempfile.gettempdir(), f"course-{os.getuid()}"),
        # The home folder may be shared among hosts.
        Path.home() / ".cache" / "course" / socket.gethostname(),
    )
    for folder in places:
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.stat().st_uid == os.getuid() and os.access(folder, os.W_OK | os.X_OK):
                return folder
    return None


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
