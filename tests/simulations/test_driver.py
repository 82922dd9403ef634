"""How processes are driven, in health and under what hampers them."""

from itertools import pairwise

import pytest

from failure_detect.clock import MILLISECOND, SECOND, Duration, Instant
from failure_detect.events import (
    DatagramReceived,
    Effect,
    Event,
    FingerprintChanged,
    IsolationChanged,
    SendDatagram,
)
from simulations.config import WorldConfig
from simulations.driver import DriverConfig, LivelockError
from simulations.faults import Drift, Gate, Pause, Restart, Slow, Step
from simulations.links import Delay
from simulations.machine import Called, Machine, MemberContext
from simulations.network import NetworkConfig
from simulations.world import World
from tests.simulations.toys import GoroutineMachine, PingMachine, pinger, pinging_world

INTERVAL = 100 * MILLISECOND
STEADY = NetworkConfig(delay=Delay(low=MILLISECOND))


def steady_config(**driver: int) -> WorldConfig:
    return WorldConfig(seed=1, members=2, network=STEADY, driver=DriverConfig(**driver))


class Listener:
    """Notes all facts."""

    def __init__(self, facts: list[Effect]) -> None:
        self.facts = facts

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        self.facts.append(effect)


def times(world: World, member: int, data: bytes) -> list[Instant]:
    """When the machine of `member` had these datagrams, in the world's time."""
    epoch = world.local_time(member) - world.now
    return [
        at - epoch
        for event, at in pinger(world, member).events
        if isinstance(event, DatagramReceived) and event.data == data
    ]


def test_what_arrives_is_handled_as_it_arrives() -> None:
    world = pinging_world(steady_config(), INTERVAL)
    world.run_until(SECOND)
    assert {later - one for one, later in pairwise(times(world, 0, b"ping"))} == {INTERVAL}


def test_what_a_machine_is_told_by_other_means_waits_as_events_do() -> None:
    world = pinging_world(steady_config(), INTERVAL)
    told: list[Instant] = []

    def tell(_: Machine, at: Instant) -> list[Effect]:
        told.append(at - world.local_time(0) + world.now)
        return [IsolationChanged(isolated=True)]

    facts: list[Effect] = []
    world.observe(Listener(facts))
    world.inject(Pause(at=SECOND, until=2 * SECOND, members=(0,)))
    world.run_until(SECOND // 2)
    world.deliver(0, Called("news", tell))
    world.run_until(SECOND + 1)
    world.deliver(0, Called("more news", tell))
    world.run_until(3 * SECOND)
    assert told == [SECOND // 2, 2 * SECOND]
    assert facts == [IsolationChanged(isolated=True)] * 2
    assert "lambda" not in repr(Called("news", lambda *_: []))


def test_a_paused_process_takes_everything_in_as_it_resumes_and_is_late_just_once() -> None:
    world = pinging_world(steady_config(), INTERVAL)
    world.inject(Pause(at=SECOND, until=2 * SECOND, members=(0,)))
    world.run_until(SECOND)
    sent = pinger(world, 0).pings_sent
    world.run_until(2 * SECOND - 1)
    assert pinger(world, 0).pings_sent == sent
    assert times(world, 0, b"ping")[-1] <= SECOND
    world.run_until(2 * SECOND)
    assert times(world, 0, b"ping").count(2 * SECOND) >= 9
    assert pinger(world, 0).pings_sent == sent + 1
    world.run_until(2 * SECOND + INTERVAL)
    assert pinger(world, 0).pings_sent == sent + 2
    world.check_vacuity()


def test_pauses_that_overlap_end_with_the_last() -> None:
    world = pinging_world(steady_config(), INTERVAL)
    world.inject(Pause(until=SECOND, members=(0,)), Pause(until=2 * SECOND, members=(0, 1)))
    world.run_until(1_500 * MILLISECOND)
    assert pinger(world, 0).pings_sent == 0
    world.run_until(3 * SECOND)
    assert pinger(world, 0).pings_sent > 5


def test_an_inbox_has_an_end_and_what_is_dropped_is_counted() -> None:
    world = pinging_world(steady_config(inbox_limit=5), INTERVAL)
    world.inject(Pause(at=0, until=SECOND, members=(0,)))
    world.run_until(SECOND)
    assert len(times(world, 0, b"ping")) == 5
    assert world.traffic(0).inbox_dropped >= 4


def test_a_gate_stalls_a_process_at_its_first_send() -> None:
    world = pinging_world(steady_config(), INTERVAL)
    world.inject(Gate(at=SECOND, until=2 * SECOND, members=(0,)))
    world.run_until(2 * SECOND - 1)
    sent = pinger(world, 0).pings_sent
    assert world.traffic(0).datagrams_sent < sent + len(times(world, 0, b"ping"))
    assert times(world, 0, b"ping")[-1] <= SECOND
    last = pinger(world, 0).events[-1]
    world.run_until(2 * SECOND)
    events = pinger(world, 0).events
    after = [event for event, _ in events[events.index(last) + 1 :]]
    assert sum(isinstance(event, DatagramReceived) for event in after) >= 9
    assert pinger(world, 0).pings_sent == sent + 1
    world.run_until(3 * SECOND)
    assert world.traffic(0).datagrams_sent == pinger(world, 0).pings_sent + len(
        times(world, 0, b"ping")
    )
    world.check_vacuity()


def test_a_machine_that_knows_of_gates_goes_on_behind_one() -> None:
    world = pinging_world(steady_config(), INTERVAL, GoroutineMachine)
    world.inject(Gate(at=SECOND, until=2 * SECOND, members=(0,)))
    world.run_until(SECOND)
    sent, on_wire = pinger(world, 0).pings_sent, world.traffic(0).datagrams_sent
    world.run_until(2 * SECOND - 1)
    assert pinger(world, 0).pings_sent >= sent + 9
    assert world.traffic(0).datagrams_sent == on_wire
    world.run_until(2 * SECOND)
    assert world.traffic(0).datagrams_sent >= on_wire + 18
    machine = pinger(world, 0)
    assert isinstance(machine, GoroutineMachine)
    assert machine.gates == [True, False]
    world.check_vacuity()


def test_who_starts_behind_a_gate_is_told_of_it() -> None:
    world = pinging_world(steady_config(), INTERVAL, GoroutineMachine)
    world.inject(Gate(until=SECOND, members=(0,)), Restart(at=1, members=(0,)))
    world.run_until(2 * SECOND)
    machine = pinger(world, 0)
    assert isinstance(machine, GoroutineMachine)
    assert machine.gates == [True, False]


def test_a_slow_process_answers_late_and_falls_behind() -> None:
    config = steady_config(handling_time=MILLISECOND)
    world = pinging_world(config, INTERVAL)
    world.inject(Slow(members=(0,), factor=30))
    world.run_until(5 * SECOND)
    pings, acks = times(world, 0, b"ping"), times(world, 1, b"ack")
    assert acks[0] - pings[0] >= 30 * MILLISECOND
    world.check_vacuity()
    slower = pinging_world(config, INTERVAL)
    slower.inject(Slow(until=3 * SECOND, members=(0,), factor=30))
    slower.inject(Slow(until=3 * SECOND, members=(0,), factor=10))
    slower.run_until(3 * SECOND)
    assert len(times(slower, 1, b"ack")) < len(acks) / 2
    slower.run_until(4 * SECOND)  # What had waited is handled as soon as nothing slows it.
    assert len(times(slower, 0, b"ping")) >= 39


def test_a_slow_process_behind_a_gate_goes_on_when_it_opens() -> None:
    world = pinging_world(steady_config(handling_time=MILLISECOND), INTERVAL)
    world.inject(Slow(members=(0,), factor=60), Gate(at=SECOND, until=2 * SECOND, members=(0,)))
    world.run_until(2 * SECOND - 1)
    sent = world.traffic(0).datagrams_sent
    world.run_until(4 * SECOND)
    assert world.traffic(0).datagrams_sent > sent + 10
    world.check_vacuity()


def test_a_slow_process_that_is_paused_in_mid_turn_performs_its_effects_on_resuming() -> None:
    world = pinging_world(steady_config(handling_time=10 * MILLISECOND), INTERVAL)
    world.inject(Slow(members=(0,), factor=10), Pause(at=SECOND, until=2 * SECOND, members=(0,)))
    world.run_until(2 * SECOND - 1)
    sent = world.traffic(0).datagrams_sent
    assert sent == 10
    world.run_until(2_300 * MILLISECOND)
    assert world.traffic(0).datagrams_sent > sent
    world.crash(0)  # Its turn is under way, and comes to nothing.
    world.run_until(3 * SECOND)
    assert not world.is_up(0)


def test_a_drifting_clock_shifts_timers_and_a_step_makes_them_due() -> None:
    world = pinging_world(steady_config(), INTERVAL)
    world.inject(Drift(until=10 * SECOND, members=(0,), ppm=100_000))
    world.run_until(10 * SECOND)
    assert pinger(world, 0).pings_sent in (109, 110)
    assert pinger(world, 1).pings_sent in (99, 100)
    world.inject(Step(at=10_010 * MILLISECOND, members=(1,), by=SECOND))
    world.run_until(10_010 * MILLISECOND)
    assert pinger(world, 1).pings_sent in (100, 101)
    world.run_until(20 * SECOND)
    assert pinger(world, 0).pings_sent in (208, 209, 210)
    world.check_vacuity()


class Restless(PingMachine):
    """Always due."""

    def advance(self, now: Instant) -> list[Effect]:
        self.deadline = now
        return []


class Twice(PingMachine):
    """Needs two advances at one instant, and is due again as soon as anything arrives."""

    left = 1

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        if isinstance(event, FingerprintChanged):
            self.deadline, self.left = now, 2
        return []

    def advance(self, now: Instant) -> list[Effect]:
        self.left -= 1
        self.deadline = now if self.left else now + SECOND
        return [IsolationChanged(isolated=True)]


def test_a_machine_that_is_due_for_ever_is_a_livelock() -> None:
    world = pinging_world(steady_config(), INTERVAL, Restless)
    with pytest.raises(LivelockError, match="stays due"):
        world.run_until(SECOND)


def test_what_a_machine_makes_due_by_handling_is_done_at_once() -> None:
    def make(context: MemberContext, interval: Duration) -> PingMachine:
        return Twice(context, interval)

    world = pinging_world(steady_config(), INTERVAL, make)
    seen: list[Instant] = []

    class Watcher:
        def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
            seen.append(now)

    world.run_until(SECOND)
    world.observe(Watcher())
    world.deliver(0, FingerprintChanged(b""))
    world.run_until(world.now)
    assert seen == [SECOND, SECOND]


def test_orders_can_be_watched() -> None:
    world = pinging_world(steady_config(), INTERVAL)
    orders: list[Effect] = []

    class Watcher:
        def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
            orders.append(effect)

    world.observe_orders(Watcher())
    world.run_until(SECOND)
    assert len(orders) == world.total_traffic().datagrams_sent > 30
    assert all(isinstance(order, SendDatagram) for order in orders)
