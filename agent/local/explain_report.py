"""`Explanation`: why each endpoint of a service is served, or is not, and what the driver wrote.

`reason` is one of `discovery.explain.Reason`; `inView` says whether the endpoint is in some tier.
"""

from collections import Counter

from agent.local.facts import AgentFacts
from agent.local.framing import framed
from agent.local.service_report import condition, conflict, policy_in_force, service_item
from agent.local.status_report import written
from agent.objects import Document
from discovery.bridge import Bridge
from discovery.explain import Explained, Explanation, OriginExplained, OriginGone
from discovery.holdings import RecordFault, shown_key
from discovery.names import ServiceName

ENDPOINTS_SHOWN, ENDPOINTS_MAX = 1_000, 5_000
"""Endpoints in one answer by default, and at most; the counts by reason are of all of them."""


def explain_document(
    facts: AgentFacts,
    bridge: Bridge,
    service: ServiceName,
    address: str | None = None,
    most: int = ENDPOINTS_SHOWN,
) -> Document:
    """Return why: all of the service, or with `address` its rows alone, `most` of them.

    What nobody says anything about is explained as well: `known` is false then.
    """
    found = bridge.view.explain(service, address)
    item = service_item(facts, bridge, service)
    return framed(
        "Explanation",
        facts,
        namespace=service.namespace,
        name=service.name,
        address=address,
        known=found.is_known,
        inView=found.is_in_view,
        served=bool(item and item["served"]),
        summary=_summary(found, address),
        clusters=[_origin(facts, each) for each in found.origins],
        endpoints=[_endpoint(each) for each in found.endpoints[:most]],
        endpointsTotal=len(found.endpoints),
        reasons=dict(sorted(Counter(each.reason.value for each in found.endpoints).items())),
        tiers=item["tiers"] if item else [],
        policy=None if found.policy is None else policy_in_force(found.policy),
        conflicts=[conflict(each) for each in found.conflicts],
        conditions=[condition(each) for each in found.conditions],
        faults=[_fault(each) for each in found.faults],
        gone=[_gone(facts, each) for each in found.gone],
        driver=facts.driver.name,
        written=[written(facts, each) for each in facts.driver.objects.get(service, ())],
        driverProblems=[
            {"reason": each.reason, "message": each.what}
            for each in facts.driver.problems
            if each.service in (None, service)
        ],
        frozen=facts.frozen,
        dryRun=facts.dry_run,
    )


def _summary(found: Explanation, address: str | None) -> str:
    """Return the answer in one sentence."""
    what = str(found.service) if address is None else f"{address} of {found.service}"
    if not found.is_known:
        gone = ", ".join(each.origin for each in found.gone)
        return f"nobody says anything about {found.service}" + (
            f"; {gone} served here once and is gone" if gone else ""
        )
    if address is not None and not found.endpoints:
        return f"no record of {found.service} has {address}"
    used = [each for each in found.endpoints if each.reason.is_in_view and each.target_weight]
    if not used:
        return f"{what} gets no traffic: {_chief_reason(found)}"
    total, clusters = len(found.endpoints), sorted({each.origin for each in used})
    return f"{what} is served by {len(used)} of {total} endpoints, in {', '.join(clusters)}"


def _chief_reason(found: Explanation) -> str:
    reasons = Counter((each.reason.value, each.why) for each in found.endpoints)
    if not reasons:
        return "it has no endpoints"
    [((reason, why), _)] = reasons.most_common(1)
    return f"{reason} ({why})" if why else reason


def _origin(facts: AgentFacts, each: OriginExplained) -> Document:
    standing = each.standing if each.origin != facts.identity.group else None
    return {
        "cluster": each.origin,
        "mayServe": each.serves,
        "verdict": None if standing is None else standing.verdict.value,
        "since": None if standing is None else facts.clock.shown(standing.since),
        "why": "" if standing is None else standing.why,
        "lastTier": each.standing.is_last_tier,
        "drainWeight": each.drain_weight,
    }


def _endpoint(each: Explained) -> Document:
    return {
        "cluster": each.origin,
        "record": each.number,
        "address": each.address,
        "node": each.node,
        "zone": each.zone,
        "reason": each.reason.value,
        "inView": each.reason.is_in_view,
        "why": each.why,
        "tier": None if each.tier is None else each.tier.value,
        "targetWeight": each.target_weight,
        "notes": list(each.notes),
    }


def _fault(each: RecordFault) -> Document:
    return {
        "cluster": each.origin,
        "record": shown_key(each.key),
        "reason": each.reason.value,
        "message": each.what,
        "lastGoodHolds": each.has_last_good,
    }


def _gone(facts: AgentFacts, each: OriginGone) -> Document:
    return {
        "cluster": each.origin,
        "verdict": each.standing.verdict.value,
        "since": facts.clock.shown(each.standing.since),
        "why": each.standing.why,
    }
