"""JupyterLab as a learner meets it: `course lab` in a real browser, on a copy of the course."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from foreign import free_port, patience
from paths import ROOT
from project import tracked_files

from course_tools.batch import reading

MOST_SECONDS_TO_OPEN = 15
MOST_SECONDS_TO_A_FIGURE = 10
# The machine may be busy with other tests: figures about speed are printed, and held to this much.
PATIENCE = 4
KEEP = re.compile(r"(notebooks|course_utils|course_tools|binder)/|pyproject\.toml|README\.md")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the course, so that what a test saves is not the repository's."""
    return copied(tmp_path_factory.mktemp("desk") / "course")


def copied(folder):
    for path in tracked_files():
        name = path.relative_to(ROOT).as_posix()
        if KEEP.match(name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, folder / name)
    return folder


class Lab:
    """A running `course lab`: its address with token, the log it writes, the folder of its lessons.

    With `binder`, the JupyterLab that a Binder's image starts: not the course's own command, and
    in the mode and with the threads that binder/start sets.
    """

    def __init__(self, course, home, *arguments, binder=False):
        self.course = course
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith("JUPYTER")
        } | {
            "COURSE_MODE": "smoke",
            "COURSE_THREADS": "1",
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        }
        for name in ("COURSE_HEADLESS", "COURSE_HOME", "COURSE_OUT", "PYTHONUNBUFFERED"):
            environment.pop(name, None)
        home.mkdir(parents=True, exist_ok=True)
        self.lessons = course / ("notebooks" if "--author" in arguments else "workspace")
        self.log = home / "lab.log"
        command = [sys.executable, "-c", "from course_tools.cli import app; app()", "lab"]
        if binder:
            del environment["COURSE_MODE"], environment["COURSE_THREADS"]
            command = [course / "binder" / "start", sys.executable, "-m", "jupyterlab"]
            command += ["--allow-root", "--port=0"]
            self.lessons /= "notebooks"
            # What pip would have installed for this copy of the course.
            (home / "course").write_text(
                f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(course)!r})\n"
                "from course_tools.cli import app\n\napp()\n"
            )
            (home / "course").chmod(0o755)
            environment["PATH"] = f"{home}{os.pathsep}{environment['PATH']}"
        command += [*arguments, "--no-browser", "--LabApp.expose_app_in_browser=True"]
        # A token that was set is not shown again at the end of the log.
        command += ["--IdentityProvider.token=desk", "--Application.log_level=INFO"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command,
                cwd=course,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.address = self._wait()

    def _wait(self):
        until = time.monotonic() + patience(60)
        while time.monotonic() < until:
            text = self.log.read_text()
            found = re.search(r"http://(?:localhost|127\.0\.0\.1):(\d+)/\S*", text)
            if found:
                base = f"http://127.0.0.1:{found[1]}"
                # The server does not print a token that was set.
                self.page = found[0].replace("localhost", "127.0.0.1").replace("...", "desk")
                try:
                    urllib.request.urlopen(f"{base}/api/status?token=desk", timeout=5).close()
                    return base
                except OSError:
                    pass
            assert self.process.poll() is None, text
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def stop(self):
        # The kernels are children of the server, which ends them when it is asked to.
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def lab(browser, course, tmp_path_factory):
    running = Lab(course, tmp_path_factory.mktemp("home"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def author(browser, course, tmp_path_factory):
    running = Lab(course, tmp_path_factory.mktemp("author"), "--author")
    yield running
    running.stop()


@pytest.fixture
def binder(browser, tmp_path):
    # A copy of its own: other tests save their answers.
    running = Lab(copied(tmp_path / "course"), tmp_path / "home", binder=True)
    yield running
    running.stop()


READY = "window.jupyterapp && jupyterapp.restored.then(() => true)"
CELLS = """() => {
    const panel = jupyterapp.shell.currentWidget;
    return panel.context.ready.then(() =>
        [...panel.context.model.cells].map(cell => cell.toJSON()));
}"""
IDLE = """() => {
    const panel = jupyterapp.shell.currentWidget;
    const cells = [...panel.context.model.cells].filter(c => c.type === 'code' &&
        c.sharedModel.source.trim());
    return cells.every(c => c.executionCount !== null)
        && panel.sessionContext.session?.kernel?.status === 'idle';
}"""


class Notebook:
    """The notebook in front, driven through JupyterLab's own commands."""

    def __init__(self, page):
        self.page = page

    def cells(self):
        """The model's cells as an .ipynb has them."""
        return self.page.evaluate(CELLS)

    def command(self, name):
        self.page.evaluate("name => jupyterapp.commands.execute(name)", name)

    def errors(self):
        return [
            f"{output['ename']}: {output['evalue']}"
            for cell in self.cells()
            for output in cell.get("outputs", [])
            if output["output_type"] == "error"
        ]

    def index(self, words):
        """Index of the first cell whose source holds these words."""
        return next(i for i, c in enumerate(self.cells()) if words in "".join(c["source"]))

    def write(self, index, source):
        self.page.evaluate(
            """([index, source]) => { const cell = [...jupyterapp.shell.currentWidget.context
                .model.cells][index]; cell.sharedModel.setSource(source); }""",
            [index, source],
        )

    def run(self, index):
        """Run one cell; the text of its outputs."""
        self.page.evaluate(
            """index => { const panel = jupyterapp.shell.currentWidget;
                panel.content.activeCellIndex = index; panel.content.deselectAll();
                return jupyterapp.commands.execute('notebook:run-cell'); }""",
            index,
        )
        outputs = self.cells()[index]["outputs"]
        return "".join(
            "".join(out.get("text") or out.get("data", {}).get("text/plain", "")) for out in outputs
        )


def enter(visit, lab, name):
    """A page with the lab's file pane and nothing open, in a JupyterLab workspace of this name."""
    page = visit(width=1300, height=950)
    page.goto(f"{lab.address}/lab/workspaces/{name}?token=desk&reset")
    page.wait_for_function(READY)
    return page


def show(page, path, kernel=True):
    """The notebook of a path, in front, once its kernel is ready."""
    page.evaluate(
        "path => jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook'})",
        path,
    )
    page.wait_for_function(
        "path => jupyterapp.shell.currentWidget?.context?.path === path"
        " && jupyterapp.shell.currentWidget.context.isReady",
        arg=path,
    )
    if kernel:
        page.wait_for_function(
            "jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=patience(60_000),
        )
    return Notebook(page)


@pytest.fixture
def opened(lab, visit):
    """opened(path, kernel=True, lab=lab): the notebook of a path, once its kernel is ready."""
    started = []

    def open_notebook(path, kernel=True, lab=lab):
        started.append(enter(visit, lab, re.sub(r"\W", "", path) + str(len(started))))
        return show(started[-1], path, kernel)

    yield open_notebook
    for page in started:
        # The kernels of this test end with it: each holds half a gigabyte.
        page.evaluate("window.jupyterapp?.serviceManager.sessions.shutdownAll()")


def test_the_lab_opens_on_lesson_00_soon_and_asks_nobody(course, visit, tmp_path):
    start = time.monotonic()
    lab = Lab(course, tmp_path / "home")
    try:
        page = visit(width=1300, height=950)
        # The address that it prints, and opens where there is a browser to open.
        page.goto(lab.page)
        page.wait_for_selector("h1:has-text('learning, or learning by heart')")
        seconds = time.monotonic() - start
        print(f"\nlab ready on lesson 00 after {seconds:.1f} s")
        assert "00_start_here.ipynb" in page.title() + page.url
        page.wait_for_function(READY)
        page.wait_for_timeout(1500)
        assert page.locator(".jp-Dialog").count() == 0, "a newcomer is asked a question"
        assert page.locator("text=official Jupyter news").count() == 0
        assert page.asked == []
        assert seconds < MOST_SECONDS_TO_OPEN * PATIENCE
    finally:
        lab.stop()


def author_rewrites(course, name):
    """A newer edition of a lesson: its text and its notebook, as `course build` leaves them."""
    path = course / "notebooks" / f"{name}.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[0].source += "\n\nSecond edition."
    nbformat.write(book, path)


PANE = ".jp-DirListing-item .jp-DirListing-itemText"
SAVED = "jupyterapp.commands.execute('docmanager:save')"
RIGHT = (
    "def conv_weights(k, channels_in, channels_out):\n"
    "    return (k * k * channels_in + 1) * channels_out"
)


def test_a_learner_comes_back_after_the_course_was_updated_and_goes_on(tmp_path, visit):
    """Work on a lesson, save, close everything, update the course, reopen: the work is there."""
    course = copied(tmp_path / "course")
    first = Lab(course, tmp_path / "home")
    try:
        page = enter(visit, first, "before")
        notebook = show(page, "02_baseline_cnn.ipynb")
        page.locator(PANE).first.wait_for()
        lessons = [path.stem for path in sorted((course / "notebooks").glob("[0-9]*.ipynb"))]
        pane = page.locator(PANE).all_inner_texts()
        assert sorted(name.removesuffix(".ipynb") for name in pane) == [*lessons, "solutions"]
        cut = page.locator(PANE).evaluate_all("all => all.map(e => e.scrollWidth > e.clientWidth)")
        assert not any(cut), "a lesson's name is cut"
        assert not any(cell.get("outputs") for cell in notebook.cells()), "shown before it is run"
        assert "For the instructor" not in str(notebook.cells())
        for words in ('mode = "auto"', "from course_utils import Lesson"):
            notebook.run(notebook.index(words))
        stub, check = (
            notebook.index("def conv_weights"),
            notebook.index("lesson.check_conv_weights"),
        )
        notebook.write(stub, RIGHT)
        notebook.run(stub)
        assert notebook.run(check).startswith("Correct")
        page.evaluate(SAVED)
    finally:
        first.stop()
    for name in ("02_baseline_cnn", "03_l2"):
        author_rewrites(course, name)
    second = Lab(course, tmp_path / "home")
    try:
        assert "beside yours" in second.log.read_text()
        page = enter(visit, second, "after")
        again = show(page, "02_baseline_cnn.ipynb", kernel=False)
        assert "".join(again.cells()[stub]["source"]) == RIGHT
        assert "Correct" in str(again.cells()[check]["outputs"])
        assert "Second edition" not in str(again.cells()[0])
        page.locator(PANE).first.wait_for()
        pane = page.locator(PANE).all_inner_texts()
        assert len(pane) == len(lessons) + 2
        assert any("02_baseline_cnn (new edition)" in name for name in pane)
        for name in ("02_baseline_cnn (new edition)", "03_l2"):
            book = nbformat.read(second.lessons / f"{name}.ipynb", as_version=4)
            assert "Second edition" in book.cells[0].source
        start = show(page, "00_start_here.ipynb")
        table = start.index("contents.table()")
        start.run(table)
        row = page.locator("tr:has-text('1 of 2 exercises')")
        row.wait_for()
        # JupyterLab makes an address of its own of the link, with a token at its end.
        assert "02_baseline_cnn.ipynb" in row.locator("a").first.get_attribute("href")
    finally:
        second.stop()


def test_a_hand_in_opens_as_it_is_beside_a_newer_text(opened, lab):
    """Unzipped, its times are those of its author's work; the text beside it is from a fresh clone."""
    folder = lab.lessons / "hand in"
    folder.mkdir()
    for name in ("00_start_here.ipynb", "00_start_here.py", "jupytext.toml"):
        shutil.copy(lab.course / "notebooks" / name, folder)
    book, script = folder / "00_start_here.ipynb", folder / "00_start_here.py"
    answers = nbformat.read(book, as_version=4)
    stub = next(i for i, c in enumerate(answers.cells) if c.source.startswith("names = {"))
    answers.cells[stub].source = 'names = {"A": "mine"}'
    nbformat.write(answers, book)
    os.utime(book, (time.time() - 90_000,) * 2)
    text = script.read_bytes()
    try:
        notebook = opened("hand in/00_start_here.ipynb", kernel=False)
        assert notebook.cells()[stub]["source"] == 'names = {"A": "mine"}'
        notebook.write(0, "# Read")
        notebook.page.evaluate(SAVED)
        assert nbformat.read(book, as_version=4).cells[stub].source == 'names = {"A": "mine"}'
        assert script.read_bytes() == text
    finally:
        shutil.rmtree(folder)


def test_the_courses_command_is_found_in_a_cell(opened):
    notebook = opened("01_mlp.ipynb")
    notebook.write(1, "!course --version")
    assert re.fullmatch(r"\d+\.\d+\.\d+\s*", notebook.run(1))


def test_lesson_02_runs_in_smoke_mode_with_live_curves(opened):
    """Run All from the .ipynb: no error, one curve that is redrawn in place, a first figure soon."""
    notebook = opened("02_baseline_cnn.ipynb")
    page = notebook.page
    name = page.evaluate("jupyterapp.shell.currentWidget.sessionContext.kernelDisplayName")
    assert name == reading.KERNEL["display_name"]
    fit = notebook.index("lesson.callbacks(")
    notebook.command("notebook:clear-all-cell-outputs")
    # Everything that the curve's cell ever shows: how often it is redrawn, and how much at a time.
    page.evaluate(
        """index => { const cell = [...jupyterapp.shell.currentWidget.context.model.cells][index];
            window.seen = [];
            cell.outputs.changed.connect(() => seen.push(cell.outputs.length)); }""",
        fit,
    )
    start = time.monotonic()
    page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(
        """() => [...jupyterapp.shell.currentWidget.context.model.cells].some(
            c => c.type === 'code' && c.toJSON().outputs.some(o => o.data?.['image/png']))""",
        timeout=60_000,
    )
    first = time.monotonic() - start
    print(f"\nfirst figure of lesson 02 after {first:.1f} s")
    page.wait_for_function(IDLE, timeout=120_000)
    print(f"lesson 02 whole in smoke mode after {time.monotonic() - start:.1f} s")
    assert notebook.errors() == []
    outputs = notebook.cells()[fit]["outputs"]
    figures = [out for out in outputs if "image/png" in out.get("data", {})]
    assert len(figures) == 1
    assert len(outputs) == 1, "live, the curve stands alone: no lines beside it"
    assert "curve" in figures[0]["metadata"]["image/png"]["alt"].lower() or (
        "epoch" in figures[0]["metadata"]["image/png"]["alt"]
    )
    assert max(page.evaluate("seen")) == 1, "the output grew"
    assert first < MOST_SECONDS_TO_A_FIGURE * PATIENCE


def test_a_curve_is_redrawn_in_place_while_it_trains(opened):
    notebook = opened("00_start_here.ipynb")
    page = notebook.page
    for words in (
        'mode = "auto"',
        "from course_utils import Lesson",
        "import numpy as np",
        "def small_network",
    ):
        notebook.run(notebook.index(words))
    fit = notebook.index("nonsense_history = network.fit")
    source = "".join(notebook.cells()[fit]["source"])
    assert "epochs=4 * lesson.epochs(20)" in source
    notebook.write(fit, source.replace("epochs=4 * lesson.epochs(20)", "epochs=60"))
    page.evaluate(
        """index => { const cell = [...jupyterapp.shell.currentWidget.context.model.cells][index];
            window.drawn = new Set(); window.most = 0;
            const look = () => { most = Math.max(most, cell.outputs.length);
                for (const o of cell.outputs.toJSON())
                    if (o.data?.['image/png']) drawn.add(o.data['image/png'].length); };
            cell.outputs.changed.connect(look);
            const each = () => { for (let i = 0; i < cell.outputs.length; i++)
                cell.outputs.get(i).changed.connect(look); };
            cell.outputs.changed.connect(each); }""",
        fit,
    )
    notebook.run(fit)
    assert notebook.errors() == []
    assert page.evaluate("most") == 1
    assert page.evaluate("drawn.size") >= 2, "the curve was not redrawn while it trained"


def test_a_lesson_opens_from_its_text_and_an_exercise_answers(opened, author):
    """The .py opens as a notebook; the stub is "Not yet", a right answer "Correct"; both files of
    the pair are saved, and agree when they are opened again."""
    notebook = opened("notebooks/02_baseline_cnn.py", lab=author)
    page = notebook.page
    for words in ('mode = "auto"', "from course_utils import Lesson"):
        notebook.run(notebook.index(words))
    stub, check = notebook.index("def conv_weights"), notebook.index("lesson.check_conv_weights")
    notebook.run(stub)
    assert notebook.run(check).startswith("Not yet: ")
    notebook.write(stub, "def conv_weights(k, channels_in, channels_out):\n    return k * k")
    notebook.run(stub)
    assert notebook.run(check).startswith("Not yet: ")
    right = "(k * k * channels_in + 1) * channels_out"
    notebook.write(stub, f"def conv_weights(k, channels_in, channels_out):\n    return {right}")
    notebook.run(stub)
    assert notebook.run(check).startswith("Correct: ")
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    script = author.course / "notebooks" / "02_baseline_cnn.py"
    book = script.with_suffix(".ipynb")
    assert right in script.read_text(encoding="utf-8")
    saved = nbformat.read(book, as_version=4)
    assert right in "".join(cell.source for cell in saved.cells)
    assert saved.metadata.kernelspec.name == "python3"

    again = opened("notebooks/02_baseline_cnn.ipynb", kernel=False, lab=author)
    assert right in "".join(again.cells()[stub]["source"])
    answers = again.cells()[check]["outputs"]
    assert "Correct" in str(answers), "the outputs came back with the notebook"
    linked = again.page.locator("a[href*='solutions/02_baseline_cnn.ipynb']")
    linked.first.scroll_into_view_if_needed()
    linked.first.click()
    again.page.wait_for_function(
        "jupyterapp.shell.currentWidget?.context?.path === 'notebooks/solutions/02_baseline_cnn.ipynb'"
    )


def test_a_newcomer_does_lesson_02_in_a_binder(binder, opened):
    """Run All in the mode that a Binder sets, then the exercise, in a lab that has no `course lab`."""
    notebook = opened("notebooks/02_baseline_cnn.ipynb", lab=binder)
    notebook.command("notebook:clear-all-cell-outputs")
    notebook.page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
    notebook.page.wait_for_function(IDLE, timeout=360_000)
    assert notebook.errors() == []
    banner = notebook.cells()[notebook.index("from course_utils import Lesson")]["outputs"]
    assert "Lesson 02_baseline_cnn, reduced mode" in str(banner)
    assert " 1 of " in str(banner) or os.cpu_count() == 1
    stub = notebook.index("def conv_weights")
    check = notebook.index("lesson.check_conv_weights")
    assert "Not yet: " in str(notebook.cells()[check]["outputs"])
    right = "(k * k * channels_in + 1) * channels_out"
    notebook.write(stub, f"def conv_weights(k, channels_in, channels_out):\n    return {right}")
    notebook.run(stub)
    assert notebook.run(check).startswith("Correct: ")


def test_a_notebook_whose_kernel_is_missing_asks_for_one_and_then_runs(opened, lab):
    path = lab.lessons / "orphan.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(6 * 7)")])
    notebook.metadata.kernelspec = {"name": "gone", "display_name": "Gone", "language": "python"}
    nbformat.write(notebook, path)
    try:
        orphan = opened("orphan.ipynb", kernel=False)
        dialog = orphan.page.locator(".jp-Dialog")
        dialog.wait_for()
        assert "Select Kernel" in dialog.inner_text()
        options = dialog.locator("select option").all_inner_texts()
        assert reading.KERNEL["display_name"] in options
        dialog.locator("select").select_option(label=reading.KERNEL["display_name"])
        dialog.locator("button.jp-mod-accept").click()
        orphan.page.wait_for_function(
            "jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
        )
        assert orphan.run(0) == "42\n"
    finally:
        path.unlink()


SLIDER = """
from course_utils import plots, widgets

def draw(value):
    drawn, axes = plots.figure(height=1.5)
    axes.plot([0, value])
    return drawn, f"A line up to {value}"

widgets.slide(draw, [1, 2, 3], "height", start=2)
"""


def drawn(notebook):
    """The alt text of the picture below the slider, as it would be saved."""
    return notebook.cells()[0]["outputs"][-1]["metadata"]["image/png"]["alt"]


def test_a_slider_moves_the_figure(opened, lab):
    path = lab.lessons / "slider.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SLIDER.strip())])
    notebook.metadata.kernelspec = dict(reading.KERNEL)
    nbformat.write(notebook, path)
    try:
        moved = opened("slider.ipynb")
        moved.run(0)
        assert moved.errors() == []
        # JupyterLab shows no alt text of a picture; it is in what is saved.
        picture = moved.page.locator(".jp-OutputArea img")
        picture.wait_for()
        before = picture.get_attribute("src")
        assert drawn(moved) == "A line up to 2"
        moved.page.locator(".widget-slider .noUi-handle").first.focus()
        moved.page.keyboard.press("ArrowRight")
        moved.page.wait_for_function(
            "before => document.querySelector('.jp-OutputArea img').src !== before", arg=before
        )
        assert drawn(moved) == "A line up to 3"
        assert moved.page.locator(".jp-OutputArea img").count() == 1
    finally:
        path.unlink()


def test_a_pair_edited_apart_is_refused_with_the_difference(author, visit):
    folder = author.course / "notebooks"
    script, book = folder / "04_initialisation.py", folder / "04_initialisation.ipynb"
    before = script.read_bytes(), book.read_bytes()
    try:
        text = book.read_text(encoding="utf-8").replace("# Before the first step", "# Mine", 1)
        book.write_text(text, encoding="utf-8")
        os.utime(script, (time.time() - 600,) * 2)
        page = visit(width=1300, height=950)
        page.goto(f"{author.address}/lab/workspaces/apart?token=desk&reset")
        page.wait_for_function(READY)
        page.evaluate(
            "void jupyterapp.commands.execute('docmanager:open',"
            " {path: 'notebooks/04_initialisation.ipynb', factory: 'Notebook'})"
        )
        dialog = page.locator(".jp-Dialog")
        dialog.wait_for()
        words = dialog.inner_text()
        assert "more recent than" in words
        assert "+# Mine" in words.replace(" ", "") or "Mine" in words
        assert book.read_text(encoding="utf-8") == text, "neither is overwritten"
        assert script.read_bytes() == before[0]
    finally:
        script.write_bytes(before[0])
        book.write_bytes(before[1])


def test_a_kernel_restarted_while_it_trains_comes_back_clean(opened):
    notebook = opened("00_start_here.ipynb")
    page = notebook.page
    before = (
        'mode = "auto"',
        "from course_utils import Lesson",
        "import numpy as np",
        "def small_network",
    )
    fit = notebook.index("nonsense_history = network.fit")
    source = "".join(notebook.cells()[fit]["source"])
    for words in before:
        notebook.run(notebook.index(words))
    notebook.write(fit, source.replace("epochs=4 * lesson.epochs(20)", "epochs=100_000"))
    page.evaluate(
        """index => { const panel = jupyterapp.shell.currentWidget;
            panel.content.activeCellIndex = index;
            void jupyterapp.commands.execute('notebook:run-cell'); }""",
        fit,
    )
    # It trains: its curve is there.
    page.wait_for_function(
        """index => [...jupyterapp.shell.currentWidget.context.model.cells][index]
            .toJSON().outputs.some(o => o.data?.['image/png'])""",
        arg=fit,
    )
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.wait_for_function(
        "jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
    )
    assert "NameError" in run_to_error(notebook, fit), "nothing of the old kernel is left"
    notebook.write(fit, source)
    for words in (*before, "nonsense_history = network.fit"):
        notebook.run(notebook.index(words))
    assert notebook.errors() == []


def run_to_error(notebook, index):
    """Run one cell that is expected to fail; its error."""
    notebook.run(index)
    return " ".join(notebook.errors())


def test_an_old_browser_cache_is_no_obstacle(course, visit, tmp_path):
    """A browser that remembers the course as it was: another server, a lesson open that is gone."""
    page = visit(width=1300, height=950)
    gone = course / "workspace" / "gone.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    notebook.metadata.kernelspec = dict(reading.KERNEL)
    gone.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, gone)
    port = f"--ServerApp.port={free_port()}"
    first = Lab(course, tmp_path / "home", port)
    try:
        page.goto(first.page)
        page.wait_for_function(READY)
        page.evaluate("jupyterapp.commands.execute('docmanager:open', {path: 'gone.ipynb'})")
        page.wait_for_selector("li.lm-TabBar-tab:has-text('gone.ipynb')")
        page.wait_for_timeout(2000)  # JupyterLab writes its layout a moment later
    finally:
        first.stop()
        gone.unlink()
    second = Lab(course, tmp_path / "home", port)
    try:
        assert second.address == first.address, "the port was not free again"
        page.goto(second.page)
        page.wait_for_selector("h1:has-text('learning, or learning by heart')")
        page.wait_for_function(READY)
        page.wait_for_timeout(1500)
        assert page.locator(".jp-Dialog").count() == 0, page.locator(".jp-Dialog").inner_text()
    finally:
        second.stop()


def test_a_port_in_use_is_no_obstacle(course, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        lab = Lab(course, tmp_path / "home", f"--ServerApp.port={port}")
        try:
            assert not lab.address.endswith(f":{port}")
        finally:
            lab.stop()
