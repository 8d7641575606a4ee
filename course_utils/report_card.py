"""A report card: one HTML page about a trained classifier that needs nothing but itself."""

import html
from pathlib import Path

from course_utils import files, plots
from course_utils.errors import CourseError

# The policy has the browser refuse what the page promises not to ask for.
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff; }}
h1, h2 {{ line-height: 1.2; }}
img {{ max-width: 100%; height: auto; }}
</style></head>
<body><main>
<h1>{title}</h1>
{body}
</main></body></html>
"""


class ReportCard:
    """Sections of sentences and figures, written as one page: `add` in order, then `write`."""

    def __init__(self, title: str):
        self.title = title
        self._parts = []

    def add(self, heading: str, *sentences: str, figure=None, alt: str = "") -> None:
        """Add a section: its sentences, then a matplotlib figure with its alt text.

        Raises ValueError for a figure without alt text.
        """
        if figure is not None and not alt.strip():
            raise ValueError("alt is empty; expected a sentence that says what the figure shows")
        self._parts.append(f"<h2>{_escaped(heading)}</h2>")
        self._parts += [f"<p>{_escaped(each)}</p>" for each in sentences]
        if figure is not None:
            data, _ = plots.bundle(figure, alt, gradations=True)
            self._parts.append(
                f'<img src="data:image/png;base64,{data["image/png"]}" alt="{_escaped(alt)}">'
            )

    def write(self, path: Path) -> Path:
        """Write the page to `path` and return it. Raises CourseError where that cannot be written."""
        page = _PAGE.format(title=_escaped(self.title), body="\n".join(self._parts))
        try:
            files.write_atomically(Path(path), page.encode(errors="replace"))
        except OSError as error:
            raise CourseError(
                f"The report card {path} could not be written ({files.why(error)})"
            ) from error
        return Path(path)


def _escaped(text):
    return html.escape(str(text))
