"""`course syllabus`: every lesson in order, sessions as full as they go, what is not known said."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_course import said

from course_tools.desk import syllabus
from course_utils import evidence, machine

HARDWARE = "a cpu"


@given(st.lists(st.integers(1, 50), min_size=1, max_size=9), st.integers(1, 100))
def test_sessions_hold_every_lesson_once_in_order_and_no_fewer_would_do(minutes, length):
    found = syllabus.lay_out(minutes, length)
    assert list(itertools.chain(*found)) == list(range(len(minutes)))
    for session in found:
        assert len(session) == 1 or sum(minutes[i] for i in session) <= length
    # Of neighbours that fit, no two sessions can be joined.
    for one, other in itertools.pairwise(found):
        assert sum(minutes[i] for i in one) + minutes[other[0]] > length


@pytest.fixture
def costs(monkeypatch):
    """Lesson 02 takes two minutes on one machine and four on this one; nothing else is known."""

    class Here:
        hardware = HARDWARE

    monkeypatch.setattr(machine, "detect", Here)
    known = {("02_baseline_cnn", "reduced"): (120.0, 900.0)}
    monkeypatch.setattr(evidence, "lesson_cost", lambda name, mode, _=None: known.get((name, mode)))
    monkeypatch.setattr(
        evidence, "measured_on", lambda name, mode, on=None: on if (name, mode) in known else None
    )


def test_a_lesson_counts_what_the_learner_runs_reads_and_solves(costs):
    (part,) = syllabus.parts(["02"])
    assert part.title == "A network that knows what a neighbour is"
    assert (part.running, part.measured_on, part.exercises) == (2, HARDWARE, 2)
    assert 500 < part.words < 3_000
    pace = syllabus.Pace(words=100, exercise=20)
    assert part.minutes(pace) == round(2 + part.words / 100 + 40)


def test_a_plan_says_what_is_measured_and_what_is_not(costs, capsys):
    code, text, _ = said(capsys, "syllabus", "04", "02", "--sessions", 3, "--minutes", 60)
    assert code == 0
    assert text.startswith("# 2 lessons in 3 sessions of 60 minutes\n")
    assert text.index("| 02 A network that knows what a neighbour is | 2.0 |") < text.index(
        "| 04 Before the first step | not yet measured |"
    )
    assert text.count(" + runs |") == 1
    assert f"Running times: measured in reduced mode on {HARDWARE}." in text
    assert "not counted: 04. Measure them: course run 04 --mode reduced --out costs" in text
    assert "Assumed, not measured: 130 words read in a minute, 10 minutes for an exercise." in text
    assert "## Session 3\n\nFree" in text
    assert "does not fit" not in text


def test_auto_is_the_mode_of_this_machine(costs, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_MODE", "full")
    words = ("syllabus", "02", "--mode")
    assert said(capsys, *words, "auto")[1] == said(capsys, *words, "full")[1]
    assert "full mode, so not counted: 02" in said(capsys, *words, "auto")[1]


@pytest.mark.parametrize("given", [(1, 60), (20, 15)])
def test_a_plan_that_does_not_fit_says_what_would(costs, given, capsys):
    text = syllabus.plan(*given, ["01", "02", "03"])
    found = re.search(r"does not fit[.]\*\* What does: (--sessions \d+ --minutes \d+);", text)
    again = said(capsys, "syllabus", "01", "02", "03", *found[1].split())[1]
    assert "does not fit" not in again + syllabus.plan(9, 99, ["01", "02", "03"])
    assert "TOO LONG" not in again
    assert ("TOO LONG" in text) == (given[1] == 15)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--sessions", "0"], "--sessions is 0; expected 1 or more"),
        (["--minutes", "-1"], "--minutes is -1; expected 1 or more"),
        (["--mode", "reduce"], "no mode 'reduce'. Did you mean reduced?"),
        (["77"], "There is no lesson '77'"),
    ],
)
def test_what_makes_no_plan_is_refused(words, sentence, capsys):
    code, _, err = said(capsys, "syllabus", *words)
    assert code == 2
    assert sentence in err


def test_the_whole_course_is_planned(capsys):
    code, text, _ = said(capsys, "syllabus", "--sessions", 4, "--minutes", 120)
    assert code == 0
    lessons = syllabus.parts()
    assert len(lessons) > 10
    for part in lessons:
        assert f"\n| {part.name[:2]} {part.title} |" in text
