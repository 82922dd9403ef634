"""The view as a whole: what it is told, what it shows, and that the way there does not matter."""

import pytest

from discovery.endpoints import Endpoint
from discovery.importing import ImportRule
from discovery.keys import (
    CLUSTER_KEY,
    DRAIN_KEY,
    endpoints_key,
    export_key,
    policy_key,
)
from discovery.records import (
    encode_export,
)
from discovery.refusals import Refusal
from discovery.standing import Standing, Verdict
from discovery.tiers import Via
from discovery.view_changes import ViewDiff
from discovery.view_health import NotImported
from failure_detect.clock import NEVER
from tests.discovery.view_world import (
    CART,
    GATEWAY,
    SHOP,
    A,
    B,
    C,
    Rules,
    World,
    canonical,
    cluster,
    drain,
    endpoints,
    export,
    exported,
    record,
    two,
)

# --- what is served ----------------------------------------------------------------------


def test_a_service_is_merged_and_its_endpoints_come_by_target() -> None:
    world = two()
    service = world.view.service(SHOP)
    assert service is not None
    assert world.view.services() == [SHOP]
    assert world.shares() == {"b": 500, "c": 500}
    assert world.addresses() == {"10.1.0.1", "10.1.0.2", "10.2.0.1", "10.2.0.2"}
    assert service.merged.order == (B, C)


def test_a_service_that_nobody_exports_is_not_there() -> None:
    world = World()
    world.put(B, {endpoints_key(SHOP, 0): endpoints("10.1.0.1")})
    assert world.view.service(SHOP) is None
    assert world.view.service(CART) is None
    assert world.view.services() == []


def test_an_export_without_endpoints_is_there_and_has_no_tier() -> None:
    world = World()
    world.put(B, exported(SHOP))
    service = world.view.service(SHOP)
    assert service is not None
    assert service.tiers == ()
    assert [each.kind.value for each in service.conditions] == ["NoHealthyEndpoints"]


def test_the_own_cluster_is_local_and_needs_no_rule() -> None:
    world = two()
    world.rules.table[A] = None
    world.put(A, exported(SHOP, endpoints("10.0.0.1")))
    assert world.tiers()[0] == ("local", ["a"])


def test_the_own_region_and_zones_decide_on_tiers() -> None:
    world = two()
    for origin, region in ((A, "eu"), (B, "eu"), (C, "us")):
        world.put(origin, {CLUSTER_KEY: cluster(region=region)})
    assert world.view.take_diff() == ViewDiff(changed=(SHOP,))
    assert world.tiers() == [("region", ["b"]), ("rest", ["c"])]
    world.put(B, exported(SHOP, endpoints("10.1.0.1", zone="eu-1")))
    world.view.set_zones(["eu-1"])
    assert world.tiers() == [("zone", ["b"]), ("rest", ["c"])]


def test_a_head_that_changes_is_merged_anew() -> None:
    world = two()
    world.put(C, {export_key(SHOP): encode_export(export(at=0))})
    world.put(B, {export_key(SHOP): encode_export(export(at=5))})
    service = world.view.service(SHOP)
    assert service is not None
    assert service.merged.order == (C, B)
    assert world.view.take_diff() == ViewDiff(changed=(SHOP,))


def test_where_the_own_cluster_is_bears_on_every_service() -> None:
    world = two()
    world.put(B, {CLUSTER_KEY: cluster(region="eu")})
    world.view.take_diff()
    world.put(A, {CLUSTER_KEY: cluster(region="eu")})
    assert world.view.take_diff() == ViewDiff(changed=(SHOP,))
    assert world.tiers() == [("region", ["b"]), ("rest", ["c"])]
    world.view.remove(A)
    assert world.tiers() == [("rest", ["b", "c"])]


def test_what_a_cluster_says_of_itself_can_be_asked() -> None:
    world = World()
    world.put(B, {CLUSTER_KEY: cluster(region="eu")})
    found = world.view.cluster(B)
    assert found is not None
    assert found.region == "eu"
    assert world.view.cluster(C) is None


def test_another_network_is_served_through_gateways() -> None:
    world = two()
    world.put(B, {CLUSTER_KEY: cluster(network="n2", gateways=(GATEWAY,))})
    service = world.view.service(SHOP)
    assert service is not None
    target = service.tiers[0].targets[0]
    assert (target.origin, target.via, target.weight) == (B, Via.GATEWAYS, 500)
    assert service.gateways(target) == (GATEWAY,)
    assert service.endpoints(target) == ()


def test_an_endpoint_behind_a_gateway_may_change_without_a_word() -> None:
    world = two()
    world.put(B, {CLUSTER_KEY: cluster(network="n2", gateways=(GATEWAY,))})
    world.view.take_diff()
    world.put(B, exported(SHOP, endpoints("10.1.0.8", "10.1.0.9")))
    assert world.view.take_diff() == ViewDiff()


# --- trust and verdicts ------------------------------------------------------------------


def test_removing_trust_removes_endpoints_and_giving_it_back_brings_them_back() -> None:
    world = two()
    before = canonical(world.view)
    world.rules.table[B] = None
    world.view.rules_changed()
    assert world.addresses() == {"10.2.0.1", "10.2.0.2"}
    assert world.view.health().not_imported == (NotImported(B, Refusal.UNTRUSTED, 1),)
    world.rules.table[B] = ImportRule()
    world.view.rules_changed()
    assert canonical(world.view) == before


@pytest.mark.parametrize(
    ("rule", "refusal"),
    [
        (ImportRule(services=(("bank", "*"),)), Refusal.SERVICE),
        (ImportRule(relay_only=True), Refusal.RELAY_ONLY),
    ],
)
def test_what_an_origin_may_not_serve_is_counted_and_not_in_the_view(
    rule: ImportRule, refusal: Refusal
) -> None:
    world = World(Rules({B: rule}))
    world.put(B, exported(SHOP, endpoints("10.1.0.1")))
    assert world.view.service(SHOP) is None
    assert world.view.health().not_imported == (NotImported(B, refusal, 1),)


@pytest.mark.parametrize("verdict", [Verdict.EXPIRED, Verdict.DEPARTED])
def test_who_is_gone_serves_nothing_and_takes_no_part_in_the_merge(verdict: Verdict) -> None:
    world = two()
    world.stands(B, verdict)
    service = world.view.service(SHOP)
    assert service is not None
    assert service.merged.order == (C,)
    assert world.view.take_diff() == ViewDiff(changed=(SHOP,))
    world.stands(C, verdict)
    assert world.view.take_diff() == ViewDiff(removed=(SHOP,))
    world.stands(C, Verdict.LIVE)
    assert world.view.take_diff() == ViewDiff(added=(SHOP,))


def test_a_worse_verdict_moves_traffic_and_a_new_reason_for_it_is_no_change() -> None:
    world = two()
    world.stands(B, Verdict.UNREACHABLE)
    assert world.shares() == {"b": 0, "c": 1000}
    assert world.view.take_diff() == ViewDiff(changed=(SHOP,))
    world.view.set_standing(B, Standing(Verdict.UNREACHABLE, 9, "still nothing"))
    assert world.view.take_diff() == ViewDiff()


def test_a_stale_cluster_serves_with_a_warning() -> None:
    world = two()
    world.stands(B, Verdict.STALE)
    service = world.view.service(SHOP)
    assert service is not None
    assert world.shares() == {"b": 500, "c": 500}
    assert [(each.kind.value, each.origin) for each in service.conditions] == [("Stale", B)]


def test_an_origin_that_is_removed_is_forgotten_with_all_that_was_said_of_it() -> None:
    world = two()
    world.stands(B, Verdict.UNREACHABLE)
    world.view.set_nodes_down(B, ["n1"])
    world.put(B, {DRAIN_KEY: drain(), policy_key("shop", "p"): b"x"})
    world.view.remove(B)
    world.view.remove(B)
    assert world.view.statistics().origins == 1
    assert world.view.deadline == NEVER
    assert world.view.health().records == ()
    assert world.view.take_diff() == ViewDiff(changed=(SHOP,))
    world.view.remove(C)
    assert world.view.take_diff() == ViewDiff(removed=(SHOP,))
    assert world.view.statistics().services == 0
    world.view.check_invariants()


# --- nodes and guards --------------------------------------------------------------------


def test_endpoints_on_a_node_that_is_down_are_not_used() -> None:
    world = two()
    world.put(B, exported(SHOP, endpoints("10.1.0.1", node="n1"), endpoints("10.1.0.2")))
    world.view.take_diff()
    world.view.set_nodes_down(B, {"n1"}, "bridges x and y")
    assert world.view.take_diff() == ViewDiff(changed=(SHOP,))
    assert "10.1.0.1" not in world.addresses()
    world.put(B, {endpoints_key(SHOP, 0): endpoints("10.1.0.1", "10.1.0.3", node="n1")})
    assert not world.addresses() & {"10.1.0.1", "10.1.0.3"}
    world.view.set_nodes_down(B, ())
    assert {"10.1.0.1", "10.1.0.3"} <= world.addresses()
    world.view.take_diff()
    world.view.set_nodes_down(B, ["another"])
    assert world.view.take_diff() == ViewDiff()


def test_another_node_down_in_place_of_one_is_a_change_though_counts_are_equal() -> None:
    world = two()
    first, second = Endpoint("10.1.0.1", node="n1"), Endpoint("10.1.0.2", node="n2")
    world.put(B, {endpoints_key(SHOP, 0): record(first, second)})
    world.view.set_nodes_down(B, ["n1"])
    world.view.take_diff()
    world.view.set_nodes_down(B, ["n2"])
    assert world.view.take_diff() == ViewDiff(changed=(SHOP,))
    assert "10.1.0.1" in world.addresses()


def test_what_a_guard_holds_stays_in_the_last_tier_even_where_the_service_is_gone() -> None:
    world = World()
    world.put(B, exported(SHOP, endpoints("10.1.0.1"), head=export(service_account="sa")))
    world.view.take_diff()
    world.put(B, {}, delete=[export_key(SHOP), endpoints_key(SHOP, 0)])
    world.view.set_held(B, SHOP, [Endpoint("10.1.0.1")], "half of b vanished")
    assert world.view.take_diff() == ViewDiff(changed=(SHOP,))
    service = world.view.service(SHOP)
    assert service is not None
    assert world.tiers() == [("last", ["b"])]
    (held,) = service.endpoints(service.tiers[0].targets[0])
    assert (held.address, held.ports[0].port) == ("10.1.0.1", 8080)
    assert "half of b vanished" in held.why
    assert service.service_accounts == {B: "sa"}
    world.put(B, {CLUSTER_KEY: cluster()})
    assert world.addresses() == {"10.1.0.1"}
    world.view.clear_held(B, SHOP)
    world.view.clear_held(B, SHOP)
    assert world.view.take_diff() == ViewDiff(removed=(SHOP,))
    world.view.check_invariants()


def test_what_is_held_on_a_node_that_is_down_is_kept_and_what_came_back_is_not_held() -> None:
    world = World()
    world.put(B, exported(SHOP, endpoints("10.1.0.1", "10.1.0.2", node="n1")))
    world.view.set_nodes_down(B, ["n1"])
    world.view.set_held(B, SHOP, [Endpoint("10.1.0.1", node="n1")], "too many at once")
    assert world.tiers() == [("last", ["b"])]
    assert world.addresses() == {"10.1.0.1"}
    world.view.set_nodes_down(B, [])
    assert world.tiers() == [("rest", ["b"])]


# --- malformed records -------------------------------------------------------------------


@pytest.mark.parametrize("bad", [b"", b"\xc1", b"\x81\xa1e\x91\x01"])
def test_a_malformed_record_leaves_its_last_good_version_in_force(bad: bytes) -> None:
    world = two()
    before = world.addresses()
    world.put(B, {endpoints_key(SHOP, 0): bad or b"\x80\x80"})
    assert world.addresses() == before
    (fault,) = world.view.health().records
    assert (fault.origin, fault.key, fault.has_last_good) == (B, endpoints_key(SHOP, 0), True)
    assert world.view.take_diff() == ViewDiff(changed=(SHOP,))
    world.put(B, {endpoints_key(SHOP, 0): endpoints("10.1.0.9")})
    assert world.view.health().records == ()
    assert "10.1.0.9" in world.addresses()
