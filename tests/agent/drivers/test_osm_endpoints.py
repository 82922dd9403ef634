"""What is written for OSM v1.2, row by row of what was measured: services that are elsewhere."""

from agent.drivers.choice import OSM_ENDPOINTS
from agent.drivers.plan import Driver, DriverSettings, Reason, Support
from agent.objects import (
    ENDPOINTS,
    POD,
    SERVICE,
    at,
)
from discovery.names import Origin, ServiceName
from discovery.records import Gateway, ServicePort, ServiceType
from tests.agent.drivers.osm_world import (
    ADMIN,
    HTTP,
    STORE,
    Cluster,
    key,
    record_of,
    shown,
)
from tests.discovery.view_world import A, B, export, exported

PORTS = (("http-api", 14_001),)


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


def test_it_is_a_driver_and_says_what_it_reads_and_can_do() -> None:
    here = Cluster()
    driver: Driver = here.driver
    assert driver.name == OSM_ENDPOINTS
    assert POD not in driver.reads
    assert POD in Cluster(DriverSettings(own=A, verify_identities=True)).driver.reads
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
