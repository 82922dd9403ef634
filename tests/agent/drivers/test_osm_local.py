"""What is here of a service, as OSM sees it."""

from agent.drivers.osm_local import is_written_by_us, local_service
from agent.objects import ENDPOINTS, SERVICE
from discovery.records import ServicePort
from tests.agent.drivers.osm_world import ADMIN, HTTP, STORE, Cluster, key


def test_a_service_of_ours_is_not_local() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.settle()
    assert local_service(here.mirror, STORE) is None
    found = here.mirror.get(key(SERVICE, "store"))
    assert found is not None
    assert is_written_by_us(STORE, found)


def test_its_ports_are_ready_where_ready_addresses_listen() -> None:
    here = Cluster()
    here.local("10.0.0.1", stuck=("10.0.0.2",), ports=(ADMIN, HTTP))
    local = local_service(here.mirror, STORE)
    assert local is not None
    assert [port.number for port in local.ports] == [9_090, 14_001]
    assert local.ready_ports == {9_090, 14_001}
    assert not local.is_stuck


def test_2e_it_is_stuck_where_all_addresses_are_unready_and_not_where_there_are_none() -> None:
    here = Cluster()
    for stuck, is_stuck in (((), False), (("10.0.0.2",), True)):
        here.local(stuck=stuck)
        local = local_service(here.mirror, STORE)
        assert local is not None
        assert local.ready_ports == frozenset()
        assert local.is_stuck == is_stuck


def test_2h_a_port_that_the_endpoints_do_not_name_is_not_ready() -> None:
    here = Cluster()
    here.local("10.0.0.1")
    ports = [{"name": "other", "port": 14_001}]
    here.put(
        key(ENDPOINTS, "store"), {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": ports}]}
    )
    local = local_service(here.mirror, STORE)
    assert local is not None
    assert local.ready_ports == frozenset()


def test_it_cannot_be_split_where_osm_would_not_see_one_service() -> None:
    here = Cluster()
    here.local("10.0.0.1", ports=(ServicePort("dns", 53, "TCP"),))
    whole = local_service(here.mirror, STORE)
    assert whole is not None
    assert whole.unusable == ""
    here.put(key(SERVICE, "store"), {"spec": {"ports": [{"port": 53, "protocol": "UDP"}]}})
    udp = local_service(here.mirror, STORE)
    assert udp is not None
    assert udp.unusable == "it has no TCP port"
