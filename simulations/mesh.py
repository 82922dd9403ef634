"""What Open Service Mesh makes of the objects in a store: a model, measured row by row.

Objects and the time go in; out come what Kubernetes' controllers write, when side-cars are told,
and what they refuse. Then one asks where a request goes. Releases v1.1.4 (multicluster mode) and
v1.2.4; the rows are those of the tests. What nobody has measured the model does not guess: requests
there come out as `unknown`.

`settled` is what a side-car will have if nothing is written from now on, `newcomer` what one has
that connects now, `sidecar` what it has right now.
"""

from collections.abc import Mapping
from fractions import Fraction

from agent.objects import (
    ENDPOINTS,
    MESH_CONFIG,
    MULTI_CLUSTER_SERVICE,
    POD,
    SECRET,
    SERVICE,
    TRAFFIC_SPLIT,
    TRAFFIC_TARGET,
    Document,
    Kind,
    ObjectKey,
    at,
)
from discovery.names import ServiceName
from failure_detect.clock import NEVER, Instant
from simulations.mesh_catalog import Catalog
from simulations.mesh_endpoints import refusal_of, synchronise, touched_by
from simulations.mesh_events import (
    ApiRefused,
    ControllerManagerStarted,
    EnvoyRefused,
    KubernetesWrote,
    MeshEffect,
    MeshEvent,
    MeshSettings,
    ObjectChanged,
    ObjectDeleted,
    OsmDown,
    OsmStarted,
    Pushed,
    SidecarConnected,
    Version,
)
from simulations.mesh_objects import Identity, PodSpec
from simulations.mesh_pieces import Pieces
from simulations.mesh_pods import PodKeeper
from simulations.mesh_push import PushWindow
from simulations.mesh_registry import Registry
from simulations.mesh_resources import Host, Inbound, Piece
from simulations.mesh_server import answer_of
from simulations.mesh_sidecar import Sidecar
from simulations.mesh_traffic import Answer, Call, Peers, nobody, send

MESH_CONFIG_NAME = "osm-mesh-config"
GATEWAY_SECRET = "osm-multicluster-gateway-bootstrap-config"  # noqa: S105  # The name of an object.

TRAFFIC_UNMEASURED = "traffic on v1.1.4 was not measured"


class Mesh:
    """One cluster: its objects, Kubernetes' controllers, OSM's, and the side-cars."""

    def __init__(self, settings: MeshSettings) -> None:
        """Start with no objects; OSM is down until `OsmStarted`."""
        self._settings = settings
        self._registry = Registry()
        self._catalog = Catalog(self._registry, settings)
        self._pieces = Pieces(self._registry, self._catalog)
        self._keeper = PodKeeper(self._registry)
        self._window = PushWindow()
        self._sidecars: dict[Identity, Sidecar] = {}
        self._servers: Mapping[ServiceName, tuple[Inbound, ...]] = {}
        self._down = "OSM was not started yet"
        self._effects: list[MeshEffect] = []

    # --- the machine ---------------------------------------------------------------------

    @property
    def deadline(self) -> Instant:
        """When `advance` is due next."""
        keeper = self._keeper.deadline if self._settings.watches_nodes else NEVER
        return min(self._window.deadline, keeper)

    def advance(self, now: Instant) -> list[MeshEffect]:
        """Do what is due by now, in order."""
        while self.deadline <= now:
            due = self.deadline
            if self._window.deadline <= due:
                self._push()
            for key in self._keeper.expired(due) if self._settings.watches_nodes else ():
                self._wrote(KubernetesWrote(key, None, "its node is gone or silent"), due)
        return self._taken()

    def handle(self, event: MeshEvent, now: Instant) -> list[MeshEffect]:
        """Take in one fact; what was due before it is done first. Never raises."""
        before = self.advance(now)
        match event:
            case ObjectChanged(key, document):
                self._put(key, document, now)
            case ObjectDeleted(key):
                self._remove(key, now)
            case SidecarConnected(identity):
                self._connect(identity)
            case OsmStarted():
                self._start()
            case ControllerManagerStarted():
                self._look_at_all(now)
        return before + self._taken()

    def _taken(self) -> list[MeshEffect]:
        effects, self._effects = self._effects, []
        return effects

    # --- objects -------------------------------------------------------------------------

    def _put(self, key: ObjectKey, document: Document, now: Instant) -> None:
        why = refusal_of(key, document)
        if why:
            self._effects.append(ApiRefused(key, why))
            return
        before = self._registry.pod(key)
        self._pieces.before(key)
        if self._registry.put(key, document):
            self._changed(key, before, now)

    def _remove(self, key: ObjectKey, now: Instant) -> None:
        before = self._registry.pod(key)
        self._pieces.before(key)
        if self._registry.remove(key):
            self._changed(key, before, now)

    def _changed(self, key: ObjectKey, pod_before: PodSpec | None, now: Instant) -> None:
        self._pieces.after(key)
        if self._settings.watches_nodes:
            self._keeper.note(key, now)
        if key == self._config_key:
            self._configure()
        if key.kind in self._told_of and not self._down:
            self._window.note(now)
        self._control(key, pod_before, now)

    @property
    def _told_of(self) -> tuple[Kind, ...]:
        extra = (MULTI_CLUSTER_SERVICE,) if self._catalog.has_multi_cluster else ()
        return (ENDPOINTS, TRAFFIC_SPLIT, TRAFFIC_TARGET, MESH_CONFIG, *extra)

    def _control(self, key: ObjectKey, pod_before: PodSpec | None, now: Instant) -> None:
        """Have the endpoints controller look at what a change tells it of."""
        name = ServiceName(key.namespace, key.name)
        looked_at: list[ServiceName] = []
        if key.kind == SERVICE or (key.kind == ENDPOINTS and self._registry.document(key) is None):
            looked_at = [name]
        elif key.kind == POD:
            names = touched_by(self._registry, pod_before, self._registry.pod(key))
            looked_at = [ServiceName(key.namespace, each) for each in names]
        for each in looked_at:
            self._look_at(each, now)

    def _look_at(self, name: ServiceName, now: Instant) -> None:
        written = synchronise(self._registry, name)
        if written is not None:
            self._wrote(KubernetesWrote(*written), now)

    def _look_at_all(self, now: Instant) -> None:
        names = {each.name for each in self._registry.services()}
        for name in sorted(names.union(self._registry.endpoints())):
            self._look_at(name, now)

    def _wrote(self, written: KubernetesWrote, now: Instant) -> None:
        self._effects.append(written)
        if written.document is None:
            self._remove(written.key, now)
        else:
            self._put(written.key, written.document, now)

    # --- OSM -----------------------------------------------------------------------------

    @property
    def _config_key(self) -> ObjectKey:
        return ObjectKey(MESH_CONFIG, self._settings.mesh_namespace, MESH_CONFIG_NAME)

    def _flag(self, *path: str, default: bool) -> bool:
        document = self._registry.document(self._config_key)
        stated = at(document, "spec", *path)
        return stated if isinstance(stated, bool) else default

    def _configure(self) -> None:
        """Read what the controller reads again and again while it runs."""
        is_new = self._settings.version is Version.V1_2
        permissive = self._flag("traffic", "enablePermissiveTrafficPolicyMode", default=is_new)
        if permissive != self._catalog.is_permissive:
            self._catalog.is_permissive = permissive
            self._pieces.forget()
        if not self._down and self._wants_multi_cluster and not self._catalog.has_multi_cluster:
            self._end("multicluster mode was turned on at run time: the controller panics")

    @property
    def _wants_multi_cluster(self) -> bool:
        stated = self._flag("featureFlags", "enableMulticlusterMode", default=False)
        return stated and self._settings.version is Version.V1_1

    def _start(self) -> None:
        """Read what the controller reads once, and tell every side-car all there is."""
        wanted = self._wants_multi_cluster
        secret = ObjectKey(SECRET, self._settings.mesh_namespace, GATEWAY_SECRET)
        if wanted and self._registry.document(secret) is None:
            self._end(f"multicluster mode is on, and there is no {secret}: the controller exits")
            return
        self._catalog.has_multi_cluster = wanted
        self._pieces.forget()
        self._down = ""
        self._configure()
        for sidecar in self._sidecars.values():
            sidecar.sans.clear()
        self._push()

    def _end(self, why: str) -> None:
        self._down = why
        self._window.clear()
        self._effects.append(OsmDown(why))

    def _push(self) -> None:
        self._window.clear()
        self._effects.append(Pushed())
        self._servers = self._pieces.inbound()
        for sidecar in self._sidecars.values():
            self._effects += sidecar.accept(self._pieces.of(sidecar.identity))

    def _connect(self, identity: Identity) -> None:
        self._sidecars[identity] = Sidecar(identity)
        if not self._down:
            refused = self._sidecars[identity].accept(self._pieces.of(identity))
            self._effects += refused

    # --- what one may ask ----------------------------------------------------------------

    @property
    def is_down(self) -> str:
        """Why OSM's controller does not run; empty where it does."""
        return self._down

    @property
    def registry(self) -> Registry:
        """The objects, to be read."""
        return self._registry

    @property
    def catalog(self) -> Catalog:
        """What OSM makes of the objects, to be read."""
        return self._catalog

    def piece(self, name: ServiceName) -> Piece:
        """Return what side-cars are sent of a service that they may call."""
        return self._pieces.piece(name)

    @property
    def is_quiet(self) -> bool:
        """Whether side-cars have been told all that they will be told."""
        return not self._window.is_open

    def sidecar(self, identity: Identity) -> Sidecar:
        """Return what a connected side-car has right now, to be read."""
        return self._sidecars[identity]

    def settled(self, identity: Identity) -> tuple[Sidecar, list[EnvoyRefused]]:
        """Return what it will have, and refuse, if nothing is written from now on."""
        sidecar = self._sidecars[identity].copy()
        return sidecar, [] if self.is_quiet else sidecar.accept(self._pieces.of(identity))

    def newcomer(self, identity: Identity) -> tuple[Sidecar, list[EnvoyRefused]]:
        """Return what a side-car has that connects now, and what it refuses."""
        sidecar = Sidecar(identity)
        return sidecar, [] if self._down else sidecar.accept(self._pieces.of(identity))

    def send(
        self, client: Identity | Sidecar, service: ServiceName, port: int, peers: Peers = nobody
    ) -> Mapping[Answer, Fraction]:
        """Return what comes of a client's requests to a service, each answer with its share.

        `client`: a connected one as it is now, or a side-car that was asked for. Local Pods answer
        themselves, as they are or will be; `peers` answers for all other addresses.
        """
        servers = self._servers if isinstance(client, Identity) else self._settled_servers()
        sidecar = client if isinstance(client, Sidecar) else self._sidecars[client]
        is_old = self._settings.version is Version.V1_1
        guessed = is_old and not self._settings.assumes_documented_traffic
        unmeasured = TRAFFIC_UNMEASURED if guessed else ""

        def answered(call: Call) -> Answer:
            return self._answer(call, servers) or peers(call)

        host = Host(service, port)
        return send(sidecar, host, self._settings.trust_root, answered, unmeasured)

    def answer(self, call: Call) -> Answer | None:
        """Return what a Pod of this cluster makes of a call; None: the address is nobody's here."""
        return self._answer(call, self._servers)

    def _settled_servers(self) -> Mapping[ServiceName, tuple[Inbound, ...]]:
        return self._servers if self.is_quiet else self._pieces.inbound()

    def _answer(
        self, call: Call, servers: Mapping[ServiceName, tuple[Inbound, ...]]
    ) -> Answer | None:
        pods = [
            pod
            for pod in self._registry.pods(call.host.service.namespace)
            if call.to.address in pod.ips and pod.phase == "Running"
        ]
        return answer_of(call, pods[0], servers, self) if pods else None

    @property
    def trust_root(self) -> str:
        """The root that its side-cars trust."""
        return self._settings.trust_root

    def check_invariants(self) -> None:
        """Assert that what is remembered of services is what would be made of them anew."""
        self._pieces.check_invariants()
        assert not (self._down and self._window.is_open)
