"""The `course` command. It installs with the lessons; what it runs on comes with the tools."""

import sys


def main():
    """Run the command; without the tools, say in one sentence how to get them (exit code 2)."""
    try:
        from course_tools.cli import app

        app()
    except ModuleNotFoundError as missing:
        name = (missing.name or "").partition(".")[0]
        if name in ("", "course_tools", "course_utils"):
            raise
        print(
            f"error: the course command needs {name}, which is not installed. Install the tools: "
            "pip install 'generalisation-course[tools]'",
            file=sys.stderr,
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
