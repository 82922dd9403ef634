"""What views serve is followed at each change, and a loss is not overlooked."""

import pytest

from discovery.bridge_events import LanFact
from failure_detect.clock import SECOND
from failure_detect.events import NodeSilent
from simulations.sets.pools import Pool
from simulations.sets.safety import UnsafeError
from simulations.sets.served import ServedLog, ready
from simulations.sets.stage import Stage
from tests.simulations.sets.fleets import small_stage


def warm() -> Stage:
    stage = small_stage()
    stage.warm()
    return stage


def test_all_that_is_ready_is_served_everywhere_and_nothing_has_changed_yet() -> None:
    stage = warm()
    log = ServedLog(stage, [2])
    endpoints = ready(stage.exports[2])
    assert len(endpoints) == 40
    assert all(log.has(place, 2, endpoints) for place in stage.running())
    assert log.changes == []
    assert not any(log.lacks(place, 2, endpoints) for place in stage.running())
    log.require_kept({2: endpoints}, stage.running())


def test_each_loss_is_noted_with_its_place_and_what_was_lost() -> None:
    stage = warm()
    log, began = ServedLog(stage, [2]), stage.world.now
    pool = Pool(stage, 2)
    node = pool.nodes[-1]
    gone, all_of_it = ready(stage.exports[2], [node]), ready(stage.exports[2])
    assert gone
    assert gone < all_of_it
    for place in pool.bridges:
        stage.tell(place, LanFact(NodeSilent(node)))
    stage.run(5 * SECOND)
    assert all(log.lacks(place, 2, gone) for place in stage.running())
    assert log.now(0, 2) == all_of_it - gone
    lost = log.lost(2, gone, [0, 1])
    assert {each.place for each in lost} == {0, 1}
    assert frozenset().union(*(each.lost for each in lost)) == gone
    assert min(each.at for each in lost) >= began
    assert log.lost(2, gone, [0, 1], stage.world.now + 1) == []
    log.require_kept({2: all_of_it - gone}, [0, 1])
    with pytest.raises(UnsafeError, match="cluster-2"):
        log.require_kept({2: gone}, [0, 1])
    pool.answered(pool.bridges[0], node)
    pool.answered(pool.bridges[1], node)
    stage.run(5 * SECOND)
    assert log.has(0, 2, all_of_it)
    assert {each.place for each in log.gained(2, gone, [0])} == {0}
