"""The objects of OSM v1.2 that are written, as values, as documents, and read back from documents.

Every Endpoints object that is written has one subset, with all ports of its Service: of several
subsets OSM honours one number per port name, and one that has a single port is taken for all ports.
Two documents are the same here when what is written is: what the API server adds is not compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agent.drivers.plan import metadata
from agent.objects import (
    ENDPOINTS,
    ISTHMUS_GROUP,
    SERVICE,
    TRAFFIC_SPLIT,
    Document,
    ObjectKey,
    at,
    integer_at,
    list_at,
    map_at,
    text_at,
)
from discovery.names import Origin, ServiceName

ROLE_ANNOTATION = f"{ISTHMUS_GROUP}/role"
ORIGINS_ANNOTATION = f"{ISTHMUS_GROUP}/origins"
"""The clusters whose endpoints an object lists, by name, with commas between."""
PORTS_ANNOTATION = f"{ISTHMUS_GROUP}/service-ports"
"""On Endpoints: the Service's ports when they were written. A Service that changes pushes nothing
(1f), and a write that changes nothing does not either: this makes the Endpoints change with it."""
PODS_LABEL = f"{ISTHMUS_GROUP}/pods-of"
"""The label by which a Service of ours selects Pods of ours, and nobody else's."""

SERVED, LEAF, ALIAS = "service", "leaf", "alias"

HTTP_PROTOCOLS = frozenset({"http", "grpc"})
_NAME_PROTOCOLS = ("http", "grpc", "tcp-server-first", "tcp")


class Port(NamedTuple):
    """A TCP port of a Service."""

    number: int
    name: str
    protocol: str
    """As OSM understands it: http, grpc, tcp, ..."""


class Listed(NamedTuple):
    """What one Endpoints object lists: a single subset."""

    addresses: tuple[str, ...]
    ports: tuple[tuple[str, int], ...]
    """Name and number, in the order of the Service's ports."""
    is_ready: bool = True


class Backend(NamedTuple):
    """One leaf of a split."""

    service: str
    weight: int
    """Above 0, always: a leaf that gets nothing is not named (2f, 2g)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """A Service of ours and what is behind it."""

    name: ServiceName
    owner: str
    role: str
    ports: tuple[Port, ...]
    listed: Listed
    origins: tuple[Origin, ...]
    pods: tuple["PodSpec", ...] = ()
    """Pods that the Service selects; none: it has no selector."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSpec:
    """A Pod that never runs: it lends the mesh a ServiceAccount, and perhaps an address."""

    name: ServiceName
    owner: str
    selected_by: str
    """The Service's name."""
    account: str
    address: str = ""
    """Empty: an identity Pod, which has none."""
    image: str


def protocol_of(app_protocol: str, port_name: str) -> str:
    """Return what OSM takes a port for: its appProtocol, else by its name, else http."""
    if app_protocol:
        return app_protocol
    prefixes = (each for each in _NAME_PROTOCOLS if port_name.startswith(f"{each}-"))
    return next(prefixes, "http")


def is_tcp(ports: Sequence[Port]) -> bool:
    """Tell whether the rules of TCP hold for a service: one port that is not HTTP is enough."""
    return any(port.protocol not in HTTP_PROTOCOLS for port in ports)


def service_key(name: ServiceName) -> ObjectKey:
    """Return which object the Service `name` is."""
    return ObjectKey(SERVICE, name.namespace, name.name)


def endpoints_key(name: ServiceName) -> ObjectKey:
    """Return which object the Endpoints of the Service `name` are."""
    return ObjectKey(ENDPOINTS, name.namespace, name.name)


def split_key(name: ServiceName) -> ObjectKey:
    """Return which object the TrafficSplit `name` is."""
    return ObjectKey(TRAFFIC_SPLIT, name.namespace, name.name)


# --- documents ---------------------------------------------------------------------------


def service_document(backing: Backing) -> Document:
    """Return the Service of a backing."""
    spec: dict[str, object] = {
        "type": "ClusterIP",
        "ports": [
            {
                "name": port.name,
                "port": port.number,
                "targetPort": number,
                "protocol": "TCP",
                "appProtocol": port.protocol,
            }
            for port, (_, number) in zip(backing.ports, backing.listed.ports, strict=True)
        ],
    }
    if backing.pods:
        spec["selector"] = {PODS_LABEL: backing.name.name}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(backing.name, backing.owner, {ROLE_ANNOTATION: backing.role}),
        "spec": spec,
    }


def endpoints_document(
    backing: Backing, listed: Listed | None = None, ports: str | None = None
) -> Document:
    """Return the Endpoints of a backing; `listed` and `ports` where they are to differ from it."""
    listed = listed or backing.listed
    where = "addresses" if listed.is_ready else "notReadyAddresses"
    subset: dict[str, object] = {
        where: [{"ip": address} for address in listed.addresses],
        "ports": [
            {"name": name, "port": number, "protocol": "TCP"} for name, number in listed.ports
        ],
    }
    notes = {
        ROLE_ANNOTATION: backing.role,
        ORIGINS_ANNOTATION: ",".join(backing.origins),
        PORTS_ANNOTATION: shown_ports(backing.ports) if ports is None else ports,
    }
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": _metadata(backing.name, backing.owner, notes),
        "subsets": [subset],
    }


def split_document(
    service: ServiceName, name: ServiceName, backends: Sequence[Backend]
) -> Document:
    """Return the TrafficSplit that sends what `service` gets to its leaves."""
    return {
        "apiVersion": "split.smi-spec.io/v1alpha2",
        "kind": "TrafficSplit",
        "metadata": _metadata(name, service.name, {}),
        "spec": {
            "service": service.name,
            "backends": [{"service": each.service, "weight": each.weight} for each in backends],
        },
    }


def _metadata(name: ServiceName, owner: str, notes: Mapping[str, str]) -> dict[str, object]:
    return metadata(name, owner, **notes)


def shown_ports(ports: Sequence[Port]) -> str:
    """Return ports as the annotation has them: `80/http/http-api`, with commas between."""
    return ",".join(f"{port.number}/{port.protocol}/{port.name}" for port in ports)


# --- what a document says ----------------------------------------------------------------


def is_written(current: Document | None, wanted: Document) -> bool:
    """Tell whether an object has all that would be written, and nothing that would be removed."""
    if current is None:
        return False
    own = ("labels", "annotations")
    noted = all(
        map_at(wanted, "metadata", each).items() <= map_at(current, "metadata", each).items()
        for each in own
    )
    kind = text_at(wanted, "kind")
    return noted and _essence(kind, current) == _essence(kind, wanted)


def _essence(kind: str, document: Document) -> object:
    match kind:
        case "Service":
            ports = [service_port(each) for each in list_at(document, "spec", "ports")]
            kept = ("publishNotReadyAddresses",)
            flags = tuple(at(document, "spec", each) is True for each in kept)
            return ports, dict(map_at(document, "spec", "selector")), flags
        case "Endpoints":
            return subsets_of(document)
        case "TrafficSplit":
            return apex_of(document), backends_of(document)
        case _:
            return text_at(document, "spec", "serviceAccountName")


def service_port(port: object) -> tuple[object, ...]:
    """Return what counts of a port of a Service; targetPort defaults to port, protocol to TCP."""
    number = integer_at(port, "port")
    return (
        text_at(port, "name"),
        number,
        at(port, "targetPort") or number,
        text_at(port, "protocol") or "TCP",
        text_at(port, "appProtocol"),
    )


def subsets_of(document: Document | None) -> tuple[Listed, ...]:
    """Return what Endpoints list, in order; a subset with addresses of both sorts counts twice."""
    found: list[Listed] = []
    for subset in list_at(document, "subsets"):
        ports = tuple(
            (text_at(port, "name"), integer_at(port, "port") or 0)
            for port in list_at(subset, "ports")
            if (text_at(port, "protocol") or "TCP") == "TCP"
        )
        for field, is_ready in (("addresses", True), ("notReadyAddresses", False)):
            addresses = [text_at(each, "ip") for each in list_at(subset, field)]
            if addresses:
                found.append(Listed(tuple(sorted(addresses)), ports, is_ready))
    return tuple(found)


def apex_of(document: Document) -> str:
    """Return the name of the service that a TrafficSplit splits, without its domain."""
    return text_at(document, "spec", "service").partition(".")[0]


def backends_of(document: Document | None) -> tuple[Backend, ...]:
    """Return the leaves of a TrafficSplit; a weight that is no whole number counts as 0."""
    return tuple(
        Backend(text_at(each, "service"), integer_at(each, "weight") or 0)
        for each in list_at(document, "spec", "backends")
    )


def role_of(document: Document) -> str:
    """Return what an object of ours is: `SERVED`, `LEAF` or `ALIAS`."""
    return text_at(document, "metadata", "annotations", ROLE_ANNOTATION)
