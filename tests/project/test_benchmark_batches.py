"""The benchmark of batches computes what it says, from what a batch leaves."""

import subprocess
import sys

import psutil
import pytest
from foreign import wait_until

from benchmarks import batches
from course_tools.batch import manifest


def test_the_runs_that_are_done_while_the_manifest_is_written(tmp_path):
    assert batches.finished(tmp_path) == 0
    (tmp_path / "manifest.jsonl").write_text('{}\n{"id": "a"}\n{"id": "b"}\n{"id": "cut')
    assert batches.finished(tmp_path) == 2


def test_a_client_that_has_ended_leaves_no_sample():
    client = psutil.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    # A process that has barely begun holds next to nothing.
    wait_until(lambda: batches.use(client)[0] > 1, what="a megabyte")
    assert batches.use(client)[1] >= 0
    client.stdin.close()
    # Nobody has waited for it yet.
    wait_until(lambda: client.status() == psutil.STATUS_ZOMBIE, what="the end")
    assert batches.use(client) is None
    client.wait()
    assert batches.use(client) is None


@pytest.mark.parametrize(("runs", "expected"), [(100, 40.0), (1000, 39.2)])
def test_growth_is_counted_after_the_start(tmp_path, monkeypatch, runs, expected):
    """A client of 100 MB that grows by 0.04 MB a run; loading its modules is no growth."""
    samples = [(0, 50.0, 0.0), (1, 90.0, 1.5)]
    samples += [(done, 100 + 0.04 * done, 2 + 0.01 * done) for done in range(20, runs + 1, 20)]
    monkeypatch.setattr(batches, "batch", lambda *_: ([], samples, 2.0 * runs))
    found = batches.memory(tmp_path, runs)
    assert found["value"] == pytest.approx(expected)
    assert found["seconds_a_run"] == 2
    assert found["cpu_seconds_a_run"] == pytest.approx(0.01)
    assert batches.verdict("memory", found["value"]) == "reached"
    assert batches.verdict("memory", 50) == "missed"


def test_time_between_runs_is_what_is_left_of_the_batch(tmp_path, monkeypatch):
    """A batch of one run of 2 s takes 3; one of 5 such runs takes 12: 0.25 s for each further run."""

    def batch(folder, book, runs, workers):
        assert workers == 1
        return [manifest.Entry("run", "ok", seconds=2.0)] * runs, [], {1: 3.0, 5: 12.0}[runs]

    monkeypatch.setattr(batches, "batch", batch)
    assert batches.scheduling(tmp_path, 4)["value"] == pytest.approx(0.25)


def test_the_goals_are_those_of_the_directions_they_point_in():
    assert batches.verdict("parallel", 0.9) == "reached"
    assert batches.verdict("parallel", 0.89) == "missed"
    assert batches.verdict("scheduling", 0.19) == "reached"
