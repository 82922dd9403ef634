"""Leaving, and taking the place of another process of the same node."""

from random import Random

import pytest

from failure_detect.claims import AliveClaim, LeftClaim, alive_message
from failure_detect.clock import MINUTE, SECOND
from failure_detect.detector import FailureDetector
from failure_detect.events import (
    CertificateNeeded,
    CertificateObtained,
    LeaveRequested,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    NodeDeleted,
    SendDatagram,
)
from failure_detect.members import GONE, Status
from failure_detect.messages import Accused, Gossip, Ping
from failure_detect.wire import encode_alive
from tests.failure_detect.circle import SEED, Circle
from tests.failure_detect.harness import START, Stage
from tests.failure_detect.peers import LAN, Peer, accusations


def own_incarnation(stage: Stage) -> int:
    return stage.detector.statistics().incarnation


def accused(stage: Stage, incarnation: int) -> Ping:
    return Ping(1, 0, stage.detector.fingerprint, b"", Accused.OPENLY, incarnation)


# --- leaving -----------------------------------------------------------------------------


def test_leaving_is_signed_told_and_ends_our_probing() -> None:
    stage = Stage(peers=4)
    stage.tell(LeaveRequested())
    stage.run(10 * SECOND)
    assert {claim.raw for claim in stage.items(LeftClaim)} == {stage.own.left()}
    assert stage.view(stage.own).status is Status.LEFT
    since = stage.now - 8 * SECOND
    assert stage.sent(Ping, since=since) == []


def test_a_leave_is_said_at_once_to_all_of_a_small_pool() -> None:
    """Nobody knows how much longer this process lives, and who else leaves at the same time."""
    stage = Stage(peers=6)
    stage.log.clear()
    stage.tell(LeaveRequested())
    told = [each.to for _, each in stage.log if isinstance(each, SendDatagram)]
    assert set(told) == {peer.key for peer in stage.peers}


def test_who_left_refutes_nothing_more_and_takes_no_new_certificate() -> None:
    stage = Stage(peers=4)
    stage.tell(LeaveRequested())
    stage.ping(stage.peers[0], accused(stage, 1))
    stage.tell(CertificateObtained(stage.own.certified(start=2).certificate))
    stage.run(SECOND)
    assert own_incarnation(stage) == 1
    assert stage.items(AliveClaim) == []


def test_a_leave_is_not_death_and_is_told_on() -> None:
    stage = Stage(peers=4)
    leaver = stage.peers[0]
    stage.hear(stage.peers[1], Gossip(), leaver.left())
    assert stage.facts() == [MemberLeft(leaver.key)]
    stage.run(MINUTE)
    assert leaver.left() in {claim.raw for claim in stage.items(LeftClaim)}
    assert not [fact for fact in stage.facts() if isinstance(fact, MemberDied)]
    assert stage.sent(Ping, to=leaver) == []


def test_a_leave_that_the_subject_did_not_sign_is_refused() -> None:
    stage = Stage(peers=4)
    victim, liar = stage.peers[:2]
    forged = liar.left().replace(liar.short, victim.short)
    before = list(stage.detector.members())
    stage.hear(liar, Gossip(), forged)
    stage.hear(liar, Gossip(), stage.make("unknown").left())
    assert stage.refused() == {"signature": 1, "unknown_member": 1}
    assert list(stage.detector.members()) == before


def test_nobody_tells_us_what_we_say_ourselves() -> None:
    stage = Stage(peers=4)
    liar = stage.peers[0]
    forged = liar.left().replace(liar.short, stage.own.short)
    stage.hear(liar, Gossip(), forged, stage.own.alive(9))
    assert stage.refused() == {"not_entitled": 1, "unsigned_incarnation": 1}
    assert stage.view(stage.own).status is Status.ALIVE
    assert stage.detector.statistics().incarnation == 1


def test_who_left_comes_back_above_the_incarnation_at_which_it_did() -> None:
    stage = Stage(peers=4)
    leaver, teller = stage.peers[0], stage.peers[1]
    stage.hear(teller, Gossip(), leaver.alive(5), leaver.left(5))
    for claim in (leaver.alive(5), leaver.alive(4, voucher=teller)):
        stage.hear(teller, Gossip(), claim)
    assert stage.view(leaver).status is Status.LEFT
    stage.log.clear()
    stage.hear(leaver, Gossip(), leaver.alive(6))
    assert stage.view(leaver).status is Status.ALIVE
    assert stage.facts() == [MemberJoined(leaver.identity, 6)]
    stage.hear(teller, Gossip(), leaver.left(5))
    assert stage.view(leaver).status is Status.ALIVE
    assert stage.refused() == {"stale": 1}


def test_who_left_twice_comes_back_above_the_second_time() -> None:
    stage = Stage(peers=4)
    leaver, teller = stage.peers[0], stage.peers[1]
    stage.hear(teller, Gossip(), leaver.left(1), leaver.left(7), leaver.alive(6))
    assert stage.view(leaver).status is Status.LEFT
    stage.hear(teller, Gossip(), leaver.alive(8))
    assert stage.view(leaver).status is Status.ALIVE


def test_who_left_comes_back_neither_unsigned_nor_after_another_took_its_node() -> None:
    stage = Stage(peers=4)
    leaver, teller = stage.peers[0], stage.peers[1]
    stage.hear(teller, Gossip(), leaver.left())
    message = alive_message(leaver.pool, leaver.key, 9, leaver.certificate)
    forged = encode_alive(leaver.certificate, 9, teller.sign(message)).raw
    stage.hear(teller, Gossip(), forged)
    stage.introduce(stage.make("p1", start=2))
    stage.hear(teller, Gossip(), leaver.alive(9))
    found = stage.detector.member(leaver.key)
    assert found is None or found.status in GONE


def test_a_member_that_left_begins_again_above_what_it_was() -> None:
    stage = Stage(peers=0)
    again = FailureDetector(
        stage.own.certificate,
        LAN,
        authority=stage.notary.signer(stage.own.key),
        now=START,
        rng=Random(1),
        above=4,
    )
    assert again.statistics().incarnation == 5


# --- succession --------------------------------------------------------------------------


def test_the_higher_start_number_retires_the_other_at_once() -> None:
    stage = Stage(peers=4)
    old = stage.peers[0]
    new = stage.make("p1", start=2)
    stage.hear(new, Gossip(), new.alive())
    assert stage.facts() == [
        MemberRetired(old.key, new.key),
        MemberJoined(new.identity, 1),
    ]
    assert stage.view(old).status is Status.RETIRED
    stage.hear(old, Gossip(), old.alive(9))
    assert stage.view(old).status is Status.RETIRED
    assert stage.refused() == {"gone": 1}


def test_a_successor_ends_the_suspicion_of_the_one_before() -> None:
    stage = Stage(peers=4)
    old = stage.peers[0]
    stage.silence(old)
    stage.hear(stage.peers[1], Gossip(), accusations(old, *stage.peers[1:4]))
    stage.introduce(stage.make("p1", start=2))
    stage.run(MINUTE)
    assert not [fact for fact in stage.facts() if isinstance(fact, MemberDied)]
    assert stage.detector.statistics().cases == 0


def test_a_dead_member_is_retired_by_its_successor_and_never_returns() -> None:
    stage = Stage(peers=5)
    old = stage.peers[0]
    stage.silence(old)
    stage.hear(stage.peers[1], Gossip(), accusations(old, *stage.peers[1:4]))
    stage.run(LAN.suspicion.last_call)
    stage.ping(old)
    stage.introduce(stage.make("p1", start=2))
    assert stage.view(old).status is Status.RETIRED
    stage.hear(stage.peers[1], Gossip(), old.alive(2, voucher=stage.peers[2]))
    stage.run(10 * SECOND)
    assert stage.view(old).status is Status.RETIRED
    assert not [fact for fact in stage.facts() if isinstance(fact, MemberReturned)]


def test_a_left_member_needs_no_retiring() -> None:
    stage = Stage(peers=4)
    old = stage.peers[0]
    stage.hear(stage.peers[1], Gossip(), old.left())
    new = stage.make("p1", start=2)
    stage.introduce(new)
    assert stage.facts() == [MemberLeft(old.key), MemberJoined(new.identity, 1)]


@pytest.mark.parametrize("start", [1, 2])
def test_a_lower_or_equal_start_number_is_not_admitted(start: int) -> None:
    stage = Stage(peers=4)
    stage.introduce(stage.make("p1", start=2))
    stage.log.clear()
    rival = stage.make("p1-again").certified(start=start, node="node-p1")
    stage.introduce(rival)
    assert stage.refused() == {"gone": 1, "unknown_sender": 1}
    assert stage.facts() == []


@pytest.mark.parametrize("start", [3, 7])
def test_a_process_that_meets_its_own_start_number_asks_for_one_above(start: int) -> None:
    stage = Stage(peers=4)
    stage.tell(CertificateObtained(stage.own.certified(start=3).certificate))
    rival = stage.make("rival").certified(start=start, node="node-p0")
    stage.hear(stage.peers[0], Gossip(), rival.alive())
    assert stage.facts() == [CertificateNeeded(start + 1)]
    assert stage.refused() == {"gone": 1}


def test_a_lower_start_number_on_our_node_is_no_matter() -> None:
    stage = Stage(peers=4)
    stage.tell(CertificateObtained(stage.own.certified(start=3).certificate))
    rival = stage.make("rival").certified(start=2, node="node-p0")
    stage.hear(stage.peers[0], Gossip(), rival.alive())
    assert stage.facts() == []


def test_outbidding_becomes_rarer_each_time() -> None:
    stage = Stage(peers=4)
    rival = stage.make("rival").certified(start=3, node="node-p0")
    asked = []
    begun = stage.now
    for _ in range(40):
        if stage.hear(stage.peers[0], Gossip(), rival.alive()):
            asked.append((stage.now - begun) // SECOND)
        stage.run(SECOND)
    assert asked == [0, 2, 6, 14, 30]


def retired(stage: Stage) -> tuple[Peer, Peer]:
    """Let a peer be retired by another process of its node; return both."""
    old, new = stage.peers[0], stage.make("p1", start=2)
    stage.introduce(new)
    assert stage.view(old).status is Status.RETIRED
    stage.log.clear()
    return old, new


def test_who_outbids_its_successor_comes_back_under_its_own_key() -> None:
    stage = Stage(peers=4)
    old, new = retired(stage)
    above = old.certified(start=3)
    since = stage.now
    stage.hear(above, Gossip(), above.alive(2))
    assert stage.facts(since=since) == [
        MemberRetired(new.key, old.key),
        MemberJoined(above.identity, 2),
    ]
    assert stage.view(old).status is Status.ALIVE
    assert stage.view(new).status is Status.RETIRED
    stage.run(2 * SECOND)
    assert above.alive(2) in {claim.raw for claim in stage.items(AliveClaim)}


@pytest.mark.parametrize(("start", "incarnation"), [(1, 9), (2, 9), (3, 1)])
def test_who_was_retired_stays_so_below_its_successor_or_by_an_old_word(
    start: int, incarnation: int
) -> None:
    stage = Stage(peers=4)
    old, _ = retired(stage)
    facts = len(stage.facts())
    stage.hear(stage.peers[1], Gossip(), old.certified(start=start).alive(incarnation))
    assert stage.view(old).status is Status.RETIRED
    assert len(stage.facts()) == facts


def test_nobody_else_outbids_in_the_name_of_the_retired() -> None:
    stage = Stage(peers=4)
    old, _ = retired(stage)
    above, liar = old.certified(start=3), stage.peers[1]
    forged = encode_alive(above.certificate, 2, liar.sign(b"anything")).raw
    stage.hear(liar, Gossip(), forged)
    assert stage.view(old).status is Status.RETIRED
    assert stage.refused() == {"signature": 1}


def test_who_was_dead_before_it_was_retired_comes_back_without_a_past() -> None:
    stage = Stage(peers=5)
    old = stage.peers[0]
    stage.silence(old)
    stage.hear(stage.peers[1], Gossip(), accusations(old, *stage.peers[1:4]))
    stage.run(LAN.suspicion.last_call)
    stage.introduce(stage.make("p1", start=2))
    stage.manners.pop(old.key)
    above = old.certified(start=3)
    stage.hear(above, Gossip(), above.alive(2))
    stage.run(MINUTE)
    assert stage.view(old).status is Status.ALIVE


def test_two_processes_of_one_node_outbid_each_other_and_everybody_follows() -> None:
    circle = Circle(5, twins=1)
    for i in range(1, 6):
        circle.tell(i, SEED)
    circle.run(MINUTE)
    twins = {circle.key(4), circle.key(5)}
    starts = [circle.identities[i].start for i in (4, 5)]
    assert max(starts) > 3
    holder = circle.key(4 if starts[0] > starts[1] else 5)
    for i in range(4):
        views = {view.identity.member: view for view in circle.detectors[i].members()}
        alive = {key for key in twins if key in views and views[key].status is Status.ALIVE}
        assert alive == {holder}
        joined = [fact for _, j, fact in circle.facts if i == j and isinstance(fact, MemberJoined)]
        assert len([fact for fact in joined if fact.identity.member in twins]) >= 3


def test_who_left_a_node_that_is_deleted_still_knows_itself() -> None:
    stage = Stage(peers=4)
    stage.tell(LeaveRequested())
    stage.tell(NodeDeleted(stage.own.identity.node))
    assert stage.view(stage.own).status is Status.LEFT
    stage.hear(stage.peers[0], Gossip(), stage.own.alive(), stage.own.left())
    assert stage.facts() == []
