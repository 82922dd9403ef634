"""A relay pings for somebody else, and says nack in time."""

import pytest

from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.identity import ShortId
from failure_detect.messages import Ack, Nack, Ping, PingReq, Relayed
from tests.failure_detect.harness import START, TRIP, Stage
from tests.failure_detect.peers import LAN, Peer

WAIT = 500 * MILLISECOND
PATIENCE = WAIT * LAN.probe.nack_percent // 100


def asked(*, silent: bool = False) -> tuple[Stage, Peer, Peer]:
    """A detector that is about to be asked to ping the second peer for the first."""
    stage = Stage(peers=4)
    asker, target = stage.peers[:2]
    if silent:
        stage.silence(target)
    return stage, asker, target


def pings_for(stage: Stage, target: Peer) -> list[int]:
    """When the target was pinged, the relay's first ping first."""
    return [letter.at for letter in stage.sent(Ping, to=target)]


def test_the_target_is_pinged_at_once_and_its_answer_passed_on() -> None:
    stage, asker, target = asked()
    now = stage.now
    stage.hear(asker, PingReq(9, target.short, WAIT))
    assert pings_for(stage, target) == [now]
    assert stage.detector.statistics().relays == 1
    stage.run(TRIP)
    (relayed,) = stage.sent(Relayed, to=asker)
    assert (relayed.message, relayed.at) == (Relayed(9), now + TRIP)


def test_who_was_answered_asks_no_more_and_says_no_nack() -> None:
    stage, asker, target = asked()
    stage.hear(asker, PingReq(9, target.short, WAIT))
    stage.run(WAIT)
    assert stage.sent(Nack) == []
    assert len(stage.sent(Relayed)) == 1
    assert stage.detector.statistics().relays == 0


def test_silence_is_told_after_most_of_the_wait() -> None:
    stage, asker, target = asked(silent=True)
    now = stage.now
    stage.hear(asker, PingReq(9, target.short, WAIT))
    stage.run(PATIENCE - 1)
    assert stage.sent(Nack) == []
    stage.run(1)
    (nack,) = stage.sent(Nack, to=asker)
    assert (nack.message, nack.at) == (Nack(9), now + PATIENCE)
    assert nack.at - now <= WAIT * 8 // 10
    assert stage.detector.statistics().relays == 0


def test_a_silent_target_is_pinged_once_more_at_half_of_the_wait() -> None:
    stage, asker, target = asked(silent=True)
    now = stage.now
    stage.hear(asker, PingReq(9, target.short, WAIT))
    stage.run(PATIENCE // 2)
    assert {now, now + PATIENCE // 2} <= set(pings_for(stage, target))


def test_an_answer_to_the_second_ping_is_passed_on() -> None:
    stage, asker, target = asked(silent=True)
    now = stage.now
    stage.hear(asker, PingReq(9, target.short, WAIT))
    stage.run(PATIENCE // 2 - 1)
    stage.manners.pop(target.key)
    stage.run(1 + TRIP)
    assert [letter.at for letter in stage.sent(Relayed)] == [now + PATIENCE // 2 + TRIP]
    stage.run(WAIT)
    assert stage.sent(Nack) == []


@pytest.mark.parametrize("wait", [0, 1])
def test_a_wait_of_nothing_gives_a_nack_at_once(wait: int) -> None:
    stage, asker, target = asked(silent=True)
    stage.hear(asker, PingReq(9, target.short, wait))
    stage.run(0)
    assert [letter.message for letter in stage.sent(Nack)] == [Nack(9)]


def test_an_unknown_target_gives_a_nack_at_once() -> None:
    stage, asker, _ = asked()
    stage.hear(asker, PingReq(9, ShortId(b"nobody.."), WAIT))
    assert [letter.message for letter in stage.sent(Nack, to=asker)] == [Nack(9)]
    assert stage.refused() == {"unknown_member": 1}
    assert stage.detector.statistics().relays == 0


def test_nobody_is_asked_to_ping_itself() -> None:
    stage, asker, _ = asked()
    stage.hear(asker, PingReq(9, stage.own.short, WAIT))
    assert [letter.message for letter in stage.sent(Nack, to=asker)] == [Nack(9)]
    assert stage.refused() == {"unknown_member": 1}


def test_work_for_others_is_bounded() -> None:
    config = LAN.with_overrides({"limit.relays": 2})
    stage = Stage(peers=4, config=config)
    asker, target = stage.peers[:2]
    stage.silence(target)
    for seq in range(5):
        stage.hear(asker, PingReq(seq, target.short, WAIT))
    assert stage.detector.statistics().relays == 2
    assert stage.refused() == {"over_limit": 3}
    stage.run(WAIT)
    assert [letter.message for letter in stage.sent(Nack)] == [Nack(0), Nack(1)]
    assert stage.detector.statistics().relays == 0


def test_errands_for_several_do_not_mix() -> None:
    stage, asker, target = asked()
    second = stage.peers[2]
    stage.hear(asker, PingReq(1, target.short, WAIT))
    stage.hear(second, PingReq(2, target.short, SECOND))
    stage.run(TRIP)
    told = {(letter.to, letter.message) for letter in stage.sent(Relayed, since=START)}
    assert told == {(asker.key, Relayed(1)), (second.key, Relayed(2))}


def test_an_answer_to_each_of_both_pings_is_passed_on_once() -> None:
    stage, asker, target = asked(silent=True)
    since = stage.now
    stage.hear(asker, PingReq(9, target.short, WAIT))
    stage.run(PATIENCE // 2)
    for ping in stage.sent(Ping, to=target, since=since):
        stage.hear(target, Ack(ping.message.seq, stage.detector.fingerprint, b""))
    stage.run(WAIT)
    assert [letter.message for letter in stage.sent(Relayed)] == [Relayed(9)]
    assert stage.sent(Nack) == []
