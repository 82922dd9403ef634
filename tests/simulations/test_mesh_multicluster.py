"""OSM v1.1.4 with multicluster mode on, row by row (7a to 11)."""

from collections.abc import Sequence

import pytest

from agent.objects import Document
from simulations.mesh import TRAFFIC_UNMEASURED
from simulations.mesh_events import MeshSettings, OsmDown, OsmStarted, Refused, Version
from simulations.mesh_traffic import Outcome
from tests.simulations.mesh_world import (
    BOOTSTRAP,
    BUYER,
    PORT,
    STORE,
    Cluster,
    config,
    endpoints,
    multi_cluster,
    name,
    namespace,
    pod,
    port,
    service,
    serving,
    split,
    subset,
    target,
)

SELECTING = service("store", selector={"app": "store"})
LOCAL = pod("p1", "10.0.0.1")
CLUSTER = "app/store|14001"
ON = config(permissive=True, multi=True)
ASSUMING = MeshSettings(version=Version.V1_1, assumes_documented_traffic=True)

Seen = list[tuple[str, int, list[str]]]


def mesh(*documents: Document, began: Sequence[Document] = (BOOTSTRAP, ON)) -> Cluster:
    cluster = Cluster(Version.V1_1, *began, settings=ASSUMING)
    cluster.write(*documents)
    cluster.wait()
    return cluster


def seen(cluster: Cluster, called: str = CLUSTER) -> Seen:
    found = cluster.sidecar.localities(called)
    assert found is not None
    return [(each.zone, each.priority, [str(to) for to in each.destinations]) for each in found]


def test_7a_weight_0_stands_beside_the_local_ones() -> None:
    cluster = mesh(SELECTING, LOCAL, multi_cluster("m", ("beta", "10.1.0.1:14001", 0, 0)))
    assert seen(cluster) == [("local", 0, ["10.0.0.1:14001", "10.1.0.1:14001"])]


TIERS = multi_cluster("m", ("beta", "10.1.0.1:14001", 1, 1), ("gamma", "10.2.0.1:14001", 1, 2))
IN_TIERS: Seen = [
    ("local", 0, ["10.0.0.1:14001"]),
    ("beta", 1, ["10.1.0.1:14001"]),
    ("gamma", 2, ["10.2.0.1:14001"]),
]


@pytest.mark.parametrize("permissive", [True, False])
def test_7b_weight_1_makes_tiers_in_either_mode(permissive: bool) -> None:
    began = (BOOTSTRAP, config(permissive=permissive, multi=True), target("t", STORE, BUYER))
    cluster = mesh(SELECTING, LOCAL, TIERS, began=began)
    assert seen(cluster) == IN_TIERS
    assert cluster.sidecar.sans[name("store")] == (STORE,)
    assert cluster.answers("store", serving()) == {"200": 1}


def test_7c_without_a_priority_both_are_in_the_first_tier_whatever_their_weights() -> None:
    spec = multi_cluster("m", ("beta", "10.1.0.1:14001", 10, 0), ("gamma", "10.2.0.1:14001", 20, 0))
    cluster = mesh(SELECTING, LOCAL, spec)
    found = cluster.sidecar.localities(CLUSTER)
    assert found is not None
    assert [(each.priority, each.weight) for each in found] == [(0, 0), (1, 10), (1, 20)]


def test_7d_two_objects_of_one_account_are_united() -> None:
    first = multi_cluster("m", ("beta", "10.1.0.1:14001", 1, 1))
    second = multi_cluster("n", ("gamma", "10.2.0.1:14001", 1, 2))
    assert seen(mesh(SELECTING, LOCAL, first, second)) == IN_TIERS


def test_7e_one_name_twice_is_two_localities() -> None:
    twice = multi_cluster("m", ("beta", "10.1.0.1:14001", 1, 1), ("beta", "10.1.0.2:14001", 1, 1))
    cluster = mesh(SELECTING, LOCAL, twice)
    assert [zone for zone, _, _ in seen(cluster)] == ["local", "beta", "beta"]
    assert cluster.refused == []


def test_7f_v1alpha1_is_honoured() -> None:
    old = multi_cluster("m", ("beta", "10.1.0.1:14001", 1, 1), version="v1alpha1")
    assert [zone for zone, _, _ in seen(mesh(SELECTING, LOCAL, old))] == ["local", "beta"]


def test_7g_in_the_mesh_namespace_it_has_no_effect() -> None:
    aside = multi_cluster("m", ("beta", "10.1.0.1:14001", 1, 1), namespace="osm-system")
    assert seen(mesh(SELECTING, LOCAL, aside)) == IN_TIERS[:1]


def test_7g_a_service_without_a_selector_has_no_account() -> None:
    cluster = mesh(service("store"), endpoints("store", subset("10.0.0.1")), TIERS)
    assert seen(cluster) == IN_TIERS[:1]


def test_7h_with_local_pods_not_ready_the_first_tier_is_empty() -> None:
    cluster = mesh(SELECTING, pod("p1", "10.0.0.1", ready=False), TIERS)
    assert seen(cluster) == [("local", 0, []), *IN_TIERS[1:]]
    assert cluster.answers("store", serving("10.1.0.1:14001")) == {"200": 1}


@pytest.mark.parametrize("pods", [(), (pod("placeholder", node=""),)], ids=["7k", "7i"])
def test_7i_7k_without_a_local_pod_that_has_an_address_the_service_vanishes(
    pods: tuple[Document, ...],
) -> None:
    cluster = mesh(SELECTING, *pods, TIERS)
    assert cluster.sidecar.clusters == {}
    assert cluster.answers("store", serving("10.1.0.1:14001")) == {"not in the mesh": 1}


def test_7j_a_placeholder_with_an_address_and_no_node_freezes_the_endpoints() -> None:
    cluster = mesh(SELECTING, LOCAL, pod("placeholder", "10.0.0.9", node="", ready=False))
    cluster.write(pod("p2", "10.0.0.2"))
    cluster.wait()
    assert seen(cluster) == IN_TIERS[:1]


def test_7l_a_service_without_a_selector_works_in_permissive_mode() -> None:
    cluster = mesh(service("rsvc"), endpoints("rsvc", subset("10.1.0.1")))
    assert seen(cluster, "app/rsvc|14001") == [("local", 0, ["10.1.0.1:14001"])]
    assert cluster.sidecar.sans[name("rsvc")] == ()
    cluster.write(endpoints("rsvc", subset(not_ready=["10.1.0.1"])))
    cluster.wait()
    assert seen(cluster, "app/rsvc|14001") == [("local", 0, [])]
    cluster.write(endpoints("rsvc"))
    cluster.wait()
    assert cluster.sidecar.clusters == {}


def test_7l_and_is_invisible_in_smi_mode() -> None:
    began = (BOOTSTRAP, config(permissive=False, multi=True), target("t", STORE, BUYER))
    cluster = mesh(service("rsvc"), endpoints("rsvc", subset("10.1.0.1")), began=began)
    assert cluster.sidecar.clusters == {}


@pytest.mark.parametrize("address", ["999.1.2.3:1", "10.1.0.1:99999"])
def test_7m_an_address_that_is_none_has_the_endpoints_refused_with_what_came_along(
    address: str,
) -> None:
    cluster = mesh(SELECTING, LOCAL, TIERS)
    worse = multi_cluster("m", ("beta", address, 1, 1), ("gamma", "10.2.0.9:14001", 1, 2))
    cluster.write(worse)
    cluster.wait()
    assert {(each.what, each.which) for each in cluster.refused} == {(Refused.ENDPOINTS, CLUSTER)}
    cluster.write(pod("p2", "10.0.0.2"))
    cluster.wait()
    assert seen(cluster) == IN_TIERS


def test_7n_a_gap_between_priorities_is_taken() -> None:
    gap = multi_cluster("m", ("beta", "10.1.0.1:14001", 1, 1), ("gamma", "10.2.0.1:14001", 1, 3))
    cluster = mesh(SELECTING, LOCAL, gap)
    assert [priority for _, priority, _ in seen(cluster)] == [0, 1, 3]
    assert cluster.refused == []


def test_7o_of_an_address_in_two_entries_the_first_counts() -> None:
    twice = multi_cluster("m", ("beta", "10.1.0.1:14001", 1, 1), ("gamma", "10.1.0.1:14001", 1, 2))
    began = (BOOTSTRAP, config(permissive=False, multi=True), target("t", STORE, BUYER))
    cluster = mesh(SELECTING, LOCAL, twice, began=began)
    listed = cluster.sidecar.endpoints[CLUSTER]
    assert [len(each.destinations) for each in listed] == [1, 1, 1]
    assert seen(cluster) == [*IN_TIERS[:2], ("gamma", 2, [])]


def test_7p_of_a_service_of_two_ports_both_get_the_address() -> None:
    two = service("store", port(), port("http-more", 15_000), selector={"app": "store"})
    cluster = mesh(two, LOCAL, TIERS)
    for each, number in ((CLUSTER, PORT), ("app/store|15000", 15_000)):
        assert seen(cluster, each)[0] == ("local", 0, [f"10.0.0.1:{number}"])
        assert seen(cluster, each)[1] == ("beta", 1, ["10.1.0.1:14001"])


def test_7r_a_split_goes_on_naming_a_cluster_that_is_gone() -> None:
    leaf = service("store-mc-beta")
    cluster = mesh(
        SELECTING,
        LOCAL,
        leaf,
        endpoints("store-mc-beta", subset("10.1.0.1")),
        split("s", "store", store_mc_beta=100),
    )
    cluster.write(endpoints("store-mc-beta"))
    cluster.wait()
    assert cluster.refused == []
    assert cluster.sidecar.shares(name("store"), PORT) == (("app/store-mc-beta|14001", 100),)
    assert "app/store-mc-beta|14001" not in cluster.sidecar.clusters
    assert cluster.answers("store", serving()) == {"503": 1}


def test_traffic_that_was_not_measured_is_unknown_unless_one_assumes_it() -> None:
    cluster = Cluster(Version.V1_1, BOOTSTRAP, ON, SELECTING, LOCAL)
    (answer,) = cluster.mesh.send(BUYER, name("store"), PORT)
    assert (answer.outcome, answer.why) == (Outcome.UNKNOWN, TRAFFIC_UNMEASURED)


# --- the mode ----------------------------------------------------------------------------


def test_9_with_the_mode_off_at_start_the_objects_are_ignored_without_a_word() -> None:
    cluster = mesh(SELECTING, LOCAL, TIERS, began=[config(permissive=True)])
    assert seen(cluster) == IN_TIERS[:1]
    assert cluster.mesh.is_down == ""


def test_9_v1_2_knows_no_such_mode() -> None:
    cluster = Cluster(Version.V1_2, BOOTSTRAP, ON, SELECTING, LOCAL, TIERS)
    assert seen(cluster) == IN_TIERS[:1]


def test_10_the_mode_turned_on_at_run_time_makes_the_controller_panic() -> None:
    cluster = mesh(SELECTING, LOCAL, TIERS, began=[BOOTSTRAP, config(permissive=True)])
    cluster.write(ON)
    assert [each for each in cluster.effects if isinstance(each, OsmDown)] != []
    cluster.pushes.clear()
    cluster.write(pod("p2", "10.0.0.2"))
    cluster.wait()
    assert cluster.pushes == []
    assert seen(cluster) == IN_TIERS[:1]
    cluster.delete(pod("p2"))
    cluster.tell(OsmStarted())
    assert seen(cluster) == IN_TIERS


def test_11_with_the_mode_on_and_no_bootstrap_secret_it_exits() -> None:
    cluster = mesh(SELECTING, LOCAL, TIERS, began=[ON, namespace("osm-system", "")])
    assert "the controller exits" in cluster.mesh.is_down
    assert cluster.sidecar.clusters == {}
