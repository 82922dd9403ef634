"""Messages that arrive are answered as they should be, and bounded."""

import pytest

from failure_detect.claims import AliveClaim, Payload
from failure_detect.clock import SECOND
from failure_detect.events import FingerprintChanged, FingerprintSeen, MemberJoined
from failure_detect.messages import (
    Accused,
    Ack,
    Claims,
    Compare,
    Differ,
    Gossip,
    Message,
    Nack,
    Ping,
    PingReq,
    Pull,
    Relayed,
)
from tests.failure_detect.harness import TRIP, Stage, one
from tests.failure_detect.peers import LAN, Peer

NONCE = b"a nonce."


def plain(stage: Stage, app: bytes = b"") -> Ping:
    return Ping(9, 0, stage.detector.fingerprint, app)


def suspicious(stage: Stage, nonce: bytes = NONCE, incarnation: int = 1) -> Ping:
    return Ping(9, 0, stage.detector.fingerprint, b"", Accused.QUIETLY, incarnation, nonce)


def test_a_ping_is_answered_at_once_with_its_number_and_our_fingerprints() -> None:
    stage = Stage(peers=2)
    stage.tell(FingerprintChanged(b"app"))
    stage.ping(stage.peers[0], plain(stage, b"app"))
    ack = one(stage.sent(Ack))
    assert (ack.at, ack.to) == (stage.now, stage.peers[0].key)
    assert ack.message == Ack(9, stage.detector.fingerprint, b"app")


def test_gossip_rides_along_with_an_answer_but_not_to_the_suspicious() -> None:
    stage = Stage(peers=4)
    news = stage.make("news")
    stage.introduce(news)
    stage.ping(stage.peers[0], suspicious(stage))
    stage.ping(stage.peers[1], plain(stage))
    first, second = stage.sent(Ack)
    assert first.items == ()
    assert [item.raw for item in second.items] == [news.alive()]


def test_a_nonce_is_signed_as_a_proof_of_life() -> None:
    stage = Stage(peers=2)
    stage.ping(stage.peers[0], suspicious(stage))
    assert one(stage.sent(Ack)).message.proof == stage.own.proof(NONCE)


def test_proofs_are_limited_each_second() -> None:
    stage = Stage(peers=2)
    for _ in range(LAN.limit.proofs + 5):
        stage.ping(stage.peers[0], suspicious(stage))
    proofs = [ack.message.proof for ack in stage.sent(Ack)]
    assert [bool(proof) for proof in proofs] == [True] * LAN.limit.proofs + [False] * 5
    assert stage.refused() == {"over_limit": 5}
    stage.run(SECOND)
    stage.ping(stage.peers[0], suspicious(stage))
    assert stage.sent(Ack)[-1].message.proof


def test_who_is_accused_at_an_older_incarnation_sends_its_own_claim() -> None:
    stage = Stage(peers=2)
    stage.ping(stage.peers[0], suspicious(stage, incarnation=0))
    items = one(stage.sent(Ack)).items
    assert [item.raw for item in items] == [stage.own.alive()]


def test_a_stream_is_answered_like_a_datagram() -> None:
    stage = Stage(peers=2)
    packet = stage.ask(stage.peers[0], suspicious(stage, incarnation=0))
    assert packet is not None
    assert packet.message == Ack(9, stage.detector.fingerprint, b"", stage.own.proof(NONCE))
    assert [type(item) for item in packet.items] == [AliveClaim]


STREAM_ONLY: list[Message] = [Compare((0,)), Differ((), (), 0), Pull(()), Claims()]
DATAGRAM_ONLY: list[Message] = [Ack(1, 0, b""), Gossip(), Nack(1), Differ((), (), 0), Claims()]


@pytest.mark.parametrize("message", STREAM_ONLY, ids=lambda message: type(message).__name__)
def test_what_belongs_on_a_stream_is_refused_in_a_datagram(message: Message) -> None:
    stage = Stage(peers=2)
    assert stage.hear(stage.peers[0], message) == []
    assert stage.refused() == {"not_entitled": 1}


@pytest.mark.parametrize("message", DATAGRAM_ONLY, ids=lambda message: type(message).__name__)
def test_what_asks_nothing_is_refused_on_a_stream(message: Message) -> None:
    stage = Stage(peers=2)
    assert stage.ask(stage.peers[0], message) is None
    assert stage.refused() == {"not_entitled": 1}


def test_a_differing_fingerprint_of_the_layer_above_is_told_each_time() -> None:
    stage = Stage(peers=2)
    peer = stage.peers[0]
    stage.ping(peer, plain(stage, b"theirs"))
    stage.tell(FingerprintChanged(b"theirs"))
    stage.ping(peer, plain(stage, b"theirs"))
    assert stage.facts() == [FingerprintSeen(peer.key, b"theirs")]
    stage.hear(peer, Ack(1, stage.detector.fingerprint, b""))
    assert stage.facts()[1:] == [FingerprintSeen(peer.key, b"")]


def test_a_ping_req_is_relayed() -> None:
    stage = Stage(peers=2)
    asker, target = stage.peers
    stage.hear(asker, PingReq(5, target.short, SECOND))
    stage.run(TRIP)
    assert one(stage.sent(Relayed)).message == Relayed(5)


# --- what rides along --------------------------------------------------------------------


def test_what_rides_along_is_taken_in_before_the_message() -> None:
    stage = Stage(peers=2)
    stranger: Peer = stage.make("stranger")
    stage.hear(stranger, plain(stage), stranger.alive())
    assert stage.facts() == [MemberJoined(stranger.identity, 1)]
    assert stage.refused() == {}
    assert one(stage.sent(Ack)).to == stranger.key


def test_a_stranger_without_a_claim_gets_no_answer() -> None:
    stage = Stage(peers=2)
    stage.hear(stage.make("stranger"), plain(stage))
    stage.hear(stage.own, plain(stage))
    assert stage.refused() == {"unknown_sender": 2}
    assert stage.sent(Ack) == []
    assert stage.items(Payload) == []
