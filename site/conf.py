"""Sphinx's configuration. The sources are laid out, and Sphinx is called, by `render.py`."""

import json
import os
import re
import shutil
from pathlib import Path

import formulas
from docutils import nodes
from sphinx.errors import ExtensionError

HERE = Path(__file__).resolve().parent

project = "Making a neural network generalise"
author = "the course's authors"
language = "en-GB"
extensions = ["myst_nb", "sphinx.ext.mathjax"]

# The notebooks come executed; a build that ran them again would show other figures.
nb_execution_mode = "off"
# A lesson prints what its cell says, so the two lines of an output belong together.
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "sphinx_book_theme"
html_title = project
html_show_sphinx = False
html_show_copyright = False
html_copy_source = True
# Light or dark, as the reader's system has it.
html_context = {"default_mode": "auto"}
html_static_path = [str(HERE / "static"), os.environ["COURSE_SITE_STATIC"]]
html_favicon = str(HERE / "static" / "icon.svg")
html_css_files = ["course.css"]
html_js_files = [("course.js", {"defer": "defer"})]
exclude_patterns = ["as-notebooks"]
html_theme_options = {
    "home_page_in_toc": True,
    "show_toc_level": 2,
    "use_download_button": True,
    "use_fullscreen_button": False,
    "navbar_persistent": [],
    "search_bar_text": "Search the course",
    "navigation_with_keys": False,
}
repository = os.environ.get("COURSE_REPOSITORY", "")
if repository:
    html_theme_options |= {
        "repository_url": repository,
        "repository_branch": os.environ.get("COURSE_BRANCH", "main"),
        "use_repository_button": True,
        "launch_buttons": {
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        },
    }

mathjax_path = formulas.SCRIPT
mathjax_loading_method = "defer"
mathjax3_config = formulas.CONFIG


def _figures(app):
    """File name of a figure, without suffix: its alt text, width and height in pixels."""
    return json.loads((Path(app.srcdir) / "figures.json").read_text(encoding="utf-8"))


def _describe_figures(app, doctree):
    """Give each figure the alt text that its notebook carries as output metadata."""
    figures = _figures(app)
    for image in doctree.findall(nodes.image):
        found = figures.get(Path(image["uri"]).stem)
        if found:
            image["alt"] = found[0]
            # Sphinx would make a link of a figure with a width; it gets both below.
            image.attributes.pop("width", None)


def _mark_cards(app, doctree):
    """Let the style sheet know a question to be answered before reading on, and an exercise."""
    for quotation in doctree.findall(nodes.block_quote):
        first = quotation.next_node(nodes.strong)
        title = quotation.parent.next_node(nodes.title)
        if title is not None and title.astext().startswith("Exercise"):
            quotation["classes"] += ["card-exercise"]
        elif first is not None and first.astext().startswith(("Predict", "Vote", "Look")):
            quotation["classes"] += ["card-predict"]


def _finish_body(app, pagename, templatename, context, doctree):
    """Let a page show its text before its figures, keeping their places; formulas by keyboard.

    A figure leads to itself: on a phone it can be enlarged there, where a column makes its letters small.
    """
    if "body" not in context:
        return
    figures = _figures(app)

    def sized(image):
        lazy = '<img loading="lazy" '
        if image["name"] not in figures:
            return lazy + image["more"]
        _, width, height = figures[image["name"]]
        shown = f'{lazy}width="{width}" height="{height}" {image["more"]}'
        return f'<a class="figure-link" href="{image["address"]}">{shown}</a>'

    # A displayed formula scrolls where it is wider than the screen: also without a mouse.
    context["body"] = context["body"].replace('<div class="math ', '<div tabindex="0" class="math ')
    png = r'<img (?=[^>]*src="(?P<address>[^"]*?(?P<name>\w+)\.png)")(?P<more>[^>]*>)'
    context["body"] = re.sub(png, sized, context["body"])


ICON = re.compile(
    r'(?:"(?P<quoted>[\w-]+)"|(?P<bare>[A-Za-z]\w*)):\[\d+,\d+,\[[^\]]*\],"[0-9a-f]+",'
    r'(?:"[^"]*"|\[[^\]]*\])\],?'
)


def _keep_used_icons(app, exception):
    """Cut the theme's icon script, larger than a whole lesson, down to the icons that are used."""
    script = Path(app.outdir) / "_static" / "scripts" / "fontawesome.js"
    if exception or not script.exists():
        return
    places = [*Path(app.outdir).rglob("*.html"), *script.parent.glob("*.js")]
    places += [*Path(app.outdir).glob("_static/*.js")]
    used = {
        name
        for place in places
        if place != script
        for name in re.findall(r"\bfa-([a-z0-9-]+)", place.read_text(encoding="utf-8"))
    }
    text = script.read_text(encoding="utf-8")
    smaller, found = ICON.subn(
        lambda icon: icon[0] if (icon["quoted"] or icon["bare"]) in used else "", text
    )
    if not found:
        raise ExtensionError(
            f"No icon was found in {script.name}: the theme writes them in another way than ICON in "
            "conf.py expects. Mend ICON, or take _keep_used_icons out and ship them all"
        )
    script.write_text(smaller, encoding="utf-8")


def _offer_notebooks(app, exception):
    """Let the theme's button download the notebook as it is, not as its page was made."""
    if exception:
        return
    for notebook in (Path(app.srcdir) / "as-notebooks").glob("*.ipynb"):
        shutil.copy2(notebook, Path(app.outdir) / "_sources" / "notebooks" / notebook.name)


def setup(app):
    """Connect what the pages need beyond the extensions."""
    app.connect("doctree-read", _describe_figures)
    app.connect("doctree-read", _mark_cards)
    app.connect("html-page-context", _finish_body)
    app.connect("build-finished", _keep_used_icons)
    app.connect("build-finished", _offer_notebooks)
