"""One agent as one machine: the pool of its cluster, its duties, and what a bridge does.

    store --> mirror --> Bridgehead (while this agent is a bridge)  <--> wan pool
                             ^ what the own pool says, and what its sisters see
    lan pool <--> Membership (detector, election, questions among agents)

Rule 1: what a kind of object has is in the mirror before anybody is told that it changed. Rule 2: a
bridge begins once it is known whom the cluster trusts, which the store says; where the store has
not answered for `RECALL_AFTER`, what it said to an earlier run counts until it answers. What was
kept comes after that. Rule 3: an agent that is no bridge holds nothing, watches nothing but nodes,
and asks a bridge. Rule 4: who is asked to stop gives up the lease, says so to both pools, and ends
when the lease is given up and the word has had a while to spread, or the time for it is over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random
from typing import assert_never

from agent.core import election_events, events
from agent.core.bridgehead import Bridgehead, Output
from agent.core.charter import Charter
from agent.core.driver_choice import DriverChoice
from agent.core.election import Election
from agent.core.events import Effect, Event, Noted, ToSisters
from agent.core.farewell import Farewell
from agent.core.founding import Seat, found_bridge
from agent.core.lan_member import LanMember
from agent.core.lease_events import HolderGone, LeaseWritten
from agent.core.membership import RIVAL, Membership
from agent.core.membership import Output as PoolOutput
from agent.core.membership_events import Concluded, PoolSaid, SisterGone, SisterTold
from agent.core.object_book import TRUST, Documents, News, ObjectBook
from agent.core.office import Ask
from agent.core.replay import lan_facts
from agent.core.wall import Wall
from agent.drivers.writer_events import WriteFinished
from agent.objects import NODE
from agent.wire.header import Pool
from discovery.agent_authority import AgentAuthority
from discovery.bridge_events import Event as BridgeEvent
from discovery.bridge_events import LanFact, StateRestored
from discovery.data_path import PathTried
from discovery.publisher_events import KeyRotated
from discovery.state import KeptState
from discovery.trust_events import OwnKeysChanged, RevocationsReceived
from discovery.verdict_events import OwnBridgeGone, PeerReport
from failure_detect import events as pool_events
from failure_detect.clock import NEVER, SECOND, Duration, Instant
from failure_detect.events import CertificateObtained, MembersRestored, SeedsResolved
from failure_detect.identity import Address, Identity, NodeName

RECALL_AFTER: Duration = 5 * SECOND
"""How long the store may take to say whom the cluster trusts, before an earlier answer counts."""


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
        self._pool = Membership(charter, now, dice)
        self._has_api = True
        self.head: Bridgehead | None = None
        """What this agent does while it is a bridge."""
        self._kept = charter.kept
        self._wan_claims = charter.wan_claims
        self._wan_seeds: tuple[Address, ...] = ()
        self.is_called = False
        """Whether it is to be a bridge, and waits for what it must know before."""
        self._trusted = charter.trusted
        self._patient_until: Instant = now + RECALL_AFTER
        self._recalls_at: Instant = NEVER
        self._wall = Wall()
        self._farewell = Farewell()
        self._out: list[Effect] = []

    # --- surface --------------------------------------------------------------------------

    @property
    def lan(self) -> LanMember:
        """This agent's detector in the pool of its cluster."""
        return self._pool.lan

    @property
    def lan_authority(self) -> AgentAuthority:
        """What lets agents into that pool."""
        return self._pool.authority

    @property
    def identity(self) -> Identity:
        """Who this agent is in that pool."""
        return self._pool.identity

    @property
    def election(self) -> Election:
        """Which agents are bridges."""
        return self._pool.election

    def begin(self, now: Instant) -> list[Effect]:
        """Say what is wanted from the start: to be called once, before everything else."""
        self._in_pool(self._pool.begin(self.charter.lan_claims, now), now)
        self._able(now)
        self._want_kinds()
        return self._flush()

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        soonest = min(self._pool.deadline, self._farewell.deadline, self._recalls_at)
        return soonest if self.head is None else min(soonest, self.head.deadline)

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take in one fact. Refused input changes nothing and is counted by reason."""
        match event:
            case events.FromPool(pool, fact):
                self._from_pool(pool, fact, now)
            case events.ClockRead(wall_ms):
                self._wall.read(wall_ms, now)
                self._in_pool(self._pool.clock_read(wall_ms, now), now)
                if self.head is not None:
                    self._do(self.head.clock_read(wall_ms, now), now)
            case events.LocalAsked(number, path, query):
                self._in_pool(self._pool.ask(number, Ask(path, query)), now)
            case events.StopRequested():
                self._stop(now)
            case _:
                self._from_process(event, now)
        return self._flush()

    def _from_process(
        self, event: events.StoreFact | events.HeadFact | events.Renewal, now: Instant
    ) -> None:
        if isinstance(event, events.StoreFact):
            self._from_store(event, now)
            return
        match event:
            case events.CertificatesMade():
                self._certified(event, now)
            case events.KeyLoaded():
                self._load(event, now)
            case events.SettingsChanged(settings):
                self.charter = replace(
                    self.charter, sources=replace(self.charter.sources, settings=settings)
                )
                if self.head is not None:
                    self._do(self.head.settings_changed(settings, now), now)
            case _:
                self._to_head(event, now)

    def advance(self, now: Instant) -> list[Effect]:
        """Do what is due. Being late is fine."""
        if self._pool.deadline <= now:
            self._in_pool(self._pool.advance(now), now)
        if self._recalls_at <= now:
            self._recall(now)
        if self.head is not None and self.head.deadline <= now:
            self._do(self.head.advance(now), now)
        if self._farewell.deadline <= now:
            self._out += self._farewell.advance(now)
        return self._flush()

    def kept(self, now: Instant) -> KeptState:
        """Return what a later run is to have."""
        head = self.head
        return self._kept if head is None else head.bridge.kept(self.wall_ms(now), now)

    @property
    def trusted(self) -> Documents | None:
        """Whom the cluster trusts, by its own objects, for a later run; None: not known."""
        known = self.book.trusted
        return self._trusted if known is None else known

    @property
    def wan_claims(self) -> tuple[bytes, ...]:
        """Who was alive in the pool of all clusters when this agent had part in it last."""
        return self._wan_claims if self.head is None else self.head.wan.detector.snapshot()

    def wall_ms(self, now: Instant) -> int:
        """Return what the wall clock shows, 0 where nobody has read it."""
        return self._wall.ms(now)

    def check_invariants(self) -> None:
        """Assert those of all parts."""
        self._pool.check_invariants()
        if self.head is not None:
            self.head.check_invariants()

    def _flush(self) -> list[Effect]:
        effects, self._out = self._out, []
        return effects

    # --- the pools ------------------------------------------------------------------------

    def _from_pool(self, pool: Pool, fact: pool_events.Event, now: Instant) -> None:
        if pool is Pool.LAN:
            self._in_pool(self._pool.handle(fact, now), now)
            return
        if isinstance(fact, SeedsResolved):
            self._wan_seeds = fact.addresses
        if self.head is not None:
            self._do(self.head.from_pool(fact, now), now)
        elif self._farewell.parting is not None:
            self._out += self._farewell.parting.handle(fact, now)

    def _in_pool(self, outputs: Iterable[PoolOutput], now: Instant) -> None:
        """Pass on what the own pool wants, and do what follows from what it concluded."""
        for output in outputs:
            if isinstance(output, Concluded):
                self._on_concluded(output, now)
            else:
                self._out.append(output)

    def _on_concluded(self, concluded: Concluded, now: Instant) -> None:
        match concluded:
            case election_events.BecomeBridge():
                self.is_called = self.head is None
                self._recalls_at = max(now, self._patient_until)
                self._want_kinds()
                self._begin_bridge(now)
            case election_events.StepDown():
                self._out.append(Noted(concluded))
                self._dismiss(now)
            case PoolSaid(fact):
                self._tell_head(LanFact(fact), now)
            case SisterTold(sender, report):
                self._tell_head(PeerReport(sender, report), now)
            case SisterGone(member):
                self._tell_head(OwnBridgeGone(member), now)
            case _:
                assert_never(concluded)

    def _tell_head(self, event: BridgeEvent, now: Instant) -> None:
        if self.head is not None:
            self._do(self.head.tell(event, now), now)

    # --- the store ------------------------------------------------------------------------

    def _from_store(self, event: events.StoreFact, now: Instant) -> None:
        if isinstance(event, events.StoreAnswered):
            self._out.append(Noted(event))
            self._has_api = event.answers
            self._able(now)
        elif isinstance(event, events.KindRefused):
            self._out.append(Noted(event))
            if self.head is not None:
                self._do(self.head.refused(event.kind, now), now)
        else:
            self._on_news(self.book.take(event), now)

    def _on_news(self, news: News, now: Instant) -> None:
        self._nodes_changed(news, now)
        if self.head is not None:
            self._do(self.head.objects(news, now), now)
        if self.book.choose(news):
            self._choose(now)
            self._want_kinds()
        self._begin_bridge(now)

    def _recall(self, now: Instant) -> None:
        """Go on with what an earlier run was told, where the store has not said it."""
        self._recalls_at = NEVER
        if not self.is_called or self._trusted is None:
            return
        for news in self.book.recall(self._trusted):
            self._out.append(Noted(events.TrustRecalled(len(news.keys))))
            self._on_news(news, now)

    def _nodes_changed(self, news: News, now: Instant) -> None:
        for key in news.keys:
            if key.kind != NODE:
                continue
            document = self.book.mirror.get(key)
            if key.name == self.identity.node:
                self._out.append(events.OwnNodeSeen(document))
            if document is None:
                gone = pool_events.NodeDeleted(NodeName(key.name))
                self._in_pool(self._pool.handle(gone, now), now)

    def _choose(self, now: Instant) -> None:
        choice = self.book.choice
        if self.head is not None:
            self._do(self.head.choose(choice.driver, choice.why, now), now)

    def _want_kinds(self) -> None:
        """Say which kinds are to be watched, if they are others than before."""
        wanted = self.book.newly_wanted(is_bridge=self.is_called or self.head is not None)
        if wanted is not None:
            self._out.append(events.KindsWanted(wanted))

    def _to_head(self, event: events.HeadFact, now: Instant) -> None:
        head = self.head
        if head is None:  # It stepped down meanwhile.
            parting = self._farewell.parting
            if parting is not None and isinstance(event, events.LeaseWriteFinished):
                written = LeaseWritten(event.number, event.document)
                self._out += parting.lease_written(written, now)
            return
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
        self._do(outputs, now)

    def _do(self, outputs: Iterable[Output], now: Instant) -> None:
        """Pass on what a bridge says, and tell its sisters what it tells them."""
        for output in outputs:
            if isinstance(output, ToSisters):
                self._in_pool(self._pool.tell_sisters(output.report), now)
                continue
            self._out.append(output)
            if isinstance(output, Noted) and isinstance(output.fact, pool_events.CertificateNeeded):
                self._out.append(events.CertificatesWanted(output.fact.above, RIVAL))

    # --- duties ---------------------------------------------------------------------------

    def _able(self, now: Instant) -> None:
        """Say what this agent is able to do; who leaves is able to do nothing."""
        has_key = self.certificates.wan is not None and not self._farewell.is_begun
        ability = election_events.AbilityChanged(has_key, None, self._has_api)
        self._in_pool(self._pool.able(ability, now), now)

    def _begin_bridge(self, now: Instant) -> None:
        """Begin, once it is known whom the cluster trusts and what time it is."""
        known = all(map(self.book.mirror.knows, TRUST))
        wan = self.certificates.wan
        if not self.is_called or not known or wan is None or not self._wall.is_known:
            return
        self.is_called = False
        self._out += self._farewell.cut_short()
        seat = Seat(self.keys, wan, self._farewell.left_at)
        head = found_bridge(self.charter, seat, self.book.mirror, now, self._dice)
        self.head = head
        self._out.append(events.BridgeBegan())
        self._do(head.begin(self.wall_ms(now), self._first(), now), now)
        self._do(head.from_pool(MembersRestored(self._wan_claims), now), now)
        self._do(head.from_pool(SeedsResolved(self._wan_seeds), now), now)
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
        self._trusted = self.trusted
        head = self.head
        if head is not None:
            self._do(head.yield_lease(now), now)
            self._kept = self.kept(now)
            self._wan_claims = self.wan_claims
            self.head = None
            own = self.identity.member
            self._out += self._farewell.part(head.wan, head.lease, own, now)
        self._want_kinds()

    # --- this process ---------------------------------------------------------------------

    def _certified(self, made: events.CertificatesMade, now: Instant) -> None:
        self.certificates = made
        self._in_pool(self._pool.renewed(made.lan, now), now)
        if self.head is not None and made.wan is not None:
            self._do(self.head.from_pool(CertificateObtained(made.wan), now), now)

    def _load(self, loaded: events.KeyLoaded, now: Instant) -> None:
        self.keys = loaded
        self._in_pool(self._pool.believe(loaded.own_keys), now)
        self._tell_head(OwnKeysChanged(loaded.own_keys), now)
        self._tell_head(KeyRotated(loaded.key), now)
        if loaded.revocations:
            self._tell_head(RevocationsReceived(loaded.revocations), now)

    def _stop(self, now: Instant) -> None:
        """Give up the lease, and leave both pools; what is said by that spreads for a while."""
        if self._farewell.is_begun:
            return
        self._farewell.begin(self.charter.stop_within, now)
        self._able(now)
        self._dismiss(now)
        self._in_pool(self._pool.leave(now), now)
