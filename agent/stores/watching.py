"""A watch under trio: waits for what is new, and brings each change once."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import trio

from agent.objects import Kind
from agent.store import Change, GoneError
from agent.stores.shelf import Version, read_version


class Watched(Protocol):
    """What a watch asks of a store."""

    @property
    def news(self) -> trio.Event:
        """Set when anything changes; another one is there then."""
        ...

    async def changes(
        self, kind: Kind, version: str, since: Version
    ) -> tuple[Sequence[Change], Version]:
        """Return what became of a kind since a version, and the version that it is now."""
        ...

    async def require(self, kind: Kind, version: str) -> None:
        """Raise `NotServedError` where a kind is not served in this version."""
        ...


class _Watch:
    """The changes of one kind, one after the other."""

    def __init__(self, store: Watched, kind: Kind, version: str, since: Version) -> None:
        self._store, self._kind, self._version = store, kind, version
        self._since = since
        self._waiting: deque[Change] = deque()

    def __aiter__(self) -> AsyncIterator[Change]:
        return self

    async def __anext__(self) -> Change:
        await trio.lowlevel.checkpoint()
        while not self._waiting:
            news = self._store.news
            found, self._since = await self._store.changes(self._kind, self._version, self._since)
            self._waiting.extend(found)
            if not self._waiting:
                # A kind whose definition has gone is served no more, once its last is delivered.
                await self._store.require(self._kind, self._version)
                await news.wait()
        return self._waiting.popleft()


@asynccontextmanager
async def watching(
    store: Watched, kind: Kind, version: str, since: str
) -> AsyncIterator[AsyncIterator[Change]]:
    """Open a watch, as `ObjectStore.watch` says."""
    await store.require(kind, version)
    begin = read_version(since)
    if begin is None:
        raise GoneError(f"{since!r} is no version of this store: list again")
    yield _Watch(store, kind, version, begin)
