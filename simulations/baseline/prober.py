"""memberlist's probe loop: one member after another, directly, then through others (`state.go`).

The loop is one thread of work: where a send blocks it stands still, and the clock of its
round runs on. A round that was held up so ends as a failure as soon as traffic passes.
"""

from dataclasses import dataclass, field

from failure_detect.clock import NEVER, Instant
from failure_detect.events import Effect, SendRequest
from simulations.baseline.membership import Membership
from simulations.baseline.packing import shrunk_stream
from simulations.baseline.station import Station, Ticker
from simulations.baseline.table import Member
from simulations.baseline.wire import Ping, PingReq, State, Suspect


@dataclass(slots=True)
class ProbeCounts:
    """How the rounds went."""

    started: int = 0
    failed: int = 0
    saved_by_stream: int = 0
    """Rounds in which only the stream reached the member."""
    nacks_missed: int = 0


@dataclass(slots=True)
class _Round:
    target: Member
    incarnation: int
    ping: Ping
    ends_at: Instant
    timeout_at: Instant
    unasked: list[Member] = field(default_factory=list)
    has_timed_out: bool = False
    nacks_expected: int = 0
    nacks: int = 0
    stream: int | None = None
    """The request that is under way."""
    reached_by_stream: bool = False


class Prober:
    """Runs one round after the other."""

    def __init__(self, station: Station, membership: Membership, first: Instant) -> None:
        self.counts = ProbeCounts()
        self._station = station
        self._membership = membership
        self._ticker = Ticker(first, station.config.probe_interval)
        self._round: _Round | None = None
        self._is_stalled = False

    @property
    def deadline(self) -> Instant:
        """When the loop goes on by itself; NEVER while a send blocks it."""
        if self._is_stalled:
            return NEVER
        current = self._round
        if current is None:
            return self._ticker.next_at
        if current.has_timed_out:
            return current.ends_at
        return min(current.timeout_at, current.ends_at)

    def advance(self, now: Instant) -> list[Effect]:
        """Do all that is due."""
        effects: list[Effect] = []
        while self.deadline <= now:
            current = self._round
            if current is None:
                effects += self._start(now)
            elif not current.has_timed_out:
                effects += self._time_out(current, now)
            else:
                effects += self._end(current, now)
        return effects

    def resume(self, now: Instant) -> list[Effect]:
        """Go on with what a closed gate held up."""
        if not self._is_stalled:
            return []
        self._is_stalled = False
        current = self._round
        effects: list[Effect] = []
        if current is not None and not current.has_timed_out:
            # The ping has left only now, and is waited for from now.
            current.timeout_at = now + self._timeout()
        elif current is not None and current.unasked:
            effects += self._ask_others(current, now)
        return effects + self.advance(now)

    def on_ack(self, seq: int, now: Instant) -> None:
        """Take in that the pinged member answered."""
        current = self._round
        if current is not None and current.ping.seq == seq and now < current.ends_at:
            self._succeed()

    def on_nack(self, seq: int, now: Instant) -> None:
        """Take in that a member that was asked heard nothing, but is there itself."""
        current = self._round
        if current is not None and current.ping.seq == seq and now < current.ends_at:
            current.nacks += 1

    def on_stream_end(self, request: int, seq: int | None) -> bool:
        """Take in how a stream ended, with an ack of `seq` or None; False if it is not ours."""
        current = self._round
        if current is None or current.stream != request:
            return False
        current.stream = None
        # It only counts when the round is over: until then a datagram may still do better.
        current.reached_by_stream = seq == current.ping.seq
        return True

    def _start(self, now: Instant) -> list[Effect]:
        station = self._station
        config, me = station.config, station.me
        self._ticker.take(now)
        target = station.table.next_to_probe(now, config.gossip_to_the_dead)
        if target is None:
            return []
        self.counts.started += 1
        ping = Ping(station.next_seq(), target.name, me.packed, me.port, me.name)
        self._round = _Round(
            target=target,
            incarnation=target.incarnation,
            ping=ping,
            ends_at=now + station.awareness.scaled(config.probe_interval),
            timeout_at=now + self._timeout(),
        )
        if config.buddy and target.state is State.SUSPECT:
            suspect = Suspect(target.incarnation, target.name, me.name)
            order = station.datagram_without_news(target, [ping.encode(), suspect.encode()])
        else:
            order = station.datagram_to(target, ping.encode())
        self._is_stalled = station.gate.closed
        return [*station.gate.send(order)]

    def _timeout(self) -> int:
        config = self._station.config
        if config.scales_timeout:
            return self._station.awareness.scaled(config.probe_timeout)
        return config.probe_timeout

    def _time_out(self, current: _Round, now: Instant) -> list[Effect]:
        station = self._station
        current.has_timed_out = True
        me, target = station.me, current.target

        def can_help(member: Member) -> bool:
            return member.state is State.ALIVE and member is not me and member is not target

        current.unasked = station.table.pick(station.config.indirect_checks, can_help)
        if station.config.nack_percent:
            current.nacks_expected = len(current.unasked)
        return self._ask_others(current, now)

    def _ask_others(self, current: _Round, now: Instant) -> list[Effect]:
        """Ask one after the other, as far as sends pass, then try a stream."""
        station, target, me = self._station, current.target, self._station.me
        request = PingReq(
            current.ping.seq,
            target.packed,
            target.port,
            target.name,
            station.config.nack_percent > 0,
            me.packed,
            me.port,
            me.name,
        ).encode()
        effects: list[Effect] = []
        while current.unasked:
            other = current.unasked.pop(0)
            order = station.datagram_to(other, request)
            effects += station.gate.send(order)
            if station.gate.closed:
                self._is_stalled = True
                return effects
        if station.config.stream_ping and current.ends_at > now:
            effects += self._ping_by_stream(current, now)
        return effects

    def _ping_by_stream(self, current: _Round, now: Instant) -> list[Effect]:
        station, target = self._station, current.target
        current.stream = station.next_request()
        order = SendRequest(
            current.stream,
            station.directory.member_id(target.name),
            target.address,
            shrunk_stream(current.ping.encode()),
            current.ends_at - now,
        )
        return [*station.gate.send(order)]

    def _end(self, current: _Round, now: Instant) -> list[Effect]:
        station = self._station
        if current.stream is not None and station.gate.closed:
            # The stream's own thread hangs in the gate, and the round waits for it.
            self._is_stalled = True
            return []
        if current.reached_by_stream:
            self.counts.saved_by_stream += 1
            self._succeed()
            return []
        self._round = None
        self.counts.failed += 1
        missed = max(0, current.nacks_expected - current.nacks)
        self.counts.nacks_missed += missed
        station.awareness.apply(missed if current.nacks_expected else 1)
        claim = Suspect(current.incarnation, current.target.name, station.me.name)
        return self._membership.suspect(claim, now)

    def _succeed(self) -> None:
        self._round = None
        self._station.awareness.apply(-1)
