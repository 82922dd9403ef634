"""Deaths, bounds and the machines' own invariants; each rule bites where a defect is planted."""

from dataclasses import dataclass

import pytest

from failure_detect.claims import accuse_message
from failure_detect.clock import SECOND
from failure_detect.config import DetectorConfig
from failure_detect.detector import FailureDetector
from failure_detect.events import (
    IsolationChanged,
    MemberDied,
    MemberJoined,
    MemberSuspected,
    SendDatagram,
)
from failure_detect.identity import MemberId
from simulations.checkers import Bounded, DeathHasAccusers, MachineInvariants, quantities
from simulations.checking import Checkers
from simulations.config import WorldConfig
from simulations.faults import Crash, Gate, Mute, Partition, Pause, Restart
from simulations.laws import (
    Alternation,
    IncarnationsRise,
    IsolatedBuryNobody,
    LegalTransitions,
    NeverAboutSelf,
    NoResurrection,
)
from simulations.links import LinkQuality
from simulations.machine import MemberContext
from simulations.network import NetworkConfig
from simulations.oracle import FalsePositiveOracle
from simulations.views import Convergence, Views
from simulations.world import World
from tests.simulations.toys import say, scripted, scripted_world


def accusation(subject: MemberId, incarnation: int, accuser: MemberId) -> bytes:
    return subject + incarnation.to_bytes(8) + accuser


def announced(*accusers: int, members: int = 5, signers: tuple[int, ...] = (2, 3, 4)) -> list[str]:
    """What is wrong with the death of member 1, announced by member 0 with these accusers."""
    world, views = scripted_world(members), Views()
    rule = DeathHasAccusers(views, accusation)
    world.observe(views)
    Checkers(world, rule)
    subject = world.member_id(1)
    say(world, 0, *(MemberJoined(world.identity(other), 1) for other in range(1, members)))
    for signer in (0, *signers):
        authority = scripted(world, signer).context.authority
        authority.sign(accusation(subject, 7, world.member_id(signer)))
    # `views` hear of the death first, so that the subject does not count among the possible.
    say(world, 0, MemberDied(subject, 7, tuple(world.member_id(a) for a in accusers)))
    return [violation.what for violation in rule.violations]


def test_a_death_with_three_accusers_who_signed_is_sound() -> None:
    assert announced(2, 3, 4) == []
    assert announced(0, 2, 3) == []


def test_where_fewer_are_left_all_of_them_are_enough() -> None:
    assert announced(0, members=2, signers=()) == []
    assert announced(0, 2, members=3, signers=(2,)) == []
    assert announced(0, members=3, signers=()) == ["death of member 1: 1 accusers of 2 possible"]


def test_too_few_accusers_are_noticed() -> None:
    assert announced(2, 3) == ["death of member 1: 2 accusers of 4 possible"]
    assert len(announced()) == 1


def test_after_long_suspicion_one_accuser_is_enough() -> None:
    world, views = scripted_world(5), Views()
    rule = DeathHasAccusers(views, None, 3, lambda members: members * SECOND)
    world.observe(views)
    Checkers(world, rule)
    one, other = world.member_id(1), world.member_id(2)
    say(world, 0, *(MemberJoined(world.identity(member), 1) for member in range(1, 5)))
    say(world, 0, MemberSuspected(one, 1), MemberSuspected(other, 1))
    world.run_until(4 * SECOND)
    say(world, 0, MemberDied(one, 1, (other,)))
    assert [violation.what for violation in rule.violations] == []
    say(world, 0, MemberDied(other, 1, (world.member_id(3),)))
    assert [violation.what for violation in rule.violations] == []


def test_before_that_it_is_not() -> None:
    world, views = scripted_world(5), Views()
    rule = DeathHasAccusers(views, None, 3, lambda members: members * SECOND)
    world.observe(views)
    Checkers(world, rule)
    one, other = world.member_id(1), world.member_id(2)
    say(world, 0, *(MemberJoined(world.identity(member), 1) for member in range(1, 5)))
    say(world, 0, MemberSuspected(one, 1))
    world.run_until(4 * SECOND - 1)
    say(world, 0, MemberDied(one, 1, (other,)), MemberDied(other, 1, (world.member_id(3),)))
    assert [violation.what for violation in rule.violations] == [
        "death of member 1: 1 accusers of 4 possible",
        "death of member 2: 1 accusers of 3 possible",
    ]


def test_an_accuser_who_counts_twice_is_noticed() -> None:
    assert announced(2, 2, 3) == ["death of member 1: an accuser counts twice"]


def test_a_subject_that_accuses_itself_is_noticed() -> None:
    found = announced(1, 2, 3, signers=(1, 2, 3))
    assert found == ["death of member 1, which accuses itself"]


def test_an_accuser_who_never_signed_is_noticed() -> None:
    assert announced(2, 3, 4, signers=(2, 3)) == ["death of member 1: 4 never signed"]


def test_quantities_are_the_integers_of_a_mapping_or_a_dataclass() -> None:
    @dataclass
    class Statistics:
        queued: int = 3
        name: str = "x"

    assert quantities(Statistics()) == {"queued": 3}
    assert quantities({"queued": 4, "rate": 0.5}) == {"queued": 4}
    assert quantities(None) == {}


def test_quantities_and_datagrams_stay_within_their_limits() -> None:
    world = scripted_world(2)
    rule = Bounded({"queued": 10}, datagram_bytes=100)
    checkers = Checkers(world, rule)
    world.observe_orders(rule)
    for member in world.members:
        scripted(world, member).counts["queued"] = 10
    say(world, 0, SendDatagram(world.member_id(1), world.address(1), bytes(100)))
    say(world, 0, IsolationChanged(isolated=True))
    assert checkers.finish() == []
    world.run_until(SECOND)
    scripted(world, 0).counts["queued"] = 11
    say(world, 0, SendDatagram(world.member_id(1), world.address(1), bytes(101)))
    say(world, 0, *[IsolationChanged(isolated=True)] * 3)
    assert [v.what for v in rule.violations] == [
        "a datagram of 101 bytes",
        "queued is 11, above 10",
    ]
    scripted(world, 1).counts.clear()
    world.crash(0)
    assert checkers.finish()[-1].what == "states no queued"


def test_a_machine_that_contradicts_itself_ends_the_run_with_when_and_who() -> None:
    world = scripted_world(3)
    Checkers(world, MachineInvariants())
    say(world, 1, IsolationChanged(isolated=True))
    world.run_until(SECOND)
    scripted(world, 1).is_sound = False
    with pytest.raises(AssertionError, match="contradiction") as caught:
        say(world, 1, IsolationChanged(isolated=False))
    assert caught.value.__notes__ == ["seed 1, 1000000 us, member 1, at IsolationChanged"]


def test_machines_may_be_asked_less_often_but_all_are_at_the_end() -> None:
    world = scripted_world(3)
    checkers = Checkers(world, MachineInvariants(every=SECOND))
    say(world, 1, IsolationChanged(isolated=True))
    scripted(world, 1).is_sound = False
    say(world, 1, IsolationChanged(isolated=False))
    world.crash(0)
    with pytest.raises(AssertionError, match="contradiction"):
        checkers.finish()


@pytest.mark.parametrize("seed", range(3))
def test_the_detector_keeps_every_rule_through_faults_of_all_kinds(seed: int) -> None:
    config = DetectorConfig.lan()

    def make(context: MemberContext) -> FailureDetector:
        return FailureDetector(
            context.certificate,
            config,
            authority=context.authority,
            now=context.now,
            rng=context.rng,
        )

    def accuses(subject: MemberId, incarnation: int, accuser: MemberId) -> bytes:
        return accuse_message(config.pool, subject, incarnation, accuser)

    network = NetworkConfig(quality=LinkQuality(loss=0.01, duplication=0.01, corruption=0.01))
    world, views = World(WorldConfig(seed=seed, members=12, network=network), make), Views()
    world.observe(views)
    bounded = Bounded({"members": 64, "queued": 512}, config.gossip.datagram_bytes)
    world.observe_orders(bounded)
    checkers = Checkers(
        world,
        LegalTransitions(),
        Alternation(),
        IncarnationsRise(),
        NoResurrection(),
        NeverAboutSelf(),
        IsolatedBuryNobody(),
        DeathHasAccusers(views, accuses),
        FalsePositiveOracle(),
        MachineInvariants(every=SECOND),
        Convergence(views),
        bounded,
    )
    world.start_all(within=SECOND)
    world.inject(
        Crash(at=10 * SECOND, members=(1,)),
        Partition(at=20 * SECOND, until=40 * SECOND, groups=((0, 2, 3), (4, 5, 6, 7, 8))),
        Pause(at=50 * SECOND, until=52 * SECOND, members=(4,)),
        Restart(at=55 * SECOND, members=(1, 5)),
        Gate(at=60 * SECOND, until=61 * SECOND, members=(6,)),
        Mute(at=65 * SECOND, until=75 * SECOND, members=(7,)),
    )
    world.run_until(150 * SECOND)
    checkers.require_clean()
    world.check_vacuity()
