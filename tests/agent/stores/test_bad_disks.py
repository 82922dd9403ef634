"""A disk that is full, read-only, or gone: reading goes on, and nothing known is lost."""

import errno
import os
import shutil
import stat
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.objects import SERVICE, at, text_at
from agent.store import ForbiddenError, UnavailableError
from agent.stores.disk import UNFINISHED, Disk
from agent.stores.faults import FaultReason
from agent.stores.folder import BLIND_US, RESCAN_US
from agent.stores.keeper import GRACE_US
from agent.stores.yaml_text import to_yaml
from tests.agent.stores.folders import Process, Start, names, unsynced
from tests.agent.stores.site import service

GOOD = to_yaml(service())
API = to_yaml(service("api"))


NOBODY = 65534


class FullDisk:
    """A disk that has room until it is full."""

    def __init__(self) -> None:
        self.is_full = False

    def write(self, descriptor: int, content: bytes) -> int:
        if self.is_full:
            os.write(descriptor, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(descriptor, content)

    def disk(self) -> Disk:
        return Disk(self.write, unsynced)


def test_on_a_full_disk_nothing_is_written_and_reading_goes_on(
    tmp_path: Path, start: Start
) -> None:
    full = FullDisk()
    process = start(tmp_path, disk=full.disk()).after()
    process.writer.apply(service(), process.now_us)
    full.is_full = True
    with pytest.raises(UnavailableError, match="make room"):
        process.writer.apply(service(sessionAffinity="ClientIP"), process.now_us)
    assert at(process.objects(SERVICE)[0], "spec", "sessionAffinity") is None
    (tmp_path / "api.yaml").write_text(API)
    assert names(process.settled()) == ["api", "web"], "what people do is seen"
    assert process.reasons() == [FaultReason.NO_ROOM]
    private = text_at(process.objects(SERVICE)[0], "metadata", "resourceVersion")
    assert "~" in private
    assert process.after(RESCAN_US).objects(SERVICE)[0] == process.objects(SERVICE)[0]
    other = start(tmp_path, 2)
    assert "~" not in text_at(other.objects(SERVICE)[0], "metadata", "resourceVersion")
    full.is_full = False
    process.after(RESCAN_US)
    assert process.folder.faults() == ()
    assert process.objects(SERVICE) == other.objects(SERVICE)
    assert not list(tmp_path.rglob(f"*{UNFINISHED}"))
    process.writer.apply(service(sessionAffinity="ClientIP"), process.now_us)
    assert at(other.after().objects(SERVICE)[1], "spec", "sessionAffinity") == "ClientIP"


def in_child(work: Callable[[], None]) -> None:
    """Do something as somebody who may do nothing; it fails here if it fails there."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("is_used", [False, True])
def test_a_directory_that_is_read_only_is_read(
    tmp_path_factory: pytest.TempPathFactory, is_used: bool, start: Start
) -> None:
    root = tmp_path_factory.getbasetemp() / f"read-only-{is_used}"
    root.mkdir()
    for path in (root, *root.parents):
        if path.owner() != "root" or stat.S_IMODE(path.stat().st_mode) & 0o055 == 0:
            path.chmod(path.stat().st_mode | 0o555)
    (root / "web.yaml").write_text(GOOD)
    if is_used:
        owner = start(root).settled()
        before = owner.objects(SERVICE)
        owner.close()
    for path in (root, *root.rglob("*")):
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        path.chmod(0o500 if path.is_dir() else 0o400)

    def work() -> None:
        process = start(root).settled()
        assert names(process) == ["web"]
        if is_used:
            assert process.objects(SERVICE) == before, "as the journal has it"
        assert process.reasons() == [FaultReason.READ_ONLY]
        with pytest.raises(ForbiddenError, match="let this process write"):
            process.writer.apply(service("api"), process.now_us)
        with pytest.raises(ForbiddenError):
            process.folder.processes.register("agent")
        shown = process.writer.apply(service("api"), process.now_us, dry_run=True)
        assert at(shown, "metadata", "name") == "api"

    in_child(work)
    root.chmod(0o755)


def test_a_file_that_may_not_be_read_keeps_what_it_had(
    tmp_path_factory: pytest.TempPathFactory, start: Start
) -> None:
    root = tmp_path_factory.getbasetemp() / "unreadable"
    root.mkdir()
    root.chmod(0o777)
    for path in root.parents:
        if path.owner() != "root" or stat.S_IMODE(path.stat().st_mode) & 0o055 == 0:
            path.chmod(path.stat().st_mode | 0o555)

    def work() -> None:
        process = start(root).after()
        (root / "web.yaml").write_text(GOOD)
        (root / "sub").mkdir()
        (root / "sub" / "api.yaml").write_text(API)
        before = process.settled().objects(SERVICE)
        (root / "web.yaml").chmod(0)
        (root / "sub").chmod(0)
        assert process.settled().after(RESCAN_US).after(GRACE_US).objects(SERVICE) == before
        assert process.reasons() == [FaultReason.UNREADABLE] * 2
        (root / "web.yaml").chmod(0o644)
        (root / "sub").chmod(0o755)
        assert process.settled().objects(SERVICE) == before
        assert process.folder.faults() == ()

    in_child(work)


def test_a_directory_that_vanishes_and_returns_has_lost_nothing(
    process: Process, tmp_path: Path, start: Start
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    process = start(root).after()
    (root / "web.yaml").write_text(GOOD)
    before = process.settled().objects(SERVICE)
    root.rename(tmp_path / "away")
    process.settled()
    assert process.objects(SERVICE) == before
    assert process.reasons() == [FaultReason.DIRECTORY]
    with pytest.raises(UnavailableError, match="not there"):
        process.writer.apply(service("api"), process.now_us)
    (tmp_path / "away").rename(root)
    assert process.after(BLIND_US).objects(SERVICE) == before
    assert process.folder.faults() == ()
    (root / "web.yaml").write_text(GOOD.replace("port: 80", "port: 81"))
    assert process.after().objects(SERVICE) != before, "and it is watched again"
    process.close()


def test_an_empty_directory_in_its_place_is_no_deletion(tmp_path: Path, start: Start) -> None:
    root = tmp_path / "root"
    root.mkdir()
    process = start(root).after()
    (root / "web.yaml").write_text(GOOD)
    before = process.settled().objects(SERVICE)
    shutil.rmtree(root)
    root.mkdir()
    assert process.settled().after(RESCAN_US).after(GRACE_US).objects(SERVICE) == before
    (fault,) = process.folder.faults()
    assert "empty" in fault.problem
    with pytest.raises(UnavailableError, match="empty"):
        process.writer.apply(service("api"), process.now_us)
    (root / "api.yaml").write_text(API)
    assert names(process.after(RESCAN_US).settled()) == ["api"], "a file is an answer"
    assert process.folder.faults() == ()
    process.close()


def test_a_directory_that_is_not_there_yet_is_waited_for(tmp_path: Path, start: Start) -> None:
    root = tmp_path / "root"
    process = start(root).after()
    assert process.reasons() == [FaultReason.DIRECTORY]
    assert process.folder.deadline(process.now_us) <= process.now_us + BLIND_US
    with pytest.raises(UnavailableError, match="is not there; bring it back"):
        process.folder.require_seen()
    with pytest.raises(UnavailableError, match="is not there"):
        process.folder.register("agent")
    assert not root.exists(), "a name that was misspelt makes no directory"
    root.mkdir()
    (root / "web.yaml").write_text(GOOD)
    assert names(process.after(BLIND_US).settled()) == ["web"]
    process.folder.require_seen()
    process.folder.register("agent")
    process.close()


def test_an_empty_directory_is_not_the_one_that_was_used_before(
    tmp_path: Path, start: Start
) -> None:
    fresh = start(tmp_path / "fresh", is_known=False)
    used = start(tmp_path / "used", is_known=True)
    for process, name in ((fresh, "fresh"), (used, "used")):
        (tmp_path / name).mkdir()
        process.settled()
    fresh.folder.require_seen()
    assert fresh.folder.faults() == (), "a cluster may begin with nothing"
    with pytest.raises(UnavailableError, match="replaced by an empty one; bring its files back"):
        used.folder.require_seen()
    (tmp_path / "used" / "web.yaml").write_text(GOOD)
    assert names(used.after(BLIND_US).settled()) == ["web"]
    used.folder.require_seen()


def test_a_lock_that_is_held_for_ever_stops_writing_and_not_reading(
    process: Process, tmp_path: Path, start: Start
) -> None:
    process.writer.apply(service(), process.now_us)
    other = start(tmp_path, lock_timeout_s=0.05).after()
    with process.folder.writing("hold it", process.now_us):
        (tmp_path / "api.yaml").write_text(API)
        with pytest.raises(UnavailableError, match="locked"):
            other.writer.apply(service("new"), other.now_us)
        assert names(other.after()) == ["web"]
        assert other.reasons() == [FaultReason.DIRECTORY]
    assert names(other.after()) == ["api", "web"]
    assert other.folder.faults() == ()
