"""Every endpoint can say why it is served, or why it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.endpoints import Endpoint, decode_endpoints
from discovery.explain import Explained, Reason
from discovery.importing import ImportRule
from discovery.keys import CLUSTER_KEY, DRAIN_KEY, Kind, endpoints_key, export_key, parse_key
from discovery.names import Origin, ServiceName
from discovery.records import ServicePort
from discovery.standing import Verdict
from discovery.tiers import TierKind
from failure_detect.clock import SECOND
from tests.discovery.test_view_in_any_order import STEPS, Step, Told
from tests.discovery.view_world import (
    BANK,
    CART,
    GATEWAY,
    SHOP,
    A,
    B,
    C,
    World,
    cluster,
    drain,
    endpoints,
    export,
    exported,
    record,
    two,
)


def row(world: World, address: str, service: ServiceName = SHOP) -> Explained:
    (found,) = world.view.explain(service, address).endpoints
    return found


def reason(world: World, address: str, service: ServiceName = SHOP) -> Reason:
    found = row(world, address, service)
    assert found.why
    return found.reason


# --- in the view -------------------------------------------------------------------------


def test_one_that_is_used_says_in_which_tier_and_with_which_share() -> None:
    found = row(two(), "10.1.0.1")
    assert (found.origin, found.number, found.reason) == (B, 0, Reason.USED)
    assert (found.tier, found.target_weight) == (TierKind.REST, 500)
    assert found.why == "tier rest, b has 500 of 1000"


def test_a_tier_that_is_not_reached_says_so() -> None:
    world = two()
    world.put(A, exported(SHOP, endpoints("10.0.0.1")))
    assert reason(world, "10.1.0.1") is Reason.STANDBY
    assert reason(world, "10.0.0.1") is Reason.USED


def test_a_drain_shows_while_it_lasts_and_after_it() -> None:
    world = two()
    world.put(B, {DRAIN_KEY: drain(ramp_s=20)})
    assert reason(world, "10.1.0.1") is Reason.USED
    world.view.advance(10 * SECOND)
    assert row(world, "10.1.0.1").why.startswith("500 of 1000 left of its drain")
    assert reason(world, "10.1.0.1") is Reason.DRAINING
    world.view.advance(20 * SECOND)
    assert reason(world, "10.1.0.1") is Reason.DRAINED
    world.view.remove(C)
    assert reason(world, "10.1.0.1") is Reason.DRAINED_BUT_NEEDED


@pytest.mark.parametrize("verdict", [Verdict.DEGRADED, Verdict.UNREACHABLE])
def test_the_last_tier_names_the_verdict_and_its_evidence(verdict: Verdict) -> None:
    world = two()
    world.stands(B, verdict)
    assert reason(world, "10.1.0.1") is Reason.LAST_TIER
    assert row(world, "10.1.0.1").why.startswith(f"{verdict}: b is {verdict}")


def test_what_a_guard_holds_says_why() -> None:
    world = two()
    world.put(B, {endpoints_key(SHOP, 0): endpoints("10.1.0.1")})
    world.view.set_held(B, SHOP, [Endpoint("10.1.0.2")], "half vanished")
    found = row(world, "10.1.0.2")
    assert (found.reason, found.number, found.tier) == (Reason.HELD, None, TierKind.LAST)
    assert found.why.startswith("half vanished")


# --- not in the view ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (None, Reason.UNTRUSTED),
        (ImportRule(relay_only=True), Reason.RELAY_ONLY),
        (ImportRule(services=(("bank", "*"),)), Reason.MAY_NOT_SERVE),
    ],
)
def test_trust_says_no(rule: ImportRule | None, expected: Reason) -> None:
    world = two()
    world.rules.table[B] = rule
    world.view.rules_changed()
    assert reason(world, "10.1.0.1") is expected
    assert not expected.is_in_view


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [(Verdict.EXPIRED, Reason.EXPIRED), (Verdict.DEPARTED, Reason.DEPARTED)],
)
def test_a_verdict_says_no_with_its_evidence(verdict: Verdict, expected: Reason) -> None:
    world = two()
    world.stands(B, verdict)
    assert reason(world, "10.1.0.1") is expected
    assert row(world, "10.1.0.1").why == f"b is {verdict}"


def test_endpoints_without_a_head_say_so() -> None:
    world = two()
    world.put(B, {}, delete=[export_key(SHOP)])
    assert reason(world, "10.1.0.1") is Reason.NO_HEAD


def test_another_network_says_through_which_gateway_or_that_there_is_none() -> None:
    world = two()
    world.put(B, {CLUSTER_KEY: cluster(network="n2", gateways=(GATEWAY,))})
    world.put(C, {CLUSTER_KEY: cluster(network="n3")})
    assert reason(world, "10.1.0.1") is Reason.THROUGH_GATEWAY
    assert row(world, "10.1.0.1").target_weight == 1000
    assert reason(world, "10.2.0.1") is Reason.NO_GATEWAY
    conditions = world.view.explain(SHOP).conditions
    assert [(each.kind.value, each.origin) for each in conditions] == [("NoGateway", C)]


def test_not_ready_and_node_down_say_by_whose_word() -> None:
    world = two()
    world.put(
        B,
        {
            endpoints_key(SHOP, 0): endpoints("10.1.0.1", ready=False),
            endpoints_key(SHOP, 1): endpoints("10.1.0.2", node="n1"),
        },
    )
    world.view.set_nodes_down(B, ["n1"], "bridges x and y of 3")
    assert reason(world, "10.1.0.1") is Reason.NOT_READY
    assert reason(world, "10.1.0.2") is Reason.NODE_DOWN
    assert row(world, "10.1.0.2").why == "node n1 is down, say bridges x and y of 3"
    world.view.set_nodes_down(B, ["n1"])
    assert row(world, "10.1.0.2").why == "node n1 is down, say the bridges of its origin"


def test_an_address_that_is_listed_twice_is_used_once() -> None:
    world = two()
    world.put(B, {endpoints_key(SHOP, 1): endpoints("10.1.0.1")})
    rows = world.view.explain(SHOP, "10.1.0.1").endpoints
    assert [(each.number, each.reason) for each in rows] == [
        (0, Reason.USED),
        (1, Reason.DUPLICATE),
    ]
    world.put(B, {endpoints_key(SHOP, 1): record(Endpoint("10.1.0.1"), port=9090)})
    assert [each.reason for each in world.view.explain(SHOP, "10.1.0.1").endpoints] == [
        Reason.USED,
        Reason.USED,
    ]


# --- notes -------------------------------------------------------------------------------


def test_a_lost_conflict_is_noted_at_the_losers_endpoints_which_stay() -> None:
    world = two()
    world.put(C, exported(SHOP, head=export(ServicePort("http", 8080), at=9)))
    lost, won = row(world, "10.2.0.1"), row(world, "10.1.0.1")
    assert lost.reason is Reason.USED
    assert lost.notes == ("lost PortConflict: port http 80/TCP of b holds; c has http 8080/TCP",)
    assert won.notes == ()
    assert len(world.view.explain(SHOP).conflicts) == 1


def test_a_malformed_record_is_noted_at_its_last_good_endpoints() -> None:
    world = two()
    world.put(B, {endpoints_key(SHOP, 0): b"\xc1", endpoints_key(CART, 0): b"\xc1"})
    found = row(world, "10.1.0.1")
    assert found.reason is Reason.USED
    assert "the newer record is refused" in found.notes[0]
    assert row(world, "10.2.0.1").notes == ()
    (fault,) = world.view.explain(SHOP).faults
    assert fault.key == endpoints_key(SHOP, 0)
    world.put(B, {export_key(SHOP): b"\xc1"})
    assert len(world.view.explain(SHOP).faults) == 2


def test_a_service_that_nobody_names_is_unknown() -> None:
    found = two().view.explain(BANK)
    assert (found.is_known, found.is_in_view, found.endpoints, found.policy) == (
        False,
        False,
        (),
        None,
    )


def test_origins_are_told_of_with_how_they_stand() -> None:
    world = two()
    world.rules.table[B] = None
    world.view.rules_changed()
    world.stands(C, Verdict.STALE)
    found = world.view.explain(SHOP)
    assert (found.is_known, found.is_in_view) == (True, True)
    assert [
        (each.origin, each.serves, each.standing.verdict, each.drain_weight)
        for each in found.origins
    ] == [(B, False, Verdict.LIVE, 1000), (C, True, Verdict.STALE, 1000)]
    assert found.policy is not None
    assert found.policy.is_default


# --- any view ----------------------------------------------------------------------------


@given(st.lists(STEPS, min_size=8, max_size=20))
def test_every_endpoint_of_every_set_has_one_row_and_the_view_has_those_that_say_so(
    steps: list[Step],
) -> None:
    told = Told.populated()
    for step in steps:
        step(told)
    for service in (SHOP, CART, BANK):
        explanation = told.world.view.explain(service)
        inputs: list[tuple[Origin, int | None, str]] = []
        for origin, records in told.world.sets.items():
            for key, value in records:
                parsed = parse_key(key)
                if parsed.kind is Kind.ENDPOINTS and parsed.service == service:
                    inputs += [
                        (origin, parsed.number, each.address)
                        for each in decode_endpoints(value, "record").endpoints
                    ]
        for (origin, name), held in told.held.items():
            inputs += [(origin, None, each.address) for each in held if name == service]
        rows = [(each.origin, each.number, each.address) for each in explanation.endpoints]
        assert sorted(map(str, rows)) == sorted(map(str, inputs))
        view = told.world.view.service(service)
        served = sorted(
            (endpoint.origin, endpoint.address)
            for tier in (view.tiers if view else ())
            for target in tier.targets
            for endpoint in (view.endpoints(target) if view else ())
        )
        assert served == sorted(
            (each.origin, each.address) for each in explanation.endpoints if each.reason.is_in_view
        )
        assert explanation.is_in_view == (view is not None)
