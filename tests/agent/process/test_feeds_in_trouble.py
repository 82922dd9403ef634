"""Feeds of a store that fails: what is said of it, and until when."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from random import Random

import trio

from agent.core.events import KindRefused, ObjectsListed, StoreAnswered
from agent.objects import NODE, SERVICE, Document, Kind, ObjectKey
from agent.process.feeds import Feeds, Told
from agent.store import Change, ForbiddenError, Listing, StoreError, UnavailableError


class Moody:
    """A store of nothing, in which kinds fail as a test says."""

    def __init__(self) -> None:
        self.errors: dict[Kind, StoreError] = {}
        self.changes: tuple[Change, ...] = ()

    async def served(self) -> frozenset[tuple[Kind, str]]:
        await trio.lowlevel.checkpoint()
        return frozenset({(NODE, "v1"), (SERVICE, "v1")})

    async def list(self, kind: Kind, version: str) -> Listing:
        await trio.lowlevel.checkpoint()
        if kind in self.errors:
            raise self.errors[kind]
        return Listing((), "1")

    def watch(
        self, kind: Kind, version: str, since: str
    ) -> AbstractAsyncContextManager[AsyncIterator[Change]]:
        return self._watch()

    @asynccontextmanager
    async def _watch(self) -> AsyncIterator[AsyncIterator[Change]]:
        async def changes() -> AsyncIterator[Change]:
            for each in self.changes:
                yield each
            await trio.sleep_forever()

        yield changes()

    async def get(self, key: ObjectKey, version: str) -> Document:
        raise NotImplementedError

    async def apply(
        self,
        document: Document,
        *,
        if_version: str | None = None,
        force: bool = False,
        dry_run: bool = False,
    ) -> Document:
        raise NotImplementedError

    async def delete(
        self, key: ObjectKey, *, if_version: str | None = None, dry_run: bool = False
    ) -> None:
        raise NotImplementedError

    async def apply_status(
        self, key: ObjectKey, api_version: str, status: Document, *, dry_run: bool = False
    ) -> Document:
        raise NotImplementedError

    async def is_gone(self, process: str) -> bool:
        raise NotImplementedError


DOWN = UnavailableError("connection refused")
ANSWERS = StoreAnswered(answers=True)


class Stage:
    """Feeds that run, and what they told."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.store = Moody()
        send, self._inbox = trio.open_memory_channel[Told](1_000)
        self.feeds = Feeds(self.store, send, Random(1), lambda: 0)
        nursery.start_soon(self.feeds.run)

    async def told(self, kind: type[Told]) -> Told:
        """The next of this kind that is told."""
        while True:
            found = await self._inbox.receive()
            if isinstance(found, kind):
                return found


async def test_a_kind_that_is_wanted_no_more_is_not_waited_for_to_answer(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    stage = Stage(nursery)
    stage.store.errors = {SERVICE: DOWN, NODE: DOWN}
    stage.feeds.want([NODE, SERVICE])
    failed = await stage.told(StoreAnswered)
    assert failed != ANSWERS
    await trio.sleep(5)
    stage.feeds.want([NODE])
    stage.store.errors = {}
    assert await stage.told(StoreAnswered) == ANSWERS


async def test_that_the_last_kind_to_fail_is_wanted_no_more_ends_the_failure(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    stage = Stage(nursery)
    stage.store.errors = {SERVICE: DOWN}
    stage.feeds.want([NODE, SERVICE])
    assert await stage.told(StoreAnswered) != ANSWERS
    await trio.sleep(5)
    stage.feeds.want([NODE])
    assert await stage.told(StoreAnswered) == ANSWERS


async def test_a_store_that_refuses_a_kind_answers(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    stage = Stage(nursery)
    stage.store.errors = {SERVICE: DOWN}
    stage.feeds.want([NODE, SERVICE])
    assert await stage.told(StoreAnswered) != ANSWERS
    stage.store.errors = {SERVICE: ForbiddenError("services is forbidden")}
    assert await stage.told(KindRefused) == KindRefused(SERVICE, "services is forbidden")
    assert await stage.told(StoreAnswered) == ANSWERS
    stage.store.errors = {}
    found = await stage.told(ObjectsListed)
    while found != ObjectsListed(SERVICE, (), 0):
        found = await stage.told(ObjectsListed)
