import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from discovery.isolation import (
    CutOffEnded,
    CutOffPresumed,
    Effect,
    Event,
    HeartbeatSeen,
    HeartbeatStopped,
    Isolation,
    IsolationConfig,
)
from failure_detect.clock import NEVER, SECOND, Duration, Instant
from failure_detect.events import (
    IsolationChanged,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
    NodeDeleted,
)
from failure_detect.identity import Address, Identity, NodeName
from failure_detect.validation import ConfigError
from tests.discovery.courts import HOME, START, died, joined, left, member

CONFIG = IsolationConfig()
DEAF, HEARING = IsolationChanged(isolated=True), IsolationChanged(isolated=False)


def node(number: int) -> NodeName:
    return NodeName(f"node-{number}")


class Pool:
    """The machine of member 0 in a pool of `size`, with its clock."""

    def __init__(self, size: int) -> None:
        self.machine = Isolation(member(HOME, 0), CONFIG)
        self.now = START
        assert self.say(*(joined(HOME, number) for number in range(size))) == []

    def say(self, *events: Event) -> list[Effect]:
        effects: list[Effect] = []
        for event in events:
            effects += self.machine.handle(event, self.now)
            self.machine.check_invariants()
        return effects

    def wait(self, duration: Duration) -> list[Effect]:
        until, effects = self.now + duration, []
        while self.machine.deadline <= until:
            self.now = max(self.now, self.machine.deadline)
            effects += self.machine.advance(self.now)
            self.machine.check_invariants()
            assert self.machine.deadline > self.now
        self.now = until
        return effects

    def lose(self, *numbers: int) -> list[Effect]:
        return self.say(*(died(HOME, number) for number in numbers))

    def find(self, *numbers: int) -> list[Effect]:
        return self.say(*(MemberReturned(member(HOME, number), 1) for number in numbers))


@pytest.mark.parametrize(
    ("size", "lost", "expected"),
    [
        (2, 1, []),
        (3, 1, []),
        (3, 2, [CutOffPresumed(2, 3)]),
        (4, 2, []),
        (4, 3, [CutOffPresumed(3, 4)]),
        (10, 5, []),
        (10, 6, [CutOffPresumed(6, 10)]),
        (101, 50, []),
        (101, 51, [CutOffPresumed(51, 101)]),
    ],
)
def test_more_than_half_lost_is_us(size: int, lost: int, expected: list[Effect]) -> None:
    pool = Pool(size)
    assert pool.lose(*range(1, lost + 1)) == expected
    assert pool.machine.is_cut_off is bool(expected)


def test_alone_there_is_nothing_to_lose() -> None:
    pool = Pool(1)
    assert pool.say(DEAF, HEARING, died(HOME, 0)) == []
    assert pool.machine.deadline == NEVER
    assert not pool.machine.is_cut_off


def test_neither_half_of_a_pool_is_cut_off() -> None:
    for mine in (range(5, 10), range(1, 5)):  # The other half has five; ours, with us, five.
        pool = Pool(10)
        assert pool.lose(*mine) == []


def test_heartbeats_that_stopped_as_well_tell_that_it_is_them() -> None:
    pool = Pool(10)
    pool.say(*(HeartbeatStopped(node(number)) for number in range(1, 9)))
    assert pool.lose(*range(1, 9)) == []
    assert pool.machine.statistics().lost == 0


def test_heartbeats_that_stop_later_end_it_after_a_while() -> None:
    pool = Pool(10)
    assert pool.lose(*range(1, 8)) == [CutOffPresumed(6, 10)]
    for number in range(1, 4):
        pool.say(HeartbeatStopped(node(number)))
    assert pool.machine.deadline == NEVER
    pool.say(HeartbeatStopped(node(4)))
    assert pool.wait(CONFIG.recheck - 1) == []
    assert pool.wait(1) == [CutOffEnded()]


def test_heartbeats_that_are_seen_again_explain_nothing() -> None:
    pool = Pool(4)
    pool.say(HeartbeatStopped(node(1)))
    assert pool.lose(1, 2, 3) == [CutOffPresumed(2, 3)]
    other = Pool(4)
    other.say(HeartbeatStopped(node(1)), HeartbeatSeen(node(1)))
    assert other.lose(1, 2) == []
    assert other.lose(3) == [CutOffPresumed(3, 4)]


def test_it_ends_when_the_pool_is_whole_enough_for_long_enough() -> None:
    pool = Pool(10)
    pool.lose(*range(1, 7))
    assert pool.find(1) == []
    assert pool.wait(CONFIG.recheck - 1) == []
    assert pool.machine.is_cut_off
    assert pool.wait(1) == [CutOffEnded()]
    assert not pool.machine.statistics().is_cut_off
    assert pool.machine.deadline == NEVER


def test_a_relapse_starts_the_recheck_anew() -> None:
    pool = Pool(10)
    pool.lose(*range(1, 7))
    pool.find(1)
    pool.wait(CONFIG.recheck - 1)
    assert pool.lose(1) == []
    assert pool.wait(10 * CONFIG.recheck) == []
    pool.find(1)
    assert pool.wait(CONFIG.recheck - 1) == []
    assert pool.wait(1) == [CutOffEnded()]
    assert pool.machine.statistics().times == 1


def test_it_lasts_however_long_the_others_stay_away() -> None:
    pool = Pool(10)
    pool.lose(*range(1, 7))
    assert pool.wait(100 * CONFIG.window) == []
    assert pool.say(HeartbeatSeen(node(7))) == []
    assert pool.wait(CONFIG.recheck) == []
    assert pool.machine.is_cut_off


def test_losses_count_together_within_the_window() -> None:
    pool = Pool(10)
    pool.lose(1, 2, 3, 4, 5)
    pool.wait(CONFIG.window - 1)
    assert pool.lose(6) == [CutOffPresumed(6, 10)]


def test_a_pool_that_shrank_long_ago_is_a_smaller_pool() -> None:
    pool = Pool(10)
    pool.lose(1, 2, 3, 4, 5)
    pool.wait(CONFIG.window)
    assert pool.lose(6, 7) == []  # Two of five.
    assert pool.lose(8) == [CutOffPresumed(3, 5)]


def test_who_died_is_not_lost_anew_for_being_called_dead_again() -> None:
    pool = Pool(10)
    pool.lose(1, 2, 3, 4, 5)
    pool.wait(CONFIG.window - 1)
    pool.lose(1, 2, 3, 4, 5)
    pool.wait(1)
    assert pool.lose(6) == []


def test_who_leaves_in_peace_is_not_lost() -> None:
    pool = Pool(10)
    assert pool.say(*(left(HOME, number) for number in range(1, 9))) == []
    assert pool.machine.statistics().pool == 2


def test_who_was_succeeded_on_its_node_is_not_lost() -> None:
    pool = Pool(4)
    pool.lose(1, 2)
    pool.say(MemberRetired(member(HOME, 1), member(HOME, 11)), joined(HOME, 11))
    assert pool.lose(3) == []
    assert pool.machine.statistics().lost == 2


def test_deleted_nodes_are_not_lost() -> None:
    pool = Pool(10)
    pool.lose(*range(1, 7))
    assert pool.say(NodeDeleted(node(1))) == []
    assert pool.machine.deadline == NEVER  # Five of nine is too many still.
    pool.say(NodeDeleted(node(2)))
    assert pool.machine.deadline == START + CONFIG.recheck
    pool.say(NodeDeleted(node(8)))  # It lives: that its object is gone does not make it dead.
    assert pool.machine.statistics().pool == 8


def test_a_member_that_nobody_answers_has_lost_all_others() -> None:
    pool = Pool(10)
    assert pool.say(DEAF) == [CutOffPresumed(9, 10)]
    assert pool.say(HEARING) == []
    assert pool.wait(CONFIG.recheck) == [CutOffEnded()]


def test_a_member_of_two_that_nobody_answers_lost_half() -> None:
    assert Pool(2).say(DEAF) == []


def test_the_lease_is_kept_whatever_is_lost() -> None:
    pool = Pool(10)
    assert pool.machine.may_hold_lease
    pool.say(DEAF)
    pool.lose(*range(1, 10))
    assert pool.machine.is_cut_off
    assert pool.machine.may_hold_lease


def test_a_new_certificate_moves_a_member_to_its_node() -> None:
    pool = Pool(3)
    moved = Identity(member(HOME, 1), node(77), 2, Address("x:1"), HOME)
    pool.say(MemberUpdated(moved, 1), HeartbeatStopped(node(77)))
    assert pool.lose(1, 2) == []


def test_strangers_harm_nothing() -> None:
    pool = Pool(3)
    assert pool.lose(77) == pool.find(77) == []
    assert pool.say(left(HOME, 77), HeartbeatSeen(node(77)), NodeDeleted(node(77))) == []
    pool.lose(1, 1, 1)
    assert pool.machine.statistics().lost == 1


def test_members_are_bounded() -> None:
    machine = Isolation(member(HOME, 0), IsolationConfig(members_max=3))
    for number in range(6):
        machine.handle(joined(HOME, number), START)
        machine.handle(HeartbeatStopped(node(number)), START)
        machine.check_invariants()
    statistics = machine.statistics()
    assert (statistics.pool, statistics.ignored) == (4, 2)


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        ({"share_percent": 100}, ["$.isolation.share_percent"]),
        ({"window": 0, "recheck": True}, ["$.isolation.window", "$.isolation.recheck"]),
    ],
)
def test_all_faults_are_raised_at_once(options: dict[str, int], paths: list[str]) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        IsolationConfig(**options)
    found = [fault.path for fault in caught.value.exceptions if isinstance(fault, ConfigError)]
    assert found == paths


numbers = st.integers(0, 5)


class AnyOrder(RuleBasedStateMachine):
    """Facts in any order, beside a count that knows only who is lost now."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = Pool(1)
        self.cut = False

    def follow(self, effects: list[Effect]) -> None:
        for effect in effects:
            assert isinstance(effect, CutOffPresumed) is not self.cut
            self.cut = not self.cut

    @rule(number=numbers)
    def join(self, number: int) -> None:
        self.follow(self.pool.say(joined(HOME, number)))

    @rule(number=numbers)
    def die(self, number: int) -> None:
        self.follow(self.pool.lose(number))

    @rule(number=numbers)
    def back(self, number: int) -> None:
        self.follow(self.pool.find(number))

    @rule(number=numbers)
    def leave(self, number: int) -> None:
        self.follow(self.pool.say(left(HOME, number)))

    @rule(number=numbers, stops=st.booleans())
    def heartbeat(self, number: int, stops: bool) -> None:
        event = HeartbeatStopped(node(number)) if stops else HeartbeatSeen(node(number))
        self.follow(self.pool.say(event))

    @rule(number=numbers)
    def delete(self, number: int) -> None:
        self.follow(self.pool.say(NodeDeleted(node(number))))

    @rule(deaf=st.booleans())
    def deafness(self, deaf: bool) -> None:
        self.follow(self.pool.say(IsolationChanged(deaf)))

    @rule(step=st.sampled_from([1, SECOND, CONFIG.recheck, CONFIG.window]))
    def pause(self, step: Instant) -> None:
        self.follow(self.pool.wait(step))

    @invariant()
    def what_is_told_is_what_holds(self) -> None:
        assert self.pool.machine.is_cut_off is self.cut

    @invariant()
    def too_many_lost_of_all_are_never_taken_lightly(self) -> None:
        machine = self.pool.machine
        statistics = machine.statistics()
        if statistics.lost == 0:
            assert not self.cut or machine.deadline <= self.pool.now + CONFIG.recheck
        machine.check_invariants()


TestAnyOrder = AnyOrder.TestCase
