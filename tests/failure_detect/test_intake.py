"""What rides along goes to who judges it, in an order in which it makes sense."""

import pytest

from failure_detect.clock import SECOND
from failure_detect.events import (
    BroadcastReceived,
    BroadcastRequested,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberSuspected,
)
from failure_detect.messages import Claims, Gossip, Pull
from failure_detect.wire import encode_payload
from tests.failure_detect.harness import Stage
from tests.failure_detect.peers import LAN, accusations

PAYLOAD = encode_payload(b"key", b"payload").raw


def test_a_frame_may_name_accusers_before_they_are_introduced() -> None:
    stage = Stage(peers=2)
    subject, *strangers = (stage.make(f"s{i}") for i in range(4))
    stage.silence(subject)
    bundle = accusations(subject, *strangers)
    claims = [stranger.alive() for stranger in strangers]
    stage.ask(stage.peers[0], Pull(()), bundle, *claims, subject.alive())
    assert stage.refused() == {}
    assert stage.facts()[:4] == [MemberJoined(peer.identity, 1) for peer in (*strangers, subject)]
    assert stage.facts()[4:] == [MemberSuspected(subject.key, 1)]
    stage.run(LAN.suspicion.last_call)
    assert MemberDied(subject.key, 1, tuple(p.key for p in strangers)) in stage.facts()


def test_a_datagram_is_taken_in_as_it_comes() -> None:
    stage = Stage(peers=2)
    subject, accuser = stage.make("subject"), stage.make("accuser")
    bundle = accusations(subject, accuser)
    stage.hear(stage.peers[0], Gossip(), bundle, subject.alive(), accuser.alive())
    assert stage.refused() == {"unknown_member": 1}
    assert stage.facts() == [MemberJoined(p.identity, 1) for p in (subject, accuser)]


def test_a_broadcast_of_the_layer_above_goes_up_with_its_sender() -> None:
    stage = Stage(peers=2)
    stage.hear(stage.peers[0], Gossip(), PAYLOAD)
    assert stage.facts() == [BroadcastReceived(stage.peers[0].key, b"key", b"payload")]


def test_a_broadcast_that_we_are_telling_ourselves_is_no_news() -> None:
    stage = Stage(peers=2)
    stage.tell(BroadcastRequested(b"key", b"payload"))
    stage.hear(stage.peers[0], Gossip(), PAYLOAD)
    assert stage.facts() == []
    stage.hear(stage.peers[0], Gossip(), encode_payload(b"key", b"another").raw)
    assert stage.facts() == [BroadcastReceived(stage.peers[0].key, b"key", b"another")]


def test_a_broadcast_of_a_stranger_or_of_one_that_left_does_not_go_up() -> None:
    stage = Stage(peers=2)
    leaver = stage.peers[0]
    stage.hear(leaver, Gossip(), leaver.left())
    since = stage.now + 1
    stage.run(SECOND)
    stage.hear(leaver, Gossip(), PAYLOAD)
    stage.hear(stage.make("stranger"), Gossip(), PAYLOAD)
    assert stage.facts(since=since) == []
    assert stage.refused() == {"gone": 2, "not_entitled": 2, "unknown_sender": 1}


def test_a_broadcast_on_a_stream_is_nobodys() -> None:
    stage = Stage(peers=2)
    stage.ask(stage.peers[0], Claims(), PAYLOAD)
    assert stage.facts() == []


def test_everything_in_one_datagram() -> None:
    stage = Stage(peers=3)
    left, subject, teller = stage.peers
    news = stage.make("news")
    stage.hear(teller, Gossip(), news.alive(), left.left(), accusations(subject, teller), PAYLOAD)
    assert [type(fact) for fact in stage.facts()] == [
        MemberJoined,
        MemberLeft,
        MemberSuspected,
        BroadcastReceived,
    ]


@pytest.mark.parametrize("spread", [True, False], ids=["a datagram", "a stream"])
def test_only_what_came_by_gossip_is_gossiped_on(spread: bool) -> None:
    stage = Stage(peers=4)
    news = stage.make("news")
    subject = stage.peers[0]
    claims = (news.alive(), accusations(subject, stage.peers[1]))
    if spread:
        stage.hear(stage.peers[2], Gossip(), *claims)
    else:
        stage.ask(stage.peers[2], Pull(()), *claims)
    assert len(stage.facts()) == 2
    since = stage.now
    stage.run(SECOND)
    assert bool(stage.items(object, since=since)) is spread


def test_an_unvouched_claim_is_kept_for_whoever_will_vouch() -> None:
    stage = Stage(peers=5)
    subject = stage.peers[0]
    stage.silence(subject)
    stage.hear(stage.peers[1], Gossip(), accusations(subject, *stage.peers[1:4]))
    stage.run(LAN.suspicion.last_call)
    stage.ask(stage.peers[1], Pull(()), subject.alive(2))
    assert stage.refused() == {"not_vouched": 1}
    stage.manners.clear()
    stage.ping(subject)
    stage.run(LAN.probation.answers * LAN.probation.spacing)
    assert stage.detector.statistics().dead == 0
    assert stage.view(subject).incarnation == 2
