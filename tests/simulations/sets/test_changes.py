"""Changes are measured one by one and all the time, and cost more than nothing."""

import pytest

from failure_detect.clock import MILLISECOND, SECOND
from simulations.sets.changes import ChangeOne, Churn, check_end
from simulations.sets.safety import UnsafeError
from simulations.trials import Scene
from tests.simulations.sets.fleets import small_stage

CHANGE = ChangeOne(clusters=3, nodes=5, bridges=2, endpoints=40, changes=3, spacing=3 * SECOND)


def test_each_change_comes_to_all_and_costs_a_rumour_for_each() -> None:
    sample = CHANGE.run(Scene(seed=2))
    assert sample.counts["changed"] == 3
    assert len(sample.durations["adoption"]) == 3 * 5
    assert len(sample.durations["everywhere"]) == 3
    assert max(sample.durations["everywhere"]) < 2 * SECOND
    (caused,) = sample.amounts["change_bytes"]
    assert 5 * 500 < caused < 100_000


def test_equal_seeds_measure_the_same() -> None:
    one, same, other = (CHANGE.run(Scene(seed=seed)) for seed in (1, 1, 2))
    assert one == same
    assert one.durations != other.durations


def test_churn_is_followed_to_its_end() -> None:
    small = Churn(
        clusters=3, nodes=5, bridges=2, services=3, endpoints=10, rate=4, duration=6 * SECOND
    )
    sample = small.run(Scene(seed=1))
    assert sample.counts["changed"] > 10
    assert 10 < sample.amounts["versions"][0] <= sample.counts["changed"]
    assert len(sample.durations["adoption"]) == 5 * len(sample.durations["everywhere"])
    assert sample.amounts["change_bytes"][0] > 2_500


def test_an_end_at_which_something_is_lost_fails_the_run() -> None:
    stage = small_stage()
    stage.warm()
    check_end(stage)
    stage.exports[2].flip()
    with pytest.raises(UnsafeError, match="cluster-2"):
        check_end(stage)


def test_where_nothing_changes_the_run_fails() -> None:
    still = Churn(clusters=2, nodes=3, endpoints=5, rate=1, duration=MILLISECOND)
    with pytest.raises(UnsafeError, match="nothing changed"):
        still.run(Scene(seed=1))
