"""What OSM can reach of a cluster, and what is said of the rest."""

import pytest

from agent.drivers.osm_objects import Listed, Port
from agent.drivers.osm_reach import Reach, is_ipv4, is_proportional, reaches_of
from agent.drivers.plan import Reason
from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.names import Origin
from discovery.records import Gateway, ServicePort
from tests.agent.drivers.osm_world import ADMIN, HTTP, STORE, Cluster, record_of
from tests.discovery.view_world import B, export, exported

PORT = Port(14_001, "http-api", "http")
OTHER = Port(9_090, "http-admin", "http")


def reached(here: Cluster, origin: str = "b", *ports: Port) -> tuple[Reach, ...]:
    view = here.world.view.service(STORE)
    assert view is not None
    return reaches_of(view, Origin(origin), ports or (PORT,))[0]


def reasons(here: Cluster, *ports: Port) -> list[Reason]:
    view = here.world.view.service(STORE)
    assert view is not None
    return [each.reason for each in reaches_of(view, B, ports or (PORT,))[1]]


def test_a_cluster_is_one_part_with_its_weight_and_account() -> None:
    here = Cluster()
    here.weights(b=700, c=300)
    here.exports("b", "10.1.0.10", "10.1.0.9", account="store")
    here.exports("c", "10.2.0.1")
    [reach] = reached(here)
    assert (reach.name, reach.weight, reach.rank) == ("store-mc-b", 700, 0)
    assert (reach.addresses, reach.account) == (("10.1.0.9", "10.1.0.10"), "store")
    assert reach.listed((PORT,)) == Listed(reach.addresses, (("http-api", 14_001),))


def test_3b_each_set_of_numbers_is_a_part_with_its_share_of_the_weight() -> None:
    here = Cluster()
    records = (
        record_of(("10.1.0.1", "10.1.0.2", "10.1.0.3"), ("http-api", 14_001)),
        record_of(("10.1.0.4",), ("http-api", 8_081)),
    )
    here.world.put(B, exported(STORE, *records, head=export(HTTP)))
    found = {each.name: each.weight for each in reached(here)}
    assert found == {"store-mc14001-b": 750, "store-mc8081-b": 250}


def test_numbers_of_ports_that_do_not_count_here_make_no_parts() -> None:
    here = Cluster()
    records = (
        record_of(("10.1.0.1",), ("http-api", 14_001), ("http-admin", 1)),
        record_of(("10.1.0.2",), ("http-api", 14_001), ("http-admin", 2)),
    )
    here.world.put(B, exported(STORE, *records, head=export(HTTP, ADMIN)))
    [reach] = reached(here)
    assert reach.name == "store-mc-b"
    assert len(reached(here, "b", PORT, OTHER)) == 2


def test_a_part_has_the_ports_that_it_serves() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    [reach] = reached(here, "b", OTHER, PORT)
    assert reach.ports((OTHER, PORT)) == (PORT,)


def test_who_stands_ready_is_reached_without_a_weight() -> None:
    here = Cluster()
    here.policy(mode="FailOver", clusters=["b", "c"])
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1")
    [reach] = reached(here, "c")
    assert (reach.weight, reach.rank) == (0, 1)


def test_who_has_nothing_healthy_is_not_reached() -> None:
    here = Cluster()
    here.exports("b")
    here.exports("c", "10.2.0.1")
    assert reached(here) == ()


def test_6c_addresses_of_ipv6_are_left_out() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1", "2001:db8::1")
    [reach] = reached(here)
    assert reach.addresses == ("10.1.0.1",)
    assert reasons(here) == [Reason.ADDRESS_REFUSED]


def test_the_zones_of_one_cluster_cannot_have_weights_of_their_own() -> None:
    here = Cluster()
    here.world.view.set_zones(["z1"])
    near = Endpoint("10.1.0.1", zone="z1"), Endpoint("10.1.0.2", zone="z1", ready=False)
    far = [Endpoint(f"10.1.1.{each}", zone="z2") for each in range(1, 6)]
    record = EndpointRecord((EndpointPort("http-api", 14_001),), (*near, *far))
    here.world.put(B, exported(STORE, encode_endpoints(record), head=export(HTTP)))
    assert reasons(here) == [Reason.WEIGHTS_NOT_HELD]


@pytest.mark.parametrize("address", ["999.1.2.3", "10.1", "::1", "", "224.0.0.1", "0.0.0.0"])  # noqa: S104  # An address to be refused, not one to bind.
def test_7m_what_envoy_would_refuse_is_no_address(address: str) -> None:
    assert not is_ipv4(address)


def test_weights_are_proportional_but_for_rounding() -> None:
    assert is_proportional([(333, 1), (334, 1), (333, 1)])
    assert is_proportional([(0, 0)])
    assert not is_proportional([(600, 1), (400, 1)])


def far(*ports: ServicePort) -> Cluster:
    """`b` is behind a gateway and serves these ports; `c` serves two."""
    here = Cluster()
    here.says("b", network="far", gateways=(Gateway("192.0.2.1", 15_443),))
    here.exports("b", "10.1.0.1", ports=ports)
    here.exports("c", "10.2.0.1", ports=(HTTP, ADMIN))
    return here


def test_a_gateway_is_used_where_its_cluster_serves_one_port_whatever_others_serve() -> None:
    [reach] = reached(far(HTTP), "b", PORT, OTHER)
    assert (reach.addresses, reach.numbers) == (("192.0.2.1",), ((14_001, 15_443),))


def test_a_gateway_is_not_used_where_its_cluster_serves_more_than_is_called_here() -> None:
    assert reached(far(HTTP, ADMIN), "b", PORT) == ()
    assert Reason.SEVERAL_PORTS in reasons(far(HTTP, ADMIN), PORT)


def test_a_gateway_before_a_port_that_is_not_called_here_is_not_used() -> None:
    assert reached(far(ADMIN), "b", PORT) == ()
