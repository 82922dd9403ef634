"""Shut traffic puts the two whom it concerns into each other's last tier, and nobody else."""

import pytest

from discovery.data_path import ConnectRequested
from failure_detect.clock import SECOND
from simulations.sets.data_paths import DataPaths, Roads
from simulations.sets.safety import UnsafeError
from simulations.trials import Scene
from tests.simulations.sets.fleets import small_stage


def test_traffic_that_is_shut_is_noticed_by_those_two_alone_and_so_is_its_return() -> None:
    small = DataPaths(clusters=3, nodes=5, bridges=2, endpoints=20, settling=30 * SECOND)
    sample = small.run(Scene(seed=1))
    [shut], [opened] = sample.durations["path_shut"], sample.durations["path_open"]
    assert 6 * SECOND < shut < 60 * SECOND
    assert 5 * SECOND <= opened < 60 * SECOND
    tried = small.derive(sample.counts)["tried_per_minute"]
    assert isinstance(tried, float)
    assert 3 < tried < 30


def test_whoever_connects_too_often_fails_the_run() -> None:
    stage = small_stage()
    stage.warm()
    Roads(stage, 0)
    asked = ConnectRequested(1, stage.origin(1), "10.0.0.1", 80, SECOND)
    stage.listeners[-1](0, asked)
    with pytest.raises(UnsafeError, match="0 connects 0 us after it did last"):
        stage.listeners[-1](0, asked)
