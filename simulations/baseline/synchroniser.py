"""memberlist's exchange of whole lists: with seeds to join, then with anybody now and then."""

from collections import deque
from dataclasses import dataclass

from failure_detect.clock import NEVER, Instant
from failure_detect.events import Effect, SendRequest
from failure_detect.identity import Address, MemberId
from simulations.baseline.formulas import push_pull_interval
from simulations.baseline.membership import Membership
from simulations.baseline.packing import shrunk_stream
from simulations.baseline.station import Station
from simulations.baseline.table import Member
from simulations.baseline.wire import Entry, PushPull, State


@dataclass(slots=True)
class ExchangeCounts:
    """How the exchanges went that this member began."""

    started: int = 0
    finished: int = 0
    failed: int = 0


class Synchroniser:
    """Two threads of work, as in memberlist: a join, and a periodic exchange."""

    def __init__(self, station: Station, membership: Membership, first: Instant) -> None:
        self.counts = ExchangeCounts()
        self._station = station
        self._membership = membership
        self._next_at = first
        self._periodic: int | None = None
        self._joining: int | None = None
        self._seeds: deque[Address] = deque()
        self._has_joined = False
        self._is_stalled = False

    @property
    def deadline(self) -> Instant:
        """When the next periodic exchange begins; not while one is under way."""
        return NEVER if self._is_stalled or self._periodic is not None else self._next_at

    def advance(self, now: Instant) -> list[Effect]:
        """Begin an exchange with a random living member, if it is time."""
        if now < self.deadline:
            return []
        if self._station.gate.closed:
            self._is_stalled = True
            return []
        me = self._station.me

        def lives(member: Member) -> bool:
            return member.state is State.ALIVE and member is not me

        partners = self._station.table.pick(1, lives)
        if not partners:
            self._schedule(now)
            return []
        self._periodic = self._station.next_request()
        partner = partners[0]
        to = self._station.directory.member_id(partner.name)
        return self._begin(self._periodic, to, partner.address)

    def resume(self, now: Instant) -> list[Effect]:
        """Go on with what a closed gate held up."""
        self._is_stalled = False
        return self.advance(now)

    def join(self, seeds: tuple[Address, ...]) -> list[Effect]:
        """Exchange lists with every seed, one after the other, unless that has worked before."""
        if self._has_joined or self._joining is not None:
            return []
        self._seeds = deque(seed for seed in seeds if seed != self._station.me.address)
        return self._next_seed()

    def finish(self, request: int, answer: PushPull | None, now: Instant) -> list[Effect]:
        """Take in how a stream of ours ended: with another's list, or with nothing."""
        if request not in (self._periodic, self._joining):
            return []
        effects: list[Effect] = []
        if answer is None:
            self.counts.failed += 1
        else:
            self.counts.finished += 1
            effects += self._membership.merge(answer.entries, now)
        if request == self._joining:
            self._joining = None
            self._has_joined = self._has_joined or answer is not None
            return effects + self._next_seed()
        self._periodic = None
        self._schedule(now)
        return effects

    def response(self, *, join: bool = False) -> bytes:
        """Return this member's list, as it goes into a stream."""
        entries = tuple(
            Entry(each.name, each.packed, each.port, each.incarnation, each.state)
            for each in self._station.table.members
        )
        return shrunk_stream(PushPull(join, entries).encode())

    def _next_seed(self) -> list[Effect]:
        if not self._seeds:
            return []
        self._joining = self._station.next_request()
        return self._begin(self._joining, None, self._seeds.popleft())

    def _begin(self, request: int, to: MemberId | None, address: Address) -> list[Effect]:
        self.counts.started += 1
        data = self.response(join=request == self._joining)
        timeout = self._station.config.stream_timeout
        return [*self._station.gate.send(SendRequest(request, to, address, data, timeout))]

    def _schedule(self, now: Instant) -> None:
        base = self._station.config.push_pull_interval
        self._next_at = now + push_pull_interval(base, len(self._station.table))
