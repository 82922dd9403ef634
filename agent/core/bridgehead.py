"""All that an agent does while it is a bridge: several machines as one, which decides nothing.

    the wan pool <-> WanMember (detector, Bridge with its Publisher)
                        |  what it is told          ^ what it adopts
    objects --> Sources +      Lease <-> Publisher  |
                                 |                  v
                               Writer <--------- the view --> Acks --> what we acknowledge

Each fact goes to those whom it concerns, and what one part concludes is the next one's fact. Rule
1: what comes out is in the order in which it is to be done, and `StateChanged` stands before all
that follows from what must outlive this process. Rule 2: a new bridge is told whom it trusts, then
what was kept, and hears nobody before that. Rule 3: it seeks the lease once its sources are
complete, and withdraws nothing before a bridge of another cluster was in touch for a while, or
nobody is trusted.
"""

from collections.abc import Iterable
from typing import TypeAlias, assert_never

from agent.core import lease_events as leases
from agent.core.bridge_parts import Contact, Parts
from agent.core.events import (
    HolderAsked,
    LeaseWriteRequested,
    ListRequested,
    Noted,
    StateChanged,
    ToPool,
    ToSisters,
    TrustAltered,
    WordSaid,
    WriteRequested,
)
from agent.core.object_book import TRUST, News
from agent.core.spokesman import Speakers, Spokesman
from agent.core.wall import Wall
from agent.drivers import writer_events
from agent.drivers.plan import Driver
from agent.drivers.trust_status import floors_in
from agent.mirror import Mirror
from agent.objects import (
    FREEZE,
    LEASE,
    Document,
    Kind,
    text_at,
)
from agent.sources import acks, source_events, sources
from agent.sources.cluster_facts import ClusterSettings
from agent.wire.header import Pool
from discovery import bridge_events, publisher_events
from discovery.agent_authority import AgentAuthority
from discovery.bridge_events import StateRestored
from discovery.data_path import ConnectRequested
from discovery.events import SetAdopted, SetExcluded, SetQuestioned
from discovery.manifest import Order
from discovery.member import Effect as WanEffect
from discovery.names import Origin
from discovery.publisher_events import EpochProposed, FreshListWanted, Published
from discovery.state import KeptState
from discovery.trust_events import ObjectApplied, ObjectDeleted
from discovery.verdict_events import ReportToBridges
from discovery.wall_time import WallClockRead
from failure_detect import events as pool_events
from failure_detect.clock import NEVER, Instant

_KEPT = (SetAdopted, SetExcluded, SetQuestioned, Published)
"""What must outlive the process before anything follows from it."""

_ORDERS = (
    pool_events.SendDatagram,
    pool_events.SendRequest,
    pool_events.SendResponse,
    pool_events.ConnectNode,
)

Output: TypeAlias = (
    ToPool
    | StateChanged
    | WriteRequested
    | WordSaid
    | LeaseWriteRequested
    | HolderAsked
    | ListRequested
    | ToSisters
    | TrustAltered
    | ConnectRequested
    | Noted
)


class Bridgehead:
    """The machines of one bridge."""

    def __init__(
        self, parts: Parts, mirror: Mirror, own: Origin, authority: AgentAuthority
    ) -> None:
        """Join them; nobody has been told anything yet. `authority` lets bridges in."""
        self.authority = authority
        self.wan, self.lease, self.writer = parts.wan, parts.lease, parts.writer
        self.sources, self.acks = parts.sources, parts.acks
        self.bridge = parts.wan.bridge
        self._mirror = mirror
        self._own = own
        self._contact = Contact(own)
        self._out: list[Output] = []
        self._must_keep = False
        self._believed = 0
        self._requests = 0
        self.spokesman = Spokesman(Speakers(own, mirror, self.bridge, self.sources, self.writer))
        self._wall = Wall()
        self.frozen: str | None = None
        """Why nothing is written; None where it is."""

    # --- surface --------------------------------------------------------------------------

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        machines = (self.wan, self.lease, self.writer, self.acks, self.spokesman)
        if self.sources.is_pending:
            return -NEVER
        return min(self._contact.deadline, *(machine.deadline for machine in machines))

    def begin(
        self, wall_ms: int, kept: Iterable[bridge_events.Event], now: Instant
    ) -> list[Output]:
        """Tell what there is: the time, whom we trust, what was kept, what the objects say."""
        told = self.sources.handle(source_events.ServedChanged())
        for kind in sources.KINDS:
            if self._mirror.knows(kind):
                keys = frozenset(key for key, _ in self._mirror.of(kind))
                told += self.sources.handle(source_events.KindListed(kind, keys))
        trusted = [each for each in told if isinstance(each, ObjectApplied)]
        self._wall.read(wall_ms, now)
        floors = StateRestored(KeptState(floors=self._floors()))
        self._must_keep |= bool(trusted)
        for event in (WallClockRead(wall_ms), *trusted, floors, *kept):
            self._tell(event, now)
        self._on_lease(self.lease.handle(leases.ClockShown(wall_ms), now), now)
        self._sourced([each for each in told if not isinstance(each, ObjectApplied)], now)
        self._on_lease(self.lease.handle(leases.LeaseSeen(self._lease_object()), now), now)
        self._freeze(now)
        self._settle(now)
        self._look_at_drains(now)
        return self._flush()

    def from_pool(self, event: pool_events.Event, now: Instant) -> list[Output]:
        """Take in what the network brings to the `wan` pool, or what its detector is told."""
        self._on_wan(self.wan.handle(event, now), now)
        return self._flush()

    def tell(self, event: bridge_events.Event, now: Instant) -> list[Output]:
        """Take in what our own cluster tells the bridge."""
        self._tell(event, now)
        return self._flush()

    def clock_read(self, wall_ms: int, now: Instant) -> list[Output]:
        """Take in what the wall clock shows."""
        self._wall.read(wall_ms, now)
        self._tell(WallClockRead(wall_ms), now)
        self._on_lease(self.lease.handle(leases.ClockShown(wall_ms), now), now)
        return self._flush()

    def objects(self, news: News, now: Instant) -> list[Output]:
        """Take in what changed in the mirror."""
        if not news.kinds:
            told: source_events.Event = source_events.ServedChanged()
        elif news.listed is not None:
            told = source_events.KindListed(news.listed, frozenset(news.keys))
        else:
            told = source_events.ObjectsChanged(frozenset(news.keys))
        if news.keys or not isinstance(told, source_events.ObjectsChanged):
            self._sourced(self.sources.handle(told), now)
            self._on_writer(self.writer.handle(writer_events.ObjectsChanged(news.keys), now), now)
            if news.listed is not None:
                whole = writer_events.KindListed(news.listed, news.begun_at)
                self._on_writer(self.writer.handle(whole, now), now)
            self._look(news.kinds, now)
        return self._flush()

    def refused(self, kind: Kind, now: Instant) -> list[Output]:
        """Take in that the store does not let us list a kind."""
        self._sourced(self.sources.handle(source_events.KindForbidden(kind)), now)
        return self._flush()

    def settings_changed(self, settings: ClusterSettings, now: Instant) -> list[Output]:
        """Take in that the settings say something else of the cluster."""
        self._sourced(self.sources.handle(source_events.SettingsChanged(settings)), now)
        return self._flush()

    def choose(self, driver: Driver | None, why: str, now: Instant) -> list[Output]:
        """Let `driver` make objects out of the view from now on; None: nobody, and why."""
        self._on_writer(self.writer.handle(writer_events.DriverChosen(driver, why), now), now)
        self._acked(self.acks.handle(acks.DriverChosen(driver is not None), now), now)
        return self._flush()

    def write_finished(self, event: writer_events.WriteFinished, now: Instant) -> list[Output]:
        """Take in what the store answered to a write."""
        self._on_writer(self.writer.handle(event, now), now)
        return self._flush()

    def lease_told(self, event: leases.Event, now: Instant) -> list[Output]:
        """Take in what the store says of the Lease, or of its holder."""
        self._on_lease(self.lease.handle(event, now), now)
        return self._flush()

    def yield_lease(self, now: Instant) -> list[Output]:
        """Give up the lease, and seek it no more."""
        return self.lease_told(leases.LeaseWanted(wanted=False), now)

    def advance(self, now: Instant) -> list[Output]:
        """Do what is due."""
        if self.sources.is_pending:
            self._sourced(self.sources.go_on(), now)
        if self.wan.deadline <= now:
            self._on_wan(self.wan.advance(now), now)
        if self.lease.deadline <= now:
            self._on_lease(self.lease.advance(now), now)
        if self.acks.deadline <= now:
            self._acked(self.acks.advance(now), now)
        if self.writer.deadline <= now:
            self._on_writer(self.writer.advance(now), now)
        if self._contact.deadline <= now:
            self._settle(now)
        self._out += map(WordSaid, self.spokesman.advance(self._wall.ms(now), now))
        return self._flush()

    def _floors(self) -> dict[Origin, Order]:
        """Return the floors that stand in the status of trust objects."""
        floors: dict[Origin, Order] = {}
        for kind in TRUST:
            for _, document in self._mirror.of(kind):
                for origin, order in floors_in(document).items():
                    floors[origin] = max(order, floors.get(origin, order))
        return floors

    def check_invariants(self) -> None:
        """Assert those of all parts."""
        for part in (self.wan, self.lease, self.sources):
            part.check_invariants()

    def _flush(self) -> list[Output]:
        out, self._out = self._out, []
        if self.bridge.trust.changes != self._believed:
            self._believed = self.bridge.trust.changes
            out.insert(0, TrustAltered())
        if self._must_keep:
            self._must_keep = False
            out.insert(0, StateChanged())
        return out

    # --- the pool of all clusters -------------------------------------------------------------

    def _tell(self, event: bridge_events.Event, now: Instant) -> None:
        self._on_wan(self.wan.tell(event, now), now)

    def _on_wan(self, effects: Iterable[WanEffect], now: Instant) -> None:
        for effect in effects:
            if isinstance(effect, _ORDERS):
                self._out.append(ToPool(Pool.WAN, effect))
            elif isinstance(effect, ConnectRequested):
                self._out.append(effect)
            elif isinstance(effect, ReportToBridges):
                self._out.append(ToSisters(effect.report))
            elif isinstance(effect, EpochProposed):
                wanted = leases.EpochWanted(effect.epoch)
                self._on_lease(self.lease.handle(wanted, now), now)
            elif isinstance(effect, FreshListWanted):
                self._sourced(self.sources.handle(effect), now)
            else:
                self._on_fact(effect, now)

    def _on_fact(self, effect: WanEffect, now: Instant) -> None:
        self._must_keep |= isinstance(effect, _KEPT)
        if isinstance(effect, bridge_events.ViewTouched):
            self._on_writer(self.writer.handle(writer_events.Touched(), now), now)
            self._look_at_drains(now)
            return
        self._out.append(Noted(effect, Pool.WAN))
        self._contact.heard(effect, now)
        self.spokesman.touched(now)

    def _settle(self, now: Instant) -> None:
        """Tell the writer, once, that what is missing in the view is missing."""
        trusted = any(True for kind in TRUST for _ in self._mirror.of(kind))
        if self._contact.is_enough or (trusted and self._contact.deadline > now):
            return
        self._contact.is_enough = True
        self._on_writer(self.writer.handle(writer_events.Synchronised(), now), now)

    # --- objects ------------------------------------------------------------------------------

    def _sourced(self, effects: Iterable[source_events.Effect], now: Instant) -> None:
        for effect in effects:
            match effect:
                case source_events.ZonesChanged(zones):
                    self.bridge.view.set_zones(zones)
                    self._on_writer(self.writer.handle(writer_events.Touched(), now), now)
                case source_events.ListAnew(kinds):
                    self._requests += 1
                    self._out.append(ListRequested(self._requests, kinds))
                case _:
                    self._must_keep |= isinstance(effect, ObjectApplied | ObjectDeleted)
                    self._tell(effect, now)
        if self.sources.reread:
            self.spokesman.changed(self.sources.reread, now)
            self.sources.reread.clear()
        could = self.sources.is_complete and self.bridge.publisher is not None
        self._on_lease(self.lease.handle(leases.LeaseWanted(could), now), now)

    def _look(self, kinds: frozenset[Kind], now: Instant) -> None:
        """Look at what concerns this agent itself."""
        if LEASE in kinds:
            self._on_lease(self.lease.handle(leases.LeaseSeen(self._lease_object()), now), now)
        if FREEZE in kinds:
            self._freeze(now)
        if not kinds.isdisjoint(TRUST):
            self._settle(now)

    def _lease_object(self) -> Document | None:
        return self._mirror.get(self.lease.key)

    def _freeze(self, now: Instant) -> None:
        reasons = [
            f"{key.name}: {text_at(each, 'spec', 'reason') or 'no reason given'}"
            for key, each in self._mirror.of(FREEZE)
        ]
        self.frozen = "; ".join(reasons) or None
        changed = writer_events.FrozenChanged(bool(reasons), self.frozen or "")
        self._on_writer(self.writer.handle(changed, now), now)

    # --- the lease, and what is written -------------------------------------------------------

    def _on_lease(self, effects: Iterable[leases.Effect], now: Instant) -> None:
        for effect in effects:
            match effect:
                case leases.WriteLease(number, write):
                    self._out.append(LeaseWriteRequested(number, write))
                case leases.AskHolder(holder):
                    self._out.append(HolderAsked(holder))
                case _:
                    self._out.append(Noted(effect))
                    self._tell(effect, now)
                    self._may_write(effect, now)

    def _may_write(self, fact: leases.Fact, now: Instant) -> None:
        match fact:
            case publisher_events.LeaseAcquired(_, until) | publisher_events.LeaseRenewed(until):
                changed = writer_events.MayWriteChanged(may=True, until=until)
            case publisher_events.LeaseLost():
                changed = writer_events.MayWriteChanged(may=False)
            case _:
                return
        self.spokesman.may_speak(now, may=changed.may)
        self._on_writer(self.writer.handle(changed, now), now)

    def _on_writer(self, effects: Iterable[writer_events.Effect], now: Instant) -> None:
        for effect in effects:
            match effect:
                case writer_events.Perform(number, step):
                    self._out.append(WriteRequested(number, step))
                case writer_events.Say(word):
                    self._out.append(WordSaid(word))
                case writer_events.ConditionsChanged(services):
                    self.spokesman.changed(services, now)
                case writer_events.Applied(at, missing):
                    if not missing:
                        self._acked(self.acks.handle(acks.Applied(at), now), now)
                case writer_events.Settled() | writer_events.Planned():
                    self._out.append(Noted(effect))
                case _:
                    assert_never(effect)

    def _look_at_drains(self, now: Instant) -> None:
        seen = acks.drains_seen(self.bridge.view, self.acks.done)
        self._acked(self.acks.handle(seen, now), now)

    def _acked(self, effects: Iterable[source_events.AcksStated], now: Instant) -> None:
        for effect in effects:
            self._sourced(self.sources.handle(effect), now)
