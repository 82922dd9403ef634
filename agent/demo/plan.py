"""Where everything of a demonstration is: clusters, nodes, hosts, ports and folders.

All of it is on loopback: cluster c (from 0) has the network 127.0.(10 + c).0. Node n (from 1) is
host n of it, and has the pods 10 n + 1 and so on; its relay, which other clusters know it by, is
host 100 + n. Each agent has the same ports on its own host, so a second demonstration beside the
first takes other ports.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.demo.relays import Place
from agent.objects import Document

NAMES = ("east", "west", "south")
NODES = 2
PODS = 2
"""Of the service, on each node of a cluster that exports it."""

LOOPBACK: Document = {"preset": "loopback"}

CLUSTERS_MAX, NODES_MAX, PODS_MAX = 100, 8, 8


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports that every host of a demonstration uses."""

    agent: int = 17_946
    http: int = 17_980
    node: int = 17_250
    """The kubelet's, in a real cluster: where the node itself answers."""
    service: int = 18_080


@dataclass(frozen=True, slots=True)
class NodePlan:
    """One node: a host, an agent on it, and pods."""

    cluster: str
    number: int
    """From 1."""
    network: int
    """The third octet of its cluster's addresses."""
    ports: Ports
    folder: Path
    """Of the cluster."""

    @property
    def name(self) -> str:
        """The node's name."""
        return f"{self.cluster}-{self.number}"

    @property
    def host(self) -> str:
        """The node's own address."""
        return f"127.0.{self.network}.{self.number}"

    @property
    def agent(self) -> Place:
        """Where its agent listens."""
        return Place(self.host, self.ports.agent)

    @property
    def http(self) -> Place:
        """Where its agent's local API is."""
        return Place(self.host, self.ports.http)

    @property
    def relay(self) -> Place:
        """Where other clusters find its agent."""
        return Place(f"127.0.{self.network}.{100 + self.number}", self.ports.agent)

    @property
    def kubelet(self) -> Place:
        """Where the node answers, whether its agent lives or not."""
        return Place(self.host, self.ports.node)

    def pods(self, count: int = PODS) -> list[Place]:
        """Return where the pods of the service listen."""
        first = 10 * self.number + 1
        return [
            Place(f"127.0.{self.network}.{first + pod}", self.ports.service) for pod in range(count)
        ]

    @property
    def config(self) -> Path:
        """The settings of its agent."""
        return self.folder / f"{self.name}.yaml"

    @property
    def state(self) -> Path:
        """The folder of its agent's last good state."""
        return self.folder / "state" / self.name

    @property
    def log(self) -> Path:
        """Where its agent logs."""
        return self.folder / f"{self.name}.log"


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """One cluster."""

    name: str
    folder: Path
    nodes: tuple[NodePlan, ...]

    @property
    def objects(self) -> Path:
        """The directory that is its API server."""
        return self.folder / "objects"

    @property
    def key(self) -> Path:
        """Its private key."""
        return self.folder / "cluster.key"


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole demonstration."""

    clusters: tuple[ClusterPlan, ...]
    detector: Document
    """What the settings of all agents say of the failure detector."""

    @property
    def nodes(self) -> Iterator[NodePlan]:
        """All nodes, cluster by cluster."""
        return (node for cluster in self.clusters for node in cluster.nodes)

    def cluster(self, name: str) -> ClusterPlan:
        """Return the cluster with this name."""
        return next(each for each in self.clusters if each.name == name)

    def others(self, name: str) -> list[str]:
        """Return the names of all other clusters."""
        return [each.name for each in self.clusters if each.name != name]

    def by_host(self) -> dict[str, str]:
        """Return which cluster each host of an agent belongs to."""
        return {node.host: node.cluster for node in self.nodes}


def plan(
    folder: Path,
    names: tuple[str, ...] = NAMES,
    *,
    nodes: int = NODES,
    ports: Ports | None = None,
    network: int = 10,
    detector: Document = LOOPBACK,
) -> Plan:
    """Return where everything is, below `folder`; `network` is the first cluster's third octet.

    `detector` is what the settings of all agents say of the failure detector.
    """
    assert 0 < len(names) <= CLUSTERS_MAX
    assert 0 < nodes <= NODES_MAX
    clusters = []
    for number, name in enumerate(names):
        home = folder / name
        planned = tuple(
            NodePlan(name, each, network + number, ports or Ports(), home)
            for each in range(1, nodes + 1)
        )
        clusters.append(ClusterPlan(name, home, planned))
    return Plan(tuple(clusters), detector)
