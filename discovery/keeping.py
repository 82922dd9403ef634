"""What a bridge keeps over a restart, and how old that is when it comes back.

Rule 1: a restart neither ends an age nor begins it anew. The silence of a cluster goes on from what
it was. A revocation is as old as the wall clock says, the time in which nobody ran included, so
that the hold of a revoked key's set ends when it would have ended, however many restarts there are.
Rule 2: a key that turns out to be revoked now was good when the set was saved, so it counts as
revoked since then. Rule 3: what a revoked key signed comes back only as what was held: no higher
than the floor that was kept with it, nor than what is held here already. Rule 4: what the
importer's guard held is held for the rest of its time, the time in which nobody ran counted; by a
clock that nobody has read yet, or that went back, none of that is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from discovery.catalog import Catalog, Held
from discovery.custody import AgedHold, Custody
from discovery.events import ExclusionRestored, SetRestored
from discovery.evidence import EvidenceLog
from discovery.keys import DRAIN_KEY
from discovery.manifest import Manifest
from discovery.messages import Item
from discovery.names import Origin
from discovery.recordset import RecordSet
from discovery.refusals import Refusal, Refusals, Refused
from discovery.state import AGE_MAX, KeptItem, KeptSet, KeptState
from discovery.trust import TrustBook
from discovery.verdict_events import ManifestAdopted, Revoked
from discovery.verdicts import Verdicts
from failure_detect.clock import MILLISECOND, SECOND, Duration, Instant


@dataclass(frozen=True, slots=True)
class Ages:
    """How old what is known of an origin is: zero and none for what has just come."""

    silent_for: Duration = 0
    revoked_for: Duration | None = None
    holds: tuple[AgedHold, ...] = ()


NEW = Ages()


@dataclass(frozen=True, slots=True)
class _Moment:
    # What the wall clock showed when a key was revoked, and when that was saved (ms).
    revoked_ms: int
    saved_ms: int


class Keeper:
    """Says what is to be kept, and what to make of it later."""

    def __init__(
        self,
        catalog: Catalog,
        trust: TrustBook,
        verdicts: Verdicts,
        evidence: EvidenceLog,
        custody: Custody,
    ) -> None:
        """Keep what these hold."""
        self._custody = custody
        self._catalog = catalog
        self._trust = trust
        self._verdicts = verdicts
        self._evidence = evidence
        self._ages = NEW
        """Of the set that is being restored."""
        self._wall: tuple[int, Instant] | None = None
        self._moments: dict[Origin, _Moment] = {}
        """Of sets that came back before anybody knew the time."""

    # --- what is kept -------------------------------------------------------------------

    def kept(self, wall_ms: int, now: Instant) -> KeptState:
        """Return what a later run is to have, as of `now`; `wall_ms` is 0 where nobody knows it."""
        lists = self._trust.revocations() + self._trust.rival_revocations()
        words = [*(held.manifest for held in self._catalog), *self._catalog.exclusions()]
        origins = [word.origin for word in words]
        holds = {origin: self._custody.kept(origin, now) for origin in origins}
        return KeptState(
            saved_at_ms=wall_ms,
            floors=self._catalog.floors(),
            sets=tuple(self._kept_set(held, now) for held in self._catalog),
            exclusions=tuple(self._catalog.exclusions()),
            items=tuple(KeptItem(Item(each.item_key, each.raw), each.rank) for each in lists),
            evidence=tuple(self._evidence.pairs()),
            pins=self._trust.pins(),
            holds={origin: each for origin, each in holds.items() if each},
        )

    def _kept_set(self, held: Held, now: Instant) -> KeptSet:
        origin = held.manifest.origin
        silent_for = self._verdicts.silent_for(origin, now)
        revoked_for = self._verdicts.revoked_for(origin, now)
        return KeptSet(
            held.manifest,
            held.records,
            silent_s=silent_for // SECOND,
            revoked_ms=None if revoked_for is None else min(revoked_for // MILLISECOND, AGE_MAX),
        )

    # --- what comes back ----------------------------------------------------------------

    def restored(
        self, state: KeptState, now: Instant, refusals: Refusals
    ) -> Iterator[SetRestored | ExclusionRestored]:
        """Give one by one what `state` has of others' words: until the next, it is being restored.

        What is said of it in that time is as old as it is. The floors, pins and lists of `state`
        are in force already. What a revoked key signed, and cannot be what was held then, is
        refused and counted.
        """
        for kept in state.sets:
            try:
                self._ages = self._ages_of(kept, state, now)
            except Refused as refused:
                refusals.add(refused, kept.manifest.origin)
                continue
            yield SetRestored(kept.manifest, kept.records)
        for word in state.exclusions:
            self._ages = Ages(holds=self._holds(word.origin, state, now))
            yield ExclusionRestored(word)
        self._ages = NEW

    @property
    def holds(self) -> tuple[AgedHold, ...]:
        """What was held of what is being restored, the longest first."""
        return self._ages.holds

    def word(self, manifest: Manifest, records: RecordSet) -> ManifestAdopted:
        """Return what verdicts are to know of a set that was adopted or restored just now."""
        return ManifestAdopted(
            origin=manifest.origin,
            lifetime=manifest.body.lifetime_s * SECOND,
            departs=manifest.body.departs,
            drains=records.get(DRAIN_KEY) is not None,
            silent_for=self._ages.silent_for,
            revoked_for=self._ages.revoked_for,
        )

    def _ages_of(self, kept: KeptSet, state: KeptState, now: Instant) -> Ages:
        revoked_ms = kept.revoked_ms
        if self._trust.has_revoked_key(kept.manifest):
            self._check_was_held(kept, state)
            revoked_ms = revoked_ms or 0
        silent_for = kept.silent_s * SECOND
        holds = self._holds(kept.manifest.origin, state, now)
        if revoked_ms is None:
            return Ages(silent_for, holds=holds)
        moment = _Moment(state.saved_at_ms - revoked_ms, state.saved_at_ms)
        ago = self._ago(moment, now) if state.saved_at_ms else revoked_ms * MILLISECOND
        if ago is None:
            self._moments[kept.manifest.origin] = moment
            ago = revoked_ms * MILLISECOND
        return Ages(silent_for, ago, holds)

    def _holds(self, origin: Origin, state: KeptState, now: Instant) -> tuple[AgedHold, ...]:
        aged: list[AgedHold] = []
        for hold in state.holds.get(origin, ()):
            moment = _Moment(state.saved_at_ms - hold.held_ms, state.saved_at_ms)
            ago = self._ago(moment, now) if state.saved_at_ms else None
            aged.append((hold.held_ms * MILLISECOND if ago is None else ago, hold))
        return tuple(sorted(aged, key=lambda each: -each[0]))

    def _check_was_held(self, kept: KeptSet, state: KeptState) -> None:
        origin, order = kept.manifest.origin, kept.manifest.order
        floor, held = state.floors.get(origin), self._catalog.get(origin)
        if floor is None or order > floor or (held is not None and order > held.manifest.order):
            what = "its key is revoked, and it is newer than what was held"
            raise Refused(Refusal.REVOKED, f"state: set of {origin}: {what}")

    def clock_read(self, wall_ms: int, now: Instant) -> list[Revoked]:
        """Learn the time; return the revocations whose age is known by that, and was not before."""
        self._wall = (wall_ms, now)
        found: list[Revoked] = []
        for origin, moment in list(self._moments.items()):
            ago = self._ago(moment, now)
            if ago is None:
                continue
            del self._moments[origin]
            if self._verdicts.revoked_for(origin, now) is not None:  # No successor spoke meanwhile.
                found.append(Revoked(origin, ago))
        return found

    def _ago(self, moment: _Moment, now: Instant) -> Duration | None:
        """Return how long ago that was; None by a clock that shows less than when it was saved."""
        if self._wall is None:
            return None
        wall_ms, at = self._wall
        shown_ms = wall_ms + (now - at) // MILLISECOND
        return None if shown_ms < moment.saved_ms else (shown_ms - moment.revoked_ms) * MILLISECOND
