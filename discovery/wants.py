"""What is known to be lacking, who says that it has it, and what of it has come already."""

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


class Wants:
    """All that is lacking, in the order in which it was noticed; bounded."""

    def __init__(self, most: int) -> None:
        """Remember at most so many."""
        self._most = most
        self._wants: dict[bytes, Want] = {}
        self.dropped = 0

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

        None where too much is wanted already.
        """
        want = self._wants.get(key)
        if want is None:
            if len(self._wants) >= self._most:
                self.dropped += 1
                return None
            want = self._wants[key] = Want(key, rank)
        want.rank = max(want.rank, rank)
        if len(want.providers) < PROVIDERS_MAX:
            want.providers.setdefault(provider)
        return want

    def drop(self, key: bytes) -> None:
        """Want it no more."""
        self._wants.pop(key, None)

    def satisfied(self, key: bytes, rank: tuple[int, ...]) -> Want | None:
        """Learn that something of this rank is held now; return the want that it ended, if any."""
        want = self._wants.get(key)
        if want is None:
            return None
        if rank < want.rank:  # An intermediate one: the parts of it are of no more use.
            want.staging, want.whole = None, False
            return None
        return self._wants.pop(key)

    def forget_provider(self, member: MemberId) -> None:
        """Ask somebody no more; what nobody else has is dropped until it is heard of again."""
        for want in self:
            want.providers.pop(member, None)
            want.asked.pop(member, None)
            if not want.providers:
                self.drop(want.key)

    @property
    def staged_bytes(self) -> int:
        """Bytes of all sets of which a part has come."""
        stagings = (want.staging for want in self._wants.values())
        return sum(each.records.size_bytes for each in stagings if each is not None)
