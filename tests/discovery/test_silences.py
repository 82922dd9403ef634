"""What a sole bridge finds down waits until its losses rest, and no longer than it must."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.isolation import CutOffPresumed, Isolation, IsolationConfig
from discovery.silences import LONGEST, POOL_MIN, REST, Silences
from failure_detect.clock import NEVER, SECOND, Duration
from failure_detect.events import (
    MemberJoined,
    MemberLeft,
    MemberReturned,
    MemberUpdated,
    NodeAnswered,
    NodeDeleted,
    NodeSilent,
)
from failure_detect.identity import NodeName
from tests.discovery.bridgehead import HOME, died, identity, joined, member
from tests.discovery.watching import Watch, said


def silent(number: int) -> NodeSilent:
    return NodeSilent(NodeName(f"node-{number}"))


def pool(size: int) -> Silences:
    made = Silences(member(HOME))
    for number in range(size):  # It hears of itself as well, which is no other.
        assert made.take(joined(HOME, number), 0, alone=True) == [joined(HOME, number)]
    return made


def test_a_silence_is_told_when_nothing_else_was_lost_for_a_while() -> None:
    made = pool(POOL_MIN)
    assert made.deadline(alone=True) == NEVER
    assert made.take(died(HOME, 1), 5, alone=True) == [died(HOME, 1)]
    assert made.take(silent(1), 10, alone=True) == []
    assert made.waiting == ("node-1",)
    assert made.deadline(alone=True) == 10 + REST
    assert made.due(10 + REST - 1, alone=True) == []
    assert made.due(10 + REST, alone=True) == [silent(1)]
    assert made.deadline(alone=True) == NEVER
    assert made.due(NEVER - 1, alone=True) == []


@pytest.mark.parametrize("loss", [died(HOME, 2), silent(2)])
def test_each_further_loss_makes_it_wait_again(loss: NodeSilent) -> None:
    made = pool(POOL_MIN)
    made.take(silent(1), 0, alone=True)
    made.take(loss, REST - 1, alone=True)
    assert made.deadline(alone=True) == 2 * REST - 1


def test_it_never_waits_longer_than_it_must() -> None:
    made = pool(9)
    made.take(silent(1), 0, alone=True)
    for at in range(SECOND, LONGEST, SECOND):
        made.take(died(HOME, 2), at, alone=True)
    assert made.due(LONGEST - 1, alone=True) == []
    assert made.due(LONGEST, alone=True) == [silent(1)]


def test_nothing_waits_where_a_sister_lives_or_where_the_pool_is_small() -> None:
    assert pool(POOL_MIN).take(silent(1), 0, alone=False) == [silent(1)]
    assert pool(POOL_MIN - 1).take(silent(1), 0, alone=True) == [silent(1)]
    left = pool(POOL_MIN)
    left.take(MemberLeft(member(HOME, 4)), 0, alone=True)
    assert left.take(silent(1), 0, alone=True) == [silent(1)]


def test_what_waits_is_told_when_a_sister_comes() -> None:
    made = pool(POOL_MIN)
    made.take(silent(1), 10, alone=True)
    assert made.deadline(alone=False) == 10
    assert made.due(20, alone=False) == [silent(1)]


@pytest.mark.parametrize(
    "news",
    [
        NodeAnswered(NodeName("node-1")),
        NodeDeleted(NodeName("node-1")),
        MemberReturned(member(HOME, 1), 1),
        MemberJoined(identity(HOME, 1), 0),
        MemberUpdated(identity(HOME, 1), 1),
    ],
)
def test_what_answers_meanwhile_was_never_silent(
    news: NodeAnswered | NodeDeleted | MemberReturned | MemberJoined | MemberUpdated,
) -> None:
    made = pool(POOL_MIN)
    made.take(silent(1), 0, alone=True)
    assert made.take(news, 1, alone=True) == [news]
    assert made.deadline(alone=True) == NEVER


def test_a_silence_that_is_told_again_waits_no_longer() -> None:
    made = pool(POOL_MIN)
    made.take(silent(1), 0, alone=True)
    made.take(silent(1), LONGEST - 1, alone=True)
    assert made.deadline(alone=True) == LONGEST


GAPS = st.lists(st.integers(0, REST - 1), min_size=4, max_size=12)


@given(GAPS, st.integers(2, 12))
def test_who_loses_more_than_half_of_its_pool_in_time_calls_nobody_down(
    gaps: list[Duration], others: int
) -> None:
    size = len(gaps) + min(others, len(gaps) - 1)  # More than half of it will be lost.
    watch, isolation = Watch(), Isolation(member(HOME), IsolationConfig())
    watch.lan(*(joined(HOME, number) for number in range(1, size)))
    for number in range(1, size):
        isolation.handle(joined(HOME, number), watch.now)
    begun, is_cut_off, effects = watch.now, False, []
    for number, gap in enumerate(gaps, 1):
        effects += watch.wait(gap)
        found = isolation.handle(died(HOME, number), watch.now)
        is_cut_off |= any(isinstance(each, CutOffPresumed) for each in found)
        if found:
            watch.nodes.cut_off(watch.now, presumed=True)
        effects += watch.lan(died(HOME, number), silent(number))
        if not is_cut_off and watch.now - begun >= LONGEST:
            return  # It was lost so slowly that it may as well be single deaths.
    assert is_cut_off
    effects += watch.wait(2 * LONGEST)
    assert said(effects) == []
