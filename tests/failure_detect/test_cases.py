"""From accusation to verdict: who may accuse, the last call, the fallback, the burial."""

import pytest

from failure_detect.claims import Accusations
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.events import (
    MemberDied,
    MemberSuspected,
    MemberUpdated,
    SuspicionLifted,
)
from failure_detect.members import Status
from failure_detect.messages import Accused, Gossip, Ping
from failure_detect.suspicion import suspicion_timeout
from failure_detect.wire import encode_accusations
from tests.failure_detect.harness import TRIP, Stage
from tests.failure_detect.peers import LAN, SILENT, Manner, Peer, accusations

SUSPICION = LAN.suspicion
H = SUSPICION.accusers
LAST_CALL = SUSPICION.last_call


def forged(subject: Peer, accuser: Peer, liar: Peer) -> bytes:
    """An accusation in another's name."""
    return encode_accusations(subject.short, 1, ((accuser.short, liar.accusation(subject)),)).raw


def deaths(stage: Stage) -> list[MemberDied]:
    return [effect for effect in stage.facts() if isinstance(effect, MemberDied)]


# --- who may accuse ----------------------------------------------------------------------


def test_who_is_not_known_dead_gone_or_the_subject_may_not_accuse() -> None:
    stage = Stage(peers=9)
    subject, dead, left = stage.peers[:3]
    stage.silence(dead)
    stage.hear(stage.peers[3], Gossip(), accusations(dead, *stage.peers[3:6]))
    stage.hear(stage.peers[3], Gossip(), left.left())
    stage.run(LAN.gossip.to_the_dead + SECOND)
    before = list(stage.detector.members())
    stage.hear(stage.peers[3], Gossip(), accusations(subject, dead))
    stage.hear(stage.peers[3], Gossip(), accusations(subject, left))
    stage.hear(stage.peers[3], Gossip(), accusations(subject, subject))
    stage.hear(stage.peers[3], Gossip(), accusations(subject, stage.make("unknown")))
    stage.hear(stage.peers[3], Gossip(), accusations(stage.make("unknown"), stage.peers[3]))
    stage.hear(stage.peers[3], Gossip(), forged(subject, stage.peers[3], stage.peers[4]))
    expected = {"not_entitled": 3, "unknown_member": 2, "signature": 1}
    assert stage.refused() == expected
    assert [(v.identity, v.status) for v in stage.detector.members()] == [
        (v.identity, v.status) for v in before
    ]
    assert stage.detector.statistics().cases == 0


def test_who_died_just_now_may_have_accused_before() -> None:
    stage = Stage(peers=9)
    subject, dead = stage.peers[:2]
    stage.silence(dead)
    stage.hear(stage.peers[3], Gossip(), accusations(dead, *stage.peers[3:6]))
    stage.run(LAST_CALL)
    stage.hear(stage.peers[3], Gossip(), accusations(subject, dead))
    assert MemberSuspected(subject.key, 1) in stage.facts()


def test_an_accusation_ahead_or_behind_changes_nothing() -> None:
    stage = Stage(peers=6)
    subject, accuser = stage.peers[:2]
    stage.hear(subject, Gossip(), subject.alive(5))
    before = list(stage.detector.members())
    stage.hear(accuser, Gossip(), accusations(subject, accuser, incarnation=6))
    assert stage.refused() == {"unsigned_incarnation": 1}
    stage.hear(accuser, Gossip(), accusations(subject, accuser, incarnation=4))
    assert stage.refused() == {"unsigned_incarnation": 1, "stale": 1}
    stage.hear(accuser, Gossip(), accusations(subject, accuser, incarnation=(1 << 64) - 1))
    assert stage.refused() == {"unsigned_incarnation": 2, "stale": 1}
    assert list(stage.detector.members()) == before


def test_a_forged_accusation_does_not_make_a_quiet_suspicion_loud() -> None:
    stage = Stage(peers=9)
    subject, liar, accuser = stage.peers[:3]
    stage.until_suspected(subject)
    stage.hear(liar, Gossip(), forged(subject, accuser, liar))
    stage.run(SECOND)
    assert stage.refused() == {"signature": 1}
    assert stage.items(Accusations) == []


def test_what_others_say_aloud_makes_a_quiet_suspicion_loud() -> None:
    stage = Stage(peers=9)
    subject, other = stage.peers[:2]
    stage.until_suspected(subject)
    stage.hear(other, Gossip(), accusations(subject, stage.own))
    stage.run(MILLISECOND)
    assert len(stage.items(Accusations)[0].signatures) == 1
    stage.hear(other, Gossip(), accusations(subject, other))
    stage.run(200 * MILLISECOND)
    assert len(stage.items(Accusations)[-1].signatures) == 2


# --- one accuser, two, enough ------------------------------------------------------------


def test_one_accuser_is_a_suspicion_and_no_verdict() -> None:
    stage = Stage(peers=9)
    subject, accuser = stage.peers[:2]
    stage.hear(accuser, Gossip(), accusations(subject, accuser))
    assert stage.facts() == [MemberSuspected(subject.key, 1)]
    for _ in range(10):
        stage.hear(accuser, Gossip(), accusations(subject, accuser))
        stage.run(SECOND)
    assert deaths(stage) == []


def test_a_suspect_hears_of_it_with_the_next_ping() -> None:
    stage = Stage(peers=9)
    subject, accuser = stage.peers[:2]
    stage.hear(accuser, Gossip(), accusations(subject, accuser))
    assert stage.run_until(lambda: bool(stage.sent(Ping, to=subject)), 20 * SECOND)
    ping = stage.sent(Ping, to=subject)[0].message
    assert (ping.accused, ping.incarnation) == (Accused.OPENLY, 1)


def test_the_fallback_calls_a_last_time_and_that_call_decides() -> None:
    stage = Stage(peers=4)
    subject, accuser = stage.peers[:2]
    stage.hear(accuser, Gossip(), accusations(subject, accuser))
    least = suspicion_timeout(SUSPICION, LAN.probe.interval, 5, 0, H - 1)
    begun = stage.now
    stage.run(least - 1)
    assert deaths(stage) == []
    stage.run(1)
    assert stage.sent(Ping, to=subject)[-1].at == begun + least
    assert stage.sent(Ping, to=subject)[-1].message.accused is Accused.OPENLY
    stage.run(LAST_CALL + SECOND)
    assert deaths(stage) == []


def test_while_the_fallback_waits_the_subject_is_told_of_it_again_and_again() -> None:
    """Who accuses may be of no account to all others: then nobody else asks the subject."""
    stage = Stage(peers=4)
    subject, accuser = stage.peers[:2]
    stage.silence(subject, manner=Manner(acks=False))
    begun = stage.now
    stage.hear(accuser, Gossip(), accusations(subject, accuser))
    stage.run(3 * SECOND + 1)
    told = [p.at - begun for p in stage.sent(Ping, to=subject) if p.message.accused]
    assert [at for at in told if at % SECOND == 0] == [0, SECOND, 2 * SECOND, 3 * SECOND]
    stage.hear(subject, Gossip(), subject.alive(2))
    assert stage.view(subject).status is Status.ALIVE
    since = stage.now + 1
    stage.run(3 * SECOND)
    assert not [p for p in stage.sent(Ping, to=subject, since=since) if p.message.accused]


def test_with_two_accusers_the_fallback_comes_sooner() -> None:
    stage = Stage(peers=4)
    subject, first, second = stage.peers[:3]
    stage.hear(first, Gossip(), accusations(subject, first))
    stage.hear(second, Gossip(), accusations(subject, second))
    begun = stage.now
    sooner = suspicion_timeout(SUSPICION, LAN.probe.interval, 5, 1, H - 1)
    stage.silence(subject, manner=Manner(acks=False))
    stage.run(sooner + LAST_CALL - 1)
    assert deaths(stage) == []
    stage.run(1)
    assert [death.accusers for death in deaths(stage)] == [(first.key, second.key)]
    assert stage.now == begun + sooner + LAST_CALL


def test_enough_accusers_are_called_at_once_and_again_shortly_before_the_end() -> None:
    stage = Stage(peers=6)
    subject = stage.peers[0]
    stage.silence(subject)
    begun = stage.now
    stage.hear(stage.peers[1], Gossip(), accusations(subject, *stage.peers[1 : 1 + H]))
    stage.run(LAST_CALL)
    pings = [letter for letter in stage.sent(Ping, to=subject) if letter.message.accused]
    assert [letter.at - begun for letter in pings] == [0, LAST_CALL - SUSPICION.last_ping]
    assert {letter.message.accused for letter in pings} == {Accused.OPENLY}
    assert {letter.items for letter in pings} == {()}
    accusers = tuple(peer.key for peer in stage.peers[1 : 1 + H])
    assert deaths(stage) == [MemberDied(subject.key, 1, accusers)]


def test_the_bundle_is_spread_once_with_all_signatures() -> None:
    stage = Stage(peers=6)
    subject = stage.peers[0]
    stage.silence(subject)
    bundle = accusations(subject, *stage.peers[1 : 1 + H])
    stage.hear(stage.peers[1], Gossip(), bundle)
    stage.run(10 * SECOND)
    told = stage.items(Accusations)
    assert {claim.raw for claim in told} == {bundle}
    assert len(told) < 20


def test_who_has_enough_signatures_takes_no_more() -> None:
    stage = Stage(peers=8)
    subject = stage.peers[0]
    stage.silence(subject)
    stage.hear(stage.peers[1], Gossip(), accusations(subject, *stage.peers[1 : 1 + H]))
    stage.hear(stage.peers[1], Gossip(), accusations(subject, *stage.peers[1 + H : 3 + H]))
    stage.run(LAST_CALL)
    assert [len(death.accusers) for death in deaths(stage)] == [H]


def test_no_bundle_is_larger_than_others_would_take() -> None:
    stage = Stage(peers=13)
    subject = stage.peers[0]
    stage.silence(subject)
    stage.until_suspected(subject)
    stage.hear(stage.peers[1], Gossip(), accusations(subject, *stage.peers[1:9]))
    stage.run(LAST_CALL)
    assert len(deaths(stage)) == 1
    assert max(len(claim.signatures) for claim in stage.items(Accusations)) <= 8


# --- the last call -----------------------------------------------------------------------


def called(stage: Stage) -> Peer:
    """Have enough accuse one peer."""
    subject = stage.peers[0]
    stage.hear(stage.peers[1], Gossip(), accusations(subject, *stage.peers[1 : 1 + H]))
    return subject


@pytest.mark.parametrize("answered", [0, 1], ids=["the first call", "the second call"])
def test_who_gets_an_answer_does_not_bury(answered: int) -> None:
    stage = Stage(peers=6)
    stage.silence(stage.peers[0])
    if not answered:
        stage.manners.clear()
    subject = called(stage)
    stage.run(TRIP)
    stage.silence(subject)
    if answered:
        stage.run(LAST_CALL - SUSPICION.last_ping - TRIP - 1)
        stage.manners.clear()
    stage.run(LAST_CALL)
    assert deaths(stage) == []
    assert stage.detector.statistics().suspect == 1


def test_a_subject_that_answers_without_refuting_is_called_again_and_again() -> None:
    stage = Stage(peers=6)
    subject = called(stage)
    stage.run(5 * (LAST_CALL + SECOND))
    assert deaths(stage) == []
    assert len([p for p in stage.sent(Ping, to=subject) if p.message.accused]) >= 10
    stage.silence(subject)
    stage.run(LAST_CALL + 2 * SECOND)
    assert len(deaths(stage)) == 1


def test_a_refutation_ends_the_last_call() -> None:
    stage = Stage(peers=6)
    subject = called(stage)
    stage.hear(stage.peers[3], Gossip(), subject.alive(2))
    assert stage.facts() == [
        MemberSuspected(subject.key, 1),
        SuspicionLifted(subject.key),
        MemberUpdated(subject.identity, 2),
    ]
    stage.silence(subject)
    stage.run(LAST_CALL)
    assert deaths(stage) == []
    assert stage.detector.statistics().cases == 0


def test_a_refutation_at_the_accused_incarnation_refutes_nothing() -> None:
    stage = Stage(peers=6)
    stage.silence(stage.peers[0])
    subject = called(stage)
    stage.hear(stage.peers[3], Gossip(), subject.alive(1))
    stage.run(LAST_CALL)
    assert len(deaths(stage)) == 1


def test_leaving_ends_the_case_and_is_not_death() -> None:
    stage = Stage(peers=6)
    stage.silence(stage.peers[0])
    subject = called(stage)
    stage.hear(stage.peers[3], Gossip(), subject.left())
    stage.run(LAST_CALL)
    assert deaths(stage) == []
    assert stage.detector.statistics().cases == 0


def test_the_deaf_bury_nobody_and_ask_again() -> None:
    stage = Stage(peers=6)
    stage.silence(*stage.peers)
    stage.run(4 * SECOND)
    subject = called(stage)
    stage.run(10 * SECOND)
    assert deaths(stage) == []
    assert stage.detector.statistics().suspect == 1
    stage.manners.clear()
    stage.silence(subject)
    stage.run(5 * SECOND)
    assert [death.member for death in deaths(stage)] == [subject.key]


def test_who_hears_again_makes_the_call_anew() -> None:
    stage = Stage(peers=6)
    stage.silence(*stage.peers)
    assert stage.run_until(lambda: stage.detector.statistics().isolated, 60 * SECOND)
    stage.run(3 * SECOND)
    subject = called(stage)
    stage.run(LAST_CALL - 1)
    stage.manners.clear()
    stage.silence(subject)
    assert stage.run_until(lambda: not stage.detector.statistics().isolated, 60 * SECOND)
    heard = stage.now
    assert [p.at for p in stage.sent(Ping, to=subject, since=heard)] == [heard]
    stage.run(LAST_CALL - 1)
    assert deaths(stage) == []
    stage.run(1)
    assert len(deaths(stage)) == 1


def test_who_was_away_makes_the_call_anew() -> None:
    stage = Stage(peers=6)
    stage.silence(stage.peers[0])
    subject = called(stage)
    stage.run(10 * MILLISECOND)
    stage.sleep(LAST_CALL + LAN.probe.stall)
    woken = stage.now
    assert deaths(stage) == []
    assert stage.sent(Ping, to=subject)[-1].at == woken
    stage.run(LAST_CALL - 1)
    assert deaths(stage) == []
    stage.run(1)
    assert len(deaths(stage)) == 1


# --- what is heard again -----------------------------------------------------------------


def test_a_verdict_that_is_heard_again_is_not_told_again() -> None:
    stage = Stage(peers=6)
    stage.silence(stage.peers[0])
    subject = called(stage)
    stage.run(20 * SECOND)
    told = len(stage.items(Accusations))
    for accusers in (stage.peers[1:4], stage.peers[2:5]):
        stage.hear(stage.peers[1], Gossip(), accusations(subject, *accusers))
    stage.run(2 * SECOND)
    assert len(stage.items(Accusations)) == told
    assert len(deaths(stage)) == 1


def test_accusations_of_who_left_are_nothing() -> None:
    stage = Stage(peers=6)
    subject = stage.peers[0]
    stage.hear(stage.peers[1], Gossip(), subject.left())
    called(stage)
    assert stage.detector.statistics().cases == 0
    assert stage.refused() == {}


def test_a_case_needs_fewer_accusers_where_fewer_could_accuse() -> None:
    stage = Stage(peers=2)
    subject, other = stage.peers
    stage.silence(subject, manner=SILENT)
    stage.hear(other, Gossip(), accusations(subject, other, stage.own))
    stage.run(LAST_CALL)
    assert [death.accusers for death in deaths(stage)] == [(other.key, stage.own.key)]
