"""The objects of one cluster as its controllers see them: read once, found by what they are for.

Two states of an object that differ in nothing but what the API server keeps for itself are one: a
write that changes nothing is no event.
"""

from collections.abc import Iterator, Mapping

from agent.objects import (
    ENDPOINTS,
    MULTI_CLUSTER_SERVICE,
    NAMESPACE,
    POD,
    SERVICE,
    TRAFFIC_SPLIT,
    TRAFFIC_TARGET,
    Document,
    Kind,
    ObjectKey,
    text_at,
)
from discovery.names import ServiceName
from simulations.mesh_objects import (
    Identity,
    MultiClusterSpec,
    PodSpec,
    ServiceSpec,
    SplitSpec,
    Subset,
    TargetSpec,
    multi_cluster_of,
    pod_of,
    service_of,
    split_of,
    subsets_of,
    target_of,
)

MONITORED_BY = "openservicemesh.io/monitored-by"
_SERVERS_OWN = frozenset({"resourceVersion", "managedFields", "generation", "uid"})


class Registry:
    """What there is. A document that was given is never altered."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._documents: dict[ObjectKey, Document] = {}
        self._services: dict[ServiceName, ServiceSpec] = {}
        self._endpoints: dict[ServiceName, tuple[Subset, ...]] = {}
        self._pods: dict[str, dict[str, PodSpec]] = {}
        self._splits: dict[ObjectKey, SplitSpec] = {}
        self._targets: dict[ObjectKey, TargetSpec] = {}
        self._multi: dict[ObjectKey, MultiClusterSpec] = {}
        self._monitors: dict[str, str] = {}

    # --- changes -------------------------------------------------------------------------

    def put(self, key: ObjectKey, document: Document) -> bool:
        """Take a state of an object; tell whether it differs from what was there."""
        before = self._documents.get(key)
        if before is not None and meaning_of(before) == meaning_of(document):
            return False
        self._documents[key] = document
        self._read(key, document)
        return True

    def remove(self, key: ObjectKey) -> bool:
        """Forget an object; tell whether it was there."""
        if self._documents.pop(key, None) is None:
            return False
        name = ServiceName(key.namespace, key.name)
        self._services.pop(name, None) if key.kind == SERVICE else None
        self._endpoints.pop(name, None) if key.kind == ENDPOINTS else None
        self._monitors.pop(key.name, None) if key.kind == NAMESPACE else None
        self._pods.get(key.namespace, {}).pop(key.name, None) if key.kind == POD else None
        for table in (self._splits, self._targets, self._multi):
            table.pop(key, None)
        return True

    def _read(self, key: ObjectKey, document: Document) -> None:
        name = ServiceName(key.namespace, key.name)
        if key.kind == SERVICE:
            self._services[name] = service_of(document)
        elif key.kind == ENDPOINTS:
            self._endpoints[name] = subsets_of(document)
        elif key.kind == POD:
            self._pods.setdefault(key.namespace, {})[key.name] = pod_of(document)
        elif key.kind == NAMESPACE:
            self._monitors[key.name] = text_at(document, "metadata", "labels", MONITORED_BY)
        elif key.kind == TRAFFIC_SPLIT:
            self._splits[key] = split_of(document)
        elif key.kind == TRAFFIC_TARGET:
            self._targets[key] = target_of(document)
        elif key.kind == MULTI_CLUSTER_SERVICE:
            self._multi[key] = multi_cluster_of(document)

    # --- what there is -------------------------------------------------------------------

    def document(self, key: ObjectKey) -> Document | None:
        """Return an object as it was given, None where there is none."""
        return self._documents.get(key)

    def documents(self) -> Mapping[ObjectKey, Document]:
        """Return all objects. Not to be kept: it changes with the registry."""
        return self._documents

    def service(self, name: ServiceName) -> ServiceSpec | None:
        """Return a Service, None where there is none."""
        return self._services.get(name)

    def services(self, namespace: str | None = None) -> Iterator[ServiceSpec]:
        """Give the Services, by name: all of them, or those of one namespace."""
        for name in sorted(self._services):
            if namespace is None or name.namespace == namespace:
                yield self._services[name]

    def subsets(self, name: ServiceName) -> tuple[Subset, ...] | None:
        """Return what the Endpoints of a Service have, None where there are none."""
        return self._endpoints.get(name)

    def endpoints(self) -> list[ServiceName]:
        """Return whose Endpoints there are, by name."""
        return sorted(self._endpoints)

    def pods(self, namespace: str) -> Iterator[PodSpec]:
        """Give the Pods of a namespace, by name."""
        pods = self._pods.get(namespace, {})
        for name in sorted(pods):
            yield pods[name]

    def pod(self, key: ObjectKey) -> PodSpec | None:
        """Return a Pod, None where there is none."""
        return self._pods.get(key.namespace, {}).get(key.name)

    def pods_of(self, identity: Identity) -> list[PodSpec]:
        """Return the Pods that run under a ServiceAccount, by name."""
        return [pod for pod in self.pods(identity.namespace) if pod.account == identity.account]

    def selected(self, service: ServiceSpec) -> list[PodSpec]:
        """Return the Pods that a Service selects, by name, in whatever state they are."""
        if not service.selector:
            return []
        return [pod for pod in self.pods(service.name.namespace) if service.selects(pod)]

    def splits_of(self, apex: ServiceName) -> list[SplitSpec]:
        """Return the TrafficSplits of an apex, by name."""
        return [self._splits[key] for key in sorted(self._splits) if self._splits[key].apex == apex]

    def apexes_of(self, backend: ServiceName) -> list[ServiceName]:
        """Return the services whose TrafficSplits name a backend, by name."""
        return sorted(
            {
                split.apex
                for split in self._splits.values()
                if any(service == backend for service, _ in split.backends)
            }
        )

    def split(self, key: ObjectKey) -> SplitSpec | None:
        """Return a TrafficSplit, None where there is none."""
        return self._splits.get(key)

    def targets(self) -> Iterator[TargetSpec]:
        """Give the TrafficTargets, in the order of their names."""
        for key in sorted(self._targets):
            yield self._targets[key]

    def remote_clusters(self, identity: Identity) -> Iterator[MultiClusterSpec]:
        """Give the MultiClusterServices of a ServiceAccount, in the order of their names."""
        for key in sorted(self._multi):
            if self._multi[key].identity == identity:
                yield self._multi[key]

    def is_monitored(self, namespace: str, mesh: str) -> bool:
        """Tell whether a namespace belongs to the mesh of that name."""
        return self._monitors.get(namespace) == mesh

    def keys(self, kind: Kind) -> list[ObjectKey]:
        """Return the objects of a kind, by key."""
        return sorted(key for key in self._documents if key.kind == kind)


def meaning_of(document: Document) -> Document:
    """Return a document without what the API server keeps in it for itself."""
    metadata = document.get("metadata")
    if not isinstance(metadata, Mapping):
        return document
    kept = {key: value for key, value in metadata.items() if key not in _SERVERS_OWN}
    return {**document, "metadata": kept}
