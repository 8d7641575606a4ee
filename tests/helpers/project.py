"""What the project declares, pins and commits."""

import re
import subprocess
import tomllib
from functools import cache

from packaging.requirements import Requirement
from paths import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]


@cache
def locked(lock):
    """The pins of a lock and the lines of hashes below each: [(Requirement, [line, ...]), ...]."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    pins = []
    for line in lines:
        pin, *hashes = re.split(r"\s+--hash=", line.strip())
        pins.append((Requirement(pin), hashes))
    return pins


def tracked_files():
    """Every file that git tracks, or would if it were added; outside a checkout, every source."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        return [
            ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()
        ]
    kinds = ("py", "ipynb", "md", "toml", "yml", "txt", "csv")
    return [
        path
        for kind in kinds
        for path in ROOT.rglob(f"*.{kind}")
        if not {".venv", "build", "workspace"} & {*path.relative_to(ROOT).parts}
    ]
