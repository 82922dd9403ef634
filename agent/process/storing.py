"""The core's writes, done by the store: each in a task of its own, each answered once."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, assert_never

import trio

from agent.core.events import HolderEnded, LeaseWriteFinished
from agent.drivers.plan import Step
from agent.drivers.writer_events import WriteError, WriteFinished
from agent.objects import (
    EVENT,
    MANAGED_BY,
    MANAGER,
    Document,
    ObjectKey,
    integer_at,
    text_at,
)
from agent.store import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    NotServedError,
    ObjectStore,
    StoreError,
)
from agent.writes import Apply, ApplyStatus, Delete, Record, Word
from discovery.wall_time import shown_time

Outcome: TypeAlias = WriteFinished | LeaseWriteFinished | HolderEnded
Tell: TypeAlias = Callable[[Outcome], Awaitable[None]]

Wrote: TypeAlias = Callable[[Step, WriteError | None], None]

Failed: TypeAlias = Callable[[str, str], None]

WITHIN_S = 30.0
"""How long the store may take for one write before it counts as not answering."""

SLOW = f"no answer within {WITHIN_S:.0f} s"

LEASE_IS_OVER = "the lease was over before the store was asked"

EVENTS_KEPT = 256
"""Events of this process whose counts go on; an older one begins anew."""


class Storing:
    """Writes for the core."""

    def __init__(
        self,
        store: ObjectStore,
        node: str,
        wall_ms: Callable[[], int],
        wrote: Wrote,
        failed: Failed,
        may_write: Callable[[], bool],
    ) -> None:
        """Write to `store`; `node` is where Events say they come from.

        `wrote` hears of steps, `failed` of whatever else could not be written. `may_write` tells
        whether the lease is ours at that moment: a process may have been paused between what was
        decided and what is done.
        """
        self._may_write = may_write
        self._wrote = wrote
        self._failed = failed
        self._store = store
        self._node = node
        self._wall_ms = wall_ms
        self._events: dict[tuple[ObjectKey, str, str], Document] = {}
        self.counts: dict[str, int] = {}
        """What was done since the start, by name."""

    # --- writes of the driver -----------------------------------------------------------------

    async def write(self, number: int, step: Step, tell: Tell) -> None:
        """Do a step, and tell what became of it."""
        error, words, document = await self._tried(step)
        self._count(type(step).__name__.lower() if error is None else f"failed-{error}")
        self._wrote(step, error)
        await tell(WriteFinished(number=number, error=error, words=words, document=document))

    async def _tried(self, step: Step) -> tuple[WriteError | None, str, Document | None]:
        if not self._may_write():
            await trio.lowlevel.checkpoint()
            return WriteError.UNAVAILABLE, LEASE_IS_OVER, None
        try:
            with trio.fail_after(WITHIN_S):
                return None, "", await self._do(step)
        except trio.TooSlowError:
            return WriteError.UNAVAILABLE, SLOW, None
        except NotFoundError as error:
            if isinstance(step, Delete):
                return None, "", None  # It is gone, and that was wanted.
            return WriteError.CONFLICT, str(error), None
        except StoreError as error:
            return error_of(error), str(error), None

    async def _do(self, step: Step) -> Document | None:
        match step:
            case Apply(_, document, _, if_version):
                # Whose version was looked at is ours: what a controller took of it is taken back.
                is_known = if_version is not None
                return await self._store.apply(document, if_version=if_version, force=is_known)
            case Delete(key, _, if_version):
                await self._store.delete(key, if_version=if_version)
                return None
            case ApplyStatus(key, api_version, status):
                return await self._store.apply_status(key, api_version, status)
            case _:
                assert_never(step)

    # --- the lease ----------------------------------------------------------------------------

    async def write_lease(self, number: int, write: Apply, tell: Tell) -> None:
        """Do a conditional update of the Lease, and tell what became of it."""
        document: Document | None = None
        try:
            with trio.fail_after(WITHIN_S):
                document = await self._store.apply(
                    write.document, if_version=write.if_version, force=True
                )
        except (StoreError, trio.TooSlowError) as error:
            self._count("failed-lease")
            self._failed(str(write.key), str(error) or SLOW)
        await tell(LeaseWriteFinished(number, document))

    async def ask_holder(self, holder: str, tell: Tell) -> None:
        """Tell it if a process that holds the Lease is known to have ended."""
        try:
            is_gone = await self._store.is_gone(holder)
        except StoreError:
            return
        if is_gone:
            await tell(HolderEnded(holder))

    # --- what people read ---------------------------------------------------------------------

    async def tell_people(self, word: Word) -> None:
        """Write an Event or a status; what fails is counted, and no more."""
        if not self._may_write():
            await trio.lowlevel.checkpoint()
            self._count("failed-lease-over")
        elif isinstance(word, Record):
            await self._say(word)
        else:
            await self._state(word)

    async def _say(self, record: Record) -> None:
        """Write an Event; one like an earlier one counts up. What fails is counted, and no more."""
        mark = record.about, record.reason, record.note
        document = self._event(record, self._events.pop(mark, None))
        self._events[mark] = document
        if len(self._events) > EVENTS_KEPT:
            del self._events[next(iter(self._events))]
        try:
            with trio.fail_after(WITHIN_S):
                await self._store.apply(document, force=True)
            self._count("event")
        except (StoreError, trio.TooSlowError) as error:
            self._count("failed-event")
            self._failed(f"Event about {record.about}", str(error) or SLOW)

    async def _state(self, status: ApplyStatus) -> None:
        """Write a status; what fails is counted, and written again with its next change."""
        try:
            with trio.fail_after(WITHIN_S):
                await self._store.apply_status(status.key, status.api_version, status.status)
            self._count("status")
        except (StoreError, trio.TooSlowError) as error:
            self._count("failed-status")
            self._failed(f"status of {status.key}", str(error) or SLOW)

    def _event(self, record: Record, before: Document | None) -> Document:
        now = shown_time(self._wall_ms())
        about = record.about
        namespace = about.namespace or "default"
        name = text_at(before, "metadata", "name") or f"{about.name}.{self._wall_ms():x}"
        return {
            "apiVersion": EVENT.api_version(EVENT.versions[0]),
            "kind": EVENT.name,
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": {MANAGED_BY: MANAGER},
            },
            "involvedObject": {
                "apiVersion": about.kind.api_version(about.kind.versions[0]),
                "kind": about.kind.name,
                "name": about.name,
                "namespace": about.namespace,
                "uid": record.uid,
            },
            "reason": record.reason,
            "message": record.note,
            "type": "Warning" if record.is_warning else "Normal",
            "source": {"component": MANAGER, "host": self._node},
            "count": (integer_at(before, "count") or 0) + 1,
            "firstTimestamp": text_at(before, "firstTimestamp") or now,
            "lastTimestamp": now,
        }

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


def error_of(error: StoreError) -> WriteError:
    """Return what a refusal of the store means to the writer."""
    if isinstance(error, ConflictError | NotFoundError):
        return WriteError.CONFLICT
    if isinstance(error, InvalidError | NotServedError):
        return WriteError.INVALID
    return WriteError.FORBIDDEN if isinstance(error, ForbiddenError) else WriteError.UNAVAILABLE
