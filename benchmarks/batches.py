"""`python -m benchmarks.batches`: what a batch costs above the runs in it.

    memory       how much the client grows over many no-op runs on 2 workers
    scheduling   seconds a run in which one worker has none: between the end of one and the next
    papermill    seconds of a no-op run here, against `python -m papermill` in turn
    parallel     time that two bare processes need for some work, over that of a batch on 2 workers

The numbers hold for a machine that does nothing else; its load at the start and the end is written
beside them. Results go to build/benchmarks/batches.json.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks import measure
from course_tools.batch import execution, manifest

# Goals: MB for 1,000 runs, seconds a run, seconds a run, a fraction of the ideal.
GOALS = {"memory": 50, "scheduling": 0.2, "papermill": 0.2, "parallel": 0.9}
# Runs after which the client has loaded everything that it is ever going to load.
WARM = 20
WORK = "total = 0\nfor number in range({}):\n    total += number * number\n"


def notebook(folder, name, cell):
    """A notebook of one cell, with the parameter `seed`; returns its path."""
    book = nbformat.v4.new_notebook()
    book.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "P"}
    tags = {"tags": ["parameters"]}
    book.cells = [
        nbformat.v4.new_code_cell("seed = 0", metadata=tags),
        nbformat.v4.new_code_cell(cell),
    ]
    path = Path(folder) / f"{name}.ipynb"
    nbformat.write(book, path)
    return path


def finished(out):
    """How many runs of a batch are done: lines of its manifest after the header."""
    path = Path(out) / "manifest.jsonl"
    return max(0, path.read_bytes().count(b"\n") - 1) if path.is_file() else 0


def use(process):
    """Memory in MB and CPU time in seconds of a process; None when it has ended."""
    try:
        resident, times = process.memory_info().rss, process.cpu_times()
    except psutil.Error:
        return None
    # One that has ended and was not yet waited for is still listed, with no memory.
    return (resident / 1e6, times.user + times.system) if resident else None


def batch(folder, book, runs, workers):
    """Run a batch; returns its entries, its samples over time, and its seconds.

    A sample is the number of runs done, the client's memory in MB and its CPU time in seconds.
    """
    out = Path(tempfile.mkdtemp(dir=folder))
    code = "from course_tools.cli import app; app()"
    words = ["run", book, "--seeds", f"0-{runs - 1}", "--workers", workers, "--out", out / "out"]
    samples, began = [], time.monotonic()
    with (out / "log.txt").open("w") as log:
        client = psutil.Popen(
            [sys.executable, "-c", code, *map(str, words)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(measure.ROOT)},
            stdout=log,
            stderr=log,
        )
        while client.poll() is None and (used := use(client)):
            samples.append((finished(out / "out"), *used))
            time.sleep(0.2)
    seconds = time.monotonic() - began
    if client.wait():
        raise SystemExit(f"the batch failed:\n{(out / 'log.txt').read_text()}")
    found = manifest.Manifest.read(out / "out")[1]
    return list(found.values()), samples, seconds


def memory(folder, runs):
    """Growth of the client in MB, from run WARM to the end, and what 1,000 runs would make of it."""
    _, samples, seconds = batch(folder, notebook(folder, "noop", "seed"), runs, 2)
    warm = [sample for sample in samples if sample[0] >= WARM]
    done, megabytes, used = zip(*warm, strict=True)
    slope = statistics.linear_regression(done, megabytes).slope
    return {
        "value": slope * 1000 if runs < 1000 else megabytes[-1] - megabytes[0],
        "runs": runs,
        "seconds_a_run": seconds / runs,
        "mb": [round(number, 1) for number in (megabytes[0], max(megabytes), megabytes[-1])],
        "mb_grown": megabytes[-1] - megabytes[0],
        "mb_a_run": slope,
        # What the client itself computes for a run, on a busy machine too.
        "cpu_seconds_a_run": (used[-1] - used[0]) / max(1, done[-1] - done[0]),
    }


def scheduling(folder, runs):
    """Seconds of a batch on one worker in which no run was under way, for each run after the first.

    A batch of one run tells what the client takes to start and to end, which is no scheduling.
    """
    book = notebook(folder, "noop", "seed")
    (only,), _, alone = batch(folder, book, 1, 1)
    found, _, whole = batch(folder, book, runs + 1, 1)
    inside = sum(entry.seconds for entry in found)
    outside = whole - inside - (alone - only.seconds)
    return {"value": outside / runs, "runs": runs, "seconds_inside": inside / (runs + 1)}


def papermill(folder, turns):
    """A no-op run here and one of papermill's command, in turn; the median difference in seconds."""
    book = notebook(folder, "noop", "seed")
    here, theirs = [], []
    for turn in range(turns):
        job = execution.Job("noop", book.read_bytes(), {"seed": turn})
        began = time.monotonic()
        assert execution.run(job).status == "ok"
        here.append(time.monotonic() - began)
        words = ["-m", "papermill", "--no-progress-bar", "-p", "seed", str(turn), str(book)]
        began = time.monotonic()
        subprocess.run(
            [sys.executable, *words, str(folder / "out.ipynb")], check=True, capture_output=True
        )
        theirs.append(time.monotonic() - began)
    differences = [ours - other for ours, other in zip(here, theirs, strict=True)]
    return {
        "value": statistics.median(differences),
        "turns": turns,
        "seconds_here": statistics.median(here),
        "seconds_papermill": statistics.median(theirs),
    }


def parallel(folder, runs, work_seconds, turns=3):
    """Two bare processes that share some work, over a batch on 2 workers that does the same.

    They take turns, so that a machine that slows down slows both; the median of the ratios counts.
    """
    began = time.monotonic()
    exec(WORK.format(3_000_000), {})
    count = round(3_000_000 * work_seconds / (time.monotonic() - began))
    cell, ideal, here = WORK.format(count), [], []
    book = notebook(folder, "work", cell)
    for _ in range(turns):
        began = time.monotonic()
        words = [sys.executable, "-c", cell * (runs // 2)]
        bare = [subprocess.Popen(words) for _ in range(2)]
        assert [process.wait() for process in bare] == [0, 0]
        ideal.append(time.monotonic() - began)
        here.append(batch(folder, book, runs, 2)[2])
    ratios = [bare / ours for bare, ours in zip(ideal, here, strict=True)]
    return {
        "value": statistics.median(ratios),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "runs": runs,
        "seconds_ideal": statistics.median(ideal),
        "seconds": statistics.median(here),
    }


def verdict(name, value):
    """ "reached" or "missed"; a parallel efficiency should be large, everything else small."""
    good = value >= GOALS[name] if name == "parallel" else value < GOALS[name]
    return "reached" if good else "missed"


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batches", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(GOALS)}")
    parser.add_argument("--runs", type=int, default=1000, help="no-op runs for the memory")
    parser.add_argument("--turns", type=int, default=15, help="runs for the seconds a run")
    # Shorter than most lessons in reduced mode, so that starts count for more than they do there.
    parser.add_argument("--work", type=float, default=30.0, help="seconds of work a parallel run")
    parser.add_argument("--out", default=measure.ROOT / "build" / "benchmarks", help="folder")
    given = parser.parse_args()
    if unknown := set(given.names) - set(GOALS):
        parser.error(f"unknown {unknown.pop()!r}; expected any of {', '.join(GOALS)}")
    if given.runs < 2 * WARM or given.turns < 1 or given.work <= 0:
        parser.error(f"--runs: at least {2 * WARM}; --turns: at least 1; --work: above 0")
    console = Console(width=None if sys.stdout.isatty() else 160)
    table = Table(title="What a batch costs")
    for heading in ("measured", "value", "goal", "verdict", "more"):
        table.add_column(heading)
    result = {"name": "batches", "load_before": os.getloadavg(), "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory(prefix="course-benchmark-") as name:
        folder = Path(name)
        measures = {
            "memory": lambda: memory(folder, given.runs),
            "scheduling": lambda: scheduling(folder, given.turns),
            "papermill": lambda: papermill(folder, given.turns),
            "parallel": lambda: parallel(folder, 6, given.work),
        }
        for name in given.names or GOALS:
            found = result[name] = measures[name]()
            found["verdict"] = verdict(name, found["value"])
            more = {k: v for k, v in found.items() if k not in ("value", "verdict")}
            words = ", ".join(
                f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in more.items()
            )
            units = {"memory": "MB in 1,000 runs", "parallel": "of the ideal"}
            unit = units.get(name, "s a run")
            table.add_row(
                name, f"{found['value']:.2f} {unit}", f"{GOALS[name]:g}", found["verdict"], words
            )
    result["load_after"] = os.getloadavg()
    console.print(table)
    console.print(f"written to {measure.write(given.out, result)}")
    return 1 if any(result[n]["verdict"] == "missed" for n in given.names or GOALS) else 0


if __name__ == "__main__":
    sys.exit(main())
