"""Small signed things that are passed on whole: overlays, revocations, and what may come.

What they say is their owner's business; here they are bytes under a key with a rank. Of two of one
key the higher rank stays, and whoever passes one on says for how long it has been held.
"""

from dataclasses import dataclass

from discovery.messages import Item
from failure_detect.clock import Instant

BYTES_MAX = 256 << 20
"""The largest overlay of each of three bridges of 500 clusters, and a quarter more."""


@dataclass(frozen=True, slots=True)
class _Kept:
    rank: tuple[int, ...]
    raw: bytes
    since: Instant
    """When it was made, as far as those know who passed it on (us, of this process)."""


class Items:
    """What is held, by key; bounded."""

    def __init__(self, most: int, most_bytes: int = BYTES_MAX) -> None:
        """Hold at most so many, of so many bytes in all, keys included."""
        self._most = most
        self._most_bytes = most_bytes
        self._size_bytes = 0
        self._kept: dict[bytes, _Kept] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._kept)

    @property
    def size_bytes(self) -> int:
        """Bytes of all of them, keys included."""
        return self._size_bytes

    def put(self, item: Item, rank: tuple[int, ...], now: Instant) -> bool:
        """Hold an item; False where a higher one is held, or too many are."""
        kept = self._kept.get(item.key)
        if kept is not None and kept.rank >= rank:
            return False
        if kept is None and len(self._kept) >= self._most:
            return False
        size = self._size_bytes + _size(item.key, item.raw)
        if kept is not None:
            size -= _size(item.key, kept.raw)
        if size > self._most_bytes:
            return False
        self._kept[item.key] = _Kept(rank, item.raw, now - item.age)
        self._size_bytes = size
        return True

    def drop(self, key: bytes) -> bool:
        """Hold it no more; tell whether it was held."""
        kept = self._kept.pop(key, None)
        if kept is None:
            return False
        self._size_bytes -= _size(key, kept.raw)
        return True

    def item(self, key: bytes, now: Instant) -> Item | None:
        """Return an item with its age now, None where it is not held."""
        kept = self._kept.get(key)
        return None if kept is None else Item(key, kept.raw, max(0, now - kept.since))

    def check_invariants(self) -> None:
        """Assert that the bounds hold and that bytes are counted right."""
        assert self._size_bytes == sum(_size(key, kept.raw) for key, kept in self._kept.items())
        assert self._size_bytes <= self._most_bytes
        assert len(self._kept) <= self._most


def _size(key: bytes, raw: bytes) -> int:
    return len(key) + len(raw)
