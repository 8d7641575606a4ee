"""Runs the trainings of a comparison in turn, and makes a ratio of their times."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

from course_utils.machine import Machine

ROOT = Path(__file__).resolve().parent.parent
# How each backend is called, and its module.
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
PEERS_PYTHON = "COURSE_PEERS_PYTHON"


class NotMeasured(Exception):
    """A side of a comparison cannot run here; str() says why, and the command that mends it."""


@cache
def python_for(backend, side):
    """The Python that has the backend, and Keras unless the side is PyTorch's own."""
    needed = [backend, "numpy"] + (["keras"] if side != "torch" else [])
    code = f"import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, {needed})))"
    for python in (sys.executable, os.environ.get(PEERS_PYTHON)):
        if python and not subprocess.run([python, "-c", code], capture_output=True).returncode:
            return python
    raise NotMeasured(
        f"{BACKENDS[backend]} is not installed. To measure: pip install {backend} "
        f"{'' if side == 'torch' else 'keras '}numpy, here or into another environment whose "
        f"Python {PEERS_PYTHON} names"
    )


def train_once(run, machine, epochs, **plan):
    """Return the mean seconds an epoch of one training, in a process of its own, and its accuracy.

    `plan`: `images`, a number of random ones; or the `mode` and `seed` of the digits to train on.
    The accuracy is that on held-out images after the last epoch, None where it is not measured.
    The mean and not the median: what an epoch waits for now and then is part of its cost.

    Raises:
        NotMeasured: if the backend is missing, or the training fails.
    """
    precision = run.precision or machine.precision
    if run.backend != "tensorflow" and not run.precision and not machine.gpu:
        precision = "float32"  # the course's choice on the other backends
    there = replace(machine, backend=run.backend, precision=precision)
    plan |= {
        "run": asdict(replace(run, precision=precision)),
        "machine": asdict(there),
        "epochs": epochs,
    }
    finished = subprocess.run(
        [python_for(run.backend, run.side), "-m", "benchmarks.train", json.dumps(plan)],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    if finished.returncode:
        raise NotMeasured(f"its training {how_it_ended(finished)}")
    measured = json.loads(finished.stdout.splitlines()[-1])
    return statistics.fmean(measured["seconds"]), measured["accuracy"]


def how_it_ended(finished):
    """Say how a failed process ended, and what to do; a killed one has said nothing useful."""
    if finished.returncode < 0:
        return (
            f"was killed by signal {-finished.returncode}, as a machine short of memory does. "
            "Close other programs and run the comparison again"
        )
    last = (finished.stderr.strip().splitlines() or ["it said nothing"])[-1]
    return f"ended with code {finished.returncode}: {last}"


def compare(comparison, machine: Machine, repeats, images, epochs, report=print):
    """Return what a comparison measured, a dict fit for JSON.

    Its runs take turns, A B A B, so that a machine that slows down slows both; the ratio is the
    median over the turns of ours over the fastest peer's.
    """
    goal = comparison.goal_amx if machine.amx else comparison.goal
    result = {"name": comparison.name, "title": comparison.title, "goal": goal}
    peers, why_not = [], {}
    for peer in comparison.peers:
        try:
            python_for(peer.backend, peer.side)
            peers.append(peer)
        except NotMeasured as error:
            why_not[peer.name] = str(error)
    result["not_measured"] = why_not
    if not peers:
        return result
    runs = [comparison.ours, *peers]
    turns = []
    try:
        for turn in range(repeats):
            times = {}
            for run in runs:
                report(f"{comparison.title}: {run.name}, {turn + 1} of {repeats}")
                times[run.name], _ = train_once(run, machine, epochs, images=images)
            turns.append(times)
    except NotMeasured as error:
        # The turns that were completed still count.
        why_not[run.name] = f"turn {turn + 1} of {repeats}: {error}"
        if not turns:
            return result
    seconds = {run.name: [times[run.name] for times in turns] for run in runs}
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    fastest = min(peers, key=lambda peer: medians[peer.name]).name
    ratios = [
        ours / peer
        for ours, peer in zip(seconds[comparison.ours.name], seconds[fastest], strict=True)
    ]
    result |= {
        "ours": comparison.ours.name,
        "peer": fastest,
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "seconds_an_epoch": seconds,
        "median_seconds_an_epoch": medians,
    }
    result["verdict"] = verdict(result["ratio"], goal)
    return result


def verdict(ratio, goal):
    """ "reached", "missed", or "" where there is no goal."""
    return "" if goal is None else "reached" if ratio <= goal else "missed"


def write(folder, result):
    """Write one comparison's result as JSON, whole or not at all; returns the path."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".part", delete=False) as file:
        json.dump(result, file, indent=1)
    path = folder / f"{result['name']}.json"
    os.replace(file.name, path)
    return path
