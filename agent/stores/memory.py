"""The memory of a simulation as an `ObjectStore`, under trio."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import trio

from agent.objects import Document, Kind, ObjectKey
from agent.store import Change, Listing
from agent.stores.memory_shelf import MemoryShelf
from agent.stores.shelf import Version
from agent.stores.watching import watching

__all__ = ["MemoryShelf", "MemoryStore"]


class MemoryStore:
    """One client of a shelf. An `ObjectStore`; each method is done when it returns."""

    def __init__(self, shelf: MemoryShelf, is_gone: Callable[[str], bool] | None = None) -> None:
        """Serve what is on the shelf. `is_gone` answers for processes; without it nobody knows."""
        self.shelf = shelf
        self._is_gone = is_gone
        self._news = trio.Event()
        shelf.listen(self._tell)

    async def served(self) -> frozenset[tuple[Kind, str]]:
        """See `ObjectStore`."""
        await trio.lowlevel.checkpoint()
        return self.shelf.served.known()

    async def list(self, kind: Kind, version: str) -> Listing:
        """See `ObjectStore`."""
        await trio.lowlevel.checkpoint()
        return self.shelf.listing(kind, version)

    def watch(
        self, kind: Kind, version: str, since: str
    ) -> AbstractAsyncContextManager[AsyncIterator[Change]]:
        """See `ObjectStore`."""
        return watching(self, kind, version, since)

    async def get(self, key: ObjectKey, version: str) -> Document:
        """See `ObjectStore`."""
        await trio.lowlevel.checkpoint()
        return self.shelf.get(key, version)

    async def apply(
        self,
        document: Document,
        *,
        if_version: str | None = None,
        force: bool = False,
        dry_run: bool = False,
    ) -> Document:
        """See `ObjectStore`."""
        await trio.lowlevel.checkpoint()
        return self.shelf.apply(document, if_version=if_version, force=force, dry_run=dry_run)

    async def delete(
        self, key: ObjectKey, *, if_version: str | None = None, dry_run: bool = False
    ) -> None:
        """See `ObjectStore`."""
        await trio.lowlevel.checkpoint()
        self.shelf.delete(key, if_version=if_version, dry_run=dry_run)

    async def apply_status(
        self, key: ObjectKey, api_version: str, status: Document, *, dry_run: bool = False
    ) -> Document:
        """See `ObjectStore`."""
        await trio.lowlevel.checkpoint()
        version = api_version.rpartition("/")[2]
        return self.shelf.apply_status(key, version, status, dry_run=dry_run)

    async def is_gone(self, process: str) -> bool:
        """See `ObjectStore`."""
        await trio.lowlevel.checkpoint()
        return self._is_gone is not None and self._is_gone(process)

    # --- what a watch asks ---------------------------------------------------------------

    @property
    def news(self) -> trio.Event:
        """Set when anything changes; another one is there then."""
        return self._news

    async def changes(
        self, kind: Kind, version: str, since: Version
    ) -> tuple[Sequence[Change], Version]:
        """Return what became of a kind since a version, and the version that it is now."""
        return self.shelf.changes(kind, version, since), self.shelf.version

    async def require(self, kind: Kind, version: str) -> None:
        """Raise `NotServedError` where a kind is not served in this version."""
        await trio.lowlevel.checkpoint()
        self.shelf.served.require(kind, version)

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()
