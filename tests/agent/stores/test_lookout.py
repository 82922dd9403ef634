"""Which files are not as they were taken."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.stores.disk import Disk
from agent.stores.faults import FaultReason
from agent.stores.file_states import FileState
from agent.stores.lookout import FILE_BYTES_MAX, UNCLOSED_US, UNSTEADY_US, Lookout, Seen
from agent.stores.notices import Notices
from agent.stores.tree import stamp_of

States = dict[str, FileState]


@pytest.fixture
def lookout(tmp_path: Path) -> Iterator[Lookout]:
    notices = Notices()
    yield Lookout(tmp_path, tmp_path / ".own", Disk(), notices)
    notices.close()


def taken(states: States, seen: dict[str, Seen]) -> States:
    found = dict(states)
    for path, each in seen.items():
        found[path] = FileState(path, each.stamp, each.digest, (), (), ())
    return found


def test_what_is_new_changed_or_gone_is_seen_until_it_is_taken(
    lookout: Lookout, tmp_path: Path
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("one")
    seen = lookout.look({}, 0, everything=True)
    assert seen["a.yaml"].content == b"one"
    assert lookout.look({}, 0) == seen, "nobody has taken it"
    states = taken({}, seen)
    assert lookout.look(states, 0) == {}
    path.write_text("two")
    seen = lookout.look(states, 0)
    assert seen["a.yaml"].content == b"two"
    states = taken(states, seen)
    path.unlink()
    assert lookout.look(states, 0) == {"a.yaml": Seen(None, "", None)}


def test_what_is_touched_has_not_changed(lookout: Lookout, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("one")
    states = taken({}, lookout.look({}, 0, everything=True))
    path.touch()
    assert lookout.look(states, 0) == {}
    path.write_text("one")
    assert lookout.look(states, 0, everything=True) == {}
    lookout.forget()
    assert lookout.look(states, 0, everything=True) == {}


def test_what_somebody_writes_to_is_read_when_he_has_left_it_alone(
    lookout: Lookout, tmp_path: Path
) -> None:
    lookout.look({}, 0, everything=True)
    with (tmp_path / "a.yaml").open("w") as file:
        file.write("half")
        file.flush()
        assert lookout.look({}, 5, everything=True) == {}
        assert lookout.deadline() == 5 + UNCLOSED_US
        seen = lookout.look({}, 5 + UNCLOSED_US)
        assert seen["a.yaml"].content == b"half"
    assert lookout.deadline() is None


class Busy(Disk):
    """A disk on which a file changes while it is read, once."""

    def __init__(self, change: Callable[[], object]) -> None:
        super().__init__()
        self.change: Callable[[], object] | None = change

    def read(self, path: Path, limit: int) -> bytes:
        content = super().read(path, limit)
        if self.change is not None:
            self.change()
            self.change = None
        return content


def test_what_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("one")
    lookout = Lookout(tmp_path, tmp_path, Busy(lambda: path.write_text("other")), None)
    assert lookout.look({}, 7) == {}
    assert lookout.deadline() == 7 + UNSTEADY_US
    assert lookout.look({}, 8)["a.yaml"].content == b"other"
    assert lookout.is_blind


@pytest.mark.parametrize("size", [FILE_BYTES_MAX, FILE_BYTES_MAX + 1])
def test_a_file_has_a_largest_size(lookout: Lookout, tmp_path: Path, size: int) -> None:
    (tmp_path / "a.yaml").write_bytes(b"#" * size)
    seen = lookout.look({}, 0, everything=True)["a.yaml"]
    if size > FILE_BYTES_MAX:
        assert seen.fault is not None
        assert seen.fault.reason is FaultReason.TOO_LARGE
        assert lookout.look(taken({}, {"a.yaml": seen}), 0, everything=True) == {}
    else:
        assert seen.content is not None


def test_what_was_made_before_it_was_followed_is_seen(lookout: Lookout, tmp_path: Path) -> None:
    lookout.look({}, 0, everything=True)
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c.yaml").write_text("x")
    assert list(lookout.look({}, 0)) == ["a/b/c.yaml"]
    (tmp_path / "a" / "b" / "d.yaml").write_text("x")
    assert list(lookout.look({}, 0)) == ["a/b/c.yaml", "a/b/d.yaml"]


def test_without_its_directory_nothing_is_seen_as_gone(lookout: Lookout, tmp_path: Path) -> None:
    lookout.look({}, 0, everything=True)
    stamp = stamp_of(tmp_path)
    (tmp_path / "x.yaml").write_text("x")
    assert stamp is None
    tmp_path.rename(tmp_path.with_name("away"))
    with pytest.raises(FileNotFoundError):
        lookout.look({}, 0)
    tmp_path.with_name("away").rename(tmp_path)
    assert list(lookout.look({}, 0, everything=True)) == ["x.yaml"]
