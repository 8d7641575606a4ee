"""Where the real images are on this machine, and what they are.

Searched in this order: the folder that COURSE_DATA_DIR names, then Keras's own cache.
"""

import functools
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course_utils.data import formats
from course_utils.data.specs import ARCHIVE_FILE, BATCHES_FOLDER, SPECS, Spec
from course_utils.errors import DataError

# The folder into which keras.datasets unpacks CIFAR-10, in this version of Keras and before it.
_KERAS_FOLDERS = (
    f"{BATCHES_FOLDER}-target/{BATCHES_FOLDER}",
    BATCHES_FOLDER,
)
_MARK = "official_pool_sha256"


@dataclass(frozen=True)
class Found:
    """A data set on this machine: the file or folder, and in words where that is."""

    path: Path
    place: str


class Pool:
    """The images of one real data set, read split by split, so as to hold no more than needed.

    After both splits have been read, `sha256` and `variant` describe what was read.
    """

    is_real, source = True, "real"

    def __init__(self, spec: Spec, found: Found):
        self.spec, self.origin = spec, found.place
        self.sizes, self.class_names = spec.sizes, spec.class_names
        self._path = found.path
        self._hash = hashlib.sha256()

    def read(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Images (uint8, (N, height, width, channels)) and labels (uint8, (N,)) of a split.

        Raises DataError if the file does not hold this data set.
        """
        x, y = formats.read_split(self._path, self.spec, split)
        self._hash.update(x.data)
        self._hash.update(y.data)
        return x, y

    def check(self, mode: str, n_train: int | None = None, n_test: int | None = None) -> None:
        """Raise DataError if a split of this size cannot serve a mode; None is not looked at."""
        n_train = self.spec.n_train if n_train is None else n_train
        n_test = self.spec.n_test if n_test is None else n_test
        check_counts(self.spec, mode, n_train, n_test, self._path)

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
        marked = formats.read_text(self._path, _MARK) == self._hash.hexdigest()
        official = marked or formats.is_published(self._path, self.spec)
        return "official" if official else "other copy"

    def mark(self) -> dict[str, np.ndarray]:
        """An entry for an `.npz` of these arrays, by which they are known again as official."""
        return {_MARK: np.array(self._hash.hexdigest())} if self.variant == "official" else {}


def get_spec(name: str) -> Spec:
    """The description of a data set; ValueError if the course does not have it."""
    if name not in SPECS:
        raise ValueError(f"name={name!r}; expected one of {', '.join(map(repr, SPECS))}")
    return SPECS[name]


def course_folder() -> Path | None:
    """The folder that COURSE_DATA_DIR names, made absolute, or None if it is not set."""
    folder = os.environ.get("COURSE_DATA_DIR", "").strip()
    return Path(os.path.abspath(Path(folder).expanduser())) if folder else None


def keras_cache() -> Path:
    """The folder in which keras.datasets keeps its files."""
    home = os.environ.get("KERAS_HOME") or Path("~") / ".keras"
    return Path(home).expanduser() / "datasets"


def destination() -> Path:
    """The folder that `fetch` and `import_folder` write to."""
    return course_folder() or keras_cache()


def locate(name: str) -> Found | None:
    """The real data set on this machine, not yet checked, or None.

    Raises:
        DataError: COURSE_DATA_DIR is set to something that is not a readable folder.
    """
    folder = course_folder()
    if folder is not None and not folder.is_dir():
        raise DataError(
            f"COURSE_DATA_DIR names {folder}, which is not a folder here; expected a folder "
            f"holding {get_spec(name).file}. Correct it, or create it with `course data import "
            f"FOLDER`."
        )
    for place, searched in search_path():
        try:
            path = find(searched, get_spec(name))
        except OSError as error:
            raise DataError(
                f"{searched} ({place}) cannot be searched ({error.strerror}); expected a readable "
                f"folder. {get_spec(name).mend()}"
            ) from error
        if path is not None:
            return Found(path, place)
    return None


def search_path() -> list[tuple[str, Path]]:
    """The places searched, in order: what each is in words, and its folder."""
    folder = course_folder()
    places = [] if folder is None else [("COURSE_DATA_DIR", folder)]
    return [*places, ("Keras's cache", keras_cache())]


def find(folder: Path, spec: Spec) -> Path | None:
    """The data set's file or folder in `folder`, unchecked; OSError if that cannot be searched."""
    names = [spec.file]
    if spec.name == "cifar10":
        names += [*_KERAS_FOLDERS, ARCHIVE_FILE]
    # Unlike `exists`, `stat` tells "not there" from "not allowed".
    for name in names:
        try:
            (folder / name).stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        return folder / name
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
        for place, folder in search_path():
            try:
                path = find(folder, spec)
            except OSError:
                path = None
            rows.append(
                {
                    "name": name,
                    "place": place,
                    "folder": folder,
                    "path": path,
                    "used": path is not None and not used,
                    "writes_here": folder == destination(),
                }
            )
            used = used or path is not None
    return rows


def verify() -> list[dict]:
    """Read every data set that lessons would use, whole, and say what it is.

    Returns:
        One dictionary a data set: name, ok, path, message, and if ok the other keys of `describe`.
    """
    rows = []
    for name, spec in SPECS.items():
        row = {"name": name, "ok": False, "path": None}
        try:
            found = locate(name)
            if found is None:
                row["message"] = f"{spec.title} is not on this machine. {spec.mend()}"
            else:
                row["path"] = found.path
                row = describe(name, found)
        except DataError as error:
            row["message"] = str(error)
        rows.append(row)
    return rows


def describe(name: str, found: Found) -> dict:
    """Read a data set whole and say what it is.

    Returns:
        name, ok, path, place, variant ("official" or "other copy"), sha256 (16 digits), n_train,
        n_test, modes (those that it has enough images for), message.

    Raises:
        DataError: it is damaged, or too small for every mode.
    """
    spec = get_spec(name)
    pool = Pool(spec, found)
    n_train, n_test = (len(pool.read(split)[1]) for split in ("train", "test"))
    check_counts(spec, "smoke", n_train, n_test, found.path)
    modes = tuple(mode for mode in spec.sizes if not _shortage(spec, mode, n_train, n_test))
    words = name_copy(spec, pool.variant, n_train, n_test, found.place)
    return {
        "name": name,
        "ok": True,
        "path": found.path,
        "place": found.place,
        "variant": pool.variant,
        "sha256": pool.sha256,
        "n_train": n_train,
        "n_test": n_test,
        "modes": modes,
        "message": f"{words}; enough for {', '.join(modes)}",
    }


def check_counts(spec: Spec, mode: str, n_train: int, n_test: int, path: Path) -> None:
    """Raise DataError if a set of this size cannot serve a mode.

    The full mode stands for the articles' figures and takes the official counts alone. The others
    accept an excerpt that holds at least the images that they draw.
    """
    shortage = _shortage(spec, mode, n_train, n_test)
    if shortage:
        raise DataError(f"{path} {shortage}. {spec.mend()}")


def _shortage(spec, mode, n_train, n_test):
    train, val, test = spec.sizes[mode]
    if n_train >= train + val and n_test >= test:
        return ""
    return (
        f"holds {n_train:,} training and {n_test:,} test images; {mode} mode needs "
        f"{train + val:,} and {test:,}"
    )


def name_copy(spec: Spec, variant: str, n_train: int, n_test: int, place: str = "") -> str:
    """The data set in words: the published one, a copy of it, or an excerpt, and its place."""
    place = f" from {place}" if place else ""
    if variant == "official":
        return f"{spec.title}, the official {n_train + n_test:,} images{place}"
    if (n_train, n_test) != (spec.n_train, spec.n_test):
        return f"{spec.title}, an excerpt of {n_train:,} training and {n_test:,} test images{place}"
    return (
        f"{spec.title}, all {n_train + n_test:,} images{place}, in a copy that is not the published "
        "file and may be reordered or re-encoded"
    )
