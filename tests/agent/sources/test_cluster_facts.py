"""What a cluster says beside its exports: from configuration, mesh, policies and drains."""

from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given

from agent.objects import DRAIN, MESH_CONFIG, SECRET, TRAFFIC_POLICY, Document, ObjectKey
from agent.sources.cluster_facts import (
    ClusterSettings,
    DrainRead,
    StatedFacts,
    cluster_record,
    mesh_root,
    read_drain,
)
from agent.sources.problems import Fault
from discovery.names import Origin, ServiceName
from discovery.policy import read_travelling
from discovery.records import ClusterRecord, Gateway, encode_drain
from tests.agent.sources.test_slices import ANYTHING
from tests.agent.sources.written import CREATED, CREATED_S, drain, key, mirror_of, written

DER = bytes(range(256))
BODY = b64encode(DER).decode()
PEM = f"-----BEGIN CERTIFICATE-----\n{BODY[:64]}\n{BODY[64:]}\n-----END CERTIFICATE-----\n"
MESH = written(MESH_CONFIG, "osm-mesh-config", namespace="osm-system")
SETTINGS = ClusterSettings()


def bundle(content: str = PEM, **fields: object) -> Document:
    data = {"ca.crt": b64encode(content.encode()).decode()}
    return written(SECRET, "osm-ca-bundle", namespace="osm-system", **{"data": data, **fields})


def policy(name: str = "p", **spec: object) -> Document:
    return written(TRAFFIC_POLICY, name, creationTimestamp=CREATED, spec=spec)


def facts(*documents: Document) -> StatedFacts:
    found = StatedFacts()
    found.read(mirror_of(*documents))
    return found


# --- the cluster's record ----------------------------------------------------------------------


def test_a_cluster_says_what_is_configured_and_what_its_mesh_is_rooted_in() -> None:
    settings = ClusterSettings(
        region="eu",
        network="flat",
        gateways=(Gateway("192.0.2.1", 15443),),
        capacity=7,
        version="1.0",
    )
    assert cluster_record(mirror_of(bundle(), MESH), settings) == ClusterRecord(
        region="eu",
        network="flat",
        gateways=(Gateway("192.0.2.1", 15443),),
        mesh_root=sha256(DER).hexdigest(),
        trust_domain="cluster.local",
        version="1.0",
        capacity=7,
    )


def test_a_trust_domain_is_the_configured_one_and_nothing_is_known_without_a_mesh() -> None:
    assert cluster_record(mirror_of(), SETTINGS).trust_domain == ""
    configured = ClusterSettings(trust_domain="corp.example")
    assert cluster_record(mirror_of(MESH), configured).trust_domain == "corp.example"
    elsewhere = ClusterSettings(mesh_namespace="mesh")
    assert cluster_record(mirror_of(MESH), elsewhere).trust_domain == ""


def test_the_fingerprint_is_of_the_certificate_and_not_of_how_it_is_written() -> None:
    wanted = sha256(DER).hexdigest()
    folded = bundle(PEM.replace("\n", "\r\n") + PEM)
    plain = bundle(data=None, stringData={"ca.crt": PEM})
    for secret in (bundle(), folded, plain):
        assert mesh_root(mirror_of(secret), SETTINGS) == (wanted, None)


@pytest.mark.parametrize(
    "secret",
    [
        bundle(""),
        bundle("no certificate"),
        bundle("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----"),
        bundle(data={"ca.crt": "not base64!"}),
        bundle(data={"ca.crt": b64encode(b"\xff\xfe").decode()}),
        bundle(data=3),
    ],
)
def test_a_bundle_without_a_certificate_is_named(secret: Document) -> None:
    found = mesh_root(mirror_of(secret), SETTINGS)
    assert found.hex == ""
    assert found.problem is not None
    assert found.problem.about == key(secret)
    assert found.problem.fault is Fault.CERTIFICATE


def test_no_bundle_is_no_problem() -> None:
    assert mesh_root(mirror_of(), SETTINGS) == ("", None)


# --- policies ------------------------------------------------------------------------------------


def test_policies_of_the_fleet_travel_and_others_stay() -> None:
    found = facts(policy("far", scope="fleet", service="web"), policy("near"))
    assert not found.problems
    ((name, record),) = found.policies.items()
    assert name == ("shop", "far")
    assert record.created_at == CREATED_S
    subject = ServiceName("shop", "far")
    assert read_travelling(Origin("east"), subject, record.spec, 0).service == "web"


def test_a_policy_that_cannot_be_read_leaves_its_last_good_version() -> None:
    mirror = mirror_of(policy(scope="fleet", minimumHealthyPercent=50))
    found = StatedFacts()
    assert found.read(mirror)
    good = dict(found.policies)
    mirror.put(key(policy()), policy(scope="fleet", minimumHealthyPercent=500))
    assert not found.read(mirror)
    assert found.policies == good
    assert [(each.field, each.fault) for each in found.problems] == [
        ("spec.minimumHealthyPercent", Fault.VALUE)
    ]
    mirror.remove(key(policy()))
    assert found.read(mirror)
    assert (found.policies, found.problems) == ({}, ())


# --- drains --------------------------------------------------------------------------------------


def test_a_drain_is_of_the_cluster_or_of_a_service() -> None:
    found = facts(drain("all"), drain("one", service="shop/web", rampSeconds=5, reason="upgrade"))
    assert not found.problems
    whole, part = found.drains[None], found.drains[ServiceName("shop", "web")]
    assert (whole.started_at_ms, whole.ramp_s, whole.reason) == (CREATED_S * 1_000, 30, "")
    assert (part.ramp_s, part.reason) == (5, "upgrade")
    assert whole.drain.startswith("all-")


def test_the_id_of_a_drain_is_its_objects_alone() -> None:
    ids = {
        facts(each).drains.popitem()[1].drain
        for each in (
            drain(),
            drain("e"),
            drain(service="shop/web"),
            {**drain(), "metadata": {"name": "d", "creationTimestamp": "2026-11-01T00:00:11Z"}},
            {**drain(), "metadata": {"name": "d", "creationTimestamp": CREATED, "uid": "u"}},
        )
    }
    assert len(ids) == 5
    assert facts(drain()).drains == facts(drain()).drains
    again = drain(reason="other words", rampSeconds=9)
    assert facts(again).drains[None].drain == facts(drain()).drains[None].drain


def test_the_longest_name_makes_an_id_that_peers_read() -> None:
    encode_drain(facts(drain("d" * 253)).drains[None])


def test_of_two_drains_of_one_subject_the_older_counts_and_the_other_is_named() -> None:
    older = {**drain("z"), "metadata": {"name": "z", "creationTimestamp": "2026-10-01T00:00:00Z"}}
    found = facts(drain("a"), older)
    assert found.drains[None].drain.startswith("z-")
    assert [(each.about.name, each.fault) for each in found.problems] == [("a", Fault.DUPLICATE)]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"service": "web"}, "spec.service"),
        ({"service": "Shop/web"}, "spec.service"),
        ({"service": 3}, "spec.service"),
        ({"rampSeconds": -1}, "spec.rampSeconds"),
        ({"rampSeconds": 86_401}, "spec.rampSeconds"),
        ({"rampSecond": 1}, "spec.rampSecond"),
        ({"reason": "x" * 1_025}, "spec.reason"),
    ],
)
def test_a_drain_that_cannot_be_read_drains_nothing_and_is_named(
    spec: dict[str, object], field: str
) -> None:
    found = facts({**drain(), "spec": spec})
    assert not found.drains
    assert [(each.field, each.fault) for each in found.problems] == [(field, Fault.VALUE)]


def test_a_drain_that_is_spoilt_goes_on_as_it_was() -> None:
    mirror = mirror_of(drain())
    found = StatedFacts()
    found.read(mirror)
    mirror.put(key(drain()), drain(rampSeconds="soon"))
    assert not found.read(mirror)
    assert found.drains
    assert found.problems
    mirror.remove(key(drain()))
    assert found.read(mirror)
    assert not found.drains


@given(ANYTHING, ANYTHING)
def test_whatever_a_drain_holds_it_is_read_or_named(spec: object, stamp: object) -> None:
    at = ObjectKey(DRAIN, "", "d")
    document = {**drain(), "metadata": {"name": "d", "creationTimestamp": stamp}, "spec": spec}
    found = read_drain(at, document)
    if isinstance(found, DrainRead):
        encode_drain(found.record)
    else:
        assert found
