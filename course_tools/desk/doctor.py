"""`course doctor`: what this machine is, what the course found on it, and what to mend."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from course_utils.errors import CourseError

VARIABLES = {
    "COURSE_DATA_DIR": "folder with mnist.npz and cifar10.npz",
    "COURSE_DATA_URL": "where images are downloaded from; off: nowhere",
    "COURSE_MODE": "smoke, reduced or full, where a notebook says auto",
    "COURSE_PRECISION": "float32 or mixed_bfloat16",
    "COURSE_THREADS": "threads of one run",
    "COURSE_HOME": "folder for your lessons, records and progress",
    "COURSE_OUT": "folder for run records alone",
    "COURSE_KEEP_NETWORKS": "folder to save each recorded network in",
    "COURSE_HEADLESS": "no live curves",
    "COURSE_FRAMES": "sliders keep all their figures, for the site",
    "KERAS_BACKEND": "tensorflow, jax or torch",
    "CUDA_VISIBLE_DEVICES": "NVIDIA GPUs to use; -1: none",
}
PACKAGES = ("keras", "numpy", "matplotlib", "papermill", "jupytext", "jupyterlab", "distributed")
FRAMEWORKS = {
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "jax": ("jax",),
    "torch": ("torch",),
}


def examine() -> tuple[list[tuple[str, str]], list[str]]:
    """What there is to say, as (topic, text) pairs, and what to mend, as sentences."""
    facts, mend = [], []
    parts = (
        _python,
        _machine,
        _backend,
        _keras,
        _data,
        _workspace,
        _variables,
        _packages,
        _notebooks,
    )
    for part in parts:
        try:
            part(facts, mend)
        except CourseError as error:
            mend.append(str(error))
        except Exception as error:
            # The doctor is called when something is wrong; a part that fails does not end the others.
            mend.append(f"{part.__name__.strip('_')}: {type(error).__name__}: {error}")
    # What is wrong with a variable, every part that reads it says.
    return facts, list(dict.fromkeys(mend))


def _python(facts, mend):
    facts.append(("Python", f"{platform.python_version()}, {sys.platform}, {sys.prefix}"))
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        mend.append("The course needs Python 3.11 to 3.13: make setup PYTHON=python3.12")


def _machine(facts, mend):
    from course_tools.batch import grid, resources
    from course_utils import machine

    found = machine.detect()
    facts.append(("machine", found.describe()))
    facts.append(("mode", f"{os.environ.get('COURSE_MODE', 'auto')} (auto is {found.mode} here)"))
    if len(resources.devices()) > 1:
        facts.append(("GPUs", f"{len(resources.devices())}, one for each run at a time"))
    if found.memory_mb < 1800:
        mend.append(
            f"{found.memory_mb} MB of memory are little: close other programs, and run one lesson "
            "at a time: course run 02 --mode reduced"
        )
    # Raises where COURSE_MODE is none.
    grid.suitable_mode()


def _backend(facts, mend):
    from course_utils import machine

    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend not in FRAMEWORKS:
        mend.append(
            f"KERAS_BACKEND is {backend!r}; expected {', '.join(FRAMEWORKS)}. Mend it: unset KERAS_BACKEND"
        )
        return
    installed = next(filter(None, map(_version, FRAMEWORKS[backend])), None)
    facts.append(("backend", f"{backend} {installed or 'is not installed'}"))
    if installed is None:
        mend.append(f"The backend {backend} is not installed: pip install {backend}")
        return
    # Loads the framework, which takes seconds, where there is a GPU and only there.
    machine.check_gpu(machine.detect())


def _keras(facts, mend):
    from course_utils import machine

    path = machine.keras_file()
    try:
        other = machine.overruled_settings()
    except (OSError, ValueError) as error:
        mend.append(f"{path} cannot be read ({error!r}). Keras writes it anew: rm {path}")
        return
    words = " and ".join(" ".join(pair) for pair in machine.KERAS_SETTINGS.items())
    asked = f"; {path} asks for {' and '.join(other)}" if other else ""
    facts.append(("Keras", f"the lessons set {words}{asked}"))


def _data(facts, mend):
    from course_utils import data
    from course_utils.data import specs, transfer

    for row in data.verify():
        facts.append((row["name"], row["message"]))
        if not row["ok"]:
            mend.append(row["message"])
    # Raises where COURSE_DATA_URL is no address.
    transfer.address(specs.SPECS["mnist"])


def _workspace(facts, mend):
    from course_tools.batch import reading
    from course_utils.home import home, refusing

    folder = home(reading.project_root())
    facts.append(
        ("your lessons", f"{folder}" + ("" if folder.is_dir() else " (made by course lab)"))
    )
    if refusing(folder):
        mend.append(
            f"{refusing(folder)} cannot be written. Name another folder: COURSE_HOME=FOLDER course lab"
        )


def _variables(facts, mend):
    for name, meaning in VARIABLES.items():
        facts.append((name, os.environ.get(name, f"not set ({meaning})")))


def _packages(facts, mend):
    found = {name: _version(name) for name in PACKAGES}
    words = ", ".join(f"{name} {number}" for name, number in found.items() if number)
    facts.append(("packages", words))
    missing = [name for name, number in found.items() if number is None]
    if missing:
        mend.append(
            f"Not installed: {', '.join(missing)}. Install the lock: make setup   or, in an "
            "environment of your own, in the course's folder: pip install '.[tools]'"
        )


def _notebooks(facts, mend):
    from course_tools.authoring import build

    scripts, apart, broken = build.pairs(), [], []
    for script in scripts:
        gone = [end for end in (".py", ".ipynb") if not script.with_suffix(end).is_file()]
        try:
            if gone:
                apart.append((script, f"has no {gone[0]}"))
            elif build.difference(script):
                apart.append((script, "differs from its .ipynb"))
        except CourseError as error:
            broken.append(str(error))
    in_step = len(scripts) - len(apart) - len(broken)
    facts.append(("notebooks", f"{len(scripts)} pairs, {in_step} in step"))
    mend += broken
    if apart:
        names = " ".join(dict.fromkeys(script.stem for script, _ in apart))
        words = "; ".join(f"{script.stem} {how}" for script, how in apart[:5])
        mend.append(f"{words}. Build from the .py: course build {names}")


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
