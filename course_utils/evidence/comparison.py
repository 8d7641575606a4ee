"""Paired comparisons of two sets of runs: difference, interval, tests, and a verdict in words.

The words are three. "helps" and "hurts": the difference survives Holm's correction within the table
that it belongs to. "suggestive": its own interval leaves out zero, but the correction does not
bear it out. "no detectable difference": neither. With fewer than `FEWEST_SEEDS` seeds there is no
verdict; nor where every pair has the same gain or loss, since no spread is left to judge it by.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Real

FEWEST_SEEDS = 5
LEVEL = 0.95
NO_VERDICT = "too few seeds for a verdict"
NO_SPREAD = "no verdict without a spread"
NO_DIFFERENCE = "no detectable difference"


@dataclass(frozen=True)
class Comparison:
    """A paired comparison, candidate minus baseline.

    Attributes:
        mean: of the differences, in the figures' own unit.
        low, high: 95 % interval of the mean by Student's t; both are the mean where all
            differences are equal, since their spread could then not be estimated.
        p: of the t test that the mean is zero; nan where all differences are equal.
        p_exact: of the exact sign-flip test, which assumes nothing but symmetry.
        p_adjusted: `p` after Holm's correction; `p` itself outside a table. The verdict goes by it.
        p_exact_adjusted: likewise `p_exact`, which no verdict goes by: with n pairs it cannot fall
            below 2 / 2^n, and a table's correction multiplies that.
        family: how many comparisons the correction was made for.
        s: standard deviation of the differences.
        correlation: of the two sides over the seeds; nan where one does not vary.
        unpaired_low, unpaired_high: the interval that ignores the pairs (Welch).
        n, seeds: the pairs.
        higher_is_better: whether a positive mean is a gain.
        differences: candidate minus baseline, pair by pair, in the order of `seeds`.
    """

    mean: float
    low: float
    high: float
    p: float
    p_exact: float
    p_adjusted: float
    p_exact_adjusted: float
    family: int
    s: float
    correlation: float
    unpaired_low: float
    unpaired_high: float
    n: int
    seeds: tuple
    higher_is_better: bool = True
    differences: tuple = ()

    @property
    def has_interval(self) -> bool:
        """Whether the differences had any spread to estimate an interval from."""
        return self.low < self.high

    @property
    def verdict(self) -> str:
        """One of the three words, or why there is none."""
        if self.n < FEWEST_SEEDS:
            return NO_VERDICT
        if not self.has_interval and self.mean:
            return NO_SPREAD
        if not self.has_interval or not self.p < 1 - LEVEL:
            return NO_DIFFERENCE
        if not self.p_adjusted < 1 - LEVEL:
            return "suggestive"
        return "helps" if (self.mean > 0) == self.higher_is_better else "hurts"

    def sentence(self, name: str, unit: str = "points") -> str:
        """Say it: accuracies, which are fractions, in percentage points; with unit="" as they are."""
        scale, form = (100, "+.2f") if unit == "points" else (1, "+.4f")
        mean, low, high = (f"{scale * value:{form}}" for value in (self.mean, self.low, self.high))
        unit = f" {unit}" if unit else ""
        if not self.has_interval:
            return (
                f"{name}: {mean}{unit} in each of {self.n} paired seeds; all differences are equal, "
                f"so their spread could not be estimated: {self.verdict}."
            )
        family = f", Holm among {self.family}" if self.family > 1 else ""
        return (
            f"{name}: {mean}{unit}, 95 % interval {low} to {high}, {self.n} paired "
            f"seeds{family}: {self.verdict}."
        )


def compare(baseline, candidate, higher_is_better: bool = True) -> Comparison:
    """Compare two sets of runs in pairs; of anybody's models, with any figure.

    Args:
        baseline, candidate: seed (or any name of a pair) to figure; or two lists of equal length,
            whose entries at one place are a pair. Accuracies are fractions. Seeds of one side alone
            are left out: `n` and `seeds` say which are pairs.
        higher_is_better: False for losses and times.

    Returns:
        A `Comparison`. With fewer than five pairs it has an interval and no verdict.

    Raises:
        ValueError: neither dictionaries nor lists, lists of unequal length, fewer than two pairs, or a
            figure that is no number.

    Source: Student's paired t interval; Fisher's sign-flip test over all 2^n signs (beyond 2^16 a
    random 65,536 of them); Welch's interval for what the pairs buy.
    """
    import numpy as np
    from scipy import stats

    seeds, before, after = _pairs(baseline, candidate)
    before, after = np.array(before, dtype=float), np.array(after, dtype=float)
    differences = after - before
    mean = float(differences.mean())
    # Equal but for the last bits of their subtraction. A few differences that happen to be equal do
    # not show that all would be: no spread, no interval, no verdict.
    if np.allclose(differences, mean, rtol=1e-9, atol=1e-12):
        mean = 0.0 if abs(mean) < 1e-12 else mean
        low = high = unpaired_low = unpaired_high = mean
        p = p_exact = s = correlation = math.nan
    else:
        with warnings.catch_warnings():
            # SciPy warns of figures that are nearly equal; how nearly, the interval says.
            warnings.simplefilter("ignore", RuntimeWarning)
            tested = stats.ttest_1samp(differences, 0)
            welch = stats.ttest_ind(after, before, equal_var=False)
        low, high = tested.confidence_interval(LEVEL)
        unpaired_low, unpaired_high = welch.confidence_interval(LEVEL)
        p, s = float(tested.pvalue), float(differences.std(ddof=1))
        p_exact = _sign_flip_p(differences)
        varies = np.ptp(before) > 0 and np.ptp(after) > 0
        correlation = float(np.corrcoef(before, after)[0, 1]) if varies else math.nan
    return Comparison(
        mean=mean,
        low=float(low),
        high=float(high),
        p=p,
        p_exact=p_exact,
        p_adjusted=p,
        p_exact_adjusted=p_exact,
        family=1,
        s=s,
        correlation=correlation,
        unpaired_low=float(unpaired_low),
        unpaired_high=float(unpaired_high),
        n=len(seeds),
        seeds=seeds,
        higher_is_better=higher_is_better,
        differences=tuple(differences.tolist()),
    )


def _pairs(baseline, candidate):
    """Names of the pairs and both sides' figures, checked."""
    if isinstance(baseline, Mapping) != isinstance(candidate, Mapping):
        raise ValueError(
            "One side names its seeds and the other does not. Expected two dictionaries, seed to "
            "figure, or two lists."
        )
    if not (hasattr(baseline, "__iter__") and hasattr(candidate, "__iter__")):
        raise ValueError(
            f"{baseline!r} and {candidate!r} are not two sets of runs. Expected two dictionaries, seed "
            "to figure, or two lists."
        )
    if not isinstance(baseline, Mapping):
        baseline, candidate = (dict(enumerate(side)) for side in (baseline, candidate))
        if len(baseline) != len(candidate):
            raise ValueError(
                f"{len(baseline)} figures before and {len(candidate)} after. Pairs need as many on "
                "both sides; name the seeds to leave out what has no partner."
            )
    seeds = tuple(seed for seed in baseline if seed in candidate)
    seeds = tuple(sorted(seeds)) if len({type(seed) for seed in seeds}) == 1 else seeds
    if len(seeds) < 2:
        raise ValueError(
            f"{len(seeds)} seeds in common; a paired comparison needs 2 or more, and {FEWEST_SEEDS} "
            "for a verdict."
        )
    for side, figures in (("before", baseline), ("after", candidate)):
        for seed in seeds:
            value = figures[seed]
            if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
                raise ValueError(f"{side}, seed {seed}: {value!r} is no finite number.")
    return seeds, [baseline[seed] for seed in seeds], [candidate[seed] for seed in seeds]


def _sign_flip_p(differences):
    """Two-sided: how often the mean would be as far from zero if each sign were a coin's."""
    import numpy as np
    from scipy import stats

    size = np.abs(differences).mean()

    def mean(values, axis):
        # Equal sums of differences may differ in their last bits; as ties they count on both sides.
        return np.round(np.mean(values, axis=axis) / size, 12)

    found = stats.permutation_test(
        (differences,),
        mean,
        permutation_type="samples",
        n_resamples=2**16,
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def holm(p_values) -> list[float]:
    """Holm's adjusted p values, in the order given; nan stays nan and counts in the family.

    The k-th smallest of m is multiplied by m - k + 1, and none is smaller than one before it.
    Source: S. Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    p_values = list(p_values)
    count, largest, adjusted = len(p_values), 0.0, [math.nan] * len(p_values)
    known = (i for i in range(count) if not math.isnan(p_values[i]))
    for rank, i in enumerate(sorted(known, key=p_values.__getitem__)):
        largest = max(largest, min(1.0, p_values[i] * (count - rank)))
        adjusted[i] = largest
    return adjusted


def as_family(comparisons: dict, size: int | None = None) -> dict:
    """The comparisons of one table (name -> Comparison), each judged with regard to all of them.

    `size` is how many the table has in all: those that are not yet measured count too, so that no
    verdict changes only because another was added later.
    """
    size = max(size or 0, len(comparisons))
    missing = [math.nan] * (size - len(comparisons))
    adjusted, exact = (
        holm([getattr(found, name) for found in comparisons.values()] + missing)
        for name in ("p", "p_exact")
    )
    return {
        name: replace(found, p_adjusted=p, p_exact_adjusted=e, family=size)
        for (name, found), p, e in zip(comparisons.items(), adjusted, exact, strict=False)
    }


def seeds_needed(difference: float, s: float, power: float = 0.8) -> int:
    """How many paired seeds detect a true mean difference at the 5 % level this often.

    Args:
        difference: the mean difference that matters; `s`: the standard deviation of the
            differences, in the same unit.
        power: how often the t test is to find it.

    Raises:
        ValueError: a difference of zero, a spread that is not above zero, a power not within (0, 1).

    Source: the power of the t test by the noncentral t distribution (Johnson and Welch, 1940).
    """
    import numpy as np
    from scipy import stats

    if not difference or not s > 0 or not 0 < power < 1:
        raise ValueError(
            f"difference={difference!r}, s={s!r}, power={power!r}: expected a difference other than "
            "zero, a spread above zero and a power between 0 and 1."
        )

    middles = (np.arange(2_000) + 0.5) / 2_000

    def found(n):
        # The noncentral t is a normal over the root of a chi-square by its freedom: averaged over the
        # latter's quantiles, since SciPy's own loses its digits far from the centre.
        shift = abs(difference) / s * math.sqrt(n)
        spread = np.sqrt(stats.chi2.ppf(middles, n - 1) / (n - 1))
        edge = stats.t.ppf((1 + LEVEL) / 2, n - 1) * spread
        return float((stats.norm.sf(edge - shift) + stats.norm.cdf(-edge - shift)).mean())

    high = 2
    while found(high) < power:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if found(middle) >= power else (middle, high)
    return high


def images_sd(only_baseline_wrong: int, only_candidate_wrong: int, n: int) -> float:
    """Standard deviation that the choice of n images gives to a difference of two accuracies.

    With b and c the images that only the one, only the other network gets wrong, it is
    sqrt(b + c - (b - c)^2 / n) / n. Source: the variance of a difference of paired proportions.
    """
    b, c = only_baseline_wrong, only_candidate_wrong
    return math.sqrt(b + c - (b - c) ** 2 / n) / n


def over_seeds_and_images(baseline_wrong, candidate_wrong) -> tuple[float, float, float]:
    """Mean difference of the accuracies and its 95 % interval for other seeds *and* other images.

    Args:
        baseline_wrong, candidate_wrong: bool, shape (seeds, images): which image each run got wrong;
            row s of both is one seed, column i one image.

    Returns:
        mean, low, high: fractions, candidate minus baseline.

    Raises:
        ValueError: unequal shapes, or fewer than two seeds or images.

    Source: the two-way random effects model without replication. The variance of the mean is
    var(seed means) / seeds + var(image means) / images - var(residuals) / (seeds * images), its
    degrees of freedom are Satterthwaite's. No interval is narrower than the one over the seeds alone.
    """
    import numpy as np
    from scipy import stats

    wrong = [np.asarray(side, dtype=float) for side in (baseline_wrong, candidate_wrong)]
    if wrong[0].shape != wrong[1].shape or wrong[0].ndim != 2 or min(wrong[0].shape) < 2:
        raise ValueError(
            f"shapes {wrong[0].shape} and {wrong[1].shape}; expected the same (seeds, images) twice, "
            "at least two of each"
        )
    differences = wrong[0] - wrong[1]
    seeds, images = differences.shape
    mean = float(differences.mean())
    by_seed, by_image = differences.mean(axis=1), differences.mean(axis=0)
    rest = differences - by_seed[:, None] - by_image[None, :] + mean
    parts = np.array(
        [
            by_seed.var(ddof=1) / seeds,
            by_image.var(ddof=1) / images,
            -(rest**2).sum() / ((seeds - 1) * (images - 1)) / (seeds * images),
        ]
    )
    freedoms = np.array([seeds - 1, images - 1, (seeds - 1) * (images - 1)])
    # Chance may make the estimate smaller than what one of the two sources gives alone.
    variance = max(float(parts.sum()), float(parts[:2].max()))
    if variance == 0:
        return mean, mean, mean
    freedom = variance**2 / float((parts**2 / freedoms).sum())
    # A few more degrees of freedom would make it narrower, where the images hardly add anything.
    half = max(
        float(stats.t.ppf((1 + LEVEL) / 2, freedom)) * math.sqrt(variance),
        float(stats.t.ppf((1 + LEVEL) / 2, seeds - 1)) * math.sqrt(float(parts[0])),
    )
    return mean, mean - half, mean + half


def in_pairs(before, after) -> str:
    """Say how a second score differs from a first on the same images, counted image by image.

    Both are what `Lesson.compare` returns. Were each answer that changed from right to wrong or back the
    throw of a coin, two standard errors of the difference would be twice the root of their number. Says
    nothing of other seeds.
    """
    was, now = (each.predictions.argmax(axis=1) == each.labels for each in (before, after))
    mended, spoiled = int((~was & now).sum()), int((was & ~now).sum())
    errors = 2 * (mended + spoiled) ** 0.5
    sure = "more" if abs(mended - spoiled) > errors else "not clearly more"
    ratio = f" ({mended / spoiled:.1f} for 1)" if spoiled else ""
    return (
        f"{100 * (mended - spoiled) / before.n:+.1f} points, {mended:,} mended and {spoiled:,} spoiled"
        f"{ratio}; two standard errors are {100 * errors / before.n:.1f} points, so this is {sure} than "
        "chance in the choice of images"
    )
