"""The member list: who is known, in which state, and the fingerprint of it all.

The list decides nothing: `claims` that were verified elsewhere are recorded here, so that
ring, counts, buckets and fingerprint can never disagree with the states.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b
from random import Random
from typing import NamedTuple

from failure_detect.clock import Instant
from failure_detect.identity import Identity, MemberId, NodeName, ShortId, short_id
from failure_detect.rtt import RoundTrip

BUCKETS = 32
_MASK = (1 << 64) - 1


class Status(IntEnum):
    """A member's state in one member's eyes. The numbers travel (`Differ`)."""

    ALIVE = 0
    SUSPECT = 1
    DEAD = 2
    LEFT = 3
    RETIRED = 4


PROBED = (Status.ALIVE, Status.SUSPECT)
GONE = (Status.LEFT, Status.RETIRED)


class MemberView(NamedTuple):
    """What the layer above may see of one member. Times are this process's own."""

    identity: Identity
    status: Status
    incarnation: int
    since: Instant
    reachable: bool
    round_trip: int | None


class Member:
    """One member as this process sees it; a plain record."""

    __slots__ = (
        "accusations",
        "certificate",
        "certified_at",
        "claim",
        "deaths",
        "hold_until",
        "identity",
        "incarnation",
        "last_ack",
        "misses",
        "round_trip",
        "short",
        "since",
        "status",
        "word",
    )

    def __init__(self, identity: Identity, incarnation: int, claim: bytes, now: Instant) -> None:
        """Record a living member with the encoded `alive` claim that says so."""
        self.certificate = b""
        self.certified_at = now
        self.word = claim
        self.identity = identity
        self.short = short_id(identity.member)
        self.incarnation = incarnation
        self.claim = claim
        self.status = Status.ALIVE
        self.since = now
        self.last_ack: Instant = -1
        self.misses = 0
        self.round_trip: RoundTrip | None = None
        self.deaths = 0
        self.hold_until: Instant = 0
        self.accusations = b""

    def view(self) -> MemberView:
        """Return a copy for the layer above."""
        trip = None if self.round_trip is None else self.round_trip.smoothed
        return MemberView(
            self.identity, self.status, self.incarnation, self.since, self.misses < 2, trip
        )


@lru_cache(maxsize=1 << 16)
def entry_hash(member: MemberId, status: Status, incarnation: int) -> int:
    """Return 64 bits that stand for one entry of the list; the list's hash is their sum."""
    digest = blake2b(
        member + bytes([status]) + incarnation.to_bytes(8), digest_size=8, person=b"isthmus-entry"
    )
    return int.from_bytes(digest.digest())


class Membership:
    """All members by id, short id and node; the ring of those probed; the dead.

    The fingerprint covers the living and the dead, a suspect counts as alive; those who
    left or were retired are no part of it, so each member may forget them in its own time.
    """

    def __init__(self, own: Member) -> None:
        """Start with oneself."""
        self._members: dict[MemberId, Member] = {}
        self._by_short: dict[ShortId, Member] = {}
        self._by_node: dict[tuple[str, NodeName], Member] = {}
        self._hashes: dict[MemberId, int] = {}
        self.ring: list[MemberId] = []
        self.dead: list[MemberId] = []
        self.buckets = [0] * BUCKETS
        self.fingerprint = 0
        self.changed_at: Instant = own.since
        self.suspects = 0
        self.own = own
        self._groups: dict[str, int] = {}
        self.insert(own)

    def __len__(self) -> int:
        """Return how many members are known, oneself and the dead included."""
        return len(self._members)

    def __iter__(self) -> Iterator[Member]:
        """Iterate in the order in which they became known."""
        return iter(self._members.values())

    def get(self, member: MemberId) -> Member | None:
        """Return the record of `member`, if it is known."""
        return self._members.get(member)

    def by_short(self, short: ShortId) -> Member | None:
        """Return the member that `short` names, if it is known."""
        return self._by_short.get(short)

    def on_node(self, identity: Identity) -> Member | None:
        """Return the member that runs on the same node of the same group, if one is known."""
        return self._by_node.get((identity.group, identity.node))

    @property
    def live_count(self) -> int:
        """Number of members that are alive or suspect, oneself included."""
        return len(self.ring)

    @property
    def live_groups(self) -> list[str]:
        """Groups that have a living member, in no order that matters."""
        return list(self._groups)

    def insert(self, member: Member) -> None:
        """Add a member that is not known yet."""
        key = member.identity.member
        assert key not in self._members, "known already"
        self._members[key] = member
        self._by_short[member.short] = member
        self._by_node[member.identity.group, member.identity.node] = member
        self._enter(member)
        self._hash(member)

    def remove(self, member: Member) -> None:
        """Forget a member altogether."""
        key = member.identity.member
        self._exit(member)
        self._unhash(key)
        del self._members[key], self._by_short[member.short]
        place = (member.identity.group, member.identity.node)
        if self._by_node.get(place) is member:
            del self._by_node[place]

    def set_status(self, member: Member, status: Status, now: Instant) -> None:
        """Move `member` to `status`."""
        if member.status is status:
            return
        self._exit(member)
        member.status, member.since = status, now
        self._enter(member)
        self._rehash(member, now)

    def set_claim(self, member: Member, incarnation: int, claim: bytes, now: Instant) -> None:
        """Record the newer `alive` claim of a member, at a higher incarnation."""
        member.incarnation, member.claim = incarnation, claim
        self._rehash(member, now)

    def set_identity(self, member: Member, identity: Identity) -> None:
        """Record what a newer certificate of the same member says."""
        was_in_ring = member.status in PROBED
        if was_in_ring:
            self._leave_group(member.identity.group)
        place = (member.identity.group, member.identity.node)
        if self._by_node.get(place) is member:
            del self._by_node[place]
        member.identity = identity
        self._by_node[identity.group, identity.node] = member
        if was_in_ring:
            self._groups[identity.group] = self._groups.get(identity.group, 0) + 1

    def pick(self, rng: Random, count: int, without: tuple[MemberId, ...]) -> list[Member]:
        """Return up to `count` distinct living members at random, never oneself or `without`."""
        ring, own = self.ring, self.own.identity.member
        picked: list[Member] = []
        if len(ring) <= 3 * count + len(without):
            pool = [key for key in ring if key != own and key not in without]
            while pool and len(picked) < count:
                picked.append(self._members[pool.pop(int(rng.random() * len(pool)))])
            return picked
        seen = {own, *without}
        while len(picked) < count:
            key = ring[int(rng.random() * len(ring))]
            if key not in seen:
                seen.add(key)
                picked.append(self._members[key])
        return picked

    def ring_index(self, member: MemberId) -> int:
        """Return where `member` stands in the ring; it must be in it."""
        return bisect_left(self.ring, member)

    # --- bookkeeping -----------------------------------------------------------------

    def _enter(self, member: Member) -> None:
        if member.status in PROBED:
            insort(self.ring, member.identity.member)
            group = member.identity.group
            self._groups[group] = self._groups.get(group, 0) + 1
            self.suspects += member.status is Status.SUSPECT
        elif member.status is Status.DEAD:
            insort(self.dead, member.identity.member)

    def _exit(self, member: Member) -> None:
        key = member.identity.member
        if member.status in PROBED:
            del self.ring[bisect_left(self.ring, key)]
            self._leave_group(member.identity.group)
            self.suspects -= member.status is Status.SUSPECT
        elif member.status is Status.DEAD:
            del self.dead[bisect_left(self.dead, key)]

    def _leave_group(self, group: str) -> None:
        self._groups[group] -= 1
        if not self._groups[group]:
            del self._groups[group]

    def _rehash(self, member: Member, now: Instant) -> None:
        before = self.fingerprint
        self._unhash(member.identity.member)
        self._hash(member)
        if self.fingerprint != before:
            self.changed_at = now

    def _hash(self, member: Member) -> None:
        if member.status in GONE:
            return
        key = member.identity.member
        status = Status.DEAD if member.status is Status.DEAD else Status.ALIVE
        value = entry_hash(key, status, member.incarnation)
        self._hashes[key] = value
        self._count(key, value)

    def _unhash(self, key: MemberId) -> None:
        self._count(key, -self._hashes.pop(key, 0))

    def _count(self, key: MemberId, value: int) -> None:
        bucket = key[0] % BUCKETS
        self.buckets[bucket] = (self.buckets[bucket] + value) & _MASK
        self.fingerprint = (self.fingerprint + value) & _MASK

    def check_invariants(self) -> None:
        """Assert that ring, dead, buckets and fingerprint say what the states say."""
        states = {key: member.status for key, member in self._members.items()}
        assert self.ring == sorted(key for key, status in states.items() if status in PROBED)
        assert self.dead == sorted(key for key, s in states.items() if s is Status.DEAD)
        assert sum(self._groups.values()) == len(self.ring)
        assert self.suspects == sum(status is Status.SUSPECT for status in states.values())
        assert sum(self.buckets) & _MASK == self.fingerprint
        assert sum(self._hashes.values()) & _MASK == self.fingerprint
        assert set(self._hashes) == {key for key, status in states.items() if status not in GONE}
