"""The pool of a cluster is told to its bridges alone, each on a node of its own."""

import pytest

from failure_detect.clock import SECOND
from simulations.sets.pools import Pool
from tests.simulations.sets.fleets import small_stage


def test_bridges_run_on_the_first_nodes_which_the_world_calls_the_same() -> None:
    stage = small_stage()
    stage.warm(SECOND)
    pool = Pool(stage, 1)
    assert pool.bridges == [2, 3]
    for place in pool.bridges:
        assert pool.node_of(place) == stage.world.identity(place).node
        assert pool.bridge_on(pool.node_of(place)) == place
    assert len(pool.plain_nodes()) == len(pool.nodes) - 2
    assert pool.bridge_on(pool.nodes[-1]) is None


def test_who_is_found_dead_is_lost_to_that_bridge_alone() -> None:
    stage = small_stage()
    stage.warm(SECOND)
    pool = Pool(stage, 1)
    pool.acquaint()
    stage.run(SECOND)
    near, far = (stage.bridge(place).isolation for place in pool.bridges)
    assert near.statistics().pool == far.statistics().pool == 5
    pool.silent(2, *pool.nodes[2:])
    stage.run(SECOND)
    assert near.statistics().lost == 3
    assert near.is_cut_off
    assert far.statistics().lost == 0
    pool.answered(2, *pool.nodes[2:])
    stage.run(SECOND)
    assert near.statistics().lost == 0


def test_a_bridge_that_dies_is_lost_under_its_old_name_and_returns_with_a_new_one() -> None:
    stage = small_stage()
    stage.warm(SECOND)
    pool = Pool(stage, 1)
    pool.acquaint()
    stage.run(SECOND)
    stage.world.crash_nodes(3)
    pool.died(2, pool.node_of(3))
    stage.run(SECOND)
    seen = stage.bridge(2).isolation
    assert seen.statistics().lost == 1
    stage.revive(3)
    pool.joined(2, pool.node_of(3))
    stage.run(SECOND)
    assert seen.statistics().pool >= 5


@pytest.mark.parametrize(("percent", "first"), [(50, 2), (20, 1), (80, 4), (1, 1)])
def test_halves_have_bridges_on_both_sides(percent: int, first: int) -> None:
    stage = small_stage()
    stage.warm(SECOND)
    pool = Pool(stage, 1)
    one, two = pool.halves(percent)
    assert len(one) == first
    assert sorted(one + two) == sorted(pool.nodes)
    assert pool.places_on(one) == [2]
    assert pool.places_on(two) == [3]
