"""Counting what a record of endpoints holds, by zone: what weights are made of.

A record is counted when it comes in, and what was decoded for that is forgotten: millions of
endpoints are counted when a catalog is taken in, and few are ever read.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from discovery.endpoints import Endpoint, decode_endpoints


class ZoneCount(NamedTuple):
    """Endpoints of one zone: all of them, and those that are ready on a node that is not down."""

    zone: str
    """Empty where the endpoints name none."""
    total: int
    ready: int


Tally: TypeAlias = tuple[ZoneCount, ...]
"""Counts by zone, in the order of the zones' names, each zone once."""

NOBODY: frozenset[str] = frozenset()


def tally_endpoints(data: bytes, what: str, down: frozenset[str] = NOBODY) -> Tally:
    """Return the counts of a record, of which endpoints on the nodes `down` are not ready.

    `what` names the record. Raises `Refused` exactly where `decode_endpoints` does.
    """
    return tally_of(decode_endpoints(data, what).endpoints, down)


def tally_of(endpoints: Iterable[Endpoint], down: frozenset[str] = NOBODY) -> Tally:
    """Return the counts of endpoints that are decoded already."""
    if down:
        pairs = [(each.zone, each.ready and each.node not in down) for each in endpoints]
    else:
        pairs = [(each.zone, each.ready) for each in endpoints]
    counts = Counter(pairs)
    return shared(
        total_tally(
            [(ZoneCount(zone, count, count * ready),) for (zone, ready), count in counts.items()]
        )
    )


def total_tally(tallies: Iterable[Tally]) -> Tally:
    """Return the counts of several records together."""
    totals: dict[str, tuple[int, int]] = {}
    for tally in tallies:
        for zone, total, ready in tally:
            before = totals.get(zone, (0, 0))
            totals[zone] = (before[0] + total, before[1] + ready)
    return tuple(ZoneCount(zone, *totals[zone]) for zone in sorted(totals))


@lru_cache(maxsize=1 << 14)
def shared(tally: Tally) -> Tally:
    """Return the same object for equal counts, mostly: a catalog has few different ones."""
    return tally
