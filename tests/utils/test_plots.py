"""How names of any script come into figures, and what the pictures of a mask show."""

import matplotlib
import numpy as np
import pytest
from matplotlib import font_manager

from course_utils import plots


@pytest.fixture(autouse=True)
def fonts(monkeypatch):
    """Matplotlib's own fonts alone, and its settings as they were."""
    with matplotlib.rc_context():
        own = [f for f in font_manager.fontManager.ttflist if f.name == "DejaVu Sans"]
        monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
        yield


def test_names_that_the_font_has_stay_as_they_are(capsys):
    before = list(matplotlib.rcParams["font.family"])
    assert plots.drawable(("Äpfel", "груша", "σῦκα")) == ["Äpfel", "груша", "σῦκα"]
    assert capsys.readouterr().out == ""
    assert matplotlib.rcParams["font.family"] == before


def test_pairs_are_a_line_each_with_their_means_and_levels():
    drawn = plots.pairs_figure({"a": [1, 3], "b": [2, 6]}, "t", "y, %", {"habit": 0.5})
    (axes,) = drawn.axes
    ends = [list(line.get_ydata()) for line in axes.lines]
    assert ends == [[1, 2], [3, 6], [2, 4], [0.5, 0.5]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["mean", "habit"]
    with pytest.raises(ValueError, match="argument"):
        plots.pairs_figure({"a": [1, 3], "b": [2]}, "t", "y")


def test_without_a_font_for_them_names_are_numbered_and_one_sentence_says_so(capsys):
    assert plots.drawable(("猫", "dog", "사슴")) == ["1", "2", "3"]
    said = capsys.readouterr().out
    assert (
        said
        == "No font here has the signs of all names, so figures number them: 1 猫, 2 dog, 3 사슴.\n"
    )


def test_a_font_of_the_machine_that_has_the_signs_is_used(monkeypatch, capsys):
    entry = font_manager.FontEntry

    class Font:
        def __init__(self, signs):
            self.signs = signs

        def get_char_index(self, code):
            return 7 if self.signs is None or chr(code) in self.signs else 0

    has = {"latin": "dog", "last": None, "han": "猫dog", "hangul": "사슴"}
    monkeypatch.setattr(font_manager, "findfont", lambda family: "latin")
    monkeypatch.setattr(font_manager, "get_font", lambda path: Font(has[path]))
    found = [
        entry(fname=path, name=name)
        for path, name in (("last", "LastResort"), ("han", "Han"), ("hangul", "Hangul"))
    ]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", found)
    assert plots.drawable(("猫", "dog", "사슴")) == ["猫", "dog", "사슴"]
    assert matplotlib.rcParams["font.family"] == ["sans-serif", "Han", "Hangul"]
    assert capsys.readouterr().out == ""


def test_what_a_mask_took_is_orange_and_what_was_silent_stays_black():
    full = np.zeros((4, 4, 2))
    full[..., 1] = 3  # of the two channels the one with something to lose
    full[0, 0, 1] = 0
    mask = np.ones((4, 4, 1))
    mask[1, 2], mask[0, 0] = 0, 0
    whole, masked = plots.masked_maps([full, full * mask / 0.75])
    assert whole.shape == masked.shape == (4, 4, 3)
    red, green, blue = masked[1, 2]
    assert red > green > blue == 0
    assert (whole[0, 0] == 0).all()
    assert (masked[0, 0] == 0).all(), "silent before any mask"
    assert (masked[3, 3] == 1).all()
    assert np.allclose(whole[3, 3], 0.75)


def test_maps_in_which_all_is_silent_are_black():
    assert not plots.masked_maps(np.zeros((3, 4, 4, 2))).any()
