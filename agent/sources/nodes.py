"""What Node objects say: zones, heartbeats, and where a node itself answers.

A heartbeat has stopped where the API server says so itself (the node's condition Ready is
`Unknown`). Node Leases are not read: when it is *we* who are cut off from the API server, all of
them stand still, and we would take that for the death of everybody. A node whose object says
nothing of Ready has no heartbeat to miss, which is how a directory of files usually has it.
"""

from collections.abc import Iterable
from typing import TypeAlias

from agent.mirror import Mirror
from agent.objects import NODE, Document, integer_at, list_at, text_at
from agent.sources.readers import zone_of
from discovery.endpoints import is_address_of_pod, is_port, packed_address, shown_address
from discovery.isolation import HeartbeatSeen, HeartbeatStopped
from failure_detect.events import NodeDeleted
from failure_detect.identity import Address, NodeName

NodeFact: TypeAlias = HeartbeatStopped | HeartbeatSeen | NodeDeleted


def node_address(node: Document) -> Address | None:
    """Return where the node itself answers: its InternalIP and its kubelet's port.

    None where its object does not name both. In embedded mode both are what somebody wrote there.
    """
    port = integer_at(node, "status", "daemonEndpoints", "kubeletEndpoint", "Port")
    if port is None or not is_port(port, "TCP"):
        return None
    for each in list_at(node, "status", "addresses"):
        if text_at(each, "type") != "InternalIP":
            continue
        try:
            packed = packed_address(text_at(each, "address"))
        except ValueError:
            continue
        if is_address_of_pod(packed):
            host = shown_address(packed)
            return Address(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    return None


def zones_of(mirror: Mirror) -> tuple[str, ...]:
    """Return the zones of the cluster's nodes, in order."""
    return tuple(sorted({zone_of(node) for _, node in mirror.of(NODE)} - {""}))


def heartbeat_stopped(node: Document) -> bool | None:
    """Tell whether the API server misses the node; None where its object does not say."""
    for each in list_at(node, "status", "conditions"):
        if text_at(each, "type") == "Ready":
            return text_at(each, "status") == "Unknown"
    return None


class NodeBook:
    """The nodes that there are, and those that the API server misses."""

    def __init__(self) -> None:
        """Know none."""
        self._known: dict[NodeName, bool] = {}
        """Whether the API server misses each."""

    def is_missed(self, node: str) -> bool:
        """Tell whether the API server says that it hears a node no more."""
        return self._known.get(NodeName(node), False)

    def read(self, nodes: Iterable[tuple[str, Document]]) -> list[NodeFact]:
        """Take all nodes as they are now, by name; return what became of them."""
        facts: list[NodeFact] = []
        before, self._known = self._known, {}
        for name, document in nodes:
            node = NodeName(name)
            was_missed = before.get(node, False)
            says = heartbeat_stopped(document)
            is_missed = False if says is None else says
            if is_missed and not was_missed:
                facts.append(HeartbeatStopped(node))
            elif was_missed and not is_missed:
                facts.append(HeartbeatSeen(node))
            self._known[node] = is_missed
        gone = [node for node in before if node not in self._known]
        return [*facts, *(NodeDeleted(node) for node in sorted(gone))]
