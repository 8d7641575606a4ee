"""The chart that every lesson ends with: how far the course has come, run by run."""

from course_utils import evidence, plots

# Step -> (lesson, model, techniques).
STEPS = {
    "mnist": {
        "perceptron": (1, "mlp", ""),
        "baseline CNN": (2, "baseline_cnn", ""),
        "+ L2": (3, "baseline_cnn", "l2"),
        "+ He": (4, "baseline_cnn", "l2+he_init"),
        "+ batch norm": (5, "baseline_cnn", "l2+he_init+batch_norm"),
        "+ augmentation": (6, "baseline_cnn", "l2+he_init+batch_norm+augmentation"),
        "+ ensemble": (7, "baseline_cnn", "l2+he_init+batch_norm+augmentation+ensemble"),
        "all six": (9, "baseline_cnn", evidence.ALL_SIX),
    },
    "cifar10": {
        "dropout CNN": (11, "dropout_cnn", ""),
        "all-conv": (12, "all_conv", ""),
        "small all-conv": (13, "small_all_conv", ""),
        "deeper all-conv": (14, "deep_all_conv", ""),
    },
}


def draw(number: int, mode: str, dataset, record) -> None:
    """Draw each step's reference runs up to lesson `number`, and `record` (an `evidence.Record`) as a star.

    `dataset` is the `data.Dataset` that the record was made on. Where nothing was measured in this
    mode, or the record has no test accuracy to mark, a sentence says so.
    """
    # A later lesson's figure would give its answer away.
    steps = {
        name: tuple(step)
        for name, (lesson, *step) in STEPS[dataset.name].items()
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
