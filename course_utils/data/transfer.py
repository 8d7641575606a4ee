"""How the real images get onto this machine: by download, or from a folder.

Both write to the folder that COURSE_DATA_DIR names, or else to Keras's own cache. COURSE_DATA_URL
replaces the addresses of the downloads by a mirror's, a folder holding mnist.npz and
cifar-10-python.tar.gz; "off" forbids them.
"""

import contextlib
import math
import os
import re
import shutil
import socket
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

import numpy as np

from course_utils import files
from course_utils.data import formats, store
from course_utils.data.specs import ARCHIVE_FILE, SPECS, Spec
from course_utils.errors import DataError, SettingError

CONNECT_SECONDS = 15.0
STALL_SECONDS = 15.0
# A mirror: a server that is named, or a folder of this machine.
ADDRESS = re.compile(r"(https?|ftp)://[^/\s]|file:/", re.IGNORECASE)


def address(spec: Spec) -> str | None:
    """Where a data set is downloaded from; None if COURSE_DATA_URL forbids downloads.

    Raises SettingError where COURSE_DATA_URL is neither an address nor "off".
    """
    base = os.environ.get("COURSE_DATA_URL", "").strip()
    if base.lower() == "off":
        return None
    if base and not ADDRESS.match(base):
        raise SettingError(
            f"COURSE_DATA_URL is {base!r}; expected the address of a folder that holds mnist.npz and "
            f"{ARCHIVE_FILE}, such as https://example.org/images, or off. Mend it: "
            "unset COURSE_DATA_URL"
        )
    return f"{base.rstrip('/')}/{spec.published_file}" if base else spec.url


def download(spec: Spec, connect_seconds: float) -> store.Pool:
    """Download one data set into `store.destination()`, whole and verified, or leave nothing.

    CIFAR-10 is converted to an `.npz`. A line is printed at each quarter. The look-up of a name, and
    then the connection, may take `connect_seconds`; a pause after that may last STALL_SECONDS.

    Raises DataError where downloads are off or this one failed; its cause, if any, is the bare
    reason.
    """
    url, target = address(spec), store.destination() / spec.file
    if url is None:
        raise DataError(
            f"{spec.title} is not downloaded while COURSE_DATA_URL is off. Allow it with "
            f"`unset COURSE_DATA_URL`, or use `course data import FOLDER`."
        )
    note = _failure_note(spec)
    try:
        with _writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            _sweep(target.parent)
            with tempfile.TemporaryDirectory(
                dir=target.parent, prefix=files.PARTIAL, ignore_cleanup_errors=True
            ) as folder:
                received = Path(folder) / spec.published_file
                _retrieve(url, received, spec, connect_seconds)
                _install(received, target, spec)
    except DataError as error:
        # Where the note cannot be written, the next lesson tries again.
        with contextlib.suppress(OSError):
            files.write_atomically(note, url.encode())
        raise DataError(
            f"{spec.title} was not downloaded: {str(error).rstrip('.')}. Try again with `course data "
            f"fetch {spec.name}`, or without a network use `course data import FOLDER`."
        ) from error
    with contextlib.suppress(OSError):
        note.unlink()
    return store.locate(spec)


def failed_recently(spec: Spec, url: str) -> bool:
    """Whether the download from `url` failed within the last hour: no lesson waits for it again."""
    try:
        note = _failure_note(spec)
        recent = 0 <= time.time() - note.stat().st_mtime < 3600
        return recent and note.read_text(encoding="utf-8") == url
    except OSError:
        return False


def _failure_note(spec) -> Path:
    """A file that is there if the last download failed; its text is the address."""
    return store.keras_cache() / f".course-{spec.name}-download-failed"


@contextlib.contextmanager
def _writing(target):
    """Say in a sentence why `target` cannot be written."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{target} cannot be written ({files.why(error)}). To keep the images elsewhere: "
            "export COURSE_DATA_DIR=FOLDER"
        ) from error


def _sweep(folder):
    """Remove what killed processes left; a young file may be another process at work."""
    for leftover in folder.glob(f"{files.PARTIAL}*"):
        if time.time() - leftover.stat().st_mtime > 3600:
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def _retrieve(url, received, spec, connect_seconds):
    """Download to the path `received` and compare the digest; DataError with the bare reason."""
    import pooch

    progress = _Progress(received.name)
    try:
        _look_up(_proxy(url)[0] or url, connect_seconds)
        if url.lower().startswith("http"):
            timeout = connect_seconds, STALL_SECONDS
            http = pooch.HTTPDownloader(progress, chunk_size=1 << 16, timeout=timeout)
            http(url, str(received), None)
        else:
            with urllib.request.urlopen(url, timeout=STALL_SECONDS) as source:
                received.write_bytes(source.read())
    # requests does not translate everything that a wrong proxy makes urllib3 raise.
    except (OSError, ValueError) as error:
        # What requests and urllib raise has no number: this is the disk.
        if getattr(error, "errno", None):
            raise
        raise DataError(_reason(error, url, progress)) from error
    if not formats.is_published(received, spec):
        raise DataError(
            f"{_without_password(url)} sent another file than the published one (its SHA-256 is "
            f"not {spec.url_sha256[:16]}…); it was thrown away"
        )


def _look_up(url, seconds):
    """Look the host's name up; TimeoutError after that time, which no time-out of requests covers."""
    host = urllib.parse.urlsplit(url).hostname

    def attempt():
        with contextlib.suppress(OSError, ValueError):  # requests says it better.
            socket.getaddrinfo(host, None)

    # A look-up cannot be interrupted: its thread is left behind.
    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError


class _Progress:
    """The progress bar that pooch asks for: plain lines, for a terminal, a log and a notebook."""

    def __init__(self, name):
        self.name, self.done, self._told = name, 0, -1
        # Set by pooch when the answer's head is there; 0 if the server does not say.
        self.total = None

    def update(self, n):
        """Print a line if another quarter, or another 25 MB of an unknown total, has arrived."""
        self.done = min(self.done + n, self.total or math.inf)
        quarter = 4 * self.done // self.total if self.total else self.done // 25_000_000
        if quarter > self._told:
            self._told = quarter
            share = f"{100 * self.done // self.total} % of " if self.total else ""
            size = (self.total or self.done) / 1e6
            print(f"Downloading {self.name}: {share}{size:.0f} MB", flush=True)

    def reset(self):
        """Do nothing: pooch counts anew at the end, and these lines have been told."""

    close = reset


def _reason(error, url, progress) -> str:
    """Why a download failed, and whose doing it is: the server's, or a proxy's before it."""
    import requests

    host = _without_password(urllib.parse.urlsplit(url).netloc or url)
    if progress.total is not None:
        total = f" of {progress.total / 1e6:.1f}" if progress.total else ""
        return f"{host} stopped sending {progress.name} after {progress.done / 1e6:.1f}{total} MB"
    proxy, variable = _proxy(url)
    proxy = proxy and f"the proxy {_without_password(proxy)}, which {variable} names,"
    answer = getattr(error, "response", None)
    if answer is not None and answer.status_code == 407:
        return f"{proxy or host} asks for a name and a password (error 407)"
    if answer is not None:
        way = f", by way of {proxy}" if proxy else ""
        status = f"{answer.status_code} ({answer.reason})"
        return f"{_without_password(url)} answered with error {status}{way}"
    if isinstance(error, TimeoutError | requests.Timeout):
        return f"{proxy or host} did not answer in time"
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    words = _without_password(getattr(error, "strerror", None) or str(error) or repr(error))
    return f"{proxy} cannot be used ({words})" if proxy else f"{host} cannot be reached ({words})"


def _proxy(url) -> tuple[str | None, str]:
    """The address of the proxy through which `url` is asked for, and the variable that names it."""
    parts, proxies = urllib.parse.urlsplit(url), urllib.request.getproxies()
    for name in (parts.scheme.lower(), "all"):
        if name in proxies and not urllib.request.proxy_bypass(parts.hostname or ""):
            return proxies[name], f"{name}_proxy"
    return None, ""


def _without_password(address: str) -> str:
    return re.sub(r"[^\s/@]+@", "", address)


def fetch(names=None, force: bool = False) -> list[dict]:
    """Download data sets that are not here yet, or are damaged, into `store.destination()`.

    By default all of them, and with `force` also where a sound copy is. Returns one dictionary a
    data set: that of `Pool.describe`, and action "downloaded" or "already there". Raises DataError
    for an unknown name, or where a download failed; what was there before still is.
    """
    names = list(names or SPECS)
    for name in names:
        if name not in SPECS:
            raise DataError(
                f"There is no data set {name!r}; the course has {' and '.join(SPECS)}. "
                "Fetch both: course data fetch"
            )
    rows = []
    for name in names:
        [present] = store.verify([name])
        if present["ok"] and not force:
            rows.append({**present, "action": "already there"})
        else:
            found = download(SPECS[name], CONNECT_SECONDS)
            rows.append({**found.describe(), "action": "downloaded"})
    return rows


def import_folder(folder) -> list[dict]:
    """Copy the data sets in a folder to `store.destination()`, once all of them are checked.

    The folder holds mnist.npz, and cifar10.npz or one of the forms in which CIFAR-10 is published,
    cifar-10-python.tar.gz or the folder cifar-10-batches-py; any of them may be missing. Returns
    one dictionary a data set: that of `Pool.describe`, and action "imported" or "already there".
    Raises DataError where nothing is found, or it is damaged, or it cannot be written.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise DataError(
            f"{folder} is not a folder; expected one that holds mnist.npz or cifar10.npz. Name it "
            f"with `course data import FOLDER`."
        )
    rows = [
        store.Pool(spec, path, str(folder)).describe()
        for spec in SPECS.values()
        if (path := store.find(folder, spec)) is not None
    ]
    if not rows:
        raise DataError(
            f"{folder} holds neither mnist.npz nor cifar10.npz, nor {ARCHIVE_FILE}. Name the "
            f"folder that does with `course data import FOLDER`."
        )
    for row in rows:
        source, spec = row["path"], SPECS[row["name"]]
        target = store.destination() / spec.file
        there = target.exists() and target.samefile(source)
        if not there:
            with _writing(target):
                _install(source, target, spec)
        with contextlib.suppress(OSError):
            _failure_note(spec).unlink()
        row["action"] = "already there" if there else "imported"
        row.update(path=target, place=next(iter(store.search_path())))
    return rows


def _install(source, target, spec):
    """Put a data set where lessons find it; CIFAR-10's batches as an `.npz` of keras.datasets."""
    with files.replacing(target) as file:
        if source.suffix == ".npz":
            with open(source, "rb") as content:
                shutil.copyfileobj(content, file)
        else:
            pool, arrays = store.Pool(spec, source, ""), {}
            for split in ("train", "test"):
                arrays[f"x_{split}"], y = pool.read(split)
                arrays[f"y_{split}"] = y.reshape(-1, 1)
            np.savez(file, **arrays, **pool.mark())
