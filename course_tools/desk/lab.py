"""`course lab`: the command that opens a learner's lessons, or the author's, in JupyterLab."""

import json
import os
import sys
from pathlib import Path
from urllib.parse import quote

from course_tools.authoring import build
from course_tools.batch import reading
from course_utils import files
from course_utils.errors import BatchError
from course_utils.home import HIDDEN

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
UNPAIRED = {"disabledExtensions": NO_NEWS["disabledExtensions"] | {"jupyterlab-jupytext": True}}
# Of twenty lines that a server says when it starts, the one with its address.
QUIET_LOG = {"Application": {"log_level": "ERROR"}}
# In the narrow file pane a column of times would cut the lessons' names.
WHOLE_NAMES = {"@jupyterlab/filebrowser-extension:browser": {"showLastModifiedColumn": False}}
# JupyterLab breaks printed lines inside words. Its own rule comes later in the page: "body" outweighs it.
WHOLE_WORDS = "body .jp-OutputArea-output pre { word-break: normal; overflow-wrap: anywhere; }\n"


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


def command(lesson: str | None, extra: list[str], workspace: Path | None = None) -> list[str]:
    """The command line that opens `lesson` (a number, name or path; the first when None).

    A lesson is opened in the learner's `workspace`, or, without one, as its author's pair. The
    server's folder is then the workspace or the course's, so that a lesson finds its neighbours; a
    notebook from elsewhere is served from where it lies. Raises BatchError when there is no such
    lesson.
    """
    path = reading.find_notebook_path(lesson or "00").resolve()
    book = path.with_suffix(".ipynb")
    path = book if book.exists() else path
    folders = [folder for folder in path.parents if folder.name == "notebooks"]
    root = folders[0].parent if folders else path.parent
    if workspace is not None:
        workspace = workspace.resolve()
        mine = workspace / book.relative_to(folders[0]) if reading.is_lesson(path) else path
        if mine.is_file() and mine.is_relative_to(workspace):
            root, path = workspace, mine
    page = f"/lab/tree/{quote(path.relative_to(root).as_posix())}"
    words = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}"]
    words += [f"--LabApp.default_url={page}", *QUIET]
    if os.geteuid() == 0:
        # In a container everybody is root; the server still asks for its token.
        words.append("--allow-root")
    # A port in use is no obstacle: the server takes the next free one.
    return [*words, *extra]


def prepare(home: Path, author: bool = False) -> dict[str, str]:
    """The environment for the server: this one, with the course's kernel and commands before others.

    A "python3" kernel that some other project left in the user's folder would run the lessons with
    a Python that has never heard of the course; what JUPYTER_PATH names comes first. Writes the
    kernel's description and JupyterLab's settings into the learner's folder, `home`. Only an
    author's notebooks are paired with the text beside them, which their times would decide between.
    """
    folder = home / HIDDEN / ("author" if author else "jupyter")
    description = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": reading.KERNEL["display_name"],
        "language": "python",
        "metadata": {"debugger": True},
    }
    # Else, started from no terminal, it would take a login shell, which forgets where the course is.
    server = {"terminado_settings": {"shell_command": [os.environ.get("SHELL") or "sh"]}}
    lab = QUIET_LOG | {"ServerApp": server}
    # From the files of jupyter_server_config.d the server reads which extensions it loads, and no more.
    loaded = {} if author else {"jpserver_extensions": {"jupyterlab_jupytext": False}}
    written = {
        f"kernels/{reading.KERNEL['name']}/kernel.json": description,
        "labconfig/page_config.json": NO_NEWS if author else UNPAIRED,
        "labconfig/default_setting_overrides.json": WHOLE_NAMES,
        "jupyter_server_config.d/course.json": {"ServerApp": loaded},
        "jupyter_lab_config.json": lab,
    }
    environment = dict(os.environ) | {"COURSE_HOME": str(home)}
    if not os.access(Path.home(), os.W_OK | os.X_OK):
        # Jupyter ends at once where it cannot write to its user's home.
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            environment.setdefault(name, str(folder / name.lower()))
    own = environment.get("JUPYTER_CONFIG_DIR") or Path.home() / ".jupyter"
    if not os.path.exists(Path(own, "custom", "custom.css")):
        # Only one such file is loaded, and a learner's own goes before.
        server["tornado_settings"] = {"static_custom_path": [str(folder / "custom")]}
        lab["LabApp"] = {"custom_css": True}
    try:
        files.write_atomically(folder / "custom" / "custom.css", WHOLE_WORDS.encode())
        for name, content in written.items():
            files.write_atomically(folder / name, (json.dumps(content, indent=1) + "\n").encode())
    except OSError as error:
        print(
            f"The course's kernel could not be written to {folder} ({error.strerror}). Another folder: "
            "COURSE_HOME=FOLDER course lab"
        )
    # The course's commands are found in the lab's terminals and cells, as they are named there.
    first = {name: str(folder) for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH")}
    first["PATH"] = os.path.dirname(sys.executable)
    return environment | {
        name: os.pathsep.join(filter(None, (place, os.environ.get(name))))
        for name, place in first.items()
    }


def edited_apart() -> list[str]:
    """A sentence for each lesson whose .py and .ipynb do not agree, with the cells that differ.

    Also for one that cannot be read, since all the others can still be opened.
    """
    sentences = []
    for path in filter(build.is_the_courses, reading.lesson_paths().values()):
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
