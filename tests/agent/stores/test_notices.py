"""What the kernel says of a tree: which files are to be read, and which are being written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.stores.notices import Notices


@pytest.fixture
def notices(tmp_path: Path) -> Iterator[Notices]:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".own").mkdir()
    found = Notices()
    found.follow({"": tmp_path, "sub": tmp_path / "sub"}, tmp_path / ".own")
    yield found
    found.close()


def test_a_file_that_was_closed_is_to_be_read(notices: Notices, tmp_path: Path) -> None:
    (tmp_path / "sub" / "a.yaml").write_text("x")
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / ".a.yaml").write_text("x")
    notice = notices.drain()
    assert (notice.paths, notice.writing) == ({"sub/a.yaml"}, set())
    assert not notice.is_everything
    assert notices.drain().paths == set()


def test_a_file_that_is_open_is_being_written(notices: Notices, tmp_path: Path) -> None:
    with (tmp_path / "a.yaml").open("w") as file:
        assert notices.drain().writing == {"a.yaml"}
        file.write("x")
        file.flush()
        assert notices.drain().writing == {"a.yaml"}
    notice = notices.drain()
    assert (notice.paths, notice.writing) == ({"a.yaml"}, set())


def test_links_renames_and_deletions_are_whole_at_once(notices: Notices, tmp_path: Path) -> None:
    (tmp_path / "sub" / "a.yaml").write_text("x")
    notices.drain()
    (tmp_path / "link.yaml").symlink_to("sub/a.yaml")
    (tmp_path / "hard.yaml").hardlink_to(tmp_path / "sub" / "a.yaml")
    (tmp_path / "sub" / "a.yaml").rename(tmp_path / "b.yaml")
    notice = notices.drain()
    assert notice.paths >= {"link.yaml", "hard.yaml", "sub/a.yaml", "b.yaml"}
    assert notice.writing == set()
    (tmp_path / "b.yaml").unlink()
    assert notices.drain().paths == {"b.yaml"}


@pytest.mark.parametrize("name", ["new", "..data", "..2027"])
def test_a_new_directory_or_a_swapped_mount_is_everything(
    notices: Notices, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    assert notices.drain().is_everything


def test_what_is_besides_only_wakes(notices: Notices, tmp_path: Path) -> None:
    (tmp_path / ".own" / "journal").write_text("x")
    notice = notices.drain()
    assert not notice.is_everything
    assert notice.paths == set()


def test_a_directory_that_is_followed_no_more_says_nothing(
    notices: Notices, tmp_path: Path
) -> None:
    notices.follow({"": tmp_path}, tmp_path / "none")
    notices.drain()
    (tmp_path / "sub" / "a.yaml").write_text("x")
    assert notices.drain().paths == set()


def test_a_top_that_is_moved_away_is_everything(tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    notices = Notices()
    notices.follow({"": tmp_path / "top"}, tmp_path / "none")
    (tmp_path / "top").rename(tmp_path / "away")
    assert notices.drain().is_everything
    notices.close()
