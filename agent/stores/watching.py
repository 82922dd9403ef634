"""A watch over a shelf, under trio: waits for what is new, and brings each change once."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from agent.objects import Kind
from agent.store import Change, GoneError
from agent.stores.shelf import Shelf, Version, read_version


class _Watch:
    """The changes of one kind, one after the other."""

    def __init__(self, shelf: Shelf, kind: Kind, version: str, since: Version) -> None:
        self._shelf, self._kind, self._version = shelf, kind, version
        self._since = since
        self._waiting: deque[Change] = deque()
        self._news = trio.Event()

    def wake(self) -> None:
        self._news.set()

    def __aiter__(self) -> AsyncIterator[Change]:
        return self

    async def __anext__(self) -> Change:
        await trio.lowlevel.checkpoint()
        while not self._waiting:
            self._news = trio.Event()
            self._waiting.extend(self._shelf.changes(self._kind, self._version, self._since))
            self._since = self._shelf.version
            if not self._waiting:
                # A kind whose definition has gone is served no more, once its last is delivered.
                self._shelf.served.require(self._kind, self._version)
                await self._news.wait()
        return self._waiting.popleft()


@asynccontextmanager
async def watching(
    shelf: Shelf, kind: Kind, version: str, since: str
) -> AsyncIterator[AsyncIterator[Change]]:
    """Open a watch, as `ObjectStore.watch` says."""
    await trio.lowlevel.checkpoint()
    shelf.served.require(kind, version)
    begin = read_version(since)
    if begin is None:
        raise GoneError(f"{since!r} is no version of this store: list again")
    watch = _Watch(shelf, kind, version, begin)
    deafen = shelf.listen(watch.wake)
    try:
        yield watch
    finally:
        deafen()
