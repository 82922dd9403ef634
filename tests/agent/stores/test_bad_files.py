"""A bad file says what is wrong in it; everything else goes on, and nothing known is lost."""

import os
from pathlib import Path

import pytest

from agent.objects import SERVICE, SERVICE_EXPORT, at
from agent.stores.faults import FaultReason
from agent.stores.lookout import FILE_BYTES_MAX
from agent.stores.yaml_text import to_yaml
from tests.agent.stores.folders import Process, Start, names
from tests.agent.stores.site import definition, export, service

GOOD = to_yaml(service())
API = to_yaml(service("api"))


Bad = tuple[str | bytes, FaultReason, int, str, str]
"""Content, reason, line (0: whatever), field, and a word of the remedy."""

BAD: list[Bad] = [
    ("kind: [", FaultReason.SYNTAX, 2, "", "mend"),
    ("kind: Service\n\tname: web\n", FaultReason.SYNTAX, 2, "", "spaces"),
    (GOOD + "kind: Service\n", FaultReason.DUPLICATE_KEY, 0, "", "keep one"),
    (GOOD + "no: 1\n", FaultReason.AMBIGUOUS_KEY, 0, "", "quotes"),
    (GOOD + "12:30: 1\n", FaultReason.AMBIGUOUS_KEY, 0, "", "quotes"),
    ("apiVersion: v1\nmetadata: {name: web}\n", FaultReason.INVALID, 1, "kind", "what kind"),
    ("apiVersion: v1\nkind: Service\nspec: {}\n", FaultReason.INVALID, 1, "metadata.name", "name"),
    (
        GOOD.replace("  labels:\n", "  labels:\n    a: no\n"),
        FaultReason.INVALID,
        7,
        "metadata.labels.a",
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


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad[1]}-{bad[0][:20]!r}")
def test_a_bad_file_says_what_and_where_and_keeps_what_it_had(
    process: Process, tmp_path: Path, start: Start, bad: Bad
) -> None:
    content, reason, line, field, remedy = bad
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
