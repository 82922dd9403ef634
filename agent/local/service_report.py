"""`ServiceList`: services as they are to be served here: tiers, weights, policy, conflicts."""

from agent.local.facts import AgentFacts
from agent.local.framing import framed, listed
from agent.local.status_report import written
from agent.objects import Document
from discovery.bridge import Bridge
from discovery.merge import Conflict, MergedPort
from discovery.names import ServiceName
from discovery.policy_book import PolicyInForce
from discovery.service_view import ServiceView
from discovery.tiers import Target, Tier, TierKind
from discovery.view_outcome import Condition

LIMIT_DEFAULT, LIMIT_MAX = 100, 1_000
"""Services in one answer; `continue` says where the next one begins. They are few, for while an
answer is made nothing else happens in the agent."""


def services_document(
    facts: AgentFacts,
    bridge: Bridge,
    namespace: str = "",
    after: str = "",
    most: int = LIMIT_DEFAULT,
) -> Document:
    """Return services by name, `most` of them at once, those that come after the name `after`.

    The document's `continue` is what to give as `after` for the rest; empty at the end.
    """
    names = [
        name
        for name in bridge.view.services()
        if namespace in ("", name.namespace) and str(name) > after
    ]
    shown = names[:most]
    items = [service_item(facts, bridge, name) for name in shown]
    rest = str(shown[-1]) if len(names) > len(shown) else ""
    found = [each for each in items if each is not None]
    return {**listed("ServiceList", facts, found), "total": len(names), "continue": rest}


def service_document(facts: AgentFacts, bridge: Bridge, name: ServiceName) -> Document | None:
    """Return `Service`, None where it is not in the view."""
    item = service_item(facts, bridge, name)
    return None if item is None else framed("Service", facts, **item)


def service_item(facts: AgentFacts, bridge: Bridge, name: ServiceName) -> Document | None:
    """Return one service, None where nobody who may exports it."""
    view = bridge.view.service(name)
    if view is None:
        return None
    targets = [target for tier in view.tiers for target in tier.targets]
    return {
        "namespace": name.namespace,
        "name": name.name,
        "type": view.type.value,
        "ports": [_port(each) for each in view.ports],
        "served": any(target.weight for target in targets),
        "ready": sum(target.healthy for target in targets if not target.held),
        "total": sum(target.total for target in targets if not target.held),
        "clusters": _clusters(view),
        "tiers": [_tier(view, each) for each in view.tiers],
        "policy": policy_in_force(view.policy),
        "serviceAccounts": dict(view.service_accounts),
        "sessionAffinity": view.session_affinity[0],
        "conflicts": [conflict(each) for each in view.conflicts],
        "conditions": [condition(each) for each in view.conditions],
        "written": [written(facts, each) for each in facts.driver.objects.get(name, ())],
    }


def _port(merged: MergedPort) -> Document:
    port = merged.port
    return {
        "name": port.name,
        "port": port.port,
        "protocol": port.protocol,
        "appProtocol": port.app_protocol,
        "clusters": list(merged.origins),
    }


def _clusters(view: ServiceView) -> list[Document]:
    """Return what each exporter has, in the order of precedence; who is in no tier has nothing."""
    found = {
        origin: {"weight": 0, "ready": 0, "total": 0, "held": 0} for origin in view.merged.order
    }
    for tier in view.tiers:
        for target in tier.targets:
            counts = found[target.origin]
            counts["weight"] += target.weight
            if target.held:
                counts["held"] += target.total
            else:
                counts["ready"] += target.healthy
                counts["total"] += target.total
    return [{"cluster": origin, **counts} for origin, counts in found.items()]


def _tier(view: ServiceView, tier: Tier) -> Document:
    return {
        "kind": tier.kind.value,
        "weight": tier.weight,
        "lastResort": tier.kind in (TierKind.DRAINED, TierKind.LAST),
        "targets": [_target(view, each) for each in tier.targets],
    }


def _target(view: ServiceView, target: Target) -> Document:
    return {
        "cluster": target.origin,
        "weight": target.weight,
        "via": target.via.value,
        "zones": None if target.zones is None else list(target.zones),
        "held": target.held,
        "ready": target.healthy,
        "total": target.total,
        "gateways": [{"address": g.address, "port": g.port} for g in view.gateways(target)],
    }


def policy_in_force(found: PolicyInForce) -> Document:
    """Return the policy that holds, and over which others."""
    policy = found.policy
    return {
        "namespace": policy.namespace,
        "name": policy.name,
        "default": found.is_default,
        "cluster": found.origin,
        "mode": policy.mode.value,
        "clusters": list(policy.clusters),
        "weights": dict(policy.weights),
        "minimumHealthyPercent": policy.minimum_healthy_percent,
        "overtakes": [
            {
                "namespace": each.policy.namespace,
                "name": each.policy.name,
                "cluster": each.origin,
                "why": each.why,
                "conflict": each.is_conflict,
            }
            for each in found.losers
        ],
    }


def conflict(found: Conflict) -> Document:
    """Return what exports disagree about, and who won."""
    return {
        "reason": found.reason.value,
        "winner": found.winner,
        "losers": list(found.losers),
        "concerned": list(found.concerned),
        "message": found.what,
    }


def condition(found: Condition) -> Document:
    """Return what is to be known of a service beside its tiers."""
    return {"type": found.kind.value, "cluster": found.origin, "message": found.what}
