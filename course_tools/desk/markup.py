"""The pieces of HTML that a report is made of; whatever comes from outside is escaped."""

import html
import os
from urllib.parse import quote

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-size: .95rem; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid #ddd; text-align: right; }
th { border-bottom: 2px solid #555; vertical-align: bottom; }
th:first-child, td:first-child, td:last-child, th:last-child { text-align: left; }
figure { margin: 1.5rem 0; } img { max-width: 100%; height: auto; }
pre { background: #f6f6f6; padding: .8rem; overflow-x: auto; font-size: .85rem; }
.failed { color: #a33c00; font-weight: 600; } .scroll { overflow-x: auto; }
nav a { margin-right: 1rem; }
"""


def section(anchor: str, title: str, content: str) -> str:
    """A section with a heading; `content` is HTML."""
    return f'<section id="{anchor}">\n<h2>{title}</h2>\n{content}\n</section>'


def table(titles, rows) -> str:
    """A table that scrolls where it is too wide; titles are plain text, cells are HTML."""
    head = "".join(f"<th>{text(title)}</th>" for title in titles)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def link(words: str, path, target) -> str:
    """A link to the file `path`, from a page at `target`."""
    relative = os.path.relpath(path, target.parent)
    return f'<a href="{quote(relative.replace(os.sep, "/"))}">{text(words)}</a>'


def text(words) -> str:
    """Plain text as HTML."""
    return html.escape(str(words), quote=True)
