"""The way back from the dead: asked for ever, watched, vouched for, held down."""

import pytest

from failure_detect.claims import Refutation, vouch_message
from failure_detect.clock import MINUTE, SECOND, Duration, Instant
from failure_detect.events import MemberDied, MemberReturned
from failure_detect.members import Status
from failure_detect.messages import Accused, Ack, Gossip, Ping
from tests.failure_detect.harness import TRIP, Letter, Stage
from tests.failure_detect.peers import LAN, Peer, accusations

PROBATION = LAN.probation
SPACING, ANSWERS = PROBATION.spacing, PROBATION.answers


def bury(stage: Stage, subject: Peer) -> None:
    incarnation = stage.view(subject).incarnation
    stage.silence(subject)
    stage.run(2 * TRIP)  # Until what it had answered before has arrived.
    accusers = [peer for peer in stage.peers if peer is not subject][: LAN.suspicion.accusers]
    bundle = accusations(subject, *accusers, incarnation=incarnation)
    stage.hear(accusers[0], Gossip(), bundle)
    stage.run(LAN.suspicion.last_call)
    assert stage.view(subject).status is Status.DEAD


def with_a_death(peers: int = 5) -> tuple[Stage, Peer]:
    stage = Stage(peers=peers)
    bury(stage, stage.peers[0])
    return stage, stage.peers[0]


def questions(stage: Stage, subject: Peer, since: Instant) -> list[Letter[Ping]]:
    asked = stage.sent(Ping, to=subject, since=since)
    return [letter for letter in asked if letter.message.accused is Accused.DEAD]


def come_back(stage: Stage, subject: Peer, limit: Duration = 10 * MINUTE) -> Duration:
    """Let the dead refute and answer; return how long it took to be taken back."""
    since = stage.now
    higher = stage.view(subject).incarnation + 1
    stage.manners.pop(subject.key)
    stage.hear(stage.peers[1], Gossip(), subject.alive(higher))
    stage.ping(subject)
    assert stage.run_until(lambda: stage.view(subject).status is Status.ALIVE, limit)
    return stage.now - since


# --- asking ------------------------------------------------------------------------------


def test_the_dead_are_asked_for_ever_at_a_constant_rate() -> None:
    """Ten minutes and ten minutes: neither more nor less often with time."""
    stage, subject = with_a_death(peers=1 + LAN.suspicion.accusers)
    for _ in range(3):
        since = stage.now
        stage.run(10 * MINUTE)
        pings = questions(stage, subject, since)
        assert 10 * MINUTE // PROBATION.interval * 0.9 <= len(pings)
        assert len(pings) <= 10 * MINUTE // PROBATION.interval * 1.1
        stage.log.clear()


def test_a_day_later_the_dead_are_still_asked() -> None:
    stage, subject = with_a_death()
    stage.log.clear()
    for _ in range(24 * 6):  # In great strides: the process sleeps for ten minutes each time.
        stage.sleep(10 * MINUTE)
    since = stage.now
    stage.run(5 * MINUTE)
    assert 25 <= len(questions(stage, subject, since)) <= 35
    assert come_back(stage, subject) < 10 * SECOND


def test_a_question_to_the_dead_says_what_is_held_against_them() -> None:
    stage, subject = with_a_death()
    since = stage.now
    stage.run(3 * PROBATION.interval)
    ping = questions(stage, subject, since)[0]
    assert (ping.message.incarnation, ping.message.nonce, ping.items) == (1, b"", ())


def test_with_nobody_dead_nobody_is_asked_and_asking_begins_with_a_death() -> None:
    stage = Stage(peers=5)
    stage.run(MINUTE)
    assert not [p for p in stage.sent(Ping) if p.message.accused]
    bury(stage, stage.peers[0])
    stage.run(PROBATION.interval * 3 // 2)
    assert questions(stage, stage.peers[0], stage.now - PROBATION.interval * 3 // 2)


def test_asking_ends_when_the_last_one_is_back_and_begins_again_with_the_next_death() -> None:
    stage, subject = with_a_death()
    come_back(stage, subject)
    since = stage.now + 1
    stage.run(2 * MINUTE)
    assert questions(stage, subject, since) == []
    bury(stage, subject)
    since = stage.now
    stage.run(2 * MINUTE)
    assert questions(stage, subject, since)


# --- watching ----------------------------------------------------------------------------


def test_three_answers_a_second_apart_and_then_a_vouch() -> None:
    stage, subject = with_a_death()
    stage.log.clear()
    begun = stage.now
    stage.manners.clear()
    stage.hear(stage.peers[1], Gossip(), subject.alive(2))
    stage.ping(subject)
    assert [p.at for p in questions(stage, subject, begun)] == [begun]
    assert stage.detector.statistics().watched == 1
    assert stage.run_until(lambda: stage.detector.statistics().dead == 0, MINUTE)
    assert stage.now - begun == (ANSWERS - 1) * SPACING + TRIP
    asked = [p.at - begun for p in questions(stage, subject, begun)]
    assert asked == [i * SPACING for i in range(ANSWERS)]
    assert stage.facts() == [MemberReturned(subject.key, 2)]
    assert stage.detector.statistics().watched == 0


def test_the_vouch_is_signed_and_told() -> None:
    stage, subject = with_a_death()
    come_back(stage, subject)
    stage.run(SECOND)
    claim = next(c for c in stage.items(Refutation) if c.incarnation == 2)
    assert claim.voucher == stage.own.short
    assert claim.vouch is not None
    signed = vouch_message(LAN.pool, subject.key, 2, stage.own.key)
    assert stage.notary.verify(stage.own.key, signed, claim.vouch)


def test_a_missed_question_starts_the_count_again_and_three_end_the_watch() -> None:
    stage, subject = with_a_death()
    stage.hear(stage.peers[1], Gossip(), subject.alive(2))
    stage.manners.clear()
    begun = stage.now
    stage.ping(subject)
    stage.run(2 * SPACING - 1)
    stage.silence(subject)
    stage.run(SPACING)
    stage.manners.clear()
    assert stage.run_until(lambda: stage.detector.statistics().dead == 0, 9 * SPACING)
    assert stage.now - begun == (2 + ANSWERS) * SPACING + TRIP

    stage, subject = with_a_death()
    stage.ping(subject)
    stage.run(3 * SPACING - 1)
    assert stage.detector.statistics().watched == 1
    stage.run(1)
    assert stage.detector.statistics().watched == 0


def test_without_a_claim_to_vouch_for_it_goes_on_asking() -> None:
    stage, subject = with_a_death()
    stage.manners.clear()
    stage.ping(subject)
    stage.run(10 * SPACING)
    assert stage.detector.statistics().watched == stage.detector.statistics().dead == 1
    stage.hear(subject, Gossip(), subject.alive(2))
    stage.run(SPACING + TRIP)
    assert stage.detector.statistics().dead == 0


def test_an_answer_of_the_dead_asks_for_no_more_than_their_highest_claim() -> None:
    stage, subject = with_a_death()
    stage.hear(stage.peers[1], Gossip(), subject.alive(4))
    stage.hear(stage.peers[1], Gossip(), subject.alive(3))
    since = stage.now
    stage.ping(subject)
    assert [p.message.incarnation for p in questions(stage, subject, since)] == [4]


def test_late_answers_and_third_parties_are_no_contact() -> None:
    stage = Stage(peers=5)
    subject = stage.peers[0]
    stage.silence(subject)
    assert stage.run_until(lambda: bool(stage.sent(Ping, to=subject)), 20 * SECOND)
    old = stage.sent(Ping, to=subject)[0].message
    bury(stage, subject)
    stage.hear(subject, Ack(old.seq, stage.detector.fingerprint, b""))
    assert stage.detector.statistics().watched == 0
    stage.hear(stage.peers[1], Gossip(), subject.alive(2))
    assert stage.refused() == {"not_vouched": 1}
    assert stage.detector.statistics().watched == 0


def test_an_answer_that_took_longer_than_the_pause_is_none() -> None:
    stage, subject = with_a_death()
    stage.hear(stage.peers[1], Gossip(), subject.alive(2))
    for _ in range(ANSWERS + 1):
        since = stage.now
        stage.ping(subject)
        asked = questions(stage, subject, since)
        stage.run(SPACING + 1)
        for ping in asked:
            stage.hear(subject, Ack(ping.message.seq, stage.detector.fingerprint, b""))
    assert stage.detector.statistics().dead == 1
    assert stage.refused()["late"] >= 1


def test_only_so_many_are_watched_at_a_time() -> None:
    config = LAN.with_overrides({"probation.concurrent": 2})
    stage = Stage(peers=8, config=config)
    for subject in stage.peers[:4]:
        accusers = stage.peers[4:7]
        stage.silence(subject)
        stage.hear(accusers[0], Gossip(), accusations(subject, *accusers))
    stage.run(LAN.suspicion.last_call)
    assert stage.detector.statistics().dead == 4
    for subject in stage.peers[:4]:
        stage.ping(subject)
        stage.ping(subject)
    assert stage.detector.statistics().watched == 2


# --- whose word counts -------------------------------------------------------------------


@pytest.mark.parametrize(
    "voucher", ["nobody", "itself", "a stranger", "somebody dead", "a liar", "a neighbour"]
)
def test_a_return_counts_with_the_vouch_of_a_living_member(voucher: str) -> None:
    stage, subject = with_a_death(peers=6)
    claim = subject.alive(2)
    neighbour, dead = stage.peers[1], stage.peers[2]
    match voucher:
        case "itself":
            claim = subject.alive(2, voucher=subject)
        case "a stranger":
            claim = subject.alive(2, voucher=stage.make("stranger"))
        case "somebody dead":
            bury(stage, dead)
            claim = subject.alive(2, voucher=dead)
        case "a liar":
            vouched = subject.alive(2, voucher=stage.peers[3])
            claim = vouched.replace(stage.peers[3].short, neighbour.short)
        case "a neighbour":
            claim = subject.alive(2, voucher=neighbour)
        case _:
            assert voucher == "nobody"
    stage.hear(stage.peers[4], Gossip(), claim)
    back = voucher == "a neighbour"
    assert stage.view(subject).status is (Status.ALIVE if back else Status.DEAD)
    assert stage.refused() == ({} if back else {"not_vouched": 1})
    assert (stage.facts()[-1] == MemberReturned(subject.key, 2)) is back


def test_somebody_elses_vouch_ends_our_watch() -> None:
    stage, subject = with_a_death()
    stage.ping(subject)
    stage.hear(stage.peers[1], Gossip(), subject.alive(2, voucher=stage.peers[1]))
    stage.run(SPACING)
    assert stage.detector.statistics().watched == 0
    assert stage.detector.statistics().dead == 0


# --- hold-down ---------------------------------------------------------------------------


def test_the_first_death_has_no_hold_down_and_each_further_doubles_it() -> None:
    stage, subject = with_a_death()
    assert come_back(stage, subject) < ANSWERS * SPACING
    held = []
    for _ in range(6):
        bury(stage, subject)
        held.append(come_back(stage, subject))
    expected = [min(PROBATION.hold_down << i, PROBATION.hold_down_max) for i in range(6)]
    slack = ANSWERS * SPACING + PROBATION.interval * 3 // 2
    for took, least in zip(held, expected, strict=True):
        assert least <= took <= least + slack


def test_a_hold_down_is_forgiven_who_lived_long_enough() -> None:
    stage, subject = with_a_death()
    come_back(stage, subject)
    stage.run(PROBATION.forgive + SECOND)
    stage.log.clear()
    bury(stage, subject)
    assert come_back(stage, subject) < ANSWERS * SPACING


def test_contact_during_a_hold_down_is_not_watched() -> None:
    stage, subject = with_a_death()
    come_back(stage, subject)
    bury(stage, subject)
    stage.ping(subject)
    assert stage.detector.statistics().watched == 0
    stage.run(PROBATION.hold_down - ANSWERS * SPACING)
    stage.ping(subject)
    assert stage.detector.statistics().watched == 1


# --- eager -------------------------------------------------------------------------------


def test_where_one_came_back_the_others_are_asked_eagerly_for_a_while() -> None:
    stage = Stage(peers=8)
    for subject in stage.peers[:3]:
        bury(stage, subject)
    first, second, third = stage.peers[:3]
    come_back(stage, first)
    since = stage.now
    stage.run(PROBATION.eager)
    asked = len(questions(stage, second, since)) + len(questions(stage, third, since))
    usual = PROBATION.eager // PROBATION.eager_interval
    assert usual * 0.8 <= asked <= usual * 1.2
    since = stage.now + PROBATION.eager_interval * 2
    stage.run(10 * PROBATION.interval)
    asked = len(questions(stage, second, since)) + len(questions(stage, third, since))
    assert 8 <= asked <= 12


def test_a_second_return_while_eager_goes_on_being_eager() -> None:
    stage = Stage(peers=8)
    for subject in stage.peers[:3]:
        bury(stage, subject)
    first, second, third = stage.peers[:3]
    stage.hear(first, Gossip(), first.alive(2, voucher=stage.peers[4]))
    stage.run(PROBATION.eager - SECOND)
    stage.hear(second, Gossip(), second.alive(2, voucher=stage.peers[4]))
    since = stage.now
    stage.run(PROBATION.eager)
    assert len(questions(stage, third, since)) >= PROBATION.eager // PROBATION.eager_interval * 0.8


def test_a_death_is_told_once_each_time() -> None:
    stage, subject = with_a_death()
    come_back(stage, subject)
    bury(stage, subject)
    told = [type(fact) for fact in stage.facts() if isinstance(fact, MemberDied | MemberReturned)]
    assert told == [MemberDied, MemberReturned, MemberDied]
