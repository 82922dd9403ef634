"""What bridges say to each other about sets: rumours by gossip, requests and answers over streams.

A rumour rides with the detector's broadcasts. A request opens a stream, carries one frame there and
one back. What is asked for and given is named by entry key (`index`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from discovery.deltas import Delta
from discovery.index import Entry

# --- by gossip ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rumour:
    """A new manifest, and where it is small what changed since the set with the root `base`."""

    manifest: bytes
    base: bytes = b""
    delta: Delta | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """The sender holds something of this rank: no proof, only a reason to ask it."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Item:
    """A small signed thing, whole, and for how long (us) it has been held by those who told it."""

    key: bytes
    raw: bytes
    age: int = 0


Gossip: TypeAlias = Rumour | Hint | Item

# --- requests --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compare:
    """The sums of the asker's 64 groups: give your entries in those that differ."""

    sums: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One thing that is asked for; of a set, with what the asker has of it."""

    key: bytes
    have: bytes = b""
    """Root of the set that the asker has, or empty."""
    branches: tuple[bytes, ...] = ()
    """The first 8 bytes of its 64 branch digests, or nothing."""
    target: bytes = b""
    """Root of the set that the asker has a part of: to go on with that one, if it is there."""
    first: int = 0
    """Go on from this bucket of the target."""
    buckets: tuple[int, ...] = ()
    """Only these buckets of the target."""
    shown: bytes = b""
    """The manifest of the set that the asker has, where it was told that there is none for it."""

    @property
    def size_bytes(self) -> int:
        """About how many bytes it takes; never less than it does."""
        fixed = len(self.key) + len(self.have) + len(self.target) + len(self.shown)
        return fixed + sum(map(len, self.branches)) + 3 * len(self.buckets) + 32


@dataclass(frozen=True, slots=True)
class Pull:
    """Give the asker these, as many as fit."""

    wanted: tuple[Wanted, ...]
    room: int
    """How many bytes in clear the answer may have: less over a slow link."""


Request: TypeAlias = Compare | Pull

# --- answers ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Differ:
    """My entries in the groups that differ; the fingerprint is of all that I hold."""

    fingerprint: bytes
    groups: tuple[int, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing of this key for the asker here.

    Where it showed that there was once: the manifest that is not for it any more, and no record.
    """

    key: bytes
    manifest: bytes = b""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the set that the asker has: all of it."""

    key: bytes
    manifest: bytes
    base: bytes
    delta: Delta


@dataclass(frozen=True, slots=True)
class Part:
    """The records of the buckets from `first` up to, not including, `until` (4096: to the end).

    The manifest is left out where the asker said that it has a part of this set already.
    """

    key: bytes
    manifest: bytes
    root: bytes
    first: int
    until: int
    put: Mapping[bytes, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Digests:
    """The bucket digests (8 bytes each) of the branches that differ."""

    key: bytes
    manifest: bytes
    branches: tuple[tuple[int, tuple[bytes, ...]], ...]


@dataclass(frozen=True, slots=True)
class Buckets:
    """All records of these branches and of these single buckets."""

    key: bytes
    manifest: bytes
    root: bytes
    branches: tuple[int, ...] = ()
    buckets: tuple[int, ...] = ()
    put: Mapping[bytes, bytes] = field(default_factory=dict)


Answer: TypeAlias = Nothing | Item | Changes | Part | Digests | Buckets


@dataclass(frozen=True, slots=True)
class Pulled:
    """Answers to some of what was wanted, in that order; ask again for the rest."""

    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Busy:
    """The asker has had its share for now."""

    wait: int
    """For how long (us) it should leave us alone."""


Response: TypeAlias = Differ | Pulled | Busy
StreamMessage: TypeAlias = Request | Response
