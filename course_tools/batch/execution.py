"""One notebook, executed in a process of its own; whatever it leaves behind is ended.

`run` is the parent's side: it starts the child, watches its time and memory, ends the whole tree of
processes, and brings notebook and records home. Job and result survive pickling, so a run works the
same here, in a thread, and in a Dask worker on another host, with no shared file system.

`python -m course_tools.batch.execution JOB_DIR` is the child's side. The folder holds `job.json` and
`notebook.ipynb`; papermill executes, and `executed.ipynb` and `outcome.json` appear beside them. Each
cell is one JSON line on standard output. Standard input is the lifeline: however the parent dies, the
pipe closes, and the child takes its kernel down with it.
"""

import contextlib
import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path

from course_utils import files

RUN_VARIABLE = "COURSE_RUN_ID"
FOLDER_PREFIX = "course-run-"
SAMPLE_SECONDS = 0.2
RESCAN_SECONDS = 1.0
# A notebook that prints without end must not take the client down with it.
MOST_BYTES = 64_000_000
MOST_MESSAGE, MOST_TRACEBACK = 500, 20_000  # characters
PACKAGES = Path(__file__).resolve().parents[2]
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Job:
    """What to execute.

    Attributes:
        id: the run's name.
        notebook: bytes of an .ipynb.
        parameters: parameter name to value, for papermill.
        timeout: seconds, or None for no limit.
        memory_limit_mb: MB (10^6 bytes) over the whole process tree, or None.
        cwd: an existing folder to run in; None means a temporary one.
        env: further environment variables.
    """

    id: str
    notebook: bytes = field(repr=False)
    parameters: dict = field(default_factory=dict)
    timeout: float | None = None
    memory_limit_mb: float | None = None
    cwd: str | None = None
    env: dict = field(default_factory=dict)


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        id: the job's.
        status: "ok", "failed", "killed", "timeout", "memory", "cancelled" or "lost".
        message: one sentence, or None. With "ok" it names what could not be brought home.
        traceback: text without colours, or None.
        cell, cells: 1-based number of the code cell that ended the run (None where none did), and
            how many code cells there are.
        cell_seconds: seconds of each code cell that ran.
        seconds: time of the whole run.
        peak_memory_mb: most memory of its processes together, MB (10^6 bytes).
        solved: "LESSON.check_NAME" of each exercise whose check `course_utils.Lesson` saw pass.
        worker: address of the Dask worker that ran it; "" on this machine.
    """

    id: str
    status: str
    message: str | None = None
    traceback: str | None = None
    cell: int | None = None
    cells: int = 0
    cell_seconds: list = field(default_factory=list)
    seconds: float = 0.0
    peak_memory_mb: float = 0.0
    solved: list = field(default_factory=list)
    worker: str = ""


@dataclass
class Result(Outcome):
    """An outcome with what the run made.

    Attributes:
        notebook: bytes of the executed notebook, or None when none could be saved.
        records: what it recorded (`course_utils.evidence.records.Record`). A run that failed keeps
            those of trainings that diverged; any other that did not end well keeps none.
    """

    notebook: bytes | None = field(default=None, repr=False)
    records: list = field(default_factory=list, repr=False)


def run(job: Job, progress=None, wanted=lambda: True) -> Result:
    """Execute one notebook in a process of its own and return what came of it; never raises OSError.

    `progress(index, count)` is called when a code cell starts. `wanted()` is asked a few times a
    second; once it is false the run is ended with the status "cancelled".
    """
    try:
        with tempfile.TemporaryDirectory(
            prefix=FOLDER_PREFIX, ignore_cleanup_errors=True
        ) as folder:
            return _run_in(Path(folder), job, progress, wanted)
    except OSError as error:
        full = error.errno in files.FULL
        mend = "free some space there" if full else "name another place: export TMPDIR=FOLDER"
        message = f"{tempfile.gettempdir()} could not be used ({error.strerror}); {mend}"
        return Result(job.id, "failed", message)


def _run_in(folder, job, progress, wanted):
    run_id, began = uuid.uuid4().hex, time.monotonic()
    (folder / "records").mkdir()
    (folder / "tmp").mkdir()
    (folder / "notebook.ipynb").write_bytes(job.notebook)
    order = json.dumps({"parameters": job.parameters, "cwd": job.cwd})
    (folder / "job.json").write_text(order, encoding="utf-8")
    given = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    env = {
        **os.environ,
        **job.env,
        RUN_VARIABLE: run_id,
        "COURSE_OUT": str(folder / "records"),
        "COURSE_HEADLESS": "1",
        # Relative to here, where the user wrote it, and not to the run's folder.
        "PYTHONPATH": os.pathsep.join([str(PACKAGES), *map(os.path.abspath, given)]),
        # Connection files, sockets and temporary files go with the job's folder, also after a kill.
        "TMPDIR": str(folder / "tmp"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    with (folder / "log.txt").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder,
            env=env,
            # A session of its own: Ctrl-C in the terminal reaches the client alone, which then decides.
            start_new_session=True,
        )
    tree = Tree(child.pid, run_id)
    try:
        ended = _watch(child, tree, job, progress, wanted, began)
        if ended is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=10)
    finally:
        tree.rescan()
        child.kill()
        child.wait()
        tree.kill()
        child.stdin.close()
        child.stdout.close()
    return _collect(folder, job, ended, child.returncode, tree, time.monotonic() - began)


def _watch(child, tree, job, progress, wanted, began):
    """Wait until the child ends or must be ended; returns None or (status, message)."""
    events = queue.Queue()
    threading.Thread(target=_read_events, args=(child.stdout, events), daemon=True).start()
    place, last_rescan = "it started", began
    while True:
        with contextlib.suppress(queue.Empty):
            event = events.get(timeout=SAMPLE_SECONDS)
            if event is None:
                return None
            index, count = event
            place = f"cell {index} of {count} ran"
            if progress is not None:
                progress(index, count)
            if not events.empty():
                continue
        now = time.monotonic()
        # Finding new processes costs more than asking the known ones, and matters most at the start.
        if now - last_rescan > RESCAN_SECONDS or now - began < 2 * RESCAN_SECONDS:
            tree.rescan()
            last_rescan = now
        used = tree.sample()
        if job.memory_limit_mb is not None and used > job.memory_limit_mb:
            return "memory", (
                f"ended while {place}: its processes used {used:.0f} MB, "
                f"and the limit is {job.memory_limit_mb:.0f} MB"
            )
        if job.timeout is not None and now - began > job.timeout:
            return "timeout", f"ended while {place}: the time limit is {job.timeout:g} s"
        if not wanted():
            return "cancelled", f"cancelled while {place}"


def _read_events(stream, events):
    """Put `[index, count]` for each cell, and None at the end."""
    for line in stream:
        with contextlib.suppress(ValueError):  # A child that was killed cuts its last line short.
            events.put(json.loads(line))
    events.put(None)


# What comes home


def _collect(folder, job, ended, returncode, tree, seconds):
    try:
        outcome = json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        words = f"its process ended before the notebook did (exit status {returncode})"
        outcome = {"status": "killed", "message": words, "traceback": None}
    if ended is not None:
        outcome["status"], outcome["message"] = ended
    if outcome["status"] == "killed":
        log = (folder / "log.txt").read_text(encoding="utf-8", errors="replace")
        outcome["traceback"] = "\n".join(log.splitlines()[-15:]) or outcome["traceback"]
    result = Result(
        job.id,
        **outcome,
        seconds=round(seconds, 3),
        peak_memory_mb=round(tree.peak_mb, 1),
        solved=sorted(p.name for p in (folder / "records" / "solved").glob("*.check_*")),
    )
    result.notebook, problems = _executed(folder / "executed.ipynb")
    if result.status in ("ok", "failed"):
        result.records, broken = _records(folder / "records", result)
        problems += broken if result.status == "ok" else []
    message = "; ".join(filter(None, [result.message, *problems]))
    if len(message) > MOST_MESSAGE:
        message = message[: MOST_MESSAGE - 2] + " …"
    result.message = message or None
    if len(text := result.traceback or "") > MOST_TRACEBACK:
        result.traceback = f"{text[: MOST_TRACEBACK // 4]}\n…\n{text[-MOST_TRACEBACK * 3 // 4 :]}"
    return result


def _executed(path):
    """Bytes of the executed notebook without papermill's metadata, and what is wrong with it.

    None where there is none, where it was cut off, and where its outputs are too large to send.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            most = MOST_BYTES / 1e6
            return None, [f"the executed notebook is larger than {most:.0f} MB and was dropped"]
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None, []
    for holder in (notebook, *notebook["cells"]):
        holder["metadata"].pop("papermill", None)
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode(), []


def _records(folder, result):
    """The records in a folder, and a sentence about each file that holds none."""
    from course_utils.evidence.records import Record

    records, broken = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            record = Record.read(path)
        except (OSError, ValueError, TypeError, RecursionError) as error:
            why = str(error).partition("\n")[0]
            broken.append(f"its record {path.name} could not be read ({why}) and was dropped")
            continue
        # A notebook that failed leaves records that count only of what diverged.
        if result.status == "ok" or not record.went_well:
            cost = {"notebook_seconds": result.seconds}
            records.append(
                replace(record, peak_memory_mb=result.peak_memory_mb, further=record.further | cost)
            )
    return records, broken


# The processes of a run


class Tree:
    """A process and everything it started, also what outlived its own parent.

    `peak_mb` is the largest sum of resident memory seen, in MB of 10^6 bytes, and at least the
    high-water mark of the largest single process, so that a spike between two samples counts.
    """

    def __init__(self, pid: int, run_id: str):
        import psutil

        self._psutil, self._run_id, self.peak_mb = psutil, run_id, 0.0
        self._root, self._known = psutil.Process(pid), set()
        self._known.add(self._root)

    def rescan(self) -> None:
        """Look for processes that were started since."""
        with contextlib.suppress(self._psutil.Error):
            self._known.update(self._root.children(recursive=True))

    def sample(self) -> float:
        """Resident memory of the tree now, in MB."""
        total = mark = 0.0
        for process in tuple(self._known):
            try:
                total += process.memory_info().rss / 1e6
                mark = max(mark, _high_water_mb(process.pid))
            except self._psutil.NoSuchProcess:
                self._known.discard(process)
            except self._psutil.Error:
                continue
        self.peak_mb = max(self.peak_mb, total, mark)
        return total

    def kill(self) -> None:
        """End every process of the tree; repeated, since a dying tree may still fork."""
        for _ in range(5):
            self.rescan()
            alive = {process for process in self._known | self._marked() if self._lives(process)}
            if not alive:
                return
            for process in alive:
                with contextlib.suppress(self._psutil.Error):
                    process.kill()
            self._psutil.wait_procs(alive, timeout=2)

    def _marked(self):
        """Processes that carry this run's mark in their environment, wherever they now hang."""
        found = set()
        for process in self._psutil.process_iter():
            with contextlib.suppress(self._psutil.Error, OSError):
                if process.environ().get(RUN_VARIABLE) == self._run_id:
                    found.add(process)
        return found

    def _lives(self, process):
        try:
            return process.is_running() and process.status() != self._psutil.STATUS_ZOMBIE
        except self._psutil.Error:
            return False


def _high_water_mb(pid):
    """Peak resident memory of one process as Linux keeps it, in MB; 0 elsewhere."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", errors="replace") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


# The child's side


def execute(folder: Path, emit) -> dict:
    """Execute `notebook.ipynb` of a job folder and return the outcome.

    `emit(index, count)` is called when a code cell starts. The outcome holds `status` ("ok", "failed"
    or "killed"), `message`, `traceback`, `cell`, `cells` and `cell_seconds` as an `Outcome` does. It
    rests on what the kernel answered: papermill's own metadata call the cell of a dead kernel
    "completed".
    """
    # jsonschema would build grammars of URIs and durations, which no notebook needs and without which
    # it does: 1 to 4.7 s of the 1.5 to 5.2 s that importing papermill takes (measured).
    for name in ("rfc3987_syntax", "isoduration"):
        sys.modules.setdefault(name, None)
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import execute_notebook, remove_error_markers
    from papermill.iorw import load_notebook_node, write_ipynb

    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    target = str(folder / "executed.ipynb")
    seen = _Progress(emit)
    status, message, traceback = "ok", None, None
    try:
        execute_notebook(
            str(folder / "notebook.ipynb"),
            target,
            parameters=job["parameters"],
            progress_bar=False,
            cwd=job["cwd"] or str(folder),
            start_timeout=120,
            # From here on for nbclient.
            record_timing=False,
            kernel_manager_class=_kernel_manager_class(),
            on_notebook_start=seen.begin,
            on_cell_start=seen.start,
            on_cell_executed=seen.executed,
            on_cell_error=seen.failed,
        )
        if seen.error is not None and seen.unrun:
            # papermill lets SystemExit(0) pass, although the cells after it have not run.
            left = f"{seen.unrun} cell{'s' if seen.unrun > 1 else ''}"
            status = "failed"
            message = f"cell {seen.index} left the notebook (SystemExit); {left} did not run"
    except PapermillExecutionError:
        if seen.error is None:
            # Only cells tagged raises-exception failed, and everything after them ran.
            write_ipynb(remove_error_markers(load_notebook_node(target)), target)
        else:
            status = "failed"
            message = f"cell {seen.index} raised {seen.error['ename']}: {seen.error['evalue']}"
            traceback = "\n".join(seen.error["traceback"])
    except DeadKernelError:
        where = f"cell {seen.index} of {seen.count} ran" if seen.index else "it started"
        status, message = "killed", f"the kernel died while {where}"
    except Exception as error:
        # nbclient has no exception of its own for a kernel that died while it started.
        status = "killed" if str(error).startswith("Kernel died") else "failed"
        message = f"the notebook could not be executed: {str(error) or type(error).__name__}"
        traceback = f"{type(error).__name__}: {error}"
    lines = [line.strip() for line in ANSI.sub("", message or "").splitlines() if line.strip()]
    return {
        "status": status,
        "message": lines[0] if lines else None,
        "traceback": ANSI.sub("", traceback) if traceback else None,
        "cell": None if status == "ok" else seen.index or None,
        "cells": seen.count,
        "cell_seconds": seen.seconds,
    }


class _Progress:
    """What nbclient's hooks saw: which code cell runs, how long each took, and what ended it."""

    def __init__(self, emit):
        self._emit, self._began = emit, 0.0
        self.cells, self.index, self.count, self.seconds = [], 0, 0, []
        # The kernel's answer to the cell that failed, and how many cells after it have not run.
        self.error, self.unrun = None, 0

    def begin(self, notebook):
        self.cells, self.count = notebook.cells, sum(map(_is_code, notebook.cells))

    def start(self, cell, cell_index):
        if _is_code(cell):
            self.index += 1
            self._began = time.monotonic()
            self._emit(self.index, self.count)

    def executed(self, cell, cell_index, execute_reply):
        self.seconds.append(round(time.monotonic() - self._began, 3))

    def failed(self, cell, cell_index, execute_reply):
        if "raises-exception" not in cell.metadata.get("tags", ()):
            self.error = execute_reply["content"]
            self.unrun = sum(map(_is_code, self.cells[cell_index + 1 :]))


def _is_code(cell):
    return cell.cell_type == "code" and bool(cell.source.strip())


# Asks Linux to end this process when its parent ends, also while it holds Python's lock; then becomes
# the kernel. The parent's id tells whether it has ended already.
TIED = (
    "import ctypes, os, sys\n"
    "ctypes.CDLL(None).prctl(1, 9)\n"  # PR_SET_PDEATHSIG, SIGKILL
    "os.getppid() == int(sys.argv[1]) or os._exit(1)\n"
    "os.execvp(sys.argv[2], sys.argv[2:])"
)


def _kernel_manager_class():
    """A kernel manager whose kernels end with this process, and which talks over Unix sockets.

    No port can then be taken by another run in between, and nobody else on the machine can listen. A
    socket's path may hold about 100 characters, so a long temporary folder falls back to TCP.
    """
    from jupyter_client.manager import AsyncKernelManager

    class TiedKernelManager(AsyncKernelManager):
        def format_kernel_cmd(self, extra_arguments=None):
            command = super().format_kernel_cmd(extra_arguments)
            if sys.platform != "linux":
                return command
            return [sys.executable, "-I", "-S", "-c", TIED, str(os.getpid()), *command]

        def _transport_default(self):
            return "ipc" if len(tempfile.gettempdir()) <= 60 else "tcp"

    return TiedKernelManager


def _end_with_parent():
    """End this process and everything below it once standard input closes."""
    while os.read(0, 4096):
        pass
    import psutil

    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()
    os._exit(1)


def main(folder: Path) -> None:
    """Run the job in `folder` and leave its outcome there."""
    # The pipe to the parent is kept apart, so that what a kernel prints cannot mix into it.
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def emit(*cell):
        print(json.dumps(cell), file=pipe, flush=True)

    outcome = execute(folder, emit)
    (folder / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    # Everything is written; tearing the interpreter down would cost a tenth of a second.
    os._exit(0)
