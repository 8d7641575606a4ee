"""Sliders and switches: the figure follows, and stands still in a headless run."""

import ipywidgets
import pytest
from IPython import display as shown

from course_utils import plots, widgets


class Output:
    """An output of the notebook that `display` made and that its handle updates."""

    def __init__(self, data, options):
        self.data, self.options = data, options

    def update(self, data, **options):
        self.data, self.options = data, options


@pytest.fixture
def displayed(monkeypatch):
    """What is displayed: a list of `Output`."""
    seen = []
    monkeypatch.setattr(
        shown,
        "display",
        lambda thing, **options: (seen.append(Output(thing, options)), seen[-1])[1],
    )
    monkeypatch.delenv("COURSE_HEADLESS", raising=False)
    return seen


def draw(value):
    figure, axes = plots.figure(height=1.5, width=2)
    axes.set_title(str(value))
    draw.calls.append(value)
    return figure, f'The "figure" of {value}'


@pytest.fixture(autouse=True)
def calls():
    draw.calls = []
    return draw.calls


def parts(displayed):
    row, picture = displayed
    return row.data.children, picture


def alt(picture):
    return picture.options["metadata"]["image/png"]["alt"]


def test_the_figure_follows_the_slider_and_is_drawn_once_a_value(displayed, calls):
    widgets.slide(draw, [0.1, 1, 10], "penalty", start=1)
    (slider,), picture = parts(displayed)
    assert isinstance(slider, ipywidgets.SelectionSlider)
    assert [label for label, _ in slider.options] == ["0.1", "1", "10"]
    assert alt(picture) == 'The "figure" of 1'
    before = picture.data
    slider.value = 10
    assert alt(picture) == 'The "figure" of 10'
    assert picture.data != before
    slider.value = 1
    assert picture.data == before
    assert calls == [1, 10]


def test_switches_choose_members_and_the_last_one_stays_on(displayed, calls):
    widgets.switch(draw, ["a", "b", "c"], on=[0, 2])
    switches, picture = parts(displayed)
    assert [one.description for one in switches] == ["a", "b", "c"]
    assert calls == [(0, 2)]
    switches[1].value = True
    assert alt(picture) == 'The "figure" of (0, 1, 2)'
    for one in switches:
        one.value = False
    assert [one.value for one in switches] == [False, False, True]
    assert calls[-1] == (2,)
    assert alt(picture) == 'The "figure" of (2,)'


def test_a_headless_run_shows_the_figure_alone(displayed, monkeypatch):
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    widgets.slide(draw, [1, 2], "penalty", start=2)
    widgets.switch(draw, ["a", "b"], on=[1])
    for picture in displayed:
        assert picture.options["raw"]
        assert set(picture.data) == {"image/png", "text/plain"}
    assert [alt(picture) for picture in displayed] == ['The "figure" of 2', 'The "figure" of (1,)']


def test_a_build_keeps_the_figures_of_a_slider_beside_the_one_that_is_shown(displayed, monkeypatch):
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    monkeypatch.setenv("COURSE_FRAMES", "1")
    widgets.slide(draw, [0.1, 1, 10], "penalty", start=1)
    (picture,) = displayed
    assert set(picture.data) == {"image/png", "text/plain"}
    kept = picture.options["metadata"]["course_slider"]
    assert (kept["label"], kept["start"], kept["names"]) == ("penalty", 1, ["0.1", "1", "10"])
    assert [figure["alt"] for figure in kept["figures"]] == [
        f'The "figure" of {value}' for value in (0.1, 1, 10)
    ]
    assert len({figure["png"] for figure in kept["figures"]}) == 3
    assert len(kept["figures"][1]["png"]) < len(picture.data["image/png"])


def test_figures_that_would_weigh_too_much_are_not_kept(displayed, monkeypatch):
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    monkeypatch.setenv("COURSE_FRAMES", "1")
    monkeypatch.setattr(widgets, "MOST_BYTES", 3000)
    widgets.slide(draw, range(9), "penalty", start=1)
    assert set(displayed[0].options["metadata"]) == {"image/png"}


def test_a_start_that_is_not_there_is_refused(displayed):
    with pytest.raises(ValueError, match="start is 3; expected one of 1, 2"):
        widgets.slide(draw, [1, 2], "penalty", start=3)
    for on in ([], [2], [-1]):
        with pytest.raises(ValueError, match="expected one or more of 0 to 1"):
            widgets.switch(draw, ["a", "b"], on=on)
