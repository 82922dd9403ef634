"""The endpoints controller, SMI mode and what the API server takes (5a, 5f, 5g, 5h, 5i, 6c)."""

import pytest

from agent.objects import Document
from simulations.mesh_endpoints import is_frozen, is_pod_address, refusal_of, synchronise
from simulations.mesh_events import ApiRefused, ControllerManagerStarted
from simulations.mesh_registry import Registry
from tests.simulations.mesh_world import (
    BUYER,
    PORT,
    STORE,
    Cluster,
    config,
    endpoints,
    key,
    multi_cluster,
    name,
    pod,
    port,
    service,
    serving,
    split,
    subset,
    target,
)

SELECTING = service("store", selector={"app": "store"})
PERMIT = target("t", STORE, BUYER)


def smi(*documents: Document) -> Cluster:
    cluster = Cluster()
    cluster.write(config(permissive=False), PERMIT, *documents)
    cluster.wait()
    return cluster


def shadow(called: str, ip: str) -> Document:
    """A Pod that stands for a remote address: never scheduled, over, with an address."""
    return pod(called, ip, node="", phase="Succeeded")


def test_5a_a_ready_pod_without_a_node_freezes_the_endpoints() -> None:
    cluster = Cluster()
    cluster.write(SELECTING, pod("p1", "10.0.0.1"))
    cluster.write(pod("shadow", "10.1.0.1", node=""))
    cluster.write(pod("p2", "10.0.0.2"))
    cluster.wait()
    assert cluster.addresses("app/store|14001") == ["10.0.0.1:14001"]
    found = cluster.mesh.registry.service(name("store"))
    assert found is not None
    assert is_frozen(cluster.mesh.registry, found)
    cluster.delete(pod("shadow"))
    cluster.wait()
    assert cluster.addresses("app/store|14001") == ["10.0.0.1:14001", "10.0.0.2:14001"]


SHADOWED = (SELECTING, shadow("s1", "10.1.0.1"), shadow("s2", "10.1.0.2"))
WRITTEN_LAST = endpoints("store", subset("10.1.0.1", "10.1.0.2"))
BOTH = serving("10.1.0.1:14001", "10.1.0.2:14001")


def test_5f_shadow_pods_that_are_over_and_endpoints_written_last_work_and_are_verified() -> None:
    cluster = smi(*SHADOWED, WRITTEN_LAST)
    assert cluster.answers("store", BOTH) == {"200": 1}
    assert cluster.sidecar.sans[name("store")] == (STORE,)


def test_5f_the_endpoints_are_wiped_when_the_controller_manager_starts() -> None:
    cluster = smi(*SHADOWED, WRITTEN_LAST)
    cluster.tell(ControllerManagerStarted())
    assert [each.key for each in cluster.written][-1:] == [key(WRITTEN_LAST)]
    cluster.wait()
    assert cluster.answers("store", BOTH) == {"503": 1}
    cluster.write(WRITTEN_LAST)
    cluster.wait()
    assert cluster.answers("store", BOTH) == {"200": 1}


def test_5f_the_endpoints_are_wiped_when_a_shadow_pod_gets_another_address() -> None:
    cluster = smi(*SHADOWED, WRITTEN_LAST)
    cluster.write(shadow("s2", "10.1.0.3"))
    cluster.wait()
    assert cluster.answers("store", BOTH) == {"503": 1}


def test_5f_endpoints_written_first_are_wiped_by_what_comes_after() -> None:
    cluster = smi(WRITTEN_LAST, *SHADOWED)
    assert cluster.answers("store", BOTH) == {"503": 1}


def test_5g_a_leaf_may_be_such_a_service() -> None:
    leaf = service("store-mc-beta", selector={"app": "store"})
    filled = endpoints("store-mc-beta", subset("10.1.0.1"))
    cluster = smi(*SHADOWED, leaf, filled, split("s", "store", store_mc_beta=100))
    assert cluster.answers("store", BOTH) == {"200": 1}
    assert cluster.sidecar.sans[name("store-mc-beta")] == (STORE,)


def test_5h_a_leaf_without_a_selector_is_named_by_the_routes_and_is_no_cluster() -> None:
    cluster = smi(
        SELECTING,
        pod("p1", "10.0.0.1"),
        service("store-mc-beta"),
        endpoints("store-mc-beta", subset("10.1.0.1")),
        split("s", "store", store_mc_beta=100),
    )
    assert cluster.sidecar.shares(name("store"), PORT) == (("app/store-mc-beta|14001", 100),)
    assert list(cluster.sidecar.clusters) == ["app/store|14001"]
    assert cluster.answers("store", BOTH) == {"503": 1}


def test_5i_an_address_without_its_pod_is_filtered_out() -> None:
    cluster = smi(SELECTING, shadow("s1", "10.1.0.1"), WRITTEN_LAST)
    assert cluster.addresses("app/store|14001") == ["10.1.0.1:14001"]


def test_a_service_without_a_selector_is_invisible_in_smi_mode() -> None:
    cluster = smi(service("store"), WRITTEN_LAST)
    assert cluster.answers("store", BOTH) == {"not in the mesh": 1}


# --- the controller ----------------------------------------------------------------------


def test_pods_are_ready_or_not_and_those_that_end_are_gone() -> None:
    cluster = Cluster()
    cluster.write(SELECTING, pod("p1", "10.0.0.1"), pod("p2", "10.0.0.2", ready=False))
    cluster.wait()
    assert cluster.mesh.registry.subsets(name("store")) == (
        ((("10.0.0.1", ""),), (("10.0.0.2", ""),), (("http-api", PORT),)),
    )
    cluster.write(pod("p1", "10.0.0.1", phase="Succeeded"))
    cluster.delete(pod("p2"))
    assert cluster.mesh.registry.subsets(name("store")) == ()


def test_a_pod_that_changes_in_nothing_that_counts_is_not_looked_at() -> None:
    cluster = smi(*SHADOWED, WRITTEN_LAST)
    annotated = dict(shadow("s1", "10.1.0.1"))
    annotated["metadata"] = {**key_fields("s1"), "annotations": {"a": "b"}}
    cluster.effects.clear()
    cluster.write(annotated)
    assert cluster.written == []


def key_fields(called: str) -> dict[str, object]:
    return {"name": called, "namespace": "app", "labels": {"app": "store"}}


def test_a_named_target_is_looked_up_in_each_pod() -> None:
    cluster = Cluster()
    named = dict(pod("p1", "10.0.0.1"))
    containers = [{"ports": [{"name": "api", "containerPort": 8_080}]}]
    named["spec"] = {"serviceAccountName": "store", "nodeName": "n1", "containers": containers}
    cluster.write(service("store", port(to="api"), selector={"app": "store"}), named)
    cluster.write(pod("p2", "10.0.0.2"))
    cluster.wait()
    assert cluster.addresses("app/store|8080") == ["10.0.0.1:8080"]


def test_endpoints_that_are_deleted_are_made_again() -> None:
    cluster = Cluster()
    cluster.write(SELECTING, pod("p1", "10.0.0.1"))
    cluster.delete(endpoints("store"))
    assert cluster.mesh.registry.subsets(name("store")) != ()


def test_what_others_write_stands_until_the_controller_looks_again() -> None:
    registry = Registry()
    for each in (SELECTING, WRITTEN_LAST):
        registry.put(key(each), each)
    written = synchronise(registry, name("store"))
    assert written is not None
    assert written.document is not None
    assert written.document["subsets"] == []


# --- the API server ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (endpoints("x", subset()), "without addresses"),
        (endpoints("x", subset("999.1.2.3")), "no address of a Pod"),
        (endpoints("x", subset("127.0.0.1")), "no address of a Pod"),
        (endpoints("x", subset("10.0.0.1", ports=[("a", 1), ("a", 2)])), "names"),
        (endpoints("x", subset("10.0.0.1", ports=[("a", 70_000)])), "65535"),
        (multi_cluster("x", ("b", "host:1", 1, 1)), "IPv4:port"),
        (multi_cluster("x", ("", "1.1.1.1:1", 1, 1)), "name is required"),
        (multi_cluster("x", ("b", "1.1.1.1:1", -1, 1)), "below 0"),
        (multi_cluster("x", account=""), "serviceAccount"),
    ],
)
def test_what_the_api_server_refuses_nobody_sees(refused: Document, why: str) -> None:
    assert why in refusal_of(key(refused), refused)
    cluster = Cluster()
    cluster.write(refused)
    assert [each for each in cluster.effects if isinstance(each, ApiRefused)] != []
    assert cluster.mesh.registry.document(key(refused)) is None


def test_a_multi_cluster_service_needs_its_list() -> None:
    without = {**multi_cluster("x"), "spec": {"serviceAccount": "store"}}
    assert refusal_of(key(without), without) == "spec.clusters is required"


@pytest.mark.parametrize("taken", ["10.0.0.1", "fd00::1"])
def test_addresses_of_pods_are_taken(taken: str) -> None:
    assert is_pod_address(taken)
