"""Many notebook runs: send them out, store each result once, retry what failed, tell the truth at the end."""

from collections import deque
from dataclasses import dataclass

from course_utils import grid, manifest

WORTH_A_RETRY = ("failed", "killed", "lost")


@dataclass
class Options:
    """How to run a batch: limits a run (`timeout` in seconds, `memory_limit_mb`), and `retries`."""

    timeout: float | None = None
    memory_limit_mb: float | None = None
    retries: int = 1
    cwd: str | None = None


def header(runs, notebooks) -> dict:
    """What the manifest keeps of a grid."""
    return {
        "runs": [run.id for run in runs],
        "notebooks": {notebook.name: notebook.digest for notebook in notebooks},
        "parameters": {run.id: {"notebook": run.notebook, **run.parameters} for run in runs},
    }


def execute(
    runs, notebooks, pool, store: manifest.Manifest, options: Options, display
) -> list[dict]:
    """Run what `store` does not show as done; returns the last manifest entry of every run.

    Nothing raises for a run that fails: its entry says so. BatchError when a result cannot be
    written; KeyboardInterrupt passes through, after the runs under way were ended by `pool.close`.
    """
    sources = {notebook.name: notebook.source for notebook in notebooks}
    by_id = {run.id: run for run in runs}
    done = store.done()
    waiting = deque((run, 1) for run in runs if run.id not in done)
    attempts = {}
    display.start(total=len(runs), done=len(done))
    while waiting or attempts:
        while waiting and len(attempts) < max(2, 2 * pool.capacity()):
            run, attempt = waiting.popleft()
            attempts[run.id] = attempt
            pool.submit(_job(run, sources[run.notebook], options))
        for kind, id, *details in pool.events(timeout=0.5):
            if id not in attempts:
                continue
            if kind == "cell":
                display.cell(id, *details)
                continue
            attempt = attempts.pop(id)
            result = details[0] if kind == "done" else _lost(id, details[0])
            again = result["status"] in WORTH_A_RETRY and attempt <= options.retries
            if again:
                waiting.append((by_id[id], attempt + 1))
            else:
                run = by_id[id]
                names = record_names(run, result["records"])
                store.store(result, names, attempts=attempt, mode=run.mode)
            display.finished(id, result, again)
        display.tick()
    display.stop()
    return [store.entries[run.id] for run in runs]


def _job(run, source, options):
    return {
        "id": run.id,
        "notebook": source,
        "parameters": run.parameters,
        "timeout": options.timeout,
        "memory_limit_mb": options.memory_limit_mb,
        "cwd": options.cwd,
    }


def _lost(id, reason):
    return {
        "id": id,
        "status": "lost",
        "message": f"no worker could finish it ({reason})",
        "traceback": None,
        "cell": None,
        "cells": 0,
        "cell_seconds": [],
        "seconds": 0.0,
        "peak_memory_mb": 0.0,
        "notebook": None,
        "records": [],
    }


def record_names(run: grid.Run, records) -> list[str]:
    """File names for a run's records, which no other run of the grid uses.

    A record's own name tells lesson, model, techniques, mode and seed. Whatever else a run was
    given is added, or two runs of a grid would overwrite each other's records.
    """
    own = {k: v for k, v in run.parameters.items() if k not in ("mode", "seed")}
    suffix = "." + grid.run_id("", own).strip(".") if own else ""
    names = []
    for record in records:
        parts = [
            record["lesson"],
            record["model"],
            record["techniques"] or "plain",
            record["mode"],
            f"seed{record['seed']}",
        ]
        names.append(".".join(map(str, parts)) + suffix + ".json")
    return names
