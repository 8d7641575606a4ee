"""Where a learner's own things are kept: the lessons that they work on, their records and progress."""

import os
import tempfile
from pathlib import Path

import platformdirs

# In a workspace, the folder of all that is no lesson. A file pane shows no name that begins so.
HIDDEN = ".course"
# What the course has laid down; a folder with this file is a workspace.
LAID = f"{HIDDEN}/laid.json"

RECORDS = f"{HIDDEN}/records"


def home(checkout: Path | None = None) -> Path:
    """The learner's workspace, an absolute path, which need not exist yet.

    COURSE_HOME; else the workspace around the current folder, so that a notebook finds it whoever
    opened it; else `workspace` in the course's checkout (default: the one of this package), unless
    it belongs to somebody else or the checkout cannot be written; else the user's data folder.
    """
    if os.environ.get("COURSE_HOME"):
        return Path(os.path.abspath(os.path.expanduser(os.environ["COURSE_HOME"])))
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / LAID).is_file():
            return folder
    checkout = checkout or Path(__file__).resolve().parents[1]
    is_checkout = (checkout / "pyproject.toml").is_file() or (checkout / "notebooks").is_dir()
    workspace = checkout / "workspace"
    if is_checkout and (is_mine(workspace) if workspace.is_dir() else _takes_files(checkout)):
        return workspace
    return Path(platformdirs.user_data_dir("generalisation-course", appauthor=False))


def is_mine(folder: Path) -> bool:
    """Whether a folder is this user's, and not that of another who may write to the same places."""
    owner, me = folder.stat().st_uid, os.geteuid() if hasattr(os, "geteuid") else 0
    if owner == me or not _takes_files(folder):
        return owner == me
    # In a container everybody is root; on a network's disk every owner may have the same name.
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            return me == 0 or os.fstat(probe.fileno()).st_uid == owner
    except OSError:  # A full disk: whoever writes there will say so.
        return True


def refusing(folder: Path) -> Path | None:
    """The place that keeps a folder from being written, itself or one above it; None where none does.

    A folder is made in the nearest one above it that there is.
    """
    there = next(place for place in (folder, *folder.parents) if os.path.exists(place))
    return None if there.is_dir() and _takes_files(there) else there


def _takes_files(folder):
    return os.access(folder, os.W_OK | os.X_OK)
