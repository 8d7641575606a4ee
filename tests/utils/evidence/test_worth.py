"""What a technique is worth in images: read off two curves, with an interval that keeps its word."""

import math

import numpy as np
import pandas as pd
import pytest

from course_utils import evidence, plots, worth_chart
from course_utils.evidence import protocol
from course_utils.evidence.worth import worth, worth_in_images

SIZES = (500, 1000, 2000, 5000, 10_000, 20_000)


def errors(size, times=1.0, draw=None, seeds=5, noise=0.03):
    """Errors that fall with the root of the number of images, as with `times` as many of them."""
    exact = 2 * (times * size) ** -0.5
    return exact * np.exp(draw.normal(0, noise, seeds) if draw else np.zeros(seeds))


def test_it_is_read_off_the_baselines_curve():
    base = {size: errors(size) for size in SIZES}
    found = worth(base, errors(5000, 2.5), 5000)
    assert found.times == pytest.approx(2.5)
    assert (found.n, found.beyond, found.at) == (5, 0, 5000)
    assert worth(base, errors(5000), 5000).times == pytest.approx(1)
    assert worth(base, errors(5000, 0.5), 5000).times == pytest.approx(0.5)


def test_where_the_curve_ends_the_interval_is_open():
    base = {size: errors(size) for size in SIZES}
    found = worth(base, errors(5000, 9), 5000)
    assert (found.times, found.high, found.beyond) == (pytest.approx(4), math.inf, 5)
    said = found.sentence("five")
    assert (
        "about 4 times as many images or more (5 seeds, 5 of them beyond the baseline's curve"
        in said
    )
    assert "so no interval" in said
    assert "95 %" not in said, "values cut off at an end make no interval"
    assert said.endswith("and the baseline with about 20,000 or more.")
    found = worth(base, errors(5000, 0.01), 5000)
    assert (found.times, found.low) == (pytest.approx(0.1), 0)
    assert "about 0.1 times as many images or fewer" in found.sentence("noise")
    assert worth(base, [0.0] * 5, 5000).high == math.inf, "no mistake at all"


def test_a_curve_that_rises_by_chance_is_levelled():
    base = {size: errors(size) for size in SIZES}
    base[10_000] = base[5000] * 1.1
    assert 1 < worth(base, errors(5000, 1.5), 5000).times < 4


@pytest.mark.parametrize(
    ("base", "other"),
    [({500: [0.1, 0.2]}, [0.1, 0.1]), ({5: [0.1], 6: [0.1]}, [0.1]), ({5: [1, 2], 6: [1, 2]}, [1])],
)
def test_what_makes_no_curve_is_named(base, other):
    with pytest.raises(ValueError, match="expected two or more sizes"):
        worth(base, other, 500)


def test_over_2000_simulated_curves_the_interval_covers_what_it_promises():
    draw, inside, narrower = np.random.default_rng(7), 0, 0
    for _ in range(2_000):
        base = {size: errors(size, 1, draw) for size in SIZES}
        found = worth(base, errors(5000, 2, draw), 5000)
        inside += found.low <= 2 <= found.high
        # An interval half as wide would not do.
        root = math.sqrt(found.high / found.times)
        narrower += found.times / root <= 2 <= found.times * root
    assert inside / 2_000 == pytest.approx(0.95, abs=0.015)
    assert narrower / 2_000 < 0.85


@pytest.fixture
def rows(monkeypatch):
    """Reference runs of the curve's own table and of the one that its rates come from."""
    curve, fair = protocol.table("curve_mnist"), protocol.table("fair_mnist")
    draw = np.random.default_rng(1)

    def row(of, arm, seed, error, **changes):
        return dict.fromkeys(evidence.COLUMNS) | {
            "table": of.name, "arm": arm, "seed": seed, "learning_rate": 0.003, "code": "c",
            "val_loss": 0.1, "compare_accuracy": 1 - error, "model": "baseline_cnn", **changes,
        }  # fmt: skip

    found = []
    for line, times in (("baseline", 1), ("augmentation", 2.5)):
        for size in curve.sizes:
            for seed, error in enumerate(errors(size, times, draw)):
                found.append(row(curve, f"{line}_{size}", seed, error))
        for seed, error in enumerate(errors(5000, times, draw, 10)):
            found.append(row(fair, line, seed, error))
        for rate in fair.rates:
            loss = abs(rate - 0.003)
            tuned = {"learning_rate": rate, "val_loss": loss}
            found += [row(fair, line, seed, 0.5, **tuned) for seed in fair.tuning_seeds]
    return found


def test_a_table_of_curves_says_what_a_technique_is_worth(rows):
    def frame(rows):
        return pd.DataFrame(rows, columns=list(evidence.COLUMNS))

    found = worth_in_images("curve_mnist", "augmentation", runs=frame(rows))
    assert found.low < 2.5 < found.high
    assert found.n == 5, "the seeds of the curve, of ten in the other table"
    said = found.sentence("augmentation")
    assert said.startswith("augmentation is worth about 2.")
    assert "with 5,000 it reaches 98.2" in said
    # Not before all is there, nor of runs that would not compare.
    assert worth_in_images("curve_mnist", "augmentation", runs=frame(rows[1:])) is None
    assert worth_in_images("curve_mnist", "batch_norm", runs=frame(rows)) is None
    with pytest.raises(
        protocol.ProtocolError, match="not alike: code is c, and another in baseline_500, seed 0"
    ):
        worth_in_images(
            "curve_mnist", "augmentation", runs=frame([{**rows[0], "code": "d"}, *rows[1:]])
        )
    with pytest.raises(protocol.ProtocolError, match="no curve of 'l2'.*its curves: baseline"):
        worth_in_images("curve_mnist", "l2")


def test_the_chart_leads_from_a_technique_to_the_baselines_number_of_images(
    rows, monkeypatch, capsys
):
    shown = []
    monkeypatch.setattr(plots, "show", lambda drawn, alt: shown.append((drawn, alt)))
    table = pd.DataFrame(rows, columns=list(evidence.COLUMNS))
    assert worth_chart.draw("curve_mnist", runs=table) == {
        "augmentation": worth_in_images("curve_mnist", "augmentation", runs=table)
    }
    (drawn, alt), *_ = shown
    axes = drawn.axes[0]
    found = worth_in_images("curve_mnist", "augmentation", runs=table)
    curves = {line.get_label(): line for line in axes.lines if line.get_label()[0] != "_"}
    assert list(curves) == ["baseline", f"augmentation: {found.times:.2g} ×"]
    (arrow,) = axes.texts
    assert arrow.xyann[0] == 5000
    # The arrow ends on the baseline's line, which it reaches at the error it left the other at.
    x, y = arrow.xy
    baseline, other = (line.get_xydata() for line in curves.values())
    assert y == dict(other)[5000]
    assert y == pytest.approx(np.exp(np.interp(np.log(x), *np.log(baseline).T)))
    assert f"augmentation: {found.times:.2g} ×" in alt
    few, many = other[:, 1], baseline[:, 1]
    assert capsys.readouterr().out == (
        f"augmentation, mistakes as a share of the baseline's: {100 * few[0] / many[0]:.0f} % with 500 and "
        f"{100 * few[-1] / many[-1]:.0f} % with 20,000.\n"
    )
    # What is not measured is said, and nothing is drawn of it.
    assert worth_chart.draw("curve_mnist", runs=table[table["arm"] != "baseline_500"]) == {}
    assert len(shown) == 1
    assert "The curve of baseline (curve_mnist): not yet measured" in capsys.readouterr().out
