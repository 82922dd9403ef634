"""What comes of a service: merged head, policy, tiers and conditions, computed from scratch.

Pure, and the only place where it is decided: an incremental view keeps outcomes, and computes one
anew when something under it has changed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from discovery.merge import Export, Merged, merge
from discovery.names import Origin, ServiceName
from discovery.policy_book import PolicyInForce, conflicts_of
from discovery.records import Gateway
from discovery.standing import Verdict
from discovery.tiers import Candidate, Tier, TierKind, Via, is_reachable, plan_tiers
from discovery.view_origin import Circumstances, Known

_SHOWN_MAX = 8
"""Clusters that are named in one condition."""


class ConditionKind(StrEnum):
    """What is to be known of a service beside its tiers."""

    NO_HEALTHY_ENDPOINTS = "NoHealthyEndpoints"
    """Nothing can be used: there is no tier."""
    LAST_TIER_IN_USE = "LastTierInUse"
    """All traffic goes to clusters or endpoints of which nobody is sure."""
    DRAIN_NEEDED = "DrainNeeded"
    """A cluster is drained and still used: nothing else is healthy."""
    NO_GATEWAY = "NoGateway"
    """A cluster of another network has no gateway, so that it cannot be used."""
    STALE = "Stale"
    """A cluster's manifest is past its lifetime."""
    RECORD_REFUSED = "RecordRefused"
    """A record of the service is malformed; the last good one, if any, is in force."""
    POLICY_CONFLICT = "PolicyConflict"
    """Another policy of equal standing says something else."""
    POLICY_NAMES_NOBODY = "PolicyNamesNobody"
    """No cluster that the policy names serves it: a misspelt name, or one that serves no more."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One of them, with whom it is about (None: nobody in particular) and the words."""

    kind: ConditionKind
    origin: Origin | None
    what: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a service amounts to; two equal outcomes mean the same to a driver."""

    merged: Merged
    policy: PolicyInForce
    tiers: tuple[Tier, ...]
    conditions: tuple[Condition, ...]
    capacities: tuple[tuple[Origin, int], ...]
    """What exporters say that the service can take there, those that say so."""
    behind: tuple[int | tuple[Gateway, ...], ...]
    """What stands behind each target: its gateways, or a number that differs whenever its
    endpoints may."""


def outcome_of(
    service: ServiceName,
    known: Sequence[Known],
    policy: PolicyInForce,
    circumstances: Circumstances,
    before: Outcome | None = None,
) -> Outcome | None:
    """Return what comes of `service`; None where nobody who may exports it.

    `known` are the origins that say anything about it, by name. `before` is an outcome since which
    neither heads nor who may serve have changed: its merged head is taken over.
    """
    admitted = [
        each for each in known if each.admits(service) and each.index.head_of(service) is not None
    ]
    if not admitted:
        return None
    if before is None:
        merged, capacities = _merged(service, admitted, circumstances.viewpoint.own)
    else:
        merged, capacities = before.merged, before.capacities
    candidates = [each.candidate(service, circumstances) for each in admitted]
    if capacities:
        stated = dict(capacities)
        candidates = [each._replace(capacity=stated.get(each.origin)) for each in candidates]
    tiers = plan_tiers(candidates, policy.policy, circumstances.viewpoint)
    by_origin = {each.origin: each for each in admitted}
    behind = tuple(
        by_origin[target.origin].edition(service)
        if target.via is Via.ENDPOINTS
        else by_origin[target.origin].index.cluster.gateways
        for tier in tiers
        for target in tier.targets
    )
    conditions = (
        *_about_origins(service, admitted, candidates, circumstances),
        *_about_tiers(tiers),
        *_about_policy(policy, [each.origin for each in admitted]),
    )
    return Outcome(merged, policy, tiers, conditions, capacities, behind)


def _merged(
    service: ServiceName, admitted: Sequence[Known], own: Origin
) -> tuple[Merged, tuple[tuple[Origin, int], ...]]:
    exports = []
    for each in admitted:
        head = each.index.head_of(service)
        assert head is not None
        precedence = 0 if each.rule is None else each.rule.precedence
        exports.append(Export(each.origin, head, precedence))
    stated = ((each.origin, each.head.capacity) for each in exports)
    capacities = tuple((origin, capacity) for origin, capacity in stated if capacity is not None)
    return merge(exports, own), capacities


def _about_origins(
    service: ServiceName,
    admitted: Sequence[Known],
    candidates: Sequence[Candidate],
    circumstances: Circumstances,
) -> Iterator[Condition]:
    for each, candidate in zip(admitted, candidates, strict=True):
        origin = each.origin
        if each.standing.verdict is Verdict.STALE:
            yield Condition(ConditionKind.STALE, origin, "its manifest is past its lifetime")
        if not is_reachable(candidate, circumstances.viewpoint):
            what = f"network {candidate.network or 'unnamed'} has no gateway"
            yield Condition(ConditionKind.NO_GATEWAY, origin, what)
        for fault in each.index.faults.values():
            if fault.service == service:
                yield Condition(ConditionKind.RECORD_REFUSED, origin, fault.what)


def _about_tiers(tiers: Sequence[Tier]) -> Iterator[Condition]:
    used = next((tier for tier in tiers if tier.weight), None)
    if used is None:
        yield Condition(ConditionKind.NO_HEALTHY_ENDPOINTS, None, "nothing healthy is known")
        return
    names = ", ".join(dict.fromkeys(target.origin for target in used.targets))
    if used.kind is TierKind.LAST:
        what = f"nothing better is healthy than {names}"
        yield Condition(ConditionKind.LAST_TIER_IN_USE, None, what)
    if used.kind is TierKind.DRAINED:
        what = f"nothing is healthy but {names}, which is drained"
        yield Condition(ConditionKind.DRAIN_NEEDED, None, what)


def _about_policy(policy: PolicyInForce, exporters: Sequence[Origin]) -> Iterator[Condition]:
    holds = policy.policy
    named = [*holds.clusters, *(origin for origin, weight in holds.weights if weight)]
    if named and not any(origin in named for origin in exporters):
        name = f"{holds.namespace}/{holds.name}"
        what = f"TrafficPolicy {name} names {_shown(named)}, none of which serves it"
        yield Condition(ConditionKind.POLICY_NAMES_NOBODY, policy.origin, what)
    for loser in conflicts_of(policy):
        name = f"{loser.policy.namespace}/{loser.policy.name}"
        what = f"TrafficPolicy {name} does not hold: {loser.why}"
        yield Condition(ConditionKind.POLICY_CONFLICT, loser.origin, what)


def _shown(origins: Sequence[Origin]) -> str:
    more = len(origins) - _SHOWN_MAX
    return ", ".join(origins[:_SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")
