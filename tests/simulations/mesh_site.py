"""A cluster `a` with a mesh, and the clusters `b` and `c` elsewhere: what happens to them.

Whoever serves is what the clusters are like, not what anybody was told: `b` and `c` answer for the
endpoints that are ready there, by the names that their own agents have aliases for.
"""

from collections.abc import Callable, Iterator, Sequence

from agent.objects import SERVICE, Document, ObjectKey, at, is_ours, map_at
from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.keys import CLUSTER_KEY, DRAIN_KEY, endpoints_key, export_key
from discovery.names import Origin, ServiceName
from discovery.records import ExportRecord, Gateway
from discovery.standing import Verdict
from failure_detect.clock import SECOND, Instant
from simulations.mesh import Mesh
from simulations.mesh_events import (
    ControllerManagerStarted,
    KubernetesWrote,
    MeshEffect,
    MeshEvent,
    MeshSettings,
    ObjectChanged,
    ObjectDeleted,
    OsmStarted,
    SidecarConnected,
    Version,
)
from simulations.mesh_laws import Question
from simulations.mesh_objects import subsets_of
from simulations.mesh_resources import Host
from simulations.mesh_traffic import Answer, Call, Outcome
from tests.discovery.view_world import A, World, cluster, drain, exported
from tests.simulations.mesh_referee import Referee
from tests.simulations.mesh_remotes import GATEWAY_PORT, Remote, Serving
from tests.simulations.mesh_world import BOOTSTRAP, BUYER, config, key, namespace


class Site:
    """Objects, a mesh that looks at them, and time. `referee` judges."""

    def __init__(self, version: Version, *written: Document) -> None:
        self.settings = MeshSettings(version=version, assumes_documented_traffic=True)
        self.mesh = Mesh(self.settings)
        self.world = World()
        self.remotes = {Origin("b"): Remote(), Origin("c"): Remote()}
        self.store: dict[ObjectKey, Document] = {}
        self.now: Instant = 0
        self.log: list[str] = []
        self.referee = Referee(self.mesh, self.settings, self)
        self._versions = 0
        self.wiped: set[ServiceName] = set()
        for origin in (A, *self.remotes):
            self.world.put(origin, {CLUSTER_KEY: cluster(mesh_root="5eed")})
        is_old = version is Version.V1_1
        began = (namespace("app"), BOOTSTRAP, config(permissive=True, multi=is_old))
        for each in (*began, *written):
            self.put(key(each), each)
        self._tell(OsmStarted())
        self._tell(SidecarConnected(BUYER))
        self.wait(30 * SECOND)

    # --- the store -----------------------------------------------------------------------

    def put(self, at_key: ObjectKey, document: Document) -> None:
        """Store a state of an object, under a version of its own."""
        self._versions += 1
        metadata = {**map_at(document, "metadata"), "resourceVersion": str(self._versions)}
        stored = {**document, "metadata": metadata}
        self.store[at_key] = stored
        self._tell(ObjectChanged(at_key, stored))

    def drop(self, at_key: ObjectKey) -> None:
        """Delete an object, if it is there."""
        if self.store.pop(at_key, None) is not None:
            self._tell(ObjectDeleted(at_key))

    def _tell(self, event: MeshEvent) -> None:
        self._obey(self.mesh.handle(event, self.now))

    def _obey(self, effects: Sequence[MeshEffect]) -> None:
        for effect in effects:
            if not isinstance(effect, KubernetesWrote):
                continue
            self._note_wiped(effect)
            if effect.document is None:
                self.store.pop(effect.key, None)
            else:
                self._versions += 1
                metadata = map_at(effect.document, "metadata")
                version = {"resourceVersion": str(self._versions)}
                self.store[effect.key] = {**effect.document, "metadata": {**metadata, **version}}

    def _note_wiped(self, written: KubernetesWrote) -> None:
        before = subsets_of(self.store.get(written.key, {}))
        after = subsets_of(written.document or {})
        service = self.store.get(ObjectKey(SERVICE, written.key.namespace, written.key.name), {})
        if is_ours(service) and any(before) and not after:
            self.wiped.add(ServiceName(written.key.namespace, written.key.name))

    # --- what others do ------------------------------------------------------------------

    def happens(self, what: str, *events: Callable[[], None]) -> None:
        """Let something happen that is not ours: side-cars are excused for what it does to them."""
        self.log.append(what)
        for event in events:
            event()
        self.world.view.advance(self.now)
        self.referee.others_did()

    def write(self, *documents: Document) -> None:
        """Somebody else writes."""
        for each in documents:
            self.put(key(each), each)

    def export(self, origin: Origin, service: ServiceName, serving: Serving | None) -> None:
        """Let a cluster export a service like this, or no more."""
        self.world.put(origin, {}, delete=[export_key(service), endpoints_key(service, 0)])
        if origin != A:
            self.remotes[origin].serves.pop(service, None)
        if serving is None:
            return
        if origin != A:
            self.remotes[origin].serves[service] = serving
        ports = tuple(
            EndpointPort(port.name, number, port.protocol)
            for port, number in zip(serving.ports, serving.numbers, strict=True)
        )
        all_endpoints = [
            *(Endpoint(each, ready=True) for each in serving.ready),
            *(Endpoint(each, ready=False) for each in serving.not_ready),
        ]
        records = [encode_endpoints(EndpointRecord(ports, tuple(all_endpoints)))]
        head = ExportRecord(ports=serving.ports, exported_at=1, service_account=service.name)
        self.world.put(origin, exported(service, *records[: len(all_endpoints)], head=head))

    def verdict(self, origin: Origin, verdict: Verdict, *, alive: bool) -> None:
        """Let a cluster be dead or alive, and be held for it."""
        self.remotes[origin].is_alive = alive
        self.world.stands(origin, verdict)

    def behind_gateway(self, origin: Origin, address: str) -> None:
        """Put a cluster into another network, or back into ours."""
        self.remotes[origin].gateway = address
        gateways = (Gateway(address, GATEWAY_PORT),) if address else ()
        network = "elsewhere" if address else ""
        record = cluster(mesh_root="5eed", network=network, gateways=gateways)
        self.world.put(origin, {CLUSTER_KEY: record})

    def drain(self, origin: Origin, *, drained: bool) -> None:
        """Let a cluster drain, or end it."""
        if drained:
            self.world.put(origin, {DRAIN_KEY: drain()}, now=self.now)
        else:
            self.world.put(origin, {}, delete=[DRAIN_KEY], now=self.now)

    def restart_kubernetes(self) -> None:
        """Have the controller-manager look at everything."""
        self._tell(ControllerManagerStarted())

    def restart_osm(self) -> None:
        """Have OSM's controller start again."""
        self._tell(OsmStarted())

    def wait(self, duration: int) -> None:
        """Let time pass; at each push what side-cars have is judged."""
        until = self.now + duration
        while self.mesh.deadline <= until:
            self.now = self.mesh.deadline
            self._obey(self.mesh.advance(self.now))
            self.referee.judge_now()
        self.now = until

    # --- who serves ----------------------------------------------------------------------

    def peers(self, call: Call) -> Answer:
        """Answer for the other clusters."""
        answers = any(each.answers(call, origin) for origin, each in self.remotes.items())
        return Answer(Outcome.SERVED if answers else Outcome.HANGS, call.to)

    def questions(self) -> list[Question]:
        """Return what is asked of each service: every port that clients know."""
        return [Question(BUYER, host) for host in sorted(set(self._hosts()))]

    def _hosts(self) -> Iterator[Host]:
        names = {name for remote in self.remotes.values() for name in remote.serves}
        local = {service.name for service in self.mesh.registry.services() if service.selector}
        for name in names | {each for each in local if "-mc" not in each.name}:
            service = self.mesh.registry.service(name)
            if service is not None and not self._is_of_driver(name):
                yield from (Host(name, port.number) for port in service.ports)
                continue
            for remote in self.remotes.values():
                found = remote.serves.get(name)
                yield from (Host(name, port.port) for port in (found.ports if found else ()))

    def _is_of_driver(self, name: ServiceName) -> bool:
        document = self.store.get(ObjectKey(SERVICE, name.namespace, name.name), {})
        return is_ours(document) and not at(document, "spec", "selector")

    def is_served(self, question: Question) -> bool:
        """Tell whether anybody serves a service on a port at this moment."""
        name, port = question.host
        if any(remote.is_served(name, port) for remote in self.remotes.values()):
            return True
        return self._is_served_here(name, port)

    def _is_served_here(self, name: ServiceName, port: int) -> bool:
        service = self.mesh.registry.service(name)
        if service is None or port not in [each.number for each in service.ports]:
            return False
        return any(each.is_ready and each.node for each in self.mesh.registry.selected(service))
