"""The `course` command."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from course_utils import files
from course_utils.errors import CourseError


class _Course(typer.Typer):
    """A command whose errors are sentences: a CourseError goes to standard error, exit code 2."""

    def __call__(self, *args, **kwargs):
        try:
            return super().__call__(*args, **kwargs)
        except CourseError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)
        except OSError as error:
            # What no command foresaw: a disk that is full, or a place that takes nothing.
            if error.errno not in files.REFUSED:
                raise
            print(f"error: {error.filename or 'The output'}: {files.why(error)}", file=sys.stderr)
            # At its end Python would try again to write what is left of the output.
            sys.stderr.flush()
            os._exit(2)


app = _Course(
    name="course",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


def _show_version(asked: bool):
    if asked:
        import course_utils

        print(course_utils.__version__)
        raise typer.Exit


@app.callback()
def _course(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Say which version and stop."
        ),
    ] = False,
):
    """Run, read, build and check the course's notebooks."""
    # For an output that is closed Python has no stream: what is printed goes to the null device.
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    # Signs that the output's encoding lacks are replaced: a folder's name may hold any.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    # Notebooks run in folders of their own, where a path relative to here would name another place.
    folders = ("COURSE_DATA_DIR", "COURSE_HOME", "COURSE_KEEP_NETWORKS", "COURSE_OUT", "KERAS_HOME")
    for name in folders:
        if os.environ.get(name):
            os.environ[name] = os.path.abspath(os.path.expanduser(os.environ[name]))


def _home():
    """The learner's folder, by the checkout that the command works on."""
    from course_tools.batch import reading
    from course_utils.home import home

    return home(reading.project_root())


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
        Path | None,
        typer.Option(help="Folder for the results. Default: build, whose last batch it replaces."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Finish the batch that is in the folder.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Runs at the same time, on this machine. Default: 1.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler: tls://HOST:8786.")
    ] = None,
    tls_ca: Annotated[Path | None, typer.Option(help="Certificate authority, PEM.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="This client's certificate.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key.")] = None,
    retries: Annotated[int, typer.Option(min=0, help="New tries of a run that failed.")] = 1,
    timeout: Annotated[
        str | None, typer.Option(help="Longest time of a run: 90 (seconds), 30min, 2h.")
    ] = None,
    memory_limit: Annotated[
        str | None, typer.Option(help="Most memory of a run: 1500MB, 2GB. Default: its share.")
    ] = None,
    cwd: Annotated[
        Path | None, typer.Option(help="Folder to run in. Default: a temporary one each.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
    table: Annotated[
        str | None, typer.Option(help="Make the runs of a table of the protocol, and no others.")
    ] = None,
    arms: Annotated[
        str | None, typer.Option(help="With --table: some of its arms, a,b. Default: all.")
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="With --table: also what the reference runs have.")
    ] = False,
):
    """Execute notebooks headlessly; executed copies, records and a manifest go to --out."""
    from course_tools.batch import grid, reading

    if listed:
        print(reading.listed())
        return
    from course_tools.batch import run

    options = run.Options(
        timeout=grid.seconds(timeout),
        memory_limit_mb=grid.megabytes(memory_limit),
        retries=retries,
        cwd=grid.folder(cwd),
        workers=workers,
        scheduler=scheduler,
        tls={"ca": tls_ca, "cert": tls_cert, "key": tls_key},
    )
    options.check()
    if arms and table is None:
        raise CourseError(
            f"--arms {arms} are those of a table: course run --table NAME --arms {arms}"
        )
    if anew and table is None:
        raise CourseError("--anew is for a table: course run --table NAME --anew --out FOLDER")
    if table is not None:
        from course_tools.batch import tables

        if any((lessons, every, mode, seed is not None, seeds, param)):
            raise CourseError(
                "--table takes its notebook, mode, seeds and parameters from the protocol: leave them "
                f"out. For example: course run --table {table} --out {table}"
            )
        chosen = arms.split(",") if arms else None
        raise typer.Exit(tables.run_table(table, chosen, options, out, dry_run, anew))
    notebooks = reading.find_notebooks(lessons or [], every)
    seeds = grid.chosen_seeds(seed, seeds)
    runs = grid.lay_out(notebooks, seeds, mode, grid.parse_parameters(param or []))
    code = run.run_batch(notebooks, runs, options, out, resume, dry_run)
    if code:
        raise typer.Exit(code)


@app.command()
def build(
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="[LESSON…]", help="All when none is named.")
    ] = None,
    mode: Annotated[str, typer.Option(help="Mode to execute in.")] = "reduced",
    force: Annotated[
        bool,
        typer.Option("--force", help="Also over an edited .ipynb; a copy goes to build/replaced."),
    ] = False,
    solutions: Annotated[bool, typer.Option(help="Build the solutions as well.")] = True,
    costs: Annotated[
        bool,
        typer.Option(
            "--costs", help="Keep each lesson's time and memory. On an otherwise idle machine."
        ),
    ] = False,
    text: Annotated[
        bool,
        typer.Option("--text", help="Only text and tags changed: keep outputs, execute nothing."),
    ] = False,
):
    """Execute the lessons' and solutions' .py and write the committed .ipynb beside them."""
    from course_tools.authoring import build, reference_runs

    if text:
        raise typer.Exit(build.retell_all(lessons or [], force, solutions))
    keep_cost = reference_runs.keep_cost if costs else None
    code = build.build_all(lessons or [], mode, force, solutions, keep_cost)
    if code:
        raise typer.Exit(code)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(
    context: typer.Context,
    lesson: Annotated[str | None, typer.Argument(help="Default: the first.")] = None,
    author: Annotated[
        bool, typer.Option("--author", help="Open the course's own files, paired with their .py.")
    ] = False,
):
    """Open your lessons in JupyterLab; further options go to it.

    The lessons are your own, in your workspace (course workspace says where): what you write there
    stays, also when the course changes.
    """
    from course_tools.batch import reading
    from course_tools.desk import lab, workspace

    words, folder = lab.split([*filter(None, [lesson]), *context.args]), _home()
    if author:
        command = lab.command(*words)
        for sentence in lab.edited_apart():
            print(f"to mend: {sentence}", file=sys.stderr)
    else:
        # Installed without the lessons, the lab still opens a notebook of one's own.
        for sentence in workspace.lay_down(folder) if reading.lesson_paths() else ():
            print(sentence)
        command = lab.command(*words, folder)
        print(f"Your lessons are in {folder}")
    # What is printed would be lost with this process, where it goes to a file.
    sys.stdout.flush()
    os.execve(command[0], command, lab.prepare(folder, author))


@app.command()
def workspace():
    """Make your workspace, or bring it up to date, and say where it is.

    One notebook a lesson, in the folder that COURSE_HOME names; else in workspace/ beside the
    course, where you may write there; else in your own data folder. Your records and your progress
    live there too. A lesson that you have worked on is never overwritten.
    """
    from course_tools.desk import lab, workspace

    folder = _home()
    for sentence in workspace.lay_down(folder):
        print(sentence)
    lab.prepare(folder)
    print(f"Your lessons are in {folder}")


@app.command()
def reset(
    lessons: Annotated[list[str], typer.Argument(metavar="LESSON…", help="Numbers (05) or names.")],
):
    """Lay a fresh copy of a lesson; yours is kept beside it, with the date in its name."""
    from course_tools.desk import workspace

    for lesson in lessons:
        print(workspace.reset(_home(), lesson))


@app.command()
def handout(
    folder: Annotated[Path, typer.Argument(help="Where to; it is made if need be.")],
    solutions: Annotated[bool, typer.Option("--solutions", help="With the solutions.")] = False,
):
    """Write the learner's edition for a class: no outputs, no instructor's notes, no solutions."""
    from course_tools.desk import workspace

    print(f"{workspace.hand_out(folder, solutions)} notebooks in {folder}")


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Where to; it is made if need be.")],
    pictures: Annotated[
        Path | None, typer.Option(help="Folder that holds one sub-folder of pictures a class.")
    ] = None,
):
    """Write a notebook for pictures of your own: from a folder to a tested model, as in lesson 18."""
    import shlex

    from course_tools.desk import workspace

    path = workspace.new(folder, pictures)
    print(f"{path} is yours. Open it: jupyter lab {shlex.quote(str(path))}")


@app.command()
def slides(
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="[LESSON…]", help="All when none is named.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder. Default: build/slides.")] = None,
):
    """Write slides of a lesson, from its executed notebook: one HTML file that needs no network."""
    from course_tools.batch import reading
    from course_tools.desk import slides

    for path in slides.write(lessons or [], out or reading.project_root() / "build" / "slides"):
        print(path)


@app.command()
def report(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of a batch. Default: build.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Default: report.html in the folder.")] = None,
    readme: Annotated[
        bool, typer.Option("--readme", help="Write README.md's scoreboard and pictures instead.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="With --readme: only say whether it is up to date.")
    ] = False,
    minutes: Annotated[
        Path | None,
        typer.Option(help="Folder of hand-ins: say instead how long their exercises took."),
    ] = None,
):
    """Write one HTML page about a batch, or the README's scoreboard from the reference runs."""
    from course_tools.batch import reading

    if minutes is not None:
        from course_tools.desk import grading

        print(grading.class_minutes(minutes))
        return

    if readme or check:
        from course_tools.authoring import scoreboard

        path = reading.project_root() / "README.md"
        if scoreboard.write(path, check):
            print("The README's scoreboard and pictures are up to date.")
        elif check:
            raise CourseError(
                "The README's scoreboard, or a picture, is stale. Write it: course report --readme"
            )
        else:
            print("The README's scoreboard and pictures were brought up to date.")
        return
    from course_tools.batch import terminal
    from course_tools.desk import report

    print(terminal.shown(report.write(folder or reading.project_root() / "build", out)))


@app.command()
def syllabus(
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="[LESSON…]", help="All when none is named.")
    ] = None,
    sessions: Annotated[int, typer.Option(help="How many sessions.")] = 8,
    minutes: Annotated[int, typer.Option(help="Minutes of a session.")] = 90,
    mode: Annotated[str, typer.Option(help="The mode that it will run in.")] = "reduced",
    words: Annotated[int, typer.Option(min=1, help="Words read in a minute.")] = 130,
    exercise: Annotated[int, typer.Option(min=0, help="Minutes for an exercise.")] = 10,
):
    """Plan the lessons for a class, from measured running times; prints Markdown."""
    from course_tools.desk import syllabus

    pace = syllabus.Pace(words, exercise)
    print(syllabus.plan(sessions, minutes, lessons or [], mode, pace))


@app.command()
def doctor():
    """Say what this machine is, what the course found on it, and what to mend."""
    from course_tools.desk import doctor

    facts, mend = doctor.examine()
    width = max(len(topic) for topic, _ in facts)
    for topic, text in facts:
        print(f"{topic:{width}}  {text}")
    for sentence in mend:
        print(f"to mend: {sentence}")
    if mend:
        raise typer.Exit(1)
    print("Nothing to mend.")


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="CSV file: seed,figure, or one figure a line.")],
    after: Annotated[Path, typer.Argument(help="Likewise, of the same seeds.")],
    lower: Annotated[bool, typer.Option("--lower", help="Lower figures are better.")] = False,
    picture: Annotated[Path | None, typer.Option(help="PNG file to draw the interval in.")] = None,
    column: Annotated[
        str | None, typer.Option(help="The figure's heading, in files with several.")
    ] = None,
):
    """Say whether one set of runs beats another, in pairs: of anybody's models."""
    from course_tools.desk import compare

    print(compare.report(before, after, lower, picture, column))


# Subcommands


reference = _Course(no_args_is_help=True, help="The reference runs that the course is measured by.")
app.add_typer(reference, name="reference")


@reference.callback()
def _reference():
    pass


@reference.command("add")
def reference_add(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER…", help="Of a batch, or of a table's batches, together."),
    ],
    allow_fallback: Annotated[
        bool, typer.Option("--allow-fallback", help="Also runs on a stand-in for the data.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option(help="Folder to merge them into. Default: the course's own.")
    ] = None,
):
    """Merge batches into the reference runs and costs."""
    from course_tools.authoring import reference_runs

    added = reference_runs.add(folders, to, allow_fallback)
    print(f"Added {added['runs']} runs and {added['costs']} costs.")
    for reason, number in added["left_out"].items():
        print(f"Left out {number}: {reason}")
    if to is None:
        print("Bring the README up to date: course report --readme")


@reference.command("trust")
def reference_trust(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER…", help="Of tables' batches that were added."),
    ],
    networks: Annotated[
        Path | None,
        typer.Option(help="Folder that COURSE_KEEP_NETWORKS named when the runs were made."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Folder with runs.csv. Default: the course's own.")
    ] = None,
):
    """Measure what accuracy does not say: calibration, coverage and, by their networks, worse pictures."""
    from course_tools.authoring import trust

    added = trust.add(folders, networks, to)
    print(f"Measured {added['runs']} runs, {added['networks']} of them with their networks.")
    for reason, number in added["left_out"].items():
        print(f"Left out {number}: {reason}")


@reference.command("show")
def reference_show(
    table: Annotated[str | None, typer.Argument(help="A table. Default: name them all.")] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Folder that `add --to` wrote. Default: the course's own."),
    ] = None,
):
    """Say what a table of the protocol shows, as far as it is measured."""
    from course_tools.authoring import verdicts

    print("\n".join(verdicts.lines(table, source) if table else verdicts.overview()))


data = _Course(no_args_is_help=True, help="The images: fetch, import, verify, where.")
app.add_typer(data, name="data")


@data.command("fetch")
def data_fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="mnist, cifar10. Default: both.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also where a sound copy is.")] = False,
):
    """Download the images that are not here yet."""
    from course_utils import data

    for row in data.fetch(names or None, force=force):
        print(f"{row['name']}: {row['action']}: {row['path']}: {row['message']}")


@data.command("import")
def data_import(folder: Annotated[Path, typer.Argument(help="Holds mnist.npz or cifar10.npz.")]):
    """Copy the images from a folder, once they are checked."""
    from course_utils import data

    for row in data.import_folder(folder):
        print(f"{row['name']}: {row['action']}: {row['path']}: {row['message']}")


@data.command("verify")
def data_verify():
    """Read whole what the lessons would use; the exit code is 1 if something is missing."""
    from course_utils import data

    rows = data.verify()
    for row in rows:
        print(f"{row['name']}: {row['message']}" + (f" ({row['path']})" if row["path"] else ""))
    if not all(row["ok"] for row in rows):
        raise typer.Exit(1)


@data.command("where")
def data_where():
    """List the places where images are looked for, and what is there."""
    from course_utils import data

    rows = data.where()
    for row in rows:
        found = "nothing"
        if row["path"]:
            found = "found, not checked" if row["used"] else "found, but not used"
        writes = "; fetch and import write here" if row["writes_here"] else ""
        print(f"{row['name']}: {row['place']}: {row['folder']}: {found}{writes}")
    if any(row["used"] for row in rows):
        print("Whether what was found can be read: course data verify")
