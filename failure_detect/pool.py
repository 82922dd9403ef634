"""What the parts of the detector share: the member list, the outbox, questions and answers.

One `Pool` belongs to one detector. The parts never hold each other's state; they meet here.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TypeAlias

from failure_detect.agenda import Agenda
from failure_detect.broadcasts import BroadcastQueue, transmit_limit
from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.config import DetectorConfig
from failure_detect.events import Effect, ReachabilityChanged, SendDatagram, SendRequest
from failure_detect.health import Health
from failure_detect.identity import Address, Authority, MemberId, short_id
from failure_detect.members import Member, Membership, Status
from failure_detect.messages import Accused, Ack, Message, Packet, Ping
from failure_detect.order import CommonTime
from failure_detect.rtt import RoundTrip
from failure_detect.wire import encode


class Refusal(StrEnum):
    """Why something that arrived was refused: counted, and nothing was changed by it."""

    MALFORMED = "malformed"
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_SENDER = "unknown_sender"
    UNKNOWN_MEMBER = "unknown_member"
    WRONG_SENDER = "wrong_sender"
    CERTIFICATE = "certificate"
    SIGNATURE = "signature"
    UNSIGNED_INCARNATION = "unsigned_incarnation"
    NOT_ENTITLED = "not_entitled"
    NOT_VOUCHED = "not_vouched"
    STALE = "stale"
    REPLAYED = "replayed"
    LATE = "late"
    GONE = "gone"
    OVER_LIMIT = "over_limit"


OnAck: TypeAlias = Callable[[Member, Ack, Instant], None]
OnResponse: TypeAlias = Callable[[MemberId | None, Packet | None, Instant], None]

_ANSWERABLE: Duration = 10 * SECOND
"""An answer later than this is not credited to its question."""

_COPIES_PER_PEER = 4
"""Of a payload nobody is sent more than that on average, where there are few."""


@dataclass(frozen=True, slots=True)
class Buddy:
    """What a ping holds against its receiver (see `Accused`), and the nonce it wants signed.

    `incarnation` is the highest that the sender knows of, where that is not on record.
    """

    accused: Accused
    nonce: bytes = b""
    incarnation: int = 0


@dataclass(frozen=True, slots=True)
class _Question:
    member: MemberId
    sent_at: Instant
    until: Instant
    on_ack: OnAck


class Pool:
    """Shared state and services of one detector's parts."""

    def __init__(
        self,
        own: Member,
        certificate: bytes,
        config: DetectorConfig,
        authority: Authority,
        now: Instant,
        rng: Random,
    ) -> None:
        """Start with a pool of one, whose `certificate` says who it is."""
        self.certificate = certificate
        self.config = config
        self.authority = authority
        self.rng = rng
        self.agenda = Agenda()
        self.own = own
        self.members = Membership(own)
        self.health = Health(config.probe.health_max, config.probe.deaf_after)
        self.time = CommonTime(now)
        self.queue = BroadcastQueue(config.gossip.queue_max)
        self.refused: Counter[Refusal] = Counter()
        self.sent: Counter[str] = Counter()
        self.open_accusations: dict[MemberId, Accused] = {}
        self.app_fingerprint = b""
        self.urgent: deque[MemberId] = deque(maxlen=64)
        self.out: list[Effect] = []
        self._seq = 0
        self._questions: dict[int, _Question] = {}
        self._asked: deque[tuple[Instant, int]] = deque()
        self._requests: dict[int, tuple[MemberId | None, OnResponse]] = {}
        self._request = 0

    # --- small things ----------------------------------------------------------------

    def refuse(self, reason: Refusal) -> None:
        """Count what was refused."""
        self.refused[reason] += 1

    def fact(self, effect: Effect) -> None:
        """Tell the layer above."""
        self.out.append(effect)

    def is_alone(self) -> bool:
        """Tell whether nobody is left who could answer: all the others are suspect or gone."""
        return self.members.live_count - self.members.suspects <= 1

    def transmit_limit(self) -> int:
        """Return how often one broadcast is sent by this member."""
        return transmit_limit(self.config.gossip.retransmit, self.members.live_count)

    def payload_least(self) -> int:
        """Return how often a payload is sent at least: in tiny pools all are met sooner."""
        others = self.members.live_count - 1
        return min(self.config.gossip.payload_retransmit, _COPIES_PER_PEER * max(1, others))

    def live(self, key: MemberId) -> Member | None:
        """Return the record of a member that is alive or suspect, else None."""
        member = self.members.get(key)
        return member if member is not None and member.status <= Status.SUSPECT else None

    def prioritise(self, member: Member) -> None:
        """Probe `member` soon, out of order: it was silent where it should have answered."""
        key = member.identity.member
        if key not in self.urgent and member.status is Status.ALIVE:
            self.urgent.append(key)

    # --- datagrams -------------------------------------------------------------------

    def send(
        self,
        member: Member,
        message: Message,
        items: tuple[bytes, ...] = (),
        *,
        gossip: bool = True,
    ) -> None:
        """Send `message` with these encoded claims, and with gossip if there is room and wish."""
        data = encode(message) + b"".join(items)
        if gossip and len(self.queue):
            room = self.config.gossip.datagram_bytes - len(data)
            data += b"".join(self.queue.take(room, self.transmit_limit()))
        self.sent[type(message).__name__] += 1
        self.out.append(SendDatagram(member.identity.member, member.identity.address, data))

    def ping(
        self,
        member: Member,
        now: Instant,
        on_ack: OnAck,
        buddy: Buddy | None = None,
        patience: Duration = _ANSWERABLE,
    ) -> None:
        """Ping `member`; `on_ack(member, ack, now)` is called if it answers within `patience`.

        Without a `buddy` of the caller's the ping says what this member holds against it.
        """
        self._seq = self._seq + 1 & 0xFFFF
        self._expire(now)
        until = now + min(patience, _ANSWERABLE)
        self._questions[self._seq] = _Question(member.identity.member, now, until, on_ack)
        self._asked.append((now, self._seq))
        if member.status is Status.ALIVE:
            self.health.asked(now)
        message = self.ping_message(member, now, self._seq, buddy)
        self.send(member, message, gossip=message.accused is None)

    def ping_message(
        self, member: Member, now: Instant, seq: int, buddy: Buddy | None = None
    ) -> Ping:
        """Return a ping for `member`, with what is held against it."""
        tick, prints = self.time.tick(now), (self.members.fingerprint, self.app_fingerprint)
        held = buddy or self._held_against(member)
        if held is None:
            return Ping(seq, tick, *prints)
        known = max(member.incarnation, held.incarnation)
        return Ping(seq, tick, *prints, held.accused, known, held.nonce)

    def _held_against(self, member: Member) -> Buddy | None:
        if member.status is Status.DEAD:
            return Buddy(Accused.DEAD)
        accused = self.open_accusations.get(member.identity.member)
        return None if accused is None else Buddy(accused)

    def _expire(self, now: Instant) -> None:
        asked, questions = self._asked, self._questions
        while asked and asked[0][0] <= now - _ANSWERABLE:
            at, seq = asked.popleft()
            question = questions.get(seq)
            if question is not None and question.sent_at == at:
                del questions[seq]

    def answered(self, sender: Member, ack: Ack, now: Instant) -> None:
        """Credit an ack to the ping that it answers; each ping is answered once."""
        question = self._questions.get(ack.seq)
        if question is None or question.member != sender.identity.member:
            self.refuse(Refusal.REPLAYED)
            return
        if now > question.until:
            self.refuse(Refusal.LATE)
            return
        del self._questions[ack.seq]
        self.heard_directly(sender, now)
        self._observe(sender, now - question.sent_at)
        question.on_ack(sender, ack, now)

    def _observe(self, member: Member, sample: Duration) -> None:
        if member.round_trip is None:
            member.round_trip = RoundTrip(sample)
        else:
            member.round_trip.observe(sample)

    def heard_directly(self, member: Member, now: Instant) -> None:
        """`member` answered a question of ours without a relay."""
        self.health.replied(now)
        member.last_ack = now
        if member.misses >= 2:
            self.fact(ReachabilityChanged(member.identity.member, reachable=True))
        member.misses = 0

    def missed_directly(self, member: Member) -> None:
        """A direct probe of `member` came to nothing; the second in a row makes it unreachable."""
        member.misses += 1
        if member.misses == 2:
            self.fact(ReachabilityChanged(member.identity.member, reachable=False))

    def direct_timeout(self, member: Member) -> Duration:
        """Return how long a direct ping of `member` may take, before health stretches it."""
        probe = self.config.probe
        if member.round_trip is None:
            return probe.timeout
        return member.round_trip.timeout(probe.timeout_min, probe.timeout)

    # --- streams ---------------------------------------------------------------------

    def request(
        self,
        to: Member | Address,
        message: Message,
        on_response: OnResponse,
        items: tuple[bytes, ...] = (),
        timeout: Duration | None = None,
    ) -> None:
        """Ask over a stream; `on_response(sender, packet, now)` comes once, or (None, None, now).

        `to` is a member, who alone may answer, or the address of a seed.
        """
        self._request += 1
        key = None if isinstance(to, str) else to.identity.member
        address = to if isinstance(to, str) else to.identity.address
        self._requests[self._request] = (key, on_response)
        self.sent[f"{type(message).__name__} request"] += 1
        wait = self.config.sync.timeout if timeout is None else timeout
        data = encode(message) + b"".join(items)
        self.out.append(SendRequest(self._request, key, address, data, wait))

    def responded(
        self, request: int, sender: MemberId | None, packet: Packet | None, now: Instant
    ) -> None:
        """Hand the end of a request to who made it; a second end is ignored."""
        expected, on_response = self._requests.pop(request, (None, None))
        if on_response is None:
            if packet is not None:
                self.refuse(Refusal.REPLAYED)
            return
        if packet is not None and expected is not None and sender != expected:
            self.refuse(Refusal.WRONG_SENDER)
            packet = None
        if packet is not None:
            self.health.replied(now)
        on_response(sender if packet is not None else None, packet, now)

    def own_short(self) -> bytes:
        """Return how this member is named on the wire."""
        return short_id(self.own.identity.member)

    def check_invariants(self) -> None:
        """Assert what the shared state promises."""
        self.members.check_invariants()
        self.queue.check_invariants()
        assert len(self._questions) <= 1 << 16
        for key, accused in self.open_accusations.items():
            member = self.members.get(key)
            assert member is not None, accused
            assert member.status is Status.SUSPECT, accused
