"""Who is alive, suspected, dead or gone: memberlist's rules for every claim (`state.go`).

An alive claim needs a higher incarnation than what is known; suspect and dead need at
least the same. Claims about oneself are refuted. Dead entries of another's list are
suspicions only.
"""

from dataclasses import dataclass
from heapq import heappop, heappush

from failure_detect.clock import NEVER, Instant
from failure_detect.events import (
    Effect,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberReturned,
    MemberSuspected,
    SuspicionLifted,
)
from failure_detect.identity import MemberId
from simulations.baseline.directory import address_at
from simulations.baseline.formulas import suspicion_timeout
from simulations.baseline.station import Station
from simulations.baseline.suspicion import Suspicion, SuspicionTerms
from simulations.baseline.table import Member
from simulations.baseline.wire import (
    INCARNATION_MAX,
    VERSIONS,
    Alive,
    Dead,
    Entry,
    Name,
    State,
    Suspect,
)

_OWN_REFUTATION = b"\0refutation"
"""Under this key a member queues its refutations: memberlist takes its bare IP address there."""


@dataclass(slots=True)
class ClaimCounts:
    """How many claims changed anything."""

    joins: int = 0
    returns: int = 0
    suspicions: int = 0
    confirmations: int = 0
    deaths: int = 0
    refutations: int = 0
    ignored_addresses: int = 0
    """Alive claims with an address other than the known one, or of a name that nobody has."""


class Membership:
    """Applies claims to the list, and turns suspicions that run out into deaths."""

    def __init__(self, station: Station) -> None:
        self.counts = ClaimCounts()
        self._station = station
        self._suspicions: dict[Name, Suspicion] = {}
        # One entry for each deadline that a suspicion has had; only its last one counts.
        self._timers: list[tuple[Instant, int, Name, Suspicion]] = []
        self._timer_sequence = 0
        self._met: set[Name] = {station.me.name}

    @property
    def deadline(self) -> Instant:
        """When the next suspicion runs out."""
        while self._timers:
            at, _, name, suspicion = self._timers[0]
            if self._suspicions.get(name) is suspicion and suspicion.deadline == at:
                return at
            heappop(self._timers)
        return NEVER

    @property
    def suspects(self) -> list[Name]:
        """Return whom a suspicion is running against."""
        return list(self._suspicions)

    def advance(self, now: Instant) -> list[Effect]:
        """Declare dead whoever was suspected for long enough."""
        effects: list[Effect] = []
        while self.deadline <= now:
            _, _, name, _ = heappop(self._timers)
            member = self._station.table.get(name)
            if member is not None:
                effects += self.dead(Dead(member.incarnation, name, self._station.me.name), now)
        return effects

    def settle(self, member: Member) -> None:
        """Take in a member as known from the start: no claim, no news, no fact."""
        self._met.add(member.name)
        self._station.table.add(member)

    def alive(self, claim: Alive, now: Instant) -> list[Effect]:
        """Take in that a member says it is there."""
        me = self._station.me
        if claim.node == me.name:
            self._hear_of_oneself(claim)
            return []
        member = self._addressee(claim, now)
        if member is None or not self._is_news(claim, member):
            return []
        self._suspicions.pop(claim.node, None)
        self._station.broadcasts.put(claim.node, claim.encode())
        before = member.state
        member.incarnation = claim.incarnation
        member.packed, member.port = claim.address, claim.port
        member.address = address_at(claim.address, claim.port)
        if before is not State.ALIVE:
            member.state = State.ALIVE
            member.changed_at = now
        return self._facts_of_life(member, before)

    def suspect(self, claim: Suspect, now: Instant) -> list[Effect]:
        """Take in that a member suspects another, perhaps us."""
        member = self._station.table.get(claim.node)
        if member is None or claim.incarnation < member.incarnation:
            return []
        running = self._suspicions.get(claim.node)
        if running is not None:
            self._confirm(running, claim)
            return []
        if member.state is not State.ALIVE:
            return []
        if member is self._station.me:
            self._refute(claim.incarnation)
            return []
        self._station.broadcasts.put(claim.node, claim.encode())
        self.counts.suspicions += 1
        member.incarnation = claim.incarnation
        member.state = State.SUSPECT
        member.changed_at = now
        suspicion = Suspicion(claim.accuser, self._terms(), now)
        self._suspicions[claim.node] = suspicion
        self._arm(claim.node, suspicion)
        return [MemberSuspected(self._id(member), member.incarnation)]

    def dead(self, claim: Dead, now: Instant) -> list[Effect]:
        """Take in that a member declares another dead, or that one leaves."""
        station = self._station
        member = station.table.get(claim.node)
        if member is None or claim.incarnation < member.incarnation:
            return []
        suspicion = self._suspicions.pop(claim.node, None)
        if member.is_gone:
            return []
        if member is station.me and not station.has_left:
            self._refute(claim.incarnation)
            return []
        station.broadcasts.put(claim.node, claim.encode())
        member.incarnation = claim.incarnation
        member.state = State.LEFT if claim.node == claim.accuser else State.DEAD
        member.changed_at = now
        if member.state is State.LEFT:
            return [MemberLeft(self._id(member))]
        self.counts.deaths += 1
        accusers = self._accusers(suspicion, claim.accuser)
        return [MemberDied(self._id(member), member.incarnation, accusers)]

    def merge(self, entries: tuple[Entry, ...], now: Instant) -> list[Effect]:
        """Take in another member's whole list."""
        effects: list[Effect] = []
        for name, address, port, incarnation, state, versions in entries:
            match state:
                case State.ALIVE:
                    claim = Alive(incarnation, name, address, port, versions)
                    effects += self.alive(claim, now)
                case State.LEFT:
                    effects += self.dead(Dead(incarnation, name, name), now)
                case State.SUSPECT | State.DEAD:
                    # Not to be killed by a stale list: it costs a suspicion of one's own.
                    accusation = Suspect(incarnation, name, self._station.me.name)
                    effects += self.suspect(accusation, now)
        return effects

    def announce(self) -> None:
        """Say that this member is there, under its present incarnation."""
        me = self._station.me
        claim = Alive(me.incarnation, me.name, me.packed, me.port)
        self._station.broadcasts.put(me.name, claim.encode())

    def leave(self, now: Instant) -> list[Effect]:
        """Say that this member goes; nothing about it is refuted any more."""
        if self._station.has_left:
            return []
        self._station.has_left = True
        me = self._station.me
        return self.dead(Dead(me.incarnation, me.name, me.name), now)

    def _addressee(self, claim: Alive, now: Instant) -> Member | None:
        """Return whom the claim is about, known or new; None where it is to be ignored."""
        station = self._station
        member = station.table.get(claim.node)
        if station.directory.find(claim.node) is None or len(claim.address) not in (4, 16):
            self.counts.ignored_addresses += 1
            return None
        if member is not None:
            same = member.packed == claim.address and member.port == claim.port
            if same or member.state is State.LEFT:
                return member
            self.counts.ignored_addresses += 1
            return None
        address = address_at(claim.address, claim.port)
        member = Member(claim.node, address, claim.address, claim.port, 0, State.DEAD, now)
        self._station.table.add(member)
        return member

    def _is_news(self, claim: Alive, member: Member) -> bool:
        moved = member.packed != claim.address or member.port != claim.port
        return claim.incarnation > member.incarnation or moved

    def _facts_of_life(self, member: Member, before: State) -> list[Effect]:
        identity = self._station.directory.find(member.name)
        assert identity is not None  # Nobody speaks before it has started.
        incarnation = member.incarnation
        if member.name not in self._met:
            self._met.add(member.name)
            self.counts.joins += 1
            return [MemberJoined(identity, incarnation)]
        match before:
            case State.ALIVE:
                return []
            case State.SUSPECT:
                return [SuspicionLifted(identity.member)]
            case State.DEAD | State.LEFT:
                self.counts.returns += 1
                return [MemberReturned(identity.member, incarnation)]

    def _hear_of_oneself(self, claim: Alive) -> None:
        me, station = self._station.me, self._station
        if station.has_left or claim.incarnation < me.incarnation:
            return
        if (claim.address, claim.port) != (me.packed, me.port):
            self.counts.ignored_addresses += 1
            return
        if claim.incarnation > me.incarnation or claim.versions != VERSIONS:
            self._refute(claim.incarnation)

    def _confirm(self, running: Suspicion, claim: Suspect) -> None:
        if running.confirm(claim.accuser):
            self.counts.confirmations += 1
            self._arm(claim.node, running)
            self._station.broadcasts.put(claim.node, claim.encode())

    def _refute(self, accused: int) -> None:
        me, station = self._station.me, self._station
        incarnation = (me.incarnation + 1) & INCARNATION_MAX
        if accused >= incarnation:
            incarnation = (accused + 1) & INCARNATION_MAX
        me.incarnation = incarnation
        self.counts.refutations += 1
        station.awareness.apply(1)
        claim = Alive(incarnation, me.name, me.packed, me.port)
        station.broadcasts.put(_OWN_REFUTATION, claim.encode())

    def _terms(self) -> SuspicionTerms:
        config, members = self._station.config, len(self._station.table)
        wanted = config.confirmations_wanted
        shortest = suspicion_timeout(config.suspicion_mult, members, config.probe_interval)
        return SuspicionTerms(
            wanted=wanted if members - 2 >= wanted else 0,
            shortest=shortest,
            longest=config.suspicion_max_mult * shortest,
        )

    def _arm(self, name: Name, suspicion: Suspicion) -> None:
        self._timer_sequence += 1
        heappush(self._timers, (suspicion.deadline, self._timer_sequence, name, suspicion))

    def _id(self, member: Member) -> MemberId:
        return self._station.directory.member_id(member.name)

    def _accusers(self, suspicion: Suspicion | None, last: Name) -> tuple[MemberId, ...]:
        names = dict.fromkeys((*(suspicion.accusers if suspicion else ()), last))
        return tuple(self._station.directory.member_id(name) for name in names)
