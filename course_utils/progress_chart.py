"""The chart that every lesson ends with: how far the course has come, run by run."""

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


def draw(number: int, mode: str, dataset, record) -> None:
    """Draw each step's reference runs up to lesson `number`, and `record` (an `evidence.Record`) as a star.

    `dataset` is the `data.Dataset` that the record was made on. Where nothing was measured in this
    mode, or the record has no test accuracy to mark, a sentence says so.
    """
    # A later lesson's figure would give its answer away.
    steps = {
        name: tuple(step)
        for name, (lesson, *step) in steps_of(dataset.name).items()
        if lesson <= number
    }
    accuracies, mark = {}, {}
    ours = record.model, record.techniques
    if ours not in steps.values():
        # A variant beside the way, as lesson 08's, gets a row of its own below.
        steps[(record.techniques or record.model).replace("_", " ")] = ours
    for name, (model, techniques) in steps.items():
        runs = evidence.reference_runs(model, techniques, mode, record.data)
        accuracies[name] = 100 * runs["test_accuracy"].dropna().to_numpy(dtype=float)
        if (model, techniques) == ours and record.test_accuracy is not None:
            mark[name] = 100 * record.test_accuracy
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
    if record.test_accuracy is None:
        print(
            "Your run is not on the chart: its record has no test accuracy. To measure it: "
            "lesson.record(..., test=lesson.final_test(model))"
        )
    yours, star = (", and yours", ", star: yours") if mark else ("", "")
    plots.dots(
        measured,
        title=f"The way so far: {runs} reference runs{yours}{dataset.figure_suffix}",
        x=f"test accuracy in {mode} mode, % (dots: runs, bar: mean{star})",
        mark=mark,
        alt="Test accuracy of each step of the course: "
        + "; ".join(
            f"{name} {values.mean():.2f} % over {len(values)} runs"
            if len(values)
            else f"{name} yours only"
            if name in mark
            else name
            for name, values in measured.items()
        ),
    )
