"""Make the committed notebooks: execute the .py and write the .ipynb beside it.

The .py is the source. What is written depends on its cells and their outputs alone: no paths, times,
versions or counters of the machine, and a cell keeps its id for as long as its text can be recognised.
The notebook's metadata hold a digest of the cells that it was built from, so that a later build
can tell an .ipynb that somebody edited from one that is merely older than its .py.
"""

import contextlib
import difflib
import hashlib
import json
import sys
import tempfile
from pathlib import Path

from course_tools.authoring import tidy
from course_tools.batch import execution, grid, reading, terminal
from course_utils import files
from course_utils.errors import BatchError

LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
# The last two are jupytext's record of blank lines in the .py that it would not have chosen.
CELL_METADATA = ("tags", "jupyter", "lines_to_next_cell", "lines_to_end_of_cell_marker")
# The notebooks of the course beside the numbered lessons; any other in the folder is its user's.
UNNUMBERED = ("ablation", "ladder")


def pairs(names=(), folder: Path | None = None) -> list[Path]:
    """The .py paths of the notebooks to build, with their solutions; the course's own unless named.

    Raises BatchError for a notebook that is none of the course's lessons.
    """
    folder = folder or reading.project_root() / "notebooks"
    if names:
        known = sorted({_lesson_named(name, folder) for name in names})
    else:
        known = [path for path in sorted(folder.glob("*.py")) if is_the_courses(path)]
    solved = [folder / "solutions" / path.name for path in known]
    return known + [path for path in solved if path.exists() or path.with_suffix(".ipynb").exists()]


def is_the_courses(path: Path) -> bool:
    """Whether a notebook is the course's by its name, and not one that a user keeps beside them."""
    return reading.NUMBERED.fullmatch(path.stem) is not None or path.stem in UNNUMBERED


def _lesson_named(name, folder):
    path = reading.find_notebook_path(name)
    if not reading.is_lesson(path, folder):
        raise BatchError(
            f"{name} is none of the lessons in {folder}, and no others are built. "
            f"Name one of these: course run --list   or only execute it: course run {name}"
        )
    return folder / f"{path.stem}.py"


def difference(script: Path) -> str:
    """In words, in which cells the .ipynb beside `script` differs from it; "" where they agree.

    Raises BatchError for a file that cannot be read as a notebook.
    """
    if reading.pair_agrees(script):
        return ""
    here, there = (reading.cells_of(script.with_suffix(end)) for end in (".py", ".ipynb"))
    matcher = difflib.SequenceMatcher(None, *([repr(c) for c in cells] for cells in (here, there)))
    words = []
    for kind, first, last, other_first, other_last in matcher.get_opcodes():
        if kind != "equal":
            mine, other = here[first:last], there[other_first:other_last]
            text = (mine or other)[0][1].strip().partition("\n")[0][:50]
            where = f"cell {(first if mine else other_first) + 1}"
            only = "" if mine and other else f" only in the .{'py' if mine else 'ipynb'}"
            words.append(f"{where} ({text}){only}")
    more = f" and {len(words) - 5} more" if len(words) > 5 else ""
    return ", ".join(words[:5]) + more


def check(script: Path) -> None:
    """Raise BatchError where a build would fail or lose somebody's work.

    That is where the .py is missing or no notebook, where the .ipynb is none, and where its cells
    are neither those of the .py nor those that it was built from.
    """
    book = script.with_suffix(".ipynb")
    if not script.is_file():
        raise BatchError(
            f"{script} is missing, and a notebook is built from its .py. "
            f"Make it from the .ipynb: jupytext --to py:percent {book}"
        )
    words = difference(script)
    if not words and not book.exists():
        reading.cells_of(script)
    if words and _built_from(book) != _digest(reading.cells_of(book)):
        raise BatchError(
            f"{book.name} holds what {script.name} does not, or has been edited since it was built: "
            f"{words}. Take its cells over: jupytext --to py:percent {book}   "
            f"or replace it, which keeps a copy: course build {script.stem} --force"
        )


def _built_from(book):
    return reading.read_pair_file(book).metadata.get("course", {}).get("built_from")


def is_edited(book: Path) -> bool:
    """Whether an .ipynb holds other cells than those that it was built from, where it names those."""
    try:
        content = json.loads(book.read_text(encoding="utf-8"))
        built_from = content["metadata"]["course"]["built_from"]
        cells = [
            [
                cell["cell_type"],
                "".join(cell["source"]),
                cell["metadata"].get("tags", []),
                cell["metadata"].get("jupyter", {}),
            ]
            for cell in content["cells"]
        ]
    except (OSError, ValueError, LookupError, TypeError):
        return False
    return built_from != _digest(cells)


def _digest(cells):
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()[:16]


def retell(script: Path, force: bool = False) -> None:
    """Write the .ipynb of a .py in which nothing but text and tags changed; executes nothing.

    The outputs are taken over. Raises BatchError as `check`, unless `force` (see `build`), and where
    the code is not that of the .ipynb, or has not been executed there.
    """
    replaced = _checked(script, force)
    book = script.with_suffix(".ipynb")
    notebook = reading.read_pair_file(script)
    old_cells = reading.read_pair_file(book).cells if book.is_file() else []
    ran = [cell for cell in old_cells if cell.cell_type == "code"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.source for cell in code] != [cell.source for cell in ran]:
        raise BatchError(
            f"The code of {script.name} is not that of {book.name}, so its outputs cannot be taken "
            f"over. Execute it: course build {script.stem}"
        )
    _pin(notebook, script, old_cells)
    for cell, before in zip(code, ran, strict=True):
        cell.outputs, cell.execution_count = before.outputs, before.execution_count
    _write(notebook, script, replaced)


def _checked(script, force):
    """What a build is going to replace although `check` forbids it; None where it does not."""
    book = script.with_suffix(".ipynb")
    try:
        check(script)
    except BatchError:
        if not force or not script.is_file() or not book.is_file():
            raise
        return book.read_bytes()
    return None


def _write(notebook, script, replaced):
    """Write the .ipynb, and keep what it replaces where that is somebody's work."""
    import nbformat

    notebook.metadata["language_info"] = LANGUAGE
    notebook.metadata["course"] = {"built_from": _digest(reading.cells_of(script))}
    if replaced is not None:
        name = (
            f"{script.parent.name}.{script.stem}.{hashlib.sha256(replaced).hexdigest()[:8]}.ipynb"
        )
        files.write_atomically(reading.project_root() / "build" / "replaced" / name, replaced)
    files.write_atomically(
        script.with_suffix(".ipynb"), (nbformat.writes(notebook) + "\n").encode()
    )


def build(script: Path, mode: str, force: bool = False, progress=None) -> execution.Result:
    """Execute a .py and write its .ipynb; returns the run's result.

    Nothing is written when the run fails. Raises BatchError as `check`, unless `force`: then what is
    replaced is kept in `build/replaced`.
    """
    import nbformat

    book = script.with_suffix(".ipynb")
    replaced, old_cells = _checked(script, force), []
    notebook = reading.read_pair_file(script)
    with contextlib.suppress(BatchError):
        old_cells = reading.read_pair_file(book).cells if book.is_file() else []
    _pin(notebook, script, old_cells)
    # The notebook itself says "auto", and stays so: the mode comes from the environment. The frames of
    # its sliders are for the site.
    source, env = nbformat.writes(notebook).encode(), {"COURSE_MODE": mode, "COURSE_FRAMES": "1"}
    result = execution.run(execution.Job(script.stem, source, env=env), progress)
    if result.status != "ok":
        return result
    executed = nbformat.reads(tidy.clean(result.notebook).decode(), as_version=4)
    for cell, ran in zip(notebook.cells, executed.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    _write(notebook, script, replaced)
    return result


def _pin(notebook, script, old_cells):
    """Kernel, metadata and cell ids that are the same on every machine and in every build."""
    from jupytext.config import load_jupytext_config

    notebook.metadata = type(notebook.metadata)(kernelspec=reading.KERNEL)
    # The folder's filters travel with a notebook, for tools that read it elsewhere.
    config = load_jupytext_config(str(script))
    names = ("cell_metadata_filter", "notebook_metadata_filter")
    filters = {name: getattr(config, name) for name in names if config and getattr(config, name)}
    if filters:
        notebook.metadata["jupytext"] = filters
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    known = _known_ids(notebook.cells, old_cells)
    taken = set(known.values())
    for number, cell in enumerate(notebook.cells):
        cell.metadata = type(cell.metadata)(
            {key: value for key, value in cell.metadata.items() if key in CELL_METADATA}
        )
        salt = 0
        while number not in known:
            text = f"{script.stem}\0{cell.cell_type}\0{cell.source}\0{salt}"
            fresh = hashlib.sha256(text.encode()).hexdigest()[:8]
            if fresh not in taken:
                known[number] = fresh
                taken.add(fresh)
            salt += 1
        cell["id"] = known[number]


def _known_ids(cells, old_cells):
    """Ids carried over: from equal cells, and from cells of the same kind edited in place."""
    new, old = ([(c.cell_type, c.source) for c in group] for group in (cells, old_cells))
    known = {}
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, first, last, new_first, new_last in matcher.get_opcodes():
        if kind in ("equal", "replace"):
            for here, there in zip(range(first, last), range(new_first, new_last), strict=False):
                if old[here][0] == new[there][0] and old_cells[here].get("id"):
                    known[there] = old_cells[here]["id"]
    return known


def retell_all(names, force=False, solutions=True) -> int:
    """`retell` the named notebooks, or all; returns the exit code. Raises BatchError as it does."""
    scripts = [each for each in pairs(names) if solutions or each.parent.name != "solutions"]
    for folder in dict.fromkeys(script.parent for script in scripts):
        _check_writable(folder)
    for script in scripts:
        retell(script, force)
    return 0


def build_all(names, mode, force=False, solutions=True, keep_cost=None) -> int:
    """Build the named notebooks, or all, with or without solutions; returns the exit code.

    `keep_cost(lesson, mode, result)` is called with what each lesson took, solutions left out.
    Raises BatchError, before anything runs, as `check` and for a folder that cannot be written.
    """
    grid.check_mode(mode)
    # A cost is that of a mode, and "auto" is none.
    mode = grid.suitable_mode() if mode == "auto" else mode
    scripts = pairs(names)
    if not solutions:
        scripts = [script for script in scripts if script.parent.name != "solutions"]
    for folder in dict.fromkeys(script.parent for script in scripts):
        _check_writable(folder)
    for script in scripts:
        if force and script.is_file():
            reading.cells_of(script)
        else:
            check(script)
    console = terminal.make_console()
    failed = 0
    with terminal.terminated_like_interrupted(), console.status("Building") as status:
        for script in scripts:
            solution = script.parent.name == "solutions"
            name = f"solutions/{script.stem}" if solution else script.stem

            def tell(index, count, name=name):
                status.update(f"{name}: cell {index} of {count}")

            try:
                result = build(script, mode, force, tell)
            except KeyboardInterrupt:
                print("Interrupted; what was built is whole. Go on: course build", file=sys.stderr)
                return terminal.INTERRUPTED
            line = f"{name}: {result.status}, {terminal.clock(result.seconds)}"
            if result.cell_seconds:
                line += f", of it the longest cell {terminal.clock(max(result.cell_seconds))}"
            terminal.say(console, [f"{line}: {result.message}" if result.message else line])
            if result.status != "ok":
                failed += 1
                terminal.say(console, [result.traceback or ""])
            elif keep_cost is not None and not solution:
                keep_cost(script.stem, mode, result)
    return 1 if failed else 0


def _check_writable(folder):
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BatchError(
            f"{folder} cannot be written ({error.strerror}), so nothing was executed. "
            "To execute without writing there: course run --all --out FOLDER"
        ) from error
