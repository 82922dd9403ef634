"""Versions grow, changes are kept in order and in bounds."""

import tracemalloc
from random import Random

import pytest

from agent.objects import LEASE, SERVICE, Document, ObjectKey
from agent.store import ChangeType, GoneError, NotFoundError, NotServedError
from agent.stores.memory_shelf import MemoryShelf
from agent.stores.shelf import (
    HISTORY_MAX,
    Drop,
    Held,
    Put,
    Shelf,
    presented,
    read_version,
    shown_version,
)

WEB = ObjectKey(SERVICE, "shop", "web")
LOCK = ObjectKey(LEASE, "shop", "lock")


def put(key: ObjectKey, **fields: object) -> Put:
    document = {"apiVersion": "v1", "kind": key.kind.name, "metadata": {"name": key.name}, **fields}
    return Put(key, Held(document, {}))


def take(shelf: Shelf, *steps: Put | Drop, is_private: bool = False) -> None:
    shelf.take(shelf.numbered(steps, is_private=is_private))


def test_changes_of_a_kind_are_brought_in_order_from_any_version() -> None:
    shelf = Shelf()
    take(shelf, put(WEB), put(LOCK), put(WEB, x=1), Drop(WEB))
    changes = shelf.changes(SERVICE, "v1", (0, 0))
    assert [each.type for each in changes] == ["ADDED", "MODIFIED", "DELETED"]
    assert [each.version for each in changes] == ["1", "3", "4"]
    assert [each.version for each in shelf.changes(SERVICE, "v1", (3, 0))] == ["4"]
    assert shelf.changes(LEASE, "v1", (2, 0)) == []
    assert changes[2].document["x"] == 1, "as it was last"


def test_what_is_not_kept_or_has_not_been_is_gone() -> None:
    shelf = Shelf(history_max=2)
    take(shelf, put(WEB), put(WEB, x=1), put(WEB, x=2))
    assert len(shelf.changes(SERVICE, "v1", (1, 0))) == 2
    for since in ((0, 0), (4, 0)):
        with pytest.raises(GoneError):
            shelf.changes(SERVICE, "v1", since)


def test_private_versions_come_between_those_of_all() -> None:
    shelf = Shelf()
    take(shelf, put(WEB))
    take(shelf, put(WEB, x=1), put(WEB, x=2), is_private=True)
    assert [each.version for each in shelf.changes(SERVICE, "v1", (1, 0))] == ["1~1", "1~2"]
    take(shelf, put(WEB, x=3))
    assert shown_version(shelf.version) == "2"
    assert [each.version for each in shelf.changes(SERVICE, "v1", (1, 2))] == ["2"]


@pytest.mark.parametrize("version", [(7, 0), (7, 3)])
def test_a_version_is_shown_and_read(version: tuple[int, int]) -> None:
    assert read_version(shown_version(version)) == version


@pytest.mark.parametrize("text", ["", "x", "-1", "1~", "1~x", "٣", "9" * 21])
def test_what_is_no_version_is_none(text: str) -> None:
    assert read_version(text) is None


def test_a_shelf_that_is_reset_has_what_it_is_given_and_no_past() -> None:
    shelf = Shelf()
    take(shelf, put(WEB), put(LOCK))
    told: list[str] = []
    shelf.listen(lambda: told.append("news"))
    other = Shelf(first=40)
    shelf.reset(other.numbered([put(WEB, x=1)]), (50, 0))
    assert told == ["news"]
    assert shelf.keys(SERVICE) == [WEB]
    assert shelf.keys(LEASE) == []
    with pytest.raises(GoneError):
        shelf.changes(SERVICE, "v1", (2, 0))
    assert shelf.changes(SERVICE, "v1", (50, 0)) == []
    shelf.advance((60, 0))
    take(shelf, Drop(WEB))
    assert shelf.changes(SERVICE, "v1", (50, 0))[0].type is ChangeType.DELETED


def test_who_listens_is_told_until_he_does_not() -> None:
    shelf, told = Shelf(), list[int]()
    stop = shelf.listen(lambda: told.append(shelf.version[0]))
    take(shelf, put(WEB))
    stop()
    take(shelf, put(LOCK))
    assert told == [1]


def test_what_is_asked_for_is_there_or_refused() -> None:
    shelf = Shelf()
    take(shelf, put(WEB), put(LOCK))
    assert shelf.kinds() == [SERVICE, LEASE]
    assert shelf.listing(SERVICE, "v1").version == "2"
    assert shelf.get(LOCK, "v1")["apiVersion"] == "coordination.k8s.io/v1"
    with pytest.raises(NotFoundError, match="shop/other"):
        shelf.get(ObjectKey(SERVICE, "shop", "other"), "v1")
    with pytest.raises(NotServedError):
        shelf.listing(SERVICE, "v2")


def test_an_object_is_presented_in_the_version_that_is_asked_for() -> None:
    document = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
    assert presented(document, LEASE, "v1") is document
    assert presented(document, LEASE, "v2")["apiVersion"] == "coordination.k8s.io/v2"


def test_objects_that_change_all_day_take_no_more_room_than_an_agent_may() -> None:
    """At most 100 MB in all; a slice of 100 endpoints, the most there are, takes 60 kB."""
    shelf = MemoryShelf(lambda: 0, Random(1))
    tracemalloc.start()
    try:
        for number in range(HISTORY_MAX // 10):
            shelf.apply(slice_of(100, ready=number % 2 == 0), manager="kubectl", force=True)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 10 * taken < 50_000_000


def slice_of(endpoints: int, *, ready: bool) -> Document:
    conditions = {"ready": ready, "serving": True, "terminating": False}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "web-1", "namespace": "shop"},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
        "endpoints": [
            {"addresses": [f"10.0.0.{each}"], "conditions": dict(conditions), "nodeName": "n1"}
            for each in range(endpoints)
        ],
    }
