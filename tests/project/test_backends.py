"""The layers and models again under Keras's other two backends, each in a process of its own.

JAX and PyTorch are looked for beside TensorFlow, and in the Python that COURSE_PEERS_PYTHON names.
"""

import os
import subprocess
import sys

import optional
import pytest
from paths import ROOT

# What a backend can get wrong: the arithmetic of the shifts, random draws, compiling, a step of
# training. Names of arguments and the models' layers are the same under all of them.
FILES = [ROOT / "tests" / "utils" / name for name in ("test_layers.py", "test_models.py")]
CHOSEN = (
    *("shift", "seed_decides", "moments", "members_share", "plain_models", "baseline_cnn-1"),
    *("(l2_term and bfloat)", "(training_equals and float32-2e-05-False)"),
)


def needs(backend):
    return [backend, "keras", "pytest", "scipy"]


def python_with(backend):
    """A Python that has the backend and what the tests need beside it, or None."""
    needed = f"import importlib.util as u; assert all(map(u.find_spec, {needs(backend)}))"
    for python in (sys.executable, os.environ.get("COURSE_PEERS_PYTHON")):
        if python and subprocess.run([python, "-c", needed], capture_output=True).returncode == 0:
            return python
    return None


@pytest.mark.slow
@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_layers_and_models_under_another_backend(backend):
    python = python_with(backend)
    if python is None:
        optional.without("COURSE_BACKENDS")(
            f"not tested under {backend}: no Python with {', '.join(needs(backend))}; install them "
            f"with: {sys.executable} -m pip install '.[backends]', or name a Python that has them "
            "in COURSE_PEERS_PYTHON"
        )
    command = [python, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--noconftest"]
    finished = subprocess.run(
        [*command, *FILES, "-k", " or ".join(CHOSEN)],
        cwd=ROOT,
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "PYTHONPATH": str(ROOT),
            "PYTEST_ADDOPTS": "",
            # Compiling takes JAX longer than all else here, and nothing is timed.
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        },
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    # A test that was given another name would be left out, and nobody would know.
    ran = [line.lower() for line in finished.stdout.splitlines() if "::" in line]
    for words in CHOSEN:
        parts = words.strip("()").lower().split(" and ")
        assert any(all(part in name for part in parts) for name in ran), f"no test has {words}"
