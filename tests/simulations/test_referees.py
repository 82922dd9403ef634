"""Referees watch every world of ours that is not too large for them."""

from dataclasses import fields

import pytest

from failure_detect.config import DetectorConfig
from failure_detect.detector import Statistics
from failure_detect.events import MemberDied, MemberJoined
from simulations.checking import ViolationsFoundError
from simulations.config import WorldConfig
from simulations.referees import MEMBERS_MAX, bounds, referees
from simulations.world import World
from tests.simulations.toys import ScriptedMachine, say, scripted


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


def test_what_is_held_without_bound_is_found() -> None:
    config = DetectorConfig.lan()
    world = World(WorldConfig(seed=1, members=2), ScriptedMachine)
    checkers = referees(world, config)
    assert checkers is not None
    world.start_all()
    for member in world.members:
        scripted(world, member).counts.update(bounds(config))
    assert checkers.finish() == []
    scripted(world, 1).counts["watched"] += 1
    with pytest.raises(ViolationsFoundError, match="watched is 9, above 8"):
        checkers.require_clean()


def test_the_detector_states_all_that_is_bounded() -> None:
    config = DetectorConfig.lan()
    assert bounds(config).keys() <= {field.name for field in fields(Statistics)}


def test_a_large_world_runs_without() -> None:
    world = World(WorldConfig(seed=1, members=MEMBERS_MAX + 1), ScriptedMachine)
    assert referees(world, DetectorConfig.lan()) is None
