"""What a batch will cost, said before it starts: runs, minutes and memory from the reference runs."""

import dataclasses
from typing import NamedTuple

from course_tools.batch import resources
from course_tools.batch.terminal import clock
from course_utils import evidence


class Cost(NamedTuple):
    """What a run should take; `elsewhere` names the machine that took it where it is another one."""

    seconds: float
    peak_memory_mb: float
    elsewhere: str = ""


def expected_costs(runs, notebooks=(), workers: int = 1) -> dict[str, Cost]:
    """Run id to what the run should take, for the runs that were measured.

    The notebook's own cost counts; where its parameters choose what it trains, it is the training
    time of the same model's reference runs and what the notebook takes around it, both of one
    machine, and a model that has none is not estimated. `notebooks` tell the parameters that a run
    was not given. The machine is this one, shared among `workers`, if it was measured so.
    """
    hardware = hardware_for(workers)
    defaults = {notebook.name: notebook.defaults or {} for notebook in notebooks}
    costs, cache = {}, {}
    for run in runs:
        values = defaults.get(run.notebook, {}) | run.parameters
        variant = {name: values[name] for name in ("model", "techniques") if name in values}
        key = (run.notebook, run.mode, repr(variant))
        if key not in cache:
            cache[key] = _expected(run.notebook, run.mode, variant, hardware)
        if cache[key] is not None:
            costs[run.id] = cache[key]
    return costs


def hardware_for(workers: int) -> str:
    """This machine as one of so many runs at a time has it, in the words of the reference runs."""
    from course_utils import machine

    here = machine.detect()
    share = resources.thread_share(workers).get("COURSE_THREADS", here.threads)
    return dataclasses.replace(here, threads=int(share)).hardware


def _expected(notebook, mode, variant, hardware):
    if variant:
        return _expected_of_variant(notebook, mode, variant, hardware)
    whole = evidence.lesson_cost(notebook, mode, hardware)
    if whole is None:
        return None
    machine = evidence.measured_on(notebook, mode, hardware)
    return Cost(*whole, "" if machine == hardware else machine)


def _expected_of_variant(notebook, mode, variant, hardware):
    # What one model takes says nothing about another, or about more techniques.
    same = evidence.runs_of_no_table()
    same = same[(same["lesson"] == notebook) & (same["mode"] == mode)]
    for name, value in variant.items():
        # Techniques are the same ones in any order.
        wanted = sorted(("" if value == "none" else str(value)).split("+"))
        alike = same[name].map(lambda text, wanted=wanted: sorted(text.split("+")) == wanted)
        same = same[alike.astype(bool)]
    around, costs = evidence.around_training(notebook), evidence.lesson_costs()
    there = costs.loc[(costs["lesson"] == around) & (costs["mode"] == mode), "hardware"]
    machines = same.loc[same["hardware"].isin(there), "hardware"]
    if not len(machines):
        return None
    machine = hardware if (machines == hardware).any() else machines.mode()[0]
    same = same[same["hardware"] == machine]
    seconds = float(same["seconds"].median()) + evidence.lesson_cost(around, mode, machine)[0]
    peak = float(same["peak_memory_mb"].median())
    return Cost(seconds, peak, "" if machine == hardware else machine)


def lines(runs, costs, slots: int, done: int = 0) -> list[str]:
    """The plan in words: one line a notebook, and a last one for the whole batch.

    `runs` are those to come, and `done` counts those that an earlier start of the batch has done.
    """
    said = []
    for name in dict.fromkeys(run.notebook for run in runs):
        own = [run for run in runs if run.notebook == name]
        known = [costs[run.id] for run in own if run.id in costs]
        each = "cost not yet measured"
        if known:
            seconds = sum(cost.seconds for cost in known) / len(known)
            each = f"about {clock(seconds)} and {_most_mb(known):.0f} MB each"
            machines = dict.fromkeys(cost.elsewhere for cost in known if cost.elsewhere)
            each += f" (measured on {'; '.join(machines)})" if machines else ""
        said.append(f"{name}: {len(own)} run{'s' * (len(own) != 1)}, {_axes(own)}{each}")
    if len(runs) > 1:
        which = (
            f"The {len(runs)} runs left of {done + len(runs)}" if done else f"All {len(runs)} runs"
        )
        which += f", {slots} at a time" if slots else ", no worker is there yet"
        known = [costs[run.id] for run in runs if run.id in costs]
        if known:
            slots = max(1, min(slots, len(runs)))
            seconds = sum(cost.seconds for cost in known) / slots
            which += f": about {clock(seconds)}, {slots * _most_mb(known):.0f} MB"
            if len(known) < len(runs):
                which += f", {len(runs) - len(known)} not yet measured"
        said.append(which)
    return said


def _most_mb(costs):
    return max(cost.peak_memory_mb for cost in costs)


def _axes(runs):
    """The values that the runs of one notebook have been given, in words."""
    words = ""
    for name in runs[0].parameters:
        # A list is a value too, which no dictionary takes as a key.
        values = list({repr(v): v for v in (run.parameters[name] for run in runs)}.values())
        if len(values) == 1:
            words += f"{name} {values[0]!s}, " if values[0] != "" else ""
        elif all(type(v) is int for v in values) and values == [*range(values[0], values[-1] + 1)]:
            words += f"{name} {values[0]} to {values[-1]}, "
        else:
            shown = ", ".join(str(value) or "none" for value in values[:4])
            words += f"{name} {shown}{' …' if len(values) > 4 else ''}; "
    return words
