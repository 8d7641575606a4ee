"""`course compare`: two CSV files of anybody's figures, a verdict in words."""

import pytest

from course_tools.desk import compare
from course_utils.errors import CourseError

BEFORE = "seed,accuracy\n1,0.950\n2,0.960\n3,0.955\n4,0.961\n5,0.957\n"
AFTER = "seed,accuracy\n1,0.960\n2,0.965\n3,0.961\n4,0.970\n5,0.960\n7,0.990\n"


@pytest.fixture
def report(tmp_path):
    def said(before=BEFORE, after=AFTER, **options):
        for name, text in (("before", before), ("after", after)):
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        return compare.report(tmp_path / "before.csv", tmp_path / "after.csv", **options)

    return said


def test_the_verdict_comes_with_what_it_rests_on(report, tmp_path):
    said = report(picture=tmp_path / "p.png").splitlines()
    assert said[0].startswith("after against before: +0.66 points, 95 % interval +0.30 to +1.02")
    assert said[0].endswith("5 paired seeds: helps.")
    assert said[1] == "Left out, with no partner: 7."
    assert "Exact sign-flip test: p = 0.062" in said[2]
    assert "found in four of five studies with 4 seeds" in said[3]
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_one_column_without_a_heading_pairs_line_by_line(report):
    said = report("95.0\n96.0\n95.5\n", "96.0\n96.5\n96.1\n")
    assert "+0.7000, 95 % interval" in said
    assert "3 pairs are too few for a verdict" in said


def test_semicolons_decimal_commas_percent_signs_and_1_0_are_read_as_they_are_meant(report):
    first = report()
    asked = report(
        "seed;accuracy\r\n"
        + "".join(f"{i};0,9{d}\r\n" for i, d in enumerate(["50", "60", "55", "61", "57"], 1)),
        "1.0\t96.0%\n2.0\t96.5%\n3.0\t96.1%\n4.0\t97.0%\n5.0\t96.0%\n7\t99%\n",
    )
    assert asked == first


def test_of_several_columns_the_named_one_is_compared(report):
    heading, *lines = BEFORE.split()
    before = f"{heading},loss\n" + "".join(f"{line},0.{i}\n" for i, line in enumerate(lines))
    with pytest.raises(CourseError, match="3 columns .*--column accuracy"):
        report(before)
    with pytest.raises(CourseError, match="no column 'acc' .* It has: accuracy"):
        report(column="acc")
    after = AFTER.replace("accuracy", "accuracy,loss").replace("0\n", "0,1\n")
    after = "\n".join(line if line.count(",") == 2 else f"{line},1" for line in after.split())
    assert report(before, after, column="accuracy") == report()


def test_a_gain_that_is_the_same_each_time_is_no_verdict(report):
    said = report("95\n96\n94\n95\n93\n", "97\n98\n96\n97\n95\n")
    assert said.endswith("so their spread could not be estimated: no verdict without a spread.")


def test_of_losses_less_is_better(report):
    assert "hurts" in report(lower=True)


def test_figures_that_do_not_vary_have_no_interval_and_no_picture(report, tmp_path):
    same = "1,0.5\n2,0.6\n3,0.7\n4,0.5\n5,0.6\n"
    said = report(same, same, picture=tmp_path / "p.png")
    assert "all differences are equal" in said
    assert "No picture" in said
    assert not (tmp_path / "p.png").exists()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("", AFTER, "holds no figures"),
        ("seed,accuracy\n", AFTER, "holds no figures"),
        ("1,0.9\n2,high\n", AFTER, "pair 2: 'high' is no number"),
        ("1,0.9\n2,nan\n", AFTER, "pair 2: 'nan' is no number"),
        ("1,0.9\n1,0.8\n", AFTER, "two figures for 1"),
        ("8,0.9\n9,0.8\n", AFTER, "0 seeds in common"),
        ("0,inf\n1,0.9\n", AFTER, "pair 0: 'inf' is no number"),
        ("0,\n1,0.9\n", AFTER, "pair 0: '' is no number"),
        ("1,0.9\n2\n", AFTER, "line 2 of its figures: 1 columns, and 2 in the first"),
        ("1,95.0\n2,96.0\n3,97.5\n", AFTER, "seems to hold fractions .* percent .*one unit"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(report, before, after, words):
    with pytest.raises(CourseError, match=words) as caught:
        report(before, after)
    assert "\n" not in str(caught.value)


def test_files_that_are_not_there_or_no_text_are_named(report, tmp_path):
    report()
    with pytest.raises(CourseError, match="gone.csv cannot be read"):
        compare.report(tmp_path / "gone.csv", tmp_path / "after.csv")
    (tmp_path / "latin.csv").write_bytes(b"1,0.9\n\xe9,0.8\n")
    with pytest.raises(CourseError, match="latin.csv cannot be read"):
        compare.report(tmp_path / "latin.csv", tmp_path / "after.csv")
    with pytest.raises(CourseError, match="Expected: --picture p.png"):
        report(picture=tmp_path / "p.jpg")
    with pytest.raises(CourseError, match="Name another file"):
        report(picture=tmp_path / "after.csv" / "p.png")
