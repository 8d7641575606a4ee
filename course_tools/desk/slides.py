"""Slides of a lesson, from the executed notebook: one HTML file that needs no network.

A slide shows what a room looks at: a heading, a question, a figure, a formula, code where it is
short. Of the prose it shows the sentences that ask or are emphasised; all of it goes to the notes of
the slide. What answers a prediction stands on the slide after it.
"""

import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from itertools import takewhile
from pathlib import Path

from course_tools.batch import reading
from course_utils import files
from course_utils.errors import BatchError, CourseError

# Longer code is for the notebook, and a longer print is a table or the log of a training.
MOST_LINES_OF_CODE = 12
MOST_LINES_OF_PRINT = 7
# What a slide holds, in rows of its running text; 64 of its letters make a row, 86 of code.
ROWS = 11
LETTERS, LETTERS_OF_CODE = 64, 86
ROW_OF_CODE = 0.7
# A shorter question ("And the mirror?") says nothing without what stands before it.
LEAST_WORDS = 6
CONTROL_TAGS = {"parameters", "nbval-check-output", "desk", "instructor"}


@dataclass(frozen=True)
class Block:
    """A piece of a slide: its HTML, and how many rows it takes.

    Without `joins` it begins a slide; without `is_joined` it also ends one: what answers a question
    is on the next slide.
    """

    html: str
    rows: float
    joins: bool = True
    is_joined: bool = True


@dataclass
class Slide:
    """What is shown under a title, and what the notes say meanwhile, as HTML."""

    title: str
    blocks: list[Block] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_exercise(self) -> bool:
        """Whether its section is an exercise."""
        return self.title.startswith("Exercise")

    def takes(self, block: Block) -> bool:
        """Whether there is room for one more block."""
        if not self.blocks:
            return True
        rows = sum(each.rows for each in self.blocks) + block.rows
        return block.joins and self.blocks[-1].is_joined and rows <= ROWS


def write(names: Iterable[str], folder: Path) -> list[Path]:
    """Write the slides of lessons, named as `course run` takes them, or of all; returns the files.

    Raises BatchError for what is no numbered lesson or was not executed, before anything is written,
    and CourseError where the folder cannot be written.
    """
    known = reading.lesson_paths()
    paths = [reading.find_notebook_path(name) for name in names]
    paths = paths or [path for name, path in known.items() if reading.NUMBERED.fullmatch(name)]
    if not paths:
        reading.listed()
    pages = {}
    for path in paths:
        if path not in known.values() or not reading.NUMBERED.fullmatch(path.stem):
            raise BatchError(
                f"{path} is none of the numbered lessons. All of them: course run --list"
            )
        pages[folder / f"{path.stem}.html"] = page(path)
    try:
        for target, text in pages.items():
            files.write_atomically(target, text.encode())
    except OSError as error:
        raise CourseError(
            f"The slides could not be written to {folder} ({files.why(error)}). "
            "Name another folder: course slides --out FOLDER"
        ) from error
    return list(pages)


def page(path: Path) -> str:
    """The slides of an executed lesson as one HTML page. Raises BatchError where it was not executed."""
    import jinja2
    from pygments.formatters import HtmlFormatter

    cells = _cells(path)
    template = resources.files("course_tools.desk").joinpath("slides.html.jinja")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    slides = deck(cells)
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        number=path.stem[:2],
        title=html.unescape(re.sub(r"<[^>]*>", "", slides[0].title)),
        slides=slides,
        code_style=HtmlFormatter(style="xcode").get_style_defs("pre"),
    )


def _cells(path):
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        outputs = [output for cell in code for output in cell["outputs"]]
        [("".join(cell["source"]), cell["metadata"].get("tags")) for cell in cells]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        if path.suffix == ".ipynb":
            raise reading.unreadable(path, error) from error
        outputs = []
    if not outputs:
        raise BatchError(
            f"{path.name} holds no outputs, and slides show its figures. Execute it: "
            f"course build {path.stem}"
        )
    return cells


def deck(cells: list[dict]) -> list[Slide]:
    """The slides of a lesson's cells, as an .ipynb holds them; the first is its title.

    Slides without anything to look at are left out, and their notes go to the one before.
    """
    slides = [Slide("")]
    for cell in cells:
        source, tags = "".join(cell["source"]), set(cell["metadata"].get("tags", ()))
        if "instructor" in tags:
            slides[0].notes.append(_markdown(source))
        elif cell["cell_type"] == "markdown":
            _tell(source, slides)
        elif not tags & CONTROL_TAGS and not re.search(r"\bLesson\(", source):
            if _is_worth_showing(source):
                _show(slides, _code(source))
            for output in cell["outputs"]:
                if "image/png" in output.get("data", {}):
                    _show(slides, _figure(output))
                elif output.get("name") == "stdout" and not re.search(_OWN_FIGURES, source):
                    _show(slides, *_printed("".join(output["text"])))
    kept = slides[:1]
    for slide in slides[1:]:
        if slide.blocks:
            kept.append(slide)
        else:
            kept[-1].notes += slide.notes
    return kept


def _show(slides, *blocks):
    for block in blocks:
        if not slides[-1].takes(block):
            slides.append(Slide(slides[-1].title))
        slides[-1].blocks.append(block)


# Code cells and what they show


def _is_worth_showing(source):
    """Code that is short, and neither draws nor prints nor is the course's own business."""
    lines = source.strip().splitlines()
    own = r"\b(plots|widgets)\.|\bprint\(|^ *(\w+ = )?lesson\."
    return 0 < len(lines) <= MOST_LINES_OF_CODE and not re.search(own, source, re.MULTILINE)


def _code(source):
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    text = highlight(source.strip(), PythonLexer(), HtmlFormatter(nowrap=True))
    return Block(f'<pre class="code"><code>{text}</code></pre>', _rows_of_code(source) + 0.8)


def _rows_of_code(text):
    lines = text.strip().splitlines()
    return ROW_OF_CODE * sum(1 + len(line) // LETTERS_OF_CODE for line in lines)


def _figure(output):
    png = "".join(output["data"]["image/png"]).replace("\n", "")
    alt = html.escape(output["metadata"]["image/png"]["alt"])
    figure = f'<figure><img src="data:image/png;base64,{png}" alt="{alt}"></figure>'
    # It has a slide to itself, but for what is printed about it.
    return Block(figure, 8.5, joins=False)


# Where a run lies among the reference runs is said to whoever made it.
_OWN_FIGURES = r"\blesson\.(expect|progress)\("


def _printed(text):
    """What a cell prints, without the commands behind a verdict; the log of a training is left out."""
    lines = text.strip().splitlines()
    lines = list(takewhile(lambda line: "course run" not in line, lines))
    if 0 < len(lines) <= MOST_LINES_OF_PRINT and not lines[0].startswith("epoch "):
        text = "\n".join(lines)
        yield Block(f'<pre class="said">{html.escape(text)}</pre>', _rows_of_code(text) + 0.6)


# Prose


def _tell(source, slides):
    """Lay a cell of prose out: headings begin slides, cards fill them, the rest is chosen from."""
    blocks, lead = list(_blocks(source)), ""
    for (name, tokens), after in zip(blocks, [*blocks[1:], ("", [])], strict=True):
        text = next((token.content for token in tokens if token.type == "inline"), "")
        if name == "heading" and text == "Sources":
            return  # the last section, for readers
        if name == "heading" and tokens[0].tag == "h1":
            slides[0].title = _inline(text)
        elif name == "heading":
            slides.append(Slide(_inline(text)))
        elif name == "paragraph" and slides[-1].is_exercise:
            slides[-1].notes.append(_rendered(tokens))
        elif name == "paragraph":
            chosen = _chosen(text, leads=after[0] in _SHOWN_WHOLE)
            if chosen and chosen[-1] in ":,":
                lead = chosen  # to the same slide as what it leads to
            elif chosen:
                _show(slides, _paragraph(chosen))
            if chosen != text:
                slides[-1].notes.append(_rendered(tokens))
        elif name == "blockquote" or name in _SHOWN_WHOLE:
            found = list(_whole(name, tokens, slides[-1].is_exercise))
            if lead:
                found[0] = _together(_paragraph(lead), found[0])
                lead = ""
            _show(slides, *found)


_SHOWN_WHOLE = {"bullet_list", "ordered_list", "math_block", "table", "fence"}


def _paragraph(text):
    return Block(f"<p>{_inline(text)}</p>", _rows(text) + 0.4)


def _together(first, second):
    return replace(second, html=first.html + second.html, rows=first.rows + second.rows)


def _whole(name, tokens, is_exercise):
    """Blocks of what is shown as it is: cards, formulas, tables, code, and lists item by item."""
    texts = [token.content for token in tokens if token.type == "inline"]
    rows = sum(map(_rows, texts))
    if name == "blockquote":
        kind = ("exercise" if is_exercise else "question") + (" long" if rows > 9 else "")
        content = f'<div class="card {kind}">{_rendered(tokens[1:-1])}</div>'
        yield Block(content, rows + 1.5, joins=False, is_joined=is_exercise)
    elif name in ("bullet_list", "ordered_list") and rows + 0.4 * len(texts) < ROWS - 2:
        yield Block(_rendered(tokens), rows + 0.3 * len(texts))
    elif name in ("bullet_list", "ordered_list"):  # more than a slide, so item by item
        tag, ends = tokens[0].tag, [i for i, t in enumerate(tokens) if t.level == 1]
        for number, first in enumerate(ends[::2]):
            item = tokens[first : ends[2 * number + 1] + 1]
            start = f' start="{number + 1}"' if tag == "ol" else ""
            rows = sum(_rows(token.content) for token in item if token.type == "inline")
            yield Block(f"<{tag}{start}>{_rendered(item)}</{tag}>", rows + 0.3)
    elif name == "math_block":
        yield Block(_rendered(tokens), 2.6)
    elif name == "table":
        yield Block(_rendered(tokens), 1.5 * sum(token.type == "tr_open" for token in tokens))
    elif name == "fence":
        code = html.escape(tokens[0].content)
        yield Block(f'<pre class="code">{code}</pre>', _rows_of_code(tokens[0].content) + 0.8)


# A unit that no sentence ends in: code, a formula, something emphasised, a link, a word.
_UNIT = re.compile(
    r"`[^`]*`|\$[^$]*\$|\*\*.+?\*\*|\[[^\]]*\]\([^)]*\)|[^\s`$*\[]+|\s+|.", re.DOTALL
)


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph; code, formulas and emphasised words stay whole."""
    found, units = [""], _UNIT.findall(text)
    for number, unit in enumerate(units):
        found[-1] += unit
        ends = re.search(r"[.?!][*)\"\u201d]*$", unit) and not re.match(r"[`$]|[A-Z]\.", unit)
        # A question in quotation marks may stand within a sentence.
        if ends and re.match(r"\s+[^a-z\s]|\s*$", "".join(units[number + 1 : number + 3])):
            found.append("")
    return [sentence.strip() for sentence in found if sentence.strip()]


def _chosen(text, leads=False):
    """The sentences of a paragraph that ask or are emphasised, and the one that `leads` to a formula."""
    if text.startswith("**Goal:**"):
        return text
    found = sentences(text)
    kept = [
        sentence
        for number, sentence in enumerate(found, start=1)
        if (sentence.endswith("?") and len(sentence.split()) >= LEAST_WORDS)
        or "**" in sentence
        or (leads and number == len(found) and sentence[-1] in ":,")
    ]
    return " ".join(kept)


def _rows(text):
    return 1 + len(text) // LETTERS


# Markdown


@cache
def _parser():
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    return parser.use(dollarmath_plugin, double_inline=True, renderer=_formula)


# A link to another notebook leads nowhere from here.
_LINK = re.compile(r"\[([^\]]*)\]\((?!https?:)[^)]*\)")


def _blocks(source):
    """Kind ("paragraph") and tokens of each block of a Markdown text."""
    tokens, first = _parser().parse(_LINK.sub(r"\1", source)), 0
    for number, token in enumerate(tokens):
        if token.level == 0 and token.nesting < 1:
            yield token.type.removesuffix("_close"), tokens[first : number + 1]
            first = number + 1


def _rendered(tokens):
    return _parser().renderer.render(tokens, _parser().options, {})


def _markdown(source):
    return _parser().render(_LINK.sub(r"\1", source))


def _inline(text):
    return _parser().renderInline(text)


# What TeX has and Matplotlib does not, or spells otherwise.
_BRACED = r"\{((?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*)\}"
_SPELLED = (
    (r"\\tfrac", r"\\frac"),
    (r"\\frac\s*(\w)\s*(\w)", r"\\frac{\1}{\2}"),
    (r"\\sqrt\s+(\w)", r"\\sqrt{\1}"),
    (r"\\[lr]Vert", r"\\Vert"),
    (r"\\le\b", r"\\leq"),
    (r"\\[bB]igg?[lr]?(?![a-z])|\\!", ""),
    (rf"\\underbrace{_BRACED}_{_BRACED}", r"\\underset{\2}{\1}"),
    (r"\s+", " "),
)


def _formula(tex, options):
    """A formula as an SVG with its TeX as alternative text; what Matplotlib cannot set stays TeX."""
    spelled = tex.strip()
    for pattern, replacement in _SPELLED:
        spelled = re.sub(pattern, replacement, spelled)
    if options["display_mode"]:
        spelled = spelled.replace(r"\frac", r"\dfrac")
    try:
        box, path = _outline(spelled)
    except ValueError:
        return f"<code>{html.escape(tex)}</code>"
    left, top, width, height = box
    depth = (top + height) / 1000
    return (
        f'<svg role="img" aria-label="{html.escape(" ".join(tex.split()))}" '
        f'viewBox="{left} {top} {width} {height}" width="{width / 1000:.3f}em" '
        f'height="{height / 1000:.3f}em" style="vertical-align:{-depth:.3f}em"><path d="{path}"/></svg>'
    )


@cache
def _outline(tex):
    """What Matplotlib makes of a formula, which needs no script: its box and its path, as SVG has them.

    A thousand units are the height of the running text, and y = 0 is its base line.
    """
    from matplotlib import rc_context
    from matplotlib.textpath import TextPath

    with rc_context({"mathtext.fontset": "cm"}):
        drawn = TextPath((0, 0), f"${tex}$", size=1000)
    letters = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
    parts = []
    for points, code in drawn.iter_segments(simplify=False):
        places = (
            ""
            if code == 79
            else " ".join(f"{n:.0f}" for n in points * ([1, -1] * (len(points) // 2)))
        )
        parts.append(letters[int(code)] + places)
    extents = drawn.get_extents()
    # A thin margin, or the outermost strokes are cut.
    box = (extents.x0 - 40, -extents.y1 - 40, extents.width + 80, extents.height + 80)
    return tuple(round(number) for number in box), "".join(parts)
