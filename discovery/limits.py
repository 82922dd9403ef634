"""What anybody can make this bridge hold: every bound of the catalog in one place."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from failure_detect.validation import ConfigError, number_fault


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLimits:
    """How many earlier sets of an origin are kept, to answer with differences."""

    versions: int = 32
    """Most earlier sets of one origin. More serves peers that lag further by a delta."""

    spare_bytes: int = 262_144
    """Earlier sets may cost so many bytes beyond their origin's own size; what differs counts, and
    128 bytes for each record of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogLimits:
    """Over a limit a set is refused whole, and the last good one kept (design, section 4)."""

    origins: int = 1_024
    """Trusted origins, beside our own, whose set or floor is held: twice the 500 clusters that this
    is made for."""

    strangers: int = 4_096
    """Origins whose floor is held although they are not trusted (any more): a megabyte. Fewer
    forget sooner how far a cluster was that may be trusted again one day."""

    records: int = 65_536
    """Records of one origin: a million endpoints."""

    origin_bytes: int = 64 << 20
    """Bytes of one origin's records, keys included."""

    total_bytes: int = 512 << 20
    """Bytes of all records of others, keys included. Earlier sets cost at most as much again, and
    our own set comes on top: up to `origin_bytes`."""

    total_records: int = 4 << 20
    """Records of all other origins: each costs some 250 bytes beyond its own."""

    history: HistoryLimits = HistoryLimits()

    def __post_init__(self) -> None:
        """Raise an `ExceptionGroup` of `ConfigError`, one for each fault."""
        found = list(_faults(self))
        if found:
            raise ExceptionGroup("invalid limits of the catalog", found)


def _faults(limits: CatalogLimits) -> Iterator[ConfigError]:
    numbers_are_good = True
    for section, part in (("limits", limits), ("limits.history", limits.history)):
        for each in fields(part):
            value: object = getattr(part, each.name)
            fault = None if value is limits.history else number_fault(each.name, value)
            if fault is not None:
                numbers_are_good = False
                yield ConfigError(f"$.{section}.{each.name}", fault)
    if not numbers_are_good:
        return
    if limits.origin_bytes > limits.total_bytes:
        yield ConfigError("$.limits.origin_bytes", "must not exceed $.limits.total_bytes")
    if limits.records > limits.total_records:
        yield ConfigError("$.limits.records", "must not exceed $.limits.total_records")
