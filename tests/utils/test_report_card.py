"""What is handed over: a page that needs nothing but itself, and a script that uses the saved model."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from course_utils import classify, plots
from course_utils.data import pictures
from course_utils.errors import CourseError
from course_utils.report_card import ReportCard


def drawn():
    figure, axes = plots.figure()
    axes.plot([1, 2])
    return figure


class Page(HTMLParser):
    """The tags of a page and their attributes; and what it says."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.said = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.said.append(data)


def test_a_card_is_one_page_that_asks_for_nothing(tmp_path):
    card = ReportCard("Cats & <dogs>")
    card.add("How good?", "80 % right.", "Of 猫 <script>alert(1)</script> and caf\udce9.")
    card.add("Where it errs", figure=drawn(), alt='A "line" < rising')
    path = card.write(tmp_path / "out" / "card.html")
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert "Cats & <dogs>" in page.said
    assert "Of 猫 <script>alert(1)</script> and caf?." in page.said
    names = [tag for tag, _ in page.tags]
    assert "script" not in names
    assert "link" not in names
    (image,) = [attributes for tag, attributes in page.tags if tag == "img"]
    assert image["alt"] == 'A "line" < rising'
    assert image["src"].startswith("data:image/png;base64,")
    assert not re.search(r"https?:|src=\"(?!data:)|url\(|@import", text)
    assert "default-src 'none'" in text
    assert names.count("h1") == 1
    assert names.count("h2") == 2


def test_a_card_says_what_is_wrong(tmp_path):
    card = ReportCard("Cats")
    with pytest.raises(ValueError, match="alt is empty"):
        card.add("Where", figure=drawn(), alt=" ")
    (tmp_path / "file").touch()
    with pytest.raises(CourseError, match=r"card\.html could not be written"):
        card.write(tmp_path / "file" / "card.html")


@pytest.mark.slow
def test_the_script_says_what_the_model_says_of_pictures_of_every_kind(tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((24, 24, 3)),
            layers.RandomFlip("horizontal"),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(2, activation="softmax", dtype="float32"),
        ]
    )
    out = tmp_path / "out"
    out.mkdir()
    model.save(out / "model.keras")
    (out / "classes.txt").write_text("Äpfel\n猫", encoding="utf-8")
    shutil.copy(classify.__file__, out)
    random = np.random.default_rng(0)
    noise = Image.fromarray(random.integers(0, 256, (900, 1400, 3), dtype="uint8"))
    exif = Image.Exif()
    exif[0x0112] = 8
    noise.save(tmp_path / "held.jpg", exif=exif)
    noise.resize((50, 30)).save(tmp_path / "small one.png")
    noise.convert("L").save(tmp_path / "grey.png")
    noise.convert("CMYK").save(tmp_path / "for the press.jpg")
    ramp = np.linspace(0, 65_535, 40 * 30).reshape(40, 30)
    Image.fromarray(ramp.astype("uint16")).save(tmp_path / "deep.png")
    Image.fromarray((ramp / 257).astype("uint16")).save(tmp_path / "deep and dark.png")
    half = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    half.paste("red", (0, 0, 20, 30))
    half.save(tmp_path / "transparent.png")
    noise.save(tmp_path / "waving.gif", save_all=True, append_images=[noise.rotate(90)])
    names = ["held.jpg", "small one.png", "grey.png", "for the press.jpg", "deep.png"]
    names += ["deep and dark.png", "transparent.png", "waving.gif"]
    script = (
        "from pathlib import Path; import runpy, sys; sys.stdout.reconfigure(encoding='utf-8'); "
    )
    script += f"sys.argv = ['classify.py', *{names}]; runpy.run_path({str(out / 'classify.py')!r}, "
    script += "run_name='__main__')"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, encoding="utf-8"
    )
    assert ran.returncode == 0, ran.stderr
    for name, line in zip(names, ran.stdout.splitlines(), strict=True):
        with Image.open(tmp_path / name) as opened:
            seen = pictures._square(pictures._upright(opened), 24)
        (says,) = model.predict(seen[None], verbose=0)
        assert line == f"{name}: {('Äpfel', '猫')[says.argmax()]}, {says.max():.0%} sure"


def test_the_script_is_short_and_stands_without_the_course():
    text = Path(classify.__file__).read_text(encoding="utf-8")
    body = text.partition("Image, ImageOps\n")[2]
    assert len([line for line in body.splitlines() if line.strip()]) <= 20
    assert "course" not in text
