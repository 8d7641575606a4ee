"""Downloads with a time-out, a checksum and nothing left behind when they fail.

`keras.utils.get_file` has no time-out, writes straight to the final name and keeps a file whose
hash is wrong, so the course downloads for itself, from the addresses that Keras uses.
"""

import contextlib
import hashlib
import os
import queue
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from course_utils.errors import DataError

CONNECT_SECONDS = 15.0
STALL_SECONDS = 15.0
_CHUNK = 1 << 18

Progress = Callable[[str, int, int | None], None]


def download(
    url: str,
    target: Path,
    sha256: str,
    progress: Progress | None = None,
    connect_seconds: float = CONNECT_SECONDS,
) -> Path:
    """Download `url` to `target`, whole and verified, or leave nothing.

    Args:
        sha256: the expected SHA-256 of the file, 64 hexadecimal digits.
        progress: called with the file's name, the bytes so far and the total (None if the server
            does not say). By default a line is printed at each quarter.
        connect_seconds: how long name look-up, connection and the answer's head may take together;
            a pause in the transfer may then last STALL_SECONDS.

    Returns:
        `target`.

    Raises:
        DataError: no connection, an error from the server, a transfer cut short, a wrong hash, or a
            folder that cannot be written to. The message says which and does not name a command.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        answer = _open(url, connect_seconds)
        with answer, open(partial, "wb") as file:
            digest = _copy(answer, file, url, progress or Quarters())
        if digest != sha256:
            raise DataError(
                f"{url} sent a file whose SHA-256 is {digest[:16]}… in place of "
                f"{sha256[:16]}…; it was thrown away"
            )
        os.replace(partial, target)
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{target} cannot be written ({reason})") from error
    finally:
        partial.unlink(missing_ok=True)
    return target


def _open(url, seconds):
    # A socket's time-out covers neither the name look-up nor a host with many dead addresses, so
    # the whole attempt runs in a thread that is left behind when its time is up.
    answers, host = queue.SimpleQueue(), urllib.parse.urlsplit(url).netloc

    def attempt():
        try:
            answers.put(urllib.request.urlopen(url, timeout=STALL_SECONDS))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=attempt, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        answer = TimeoutError()
    if isinstance(answer, urllib.error.HTTPError):
        raise DataError(f"{url} answered with error {answer.code} ({answer.reason})")
    if isinstance(answer, Exception):
        reason = getattr(answer, "reason", None) or answer
        if isinstance(reason, TimeoutError):
            raise DataError(f"{host} did not answer within {seconds:g} seconds")
        raise DataError(f"{host} cannot be reached ({getattr(reason, 'strerror', None) or reason})")
    return answer


def _copy(answer, file, url, progress):
    parts = urllib.parse.urlsplit(url)
    name = parts.path.rsplit("/", 1)[-1]
    total = int(answer.headers.get("Content-Length") or 0) or None
    digest, done, chunk = hashlib.sha256(), 0, b"start"
    while chunk:
        progress(name, done, total)
        try:
            chunk = answer.read1(_CHUNK)
        except Exception as error:
            raise DataError(
                f"{parts.netloc} stopped sending {name} after {done / 1e6:.1f} MB"
            ) from error
        file.write(chunk)
        digest.update(chunk)
        done += len(chunk)
    # A server that closes early looks like the end of the file.
    if total is not None and done != total:
        raise DataError(
            f"{parts.netloc} stopped sending {name} after {done / 1e6:.1f} of {total / 1e6:.1f} MB"
        )
    return digest.hexdigest()


class Quarters:
    """Progress as plain lines, at each quarter: they read well in a terminal, a log, a notebook."""

    def __init__(self):
        self._next = 0

    def __call__(self, name: str, done: int, total: int | None) -> None:
        """Print a line if another quarter, or another 25 MB of an unknown total, has arrived."""
        quarters = 4 * done // total if total else done // 25_000_000
        if quarters < self._next:
            return
        self._next = quarters + 1
        if total:
            so_far = f"{100 * done // total} % of {total / 1e6:.0f} MB"
        else:
            so_far = f"{done / 1e6:.0f} MB"
        print(f"Downloading {name}: {so_far}", flush=True)


class FailureMemory:
    """Remembers for an hour that a download failed, so that lessons do not each wait for it.

    Args:
        folder: where the note is kept, an empty-looking file whose text is the address.
    """

    def __init__(self, folder: Path, name: str):
        self._note = folder / f".course-{name}-download-failed"

    def recent(self, url: str) -> bool:
        """Whether the download from `url` failed within the last hour."""
        try:
            age = time.time() - self._note.stat().st_mtime
            return 0 <= age < 3600 and self._note.read_text(encoding="utf-8") == url
        except OSError:
            return False

    def remember(self, url: str) -> None:
        """Note a failure now; where the note cannot be written, the next lesson tries again."""
        with contextlib.suppress(OSError):
            self._note.parent.mkdir(parents=True, exist_ok=True)
            self._note.write_text(url, encoding="utf-8")

    def forget(self) -> None:
        """Remove the note."""
        with contextlib.suppress(OSError):
            self._note.unlink(missing_ok=True)
