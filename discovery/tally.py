"""Counting what a record of endpoints holds, by zone: what weights are made of.

Millions of endpoints are counted when a catalog is taken in, and few are ever read; so a record
is checked as strictly as `decode_endpoints` checks it, and nothing is built but the counts. What
looks unusual is left to `decode_endpoints`, whose word is final.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from discovery.endpoints import (
    ENDPOINT_RECORD_BYTES_MAX,
    ENDPOINTS_MAX,
    Endpoint,
    decode_endpoints,
    is_zone,
    read_ports,
)
from discovery.fields import Fields
from discovery.names import is_subdomain

_READY = 1
_ADDRESS_BYTES = {4, 16}
_PLACES = {int, type(None)}


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
    fields = Fields(what, data, ENDPOINT_RECORD_BYTES_MAX)
    zones = fields.value("z") if fields.has("z") else ()
    counted = None
    if isinstance(zones, tuple) and len(zones) <= ENDPOINTS_MAX and all(map(_is_plain, zones)):
        counted = _counted(fields.sequence("e", most=ENDPOINTS_MAX), zones, down)
    if counted is None:
        return tally_of(decode_endpoints(data, what).endpoints, down)
    read_ports(fields)
    return shared(counted)


def _counted(
    endpoints: tuple[object, ...], zones: Sequence[str], down: frozenset[str]
) -> Tally | None:
    # By columns, for speed. None where a row is anything but the plain four fields in bounds.
    if not all(type(each) is tuple and len(each) == 4 for each in endpoints):
        return None
    if not endpoints:
        return ()
    addresses, flags, nodes, places = zip(*endpoints, strict=True)
    if not (_are_plain(addresses, flags, nodes) and set(map(type, places)) <= _PLACES):
        return None
    if not all(place is None or 0 <= place < len(zones) for place in set(places)):
        return None
    if down and not down.isdisjoint(nodes):
        pairs = zip(flags, nodes, strict=True)
        flags = tuple(flag & ~_READY if node in down else flag for flag, node in pairs)
    counts = Counter(zip(places, flags, strict=True))
    return _by_zone(
        ("" if place is None else zones[place], count, count * (flag & _READY))
        for (place, flag), count in counts.items()
    )


def _are_plain(
    addresses: Sequence[object], flags: Sequence[object], nodes: Sequence[object]
) -> bool:
    if not (_all_are(bytes, addresses) and _all_are(int, flags) and _all_are(str, nodes)):
        return False
    different = {each for each in addresses if isinstance(each, bytes)}
    if len(different) < len(addresses) or not set(map(len, different)) <= _ADDRESS_BYTES:
        return False
    return all(map(_is_node, set(nodes)))


def _all_are(kind: type, values: Iterable[object]) -> bool:
    return set(map(type, values)) == {kind}


def _by_zone(rows: Iterable[tuple[str, int, int]]) -> Tally:
    counts: dict[str, tuple[int, int]] = {}
    for zone, total, ready in rows:
        if total:
            so_far = counts.get(zone, (0, 0))
            counts[zone] = (so_far[0] + total, so_far[1] + ready)
    return tuple(ZoneCount(zone, *counts[zone]) for zone in sorted(counts))


def tally_of(endpoints: Iterable[Endpoint], down: frozenset[str] = NOBODY) -> Tally:
    """Return the counts of endpoints that are decoded already."""
    return shared(
        _by_zone(
            (endpoint.zone, 1, int(endpoint.ready and endpoint.node not in down))
            for endpoint in endpoints
        )
    )


def total_tally(tallies: Iterable[Tally]) -> Tally:
    """Return the counts of several records together."""
    return _by_zone(count for tally in tallies for count in tally)


@lru_cache(maxsize=1 << 14)
def shared(tally: Tally) -> Tally:
    """Return the same object for equal counts, mostly: a catalog has few different ones."""
    return tally


def _is_plain(zone: object) -> bool:
    return type(zone) is str and _is_zone(zone)


@lru_cache(maxsize=1 << 12)
def _is_zone(zone: str) -> bool:
    return is_zone(zone)


@lru_cache(maxsize=1 << 16)
def _is_node(node: str) -> bool:
    return not node or is_subdomain(node)
