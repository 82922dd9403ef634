"""What is held, as a list of contents: for each thing that is signed its rank, and sums of marks.

Sets, overlays and revocations are all entries: a key, and a rank by which the higher one wins. A
mark of 64 bits stands for an entry; their sum is the fingerprint that every probe carries, and
their sums in 64 groups tell two bridges with 512 bytes where they differ. The last changes of marks
are remembered, so that a peer which shows the fingerprint of a moment ago is known to be behind.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from discovery.manifest import Manifest
from discovery.names import Origin, is_label

GROUPS = 64
FINGERPRINT_BYTES = 8
RANK_NUMBERS_MAX = 4
ENTRY_KEY_BYTES_MAX = 160
CHANGES_MAX = 256
"""So many changes are remembered: those of the last seconds, unless very much happens."""

_MASK = (1 << 64) - 1
_SETS, _OVERLAYS = b"s/", b"o/"


class Entry(NamedTuple):
    """One thing that is held."""

    key: bytes
    """`s/ORIGIN` for a set, and others that begin otherwise."""
    rank: tuple[int, ...]
    """Up to four numbers of 64 bits; of two entries of one key the higher rank wins."""


def set_key(origin: Origin) -> bytes:
    """Return the key of an origin's set."""
    return _SETS + origin.encode()


def set_origin(key: bytes) -> Origin | None:
    """Return whose set an entry is, None where it is no set's or nobody can have that name."""
    if not key.startswith(_SETS):
        return None
    name = key[len(_SETS) :].decode(errors="replace")
    return Origin(name) if is_label(name) else None


def origin_about(key: bytes) -> Origin | None:
    """Return about whose cluster an entry is, a set or an overlay; None for all others."""
    if not key.startswith(_OVERLAYS):
        return set_origin(key)
    return set_origin(_SETS + key[len(_OVERLAYS) :].partition(b"/")[0])


def set_rank(manifest: Manifest) -> tuple[int, ...]:
    """Return the order of a manifest as a rank; of the root the first 8 bytes."""
    order = manifest.order
    return (order.generation, order.epoch, order.version, int.from_bytes(order.root[:8]))


class MarkChange(NamedTuple):
    """A mark has changed."""

    key: bytes
    growth: int
    """By how much, where nothing counts as 0."""
    is_hearsay: bool
    """It stands for what others hold."""


@lru_cache(maxsize=1 << 13)
def group_of(key: bytes) -> int:
    """Return the group of an entry, from 0 to 63, which its key alone decides."""
    return blake2b(key, digest_size=1, person=b"isthmus-group").digest()[0] % GROUPS


@lru_cache(maxsize=1 << 13)
def mark_of(entry: Entry) -> int:
    """Return the 64 bits that stand for an entry."""
    digest = blake2b(digest_size=FINGERPRINT_BYTES, person=b"isthmus-entry")
    digest.update(len(entry.key).to_bytes(2) + entry.key)  # No key goes on where a rank begins.
    for number in entry.rank:
        digest.update(number.to_bytes(8))
    return int.from_bytes(digest.digest())


class Index:
    """The entries of everything that is held, with sums that follow each change."""

    __slots__ = ("_ranks", "_sums", "changes")

    def __init__(self) -> None:
        """Hold nothing."""
        self._ranks: dict[bytes, tuple[int, ...]] = {}
        self._sums = [0] * GROUPS
        self.changes: deque[MarkChange] = deque(maxlen=CHANGES_MAX)
        """In the order of time, since something was dropped last."""

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._ranks)

    def rank(self, key: bytes) -> tuple[int, ...] | None:
        """Return the rank that is held under a key."""
        return self._ranks.get(key)

    def put(self, key: bytes, rank: tuple[int, ...]) -> None:
        """Hold an entry in place of what is held under its key."""
        growth = mark_of(Entry(key, rank)) - self.mark(key)
        self._ranks.pop(key, None)
        self._ranks[key] = rank
        self._add(key, growth)
        self.changes.append(MarkChange(key, growth, is_hearsay=False))

    def drop(self, key: bytes) -> None:
        """Hold nothing under a key. What was held earlier says no more what may be lacking now."""
        if key in self._ranks:
            self._add(key, -self.mark(key))
            del self._ranks[key]
            self.changes.clear()

    def mark(self, key: bytes) -> int:
        """Return the mark of what is held under a key, 0 where nothing is."""
        rank = self._ranks.get(key)
        return 0 if rank is None else mark_of(Entry(key, rank))

    def note(self, key: bytes, growth: int) -> None:
        """Remember that others hold something else now under a key, which is not held here."""
        self.changes.append(MarkChange(key, growth, is_hearsay=True))

    def _add(self, key: bytes, amount: int) -> None:
        group = group_of(key)
        self._sums[group] = (self._sums[group] + amount) & _MASK

    @property
    def fingerprint(self) -> bytes:
        """8 bytes that are equal for equal contents."""
        return (sum(self._sums) & _MASK).to_bytes(FINGERPRINT_BYTES)

    @property
    def sums(self) -> tuple[int, ...]:
        """The sums of marks in each of the 64 groups."""
        return tuple(self._sums)

    def entries(self, groups: Iterable[int]) -> Iterator[Entry]:
        """Iterate over the entries of some groups."""
        wanted = frozenset(groups)
        return (Entry(key, r) for key, r in self._ranks.items() if group_of(key) in wanted)

    def check_invariants(self) -> None:
        """Assert that the sums are those of the entries."""
        sums = [0] * GROUPS
        for key, rank in self._ranks.items():
            group = group_of(key)
            sums[group] = (sums[group] + mark_of(Entry(key, rank))) & _MASK
        assert sums == self._sums
