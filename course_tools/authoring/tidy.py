"""What a committed notebook must not carry: the paths of the machine that made it, and its timing."""

import functools
import json
import os
import re
import sys
import tempfile
from pathlib import Path

from course_tools.batch.execution import FOLDER_PREFIX

# What may stand before a path, and what may follow it where it ends: a path is no part of a longer
# name, nor of an address such as https://example.org/tmp/x.
BEFORE, AFTER = r"(?<![\w.~/%-])", r"(?![\w-])"
# An image within a text, such as an SVG's: nothing in it is a path.
DATA_ADDRESS = re.compile(r"(data:[\w.+/-]+[\w;=+-]*,[^\s\"'<>)]*)")


def scrubber():
    """A function that replaces this machine's paths in a text: folders by words, the home by `~`."""
    temporary = {tempfile.gettempdir(), os.path.realpath(tempfile.gettempdir())}
    names = {
        str(Path(__file__).resolve().parents[2]): "course",
        sys.prefix: "python",
        sys.base_prefix: "python",
        **dict.fromkeys(temporary, "tmp"),
        str(Path.home()): "~",
    }
    if os.environ.get("COURSE_DATA_DIR"):
        data = os.path.abspath(os.path.expanduser(os.environ["COURSE_DATA_DIR"]))
        names |= dict.fromkeys((data, os.path.realpath(data)), "COURSE_DATA_DIR")
    names = {path: name for path, name in names.items() if len(path) > 3}
    longest = sorted(names, key=len, reverse=True)
    known = "|".join(map(re.escape, longest))
    # The folder of a run, in which its notebook was executed, has another name each time.
    runs = "|".join(re.escape(f"{folder}/{FOLDER_PREFIX}") for folder in temporary)
    run_folder = re.compile(rf"{BEFORE}(?:{runs})\w+{AFTER}")
    cell_file = re.compile(r"\./tmp/ipykernel_\d+/\d+\.py|tmp/ipykernel_\d+/\d+\.py")
    path = re.compile(rf"{BEFORE}(?:{known}){AFTER}")

    def scrub_part(text):
        text = cell_file.sub("cell.py", run_folder.sub(".", text))
        return cell_file.sub("cell.py", path.sub(lambda found: names[found[0]], text))

    def scrub(text):
        parts = DATA_ADDRESS.split(text)
        return "".join(part if i % 2 else scrub_part(part) for i, part in enumerate(parts))

    return scrub


def clean(notebook: bytes) -> bytes:
    """An executed notebook without this machine's paths, and with prints in a row as one output.

    Text outputs and tracebacks are cleaned; images, JSON and the cells themselves stay as they are.
    """
    scrub = functools.partial(_scrub_texts, scrub=scrubber())
    content = json.loads(notebook)
    for cell in content["cells"]:
        if cell.get("outputs"):
            cell["outputs"] = joined(cell["outputs"])
        for output in cell.get("outputs", ()):
            for key in ("text", "traceback", "evalue"):
                if key in output:
                    output[key] = scrub(output[key])
            for kind, value in output.get("data", {}).items():
                if kind.startswith("text/"):
                    output["data"][kind] = scrub(value)
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


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
