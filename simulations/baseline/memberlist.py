"""HashiCorp memberlist as a machine without I/O: the baseline of every experiment.

It is written from memberlist's behaviour (version 0.7.0), not from its text: the same
messages and sizes, the same timers and rules, its late nack included. What is a thread
of work there, and may block in a send, is a loop here that may stall (`gate`).

Left out, because no experiment reaches it: encryption, labels, user messages and state,
delegates, negotiation of versions, and the queue between its socket and its list, which
reorders claims only where they come faster than they are read. Each member's loops start
at a random phase.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from failure_detect.clock import NEVER, Duration, Instant
from failure_detect.events import (
    DatagramReceived,
    Effect,
    Event,
    LeaveRequested,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SeedsResolved,
    SendResponse,
)
from failure_detect.identity import Address, Identity, MemberId
from simulations.baseline.config import MemberlistConfig
from simulations.baseline.directory import Directory, address_at, endpoint_of
from simulations.baseline.formulas import push_pull_interval
from simulations.baseline.gossiper import Gossiper
from simulations.baseline.membership import Membership
from simulations.baseline.packing import open_datagram, open_stream, shrunk_stream
from simulations.baseline.prober import Prober
from simulations.baseline.proxy import Proxy
from simulations.baseline.station import Station
from simulations.baseline.synchroniser import Synchroniser
from simulations.baseline.table import Member
from simulations.baseline.wire import (
    Ack,
    Alive,
    Dead,
    Message,
    Nack,
    Name,
    Ping,
    PingReq,
    PushPull,
    State,
    Suspect,
    WireError,
)

_CLAIMS = (Suspect, Alive, Dead)
_Exchange: TypeAlias = Ping | Ack | Nack | PingReq | PushPull


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberlistStatistics:
    """Counts of one member since it started, and its present state."""

    members: int
    """In its list: itself, and the dead that are still kept, too."""
    suspected: int
    queued: int
    """Claims that it still has to spread."""
    awareness: int
    incarnation: int
    probes_started: int
    probes_failed: int
    probes_saved_by_stream: int
    nacks_missed: int
    joins: int
    returns: int
    suspicions: int
    confirmations: int
    deaths: int
    refutations: int
    ignored_addresses: int
    exchanges_started: int
    exchanges_finished: int
    exchanges_failed: int
    rejected: int
    """Datagrams and streams that could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquaintance:
    """Who a member is, by which name, and whom it knows from the start."""

    name: Name
    identity: Identity
    directory: Directory
    """Has the identities of all; this one is enrolled by the machine."""
    known: Sequence[tuple[Name, Address]] = ()
    """Members that are alive at incarnation 1 in its list from the start; itself or not."""


class Memberlist:
    """One member that runs memberlist's protocol."""

    def __init__(
        self, acquaintance: Acquaintance, config: MemberlistConfig, *, now: Instant, rng: Random
    ) -> None:
        acquaintance.directory.enroll(acquaintance.name, acquaintance.identity)
        me = _newcomer(acquaintance.name, acquaintance.identity.address, now)
        self._station = Station(me, acquaintance.directory, config, rng)
        self._membership = Membership(self._station)
        self._proxy = Proxy(self._station)
        self._rejected = 0
        self._resume_at: Instant = NEVER
        self._meet(acquaintance, now)

        def phase(interval: Duration) -> Instant:
            return now + 1 + int(rng.random() * interval)

        exchange = push_pull_interval(config.push_pull_interval, len(self._station.table))
        self._prober = Prober(self._station, self._membership, phase(config.probe_interval))
        self._gossiper = Gossiper(self._station, phase(config.gossip_interval))
        self._synchroniser = Synchroniser(self._station, self._membership, phase(exchange))
        self.deadline: Instant = NEVER
        """When `advance` is due next."""
        self._settle(now)

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take in one fact; events that memberlist has no use for change nothing."""
        resumed = self._resume(now) if now >= self._resume_at else []
        effects = self._handle(event, now)
        self._settle(now)
        return resumed + effects if resumed else effects

    def advance(self, now: Instant) -> list[Effect]:
        """Do what is due at `now`."""
        effects: list[Effect] = []
        if now >= self._resume_at:
            effects += self._resume(now)
        if now >= self._membership.deadline:
            effects += self._membership.advance(now)
        if now >= self._proxy.deadline:
            effects += self._proxy.advance(now)
        if now >= self._prober.deadline:
            effects += self._prober.advance(now)
        if now >= self._synchroniser.deadline:
            effects += self._synchroniser.advance(now)
        self._gossiper.wake(now)
        if now >= self._gossiper.deadline:
            effects += self._gossiper.advance(now)
        self._settle(now)
        return effects

    def gate(self, closed: bool, now: Instant) -> None:  # noqa: FBT001  # A fact, not a mode.
        """Learn that from `now` on no traffic passes (`closed`), or that it does again.

        While it is closed a loop that has something to send stalls; the timers of
        suspicions go on. What was held up comes out of the `advance` that is due at once.
        """
        self._station.gate.closed = closed
        self._resume_at = NEVER if closed else now
        self._settle(now)

    def statistics(self) -> MemberlistStatistics:
        """Return counts."""
        station, claims = self._station, self._membership.counts
        probes, exchanges = self._prober.counts, self._synchroniser.counts
        return MemberlistStatistics(
            members=len(station.table),
            suspected=len(self._membership.suspects),
            queued=len(station.broadcasts),
            awareness=station.awareness.score,
            incarnation=station.me.incarnation,
            probes_started=probes.started,
            probes_failed=probes.failed,
            probes_saved_by_stream=probes.saved_by_stream,
            nacks_missed=probes.nacks_missed,
            joins=claims.joins,
            returns=claims.returns,
            suspicions=claims.suspicions,
            confirmations=claims.confirmations,
            deaths=claims.deaths,
            refutations=claims.refutations,
            ignored_addresses=claims.ignored_addresses,
            exchanges_started=exchanges.started,
            exchanges_finished=exchanges.finished,
            exchanges_failed=exchanges.failed,
            rejected=self._rejected,
        )

    def check_invariants(self) -> None:
        """Raise AssertionError where the state contradicts itself."""
        station, members = self._station, self._station.table.members
        names = [each.name for each in members]
        assert len(set(names)) == len(names), "a name twice in the list"
        assert all(station.table.get(each.name) is each for each in members), (
            "list and index differ"
        )
        assert station.me in members, "not in its own list"
        assert station.me.is_gone == station.has_left, "gone in its own view without leaving"
        suspects = sorted(each.name for each in members if each.state is State.SUSPECT)
        assert sorted(self._membership.suspects) == suspects, "suspicions and suspects differ"
        assert 0 <= station.awareness.score < station.config.awareness_max, "score out of range"
        subjects = station.broadcasts.subjects()
        assert len(set(subjects)) == len(subjects), "two claims about one subject"
        is_passing = not station.gate.closed and self._resume_at == NEVER
        assert not (is_passing and station.gate.held), "orders held at an open gate"

    def _settle(self, now: Instant) -> None:
        """Work out when to go on, once for all who ask."""
        self._gossiper.wake(now)
        self.deadline = min(
            self._resume_at,
            self._prober.deadline,
            self._gossiper.deadline,
            self._membership.deadline,
            self._proxy.deadline,
            self._synchroniser.deadline,
        )

    def _resume(self, now: Instant) -> list[Effect]:
        """Send what the gate held, then let the loops that stalled go on."""
        self._resume_at = NEVER
        gate = self._station.gate
        effects: list[Effect] = [*gate.held]
        gate.held = []
        effects += self._prober.resume(now)
        effects += self._gossiper.resume(now)
        effects += self._synchroniser.resume(now)
        return effects

    def _meet(self, acquaintance: Acquaintance, now: Instant) -> None:
        for name, address in acquaintance.known:
            if name != acquaintance.name:
                self._membership.settle(_newcomer(name, address, now))
        self._station.table.shuffle()
        if not acquaintance.known:
            self._membership.announce()

    def _handle(self, event: Event, now: Instant) -> list[Effect]:
        effects: list[Effect] = []
        match event:
            case DatagramReceived(sender, data):
                effects += self._on_datagram(sender, data, now)
            case RequestReceived(request, _, data):
                effects += self._on_request(request, data, now)
            case ResponseReceived(request, _, data):
                effects += self._on_response(request, data, now)
            case RequestFailed(request):
                effects += self._on_stream_end(request, None, now)
            case SeedsResolved(addresses):
                effects += self._synchroniser.join(addresses)
            case LeaveRequested():
                effects += self._membership.leave(now)
            case _:
                pass
        return effects

    def _on_datagram(self, sender: MemberId, data: bytes, now: Instant) -> list[Effect]:
        try:
            messages = open_datagram(data)
        except WireError:
            self._rejected += 1
            return []
        effects: list[Effect] = []
        for message in messages:
            if isinstance(message, _CLAIMS):
                effects += self._on_claim(message, now)
            else:
                effects += self._on_message(message, sender, now)
        return effects

    def _on_message(self, message: _Exchange, sender: MemberId, now: Instant) -> list[Effect]:
        match message:
            case Ping():
                return self._on_ping(message, sender)
            case Ack(seq):
                self._prober.on_ack(seq, now)
                return self._proxy.on_ack(seq)
            case Nack(seq):
                self._prober.on_nack(seq, now)
                return []
            case PingReq():
                return self._proxy.on_request(message, sender, now)
            case PushPull():
                self._rejected += 1
                return []

    def _on_claim(self, claim: Alive | Suspect | Dead, now: Instant) -> list[Effect]:
        match claim:
            case Suspect():
                return self._membership.suspect(claim, now)
            case Alive():
                return self._membership.alive(claim, now)
            case Dead():
                return self._membership.dead(claim, now)

    def _on_ping(self, ping: Ping, sender: MemberId) -> list[Effect]:
        station = self._station
        if ping.node != station.me.name or len(ping.source_address) not in (4, 16):
            return []
        address = address_at(ping.source_address, ping.source_port)
        to = station.directory.member_id(ping.source, sender)
        return [*station.gate.send(station.datagram(to, address, Ack(ping.seq).encode()))]

    def _on_request(self, request: int, data: bytes, now: Instant) -> list[Effect]:
        try:
            message = open_stream(data)
        except WireError:
            self._rejected += 1
            return []
        gate = self._station.gate
        match message:
            case Ping(seq, node) if node == self._station.me.name:
                return [*gate.send(SendResponse(request, shrunk_stream(Ack(seq).encode())))]
            case PushPull(_, entries):
                answer = gate.send(SendResponse(request, self._synchroniser.response()))
                return [*answer, *self._membership.merge(entries, now)]
            case _:
                self._rejected += 1
                return []

    def _on_response(self, request: int, data: bytes, now: Instant) -> list[Effect]:
        try:
            message = open_stream(data)
        except WireError:
            self._rejected += 1
            message = None
        return self._on_stream_end(request, message, now)

    def _on_stream_end(self, request: int, answer: Message | None, now: Instant) -> list[Effect]:
        seq = answer.seq if isinstance(answer, Ack) else None
        if self._prober.on_stream_end(request, seq):
            return []
        entries = answer if isinstance(answer, PushPull) else None
        return self._synchroniser.finish(request, entries, now)


def _newcomer(name: Name, address: Address, now: Instant) -> Member:
    endpoint = endpoint_of(address)
    return Member(name, address, endpoint.packed, endpoint.port, 1, State.ALIVE, now)
