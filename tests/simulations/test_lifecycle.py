"""Processes come and go, and each is a new member of its node."""

from failure_detect.clock import SECOND
from failure_detect.events import (
    CertificateObtained,
    DatagramReceived,
    MembersRestored,
    SeedsResolved,
    SendDatagram,
)
from simulations.config import WorldConfig
from simulations.faults import Crash, Move, Restart
from tests.simulations.toys import pinger, pinging_world, say, scripted, scripted_world


def test_a_restart_makes_a_new_member_with_a_higher_start_at_the_same_place() -> None:
    world = scripted_world(2)
    old = world.identity(0)
    world.restart(0)
    new = world.identity(0)
    assert old.member != new.member
    assert (new.start, new.node, new.address) == (old.start + 1, old.node, old.address)
    assert world.index_of(old.member) == world.index_of(new.member) == 0
    assert world.is_member_up(new.member)
    assert not world.is_member_up(old.member)


def test_what_was_kept_is_given_back_or_not() -> None:
    world = pinging_world(WorldConfig(seed=1, members=2))
    kept = (pinger(world, 0).context.certificate,)
    world.crash(0)
    world.restart(0)
    assert [event for event, _ in pinger(world, 0).events] == [
        MembersRestored(kept),
        SeedsResolved(world.seed_addresses()),
    ]
    world.strike(Restart(members=(0,), keep=False))
    assert [event for event, _ in pinger(world, 0).events] == [
        SeedsResolved(world.seed_addresses())
    ]


def test_a_machine_that_keeps_nothing_gets_nothing_back() -> None:
    world = scripted_world(2)
    world.restart(0)
    assert scripted(world, 0).got(MembersRestored) == []


def test_a_node_goes_down_with_its_agent_and_comes_back_with_it() -> None:
    world = scripted_world(2)
    world.crash_nodes(0)
    assert not world.is_up(0)
    assert not world.is_node_up(0)
    world.restart(0)
    assert world.is_up(0)
    assert world.is_node_up(0)


def test_who_moves_is_found_at_its_new_address_alone() -> None:
    world = scripted_world(3)
    old = world.address(1)
    say(world, 0, SendDatagram(world.member_id(1), old, b"before"))
    world.run_until(SECOND)
    world.inject(Move(at=SECOND, members=(1,)))
    world.run_until(2 * SECOND)
    assert world.address(1) == world.identity(1).address != old
    assert len(scripted(world, 1).got(CertificateObtained)) == 1
    for address in (old, world.address(1)):
        say(world, 0, SendDatagram(world.member_id(1), address, address.encode()))
    world.run_until(3 * SECOND)
    heard = [e.data for e in scripted(world, 1).got(DatagramReceived) if hasattr(e, "data")]
    assert heard == [b"before", world.address(1).encode()]
    world.check_vacuity()


def test_who_is_down_may_be_told_to_crash_or_move_without_effect() -> None:
    world = scripted_world(2)
    world.inject(Crash(members=(0,)), Crash(at=1, members=(0,)), Move(at=2, members=(0,)))
    world.run_until(SECOND)
    assert world.idle_knobs() == ["crash", "move"]
