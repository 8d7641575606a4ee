"""A course of two small lessons, the command called in this process, and batches made by hand."""

import json

from paths import ROOT

from course_tools import cli
from course_tools.batch import manifest
from course_utils import evidence

SCRIPT = (
    "# %% [markdown]\n# # A title\n\n"
    '# %% tags=["parameters"]\nmode = "auto"\nseed = 1\n\n# %%\nprint(6 * 7)\n'
)


def said(capsys, *words):
    """Exit code, standard output and standard error of a command run in this process."""
    code = 0
    try:
        cli.app([str(word) for word in words])
    except SystemExit as end:
        code = end.code or 0
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def make(folder):
    """Write two small lessons and a solution below `folder`."""
    notebooks = folder / "notebooks"
    (notebooks / "solutions").mkdir(parents=True)
    (folder / "course_utils").mkdir()
    (notebooks / "jupytext.toml").write_text((ROOT / "notebooks" / "jupytext.toml").read_text())
    (notebooks / "01_first.py").write_text(SCRIPT)
    (notebooks / "solutions" / "01_first.py").write_text(SCRIPT.replace("6 * 7", "'solved'"))
    (notebooks / "02_second.py").write_text(SCRIPT.replace("6 * 7", "mode"))


def protocol_text(seeds, arms, compare=()):
    """Text of a protocol with one table, "toy", of `seeds` runs an arm; `arms` as TOML has them."""
    return f"""
[toy]
kind = "article"
question = "?"
model = "baseline_cnn"
mode = "reduced"
epochs = 2
learning_rate = 0.001
verdict_seeds = {list(range(seeds))}
judge = "compare"
compare = {json.dumps(compare)}
[toy.arms]
{arms}
"""


def record(**changes):
    """What a training left; `notebook`, `given` and `ended` tell of its run (see `batch_of`)."""
    filled = dict.fromkeys(evidence.COLUMNS) | {
        "lesson": "02_second",
        "model": "baseline_cnn",
        "techniques": "",
        "mode": "reduced",
        "seed": 1,
        "data": "mnist",
        "n_train": 5000,
        "epochs": 6,
        "seconds": 1.0,
        "val_accuracy": 1.0,
        "val_loss": 1.0,
        "test_accuracy": 0.97654321,
        "backend": "tensorflow",
        "precision": "float32",
        "hardware": "a cpu",
        "version": "0.1.0",
        "keras_version": "3",
        "data_sha256": "a" * 16,
        "status": "ok",
    }
    return filled | changes


def batch_of(folder, records, status="ok", **parameters):
    """Write a finished batch, one record a run, into `folder` and return it.

    A record may tell of its run: `notebook`, `given` (parameters), how it `ended`, what it `solved`.
    """
    (folder / "records").mkdir(parents=True)
    header = {
        "format": manifest.FORMAT,
        "notebooks": {},
        "runs": {},
        "settings": {},
        "code": "x" * 16,
    }
    lines = []
    for number, one in enumerate(records):
        id, file = f"run{number}", f"records/{number}.json"
        (folder / file).write_text(json.dumps(one))
        given = {"seed": one["seed"], **parameters, **one.get("given", {})}
        header["runs"][id] = {"notebook": one.get("notebook", one["lesson"]), "parameters": given}
        ended = one.get("ended", status)
        lines.append(
            {
                "id": id,
                "status": ended,
                "seconds": 60.04 + number,
                "files": [file] if ended == "ok" or one["status"] == "failed" else [],
                "message": None,
                "traceback": None,
                "peak_memory_mb": 800.4,
                "mode": one["mode"],
                "solved": one.get("solved", []),
            }
        )
    text = "".join(json.dumps(line) + "\n" for line in (header, *lines))
    (folder / "manifest.jsonl").write_text(text)
    return folder
