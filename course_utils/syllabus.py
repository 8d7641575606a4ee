"""A plan of the lessons for N sessions of M minutes, from measured running times.

Running times come from the reference costs. Nobody measured how fast people read: prose is counted
at so many words a minute and an exercise at so many minutes, and the plan says which.
"""

import json
import re
from dataclasses import dataclass

from course_utils import evidence, library, machine
from course_utils.errors import CourseError

WORDS_A_MINUTE = 130
EXERCISE_MINUTES = 10
# What a lesson may take in reduced mode; stands in for one that has not been measured.
UNMEASURED_MINUTES = 2


@dataclass(frozen=True)
class Pace:
    """How fast a class is: words read in a minute, minutes for an exercise."""

    words: int = WORDS_A_MINUTE
    exercise: int = EXERCISE_MINUTES


@dataclass(frozen=True)
class Part:
    """One lesson of a plan. `running` is minutes, None while it is not yet measured.

    `measured_on` names the machine that took them.
    """

    name: str
    title: str
    running: float | None
    words: int
    exercises: int
    measured_on: str | None = None

    def minutes(self, pace: Pace) -> int:
        """Whole minutes for running, reading and exercises together."""
        running = UNMEASURED_MINUTES if self.running is None else self.running
        return round(running + self.words / pace.words + self.exercises * pace.exercise)


def parts(names=(), mode: str = "reduced") -> list[Part]:
    """The numbered lessons, or those named, with what is known of them in one mode."""
    known = library.lesson_paths()
    every = [name for name in known if library.NUMBERED.fullmatch(name)]
    chosen = [library.find_notebook_path(name).stem for name in names]
    found = [name for name in every if name in chosen] if chosen else every
    if not found:
        raise CourseError("There is no lesson to plan. The course's lessons: course run --list")
    hardware = machine.detect().hardware
    return [_part(name, library.read_notebook(known[name]), mode, hardware) for name in found]


def _part(name, notebook, mode, hardware):
    prose = [
        "".join(cell["source"])
        for cell in json.loads(notebook.source)["cells"]
        if cell["cell_type"] == "markdown"
        and "instructor" not in cell.get("metadata", {}).get("tags", [])
    ]
    title = prose[0].partition("\n")[0].lstrip("# ").strip() if prose else name
    text = "\n".join(prose)
    cost = evidence.lesson_cost(name, mode, hardware)
    return Part(
        name=name,
        title=title,
        running=cost[0] / 60 if cost else None,
        words=len(text.split()),
        exercises=len(re.findall(r"^## Exercise\b", text, flags=re.MULTILINE)),
        measured_on=evidence.measured_on(name, mode, hardware),
    )


def lay_out(minutes: list[int], sessions: int) -> list[range]:
    """Cut a list of lengths into `sessions` runs of neighbours, the longest as short as can be.

    Returns index ranges; with more sessions than lessons, one lesson each and the last ones empty.
    """
    count = len(minutes)
    sums = [0]
    for length in minutes:
        sums.append(sums[-1] + length)
    # best[i]: the longest session when the first i lessons fill the sessions so far, and its square
    # sum, which spreads the rest evenly; cuts remembers where the last of these sessions starts.
    best = [(0, 0)] + [(float("inf"), 0)] * count
    cuts = []
    for _ in range(sessions):
        now, cut = [], []
        for end in range(count + 1):
            options = (
                (max(best[start][0], sums[end] - sums[start]),
                 best[start][1] + (sums[end] - sums[start]) ** 2, -start)
                for start in range(end + 1)
            )  # fmt: skip
            longest, squares, start = min(options)
            now.append((longest, squares))
            cut.append(-start)
        best = now
        cuts.append(cut)
    ranges, end = [], count
    for cut in reversed(cuts):
        ranges.append(range(cut[end], end))
        end = cut[end]
    ranges.reverse()
    return sorted((part for part in ranges if part), key=lambda part: part.start) + [
        part for part in ranges if not part
    ]


def needed(minutes: list[int], length: int) -> int | None:
    """How many sessions of `length` minutes hold the lessons in order; None if one is longer."""
    if max(minutes) > length:
        return None
    sessions, left = 1, length
    for lesson in minutes:
        if lesson > left:
            sessions, left = sessions + 1, length
        left -= lesson
    return sessions


def plan(sessions: int, length: int, names=(), mode: str = "reduced", pace: Pace = Pace()) -> str:
    """The plan as Markdown. Raises CourseError for numbers that make no plan."""
    for value, name in ((sessions, "--sessions"), (length, "--minutes")):
        if value < 1:
            raise CourseError(f"{name} is {value}; expected 1 or more, for example: {name} 6")
    lessons = parts(names, mode)
    minutes = [part.minutes(pace) for part in lessons]
    blocks = [f"# {len(lessons)} lessons in {sessions} sessions of {length} minutes"]
    for number, chosen in enumerate(lay_out(minutes, sessions), start=1):
        taken = sum(minutes[i] for i in chosen)
        if not chosen:
            blocks.append(f"## Session {number}\n\nFree: for questions, or a project of one's own.")
            continue
        rest = length - taken
        verdict = f"{rest} left to discuss" if rest >= 0 else f"{-rest} TOO LONG"
        lines = [
            f"## Session {number}: {taken} minutes, {verdict}",
            "",
            "| lesson | runs, min | reading, min | exercises | together, min |",
            "| --- | --- | --- | --- | --- |",
        ]
        for i in chosen:
            part = lessons[i]
            running = "not yet measured" if part.running is None else f"{part.running:.1f}"
            lines.append(
                f"| {part.name[:2]} {part.title} | {running} | {part.words / pace.words:.0f} "
                f"| {part.exercises} | {minutes[i]} |"
            )
        blocks.append("\n".join(lines))
    blocks.append(_notes(lessons, minutes, sessions, length, mode, pace))
    return "\n\n".join(blocks)


def _notes(lessons, minutes, sessions, length, mode, pace):
    machines = dict.fromkeys(part.measured_on for part in lessons if part.measured_on)
    on = f" on {'; on '.join(machines)}" if machines else ""
    notes = [
        f"Running times: measured in {mode} mode{on}.",
        f"Assumed: {pace.words} words read in a minute, {pace.exercise} minutes for an exercise. "
        "Change them: --words, --exercise.",
    ]
    unmeasured = [part.name[:2] for part in lessons if part.running is None]
    if unmeasured:
        notes.append(
            f"Not yet measured, counted as {UNMEASURED_MINUTES} minutes: {', '.join(unmeasured)}. "
            f"Measure them: course run {' '.join(unmeasured)} --mode {mode} --out costs, "
            "then course reference add costs."
        )
    fitting = needed(minutes, length)
    if fitting is None:
        longest = max(zip(minutes, lessons, strict=True), key=lambda pair: pair[0])
        notes.append(
            f"Lesson {longest[1].name[:2]} alone takes {longest[0]} minutes: give its exercises as "
            f"homework, or plan longer sessions: --minutes {longest[0]}."
        )
    elif fitting > sessions:
        notes.append(
            f"This does not fit. {fitting} sessions of {length} minutes hold all of it "
            f"(--sessions {fitting}); or give exercises as homework: --exercise 0."
        )
    return "\n".join(f"* {note}" for note in notes)
