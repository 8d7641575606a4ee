"""What an executed notebook must not carry: the paths of the machine that made it, and its timing."""

import json
import os
import re
import sys
import tempfile
from pathlib import Path

# A notebook that prints without end must not take the client down with it.
MOST_BYTES = 64_000_000
MOST_CHARACTERS = {"message": 500, "traceback": 20_000}


def scrubber(folder):
    """A function that replaces this machine's paths in a text."""
    names = {
        str(folder): ".",
        os.path.realpath(folder): ".",
        str(Path(__file__).resolve().parents[2]): "course",
        sys.prefix: "python",
        sys.base_prefix: "python",
        os.path.realpath(tempfile.gettempdir()): "tmp",
        tempfile.gettempdir(): "tmp",
        str(Path.home()): "~",
    }
    if "COURSE_DATA_DIR" in os.environ:
        data = os.path.abspath(os.path.expanduser(os.environ["COURSE_DATA_DIR"]))
        names |= dict.fromkeys((data, os.path.realpath(data)), "COURSE_DATA_DIR")
    names = {path: name for path, name in names.items() if len(path) > 3}
    pattern = re.compile("|".join(re.escape(path) for path in sorted(names, key=len, reverse=True)))
    kernel_file = re.compile(r"tmp/ipykernel_\d+/\d+\.py")

    def scrub(text):
        return kernel_file.sub("cell.py", pattern.sub(lambda found: names[found[0]], text))

    return scrub


def clean_notebook(path, scrub):
    """Bytes of the executed notebook without papermill's metadata and this machine's paths.

    None where there is none, where it was cut off, and where its outputs are too large to send.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    notebook["metadata"].pop("papermill", None)
    for cell in notebook["cells"]:
        cell["metadata"].pop("papermill", None)
        cell["metadata"].pop("execution", None)
        if cell.get("outputs"):
            cell["outputs"] = joined(cell["outputs"])
        for output in cell.get("outputs", ()):
            for key in ("text", "traceback", "evalue"):
                if key in output:
                    output[key] = _scrub_texts(output[key], scrub)
            for kind, value in output.get("data", {}).items():
                if kind.startswith("text/"):
                    output["data"][kind] = _scrub_texts(value, scrub)
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def shortened(text, kind):
    """A message without its end, or a traceback without its middle, if they are very long."""
    most = MOST_CHARACTERS[kind]
    if len(text) <= most:
        return text
    if kind == "message":
        return text[: most - 2] + " …"
    return f"{text[: most // 4]}\n…\n{text[-most * 3 // 4 :]}"


def joined(outputs):
    """Prints that follow each other as one: in how many pieces they came is a matter of timing."""
    kept = []
    for output in outputs:
        last = kept[-1] if kept else {}
        if "name" in output and output["name"] == last.get("name"):
            last["text"] = "".join(last["text"]) + "".join(output["text"])
        else:
            kept.append(output)
    return kept


def _scrub_texts(value, scrub):
    return [scrub(line) for line in value] if isinstance(value, list) else scrub(value)
