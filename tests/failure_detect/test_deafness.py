"""Whose silence it is: local health, deafness, and having been away."""

from failure_detect.clock import MILLISECOND, SECOND, Instant
from failure_detect.events import (
    DatagramReceived,
    IsolationChanged,
    MemberSuspected,
)
from failure_detect.messages import Accused, Ack, Ping, Suspect
from failure_detect.wire import encode
from tests.failure_detect.harness import Stage, one
from tests.failure_detect.peers import ABSENT_MINDED, LAN, Manner, Peer

PROBE = LAN.probe
INTERVAL, ROUND, TIMEOUT = PROBE.interval, PROBE.round, PROBE.timeout_min
LONG = 20 * INTERVAL


def begin_round(stage: Stage, target: Peer, manner: Manner) -> Instant:
    """Begin a round in which `target` answers nothing; return when it began."""
    stage.silence(target, manner=manner)
    since = stage.now + 1
    assert stage.run_until(lambda: bool(stage.sent(Ping, to=target, since=since)), LONG)
    return stage.now


# --- local health ------------------------------------------------------------------------


def test_bad_health_stretches_round_and_timeout() -> None:
    stage = Stage()
    stage.silence(*stage.peers, manner=ABSENT_MINDED)
    stage.ping(stage.peers[1], Ping(1, 0, stage.detector.fingerprint, b"", Accused.OPENLY, 1))
    assert stage.detector.statistics().health == 1
    assert stage.run_until(lambda: bool(stage.sent(Ping)), LONG)
    begun = stage.sent(Ping)[0]
    stage.run(2 * ROUND - 1)
    assert (
        stage.asked(Ping, to=stage.by_key[begun.to or stage.own.key])[0].at
        == begun.at + 2 * TIMEOUT
    )
    assert stage.facts() == []
    stage.run(1)
    assert MemberSuspected(begun.to or stage.own.key, 1) in stage.facts()


def test_health_has_a_floor_and_a_ceiling_and_every_answer_betters_it() -> None:
    stage = Stage(peers=3)
    stage.silence(*stage.peers)
    most = PROBE.health_max
    assert stage.run_until(lambda: stage.detector.statistics().health == most, 300 * SECOND)
    stage.run(60 * SECOND)
    assert stage.detector.statistics().health == most
    stage.manners.clear()
    assert stage.run_until(lambda: stage.detector.statistics().health == 0, 60 * SECOND)
    stage.run(10 * SECOND)
    assert stage.detector.statistics().health == 0


def test_the_worse_the_health_the_rarer_the_probes() -> None:
    stage = Stage(peers=4)
    stage.silence(*stage.peers)
    most = PROBE.health_max
    assert stage.run_until(lambda: stage.detector.statistics().health == most, 300 * SECOND)
    since = stage.now
    stage.run(80 * INTERVAL)
    regular = {letter.at for letter in stage.asked(Ping, since=since)}
    assert 80 / (most + 1) / 2 <= len(regular) <= 80


# --- deaf --------------------------------------------------------------------------------


def test_the_deaf_accuse_nobody_and_say_once_that_they_are_deaf_and_once_that_they_hear() -> None:
    stage = Stage()
    stage.silence(*stage.peers)
    stage.run(60 * SECOND)
    assert stage.facts() == [IsolationChanged(isolated=True)]
    assert stage.detector.statistics().isolated
    assert stage.sent(Suspect) == []
    silent_since = stage.sent(Ping)[0].at
    told = next(at for at, effect in stage.log if isinstance(effect, IsolationChanged))
    assert told >= silent_since + PROBE.deaf_after
    stage.manners.clear()
    since = stage.now
    stage.run(60 * SECOND)
    assert stage.facts(since=since) == [IsolationChanged(isolated=False)]
    assert not stage.detector.statistics().isolated


def test_the_end_of_deafness_is_noticed_with_the_first_answer() -> None:
    stage = Stage()
    stage.silence(*stage.peers)
    assert stage.run_until(lambda: stage.detector.statistics().isolated, 60 * SECOND)
    ping = stage.sent(Ping)[-1]
    answer = Ack(ping.message.seq, stage.detector.fingerprint, b"")
    sender = stage.by_key[ping.to or stage.own.key]
    assert stage.hear(sender, answer)[0] == IsolationChanged(isolated=False)


def test_who_is_alone_is_not_deaf() -> None:
    stage = Stage(peers=1)
    stage.silence(*stage.peers)
    stage.run(60 * SECOND)
    assert IsolationChanged(isolated=True) not in stage.facts()


# --- away --------------------------------------------------------------------------------


def test_a_process_that_was_away_probes_again_instead_of_concluding() -> None:
    stage = Stage()
    target = stage.peers[0]
    begin_round(stage, target, ABSENT_MINDED)
    stage.run(TIMEOUT)
    since = stage.now
    stage.sleep(ROUND + PROBE.stall + 1)
    assert stage.facts() == []
    assert stage.detector.statistics().failed_rounds == 0
    stage.run(150 * MILLISECOND)
    again = stage.sent(Ping, to=target, since=since + 1)
    assert len(again) >= 1
    assert again[0].at <= stage.now


def test_a_process_that_was_a_little_late_concludes() -> None:
    stage = Stage()
    target = stage.peers[0]
    begun = begin_round(stage, target, ABSENT_MINDED)
    stage.run(ROUND - 1)
    assert stage.detector.deadline <= begun + ROUND
    stage.sleep(1 + PROBE.stall)
    assert stage.facts() == [MemberSuspected(target.key, 1)]


def test_what_arrived_while_it_was_away_counts_before_the_time_does() -> None:
    stage = Stage()
    target = stage.peers[0]
    begin_round(stage, target, ABSENT_MINDED)
    ping = one(stage.sent(Ping, to=target)).message
    stage.run(TIMEOUT)
    stage.now += ROUND
    stage.tell(DatagramReceived(target.key, encode(Ack(ping.seq, stage.detector.fingerprint, b""))))
    stage.sleep(0)
    assert stage.facts() == []
    assert stage.detector.statistics().rounds <= 1
