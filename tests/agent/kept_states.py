"""States to be kept on disk, with true signatures' sizes and roots that fit their records."""

from collections.abc import Iterable

from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.keys import endpoints_key
from discovery.manifest import Body, sign_manifest
from discovery.names import Origin, ServiceName
from discovery.recordset import RecordSet
from discovery.state import KeptSet, KeptState
from tests.discovery.keyring import Keyring

WEB = ServiceName("shop", "web")
PORTS = (EndpointPort("http", 8080),)
PER_RECORD = 16


def records_of(endpoints: int, first: int = 0) -> RecordSet:
    """Return a set of so many endpoints, sixteen to a record."""
    numbers = range(first, first + endpoints)
    parts = [numbers[start : start + PER_RECORD] for start in range(0, endpoints, PER_RECORD)]
    return RecordSet.of(
        {
            endpoints_key(WEB, at): encode_endpoints(
                EndpointRecord(PORTS, tuple(Endpoint(_address(each), node="n") for each in part))
            )
            for at, part in enumerate(parts)
        }
    )


def _address(number: int) -> str:
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


def kept_set(origin: str, version: int, records: RecordSet, silent_s: int = 0) -> KeptSet:
    """Return a set of an origin, signed."""
    body = Body(
        origin=Origin(origin),
        uid="",
        generation=1,
        epoch=1,
        version=version,
        root=records.root,
        count=records.count,
        size_bytes=records.size_bytes,
    )
    return KeptSet(sign_manifest(body, Keyring().signer(origin)), records, silent_s)


def kept_state(sets: Iterable[KeptSet], saved_at_ms: int = 0) -> KeptState:
    """Return a state of these sets and their floors."""
    found = tuple(sets)
    floors = {each.manifest.origin: each.manifest.order for each in found}
    return KeptState(saved_at_ms=saved_at_ms, floors=floors, sets=found)
