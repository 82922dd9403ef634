"""Drains and policies as a view obeys them: at exact instants, and over each other."""

from discovery.explain import Reason
from discovery.importing import ImportRule
from discovery.keys import (
    DRAIN_KEY,
    ack_key,
    drain_key,
    policy_key,
)
from discovery.names import Origin
from discovery.records import (
    AckRecord,
    encode_ack,
)
from discovery.refusals import Refusal
from discovery.standing import Standing, Verdict
from discovery.tiers import TierKind
from discovery.view_changes import ViewDiff
from discovery.view_health import NotImported
from failure_detect.clock import NEVER, SECOND
from tests.discovery.test_policy import policy_object
from tests.discovery.view_world import (
    CART,
    SHOP,
    A,
    B,
    C,
    World,
    drain,
    endpoints,
    exported,
    travelling,
    two,
)

# --- drains ------------------------------------------------------------------------------


def test_a_drain_ramps_down_from_its_receipt_at_exact_instants() -> None:
    world = two()
    world.put(B, {DRAIN_KEY: drain(ramp_s=20)}, now=5 * SECOND)
    assert world.view.take_diff() == ViewDiff()
    assert world.view.deadline == 6 * SECOND
    world.view.advance(6 * SECOND - 1)
    assert world.view.take_diff() == ViewDiff()
    world.view.advance(6 * SECOND)
    assert world.view.take_diff() == ViewDiff(changed=(SHOP,))
    assert world.shares() == {"b": 487, "c": 513}
    world.view.advance(24 * SECOND)
    assert world.shares() == {"b": 48, "c": 952}
    assert world.view.deadline == 25 * SECOND
    (seen,) = world.view.drains()
    assert (seen.weight, seen.needed_by, seen.is_obeyed) == (50, (SHOP,), False)
    world.view.advance(25 * SECOND)
    assert world.shares() == {"b": 0, "c": 1000}
    assert world.view.deadline == NEVER
    assert world.view.drains()[0].is_obeyed


def test_a_drain_that_is_lifted_gives_all_back() -> None:
    world = two()
    world.put(B, {DRAIN_KEY: drain()})
    world.view.advance(10 * SECOND)
    world.put(B, {}, delete=[DRAIN_KEY], now=10 * SECOND)
    assert world.shares() == {"b": 500, "c": 500}
    assert world.view.drains() == ()
    assert world.view.deadline == NEVER


def test_a_service_is_drained_alone_and_the_stronger_drain_counts() -> None:
    world = two()
    world.put(B, exported(CART, endpoints("10.1.0.7")))
    world.put(C, exported(CART, endpoints("10.2.0.7")))
    world.put(B, {drain_key(CART): drain("one", 0), DRAIN_KEY: drain("all", 20)})
    assert world.shares(CART) == {"b": 0, "c": 1000}
    assert world.shares(SHOP) == {"b": 500, "c": 500}
    assert [(each.service, each.weight) for each in world.view.drains()] == [
        (None, 1000),
        (CART, 0),
    ]


def test_a_drain_is_not_obeyed_while_nothing_else_is_healthy() -> None:
    world = two()
    world.view.remove(C)
    world.put(B, {DRAIN_KEY: drain(ramp_s=0)})
    assert world.shares() == {"b": 1000}
    (seen,) = world.view.drains()
    assert (seen.weight, seen.needed_by, seen.is_obeyed) == (0, (SHOP,), False)


def test_a_cluster_that_is_lost_in_the_middle_of_its_drain_gets_nothing_more() -> None:
    world = two()
    world.put(B, {b"drain": drain(ramp_s=600)})
    world.view.set_standing(B, Standing(Verdict.DRAINING, 0, "drained"))
    assert world.shares() == {B: 500, C: 500}
    world.view.take_diff()
    lost = Standing(Verdict.DRAINING, 0, "drained; no bridge of it is alive", also_last_tier=True)
    world.view.set_standing(B, lost)
    assert world.view.take_diff().changed == (SHOP,)
    assert world.shares() == {C: 1000, B: 0}
    (row,) = world.view.explain(SHOP, "10.1.0.1").endpoints
    assert (row.reason, row.tier) == (Reason.LAST_TIER, TierKind.LAST)
    world.stands(C, Verdict.EXPIRED)
    assert world.shares() == {B: 1000}


def test_what_we_acknowledged_as_done_is_not_ramped_again_after_a_restart() -> None:
    world = two()
    world.put(B, {DRAIN_KEY: drain()})
    world.put(A, {ack_key(B): encode_ack(AckRecord(drain="other"))})
    assert world.shares() == {"b": 500, "c": 500}
    world.put(A, {ack_key(B): encode_ack(AckRecord(drain="d1", done=False))})
    assert world.shares() == {"b": 500, "c": 500}
    world.put(A, {ack_key(B): encode_ack(AckRecord(drain="d1")), ack_key(Origin("z")): b"x"})
    assert world.shares() == {"b": 0, "c": 1000}
    assert world.view.drains()[0].is_obeyed


def test_drains_of_services_are_acknowledged_one_by_one() -> None:
    world = two()
    world.put(B, {drain_key(SHOP): drain("d1"), drain_key(CART): drain("d2")})
    world.put(A, {ack_key(B, CART): encode_ack(AckRecord(drain="d2"))})
    assert world.shares() == {"b": 500, "c": 500}
    world.put(A, {ack_key(B, SHOP): encode_ack(AckRecord(drain="d1"))})
    assert world.shares() == {"b": 0, "c": 1000}
    world.put(A, {}, [ack_key(B, SHOP)])
    assert world.shares() == {"b": 500, "c": 500}


def test_a_drain_says_who_has_acknowledged_it_our_own_too() -> None:
    world = two()
    world.put(A, {DRAIN_KEY: drain("d1"), drain_key(SHOP): drain("d2")})
    world.put(B, {ack_key(A): encode_ack(AckRecord(drain="d1"))})
    world.put(C, {ack_key(A, SHOP): encode_ack(AckRecord(drain="d2"))})
    said = {each.service: each.acknowledged_by for each in world.view.drains()}
    assert said == {None: (B,), SHOP: (C,)}
    world.put(C, {ack_key(A): encode_ack(AckRecord(drain="d1", done=False))})
    assert world.view.drains()[0].acknowledged_by == (B,)
    world.put(C, {ack_key(A): encode_ack(AckRecord(drain="d1"))})
    assert world.view.drains()[0].acknowledged_by == (B, C)


# --- policies ----------------------------------------------------------------------------


def in_force(world: World) -> Origin | str | None:
    service = world.view.service(SHOP)
    assert service is not None
    return "default" if service.policy.is_default else service.policy.origin


def test_a_travelling_policy_holds_where_its_origin_may_configure() -> None:
    world = two()
    world.put(B, travelling())
    assert in_force(world) == "default"
    assert world.view.health().not_imported == (NotImported(B, Refusal.POLICY, 1),)
    assert world.view.take_diff() == ViewDiff()
    world.rules.table[B] = ImportRule(policies=True)
    world.view.rules_changed()
    assert in_force(world) == B
    assert world.view.take_diff() == ViewDiff(changed=(SHOP,))
    world.stands(B, Verdict.DEPARTED)
    assert in_force(world) == "default"
    world.stands(B, Verdict.LIVE)
    world.put(B, {}, delete=[policy_key("shop", "p")])
    assert in_force(world) == "default"


def test_a_local_policy_takes_effect_at_once() -> None:
    world = two()
    spec = {"mode": "FailOver", "clusters": ["c", "b"]}
    world.view.set_local_policies([policy_object(spec)])
    assert world.tiers() == [("listed", ["c"]), ("listed", ["b"])]
    assert world.view.take_diff() == ViewDiff(changed=(SHOP,))
    world.view.set_local_policies([policy_object({"mode": "Nonsense"})])
    assert world.view.take_diff() == ViewDiff()
    assert world.view.health().policies[0].has_last_good
    world.view.set_local_policies([])
    assert world.tiers() == [("rest", ["b", "c"])]
