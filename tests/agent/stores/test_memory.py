"""The memory is a store like any other."""

from collections.abc import Callable
from random import Random

import pytest

from agent.objects import SERVICE, Document, ObjectKey
from agent.store import ChangeType, GoneError
from agent.stores.memory import MemoryShelf, MemoryStore
from tests.agent.stores.contract import StoreContract
from tests.agent.stores.site import Site, next_change, service

NOON_MS = 1_800_000_000_000


def by_hand(shelf: MemoryShelf) -> Callable[[Document], None]:
    """A person's change: the status too, as the controllers that he stands for would."""

    def change(document: Document) -> None:
        applied = shelf.apply(document, manager="people", force=True)
        if "status" in document:
            kind, version = shelf.served.find(str(applied["apiVersion"]), str(applied["kind"]))
            metadata = applied["metadata"]
            assert isinstance(metadata, dict)
            key = ObjectKey(kind, metadata.get("namespace", ""), metadata["name"])
            status = document["status"]
            assert isinstance(status, dict)
            shelf.apply_status(key, version, status, manager="people")

    return change


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def site(self) -> Site:
        shelf = MemoryShelf(lambda: NOON_MS, Random(1))

        async def change(document: Document) -> None:
            by_hand(shelf)(document)

        async def gone(key: ObjectKey) -> None:
            shelf.delete(key)

        return Site(MemoryStore(shelf), MemoryStore(shelf), change, gone)


async def test_a_watch_that_comes_too_late_is_told() -> None:
    shelf = MemoryShelf(lambda: NOON_MS, Random(1), history_max=2)
    store = MemoryStore(shelf)
    listing = await store.list(SERVICE, "v1")
    for name in ("one", "two", "three"):
        await store.apply(service(name))
    with pytest.raises(GoneError):
        async with store.watch(SERVICE, "v1", listing.version) as watch:
            await next_change(watch)
    async with store.watch(SERVICE, "v1", str(int(listing.version) + 1)) as watch:
        assert (await next_change(watch)).type is ChangeType.ADDED


async def test_who_knows_which_processes_are_gone_is_asked() -> None:
    shelf = MemoryShelf(lambda: NOON_MS, Random(1))
    store = MemoryStore(shelf, lambda process: process == "dead")
    assert await store.is_gone("dead")
    assert not await store.is_gone("alive")
