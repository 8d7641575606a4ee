"""The exercises of lesson 06 know right answers from typical wrong ones."""

import numpy as np
import pytest

from course_utils.checks import find_check, run_check

LABELS = {
    "a digit, drawn with a slightly thicker pen": True,
    "a digit, turned by half a turn": False,
    "a photograph of a cat or a dog, mirrored": True,
    "a traffic sign, mirrored": False,
    "a traffic sign, with its colours swapped": False,
    "a satellite image of fields and towns, turned by a quarter": True,
}


def check(name, answer):
    return run_check(find_check("06_augmentation", name), None, answer)


def by_index(image, down, right):
    rows = np.clip(np.arange(image.shape[0]) - down, 0, image.shape[0] - 1)
    columns = np.clip(np.arange(image.shape[1]) - right, 0, image.shape[1] - 1)
    return image[rows][:, columns]


def by_padding(image, down, right):
    far = max(abs(down), abs(right))
    padded = np.pad(image, far, mode="edge")
    height, width = image.shape
    return padded[far - down : far - down + height, far - right : far - right + width]


def with_black(image, down, right):
    far = max(abs(down), abs(right))
    height, width = image.shape
    return np.pad(image, far)[far - down : far - down + height, far - right : far - right + width]


@pytest.mark.parametrize("shift", [by_index, by_padding])
def test_right_shifts(shift):
    assert check("check_shift", shift).passed


@pytest.mark.parametrize(
    ("shift", "hint"),
    [
        (lambda image, down, right: None, "nothing yet"),
        (lambda image, down, right: np.roll(image, (down, right), axis=(0, 1)), "should be lost"),
        (lambda image, down, right: by_index(image, -down, -right), "wrong way"),
        (lambda image, down, right: by_index(image, right, down), "swapped"),
        (with_black, "black comes in"),
        (lambda image, down, right: image[1:], "came back as"),
        (lambda image, down, right: image.fill(0), "nothing yet"),
        (lambda image, down, right: image // 2, "some pixels"),
        (lambda image, down, right: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_wrong_shifts(shift, hint):
    answer = check("check_shift", shift)
    assert not answer.passed
    assert hint in answer.message


def test_a_shift_that_changes_its_input_is_told_so():
    def in_place(image, down, right):
        image[:] = by_index(image, down, right)
        return image

    assert "work on a copy" in check("check_shift", in_place).message


def test_labels():
    assert check("check_keeps_its_label", LABELS).passed


@pytest.mark.parametrize("change", LABELS)
def test_each_wrong_label_gets_a_hint_of_its_own(change):
    answer = check("check_keeps_its_label", LABELS | {change: not LABELS[change]})
    assert not answer.passed
    assert answer.message.startswith(change)
    assert "True" not in answer.message
    assert "False" not in answer.message


@pytest.mark.parametrize(
    ("answers", "hint"),
    [
        (dict.fromkeys(LABELS, ...), "no answer yet"),
        (LABELS | {"a traffic sign, mirrored": "no"}, "True or False"),
        ({"a digit": True}, "expected 6 answers"),
    ],
)
def test_answers_that_are_none(answers, hint):
    answer = check("check_keeps_its_label", answers)
    assert not answer.passed
    assert hint in answer.message


def test_the_stub_is_empty():
    assert "still empty" in check("check_shift", ...).message
