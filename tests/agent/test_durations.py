"""Durations have units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.durations import DURATION_MAX, read_duration, shown_duration
from failure_detect.clock import MINUTE, SECOND


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("15s", 15 * SECOND),
        ("500ms", 500_000),
        ("1h30m", 90 * MINUTE),
        ("2.5s", 2_500_000),
        ("1d", 24 * 60 * MINUTE),
        ("7us", 7),
        ("0s", 0),
        ("0", 0),
        (0, 0),
    ],
)
def test_a_duration_has_a_unit(text: object, duration: int) -> None:
    assert read_duration(text) == duration


@pytest.mark.parametrize("text", ["", "15", 15, 1.5, "s", "-3s", "3 s", "1x", None, True, "9" * 99])
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="must be a duration such as 15s"):
        read_duration(text)


def test_a_number_is_told_that_it_lacks_a_unit() -> None:
    with pytest.raises(ValueError, match="a number needs a unit"):
        read_duration(15)


def test_a_duration_has_an_end() -> None:
    with pytest.raises(ValueError, match="a hundred years"):
        read_duration("999999999d")


@given(st.integers(0, DURATION_MAX))
def test_what_is_shown_reads_back(duration: int) -> None:
    assert read_duration(shown_duration(duration)) == duration


def test_it_is_shown_as_people_write_it() -> None:
    shown = [shown_duration(each) for each in (0, 800_000, 90 * MINUTE, 2_500_000, -SECOND)]
    assert shown == ["0s", "800ms", "1h30m", "2s500ms", "-1s"]
