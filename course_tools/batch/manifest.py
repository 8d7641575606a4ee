"""What a batch has done, on disk: executed notebooks, records, and one line a finished run.

    OUT/manifest.jsonl          first line: the grid; then one line a finished run, appended and synced
    OUT/notebooks/RUN.ipynb     the executed notebook
    OUT/records/RUN.json        the run's record; RUN~2.json, … where it wrote several

A file appears whole or not at all, and a run's line is written after its files. So whatever ends the
client, kill -9 and a full disk included, a line means that everything of that run is there.
"""

import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import json
import os
import shlex
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from course_tools.batch.execution import Outcome, Result
from course_tools.batch.grid import Run
from course_utils.errors import BatchError
from course_utils.files import FORBIDDEN, FULL, PARTIAL, write_atomically

# 1: the first edition, which kept no digest of its code. It is read, and not continued.
FORMAT = 2
NAME = "manifest.jsonl"
TRAVELLING = ("KERAS_BACKEND", "COURSE_PRECISION", "COURSE_THREADS")


@functools.cache
def course_code() -> str:
    """16 hexadecimal digits of the course's own code and Keras, by which a resumed batch knows them."""
    root, digest = Path(__file__).resolve().parents[2], hashlib.sha256(version("keras").encode())
    for package in ("course_utils", "course_tools"):
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def settings() -> dict[str, str]:
    """What the user chose by environment variables; it holds on every host."""
    return {name: os.environ[name] for name in TRAVELLING if name in os.environ}


@dataclass(frozen=True)
class Header:
    """What a batch is of.

    Attributes:
        runs: id to `grid.Run`, in the order of the grid.
        notebooks: name to digest.
        settings: environment variable to value; None in a batch that did not keep them.
        code: `course_code()` of the course that began it; "" in a batch of the first edition.
    """

    runs: dict[str, Run]
    notebooks: dict[str, str]
    settings: dict | None = field(default_factory=settings)
    code: str = field(default_factory=course_code)

    @classmethod
    def of(cls, runs, notebooks) -> "Header":
        """The header of a grid, with the settings and the code of this process."""
        return cls({run.id: run for run in runs}, {book.name: book.digest for book in notebooks})

    def to_dict(self) -> dict:
        """What the manifest's first line holds."""
        runs = {
            id: {"notebook": run.notebook, "parameters": run.parameters}
            for id, run in self.runs.items()
        }
        return {"format": FORMAT, **vars(self), "runs": runs}

    @classmethod
    def from_dict(cls, content: dict) -> "Header":
        """The header that a first line holds; raises ValueError, KeyError or TypeError."""
        if content["format"] not in (1, FORMAT):
            raise ValueError(f"format {content['format']}")
        runs = {id: Run(id, **run) for id, run in content["runs"].items()}
        return cls(runs, content["notebooks"], content.get("settings"), content.get("code", ""))


@dataclass
class Entry(Outcome):
    """One run's line: how it ended, and where what it made lies.

    `files` are paths relative to the batch's folder, `attempts` counts the tries, and `mode` is the
    course's mode that the run was given, or None.
    """

    files: list = field(default_factory=list)
    attempts: int = 1
    mode: str | None = None

    @classmethod
    def from_dict(cls, content: dict) -> "Entry":
        """The entry of a line; what another edition wrote beside it is left out."""
        known = {each.name for each in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in content.items() if name in known})


class Manifest:
    """The results of one batch in one folder; only one process at a time writes there.

    With `resume` a batch that is already there is continued, provided that its `header` is the same;
    with `replace` it is started anew. Otherwise a folder with a batch is refused (BatchError).
    `entries` maps the id of each finished run to its `Entry`.
    """

    def __init__(self, folder, header: Header, resume: bool = False, replace: bool = False):
        self.folder = Path(folder)
        self.path = self.folder / NAME
        self.header, self.entries = header, {}
        with self._explained():
            for name in ("notebooks", "records"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            self._lock = self._take_lock()
            # What a killed client was writing.
            for name in ("", "notebooks", "records"):
                for path in (self.folder / name).glob(f"{PARTIAL}*"):
                    path.unlink()
            there = self.path.exists() and self.path.stat().st_size > 0
            if there and resume:
                self._continue()
            else:
                if there and not replace:
                    self._refuse_if_begun()
                write_atomically(self.path, _line(header.to_dict()))

    # Reading

    @staticmethod
    def read(folder) -> tuple[Header, dict[str, Entry]]:
        """Header and last entry of each run of the batch in `folder`; raises BatchError."""
        path = Path(folder) / NAME
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BatchError(
                f"{folder} holds no batch ({error.strerror}: {NAME}). "
                f"Make one: course run 02 --out {folder}"
            ) from error
        # kill -9 can cut the last line short; what was cut was not yet promised.
        lines = content[: content.rfind(b"\n") + 1].splitlines()
        try:
            first, *others = (json.loads(line) for line in lines)
            entries = map(Entry.from_dict, others)
            return Header.from_dict(first), {entry.id: entry for entry in entries}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BatchError(
                f"{path} is not a manifest that this version can read ({error}). "
                "Run the batch into another folder: course run … --out FOLDER"
            ) from error

    @classmethod
    def done_in(cls, folder, header: Header) -> set[str]:
        """Ids of the runs of this grid that a batch in `folder` has done; writes nothing there.

        Raises BatchError when it is another batch, as opening it with `resume` would.
        """
        path = Path(folder) / NAME
        if not path.is_file() or path.stat().st_size == 0:
            return set()
        there, entries = cls.read(folder)
        _check_same(folder, there, header)
        return _done(Path(folder), entries)

    def done(self) -> set[str]:
        """Ids of the runs that ended well and whose files are all there."""
        return _done(self.folder, self.entries)

    # Writing

    def store(self, result: Result, attempts: int = 1) -> Entry:
        """Write a finished run: its notebook, its records, then its line."""
        contents = {}
        if result.notebook is not None:
            contents[f"notebooks/{result.id}.ipynb"] = result.notebook
        for number, record in enumerate(result.records, start=1):
            # The run's name, whatever the record says: a copy of a notebook still names its original
            # there, and techniques in another order are the same. No id holds a "~".
            end = f"~{number}" if number > 1 else ""
            contents[f"records/{result.id}{end}.json"] = record.to_json().encode()
        mode = self.header.runs[result.id].mode
        more = {"files": list(contents), "attempts": attempts, "mode": mode}
        entry = Entry.from_dict({**vars(result), **more})
        with self._explained():
            for name, content in contents.items():
                write_atomically(self.folder / name, content)
            self._append(_line(vars(entry)))
        self.entries[entry.id] = entry
        return entry

    def _append(self, line):
        """Add one line, whole or not at all."""
        with self.path.open("r+b") as file:
            end = file.seek(0, os.SEEK_END)
            try:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                with contextlib.suppress(OSError):
                    os.ftruncate(file.fileno(), end)
                raise

    def close(self) -> None:
        """Give the folder free for another process."""
        self._lock.close()

    # Opening

    def _continue(self):
        there, self.entries = self.read(self.folder)
        _check_same(self.folder, there, self.header)
        content = self.path.read_bytes()
        os.truncate(self.path, content.rfind(b"\n") + 1)

    def _refuse_if_begun(self):
        there, entries = self.read(self.folder)
        done = sum(entry.status == "ok" for entry in entries.values())
        if entries:
            raise BatchError(
                f"{self.folder} already holds a batch, {done} of {len(there.runs)} runs done. "
                "Finish it with the same options and --resume, or name another folder: --out FOLDER"
            )

    def _take_lock(self):
        # The system gives the lock back however this process ends.
        lock = (self.folder / ".lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise BatchError(
                f"Another course run is writing to {self.folder}. "
                "Wait for it, or name another folder: --out FOLDER"
            ) from error
        return lock

    @contextlib.contextmanager
    def _explained(self):
        try:
            yield
        except OSError as error:
            mend = "Mend the folder, then run again with --resume; or name another: --out FOLDER"
            if error.errno in FULL:
                mend = "Free some space there, then run again with --resume"
            elif error.errno in FORBIDDEN:
                mend = "Name a folder that you may write to: --out FOLDER"
            raise BatchError(
                f"Results could not be written to {self.folder} ({error.strerror}); nothing was left "
                f"half-written. {mend}"
            ) from error


def check_targets(folder, ids, sources) -> None:
    """Raise BatchError if the executed copy of a run would take the place of a notebook.

    `ids` are those of the runs that are to come to `folder`, `sources` their notebooks' paths.
    """
    own = {source.with_suffix(".ipynb").resolve() for source in sources}
    for id in ids:
        path = Path(folder) / "notebooks" / f"{id}.ipynb"
        if path.resolve() in own:
            raise BatchError(
                f"The result of {id} would be written to {path}, which is the notebook itself. "
                "Name another folder: --out results"
            )


def _line(content):
    return (json.dumps(content, ensure_ascii=False) + "\n").encode()


def _done(folder, entries):
    return {
        id
        for id, entry in entries.items()
        if entry.status == "ok" and all((folder / name).is_file() for name in entry.files)
    }


def _check_same(folder, there, here):
    """Raise BatchError unless two headers are of one batch."""
    if difference := _difference(there, here):
        raise BatchError(
            f"{folder} holds another batch: {difference}. "
            "Give the options that it was started with, or another folder: --out FOLDER"
        )
    then, now = here.settings if there.settings is None else there.settings, here.settings
    other = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    if other:
        mend = [f"export {n}={shlex.quote(then[n])}" if n in then else f"unset {n}" for n in other]
        raise BatchError(
            f"{folder} holds a batch that was started with {_words(other, then)}, and now there "
            f"is {_words(other, now)}: its runs would not compare. "
            f"Set it back: {'; '.join(mend)}; or name another folder: --out FOLDER"
        )
    if there.code != here.code:
        began = "other code of the course" if there.code else "the course's first edition"
        raise BatchError(
            f"{folder} holds a batch that was started with {began}: its runs would not compare with "
            "those of today. Go back to that code (git switch), or run all of it anew into another "
            "folder: --out FOLDER"
        )


def _words(names, values):
    return ", ".join(f"{name}={values[name]}" if name in values else f"no {name}" for name in names)


def _difference(there, here):
    """In a few words, how two grids differ; None where they do not."""
    for name, digest in there.notebooks.items():
        if here.notebooks.get(name, digest) != digest:
            return f"the notebook {name} has changed since"
    if lacking := [id for id in there.runs if id not in here.runs]:
        return f"it has {len(lacking)} runs that this one lacks, such as {lacking[0]}"
    if new := [id for id in here.runs if id not in there.runs]:
        return f"this one has {len(new)} runs that it lacks, such as {new[0]}"
    same = (there.runs, there.notebooks) == (here.runs, here.notebooks)
    return None if same else "its options differ"
