"""A budget gives what its rate says, not more, and not less to those who ask often."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.budgets import Budget
from failure_detect.clock import MILLISECOND, SECOND


def spent(budget: Budget, now: int, most: int = 10_000) -> int:
    """How many times one can be spent at once."""
    return next(count for count in range(most) if not budget.spend(1, now))


def test_two_seconds_worth_is_there_at_once_and_no_more() -> None:
    budget = Budget(40, now=7)
    assert budget.left(7) == 80
    assert spent(budget, 7) == 80
    assert budget.left(7) == 0


def test_it_fills_with_time_up_to_two_seconds_worth() -> None:
    budget = Budget(40, now=0)
    spent(budget, 0)
    assert spent(budget, SECOND // 2) == 20
    assert spent(budget, 60 * SECOND) == 80


def test_what_is_larger_than_what_is_left_is_paid_for_later() -> None:
    budget = Budget(100, now=0)
    assert budget.spend(1_000, 0)
    assert budget.left(0) == -800
    assert not budget.spend(1, 8 * SECOND)
    assert budget.left(8 * SECOND + 10 * MILLISECOND) == 1
    assert budget.spend(1, 8 * SECOND + 10 * MILLISECOND)


def test_nothing_is_spent_where_it_says_no() -> None:
    budget = Budget(1, now=0)
    assert spent(budget, 0) == 2
    for _ in range(10):
        assert not budget.spend(100, 0)
    assert budget.left(SECOND) == 1


def test_a_charge_is_taken_though_nothing_is_left_and_paid_for_later() -> None:
    budget = Budget(10, now=0)
    budget.charge(25, 0)
    assert budget.left(0) == -5
    budget.charge(5, SECOND)
    assert budget.left(SECOND) == 0
    assert not budget.spend(1, SECOND)
    assert budget.left(2 * SECOND) == 10


@pytest.mark.parametrize("step", [1, 13, 24_999, 25_000, 26_001, 49_000])
def test_whoever_asks_often_loses_nothing_by_rounding(step: int) -> None:
    budget, now, count = Budget(40, now=0), 0, 0
    spent(budget, 0)
    while now < SECOND * step // 25_000 + SECOND:
        now += step
        count += budget.spend(1, now)
    assert count == min(now * 40 // SECOND, now // step)


def test_a_clock_that_stands_or_goes_back_gives_nothing() -> None:
    budget = Budget(10, now=SECOND)
    spent(budget, SECOND)
    assert budget.left(SECOND) == 0
    assert budget.left(0) == 0
    assert budget.left(SECOND + SECOND // 10) == 1


@given(
    rate=st.integers(1, 1 << 25),
    steps=st.lists(st.tuples(st.integers(0, 5 * SECOND), st.integers(1, 100)), max_size=30),
)
def test_never_more_than_the_rate_and_a_burst(rate: int, steps: list[tuple[int, int]]) -> None:
    budget, now, total = Budget(rate, now=0), 0, 0
    for step, amount in steps:
        now += step
        assert budget.left(now) <= 2 * rate
        if budget.spend(amount, now):
            total += amount
            assert total - amount < 2 * rate + now * rate / SECOND


@given(rate=st.integers(1, 1_000), steps=st.lists(st.integers(1, 3 * SECOND), max_size=30))
def test_what_was_gained_by_asking_in_between_is_what_one_look_at_the_end_gives(
    rate: int, steps: list[int]
) -> None:
    often, once, now = Budget(rate, 0), Budget(rate, 0), 0
    debt = 10 * rate * (1 + sum(steps) // SECOND)
    often.spend(debt, 0)
    once.spend(debt, 0)
    for step in steps:
        now += step
        often.left(now)
    assert once.left(now) - often.left(now) in (0, 1)
