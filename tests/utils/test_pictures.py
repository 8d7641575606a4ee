"""Somebody's own pictures: what is used, what is said of each oddity, and that nothing is touched."""

import os
import re
import shutil
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from course_utils import Lesson
from course_utils.data import pictures
from course_utils.errors import DataError, SealedTestSetError

CLASSES = ("apples", "pears")


def noise(seed, size=(40, 30), mode="RGB"):
    drawn = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype="uint8")
    return Image.fromarray(drawn).convert(mode)


def fill(root, count=12, classes=CLASSES, first=0):
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(first, first + count):
            noise(1000 * number + i).save(root / name / f"{i}.png")
    return root


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path / "fruit")


def state(root):
    return {
        path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes())
        for path in [root, *root.rglob("*")]
    }


def arrays(found):
    parts = {part: getattr(found, f"x_{part}") for part in ("train", "val", "compare")}
    return parts | {"test": found.sealed.open()[0]}


def as_set(x):
    return {each.tobytes() for each in x}


# What is used, and for what


def test_a_folder_becomes_a_data_set_with_a_sealed_test_set(folder):
    before = state(folder)
    found = pictures.read(folder, side=24)
    parts = arrays(found)
    assert {each.shape[1:] for each in parts.values()} == {(24, 24, 3)}
    assert {each.dtype for each in parts.values()} == {np.dtype("uint8")}
    assert found.y_train.dtype == np.int32
    assert found.class_names == CLASSES
    assert found.found.counts == {"apples": 12, "pears": 12}
    assert sum(map(len, parts.values())) == 24
    assert len(set.union(*map(as_set, parts.values()))) == 24  # No picture is in two parts.
    for labels in (found.y_train, found.y_val, found.y_compare, found.sealed.open()[1]):
        assert set(labels) == {0, 1}
    with pytest.raises(SealedTestSetError):
        _ = found.x_test
    assert found.found.remarks == ()
    assert "fruit, 24 different pictures in 2 classes (apples 12, pears 12); 40 to 40" in str(
        found.announcement
    )
    assert found.label == "fruit"
    for part in ("train", "val", "compare"):
        for name, x in zip(found.files[part], parts[part], strict=True):
            assert np.array_equal(seen(folder / name, 24), x)
    assert state(folder) == before


def test_the_test_set_is_the_same_for_every_seed_and_side_and_grows_with_the_folder(folder):
    fill(folder, count=60, first=12)
    first = pictures.read(folder, side=32)
    test = as_set(arrays(first)["test"])
    again = pictures.read(folder, side=32, seed=2)
    assert as_set(arrays(again)["test"]) == test
    assert as_set(again.x_compare) == as_set(first.x_compare)
    assert as_set(again.x_val) != as_set(first.x_val)
    assert again.sha256 == first.sha256
    wider = pictures.read(folder, side=64)
    assert sorted(wider.files["compare"]) == sorted(first.files["compare"])
    fill(folder, count=60, first=100)
    grown = arrays(pictures.read(folder, side=32))
    assert test < as_set(grown["test"])
    assert 0.1 < len(grown["test"]) / sum(map(len, grown.values())) < 0.3


def test_copies_are_used_once_and_never_lie_on_two_sides(folder):
    for i in range(12):
        Image.open(folder / "apples" / f"{i}.png").save(folder / "apples" / f"copy of {i}.bmp")
    found = pictures.read(folder)
    assert found.found.counts == {"apples": 12, "pears": 12}
    assert len(set.union(*map(as_set, arrays(found).values()))) == 24
    assert len(found.found.copies) == 12
    assert "used once: apples/0.png = apples/copy of 0.bmp, " in found.announcement
    assert "and 6 more" in found.announcement


def test_the_same_picture_in_two_classes_is_used_in_none_and_both_names_are_told(folder):
    noise(77).save(folder / "apples" / "both.png")
    noise(77).save(folder / "pears" / "also.png")
    found = pictures.read(folder)
    assert found.found.contradictions == (("apples/both.png", "pears/also.png"),)
    assert "neither was used: apples/both.png = pears/also.png. Delete it" in found.announcement
    assert found.found.counts == {"apples": 12, "pears": 12}


@pytest.mark.parametrize("count", [10, 11, 13, 40])
def test_every_part_has_some_of_every_class(tmp_path, count):
    for turn in range(5):
        root = fill(tmp_path / str(turn), count=count, first=200 * turn)
        found = pictures.read(root)
        for labels in (found.y_train, found.y_val, found.y_compare, found.sealed.open()[1]):
            assert np.bincount(labels, minlength=2).min() >= 1
        assert len(found.y_train) >= 4


# What is no folder of pictures


def refused(root):
    with pytest.raises(DataError) as caught:
        pictures.read(root)
    said = str(caught.value)
    assert "\n" not in said
    assert ". " not in said  # One sentence.
    return said


def test_a_folder_that_does_not_exist_or_is_a_file(tmp_path):
    assert "nowhere does not exist; expected a folder" in refused(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    assert "file is a file; expected a folder" in refused(tmp_path / "file")


def test_an_empty_folder_and_one_class(tmp_path):
    assert f"{tmp_path} holds nothing; expected two or more sub-folders" in refused(tmp_path)
    noise(1).save(tmp_path / "a.png")
    assert "holds no sub-folder and 1 files beside it (a.png); expected" in refused(tmp_path)
    fill(tmp_path, classes=["apples"])
    assert "holds only one sub-folder (apples) and 1 files beside it (a.png)" in refused(tmp_path)


def test_two_pictures_in_a_class(folder):
    (folder / "plums").mkdir()
    assert "plums has 0, and a class needs at least 10" in refused(folder)
    for i in range(2):
        noise(50 + i).save(folder / "plums" / f"{i}.png")
    said = refused(folder)
    assert "plums has 2 (plums/0.png, plums/1.png), and a class needs at least 10" in said
    assert said.endswith("take the class out of fruit")
    noise(50).save(folder / "plums" / "again.png")
    (folder / "plums" / "notes.txt").write_text("three")
    assert "(no pictures: plums/notes.txt; the same picture: plums/0.png = plums/again.png)" in (
        refused(folder)
    )


@pytest.mark.parametrize("side", [0, 15, 257, 32.0, True, "32"])
def test_a_side_that_is_none(folder, side):
    with pytest.raises(ValueError, match="expected a whole number of pixels from 16 to 256"):
        pictures.read(folder, side=side)


# What is odd about a file


def text(path):
    path.write_text("no picture")


def empty(path):
    path.touch()


def cut_off(path):
    noise(5, (200, 200)).save(path)
    path.write_bytes(path.read_bytes()[:3000])


def program(path):
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")


def nowhere(path):
    path.symlink_to(path.with_name("gone"))


def pipe(path):
    os.mkfifo(path)


def floating(path):
    Image.fromarray(np.full((9, 9), 0.5, "float32")).save(path)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (text, "odd.jpg"),
        (empty, "odd.png"),
        (cut_off, "odd.jpg"),
        (cut_off, "odd.png"),
        (program, "odd.eps"),
        (floating, "odd.tif"),
        pytest.param(nowhere, "odd.png", marks=pytest.mark.skipif(os.name == "nt", reason="links")),
        pytest.param(pipe, "odd.png", marks=pytest.mark.skipif(os.name == "nt", reason="pipes")),
    ],
)
def test_what_is_no_picture_is_named_and_left_out(folder, make, name):
    make(folder / "pears" / name)
    found = pictures.read(folder)
    assert found.found.unreadable == (f"pears/{name}",)
    assert found.found.remarks == (
        f"No pictures, or broken ones, which were left out: pears/{name}. Open them, and save what you can "
        "as JPEG or PNG.",
    )
    assert found.found.counts == {"apples": 12, "pears": 12}


def moving(path):
    noise(903).save(path, save_all=True, append_images=[noise(4), noise(5)])


def deep(path):
    greys = np.random.default_rng(7).integers(0, 65536, (9, 9), dtype="uint16")
    Image.fromarray(greys).save(path)


def deep_colours(path):
    """A PNG of 9 x 9 with 16 bits for each colour, which Pillow reads and does not write."""
    rows = np.random.default_rng(8).integers(0, 256, (9, 1 + 9 * 6), dtype="uint8")
    rows[:, 0] = 0  # No filter.

    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", 9, 9, 16, 2, 0, 0, 0)
    chunks = (b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks))


def clear(path):
    picture = noise(906).convert("RGBA")
    picture.putpixel((0, 0), (0, 0, 0, 0))
    picture.save(path)


def plain(path):
    Image.new("RGB", (30, 30), "blue").save(path)


@pytest.mark.parametrize(
    ("make", "name", "says"),
    [
        (
            lambda path: noise(903, mode="CMYK").save(path),
            "odd.jpg",
            r"of the press \(CMYK\), turned",
        ),
        (lambda path: noise(903, mode="L").save(path), "odd.png", "Grey, with the same value"),
        (lambda path: noise(903, mode="1").save(path), "odd.png", "Grey, with the same value"),
        (
            lambda path: noise(903, mode="L").convert("LA").save(path),
            "odd.png",
            "Grey, with the same value",
        ),
        (deep, "odd.png", "16 bits a pixel, scaled to 8"),
        (deep, "odd.tif", "16 bits a pixel, scaled to 8"),
        (deep_colours, "odd.png", "16 bits a pixel, scaled to 8"),
        (clear, "odd.png", "Partly transparent, which became white"),
        (plain, "odd.png", "Of one single colour"),
        (moving, "odd.gif", "Of several frames, the first"),
        (moving, "odd.tif", "Of several frames, the first"),
        (moving, "odd.webp", "Of several frames, the first"),
    ],
)
def test_an_odd_picture_is_used_and_one_sentence_says_what_was_done(folder, make, name, says):
    make(folder / "pears" / name)
    found = pictures.read(folder)
    (remark,) = found.found.remarks
    assert re.search(says, remark)
    assert remark.endswith(f": pears/{name}.")
    assert found.found.counts == {"apples": 12, "pears": 13}


@pytest.mark.parametrize("name", ["a.webp", "a.bmp", "a.tif", "no suffix", "a.jpg.PNG", "a.JPEG"])
def test_ordinary_pictures_need_no_remark(folder, name):
    noise(909).save(folder / "pears" / name, format="PNG" if "." not in name else None)
    found = pictures.read(folder)
    assert found.found.counts == {"apples": 12, "pears": 13}
    assert found.found.remarks == ()


def test_greys_of_16_bits_keep_their_brightness_and_what_is_transparent_is_white(tmp_path):
    Image.fromarray(np.full((9, 9), 257 * 128, "uint16")).save(tmp_path / "deep.png")
    assert set(seen(tmp_path / "deep.png").ravel()) == {128}
    Image.new("RGBA", (20, 20), (10, 20, 30, 0)).save(tmp_path / "clear.png")
    assert set(seen(tmp_path / "clear.png").ravel()) == {255}


def seen(path, side=16):
    with Image.open(path) as opened:
        return pictures._square(pictures._upright(opened), side)


def test_a_picture_stands_as_it_was_held(tmp_path):
    upright = Image.new("RGB", (40, 40), "black")
    upright.paste("white", (0, 0, 40, 20))  # The sky is above.
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.rotate(90).save(tmp_path / "held.jpg", exif=exif)
    found = seen(tmp_path / "held.jpg").astype(int)
    assert found[:6].min() > 200
    assert found[-6:].max() < 50


def test_the_middle_of_a_wide_picture_is_kept_unstretched(tmp_path):
    wide = Image.new("RGB", (300, 100), "black")
    wide.paste("white", (100, 0, 200, 100))
    wide.save(tmp_path / "wide.png")
    found = seen(tmp_path / "wide.png")
    assert found[:, 1:-1].min() == 255
    assert found.mean() > 240


def test_pictures_beyond_the_limits_are_named_and_never_unpacked(folder, monkeypatch):
    Image.new("1", (20_000, 20_000)).save(folder / "pears" / "bomb.png")
    Image.new("1", (8_000, 8_000)).save(folder / "pears" / "large.png")
    (folder / "pears" / "huge.png").write_bytes(b"\0" * 101)
    monkeypatch.setattr(pictures, "MOST_BYTES", 100_000)
    os.truncate(folder / "pears" / "huge.png", 100_001)
    found = pictures.read(folder)
    (remark,) = found.found.remarks
    assert re.match(
        r"Larger than 50 million pixels or 100 MB, more than a lesson's memory holds, so left out: ",
        remark,
    )
    assert "pears/bomb.png, pears/huge.png, pears/large.png. Save them smaller." in remark


def test_a_large_jpeg_is_read_at_a_fraction_of_its_size(folder):
    Image.new("RGB", (9_000, 9_000), "red").save(folder / "pears" / "poster.jpg")
    found = pictures.read(folder)
    assert found.found.counts == {"apples": 12, "pears": 13}
    assert (9_000, 9_000) in found.found.sizes


def test_links_are_told_and_not_followed(folder, tmp_path):
    elsewhere = fill(tmp_path / "elsewhere", classes=["more"], first=500)
    try:
        (folder / "pears" / "more").symlink_to(elsewhere / "more", target_is_directory=True)
        (folder / "loop").symlink_to(folder / "loop")
    except OSError:
        pytest.skip("no links here")
    found = pictures.read(folder)
    assert found.found.counts == {"apples": 12, "pears": 12}
    assert found.found.remarks == (
        "Folders that are links, which are not followed: pears/more. Copy what is in them.",
        "Beside the classes, and therefore in none, so not read: loop.",
    )


def test_a_file_that_may_not_be_read_is_told_apart_from_a_broken_one(folder, monkeypatch):
    read_bytes = pictures.Path.read_bytes

    def guarded(path):
        if path.name == "3.png" and path.parent.name == "pears":
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    monkeypatch.setattr(pictures.Path, "read_bytes", guarded)
    found = pictures.read(folder)
    assert found.found.remarks == (
        "You may not read them, so left out: pears/3.png. Allow yourself to (chmod u+r FILE).",
    )
    assert found.found.unreadable == ("pears/3.png",)


def test_what_desktops_leave_is_ignored_without_a_word(folder):
    for name in (".DS_Store", "apples/Thumbs.db", "apples/._0.png", "pears/desktop.ini"):
        (folder / name).write_bytes(b"\0")
    for name in (".git", "__MACOSX", "apples/@eaDir"):
        (folder / name).mkdir()
        (folder / name / "0.png").write_bytes(b"\0")
    found = pictures.read(folder)
    assert found.found.remarks == ()
    assert found.class_names == CLASSES


def test_loose_files_and_deeper_folders(folder):
    noise(908).save(folder / "loose.png")
    fill(folder / "pears", classes=["winter"], first=300)
    found = pictures.read(folder)
    assert found.found.counts == {"apples": 12, "pears": 24}
    assert found.found.remarks == (
        "Beside the classes, and therefore in none, so not read: loose.png.",
    )


def test_names_of_any_script(tmp_path):
    classes = ("Äpfel & Birnen", "груши", "猫 <b>", "🍎'\"")
    root = fill(tmp_path / "ülç", classes=classes)
    (root / classes[2] / "目.png").write_text("none")
    strange = [root / classes[0] / "line\nbreak.png"]
    if sys.platform == "linux":
        strange.append(root / classes[0] / os.fsdecode(b"caf\xe9.png"))
    for number, path in enumerate(strange):
        try:
            noise(60 + number).save(path, format="PNG")
        except OSError:
            pytest.skip("this file system takes no such names")
    noise(60).save(root / classes[0] / "line copy.png")
    found = pictures.read(root)
    assert set(found.class_names) == set(classes)
    assert "猫 <b>/目.png" in found.announcement
    assert "line\N{REPLACEMENT CHARACTER}break.png" in found.announcement
    assert found.announcement.encode()
    assert len(found.announcement.splitlines()) == 1 + len(found.found.remarks)


# A folder that changes, or that cannot be read


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda root: (root / "pears" / "3.png").unlink(), "pears/3.png disappeared"),
        (lambda root: noise(1).save(root / "apples" / "new.png"), "apples/new.png appeared"),
        (lambda root: shutil.rmtree(root / "pears"), "pears/0.png, .*6 more disappeared"),
        (lambda root: noise(2, (9, 9)).save(root / "pears" / "3.png"), "pears/3.png changed"),
    ],
)
def test_a_folder_that_changes_while_it_is_read(folder, monkeypatch, change, says):
    read_one = pictures._read_one

    def disturbed(root, file, *rest):
        if file == ("apples", "5.png"):
            change(folder)
        return read_one(root, file, *rest)

    monkeypatch.setattr(pictures, "_read_one", disturbed)
    said = refused(folder)
    assert re.search(rf"fruit changed while it was read .*{says}.*run the cell again", said)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_folder_that_may_not_be_read(folder):
    (folder / "pears").chmod(0)
    try:
        assert "fruit/pears cannot be read (Permission denied)" in refused(folder)
    finally:
        (folder / "pears").chmod(0o700)


def test_a_folder_that_vanishes_while_it_is_listed(folder, monkeypatch):
    def gone(*_args, **_options):
        raise FileNotFoundError(2, "No such file or directory", "fruit/pears")

    monkeypatch.setattr(os, "walk", gone)
    assert "disappeared while fruit was read: let the copying end" in refused(folder)


# In a lesson


class Guess:
    """A model that always says the first class."""

    def predict(self, x, **_options):
        return np.tile(np.eye(2)[0], (len(x), 1))


def test_a_lesson_reads_a_folder_and_opens_its_test_set_once(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_OUT", str(tmp_path / "out"))
    lesson = Lesson("18_your_own_pictures", mode="smoke")
    mine = lesson.load_folder(folder)
    assert mine.announcement in capsys.readouterr().out
    assert lesson.compare(Guess()).n == len(mine.y_compare)
    assert lesson.final_test(Guess()).n == mine.sealed.n
    assert "once so far in this lesson" in capsys.readouterr().out
    with pytest.raises(SealedTestSetError):
        lesson.final_test(Guess())
    assert lesson.out == tmp_path / "out" / "out"
    assert lesson.out.is_dir()


def test_without_a_folder_the_course_makes_one_with_what_real_folders_hold(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OUT", str(tmp_path))
    lesson = Lesson("18_your_own_pictures", mode="smoke")
    mine = lesson.load_folder()
    assert len(mine.class_names) == 3
    assert mine.name == "three classes of CIFAR-10"
    for words in ("CMYK", "Grey", "several frames", "left out", "more than once", "two classes"):
        assert words in mine.announcement
    assert len(set(mine.found.sizes)) >= 4
    assert (mine.folder / mine.files["compare"][0]).is_file()
    again = Lesson("18_your_own_pictures", mode="smoke").load_folder(" ")
    assert again.sha256 == mine.sha256
