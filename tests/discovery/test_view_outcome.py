"""What comes of a service: each condition, and what is taken over from the outcome before."""

from discovery.importing import ImportRule
from discovery.keys import endpoints_key
from discovery.names import Origin
from discovery.policy import Mode, TrafficPolicy
from discovery.policy_book import PolicyInForce, PolicyLoser
from discovery.recordset import Change
from discovery.standing import Standing, Verdict
from discovery.tiers import Viewpoint
from discovery.view_origin import Circumstances, Known
from discovery.view_outcome import ConditionKind, Outcome, outcome_of
from tests.discovery.view_world import SHOP, A, B, C, cluster, drain, endpoints, export, exported

HERE = Circumstances(viewpoint=Viewpoint(own=A), now=0)
POLICY = PolicyInForce(TrafficPolicy(namespace="shop", name=""))


def told(known: Known, records: dict[bytes, bytes]) -> Known:
    known.index.apply([Change(key, None, value) for key, value in records.items()], 0, 1)
    return known


def origins() -> tuple[Known, Known]:
    b, c = Known(B, ImportRule()), Known(C, ImportRule())
    told(b, exported(SHOP, endpoints("10.1.0.1")))
    return b, told(c, exported(SHOP, endpoints("10.2.0.1"), head=export(at=9, capacity=3)))


def outcome(*known: Known, policy: PolicyInForce = POLICY) -> Outcome:
    found = outcome_of(SHOP, known, policy, HERE)
    assert found is not None
    return found


def conditions(*known: Known, policy: PolicyInForce = POLICY) -> list[tuple[ConditionKind, object]]:
    return [(each.kind, each.origin) for each in outcome(*known, policy=policy).conditions]


def test_nobody_who_may_makes_no_service() -> None:
    b, _ = origins()
    b.rule = None
    assert outcome_of(SHOP, [b, Known(C, ImportRule())], POLICY, HERE) is None
    assert outcome_of(SHOP, [], POLICY, HERE) is None


def test_all_well_has_no_conditions() -> None:
    assert conditions(*origins()) == []
    assert outcome(*origins()).capacities == ((C, 3),)


def test_the_merged_head_is_taken_over_while_heads_are_the_same() -> None:
    b, c = origins()
    before = outcome(b, c)
    told(b, {endpoints_key(SHOP, 0): endpoints("10.1.0.1", "10.1.0.2")})
    after = outcome_of(SHOP, [b, c], POLICY, HERE, before)
    assert after is not None
    assert after.merged is before.merged
    assert after == outcome(b, c)


def test_stale_and_malformed_and_unreachable_by_network_are_told() -> None:
    b, c = origins()
    b.standing = Standing(Verdict.STALE, 0, "old")
    told(b, {endpoints_key(SHOP, 0): b"\xc1"})
    told(c, {b"cluster": cluster(network="n2")})
    assert conditions(b, c) == [
        (ConditionKind.STALE, B),
        (ConditionKind.RECORD_REFUSED, B),
        (ConditionKind.NO_GATEWAY, C),
    ]


def test_what_carries_all_traffic_for_want_of_better_is_told() -> None:
    b, c = origins()
    told(c, {endpoints_key(SHOP, 0): endpoints("10.2.0.1", ready=False)})
    b.standing = Standing(Verdict.DEGRADED, 0, "cut off")
    assert conditions(b, c) == [(ConditionKind.LAST_TIER_IN_USE, None)]
    b.standing = Standing(Verdict.LIVE, 0, "")
    told(b, {b"drain": drain(ramp_s=0)})
    assert conditions(b, c) == [(ConditionKind.DRAIN_NEEDED, None)]
    told(b, {endpoints_key(SHOP, 0): endpoints("10.1.0.1", ready=False)})
    assert conditions(b, c) == [(ConditionKind.NO_HEALTHY_ENDPOINTS, None)]


def test_a_conflict_of_policies_is_told_and_a_plain_loser_is_not() -> None:
    losers = tuple(PolicyLoser(POLICY.policy, B, "why", each) for each in (True, False))
    policy = PolicyInForce(POLICY.policy, None, losers)
    assert conditions(*origins(), policy=policy) == [(ConditionKind.POLICY_CONFLICT, B)]


def test_a_policy_whose_clusters_all_serve_nothing_is_told_and_one_that_hits_is_not() -> None:
    def named(*clusters: str, origin: Origin | None = None) -> PolicyInForce:
        listed = tuple(map(Origin, clusters))
        policy = TrafficPolicy(namespace="shop", name="p", mode=Mode.FAIL_OVER, clusters=listed)
        return PolicyInForce(policy, origin)

    assert conditions(*origins(), policy=named("nowhere", "c")) == []
    misspelt = [(ConditionKind.POLICY_NAMES_NOBODY, C)]
    assert conditions(*origins(), policy=named("bb", "cc", origin=C)) == misspelt
    many = outcome(*origins(), policy=named(*(f"x{at}" for at in range(10))))
    words = "x0, x1, x2, x3, x4, x5, x6, x7 and 2 more, none of which serves it"
    assert many.conditions[0].what == f"TrafficPolicy shop/p names {words}"
    weights = ((A, 3), (B, 0))
    policy = TrafficPolicy(namespace="shop", name="p", mode=Mode.ACTIVE_ACTIVE, weights=weights)
    told_so = [(ConditionKind.POLICY_NAMES_NOBODY, None)]
    assert conditions(*origins(), policy=PolicyInForce(policy)) == told_so
