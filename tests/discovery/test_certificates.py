"""A certificate says who a key is, fits its limit, and is exactly what was issued."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.authority import Domain
from discovery.certificates import (
    AGENT_CERTIFICATE_BYTES_MAX,
    AgentBody,
    ClusterBody,
    ClusterCertificate,
    Roles,
    decode_agent_certificate,
    decode_cluster_certificate,
    identity_of,
    issue_agent_certificate,
    issue_cluster_certificate,
)
from discovery.names import Origin
from discovery.refusals import Refusal, Refused
from discovery.signed import sign_fields
from failure_detect.config import LimitConfig
from failure_detect.identity import Address, Identity, MemberId, NodeName
from failure_detect.packing import Packable
from tests.discovery.keyring import Keyring

RING = Keyring()
FLEET, EAST, AGENT = RING.signer("fleet"), RING.signer("east"), RING.signer("agent")
UID = "0c9b8f5e-4a5f-4d0f-9d1c-1f2e3d4c5b6a"
YEAR_2100_MS = 4_102_444_800_000

CLUSTER = ClusterBody(
    cluster=Origin("east"),
    key=EAST.public,
    generation=1,
    fleet=FLEET.public,
    not_before_ms=1_700_000_000_000,
    not_after_ms=YEAR_2100_MS,
    uid=UID,
    network="vpc-0a1b2c3d",
)
MEMBER = AgentBody(
    member=MemberId(AGENT.public),
    node=NodeName("node-1"),
    start=1_700_000_000_000,
    address=Address("203.0.113.17:30946"),
    node_address=Address("10.0.3.17:10250"),
    origin=Origin("east"),
    generation=1,
    not_after_ms=YEAR_2100_MS,
    versions=(1, 3),
    roles=Roles(holds_key=True, may_bridge=True),
)
CHAIN = issue_cluster_certificate(CLUSTER, FLEET)


def test_a_cluster_certificate_says_what_was_issued() -> None:
    again = decode_cluster_certificate(CHAIN.raw)
    assert again == CHAIN
    assert again.body == CLUSTER
    assert again.is_signed(RING)
    assert not again.is_signed(Keyring(2))


@pytest.mark.parametrize("cluster", [None, CHAIN])
def test_an_agent_certificate_says_what_was_issued(cluster: ClusterCertificate | None) -> None:
    certificate = issue_agent_certificate(MEMBER, EAST, cluster)
    again = decode_agent_certificate(certificate.raw)
    assert (again.body, again.cluster) == (MEMBER, cluster)
    assert again.is_signed_by(EAST.public, RING)
    assert not again.is_signed_by(FLEET.public, RING)


def test_the_detector_gets_an_identity() -> None:
    assert identity_of(issue_agent_certificate(MEMBER, EAST, CHAIN)) == Identity(
        MemberId(AGENT.public),
        NodeName("node-1"),
        1_700_000_000_000,
        Address("203.0.113.17:30946"),
        "east",
        Address("10.0.3.17:10250"),
    )


V6 = Address("[2001:db8:1234:5678:9abc:def0:1234:5678]:30946")
LONGEST = replace(
    MEMBER,
    node=NodeName("n" * 63),
    origin=Origin("c" * 32),
    address=V6,
    node_address=V6,
)


@pytest.mark.parametrize(
    ("body", "network", "alone", "with_chain"),
    [
        (MEMBER, "vpc-0a1b2c3d", 175, 379),
        (replace(MEMBER, node=NodeName("gke-production-default-pool-1a2b3c4d-x7k2")), "", 211, 400),
        (
            replace(
                MEMBER,
                node=NodeName("ip-10-0-123-45.eu-central-1.compute.internal"),
                origin=Origin("production-eu-central-1"),
            ),
            "vpc-0a1b2c3d4e5f6a7b8",
            233,
            446,
        ),
        (LONGEST, "network-of-24-characters", 286, 502),
    ],
)
def test_sizes_are_pinned_and_fit_the_detector(
    body: AgentBody, network: str, alone: int, with_chain: int
) -> None:
    cluster = replace(CLUSTER, cluster=body.origin, network=network)
    chain = issue_cluster_certificate(cluster, FLEET)
    sizes = [len(issue_agent_certificate(body, EAST, each).raw) for each in (None, chain)]
    assert sizes == [alone, with_chain]
    assert with_chain <= AGENT_CERTIFICATE_BYTES_MAX == LimitConfig().certificate_bytes


ADDRESSES = st.one_of(
    st.ip_addresses(v=4).map(lambda ip: Address(f"{ip}:7946")),
    st.ip_addresses(v=6).map(lambda ip: Address(f"[{ip}]:7946")),
    st.sampled_from(
        ["bridge.east.example:7946", "010.0.0.1:1", "10.0.0.1:01", "[::0]:1", "lb:65535", "a:0"]
    ).map(Address),
)


@given(ADDRESSES, ADDRESSES | st.none())
def test_any_address_comes_back_as_it_was(address: Address, node_address: Address | None) -> None:
    body = replace(MEMBER, address=address, node_address=node_address)
    assert issue_agent_certificate(body, EAST).body == body


@given(st.text(alphabet="0123456789abcdefABCDEF-x", max_size=40) | st.uuids().map(str))
def test_any_uid_comes_back_as_it_was(uid: str) -> None:
    assert issue_cluster_certificate(replace(CLUSTER, uid=uid), FLEET).body.uid == uid


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"node": NodeName("Not A Node")}, "agent certificate.n: must be the name of a node"),
        ({"node": NodeName("n" * 253), "address": Address("h" * 250 + ":1")}, "at most 512"),
        ({"address": Address("nowhere")}, "agent certificate.a: must be an address"),
        ({"address": Address("host:65536")}, "agent certificate.a: must be an address"),
        ({"node_address": Address("")}, "agent certificate.d: must be an address"),
        ({"versions": (3, 2)}, "agent certificate.v: must be two versions"),
        ({"versions": (0, 2)}, "agent certificate.v: must be two versions"),
        ({"origin": Origin("East")}, "agent certificate.o: must be the name of a cluster"),
        ({"member": MemberId(b"short")}, "agent certificate.m: must be 32 bytes"),
        ({"not_after_ms": -1}, "agent certificate.e: must be a whole number"),
        ({"start": -1}, "agent certificate.s: must be a whole number"),
    ],
)
def test_what_others_would_refuse_is_not_issued(change: dict[str, object], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        issue_agent_certificate(replace(MEMBER, **change), EAST)  # type: ignore[arg-type]  # By name.


@pytest.mark.parametrize(
    "change",
    [{"cluster": Origin("west")}, {"generation": 2}, {"key": FLEET.public}],
)
def test_a_chain_of_another_cluster_key_is_not_issued(change: dict[str, object]) -> None:
    other = replace(CLUSTER, **change)  # type: ignore[arg-type]  # By name.
    with pytest.raises(ValueError, match="is of another key"):
        issue_agent_certificate(MEMBER, EAST, issue_cluster_certificate(other, FLEET))


def test_a_fleet_certifies_in_its_own_name_alone() -> None:
    with pytest.raises(ValueError, match="names another fleet"):
        issue_cluster_certificate(CLUSTER, EAST)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("n", "no label", "cluster certificate.n"),
        ("k", bytes(31), "cluster certificate.k"),
        ("g", -1, "cluster certificate.g"),
        ("f", "text", "cluster certificate.f"),
        ("b", 1 << 63, "cluster certificate.b"),
        ("u", "u" * 65, "cluster certificate.u"),
        ("u", UID, "cluster certificate.u: must be packed"),
        ("w", "no network", "cluster certificate.w"),
    ],
)
def test_a_field_that_cannot_be_is_named(name: str, value: Packable, what: str) -> None:
    fields: dict[str, Packable] = {"n": "east", "k": EAST.public, "g": 1, "f": FLEET.public}
    decode_cluster_certificate(sign_fields(fields, Domain.CLUSTER, FLEET))
    with pytest.raises(Refused) as caught:
        decode_cluster_certificate(sign_fields(fields | {name: value}, Domain.CLUSTER, FLEET))
    assert caught.value.what.startswith(what)


def agent_fields(**changes: Packable) -> bytes:
    fields: dict[str, Packable] = {"m": AGENT.public, "n": "node", "s": 1, "a": "host:1", "e": 0}
    return sign_fields(fields | {"v": [1, 1]} | changes, Domain.AGENT, EAST)


def test_fields_of_later_versions_are_kept_and_signed() -> None:
    raw = agent_fields(o="east", g=1, z=[1, "later"], r=7)
    certificate = decode_agent_certificate(raw)
    assert certificate.raw == raw
    assert certificate.is_signed_by(EAST.public, RING)
    assert certificate.body.roles == Roles(holds_key=True, may_bridge=True)


def test_a_chain_is_never_longer_and_says_a_thing_once() -> None:
    agent = issue_agent_certificate(MEMBER, EAST, CHAIN)
    for raw in (
        agent_fields(c=agent.raw),
        agent_fields(c=CHAIN.raw, o="west"),
        agent_fields(c=CHAIN.raw, g=2),
        agent_fields(c=b""),
        agent_fields(o="east"),
    ):
        with pytest.raises(Refused):
            decode_agent_certificate(raw)


@given(st.binary(max_size=600))
def test_any_bytes_are_refused_and_nothing_else_happens(raw: bytes) -> None:
    for decode in (decode_agent_certificate, decode_cluster_certificate):
        with pytest.raises(Refused):
            decode(raw)


def test_a_certificate_beyond_the_limit_is_refused_by_its_size() -> None:
    with pytest.raises(Refused) as caught:
        decode_agent_certificate(agent_fields(o="east", g=1, z=bytes(400)))
    assert caught.value.reason is Refusal.OVERSIZED
