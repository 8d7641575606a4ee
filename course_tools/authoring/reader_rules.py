"""What a reader meets in a notebook: one function a rule, as in `run_rules.py`."""

import ast
import re

from course_tools.authoring import run_rules
from course_tools.authoring.notebook_files import exercises_in, wrong_verdicts

MOST_LINES = 199
MOST_LINES_IN_A_CELL = 30
MOST_LINES_IN_A_MODEL_CELL = 15
MOST_COLUMNS = 120


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
    """A number with a per cent sign in prose is the article's, and its line says so.

    Everything else is printed by the cell that measured it. In a table the header may name the
    article for its rows. The level of a confidence interval is no result.
    """
    problems = []
    table_names_article = False
    for place, line in notebook.prose():
        in_table = line.startswith("|")
        named = re.search(r"\barticle|\bCross Validated\b", line, flags=re.IGNORECASE) is not None
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
    if not checks and not notebook.name.startswith("00_"):
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


RULES = (parameters_cell, short_code, headings_form_an_outline, no_result_is_typed)


def rules_for(notebook):
    """The rules that a notebook must keep; a pair that is not complete has one only."""
    rules = (run_rules.both_files_are_there,)
    if rules[0](notebook):
        return rules
    rules += run_rules.RULES + RULES
    if notebook.is_lesson:
        rules += (lesson_is_complete, exercises_are_open)
    if notebook.is_solution:
        rules += (exercises_are_solved,)
    return rules
