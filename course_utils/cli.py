"""The `course` command."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from course_utils.errors import CourseError


class _Course(typer.Typer):
    """A command whose errors are sentences: a CourseError goes to standard error, exit code 2."""

    def __call__(self, *args, **kwargs):
        try:
            return super().__call__(*args, **kwargs)
        except CourseError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)


app = _Course(
    name="course",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def _course():
    """Run, read, build and check the course's notebooks."""


Lessons = Annotated[
    list[str] | None,
    typer.Argument(metavar="LESSON…", help="Numbers (02), names, or paths of notebooks."),
]


@app.command()
def run(
    lessons: Lessons = None,
    every: Annotated[bool, typer.Option("--all", help="All numbered lessons.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the lessons and stop.")] = False,
    mode: Annotated[str | None, typer.Option(help="smoke, reduced, full or auto.")] = None,
    seed: Annotated[int | None, typer.Option(help="One seed.")] = None,
    seeds: Annotated[str | None, typer.Option(help="Several: 0-9, or 0-4,7.")] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(help="name=value, or name=value,value for a grid. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results. Default: build, made anew.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Finish the batch that is in the folder.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Runs at the same time.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler: tls://HOST:8786.")
    ] = None,
    tls_ca: Annotated[Path | None, typer.Option(help="Certificate authority, PEM.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="This client's certificate.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key.")] = None,
    retries: Annotated[int, typer.Option(min=0, help="New tries of a run that failed.")] = 1,
    timeout: Annotated[
        str | None, typer.Option(help="Longest time of a run: 90, 30min, 2h.")
    ] = None,
    memory_limit: Annotated[
        str | None, typer.Option(help="Most memory of a run: 1500MB, 2GB. Default: its share.")
    ] = None,
    cwd: Annotated[
        Path | None, typer.Option(help="Folder to run in. Default: a temporary one each.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
):
    """Execute notebooks headlessly; executed copies, records and a manifest go to --out."""
    from course_utils import batch, grid, library, running

    if listed:
        print("\n".join(library.lesson_paths()))
        return
    options = batch.Options(
        running.seconds(timeout), running.megabytes(memory_limit), retries, running.folder(cwd)
    )
    notebooks = library.find_notebooks(lessons or [], every)
    runs = grid.lay_out(
        notebooks, running.chosen_seeds(seed, seeds), mode, grid.parse_parameters(param or [])
    )
    tls = {"ca": tls_ca, "cert": tls_cert, "key": tls_key}
    code = running.run_batch(
        notebooks, runs, options, out, resume, running.Where(workers, scheduler, tls), dry_run
    )
    if code:
        raise typer.Exit(code)


@app.command()
def build(
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="[LESSON…]", help="All when none is named.")
    ] = None,
    mode: Annotated[str, typer.Option(help="Mode to execute in.")] = "reduced",
    origin: Annotated[
        str | None, typer.Option("--from", help="py or ipynb: which file of a pair counts.")
    ] = None,
):
    """Execute the lessons and their solutions and write the committed notebooks."""
    from course_utils import running

    code = running.build_all(lessons or [], mode, origin)
    if code:
        raise typer.Exit(code)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(
    context: typer.Context,
    lesson: Annotated[str | None, typer.Argument(help="Default: the first.")] = None,
):
    """Open the lessons in JupyterLab; further options go to it."""
    from course_utils import library

    extra = list(context.args)
    if lesson is not None and lesson.startswith("-"):
        extra, lesson = [lesson, *extra], None
    path = library.find_notebook_path(lesson or "00")
    book = path.with_suffix(".ipynb")
    path = book if book.exists() else path
    root = path.parent.parent if path.parent.name == "notebooks" else path.parent
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container everybody is root; the server still asks for its token.
        command.append("--allow-root")
    os.execv(sys.executable, [*command, *extra, str(path)])
