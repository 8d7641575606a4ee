"""Small notebooks that know nothing of the course, for the tests of its headless execution."""

import json
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil

from course_tools.batch import execution

ROOT = Path(__file__).resolve().parents[2]
# How often the tests that kill at random moments repeat themselves; 20 is a thorough evening.
REPEATS = int(os.environ.get("COURSE_REPEATS", "1"))

# What a notebook of the course leaves: one record, in the folder that the runner names.
WRITE_RECORD = """
import json, os, pathlib
record = {"lesson": "foreign", "model": "mlp", "techniques": "", "mode": "smoke", "seed": seed,
          "data": "nothing", "test_accuracy": 0.5 + seed / 1000, "val_accuracy": 0.5, "status": "ok"}
path = pathlib.Path(os.environ["COURSE_OUT"]) / f"foreign.mlp.plain.smoke.seed{seed}.json"
path.write_text(json.dumps(record))
"""
EAT_MEMORY = """
import time
kept = []
while True:
    kept.append(b"x" * 20_000_000)
    time.sleep(0.01)
"""
HANG = "import time\nwhile True:\n    time.sleep(0.1)"
EXIT = "import os\nos._exit(3)"
RAISE = "def inverse(x):\n    return 1 / x\n\ninverse(seed - seed)"


def source(*cells, parameters=None, tags=None):
    """Bytes of a notebook of code cells; `tags` are those of its last cell."""
    notebook = nbformat.v4.new_notebook()
    if parameters is not None:
        metadata = {"tags": ["parameters"]}
        notebook.cells.append(nbformat.v4.new_code_cell(parameters, metadata=metadata))
    notebook.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    notebook.cells[-1].metadata["tags"] = tags or notebook.cells[-1].metadata.get("tags", [])
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "P"}
    return nbformat.writes(notebook).encode()


def write(folder, name, *cells, **options):
    """A notebook file; returns its path."""
    path = Path(folder) / f"{name}.ipynb"
    path.write_bytes(source(*cells, **options))
    return path


def job(*cells, parameters=None, tags=None, **options):
    """A job for `execution.run`."""
    notebook = source(*cells, parameters=parameters, tags=tags)
    return execution.Job("job", notebook, **{"timeout": patience(120), **options})


def course(*words, **options):
    """Run the `course` command to its end; returns the CompletedProcess with text output."""
    return subprocess.run(
        command(*words),
        capture_output=True,
        text=True,
        timeout=patience(300),
        check=False,
        **options,
    )


def command(*words):
    return [sys.executable, "-c", "from course_tools.cli import app; app()", *map(str, words)]


def start(*words, **options):
    """Start the `course` command in a session of its own; returns the Popen."""
    return subprocess.Popen(
        command(*words),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **options,
    )


def with_variable(name, value, command=""):
    """The living processes that have an environment variable, and `command` in their command line."""
    found = []
    for process in psutil.process_iter():
        try:
            if (
                process.environ().get(name) == value
                and command in " ".join(process.cmdline())
                and process.status() != psutil.STATUS_ZOMBIE
                and process.pid != os.getpid()
            ):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def free_port():
    """A port of this machine at which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def patience(seconds):
    """Seconds that something may take, longer when others keep this machine busy."""
    return seconds * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))


def wait_until(condition, seconds=30, what="it"):
    """Wait for a condition to become true and return its value."""
    seconds = patience(seconds)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def moments():
    """A source of random moments; the seed that pytest prints on failure gives the same again."""
    seed = int(os.environ.get("COURSE_TEST_SEED", random.randrange(10**6)))
    print(f"random moments: COURSE_TEST_SEED={seed}")
    return random.Random(seed)


def entries(folder):
    """The lines of a manifest after its header."""
    lines = (Path(folder) / "manifest.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[1:]]
