"""One notebook run, in a process of its own: `python -m course_tools.batch.runner JOB_DIR`.

The folder holds `job.json` (parameters, working folder) and `notebook.ipynb`. The process executes the
notebook with papermill, writes `executed.ipynb` and `outcome.json` beside them, and prints one JSON
line a cell on standard output: `{"event": "cell", "index": 3, "count": 14}`. Its standard input is
the lifeline: when the parent dies the pipe closes, and the process takes its kernel down with it.

`supervisor.py` is the parent's side.
"""

import ctypes
import json
import os
import re
import signal
import sys
import threading
from pathlib import Path

PR_SET_PDEATHSIG = 1
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def execute(folder: Path, emit) -> dict:
    """Execute `notebook.ipynb` of a job folder and return the outcome.

    `emit(dict)` is called when a code cell starts. The outcome holds `status` ("ok", "failed" or
    "killed"), `message` (one sentence or None), `traceback` (text or None), `cell` (1-based number
    of the code cell that ended the run, or None), `cells` (number of code cells) and
    `cell_seconds` (list of floats). It rests on the exception that was raised: papermill's own
    metadata call the cell of a dead kernel "completed".
    """
    # jsonschema would load a grammar of URIs and one of durations, which take a second to build and
    # which notebooks never use; it does without what cannot be imported.
    for name in ("rfc3987_syntax", "isoduration"):
        sys.modules.setdefault(name, None)
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import execute_notebook, remove_error_markers
    from papermill.iorw import load_notebook_node, write_ipynb

    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    source, target = folder / "notebook.ipynb", folder / "executed.ipynb"
    progress = _Progress(emit)
    engine = _register_engine(progress)
    status, message, traceback = "ok", None, None
    try:
        execute_notebook(
            str(source),
            str(target),
            parameters=job["parameters"],
            engine_name=engine,
            progress_bar=False,
            cwd=job.get("cwd") or str(folder),
            start_timeout=120,
        )
        if progress.error is not None:
            # papermill lets SystemExit(0) pass, although the cells after it have not run.
            status, message = _after_exit(progress)
    except PapermillExecutionError as error:
        if progress.error is None:
            # Only cells tagged raises-exception failed, and everything after them ran.
            write_ipynb(remove_error_markers(load_notebook_node(str(target))), str(target))
        else:
            status = "failed"
            message = f"cell {progress.index} raised {error.ename}: {ANSI.sub('', error.evalue)}"
            traceback = "\n".join(error.traceback) or str(progress.error)
    except DeadKernelError:
        status = "killed"
        message = f"the kernel died while {progress.place()}"
    except Exception as error:
        # nbclient has no exception of its own for a kernel that died while it started.
        status = "killed" if str(error).startswith("Kernel died") else "failed"
        message = f"the notebook could not be executed: {_first_line(error)}"
        traceback = f"{type(error).__name__}: {error}"
    ended_at = None if status == "ok" else progress.index or None
    return {
        "status": status,
        "message": _first_line(message) if message else None,
        "traceback": ANSI.sub("", traceback) if traceback else None,
        "cell": ended_at,
        "cells": progress.count,
        "cell_seconds": [round(seconds, 3) for seconds in progress.seconds],
    }


class _Progress:
    """What the engine saw: which code cell runs, how long each took, and the error that ended it."""

    def __init__(self, emit):
        self.emit, self.index, self.count = emit, 0, 0
        self.seconds, self.error, self.unrun = [], None, 0

    def place(self):
        return f"cell {self.index} of {self.count} ran" if self.index else "it started"


def _register_engine(progress):
    from time import monotonic

    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.log import logger

    class CourseEngine(NBClientEngine):
        """papermill's engine, with progress, and a kernel that cannot outlive its runner."""

        @classmethod
        def execute_managed_notebook(cls, nb_man, kernel_name, start_timeout=60, **kwargs):
            progress.count = sum(_is_code(cell) for cell in nb_man.nb.cells)
            start, complete, fail = nb_man.cell_start, nb_man.cell_complete, nb_man.cell_exception
            began = 0.0

            def cell_start(cell, cell_index=None, **kw):
                nonlocal began
                began = monotonic()
                if _is_code(cell):
                    progress.index += 1
                    progress.emit(
                        {"event": "cell", "index": progress.index, "count": progress.count}
                    )
                start(cell, cell_index, **kw)

            def cell_complete(cell, cell_index=None, **kw):
                if _is_code(cell):
                    progress.seconds.append(monotonic() - began)
                complete(cell, cell_index, **kw)

            def cell_exception(cell, cell_index=None, exception=None, **kw):
                progress.error = exception
                progress.unrun = sum(_is_code(c) for c in nb_man.nb.cells[cell_index + 1 :])
                fail(cell, cell_index, exception=exception, **kw)

            nb_man.cell_start, nb_man.cell_complete = cell_start, cell_complete
            nb_man.cell_exception = cell_exception
            client = PapermillNotebookClient(
                nb_man,
                kernel_name=kernel_name,
                startup_timeout=start_timeout,
                timeout=None,
                log=logger,
                config=_kernel_config(),
            )
            options = {"preexec_fn": _die_with_parent} if _LIBC is not None else {}
            return client.execute(**options)

    papermill_engines.register("course", CourseEngine)
    return "course"


def _kernel_config():
    """Kernel and runner talk over Unix sockets where they can.

    No port can be taken by another run in between, and nobody else on the machine can listen.
    A socket's path may hold about 100 characters, so a long temporary folder falls back to TCP.
    """
    import tempfile

    from traitlets.config import Config

    if os.name != "posix" or len(tempfile.gettempdir()) > 60:
        return Config()
    return Config({"KernelManager": {"transport": "ipc"}})


def _is_code(cell):
    return cell.cell_type == "code" and bool(cell.source.strip())


def _after_exit(progress):
    if progress.unrun == 0:
        return "ok", None
    left = f"{progress.unrun} cell{'s' if progress.unrun > 1 else ''}"
    return "failed", f"cell {progress.index} left the notebook (SystemExit); {left} did not run"


def _first_line(error):
    lines = [line for line in ANSI.sub("", str(error)).splitlines() if line.strip()]
    return lines[0].strip() if lines else type(error).__name__


# Staying together: the kernel dies with the runner, the runner with its parent.

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent():
    """Run in the new kernel process: ask Linux to end it when the runner ends, however it ends."""
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch_lifeline():
    """End this process and everything below it once standard input closes."""

    def wait():
        while os.read(0, 4096):
            pass
        import psutil

        for child in psutil.Process().children(recursive=True):
            try:
                child.kill()
            except psutil.Error:
                continue
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main(folder: str) -> None:
    """Run the job in `folder` and leave its outcome there."""
    # The pipe to the parent is kept apart, so that what a kernel prints cannot mix into it.
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _watch_lifeline()

    def emit(event):
        print(json.dumps(event), file=pipe, flush=True)

    outcome = execute(Path(folder), emit)
    (Path(folder) / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")
    emit({"event": "end"})


if __name__ == "__main__":
    main(sys.argv[1])
    # Everything is written; tearing the interpreter down would cost a tenth of a second.
    os._exit(0)
