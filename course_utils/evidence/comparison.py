"""Paired comparisons of two sets of runs: mean difference, interval, verdict in words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """A paired comparison: mean difference (candidate minus baseline), 95 % interval, verdict.

    `low` and `high` come from the t distribution, `bootstrap_low` and `bootstrap_high` from
    resampling the differences. `verdict` is "helps", "hurts" or "no detectable difference". Where
    all differences are equal there is no interval: its four ends are then the mean.
    """

    mean: float
    low: float
    high: float
    bootstrap_low: float
    bootstrap_high: float
    n: int
    verdict: str
    seeds: tuple[int, ...]

    @property
    def has_interval(self) -> bool:
        """Whether the differences had any spread to estimate an interval from."""
        return self.low < self.high

    @property
    def intervals_agree(self) -> bool:
        """Whether t and bootstrap give the same verdict."""
        return (self.low > 0, self.high < 0) == (self.bootstrap_low > 0, self.bootstrap_high < 0)

    def sentence(self, name: str) -> str:
        """Say it in percentage points, for a difference of accuracies."""
        if not self.has_interval:
            return (
                f"{name}: {100 * self.mean:+.2f} points in each of {self.n} paired seeds; all "
                f"differences are equal, so their spread could not be estimated: {self.verdict}."
            )
        return (
            f"{name}: {100 * self.mean:+.2f} points, 95 % interval {100 * self.low:+.2f} to "
            f"{100 * self.high:+.2f}, {self.n} paired seeds: {self.verdict}."
        )


def compare(baseline: dict, candidate: dict, higher_is_better: bool = True) -> Comparison:
    """Compare two sets of runs, paired over the seeds they share.

    `baseline` and `candidate` map seed to a figure (accuracy as a fraction, or loss). Raises
    ValueError when fewer than two seeds are shared.
    """
    import numpy as np
    from scipy import stats

    seeds = tuple(sorted(set(baseline) & set(candidate)))
    if len(seeds) < 2:
        raise ValueError(f"{len(seeds)} seeds in common; a paired comparison needs 2 or more")
    differences = np.array([candidate[seed] - baseline[seed] for seed in seeds], dtype=float)
    mean = float(differences.mean())
    better = worse = False
    if np.allclose(differences, mean, rtol=1e-9, atol=1e-12):
        # Equal but for the last bits of their subtraction. A few differences that happen to be
        # equal do not show that all would be: no spread, no interval, no verdict.
        low = high = bootstrap_low = bootstrap_high = mean
    else:
        low, high = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
        resampled = stats.bootstrap(
            (differences,), np.mean, n_resamples=9999, method="percentile", rng=0
        )
        bootstrap_low, bootstrap_high = resampled.confidence_interval
        better, worse = (low > 0, high < 0) if higher_is_better else (high < 0, low > 0)
    verdict = "helps" if better else "hurts" if worse else "no detectable difference"
    interval = (float(low), float(high), float(bootstrap_low), float(bootstrap_high))
    return Comparison(mean, *interval, len(seeds), verdict, seeds)
