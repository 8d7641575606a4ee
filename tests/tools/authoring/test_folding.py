"""Cells that only draw are known from those that teach."""

import pytest

from course_tools.authoring.folding import only_draws

DRAWS = [
    'plots.lines(curves, title="A", x="epoch", y="loss", alt="b")',
    'plots.show(drawn, "Lines.")\nprint(f"{best:.2%}")\nplots.dots(groups)',
    "drawn, axes = plots.figure(1, 2)\nfor axis, value in zip(axes.flat, values):\n"
    '    axis.plot(value)\n    axis.set_title("a")\nplots.show(drawn, "b")',
    "widgets.slide(draw, values, 'λ', start=1)",
    "if values:\n    plots.dots(values)\nelse:\n    print('not yet measured')",
]
TEACHES = [
    "model.fit(x, y)\nplots.curves(history, title='a', alt='b')",
    "best = max(losses)\nplots.lines(losses)",
    "def draw(value):\n    return plots.figure()",
    "import numpy as np\nplots.lines(np.ones(3))",
    "print('no figure at all')",
    "%matplotlib inline\nplots.lines(a)",
    "for model in models:\n    model.fit(x)\n    plots.lines(a)",
    "",
]


@pytest.mark.parametrize("source", DRAWS)
def test_a_cell_of_titles_and_axes_only_draws(source):
    assert only_draws(source)


@pytest.mark.parametrize("source", TEACHES)
def test_a_cell_that_computes_trains_or_defines_does_more(source):
    assert not only_draws(source)
