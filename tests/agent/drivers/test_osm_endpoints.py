"""What is written for OSM v1.2, row by row of what was measured on it."""

from agent.drivers.choice import OSM_ENDPOINTS
from agent.drivers.osm_endpoints import RETIRE_AFTER_S
from agent.drivers.plan import Driver, DriverSettings, Reason, Support
from agent.mirror import Mirror
from agent.objects import (
    ENDPOINTS,
    MESH_CONFIG,
    NAMESPACE,
    POD,
    SERVICE,
    TRAFFIC_SPLIT,
    ObjectKey,
    at,
    is_ours,
)
from discovery.names import Origin, ServiceName
from discovery.records import Gateway, ServicePort, ServiceType
from tests.agent.drivers.osm_world import (
    ADMIN,
    HTTP,
    REDIS,
    STORE,
    Cluster,
    key,
    record_of,
    shown,
)
from tests.discovery.view_world import A, B, drain, export, exported

PORTS = (("http-api", 14_001),)


def failed_over() -> Cluster:
    """The service is here and in `b`, and no pod is left here."""
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    here.exports("b", "10.1.0.1")
    here.settle()
    here.local()
    here.exports("a")
    here.settle()
    return here


# --- services that are elsewhere alone ---------------------------------------------------


def test_1a_a_service_that_is_elsewhere_is_a_service_without_selector_then_its_endpoints() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.2", "10.1.0.1")
    assert shown(here.settle()) == ["apply Service store", "apply Endpoints store"]
    document = here.mirror.get(key(SERVICE, "store"))
    assert at(document, "spec") == {
        "type": "ClusterIP",
        "ports": [
            {
                "name": "http-api",
                "port": 14_001,
                "targetPort": 14_001,
                "protocol": "TCP",
                "appProtocol": "http",
            }
        ],
    }
    assert here.listed("store") == [(("10.1.0.1", "10.1.0.2"), PORTS, True)]
    assert here.reasons() == set()


def test_1d_a_service_whose_endpoints_are_there_first_gets_new_ones() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.settle()
    here.mirror.remove(key(SERVICE, "store"))
    steps = ["delete Endpoints store", "apply Service store", "apply Endpoints store"]
    assert shown(here.settle()) == steps


def test_1f_endpoints_change_whenever_their_service_does() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.settle()
    before = here.mirror.get(key(ENDPOINTS, "store"))
    here.exports("b", "10.1.0.1", ports=(ServicePort("http-api", 14_001, "TCP", "grpc"),))
    assert shown(here.settle()) == ["apply Service store", "apply Endpoints store"]
    after = here.mirror.get(key(ENDPOINTS, "store"))
    assert at(before, "subsets") == at(after, "subsets")
    assert at(before, "metadata", "annotations") != at(after, "metadata", "annotations")


def test_1f_3d_a_port_is_in_the_endpoints_before_it_is_in_the_service() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.settle()
    here.exports("b", "10.1.0.1", ports=(HTTP, ADMIN))
    steps = here.settle()
    assert shown(steps) == ["apply Endpoints store", "apply Service store", "apply Endpoints store"]
    assert here.listed("store") == [(("10.1.0.1",), (("http-admin", 9_090), *PORTS), True)]


def test_1j_a_service_that_nobody_serves_any_more_keeps_its_addresses_as_unready() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.settle()
    here.exports("b")
    assert shown(here.settle()) == ["apply Endpoints store"]
    assert here.listed("store") == [(("10.1.0.1",), PORTS, False)]
    assert here.reasons() == {Reason.NO_ENDPOINTS}
    here.exports("b", "10.1.0.9")
    here.settle()
    assert here.listed("store") == [(("10.1.0.9",), PORTS, True)]


def test_nothing_is_written_for_a_service_that_nobody_ever_served() -> None:
    here = Cluster()
    here.exports("b")
    assert here.plan().writes == ()
    assert here.reasons() == {Reason.NO_ENDPOINTS}


def test_1k_a_service_that_is_exported_no_more_goes_before_its_endpoints() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.settle()
    here.withdraws("b")
    assert shown(here.settle()) == ["delete Service store", "delete Endpoints store"]
    assert here.ours() == []


def test_3a_several_ports_are_one_subset_with_all_of_them() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1", ports=(HTTP, ADMIN))
    here.settle()
    assert here.listed("store") == [(("10.1.0.1",), (("http-admin", 9_090), *PORTS), True)]


def test_3b_2i_clusters_on_different_numbers_are_leaves_of_a_split() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1", number=8_080)
    here.settle()
    assert here.backends() == {"store-mc-b": 500, "store-mc-c": 500}
    assert here.listed("store-mc-b") == [(("10.1.0.1",), PORTS, True)]
    assert here.listed("store-mc-c") == [(("10.2.0.1",), (("http-api", 8_080),), True)]
    assert here.listed("store") == [(("10.2.0.1",), (("http-api", 8_080),), True)]


def test_3b_one_cluster_on_two_numbers_has_a_leaf_for_each() -> None:
    here = Cluster()
    records = (
        record_of(("10.1.0.1",), ("http-api", 14_001)),
        record_of(("10.1.0.2",), ("http-api", 8_081)),
    )
    here.world.put(B, exported(STORE, *records, head=export(HTTP)))
    here.settle()
    assert here.backends() == {"store-mc14001-b": 500, "store-mc8081-b": 500}


def test_3c_another_network_is_reached_at_its_gateways_and_their_port() -> None:
    here = Cluster()
    here.says("b", network="far", gateways=(Gateway("192.0.2.1", 15_443),))
    here.exports("b", "10.1.0.1")
    here.settle()
    assert here.listed("store") == [(("192.0.2.1",), (("http-api", 15_443),), True)]


def test_a_gateway_carries_services_of_one_port_alone() -> None:
    here = Cluster()
    here.says("b", network="far", gateways=(Gateway("192.0.2.1", 15_443),))
    here.exports("b", "10.1.0.1", ports=(HTTP, ADMIN))
    assert here.plan().writes == ()
    assert Reason.SEVERAL_PORTS in here.reasons()


def test_gateways_that_are_names_are_left_out_and_said() -> None:
    here = Cluster()
    gateways = (Gateway("192.0.2.1", 15_443), Gateway("gateway.example", 15_443))
    here.says("b", network="far", gateways=gateways)
    here.exports("b", "10.1.0.1")
    here.settle()
    assert here.listed("store") == [(("192.0.2.1",), (("http-api", 15_443),), True)]
    assert Reason.GATEWAY_UNUSABLE in here.reasons()


def test_7m_6c_ipv6_addresses_are_left_out_and_said() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1", "2001:db8::1")
    here.settle()
    assert here.listed("store") == [(("10.1.0.1",), PORTS, True)]
    assert Reason.ADDRESS_REFUSED in here.reasons()


def test_6b_headless_services_are_left_out_and_said() -> None:
    here = Cluster()
    records = exported(
        STORE, record_of(("10.1.0.1",), *PORTS), head=export(HTTP, type=ServiceType.HEADLESS)
    )
    here.world.put(B, records)
    assert here.plan().writes == ()
    assert here.reasons() == {Reason.HEADLESS}


def test_udp_ports_are_left_out_and_said() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1", ports=(HTTP, ServicePort("dns", 53, "UDP")))
    here.settle()
    assert here.listed("store") == [(("10.1.0.1",), PORTS, True)]
    assert here.reasons() == {Reason.PORT_REFUSED}


# --- weights -----------------------------------------------------------------------------


def test_weights_that_addresses_give_of_themselves_need_no_split() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1", "10.1.0.2")
    here.exports("c", "10.2.0.1")
    here.settle()
    assert here.backends() == {}
    assert here.listed("store") == [(("10.1.0.1", "10.1.0.2", "10.2.0.1"), PORTS, True)]


def test_other_weights_are_held_by_a_split_written_last() -> None:
    here = Cluster()
    here.weights(b=700, c=300)
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1")
    steps = shown(here.settle())
    assert steps[-1] == "apply TrafficSplit store-mc"
    assert here.backends() == {"store-mc-b": 700, "store-mc-c": 300}
    assert here.reasons() == set()


def test_without_splits_the_weights_are_not_held_and_the_condition_says_who_gets_what() -> None:
    here = Cluster()
    here.mirror.serve([(kind, "v1") for kind in (SERVICE, ENDPOINTS, NAMESPACE, POD)])
    here.weights(b=700, c=300)
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1")
    here.settle()
    assert here.listed("store") == [(("10.1.0.1", "10.2.0.1"), PORTS, True)]
    assert here.reasons() == {Reason.SPLITS_NOT_SERVED, Reason.WEIGHTS_NOT_HELD}
    [held] = [c for c in here.plan().conditions[STORE] if c.reason is Reason.WEIGHTS_NOT_HELD]
    assert held.what == "each address gets the same: b 1 of 2, c 1 of 2"


def test_a_tcp_service_elsewhere_is_one_flat_list_whatever_its_weights() -> None:
    here = Cluster()
    here.weights(b=700, c=300)
    for origin, address in (("b", "10.1.0.1"), ("c", "10.2.0.1")):
        here.exports(origin, address, number=6_379, ports=(REDIS,))
    here.settle()
    assert here.backends() == {}
    assert here.listed("store")[0][0] == ("10.1.0.1", "10.2.0.1")
    assert here.reasons() == {Reason.WEIGHTS_NOT_HELD}


def test_a_split_that_is_needed_no_more_goes_and_then_its_leaves() -> None:
    here = Cluster()
    here.weights(b=700, c=300)
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1")
    here.settle()
    here.weights(b=500, c=500)
    first = here.plan()
    assert shown(first.writes) == ["delete TrafficSplit store-mc"]
    for step in first.writes:
        here.do(step)
    second = here.plan()
    assert [group.after_s for group in second.groups] == [RETIRE_AFTER_S]
    assert shown(second.writes) == [
        "delete Service store-mc-b",
        "delete Service store-mc-c",
        "delete Endpoints store-mc-b",
        "delete Endpoints store-mc-c",
    ]


# --- services that are here as well ------------------------------------------------------


def test_2b_the_exporter_has_an_alias_with_the_same_selector() -> None:
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    assert shown(here.settle()) == ["apply Service store-mc-a"]
    alias = here.mirror.get(key(SERVICE, "store-mc-a"))
    assert at(alias, "spec", "selector") == {"app": "store"}
    assert at(alias, "spec", "ports", 0, "port") == 14_001


def test_while_the_own_pods_carry_everything_nothing_is_split() -> None:
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    here.exports("b", "10.1.0.1")
    assert shown(here.settle()) == ["apply Service store-mc-a"]


def test_2a_failover_fills_the_leaf_and_then_moves_the_weight() -> None:
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    here.exports("b", "10.1.0.1")
    here.settle()
    here.local()
    here.exports("a")
    assert shown(here.settle()) == [
        "apply Service store-mc-b",
        "apply Endpoints store-mc-b",
        "apply TrafficSplit store-mc",
    ]
    assert here.backends() == {"store-mc-b": 1000}
    assert here.reasons() == set()


def test_2f_when_the_own_pods_are_back_the_split_goes_and_later_its_leaf() -> None:
    here = failed_over()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    first = here.plan()
    assert shown(first.writes) == ["delete TrafficSplit store-mc"]
    for step in first.writes:
        here.do(step)
    [group] = here.plan().groups
    assert group.after_s == RETIRE_AFTER_S
    assert shown(group.writes) == ["delete Service store-mc-b", "delete Endpoints store-mc-b"]


def test_2d_2e_from_one_leaf_to_the_next_the_new_one_is_filled_first_and_the_old_taken_last() -> (
    None
):
    here = failed_over()
    here.exports("b")
    here.exports("c", "10.2.0.1")
    assert shown(here.settle()) == [
        "apply Service store-mc-c",
        "apply Endpoints store-mc-c",
        "apply TrafficSplit store-mc",
        "delete Service store-mc-b",
        "delete Endpoints store-mc-b",
    ]


def test_2e_own_pods_that_are_all_unready_lose_their_traffic_before_the_view_knows() -> None:
    here = Cluster()
    here.local(stuck=("10.0.0.1",))
    here.exports("a", "10.0.0.1")
    here.exports("b", "10.1.0.1")
    here.settle()
    assert here.backends() == {"store-mc-b": 1000}
    assert here.reasons() == {Reason.LOCAL_NOT_READY}


def test_weights_between_here_and_elsewhere_are_held_by_a_split_that_names_the_service() -> None:
    here = Cluster()
    here.weights(a=600, b=400)
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    here.exports("b", "10.1.0.1")
    here.settle()
    assert here.backends() == {"store": 600, "store-mc-b": 400}


def test_2g_a_tcp_service_goes_to_one_leaf_and_the_condition_says_so() -> None:
    here = Cluster()
    here.weights(a=400, b=600)
    here.local("10.0.0.1", ports=(REDIS,))
    here.exports("a", "10.0.0.1", number=6_379, ports=(REDIS,))
    here.exports("b", "10.1.0.1", number=6_379, ports=(REDIS,))
    here.settle()
    assert here.backends() == {"store-mc-b": 1000}
    assert here.reasons() == {Reason.WEIGHTS_NOT_HELD}


def test_2j_what_the_user_splits_is_not_split_again() -> None:
    here = failed_over()
    spec = {"service": "store.app.svc.cluster.local", "backends": []}
    here.put(key(TRAFFIC_SPLIT, "canary"), {"spec": spec})
    assert shown(here.settle()) == [
        "delete TrafficSplit store-mc",
        "delete Service store-mc-b",
        "delete Endpoints store-mc-b",
    ]
    assert Reason.SPLIT_OF_OTHERS in here.reasons()


def test_2h_a_leaf_has_the_ports_that_its_cluster_serves_and_no_others() -> None:
    here = Cluster()
    here.weights(a=500, b=500)
    here.local("10.0.0.1", ports=(HTTP, ADMIN))
    here.exports("a", "10.0.0.1", ports=(HTTP, ADMIN))
    here.exports("b", "10.1.0.1")
    here.settle()
    assert here.backends() == {"store": 500, "store-mc-b": 500}
    assert here.listed("store-mc-b") == [(("10.1.0.1",), PORTS, True)]
    assert here.reasons() == {Reason.PORT_MISSING}


def test_2f_a_port_that_nobody_serves_is_parked_so_that_its_routes_are_not_refused() -> None:
    here = failed_over()
    here.local(ports=(HTTP, ADMIN))
    here.settle()
    assert here.backends() == {"store-mc-b": 1000, "store-mc0-none": 1}
    assert here.listed("store-mc0-none") == [(("10.1.0.1",), (("http-admin", 9_090),), False)]


def test_a_service_that_is_here_and_not_exported_is_served_here_while_it_can_be() -> None:
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("b", "10.1.0.1")
    assert here.settle() == []
    assert here.reasons() == {Reason.LOCAL_NOT_EXPORTED}
    here.local()
    here.settle()
    assert here.backends() == {"store-mc-b": 1000}


def test_a_local_service_that_cannot_be_split_is_left_alone_and_said() -> None:
    for spec in ({"clusterIP": "None"}, {"type": "ExternalName"}):
        here = Cluster()
        here.local("10.0.0.1", spec=spec)
        here.exports("b", "10.1.0.1")
        assert here.settle() == []
        assert here.reasons() == {Reason.LOCAL_UNUSABLE}


def test_a_drained_cluster_keeps_its_leaf_until_the_last_request_went_elsewhere() -> None:
    here = Cluster()
    here.weights(b=500, c=500)
    here.exports("b", "10.1.0.1", number=8_080)
    here.exports("c", "10.2.0.1")
    here.settle()
    here.world.put(B, {b"drain": drain(ramp_s=0)})
    here.world.view.advance(1)
    assert shown(here.plan().writes)[-1] == "delete TrafficSplit store-mc"


# --- what is not ours --------------------------------------------------------------------


def test_an_object_of_others_with_a_name_that_is_needed_is_not_touched() -> None:
    here = Cluster()
    here.local()
    here.exports("a")
    here.exports("b", "10.1.0.1")
    here.put(key(SERVICE, "store-mc-b"), {"spec": {"ports": [{"port": 1}]}})
    assert [step.key.name for step in here.plan().writes] == ["store-mc-a"]
    assert Reason.NAME_TAKEN in here.reasons()


def test_endpoints_of_others_under_a_name_that_is_needed_are_not_touched() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.put(key(ENDPOINTS, "store"), {"subsets": []})
    assert here.plan().writes == ()
    assert here.reasons() == {Reason.NAME_TAKEN}


def test_a_split_of_others_under_our_name_is_not_touched() -> None:
    here = Cluster()
    here.weights(b=700, c=300)
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1")
    here.put(key(TRAFFIC_SPLIT, "store-mc"), {"spec": {"service": "other", "backends": []}})
    here.settle()
    assert here.ours() == ["Service store", "Endpoints store"]
    assert Reason.NAME_TAKEN in here.reasons()


def test_endpoints_that_kubernetes_made_for_an_alias_are_not_ours_though_they_have_its_label() -> (
    None
):
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    here.settle()
    labels = {"app.kubernetes.io/managed-by": "isthmus"}
    here.put(key(ENDPOINTS, "store-mc-a"), {"metadata": {"labels": labels}, "subsets": []})
    found = here.mirror.get(key(ENDPOINTS, "store-mc-a"))
    assert found is not None
    assert is_ours(found)
    here.withdraws("a")
    assert shown(here.settle()) == ["delete Service store-mc-a"]


def test_a_service_of_ours_that_a_user_took_over_is_the_users() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.settle()
    taken = here.mirror.get(key(SERVICE, "store"))
    assert taken is not None
    spec = {"ports": [{"name": "http-api", "port": 14_001}], "selector": {"app": "store"}}
    here.put(key(SERVICE, "store"), {**taken, "spec": spec})
    here.settle()
    here.withdraws("b")
    here.settle()
    assert here.mirror.get(key(SERVICE, "store")) is not None
    assert here.mirror.get(key(ENDPOINTS, "store")) is not None


def test_a_name_that_is_a_leaf_of_another_service_is_not_imported() -> None:
    here = Cluster()
    leaf = ServiceName("app", "store-mc-b")
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1", service=leaf)
    here.settle()
    assert here.reasons(leaf) == {Reason.NAME_TAKEN}
    assert here.mirror.get(key(SERVICE, "store-mc-b")) is None


def test_a_service_that_its_user_makes_anew_is_not_taken_from_under_him() -> None:
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    here.exports("b", "10.1.0.1")
    here.settle()
    here.mirror.remove(key(SERVICE, "store"))
    here.mirror.remove(key(ENDPOINTS, "store"))
    assert here.plan().writes == ()


# --- preconditions -----------------------------------------------------------------------


def test_a_namespace_that_the_mesh_does_not_look_at_is_left_as_it_is() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.settle()
    here.namespace("app", mesh="other")
    here.exports("b", "10.1.0.2")
    assert here.plan().writes == ()
    assert here.reasons() == {Reason.NAMESPACE_NOT_MONITORED}
    here.mirror.remove(ObjectKey(NAMESPACE, "", "app"))
    assert here.reasons() == {Reason.NAMESPACE_MISSING}


def test_a_cluster_with_another_root_is_left_out_since_every_request_would_fail() -> None:
    here = Cluster()
    here.says("b", mesh_root="0ther")
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1")
    here.settle()
    assert here.listed("store") == [(("10.2.0.1",), PORTS, True)]
    assert here.reasons() == {Reason.ROOT_DIFFERS}


def test_a_root_that_is_not_known_is_served_and_said() -> None:
    here = Cluster()
    here.says("b")
    here.exports("b", "10.1.0.1")
    here.settle()
    assert here.listed("store") == [(("10.1.0.1",), PORTS, True)]
    assert here.reasons() == {Reason.ROOT_UNKNOWN}


def test_nothing_is_concluded_from_kinds_that_were_not_listed() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.settle()
    blind = Mirror()
    blind.serve([(SERVICE, "v1"), (ENDPOINTS, "v1"), (NAMESPACE, "v1")])
    blind.replace(SERVICE, [])
    plan = here.driver.plan(here.world.view, blind, None)
    assert plan.writes == ()
    assert plan.waits_for == (ENDPOINTS, NAMESPACE)


def test_what_is_touched_alone_is_planned() -> None:
    here = Cluster()
    cart = ServiceName("app", "cart")
    here.exports("b", "10.1.0.1")
    here.exports("b", "10.1.0.2", service=cart)
    plan = here.plan(cart)
    assert list(plan.conditions) == [cart]
    assert {step.key.name for step in plan.writes} == {"cart"}
    here.settle()
    here.withdraws("b", cart)
    assert shown(here.plan(cart).writes) == ["delete Service cart", "delete Endpoints cart"]


# --- identities and SMI mode -------------------------------------------------------------


def verifying() -> Cluster:
    return Cluster(DriverSettings(own=A, verify_identities=True))


CONFIG = ObjectKey(MESH_CONFIG, "osm-system", "osm-mesh-config")
SMI_MODE = {"spec": {"traffic": {"enablePermissiveTrafficPolicyMode": False}}}


def in_smi_mode(*, writes_pods: bool) -> Cluster:
    here = Cluster(DriverSettings(own=A, smi=writes_pods))
    here.put(CONFIG, SMI_MODE)
    return here


def test_identities_are_verified_by_a_pod_then_a_service_that_selects_it_then_endpoints() -> None:
    here = verifying()
    here.exports("b", "10.1.0.1", account="store")
    pod, service, endpoints = here.settle()
    assert shown([service, endpoints]) == ["apply Service store", "apply Endpoints store"]
    assert pod.key.kind == POD
    document = here.mirror.get(pod.key)
    assert at(document, "spec", "serviceAccountName") == "store"
    assert at(document, "status") is None
    selector = at(here.mirror.get(key(SERVICE, "store")), "spec", "selector")
    assert selector == {"isthmus.dev/pods-of": "store"}


def test_endpoints_that_kubernetes_wiped_are_restored() -> None:
    here = verifying()
    here.exports("b", "10.1.0.1", account="store")
    here.settle()
    found = here.mirror.get(key(ENDPOINTS, "store"))
    assert found is not None
    here.put(key(ENDPOINTS, "store"), {**found, "subsets": []})
    assert shown(here.settle()) == ["apply Endpoints store"]
    assert here.listed("store") == [(("10.1.0.1",), PORTS, True)]


def test_who_names_no_account_is_served_unverified_and_said() -> None:
    here = verifying()
    here.exports("b", "10.1.0.1")
    here.settle()
    assert here.ours() == ["Service store", "Endpoints store"]
    assert here.reasons() == {Reason.IDENTITY_UNKNOWN}


def test_another_trust_domain_excludes_only_where_identities_are_verified() -> None:
    for here, is_served in ((Cluster(), True), (verifying(), False)):
        here.says("a", mesh_root="5eed", trust_domain="cluster.local")
        here.says("b", mesh_root="5eed", trust_domain="beta.example")
        here.exports("b", "10.1.0.1", account="store")
        here.settle()
        assert bool(here.listed("store")) == is_served
        assert Reason.TRUST_DOMAIN_DIFFERS in here.reasons()


def test_5f_5i_in_smi_mode_each_address_has_a_pod_whose_phase_and_address_come_together() -> None:
    here = in_smi_mode(writes_pods=True)
    here.exports("b", "10.1.0.1", "10.1.0.2", account="store")
    steps = here.settle()
    assert [each.split(" ", 2)[:2] for each in shown(steps)] == [
        ["apply", "Pod"],
        ["applystatus", "Pod"],
        ["apply", "Pod"],
        ["applystatus", "Pod"],
        ["apply", "Service"],
        ["apply", "Endpoints"],
    ]
    for step in steps[:4]:
        status = at(here.mirror.get(step.key), "status")
        assert at(status, "phase") == "Succeeded"
        assert at(status, "podIP") in ("10.1.0.1", "10.1.0.2")


def test_5f_pods_are_never_changed_and_go_after_the_endpoints_that_listed_them() -> None:
    here = in_smi_mode(writes_pods=True)
    here.exports("b", "10.1.0.1", account="store")
    here.settle()
    here.exports("b", "10.1.0.2", account="store")
    kinds = [each.split(" ", 2)[:2] for each in shown(here.settle())]
    assert kinds == [
        ["apply", "Pod"],
        ["applystatus", "Pod"],
        ["apply", "Endpoints"],
        ["delete", "Pod"],
    ]


def test_5g_leaves_in_smi_mode_have_pods_too() -> None:
    here = in_smi_mode(writes_pods=True)
    here.local()
    here.exports("a")
    here.exports("b", "10.1.0.1", account="store")
    here.settle()
    leaf = here.mirror.get(key(SERVICE, "store-mc-b"))
    assert at(leaf, "spec", "selector") == {"isthmus.dev/pods-of": "store-mc-b"}


def test_5h_in_smi_mode_without_pods_nothing_is_written_and_a_split_goes() -> None:
    here = failed_over()
    here.put(CONFIG, SMI_MODE)
    assert shown(here.settle())[0] == "delete TrafficSplit store-mc"
    assert Reason.SMI_MODE in here.reasons()
    other = in_smi_mode(writes_pods=False)
    other.exports("b", "10.1.0.1", account="store")
    assert other.plan().writes == ()


# --- the driver itself -------------------------------------------------------------------


def test_it_is_a_driver_and_says_what_it_reads_and_can_do() -> None:
    here = Cluster()
    driver: Driver = here.driver
    assert driver.name == OSM_ENDPOINTS
    assert POD not in driver.reads
    assert POD in verifying().driver.reads
    assert driver.capabilities.headless.support is Support.NONE


def test_an_endpoint_that_changes_is_one_write() -> None:
    here = Cluster()
    for number in range(20):
        here.exports("b", f"10.1.0.{number + 1}", service=ServiceName("app", f"s{number}"))
    here.settle()
    changed = ServiceName("app", "s7")
    here.exports("b", "10.1.9.9", service=changed)
    assert shown(here.plan(changed).writes) == ["apply Endpoints s7"]
    assert shown(here.plan().writes) == ["apply Endpoints s7"]


def test_the_clusters_behind_endpoints_are_named_on_them() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1")
    here.settle()
    found = here.mirror.get(key(ENDPOINTS, "store"))
    assert at(found, "metadata", "annotations", "isthmus.dev/origins") == "b,c"
    assert Origin("b") in here.world.sets
