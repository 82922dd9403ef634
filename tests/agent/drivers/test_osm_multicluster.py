"""The driver for OSM v1.1, fact by fact (section numbers are those of the measured behaviour)."""

import pytest

from agent.drivers.plan import Reason
from agent.objects import (
    ENDPOINTS,
    POD,
    SERVICE,
    ObjectKey,
    at,
    list_at,
    text_at,
)
from agent.writes import Apply, Delete
from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.records import Gateway, ServicePort
from discovery.standing import Verdict
from failure_detect.clock import SECOND
from tests.agent.drivers.old_osm import ACCOUNT, MESH, OldOsm, active_active, head, key_for, typical
from tests.discovery.view_world import (
    SHOP,
    A,
    B,
    C,
    cluster,
    drain,
    endpoints,
    exported,
)


def test_the_whole_object_is_as_osm_reads_it() -> None:
    osm = OldOsm()
    osm.service()
    osm.pods(1)
    osm.own(1)
    osm.remote(B, "10.1.0.1")
    [group] = osm.plan().groups
    assert group.services == (SHOP,)
    [write] = group.writes
    assert isinstance(write, Apply)
    assert write.key == key_for()
    assert write.document == {
        "apiVersion": "config.openservicemesh.io/v1alpha2",
        "kind": "MultiClusterService",
        "metadata": {
            "name": "isthmus-checkout-sa",
            "namespace": "shop",
            "labels": {"app.kubernetes.io/managed-by": "isthmus"},
            "annotations": {"isthmus.dev/service": "checkout"},
        },
        "spec": {
            "serviceAccount": "checkout-sa",
            "clusters": [
                {"name": "b/10.1.0.1:8080", "address": "10.1.0.1:8080", "weight": 1, "priority": 1}
            ],
        },
    }
    assert osm.conditions() == ()


def test_a_store_that_serves_the_older_version_gets_that() -> None:
    osm = OldOsm("v1alpha1")
    osm.service()
    osm.pods(1)
    osm.remote(B, "10.1.0.1")
    osm.apply()
    assert text_at(osm.object(), "apiVersion") == "config.openservicemesh.io/v1alpha1"


def test_local_is_first_and_tiers_stand_behind_it_without_holes_7b() -> None:
    osm = typical()
    osm.world.stands(C, Verdict.UNREACHABLE)
    osm.apply()
    assert osm.levels() == {1: ["10.1.0.1", "10.1.0.2"], 2: ["10.2.0.1", "10.2.0.2"]}
    weights = {at(each, "weight") for each in list_at(osm.object(), "spec", "clusters")}
    assert weights == {1}


def test_local_pods_that_are_not_ready_leave_level_0_empty_7h() -> None:
    osm = typical()
    osm.pods(2, ready=False)
    osm.own(0)
    osm.world.put(A, exported(SHOP, endpoints("10.0.0.1", ready=False), head=head()))
    osm.apply()
    assert osm.levels() == {1: ["10.1.0.1", "10.1.0.2", "10.2.0.1", "10.2.0.2"]}
    assert osm.reasons() == []


def test_clusters_that_share_with_local_join_it_with_weight_0_7a() -> None:
    osm = typical()
    active_active(osm)
    osm.apply()
    assert osm.levels() == {0: ["10.1.0.1", "10.1.0.2", "10.2.0.1", "10.2.0.2"]}
    assert {at(e, "weight") for e in list_at(osm.object(), "spec", "clusters")} == {0}
    assert osm.reasons() == []


def test_weights_are_held_by_how_many_addresses_are_listed() -> None:
    osm = typical()
    active_active(osm, a=2, b=1)
    osm.apply()
    levels = osm.levels()
    assert len(levels[0]) == 1
    assert levels[1] == ["10.2.0.1", "10.2.0.2"]
    assert osm.reasons() == []


def test_weights_that_cannot_be_held_are_told_with_what_is_had_instead() -> None:
    osm = typical()
    active_active(osm, a=1, b=9)
    osm.apply()
    assert osm.levels()[0] == ["10.1.0.1", "10.1.0.2"]
    [condition] = osm.conditions()
    assert condition.reason is Reason.WEIGHTS_NOT_HELD
    assert condition.what == (
        "a gets 50 % and should get 10 %, b gets 50 % and should get 90 % "
        "(OSM always uses the local Pods that are ready)"
    )


def test_a_local_drain_cannot_empty_level_0_and_says_so() -> None:
    osm = typical()
    osm.world.put(A, {b"drain": drain(ramp_s=1)}, now=0)
    osm.world.view.advance(10 * SECOND)
    osm.apply()
    assert osm.levels() == {0: ["10.1.0.1", "10.1.0.2", "10.2.0.1", "10.2.0.2"]}
    [condition] = osm.conditions()
    assert condition.reason is Reason.WEIGHTS_NOT_HELD
    assert "a gets 33.3 % and should get 0 %" in condition.what


def test_a_remote_drain_takes_addresses_away_step_by_step() -> None:
    osm = OldOsm()
    osm.service()
    osm.pods(2, ready=False)
    osm.remote(B, *(f"10.1.0.{n}" for n in range(1, 11)))
    osm.remote(C, *(f"10.2.0.{n}" for n in range(1, 11)))
    osm.world.put(B, {b"drain": drain(ramp_s=20)}, now=0)
    counts = []
    for second in range(22):
        osm.world.view.advance(second * SECOND)
        osm.apply()
        counts.append(sum(each.startswith("10.1.") for each in osm.levels()[1]))
    assert counts[0] == 10
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0
    assert len(set(counts)) > 5
    assert osm.levels()[2] == [f"10.1.0.{n}" for n in range(1, 11)]


def test_local_pods_that_are_not_exported_are_used_alone() -> None:
    osm = typical()
    osm.world.put(A, {}, delete=list(exported(SHOP, endpoints("10.0.0.1"))))
    osm.apply()
    assert osm.levels() == {1: ["10.1.0.1", "10.1.0.2", "10.2.0.1", "10.2.0.2"]}
    assert osm.reasons() == [Reason.LOCAL_NOT_EXPORTED]


# --- what is not there -------------------------------------------------------------------


def test_without_a_local_pod_the_object_waits_and_the_remedy_is_told_7i_7k() -> None:
    osm = typical()
    osm.apply()
    osm.pods(0)
    osm.world.put(A, exported(SHOP, endpoints("10.0.0.1", ready=False), head=head()))
    assert not any(isinstance(each, Delete) for each in osm.plan().writes)
    [condition] = osm.conditions()
    assert condition.reason is Reason.NO_LOCAL_POD
    assert "run a placeholder" in condition.what


def test_a_pod_without_an_address_or_node_is_none_and_freezes_the_endpoints_7j() -> None:
    osm = typical()
    osm.pods(0)
    osm.put(
        POD,
        "checkout-x",
        metadata={"labels": {"app": "checkout"}},
        spec={"serviceAccountName": ACCOUNT},
        status={"podIP": "10.0.0.9"},
    )
    [condition] = osm.conditions()
    assert condition.reason is Reason.NO_LOCAL_POD
    assert "shop/checkout-x has an address and no node" in condition.what


def test_a_pod_that_has_ended_is_none() -> None:
    osm = typical()
    for number in range(2):
        osm.put(
            POD,
            f"checkout-{number}",
            metadata={"labels": {"app": "checkout"}},
            spec={"serviceAccountName": ACCOUNT, "nodeName": "n"},
            status={"podIP": "10.0.0.9", "phase": "Failed"},
        )
    assert osm.reasons() == [Reason.NO_LOCAL_POD]


def test_without_a_service_here_the_remedy_is_told() -> None:
    osm = OldOsm()
    osm.remote(B, "10.1.0.1")
    osm.apply()
    [condition] = osm.conditions()
    assert condition.reason is Reason.NO_LOCAL_POD
    assert "there is no Service shop/checkout here" in condition.what
    assert osm.levels() == {1: ["10.1.0.1"]}


def test_endpoints_without_a_port_are_told() -> None:
    osm = typical()
    osm.put(ENDPOINTS, "checkout", subsets=[])
    assert Reason.NO_LOCAL_POD in osm.reasons()


def test_without_an_account_nothing_is_written() -> None:
    osm = OldOsm()
    osm.service()
    osm.remote(B, "10.1.0.1", account="")
    assert osm.plan().groups == ()
    assert osm.reasons() == [Reason.IDENTITY_UNKNOWN]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"clusterIP": "None"}, "headless"),
        ({"type": "ExternalName"}, "ExternalName"),
        ({"selector": {}}, "no selector"),
    ],
)
def test_services_that_osm_cannot_extend_are_left_alone_7g_7l(
    spec: dict[str, object], words: str
) -> None:
    osm = typical()
    osm.apply()
    osm.service(spec=spec)
    plan = osm.plan()
    if spec.get("selector") == {}:
        assert [type(each) for each in plan.writes] == [Delete]
    [condition] = plan.conditions[SHOP]
    assert condition.reason is Reason.LOCAL_UNUSABLE
    assert words in condition.what


def test_a_service_of_two_ports_gets_none_7p() -> None:
    osm = typical()
    osm.apply()
    osm.service(ports=[("http", 80), ("metrics", 9090)])
    [write] = osm.plan().writes
    assert write == Delete(key_for(), write.why if isinstance(write, Delete) else "")
    assert osm.reasons() == [Reason.SEVERAL_PORTS]


def test_a_port_that_is_not_exported_gets_none() -> None:
    osm = typical()
    osm.service(ports=[("http", 81)])
    assert osm.plan().groups == ()
    assert osm.reasons() == [Reason.PORT_MISSING]


# --- addresses ---------------------------------------------------------------------------


def test_no_address_is_listed_that_envoy_would_refuse_7m() -> None:
    osm = OldOsm()
    osm.service()
    osm.pods(1)
    osm.remote(B, "10.1.0.1", "fd00::1")
    osm.apply()
    assert osm.levels() == {1: ["10.1.0.1"]}
    [left_out] = [e for e in osm.conditions() if e.reason is Reason.ADDRESS_REFUSED]
    assert "[fd00::1]:8080" in left_out.what or "fd00::1:8080" in left_out.what


def test_no_address_of_a_local_pod_is_listed() -> None:
    osm = OldOsm()
    osm.service()
    osm.pods(2)
    osm.own(2)
    osm.remote(B, "10.0.0.1", "10.1.0.1")
    osm.apply()
    assert osm.levels() == {1: ["10.1.0.1"]}
    assert osm.reasons() == [Reason.ADDRESS_REFUSED]


def test_each_address_is_listed_once_and_names_are_unique_7e_7o() -> None:
    osm = OldOsm()
    osm.service()
    osm.pods(1)
    osm.own(1)
    osm.remote(B, "10.1.0.1", "10.1.0.2")
    osm.remote(C, "10.1.0.1", "10.2.0.1")
    osm.apply()
    entries = list_at(osm.object(), "spec", "clusters")
    assert len({text_at(each, "name") for each in entries}) == len(entries) == 3
    assert len({text_at(each, "address") for each in entries}) == 3


def test_another_network_is_reached_through_its_gateways() -> None:
    osm = OldOsm()
    osm.service()
    osm.pods(1)
    osm.own(1)
    records = exported(SHOP, endpoints("10.1.0.1"), head=head())
    gateways = (Gateway("192.0.2.1", 15443), Gateway("gateway.example", 15443))
    elsewhere = cluster(
        network="m", gateways=gateways, mesh_root="f00d", trust_domain="cluster.local"
    )
    osm.world.put(B, {b"cluster": elsewhere, **records})
    osm.apply()
    [entry] = list_at(osm.object(), "spec", "clusters")
    assert text_at(entry, "address") == "192.0.2.1:15443"
    assert osm.reasons() == [Reason.GATEWAY_UNUSABLE]


def test_endpoints_may_listen_on_different_numbers() -> None:
    osm = OldOsm()
    osm.service()
    osm.pods(1)
    osm.remote(B, "10.1.0.1")
    other = encode_endpoints(EndpointRecord((EndpointPort("http", 9090),), (Endpoint("10.2.0.1"),)))
    osm.world.put(C, {b"cluster": MESH, **exported(SHOP, other, head=head())})
    osm.apply()
    addresses = [text_at(e, "address") for e in list_at(osm.object(), "spec", "clusters")]
    assert addresses == ["10.1.0.1:8080", "10.2.0.1:9090"]


def test_a_tcp_service_is_served_as_any() -> None:
    osm = OldOsm()
    osm.service(ports=[("tcp-db", 5432)])
    osm.pods(1)
    port = ServicePort("tcp-db", 5432, "TCP", "tcp")
    listed = encode_endpoints(
        EndpointRecord((EndpointPort("tcp-db", 5432),), (Endpoint("10.1.0.1"),))
    )
    records = exported(SHOP, listed, head=head(ports=(port,)))
    osm.world.put(B, {b"cluster": MESH, **records})
    osm.apply()
    assert osm.levels() == {1: ["10.1.0.1"]}
    assert ObjectKey(SERVICE, "shop", "checkout") in dict(osm.mirror.of(SERVICE))
