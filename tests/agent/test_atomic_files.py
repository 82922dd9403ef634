"""Files are there whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.atomic_files import TEMPORARY, remove_unfinished, sync_directory, write_whole


def test_a_file_is_written_whole_with_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "a"
    write_whole(file, [b"one", b"two"], mode=0o640)
    assert file.read_bytes() == b"onetwo"
    assert file.stat().st_mode & 0o777 == 0o640
    write_whole(file, [b"three"])
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"three", 0o600)
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_what_cannot_be_written_leaves_the_old_content(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise OSError("the disk is full")

    file = tmp_path / "a"
    write_whole(file, [b"old"])
    with pytest.raises(OSError, match="full"):
        write_whole(file, pieces())
    assert file.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_what_a_crash_left_is_replaced_or_removed(tmp_path: Path) -> None:
    left = tmp_path / f"{TEMPORARY}a"
    left.write_bytes(b"half")
    left.chmod(0o666)
    write_whole(tmp_path / "a", [b"x"])
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    left.write_bytes(b"half")
    (tmp_path / f"{TEMPORARY}directory").mkdir()
    remove_unfinished(tmp_path)
    assert not left.exists()
    remove_unfinished(tmp_path / "nowhere")


def test_a_directory_that_is_none_cannot_be_forced_to_the_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        sync_directory(tmp_path / "nowhere")
