"""One strategy per domain type of `discovery`, and the hostile values that stand against them.

Names in capitals are strategies of values that are right in every respect; functions make
strategies of a given size. Sets are small on purpose: seven keys in three buckets find more than
a thousand that never meet.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

import msgpack
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from discovery.authority import Signer
from discovery.endpoints import (
    ENDPOINTS_MAX,
    PROTOCOLS,
    Endpoint,
    EndpointCounts,
    EndpointPort,
    EndpointRecord,
    encode_endpoints,
    is_address_of_pod,
    shown_address,
)
from discovery.keys import (
    CLUSTER_KEY,
    DRAIN_KEY,
    RECORD_NUMBER_MAX,
    ack_key,
    drain_key,
    endpoints_key,
    export_key,
    policy_key,
)
from discovery.manifest import (
    LIFETIME_S_MAX,
    NUMBER_MAX,
    Body,
    Intent,
    IntentKind,
    Manifest,
    sign_manifest,
)
from discovery.names import Origin, ServiceName
from discovery.records import (
    IP_FAMILIES,
    AckRecord,
    ClusterRecord,
    DrainRecord,
    ExportRecord,
    Gateway,
    PolicyRecord,
    ServicePort,
    ServiceType,
    encode_ack,
    encode_cluster,
    encode_drain,
    encode_export,
    encode_policy,
)
from discovery.recordset import EMPTY, HASH_BYTES, RecordSet
from tests.discovery.keyring import Keyring

Value: TypeAlias = object
"""Whatever msgpack can say."""

RING = Keyring(20_240_229)
"""The ring that `MANIFESTS` are signed with; an origin signs by its own name."""


def blobs(size: int) -> SearchStrategy[bytes]:
    """Exactly `size` bytes."""
    return st.binary(min_size=size, max_size=size)


# --- names -------------------------------------------------------------------------------

LABELS = st.one_of(
    st.sampled_from(["a", "shop", "default", "kube-system", "x" * 63, "0", "a--b"]),
    st.from_regex(r"[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True),
)
SUBDOMAINS = st.one_of(
    LABELS,
    st.lists(LABELS, min_size=2, max_size=3).map(".".join),
    st.just("ip-10-0-0-1.eu-west-1.compute.internal"),
)
ZONES = st.one_of(
    st.sampled_from(["eu-west-1a", "eu-west-1b", "EU_1", "z" * 63]),
    st.from_regex(r"[-A-Za-z0-9_.]{1,12}", fullmatch=True),
)
ORIGINS = LABELS.map(Origin)
SERVICE_NAMES = st.builds(ServiceName, LABELS, LABELS)
PATTERNS = st.one_of(st.just("*"), LABELS, st.from_regex(r"[-a-z0-9*]{1,12}", fullmatch=True))

# --- endpoints ---------------------------------------------------------------------------

POD_ADDRESSES = st.one_of(
    st.tuples(st.just(10), *[st.integers(0, 255)] * 3).map(bytes),
    blobs(4),
    blobs(16),
    st.integers(1, 0xFFFF).map(lambda number: bytes.fromhex("20010db8") + number.to_bytes(12)),
    st.just(bytes(15) + b"\x01"),
).filter(is_address_of_pod)
"""4 or 16 bytes that an endpoint may have."""

ADDRESSES = POD_ADDRESSES.map(shown_address)
PORT_NUMBERS = st.integers(1, 65_535)
OPTIONAL_LABELS = st.one_of(st.just(""), LABELS)

ENDPOINT_PORTS = st.builds(
    EndpointPort, name=OPTIONAL_LABELS, port=PORT_NUMBERS, protocol=st.sampled_from(PROTOCOLS)
)
ENDPOINTS = st.builds(
    Endpoint,
    address=ADDRESSES,
    ready=st.booleans(),
    serving=st.booleans(),
    terminating=st.booleans(),
    node=st.one_of(st.just(""), SUBDOMAINS),
    zone=st.one_of(st.just(""), ZONES),
    hostname=OPTIONAL_LABELS,
)
ENDPOINT_RECORDS = st.builds(
    EndpointRecord,
    st.lists(ENDPOINT_PORTS, max_size=4, unique_by=lambda port: port.name).map(tuple),
    st.lists(ENDPOINTS, max_size=ENDPOINTS_MAX, unique_by=lambda each: each.address).map(tuple),
)

# --- other records -----------------------------------------------------------------------

TEXTS = st.text(max_size=30)
TIMES = st.one_of(st.integers(0, 2_000_000_000), st.integers(0, 1 << 53))
CAPACITIES = st.one_of(st.none(), st.integers(0, 1 << 53))

GATEWAYS = st.builds(Gateway, st.one_of(ADDRESSES, st.just("lb-1.example.com")), PORT_NUMBERS)
CLUSTER_RECORDS = st.builds(
    ClusterRecord,
    region=st.one_of(st.just(""), ZONES),
    network=st.one_of(st.just(""), ZONES),
    gateways=st.lists(GATEWAYS, max_size=3).map(tuple),
    mesh_root=TEXTS,
    trust_domain=TEXTS,
    version=TEXTS,
    capacity=CAPACITIES,
)
SERVICE_PORTS = st.builds(
    ServicePort,
    name=OPTIONAL_LABELS,
    port=PORT_NUMBERS,
    protocol=st.sampled_from(PROTOCOLS),
    app_protocol=st.one_of(st.just(""), st.just("kubernetes.io/h2c"), TEXTS),
)
EXPORT_RECORDS = st.builds(
    ExportRecord,
    ports=st.lists(
        SERVICE_PORTS,
        max_size=4,
        unique_by=(lambda port: port.name, lambda port: (port.protocol, port.port)),
    ).map(tuple),
    type=st.sampled_from(ServiceType),
    service_account=TEXTS,
    exported_at=TIMES,
    session_affinity=st.sampled_from(["None", "ClientIP"]),
    session_affinity_timeout_s=st.one_of(st.none(), st.integers(0, 86_400)),
    internal_traffic_policy=st.sampled_from(["", "Local", "Cluster"]),
    traffic_distribution=st.sampled_from(["", "PreferClose"]),
    ip_families=st.lists(st.sampled_from(IP_FAMILIES), unique=True).map(tuple),
    labels=st.dictionaries(TEXTS, TEXTS, max_size=3),
    annotations=st.dictionaries(TEXTS, TEXTS, max_size=3),
    capacity=CAPACITIES,
)
POLICY_RECORDS = st.builds(PolicyRecord, spec=st.binary(max_size=60), created_at=TIMES)
DRAIN_RECORDS = st.builds(
    DrainRecord,
    drain=st.text(min_size=1, max_size=20),
    started_at_ms=TIMES,
    ramp_s=st.integers(0, 86_400),
    reason=TEXTS,
)
ACK_RECORDS = st.builds(AckRecord, drain=st.text(min_size=1, max_size=20), done=st.booleans())

# --- sets of records ---------------------------------------------------------------------

RECORDS = st.one_of(
    st.tuples(st.just(CLUSTER_KEY), CLUSTER_RECORDS.map(encode_cluster)),
    st.tuples(SERVICE_NAMES.map(export_key), EXPORT_RECORDS.map(encode_export)),
    st.tuples(
        st.builds(endpoints_key, SERVICE_NAMES, st.integers(0, RECORD_NUMBER_MAX)),
        ENDPOINT_RECORDS.map(encode_endpoints),
    ),
    st.tuples(st.builds(policy_key, LABELS, LABELS), POLICY_RECORDS.map(encode_policy)),
    st.tuples(
        st.one_of(st.just(DRAIN_KEY), SERVICE_NAMES.map(drain_key)),
        DRAIN_RECORDS.map(encode_drain),
    ),
    st.tuples(ORIGINS.map(ack_key), ACK_RECORDS.map(encode_ack)),
    st.tuples(st.just(b"of-a-later-version"), st.binary(max_size=30)),
)
"""(key, value) as they are in a set: of every kind, and of one that is not known."""

RECORD_MAPS = st.lists(RECORDS, max_size=6).map(dict)
RECORD_SETS = RECORD_MAPS.map(RecordSet.of)

RAW_KEYS = st.one_of(
    st.integers(0, 40).map(lambda number: b"key/%d" % number), st.binary(min_size=1, max_size=8)
)
"""Keys of a set that need not mean anything: few, so that they meet."""

RAW_MAPS = st.dictionaries(RAW_KEYS, st.binary(max_size=8), max_size=12)

# --- manifests ---------------------------------------------------------------------------

NUMBERS = st.one_of(st.integers(0, 5), st.integers(0, NUMBER_MAX), st.just(NUMBER_MAX))
INTENTS = st.builds(
    Intent,
    epoch=NUMBERS,
    version=NUMBERS,
    kind=st.sampled_from(IntentKind),
    subject=st.one_of(st.just(""), SERVICE_NAMES.map(str).filter(lambda text: len(text) < 40)),
    amount=NUMBERS,
)
BODIES = st.builds(
    Body,
    origin=ORIGINS,
    uid=TEXTS,
    generation=NUMBERS,
    epoch=NUMBERS,
    version=NUMBERS,
    root=blobs(HASH_BYTES),
    count=NUMBERS,
    size_bytes=NUMBERS,
    lifetime_s=st.integers(1, LIFETIME_S_MAX),
    signed_at_ms=NUMBERS,
    audience=st.lists(PATTERNS.filter(lambda text: len(text) < 13), max_size=4).map(tuple),
    intents=st.lists(INTENTS, max_size=4).map(tuple),
)
"""Bodies of a cluster that stays."""

DEPARTURES = BODIES.map(
    lambda body: replace(body, root=EMPTY.root, count=0, size_bytes=0, departs=True)
)
CERTIFICATES = st.one_of(st.just(b""), st.binary(min_size=1, max_size=200))


def signed(body: Body, certificate: bytes = b"", signer: Signer | None = None) -> Manifest:
    """The manifest of `body`, signed in its origin's name with `RING` if by nobody else."""
    return sign_manifest(body, signer or RING.signer(body.origin), certificate)


MANIFESTS = st.builds(signed, st.one_of(BODIES, DEPARTURES), CERTIFICATES)


def manifest_of(records: RecordSet, **place: int) -> Manifest:
    """The manifest of `records` by the origin `paris`; `place`: generation, epoch, version."""
    body = Body(
        origin=Origin("paris"),
        uid="uid-of-paris",
        generation=place.get("generation", 1),
        epoch=place.get("epoch", 1_700_000_000_000),
        version=place.get("version", 1),
        root=records.root,
        count=records.count,
        size_bytes=records.size_bytes,
    )
    return signed(body)


SET_MANIFESTS = RECORD_SETS.map(lambda records: (manifest_of(records), records))
"""A manifest with the set that it signs."""

# --- hostile input -----------------------------------------------------------------------

SCALARS: SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 64) - 1),
    st.integers(-1, 3),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.sampled_from([float("nan"), "", b"", "a" * 300, bytes(16), "\ud7ff", "a\0b"]),
    st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=12)),
    st.builds(msgpack.Timestamp, st.integers(0, 1 << 33), st.integers(0, 999_999_999)),
)
VALUES: SearchStrategy[Value] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(st.one_of(st.text(max_size=3), st.binary(max_size=3)), inner, max_size=4),
    ),
    max_leaves=12,
)


def packed_value(value: Value) -> bytes:
    """`value` as msgpack bytes, whatever it is."""
    data: bytes = msgpack.packb(value)
    return data


def unpacked_map(data: bytes) -> dict[str, Value]:
    """The fields of a packed map, to be changed and packed again."""
    fields = msgpack.unpackb(data)
    assert isinstance(fields, dict)
    return fields


def with_fields(data: bytes, fields: Mapping[str, Value]) -> bytes:
    """A packed map with these fields put in place of, or beside, its own."""
    return packed_value({**unpacked_map(data), **fields})


def nested(depth: int) -> bytes:
    """A map whose field `x` has arrays in arrays, `depth` of them."""
    return b"\x81\xa1x" + b"\x91" * depth + b"\x01"


HOSTILE_MAPS: SearchStrategy[bytes] = st.dictionaries(
    st.one_of(st.sampled_from("abcdefgilmnoprstuvwxz"), st.text(max_size=2)), VALUES, max_size=6
).map(packed_value)
"""Packed maps with the names that our records have and values that they do not."""

HOSTILE_BYTES: SearchStrategy[bytes] = st.one_of(
    st.binary(max_size=200),
    HOSTILE_MAPS,
    VALUES.map(packed_value),
    st.sampled_from(
        [
            b"",
            b"\x81\x01\x02",  # A number as a name.
            b"\x81\xc4\x01p\x02",  # Bytes as one.
            b"\x81\x90\x02",  # An array as one.
            b"\x81\xc0\x02",
            b"\x81\xd6\xff\x00\x00\x00\x00\x01",  # A timestamp as one.
            b"\x82\xa1p\x90\xa1p\x90",  # One name twice.
            b"\xdf\xff\xff\xff\xff",  # Four thousand million fields are promised.
            b"\x81\xa1e\xdd\xff\xff\xff\xff",
            b"\x81\xa1x\xa3\xed\xa0\x80",  # Half of a surrogate pair.
            b"\x81\xa1x\xd4\xff\x00",  # A timestamp of one byte.
            nested(100),
            nested(900),
            nested(5_000),
        ]
    ),
)


@st.composite
def mutations(draw: st.DrawFn, data: bytes) -> bytes:
    """`data` with some bytes altered, cut out, doubled or put in."""
    mutated = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(mutated) - 1, 0)))
        match draw(st.integers(0, 3)):
            case 0 if mutated:
                mutated[at] ^= 1 << draw(st.integers(0, 7))
            case 1:
                del mutated[at : at + draw(st.integers(1, 4))]
            case 2:
                mutated[at:at] = mutated[at : at + draw(st.integers(1, 8))]
            case _:
                mutated.insert(at, draw(st.integers(0, 255)))
    return bytes(mutated)


def mutated(values: SearchStrategy[bytes]) -> SearchStrategy[bytes]:
    """Mutations of right bytes."""
    return values.flatmap(mutations)


def counts_of(record: EndpointRecord) -> EndpointCounts:
    """What counting a record's bytes has to find."""
    ready = [endpoint.ready for endpoint in record.endpoints]
    return EndpointCounts(len(ready), sum(ready))
