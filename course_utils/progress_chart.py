"""The chart at the end of most lessons: how far the course has come, run by run."""

import contextlib

from course_utils import evidence, plots
from course_utils.networks import ALL_SIX, NETWORKS

# Step on MNIST -> (lesson, model, techniques); on photographs each network is a step.
ON_MNIST = {
    "+ L2": (3, "l2"),
    "+ He": (4, "l2+he_init"),
    "+ batch norm": (5, "l2+he_init+batch_norm"),
    "+ augmentation": (6, "l2+he_init+batch_norm+augmentation"),
    "+ ensemble": (7, "l2+he_init+batch_norm+augmentation+ensemble"),
    "all six": (9, ALL_SIX),
}


def steps_of(data: str) -> dict[str, tuple[int, str, str]]:
    """Step to its lesson's number, model and techniques, in the order of the course."""
    steps = {
        network.title: (int(network.lesson[:2]), name, "")
        for name, network in NETWORKS.items()
        if network.data == data
    }
    if data == "mnist":
        steps |= {name: (lesson, "baseline_cnn", on) for name, (lesson, on) in ON_MNIST.items()}
    return steps


def _with_epochs(name, runs, own):
    """A step's name; with epochs that of all six, which may train for longer than the steps before.

    And that of the learner's own run, where its epochs `own`, if not 0, are none of the reference runs'.
    """
    epochs = runs["epochs"].dropna() if name == "all six" or own else ()
    if not len(epochs) or own in set(epochs):
        return name
    ends = dict.fromkeys(f"{end:.0f}" for end in (epochs.min(), epochs.max()))
    theirs = f"{' to '.join(ends)} epochs"
    return f"{name}\n({theirs}, yours {own})" if own else f"{name} ({theirs})"


def draw(number: int, mode: str, dataset, record) -> None:
    """Draw each step's reference runs up to lesson `number`, and `record` (an `evidence.Record`) as a star.

    From lesson 03 on the perceptron's are left out. `dataset` is the `data.Dataset` that the record was
    made on. Where nothing was measured in this mode, or the record has no accuracy of the same kind to
    mark, a sentence says so. A record without a test accuracy is marked among comparison accuracies, as
    soon as one reference run has one.
    """
    # A later lesson's figure would give its answer away.
    on_the_way = {name: step for name, step in steps_of(dataset.name).items() if step[0] <= number}
    steps = {name: tuple(step) for name, (_, *step) in on_the_way.items()}
    if number > 2:
        # From then on each step is a small one of the baseline's: beside the perceptron, far to the left of
        # them, a tenth of a point could not be seen.
        steps.pop(NETWORKS["mlp"].title, None)
    ours = record.model, record.techniques
    if ours not in steps.values():
        # A variant beside the way, as lesson 08's, gets a row of its own below.
        steps[(record.techniques or record.model).replace("_", " ").replace("cnn", "CNN")] = ours

    def runs_with(metric):
        return {
            name: evidence.reference_runs(*step, mode, record.data, metric=metric)
            for name, step in steps.items()
        }

    metric, found = "test_accuracy", runs_with("test_accuracy")
    compared = runs_with("compare_accuracy") if record.test_accuracy is None else {}
    if any(map(len, compared.values())):
        metric, found = "compare_accuracy", compared
    value = getattr(record, metric)
    # Where early stopping ends each run, its length is no setting.
    fixed = 0 if value is None or "early_stopping" in record.techniques else record.epochs
    names = {
        name: _with_epochs(name, runs, fixed if steps[name] == ours else 0)
        for name, runs in found.items()
    }
    steps, found = ({names[name]: each[name] for name in names} for each in (steps, found))
    accuracies = {name: 100 * runs[metric].to_numpy(dtype=float) for name, runs in found.items()}
    mark = {name: 100 * value for name, step in steps.items() if step == ours and value is not None}
    # A step that nobody measured keeps its row: without it the next one would seem to have done it all.
    measured = {
        name if len(values) or name in mark else f"{name} (not yet measured)": values
        for name, values in accuracies.items()
    }
    runs = sum(len(values) for values in measured.values())
    if not runs:
        print(
            f"The chart of the way so far needs reference runs; there are none yet in {mode} "
            f"mode on {record.data}."
        )
        return
    words = metric.replace("compare", "comparison").replace("_", " ")
    if value is None:
        print(
            f"The chart shows {words}, which was not measured here"
            + (" (the test set stays sealed)" if metric == "test_accuracy" else "")
            + ", so your run has no dot on it."
        )
        if own := _own_runs(on_the_way, record):
            print(f"Your own runs on the comparison set, seed {record.seed}: {', '.join(own)}.")
    yours, star = (", and yours", ", star: yours") if mark else ("", "")
    plots.dots(
        measured,
        title=f"The way so far: {runs} reference runs{yours}{dataset.figure_suffix}",
        x=f"{words} in {mode} mode, % (dots: runs, bar: mean{star})",
        mark=mark,
        alt=f"{words.capitalize()} of each step of the course: "
        + "; ".join(
            (f"{name} {values.mean():.2f} % over {len(values)} runs" if len(values) else name)
            + (f", yours {mark[name]:.2f} %" if name in mark else "")
            for name, values in measured.items()
        ).replace("\n", " "),
    )


def _own_runs(steps, record):
    """Step and comparison accuracy of the learner's own records of the same mode, seed and data, in words."""
    own = []
    for name, (lesson, model, techniques) in steps.items():
        pattern = (
            f"{lesson:02}_*.{model}.{techniques or 'plain'}.{record.mode}.seed{record.seed}.json"
        )
        for path in evidence.records_folder().glob(pattern):
            # A file that holds no record is the learner's own, and no reason to stop a lesson.
            with contextlib.suppress(OSError, ValueError):
                kept = evidence.Record.read(path)
                if kept.data == record.data and kept.compare_accuracy is not None:
                    own.append(f"{name} {kept.compare_accuracy:.2%}")
    return own
