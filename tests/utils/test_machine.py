"""The machine's description, its overrides, and a feed that does not wait."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import psutil
import pytest

from course_utils import machine
from course_utils.errors import CourseError


def run(code, **options):
    """What a Python of its own prints."""
    options = {"capture_output": True, "text": True, "check": True, **options}
    return subprocess.run([sys.executable, "-c", code], **options)


def test_what_a_lesson_needs_before_it_starts_loads_no_framework():
    code = (
        "import sys, course_utils; course_utils.data, course_utils.diagnose, course_utils.contents\n"
        "course_utils.machine.detect()\n"
        "heavy = 'keras tensorflow torch jax dask pandas matplotlib sklearn scipy mlxtend'\n"
        "print({*heavy.split(), 'course_tools'} & set(sys.modules))"
    )
    assert run(code).stdout.strip() == "set()"


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
def test_precision_follows_the_cpu(monkeypatch, tmp_path, flags, backend, precision):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    monkeypatch.delenv("COURSE_PRECISION", raising=False)
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor : 0\nflags\t\t: sse {' '.join(flags)}\n")
    monkeypatch.setattr(machine, "CPU_INFO", info)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    found = machine.detect()
    assert found.precision == precision
    assert found.fast_bfloat16 == (precision == "mixed_bfloat16")
    assert found.mode == "reduced"


def give_gpu(monkeypatch, answer="NVIDIA H200, 9.0"):
    """Let `nvidia-smi` be there and answer so."""
    finished = subprocess.CompletedProcess([], 0, stdout=f"{answer}\n")
    monkeypatch.setattr(machine.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(machine.subprocess, "run", lambda *args, **options: finished)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize(
    ("answer", "precision"),
    [("NVIDIA H200, 9.0", "mixed_bfloat16"), ("Tesla T4, 7.5", "float32")],
)
def test_precision_follows_the_gpu(monkeypatch, answer, precision):
    monkeypatch.delenv("COURSE_PRECISION", raising=False)
    give_gpu(monkeypatch, answer)
    found = machine.detect()
    assert found.gpu == answer.split(",")[0]
    assert found.precision == precision
    assert found.fast_bfloat16 == (precision == "mixed_bfloat16")
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
    monkeypatch.setattr(machine, "CPU_INFO", Path("no such file"))
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
    give_gpu(monkeypatch)
    if usable:
        machine.check_gpu(machine.detect())
        return
    hide = "or hide the GPU and train on the CPU: export CUDA_VISIBLE_DEVICES=-1"
    with pytest.raises(CourseError, match=rf"NVIDIA H200\), but {command}.*{hide}"):
        machine.check_gpu(machine.detect())
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    machine.check_gpu(machine.detect())


def test_nothing_is_trained_on_the_cpu_in_the_name_of_a_gpu(monkeypatch):
    import keras
    import tensorflow as tf

    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    give_gpu(monkeypatch)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    before = keras.config.dtype_policy().name
    with pytest.raises(CourseError, match="the installed TensorFlow cannot use it"):
        machine.configure(machine.detect(), seed=1)
    assert keras.config.dtype_policy().name == before


@pytest.mark.slow
def test_configure_is_quiet_repeatable_and_the_same_for_every_users_keras(tmp_path):
    (tmp_path / "keras.json").write_text(
        '{"image_data_format": "channels_first", "floatx": "float16", "epsilon": 1e-7}'
    )
    code = """
from course_utils import machine
found = machine.detect()
print(found.describe())
machine.configure(found, seed=3)
import keras, numpy as np
first = np.random.rand(), float(keras.random.uniform((1,))[0])
machine.configure(found, seed=3)
assert first == (np.random.rand(), float(keras.random.uniform((1,))[0]))
assert keras.config.image_data_format() == "channels_last"
assert keras.config.floatx() == keras.config.dtype_policy().name == "float32"
assert keras.layers.Conv2D(4, 3).compute_output_shape((None, 28, 28, 1)) == (None, 26, 26, 4)
from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter
if keras.backend.backend() == "tensorflow":
    feed = ArrayDataAdapter(np.zeros((8, 2), "uint8"), np.zeros(8), batch_size=4).get_tf_dataset()
    assert feed.options().autotune.enabled is False
    assert feed.element_spec[0].dtype.name == "uint8"
"""
    environment = os.environ | {
        "COURSE_THREADS": "1",
        "COURSE_PRECISION": "float32",
        "KERAS_HOME": str(tmp_path),
    }
    done = run(code, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    [described] = done.stdout.splitlines()
    assert "keras.json: image_data_format channels_first, floatx float16" in described
    assert "oneDNN" not in done.stderr


GIB = 2**30


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({}, None),
        ({"sys/fs/cgroup/job/step/memory.max": "max"}, None),
        ({"sys/fs/cgroup/job/step/memory.max": GIB}, GIB),
        # The group itself is unlimited and its parent is not, as in a job of SLURM.
        ({"sys/fs/cgroup/job/step/memory.max": "max", "sys/fs/cgroup/job/memory.max": GIB}, GIB),
        # In a container the group's name is the host's, and its files are at the base.
        ({"sys/fs/cgroup/memory.max": GIB}, GIB),
        ({"sys/fs/cgroup/memory/old/memory.limit_in_bytes": GIB}, GIB),
        ({"sys/fs/cgroup/memory/memory.limit_in_bytes": 2**63 - 4096}, None),
    ],
)
def test_memory_is_the_machines_or_the_control_groups(tmp_path, files, limit):
    files = {"proc/self/cgroup": "0::/job/step\n4:memory:/old\n2:cpu:/", **files}
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    unlimited = machine.memory_mb(tmp_path / "no such folder")
    assert unlimited <= psutil.virtual_memory().total / 10**6
    assert machine.memory_mb(tmp_path) == min(unlimited, (limit or 2**63) // 10**6)


def test_memory_is_at_most_what_the_process_was_given():
    resource = pytest.importorskip("resource")

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (2 * GIB, 2 * GIB))

    code = "from course_utils import machine; print(machine.memory_mb())"
    assert int(run(code, preexec_fn=limit).stdout) <= 2 * GIB // 10**6


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity is Linux's")
def test_cores_are_those_that_the_process_may_use():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from course_utils import machine; print(machine.cpu_count(), machine.detect().cores)"
    )
    assert run(code).stdout.split() == ["1", "1"]


@pytest.mark.parametrize("content", ["", "[]", "not json", "{}"])
def test_keras_settings_that_cannot_be_read_or_agree_are_not_named(monkeypatch, tmp_path, content):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "keras.json").write_text(content)
    assert machine.detect().overruled == ()


@pytest.fixture
def another_keras(monkeypatch):
    """A Keras whose adapter for arrays has no `get_tf_dataset`."""
    import keras  # noqa: F401, so that it is whole before a part of it is taken away

    name = "keras.src.trainers.data_adapters.array_data_adapter"
    monkeypatch.setitem(sys.modules, name, ModuleType(name))
    machine.feed_without_autotune.cache_clear()
    yield
    machine.feed_without_autotune.cache_clear()


def test_a_keras_that_feeds_in_another_way_still_trains_and_one_sentence_says_so(
    another_keras, capfd
):
    import keras

    for _ in range(2):
        assert machine.feed_without_autotune() is False
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss="mse", jit_compile=False)
    model.fit(np.zeros((8, 2)), np.zeros(8), verbose=0)
    told = capfd.readouterr()
    assert told.out.startswith("This Keras feeds arrays in another way")
    assert told.out.count("\n") == 1
    assert "Traceback" not in told.err


def test_memory_is_measured_in_megabytes():
    used = bytearray(b"x" * 50_000_000)
    assert len(used) / 1e6 < machine.peak_memory_mb() < 100_000
