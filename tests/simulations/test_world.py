"""The world as those see it who run experiments in it."""

import pytest

from failure_detect.clock import MILLISECOND, SECOND, Instant
from failure_detect.events import (
    BroadcastRequested,
    CertificateNeeded,
    CertificateObtained,
    Effect,
    LeaveRequested,
    MembersRestored,
    NodeAnswered,
    SeedsResolved,
)
from failure_detect.identity import NodeName
from simulations.config import WorldConfig
from simulations.faults import Crash, Pause
from simulations.trace import Trace
from simulations.world import World
from tests.simulations.toys import (
    ScriptedMachine,
    pinger,
    pinging_world,
    say,
    scripted,
    scripted_world,
)


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[Instant, int, Effect]] = []

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        self.heard.append((now, member, effect))


def test_facts_reach_every_observer_with_the_time_of_the_world() -> None:
    world, listener = scripted_world(2), Listener()
    world.observe(listener)
    world.run_until(SECOND)
    fact = NodeAnswered(NodeName("node-0"))
    say(world, 1, fact)
    assert listener.heard == [(SECOND, 1, fact)]


def test_members_start_with_their_seeds_and_all_over_the_time_given() -> None:
    world = World(WorldConfig(seed=1, members=5, seeds=(1, 9)), ScriptedMachine)
    world.start_all(within=SECOND)
    world.run_until(500 * MILLISECOND)
    started = [member for member in world.members if world.is_up(member)]
    assert 0 < len(started) < 5
    world.run_until(SECOND)
    assert len(world.running()) == 5
    assert scripted(world, 0).got(SeedsResolved) == [SeedsResolved((world.address(1),))]


def test_each_has_a_clock_of_its_own() -> None:
    world = scripted_world(5)
    world.run_until(SECOND)
    assert len({world.local_time(member) for member in world.members}) == 5
    for member in world.members:
        assert world.local_time(member) - scripted(world, member).context.now == SECOND


def test_events_from_outside_reach_only_who_runs() -> None:
    world = scripted_world(2)
    world.crash(1)
    for member in world.members:
        world.deliver(member, BroadcastRequested(b"key", b"payload"))
    world.run_until(world.now)
    assert scripted(world, 0).got(BroadcastRequested) == [BroadcastRequested(b"key", b"payload")]


def test_who_leaves_says_so_and_stops() -> None:
    world = scripted_world(2)
    machine = scripted(world, 0)
    world.leave(0, stop_after=SECOND)
    world.run_until(999 * MILLISECOND)
    assert machine.got(LeaveRequested)
    assert world.is_up(0)
    world.run_until(SECOND)
    assert not world.is_up(0)
    world.leave(1, stop_after=SECOND)
    world.restart(1)  # Who stops is the process that was told to, not the one after it.
    world.run_until(3 * SECOND)
    assert world.is_up(1)


def test_a_certificate_is_renewed_with_a_higher_start_number() -> None:
    world = scripted_world(2)
    say(world, 0, CertificateNeeded(above=7))
    world.run_until(SECOND)
    (event,) = scripted(world, 0).got(CertificateObtained)
    assert isinstance(event, CertificateObtained)
    assert world.notary.identify(event.certificate) == world.identity(0)
    assert world.identity(0).start == 7
    say(world, 1, CertificateNeeded(above=0))
    world.crash(1)
    world.run_until(2 * SECOND)
    world.restart(1)
    assert world.identity(1).start == 2


def test_acquainted_members_know_what_all_of_them_keep() -> None:
    world = pinging_world(WorldConfig(seed=1, members=3))
    world.acquaint()
    world.run_until(world.now)
    (event,) = pinger(world, 2).got(MembersRestored)
    assert isinstance(event, MembersRestored)
    assert [world.notary.identify(claim) for claim in event.claims] == [
        world.identity(member) for member in world.members
    ]
    strangers = scripted_world(2)
    strangers.acquaint()
    strangers.run_until(strangers.now)
    assert scripted(strangers, 0).got(MembersRestored) == [MembersRestored(())]


def test_a_run_ends_when_something_comes_true_or_its_time_is_over() -> None:
    world = scripted_world(2)
    world.at(SECOND, lambda: scripted(world, 0).counts.update(done=1))
    assert world.run_until_true(lambda: "done" in scripted(world, 0).counts, 5 * SECOND)
    assert world.now == SECOND
    assert world.run_until_true(lambda: world.now >= 2 * SECOND, 5 * SECOND)
    assert world.now == 2 * SECOND
    assert not world.run_until_true(lambda: False, 5 * SECOND)
    assert world.now == 5 * SECOND
    world.inject(Crash(at=6 * SECOND, members=(0,)))
    assert world.run_until_true(lambda: not world.is_up(0), 9 * SECOND)
    assert world.now == 6 * SECOND


def test_a_call_for_the_past_is_made_now() -> None:
    world = scripted_world(1)
    world.run_until(SECOND)
    calls: list[Instant] = []
    world.at(0, lambda: calls.append(world.now))
    world.run_until(SECOND)
    assert calls == [SECOND]


def test_faults_and_facts_are_traced_where_a_trace_is_kept() -> None:
    world = scripted_world(2)
    assert world.trace is None
    world.trace = trace = Trace(keep_lines=10)
    world.inject(Pause(at=5, until=6, members=(1,)))
    say(world, 0, NodeAnswered(NodeName("node-0")))
    world.run_until(SECOND)
    kinds = [line.split()[2] for line in trace.lines]
    assert kinds[:2] == ["FingerprintChanged", "NodeAnswered"]
    assert len(trace.lines) == 4
    world.trace = None
    say(world, 0, NodeAnswered(NodeName("node-0")))
    assert trace.count == 4


def test_a_cluster_is_not_empty() -> None:
    with pytest.raises(ValueError, match="at least one member"):
        WorldConfig(seed=1, members=2, clusters=3)
