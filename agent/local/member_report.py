"""`MemberList`: the members of both pools as this agent sees them."""

from agent.local.facts import AgentFacts
from agent.local.framing import listed
from agent.objects import Document
from failure_detect.detector import FailureDetector
from failure_detect.members import MemberView

POOLS = ("lan", "wan")


def members_document(facts: AgentFacts, pool: str = "") -> Document:
    """Return the members of one pool, or of both: by pool, cluster and node."""
    items: list[Document] = []
    for name, detector in zip(POOLS, (facts.lan, facts.wan), strict=True):
        if detector is not None and pool in ("", name):
            items += members_of(facts, name, detector)
    return listed("MemberList", facts, items)


def members_of(facts: AgentFacts, pool: str, detector: FailureDetector) -> list[Document]:
    """Return the members of a detector, by cluster and node."""
    silent = frozenset(detector.silent_nodes())
    found = sorted(detector.members(), key=_by_node)
    return [_member(facts, pool, each, silent) for each in found]


def _by_node(member: MemberView) -> tuple[str, str, int]:
    return member.identity.group, member.identity.node, member.identity.start


def _member(facts: AgentFacts, pool: str, member: MemberView, silent: frozenset[str]) -> Document:
    identity, trip = member.identity, member.round_trip
    is_own = identity.group == facts.identity.group
    return {
        "pool": pool,
        "cluster": identity.group,
        "node": identity.node,
        "member": identity.member.hex(),
        "address": identity.address,
        "nodeAddress": identity.node_address,
        "status": member.status.name.lower(),
        "since": facts.clock.shown(member.since),
        "incarnation": member.incarnation,
        "start": identity.start,
        "reachable": member.reachable,
        "roundTripMillis": None if trip is None else round(trip / 1_000, 3),
        "bridge": pool == "wan" or identity.member in facts.bridges,
        "self": is_own and identity.node == facts.identity.node,
        "nodeSilent": identity.node in silent,
    }
