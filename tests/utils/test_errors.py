"""What a notebook shows of an error of the course."""

import pytest
from IPython.core.interactiveshell import InteractiveShell


@pytest.mark.parametrize("headless", [True, False])
def test_a_notebook_shows_the_sentence_and_a_batch_the_traceback(monkeypatch, capsys, headless):
    if headless:
        monkeypatch.setenv("COURSE_HEADLESS", "1")
    else:
        monkeypatch.delenv("COURSE_HEADLESS", raising=False)
    shell = InteractiveShell()
    shell.run_cell("from course_utils.errors import DataError\nraise DataError('No such folder')")
    said = capsys.readouterr().out
    assert said.rstrip().endswith("DataError: No such folder")
    assert ("Traceback" in said) == headless
    assert len(said.strip().splitlines()) == 1 or headless
