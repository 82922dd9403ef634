"""A drain is heeded by everybody's own clock."""

from failure_detect.clock import SECOND
from simulations.sets.drains import Drain
from simulations.trials import Scene


def test_all_ramp_down_and_come_back() -> None:
    sample = Drain(clusters=4, ramp=10 * SECOND).run(Scene(seed=1))
    assert len(sample.durations["heard"]) == len(sample.durations["drained"]) == 3 * 3
    assert max(sample.durations["heard"]) < SECOND
    assert min(sample.durations["drained"]) >= 10 * SECOND
    assert max(sample.durations["drained"]) <= 10.5 * SECOND
    assert max(sample.durations["undrained_everywhere"]) < SECOND
