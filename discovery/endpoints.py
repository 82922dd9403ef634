"""Endpoints, sixteen at most to a record: addresses, conditions, node, zone.

A record is a packed map {p: ports, z: zones, e: endpoints}. A port is [name, port, protocol]. An
endpoint is [address, flags, node, zone, hostname]: the address as 4 or 16 bytes, flags of ready
(1), serving (2) and terminating (4), the zone as an index into `z`. What a later version appends
to an endpoint or a port is ignored here, and kept by those who pass the bytes on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from discovery.fields import Fields, packed
from discovery.names import is_label, is_subdomain
from failure_detect.packing import Packable

ENDPOINTS_MAX = 16
"""Endpoints in one record: few enough for a datagram, enough to share what they have in common."""

ENDPOINT_RECORD_BYTES_MAX = 8_192
PORTS_MAX = 100
"""As many as an EndpointSlice may have."""

PROTOCOLS = ("TCP", "UDP", "SCTP")

_READY, _SERVING, _TERMINATING = 1, 2, 4


@dataclass(frozen=True, slots=True, order=True)
class EndpointPort:
    """A port that the endpoints of a record listen on; `name` is the Service's for it."""

    name: str
    port: int
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """One address behind a service, as an EndpointSlice describes it."""

    address: str
    """IPv4 or IPv6, in its canonical form."""
    ready: bool = True
    serving: bool = True
    terminating: bool = False
    node: str = ""
    """The node's name, or empty."""
    zone: str = ""
    hostname: str = ""


@dataclass(frozen=True, slots=True)
class EndpointRecord:
    """One record: endpoints that listen on the same ports."""

    ports: tuple[EndpointPort, ...]
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class EndpointCounts:
    """How many endpoints a record has, and how many of them are ready."""

    total: int
    ready: int


def encode_endpoints(record: EndpointRecord) -> bytes:
    """Return a record as bytes; equal records give equal bytes.

    Raises ValueError for an address that is none, and for more than 16 endpoints.
    """
    if len(record.endpoints) > ENDPOINTS_MAX:
        raise ValueError(f"endpoints: {len(record.endpoints)}, at most {ENDPOINTS_MAX}")
    zones = sorted({endpoint.zone for endpoint in record.endpoints} - {""})
    return packed(
        {
            "p": [[port.name, port.port, port.protocol] for port in record.ports],
            "z": list(zones) or None,
            "e": [_packed_endpoint(endpoint, zones) for endpoint in record.endpoints],
        }
    )


def _packed_endpoint(endpoint: Endpoint, zones: Sequence[str]) -> list[Packable]:
    flags = (
        endpoint.ready * _READY + endpoint.serving * _SERVING + endpoint.terminating * _TERMINATING
    )
    zone = zones.index(endpoint.zone) if endpoint.zone else None
    fields: list[Packable] = [ip_address(endpoint.address).packed, flags, endpoint.node, zone]
    return [*fields, endpoint.hostname] if endpoint.hostname else fields


def decode_endpoints(data: bytes, what: str) -> EndpointRecord:
    """Return the record in `data`; `what` names it. Raises `Refused`, whole, for all else."""
    fields = Fields(what, data, ENDPOINT_RECORD_BYTES_MAX)
    zones = fields.texts("z", most=ENDPOINTS_MAX)
    if not all(map(is_zone, zones)):
        raise fields.refuse("z", "must be an array of label values")
    endpoints = [
        _endpoint(fields, each, zones) for each in fields.sequence("e", most=ENDPOINTS_MAX)
    ]
    if len({endpoint.address for endpoint in endpoints}) < len(endpoints):
        raise fields.refuse("e", "must not have one address twice")
    return EndpointRecord(read_ports(fields), tuple(endpoints))


def count_endpoints(data: bytes, what: str) -> EndpointCounts:
    """Return how many endpoints are in `data` and how many are ready, at a fraction of the cost.

    Raises `Refused` where the record is malformed in a way that counting notices.
    """
    fields = Fields(what, data, ENDPOINT_RECORD_BYTES_MAX)
    endpoints = fields.sequence("e", most=ENDPOINTS_MAX)
    ready = 0
    for each in endpoints:
        match each:
            case (bytes(), int() as flags, *_):
                ready += flags & _READY
            case _:
                raise fields.refuse("e", "must be arrays of an address and flags")
    return EndpointCounts(len(endpoints), ready)


def read_ports(fields: Fields) -> tuple[EndpointPort, ...]:
    """Return the field `p` of a record: ports by name, each name and each number once."""
    ports = []
    for each in fields.sequence("p", most=PORTS_MAX):
        match each:
            case (str() as name, int() as port, str() as protocol, *_) if (
                not isinstance(port, bool) and 1 <= port <= 65_535 and protocol in PROTOCOLS
            ):
                if name and not is_label(name):
                    raise fields.refuse("p", f"has the name {name[:80]!r}, which is no label")
                ports.append(EndpointPort(name, port, protocol))
            case _:
                raise fields.refuse("p", "must be arrays of a name, a port and a protocol")
    if len({port.name for port in ports}) < len(ports):
        raise fields.refuse("p", "must not have one name twice")
    return tuple(ports)


def _endpoint(fields: Fields, each: object, zones: Sequence[str]) -> Endpoint:
    match each:
        case (bytes() as address, int() as flags, str() as node, (int() | None) as zone, *more):
            pass
        case _:
            raise fields.refuse("e", "must be arrays of address, flags, node and zone")
    if len(address) not in (4, 16):
        raise fields.refuse("e", "has an address that is neither 4 nor 16 bytes")
    if node and not is_subdomain(node):
        raise fields.refuse("e", f"has the node {node[:80]!r}, which is no name")
    if zone is not None and not 0 <= zone < len(zones):
        raise fields.refuse("e", "has a zone that is not listed")
    hostname = more[0] if more else ""
    if not isinstance(hostname, str) or (hostname and not is_label(hostname)):
        raise fields.refuse("e", "has a hostname that is no label")
    return Endpoint(
        address=shown_address(address),
        ready=bool(flags & _READY),
        serving=bool(flags & _SERVING),
        terminating=bool(flags & _TERMINATING),
        node=node,
        zone="" if zone is None else zones[zone],
        hostname=hostname,
    )


def shown_address(address: bytes) -> str:
    """Return 4 or 16 bytes as people write an address."""
    if len(address) == 4:  # Three million of them are read at once: `ip_address` takes ten times.
        return "%d.%d.%d.%d" % tuple(address)  # noqa: UP031 - the quickest way to say it.
    return str(ip_address(address))


def is_zone(text: str) -> bool:
    """Tell whether `text` can be the value of a zone or region label."""
    return 0 < len(text) <= 63 and all(
        char.isascii() and (char.isalnum() or char in "-_.") for char in text
    )


def counts_of(endpoints: Iterable[Endpoint]) -> EndpointCounts:
    """Return the counts of endpoints that are decoded already."""
    flags = [endpoint.ready for endpoint in endpoints]
    return EndpointCounts(len(flags), sum(flags))
