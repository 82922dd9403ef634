"""What is known to be lacking, who says that it has it, and what of it has come already."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from discovery.manifest import Manifest, Order
from discovery.recordset import FANOUT, RecordSet, bucket_of
from discovery.refusals import Refusal, Refused
from failure_detect.clock import NEVER, Instant
from failure_detect.identity import MemberId

PROVIDERS_MAX = 8
BUCKETS = FANOUT * FANOUT


@dataclass(slots=True)
class Staging:
    """A set of which a part has come; nothing of it counts before its root is the signed one."""

    manifest: Manifest
    records: RecordSet
    next_bucket: int = 0
    """Where to go on, when the set comes in the order of buckets."""
    pending: tuple[int, ...] = ()
    """Which buckets are still to come, when single ones were asked for."""
    brought_by: dict[MemberId, None] = field(default_factory=dict)
    """Who has brought parts of it: one of them, where the root turns out to be another."""
    size_bytes_max: int = 0
    """What it may have grown to: what it begins with, and all that its manifest says."""

    def __post_init__(self) -> None:
        """Bound it by what it begins with."""
        self.size_bytes_max = self.records.size_bytes + self.manifest.body.size_bytes

    @property
    def done(self) -> int:
        """How many of the 4096 buckets have come, or need not come."""
        return BUCKETS - len(self.pending) if self.pending else self.next_bucket

    def take_part(self, first: int, until: int, put: Mapping[bytes, bytes]) -> bool:
        """Add the records of the next buckets; tell whether the set is whole now.

        A part that another provider has brought already changes nothing. Raises `Refused` for
        records of other buckets, and for more than the manifest says.
        """
        if first != self.next_bucket:
            return False
        if until <= first:
            raise Refused(Refusal.MALFORMED, "part: ends before it begins")
        if any(not first <= bucket_of(key) < until for key in put):
            raise Refused(Refusal.MALFORMED, "part: a record of another bucket")
        self._put(put, [])
        self.next_bucket = until
        return until == BUCKETS

    def take_buckets(self, buckets: frozenset[int], put: Mapping[bytes, bytes]) -> bool:
        """Replace the records of whole buckets; tell whether none is pending now."""
        if any(bucket_of(key) not in buckets for key in put):
            raise Refused(Refusal.MALFORMED, "buckets: a record of another bucket")
        ours = [key for each in sorted(buckets) for key, _ in self.records.bucket(each)]
        self._put(put, [key for key in ours if key not in put])
        self.pending = tuple(each for each in self.pending if each not in buckets)
        return not self.pending

    def _put(self, put: Mapping[bytes, bytes], delete: list[bytes]) -> None:
        records = self.records.updated(put, delete)
        if records.size_bytes > self.size_bytes_max:
            raise Refused(Refusal.ROOT, "set: more than its manifest says")
        self.records = records


def covered(branches: tuple[int, ...], buckets: tuple[int, ...]) -> frozenset[int]:
    """Return the buckets of whole branches (0 to 63), and single ones, together."""
    whole = (at for branch in branches for at in range(branch * FANOUT, (branch + 1) * FANOUT))
    return frozenset(whole).union(buckets)


def differing(
    records: RecordSet, branches: tuple[tuple[int, tuple[bytes, ...]], ...]
) -> tuple[int, ...]:
    """Return the buckets of which ours differ; of each branch the first bytes of its 64 digests."""
    differ: set[int] = set()
    for branch, digests in branches:
        ours = enumerate(records.bucket_digests(branch), branch * FANOUT)
        pairs = zip(ours, digests, strict=False)
        differ.update(at for (at, digest), theirs in pairs if not digest.startswith(theirs))
    return tuple(sorted(differ))


@dataclass(slots=True)
class Want:
    """One thing that is lacking."""

    key: bytes
    rank: tuple[int, ...]
    providers: dict[MemberId, None] = field(default_factory=dict)
    asked_at: Instant = -NEVER
    """When it was last asked for; far in the past where it never was."""
    asked: dict[MemberId, None] = field(default_factory=dict)
    """Whose answer is awaited."""
    staging: Staging | None = None
    is_news: bool = False
    """It was told as a rumour: whoever gets it tells it on."""
    whole: bool = False
    """Comparing led to nothing: ask for all of it."""
    alone: bool = False
    """What several brought did not fit together: ask one at a time, for all of it."""
    moves: int = 0
    """Grows with whatever changes in how far it has come: an answer to an older question may be in
    vain through no fault of its sender."""
    vain: Counter[MemberId] = field(default_factory=Counter)
    """Answers of each provider, since it last came further, that brought it no further."""
    shows: bool = False
    """It was said that there is nothing for us: what is held is shown, and the reason asked for."""
    gave_up: bool = False
    """Nobody had the rest of what was begun, and a lower set was begun instead."""
    _best: tuple[Order, int] | None = None

    def has_advanced(self) -> bool:
        """Tell, once, that it has come further than ever: of a newer set, or more of the same."""
        if self.staging is None:
            return False
        at = (self.staging.manifest.order, self.staging.done)
        if self._best is not None and at <= self._best:
            return False
        self._best = at
        self.vain.clear()
        return True

    def go_on_with(self, begun: Staging, provider: MemberId) -> bool:
        """Go on with what `provider` has begun, if that is better than ours; tell whether it is.

        What was begun is not given up for less while somebody may bring the rest of it: an origin
        that changes faster than a pull takes must not lead from one beginning to the next.
        """
        if begun is self.staging:
            return True
        if self.staging is not None:
            new, old = begun.manifest.order, self.staging.manifest.order
            if new == old:
                is_better = begun.done > self.staging.done
            elif new > old:
                is_better = begun.done >= self.staging.done or not self.asked
            else:
                is_better = not any(each != provider for each in self.providers)
            if not is_better:
                return False
            if new < old and not self.gave_up:  # Once: nobody leads us up and down for ever.
                self.gave_up = True
                self.restart()
        self.staging = begun
        return True

    def moved_on(self) -> None:
        """Ask at once for what comes next: what is awaited still answers an older question."""
        self.moves += 1
        self.asked.clear()

    def restart(self) -> None:
        """Give up what has come of it."""
        self.staging, self._best = None, None
        self.moves += 1


class Wants:
    """All that is lacking, in the order in which it was noticed; bounded."""

    def __init__(self, most: int) -> None:
        """Remember at most so many, and of one provider a quarter of them."""
        self._most = most
        self._wants: dict[bytes, Want] = {}
        self._named: Counter[MemberId] = Counter()
        self.dropped = 0
        self.changes = 0
        """Grows with whatever there is more to ask for."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._wants)

    def __iter__(self) -> Iterator[Want]:
        """Iterate over them; they may be dropped meanwhile."""
        return iter(list(self._wants.values()))

    def providers(self) -> Iterator[MemberId]:
        """Iterate over all who are said to have any of it."""
        return iter(self._named)

    def get(self, key: bytes) -> Want | None:
        """Return what is wanted under a key."""
        return self._wants.get(key)

    def note(self, key: bytes, rank: tuple[int, ...], provider: MemberId) -> Want | None:
        """Want something of at least this rank, which `provider` says it has.

        None where too much is wanted already, or too much of what this provider says it has: what
        it names need not exist.
        """
        want = self._wants.get(key)
        is_known = want is not None and provider in want.providers
        if not is_known and self._named[provider] >= max(1, self._most // 4):
            self.dropped += 1
            return None
        if want is None:
            if len(self._wants) >= self._most:
                self.dropped += 1
                return None
            want = self._wants[key] = Want(key, rank)
        want.rank = max(want.rank, rank)
        if not is_known and len(want.providers) < PROVIDERS_MAX:
            want.providers[provider] = None
            self._named[provider] += 1
            self.changes += 1
        return want

    def postpone(self, key: bytes) -> None:
        """Let all others come before it: something of it has come just now."""
        want = self._wants.pop(key, None)
        if want is not None:
            self._wants[key] = want

    def drop(self, key: bytes) -> Want | None:
        """Want it no more; return what was wanted."""
        want = self._wants.pop(key, None)
        if want is not None:
            for member in want.providers:
                self._discount(member)
        return want

    def without(self, want: Want, member: MemberId) -> None:
        """Ask one provider no more; what nobody has is dropped until it is heard of again."""
        if member in want.providers:
            del want.providers[member]
            self._discount(member)
        if not want.providers:
            self.drop(want.key)

    def _discount(self, member: MemberId) -> None:
        self._named[member] -= 1
        if not self._named[member]:
            del self._named[member]

    def satisfied(self, key: bytes, rank: tuple[int, ...]) -> Want | None:
        """Learn that something of this rank is held now; return the want that it ended, if any."""
        want = self._wants.get(key)
        if want is None:
            return None
        if rank < want.rank:  # An intermediate one: the parts of it are of no more use.
            want.moves += 1
            want.whole = want.alone = want.gave_up = False
            if want.staging is not None and want.staging.manifest.order[:3] <= rank[:3]:
                want.restart()
            return None
        return self.drop(key)

    def forget_provider(self, member: MemberId) -> None:
        """Ask somebody for nothing any more."""
        for want in self:
            want.asked.pop(member, None)
            self.without(want, member)
        self.changes += 1

    def check_invariants(self) -> None:
        """Assert that providers are counted right and that the bound holds."""
        named = Counter(member for want in self for member in want.providers)
        assert named == self._named
        assert len(self._wants) <= self._most
        assert all(want.providers for want in self)
        stagings = (want.staging for want in self if want.staging is not None)
        assert all(each.records.size_bytes <= each.size_bytes_max for each in stagings)

    @property
    def staged_bytes(self) -> int:
        """Bytes of all sets of which a part has come."""
        stagings = (want.staging for want in self._wants.values())
        return sum(each.records.size_bytes for each in stagings if each is not None)
