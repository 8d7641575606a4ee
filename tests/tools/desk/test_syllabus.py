"""`course syllabus`: sessions cut as evenly as can be, and what is not known said."""

import itertools
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from course_tools.cli import app
from course_tools.desk import syllabus
from course_utils import evidence, machine
from course_utils.errors import CourseError

LENGTHS = st.lists(st.integers(1, 50), min_size=1, max_size=7)


@given(LENGTHS, st.integers(1, 9))
def test_sessions_hold_every_lesson_once_in_order_and_no_cut_is_better(minutes, sessions):
    found = syllabus.lay_out(minutes, sessions)
    assert len(found) == sessions
    assert list(itertools.chain(*found)) == list(range(len(minutes)))
    longest = max(sum(minutes[i] for i in part) for part in found)
    every_cut = itertools.combinations_with_replacement(range(len(minutes) + 1), sessions - 1)
    ends = ([0, *cut, len(minutes)] for cut in every_cut)
    best = min(max(sum(minutes[a:b]) for a, b in itertools.pairwise(cut)) for cut in ends)
    assert longest == best


@given(LENGTHS, st.integers(1, 100))
def test_so_many_sessions_are_enough_and_one_less_is_not(minutes, length):
    count = syllabus.needed(minutes, length)
    if max(minutes) > length:
        assert count is None
        return

    def longest(sessions):
        return max(sum(minutes[i] for i in part) for part in syllabus.lay_out(minutes, sessions))

    assert longest(count) <= length
    assert count == 1 or longest(count - 1) > length


@pytest.fixture
def costs(monkeypatch):
    """Lesson 02 takes two minutes on one machine and four on another; nothing else is known."""
    rows = [("02_baseline_cnn", "reduced", name, 60.0 * n, 900, "1") for name, n in
            (("a", 2), ("b", 4))]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(evidence.COST_COLUMNS))
    monkeypatch.setattr(evidence, "lesson_costs", lambda: table)


def test_a_part_counts_what_the_learner_reads(costs):
    (part,) = syllabus.parts(["02"])
    assert part.title == "A network that knows what a neighbour is"
    # Neither machine is this one; their times are not mixed.
    assert (part.running, part.measured_on) == (2, "a")
    assert part.exercises == 2
    assert 500 < part.words < 3_000
    pace = syllabus.Pace(words=100, exercise=20)
    assert part.minutes(pace) == round(2 + part.words / 100 + 40)


def test_times_are_of_this_machine_where_it_was_measured(costs, monkeypatch):
    class Here:
        hardware = "b"

    monkeypatch.setattr(machine, "detect", Here)
    (part,) = syllabus.parts(["02"])
    assert (part.running, part.measured_on) == (4, "b")


def test_a_plan_says_what_is_measured_and_what_is_not(costs):
    text = syllabus.plan(3, 60, ["02", "04"])
    assert text.startswith("# 2 lessons in 3 sessions of 60 minutes\n")
    assert "| 02 A network that knows what a neighbour is | 2.0 |" in text
    assert "Running times: measured in reduced mode on a." in text
    assert "| 04 Before the first step | not yet measured |" in text
    assert "counted as 2 minutes: 04. Measure them: course run 04 --mode reduced" in text
    assert "## Session 3\n\nFree" in text


def test_outside_reduced_mode_what_is_not_measured_is_not_counted(costs, monkeypatch):
    text = syllabus.plan(1, 90, ["02", "04"], mode="full")
    assert "Running times" not in text
    assert "| 02 A network that knows what a neighbour is | not yet measured |" in text
    read = sum(part.minutes(syllabus.Pace()) for part in syllabus.parts(["02", "04"], "full"))
    assert (
        f"## Session 1: {read} minutes and the runs of 02, 04, {90 - read} left for these" in text
    )
    assert text.count(" + runs |") == 2
    assert (
        "Not yet measured, so not counted, in full mode: 02, 04. Measure them: course run" in text
    )
    (part,) = syllabus.parts(["04"], "full")
    assert part.minutes(syllabus.Pace()) == syllabus.parts(["04"])[0].minutes(syllabus.Pace()) - 2
    # The sessions that would hold it are said with the same reservation.
    assert "hold all of it, but for the running times" in syllabus.plan(1, 45, ["02", "04"], "full")
    assert "minutes, but for the running times" in syllabus.plan(1, 9, ["04"], "full")
    # One is measured in this mode, and the other is not.
    table = evidence.lesson_costs().assign(mode="full")
    monkeypatch.setattr(evidence, "lesson_costs", lambda: table)
    text = syllabus.plan(1, 90, ["02", "04"], mode="full")
    assert "Running times: measured in full mode on a." in text
    assert "minutes and the runs of 04, " in text


def test_auto_is_the_mode_of_this_machine(costs, monkeypatch):
    monkeypatch.setenv("COURSE_MODE", "reduced")
    assert syllabus.plan(1, 90, ["02"], "auto") == syllabus.plan(1, 90, ["02"], "reduced")


def test_a_mode_that_there_is_not_is_refused():
    with pytest.raises(CourseError, match="no mode 'reduce'. Did you mean reduced?"):
        syllabus.plan(8, 90, mode="reduce")


def test_a_plan_that_does_not_fit_says_so_and_what_would(costs):
    text = syllabus.plan(1, 60, ["01", "02", "03"])
    assert "TOO LONG" in text
    assert "2 sessions of 60 minutes hold all of it (--sessions 2)" in text
    assert "TOO LONG" not in syllabus.plan(2, 60, ["01", "02", "03"])
    tight = syllabus.plan(20, 15)
    assert "alone takes" in tight


def advice(*given):
    """What a plan says of lessons that do not fit; "" where they do."""
    return re.sub("(?s).*This does not fit[.] |.*", "", syllabus.plan(*given), count=1)


def test_homework_is_advised_only_where_it_helps(costs):
    names = ["01", "02", "03", "04", "05"]
    parts = syllabus.parts(names)
    bare = sum(part.minutes(syllabus.Pace(exercise=0)) for part in parts)
    assert advice(1, bare, names).endswith("or give exercises as homework: --exercise 0.")
    fewer = advice(1, bare - 1, names)
    assert "--exercise" not in fewer
    homework = syllabus.Pace(exercise=0)
    again = advice(1, bare - 1, names, "reduced", homework)
    assert "homework" not in again
    assert again.endswith(f"--sessions 1 --minutes {bare - 1} --exercise 0")
    # What is advised fits.
    for text, pace in ((fewer, syllabus.Pace()), (again, homework)):
        named = re.search(r"course syllabus ([\d ]+) --sessions", text)[1].split()
        assert 0 < len(named) < 5
        assert advice(1, bare - 1, named, "reduced", pace) == ""
    assert "in 1 session of 90 minutes\n" in syllabus.plan(1, 90, names)
    assert syllabus.plan(2, 90, ["02"]).startswith("# 1 lesson in 2 sessions")


def test_a_lesson_too_long_without_its_exercises_is_not_given_as_homework(costs):
    (part,) = syllabus.parts(["02"])
    bare = part.minutes(syllabus.Pace(exercise=0))
    assert "give exercises as homework (--exercise 0), or plan longer" in syllabus.plan(
        1, bare, ["02"]
    )
    assert "homework" not in syllabus.plan(1, bare - 1, ["02"])
    assert "alone takes" in syllabus.plan(1, bare - 1, ["02"])


@pytest.mark.parametrize(
    ("sessions", "minutes", "named"), [(0, 90, "--sessions"), (3, -1, "--min")]
)
def test_numbers_that_make_no_plan_are_refused(sessions, minutes, named):
    with pytest.raises(CourseError, match=f"{named}.* expected 1 or more"):
        syllabus.plan(sessions, minutes)


def test_the_command_prints_every_lesson():
    done = CliRunner().invoke(app, ["syllabus", "--sessions", "4", "--minutes", "120"])
    assert done.exit_code == 0
    assert done.output.startswith("# ")
    lessons = syllabus.parts()
    assert len(lessons) > 10
    for part in lessons:
        assert f"\n| {part.name[:2]} {part.title} |" in done.output
