"""What is still to be told: encoded once, sent a bounded number of times, freshest first.

One slot per key: a newer word on the same subject replaces the older one (SWIM 4.1).
"""

from functools import lru_cache
from math import ceil, log10

SMALLEST_BYTES = 16
"""With less room than this there is no use in looking further: hardly a broadcast is smaller."""

MISFITS_MAX = 8
"""After so many broadcasts that did not fit, the rest are not looked at: they wait their turn."""


@lru_cache(maxsize=1 << 10)
def transmit_limit(multiplier: int, members: int) -> int:
    """Return ceil(multiplier x log10(members + 1)): how often one member sends one broadcast."""
    return ceil(multiplier * log10(members + 1))


class BroadcastQueue:
    """Broadcasts by how often they were sent: least often first, and of those the latest arrived.

    `dropped` counts what had to go because the queue was full.
    """

    __slots__ = ("_count_of", "_least", "_levels", "_most", "dropped")

    def __init__(self, most: int) -> None:
        """Hold at most `most` broadcasts."""
        self._levels: list[dict[bytes, bytes]] = [{}]
        self._count_of: dict[bytes, int] = {}
        self._least: dict[bytes, int] = {}
        self._most = most
        self.dropped = 0

    def __len__(self) -> int:
        """Return how many broadcasts wait."""
        return len(self._count_of)

    def __contains__(self, key: bytes) -> bool:
        """Tell whether a broadcast waits under `key`."""
        return key in self._count_of

    def put(self, key: bytes, payload: bytes, least: int = 0) -> None:
        """Queue `payload` as never sent; it replaces what waits under `key`.

        It is sent `least` times where the limit of all is below that.
        """
        self.discard(key)
        if len(self._count_of) >= self._most:
            self._drop_one()
        self._levels[0][key] = payload
        self._count_of[key] = 0
        if least:
            self._least[key] = least

    def discard(self, key: bytes) -> None:
        """Forget what waits under `key`, if anything."""
        count = self._count_of.pop(key, None)
        if count is not None:
            del self._levels[count][key]
            self._least.pop(key, None)

    def heard(self, key: bytes, payload: bytes, limit: int) -> bool:
        """Count a duplicate that somebody else sent as a transmission of our own.

        Return whether it was one: the same payload as waits under `key`.
        """
        count = self._count_of.get(key)
        if count is None or self._levels[count][key] != payload:
            return False
        self._sent(key, count, limit)
        return True

    def take(self, room: int, limit: int) -> list[bytes]:
        """Return payloads that fit into `room` bytes together, counted as sent once more."""
        if not self._count_of:
            return []
        taken = self._choose(room)
        payloads = [self._levels[count][key] for key, count in taken]
        for key, count in taken:
            self._sent(key, count, limit)
        return payloads

    def _choose(self, room: int) -> list[tuple[bytes, int]]:
        taken: list[tuple[bytes, int]] = []
        misfits = 0
        for count, level in enumerate(self._levels):
            for key in reversed(level):
                size = len(level[key])
                if size <= room:
                    room -= size
                    taken.append((key, count))
                    if room < SMALLEST_BYTES:
                        return taken
                else:
                    misfits += 1
                    if misfits == MISFITS_MAX:
                        return taken
        return taken

    def _sent(self, key: bytes, count: int, limit: int) -> None:
        payload = self._levels[count].pop(key)
        if count + 1 >= max(limit, self._least.get(key, 0)):
            del self._count_of[key]
            self._least.pop(key, None)
            return
        if count + 1 == len(self._levels):
            self._levels.append({})
        self._levels[count + 1][key] = payload
        self._count_of[key] = count + 1

    def _drop_one(self) -> None:
        level = next(level for level in reversed(self._levels) if level)
        oldest = next(iter(level))
        self.discard(oldest)
        self.dropped += 1

    def check_invariants(self) -> None:
        """Assert that each key stands in exactly one level and that the bound holds."""
        keys = [key for level in self._levels for key in level]
        assert len(keys) == len(set(keys)) == len(self._count_of) <= self._most
        assert self._least.keys() <= self._count_of.keys()
        assert all(key in self._levels[count] for key, count in self._count_of.items())
