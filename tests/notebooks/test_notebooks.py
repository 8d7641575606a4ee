"""Every committed notebook, by every rule that it must keep; new ones are found by themselves."""

import pytest
from paths import NOTEBOOKS

from course_tools.authoring.rules import find_notebooks, rules_for

CASES = [
    pytest.param(
        notebook,
        rule,
        id=f"{notebook.script.relative_to(NOTEBOOKS).with_suffix('')}-{rule.__name__}",
    )
    for notebook in find_notebooks(NOTEBOOKS)
    for rule in rules_for(notebook)
]


@pytest.mark.parametrize(("notebook", "rule"), CASES)
def test_notebook(notebook, rule):
    problems = rule(notebook)
    assert not problems, "\n" + "\n".join(problems)


def test_there_are_lessons_to_check():
    lessons = [notebook for notebook in find_notebooks(NOTEBOOKS) if notebook.is_lesson]
    assert len(lessons) >= 3, "no notebook was found where the lessons should be"
