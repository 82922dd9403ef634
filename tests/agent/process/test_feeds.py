"""What the core wants of a store is listed, watched and told in order; nothing else is."""

from random import Random

import trio
import trio.testing

from agent.core.events import KindsServed, ObjectSeen, ObjectsListed
from agent.demo.objects import definition
from agent.objects import (
    CRD,
    NODE,
    SERVICE,
    SERVICE_EXPORT,
    Document,
    Kind,
    ObjectKey,
    resource_version,
    text_at,
)
from agent.process.feeds import Feeds, Told
from agent.stores.memory import MemoryShelf, MemoryStore

WEB = ObjectKey(SERVICE, "shop", "web")


def service(name: str = "web", port: int = 80) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"ports": [{"name": "http", "port": port}]},
    }


class Stage:
    """Feeds over a store in memory that run, and what they told."""

    def __init__(self, nursery: trio.Nursery, room: int = 100, history: int = 1_000) -> None:
        self.shelf = MemoryShelf(lambda: 1_800_000_000_000, Random(1), history_max=history)
        self.now = 7
        send, self.inbox = trio.open_memory_channel[Told](room)
        self.feeds = Feeds(MemoryStore(self.shelf), send, Random(1), lambda: self.now)
        nursery.start_soon(self.feeds.run)

    async def told(self) -> list[Told]:
        """All that was told, once nothing more comes by itself."""
        found: list[Told] = []
        await trio.testing.wait_all_tasks_blocked()
        while self.inbox.statistics().current_buffer_used:
            found.append(self.inbox.receive_nowait())
            await trio.testing.wait_all_tasks_blocked()
        return found

    async def wanting(self, *kinds: Kind) -> list[Told]:
        self.feeds.want(kinds)
        return await self.told()


def names(told: Told) -> list[str]:
    assert isinstance(told, ObjectsListed)
    return [text_at(each, "metadata", "name") for each in told.documents]


async def test_what_is_served_is_told_first_and_nothing_is_watched_unasked(
    nursery: trio.Nursery,
) -> None:
    stage = Stage(nursery)
    stage.shelf.apply(service())
    assert await stage.told() == [KindsServed(stage.shelf.served.known())]


async def test_a_kind_is_listed_and_then_every_change_comes_in_order(
    nursery: trio.Nursery,
) -> None:
    stage = Stage(nursery)
    stage.shelf.apply(service())
    await stage.told()
    [listed] = await stage.wanting(SERVICE)
    assert listed == ObjectsListed(SERVICE, (stage.shelf.get(WEB, "v1"),), 7)
    changed = stage.shelf.apply(service(port=81))
    stage.shelf.apply(service("db"))
    stage.shelf.delete(WEB)
    seen = await stage.told()
    assert [type(each) for each in seen] == [ObjectSeen] * 3
    assert seen[0] == ObjectSeen(WEB, changed)
    assert isinstance(seen[1], ObjectSeen)
    assert seen[1].key.name == "db"
    assert seen[2] == ObjectSeen(WEB, None)


async def test_what_is_wanted_no_more_is_told_no_more(nursery: trio.Nursery) -> None:
    stage = Stage(nursery)
    await stage.told()
    await stage.wanting(SERVICE, NODE)
    assert await stage.wanting(NODE) == []
    stage.shelf.apply(service())
    assert await stage.told() == []
    [listed] = await stage.wanting(NODE, SERVICE)
    assert names(listed) == ["web"]


async def test_a_kind_that_comes_to_be_served_is_fed_and_in_a_better_version_anew(
    nursery: trio.Nursery,
) -> None:
    stage = Stage(nursery)
    await stage.told()
    assert await stage.wanting(SERVICE_EXPORT) == []
    old = dict(definition(SERVICE_EXPORT))
    both = old["spec"]
    assert isinstance(both, dict)
    versions = [each for each in both["versions"] if each["name"] == "v1alpha1"]
    old["spec"] = {**both, "versions": [{**versions[0], "storage": True}]}
    stage.shelf.apply(old, manager="kubectl")
    served, listed = await stage.told()
    assert isinstance(served, KindsServed)
    assert (SERVICE_EXPORT, "v1alpha1") in served.served
    assert listed == ObjectsListed(SERVICE_EXPORT, (), 7)
    stage.shelf.apply(definition(SERVICE_EXPORT), manager="kubectl", force=True)
    served, listed = await stage.told()
    assert isinstance(served, KindsServed)
    assert (SERVICE_EXPORT, "v1beta1") in served.served
    assert listed == ObjectsListed(SERVICE_EXPORT, (), 7)


async def test_a_fresh_list_bears_the_number_that_it_was_asked_by(nursery: trio.Nursery) -> None:
    stage = Stage(nursery)
    stage.shelf.apply(service())
    await stage.told()
    await stage.wanting(SERVICE)
    stage.now = 9
    stage.feeds.list_afresh(3, [SERVICE, SERVICE_EXPORT])
    listed, nothing = await stage.told()
    assert names(listed) == ["web"]
    assert isinstance(listed, ObjectsListed)
    assert (listed.request, listed.begun_at) == (3, 9)
    assert nothing == ObjectsListed(SERVICE_EXPORT, (), 9, 3), "what is not served has nothing"


async def test_a_core_that_takes_its_time_misses_nothing(nursery: trio.Nursery) -> None:
    stage = Stage(nursery, room=1)
    await stage.told()
    await stage.wanting(SERVICE)
    for number in range(20):
        stage.shelf.apply(service(port=100 + number))
    seen = await stage.told()
    last = seen[-1]
    assert isinstance(last, ObjectSeen)
    assert last.document is not None
    held = stage.shelf.get(WEB, "v1")
    assert resource_version(last.document) == resource_version(held)


async def test_what_a_watch_is_too_late_for_is_listed_again(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    stage = Stage(nursery, room=1, history=4)
    await stage.told()
    await stage.wanting(SERVICE)
    for number in range(20):
        stage.shelf.apply(service(f"s{number}"))
    found: list[Told] = []
    with trio.move_on_after(5):
        while True:
            found.append(await stage.inbox.receive())
    lists = [each for each in found if isinstance(each, ObjectsListed)]
    assert len(names(lists[-1])) == 20


async def test_definitions_are_watched_like_any_kind_where_they_are_wanted(
    nursery: trio.Nursery,
) -> None:
    stage = Stage(nursery)
    stage.shelf.apply(definition(SERVICE_EXPORT), manager="kubectl")
    await stage.told()
    [listed] = await stage.wanting(CRD)
    assert names(listed) == ["serviceexports.multicluster.x-k8s.io"]
