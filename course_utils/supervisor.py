"""The parent's side of one notebook run: start the runner, watch it, end it, bring its results home.

A job is a dict that survives pickling, and so is a result: a run works the same in this process, in a
Dask worker beside it and on another host, with no shared file system.
"""

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

STATUSES = ("ok", "failed", "timeout", "memory", "killed", "cancelled")
RUN_VARIABLE = "COURSE_RUN_ID"
SAMPLE_SECONDS = 0.2
RESCAN_SECONDS = 1.0


def run(job: dict, progress=None, wanted=None) -> dict:
    """Execute one notebook in a process of its own and return what came of it.

    `job` holds `id` (str), `notebook` (bytes of an .ipynb), `parameters` (dict), and optionally `env`
    (dict of str), `timeout` (seconds), `memory_limit_mb` (MB of 10^6 bytes, over the whole process
    tree) and `cwd` (an existing folder; default: a temporary one). `progress(index, count)` is
    called when a code cell starts. `wanted()` is asked a few times a second; once it is false the
    run is ended.

    The result holds `id`, `status` (one of `STATUSES`), `message`, `traceback`, `cell`, `cells`,
    `cell_seconds`, `seconds`, `peak_memory_mb`, `notebook` (bytes, or None when none could be
    saved) and `records` (list of dicts, empty unless the status is "ok").
    """
    folder = Path(tempfile.mkdtemp(prefix="course-"))
    try:
        return _run_in(folder, job, progress, wanted or (lambda: True))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_in(folder, job, progress, wanted):
    (folder / "records").mkdir()
    (folder / "tmp").mkdir()
    (folder / "notebook.ipynb").write_bytes(job["notebook"])
    order = {"parameters": job.get("parameters") or {}, "cwd": job.get("cwd")}
    (folder / "job.json").write_text(json.dumps(order), encoding="utf-8")
    run_id = uuid.uuid4().hex
    began = time.monotonic()
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "course_utils.runner", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder,
            env=_environment(folder, run_id, job.get("env") or {}),
            # A session of its own: Ctrl-C in the terminal reaches the client alone, which then decides.
            start_new_session=True,
        )
    tree = Tree(process.pid, run_id)
    try:
        ended = _watch(process, tree, job, progress, wanted, began)
        if ended is None:
            process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        ended = None
    finally:
        tree.rescan()
        process.kill()
        process.wait()
        tree.kill()
        process.stdin.close()
        process.stdout.close()
    return _collect(folder, job, ended, process.returncode, tree, time.monotonic() - began)


def _environment(folder, run_id, extra):
    package = str(Path(__file__).resolve().parent.parent)
    paths = [package, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        **os.environ,
        **extra,
        RUN_VARIABLE: run_id,
        "COURSE_OUT": str(folder / "records"),
        "COURSE_HEADLESS": "1",
        "PYTHONPATH": os.pathsep.join(paths),
        # Connection files, sockets and temporary files go with the job's folder, also after a kill.
        "TMPDIR": str(folder / "tmp"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _watch(process, tree, job, progress, wanted, began):
    """Wait until the runner ends or must be ended; returns None or (status, message)."""
    events = queue.Queue()
    threading.Thread(target=_read_events, args=(process.stdout, events), daemon=True).start()
    timeout, limit = job.get("timeout"), job.get("memory_limit_mb")
    place, last_rescan = "it started", began
    while True:
        try:
            event = events.get(timeout=SAMPLE_SECONDS)
        except queue.Empty:
            event = {}
        if event is None or event.get("event") == "end":
            return None
        if event.get("event") == "cell":
            place = f"cell {event['index']} of {event['count']} ran"
            if progress is not None:
                progress(event["index"], event["count"])
            if not events.empty():
                continue
        now = time.monotonic()
        # Finding new processes costs more than asking the known ones, and matters most at the start.
        if now - last_rescan > RESCAN_SECONDS or now - began < 2 * RESCAN_SECONDS:
            tree.rescan()
            last_rescan = now
        used = tree.sample()
        if limit is not None and used > limit:
            return "memory", (
                f"ended while {place}: its processes used {used:.0f} MB, "
                f"and the limit is {limit:.0f} MB"
            )
        if timeout is not None and now - began > timeout:
            return "timeout", f"ended while {place}: the time limit is {timeout:g} s"
        if not wanted():
            return "cancelled", f"cancelled while {place}"


def _read_events(stream, events):
    for line in stream:
        try:
            events.put(json.loads(line))
        except ValueError:
            continue
    events.put(None)


class Tree:
    """A runner and everything it started, also what outlived its own parent.

    `peak_mb` is the largest sum of resident memory seen, in MB of 10^6 bytes, and at least the
    high-water mark of the largest single process, so that a spike between two samples counts.
    """

    def __init__(self, pid, run_id):
        import psutil

        self._psutil, self._run_id = psutil, run_id
        self._mark, self.peak_mb = 0.0, 0.0
        try:
            self._root = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self._root = None
        self._known = {self._root} if self._root else set()

    def rescan(self):
        try:
            if self._root is not None:
                self._known.update(self._root.children(recursive=True))
        except self._psutil.Error:
            pass

    def sample(self):
        """Resident memory of the tree now, in MB."""
        total = 0.0
        for process in tuple(self._known):
            try:
                total += process.memory_info().rss / 1e6
                self._mark = max(self._mark, _high_water_mb(process.pid))
            except self._psutil.NoSuchProcess:
                self._known.discard(process)
            except self._psutil.Error:
                continue
        self.peak_mb = max(self.peak_mb, total, self._mark)
        return total

    def kill(self):
        """End every process of the tree; repeated, since a dying tree may still fork."""
        for _ in range(5):
            self.rescan()
            alive = {process for process in self._known if process.is_running()} | self._strays()
            if not alive:
                return
            for process in alive:
                try:
                    process.kill()
                except self._psutil.Error:
                    continue
            self._psutil.wait_procs(alive, timeout=2)
            self._known = {process for process in alive if not _is_gone(process)}
            if not self._known and not self._strays():
                return

    def _strays(self):
        """Processes that carry this run's mark in their environment, wherever they now hang."""
        found = set()
        for process in self._psutil.process_iter():
            try:
                if process.environ().get(RUN_VARIABLE) == self._run_id and not _is_gone(process):
                    found.add(process)
            except (self._psutil.Error, OSError):
                continue
        return found


def _is_gone(process):
    import psutil

    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def _high_water_mb(pid):
    """Peak resident memory of one process as Linux keeps it, in MB; 0 elsewhere."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return 0.0


def _collect(folder, job, ended, returncode, tree, seconds):
    outcome = {"status": "killed", "message": "the runner died", "traceback": None, "cell": None}
    outcome |= {"cells": 0, "cell_seconds": []}
    try:
        outcome |= json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        outcome["message"] = f"the runner ended before the notebook did (exit status {returncode})"
    if ended is not None:
        outcome["status"], outcome["message"] = ended
    scrubber = _scrubber(folder)
    for key in ("message", "traceback"):
        outcome[key] = scrubber(outcome[key]) if outcome[key] else outcome[key]
    if outcome["status"] == "killed":
        outcome["traceback"] = scrubber(_tail(folder / "log.txt")) or outcome["traceback"]
    result = {
        "id": job["id"],
        "seconds": round(seconds, 3),
        "peak_memory_mb": round(tree.peak_mb, 1),
        **outcome,
        "notebook": _clean_notebook(folder / "executed.ipynb", scrubber),
        "records": [],
    }
    if result["status"] == "ok":
        result["records"] = _records(folder / "records", result)
    return result


def _records(folder, result):
    records = []
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        record["peak_memory_mb"] = result["peak_memory_mb"]
        record["notebook_seconds"] = result["seconds"]
        records.append(record)
    return records


def _tail(path, lines=15):
    try:
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


# What an executed notebook must not carry: the paths of the machine that made it.


def _scrubber(folder):
    """A function that replaces this machine's paths in a text."""
    import re

    names = {
        str(folder): ".",
        os.path.realpath(folder): ".",
        str(Path(__file__).resolve().parent.parent): "course",
        sys.prefix: "python",
        sys.base_prefix: "python",
        os.path.realpath(tempfile.gettempdir()): "tmp",
        tempfile.gettempdir(): "tmp",
        str(Path.home()): "~",
    }
    if "COURSE_DATA_DIR" in os.environ:
        data = os.path.abspath(os.environ["COURSE_DATA_DIR"])
        names |= dict.fromkeys((data, os.path.realpath(data)), "COURSE_DATA_DIR")
    names = {path: name for path, name in names.items() if len(path) > 3}
    pattern = re.compile("|".join(re.escape(path) for path in sorted(names, key=len, reverse=True)))
    kernel_file = re.compile(r"tmp/ipykernel_\d+/\d+\.py")

    def scrub(text):
        return kernel_file.sub("cell.py", pattern.sub(lambda found: names[found[0]], text))

    return scrub


def _clean_notebook(path, scrub):
    """Bytes of the executed notebook without papermill's metadata and this machine's paths."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    notebook["metadata"].pop("papermill", None)
    for cell in notebook["cells"]:
        cell["metadata"].pop("papermill", None)
        cell["metadata"].pop("execution", None)
        if cell.get("outputs"):
            cell["outputs"] = _joined(cell["outputs"])
        for output in cell.get("outputs", ()):
            for key in ("text", "traceback", "evalue"):
                if key in output:
                    output[key] = _scrub_texts(output[key], scrub)
            for kind, value in output.get("data", {}).items():
                if kind.startswith("text/"):
                    output["data"][kind] = _scrub_texts(value, scrub)
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def _joined(outputs):
    """Prints that follow each other as one: in how many pieces they came is a matter of timing."""
    kept = []
    for output in outputs:
        last = kept[-1] if kept else {}
        if "name" in output and output["name"] == last.get("name"):
            last["text"] = "".join(last["text"]) + "".join(output["text"])
        else:
            kept.append(output)
    return kept


def _scrub_texts(value, scrub):
    return [scrub(line) for line in value] if isinstance(value, list) else scrub(value)
