"""What a batch will cost, said before it starts: runs, minutes and memory from the reference runs."""

from typing import NamedTuple

from course_utils import evidence
from course_utils.progress import clock


class Cost(NamedTuple):
    """What a run should take; `elsewhere` names the machine that took it where it is another one."""

    seconds: float
    peak_memory_mb: float
    elsewhere: str = ""


def expected_costs(runs) -> dict[str, Cost]:
    """Run id to what the run should take, for the runs that were measured.

    The notebook's own cost counts; where one notebook trains different models, the training time of
    the same model's reference runs corrects it, and one that has none is not estimated. Both are of
    one machine: this one, if it was measured.
    """
    if not _measured():
        return {}
    hardware = _hardware()
    costs, cache = {}, {}
    for run in runs:
        key = (
            run.notebook,
            run.mode,
            run.parameters.get("model"),
            run.parameters.get("techniques"),
        )
        if key not in cache:
            cache[key] = _expected(*key, hardware)
        if cache[key] is not None:
            costs[run.id] = cache[key]
    return costs


def _measured():
    from importlib.resources import files

    return (files("course_utils") / "reference" / "costs.csv").is_file()


def _hardware():
    from course_utils import machine

    return machine.detect().hardware


def _expected(notebook, mode, model, techniques, hardware):
    reference = evidence.reference()
    own = reference[(reference["lesson"] == notebook) & (reference["mode"] == mode)]
    same = own[own["techniques"] == ("" if techniques == "none" else techniques)]
    same = same if model is None else same[same["model"] == model]
    machine = evidence.measured_on(notebook, mode, hardware)
    if len(same) and not (same["hardware"] == machine).any():
        machine = same["hardware"].mode()[0]
    whole = evidence.lesson_cost(notebook, mode, machine)
    if whole is None:
        return None
    elsewhere = "" if machine == hardware else machine
    own, same = (rows[rows["hardware"] == machine] for rows in (own, same))
    if not len(same):
        # What one model takes says nothing about another, or about more techniques.
        return Cost(*whole, elsewhere) if model is None and techniques is None else None
    around = max(0.0, whole[0] - float(own["seconds"].median()))
    seconds = float(same["seconds"].median()) + around
    return Cost(seconds, float(same["peak_memory_mb"].median()), elsewhere)


def lines(runs, costs, slots: int) -> list[str]:
    """The plan in words: one line a notebook, and a last one for the whole batch."""
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
    together = f"{slots} at a time" if slots else "no worker is there yet"
    slots = max(1, slots)
    known = [costs[run.id] for run in runs if run.id in costs]
    if known and (len(runs) > 1 or slots > 1):
        missing = "" if len(known) == len(runs) else f", {len(runs) - len(known)} not yet measured"
        seconds = sum(cost.seconds for cost in known) / min(slots, len(runs))
        said.append(
            f"All {len(runs)} runs, {together}: about {clock(seconds)}, "
            f"{min(slots, len(runs)) * _most_mb(known):.0f} MB{missing}"
        )
    elif len(runs) > 1:
        said.append(f"All {len(runs)} runs, {together}")
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
        elif all(type(value) is int for value in values) and values == list(
            range(values[0], values[-1] + 1)
        ):
            words += f"{name} {values[0]} to {values[-1]}, "
        else:
            shown = ", ".join(str(value) or "none" for value in values[:4])
            words += f"{name} {shown}{' …' if len(values) > 4 else ''}; "
    return words
