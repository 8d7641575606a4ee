"""What a batch has done, on disk: executed notebooks, records, and one line a finished run.

    OUT/manifest.jsonl          first line: the grid; then one line a finished run, appended and synced
    OUT/notebooks/RUN.ipynb     the executed notebook
    OUT/records/RUN.json        the run's record; RUN~2.json, … where it wrote several

A file appears whole or not at all, and a run's line is written after its files. So whatever ends the
client, kill -9 and a full disk included, a line means that everything of that run is there.
"""

import contextlib
import json
import os
import shlex
from pathlib import Path

from course_utils.errors import BatchError
from course_utils.files import PARTIAL, write_atomically

FORMAT = 1
NAME = "manifest.jsonl"


class Manifest:
    """The results of one batch in one folder; only one process at a time writes there.

    `header` describes the grid: a JSON dict with `runs` (id to notebook and parameters),
    `notebooks` (name to digest) and `settings` (environment variable to value; none in old ones).
    With `resume` a batch that is already there is continued, provided that its grid is the same;
    with `replace` it is started anew. Otherwise a folder with a batch is refused (BatchError).
    """

    def __init__(self, folder, header: dict, resume: bool = False, replace: bool = False):
        self.folder = Path(folder)
        self.path = self.folder / NAME
        self.entries = {}
        self._header = {"format": FORMAT, **header}
        with self._explained():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = self._take_lock()
            self._remove_partials()
            there = self.path.exists() and self.path.stat().st_size > 0
            if there and resume:
                self._continue()
            else:
                if there and not replace:
                    self._refuse_if_begun()
                write_atomically(self.path, _line(self._header))

    # Reading

    @staticmethod
    def read(folder) -> tuple[dict, dict]:
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
            header, *entries = (json.loads(line) for line in lines)
            if header["format"] != FORMAT:
                raise ValueError(f"format {header['format']}")
            return header, {entry["id"]: entry for entry in entries}
        except (ValueError, KeyError, TypeError) as error:
            raise BatchError(
                f"{path} is not a manifest that this version can read ({error}). "
                "Run the batch into another folder: course run … --out FOLDER"
            ) from error

    @classmethod
    def done_in(cls, folder, header: dict) -> set[str]:
        """Ids of the runs of this grid that a batch in `folder` has done; writes nothing there.

        Raises BatchError when it is another batch, as opening it with `resume` would.
        """
        path = Path(folder) / NAME
        if not path.is_file() or path.stat().st_size == 0:
            return set()
        there, entries = cls.read(folder)
        _check_same(folder, there, {"format": FORMAT, **header})
        return _done(Path(folder), entries)

    def done(self) -> set[str]:
        """Ids of the runs that ended well and whose files are all there."""
        return _done(self.folder, self.entries)

    # Writing

    def store(self, result: dict, names: list[str], **extra) -> dict:
        """Write a finished run: notebook, records under the given names, then its line."""
        with self._explained():
            files = []
            if result["notebook"] is not None:
                path = notebook_path(self.folder, result["id"])
                files.append(path.relative_to(self.folder).as_posix())
                write_atomically(path, result["notebook"])
            for record, name in zip(result["records"], names, strict=True):
                files.append(f"records/{name}")
                text = json.dumps(record, indent=1, sort_keys=True) + "\n"
                write_atomically(self.folder / files[-1], text.encode())
            entry = {k: v for k, v in result.items() if k not in ("notebook", "records")}
            entry |= {"files": files, **extra}
            self._append(_line(entry))
        self.entries[entry["id"]] = entry
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

    def close(self):
        """Give the folder free for another process."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # Opening

    def _continue(self):
        header, entries = self.read(self.folder)
        _check_same(self.folder, header, self._header)
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with self.path.open("r+b") as file:
                file.truncate(whole)
        self.entries = entries

    def _refuse_if_begun(self):
        header, entries = self.read(self.folder)
        if not entries:
            return
        done = sum(entry["status"] == "ok" for entry in entries.values())
        raise BatchError(
            f"{self.folder} already holds a batch, {done} of {len(header['runs'])} runs done. "
            "Finish it with the same options and --resume, or name another folder: --out FOLDER"
        )

    def _take_lock(self):
        try:
            import fcntl
        except ImportError:
            return None
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

    def _remove_partials(self):
        """Temporary files that a killed client left."""
        for name in ("", "notebooks", "records"):
            for path in (self.folder / name).glob(f"{PARTIAL}*"):
                path.unlink()

    @contextlib.contextmanager
    def _explained(self):
        try:
            yield
        except OSError as error:
            raise BatchError(
                f"Results could not be written to {self.folder} ({error.strerror}); nothing was left "
                "half-written. Free some space or mend the folder, then run again with --resume"
            ) from error


def notebook_path(folder, id: str) -> Path:
    """Where a batch in `folder` puts the executed notebook of a run."""
    return Path(folder) / "notebooks" / f"{id}.ipynb"


def check_targets(folder, ids, sources) -> None:
    """Raise BatchError if the executed copy of a run would take the place of a notebook.

    `ids` are those of the runs that are to come to `folder`, `sources` their notebooks' paths.
    """
    own = set()
    for source in sources:
        # A link is a source, and so is the file that it stands for; and an .ipynb beside its .py.
        for path in (source.resolve(), source.parent.resolve() / source.name):
            own.add(path.with_suffix(".ipynb"))
    for id in ids:
        path = notebook_path(folder, id)
        if path.parent.resolve() / path.name in own:
            raise BatchError(
                f"The result of {id} would be written to {path}, which is the notebook itself. "
                "Name another folder: --out results"
            )


def _line(entry):
    return (json.dumps(entry, ensure_ascii=False) + "\n").encode()


def _done(folder, entries):
    return {
        id
        for id, entry in entries.items()
        if entry["status"] == "ok" and all((folder / name).is_file() for name in entry["files"])
    }


def _check_same(folder, there, here):
    """Raise BatchError unless two headers are of one batch; an old one tells of no settings."""
    if any(there.get(name) != here[name] for name in here if name != "settings"):
        raise BatchError(
            f"{folder} holds another batch: {_difference(there, here)}. "
            "Give the options that it was started with, or another folder: --out FOLDER"
        )
    now = here.get("settings", {})
    then = there.get("settings", now)
    other = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    if other:
        mend = [f"export {n}={shlex.quote(then[n])}" if n in then else f"unset {n}" for n in other]
        raise BatchError(
            f"{folder} holds a batch that was started with {_settings(other, then)}, and now there "
            f"is {_settings(other, now)}: its runs would not compare. "
            f"Set it back: {'; '.join(mend)}; or name another folder: --out FOLDER"
        )


def _settings(names, values):
    return ", ".join(f"{name}={values[name]}" if name in values else f"no {name}" for name in names)


def _difference(there, here):
    """In a few words, how two grids differ."""
    for name, digest in there["notebooks"].items():
        if here["notebooks"].get(name, digest) != digest:
            return f"the notebook {name} has changed since"
    only_there = [run for run in there["runs"] if run not in here["runs"]]
    only_here = [run for run in here["runs"] if run not in there["runs"]]
    if only_there:
        return f"it has {len(only_there)} runs that this one lacks, such as {only_there[0]}"
    if only_here:
        return f"this one has {len(only_here)} runs that it lacks, such as {only_here[0]}"
    return "its options differ"
