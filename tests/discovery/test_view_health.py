"""Which refusals are in force, and how much is held."""

from discovery.importing import ImportRule
from discovery.keys import endpoints_key, policy_key
from discovery.names import Origin
from discovery.problems import Problem
from discovery.refusals import Refusal
from discovery.view_health import NotImported, ViewHealth, ViewStatistics
from tests.discovery.view_world import (
    BANK,
    CART,
    SHOP,
    B,
    C,
    Rules,
    World,
    endpoints,
    exported,
    travelling,
)


def test_a_view_that_is_told_nothing_wrong_is_well() -> None:
    world = World()
    world.put(B, exported(SHOP, endpoints("10.0.0.1")))
    assert world.view.health() == ViewHealth((), (), ())


def test_what_is_not_imported_is_counted_by_origin_and_reason() -> None:
    rule = ImportRule(services=(("shop", "checkout"),))
    world = World(Rules({B: rule, C: None}))
    for name in (SHOP, CART, BANK):
        world.put(B, exported(name))
        world.put(C, exported(name))
    world.put(B, travelling())
    assert world.view.health().not_imported == (
        NotImported(B, Refusal.SERVICE, 2),
        NotImported(B, Refusal.POLICY, 1),
        NotImported(C, Refusal.UNTRUSTED, 3),
    )


def test_an_origin_of_which_nothing_is_known_has_nothing_refused() -> None:
    world = World(Rules({B: None}))
    world.view.set_nodes_down(B, ["n1"])
    assert world.view.health() == ViewHealth((), (), ())


def test_what_is_wrong_with_trust_objects_shows_as_long_as_it_is() -> None:
    world = World(Rules(wrong=[Problem("TrustedCluster/b", "spec.keyz: is not known")]))
    assert world.view.health().trust == (Problem("TrustedCluster/b", "spec.keyz: is not known"),)
    world.rules.wrong.clear()
    assert world.view.health() == ViewHealth((), (), ())


def test_records_are_in_the_order_of_origins_and_keys() -> None:
    world = World()
    world.put(C, {endpoints_key(SHOP, 1): b"\xc1", endpoints_key(SHOP, 0): b"\xc1"})
    world.put(B, {policy_key("shop", "p"): b"\xc1"})
    assert [(each.origin, each.key) for each in world.view.health().records] == [
        (B, policy_key("shop", "p")),
        (C, endpoints_key(SHOP, 0)),
        (C, endpoints_key(SHOP, 1)),
    ]


def test_statistics_count_what_is_held() -> None:
    world = World()
    world.put(B, exported(SHOP, endpoints("10.0.0.1", "10.0.0.2"), endpoints("10.0.0.3", node="n")))
    world.view.set_nodes_down(B, ["n"])
    assert world.view.statistics() == ViewStatistics(
        origins=1, services=1, records=2, endpoints=3, healthy=2, stale=1
    )
    world.put(C, exported(SHOP, endpoints("10.0.1.1")))
    assert world.view.statistics_of(B) == ViewStatistics(
        origins=1, services=1, records=2, endpoints=3, healthy=2, stale=0
    )
    assert world.view.statistics_of(Origin("a")).origins == 0
