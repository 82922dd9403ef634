from random import Random

from simulations.config import WorldConfig
from simulations.machine import Gateable, Machine, Snapshotting
from tests.simulations.toys import GoroutineMachine, pinger, pinging_world, scripted_world


def test_what_a_machine_can_do_beyond_the_usual_is_seen_by_its_methods() -> None:
    machine: Machine = scripted_world(1).machine(0)
    assert not isinstance(machine, Snapshotting)
    assert not isinstance(machine, Gateable)
    world = pinging_world(WorldConfig(seed=1, members=1), make=GoroutineMachine)
    assert isinstance(world.machine(0), Snapshotting)
    assert isinstance(world.machine(0), Gateable)


def test_a_context_holds_all_that_a_machine_needs() -> None:
    world = pinging_world(WorldConfig(seed=1, members=2))
    context = pinger(world, 1).context
    assert context.index == 1
    assert context.authority.identify(context.certificate) == context.identity == world.identity(1)
    assert context.authority.verify(context.identity.member, b"x", context.authority.sign(b"x"))
    assert isinstance(context.rng, Random)
    assert context.now == world.local_time(1) - world.now
    assert world.machine(1).statistics() == {"peers": 1, "events": 1}
