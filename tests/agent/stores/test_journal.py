"""Readers read whole lines once; writers leave whole lines."""

import errno
import os
from pathlib import Path

import pytest

from agent.stores.disk import Disk
from agent.stores.journal import DamagedError, Journal


def journal(path: Path) -> Journal:
    found = Journal(path / "journal", Disk())
    found.open()
    return found


@pytest.fixture
def writer(tmp_path: Path) -> Journal:
    found = journal(tmp_path)
    found.rewrite([{"n": 0}])
    return found


def test_what_one_writes_the_other_reads_once(writer: Journal, tmp_path: Path) -> None:
    reader = journal(tmp_path)
    assert reader.read() == [{"n": 0}]
    writer.append([{"n": 1}, {"n": 2}])
    assert reader.read() == [{"n": 1}, {"n": 2}]
    assert reader.read() == []
    assert writer.read() == [], "what we wrote we know"
    assert reader.size == writer.size
    reader.close()
    writer.close()


def test_a_line_that_is_not_finished_is_waited_for_or_cut_off(
    writer: Journal, tmp_path: Path
) -> None:
    whole = writer.path.read_bytes()
    writer.path.write_bytes(whole + b'12345678 {"n"')
    reader = journal(tmp_path)
    assert reader.read() == [{"n": 0}]
    assert reader.read() == []
    writer.append([{"n": 1}])
    assert reader.read() == [{"n": 1}]
    assert writer.path.read_bytes().startswith(whole)
    reader.close()
    writer.close()


def test_a_damaged_line_is_told_and_nothing_after_it_counts(
    writer: Journal, tmp_path: Path
) -> None:
    writer.append([{"n": 1}, {"n": 2}])
    content = writer.path.read_bytes()
    writer.path.write_bytes(content.replace(b'"n":1', b'"n":7'))
    reader = journal(tmp_path)
    with pytest.raises(DamagedError):
        reader.read()
    reader.close()
    writer.close()


def test_a_journal_that_is_begun_anew_is_another(writer: Journal, tmp_path: Path) -> None:
    reader = journal(tmp_path)
    assert reader.is_current()
    writer.append([{"n": 1}])
    writer.rewrite([{"n": 5}])
    assert not reader.is_current()
    assert reader.read() == [{"n": 0}, {"n": 1}], "the old one is read to its end"
    assert reader.open()
    assert reader.read() == [{"n": 5}]
    assert reader.is_current()
    reader.close()
    writer.close()


def test_a_journal_that_was_cut_or_removed_is_another(writer: Journal) -> None:
    writer.append([{"n": 1}])
    os.truncate(writer.path, 3)
    assert not writer.is_current()
    writer.path.unlink()
    assert not writer.is_current()
    assert not writer.open()
    assert writer.read() == []


def test_what_cannot_be_written_is_not_there(tmp_path: Path, writer: Journal) -> None:
    def write(descriptor: int, content: bytes) -> int:
        os.write(descriptor, content[:5])
        raise OSError(errno.ENOSPC, "full")

    full = Journal(writer.path, Disk(write))
    full.open()
    full.read()
    before = writer.path.read_bytes()
    with pytest.raises(OSError, match="full"):
        full.append([{"n": 1}])
    assert writer.path.read_bytes() == before
    full.close()
    writer.close()
