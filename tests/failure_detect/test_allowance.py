"""So many times a second, and no more."""

from failure_detect.allowance import Allowance
from failure_detect.clock import SECOND


def test_so_many_are_spent_in_a_second_and_as_many_in_the_next() -> None:
    allowance, start = Allowance(3), 100 * SECOND
    assert [allowance.spend(start + i) for i in range(5)] == [True, True, True, False, False]
    assert not allowance.spend(start + SECOND - 1)
    assert [allowance.spend(start + SECOND) for _ in range(4)] == [True, True, True, False]


def test_what_was_not_spent_is_not_saved() -> None:
    allowance = Allowance(2)
    assert allowance.spend(60 * SECOND)
    assert [allowance.spend(90 * SECOND) for _ in range(3)] == [True, True, False]
