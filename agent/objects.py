"""Kubernetes objects as they are: documents, their kinds, and how one is named.

A document is what YAML or JSON gives: mappings, sequences, texts, numbers, booleans and None. Rule
1: nobody alters a document that somebody else may hold; who wants another makes another. Rule 2: a
field that an object does not have, or has as something that it is not, reads as nothing: whoever
needs it says so by name (`agent.sources`), and nobody falls over it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

Document: TypeAlias = Mapping[str, object]

ISTHMUS_GROUP = "isthmus.dev"
MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "isthmus"
"""The label that an object of ours bears, and its value; the field manager has the same name."""


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """A kind of object, whatever the version it is served in."""

    group: str
    """Empty for the core group."""
    name: str
    plural: str
    versions: tuple[str, ...]
    """Those that this program reads, the one it prefers first."""
    is_namespaced: bool = True

    def api_version(self, version: str) -> str:
        """Return `group/version`, or the version alone for the core group."""
        return f"{self.group}/{version}" if self.group else version

    def __str__(self) -> str:
        return f"{self.name}.{self.group}" if self.group else self.name


SERVICE = Kind("", "Service", "services", ("v1",))
ENDPOINTS = Kind("", "Endpoints", "endpoints", ("v1",))
POD = Kind("", "Pod", "pods", ("v1",))
SECRET = Kind("", "Secret", "secrets", ("v1",))
EVENT = Kind("", "Event", "events", ("v1",))
NODE = Kind("", "Node", "nodes", ("v1",), is_namespaced=False)
NAMESPACE = Kind("", "Namespace", "namespaces", ("v1",), is_namespaced=False)
ENDPOINT_SLICE = Kind("discovery.k8s.io", "EndpointSlice", "endpointslices", ("v1",))
LEASE = Kind("coordination.k8s.io", "Lease", "leases", ("v1",))
CRD = Kind(
    "apiextensions.k8s.io",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    ("v1",),
    is_namespaced=False,
)
SERVICE_EXPORT = Kind(
    "multicluster.x-k8s.io", "ServiceExport", "serviceexports", ("v1beta1", "v1alpha1")
)
TRUSTED_CLUSTER = Kind(
    ISTHMUS_GROUP, "TrustedCluster", "trustedclusters", ("v1alpha1",), is_namespaced=False
)
TRUSTED_FLEET = Kind(
    ISTHMUS_GROUP, "TrustedFleet", "trustedfleets", ("v1alpha1",), is_namespaced=False
)
TRAFFIC_POLICY = Kind(ISTHMUS_GROUP, "TrafficPolicy", "trafficpolicies", ("v1alpha1",))
DRAIN = Kind(ISTHMUS_GROUP, "Drain", "drains", ("v1alpha1",), is_namespaced=False)
"""`spec: {service: NAMESPACE/NAME (absent: the whole cluster), rampSeconds, reason}`."""
FREEZE = Kind(ISTHMUS_GROUP, "Freeze", "freezes", ("v1alpha1",), is_namespaced=False)
"""While one is there nothing is written to the mesh: `spec: {reason}`."""
DEPARTURE = Kind(ISTHMUS_GROUP, "Departure", "departures", ("v1alpha1",), is_namespaced=False)
"""While one is there the cluster has left for good: `spec: {reason}`."""
MESH_CONFIG = Kind(
    "config.openservicemesh.io", "MeshConfig", "meshconfigs", ("v1alpha2", "v1alpha1")
)
MULTI_CLUSTER_SERVICE = Kind(
    "config.openservicemesh.io",
    "MultiClusterService",
    "multiclusterservices",
    ("v1alpha2", "v1alpha1"),
)
TRAFFIC_SPLIT = Kind("split.smi-spec.io", "TrafficSplit", "trafficsplits", ("v1alpha2",))
TRAFFIC_TARGET = Kind("access.smi-spec.io", "TrafficTarget", "traffictargets", ("v1alpha3",))

BUILT_IN = (*(SERVICE, ENDPOINTS, POD, SECRET, EVENT, NODE, NAMESPACE, ENDPOINT_SLICE, LEASE, CRD),)
"""What every API server serves."""

OURS = (TRUSTED_CLUSTER, TRUSTED_FLEET, TRAFFIC_POLICY, DRAIN, FREEZE, DEPARTURE)
"""What a store of this program's own serves besides; a cluster has them by CRDs."""

KINDS = (
    *BUILT_IN,
    *OURS,
    SERVICE_EXPORT,
    MESH_CONFIG,
    MULTI_CLUSTER_SERVICE,
    TRAFFIC_SPLIT,
    TRAFFIC_TARGET,
)
"""All that this program knows."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """Which object: two documents with equal keys are states of one object."""

    kind: Kind
    namespace: str
    """Empty where the kind is not namespaced."""
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind.name} {where}{self.name}"


def kind_of(document: Document) -> tuple[Kind, str] | None:
    """Return the kind and version of a document; None where this program knows no such kind."""
    api_version, name = text_at(document, "apiVersion"), text_at(document, "kind")
    group, _, version = api_version.rpartition("/")
    for kind in KINDS:
        if (kind.group, kind.name) == (group, name):
            return kind, version
    return None


def key_of(kind: Kind, document: Document) -> ObjectKey:
    """Return which object of `kind` a document is a state of; the namespace defaults to default."""
    namespace = (text_at(document, "metadata", "namespace") or "default") * kind.is_namespaced
    return ObjectKey(kind, namespace, text_at(document, "metadata", "name"))


def at(document: object, *path: str | int) -> object:
    """Return the value at a path of keys and indices, None where there is none."""
    for step in path:
        if isinstance(step, str) and isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(step, int) and is_list(document) and -len(document) <= step < len(document):
            document = document[step]
        else:
            return None
    return document


def text_at(document: object, *path: str | int) -> str:
    """Return the text at a path, empty where there is none or it is something else."""
    value = at(document, *path)
    return value if isinstance(value, str) else ""


def integer_at(document: object, *path: str | int) -> int | None:
    """Return the whole number at a path, None where there is none or it is something else."""
    value = at(document, *path)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def list_at(document: object, *path: str | int) -> Sequence[object]:
    """Return the sequence at a path, empty where there is none or it is something else."""
    value = at(document, *path)
    return value if is_list(value) else ()


def map_at(document: object, *path: str | int) -> Document:
    """Return the mapping at a path, empty where there is none or it is something else."""
    value = at(document, *path)
    return value if isinstance(value, Mapping) else {}


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    """Tell whether a value is a sequence of a document, which no text is."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def is_ours(document: Document) -> bool:
    """Tell whether a document bears our label, and so is ours to change and delete."""
    return at(document, "metadata", "labels", MANAGED_BY) == MANAGER


def resource_version(document: Document) -> str:
    """Return the version of a state of an object; empty for one that no store has seen."""
    return text_at(document, "metadata", "resourceVersion")
