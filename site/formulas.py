"""MathJax from an installed package, so that formulas need no network.

The package is nothing but MathJax's own files. What a page loads is chosen here: TeX in, HTML out,
and MathML beside it for screen readers; the speech engine and the menu would triple the weight.
"""

import importlib.util
import shutil
from pathlib import Path

PARTS = (
    "startup.js",
    "core.js",
    "input/tex-base.js",
    "input/tex/extensions/ams.js",
    "output/chtml.js",
    "output/chtml/fonts/tex.js",
    "a11y/assistive-mml.js",
    "output/chtml/fonts/woff-v2",
)
SCRIPT = "mathjax/startup.js"
CONFIG = {
    "loader": {
        "load": [
            "core",
            "input/tex-base",
            "[tex]/ams",
            # Brings its font by itself; named here as well, the two race, and no formula is set.
            "output/chtml",
            "a11y/assistive-mml",
        ]
    },
    "tex": {"packages": ["base", "ams"]},
    "options": {"processHtmlClass": "tex2jax_process|mathjax_process|math|output_area"},
}


def gather(root: Path) -> None:
    """Copy the parts that pages load to `mathjax/` below `root`, which Sphinx takes over.

    Raises FileNotFoundError when the package is not installed.
    """
    package = importlib.util.find_spec("mathjax")
    if package is None:
        raise FileNotFoundError("MathJax's files are not installed. Install them: make site")
    files = Path(next(iter(package.submodule_search_locations))) / "static" / "mathjax" / "es5"
    for part in PARTS:
        origin, target = files / part, root / "mathjax" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_dir():
            shutil.copytree(origin, target, dirs_exist_ok=True)
        else:
            shutil.copy2(origin, target)
