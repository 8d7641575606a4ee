"""The site's scripts without a page: in Node where there is one, else in Chromium."""

import json
import os
import shutil
import subprocess

import optional
import pytest
from paths import ROOT

STATIC = ROOT / "site" / "static"
IN_NODE = """
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(new Function("given", asked.program)(asked.given));
"""


def call(script, expression, given):
    """What a JavaScript expression gives that may use `it`, a script's functions, and `given`.

    NaN and Infinity come back as None. Skipped where there is neither Node nor a Chromium.
    """
    source = (STATIC / script).read_text(encoding="utf-8")
    program = (
        f"const module = {{exports: {{}}}};\n{source}\nconst it = module.exports;\n"
        f"return JSON.stringify({expression});"
    )
    node = shutil.which("node")
    if node:
        asked = json.dumps({"program": program, "given": given})
        done = subprocess.run(
            [node, "-e", IN_NODE], input=asked, capture_output=True, text=True, timeout=500
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    path = os.environ.get("COURSE_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        optional.without("COURSE_BROWSER")("There is neither Node nor Chromium here")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox"])
        answer = browser.new_page().evaluate(
            "asked => new Function('given', asked.program)(asked.given)",
            {"program": program, "given": given},
        )
        browser.close()
    return json.loads(answer)
