"""Results on disk: whole or not at all, through full disks, kill -9 and a second batch."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from course_tools.batch import manifest
from course_tools.batch.execution import Result
from course_tools.batch.grid import Run
from course_tools.batch.manifest import Header, Manifest
from course_utils.errors import BatchError
from course_utils.evidence.records import Record

RUNS = {f"n.seed{i}": Run(f"n.seed{i}", "n", {"seed": i}) for i in range(3)}
HEADER = Header(RUNS, {"n": "digest"}, settings={})


def result(number, status="ok", size=100):
    records = [Record("n", "mlp", seed=number)] if status == "ok" else []
    return Result(f"n.seed{number}", status, notebook=b"x" * size, records=records)


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.fixture
def store(tmp_path):
    opened = Manifest(tmp_path / "out", HEADER)
    yield opened
    opened.close()


def test_a_stored_run_is_there_again_after_a_restart(store):
    store.store(result(0))
    store.store(result(1, "failed"), attempts=2)
    store.close()
    again = Manifest(store.folder, HEADER, resume=True)
    assert again.done() == {"n.seed0"}
    assert again.entries["n.seed1"].attempts == 2
    assert (store.folder / "notebooks/n.seed0.ipynb").read_bytes() == b"x" * 100
    assert json.loads((store.folder / "records/n.seed0.json").read_text())["seed"] == 0
    again.close()


def test_a_run_whose_files_have_gone_is_not_done(store):
    store.store(result(0))
    (store.folder / "records/n.seed0.json").unlink()
    assert store.done() == set()


def test_a_torn_last_line_is_forgotten_and_the_next_one_is_whole(store):
    store.store(result(0))
    store.close()
    with store.path.open("ab") as file:
        file.write(b'{"id": "n.seed1", "status": "o')
    assert set(Manifest.read(store.folder)[1]) == {"n.seed0"}
    again = Manifest(store.folder, HEADER, resume=True)
    again.store(result(2))
    again.close()
    assert set(Manifest.read(store.folder)[1]) == {"n.seed0", "n.seed2"}


def test_partial_files_of_a_killed_client_are_removed_and_others_are_not(tmp_path):
    out = tmp_path / "out"
    (out / "records").mkdir(parents=True)
    (out / f"records/{manifest.PARTIAL}abc").write_text("half")
    (out / ".bashrc.old").write_text("mine")
    Manifest(out, HEADER).close()
    assert files(out) == [".bashrc.old", ".lock", "manifest.jsonl"]


def test_another_batch_is_refused(store):
    store.store(result(0))
    store.close()
    with pytest.raises(BatchError, match=r"already holds a batch, 1 of 3 runs done.*--resume"):
        Manifest(store.folder, HEADER)
    more = replace(HEADER, runs=RUNS | {"n.seed9": Run("n.seed9", "n", {})})
    with pytest.raises(BatchError, match=r"this one has 1 runs that it lacks, such as n.seed9"):
        Manifest(store.folder, more, resume=True)
    less = replace(HEADER, runs={})
    with pytest.raises(BatchError, match=r"it has 3 runs that this one lacks, such as n.seed0"):
        Manifest(store.folder, less, resume=True)
    changed = replace(HEADER, notebooks={"n": "other"})
    with pytest.raises(BatchError, match="the notebook n has changed since"):
        Manifest(store.folder, changed, resume=True)


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ({"KERAS_BACKEND": "jax"}, {}, "KERAS_BACKEND=jax, and now there is no KERAS_BACKEND"),
        ({}, {"KERAS_BACKEND": "jax"}, "no KERAS_BACKEND, and now there is KERAS_BACKEND=jax"),
        (
            {"KERAS_BACKEND": "jax", "COURSE_THREADS": "2"},
            {"KERAS_BACKEND": "torch", "COURSE_THREADS": "2"},
            "KERAS_BACKEND=jax, and now there is KERAS_BACKEND=torch",
        ),
    ],
)
def test_a_batch_is_not_resumed_with_other_settings(tmp_path, then, now, said):
    before, after = (replace(HEADER, settings=settings) for settings in (then, now))
    Manifest(tmp_path, before).close()
    Manifest(tmp_path, before, resume=True).close()
    with pytest.raises(BatchError, match=f"started with {said}") as caught:
        Manifest(tmp_path, after, resume=True)
    mend = "export KERAS_BACKEND=jax" if then else "unset KERAS_BACKEND"
    assert f"Set it back: {mend}; or name another folder: --out FOLDER" in str(caught.value)
    assert "THREADS" not in str(caught.value)


def test_a_batch_is_not_resumed_by_other_code(store):
    """Neither when the course's own code has changed, nor when it was not kept."""
    store.store(result(0))
    store.close()
    for then, began in (("other", "other code of the course"), ("", "the course's first edition")):
        there = store.path.read_text().replace(manifest.code_digest(), then)
        store.path.write_text(there)
        with pytest.raises(BatchError, match=f"was started with {began}.*--out FOLDER"):
            Manifest(store.folder, HEADER, resume=True)
        store.path.write_text(
            there.replace('"code": "other"', f'"code": "{manifest.code_digest()}"')
        )


def test_a_batch_of_the_first_edition_is_read_and_not_continued(tmp_path):
    runs = {id: {"notebook": "n", "parameters": run.parameters} for id, run in RUNS.items()}
    header = {"format": 1, "notebooks": {"n": "digest"}, "runs": runs}
    line = {"id": "n.seed0", "status": "ok", "seconds": 2.5, "files": [], "exercises": None}
    path = tmp_path / manifest.NAME
    path.write_text("".join(json.dumps(each) + "\n" for each in (header, line)))
    there, found = Manifest.read(tmp_path)
    assert there.runs == RUNS
    assert (found["n.seed0"].seconds, found["n.seed0"].attempts) == (2.5, 1)
    before = path.read_bytes()
    with pytest.raises(BatchError, match=r"started with the course's first edition.*--out FOLDER"):
        Manifest(tmp_path, HEADER, resume=True)
    assert path.read_bytes() == before


def test_what_is_done_can_be_asked_without_opening_anything(store, tmp_path):
    store.store(result(0))
    before = files(store.folder)
    # The batch is running: nobody else may open it, and everybody may look.
    assert Manifest.done_in(store.folder, HEADER) == {"n.seed0"}
    assert Manifest.done_in(tmp_path / "nothing", HEADER) == set()
    with pytest.raises(BatchError, match="the notebook n has changed since"):
        Manifest.done_in(store.folder, replace(HEADER, notebooks={"n": "other"}))
    assert files(store.folder) == before
    assert not (tmp_path / "nothing").exists()


def test_a_batch_of_which_no_run_ended_is_in_nobodys_way(store):
    store.close()
    other = replace(HEADER, notebooks={"n": "other"})
    Manifest(store.folder, other).close()
    assert Manifest.read(store.folder)[0].notebooks == {"n": "other"}


def test_a_batch_can_be_started_anew_and_resumed_where_there_is_none(store, tmp_path):
    store.store(result(0))
    store.close()
    anew = Manifest(store.folder, HEADER, replace=True)
    assert anew.done() == set()
    anew.close()
    Manifest(tmp_path / "nothing", HEADER, resume=True).close()


def test_two_batches_do_not_write_to_one_folder(store):
    with pytest.raises(BatchError, match="Another course run is writing"):
        Manifest(store.folder, HEADER, resume=True)


@pytest.mark.parametrize("content", [b"", b"no json\n", b'{"format": 99}\n', b"[]\n"])
def test_a_manifest_that_is_none_is_explained(tmp_path, content):
    (tmp_path / manifest.NAME).write_bytes(content)
    with pytest.raises(BatchError):
        Manifest.read(tmp_path)


def test_a_folder_that_cannot_be_made_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BatchError, match=r"could not be written.*name another: --out FOLDER"):
        Manifest(tmp_path / "file" / "out", HEADER)


@pytest.mark.parametrize(
    ("number", "mend"),
    [(errno.EACCES, "you may write to: --out"), (errno.EROFS, "you may write to")],
)
def test_a_folder_that_may_not_be_written_is_no_full_disk(tmp_path, monkeypatch, number, mend):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(manifest.Path, "mkdir", refuse)
    with pytest.raises(BatchError, match=mend) as caught:
        Manifest(tmp_path / "out", HEADER)
    assert "space" not in str(caught.value)


# A full disk


@pytest.mark.parametrize("after", range(3))
def test_a_full_disk_leaves_nothing_half_written(store, monkeypatch, after):
    """The disk fills at the first, second, ... write of a run: notebook, record, line."""
    store.store(result(0))
    before = files(store.folder)
    line = store.path.read_bytes()
    calls = 0
    real = os.fsync

    def full(handle):
        nonlocal calls
        calls += 1
        if calls > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BatchError, match=r"No space left on device.*--resume"):
        store.store(result(1))
    assert store.path.read_bytes() == line
    assert not [name for name in files(store.folder) if manifest.PARTIAL in name]
    monkeypatch.setattr(os, "fsync", real)
    store.close()
    again = Manifest(store.folder, HEADER, resume=True)
    assert again.done() == {"n.seed0"}
    again.store(result(1))
    assert again.done() == {"n.seed0", "n.seed1"}
    again.close()
    assert set(files(store.folder)) == {*before, "notebooks/n.seed1.ipynb", "records/n.seed1.json"}


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small file system")
def test_a_disk_that_is_really_full(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting needs more rights than these tests have")
    try:
        store = Manifest(disk / "out", HEADER)
        store.store(result(0))
        with pytest.raises(BatchError, match="No space left on device"):
            store.store(result(1, size=500_000))
        assert store.done() == {"n.seed0"}
        store.store(result(1))
        assert store.done() == {"n.seed0", "n.seed1"}
        store.close()
        assert not [name for name in files(disk) if manifest.PARTIAL in name]
    finally:
        subprocess.run(["umount", disk], check=True)
