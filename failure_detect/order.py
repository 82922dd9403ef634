"""The common probe order: who probes whom in which round, the same for everyone.

All members shift along the sorted ring by one common pseudo-random step per round, so each
member is probed by exactly one other in each round, and by every other within n - 1 rounds
(SWIM 4.3's randomised round robin, coordinated). The moment within the round belongs to the
*subject*, so it is probed at even intervals whoever does it. What is common is time itself:
a tick that pings carry and of which everybody adopts the highest.
"""

from functools import lru_cache
from hashlib import blake2b
from math import gcd

from failure_detect.clock import MILLISECOND, SECOND, Duration, Instant
from failure_detect.identity import MemberId

TICK: Duration = 10 * MILLISECOND
_LEAP_MOST: Duration = 60 * SECOND
"""How far ahead a tick may be once we are in step: drift of days, but no lie that lasts."""


@lru_cache(maxsize=1 << 12)
def _hash(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8, person=b"isthmus-order").digest())


def shift(number: int, others: int) -> int:
    """Return the step along the ring, 1 to `others`, in round `number`.

    Within `others` rounds every step comes once, in an order drawn anew for each cycle.
    """
    cycle, place = divmod(number, others)
    seed = _hash(cycle.to_bytes(8) + others.to_bytes(8))
    stride = 1 + seed % others
    while gcd(stride, others) != 1:
        stride += 1
    return 1 + ((seed >> 20) + stride * place) % others


def phase(subject: MemberId, interval: Duration) -> Duration:
    """Return when within each round of `interval` microseconds `subject` is probed."""
    return _hash(subject) % interval


class CommonTime:
    """This member's idea of the pool's common time; it only ever jumps forward."""

    __slots__ = ("_in_step", "_offset")

    def __init__(self, now: Instant) -> None:
        """Start at zero, out of step until the first tick is heard."""
        self._offset = -now
        self._in_step = False

    def at(self, now: Instant) -> Instant:
        """Return the common time in microseconds."""
        return now + self._offset

    def local(self, common: Instant) -> Instant:
        """Return this process's own time at which the common time is `common`."""
        return common - self._offset

    def tick(self, now: Instant) -> int:
        """Return what a ping carries."""
        return (now + self._offset) // TICK

    def hear(self, tick: int, now: Instant) -> None:
        """Follow a tick that is ahead of ours, unless it is ahead beyond belief."""
        ahead = tick * TICK - (now + self._offset)
        if ahead <= 0:
            self._in_step = self._in_step or ahead > -_LEAP_MOST
        elif tick < 1 << 48 and (ahead <= _LEAP_MOST or not self._in_step):
            self._offset += ahead
            self._in_step = True
