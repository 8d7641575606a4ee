"""What an executed notebook must be: one function a rule, each returning the problems it found.

A rule takes a `Notebook` and returns a list of sentences, empty when all is well, so that a test
shows every problem of a notebook at once. `test_notebook_rules.py` shows that each rule can fail.
"""

import contextlib
import difflib
import getpass
import io
import re
import socket

from jupytext.cli import jupytext

from course_tools.authoring.notebook_files import text_of

MOST_BYTES = 400_000

# The second pair is jupytext's record of blank lines in the .py that it would not have chosen.
CELL_METADATA = {"tags", "jupyter", "lines_to_next_cell", "lines_to_end_of_cell_marker"}


def both_files_are_there(notebook):
    return [
        f"{path.name} is missing: make notebooks LESSONS={notebook.name}"
        for path in (notebook.script, notebook.path)
        if not path.exists()
    ]


def pair_is_in_sync(notebook):
    """The .ipynb, written as text by jupytext, is the .py: cell by cell, whatever the mtimes say."""
    printed = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(printed, encoding="utf-8")) as out:
        jupytext(["--quiet", "--to", "py:percent", "--output", "-", str(notebook.path)])
        out.flush()
        written = printed.getvalue().decode("utf-8")
    script = notebook.script.read_text(encoding="utf-8")
    difference = difflib.unified_diff(
        script.splitlines(),
        written.splitlines(),
        fromfile=notebook.script.name,
        tofile=f"{notebook.path.name}, as text",
        lineterm="",
    )
    return [] if written == script else ["the pair differs:\n" + "\n".join(difference)]


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


def only_needed_metadata(notebook):
    """What an execution leaves in the metadata makes every diff a long one, and names versions."""
    metadata = notebook.nb.metadata
    problems = [
        f"the notebook's metadata holds {key!r}"
        for key in sorted(set(metadata) - {"jupytext", "kernelspec", "language_info"})
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
                for key in sorted(set(cell.metadata) - CELL_METADATA)
            ]
    return problems


def small_enough(notebook):
    size = notebook.path.stat().st_size
    return [] if size < MOST_BYTES else [f"{size:,} bytes; at most {MOST_BYTES:,} are expected"]


RULES = (
    pair_is_in_sync,
    every_cell_ran_in_order,
    no_output_is_an_error,
    it_ran_on_real_images,
    every_image_has_alt_text,
    nothing_of_the_machine,
    only_needed_metadata,
    small_enough,
)
