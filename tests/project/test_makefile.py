"""The environment that the Makefile makes: when it installs, what, with which Python, and when not."""

import os
import shutil
import subprocess

import pytest
from paths import ROOT

# Stands in for every Python: writes down how it was called, and is as old as a file beside it says.
FAKE_PYTHON = """\
#!/bin/sh
name=$(basename "$0")
version=$(cat "$FAKES/$name.version")
case "$*" in
*"import ensurepip"*) case "$version" in 3.11.*|3.12.*|3.13.*) exit 0 ;; *) exit 1 ;; esac ;;
*python_version*) echo "$version"; exit 0 ;;
"-c ") exit 0 ;;
esac
echo "$name $*" >> "$FAKES/log"
case "$*" in
"-m venv --clear .venv")
    rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python
    echo "$version" > "$FAKES/python.version"
    echo "version = $version" > .venv/pyvenv.cfg ;;
"-m pip"*) test ! -e "$FAKES/no-network" ;;
esac
"""
FAKE_GPU = "#!/bin/sh\necho 'GPU 0: some card (UUID: ...)'\n"


class Machine:
    """A folder with the Makefile, and a PATH with the Pythons that a test puts there."""

    def __init__(self, folder):
        self.project = folder / "project"
        self.project.mkdir()
        self.fakes = folder / "fakes"
        self.fakes.mkdir()
        tools = "basename cat cksum cp echo expand grep mkdir rm sed sh test touch tr"
        for tool in tools.split():
            (self.fakes / tool).symlink_to(shutil.which(tool))
        self.write_tool("uname", "#!/bin/sh\necho Linux\n")
        shutil.copy(ROOT / "Makefile", self.project)
        locks = ("requirements.txt", "requirements-gpu.txt", "requirements-site.txt")
        for name in (*locks, "pyproject.toml"):
            (self.project / name).write_text(f"# {name}\n")

    def write_tool(self, name, text):
        path = self.fakes / name
        path.write_text(text)
        path.chmod(0o755)

    def add_python(self, name, version):
        self.write_tool(name, FAKE_PYTHON)
        (self.fakes / f"{name}.version").write_text(version)

    def make(self, *arguments, expect=0):
        """Run make; what it asked the fake Pythons to do, and what it printed."""
        log = self.fakes / "log"
        log.write_text("")
        # Without the settings of the make that may run this test.
        environment = {"PATH": str(self.fakes), "FAKES": str(self.fakes), "LC_ALL": "C"}
        done = subprocess.run(
            [shutil.which("make"), *arguments],
            cwd=self.project,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert (done.returncode != 0) == bool(expect), done.stdout
        return log.read_text().splitlines(), done.stdout

    def stamps(self):
        return sorted(path.name for path in (self.project / ".venv").glob("installed-*"))


@pytest.fixture
def machine(tmp_path):
    if shutil.which("make") is None or os.name == "nt":
        pytest.skip("make is not on this machine")
    machine = Machine(tmp_path)
    machine.add_python("python3.12", "3.12.4")
    return machine


PIP = "python -m pip install --quiet --disable-pip-version-check"
FIRST_USE = [
    "python3.12 -m venv --clear .venv",
    f"{PIP} --require-hashes -r requirements.txt",
    f"{PIP} --no-deps --no-build-isolation -e .",
]


def test_the_first_use_installs_and_the_second_starts_at_once(machine):
    assert machine.make("setup")[0] == FIRST_USE
    assert len(machine.stamps()) == 1
    assert machine.make("setup")[0] == []


def test_what_is_advised_to_be_typed_next_can_be_typed(machine):
    machine.make("setup")
    course = machine.project / ".venv" / "bin" / "course"
    course.write_text('#!/bin/sh\necho "go on: course $1"\n')
    course.chmod(0o755)
    for target, command in {
        "run": "run",
        "lab": "lab",
        "author": "lab",
        "notebooks": "build",
    }.items():
        assert machine.make(target)[1].splitlines() == [
            "In what follows, course is .venv/bin/course.",
            f"go on: course {command}",
        ]
    # Where the environment is active the word alone will do.
    machine.write_tool("course", "#!/bin/sh\n")
    assert machine.make("run")[1] == "go on: course run\n"


def test_a_change_of_the_pins_installs_again_in_place(machine):
    machine.make("setup")
    for name in ("requirements.txt", "pyproject.toml"):
        with (machine.project / name).open("a") as pins:
            pins.write("keras==3.15.2\n")
        # A checkout may leave any time on a file: contents decide.
        os.utime(machine.project / name, (0, 0))
        assert machine.make("setup")[0] == FIRST_USE[1:]
        assert len(machine.stamps()) == 1


def test_an_interrupted_installation_leaves_no_stamp(machine):
    (machine.fakes / "no-network").touch()
    assert machine.make("setup", expect=2)[0] == FIRST_USE[:2]
    assert machine.stamps() == []
    (machine.fakes / "no-network").unlink()
    assert machine.make("setup")[0] == FIRST_USE

    (machine.project / "requirements.txt").write_text("changed\n")
    (machine.fakes / "no-network").touch()
    machine.make("setup", expect=2)
    assert machine.stamps() == []


@pytest.mark.parametrize(("command", "pins"), [("setup", "requirements.txt"), ("site", "site")])
def test_a_failed_installation_says_how_to_do_without_a_network(machine, command, pins):
    if pins == "site":
        machine.make("setup")
    (machine.fakes / "no-network").touch()
    calls, printed = machine.make(command, expect=2)
    assert pins in calls[-1]
    (sentence,) = (line for line in printed.splitlines() if line.startswith("error: "))
    assert sentence.endswith(f"then: PIP_NO_INDEX=1 PIP_FIND_LINKS=wheels make {command}")
    assert "README.md: Without a network" in sentence
    assert "\n## Without a network\n" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_site_brings_its_own_pins_once(machine):
    install = f"{PIP} --require-hashes -r requirements-site.txt"
    build = "python site/render.py --edition learner"
    command = ("site", "ARGS=--edition learner")
    assert machine.make(*command)[0] == [*FIRST_USE, install, build]
    assert machine.make(*command)[0] == [build]
    with (machine.project / "requirements-site.txt").open("a") as pins:
        pins.write("sphinx==9.0.5\n")
    assert machine.make(*command)[0] == [install, build]
    # What the course itself needs was installed anew: the site's pins may have moved with it.
    (machine.project / "requirements.txt").write_text("changed\n")
    assert machine.make(*command)[0] == [*FIRST_USE[1:], install, build]


def test_tests_in_a_browser_come_with_chromium_and_say_so_when_it_is_missing(machine):
    calls, printed = machine.make("test")
    assert calls[:-1] == FIRST_USE
    assert "-m pytest" in calls[-1]
    assert "No Chromium here: the tests in a real browser are skipped." in printed
    machine.write_tool("chromium", "#!/bin/sh\n")
    calls, printed = machine.make("test")
    assert f"{PIP} --require-hashes -r requirements-site.txt" in calls
    assert "No Chromium" not in printed


def test_slow_tests_are_left_out_with_a_line_that_says_so_unless_all_are_asked_for(machine):
    calls, printed = machine.make("test", "ARGS=-k seal")
    assert "-m not slow -k seal notebooks tests" in calls[-1]
    (line,) = (line for line in printed.splitlines() if line.startswith("Left out: "))
    assert line.endswith("make test COURSE_TESTS=all")
    calls, printed = machine.make("test", "COURSE_TESTS=all")
    assert "slow" not in calls[-1]
    assert "Left out" not in printed
    calls, printed = machine.make("test", "COURSE_TESTS=every", expect=2)
    assert "COURSE_TESTS=every is neither quick nor all. Run every test: make test C" in printed
    assert not any("pytest" in call for call in calls)


def test_ci_runs_every_test():
    assert "\nexport COURSE_TESTS=all\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_a_gpu_brings_its_own_lock_unless_another_is_asked_for(machine):
    machine.write_tool("nvidia-smi", FAKE_GPU)
    calls, _ = machine.make("setup")
    assert f"{PIP} --require-hashes -r requirements-gpu.txt" in calls
    assert machine.make("setup")[0] == []
    assert machine.make("setup", "FLAVOUR=cpu")[0] == FIRST_USE
    # The choice stays.
    assert machine.make("setup")[0] == []


def test_the_flavour_without_a_gpu_hides_the_gpu(machine):
    for flavour, hidden in (("cpu", "-1"), ("gpu", "unset")):
        machine.make("setup", f"FLAVOUR={flavour}")
        course = machine.project / ".venv/bin/course"
        course.write_text('#!/bin/sh\necho "CUDA_VISIBLE_DEVICES ${CUDA_VISIBLE_DEVICES-unset}"\n')
        course.chmod(0o755)
        # The flavour that was installed, without naming it again.
        assert f"CUDA_VISIBLE_DEVICES {hidden}\n" in machine.make("run")[1]


def test_the_lab_is_the_learners_and_the_author_has_a_command_of_their_own(machine):
    machine.make("setup")
    course = machine.project / ".venv/bin/course"
    course.write_text('#!/bin/sh\necho "course $*"\n')
    course.chmod(0o755)
    assert "course lab 05\n" in machine.make("lab", "ARGS=05")[1]
    assert "course lab --author 05\n" in machine.make("author", "ARGS=05")[1]


def test_cleaning_leaves_what_a_learner_wrote(machine):
    assert "rm -rf .venv build" in machine.make("--dry-run", "clean")[1]
    assert "workspace" not in machine.make("--dry-run", "clean")[1]


def test_an_unknown_flavour_is_refused(machine):
    calls, printed = machine.make("setup", "FLAVOUR=tpu", expect=2)
    assert calls == []
    assert "FLAVOUR=tpu is neither cpu nor gpu. Give one of them: make run FLAVOUR=cpu" in printed


def test_a_moved_folder_is_installed_anew(machine):
    machine.make("setup")
    machine.project = machine.project.rename(machine.project.with_name("a moved project"))
    assert machine.make("setup")[0] == FIRST_USE
    assert machine.make("setup")[0] == []


def test_a_python_that_fits_is_found_and_one_asked_for_is_used(machine):
    machine.add_python("python3", "3.14.0")
    machine.add_python("python3.11", "3.11.2")
    assert machine.make("setup")[0][0] == "python3.12 -m venv --clear .venv"
    assert machine.make("setup", "PYTHON=python3.12")[0] == []
    assert machine.make("setup", "PYTHON=python3.11")[0][0] == "python3.11 -m venv --clear .venv"
    assert machine.make("setup", "PYTHON=python3.11")[0] == []
    assert machine.make("setup")[0] == []


@pytest.mark.parametrize("version", ["3.10.9", "3.14.0"])
def test_no_python_that_fits_is_one_clear_sentence(machine, version):
    (machine.fakes / "python3.12.version").write_text(version)
    calls, printed = machine.make("setup", expect=2)
    assert calls == []
    assert "there is no Python 3.11, 3.12 or 3.13 with its venv module. Install one" in printed
    calls, printed = machine.make("setup", "PYTHON=python3.12", expect=2)
    assert calls == []
    assert "python3.12 is not Python 3.11, 3.12 or 3.13" in printed


def test_help_names_every_command_and_installs_nothing(machine):
    calls, printed = machine.make()
    assert calls == []
    for command in (
        "run",
        "lab",
        "site",
        "test",
        "lint",
        "notebooks",
        "benchmark",
        "lock",
        "clean",
    ):
        assert f"\n  {command} " in printed
