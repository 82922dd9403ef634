"""Nonces: 24 bytes that no two datagrams under one key have in common.

They are made of version, pool, direction and counter, of which only the counter travels as such.
The direction is 0 from the lower public key to the higher and 1 back, so the two ends of a box may
count alike, and what is reflected to its sender does not open.

Rule 1: a counter belongs to a key, not to a session. A process counts on wherever it stopped with
a peer, though it may have forgotten that there was one.
"""

from typing import NamedTuple

from agent.wire.header import COUNTER_MAX, Pool
from failure_detect.identity import MemberId

NONCE_BYTES = 24

_POOLS = {Pool.LAN: 0, Pool.WAN: 1}


class Way(NamedTuple):
    """One direction between two members, in one pool, in one version of the protocol."""

    pool: Pool
    version: int
    sender: MemberId
    receiver: MemberId

    def nonce(self, counter: int) -> bytes:
        """Return the nonce of a counter."""
        direction = int(self.sender > self.receiver)
        return bytes((self.version, _POOLS[self.pool], direction)) + counter.to_bytes(21)


class Counters:
    """Where each peer's counter begins, so that none is ever used twice under one key.

    One for each process key and pool, for as long as the process lives.
    """

    __slots__ = ("_floor",)

    def __init__(self) -> None:
        """Nothing has been sealed with this key yet."""
        self._floor = 0

    @property
    def first(self) -> int:
        """The counter before the first that a peer may use who is not known (any more)."""
        return self._floor

    def retire(self, last: int) -> None:
        """Remember the last counter that was used with a peer that is forgotten now."""
        self._floor = max(self._floor, last)


def is_spent(counter: int) -> bool:
    """Tell whether nothing may follow a counter."""
    return counter >= COUNTER_MAX
