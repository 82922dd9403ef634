"""What is so, whatever members believe; and whether what was set came true."""

import pytest

from failure_detect.clock import SECOND
from failure_detect.identity import MemberId
from simulations.config import WorldConfig
from simulations.faults import (
    Crash,
    Deaf,
    Degrade,
    Drift,
    Fault,
    Gate,
    Move,
    Mute,
    Partition,
    Pause,
    Restart,
    Slow,
    Step,
    cut,
)
from simulations.links import Burst, LinkQuality
from simulations.network import NetworkConfig
from simulations.truth import VacuityError
from tests.simulations.toys import pinging_world, scripted_world

ALL = (0, 1, 2)
EVERYTHING: list[Fault] = [
    Crash(members=(0,)),
    Restart(members=(0,)),
    Move(members=(0,)),
    Step(members=(0,), by=5),
    Pause(until=3 * SECOND, members=(0,)),
    Gate(until=3 * SECOND, members=(0,)),
    Slow(until=3 * SECOND, members=(0,), factor=3),
    Mute(until=3 * SECOND, members=(0,)),
    Deaf(until=3 * SECOND, members=(0,)),
    Drift(until=3 * SECOND, members=(0,), ppm=50),
    Degrade(until=3 * SECOND, quality=LinkQuality(loss=0.9)),
    Partition(until=3 * SECOND, groups=((0,), (1,))),
]
KNOBS = [
    LinkQuality(loss=1e-9),
    LinkQuality(burst=Burst(good=10**9, bad=1)),
    LinkQuality(duplication=1e-9),
    LinkQuality(reordering=1e-9),
    LinkQuality(corruption=1e-9),
    LinkQuality(tampering=1e-9),
    LinkQuality(size_limit=9_000),
    LinkQuality(blocks_streams=True),
]


def test_who_runs_where_and_since_when() -> None:
    world = scripted_world(3)
    world.run_until(SECOND)
    old = world.member_id(1)
    world.crash(1)
    world.run_until(2 * SECOND)
    assert world.down_since(old) == SECOND
    assert world.up_since(1) is None
    assert world.is_faulty(1)
    with pytest.raises(LookupError, match="place 1"):
        world.member_id(1)
    world.restart(1)
    assert world.up_since(1) == 2 * SECOND
    assert world.down_since(world.member_id(1)) is None
    assert not world.is_faulty(1)
    assert world.index_of(MemberId(b"nobody")) is None
    assert not world.is_member_up(MemberId(b"nobody"))
    assert [world.index_of(member) for member in world.running()] == [0, 1, 2]
    assert world.turnover == 5


def test_who_reaches_whom_and_since_when() -> None:
    world = scripted_world(3)
    world.inject(
        cut((0,), (1,), at=SECOND, until=2 * SECOND),
        Mute(at=3 * SECOND, until=4 * SECOND, members=(0,)),
        Deaf(at=5 * SECOND, until=6 * SECOND, members=(0,)),
        Degrade(at=7 * SECOND, until=8 * SECOND, quality=LinkQuality(loss=1.0), targets=(1,)),
    )
    assert world.reachable_since(0, 1) == 0
    world.run_until(SECOND)
    assert world.reachable_since(0, 1) is None
    assert world.reachable_since(1, 0) == 0
    world.run_until(3 * SECOND)
    assert not world.can_reach(0, 1)
    assert world.can_reach(1, 0)
    world.run_until(5 * SECOND)
    assert world.reachable_since(0, 1) == 4 * SECOND
    assert not world.can_reach(1, 0)
    world.run_until(7 * SECOND)
    assert world.reachable_since(1, 0) == 6 * SECOND
    assert not world.can_reach(2, 1)
    world.run_until(9 * SECOND)
    assert world.reachable_since(2, 1) == 8 * SECOND
    world.crash(2)
    assert world.reachable_since(2, 1) is None


def test_calm_comes_when_the_last_fault_ends() -> None:
    world, calm = scripted_world(3), list[int | None]()
    calm.append(world.calm_since)
    world.inject(Pause(at=SECOND, until=2 * SECOND, members=(1,)))
    calm.append(world.calm_since)
    world.run_until(SECOND)
    calm.append(world.calm_since)
    world.run_until(3 * SECOND)
    calm.append(world.calm_since)
    world.crash(1)
    calm.append(world.calm_since)
    assert calm == [0, None, None, 2 * SECOND, 3 * SECOND]


@pytest.mark.parametrize("fault", EVERYTHING, ids=lambda fault: type(fault).__name__)
def test_a_fault_that_touches_somebody_is_not_idle(fault: Fault) -> None:
    world = pinging_world(WorldConfig(seed=1, members=3), interval=SECOND // 10)
    world.inject(fault)
    world.run_until(4 * SECOND)
    world.check_vacuity()


@pytest.mark.parametrize(
    "fault",
    [fault for fault in EVERYTHING if not isinstance(fault, Restart)],  # That starts something.
    ids=lambda fault: type(fault).__name__,
)
def test_a_fault_that_touches_nobody_fails_its_run(fault: Fault) -> None:
    world = scripted_world(3)  # Machines that do nothing: there is nothing to disturb.
    world.crash_nodes(*ALL)
    world.inject(fault)
    world.run_until(4 * SECOND)
    with pytest.raises(VacuityError, match=type(fault).__name__.lower()):
        world.check_vacuity()


@pytest.mark.parametrize("quality", KNOBS, ids=lambda quality: quality.aspects()[0])
def test_a_knob_without_effect_fails_its_run(quality: LinkQuality) -> None:
    network = NetworkConfig(quality=quality)
    world = pinging_world(WorldConfig(seed=1, members=3, network=network))
    world.run_until(SECOND)
    with pytest.raises(VacuityError, match=f"network.{quality.aspects()[0]}"):
        world.check_vacuity()


def test_an_extra_delay_is_felt_by_all_who_send() -> None:
    quality = LinkQuality(extra_delay=SECOND)
    world = pinging_world(WorldConfig(seed=1, members=2), interval=SECOND // 10)
    world.inject(Degrade(quality=quality, sources=(0,), targets=(1,), both_ways=True))
    world.run_until(SECOND - 1)
    assert world.total_traffic().datagrams_received == 0
    world.run_until(2 * SECOND)
    assert world.total_traffic().datagrams_received > 0
    world.check_vacuity()
