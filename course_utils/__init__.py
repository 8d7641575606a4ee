"""Load, plot, record: what the lessons share. Everything that teaches stays in the notebooks.

Importing the package is cheap: the framework is loaded when a lesson starts, so that
`course --help` answers at once.
"""

from importlib import import_module
from pkgutil import iter_modules

__version__ = "0.1.0"

_HOMES = {
    "Lesson": "course_utils.lesson",
    "compare": "course_utils.evidence.comparison",
    "diagnose": "course_utils.diagnosis",
}
# Found by their files' names; none is imported by that.
_MODULES = tuple(module.name for module in iter_modules(__path__))
__all__ = [*_HOMES, *_MODULES]


def __getattr__(name):
    """Import a submodule, or the name that lives in one, at its first use (PEP 562)."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _MODULES:
        return import_module(f"course_utils.{name}")
    raise AttributeError(f"module 'course_utils' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
