"""Carries signed sets from who has them to who lacks them: the machine.

Events and the time go in, effects come out (`events`). A new set is a rumour; who lacks its records
pulls them from who told it; and where two fingerprints differ for longer than a rumour takes, their
bridges compare contents. In steady state it says nothing at all. `DESIGN.md` has the invariants.
"""

from dataclasses import dataclass
from random import Random
from typing import assert_never

from discovery.catalog import Catalog
from discovery.comparing import Comparing
from discovery.config import ReplicatorConfig
from discovery.events import (
    Effect,
    Event,
    ExclusionRestored,
    ItemAccepted,
    ItemLapsed,
    ItemRefused,
    MembershipFact,
    OwnEvent,
    PublicationRefused,
    Restored,
    SetPublished,
    SetQuestioned,
    SetRestored,
    SetVindicated,
    TrustChanged,
)
from discovery.exchange import Exchange
from discovery.frames import VERSION_MAX, decode_frame, encode_frame
from discovery.index import Entry, origin_about
from discovery.messages import Busy, Compare, Differ, Pull, Pulled, Request, Response
from discovery.names import Origin
from discovery.peers import Peer
from discovery.puller import Asked, Puller
from discovery.refusals import Refusal, Refused, Remembered
from discovery.rumours import Rumours
from discovery.serving import Server, size_of
from failure_detect.clock import SECOND, Instant
from failure_detect.events import (
    BroadcastReceived,
    FingerprintChanged,
    FingerprintSeen,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
    ReachabilityChanged,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SendResponse,
)
from failure_detect.identity import MemberId

REQUEST_BYTES_MAX = 262_144
"""The largest request that is read: 256 things with the digests of what is had of them."""


_COMPARISON = 4
"""A comparison counts as so many requests: all entries are looked through for it."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What there is (`CatalogStatistics` says more), and by name what was since the start."""

    origins: int
    excluded: int
    size_bytes: int
    stranger_floors: int
    dropped_floors: int
    entries: int
    items: int
    peers: int
    wants: int
    under_way: int
    staged_bytes: int
    pinned: int
    refused: tuple[tuple[str, int], ...]
    counts: tuple[tuple[str, int], ...]


class Replicator:
    """One bridge's part in spreading sets."""

    def __init__(
        self,
        catalog: Catalog,
        config: ReplicatorConfig,
        *,
        now: Instant,
        rng: Random,
        speaks: int = VERSION_MAX,
        own: str = "",
    ) -> None:
        """Hold what `catalog` holds, and speak versions up to `speaks`.

        `own` is our cluster: its other bridges, and nobody else, give what an expired key signed.
        """
        exchange = self._exchange = Exchange(catalog, config, rng, own)
        self._rumours = Rumours(exchange)
        self._puller = Puller(exchange, self._rumours, speaks)
        self._server = Server(catalog, exchange.items, exchange.index, config)
        self._speaks = speaks
        self._fingerprint = b""
        self._comparing = Comparing(exchange, self._puller, now)
        self._questioned: dict[Origin, None] = {}
        """Origins of which something is held that would not be adopted, when last looked at."""

    # --- the machine's surface ----------------------------------------------------------

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        return self._exchange.agenda.deadline

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take in one fact. Refused input changes nothing and is counted by reason."""
        match event:
            case BroadcastReceived():
                self._rumours.take(event, now)
            case FingerprintSeen(member, fingerprint):
                self._comparing.seen(member, fingerprint, now)
            case RequestReceived():
                self._on_request(event, now)
            case ResponseReceived(request, _, data):
                self._on_response(request, data, now)
            case RequestFailed(request):
                self._puller.failed(request, now)
            case SetPublished() | SetRestored() | ExclusionRestored() | TrustChanged():
                self._on_own(event, now)
            case ItemAccepted() | ItemRefused() | ItemLapsed():
                self._on_own(event, now)
            case _:
                self._on_membership(event, now)
        return self._flush(now)

    def advance(self, now: Instant) -> list[Effect]:
        """Fire what is due."""
        self._exchange.agenda.run(now)
        return self._flush(now)

    def _flush(self, now: Instant) -> list[Effect]:
        self._puller.pump(now)
        exchange = self._exchange
        fingerprint = exchange.index.fingerprint
        if fingerprint != self._fingerprint:
            self._fingerprint = fingerprint
            exchange.out.append(FingerprintChanged(fingerprint))
        effects, exchange.out = exchange.out, []
        return effects

    # --- what is held -------------------------------------------------------------------

    def _on_own(self, event: OwnEvent, now: Instant) -> None:
        exchange = self._exchange
        match event:
            case SetPublished() | SetRestored() | ExclusionRestored():
                self._on_set(event, now)
            case ItemAccepted():
                self._on_item(event, now)
            case ItemRefused(sender, reason):
                self._rumours.item_refused(sender, reason, now)
            case ItemLapsed(key):
                if exchange.items.drop(key):
                    exchange.index.drop(key)
                    exchange.changed_at = now
            case TrustChanged():
                self._judge_again(now)
            case _:
                assert_never(event)

    def _on_set(self, event: SetPublished | Restored, now: Instant) -> None:
        exchange = self._exchange
        try:
            if isinstance(event, ExclusionRestored):
                exchange.exclude(event.manifest, now)
                return
            if isinstance(event, SetRestored):
                if exchange.restore(event.manifest, event.records, now) is not None:
                    self._look_at_restored(event.manifest.origin)
                return
            adopted = exchange.adopt(event.manifest, event.records, now)
        except Refused as refused:
            exchange.refuse(refused, event.manifest.origin)
            if isinstance(event, SetPublished):
                exchange.out.append(PublicationRefused(event.manifest, refused.what))
            return
        if adopted is not None:
            exchange.tell(adopted)

    def _on_item(self, event: ItemAccepted, now: Instant) -> None:
        exchange, key = self._exchange, event.item.key
        if not exchange.items.put(event.item, event.rank, now):
            return
        exchange.index.put(key, event.rank)
        exchange.wants.satisfied(key, event.rank)
        exchange.changed_at = now
        held = exchange.items.item(key, now)
        if not event.is_news or held is None:
            return
        origin = origin_about(key)
        about = None if origin is None else exchange.catalog.get(origin)
        if about is not None and about.manifest.body.audience:  # As with its set: heard by all.
            exchange.hint(Entry(key, event.rank))
        else:
            exchange.tell_item(held)

    def _look_at_restored(self, origin: Origin) -> None:
        refused = self._exchange.catalog.refused(origin)
        if refused is not None:
            self._question(origin, refused)

    def _question(self, origin: Origin, refused: Refused) -> None:
        self._exchange.out.append(SetQuestioned(origin, refused.reason.value, refused.what))
        self._questioned[origin] = None

    def _judge_again(self, now: Instant) -> None:
        """Forget what is not trusted any more; of what is only doubtful, say so."""
        exchange = self._exchange
        before, self._questioned = self._questioned, {}
        for origin, refused in exchange.forget_untrusted(now):
            self._question(origin, refused)
        for origin in before:
            if origin not in self._questioned and exchange.catalog.get(origin) is not None:
                exchange.out.append(SetVindicated(origin))
        for want in exchange.wants:
            if not exchange.may_hold(want.key, want.rank):
                exchange.wants.drop(want.key)
        exchange.peers.look_again()

    # --- who is there -------------------------------------------------------------------

    def _on_membership(self, event: MembershipFact, now: Instant) -> None:
        peers = self._exchange.peers
        self._puller.stir()
        match event:
            case MemberJoined(identity, _) | MemberUpdated(identity, _):
                peers.joined(identity, now)
            case MemberDied(member, _, _):
                self._lost(member, alive=False)
            case MemberReturned(member, _):
                peer = peers.get(member)
                if peer is not None:
                    peer.is_alive = True
            case MemberLeft(member) | MemberRetired(member, _):
                self._lost(member, alive=False)
                peers.forget(member)
            case ReachabilityChanged(member, reachable):
                peer = peers.get(member)
                if peer is not None:
                    peer.is_reachable = reachable
            case _:
                assert_never(event)

    def _lost(self, member: MemberId, *, alive: bool) -> None:
        peer = self._exchange.peers.get(member)
        if peer is not None:
            peer.is_alive = alive
            self._comparing.trusts(peer)
            self._exchange.wants.forget_provider(member)

    # --- streams ------------------------------------------------------------------------

    def _on_request(self, event: RequestReceived, now: Instant) -> None:
        exchange, peer = self._exchange, self._exchange.peers.get(event.sender)
        try:
            if peer is None:
                raise Refused(Refusal.UNEXPECTED, "request: of a sender that is no peer")
            answer = self._answer(peer, event.data, now)
        except Refused as refused:
            exchange.refuse(refused)
            return
        data = encode_frame(answer, min(peer.speaks, self._speaks), self._speaks)
        exchange.out.append(SendResponse(event.request, data))

    def _answer(self, peer: Peer, data: bytes, now: Instant) -> Response:
        # Reading costs as well, so garbage counts, and what is beyond the share is not even read.
        within = peer.served.left(now) > 0 and peer.requests.spend(1, now)
        if not within:
            self._exchange.refuse(Refused(Refusal.BUDGET, "request: more than a peer's share"))
            return Busy(SECOND)
        frame = decode_frame(data, REQUEST_BYTES_MAX, self._speaks)
        message = frame.message
        if not isinstance(message, Request):
            raise Refused(Refusal.UNEXPECTED, "request: is an answer")
        peer.speaks = frame.speaks
        match message:
            case Compare():
                peer.requests.charge(_COMPARISON - 1, now)
                return self._server.compare(message, peer.cluster)
            case Pull():
                pulled = self._server.pull(message, peer.cluster, now)
                peer.served.spend(sum(map(size_of, pulled.answers)), now)
                return pulled

    def _on_response(self, request: int, data: bytes, now: Instant) -> None:
        answered = self._puller.answered(request, data, now)
        match answered:
            case None:
                return
            case (Asked(peer, Compare() as asked), Differ() as differ):
                self._comparing.answered(asked, peer, differ, now)
            case (Asked(message=Pull()) as asked, Pulled() as pulled):
                self._puller.take(asked, pulled, now)
            case _:
                self._exchange.refuse(Refused(Refusal.UNEXPECTED, "answer: to another question"))

    # --- what may be read ---------------------------------------------------------------

    @property
    def catalog(self) -> Catalog:
        """What is held."""
        return self._exchange.catalog

    @property
    def fingerprint(self) -> bytes:
        """8 bytes that are equal where what is held is equal."""
        return self._exchange.index.fingerprint

    def refusals(self) -> list[Remembered]:
        """Return the latest refusal of each reason and origin, oldest first."""
        return self._exchange.refusals.latest()

    def statistics(self) -> Statistics:
        """Return an immutable snapshot of the counts."""
        exchange, held = self._exchange, self._exchange.catalog.statistics()
        return Statistics(
            origins=held.origins,
            excluded=held.excluded,
            size_bytes=held.size_bytes,
            stranger_floors=held.stranger_floors,
            dropped_floors=held.dropped_floors,
            entries=len(exchange.index),
            items=len(exchange.items),
            peers=len(exchange.peers),
            wants=len(exchange.wants),
            under_way=len(self._puller),
            staged_bytes=exchange.wants.staged_bytes,
            pinned=self._server.pin_count,
            refused=tuple(exchange.refusals.counts().items()),
            counts=tuple(sorted(exchange.counts.items())),
        )

    def check_invariants(self) -> None:
        """Assert what `DESIGN.md` numbers; a failure is a bug of ours, never of the input."""
        exchange = self._exchange
        exchange.catalog.check_invariants()
        exchange.index.check_invariants()
        exchange.hearsay.check_invariants()
        sets = len(exchange.catalog) + len(exchange.catalog.exclusions())
        assert len(exchange.index) == sets + len(exchange.items)
        exchange.wants.check_invariants()
        assert sum(peer.busy for peer in exchange.peers) <= len(self._puller)
