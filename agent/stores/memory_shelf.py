"""The store of simulations and tests: an API server that is a value in memory.

`MemoryShelf` is the whole of it, synchronous and repeatable: its clock and its dice are handed in,
and several may share one wall clock. `MemoryStore` (`agent.stores.memory`) makes it an
`ObjectStore`; several of them on one shelf are several clients of one API server.
"""

from collections.abc import Callable
from random import Random
from uuid import UUID

from agent.objects import MANAGER, Document, ObjectKey
from agent.stores.planning import Birth, Plan, plan_apply, plan_delete, plan_status
from agent.stores.shelf import HISTORY_MAX, Shelf, shown_version
from discovery.wall_time import shown_time


class MemoryShelf(Shelf):
    """A shelf that does at once what it is asked, or raises the `StoreError` that says why not."""

    def __init__(
        self, wall_clock_ms: Callable[[], int], rng: Random, *, history_max: int = HISTORY_MAX
    ) -> None:
        """Hold nothing. `wall_clock_ms` gives milliseconds since 1970, for creationTimestamp."""
        super().__init__(history_max=history_max)
        self._wall_clock_ms = wall_clock_ms
        self._rng = rng

    def apply(
        self,
        document: Document,
        *,
        manager: str = MANAGER,
        if_version: str | None = None,
        force: bool = False,
        dry_run: bool = False,
    ) -> Document:
        """Do what `ObjectStore.apply` says, as any field manager."""
        plan = plan_apply(
            self, document, self._born, manager=manager, if_version=if_version, force=force
        )
        return self._done(plan, dry_run=dry_run)

    def apply_status(
        self,
        key: ObjectKey,
        version: str,
        status: Document,
        *,
        manager: str = MANAGER,
        dry_run: bool = False,
    ) -> Document:
        """Do what `ObjectStore.apply_status` says, as any field manager."""
        plan = plan_status(self, key, version, status, manager=manager)
        return self._done(plan, dry_run=dry_run)

    def delete(
        self, key: ObjectKey, *, if_version: str | None = None, dry_run: bool = False
    ) -> None:
        """Do what `ObjectStore.delete` says."""
        now = shown_time(self._wall_clock_ms())
        self._done(plan_delete(self, key, now, if_version=if_version), dry_run=dry_run)

    def _done(self, plan: Plan, *, dry_run: bool) -> Document:
        steps = self.numbered(plan.steps)
        if not dry_run:
            self.take(steps)
        last = steps[-1].held if steps and steps[-1].key == plan.key else None
        return plan.document if last is None or dry_run else last.document

    def _born(self) -> Birth:
        uid = UUID(int=self._rng.getrandbits(128), version=4)
        return Birth(str(uid), shown_time(self._wall_clock_ms()))

    @property
    def now_version(self) -> str:
        """The version of the last change, to watch from."""
        return shown_version(self.version)
