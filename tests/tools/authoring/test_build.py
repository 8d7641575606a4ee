"""`course build`: the .ipynb is made from the .py, and an edited .ipynb is not overwritten unasked."""

import csv
import re
import shutil

import nbformat
import pytest
from jupytext.cli import jupytext
from paths import NOTEBOOKS
from small_course import SCRIPT, said

from course_tools.authoring import build, reference_runs
from course_tools.batch import execution, reading
from course_utils import evidence
from course_utils.errors import BatchError
from course_utils.evidence.records import Record


def pair(project, name="02_second"):
    return project / f"notebooks/{name}.py", project / f"notebooks/{name}.ipynb"


@pytest.fixture
def quick(monkeypatch):
    """Let `build` run nothing: kernels are tested elsewhere. Returns what the result adds."""
    more = {}

    def run(job, progress=None):
        notebook = nbformat.reads(job.notebook.decode(), as_version=4)
        for count, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1):
            cell.execution_count = count
        text = nbformat.writes(notebook).encode()
        return execution.Result(job.id, "ok", notebook=text, **more)

    monkeypatch.setattr(execution, "run", run)
    return more


def test_a_notebook_is_built_from_its_script_and_so_are_its_solutions(project, capsys):
    script, book = pair(project, "01_first")
    before = script.read_bytes()
    address = "https://example.org/tmp/x.png /rooted"
    printing = f"__import__('os').getcwd(), '{address}'"
    solution = project / "notebooks/solutions/01_first.py"
    solution.write_text(SCRIPT.replace("6 * 7", printing))
    code, out, err = said(capsys, "build", "01", "--mode", "smoke")
    assert code == 0, out + err
    assert [line.partition(",")[0] for line in out.splitlines()] == [
        "01_first: ok",
        "solutions/01_first: ok",
    ]
    assert reading.pair_agrees(book)
    assert script.read_bytes() == before
    notebook = nbformat.read(book, as_version=4)
    nbformat.validate(notebook)
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, 1, 2]
    assert notebook.cells[2].outputs[0].text == "42\n"
    assert set(notebook.metadata) == {"course", "jupytext", "kernelspec", "language_info"}
    assert "version" not in notebook.metadata.language_info
    # This machine's folders are not told, and what only looks like one is left alone.
    solved = nbformat.read(solution.with_suffix(".ipynb"), as_version=4)
    assert solved.cells[2].outputs[0].text == f". {address}\n"


def test_a_build_repeats_itself_and_cells_keep_their_ids(project, quick, capsys):
    script, book = pair(project)
    assert said(capsys, "build", "02")[0] == 0
    text, first = script.read_text(), book.read_bytes()
    ids = [cell.id for cell in nbformat.read(book, as_version=4).cells]
    assert said(capsys, "build", "02")[0] == 0
    assert book.read_bytes() == first
    script.write_text(text.replace("mode)", "mode, 1)") + "\n# %%\nprint(1)\n")
    assert said(capsys, "build", "02")[0] == 0
    edited = [cell.id for cell in nbformat.read(book, as_version=4).cells]
    assert edited[:3] == ids
    assert len(set(edited)) == 4
    script.write_text(text)
    assert said(capsys, "build", "02")[0] == 0
    assert book.read_bytes() == first


def test_what_was_edited_in_the_notebook_alone_is_not_overwritten(project, quick, capsys):
    script, book = pair(project)
    assert said(capsys, "build", "02")[0] == 0
    book.write_text(book.read_text().replace("mode)", "mode, 2)"))
    script.write_text(script.read_text() + "\n# %%\nlast = 1\n")
    before = script.read_bytes(), book.read_bytes()
    code, _, err = said(capsys, "build")
    assert code == 2
    assert "02_second.ipynb holds what 02_second.py does not" in err
    assert ": cell 3 (print(mode)). " in err
    assert f"jupytext --to py:percent {book}" in err
    assert "course build 02_second --force" in err
    assert err.count("\n") == 1
    assert (script.read_bytes(), book.read_bytes()) == before
    assert not pair(project, "01_first")[1].exists(), "nothing was built, of the others neither"
    ids = [cell.id for cell in nbformat.reads(before[1].decode(), as_version=4).cells]
    assert said(capsys, "build", "02", "--force")[0] == 0
    assert [cell.id for cell in nbformat.read(book, as_version=4).cells][:3] == ids
    (kept,) = (project / "build" / "replaced").iterdir()
    assert kept.read_bytes() == before[1]
    assert said(capsys, "build", "02")[0] == 0


@pytest.mark.parametrize("edited", ["the .py", "the .ipynb"])
def test_jupytext_by_hand_brings_a_pair_together(project, quick, capsys, edited):
    script, book = pair(project)
    assert said(capsys, "build", "02")[0] == 0
    if edited == "the .py":
        script.write_text(script.read_text().replace("mode)", "mode, 3)"))
        jupytext(["--quiet", "--update", "--to", "ipynb", str(script)])
    else:
        book.write_text(book.read_text().replace("mode)", "mode, 3)"))
        jupytext(["--quiet", "--to", "py:percent", str(book)])
    assert reading.pair_agrees(book)
    assert "mode, 3)" in script.read_text()
    assert said(capsys, "build", "02")[0] == 0
    assert "mode, 3)" in book.read_text()


def test_jupytext_and_the_course_agree_about_every_committed_pair(tmp_path):
    shutil.copytree(NOTEBOOKS, tmp_path / "notebooks")
    books = sorted((tmp_path / "notebooks").rglob("*.ipynb"))
    assert len(books) > 20
    before = {path: path.read_bytes() for path in (tmp_path / "notebooks").rglob("*.*")}
    for book in books:
        assert reading.pair_agrees(book)
    assert jupytext(["--quiet", "--sync", *map(str, books)]) == 0
    assert {path: path.read_bytes() for path in before} == before
    assert jupytext(["--quiet", "--test", "--to", "py:percent", *map(str, books)]) == 0


def test_a_merge_that_was_not_finished_is_named_everywhere_and_mended(
    project, quick, capsys, monkeypatch
):
    _, book = pair(project)
    assert said(capsys, "build", "02")[0] == 0
    whole = book.read_text()
    book.write_text(f"<<<<<<< HEAD\n{whole}=======\n{whole}>>>>>>> theirs\n")
    code, _, err = said(capsys, "build", "02")
    assert code == 2
    assert re.fullmatch(
        r"error: \S+02_second\.ipynb cannot be read as a notebook \(JSONDecodeError: .* line 1 .*\)\. "
        r"Write it anew from the \.py: course build 02_second --force\n",
        err,
    )
    assert err.removeprefix("error: ") in said(capsys, "doctor")[1]
    started = []
    monkeypatch.setattr("os.execve", lambda *words: started.append(words))
    code, _, warned = said(capsys, "lab", "--author", "01")
    assert (code, len(started)) == (0, 1), "the other lessons can still be opened"
    assert warned == err.replace("error: ", "to mend: ")
    assert said(capsys, "build", "02", "--force")[0] == 0
    assert [c.source for c in nbformat.read(book, as_version=4).cells] == [
        c.source for c in nbformat.reads(whole, as_version=4).cells
    ]


def test_a_script_that_is_no_utf_8_is_a_sentence(project, quick, capsys, monkeypatch):
    script, _ = pair(project)
    script.write_bytes(SCRIPT.replace("title", "Übung").encode("latin-1"))
    sentence = (
        r"02_second\.py cannot be read as a notebook \(UnicodeDecodeError: .*Save it as UTF-8"
    )
    for words in (["build", "02"], ["build", "02", "--force"], ["run", "notebooks/02_second.py"]):
        code, _, err = said(capsys, *words)
        assert code == 2
        assert re.search(sentence, err)
        assert err.count("\n") == 1
    (project / "notebooks/02_second.ipynb").write_text("{}")
    assert re.search(sentence, said(capsys, "doctor")[1])
    monkeypatch.setattr("os.execve", lambda *words: None)
    code, _, warned = said(capsys, "lab", "--author", "01")
    assert code == 0
    assert re.search(sentence, warned)


def test_a_missing_script_is_named_with_what_makes_it(project, quick, capsys):
    script, book = pair(project)
    assert said(capsys, "build", "02")[0] == 0
    script.unlink()
    for words in ((), ("--force",)):
        code, _, err = said(capsys, "build", "02", *words)
        assert code == 2
        assert "02_second.py is missing" in err
        assert f"jupytext --to py:percent {book}" in err
    jupytext(["--quiet", "--to", "py:percent", str(book)])
    assert said(capsys, "build", "02")[0] == 0


def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(
    project, quick, capsys, monkeypatch
):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    code, out, err = said(capsys, "build", "02")
    assert (code, out) == (2, "")
    assert "notebooks cannot be written (Permission denied), so nothing was executed" in err
    assert "course run --all --out FOLDER" in err


def test_a_users_own_files_are_not_built(project, quick, capsys):
    for name in ("mine.py", "scratch.ipynb", "02_second-Copy1.ipynb", "helpers.py"):
        (project / "notebooks" / name).write_text("# %%\n1\n")
    code, out, _ = said(capsys, "build")
    assert code == 0
    assert [line.partition(":")[0] for line in out.splitlines()] == [
        "01_first",
        "02_second",
        "solutions/01_first",
    ]


def test_a_notebook_that_fails_is_not_written(project, capsys):
    script, book = pair(project)
    script.write_text(SCRIPT.replace("6 * 7", "1 / 0"))
    code, out, _ = said(capsys, "build", "02", "--mode", "smoke")
    assert code == 1
    assert "ZeroDivisionError" in out
    assert not book.exists()


def test_a_notebook_that_is_no_lesson_is_refused(project):
    with pytest.raises(BatchError, match="is none of the lessons in .*course run "):
        build.pairs([__file__])


VARIANTS = SCRIPT.replace("seed = 1", 'seed = 1\nmodel = "baseline_cnn"\ntechniques = "none"')


def test_a_build_keeps_the_costs_of_lessons_when_asked(
    project, quick, monkeypatch, capsys, tmp_path
):
    monkeypatch.setattr(reference_runs, "FOLDER", tmp_path)
    (project / "notebooks/ablation.py").write_text(VARIANTS)
    trained = Record("ablation", "mlp", seconds=7.0)
    quick.update(seconds=12.34, peak_memory_mb=900.0, records=[trained])
    quick.update(cell_seconds=[1.0, 41.2, 3.0])
    words = ("build", "01", "ablation", "--no-solutions")
    code, out, _ = said(capsys, *words)
    assert code == 0
    assert "01_first: ok, 0:12, of it the longest cell 0:41" in out
    assert not (tmp_path / "costs.csv").exists()
    assert said(capsys, *words, "--costs")[0] == 0
    monkeypatch.setenv("COURSE_MODE", "smoke")
    assert said(capsys, *words, "--costs", "--mode", "auto")[0] == 0
    rows = csv.DictReader((tmp_path / "costs.csv").read_text().splitlines())
    around = evidence.around_training("ablation")
    assert [
        (row["lesson"], row["mode"], row["seconds"], row["peak_memory_mb"]) for row in rows
    ] == [
        ("01_first", "reduced", "12.3", "900"),
        ("01_first", "smoke", "12.3", "900"),
        # Its parameters choose what is trained, so that is left out.
        (around, "reduced", "5.3", "900"),
        (around, "smoke", "5.3", "900"),
    ]


def test_text_and_tags_alone_are_taken_over_with_the_outputs_as_they_are(
    project, quick, capsys, monkeypatch
):
    script, book = pair(project)
    assert said(capsys, "build", "02")[0] == 0
    ran = nbformat.read(book, as_version=4)
    ran.cells[-1].outputs = [nbformat.v4.new_output("stream", text="kept\n")]
    nbformat.write(ran, book)
    text = script.read_text()
    monkeypatch.setattr(execution, "run", lambda *_: pytest.fail("something was executed"))
    script.write_text(
        text.replace("# # ", "# # Another ", 1).replace("# %%\n", '# %% tags=["x"]\n')
    )
    assert said(capsys, "build", "02", "--text")[0] == 0
    told = nbformat.read(book, as_version=4)
    assert told.cells[0].source.startswith("# Another ")
    assert told.cells[-1].metadata["tags"] == ["x"]
    assert told.cells[-1].outputs[0].text == "kept\n"
    assert [cell.id for cell in told.cells] == [cell.id for cell in ran.cells]
    assert reading.pair_agrees(book)
    script.write_text(script.read_text() + "\n# %%\nprint(1)\n")
    code, _, err = said(capsys, "build", "02", "--text")
    assert code == 2
    assert "Execute it: course build 02_second" in err
    assert len(nbformat.read(book, as_version=4).cells) == len(ran.cells)
