"""A small world of whole agents: a few clusters, each with an API server, on one clock.

Everything is the product's own but what a process does with sockets, files and time: the machines,
the keys and signatures, the objects, the driver. Laws that hold at every moment are checked as the
world goes on: one process at most in each cluster holds the lease, and no MultiClusterService lists
nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from random import Random

from agent.core.events import StopRequested
from agent.credentials import KeyRing
from agent.credentials import Place as AgentPlace
from agent.demo import layout, objects
from agent.demo.plan import ClusterPlan, NodePlan, plan
from agent.drivers.plan import Step
from agent.key_files import ClusterKey
from agent.objects import (
    MULTI_CLUSTER_SERVICE,
    SERVICE_EXPORT,
    Document,
    list_at,
)
from agent.process.placing import PROTOCOL_VERSIONS
from agent.settings_file import Machines, Settings, adapter, preset
from agent.stores.memory_shelf import MemoryShelf
from agent.writes import Apply, Delete
from discovery.bridge_config import BridgeConfig
from discovery.names import Origin, ServiceName
from discovery.publisher_config import PublisherConfig
from discovery.signing import SigningKey
from failure_detect.clock import MILLISECOND, SECOND, Instant
from failure_detect.identity import Address, NodeName
from tests.agent.core.town_agenda import Agenda
from tests.agent.core.town_api import ApiServer
from tests.agent.core.town_network import Network
from tests.agent.core.town_process import Disk, Lot, Process

NAMES = ("east", "west", "south")
EXPORTERS = ("east", "west")
WEB = ServiceName(objects.NAMESPACE, objects.SERVICE)

STEP = 50 * MILLISECOND
"""How often `until` looks."""

TURNS_MAX = 1_000
"""How often machines may be due at one and the same instant."""


@dataclass
class Site:
    """Where one agent runs: a node, a disk, and the process that is there now."""

    name: str
    node: NodePlan
    lot: Lot
    disk: Disk = field(default_factory=Disk)
    process: Process | None = None
    node_lives: bool = True


@dataclass
class Cluster:
    """One cluster: its API server, its key, its sites."""

    plan: ClusterPlan
    api: ApiServer
    ring: KeyRing
    sites: list[Site] = field(default_factory=list)


def ring_of(cluster: str, generation: int = 1) -> KeyRing:
    """The key of a cluster, with all earlier ones."""
    keys = [_signing_key(cluster, each) for each in range(1, generation + 1)]
    previous = tuple((each, keys[each - 1].public) for each in range(generation - 1, 0, -1))
    return KeyRing(ClusterKey(Origin(cluster), generation, keys[-1], previous))


def _signing_key(cluster: str, generation: int) -> SigningKey:
    return SigningKey.from_seed(
        blake2b(f"{cluster}#{generation}".encode(), digest_size=32).digest()
    )


class Ground:
    """Clusters, sites and time. Sites have the names of their nodes: `east-1`."""

    def __init__(
        self,
        *,
        agents: int = 2,
        seed: int = 1,
        names: tuple[str, ...] = NAMES,
        settings: Document | None = None,
    ) -> None:
        """Make clusters of so many agents, none of which runs; `settings` are as in the file."""
        self.agenda = Agenda()
        self.rng = Random(seed)
        self.network = Network(self.agenda, Random(seed + 1))
        self.plan = plan(Path("town"), names, nodes=agents)
        self.ended: set[str] = set()
        """Processes that ended."""
        self.is_end_known = True
        """Whether an end is known to who asks, as on one machine."""
        self.settings = settings or {}
        self.clusters = {each.name: self._founded(each) for each in self.plan.clusters}
        self.sites = {
            site.name: site for cluster in self.clusters.values() for site in cluster.sites
        }
        self._turned_at, self._turns = -1, 0
        self.writes: list[tuple[Instant, str, Step]] = []
        """What drivers wrote: when, from which site, and what."""

    # --- how it is founded --------------------------------------------------------------------

    def _founded(self, planned: ClusterPlan) -> Cluster:
        shelf = MemoryShelf(self.agenda.wall_ms, Random(self.rng.getrandbits(64)))
        cluster = Cluster(planned, ApiServer(self.agenda, shelf), ring_of(planned.name))
        cluster.api.put(
            *objects.namespaces(f"uid-of-{planned.name}"),
            *map(objects.node, planned.nodes),
            *objects.mesh(),
        )
        cluster.api.put(objects.definition(SERVICE_EXPORT))
        for other in self.plan.others(planned.name):
            cluster.api.put(layout.trust_of(ring_of(other).key))
        if planned.name in EXPORTERS:
            pods = [(node, pod) for node in planned.nodes for pod in node.pods()]
            cluster.api.put(objects.service(18_080), objects.service_export())
            cluster.api.put(*(objects.pod(*each) for each in pods))
            cluster.api.put(objects.endpoint_slice(planned, pods))
        cluster.sites += [self._site(cluster, node) for node in planned.nodes]
        return cluster

    def _site(self, cluster: Cluster, node: NodePlan, name: str = "") -> Site:
        document = {**layout.settings_of(node, self.plan), **self.settings}
        config = adapter().validate_python(document, context={"folder": Path()})
        machines = Machines(
            preset("loopback", "lan"), preset("loopback", "wan"), PublisherConfig(), BridgeConfig()
        )
        place = AgentPlace(
            cluster=Origin(node.cluster),
            node=NodeName(node.name),
            lan=Address(str(node.agent)),
            wan=Address(str(node.relay)),
            node_address=Address(str(node.kubelet)),
            versions=PROTOCOL_VERSIONS,
        )
        settings = Settings(Path(f"{node.name}.yaml"), config, NodeName(node.name), machines)
        lot = Lot(settings, cluster.ring, place, f"uid-of-{node.cluster}", name or node.name)
        return Site(name or node.name, node, lot)

    def double(self, of: str) -> str:
        """Found one more site, whose agent claims the node of another; return its name."""
        site, cluster = self.sites[of], self.clusters[self.sites[of].node.cluster]
        elsewhere = replace(site.node, number=site.node.number + 50)
        twin = self._site(cluster, elsewhere, f"{of}-twin")
        twin.lot = replace(twin.lot, place=replace(twin.lot.place, node=NodeName(site.node.name)))
        cluster.sites.append(twin)
        self.sites[twin.name] = twin
        return twin.name

    # --- what happens to agents -----------------------------------------------------------------

    def start(self, *names: str) -> None:
        """Start the agents of these sites; of all, where none is named."""
        for name in names or tuple(self.sites):
            site = self.sites[name]
            assert site.process is None or not site.process.runs
            site.node_lives = True
            dice = Random(self.rng.getrandbits(64))
            site.process = Process(self, site.lot, site.disk, dice)

    def crash(self, *names: str) -> None:
        """Kill agents; their nodes live on."""
        for name in names:
            process = self.process(name)
            process.kill()
            self.ended.add(process.charter.holder)

    def crash_node(self, name: str) -> None:
        """Kill a node, with its agent."""
        self.sites[name].node_lives = False
        self.crash(name)

    def stop(self, name: str) -> None:
        """Ask an agent to stop."""
        self.process(name).give(StopRequested())

    def use_keys(self, cluster: str, generation: int) -> None:
        """Let all agents of a cluster find another key in their files."""
        home = self.clusters[cluster]
        home.ring = ring_of(cluster, generation)
        for site in home.sites:
            site.lot = replace(site.lot, ring=home.ring)
            if site.process is not None and site.process.runs:
                site.process.use(home.ring)

    # --- what happens to links ------------------------------------------------------------------

    def cut_off(self, cluster: str) -> None:
        """Cut a cluster off from all others, both ways."""
        for other in self.plan.others(cluster):
            self.network.cut(cluster, other)
            self.network.cut(other, cluster)

    # --- what happens to objects ----------------------------------------------------------------

    def serve(self, cluster: str, *addresses: str) -> None:
        """Let the service of a cluster have these endpoints, all on its first node."""
        home = self.clusters[cluster]
        node = home.plan.nodes[0]
        places = [replace(node.pods(1)[0], host=each) for each in addresses]
        home.api.put(objects.endpoint_slice(home.plan, [(node, each) for each in places]))

    def unexport(self, cluster: str) -> None:
        """Export the service no more."""
        self.clusters[cluster].api.delete(SERVICE_EXPORT, WEB.name, WEB.namespace)

    # --- time -----------------------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        """Let time pass."""
        until = self.agenda.now + int(seconds * SECOND)
        while self._go(until):
            pass
        self.agenda.now = until

    def _go(self, until: Instant) -> bool:
        """Do the next thing that is due by then, if anything is."""
        running = list(self.processes())
        first = min(running, key=lambda each: each.deadline, default=None)
        due = self.agenda.next_at if first is None else min(self.agenda.next_at, first.deadline)
        if due > until:
            return False
        if first is None or self.agenda.next_at <= first.deadline:
            self.agenda.take()
        else:
            self.agenda.now = max(self.agenda.now, first.deadline)
            self._turns = 0 if self.agenda.now > self._turned_at else self._turns + 1
            self._turned_at = self.agenda.now
            assert self._turns < TURNS_MAX, f"{first.place} does what is due"
            first.advance()
        return True

    def until(self, holds: Callable[[], bool], within: float) -> float:
        """Let time pass until something holds; return how long that took (s)."""
        began = self.agenda.now
        while not holds():
            took = (self.agenda.now - began) / SECOND
            assert took < within, f"not within {within} s"
            self.run(STEP / SECOND)
            self.check()
        return (self.agenda.now - began) / SECOND

    # --- what is true at every moment -----------------------------------------------------------

    def check(self) -> None:
        """Assert the laws of the world."""
        for name, cluster in self.clusters.items():
            holders = [each.place for each in self.processes(name) if self.holds(each)]
            assert len(holders) <= 1, f"{holders} hold the lease of {name}"
            for document in cluster.api.services():
                assert list_at(document, "spec", "clusters"), "a MultiClusterService lists nobody"

    def check_invariants(self) -> None:
        """Assert what the machines promise of themselves."""
        for process in self.processes():
            process.agent.check_invariants()

    def holds(self, process: Process) -> bool:
        """Whether a process holds the lease of its cluster, as it believes itself."""
        head = process.agent.head
        return head is not None and head.lease.holds(self.agenda.now)

    # --- what processes ask ---------------------------------------------------------------------

    def api(self, cluster: str) -> ApiServer:
        return self.clusters[cluster].api

    def answers(self, process: Process, host: str) -> bool:
        for site in self.sites.values():
            hosts = {site.node.host, *(each.host for each in site.node.pods())}
            if host in hosts:
                passes = self.network.passes(process, site.name, site.node.cluster)
                return site.node_lives and passes
        return True  # Somebody's; whoever it is refuses.

    def has_ended(self, holder: str) -> bool:
        return self.is_end_known and holder in self.ended

    def wrote(self, process: Process, step: Step) -> None:
        self.writes.append((self.agenda.now, process.place, step))
        if step.key.kind == MULTI_CLUSTER_SERVICE and isinstance(step, Delete):
            assert not self.usable(process), f"{process.place} takes what it could use"
        if step.key.kind == MULTI_CLUSTER_SERVICE and isinstance(step, Apply):
            assert list_at(step.document, "spec", "clusters")

    # --- who is there ---------------------------------------------------------------------------

    def process(self, site: str) -> Process:
        """The process at a site, which runs or ran there last."""
        process = self.sites[site].process
        assert process is not None
        return process

    def processes(self, cluster: str = "") -> Iterator[Process]:
        """All processes that run, or those of a cluster."""
        for site in self.sites.values():
            process = site.process
            if process is not None and process.runs and cluster in ("", process.cluster):
                yield process

    def usable(self, process: Process) -> list[str]:
        """The addresses of other clusters that a bridge would have its mesh use."""
        head = process.agent.head
        view = None if head is None else head.bridge.view.service(WEB)
        if view is None:
            return []
        return sorted(
            endpoint.address
            for tier in view.tiers
            for target in tier.targets
            if target.origin != process.cluster
            for endpoint in view.endpoints(target)
        )
