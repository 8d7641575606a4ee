"""Files are written whole or not at all, obey the umask, and failures name what mends them."""

import errno
import os
import stat

import pytest

from course_utils import files


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "new/folder/record.json"
    for content in (b"first", b"second"):
        files.write_atomically(path, content)
        assert path.read_bytes() == content
    assert _names(path.parent) == ["record.json"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_after_an_error_the_old_file_stands_and_nothing_is_left(tmp_path, error):
    path = tmp_path / "record.json"
    path.write_bytes(b"old")
    with pytest.raises(type(error)), files.replacing(path) as file:
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert _names(tmp_path) == ["record.json"]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_decides_who_may_read(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        files.write_atomically(tmp_path / "record.json", b"mine")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "record.json").stat().st_mode) == mode


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, "free some space there"),
        (errno.EDQUOT, "free some space there"),
        (errno.EACCES, "choose another folder"),
        (errno.EPERM, "choose another folder"),
        (errno.EROFS, "choose another folder"),
        (errno.EISDIR, "Is a directory"),
    ],
)
def test_the_remedy_fits_the_error(number, expected):
    error = OSError(number, os.strerror(number))
    assert files.why(error).startswith(os.strerror(number))
    assert files.why(error).endswith(expected)
    assert files.why(error).count(os.strerror(number)) == 1


def test_an_error_without_a_number_is_told_in_its_own_words():
    assert files.why(OSError("the stick was pulled out")) == "the stick was pulled out"
    assert files.why(OSError()) == "OSError"
