"""What anybody can make this bridge hold: every bound of the catalog in one place."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from failure_detect.validation import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLimits:
    """How many earlier sets of an origin are kept, to answer with differences."""

    versions: int = 32
    """Most earlier sets of one origin. More serves peers that lag further by a delta."""

    spare_bytes: int = 262_144
    """Earlier sets may cost so many bytes beyond their origin's own size (what differs counts)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogLimits:
    """Over a limit a set is refused whole, and the last good one kept (design, section 4)."""

    origins: int = 1_024
    """Origins whose set or floor is held: twice the 500 clusters that this is made for."""

    records: int = 65_536
    """Records of one origin: a million endpoints."""

    origin_bytes: int = 64 << 20
    """Bytes of one origin's records, keys included."""

    total_bytes: int = 512 << 20
    """Bytes of all records."""

    history: HistoryLimits = HistoryLimits()

    def __post_init__(self) -> None:
        """Raise an `ExceptionGroup` of `ConfigError`, one for each fault."""
        found = list(_faults(self))
        if found:
            raise ExceptionGroup("invalid limits of the catalog", found)


def _faults(limits: CatalogLimits) -> Iterator[ConfigError]:
    for section, part in (("limits", limits), ("limits.history", limits.history)):
        for each in fields(part):
            value: object = getattr(part, each.name)
            if each.name != "history" and (
                not isinstance(value, int) or isinstance(value, bool) or value < 1
            ):
                yield ConfigError(f"$.{section}.{each.name}", f"must be 1 or more, is {value!r}")
    if limits.origin_bytes > limits.total_bytes:
        yield ConfigError("$.limits.origin_bytes", "must not exceed $.limits.total_bytes")
