"""Files that appear whole or not at all, and what to do when one cannot be written."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# How the names of files begin that are being written; a killed process leaves one behind.
PARTIAL = ".course-partial-"
# How the system says that a place is full, and that it may not be written.
FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
# Where nothing can be written, whatever the program: the place is full, closed, or none.
REFUSED = (*FULL, *FORBIDDEN, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of `path` once the block has ended without error.

    Until then the file has a temporary name in the same folder, made if need be; after an error
    nothing of it is left. Its permissions are those that the umask allows. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{PARTIAL}{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with open(partial, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, as `replacing` does. Raises OSError."""
    with replacing(path) as file:
        file.write(content)


def why(error: OSError) -> str:
    """The system's reason, and what mends it if that is known: for the end of a sentence.

    Examples: "No space left on device: free some space there", "Is a directory".
    """
    reason = error.strerror or str(error) or type(error).__name__
    if error.errno in FULL:
        return f"{reason}: free some space there"
    if error.errno in FORBIDDEN:
        return f"{reason}: choose another folder"
    return reason
