"""How the files of the data sets are read and checked.

Two formats are read: the `.npz` of `keras.datasets`, and the pickled batches in which the
University of Toronto publishes CIFAR-10, as a folder or as its `.tar.gz`. Nothing in a file is
executed.
"""

import hashlib
import math
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np

from course_utils.data.specs import BATCHES_FOLDER, Spec
from course_utils.errors import DataError

_BATCHES = {"train": [f"data_batch_{i}" for i in range(1, 6)], "test": ["test_batch"]}


class _Refused(Exception):
    """What is wrong with a file: the middle of the sentence that `read_split` makes of it."""


def read_split(path: Path, spec: Spec, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of one split, checked and in the course's layout.

    Args:
        path: an `.npz` with the keys of `keras.datasets`, a `cifar-10-batches-py` folder, or
            CIFAR-10's `.tar.gz`.
        split: "train" or "test".

    Returns:
        Images, uint8, (N, 28, 28, 1) or (N, 32, 32, 3), 0 to 255, channels last whatever the
        file's order; labels, uint8, shape (N,), 0 to 9.

    Raises:
        DataError: the file cannot be read or does not hold this data set.
    """
    try:
        read = _read_npz if path.suffix == ".npz" else _read_batches
        x, y = read(path, spec, split)
        return _checked_images(x, spec, split), _checked_labels(y, len(x), split)
    except _Refused as refused:
        raise DataError(f"{path} {refused}. {spec.mend()}") from refused
    except Exception as error:  # A damaged file can fail in any of the formats' own ways.
        reason = getattr(error, "strerror", None) or str(error).strip().split("\n")[0]
        raise DataError(
            f"{path} cannot be read as {spec.title} ({reason or type(error).__name__}): it is "
            f"damaged, truncated, protected or not a data file. {spec.mend()}"
        ) from error


def _read_npz(path, spec, split):
    if path.is_dir():
        raise _Refused("is a folder; expected a NumPy archive")
    if not zipfile.is_zipfile(path):
        with open(path, "rb") as file:
            is_pickle = file.read(1) == b"\x80"
        what = "a pickle, which could run code" if is_pickle else "no NumPy archive"
        raise _Refused(
            f"is {what}, or a truncated one; expected an .npz with the keys of keras.datasets"
        )
    with zipfile.ZipFile(path) as archive:
        keys = {name.removesuffix(".npy") for name in archive.namelist()}
        wanted = ("x_train", "y_train", "x_test", "y_test")
        if not keys.issuperset(wanted):
            raise _Refused(
                f"holds the keys {', '.join(sorted(keys)) or '(none)'}; expected {', '.join(wanted)}"
            )
        return tuple(_read_member(archive, f"{axis}_{split}", spec) for axis in "xy")


def _read_member(archive, key, spec):
    # The header is read first: it says what the array would be before any memory is taken for it.
    with archive.open(f"{key}.npy") as member:
        numpy_1 = np.lib.format.read_magic(member) == (1, 0)
        header = "read_array_header_1_0" if numpy_1 else "read_array_header_2_0"
        shape, _, dtype = getattr(np.lib.format, header)(member)
    if dtype.hasobject:
        raise _Refused(
            f"holds in {key} pickled Python objects, which could run code and are never loaded; "
            "expected an array of numbers"
        )
    if math.prod(shape) > max(spec.n_train, spec.n_test) * math.prod(spec.image_shape):
        raise _Refused(
            f"has in {key} the shape {shape}; expected at most {spec.count(key[2:]):,} images of "
            f"{'x'.join(map(str, spec.image_shape))}"
        )
    with archive.open(f"{key}.npy") as member:
        return np.lib.format.read_array(member, allow_pickle=False)


_ALLOWED_GLOBALS = (
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
)


class _BatchUnpickler(pickle.Unpickler):
    """Reads CIFAR-10's batches: it can build NumPy arrays and nothing else."""

    def find_class(self, module, name):
        if (module, name) not in _ALLOWED_GLOBALS:
            raise pickle.UnpicklingError(f"its pickle asks for {module}.{name}")
        # The batches were pickled by NumPy 1, whose `numpy.core` NumPy 2 renamed.
        if name == "_reconstruct":
            return np.ndarray.__reduce__(np.empty(0))[0]
        return super().find_class(module, name)


def _read_batches(path, spec, split):
    images, labels = [], []
    for name, file in _batch_files(path, split):
        batch = _BatchUnpickler(file, encoding="bytes").load()
        data = np.asarray(batch[b"data"])
        if data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 3072:
            raise ValueError(f"{name} holds {data.dtype} images of shape {data.shape}")
        images.append(data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        labels.append(np.asarray(batch[b"labels"]))
    return np.concatenate(images), np.concatenate(labels)


def _batch_files(path, split):
    """Yields the name and the open file of each batch of a split, from a folder or a `.tar.gz`."""
    if path.is_dir():
        for name in _BATCHES[split]:
            with open(path / name, "rb") as file:
                yield name, file
        return
    with tarfile.open(path, "r:gz") as archive:
        for name in _BATCHES[split]:
            yield name, archive.extractfile(f"{BATCHES_FOLDER}/{name}")


def _checked_images(x, spec, split):
    height, width, channels = spec.image_shape
    if x.dtype != np.uint8:
        raise _Refused(f"holds x_{split} as {x.dtype}; expected uint8, 0 to 255")
    if x.shape[1:] == (channels, height, width):
        x = x.transpose(0, 2, 3, 1)
    elif channels == 1 and x.shape[1:] == (height, width):
        x = x[..., np.newaxis]
    elif x.shape[1:] != spec.image_shape:
        raise _Refused(
            f"holds x_{split} of shape {x.shape}; expected (N, {height}, {width}, {channels})"
        )
    if not 0 < len(x) <= spec.count(split):
        raise _Refused(
            f"holds in x_{split} {len(x):,} images; {spec.title} has {spec.count(split):,}"
        )
    return np.ascontiguousarray(x)


def _checked_labels(y, n_images, split):
    if y.shape not in ((n_images,), (n_images, 1)):
        raise _Refused(
            f"holds y_{split} of shape {y.shape}; expected ({n_images},) or ({n_images}, 1), one "
            "label an image"
        )
    if y.dtype.kind not in "iu" or int(y.min()) < 0 or int(y.max()) > 9:
        raise _Refused(
            f"holds in y_{split} {y.dtype} labels from {y.min()} to {y.max()}; expected integers "
            "from 0 to 9"
        )
    y = y.reshape(-1).astype(np.uint8)
    missing = set(range(10)) - set(np.unique(y).tolist())
    if missing:
        raise _Refused(f"holds in y_{split} no label {min(missing)}; expected all of 0 to 9")
    return y


def is_published(path: Path, spec: Spec) -> bool:
    """Whether a file, or every batch in a folder, is byte for byte the one that was published."""
    names = [path] if path.is_file() else [path / n for ns in _BATCHES.values() for n in ns]
    return all(_has_digest(name, spec.published.get(name.name, "")) for name in names)


def _has_digest(path, published):
    algorithm, _, digest = published.partition(":")
    if not digest:
        return False
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest() == digest


def read_text(path: Path, key: str) -> str:
    """A text stored beside the arrays of an `.npz`; empty if it is not there."""
    if path.suffix != ".npz":
        return ""
    with np.load(path, allow_pickle=False) as archive:
        return str(archive[key]) if key in archive.files else ""
