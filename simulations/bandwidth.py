"""What a host's access link lets through: so many bits in a second each way, behind a queue.

Whatever a host sends, datagrams and segments alike, leaves it one after the other, and what arrives
is taken in one after the other: many who send to one share its link. Queues are as long as they
must be, so nothing is lost in them, and nothing overtakes. Distances and losses between hosts are
the network's (`simulations.network`).

Times inside are in nanoseconds: at 1 Gbit/s a small datagram takes less than a microsecond.
"""

from failure_detect.clock import Duration, Instant
from simulations.samples import SEALING_BYTES

KILOBIT = 1_000
MEGABIT = 1_000_000
GIGABIT = 1_000_000_000
"""Bits per second."""

DATAGRAM_OVERHEAD_BYTES = 28 + SEALING_BYTES
"""What IP and UDP add to each datagram, and sealing it."""

SEGMENT_OVERHEAD_BYTES = 40
"""What IP and TCP add to each segment."""

_NS = 1_000
_BIT_NS = 8 * 1_000_000_000


class Lane:
    """One direction of a host's access link."""

    __slots__ = ("_free_at", "bits_per_s")

    def __init__(self, bits_per_s: int) -> None:
        """Let so many bits through in a second, at least 1."""
        if bits_per_s < 1:
            raise ValueError("a bandwidth is at least 1 bit per second")
        self.bits_per_s = bits_per_s
        self._free_at = 0

    def send(self, now: Instant, size_bytes: int) -> Duration:
        """Queue so many bytes at `now`, and return how long until the last of them is out (us)."""
        self._free_at = max(self._free_at, now * _NS) + self._takes(size_bytes)
        return self.backlog(now)

    def receive(self, now: Instant, size_bytes: int) -> Duration:
        """Return how long until so many bytes are taken in, the last of which arrives now (us).

        They came one after the other, at this pace at best: where nothing else does, that is now.
        """
        takes = self._takes(size_bytes)
        self._free_at = max(self._free_at, now * _NS - takes) + takes
        return self.backlog(now)

    def backlog(self, now: Instant) -> Duration:
        """Return how long until all is through that was queued so far (us); 0 where it is."""
        return max(0, -((now * _NS - self._free_at) // _NS))

    def _takes(self, size_bytes: int) -> int:
        return -(-size_bytes * _BIT_NS // self.bits_per_s)
