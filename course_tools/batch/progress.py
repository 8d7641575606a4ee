"""What a person sees while notebooks run: redrawn in place on a terminal, plain lines elsewhere."""

import time

# On a terminal the display moves by itself; elsewhere a long run says that often that it lives.
SECONDS_BETWEEN_LINES = 10


class Display:
    """Progress of many runs, on a rich console.

    `expected` maps run ids to the seconds that they should take, where known. All methods are
    called from one thread.
    """

    def __init__(self, console, expected=None):
        self.expected = expected or {}
        self._console, self._live, self._began = console, None, time.monotonic()
        self._running, self._total, self._done, self._failed = {}, 0, 0, 0
        self._quiet_since, self._waiting = time.monotonic(), ""

    def start(self, total: int, done: int) -> None:
        """Begin: `done` of `total` runs are there already."""
        self._total, self._done = total, done
        if done:
            self.note(f"{done} of {total} runs are done already")
        if self._console.is_terminal and done < total:
            from rich.live import Live

            self._live = Live(
                console=self._console,
                get_renderable=self._render,
                refresh_per_second=4,
                transient=True,
            )
            self._live.start()

    def cell(self, id: str, index: int, count: int) -> None:
        """A run has come to its code cell `index` of `count`."""
        now = time.monotonic()
        # A run alone says at once that it has started.
        said = now if self._total > 1 else now - SECONDS_BETWEEN_LINES
        began, said, *_ = self._running.get(id, (now, said, 0, 0))
        if self._live is None and now - said >= SECONDS_BETWEEN_LINES:
            said = now
            about = f" of about {clock(self.expected[id])}" if id in self.expected else ""
            # In a large batch the lines of finished runs say enough.
            if self._total <= 20 or now - began > SECONDS_BETWEEN_LINES:
                self.note(f"{id}: cell {index}/{count}, {clock(now - began)}{about}")
        self._running[id] = (began, said, index, count)

    def gone(self, id: str) -> None:
        """A run has vanished with its worker or scheduler, and will be sent again."""
        self._running.pop(id, None)

    def finished(self, id: str, result: dict, again: bool) -> None:
        """A run has ended; `again` when it will be tried once more."""
        self._running.pop(id, None)
        words = "done" if result["status"] == "ok" else f"{result['status']}: {result['message']}"
        if again:
            words += "; trying again"
        else:
            self._done += 1
            self._failed += result["status"] != "ok"
        self.note(f"[{self._done}/{self._total}] {id}: {words} ({clock(result['seconds'])})")

    def idle(self, waiting: int, capacity: int) -> None:
        """Called about twice a second: `waiting` runs are not yet sent, workers hold `capacity`."""
        self._waiting = "" if capacity else "no worker that fits is connected; waiting for one"
        if self._live is None and not capacity:
            now = time.monotonic()
            if now - self._quiet_since > SECONDS_BETWEEN_LINES:
                self._quiet_since = now
                self.note(self._waiting)

    def note(self, line: str) -> None:
        """Print one line, above the live display if there is one."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def stop(self) -> None:
        """End the live display; may be called twice."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _render(self):
        from rich.table import Table

        now = time.monotonic()
        table = Table(box=None, pad_edge=False)
        table.add_column("running", no_wrap=True)
        for title in ("cell", "elapsed", "expected"):
            table.add_column(title, justify="right")
        for id, (began, _, index, count) in list(self._running.items()):
            expected = clock(self.expected[id]) if id in self.expected else ""
            table.add_row(id, f"{index}/{count}", clock(now - began), expected)
        failed = f", {self._failed} failed" if self._failed else ""
        words = f"{self._done} of {self._total} runs{failed}, {clock(now - self._began)}"
        table.caption = f"{words}  {self._waiting}".rstrip()
        table.caption_justify = "left"
        return table


def clock(seconds: float) -> str:
    """A duration for people: 0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
