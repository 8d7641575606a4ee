"""Calibration on networks whose calibration is known, because they are drawn."""

import numpy as np
import pytest

from course_utils import calibration


def drawn(n=20_000, classes=10, scale=2.0, seed=0):
    """Probabilities, and labels that are drawn by them: calibrated by construction."""
    draw = np.random.default_rng(seed)
    logits = scale * draw.standard_normal((n, classes))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (probabilities.cumsum(axis=1) > draw.random((n, 1))).argmax(axis=1)
    return probabilities, labels


def test_bins_by_hand():
    confidence = np.array([0.05, 0.55, 0.58, 0.95, 1.0])
    right = np.array([0, 1, 0, 1, 1], dtype=bool)
    found = calibration.reliability(confidence, right, bins=10)
    assert found.counts.tolist() == [1, 0, 0, 0, 0, 2, 0, 0, 0, 2]
    assert found.accuracy[[0, 5, 9]].tolist() == [0, 0.5, 1]
    assert np.isnan(found.accuracy[1])
    assert found.confidence[[0, 5, 9]] == pytest.approx([0.05, 0.565, 0.975])
    by_hand = (0.05 + 2 * 0.065 + 2 * 0.025) / 5
    assert found.error == pytest.approx(by_hand)
    assert calibration.calibration_error(confidence, right, bins=10) == pytest.approx(by_hand)


def test_the_error_of_a_calibrated_network_is_chance_and_its_excess_zero():
    errors, excess = [], []
    for seed in range(40):
        confidence, right = calibration.judge(*drawn(1_000, seed=seed))
        errors.append(calibration.calibration_error(confidence, right))
        excess.append(calibration.excess_error(confidence, right))
    assert np.mean(errors) > 0.02, "the plain error is biased"
    standard_error = np.std(excess, ddof=1) / 40**0.5
    assert abs(np.mean(excess)) < 3 * standard_error < 0.006


def test_chance_adds_less_where_there_are_more_answers():
    confidence, _ = calibration.judge(*drawn())
    few, many = (calibration.error_by_chance(confidence[:n]).mean() for n in (500, 20_000))
    assert few == pytest.approx(many * 40**0.5, rel=0.25)


def test_an_over_confident_network_is_found_to_be_one():
    probabilities, labels = drawn()
    sharp = calibration.soften(probabilities, 0.5)
    confidence, right = calibration.judge(sharp, labels)
    gap = calibration.over_confidence(confidence, right)
    assert gap > 0.1
    assert calibration.excess_error(confidence, right) == pytest.approx(gap, abs=0.01)
    modest = calibration.judge(calibration.soften(probabilities, 2), labels)
    assert calibration.over_confidence(*modest) < -0.1


@pytest.mark.parametrize("temperature", [0.5, 1, 2, 4])
def test_the_temperature_that_was_applied_is_found(temperature):
    probabilities, labels = drawn()
    logits = np.log(probabilities) * temperature
    scaled = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = calibration.fit_temperature(scaled, labels)
    assert found == pytest.approx(temperature, rel=0.05)
    assert calibration.soften(scaled, temperature) == pytest.approx(probabilities, abs=1e-6)
    assert (scaled.argmax(axis=1) == probabilities.argmax(axis=1)).all()


def test_probabilities_that_were_rounded_to_zero_stay_finite():
    probabilities = np.array([[1, 0, 0], [0.5, 0.5, 0]], dtype="float16")
    softened = calibration.soften(probabilities, 2)
    assert np.isfinite(softened).all()
    assert softened.sum(axis=1) == pytest.approx([1, 1])
    assert np.isfinite(calibration.fit_temperature(probabilities, np.array([1, 0])))


def test_the_surest_are_answered_first():
    confidence = np.array([0.6, 0.9, 0.8, 0.7])
    right = np.array([False, True, True, False])
    coverage, accuracy = calibration.by_coverage(confidence, right)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert accuracy == pytest.approx([1, 1, 2 / 3, 0.5])


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match=r"expected \(n, classes\) and \(n,\)"):
        calibration.judge(np.ones((3, 2)), [0, 1])
    with pytest.raises(ValueError, match="at least one answer"):
        calibration.reliability([], [])
    with pytest.raises(ValueError, match="above zero"):
        calibration.soften(np.ones((1, 2)), 0)


def test_words_about_a_network_that_is_as_right_as_it_says_and_of_one_that_is_not():
    confidence = np.full(100, 0.7)
    good = calibration.in_words(confidence, np.arange(100) < 68)
    assert "is 70%, and it is right on 68%: +2 points, where chance makes up to 9." in good
    assert good.endswith("no more than chance.")
    bad = calibration.in_words(confidence, np.arange(100) < 50)
    assert "+20 points" in bad
    assert "more than chance: fit a temperature" in bad
    with pytest.raises(ValueError, match="two or more"):
        calibration.in_words([0.7], [True])
