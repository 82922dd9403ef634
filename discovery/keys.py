"""Record keys: what a record of an origin's set is about, as bytes that sort by subject.

    cluster                          the cluster itself
    export/NAMESPACE/NAME            the head of an exported service
    endpoints/NAMESPACE/NAME/NUMBER  up to 16 of its endpoints
    policy/NAMESPACE/NAME            a TrafficPolicy that is to hold elsewhere too
    drain                            the whole cluster is being drained
    drain/NAMESPACE/NAME             one service is
    ack/ORIGIN                       another cluster's drain is obeyed here
    ack/ORIGIN/NAMESPACE/NAME        its drain of that one service is

Kinds that a later version adds are kept and passed on; they are `UNKNOWN` here. What is written
here can be read here: names that are none raise ValueError before they become a key.
"""

from dataclasses import dataclass
from enum import Enum

from discovery.names import Origin, ServiceName, is_label, is_subdomain, service_name
from discovery.refusals import Refusal, Refused

KEY_BYTES_MAX = 384
RECORD_NUMBER_MAX = (1 << 20) - 1


class Kind(Enum):
    """What a record says."""

    CLUSTER = "cluster"
    EXPORT = "export"
    ENDPOINTS = "endpoints"
    POLICY = "policy"
    DRAIN = "drain"
    ACK = "ack"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class RecordKey:
    """A key, taken apart."""

    kind: Kind
    service: ServiceName | None = None
    """The service of an export, of endpoints, of a drain or of the acknowledgement of one; of a
    policy its namespace and name."""
    number: int = 0
    """Which of the service's records of endpoints."""
    origin: Origin | None = None
    """Whose drain is acknowledged."""


_KINDS = {kind.value: kind for kind in Kind}

CLUSTER_KEY = b"cluster"
DRAIN_KEY = b"drain"


def export_key(service: ServiceName) -> bytes:
    """Return the key of a service's head record. Raises ValueError for names that are none."""
    return f"export/{_named(service)}".encode()


def endpoints_key(service: ServiceName, number: int) -> bytes:
    """Return the key of one of a service's records of endpoints; 0 <= number < 2**20.

    Raises ValueError for another number, and for names that are none.
    """
    if not 0 <= number <= RECORD_NUMBER_MAX:
        raise ValueError(f"record number: {number}, must be from 0 to {RECORD_NUMBER_MAX}")
    return f"endpoints/{_named(service)}/{number}".encode()


def policy_key(namespace: str, name: str) -> bytes:
    """Return the key of a travelling policy. Raises ValueError for names that are none."""
    if not (is_label(namespace) and is_subdomain(name)):
        raise ValueError(f"policy: {namespace[:80]!r}/{name[:80]!r} is no name of an object")
    return f"policy/{namespace}/{name}".encode()


def drain_key(service: ServiceName | None = None) -> bytes:
    """Return the key of the drain of a service, or of the whole cluster.

    Raises ValueError for names that are none.
    """
    return DRAIN_KEY if service is None else f"drain/{_named(service)}".encode()


def ack_key(origin: Origin, service: ServiceName | None = None) -> bytes:
    """Return the key of the acknowledgement of `origin`'s drain, of all of it or of a service.

    Raises ValueError for names that are none.
    """
    if not is_label(origin):
        raise ValueError(f"origin: {origin[:80]!r} is no RFC 1123 label")
    return (f"ack/{origin}" if service is None else f"ack/{origin}/{_named(service)}").encode()


def _named(service: ServiceName) -> ServiceName:
    return service_name(service.namespace, service.name)


def parse_key(key: bytes) -> RecordKey:
    """Take a key apart. Raises `Refused` where a known kind is followed by nonsense.

    A kind that is not known gives `Kind.UNKNOWN`, whatever follows.
    """
    if not 0 < len(key) <= KEY_BYTES_MAX:
        raise Refused(Refusal.OVERSIZED, f"record key: must have 1 to {KEY_BYTES_MAX} bytes")
    word, *parts = key.decode(errors="replace").split("/")  # No name has the sign that replaces.
    kind = _KINDS.get(word, Kind.UNKNOWN)  # A word that is not known is of a later version.
    parsed = RecordKey(kind) if kind is Kind.UNKNOWN else _parsed(kind, parts, key)
    if parsed is None:
        raise Refused(Refusal.MALFORMED, f"record key: {key[:120]!r} is none of its kind")
    return parsed


def _parsed(kind: Kind, parts: list[str], key: bytes) -> RecordKey | None:
    match kind, parts:
        case (Kind.CLUSTER | Kind.DRAIN, []):
            return RecordKey(kind)
        case (Kind.ACK, [origin, *names]) if len(names) in (0, 2) and all(map(is_label, parts)):
            return RecordKey(kind, ServiceName(*names) if names else None, origin=Origin(origin))
        case (Kind.POLICY, [namespace, name]) if is_label(namespace) and is_subdomain(name):
            return RecordKey(kind, ServiceName(namespace, name))
        case (Kind.EXPORT | Kind.DRAIN, [namespace, name]) if is_label(namespace) and is_label(
            name
        ):
            return RecordKey(kind, ServiceName(namespace, name))
        case (Kind.ENDPOINTS, [namespace, name, text]) if is_label(namespace) and is_label(name):
            return RecordKey(kind, ServiceName(namespace, name), _number(key, text))
        case _:
            return None


def _number(key: bytes, text: str) -> int:
    # One spelling for each number: two keys of one record would be two truths.
    if not (text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")):
        raise Refused(Refusal.MALFORMED, f"record key: {key[:120]!r} has no number at its end")
    if len(text) > 7 or int(text) > RECORD_NUMBER_MAX:
        raise Refused(Refusal.OVERSIZED, f"record key: a number above {RECORD_NUMBER_MAX}")
    return int(text)
