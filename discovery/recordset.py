"""An origin's whole set of records as an immutable Merkle tree of fixed shape.

Two levels of 64: a record lies in the bucket that the first 12 bits of its key's hash name, a
branch holds 64 buckets, the root 64 branches. The shape depends on keys alone, so equal sets have
equal roots whatever order they were built in. A changed set shares all untouched branches with
the one before: holding several versions, comparing them and serving an old one cost what differs.

A bucket is what is passed on at once, so it has a largest size: whatever the set is, whoever serves
it, each bucket fits one frame. That bounds what a change costs as well.

    bucket = H("bucket", key, value, key, value, ...)    keys in order, each with its length before
    branch = H("branch", 64 buckets)                     zeros for an empty one
    root   = H("root", 64 branches, count, bytes)
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from operator import is_not
from typing import TypeAlias

HASH_BYTES = 32
FANOUT = 64
BUCKET_BYTES_MAX = 262_144
"""The most that the records of one bucket may take (`packed_size`): sixteen times its share of the
largest set, and eight of the largest records. Above it nobody takes the set (`overfull`)."""

_LEVEL_BITS = 6
_EMPTY = bytes(HASH_BYTES)
_KEY_BYTES_MAX = (1 << 16) - 1
_VALUE_BYTES_MAX = (1 << 32) - 1

_PAIR_BYTES = 12

Pairs = tuple[tuple[bytes, bytes], ...]


def packed_size(pairs: Iterable[tuple[bytes, bytes]]) -> int:
    """Return how many bytes records take in a message, keys and lengths included; never less."""
    return sum(len(key) + len(value) + _PAIR_BYTES for key, value in pairs)


@lru_cache(maxsize=1 << 14)
def bucket_of(key: bytes) -> int:
    """Return the number of a key's bucket, from 0 to 4095; its branch is that by 64."""
    return int.from_bytes(blake2b(key, digest_size=2, person=b"isthmus-key").digest()) >> 4


@dataclass(frozen=True, slots=True)
class Bucket:
    """The records of one bucket, in the order of their keys."""

    digest: bytes
    records: Pairs

    @classmethod
    def of(cls, records: Pairs) -> "Bucket | None":
        """Return the bucket of these records, sorted by key; None of none."""
        if not records:
            return None
        digest = blake2b(digest_size=HASH_BYTES, person=b"isthmus-bucket")
        for key, value in records:
            if len(key) > _KEY_BYTES_MAX or len(value) > _VALUE_BYTES_MAX:
                raise ValueError(f"record {key[:80]!r}: a key or value too long to be hashed")
            digest.update(len(key).to_bytes(2) + key + len(value).to_bytes(4))
            digest.update(value)
        return cls(digest.digest(), records)


@dataclass(frozen=True, slots=True)
class Branch:
    """64 buckets."""

    digest: bytes
    buckets: tuple[Bucket | None, ...]

    @classmethod
    def of(cls, buckets: tuple[Bucket | None, ...]) -> "Branch | None":
        """Return the branch of 64 buckets; None where all are empty."""
        if not any(buckets):
            return None
        joined = b"".join(_EMPTY if each is None else each.digest for each in buckets)
        digest = blake2b(joined, digest_size=HASH_BYTES, person=b"isthmus-branch").digest()
        return cls(digest, buckets)


_NO_BUCKETS: tuple[Bucket | None, ...] = (None,) * FANOUT
_NO_BRANCHES: tuple[Branch | None, ...] = (None,) * FANOUT


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one key between two sets; None stands for absence."""

    key: bytes
    before: bytes | None
    after: bytes | None


_Edits: TypeAlias = dict[int, dict[int, dict[bytes, bytes | None]]]
"""What is put (or deleted: None) by branch, bucket within it, and key."""


class RecordSet:
    """A set of records, by key. Immutable: `updated` returns another one."""

    __slots__ = ("branches", "count", "root", "size_bytes")

    def __init__(self, branches: tuple[Branch | None, ...], count: int, size_bytes: int) -> None:
        """Hold 64 branches with `count` records of `size_bytes` in all, keys included."""
        self.branches = branches
        self.count = count
        self.size_bytes = size_bytes
        digest = blake2b(digest_size=HASH_BYTES, person=b"isthmus-root")
        digest.update(b"".join(_EMPTY if each is None else each.digest for each in branches))
        digest.update(count.to_bytes(8) + size_bytes.to_bytes(8))
        self.root = digest.digest()
        """32 bytes: equal for equal sets, and for those alone."""

    @classmethod
    def of(cls, records: Mapping[bytes, bytes]) -> "RecordSet":
        """Return the set of these records; ValueError for a key of more than 65,535 bytes."""
        return EMPTY.updated(records)

    def __len__(self) -> int:
        """Return how many records there are."""
        return self.count

    def __eq__(self, other: object) -> bool:
        """Tell whether the other is a set of the same records."""
        return isinstance(other, RecordSet) and other.root == self.root

    def __hash__(self) -> int:
        """Return the hash of the root."""
        return hash(self.root)

    def __repr__(self) -> str:
        """Return what tells one set from another at a glance."""
        return f"RecordSet({self.count} records, {self.size_bytes} bytes, {self.root.hex()[:16]})"

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """Iterate over (key, value) in the order of buckets and, in each, of keys."""
        for branch in self.branches:
            if branch is not None:
                for bucket in branch.buckets:
                    if bucket is not None:
                        yield from bucket.records

    def get(self, key: bytes) -> bytes | None:
        """Return a record's value, None where there is none."""
        for each, value in self.bucket(bucket_of(key)):
            if each == key:
                return value
        return None

    def bucket(self, number: int) -> Pairs:
        """Return the records of one bucket (0 to 4095), in the order of their keys."""
        branch = self.branches[number >> _LEVEL_BITS]
        bucket = None if branch is None else branch.buckets[number & (FANOUT - 1)]
        return () if bucket is None else bucket.records

    def from_bucket(self, first: int) -> Iterator[tuple[int, Pairs]]:
        """Iterate over buckets that are not empty, from number `first` on."""
        for number in range(first >> _LEVEL_BITS, FANOUT):
            branch = self.branches[number]
            if branch is None:
                continue
            for index, bucket in enumerate(branch.buckets):
                at = number << _LEVEL_BITS | index
                if bucket is not None and at >= first:
                    yield at, bucket.records

    def branch_digests(self) -> tuple[bytes, ...]:
        """Return the digests of the 64 branches; 32 zeros for an empty one."""
        return tuple(_EMPTY if each is None else each.digest for each in self.branches)

    def bucket_digests(self, branch: int) -> tuple[bytes, ...]:
        """Return the digests of the 64 buckets of a branch (0 to 63); zeros for an empty one."""
        found = self.branches[branch]
        buckets = _NO_BUCKETS if found is None else found.buckets
        return tuple(_EMPTY if each is None else each.digest for each in buckets)

    def updated(self, put: Mapping[bytes, bytes], delete: Iterable[bytes] = ()) -> "RecordSet":
        """Return the set with these records put and those keys gone (absent ones do not matter).

        A key that is both put and deleted is put. Costs what is touched, and 64 pointers. What
        does not change stays the same object, up to the set itself. Raises ValueError for a key
        of more than 65,535 bytes.
        """
        edits: _Edits = {}
        for key in delete:
            _edit(edits, key, None)
        for key, value in put.items():
            _edit(edits, key, value)
        branches, count, size = list(self.branches), self.count, self.size_bytes
        for number, edited in edits.items():
            branches[number], more, more_bytes = _edited_branch(branches[number], edited)
            count += more
            size += more_bytes
        if not any(map(is_not, branches, self.branches)):
            return self
        return RecordSet(tuple(branches), count, size)

    def changes_since(self, before: "RecordSet") -> list[Change]:
        """Return what differs from an older set, in the order of buckets and keys.

        Costs what differs: branches and buckets that both share are not looked into.
        """
        return [change for bucket in self.iter_changes(before) for change in bucket]

    def iter_changes(self, before: "RecordSet") -> Iterator[list[Change]]:
        """Iterate over `changes_since`, bucket by bucket: whoever has seen enough may stop."""
        for ours, theirs in zip(self.branches, before.branches, strict=True):
            if _same(ours, theirs):
                continue
            pairs = zip(
                _NO_BUCKETS if ours is None else ours.buckets,
                _NO_BUCKETS if theirs is None else theirs.buckets,
                strict=True,
            )
            for now, then in pairs:
                # Most are one object, or both empty: a call for each costs more than all the rest.
                if now is not then and not _same(now, then):
                    yield _bucket_changes(
                        () if then is None else then.records, () if now is None else now.records
                    )

    def overfull(self, before: "RecordSet") -> tuple[int, int] | None:
        """Return the number and size of a bucket that is too large, None where there is none.

        One that was as large in `before` already does not count. Costs what differs.
        """
        for number, (ours, theirs) in enumerate(zip(self.branches, before.branches, strict=True)):
            if ours is None or _same(ours, theirs):
                continue
            then = _NO_BUCKETS if theirs is None else theirs.buckets
            for index, bucket in enumerate(ours.buckets):
                if bucket is None or bucket is then[index]:
                    continue
                size = packed_size(bucket.records)
                if size > BUCKET_BYTES_MAX and size > _packed_size(then[index]):
                    return number << _LEVEL_BITS | index, size
        return None


def _packed_size(bucket: Bucket | None) -> int:
    return 0 if bucket is None else packed_size(bucket.records)


def _same(ours: Branch | Bucket | None, theirs: Branch | Bucket | None) -> bool:
    if ours is theirs:
        return True
    return ours is not None and theirs is not None and ours.digest == theirs.digest


def _edit(edits: _Edits, key: bytes, value: bytes | None) -> None:
    number = bucket_of(key)
    branch = edits.setdefault(number >> _LEVEL_BITS, {})
    branch.setdefault(number & (FANOUT - 1), {})[key] = value


def _edited_branch(
    old: Branch | None, edits: Mapping[int, Mapping[bytes, bytes | None]]
) -> tuple[Branch | None, int, int]:
    # The branch, and how many records and bytes it has more than before.
    buckets = list(_NO_BUCKETS if old is None else old.buckets)
    count = size = 0
    for index, edited in edits.items():
        before = buckets[index]
        records = () if before is None else before.records
        pairs = _edited(records, edited)
        if pairs != records:
            buckets[index] = Bucket.of(pairs)
            count += len(pairs) - len(records)
            size += _size(pairs) - _size(records)
    if not any(map(is_not, buckets, _NO_BUCKETS if old is None else old.buckets)):
        return old, 0, 0
    return Branch.of(tuple(buckets)), count, size


def _edited(pairs: Pairs, edits: Mapping[bytes, bytes | None]) -> Pairs:
    merged: dict[bytes, bytes | None] = {**dict(pairs), **edits}
    return tuple(sorted((key, value) for key, value in merged.items() if value is not None))


def _size(pairs: Pairs) -> int:
    return sum(len(key) + len(value) for key, value in pairs)


def _bucket_changes(before: Pairs, after: Pairs) -> list[Change]:
    old, new = dict(before), dict(after)
    return [
        Change(key, old.get(key), new.get(key))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


EMPTY = RecordSet(_NO_BRANCHES, 0, 0)
"""The set of a cluster that has departed, or that has said nothing yet."""
