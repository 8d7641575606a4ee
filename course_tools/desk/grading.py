"""Which exercises a hand-in solves, by what the course's own package noted while the hand-in ran.

A `course_utils.Lesson` notes each check that passes in the folder COURSE_OUT, as `solved/LESSON.check_NAME`,
and a batch keeps these names with the run. What a notebook prints, shows or calls `lesson` counts
for nothing. A program that writes such a note itself is believed: it runs with the same rights.
"""

import json
import re
from importlib import import_module
from pathlib import Path

from course_tools.authoring.rules import exercises_in

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
