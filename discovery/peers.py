"""The other bridges, as providers: who can be asked, since when it failed, what it said last."""

from collections.abc import Iterator

from discovery.apart import EQUAL, Apart
from discovery.budgets import Budget
from discovery.config import ReplicatorConfig
from discovery.frames import VERSION_MIN
from discovery.names import Origin
from failure_detect.clock import Duration, Instant
from failure_detect.identity import Identity, MemberId

PASSED_OVER_MAX = 1_024
"""So many things of one peer are remembered as not worth asking for."""

_COMPRESSED_BY = 8
"""Whatever fills the room takes at least that part of it on the wire, mostly."""


class Peer:
    """One other member of the pool."""

    __slots__ = (
        "apart",
        "busy",
        "exhausted",
        "failures",
        "forgeries",
        "identity",
        "is_alive",
        "is_reachable",
        "not_before",
        "passed_over",
        "requests",
        "room",
        "served",
        "speaks",
    )

    def __init__(self, identity: Identity, config: ReplicatorConfig, now: Instant) -> None:
        """Know nothing of it but who it is."""
        self.identity = identity
        self.is_alive = True
        self.is_reachable = True
        self.busy = False
        """Whether a request to it is under way."""
        self.failures = 0
        self.not_before: Instant = now
        """Not to be asked before: it failed, or said that it is busy."""
        self.speaks = VERSION_MIN
        """The highest version that it is known to speak."""
        self.room = config.room
        self.apart: Apart = EQUAL
        """What it and we hold apart for good."""
        self.exhausted = b""
        """Its fingerprint when a comparison found nothing to pull; empty where one did."""
        self.passed_over: dict[bytes, tuple[int, ...]] = {}
        """What it said it had and we did not come to hold, by key: never asked of it again."""
        self.requests = Budget(config.served_requests, now)
        self.served = Budget(config.served_bytes, now)
        self.forgeries = Budget(config.forgeries, now)

    @property
    def cluster(self) -> Origin:
        """Whose bridge it is."""
        return Origin(self.identity.group)

    def can_be_asked(self, now: Instant) -> bool:
        """Tell whether a request to it makes sense."""
        return self.is_alive and not self.busy and self.not_before <= now

    def came_through(self, took: Duration, size: int, config: ReplicatorConfig) -> None:
        """Learn that so many bytes of an answer came within so much time."""
        # A small answer says nothing of how fast a large one would be.
        if took < config.hedge // 2 and size * _COMPRESSED_BY >= self.room:
            self.room = min(2 * self.room, config.frame_bytes)

    def brought(self) -> None:
        """Learn that it has brought what was asked for: its failures are forgotten."""
        self.failures = 0

    def failed(self, config: ReplicatorConfig, chance: float, now: Instant) -> None:
        """Learn that a request came to nothing, or to garbage; `chance` is from 0 to 1."""
        if now - self.not_before > config.back_off_max:
            self.failures = 0  # That was long ago.
        pause = min(config.back_off << min(self.failures, 16), config.back_off_max)
        self.failures += 1
        self.room = max(self.room // 2, config.room_min)
        self.not_before = now + pause // 2 + int(chance * (pause // 2))

    def pass_over(self, key: bytes, rank: tuple[int, ...]) -> None:
        """Remember that it said it had something which we did not come to hold; bounded."""
        self.passed_over.pop(key, None)
        self.passed_over[key] = rank
        if len(self.passed_over) > PASSED_OVER_MAX:
            del self.passed_over[next(iter(self.passed_over))]

    def look_again(self) -> None:
        """Forget what came to nothing: it may come to something now."""
        self.apart, self.exhausted = EQUAL, b""
        self.passed_over.clear()


class Peers:
    """All peers that are known, in the order in which they joined."""

    def __init__(self, config: ReplicatorConfig) -> None:
        """Know nobody."""
        self._config = config
        self._peers: dict[MemberId, Peer] = {}

    def __iter__(self) -> Iterator[Peer]:
        """Iterate over all peers."""
        return iter(self._peers.values())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._peers)

    def get(self, member: MemberId) -> Peer | None:
        """Return one, None where it is not known."""
        return self._peers.get(member)

    def joined(self, identity: Identity, now: Instant) -> Peer:
        """Know a peer from now on, or its new address; it is alive."""
        peer = self._peers.get(identity.member)
        if peer is None:
            self.look_again()  # What it has signed may be believed now.
            peer = self._peers[identity.member] = Peer(identity, self._config, now)
        peer.identity = identity
        peer.is_alive = True
        return peer

    def look_again(self) -> None:
        """Forget of everybody what came to nothing."""
        for peer in self:
            peer.look_again()

    def same(self, apart: Apart) -> Apart:
        """Return what is equal to this and known of another peer: bridges of one cluster share."""
        return next((peer.apart for peer in self if peer.apart == apart), apart)

    def forget(self, member: MemberId) -> None:
        """Know it no more."""
        self._peers.pop(member, None)
