"""`DrainList`: every drain that is seen, how far it is, who acknowledged it and who has not.

A cluster counts as one that should acknowledge where it is told of the drain (the manifest's
audience) and serves here (its verdict). One that is degraded or unreachable is listed apart:
whoever waits for it may wait long.
"""

from agent.local.facts import AgentFacts
from agent.local.framing import listed
from agent.objects import Document
from discovery.bridge import Bridge
from discovery.names import Origin
from discovery.ramps import FULL_WEIGHT, DrainSeen


def drains_document(facts: AgentFacts, bridge: Bridge) -> Document:
    """Return all of them, by cluster, each cluster's own before its services'."""
    return listed("DrainList", facts, drains_of(facts, bridge))


def drains_of(facts: AgentFacts, bridge: Bridge) -> list[Document]:
    """Return the items of the list."""
    return [_drain(facts, bridge, each) for each in bridge.view.drains()]


def _drain(facts: AgentFacts, bridge: Bridge, drain: DrainSeen) -> Document:
    waiting, out_of_reach = _missing(bridge, drain)
    return {
        "cluster": drain.origin,
        "service": None if drain.service is None else str(drain.service),
        "drain": drain.drain,
        "seenAt": facts.clock.shown(drain.received_at),
        "rampSeconds": drain.ramp_s,
        "weight": drain.weight,
        "weightOf": FULL_WEIGHT,
        "obeyed": drain.is_obeyed,
        "neededBy": [str(each) for each in drain.needed_by],
        "acknowledgedBy": list(drain.acknowledged_by),
        "waitingFor": waiting,
        "outOfReach": out_of_reach,
        "done": not waiting,
    }


def _missing(bridge: Bridge, drain: DrainSeen) -> tuple[list[Origin], list[Origin]]:
    """Return who has not acknowledged: those in reach, and those that are lost or cut off."""
    waiting: list[Origin] = []
    out_of_reach: list[Origin] = []
    word = bridge.catalog.word(drain.origin)
    for origin in {bridge.own, *(held.manifest.origin for held in bridge.catalog)}:
        if origin == drain.origin or origin in drain.acknowledged_by:
            continue
        if word is not None and not word.is_for(origin):
            continue
        standing = bridge.verdicts.standing(origin)
        if standing is not None and not standing.verdict.serves:
            continue
        lost = standing is not None and standing.is_last_tier
        (out_of_reach if lost else waiting).append(origin)
    return sorted(waiting), sorted(out_of_reach)
