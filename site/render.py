"""Render the course as a web site: `make site`.

The executed notebooks and the pages below `pages/` are laid out under `build/site-work/source`,
with every table computed from the reference runs, and Sphinx makes HTML of them; nothing is
executed. Two editions come of it: `build/site`, for learners, and `build/site-instructor`, which
has the instructor's guide as well and is laid out under `build/site-instructor-work/source`.
"""

import argparse
import base64
import contextlib
import copy
import hashlib
import html
import json
import os
import re
import shutil
import struct
import sys
import time
import tomllib
from pathlib import Path

import formulas
import nbformat
import tables

from course_tools.authoring.folding import only_draws
from course_tools.desk.workspace import HINT

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
# The notebooks as they are downloaded, beside the pages that are made of them.
DOWNLOADS = "as-notebooks"
# What a slider shows, below the sources and below the site's static files.
FRAMES = "frames"
# Lessons with a digit to draw.
DRAWN = ("02", "06")
FILLED = re.compile(r"<!-- fill: (\w+)(?: (\w+))? -->")
EDITIONS = {"learner": "site", "instructor": "site-instructor"}


def lay_out(source: Path, edition: str) -> None:
    """Write the edition's sources below `source`, touching only what has changed."""
    lessons = tables.read_lessons()
    written = {
        page.name: _filled(page.read_text(encoding="utf-8"), lessons)
        for page in sorted((HERE / "pages").glob("*.md"))
        if edition == "instructor" or page.stem != "guide"
    }
    if edition == "learner":
        # The table of contents names no page that this edition leaves out.
        written["index.md"] = re.sub(r"^.*<guide>\n", "", written["index.md"], flags=re.MULTILINE)
    figures, frames = {}, {}
    for name, notebook in lessons.items():
        for_readers = _for_readers(notebook)
        _collect_figures(for_readers, figures)
        # What a reader downloads is the notebook; what the page adds would make no sense in it.
        download = nbformat.writes(for_readers)
        if repository():
            download = download.replace("git+ADDRESS", f"git+{repository()}")
        written[f"{DOWNLOADS}/{name}.ipynb"] = download
        written[f"notebooks/{name}.ipynb"] = nbformat.writes(
            _lesson(name, for_readers, lessons, frames)
        )
        solution = ROOT / "notebooks" / "solutions" / f"{name}.ipynb"
        if solution.exists():
            solved = _for_readers(nbformat.read(solution, as_version=4))
            # Reached by the link in the lesson alone: neither listed nor found by a search.
            solved.metadata.update(orphan=True, nosearch=True)
            _collect_figures(solved, figures)
            link_lessons(solved, name, lessons, "../")
            written[f"notebooks/solutions/{name}.ipynb"] = nbformat.writes(solved)
    written["figures.json"] = json.dumps(figures, indent=0, sort_keys=True)
    contents = {name: text.encode() for name, text in written.items()}
    contents |= {f"{FRAMES}/{digest}.png": png for digest, png in frames.items()}
    # Every reference run, to be downloaded from the page that sums them up.
    contents["runs.csv"] = (ROOT / "course_utils" / "reference" / "runs.csv").read_bytes()
    for path in [path for path in source.rglob("*") if path.is_file()]:
        if path.relative_to(source).as_posix() not in contents:
            path.unlink()
    for name, content in contents.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)


def _filled(text, lessons):
    """A page with its `<!-- fill: NAME [ARGUMENT] -->` comments replaced by what NAME computes, and links."""

    def fill(found):
        name, argument = found.groups()
        function = getattr(tables, name)
        if name in ("lesson_list", "lesson_tree", "notes"):
            return function(lessons)
        return function(*([argument] if argument else []))

    return _linked(
        FILLED.sub(fill, text), {name[:2]: f"notebooks/{name}.ipynb" for name in lessons}
    )


def _lesson(name, notebook, lessons, frames):
    """A lesson as its page shows it: its number in the title, links, its cost, a digit to draw.

    The figures of its sliders go to `frames`, digest to PNG.
    """
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell.source = HINT.sub("", cell.source)
    add_sliders(notebook, frames)
    link_lessons(notebook, name, lessons)
    _link_sources(notebook)
    link_terms(notebook)
    _fold(notebook)
    first = notebook.cells[0]
    first.source = first.source.replace("# ", f"# {name[:2]} · ", 1)
    cost = nbformat.v4.new_markdown_cell(
        f"{tables.cost_sentence(name)} Do it yourself: `make lab`, or "
        f"{{download}}`this notebook <../{DOWNLOADS}/{name}.ipynb>`."
    )
    cost["id"] = "cost"
    notebook.cells.insert(1, cost)
    if name[:2] in DRAWN:
        drawn = nbformat.v4.new_markdown_cell(f"## Try it by hand\n\n{tables.digits('../')}")
        drawn["id"] = "digits"
        notebook.cells.insert(_first_exercise(notebook), drawn)
    return notebook


def _fold(notebook):
    """Fold the code that only draws and, until it is asked for, what answers a prediction.

    Where such code draws an answer both are folded, since a figure's title may tell it.
    """
    asked = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            asked = _ASKS.search(cell.source) is not None
            continue
        tags, draws = cell.metadata.setdefault("tags", []), only_draws(cell.source)
        if draws:
            tags.append("hide-input")
        if asked and cell.outputs:
            tags.append("hide-output")
            # Of two folds each says what is in it: myst-nb calls them "source" and "output".
            shown = "the {type}" if draws else "what happened"
            cell.metadata["mystnb"] = {
                "code_prompt_show": f"Predicted? Show {shown}",
                "code_prompt_hide": "Hide it again",
            }


# A question to be answered before one reads on stands in a quotation; see the rules for notebooks.
_ASKS = re.compile(r"^> \*\*(Predict|Vote|Look)\b", re.MULTILINE)


def add_sliders(notebook, frames):
    """Lay what course.js makes a slider of behind each figure that was kept with its others."""
    for cell in notebook.cells:
        for place, output in reversed(list(enumerate(cell.get("outputs", [])))):
            slider = output.get("metadata", {}).pop("course_slider", None)
            if slider is None:
                continue
            pictures = []
            for figure in slider.pop("figures"):
                png = base64.b64decode(figure["png"])
                digest = hashlib.sha256(png).hexdigest()[:16]
                frames[digest] = png
                pictures.append([f"../_static/{FRAMES}/{digest}.png", figure["alt"]])
            given = html.escape(json.dumps(slider | {"figures": pictures}, ensure_ascii=False))
            markup = f'<div class="slider" data-slider="{given}"></div>'
            control = nbformat.v4.new_output("display_data", {"text/html": markup})
            cell.outputs.insert(place + 1, control)


def _first_exercise(notebook):
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and cell.source.startswith("## Exercise"):
            return place
    return len(notebook.cells)


# Code, formulas, links, headings and a page's own markup stay as they are.
_AS_IT_IS = r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$|\[[^\]]*\]\([^)]*\)|^#[^\n]*$|^<[^\n]*$"
# "lesson 06", "lessons 02, 04 to 07 and 10"; the number in a list is a lesson's where "lessons" are named.
_MENTION = re.compile(
    rf"(?P<kept>{_AS_IT_IS})|(?P<words>\b[Ll]esson\s+(?P<number>\d\d))\b"
    r"|(?P<several>\b[Ll]essons\s+\d\d\b(?:(?:,| and| to)(?: from)?\s+\d\d\b)*)",
    re.DOTALL | re.MULTILINE,
)
_ITALIC = re.compile(r"(?<![*\w])\*(?=\S)(?P<title>[^*]+)\*(?![*\w])")
_SOURCES = "## Sources\n"


def link_lessons(notebook, own, lessons, to=""):
    """Make a link of each mention of another lesson; `to` leads from the page to the lessons."""
    paths = {name[:2]: f"{to}{name}.ipynb" for name in lessons if name != own}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _linked(cell.source, paths)


def _linked(text, paths):
    """Markdown in which each mention of a lesson is a link; `paths` maps its number to its page."""

    def one(words, number):
        return f"[{words}]({paths[number]})" if number in paths else words

    def link(found):
        if found["words"]:
            return one(found["words"], found["number"])
        if found["several"]:
            return re.sub(
                r"(?:[Ll]essons\s+)?(\d\d)", lambda each: one(each[0], each[1]), found["several"]
            )
        return found[0]

    return _MENTION.sub(link, text)


def link_terms(notebook):
    """Lead from each term of the glossary to its entry: where it is bold, else where it comes first."""
    glossary = (HERE / "pages" / "glossary.md").read_text(encoding="utf-8")
    entries = re.findall(r"^([a-zA-Z0-9].*)\n  ", glossary, re.MULTILINE)
    terms = {term.lower(): term for term in entries}
    # The longest first: a batch is not meant where batch normalisation is spoken of.
    names = "|".join(re.escape(name) for name in sorted(terms, key=len, reverse=True))
    bold = re.compile(rf"(?P<kept>{_AS_IT_IS})|\*\*(?P<words>{names})\*\*", _FLAGS)
    plain = re.compile(
        rf"(?P<kept>{_AS_IT_IS}|\*+(?=\S)[^*]+\*+)"
        rf"|(?<![\w-])(?P<words>(?P<term>{names})(?:s|es)?)(?![\w-])",
        _FLAGS,
    )

    def link(found):
        term = terms.pop((found.groupdict().get("term") or found["words"] or "").lower(), None)
        if term is None:
            return found[0]
        return found[0].replace(found["words"], f"{{term}}`{found['words']} <{term}>`")

    for pattern in (bold, plain):
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                before, *titles = cell.source.partition(_SOURCES)
                cell.source = "".join((pattern.sub(link, before), *titles))


_FLAGS = re.DOTALL | re.MULTILINE | re.IGNORECASE


def sources() -> dict[str, str]:
    """The titles of what lessons rest on, and where each can be read; "" where that is nowhere for long."""
    return tomllib.loads((HERE / "sources.toml").read_text(encoding="utf-8"))


def _link_sources(notebook):
    """Make a link of each title among a lesson's sources that can be read somewhere."""
    addresses = sources()

    def link(found):
        address = addresses.get(" ".join(found["title"].split()))
        return f"[{found[0]}]({address})" if address else found[0]

    for cell in notebook.cells:
        before, heading, after = cell.source.partition(_SOURCES)
        if cell.cell_type == "markdown" and heading:
            cell.source = before + heading + _ITALIC.sub(link, after)


def _for_readers(notebook):
    """Without the instructor's notes, and without what makes sense in JupyterLab alone."""
    notebook = notebook.copy()
    notebook.cells = [
        cell
        for cell in notebook.cells
        if not {"instructor", "desk"} & set(cell.metadata.get("tags", []))
    ]
    return notebook


def _collect_figures(notebook, figures):
    """Digest of a figure's bytes, which myst-nb makes its file name of: alt text, width, height."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            png = output.get("data", {}).get("image/png")
            if png:
                content = base64.b64decode(png)
                # A PNG's header: eight bytes of signature, eight of chunk, then width and height.
                pixels, height = struct.unpack(">II", content[16:24])
                about = output.metadata["image/png"]
                # On the page a figure has half as many, so that a sharp screen shows them all.
                width = about.get("width", pixels)
                size = [width, round(height * width / pixels)]
                figures[hashlib.sha256(content).hexdigest()] = [about["alt"], *size]


def repository() -> str:
    """The one address that the launch buttons are made from; empty where none is set.

    COURSE_REPOSITORY, or `Repository` among the project's urls in pyproject.toml.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = project.get("urls", {}).get("Repository", "")
    return os.environ.get("COURSE_REPOSITORY", declared).rstrip("/")


def build(edition: str, out: Path) -> int:
    """Build one edition into `out`; returns Sphinx's exit status."""
    from sphinx.cmd.build import main

    work = out.with_name(f"{out.name}-work")
    lay_out(work / "source", edition)
    formulas.gather(work / "static")
    shutil.rmtree(work / "static" / FRAMES, ignore_errors=True)
    if (work / "source" / FRAMES).is_dir():
        shutil.copytree(work / "source" / FRAMES, work / "static" / FRAMES)
    os.environ["COURSE_REPOSITORY"] = repository()
    os.environ["COURSE_SITE_STATIC"] = str(work / "static")
    # A warning is an error, and all of them are shown.
    options = ["-q", "-W", "--keep-going", "-c", str(HERE), "-d", str(work / "doctrees")]
    return main([*options, "-b", "html", str(work / "source"), str(out)])


def _main():
    parser = argparse.ArgumentParser(description=__doc__, prog="make site")
    parser.add_argument("--edition", choices=EDITIONS, help="default: both")
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="default: build")
    chosen = parser.parse_args()
    for edition in [chosen.edition] if chosen.edition else EDITIONS:
        start = time.perf_counter()
        out = chosen.out.resolve() / EDITIONS[edition]
        if build(edition, out):
            print("error: the site was not built; the lines above say why.", file=sys.stderr)
            return 1
        shown = out / "index.html"
        with contextlib.suppress(ValueError):
            shown = shown.relative_to(Path.cwd())
        print(f"{shown}: the {edition}'s edition, {time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
