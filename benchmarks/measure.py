"""Runs the trainings of a comparison in turn, and makes a ratio of their times."""

import json
import os
import statistics
import subprocess
import sys
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

from course_utils import files
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
    median over the turns of ours over the fastest peer's. A peer that fails is left out from then on,
    and counts with the turns before it only where no other is left; ours failing ends the comparison.
    """
    goal = comparison.goal_amx if machine.amx else comparison.goal
    ours = comparison.ours
    result = {"name": comparison.name, "title": comparison.title, "ours": ours.name, "goal": goal}
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

    def train(run, turn):
        report(f"{comparison.title}: {run.name}, {turn} of {repeats}")
        return train_once(run, machine, epochs, images=images)[0]

    seconds, failed = _take_turns(ours, peers, repeats, train)
    why_not |= failed
    medians = {name: statistics.median(times) for name, times in seconds.items() if times}
    timed = [peer.name for peer in peers if peer.name in medians]
    if not timed:
        return result
    fastest = min([name for name in timed if name not in failed] or timed, key=medians.get)
    # The list of a peer that failed is the shorter one: their turns are the same up to there.
    pairs = zip(seconds[ours.name], seconds[fastest], strict=False)
    ratios = [mine / theirs for mine, theirs in pairs]
    result |= {
        "peer": fastest,
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "seconds_an_epoch": {name: seconds[name] for name in medians},
        "median_seconds_an_epoch": medians,
    }
    result["verdict"] = verdict(result["ratio"], goal)
    return result


def _take_turns(ours, peers, repeats, train):
    """Seconds of each run, name to list, and why those that failed did, name to sentence."""
    seconds, failed = {run.name: [] for run in (ours, *peers)}, {}
    left = [ours, *peers]
    for turn in range(1, repeats + 1):
        for run in tuple(left):
            try:
                seconds[run.name].append(train(run, turn))
            except NotMeasured as error:
                failed[run.name] = f"turn {turn} of {repeats}: {error}"
                left.remove(run)
                if run is ours:
                    return seconds, failed
        if left == [ours]:
            break
    return seconds, failed


def verdict(ratio, goal):
    """ "reached", "missed", or "" where there is no goal."""
    return "" if goal is None else "reached" if ratio <= goal else "missed"


def write(folder, result):
    """Write one comparison's result as JSON, whole or not at all; returns the path."""
    path = Path(folder) / f"{result['name']}.json"
    files.write_atomically(path, json.dumps(result, indent=1).encode())
    return path
