"""A plan of the lessons for N sessions of M minutes, from measured running times.

Running times come from the reference costs. Nobody measured how fast people read: prose is counted
at so many words a minute and an exercise at so many minutes, and the plan says which.
"""

import json
import re
from dataclasses import dataclass

from course_tools.batch import grid
from course_tools.batch import notebooks as library
from course_utils import evidence, machine
from course_utils.errors import CourseError

WORDS_A_MINUTE = 130
EXERCISE_MINUTES = 10
# What a lesson may take in reduced mode, where it stands in for one that has not been measured.
# Nobody knows as much of the other modes.
UNMEASURED_MINUTES = 2


@dataclass(frozen=True)
class Pace:
    """How fast a class is: words read in a minute, minutes for an exercise."""

    words: int = WORDS_A_MINUTE
    exercise: int = EXERCISE_MINUTES


@dataclass(frozen=True)
class Part:
    """One lesson of a plan. `running` is minutes, None while it is not yet measured.

    `measured_on` names the machine that took them, and `assumed` stands in for what is not measured.
    """

    name: str
    title: str
    running: float | None
    words: int
    exercises: int
    measured_on: str | None = None
    assumed: float = 0

    def minutes(self, pace: Pace) -> int:
        """Whole minutes for running, reading and exercises together."""
        running = self.assumed if self.running is None else self.running
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
        assumed=UNMEASURED_MINUTES if mode == "reduced" else 0,
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
    """The plan as Markdown. Raises CourseError for numbers or a mode that make no plan."""
    grid.check_mode(mode)
    # Times are of a mode, and "auto" is none.
    mode = grid.suitable_mode() if mode in (None, "auto") else mode
    for value, name in ((sessions, "--sessions"), (length, "--minutes")):
        if value < 1:
            raise CourseError(f"{name} is {value}; expected 1 or more, for example: {name} 6")
    lessons = parts(names, mode)
    minutes = [part.minutes(pace) for part in lessons]
    held = f"{_count(sessions, 'session')} of {_count(length, 'minute')}"
    blocks = [f"# {_count(len(lessons), 'lesson')} in {held}"]
    for number, chosen in enumerate(lay_out(minutes, sessions), start=1):
        taken = sum(minutes[i] for i in chosen)
        if not chosen:
            blocks.append(f"## Session {number}\n\nFree: for questions, or a project of one's own.")
            continue
        rest = length - taken
        unknown = [lessons[i].name[:2] for i in chosen if _is_open(lessons[i])]
        runs = f" and the runs of {', '.join(unknown)}" if unknown else ""
        left = "left for these and to discuss" if unknown else "left to discuss"
        verdict = f"{rest} {left}" if rest >= 0 else f"{-rest} TOO LONG"
        lines = [
            f"## Session {number}: {taken} minutes{runs}, {verdict}",
            "",
            "| lesson | runs, min | reading, min | exercises | together, min |",
            "| --- | --- | --- | --- | --- |",
        ]
        for i in chosen:
            part = lessons[i]
            running = "not yet measured" if part.running is None else f"{part.running:.1f}"
            lines.append(
                f"| {part.name[:2]} {part.title} | {running} | {part.words / pace.words:.0f} "
                f"| {part.exercises} | {minutes[i]}{' + runs' if _is_open(part) else ''} |"
            )
        blocks.append("\n".join(lines))
    blocks.append(_notes(lessons, minutes, sessions, length, mode, pace))
    return "\n\n".join(blocks)


def _is_open(part):
    """Whether the plan counts nothing for the running time, because nothing is known of it."""
    return part.running is None and not part.assumed


def _count(number, word):
    return f"{number} {word}{'s' * (number != 1)}"


def _fewer(lessons, minutes, sessions, length, mode, pace):
    """The command for as many of the lessons, from the first on, as the sessions hold."""
    held = max(k for k in range(1, len(lessons) + 1) if needed(minutes[:k], length) <= sessions)
    words = ["course syllabus", *(part.name[:2] for part in lessons[:held])]
    words += [f"--sessions {sessions} --minutes {length}"]
    words += [f"--mode {mode}"] if mode != "reduced" else []
    words += [f"--words {pace.words}"] if pace.words != WORDS_A_MINUTE else []
    words += [f"--exercise {pace.exercise}"] if pace.exercise != EXERCISE_MINUTES else []
    return " ".join(words)


def _notes(lessons, minutes, sessions, length, mode, pace):
    machines = dict.fromkeys(part.measured_on for part in lessons if part.measured_on)
    notes = []
    if machines:
        notes.append(f"Running times: measured in {mode} mode on {'; on '.join(machines)}.")
    notes.append(
        f"Assumed: {pace.words} words read in a minute, {pace.exercise} minutes for an exercise. "
        "Change them: --words, --exercise."
    )
    unmeasured = [part.name[:2] for part in lessons if part.running is None]
    not_counted = any(map(_is_open, lessons))
    if unmeasured:
        counted = f"counted as {UNMEASURED_MINUTES} minutes"
        if not_counted:
            counted = f"so not counted, in {mode} mode"
        notes.append(
            f"Not yet measured, {counted}: {', '.join(unmeasured)}. "
            f"Measure them: course run {' '.join(unmeasured)} --mode {mode} --out costs, "
            "then course reference add costs."
        )
    but = ", but for the running times that are not known" if not_counted else ""
    fitting = needed(minutes, length)
    # Exercises as homework are no advice where they are so already, or where it fits no better.
    bare = needed([part.minutes(Pace(pace.words, 0)) for part in lessons], length)
    homework = pace.exercise and bare is not None and bare <= sessions
    if fitting is None:
        longest, part = max(zip(minutes, lessons, strict=True), key=lambda pair: pair[0])
        notes.append(
            f"Lesson {part.name[:2]} alone takes {_count(longest, 'minute')}{but}: "
            f"{'give exercises as homework (--exercise 0), or ' if homework else ''}"
            f"plan longer sessions: --minutes {longest}."
        )
    elif fitting > sessions:
        fewer = _fewer(lessons, minutes, sessions, length, mode, pace)
        notes.append(
            f"This does not fit. {_count(fitting, 'session')} of {_count(length, 'minute')} hold all "
            f"of it{but} (--sessions {fitting}); or "
            + (
                "give exercises as homework: --exercise 0."
                if homework
                else f"name fewer lessons, as here: {fewer}"
            )
        )
    return "\n".join(f"* {note}" for note in notes)
