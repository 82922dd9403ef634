import pytest
from hypothesis import given
from hypothesis import strategies as st

from failure_detect.clock import SECOND
from simulations.clocks import MemberClock


@given(
    epoch=st.integers(0, 10**12),
    ppm=st.integers(-500_000, 500_000),
    since=st.integers(0, 10**9),
    ahead=st.integers(0, 10**10),
)
def test_an_instant_is_the_first_at_which_the_clock_shows_the_reading(
    epoch: int, ppm: int, since: int, ahead: int
) -> None:
    clock = MemberClock(epoch)
    clock.set_drift(since, ppm)
    reading = clock.read(since) + ahead
    instant = clock.instant_of(reading)
    assert clock.read(instant) >= reading
    assert ahead == 0 or clock.read(instant - 1) < reading


def test_a_change_of_rate_leaves_what_the_clock_shows() -> None:
    clock = MemberClock(1_000)
    clock.set_drift(10 * SECOND, 200)
    assert clock.read(10 * SECOND) == 10 * SECOND + 1_000
    assert clock.read(11 * SECOND) == 11 * SECOND + 1_200
    clock.set_drift(11 * SECOND, 0)
    assert clock.read(20 * SECOND) == 20 * SECOND + 1_200


def test_a_clock_leaps_forward_and_never_back() -> None:
    clock = MemberClock(0)
    clock.step(5)
    assert clock.read(1) == 6
    with pytest.raises(ValueError, match="never goes back"):
        clock.step(-1)
    with pytest.raises(ValueError, match="backwards"):
        clock.set_drift(0, -1_000_000)
