"""`course slides`: one file a lesson, whose answers come after its questions and which asks for nothing."""

import re

import nbformat
import pytest
from paths import NOTEBOOKS
from small_course import said

from course_tools.desk import slides

LESSONS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
PNG = "iVBORw0KGgo="


def prose(text, *tags):
    return {"cell_type": "markdown", "source": text, "metadata": {"tags": list(tags)}}


def code(source, *outputs, tags=()):
    metadata = {"tags": list(tags)}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": list(outputs)}


def printed(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def picture(alt):
    data, metadata = {"image/png": PNG}, {"image/png": {"alt": alt}}
    return {"output_type": "display_data", "data": data, "metadata": metadata}


def shown(slide):
    return "\n".join(block.html for block in slide.blocks)


def test_the_answer_to_a_prediction_is_on_the_slide_after_it():
    asked = "Push it.\n\n> **Predict:** how far?\n\nWrite it down."
    cells = [
        prose("# T\n\n## S"),
        prose(asked),
        code("f()", printed("3 pixels"), picture("A peak.")),
    ]
    title, question, answer, figure = slides.deck(cells)
    assert "how far?" in shown(question)
    assert "3 pixels" not in shown(question)
    assert "3 pixels" in shown(answer)
    assert 'alt="A peak."' in shown(figure)
    assert [each.title for each in (title, question, answer, figure)] == ["T", "S", "S", "S"]


def test_of_prose_what_asks_or_is_emphasised_is_shown_and_all_of_it_noted():
    text = (
        "# T\n\n## S\n\nIt is so. Does it mind where the digit is? **It does.** And why? It says "
        '"may it move at all in there?" and stops. Dr. No has $a. B$ pixels, as `x. Y` has.'
    )
    slide = slides.deck([prose(text)])[1]
    assert re.sub("<[^>]*>", "", shown(slide)) == "Does it mind where the digit is? It does."
    assert "It is so." in slide.notes[0]
    assert slides.sentences("Is $a. B$ so? No. `x. Y` is.") == [
        "Is $a. B$ so?",
        "No.",
        "`x. Y` is.",
    ]


def test_a_sentence_that_leads_to_a_formula_stays_with_it():
    slide = slides.deck(
        [prose("# T\n\n## S\n\nWe set it. The loss becomes\nan average,\n\n$$a + b$$")]
    )[1]
    assert "<p>The loss becomes\nan average,</p>" in slide.blocks[0].html
    assert 'aria-label="a + b"' in slide.blocks[0].html


@pytest.mark.parametrize(
    ("source", "tags", "is_shown"),
    [
        ("model.fit(x, y)", (), True),
        ("\n".join(f"a{i} = {i}" for i in range(slides.MOST_LINES_OF_CODE)), (), True),
        ("\n".join(f"a{i} = {i}" for i in range(slides.MOST_LINES_OF_CODE + 1)), (), False),
        ('mode = "auto"', ("parameters",), False),
        ("plots.lines(a)", (), False),
        ('print("so")', (), False),
        ("lesson.check_slim(slim)", ("nbval-check-output",), False),
        ('lesson = Lesson("06_x")', (), False),
    ],
)
def test_code_is_shown_where_it_is_short_and_the_learners_own(source, tags, is_shown):
    deck = slides.deck([prose("# T\n\n## S"), code(source, tags=tags)])
    assert (len(deck) == 2) == is_shown


def test_logs_and_commands_stay_in_the_notebook():
    deck = slides.deck(
        [
            prose("# T\n\n## S"),
            code("f()", printed("epoch 1/2 loss 3\nepoch 2/2 loss 2\n")),
            code(
                "g()", printed("It helps.\nDoubt it? course run --table t\nThen: course report t\n")
            ),
            code("h()", printed("a line\n" * 30)),
        ]
    )
    assert len(deck) == 2
    assert "It helps." in shown(deck[1])
    assert "course" not in shown(deck[1])
    assert "a line" not in shown(deck[1])


def test_an_instructors_note_is_a_note_and_sources_are_for_readers():
    cells = [
        prose("# T\n\n## Sources\n\n* **A paper**"),
        prose("**For the instructor.** Ask.", "instructor"),
    ]
    (title,) = slides.deck(cells)
    assert "Ask." in title.notes[0]
    assert title.blocks == []


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_lesson_fits_its_slides_and_every_formula_is_set(path):
    deck = slides.deck(slides._cells(path))
    assert len(deck) > 15
    cells = nbformat.read(path, as_version=4).cells
    asked = sum(c.source.count("\n> **Predict") + c.source.count("\n> **Vote") for c in cells)
    figures = sum("image/png" in o.get("data", {}) for c in cells for o in c.get("outputs", []))
    page = "".join(map(shown, deck))
    assert page.count('class="card question') >= asked
    assert page.count("<figure>") == figures
    assert "\\" not in re.sub(
        r'aria-label="[^"]*"|<pre.*?</pre>|alt="[^"]*"', "", page, flags=re.DOTALL
    )
    for slide in deck:
        assert slide.blocks
        assert sum(b.rows for b in slide.blocks) <= slides.ROWS or len(slide.blocks) == 1


def test_the_page_needs_nothing_else(tmp_path, capsys):
    code_, out, _ = said(capsys, "slides", "06", "--out", tmp_path / "room")
    assert code_ == 0
    (path,) = (tmp_path / "room").iterdir()
    assert out.strip() == str(path)
    text = path.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not re.search(r"<(?:link|iframe|script[^>]+src)|\bsrc=\"(?!data:)|url\(|@import", text)
    assert not re.search(r'href="(?!https?://)', text)
    assert len(re.findall(r'<img src="data:image/png;base64,[^"]+" alt="[^"]{20,}"', text)) >= 8


def test_a_notebook_that_is_no_lesson_or_broken_is_refused_before_anything_is_written(
    tmp_path, capsys
):
    out = tmp_path / "room"
    code_, _, err = said(capsys, "slides", "06", "ablation", "--out", out)
    assert code_ == 2
    assert "none of the numbered lessons" in err
    assert not out.exists()
    (tmp_path / "file").write_text("")
    code_, _, err = said(capsys, "slides", "06", "--out", tmp_path / "file")
    assert code_ == 2
    assert "could not be written" in err
