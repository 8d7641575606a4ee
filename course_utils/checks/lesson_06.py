"""Exercises of lesson 06: moving a picture, and what may change about which kind of picture."""

from course_utils.checks import Wrong, answers_for, array, function_returning

_KEEPS = {
    "a digit, drawn with a slightly thicker pen": (True, "pens differ, and nobody reads 8 for 3."),
    "a digit, turned by half a turn": (False, "write a 6 and turn the sheet round."),
    "a photograph of a cat or a dog, mirrored": (
        True,
        "have you ever been unable to tell from a mirrored photograph which of the two it was?",
    ),
    "a traffic sign, mirrored": (
        False,
        "think of an arrow that tells you to which side you must turn.",
    ),
    "a traffic sign, with its colours swapped": (
        False,
        "on a round sign, what does red tell you, and what does blue?",
    ),
    "a satellite image of fields and towns, turned by a quarter": (
        True,
        "is there an up and a down, seen from above?",
    ),
}


@function_returning(array)
def check_shift(lesson, shift):
    """A function (image (height, width), down, right) -> moved image, nearest edge repeated."""
    import numpy as np

    image = np.random.default_rng(6).integers(0, 256, size=(5, 8), dtype="uint8")
    before = image.copy()
    for down, right in ((0, 0), (2, 0), (0, 3), (-1, 0), (0, -2), (1, -3), (-4, 7), (9, -9)):
        answer = shift(image, down, right)
        case = f"for down={down}, right={right}"
        if not np.array_equal(image, before):
            raise Wrong(f"{case} the picture that came in has changed: work on a copy.")
        if answer.shape != image.shape:
            raise Wrong(f"{case} a picture of shape {image.shape} came back as {answer.shape}.")
        if np.allclose(answer, _moved(image, down, right)):
            continue
        rolled, black = (_moved(image, down, right, mode) for mode in ("wrap", "constant"))
        for mistake, hint in (
            (rolled, "what leaves on one side comes in on the other; it should be lost."),
            (_moved(image, -down, -right), "the picture moves the wrong way. Whence comes row 0?"),
            (_moved(image, right, down), "rows and columns are swapped: the first axis runs down."),
            (black, "black comes in from outside; repeat the nearest edge pixel."),
        ):
            if np.allclose(answer, mistake):
                raise Wrong(f"{case} {hint}")
        raise Wrong(f"{case} some pixels are not where they should be. Try it on a 3 x 3 picture.")
    return "eight shifts, some of them right out of the picture, land where they should."


@answers_for(*_KEEPS)
def check_keeps_its_label(lesson, keeps_its_label):
    """A dict from a change to whether the label would still be right."""
    for change, (right, hint) in _KEEPS.items():
        given = keeps_its_label[change]
        if not isinstance(given, bool):
            raise Wrong(f"{given!r} is no answer to {change!r}; write True or False.")
        if given != right:
            raise Wrong(f"{change}: {hint}")
    return (
        "which changes are harmless is a fact about the data, and no network can know it for you."
    )


def _moved(image, down, right, mode="edge"):
    """The image moved; from outside comes the nearest edge pixel, or what `np.pad` calls `mode`."""
    import numpy as np

    (height, width), far = image.shape, max(abs(down), abs(right))
    padded = np.pad(image, far, mode)
    return padded[far - down : far - down + height, far - right : far - right + width]
