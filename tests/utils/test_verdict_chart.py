"""Verdicts as lesson 10 shows them: drawn, told in a table, and as a word in another."""

import re
from dataclasses import replace

import pytest

from course_utils import evidence, plots, verdict_chart
from course_utils.evidence import protocol


def compared(*differences):
    worse = dict.fromkeys(range(len(differences)), 0.9)
    better = {seed: 0.9 + each for seed, each in enumerate(differences)}
    return evidence.compare(worse, better)


@pytest.fixture
def kept(monkeypatch):
    """A table's verdicts: one that helps, one that only the t test finds; other pairs wait."""
    clear = compared(0.010, 0.011, 0.012, 0.010, 0.011, 0.012)
    few = compared(0.010, 0.011, 0.012, 0.010, 0.011)
    found = {("l2", "baseline"): clear, ("batch_norm", "baseline"): few}
    monkeypatch.setattr(protocol, "verdicts", lambda of, metric: found)
    monkeypatch.setattr(protocol, "chosen", lambda of, arm: {"learning_rate": 0.003})
    monkeypatch.setattr(evidence, "with_images", lambda of, pair: (0, 1))
    kept_ones = verdict_chart.verdicts, verdict_chart._images, verdict_chart._rates
    for each in kept_ones:
        each.cache_clear()
    yield found
    for each in kept_ones:
        each.cache_clear()


@pytest.fixture
def shown(monkeypatch):
    """Figures that were shown, each with its alt text."""
    figures = []
    monkeypatch.setattr(plots, "show", lambda drawn, alt: figures.append((drawn, alt)))
    return figures


def test_a_comparison_can_be_read_either_way_round(kept):
    found = verdict_chart.verdicts("fair_mnist", "accuracy")
    there, back = found["l2", "baseline"], found["baseline", "l2"]
    assert (back.mean, back.low, back.high) == (-there.mean, -there.high, -there.low)
    assert back.differences == tuple(-each for each in there.differences)


def test_what_is_measured_is_drawn_and_the_rest_named(kept, shown, capsys):
    pairs = {"L2 (alone)": ("l2", "baseline"), "shifts": ("augmentation", "baseline")}
    assert list(verdict_chart.draw(pairs, "A title")) == ["L2 (alone)"]
    assert not shown, "one interval is told by its row"
    assert capsys.readouterr().out == "not yet measured: shifts\n"
    known = verdict_chart.draw(pairs | {"turned": ("baseline", "batch_norm")}, "A title")
    assert list(known) == ["L2 (alone)", "turned"]
    [(drawn, alt)] = shown
    (axes,) = drawn.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["turned", "L2\n(alone)"]
    assert alt == "A title. L2 (alone): helps (+1.10); turned: hurts (-1.08)."
    assert "thin over seeds and images" in drawn.get_supxlabel()
    assert {line.get_marker() for line in axes.lines} == {"o", "|", "None"}


def test_a_row_may_have_a_second_mark(kept, shown, monkeypatch, capsys):
    monkeypatch.setattr(evidence, "with_images", lambda of, pair: None)
    beside = {"L2": ("baseline", "batch_norm"), "shifts": ("augmentation", "baseline")}
    known = verdict_chart.draw({"L2": ("l2", "baseline")}, "A title", company=beside)
    assert list(known) == ["L2"]
    assert capsys.readouterr().out == "not yet measured: shifts, in company\n"
    [(drawn, alt)] = shown
    assert alt == "A title. L2, alone: helps (+1.10); L2, in company: hurts (-1.08)."
    assert [label.get_text() for label in drawn.axes[0].get_yticklabels()] == ["L2"]
    assert {line.get_marker() for line in drawn.axes[0].lines} == {"o", "s", "None"}
    assert "thin" not in drawn.get_supxlabel()


def test_each_of_the_four_verdicts_has_a_look_of_its_own(kept):
    _, hurts, helps, *_ = plots.COLOURS
    clear = kept["l2", "baseline"]
    doubtful = replace(clear, p_adjusted=0.2)
    assert plots.verdict_look(clear) == (helps, helps)
    assert plots.verdict_look(replace(clear, mean=-0.01)) == (hurts, hurts)
    assert plots.verdict_look(doubtful) == (helps, "white")
    assert plots.verdict_look(replace(doubtful, mean=-0.01)) == (hurts, "white")
    assert plots.verdict_look(replace(clear, p=0.2)) == ("#666666", "white")


def test_what_is_measured_has_a_row_and_what_it_rests_on_is_folded(kept, monkeypatch):
    told = []
    monkeypatch.setattr("IPython.display.display", lambda table: told.append(table.data))
    sentence = "L2 against baseline (a table): +1.10 points; p below 0.001; on cross-entropy -0.01."
    monkeypatch.setattr(evidence, "tell_all", lambda of: {("l2", "baseline"): sentence})
    verdict_chart.tell({"shifts": ("augmentation", "baseline")})
    assert not told
    verdict_chart.tell({"L2, turned": ("baseline", "l2"), "shifts": ("augmentation", "baseline")})
    short, full = told[0].split("<details>")
    clear = verdict_chart.verdicts("fair_mnist", "accuracy")["baseline", "l2"]
    ends = f"{100 * clear.low:+.2f} to {100 * clear.high:+.2f}"
    orange = f' style="border-left: 4px solid {plots.COLOURS[1]}"'
    assert short.count("<tr>") == 2
    assert f"<td>L2, turned</td><td>-1.10 ({ends})</td><td{orange}>hurts</td>" in short
    # The folded part speaks of the pair as the protocol has it.
    assert (
        "<td>L2 against baseline (a table)</td><td>+1.10 points</td><td>p below 0.001</td>" in full
    )
    assert "rate 0.003" in full
    assert "course reference show fair_mnist" in full


def test_a_cell_that_begins_with_a_verdict_has_its_colour_at_the_edge(monkeypatch):
    told = []
    monkeypatch.setattr("IPython.display.display", lambda table: told.append(table.data))
    cells = ("helps† (+1.08)", "hurts (-1.10)", "suggestive (-0.13)", "no detectable difference", 3)
    verdict_chart.tabulate(["one"], cells)
    edges = re.findall('<td(?: style="border-left: 4px ([^"]+)")?>', told[0])
    assert edges == [
        f"solid {plots.COLOURS[2]}",
        f"solid {plots.COLOURS[1]}",
        "dashed #888888",
        "",
        "",
    ]


def test_a_cell_has_a_word_and_a_mean(kept):
    assert verdict_chart.word("fair_mnist", "l2", "baseline") == "helps (+1.10)"
    assert verdict_chart.word("fair_mnist", "baseline", "l2") == "hurts (-1.10)"
    # Five signs alone give no p below 2 / 32.
    assert verdict_chart.word("fair_mnist", "batch_norm", "baseline") == "helps† (+1.08)"
    assert verdict_chart.word("fair_mnist", "augmentation", "baseline") == "…"
    assert verdict_chart.word("fair_mnist", "l2", "augmentation") == "–"


def test_sides_that_took_different_rates_are_marked(kept, monkeypatch):
    rates = {"l2": 0.003, "baseline": 0.001}
    monkeypatch.setattr(protocol, "chosen", lambda of, arm: {"learning_rate": rates[arm.name]})
    assert verdict_chart.word("fair_mnist", "l2", "baseline") == "helps‡ (+1.10)"
    # An average is trained as its members are.
    assert verdict_chart._rates("fair_mnist", ("ensemble_independent", "baseline")) == ""
