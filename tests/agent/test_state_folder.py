"""What was kept comes back, whatever happened to the process or the disk."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from agent.state_folder import LoadedState, Members, StateFolder, StateFolderError
from discovery.names import Origin
from discovery.recordset import EMPTY
from discovery.state import KeptState
from tests.agent.kept_states import kept_set, kept_state, records_of
from tests.agent.state_writer import ORIGINS

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("ISTHMUS_KILLS", "25"))
NOBODY = 65_534

EAST = kept_set("east", 3, records_of(40))
WEST = kept_set("west", 5, records_of(7), silent_s=12)
REVOKED = replace(kept_set("north", 1, EMPTY), revoked_ms=77)


def keep(path: Path, state: KeptState) -> None:
    with StateFolder(path) as folder:
        folder.load()
        assert folder.save(state) == ()


def load(path: Path) -> LoadedState:
    with StateFolder(path) as folder:
        return folder.load()


def same(one: KeptState, other: KeptState) -> bool:
    return sorted(map(str, one.sets)) == sorted(map(str, other.sets)) and replace(
        one, sets=()
    ) == replace(other, sets=())


def test_all_of_it_comes_back(tmp_path: Path) -> None:
    state = kept_state([EAST, WEST, REVOKED], saved_at_ms=9)
    state = replace(state, floors=state.floors | {Origin("gone"): EAST.manifest.order})
    with StateFolder(tmp_path / "a" / "b") as folder:
        assert folder.load() == LoadedState()
        assert folder.save(state) == ()
        assert folder.save_members(Members((b"one", b"two"), (b"three",))) == ()
        assert folder.save_start(17) == ()
    loaded = load(tmp_path / "a" / "b")
    assert same(loaded.state, state)
    assert loaded.members == Members((b"one", b"two"), (b"three",))
    assert (loaded.start, loaded.damaged) == (17, ())


def test_only_what_has_changed_is_written(tmp_path: Path) -> None:
    def inodes() -> dict[str, int]:
        return {each.name: each.stat().st_ino for each in tmp_path.rglob("*.state")}

    with StateFolder(tmp_path) as folder:
        folder.load()
        folder.save(kept_state([EAST, WEST], saved_at_ms=1))
        before = inodes()
        folder.save(kept_state([EAST, replace(WEST, silent_s=13)], saved_at_ms=2))
        aged = inodes()
        folder.save(kept_state([EAST, replace(WEST, silent_s=13)], saved_at_ms=3))
        assert inodes() == aged, "the time alone is no change"
    assert {name for name in aged if aged[name] != before[name]} == {"rest.state"}
    with StateFolder(tmp_path) as folder:
        folder.load()
        folder.save(kept_state([kept_set("east", 4, EMPTY), replace(WEST, silent_s=13)]))
    after = inodes()
    assert {name for name in aged if aged[name] != after[name]} == {"east.state", "rest.state"}


def test_what_is_not_kept_any_more_is_removed(tmp_path: Path) -> None:
    keep(tmp_path, kept_state([EAST, WEST]))
    keep(tmp_path, kept_state([EAST]))
    assert [each.name for each in (tmp_path / "sets").iterdir()] == ["east.state"]


def test_nothing_is_kept_before_what_there_was_is_known(tmp_path: Path) -> None:
    with StateFolder(tmp_path) as folder, pytest.raises(AssertionError, match="never loaded"):
        folder.save(KeptState())


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign", "renamed"])
def test_a_damaged_set_is_put_aside_and_the_others_come_back(tmp_path: Path, damage: str) -> None:
    keep(tmp_path, kept_state([EAST, WEST]))
    file = tmp_path / "sets" / "east.state"
    data = file.read_bytes()
    broken = {
        "cut": data[:-100],
        "flipped": data[:99] + bytes([data[99] ^ 1]) + data[100:],
        "empty": b"",
        "foreign": b"#!/bin/sh\n",
        "renamed": (tmp_path / "sets" / "west.state").read_bytes(),
    }
    file.write_bytes(broken[damage])
    loaded = load(tmp_path)
    assert [each.manifest.origin for each in loaded.state.sets] == ["west"]
    (fault,) = loaded.damaged
    assert str(fault).startswith(f"{file}: ")
    assert "put aside as east.state.damaged; what it had comes back" in str(fault)
    assert file.with_name("east.state.damaged").read_bytes() == broken[damage]
    assert not load(tmp_path).damaged


@pytest.mark.parametrize("name", ["rest.state", "members.state", "start.state"])
def test_each_other_file_may_be_damaged_too(tmp_path: Path, name: str) -> None:
    with StateFolder(tmp_path) as folder:
        folder.load()
        folder.save(kept_state([EAST]))
        folder.save_members(Members((b"x",)))
        folder.save_start(5)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    loaded = load(tmp_path)
    assert len(loaded.damaged) == 1
    assert [each.manifest.origin for each in loaded.state.sets] == ["east"]
    assert bool(loaded.start) == (name != "start.state")
    assert bool(loaded.members.lan) == (name != "members.state")
    assert bool(loaded.state.floors) == (name != "rest.state")


def test_two_agents_never_share_a_folder(tmp_path: Path) -> None:
    with StateFolder(tmp_path), pytest.raises(StateFolderError) as caught:
        StateFolder(tmp_path)
    assert f"(process {os.getpid()})" in str(caught.value)
    assert "give this one a folder of its own by state:" in str(caught.value)
    StateFolder(tmp_path).close()


def test_what_a_crash_left_half_written_is_removed(tmp_path: Path) -> None:
    keep(tmp_path, kept_state([EAST]))
    for folder in (tmp_path, tmp_path / "sets"):
        (folder / ".new-east.state").write_bytes(b"half")
    load(tmp_path)
    assert not list(tmp_path.rglob(".new-*"))


@contextmanager
def files_of_at_most(most: int) -> Iterator[None]:
    """Let the disk be full: no file can grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_a_fault_that_ends_when_there_is_room(tmp_path: Path) -> None:
    first = kept_state([EAST, WEST])
    keep(tmp_path, first)
    second = kept_state([kept_set("east", 9, records_of(400)), kept_set("west", 9, EMPTY)])
    with StateFolder(tmp_path) as folder:
        folder.load()
        with files_of_at_most(1_000):
            (fault,) = folder.save(second)
        assert fault.file.name == "east.state"
        assert "make room" in fault.remedy
        partly = StateFolderCopy(tmp_path).load()
        assert [each.manifest.order.version for each in partly.sets] == [3, 9]
        assert partly.floors == first.floors, "a floor above its set would forbid the set"
        with files_of_at_most(10):
            faults = folder.save_start(17)
        assert [each.file.name for each in faults] == ["east.state", "start.state"]
        assert folder.save(second) == (), "the start number, too, is kept once there is room"
        assert folder.faults == ()
    assert same(load(tmp_path).state, second)
    assert load(tmp_path).start == 17


class StateFolderCopy:
    """What another process would find if this one died now."""

    def __init__(self, path: Path) -> None:
        self._files = {each.relative_to(path): each for each in path.rglob("*.state")}

    def load(self) -> KeptState:
        with tempfile.TemporaryDirectory() as folder:
            for name, file in self._files.items():
                (Path(folder) / name).parent.mkdir(exist_ok=True)
                (Path(folder) / name).write_bytes(file.read_bytes())
            return load(Path(folder)).state


@contextmanager
def without_rights() -> Iterator[None]:
    """Be a user whom permissions concern, where this is root."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


def test_a_read_only_folder_is_read_and_its_fault_is_told_until_it_ends() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch)
        with without_rights_in(path):
            keep(path, kept_state([EAST]))
        for folder in (path / "sets", path):
            folder.chmod(0o555)
        (path / "lock").unlink()
        with without_rights():
            folder_of_agent = StateFolder(path)
            assert [each.file.name for each in folder_of_agent.faults] == ["lock"]
            loaded = folder_of_agent.load()
            assert [each.manifest.origin for each in loaded.state.sets] == ["east"]
            faults = folder_of_agent.save(kept_state([EAST, WEST]))
            assert {each.file.name for each in faults} == {"lock", "west.state"}
            assert "give this user the right to write there" in faults[0].remedy
        for folder in (path / "sets", path):
            folder.chmod(0o777)
        with without_rights(), folder_of_agent:
            assert folder_of_agent.save(kept_state([EAST, WEST])) == ()


@contextmanager
def without_rights_in(path: Path) -> Iterator[None]:
    path.chmod(0o777)
    with without_rights():
        yield


def test_a_folder_that_cannot_be_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with StateFolder(tmp_path / "file" / "state") as folder:
        assert folder.load().state == KeptState()
        faults = folder.save(kept_state([EAST]))
        assert any("Not a directory" in str(each) for each in faults)


def test_a_set_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    keep(tmp_path, kept_state([EAST]))
    (tmp_path / "sets" / "west.state").mkdir()
    with StateFolder(tmp_path) as folder:
        folder.load()
        (fault,) = folder.save(kept_state([EAST]))
        assert fault.file.name == "west.state"
    assert (tmp_path / "sets" / "west.state").exists()


def test_five_thousand_endpoints_are_kept_and_come_back(tmp_path: Path) -> None:
    kept = kept_set("east", 1, records_of(5_000, 1))
    with StateFolder(tmp_path) as folder:
        folder.load()
        assert folder.save(kept_state([kept])) == ()
    with StateFolder(tmp_path) as folder:
        [found] = folder.load().state.sets
    assert found.records.root == kept.records.root


def killed_at_random(path: Path, rng: Random) -> list[list[int]]:
    """Let a process keep states until it is killed; return what it said that it had kept."""
    command = [
        sys.executable,
        "-m",
        "tests.agent.state_writer",
        str(path),
        str(rng.getrandbits(32)),
    ]
    writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    said = [writer.stdout.readline() for _ in range(rng.randint(1, 4))]
    with suppress(subprocess.TimeoutExpired):
        writer.wait(timeout=rng.uniform(0, 0.02))
    writer.send_signal(signal.SIGKILL)
    said += writer.stdout.readlines()
    assert writer.wait() == -signal.SIGKILL
    writer.stdout.close()
    return [[int(each) for each in line.split()] for line in said if line.endswith("\n")]


def test_a_kill_at_any_instant_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    rng = Random(7)
    for _ in range(KILLS):
        said = killed_at_random(tmp_path, rng)
        start, *versions = said[-1]
        with StateFolder(tmp_path) as folder:
            loaded = folder.load()
        assert loaded.damaged == ()
        assert start <= loaded.start <= start + 1
        assert loaded.members.lan[0] in (b"m" * start, b"m" * (start + 1))
        found = {str(each.manifest.origin): each for each in loaded.state.sets}
        for origin, version in zip(ORIGINS, versions, strict=True):
            kept = found[origin]
            assert version <= kept.manifest.order.version <= version + 1
            assert kept.records.root == kept.manifest.body.root
            assert loaded.state.floors[Origin(origin)] <= kept.manifest.order
