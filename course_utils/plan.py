"""What a batch will cost, said before it starts: runs, minutes and memory from the reference runs."""

from course_utils import evidence
from course_utils.progress import clock


def expected_costs(runs) -> dict[str, tuple[float, float]]:
    """Run id to (seconds, peak MB) that the run should take, for the runs that were measured.

    The notebook's own cost counts; where one notebook trains different models, the training time of
    the same model's reference runs corrects it.
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
    whole = evidence.lesson_cost(notebook, mode, hardware)
    if whole is None or techniques is None:
        return whole
    reference = evidence.reference()
    own = reference[(reference["lesson"] == notebook) & (reference["mode"] == mode)]
    same = own[own["techniques"] == ("" if techniques == "none" else techniques)]
    same = same if model is None else same[same["model"] == model]
    if not len(same):
        return whole
    around = max(0.0, whole[0] - float(own["seconds"].median()))
    return float(same["seconds"].median()) + around, float(same["peak_memory_mb"].median())


def lines(runs, costs, slots: int) -> list[str]:
    """The plan in words: one line a notebook, and a last one for the whole batch."""
    said = []
    for name in dict.fromkeys(run.notebook for run in runs):
        own = [run for run in runs if run.notebook == name]
        known = [costs[run.id] for run in own if run.id in costs]
        each = "cost not yet measured"
        if known:
            seconds = sum(cost[0] for cost in known) / len(known)
            each = f"about {clock(seconds)} and {max(cost[1] for cost in known):.0f} MB each"
        said.append(f"{name}: {len(own)} run{'s' * (len(own) != 1)}, {_axes(own)}{each}")
    together = f"{slots} at a time" if slots else "no worker is there yet"
    slots = max(1, slots)
    known = [costs[run.id] for run in runs if run.id in costs]
    if known and (len(runs) > 1 or slots > 1):
        missing = "" if len(known) == len(runs) else f", {len(runs) - len(known)} not yet measured"
        seconds = sum(cost[0] for cost in known) / min(slots, len(runs))
        said.append(
            f"All {len(runs)} runs, {together}: about {clock(seconds)}, "
            f"{min(slots, len(runs)) * max(cost[1] for cost in known):.0f} MB{missing}"
        )
    elif len(runs) > 1:
        said.append(f"All {len(runs)} runs, {together}")
    return said


def _axes(runs):
    """The values that the runs of one notebook have been given, in words."""
    words = ""
    for name in runs[0].parameters:
        values = list(dict.fromkeys(run.parameters[name] for run in runs))
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
