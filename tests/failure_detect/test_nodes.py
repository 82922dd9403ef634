"""A node is not its agent: who connects to it, when silence counts, and who may say so."""

from dataclasses import replace
from hashlib import blake2b

import pytest

from failure_detect.claims import NodeReport
from failure_detect.clock import MINUTE, SECOND
from failure_detect.config import DetectorConfig
from failure_detect.events import (
    ConnectFinished,
    MemberDied,
    NodeAnswered,
    NodeDeleted,
    NodeSilent,
)
from failure_detect.identity import Address
from failure_detect.messages import Gossip
from tests.failure_detect.harness import Stage
from tests.failure_detect.inquests import (
    FEW,
    NODE,
    address_of,
    answer,
    is_silent,
    kill,
    prepared,
    told,
)
from tests.failure_detect.peers import LAN, Peer, accusations

# --- while the agent lives ---------------------------------------------------------------


def test_a_node_is_tried_soon_after_its_agent_joined_and_regularly_from_then_on() -> None:
    stage = Stage(peers=FEW - 1, nodes=True, known=False)
    stage.introduce(*stage.peers)
    stage.run(SECOND)
    addresses = sorted(address_of(peer) for peer in stage.peers)
    assert sorted(each.address for each in stage.connects()) == addresses
    assert {each.timeout for each in stage.connects()} == {NODE.timeout}
    answer(stage, stage.connects(), answered=True)
    since = stage.now
    stage.run(10 * NODE.interval)
    for connect in stage.connects(since=since):
        assert connect.address in addresses
    stage.log.clear()
    stage.run(NODE.interval * 2)
    assert sorted({each.address for each in stage.connects()}) == addresses


def test_a_node_that_answered_is_not_tried_again_before_the_interval_is_over() -> None:
    stage, _ = prepared()
    since = stage.now
    stage.run(NODE.interval - 5 * SECOND)
    assert stage.connects(since=since) == []
    assert told(stage) == []


def test_the_checkers_are_the_next_on_the_ring_after_the_nodes_hash() -> None:
    stage = Stage(peers=12, nodes=True, known=False)
    stage.introduce(*stage.peers)
    stage.run(SECOND)
    ours = set()
    ring = sorted(peer.key for peer in stage.cast)
    for peer in stage.peers:
        place = blake2b(peer.identity.node.encode(), digest_size=32).digest()
        order = [*(key for key in ring if key >= place), *(key for key in ring if key < place)]
        if stage.own.key in [key for key in order if key != peer.key][: NODE.checkers]:
            ours.add(peer.identity.node)
    assert 0 < len(ours) < 12
    # Those that are ours by the end were asked; others may have been, while few were known.
    asked = {each.address for each in stage.connects()}
    assert {address_of(p) for p in stage.peers if p.identity.node in ours} <= asked
    answer(stage, stage.connects(), answered=True)
    since = stage.now
    stage.run(NODE.interval * 2)
    later = {each.address for each in stage.connects(since=since)}
    assert later == {address_of(p) for p in stage.peers if p.identity.node in ours}


def test_nodes_of_other_clusters_and_without_address_are_nobodys_business() -> None:
    stage = Stage(peers=3, nodes=True, known=False, groups=("alpha", "beta"))
    stage.introduce(*stage.peers)
    stage.introduce(stage.make("bare"))
    stage.run(2 * NODE.interval)
    near = {address_of(peer) for peer in stage.peers[1:]}
    assert {each.address for each in stage.connects()} == near


# --- when it is dead ---------------------------------------------------------------------


def test_a_death_has_the_node_tried_at_once_and_again_and_again() -> None:
    stage, subject = prepared()
    connects = kill(stage, subject)
    assert [each.address for each in connects] == [address_of(subject)]
    assert stage.detector.statistics().inquests == 1
    answer(stage, connects, answered=True)
    since = stage.now + 1
    stage.run(10 * NODE.recheck)
    again = [each for each in stage.connects(since=since) if each.address == address_of(subject)]
    assert len(again) == 10
    assert told(stage) == []


def test_two_checkers_that_met_silence_make_a_silent_node() -> None:
    stage, subject = prepared()
    is_silent(stage, kill(stage, subject))
    assert told(stage) == []
    report = stage.peers[1].report(subject.identity.node, 1, silent=True)
    stage.hear(stage.peers[2], Gossip(), report)
    assert told(stage) == [NodeSilent(subject.identity.node)]
    stage.run(SECOND)
    reports = {item.raw for item in stage.items(NodeReport)}
    assert reports == {report, stage.own.report(subject.identity.node, 1, silent=True)}


def test_our_own_silence_takes_all_tries() -> None:
    stage, subject = prepared()
    connects = kill(stage, subject)
    for attempt in range(NODE.tries):
        assert stage.items(NodeReport) == []
        answer(stage, connects, answered=False)
        connects = stage.connects()[-1:]
        assert connects[0].address == address_of(subject)
        stage.run(SECOND)
        assert bool(stage.items(NodeReport)) is (attempt == NODE.tries - 1)


def test_one_checker_that_was_answered_is_a_living_node() -> None:
    stage, subject = prepared()
    node = subject.identity.node
    is_silent(stage, kill(stage, subject))
    stage.hear(stage.peers[1], Gossip(), stage.peers[1].report(node, 1, silent=False))
    stage.hear(stage.peers[2], Gossip(), stage.peers[2].report(node, 1, silent=True))
    assert told(stage) == []


def test_where_we_were_answered_we_say_so_once_somebody_says_otherwise() -> None:
    stage, subject = prepared()
    node = subject.identity.node
    answer(stage, kill(stage, subject), answered=True)
    stage.run(SECOND)
    assert stage.items(NodeReport) == []
    for checker in stage.peers[1:]:
        stage.hear(checker, Gossip(), checker.report(node, 1, silent=True))
    stage.run(SECOND)
    assert stage.own.report(node, 1, silent=False) in {r.raw for r in stage.items(NodeReport)}
    assert told(stage) == []


def test_silence_counts_only_where_there_was_an_answer_lately() -> None:
    stage, subject = prepared()
    stage.run(NODE.valid)
    for connect in stage.connects():
        if connect.address == address_of(subject):
            answer(stage, [connect], answered=False)
    is_silent(stage, kill(stage, subject))
    stage.run(SECOND)
    assert stage.items(NodeReport) == []


def test_an_answer_at_another_address_of_the_node_does_not_count() -> None:
    """A firewall before the new address is not a death."""
    stage, subject = prepared()
    behind = replace(subject.identity, node_address=Address("behind.example:10250"))
    moved = replace(subject, identity=behind)
    stage.hear(moved, Gossip(), moved.alive(2))
    stage.silence(subject)
    stage.run(SECOND // 100)
    bundle = accusations(moved, stage.own, *stage.peers[1:], incarnation=2)
    stage.hear(stage.peers[1], Gossip(), bundle)
    stage.run(LAN.suspicion.last_call)
    assert stage.detector.statistics().dead == 1
    connects = stage.connects()[-1:]
    assert connects[0].address == "behind.example:10250"
    is_silent(stage, connects)
    stage.run(SECOND)
    assert stage.items(NodeReport) == []


def test_the_first_silence_after_an_answer_begins_the_count_anew() -> None:
    stage, subject = prepared()
    answer(stage, kill(stage, subject), answered=True)
    stage.run(NODE.recheck)
    answer(stage, stage.connects()[-1:], answered=False)
    assert stage.items(NodeReport) == []
    answer(stage, stage.connects()[-1:], answered=False)
    stage.run(SECOND)
    assert len({item.raw for item in stage.items(NodeReport)}) == 1


def test_the_deaf_report_no_silence() -> None:
    stage, subject = prepared(peers=4)
    connects = kill(stage, subject)
    stage.silence(*stage.peers)
    stage.run(10 * SECOND)
    is_silent(stage, connects)
    stage.manners.clear()
    assert stage.items(NodeReport) == []


def test_with_one_checker_left_its_word_is_enough() -> None:
    stage = Stage(peers=1, nodes=True, known=False)
    stage.introduce(*stage.peers)
    stage.run(4 * SECOND)
    subject = stage.peers[0]
    answer(stage, stage.connects(), answered=True)
    stage.silence(subject)
    assert stage.run_until(lambda: stage.detector.statistics().dead == 1, 20 * SECOND)
    is_silent(stage, stage.connects()[-1:])
    assert told(stage) == [NodeSilent(subject.identity.node)]


# --- the way back ------------------------------------------------------------------------


def silent_node(peers: int = FEW - 1) -> tuple[Stage, Peer]:
    stage, subject = prepared(peers)
    is_silent(stage, kill(stage, subject))
    checker = stage.peers[1]
    stage.hear(checker, Gossip(), checker.report(subject.identity.node, 1, silent=True))
    assert told(stage) == [NodeSilent(subject.identity.node)]
    return stage, subject


def test_a_silent_node_that_answers_is_told_of_once() -> None:
    stage, subject = silent_node()
    for _ in range(3):
        stage.run(NODE.recheck)
        answer(stage, stage.connects()[-1:], answered=True)
    assert told(stage)[1:] == [NodeAnswered(subject.identity.node)]


def test_a_checkers_later_word_replaces_its_earlier_one() -> None:
    stage, subject = silent_node()
    checker = stage.peers[1]
    stage.hear(checker, Gossip(), checker.report(subject.identity.node, 2, silent=False))
    assert told(stage)[1:] == [NodeAnswered(subject.identity.node)]
    stage.hear(checker, Gossip(), checker.report(subject.identity.node, 1, silent=True))
    assert told(stage)[1:] == [NodeAnswered(subject.identity.node)]
    stage.hear(checker, Gossip(), checker.report(subject.identity.node, 3, silent=True))
    assert told(stage)[2:] == [NodeSilent(subject.identity.node)]


@pytest.mark.parametrize("how", ["returns", "is replaced"])
def test_an_agent_that_is_back_means_a_living_node(how: str) -> None:
    stage, subject = silent_node()
    if how == "returns":
        stage.hear(stage.peers[1], Gossip(), subject.alive(2, voucher=stage.peers[1]))
    else:
        stage.introduce(stage.make("p1", start=2, node=True))
    assert told(stage)[1:] == [NodeAnswered(subject.identity.node)]
    assert stage.detector.statistics().inquests == 0
    stage.run(MINUTE)
    assert told(stage)[2:] == []


def test_a_member_of_another_cluster_on_a_node_of_that_name_does_not_answer_for_it() -> None:
    stage, subject = silent_node()
    twin = stage.make("twin", group="beta").certified(node=subject.identity.node)
    stage.introduce(twin)
    assert told(stage)[1:] == []
    assert stage.detector.statistics().inquests == 1


def test_a_deleted_node_is_looked_into_no_more() -> None:
    stage, subject = silent_node()
    stage.tell(NodeDeleted(subject.identity.node))
    assert stage.detector.statistics().inquests == 0
    since = stage.now + 1
    stage.run(MINUTE)
    assert [e for e in stage.connects(since=since) if e.address == address_of(subject)] == []


# --- whose word counts -------------------------------------------------------------------


def test_reports_that_are_forged_replayed_or_not_wanted_are_refused() -> None:
    stage, subject = prepared(peers=4)
    node = subject.identity.node
    kill(stage, subject)
    liar, checker = stage.peers[1:3]
    forged = liar.report(node, 5, silent=True).replace(liar.short, checker.short)
    before = stage.refused()
    stage.hear(liar, Gossip(), forged)
    assert stage.refused() == {**before, "signature": 1}
    stage.hear(liar, Gossip(), stage.make("unknown").report(node, 1, silent=True))
    stage.hear(liar, Gossip(), liar.report(stage.peers[3].identity.node, 1, silent=True))
    assert stage.refused() == {**before, "signature": 1, "stale": 2}
    housemate = stage.make("housemate", start=0).certified(node=node)
    stage.hear(liar, Gossip(), housemate.alive())
    assert told(stage) == []


def test_ones_own_node_is_not_ones_to_judge() -> None:
    stage, subject = prepared(peers=4)
    kill(stage, subject)
    since = stage.now
    stage.hear(stage.peers[1], Gossip(), subject.report(subject.identity.node, 1, silent=True))
    assert stage.refused() == {"not_entitled": 1}
    stage.run(SECOND)
    assert stage.items(NodeReport, since=since) == []


def test_who_left_has_no_say() -> None:
    stage, subject = prepared(peers=5)
    kill(stage, subject)
    left = stage.peers[1]
    stage.hear(stage.peers[2], Gossip(), left.left())
    stage.hear(stage.peers[2], Gossip(), left.report(subject.identity.node, 1, silent=True))
    assert stage.refused() == {"stale": 1}


def test_the_word_of_who_is_no_checker_is_passed_on_and_not_counted() -> None:
    stage = Stage(peers=12, nodes=True)
    by_place = sorted(peer.key for peer in stage.cast)
    subject = stage.peers[0]
    place = blake2b(subject.identity.node.encode(), digest_size=32).digest()
    order = [*(k for k in by_place if k >= place), *(k for k in by_place if k < place)]
    order = [key for key in order if key != subject.key]
    kill_bundle = accusations(subject, *stage.peers[1:4])
    stage.silence(subject)
    stage.run(10_000)
    stage.hear(stage.peers[1], Gossip(), kill_bundle)
    stage.run(LAN.suspicion.last_call)
    assert isinstance(stage.facts()[-1], MemberDied)
    others = [stage.by_key[k] for k in order[NODE.checkers + 1 :] if k != stage.own.key]
    for other in others[:3]:
        stage.hear(other, Gossip(), other.report(subject.identity.node, 1, silent=True))
    assert told(stage) == []


def test_an_end_of_a_connect_that_was_not_made_is_nothing() -> None:
    stage, _ = prepared()
    before = stage.detector.statistics()
    stage.tell(ConnectFinished(4_711, answered=False))
    assert stage.detector.statistics() == before


def test_loopback_looks_more_often() -> None:
    assert DetectorConfig.loopback().node.recheck < NODE.recheck
