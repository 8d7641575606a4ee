"""The Binder: what its image would be built from, and what runs in it, without Docker."""

import hashlib
import http.server
import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import venv
from functools import partial

import numpy as np
import pytest
import yaml
from packaging.specifiers import SpecifierSet
from paths import ROOT
from project import PROJECT, tracked_files

BINDER = ROOT / "binder"


def test_the_environment_is_a_supported_python_and_the_tested_lock():
    environment = yaml.safe_load((BINDER / "environment.yml").read_text(encoding="utf-8"))
    (python,) = (entry for entry in environment["dependencies"] if str(entry).startswith("python"))
    name, _, version = python.partition("=")
    assert name == "python"
    assert f"{version}.0" in SpecifierSet(PROJECT["requires-python"])
    (by_pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    # What the lock holds is held against pyproject.toml by test_project.py.
    (lock,) = by_pip
    assert (BINDER / lock.removeprefix("-r ")).resolve() == ROOT / "requirements.txt"


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_the_scripts_can_be_executed(name):
    assert os.access(BINDER / name, os.X_OK)
    subprocess.run(["bash", "-n", BINDER / name], check=True)


@pytest.fixture
def checkout(tmp_path):
    """A copy of what is committed, as a Binder clones it."""
    folder = tmp_path / "checkout"
    for path in tracked_files():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return folder


def test_a_binder_builds_from_these_files(checkout, monkeypatch):
    buildpacks = pytest.importorskip(
        "repo2docker.buildpacks", reason="make site installs repo2docker"
    )
    monkeypatch.chdir(checkout)
    # In the order in which repo2docker asks them.
    kinds = [
        buildpacks.LegacyBinderDockerBuildPack,
        buildpacks.DockerBuildPack,
        buildpacks.JuliaProjectTomlBuildPack,
        buildpacks.JuliaRequireBuildPack,
        buildpacks.NixBuildPack,
        buildpacks.RBuildPack,
        buildpacks.CondaBuildPack,
        buildpacks.PipfileBuildPack,
        buildpacks.PythonBuildPack,
    ]
    chosen = next(pack for pack in (kind("some/base:image") for kind in kinds) if pack.detect())
    assert type(chosen) is buildpacks.CondaBuildPack
    chosen.platform = "linux/amd64"
    rendered = chosen.render()
    assert "binder/environment.yml" in rendered
    assert "RUN ./binder/postBuild" in rendered
    assert "binder/start" in rendered
    assert chosen.python_version == "3.12"
    # The lock lies beside the environment, so the whole checkout is there when conda runs.
    before, _, after = rendered.partition("env update")
    assert "COPY --chown=1000:1000 src/ ${REPO_DIR}" in before
    assert "COPY --chown=1000:1000 src/ ${REPO_DIR}" not in after


class Mirror(http.server.BaseHTTPRequestHandler):
    """Serves one file as mnist.npz, and nothing else."""

    def __init__(self, content, *arguments):
        self.content = content
        super().__init__(*arguments)

    def do_GET(self):
        if self.path != "/mnist.npz":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_):
        pass


@pytest.fixture
def published():
    """A small data set on a local server: (its address, its SHA-256)."""
    archive, draw = io.BytesIO(), np.random.default_rng(0)
    np.savez(
        archive,
        **{
            f"{kind}_{split}": draw.integers(0, top, size=shape, dtype="uint8")
            for split, count in (("train", 1_200), ("test", 600))
            for kind, top, shape in (("x", 256, (count, 28, 28)), ("y", 10, (count,)))
        },
    )
    content = archive.getvalue()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Mirror, content))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", hashlib.sha256(content).hexdigest()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def image(checkout, tmp_path, published):
    """A home and an environment as a Binder's image has them before postBuild: run(command, **env).

    The environment has the packages of this one but for the course, and expects the published
    images in place of the original ones.
    """
    address, digest = published
    environment = tmp_path / "conda"
    venv.create(environment, symlinks=True, with_pip=False)
    (site,) = (environment / "lib").glob("python*/site-packages")
    (site / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (site / "sitecustomize.py").write_text(
        "import dataclasses, sys\n"
        f"sys.path.insert(0, {str(checkout)!r})\n"
        "from course_utils.data import specs\n"
        f"published = {{'mnist.npz': 'sha256:{digest}'}}\n"
        "spec = dataclasses.replace(specs.SPECS['mnist'], published=published)\n"
        "specs.SPECS['mnist'] = spec\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    clean = {
        "PATH": f"{environment / 'bin'}:/usr/bin:/bin",
        "HOME": str(home),
        "COURSE_DATA_URL": address,
        "no_proxy": "*",
    }

    def run(*command, expect=0, **more):
        done = subprocess.run(
            command,
            cwd=checkout,
            env=clean | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode == expect, done.stdout
        return done.stdout

    def install_course():
        """The command, as postBuild leaves it."""
        path = environment / "bin" / "course"
        path.write_text(f"#!{environment}/bin/python\nfrom course_tools.cli import app\n\napp()\n")
        path.chmod(0o755)

    run.home, run.environment, run.checkout = home, environment, checkout
    run.install_course = install_course
    return run


@pytest.mark.slow
def test_post_build_installs_the_course_and_fetches_what_can_be_fetched(image):
    printed = image(str(image.checkout / "binder" / "postBuild"))
    assert "cifar10 was not fetched" in printed
    assert "mnist was not fetched" not in printed
    assert (image.home / ".keras" / "datasets" / "mnist.npz").is_file()
    assert (image.environment / "bin" / "course").is_file()
    where = "import course_utils; print(course_utils.__file__)"
    assert image("python", "-c", where).strip().startswith(str(image.checkout))


def test_start_gives_a_small_machine_its_settings_and_hands_over(image):
    start = str(image.checkout / "binder" / "start")
    image.install_course()
    show = 'echo "$COURSE_MODE $COURSE_THREADS"; exit 3'
    assert image(start, "bash", "-c", show, expect=3) == "reduced 1\n"
    # What the one who starts it has set, stays.
    assert image(start, "bash", "-c", show, expect=3, COURSE_MODE="smoke") == "smoke 1\n"
    detect = "from course_utils import machine; print(machine.detect().threads)"
    assert image(start, sys.executable, "-c", detect).strip() == "1"


def test_a_learner_finds_lessons_of_their_own_where_the_links_lead(image):
    """The site's and the README's links name lab/tree/notebooks/LESSON.ipynb, below the server's folder."""
    start = str(image.checkout / "binder" / "start")
    readme = (image.checkout / "README.md").read_text(encoding="utf-8")
    (name,) = re.findall(r"urlpath=lab/tree/(\S+?)`", readme)
    # Without the command the lessons are the author's, and a Binder starts all the same.
    assert "course" in image(start, "test", "-f", name)
    image.install_course()
    show = f'cat "{name}" "$JUPYTER_CONFIG_PATH"/*/course.json; echo "here: $(ls)"'
    shown = image(start, "bash", "-ec", show)
    assert "For the instructor" not in shown
    assert shown.count('"outputs": []') > 5
    assert '"jupyterlab_jupytext": false' in shown
    assert shown.endswith("here: notebooks\n")
