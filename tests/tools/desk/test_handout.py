"""The instructor's guide: a copy for students, made by the commands that stand there."""

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import optional
import pytest
from paths import NOTEBOOKS, ROOT

from course_tools.desk import workspace

GUIDE = (ROOT / "site" / "pages" / "guide.md").read_text(encoding="utf-8")


def listing(first):
    """The commands of the guide from the line that begins so to the end of its block."""
    found = re.search(
        rf"(?:^    .*\n)*^    {re.escape(first)}.*\n(?:^    .*\n)*", GUIDE, re.MULTILINE
    )
    assert found, f"{first} is not in the guide"
    return found[0]


def shell(commands, folder, code=0):
    """What commands of the guide say in `folder`, with this Python's tools, ending with `code`."""
    here = Path(sys.executable).parent
    commands = commands.replace(".venv/bin/", f"{here}/")
    commands = commands.replace("git archive", f"git -C '{ROOT}' archive")
    done = subprocess.run(
        ["sh", "-ec", commands], cwd=folder, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == code, done.stderr
    return done.stderr if code else done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The copy for students, below a folder in which the guide's commands were called."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    folder = tmp_path_factory.mktemp("course")
    shell(listing("git archive"), folder)
    return folder / "build" / "handout"


@pytest.mark.slow
def test_the_students_copy_has_neither_solutions_nor_notes(copy):
    assert (copy / "Makefile").is_file()
    assert (copy / "notebooks" / "ablation.ipynb").is_file()
    assert not (copy / "notebooks" / "solutions").exists()
    assert not (copy / "tests").exists()
    books = sorted((copy / "notebooks").glob("[0-9]*"))
    assert [book.name for book in books] == [p.name for p in sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))]
    for book in books:
        text = book.read_text(encoding="utf-8")
        assert "For the instructor" not in text
        assert "](solutions/" not in text
        # What a student's own copy of the course opens is what was handed out.
        assert workspace.edition(copy / "notebooks")[book.name] == book.read_bytes()


PUSH = "git -C build/handout push"


@pytest.mark.slow
def test_the_branch_for_learners_holds_their_edition(copy, tmp_path, monkeypatch):
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A teacher")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "teacher@example.org")
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path], check=True)
    commands, site, _ = listing(PUSH).partition("    COURSE_REPOSITORY")
    assert site
    shell(commands.replace("https://github.com/OWNER/NAME", f"'{tmp_path}'"), copy.parents[1])

    def asked(*words):
        return subprocess.check_output(["git", "-C", tmp_path, *words])

    listed = asked("ls-tree", "-r", "learners").decode().splitlines()
    modes = {name: line[:6] for line, _, name in (line.partition("\t") for line in listed)}
    # A Binder's image is made of them.
    assert modes["binder/start"] == modes["binder/postBuild"] == "100755"
    assert "requirements.txt" in modes
    assert not [name for name in modes if name.startswith(("notebooks/solutions/", "tests/"))]
    wanted = workspace.edition(solutions=False)
    assert {name for name in modes if name.startswith("notebooks/0")} == {
        f"notebooks/{name}" for name in wanted if name.startswith("0")
    }
    for name in wanted:
        assert b"For the instructor" not in asked("show", f"learners:notebooks/{name}")


def test_the_site_leads_to_the_branch_for_learners(tmp_path, monkeypatch):
    optional.needed("docutils", "COURSE_BROWSER", "make site installs it")
    lines = listing(PUSH).splitlines()
    [push] = [line for line in lines if PUSH in line]
    monkeypatch.setenv("COURSE_SITE_STATIC", str(tmp_path))
    for name, value in re.findall(r"(\w+)=(\S+)", lines[-1]):
        monkeypatch.setenv(name, value)
    assert lines[-1].endswith(" make site")
    options = runpy.run_path(str(ROOT / "site" / "conf.py"))["html_theme_options"]
    pushed = f"{options['repository_url']} HEAD:{options['repository_branch']}"
    assert push.endswith(f" --force {pushed}")
    assert options["repository_branch"] != "main"


def without_parameters(path):
    """Write lesson 02 to `path`, its parameters cell gone."""
    book = nbformat.read(NOTEBOOKS / "02_baseline_cnn.ipynb", as_version=4)
    book.cells = [c for c in book.cells if "parameters" not in c.metadata.get("tags", [])]
    nbformat.write(book, path)


def cut_off(path):
    path.write_text('{"cells": [')


@pytest.mark.parametrize("spoil", [without_parameters, cut_off])
def test_a_submission_that_stops_the_batch_is_told_of_and_moved_aside(spoil, tmp_path):
    collected = tmp_path / "build" / "collected"
    collected.mkdir(parents=True)
    shutil.copy(NOTEBOOKS / "02_baseline_cnn.ipynb", collected / "bob.ipynb")
    spoil(collected / "ada.ipynb")
    (run,) = re.findall(r"^    \.venv/bin/course run build/collected.*", GUIDE, re.MULTILINE)
    said = shell(f"{run} --dry-run", tmp_path, code=2)
    told = [sentence.partition("…")[0] for sentence in re.findall("`(error: .*?)`", GUIDE)]
    assert [said.startswith(sentence) for sentence in told].count(True) == 1, said
    assert sorted(path.name for path in (tmp_path / "build").iterdir()) == ["collected"]
    (collected / "ada.ipynb").rename(tmp_path / "ada.ipynb")
    assert "bob.smoke.seed1" in shell(f"{run} --dry-run", tmp_path)


def test_submissions_of_one_name_become_one_batch(tmp_path):
    names = ["ada", "Bob B"]
    for name in names:
        folder = tmp_path / "submissions" / name
        folder.mkdir(parents=True)
        shutil.copy(NOTEBOOKS / "02_baseline_cnn.ipynb", folder)
    commands = listing("mkdir -p build/collected")
    assert "course report build/graded" in commands
    planned = re.sub(r"( --out build/graded).*", r"\1 --dry-run", commands, flags=re.DOTALL)
    printed = shell(planned, tmp_path)
    collected = tmp_path / "build" / "collected"
    assert sorted(path.stem for path in collected.iterdir()) == sorted(names)
    assert "All 2 runs, " in printed
    assert "ada.smoke.seed1" in printed
