"""By how much two bridges of unequal trust differ for good, so that they need not compare again.

When they compare, they learn what each of them holds and the other does not: of that nothing is
ever pulled, and it alone keeps their fingerprints apart. Afterwards

    their fingerprint = ours - marks of what only we hold + marks of what only they hold

which goes on to hold when any of it changes: our own marks are known, and theirs are overheard,
since gossip reaches also those who may not hold what it tells of. What breaks it is something that
one of the two lacks, and that is looked for as ever.

Rule 1: a peer that shows what we would have expected of it a moment ago is behind us, and has
nothing that we lack. Nothing is expected of the past once something is dropped here, since who
dropped it may come to want it. Rule 2: of what was overheard the higher rank counts, but where a
peer has listed a lower one long after, that one does: nobody vouches for hearsay. It decides about
nothing but whether two bridges compare. Rule 3: what a peer holds and does not list to us (overlays
of who has no set for us) is a rest, which is taken to stay.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from discovery.index import FINGERPRINT_BYTES, Entry, Index, mark_of
from discovery.messages import Differ
from failure_detect.clock import SECOND, Duration, Instant

UNSHARED_MAX = 1_024
"""So many keys of each side are remembered of one peer; beyond that, as if they never change."""

OVERHEARD_MAX = 8_192
"""So many ranks of what is not held here are remembered, those heard of last."""

SPREADS: Duration = 4 * SECOND
"""What was overheard longer ago than this has come to everybody who may hold it."""

_MASK = (1 << 8 * FINGERPRINT_BYTES) - 1


@dataclass(frozen=True, slots=True)
class Apart:
    """What one peer and we hold apart, as we compared last."""

    ours: frozenset[bytes] = frozenset()
    """Keys of what we hold, and they do not, or of lower rank."""
    theirs: frozenset[bytes] = frozenset()
    """Keys of what they hold, and we do not come to hold, at least not at that rank."""
    rest: int = 0
    """By how much fingerprints differ beyond that, modulo 2^64."""


EQUAL = Apart()


class _Heard(NamedTuple):
    key: bytes
    """One object for all peers that hold it."""
    rank: tuple[int, ...]
    at: Instant


class Hearsay:
    """What others are heard to hold, and whether a fingerprint is explained by that."""

    def __init__(self, index: Index) -> None:
        """Have heard nothing yet; `index` has what is held here."""
        self._index = index
        self._heard: dict[bytes, _Heard] = {}

    def __len__(self) -> int:
        """Return of how many things a rank is remembered."""
        return len(self._heard)

    def hear(self, key: bytes, rank: tuple[int, ...], now: Instant) -> None:
        """Learn that somebody holds something which is not taken here."""
        known = self._heard.get(key)
        if known is None or rank > known.rank:
            self._remember(key, rank, now)

    def _listed(self, entry: Entry, now: Instant) -> bytes:
        """Learn that a peer holds this now; return its key."""
        known = self._heard.get(entry.key)
        if known is not None and entry.rank < known.rank and now - known.at > SPREADS:
            self._remember(entry.key, entry.rank, now)
        else:
            self.hear(entry.key, entry.rank, now)
        return self._heard[entry.key].key

    def _remember(self, key: bytes, rank: tuple[int, ...], now: Instant) -> None:
        growth = mark_of(Entry(key, rank)) - self._mark(key)
        known = self._heard.pop(key, None)
        self._heard[key] = _Heard(key if known is None else known.key, rank, now)
        if known is not None:  # Else it was there before, as far as we know.
            self._index.note(key, growth)
        if len(self._heard) > OVERHEARD_MAX:
            del self._heard[next(iter(self._heard))]

    def _mark(self, key: bytes) -> int:
        known = self._heard.get(key)
        return 0 if known is None else mark_of(Entry(key, known.rank))

    # --- comparing ----------------------------------------------------------------------

    def compared(
        self,
        sums: tuple[int, ...],
        differ: Differ,
        wanted: Iterable[bytes],
        last: Apart,
        now: Instant,
    ) -> Apart:
        """Return what a peer and we hold apart, by its answer to our `sums`.

        `wanted` has the keys of what is pulled now: that will not stand between us any longer.
        `last` is what was known of the peer before.
        """
        index, pulled = self._index, frozenset(wanted)
        listed = {each.key: each for each in differ.entries}
        theirs = [
            each
            for each in listed.values()
            if each.key not in pulled and each.rank > (index.rank(each.key) or ())
        ]
        ours = {each.key for each in index.entries(differ.groups) if each.key not in listed}
        rest = last.rest
        if sums == index.sums:  # Else nobody can tell what of it came between.
            rest = int.from_bytes(differ.fingerprint) - sum(sums) + sum(map(index.mark, ours))
            rest += sum(index.mark(key) - mark_of(each) for key, each in listed.items())
        ours.update(each.key for each in theirs if index.rank(each.key) is not None)
        if max(len(ours), len(theirs)) > UNSHARED_MAX:
            rest += sum(map(mark_of, theirs)) - sum(map(index.mark, ours))
            return Apart(rest=rest & _MASK) if sums == index.sums else last
        keys = frozenset([self._listed(each, now) for each in theirs])
        return Apart(frozenset(ours), keys, rest & _MASK)

    def explains(self, apart: Apart, fingerprint: bytes) -> bool:
        """Tell whether a peer that shows this holds nothing that we may lack."""
        off = int.from_bytes(self._index.fingerprint) + apart.rest - int.from_bytes(fingerprint)
        off -= sum(map(self._index.mark, apart.ours))
        off += sum(map(self._mark, apart.theirs))
        if not off & _MASK:
            return True
        for key, growth, is_hearsay in reversed(self._index.changes):
            if key in apart.theirs if is_hearsay else key not in apart.ours:
                off -= growth
                if not off & _MASK:
                    return True
        return False

    def check_invariants(self) -> None:
        """Assert that the bound holds."""
        assert len(self._heard) <= OVERHEARD_MAX
        assert all(key == each.key for key, each in self._heard.items())
