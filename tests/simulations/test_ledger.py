"""The ledger tells true deaths from false ones, and knows when all know."""

from failure_detect.clock import SECOND
from failure_detect.events import (
    MemberDied,
    MemberJoined,
    MemberReturned,
    NodeAnswered,
)
from failure_detect.identity import NodeName
from simulations.ledger import FalseDeath, Ledger
from simulations.world import World
from tests.simulations.toys import say, scripted_world


def watched(members: int = 4, *troubled: int) -> tuple[World, Ledger]:
    world, ledger = scripted_world(members), Ledger(frozenset(troubled))
    world.observe(ledger)
    return world, ledger


def bury(world: World, observer: int, subject: int) -> None:
    say(world, observer, MemberDied(world.member_id(subject), 1, ()))


def test_a_death_of_a_member_that_nothing_ails_is_false() -> None:
    world, ledger = watched(4, 3)
    world.run_until(SECOND)
    bury(world, 0, 1)
    bury(world, 3, 2)
    assert ledger.false_deaths == [
        FalseDeath(SECOND, 0, 1, is_at_healthy=True),
        FalseDeath(SECOND, 3, 2, is_at_healthy=False),
    ]


def test_a_death_of_a_troubled_member_is_not_false() -> None:
    world, ledger = watched(4, 2, 3)
    bury(world, 0, 3)
    bury(world, 2, 3)
    assert ledger.false_deaths == []
    assert ledger.troubled_deaths == 1  # What the troubled say of each other counts for nothing.


def test_a_death_of_a_process_that_is_gone_is_true() -> None:
    world, ledger = watched()
    gone = world.member_id(1)
    world.crash(1)
    say(world, 0, MemberDied(gone, 1, ()))
    world.restart(1)
    say(world, 2, MemberDied(gone, 1, ()))
    assert ledger.false_deaths == []
    bury(world, 0, 1)  # The new process is another one.
    assert len(ledger.false_deaths) == 1


def test_a_failure_is_first_known_and_then_fully() -> None:
    world, ledger = watched(4, 3)
    failure = ledger.expect(world, 1)
    gone = world.member_id(1)
    world.crash(1)
    assert failure.pending == {0, 2}
    world.run_until(2 * SECOND)
    say(world, 3, MemberDied(gone, 1, ()))
    assert (failure.first, ledger.all_is_known) == (None, False)
    say(world, 2, MemberDied(gone, 1, ()))
    world.run_until(3 * SECOND)
    say(world, 0, MemberDied(gone, 1, ()))
    assert (failure.at, failure.first, failure.last) == (0, 2 * SECOND, 3 * SECOND)
    assert ledger.all_is_known


def test_who_crashes_is_waited_for_no_more() -> None:
    world, ledger = watched()
    first = ledger.expect(world, 1)
    second = ledger.expect(world, 2)
    assert (first.pending, second.pending) == ({0, 3}, {0, 3})


def test_it_is_whole_when_the_last_mourned_is_back() -> None:
    world, ledger = watched()
    bury(world, 0, 1)
    bury(world, 0, 2)
    bury(world, 3, 1)
    world.run_until(SECOND)
    say(world, 0, MemberReturned(world.member_id(1), 2), NodeAnswered(NodeName("n")))
    say(world, 0, MemberJoined(world.identity(2), 2))
    assert ledger.mourned == {(3, world.member_id(1))}
    world.run_until(2 * SECOND)
    say(world, 3, MemberReturned(world.member_id(1), 2))
    assert not ledger.mourned
    assert ledger.whole_since == 2 * SECOND
    say(world, 3, MemberReturned(world.member_id(1), 2))
    assert ledger.whole_since == 2 * SECOND
