"""`course reference show`: a table of the protocol in words, as far as it is measured."""

from pathlib import Path

from course_utils import evidence
from course_utils.errors import BatchError
from course_utils.evidence import protocol, trust
from course_utils.evidence.runs import read_table


def lines(name: str, folder: Path | None = None) -> list[str]:
    """Question, arms with their settings and runs, each verdict, and what each curve is worth.

    `folder` holds runs.csv and what is kept beside it, by default the course's own. Raises
    ProtocolError for a table that the protocol does not have, BatchError for a folder without runs.
    """
    of = trust.tables().get(name) or protocol.table(name)
    if folder is not None and not (folder / "runs.csv").is_file():
        raise BatchError(
            f"{folder} holds no runs.csv. Write it: course reference add BATCHES --to {folder}"
        )
    if isinstance(of, trust.Measures):
        return trust.lines(of, folder=folder)
    runs = read_table(folder / "runs.csv", evidence.COLUMNS) if folder else evidence.all_runs()
    lacking = protocol.missing(of, runs)
    said = [f"{of.name}: {of.question}"]
    for arm in of.arms.values():
        settings = protocol.chosen(of, arm, runs) if arm.name not in lacking else None
        words = ", ".join(f"{key} {value:g}" for key, value in (settings or {}).items())
        done = len(of.verdict_seeds) - lacking.get(arm.name, 0)
        said.append(
            f"  {arm.name}: {done} of {len(of.verdict_seeds)} runs" + f", {words}" * bool(words)
        )
    said += evidence.tell_all(of, unpaired=True, folder=folder).values()
    for line in of.curves[1:]:
        worth = evidence.worth_in_images(of, line, of.curves[0], runs)
        said.append(worth.sentence(line) if worth else f"{line} ({of.name}): not yet measured.")
    return said


def overview() -> list[str]:
    """Each table of the protocol with the number of its verdict runs that are still missing."""
    said = []
    for name, of in protocol.tables().items():
        missing = sum(protocol.missing(of).values())
        words = f"{missing} verdict runs not yet measured" if missing else "complete"
        said.append(f"{name}: {words}. {of.question}")
    for name, of in trust.tables().items():
        missing = len(of.compare) * len(of.measures) - len(trust.verdicts(of))
        words = f"{missing} verdicts not yet measured" if missing else "complete"
        said.append(f"{name}: {words}. {of.question}")
    outside = evidence.runs_of_no_table()
    return [*said, f"Runs of no table (the lessons', the first edition's): {len(outside)}"]
