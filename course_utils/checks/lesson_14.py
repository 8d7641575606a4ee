"""Exercises of lesson 14: naming curves, and the loop that regularises just enough."""

from course_utils.checks import Wrong, answers_for, function_returning, number

_NAMES = ("underfitting", "overfitting", "still improving", "plateau")
_CURVES = {
    "A": ("overfitting", "where does validation go while training still climbs?"),
    "B": ("underfitting", "is there a gap? And are the training images learnt?"),
    "C": ("still improving", "look at the last epochs only: has either curve levelled off?"),
    "D": ("plateau", "both have levelled off high up, and the gap is five points."),
}
_MOST_TRAININGS = 8
# Dropout factors that are just enough, in imagined networks: from, to.
_WORLDS = ((1.05, 1.2), (2.3, 2.45), (0.3, 0.4), (0.0, 0.1), (2.85, 3.0))


@answers_for(*_CURVES)
def check_names_of_curves(lesson, names_of_curves):
    """A dict from letter to one of the four names."""
    for letter, name in names_of_curves.items():
        if name not in _NAMES:
            raise Wrong(f"{letter} is called {name!r}; expected one of {', '.join(_NAMES)}.")
    for letter, (truth, hint) in _CURVES.items():
        if names_of_curves[letter] != truth:
            raise Wrong(f"{letter} is not {names_of_curves[letter]}: {hint}")
    return "and each of the four asks for another remedy."


@function_returning(number)
def check_next_factor(lesson, next_factor):
    """A function (factors tried -> what the curves said) -> the factor to try next, 0 to 3."""
    most = 0
    for low, high in _WORLDS:
        tried = {}
        while "plateau" not in tried.values():
            factor = next_factor(dict(tried))
            _check_step(factor, tried)
            if len(tried) == _MOST_TRAININGS:
                raise Wrong(
                    f"{_MOST_TRAININGS} trainings were not enough; your last tries were "
                    f"{', '.join(f'{each:g}' for each in list(tried)[-3:])}. How can every training "
                    "rule out half of what is left?"
                )
            tried[factor] = (
                "overfitting" if factor < low else "underfitting" if factor > high else "plateau"
            )
        most = max(most, len(tried))
    return f"just enough is found in at most {most} trainings, whatever the network needs."


def _check_step(factor, tried):
    """Raise `Wrong` for a factor that is none, or that cannot teach anything new."""
    said = f"after {tried} next_factor returns {factor!r}"
    if isinstance(factor, bool) or not 0 <= factor <= 3:
        raise Wrong(f"{said}; expected a number from 0 to 3.")
    if factor in tried:
        raise Wrong(f"{said}, which was tried before and will give the same answer.")
    too_little = [each for each, name in tried.items() if name == "overfitting"]
    too_much = [each for each, name in tried.items() if name == "underfitting"]
    if too_little and factor < max(too_little):
        raise Wrong(f"{said}: if {max(too_little):g} overfits, does less dropout help?")
    if too_much and factor > min(too_much):
        raise Wrong(f"{said}: if {min(too_much):g} underfits, does more dropout help?")
