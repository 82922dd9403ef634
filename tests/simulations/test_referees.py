"""Referees watch every world of ours that is not too large for them."""

import pytest

from failure_detect.config import DetectorConfig
from failure_detect.events import MemberDied, MemberJoined
from simulations.checking import ViolationsFoundError
from simulations.config import WorldConfig
from simulations.referees import MEMBERS_MAX, referees
from simulations.world import World
from tests.simulations.toys import ScriptedMachine, say


def test_a_breach_is_found() -> None:
    world = World(WorldConfig(seed=1, members=3), ScriptedMachine)
    checkers = referees(world, DetectorConfig.lan())
    assert checkers is not None
    world.start_all()
    say(world, 0, MemberJoined(world.identity(1), 1), MemberJoined(world.identity(2), 1))
    say(world, 0, MemberDied(world.member_id(1), 1, (world.member_id(2),)))
    with pytest.raises(ViolationsFoundError) as caught:
        checkers.require_clean()
    assert "1 accusers of 2 possible" in str(caught.value)
    assert "2 never signed" in str(caught.value)


def test_where_clusters_count_one_accuser_may_be_all_there_is() -> None:
    world = World(WorldConfig(seed=1, members=3, clusters=3), ScriptedMachine)
    checkers = referees(world, DetectorConfig.wan())
    assert checkers is not None
    world.start_all()
    accuser = world.member_id(2)
    say(world, 0, MemberJoined(world.identity(1), 1), MemberJoined(world.identity(2), 1))
    say(world, 0, MemberDied(world.member_id(1), 1, (accuser,)))
    with pytest.raises(ViolationsFoundError) as caught:
        checkers.require_clean()
    assert "possible" not in str(caught.value)


def test_a_large_world_runs_without() -> None:
    world = World(WorldConfig(seed=1, members=MEMBERS_MAX + 1), ScriptedMachine)
    assert referees(world, DetectorConfig.lan()) is None
