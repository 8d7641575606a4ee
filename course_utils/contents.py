"""The table of lessons that lesson 00 shows: where to click, how long it runs, what you have done."""

import json
import os
import re
import threading
import time
from pathlib import Path
from urllib.parse import quote

from course_utils import evidence
from course_utils.evidence.records import FAILED, records_folder


class Contents:
    """The lessons in a folder, default the current one; a notebook shows them as a table with links.

    The table that was shown last follows what is done in other notebooks, as long as its kernel lives.
    """

    SECONDS = 2.0  # between two looks
    shown_last = None

    def __init__(self, mode: str = "reduced", folder: Path | None = None):
        self.mode = mode
        self.folder = folder
        self.lessons = lessons_in(folder := Path(folder or "."))
        self.newer = {
            p.name.partition(" ")[0]: p.name for p in folder.glob("* (new edition*.ipynb")
        }
        # What was executed headlessly, as for the site, is not what somebody did.
        self.done = {}
        if "COURSE_HEADLESS" not in os.environ:
            for name, (trained, solved) in done_in(records_folder()).items():
                before = self.done.get(
                    now := name_today(name, self.lessons) or name, (False, set())
                )
                self.done[now] = (trained or before[0], solved | before[1])

    def rows(self) -> list[tuple[str, str, str, str]]:
        """For each lesson its file's name, title, running time and what was done of it here."""
        found = []
        for name, (title, exercises) in self.lessons.items():
            cost = evidence.lesson_cost(name, self.mode)
            trained, solved = self.done.get(name, (False, set()))
            count = "all" if len(solved) >= exercises else f"{len(solved)} of {exercises}"
            done = ["trained"] * trained + [f"{count} exercises"] * bool(solved)
            minutes = f"{cost[0] / 60:.1f} min" if cost else "not yet measured"
            found.append((name, title, minutes, ", ".join(done)))
        return found

    def _ipython_display_(self):
        from IPython.display import display

        handle = display(self._shown(), raw=True, display_id=True)
        if handle is not None and "COURSE_HEADLESS" not in os.environ:
            Contents.shown_last = self
            threading.Thread(target=self._follow, args=(handle,), daemon=True).start()

    def _shown(self):
        return {"text/markdown": self._repr_markdown_(), "text/plain": repr(self)}

    def _follow(self, handle):
        while Contents.shown_last is self:
            time.sleep(self.SECONDS)
            now = Contents(self.mode, self.folder)
            # The cell may have been run again while this looked.
            if now.done != self.done and Contents.shown_last is self:
                self.done = now.done
                handle.update(now._shown(), raw=True)

    def _repr_markdown_(self):
        if not self.lessons:
            return repr(self)
        lines = [f"| | lesson | runs for, {self.mode} mode | you |", "| --- | --- | --- | --- |"]
        for name, title, minutes, done in self.rows():
            newer = f", [new edition]({quote(self.newer[name])})" if name in self.newer else ""
            lines.append(f"| {name[:2]} | [{title}]({name}.ipynb){newer} | {minutes} | {done} |")
        return "\n".join(lines)

    def __repr__(self):
        lines = [
            f"{name[:2]} {title} ({minutes}) {done}".rstrip()
            for name, title, minutes, done in self.rows()
        ]
        # Installed without the notebooks, as on Colab, there is nothing to click on.
        return "\n".join(lines) or "The other lessons are not in this folder."


def lessons_in(folder: Path) -> dict[str, tuple[str, int]]:
    """Name of each numbered .ipynb in a folder to its title and its number of exercises."""
    found = {}
    for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        # A learner's copies and newer editions have words in brackets behind the name.
        if not re.fullmatch(r"\w+", path.stem):
            continue
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            texts = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
        except (OSError, ValueError, LookupError, TypeError):
            continue
        prose = "\n\n".join(texts)
        title = re.search(r"^# +(.+?) *$", prose, re.MULTILINE)
        exercises = re.findall(r"^## Exercise\b", prose, re.MULTILINE)
        found[path.stem] = (title[1] if title else path.stem, len(exercises))
    return found


def name_today(name: str, lessons) -> str | None:
    """Which of `lessons` bears a name that may be an older one; None where none does.

    A lesson that was renamed has kept its topic or, if not, its number: "04_norm" for "05_norm".
    """
    kept = [lesson for lesson in lessons if lesson[3:] == name[3:]]
    kept += [lesson for lesson in lessons if lesson[:3] == name[:3]]
    return name if name in lessons else next(iter(kept), None)


def done_in(records: Path) -> dict[str, tuple[bool, set[str]]]:
    """Lesson to whether a model of it was recorded here, and the names of the exercises solved."""
    found = {}
    for path in sorted(records.glob("*.json")):
        if not path.name.endswith(FAILED):
            found.setdefault(path.name.partition(".")[0], (True, set()))
    for path in sorted((records / "solved").glob("*.check_*")):
        lesson, _, check = path.name.partition(".")
        found.setdefault(lesson, (False, set()))[1].add(check)
    return found


# For the last line of a cell: contents.table().
table = Contents
