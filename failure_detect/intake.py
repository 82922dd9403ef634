"""Claims that ride along, from wherever: each goes to the part that judges it."""

from typing import assert_never

from failure_detect.cases import Cases
from failure_detect.claims import (
    Accusations,
    AliveClaim,
    Item,
    LeftClaim,
    NodeReport,
    Payload,
    Refutation,
)
from failure_detect.clock import Instant
from failure_detect.events import BroadcastReceived
from failure_detect.identity import MemberId
from failure_detect.members import GONE
from failure_detect.messages import Packet
from failure_detect.nodes import Nodes
from failure_detect.outcomes import Outcome
from failure_detect.pool import Pool, Refusal
from failure_detect.probation import Probation
from failure_detect.registry import Registry

_MESSAGE_BYTES = 32
"""More than the message takes before which a claim rides along alone."""


def payload_key(key: bytes) -> bytes:
    """Return the broadcast slot of the layer above's `key`."""
    return b"a" + key


class Intake:
    """Hands claims out, those of a frame in an order in which they make sense."""

    def __init__(
        self, pool: Pool, registry: Registry, cases: Cases, probation: Probation, nodes: Nodes
    ) -> None:
        """Judge nothing here."""
        self._pool = pool
        self._registry = registry
        self._cases = cases
        self._probation = probation
        self._nodes = nodes

    def take(self, packet: Packet, now: Instant) -> None:
        """Take in what came over a stream: who lives first, so that accusers are known."""
        items = [item for item in packet.items if self._is_short_enough(item)]
        first = [item for item in items if isinstance(item, AliveClaim)]
        then = [item for item in items if not isinstance(item, AliveClaim)]
        for claim in first:
            self.on_alive(claim, now, spread=False)
        for item in then:
            if isinstance(item, Accusations):
                self._on_accusations(item, now, spread=False)
            else:
                self._take_one(None, item, now)

    def gossip(self, sender: MemberId, packet: Packet, now: Instant) -> None:
        """Take in what rode along with a datagram of `sender`."""
        for item in packet.items:
            if self._is_short_enough(item):
                self._take_one(sender, item, now)

    def _is_short_enough(self, item: Item) -> bool:
        """Tell whether a datagram could carry `item` on: fields of later versions have no end."""
        if len(item.raw) <= self._pool.config.gossip.datagram_bytes - _MESSAGE_BYTES:
            return True
        self._pool.refuse(Refusal.OVER_LIMIT)
        return False

    def _take_one(self, sender: MemberId | None, item: Item, now: Instant) -> None:
        match item:
            case AliveClaim():
                self.on_alive(item, now)
            case Refutation():
                claim = self._registry.whole(item)
                if claim is not None:
                    self.on_alive(claim, now)
            case LeftClaim():
                self._registry.on_left(item, now)
            case Accusations():
                self._on_accusations(item, now)
            case NodeReport():
                self._nodes.on_report(item, now)
            case Payload():
                self._on_payload(sender, item)
            case _:
                assert_never(item)

    def _on_payload(self, sender: MemberId | None, item: Payload) -> None:
        pool = self._pool
        # What we are telling ourselves is no news; that somebody else tells it too, is.
        known = pool.queue.heard(payload_key(item.key), item.raw, pool.transmit_limit())
        teller = None if sender is None else pool.members.get(sender)
        if teller is None or teller.status in GONE:
            pool.refuse(Refusal.NOT_ENTITLED)
        elif not known:
            pool.fact(BroadcastReceived(teller.identity.member, item.key, item.payload))

    def on_alive(self, claim: AliveClaim, now: Instant, *, spread: bool = True) -> None:
        """Take in an `alive` claim; an unvouched one of a dead member is kept for a vouch."""
        if self._registry.on_alive(claim, now, spread=spread) is Outcome.UNVOUCHED:
            identity = self._pool.authority.identify(claim.certificate)
            member = None if identity is None else self._pool.members.get(identity.member)
            if member is not None:
                self._probation.on_claim(member, claim)

    def _on_accusations(self, claim: Accusations, now: Instant, *, spread: bool = True) -> None:
        pool = self._pool
        subject = pool.members.by_short(claim.subject)
        if subject is None:
            pool.refuse(Refusal.UNKNOWN_MEMBER)
        elif subject is not pool.own:
            self._cases.hear(claim, subject, now, spread=spread)
        elif claim.incarnation != subject.incarnation:
            ahead = claim.incarnation > subject.incarnation
            pool.refuse(Refusal.UNSIGNED_INCARNATION if ahead else Refusal.STALE)
        elif self._cases.is_signed(claim, subject):
            self._registry.refute(claim.incarnation, now)
