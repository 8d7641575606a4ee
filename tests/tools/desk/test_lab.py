"""`course lab` without a browser: the command, the kernel, pairs edited apart."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course_tools.batch import reading
from course_tools.cli import app
from course_tools.desk import lab
from course_utils.errors import BatchError


def options(words):
    return dict(word.removeprefix("--").partition("=")[::2] for word in words if word[:2] == "--")


@pytest.mark.parametrize(
    ("lesson", "page"),
    [
        (None, "/lab/tree/notebooks/00_start_here.ipynb"),
        ("02", "/lab/tree/notebooks/02_baseline_cnn.ipynb"),
        ("notebooks/solutions/02_baseline_cnn.py", "/lab/tree/notebooks/solutions/02_baseline_cnn.ipynb"),
    ],
)  # fmt: skip
def test_a_lesson_opens_as_a_notebook_in_the_courses_folder(lesson, page, monkeypatch):
    monkeypatch.chdir(reading.project_root())
    words = lab.command(lesson, ["--no-browser"])
    assert words[:3] == [sys.executable, "-m", "jupyterlab"]
    assert options(words)["LabApp.default_url"] == page
    assert options(words)["ServerApp.root_dir"] == str(reading.project_root())
    assert words[-1] == "--no-browser"


@pytest.mark.parametrize("lesson", ["02", "notebooks/solutions/02_baseline_cnn.py"])
def test_a_learner_opens_the_lesson_of_their_own(lesson, tmp_path, monkeypatch):
    monkeypatch.chdir(reading.project_root())
    name = "solutions/02_baseline_cnn.ipynb" if "/" in lesson else "02_baseline_cnn.ipynb"
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("{}")
    for named in (lesson, str(tmp_path / name)):
        words = options(lab.command(named, [], tmp_path))
        assert words["ServerApp.root_dir"] == str(tmp_path)
        assert words["LabApp.default_url"] == f"/lab/tree/{name}"


def test_a_notebook_from_elsewhere_is_served_from_where_it_lies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Übung #2 100%.ipynb").write_text("{}")
    words = options(lab.command("Übung #2 100%.ipynb", []))
    assert words["ServerApp.root_dir"] == str(tmp_path)
    assert words["LabApp.default_url"] == "/lab/tree/%C3%9Cbung%20%232%20100%25.ipynb"


def test_the_commands_of_the_course_are_found_in_the_lab_and_settings_stay_true(
    tmp_path, monkeypatch
):
    started = []
    monkeypatch.setattr(os, "execve", lambda *words: started.append(words))
    monkeypatch.setenv("COURSE_DATA_DIR", "images")
    monkeypatch.setenv("COURSE_HOME", "my things")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.ipynb").write_text("{}")
    done = CliRunner().invoke(app, ["lab", "mine.ipynb"])
    assert done.exit_code == 0, done.output
    environment = started[0][2]
    assert environment["PATH"].split(os.pathsep)[0] == os.path.dirname(sys.executable)
    assert environment["COURSE_DATA_DIR"] == str(tmp_path / "images")
    assert environment["COURSE_HOME"] == str(tmp_path / "my things")


@pytest.mark.parametrize(
    ("words", "lesson", "extra"),
    [
        ("", None, ""),
        ("02", "02", ""),
        ("--no-browser 02", "02", "--no-browser"),
        ("--no-browser 02_baseline_cnn --port 8889", "02_baseline_cnn", "--no-browser --port 8889"),
        ("--port 8889 mine.ipynb", "mine.ipynb", "--port 8889"),
        ("--port=8889 tuning", "tuning", "--port=8889"),
        ("--no-browser 99", "99", "--no-browser"),
        ("--ip tuning", None, "--ip tuning"),
        ("ablation --no-browser", "ablation", "--no-browser"),
        ("02 --port-retries 10", "02", "--port-retries 10"),
        ("02 --log-level 10", "02", "--log-level 10"),
        ("02 --config my_conf.py", "02", "--config my_conf.py"),
        ("--log-level 10", None, "--log-level 10"),
        ("--config my_conf.py -y 02", "02", "--config my_conf.py -y"),
        ("--debug 02", "02", "--debug"),
    ],
)
def test_the_lesson_is_found_among_the_options(words, lesson, extra):
    assert lab.split(words.split()) == (lesson, extra.split())


def test_the_flags_are_jupyterlabs():
    from jupyterlab.labapp import LabApp

    # `--watch` is an alias as well, and may take a value.
    names = LabApp.flags.keys() - LabApp.aliases.keys()
    assert set(lab.FLAGS) <= {f"--{name}" if len(name) > 1 else f"-{name}" for name in names}


@pytest.mark.parametrize("between", [[], ["--no-browser"], ["--port=8889"], ["--port", "8889"]])
def test_a_second_lesson_is_refused_wherever_it_is_no_value(between):
    with pytest.raises(BatchError, match="02 and 03 are named"):
        lab.split(["02", *between, "03"])


def test_two_lessons_are_refused_with_the_right_order():
    with pytest.raises(BatchError, match="02 and 03 are named.*course lab 02 --no-browser"):
        lab.split(["02", "--no-browser", "03"])


def test_the_command_opens_the_lesson_wherever_it_is_named(monkeypatch):
    opened = []
    monkeypatch.setattr(os, "execve", lambda path, words, environment: opened.append(words))
    monkeypatch.setattr(lab, "edited_apart", list)
    monkeypatch.setattr(lab, "prepare", lambda *_: {})
    done = CliRunner().invoke(app, ["lab", "--no-browser", "02", "--port", "8889"])
    assert done.exit_code == 0, done.output
    assert options(opened[0])["LabApp.default_url"] == "/lab/tree/02_baseline_cnn.ipynb"
    assert options(opened[0])["ServerApp.root_dir"] == os.environ["COURSE_HOME"]
    assert opened[0][-3:] == ["--no-browser", "--port", "8889"]
    done = CliRunner().invoke(app, ["lab", "--log-level", "10"])
    assert done.exit_code == 0, done.output
    assert options(opened[1])["LabApp.default_url"] == "/lab/tree/00_start_here.ipynb"
    assert opened[1][-2:] == ["--log-level", "10"]
    done = CliRunner().invoke(app, ["lab", "--no-browser", "--author", "02"])
    assert done.exit_code == 0, done.output
    assert options(opened[2])["LabApp.default_url"] == "/lab/tree/notebooks/02_baseline_cnn.ipynb"
    assert opened[2][-1] == "--no-browser"


def test_a_lesson_that_is_not_there_is_a_sentence():
    with pytest.raises(BatchError, match="There is no lesson"):
        lab.command("99", [])


def test_the_courses_kernel_goes_before_all_others(tmp_path, monkeypatch):
    """Also before one that another project left in the user's folder under the same name."""
    stale = tmp_path / "user" / "kernels" / "python3"
    stale.mkdir(parents=True)
    gone = {"argv": ["/no/such/python"], "display_name": "Stale", "language": "python"}
    (stale / "kernel.json").write_text(json.dumps(gone))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "user"))
    # As outside a virtual environment, where the user's folder comes first.
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    ask = (
        "from jupyter_client.kernelspec import get_kernel_spec as get; s = get('python3');"
        "print(s.display_name, s.argv[0], sep='|')"
    )

    def kernel(environment):
        done = subprocess.run(
            [sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip().split("|")

    assert kernel(dict(os.environ))[0] == "Stale"
    environment = lab.prepare(tmp_path)
    assert kernel(environment) == [reading.KERNEL["display_name"], sys.executable]
    monkeypatch.setenv("JUPYTER_PATH", "/some/where")
    place, more = lab.prepare(tmp_path)["JUPYTER_PATH"].split(os.pathsep)
    assert more == "/some/where"
    assert "announcements" in Path(place, "labconfig", "page_config.json").read_text()


@pytest.mark.parametrize("own", ["", "custom/custom.css"])
def test_printed_text_breaks_between_words(own, tmp_path, monkeypatch):
    """By a style sheet of the course's, unless the learner has one."""
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "own"))
    if own:
        (tmp_path / "own" / "custom").mkdir(parents=True)
        (tmp_path / "own" / own).write_text("body { color: red; }")
    ask = (
        "from jupyterlab.labapp import LabApp; app = LabApp.initialize_server([]);"
        "[lab] = app.extension_manager.extension_apps['jupyterlab'];"
        "print(lab.custom_css, *app.terminado_settings['shell_command'],"
        "*app.web_app.settings['static_custom_path'], sep='\\n')"
    )
    environment = lab.prepare(tmp_path / "mine") | {"HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", ask], env=environment, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    loaded, shell, *folders = done.stdout.splitlines()
    assert shell == (os.environ.get("SHELL") or "sh"), "and no login shell"
    if own:
        assert loaded == "False", "as the learner has set it"
        assert (tmp_path / "own" / own).read_text() == "body { color: red; }"
        assert folders[0] == str(tmp_path / "own" / "custom")
    else:
        assert loaded == "True"
        assert Path(folders[0], "custom.css").read_text() == lab.WHOLE_WORDS
        assert not (tmp_path / "own" / "custom").exists()


def test_the_rule_for_printed_text_outweighs_jupyterlabs():
    import jupyterlab

    [script] = Path(jupyterlab.__file__).parent.glob("static/jlab_core.*.js")
    text = script.read_text(encoding="utf-8")
    rule = re.search(r"\n(\.jp-OutputArea-output pre) \{[^}]*word-break: break-all;", text)
    assert rule, "if JupyterLab no longer breaks words, lab.WHOLE_WORDS can go"
    assert lab.WHOLE_WORDS.startswith(f"body {rule[1]} {{")


@pytest.mark.slow
def test_only_an_author_works_in_pairs(tmp_path):
    """Else the newer of two files would be opened, and saved over the other."""
    ask = (
        "from jupyter_server.serverapp import ServerApp; app = ServerApp(); app.initialize([]);"
        "print(type(app.contents_manager).__name__)"
    )

    def manager(author):
        environment = lab.prepare(tmp_path, author) | {"HOME": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", ask],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        return done.stdout.strip()

    assert "Jupytext" in manager(author=True)
    assert "Jupytext" not in manager(author=False)


def test_a_home_that_cannot_be_written_does_not_keep_the_lab_shut(tmp_path, monkeypatch):
    (tmp_path / "home").write_text("a file where a folder should be")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    environment = lab.prepare(tmp_path / "mine")
    ask = (
        "from jupyter_server.serverapp import ServerApp; app = ServerApp(); app.initialize([]);"
        "app.write_server_info_file(); print(app.info_file)"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask], env=environment, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith(str(tmp_path / "mine"))


def test_a_folder_that_cannot_be_written_does_not_keep_the_lab_shut(tmp_path, capsys):
    (tmp_path / "home").write_text("a file where a folder should be")
    assert "JUPYTER_PATH" in lab.prepare(tmp_path / "home")
    said = capsys.readouterr().out
    assert "The course's kernel could not be written" in said
    assert "COURSE_HOME=FOLDER course lab" in said


def test_a_pair_edited_apart_is_named_with_its_cells(tmp_path, monkeypatch):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (tmp_path / "course_utils").mkdir()
    for path in (reading.project_root() / "notebooks").glob("02_*"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "jupytext.toml").write_bytes(
        (reading.project_root() / "notebooks" / "jupytext.toml").read_bytes()
    )
    monkeypatch.chdir(tmp_path)
    script = folder / "02_baseline_cnn.py"
    text = script.read_text(encoding="utf-8")
    assert lab.edited_apart() == []
    script.write_text(text.replace("seed = 1", "seed = 2"), encoding="utf-8")
    (sentence,) = lab.edited_apart()
    assert "02_baseline_cnn: the .py and the .ipynb differ: cell 2 (mode =" in sentence
    assert "course build 02_baseline_cnn   or take" in sentence
    assert f"jupytext --to py:percent {script.with_suffix('.ipynb')}" in sentence
    assert "seed = 2" in script.read_text(encoding="utf-8"), "nothing was overwritten"
    for end in (".py", ".ipynb"):
        script.with_suffix(end).rename(folder / f"mine{end}")
    assert lab.edited_apart() == [], "a notebook of one's own is no lesson"
