"""What is to be published next: what is wanted, packed onto what is published, guarded.

Rule 1: nothing is composed before everything was listed once. Rule 2: only services that changed
are looked at; those that the guard holds are looked at again each time. Rule 3: what is refused,
or would make the set larger than peers take, leaves what is published as it is; what finds no room
in its bucket is looked at again each time as well.
"""

from collections.abc import Iterable
from itertools import islice

from discovery.assignment import count_placed
from discovery.exports import (
    NO_PACKING,
    NOTHING,
    Desired,
    Exported,
    Packing,
    Repacked,
    Statements,
    held_back,
    recovered,
    repacked,
)
from discovery.intents import Pending
from discovery.keys import drain_key
from discovery.manifest import IntentKind
from discovery.names import Origin, ServiceName
from discovery.publisher_config import PublisherConfig
from discovery.publisher_guard import Counts, PublisherGuard
from discovery.recordset import RecordSet
from discovery.refusals import REMEMBERED_MAX, WORDS_MAX, Refusal, Refused, Remembered
from failure_detect.clock import Instant

PENDING_MAX = 1_024
"""Most intents that wait for a version; the oldest is dropped for a new one."""


class Draft:
    """The next set, in the making."""

    def __init__(self, own: Origin, config: PublisherConfig) -> None:
        """Want nothing yet, and go on from nothing."""
        self._own = own
        self._config = config
        self._guard = PublisherGuard(config.guard)
        self._desired = NOTHING
        self._changed: dict[ServiceName, None] = {}
        self._restated = False
        self.packing: Packing = NO_PACKING
        """What is published, or about to be."""
        self.is_complete = False
        """Whether everything was listed once."""
        self.is_fresh = False
        """Whether anything has changed since the last composition."""
        self._pending: list[tuple[Instant, Pending]] = []
        self._refused: dict[ServiceName | None, tuple[Remembered, ...]] = {}
        """What is refused by now, because peers would: by service, statements under None."""
        self._too_large: tuple[Remembered, ...] = ()

    @property
    def refused(self) -> tuple[Remembered, ...]:
        """What is wanted and not published, because peers would refuse it; 256 of it at most."""
        found = (each for some in self._refused.values() for each in some)
        return tuple(islice((*self._too_large, *found), REMEMBERED_MAX))

    @property
    def is_cut_off(self) -> bool:
        """Whether nothing is withdrawn because we presume to be cut off."""
        return self._guard.is_cut_off

    @property
    def held_services(self) -> tuple[ServiceName, ...]:
        """Services of which the guard holds what would vanish, in order."""
        return tuple(sorted(self._guard.held))

    @property
    def held_endpoints(self) -> int:
        """Endpoints that are published only because the guard holds them."""
        held = 0
        for service in self._guard.held:
            there = count_placed(self.packing.placements.get(service, {}))
            held += max(0, there - _count(self._desired.exports.get(service)))
        return held

    # --- what is wanted -----------------------------------------------------------------

    def replace(self, desired: Desired) -> None:
        """Want exactly this from now on."""
        before, self._desired = self._desired, desired
        for service, exported in desired.exports.items():
            if before.exports.get(service) != exported:
                self._changed[service] = None
        self._changed |= dict.fromkeys(
            service for service in before.exports if service not in desired.exports
        )
        self._restated |= before.statements != desired.statements
        self.is_fresh |= self._restated or bool(self._changed)
        if not self.is_complete:
            self.is_complete = True
            self._want_all()

    def change(self, service: ServiceName, exported: Exported | None) -> None:
        """Want one service to be exported so, or not at all (None)."""
        if not self.is_complete or self._desired.exports.get(service) == exported:
            return
        exports = {**self._desired.exports}
        if exported is None:
            del exports[service]
        else:
            exports[service] = exported
        self._desired = Desired(exports, self._desired.statements)
        self._changed[service] = None
        self.is_fresh = True

    def state(self, statements: Statements) -> None:
        """Want these statements beside the exports."""
        if self.is_complete and statements != self._desired.statements:
            self._desired = Desired(self._desired.exports, statements)
            self._restated = self.is_fresh = True

    def declare(
        self, kind: IntentKind, subject: ServiceName | None, amount: int, now: Instant
    ) -> None:
        """Mean a withdrawal: the next version names it, and the guard lets it pass."""
        name = "" if subject is None else str(subject)
        self._guard.declare(kind, name, amount, now)
        there = self.packing.endpoints
        if subject is not None:
            there = count_placed(self.packing.placements.get(subject, {}))
        self._pend(Pending(kind, name, amount, amount or there), now)
        self.is_fresh |= bool(self._guard.held)

    def take_intents(self, now: Instant) -> tuple[Pending, ...]:
        """Return the intents that no version has named yet, and are not too old to mean anything.

        They are named by whoever calls, and not returned again.
        """
        taken = [each for at, each in self._pending if now - at < self._config.guard.explains]
        self._pending.clear()
        return tuple(taken)

    def confirm(self) -> None:
        """Take what is wanted for true: it was listed afresh."""
        exports = self._desired.exports
        self._guard.confirm({service: _count(exports.get(service)) for service in exports})
        self.is_fresh = True

    def cut_off(self, *, presumed: bool) -> None:
        """Learn whether we presume to be cut off from our own pool: then nothing is withdrawn."""
        self.is_fresh |= bool(self._guard.held)
        self._guard.cut_off(presumed=presumed)

    def rebase(self, records: RecordSet) -> None:
        """Go on from another set of our own, with the assignment that it has."""
        self.packing = recovered(records)
        self._guard.reset()
        self._want_all()

    def empty(self) -> None:
        """Publish nothing any more."""
        self.packing = NO_PACKING
        self._guard.reset()
        self._refused, self._too_large = {}, ()

    def _want_all(self) -> None:
        self._changed = dict.fromkeys([*self._desired.exports, *self.packing.placements])
        self._restated = self.is_fresh = True

    # --- what comes of it ---------------------------------------------------------------

    def compose(self, now: Instant) -> Refused | None:
        """Pack what has changed, all but what the guard holds.

        Return why something is too large: all of it, which leaves everything as it is, or the
        first that finds no room in its bucket.
        """
        self.is_fresh = False
        if self._restated:
            self._take_drains(now)
        exports = self._desired.exports
        wanted = {service: exports.get(service) for service in self._changed}
        placements = self.packing.placements
        counts = {
            service: Counts(count_placed(placements.get(service, {})), _count(exported))
            for service, exported in wanted.items()
        }
        held = self._guard.weigh(counts, self.packing.endpoints, now)
        for service in sorted(held):
            exported = wanted.pop(service)
            if exported is not None:
                wanted[service] = held_back(placements.get(service, {}), exported)
        statements = self._desired.statements if self._restated else None
        done = repacked(self.packing, wanted, statements)
        self._note(done)
        oversized = self._oversized(done.packing)
        self._too_large = self._counted(self._too_large, [oversized] if oversized else [])
        if oversized is not None:
            return oversized
        self.packing = done.packing
        crowded = [each for each in done.crowded if each is not None]
        self._changed = dict.fromkeys(sorted({*held, *crowded}))
        self._restated = None in done.crowded
        return next(iter(done.crowded.values()), None)

    def _take_drains(self, now: Instant) -> None:
        drains = self._desired.statements.drains
        names = {service: "" if service is None else str(service) for service in drains}
        self._guard.set_drains(tuple(names.values()))
        for service, name in names.items():
            if drain_key(service) not in self.packing.others:
                there = count_placed(self.packing.placements.get(service, {})) if service else 0
                self._pend(Pending(IntentKind.DRAIN, name, 0, there), now)

    def _pend(self, pending: Pending, now: Instant) -> None:
        self._pending.append((now, pending))
        del self._pending[:-PENDING_MAX]

    def _oversized(self, packing: Packing) -> Refused | None:
        count, size = packing.records.count, packing.records.size_bytes
        most, most_bytes = self._config.records, self._config.size_bytes
        if count <= most and size <= most_bytes:
            return None
        what = f"own set: {count} records of {size} bytes, at most {most} of {most_bytes}: export"
        return Refused(Refusal.OVERSIZED, f"{what} less")

    def _note(self, done: Repacked) -> None:
        """Note what is refused of all that was looked at; the rest of that is mended."""
        found: dict[ServiceName | None, list[Refused]] = {each: [] for each in self._changed}
        if self._restated:
            found[None] = list(done.statements)
        for service, refused in (*done.exports.items(), *done.crowded.items()):
            found.setdefault(service, []).append(refused)
        for about, refusals in found.items():
            is_wanted = about is None or about in self._desired.exports
            counted = self._counted(self._refused.get(about, ()), refusals if is_wanted else [])
            if counted:
                self._refused[about] = counted
            else:
                self._refused.pop(about, None)

    def _counted(
        self, before: tuple[Remembered, ...], refusals: Iterable[Refused]
    ) -> tuple[Remembered, ...]:
        counts = {each.reason: each.count for each in before}
        return tuple(
            Remembered(
                each.reason, self._own, each.what[:WORDS_MAX], counts.get(each.reason, 0) + 1
            )
            for each in refusals
        )

    def check_invariants(self) -> None:
        """Assert that the parts agree with each other."""
        assert len(self._pending) <= PENDING_MAX
        self._guard.check_invariants()
        packing = self.packing
        assert packing.endpoints == sum(map(count_placed, packing.placements.values()))
        assert set(self._guard.held) <= set(self._changed)
        assert self.is_complete or self._desired is NOTHING


def _count(exported: Exported | None) -> int:
    if exported is None:
        return 0
    return sum(len({each.address for each in there}) for there in exported.endpoints.values())
