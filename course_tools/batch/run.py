"""Many notebook runs: send them out, store each result once, retry what failed, say what came of it."""

import collections
import concurrent.futures
import contextlib
import sys
from dataclasses import dataclass, field

from course_tools.batch import grid, manifest, plan, pool, reading, summary, terminal
from course_tools.batch.execution import Job, Result
from course_utils.errors import BatchError

ALL_DONE = "All runs are done already."
# A run that was over its time or memory would be so again; the others may have met an accident.
WORTH_A_RETRY = ("failed", "killed", "lost")
OPEN_TO_NETWORK = (
    "Warning: {} is not encrypted, and whoever reaches it can run code as you. Use TLS: "
    "--scheduler tls://… --tls-ca … --tls-cert … --tls-key …"
)
# While a run's notebook travels home, the next one is already with the worker.
SENT_AHEAD = 2
# How often a run may vanish with its worker before it counts as an attempt.
FREE_LOSSES = 3
# How long to wait for a run to end before the events of the others are shown.
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Options:
    """How and where runs go.

    Attributes:
        timeout: seconds of a run; None means `default_timeout`.
        memory_limit_mb: MB (10^6 bytes) of a run; None means its share of the machine.
        retries: new tries of a run that failed.
        cwd: folder to run in; None means a temporary one each.
        workers: runs at a time on this machine; None means 1.
        scheduler, tls: address of a Dask scheduler, and the paths `ca`, `cert` and `key` for it.
    """

    timeout: float | None = None
    memory_limit_mb: float | None = None
    retries: int = 1
    cwd: str | None = None
    workers: int | None = None
    scheduler: str | None = None
    tls: dict = field(default_factory=dict)

    def check(self) -> None:
        """Raise BatchError for workers and a scheduler together, and as `pool.credentials`."""
        if self.workers is not None and self.scheduler is not None:
            raise BatchError(
                f"--workers {self.workers} and --scheduler {self.scheduler} are both given: how many "
                "runs go at a time there is up to the scheduler's own workers. Drop one of the two, "
                f"for example: course run … --scheduler {self.scheduler}"
            )
        pool.credentials(self.scheduler, self.tls)


def run_batch(notebooks, runs, options: Options, out, resume=False, dry_run=False) -> int:
    """Run a grid into a folder and print its table; returns the exit code.

    0: every run is done. 1: some failed. 130: interrupted. Raises CourseError for everything that
    keeps a batch from starting or its results from being written.
    """
    console = terminal.make_console()
    for notebook in notebooks:
        if notebook.path.suffix == ".ipynb" and not reading.pair_agrees(notebook.path):
            words = f"Note: {notebook.path.name} and its .py differ; this runs the .ipynb. "
            words += f"Bring them together: course build {notebook.name}"
            terminal.say(console, [words])
    folder = out if out is not None else reading.project_root() / "build"
    shown = terminal.shown(folder)
    manifest.check_targets(folder, [run.id for run in runs], [book.path for book in notebooks])
    header = manifest.Header.of(runs, notebooks)
    done = manifest.Manifest.done_in(folder, header) if resume else set()
    left = [run for run in runs if run.id not in done]
    # Threads and memory are divided among the workers, so none is started that would have no run;
    # of the whole grid, so that a resumed batch gives its runs the same share as before.
    workers = max(1, min(options.workers or 1, len(runs)))
    costs = plan.expected_costs(left, notebooks, workers)
    if dry_run:
        slots = min(workers, len(left))
        said = plan.lines(left, costs, slots, len(done)) if left else [ALL_DONE]
        terminal.say(console, [*said, *(run.id for run in left)])
        return 0
    store = manifest.Manifest(folder, header, resume=resume, replace=out is None)
    display = terminal.Display(console, {id: cost.seconds for id, cost in costs.items()})
    with contextlib.closing(store), terminal.terminated_like_interrupted():
        try:
            if left:
                with _workers(options, workers, display) as where:
                    said = plan.lines(left, costs, min(where.capacity(), len(left)), len(done))
                    if pool.is_open_to_network(options.scheduler):
                        said.append(OPEN_TO_NETWORK.format(options.scheduler))
                    if where.dashboard:
                        said.append(f"Watch the workers at {where.dashboard}")
                    if len(runs) > 1:
                        said.append(f"Results go to {shown}")
                    terminal.say(console, said)
                    carry_out(runs, notebooks, where, store, options, display)
            else:
                terminal.say(console, [ALL_DONE])
            entries = [store.entries[run.id] for run in runs]
            known = reading.lesson_paths()
            paths = {b.name: b.name if known.get(b.name) == b.path else b.path for b in notebooks}
            summary.show(console, shown, entries, header, paths)
        except KeyboardInterrupt:
            done = len(store.done())
            what_next = "Finish the others" if done < len(runs) else "Show their table"
            print(
                f"Interrupted: {done} of {len(runs)} runs are done and kept in {shown}. "
                f"{what_next}: {terminal.resume_command()}",
                file=sys.stderr,
            )
            return terminal.INTERRUPTED
    failed = any(entry.status != "ok" for entry in entries)
    if failed and len(runs) > 1:
        terminal.say(console, [f"Run the failed ones again: {terminal.resume_command()}"])
    return 1 if failed else 0


@contextlib.contextmanager
def _workers(options, workers, display):
    """The pool, which is closed whatever happens, after the display has said what it has to say."""
    with contextlib.ExitStack() as stack:
        try:
            if options.scheduler is None:
                where = pool.Threads(workers)
            else:
                where = pool.Workers(options.scheduler, options.tls, display.note)
            stack.callback(where.close)
            yield where
        except KeyboardInterrupt:
            display.stop()
            print("Interrupted; ending the runs that are under way.", file=sys.stderr)
            raise
        finally:
            display.stop()


def carry_out(runs, notebooks, where, store: manifest.Manifest, options: Options, display) -> None:
    """Run what `store` does not show as done, and store what comes of each run.

    `where` is one of `pool`'s. Nothing raises for a run that fails: its entry says so. Raises
    BatchError when a result cannot be written or the scheduler stays away; the runs under way are
    then the pool's to end.
    """
    by_name = {notebook.name: notebook for notebook in notebooks}
    settings, done = manifest.settings(), store.done()
    waiting = collections.deque((run, 1) for run in runs if run.id not in done)
    # Future to run and attempt; how often each run has vanished, and how often it began since sent.
    pending, losses, begun = {}, collections.Counter(), collections.Counter()
    display.start(total=len(runs), done=len(done))
    while waiting or pending:
        while waiting and len(pending) < SENT_AHEAD * max(1, where.capacity()):
            run, attempt = waiting.popleft()
            begun[run.id] = 0
            limit = options.timeout or default_timeout(run, display.expected.get(run.id))
            source, memory = by_name[run.notebook].source, options.memory_limit_mb
            job = Job(run.id, source, run.parameters, limit, memory, options.cwd, settings)
            pending[where.submit(job)] = run, attempt
        ended = concurrent.futures.wait(
            pending, timeout=LOOK_SECONDS, return_when=concurrent.futures.FIRST_COMPLETED
        ).done
        for id, index, count in where.events():
            if index:
                display.cell(id, index, count)
                continue
            begun[id] += 1
            if begun[id] > 1:
                # Its worker has ended, and the scheduler has given it to another one.
                losses[id] += 1
                display.gone(id)
                if losses[id] > FREE_LOSSES:
                    _give_up(pending, id)
        for future in ended:
            run, attempt = pending.pop(future)
            try:
                result = future.result()
            except pool.Lost as error:
                losses[run.id] += 1
                if losses[run.id] <= FREE_LOSSES:
                    display.gone(run.id)
                    waiting.appendleft((run, attempt))
                    continue
                words = (
                    f"it vanished {losses[run.id]} times before it was done ({error}); the wall time "
                    "of a cluster's job has to be longer than the run takes"
                )
                result = Result(run.id, "lost", words)
            except Exception as error:
                words = f"no worker could finish it ({pool.short(error)})"
                result = Result(run.id, "lost", words)
            again = is_worth_a_retry(result) and attempt <= options.retries
            if again:
                waiting.append((run, attempt + 1))
            else:
                store.store(result, attempt)
            display.finished(run.id, result, again)
        display.idle(where.capacity())
    display.stop()


def _give_up(pending, id):
    for future, (run, _) in pending.items():
        if run.id == id:
            with contextlib.suppress(concurrent.futures.InvalidStateError):
                future.set_exception(pool.Lost("its workers ended before it did"))


def default_timeout(run: grid.Run, expected: float | None) -> float:
    """Seconds after which a run hangs rather than works: 20 times what it should take, or hours."""
    longest = {"smoke": 1800.0, "reduced": 4 * 3600.0}.get(run.mode, 48 * 3600.0)
    return min(longest, max(1200.0, 20 * expected)) if expected else longest


def is_worth_a_retry(result: Result) -> bool:
    """Whether another try may end better: not for a run that diverged, as its seed would again."""
    # A run that failed brings the records of what diverged, and no others.
    return result.status in WORTH_A_RETRY and not result.records
