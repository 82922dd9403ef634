"""What people and disks do to a directory: everything else goes on, and nothing known is lost."""

import errno
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from agent.objects import DRAIN, SERVICE, SERVICE_EXPORT, Document, ObjectKey, at, text_at
from agent.store import ForbiddenError, UnavailableError
from agent.stores.disk import UNFINISHED, Disk
from agent.stores.faults import FaultReason
from agent.stores.folder import BLIND_US, RESCAN_US
from agent.stores.keeper import GRACE_US
from agent.stores.lookout import FILE_BYTES_MAX
from agent.stores.yaml_text import to_yaml
from tests.agent.stores.contract import WEB, definition, export, service
from tests.agent.stores.folders import Process, unsynced

GOOD = to_yaml(service())
API = to_yaml(service("api"))


class Start(Protocol):
    """Start a process on a directory; it is closed with the test."""

    def __call__(
        self,
        root: Path,
        seed: int = 1,
        *,
        disk: Disk | None = None,
        has_notices: bool = True,
        lock_timeout_s: float = 10.0,
    ) -> Process: ...


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def started(
            root: Path,
            seed: int = 1,
            *,
            disk: Disk | None = None,
            has_notices: bool = True,
            lock_timeout_s: float = 10.0,
        ) -> Process:
            found = Process(
                root,
                seed=seed,
                disk=disk,
                has_notices=has_notices,
                lock_timeout_s=lock_timeout_s,
            )
            stack.callback(found.close)
            return found.after()

        yield started


@pytest.fixture
def process(tmp_path: Path, start: Start) -> Process:
    return start(tmp_path)


def names(process: Process) -> list[str]:
    return [text_at(each, "metadata", "name") for each in process.objects(SERVICE)]


# --- bad files --------------------------------------------------------------------------------

BAD: list[tuple[str | bytes, FaultReason, int, str, str]] = [
    ("kind: [", FaultReason.SYNTAX, 2, "", "mend"),
    ("kind: Service\n\tname: web\n", FaultReason.SYNTAX, 2, "", "spaces"),
    (GOOD + "kind: Service\n", FaultReason.DUPLICATE_KEY, 0, "", "keep one"),
    (GOOD + "no: 1\n", FaultReason.AMBIGUOUS_KEY, 0, "", "quotes"),
    (GOOD + "12:30: 1\n", FaultReason.AMBIGUOUS_KEY, 0, "", "quotes"),
    ("apiVersion: v1\nmetadata: {name: web}\n", FaultReason.INVALID, 1, "kind", "what kind"),
    ("apiVersion: v1\nkind: Service\nspec: {}\n", FaultReason.INVALID, 1, "metadata.name", "name"),
    (
        "apiVersion: v1\nkind: Service\nmetadata:\n  namespace: shop\n  name: web\n"
        "  labels:\n    land: no\n",
        FaultReason.INVALID,
        7,
        "metadata.labels.land",
        "quotes",
    ),
    (b"apiVersion: v1\nkind: \xff\n", FaultReason.ENCODING, 2, "", "UTF-8"),
    ("", FaultReason.EMPTY, 0, "", "delete the file"),
    ("# nothing\n---\n", FaultReason.EMPTY, 0, "", "delete the file"),
    ("kind: List\nitems: []\n", FaultReason.EMPTY, 0, "", "delete the file"),
    ("- a\n- b\n", FaultReason.INVALID, 1, "", "apiVersion"),
    ("a: !!python/object:os.system {}\n", FaultReason.VALUE, 1, "a", "take it away"),
    ("#" * (FILE_BYTES_MAX + 1), FaultReason.TOO_LARGE, 0, "", "several files"),
]


@pytest.mark.parametrize(("content", "reason", "line", "field", "remedy"), BAD)
def test_a_bad_file_says_what_and_where_and_keeps_what_it_had(
    process: Process,
    tmp_path: Path,
    content: str | bytes,
    reason: FaultReason,
    line: int,
    field: str,
    remedy: str,
    start: Start,
) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(GOOD)
    (tmp_path / "api.yaml").write_text(API)
    before = process.settled().objects(SERVICE)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "new.yaml").write_text(to_yaml(service("new")))
    process.settled()
    (fault,) = process.folder.faults()
    assert (fault.where, fault.reason, fault.field) == ("web.yaml", reason, field)
    assert fault.line == (line or fault.line)
    assert remedy in fault.remedy
    assert names(process) == ["api", "new", "web"], "all else goes on"
    assert process.objects(SERVICE)[2] == before[1]
    restarted = start(tmp_path, 2).settled()
    assert restarted.objects(SERVICE) == process.objects(SERVICE)
    assert restarted.folder.faults() == (fault,)
    path.write_text(GOOD)
    assert process.after().folder.faults() == ()
    assert process.objects(SERVICE)[2] == before[1], "it is mended, and the same"


def test_a_kind_that_is_not_served_is_shown_and_hinders_nothing(
    process: Process, tmp_path: Path
) -> None:
    path = tmp_path / "all.yaml"
    path.write_text("---\n".join((GOOD, to_yaml(export()), to_yaml(service("gone")))))
    assert names(process.settled()) == ["gone", "web"]
    (fault,) = process.folder.faults()
    assert fault.reason is FaultReason.NOT_SERVED
    assert "CustomResourceDefinition" in fault.remedy
    path.write_text("---\n".join((GOOD, to_yaml(export()))))
    assert names(process.settled()) == ["web"], "a deletion in that file is one"
    (tmp_path / "z-definition.yaml").write_text(to_yaml(definition("v1alpha1")))
    process.settled()
    assert process.folder.faults() == ()
    (found,) = process.folder.shelf.listing(SERVICE_EXPORT, "v1alpha1").objects
    assert at(found, "metadata", "name") == "web"


def test_an_unknown_version_keeps_the_object_as_it_was(process: Process, tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(GOOD)
    before = process.settled().objects(SERVICE)
    (tmp_path / "web.yaml").write_text(GOOD.replace("apiVersion: v1", "apiVersion: v9"))
    (fault,) = process.settled().folder.faults()
    assert (fault.reason, fault.field, fault.line) == (FaultReason.NOT_SERVED, "apiVersion", 1)
    assert "v1" in fault.remedy
    assert process.objects(SERVICE) == before


def test_of_two_files_with_one_object_the_first_by_name_counts(
    process: Process, tmp_path: Path
) -> None:
    (tmp_path / "b.yaml").write_text(GOOD)
    process.settled()
    (tmp_path / "c.yaml").write_text(GOOD.replace("port: 80", "port: 81"))
    (fault,) = process.settled().folder.faults()
    assert (fault.where, fault.reason) == ("c.yaml", FaultReason.DUPLICATE_OBJECT)
    assert fault.line == 4
    assert "b.yaml" in fault.problem
    assert at(process.objects(SERVICE)[0], "spec", "ports", 0, "port") == 80
    (tmp_path / "b.yaml").unlink()
    process.after()
    assert process.folder.faults() == ()
    assert at(process.objects(SERVICE)[0], "spec", "ports", 0, "port") == 81, "at once"


def test_of_two_documents_of_a_file_with_one_object_the_first_counts(
    process: Process, tmp_path: Path
) -> None:
    (tmp_path / "web.yaml").write_text(GOOD + "---\n" + GOOD.replace("port: 80", "port: 81"))
    (fault,) = process.settled().folder.faults()
    assert fault.reason is FaultReason.DUPLICATE_OBJECT
    assert fault.line > 4
    assert at(process.objects(SERVICE)[0], "spec", "ports", 0, "port") == 80


def test_what_is_no_file_is_shown_and_not_waited_for(process: Process, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "web.yaml").write_text(GOOD)
    process.settled()
    assert process.reasons() == [FaultReason.UNREADABLE] * 2
    assert names(process) == ["web"]


def test_other_files_and_hidden_ones_are_nobodys_business(process: Process, tmp_path: Path) -> None:
    for name in ("README.md", ".web.yaml", ".web.yaml.swp", "web.yaml~", ".git/web.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(GOOD)
    assert names(process.settled()) == []
    assert process.folder.faults() == ()


# --- editing ----------------------------------------------------------------------------------


def test_an_editor_that_moves_the_old_file_away_deletes_nothing(
    process: Process, tmp_path: Path
) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(GOOD)
    before = process.settled().objects(SERVICE)
    path.rename(tmp_path / "web.yaml~")
    assert process.after().objects(SERVICE) == before
    path.write_text(GOOD)
    assert process.after(GRACE_US - 1).after(GRACE_US).objects(SERVICE) == before


def test_a_file_that_is_being_written_is_read_when_it_is_closed(
    process: Process, tmp_path: Path
) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(GOOD + "---\n" + API)
    before = process.settled().objects(SERVICE)
    with path.open("w") as file:
        file.write(GOOD)
        file.flush()
        assert process.after().after(GRACE_US).objects(SERVICE) == before
        file.write("---\n" + API.replace("port: 80", "port: 81"))
    after = process.after().objects(SERVICE)
    assert at(after[0], "spec", "ports", 0, "port") == 81
    assert after[1] == before[1]


def test_an_object_that_a_file_has_no_more_goes_after_a_while(
    process: Process, tmp_path: Path
) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(GOOD + "---\n" + API)
    process.settled()
    path.write_text(GOOD)
    assert names(process.after()) == ["api", "web"]
    assert process.folder.deadline(process.now_us) <= process.now_us + GRACE_US
    assert names(process.after(GRACE_US)) == ["web"]


def test_a_deleted_file_deletes_after_a_while(process: Process, tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(GOOD)
    process.settled()
    (tmp_path / "web.yaml").unlink()
    assert names(process.after().after(GRACE_US - 1)) == ["web"]
    assert names(process.after(1)) == []


def test_a_file_that_is_renamed_changes_nothing(process: Process, tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(GOOD)
    before = process.settled().objects(SERVICE)
    (tmp_path / "b.yaml").rename(tmp_path / "a.yaml")
    assert process.settled().objects(SERVICE) == before


def test_a_mounted_configmap_is_swapped_as_one(process: Process, tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    for number, content in enumerate((GOOD, GOOD.replace("port: 80", "port: 81"))):
        version = mount / f"..{number}"
        version.mkdir(parents=True)
        (version / "web.yaml").write_text(content)
        new = mount / "..data_tmp"
        new.symlink_to(version.name)
        new.rename(mount / "..data")
        if number == 0:
            (mount / "web.yaml").symlink_to("..data/web.yaml")
        process.settled()
        assert at(process.objects(SERVICE)[0], "spec", "ports", 0, "port") == 80 + number
    assert process.folder.faults() == ()


def test_links_that_lead_in_circles_are_followed_once(process: Process, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "web.yaml").write_text(GOOD)
    (tmp_path / "sub" / "again").symlink_to(tmp_path)
    assert names(process.settled()) == ["web"]
    assert process.folder.faults() == ()


def test_what_is_in_a_directory_that_is_made_or_moved_in_is_seen(
    process: Process, tmp_path: Path
) -> None:
    (tmp_path / "one" / "two").mkdir(parents=True)
    (tmp_path / "one" / "two" / "web.yaml").write_text(GOOD)
    assert names(process.after()) == ["web"]
    (tmp_path / "one" / "two" / "web.yaml").write_text(API)
    assert names(process.settled()) == ["api"]


def test_without_notices_it_is_seen_by_looking_again(tmp_path: Path, start: Start) -> None:
    process = start(tmp_path, has_notices=False).after()
    (tmp_path / "web.yaml").write_text(GOOD)
    assert process.folder.deadline(process.now_us) == process.now_us + BLIND_US
    assert names(process.after(BLIND_US)) == ["web"]
    process.close()


def test_what_no_notice_tells_is_seen_by_looking_again(process: Process, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.yaml"
    outside.write_text(GOOD)
    (tmp_path / "web.yaml").symlink_to(outside)
    process.settled()
    outside.write_text(GOOD.replace("port: 80", "port: 81"))
    assert process.folder.deadline(process.now_us) <= process.now_us + RESCAN_US
    process.after(RESCAN_US)
    assert at(process.objects(SERVICE)[0], "spec", "ports", 0, "port") == 81


# --- what agents write ------------------------------------------------------------------------


def test_a_persons_file_is_never_written_to(process: Process, tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(GOOD)
    process.settled().writer.apply(service(sessionAffinity="ClientIP"), process.now_us)
    process.writer.apply_status(WEB, "v1", {"loadBalancer": {}}, process.now_us)
    with pytest.raises(ForbiddenError, match=r"web\.yaml"):
        process.writer.delete(WEB, process.now_us)
    assert (tmp_path / "web.yaml").read_text() == GOOD
    found = process.objects(SERVICE)[0]
    assert at(found, "spec", "sessionAffinity") == "ClientIP"
    assert at(found, "status", "loadBalancer") == {}
    (tmp_path / "web.yaml").unlink()
    assert names(process.settled()) == []
    assert not [path for path in tmp_path.rglob("*.yaml") if ".isthmus" not in path.parts]


def test_what_agents_wrote_may_be_edited_and_deleted_by_hand(
    process: Process, tmp_path: Path
) -> None:
    process.writer.apply(service(), process.now_us)
    (path,) = (tmp_path / "managed").rglob("*.yaml")
    assert path.relative_to(tmp_path).as_posix() == "managed/Service/shop.web.yaml"
    path.write_text(path.read_text().replace("port: 80", "port: 81"))
    found = process.after().objects(SERVICE)[0]
    assert at(found, "spec", "ports", 0, "port") == 81
    applied = process.writer.apply(service(), process.now_us)
    assert at(applied, "spec", "ports", 0, "port") == 80
    path.unlink()
    assert names(process.after()) == []


def test_what_was_written_when_the_journal_was_lost_is_the_same_object(
    process: Process, tmp_path: Path, start: Start
) -> None:
    before = process.writer.apply(service(), process.now_us)
    process.writer.apply_status(WEB, "v1", {"loadBalancer": {}}, process.now_us)
    shutil.rmtree(tmp_path / ".isthmus")
    after = start(tmp_path, 2).objects(SERVICE)[0]
    for field in ("uid", "creationTimestamp"):
        assert at(after, "metadata", field) == at(before, "metadata", field)
    assert at(after, "status", "loadBalancer") == {}


def test_a_journal_that_is_lost_while_processes_live_is_made_anew(
    process: Process, tmp_path: Path, start: Start
) -> None:
    other = start(tmp_path, 2)
    process.writer.apply(service(), process.now_us)
    version = process.folder.shelf.version
    shutil.rmtree(tmp_path / ".isthmus")
    other.after().writer.apply(service("api"), other.now_us)
    assert names(process.after()) == names(other.after()) == ["api", "web"]
    assert process.objects(SERVICE) == other.objects(SERVICE)
    assert process.folder.shelf.version > version
    assert process.folder.faults() == ()


@pytest.mark.parametrize("cut", [1, 10, 40, 200])
def test_a_last_line_that_was_never_finished_is_cut_off(
    process: Process, tmp_path: Path, cut: int, start: Start
) -> None:
    process.writer.apply(service(), process.now_us)
    process.writer.apply(service("api"), process.now_us)
    journal = tmp_path / ".isthmus" / "journal"
    journal.write_bytes(journal.read_bytes()[:-cut])
    other = start(tmp_path, 2)
    assert names(other) == ["api", "web"]
    assert names(process.after()) == ["api", "web"]
    assert process.objects(SERVICE) == other.objects(SERVICE)


def test_a_journal_with_a_damaged_line_is_made_anew_from_the_files(
    process: Process, tmp_path: Path, start: Start
) -> None:
    process.writer.apply(service(), process.now_us)
    version = process.folder.shelf.version
    process.writer.apply(service("api"), process.now_us)
    journal = tmp_path / ".isthmus" / "journal"
    content = bytearray(journal.read_bytes())
    content[content.index(b"web")] ^= 1
    journal.write_bytes(content)
    other = start(tmp_path, 2)
    assert names(other) == ["api", "web"]
    assert other.folder.shelf.version > version, "no version is given twice"
    process.writer.apply(service("new"), process.now_us)
    assert process.objects(SERVICE) == other.after().objects(SERVICE)


def test_a_journal_of_another_format_is_left_alone(
    process: Process, tmp_path: Path, start: Start
) -> None:
    (tmp_path / "web.yaml").write_text(GOOD)
    process.settled()
    journal = tmp_path / ".isthmus" / "journal"
    head = json.loads(journal.read_bytes().splitlines()[0][9:])
    process.folder.keeper.journal.rewrite([{**head, "format": 2}])
    written = journal.read_bytes()
    other = start(tmp_path)
    assert names(other.settled()) == ["web"]
    assert journal.read_bytes() == written
    assert other.reasons() == [FaultReason.JOURNAL]
    with pytest.raises(UnavailableError):
        other.writer.apply(service("api"), other.now_us)


def test_a_journal_is_begun_anew_when_it_has_grown(
    process: Process, tmp_path: Path, start: Start
) -> None:
    other = start(tmp_path, 2)
    journal = tmp_path / ".isthmus" / "journal"
    since = other.folder.shelf.version
    for number in range(200):
        process.writer.apply(service(externalName="x" * 3_000 + str(number)), process.now_us)
        if number % 50 == 0:
            other.after()
    assert journal.stat().st_size < 400_000
    assert other.after().objects(SERVICE) == process.objects(SERVICE)
    assert len(other.folder.shelf.changes(SERVICE, "v1", since)) == 200
    assert start(tmp_path, 2).objects(SERVICE) == process.objects(SERVICE)


def test_versions_are_the_same_for_all_and_change_with_every_change(
    process: Process, tmp_path: Path, start: Start
) -> None:
    other = start(tmp_path, 2)
    seen = set()
    for number in range(5):
        (tmp_path / "web.yaml").write_text(GOOD.replace("port: 80", f"port: {number + 1}"))
        objects = other.after().objects(SERVICE)
        assert objects == process.after().objects(SERVICE)
        seen.add(text_at(objects[0], "metadata", "resourceVersion"))
    assert len(seen) == 5


def test_what_a_persons_object_does_not_state_is_given_once(
    process: Process, tmp_path: Path, start: Start
) -> None:
    (tmp_path / "web.yaml").write_text(GOOD)
    (tmp_path / "api.yaml").write_text(
        API.replace(
            "metadata:\n", "metadata:\n  creationTimestamp: 2020-02-02T02:02:02Z\n  uid: u1\n"
        )
    )
    process.settled()
    api, web = process.objects(SERVICE)
    assert at(api, "metadata", "creationTimestamp") == "2020-02-02T02:02:02Z"
    assert at(api, "metadata", "uid") == "u1"
    assert at(web, "metadata", "creationTimestamp") == "2027-01-15T08:00:00Z"
    process.close()
    later = start(tmp_path, seed=3)
    later.now_us = 10**10
    assert later.settled().objects(SERVICE) == (api, web)


# --- bad disks --------------------------------------------------------------------------------


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
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
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
    for path in (root, root / ".isthmus"):
        if path.exists():
            path.chmod(0o555)

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
    root.mkdir()
    (root / "web.yaml").write_text(GOOD)
    assert names(process.after(BLIND_US).settled()) == ["web"]
    process.close()


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


# --- crashes ----------------------------------------------------------------------------------

WRITER = """
import os, sys
from pathlib import Path
from agent.objects import DRAIN, ObjectKey
from tests.agent.stores.folders import Process

root, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
process = Process(root, seed=seed).after()
while True:
    count += 1
    name = f"d{count % 3}"
    key = ObjectKey(DRAIN, "", name)
    if count % 7 == 0 and process.folder.shelf.held(key) is not None:
        process.writer.delete(key, process.now_us)
    else:
        spec = {"reason": str(count) * 100, "rampSeconds": count}
        document = {"apiVersion": "isthmus.dev/v1alpha1", "kind": "Drain", "spec": spec}
        process.writer.apply({**document, "metadata": {"name": name}}, process.now_us)
    os.write(1, f"{count}\\n".encode())
"""


def test_a_process_that_is_killed_at_any_instant_leaves_whole_objects_and_no_lock(
    tmp_path: Path,
) -> None:
    kill_often(tmp_path, 8)


@pytest.mark.nightly
def test_a_thousand_kills_leave_whole_objects(tmp_path: Path, start: Start) -> None:
    kill_often(tmp_path, 1_000)


def kill_often(root: Path, kills: int) -> None:
    rng, last = random.Random(kills), 0
    for kill in range(kills):
        command = [sys.executable, "-c", WRITER, str(root), str(kill), str(last)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            acknowledged = [writer.stdout.readline() for _ in range(rng.randint(1, 25))]
            writer.send_signal(signal.SIGKILL)
            acknowledged += writer.stdout.readlines()
        counts = [int(line) for line in acknowledged if line.endswith(b"\n")]
        last = check(root, counts[-1], 10_000 + kill)


def check(root: Path, acknowledged: int, seed: int) -> int:
    """Compare what is there with what was acknowledged last; the next write may be done too."""
    process = Process(root, seed=seed, lock_timeout_s=1).after()
    assert process.folder.faults() == ()
    assert not list(root.rglob(f".*{UNFINISHED}"))
    found: dict[str, Document] = {
        text_at(each, "metadata", "name"): each for each in process.objects(DRAIN)
    }
    latest = acknowledged
    for each in found.values():
        count = at(each, "spec", "rampSeconds")
        assert isinstance(count, int)
        assert at(each, "spec", "reason") == str(count) * 100, "it is whole"
        latest = max(latest, count)
    name = f"d{acknowledged % 3}"
    if name in found and acknowledged % 7:
        assert at(found[name], "spec", "rampSeconds") == acknowledged
    assert latest <= acknowledged + 1
    process.writer.apply({**drain(), "metadata": {"name": "check"}}, process.now_us)
    process.writer.delete(ObjectKey(DRAIN, "", "check"), process.now_us)
    process.close()
    return latest


def drain() -> Document:
    return {"apiVersion": "isthmus.dev/v1alpha1", "kind": "Drain", "spec": {"reason": "test"}}
