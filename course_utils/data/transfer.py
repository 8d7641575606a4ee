"""How the real images get onto this machine: by download, or from a folder.

Both write to the folder that COURSE_DATA_DIR names, or else to Keras's own cache. COURSE_DATA_URL
replaces the addresses of the downloads by a mirror's, a folder holding mnist.npz and
cifar-10-python.tar.gz; "off" forbids them.
"""

import contextlib
import os
import re
import shutil
import time
from pathlib import Path

from course_utils.data import downloads, formats, store
from course_utils.data.specs import ARCHIVE_FILE, SPECS, Spec
from course_utils.errors import DataError, SettingError

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
    return f"{base.rstrip('/')}/{spec.url.rsplit('/', 1)[1]}" if base else spec.url


def failures(name: str) -> downloads.FailureMemory:
    """The memory of this data set's failed downloads."""
    return downloads.FailureMemory(store.keras_cache(), name)


def download(
    spec: Spec,
    progress: downloads.Progress | None = None,
    connect_seconds: float = downloads.CONNECT_SECONDS,
) -> None:
    """Download one data set into `store.destination()`, CIFAR-10 converted to an `.npz`.

    Raises:
        DataError: downloads are off, or this one failed; its cause, if any, is the bare reason.
    """
    url, target = address(spec), store.destination() / spec.file
    if url is None:
        raise DataError(
            f"{spec.title} is not downloaded while COURSE_DATA_URL is off. Allow it with "
            f"`unset COURSE_DATA_URL`, or use `course data import FOLDER`."
        )
    is_archive = Path(url).suffix == ".gz"
    # The suffix stays, because it says how the file is read.
    received = formats.temporary(target).with_suffix(".part.gz") if is_archive else target
    try:
        _remove_stale(target)
        downloads.download(url, received, spec.url_sha256, progress, connect_seconds)
        if is_archive:
            _convert(received, target, spec)
    except DataError as error:
        failures(spec.name).remember(url)
        reason = str(error).rstrip(".")
        raise DataError(
            f"{spec.title} was not downloaded: {reason}. Try again with `course data fetch "
            f"{spec.name}`, or without a network use `course data import FOLDER`."
        ) from error
    finally:
        if is_archive:
            received.unlink(missing_ok=True)
    failures(spec.name).forget()


def fetch(
    names=None,
    progress: downloads.Progress | None = None,
    connect_seconds: float = downloads.CONNECT_SECONDS,
    force: bool = False,
) -> list[dict]:
    """Download data sets that are not here yet, or are damaged, into `store.destination()`.

    Args:
        names: data sets, by default all.
        progress: see `downloads.download`.
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
            download(spec, progress, connect_seconds)
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
        elif source.suffix == ".npz":
            _write(target, lambda partial, source=source: shutil.copyfile(source, partial))
        else:
            _convert(source, target, spec)
        failures(spec.name).forget()
        row.update(path=target, place=store.search_path()[0][0])
    return rows


def _sound(name):
    """What is here already, if lessons can use it."""
    try:
        found = store.locate(name)
        return None if found is None else store.describe(name, found)
    except DataError:
        return None


def _remove_stale(target):
    """Remove what killed processes left behind more than an hour ago."""
    for leftover in target.parent.glob(f".*{target.name}.*.part*"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > 3600:
                leftover.unlink()


def _convert(source, target, spec):
    """Write CIFAR-10's batches as an `.npz` with the keys and label shapes of keras.datasets."""
    pool, arrays = store.Pool(spec, store.Found(source, "")), {}
    for split in ("train", "test"):
        arrays[f"x_{split}"], y = pool.read(split)
        arrays[f"y_{split}"] = y.reshape(-1, 1)
    arrays.update(pool.mark())
    _write(target, lambda partial: formats.write_npz(partial, arrays))


def _write(target, write):
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        formats.replace_whole(target, write)
    except OSError as error:
        raise DataError(
            f"{target} cannot be written ({error.strerror}); expected a folder with room for it. "
            f"Name another with `export COURSE_DATA_DIR=FOLDER`."
        ) from error
