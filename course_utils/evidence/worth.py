"""What a technique is worth in images: how many more of them the baseline needs to do as well."""

import math
from dataclasses import dataclass

from course_utils.evidence import protocol
from course_utils.evidence.comparison import LEVEL


@dataclass(frozen=True)
class Worth:
    """How many times more images the baseline needs to reach what a technique reaches.

    Attributes:
        times: the geometric mean over the seeds; 1 is worth nothing.
        low, high: its 95 % interval by Student's t on the logarithms; infinity or zero where the
            baseline's curve ends before it reaches the technique's accuracy, for at least one seed.
        at: the number of images that the technique has.
        accuracy: the technique's, a fraction, the mean over the seeds.
        n, beyond: the seeds, and how many of them lie beyond the ends of the baseline's curve.
    """

    times: float
    low: float
    high: float
    at: int
    accuracy: float
    n: int
    beyond: int

    def sentence(self, name: str) -> str:
        """Say it. Without an interval where seeds lie beyond the curve: these count as its end."""
        needed, of = float(f"{self.times * self.at:.2g}"), f"{self.times:.2g} times as many images"
        ends = f"95 % interval {self.low:.2g} to {self.high:.2g}; {self.n} seeds"
        most = ""
        if self.beyond:
            most = " or fewer" if self.low == 0 else " or more"
            ends = (
                f"{self.n} seeds, {self.beyond} of them beyond the baseline's curve and counted at its end, "
                f"so no interval"
            )
        return (
            f"{name} is worth about {of}{most} ({ends}): with {self.at:,} it reaches {self.accuracy:.2%}, "
            f"and the baseline with about {needed:,.0f}{most}."
        )


def accuracies(of, line: str, runs=None) -> dict[int, dict[int, float]] | None:
    """Number of images to seed to accuracy, along one line of a learning curve; None until complete.

    The table's own number of images is measured in the table that its rates come from. Raises
    ProtocolError where the runs of both are not alike.
    """
    import pandas as pd

    source = protocol.table(of.rates_from)
    sides = {size: (of, of.arms[protocol.arm_at(line, size)]) for size in of.sizes}
    sides[of.n_train] = source, source.arms[line]
    found = {size: protocol.verdict_runs(*sides[size], runs) for size in sorted(sides)}
    found = {size: rows[rows["seed"].isin(of.verdict_seeds)] for size, rows in found.items()}
    if any(rows["seed"].nunique() < len(of.verdict_seeds) for rows in found.values()):
        return None
    differing = protocol.differing(pd.concat(found.values()))
    if differing:
        raise protocol.ProtocolError(
            f"The runs of {line} in {of.name} and {source.name} are not alike: {differing}. They would "
            f"not make one curve: make them with one code: course run --table {of.name}"
        )
    return {
        size: dict(zip(rows["seed"], rows[f"{of.judge}_accuracy"], strict=True))
        for size, rows in found.items()
    }


def worth_in_images(of, line: str, baseline: str = "baseline", runs=None) -> Worth | None:
    """How many times more images the baseline needs for the accuracy that a technique has.

    Args:
        of: a table of the protocol of kind "curve", or its name.
        line, baseline: two of its lines; `line` is read at the table's own number of images.
        runs: reference runs as a DataFrame, by default the course's own.

    Returns:
        A `Worth`, or None while runs are missing.

    The baseline's logarithm of the error is interpolated in the logarithm of the number of images,
    seed by seed; a curve that rises by chance is levelled first (isotonic regression).
    """
    of = protocol.table(of) if isinstance(of, str) else of
    if line not in of.curves or baseline not in of.curves:
        raise protocol.ProtocolError(
            f"Table {of.name} has no curve of {line!r} and {baseline!r}; its curves: "
            f"{', '.join(of.curves) or 'none'}"
        )
    base, other = (accuracies(of, name, runs) for name in (baseline, line))
    if base is None or other is None:
        return None
    reached = other[of.n_train]
    return worth(
        {size: [1 - base[size][seed] for seed in of.verdict_seeds] for size in base},
        [1 - reached[seed] for seed in of.verdict_seeds],
        of.n_train,
    )


def worth(base_errors: dict, errors, at: int) -> Worth:
    """The same for anybody's figures: a `Worth`.

    Args:
        base_errors: number of images to the baseline's errors, fractions, one a seed.
        errors: the technique's errors with `at` images, in the order of the same seeds.

    Raises:
        ValueError: fewer than two seeds or sizes, or sides of unequal length.
    """
    import numpy as np
    from scipy import optimize, stats

    sizes = sorted(base_errors)
    base = np.array([base_errors[size] for size in sizes], dtype=float)
    errors = np.array(errors, dtype=float)
    if base.ndim != 2 or min(base.shape) < 2 or base.shape[1] != len(errors):
        raise ValueError(
            f"base_errors of shape {base.shape} and {len(errors)} errors; expected two or more sizes, "
            "two or more seeds, and as many errors"
        )
    # Without a mistake the logarithm has no end; such an error is beyond any curve.
    base, errors = (np.log(np.maximum(each, 1e-9)) for each in (base, errors))
    logs, above, below = [], 0, 0
    for curve, error in zip(base.T, errors, strict=True):
        level = optimize.isotonic_regression(curve, increasing=False).x
        above += error < level[-1]
        below += error > level[0]
        logs.append(np.interp(error, level[::-1], np.log(sizes)[::-1]) - math.log(at))
    mean, n = float(np.mean(logs)), len(logs)
    half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1) * np.std(logs, ddof=1) / math.sqrt(n))
    return Worth(
        times=math.exp(mean),
        low=0.0 if below else math.exp(mean - half),
        high=math.inf if above else math.exp(mean + half),
        at=at,
        accuracy=float(1 - np.exp(errors).mean()),
        n=n,
        beyond=int(above + below),
    )
