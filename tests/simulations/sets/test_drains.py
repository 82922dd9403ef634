"""A drain is heeded by everybody's own clock."""

from discovery.records import RAMP_S_MAX
from failure_detect.clock import MILLISECOND, SECOND
from simulations.sets.drains import Drain
from simulations.trials import Scene


def test_all_ramp_down_and_come_back() -> None:
    sample = Drain(clusters=4, ramp=10 * SECOND).run(Scene(seed=1))
    assert len(sample.durations["heard"]) == len(sample.durations["drained"]) == 3 * 3
    assert max(sample.durations["heard"]) < SECOND
    assert min(sample.durations["drained"]) >= 10 * SECOND
    assert max(sample.durations["drained"]) <= 10.5 * SECOND
    assert max(sample.durations["undrained_everywhere"]) < SECOND


def test_a_ramp_that_no_drain_can_state_is_said_before_it_runs() -> None:
    assert Drain(ramp=RAMP_S_MAX * SECOND).fault() is None
    assert Drain(bridges=21).fault() == "--bridges 21: each has a node, and there are 20"
    for ramp, shown in ((1_500 * MILLISECOND, "1500ms"), (25 * 3_600 * SECOND, "25h")):
        said = Drain(ramp=ramp).fault()
        assert said == f"--ramp {shown}: a drain states whole seconds, 86400 at most"
