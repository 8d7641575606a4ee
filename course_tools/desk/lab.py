"""`course lab`: the command that opens the lessons in JupyterLab, with nothing in the way."""

import json
import os
import sys
from pathlib import Path
from urllib.parse import quote

from course_tools.authoring import build
from course_tools.batch import reading
from course_utils import files
from course_utils.errors import BatchError

# JupyterLab would look for newer versions of itself and for extensions, and ask a newcomer about its
# news: nothing here needs a network.
QUIET = (
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)
# Options of JupyterLab that take no value; of any other, the next word may be the value.
FLAGS = (
    "--allow-root",
    "--autoreload",
    "--collaborative",
    "--core-mode",
    "--custom-css",
    "--debug",
    "--dev-mode",
    "--expose-app-in-browser",
    "--extensions-in-dev-mode",
    "--generate-config",
    "--no-browser",
    "--no-script",
    "--script",
    "--show-config",
    "--show-config-json",
    "--skip-dev-build",
    "--splice-source",
    "-y",
)
NO_NEWS = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


def split(words: list[str]) -> tuple[str | None, list[str]]:
    """The lesson among the words of a command line, if any, and what is left for JupyterLab.

    A word after an option is that option's value (`--log-level 10`), unless the option is one of
    `FLAGS` or holds its value already (`--port=8889`). Raises BatchError when two are named.
    """
    lesson, extra, before = None, [], ""
    for word in words:
        is_value = before.startswith("-") and "=" not in before and before not in FLAGS
        if word.startswith("-") or is_value:
            extra.append(word)
        elif lesson is None:
            lesson = word
        else:
            raise BatchError(
                f"{lesson} and {word} are named, and course lab opens one lesson: first the lesson, "
                f"then JupyterLab's options. For example: course lab {lesson} --no-browser"
            )
        before = word
    return lesson, extra


def command(lesson: str | None, extra: list[str]) -> list[str]:
    """The command line that opens `lesson` (a number, name or path; the first when None).

    The server's folder is the course's, so that a lesson finds its neighbours; a notebook from
    elsewhere is served from where it lies. Raises BatchError when there is no such lesson.
    """
    path = reading.find_notebook_path(lesson or "00").resolve()
    book = path.with_suffix(".ipynb")
    path = book if book.exists() else path
    folders = [folder for folder in path.parents if folder.name == "notebooks"]
    root = folders[0].parent if folders else path.parent
    page = f"/lab/tree/{quote(path.relative_to(root).as_posix())}"
    words = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}"]
    words += [f"--LabApp.default_url={page}", *QUIET]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container everybody is root; the server still asks for its token.
        words.append("--allow-root")
    # A port in use is no obstacle: the server takes the next free one.
    return [*words, *extra]


def prepare(folder: Path | None = None) -> dict[str, str]:
    """The environment for the server: this one, with the course's kernel and commands before others.

    A "python3" kernel that some other project left in the user's folder would run the lessons with
    a Python that has never heard of the course; what JUPYTER_PATH names comes first. Writes the
    kernel's description and JupyterLab's settings below `folder`, default build/jupyter.
    """
    folder = folder or reading.project_root() / "build" / "jupyter"
    description = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": reading.KERNEL["display_name"],
        "language": "python",
        "metadata": {"debugger": True},
    }
    contents = {
        folder / "kernels" / reading.KERNEL["name"] / "kernel.json": description,
        folder / "labconfig" / "page_config.json": NO_NEWS,
    }
    try:
        for path, content in contents.items():
            files.write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())
    except OSError as error:
        print(f"The course's kernel could not be written to {path} ({error.strerror}).")
    # The course's commands are found in the lab's terminals and cells, as they are named there.
    first = {name: str(folder) for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH")}
    first["PATH"] = os.path.dirname(sys.executable)
    return dict(os.environ) | {
        name: os.pathsep.join(filter(None, (place, os.environ.get(name))))
        for name, place in first.items()
    }


def edited_apart() -> list[str]:
    """A sentence for each lesson whose .py and .ipynb do not agree, with the cells that differ.

    Also for one that cannot be read, since all the others can still be opened.
    """
    sentences = []
    for path in reading.lesson_paths().values():
        try:
            words = build.difference(path)
        except BatchError as error:
            sentences.append(str(error))
            continue
        if words:
            book = path.with_suffix(".ipynb")
            sentences.append(
                f"{path.stem}: the .py and the .ipynb differ: {words}. Build from the .py: course "
                f"build {path.stem}   or take the .ipynb's cells: jupytext --to py:percent {book}"
            )
    return sentences
