"""Make the committed notebooks: execute the .py, write the .ipynb beside it, keep the two in step.

What is written depends on the cells and their outputs alone: no paths, times, versions or counters of
the machine, and a cell keeps its id for as long as its text can be recognised.
"""

import contextlib
import difflib
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from course_tools.authoring import tidy
from course_tools.batch import execution, grid, terminal
from course_tools.batch import notebooks as library
from course_utils import files as disk
from course_utils.errors import BatchError

LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
CELL_METADATA = ("tags", "jupyter", "lines_to_next_cell", "lines_to_end_of_cell_marker")


def pairs(names=(), folder: Path | None = None) -> list[Path]:
    """The .py paths of the notebooks to build, with their solutions; all when none is named.

    Raises BatchError for a notebook that is none of the course's lessons.
    """
    folder = folder or library.project_root() / "notebooks"
    files = {*folder.glob("*.py"), *folder.glob("*.ipynb")}
    known = sorted({path.with_suffix(".py") for path in files})
    if names:
        stems = {_lesson_named(name, folder) for name in names}
        known = [path for path in known if path.stem in stems]
    solved = [folder / "solutions" / path.name for path in known]
    solved = [p for p in solved if p.exists() or p.with_suffix(".ipynb").exists()]
    return known + solved


def _lesson_named(name, folder):
    path = library.find_notebook_path(name)
    if not library.is_lesson(path, folder):
        raise BatchError(
            f"{name} is none of the lessons in {folder}, and no others are built. "
            f"Name one of these: course run --list   or only execute it: course run {name}"
        )
    return path.stem


def source_of(script: Path, decide: str | None = None) -> str:
    """Which file of a pair is built from: "py" or "ipynb".

    It is the one that was edited since the two last agreed: at the last build here, or in the last
    commit. Raises BatchError, naming the cells, when both were, unless `decide` names one; and when
    a file that is needed cannot be read or is not there.
    """
    book = script.with_suffix(".ipynb")
    if decide is not None:
        chosen, other = (script, "ipynb") if decide == "py" else (book, "py")
        if not chosen.exists():
            raise BatchError(
                f"{chosen} is not there; build from the other: "
                f"course build {script.stem} --from {other}"
            )
        return decide
    if not book.exists():
        return "py"
    if not script.exists():
        return "ipynb"
    in_script, in_book = cells_of(script), cells_of(book)
    if in_script == in_book:
        return "py"
    agreed = _agreed(script)
    if _digest(in_book) in agreed:
        return "py"
    if _digest(in_script) in agreed:
        return "ipynb"
    raise BatchError(
        f"{script.name} and {book.name} were edited apart: {differing_cells(in_script, in_book)}. "
        f"Say which one counts: course build {script.stem} --from py   (or --from ipynb)"
    )


def cells_of(path: Path) -> list[tuple[str, str]]:
    """Kind and text of every cell of a .py or an .ipynb; raises BatchError for no notebook."""
    return [(cell.cell_type, cell.source) for cell in _read(path).cells]


def differing_cells(in_script, in_book) -> str:
    """In words, which cells of the .py are not in the .ipynb, and the other way round."""
    matcher = difflib.SequenceMatcher(None, in_script, in_book, autojunk=False)
    words = []
    for kind, first, last, other_first, other_last in matcher.get_opcodes():
        if kind != "equal":
            here, there = in_script[first:last], in_book[other_first:other_last]
            text = (here or there)[0][1].strip().partition("\n")[0][:50]
            where = f"cell {(first if here else other_first) + 1}"
            only = "" if here and there else f" only in the .{'py' if here else 'ipynb'}"
            words.append(f"{where} ({text}){only}")
    more = f" and {len(words) - 5} more" if len(words) > 5 else ""
    return ", ".join(words[:5]) + more


def build(script: Path, mode: str, decide: str | None = None, progress=None) -> execution.Result:
    """Execute one notebook and write its pair; returns the run's result.

    Nothing is written when the run fails. Raises BatchError when the pair was edited apart.
    """
    import nbformat

    book = script.with_suffix(".ipynb")
    origin = script if source_of(script, decide) == "py" else book
    notebook = _read(origin)
    _pin(notebook, script.stem, _cells_before(book), _filters(script))
    # The notebook itself says "auto", and stays so: the mode comes from the environment.
    source, mode = nbformat.writes(notebook).encode(), {"COURSE_MODE": mode}
    result = execution.run(execution.Job(script.stem, source, env=mode), progress)
    if result.status != "ok":
        return result
    executed = nbformat.reads(tidy.clean(result.notebook).decode(), as_version=4)
    for cell, ran in zip(notebook.cells, executed.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    notebook.metadata["language_info"] = LANGUAGE
    written = (nbformat.writes(notebook) + "\n").encode()
    disk.write_atomically(book, written)
    disk.write_atomically(script, _as_text(book))
    _remember(script, cells_of(script))
    return result


def build_all(names, mode, origin, solutions=True, keep_cost=None) -> int:
    """Build the named pairs, or all, with or without solutions; returns the exit code.

    `keep_cost(lesson, mode, result)` is called with what each lesson took, solutions left out.
    """
    if origin not in (None, "py", "ipynb"):
        raise BatchError(f"--from is {origin!r}; expected py or ipynb.")
    grid.check_mode(mode)
    # A cost is that of a mode, and "auto" is none.
    mode = grid.suitable_mode() if mode == "auto" else mode
    scripts = pairs(names)
    if not solutions:
        scripts = [script for script in scripts if script.parent.name != "solutions"]
    for script in scripts:
        source_of(script, origin)
    display = terminal.Display(terminal.make_console())
    failed = 0
    with terminal.terminated_like_interrupted():
        try:
            display.start(total=len(scripts), done=0)
            for script in scripts:
                solution = script.parent.name == "solutions"
                name = f"solutions/{script.stem}" if solution else script.stem

                def tell(index, count, name=name):
                    display.cell(name, index, count)

                result = build(script, mode, origin, tell)
                display.finished(name, result, again=False)
                if result.status != "ok":
                    failed += 1
                    display.note(result.traceback or "")
                elif keep_cost is not None and not solution:
                    keep_cost(script.stem, mode, result)
        except KeyboardInterrupt:
            display.stop()
            print("Interrupted; what was built is whole. Go on: course build", file=sys.stderr)
            return terminal.INTERRUPTED
        finally:
            display.stop()
    return 1 if failed else 0


def _read(path):
    import jupytext
    from jupytext.config import load_jupytext_config

    try:
        return jupytext.read(path, config=load_jupytext_config(str(path)))
    except Exception as error:  # The parsers below it raise what they like.
        raise library.unreadable(path, error) from error


def _filters(path):
    """The folder's filters: they travel with a notebook, for tools that read it elsewhere."""
    from jupytext.config import load_jupytext_config

    config = load_jupytext_config(str(path))
    names = ("cell_metadata_filter", "notebook_metadata_filter")
    return {name: getattr(config, name) for name in names if config and getattr(config, name)}


def _cells_before(book):
    """The cells whose ids are kept; none where `--from py` replaces an .ipynb that is no notebook."""
    with contextlib.suppress(BatchError):
        if book.exists():
            return _read(book).cells
    return []


def _pin(notebook, name, old_cells, filters):
    """Kernel, metadata and cell ids that are the same on every machine and in every build."""
    notebook.metadata = type(notebook.metadata)(kernelspec=library.KERNEL)
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
            text = f"{name}\0{cell.cell_type}\0{cell.source}\0{salt}"
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


def _as_text(book):
    """The .ipynb as `jupytext --to py:percent` writes it, in bytes."""
    from jupytext.cli import jupytext

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        # Read in place, since the folder's jupytext.toml decides about the header.
        target = Path(folder) / "text.py"
        jupytext(["--quiet", "--to", "py:percent", "--output", str(target), str(book)])
        return target.read_bytes()


# When did the two files of a pair last agree?


def _agreed(script):
    found = {_memory().get(_key(script))}
    in_script, in_book = _committed(script), _committed(script.with_suffix(".ipynb"))
    # A commit may hold one file's edit without the other's; then it is no agreement.
    if in_script is not None and in_script == in_book:
        found.add(_digest(in_script))
    return found - {None}


def _committed(path):
    """Cells of a file as the last commit has it; None where it has none, or none to be read."""
    command = ["git", "-C", str(path.parent), "show", f"HEAD:./{path.name}"]
    # A hook of another repository sets GIT_DIR, and git would answer for that one.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        shown = subprocess.run(command, capture_output=True, check=False, env=inherited)
    except OSError:
        return None
    if shown.returncode != 0:
        return None
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(shown.stdout)
        with contextlib.suppress(BatchError):
            return cells_of(copy)
    return None


def _memory_path():
    return library.project_root() / "build" / "pairs.json"


def _memory():
    try:
        return json.loads(_memory_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _remember(script, cells):
    memory = _memory() | {_key(script): _digest(cells)}
    text = json.dumps(memory, indent=1, sort_keys=True) + "\n"
    disk.write_atomically(_memory_path(), text.encode())


def _key(script):
    return "/".join(script.resolve().parts[-2:])


def _digest(cells):
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()[:16]
