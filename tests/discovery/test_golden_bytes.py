"""What is on the wire and under signatures, to the byte: it does not change by accident.

Whoever must change one of these changes what other clusters read: a new field, a new version of
the protocol, or a new epoch of all roots. Say so in `DECISIONS.md`.
"""

from dataclasses import replace

import pytest

from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.keys import CLUSTER_KEY, drain_key, endpoints_key, export_key
from discovery.manifest import Body, Intent, IntentKind, Manifest, sign_manifest
from discovery.names import Origin, ServiceName
from discovery.records import (
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
from discovery.recordset import EMPTY, RecordSet, bucket_of
from tests.discovery.keyring import Keyring

CART = ServiceName("shop", "cart")
ENDPOINTS = EndpointRecord(
    (EndpointPort("http", 8080), EndpointPort("dns", 53, "UDP")),
    (
        Endpoint("10.0.0.1", node="n1", zone="b"),
        Endpoint("10.0.0.2", ready=False, terminating=True, node="n2", zone="a"),
        Endpoint("2001:db8::1", serving=False, hostname="web-0"),
    ),
)
CLUSTER = ClusterRecord(
    region="eu",
    network="n1",
    gateways=(Gateway("192.0.2.1", 443),),
    mesh_root="m",
    trust_domain="t",
    version="1.0",
    capacity=9,
)
EXPORT = ExportRecord(
    ports=(ServicePort("http", 80, "TCP", "h2c"),),
    type=ServiceType.HEADLESS,
    service_account="sa",
    exported_at=7,
    session_affinity="ClientIP",
    session_affinity_timeout_s=60,
    internal_traffic_policy="Local",
    traffic_distribution="PreferClose",
    ip_families=("IPv4",),
    labels={"b": "2", "a": "1"},
    annotations={"k": "v"},
    capacity=5,
)
DRAIN = DrainRecord(drain="d1", started_at_ms=1_000, ramp_s=60, reason="upgrade")
RECORDS = {
    "endpoints": encode_endpoints(ENDPOINTS),
    "cluster": encode_cluster(CLUSTER),
    "export": encode_export(EXPORT),
    "policy": encode_policy(PolicyRecord(spec=b"spec", created_at=3)),
    "drain": encode_drain(DRAIN),
    "ack": encode_ack(AckRecord(drain="d1", done=False)),
}
GOLDEN = {
    "endpoints": (
        "83a1709293a468747470cd1f90a354435093a3646e7335a3554450a17a92a161a162a1659394c404"
        "0a00000103a26e310194c4040a00000206a26e320095c41020010db8000000000000000000000001"
        "01a0c0a57765622d30"
    ),
    "cluster": (
        "87a172a26575a16ea26e31a1779192a93139322e302e322e31cd01bba16da16da174a174a176a3312e30a16309"
    ),
    "export": (
        "8ca1709194a46874747050a3544350a3683263a174a8486561646c657373a173a27361a17807a161"
        "a8436c69656e744950a16f3ca169a54c6f63616ca164ab507265666572436c6f7365a16691a44950"
        "7634a16c82a161a131a162a132a16e81a16ba176a16305"
    ),
    "policy": "82a173c40473706563a17803",
    "drain": "84a169a26431a178cd03e8a1723ca177a775706772616465",
    "ack": "82a169a26431a16400",
}

SET = RecordSet.of(
    {
        CLUSTER_KEY: RECORDS["cluster"],
        export_key(CART): RECORDS["export"],
        endpoints_key(CART, 0): RECORDS["endpoints"],
        endpoints_key(CART, 1): b"",
        drain_key(CART): RECORDS["drain"],
        b"of-a-later-version": b"\x80",
    }
)


BUCKETS = [271, 3644, 3142, 1711]
EMPTY_ROOT = "fb2bfd75a0b55fd595054e90ed221bb1935032c71d88844abc4dcaf4ce31fcc3"
ROOT = "73754d9c04971479fea665a659d3b9a0f180cfc6a15aa9517e41f34e3eb36ec8"
SET_BYTES = 360
SIGNED = (
    "8da16fa57061726973a175ac7569642d6f662d7061726973a16702a165cf0000018bcfe56800a176"
    "07a172c42073754d9c04971479fea665a659d3b9a0f180cfc6a15aa9517e41f34e3eb36ec8a16e06"
    "a173cd0168a16ccd0708a177cf0000018bcfe5687ba16192a4726f6d65a670726f642d2aa1699195"
    "cf0000018bcfe5680006aa7363616c652d646f776ea973686f702f6361727414"
    "a163c41094e4d27bc78c1d2d7ad9250776a4383e"
)
SIGNED_BYTES = 172
RAW_BYTES = 254
DEPARTURE = (
    "8aa16fa57061726973a175ac7569642d6f662d7061726973a16702a165cf0000018bcfe56800a176"
    "08a172c420fb2bfd75a0b55fd595054e90ed221bb1935032c71d88844abc4dcaf4ce31fcc3a16e00"
    "a17300a16ccd0708a16401"
)


@pytest.mark.parametrize("kind", RECORDS)
def test_the_bytes_of_a_record(kind: str) -> None:
    assert RECORDS[kind].hex() == GOLDEN[kind]


def test_the_sizes_of_records() -> None:
    assert {kind: len(data) for kind, data in RECORDS.items()} == {
        "endpoints": 89,
        "cluster": 45,
        "export": 103,
        "policy": 12,
        "drain": 24,
        "ack": 9,
    }


def test_keys_lie_in_the_buckets_where_they_lay() -> None:
    keys = [CLUSTER_KEY, export_key(CART), endpoints_key(CART, 0), drain_key(CART)]
    assert [bucket_of(key) for key in keys] == BUCKETS


def test_the_root_of_a_set() -> None:
    assert EMPTY.root.hex() == EMPTY_ROOT
    assert (SET.root.hex(), SET.count, SET.size_bytes) == (ROOT, 6, SET_BYTES)


def manifest() -> Manifest:
    """The manifest of `SET`, with everything that a manifest can say but a departure."""
    body = Body(
        origin=Origin("paris"),
        uid="uid-of-paris",
        generation=2,
        epoch=1_700_000_000_000,
        version=7,
        root=SET.root,
        count=SET.count,
        size_bytes=SET.size_bytes,
        lifetime_s=1_800,
        signed_at_ms=1_700_000_000_123,
        audience=("rome", "prod-*"),
        intents=(Intent(1_700_000_000_000, 6, IntentKind.SCALE_DOWN, "shop/cart", 20),),
    )
    return sign_manifest(body, Keyring(1).signer("paris"), b"certificate")


def test_the_bytes_that_a_manifest_signs() -> None:
    assert manifest().signed.hex() == SIGNED
    assert len(manifest().signed) == SIGNED_BYTES


def test_a_manifest_is_a_body_a_signature_and_perhaps_a_certificate() -> None:
    with_one = manifest()
    head = b"\x93\xc4" + bytes([SIGNED_BYTES]) + with_one.signed + b"\xc4\x40"
    assert with_one.raw == head + with_one.signature + b"\xc4\x0bcertificate"
    assert len(with_one.raw) == RAW_BYTES
    without = sign_manifest(with_one.body, Keyring(1).signer("paris"))
    assert without.signed == b"\x8c" + with_one.signed[1:-20]  # All but the certificate's hash.
    assert without.raw == b"\x92\xc4\x98" + without.signed + b"\xc4\x40" + without.signature


def test_the_bytes_that_a_departure_signs() -> None:
    last = manifest().body
    departed = replace(
        last,
        version=last.version + 1,
        root=EMPTY.root,
        count=0,
        size_bytes=0,
        signed_at_ms=0,
        audience=(),
        intents=(),
        departs=True,
    )
    assert sign_manifest(departed, Keyring(1).signer("paris")).signed.hex() == DEPARTURE
