"""The rendered course without Sphinx: what is laid out for it, and what is computed for its pages."""

import json
import re
import shutil
import statistics

import nbformat
import pandas as pd
import pytest
import render
import tables
from paths import NOTEBOOKS, ROOT

from course_utils import evidence

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory):
    """Both editions' sources: {edition: folder}."""
    folder = tmp_path_factory.mktemp("laid-out")
    for edition in render.EDITIONS:
        render.lay_out(folder / edition, edition)
    return {edition: folder / edition for edition in render.EDITIONS}


def everything(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.suffix in (".md", ".ipynb")
    }


def notes():
    """The first words of each instructor's note."""
    found = []
    for name in LESSONS:
        book = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
        found += [cell.source for cell in book.cells if tables.is_note(cell)]
    return [note.replace("**For the instructor.** ", "")[:60] for note in found]


def test_the_learners_edition_has_no_note_and_the_instructors_has_all(laid_out):
    learner = "\n".join(everything(laid_out["learner"]).values())
    instructor = everything(laid_out["instructor"])
    assert len(notes()) >= len(LESSONS) - 1
    for note in notes():
        assert json.dumps(note)[1:-1] not in learner
        assert note not in learner
        assert note in instructor["guide.md"]
    assert "guide.md" not in everything(laid_out["learner"])
    assert "<guide>" not in learner


def test_every_lesson_and_solution_is_there_with_its_cells(laid_out):
    pages = everything(laid_out["learner"])
    for name in LESSONS:
        book = nbformat.reads(pages[f"notebooks/{name}.ipynb"], as_version=4)
        original = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
        # The front page has the table of lessons that lesson 00 shows in JupyterLab.
        kept = [c for c in original.cells if "desk" not in c.metadata.get("tags", [])]
        told = [cell.source for cell in kept if not tables.is_note(cell)]
        # One cell more, with the running time.
        assert [cell.source for cell in book.cells if cell["id"] != "cost"] == told
        assert f"notebooks/solutions/{name}.ipynb" in pages
        assert f"notebooks/{name}.ipynb" in pages["index.md"]
    solution = nbformat.reads(pages[f"notebooks/solutions/{LESSONS[0]}.ipynb"], as_version=4)
    assert solution.metadata["orphan"]
    assert solution.metadata["nosearch"]


def test_no_comment_to_be_filled_is_left(laid_out):
    for folder in laid_out.values():
        assert not [name for name, text in everything(folder).items() if "<!-- fill" in text]


def test_the_reference_runs_can_be_downloaded_from_the_page_about_them(laid_out):
    kept = (ROOT / "course_utils" / "reference" / "runs.csv").read_bytes()
    for folder in laid_out.values():
        assert "{download}`runs.csv <runs.csv>`" in (folder / "evidence.md").read_text()
        assert (folder / "runs.csv").read_bytes() == kept


def test_every_figure_has_its_alt_text_and_size(laid_out):
    figures = json.loads((laid_out["learner"] / "figures.json").read_text())
    assert len(figures) > 50
    for alt, width, height in figures.values():
        assert alt.strip()
        assert 100 < width < 2_000
        assert 50 < height < 2_000


def test_what_has_not_changed_is_not_written_again_and_what_is_gone_goes(laid_out, tmp_path):
    again = shutil.copytree(laid_out["learner"], tmp_path / "again")
    before = {path: path.stat().st_mtime_ns for path in again.rglob("*") if path.is_file()}
    (again / "notebooks" / "gone.ipynb").write_text("{}")
    render.lay_out(again, "learner")
    after = {path: path.stat().st_mtime_ns for path in again.rglob("*") if path.is_file()}
    assert before == after


def test_the_repository_is_configured_in_one_place(monkeypatch):
    monkeypatch.setenv("COURSE_REPOSITORY", "https://example.org/a/b/")
    assert render.repository() == "https://example.org/a/b"
    monkeypatch.delenv("COURSE_REPOSITORY")
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert bool(render.repository()) == ("Repository" in text)


# What is computed


@pytest.fixture
def measured(monkeypatch):
    """measured(rows, **more): let these be the reference runs: (model, techniques, seed, accuracy)."""

    def measured(rows, **more):
        found = runs(rows).assign(**more)
        for module in (evidence, evidence.runs):
            monkeypatch.setattr(module, "reference", found.copy)

    return measured


def runs(rows):
    blank = dict.fromkeys(evidence.COLUMNS, "") | {"mode": "reduced", "data": "mnist"}
    named = ("model", "techniques", "seed", "test_accuracy")
    return pd.DataFrame([blank | dict(zip(named, row, strict=True)) for row in rows])


def test_the_table_tells_what_the_runs_say_and_what_was_not_measured(measured):
    rows = [("baseline_cnn", "", seed, 0.9) for seed in range(6)]
    rows += [("baseline_cnn", "l2", seed, 0.92 + 0.001 * seed) for seed in range(6)]
    rows += [("baseline_cnn", "batch_norm", seed, 0.95) for seed in range(6)]
    rows += [("baseline_cnn", "ensemble", seed, 0.88 - 0.001 * seed) for seed in range(6)]
    measured(rows)
    shown = tables.technique_tables("reduced").replace("\N{NO-BREAK SPACE}", " ")
    assert "| L2 | +2.25 | +2.05 to +2.45 | 6 | helps |" in shown
    equal = "none: all differences are equal | 6 | no detectable difference |"
    assert f"| batch normalisation | +5.00 | {equal}" in shown
    assert re.search(r"\| ensemble \| −2.25 \| −2.45 to −2.05 \| 6 \| hurts \|", shown)
    assert "| without L2 | | | | not yet measured |" in shown
    assert shown.count("| a falling learning rate in its place |") == 1, "it is none of the six"
    assert tables.other_techniques() == "On CIFAR-10 this is not yet measured."


def test_every_seed_is_shown(measured):
    rows = [("baseline_cnn", "", seed, 0.9 + 0.01 * seed) for seed in (0, 1, 3)]
    rows += [("baseline_cnn", "l2", seed, 0.95) for seed in (1, 2)]
    rows += [("mlp", "", 4, 0.5)]
    measured(rows)
    assert tables.seeds_table("reduced").splitlines() == [
        "| seed | 0 | 1 | 2 | 3 |",
        "| --- | --- | --- | --- | --- |",
        "| baseline | 90.00 | 91.00 |  | 93.00 |",
        "| L2 |  | 95.00 | 95.00 |  |",
    ]
    assert "not yet measured" in tables.seeds_table("full")


def test_other_networks_appear_as_they_are_measured(measured):
    rows = [("small_all_conv", names, seed, 0.7 + 0.01 * len(names) + 0.001 * seed)
            for names in ("", "augmentation", evidence.ALL_SIX) for seed in range(2)]  # fmt: skip
    measured(rows, data="cifar10 (JPEG copy)")
    shown = tables.other_techniques()
    assert "### small all-conv on cifar10 (JPEG copy), reduced mode" in shown
    assert "| augmentation | +12.00" in shown
    assert "| all six |" in shown


def test_the_benchmarks_are_told_as_they_were_measured():
    table, _, sentences = tables.benchmark_table().partition("\n\n")
    shown = table.splitlines()
    found = [json.loads(path.read_text()) for path in (ROOT / "benchmarks/results").glob("*.json")]
    timed = [result for result in found if "ratio" in result]
    assert timed
    assert len(shown) == 2 + len(timed)
    for result in timed:
        assert result["ratio"] == statistics.median(result["ratios"])
        assert result["verdict"] == ("reached" if result["ratio"] <= result["goal"] else "missed")
        assert any(
            row.startswith(f"| {result['title']} | {result['ratio']:.2f} |") for row in shown
        )
    for result in found:
        assert result.get("sentence", "") in sentences


def test_a_lesson_tells_its_cost_or_that_it_is_not_known(monkeypatch):
    monkeypatch.setattr(evidence, "lesson_cost", lambda name, mode: (90.0, 1_250.0))
    assert tables.minutes("x") == "1.5 min"
    assert "about 1.5 minutes and 1.2 GB in reduced mode" in tables.cost_sentence("x")
    monkeypatch.setattr(evidence, "lesson_cost", lambda name, mode: None)
    assert tables.minutes("x") == "not yet measured"
    assert tables.cost_sentence("x") == "Its running time is not yet measured."
