"""What a committed notebook must be: one function a rule, each returning the problems it found.

A rule takes a `Notebook` and returns a list of sentences, empty when all is well, so that a test
shows every problem of a notebook at once. `make test` runs them, by the root's `conftest.py`, and
`test_rules.py` shows that each rule can fail; of the commands, grading alone uses something of it.
"""

import ast
import getpass
import re
import socket
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

from course_tools.authoring import build
from course_tools.batch import reading
from course_utils.errors import BatchError

MOST_BYTES = 600_000
MOST_LINES = 199
MOST_LINES_IN_A_CELL = 30
MOST_LINES_IN_A_MODEL_CELL = 15
MOST_COLUMNS = 120


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
        return not self.is_solution and reading.NUMBERED.fullmatch(self.name) is not None

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


def find_notebooks(folder: Path) -> list[Notebook]:
    """The course's notebooks below a folder, by their .py or their .ipynb, whichever is there."""
    files = [path for kind in ("*.py", "*.ipynb") for path in folder.rglob(kind)]
    own = {path.with_suffix(".py") for path in files if build.is_the_courses(path)}
    return [Notebook(script) for script in sorted(own) if ".ipynb_checkpoints" not in script.parts]


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


# What the execution left


def both_files_are_there(notebook):
    return [
        f"{path.name} is missing: make notebooks LESSONS={notebook.name}"
        for path in (notebook.script, notebook.path)
        if not path.exists()
    ]


def pair_agrees(notebook):
    """The .ipynb holds the cells of the .py, whatever the times of the two files say."""
    try:
        words = build.difference(notebook.script)
    except BatchError as error:
        return [str(error)]
    return [f"the .py and the .ipynb differ: {words}"] if words else []


def every_cell_ran_in_order(notebook):
    counts = [(place, cell.execution_count) for place, cell in notebook.cells("code")]
    return [
        f"{place} has execution count {count}, not {expected}: it was not run from top to bottom"
        for expected, (place, count) in enumerate(counts, start=1)
        if count != expected
    ]


def no_output_is_an_error(notebook):
    """Neither an exception nor anything on standard error, nor a terminal's control characters."""
    problems = []
    for place, output in notebook.outputs():
        if output.output_type == "error":
            problems.append(f"{place} raised {output.ename}: {output.evalue}")
        elif output.get("name") == "stderr":
            problems.append(f"{place} wrote to standard error: {output.text[:80]!r}")
        if re.search(r"[\x08\x1b]|\r(?!\n)", text_of(output)):
            problems.append(f"{place} prints control characters: {text_of(output)[:80]!r}")
    return problems


def it_ran_on_real_images(notebook):
    """A lesson that was executed where no data were found shows drawn shapes and no verdict."""
    return [
        f"{place} announces a stand-in: set COURSE_DATA_DIR, or course data fetch, and build again"
        for place, output in notebook.outputs()
        if re.search(r"^Data: a stand-in", text_of(output), flags=re.MULTILINE)
    ]


def every_image_has_alt_text(notebook):
    problems = []
    for place, output in notebook.outputs():
        for kind in (kind for kind in output.get("data", {}) if kind.startswith("image/")):
            alt = output.metadata.get(kind, {}).get("alt", "").strip()
            if not alt:
                problems.append(f"{place} shows an {kind} without alt text in its metadata")
            elif text_of(output).strip() != alt:
                problems.append(f"{place}: text/plain {text_of(output)[:60]!r} is not the alt text")
    for place, line in notebook.prose():
        if re.search(r"!\[\s*\]|<img(?![^>]*\balt=['\"]\s*[^'\"\s])", line):
            problems.append(f"{place} includes an image without alt text: {line}")
    return problems


_FOLDERS = "bin|content|data|etc|home|mnt|opt|private|root|srv|tmp|usr|Users|var|work"
TRACES = {
    "an absolute path": re.compile(rf"(?<![\w.:/>*])/(?:{_FOLDERS})/\w|file:/|\b[A-Z]:\\\w"),
    "a date": re.compile(r"\b(?:19|20)\d\d-[01]\d-[0-3]\d"),
    "a time of day": re.compile(r"\b\d{1,2}:[0-5]\d:[0-5]\d\b"),
    "a memory address": re.compile(r"\b0x[0-9a-f]{6,}\b"),
}


def machine_names():
    """Names that must not be found: this user and this machine, unless they say nothing."""
    ordinary = {"root", "user", "runner", "jovyan", "localhost", "local", "home", "lab"}
    host = socket.gethostname().partition(".")[0]
    return [name for name in (getpass.getuser(), host) if len(name) > 3 and name not in ordinary]


def _strings(value):
    """Every string in nested dicts and lists, keys included, on lines of their own."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return "\n".join(map(_strings, value))
    return str(value)


def nothing_of_the_machine(notebook):
    """No path, user, host, date, time or address of the machine on which it was executed."""
    texts = [("the notebook's metadata", _strings(notebook.nb.metadata))]
    for kind in ("code", "markdown"):
        texts += [
            (f"the metadata of {place}", _strings(cell.metadata))
            for place, cell in notebook.cells(kind)
        ]
    texts += [(f"the source of {place}", cell.source) for place, cell in notebook.cells("code")]
    for place, output in notebook.outputs():
        data = {
            kind: value for kind, value in output.get("data", {}).items() if kind[:6] != "image/"
        }
        words = _strings([output.get("text", ""), data, output.get("metadata", {})])
        texts.append((f"the output of {place}", words))
    # A user may be called adam, as the optimiser that the lesson itself names.
    own = "\n".join(
        cell.source for kind in ("code", "markdown") for _, cell in notebook.cells(kind)
    )
    foreign = [name for name in machine_names() if not re.search(rf"\b{re.escape(name)}\b", own)]
    names = "|".join(map(re.escape, foreign))
    traces = TRACES | ({"a name of this machine": re.compile(rf"\b(?:{names})\b")} if names else {})
    return [
        f"{place} holds {what}: {found[0]}"
        for place, text in texts
        for what, pattern in traces.items()
        if (found := pattern.search(text))
    ]


def no_path_in_an_address(notebook):
    """A folder may be called "Was ist das?", and an address ends at the sign."""
    return [
        f"{place} pastes a name into an address: {found[0]}"
        for place, cell in notebook.cells("code")
        if (found := re.search(r"\w+://+\{[^}]*\}?", cell.source))
    ]


def only_needed_metadata(notebook):
    """What an execution leaves in the metadata makes every diff a long one, and names versions."""
    metadata = notebook.nb.metadata
    problems = [
        f"the notebook's metadata holds {key!r}"
        for key in sorted(set(metadata) - {"course", "jupytext", "kernelspec", "language_info"})
    ]
    if metadata.get("kernelspec", {}).get("name") != "python3":
        problems.append("the kernel is not python3")
    if "version" in metadata.get("language_info", {}):
        problems.append("language_info names the version of Python that executed it")
    if "text_representation" in metadata.get("jupytext", {}):
        problems.append("the metadata names a version of jupytext")
    for kind in ("code", "markdown"):
        for place, cell in notebook.cells(kind):
            problems += [
                f"the metadata of {place} holds {key!r}"
                for key in sorted(set(cell.metadata) - set(build.CELL_METADATA))
            ]
    return problems


def small_enough(notebook):
    size = notebook.path.stat().st_size
    return [] if size < MOST_BYTES else [f"{size:,} bytes; at most {MOST_BYTES:,} are expected"]


# What a reader meets


def parameters_cell(notebook):
    """One cell tagged "parameters" gives mode = "auto" and a seed, as plain values."""
    tagged = [
        cell for _, cell in notebook.cells("code") if "parameters" in cell.metadata.get("tags", [])
    ]
    if len(tagged) != 1:
        return [f'{len(tagged)} code cells are tagged "parameters"; one is expected']
    try:
        values = {
            statement.targets[0].id: ast.literal_eval(statement.value)
            for statement in ast.parse(tagged[0].source).body
        }
    except (AttributeError, SyntaxError, ValueError) as error:
        return [f"the parameters cell holds more than assignments of plain values: {error}"]
    problems = []
    if values.get("mode") != "auto":
        problems.append(f'the parameters give mode = {values.get("mode")!r}, not "auto"')
    if type(values.get("seed")) is not int or values["seed"] < 0:
        problems.append(f"the parameters give seed = {values.get('seed')!r}, not a whole number")
    return problems


def _code_lines(cell):
    """Lines that say something: no blank ones, comments, imports, and none of brackets alone."""
    lines = (line.strip() for line in cell.source.splitlines())
    silent = re.compile(r"[\[\](){},]*|#.*|(?:import|from) .*")
    return sum(not silent.fullmatch(line) for line in lines)


def short_code(notebook):
    """A lesson under 200 lines of code; a cell with Keras in it at most 15, any other at a glance."""
    problems = []
    total = 0
    for place, cell in notebook.cells("code"):
        lines = _code_lines(cell)
        total += lines
        has_model = re.search(r"\blayers\.|\bkeras\.(?:Seq|Model)|\.(?:compile|fit)\(", cell.source)
        most = MOST_LINES_IN_A_MODEL_CELL if has_model else MOST_LINES_IN_A_CELL
        if lines > most:
            problems.append(f"{place} has {lines} lines of code; at most {most} are expected")
        problems += [
            f"{place} has a line of {len(line)} columns, which scrolls sideways: {line.strip()}"
            for line in cell.source.splitlines()
            if len(line) > MOST_COLUMNS
        ]
    if total > MOST_LINES:
        problems.append(f"{total} lines of code; under {MOST_LINES + 1} are expected")
    return problems


def _prose(notebook):
    """The prose of all cells, without what stands in code fences."""
    text = "\n\n".join(cell.source for _, cell in notebook.cells("markdown"))
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def headings_form_an_outline(notebook):
    """The first cell is the title; no second title; no level is skipped."""
    problems = []
    if not notebook.nb.cells or not re.match(r"# +\S", notebook.nb.cells[0].source):
        problems.append("the first cell is not a title (# ...)")
    headings = re.findall(r"^(#+) +(.+)$", _prose(notebook), flags=re.MULTILINE)
    levels = [len(marks) for marks, _ in headings]
    if levels.count(1) != 1:
        problems.append(f"{levels.count(1)} headings of level 1; one is expected")
    problems += [
        f"heading {text!r} skips a level"
        for above, (marks, text) in zip(levels, headings[1:], strict=False)
        if len(marks) > above + 1
    ]
    return problems


def no_result_is_typed(notebook):
    """A number with a per cent sign in prose is the article's or the answer's, and its line says so.

    Everything else is printed by the cell that measured it. In a table the header may name the
    source for its rows. The level of a confidence interval is no result.
    """
    problems = []
    table_names_article = False
    for place, line in notebook.prose():
        in_table = line.startswith("|")
        sources = r"\barticle|\bthe answer\b|\bCross Validated\b"
        named = re.search(sources, line, flags=re.IGNORECASE) is not None
        table_names_article = in_table and (table_names_article or named)
        claims = re.sub(r"\b95\s*%", "", line) if "interval" in line else line
        number = re.search(r"\d(?:\s|~|\\[, ])*(?:\\?%|per ?cent)", claims)
        if number and not (named or table_names_article):
            problems.append(f"{place} types a result without naming the article: {line.strip()}")
    return problems


def lesson_is_complete(notebook):
    """A goal, a summary of three points, the sources, and a folded note for the instructor."""
    problems = []
    if notebook.nb.cells and "**Goal:**" not in notebook.nb.cells[0].source:
        problems.append("the first cell has no **Goal:**")
    sections = ["", *re.split(r"^## +", _prose(notebook), flags=re.MULTILINE)]
    summaries = [text for text in sections if re.match("Summary|What to take away", text)]
    if len(summaries) != 1:
        problems.append(f"{len(summaries)} sections ## Summary or ## What to take away, not one")
    for points in (re.findall(r"^(?:[-*]|\d+\.) ", text, re.MULTILINE) for text in summaries):
        if len(points) != 3:
            problems.append(f"the summary has {len(points)} points; three are expected")
    if not any(text.startswith("Sources") for text in sections):
        problems.append("there is no section ## Sources")
    notes = [
        cell
        for _, cell in notebook.cells("markdown")
        if "instructor" in cell.metadata.get("tags", [])
    ]
    if not notes:
        problems.append('no cell is tagged "instructor"')
    elif not all(cell.metadata.get("jupyter", {}).get("source_hidden") for cell in notes):
        problems.append('an instructor\'s note is not folded: jupyter={"source_hidden": true}')
    return problems


def exercises_are_open(notebook):
    """In a lesson every exercise says "Not yet"; a solution of the same name has the same ones."""
    problems, checks = _verdicts(notebook, "Not yet")
    if not checks:
        problems.append("the lesson has no exercise: no cell calls a check_... function")
    solution = notebook.solution
    if bool(checks) != solution.script.exists():
        problems.append(
            f"{len(checks)} exercises, but {solution.script.name} among the solutions: "
            f"{'there' if solution.script.exists() else 'missing'}"
        )
    elif checks and solution.path.exists():
        solved = _verdicts(solution, "Correct")[1]
        if solved != checks:
            problems.append(f"exercises {sorted(checks)}, but solutions {sorted(solved)}")
    return problems


def exercises_are_solved(notebook):
    """In a solution every exercise says "Correct"."""
    problems, checks = _verdicts(notebook, "Correct")
    return problems if checks else ["the solution calls no check_... function"]


def _verdicts(notebook, expected):
    problems, checks = [], set()
    for place, cell in notebook.cells("code"):
        checks |= set(exercises_in(cell.source))
        wrong = wrong_verdicts(cell.source, cell.outputs, expected)
        problems += [f"{place}: {problem}" for problem in wrong]
    return problems, checks


RULES = (
    pair_agrees,
    every_cell_ran_in_order,
    no_output_is_an_error,
    it_ran_on_real_images,
    every_image_has_alt_text,
    nothing_of_the_machine,
    no_path_in_an_address,
    only_needed_metadata,
    small_enough,
    parameters_cell,
    short_code,
    headings_form_an_outline,
    no_result_is_typed,
)


def rules_for(notebook):
    """The rules that a notebook must keep; a pair that is not complete has one only."""
    rules = (both_files_are_there,)
    if rules[0](notebook):
        return rules
    rules += RULES
    if notebook.is_lesson:
        rules += (lesson_is_complete, exercises_are_open)
    if notebook.is_solution:
        rules += (exercises_are_solved,)
    return rules
