"""A watch waits, brings, and ends when there is nothing more to be watched."""

from random import Random

import pytest
import trio

from agent.objects import CRD, SERVICE, SERVICE_EXPORT, ObjectKey, at
from agent.store import ChangeType, GoneError, NotServedError
from agent.stores.memory import MemoryShelf, MemoryStore
from agent.stores.watching import watching
from tests.agent.stores.folders import NOON_MS
from tests.agent.stores.site import definition, export, service


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(MemoryShelf(lambda: NOON_MS, Random(1)))


async def test_who_waits_is_woken_by_a_change_of_his_kind(
    store: MemoryStore, autojump_clock: trio.testing.MockClock
) -> None:
    found: list[object] = []

    async def watch() -> None:
        async with watching(store, SERVICE, "v1", "0") as changes:
            async for change in changes:
                name = at(change.document, "metadata", "name")
                found.append(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        await trio.sleep(1)
        await store.apply(definition("v1"))
        await trio.sleep(1)
        assert found == []
        await store.apply(service("one"))
        await store.apply(service("two"))
        await trio.sleep(1)
        assert found == ["one", "two"]
        nursery.cancel_scope.cancel()


async def test_a_watch_over_a_kind_that_is_served_no_more_brings_its_last_and_ends(
    store: MemoryStore,
) -> None:
    await store.apply(definition("v1alpha1"))
    listing = await store.list(SERVICE_EXPORT, "v1alpha1")
    async with watching(store, SERVICE_EXPORT, "v1alpha1", listing.version) as changes:
        await store.apply(export())
        await store.delete(ObjectKey(CRD, "", "serviceexports.multicluster.x-k8s.io"))
        found = [(await anext(changes)).type for _ in range(2)]
        assert found == [ChangeType.ADDED, ChangeType.DELETED]
        with pytest.raises(NotServedError):
            await anext(changes)


async def test_a_watch_from_a_version_of_somebody_else_is_gone(store: MemoryStore) -> None:
    with pytest.raises(GoneError):
        async with watching(store, SERVICE, "v1", "99") as changes:
            await anext(changes)
    with pytest.raises(GoneError):
        async with watching(store, SERVICE, "v1", "x") as changes:
            await anext(changes)
