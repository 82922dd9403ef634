"""What is kept of an origin's records: packed bytes by service, and what was read off them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from discovery.endpoints import (
    ENDPOINT_RECORD_BYTES_MAX,
    Endpoint,
    EndpointPort,
    EndpointRecord,
    decode_endpoints,
    read_ports,
)
from discovery.fields import Fields
from discovery.keys import Kind, RecordKey, parse_key
from discovery.names import Origin, ServiceName
from discovery.records import ExportRecord, ServicePort, decode_export
from discovery.refusals import Refusal, Refused
from discovery.tally import Tally


@dataclass(frozen=True, slots=True)
class RecordFault:
    """A record that is refused, as long as it stands in the origin's set."""

    origin: Origin
    key: bytes
    reason: Refusal
    what: str
    has_last_good: bool
    """Whether an earlier version of it is in force."""
    service: ServiceName | None = None
    """The service that it is about, where it is about one."""


class Holding:
    """What one origin has of one service."""

    __slots__ = ("edition", "head", "numbers", "tallies", "tally", "values")

    def __init__(self) -> None:
        """Hold nothing."""
        self.head: ExportRecord | None = None
        self.numbers: tuple[int, ...] = ()
        self.values: tuple[bytes, ...] = ()
        self.tallies: tuple[Tally, ...] = ()
        self.tally: Tally = ()
        self.edition = 0
        """Grows whenever its endpoints, or what is held of them, may have changed."""

    def is_empty(self) -> bool:
        """Tell whether nothing is left of it."""
        return self.head is None and not self.values


@dataclass(frozen=True, slots=True)
class Held:
    """Endpoints that the importer's guard keeps, though the origin's set has them no more."""

    endpoints: tuple[Endpoint, ...]
    why: str
    edition: int


@dataclass(frozen=True, slots=True)
class Remains:
    """What was last known of a service of which head or endpoints have gone."""

    head: ExportRecord | None
    ports: tuple[EndpointPort, ...]


def records_of(
    numbers: Sequence[int], values: Sequence[bytes]
) -> Iterator[tuple[int, EndpointRecord]]:
    """Iterate over (number, record), decoded; each was found whole when it came in."""
    for number, value in zip(numbers, values, strict=True):
        yield number, decode_endpoints(value, f"record {number}")


def ports_of(value: bytes) -> tuple[EndpointPort, ...]:
    """Return the ports of a record that was found whole."""
    return read_ports(Fields("record", value, ENDPOINT_RECORD_BYTES_MAX))


def head_of(data: bytes, what: str) -> ExportRecord:
    """Return the head in `data`, sharing what heads have in common. Raises `Refused`."""
    head = decode_export(data, what)
    return replace(
        head,
        ports=_shared_ports(head.ports),
        labels=head.labels or _NONE,
        annotations=head.annotations or _NONE,
    )


_NONE: dict[str, str] = {}
"""Nobody writes into the maps of a head that was read."""


@lru_cache(maxsize=1 << 14)
def _shared_ports(ports: tuple[ServicePort, ...]) -> tuple[ServicePort, ...]:
    return ports


def shown_key(key: bytes) -> str:
    """Return a record's name for people."""
    return f"record {key.decode(errors='replace')[:120]}"


_SHORT = 6
"""Digits of a record's number that are below any bound."""


def parsed(key: bytes) -> RecordKey:
    """Take a key apart as `parse_key` does, quickly for what was seen before. Raises `Refused`."""
    prefix, _, number = key.rpartition(b"/")
    if key.startswith(b"endpoints/") and number.isdigit() and len(number) <= _SHORT:
        service = _service_of(prefix)
        if service is not None and (number == b"0" or number[:1] != b"0"):
            return RecordKey(Kind.ENDPOINTS, service, int(number))
    return _parsed_once(key)


@lru_cache(maxsize=1 << 15)
def _service_of(prefix: bytes) -> ServiceName | None:
    # One object for all records of a service; None where the slow way has to say what is wrong.
    try:
        service = parse_key(prefix + b"/0").service
    except Refused:
        return None
    return service


@lru_cache(maxsize=1 << 15)
def _parsed_once(key: bytes) -> RecordKey:
    return parse_key(key)
