"""`course reference show`: a table of the protocol in words, as far as it is measured."""

from course_utils import evidence
from course_utils.evidence import protocol
from course_utils.evidence.comparison import over_seeds_and_images


def lines(name: str) -> list[str]:
    """Question, arms with their settings and runs, and each verdict, on accuracy and cross-entropy.

    Raises ProtocolError for a table that the protocol does not have.
    """
    of = protocol.table(name)
    lacking = protocol.missing(of)
    said = [f"{of.name}: {of.question}"]
    for arm in of.arms.values():
        settings = protocol.chosen(of, arm) if arm.name not in lacking else None
        words = ", ".join(f"{key} {value:g}" for key, value in (settings or {}).items())
        done = len(of.verdict_seeds) - lacking.get(arm.name, 0)
        said.append(
            f"  {arm.name}: {done} of {len(of.verdict_seeds)} runs" + f", {words}" * bool(words)
        )
    for metric, unit in (("accuracy", "points"), ("loss", "")):
        found = protocol.verdicts(of, metric)
        said.append(f"Verdicts on {'accuracy' if unit else 'cross-entropy'}:")
        for pair in of.compare:
            title = f"  {pair[0]} against {pair[1]}"
            if pair not in found:
                said.append(f"{title}: not yet measured")
                continue
            verdict = found[pair]
            said.append(
                f"{verdict.sentence(title, unit)} p = {verdict.p_adjusted:.3g} after Holm; sign flips "
                f"{verdict.p_exact:.3g}"
            )
            if unit:
                said.append(_with_images(of, pair))
    return said


def _with_images(of, pair):
    """The interval for other seeds and other images together."""
    sides = [protocol.wrong(of, of.arms[name]) for name in (pair[1], pair[0])]
    mean, low, high = over_seeds_and_images(*sides)
    return (
        f"    for other images too: {100 * mean:+.2f} points, {100 * low:+.2f} to {100 * high:+.2f}"
    )


def overview() -> list[str]:
    """Each table of the protocol with the number of its verdict runs that are still missing."""
    said = []
    for name, of in protocol.tables().items():
        missing = sum(protocol.missing(of).values())
        words = f"{missing} verdict runs not yet measured" if missing else "complete"
        said.append(f"{name}: {words}. {of.question}")
    outside = evidence.reference()
    return [*said, f"Runs of no table (the lessons', the first edition's): {len(outside)}"]
