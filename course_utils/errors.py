"""The errors of the course: what was wrong, what was expected, and the command that mends it.

The message of a `CourseError` is written for a reader: one clear sentence or two. `course` prints
it to standard error without a traceback and ends with exit code 2. Wrong arguments of library
functions are `ValueError`s instead, and name the argument, its value and the allowed range.
"""

import os
import traceback


class CourseError(Exception):
    """Something that the learner or the instructor can mend; `str()` is the whole explanation."""

    def _render_traceback_(self):
        """What IPython shows, lines: the explanation alone, and in a batch, where nobody is, all of it."""
        if "COURSE_HEADLESS" in os.environ:
            return traceback.format_exception(self)
        return [f"{type(self).__name__}: {self}"]


class SettingError(CourseError, ValueError):
    """An environment variable of the course holds something else than is allowed."""


class DataError(CourseError):
    """A data set is missing, damaged, of an unexpected shape, or not allowed in this mode."""


class SealedTestSetError(CourseError):
    """Code asked for test images or labels outside `lesson.final_test`."""


class TrainingDiverged(CourseError):
    """A loss became NaN or infinite during training."""


class BatchError(CourseError):
    """A command of the tools cannot do what it was asked to."""
