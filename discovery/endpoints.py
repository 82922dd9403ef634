"""Endpoints, sixteen at most to a record: addresses, conditions, node, zone.

A record is a packed map {p: ports, z: zones, e: endpoints}. A port is [name, port, protocol]. An
endpoint is [address, flags, node, zone, hostname]: the address as 4 or 16 bytes, flags of ready
(1), serving (2) and terminating (4), the zone as an index into `z`. What a later version appends
to an endpoint or a port, and flags that it adds, are ignored here, and kept by those who pass the
bytes on.

An address has one spelling and can be that of a pod: none that means this host's link, a group, or
nothing at all, and no IPv4 in the form of IPv6. Loopback is let be, for clusters that live on one
machine.

Three million endpoints are read when an agent starts: what is usual is checked in a few steps, and
names that come again are checked once.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import fields as fields_of
from functools import lru_cache
from ipaddress import ip_address

from discovery.fields import Fields, packed, proven
from discovery.names import is_label, is_subdomain
from discovery.refusals import Refused
from failure_detect.packing import Packable

ENDPOINTS_MAX = 16
"""Endpoints in one record: few enough for a datagram, enough to share what they have in common."""

ENDPOINT_RECORD_BYTES_MAX = 8_192
"""Sixteen endpoints with the longest names, or a hundred ports with theirs: not both at once."""

PORTS_MAX = 100
"""As many as an EndpointSlice may have."""

PROTOCOLS = ("TCP", "UDP", "SCTP")

_READY, _SERVING, _TERMINATING = 1, 2, 4
_CONDITIONS = tuple(
    (bool(flags & _READY), bool(flags & _SERVING), bool(flags & _TERMINATING)) for flags in range(8)
)
_CONDITION_BITS = len(_CONDITIONS) - 1

_FIELDS = 4
_ENTRY = "must be arrays of address, flags, node and zone"

_ZONE = re.compile(r"[-A-Za-z0-9_.]{1,63}")
_LINK_LOCAL = bytes((169, 254))
_IPV4_IN_IPV6 = bytes(10) + b"\xff\xff"
_SUSPECT = frozenset((0, 169, *range(224, 240), 0xFE, 0xFF))
"""First bytes of addresses that may be no pod's."""

_NAMES_REMEMBERED = 1 << 14
_RECORDS_REMEMBERED = 1 << 10
"""A set of 16,000 endpoints: 16 MiB of the largest records, mostly a hundredth of that."""


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


# How a frozen class fills its own slots, without looking each of them up by name again: an endpoint
# is made in half of the time, and a record of sixteen is read in three quarters.
_blank = object.__new__
_set_address, _set_ready, _set_serving, _set_terminating, _set_node, _set_zone, _set_hostname = (
    getattr(Endpoint, each.name).__set__ for each in fields_of(Endpoint)
)


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

    An address in a longer spelling becomes canonical. Raises ValueError, which says what is
    wrong, for whatever `decode_endpoints` would refuse.
    """
    zones = sorted({endpoint.zone for endpoint in record.endpoints} - {""})
    data = packed(
        {
            "p": [[port.name, port.port, port.protocol] for port in record.ports],
            "z": list(zones) or None,
            "e": [_packed_endpoint(endpoint, zones) for endpoint in record.endpoints],
        }
    )
    return proven(data, decode_endpoints, "endpoints")


def _packed_endpoint(endpoint: Endpoint, zones: Sequence[str]) -> list[Packable]:
    flags = (
        endpoint.ready * _READY + endpoint.serving * _SERVING + endpoint.terminating * _TERMINATING
    )
    zone = zones.index(endpoint.zone) if endpoint.zone else None
    fields: list[Packable] = [packed_address(endpoint.address), flags, endpoint.node, zone]
    return [*fields, endpoint.hostname] if endpoint.hostname else fields


def decode_endpoints(data: bytes, what: str) -> EndpointRecord:
    """Return the record in `data`; `what` names it. Raises `Refused`, whole, for all else."""
    with suppress(Refused):
        return _remembered(data)
    return _decoded(data, what)  # Once more, to say which one it is.


@lru_cache(maxsize=_RECORDS_REMEMBERED)
def _remembered(data: bytes) -> EndpointRecord:
    # The view counts what the guard then looks at; what a record was before, it was read as once.
    return _decoded(data, "endpoints")


def _decoded(data: bytes, what: str) -> EndpointRecord:
    fields = Fields(what, data, ENDPOINT_RECORD_BYTES_MAX)
    zones = fields.texts("z", most=ENDPOINTS_MAX)
    if not all(map(is_zone, zones)):
        raise fields.refuse("z", "must be an array of label values")
    entries = fields.sequence("e", most=ENDPOINTS_MAX)
    endpoints = tuple([_endpoint(fields, entry, zones) for entry in entries])
    if len({endpoint.address for endpoint in endpoints}) < len(endpoints):
        raise fields.refuse("e", "must not have one address twice")
    return EndpointRecord(read_ports(fields), endpoints)


def count_endpoints(data: bytes, what: str) -> EndpointCounts:
    """Return how many endpoints are in `data` and how many are ready, at a fraction of the cost.

    Raises `Refused` where the record is malformed in a way that counting notices.
    """
    fields = Fields(what, data, ENDPOINT_RECORD_BYTES_MAX)
    entries = fields.sequence("e", most=ENDPOINTS_MAX)
    ready = 0
    for entry in entries:
        if not isinstance(entry, tuple) or len(entry) < _FIELDS:
            raise fields.refuse("e", _ENTRY)
        flags = entry[1]
        if type(flags) is not int or flags < 0:
            raise fields.refuse("e", _ENTRY)
        ready += flags & _READY
    return EndpointCounts(len(entries), ready)


def _endpoint(fields: Fields, entry: object, zones: Sequence[str]) -> Endpoint:
    # Sixteen times for each record: what is usual stands here, what is not in functions below.
    if not isinstance(entry, tuple) or len(entry) < _FIELDS:
        raise fields.refuse("e", _ENTRY)
    address, flags, node, zone = entry if len(entry) == _FIELDS else entry[:_FIELDS]
    if type(flags) is not int or flags < 0 or type(node) is not str:
        raise fields.refuse("e", _ENTRY)
    if type(address) is bytes and len(address) == 4 and address[0] not in _SUSPECT:
        a, b, c, d = address
        shown = f"{a}.{b}.{c}.{d}"
    else:
        shown = _address(fields, address)
    if zone is None:
        where = ""
    elif type(zone) is int and 0 <= zone < len(zones):
        where = zones[zone]
    else:
        raise fields.refuse("e", "has a zone that is not listed")
    try:
        known = _known_node(node)
    except ValueError:
        raise fields.refuse("e", f"has the node {node[:80]!r}, which is no name") from None
    hostname = "" if len(entry) == _FIELDS else _hostname(fields, entry[_FIELDS])
    ready, serving, terminating = _CONDITIONS[flags & _CONDITION_BITS]
    made = _blank(Endpoint)
    _set_address(made, shown)
    _set_ready(made, ready)
    _set_serving(made, serving)
    _set_terminating(made, terminating)
    _set_node(made, known)
    _set_zone(made, where)
    _set_hostname(made, hostname)
    return made


def _address(fields: Fields, value: object) -> str:
    if not isinstance(value, bytes) or len(value) not in (4, 16):
        raise fields.refuse("e", "has an address that is neither 4 nor 16 bytes")
    if not is_address_of_pod(value):
        raise fields.refuse("e", f"has {shown_address(value)}, which can be no pod's address")
    return shown_address(value)


def _hostname(fields: Fields, value: object) -> str:
    if not isinstance(value, str) or (value and not is_label(value)):
        raise fields.refuse("e", "has a hostname that is no label")
    return value


@lru_cache(maxsize=_NAMES_REMEMBERED)
def _known_node(name: str) -> str:
    # Gives back the first of equal texts, so that thousands of endpoints of one node hold one.
    # What is raised is not remembered, so nothing long is.
    if name and not is_subdomain(name):
        raise ValueError(name)
    return name


def read_ports(fields: Fields) -> tuple[EndpointPort, ...]:
    """Return the field `p` of a record: ports, each name once (a number may have several)."""
    ports = []
    for each in fields.sequence("p", most=PORTS_MAX):
        match each:
            case (str() as name, int() as port, str() as protocol, *_) if is_port(port, protocol):
                if name and not is_label(name):
                    raise fields.refuse("p", f"has the name {name[:80]!r}, which is no label")
                ports.append(_port(name, port, protocol))
            case _:
                raise fields.refuse("p", "must be arrays of a name, a port and a protocol")
    if len({port.name for port in ports}) < len(ports):
        raise fields.refuse("p", "must not have one name twice")
    return tuple(ports)


@lru_cache(maxsize=_NAMES_REMEMBERED)
def _port(name: str, port: int, protocol: str) -> EndpointPort:
    # One object for the same port of thousands of records.
    return EndpointPort(name, port, protocol)


def is_port(port: int, protocol: str) -> bool:
    """Tell whether something can listen there: 1 to 65535 of TCP, UDP or SCTP; True is no 1."""
    return type(port) is int and 1 <= port <= 65_535 and protocol in PROTOCOLS


def shown_address(address: bytes) -> str:
    """Return 4 or 16 bytes as people write an address."""
    if len(address) == 4:
        return ".".join(map(str, address))
    return str(ip_address(address))


def packed_address(text: str) -> bytes:
    """Return the 4 or 16 bytes of an address in any spelling.

    Raises ValueError for what is no address, and for one with a scope (`%eth0`): what is another
    link on each host names nothing elsewhere.
    """
    try:  # The usual spelling, in half of what `ip_address` takes.
        numbers = bytes(map(int, text.split(".")))
    except ValueError:
        numbers = b""
    if len(numbers) == 4 and shown_address(numbers) == text:
        return numbers
    address = ip_address(text)
    if "%" in text:
        raise ValueError(f"{text[:80]!r} has a scope, which means nothing to others")
    return address.packed


def is_address_of_pod(address: bytes) -> bool:
    """Tell whether 4 or 16 bytes can be where something listens for other hosts, or loopback.

    What Kubernetes forbids in an EndpointSlice is refused (unspecified, link-local, multicast),
    broadcast, and IPv4 in the form of IPv6, which would be a second spelling.
    """
    if len(address) == 4:
        return not (
            address == bytes(4)
            or address[:2] == _LINK_LOCAL
            or 224 <= address[0] < 240
            or address == b"\xff" * 4
        )
    return not (
        address == bytes(16)
        or address[:12] == _IPV4_IN_IPV6
        or address[0] == 0xFF
        or (address[0] == 0xFE and address[1] >> 6 == 0b10)
    )


def is_zone(text: str) -> bool:
    """Tell whether `text` can be the value of a zone or region label."""
    return _ZONE.fullmatch(text) is not None
