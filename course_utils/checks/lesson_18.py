"""Exercises of lesson 18: scenes that stay together, and an accuracy in which a rare class counts."""

import numpy as np

from course_utils.checks import Wrong, array, function_returning, number, refuse_known

_SHARE = 0.25


def _scenes(sizes):
    """Numbers of scenes, in no order: scene 3 k has sizes[k] pictures."""
    scenes = np.repeat(3 * np.arange(len(sizes)), sizes)
    return np.random.default_rng(18).permutation(scenes)


@function_returning(array)
def check_test_scenes(lesson, test_scenes):
    """A function (scenes, share, random) -> truth values: whole scenes, just enough pictures."""
    chosen = set()
    for sizes in ([4] * 10, [1, 1, 1, 1, 1, 1, 1, 1, 12, 20], [7, 3, 9, 2, 8, 1, 6, 4]):
        scenes = _scenes(sizes)
        for seed in range(8):
            answer = test_scenes(scenes.copy(), _SHARE, np.random.default_rng(seed))
            _check_scenes(answer, scenes)
            again = test_scenes(scenes.copy(), _SHARE, np.random.default_rng(seed))
            if not np.array_equal(answer, again):
                raise Wrong("the same generator draws another test set: draw with `random` alone.")
            chosen.add(answer.astype(bool).tobytes())
    if len(chosen) < 6:
        raise Wrong("every generator draws the same scenes: is the order of the scenes drawn?")
    return "what was taken together is tested together."


def _check_scenes(answer, scenes):
    if answer.shape != scenes.shape or not np.isin(answer, (0, 1)).all():
        raise Wrong(
            f"the result has shape {answer.shape}; expected one truth value for each of the "
            f"{len(scenes)} pictures."
        )
    tested = answer.astype(bool)
    for scene in np.unique(scenes):
        if 0 < tested[scenes == scene].mean() < 1:
            raise Wrong(f"scene {scene} is on both sides: draw scenes, and not pictures.")
    sizes = [np.sum(scenes == scene) for scene in np.unique(scenes[tested])]
    taken, needed = sum(sizes), _SHARE * len(scenes)
    case = f"of {len(scenes)} pictures in {len(np.unique(scenes))} scenes you take {taken}"
    if taken < needed:
        raise Wrong(
            f"{case}, and {_SHARE:.0%} are wanted: do you count scenes, or stop one too early?"
        )
    if taken - max(sizes) >= needed:
        raise Wrong(f"{case}, and {_SHARE:.0%} would be there with a scene less.")


@function_returning(number)
def check_balanced_accuracy(lesson, balanced_accuracy):
    """A function (labels, answers) -> mean over the classes in `labels` of the share named right."""
    for labels, answers in (
        (np.repeat([0, 1], [90, 10]), np.repeat([0, 1, 0], [81, 13, 6])),
        (np.repeat([0, 1, 2], [6, 3, 1]), np.array([0, 0, 0, 1, 2, 4, 1, 1, 0, 2])),
        (np.repeat([3, 7], [4, 8]), np.array([3, 3, 7, 3, 7, 7, 7, 7, 7, 3, 7, 3])),
    ):
        right = labels == answers
        shares = [right[labels == label].mean() for label in np.unique(labels)]
        answer, truth = balanced_accuracy(labels.copy(), answers.copy()), float(np.mean(shares))
        if np.isclose(answer, truth, atol=1e-9):
            continue
        named = np.union1d(labels, answers)
        called = [right[answers == label].mean() for label in np.unique(answers)]
        mistakes = (
            (
                right.mean(),
                "that is the plain accuracy, in which the large class outvotes the others.",
            ),
            (float(np.mean(called)), "that is of what was *called* a class; ask of what *is* one."),
            (
                float(np.sum(shares) / len(named)),
                "a class that does not occur in labels counts here.",
            ),
            (
                float(np.sum(shares) / (labels.max() + 1)),
                "are there really so many classes in labels?",
            ),
            (float(min(shares)), "that is the worst class; all of them count alike."),
            (100 * truth, "a fraction is expected, and no percentage."),
        )
        refuse_known(answer, mistakes, abs_tol=1e-9)
        raise Wrong(f"for one case it should be {truth:.3f}; take the classes one by one.")
    return "the rare class has as much to say as the frequent one."
