"""The learner's workspace: lessons of their own, made from the committed ones and never overwritten.

The committed notebooks are the author's: paired, executed, with answers and instructor's notes. A
learner's have neither outputs nor notes nor a pair. What was laid down is kept as digests of what one
types, the texts of the cells, since JupyterLab saves a notebook anew that was only opened or run.
"""

import contextlib
import datetime
import hashlib
import itertools
import json
import os
import re
import shlex
import shutil
from pathlib import Path

from course_tools.authoring import build
from course_tools.authoring.folding import only_draws
from course_tools.batch import reading
from course_utils import contents, files
from course_utils.errors import BatchError, CourseError
from course_utils.home import HIDDEN, LAID, RECORDS, is_mine

REPLACED = f"{HIDDEN}/replaced"
NEW = " (new edition"
# How to get the course where it is not: in a workspace, which it has laid itself, it is.
HINT = re.compile(r"^#[^\n]*\n#[^\n]*git\+ADDRESS[^\n]*\n", re.MULTILINE)
# The lesson that is copied for somebody's own pictures, and the tag of its cells that are the course's alone.
OWN, COURSES_ALONE, OWN_NAME = "18_your_own_pictures", "lesson-only", "my_pictures"
OWN_TITLE = """\
# My pictures

From a folder to a tested model, by lesson 18 of the course on generalisation. Put the name of your
folder into the next cell, with one sub-folder of pictures for each class, and run one cell after the
other. Nothing is written into that folder. What you take away, `report_card.html`, `model.keras` and
`classify.py`, comes to lie in `out`, beside this notebook."""
# What the files are called that a folder of pictures is known by.
PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
LINK = re.compile(r"\[([^\]]*)\]\(((?:\w+/)?\w+\.ipynb)\)")


def edition(
    notebooks: Path | None = None, solutions: bool = True, installed: bool = False
) -> dict[str, bytes]:
    """The learner's edition: each file's name, with `solutions/` before it or not, and its content.

    Without the solutions, what linked to them is plain text; where the course is `installed`, no cell
    says how to install it. `notebooks` is the folder of the committed lessons, default the course's.
    Raises BatchError where there are no lessons, or for one that is no notebook.
    """
    notebooks = notebooks or reading.project_root() / "notebooks"
    paths = {
        path.relative_to(notebooks).as_posix(): path
        for folder in ("", "solutions")[: 1 + solutions]
        for path in sorted((notebooks / folder).glob("*.ipynb"))
        if reading.NUMBERED.fullmatch(path.stem)
    }
    if not any(path.parent == notebooks for path in paths.values()):
        reading.listed()  # Installed without the lessons, the course says where it looked.
        raise BatchError(
            f"There are no lessons in {notebooks}. Restore them: git checkout notebooks"
        )
    return {name: _for_learners(path, paths, installed) for name, path in paths.items()}


def _for_learners(path, names, installed):
    """A committed notebook as a learner gets it; of links to notebooks only those in `names` stay."""
    book = json.loads(reading.read_notebook(path).source)
    cells = []
    for cell in book["cells"]:
        source = "".join(cell["source"])
        if "instructor" in cell["metadata"].get("tags", ()):
            continue
        if cell["cell_type"] == "markdown":
            source = LINK.sub(lambda link: link[link[2] not in names], source)
        elif installed:
            source = HINT.sub("", source)
        cell["source"] = source.splitlines(keepends=True)
        cell["metadata"] = _only(cell["metadata"], "tags", "jupyter")
        if cell["cell_type"] == "code" and only_draws(source):
            cell["metadata"]["jupyter"] = {"source_hidden": True}
        cells.append(cell)
    book |= {"cells": cells, "metadata": _only(book["metadata"], "kernelspec", "language_info")}
    # As JupyterLab writes it; nbformat would take longer to import than all of this takes.
    return (json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _only(metadata, *names):
    return {name: metadata[name] for name in names if name in metadata}


def _typed(content: bytes) -> str | None:
    """Digest of what somebody typed into a notebook; None for what is none.

    Not of outputs and metadata, nor of the empty cell that running the last one adds.
    """
    try:
        cells = [
            [cell["cell_type"], "".join(cell["source"]).rstrip(), cell.get("attachments") or {}]
            for cell in json.loads(content)["cells"]
        ]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return _digest(json.dumps([cell for cell in cells if cell[1]], sort_keys=True).encode())


def _digest(content):
    return hashlib.sha256(content).hexdigest()[:16]


# What is laid down: for each file the digests of what was typed there and of the whole file, and for
# each lesson the newest edition that its learner was offered.


def _read(folder):
    try:
        found = json.loads((folder / LAID).read_text(encoding="utf-8"))
        return {"files": dict(found["files"]), "offered": dict(found["offered"])}
    except (OSError, ValueError, LookupError, TypeError):
        # Without it nothing counts as untouched, and nothing is overwritten.
        return {"files": {}, "offered": {}}


@contextlib.contextmanager
def _in_words(folder):
    """A CourseError where the workspace cannot be written."""
    try:
        yield
    except OSError as error:
        raise CourseError(
            f"The workspace {folder} could not be written ({files.why(error)}). What is in it is whole "
            "and as you left it. With another folder: COURSE_HOME=FOLDER course lab"
        ) from error


def lay_down(folder: Path, notebooks: Path | None = None) -> list[str]:
    """Make a workspace, or bring it up to date; returns what its learner should be told, in sentences.

    A lesson that its learner has not touched is replaced by a newer edition. Beside one that they
    have touched the newer edition is laid under a name that says so, once. Raises BatchError as
    `edition`, and CourseError where the folder cannot be written.
    """
    notebooks = notebooks or reading.project_root() / "notebooks"
    wanted, laid = edition(notebooks, installed=True), _read(folder)
    beside, broken = [], []
    with _in_words(folder):
        told = _bring_records(folder, notebooks.parent)
        for name, content in wanted.items():
            path = folder / name
            if path.is_file() and _typed(path.read_bytes()) is None:
                broken.append(name)
            new = _update(folder, name, content, laid)
            beside += [new] if new else []
            if name in laid["files"] and build.is_edited(notebooks / name):
                # Somebody worked in the committed file, as in the course's first edition: as theirs, it
                # is never replaced.
                laid["files"][name]["typed"] = None
        told += _retire(folder, wanted, laid)
        files.write_atomically(folder / LAID, (json.dumps(laid, indent=1) + "\n").encode())
    if beside:
        told.append(
            f"A newer edition of what you have worked on lies beside yours, which is as you left it: "
            f"{', '.join(beside)}."
        )
    told += [
        f"{name} is damaged and will not open. This keeps it and lays a fresh copy: "
        f"course reset {Path(name).name[:2]}"
        for name in broken
    ]
    return told


def _update(folder, name, content, laid):
    """Bring one file up to date; the name of a newer edition that was laid beside it, else None."""
    path, new, beside = folder / name, _typed(content), None
    there = path.read_bytes() if path.is_file() else b""
    if path.is_file() and _typed(there) == new:
        file = laid["files"].get(name, {}).get("file")
        if _digest(there) == file:
            _lay(folder, name, content, laid)
        else:  # The outputs of a lesson that was run stay, whatever is new around its cells.
            laid["files"][name] = {"typed": new, "file": file}
    elif not path.is_file() or _is_untouched(folder, name, laid):
        _replace(folder, name, content, laid)
    elif laid["offered"].get(name) != new:
        beside = next(
            other
            for other in _names(name, NEW, ")")
            if not (folder / other).exists() or _is_untouched(folder, other, laid)
        )
        _replace(folder, beside, content, laid)
    laid["offered"][name] = new
    return beside


def _names(name, before, after):
    """Names beside `name`: with a number from the second on."""
    for number in itertools.count(1):
        words = f"{before}{after}" if number == 1 else f"{before} {number}{after}"
        yield f"{name.removesuffix('.ipynb')}{words}.ipynb"


def _lay(folder, name, content, laid):
    if not (folder / name).is_file() or (folder / name).read_bytes() != content:
        files.write_atomically(folder / name, content)
    laid["files"][name] = {"typed": _typed(content), "file": _digest(content)}


def _replace(folder, name, content, laid):
    """Lay an edition; of a lesson that was run, and not edited, keep the outputs out of the way."""
    _put_away(folder, name, laid)
    _lay(folder, name, content, laid)


def _put_away(folder, name, laid):
    path = folder / name
    if path.is_file() and _digest(path.read_bytes()) != laid["files"][name]["file"]:
        _keep(path, folder / REPLACED / name)


def _is_untouched(folder, name, laid):
    typed = laid["files"].get(name, {}).get("typed")
    return typed is not None and _typed((folder / name).read_bytes()) == typed


def _keep(path, beside):
    """Copy a file to a free name with today's date beside another one; returns the copy's path."""
    today = datetime.date.today().isoformat()
    names = (beside.with_name(name) for name in _names(beside.name, f" ({today}", ")"))
    kept = next(name for name in names if not name.exists())
    files.write_atomically(kept, path.read_bytes())
    return kept


def _retire(folder, wanted, laid):
    """Put away what is no longer a lesson and was not touched; say what became of the rest."""
    told = []
    lessons = [Path(name).stem for name in wanted if "/" not in name]
    for name in [n for n in laid["files"] if n not in wanted and NEW not in n]:
        path = folder / name
        if path.is_file() and _is_untouched(folder, name, laid):
            _put_away(folder, name, laid)
            path.unlink()
        elif path.is_file():
            now = contents.name_today(path.stem, lessons)
            words = f"is called {now}.ipynb now" if now else "is no longer part of the course"
            told.append(f"{name} {words}; yours stays as it is.")
        del laid["files"][name]
    return told


def _bring_records(folder, checkout):
    """Take over what the course's first edition kept in the checkout, unless it is somebody else's."""
    old, new = checkout / "build" / "own" / "records", folder / RECORDS
    if new.exists() or not old.is_dir() or not is_mine(old):
        return []
    partial = new.with_name(f"{files.PARTIAL}records")
    try:
        shutil.copytree(old, partial, dirs_exist_ok=True)
        partial.rename(new)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return [f"Your records and progress so far were copied from {old}."]


def reset(folder: Path, lesson: str, notebooks: Path | None = None) -> str:
    """Lay a fresh copy of a lesson and keep the old one under today's date; returns what to say.

    Raises BatchError when there is no such lesson, and CourseError where nothing can be written.
    """
    name = f"{reading.find_notebook_path(lesson).stem}.ipynb"
    wanted, laid = edition(notebooks, installed=True), _read(folder)
    if name not in wanted:
        raise BatchError(
            f"{lesson} is none of the numbered lessons. All of them: course run --list"
        )
    path, words = folder / name, ""
    with _in_words(folder):
        if path.is_file() and path.read_bytes() != wanted[name]:
            words = f" Yours is kept as {_keep(path, path).name}."
        _lay(folder, name, wanted[name], laid)
        for other in itertools.takewhile(lambda n: n in laid["files"], _names(name, NEW, ")")):
            # The fresh copy is the newest edition, and one of it is enough.
            if (folder / other).is_file() and _is_untouched(folder, other, laid):
                (folder / other).unlink()
            del laid["files"][other]
        files.write_atomically(folder / LAID, (json.dumps(laid, indent=1) + "\n").encode())
    return f"{path} is fresh.{words} If it is open in the browser: File, Reload Notebook from Disk."


def hand_out(folder: Path, solutions: bool = False, notebooks: Path | None = None) -> int:
    """Write the learner's edition into a folder that holds none of its files; how many were written.

    Raises CourseError for a folder that holds one already or cannot be written, BatchError as
    `edition`.
    """
    wanted = edition(notebooks, solutions)
    for name in wanted:
        if (folder / name).exists():
            raise CourseError(
                f"{folder / name} exists, and nothing is overwritten. Name an empty folder: "
                "course handout FOLDER"
            )
    try:
        for name, content in wanted.items():
            files.write_atomically(folder / name, content)
    except OSError as error:
        raise CourseError(
            f"{folder} could not be written ({files.why(error)}). With another folder: "
            "course handout FOLDER"
        ) from error
    return len(wanted)


def new(folder: Path, pictures: Path | None = None, notebooks: Path | None = None) -> Path:
    """Write a notebook for somebody's own pictures, made from lesson 18, and return its path.

    Exercises, farewell and notes stay in the lesson. `pictures` becomes its parameter `folder`, which
    is empty by default. Raises CourseError where one is there already, where `pictures` is no folder or
    holds `folder`, where `folder` has nothing but sub-folders of pictures, and where nothing can be
    written; BatchError where there is no lesson 18.
    """
    folder = Path(os.path.abspath(folder.expanduser()))
    path, named = folder / f"{OWN_NAME}.ipynb", ""
    if path.exists():
        raise CourseError(
            f"{path} exists, and nothing is overwritten. Name another folder: course new FOLDER"
        )
    if pictures is None and _holds_classes(folder):
        raise CourseError(
            f"{folder} holds the pictures themselves, and nothing is written beside them. Name another "
            f"folder for the notebook: course new my_own --pictures {shlex.quote(str(folder))}"
        )
    if pictures is not None:
        named = Path(os.path.abspath(pictures.expanduser()))
        if not named.is_dir():
            what = "is a file" if named.exists() else "does not exist"
            raise CourseError(
                f"{named} {what}; --pictures expects the folder that holds one sub-folder of pictures for "
                "each class"
            )
        if folder.resolve().is_relative_to(named.resolve()):
            raise CourseError(
                f"{folder} lies in the folder of the pictures, into which nothing is written. Name another "
                f"one for the notebook: course new FOLDER --pictures {shlex.quote(str(named))}"
            )
    if notebooks is None:
        lesson = reading.find_notebook_path(OWN)
    else:
        lesson = notebooks / f"{OWN}.ipynb"
    book = json.loads(_for_learners(lesson, (), installed=True))
    title, *cells = book["cells"]
    book["cells"] = [title | {"source": OWN_TITLE.splitlines(keepends=True), "metadata": {}}]
    for cell in cells:
        tags = cell["metadata"].get("tags", ())
        if COURSES_ALONE in tags:
            continue
        source = "".join(cell["source"]).replace(f'"{OWN}"', f'"{OWN_NAME}"')
        if "parameters" in tags:
            source = re.sub(r'(?m)^folder = ""', lambda _: f"folder = {str(named)!r}", source)
        book["cells"].append(cell | {"source": source.splitlines(keepends=True)})
    content = json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    try:
        files.write_atomically(path, content.encode())
    except OSError as error:
        raise CourseError(
            f"{folder} could not be written ({files.why(error)}). With another folder: "
            "course new FOLDER"
        ) from error
    return path


def _holds_classes(folder):
    """Whether a folder has two or more sub-folders with pictures in them, and nothing else."""
    if not folder.is_dir():
        return False
    there = [each for each in folder.iterdir() if not each.name.startswith(".")]
    return len(there) > 1 and all(
        each.is_dir() and any(path.suffix.lower() in PICTURES for path in each.iterdir())
        for each in there
    )
