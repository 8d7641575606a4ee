"""The course's modes: how much of the data and of the articles' training a run takes."""

import difflib
import os

from course_utils.errors import BatchError, SettingError

MODES = ("smoke", "reduced", "full")
# Full on a GPU, reduced on a CPU.
AUTO = "auto"


def is_mode(value) -> bool:
    """Whether a value is `AUTO` or one of `MODES`."""
    return isinstance(value, str) and value in (AUTO, *MODES)


def from_environment() -> str:
    """The mode that COURSE_MODE names, `AUTO` without it; raises SettingError for any other word."""
    mode = os.environ.get("COURSE_MODE", AUTO)
    if not is_mode(mode):
        raise SettingError(
            f"COURSE_MODE is {mode!r}; allowed are {', '.join((AUTO, *MODES))}. Mend it: "
            "unset COURSE_MODE, then start the course again"
        )
    return mode


def check(mode: str | None) -> None:
    """Raise BatchError unless `mode` is None, `AUTO` or one of `MODES`."""
    if mode is not None and not is_mode(mode):
        near = difflib.get_close_matches(str(mode), MODES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise BatchError(f"There is no mode {mode!r}.{hint} Modes: --mode {' | '.join(MODES)}")
