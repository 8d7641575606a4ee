"""The course's modes: how much of the data and of the articles' training a run takes."""

import os

from course_utils.errors import SettingError

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
