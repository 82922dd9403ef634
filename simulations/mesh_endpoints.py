"""Kubernetes' endpoints controller: the Endpoints of a Service with a selector are its own.

It looks at a Service when the Service, one of its Pods, or the absence of its Endpoints tells it
to, and at all of them when it starts. Then it writes what the Pods say over whatever stands there.
In between it does not notice what others write. One Pod with an address and without a node makes
the API server refuse all that it writes for the Service, whose Endpoints stay as they are.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import NamedTuple

from agent.objects import ENDPOINTS, MULTI_CLUSTER_SERVICE, Document, ObjectKey, list_at, map_at
from discovery.names import ServiceName
from simulations.mesh_objects import (
    EndpointsPort,
    PodSpec,
    ServiceSpec,
    multi_cluster_of,
    subsets_of,
)
from simulations.mesh_registry import Registry

PORT_MAX = 65_535


class Verdict(NamedTuple):
    """What the controller makes of a Service: Endpoints to write, to delete, or neither."""

    key: ObjectKey
    document: Document | None
    why: str


def synchronise(registry: Registry, name: ServiceName) -> Verdict | None:
    """Return what the controller writes when it looks at a Service; None where it writes nothing.

    `document` None: the Endpoints are deleted.
    """
    key = ObjectKey(ENDPOINTS, name.namespace, name.name)
    service = registry.service(name)
    current = registry.document(key)
    if service is None:
        return None if current is None else Verdict(key, None, "its Service is gone")
    if not service.selector:
        return None
    pods = [pod for pod in registry.selected(service) if _counts(pod, service)]
    if any(not pod.node for pod in pods):
        return None
    document = _endpoints(service, pods)
    if current is not None and _same(current, document):
        return None
    return Verdict(key, document, "what its Pods say")


def is_frozen(registry: Registry, service: ServiceSpec) -> bool:
    """Tell whether the API server refuses whatever the controller writes for a Service."""
    return any(not pod.node for pod in registry.selected(service) if _counts(pod, service))


def touched_by(registry: Registry, before: PodSpec | None, after: PodSpec | None) -> list[str]:
    """Return the Services of its namespace that the controller looks at for a change of a Pod."""
    pod = after or before
    if pod is None or (before and after and _signs(before) == _signs(after)):
        return []
    return [
        service.name.name
        for service in registry.services(pod.namespace)
        if any(each is not None and service.selects(each) for each in (before, after))
    ]


def _signs(pod: PodSpec) -> tuple[object, ...]:
    return pod.labels, pod.ips, pod.is_ready, pod.is_deleting, pod.node, pod.is_over


def _counts(pod: PodSpec, service: ServiceSpec) -> bool:
    if not pod.ips or pod.is_over:
        return False
    return service.publishes_not_ready or not pod.is_deleting


def _endpoints(service: ServiceSpec, pods: Iterable[PodSpec]) -> Document:
    groups: dict[tuple[EndpointsPort, ...], tuple[list[Document], list[Document]]] = {}
    for pod in pods:
        ports = _ports(service, pod)
        if ports is None:
            continue
        ready, not_ready = groups.setdefault(ports, ([], []))
        is_ready = pod.is_ready or service.publishes_not_ready
        address = {
            "ip": pod.ips[0],
            "nodeName": pod.node,
            "targetRef": {"kind": "Pod", "namespace": pod.namespace, "name": pod.name},
        }
        (ready if is_ready else not_ready).append(address)
    metadata: dict[str, object] = {"name": service.name.name, "namespace": service.name.namespace}
    if service.labels:
        metadata["labels"] = dict(service.labels)
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": metadata,
        "subsets": [_subset(ports, *groups[ports]) for ports in sorted(groups)],
    }


def _subset(
    ports: tuple[EndpointsPort, ...], ready: list[Document], not_ready: list[Document]
) -> Document:
    subset: dict[str, object] = {
        "ports": [
            {"name": port.name, "port": port.number, "protocol": "TCP"}
            if port.name
            else {"port": port.number, "protocol": "TCP"}
            for port in ports
        ]
    }
    for field, addresses in (("addresses", ready), ("notReadyAddresses", not_ready)):
        if addresses:
            subset[field] = sorted(addresses, key=lambda each: str(each["ip"]))
    return subset


def _ports(service: ServiceSpec, pod: PodSpec) -> tuple[EndpointsPort, ...] | None:
    """Return the Service's ports on a Pod; None where it has none of them."""
    named = dict(pod.ports)
    found = [
        (port.name, port.target if isinstance(port.target, int) else named.get(port.target, 0))
        for port in service.ports
    ]
    ports = tuple(EndpointsPort(name, number) for name, number in found if number)
    return ports if ports or not service.ports else None


def _same(current: Document, document: Document) -> bool:
    return subsets_of(current) == subsets_of(document) and map_at(
        current, "metadata", "labels"
    ) == map_at(document, "metadata", "labels")


# --- what the API server takes -----------------------------------------------------------


def refusal_of(key: ObjectKey, document: Document) -> str:
    """Say why the API server refuses an object; empty where it takes it."""
    if key.kind == ENDPOINTS:
        return _refused_endpoints(document)
    if key.kind == MULTI_CLUSTER_SERVICE:
        return _refused_multi_cluster(document)
    return ""


def _refused_endpoints(document: Document) -> str:
    for subset in subsets_of(document):
        if not subset.ready and not subset.not_ready:
            return "a subset without addresses"
        for address in (*subset.ready, *subset.not_ready):
            if not is_pod_address(address.ip):
                return f"{address.ip!r} is no address of a Pod"
        names = [port.name for port in subset.ports]
        if len(names) > 1 and ("" in names or len(set(names)) < len(names)):
            return "several ports want names, each its own"
        if not all(0 < port.number <= PORT_MAX for port in subset.ports):
            return f"a port outside 1 to {PORT_MAX}"
    return ""


def is_pod_address(text: str) -> bool:
    """Tell whether Endpoints may have an address: not loopback, link-local or multicast."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return not (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
    )


def _refused_multi_cluster(document: Document) -> str:
    spec = multi_cluster_of(document)
    if not spec.identity.account:
        return "spec.serviceAccount is required"
    if not isinstance(map_at(document, "spec").get("clusters"), list | tuple):
        return "spec.clusters is required"
    for number, cluster in enumerate(spec.clusters):
        if not cluster.name:
            return f"spec.clusters[{number}].name is required"
        if not _fits_pattern(cluster.address):
            return f"spec.clusters[{number}].address is not IPv4:port"
        if cluster.weight < 0 or cluster.priority < 0:
            return f"spec.clusters[{number}] has a number below 0"
    return "" if len(spec.clusters) == len(list_at(document, "spec", "clusters")) else "no entry"


def _fits_pattern(address: str) -> bool:
    host, _, port = address.partition(":")
    parts = host.split(".")
    digits = [each.isascii() and each.isdigit() and len(each) <= 3 for each in parts]
    return len(parts) == 4 and all(digits) and port.isascii() and port.isdigit()
