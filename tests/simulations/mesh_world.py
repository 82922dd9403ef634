"""Clusters for the tests of the model: objects in short, and a clock that the test moves."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from agent.objects import (
    ENDPOINTS,
    LEASE,
    MESH_CONFIG,
    MULTI_CLUSTER_SERVICE,
    NAMESPACE,
    NODE,
    POD,
    SECRET,
    SERVICE,
    TRAFFIC_SPLIT,
    TRAFFIC_TARGET,
    Document,
    Kind,
    ObjectKey,
    key_of,
    kind_of,
)
from discovery.names import ServiceName
from failure_detect.clock import SECOND, Instant
from simulations.mesh import Mesh
from simulations.mesh_events import (
    EnvoyRefused,
    KubernetesWrote,
    MeshEffect,
    MeshEvent,
    MeshSettings,
    ObjectChanged,
    ObjectDeleted,
    OsmStarted,
    Pushed,
    SidecarConnected,
    Version,
)
from simulations.mesh_objects import Identity
from simulations.mesh_resources import Destination
from simulations.mesh_sidecar import Sidecar
from simulations.mesh_traffic import Answer, Call, Outcome, Peers

BUYER = Identity("client", "buyer")
STORE = Identity("app", "store")
PORT = 14_001


def name(text: str, namespace: str = "app") -> ServiceName:
    return ServiceName(namespace, text)


def document(kind: Kind, called: str, namespace: str = "app", **fields: object) -> Document:
    metadata: dict[str, object] = {"name": called}
    if kind.is_namespaced:
        metadata["namespace"] = namespace
    metadata["labels"] = fields.pop("labels", {})
    version = fields.pop("version", kind.versions[0])
    api_version = kind.api_version(str(version))
    return {"apiVersion": api_version, "kind": kind.name, "metadata": metadata, **fields}


def port(
    called: str = "http-api", number: int = PORT, to: int | str = 0, speaks: str = "http"
) -> Document:
    return {"name": called, "port": number, "targetPort": to or number, "appProtocol": speaks}


def service(
    called: str,
    *ports: Document,
    selector: Mapping[str, str] | None = None,
    ip: str = "",
) -> Document:
    spec: dict[str, object] = {"ports": list(ports) or [port()]}
    if selector:
        spec["selector"] = dict(selector)
    if ip:
        spec["clusterIP"] = ip
    return document(SERVICE, called, spec=spec)


def subset(
    *ips: str,
    not_ready: Sequence[str] = (),
    ports: Sequence[tuple[str, int]] = (("http-api", PORT),),
    hostnames: Sequence[str] = (),
) -> Document:
    addresses = [{"ip": ip} for ip in ips]
    for address, hostname in zip(addresses, hostnames, strict=False):
        address["hostname"] = hostname
    found: dict[str, object] = {"ports": [{"name": each, "port": number} for each, number in ports]}
    if addresses:
        found["addresses"] = addresses
    if not_ready:
        found["notReadyAddresses"] = [{"ip": ip} for ip in not_ready]
    return found


def endpoints(called: str, *subsets: Document) -> Document:
    return document(ENDPOINTS, called, subsets=list(subsets))


def pod(
    called: str,
    ip: str = "",
    *,
    ready: bool = True,
    node: str = "n1",
    phase: str = "Running",
    account: str = "store",
) -> Document:
    """A Pod of the app `store`."""
    status: dict[str, object] = {
        "phase": phase,
        "conditions": [{"type": "Ready", "status": str(ready)}],
    }
    if ip:
        status |= {"podIP": ip, "podIPs": [{"ip": ip}]}
    spec = {"serviceAccountName": account} | ({"nodeName": node} if node else {})
    return document(POD, called, labels={"app": "store"}, spec=spec, status=status)


def split(called: str, apex: str, **weights: int) -> Document:
    backends = [
        {"service": each.replace("_", "-"), "weight": weight} for each, weight in weights.items()
    ]
    return document(TRAFFIC_SPLIT, called, spec={"service": apex, "backends": backends})


def target(called: str, destination: Identity, *sources: Identity) -> Document:
    return document(
        TRAFFIC_TARGET,
        called,
        destination.namespace,
        spec={
            "destination": _subject(destination),
            "sources": [_subject(each) for each in sources],
        },
    )


def _subject(identity: Identity) -> Document:
    return {"kind": "ServiceAccount", "name": identity.account, "namespace": identity.namespace}


def multi_cluster(
    called: str,
    *clusters: tuple[str, str, int, int],
    account: str = "store",
    namespace: str = "app",
    version: str = "v1alpha2",
) -> Document:
    """Entries are (name, address, weight, priority); a priority of 0 is not stated."""
    entries: list[object] = []
    for each, address, weight, priority in clusters:
        entry: dict[str, object] = {"name": each, "address": address, "weight": weight}
        entries.append(entry | ({"priority": priority} if priority else {}))
    spec = {"serviceAccount": account, "clusters": entries}
    return document(MULTI_CLUSTER_SERVICE, called, namespace, spec=spec, version=version)


def config(*, permissive: bool | None = None, multi: bool | None = None) -> Document:
    spec: dict[str, object] = {}
    if permissive is not None:
        spec["traffic"] = {"enablePermissiveTrafficPolicyMode": permissive}
    if multi is not None:
        spec["featureFlags"] = {"enableMulticlusterMode": multi}
    return document(MESH_CONFIG, "osm-mesh-config", "osm-system", spec=spec)


def namespace(called: str, mesh: str = "osm") -> Document:
    return document(NAMESPACE, called, labels={"openservicemesh.io/monitored-by": mesh})


def node(called: str) -> Document:
    return document(NODE, called)


def lease(called: str, renewed: int) -> Document:
    return document(LEASE, called, "kube-node-lease", spec={"renewTime": str(renewed)})


def secret(called: str) -> Document:
    return document(SECRET, called, "osm-system")


BOOTSTRAP = secret("osm-multicluster-gateway-bootstrap-config")


def key(of: Document) -> ObjectKey:
    found = kind_of(of)
    assert found is not None
    return key_of(found[0], of)


class Cluster:
    """A mesh and its clock. `write` and `delete` happen now; `wait` lets time pass."""

    def __init__(
        self,
        version: Version = Version.V1_2,
        *documents: Document,
        settings: MeshSettings | None = None,
    ) -> None:
        self.mesh = Mesh(settings or MeshSettings(version=version))
        self.now: Instant = 0
        self.effects: list[MeshEffect] = []
        self.pushes: list[Instant] = []
        self.write(namespace("app"), namespace("client"), *documents)
        self.tell(OsmStarted(), SidecarConnected(BUYER))
        self.wait(60 * SECOND)
        self.effects.clear()
        self.pushes.clear()
        self.began = self.now

    def tell(self, *events: MeshEvent) -> None:
        for event in events:
            self._take(self.mesh.handle(event, self.now))

    def _take(self, effects: Sequence[MeshEffect]) -> None:
        self.effects += effects
        self.pushes += [self.now for each in effects if isinstance(each, Pushed)]

    def write(self, *documents: Document) -> None:
        self.tell(*(ObjectChanged(key(each), each) for each in documents))

    def delete(self, *documents: Document) -> None:
        self.tell(*(ObjectDeleted(key(each)) for each in documents))

    def wait(self, duration: int = 15 * SECOND) -> None:
        until = self.now + duration
        while self.mesh.deadline <= until:
            self.now = self.mesh.deadline
            self._take(self.mesh.advance(self.now))
        self.now = until

    # --- what came of it -----------------------------------------------------------------

    @property
    def sidecar(self) -> Sidecar:
        return self.mesh.sidecar(BUYER)

    @property
    def refused(self) -> list[EnvoyRefused]:
        return [each for each in self.effects if isinstance(each, EnvoyRefused)]

    @property
    def written(self) -> list[KubernetesWrote]:
        return [each for each in self.effects if isinstance(each, KubernetesWrote)]

    def addresses(self, cluster: str) -> list[str]:
        found = self.sidecar.localities(cluster)
        assert found is not None
        return [str(to) for locality in found for to in locality.destinations]

    def answers(
        self, called: str, peers: Peers, number: int = PORT, client: Identity | Sidecar = BUYER
    ) -> dict[str, Fraction]:
        """Return the outcomes, each with its share."""
        found: dict[str, Fraction] = {}
        for answer, share in self.mesh.send(client, name(called), number, peers).items():
            found[answer.outcome.value] = found.get(answer.outcome.value, Fraction(0)) + share
        return found


def serving(*addresses: str) -> Peers:
    """Be whoever answers well at these `address:port`, and nobody elsewhere."""

    def peers(call: Call) -> Answer:
        is_there = str(call.to) in addresses
        return Answer(Outcome.SERVED if is_there else Outcome.HANGS, call.to)

    return peers


def through(cluster: Cluster, forwarded: Mapping[str, Destination] | None = None) -> Peers:
    """Be another cluster, whose pods are reached as they are or through forwarders."""
    table = forwarded or {}

    def peers(call: Call) -> Answer:
        to = table.get(str(call.to), call.to)
        arrived = Call(call.client, to, call.sni, call.host, call.root, call.sans, call.is_tcp)
        return cluster.mesh.answer(arrived) or Answer(Outcome.HANGS, call.to)

    return peers
