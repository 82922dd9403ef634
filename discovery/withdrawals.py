"""Which endpoints come and go between two sets of one origin, for the importer's guard.

An endpoint that is not ready any more counts as gone, and one that is ready again as come: a
control plane that marks all of them unready withdraws as much as one that deletes them. What only
moves from record to record has not moved.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from discovery.endpoints import Endpoint, count_endpoints, decode_endpoints
from discovery.keys import Kind, parse_key
from discovery.names import ServiceName
from discovery.recordset import Change, RecordSet
from discovery.refusals import Refused
from failure_detect.identity import NodeName

_Key = tuple[ServiceName, str]
ByService = dict[ServiceName, tuple[Endpoint, ...]]


@dataclass(frozen=True, slots=True)
class EndpointChanges:
    """What came and went, by service."""

    removed: ByService
    added: ByService
    growth: int
    """By how many endpoints `ready_count` of the set grew."""


def endpoint_changes(changes: Iterable[Change]) -> EndpointChanges:
    """Return what these changes bring and withdraw.

    Where a record is malformed, before or after, nothing came or went: the last good one stays in
    force. Only `growth` counts it as it is, so that sums of it are what `ready_count` says.
    """
    before: dict[_Key, Endpoint] = {}
    after: dict[_Key, Endpoint] = {}
    growth = 0
    for change in changes:
        old, new = _ready(change.key, change.before), _ready(change.key, change.after)
        growth += _ready_count(change.key, change.after) - _ready_count(change.key, change.before)
        if old is not None and new is not None:
            before.update(old)
            after.update(new)
    removed = [(key, endpoint) for key, endpoint in before.items() if key not in after]
    added = [(key, endpoint) for key, endpoint in after.items() if key not in before]
    return EndpointChanges(by_service(removed), by_service(added), growth)


def first_endpoints(changes: Iterable[Change]) -> EndpointChanges:
    """Return what an origin's first set brings: only how many, since nobody waits for any of them.

    A set of thousands is counted in a fraction of the time that reading its endpoints takes.
    """
    return EndpointChanges({}, {}, sum(_ready_count(each.key, each.after) for each in changes))


def _ready_count(key: bytes, value: bytes | None) -> int:
    """Return how many ready endpoints a record seems to have: sums of it never drift."""
    try:
        if value is None or parse_key(key).kind is not Kind.ENDPOINTS:
            return 0
        return count_endpoints(value, key.decode()).ready
    except Refused:
        return 0


def _ready(key: bytes, value: bytes | None) -> dict[_Key, Endpoint] | None:
    """Return the ready endpoints of a record; nothing of other kinds; None where malformed."""
    if value is None:
        return {}
    try:
        parsed = parse_key(key)
        if parsed.kind is not Kind.ENDPOINTS or parsed.service is None:
            return {}
        record = decode_endpoints(value, key.decode())
    except Refused:
        return None
    return {(parsed.service, each.address): each for each in record.endpoints if each.ready}


def endpoints_on(records: RecordSet, nodes: Iterable[NodeName]) -> ByService:
    """Return the ready endpoints of a set that are on one of these nodes, by service."""
    names = frozenset(nodes)
    words = [name.encode() for name in sorted(names)]
    found = [
        (key, endpoint) for key, endpoint in _all_ready(records, words) if endpoint.node in names
    ]
    return by_service(found)


def _all_ready(records: RecordSet, words: list[bytes]) -> Iterator[tuple[_Key, Endpoint]]:
    for key, value in records:
        # Reading a record costs a hundred times as much as seeing that it names none of them.
        if any(word in value for word in words):
            yield from (_ready(key, value) or {}).items()


def ready_count(records: RecordSet) -> int:
    """Return how many ready endpoints a set has."""
    return sum(_ready_count(key, value) for key, value in records)


def by_service(entries: Iterable[tuple[_Key, Endpoint]]) -> ByService:
    """Return endpoints by their service, in the order in which they come."""
    grouped: dict[ServiceName, list[Endpoint]] = {}
    for (service, _), endpoint in entries:
        grouped.setdefault(service, []).append(endpoint)
    return {service: tuple(found) for service, found in grouped.items()}
