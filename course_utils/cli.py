"""The `course` command."""

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
    help="Run, read, build and check the course's notebooks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command()
def run(
    lessons: Annotated[
        list[str] | None,
        typer.Argument(metavar="LESSON…", help="Numbers, names, or paths of notebooks."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All numbered lessons.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the lessons and stop.")] = False,
    mode: Annotated[str | None, typer.Option(help="smoke, reduced, full or auto.")] = None,
    seed: Annotated[int | None, typer.Option(help="One seed.")] = None,
    seeds: Annotated[str | None, typer.Option(help="Several: 0-9 or 0-4,7.")] = None,
    param: Annotated[
        list[str] | None, typer.Option(help="name=value, or name=value,value for a grid.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; else build/.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Runs at the same time.")] = 1,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Finish the batch in --out.")] = False,
    retries: Annotated[int, typer.Option(min=0, help="New tries of a run that failed.")] = 1,
    timeout: Annotated[float | None, typer.Option(help="Seconds a run may take.")] = None,
    memory_limit: Annotated[float | None, typer.Option(help="MB that a run may use.")] = None,
):
    """Execute notebooks headlessly; executed copies and records go to --out."""
    from course_utils import batch, cluster, grid, manifest, progress, summary

    if listed:
        for name in grid.lesson_paths():
            print(name)
        return
    if seed is not None and seeds is not None:
        raise CourseError("--seed and --seeds are both given; --seeds 0-9 alone is enough.")
    if seed is not None and seed < 0:
        raise CourseError(
            f"--seed is {seed}; expected a whole number from 0. For example: --seed 1"
        )
    chosen = [seed] if seed is not None else grid.parse_seeds(seeds) if seeds is not None else None
    notebooks = grid.find_notebooks(lessons or [], every)
    runs = grid.lay_out(notebooks, chosen, mode, grid.parse_parameters(param or []))
    folder = out or grid.project_root() / "build"
    store = manifest.Manifest(
        folder, batch.header(runs, notebooks), resume=resume, replace=out is None
    )
    console = _console()
    options = batch.Options(timeout, memory_limit, retries)
    display = progress.Display(console)
    pool = cluster.Pool(workers, scheduler)
    try:
        entries = batch.execute(runs, notebooks, pool, store, options, display)
    finally:
        display.stop()
        pool.close()
        store.close()
    summary.show(console, folder, entries)
    if any(entry["status"] != "ok" for entry in entries):
        raise typer.Exit(1)


def _console():
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160)


@app.callback()
def _course():
    """Run, read, build and check the course's notebooks."""


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
    from course_utils import build, grid, progress

    if origin not in (None, "py", "ipynb"):
        raise CourseError(f"--from is {origin!r}; expected py or ipynb.")
    grid.check_mode(mode)
    scripts = build.pairs(lessons or [])
    for script in scripts:
        build.source_of(script, origin)
    display = progress.Display(_console())
    display.start(total=len(scripts), done=0)
    failed = False
    try:
        for script in scripts:
            name = "/".join(script.with_suffix("").parts[script.parts.index("notebooks") + 1 :])
            result = build.build(
                script, mode, origin, lambda i, n, name=name: display.cell(name, i, n)
            )
            display.finished(name, result, again=False)
            failed |= result["status"] != "ok"
            if result["traceback"]:
                print(result["traceback"], file=sys.stderr)
    finally:
        display.stop()
    if failed:
        raise typer.Exit(1)
