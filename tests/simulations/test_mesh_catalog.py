"""TrafficSplits on v1.2.4 in permissive mode, row by row (2a, 2d to 2j)."""

from collections.abc import Mapping

import pytest

from agent.objects import Document
from failure_detect.clock import MILLISECOND
from simulations.mesh_catalog import cluster_name, port_number
from simulations.mesh_events import Refused
from simulations.mesh_objects import EndpointsPort, Subset
from tests.simulations.mesh_world import (
    BUYER,
    PORT,
    Cluster,
    config,
    endpoints,
    name,
    pod,
    port,
    service,
    serving,
    split,
    subset,
)

LOCAL, REMOTE = "10.0.0.1:14001", "10.1.0.1:14001"
APEX = service("store", selector={"app": "store"})
LEAF = service("store-mc-beta")
FILLED = endpoints("store-mc-beta", subset("10.1.0.1"))


def cluster_with(*documents: Document, local: bool = True) -> Cluster:
    """An apex with a pod of its own, a leaf with one remote address, and what is given."""
    cluster = Cluster()
    cluster.write(APEX, *([pod("p1", "10.0.0.1")] if local else []), LEAF, FILLED, *documents)
    cluster.wait()
    return cluster


def shares(cluster: Cluster, number: int = PORT) -> Mapping[str, int]:
    return dict(cluster.sidecar.shares(name("store"), number) or ())


def test_2a_weights_are_taken_as_they_are_and_traffic_moves_with_a_push() -> None:
    cluster = cluster_with(split("s", "store", store=100, store_mc_beta=0))
    assert shares(cluster) == {"app/store|14001": 100, "app/store-mc-beta|14001": 0}
    assert (
        cluster.answers("store", serving(REMOTE))
        == {"200": 1}
        == cluster.answers("store", serving())
    )
    cluster.write(split("s", "store", store=0, store_mc_beta=100))
    cluster.wait(2_300 * MILLISECOND)
    assert shares(cluster) == {"app/store|14001": 0, "app/store-mc-beta|14001": 100}
    assert cluster.answers("store", serving(REMOTE)) == {"200": 1}


def test_2d_a_leaf_with_empty_endpoints_is_dropped() -> None:
    cluster = cluster_with(split("s", "store", store=50, store_mc_beta=50), local=False)
    assert shares(cluster) == {"app/store-mc-beta|14001": 50}
    assert cluster.answers("store", serving(REMOTE)) == {"200": 1}


def test_2e_a_leaf_that_is_not_ready_stays_and_its_share_gets_503() -> None:
    documents = [
        pod("p1", "10.0.0.1", ready=False),
        split("s", "store", store=50, store_mc_beta=50),
    ]
    cluster = cluster_with(*documents, local=False)
    answers = cluster.answers("store", serving(REMOTE))
    assert answers["503"] == answers["200"]


@pytest.mark.parametrize(("store", "beta"), [(100, 0), (0, 0)])
def test_2f_without_weight_the_routes_of_the_port_are_refused_and_freeze(
    store: int, beta: int
) -> None:
    cluster = cluster_with(split("s", "store", store=0, store_mc_beta=100))
    cluster.write(split("s", "store", store=store, store_mc_beta=beta))
    if store:  # The leaf with all the weight is empty.
        cluster.delete(pod("p1"))
    cluster.write(service("fresh"), endpoints("fresh", subset("10.1.0.7")))
    cluster.wait()
    assert [(each.what, each.which) for each in cluster.refused] == [(Refused.ROUTES, str(PORT))]
    assert shares(cluster) == {"app/store|14001": 0, "app/store-mc-beta|14001": 100}
    assert cluster.answers("fresh", serving("10.1.0.7:14001")) == {"404": 1}
    cluster.write(split("s", "store", store_mc_beta=100))
    cluster.wait()
    assert cluster.answers("fresh", serving("10.1.0.7:14001")) == {"200": 1}


def test_2f_another_port_is_not_concerned() -> None:
    cluster = cluster_with(split("s", "store", store=0, store_mc_beta=0))
    other = endpoints("other", subset("10.1.0.7", ports=[("http-api", 9_000)]))
    cluster.write(service("other", port(number=9_000)), other)
    cluster.wait()
    assert cluster.answers("other", serving("10.1.0.7:9000"), 9_000) == {"200": 1}


def tcp_cluster(split_written: Document) -> Cluster:
    cluster = Cluster()
    speaks_tcp = port(speaks="tcp")
    cluster.write(
        service("store", speaks_tcp, selector={"app": "store"}),
        pod("p1", "10.0.0.1"),
        service("store-mc-beta", speaks_tcp),
        FILLED,
        service("other"),
        endpoints("other", subset("10.1.0.7")),
    )
    cluster.wait()
    cluster.write(split_written, service("late"), endpoints("late", subset("10.1.0.8")))
    cluster.wait()
    return cluster


def test_2g_a_weight_of_0_for_tcp_has_the_whole_listener_refused() -> None:
    cluster = tcp_cluster(split("s", "store", store=100, store_mc_beta=0))
    assert [each.what for each in cluster.refused] == [Refused.LISTENER]
    assert cluster.answers("other", serving("10.1.0.7:14001")) == {"200": 1}
    assert cluster.answers("late", serving("10.1.0.8:14001")) == {"not in the mesh": 1}


def test_2g_a_split_of_one_backend_is_fine_for_tcp() -> None:
    cluster = tcp_cluster(split("s", "store", store_mc_beta=100))
    assert cluster.refused == []
    assert cluster.answers("store", serving(REMOTE)) == {"200": 1}


def test_2g_a_tcp_service_of_which_no_leaf_is_left_is_not_spoken_of() -> None:
    cluster = tcp_cluster(split("s", "store", nobody=100))
    assert cluster.answers("store", serving(REMOTE)) == {"unknown": 1}


@pytest.mark.parametrize(
    "documents",
    [
        (endpoints("store-mc-beta", subset("10.1.0.1", ports=[("other", PORT)])),),
        (service("store-mc-beta", port(number=9_000)),),
    ],
    ids=["the name of the Endpoints' port", "the number of the Service's port"],
)
def test_2h_a_leaf_that_does_not_fit_is_dropped_without_a_word(
    documents: tuple[Document, ...],
) -> None:
    cluster = cluster_with(*documents, split("s", "store", store=50, store_mc_beta=50))
    assert shares(cluster) == {"app/store|14001": 50}


def test_2h_a_leaf_without_a_service_is_dropped_without_a_word() -> None:
    cluster = cluster_with(split("s", "store", store=50, store_mc_gamma=50))
    assert shares(cluster) == {"app/store|14001": 50}


def test_2i_a_leaf_may_have_another_number_behind_its_port() -> None:
    moved = endpoints("store-mc-beta", subset("10.1.0.1", ports=[("http-api", 8_080)]))
    cluster = cluster_with(moved, split("s", "store", store_mc_beta=100))
    assert shares(cluster) == {"app/store-mc-beta|8080": 100}
    assert cluster.answers("store", serving("10.1.0.1:8080")) == {"200": 1}


def test_2j_of_two_splits_for_one_apex_nobody_knows_which() -> None:
    cluster = cluster_with(split("s", "store", store_mc_beta=100), split("t", "store", store=100))
    assert cluster.answers("store", serving(REMOTE)) == {"unknown": 1}


# --- reading -----------------------------------------------------------------------------


def test_a_protocol_that_was_not_measured_is_not_spoken_of() -> None:
    cluster = Cluster()
    cluster.write(service("odd", port(speaks="mongo")), endpoints("odd", subset("10.1.0.1")))
    cluster.wait()
    assert cluster.answers("odd", serving("10.1.0.1:14001")) == {"unknown": 1}


def test_several_accounts_behind_a_service_are_not_spoken_of_in_smi_mode() -> None:
    cluster = Cluster()
    cluster.write(APEX, pod("p1", "10.0.0.1"), pod("p2", "10.0.0.2", account="other"))
    cluster.write(config(permissive=False))
    cluster.wait()
    assert cluster.mesh.catalog.piece(name("store")).unmeasured != ()


@pytest.mark.parametrize(
    ("called", "ports", "number"),
    [
        ("", [("a", 1), ("b", 2)], 1),
        ("b", [("a", 1), ("b", 2)], 2),
        ("c", [("a", 1), ("b", 2)], 0),
        ("c", [("a", 1)], 1),
        ("c", [], 0),
    ],
)
def test_the_number_of_a_port_is_that_of_the_endpoints(
    called: str, ports: list[tuple[str, int]], number: int
) -> None:
    found = Subset((), (), tuple(EndpointsPort(*each) for each in ports))
    assert port_number((found,), called) == number


def test_a_cluster_is_called_by_service_and_number() -> None:
    assert cluster_name(name("store"), PORT) == "app/store|14001"


def test_a_client_is_told_of_every_monitored_service_in_permissive_mode() -> None:
    cluster = cluster_with()
    assert cluster.mesh.catalog.outbound(BUYER) == [name("store"), name("store-mc-beta")]
