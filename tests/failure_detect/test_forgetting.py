"""The member list forgets who is gone, so that restarts never fill it."""

from dataclasses import replace

from failure_detect.clock import MINUTE, SECOND
from failure_detect.events import NodeDeleted
from failure_detect.messages import Gossip, Ping
from tests.failure_detect.harness import Stage
from tests.failure_detect.peers import LAN, accusations


def known(stage: Stage) -> int:
    return len(list(stage.detector.members()))


def test_restarts_do_not_fill_the_list() -> None:
    stage = Stage(peers=3)
    for start in range(2, 30):
        stage.run(2 * MINUTE)
        stage.introduce(stage.make("p1", start=start))
    assert known(stage) == 1 + 3 + 1  # The process retired just now is forgotten at the next join.


def test_who_left_is_remembered_for_a_day_and_then_forgotten() -> None:
    limit = replace(LAN.limit, remember_gone=10 * MINUTE)
    stage = Stage(peers=3, config=replace(LAN, limit=limit))
    leaver = stage.peers[0]
    stage.hear(stage.peers[1], Gossip(), leaver.left())
    stage.run(5 * MINUTE)
    stage.introduce(stage.make("first"))
    assert stage.detector.member(leaver.key) is not None
    stage.run(6 * MINUTE)
    stage.introduce(stage.make("second"))
    assert stage.detector.member(leaver.key) is None
    assert LAN.limit.remember_gone > 25 * 60 * MINUTE


def test_a_retired_process_that_was_forgotten_is_kept_out_by_its_successor() -> None:
    stage = Stage(peers=3)
    old = stage.peers[0]
    stage.introduce(stage.make("p1", start=2))
    stage.run(2 * MINUTE)
    stage.introduce(stage.make("newcomer"))
    assert stage.detector.member(old.key) is None
    stage.hear(stage.peers[1], Gossip(), old.alive(incarnation=7))
    stage.run(SECOND)
    assert stage.detector.member(old.key) is None
    assert stage.refused() == {"gone": 1}


def test_who_is_watched_as_its_node_is_deleted_is_asked_no_more() -> None:
    stage = Stage(peers=5)
    subject, *others = stage.peers
    stage.silence(subject)
    stage.run(SECOND // 100)
    stage.hear(others[0], Gossip(), accusations(subject, *others[:3]))
    stage.run(LAN.suspicion.last_call)
    stage.manners.clear()
    stage.ping(subject)
    assert stage.detector.statistics().watched == 1
    stage.tell(NodeDeleted(subject.identity.node))
    assert stage.detector.statistics().watched == 0
    since = stage.now + 1
    stage.run(MINUTE)
    assert stage.sent(Ping, to=subject, since=since) == []
