from failure_detect.clock import SECOND
from failure_detect.events import (
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    NodeAnswered,
)
from failure_detect.identity import NodeName
from simulations.checking import Checkers
from simulations.faults import Pause
from simulations.views import Convergence, Views
from simulations.world import World
from tests.simulations.toys import say, scripted_world


def watched_world(members: int = 3) -> tuple[World, Views]:
    world, views = scripted_world(members), Views()
    world.observe(views)
    return world, views


def introduce(world: World) -> None:
    """Let everybody say that all others have joined."""
    for member in world.members:
        others = [other for other in world.members if other != member]
        say(world, member, *(MemberJoined(world.identity(other), 1) for other in others))


def test_a_view_follows_the_facts() -> None:
    world, views = watched_world()
    one, other = world.member_id(1), world.member_id(2)
    say(world, 0, MemberJoined(world.identity(1), 1), MemberJoined(world.identity(2), 1))
    assert (views.alive_count(world, 0), views.alive_count(world, 1)) == (2, 0)
    world.run_until(SECOND)
    say(world, 0, MemberDied(one, 1, ()), MemberLeft(other), NodeAnswered(NodeName("n")))
    assert not views.believes_alive(world, 0, 1)
    assert views.changed_at == SECOND
    say(world, 0, MemberReturned(one, 2))
    assert views.believes_alive(world, 0, 1)
    say(world, 0, MemberRetired(one, other))
    assert views.alive_count(world, 0) == 0


def test_all_agree_when_each_knows_exactly_the_others() -> None:
    world, views = watched_world()
    assert not views.agree(world)
    introduce(world)
    assert views.agree(world)
    gone = world.member_id(2)
    world.crash(2)
    assert not views.agree(world)
    say(world, 0, MemberDied(gone, 1, ()))
    assert not views.agree(world)
    assert views.errors(world, 1) == ([], [gone])
    say(world, 1, MemberDied(gone, 1, ()))
    assert views.agree(world)
    say(world, 1, MemberDied(world.member_id(0), 1, ()))
    assert not views.agree(world)
    assert views.errors(world, 1) == ([0], [])


def test_one_alone_agrees_with_itself() -> None:
    world, views = watched_world(1)
    assert views.agree(world)


def test_convergence_is_agreement_in_time_that_lasts() -> None:
    world, views = watched_world()
    checkers = Checkers(world, Convergence(views, within=5 * SECOND))
    world.inject(Pause(at=SECOND, until=2 * SECOND, members=(0,)))
    introduce(world)
    world.run_until(7 * SECOND)
    assert checkers.finish() == []


def test_a_run_that_ends_before_calm_has_lasted_shows_nothing() -> None:
    world, views = watched_world()
    introduce(world)
    checkers = Checkers(world, Convergence(views, within=5 * SECOND))
    world.inject(Pause(at=SECOND, until=20 * SECOND, members=(0,)))
    world.run_until(19 * SECOND)
    (violation,) = checkers.finish()
    assert "before calm" in violation.what


def test_disagreement_at_the_end_and_late_changes_are_violations() -> None:
    world, views = watched_world()
    checkers = Checkers(world, Convergence(views, within=5 * SECOND))
    introduce(world)
    world.run_until(6 * SECOND)
    say(world, 0, MemberDied(world.member_id(1), 1, ()))
    late, wrong = checkers.finish()
    assert "still changed 6000000 us after" in late.what
    assert (wrong.member, wrong.what) == (0, "knows nothing of [1], believes in 0 that do not run")
