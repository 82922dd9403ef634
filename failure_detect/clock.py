"""Time as plain integers, so that a seed gives the same trace on every machine."""

from typing import TypeAlias

Instant: TypeAlias = int
"""Microseconds since an arbitrary epoch of one process's monotonic clock."""

Duration: TypeAlias = int
"""Microseconds."""

MILLISECOND: Duration = 1_000
SECOND: Duration = 1_000 * MILLISECOND
MINUTE: Duration = 60 * SECOND

NEVER: Instant = 1 << 62
"""A deadline that is never reached: 146,000 years of microseconds."""
