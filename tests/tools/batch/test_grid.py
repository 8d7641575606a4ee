"""What a batch will run: notebooks, seeds, parameters; every wrong word is named before a kernel starts."""

import json

import pytest
from foreign import source, write

from course_tools.batch import grid, manifest, plan, reading, summary
from course_utils.errors import BatchError, CourseError

PARAMETERS = (
    'mode = "auto"\nseed = 1\ntechniques = "none"  # a comment\n'
    "depth: int = 3\nrate = 0.1\nfast = False\nsizes = [1, 2]\nroot = len('ab')"
)


@pytest.fixture
def lesson(tmp_path):
    return reading.read_notebook(write(tmp_path, "lesson", "1", parameters=PARAMETERS))


@pytest.fixture
def plain(tmp_path):
    return reading.read_notebook(write(tmp_path, "plain", "1"))


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0-3", [0, 1, 2, 3]), ("7", [7]), ("0-2,5, 9-10", [0, 1, 2, 5, 9, 10]), ("3,2-4", [3, 2, 4])],
)
def test_seeds(text, seeds):
    assert grid.parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["", "-1", "1-", "a-b", "1,,2", "1.5"], "is no seed or range"),
        (["9-0"], "runs backwards"),
        (["0-99999999", "5000000000"], "out of bounds"),
    ],
)
def test_bad_seeds_are_named_with_an_example(texts, said):
    for text in texts:
        with pytest.raises(BatchError, match=f"{said}.*--seeds 0-9"):
            grid.parse_seeds(text)


def test_parameters_of_a_grid():
    parsed = grid.parse_parameters(
        ["techniques=,l2+he_init,batch_norm", "sizes=[1,2],[3]", "text='a,b'", "depth=3"]
    )
    assert parsed == {
        "techniques": ["", "l2+he_init", "batch_norm"],
        "sizes": ["[1,2]", "[3]"],
        "text": ["'a,b'"],
        "depth": ["3"],
    }


def test_a_parameter_that_is_no_assignment_or_given_twice_is_refused():
    for pair in ("depth", "=3", "1x=3", "a b=3"):
        with pytest.raises(BatchError, match="expected name=value"):
            grid.parse_parameters([pair])
    with pytest.raises(BatchError, match="given twice"):
        grid.parse_parameters(["depth=1", "depth=2"])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("techniques", "l2+he_init", "l2+he_init"),
        ("techniques", "3", "3"),
        ("techniques", "'a,b'", "a,b"),
        ("techniques", "", ""),
        ("depth", "5", 5),
        ("rate", "5", 5.0),
        ("rate", "1e-4", 1e-4),
        ("fast", "true", True),
        ("sizes", "[3, 4]", [3, 4]),
        ("root", "anything", "anything"),
    ],
)
def test_a_value_takes_the_type_of_the_default(lesson, name, text, value):
    found = grid.coerce(lesson, name, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("depth", "2.5", "is a whole number"),
        ("depth", "many", "is a whole number"),
        ("depth", "True", "is a whole number"),
        ("rate", "fast", "is a number"),
        ("fast", "1", "is True or False"),
        ("sizes", "{1, 2}", "cannot be {1, 2}: a set does not travel"),
        ("sizes", "1j", "cannot be 1j: a complex does not travel"),
        ("techniqes", "l2", "has no parameter 'techniqes'. Did you mean techniques"),
    ],
)
def test_a_value_that_the_parameter_does_not_take_is_refused(lesson, name, text, said):
    with pytest.raises(BatchError, match=said):
        grid.coerce(lesson, name, text)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seeds": [1]}, "plain has no parameter 'seed'.*no cell is tagged"),
        ({"mode": "smoke"}, "plain has no parameter 'mode'"),
    ],
)
def test_a_notebook_without_parameters_takes_none(plain, given, said):
    with pytest.raises(BatchError, match=said):
        grid.lay_out([plain], **given)


@pytest.mark.parametrize("how", ["option", "parameter", "environment"])
def test_an_unknown_mode_is_named(lesson, monkeypatch, how):
    if how == "environment":
        monkeypatch.setenv("COURSE_MODE", "smoek")
    options = {"option": {"mode": "smoek"}, "parameter": {"parameters": {"mode": ["smoek"]}}}
    with pytest.raises(CourseError, match="smoek"):
        grid.lay_out([lesson], **options.get(how, {}))


def test_a_mode_of_the_notebooks_own_is_a_parameter_like_any_other(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_MODE", "reduced")
    path = write(tmp_path, "fit", "1", parameters='mode = "linear"\nseed = 1')
    fit = reading.read_notebook(path)
    (run,) = grid.lay_out([fit])
    assert (run.parameters, run.mode) == ({"seed": 1}, None)
    assert "mode" not in plan.lines([run], {}, 1)[0]
    cubic, wide = grid.lay_out([fit], parameters={"mode": ["cubic", "wide"]})
    assert cubic.parameters == {"mode": "cubic", "seed": 1}
    assert (cubic.id, cubic.mode) == ("fit.mode=cubic.seed1", None)
    assert cubic.command(path).endswith("--param mode=cubic --seed 1")
    # Two rows of the table, each of which says what it is of.
    kinds = [summary.kind(run) for run in (cubic, wide)]
    assert [kind.techniques for kind in kinds] == ["mode=cubic", "mode=wide"]
    with pytest.raises(BatchError, match=r"default 'linear'.*--mode smoke is not.*--param mode="):
        grid.lay_out([fit], mode="smoke")


def test_a_mode_that_the_notebook_computes_may_be_the_courses(tmp_path):
    source = 'import os\nmode = os.environ.get("COURSE_MODE", "auto")'
    path = write(tmp_path, "computed", "1", parameters=source)
    (run,) = grid.lay_out([reading.read_notebook(path)], mode="smoke")
    assert run.parameters == {"mode": "smoke"}


def test_a_seed_that_the_notebook_computes_is_left_to_it(tmp_path):
    path = write(tmp_path, "computed", "1", parameters="import time\nseed = int(time.time())")
    runs = grid.lay_out([reading.read_notebook(path)])
    assert [run.parameters for run in runs] == [{}]


def test_techniques_in_another_order_are_runs_of_their_own(lesson):
    given = {"techniques": ["l2+he_init", "he_init+l2", "", "plain", "a/b", "a_b"]}
    runs = grid.lay_out([lesson], seeds=[1, 2], parameters=given)
    assert len({run.id for run in runs}) == len(runs) == 12


def test_times_and_memory_as_the_help_writes_them():
    times = {"90": 90, "30min": 1800, "1 min": 60, "2h": 7200, "45s": 45, "1.5h": 5400}
    assert {text: grid.seconds(text) for text in times} == times
    sizes = {"1500": 1500, "2GB": 2000, "500 mb": 500, "1GiB": 1073.741824}
    assert {text: grid.megabytes(text) for text in sizes} == pytest.approx(sizes)


def test_a_grid_in_order_with_names_fit_for_files(lesson, plain):
    runs = grid.lay_out(
        [lesson, plain][:1],
        seeds=[0, 1],
        mode="smoke",
        parameters={"techniques": ["", "l2+he_init"], "rate": ["0.1", "0.10"]},
    )
    assert [run.id for run in runs] == [
        "lesson.plain.rate=0.1.smoke.seed0",
        "lesson.plain.rate=0.1.smoke.seed1",
        "lesson.l2+he_init.rate=0.1.smoke.seed0",
        "lesson.l2+he_init.rate=0.1.smoke.seed1",
    ]
    assert runs[3].parameters == {
        "techniques": "l2+he_init",
        "rate": 0.1,
        "mode": "smoke",
        "seed": 1,
    }


def test_a_value_is_what_its_manifest_reads_back_and_its_plan_shows(lesson, tmp_path):
    runs = grid.lay_out([lesson], mode="smoke", parameters={"sizes": ["[1,2]", "(3,)", "[3]"]})
    assert [run.parameters["sizes"] for run in runs] == [[1, 2], [3]]
    header = manifest.Header.of(runs, [lesson])
    manifest.Manifest(tmp_path / "out", header).close()
    manifest.Manifest(tmp_path / "out", header, resume=True).close()
    assert "sizes [1, 2], [3]" in plan.lines(runs, {}, 1)[0]


def test_defaults_are_laid_out_and_foreign_notebooks_get_nothing(lesson, plain, monkeypatch):
    monkeypatch.setenv("COURSE_MODE", "reduced")
    runs = grid.lay_out([lesson, plain])
    assert [run.parameters for run in runs] == [{"mode": "reduced", "seed": 1}, {}]
    assert runs[1].id == "plain"


def test_names_that_a_file_cannot_hold_stay_apart():
    ids = {grid.run_id("n", {"path": value}) for value in ("a/b", "a_b", "a:b", "x" * 300)}
    assert len(ids) == 4
    assert all(len(id) < 200 and "/" not in id for id in ids)


def test_what_cannot_be_laid_out_is_refused(lesson):
    for given, said in (
        ({"mode": "smoke", "parameters": {"mode": ["smoke"]}}, "given twice"),
        (
            {"seeds": range(1000), "parameters": {"depth": map(str, range(200))}},
            "more than 100,000",
        ),
        ({"parameters": {"seed": ["-1"]}}, "whole number from 0"),
    ):
        with pytest.raises(BatchError, match=said):
            grid.lay_out([lesson], **given)
    with pytest.raises(BatchError, match="empty"):
        grid.lay_out([])


# Finding notebooks


@pytest.fixture
def course(tmp_path, monkeypatch):
    (tmp_path / "course_utils").mkdir()
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    for name in ("01_mlp", "02_baseline_cnn", "03_l2", "ablation"):
        write(notebooks, name, "1", parameters="seed = 1")
    (notebooks / "04_initialisation.py").write_text("# %% tags=['parameters']\nseed = 1\n")
    monkeypatch.chdir(notebooks)
    return notebooks


@pytest.mark.parametrize(
    "name", ["02", "02_base", "02_baseline_cnn", "cnn", "02_baseline_cnn.ipynb"]
)
def test_a_lesson_answers_to_number_prefix_part_and_path(course, name):
    assert reading.find_notebook_path(name).stem == "02_baseline_cnn"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("22", "There is no lesson '22'"),
        ("baselin_cnn", "Did you mean 02_baseline_cnn?"),
        ("0", "fits 01_mlp, 02_baseline_cnn, 03_l2"),
        ("", "There is no lesson|fits"),
        ("nowhere.ipynb", "There is no file nowhere.ipynb"),
    ],
)
def test_a_name_that_fits_none_or_several_is_explained(course, name, said):
    with pytest.raises(BatchError, match=said):
        reading.find_notebook_path(name)


def test_all_lessons_are_the_numbered_ones(course):
    found = reading.find_notebooks([], every=True)
    assert [n.name for n in found] == ["01_mlp", "02_baseline_cnn", "03_l2", "04_initialisation"]
    assert found[3].defaults == {"seed": 1}
    with pytest.raises(BatchError, match="No lesson was named"):
        reading.find_notebooks([])


def test_two_notebooks_of_one_name_are_refused(course, tmp_path):
    other = write(tmp_path, "01_mlp", "2")
    with pytest.raises(BatchError, match="Two notebooks are called 01_mlp"):
        reading.find_notebooks(["01", str(other)])


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"cells": 3}', "\x00\xff"])
def test_a_file_that_is_no_notebook_is_refused(tmp_path, content):
    path = tmp_path / "broken.ipynb"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BatchError, match=r"broken.ipynb cannot be read as a notebook"):
        reading.read_notebook(path)


def test_notebooks_of_other_kinds_are_read(tmp_path):
    path = write(tmp_path, "magic", "1", parameters="%matplotlib inline\nseed = 3\n!ls")
    assert reading.read_notebook(path).defaults == {"seed": 3}
    path.write_bytes(source("1", parameters="this is no Python"))
    assert reading.read_notebook(path).defaults is None


def test_a_script_that_is_not_utf_8_is_a_sentence(tmp_path):
    path = write(tmp_path, "n", "1")
    path.with_suffix(".py").write_bytes("# %%\n# Größe\n1\n".encode("latin-1"))
    for look, named in (
        (reading.pair_agrees, path),
        (reading.read_notebook, path.with_suffix(".py")),
    ):
        with pytest.raises(BatchError, match=r"n\.py cannot be read as a notebook \(UnicodeDecode"):
            look(named)


def test_a_notebook_that_differs_from_its_text_is_noticed(tmp_path):
    path = write(tmp_path, "n", "x = 1\n\n\ndef f():\n    return x", "f()")
    assert reading.pair_agrees(path)
    script = path.with_suffix(".py")
    text = "# %%\nx = 1\n\n\ndef f():\n    return x\n\n\n# %%\nf()\n"
    script.write_text(text)
    assert reading.pair_agrees(path)
    script.write_text(text.replace("x = 1", "x = 2"))
    assert not reading.pair_agrees(path)


def test_outputs_are_not_sent_along(tmp_path):
    content = json.loads(source("1"))
    text = {"output_type": "stream", "name": "stdout", "text": "x" * 100_000}
    content["cells"][0]["outputs"] = [text]
    (tmp_path / "big.ipynb").write_text(json.dumps(content))
    assert len(reading.read_notebook(tmp_path / "big.ipynb").source) < 2000


# Files and commands of a run


def test_the_command_of_one_run_gives_its_grid_back(lesson):
    parameters = {"techniques": "a,b c", "mode": "smoke", "seed": 3}
    command = grid.Run("x", "lesson", parameters).command("lesson.ipynb")
    assert command == (
        "course run lesson.ipynb --param 'techniques='\"'\"'a,b c'\"'\"'' --mode smoke --seed 3"
    )
    text = grid.parse_parameters(["techniques='a,b c'"])["techniques"][0]
    assert grid.coerce(lesson, "techniques", text) == "a,b c"
