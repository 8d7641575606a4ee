"""Results on disk: whole or not at all, through full disks, kill -9 and a second batch."""

import contextlib
import errno
import json
import os
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
    (store.folder / "records/n.seed0.json").unlink()
    assert again.done() == set(), "its record is gone"
    again.close()


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


MORE = RUNS | {"n.seed9": Run("n.seed9", "n", {})}
JAX = {"KERAS_BACKEND": "jax", "COURSE_THREADS": "2"}
TORCH = {"KERAS_BACKEND": "torch", "COURSE_THREADS": "2"}
JUST_JAX = {"KERAS_BACKEND": "jax"}


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ({}, {"runs": MORE}, "this one has 1 runs that it lacks, such as n.seed9"),
        ({}, {"runs": {}}, "it has 3 runs that this one lacks, such as n.seed0"),
        ({}, {"notebooks": {"n": "other"}}, "the notebook n has changed since"),
        (
            {"settings": JUST_JAX},
            {},
            "KERAS_BACKEND=jax, and now there is no KERAS_BACKEND.*: export KERAS_BACKEND=jax; or",
        ),
        (
            {},
            {"settings": JUST_JAX},
            "no KERAS_BACKEND, and now there is KERAS_BACKEND=jax.*: unset KERAS_BACKEND; or",
        ),
        ({"settings": JAX}, {"settings": TORCH}, "=jax, and now there is KERAS_BACKEND=torch: its"),
        ({"code": "other"}, {}, "started with other code of the course"),
        ({"code": ""}, {}, "started with the course's first edition"),
    ],
)
def test_another_batch_is_not_resumed(tmp_path, then, now, said):
    began = replace(HEADER, **then)
    with contextlib.closing(Manifest(tmp_path, began)) as store:
        store.store(result(0))
    with pytest.raises(BatchError, match=r"already holds a batch, 1 of 3 runs done.*--resume"):
        Manifest(tmp_path, began)
    Manifest(tmp_path, began, resume=True).close()
    with pytest.raises(BatchError, match=f"{said}.*--out FOLDER"):
        Manifest(tmp_path, replace(HEADER, **now), resume=True)


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


def test_a_batch_of_which_no_run_ended_and_one_to_be_replaced_make_room(store, tmp_path):
    store.close()
    with contextlib.closing(Manifest(store.folder, HEADER)) as again:
        again.store(result(0))
    other = replace(HEADER, notebooks={"n": "other"})
    with contextlib.closing(Manifest(store.folder, other, replace=True)) as anew:
        assert anew.done() == set()
    assert Manifest.read(store.folder)[0].notebooks == {"n": "other"}
    Manifest(tmp_path / "nothing", HEADER, resume=True).close()


def test_two_batches_do_not_write_to_one_folder(store):
    with pytest.raises(BatchError, match="Another course run is writing"):
        Manifest(store.folder, HEADER, resume=True)


@pytest.mark.parametrize("content", [b"", b"no json\n", b'{"format": 99}\n', b"[]\n"])
def test_a_manifest_that_is_none_is_explained(tmp_path, content):
    (tmp_path / manifest.NAME).write_bytes(content)
    with pytest.raises(BatchError):
        Manifest.read(tmp_path)


@pytest.mark.parametrize(
    ("number", "mend"),
    [(errno.EACCES, "you may write to: --out"), (errno.EEXIST, "or name another: --out")],
)
def test_a_folder_that_cannot_be_made_is_explained(tmp_path, monkeypatch, number, mend):
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
