"""Wall-clock times as Kubernetes writes them, read without a clock or a calendar library."""

import re

_RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:[Zz]|([-+])(\d\d):(\d\d))",
    re.ASCII,
)
_DAYS_BEFORE_1970 = 719_468
_DAYS_OF_400_YEARS = 146_097


def seconds_of(stamp: object) -> int | None:
    """Return an RFC 3339 time in seconds since 1970, fractions cut off; None for all else."""
    found = _RFC_3339.fullmatch(stamp) if isinstance(stamp, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(found[at]) for at in range(1, 7))
    if not (1 <= month <= 12 and 1 <= day <= _days_in(year, month)):
        return None
    if hour > 23 or minute > 59 or second > 60 or year < 1970:
        return None
    offset = 0
    if found[7]:
        offset = int(found[8]) * 3_600 + int(found[9]) * 60
        offset = offset if found[7] == "+" else -offset
    seconds = _days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
    return max(0, seconds - offset)


def _days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _days_since_1970(year: int, month: int, day: int) -> int:
    # Years that begin in March, so that a leap day is the last of its year.
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month - 3) % 12) + 2) // 5 + day - 1
    of_era = of_era * 365 + of_era // 4 - of_era // 100 + of_year
    return era * _DAYS_OF_400_YEARS + of_era - _DAYS_BEFORE_1970
