"""memberlist in the world that the experiments run in."""

from dataclasses import dataclass, field

import pytest

from failure_detect.clock import SECOND, Instant
from failure_detect.events import Effect, MemberDied, MemberReturned
from simulations.baseline.config import MemberlistConfig, memberlist_lan
from simulations.baseline.directory import Directory
from simulations.baseline.memberlist import Acquaintance, Memberlist, MemberlistStatistics
from simulations.config import WorldConfig
from simulations.faults import Gate, Mute
from simulations.machine import MemberContext
from simulations.world import World
from tests.simulations.baseline.stage import name_of

SIZE = 16


@dataclass
class Deaths:
    """Who called whom dead, and who came back, by index."""

    said: list[tuple[int, int | None]] = field(default_factory=list)
    returned: list[tuple[int, int | None]] = field(default_factory=list)

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        if isinstance(effect, MemberDied):
            self.said.append((member, world.index_of(effect.member)))
        elif isinstance(effect, MemberReturned):
            self.returned.append((member, world.index_of(effect.member)))


def pool(config: MemberlistConfig) -> tuple[World, Deaths]:
    directory, worlds = Directory(), list[World]()

    def make(context: MemberContext) -> Memberlist:
        [world] = worlds
        known = tuple((name_of(index), world.address(index)) for index in world.members)
        acquaintance = Acquaintance(
            name=name_of(context.index),
            identity=context.identity,
            directory=directory,
            known=known,
        )
        return Memberlist(acquaintance, config, now=context.now, rng=context.rng)

    world, deaths = World(WorldConfig(seed=5, members=SIZE, seeds=()), make), Deaths()
    worlds.append(world)
    world.start_all()
    world.observe(deaths)
    return world, deaths


def statistics(world: World, member: int) -> MemberlistStatistics:
    found = world.machine(member).statistics()
    assert isinstance(found, MemberlistStatistics)
    return found


def test_an_idle_member_sends_what_was_measured_of_memberlist() -> None:
    world, deaths = pool(memberlist_lan())
    world.run_until(60 * SECOND)
    traffic = world.total_traffic()
    assert traffic.datagrams_sent / SIZE / 60 == pytest.approx(2.0, abs=0.04)
    assert traffic.datagram_bytes_sent / SIZE / 60 == pytest.approx(81.3, abs=2.0)  # Of 128.
    assert deaths.said == []


def test_a_member_behind_a_gate_is_buried_once_and_returns_when_it_opens() -> None:
    world, deaths = pool(memberlist_lan())
    world.inject(Gate(at=5 * SECOND, until=25 * SECOND, members=(3,)))
    world.run_until(25 * SECOND - 1)
    others = [index for index in range(SIZE) if index != 3]
    assert sorted(deaths.said) == [(index, 3) for index in others]
    assert deaths.returned == []
    # Its probe hangs in the gate: it has had no failure yet, and asked nobody.
    assert statistics(world, 3).probes_failed == 0
    world.run_until(35 * SECOND)
    assert sorted(deaths.returned) == [(index, 3) for index in others]
    assert statistics(world, 3).probes_failed >= 1
    assert statistics(world, 3).refutations >= 1


def test_a_mute_member_is_buried_and_has_the_healthy_buried() -> None:
    world, deaths = pool(memberlist_lan())
    for at in range(5, 200, 40):
        world.inject(Mute(at=at * SECOND, until=(at + 20) * SECOND, members=(3,), streams=True))
    world.run_until(205 * SECOND)
    assert any(subject == 3 for _, subject in deaths.said)
    assert any(subject != 3 for observer, subject in deaths.said if observer != 3)
