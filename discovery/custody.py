"""What the importer's guard makes of sets and overlays, shown in the view.

Nothing is decided here: each change of an origin's endpoints goes to the guard, and what it holds,
or holds no more, to the view, with the reason for which it was begun to be held.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from discovery.catalog import Held
from discovery.events import SetAdopted
from discovery.guard_rules import GuardConfig
from discovery.guards import (
    Effect,
    HoldsRestored,
    HoldStarted,
    ImporterGuard,
    OriginForgotten,
    OverlaysChanged,
    SetChanged,
)
from discovery.manifest import Manifest
from discovery.names import Origin
from discovery.recordset import Change
from discovery.state import KeptHold
from discovery.view import View
from discovery.withdrawals import endpoint_changes, endpoints_on, first_endpoints
from failure_detect.clock import MILLISECOND, Duration, Instant
from failure_detect.identity import NodeName

AgedHold: TypeAlias = tuple[Duration, KeptHold]
"""What was held, and for how long by now (us)."""


class Custody:
    """Joins the guard and the view."""

    def __init__(self, config: GuardConfig, view: View) -> None:
        """Hold nothing yet."""
        self.guard = ImporterGuard(config)
        self._view = view
        self._ready: dict[Origin, int] = {}
        """How many ready endpoints each other origin has."""
        self._why: dict[Origin, str] = {}
        self._leaving: dict[Origin, None] = {}
        """Whose set is not for us any more, and of whom something may still be held."""

    @property
    def deadline(self) -> Instant:
        """When the next hold ends."""
        return self.guard.deadline

    def adopted(
        self, adopted: SetAdopted, now: Instant, kept: tuple[AgedHold, ...] = ()
    ) -> list[Effect]:
        """Take in another cluster's set; the view has it already.

        `kept` is what was held of it in an earlier run, the longest first.
        """
        origin = adopted.manifest.origin
        self._leaving.pop(origin, None)
        changes = adopted.after.changes_since(adopted.before)
        effects = self._changed(adopted.manifest, changes, now)
        return [*effects, *self._restored(origin, kept, now)]

    def excluded(
        self,
        manifest: Manifest,
        changes: Sequence[Change],
        now: Instant,
        kept: tuple[AgedHold, ...] = (),
    ) -> list[Effect]:
        """Take in that all records of a cluster are gone, since its manifest is not for us.

        The view knows it already; `kept` as where a set was adopted.
        """
        origin = manifest.origin
        self._leaving[origin] = None
        why = f"the set of {origin} is not for us any more"
        effects = self._changed(manifest, changes, now, why) if changes else []
        return [*effects, *self._restored(origin, kept, now, why)]

    def take_gone(self) -> list[Origin]:
        """Return, once, of whom nothing is held here: they were excluded, and no hold is left."""
        gone = [origin for origin in self._leaving if not self.guard.held(origin)]
        for origin in gone:
            del self._leaving[origin]
        return gone

    def _changed(
        self, manifest: Manifest, changes: Sequence[Change], now: Instant, why: str = ""
    ) -> list[Effect]:
        origin = manifest.origin
        found = endpoint_changes(changes) if origin in self._ready else first_endpoints(changes)
        total = self._ready.get(origin, 0)
        self._ready[origin] = total + found.growth
        changed = SetChanged(
            origin, found.removed, total, manifest.body.intents, manifest.order, found.added
        )
        return self._shown(self.guard.handle(changed, now), why)

    def _restored(
        self, origin: Origin, kept: tuple[AgedHold, ...], now: Instant, why: str = ""
    ) -> list[Effect]:
        for _, hold in kept:
            self._view.recall(origin, hold.service, hold.head, hold.ports)
        held = tuple((now - ago, {hold.service: hold.endpoints}) for ago, hold in kept)
        return self._shown(self.guard.handle(HoldsRestored(origin, held), now), why)

    def kept(self, origin: Origin, now: Instant) -> tuple[KeptHold, ...]:
        """Return what is held of an origin that its set has no more, to be kept over a restart.

        What overlays take is not: who starts hears them anew.
        """
        found: list[KeptHold] = []
        for held_at, services in self.guard.withdrawn(origin):
            for service, endpoints in services.items():
                head, ports = self._view.last_known(origin, service)
                if head is not None:
                    held_ms = (now - held_at) // MILLISECOND
                    found.append(KeptHold(service, held_ms, head, ports, endpoints))
        return tuple(found)

    def nodes_down(
        self, origin: Origin, held: Held | None, nodes: Iterable[NodeName], now: Instant
    ) -> list[Effect]:
        """Take in which nodes of a cluster are down, all of them; what is our own nobody guards."""
        if held is None or origin not in self._ready:
            return []
        down = endpoints_on(held.records, nodes)
        changed = OverlaysChanged(origin, down, self._ready.get(origin, 0))
        return self._shown(self.guard.handle(changed, now))

    def release(self, origin: Origin, now: Instant) -> list[Effect]:
        """Hold nothing of an origin against its word: it departed, or is held for gone."""
        return self._shown(self.guard.handle(OriginForgotten(origin), now))

    def forget(self, origin: Origin) -> None:
        """Forget what was counted of an origin, of which there is no set any more."""
        self._ready.pop(origin, None)
        self._why.pop(origin, None)
        self._leaving.pop(origin, None)

    def advance(self, now: Instant) -> list[Effect]:
        """End the holds whose time is over."""
        return self._shown(self.guard.advance(now))

    def _shown(self, effects: list[Effect], known: str = "") -> list[Effect]:
        for effect in effects:
            origin, held = effect.origin, self.guard.held(effect.origin)
            if isinstance(effect, HoldStarted):
                services = effect.held
                self._why[origin] = f"{known}; {effect.why}" if known else effect.why
            else:
                services = effect.services
            why = self._why.get(origin, effect.why)
            for service in services:
                if service in held:
                    self._view.set_held(origin, service, held[service], why)
                else:
                    self._view.clear_held(origin, service)
        return effects

    def check_invariants(self) -> None:
        """Assert those of the guard."""
        self.guard.check_invariants()
