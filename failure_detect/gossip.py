"""Infection-style dissemination: at once after quiet, then at a steady pace (SWIM 4.1)."""

from failure_detect.agenda import Timer
from failure_detect.clock import MILLISECOND, Duration, Instant
from failure_detect.members import Member, Status
from failure_detect.messages import Gossip
from failure_detect.pool import Pool
from failure_detect.wire import encode

_ALONE: Duration = 500 * MILLISECOND


TOLD_AT_ONCE = 16
"""Members that hear of a leave in the same instant; the others hear of it by gossip."""


class Gossiper:
    """Sends what the queue holds to a few random members, until it is empty."""

    def __init__(self, pool: Pool) -> None:
        """Send through `pool`."""
        self._pool = pool
        self._timer: Timer | None = None
        self._last: Instant = -(1 << 62)

    def tell(self, key: bytes, payload: bytes, now: Instant, least: int = 0) -> None:
        """Queue an encoded claim under `key` and see to it that it goes out, `least` times."""
        self._pool.queue.put(key, payload, least)
        if self._timer is None:
            at = max(now, self._last + self._pool.config.gossip.interval)
            self._timer = self._pool.agenda.schedule(at, self._tick)

    def farewell(self, key: bytes, payload: bytes, now: Instant) -> None:
        """Tell that this member leaves: at once to many, and to all by gossip.

        The few that gossip would choose may be leaving as well.
        """
        self.tell(key, payload, now)
        pool = self._pool
        for member in pool.members.pick(pool.rng, TOLD_AT_ONCE, without=()):
            pool.send(member, Gossip(), (payload,), gossip=False)

    def _tick(self, now: Instant) -> None:
        pool, gossip = self._pool, self._pool.config.gossip
        self._timer = None
        self._last = now
        if not len(pool.queue):
            return
        targets = self._targets(now)
        if not targets:  # Nobody to tell yet: what waits goes out with the first contact.
            self._timer = pool.agenda.schedule(now + _ALONE, self._tick)
            return
        room = gossip.datagram_bytes - len(encode(Gossip()))
        limit = pool.transmit_limit()
        for member in targets:
            items = pool.queue.take(room, limit)
            if not items:
                break
            pool.send(member, Gossip(), tuple(items), gossip=False)
        self._timer = pool.agenda.schedule(now + gossip.interval, self._tick)

    def _targets(self, now: Instant) -> list[Member]:
        pool, gossip = self._pool, self._pool.config.gossip
        # Suspects are mostly dead, and a living one hears of its case by pings: spare the copies.
        drawn = pool.members.pick(pool.rng, 2 * gossip.fanout, without=())
        picked = [member for member in drawn if member.status is Status.ALIVE][: gossip.fanout]
        dead = pool.members.dead
        if dead and picked:
            # One of the recently dead in place of a living one, as often as its share says.
            index = int(pool.rng.random() * (len(pool.members.ring) + len(dead)))
            member = pool.members.get(dead[index]) if index < len(dead) else None
            if member is not None and now - member.since <= gossip.to_the_dead:
                assert member.status is Status.DEAD
                picked[-1] = member
        return picked
