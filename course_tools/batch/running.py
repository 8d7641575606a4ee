"""The commands that execute notebooks, from their options to their exit code."""

import contextlib
import dataclasses
import os
import re
import shlex
import signal
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

from course_tools.batch import batch, cluster, grid, manifest, plan, progress, security, summary
from course_tools.batch import notebooks as library
from course_utils.errors import BatchError

INTERRUPTED = 130
ALL_DONE = "All runs are done already."


@dataclass(frozen=True)
class Where:
    """Where runs happen: `workers` at a time on this machine, or a `scheduler` with its `tls` files."""

    workers: int = 1
    scheduler: str | None = None
    tls: dict = field(default_factory=dict)


def where_to_run(workers: int | None, scheduler: str | None, tls: dict) -> Where:
    """Where the options say; raises BatchError for two answers, and as `security.credentials`."""
    if workers is not None and scheduler is not None:
        raise BatchError(
            f"--workers {workers} and --scheduler {scheduler} are both given: how many runs go at "
            "a time there is up to the scheduler's own workers. Drop one of the two, for example: "
            f"course run … --scheduler {scheduler}"
        )
    security.credentials(scheduler, tls)
    return Where(workers or 1, scheduler, tls)


def run_batch(notebooks, runs, options, out, resume, where, dry_run=False) -> int:
    """Run a grid into a folder and print its table; returns the exit code.

    0: every run is done. 1: some failed. 130: interrupted. Raises CourseError for everything that
    keeps a batch from starting or its results from being written.
    """
    console = make_console()
    for notebook in notebooks:
        if not library.pair_agrees(notebook.path):
            say(
                console,
                [
                    f"Note: {notebook.path.name} and its .py differ; this runs the .ipynb. "
                    f"Bring them together: course build {notebook.name}"
                ],
            )
    folder = out if out is not None else library.project_root() / "build"
    manifest.check_targets(folder, [run.id for run in runs], [book.path for book in notebooks])
    header = batch.header(runs, notebooks)
    done = manifest.Manifest.done_in(folder, header) if resume else set()
    left = [run for run in runs if run.id not in done]
    # Threads and memory are divided among the workers, so none is started that would have no run;
    # of the whole grid, so that a resumed batch gives its runs the same share as before.
    where = dataclasses.replace(where, workers=max(1, min(where.workers, len(runs))))
    costs = plan.expected_costs(left, notebooks, where.workers)
    if dry_run:
        slots = min(where.workers, len(left))
        said = plan.lines(left, costs, slots, len(done)) if left else [ALL_DONE]
        say(console, [*said, *(run.id for run in left)])
        return 0
    with (
        contextlib.closing(
            manifest.Manifest(folder, header, resume=resume, replace=out is None)
        ) as store,
        terminated_like_interrupted(),
    ):
        try:
            entries = _carry_out(console, notebooks, runs, options, where, store, costs, folder)
            paths = {notebook.name: _name_for_command(notebook) for notebook in notebooks}
            summary.show(console, shown(folder), entries, header, paths)
        except KeyboardInterrupt:
            done = len(store.done())
            what_next = "Finish the others" if done < len(runs) else "Show their table"
            print(
                f"Interrupted: {done} of {len(runs)} runs are done and kept in {shown(folder)}. "
                f"{what_next}: {resume_command()}",
                file=sys.stderr,
            )
            return INTERRUPTED
    failed = sum(entry["status"] != "ok" for entry in entries)
    if failed and len(runs) > 1:
        say(console, [f"Run the failed ones again: {resume_command()}"])
    return 1 if failed else 0


def _carry_out(console, notebooks, runs, options, where, store, costs, folder):
    """The runs' entries, in the order of the grid. Whatever happens, the workers are ended."""
    display = progress.Display(console, {id: cost.seconds for id, cost in costs.items()})
    pool = None
    try:
        if all(run.id in store.done() for run in runs):
            console.print(ALL_DONE)
            return [store.entries[run.id] for run in runs]
        several = len(runs) > 1
        pool = cluster.Pool(where.workers, where.scheduler, where.tls, several)
        slots = pool.capacity() if where.scheduler else where.workers
        left = [run for run in runs if run.id not in store.done()]
        lines = plan.lines(left, costs, min(slots, len(left)), len(runs) - len(left))
        announce(console, lines, pool, where, folder, several)
        return batch.execute(runs, notebooks, pool, store, options, display)
    except KeyboardInterrupt:
        display.stop()
        print("Interrupted; ending the runs that are under way.", file=sys.stderr)
        raise
    finally:
        display.stop()
        if pool is not None:
            pool.close()


def announce(console, lines, pool, where, folder, several):
    """Say what is going to happen, before anything does."""
    say(console, lines)
    if security.is_open_to_network(where.scheduler):
        say(
            console,
            [
                f"Warning: {where.scheduler} is not encrypted, and whoever reaches it can run code as "
                "you. Use TLS: --scheduler tls://… --tls-ca … --tls-cert … --tls-key …"
            ],
        )
    if several:
        dashboard = f"; watch them at {pool.dashboard}" if pool.dashboard else ""
        say(console, [f"Results go to {shown(folder)}{dashboard}"])


# Options


def chosen_seeds(seed: int | None, seeds: str | None) -> list[int] | None:
    """The seeds of --seed or --seeds; raises BatchError for both, or for a negative one."""
    if seed is not None and seeds is not None:
        raise BatchError("--seed and --seeds are both given; --seeds 0-9 alone is enough.")
    if seed is not None and seed < 0:
        raise BatchError(f"--seed is {seed}; expected a whole number from 0. For example: --seed 1")
    return [seed] if seed is not None else grid.parse_seeds(seeds) if seeds is not None else None


def seconds(text: str | None) -> float | None:
    """Seconds from "90", "30min" or "2h"; raises BatchError for anything else."""
    # Dask spells minutes "m" or "minutes".
    text = re.sub(r"mins?\s*$", "m", text) if text else text
    return _quantity(text, "--timeout", "parse_timedelta", "90, 30min or 2h")


def megabytes(text: str | None) -> float | None:
    """MB (10^6 bytes) from "1500MB" or "2GB"; a plain number is MB. Raises BatchError."""
    if text is not None and text.strip().isdecimal():
        text += "MB"
    size = _quantity(text, "--memory-limit", "parse_bytes", "1500MB or 2GB")
    return None if size is None else size / 1e6


def _quantity(text, option, parser, examples):
    if text is None:
        return None
    import dask.utils

    try:
        value = getattr(dask.utils, parser)(text)
    except (ValueError, KeyError, AttributeError):
        value = 0
    if value <= 0:
        raise BatchError(f"{option} is {text!r}; expected for example {examples}.")
    return value


def folder(path: Path | None) -> str | None:
    """The absolute path of an existing folder; raises BatchError for another."""
    if path is None:
        return None
    if not path.is_dir():
        raise BatchError(f"--cwd names {path}, which is not a folder. Make it: mkdir -p {path}")
    return str(path.resolve())


# The terminal


def make_console():
    """A rich console; where no terminal is, lines are wide enough for the table."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=200)


def say(console, lines):
    """Print lines as they are, not wrapped and not coloured."""
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def shown(folder) -> str:
    """A folder as the user would write it: relative to here where that is shorter."""
    path = os.path.relpath(folder)
    return str(folder) if path.startswith("..") else path


def resume_command() -> str:
    """The command line of this process, with --resume."""
    words = ["course", *sys.argv[1:]]
    return shlex.join(words if "--resume" in words else [*words, "--resume"])


def _name_for_command(notebook):
    known = library.lesson_paths().get(notebook.name)
    return notebook.name if known == notebook.path else notebook.path


@contextlib.contextmanager
def terminated_like_interrupted():
    """Let SIGTERM and SIGHUP end a batch as Ctrl-C does: what is done is kept, nothing is half-done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number, frame):
        raise KeyboardInterrupt

    kept = {}
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            kept[name] = signal.signal(getattr(signal, name), interrupt)
    try:
        yield
    finally:
        for name, handler in kept.items():
            signal.signal(getattr(signal, name), handler)
