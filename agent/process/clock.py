"""The one place that reads clocks."""

import time

from failure_detect.clock import Instant

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Counts while the machine sleeps, where there is such a clock: a lease is over all the same."""


def now() -> Instant:
    """Return the monotonic clock of this machine (us)."""
    return time.clock_gettime_ns(_CLOCK) // 1_000


def wall_ms() -> int:
    """Return what the wall clock shows (ms since 1970)."""
    return time.time_ns() // 1_000_000
