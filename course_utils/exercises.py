"""Which exercises a notebook solves, read from the notebook as it was executed.

A check answers as its cell's result, "Correct: …" or "Not yet: …", and that answer travels home with
the notebook. What a cell merely prints is no answer.
"""

import json
import re
from pathlib import Path

CHECK = re.compile(r"^\s*lesson\.(check_\w+)\(", re.MULTILINE)


def answers(path) -> dict[str, bool]:
    """Name of each check ("check_slim") that a notebook calls, in its order, to whether it passed.

    A cell that was not reached, or whose result is no check's, has not passed. Empty for a notebook
    without exercises, and for a file that is gone or is no notebook.
    """
    try:
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        found = {}
        for cell in code:
            for name in CHECK.findall("".join(cell["source"])):
                found[name] = found.get(name, False) or _passed(cell["outputs"])
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


def _passed(outputs):
    return any(
        output["output_type"] == "execute_result"
        and "".join(output["data"].get("text/plain", "")).startswith("Correct:")
        for output in outputs
    )
