"""The machine's description, its overrides, and a feed that does not wait."""

import os
import subprocess
import sys

import pytest

from course_utils import machine


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
    with pytest.raises(ValueError, match=message):
        machine.detect()


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


def test_memory_is_measured_in_megabytes_over_the_tree():
    child = subprocess.Popen([sys.executable, "-c", "x = bytearray(200_000_000); input()"],
                             stdin=subprocess.PIPE)  # fmt: skip
    try:
        for _ in range(200):
            grown = machine.process_tree_memory_mb(os.getpid())
            if machine.process_tree_memory_mb(child.pid) > 200:
                break
        assert machine.process_tree_memory_mb(child.pid) > 200
        assert grown > 200
    finally:
        child.communicate(b"\n")
    assert machine.process_tree_memory_mb(child.pid) == 0
    assert machine.peak_memory_mb() > 10
