"""Which files there are."""

import os
from pathlib import Path

from agent.stores.tree import is_read, scanned, stamp_of


def test_files_are_found_by_their_names_in_all_directories(tmp_path: Path) -> None:
    for name in (
        "a.yaml",
        "b/c.yml",
        "b/d/e.json",
        "f.txt",
        ".g.yaml",
        ".h/i.yaml",
        "j.yaml/k.yaml",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    scan = scanned(tmp_path)
    assert sorted(scan.files) == ["a.yaml", "b/c.yml", "b/d/e.json", "j.yaml/k.yaml"]
    assert sorted(scan.directories) == ["", "b", "b/d", "j.yaml"]
    assert scan.directories["b/d"] == tmp_path / "b" / "d"
    assert scan.files["a.yaml"] == stamp_of(tmp_path / "a.yaml")
    assert is_read("a.yaml")
    assert not is_read("a.yaml.swp")


def test_links_are_followed_and_what_is_no_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "real.txt").touch()
    (tmp_path / "a.yaml").symlink_to("real.txt")
    (tmp_path / "b.yaml").symlink_to("nowhere")
    (tmp_path / "again").symlink_to(".")
    os.mkfifo(tmp_path / "c.yaml")
    scan = scanned(tmp_path)
    assert scan.files["a.yaml"] is not None
    assert (scan.files["b.yaml"], scan.files["c.yaml"]) == (None, None)
    assert list(scan.directories) == [""]
    assert stamp_of(tmp_path / "c.yaml") is None


def test_another_content_is_another_stamp(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("one")
    before = stamp_of(path)
    path.write_text("other")
    assert stamp_of(path) != before
