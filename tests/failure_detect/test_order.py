"""Everybody is probed by everybody, one by one, and the pool agrees on when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failure_detect.clock import MILLISECOND, MINUTE, SECOND, Duration
from failure_detect.identity import MemberId
from failure_detect.order import TICK, CommonTime, phase, shift
from tests.failure_detect.strategies import MEMBER_IDS

START = 5_000 * SECOND
LATER = 1 << 48
"""The first tick that nobody believes: 89,000 years."""


# --- who probes whom -----------------------------------------------------------------------


@pytest.mark.parametrize("others", [*range(1, 40), 127, 128, 999])
def test_within_as_many_rounds_as_there_are_others_every_step_comes_once(others: int) -> None:
    for cycle in (0, 1, 7):
        rounds = range(cycle * others, (cycle + 1) * others)
        assert sorted(shift(number, others) for number in rounds) == list(range(1, others + 1))


@given(st.integers(0, 1 << 40), st.integers(1, 2_000))
def test_a_step_leads_to_another_member(number: int, others: int) -> None:
    assert 1 <= shift(number, others) <= others


@given(st.integers(0, 1 << 40), st.integers(2, 60))
def test_in_each_round_each_member_is_probed_by_exactly_one_other(number: int, size: int) -> None:
    step = shift(number, size - 1)
    targets = [(prober + step) % size for prober in range(size)]
    assert sorted(targets) == list(range(size))
    assert all(target != prober for prober, target in enumerate(targets))


@pytest.mark.parametrize("size", [2, 3, 8, 31])
def test_every_member_is_probed_by_every_other_within_the_bound_of_swim(size: int) -> None:
    met = {
        (prober, (prober + shift(number, size - 1)) % size)
        for number in range(5 * (size - 1), 6 * (size - 1))
        for prober in range(size)
    }
    assert met == {(a, b) for a in range(size) for b in range(size) if a != b}


def test_each_cycle_has_an_order_of_its_own() -> None:
    orders = {tuple(shift(cycle * 30 + place, 30) for place in range(30)) for cycle in range(50)}
    assert len(orders) > 40


def test_the_order_is_the_same_on_every_machine() -> None:
    assert [shift(number, 5) for number in range(10)] == [4, 3, 2, 1, 5, 3, 4, 5, 1, 2]


@given(MEMBER_IDS, st.integers(1, 10 * SECOND))
def test_the_moment_of_a_member_lies_within_the_round(member: MemberId, interval: int) -> None:
    assert 0 <= phase(member, interval) < interval
    assert phase(member, interval) == phase(member, interval)


def test_moments_are_spread_over_the_round() -> None:
    moments = [phase(MemberId(number.to_bytes(32)), 1_000) for number in range(2_000)]
    tenths = [sum(moment // 100 == tenth for moment in moments) for tenth in range(10)]
    assert min(tenths) > 150
    assert max(tenths) < 250


# --- when ----------------------------------------------------------------------------------


def test_the_common_time_begins_at_zero_and_runs_as_the_clock_does() -> None:
    time = CommonTime(START)
    assert time.at(START) == time.tick(START) == 0
    assert time.at(START + SECOND) == SECOND
    assert time.tick(START + SECOND) == SECOND // TICK == 100
    assert time.local(SECOND) == START + SECOND


def test_the_highest_tick_is_followed() -> None:
    time = CommonTime(START)
    time.hear(1_000_000, START)
    assert time.tick(START) == 1_000_000
    time.hear(1_000_100, START)
    assert time.tick(START) == 1_000_100
    assert time.local(time.at(START)) == START


def test_a_tick_that_lies_behind_changes_nothing() -> None:
    time = CommonTime(START)
    time.hear(1_000_000, START)
    for tick in (0, 1, 999_999, 1_000_000):
        time.hear(tick, START)
    assert time.at(START) == 1_000_000 * TICK


@pytest.mark.parametrize(("ahead", "followed"), [(MINUTE, True), (MINUTE + TICK, False)])
def test_once_in_step_nobody_leaps_more_than_a_minute(ahead: Duration, followed: bool) -> None:
    time = CommonTime(START)
    time.hear(1_000_000, START)
    time.hear(1_000_000 + ahead // TICK, START)
    assert time.at(START) == 1_000_000 * TICK + (ahead if followed else 0)


def test_who_hears_a_peer_that_is_just_as_young_is_in_step() -> None:
    time = CommonTime(START)
    time.hear(0, START + SECOND)
    time.hear(1_000_000, START + SECOND)
    assert time.at(START + SECOND) == SECOND


def test_who_hears_only_those_that_lag_far_behind_is_not_in_step() -> None:
    time = CommonTime(START)
    now = START + 2 * MINUTE
    time.hear(0, now)
    time.hear(1_000_000, now)
    assert time.tick(now) == 1_000_000


@pytest.mark.parametrize("lie", [LATER, LATER + 1, (1 << 64) - 1])
def test_a_tick_beyond_belief_is_no_step_at_all(lie: int) -> None:
    time = CommonTime(START)
    time.hear(lie, START)
    assert time.at(START) == 0
    time.hear(1_000_000, START)  # The truth is still believed afterwards.
    assert time.tick(START) == 1_000_000
    time.hear(lie, START)
    assert time.tick(START) == 1_000_000


def test_the_last_believable_tick_leaves_room_for_the_deadline_that_is_never_reached() -> None:
    time = CommonTime(START)
    time.hear(LATER - 1, START)
    assert time.tick(START) == LATER - 1
    assert time.at(START) < 1 << 62


HEARD = st.lists(
    st.tuples(
        st.integers(0, 3 * SECOND), st.one_of(st.integers(0, 20_000), st.integers(0, 1 << 64))
    )
)


@given(HEARD)
def test_the_common_time_never_runs_backwards(heard: list[tuple[int, int]]) -> None:
    now = START
    time = CommonTime(now)
    last = time.at(now)
    for wait, tick in heard:
        now += wait
        assert time.at(now) == last + wait
        time.hear(tick, now)
        assert time.at(now) >= last + wait
        last = time.at(now)
        assert time.local(last) == now


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=20))
def test_members_that_hear_each_other_agree_to_within_a_tick(ages: list[int]) -> None:
    times = [CommonTime(START - age * MILLISECOND) for age in ages]
    for _ in range(2):
        ticks = [time.tick(START) for time in times]
        for time in times:
            for tick in ticks:
                time.hear(tick, START)
    assert max(t.at(START) for t in times) - min(t.at(START) for t in times) < TICK
