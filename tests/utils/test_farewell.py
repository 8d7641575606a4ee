"""The farewell: ten sentences whose numbers are those of the stored runs."""

from course_utils import evidence, farewell
from course_utils.evidence import protocol, telling, worth


def test_there_are_ten_and_each_says_a_number_or_that_there_is_none():
    told = farewell.sentences()
    assert len(told) == 10
    for sentence in told:
        assert sentence.endswith(".")
        assert farewell.MISSING in sentence or any(sign.isdigit() for sign in sentence)


def test_each_number_stands_with_the_set_that_it_is_of():
    for sentence in farewell.sentences():
        named = [name for name in telling.JUDGED_ON.values() if name in sentence]
        assert len(named) == 1 or farewell.MISSING in sentence


def test_a_verdict_is_the_tables_own():
    told = " ".join(farewell.sentences())
    for what, table, arm, against in farewell.COMPARED:
        of = protocol.table(table)
        assert (arm, against) in of.compare
        found = protocol.verdicts(of).get((arm, against))
        if not found:
            assert f"{what}: not yet measured." in told
            continue
        name, figures = found.sentence(what).split(":", 1)
        judged = f" points on the {telling.JUDGED_ON[of.judge]}"
        figures = figures.replace(" points", judged, 1)
        assert any(
            sentence.startswith(f"{name} (") and sentence.endswith(f"):{figures}")
            for sentence in farewell.sentences()
        )


def test_brackets_say_how_the_networks_were_trained():
    told = farewell.sentences()
    fair, stopping = (protocol.table(name) for name in ("fair_mnist", "early_stopping"))
    for sentence, (_, table, *_) in zip(told[1:], farewell.COMPARED, strict=False):
        if table == fair.name:
            assert f"(5,000 digits, {fair.epochs} epochs, falling rate tuned for each):" in sentence
        else:
            assert (
                f"({stopping.n_train:,} digits, up to {stopping.epochs} epochs, one constant rate, "
                "no dropout):"
            ) in sentence


def test_the_worth_of_shifts_stands_beside_the_baseline_with_as_many_digits():
    accuracies = worth.accuracies(protocol.table("curve_mnist"), "baseline")[5000]
    reads = f"{sum(accuracies.values()) / len(accuracies):.2%}"
    assert f"With 5,000 the baseline reads {reads} of the comparison set" in farewell.sentences()[8]


def test_a_mean_is_that_of_the_runs():
    runs = evidence.reference_runs("baseline_cnn", "", "reduced", "mnist")["test_accuracy"].dropna()
    assert f"{runs.mean():.2%} ({len(runs)} runs)" in farewell.sentences()[0]


def test_what_nobody_measured_is_not_yet_measured(monkeypatch):
    monkeypatch.setattr(protocol, "verdicts", lambda *_: {})
    monkeypatch.setattr(farewell, "worth_in_images", lambda *_: None)
    monkeypatch.setattr(farewell, "_mean", lambda *_: None)
    assert all("not yet measured" in sentence for sentence in farewell.sentences())


def test_the_last_sentence_has_the_courses_best_digits_too():
    of = protocol.table("best_mnist")
    best = protocol.verdict_runs(of, of.arms["averaged"])["test_accuracy"]
    told = farewell.sentences()[-1]
    assert told.endswith(f"lesson 16's network for digits: {best.mean():.2%} ({len(best)} runs).")
