"""The endpoints of one origin for one service, unpacked on demand, each with its own state."""

from dataclasses import dataclass
from enum import StrEnum

from discovery.endpoints import Endpoint, EndpointPort
from discovery.holdings import records_of
from discovery.names import Origin
from discovery.records import Gateway


class RowState(StrEnum):
    """What an endpoint is in itself, before policies and verdicts."""

    HEALTHY = "healthy"
    """Ready, and its node is not down."""
    NOT_READY = "not-ready"
    """Its origin says so."""
    NODE_DOWN = "node-down"
    """The bridges of its origin say that its node is down."""
    DUPLICATE = "duplicate"
    """The same address and ports stand in another record, or the set has what a guard holds."""
    HELD = "held"
    """Gone from the set, or not ready there, and held by the importer's guard."""


@dataclass(frozen=True, slots=True)
class Row:
    """One endpoint in one record, or one that is held."""

    number: int | None
    """The number of its record; None for what a guard holds."""
    ports: tuple[EndpointPort, ...]
    endpoint: Endpoint
    state: RowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """All that one origin has of a service, packed: a snapshot that nothing changes."""

    origin: Origin
    numbers: tuple[int, ...]
    values: tuple[bytes, ...]
    down: frozenset[str]
    held: tuple[Endpoint, ...] = ()
    held_ports: tuple[EndpointPort, ...] = ()
    held_why: str = ""
    gateways: tuple[Gateway, ...] = ()


def rows_of(source: Source) -> list[Row]:
    """Return every endpoint of `source` once for each record that it stands in, then the held."""
    rows: list[Row] = []
    healthy: set[tuple[str, tuple[EndpointPort, ...]]] = set()
    for number, record in records_of(source.numbers, source.values):
        for endpoint in record.endpoints:
            state = _state(endpoint, source.down)
            if state is RowState.HEALTHY:
                key = (endpoint.address, record.ports)
                state = RowState.DUPLICATE if key in healthy else state
                healthy.add(key)
            rows.append(Row(number, record.ports, endpoint, state))
    used = {address for address, _ in healthy}
    for endpoint in source.held:
        state = RowState.HELD if endpoint.ready else RowState.NOT_READY
        state = RowState.DUPLICATE if endpoint.address in used else state
        used.add(endpoint.address)
        rows.append(Row(None, source.held_ports, endpoint, state))
    return rows


def _state(endpoint: Endpoint, down: frozenset[str]) -> RowState:
    if not endpoint.ready:
        return RowState.NOT_READY
    return RowState.NODE_DOWN if endpoint.node in down else RowState.HEALTHY
