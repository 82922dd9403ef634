import pytest

from failure_detect.clock import SECOND
from failure_detect.events import (
    Effect,
    FingerprintSeen,
    IsolationChanged,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberReturned,
)
from simulations.checking import (
    Checker,
    Checkers,
    Violation,
    ViolationsFoundError,
    incarnation_of,
    subject_of,
)
from simulations.world import World
from tests.simulations.toys import say, scripted_world


class NoIsolation(Checker):
    """Nobody is ever isolated."""

    def on_effect(self, world: World, member: int, effect: Effect, now: int) -> None:
        if isinstance(effect, IsolationChanged):
            self.report(now, member, "isolated")

    def finish(self, world: World) -> None:
        self.report(0, None, "it is over")


def test_violations_are_given_in_the_order_of_time_by_name_of_their_rule() -> None:
    world = scripted_world(2)
    checkers = Checkers(world, NoIsolation(), Checker())
    world.run_until(SECOND)
    say(world, 1, IsolationChanged(isolated=True))
    assert checkers.finish() == [
        Violation("NoIsolation", 0, None, "it is over"),
        Violation("NoIsolation", SECOND, 1, "isolated"),
    ]


def test_a_run_that_broke_a_rule_fails_with_its_seed_and_the_first_violations() -> None:
    world = scripted_world(2)
    checkers = Checkers(world, NoIsolation())
    for _ in range(5):
        say(world, 0, IsolationChanged(isolated=True))
    with pytest.raises(ViolationsFoundError, match="seed 1: 6 violations") as caught:
        checkers.require_clean(shown=2)
    assert len(str(caught.value).splitlines()) == 3
    Checkers(world, Checker()).require_clean()


def test_facts_tell_whom_they_are_about_and_at_which_incarnation() -> None:
    world = scripted_world(2)
    who, member = world.identity(1), world.member_id(1)
    for fact, incarnation in (
        (MemberJoined(who, 3), 3),
        (MemberDied(member, 4, ()), 4),
        (MemberReturned(member, 5), 5),
        (MemberLeft(member), None),
    ):
        assert (subject_of(fact), incarnation_of(fact)) == (member, incarnation)
    assert subject_of(FingerprintSeen(member, b"")) is None
    assert incarnation_of(FingerprintSeen(member, b"")) is None
