"""A real browser: Debian's Chromium, driven by Playwright, with the network closed.

Without Chromium or Playwright every test here is skipped and says why, and fails where
COURSE_BROWSER is "required", as in CI. On Debian: `apt-get install chromium`; Playwright comes with
`make site` and, where there is a Chromium, with `make test COURSE_TESTS=all`.
"""

import os
import shutil

import optional
import pytest
from foreign import patience

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever is asked for beyond this machine does not even get an address.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


def chromium():
    """Path of the browser: COURSE_CHROMIUM, or the first that is installed; None without one."""
    named = os.environ.get("COURSE_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser():
    """Chromium, started once for a module's tests."""
    path = chromium()
    if path is None:
        optional.without("COURSE_BROWSER")(
            "There is no Chromium here. On Debian: apt-get install chromium"
        )
    playwright = optional.needed("playwright.sync_api", "COURSE_BROWSER", "make site")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def visit(browser):
    """visit(width=1280, height=900, **options): a page in a context of its own, as on a first visit.

    The page has two lists: `asked`, the addresses of other hosts that it asked for, and `problems`,
    errors of its scripts and answers other than success.
    """
    contexts = []

    def open_page(width=1280, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        # Other tests may keep both cores busy: a slow answer is none of these tests' business.
        context.set_default_timeout(patience(60_000))
        page = context.new_page()
        page.asked, page.problems = [], []
        local = (
            "http://127.0.0.1:",
            "http://localhost:",
            "ws://127.0.0.1:",
            "file:",
            "data:",
            "blob:",
        )

        def note(request):
            if not request.url.startswith(local):
                page.asked.append(request.url)

        page.on("request", note)
        page.on("pageerror", lambda error: page.problems.append(f"{page.url}: {error}"))
        page.on(
            "response",
            lambda answer: (
                page.problems.append(f"{answer.url}: {answer.status}")
                if answer.status >= 400
                else None
            ),
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
