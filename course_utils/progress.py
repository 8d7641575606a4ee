"""What a person sees while notebooks run: a live table on a terminal, plain lines elsewhere."""

import time


class Display:
    """Progress of a batch as plain lines, or redrawn in place on a terminal.

    `expected` maps run ids to the seconds that they are expected to take, where known.
    """

    def __init__(self, console, expected=None):
        self._console, self._expected = console, expected or {}
        self._running, self._total, self._done, self._live = {}, 0, 0, None
        self._began = time.monotonic()

    def start(self, total, done):
        self._total, self._done = total, done
        if done:
            self._console.print(f"{done} of {total} runs are done already")
        if self._console.is_terminal:
            from rich.live import Live

            self._live = Live(
                console=self._console, get_renderable=self._render, refresh_per_second=4
            )
            self._live.start()

    def cell(self, id, index, count):
        began, last, _, _ = self._running.get(id, (time.monotonic(), 0.0, 0, 0))
        now = time.monotonic()
        if self._live is None and now - last > 10:
            last = now
            self._say(f"{id}: cell {index}/{count}, {_clock(now - began)}{self._expect(id)}")
        self._running[id] = (began, last, index, count)

    def finished(self, id, result, again):
        self._running.pop(id, None)
        if not again:
            self._done += 1
        words = "done" if result["status"] == "ok" else f"{result['status']}: {result['message']}"
        words += "; once more" if again else ""
        self._say(f"[{self._done}/{self._total}] {id}: {words}, {_clock(result['seconds'])}")

    def tick(self):
        """Called about twice a second, also when nothing happens."""

    def stop(self):
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _say(self, line):
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _expect(self, id):
        return f" of about {_clock(self._expected[id])}" if id in self._expected else ""

    def _render(self):
        from rich.table import Table

        now = time.monotonic()
        table = Table(box=None, pad_edge=False)
        for title in ("running", "cell", "elapsed", "expected"):
            table.add_column(title, justify="left" if title == "running" else "right")
        for id, (began, _, index, count) in self._running.items():
            expected = _clock(self._expected[id]) if id in self._expected else "unknown"
            table.add_row(id, f"{index}/{count}", _clock(now - began), expected)
        table.caption = f"{self._done} of {self._total} runs, {_clock(now - self._began)}"
        table.caption_justify = "left"
        return table


def _clock(seconds):
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
