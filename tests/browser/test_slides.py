"""Slides in a real browser: nothing is cut off, keys turn them, a page each in print, no request leaves."""

import json

import pytest

from course_tools.desk import slides

# Of each slide that is shown: what sticks out of it, and figures too small to see.
CUT_OFF = """() => [...document.querySelectorAll('.slide')].flatMap((slide, index) => {
    document.querySelectorAll('.now').forEach(one => one.classList.remove('now'));
    slide.classList.add('now');
    const body = slide.querySelector('.body'), end = slide.getBoundingClientRect().bottom - 30;
    const parts = [...body.children], start = body.getBoundingClientRect().top - 2;
    const wrong = parts.filter(part => {
        const box = part.getBoundingClientRect();
        const small = part.tagName === 'FIGURE' && part.clientHeight < 300;
        return box.bottom > end || box.top < start || part.scrollWidth > part.clientWidth + 1 || small;
    });
    return wrong.map(part => `${index + 1}: ${part.textContent.slice(0, 60)}`);
})"""


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    """The slides of all lessons."""
    return slides.write((), tmp_path_factory.mktemp("slides"))


def test_nothing_is_cut_off(decks, visit):
    page, problems = visit(width=1280, height=720), {}
    for deck in decks:
        page.goto(deck.as_uri())
        found = page.evaluate(CUT_OFF)
        problems |= {deck.stem: found} if found else {}
    assert not problems, json.dumps(problems, indent=1)
    assert page.problems == []
    assert page.asked == []


def test_keys_turn_the_slides_and_open_the_notes(decks, visit):
    page = visit(width=1024, height=768)
    page.goto(next(deck for deck in decks if deck.stem.startswith("06")).as_uri())
    shown = page.locator(".slide:visible")
    assert shown.count() == 1
    assert "The same digit, somewhere else" in shown.inner_text()
    box = shown.bounding_box()
    assert box["width"] == pytest.approx(1024, abs=1), "as large as the window allows"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    assert shown.get_attribute("aria-label").startswith("2 of ")
    assert page.url.endswith("#2")
    assert not page.locator(".notes:visible").count()
    page.keyboard.press("n")
    assert page.locator(".notes:visible").count() == 1
    page.keyboard.press("End")
    assert "What to take away" in shown.inner_text()
    page.reload()
    assert "What to take away" in shown.inner_text()


def test_on_paper_and_without_scripts_all_slides_are_there(decks, visit):
    deck = next(deck for deck in decks if deck.stem.startswith("06"))
    page = visit(width=1280, height=720)
    page.goto(deck.as_uri())
    count = page.locator(".slide").count()
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    assert printed.count(b"/Type /Page\n") == count
    still = visit(java_script_enabled=False)
    still.goto(deck.as_uri())
    assert still.locator(".slide:visible").count() == count
