"""What is not installed is skipped, and is a failure where it had to be installed."""

import optional
import pytest


@pytest.mark.parametrize(("value", "outcome"), [("required", pytest.fail), (None, pytest.skip)])
def test_what_is_missing_is_skipped_or_a_failure(monkeypatch, value, outcome):
    monkeypatch.delenv("COURSE_NEEDED", raising=False)
    if value:
        monkeypatch.setenv("COURSE_NEEDED", value)
    assert optional.needed("json", "COURSE_NEEDED", "make setup").loads("1") == 1
    with pytest.raises(outcome.Exception, match="no_such_module is not installed: make setup"):
        optional.needed("no_such_module.part", "COURSE_NEEDED", "make setup")
