"""The training curves of a batch over its seeds, for its report."""

from course_tools.batch import summary
from course_tools.desk.markup import text
from course_utils import plots

CURVES = {
    "val_accuracy": "validation accuracy",
    "val_loss": "validation loss",
    "loss": "training loss",
}


def figures(header, records) -> str:
    """A figure with alt text for each kind of run that left curves, as HTML with the images inside."""
    groups = {}
    for record in (each for each in records if each.went_well):
        key = summary.kind(header.runs[record.further["run"]], record)
        groups.setdefault(key, []).append(record)
    found = []
    for (_, notebook, model, techniques, mode, _), members in groups.items():
        histories = [r.history for r in members if _has_curves(r)]
        if histories:
            title = " + ".join(filter(None, (model, techniques)))
            found.append(_figure(f"{notebook}: {title}, {mode} mode", histories))
    return "\n".join(found) or "<p>No run of this batch left a training curve.</p>"


def _has_curves(record):
    history = record.history
    return any(len(history.get(key) or ()) > 1 for key in CURVES)


def _figure(title, histories):
    """One panel a curve; a thin line a run, a thick one for the mean over runs."""
    import numpy as np

    keys = [key for key in CURVES if any(history.get(key) for history in histories)]
    drawn, axes = plots.figure(1, len(keys), height=2.8, width=3.4 * len(keys), squeeze=False)
    ends = []
    for axis, key in zip(axes[0], keys, strict=True):
        series = [np.array(h[key], dtype=float) for h in histories if h.get(key)]
        for values in series:
            axis.plot(np.arange(1, len(values) + 1), values, color=plots.COLOURS[5], linewidth=0.8)
        # Runs that stopped early leave the mean where fewer than half of them are left.
        length = sorted(len(values) for values in series)[len(series) // 2]
        if len(series) > 1:
            mean = [
                np.mean([values[i] for values in series if len(values) > i]) for i in range(length)
            ]
            axis.plot(np.arange(1, length + 1), mean, color=plots.COLOURS[0], linewidth=2)
        axis.set_xlabel("epoch")
        axis.set_ylabel(CURVES[key])
        last = [values[-1] for values in series]
        ends.append(f"last {CURVES[key]} {min(last):.4g} to {max(last):.4g}")
    drawn.suptitle(f"{title}: {len(histories)} run{'s' * (len(histories) > 1)}", fontsize=11)
    data, _ = plots.bundle(drawn, "")
    alt = f"Training curves of {title}, {len(histories)} runs: {'; '.join(ends)}."
    return (
        f'<figure><img src="data:image/png;base64,{data["image/png"]}" alt="{text(alt)}"></figure>'
    )
