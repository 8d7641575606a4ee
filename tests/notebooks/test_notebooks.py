"""Every committed notebook, by every rule that it must keep; new ones are found by themselves."""

import pytest

from course_tools.authoring.notebook_files import NOTEBOOKS, find_notebooks
from course_tools.authoring.reader_rules import rules_for

CASES = [
    pytest.param(
        notebook,
        rule,
        id=f"{notebook.script.relative_to(NOTEBOOKS).with_suffix('')}-{rule.__name__}",
    )
    for notebook in find_notebooks()
    for rule in rules_for(notebook)
]


@pytest.mark.parametrize(("notebook", "rule"), CASES)
def test_notebook(notebook, rule):
    problems = rule(notebook)
    assert not problems, "\n" + "\n".join(problems)


def test_there_are_lessons_to_check():
    lessons = [notebook for notebook in find_notebooks() if notebook.is_lesson]
    assert len(lessons) >= 3, "no notebook was found where the lessons should be"
