"""Both clocks go on, and show what they say they show."""

from pathlib import Path

from agent.process import clock
from failure_detect.clock import SECOND


def test_the_monotonic_clock_never_goes_back() -> None:
    readings = [clock.now() for _ in range(1_000)]
    assert readings == sorted(readings)
    assert 0 < readings[-1] - readings[0] < 60 * SECOND


def test_the_wall_clock_shows_milliseconds_since_1970() -> None:
    before = Path(__file__).stat().st_mtime
    assert before < clock.wall_ms() / 1_000 < before + 1e10
