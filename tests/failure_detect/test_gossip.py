"""What is news goes out at once, then at a pace, to a few at a time, until it is told."""

import pytest

from failure_detect.broadcasts import transmit_limit
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.config import DetectorConfig
from failure_detect.events import BroadcastRequested, DatagramReceived, SendDatagram
from failure_detect.messages import Gossip
from failure_detect.wire import encode, encode_payload
from tests.failure_detect.harness import Stage
from tests.failure_detect.peers import accusations

CONFIG = DetectorConfig.lan().with_overrides(
    {
        "gossip.interval": 100 * MILLISECOND,
        "gossip.fanout": 3,
        "gossip.retransmit": 4,
        "gossip.payload_retransmit": 1,
    }
)
INTERVAL = CONFIG.gossip.interval
NEWS = BroadcastRequested(b"key", b"news")


def times_told(stage: Stage, raw: bytes) -> int:
    return sum(isinstance(e, SendDatagram) and raw in e.data for _, e in stage.log)


def test_the_first_news_after_quiet_goes_out_at_once() -> None:
    stage = Stage(peers=5, config=CONFIG)
    stage.tell(NEWS)
    assert stage.sent(Gossip) == []
    stage.run(0)
    letters = stage.sent(Gossip)
    assert len({letter.to for letter in letters}) == len(letters) == 3
    assert {letter.at for letter in letters} == {stage.now}
    assert all(letter.items == (encode_payload(b"key", b"news"),) for letter in letters)


def test_further_news_keeps_the_pace() -> None:
    stage = Stage(peers=5, config=CONFIG)
    stage.tell(NEWS)
    begun = stage.now
    stage.run(10 * MILLISECOND)
    stage.tell(BroadcastRequested(b"other", b"more"))
    stage.run(2 * INTERVAL)
    moments = sorted({letter.at - begun for letter in stage.sent(Gossip)})
    assert moments == [0, INTERVAL, 2 * INTERVAL]


def test_each_word_is_told_as_often_as_the_limit_says_and_then_it_is_quiet() -> None:
    stage = Stage(peers=5, config=CONFIG)
    stage.tell(NEWS)
    stage.run(5 * SECOND)
    assert times_told(stage, b"news") == transmit_limit(4, 6) == 4
    assert stage.detector.statistics().queued == 0
    last = stage.sent(Gossip)[-1].at
    stage.run(20 * SECOND)
    assert stage.sent(Gossip)[-1].at == last


@pytest.mark.parametrize(("peers", "told"), [(1, 4), (3, 12), (5, 15), (20, 15)])
def test_in_a_small_pool_a_payload_is_told_more_often_than_the_limit(peers: int, told: int) -> None:
    config = CONFIG.with_overrides({"gossip.payload_retransmit": 15})
    stage = Stage(peers=peers, config=config)
    stage.tell(NEWS)
    stage.run(10 * SECOND)
    assert transmit_limit(4, peers + 1) < times_told(stage, b"news") == told
    assert stage.detector.statistics().queued == 0


def test_a_newer_word_replaces_the_older_under_its_key() -> None:
    stage = Stage(peers=5, config=CONFIG)
    stage.tell(BroadcastRequested(b"key", b"old"))
    stage.tell(NEWS)
    stage.run(SECOND)
    assert times_told(stage, b"old") == 0
    assert times_told(stage, b"news") == 4


def test_news_fill_a_datagram_and_no_more() -> None:
    stage = Stage(peers=1, config=CONFIG)
    sizes = []
    for number in range(20):
        payload = bytes([number]) * 300
        sizes.append(len(encode_payload(bytes([number]), payload).raw))
        stage.tell(BroadcastRequested(bytes([number]), payload))
    stage.run(0)
    (letter,) = stage.sent(Gossip)
    assert len(letter.items) == (CONFIG.gossip.datagram_bytes - len(encode(Gossip()))) // sizes[0]
    assert letter.size <= CONFIG.gossip.datagram_bytes


def test_with_fewer_members_each_is_told_once_at_a_time() -> None:
    stage = Stage(peers=2, config=CONFIG)
    stage.tell(NEWS)
    stage.run(0)
    assert {letter.to for letter in stage.sent(Gossip)} == {peer.key for peer in stage.peers}


def test_what_nobody_is_there_to_hear_waits_for_the_first_contact() -> None:
    stage = Stage(peers=1, config=CONFIG, known=False)
    stage.tell(NEWS)
    stage.run(3 * SECOND)
    assert stage.sent(Gossip) == []
    assert stage.detector.statistics().queued == 2  # Its own claim as well.
    stage.introduce(stage.peers[0])
    stage.run(SECOND)
    assert times_told(stage, b"news") >= 1
    assert times_told(stage, stage.own.certificate) >= 1


def dying(stage: Stage) -> None:
    """The first peer falls silent and is accused by the others until it is dead."""
    subject, *others = stage.peers
    stage.silence(subject)
    stage.hear(others[0], Gossip(), accusations(subject, *others[:3]))
    assert stage.run_until(lambda: stage.detector.statistics().dead == 1, 10 * SECOND)


def test_the_recently_dead_are_told_their_share_so_that_they_can_object() -> None:
    stage = Stage(peers=5, config=CONFIG)
    dying(stage)
    since = stage.now
    for number in range(60):
        stage.tell(BroadcastRequested(bytes([number]), b"news"))
        stage.run(INTERVAL)
    told = len(stage.sent(Gossip, to=stage.peers[0], since=since))
    everybody = len(stage.sent(Gossip, since=since))
    assert 0.03 < told / everybody < 0.3


def test_the_long_dead_are_told_nothing() -> None:
    stage = Stage(peers=5, config=CONFIG)
    dying(stage)
    stage.run(CONFIG.gossip.to_the_dead + SECOND)
    since = stage.now
    for number in range(60):
        stage.tell(BroadcastRequested(bytes([number]), b"news"))
        stage.run(INTERVAL)
    assert stage.sent(Gossip, to=stage.peers[0], since=since) == []


def test_gossip_of_the_layer_above_is_handed_up_and_spread_only_if_it_says_so() -> None:
    stage = Stage(peers=5, config=CONFIG)
    payload = encode_payload(b"key", b"heard")
    effects = stage.tell(
        DatagramReceived(stage.peers[0].key, encode(Gossip()) + payload.raw),
    )
    assert [type(effect).__name__ for effect in effects] == ["BroadcastReceived"]
    stage.run(SECOND)
    assert times_told(stage, payload.raw) == 0
