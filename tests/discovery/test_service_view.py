"""A service as it is served: its parts by name, and endpoints under the merged names of ports."""

from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.records import ServicePort, ServiceType
from discovery.service_view import ServiceView
from discovery.tiers import Target, Via
from tests.discovery.view_world import (
    GATEWAY,
    HTTP,
    SHOP,
    B,
    C,
    World,
    cluster,
    endpoints,
    export,
    exported,
    record,
)


def view_of(world: World) -> ServiceView:
    found = world.view.service(SHOP)
    assert found is not None
    return found


def test_the_merged_head_is_at_hand_by_name() -> None:
    world = World()
    head = export(service_account="sa", session_affinity="ClientIP", session_affinity_timeout_s=9)
    world.put(B, exported(SHOP, head=head))
    view = view_of(world)
    assert [(each.port, each.origins) for each in view.ports] == [(HTTP, (B,))]
    assert view.type is ServiceType.CLUSTER_SET_IP
    assert view.service_accounts == {B: "sa"}
    assert view.session_affinity == ("ClientIP", 9)
    assert view.conflicts == ()


def test_endpoints_come_with_the_merged_names_of_their_ports() -> None:
    world = World()
    world.put(B, exported(SHOP, endpoints("10.1.0.1")))
    other = record(Endpoint("10.2.0.1", node="n", zone="z", hostname="h"), name="web")
    world.put(C, exported(SHOP, other, head=export(ServicePort("web", 80), at=9)))
    view = view_of(world)
    target = view.tiers[0].targets[1]
    (seen,) = view.endpoints(target)
    assert (seen.origin, seen.address, seen.ports) == (
        C,
        "10.2.0.1",
        (EndpointPort("http", 8080),),
    )
    assert (seen.node, seen.zone, seen.hostname) == ("n", "z", "h")
    assert seen.why == "tier rest, weight 500 of 1000"
    assert view.gateways(target) == ()


def test_a_target_in_some_zones_has_the_endpoints_of_these() -> None:
    world = World(zones=("z1",))
    world.put(
        B,
        exported(SHOP, endpoints("10.1.0.1", zone="z1"), endpoints("10.1.0.2", zone="z2")),
    )
    view = view_of(world)
    served = [[each.address for each in view.endpoints(tier.targets[0])] for tier in view.tiers]
    assert served == [["10.1.0.1"], ["10.1.0.2"]]


def test_gateways_stand_in_for_endpoints() -> None:
    world = World()
    world.put(B, {b"cluster": cluster(network="n2", gateways=(GATEWAY,))})
    world.put(B, exported(SHOP, endpoints("10.1.0.1")))
    view = view_of(world)
    target = view.tiers[0].targets[0]
    assert (target.via, view.endpoints(target), view.gateways(target)) == (
        Via.GATEWAYS,
        (),
        (GATEWAY,),
    )


def test_what_is_held_says_that_it_is_and_why() -> None:
    world = World()
    world.put(B, exported(SHOP))
    world.view.set_held(B, SHOP, [Endpoint("10.1.0.1")], "half vanished")
    view = view_of(world)
    (seen,) = view.endpoints(view.tiers[0].targets[0])
    assert seen.why == "tier last, weight 1000 of 1000; held: half vanished"


def test_a_target_of_another_view_has_nothing_here() -> None:
    world = World()
    world.put(B, exported(SHOP, endpoints("10.1.0.1")))
    stranger = Target(C, 1000, Via.ENDPOINTS, None, False, 1, 1)
    assert view_of(world).endpoints(stranger) == ()
    assert view_of(world).gateways(stranger) == ()


def test_a_view_is_a_snapshot() -> None:
    world = World()
    world.put(B, exported(SHOP, endpoints("10.1.0.1")))
    before = view_of(world)
    world.put(B, exported(SHOP, endpoints("10.1.0.9")))
    assert [each.address for each in before.endpoints(before.tiers[0].targets[0])] == ["10.1.0.1"]


def test_an_endpoint_has_the_ports_that_the_merged_service_has_of_its_origin_alone() -> None:
    world = World()
    dns = (ServicePort("dns", 53, "UDP"), ServicePort("web", 80))
    world.put(B, exported(SHOP, head=export(*dns, at=1)))
    heads = (ServicePort("dns", 53), ServicePort("http", 80))
    listening = (EndpointPort("dns", 5353), EndpointPort("http", 8080))
    each = encode_endpoints(EndpointRecord(listening, (Endpoint("10.2.0.1"),)))
    world.put(C, exported(SHOP, each, head=export(*heads, at=2)))
    view = view_of(world)
    (seen,) = view.endpoints(view.tiers[0].targets[0])
    assert seen.ports == (EndpointPort("web", 8080),)
