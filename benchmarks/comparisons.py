"""What is compared with what, and the goals.

A `Run` is one training in a process of its own: who wrote the model, which one, on what backend.
The course's runs go through `course_utils`, as a lesson's do: images as uint8 NumPy arrays into
`fit`, the machine's precision, autotuning off. The plain ones are in plain_keras.py and
plain_torch.py.
"""

from dataclasses import dataclass

SIX = "l2+he_init+batch_norm+augmentation+ensemble+early_stopping"
ONE_MEMBER = "l2+he_init+batch_norm+augmentation+early_stopping"


@dataclass(frozen=True)
class Run:
    """One training: `side` is "course", "keras" (plain) or "torch" (plain).

    `precision` is float32, mixed_bfloat16, or "" for the one that the course chooses here.
    `batch_norm` is "fused" or "keras", for the course's side.
    """

    name: str
    side: str
    model: str
    techniques: str = ""
    backend: str = "tensorflow"
    precision: str = "float32"
    batch_norm: str = "fused"


@dataclass(frozen=True)
class Comparison:
    """Seconds an epoch of `ours` over those of the fastest of `peers`.

    The goal is the largest ratio wanted: on a CPU with AMX, and on one without; None for none.
    """

    name: str
    title: str
    ours: Run
    peers: tuple[Run, ...]
    goal_amx: float | None = None
    goal: float | None = None


def course(name, model, techniques="", **options):
    """A training as the lessons do it."""
    return Run(name, "course", model, techniques, **{"precision": "", **options})


def plain_keras(model):
    """The same model in plain Keras: float32, NumPy into `fit`, defaults."""
    return Run("plain Keras, float32", "keras", model)


def plain_torch(model):
    """The same model in plain PyTorch, in float32 and under autocast to bfloat16."""
    return tuple(
        Run(f"plain PyTorch, {words}", "torch", model, backend="torch", precision=precision)
        for words, precision in (("float32", "float32"), ("bfloat16", "mixed_bfloat16"))
    )


def _all_conv(model, title):
    return Comparison(
        name=model,
        title=f"{title} against the faster of plain Keras and PyTorch",
        ours=course("the course", model),
        peers=(plain_keras(model), *plain_torch(model)),
        goal_amx=0.6,
        goal=1.0,
    )


def _shifts(backend, goal):
    return Comparison(
        name=f"shifts_{backend}",
        title=f"random shifts against none, {'JAX' if backend == 'jax' else 'TensorFlow'}",
        ours=course("with shifts", "baseline_cnn", "augmentation", backend=backend),
        peers=(course("without", "baseline_cnn", backend=backend),),
        goal_amx=goal,
        goal=goal,
    )


COMPARISONS = (
    Comparison(
        name="baseline_keras",
        title="baseline CNN against plain Keras",
        ours=course("the course", "baseline_cnn"),
        peers=(plain_keras("baseline_cnn"),),
        goal_amx=0.35,
        goal=0.9,
    ),
    Comparison(
        name="baseline_torch",
        title="baseline CNN against the faster plain PyTorch",
        ours=course("the course", "baseline_cnn"),
        peers=plain_torch("baseline_cnn"),
        goal_amx=0.8,
        goal=None,
    ),
    Comparison(
        name="six_techniques",
        title="all six techniques against the article's listing in plain Keras",
        ours=course("the course", "baseline_cnn", SIX),
        peers=(Run("plain Keras, float32", "keras", "six_techniques"),),
        goal_amx=0.35,
        goal=0.75,
    ),
    _shifts("tensorflow", 1.10),
    _shifts("jax", 1.25),
    Comparison(
        name="ensemble",
        title="ensemble of three members against one member",
        ours=course("three members", "baseline_cnn", SIX),
        peers=(course("one member", "baseline_cnn", ONE_MEMBER),),
        goal_amx=3.0,
        goal=3.0,
    ),
    Comparison(
        name="batch_norm",
        title="batch normalisation by TensorFlow's kernel against Keras's",
        ours=course("the kernel", "baseline_cnn", ONE_MEMBER),
        peers=(course("Keras's", "baseline_cnn", ONE_MEMBER, batch_norm="keras"),),
    ),
    Comparison(
        name="precision",
        title="baseline CNN in bfloat16 against float32, TensorFlow",
        ours=course("bfloat16", "baseline_cnn", precision="mixed_bfloat16"),
        peers=(course("float32", "baseline_cnn", precision="float32"),),
    ),
    _all_conv("all_conv", "all-conv"),
    _all_conv("small_all_conv", "small all-conv"),
    Comparison(
        name="fast_torch",
        title="lesson 16's fast network, shifts and mirrors included, against the faster plain PyTorch",
        ours=course("the course", "fast_cnn"),
        peers=plain_torch("fast_cnn"),
        goal_amx=0.8,
        goal=1.0,
    ),
)
