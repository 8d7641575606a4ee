"""Which exercises a hand-in solves, by what the course's own package noted while the hand-in ran.

A `course_utils.Lesson` notes each check that passes in the folder COURSE_OUT, as `solved/LESSON.check_NAME`,
and a batch keeps these names with the run. What a notebook prints, shows or calls `lesson` counts
for nothing. A program that writes such a note itself is believed: it runs with the same rights.
"""

import json
import re
import statistics
from importlib import import_module
from pathlib import Path

from course_tools.authoring.rules import exercises_in
from course_utils.errors import CourseError

STAMP = re.compile(r'data-exercise=\\?"(\w+\.check_\w+)\\?" data-minutes=\\?"([\d.]+)\\?"')
OPENED = re.compile(r"""\bLesson\(\s*(?:name\s*=\s*)?["'](\w+)["']""")


def answers(path, solved=()) -> dict[str, bool]:
    """Name of each exercise ("check_slim") of a notebook's lesson to whether its check passed.

    `solved` are the notes of its run, "02_baseline_cnn.check_slim". The lesson is the one that the
    notebook opens, `Lesson("02_baseline_cnn")`; where it opens none, or one without checks, the
    exercises are the checks that it calls. Empty for a notebook without exercises, and for a file
    that is gone or is no notebook.
    """
    try:
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    opened = OPENED.search(code)
    lesson = opened[1] if opened else ""
    asked = _checks_of(lesson) or exercises_in(code)
    return {name: f"{lesson}.{name}" in solved for name in asked}


def _checks_of(lesson):
    module = f"course_utils.checks.lesson_{lesson[:2]}"
    try:
        return [name for name in vars(import_module(module)) if name.startswith("check_")]
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return []


def words(found: dict[str, bool]) -> str:
    """Such as "1 of 2 (not yet: slim)"; empty where there is no exercise."""
    if not found:
        return ""
    missing = [name.removeprefix("check_") for name, passed in found.items() if not passed]
    rest = f" (not yet: {', '.join(missing)})" if missing else ""
    return f"{len(found) - len(missing)} of {len(found)}{rest}"


def class_minutes(folder: Path) -> str:
    """How long a class took for its exercises, by the notebooks that it handed in, as Markdown.

    A passed check leaves in the notebook the minutes from opening the lesson to its first pass, in
    the sitting in which it passed. Raises CourseError for a folder without notebooks.
    """
    books = [path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts]
    if not books:
        raise CourseError(
            f"There are no notebooks in {folder}. Name the folder of what was handed in: "
            "course report --minutes FOLDER"
        )
    taken = {}
    for book in books:
        stamps = dict(STAMP.findall(book.read_text(encoding="utf-8", errors="replace")))
        for exercise, minutes in stamps.items():
            taken.setdefault(exercise, []).append(float(minutes))
    lines = ["| exercise | hand-ins | median, min | range, min |", "| --- | --- | --- | --- |"]
    for exercise, minutes in sorted(taken.items()):
        lines.append(
            f"| {exercise.replace('.check_', ': ')} | {len(minutes)} | "
            f"{statistics.median(minutes):.0f} | {min(minutes):.0f} to {max(minutes):.0f} |"
        )
    note = (
        "Minutes from opening the lesson to the first time that the check passed, in that sitting: "
        "with the reading and the training before it."
    )
    nobody = f"Of {len(books)} notebooks none tells how long an exercise took."
    return "\n".join([*lines, "", note]) if taken else nobody
