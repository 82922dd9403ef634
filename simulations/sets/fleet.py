"""Fleets for simulations: clusters, and how much there is of everything in each.

How to use it:

    plan = fleet(11, ClusterPlan(number=0, nodes=1_000, services=1, endpoints=5_000))
    exports = Exports(plan.clusters[0], generator(seed, "exports", 0))    # sets.exports

Services have the same names in all clusters. A cluster's name is that of its group in a world whose
members fall into clusters.
"""

from dataclasses import dataclass, replace
from random import Random

from discovery.names import Origin, ServiceName
from failure_detect.clock import SECOND, Duration
from simulations.randomness import exponential

CLUSTERS_MAX = 512
ADDRESSES = 1 << 15
"""Addresses of one cluster's pods: 512 clusters share 10.0.0.0/8."""

NODES_MAX = ADDRESSES >> 3
ENDPOINTS_OF_CLUSTER_MAX = ADDRESSES * 3 // 4
"""So that there is always room for new pods beside the old."""

REGIONS = ("eu-west-1", "us-east-1", "ap-south-1", "eu-north-1", "us-west-2", "sa-east-1")

_NAMESPACES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPlan:
    """One cluster, and how much there is of everything in it."""

    number: int
    region: str = REGIONS[0]
    network: str = "network-0"
    gateways: int = 0
    """East-west gateways, for traffic from other networks."""
    nodes: int = 100
    bridges: int = 3
    services: int = 1
    endpoints: int = 50
    """Endpoints of each service."""

    def __post_init__(self) -> None:
        if not 0 <= self.number < CLUSTERS_MAX:
            raise ValueError(f"clusters are numbered from 0 to {CLUSTERS_MAX - 1}")
        if not 1 <= self.bridges <= self.nodes <= NODES_MAX:
            raise ValueError(f"a cluster has a node for each bridge, and {NODES_MAX} at most")
        if not 0 <= self.services * self.endpoints <= ENDPOINTS_OF_CLUSTER_MAX:
            raise ValueError(f"a cluster has at most {ENDPOINTS_OF_CLUSTER_MAX} endpoints")

    @property
    def name(self) -> Origin:
        """The cluster's name, which is that of its group in a world."""
        return Origin(f"cluster-{self.number}")

    @property
    def uid(self) -> str:
        """The UID of its kube-system namespace."""
        return f"{self.number:08x}-1c7e-4a52-9d0b-5f6e7a8b9c0d"


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """All clusters of a fleet."""

    clusters: tuple[ClusterPlan, ...]

    @property
    def bridges(self) -> int:
        """How many bridges there are in all: the members of the `wan` pool."""
        return sum(cluster.bridges for cluster in self.clusters)

    @property
    def nodes(self) -> int:
        """How many nodes there are in all."""
        return sum(cluster.nodes for cluster in self.clusters)


def fleet(count: int, cluster: ClusterPlan | None = None, *, networks: int = 1) -> FleetPlan:
    """Return a fleet of `count` clusters that are as large as `cluster`, in regions by turns.

    With several networks they lie in those by turns, with two gateways each.
    """
    pattern = ClusterPlan(number=0) if cluster is None else cluster
    return FleetPlan(
        tuple(
            replace(
                pattern,
                number=number,
                region=REGIONS[number % len(REGIONS)],
                network=f"network-{number % networks}",
                gateways=2 if networks > 1 else pattern.gateways,
            )
            for number in range(count)
        )
    )


def size_fault(
    *, nodes: int, services: int, endpoints: int, clusters: int = 1, bridges: int = 1
) -> str | None:
    """Say in words of the options why there can be no such fleet; None where there can."""
    if clusters > CLUSTERS_MAX:
        return f"--clusters {clusters}: there are {CLUSTERS_MAX} at most"
    if nodes > NODES_MAX:
        return f"--nodes {nodes}: a cluster has {NODES_MAX} at most"
    if bridges > nodes:
        return f"--bridges {bridges}: each has a node, and there are {nodes}"
    if services * endpoints > ENDPOINTS_OF_CLUSTER_MAX:
        what = f"{services} x {endpoints}, of a cluster's {ENDPOINTS_OF_CLUSTER_MAX} at most"
        return f"--services x --endpoints: {what}"
    return None


def service_of(number: int) -> ServiceName:
    """Return the name of a service, the same in every cluster."""
    return ServiceName(f"team-{number % _NAMESPACES}", f"service-{number}")


def instants(rng: Random, per_s: float, lasting: Duration) -> list[Duration]:
    """Return when things happen that come at a rate, independently (us, rising, below `lasting`).

    `per_s` is how many there are in a second on average, above 0.
    """
    found: list[Duration] = []
    at = 0.0
    while (at := at + exponential(rng.getrandbits(64)) * SECOND / per_s) < lasting:
        found.append(int(at))
    return found
