"""How the real images get onto this machine: by download, or from a folder.

Both write to the folder that COURSE_DATA_DIR names, or else to Keras's own cache. COURSE_DATA_URL
replaces the addresses of the downloads by a mirror's, a folder holding mnist.npz and
cifar-10-python.tar.gz; "off" forbids them.
"""

import contextlib
import errno
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
from course_utils.data import store
from course_utils.data.specs import ARCHIVE_FILE, SPECS, Spec
from course_utils.errors import DataError, SettingError

CONNECT_SECONDS = 15.0
STALL_SECONDS = 15.0
# A mirror: a server that is named, or a folder of this machine.
ADDRESS = re.compile(r"(https?|ftp)://[^/\s]|file:/", re.IGNORECASE)
_CHUNK = 1 << 16
_PORTS = {"http": 80, "https": 443, "ftp": 21}
# What a failure to write to the disk is called; all others are the network's.
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)


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
    return f"{base.rstrip('/')}/{spec.url.rsplit('/', 1)[1]}" if base else spec.url


def download(spec: Spec, connect_seconds: float = CONNECT_SECONDS) -> None:
    """Download one data set into `store.destination()`, whole and verified, or leave nothing.

    CIFAR-10 is converted to an `.npz`. A line is printed at each quarter.

    Args:
        connect_seconds: how long name look-up and connection may take together; a pause after that
            may last STALL_SECONDS.

    Raises:
        DataError: downloads are off, or this one failed; its cause, if any, is the bare reason.
    """
    url, target = address(spec), store.destination() / spec.file
    if url is None:
        raise DataError(
            f"{spec.title} is not downloaded while COURSE_DATA_URL is off. Allow it with "
            f"`unset COURSE_DATA_URL`, or use `course data import FOLDER`."
        )
    try:
        with _folder_beside(target) as folder:
            received = _retrieve(url, spec, folder, connect_seconds)
            _install(received, target, spec)
    except DataError as error:
        FailureMemory(spec.name).remember(url)
        reason = str(error).rstrip(".")
        raise DataError(
            f"{spec.title} was not downloaded: {reason}. Try again with `course data fetch "
            f"{spec.name}`, or without a network use `course data import FOLDER`."
        ) from error
    FailureMemory(spec.name).forget()


@contextlib.contextmanager
def _folder_beside(target):
    """A temporary folder beside the file to be written; those of killed processes are removed."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for leftover in target.parent.glob(f"{files.PARTIAL}*"):
            if time.time() - leftover.stat().st_mtime > 3600:
                if leftover.is_dir():
                    shutil.rmtree(leftover, ignore_errors=True)
                else:
                    leftover.unlink(missing_ok=True)
        folder = tempfile.TemporaryDirectory(
            dir=target.parent, prefix=files.PARTIAL, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise _not_written(target, error) from error
    with folder as name:
        yield Path(name)


def _retrieve(url, spec, folder, connect_seconds) -> Path:
    """The verified download, in `folder`; DataError with the bare reason."""
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    name, timeout = spec.url.rsplit("/", 1)[1], (connect_seconds, STALL_SECONDS)
    progress = _Progress(name)
    downloaders = {
        "file": _copy,
        "ftp": pooch.FTPDownloader(timeout=connect_seconds, chunk_size=_CHUNK),
    }
    http = pooch.HTTPDownloader(progressbar=progress, chunk_size=_CHUNK, timeout=timeout)
    downloader = downloaders.get(urllib.parse.urlsplit(url).scheme.lower(), http)
    failure = _cannot_connect(url, connect_seconds)
    if failure is not None:
        raise DataError(_reason(failure, url, progress, connect_seconds)) from failure
    try:
        received = pooch.retrieve(
            url, f"sha256:{spec.url_sha256}", fname=name, path=folder, downloader=downloader
        )
    except Exception as error:
        if isinstance(error, ValueError) and "does not match the known hash" in str(error):
            reason = (
                f"{_without_password(url)} sent another file than the published one (its SHA-256 is "
                f"not {spec.url_sha256[:16]}…); it was thrown away"
            )
        elif getattr(error, "errno", None) in _DISK and not isinstance(
            error, requests.RequestException
        ):
            raise _not_written(folder.parent / spec.file, error) from error
        else:
            reason = _reason(error, url, progress, connect_seconds)
        raise DataError(reason) from error
    return Path(received)


def _copy(url, output, _):
    with urllib.request.urlopen(url) as source, open(output, "wb") as file:
        shutil.copyfileobj(source, file)


def _cannot_connect(url, seconds) -> Exception | None:
    """What keeps the server, or the proxy before it, from being reached in that time.

    A time-out of pooch's covers neither the name look-up nor a host with many dead addresses, so the
    attempt runs in a thread that is left behind when its time is up.
    """
    failures = []

    def attempt():
        try:
            proxy = _proxy(url)
            parts = urllib.parse.urlsplit(proxy[0] if proxy else url)
            # A folder has no host; what is wrong with a proxy of another kind, requests says.
            if parts.hostname and parts.scheme in _PORTS:
                address = parts.hostname, parts.port or _PORTS[parts.scheme]
                socket.create_connection(address, timeout=seconds).close()
        except (OSError, ValueError) as error:
            failures.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        return TimeoutError()
    return failures[0] if failures else None


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


def _reason(error, url, progress, connect_seconds) -> str:
    """Why a download failed, and whose doing it is: the server's, or a proxy's before it."""
    import requests

    host = _without_password(urllib.parse.urlsplit(url).netloc)
    if progress.total is not None:
        total = f" of {progress.total / 1e6:.1f}" if progress.total else ""
        return f"{host} stopped sending {progress.name} after {progress.done / 1e6:.1f}{total} MB"
    proxy = _proxy(url)
    proxy = proxy and f"the proxy {_without_password(proxy[0])}, which {proxy[1]} names,"
    answer = getattr(error, "response", None)
    if answer is not None and answer.status_code == 407:
        return f"{proxy or host} asks for a name and a password (error 407)"
    if answer is not None:
        way = f", by way of {proxy}" if proxy else ""
        status = f"{answer.status_code} ({answer.reason})"
        return f"{_without_password(url)} answered with error {status}{way}"
    if isinstance(error, TimeoutError | requests.Timeout):
        seconds = STALL_SECONDS if isinstance(error, requests.ReadTimeout) else connect_seconds
        return f"{proxy or host} did not answer within {seconds:g} seconds"
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    words = _without_password(getattr(error, "strerror", None) or str(error) or repr(error))
    if proxy:
        return f"{proxy} cannot be used ({words})"
    return f"{host or url} cannot be reached ({words})"


def _proxy(url) -> tuple[str, str] | None:
    """The address of the proxy through which `url` is asked for, and the variable that names it."""
    parts = urllib.parse.urlsplit(url)
    proxies = urllib.request.getproxies()
    for name in (parts.scheme.lower(), "all"):
        if name in proxies and not urllib.request.proxy_bypass(parts.hostname or ""):
            return proxies[name], f"{name}_proxy"
    return None


def _without_password(address: str) -> str:
    return re.sub(r"[^\s/@]+@", "", address)


class FailureMemory:
    """Remembers for an hour that a download failed, so that lessons do not each wait for it."""

    def __init__(self, name: str):
        # Its text is the address.
        self._note = store.keras_cache() / f".course-{name}-download-failed"

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
            files.write_atomically(self._note, url.encode())

    def forget(self) -> None:
        """Remove the note."""
        with contextlib.suppress(OSError):
            self._note.unlink(missing_ok=True)


def fetch(names=None, connect_seconds: float = CONNECT_SECONDS, force: bool = False) -> list[dict]:
    """Download data sets that are not here yet, or are damaged, into `store.destination()`.

    Args:
        names: data sets, by default all.
        connect_seconds: see `download`.
        force: download even where a sound copy is found.

    Returns:
        One dictionary a data set: those of `describe`, and action "downloaded" or "already there".

    Raises:
        DataError: an unknown name; or the download failed, and what was there before still is.
    """
    names = list(SPECS if names is None else names)
    for name in names:
        if name not in SPECS:
            raise DataError(
                f"There is no data set {name!r}; the course has {' and '.join(SPECS)}. "
                "Fetch both: course data fetch"
            )
    rows = []
    for name in names:
        spec = store.get_spec(name)
        present = None if force else _sound(name)
        if present is None:
            download(spec, connect_seconds)
            rows.append({**store.describe(name, store.locate(name)), "action": "downloaded"})
        else:
            rows.append({**present, "action": "already there"})
    return rows


def import_folder(folder) -> list[dict]:
    """Copy the data sets in a folder to `store.destination()`, once all of them are checked.

    Args:
        folder: holds mnist.npz, and cifar10.npz or one of the forms in which CIFAR-10 is published,
            cifar-10-python.tar.gz or the folder cifar-10-batches-py; any of them may be missing.

    Returns:
        One dictionary a data set: those of `describe`, and action "imported" or "already there".

    Raises:
        DataError: there is nothing to import, or it is damaged, or it cannot be written.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise DataError(
            f"{folder} is not a folder; expected one that holds mnist.npz or cifar10.npz. Name it "
            f"with `course data import FOLDER`."
        )
    sources = {name: store.find(folder, spec) for name, spec in SPECS.items()}
    sources = {name: path for name, path in sources.items() if path is not None}
    if not sources:
        raise DataError(
            f"{folder} holds neither mnist.npz nor cifar10.npz, nor {ARCHIVE_FILE}. Name the "
            f"folder that does with `course data import FOLDER`."
        )
    rows = [store.describe(name, store.Found(path, str(folder))) for name, path in sources.items()]
    for row in rows:
        source, spec = row["path"], SPECS[row["name"]]
        target = store.destination() / spec.file
        row["action"] = "imported"
        if target.exists() and target.samefile(source):
            row["action"] = "already there"
        else:
            _install(source, target, spec)
        FailureMemory(spec.name).forget()
        row.update(path=target, place=store.search_path()[0][0])
    return rows


def _sound(name):
    """What is here already, if lessons can use it."""
    try:
        found = store.locate(name)
        return None if found is None else store.describe(name, found)
    except DataError:
        return None


def _install(source, target, spec):
    """Put a data set where lessons find it; CIFAR-10's batches as an `.npz` of keras.datasets."""
    try:
        with files.replacing(target) as file:
            if source.suffix == ".npz":
                with open(source, "rb") as content:
                    shutil.copyfileobj(content, file)
            else:
                pool, arrays = store.Pool(spec, store.Found(source, "")), {}
                for split in ("train", "test"):
                    arrays[f"x_{split}"], y = pool.read(split)
                    arrays[f"y_{split}"] = y.reshape(-1, 1)
                np.savez(file, **arrays, **pool.mark())
    except OSError as error:
        raise _not_written(target, error) from error


def _not_written(target, error):
    return DataError(
        f"{target} cannot be written ({files.why(error)}). To keep the images elsewhere: "
        "export COURSE_DATA_DIR=FOLDER"
    )
