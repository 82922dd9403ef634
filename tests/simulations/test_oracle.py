"""False deaths, each with the fault that explains it."""

import pytest

from failure_detect.clock import SECOND
from failure_detect.events import MemberDied, MemberLeft
from failure_detect.identity import MemberId
from simulations.checking import Checkers
from simulations.config import WorldConfig
from simulations.faults import Fault, Mute, Partition, Pause, cut
from simulations.links import LinkQuality
from simulations.network import NetworkConfig
from simulations.oracle import FalsePositiveOracle, Relation
from simulations.world import World
from tests.simulations.toys import ScriptedMachine, say, scripted_world


def judged(world: World, *faults: Fault, observer: int = 0) -> FalsePositiveOracle:
    """Let `observer` announce the death of member 1 at 10 s; members 2 and 3 accuse it."""
    oracle = FalsePositiveOracle(memory=5 * SECOND)
    Checkers(world, oracle)
    world.inject(*faults)
    subject = world.member_id(1)
    accusers = (world.member_id(2), world.member_id(3))
    world.run_until(10 * SECOND)
    say(world, observer, MemberDied(subject, 1, accusers), MemberLeft(subject))
    return oracle


def test_the_death_of_who_runs_no_more_is_no_false_one() -> None:
    world = scripted_world(4)
    subject = world.member_id(1)
    oracle = FalsePositiveOracle()
    Checkers(world, oracle)
    world.restart(1)  # What died is the process before.
    say(world, 0, MemberDied(subject, 1, ()))
    assert (oracle.deaths, oracle.false_deaths, oracle.violations) == (1, [], [])


def test_a_false_death_that_nothing_explains_breaks_the_rule() -> None:
    oracle = judged(scripted_world(4))
    assert oracle.false_positives == oracle.false_positives_at_healthy == 1
    (death,) = oracle.false_deaths
    assert (death.at, death.observer, death.subject, death.accusers) == (10 * SECOND, 0, 1, (2, 3))
    assert (death.relation, death.fault) == (None, None)
    (violation,) = oracle.violations
    assert "accused by [2, 3]" in violation.what


@pytest.mark.parametrize(
    ("fault", "relation", "kind"),
    [
        (Pause(at=SECOND, until=6 * SECOND, members=(1,)), Relation.SUBJECT, "pause"),
        (Mute(at=9 * SECOND, members=(1,)), Relation.SUBJECT, "mute"),
        (cut((0,), (1,), at=9 * SECOND), Relation.LINK, "degrade"),
        (cut((1,), (0,), at=9 * SECOND), Relation.LINK, "degrade"),
        (Partition(at=9 * SECOND, groups=((0,), (1,))), Relation.LINK, "partition"),
        (Pause(at=SECOND, until=6 * SECOND, members=(0,)), Relation.OBSERVER, "pause"),
        (Pause(at=SECOND, until=6 * SECOND, members=(3,)), Relation.ACCUSER, "pause"),
        (Partition(at=9 * SECOND, groups=((2,), (1,))), Relation.ACCUSER, "partition"),
    ],
)
def test_a_fault_explains_what_is_said_while_it_lasts_and_shortly_after(
    fault: Fault, relation: Relation, kind: str
) -> None:
    oracle = judged(scripted_world(5), fault)
    (death,) = oracle.false_deaths
    assert (death.relation, death.fault) == (relation, kind)
    assert oracle.violations == []
    assert death.is_false_positive == (relation in (Relation.OBSERVER, Relation.ACCUSER))
    assert death.is_at_healthy == (relation is Relation.ACCUSER)


def test_a_fault_that_is_long_over_or_elsewhere_explains_nothing() -> None:
    old = Pause(at=SECOND, until=2 * SECOND, members=(1,))
    elsewhere = Pause(at=9 * SECOND, members=(4,))
    assert len(judged(scripted_world(5), old, elsewhere).violations) == 1


def test_the_subject_comes_before_the_link_and_the_observer() -> None:
    faults = (
        Pause(at=9 * SECOND, members=(0,)),
        Partition(at=9 * SECOND, groups=((0, 2, 3), (1,))),
        Pause(at=9 * SECOND, members=(1,)),
    )
    (death,) = judged(scripted_world(5), *faults, observer=2).false_deaths
    assert death.relation is Relation.SUBJECT


def test_loss_on_every_link_explains_the_rest() -> None:
    network = NetworkConfig(quality=LinkQuality(loss=0.25))
    world = World(WorldConfig(seed=1, members=4, network=network), ScriptedMachine)
    world.start_all()
    oracle = judged(world)
    (death,) = oracle.false_deaths
    assert (death.relation, death.fault) == (Relation.NETWORK, "loss")
    assert death.is_at_healthy
    assert oracle.violations == []


def test_nobody_dies_who_never_was() -> None:
    world = scripted_world(2)
    oracle = FalsePositiveOracle()
    Checkers(world, oracle)
    say(world, 0, MemberDied(MemberId(b"nobody"), 1, ()))
    (violation,) = oracle.violations
    assert "never was" in violation.what
