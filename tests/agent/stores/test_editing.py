"""What people do with editors, links and mounts is taken for what they mean by it."""

from pathlib import Path

from agent.objects import SERVICE, at
from agent.stores.folder import BLIND_US, RESCAN_US
from agent.stores.keeper import GRACE_US
from agent.stores.yaml_text import to_yaml
from tests.agent.stores.folders import Process, Start, names
from tests.agent.stores.site import service

GOOD = to_yaml(service())
API = to_yaml(service("api"))


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
