"""Verdicts as lesson 10 shows them: drawn, told, and as a word in a table."""

import pytest

from course_utils import evidence, plots, verdict_chart
from course_utils.evidence import protocol


@pytest.fixture
def kept(monkeypatch):
    """A table's verdicts: one that helps, one that only the t test finds; two pairs wait."""

    def compared(*differences):
        worse = dict.fromkeys(range(len(differences)), 0.9)
        better = {seed: 0.9 + each for seed, each in enumerate(differences)}
        return evidence.compare(worse, better)

    clear = compared(0.010, 0.011, 0.012, 0.010, 0.011, 0.012)
    few = compared(0.010, 0.011, 0.012, 0.010, 0.011)
    found = {("l2", "baseline"): clear, ("batch_norm", "baseline"): few}
    monkeypatch.setattr(protocol, "verdicts", lambda of, metric: found)
    kept_ones = verdict_chart.verdicts, verdict_chart._said
    for each in kept_ones:
        each.cache_clear()
    yield found
    for each in kept_ones:
        each.cache_clear()


def test_a_comparison_can_be_read_either_way_round(kept):
    found = verdict_chart.verdicts("fair_mnist", "accuracy")
    there, back = found["l2", "baseline"], found["baseline", "l2"]
    assert (back.mean, back.low, back.high) == (-there.mean, -there.high, -there.low)
    assert back.differences == tuple(-each for each in there.differences)


def test_what_is_measured_is_drawn_and_the_rest_named(kept, monkeypatch, capsys):
    drawn = []
    monkeypatch.setattr(plots, "intervals", lambda rows, **words: drawn.append((rows, words)))
    monkeypatch.setattr(evidence, "with_images", lambda of, pair: (0, 1))
    pairs = {"L2 (alone)": ("l2", "baseline"), "shifts": ("augmentation", "baseline")}
    assert list(verdict_chart.draw(pairs, "A title")) == ["L2 (alone)"]
    assert not drawn, "one interval is told by its sentence"
    assert capsys.readouterr().out == "not yet measured: shifts\n"
    known = verdict_chart.draw(pairs | {"turned": ("baseline", "batch_norm")}, "A title")
    assert list(known) == ["L2 (alone)", "turned"]
    [(rows, words)] = drawn
    assert list(rows) == ["L2\n(alone)", "turned"]
    assert words["title"].startswith("A title (thick")
    assert words["alt"] == "A title. L2 (alone): helps; turned: hurts."


def test_each_measured_pair_has_its_sentence(kept, monkeypatch, capsys):
    said = {("l2", "baseline"): "L2: +1; p small.", ("batch_norm", "baseline"): "Norm: +1."}
    monkeypatch.setattr(evidence, "tell_all", lambda of: said)
    verdict_chart.tell(
        [("batch_norm", "baseline"), ("augmentation", "baseline"), ("baseline", "l2")]
    )
    assert capsys.readouterr().out == "Norm: +1.\nL2: +1;\n    p small.\n"


def test_a_cell_has_a_word_and_a_mean(kept):
    assert verdict_chart.word("fair_mnist", "l2", "baseline") == "helps (+1.10)"
    assert verdict_chart.word("fair_mnist", "baseline", "l2") == "hurts (-1.10)"
    # Five signs alone give no p below 2 / 32.
    assert verdict_chart.word("fair_mnist", "batch_norm", "baseline") == "helps† (+1.08)"
    assert verdict_chart.word("fair_mnist", "augmentation", "baseline") == "…"
    assert verdict_chart.word("fair_mnist", "l2", "augmentation") == "–"
