"""The importer's guard: a withdrawal too large to be believed is held for a while.

Rule 1: it blocks withdrawals, and nothing else. What arrives is served at once, and what is held
goes to the last tier and shows. Rule 2: withdrawals count together over a window, so that a
trickle is no way around. Rule 3: what comes back, under its own address or as another endpoint of
the same service, is not missing. Rule 4: a hold ends, whatever happens: at once where an intent
explains it; where a higher manifest still lacks the endpoint a while later (its origin has looked
again); else when its time is over.

Overlays (`nodes down`) count with the manifest's withdrawals: an endpoint on a node that is down
and later gone from the manifest as well is one withdrawal, and that manifest confirms the overlay.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from discovery.endpoints import Endpoint
from discovery.guard_rules import GuardConfig
from discovery.ledger import Ending, Key, Ledger
from discovery.manifest import Intent, Order
from discovery.names import Origin, ServiceName
from failure_detect.clock import NEVER, SECOND, Instant

ORIGINS_MAX = 4_096
"""Origins that are guarded; what more there are is believed, and counted."""

ByService: TypeAlias = Mapping[ServiceName, tuple[Endpoint, ...]]


@dataclass(frozen=True, slots=True)
class SetChanged:
    """A manifest of `origin` was adopted, also where its records are the same as before.

    `removed` are endpoints that it withdraws, as they were; whoever calls may count among them
    those that are no longer ready. `added` are those that it brings, or makes ready again.
    """

    origin: Origin
    removed: ByService
    total_before: int
    """Endpoints of the origin before, of all its services."""
    intents: tuple[Intent, ...]
    """All that the manifest names, those of earlier versions too."""
    order: Order
    added: ByService = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OverlaysChanged:
    """By overlays of its bridges, `down` are all endpoints of `origin` that are not ready."""

    origin: Origin
    down: ByService
    total: int
    """Endpoints of the origin, of all its services, those that are down among them."""


@dataclass(frozen=True, slots=True)
class OriginForgotten:
    """`origin` departed, expired, or is trusted no longer: nothing of it is held back."""

    origin: Origin


@dataclass(frozen=True, slots=True)
class HoldsRestored:
    """The first set of `origin` in this process was adopted, and an earlier process held these.

    Each with since when, by the clock of this process; the longest held comes first.
    """

    origin: Origin
    held: tuple[tuple[Instant, ByService], ...]


Event: TypeAlias = SetChanged | OverlaysChanged | OriginForgotten | HoldsRestored


@dataclass(frozen=True, slots=True)
class HoldStarted:
    """From now on these are held too, beside what was: keep them, in the last tier."""

    origin: Origin
    held: ByService
    until: Instant
    """When it ends at the latest."""
    why: str


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """These are held no longer: they are back, or gone as the origin says."""

    origin: Origin
    services: ByService
    why: str


Effect: TypeAlias = HoldStarted | HoldEnded


@dataclass(frozen=True, slots=True)
class GuardStatistics:
    """What the guard sees and did."""

    origins: int
    holding: int
    """Origins of which something is held."""
    held: int
    """Endpoints that are held."""
    holds_started: int
    ended: dict[str, int]
    """Endpoints that were let go, by the reason, sorted."""
    unguarded: int
    """Changes of origins beyond the limit, which were believed."""


class ImporterGuard:
    """Holds what an origin withdraws by the lot without saying why."""

    def __init__(self, config: GuardConfig) -> None:
        """Start with nothing held."""
        self._config = config
        self._ledgers: dict[Origin, Ledger] = {}
        self._started = 0
        self._ended = dict.fromkeys(sorted(Ending), 0)
        self._unguarded = 0

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take in one fact."""
        match event:
            case SetChanged():
                return self._on_set(event, now)
            case OverlaysChanged():
                return self._on_overlays(event, now)
            case OriginForgotten(origin):
                return self._on_forgotten(origin)
            case HoldsRestored(origin, held):
                return self._on_restored(origin, held, now)
            case _:
                assert_never(event)

    def advance(self, now: Instant) -> list[Effect]:
        """End the holds whose time is over."""
        effects: list[Effect] = []
        for origin, ledger in self._ledgers.items():
            if ledger.deadline <= now:
                ledger.lapse(now)
                effects += self._told(origin, ledger)
        return effects

    @property
    def deadline(self) -> Instant:
        """When the next hold ends; `NEVER` where nothing is held."""
        return min((ledger.deadline for ledger in self._ledgers.values()), default=NEVER)

    def held(self, origin: Origin) -> dict[ServiceName, tuple[Endpoint, ...]]:
        """Return what is held of `origin` now."""
        ledger = self._ledgers.get(origin)
        return {} if ledger is None else _by_service(ledger.held())

    def withdrawn(self, origin: Origin) -> list[tuple[Instant, ByService]]:
        """Return what is held of `origin` because its set has it no more, by since when."""
        ledger = self._ledgers.get(origin)
        batches = [] if ledger is None else ledger.withdrawn()
        return [(held_at, _by_service(entries)) for held_at, entries in batches]

    def statistics(self) -> GuardStatistics:
        """Return what the guard sees and did."""
        counts = [ledger.held_count for ledger in self._ledgers.values()]
        return GuardStatistics(
            origins=len(counts),
            holding=sum(count > 0 for count in counts),
            held=sum(counts),
            holds_started=self._started,
            ended={ending.value: count for ending, count in self._ended.items()},
            unguarded=self._unguarded,
        )

    def check_invariants(self) -> None:
        """Raise AssertionError where the books do not balance."""
        assert len(self._ledgers) <= ORIGINS_MAX
        for ledger in self._ledgers.values():
            ledger.check_invariants()

    def _ledger(self, origin: Origin) -> Ledger | None:
        ledger = self._ledgers.get(origin)
        if ledger is None:
            if len(self._ledgers) >= ORIGINS_MAX:
                self._unguarded += 1
                return None
            ledger = self._ledgers[origin] = Ledger(self._config)
        return ledger

    def _on_set(self, event: SetChanged, now: Instant) -> list[Effect]:
        ledger = self._ledger(event.origin)
        if ledger is None:
            return []
        ledger.prune(now)
        is_first = ledger.is_new and event.total_before == 0
        ledger.read(event.intents, now, spent=is_first)
        ledger.count_total(event.total_before, now)
        ledger.arrive(_flat(event.added), now, spare=not is_first)
        ledger.withdraw(_flat(event.removed), now)
        ledger.explain()
        ledger.confirm(event.order, now)
        return self._judged(event.origin, ledger, now)

    def _on_overlays(self, event: OverlaysChanged, now: Instant) -> list[Effect]:
        ledger = self._ledger(event.origin)
        if ledger is None:
            return []
        ledger.prune(now)
        ledger.count_total(event.total, now)
        ledger.overlay(dict(_flat(event.down)), now)
        ledger.explain()
        return self._judged(event.origin, ledger, now)

    def _on_restored(
        self, origin: Origin, held: tuple[tuple[Instant, ByService], ...], now: Instant
    ) -> list[Effect]:
        young = [(at, services) for at, services in held if now - at < self._config.hold]
        ledger = self._ledger(origin)
        if ledger is None or not young:
            return []
        ledger.restore((at, list(_flat(services))) for at, services in young)
        entries = ledger.held()
        if not entries:
            return []
        self._started += 1
        why = "withdrawn before this process began, and no intent explained it"
        return [HoldStarted(origin, _by_service(entries), ledger.deadline, why)]

    def _on_forgotten(self, origin: Origin) -> list[Effect]:
        ledger = self._ledgers.pop(origin, None)
        if ledger is None:
            return []
        ledger.close()
        return self._told(origin, ledger)

    def _judged(self, origin: Origin, ledger: Ledger, now: Instant) -> list[Effect]:
        missing = ledger.missing(now)
        held = ledger.hold(now)
        effects = self._told(origin, ledger)
        if held:
            self._started += 1
            why = (
                f"{missing} of {ledger.total(now)} endpoints withdrawn within "
                f"{self._config.window // SECOND} s, and no intent explains it"
            )
            until = now + self._config.hold
            effects.append(HoldStarted(origin, _by_service(held), until, why))
        return effects

    def _told(self, origin: Origin, ledger: Ledger) -> list[Effect]:
        effects: list[Effect] = []
        for ending, entries in ledger.take_ended().items():
            self._ended[ending] += len(entries)
            effects.append(HoldEnded(origin, _by_service(entries), ending.value))
        return effects


def _flat(endpoints: ByService) -> Iterator[tuple[Key, Endpoint]]:
    for service in sorted(endpoints):
        for endpoint in endpoints[service]:
            yield (service, endpoint.address), endpoint


def _by_service(
    entries: Iterable[tuple[Key, Endpoint]],
) -> dict[ServiceName, tuple[Endpoint, ...]]:
    grouped: dict[ServiceName, list[Endpoint]] = {}
    for (service, _), endpoint in entries:
        grouped.setdefault(service, []).append(endpoint)
    return {service: tuple(grouped[service]) for service in sorted(grouped)}
