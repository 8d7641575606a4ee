"""Run records: one JSON file about one trained model, whoever trained it and wherever."""

import ast
import base64
import functools
import hashlib
import json
import math
import os
import zlib
from dataclasses import dataclass, field, fields
from pathlib import Path

from course_utils import files
from course_utils.errors import CourseError
from course_utils.home import RECORDS, home
from course_utils.networks import NETWORKS

# End of the name of a record whose training diverged.
FAILED = ".failed.json"
# What decides a training besides its notebook: networks, layers, choice of images.
TRAINING_CODE = ("models.py", "layers.py", "data/split.py")
# And where another notebook than the ablation makes a network's runs.
FURTHER_CODE = {"ladder": ("fast.py",)}
# What a record's JSON may hold for a field of each type, and what that is called.
KINDS = {
    str: (str | None, "text"),
    int: (int, "whole number"),
    int | None: (int | None, "whole number"),
    float | None: (float | int | None, "number"),
    list: (list, "list"),
    list | None: (list | None, "list"),
    dict: (dict, "object"),
}


@dataclass(frozen=True)
class Record:
    """What one training was, and what came of it.

    Accuracies are fractions, losses cross-entropies without penalties, times seconds, memory MB of
    10^6 bytes; None is what was not measured.

    Attributes:
        lesson: the notebook's name.
        model, techniques: what was trained, as `networks.NETWORKS` and `networks.parse_techniques` spell it.
        mode, seed: as `Lesson` had them.
        data, data_sha256, n_train: `Dataset.label`, `Dataset.sha256`, number of training images.
        table, arm, parameters: the protocol's table and arm that asked for the run, and what else
            the notebook was given; a lesson's own run belongs to no table.
        val_*, compare_*, test_*: scores on validation, comparison and test set.
        compare_n, test_n: the number of images of these sets.
        compare_mistakes, test_mistakes: indices of the images that were classified wrongly.
        compare_predictions: the probabilities on the comparison set, packed (see `pack`), or "".
        epochs, seconds, epoch_seconds, history: how the training went; `history` as Keras has it.
        overruled: the settings of the user's keras.json that the course replaced, as `Machine` has them.
        code: digest of what decides a training: networks, layers, choice of images.
        status: "ok", or "failed" for a training that diverged.
        further: whatever else the file holds.
    """

    lesson: str
    model: str
    techniques: str = ""
    mode: str = ""
    seed: int = 0
    data: str = ""
    data_sha256: str = ""
    n_train: int = 0
    table: str = ""
    arm: str = ""
    parameters: dict = field(default_factory=dict)
    val_accuracy: float | None = None
    val_loss: float | None = None
    compare_accuracy: float | None = None
    compare_loss: float | None = None
    compare_n: int | None = None
    compare_mistakes: list | None = None
    compare_predictions: str = ""
    test_accuracy: float | None = None
    test_loss: float | None = None
    test_n: int | None = None
    test_mistakes: list | None = None
    test_openings: list = field(default_factory=list)
    epochs: int = 0
    seconds: float | None = None
    epoch_seconds: list = field(default_factory=list)
    history: dict = field(default_factory=dict)
    peak_memory_mb: float | None = None
    backend: str = ""
    precision: str = ""
    hardware: str = ""
    overruled: list = field(default_factory=list)
    version: str = ""
    keras_version: str = ""
    python_version: str = ""
    code: str = ""
    status: str = "ok"
    further: dict = field(default_factory=dict)

    @property
    def went_well(self) -> bool:
        """Whether the training ended, and did not diverge."""
        return self.status == "ok"

    @property
    def file_name(self) -> str:
        """What was trained, how, and with which seed.

        A training that diverged has a name of its own, so that it never takes a good record's place.
        """
        parts = (self.lesson, self.model, self.techniques or "plain", self.mode, f"seed{self.seed}")
        return ".".join(parts) + (".json" if self.went_well else FAILED)

    @property
    def network_name(self) -> str:
        """The file of its network, where that was kept (see `Lesson.record`).

        Arms of a table may differ in neither techniques nor seed, so table and arm are in the name.
        """
        stem = self.file_name.removesuffix(".json")
        return ".".join(filter(None, (self.table, self.arm, f"{stem}.keras")))

    @classmethod
    def from_dict(cls, content) -> "Record":
        """The record that a JSON object holds; what it does not know goes to `further`.

        Raises ValueError for what is no object, does not name a lesson and a model, or has something of
        another kind in a field, such as a text for an accuracy.
        """
        if not isinstance(content, dict):
            raise ValueError(f"a {type(content).__name__} in place of a JSON object")
        known = {each.name: each.type for each in fields(cls) if each.name != "further"}
        own = {name: value for name, value in content.items() if name in known}
        for name in ("lesson", "model"):
            if not isinstance(own.get(name), str):
                raise ValueError(f"no text under {name!r}")
        for name, value in own.items():
            kind, words = KINDS[known[name]]
            if not isinstance(value, kind):
                raise ValueError(f"no {words} under {name!r}")
        return cls(**own, further={k: v for k, v in content.items() if k not in own})

    @classmethod
    def read(cls, path) -> "Record":
        """The record in a file. Raises OSError, and ValueError for a file that holds none."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))

    def to_dict(self) -> dict:
        """What the JSON file holds: plain numbers, texts, lists and objects; NaN as null."""
        content = {each.name: getattr(self, each.name) for each in fields(self)}
        return _plain(content.pop("further") | content)

    def to_json(self) -> str:
        """The record as the text of its file."""
        return json.dumps(self.to_dict(), indent=1, sort_keys=True, allow_nan=False) + "\n"

    def write(self, folder) -> Path:
        """Write the record into a folder, whole or not at all, and return its path.

        Raises CourseError when the file cannot be written.
        """
        path = Path(folder) / self.file_name
        try:
            files.write_atomically(path, self.to_json().encode())
        except OSError as error:
            raise CourseError(
                f"The run record {path.name} could not be written to {folder} ({files.why(error)}); "
                "nothing was left half-written. Another folder, in a cell: %env COURSE_OUT=FOLDER"
            ) from error
        return path


def records_folder() -> Path:
    """Where a lesson's records go: COURSE_OUT, which a batch sets, or the learner's workspace."""
    if "COURSE_OUT" in os.environ:
        return Path(os.environ["COURSE_OUT"]).expanduser()
    return home() / RECORDS


@functools.cache
def training_code(model: str) -> str:
    """8 hexadecimal digits of the code that decides how a model is trained.

    Comments and docstrings do not count, nor do the builders of other models: a network that is
    added later leaves the runs of the others what they are.
    """
    digest = hashlib.sha256()
    network = NETWORKS.get(model)
    further = FURTHER_CODE.get(network.reference, ()) if network else ()
    for name in TRAINING_CODE + further:
        tree = ast.parse((Path(__file__).resolve().parents[1] / name).read_text(encoding="utf-8"))
        tree.body = [part for part in tree.body if not _builds_another(part, tree, model)]
        for node in ast.walk(tree):
            has_docstring = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            if has_docstring and ast.get_docstring(node):
                node.body[0].value = ast.Constant("")
        digest.update(ast.unparse(tree).encode())
    return digest.hexdigest()[:8]


def _builds_another(part, tree, model):
    """Whether a top-level statement is another model's builder, or the list of all builders."""
    listed = [each for each in tree.body if getattr(_target(each), "id", "") == "BUILDERS"]
    builders = {
        key.value: function.id
        for each in listed
        for key, function in zip(each.value.keys, each.value.values, strict=True)
    }
    name = getattr(part, "name", "")
    return part in listed or (name in builders.values() and name != builders.get(model))


def _target(statement):
    return statement.targets[0] if isinstance(statement, ast.Assign) else None


def pack(predictions) -> str:
    """Probabilities, shape (n, 10), as text: half-precision numbers in base 64."""
    import numpy as np

    return base64.b64encode(np.asarray(predictions, dtype="<f2").tobytes()).decode("ascii")


def unpack(text: str):
    """What `pack` made of them: float32, shape (n, 10)."""
    import numpy as np

    packed = np.frombuffer(base64.b64decode(text), dtype="<f2")
    return packed.astype("float32").reshape(-1, 10)


def pack_mistakes(mistakes, n: int) -> str:
    """Which of `n` images were classified wrongly, by their indices, as text.

    One bit an image, compressed, in base 64. Raises IndexError for an index that is not below `n`.
    """
    import numpy as np

    wrong = np.zeros(n, dtype=bool)
    wrong[mistakes] = True
    return base64.b64encode(zlib.compress(np.packbits(wrong).tobytes(), 9)).decode("ascii")


def unpack_mistakes(text: str, n: int):
    """What `pack_mistakes` made of them: bool, shape (n,), true where an image was classified wrongly."""
    import numpy as np

    packed = np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype="uint8")
    return np.unpackbits(packed, count=n).astype(bool)


def _plain(value):
    """NumPy numbers and arrays as JSON knows them; NaN and infinity as null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
