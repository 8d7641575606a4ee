"""A plan of the lessons for N sessions of M minutes: in order, as many in a session as it holds.

Running times come from the reference costs. How fast people read was not measured: prose is counted
at so many words a minute and an exercise at so many minutes, and the plan says which.
"""

import json
import re
from dataclasses import dataclass

from course_tools.batch import grid, reading
from course_utils import evidence, machine
from course_utils.errors import CourseError


@dataclass(frozen=True)
class Pace:
    """How fast a class is: words read in a minute, minutes for an exercise."""

    words: int = 130
    exercise: int = 10


@dataclass(frozen=True)
class Part:
    """One lesson of a plan: `running` is minutes on `measured_on`, None while it is not measured."""

    name: str
    title: str
    running: float | None
    measured_on: str | None
    words: int
    exercises: int

    def minutes(self, pace: Pace) -> int:
        """Whole minutes for running, as far as measured, reading and exercises together."""
        reading = self.words / pace.words
        return round((self.running or 0) + reading + self.exercises * pace.exercise)


def parts(names=(), mode: str = "reduced") -> list[Part]:
    """The numbered lessons, or those named, in the course's order, with what is known of them."""
    known = reading.lesson_paths()
    chosen = [reading.find_notebook_path(name).stem for name in names] or known
    found = [name for name in known if name in chosen and reading.NUMBERED.fullmatch(name)]
    if not found:
        raise CourseError("There is no lesson to plan. The course's lessons: course run --list")
    hardware = machine.detect().hardware
    return [_part(name, reading.read_notebook(known[name]), mode, hardware) for name in found]


def _part(name, notebook, mode, hardware):
    prose = "\n".join(
        "".join(cell["source"])
        for cell in json.loads(notebook.source)["cells"]
        if cell["cell_type"] == "markdown"
        and "instructor" not in cell.get("metadata", {}).get("tags", [])
    )
    title = re.search(r"^# +(.+?) *$", prose, re.MULTILINE)
    cost = evidence.lesson_cost(name, mode, hardware)
    return Part(
        name,
        title[1] if title else name,
        cost[0] / 60 if cost else None,
        evidence.measured_on(name, mode, hardware),
        len(prose.split()),
        len(re.findall(r"^## Exercise\b", prose, re.MULTILINE)),
    )


def lay_out(minutes: list[int], length: int) -> list[list[int]]:
    """Indices of lessons, session by session: a new one begins where the next does not fit."""
    sessions, left = [], 0
    for index, lesson in enumerate(minutes):
        if not sessions or lesson > left:
            sessions.append([])
            left = length
        sessions[-1].append(index)
        left -= lesson
    return sessions


def plan(sessions: int, length: int, names=(), mode: str = "reduced", pace: Pace = Pace()) -> str:
    """The plan as Markdown. Raises CourseError for numbers or a mode that make no plan."""
    grid.check_mode(mode)
    # Times are of a mode, and "auto" is none.
    mode = grid.suitable_mode() if mode in (None, "auto") else mode
    for value, name in ((sessions, "--sessions"), (length, "--minutes")):
        if value < 1:
            raise CourseError(f"{name} is {value}; expected 1 or more, for example: {name} 6")
    lessons = parts(names, mode)
    minutes = [part.minutes(pace) for part in lessons]
    laid = lay_out(minutes, length)
    held = f"{_count(sessions, 'session')} of {_count(length, 'minute')}"
    blocks = [f"# {_count(len(lessons), 'lesson')} in {held}"]
    for number, chosen in enumerate(laid, start=1):
        taken = sum(minutes[i] for i in chosen)
        left = f"{length - taken} to discuss" if taken <= length else f"{taken - length} TOO LONG"
        lines = [
            f"## Session {number}: {_count(taken, 'minute')}, {left}",
            "",
            "| lesson | runs, min | reading, min | exercises | together, min |",
            "| --- | --- | --- | --- | --- |",
        ]
        for i in chosen:
            part = lessons[i]
            running = "not yet measured" if part.running is None else f"{part.running:.1f}"
            lines.append(
                f"| {part.name[:2]} {part.title} | {running} | {part.words / pace.words:.0f} "
                f"| {part.exercises} | {minutes[i]}{' + runs' * (part.running is None)} |"
            )
        blocks.append("\n".join(lines))
    for number in range(len(laid) + 1, sessions + 1):
        blocks.append(f"## Session {number}\n\nFree: for questions, or a project of one's own.")
    blocks.append("\n".join(f"* {note}" for note in _notes(lessons, mode, pace)))
    if len(laid) > sessions or max(minutes) > length:
        longest = max(length, *minutes)
        enough = len(lay_out(minutes, longest))
        blocks.append(
            f"**This does not fit.** What does: --sessions {enough} --minutes {longest}; or fewer "
            "lessons, or exercises as homework: --exercise 0."
        )
    return "\n\n".join(blocks)


def _count(number, word):
    return f"{number} {word}{'s' * (number != 1)}"


def _notes(lessons, mode, pace):
    machines = dict.fromkeys(part.measured_on for part in lessons if part.measured_on)
    if machines:
        yield f"Running times: measured in {mode} mode on {'; on '.join(machines)}."
    unmeasured = " ".join(part.name[:2] for part in lessons if part.running is None)
    if unmeasured:
        yield (
            f"Not yet measured in {mode} mode, so not counted: {unmeasured}. Measure them: course run "
            f"{unmeasured} --mode {mode} --out costs   and then: course reference add costs"
        )
    yield (
        f"Assumed, not measured: {pace.words} words read in a minute, {pace.exercise} minutes for an "
        "exercise. Change them: --words, --exercise. What a class took: course report --minutes FOLDER"
    )
