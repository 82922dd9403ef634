"""From the store to the core: one list and one watch for each kind that the core wants.

Rule 1: what a watch brings comes after the list that it began from, and nothing is left out: after
`Gone`, a failure or the end of a watch the kind is listed again. Rule 2: a store that fails is
asked again after a pause that doubles, with jitter, and that is said once. Rule 3: a kind that is
wanted no more, or in another version, is let go at once. Rule 4: the core takes its time: a feed
waits for room in the inbox, and the store's watch with it.
"""

from collections.abc import Callable, Iterable
from random import Random
from typing import TypeAlias

import trio

from agent.core.events import (
    KindRefused,
    KindsServed,
    ObjectSeen,
    ObjectsListed,
    StoreAnswered,
)
from agent.objects import CRD, Kind, key_of
from agent.store import (
    ChangeType,
    ForbiddenError,
    GoneError,
    NotServedError,
    ObjectStore,
    StoreError,
)
from failure_detect.clock import Instant

PAUSE_S, PAUSE_MAX_S = 0.25, 30.0

Told: TypeAlias = KindsServed | KindRefused | ObjectsListed | ObjectSeen | StoreAnswered


class Feeds:
    """Keeps the watches that are wanted."""

    def __init__(
        self,
        store: ObjectStore,
        inbox: "trio.MemorySendChannel[Told]",
        dice: Random,
        clock: Callable[[], Instant],
    ) -> None:
        """Feed `inbox` with what `store` has; `dice` spread the pauses after failures."""
        self._clock = clock
        self._store = store
        self._inbox = inbox
        self._dice = dice
        self._served: dict[Kind, str] = {}
        self._wanted: dict[Kind, None] = {}
        self._running: dict[Kind, tuple[str, trio.CancelScope]] = {}
        self._nursery: trio.Nursery | None = None
        self._failing: dict[str, None] = {}

    async def run(self) -> None:
        """Feed until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._watch_served)

    def want(self, kinds: Iterable[Kind]) -> None:
        """Feed exactly these kinds from now on, those of them that are served."""
        self._wanted = dict.fromkeys(kinds)
        self._match()

    def list_afresh(self, request: int, kinds: Iterable[Kind]) -> None:
        """List these kinds once more; each comes as `ObjectsListed(request)`."""
        if self._nursery is not None:
            self._nursery.start_soon(self._list_each, request, tuple(kinds))

    # --- which kinds ----------------------------------------------------------------------

    async def _watch_served(self) -> None:
        """Ask what is served whenever a definition changes."""
        pause = _Pause(self._dice)
        while True:
            try:
                listing = await self._store.list(CRD, CRD.versions[0])
                await self._ask_served(pause)
                async with self._store.watch(CRD, CRD.versions[0], listing.version) as changes:
                    async for change in changes:
                        if change.type is not ChangeType.BOOKMARK:
                            await self._ask_served(pause)
            except GoneError:
                await trio.sleep(pause.least)
            except StoreError as error:
                await self._failed("what is served", error, pause)

    async def _ask_served(self, pause: "_Pause") -> None:
        served = await self._store.served()
        found = {
            kind: next((each for each in kind.versions if (kind, each) in served), "")
            for kind, _ in served
        }
        self._served = {kind: version for kind, version in found.items() if version}
        await self._answered("what is served", pause)
        await self._inbox.send(KindsServed(served))
        self._match()

    def _match(self) -> None:
        """Begin what is wanted and served, and end what is not, or in another version."""
        wanted = {kind: self._served[kind] for kind in self._wanted if kind in self._served}
        for kind, (version, scope) in list(self._running.items()):
            if wanted.get(kind) != version:
                del self._running[kind]
                scope.cancel()
                self._forget(str(kind))
        if self._nursery is None:
            return
        for kind, version in wanted.items():
            if kind not in self._running:
                scope = trio.CancelScope()
                self._running[kind] = version, scope
                self._nursery.start_soon(self._feed, kind, version, scope)

    # --- one kind -------------------------------------------------------------------------

    async def _feed(self, kind: Kind, version: str, scope: trio.CancelScope) -> None:
        pause = _Pause(self._dice)
        with scope:
            while True:
                try:
                    await self._follow(kind, version, pause)
                except (GoneError, NotServedError):
                    await trio.sleep(pause.least)  # What is served is being asked already.
                except ForbiddenError as error:  # It answers, and does not let us.
                    self._forget(str(kind))
                    await self._inbox.send(KindRefused(kind, str(error)))
                    await trio.sleep(pause.next())
                except StoreError as error:
                    await self._failed(str(kind), error, pause)

    async def _follow(self, kind: Kind, version: str, pause: "_Pause") -> None:
        begun_at = self._clock()
        listing = await self._store.list(kind, version)
        await self._inbox.send(ObjectsListed(kind, listing.objects, begun_at))
        await self._answered(str(kind), pause)
        async with self._store.watch(kind, version, listing.version) as changes:
            async for change in changes:
                if change.type is ChangeType.BOOKMARK:
                    continue
                is_gone = change.type is ChangeType.DELETED
                document = None if is_gone else change.document
                await self._inbox.send(ObjectSeen(key_of(kind, change.document), document))

    async def _list_each(self, request: int, kinds: tuple[Kind, ...]) -> None:
        """List until each has answered: who asks again meanwhile has asked in vain."""
        for kind in kinds:
            pause = _Pause(self._dice)
            while (version := self._served.get(kind)) is not None:
                begun_at = self._clock()
                try:
                    listing = await self._store.list(kind, version)
                except StoreError as error:
                    await self._failed(str(kind), error, pause)
                    continue
                await self._inbox.send(ObjectsListed(kind, listing.objects, begun_at, request))
                break
            else:
                await self._inbox.send(ObjectsListed(kind, (), self._clock(), request))

    # --- failures -------------------------------------------------------------------------

    async def _failed(self, what: str, error: StoreError, pause: "_Pause") -> None:
        is_first, self._failing[what] = not self._failing, None
        if is_first:
            await self._inbox.send(StoreAnswered(answers=False, why=f"{what}: {error}"))
        await trio.sleep(pause.next())

    async def _answered(self, what: str, pause: "_Pause") -> None:
        pause.reset()
        if self._is_last_to_fail(what):
            await self._inbox.send(StoreAnswered(answers=True))

    def _forget(self, what: str) -> None:
        """Expect nothing more of what failed: nobody asks any more, or it was refused."""
        if self._is_last_to_fail(what) and self._nursery is not None:
            self._nursery.start_soon(self._inbox.send, StoreAnswered(answers=True))

    def _is_last_to_fail(self, what: str) -> bool:
        was_failing = self._failing.pop(what, what) is None
        return was_failing and not self._failing


class _Pause:
    """How long to wait after a failure: twice as long each time, and never the same."""

    least = PAUSE_S

    def __init__(self, dice: Random) -> None:
        self._dice: Callable[[], float] = dice.random
        self._seconds = PAUSE_S

    def next(self) -> float:
        seconds, self._seconds = self._seconds, min(2 * self._seconds, PAUSE_MAX_S)
        return seconds * (0.75 + self._dice() / 2)

    def reset(self) -> None:
        self._seconds = PAUSE_S
