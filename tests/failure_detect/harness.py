"""Drives one real detector by exact events and time, and decodes again what it sends.

A `Stage` has one detector under test and peers that a test scripts: their claims are signed by
the stand-in authority of the simulations, and a `Manner` says what each answers by itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Generic, TypeAlias, TypeVar

from failure_detect.claims import Item
from failure_detect.clock import MILLISECOND, SECOND, Duration, Instant
from failure_detect.config import DetectorConfig
from failure_detect.detector import FailureDetector
from failure_detect.events import (
    ConnectNode,
    DatagramReceived,
    Effect,
    Event,
    Order,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SendDatagram,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import Address, Identity, MemberId, NodeName
from failure_detect.members import MemberView
from failure_detect.messages import (
    Ack,
    Gossip,
    Message,
    Nack,
    Packet,
    Ping,
    PingReq,
    Receipt,
    Relayed,
    Suspect,
)
from failure_detect.wire import decode, encode
from simulations.authority import Notary
from tests.failure_detect.peers import ABSENT_MINDED, HONEST, LAN, SILENT, Manner, Peer

START: Instant = 5_000 * SECOND
"""Nobody may count on a clock that begins at zero."""

TRIP: Duration = 2 * MILLISECOND
"""Round trip to every scripted peer."""

M = TypeVar("M", bound=Message)
T = TypeVar("T")


def one(found: list[T]) -> T:
    """The only one of `found`."""
    assert len(found) == 1, found
    return found[0]


@dataclass(frozen=True, slots=True)
class Letter(Generic[M]):
    """One decoded datagram or frame of the detector under test."""

    at: Instant
    to: MemberId | None
    message: M
    items: tuple[Item, ...]
    size: int
    request: int = 0

    def addressee(self) -> MemberId:
        """Whom a datagram went to; a seed's stream has nobody."""
        assert self.to is not None
        return self.to


Reply: TypeAlias = tuple[Instant, int, Event]


class Stage:
    """One detector under test, among scripted peers who answer as their manners say."""

    def __init__(
        self,
        *,
        peers: int = 5,
        config: DetectorConfig = LAN,
        groups: tuple[str, ...] = (),
        nodes: bool = False,
        known: bool = True,
        seed: int = 11,
    ) -> None:
        """Begin quietly: `known` peers are introduced and probed, and the word of them is out."""
        self.notary = Notary(7)
        self.config = config
        self.now = START
        self.log: list[tuple[Instant, Effect]] = []
        self.manners: dict[MemberId, Manner] = {}
        self.by_key: dict[MemberId, Peer] = {}
        self._replies: list[Reply] = []
        self._order = 0
        named = [*groups, *["alpha"] * (peers + 1 - len(groups))]
        self.cast = [self.make(f"p{i}", group=named[i], node=nodes) for i in range(peers + 1)]
        self.own, self.peers = self.cast[0], self.cast[1:]
        self.detector = FailureDetector(
            self.own.certificate,
            config,
            authority=self.notary.signer(self.own.key),
            now=self.now,
            rng=Random(seed),
        )
        if known:
            self.introduce(*self.peers)
            self.run((2 * peers + 2) * config.probe.interval)
            self.log.clear()

    def make(self, name: str, *, start: int = 1, group: str = "alpha", node: bool = False) -> Peer:
        """A further process, on a node of its own."""
        identity = Identity(
            self.notary.member_id(name, start),
            NodeName(f"node-{name}"),
            start,
            Address(f"{name}.example:7946"),
            group,
            Address(f"{name}.example:10250") if node else None,
        )
        peer = Peer(self.notary, identity, self.config.pool)
        self.by_key[peer.key] = peer
        return peer

    def introduce(self, *peers: Peer) -> None:
        """Have each peer tell its own first claim."""
        for peer in peers:
            self.by_key[peer.key] = peer
            self.hear(peer, Gossip(), peer.alive())

    # --- what goes in ----------------------------------------------------------------

    def hear(self, sender: Peer, message: Message, *items: bytes) -> list[Effect]:
        """A datagram arrives."""
        return self.tell(DatagramReceived(sender.key, encode(message) + b"".join(items)))

    def ping(self, sender: Peer, ping: Ping | None = None) -> list[Effect]:
        """A ping arrives; a plain one that differs in nothing, if none is given."""
        return self.hear(sender, ping or Ping(1, 0, self.detector.fingerprint, b""))

    def ask(self, sender: Peer, message: Message, *items: bytes) -> Packet | None:
        """A frame arrives on a stream; return the one that goes back."""
        data = encode(message) + b"".join(items)
        effects = self.tell(RequestReceived(77, sender.key, data))
        found = [effect.data for effect in effects if isinstance(effect, SendResponse)]
        return decode(one(found), self.config.sync.frame_bytes) if found else None

    def respond(
        self, request: Letter[M], sender: Peer, message: Message, *items: bytes
    ) -> list[Effect]:
        """A stream brings the answer to what the detector asked."""
        data = encode(message) + b"".join(items)
        return self.tell(ResponseReceived(request.request, sender.key, data))

    def tell(self, event: Event) -> list[Effect]:
        """Any event, at this moment."""
        effects = self.detector.handle(event, self.now)
        self._take(effects)
        return effects

    # --- time ------------------------------------------------------------------------

    def run(self, duration: Duration) -> None:
        """Let so much time pass, each timer in its time, those of the last moment included."""
        self.run_until(lambda: False, duration)

    def run_until(self, condition: Callable[[], bool], limit: Duration) -> bool:
        """Let time pass until something is so; return whether it came to be within `limit`."""
        end = self.now + limit
        while not condition():
            arrival = self._replies[0][0] if self._replies else end + 1
            at = min(arrival, self.detector.deadline)
            if at > end:
                self.now = end
                return False
            self.now = max(self.now, at)
            if arrival <= self.now:
                self.tell(heappop(self._replies)[2])
            else:
                self._take(self.detector.advance(self.now))
                assert self.detector.deadline >= self.now
        return True

    def until_suspected(self, target: Peer) -> list[Letter[Suspect]]:
        """Have a round about `target` fail; return what went to the confirmers as it ended."""
        self.silence(target, manner=ABSENT_MINDED)
        since = self.now + 1

        def words() -> list[Letter[Suspect]]:
            told = self.sent(Suspect, since=since)
            return [letter for letter in told if letter.message.subject == target.short]

        assert self.run_until(lambda: bool(words()), 60 * SECOND)
        return words()

    def sleep(self, duration: Duration) -> list[Effect]:
        """The process is away for so long, then wakes: late, all at once."""
        self.now += duration
        effects = self.detector.advance(self.now)
        self._take(effects)
        return effects

    # --- what comes out --------------------------------------------------------------

    def _take(self, effects: list[Effect]) -> None:
        self.detector.check_invariants()
        for effect in effects:
            self.log.append((self.now, effect))
            if isinstance(effect, SendDatagram):
                assert len(effect.data) <= self.config.gossip.datagram_bytes
                self._answer(self._letter(self.now, effect))
            elif isinstance(effect, SendRequest):
                assert len(effect.data) <= self.config.sync.frame_bytes
                self._answer_stream(self._letter(self.now, effect), effect.timeout)

    def _letter(self, at: Instant, effect: SendDatagram | SendRequest) -> Letter[Message]:
        packet = decode(effect.data, self.config.sync.frame_bytes)
        assert packet.message is not None
        request = effect.request if isinstance(effect, SendRequest) else 0
        return Letter(at, effect.to, packet.message, packet.items, len(effect.data), request)

    def manner(self, key: MemberId | None) -> Manner:
        return SILENT if key is None else self.manners.get(key, HONEST)

    def silence(self, *peers: Peer, manner: Manner = SILENT) -> None:
        for peer in peers:
            self.manners[peer.key] = manner

    def _answer(self, letter: Letter[Message]) -> None:
        assert letter.to is not None
        peer, manner = self.by_key[letter.to], self.manner(letter.to)
        match letter.message:
            case Ping() as ping if manner.acks:
                self._reply(peer, self._ack(peer, ping), TRIP)
            case PingReq(seq, target, wait) if manner.nacks:
                found = next(each for each in self.by_key.values() if each.short == target)
                if self.manner(found.key).acks:
                    self._reply(peer, Relayed(seq), 2 * TRIP)
                else:
                    self._reply(peer, Nack(seq), wait * self.config.probe.nack_percent // 100)
            case Suspect(subject) if manner.receipts:
                self._reply(peer, Receipt(subject), TRIP)

    def _ack(self, peer: Peer, ping: Ping) -> Ack:
        proof = peer.proof(ping.nonce) if ping.nonce else b""
        return Ack(ping.seq, self.detector.fingerprint, b"", proof)

    def _answer_stream(self, letter: Letter[Message], timeout: Duration) -> None:
        if isinstance(letter.message, Ping) and letter.to and self.manner(letter.to).streams:
            peer = self.by_key[letter.to]
            data = encode(self._ack(peer, letter.message))
            self.later(ResponseReceived(letter.request, peer.key, data), TRIP)
        else:
            self.later(RequestFailed(letter.request), timeout)

    def _reply(self, sender: Peer, message: Message, delay: Duration) -> None:
        self.later(DatagramReceived(sender.key, encode(message)), delay)

    def later(self, event: Event, delay: Duration) -> None:
        """Have something happen after a while."""
        self._order += 1
        heappush(self._replies, (self.now + delay, self._order, event))

    def sent(
        self, kind: type[M], *, to: Peer | None = None, since: Instant = START
    ) -> list[Letter[M]]:
        """The datagrams with a message of this kind."""
        return list(self._letters(SendDatagram, kind, to, since))

    def asked(
        self, kind: type[M], *, to: Peer | None = None, since: Instant = START
    ) -> list[Letter[M]]:
        """The streams that were opened with a message of this kind."""
        return list(self._letters(SendRequest, kind, to, since))

    def _letters(
        self,
        way: type[SendDatagram] | type[SendRequest],
        kind: type[M],
        to: Peer | None,
        since: Instant,
    ) -> Iterator[Letter[M]]:
        for at, effect in self.log:
            if at < since or not isinstance(effect, way):
                continue
            if to is not None and effect.to != to.key:
                continue
            letter = self._letter(at, effect)
            if isinstance(letter.message, kind):
                yield Letter(
                    at, letter.to, letter.message, letter.items, letter.size, letter.request
                )

    def items(self, kind: type[T], *, since: Instant = START) -> list[T]:
        """The claims of this kind that rode along with anything, first ones first."""
        ways = (SendDatagram, SendRequest)
        return [
            item
            for at, effect in self.log
            if at >= since and isinstance(effect, ways)
            for item in self._letter(at, effect).items
            if isinstance(item, kind)
        ]

    def connects(self, *, since: Instant = START) -> list[ConnectNode]:
        return [e for at, e in self.log if at >= since and isinstance(e, ConnectNode)]

    def facts(self, *, since: Instant = START) -> list[Effect]:
        """What the layer above was told."""
        return [effect for at, effect in self.log if at >= since and not isinstance(effect, Order)]

    def view(self, peer: Peer) -> MemberView:
        found = self.detector.member(peer.key)
        assert found is not None
        return found

    def refused(self) -> dict[str, int]:
        """Refusals by reason."""
        return dict(self.detector.statistics().refused)
