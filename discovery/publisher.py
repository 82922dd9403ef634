"""The publisher: signs its cluster's set, alone, within its lease, above everything before it.

Rule 1: nothing is published before all sources were listed once; a set of our own that anybody
showed is gone on from, never begun anew. Rule 2: no two bodies of one (generation, epoch, version)
are ever signed, by no crash at any instant: an epoch stands in the Lease before anything is signed
with it, and is forgotten with its process (`tenure`). Rule 3: the first change of a quiet period
is published at once, later ones together, one version per `min_interval`; without change the set
is signed anew when a third of its lifetime is over, or after `relist` where our own bridge does not
hold it. Rule 4: what vanishes in great numbers and unexplained is held until a fresh list confirms
it, and anything at all while we presume ourselves cut off from our own pool (`publisher_guard`).
"""

from dataclasses import dataclass
from typing import assert_never

from discovery.alarms import Alarm, Alarms
from discovery.drafts import Draft
from discovery.intents import Pending, named
from discovery.isolation import CutOffEnded, CutOffPresumed
from discovery.manifest import Intent, IntentKind, Manifest, Order
from discovery.names import Origin, ServiceName
from discovery.press import Edition, Press
from discovery.publisher_config import PublisherConfig
from discovery.publisher_events import (
    DepartureRequested,
    DesiredChanged,
    Effect,
    EpochConfirmed,
    Event,
    ExportChanged,
    ExportRemoved,
    FreshListWanted,
    IntentDeclared,
    IsolationFact,
    KeyRotated,
    LeaseAcquired,
    LeaseLost,
    LeaseRenewed,
    ListConfirmed,
    ManifestSeen,
    Published,
    PublishingKey,
    SetRefused,
    SetSeen,
    StatementsChanged,
    Wanted,
)
from discovery.recordset import RecordSet
from discovery.refusals import Remembered
from discovery.tenure import AT_ONCE, Tenure
from discovery.wall_time import WallClockRead
from failure_detect.clock import NEVER, Duration, Instant

SHOWN_MAX = 8
"""Services that a request for a fresh list names; the rest are a number."""


@dataclass(frozen=True, slots=True)
class PublisherStatistics:
    """What a publisher is at."""

    publishes: bool
    """Whether it holds the lease, by its own clock, and an epoch to sign with."""
    order: Order | None
    """Of what it signed last."""
    signed: int
    """How many manifests it has signed."""
    records: int
    size_bytes: int
    endpoints: int
    is_cut_off: bool
    """Whether it holds all that would vanish unexplained, because its own pool is lost to it."""
    held_services: tuple[str, ...]
    """Services of which the guard holds what would vanish."""
    held_endpoints: int
    refused: tuple[Remembered, ...]
    """What is to be published now and is not, and why; the last good one stands in its place."""
    alarms: tuple[tuple[Alarm, str], ...]
    """What is wrong at the moment, and the words for it."""


class Publisher:
    """Events go in, manifests come out. The caller performs the effects in order."""

    def __init__(
        self, own: Origin, uid: str, key: PublishingKey, config: PublisherConfig, now: Instant
    ) -> None:
        """Publish for the cluster `own`, whose kube-system namespace has `uid`, once it may."""
        self._config = config
        self._alarms = Alarms()
        self._press = Press(own, uid, key, config, now)
        self._tenure = Tenure(config, key.generation, self._alarms)
        self._draft = Draft(own, config)
        self._list = _ListRequest()
        self._found: SetSeen | None = None
        self._departs = False
        self._is_refused = False
        """Our own bridge does not hold what was published last."""
        self._paced_at: Instant = now - config.min_interval

    # --- surface ------------------------------------------------------------------------

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take in one fact from outside."""
        self._tenure.expire(now)
        return [*self._take(event, now), *self._step(now)]

    def advance(self, now: Instant) -> list[Effect]:
        """Do what is due. Being late is fine: what follows is timed from `now`."""
        self._tenure.expire(now)
        return self._step(now)

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do; nothing is due outside the lease."""
        due = [self._tenure.deadline]
        if self._could_sign():
            due.append(self._sign_at())
            if not self._draft.is_fresh:
                due.append(self._list.again_at)
        first = min(due)
        return first if first < self._tenure.until else NEVER

    def statistics(self) -> PublisherStatistics:
        """Return what it is at."""
        packing = self._draft.packing
        return PublisherStatistics(
            publishes=self._tenure.may_sign,
            order=None if self._press.last is None else self._press.last.order,
            signed=self._press.count,
            records=packing.records.count,
            size_bytes=packing.records.size_bytes,
            endpoints=packing.endpoints,
            is_cut_off=self._draft.is_cut_off,
            held_services=tuple(str(service) for service in self._draft.held_services),
            held_endpoints=self._draft.held_endpoints,
            refused=self._draft.refused,
            alarms=tuple(self._alarms.standing().items()),
        )

    # --- events -------------------------------------------------------------------------

    def _take(self, event: Event, now: Instant) -> list[Effect]:
        match event:
            case WallClockRead() | LeaseAcquired() | LeaseRenewed() | LeaseLost():
                return self._on_tenure(event, now)
            case EpochConfirmed(epoch):
                self._tenure.confirm(epoch)
                self._alarms.judge(Alarm.UID, None)
            case ManifestSeen() | SetSeen() | SetRefused():
                return self._on_seen(event, now)
            case KeyRotated(key):
                return self._on_key(key)
            case CutOffPresumed() | CutOffEnded():
                return self._on_isolation(event)
            case ListConfirmed(request):
                if self._list.confirm(request):
                    self._draft.confirm()
            case _:
                self._on_wanted(event, now)
        return []

    def _on_tenure(
        self, event: WallClockRead | LeaseAcquired | LeaseRenewed | LeaseLost, now: Instant
    ) -> list[Effect]:
        match event:
            case WallClockRead(wall_ms):
                return [*self._tenure.read_wall(wall_ms, now)]
            case LeaseAcquired(epoch, until):
                self._tenure.acquire(epoch, until)
            case LeaseRenewed(until):
                self._tenure.renew(until)
            case LeaseLost():
                self._tenure.lose()
            case _:
                assert_never(event)
        return []

    def _on_isolation(self, event: IsolationFact) -> list[Effect]:
        words = None
        if isinstance(event, CutOffPresumed):
            words = f"{event.lost} of {event.pool} members of our own pool are lost: it is most"
            words += " likely us, and nothing is withdrawn without an intent"
        self._draft.cut_off(presumed=words is not None)
        return [*self._alarms.judge(Alarm.CUT_OFF, words)]

    def _on_wanted(
        self,
        event: Wanted,
        now: Instant,
    ) -> None:
        match event:
            case DesiredChanged(desired):
                self._draft.replace(desired)
            case ExportChanged(exported):
                self._draft.change(exported.service, exported)
            case ExportRemoved(service):
                self._draft.change(service, None)
            case StatementsChanged(statements):
                self._draft.state(statements)
            case IntentDeclared(kind, subject, amount):
                self._draft.declare(kind, subject, amount, now)
            case DepartureRequested():
                self._departs = True
            case _:
                assert_never(event)

    def _on_seen(self, event: ManifestSeen | SetSeen | SetRefused, now: Instant) -> list[Effect]:
        manifest, press = event.manifest, self._press
        if isinstance(event, SetRefused):
            return self._on_refused(manifest, event.why)
        if manifest.origin != press.own:
            return []
        effects: list[Effect] = [*self._tenure.see(manifest, now)]
        body = manifest.body
        if body.uid and press.uid and body.uid != press.uid:
            words = f"a cluster with the UID {body.uid} signs in our name, ours is {press.uid}"
            return [*effects, *self._alarms.judge(Alarm.UID, words)]
        if isinstance(event, SetSeen) and event.records.root == body.root:
            self._is_held(manifest)
            known = [
                each.order for each in (press.last, self._found and self._found.manifest) if each
            ]
            if not known or manifest.order > max(known):
                self._found = event
        return effects

    def _is_held(self, manifest: Manifest) -> None:
        if self._press.last is None or manifest.order >= self._press.last.order:
            self._is_refused = False
            self._alarms.judge(Alarm.REFUSED, None)

    def _on_refused(self, manifest: Manifest, why: str) -> list[Effect]:
        self._is_refused = True
        words = f"what we published as {manifest.order[:3]} is not held here: {why}"
        return [*self._alarms.judge(Alarm.REFUSED, words)]

    def _on_key(self, key: PublishingKey) -> list[Effect]:
        words = self._press.rotate(key)
        effects: list[Effect] = [*self._alarms.judge(Alarm.ROTATION, words)]
        return effects if words else [*effects, *self._tenure.rotate(key.generation)]

    # --- publishing ---------------------------------------------------------------------

    def _step(self, now: Instant) -> list[Effect]:
        effects: list[Effect] = [*self._tenure.propose(now)]
        if not self._could_sign():
            return effects
        if now >= self._sign_at():
            effects += self._publish(now)
        if not self._draft.is_fresh:
            held = () if self._draft.is_cut_off else self._draft.held_services
            effects += self._list.judge(held, now, self._config.relist)
        return effects

    def _could_sign(self) -> bool:
        return self._tenure.may_sign and (self._draft.is_complete or self._departs)

    def _is_due(self) -> bool:
        return self._press.is_due(self._tenure.epoch, departs=self._departs)

    def _sign_at(self) -> Instant:
        if self._press.failed is not None:
            return self._paced_at + self._config.relist
        if self._is_due():
            return AT_ONCE
        soon = self._paced_at + self._config.min_interval
        is_wanted = self._draft.is_fresh and not self._departs
        again = self._paced_at + self._config.relist if self._is_refused else self._press.resign_at
        return soon if is_wanted else max(soon, again)

    def _publish(self, now: Instant) -> list[Effect]:
        """Sign the next version, if there is anything new to say or it is time."""
        self._paced_at = now
        intents = self._go_on()
        effects: list[Effect] = []
        if self._departs:
            self._draft.empty()
        else:
            refused = self._draft.compose(now)
            effects += self._alarms.judge(Alarm.LIMITS, None if refused is None else refused.what)
        last, records = self._press.last, self._draft.packing.records
        is_new = self._is_refused or last is None or records.root != last.body.root
        if is_new or self._is_due() or now >= self._press.resign_at:
            effects += self._sign(records, intents, now)
        return effects

    def _go_on(self) -> tuple[Intent, ...]:
        """Return the intents of what is published, after going over to a higher set of ours."""
        found, self._found = self._found, None
        last = self._press.last
        if found is not None and (last is None or found.manifest.order > last.order):
            self._draft.rebase(found.records)
            return found.manifest.body.intents
        return () if last is None else last.body.intents

    def _sign(self, records: RecordSet, intents: tuple[Intent, ...], now: Instant) -> list[Effect]:
        epoch, version = self._tenure.take()
        pending = self._draft.take_intents(now)
        if self._departs:
            pending = (Pending(IntentKind.DEPARTURE, "", 0, 0),)
        edition = Edition(
            epoch=epoch,
            version=version,
            records=records,
            intents=named(intents, pending, epoch, version),
            signed_at_ms=self._tenure.wall_ms(now),
            departs=self._departs,
        )
        manifest = self._press.sign(edition, now)
        alarms = self._alarms.judge(Alarm.SIGNING, self._press.failed)
        if manifest is None:
            return [*alarms]
        self._tenure.signed(manifest)
        return [Published(manifest, records)]

    def check_invariants(self) -> None:
        """Assert that the parts agree with each other."""
        self._tenure.check_invariants()
        self._draft.check_invariants()
        last = self._press.last
        if last is not None:
            assert self._tenure.highest is not None
            assert last.order <= self._tenure.highest


class _ListRequest:
    """The fresh list that is wanted while the guard holds anything."""

    def __init__(self) -> None:
        self.again_at: Instant = NEVER
        self._number = 0

    def judge(
        self, held: tuple[ServiceName, ...], now: Instant, pause: Duration
    ) -> list[FreshListWanted]:
        """Ask for one where it is wanted and was not asked for within `pause`."""
        if not held:
            self.again_at = NEVER
            return []
        if self.again_at == NEVER:
            self._number += 1
        elif now < self.again_at:
            return []
        self.again_at = now + pause
        names = ", ".join(str(service) for service in held[:SHOWN_MAX])
        more = f" and {len(held) - SHOWN_MAX} more" if len(held) > SHOWN_MAX else ""
        why = f"more than the guard's share would vanish unexplained: {names}{more}"
        return [FreshListWanted(self._number, why)]

    def confirm(self, request: int) -> bool:
        """Tell whether this is the list that was asked for last; then it is wanted no more."""
        is_ours = self.again_at != NEVER and request == self._number
        if is_ours:
            self.again_at = NEVER
        return is_ours
