"""Where the real images are on this machine, and what they are.

Searched in this order: the folder that COURSE_DATA_DIR names, then Keras's own cache.
"""

import functools
import hashlib
import os
from pathlib import Path

import numpy as np

from course_utils.data import formats
from course_utils.data.specs import ARCHIVE_FILE, BATCHES_FOLDER, SPECS, Spec
from course_utils.errors import DataError

# What keras.datasets leaves of CIFAR-10, in this version of Keras and before it, or the download.
_CIFAR10_FORMS = (f"{BATCHES_FOLDER}-target/{BATCHES_FOLDER}", BATCHES_FOLDER, ARCHIVE_FILE)
_MARK = "official_pool_sha256"


class Pool:
    """The images of one real data set, read split by split, so as to hold no more than needed.

    `path` is a file or folder that `find` gave, `origin` in words where that is. After both splits
    have been read, `sha256` and `variant` describe what was read.
    """

    is_real, source = True, "real"

    def __init__(self, spec: Spec, path: Path, origin: str):
        self.spec, self.path, self.origin = spec, path, origin
        self.sizes, self.class_names = spec.sizes, spec.class_names
        self._hash = hashlib.sha256()

    def read(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Images (uint8, (N, height, width, channels)) and labels (uint8, (N,)) of a split.

        Raises DataError if the file does not hold this data set.
        """
        x, y = formats.read_split(self.path, self.spec, split)
        self._hash.update(x.data)
        self._hash.update(y.data)
        return x, y

    def check(self, mode: str, n_train: int | None = None, n_test: int | None = None) -> None:
        """Raise DataError if a split of this size cannot serve a mode; None is not looked at.

        The full mode stands for the articles' figures and takes the official counts alone. The
        others accept an excerpt that holds at least the images that they draw.
        """
        n_train = self.spec.n_train if n_train is None else n_train
        n_test = self.spec.n_test if n_test is None else n_test
        train, val, test = self.sizes[mode]
        if not self._serves(mode, n_train, n_test):
            raise DataError(
                f"{self.path} holds {n_train:,} training and {n_test:,} test images; {mode} mode "
                f"needs {train + val:,} and {test:,}. {self.spec.mend()}"
            )

    def _serves(self, mode, n_train, n_test):
        train, val, test = self.sizes[mode]
        return n_train >= train + val and n_test >= test

    @property
    def sha256(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of all arrays read, in order."""
        return self._hash.hexdigest()[:16]

    @functools.cached_property
    def variant(self) -> str:
        """Either "official" or "other copy".

        Official are the published files, byte for byte, and what the course made of them, which it
        marks with the hash of the arrays. The same images saved by anybody else are another copy:
        nothing says that they are the same.
        """
        marked = formats.read_text(self.path, _MARK) == self._hash.hexdigest()
        official = marked or formats.is_published(self.path, self.spec)
        return "official" if official else "other copy"

    def mark(self) -> dict[str, np.ndarray]:
        """An entry for an `.npz` of these arrays, by which they are known again as official."""
        return {_MARK: np.array(self._hash.hexdigest())} if self.variant == "official" else {}

    def words(self, n_train: int, n_test: int) -> str:
        """What was read, in words: the published data set, a copy or an excerpt, and its place."""
        spec, total, place = self.spec, n_train + n_test, f" from {self.origin}"
        if self.variant == "official":
            return f"{spec.title}, the official {total:,} images{place}"
        if (n_train, n_test) != (spec.n_train, spec.n_test):
            return f"{spec.title}, an excerpt of {n_train:,} training and {n_test:,} test images{place}"
        return (
            f"{spec.title}, all {total:,} images{place}, in a copy that is not the published file "
            "and may be reordered or re-encoded"
        )

    def describe(self) -> dict:
        """Read the data set whole and say what it is.

        Returns:
            name, ok, path, place, variant ("official" or "other copy"), sha256 (16 digits),
            n_train, n_test, modes (those that it has enough images for), message.

        Raises:
            DataError: it is damaged, or too small for every mode.
        """
        n_train, n_test = (len(self.read(split)[1]) for split in ("train", "test"))
        self.check("smoke", n_train, n_test)
        modes = tuple(mode for mode in self.sizes if self._serves(mode, n_train, n_test))
        return {
            "name": self.spec.name,
            "ok": True,
            "path": self.path,
            "place": self.origin,
            "variant": self.variant,
            "sha256": self.sha256,
            "n_train": n_train,
            "n_test": n_test,
            "modes": modes,
            "message": f"{self.words(n_train, n_test)}; enough for {', '.join(modes)}",
        }


def course_folder() -> Path | None:
    """The folder that COURSE_DATA_DIR names, made absolute, or None if it is not set."""
    folder = os.environ.get("COURSE_DATA_DIR", "").strip()
    return Path(os.path.abspath(Path(folder).expanduser())) if folder else None


def keras_cache() -> Path:
    """The folder in which keras.datasets keeps its files."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"


def search_path() -> dict[str, Path]:
    """The places searched, in order: what each is in words, and its folder.

    `fetch` and `import_folder` write to the first.
    """
    folder = course_folder()
    places = {} if folder is None else {"COURSE_DATA_DIR": folder}
    return places | {"Keras's cache": keras_cache()}


def destination() -> Path:
    """The folder that `fetch` and `import_folder` write to."""
    return next(iter(search_path().values()))


def find(folder: Path, spec: Spec) -> Path | None:
    """The data set's file or folder in `folder`, unchecked; OSError if that cannot be searched."""
    # Unlike `exists`, `stat` tells "not there" from "not allowed".
    for name in (spec.file, *(_CIFAR10_FORMS if spec.name == "cifar10" else ())):
        try:
            (folder / name).stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        return folder / name
    return None


def locate(spec: Spec) -> Pool | None:
    """The real data set on this machine, not yet read, or None.

    Raises:
        DataError: a place cannot be searched, or COURSE_DATA_DIR does not name a folder.
    """
    folder = course_folder()
    if folder is not None and not folder.is_dir():
        raise DataError(
            f"COURSE_DATA_DIR names {folder}, which is not a folder here; expected a folder "
            f"holding {spec.file}. Correct it, or create it with `course data import FOLDER`."
        )
    for place, searched in search_path().items():
        try:
            path = find(searched, spec)
        except OSError as error:
            raise DataError(
                f"{searched} ({place}) cannot be searched ({error.strerror}); expected a readable "
                f"folder. {spec.mend()}"
            ) from error
        if path is not None:
            return Pool(spec, path, place)
    return None


def where() -> list[dict]:
    """Where the course looks for each data set and what it finds, unchecked, in order of search.

    Returns:
        One dictionary a place: name, place, folder, path (None if nothing is there), used (whether
        lessons read this one), writes_here (whether `fetch` and `import_folder` write to it).
    """
    rows = []
    for name, spec in SPECS.items():
        used = False
        for place, folder in search_path().items():
            try:
                path = find(folder, spec)
            except OSError:
                path = None
            row = {"name": name, "place": place, "folder": folder, "path": path}
            row |= {"used": path is not None and not used, "writes_here": folder == destination()}
            rows.append(row)
            used = used or path is not None
    return rows


def verify(names=SPECS) -> list[dict]:
    """Read the data sets that lessons would use, whole, and say what each is.

    Returns:
        One dictionary a data set: name, ok, path, message, and if ok the other keys of
        `Pool.describe`.
    """
    rows = []
    for name in names:
        spec, pool = SPECS[name], None
        try:
            pool = locate(spec)
            if pool is None:
                raise DataError(f"{spec.title} is not on this machine. {spec.mend()}")
            rows.append(pool.describe())
        except DataError as error:
            path = pool and pool.path
            rows.append({"name": name, "ok": False, "path": path, "message": str(error)})
    return rows
