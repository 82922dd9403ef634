"""Kubernetes objects as people write them, in few words, and a mirror of them."""

from collections.abc import Iterable, Mapping

from agent.mirror import Mirror
from agent.objects import (
    CRD,
    DEPARTURE,
    DRAIN,
    ENDPOINT_SLICE,
    ENDPOINTS,
    EVENT,
    KINDS,
    LEASE,
    MANAGED_BY,
    MANAGER,
    NAMESPACE,
    NODE,
    POD,
    SERVICE,
    SERVICE_EXPORT,
    Document,
    Kind,
    ObjectKey,
    key_of,
)

OURS = {MANAGED_BY: MANAGER}
SOURCES = tuple(kind for kind in KINDS if kind not in (CRD, EVENT, LEASE))
CREATED = "2026-11-01T00:00:10Z"
CREATED_S = 1_793_491_210


def written(kind: Kind, name: str, **fields: object) -> Document:
    """An object of `kind`; `namespace`, `labels`, `annotations` and so on go into its metadata."""
    metadata: dict[str, object] = {"name": name}
    if kind.is_namespaced:
        metadata["namespace"] = fields.pop("namespace", "shop")
    names = ("labels", "annotations", "creationTimestamp", "deletionTimestamp", "generation", "uid")
    metadata |= {each: fields.pop(each) for each in names if each in fields}
    head = {"apiVersion": kind.api_version(kind.versions[0]), "kind": kind.name}
    return {**head, "metadata": metadata, **fields}


def service(
    name: str = "web", *, spec: Mapping[str, object] | None = None, **f: object
) -> Document:
    """A Service with the port http 80, and what `spec` says besides."""
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    return written(SERVICE, name, spec={"ports": ports, **(spec or {})}, **f)


def export(name: str = "web", **fields: object) -> Document:
    """A ServiceExport."""
    return written(SERVICE_EXPORT, name, **{"creationTimestamp": CREATED, **fields})


def endpoint(address: object, **fields: object) -> Document:
    """An endpoint of a slice."""
    return {"addresses": [address], **fields}


def sliced(name: str, endpoints: Iterable[object], of: str = "web", **fields: object) -> Document:
    """An EndpointSlice of the service `of`, on http 8080 unless `ports` says otherwise."""
    labels: dict[str, object] = {"kubernetes.io/service-name": of}
    found = fields.pop("labels", {})
    labels |= found if isinstance(found, dict) else {}
    ports = fields.pop("ports", [{"name": "http", "port": 8080}])
    return written(
        ENDPOINT_SLICE,
        name,
        labels=labels,
        **{"addressType": "IPv4", "ports": ports, "endpoints": list(endpoints), **fields},
    )


def node(name: str, zone: str = "", **fields: object) -> Document:
    """A Node, in a zone where one is given."""
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    return written(NODE, name, labels=labels, **fields)


def pod(name: str, account: str = "", **fields: object) -> Document:
    """A Pod that runs as a ServiceAccount."""
    spec = {"serviceAccountName": account} if account else {}
    return written(POD, name, spec=spec, **fields)


def is_pod(name: str) -> dict[str, object]:
    """The part of an endpoint that names its Pod."""
    return {"targetRef": {"kind": "Pod", "name": name, "namespace": "shop"}}


def endpoints_object(name: str, *subsets: object, **fields: object) -> Document:
    """An Endpoints object."""
    return written(ENDPOINTS, name, subsets=list(subsets), **fields)


def namespace(name: str = "shop", **fields: object) -> Document:
    """A Namespace."""
    return written(NAMESPACE, name, **fields)


def drain(name: str = "d", **spec: object) -> Document:
    """A Drain."""
    return written(DRAIN, name, creationTimestamp=CREATED, spec=spec)


def departure(name: str = "bye") -> Document:
    """A Departure."""
    return written(DEPARTURE, name, spec={})


def kind_named(name: str) -> Kind:
    """The kind of this name."""
    return next(kind for kind in KINDS if kind.name == name)


def key(document: Document) -> ObjectKey:
    """The key of a document of a known kind."""
    return key_of(kind_named(str(document["kind"])), document)


def mirror_of(*documents: Document, kinds: Iterable[Kind] = SOURCES) -> Mirror:
    """A mirror in which all `kinds` are served and listed, with these objects."""
    mirror = Mirror()
    kinds = tuple(kinds)
    mirror.serve([(kind, kind.versions[0]) for kind in kinds])
    for kind in kinds:
        mirror.replace(kind, [each for each in documents if each["kind"] == kind.name])
    return mirror


WEB = ObjectKey(SERVICE, "shop", "web")
WEB_EXPORT = ObjectKey(SERVICE_EXPORT, "shop", "web")
