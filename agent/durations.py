"""Durations as people write them: `15s`, `500ms`, `1h30m`; inside they are microseconds."""

import re

from failure_detect.clock import MILLISECOND, MINUTE, SECOND, Duration

UNITS: dict[str, Duration] = {
    "d": 24 * 60 * MINUTE,
    "h": 60 * MINUTE,
    "m": MINUTE,
    "s": SECOND,
    "ms": MILLISECOND,
    "us": 1,
}
PATTERN = r"^([0-9]{1,9}(\.[0-9]{1,6})?(d|h|ms|us|m|s))+$"
"""What a duration looks like, for schemas."""

DURATION_MAX: Duration = 100 * 365 * UNITS["d"]

_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(d|h|ms|us|m|s)")
_WHOLE = re.compile(PATTERN)


def read_duration(value: object) -> Duration:
    """Return the microseconds of a text such as `1h30m` or `2.5s`; `0` alone needs no unit.

    Raises ValueError, which says what is wrong.
    """
    if value == "0" or (value == 0 and not isinstance(value, bool)):
        return 0
    if not isinstance(value, str) or _WHOLE.fullmatch(value) is None:
        unit = ": a number needs a unit" if isinstance(value, int | float) else ""
        raise ValueError(f"must be a duration such as 15s, 500ms or 1h30m{unit}")
    duration = sum(round(float(number) * UNITS[unit]) for number, unit in _PART.findall(value))
    if duration > DURATION_MAX:
        raise ValueError("must be a hundred years or less")
    return duration


def shown_duration(duration: Duration) -> str:
    """Return a duration as `read_duration` takes it: `1h30m`, `800ms`, `0s`."""
    text, rest = "-" * (duration < 0), abs(duration)
    for unit, size in UNITS.items():
        count, rest = divmod(rest, size)
        if count:
            text += f"{count}{unit}"
    return text if text.lstrip("-") else "0s"
