"""Those with whom a session is shared: their boxes, counters, windows and tags.

A tag names a session to the end that gave it. It is never given twice by one process, so what was
sealed for an earlier session opens in no later one. A member may hold several, because two
handshakes may cross; the counter and the window belong to the key, and outlive each of them.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.wire.header import (
    HEAD_BYTES,
    INNER_BYTES,
    TAG_MAX,
    Head,
    Kind,
    Pool,
    inner,
    mark_of,
    write_head,
)
from agent.wire.nonces import Counters, Way, is_spent
from agent.wire.reasons import Reason, WireRefused
from agent.wire.replay import ReplayWindow
from agent.wire.sealing import SEAL_BYTES, Box, Entropy
from failure_detect.clock import Instant
from failure_detect.identity import Address, MemberId

SEALED_BYTES_MIN = HEAD_BYTES + INNER_BYTES + SEAL_BYTES
"""A sealed datagram that says nothing; others are as much longer as they say."""

OVERHEAD_BYTES = SEALED_BYTES_MIN

TAGS_MAX = 4
"""How many tags one member may hold: its own handshakes and ours, the latest two of each."""


@dataclass(slots=True, eq=False)
class Peer:
    """One member in one pool, as it proved to be."""

    own: MemberId
    member: MemberId
    box: Box
    pool: Pool
    window: ReplayWindow
    sent: int
    """The counter of what was sealed last."""
    used: Instant
    certificate: bytes = b""
    version: int = 0
    sending: int | None = None
    """The tag that it gave us; None while we may not send yet."""
    tags: list[int] = field(default_factory=list)
    """The tags that we gave it, the latest last."""
    granted: tuple[int, int] | None = None
    """Its tag and ours of the proof that was accepted last: a proof that is said again gets the
    same answer."""
    address: Address | None = None
    """Where we sent to last, as we were told; never where something came from."""
    checked: Instant = 0
    """When its certificate was believed last, and under which generation of trust."""
    trust: int = 0
    told: int = 0
    """Which certificate of ours it was shown last."""
    asked: Instant | None = None
    """When we sent something first after it was heard last."""
    tried: Instant | None = None
    """When a handshake was begun last, and how many were since it said something last."""
    doubts: int = 0

    def hear(self, now: Instant) -> None:
        """Remember that something came that it has sealed."""
        self.used = now
        self.asked = None

    def seal(self, kind: Kind, data: bytes) -> bytes:
        """Return a sealed datagram. Raises `WireRefused` where the counter has come to its end."""
        head, sealed = self.sealed(kind, 0 if self.sending is None else self.sending, data)
        return head + sealed

    def sealed(self, kind: Kind, tag: int, data: bytes) -> tuple[bytes, bytes]:
        """Return the bytes of a head, and what is sealed under it."""
        if is_spent(self.sent):
            raise WireRefused(Reason.EXHAUSTED, "the counter of this key has come to its end")
        self.sent += 1
        head = Head(kind, self.pool, mark_of(self.member), tag, self.sent, self.version)
        raw = write_head(head)
        way = Way(self.pool, self.version, self.own, self.member)
        return raw, self.box.seal(way.nonce(self.sent), inner(raw) + data)

    def open(self, head: Head, raw: bytes, sealed: bytes) -> bytes:
        """Return what a sealed part says, and mark its counter as seen.

        Raises `WireRefused` (REPLAY, SEAL); then nothing was marked.
        """
        if not self.window.is_new(head.counter):
            raise WireRefused(Reason.REPLAY, "came before, or too late to tell")
        way = Way(self.pool, head.version, self.member, self.own)
        opened = self.box.open(way.nonce(head.counter), sealed)
        if opened is None or opened[:INNER_BYTES] != inner(raw):
            raise WireRefused(Reason.SEAL, "not sealed by this member for this session")
        self.window.begin_at(head.counter)
        self.window.mark(head.counter)
        return opened[INNER_BYTES:]


class Peers:
    """All of one pool, those least lately used first; bounded."""

    def __init__(self, counters: Counters, entropy: Entropy, most: int) -> None:
        """Hold at most `most`; `counters` outlive all of them."""
        self._counters = counters
        self._most = most
        self._peers: OrderedDict[MemberId, Peer] = OrderedDict()
        self._tags: dict[int, Peer] = {}
        self._by_theirs: dict[int, Peer] = {}
        self._next = int.from_bytes(entropy(4))

    def __len__(self) -> int:
        return len(self._peers)

    def __iter__(self) -> Iterator[Peer]:
        return iter(self._peers.values())

    @property
    def first_counter(self) -> int:
        """The counter before the first of a member that is not known."""
        return self._counters.first

    @property
    def oldest(self) -> Peer | None:
        """Who was used least lately."""
        return next(iter(self._peers.values()), None)

    def get(self, member: MemberId) -> Peer | None:
        """Return a member, None where there is none."""
        return self._peers.get(member)

    def by_tag(self, tag: int) -> Peer | None:
        """Return who holds a tag of ours."""
        return self._tags.get(tag)

    def by_theirs(self, tag: int) -> Peer | None:
        """Return to whom we send under a tag of theirs."""
        return self._by_theirs.get(tag)

    def add(self, peer: Peer) -> None:
        """Hold a member; the one that was used least lately goes where there are too many."""
        if self._peers.setdefault(peer.member, peer) is not peer:
            raise AssertionError("a member has one session, which is altered and not replaced")
        oldest = self.oldest
        if len(self._peers) > self._most and oldest is not None:
            self.remove(oldest)

    def remove(self, peer: Peer) -> None:
        """Forget a member; its counter is not forgotten."""
        del self._peers[peer.member]
        for tag in peer.tags:
            del self._tags[tag]
        self._unlink(peer)
        self._counters.retire(peer.sent)

    def clear(self) -> None:
        """Forget all members."""
        for peer in tuple(self):
            self.remove(peer)

    def touch(self, peer: Peer, now: Instant) -> None:
        """Remember that a member was used now."""
        peer.used = now
        self._peers.move_to_end(peer.member)

    def give_tag(self, peer: Peer) -> int:
        """Return a tag that was never given before, for a member that is held here."""
        tag = self._next
        while tag == 0 or tag in self._tags:
            tag = (tag + 1) & TAG_MAX
        self._next = (tag + 1) & TAG_MAX
        self._tags[tag] = peer
        peer.tags.append(tag)
        if len(peer.tags) > TAGS_MAX:
            del self._tags[peer.tags.pop(0)]
        return tag

    def send_under(self, peer: Peer, tag: int) -> None:
        """Send to a member under a tag of its from now on."""
        self._unlink(peer)
        peer.sending = tag
        self._by_theirs[tag] = peer

    def _unlink(self, peer: Peer) -> None:
        if peer.sending is not None and self._by_theirs.get(peer.sending) is peer:
            del self._by_theirs[peer.sending]

    def check_invariants(self) -> None:
        """Assert that tags and members agree, and that all is bounded."""
        assert len(self._peers) <= self._most
        tagged = {tag: peer for peer in self for tag in peer.tags}
        assert tagged == self._tags
        assert all(len(peer.tags) <= TAGS_MAX for peer in self)
        for tag, peer in self._by_theirs.items():
            assert peer.sending == tag
            assert self._peers.get(peer.member) is peer
