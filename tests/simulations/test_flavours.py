"""Every flavour runs, in worlds where all know each other and where none does."""

import pytest

from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.detector import FailureDetector
from simulations.baseline.config import memberlist_lan, memberlist_wan
from simulations.baseline.memberlist import Memberlist
from simulations.config import WorldConfig
from simulations.flavours import (
    FLAVOURS,
    OURS,
    Baseline,
    Ours,
    Setting,
    cast_of,
    detector_config,
    memberlist_config,
)
from simulations.world import World


def known(world: World, member: int) -> int:
    machine = world.machine(member)
    assert isinstance(machine, FailureDetector | Memberlist)
    return machine.statistics().members


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_all_know_all_from_the_beginning(flavour: str) -> None:
    cast = cast_of(Setting(flavour))
    world = cast.world(WorldConfig(seed=1, members=5, seeds=()))
    cast.start(world)
    assert world.now == 0
    assert [known(world, member) for member in world.members] == [5] * 5
    world.run_until(5 * SECOND)
    assert [known(world, member) for member in world.members] == [5] * 5
    assert world.fates.nowhere == 0


@pytest.mark.parametrize("flavour", [OURS, "memberlist"])
def test_a_cold_world_has_to_meet(flavour: str) -> None:
    world = cast_of(Setting(flavour)).world(WorldConfig(seed=1, members=3, seeds=(0,)))
    world.start_all()
    assert known(world, 1) == 1
    world.run_until(5 * SECOND)
    assert known(world, 1) == 3


def test_ours_takes_overrides_by_path() -> None:
    setting = Setting(overrides=(("probe.interval", 900_000), ("suspicion.tries", 6)))
    config = detector_config(setting)
    assert (config.probe.interval, config.suspicion.tries) == (900 * MILLISECOND, 6)
    assert cast_of(setting).probe_interval == 900 * MILLISECOND


def test_an_impossible_override_is_refused_with_all_its_faults() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        detector_config(Setting(overrides=(("probe.nothing", 1), ("probe.timeout", 0))))
    assert len(caught.value.exceptions) == 2


def test_profiles_are_those_of_the_kind_of_network() -> None:
    assert detector_config(Setting(profile="wan")).suspicion.by_group
    assert memberlist_config(Setting("memberlist")) == memberlist_lan()
    assert memberlist_config(Setting("memberlist", "wan")) == memberlist_wan()


def test_lifeguard_keeps_its_switches_on_wide_links() -> None:
    config = memberlist_config(Setting("lifeguard", "wan"))
    assert (config.scales_timeout, config.nack_percent) == (True, 80)
    assert config.probe_interval == memberlist_wan().probe_interval


def test_a_cast_says_how_often_it_probes() -> None:
    assert isinstance(cast_of(Setting(OURS)), Ours)
    swim = cast_of(Setting("swim"))
    assert isinstance(swim, Baseline)
    assert swim.probe_interval == SECOND
