"""A rollout has its steps, and no more versions than these."""

from failure_detect.clock import SECOND
from simulations.sets.rollout import Rollout, ViewWatch
from simulations.trials import Scene
from tests.simulations.sets.fleets import small_stage


def test_each_step_is_a_version_where_steps_are_slower_than_the_publisher() -> None:
    small = Rollout(clusters=3, nodes=5, bridges=2, endpoints=10, surge=2, duration=10 * SECOND)
    sample = small.run(Scene(seed=1))
    assert sample.amounts["steps"] == sample.amounts["versions"] == [20]
    assert 0 < sample.amounts["view_changes"][0] <= 20
    assert len(sample.durations["last_step"]) == 5
    assert len(sample.durations["step_adoption"]) == 20 * 5
    assert sample.amounts["rollout_bytes"][0] > 20 * 2_500


def test_steps_that_are_faster_share_versions() -> None:
    small = Rollout(clusters=2, nodes=5, bridges=1, endpoints=20, surge=1, duration=4 * SECOND)
    sample = small.run(Scene(seed=1))
    assert sample.amounts["steps"] == [80]
    assert 15 <= sample.amounts["versions"][0] <= 22


def test_only_diffs_that_name_a_service_are_counted() -> None:
    stage = small_stage()
    stage.warm()
    watch = ViewWatch(stage, 5)
    stage.run(2 * SECOND)
    assert watch.diffs == 0
    exports = stage.exports[0]
    exports.flip(exports.services[1])
    stage.export(0, exports.services[1])
    stage.run(2 * SECOND)
    assert watch.diffs == 1
