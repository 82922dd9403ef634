"""One agent as one machine: the pool of its cluster, its duties, and what a bridge does.

    store --> mirror --> Bridgehead (while this agent is a bridge)  <--> wan pool
                             ^ what the own pool says, and what its sisters see
    lan pool <--> LanMember (detector, questions among agents) --> Election

Rule 1: what a kind of object has is in the mirror before anybody is told that it changed. Rule 2: a
bridge begins once it is known whom the cluster trusts, which the store says; what was kept comes
after that. Rule 3: an agent that is no bridge holds nothing, watches nothing but nodes, and asks a
bridge. Rule 4: who is asked to stop gives up the lease, says so to both pools, and is given a while
in which the word spreads.
"""

from collections.abc import Iterable, Iterator
from random import Random
from typing import TypeAlias, assert_never

from agent.core import election_events, events
from agent.core.bridgehead import Bridgehead, Output
from agent.core.charter import Charter
from agent.core.driver_choice import DriverChoice
from agent.core.election import Election
from agent.core.events import Effect, Event, Noted, ToPool, ToSisters
from agent.core.founding import found_bridge, found_lan, lan_authority, new_book
from agent.core.lan_member import Answered, Asked
from agent.core.lan_member import Effect as LanEffect
from agent.core.lease import HolderGone, LeaseWritten
from agent.core.object_book import News, ObjectBook
from agent.core.office import Answer, Ask, Told, encode_answer
from agent.core.questions import Questions
from agent.core.replay import lan_facts
from agent.drivers.writer_events import WriteFinished
from agent.objects import NODE, TRUSTED_CLUSTER, TRUSTED_FLEET
from agent.wire.header import Pool
from discovery.bridge_events import Event as BridgeEvent
from discovery.bridge_events import LanFact, StateRestored
from discovery.data_path import PathTried
from discovery.isolation import Event as IsolationFact
from discovery.own_overlay import LanFact as PoolFact
from discovery.publisher_events import KeyRotated
from discovery.state import KeptState
from discovery.trust_events import OwnKeysChanged, RevocationsReceived
from discovery.verdict_events import OwnBridgeGone, PeerReport
from discovery.wall_time import WallClockRead
from failure_detect import events as pool_events
from failure_detect.clock import MILLISECOND, NEVER, SECOND, Duration, Instant
from failure_detect.events import CertificateObtained, MembersRestored, SeedsResolved
from failure_detect.identity import Address, MemberId, NodeName
from failure_detect.members import Status

LINGER: Duration = 1 * SECOND
"""How long the word that this agent leaves is given to spread, before the process ends."""

REPORT_TIMEOUT: Duration = 2 * SECOND
HEARD = encode_answer(Answer(200, b""))
"""The answer to a report."""

RIVAL = "another process of this node has as high a start number"

StoreFact: TypeAlias = (
    events.KindsServed
    | events.ObjectsListed
    | events.ObjectSeen
    | events.KindRefused
    | events.StoreAnswered
)
HeadFact: TypeAlias = WriteFinished | events.LeaseWriteFinished | events.HolderEnded | PathTried

_TRUST = (TRUSTED_CLUSTER, TRUSTED_FLEET)
_ORDERS = (
    pool_events.SendDatagram,
    pool_events.SendRequest,
    pool_events.SendResponse,
    pool_events.ConnectNode,
)


class Agent:
    """The machine. The caller performs the effects in order."""

    def __init__(self, charter: Charter, now: Instant, dice: Random) -> None:
        """Start as what `charter` says.

        Raises `ConfigError` where the agent's own certificate is not to be believed.
        """
        self.charter = charter
        self.book = ObjectBook(DriverChoice(charter.driver_name, charter.driver))
        self.keys = charter.keys
        self.certificates = charter.certificates
        self._dice = dice
        self._trust = new_book(charter, charter.keys)
        self.lan_authority = lan_authority(charter, self._trust)
        self.lan = found_lan(charter, self.lan_authority, charter.certificates.lan, now, dice)
        identity = self._trust.identify(charter.certificates.lan)
        assert identity is not None, "the detector has believed it"
        self.identity = identity
        self.election = Election(identity, charter.election, charter.signer, charter.verifier, now)
        self._has_api = True
        self.head: Bridgehead | None = None
        """What this agent does while it is a bridge."""
        self._questions = Questions(self.lan)
        self._kept = charter.kept
        self._wan_claims = charter.wan_claims
        self._wan_seeds: tuple[Address, ...] = ()
        self._bridges: tuple[MemberId, ...] = ()
        self.is_called = False
        """Whether it is to be a bridge, and waits for what it must know before."""
        self._wall: tuple[int, Instant] | None = None
        self._stops_at: Instant = NEVER
        self._stops_by: Instant = NEVER
        self._is_moved = False
        """Whether agents came or went, or became bridges, since that was said last."""
        self._out: list[Effect] = []

    # --- surface --------------------------------------------------------------------------

    def begin(self, now: Instant) -> list[Effect]:
        """Say what is wanted from the start: to be called once, before everything else."""
        self._on_lan(self.lan.handle(MembersRestored(self.charter.lan_claims), now), now)
        self._able(now)
        self._want_kinds()
        return self._flush()

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        soonest = min(self.lan.deadline, self.election.deadline, self._stops_at)
        return soonest if self.head is None else min(soonest, self.head.deadline)

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take in one fact. Refused input changes nothing and is counted by reason."""
        match event:
            case events.FromPool(pool, fact):
                self._from_pool(pool, fact, now)
            case events.ClockRead(wall_ms):
                self._wall = wall_ms, now
                self._elected(self.election.handle(WallClockRead(wall_ms), now), now)
                if self.head is not None:
                    self._do(self.head.clock_read(wall_ms, now))
            case events.CertificatesMade() | events.KeyLoaded():
                self._renewed(event, now)
            case events.LocalAsked(number, path, query):
                self._ask(number, Ask(path, query))
            case events.StopRequested():
                self._stop(now)
            case _:
                self._from_outside(event, now)
        return self._flush()

    def _from_outside(self, event: StoreFact | HeadFact, now: Instant) -> None:
        if isinstance(event, StoreFact):
            self._from_store(event, now)
        else:
            self._to_head(event, now)

    def advance(self, now: Instant) -> list[Effect]:
        """Do what is due. Being late is fine."""
        if self.lan.deadline <= now:
            self._on_lan(self.lan.advance(now), now)
        if self.election.deadline <= now:
            self._elected(self.election.advance(now), now)
        if self.head is not None and self.head.deadline <= now:
            self._do(self.head.advance(now))
        if self._stops_at <= now:
            self._end()
        return self._flush()

    def kept(self, now: Instant) -> KeptState:
        """Return what a later run is to have."""
        if self.head is None:
            return self._kept
        return self.head.bridge.kept(self.wall_ms(now), now)

    def wall_ms(self, now: Instant) -> int:
        """Return what the wall clock shows, 0 where nobody has read it."""
        if self._wall is None:
            return 0
        wall_ms, at = self._wall
        return wall_ms + (now - at) // MILLISECOND

    def check_invariants(self) -> None:
        """Assert those of all parts."""
        self.lan.check_invariants()
        if self.head is not None:
            self.head.check_invariants()

    def _flush(self) -> list[Effect]:
        if self._is_moved:
            self._is_moved = False
            living = [each for each in self.lan.detector.members() if each.status <= Status.SUSPECT]
            agents = tuple(each.identity.address for each in living)
            self._out.append(events.ClusterKnown(dict(self._sisters()), agents))
        effects, self._out = self._out, []
        return effects

    # --- the pools ------------------------------------------------------------------------

    def _from_pool(self, pool: Pool, fact: pool_events.Event, now: Instant) -> None:
        if pool is Pool.LAN:
            self._on_lan(self.lan.handle(fact, now), now)
            return
        if isinstance(fact, pool_events.SeedsResolved):
            self._wan_seeds = fact.addresses
        if self.head is not None:
            self._do(self.head.from_pool(fact, now))

    def _on_lan(self, effects: Iterable[LanEffect], now: Instant) -> None:
        for effect in effects:
            if isinstance(effect, _ORDERS):
                self._out.append(ToPool(Pool.LAN, effect))
            elif isinstance(effect, Asked):
                self._asked(effect, now)
            elif isinstance(effect, Answered):
                self._next(self._questions.answered(effect.number, effect.answer))
            else:
                self._on_lan_fact(effect, now)

    def _on_lan_fact(self, fact: pool_events.Fact, now: Instant) -> None:
        self._out.append(Noted(fact, Pool.LAN))
        self._is_moved |= isinstance(fact, election_events.MemberFact)
        if isinstance(fact, pool_events.CertificateNeeded):
            self._out.append(events.CertificatesWanted(fact.above, RIVAL))
        if isinstance(fact, election_events.MemberFact | pool_events.BroadcastReceived):
            self._elected(self.election.handle(fact, now), now)
        if self.head is not None and isinstance(fact, PoolFact | IsolationFact):
            self._do(self.head.tell(LanFact(fact), now))

    def _asked(self, asked: Asked, now: Instant) -> None:
        match asked.question:
            case Ask(path, query):
                self._out.append(events.ReportWanted(asked.request, path, query))
            case Told(report):
                heard = pool_events.SendResponse(asked.request, HEARD)
                self._out.append(ToPool(Pool.LAN, heard))
                if self.head is not None:
                    self._do(self.head.tell(PeerReport(asked.sender, report), now))
            case _:
                assert_never(asked.question)

    def _ask(self, number: int, ask: Ask) -> None:
        bridges = self._sisters()
        self._dice.shuffle(bridges)
        self._next(self._questions.ask(number, ask, bridges))

    def _next(self, step: pool_events.SendRequest | events.LocalAnswered | None) -> None:
        if isinstance(step, pool_events.SendRequest):
            self._out.append(ToPool(Pool.LAN, step))
        elif step is not None:
            self._out.append(step)

    # --- the store ------------------------------------------------------------------------

    def _from_store(self, event: StoreFact, now: Instant) -> None:
        if isinstance(event, events.StoreAnswered):
            self._out.append(Noted(event))
            self._has_api = event.answers
            self._able(now)
            return
        if isinstance(event, events.KindRefused):
            self._out.append(Noted(event))
            if self.head is not None:
                self._do(self.head.refused(event.kind, now))
            return
        news = self.book.take(event)
        self._nodes_changed(news, now)
        if self.head is not None:
            self._do(self.head.objects(news, now))
        if self.book.choose(news):
            self._choose(now)
            self._want_kinds()
        self._begin_bridge(now)

    def _nodes_changed(self, news: News, now: Instant) -> None:
        for key in news.keys:
            if key.kind != NODE:
                continue
            document = self.book.mirror.get(key)
            if key.name == self.identity.node:
                self._out.append(events.OwnNodeSeen(document))
            if document is None:
                gone = pool_events.NodeDeleted(NodeName(key.name))
                self._on_lan(self.lan.handle(gone, now), now)

    def _choose(self, now: Instant) -> None:
        choice = self.book.choice
        if self.head is not None:
            self._do(self.head.choose(choice.driver, choice.why, now))

    def _want_kinds(self) -> None:
        """Say which kinds are to be watched, if they are others than before."""
        wanted = self.book.newly_wanted(is_bridge=self.is_called or self.head is not None)
        if wanted is not None:
            self._out.append(events.KindsWanted(wanted))

    def _to_head(self, event: HeadFact, now: Instant) -> None:
        head = self.head
        if head is None:
            return  # It stepped down meanwhile.
        match event:
            case WriteFinished():
                outputs = head.write_finished(event, now)
            case events.LeaseWriteFinished(number, document):
                outputs = head.lease_told(LeaseWritten(number, document), now)
            case events.HolderEnded(holder):
                outputs = head.lease_told(HolderGone(holder), now)
            case PathTried():
                outputs = head.tell(event, now)
            case _:
                assert_never(event)
        self._do(outputs)

    def _do(self, outputs: Iterable[Output]) -> None:
        """Pass on what a bridge says, and tell its sisters what it tells them."""
        for output in outputs:
            if isinstance(output, ToSisters):
                self._tell_sisters(Told(output.report))
                continue
            self._out.append(output)
            if isinstance(output, Noted) and isinstance(output.fact, pool_events.CertificateNeeded):
                self._out.append(events.CertificatesWanted(output.fact.above, RIVAL))

    def _tell_sisters(self, told: Told) -> None:
        for member, address in self._sisters():
            _, order = self.lan.ask(member, address, told, REPORT_TIMEOUT)
            self._out.append(ToPool(Pool.LAN, order))

    # --- duties ---------------------------------------------------------------------------

    def _able(self, now: Instant) -> None:
        """Say what this agent is able to do; who leaves is able to do nothing."""
        has_key = self.certificates.wan is not None and self._stops_at == NEVER
        ability = election_events.AbilityChanged(has_key, None, self._has_api)
        self._elected(self.election.handle(ability, now), now)

    def _elected(self, effects: Iterable[election_events.Effect], now: Instant) -> None:
        for effect in effects:
            match effect:
                case election_events.BecomeBridge():
                    self.is_called = self.head is None
                    self._want_kinds()
                    self._begin_bridge(now)
                case election_events.StepDown():
                    self._out.append(Noted(effect))
                    self._dismiss(now)
                case election_events.AnnounceDuty(key, statement):
                    spread = pool_events.BroadcastRequested(key, statement)
                    self._on_lan(self.lan.handle(spread, now), now)
                case election_events.BridgesChanged(members):
                    self._out.append(Noted(effect))
                    self._bridges_changed(members, now)
                case _:
                    assert_never(effect)

    def _begin_bridge(self, now: Instant) -> None:
        """Begin, once it is known whom the cluster trusts and what time it is."""
        known = all(map(self.book.mirror.knows, _TRUST))
        wan = self.certificates.wan
        if not self.is_called or not known or wan is None or self._wall is None:
            return
        self.is_called = False
        head = found_bridge(self.charter, self.keys, wan, self.book.mirror, now, self._dice)
        self.head = head
        self._out.append(events.BridgeBegan())
        self._do(head.begin(self.wall_ms(now), self._first(), now))
        self._do(head.from_pool(MembersRestored(self._wan_claims), now))
        self._do(head.from_pool(SeedsResolved(self._wan_seeds), now))
        self._choose(now)

    def _first(self) -> Iterator[BridgeEvent]:
        """Give what a new bridge is told once it knows whom the cluster trusts."""
        if self.keys.revocations:
            yield RevocationsReceived(self.keys.revocations)
        yield StateRestored(self._kept)
        for fact in lan_facts(self.lan.detector):
            yield LanFact(fact)

    def _dismiss(self, now: Instant) -> None:
        """Be a bridge no more: hand over, leave the pool of all clusters, keep what was known."""
        self.is_called = False
        head = self.head
        if head is not None:
            self._do(head.yield_lease(now))
            self._do(head.from_pool(pool_events.LeaveRequested(), now))
            self._kept = self.kept(now)
            self._wan_claims = head.wan.detector.snapshot()
            self.head = None
            self._out.append(events.BridgeEnded())
        self._want_kinds()

    def _bridges_changed(self, members: tuple[MemberId, ...], now: Instant) -> None:
        gone = [each for each in self._bridges if each not in members]
        self._bridges = members
        self._is_moved = True
        for member in gone:
            if self.head is not None and member != self.identity.member:
                self._do(self.head.tell(OwnBridgeGone(member), now))

    def _sisters(self) -> list[tuple[MemberId, Address]]:
        """Return the other bridges of our cluster, and where they are."""
        found = (self.lan.detector.member(each) for each in self._bridges)
        known = [each.identity for each in found if each is not None]
        own = self.identity.member
        return [(each.member, each.address) for each in known if each.member != own]

    # --- this process ---------------------------------------------------------------------

    def _renewed(self, event: events.CertificatesMade | events.KeyLoaded, now: Instant) -> None:
        head = self.head
        if isinstance(event, events.CertificatesMade):
            self.certificates = event
            self._on_lan(self.lan.handle(CertificateObtained(event.lan), now), now)
            if head is not None and event.wan is not None:
                self._do(head.from_pool(CertificateObtained(event.wan), now))
            return
        self.keys = event
        self._trust.handle(OwnKeysChanged(event.own_keys))
        if head is not None:
            told: list[BridgeEvent] = [OwnKeysChanged(event.own_keys), KeyRotated(event.key)]
            if event.revocations:
                told.append(RevocationsReceived(event.revocations))
            for each in told:
                self._do(head.tell(each, now))

    def _stop(self, now: Instant) -> None:
        """Give up the lease, and leave both pools; what is said by that spreads for a while."""
        if self._stops_at != NEVER:
            return
        self._stops_at, self._stops_by = now + LINGER, now + self.charter.stop_within
        self._able(now)
        self._dismiss(now)
        self._on_lan(self.lan.handle(pool_events.LeaveRequested(), now), now)

    def _end(self) -> None:
        self._stops_at = NEVER
        self._out.append(events.Stopped())
