"""Files are whole or not there, and an error says what to do."""

import errno
import os
from pathlib import Path

import pytest

from agent.store import ForbiddenError, UnavailableError
from agent.stores.disk import Disk, is_forbidden, is_no_room, refusal


def failing(number: int) -> Disk:
    def write(descriptor: int, content: bytes) -> int:
        os.write(descriptor, content[:1])
        raise OSError(number, os.strerror(number))

    return Disk(write)


def test_a_file_is_replaced_as_one_and_made_where_it_was_not(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "x.yaml"
    Disk().replace(path, b"one")
    before = path.stat().st_ino
    Disk().replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_ino != before, "another file took its name"
    assert [each.name for each in path.parent.iterdir()] == ["x.yaml"]


def test_what_cannot_be_written_leaves_the_old_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="space"):
        failing(errno.ENOSPC).replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["x.yaml"]


def test_a_file_and_its_directory_are_synced_before_it_counts(tmp_path: Path) -> None:
    synced: list[bool] = []

    def sync(descriptor: int) -> None:
        synced.append((tmp_path / "x.yaml").exists())
        os.fsync(descriptor)

    Disk(sync=sync).replace(tmp_path / "x.yaml", b"new")
    assert synced == [False, True]


def test_what_cannot_be_appended_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"one\n")
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        with pytest.raises(OSError, match="space"):
            failing(errno.ENOSPC).append(descriptor, b"two\n")
        assert path.read_bytes() == b"one\n"
        Disk(lambda number, content: os.write(number, content[:2])).append(descriptor, b"three\n")
    finally:
        os.close(descriptor)
    assert path.read_bytes() == b"one\nthree\n", "by as many writes as it takes"


def test_what_is_not_there_is_removed_already(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"")
    Disk().remove(path)
    Disk().remove(path)
    assert not path.exists()


def test_of_a_long_file_one_byte_more_than_the_limit_is_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abcdef")
    assert Disk().read(tmp_path / "x", 3) == b"abcd"
    assert Disk().read(tmp_path / "x", 6) == b"abcdef"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_what_we_may_not_is_forbidden(number: int) -> None:
    error = refusal(OSError(number, os.strerror(number), "x.yaml"), "apply it")
    assert isinstance(error, ForbiddenError)
    assert "apply it" in str(error)
    assert "x.yaml" in str(error)
    assert is_forbidden(OSError(number, ""))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_what_cannot_be_now_is_unavailable(number: int) -> None:
    error = refusal(OSError(number, os.strerror(number)), "apply it")
    assert isinstance(error, UnavailableError)
    assert ("make room" in str(error)) == is_no_room(OSError(number, ""))
