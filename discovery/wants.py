"""What is known to be lacking, who says that it has it, and what of it has come already."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from discovery.manifest import Manifest
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

    def take_part(self, first: int, until: int, put: dict[bytes, bytes]) -> bool:
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

    def take_buckets(self, buckets: frozenset[int], put: dict[bytes, bytes]) -> bool:
        """Replace the records of whole buckets; tell whether none is pending now."""
        if any(bucket_of(key) not in buckets for key in put):
            raise Refused(Refusal.MALFORMED, "buckets: a record of another bucket")
        ours = [key for each in sorted(buckets) for key, _ in self.records.bucket(each)]
        self._put(put, [key for key in ours if key not in put])
        self.pending = tuple(each for each in self.pending if each not in buckets)
        return not self.pending

    def _put(self, put: dict[bytes, bytes], delete: list[bytes]) -> None:
        added = sum(len(key) + len(value) for key, value in put.items())
        if added > self.manifest.body.size_bytes:
            raise Refused(Refusal.OVERSIZED, "set: more than its manifest says")
        self.records = self.records.updated(put, delete)


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
    vain: int = 0
    """Answers in a row that brought it no further."""


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
            want.staging, want.whole = None, False
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

    @property
    def staged_bytes(self) -> int:
        """Bytes of all sets of which a part has come."""
        stagings = (want.staging for want in self._wants.values())
        return sum(each.records.size_bytes for each in stagings if each is not None)
