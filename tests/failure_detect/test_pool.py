"""Questions and their answers, reachability, and the size of what is sent."""

from dataclasses import replace

from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.events import (
    BroadcastRequested,
    RequestFailed,
    ResponseReceived,
    SeedsResolved,
)
from failure_detect.messages import Ack, Compare, Nack, Ping, PingReq
from tests.failure_detect.harness import TRIP, Stage, one
from tests.failure_detect.peers import LAN, Manner


def test_an_old_question_is_forgotten_with_the_next_one() -> None:
    stage = Stage(peers=2)
    target, asker = stage.peers
    stage.silence(target)
    stage.hear(asker, PingReq(1, target.short, SECOND))
    old = stage.sent(Ping, to=target)[0].message
    stage.now += 11 * SECOND
    answer = Ack(old.seq, stage.detector.fingerprint, b"")
    stage.hear(target, answer)
    stage.hear(asker, PingReq(2, target.short, SECOND))
    stage.hear(target, answer)
    assert stage.refused() == {"late": 1, "replayed": 1}


def test_round_trips_are_measured() -> None:
    stage = Stage(peers=2)
    stage.run(5 * SECOND)
    assert {stage.view(peer).round_trip for peer in stage.peers} == {TRIP}
    assert stage.view(stage.own).round_trip is None


def test_gossip_fills_a_datagram_and_no_more() -> None:
    stage = Stage(peers=3)
    for i in range(40):
        stage.tell(BroadcastRequested(b"%d" % i, bytes(90)))
    since = stage.now
    stage.ping(stage.peers[0])
    ack = one(stage.sent(Ack, since=since))
    assert LAN.gossip.datagram_bytes - 110 < ack.size <= LAN.gossip.datagram_bytes


def test_a_stream_has_one_end() -> None:
    stage = Stage(peers=0)
    seed = stage.make("seed")
    stage.tell(SeedsResolved((seed.identity.address,)))
    compare = one(stage.asked(Compare))
    stage.respond(compare, seed, Nack(1))
    before = stage.detector.statistics()
    stage.respond(compare, seed, Nack(1))
    stage.tell(RequestFailed(compare.request))
    twice = (("not_entitled", 1), ("replayed", 1))
    assert stage.detector.statistics() == replace(before, refused=twice)


def test_a_frame_that_cannot_be_read_is_a_stream_that_failed() -> None:
    stage = Stage(peers=0)
    seed = stage.make("seed")
    stage.tell(SeedsResolved((seed.identity.address,)))
    stage.tell(ResponseReceived(one(stage.asked(Compare)).request, seed.key, b"\xc1"))
    assert stage.refused() == {"malformed": 1}


def test_a_member_is_unreachable_from_here_while_the_pool_reaches_it() -> None:
    stage = Stage(peers=5)
    target = stage.peers[0]
    stage.silence(target, manner=Manner(acks=False, streams=False))
    assert stage.view(target).reachable
    stage.run_until(lambda: not stage.view(target).reachable, 60 * SECOND)
    assert not stage.view(target).reachable
    ping = stage.sent(Ping, to=target)[-1].message
    stage.hear(target, Ack(ping.seq, stage.detector.fingerprint, b""))
    assert stage.view(target).reachable


def test_what_is_urgent_goes_one_at_a_time() -> None:
    stage = Stage(peers=9)
    stage.silence(*stage.peers[1:], manner=Manner(nacks=False))
    stage.silence(stage.peers[0])
    assert stage.run_until(lambda: stage.detector.statistics().empty_rounds > 0, 60 * SECOND)
    since = stage.now
    stage.run(450 * MILLISECOND)
    times = sorted({letter.at for letter in stage.sent(Ping, since=since)})
    assert len(times) >= 4
