"""The machine's description, its overrides, and a feed that does not wait."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from course_utils import machine
from course_utils.errors import CourseError


def test_detect_loads_no_framework():
    code = (
        "import sys; from course_utils import machine; machine.detect();"
        "print(sorted({'keras', 'tensorflow', 'torch', 'jax'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("COURSE_PRECISION", "float8", "COURSE_PRECISION is 'float8'; allowed are float32"),
        ("COURSE_THREADS", "0", "COURSE_THREADS is '0'; expected a whole number from 1"),
        ("COURSE_THREADS", "two", "COURSE_THREADS is 'two'; expected a whole number from 1"),
    ],
)
def test_bad_overrides_are_named(monkeypatch, name, value, message):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=message) as caught:
        machine.detect()
    # `course` prints only its own errors as a sentence.
    assert isinstance(caught.value, CourseError)


def test_overrides_win_and_are_printed(monkeypatch):
    monkeypatch.setenv("COURSE_PRECISION", "float32")
    monkeypatch.setenv("COURSE_THREADS", "1")
    found = machine.detect()
    assert (found.precision, found.threads) == ("float32", 1)
    assert "set by COURSE_PRECISION, COURSE_THREADS" in found.describe()


@pytest.mark.parametrize(
    ("flags", "backend", "precision"),
    [
        ({"amx_bf16", "avx512_bf16"}, "tensorflow", "mixed_bfloat16"),
        ({"avx512_bf16"}, "tensorflow", "mixed_bfloat16"),
        ({"avx2"}, "tensorflow", "float32"),
        ({"amx_bf16"}, "jax", "float32"),
    ],
)
def test_precision_follows_the_cpu(monkeypatch, flags, backend, precision):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    monkeypatch.delenv("COURSE_PRECISION", raising=False)
    monkeypatch.setattr(machine, "_cpu_flags", lambda: flags)
    monkeypatch.setattr(machine, "_nvidia_gpu", lambda: (None, False))
    found = machine.detect()
    assert found.precision == precision
    assert found.mode == "reduced"


@pytest.mark.parametrize(
    ("answer", "precision"),
    [("NVIDIA H200, 9.0", "mixed_bfloat16"), ("Tesla T4, 7.5", "float32")],
)
def test_precision_follows_the_gpu(monkeypatch, answer, precision):
    monkeypatch.delenv("COURSE_PRECISION", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(machine.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    finished = subprocess.CompletedProcess([], 0, stdout=f"{answer}\n")
    monkeypatch.setattr(machine.subprocess, "run", lambda *args, **options: finished)
    found = machine.detect()
    assert found.gpu == answer.split(",")[0]
    assert found.precision == precision
    assert found.mode == "full"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert machine.detect().gpu is None


CARDS = {"0": "Tesla T4, 7.5", "1": "NVIDIA H200, 9.0", "GPU-ab": "NVIDIA H200, 9.0"}


@pytest.mark.parametrize(
    ("visible", "name", "precision"),
    [
        ("1,0", "NVIDIA H200", "mixed_bfloat16"),
        (" GPU-ab ", "NVIDIA H200", "mixed_bfloat16"),
        ("0", "Tesla T4", "float32"),
        # nvidia-smi does not know a slice by its name: the first card's will have to do.
        ("MIG-ab", "Tesla T4", "float32"),
        ("-1,0", None, "float32"),
        # CUDA sees none either.
        ("7", None, "float32"),
    ],
)
def test_a_pinned_run_is_described_by_its_own_gpu(monkeypatch, visible, name, precision):
    def nvidia_smi(command, **options):
        asked = [word.removeprefix("--id=") for word in command if word.startswith("--id=")]
        if not {*asked} <= {*CARDS}:
            raise subprocess.CalledProcessError(6, command)
        cards = [CARDS[id] for id in asked] or [CARDS["0"], CARDS["1"]]
        return subprocess.CompletedProcess(command, 0, stdout="\n".join(cards) + "\n")

    monkeypatch.delenv("COURSE_PRECISION", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr(machine, "_cpu_flags", set)
    monkeypatch.setattr(machine.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(machine.subprocess, "run", nvidia_smi)
    found = machine.detect()
    assert (found.gpu, found.precision) == (name, precision)


@pytest.mark.parametrize("usable", [True, False])
@pytest.mark.parametrize(
    ("backend", "command"),
    [
        ("tensorflow", r"the installed TensorFlow cannot use it.*pip install -e '\.\[gpu\]'"),
        ("jax", r"the installed JAX cannot use it.*pip install 'jax\[cuda12\]'"),
        ("torch", "the installed PyTorch cannot use it.*pip install --force-reinstall torch"),
    ],
)
def test_a_gpu_that_the_backend_cannot_use_is_named(monkeypatch, backend, command, usable):
    listed = ["a GPU"] if usable else []
    modules = {
        "tensorflow": {"config": SimpleNamespace(list_physical_devices=lambda kind: listed)},
        "jax": {"default_backend": lambda: "gpu" if usable else "cpu"},
        "torch": {"cuda": SimpleNamespace(is_available=lambda: usable)},
    }
    monkeypatch.setitem(sys.modules, backend, SimpleNamespace(**modules[backend]))
    monkeypatch.setenv("KERAS_BACKEND", backend)
    monkeypatch.setattr(machine, "_nvidia_gpu", lambda: ("NVIDIA H200", True))
    if usable:
        machine.check_gpu(machine.detect())
        return
    hide = "or hide the GPU and train on the CPU: export CUDA_VISIBLE_DEVICES=-1"
    with pytest.raises(CourseError, match=rf"NVIDIA H200\), but {command}.*{hide}"):
        machine.check_gpu(machine.detect())
    monkeypatch.setattr(machine, "_nvidia_gpu", lambda: (None, False))
    machine.check_gpu(machine.detect())


def test_nothing_is_trained_on_the_cpu_in_the_name_of_a_gpu(monkeypatch):
    import keras
    import tensorflow as tf

    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setattr(machine, "_nvidia_gpu", lambda: ("NVIDIA H200", True))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    before = keras.config.dtype_policy().name
    with pytest.raises(CourseError, match="the installed TensorFlow cannot use it"):
        machine.configure(machine.detect(), seed=1)
    assert keras.config.dtype_policy().name == before


def test_configure_is_quiet_repeatable_and_feeds_without_autotune(capfd):
    code = """
import os
from course_utils import machine
machine.configure(machine.detect(), seed=3)
import keras, numpy as np
first = np.random.rand(), float(keras.random.uniform((1,))[0])
machine.configure(machine.detect(), seed=3)
assert first == (np.random.rand(), float(keras.random.uniform((1,))[0]))
from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter
if keras.backend.backend() == "tensorflow":
    feed = ArrayDataAdapter(np.zeros((8, 2), "uint8"), np.zeros(8), batch_size=4).get_tf_dataset()
    assert feed.options().autotune.enabled is False
    assert feed.element_spec[0].dtype.name == "uint8"
"""
    environment = os.environ | {"COURSE_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "oneDNN" not in done.stderr


def test_memory_is_measured_in_megabytes():
    used = bytearray(b"x" * 50_000_000)
    assert len(used) / 1e6 < machine.peak_memory_mb() < 100_000
