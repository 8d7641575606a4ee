"""The notebooks of the course as the tests see them: pairs of a .py and an .ipynb."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"


@dataclass(frozen=True)
class Notebook:
    """A lesson, a solution or another notebook: the .py and the .ipynb of one name."""

    script: Path

    @property
    def path(self):
        return self.script.with_suffix(".ipynb")

    @property
    def name(self):
        return self.script.stem

    @property
    def is_solution(self):
        return self.script.parent.name == "solutions"

    @property
    def is_lesson(self):
        return not self.is_solution and re.match(r"\d\d_", self.name) is not None

    @property
    def solution(self):
        return Notebook(self.script.parent / "solutions" / self.script.name)

    @cached_property
    def nb(self):
        return nbformat.read(self.path, as_version=4)

    def cells(self, kind):
        """Pairs of a place, "cell 3 (x = 1)", and the cell, for the cells of one kind."""
        for number, cell in enumerate(self.nb.cells):
            if cell.cell_type == kind:
                first = cell.source.strip().partition("\n")[0][:50]
                yield f"cell {number} ({first})", cell

    def outputs(self):
        """Pairs of a place and an output, for every output."""
        for place, cell in self.cells("code"):
            for output in cell.outputs:
                yield place, output

    def prose(self):
        """Pairs of a place and a line, for every line of prose."""
        for place, cell in self.cells("markdown"):
            for line in cell.source.splitlines():
                yield place, line


def find_notebooks(folder=NOTEBOOKS):
    """Every notebook below a folder, by its .py or its .ipynb, whichever is there."""
    files = [path for kind in ("*.py", "*.ipynb") for path in folder.rglob(kind)]
    shown = [path for path in files if ".ipynb_checkpoints" not in path.parts]
    return [Notebook(script) for script in sorted({path.with_suffix(".py") for path in shown})]


def text_of(output):
    """The words of an output: a stream's text, or what a display shows as text."""
    if output.output_type == "stream":
        return output.text
    return output.get("data", {}).get("text/plain", "")


def exercises_in(source):
    """Names of the `check_...` functions that a cell calls."""
    return re.findall(r"(?<!def )\b(check_\w+)\(", source)


def wrong_verdicts(source, outputs, expected):
    """Problems of a cell whose exercise does not answer with the expected word."""
    checks = exercises_in(source)
    answer = text_of(outputs[-1]) if outputs else ""
    if not checks or answer.startswith(expected):
        return []
    return [f"{', '.join(checks)} answers {answer[:80]!r}, not {expected!r}"]
