"""Objects are read with the defaults of the API server, and what makes no sense as nothing."""

import pytest

from simulations.mesh_objects import (
    HTTP,
    TCP,
    Address,
    EndpointsPort,
    Identity,
    Subset,
    multi_cluster_of,
    name_of,
    pod_of,
    service_of,
    split_of,
    subsets_of,
    target_of,
    texts_at,
)
from tests.simulations.mesh_world import (
    BUYER,
    STORE,
    endpoints,
    multi_cluster,
    name,
    pod,
    service,
    split,
    subset,
    target,
)


@pytest.mark.parametrize(
    ("port", "protocol"),
    [
        ({"name": "http-api"}, HTTP),
        ({"name": "tcp-db"}, TCP),
        ({"name": "tcp-server-first-db"}, TCP),
        ({"name": "grpc-api"}, HTTP),
        ({"name": "api"}, HTTP),
        ({"name": "http-api", "appProtocol": "tcp"}, TCP),
        ({"name": "tcp-db", "appProtocol": "http"}, HTTP),
        ({"name": "x", "appProtocol": "mongo"}, "mongo"),
        ({"name": "x", "protocol": "UDP"}, "UDP"),
    ],
)
def test_a_port_says_what_it_speaks_by_field_then_by_name(
    port: dict[str, object], protocol: str
) -> None:
    (found,) = service_of(service("store", {"port": 80, **port})).ports
    assert (found.protocol, found.target) == (protocol, 80)


def test_a_service_selects_pods_of_its_namespace_and_without_a_selector_none() -> None:
    p1 = pod_of(pod("p1", "10.0.0.1"))
    assert service_of(service("store", selector={"app": "store"})).selects(p1)
    assert not service_of(service("store", selector={"app": "x"})).selects(p1)
    assert not service_of(service("store")).selects(p1)
    elsewhere = {**service("store", selector={"app": "store"}), "metadata": {"namespace": "b"}}
    assert not service_of(elsewhere).selects(p1)


def test_an_address_is_given_or_made_up_or_headless() -> None:
    addresses = [service_of(service("store", ip=ip)).address for ip in ("10.96.0.1", "", "None")]
    assert addresses == ["10.96.0.1", "address-of-app/store", ""]


def test_endpoints_are_read() -> None:
    (found,) = subsets_of(endpoints("store", subset("10.0.0.1", hostnames=["a"])))
    assert found == Subset((Address("10.0.0.1", "a"),), (), (EndpointsPort("http-api", 14_001),))


def test_a_pod_is_read() -> None:
    found = pod_of(pod("p1", "10.0.0.1", phase="Succeeded"))
    assert (found.ips, found.node, found.identity) == (("10.0.0.1",), "n1", STORE)
    assert (found.is_ready, found.is_over, found.is_deleting) == (True, True, False)
    assert pod_of({}).phase == "Pending"


def test_splits_targets_and_multi_cluster_services_are_read() -> None:
    assert split_of(split("s", "store.app", store=1)).apex == name("store")
    assert split_of(split("s", "store", store_mc_b=1)).backends == ((name("store-mc-b"), 1),)
    assert target_of(target("t", STORE, BUYER)).sources == (BUYER,)
    found = multi_cluster_of(multi_cluster("m", ("b", "1.1.1.1:1", 2, 0)))
    assert (found.identity, found.clusters) == (STORE, (("b", "1.1.1.1:1", 2, 0),))


def test_what_makes_no_sense_is_nothing() -> None:
    assert str(Identity("a", "b")) == "a/b"
    assert texts_at({"a": {"b": 1, "c": "d", 5: "e"}}, "a") == {"c": "d"}
    assert name_of({}) == name("", "default")
    odd = {"spec": {"ports": [7]}}
    assert service_of(odd).ports == (("", 0, 0, HTTP),)
