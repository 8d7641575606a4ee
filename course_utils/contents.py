"""The table of lessons that lesson 00 shows: where to click, how long it runs, what you have done."""

import os
from pathlib import Path

from course_tools.desk import syllabus
from course_utils import evidence
from course_utils.errors import CourseError
from course_utils.lesson import records_folder


class Contents:
    """The course's lessons; a notebook shows it as a table with links."""

    def __init__(self, mode: str = "reduced"):
        self.mode = mode
        try:
            self.parts = syllabus.parts(mode=mode)
        except CourseError:
            # Installed without the notebooks, as on Colab: there is nothing to click on.
            self.parts = []

    def rows(self) -> list[tuple[str, str, str, str]]:
        """For each lesson its file's name, title, running time and what was done of it here."""
        # A headless run is nobody's progress.
        done = {} if "COURSE_HEADLESS" in os.environ else done_here()
        return [
            (
                part.name,
                part.title,
                "not yet measured" if part.running is None else f"{part.running:.1f} min",
                _words(done.get(part.name), part.exercises),
            )
            for part in self.parts
        ]

    def _repr_markdown_(self):
        if not self.parts:
            return repr(self)
        lines = [f"| | lesson | runs for, {self.mode} mode | you |", "| --- | --- | --- | --- |"]
        for name, title, running, done in self.rows():
            lines.append(f"| {name[:2]} | [{title}]({name}.ipynb) | {running} | {done} |")
        return "\n".join(lines)

    def __repr__(self):
        if not self.parts:
            return "The other lessons are not in this folder."
        return "\n".join(
            f"{name[:2]} {title} ({running}) {done}".rstrip()
            for name, title, running, done in self.rows()
        )


def done_here(folder: Path | None = None) -> dict[str, tuple[bool, set[str]]]:
    """Lesson to whether a model of it was recorded here, and the names of the exercises solved."""
    folder = folder or records_folder()
    found = {}
    for path in sorted(folder.glob("*.json")):
        if not path.name.endswith(evidence.FAILED):
            found.setdefault(path.name.partition(".")[0], (True, set()))
    for path in sorted((folder / "solved").glob("*.check_*")):
        lesson, _, check = path.name.partition(".")
        found.setdefault(lesson, (False, set()))[1].add(check)
    return found


def _words(done, exercises):
    if done is None:
        return ""
    trained, solved = done
    words = ["trained"] if trained else []
    if solved:
        words.append("all exercises" if len(solved) >= exercises else
                     f"{len(solved)} of {exercises} exercises")  # fmt: skip
    return ", ".join(words)


def table(mode: str = "reduced") -> Contents:
    """The course's lessons as a table, for the last line of a cell."""
    return Contents(mode)
