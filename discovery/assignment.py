"""Which record of a service holds which endpoint.

Rule 1: an endpoint keeps its record for as long as it lives, so one change touches one record.
Rule 2: what is assigned is what the records say; a publisher that was restarted or replaced reads
it from the set that it finds and goes on. Rule 3: a record holds endpoints that listen on the same
ports, by address, at most as many as fit; one that is empty is gone. Rule 4: of one tuple of ports
there are at most `records_max` records. Only where endpoints have left so many gaps that there
would be more, the two emptiest are made one, which always fits and touches these two.

Rule 4 costs little: whoever removes m endpoints touches at most about m / 4 + 4 records by it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from heapq import heapify, heappop, heappush
from ipaddress import ip_address
from typing import TypeAlias

from discovery.endpoints import (
    ENDPOINT_RECORD_BYTES_MAX,
    ENDPOINTS_MAX,
    Endpoint,
    EndpointPort,
    EndpointRecord,
)

Ports: TypeAlias = tuple[EndpointPort, ...]

Placement: TypeAlias = Mapping[int, EndpointRecord]
"""The records of one service by their numbers; endpoints are in the order of their addresses."""

_ENDPOINT_BYTES_MAX = 420
"""What one endpoint costs with the longest names: IPv6, node 253, hostname and zone 63 each."""

_PORT_BYTES = 16
"""What a port costs beside its name."""


def capacity(ports: Ports) -> int:
    """Return how many endpoints a record with these ports takes: 16 but for very many ports."""
    left = ENDPOINT_RECORD_BYTES_MAX - 64
    left -= sum(len(port.name.encode(errors="replace")) + _PORT_BYTES for port in ports)
    return max(1, min(ENDPOINTS_MAX, left // _ENDPOINT_BYTES_MAX))


def records_max(count: int, ports: Ports) -> int:
    """Return how many records `count` endpoints may take: one more than twice what they need."""
    return 2 * -(-count // capacity(ports)) + 1


def count_placed(placement: Placement) -> int:
    """Return how many endpoints there are."""
    return sum(len(record.endpoints) for record in placement.values())


def placed(
    held: Placement, wanted: Mapping[Ports, Iterable[Endpoint]]
) -> dict[int, EndpointRecord]:
    """Return the records that hold exactly `wanted`, going on from those that there are.

    Records that stay as they are come back as the same objects. New endpoints go to records that
    are touched anyhow, then to the lowest number that has room, then to the lowest free number.
    Of two endpoints with the same ports and address the one in better condition counts. Raises
    ValueError for an address that is none. Costs what the service has, once.
    """
    waiting = _waiting(held, wanted)
    placement: dict[int, EndpointRecord] = {}
    touched: set[int] = set()
    for number in sorted(held):
        record = held[number]
        mine = waiting.get(record.ports, {})
        kept = tuple(mine.pop(each.address) for each in record.endpoints if each.address in mine)
        if kept != record.endpoints:
            touched.add(number)
            record = replace(record, endpoints=kept)
        if kept:
            placement[number] = record
    for ports in sorted(ports for ports, endpoints in waiting.items() if endpoints):
        _add(placement, ports, waiting[ports], touched)
    _compact(placement)
    return placement


def with_vanished(
    held: Placement, wanted: Mapping[Ports, Iterable[Endpoint]]
) -> dict[Ports, list[Endpoint]]:
    """Return `wanted`, and what is held and not in it as it was: additions and no withdrawals."""
    both = {ports: list(each.values()) for ports, each in _waiting(held, wanted).items()}
    for record in held.values():
        listed = both.setdefault(record.ports, [])
        there = {each.address for each in listed}
        listed.extend(each for each in record.endpoints if each.address not in there)
    return both


def _waiting(
    held: Placement, wanted: Mapping[Ports, Iterable[Endpoint]]
) -> dict[Ports, dict[str, Endpoint]]:
    """Return the endpoints by ports and address, all in their canonical form."""
    known = {each.address for record in held.values() for each in record.endpoints}
    waiting: dict[Ports, dict[str, Endpoint]] = {}
    for ports, endpoints in wanted.items():
        mine = waiting.setdefault(tuple(sorted(ports)), {})
        for endpoint in endpoints:
            each = endpoint if endpoint.address in known else _canonical(endpoint)
            other = mine.setdefault(each.address, each)
            if other is not each and _condition(other) < _condition(each):
                mine[each.address] = each
    return waiting


def _canonical(endpoint: Endpoint) -> Endpoint:
    address = str(ip_address(endpoint.address))
    return endpoint if address == endpoint.address else replace(endpoint, address=address)


def _condition(endpoint: Endpoint) -> tuple[bool, bool, bool, Endpoint]:
    return endpoint.ready, endpoint.serving, not endpoint.terminating, endpoint


def _add(
    placement: dict[int, EndpointRecord],
    ports: Ports,
    endpoints: Mapping[str, Endpoint],
    touched: set[int],
) -> None:
    most = capacity(ports)
    roomy = sorted(
        (number not in touched, number)
        for number, record in placement.items()
        if len(record.endpoints) < most and record.ports == ports
    )
    coming = [endpoints[address] for address in sorted(endpoints)]
    for _, number in roomy:
        there = placement[number].endpoints
        room, coming = coming[: most - len(there)], coming[most - len(there) :]
        if room:
            placement[number] = EndpointRecord(ports, _by_address((*there, *room)))
    number = 0
    for start in range(0, len(coming), most):
        while number in placement:
            number += 1
        placement[number] = EndpointRecord(ports, _by_address(coming[start : start + most]))


def _by_address(endpoints: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    return tuple(sorted(endpoints, key=lambda endpoint: endpoint.address))


def _compact(placement: dict[int, EndpointRecord]) -> None:
    by_ports: dict[Ports, list[tuple[int, int]]] = {}
    for number, record in placement.items():
        by_ports.setdefault(record.ports, []).append((len(record.endpoints), number))
    for ports, sizes in by_ports.items():
        most = records_max(sum(size for size, _ in sizes), ports)
        if len(sizes) > most:
            heapify(sizes)
        while len(sizes) > most:
            (less, first), (more, second) = heappop(sizes), heappop(sizes)
            # The fuller one stays, and of two alike the lower number.
            stays, goes = (first, second) if less == more else (second, first)
            moved = placement.pop(goes).endpoints
            joined = _by_address((*placement[stays].endpoints, *moved))
            placement[stays] = EndpointRecord(ports, joined)
            heappush(sizes, (less + more, stays))
