"""Blocked, mute, deaf and paused members are found, and harm nobody else."""

import pytest

from failure_detect.clock import MILLISECOND, SECOND
from simulations.faults import Gate
from simulations.swim.anomalies import DeafAndMute, Interval, Paused, block
from simulations.trials import rested
from tests.simulations.swim.scenes import scene


def test_members_block_in_step_and_breathe_between() -> None:
    trial = rested(scene(6), 2)
    began = trial.world.now
    block(trial, 4 * SECOND, SECOND, 12 * SECOND)
    assert trial.world.now == began + 12 * SECOND
    strikes = [(s.fault, s.began - began, (s.ended or 0) - began) for s in trial.world.strikes]
    assert [times for _, *times in strikes] == [
        [0, 4 * SECOND],
        [5 * SECOND, 9 * SECOND],
        [10 * SECOND, 12 * SECOND],
    ]
    struck = {fault.members for fault, *_ in strikes if isinstance(fault, Gate)}
    assert struck == {tuple(sorted(trial.ledger.troubled))}


@pytest.mark.parametrize("flavour", ["ours", "lifeguard"])
def test_short_blocks_make_no_false_positives(flavour: str) -> None:
    interval = Interval(
        concurrent=1, blocked=128 * MILLISECOND, between=SECOND, duration=10 * SECOND
    )
    counts = interval.run(scene(6, flavour)).counts
    assert counts["false_positives"] == 0
    assert interval.derive(counts) == {"false_positives_per_run": 0.0}


@pytest.mark.parametrize("what", ["mute", "deaf"])
@pytest.mark.parametrize("streams", ["lost", "pass"])
def test_who_falls_silent_is_found_and_nobody_else(what: str, streams: str) -> None:
    silent = DeafAndMute(troubled=1, what=what, streams=streams, duration=40 * SECOND)
    counts = silent.run(scene(8)).counts
    assert counts["false_positives_at_healthy"] == 0
    assert counts["found"] + counts["not_found"] == 1
    if streams == "lost":
        assert counts["found"] == 1
        assert counts["troubled_deaths"] >= 7


def test_a_short_pause_is_survived_and_a_long_one_is_not() -> None:
    short = Paused(pause=SECOND, pauses=2, spacing=2 * SECOND)
    counts = short.run(scene(6)).counts
    assert short.derive(counts) == {"share_declared_dead": 0.0}
    long = Paused(pause=8 * SECOND, pauses=2, spacing=2 * SECOND)
    counts = long.run(scene(6)).counts
    assert (counts["paused"], counts["declared_dead"]) == (2, 2)
    assert counts["false_positives"] == 0


def test_two_must_be_left_that_are_well() -> None:
    assert Interval(concurrent=3).needs == DeafAndMute(troubled=3).needs == 5
    assert Paused(pauses=3).needs == 5
