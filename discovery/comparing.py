"""When two bridges compare what they hold: where rumours did not bring what one of them lacks.

Each probe shows a fingerprint of what its sender holds. Rule 1: one that is explained, by what we
hold, held a moment ago, or know to hold apart, is no reason. Rule 2: one that is not raises a
doubt, and whoever shows another that is not, after a rumour would have come, is compared with. The
doubt is one for all peers: two of many meet seldom, and what a rumour did not bring would be missed
until they do. It ends where it comes to be explained, by a comparison with its peer or otherwise,
where that peer shows nothing strange any more, and, while ours keeps changing, with any comparison.
"""

from dataclasses import dataclass

from discovery.exchange import Exchange
from discovery.messages import Compare, Differ
from discovery.peers import Peer
from discovery.puller import Puller
from failure_detect.clock import Instant
from failure_detect.identity import MemberId


@dataclass(frozen=True, slots=True)
class _Doubt:
    """What a peer showed and nothing explains: we may lack something."""

    peer: Peer
    fingerprint: bytes
    since: Instant


class Comparing:
    """Begins the comparisons of one bridge, and makes wants of their answers."""

    def __init__(self, exchange: Exchange, puller: Puller, now: Instant) -> None:
        """Have no doubt yet."""
        self._exchange = exchange
        self._puller = puller
        self._not_before = now
        self._doubt: _Doubt | None = None

    def seen(self, member: MemberId, fingerprint: bytes, now: Instant) -> None:
        """Learn what a member shows; compare with it where it is time."""
        exchange, doubt = self._exchange, self._doubt
        peer = exchange.peers.get(member)
        if peer is None:
            return
        if not fingerprint or self._is_explained(peer, fingerprint):
            self.trusts(peer)
            return
        if doubt is None or self._is_explained(doubt.peer, doubt.fingerprint):
            doubt = self._doubt = _Doubt(peer, fingerprint, now)
        if self._is_time(peer, doubt.since, now):
            gap = exchange.config.gap
            self._not_before = now + gap + int(exchange.rng.random() * gap / 2)
            if not self._is_settled(doubt.since, now):  # What passed by may never be explained.
                self._doubt = None
            exchange.counts["comparisons"] += 1
            self._puller.request(peer, Compare(exchange.index.sums), {}, now)

    def trusts(self, peer: Peer) -> None:
        """Forget a doubt that rests on this peer: it shows nothing strange, or nothing any more."""
        if self._doubt is not None and self._doubt.peer is peer:
            self._doubt = None

    def _is_explained(self, peer: Peer, fingerprint: bytes) -> bool:
        """Tell whether who shows this holds no more than we do, but for what we may not."""
        exchange = self._exchange
        is_known = fingerprint in (exchange.index.fingerprint, peer.exhausted)
        return is_known or exchange.hearsay.explains(peer.apart, fingerprint)

    def _is_time(self, peer: Peer, since: Instant, now: Instant) -> bool:
        config = self._exchange.config
        if now < self._not_before or not peer.can_be_asked(now):
            return False
        if not len(self._exchange.index):  # Who holds nothing waits for no rumour.
            return True
        return self._is_settled(since, now) or now - since >= config.impatient

    def _is_settled(self, since: Instant, now: Instant) -> bool:
        """Tell whether nothing has changed here for as long as a rumour takes."""
        exchange = self._exchange
        return now - max(exchange.changed_at, since) >= exchange.config.settle

    def answered(self, asked: Compare, peer: Peer, differ: Differ, now: Instant) -> None:
        """Want what a peer holds and we lack; remember what else stands between us."""
        exchange, wanted = self._exchange, list[bytes]()
        for entry in differ.entries:
            ours = exchange.index.rank(entry.key)
            if peer.passed_over.get(entry.key) == entry.rank:
                continue
            if (ours is None or entry.rank > ours) and exchange.may_hold(entry.key, entry.rank):
                exchange.wants.note(entry.key, entry.rank, peer.identity.member)
                wanted.append(entry.key)
        apart = exchange.hearsay.compared(asked.sums, differ, wanted, peer.apart, now)
        peer.apart = exchange.peers.same(apart)
        peer.exhausted = b"" if wanted else differ.fingerprint
