"""How often the ways to other clusters are tried, each number with what it trades.

All faults are raised together, each with its path (`$.paths.tries: must be 1 or more`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from failure_detect.clock import MILLISECOND, SECOND, Duration
from failure_detect.validation import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPathConfig:
    """What a data path can be told. Durations are microseconds."""

    every: Duration = 30 * SECOND
    """How often an open path is tried, by a quarter more or less. A path that shuts is noticed so
    much later, at most; `path_fresh` of the verdicts should be twice as long."""

    again: Duration = 10 * SECOND
    """How often a shut one is, by a quarter more or less: so long it stays in the last tier after
    it has opened. Must not exceed `every`."""

    gap: Duration = 100 * MILLISECOND
    """Least pause between two connections, of all clusters together. With 511 clusters each is
    tried every 51 s at best."""

    timeout: Duration = 2 * SECOND
    """How long a connection may take. Above the slowest round trip, lost packets included."""

    tries: int = 3
    """So many in a row, to as many targets as there are, must be silent before a path is shut.
    Fewer take a dead endpoint or two for a dead path, more notice later."""

    origins_max: int = 1_024
    """Clusters whose paths are tried; more are ignored, and counted."""

    def __post_init__(self) -> None:
        """Raise an `ExceptionGroup` of `ConfigError`, one for each fault."""
        found = list(_faults(self))
        if found:
            raise ExceptionGroup("invalid configuration of data paths", found)


def _faults(config: DataPathConfig) -> Iterator[ConfigError]:
    numbers_are_good = True
    for each in fields(config):
        value: object = getattr(config, each.name)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 1 << 53:
            numbers_are_good = False
            yield ConfigError(f"$.paths.{each.name}", f"must be 1 or more, is {value!r}")
    if numbers_are_good and config.again > config.every:
        yield ConfigError("$.paths.again", "must not exceed $.paths.every")
