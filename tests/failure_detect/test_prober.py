"""Rounds: whom, when, by which ways, and what their end says of whom."""

from dataclasses import replace
from itertools import pairwise

import pytest

from failure_detect.clock import MILLISECOND, SECOND, Instant
from failure_detect.config import DetectorConfig, ProbeConfig
from failure_detect.events import (
    MemberSuspected,
    ReachabilityChanged,
)
from failure_detect.messages import Ack, Nack, Ping, PingReq, Relayed, Suspect
from tests.failure_detect.harness import START, TRIP, Letter, Stage, one
from tests.failure_detect.peers import ABSENT_MINDED, LAN, SILENT, Manner, Peer

PROBE = LAN.probe
INTERVAL, ROUND, TIMEOUT = PROBE.interval, PROBE.round, PROBE.timeout_min
LONG = 20 * INTERVAL


def first_ping(stage: Stage, target: Peer) -> Letter[Ping]:
    """Let time pass until `target` is pinged; by then its answers can no longer be had."""
    since = stage.now + 1
    assert stage.run_until(lambda: bool(stage.sent(Ping, to=target, since=since)), LONG)
    return stage.sent(Ping, to=target, since=since)[-1]


def silent_round(stage: Stage, target: Peer, manner: Manner = SILENT) -> Instant:
    """Begin a round in which `target` answers nothing; return when it began."""
    stage.silence(target, manner=manner)
    return first_ping(stage, target).at


# --- whom, and when ----------------------------------------------------------------------


def test_each_member_is_probed_once_before_any_is_probed_again() -> None:
    stage = Stage(peers=5)
    stage.run(30 * INTERVAL)
    order = [letter.to for letter in stage.sent(Ping)]
    cycles = [[order[i : i + 5] for i in range(begin, 25, 5)] for begin in range(5)]
    assert any(all(len(set(cycle)) == 5 for cycle in found) for found in cycles)


def test_a_probe_is_made_in_each_interval() -> None:
    stage = Stage(peers=5)
    stage.run(30 * INTERVAL)
    times = [letter.at for letter in stage.sent(Ping)]
    assert len(times) == 30
    assert all(0 < later - one < 2 * INTERVAL for one, later in pairwise(times))


def test_who_is_alone_probes_nobody_and_is_content() -> None:
    stage = Stage(peers=0)
    stage.run(LONG)
    assert stage.log == []
    assert stage.detector.statistics().health == 0


def test_an_answered_ping_is_all_of_a_round() -> None:
    stage = Stage()
    ping = first_ping(stage, stage.peers[0])
    assert (ping.message.accused, ping.message.nonce, ping.items) == (None, b"", ())
    stage.run(TRIP)
    assert stage.detector.statistics().rounds == 0
    assert not stage.asked(Ping)
    assert not stage.sent(PingReq)


# --- the course of a round ---------------------------------------------------------------


def test_after_the_timeout_come_another_ping_relays_and_a_stream() -> None:
    stage = Stage()
    target = stage.peers[0]
    begun = silent_round(stage, target, ABSENT_MINDED)
    stage.run(ROUND - 1)
    widened = begun + TIMEOUT  # A round trip of 2 ms is known, so the least timeout holds.
    assert [letter.at for letter in stage.sent(Ping, to=target)] == [begun, widened]
    stream = one(stage.asked(Ping))
    assert (stream.at, stream.to) == (widened, target.key)
    asked = stage.sent(PingReq)
    assert [letter.at for letter in asked] == [widened] * PROBE.relays
    assert len({letter.to for letter in asked} - {target.key}) == PROBE.relays
    assert {(m.message.target, m.message.wait) for m in asked} == {(target.short, ROUND - TIMEOUT)}


def test_a_peer_whose_round_trip_is_unknown_has_the_longest_timeout() -> None:
    stage = Stage(peers=2, known=False)
    stage.silence(*stage.peers)
    stage.introduce(*stage.peers)
    stage.run(2 * INTERVAL)
    assert stage.asked(Ping)[0].at == stage.sent(Ping)[0].at + PROBE.timeout


def test_a_failed_round_is_a_suspicion_when_it_is_over() -> None:
    stage = Stage()
    target = stage.peers[0]
    begun = silent_round(stage, target, ABSENT_MINDED)
    stage.run(ROUND - 1)
    assert stage.facts() == []
    stage.run(1)
    assert stage.facts() == [MemberSuspected(target.key, 1)]
    assert {letter.at for letter in stage.sent(Suspect)} == {begun + ROUND}
    assert stage.detector.statistics().failed_rounds == 1


def test_an_answer_to_the_second_ping_ends_the_round() -> None:
    stage = Stage()
    target = stage.peers[0]
    silent_round(stage, target, Manner(acks=False, streams=False))
    stage.run(TIMEOUT - 1)
    stage.silence(target, manner=Manner(streams=False))
    stage.run(1 + TRIP)
    assert stage.detector.statistics().rounds == 0
    stage.run(ROUND)
    assert stage.facts() == []


def test_an_answer_over_the_stream_ends_the_round_and_is_a_direct_one() -> None:
    stage = Stage()
    target = stage.peers[0]
    silent_round(stage, target, Manner(acks=False))
    stage.run(TIMEOUT + TRIP)
    assert stage.detector.statistics().rounds == 0
    stage.run(ROUND)
    assert stage.facts() == []
    assert stage.view(target).reachable


def test_the_relays_word_ends_the_round() -> None:
    stage = Stage()
    target = stage.peers[0]
    silent_round(stage, target)
    stage.run(TIMEOUT)
    asked = stage.sent(PingReq)[0]
    stage.hear(stage.by_key[asked.to or target.key], Relayed(asked.message.seq))
    assert stage.detector.statistics().rounds == 0
    assert stage.facts() == []


def test_two_rounds_that_only_relays_saved_make_a_member_unreachable_until_it_answers() -> None:
    stage = Stage()
    target = stage.peers[0]
    stage.silence(target)
    for _ in range(2):
        first_ping(stage, target)
        stage.run(TIMEOUT)
        asked = stage.sent(PingReq)[-1]
        stage.hear(stage.by_key[asked.to or target.key], Relayed(asked.message.seq))
    assert stage.facts() == [ReachabilityChanged(target.key, reachable=False)]
    assert not stage.view(target).reachable
    stage.manners.clear()
    first_ping(stage, target)
    stage.run(TRIP)
    assert stage.facts()[1:] == [ReachabilityChanged(target.key, reachable=True)]
    assert stage.view(target).reachable


def test_a_member_that_a_relay_saved_is_soon_probed_again() -> None:
    stage = Stage()
    target = stage.peers[0]
    silent_round(stage, target)
    stage.run(TIMEOUT)
    asked = stage.sent(PingReq)[0]
    stage.hear(stage.by_key[asked.to or target.key], Relayed(asked.message.seq))
    since = stage.now
    stage.run(200 * MILLISECOND)
    assert stage.sent(Ping, to=target, since=since)


@pytest.mark.parametrize("message", [Relayed(0), Nack(0)], ids=["relayed", "nack"])
def test_the_word_of_who_was_not_asked_to_relay_is_worth_nothing(message: Relayed | Nack) -> None:
    stage = Stage(peers=6)
    target = stage.peers[0]
    silent_round(stage, target)
    stage.silence(*stage.peers)
    stage.run(TIMEOUT)
    asked = {letter.to for letter in stage.sent(PingReq)}
    seq = stage.sent(PingReq)[0].message.seq
    stranger = next(peer for peer in stage.peers if peer.key not in asked | {target.key})
    stage.hear(stranger, replace(message, seq=seq))
    stage.hear(stranger, replace(message, seq=seq + 1))
    assert stage.refused() == {"not_entitled": 1, "late": 1}
    stage.run(ROUND)
    assert stage.detector.statistics().empty_rounds == 1
    assert stage.facts() == []


# --- what counts as an answer ------------------------------------------------------------


def test_only_the_peer_that_was_asked_can_answer_and_only_once() -> None:
    stage = Stage()
    target, other = stage.peers[:2]
    silent_round(stage, target)
    ping = one(stage.sent(Ping, to=target)).message
    right = Ack(ping.seq, stage.detector.fingerprint, b"")
    stage.hear(other, right)
    stage.hear(target, replace(right, seq=ping.seq + 1))
    assert stage.refused() == {"replayed": 2}
    assert stage.detector.statistics().rounds == 1
    stage.hear(target, right)
    assert stage.detector.statistics().rounds == 0
    stage.hear(target, right)
    assert stage.refused() == {"replayed": 3}


def test_an_answer_after_the_round_lifts_no_suspicion() -> None:
    stage = Stage()
    target = stage.peers[0]
    silent_round(stage, target, ABSENT_MINDED)
    ping = one(stage.sent(Ping, to=target)).message
    stage.run(ROUND)
    stage.hear(target, Ack(ping.seq, stage.detector.fingerprint, b""))
    assert stage.facts() == [MemberSuspected(target.key, 1)]
    assert stage.detector.statistics().suspect == 1


def test_an_answer_of_ten_seconds_ago_is_credited_to_nothing() -> None:
    stage = Stage()
    target = stage.peers[0]
    silent_round(stage, target)
    ping = one(stage.sent(Ping, to=target)).message
    stage.now += 10 * SECOND + 1
    stage.hear(target, Ack(ping.seq, stage.detector.fingerprint, b""))
    assert stage.refused() == {"late": 1}


# --- whose silence it is -----------------------------------------------------------------


def test_a_round_without_any_nack_blames_nobody_and_makes_us_slower() -> None:
    stage = Stage()
    stage.silence(*stage.peers)
    since = stage.now
    stage.run_until(lambda: bool(stage.detector.statistics().empty_rounds), LONG)
    assert stage.facts() == []
    assert stage.detector.statistics().failed_rounds == 0
    assert stage.detector.statistics().health == 1
    target = stage.sent(Ping, since=since)[0].to
    ended = stage.now
    stage.run(600 * MILLISECOND)
    assert target in {letter.to for letter in stage.sent(Ping, since=ended + 1)}


def test_a_failed_round_has_one_more_member_looked_at_out_of_turn() -> None:
    stage = Stage(peers=9)
    stage.until_suspected(stage.peers[0])
    since = stage.now
    stage.run(MILLISECOND)
    [(at, to)] = [(ping.at, ping.to) for ping in stage.sent(Ping, since=since)]
    assert at == since
    assert to != stage.peers[0].key


def test_a_relays_nack_comes_within_the_round_and_makes_it_count() -> None:
    stage = Stage()
    target = stage.peers[0]
    begun = silent_round(stage, target)
    left = ROUND - TIMEOUT
    stage.run(TIMEOUT + left * PROBE.nack_percent // 100)
    assert stage.now < begun + ROUND
    stage.run(begun + ROUND - stage.now)
    assert stage.detector.statistics().failed_rounds == 1
    assert stage.facts() == [MemberSuspected(target.key, 1)]


def test_what_is_no_answer_to_the_stream_ends_no_round() -> None:
    stage = Stage(peers=6)
    target = stage.peers[0]
    silent_round(stage, target)
    stage.run(TIMEOUT)
    stage.respond(stage.asked(Ping)[-1], target, Nack(0))
    assert stage.refused() == {"not_entitled": 1}
    assert stage.detector.statistics().rounds == 1


def test_a_nack_that_comes_when_the_round_is_over_counts_for_nothing() -> None:
    stage = Stage()
    target = stage.peers[0]
    stage.silence(*stage.peers[1:], manner=Manner(nacks=False))
    silent_round(stage, target)
    stage.run(ROUND)
    asked = stage.sent(PingReq)[0]
    stage.hear(stage.by_key[asked.to or target.key], Nack(asked.message.seq))
    stage.run(MILLISECOND)
    assert stage.facts() == []
    assert stage.detector.statistics().empty_rounds == 1


@pytest.mark.parametrize(("nacks", "health"), [(1, 1), (2, 0), (3, 0)])
def test_missing_nacks_are_held_against_ourselves(nacks: int, health: int) -> None:
    stage = Stage()
    target = stage.peers[0]
    silent_round(stage, target)
    stage.silence(*stage.peers[1:], manner=Manner(nacks=False))
    stage.run(TIMEOUT)
    for asked in stage.sent(PingReq)[:nacks]:
        stage.hear(stage.by_key[asked.to or target.key], Nack(asked.message.seq))
    stage.run(ROUND - TIMEOUT)
    assert stage.facts() == [MemberSuspected(target.key, 1)]
    assert stage.detector.statistics().health == health


def test_silent_relays_are_probed_next() -> None:
    stage = Stage(peers=8)
    target = stage.peers[0]
    stage.silence(*stage.peers, manner=Manner(nacks=False))
    begun = silent_round(stage, target)
    stage.run(ROUND)
    asked = [letter.to for letter in stage.sent(PingReq)]
    since = stage.now
    stage.run(PROBE.relays * 100 * MILLISECOND)
    assert since == begun + ROUND
    assert set(asked) <= {letter.to for letter in stage.sent(Ping, since=since)}


# --- common time -------------------------------------------------------------------------


def test_a_tick_from_far_ahead_does_not_keep_us_from_probing() -> None:
    stage = Stage()
    fingerprint = stage.detector.fingerprint
    for tick in (1 << 40, 1 << 47, (1 << 64) - 1, 0):
        stage.ping(stage.peers[0], Ping(1, tick, fingerprint, b""))
    since = stage.now
    stage.run(10 * INTERVAL)
    assert 8 <= len(stage.sent(Ping, since=since)) <= 12


def test_rounds_without_relays_end_without_nacks() -> None:
    config = DetectorConfig(probe=ProbeConfig(relays=0))
    stage = Stage(config=config)
    target = stage.peers[0]
    silent_round(stage, target)
    stage.run(ROUND)
    assert stage.sent(PingReq, since=START) == []
    assert stage.facts() == [MemberSuspected(target.key, 1)]
