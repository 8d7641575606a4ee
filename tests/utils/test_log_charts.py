"""The drawings of lesson 09: their titles and alt texts say what the figures given to them say."""

import numpy as np
import pytest

from course_utils import log_charts, plots


@pytest.fixture
def shown(monkeypatch):
    """The figures that were shown, each with its alt text."""
    figures = []
    monkeypatch.setattr(plots, "show", lambda drawn, alt: figures.append((drawn, alt)))
    return figures


def test_the_penalty_lies_under_the_cross_entropy(shown):
    history = {"loss": [0.9, 0.6], "cross_entropy": [0.7, 0.4]}
    log_charts.draw_parts(history | {f"val_{name}": values for name, values in history.items()})
    drawn, alt = shown[0]
    assert "near 0.20" in drawn.get_suptitle()
    assert "from 0.70 to 0.40" in alt
    penalty, bare = drawn.axes[0].containers
    assert [bar.get_height() for bar in penalty] == pytest.approx([0.2, 0.2])
    assert [bar.get_y() for bar in bare] == pytest.approx([0.2, 0.2])


@pytest.mark.parametrize(
    ("floor", "title"), [(0.35, "From epoch 3 on"), (0.1, "has room for the penalty")]
)
def test_the_floor_says_when_a_loss_falls_through_it(shown, floor, title):
    log_charts.draw_floor([0.9, 0.5, 0.3, 0.2], floor, [0.36, 0.37])
    assert title in shown[0][0].get_suptitle()
    assert "between 0.360 and 0.370" in shown[0][1]
    log_charts.draw_floor([0.9, 0.5, 0.3, 0.2], floor, [0.36, 0.37], lower=0.05)
    words = [text.get_text() for text in shown[1][0].axes[0].texts]
    assert "the penalty of Glorot's start" in words


def test_the_title_names_the_patience_at_which_every_stop_leaps(shown):
    replays = {
        "one": [(3, 2), (4, 2), (9, 6), (None, 6)],
        "other": [(2, 1), (5, 3), (12, 9), (13, 9)],
    }
    log_charts.draw_stops(replays, {"one": 10, "other": 20})
    drawn, alt = shown[0]
    assert "Patience 3 in place of 2 moves the stop by 5 to 7 epochs" in drawn.get_suptitle()
    assert "one: 3, 4, 9, none; other: 2, 5, 12, 13" in alt


def test_a_name_looks_the_same_in_all_panels(shown):
    parts = {
        "left": {"log": [1.0, 2.0], "ours": [1.0, 2.0]},
        "right": {"theirs": [1.0], "ours": [3.0], "log": ([31], [4.0])},
    }
    plots.panels(parts, "a title", "epoch", "an alt text", points=["log"], limits={"left": (0, 9)})
    drawn, alt = shown[0]
    left, right = ({tuple(line.get_ydata()): line for line in axes.lines} for axes in drawn.axes)
    ours = [left[1.0, 2.0], right[3.0,]]
    assert len({(line.get_color(), line.get_marker(), line.get_linestyle()) for line in ours}) == 1
    log = right[4.0,]
    assert (log.get_linestyle(), list(log.get_xdata())) == ("None", [31])
    assert right[1.0,].get_color() != right[3.0,].get_color()
    assert drawn.axes[0].get_ylim() == (0, 9)
    assert alt == "an alt text"
    plots.panels(parts, "a title", "epoch", "an alt text", points={"log": "o", "theirs": "*"})
    marks = {line.get_marker() for line in shown[1][0].axes[1].lines}
    assert marks == {"o", "*", "^"}
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["log", "ours", "theirs"]


def test_as_many_names_as_there_are_colours_can_be_told_apart(shown):
    many = {f"run {number}": np.arange(3.0) + number for number in range(8)}
    plots.panels({"one": many}, "a title", "epoch", "an alt text")
    lines = shown[0][0].axes[0].lines
    looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines}
    assert len(looks) == len(many)
