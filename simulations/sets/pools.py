"""The `lan` pool of one cluster, as its detector would tell the cluster's bridges of it.

    pool = Pool(stage, 3)
    pool.acquaint()                                  # each bridge knows all agents of its cluster
    pool.silent(place, node)                         # that bridge finds the node dead

Each bridge runs on one of the cluster's first nodes; every other node has an agent too.
"""

from collections.abc import Iterable

from discovery.bridge_events import LanFact
from failure_detect.events import (
    MemberDied,
    MemberJoined,
    MemberReturned,
    NodeAnswered,
    NodeSilent,
)
from failure_detect.identity import Address, Identity, MemberId, NodeName
from simulations.sets.stage import Stage


class Pool:
    """What is told to the bridges of one cluster about the nodes of it."""

    def __init__(self, stage: Stage, cluster: int) -> None:
        """Tell nobody anything yet."""
        self.cluster = cluster
        self.nodes = tuple(map(NodeName, stage.exports[cluster].node_names()))
        self._stage = stage
        self._members: dict[NodeName, MemberId] = {}
        """Who ran on each bridge's node last."""
        self._places = [place for place, each in enumerate(stage.places) if each == cluster]

    @property
    def bridges(self) -> list[int]:
        """The places of all bridges, those that are down too."""
        return list(self._places)

    def node_of(self, place: int) -> NodeName:
        """Return the node that a bridge runs on."""
        return self.nodes[self._places.index(place)]

    def bridge_on(self, node: NodeName) -> int | None:
        """Return the place of the bridge that runs on a node, where there is one."""
        at = self.nodes.index(node)
        return self._places[at] if at < len(self._places) else None

    def plain_nodes(self) -> tuple[NodeName, ...]:
        """Return the nodes without a bridge."""
        return self.nodes[len(self._places) :]

    def acquaint(self, *places: int) -> None:
        """Let these bridges, or all, know every other agent of the cluster as alive."""
        for place in places or self._stage.bridges_of(self.cluster):
            for node in self.nodes:
                if self.bridge_on(node) != place:
                    self._tell(place, MemberJoined(self._identity(node), 1))

    def joined(self, place: int, node: NodeName) -> None:
        """Let a bridge learn of the new process on a node."""
        self._tell(place, MemberJoined(self._identity(node), 1))
        self._tell(place, NodeAnswered(node))

    def died(self, place: int, *nodes: NodeName) -> None:
        """Let a bridge find the agents of nodes dead."""
        for node in nodes:
            self._tell(place, MemberDied(self._identity(node).member, 1, ()))

    def silent(self, place: int, *nodes: NodeName) -> None:
        """Let a bridge find nodes dead: their agents, where that is news, and the nodes."""
        for node in nodes:
            self.died(place, node)
            self._tell(place, NodeSilent(node))

    def answered(self, place: int, *nodes: NodeName) -> None:
        """Let a bridge hear nodes again that it had found dead."""
        for node in nodes:
            self._tell(place, MemberReturned(self._identity(node).member, 2))
            self._tell(place, NodeAnswered(node))

    def halves(self, percent: int) -> tuple[list[NodeName], list[NodeName]]:
        """Return the nodes of two halves, `percent` of them in the first, bridges in both.

        The first has all bridges but the last.
        """
        first, second = (
            list(self.nodes[: len(self._places) - 1]),
            [self.nodes[len(self._places) - 1]],
        )
        wanted = len(self.nodes) * percent // 100
        rest = self.plain_nodes()
        cut = max(0, wanted - len(first))
        return first + list(rest[:cut]), second + list(rest[cut:])

    def places_on(self, nodes: Iterable[NodeName]) -> list[int]:
        """Return the places of the bridges that run on these nodes."""
        found = map(self.bridge_on, nodes)
        return [place for place in found if place is not None]

    def _identity(self, node: NodeName) -> Identity:
        place, world = self.bridge_on(node), self._stage.world
        if place is not None and world.is_up(place):
            self._members[node] = world.member_id(place)
        elif node not in self._members:
            self._members[node] = world.notary.member_id("lan", self.cluster, node)
        member = self._members[node]
        number = self.nodes.index(node)
        address = Address(f"192.168.{number >> 8}.{number & 255}:7946")
        group = self._stage.origin(self.cluster)
        return Identity(member=member, node=node, start=1, address=address, group=group)

    def _tell(
        self,
        place: int,
        fact: MemberJoined | MemberDied | MemberReturned | NodeSilent | NodeAnswered,
    ) -> None:
        self._stage.tell(place, LanFact(fact))
