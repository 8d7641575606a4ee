"""What a batch runs: which parameters, in which order.

Everything is checked here, before a kernel starts: papermill only warns about a parameter that the
notebook does not have.
"""

import ast
import difflib
import hashlib
import itertools
import json
import math
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from course_tools.batch.reading import UNKNOWN, Notebook
from course_utils import modes
from course_utils.errors import BatchError
from course_utils.modes import AUTO, MODES, is_mode

MAX_RUNS = 100_000
NEGATIVE_SEED = "{} is {}; expected a whole number from 0. For example: --seed 1"
SECONDS = {"": 1, "s": 1, "sec": 1, "m": 60, "min": 60, "mins": 60, "h": 3600, "d": 86_400}
MEGABYTES = {"": 1, "kb": 1e-3, "mb": 1, "gb": 1e3, "tb": 1e6}
MEGABYTES |= {f"{name[0]}ib": 1024**power / 1e6 for power, name in enumerate("kmgt", start=1)}


@dataclass(frozen=True)
class Run:
    """One run of a grid; `id` is also the stem of its files."""

    id: str
    notebook: str
    parameters: dict

    @property
    def mode(self):
        """The course's mode that the run was given, or None."""
        mode = self.parameters.get("mode")
        return mode if is_mode(mode) else None

    def command(self, path) -> str:
        """The command that runs this run alone; `path` is what `course run` calls its notebook."""
        words = ["course", "run", str(path)]
        for name, value in self.parameters.items():
            text = repr(value) if isinstance(value, str) and "," in value else str(value)
            # Only the course's own modes are an option's.
            option = name == "seed" or (name == "mode" and is_mode(value))
            words += [f"--{name}", text] if option else ["--param", f"{name}={text}"]
        return shlex.join(words)


# What the options say


def check_mode(mode: str | None) -> None:
    """Raise BatchError unless `mode` is None, `AUTO` or one of `MODES`."""
    if mode is not None and not is_mode(mode):
        near = difflib.get_close_matches(str(mode), MODES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise BatchError(f"There is no mode {mode!r}.{hint} Modes: --mode {' | '.join(MODES)}")


def chosen_seeds(seed: int | None, seeds: str | None) -> list[int] | None:
    """The seeds of --seed or --seeds; raises BatchError for both, or for a negative one."""
    if seed is not None and seeds is not None:
        raise BatchError("--seed and --seeds are both given; --seeds 0-9 alone is enough.")
    if seed is not None and seed < 0:
        raise BatchError(NEGATIVE_SEED.format("--seed", seed))
    return [seed] if seed is not None else parse_seeds(seeds) if seeds is not None else None


def seconds(text: str | None) -> float | None:
    """Seconds from "90", "30min" or "2h"; raises BatchError for anything else."""
    return _quantity(text, "--timeout", SECONDS, "90, 30min or 2h")


def megabytes(text: str | None) -> float | None:
    """MB (10^6 bytes) from "1500MB", "2GB" or "2GiB"; a plain number is MB. Raises BatchError."""
    return _quantity(text, "--memory-limit", MEGABYTES, "1500MB or 2GB")


def _quantity(text, option, units, examples):
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    value = float(found[1]) * units.get(found[2], 0) if found else 0
    if value <= 0:
        raise BatchError(f"{option} is {text!r}; expected for example {examples}.")
    return value


def folder(path: Path | None) -> str | None:
    """The absolute path of an existing folder; raises BatchError for another."""
    if path is None:
        return None
    if not path.is_dir():
        raise BatchError(f"--cwd names {path}, which is not a folder. Make it: mkdir -p {path}")
    return str(path.resolve())


def parse_seeds(text: str) -> list[int]:
    """Seeds from "0-9", "3" or "0-4,7,10-12"; raises BatchError for anything else."""
    wanted = 'Write whole numbers from 0, for example: --seeds 0-9   --seeds "0-4,7"'
    seeds = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d+)(?:\s*-\s*(\d+))?\s*", part)
        if not found:
            raise BatchError(f"--seeds is {text!r}: {part.strip()!r} is no seed or range. {wanted}")
        first = int(found[1])
        last = int(found[2]) if found[2] else first
        if last < first:
            raise BatchError(f"--seeds {part.strip()} runs backwards and is empty. {wanted}")
        if last - first >= MAX_RUNS or last >= 2**32:
            raise BatchError(
                f"--seeds {part.strip()} is out of bounds (at most 4294967295). {wanted}"
            )
        seeds.extend(range(first, last + 1))
    return list(dict.fromkeys(seeds))


def parse_parameters(pairs) -> dict[str, list[str]]:
    """`["techniques=l2,he_init", "depth=3"]` as name to list of texts.

    A comma separates values of the grid, except within quotes or brackets. Raises BatchError.
    """
    grid = {}
    for pair in pairs:
        name, equals, values = pair.partition("=")
        if not equals or not name.strip().isidentifier():
            raise BatchError(
                f"--param is {pair!r}; expected name=value or name=value,value. "
                "For example: --param techniques=l2,batch_norm"
            )
        if name.strip() in grid:
            raise BatchError(
                f"--param {name.strip()} is given twice. Separate its values by commas instead."
            )
        grid[name.strip()] = _split(values)
    return grid


def _split(text):
    parts, depth, quote = [""], 0, None
    for character in text:
        if quote:
            quote = None if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth <= 0:
            parts.append("")
            continue
        parts[-1] += character
    return list(dict.fromkeys(part.strip() for part in parts))


def coerce(notebook: Notebook, name: str, text: str):
    """The value that `text` means for a notebook's parameter, by the type of its default."""
    defaults = {name: UNKNOWN} if notebook.defaults is None else notebook.defaults
    if name not in defaults:
        near = difflib.get_close_matches(name, defaults, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        has = ", ".join(defaults) or "none (no cell is tagged 'parameters')"
        raise BatchError(f"{notebook.name} has no parameter {name!r}.{hint} Its parameters: {has}.")
    default = defaults[name]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = {"true": True, "false": False, "none": None}.get(text.lower(), text)
    if isinstance(default, str):
        return value if isinstance(value, str) and text[:1] in "\"'" else text
    if type(default) is float and type(value) is int:
        value = float(value)
    kinds = {bool: "True or False", int: "a whole number", float: "a number"}
    if type(default) in kinds and type(value) is not type(default):
        raise BatchError(
            f"Parameter {name} of {notebook.name} is {kinds[type(default)]} (default {default!r}), "
            f"and {text!r} is not. For example: --param {name}={default!r}"
        )
    try:
        # As the manifest keeps it and the notebook gets it: a tuple is a list there.
        return json.loads(json.dumps(value))
    except (TypeError, ValueError):
        raise BatchError(
            f"Parameter {name} of {notebook.name} cannot be {text}: a {type(value).__name__} does "
            "not travel to a notebook. Write numbers, texts, True, False, None, and lists and "
            f"dictionaries of them. For example: --param {name}=[1,2]"
        ) from None


# The grid


def lay_out(notebooks, seeds=None, mode=None, parameters=None) -> list[Run]:
    """All runs: notebooks by parameters by seeds, seeds fastest.

    `seeds` (list of int) and `mode` (one of `MODES`) are passed to the notebooks that have such a
    parameter; raises BatchError when one was asked for that a notebook lacks, or when nothing is
    left to run. A `mode` whose default is none of the course's is the notebook's own, and a
    parameter like any other. `parameters` maps names to lists of texts.
    """
    check_mode(mode)
    axes = {name: list(texts) for name, texts in (parameters or {}).items()}
    for name, given in (("seed", seeds is not None), ("mode", mode is not None)):
        if name in axes and given:
            raise BatchError(
                f"{name} is given twice: as an option and as --param {name}. Drop one."
            )
    runs, taken = [], set()
    for notebook in notebooks:
        values = {name: [coerce(notebook, name, text) for text in axes[name]] for name in axes}
        known = notebook.defaults or {}
        # Of a default that is computed nobody knows yet what it is; the course's are strings.
        own_mode = known.get("mode", UNKNOWN) is not UNKNOWN and not is_mode(known["mode"])
        if own_mode and mode not in (None, AUTO):
            raise BatchError(
                f"The parameter mode of {notebook.name} (default {known['mode']!r}) is none of the "
                f"course's modes, so --mode {mode} is not for it. Run it without --mode; to give the "
                "parameter another value: --param mode=VALUE"
            )
        if "mode" in known and "mode" not in values and not own_mode:
            values["mode"] = [suitable_mode() if mode in (None, AUTO) else mode]
        elif mode not in (None, AUTO):
            coerce(notebook, "mode", mode)
        if seeds is not None:
            values["seed"] = [coerce(notebook, "seed", str(seed)) for seed in seeds]
        elif known.get("seed", UNKNOWN) is not UNKNOWN and "seed" not in values:
            values["seed"] = [known["seed"]]
        # 1 and 1.0 may be two texts and one value.
        values = {
            name: list({repr(v): v for v in found}.values()) for name, found in values.items()
        }
        if not own_mode:
            for value in values.get("mode", ()):
                check_mode(value)
        for value in values.get("seed", ()):
            if isinstance(value, int) and value < 0:
                raise BatchError(NEGATIVE_SEED.format("seed", value))
        names = sorted(values, key=lambda name: (name == "mode") + 2 * (name == "seed"))
        if len(runs) + math.prod(map(len, values.values())) > MAX_RUNS:
            raise BatchError(
                f"The grid has more than {MAX_RUNS:,} runs. Split it over several --out."
            )
        for combination in itertools.product(*(values[name] for name in names)):
            chosen = dict(zip(names, combination, strict=True))
            id = run_id(notebook.name, chosen)
            if id in taken:
                # Different runs may spell alike, such as the techniques "" and "plain".
                id += f"-{hashlib.sha256(repr(chosen).encode()).hexdigest()[:8]}"
            taken.add(id)
            runs.append(Run(id, notebook.name, chosen))
    if not runs:
        raise BatchError(
            "The grid is empty: nothing to run. For example: course run 02 --seeds 0-9"
        )
    return runs


def suitable_mode() -> str:
    """The mode for a run that names none: COURSE_MODE, else full on a GPU and reduced on a CPU."""
    mode = modes.from_environment()
    if mode != AUTO:
        return mode
    from course_utils import machine

    return machine.detect().mode


def run_id(notebook: str, parameters: dict) -> str:
    """A run's name, fit for a file: notebook, own parameters, mode, seed."""
    parts = [notebook]
    for name, value in parameters.items():
        if name in ("techniques", "model") or (name == "mode" and is_mode(value)):
            parts.append(str(value) or "plain")
        else:
            parts.append(f"seed{value}" if name == "seed" else f"{name}={value}")
    full = ".".join(parts)
    safe = re.sub(r"[^\w.+=-]", "_", full)
    if safe != full or len(safe) > 150:
        # Two values that differ only in what a file name cannot hold stay two runs.
        safe = f"{safe[:140]}-{hashlib.sha256(full.encode()).hexdigest()[:8]}"
    return safe
