"""The notebooks that can be run: what the user named, where it is, and which parameters it has."""

import ast
import difflib
import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.errors import BatchError

KERNEL = {"display_name": "Generalisation course", "language": "python", "name": "python3"}
NUMBERED = re.compile(r"\d\d_\w+")


@dataclass(frozen=True)
class Notebook:
    """A notebook to run: `name` (file stem), `source` (bytes of an .ipynb without outputs),
    `defaults` (parameter name to default value, `UNKNOWN` where it is no literal; None when the
    cell is no Python and nothing can be said) and `digest` of what will be executed."""

    name: str
    path: Path
    source: bytes = field(repr=False)
    defaults: dict | None
    digest: str

    @property
    def has_variants(self) -> bool:
        """Whether its parameters choose what it trains, and with that how long it takes."""
        return not {"model", "techniques"}.isdisjoint(self.defaults or ())


# A parameter whose default is computed.
UNKNOWN = object()


def project_root() -> Path:
    """The checkout: the nearest one above here, else the package's own; without one, this folder."""
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "notebooks").is_dir() and (folder / "course_utils").is_dir():
            return folder
    return here


def listed() -> str:
    """The names of all lessons, one a line; raises BatchError where there are none."""
    known = lesson_paths()
    if not known:
        raise BatchError(
            f"There are no lessons in or above {Path.cwd()}. Go to the folder of the course, or name a "
            "file: course run NOTEBOOK.ipynb"
        )
    return "\n".join(known)


# Notebooks


def lesson_paths(folder: Path | None = None) -> dict[str, Path]:
    """Every notebook in the course's folder, its user's own too, name to path.

    The path is that of the .ipynb, or of the .py where there is no pair yet.
    """
    folder = folder or project_root() / "notebooks"
    found = {}
    for suffix in (".py", ".ipynb"):
        for path in sorted(folder.glob(f"*{suffix}")):
            found[path.stem] = path
    return dict(sorted(found.items()))


def find_notebooks(names, every: bool = False) -> list[Notebook]:
    """Resolve what the user named: numbers ("02"), prefixes, parts of a name, or paths.

    `every` means all numbered lessons. Raises BatchError for a name that fits none or several.
    """
    known = lesson_paths()
    paths = [path for name, path in known.items() if NUMBERED.fullmatch(name)] if every else []
    paths += [find_notebook_path(name) for name in names]
    if not paths:
        raise BatchError(
            "No lesson was named. Name one or more, or all of them: course run 02   course run --all"
        )
    notebooks = {}
    for path in dict.fromkeys(paths):
        notebook = read_notebook(path)
        if notebook.name in notebooks:
            raise BatchError(
                f"Two notebooks are called {notebook.name}: {notebooks[notebook.name].path} and "
                f"{path}. Their results would overwrite each other: rename one, or run them with "
                "two --out folders."
            )
        notebooks[notebook.name] = notebook
    return list(notebooks.values())


def find_notebook_path(name: str) -> Path:
    """The one notebook that a number, prefix, part of a name or path means; raises BatchError."""
    known = lesson_paths()
    path = Path(name)
    if path.suffix in (".ipynb", ".py"):
        if path.is_file():
            return path
        raise BatchError(f"There is no file {name}. The course's lessons: course run --list")
    fits = [name] if name in known else [k for k in known if k.startswith(name)]
    fits = fits or [k for k in known if name.lower() in k.lower()]
    if len(fits) == 1:
        return known[fits[0]]
    if fits and name:
        raise BatchError(f"{name!r} fits {', '.join(fits)}. Write more of the name.")
    # A lesson also answers to its topic and its number.
    aliases = {alias: lesson for lesson in known for alias in (lesson, lesson[:2], lesson[3:])}
    near = difflib.get_close_matches(name.lower(), aliases, n=1, cutoff=0.5)
    hint = f" Did you mean {aliases[near[0]]}?" if near else ""
    raise BatchError(f"There is no lesson {name!r}.{hint} All lessons: course run --list")


def read_notebook(path: Path) -> Notebook:
    """Read an .ipynb, or a py:percent .py through jupytext. Raises BatchError when it is neither."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            import jupytext

            content = jupytext.reads(text, fmt="py:percent")
            content["metadata"]["kernelspec"] = KERNEL
        else:
            content = json.loads(text)
        # A notebook that was never opened names no kernel, and papermill then refuses it.
        content["metadata"].setdefault("kernelspec", KERNEL)
        for cell in content["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
        code = [[cell["cell_type"], "".join(cell["source"])] for cell in content["cells"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable(path, error) from error
    digest = hashlib.sha256(json.dumps(code).encode()).hexdigest()[:16]
    source = json.dumps(content, ensure_ascii=False).encode()
    return Notebook(path.stem, path, source, _defaults(content["cells"]), digest)


def unreadable(path: Path, error: Exception) -> BatchError:
    """The error for a file that is no notebook: why it is none, and the command that mends it."""
    why = error.__cause__ or error  # nbformat's own words would quote the whole file.
    reason = f"{type(why).__name__}: {why}".partition("\n")[0][:200]
    if isinstance(why, UnicodeDecodeError):
        mend = "Save it as UTF-8, as an editor offers it"
    elif is_lesson(path) and path.suffix == ".ipynb" and path.with_suffix(".py").is_file():
        mend = f"Write it anew from the .py: course build {path.stem} --force"
    elif is_lesson(path) and path.with_suffix(".ipynb").is_file():
        mend = (
            f"Write it anew from the .ipynb: jupytext --to py:percent {path.with_suffix('.ipynb')}"
        )
    else:
        mend = "Open it once in JupyterLab and save it: course lab"
    return BatchError(f"{path} cannot be read as a notebook ({reason}). {mend}")


def is_lesson(path: Path, folder: Path | None = None) -> bool:
    """Whether a file is one of the course's lessons or solutions, by the folder that it lies in."""
    folder = (folder or project_root() / "notebooks").resolve()
    return path.parent.resolve() in (folder, folder / "solutions")


def _defaults(cells):
    tagged = [c for c in cells if "parameters" in c["metadata"].get("tags", ())]
    lines = "".join(tagged[0]["source"]).splitlines() if tagged else []
    # IPython's own lines are no Python; the assignments around them are what counts.
    source = "\n".join("" if line.lstrip()[:1] in "%!" else line for line in lines)
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None
    defaults = {}
    for statement in body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = getattr(statement, "targets", None) or [statement.target]
            try:
                value = ast.literal_eval(statement.value)
            except (ValueError, TypeError):
                value = UNKNOWN
            defaults |= {target.id: value for target in targets if isinstance(target, ast.Name)}
    return defaults


# Pairs of a .py and an .ipynb


def read_pair_file(path: Path):
    """The notebook in a .py or an .ipynb as jupytext reads it; raises BatchError for no notebook."""
    import jupytext
    from jupytext.config import load_jupytext_config

    try:
        return jupytext.read(path, config=load_jupytext_config(str(path)))
    except Exception as error:  # The parsers below it raise what they like.
        raise unreadable(path, error) from error


def cells_of(path: Path) -> list[list]:
    """Kind, text, tags and `jupyter` settings of every cell of a .py or an .ipynb."""
    return [
        [c.cell_type, c.source, c.metadata.get("tags", []), dict(c.metadata.get("jupyter", {}))]
        for c in read_pair_file(path).cells
    ]


def pair_agrees(path: Path) -> bool:
    """Whether the .py and the .ipynb of one name hold the same cells; True where one is missing.

    Outputs do not count. Raises BatchError for a file that cannot be read as a notebook.
    """
    script, book = path.with_suffix(".py"), path.with_suffix(".ipynb")
    return not (script.is_file() and book.is_file()) or cells_of(script) == cells_of(book)
