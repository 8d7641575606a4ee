"""Many notebook runs: send them out, store each result once, retry what failed, say what came of it."""

import os
import shlex
from collections import deque
from dataclasses import dataclass

from course_tools.batch import grid, manifest, supervisor
from course_tools.batch import notebooks as library

# A run that was over its time or memory would be so again; the others may have met an accident.
WORTH_A_RETRY = ("failed", "killed", "lost")
# While a run's notebook travels home, the next one is already with the worker.
SENT_AHEAD = 2
TRAVELLING = ("KERAS_BACKEND", "COURSE_PRECISION", "COURSE_THREADS")


@dataclass
class Options:
    """Limits of a run (`timeout` in seconds, `memory_limit_mb` in MB), `retries`, its folder `cwd`.

    Without a timeout a run may take `default_timeout`; without a memory limit it may use its
    share of the machine.
    """

    timeout: float | None = None
    memory_limit_mb: float | None = None
    retries: int = 1
    cwd: str | None = None


def settings() -> dict[str, str]:
    """What the user chose by environment variables; it holds on every host."""
    return {name: os.environ[name] for name in TRAVELLING if name in os.environ}


def header(runs, notebooks) -> dict:
    """What the manifest keeps of a grid."""
    return {
        "settings": settings(),
        "notebooks": {notebook.name: notebook.digest for notebook in notebooks},
        "runs": {run.id: {"notebook": run.notebook, "parameters": run.parameters} for run in runs},
    }


def default_timeout(run: grid.Run, expected: float | None) -> float:
    """Seconds after which a run hangs rather than works: 20 times what it should take, or hours."""
    longest = {"smoke": 1800.0, "reduced": 4 * 3600.0}.get(run.mode, 48 * 3600.0)
    return min(longest, max(1200.0, 20 * expected)) if expected else longest


def execute(
    runs, notebooks, pool, store: manifest.Manifest, options: Options, display
) -> list[dict]:
    """Run what `store` does not show as done; returns the manifest's entry of every run.

    Nothing raises for a run that fails: its entry says so. Raises BatchError when a result cannot
    be written or the scheduler stays away; the runs under way are then the pool's to end.
    """
    by_name = {notebook.name: notebook for notebook in notebooks}
    by_id = {run.id: run for run in runs}
    done = store.done()
    waiting = deque((run, 1) for run in runs if run.id not in done)
    attempts = {}
    display.start(total=len(runs), done=len(done))
    while waiting or attempts:
        while (
            waiting and pool.takes_jobs() and len(attempts) < SENT_AHEAD * max(1, pool.capacity())
        ):
            run, attempt = waiting.popleft()
            pool.submit(job(run, by_name[run.notebook], options, display.expected.get(run.id)))
            attempts[run.id] = attempt
        for kind, id, *details in pool.events(timeout=0.5):
            if kind == "note":
                display.note(details[0])
            elif id not in attempts:
                continue
            elif kind == "cell":
                display.cell(id, *details)
            elif kind == "lost":
                # Nobody's fault, so it costs the run none of its attempts.
                display.gone(id)
                waiting.appendleft((by_id[id], attempts.pop(id)))
            else:
                attempt = attempts.pop(id)
                if kind == "done":
                    result = details[0]
                else:
                    words = f"no worker could finish it ({details[0]})"
                    result = supervisor.nothing(id, "lost", words)
                again = worth_a_retry(result) and attempt <= options.retries
                if again:
                    waiting.append((by_id[id], attempt + 1))
                else:
                    names = record_names(by_id[id], result["records"])
                    store.store(result, names, attempts=attempt, mode=by_id[id].mode)
                display.finished(id, result, again)
        display.idle(len(waiting), pool.capacity())
    display.stop()
    return [store.entries[run.id] for run in runs]


def job(run: grid.Run, notebook: library.Notebook, options: Options, expected=None) -> dict:
    """What a worker is sent (see `supervisor.run`)."""
    return {
        "id": run.id,
        "notebook": notebook.source,
        "parameters": run.parameters,
        "timeout": options.timeout or default_timeout(run, expected),
        "memory_limit_mb": options.memory_limit_mb,
        "cwd": options.cwd,
        "env": settings(),
    }


def worth_a_retry(result: dict) -> bool:
    """Whether another try may end better: not for a run that diverged, as its seed would again."""
    # A run that failed brings the records of what diverged, and no others.
    return result["status"] in WORTH_A_RETRY and not result["records"]


def record_names(run: grid.Run, records) -> list[str]:
    """File names for a run's records, which no other run of the grid uses: RUN.json, RUN~2.json, ...

    They are the run's, whatever the records say: a copy of a notebook still names its original in
    them, and techniques in another order are the same ones. No id of a run holds a "~".
    """
    return [
        f"{run.id}~{number}.json" if number > 1 else f"{run.id}.json"
        for number, _ in enumerate(records, start=1)
    ]


def command_for(run: grid.Run, path) -> str:
    """The command that runs one run of a grid alone."""
    words = ["course", "run", str(path)]
    for name, value in run.parameters.items():
        text = repr(value) if isinstance(value, str) and "," in value else str(value)
        # Only the course's own modes are an option's.
        option = name == "seed" or (name == "mode" and grid.is_mode(value))
        words += [f"--{name}", text] if option else ["--param", f"{name}={text}"]
    return shlex.join(words)
