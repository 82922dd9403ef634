"""Kubernetes' times as numbers, beside the calendar of the standard library."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.timestamps import seconds_of

TIMES = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9999, 12, 30))  # noqa: DTZ001 - the strategy adds the zone.


@given(TIMES, st.integers(-12 * 60, 12 * 60))
def test_it_reads_what_the_standard_library_writes(naive: datetime, minutes: int) -> None:
    zoned = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)), microsecond=0)
    assert seconds_of(zoned.isoformat()) == int(zoned.timestamp())
    plain = naive.replace(tzinfo=UTC, microsecond=0)
    assert seconds_of(plain.strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)) == int(plain.timestamp())


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2024-02-29T12:00:00Z", 1_709_208_000),
        ("2024-02-29T12:00:00.999Z", 1_709_208_000),
        ("2000-02-29t00:00:00z", 951_782_400),
        ("1970-01-01T00:00:00+01:00", 0),
        ("2023-02-29T00:00:00Z", None),
        ("2100-02-29T00:00:00Z", None),
        ("2024-13-01T00:00:00Z", None),
        ("2024-00-01T00:00:00Z", None),
        ("2024-04-31T00:00:00Z", None),
        ("2024-01-01T24:00:00Z", None),
        ("2024-01-01T00:60:00Z", None),
        ("1969-12-31T23:59:59Z", None),
        ("2024-01-01T00:00:00", None),
        ("2024-01-01 00:00:00Z", None),
        ("\u0662024-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_what_is_no_time_is_none(stamp: object, seconds: int | None) -> None:
    assert seconds_of(stamp) == seconds
