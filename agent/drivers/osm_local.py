"""What is here of a service already, and what OSM makes of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.drivers.osm_objects import (
    ALIAS,
    PODS_LABEL,
    Listed,
    Port,
    endpoints_key,
    protocol_of,
    role_of,
    service_key,
    subsets_of,
)
from agent.drivers.plan import owner_of
from agent.mirror import Mirror
from agent.objects import Document, integer_at, list_at, map_at, text_at
from discovery.names import ServiceName


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalService:
    """A Service that is not ours."""

    ports: tuple[Port, ...]
    """Those of TCP, by number."""
    ready_ports: frozenset[int]
    """Where at least one ready address listens."""
    is_stuck: bool
    """Whether OSM would keep it as a leaf with nobody behind it: only unready addresses (2e)."""
    selector: tuple[tuple[str, str], ...]
    unusable: str
    """Why it cannot be split, in words; empty: it can."""


def local_service(mirror: Mirror, name: ServiceName) -> LocalService | None:
    """Return the Service of that name, None where there is none, or ours."""
    document = mirror.get(service_key(name))
    if document is None or is_written_by_us(name, document):
        return None
    ports = tuple(sorted(tcp_ports(document)))
    subsets = subsets_of(mirror.get(endpoints_key(name)))
    ready = {port.number for port in ports if _is_ready(port, subsets)}
    listed = {port.number for port in ports if _number(port, subsets)}
    return LocalService(
        ports=ports,
        ready_ports=frozenset(ready),
        is_stuck=bool(listed) and not ready,
        selector=selector_of(document),
        unusable=_unusable(document, ports),
    )


def is_written_by_us(name: ServiceName, document: Document) -> bool:
    """Tell whether a Service is ours to change: our marks, and no selector that others gave it."""
    if owner_of(service_key(name), document) is None:
        return False
    return role_of(document) == ALIAS or set(map_at(document, "spec", "selector")) <= {PODS_LABEL}


def tcp_ports(document: Document) -> Iterator[Port]:
    """Give the TCP ports of a Service, as OSM understands them."""
    for each in list_at(document, "spec", "ports"):
        number = integer_at(each, "port")
        if number and (text_at(each, "protocol") or "TCP") == "TCP":
            name = text_at(each, "name")
            yield Port(number, name, protocol_of(text_at(each, "appProtocol"), name))


def selector_of(document: Document) -> tuple[tuple[str, str], ...]:
    """Return the selector of a Service, by label."""
    return tuple(sorted((key, str(v)) for key, v in map_at(document, "spec", "selector").items()))


def _number(port: Port, subsets: tuple[Listed, ...]) -> int:
    found = (number for each in subsets for name, number in each.ports if name == port.name)
    return next(found, 0)


def _is_ready(port: Port, subsets: tuple[Listed, ...]) -> bool:
    number = _number(port, subsets)
    return any(
        each.is_ready and any(theirs == number for _, theirs in each.ports)
        for each in subsets
        if number
    )


def _unusable(document: Document, ports: tuple[Port, ...]) -> str:
    if text_at(document, "spec", "type") == "ExternalName":
        return "it is of type ExternalName"
    if text_at(document, "spec", "clusterIP") == "None":
        return "it is headless"
    return "" if ports else "it has no TCP port"
