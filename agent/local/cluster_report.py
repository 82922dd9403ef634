"""`ClusterList`: every cluster that is trusted, held or met: its verdict, why, and all evidence.

The own cluster is among them (`own`), without a verdict: nobody judges himself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.local.drain_report import drains_of
from agent.local.facts import AgentFacts
from agent.local.framing import framed, listed
from agent.local.member_report import members_of
from agent.local.status_report import order
from agent.objects import Document
from discovery.bridge import Bridge
from discovery.catalog import Held
from discovery.importing import ImportRule
from discovery.manifest import Manifest
from discovery.names import Origin
from discovery.pins import Pin
from discovery.problems import Problem
from discovery.sightings import Witness
from discovery.standing import Standing
from discovery.view_health import NotImported
from failure_detect.clock import SECOND
from failure_detect.identity import MemberId
from failure_detect.members import Status


def clusters_document(facts: AgentFacts, bridge: Bridge) -> Document:
    """Return all of them, by name, the own one first."""
    around = _Surroundings.of(facts, bridge)
    items = [_cluster(facts, around, origin) for origin in origins_of(facts, bridge)]
    return listed("ClusterList", facts, items)


def cluster_document(facts: AgentFacts, bridge: Bridge, origin: Origin) -> Document | None:
    """Return one, None where nothing names it."""
    if origin not in origins_of(facts, bridge):
        return None
    return framed("Cluster", facts, **_cluster(facts, _Surroundings.of(facts, bridge), origin))


def origins_of(facts: AgentFacts, bridge: Bridge) -> list[Origin]:
    """Return every cluster that is held, trusted by name or met in `wan`, the own one first."""
    found = {held.manifest.origin for held in bridge.catalog}
    found.update(each.origin for each in bridge.catalog.exclusions())
    found.update(bridge.trust.named())
    found.update(bridge.trust.pins())
    if facts.wan is not None:
        found.update(Origin(each.identity.group) for each in facts.wan.members())
    return [bridge.own, *sorted(found - {bridge.own})]


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What is found out once for all clusters."""

    bridge: Bridge
    drains: Sequence[Document]
    problems: Sequence[Problem]
    not_imported: Sequence[NotImported]
    members: Sequence[Document]
    pins: Mapping[Origin, Pin]

    @classmethod
    def of(cls, facts: AgentFacts, bridge: Bridge) -> "_Surroundings":
        members = [] if facts.wan is None else members_of(facts, "wan", facts.wan)
        return cls(
            bridge,
            drains_of(facts, bridge),
            bridge.trust.problems(),
            bridge.view.health().not_imported,
            members,
            bridge.trust.pins(),
        )


def _cluster(facts: AgentFacts, around: _Surroundings, origin: Origin) -> Document:
    bridge = around.bridge
    held, word = bridge.catalog.get(origin), bridge.catalog.word(origin)
    said, counts = bridge.view.cluster(origin), bridge.view.statistics_of(origin)
    return {
        "name": origin,
        "own": origin == bridge.own,
        **_standing(facts, bridge.verdicts.standing(origin)),
        "evidence": _evidence(facts, bridge, origin),
        "witnesses": list(_witnesses(facts, bridge, origin)),
        "region": said.region if said else "",
        "network": said.network if said else "",
        "gateways": [{"address": g.address, "port": g.port} for g in said.gateways] if said else [],
        "meshRoot": said.mesh_root if said else "",
        "trustDomain": said.trust_domain if said else "",
        "agentVersion": said.version if said else "",
        "capacity": said.capacity if said else None,
        "bridges": _bridges(around, origin),
        "manifest": None if word is None else _manifest(facts, word, held),
        "services": counts.services,
        "endpoints": counts.endpoints,
        "healthyEndpoints": counts.healthy,
        "heldEndpoints": sum(map(len, bridge.guard.held(origin).values())),
        "heldServices": [str(each) for each in sorted(bridge.guard.held(origin))],
        "nodesDown": list(bridge.nodes.nodes_down(origin)),
        "drains": [each for each in around.drains if each["cluster"] == origin],
        "trust": _trust(around, origin),
        "notImported": [
            {"reason": each.reason.value, "count": each.count}
            for each in around.not_imported
            if each.origin == origin
        ],
        "equivocations": len(bridge.evidence.pairs(origin)),
    }


def _standing(facts: AgentFacts, standing: Standing | None) -> Document:
    if standing is None:
        return {"verdict": None, "since": None, "why": "", "serves": True, "lastTier": False}
    return {
        "verdict": standing.verdict.value,
        "since": facts.clock.shown(standing.since),
        "why": standing.why,
        "serves": standing.verdict.serves,
        "lastTier": standing.is_last_tier,
    }


def _evidence(facts: AgentFacts, bridge: Bridge, origin: Origin) -> Document | None:
    found = bridge.verdicts.evidence(origin, facts.clock.now)
    if found is None:
        return None
    return {
        "witnesses": found.witnesses,
        "alive": found.alive,
        "reachable": found.reachable,
        "dataPath": found.path.value,
        "whyLost": "" if found.alive else found.why_lost,
    }


def _witnesses(facts: AgentFacts, bridge: Bridge, origin: Origin) -> Iterator[Document]:
    for each in bridge.verdicts.testimonies(origin, facts.clock.now):
        yield _witness(facts, each)


def _witness(facts: AgentFacts, witness: Witness) -> Document:
    seen = witness.seen
    return {
        "node": _node(facts, witness.bridge),
        "self": witness.bridge is None,
        "isolated": witness.is_isolated,
        "alive": None if seen is None else seen.alive,
        "reachable": None if seen is None else seen.reachable,
        "dataPath": None if seen is None else seen.path.value,
        "silentSeconds": 0 if seen is None else seen.silent_for // SECOND,
        "heardAt": facts.clock.shown(witness.heard_at),
    }


def _node(facts: AgentFacts, bridge: MemberId | None) -> str:
    if bridge is None:
        return facts.identity.node
    for pool in (facts.wan, facts.lan):
        member = None if pool is None else pool.member(bridge)
        if member is not None:
            return member.identity.node
    return bridge.hex()[:16]


def _bridges(around: _Surroundings, origin: Origin) -> Document:
    members = [each for each in around.members if each["cluster"] == origin]
    alive = [Status.ALIVE.name.lower(), Status.SUSPECT.name.lower()]
    return {
        "alive": sum(each["status"] in alive for each in members),
        "reachable": sum(each["status"] in alive and bool(each["reachable"]) for each in members),
        "dead": sum(each["status"] == Status.DEAD.name.lower() for each in members),
        "members": members,
    }


def _manifest(facts: AgentFacts, manifest: Manifest, held: Held | None) -> Document:
    """Return what it said last; without `adoptedAt` where it is not for us, and nothing is held."""
    body, clock = manifest.body, facts.clock
    adopted = None if held is None else held.adopted_at
    fresh = None if adopted is None else adopted + body.lifetime_s * SECOND
    return {
        **order(body.order),
        "records": body.count,
        "bytes": body.size_bytes,
        "adoptedAt": clock.shown(adopted),
        "ageSeconds": None if adopted is None else clock.seconds_since(adopted),
        "lifetimeSeconds": body.lifetime_s,
        "freshUntil": clock.shown(fresh),
        "fresh": fresh is not None and fresh > clock.now,
        "audience": list(body.audience),
        "departs": body.departs,
        "intents": [
            {
                "kind": each.kind.value,
                "subject": each.subject,
                "amount": each.amount,
                "epoch": each.epoch,
                "version": each.version,
            }
            for each in body.intents
        ],
    }


def _trust(around: _Surroundings, origin: Origin) -> Document:
    rule, pin = around.bridge.trust.rule(origin), around.pins.get(origin)
    return {
        "trusted": rule is not None,
        "rule": None if rule is None else _rule(rule),
        "uid": None if pin is None else pin.uid,
        "generation": None if pin is None else pin.generation,
        "problems": [each.what for each in around.problems if each.subject == f"cluster {origin}"],
    }


def _rule(rule: ImportRule) -> Document:
    return {
        "services": [f"{namespace}/{name}" for namespace, name in rule.services],
        "precedence": rule.precedence,
        "policies": rule.policies,
        "relayOnly": rule.relay_only,
    }
