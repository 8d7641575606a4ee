"""Somebody's own pictures: a folder with one sub-folder a class becomes a `Dataset` with a sealed test set.

Read by Pillow, as `keras.utils.load_img` does; that function itself takes no notice of how a telephone
was held (EXIF), turns 16-bit pictures white, and has no word for what it could not read.
Nothing is ever written into the folder.
"""

import hashlib
import io
import os
import shutil
import time
import warnings
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from course_utils.data import Dataset, SealedTestSet, load
from course_utils.data.split import stratified
from course_utils.errors import DataError

SIDES = (16, 256)
# Each of four parts needs some pictures of a class: two to test on, two to compare on, two to validate.
FEWEST = 10
# A picture in memory takes three or four bytes a pixel, in up to four copies while it is turned and scaled:
# with more than 50 million pixels a lesson would not fit into Binder's 2 GB. (JPEG files are decoded small.)
MOST_PIXELS = 50_000_000
# A file is read whole, so that all that is said about it is said about the same bytes.
MOST_BYTES = 100_000_000
# What cameras, scanners and web sites write. Left out is what runs a program to be read (PostScript).
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
# What desktops leave in folders, beside all names that begin with a dot.
LEFT_BEHIND = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir"}
# JPEG files can be decoded at a fraction of their size, at once; at least this, in pixels.
DRAFT = (512, 512)
TEST, COMPARE, VALIDATE = 0.2, 0.2, 0.2
# Pictures that agree at this size are the same picture to a network, whatever their files are.
MARK_SIDE = 32
SAID_NAMES = 6
# What the pictures are called that `sample` makes.
SAMPLE = "three classes of CIFAR-10"


@dataclass(frozen=True)
class Found:
    """What is in a folder of pictures.

    Attributes:
        counts: class to how many different pictures of it are used.
        sizes: (width, height) of each of them, in pixels.
        remarks: one sentence for each thing that somebody should know, with the files' names.
        unreadable: names of the files that are no picture, or a broken one.
        copies: groups of names that show the same picture in one class; the first is used.
        contradictions: the same across classes; none is used.
    """

    counts: dict[str, int]
    sizes: tuple[tuple[int, int], ...]
    remarks: tuple[str, ...]
    unreadable: tuple[str, ...]
    copies: tuple[tuple[str, ...], ...]
    contradictions: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False, repr=False)
class Pictures(Dataset):
    """A `Dataset` of somebody's own pictures, with `folder`, what was `found` there, and the files' names.

    `files` maps "train", "val" and "compare" to names relative to the folder, "CLASS/FILE", in the
    order of the arrays. Those of the test set stay sealed with it.
    """

    folder: Path = None
    found: Found = None
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)


def _upright(opened):
    """A `PIL.Image.Image` as it was held, in RGB: what is transparent white, 16-bit greys in 8 bits.

    Of an animation the first frame. Raises ValueError for greys that are floating-point numbers.
    """
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(opened)
    if upright.mode == "F":
        raise ValueError("its greys are floating-point numbers, of no known range")
    if upright.mode.startswith("I"):
        greys = np.asarray(upright)
        if greys.max(initial=0) > 255:
            # Integers in place: floats of 64 bits would take eight times a large picture's memory.
            greys = greys.clip(0, 65535).astype("uint16")
            greys = greys // 257 + (greys % 257 > 128)
        upright = Image.fromarray(greys.clip(0, 255).astype("uint8"))
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        white = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(white, upright)
    return upright.convert("RGB")


def _alpha(opened):
    return opened.convert("RGBA").getchannel("A").getextrema()


def _square(picture, side):
    """The middle square of a picture in RGB, as the network sees it: uint8, (side, side, 3)."""
    from PIL import ImageOps

    return np.asarray(ImageOps.fit(picture, (side, side)))


def read(
    folder,
    side: int = 32,
    seed: int = 1,
    mode: str = "reduced",
    name: str = "",
    made_from: Dataset | None = None,
) -> Pictures:
    """Read a folder with one sub-folder a class, and split it; the test set is sealed.

    About a fifth of each class is the test set and a fifth the comparison set. Which pictures these are is
    settled by a fingerprint of their pixels: it is the same for every seed and every `side`, and who adds
    pictures tomorrow to a class of 30 or more sends hardly ever one of today's test pictures into training.
    (A smaller class has two to test on, whatever their fingerprints; there one or two may change sides.) Of
    the rest, `seed` draws a fifth to validate on. A picture that is there twice is used once, so no two parts
    share one; one that is in two classes is not used at all.

    Args:
        folder: its sub-folders are the classes, in alphabetical order; deeper ones belong to theirs.
        side: pixels, 16 to 256. Each picture's middle square is scaled to (side, side).
        seed: draws the validation pictures.
        mode: for the record alone; every mode reads all pictures.
        name: what figures and records call the pictures; default the folder's own name.
        made_from: the data set that the folder was made from, where the course made it.

    Returns:
        `Pictures`; its announcement says what was found, each oddity in one sentence with the files' names.

    Raises:
        ValueError: a `side` that is none of these.
        DataError: there is no such folder, it holds fewer than two classes or a class fewer than
            10 different pictures, or it changed while it was read.
    """
    if isinstance(side, bool) or not isinstance(side, int) or not SIDES[0] <= side <= SIDES[1]:
        raise ValueError(f"side={side!r}; expected a whole number of pixels from 16 to 256")
    root = Path(folder).expanduser()
    listed = _listed(root)
    pictures, notes = [], defaultdict(list)
    began = told = time.monotonic()
    for number, file in enumerate(sorted(listed), start=1):
        picture = _read_one(root, file, side, notes)
        if picture is not None:
            pictures.append(picture)
        if (now := time.monotonic()) - told > 10:
            told = now
            print(f"Read {number:,} of {len(listed):,} files in {now - began:.0f} s", flush=True)
    _refuse_changes(root, listed)
    used, copies, contradictions = _distinct(pictures)
    classes = sorted(_class_folders(root))
    counts = Counter(picture.name[0] for picture in used)
    counts = {each: counts[each] for each in classes}
    few = [each for each in classes if counts[each] < FEWEST]
    if few:
        there = {each: [_said(p.name) for p in used if p.name[0] == each] for each in few}
        words = [
            f"{_plain(each)} has {len(names)}{f' ({_names(names)})' if names else ''}"
            for each, names in there.items()
        ]
        raise DataError(
            f"{_names(words)}, and a class needs at least {FEWEST} different pictures, so that some can be "
            f"set aside to test on: add pictures, or take the class out of {_plain(root.name)}"
            f"{_unused(notes, copies, contradictions)}"
        )
    found = Found(
        counts,
        tuple(picture.size for picture in used),
        (*_sentences(notes), *_twice(copies, contradictions)),
        _unreadable(notes),
        copies,
        contradictions,
    )
    labels = np.array([classes.index(picture.name[0]) for picture in used], dtype=np.int32)
    marks = np.array([picture.mark for picture in used])
    parts = _parts(labels, marks, np.random.default_rng(seed))
    x = np.stack([picture.pixels for picture in used])
    arrays = {part: (x[places], labels[places]) for part, places in parts.items()}
    files = {
        part: tuple("/".join(used[place].name) for place in places)
        for part, places in parts.items()
        if part != "test"
    }
    digest = hashlib.sha256("".join(f"{p.mark}{p.name[0]}" for p in used).encode()).hexdigest()
    name = name or _plain(root.name) or "pictures"
    return Pictures(
        name=name,
        mode=mode,
        seed=seed,
        source=made_from.source if made_from else "own pictures",
        is_fallback=made_from.is_fallback if made_from else False,
        variant=made_from.variant if made_from else "own pictures",
        origin="a folder",
        sha256=digest[:16],
        class_names=tuple(map(_plain, classes)),
        **{f"{kind}_{part}": of[k] for part, of in arrays.items() if part != "test"
           for k, kind in enumerate("xy")},
        announcement=_announcement(name, found, side, arrays),
        suffix=made_from.suffix if made_from else "",
        sealed=SealedTestSet(*arrays["test"]),
        folder=root,
        found=found,
        files=files,
    )  # fmt: skip


def sample(folder, mode: str = "reduced", seed: int = 1, count: int = 500) -> Dataset:
    """Fill a folder with `count` pictures of cats, deer and horses out of CIFAR-10, as people's folders are.

    They are PNG and JPEG files of several sizes. Beside them lie what real folders hold: a copy, a picture
    in two classes, a file that is no picture, an animation, a grey one, one for the press (CMYK).
    Returns the data set that they come from, which may be a stand-in. Raises OSError, DataError.
    """
    from PIL import Image

    source, root = load("cifar10", mode, seed), Path(folder)
    homes, spare = [], []
    for label, share in zip((3, 4, 7), np.diff(np.linspace(0, count, 4).astype(int)), strict=True):
        homes.append(root / source.class_names[label])
        homes[-1].mkdir(parents=True)
        *kept, odd = source.x_train[source.y_train == label][:share]
        spare.append(Image.fromarray(odd))
        for number, pixels in enumerate(kept):
            picture, side = Image.fromarray(pixels), (32, 48, 64, 96)[number % 4]
            picture = picture.resize((side, side), Image.Resampling.BICUBIC)
            kind, options = (("png", {}), ("jpg", {"quality": 95}))[number // 4 % 2]
            picture.save(homes[-1] / f"{homes[-1].name}_{number:03}.{kind}", **options)
    first, second, third = homes
    shutil.copy(first / f"{first.name}_000.png", first / "copy of an old one.png")
    shutil.copy(second / f"{second.name}_003.png", first / "in the wrong place.png")
    spare[0].convert("CMYK").save(first / "for the press.jpg", quality=95)
    spare[1].convert("L").save(second / "grey.png")
    spare[2].save(third / "waving.gif", save_all=True, append_images=[spare[0]])
    (second / "notes.jpg").write_text("Ask Ada for the other pictures.\n")
    (root / ".DS_Store").write_bytes(b"\0")
    return source


# Reading


@dataclass
class _Picture:
    name: tuple[str, ...]  # class, then the path below it
    size: tuple[int, int]
    pixels: np.ndarray
    mark: str


# What there is to say about some files, by its kind.
_KINDS = {
    "broken": "No pictures, or broken ones, which were left out: {}. Open them, and save what you can "
    "as JPEG or PNG",
    "large": f"Larger than {MOST_PIXELS // 10**6} million pixels or {MOST_BYTES // 10**6} MB, more than "
    "a lesson's memory holds, so left out: {}. Save them smaller",
    "closed": "You may not read them, so left out: {}. Allow yourself to (chmod u+r FILE)",
    "linked": "Folders that are links, which are not followed: {}. Copy what is in them",
    "blank": "Of one single colour, with nothing to be seen on them: {}",
    "clear": "Partly transparent, which became white: {}",
    "cmyk": "In the colours of the press (CMYK), turned into RGB: {}",
    "deep": "16 bits a pixel, scaled to 8: {}",
    "grey": "Grey, with the same value for red, green and blue: {}",
    "moving": "Of several frames, the first of which was taken: {}",
    "loose": "Beside the classes, and therefore in none, so not read: {}",
}


def _sentences(notes):
    return [f"{_KINDS[k].format(_names(map(_said, notes[k])))}." for k in _KINDS if k in notes]


def _unreadable(notes):
    return tuple(
        _said(file) for kind in ("broken", "large", "closed") for file in notes.get(kind, ())
    )


def _plain(text):
    """A name that every terminal and page can show: what is no sign becomes a question mark in a box."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _said(file):
    return _plain("/".join(file))


def _names(names, between=", "):
    names = list(names)
    more = f" and {len(names) - SAID_NAMES} more" if len(names) > SAID_NAMES else ""
    return between.join(names[:SAID_NAMES]) + more


def _groups(groups):
    """Groups of names that show the same picture, in words."""
    return _names(_names(group, " = ") for group in groups)


def _is_hidden(name):
    return name.startswith(".") or name.lower() in LEFT_BEHIND


def _is_folder(entry):
    try:
        return entry.is_dir()
    except OSError:  # A link that leads to itself.
        return False


def _class_folders(root):
    return {
        each.name for each in os.scandir(root) if _is_folder(each) and not _is_hidden(each.name)
    }


def _listed(root) -> dict[tuple[str, ...], tuple[int, int]]:
    """Every file below the class folders, by its class and path there, to its size and time.

    Raises DataError where there are not two classes at least.
    """
    said = _plain(str(root))
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise DataError(
            f"{said} {what}; expected a folder with one sub-folder of pictures for each class: "
            'correct folder = "..." above'
        )
    found = _walked(root)
    classes = sorted(_class_folders(root))
    loose = sorted(name for name, *below in found if not below)
    if len(classes) < 2:
        there = f"only one sub-folder ({_plain(classes[0])})" if classes else "no sub-folder"
        beside = (
            f" and {len(loose)} files beside it ({_names(map(_plain, loose))})" if loose else ""
        )
        raise DataError(
            f"{said} holds {there if classes or loose else 'nothing'}{beside}; expected two or more "
            "sub-folders, one for each class: make them, and move each picture into its own"
        )
    return found


def _walked(root):
    """As `_listed`, of however many classes. Raises DataError for what cannot be read."""
    try:
        classes = sorted(_class_folders(root))
        found = {
            (entry.name,): None
            for entry in os.scandir(root)
            if entry.name not in classes and not _is_hidden(entry.name)
        }
        for each in classes:
            for folder, below, names in os.walk(root / each, onerror=_raise):
                below[:] = sorted(name for name in below if not _is_hidden(name))
                links = [name for name in below if os.path.islink(Path(folder, name))]
                for name in filter(lambda name: not _is_hidden(name), [*names, *links]):
                    path = Path(folder, name)
                    there = path.is_file()
                    state = path.stat() if there else None
                    facts = (state.st_size, state.st_mtime_ns) if state else None
                    found[each, *path.relative_to(root / each).parts] = facts
    except FileNotFoundError as error:
        raise DataError(
            f"{_plain(str(error.filename))} disappeared while {_plain(root.name)} was read: let the "
            "copying end, and run the cell again"
        ) from error
    except OSError as error:
        raise DataError(
            f"{_plain(str(error.filename or root))} cannot be read ({error.strerror}): allow yourself to "
            "read it, or name a copy"
        ) from error
    return found


def _raise(error):
    raise error


def _refuse_changes(root, before):
    """Raise DataError where the folder is no longer what was listed."""
    after = _walked(root)
    changed = {
        "appeared": [file for file in after if file not in before],
        "disappeared": [file for file in before if file not in after],
        "changed": [file for file in before if file in after and before[file] != after[file]],
    }
    words = [
        f"{_names(map(_said, sorted(files)))} {what}" for what, files in changed.items() if files
    ]
    if words:
        raise DataError(
            f"{_plain(root.name)} changed while it was read ({'; '.join(words)}), so nobody could say "
            "what was split: let the copying end, and run the cell again"
        )


def _read_one(root, file, side, notes):
    """One picture, or None with a note why not."""
    from PIL import Image

    if len(file) == 1:
        notes["loose"].append(file)
        return None
    path = root.joinpath(*file)
    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]
    try:
        if path.is_dir():
            notes["linked"].append(file)
            return None
        if not path.is_file():  # A link to nowhere, or a pipe, which would be waited for.
            notes["broken"].append(file)
            return None
        if path.stat().st_size > MOST_BYTES:
            notes["large"].append(file)
            return None
        with warnings.catch_warnings():
            # Pillow warns of what may be too large, and of odd headers; both are looked at here.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(path.read_bytes()), formats=formats) as opened:
                size, mode = opened.size, opened.mode
                deep = mode.startswith("I") or ";16" in str(opened.tile)
                opened.draft("RGB", DRAFT)
                if opened.width * opened.height > MOST_PIXELS:
                    notes["large"].append(file)
                    return None
                # A telephone's JPEG may hold a second picture (MPO), which moves nothing.
                frames = 1 if opened.format == "MPO" else getattr(opened, "n_frames", 1)
                clear = opened.has_transparency_data and _alpha(opened)[0] < 255
                upright = _upright(opened)
    except Image.DecompressionBombError:
        notes["large"].append(file)
        return None
    except PermissionError:
        notes["closed"].append(file)
        return None
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError, MemoryError):
        notes["broken"].append(file)
        return None
    for kind, applies in (
        ("cmyk", mode == "CMYK"),
        ("deep", deep),
        ("grey", mode in ("1", "L", "LA")),
        ("moving", frames > 1),
        ("clear", clear),
        ("blank", all(low == high for low, high in upright.getextrema())),
    ):
        if applies:
            notes[kind].append(file)
    # Always of the same size, so that another `side` does not deal the pictures anew.
    mark = hashlib.sha256(_square(upright, MARK_SIDE).tobytes()).hexdigest()
    return _Picture(file, size, _square(upright, side), mark)


# What is used, and for what


def _distinct(pictures):
    """The pictures to use, the groups of copies, and those that are in two classes; names in words."""
    groups, used, copies, contradictions = {}, [], [], []
    for picture in pictures:
        groups.setdefault(picture.mark, []).append(picture)
    for group in groups.values():
        names = tuple(_said(picture.name) for picture in group)
        if len({picture.name[0] for picture in group}) > 1:
            contradictions.append(names)
            continue
        used.append(group[0])
        if len(group) > 1:
            copies.append(names)
    return used, tuple(copies), tuple(contradictions)


def _twice(copies, contradictions):
    if copies:
        yield f"The same picture more than once, and used once: {_groups(copies)}."
    if contradictions:
        yield (
            "The same picture in two classes, so neither was used: "
            f"{_groups(contradictions)}. Delete it where it is wrong."
        )


def _unused(notes, copies, contradictions):
    """What became of files that somebody may have counted, as the end of a sentence."""
    lost = _unreadable(notes)
    words = [f"no pictures: {_names(lost)}"] if lost else []
    words += [f"the same picture: {_groups((*copies, *contradictions))}"] * bool(
        copies or contradictions
    )
    return f" ({'; '.join(words)})" if words else ""


def _parts(labels, marks, random):
    """Places of the pictures of each part: test and comparison set by their marks, the rest at random."""
    places = {"test": [], "compare": []}
    for label in range(labels.max() + 1):
        of_class = np.flatnonzero(labels == label)
        of_class = of_class[np.argsort(marks[of_class])]
        share = np.array([int(mark[:8], 16) / 2**32 for mark in marks[of_class]])
        # By chance alone a small class might have none below the threshold, or none above it.
        n_test = np.clip((share < TEST).sum(), 2, len(share) - 6)
        n_compare = np.clip((share < TEST + COMPARE).sum() - n_test, 2, len(share) - n_test - 4)
        places["test"].append(of_class[:n_test])
        places["compare"].append(of_class[n_test : n_test + n_compare])
    places = {part: random.permutation(np.concatenate(each)) for part, each in places.items()}
    rest = np.setdiff1d(np.arange(len(labels)), np.concatenate(list(places.values())))
    n_val = max(round(VALIDATE * len(rest)), len(np.unique(labels)))
    train, val = stratified(labels[rest], (len(rest) - n_val, n_val), random)
    return {"train": rest[train], "val": rest[val], **places}


def _announcement(name, found, side, arrays):
    counts = ", ".join(f"{_plain(each)} {count:,}" for each, count in found.counts.items())
    widths, heights = zip(*found.sizes, strict=True)
    n = {part: f"{len(labels):,}" for part, (_, labels) in arrays.items()}
    return "\n".join([
        f"Data: {name}, {len(found.sizes):,} different pictures in {len(found.counts)} classes ({counts}); "
        f"{min(widths)} to {max(widths)} pixels wide and {min(heights)} to {max(heights)} high, read as "
        f"{side} x {side}; {n['train']} for training, {n['val']} for validation, {n['compare']} to compare "
        f"on, {n['test']} sealed for the final test.",
        *found.remarks,
    ])  # fmt: skip
