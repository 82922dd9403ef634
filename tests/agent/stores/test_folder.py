"""What agents write into a directory, and the journal by which they share it."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from agent.objects import ENDPOINTS, SERVICE, ObjectKey, at, text_at
from agent.store import ForbiddenError, UnavailableError
from agent.stores.faults import FaultReason
from agent.stores.yaml_text import to_yaml
from tests.agent.stores.folders import Process, Start, names
from tests.agent.stores.site import WEB, service

GOOD = to_yaml(service())
API = to_yaml(service("api"))


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


def test_what_is_secret_is_read_by_nobody_else(process: Process, tmp_path: Path) -> None:
    metadata = {"name": "key", "namespace": "shop"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"a": "Yg=="}}
    process.writer.apply(secret, process.now_us)
    (path,) = (tmp_path / "managed").rglob("*.yaml")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / ".isthmus" / "journal").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / ".isthmus").stat().st_mode) == 0o700


def test_an_object_of_the_longest_name_has_a_file(process: Process, tmp_path: Path) -> None:
    name = "x" * 253
    metadata = {"name": name, "namespace": "n" * 63}
    process.writer.apply(
        {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}, process.now_us
    )
    process.writer.delete(ObjectKey(ENDPOINTS, "n" * 63, name), process.now_us)
    assert not list((tmp_path / "managed").rglob("*.yaml"))
