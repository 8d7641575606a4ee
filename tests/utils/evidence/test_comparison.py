"""Paired comparisons: the formulas, the three words, and the error rates that they promise."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from course_utils.evidence import comparison
from course_utils.evidence.comparison import (
    NO_DIFFERENCE,
    NO_SPREAD,
    NO_VERDICT,
    as_family,
    compare,
    holm,
    images_sd,
    over_seeds_and_images,
    seeds_needed,
)
from course_utils.evidence.scoring import score_predictions


def two_sides(n=10, gain=0.005, noise=0.002, seed=0):
    draw = np.random.default_rng(seed)
    before = draw.normal(0.96, 0.01, n)
    return list(before), list(before + gain + draw.normal(0, noise, n))


def test_it_is_the_paired_t_interval_with_welchs_beside_it():
    before, after = two_sides()
    found = compare(before, after)
    paired = stats.ttest_rel(after, before)
    assert (found.low, found.high) == pytest.approx(tuple(paired.confidence_interval(0.95)))
    assert found.p == pytest.approx(paired.pvalue)
    assert found.unpaired_low < found.low < found.high < found.unpaired_high
    assert found.correlation == pytest.approx(np.corrcoef(before, after)[0, 1])
    assert (found.verdict, compare(after, before).verdict) == ("helps", "hurts")
    assert compare(after, before, higher_is_better=False).verdict == "helps"


def test_the_sign_flip_test_counts_all_signs():
    differences = np.array([0.3, -0.1, 0.4, 0.2, 0.6, -0.05])
    found = compare([0.0] * 6, list(differences))
    signs = np.array(list(itertools.product((1, -1), repeat=6)))
    as_far = np.abs((signs * differences).mean(axis=1)) >= abs(differences.mean()) - 1e-12
    assert found.p_exact == pytest.approx(as_far.mean())


def test_it_is_at_hand_for_anybodys_figures():
    import course_utils

    assert course_utils.compare is compare


def test_pairs_are_named_or_stand_at_one_place():
    assert compare({1: 0.5, 2: 0.6, 3: 0.7}, {2: 0.6, 3: 0.8, 4: 1.0}).seeds == (2, 3)
    assert compare({"b": 1, "a": 2}, {"a": 1, "b": 2}).mean == compare([1, 2], [2, 1]).mean


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({1: 0.5}, {1: 0.6}, "1 seeds in common"),
        ([0.5, 0.6], [0.5], "2 figures before and 1 after"),
        ([0.5, 0.6], {0: 0.5, 1: 0.6}, "One side names its seeds"),
        ([0.5, "0.6"], [0.5, 0.6], "before, seed 1: '0.6' is no finite number"),
        ([0.5, 0.6], [0.5, math.nan], "after, seed 1: nan is no finite number"),
        ([0.5, None], [0.5, 0.6], "None is no finite number"),
        ([True, False], [0.5, 0.6], "True is no finite number"),
    ],
)
def test_what_cannot_be_compared_is_named(before, after, words):
    with pytest.raises(ValueError, match=words):
        compare(before, after)


@pytest.mark.parametrize("shift", [0.3, -0.3, 0.0])
def test_differences_that_are_all_equal_tell_nothing_of_their_spread(shift):
    base = [0.1, 0.2, 0.4, 0.3, 0.6]
    # The differences are equal but for the last bits.
    found = compare(base, [value + shift for value in base])
    assert found.verdict == (NO_SPREAD if shift else NO_DIFFERENCE)
    assert not found.has_interval
    said = found.sentence("L2")
    assert f"{100 * shift:+.2f} points in each of 5 paired seeds; all differences are equal" in said
    assert "interval" not in said


def test_fewer_than_five_seeds_are_no_verdict():
    before, after = two_sides(4)
    assert compare(before, after).verdict == NO_VERDICT
    before, after = two_sides(5)
    assert compare(before, after).verdict == "helps"


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    adjusted = holm([0.01, math.nan, 0.02])
    assert adjusted[::2] == pytest.approx([0.03, 0.04])
    assert math.isnan(adjusted[1])


def test_a_table_makes_three_words_of_one_interval():
    barely = compare(*two_sides(10, 0.0014, 0.002, seed=3))
    assert 0.0025 < barely.p < 0.05, "plain, and not among twenty"
    assert barely.verdict == "helps"
    in_a_table = as_family({"a": barely, "b": compare(*two_sides())}, size=20)
    assert in_a_table["a"].verdict == "suggestive"
    assert in_a_table["b"].verdict == "helps"
    assert "Holm among 20" in in_a_table["a"].sentence("a")


def test_seeds_needed_are_those_of_the_noncentral_t():
    # Cohen's tables, two-sided 5 %, power 0.8: d of 0.2, 0.5, 0.8 for one sample.
    assert [seeds_needed(d, 1) for d in (0.2, 0.5, 0.8)] == [199, 34, 15]
    assert seeds_needed(-0.5, 1) == 34
    # A larger difference never takes more of them.
    needed = [seeds_needed(d, 1) for d in np.linspace(0.3, 12, 60)]
    assert needed == sorted(needed, reverse=True)
    assert needed[-1] == 2 < seeds_needed(6, 1) == 3
    assert seeds_needed(50, 1) == 2
    for bad in ((0, 1, 0.8), (1, 0, 0.8), (1, 1, 1)):
        with pytest.raises(ValueError, match="expected a difference"):
            seeds_needed(*bad)


def test_the_spread_that_images_give_is_that_of_redrawn_images():
    draw = np.random.default_rng(1)
    both = draw.choice(3, size=2_000, p=[0.90, 0.06, 0.04])
    b, c = (both == 1).sum(), (both == 2).sum()
    redrawn = draw.choice(both, size=(4_000, 2_000))
    differences = (redrawn == 1).mean(axis=1) - (redrawn == 2).mean(axis=1)
    assert images_sd(b, c, 2_000) == pytest.approx(differences.std(), rel=0.05)


def test_seeds_and_images_together_are_wider_than_seeds_alone():
    draw = np.random.default_rng(2)
    hard = draw.random(1_000) < 0.1
    wrong = [hard & (draw.random((10, 1_000)) < chance) for chance in (0.6, 0.5)]
    mean, low, high = over_seeds_and_images(*wrong)
    accuracies = [1 - side.mean(axis=1) for side in wrong]
    alone = compare(*(list(side) for side in accuracies))
    assert mean == pytest.approx(alone.mean)
    assert low < alone.low < alone.high < high
    with pytest.raises(ValueError, match="expected the same"):
        over_seeds_and_images(wrong[0], wrong[1][:, :5])


def test_other_images_never_make_an_interval_narrower():
    draw = np.random.default_rng(2)
    for _ in range(200):
        wrong = [draw.random((5, 400)) < draw.normal(0.1, 0.02, (5, 1)) for _ in range(2)]
        alone = compare(*(list(1 - side.mean(axis=1)) for side in wrong))
        _, low, high = over_seeds_and_images(*wrong)
        assert low <= alone.low + 1e-12
        assert high >= alone.high - 1e-12


def test_a_side_that_never_varies_has_no_correlation():
    found = compare([0.97] * 6, [0.96, 0.97, 0.98, 0.96, 0.97, 0.99])
    assert math.isnan(found.correlation)


def test_over_2000_simulated_tables_errors_are_as_rare_as_promised():
    """Ten seeds, ten techniques of which none does anything: intervals, and verdicts in a table."""
    draw = np.random.default_rng(3)
    differences = draw.normal(0, 1, (2_000, 10, 10))
    tested = stats.ttest_1samp(differences, 0, axis=2)
    low, high = tested.confidence_interval(0.95)
    assert ((low < 0) & (high > 0)).mean() == pytest.approx(0.95, abs=0.005)
    # One that took the normal's quantile for the t's would miss the truth too often, and be seen to.
    narrow = stats.norm.ppf(0.975) * differences.std(axis=2, ddof=1) / math.sqrt(10)
    assert (np.abs(differences.mean(axis=2)) < narrow).mean() < 0.93
    # The same by the course's own functions, on some of them.
    for table in range(20):
        mine = {i: compare([0.0] * 10, list(row)) for i, row in enumerate(differences[table])}
        assert [found.low for found in mine.values()] == pytest.approx(list(low[table]))
        words = {found.verdict for found in as_family(mine).values()}
        alarm = any(np.array(holm(tested.pvalue[table])) < 0.05)
        assert bool(words & {"helps", "hurts"}) == alarm
    plain, corrected = (
        np.mean([any(np.array(adjust(row)) < 0.05) for row in tested.pvalue])
        for adjust in (list, holm)
    )
    assert plain > 0.35, "one in three tables would raise a false alarm"
    assert corrected == pytest.approx(0.05, abs=0.015)


def test_over_2000_simulated_comparisons_sign_flips_raise_few_false_alarms():
    """By the definition, all 2^10 signs at once; five pairs cannot reach 5 % at all."""
    draw = np.random.default_rng(5)
    differences = draw.normal(0, 1, (2_000, 10))
    signs = np.array(list(itertools.product((1, -1), repeat=10)))
    means = np.abs(differences @ signs.T)
    p = (means >= means[:, :1] - 1e-9).mean(axis=1)
    assert p[:20] == pytest.approx(
        [compare([0.0] * 10, list(row)).p_exact for row in differences[:20]]
    )
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.015)
    assert compare([0.0] * 5, [1.0, 1.1, 1.2, 1.3, 1.4]).p_exact == pytest.approx(2 / 32)


def test_the_interval_over_seeds_and_images_covers_what_it_promises():
    """Both the seeds and the images are drawn anew each time; the truth is a difference of 2 points."""
    draw, covered, alone, tables = np.random.default_rng(4), 0, 0, 2_000
    for _ in range(tables):
        easy = draw.normal(0, 0.05, 300)
        wrong = []
        for level in (0.12, 0.10):
            luck = draw.normal(0, 0.01, (8, 1))
            wrong.append(draw.random((8, 300)) < np.clip(level + easy + luck, 0, 1))
        _, low, high = over_seeds_and_images(*wrong)
        covered += low <= 0.02 <= high
        by_seed = wrong[0].mean(axis=1) - wrong[1].mean(axis=1)
        half = stats.t.ppf(0.975, 7) * by_seed.std(ddof=1) / math.sqrt(8)
        alone += abs(by_seed.mean() - 0.02) <= half
    assert 0.935 < covered / tables < 0.985
    assert alone / tables < covered / tables - 0.01, "seeds alone do not speak of other images"


def test_the_words_are_those_of_the_documentation():
    for word in ("helps", "hurts", "suggestive", NO_DIFFERENCE):
        assert word in comparison.__doc__


def test_two_scores_are_told_apart_by_the_answers_that_changed():
    labels = np.zeros(1_000, dtype="int32")

    def score(wrong):
        said = np.isin(np.arange(1_000), wrong).astype(int)
        return score_predictions(np.eye(2, dtype="float32")[said], labels)

    # 60 mended, 40 spoiled: two standard errors of the difference, 20, are twice the root of 100.
    said = comparison.in_pairs(score(range(60)), score(range(100, 140)))
    assert said.startswith("+2.0 points, 60 mended and 40 spoiled (1.5 for 1); two standard errors")
    assert "are 2.0 points, so this is not clearly more than chance" in said
    said = comparison.in_pairs(score(range(100, 140)), score(range(61)))
    assert said.startswith("-2.1 points, 40 mended and 61 spoiled")
    assert "this is more than chance" in said
    assert "0 mended and 0 spoiled; " in comparison.in_pairs(score(range(3)), score(range(3)))
