"""Which exercises a notebook solves, read from the notebook as it was executed.

A check answers as its cell's result, "Correct: …" or "Not yet: …", and that answer travels home with
the notebook. What a cell merely prints is no answer.
"""

import ast
import json
import re
import warnings
from importlib import import_module
from pathlib import Path

# What IPython understands and Python does not: `%magic`, `!command`, `files = !ls`.
MAGIC = re.compile(r"^(\s*)(?:\w+\s*=\s*)?[%!].*", re.MULTILINE)


def answers(path) -> dict[str, bool]:
    """Name of each exercise ("check_slim") of a notebook's lesson to whether its check passed.

    The lesson is the one that the notebook names, `Lesson("02_baseline_cnn")`; where it names none,
    or one without checks, the exercises are the checks that it calls. A check passes where its call
    is the last line of a cell, and the cell's result says so: one that is gone, was not reached or
    does not show its answer has not passed. Empty for a notebook without exercises, and for a file
    that is gone or is no notebook.
    """
    try:
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        parsed = [(_parse("".join(cell["source"])), cell["outputs"]) for cell in code]
        calls = [node for tree, _ in parsed for node in ast.walk(tree) if _is_call(node)]
        asked = _asked(calls) or [name for name in map(_check_of, calls) if name]
        found = dict.fromkeys(asked, False)
        for tree, outputs in parsed:
            name = _shown(tree)
            if name in found:
                found[name] = found[name] or _passed(outputs)
        return found
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def words(found: dict[str, bool]) -> str:
    """Such as "1 of 2 (not yet: slim)"; empty where there is no exercise."""
    if not found:
        return ""
    missing = [name.removeprefix("check_") for name, passed in found.items() if not passed]
    rest = f" (not yet: {', '.join(missing)})" if missing else ""
    return f"{len(found) - len(missing)} of {len(found)}{rest}"


def _parse(source):
    """The syntax tree of a cell, an empty one where it is no Python."""
    # A magic may be all that an `if` holds, so its line stays a statement.
    for text in (source, MAGIC.sub(r"\1pass", source)):
        try:
            with warnings.catch_warnings():
                # A learner's "\d" is no warning of the report's.
                warnings.simplefilter("ignore")
                return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return ast.Module([], [])


def _is_call(node):
    return isinstance(node, ast.Call)


def _asked(calls):
    """The names of the checks of the lesson that a notebook opens first; none where it has none."""
    names = [name for name in map(_lesson_of, calls) if name]
    if not names or not re.match(r"\d\d", names[0]):
        return []
    module_name = f"course_utils.checks.lesson_{names[0][:2]}"
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name != module_name:
            raise
        return []
    return [name for name in vars(module) if name.startswith("check_")]


def _lesson_of(call):
    """The name in a call `Lesson("02_baseline_cnn")`, or None."""
    called = call.func
    if "Lesson" not in (getattr(called, "id", None), getattr(called, "attr", None)):
        return None
    given = [*call.args[:1], *(word.value for word in call.keywords if word.arg == "name")]
    value = getattr(given[0], "value", None) if given else None
    return value if isinstance(value, str) else None


def _check_of(node):
    """The name in a call `lesson.check_slim(...)`; None for any other node."""
    called = node.func if _is_call(node) else None
    is_lessons = isinstance(called, ast.Attribute) and getattr(called.value, "id", "") == "lesson"
    return called.attr if is_lessons and called.attr.startswith("check_") else None


def _shown(tree):
    """The check whose answer a cell shows, or None: Jupyter shows the last expression."""
    last = tree.body[-1] if tree.body else None
    return _check_of(last.value) if isinstance(last, ast.Expr) else None


def _passed(outputs):
    return any(
        output["output_type"] == "execute_result"
        and "".join(output["data"].get("text/plain", "")).startswith("Correct:")
        for output in outputs
    )
