"""Missing and slow paths delay those alone who have them."""

import pytest

from discovery.standing import Standing, Verdict
from discovery.verdict_events import StandingChanged
from failure_detect.clock import SECOND
from simulations.sets.paths import FastOrigin, Relay, StandingWatch
from simulations.sets.safety import UnsafeError
from simulations.trials import Scene
from tests.simulations.sets.fleets import small_stage


def test_changes_are_relayed_and_the_other_is_in_the_last_tier() -> None:
    small = Relay(clusters=3, nodes=5, bridges=2, endpoints=20, changes=2, settling=30 * SECOND)
    sample = small.run(Scene(seed=1))
    assert len(sample.durations["relayed"]) == len(sample.durations["direct"]) == 2 * 2
    assert small.derive(sample.counts) == {"degraded_share": 1.0}
    assert sample.counts["cut_off"] == 4


def test_whoever_is_held_for_lost_fails_the_run() -> None:
    stage = small_stage()
    watch = StandingWatch(stage)
    said = StandingChanged(stage.origin(1), Standing(Verdict.DEGRADED, 0, "no path"))
    stage.listeners[0](0, said)
    watch.require_none_lost()
    assert watch.now == {(0, "cluster-1"): Verdict.DEGRADED}
    lost = StandingChanged(stage.origin(1), Standing(Verdict.UNREACHABLE, 0, "nobody is there"))
    stage.listeners[0](0, lost)
    stage.listeners[0](0, said)
    with pytest.raises(UnsafeError, match="0 held cluster-1, which others saw alive, for unreach"):
        watch.require_none_lost()


def test_a_slow_bridge_lags_and_goes_on() -> None:
    small = FastOrigin(
        clusters=3, nodes=20, bridges=1, endpoints=400, kilobits=64, flips=30, duration=8 * SECOND
    )
    sample = small.run(Scene(seed=1))
    durations = sample.durations
    assert sample.amounts["versions"][0] >= 25
    assert 2 <= sample.counts["slow_adopted"] < sample.amounts["versions"][0]
    assert max(durations["staleness"]) > max(durations["others"])
    assert len(durations["others"]) == len(durations["others_alone"])
    assert len(durations["gap"]) == sample.counts["slow_adopted"]


def test_flips_that_undo_each_other_fail_the_run() -> None:
    still = FastOrigin(clusters=3, nodes=3, endpoints=1, flips=2, duration=SECOND)
    with pytest.raises(UnsafeError, match="undo each other"):
        still.run(Scene(seed=1))
