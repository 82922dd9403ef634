"""From candidates and a policy to tiers: each mode, spill, drains, the last tier, gateways."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.names import Origin
from discovery.policy import Mode, TrafficPolicy
from discovery.standing import Verdict
from discovery.tally import Tally, ZoneCount
from discovery.tiers import (
    WEIGHT_TOTAL,
    Candidate,
    Tier,
    TierKind,
    Via,
    Viewpoint,
    apportion,
    is_reachable,
    plan_tiers,
)
from tests.discovery.view_world import GATEWAY, A, B, C

LOCALITY = TrafficPolicy(namespace="shop", name="p")
HERE = Viewpoint(own=A, region="eu", zones=("eu-1",))


def count(ready: int, total: int | None = None, zone: str = "") -> Tally:
    return (ZoneCount(zone, ready if total is None else total, ready),)


def cluster(origin: str, ready: int, total: int | None = None, **more: object) -> Candidate:
    return Candidate(origin=Origin(origin), zones=count(ready, total))._replace(**more)  # type: ignore[arg-type]  # fields by name, for brevity


def shown(tiers: tuple[Tier, ...]) -> list[tuple[str, dict[str, int]]]:
    return [
        (tier.kind.value, {str(target.origin): target.weight for target in tier.targets})
        for tier in tiers
    ]


def plan(
    *candidates: Candidate, policy: TrafficPolicy = LOCALITY
) -> list[tuple[str, dict[str, int]]]:
    return shown(plan_tiers(candidates, policy, HERE))


# --- Locality ----------------------------------------------------------------------------


def test_the_own_cluster_comes_first_then_its_zones_its_region_the_rest() -> None:
    tiers = plan(
        cluster("d", 3, region="us"),
        cluster("c", 3, region="eu", zones=count(3, 3, "eu-2")),
        cluster("b", 3, region="eu", zones=count(3, 3, "eu-1")),
        cluster("a", 3, region="eu"),
    )
    assert tiers == [
        ("local", {"a": 1000}),
        ("zone", {"b": 0}),
        ("region", {"c": 0}),
        ("rest", {"d": 0}),
    ]


def test_a_cluster_over_several_zones_is_split_among_tiers() -> None:
    zones = (ZoneCount("eu-1", 2, 2), ZoneCount("eu-2", 6, 6))
    tiers = plan_tiers([cluster("b", 0, region="eu", zones=zones)], LOCALITY, HERE)
    assert shown(tiers) == [("zone", {"b": 1000}), ("region", {"b": 0})]
    assert [target.zones for tier in tiers for target in tier.targets] == [("eu-1",), ("eu-2",)]
    assert [(target.healthy, target.total) for tier in tiers for target in tier.targets] == [
        (2, 2),
        (6, 6),
    ]


def test_a_zone_of_the_same_name_in_another_region_is_another_zone() -> None:
    assert plan(cluster("b", 3, region="us", zones=count(3, 3, "eu-1"))) == [("rest", {"b": 1000})]


def test_without_stated_zones_those_of_the_own_endpoints_count() -> None:
    here = Viewpoint(own=A, region="eu")
    candidates = [
        cluster("a", 1, region="eu", zones=count(1, 1, "eu-7")),
        cluster("b", 1, region="eu", zones=count(1, 1, "eu-7")),
        cluster("c", 1, region="eu", zones=count(1, 1, "eu-8")),
    ]
    assert [kind for kind, _ in shown(plan_tiers(candidates, LOCALITY, here))] == [
        "local",
        "zone",
        "region",
    ]


def test_clusters_of_a_tier_share_by_what_they_can_take() -> None:
    assert plan(cluster("b", 3), cluster("c", 1)) == [("rest", {"b": 750, "c": 250})]
    capable = [cluster("b", 3, capacity=10), cluster("c", 1, capacity=30)]
    assert plan(*capable) == [("rest", {"b": 250, "c": 750})]
    assert plan(cluster("b", 3, capacity=10), cluster("c", 1)) == [("rest", {"b": 750, "c": 250})]


def test_capacities_of_nothing_leave_nobody_out() -> None:
    assert plan(cluster("b", 3, capacity=0), cluster("c", 1, capacity=0)) == [
        ("rest", {"b": 500, "c": 500})
    ]


# --- spill -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ready", "local"), [(10, 1000), (7, 1000), (6, 857), (3, 429), (1, 143), (0, None)]
)
def test_below_the_minimum_a_tier_keeps_what_it_can_carry(ready: int, local: int | None) -> None:
    tiers = dict(plan(cluster("a", ready, 10), cluster("b", 100)))
    assert tiers.get("local", {}).get("a") == local
    assert tiers["rest"]["b"] == 1000 - (local or 0)


def test_what_a_tier_gets_is_no_more_than_it_has_room_for() -> None:
    near = cluster("b", 2, region="eu")
    assert plan(cluster("a", 50, 100), near, cluster("c", 100)) == [
        ("local", {"a": 714}),
        ("region", {"b": 29}),
        ("rest", {"c": 257}),
    ]


def test_where_nobody_can_carry_all_each_gets_by_what_it_can() -> None:
    assert plan(cluster("a", 0, 100), cluster("b", 2, region="eu"), cluster("c", 18)) == [
        ("region", {"b": 100}),
        ("rest", {"c": 900}),
    ]


def test_a_tier_that_is_itself_half_dead_is_given_less() -> None:
    tiers = plan(cluster("a", 0, 10), cluster("b", 350, 1000, region="eu"), cluster("c", 1000))
    assert tiers == [("region", {"b": 500}), ("rest", {"c": 500})]


@pytest.mark.parametrize(("percent", "local"), [(1, 1000), (50, 1000), (100, 500)])
def test_the_minimum_is_the_policys(percent: int, local: int) -> None:
    policy = TrafficPolicy(namespace="shop", name="p", minimum_healthy_percent=percent)
    assert plan(cluster("a", 5, 10), cluster("b", 10), policy=policy)[0] == (
        "local",
        {"a": local},
    )


@given(
    st.integers(1, 60),
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=3),
    st.integers(1, 100),
)
def test_spill_is_gradual_and_monotone(
    total: int, others: list[tuple[int, int]], percent: int
) -> None:
    policy = TrafficPolicy(namespace="shop", name="p", minimum_healthy_percent=percent)
    rest = [
        cluster(f"c{n}", ready, ready + dead, region="eu" if n else "us")
        for n, (ready, dead) in enumerate(others)
    ]
    local = []
    for ready in range(total, -1, -1):
        tiers = dict(plan(cluster("a", ready, total), *rest, policy=policy))
        local.append(tiers.get("local", {}).get("a", 0))
    assert all(before >= after for before, after in pairwise(local))
    assert local[-1] == 0
    step = 1000 * 100 // (percent * total) + 2
    if sum(ready for ready, _ in others) * 100 >= percent * total and all(
        not dead for _, dead in others
    ):
        assert all(before - after <= step for before, after in pairwise(local))


# --- FailOver and ActiveActive -----------------------------------------------------------


def test_failover_takes_clusters_in_order_and_the_others_last() -> None:
    policy = TrafficPolicy(
        namespace="shop", name="p", mode=Mode.FAIL_OVER, clusters=(C, Origin("x"), B)
    )
    everyone = [cluster("a", 3), cluster("b", 3), cluster("c", 3)]
    assert plan(*everyone, policy=policy) == [
        ("listed", {"c": 1000}),
        ("listed", {"b": 0}),
        ("reserve", {"a": 0}),
    ]
    assert plan(cluster("a", 3), cluster("c", 0, 3), policy=policy) == [("reserve", {"a": 1000})]
    assert plan(cluster("b", 3), cluster("c", 1, 2), policy=policy) == [
        ("listed", {"c": 714}),
        ("listed", {"b": 286}),
    ]


def test_active_active_shares_by_weights_and_keeps_a_reserve() -> None:
    policy = TrafficPolicy(
        namespace="shop", name="p", mode=Mode.ACTIVE_ACTIVE, weights=((A, 3), (B, 1), (C, 0))
    )
    everyone = [cluster("a", 1), cluster("b", 99), cluster("c", 5), cluster("d", 5)]
    assert plan(*everyone, policy=policy) == [
        ("active", {"a": 750, "b": 250}),
        ("reserve", {"c": 0, "d": 0}),
    ]


def test_active_active_takes_from_a_cluster_what_it_cannot_carry() -> None:
    policy = TrafficPolicy(
        namespace="shop", name="p", mode=Mode.ACTIVE_ACTIVE, weights=((A, 1), (B, 1))
    )
    assert plan(cluster("a", 35, 100), cluster("b", 1000), policy=policy) == [
        ("active", {"a": 333, "b": 667})
    ]


def test_active_active_without_weights_goes_by_capacity() -> None:
    policy = TrafficPolicy(namespace="shop", name="p", mode=Mode.ACTIVE_ACTIVE)
    assert plan(cluster("a", 1), cluster("b", 3), policy=policy) == [
        ("active", {"a": 250, "b": 750})
    ]
    by_cluster = [cluster("a", 1, cluster_capacity=4), cluster("b", 3, cluster_capacity=1)]
    assert plan(*by_cluster, policy=policy) == [("active", {"a": 800, "b": 200})]
    by_service = [each._replace(capacity=5) for each in by_cluster]
    assert plan(*by_service, policy=policy) == [("active", {"a": 500, "b": 500})]


# --- drains, verdicts, guards ------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (1000, {"b": 500, "c": 500}),
        (500, {"b": 333, "c": 667}),
        (50, {"b": 48, "c": 952}),
        (0, {"c": 1000}),
    ],
)
def test_a_drain_takes_weight_away_by_and_by(left: int, expected: dict[str, int]) -> None:
    tiers = plan(cluster("b", 10, drain=left), cluster("c", 10))
    assert tiers[0] == ("rest", expected)


def test_a_local_drain_spills_as_failing_endpoints_do() -> None:
    local = [
        dict(plan(cluster("a", 10, drain=left), cluster("b", 20))).get("local", {"a": 0})["a"]
        for left in (1000, 700, 350, 50, 0)
    ]
    assert local == [1000, 1000, 500, 71, 0]


def test_what_is_drained_stays_in_use_where_nothing_else_is_healthy() -> None:
    assert plan(cluster("a", 10, drain=0), cluster("b", 0, 5)) == [("drained", {"a": 1000})]
    worse = cluster("b", 5, verdict=Verdict.UNREACHABLE)
    assert plan(cluster("a", 10, drain=0), worse) == [
        ("drained", {"a": 1000}),
        ("last", {"b": 0}),
    ]


@pytest.mark.parametrize("verdict", [Verdict.DEGRADED, Verdict.UNREACHABLE])
def test_the_last_tier_is_used_where_no_better_one_is_healthy(verdict: Verdict) -> None:
    worse = cluster("b", 5, verdict=verdict)
    assert plan(worse, cluster("c", 1, 100)) == [("rest", {"c": 1000}), ("last", {"b": 0})]
    assert plan(worse, cluster("c", 0, 100)) == [("last", {"b": 1000})]


def test_what_a_guard_holds_is_in_the_last_tier_beside_the_rest_of_its_cluster() -> None:
    tiers = plan_tiers([cluster("b", 2, 2, held=6)], LOCALITY, HERE)
    assert shown(tiers) == [("rest", {"b": 1000}), ("last", {"b": 0})]
    assert [target.held for tier in tiers for target in tier.targets] == [False, True]
    alone = plan_tiers([cluster("b", 0, 0, held=6), cluster("c", 0, 3)], LOCALITY, HERE)
    assert shown(alone) == [("last", {"b": 1000})]
    assert alone[0].targets[0].healthy == 6


def test_a_drained_cluster_that_is_lost_as_well_is_in_the_last_tier() -> None:
    lost = cluster("b", 5, verdict=Verdict.DRAINING, drain=500, also_last_tier=True)
    assert plan(lost, cluster("c", 1, 100)) == [("rest", {"c": 1000}), ("last", {"b": 0})]
    assert plan(lost) == [("last", {"b": 1000})]
    drained, shut = lost._replace(drain=0), cluster("c", 5, verdict=Verdict.DEGRADED)
    assert plan(drained, shut) == [("last", {"b": 0, "c": 1000})]
    assert plan(drained) == [("last", {"b": 1000})]


@pytest.mark.parametrize("verdict", [Verdict.LIVE, Verdict.STALE, Verdict.DRAINING])
def test_other_verdicts_serve_as_usual(verdict: Verdict) -> None:
    assert plan(cluster("b", 5, verdict=verdict)) == [("rest", {"b": 1000})]


def test_where_nothing_is_healthy_there_is_no_tier() -> None:
    assert plan(cluster("a", 0, 5), cluster("b", 0, 5, verdict=Verdict.DEGRADED)) == []
    assert plan() == []


# --- networks ----------------------------------------------------------------------------


def test_another_network_is_reached_through_its_gateways_or_not_at_all() -> None:
    far = cluster("b", 5, network="n2", gateways=(GATEWAY,))
    (tier,) = plan_tiers([far, cluster("c", 5, network="n2")], LOCALITY, HERE)
    assert [(target.origin, target.via) for target in tier.targets] == [(B, Via.GATEWAYS)]
    assert not is_reachable(cluster("c", 5, network="n2"), HERE)


def test_the_own_cluster_is_never_behind_a_gateway() -> None:
    (tier,) = plan_tiers([cluster("a", 5, network="n2")], LOCALITY, HERE)
    assert tier.targets[0].via is Via.ENDPOINTS


def test_a_gateway_does_not_tell_zones_apart() -> None:
    zones = (ZoneCount("eu-1", 2, 2), ZoneCount("eu-2", 6, 6))
    far = cluster("b", 0, region="eu", network="n2", gateways=(GATEWAY,), zones=zones)
    assert plan(far) == [("region", {"b": 1000})]
    assert plan(far._replace(zones=zones[:1])) == [("zone", {"b": 1000})]


# --- any candidates ----------------------------------------------------------------------

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        origin=st.sampled_from("abcde").map(Origin),
        region=st.sampled_from(["", "eu", "us"]),
        network=st.sampled_from(["", "n2"]),
        gateways=st.sampled_from([(), (GATEWAY,)]),
        zones=st.lists(
            st.builds(
                lambda zone, dead, ready: ZoneCount(zone, dead + ready, ready),
                st.sampled_from(["", "eu-1", "eu-2"]),
                st.integers(0, 9),
                st.integers(0, 9),
            ).filter(lambda each: each.total > 0),
            max_size=3,
            unique_by=lambda each: each.zone,
        ).map(tuple),
        capacity=st.sampled_from([None, 0, 1, 7, 1 << 53]),
        cluster_capacity=st.sampled_from([None, 0, 3]),
        verdict=st.sampled_from([each for each in Verdict if each.serves]),
        drain=st.sampled_from([1000, 1000, 950, 50, 0]),
        held=st.sampled_from([0, 0, 3]),
    ),
    max_size=5,
    unique_by=lambda each: each.origin,
)
POLICIES = st.builds(
    TrafficPolicy,
    namespace=st.just("shop"),
    name=st.just("p"),
    mode=st.sampled_from(Mode),
    clusters=st.sampled_from([(A,), (C, B), (Origin("x"),)]),
    weights=st.sampled_from([(), ((A, 1),), ((B, 1_000_000), (C, 1)), ((Origin("x"), 1),)]),
    minimum_healthy_percent=st.integers(1, 100),
)


@given(CANDIDATES, POLICIES)
def test_weights_add_up_and_a_healthy_endpoint_is_never_left_unused(
    candidates: list[Candidate], policy: TrafficPolicy
) -> None:
    tiers = plan_tiers(candidates, policy, HERE)
    reachable = [each for each in candidates if is_reachable(each, HERE)]
    healthy = sum(each.held + sum(zone.ready for zone in each.zones) for each in reachable)
    targets = [target for tier in tiers for target in tier.targets]
    assert sum(target.weight for target in targets) == (WEIGHT_TOTAL if healthy else 0)
    assert sum(target.healthy for target in targets) == healthy
    assert all(target.healthy and target.weight >= 0 for target in targets)
    assert plan_tiers(candidates[::-1], policy, HERE) == tiers


@given(CANDIDATES, POLICIES)
def test_the_last_tiers_get_nothing_while_a_better_one_has_anything(
    candidates: list[Candidate], policy: TrafficPolicy
) -> None:
    tiers = plan_tiers(candidates, policy, HERE)
    for better, worse in pairwise(tiers):
        if worse.kind in (TierKind.LAST, TierKind.DRAINED):
            assert worse.weight == 0
            assert better.kind is not TierKind.LAST


@given(st.integers(0, 1000), st.lists(st.integers(0, 1 << 60), max_size=8))
def test_apportioning_keeps_the_sum_and_misses_no_share_by_one(
    total: int, shares: list[int]
) -> None:
    parts = apportion(total, shares)
    assert sum(parts) == (total if sum(shares) else 0)
    for part, share in zip(parts, shares, strict=True):
        assert abs(part * sum(shares) - total * share) <= sum(shares)
