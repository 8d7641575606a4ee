"""What a person sees while notebooks run, and how they end it: display, lines, Ctrl-C.

On a terminal the display is redrawn in place; elsewhere there are plain lines.
"""

import contextlib
import os
import shlex
import signal
import sys
import threading
import time

# On a terminal the display moves by itself; elsewhere a long run says that often that it lives.
SECONDS_BETWEEN_LINES = 10
# Exit code of what Ctrl-C has ended, as shells give it.
INTERRUPTED = 130


class Display:
    """Progress of many runs, on a rich console.

    `expected` maps run ids to the seconds that they should take, where known. All methods are
    called from one thread.
    """

    def __init__(self, console, expected=None):
        self.expected = expected or {}
        self._console, self._bars, self._all = console, None, None
        self._running, self._total, self._done, self._failed = {}, 0, 0, 0
        self._quiet_since = time.monotonic()

    def start(self, total: int, done: int) -> None:
        """Begin: `done` of `total` runs are there already."""
        from rich import progress

        self._total, self._done = total, done
        if done:
            self.note(f"{done} of {total} runs are done already")
        if self._console.is_terminal:
            self._bars = progress.Progress(
                progress.TextColumn("{task.description}", markup=False),
                progress.MofNCompleteColumn(),
                progress.TimeElapsedColumn(),
                progress.TextColumn("{task.fields[more]}"),
                console=self._console,
                transient=True,
            )
            self._all = self._bars.add_task("runs", total=total, completed=done, more="")
            self._bars.start()

    def cell(self, id: str, index: int, count: int) -> None:
        """A run has come to its code cell `index` of `count`."""
        now = time.monotonic()
        about = f" of about {clock(self.expected[id])}" if id in self.expected else ""
        if self._bars is not None:
            if id not in self._running:
                self._running[id] = self._bars.add_task(id, total=count, more=about)
            self._bars.update(self._running[id], completed=index, total=count)
            return
        # A run alone says at once that it has started.
        begun = (now, now if self._total > 1 else now - SECONDS_BETWEEN_LINES)
        began, said = self._running.get(id, begun)
        if now - said >= SECONDS_BETWEEN_LINES:
            said = now
            # In a large batch the lines of finished runs say enough.
            if self._total <= 20 or now - began > SECONDS_BETWEEN_LINES:
                self.note(f"{id}: cell {index}/{count}, {clock(now - began)}{about}")
        self._running[id] = (began, said)

    def gone(self, id: str) -> None:
        """A run is no longer under way: it has ended, or vanished with its worker or scheduler."""
        begun = self._running.pop(id, None)
        if self._bars is not None and begun is not None:
            self._bars.remove_task(begun)

    def finished(self, id: str, result, again: bool) -> None:
        """A run has ended with an `execution.Result`; `again` when it will be tried once more."""
        self.gone(id)
        words = "done" if result.status == "ok" else f"{result.status}: {result.message}"
        if again:
            words += "; trying again"
        else:
            self._done += 1
            self._failed += result.status != "ok"
        if self._bars is not None:
            failed = f"{self._failed} failed" if self._failed else ""
            self._bars.update(self._all, completed=self._done, more=failed)
        self.note(f"[{self._done}/{self._total}] {id}: {words} ({clock(result.seconds)})")

    def idle(self, capacity: int) -> None:
        """Called about twice a second: so many runs can be held at once."""
        now = time.monotonic()
        if capacity:
            self._quiet_since = now
        elif now - self._quiet_since > SECONDS_BETWEEN_LINES:
            self._quiet_since = now
            self.note("no worker that fits is connected; waiting for one")

    def note(self, line: str) -> None:
        """Print one line, above the bars if there are any."""
        say(self._console, [line])

    def stop(self) -> None:
        """End the bars; may be called twice."""
        if self._bars is not None:
            self._bars.stop()


def clock(seconds: float) -> str:
    """A duration for people: 0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def make_console():
    """A rich console; where no terminal is, lines are wide enough for the table."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=200)


def say(console, lines) -> None:
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


@contextlib.contextmanager
def terminated_like_interrupted():
    """Let SIGTERM and SIGHUP end a batch as Ctrl-C does: what is done is kept, nothing is half-done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number, frame):
        raise KeyboardInterrupt

    kept = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
