"""A cluster with OSM v1.1 for tests: its objects in a mirror, and a driver with its view."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from agent.drivers.osm_multicluster import OsmMulticluster
from agent.drivers.plan import Condition, DriverSettings, Plan, Reason
from agent.mirror import Mirror
from agent.objects import (
    ENDPOINTS,
    MESH_CONFIG,
    MULTI_CLUSTER_SERVICE,
    NAMESPACE,
    POD,
    SERVICE,
    Document,
    Kind,
    ObjectKey,
    key_of,
    list_at,
    text_at,
)
from agent.writes import Apply
from discovery.names import Origin, ServiceName
from discovery.records import ExportRecord
from tests.discovery.view_world import SHOP, A, B, C, World, cluster, endpoints, export, exported

ACCOUNT = "checkout-sa"
MESH = cluster(mesh_root="f00d", trust_domain="cluster.local", network="n")


def key_for(account: str = ACCOUNT, namespace: str = "shop") -> ObjectKey:
    """The object of an account."""
    return ObjectKey(MULTI_CLUSTER_SERVICE, namespace, f"isthmus-{account}")


def head(account: str = ACCOUNT, **fields: object) -> ExportRecord:
    """An export that names its ServiceAccount."""
    return replace(export(), service_account=account, **fields)  # type: ignore[arg-type]  # fields by name, for brevity in tests


class OldOsm:
    """Cluster `a`, with OSM in multicluster mode."""

    def __init__(self, version: str = "v1alpha2") -> None:
        """Have one monitored namespace, `shop`, and nothing in it."""
        self.world = World()
        self.world.put(A, {b"cluster": MESH})
        self.mirror = Mirror()
        served = [(kind, "v1") for kind in (SERVICE, ENDPOINTS, POD, NAMESPACE)]
        osm = [(MULTI_CLUSTER_SERVICE, version), (MESH_CONFIG, version)]
        self.mirror.serve([*served, *osm])
        for kind, _ in [*served, *osm]:
            self.mirror.replace(kind, [])
        self.monitor("shop")
        self.driver = OsmMulticluster(DriverSettings(own=A))

    # --- objects -------------------------------------------------------------------------

    def put(self, kind: Kind, name: str, namespace: str = "shop", **fields: object) -> None:
        """Put an object into the mirror."""
        metadata = {"name": name, **dict(_map(fields.pop("metadata", {})))}
        if kind.is_namespaced:
            metadata["namespace"] = namespace
        document = {"apiVersion": "v1", "kind": kind.name, "metadata": metadata, **fields}
        self.mirror.put(key_of(kind, document), document)

    def monitor(self, namespace: str, mesh: str = "osm") -> None:
        """Label a namespace."""
        labels = {"openservicemesh.io/monitored-by": mesh}
        self.put(NAMESPACE, namespace, metadata={"labels": labels})

    def service(
        self,
        name: str = SHOP.name,
        *,
        ports: Sequence[tuple[str, int]] = (("http", 80),),
        spec: Mapping[str, object] | None = None,
    ) -> None:
        """Put a Service that selects the Pods labelled with its name; `spec` overrides fields."""
        listed = [{"name": each, "port": number, "protocol": "TCP"} for each, number in ports]
        self.put(SERVICE, name, spec={"selector": {"app": name}, "ports": listed, **(spec or {})})

    def pods(
        self, count: int, *, app: str = SHOP.name, account: str = ACCOUNT, ready: bool = True
    ) -> None:
        """Put Pods, and the Endpoints that Kubernetes makes of them; replaces earlier ones."""
        for key, _ in list(self.mirror.of(POD, "shop")):
            if key.name.startswith(f"{app}-"):
                self.mirror.remove(key)
        for number in range(count):
            self.put(
                POD,
                f"{app}-{number}",
                metadata={"labels": {"app": app}},
                spec={"serviceAccountName": account, "nodeName": "n1"},
                status={"phase": "Running", "podIP": f"10.0.0.{number + 1}"},
            )
        addresses = [{"ip": f"10.0.0.{number + 1}"} for number in range(count)]
        where = "addresses" if ready else "notReadyAddresses"
        subsets = [{where: addresses, "ports": [{"name": "http", "port": 8080}]}] if count else []
        self.put(ENDPOINTS, app, subsets=subsets)

    # --- the view ------------------------------------------------------------------------

    def remote(
        self, origin: Origin, *addresses: str, service: ServiceName = SHOP, **fields: object
    ) -> None:
        """Let another cluster export a service at these addresses."""
        records = exported(service, endpoints(*addresses), head=head(**fields))  # type: ignore[arg-type]  # fields by name, for brevity
        self.world.put(origin, {b"cluster": MESH, **records})

    def own(self, count: int) -> None:
        """Export the service from here, with so many endpoints."""
        addresses = [f"10.0.0.{number + 1}" for number in range(count)]
        self.world.put(A, exported(SHOP, endpoints(*addresses), head=head()))

    # --- plans ---------------------------------------------------------------------------

    def plan(self, touched: Collection[ServiceName] | None = None) -> Plan:
        """Plan."""
        return self.driver.plan(self.world.view, self.mirror, touched)

    def apply(self, plan: Plan | None = None) -> Plan:
        """Plan, do it, and return the plan."""
        plan = plan or self.plan()
        for step in plan.writes:
            if isinstance(step, Apply):
                self.mirror.put(step.key, step.document)
            else:
                self.mirror.remove(step.key)
        return plan

    def object(self, account: str = ACCOUNT) -> Document | None:
        """The object of an account."""
        return self.mirror.get(key_for(account))

    def levels(self, account: str = ACCOUNT) -> dict[int, list[str]]:
        """The addresses that it lists, by priority; 0: beside the local ones."""
        found: dict[int, list[str]] = {}
        for entry in list_at(self.object(account), "spec", "clusters"):
            level = entry["priority"] if isinstance(entry, Mapping) else None
            assert isinstance(level, int)
            found.setdefault(level, []).append(text_at(entry, "address").partition(":")[0])
        return found

    def reasons(self, name: ServiceName = SHOP) -> list[Reason]:
        """Why a service is not served as the view has it."""
        return [each.reason for each in self.conditions(name)]

    def conditions(self, name: ServiceName = SHOP) -> tuple[Condition, ...]:
        """All that is said of a service."""
        return self.plan().conditions[name]


def typical() -> OldOsm:
    """Checkout here with two pods, exported, and in b and c with two each."""
    osm = OldOsm()
    osm.service()
    osm.pods(2)
    osm.own(2)
    osm.remote(B, "10.1.0.1", "10.1.0.2")
    osm.remote(C, "10.2.0.1", "10.2.0.2")
    return osm


def active_active(osm: OldOsm, **weights: int) -> None:
    """Let all clusters serve at once; without weights, by capacity."""
    policy = {
        "apiVersion": "isthmus.dev/v1alpha1",
        "kind": "TrafficPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"mode": "ActiveActive", **({"weights": weights} if weights else {})},
    }
    osm.world.view.set_local_policies([policy])


def _map(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value
