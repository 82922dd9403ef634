"""Anti-entropy of the member list: by fingerprint and difference, never the whole list on a timer.

Every ping and ack carries the list's fingerprint. Where two differ for longer than a rumour
takes, one side sends its bucket hashes over a stream, the other its entries in the buckets
that differ, and then each gives what the other lacks. Who found nothing to exchange remembers
the pair of fingerprints and asks again only when one of them changes.
"""

from functools import partial

from failure_detect.clock import NEVER, Instant
from failure_detect.events import SendResponse
from failure_detect.identity import Address, MemberId, ShortId
from failure_detect.intake import Intake
from failure_detect.members import BUCKETS, GONE, Member, Status
from failure_detect.messages import Claims, Compare, Differ, Packet, Pull
from failure_detect.pool import Pool, Refusal
from failure_detect.wire import encode

_ENTRY_BYTES = 24
"""The most that one entry of `Differ` takes."""


class Sync:
    """Compares member lists with others, one comparison of its own at a time."""

    def __init__(self, pool: Pool, intake: Intake) -> None:
        """Bring claims that were pulled to `intake`."""
        self._pool = pool
        self._intake = intake
        self._next_at: Instant = 0
        self._differs_since: Instant = NEVER
        self._futile: dict[MemberId, tuple[int, int]] = {}
        self.comparisons = 0

    # --- when ----------------------------------------------------------------------------

    def on_fingerprint(self, member: Member, fingerprint: int, now: Instant) -> None:
        """A ping or ack of `member` carried this fingerprint: compare, if it is time to."""
        pool, sync = self._pool, self._pool.config.sync
        if fingerprint == pool.members.fingerprint:
            self._differs_since = NEVER
            return
        if self._differs_since == NEVER:
            self._differs_since = now
        settled = now - pool.members.changed_at >= sync.settle
        if not settled and now - self._differs_since < sync.impatient:
            return
        if now < self._next_at:
            return
        key = member.identity.member
        if self._futile.get(key) == (fingerprint, pool.members.fingerprint):
            return
        self.compare(member, now)

    def compare(self, to: Member | Address, now: Instant) -> None:
        """Send our bucket hashes to a member, or to a seed of which only the address is known."""
        pool, sync = self._pool, self._pool.config.sync
        # A jitter of a half keeps those that hear the same news from asking in step.
        self._next_at = now + sync.gap + int(pool.rng.random() * sync.gap / 2)
        self.comparisons += 1
        pool.request(to, Compare(tuple(pool.members.buckets)), self._on_differ, (pool.own.claim,))

    # --- asking ----------------------------------------------------------------------------

    def _on_differ(self, sender: MemberId | None, packet: Packet | None, now: Instant) -> None:
        if sender is None or packet is None:
            return
        if not isinstance(packet.message, Differ):
            self._pool.refuse(Refusal.NOT_ENTITLED)
            return
        self._intake.take(packet, now)
        peer = self._pool.members.get(sender)
        if peer is None:
            self._pool.refuse(Refusal.UNKNOWN_SENDER)
            return
        wanted, offered = self._difference(packet.message)
        if wanted or offered:
            self._pull(peer, wanted, offered)
        else:
            if len(self._futile) > 4 * len(self._pool.members):
                self._futile.clear()
            self._futile[sender] = (packet.message.fingerprint, self._pool.members.fingerprint)

    def _difference(self, message: Differ) -> tuple[list[ShortId], list[Member]]:
        """Return whose claims we want, and of whom we know something newer."""
        members = self._pool.members
        theirs = {short: (incarnation, status) for short, status, incarnation in message.entries}
        wanted: list[ShortId] = []
        offered: list[Member] = []
        for short, (incarnation, status) in theirs.items():
            member = members.by_short(short)
            if member is None or (member.status in GONE and incarnation > member.incarnation):
                wanted.append(short)
            elif member.status is Status.LEFT:
                offered.append(member)
            elif member.status is Status.RETIRED:
                pass  # Its successor's claim tells, and differs as well.
            elif _rank(member) > (incarnation, status):
                offered.append(member)
            elif _rank(member) < (incarnation, status):
                wanted.append(short)
        if not message.buckets:
            return wanted, offered
        buckets = frozenset(message.buckets)
        offered.extend(
            member
            for member in members
            if member.short[0] % BUCKETS in buckets
            and member.short not in theirs
            and member.status not in GONE
        )
        return wanted, offered

    def _pull(self, peer: Member, wanted: list[ShortId], offered: list[Member]) -> None:
        frame = self._pool.config.sync.frame_bytes
        room = frame // 2
        asked = tuple(wanted[: room // (2 + len(peer.short))])
        items, rest = _fill(offered, frame - room - 64)
        self._pool.request(peer, Pull(asked), partial(self._on_claims, peer, wanted, rest), items)

    def _on_claims(
        self,
        peer: Member,
        wanted: list[ShortId],
        rest: list[Member],
        sender: MemberId | None,
        packet: Packet | None,
        now: Instant,
    ) -> None:
        if sender is None or packet is None:
            return
        if not isinstance(packet.message, Claims):
            self._pool.refuse(Refusal.NOT_ENTITLED)
            return
        self._intake.take(packet, now)
        # Frames are bounded: what did not fit is asked for again, while it brings something.
        left = [short for short in wanted if self._pool.members.by_short(short) is None]
        if (left and len(left) < len(wanted)) or rest:
            self._pull(peer, left, rest)

    # --- answering ---------------------------------------------------------------------------

    def on_compare(self, request: int, message: Compare) -> None:
        """Answer bucket hashes with our entries in the buckets that differ."""
        pool, own = self._pool, self._pool.members.buckets
        buckets = tuple(
            index
            for index in range(BUCKETS)
            if len(message.buckets) != BUCKETS or message.buckets[index] != own[index]
        )
        room = pool.config.sync.frame_bytes - 1_024 - len(pool.own.claim)
        chosen: list[int] = []
        entries: list[tuple[ShortId, int, int]] = []
        per_bucket: dict[int, list[tuple[ShortId, int, int]]] = {}
        for member in pool.members if buckets else ():
            index = member.short[0] % BUCKETS
            if index in buckets and member.status not in GONE:
                incarnation, status = _rank(member)
                per_bucket.setdefault(index, []).append((member.short, status, incarnation))
        for index in buckets:
            found = per_bucket.get(index, [])
            room -= _ENTRY_BYTES * len(found)
            if room < 0 and chosen:
                break
            chosen.append(index)
            entries.extend(found)
        differ = Differ(tuple(chosen), tuple(entries), pool.members.fingerprint)
        pool.out.append(SendResponse(request, encode(differ) + pool.own.claim))

    def on_pull(self, request: int, message: Pull) -> None:
        """Answer with the claims that were asked for, as many as fit a frame."""
        pool = self._pool
        found = (pool.members.by_short(short) for short in message.wanted)
        items, _ = _fill(
            [member for member in found if member is not None],
            pool.config.sync.frame_bytes - 64,
        )
        pool.out.append(SendResponse(request, encode(Claims()) + b"".join(items)))


def _rank(member: Member) -> tuple[int, int]:
    """Return (incarnation, state): the higher is the newer word on a member."""
    dead = member.status is Status.DEAD
    return member.incarnation, int(Status.DEAD if dead else Status.ALIVE)


def _fill(members: list[Member], room: int) -> tuple[tuple[bytes, ...], list[Member]]:
    """Return the claims about `members` that fit into `room` bytes, and the members left over."""
    items: list[bytes] = []
    for index, member in enumerate(members):
        words = [word for word in (member.claim, member.accusations) if word]
        room -= sum(map(len, words))
        if room < 0:
            return tuple(items), members[index:]
        items.extend(words)
    return tuple(items), []
