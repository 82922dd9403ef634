"""`PolicyList`: every TrafficPolicy of this cluster: where it holds, where not, and why."""

from agent.local.facts import AgentFacts
from agent.local.framing import listed
from agent.objects import Document
from discovery.bridge import Bridge
from discovery.policy import TrafficPolicy
from discovery.policy_status import PolicyStatus


def policies_document(facts: AgentFacts, bridge: Bridge) -> Document:
    """Return all of them, by namespace and name, the refused ones too."""
    found = [bridge.view.policy(name) for name in bridge.view.policies()]
    return listed("PolicyList", facts, [_policy(each) for each in found if each is not None])


def _policy(status: PolicyStatus) -> Document:
    return {
        "namespace": status.name.namespace,
        "name": status.name.name,
        "spec": None if status.policy is None else _spec(status.policy),
        "refused": status.is_refused,
        "faults": [{"field": each.field, "message": each.reason} for each in status.faults],
        "holdsFor": [str(each) for each in status.holds],
        "overtaken": [
            {
                "service": str(each.service),
                "by": str(each.by),
                "cluster": each.origin,
                "why": each.why,
                "conflict": each.is_conflict,
            }
            for each in status.overtaken
        ],
        "namesNobody": [
            {"service": str(each.service), "message": each.what} for each in status.names_nobody
        ],
        "aboutNothing": status.is_about_nothing,
        "travels": status.travels,
        "cannotTravel": status.cannot_travel,
    }


def _spec(policy: TrafficPolicy) -> Document:
    return {
        "service": policy.service,
        "scope": policy.scope.value,
        "mode": policy.mode.value,
        "clusters": list(policy.clusters),
        "weights": dict(policy.weights),
        "minimumHealthyPercent": policy.minimum_healthy_percent,
    }
