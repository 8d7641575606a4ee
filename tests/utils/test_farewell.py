"""The farewell: ten sentences whose numbers are those of the stored runs."""

from course_utils import evidence, farewell
from course_utils.evidence import protocol


def test_there_are_ten_and_each_says_a_number_or_that_there_is_none():
    told = farewell.sentences()
    assert len(told) == 10
    for sentence in told:
        assert sentence.endswith(".")
        assert farewell.MISSING in sentence or any(sign.isdigit() for sign in sentence)


def test_a_verdict_is_the_tables_own():
    told = " ".join(farewell.sentences())
    for what, table, arm, against in farewell.COMPARED:
        of = protocol.table(table)
        assert (arm, against) in of.compare
        found = protocol.verdicts(of).get((arm, against))
        assert (found.sentence(what) if found else f"{what}: not yet measured.") in told


def test_a_mean_is_that_of_the_runs():
    runs = evidence.reference_runs("baseline_cnn", "", "reduced", "mnist")["test_accuracy"].dropna()
    assert f"{runs.mean():.2%} ({len(runs)} runs)" in farewell.sentences()[0]


def test_what_nobody_measured_is_not_yet_measured(monkeypatch):
    monkeypatch.setattr(protocol, "verdicts", lambda *_: {})
    monkeypatch.setattr(farewell, "worth_in_images", lambda *_: None)
    monkeypatch.setattr(farewell, "_mean", lambda *_: None)
    assert all("not yet measured" in sentence for sentence in farewell.sentences())
