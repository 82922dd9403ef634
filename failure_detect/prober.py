"""SWIM's probe round, in the common order, with relays and a stream (SWIM 4.1 to 4.3).

Rule 1: a round ends in an answer, in a failure, or in nothing: where no relay said even
nack, the silence may be ours, and nobody is blamed. Rule 2: each round that tells nothing
makes this member slower (Lifeguard 4.1).
"""

from functools import partial

from failure_detect.agenda import Timer
from failure_detect.clock import MILLISECOND, Duration, Instant
from failure_detect.events import IsolationChanged
from failure_detect.identity import MemberId
from failure_detect.members import Member, Status
from failure_detect.messages import Ack, Packet, PingReq
from failure_detect.order import phase, shift
from failure_detect.panel import Panels
from failure_detect.pool import Pool, Refusal

_URGENT_GAP: Duration = 100 * MILLISECOND
"""Least pause between two probes out of order."""


class _Round:
    __slots__ = ("ends_at", "nacks", "relays", "seq", "started", "target", "timer")

    def __init__(self, target: Member, seq: int, now: Instant, ends_at: Instant) -> None:
        self.target = target
        self.seq = seq
        self.started = now
        self.ends_at = ends_at
        self.relays: dict[MemberId, Member] = {}
        self.nacks: set[MemberId] = set()
        self.timer: Timer | None = None


class Prober:
    """Probes one member per interval, and at once whoever should have answered and did not."""

    def __init__(self, pool: Pool, panels: Panels, now: Instant) -> None:
        """Bring failures to `panels`."""
        self._pool = pool
        self._panels = panels
        self._rounds: dict[MemberId, _Round] = {}
        self._by_seq: dict[int, _Round] = {}
        self._seq = 0
        self._number = -1
        self._deaf = False
        self._last_urgent: Instant = now - _URGENT_GAP
        self._urgent_timer: Timer | None = None
        self.failed_rounds = 0
        self.empty_rounds = 0
        self._plan(now)

    def __len__(self) -> int:
        """Return the number of rounds under way."""
        return len(self._rounds)

    # --- whom, and when ------------------------------------------------------------------

    def _plan(self, now: Instant) -> None:
        """Choose the next round of the common order that is ours to make."""
        interval, time = self._pool.config.probe.interval, self._pool.time
        number = max(time.at(now) // interval, self._number + 1 + self._pool.health.score)
        # A common time that leapt, or lies, must not keep us from probing.
        number = min(number, time.at(now) // interval + 1 + self._pool.health.score)
        at = self._moment(number)
        if at <= now:
            number += 1
            at = self._moment(number)
        self._number = number
        self._pool.agenda.schedule(at, self._probe_next)

    def _moment(self, number: int) -> Instant:
        interval = self._pool.config.probe.interval
        target = self._target(number)
        offset = 0 if target is None else phase(target.identity.member, interval)
        return self._pool.time.local(number * interval + offset)

    def _target(self, number: int) -> Member | None:
        members = self._pool.members
        ring, others = members.ring, members.live_count - 1
        if others < 1 or members.own.status is not Status.ALIVE:
            return None
        index = members.ring_index(members.own.identity.member)
        return members.get(ring[(index + shift(number, others)) % (others + 1)])

    def _probe_next(self, now: Instant) -> None:
        self._notice_deafness(now)
        target = self._target(self._number)
        if target is not None and target.identity.member not in self._rounds:
            self._start(target, now)
        self._plan(now)

    def arm(self, now: Instant) -> None:
        """See to it that whoever is on the urgent list is probed, one at a time."""
        if self._pool.urgent and self._urgent_timer is None:
            at = max(now, self._last_urgent + _URGENT_GAP)
            self._urgent_timer = self._pool.agenda.schedule(at, self._hurry)

    def _hurry(self, now: Instant) -> None:
        pool = self._pool
        self._urgent_timer = None
        while pool.urgent:
            member = pool.live(pool.urgent.popleft())
            if member is None or member.identity.member in self._rounds:
                continue
            if member is not pool.own and member.status is Status.ALIVE:
                self._last_urgent = now
                self._start(member, now)
                break
        self.arm(now)

    def _notice_deafness(self, now: Instant) -> None:
        deaf = self._pool.health.is_deaf(now) and not self._pool.is_alone()
        if deaf != self._deaf:
            self._deaf = deaf
            self._pool.fact(IsolationChanged(deaf))

    @property
    def is_deaf(self) -> bool:
        """Whether this member has told the layer above that nobody answers it."""
        return self._deaf

    def hears_again(self, now: Instant) -> bool:
        """Notice the end of deafness at once; return whether it ended now."""
        was = self._deaf
        if was:
            self._notice_deafness(now)
        return was and not self._deaf

    # --- one round -------------------------------------------------------------------------

    def _start(self, target: Member, now: Instant) -> None:
        pool = self._pool
        self._seq = self._seq + 1 & 0xFFFF
        ends_at = now + pool.health.stretch(pool.config.probe.round)
        this = _Round(target, self._seq, now, ends_at)
        self._rounds[target.identity.member] = this
        pool.ping(target, now, partial(self._on_ack, this))
        wait = pool.health.stretch(pool.direct_timeout(target))
        this.timer = pool.agenda.schedule(min(now + wait, ends_at), partial(self._widen, this))

    def _widen(self, this: _Round, now: Instant) -> None:
        """No answer yet: ping again, ask relays, try a stream."""
        pool, probe = self._pool, self._pool.config.probe
        left = max(0, this.ends_at - now)
        key = this.target.identity.member
        pool.ping(this.target, now, partial(self._on_ack, this))
        pool.request(
            this.target,
            pool.ping_message(this.target, now, 0),
            partial(self._on_response, this),
            timeout=max(left, 1),
        )
        for relay in pool.members.pick(pool.rng, probe.relays, without=(key,)):
            this.relays[relay.identity.member] = relay
            pool.health.asked(now)
            pool.send(relay, PingReq(this.seq, this.target.short, left), gossip=False)
        self._by_seq[this.seq] = this
        this.timer = pool.agenda.schedule(this.ends_at, partial(self._conclude, this))

    def _look_further(self, this: _Round) -> None:
        """Where one is silent others may be: probe one more, so that mass crashes are seen soon.

        Half of a pool may be silent, and so half of those whose turn it was to look.
        """
        members = self._pool.members
        for member in members.pick(self._pool.rng, 1, without=(this.target.identity.member,)):
            self._pool.prioritise(member)

    def _on_ack(self, this: _Round, _target: Member, _ack: Ack, _now: Instant) -> None:
        if self._is_open(this):
            self._end(this)
            self._pool.health.better()

    def _on_response(
        self, this: _Round, _sender: MemberId | None, packet: Packet | None, now: Instant
    ) -> None:
        if packet is None:
            return
        if not isinstance(packet.message, Ack):
            self._pool.refuse(Refusal.NOT_ENTITLED)
            return
        self._pool.heard_directly(this.target, now)
        if self._is_open(this):
            self._end(this)
            self._pool.health.better()

    def on_relayed(self, sender: Member, seq: int, now: Instant) -> None:
        """A relay got the answer that we did not get."""
        this = self._by_seq.get(seq)
        if this is None or sender.identity.member not in this.relays:
            self._pool.refuse(Refusal.LATE if this is None else Refusal.NOT_ENTITLED)
            return
        self._pool.health.replied(now)
        self._end(this)
        self._pool.missed_directly(this.target)
        if this.target.misses < 2:
            self._pool.prioritise(this.target)

    def on_nack(self, sender: Member, seq: int, now: Instant) -> None:
        """A relay lives, and got no answer either."""
        this = self._by_seq.get(seq)
        if this is None or sender.identity.member not in this.relays:
            self._pool.refuse(Refusal.LATE if this is None else Refusal.NOT_ENTITLED)
            return
        this.nacks.add(sender.identity.member)
        self._pool.health.replied(now)

    def _conclude(self, this: _Round, now: Instant) -> None:
        pool = self._pool
        self._end(this)
        if this.target.status > Status.SUSPECT:
            return
        self._look_further(this)
        silent = [relay for key, relay in this.relays.items() if key not in this.nacks]
        for relay in silent:
            pool.prioritise(relay)
        if this.relays and not this.nacks:
            self.empty_rounds += 1
            if pool.health.last_reply < this.started:
                pool.health.worse()
            pool.prioritise(this.target)
            return
        pool.missed_directly(this.target)
        self.failed_rounds += 1
        if 2 * len(silent) > len(this.relays):
            pool.health.worse()
        if not pool.health.is_deaf(now) or pool.is_alone() or not this.relays:
            self._panels.suspect(this.target, now)

    def _is_open(self, this: _Round) -> bool:
        return self._rounds.get(this.target.identity.member) is this

    def _end(self, this: _Round) -> None:
        if this.timer is not None:
            this.timer.cancel()
        self._rounds.pop(this.target.identity.member, None)
        self._by_seq.pop(this.seq, None)

    def drop_all(self) -> None:
        """This process was away: rounds that ran meanwhile say nothing."""
        for this in list(self._rounds.values()):
            self._end(this)
            self._pool.prioritise(this.target)

    def check_invariants(self) -> None:
        """Assert that rounds are found by target and, once widened, by number."""
        for key, this in self._rounds.items():
            assert key == this.target.identity.member
            assert this.nacks <= set(this.relays)
        assert all(self._rounds.get(r.target.identity.member) is r for r in self._by_seq.values())
