"""A whole detector under hostile input: nothing raises, nothing changes, all is counted."""

import tracemalloc
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings

from failure_detect.claims import INCARNATION_MAX, NodeReport
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.events import (
    DatagramReceived,
    Event,
    MembersRestored,
    Order,
    RequestReceived,
    ResponseReceived,
    SendResponse,
)
from failure_detect.identity import MemberId
from failure_detect.members import MemberView, Status
from failure_detect.messages import (
    Accuse,
    Accused,
    Ack,
    Compare,
    Gossip,
    Message,
    Nack,
    Ping,
    PingReq,
    Pull,
    Receipt,
    Relayed,
    Suspect,
    Vouch,
)
from failure_detect.wire import encode, encode_accusations, encode_left, encode_node_report
from tests.failure_detect.harness import Stage
from tests.failure_detect.peers import accusations
from tests.failure_detect.samples import EVERY_ITEM, EVERY_MESSAGE, flipped
from tests.failure_detect.strategies import HOSTILE_BYTES

FORGED = b"\x03" * 64
NONCE = b"\x04" * 8
HUGE = [b"\xdd", b"\xdf", b"\xc6", b"\xdb"]


def known_members(stage: Stage) -> list[tuple[MemberId, Status, int, str]]:
    """What stands about the others, and about oneself as far as it is not one's own to change."""

    def entry(view: MemberView) -> tuple[MemberId, Status, int, str]:
        own = view.identity.member == stage.own.key
        incarnation = 0 if own else view.incarnation
        return view.identity.member, view.status, incarnation, view.identity.address

    return [entry(view) for view in stage.detector.members()]


def forged_messages(stage: Stage) -> list[bytes]:
    """Good packets of known members in which every signature is false."""
    subject, other = stage.peers[1], stage.peers[2]
    print_of = stage.detector.fingerprint
    messages: list[Message] = [
        Ping(1, 2, print_of, b"app"),
        Ping(1, 2, print_of, b"", Accused.QUIETLY, 1, NONCE),
        Ping(1, 2, print_of, b"", Accused.DEAD, INCARNATION_MAX, NONCE),
        Ack(1, print_of, b"", FORGED),
        PingReq(1, subject.short, 200_000),
        Relayed(1),
        Nack(1),
        Suspect(subject.short, 1, FORGED, NONCE),
        Receipt(subject.short),
        Vouch(subject.short, NONCE, FORGED),
        Accuse(subject.short, 1, FORGED),
        Compare((1, 2, 3)),
        Pull((subject.short, other.short)),
    ]
    return [encode(message) for message in messages]


def replaced(raw: bytes, signature: bytes) -> bytes:
    """The same word with another signature at its end."""
    return raw[: -len(signature)] + signature


def forged_items(stage: Stage) -> list[bytes]:
    """Claims about known members that nobody signed, and true ones that are no news."""
    subject, other = stage.peers[1], stage.peers[2]
    node = subject.identity.node
    report: NodeReport = encode_node_report(node, other.short, 1, FORGED, silent=True)
    return [
        subject.alive(),
        other.alive(voucher=subject),
        replaced(subject.refutation(2), FORGED),
        subject.certified(start=7).refutation(2),
        encode_left(subject.short, 1, FORGED).raw,
        encode_accusations(subject.short, 1, ((other.short, FORGED),)).raw,
        report.raw,
    ]


def forgeries(stage: Stage) -> list[bytes]:
    """Single messages, single claims, and messages with all the claims behind them."""
    messages, items = forged_messages(stage), forged_items(stage)
    together = [message + b"".join(items) for message in messages]
    return [*messages, *items, *together, encode(Gossip()) + b"".join(items)]


def bombard(datagrams: int) -> Stage:
    """Feed a detector with so many damaged datagrams, and look at it all along."""
    stage = Stage(peers=4)
    rng = Random(20_240_608)
    good = forgeries(stage)
    before = known_members(stage)
    senders = [*(peer.key for peer in stage.peers), stage.own.key, stage.make("stranger").key]
    refusals = sum(stage.refused().values())
    for number in range(datagrams):
        sender = senders[int(rng.random() * len(senders))]
        stage.detector.handle(DatagramReceived(sender, flipped(good, rng)), stage.now)
        if number % 1_000 == 0:
            stage.detector.check_invariants()
            assert known_members(stage) == before
            assert sum(stage.refused().values()) >= refusals
            refusals = sum(stage.refused().values())
    stage.detector.check_invariants()
    assert known_members(stage) == before
    assert stage.detector.statistics().incarnation <= 1 + stage.config.limit.refutations
    return stage


EXPECTED_REASONS = {
    "malformed",
    "unknown_sender",
    "unknown_member",
    "unsigned_incarnation",
    "signature",
    "certificate",
    "not_entitled",
    "replayed",
    "over_limit",
}


def test_damaged_datagrams_change_nothing_and_are_counted() -> None:
    stage = bombard(20_000)
    assert set(stage.refused()) >= EXPECTED_REASONS


@pytest.mark.nightly
def test_a_million_damaged_datagrams_change_nothing() -> None:
    stage = bombard(1_000_000)
    assert sum(stage.refused().values()) > 500_000
    statistics = stage.detector.statistics()
    assert statistics.queued <= 100
    assert statistics.members == 5


STAGE_EVENTS = HOSTILE_BYTES.map(
    lambda data: [
        DatagramReceived(MemberId(b""), data),
        RequestReceived(1, MemberId(b""), data),
        ResponseReceived(1, MemberId(b""), data),
        MembersRestored((data,)),
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(STAGE_EVENTS)
def test_any_bytes_by_any_way_raise_nothing_and_make_no_member(events: Sequence[Event]) -> None:
    stage = Stage(peers=2)
    before = known_members(stage)
    for event in events:
        for sender in (stage.peers[0].key, stage.own.key, MemberId(b"x" * 32)):
            stage.tell(addressed(event, sender))
    assert known_members(stage) == before


def addressed(event: Event, sender: MemberId) -> Event:
    match event:
        case DatagramReceived(_, data):
            return DatagramReceived(sender, data)
        case RequestReceived(request, _, data):
            return RequestReceived(request, sender, data)
        case ResponseReceived(request, _, data):
            return ResponseReceived(request, sender, data)
        case _:
            return event


def test_what_is_no_message_is_counted_once_by_each_way() -> None:
    stage = Stage(peers=2)
    sender = stage.peers[0].key
    arriving: list[Event] = [
        DatagramReceived(sender, b"\xc1"),
        DatagramReceived(sender, b""),
        DatagramReceived(sender, bytes(1_201)),
        RequestReceived(1, sender, b"\xc1"),
        ResponseReceived(1, sender, b"\xc1"),
        MembersRestored((b"\xc1",)),
    ]
    for count, event in enumerate(arriving, start=1):
        assert stage.tell(event) == []
        assert stage.refused() == {"malformed": count}


def test_a_kind_of_a_later_version_is_counted() -> None:
    stage = Stage(peers=2)
    assert stage.tell(DatagramReceived(stage.peers[0].key, b"\x91\x1f")) == []
    assert stage.refused() == {"unknown_kind": 1}


@pytest.mark.parametrize("head", HUGE, ids=bytes.hex)
def test_a_huge_declared_length_costs_a_detector_nothing(head: bytes) -> None:
    stage = Stage(peers=2)
    data = head + b"\xff" * 4 + bytes(1_000)
    tracemalloc.start()
    stage.detector.handle(DatagramReceived(stage.peers[0].key, data), stage.now)
    stage.detector.handle(RequestReceived(1, stage.peers[0].key, data), stage.now)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000
    assert stage.refused() == {"malformed": 2}


def test_a_member_cannot_speak_for_another() -> None:
    stage = Stage(peers=4)
    liar, subject, other = stage.peers[:3]
    before = known_members(stage)
    borrowed = encode_accusations(subject.short, 1, ((other.short, liar.accusation(subject)),))
    left = encode_left(subject.short, 1, liar.sign(b"left")).raw
    assert stage.hear(liar, Gossip(), borrowed.raw, left) == []
    assert known_members(stage) == before
    assert stage.refused() == {"signature": 2}


def test_a_false_suspicion_makes_no_accuser() -> None:
    stage = Stage(peers=4)
    liar, subject = stage.peers[:2]
    since = stage.now
    stage.hear(liar, Suspect(subject.short, 1, FORGED, NONCE))
    stage.run(5 * SECOND)
    assert stage.view(subject).status is Status.ALIVE
    assert stage.facts(since=since) == []


def test_a_suspicion_of_an_incarnation_that_nobody_signed_is_refused() -> None:
    stage = Stage(peers=4)
    accuser, subject = stage.peers[:2]
    before = known_members(stage)
    for incarnation in (2, INCARNATION_MAX):
        claim = accusations(subject, accuser, incarnation=incarnation)
        assert stage.hear(accuser, Gossip(), claim) == []
        suspicion = Suspect(
            subject.short, incarnation, accuser.accusation(subject, incarnation), NONCE
        )
        assert [e for e in stage.hear(accuser, suspicion) if isinstance(e, Order)] == []
    assert known_members(stage) == before
    assert stage.refused() == {"unsigned_incarnation": 4}


def test_an_incarnation_at_its_maximum_is_taken_and_never_exceeded() -> None:
    stage = Stage(peers=2)
    peer = stage.peers[0]
    stage.hear(peer, Gossip(), peer.alive(INCARNATION_MAX))
    assert stage.view(peer).incarnation == INCARNATION_MAX
    stage.hear(peer, Gossip(), peer.alive(INCARNATION_MAX - 1))
    assert stage.view(peer).incarnation == INCARNATION_MAX


def test_what_is_replayed_changes_nothing() -> None:
    stage = Stage(peers=3)
    peer = stage.peers[0]
    stage.hear(peer, Gossip(), peer.alive(2))
    before = known_members(stage)
    since = stage.now
    for _ in range(100):
        stage.hear(peer, Gossip(), peer.alive(1), peer.alive(2))
        stage.hear(peer, Ack(1, 0, b""))
    assert known_members(stage) == before
    assert stage.facts(since=since + 1) == []
    assert stage.refused()["replayed"] == 100


def test_time_that_passes_under_fire_still_finds_everybody_alive() -> None:
    stage = Stage(peers=3)
    rng = Random(5)
    good = forgeries(stage)
    before = known_members(stage)
    end = stage.now + 10 * SECOND
    while stage.now < end:
        sender = stage.peers[int(rng.random() * 3)]
        stage.tell(DatagramReceived(sender.key, flipped(good, rng)))
        stage.run(20 * MILLISECOND)
    assert known_members(stage) == before


@pytest.mark.parametrize("number", range(len(EVERY_MESSAGE) + len(EVERY_ITEM)))
def test_every_kind_by_every_way_is_survived(number: int) -> None:
    stage = Stage(peers=2)
    samples = [encode(message) for message in EVERY_MESSAGE] + [item.raw for item in EVERY_ITEM]
    for sender in (stage.peers[0].key, stage.own.key, MemberId(b"x" * 32)):
        stage.tell(DatagramReceived(sender, samples[number]))
        effects = stage.tell(RequestReceived(1, sender, samples[number]))
        assert sum(isinstance(effect, SendResponse) for effect in effects) <= 1
        stage.tell(ResponseReceived(1, sender, samples[number]))
    stage.run(5 * SECOND)
    assert stage.detector.statistics().alive == 3
