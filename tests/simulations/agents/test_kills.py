"""A few agents that are killed: what is counted of a thousand is counted of them."""

import pytest

from failure_detect.clock import SECOND
from simulations.agents.kills import Kills
from simulations.trials import Scene
from tests.simulations.agents.clusters import network


@pytest.mark.timeout(240)
def test_agents_that_are_killed_lose_nothing_and_come_back_above_all_that_was_seen() -> None:
    kills = Kills(kills=8, victims=2, longest=3 * SECOND, network=network())
    counts = kills.run(Scene(seed=1)).counts
    assert counts["killed"] == 8
    for bad in ("not_started", "older", "torn_states", "torn_objects", "not_above"):
        assert counts[bad] == 0, bad
