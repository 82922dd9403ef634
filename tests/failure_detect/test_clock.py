"""Units of time are whole microseconds."""

from failure_detect.clock import MILLISECOND, MINUTE, NEVER, SECOND


def test_durations_are_whole_microseconds() -> None:
    assert (MILLISECOND, SECOND, MINUTE) == (1_000, 1_000_000, 60_000_000)


def test_never_is_later_than_any_uptime_and_fits_64_bits() -> None:
    thousand_years = 1_000 * 366 * 24 * 60 * MINUTE
    assert thousand_years < NEVER < 1 << 63
