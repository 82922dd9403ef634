"""A wall clock that was read goes on by itself."""

from agent.core.wall import Wall
from failure_detect.clock import SECOND


def test_a_clock_that_nobody_has_read_shows_nothing() -> None:
    wall = Wall()
    assert not wall.is_known
    assert wall.ms(7 * SECOND) == 0


def test_between_two_readings_time_passes() -> None:
    wall = Wall()
    wall.read(1_000_000, 5 * SECOND)
    assert wall.is_known
    assert wall.ms(5 * SECOND) == 1_000_000
    assert wall.ms(7 * SECOND + 1_999) == 1_002_001


def test_a_later_reading_counts_even_where_the_clock_went_back() -> None:
    wall = Wall()
    wall.read(1_000_000, 5 * SECOND)
    wall.read(400, 6 * SECOND)
    assert wall.ms(7 * SECOND) == 1_400
