"""Dates are those of the calendar, over all the years that four digits name."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.wall_time import read_time, shown_time

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = st.datetimes(min_value=datetime(1, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds of Hypothesis have no zone.


@given(TIMES)
def test_times_are_read_and_shown_as_the_calendar_has_them(time: datetime) -> None:
    ms = (time - EPOCH) // timedelta(milliseconds=1)
    text = f"{time.year:04}-{time:%m-%dT%H:%M:%S}"
    assert read_time(f"{text}.{time.microsecond:06}Z") == ms
    assert shown_time(ms) == f"{text}Z"
    assert read_time(shown_time(ms)) == ms // 1_000 * 1_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2027-01-01",
        "2027-01-01 00:00:00Z",
        "2027-01-01T00:00:00",
        "2027-01-01T00:00:00+01:00",
        "2027-01-01T24:00:00Z",
        "2027-01-01T00:60:00Z",
        "2027-01-01T00:00:60Z",
        "2027-13-01T00:00:00Z",
        "2027-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2027-04-31T00:00:00Z",
        "2027-00-01T00:00:00Z",
        "2027-01-00T00:00:00Z",
        "2027-01-01T00:00:00Z\n",
        "٢٠٢٧-01-01T00:00:00Z",
    ],
)
def test_what_is_no_time_in_utc_is_none(text: str) -> None:
    assert read_time(text) is None


def test_a_leap_day_every_fourth_century_is_one() -> None:
    assert read_time("2000-02-29T00:00:00Z") == 951_782_400_000
