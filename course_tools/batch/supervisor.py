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

from course_tools.batch import processes, tidy

STATUSES = ("ok", "failed", "timeout", "memory", "killed", "cancelled")
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
    saved) and `records` (list of dicts). A run with the status "failed" keeps of its records those
    alone that have this status too, which is what a training that diverged leaves; any other that
    did not end well keeps none.
    """
    folder = None
    try:
        folder = _prepared_folder(job)
        return _run_in(folder, job, progress, wanted or (lambda: True))
    except OSError as error:
        where = folder or tempfile.gettempdir()
        words = f"{where} could not be used ({error.strerror}); free some space there"
        return nothing(job["id"], "failed", words)
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _prepared_folder(job):
    folder = Path(tempfile.mkdtemp(prefix="course-"))
    try:
        (folder / "records").mkdir()
        (folder / "tmp").mkdir()
        (folder / "notebook.ipynb").write_bytes(job["notebook"])
        order = {"parameters": job.get("parameters") or {}, "cwd": job.get("cwd")}
        (folder / "job.json").write_text(json.dumps(order), encoding="utf-8")
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def nothing(id: str, status: str, message: str | None) -> dict:
    """The result of a run that left nothing."""
    return {
        "id": id,
        "seconds": 0.0,
        "peak_memory_mb": 0.0,
        "status": status,
        "message": message,
        "traceback": None,
        "cell": None,
        "cells": 0,
        "cell_seconds": [],
        "notebook": None,
        "records": [],
    }


def _run_in(folder, job, progress, wanted):
    run_id = uuid.uuid4().hex
    began = time.monotonic()
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "course_tools.batch.runner", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder,
            env=_environment(folder, run_id, job.get("env") or {}),
            # A session of its own: Ctrl-C in the terminal reaches the client alone, which then decides.
            start_new_session=True,
        )
    tree = processes.Tree(process.pid, run_id)
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
    package = str(Path(__file__).resolve().parents[2])
    given = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    paths = [package, *map(os.path.abspath, given)]
    # Relative to here, where the user wrote it, and not to the run's folder.
    folders = {
        name: os.path.abspath(os.path.expanduser(os.environ[name]))
        for name in ("COURSE_DATA_DIR", "KERAS_HOME")
        if os.environ.get(name)
    }
    return {
        **os.environ,
        **folders,
        **extra,
        processes.RUN_VARIABLE: run_id,
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


def _collect(folder, job, ended, returncode, tree, seconds):
    result = nothing(job["id"], "failed", None) | {
        "seconds": round(seconds, 3),
        "peak_memory_mb": round(tree.peak_mb, 1),
    }
    try:
        result |= json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        result["status"] = "killed"
        result["message"] = f"the runner ended before the notebook did (exit status {returncode})"
    if ended is not None:
        result["status"], result["message"] = ended
    scrub = tidy.scrubber(folder)
    if result["status"] == "killed":
        result["traceback"] = _tail(folder / "log.txt") or result["traceback"]
    for key in ("message", "traceback"):
        result[key] = tidy.shortened(scrub(result[key]), key) if result[key] else None
    result["notebook"] = tidy.clean_notebook(folder / "executed.ipynb", scrub)
    if result["status"] in ("ok", "failed"):
        result["records"] = _records(folder / "records", result)
    return result


def _records(folder, result):
    failed = result["status"] == "failed"
    records = []
    for path in sorted(folder.glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if failed and record["status"] != "failed":
                continue
        except (ValueError, LookupError, TypeError):
            # A notebook that failed may have been writing, and what it wrote may be no record.
            if failed:
                continue
            raise
        record["peak_memory_mb"] = result["peak_memory_mb"]
        record["notebook_seconds"] = result["seconds"]
        records.append(record)
    return records


def _tail(path, lines=15):
    try:
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
