"""A cluster `a` with OSM v1.2 for the tests of its driver: a view, objects, the laws of both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from agent.drivers.osm_endpoints import OsmEndpoints
from agent.drivers.osm_objects import HTTP_PROTOCOLS, Listed, backends_of, protocol_of, subsets_of
from agent.drivers.plan import DriverSettings, Plan, Reason, Step, owner_of
from agent.mirror import Mirror
from agent.objects import (
    ENDPOINTS,
    MESH_CONFIG,
    NAMESPACE,
    POD,
    SERVICE,
    TRAFFIC_SPLIT,
    Document,
    Kind,
    ObjectKey,
    at,
    integer_at,
    list_at,
    text_at,
)
from agent.writes import Apply, ApplyStatus
from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.keys import CLUSTER_KEY, endpoints_key, export_key
from discovery.names import Origin, ServiceName
from discovery.records import ServicePort
from tests.discovery.test_policy import policy_object
from tests.discovery.view_world import A, World, cluster, export, exported

STORE = ServiceName("app", "store")
HTTP = ServicePort("http-api", 14_001, "TCP", "http")
ADMIN = ServicePort("http-admin", 9_090, "TCP", "http")
REDIS = ServicePort("tcp-redis", 6_379, "TCP", "tcp")
SERVED = (SERVICE, ENDPOINTS, NAMESPACE, POD)


def key(kind: Kind, name: str, namespace: str = "app") -> ObjectKey:
    return ObjectKey(kind, namespace, name)


def record_of(addresses: tuple[str, ...], *ports: tuple[str, int], ready: bool = True) -> bytes:
    """A record of endpoints that listen on these named ports."""
    listened = tuple(EndpointPort(name, number) for name, number in ports)
    return encode_endpoints(
        EndpointRecord(listened, tuple(Endpoint(each, ready=ready) for each in addresses))
    )


@dataclass
class Cluster:
    """The world that a driver plans in, with a store that is its mirror."""

    settings: DriverSettings = field(default_factory=lambda: DriverSettings(own=A))
    world: World = field(default_factory=World)
    mirror: Mirror = field(default_factory=Mirror)
    version: int = 0

    def __post_init__(self) -> None:
        self.mirror.serve(
            [
                *((kind, "v1") for kind in SERVED),
                *((kind, "v1alpha2") for kind in (TRAFFIC_SPLIT, MESH_CONFIG)),
            ]
        )
        for kind in (*SERVED, TRAFFIC_SPLIT, MESH_CONFIG):
            self.mirror.replace(kind, [])
        self.namespace("app")
        for origin in "abc":
            self.says(origin, mesh_root="5eed")

    # --- what others do ------------------------------------------------------------------

    def says(self, origin: str, **fields: object) -> None:
        """Let a cluster say this of itself."""
        self.world.put(Origin(origin), {CLUSTER_KEY: cluster(**fields)})

    def withdraws(self, origin: str, service: ServiceName = STORE) -> None:
        """Let a cluster export a service no more."""
        gone = [export_key(service), endpoints_key(service, 0)]
        self.world.put(Origin(origin), {}, delete=gone)

    def namespace(self, name: str, mesh: str = "osm") -> None:
        labels = {"openservicemesh.io/monitored-by": mesh}
        self.put(ObjectKey(NAMESPACE, "", name), {"metadata": {"name": name, "labels": labels}})

    def put(self, what: ObjectKey, document: Document) -> None:
        """Write an object as somebody else."""
        self.version += 1
        own = dict(at_map(document, "metadata"))
        own.update(name=what.name, namespace=what.namespace, resourceVersion=str(self.version))
        self.mirror.put(what, {**document, "metadata": own})

    def exports(
        self,
        origin: str,
        *addresses: str,
        number: int = 14_001,
        ports: tuple[ServicePort, ...] = (HTTP,),
        service: ServiceName = STORE,
        account: str = "",
    ) -> None:
        """Let a cluster export a service, all of whose endpoints listen on one number per port."""
        listened = [
            (each.name, number if at_ == 0 else each.port) for at_, each in enumerate(ports)
        ]
        record = record_of(addresses, *listened)
        head = replace(export(*ports), service_account=account)
        self.world.put(Origin(origin), exported(service, record, head=head))

    def policy(self, **spec: object) -> None:
        """Let the cluster have one TrafficPolicy for the service."""
        self.world.view.set_local_policies([policy_object(spec, namespace="app")])

    def weights(self, **weights: int) -> None:
        """Let a policy give the clusters these weights."""
        self.policy(mode="ActiveActive", weights=weights)

    def local(
        self,
        *ready: str,
        stuck: tuple[str, ...] = (),
        ports: tuple[ServicePort, ...] = (HTTP,),
        selector: Mapping[str, str] | None = None,
        spec: Mapping[str, object] | None = None,
    ) -> None:
        """Let the user have the Service `store`, and Kubernetes its Endpoints."""
        shown = [
            {"name": p.name, "port": p.port, "targetPort": p.port, "appProtocol": p.app_protocol}
            for p in ports
        ]
        chosen = {"app": "store"} if selector is None else dict(selector)
        self.put(
            key(SERVICE, "store"), {"spec": {"ports": shown, "selector": chosen, **(spec or {})}}
        )
        subset: dict[str, object] = {"ports": [{"name": p.name, "port": p.port} for p in ports]}
        if ready:
            subset["addresses"] = [{"ip": each} for each in ready]
        if stuck:
            subset["notReadyAddresses"] = [{"ip": each} for each in stuck]
        self.put(key(ENDPOINTS, "store"), {"subsets": [subset] if ready or stuck else []})

    # --- what the driver does ------------------------------------------------------------

    @property
    def driver(self) -> OsmEndpoints:
        return OsmEndpoints(self.settings)

    def plan(self, *touched: ServiceName) -> Plan:
        return self.driver.plan(self.world.view, self.mirror, touched or None)

    def do(self, step: Step) -> None:
        """Do one write, as a store that never fails but for a version that is not the one."""
        current = self.mirror.get(step.key)
        if isinstance(step, ApplyStatus):
            assert current is not None
            self.put(step.key, {**current, "status": step.status})
            return
        shown = text_at(current, "metadata", "resourceVersion")
        assert step.if_version in (None, shown), step
        if isinstance(step, Apply):
            status = {} if current is None else {"status": at(current, "status")}
            self.put(step.key, {**status, **step.document})
        else:
            self.mirror.remove(step.key)

    def settle(self) -> list[Step]:
        """Plan and write until there is nothing to write; return all writes."""
        done: list[Step] = []
        for _ in range(4):
            writes = self.plan().writes
            if not writes:
                return done
            for step in writes:
                self.do(step)
            done += writes
        raise AssertionError("it never has enough")

    def reasons(self, service: ServiceName = STORE) -> set[Reason]:
        return {each.reason for each in self.plan().conditions[service]}

    # --- what is there -------------------------------------------------------------------

    def listed(self, name: str) -> list[Listed]:
        return list(subsets_of(self.mirror.get(key(ENDPOINTS, name))))

    def backends(self) -> dict[str, int]:
        split = self.mirror.get(key(TRAFFIC_SPLIT, "store-mc"))
        return {each.service: each.weight for each in backends_of(split)}

    def ours(self) -> list[str]:
        return [
            f"{what.kind.name} {what.name}"
            for kind in (SERVICE, ENDPOINTS, TRAFFIC_SPLIT, POD)
            for what, document in self.mirror.of(kind)
            if owner_of(what, document)
        ]


def failed_over() -> Cluster:
    """The service is here and in `b`, and no pod is left here."""
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    here.exports("b", "10.1.0.1")
    here.settle()
    here.local()
    here.exports("a")
    here.settle()
    return here


def at_map(document: Document, name: str) -> Mapping[str, object]:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}


def shown(writes: tuple[Step, ...] | list[Step]) -> list[str]:
    """Writes in short: `apply Service store`."""
    return [
        f"{type(each).__name__.lower()} {each.key.kind.name} {each.key.name}" for each in writes
    ]


# --- laws --------------------------------------------------------------------------------


def broken_laws(mirror: Mirror) -> Iterator[str]:
    """Give what Envoy would refuse, or is served by nobody, of the objects of ours in a mirror."""
    for what, document in mirror.of(TRAFFIC_SPLIT):
        if owner_of(what, document):
            yield from _split_laws(mirror, what, document)
    for what, document in mirror.of(ENDPOINTS):
        if owner_of(what, document):
            yield from _endpoints_laws(mirror, what, document)


def _split_laws(mirror: Mirror, what: ObjectKey, split: Document) -> Iterator[str]:
    backends = backends_of(split)
    if not backends or any(each.weight < 1 for each in backends):
        yield f"{what}: a weight of 0, or no leaf: {backends}"
    apex = mirror.get(key(SERVICE, text_at(split, "spec", "service")))
    if apex is None:
        return
    ports = list_at(apex, "spec", "ports")
    is_tcp = any(
        protocol_of(text_at(p, "appProtocol"), text_at(p, "name")) not in HTTP_PROTOCOLS
        for p in ports
    )
    for port in ports:
        number = integer_at(port, "port") or 0
        states = [_leaf_state(mirror, each.service, number) for each in backends]
        kept = [state for state in states if state is not None]
        if not kept:
            yield f"{what}: no leaf is left on port {number} (2f)"
        if any(kept) and not all(kept):
            yield f"{what}: a leaf on port {number} has a share and nobody behind it (2e)"
        if is_tcp and len(kept) > 1:
            yield f"{what}: {len(kept)} leaves of a TCP service (2g)"


def _leaf_state(mirror: Mirror, leaf: str, number: int) -> bool | None:
    """None: dropped (2d, 2h). Else whether anybody is behind it."""
    ports = list_at(mirror.get(key(SERVICE, leaf)), "spec", "ports")
    names = [text_at(each, "name") for each in ports if integer_at(each, "port") == number]
    subsets = subsets_of(mirror.get(key(ENDPOINTS, leaf)))
    numbers = [each for s in subsets for name, each in s.ports if name in names]
    if not numbers:
        return None
    return any(s.is_ready and any(n == numbers[0] for _, n in s.ports) for s in subsets)


def _endpoints_laws(mirror: Mirror, what: ObjectKey, document: Document) -> Iterator[str]:
    subsets = subsets_of(document)
    if len(subsets) != 1:
        yield f"{what}: {len(subsets)} subsets, of which OSM would take one number (1i, 3b)"
        return
    service = mirror.get(key(SERVICE, what.name))
    names = {text_at(each, "name") for each in list_at(service, "spec", "ports")}
    if not names <= {name for name, _ in subsets[0].ports}:
        yield f"{what}: lacks a port of its Service (3d)"
    if any(":" in address for address in subsets[0].addresses):
        yield f"{what}: has an IPv6 address (6c)"


def is_answered(mirror: Mirror, number: int = HTTP.port) -> bool:
    """Tell whether a request to `store` meets a ready address, whichever way it goes."""
    ports = list_at(mirror.get(key(SERVICE, "store")), "spec", "ports")
    if number not in [integer_at(each, "port") for each in ports]:
        return False
    split = mirror.get(key(TRAFFIC_SPLIT, "store-mc"))
    leaves = [each.service for each in backends_of(split)] or ["store"]
    states = [_leaf_state(mirror, each, number) for each in leaves]
    return any(states) and all(state is not False for state in states)
