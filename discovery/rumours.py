"""What gossip brings: new manifests with small changes, items, and hints where to ask.

A rumour is believed by its signature alone; who told it matters only as the one to ask for the
rest. It is told on when it was adopted, never before, so that nothing spreads that is not held.
What is not taken here is overheard all the same: others hold it now (`apart`).
"""

from discovery.catalog import Place
from discovery.events import ContradictionFound, ItemReceived
from discovery.exchange import Exchange
from discovery.index import Entry, set_key, set_rank
from discovery.manifest import Manifest, decode_manifest
from discovery.messages import Hint, Item, Rumour
from discovery.overlays import decode_overlay
from discovery.peers import Peer
from discovery.recordset import EMPTY
from discovery.refusals import Refusal, Refused
from discovery.wire import decode_gossip
from failure_detect.clock import Instant
from failure_detect.events import BroadcastReceived
from failure_detect.identity import MemberId

_COSTLY = frozenset({Refusal.SIGNATURE, Refusal.MALFORMED, Refusal.OVERSIZED, Refusal.ROOT})
"""What no honest bridge passes on: it is charged to who did."""


class Rumours:
    """Takes in gossip."""

    def __init__(self, exchange: Exchange) -> None:
        """Adopt through `exchange`."""
        self._exchange = exchange

    def take(self, event: BroadcastReceived, now: Instant) -> None:
        """Take in one broadcast."""
        exchange = self._exchange
        peer = exchange.peers.get(event.sender)
        if peer is None:
            exchange.refuse(Refused(Refusal.UNEXPECTED, "rumour: of a sender that is no peer"))
            return
        if peer.forgeries.left(now) <= 0:
            exchange.refuse(Refused(Refusal.BUDGET, "rumour: of a sender of forgeries"))
            return
        try:
            self._take(event.payload, peer, now)
        except Refused as refused:
            exchange.refuse(refused)
            self._charge_for(refused.reason, peer, now)

    def item_refused(self, member: MemberId, reason: Refusal, now: Instant) -> None:
        """Learn that an item which a member had passed on was refused by who understands it."""
        peer = self._exchange.peers.get(member)
        if peer is not None:
            self._charge_for(reason, peer, now)

    def _charge_for(self, reason: Refusal, peer: Peer, now: Instant) -> None:
        if reason in _COSTLY:
            peer.forgeries.spend(1, now)

    def _take(self, payload: bytes, peer: Peer, now: Instant) -> None:
        match decode_gossip(payload):
            case Rumour() as rumour:
                self._on_rumour(rumour, peer, payload, now)
            case Hint(entry):
                self._on_hint(entry, peer, now)
            case Item() as item:
                self._on_item(item, peer, now)

    def _on_item(self, item: Item, peer: Peer, now: Instant) -> None:
        exchange = self._exchange
        if exchange.is_of_stranger(item.key):
            overlay = decode_overlay(item.raw)
            if overlay.item_key == item.key:
                exchange.hearsay.hear(item.key, overlay.rank, now)
        # Of a stranger, too: who is told of it refuses it, and counts that.
        exchange.out.append(ItemReceived(item, peer.identity.member, is_news=True))

    def _on_rumour(self, rumour: Rumour, peer: Peer, payload: bytes, now: Instant) -> None:
        exchange = self._exchange
        manifest = decode_manifest(rumour.manifest)
        if not self._is_news(manifest, peer, now):
            return
        held = exchange.catalog.get(manifest.origin)
        records = EMPTY if held is None else held.records
        if records.root != manifest.body.root:
            if rumour.delta is None or rumour.base != records.root:
                self._want(manifest, peer)
                return
            records = rumour.delta.applied(records)
        try:
            adopted = exchange.adopt(manifest, records, now)
        except Refused as refused:
            if refused.reason is not Refusal.ROOT:
                raise
            # The manifest is good, what rode along is not: the teller may still have the set.
            exchange.refuse(refused, manifest.origin)
            peer.forgeries.spend(1, now)
            self._want(manifest, peer)
            return
        if adopted is None:
            return
        if manifest.body.audience:  # Whoever told all of it to everybody should not have.
            exchange.tell(adopted)
        else:
            exchange.broadcast(set_key(manifest.origin), payload)

    def _is_news(self, manifest: Manifest, peer: Peer, now: Instant) -> bool:
        exchange = self._exchange
        try:
            is_news = self.is_worth_having(manifest, now)
        except Refused as refused:
            if refused.reason not in _COSTLY:
                exchange.hearsay.hear(set_key(manifest.origin), set_rank(manifest), now)
            raise
        if not is_news and exchange.catalog.place(manifest) is Place.CONTRADICTS:
            peer.forgeries.spend(1, now)  # Once it is evidence; each time it is a verification.
        return is_news

    def is_worth_having(self, manifest: Manifest, now: Instant, *, frozen: bool = False) -> bool:
        """Tell whether a manifest is newer than what is held, and to be believed.

        Its key may have expired where it is `frozen`, kept by another from before. Raises `Refused`
        where it would be newer and is not to be believed, or is not for us: what was for us is held
        no more then. Evidence of two manifests that contradict each other is kept on the way.
        """
        exchange = self._exchange
        place = exchange.catalog.place(manifest)
        if place in (Place.SAME, Place.STALE):
            return False
        refused = self._not_for_us(manifest, frozen=frozen)
        word = exchange.catalog.word(manifest.origin)
        if place is Place.CONTRADICTS and word is not None:
            exchange.out.append(ContradictionFound(word, manifest))
        if refused is not None:
            exchange.exclude(manifest, now)
            raise refused
        return place is Place.NEWER or exchange.catalog.is_higher(manifest)

    def _not_for_us(self, manifest: Manifest, *, frozen: bool) -> Refused | None:
        """Return that a manifest is true and not for us, None where it is for us; else raise it."""
        catalog = self._exchange.catalog
        try:
            catalog.check(manifest, frozen=frozen)
        except Refused as refused:
            if refused.reason is not Refusal.AUDIENCE:
                raise
            catalog.check_exclusion(manifest)
            return refused
        return None

    def _want(self, manifest: Manifest, peer: Peer) -> None:
        want = self._exchange.wants.note(
            set_key(manifest.origin), set_rank(manifest), peer.identity.member
        )
        if want is not None:
            want.is_news = True

    def _on_hint(self, entry: Entry, peer: Peer, now: Instant) -> None:
        # Nobody has signed it: it can make us ask the one who said it, and no more than that.
        key, rank = entry
        ours = self._exchange.index.rank(key)
        if (ours is not None and rank <= ours) or peer.passed_over.get(key) == rank:
            return
        if not self._exchange.may_hold(key, rank):
            self._exchange.hearsay.hear(key, rank, now)
        else:
            want = self._exchange.wants.note(key, rank, peer.identity.member)
            if want is not None:
                want.is_news = True
