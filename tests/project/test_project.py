"""The project around the course: what it declares, pins, forbids, and how fast it starts."""

import ast
import csv
import itertools
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from paths import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
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


def bounds(requirements):
    """Name to specifier, for requirements written as strings."""
    parsed = map(Requirement, requirements)
    return {canonicalize_name(one.name): one.specifier for one in parsed}


# The locks --------------------------------------------------------------------------------------


@cache
def locked(lock):
    """The pins of a lock and the lines of hashes below each: [(Requirement, [line, ...]), ...]."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    pins = []
    for line in lines:
        pin, *hashes = re.split(r"\s+--hash=", line.strip())
        pins.append((Requirement(pin), hashes))
    return pins


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
    wanted = PROJECT["dependencies"] + EXTRAS["dev"]
    wanted += itertools.chain(*(EXTRAS[extra] for extra in LOCKS[lock]))
    wanted += PYPROJECT["build-system"]["requires"]
    for machine in MACHINES:
        versions = {}
        for pin, _ in locked(lock):
            if pin.marker is None or pin.marker.evaluate(machine):
                name = canonicalize_name(pin.name)
                assert name not in versions, f"{name} is pinned twice for {machine}"
                versions[name] = str(pin.specifier).removeprefix("==")
        for one in map(Requirement, wanted):
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


# Conda ------------------------------------------------------------------------------------------


def test_conda_environment_has_the_bounds_of_the_project():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    listed = environment["dependencies"]
    (by_pip,) = (entry["pip"] for entry in listed if isinstance(entry, dict))
    assert by_pip.pop() == "-e .[cpu]"
    conda = bounds(entry for entry in listed if isinstance(entry, str))
    assert conda.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert {conda.pop("pip"), conda.pop("make")} == {SpecifierSet()}
    assert conda | bounds(by_pip) == bounds(PROJECT["dependencies"] + EXTRAS["dev"])


# What is imported -------------------------------------------------------------------------------


def imported_names(path):
    """Top-level names of the packages that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.partition(".")[0]


def test_every_import_is_declared():
    files = [
        path
        for folder in ("course_utils", "notebooks", "tests", "benchmarks", "site")
        for path in (ROOT / folder).rglob("*.py")
    ]
    own = {"course_utils", "benchmarks", "slurm_cluster", *(path.stem for path in files)}
    declared = bounds(itertools.chain(PROJECT["dependencies"], *EXTRAS.values()))
    names = {
        "scikit-learn": "sklearn",
        "pillow": "pil",
        "pyyaml": "yaml",
        "import-linter": "importlinter",
        "jupyter-repo2docker": "repo2docker",
    }
    known = {names.get(name, name.replace("-", "_")) for name in declared}
    assert len(files) > 10
    for path in files:
        foreign = {
            name.lower() for name in set(imported_names(path)) - sys.stdlib_module_names - own
        }
        assert foreign <= known, f"{path.relative_to(ROOT)} imports what nothing declares"


def test_the_floors_of_the_package_hold():
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


HEAVY = "('tensorflow', 'keras', 'jax', 'torch', 'pandas', 'matplotlib', 'dask', 'papermill')"


@pytest.mark.parametrize(
    "action",
    [
        "import course_utils",
        "from course_tools.cli import app; CliRunner().invoke(app, ['--help'], catch_exceptions=False)",
    ],
)
def test_what_is_heavy_loads_when_it_is_needed(action):
    code = f"""
import sys
from typer.testing import CliRunner
assert not any(name in sys.modules for name in {HEAVY}), "typer itself loads them"
{action}
print([name for name in {HEAVY} if name in sys.modules])
"""
    assert run_python(code) == "[]"


def test_the_package_is_imported_in_no_time():
    code = """
import time
start = time.perf_counter()
import course_utils
print(time.perf_counter() - start)
"""
    # It takes some milliseconds; the best of three says so even when the machine is busy.
    assert min(float(run_python(code)) for _ in range(3)) < 0.3


def run_python(code):
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# What is committed ------------------------------------------------------------------------------

# Spelled with brackets, so that this file does not hold what it looks for.
FOREIGN = re.compile(
    r"py[p]i\.org|python[h]osted\.org|npm[j]s\.(?:org|com)|deb\.[d]ebian\.org|[c]onda\.anaconda\.org"
    r"|(?<![\w.*$}<>\])-])/(?:[w]ork|[f]arm|[r]oot|[h]ome/[a-z]+|[U]sers/[A-Za-z]+)/"
)


def tracked_files():
    """Every file that git tracks, or would if it were added; outside a checkout, every source."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        return [
            ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()
        ]
    kinds = ("py", "ipynb", "md", "toml", "yml", "txt", "csv")
    return [
        path
        for kind in kinds
        for path in ROOT.rglob(f"*.{kind}")
        if not {".venv", "build"} & {*path.relative_to(ROOT).parts}
    ]


def test_no_committed_file_names_a_registry_or_a_path_of_one_machine():
    files = tracked_files()
    assert ROOT / "pyproject.toml" in files
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in files
        for number, line in enumerate(path.read_bytes().decode(errors="replace").splitlines(), 1)
        if (match := FOREIGN.search(line))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line", ["see /wo" + "rk/main/x", "a = '/ho" + "me/ada/x'", "get it from py" + "pi.org"]
)
def test_such_a_line_is_found(line):
    assert FOREIGN.search(line)


def test_the_memory_that_the_readme_asks_for_is_enough():
    """The README gives a bound, and the measured costs stay below it."""
    with (ROOT / "course_utils" / "reference" / "costs.csv").open(encoding="utf-8") as file:
        costs = [row for row in csv.DictReader(file) if row["mode"] == "reduced"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (bound,) = re.findall(r"of which a lesson takes less than (\d+)", readme)
    assert max(float(row["peak_memory_mb"]) for row in costs) < 1000 * int(bound)


def test_the_version_is_one():
    import course_utils

    assert course_utils.__version__ == PROJECT["version"]
