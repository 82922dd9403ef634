"""OSM v1.2.4 in permissive mode: services without a selector, row by row (1a to 6d)."""

import pytest

from agent.objects import ENDPOINT_SLICE
from failure_detect.clock import MILLISECOND, SECOND
from simulations.mesh_events import KubernetesWrote, OsmStarted, Refused, SidecarConnected
from simulations.mesh_objects import Identity
from simulations.mesh_resources import Destination, Host, Locality
from simulations.mesh_traffic import Call
from tests.simulations.mesh_world import (
    BUYER,
    PORT,
    Cluster,
    document,
    endpoints,
    key,
    name,
    namespace,
    pod,
    port,
    service,
    serving,
    subset,
    through,
)

RSVC = service("rsvc")
REMOTE = endpoints("rsvc", subset("10.1.0.1", "10.1.0.2"))
BOTH = serving("10.1.0.1:14001", "10.1.0.2:14001")
LISTED = Destination("10.1.0.1", PORT), Destination("10.1.0.2", PORT)


def served() -> Cluster:
    cluster = Cluster()
    cluster.write(RSVC, REMOTE)
    cluster.wait()
    return cluster


def test_1a_a_service_and_its_endpoints_make_a_cluster_a_chain_and_a_route() -> None:
    cluster = served()
    made = cluster.sidecar.clusters["app/rsvc|14001"]
    assert made.sni == name("rsvc")
    assert made.localities == (Locality("local", 0, 0, LISTED),)
    chain = cluster.sidecar.chain(name("rsvc"), PORT)
    assert chain is not None
    assert (chain.prefixes, chain.port) == (("address-of-app/rsvc/32",), PORT)
    assert cluster.sidecar.shares(name("rsvc"), PORT) == (("app/rsvc|14001", 100),)
    assert cluster.sidecar.sans[name("rsvc")] == ()
    assert cluster.answers("rsvc", BOTH) == {"200": 1}
    assert cluster.refused == []


def test_1a_a_cluster_ip_that_the_store_gives_is_what_the_chain_is_for() -> None:
    cluster = Cluster()
    cluster.write(service("rsvc", ip="10.96.0.7"), REMOTE)
    cluster.wait()
    chain = cluster.sidecar.chain(name("rsvc"), PORT)
    assert chain is not None
    assert chain.prefixes == ("10.96.0.7/32",)


def test_1a_what_is_sent_in_clear_is_refused_at_the_other_end() -> None:
    exporter = Cluster()
    exporter.write(service("rsvc", selector={"app": "store"}), pod("p1", "10.1.0.1"))
    exporter.wait()
    to = Destination("10.1.0.1", PORT)
    call = Call(BUYER, to, None, Host(name("rsvc"), PORT), "root")
    answer = exporter.mesh.answer(call)
    assert answer is not None
    assert (answer.outcome.value, answer.why) == ("503", "plaintext is refused")


@pytest.mark.parametrize("account", ["store", "somebody-else"])
def test_1b_any_workload_of_the_root_is_taken(account: str) -> None:
    exporter = Cluster()
    selected = service("rsvc", selector={"app": "store"})
    exporter.write(selected, pod("p1", "10.1.0.1", account=account))
    exporter.wait()
    cluster = Cluster()
    cluster.write(RSVC, endpoints("rsvc", subset("10.1.0.1")))
    cluster.wait()
    assert cluster.answers("rsvc", through(exporter)) == {"200": 1}


def test_1c_a_service_alone_is_not_pushed_and_connected_sidecars_do_not_see_it() -> None:
    cluster = Cluster()
    cluster.write(RSVC)
    cluster.wait()
    assert cluster.pushes == []
    assert cluster.answers("rsvc", BOTH) == {"not in the mesh": 1}
    newcomer = Identity("client", "newcomer")
    cluster.tell(SidecarConnected(newcomer))
    assert cluster.answers("rsvc", BOTH, client=newcomer) == {"503": 1}


def test_1d_a_service_after_its_endpoints_is_seen_when_these_change() -> None:
    cluster = Cluster()
    cluster.write(REMOTE)
    cluster.wait(5 * SECOND)
    cluster.pushes.clear()
    cluster.write(RSVC)
    cluster.wait()
    assert cluster.pushes == []
    assert cluster.answers("rsvc", BOTH) == {"not in the mesh": 1}
    cluster.write(endpoints("rsvc", subset("10.1.0.1")))
    cluster.wait(3 * SECOND)
    assert cluster.answers("rsvc", BOTH) == {"200": 1}


def test_1e_both_within_the_window_do_in_any_order() -> None:
    cluster = Cluster()
    cluster.write(REMOTE)
    cluster.wait(1 * SECOND)
    cluster.write(RSVC)
    cluster.wait()
    assert cluster.answers("rsvc", BOTH) == {"200": 1}


def test_1f_a_port_that_is_added_is_seen_when_the_endpoints_are_touched() -> None:
    cluster = Cluster()
    two = [("http-api", PORT), ("http-more", 15_000)]
    ready = endpoints("rsvc", subset("10.1.0.1", ports=two))
    cluster.write(RSVC, ready)
    cluster.wait()
    cluster.pushes.clear()
    cluster.write(service("rsvc", port(), port("http-more", 15_000)))
    cluster.write(ready)
    cluster.wait()
    assert cluster.pushes == []
    assert cluster.sidecar.chain(name("rsvc"), 15_000) is None
    cluster.write({**ready, "metadata": {"name": "rsvc", "namespace": "app", "labels": {"a": "b"}}})
    cluster.wait()
    assert cluster.answers("rsvc", serving("10.1.0.1:15000"), 15_000) == {"200": 1}


def test_1i_endpoints_that_are_empty_or_gone_rename_the_cluster() -> None:
    cluster = served()
    cluster.write(endpoints("rsvc"))
    cluster.wait()
    assert list(cluster.sidecar.clusters) == ["app/rsvc|0"]
    assert cluster.sidecar.shares(name("rsvc"), PORT) == (("app/rsvc|0", 100),)
    assert cluster.addresses("app/rsvc|0") == []
    assert cluster.answers("rsvc", BOTH) == {"503": 1}
    cluster.write(REMOTE)
    cluster.wait()
    cluster.delete(REMOTE)
    cluster.wait()
    assert list(cluster.sidecar.clusters) == ["app/rsvc|0"]


def test_1j_addresses_that_are_not_ready_keep_the_cluster_and_empty_it() -> None:
    cluster = served()
    cluster.write(endpoints("rsvc", subset(not_ready=["10.1.0.1"])))
    cluster.wait()
    assert list(cluster.sidecar.clusters) == ["app/rsvc|14001"]
    assert cluster.addresses("app/rsvc|14001") == []
    assert cluster.answers("rsvc", BOTH) == {"503": 1}


def test_1k_with_the_service_its_endpoints_go_and_everything_with_them() -> None:
    cluster = served()
    cluster.delete(RSVC)
    assert [each.key for each in cluster.written] == [key(REMOTE)]
    assert cluster.written[0].document is None
    cluster.wait(2_060 * MILLISECOND)
    assert cluster.sidecar.clusters == {}
    assert cluster.sidecar.chain(name("rsvc"), PORT) is None


def test_1l_traffic_is_back_a_push_after_addresses_are_swapped() -> None:
    cluster = served()
    alive = serving("10.1.0.9:14001")
    assert cluster.answers("rsvc", alive) == {"no answer": 1}
    cluster.write(endpoints("rsvc", subset("10.1.0.9")))
    cluster.wait(2_300 * MILLISECOND)
    assert cluster.answers("rsvc", alive) == {"200": 1}


def test_1m_what_is_wiped_and_restored_at_once_is_one_push_that_changes_nothing() -> None:
    cluster = served()
    before = cluster.sidecar.copy()
    cluster.pushes.clear()
    cluster.write(endpoints("rsvc"))
    cluster.wait(400 * MILLISECOND)
    cluster.write(REMOTE)
    cluster.wait()
    assert len(cluster.pushes) == 1
    assert cluster.sidecar == before


TWO_PORTS = service("rsvc", port(), port("http-more", 15_000))


def test_3a_two_named_ports_of_one_subset_are_two_clusters() -> None:
    cluster = Cluster()
    ports = [("http-api", PORT), ("http-more", 15_000)]
    cluster.write(TWO_PORTS, endpoints("rsvc", subset("10.1.0.1", ports=ports)))
    cluster.wait()
    assert cluster.addresses("app/rsvc|14001") == ["10.1.0.1:14001"]
    assert cluster.addresses("app/rsvc|15000") == ["10.1.0.1:15000"]


def test_3b_of_two_numbers_under_one_name_only_the_first_survives() -> None:
    cluster = Cluster()
    second = subset("10.1.0.2", ports=[("http-api", 8_080)])
    cluster.write(RSVC, endpoints("rsvc", subset("10.1.0.1"), second))
    cluster.wait()
    assert list(cluster.sidecar.clusters) == ["app/rsvc|14001"]
    assert cluster.addresses("app/rsvc|14001") == ["10.1.0.1:14001"]


def test_3c_endpoints_may_be_on_another_port_as_gateways_are() -> None:
    exporter = Cluster()
    exporter.write(service("rsvc", selector={"app": "store"}), pod("p1", "10.1.0.1"))
    exporter.wait()
    cluster = Cluster()
    cluster.write(RSVC, endpoints("rsvc", subset("20.0.0.1", ports=[("http-api", 15_443)])))
    cluster.wait()
    assert cluster.addresses("app/rsvc|15443") == ["20.0.0.1:15443"]
    passed_on = {"20.0.0.1:15443": Destination("10.1.0.1", PORT)}
    assert cluster.answers("rsvc", through(exporter, passed_on)) == {"200": 1}


def test_3d_where_the_endpoints_have_one_port_both_chains_lead_to_it() -> None:
    cluster = Cluster()
    cluster.write(TWO_PORTS, endpoints("rsvc", subset("10.1.0.1")))
    cluster.wait()
    one = serving("10.1.0.1:14001")
    assert cluster.answers("rsvc", one) == cluster.answers("rsvc", one, 15_000) == {"200": 1}
    assert list(cluster.sidecar.clusters) == ["app/rsvc|14001"]


def test_3e_the_name_of_a_single_endpoints_port_does_not_matter() -> None:
    cluster = Cluster()
    cluster.write(RSVC, endpoints("rsvc", subset("10.1.0.1", ports=[("other", PORT)])))
    cluster.wait()
    assert cluster.answers("rsvc", BOTH) == {"200": 1}


def test_4_endpoint_slices_are_ignored() -> None:
    cluster = Cluster()
    cluster.write(RSVC)
    slices = document(
        ENDPOINT_SLICE,
        "rsvc-1",
        endpoints=[{"addresses": ["10.1.0.1"]}],
        ports=[{"name": "http-api", "port": PORT}],
    )
    cluster.write(slices)
    cluster.wait()
    assert cluster.pushes == []
    assert cluster.answers("rsvc", BOTH) == {"not in the mesh": 1}


def test_6a_a_headless_service_is_taken_and_a_hostname_is_a_service_of_its_own() -> None:
    cluster = Cluster()
    cluster.write(service("peers", ip="None"), endpoints("peers", subset("10.1.0.1")))
    cluster.wait()
    chain = cluster.sidecar.chain(name("peers"), PORT)
    assert chain is not None
    assert chain.prefixes == ("10.1.0.1/32",)
    named = subset("10.1.0.1", hostnames=["db-0"])
    cluster.write(endpoints("peers", named))
    cluster.wait()
    assert cluster.refused == []
    assert list(cluster.sidecar.clusters) == ["app/db-0.peers|14001"]
    assert cluster.answers("db-0.peers", BOTH) == {"200": 1}


def test_6b_two_headless_services_with_one_address_have_the_whole_listener_refused() -> None:
    cluster = served()
    for each in ("one", "two"):
        cluster.write(service(each, ip="None"), endpoints(each, subset("10.1.0.5")))
    cluster.write(service("late"), endpoints("late", subset("10.1.0.1")))
    cluster.wait()
    assert [each.what for each in cluster.refused] == [Refused.LISTENER]
    assert cluster.answers("rsvc", BOTH) == {"200": 1}
    assert cluster.answers("late", BOTH) == {"not in the mesh": 1}


def test_6c_an_ipv6_address_of_an_ipv4_service_is_taken() -> None:
    cluster = Cluster()
    cluster.write(RSVC, endpoints("rsvc", subset("fd00::1")))
    cluster.wait()
    assert cluster.refused == []
    assert cluster.addresses("app/rsvc|14001") == ["fd00::1:14001"]


def test_6d_an_ipv6_address_of_a_headless_service_makes_a_chain_that_is_far_too_wide() -> None:
    cluster = Cluster()
    cluster.write(service("peers", ip="None"), endpoints("peers", subset("::5")))
    cluster.wait()
    chain = cluster.sidecar.chain(name("peers"), PORT)
    assert chain is not None
    assert chain.prefixes == ("::/32",)


# --- the machine -------------------------------------------------------------------------


def test_a_namespace_that_is_not_monitored_is_not_in_the_mesh() -> None:
    cluster = served()
    cluster.write(namespace("app", "another-mesh"))
    cluster.write(endpoints("rsvc", subset("10.1.0.1")))
    cluster.wait()
    assert cluster.sidecar.clusters == {}


def test_nothing_is_pushed_before_the_controller_starts_and_all_of_it_then() -> None:
    cluster = served()
    cluster.tell(OsmStarted())
    assert cluster.answers("rsvc", BOTH) == {"200": 1}
    assert cluster.mesh.is_quiet


def test_what_would_come_of_it_is_asked_without_doing_it() -> None:
    cluster = served()
    cluster.write(endpoints("rsvc", subset("10.1.0.9")))
    settled, refused = cluster.mesh.settled(BUYER)
    alive = serving("10.1.0.9:14001")
    assert refused == []
    assert cluster.answers("rsvc", alive, client=settled) == {"200": 1}
    assert cluster.answers("rsvc", alive, client=cluster.mesh.newcomer(BUYER)[0]) == {"200": 1}
    assert cluster.answers("rsvc", alive) == {"no answer": 1}
    cluster.mesh.check_invariants()


def test_a_service_that_is_written_alone_is_not_what_a_connected_sidecar_settles_on() -> None:
    cluster = Cluster()
    cluster.write(RSVC)
    assert cluster.mesh.settled(BUYER)[0].clusters == {}
    assert list(cluster.mesh.newcomer(BUYER)[0].clusters) == ["app/rsvc|0"]
    assert [each.name for each in cluster.mesh.piece(name("rsvc")).clusters] == ["app/rsvc|0"]


def test_the_endpoints_that_kubernetes_writes_are_told_to_the_store() -> None:
    cluster = Cluster()
    cluster.write(service("store", selector={"app": "store"}), pod("p1", "10.0.0.1"))
    first, second = cluster.written
    assert isinstance(first, KubernetesWrote)
    assert first.document is not None
    assert second.document is not None
    assert first.document["subsets"] == []
    cluster.wait()
    assert cluster.addresses("app/store|14001") == ["10.0.0.1:14001"]
