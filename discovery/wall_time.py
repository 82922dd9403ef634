"""Wall time as text and as milliseconds since 1970: the arithmetic of dates, and no clock."""

import re
from dataclasses import dataclass

MS_PER_DAY = 86_400_000

_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?Z"
)
_DAYS_1970 = 719_468
_DAYS_OF_ERA, _YEARS_OF_ERA = 146_097, 400


def read_time(text: str) -> int | None:
    """Return the milliseconds of an RFC 3339 time in UTC such as `2027-01-31T12:00:00Z`.

    None where it is no such time; fractions below a millisecond are cut off.
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(found.group(n)) for n in range(1, 7))
    if hour > 23 or minute > 59 or second > 59 or not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    days = _days(year, month, day)
    if _date(days) != (year, month, day):
        return None
    fraction = int((found.group(7) or "0").ljust(3, "0")[:3])
    return days * MS_PER_DAY + ((hour * 60 + minute) * 60 + second) * 1_000 + fraction


def shown_time(ms: int) -> str:
    """Return a time as people write it, to the second: `2027-01-31T12:00:00Z`."""
    days, rest = divmod(ms, MS_PER_DAY)
    year, month, day = _date(days)
    minutes, second = divmod(rest // 1_000, 60)
    hour, minute = divmod(minutes, 60)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"


# Years are counted from March, so that a leap day is the last of its year, and in eras of 400
# years, after which the calendar of Gregory repeats.


def _days(year: int, month: int, day: int) -> int:
    era, of_era = divmod(year - (month <= 2), _YEARS_OF_ERA)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * _DAYS_OF_ERA + of_era * 365 + of_era // 4 - of_era // 100 + of_year - _DAYS_1970


def _date(days: int) -> tuple[int, int, int]:
    era, of_era = divmod(days + _DAYS_1970, _DAYS_OF_ERA)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    since_march = (5 * of_year + 2) // 153
    month = (since_march + 2) % 12 + 1
    day = of_year - (153 * since_march + 2) // 5 + 1
    return era * _YEARS_OF_ERA + year + (month <= 2), month, day


@dataclass(frozen=True, slots=True)
class WallClockRead:
    """The wall clock showed `wall_ms` (milliseconds since 1970) at this instant."""

    wall_ms: int
