"""The project around the course: what it declares, pins, forbids, and how fast it starts."""

import ast
import csv
import itertools
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from paths import ROOT
from project import EXTRAS, PROJECT, PYPROJECT, locked, tracked_files

import course_utils

LOCKS = {
    "requirements.txt": ["cpu"],
    "requirements-gpu.txt": ["gpu"],
    "requirements-site.txt": ["site", "browser", "binder"],
}
# Where the locks must install: what pip evaluates markers with.
MACHINES = [
    {"python_version": python, "python_full_version": f"{python}.9", "os_name": os, **machine}
    for python in ("3.11", "3.12", "3.13")
    for os, machine in (
        ("posix", {"sys_platform": "linux", "platform_machine": "x86_64"}),
        ("posix", {"sys_platform": "linux", "platform_machine": "aarch64"}),
        ("posix", {"sys_platform": "darwin", "platform_machine": "arm64"}),
        ("nt", {"sys_platform": "win32", "platform_machine": "AMD64"}),
    )
]


def wanted(*extras):
    """What the project asks for with these extras: the course's own extras are looked up in turn."""
    for text in itertools.chain(PROJECT["dependencies"], *(EXTRAS[extra] for extra in extras)):
        one = Requirement(text)
        if one.name == PROJECT["name"]:
            yield from wanted(*one.extras)
        else:
            yield one


# The locks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_package_with_hashes_and_names_no_address(lock):
    assert len(locked(lock)) > 100
    for pin, hashes in locked(lock):
        assert re.fullmatch(r"==[\w.!+]+", str(pin.specifier)), pin
        assert pin.url is None
        assert hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes), pin
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.findall(r"^.*(?:://|--index|--find|--extra|@|\bfile:).*$", text, re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_keeps_the_bounds_of_the_project_on_every_machine(lock):
    asked = [*wanted("dev", *LOCKS[lock])]
    asked += map(Requirement, PYPROJECT["build-system"]["requires"])
    for machine in MACHINES:
        versions = {}
        for pin, _ in locked(lock):
            if pin.marker is None or pin.marker.evaluate(machine):
                name = canonicalize_name(pin.name)
                assert name not in versions, f"{name} is pinned twice for {machine}"
                versions[name] = str(pin.specifier).removeprefix("==")
        for one in asked:
            if one.marker is None or one.marker.evaluate(machine):
                version = versions.get(canonicalize_name(one.name), "none")
                assert version != "none", f"{one} is not pinned for {machine}: make lock"
                assert one.specifier.contains(version), f"{one} is pinned to {version}: make lock"


def test_both_locks_pin_the_same_versions():
    locks = ("requirements.txt", "requirements-gpu.txt")
    pins = [{(pin.name, str(pin.specifier)) for pin, _ in locked(lock)} for lock in locks]
    names = {name for name, _ in pins[0] ^ pins[1]}
    assert {name for name in names if not re.match("nvidia|tensorflow", name)} == set()


def test_the_site_installs_beside_the_course():
    pins = {(pin.name, str(pin.specifier)) for pin, _ in locked("requirements.txt")}
    names = {name for name, _ in pins}
    more = {(pin.name, str(pin.specifier)) for pin, _ in locked("requirements-site.txt")}
    assert {pin for pin in more - pins if pin[0] in names} == set(), "make lock"


# The small half ---------------------------------------------------------------------------------


def test_the_plain_install_leaves_a_notebooks_own_packages_alone():
    """Colab pins IPython 7.34 and ipykernel 6.17, and has NumPy 2.0, pandas 2.2, ipywidgets 7.7."""
    colab = {"ipython": "7.34", "ipykernel": "6.17.1", "ipywidgets": "7.7.1", "psutil": "5.9.5"}
    colab |= {"numpy": "2.0.2", "pandas": "2.2.2", "scikit-learn": "1.6.1", "scipy": "1.16.3"}
    plain = {canonicalize_name(one.name): one.specifier for one in wanted()}
    assert [name for name, has in colab.items() if has not in plain.get(name, SpecifierSet())] == []


def test_the_plain_install_holds_nothing_of_the_tools():
    plain = {canonicalize_name(one.name) for one in wanted()}
    extras = [canonicalize_name(Requirement(text).name) for text in EXTRAS["tools"]]
    assert plain.isdisjoint({*extras, "optuna", "bokeh"})


def test_conda_brings_a_supported_python_and_the_course_with_its_extras():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *listed, by_pip = environment["dependencies"]
    conda = {one.name: one.specifier for one in map(Requirement, listed)}
    assert conda.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert conda.keys() == {"pip", "make"}
    (course,) = by_pip["pip"]
    extras = re.fullmatch(r"-e \.\[([a-z,]+)\]", course)[1].split(",")
    assert {"cpu", "dev"} <= set(extras) <= EXTRAS.keys()


# What is imported -------------------------------------------------------------------------------


def imported_names(path):
    """Top-level names of the packages that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition(".")[0]


def test_every_import_is_declared():
    """Each folder imports only what the extras declare that it is used with."""
    used_with = {
        "course_utils": ["cpu", "backends"],
        "course_tools": ["tools"],
        "notebooks": ["tuning"],
        "benchmarks": ["cpu", "backends", "tools"],
        "site": ["site", "tools", "cpu"],  # train_digits.py trains
        "tests": ["cpu", "backends", "dev", "site", "browser", "binder"],
    }
    helpers = {path.stem for folder in ("site", "tests") for path in (ROOT / folder).rglob("*.py")}
    own = {"course_utils", "course_tools", "benchmarks", "slurm_cluster", *helpers}
    for folder, extras in used_with.items():
        known = {imported_as(one.name) for one in wanted(*extras)}
        files = [*(ROOT / folder).rglob("*.py")]
        assert files, folder
        for path in files:
            foreign = set(imported_names(path)) - sys.stdlib_module_names - own
            undeclared = {name.lower() for name in foreign} - known
            assert undeclared == set(), f"{path.relative_to(ROOT)} imports what nothing declares"


def imported_as(name):
    """What a distribution is called in an import."""
    names = {
        "scikit-learn": "sklearn",
        "pillow": "pil",
        "pyyaml": "yaml",
        "import-linter": "importlinter",
        "jupyter-repo2docker": "repo2docker",
        "tensorflow-cpu": "tensorflow",
        "markdown-it-py": "markdown_it",
    }
    return names.get(canonicalize_name(name), canonicalize_name(name).replace("-", "_"))


def test_what_a_lesson_needs_knows_nothing_of_the_tools():
    tools = {imported_as(Requirement(text).name) for text in EXTRAS["tools"]} | {"course_tools"}
    found = {
        path.relative_to(ROOT).as_posix(): sorted(tools & set(imported_names(path)))
        for path in (ROOT / "course_utils").rglob("*.py")
    }
    assert len(found) > 10
    assert {path: names for path, names in found.items() if names} == {}


def test_the_floors_of_the_package_hold():
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_the_package_offers_all_its_modules():
    names = {path.stem for path in (ROOT / "course_utils").glob("*.py")} - {"__init__"}
    assert names | {"checks", "data", "evidence"} <= set(dir(course_utils))


HEAVY = {"tensorflow", "keras", "jax", "torch", "numpy", "pandas", "matplotlib", "scipy", "dask"}
HEAVY |= {"distributed", "papermill", "nbformat", "jupytext", "rich", "IPython"}


@pytest.mark.parametrize(
    ("action", "seconds"),
    [
        ("import course_utils", 0.3),
        ("from course_tools.__main__ import main; sys.argv = ['course', '--help']; main()", 0.5),
        (
            "from course_tools.__main__ import main; sys.argv = 'course run --help'.split(); main()",
            0.5,
        ),
    ],
)
def test_it_answers_at_once_and_loads_no_framework(action, seconds):
    code = f"""
import sys, time
try:
    {action}
except SystemExit:
    pass
print()
print(time.process_time(), *sorted({HEAVY} & set(sys.modules)))
"""
    # The processor's time since the interpreter began: another program's share does not count.
    needed = []
    for _ in range(3):
        taken, *loaded = run_python(code).splitlines()[-1].split()
        assert loaded == []
        needed.append(float(taken))
    assert min(needed) < seconds


def test_without_the_tools_the_command_says_how_to_get_them(tmp_path):
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError(name='typer')\n")
    done = subprocess.run(
        [sys.executable, "-m", "course_tools", "doctor"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (2, "")
    (sentence,) = done.stderr.splitlines()
    assert "needs typer" in sentence
    assert sentence.endswith("pip install 'generalisation-course[tools]'")


def run_python(code):
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# What is committed ------------------------------------------------------------------------------

# Spelled with brackets, so that this file does not hold what it looks for.
REGISTRIES = r"py[p]i\.org|python[h]osted\.org|npm[j]s\.(?:org|com)|deb\.[d]ebian\.org|[c]onda\.anaconda\.org"


def test_no_committed_file_names_a_registry_or_a_folder_of_this_machine():
    folders = [re.escape(f"{path}/") for path in (ROOT, Path.home()) if len(path.parts) > 1]
    foreign = re.compile(REGISTRIES + r"|(?<![\w.*$}<>\])-])(?:" + "|".join(folders) + ")")
    files = tracked_files()
    assert ROOT / "pyproject.toml" in files
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in files
        for number, line in enumerate(path.read_bytes().decode(errors="replace").splitlines(), 1)
        if (match := foreign.search(line))
    ]
    assert not found, "\n".join(found)


def test_the_memory_that_the_readme_asks_for_is_enough():
    """The README gives a bound, and the measured costs stay below it."""
    with (ROOT / "course_utils" / "reference" / "costs.csv").open(encoding="utf-8") as file:
        costs = [row for row in csv.DictReader(file) if row["mode"] == "reduced"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (bound,) = re.findall(r"of which a lesson takes less than (\d+)", readme)
    assert max(float(row["peak_memory_mb"]) for row in costs) < 1000 * int(bound)


def test_the_readmes_table_has_every_lesson():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^## The lessons\n(.*?)^## ", readme, re.DOTALL | re.MULTILINE)
    rows = re.findall(r"^\| (\d\d) \| \[[^]]+\]\(notebooks/(\w+)\.ipynb\) \|", table, re.MULTILINE)
    assert [name for _, name in rows] == sorted(
        path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.py")
    )
    assert all(name.startswith(f"{number}_") for number, name in rows)


def last_green(text):
    """The README's table of the versions last tried: {packages: {column: cell}}."""
    (table,) = re.findall(r"<!-- last-green -->\n(.*?)<!-- /last-green -->", text, re.DOTALL)
    header, _, *rows = ([c.strip() for c in line.split("|")[1:-1]] for line in table.splitlines())
    return {row[0]: dict(zip(header, row, strict=True)) for row in rows}


def test_the_readme_tells_the_versions_of_the_lock():
    told = last_green((ROOT / "README.md").read_text(encoding="utf-8"))
    assert told.keys() == {"lock", "newest"}
    pins = {pin.name: str(pin.specifier)[2:] for pin, _ in locked("requirements.txt")}
    for column in ("Keras", "TensorFlow", "Dask", "jupytext"):
        assert told["lock"][column] == pins[column.lower()], "make newest ARGS=lock"


def test_a_row_that_was_tried_again_replaces_the_old_one():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = runpy.run_path(str(ROOT / ".ci" / "last_green.py"))
    new = ("newest", "2030-01-02", "3.13.1", "4.0", "3.0", "2030.1.0", "2.0", "failed: lessons")
    changed = script["with_rows"](readme, {"newest": script["row"](*new)})
    before, after = last_green(readme), last_green(changed)
    assert after["lock"] == before["lock"]
    assert tuple(after["newest"].values()) == new
    outside = re.compile(r"<!-- last-green -->.*<!-- /last-green -->", re.DOTALL)
    assert outside.sub("", changed) == outside.sub("", readme)


def test_the_version_is_one():
    import course_utils

    assert course_utils.__version__ == PROJECT["version"]
