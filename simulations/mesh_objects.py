"""The objects that Kubernetes and a mesh look at, read out of documents: never raises.

A field that is missing, or is something else than it should be, reads as the default that the API
server gives it, or as nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from agent.objects import Document, at, integer_at, list_at, map_at, text_at
from discovery.names import ServiceName

HTTP, TCP = "http", "tcp"
"""The two ways in which a side-car routes: by Host, or by nothing but the destination."""


class Identity(NamedTuple):
    """A workload as its certificate names it."""

    namespace: str
    account: str

    def __str__(self) -> str:
        """Return `namespace/account`."""
        return f"{self.namespace}/{self.account}"


class PortSpec(NamedTuple):
    """A port of a Service."""

    name: str
    number: int
    target: int | str
    """A number, or the name of a port of the Pods."""
    protocol: str
    """`http`, `tcp`, or something that was not measured."""


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A Service."""

    name: ServiceName
    address: str
    """Its ClusterIP; a name that no other has, where the store gives none; empty: headless."""
    ports: tuple[PortSpec, ...]
    selector: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...]
    publishes_not_ready: bool

    def selects(self, pod: "PodSpec") -> bool:
        """Tell whether a Pod is one of the Service's; one without a selector has none."""
        if not self.selector or pod.namespace != self.name.namespace:
            return False
        return all(pod.labels.get(key) == value for key, value in self.selector)


class Address(NamedTuple):
    """An address in Endpoints."""

    ip: str
    hostname: str


class EndpointsPort(NamedTuple):
    """A port in Endpoints."""

    name: str
    number: int


class Subset(NamedTuple):
    """A subset of Endpoints."""

    ready: tuple[Address, ...]
    not_ready: tuple[Address, ...]
    ports: tuple[EndpointsPort, ...]


@dataclass(frozen=True, slots=True)
class PodSpec:
    """A Pod."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    account: str
    node: str
    ips: tuple[str, ...]
    phase: str
    is_ready: bool
    is_deleting: bool
    ports: tuple[tuple[str, int], ...]
    """The named ports of its containers."""

    @property
    def identity(self) -> Identity:
        """Who it is in the mesh."""
        return Identity(self.namespace, self.account)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and so is nobody's endpoint."""
        return self.phase in {"Succeeded", "Failed"}


@dataclass(frozen=True, slots=True)
class SplitSpec:
    """A TrafficSplit."""

    namespace: str
    name: str
    apex: ServiceName
    backends: tuple[tuple[ServiceName, int], ...]


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """A TrafficTarget: who may call whom."""

    destination: Identity
    sources: tuple[Identity, ...]


class RemoteCluster(NamedTuple):
    """An entry of a MultiClusterService."""

    name: str
    address: str
    """`IPv4:port`, as far as the pattern of the CRD goes."""
    weight: int
    priority: int


@dataclass(frozen=True, slots=True)
class MultiClusterSpec:
    """A MultiClusterService."""

    name: str
    identity: Identity
    clusters: tuple[RemoteCluster, ...]


def texts_at(document: object, *path: str | int) -> dict[str, str]:
    """Return the mapping of texts to texts at a path, without all else that stands there."""
    found = map_at(document, *path)
    return {
        key: value
        for key, value in found.items()
        if isinstance(key, str) and isinstance(value, str)  # type: ignore[redundant-expr]  # YAML has keys of any type.
    }


def name_of(document: Document) -> ServiceName:
    """Return namespace and name of an object as a service has them."""
    metadata = map_at(document, "metadata")
    return ServiceName(text_at(metadata, "namespace") or "default", text_at(metadata, "name"))


def service_of(document: Document) -> ServiceSpec:
    """Read a Service."""
    name = name_of(document)
    address = text_at(document, "spec", "clusterIP")
    return ServiceSpec(
        name,
        "" if address == "None" else address or f"address-of-{name}",
        tuple(_port_of(each) for each in list_at(document, "spec", "ports")),
        tuple(sorted(texts_at(document, "spec", "selector").items())),
        tuple(sorted(texts_at(document, "metadata", "labels").items())),
        at(document, "spec", "publishNotReadyAddresses") is True,
    )


def _port_of(port: object) -> PortSpec:
    name, number = text_at(port, "name"), integer_at(port, "port") or 0
    target = at(port, "targetPort")
    if isinstance(target, bool) or not isinstance(target, int | str) or target in {0, ""}:
        target = number
    return PortSpec(name, number, target, _protocol_of(port, name))


def _protocol_of(port: object, name: str) -> str:
    if (text_at(port, "protocol") or "TCP") != "TCP":
        return text_at(port, "protocol")
    stated = text_at(port, "appProtocol")
    if not stated:
        prefixes = ("tcp-server-first", HTTP, TCP, "grpc")
        stated = next((each for each in prefixes if name.startswith(f"{each}-")), HTTP)
    known = {HTTP: HTTP, "grpc": HTTP, "gRPC": HTTP, TCP: TCP, "tcp-server-first": TCP}
    return known.get(stated, stated)


def subsets_of(document: Document) -> tuple[Subset, ...]:
    """Read Endpoints."""
    return tuple(
        Subset(
            _addresses_of(subset, "addresses"),
            _addresses_of(subset, "notReadyAddresses"),
            tuple(
                EndpointsPort(text_at(port, "name"), integer_at(port, "port") or 0)
                for port in list_at(subset, "ports")
            ),
        )
        for subset in list_at(document, "subsets")
    )


def _addresses_of(subset: object, field: str) -> tuple[Address, ...]:
    return tuple(
        Address(text_at(each, "ip"), text_at(each, "hostname")) for each in list_at(subset, field)
    )


def pod_of(document: Document) -> PodSpec:
    """Read a Pod."""
    name = name_of(document)
    status = map_at(document, "status")
    ips = [text_at(each, "ip") for each in list_at(status, "podIPs")] or [text_at(status, "podIP")]
    return PodSpec(
        name.namespace,
        name.name,
        texts_at(document, "metadata", "labels"),
        text_at(document, "spec", "serviceAccountName") or "default",
        text_at(document, "spec", "nodeName"),
        tuple(ip for ip in ips if ip),
        text_at(status, "phase") or "Pending",
        any(
            text_at(each, "type") == "Ready" and text_at(each, "status") == "True"
            for each in list_at(status, "conditions")
        ),
        bool(text_at(document, "metadata", "deletionTimestamp")),
        _named_ports(document),
    )


def _named_ports(document: Document) -> tuple[tuple[str, int], ...]:
    return tuple(
        (text_at(port, "name"), integer_at(port, "containerPort") or 0)
        for container in list_at(document, "spec", "containers")
        for port in list_at(container, "ports")
        if text_at(port, "name")
    )


def split_of(document: Document) -> SplitSpec:
    """Read a TrafficSplit; its backends are of its own namespace, whatever they say."""
    name = name_of(document)
    apex = text_at(document, "spec", "service").partition(".")[0]
    return SplitSpec(
        name.namespace,
        name.name,
        ServiceName(name.namespace, apex),
        tuple(
            (
                ServiceName(name.namespace, text_at(each, "service")),
                integer_at(each, "weight") or 0,
            )
            for each in list_at(document, "spec", "backends")
        ),
    )


def target_of(document: Document) -> TargetSpec:
    """Read a TrafficTarget."""
    return TargetSpec(
        _identity_of(at(document, "spec", "destination")),
        tuple(_identity_of(each) for each in list_at(document, "spec", "sources")),
    )


def _identity_of(document: object) -> Identity:
    return Identity(text_at(document, "namespace"), text_at(document, "name"))


def multi_cluster_of(document: Document) -> MultiClusterSpec:
    """Read a MultiClusterService of either version."""
    name = name_of(document)
    return MultiClusterSpec(
        name.name,
        Identity(name.namespace, text_at(document, "spec", "serviceAccount")),
        tuple(
            RemoteCluster(
                text_at(each, "name"),
                text_at(each, "address"),
                integer_at(each, "weight") or 0,
                integer_at(each, "priority") or 0,
            )
            for each in list_at(document, "spec", "clusters")
        ),
    )
