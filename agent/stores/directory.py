"""A directory of ordinary Kubernetes YAML as an `ObjectStore`, shared by processes of one machine.

`opened` follows the directory while it is open: what others write is known within milliseconds.
All that touches the disk runs in a thread of its own, one thing at a time, so a slow disk delays
its store and nothing else.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import trio

from agent.objects import Document, Kind, ObjectKey
from agent.store import Change, Listing, StoreError
from agent.stores.faults import Fault
from agent.stores.folder import Folder, Surroundings
from agent.stores.folder_writer import FolderWriter
from agent.stores.notices import Notices
from agent.stores.shelf import Version
from agent.stores.watching import watching

SETTLE_S = 2.0
"""How long opening waits for what was deleted while nobody looked."""

_T = TypeVar("_T")


class DirectoryStore:
    """One process's client of the directory. An `ObjectStore`; `opened` makes it."""

    def __init__(self, folder: Folder, notices: Notices | None) -> None:
        """Serve a folder; somebody has to `follow` it."""
        self._folder, self._notices = folder, notices
        self._writer = FolderWriter(folder)
        self._one_at_a_time = trio.CapacityLimiter(1)
        self._news = trio.Event()
        self._version: Version | None = None
        self._faults: tuple[Fault, ...] = ()
        self._fault_news = trio.Event()
        self._identity = ""

    @property
    def identity(self) -> str:
        """A UUID that the directory got from whoever used it first: the same for all."""
        return self._identity

    def faults(self) -> tuple[Fault, ...]:
        """Return what is wrong in the directory, by file and line; mended, it is gone."""
        return self._faults

    @property
    def fault_news(self) -> trio.Event:
        """Set when other things are wrong; another one is there then."""
        return self._fault_news

    # --- an object store -----------------------------------------------------------------

    async def served(self) -> frozenset[tuple[Kind, str]]:
        """See `ObjectStore`."""
        return (await self._fresh(lambda: self._folder.shelf.served)).known()

    async def list(self, kind: Kind, version: str) -> Listing:
        """See `ObjectStore`."""
        return await self._fresh(lambda: self._folder.shelf.listing(kind, version))

    def watch(
        self, kind: Kind, version: str, since: str
    ) -> AbstractAsyncContextManager[AsyncIterator[Change]]:
        """See `ObjectStore`."""
        return watching(self, kind, version, since)

    async def get(self, key: ObjectKey, version: str) -> Document:
        """See `ObjectStore`."""
        return await self._fresh(lambda: self._folder.shelf.get(key, version))

    async def apply(
        self,
        document: Document,
        *,
        if_version: str | None = None,
        force: bool = False,
        dry_run: bool = False,
    ) -> Document:
        """See `ObjectStore`."""
        return await self._do(
            lambda now: self._writer.apply(
                document, now, if_version=if_version, force=force, dry_run=dry_run
            )
        )

    async def delete(
        self, key: ObjectKey, *, if_version: str | None = None, dry_run: bool = False
    ) -> None:
        """See `ObjectStore`; an object in a person's file is his to delete (`ForbiddenError`)."""
        await self._do(
            lambda now: self._writer.delete(key, now, if_version=if_version, dry_run=dry_run)
        )

    async def apply_status(
        self, key: ObjectKey, api_version: str, status: Document, *, dry_run: bool = False
    ) -> Document:
        """See `ObjectStore`."""
        version = api_version.rpartition("/")[2]
        return await self._do(
            lambda now: self._writer.apply_status(key, version, status, now, dry_run=dry_run)
        )

    async def is_gone(self, process: str) -> bool:
        """See `ObjectStore`; a process that was never registered is not known to be gone."""
        return await self._do(lambda _: self._folder.processes.is_gone(process))

    async def register(self, process: str) -> None:
        """Let others know by a lock that this process lives, until it ends.

        `ConflictError` where another one of this name does, another `StoreError` where nothing
        can be written now.
        """
        await self._do(lambda _: self._folder.register(process))

    # --- what a watch asks ---------------------------------------------------------------

    @property
    def news(self) -> trio.Event:
        """Set when anything changes; another one is there then."""
        return self._news

    async def changes(
        self, kind: Kind, version: str, since: Version
    ) -> tuple[Sequence[Change], Version]:
        """Return what became of a kind since a version, and the version that it is now."""
        shelf = self._folder.shelf
        return await self._do(lambda _: (shelf.changes(kind, version, since), shelf.version))

    async def require(self, kind: Kind, version: str) -> None:
        """Raise `NotServedError` where a kind is not served in this version."""
        await trio.lowlevel.checkpoint()
        self._folder.shelf.served.require(kind, version)

    # --- following -----------------------------------------------------------------------

    async def catch_up(self) -> None:
        """Take what is new in the directory, now."""
        await self._do(self._folder.catch_up)

    async def settle(self) -> None:
        """Take what is new, and wait until what is gone is believed to be gone."""
        with trio.move_on_after(SETTLE_S):
            while not await self._do(self._settled):
                await self._wait()

    async def follow(self) -> None:
        """Take what is new as soon as it is there, for ever."""
        while True:
            await self.catch_up()
            await self._wait()

    def close(self) -> None:
        """Watch the directory no more. Locks of registered processes are held on."""
        self._folder.close()
        if self._notices is not None:
            self._notices.close()

    async def _wait(self) -> None:
        """Return when there may be something new."""
        with trio.move_on_at(self._folder.deadline(_now_us()) / 1_000_000):
            if self._notices is None:
                await trio.sleep_forever()
            else:
                await trio.lowlevel.wait_readable(self._notices.descriptor)

    def _settled(self, now_us: int) -> bool:
        self._folder.catch_up(now_us)
        return self._folder.is_settled(now_us)

    async def _fresh(self, question: Callable[[], _T]) -> _T:
        """Answer a question by the directory as it is now; `UnavailableError` if never seen."""

        def answer(now_us: int) -> _T:
            self._folder.catch_up(now_us)
            self._folder.require_seen()
            return question()

        return await self._do(answer)

    async def _do(self, work: Callable[[int], _T]) -> _T:
        """Do something in a thread; who waits for news is told, whatever came of it.

        A disk that does not answer holds nobody: who is cancelled goes, and the next one waits.
        """
        now_us = _now_us()
        try:
            found = await trio.to_thread.run_sync(
                work, now_us, limiter=self._one_at_a_time, abandon_on_cancel=True
            )
        except (StoreError, OSError):
            self._tell()
            raise
        self._tell()
        return found

    def _tell(self) -> None:
        if self._folder.faults() != self._faults:
            self._faults = self._folder.faults()
            self._fault_news.set()
            self._fault_news = trio.Event()
        self._identity = self._folder.ledger.identity
        if self._folder.shelf.version != self._version:
            self._version = self._folder.shelf.version
            self._news.set()
            self._news = trio.Event()


@asynccontextmanager
async def opened(root: Path, surroundings: Surroundings) -> AsyncIterator[DirectoryStore]:
    """Open a directory as a store, with what is in it now, and follow it until the end."""
    notices = _notices()
    store = DirectoryStore(Folder(root, surroundings, notices), notices)
    try:
        await store.settle()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.follow)
            yield store
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        # What the block raised is its own, and nothing else was going on.
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from None
        raise
    finally:
        store.close()


def _notices() -> Notices | None:
    try:
        return Notices()
    except OSError:
        # No more instances for this user: everything is looked at twice a second instead.
        return None


def _now_us() -> int:
    return int(trio.current_time() * 1_000_000)
