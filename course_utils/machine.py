"""What this machine is, and how to train on it: threads, precision, memory, seed.

Environment variables overrule every choice made here, and `Machine.describe` says which did.
"""

import contextlib
import functools
import gc
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from course_utils.errors import CourseError, SettingError

PRECISIONS = ("float32", "mixed_bfloat16")
# What every lesson is written for. A user's keras.json may say otherwise.
KERAS_SETTINGS = {"image_data_format": "channels_last", "floatx": "float32"}
# Linux says here what the processor can do.
CPU_INFO = Path("/proc/cpuinfo")
# Backend -> its name, and the command that installs it with support for NVIDIA GPUs.
GPU_BUILDS = {
    "tensorflow": ("TensorFlow", "make setup FLAVOUR=gpu (or: pip install -e '.[gpu]')"),
    "jax": ("JAX", "pip install 'jax[cuda12]'"),
    "torch": ("PyTorch", "pip install --force-reinstall torch"),
}


@dataclass(frozen=True)
class Machine:
    """A machine as training sees it; memory in MB (10^6 bytes).

    `precision` is a Keras dtype policy, `fast_bfloat16` whether the hardware multiplies that type
    itself. `gpu` is the device's name, or None.
    `overrides` names the environment variables that decided something, `overruled` the settings in
    the user's own keras.json that the course replaces by its own: ("floatx float16",).
    """

    backend: str
    gpu: str | None
    cores: int
    threads: int
    amx: bool
    avx512_bf16: bool
    memory_mb: int
    precision: str
    fast_bfloat16: bool = False
    overrides: tuple[str, ...] = ()
    overruled: tuple[str, ...] = ()

    @property
    def mode(self) -> str:
        """The mode that suits this machine: "full" on a GPU, "reduced" on a CPU."""
        return "full" if self.gpu else "reduced"

    @property
    def hardware(self) -> str:
        """A short name for run records: the GPU, or the CPU's kind, cores and bfloat16 unit."""
        if self.gpu:
            return self.gpu
        unit = " amx" if self.amx else " avx512_bf16" if self.avx512_bf16 else ""
        return f"{platform.machine()} cpu, {self.threads} of {self.cores} cores{unit}"

    def describe(self) -> str:
        """One line for people: device, cores, memory, precision, backend."""
        device = self.gpu or f"{platform.machine()} CPU"
        unit = ", AMX" if self.amx else ", AVX-512 bfloat16" if self.avx512_bf16 else ""
        chosen = f" (set by {', '.join(self.overrides)})" if self.overrides else ""
        if self.overruled:
            chosen += f" (not used, from your keras.json: {', '.join(self.overruled)})"
        return (
            f"{device}{unit}, {self.threads} of {self.cores} cores, "
            f"{self.memory_mb / 1000:.1f} GB, {self.precision}, {self.backend}{chosen}"
        )


def detect() -> Machine:
    """Look at the machine without loading a framework.

    Raises SettingError when COURSE_PRECISION or COURSE_THREADS holds something else than is
    allowed. Whether the backend can use the GPU that is found here, `check_gpu` says.
    """
    precision, threads = os.environ.get("COURSE_PRECISION"), os.environ.get("COURSE_THREADS")
    if precision not in (None, *PRECISIONS):
        raise SettingError(
            f"COURSE_PRECISION is {precision!r}; allowed are {' and '.join(PRECISIONS)}. "
            "To let the course choose: unset COURSE_PRECISION"
        )
    if threads is not None and not (threads.isdecimal() and int(threads)):
        raise SettingError(
            f"COURSE_THREADS is {threads!r}; expected a whole number from 1. "
            "To let the course choose: unset COURSE_THREADS"
        )
    backend, cores, flags = os.environ.get("KERAS_BACKEND", "tensorflow"), cpu_count(), _cpu_flags()
    amx, avx512_bf16 = "amx_bf16" in flags, "avx512_bf16" in flags
    gpu, gpu_has_bfloat16 = _nvidia_gpu()
    # bfloat16 pays where the hardware multiplies it. Measured under TensorFlow: 2 to 3.5 times
    # faster an image with AMX, about 1.5 times with AVX-512's bfloat16 unit; slower without either.
    fast_cpu = backend == "tensorflow" and (amx or avx512_bf16)
    fast_bfloat16 = gpu_has_bfloat16 if gpu else fast_cpu
    overrides = tuple(name for name in ("COURSE_PRECISION", "COURSE_THREADS") if name in os.environ)
    overruled = ()
    with contextlib.suppress(OSError, ValueError):  # of a broken file the doctor tells
        overruled = overruled_settings()
    return Machine(
        backend=backend,
        gpu=gpu,
        cores=cores,
        threads=int(threads or cores),
        amx=amx,
        avx512_bf16=avx512_bf16,
        memory_mb=memory_mb(),
        precision=precision or ("mixed_bfloat16" if fast_bfloat16 else "float32"),
        fast_bfloat16=fast_bfloat16,
        overrides=overrides,
        overruled=overruled,
    )


def cpu_count() -> int:
    """How many CPU cores this process may use: affinity and control groups are obeyed."""
    import joblib

    return joblib.cpu_count()


def memory_mb(root: Path = Path("/")) -> int:
    """How much memory this process may use, in MB (10^6 bytes).

    The smallest of the machine's memory, the limits of the process's control groups (version 1 and
    2) and the resource limits on its address space and resident set. `root` is the folder that
    holds `proc` and `sys`.
    """
    import psutil

    limits = [psutil.virtual_memory().total]
    with contextlib.suppress(ImportError):  # Windows has no such module.
        import resource

        soft = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_RSS)]
        limits += [limit for limit in soft if limit != resource.RLIM_INFINITY]
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            name = {"": "memory.max", "memory": "memory.limit_in_bytes"}.get(controllers)
            inside = root / "sys/fs/cgroup" / controllers / group.strip("/")
            # A parent limits as well; and in a container the group may be named as the host sees
            # it, and lie at the base here. A group without a limit says "max".
            for folder in (inside, *inside.parents) if name else ():
                with contextlib.suppress(OSError, ValueError):
                    limits.append(int((folder / name).read_text()))
    return min(limits) // 10**6


def configure(machine: Machine, seed: int) -> None:
    """Load Keras and its backend so that training on `machine` is quick, quiet and repeatable.

    Sets threads before the backend starts, the precision policy, and the seed of Python, NumPy
    and the backend. The image data format is channels_last and floatx float32, whatever the user's
    keras.json says. Safe to call again; threads are then left as they are. Raises CourseError where
    `check_gpu` does.
    """
    os.environ["KERAS_BACKEND"] = machine.backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # TensorFlow takes oneDNN's kernels by itself only on newer CPUs; with AVX2 alone the baseline CNN
    # trains 1.48 times as fast with them.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    # The framework is not in memory yet, as a rule: its start-up chatter goes to file descriptor 2,
    # which Jupyter captures and would paste under the lesson's first cell.
    with _quiet_file_descriptor(2), _without_collector():
        set_threads(machine.backend, machine.threads)
        import keras

        check_gpu(machine)
        if machine.backend == "tensorflow":
            import tensorflow as tf

            # A lesson that trains one model after another would be warned of retracing each time.
            tf.get_logger().setLevel("ERROR")
            for gpu in tf.config.list_physical_devices("GPU"):
                with contextlib.suppress(RuntimeError):
                    tf.config.experimental.set_memory_growth(gpu, True)
            tf.zeros(1)  # The runtime starts, and says so, here and not in a lesson's cell.
        for name, value in KERAS_SETTINGS.items():
            getattr(keras.config, f"set_{name}")(value)
        keras.config.set_dtype_policy(machine.precision)
        keras.utils.set_random_seed(seed)
    if machine.backend == "tensorflow":
        feed_without_autotune()


def set_threads(backend: str, threads: int) -> None:
    """Load the backend and give it so many threads; TensorFlow, once it has started, keeps its own."""
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    if backend == "tensorflow":
        import tensorflow as tf

        # A runtime that has started raises.
        with contextlib.suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(min(threads, 2))
    elif backend == "torch":
        import torch

        torch.set_num_threads(threads)


def check_gpu(machine: Machine) -> None:
    """Load the backend; raise CourseError if it lists no GPU where `machine` has one.

    Mode, precision and the records' hardware would be a GPU's, and the CPU would do the work.
    """
    if machine.gpu is None or machine.backend not in GPU_BUILDS:
        return
    with _quiet_file_descriptor(2):
        backend = import_module(machine.backend)
        if machine.backend == "tensorflow":
            usable = bool(backend.config.list_physical_devices("GPU"))
        elif machine.backend == "jax":
            usable = backend.default_backend() == "gpu"
        else:
            usable = backend.cuda.is_available()
    if not usable:
        name, command = GPU_BUILDS[machine.backend]
        raise CourseError(
            f"There is a GPU here ({machine.gpu}), but the installed {name} cannot use it. Install "
            f"one that can: {command}; or hide the GPU and train on the CPU: "
            "export CUDA_VISIBLE_DEVICES=-1"
        )


@functools.cache
def feed_without_autotune() -> bool:
    """Switch tf.data's autotuning off wherever Keras feeds NumPy arrays to TensorFlow.

    The autotune thread sleeps in doubling periods and holds an epoch at its end until it wakes: up
    to as long again as the epoch took. No public setting reaches the dataset that `fit` makes of
    arrays, so the method of Keras that makes it is wrapped. Another Keras may have no such method:
    then one sentence is printed and `fit` works as Keras made it, with those waits.

    Returns whether it is switched off.
    """
    import tensorflow as tf

    try:
        from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

        with_autotune = ArrayDataAdapter.get_tf_dataset
    except (ImportError, AttributeError):
        print(
            "This Keras feeds arrays in another way than the one that the course was tested with: "
            "training works, and an epoch may take up to twice as long as it should."
        )
        return False

    @functools.wraps(with_autotune)
    def get_tf_dataset(self):
        options = tf.data.Options()
        options.autotune.enabled = False
        return with_autotune(self).with_options(options)

    ArrayDataAdapter.get_tf_dataset = get_tf_dataset
    return True


def peak_memory_mb() -> float:
    """Peak resident memory of this process so far, in MB (10^6 bytes); nan where unknown."""
    try:
        import resource
    except ImportError:  # Windows has no such module.
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 10**6 if sys.platform == "darwin" else peak * 1024 / 10**6


def keras_file() -> Path:
    """The user's own file of settings for Keras, whatever project they were made for."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "keras.json"


def overruled_settings() -> tuple[str, ...]:
    """The settings of the user's keras.json that `configure` replaces, as "name value"; () without one.

    Raises OSError or ValueError for a file that cannot be read.
    """
    try:
        own = json.loads(keras_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    if not isinstance(own, dict):
        raise ValueError(f"a {type(own).__name__} in place of a JSON object")
    return tuple(
        f"{name} {own[name]}"
        for name, value in KERAS_SETTINGS.items()
        if own.get(name, value) != value
    )


def _cpu_flags() -> set[str]:
    with contextlib.suppress(OSError):
        for line in CPU_INFO.read_text().splitlines():
            if line.startswith("flags"):
                return set(line.split())
    return set()


def _nvidia_gpu():
    """Name of the first visible NVIDIA GPU and whether it multiplies bfloat16; (None, False)."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    pinned = visible.split(",")[0].strip() if visible is not None else None
    if pinned in ("", "-1") or not shutil.which("nvidia-smi"):
        return None, False
    command = ["nvidia-smi", "--query-gpu=name,compute_cap", "--format=csv,noheader"]
    # CUDA obeys the variable and nvidia-smi does not. A slice of a GPU it knows only as a whole one.
    if pinned is not None and not pinned.startswith("MIG-"):
        command.append(f"--id={pinned}")
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
        first = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
        name, capability = first.stdout.splitlines()[0].rsplit(",", 1)
        return name.strip(), float(capability) >= 8.0
    return None, False


@contextlib.contextmanager
def _without_collector():
    """Switch the garbage collector off while a framework is loaded: it saves a sixth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextlib.contextmanager
def _quiet_file_descriptor(descriptor):
    """Send what native libraries print to `descriptor` to the null device for a while."""
    kept = os.dup(descriptor)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, descriptor)
        yield
    finally:
        os.dup2(kept, descriptor)
        os.close(kept)
        os.close(null)
