"""Run the course with the lock's packages and with the registry's newest, and write the README's table.

`make newest`, or `make newest ARGS=lock` for one of the two. The newest environment is made below
build/, without the course's upper bounds on Keras, TensorFlow, Dask and jupytext. Each environment
runs every lesson in smoke mode, and the tests of batches and of building the notebooks. Ends with
exit code 1 where something failed; what each step printed is in build/last-green.
"""

import argparse
import datetime
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "last-green"
HEADER = """\
| packages | date | Python | Keras | TensorFlow | Dask | jupytext | result |
| --- | --- | --- | --- | --- | --- | --- | --- |"""
TABLE = re.compile(r"(?<=<!-- last-green -->\n).*?(?=<!-- /last-green -->)", re.DOTALL)
# What is tried without upper bounds.
FREED = ("keras", "tensorflow", "tensorflow-cpu", "dask", "distributed", "jupytext")
SHOWN = """
import importlib.metadata as m, platform
def version(*names):
    for name in names:
        try:
            return m.version(name)
        except m.PackageNotFoundError:
            pass
print(platform.python_version(), version("keras"), version("tensorflow-cpu", "tensorflow"),
      version("dask"), version("jupytext"))
"""


def requirements():
    """What the course and its tests need on a CPU, without bounds on what is tried."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    chosen = [*project["dependencies"], *extras["cpu"], *extras["dev"]]
    while chosen:
        one = Requirement(chosen.pop(0))
        if one.name == project["name"]:
            chosen += [text for extra in one.extras for text in extras[extra]]
        elif one.marker is None or one.marker.evaluate():
            yield one.name if one.name in FREED else f"{one.name}{one.specifier}"


def newest() -> Path:
    """The Python of an environment, made anew, with the newest packages."""
    print("Installing the newest packages; this takes some minutes", flush=True)
    folder = WORK / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", *requirements()], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", ROOT], check=True)
    return python


def tried(name: str, python: Path) -> str:
    """A row of the table: the environment's versions, and "green" or the steps that failed."""
    out = WORK / f"{name}-runs"
    shutil.rmtree(out, ignore_errors=True)
    steps = {
        "lessons": ["course_tools", "run", "--all", "--mode", "smoke", "--out", out],
        "batches": ["pytest", "-q", ROOT / "tests" / "tools" / "batch"],
        "building": ["pytest", "-q", ROOT / "tests" / "tools" / "authoring"],
    }
    environment = os.environ | {"COURSE_DATA_URL": "off", "COURSE_THREADS": "1"}
    failed = []
    for step, command in steps.items():
        log = WORK / f"{name}-{step}.log"
        with log.open("w") as file:
            done = subprocess.run(
                [python, "-m", *command],
                cwd=ROOT,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        print(f"{name}: {step}: {'failed' if done.returncode else 'green'}: {log}", flush=True)
        failed += [step] if done.returncode else []
    shown = subprocess.run([python, "-c", SHOWN], check=True, capture_output=True, text=True)
    result = f"failed: {', '.join(failed)}" if failed else "green"
    return row(name, f"{datetime.date.today():%Y-%m-%d}", *shown.stdout.split(), result)


def row(*cells: str) -> str:
    """One line of the table."""
    return f"| {' | '.join(cells)} |"


def with_rows(text: str, rows: dict[str, str]) -> str:
    """The README with these rows of its table replaced; the others stay."""
    old = {line.split("|")[1].strip(): line for line in TABLE.search(text)[0].splitlines()[2:]}
    lines = [HEADER, *(old | rows).values()]
    return TABLE.sub(lambda _: "\n".join(lines) + "\n", text)


def main():
    """Try what was asked for, write the table; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make newest")
    parser.add_argument("packages", nargs="*", help="lock, newest; default: both")
    chosen = parser.parse_args().packages or ["lock", "newest"]
    if unknown := set(chosen) - {"lock", "newest"}:
        parser.error(f"{', '.join(sorted(unknown))}: expected lock or newest")
    WORK.mkdir(parents=True, exist_ok=True)
    rows = {
        name: tried(name, newest() if name == "newest" else Path(sys.executable)) for name in chosen
    }
    readme = ROOT / "README.md"
    readme.write_text(with_rows(readme.read_text(encoding="utf-8"), rows), encoding="utf-8")
    print(HEADER, *rows.values(), sep="\n")
    return 1 if any("failed" in line for line in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
