"""How files become objects, and how long what is gone lingers."""

from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from agent.objects import CRD, SERVICE, SERVICE_EXPORT, text_at
from agent.stores.disk import Disk
from agent.stores.faults import FaultReason
from agent.stores.journal import Journal
from agent.stores.keeper import GRACE_US, Keeper
from agent.stores.lookout import Seen
from agent.stores.reading import content_digest
from agent.stores.yaml_text import to_yaml
from tests.agent.stores.folders import NOON_MS, unsynced
from tests.agent.stores.site import definition, export, service


class Bench:
    """A keeper over files that are only said to be there."""

    def __init__(self, tmp_path: Path, disk: Disk | None = None) -> None:
        self.files: dict[str, Seen] = {}
        self.removed: list[str] = []
        disk = Disk(sync=unsynced) if disk is None else disk
        self.keeper = Keeper(
            Journal(tmp_path / "journal", disk),
            lambda path: self.files.get(path, Seen(None, "", None)),
            self.removed.append,
            lambda: NOON_MS,
            Random(1),
        )
        self.keeper.begin()

    def take(self, now_us: int = 0, **files: str | None) -> None:
        """Have these files (`a` is a.yaml), or have them no more."""
        self.have(files, now_us)

    def have(self, files: Mapping[str, str | None], now_us: int) -> None:
        seen = {}
        for name, text in files.items():
            content = None if text is None else text.encode()
            stamp = None if content is None else (1, 2, 3, len(self.files))
            digest = "" if content is None else content_digest(content)
            seen[f"{name}.yaml"] = Seen(stamp, digest, content)
        self.files.update(seen)
        self.keeper.take(seen, now_us)

    def names(self) -> list[str]:
        return [key.name for key in self.keeper.ledger.shelf.keys(SERVICE)]

    def close(self) -> None:
        self.keeper.journal.close()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


WEB, API = to_yaml(service()), to_yaml(service("api"))


def test_versions_begin_ahead_of_all_that_were_given_before(bench: Bench) -> None:
    assert bench.keeper.ledger.shelf.version == (NOON_MS, 0)
    bench.take(a=WEB)
    assert bench.keeper.ledger.shelf.version == (NOON_MS + 1, 0)
    bench.keeper.begin()
    assert bench.keeper.ledger.shelf.version == (NOON_MS + 2, 0)
    bench.close()


def test_what_is_gone_lingers_and_then_goes(bench: Bench) -> None:
    bench.take(a=WEB, b=API)
    bench.take(100, a=None)
    assert bench.keeper.deadline(200) == 100 + GRACE_US
    bench.keeper.end_lingering(99 + GRACE_US)
    assert bench.names() == ["api", "web"]
    bench.keeper.end_lingering(100 + GRACE_US)
    assert bench.names() == ["api"]
    assert bench.keeper.deadline(200) is None
    bench.close()


def test_what_is_back_in_time_has_never_been_gone(bench: Bench) -> None:
    bench.take(a=WEB)
    version = bench.keeper.ledger.shelf.version
    bench.take(100, a=None)
    bench.take(200, a=WEB)
    bench.keeper.end_lingering(300 + GRACE_US)
    assert bench.keeper.ledger.shelf.version == version
    bench.close()


def test_a_file_that_is_back_and_not_read_yet_is_waited_for(bench: Bench) -> None:
    bench.take(a=WEB)
    bench.take(100, a=None)
    bench.files["a.yaml"] = Seen((9, 9, 9, 9), "", None)
    bench.keeper.end_lingering(100 + GRACE_US)
    assert bench.names() == ["web"]
    bench.close()


def test_another_process_counts_for_what_it_did_not_see_go(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.take(a=WEB)
    bench.take(100, a=None)
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other")
    other.keeper.ledger.read(list(bench.keeper.ledger.packed(NOON_MS + 9)))
    assert other.keeper.deadline(700) == 700 + GRACE_US
    other.keeper.end_lingering(700 + GRACE_US)
    assert other.names() == []
    bench.close()
    other.close()


def test_definitions_are_taken_before_their_objects_in_any_order(bench: Bench) -> None:
    bench.take(a=to_yaml(export()))
    (fault,) = bench.keeper.ledger.faults()
    assert fault.reason is FaultReason.NOT_SERVED
    bench.take(b=to_yaml(definition("v1alpha1")))
    shelf = bench.keeper.ledger.shelf
    assert len(shelf.keys(SERVICE_EXPORT)) == 1
    assert list(bench.keeper.ledger.faults()) == []
    bench.take(b=None)
    bench.keeper.end_lingering(GRACE_US)
    assert shelf.kinds() == []
    assert [fault.reason for fault in bench.keeper.ledger.faults()] == [FaultReason.NOT_SERVED]
    assert shelf.keys(CRD) == []
    bench.close()


def test_what_was_written_about_an_object_goes_with_it(bench: Bench) -> None:
    bench.take(a=WEB)
    place = "managed/Service/shop.web"
    bench.have({place: to_yaml(service(type="NodePort"))}, 0)
    bench.take(a=None)
    bench.keeper.end_lingering(GRACE_US)
    assert bench.removed == [f"{place}.yaml"]
    assert bench.names() == []
    bench.close()


def test_where_the_journal_cannot_be_written_what_is_taken_is_ours_alone(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.keeper.journal.path.unlink()
    bench.take(a=WEB)
    assert bench.keeper.is_private
    shelf = bench.keeper.ledger.shelf
    held = shelf.held(shelf.keys(SERVICE)[0])
    assert held is not None
    assert text_at(held.document, "metadata", "resourceVersion") == f"{NOON_MS}~1"
    bench.keeper.compact()
    assert not bench.keeper.journal.path.exists()
    bench.close()


def test_what_a_file_says_of_an_object_can_be_asked_for(bench: Bench) -> None:
    bench.take(a=WEB)
    key = bench.keeper.ledger.shelf.keys(SERVICE)[0]
    assert bench.keeper.document("a.yaml", key) is not None
    assert bench.keeper.document("b.yaml", key) is None
    assert bench.keeper.born() != bench.keeper.born()
    bench.close()
