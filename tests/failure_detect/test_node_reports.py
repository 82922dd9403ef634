"""Who speaks of a silent node, who need not, and who hears of it later."""

from hashlib import blake2b

import pytest

from failure_detect.claims import NodeReport
from failure_detect.clock import SECOND
from failure_detect.events import ConnectNode, NodeAnswered, NodeSilent
from failure_detect.messages import Gossip
from tests.failure_detect.harness import Stage
from tests.failure_detect.inquests import FEW, NODE, address_of, is_silent, prepared, told
from tests.failure_detect.peers import LAN, Peer, accusations


def checkers(stage: Stage, subject: Peer) -> list[Peer]:
    """All others, in the order of the ring after the node's hash; the first three connect."""
    place = blake2b(subject.identity.node.encode(), digest_size=32).digest()
    others = sorted((peer for peer in stage.cast if peer is not subject), key=lambda p: p.key)
    return [p for p in others if p.key >= place] + [p for p in others if p.key < place]


def with_rank(rank: int) -> tuple[Stage, Peer, list[Peer]]:
    """A stage on which we are the checker of that rank; who dies there, and its checkers."""
    for seed in range(40):
        stage, _ = prepared(FEW + seed % 7)
        for subject in stage.peers:
            order = checkers(stage, subject)
            if order[rank] is stage.own:
                return stage, subject, order
    raise AssertionError("no such stage")


def kill_one(stage: Stage, subject: Peer, accusers: list[Peer]) -> list[ConnectNode]:
    since = stage.now
    stage.silence(subject)
    stage.run(10_000)
    stage.hear(accusers[0], Gossip(), accusations(subject, *accusers))
    stage.run(LAN.suspicion.last_call)
    return [each for each in stage.connects(since=since) if each.address == address_of(subject)]


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_the_first_two_checkers_speak_at_once_and_the_third_when_they_do_not(rank: int) -> None:
    stage, subject, order = with_rank(rank)
    others = [peer for peer in order if peer is not stage.own]
    is_silent(stage, kill_one(stage, subject, others[:3]))
    stage.run(300_000)
    assert bool(stage.items(NodeReport)) is (rank < 2)
    stage.run(SECOND)
    assert {item.checker for item in stage.items(NodeReport)} == {stage.own.short}


def test_a_third_checker_has_nothing_to_add_and_its_word_is_not_told_on() -> None:
    stage, subject, order = with_rank(2)
    node = subject.identity.node
    is_silent(stage, kill_one(stage, subject, [order[0], order[1], order[3]]))
    for checker in order[:2]:
        stage.hear(checker, Gossip(), checker.report(node, 1, silent=True))
    assert told(stage) == [NodeSilent(node)]
    stage.hear(order[3], Gossip(), order[3].report(node, 1, silent=True))
    stage.run(5 * SECOND)
    assert {item.checker for item in stage.items(NodeReport)} == {p.short for p in order[:2]}
    stage.hear(order[0], Gossip(), order[0].report(node, 2, silent=False))
    stage.run(5 * SECOND)
    assert told(stage) == [NodeSilent(node), NodeAnswered(node)]
    is_silent(stage, stage.connects()[-1:])
    stage.run(2 * SECOND)
    assert stage.own.short in {item.checker for item in stage.items(NodeReport)}


def test_that_a_checker_is_gone_is_no_sign_of_life() -> None:
    stage, subject, order = with_rank(2)
    node = subject.identity.node
    kill_one(stage, subject, [order[0], order[1], order[3]])
    for checker in order[:2]:
        stage.hear(checker, Gossip(), checker.report(node, 1, silent=True))
    for checker in order[:2]:
        stage.hear(order[3], Gossip(), checker.left())
    stage.hear(order[3], Gossip(), order[3].report(node, 1, silent=True))
    assert told(stage) == [NodeSilent(node)]


def test_who_joins_later_is_told_by_who_told_the_others() -> None:
    stage, subject, order = with_rank(0)
    is_silent(stage, kill_one(stage, subject, order[1:4]))
    stage.run(10 * NODE.recheck)
    late = stage.make("late")
    stage.introduce(late)
    joined = stage.now
    stage.run(4 * NODE.recheck)
    told_late = [
        (letter.at - joined, item.checker)
        for letter in stage.sent(Gossip, to=late, since=joined)
        for item in letter.items
        if isinstance(item, NodeReport)
    ]
    assert [checker for _, checker in told_late] == [stage.own.short]
    assert NODE.recheck <= told_late[0][0] <= 2 * NODE.recheck
    others = [peer for peer in stage.peers if peer is not subject]
    assert not [
        item
        for peer in others
        for letter in stage.sent(Gossip, to=peer, since=joined)
        for item in letter.items
        if isinstance(item, NodeReport)
    ]


def test_a_node_counts_as_silent_from_when_it_is_said_until_it_answers() -> None:
    stage, subject, order = with_rank(0)
    node = subject.identity.node
    is_silent(stage, kill_one(stage, subject, order[:3]))
    assert stage.detector.silent_nodes() == []
    stage.hear(order[1], Gossip(), order[1].report(node, 1, silent=True))
    assert told(stage) == [NodeSilent(node)]
    assert stage.detector.silent_nodes() == [node]
    stage.hear(order[1], Gossip(), order[1].report(node, 2, silent=False))
    assert stage.detector.silent_nodes() == []
