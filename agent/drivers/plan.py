"""What a driver is: from the view and the objects that there are to writes in order; pure.

A plan is made from what is there, never from what was planned before: a mirror that is behind, or
one that shows what a crashed predecessor had half written, gives a plan that goes on from there.
Rule 1: each prefix of a group's writes is a state that may last for ever. Rule 2: a plan whose
writes were done is followed by an empty one. Rule 3: what is not known is not concluded from: where
a kind was never listed nothing is planned. Rule 4: what a mesh cannot express is said, service by
service, with what happens instead.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

from agent.mirror import Mirror
from agent.objects import (
    ISTHMUS_GROUP,
    MANAGED_BY,
    MANAGER,
    MESH_CONFIG,
    NAMESPACE,
    TRAFFIC_SPLIT,
    Document,
    Kind,
    ObjectKey,
    is_ours,
    text_at,
)
from agent.writes import ApplyStatus, Write
from discovery.names import Origin, ServiceName
from discovery.records import ClusterRecord
from discovery.service_view import ServiceView

SERVICE_ANNOTATION = f"{ISTHMUS_GROUP}/service"
"""On each object that a driver writes: the name, in its namespace, of the service it is for."""

Step: TypeAlias = Write | ApplyStatus
"""A write, or a status on which later writes hang (the addresses of a Pod that nobody runs)."""


class Reason(StrEnum):
    """Why a service is not served as the view has it. Closed: metrics count by it."""

    NAMESPACE_MISSING = "NamespaceMissing"
    """There is no such namespace here; nothing is written."""
    NAMESPACE_NOT_MONITORED = "NamespaceNotMonitored"
    """The mesh does not look at the namespace; nothing is written or changed."""
    ROOT_DIFFERS = "MeshRootDiffers"
    """A cluster's mesh has another root certificate: every request would fail; left out."""
    ROOT_UNKNOWN = "MeshRootUnknown"
    """A root's fingerprint is not known, here or there; served all the same."""
    TRUST_DOMAIN_DIFFERS = "TrustDomainDiffers"
    """A cluster's mesh has another trust domain; left out where identities are verified."""
    ADDRESS_REFUSED = "AddressRefused"
    """Addresses that the mesh cannot take, such as those of IPv6; left out."""
    PORT_REFUSED = "PortRefused"
    """Ports that the mesh cannot take, such as those of UDP; left out."""
    PORT_MISSING = "PortMissing"
    """A cluster does not serve all ports of the service; the others serve what it lacks."""
    SEVERAL_PORTS = "SeveralPorts"
    """Only services of one port can be reached this way; left out."""
    SEVERAL_NUMBERS = "SeveralPortNumbers"
    """Endpoints listen on different numbers for one port, and not all can be used."""
    HEADLESS = "Headless"
    """Headless services that share an address and port make Envoy refuse all; left out."""
    GATEWAY_UNUSABLE = "GatewayUnusable"
    """Gateways that the mesh cannot take: names of hosts, IPv6, other ports; left out."""
    WEIGHTS_NOT_HELD = "WeightsNotHeld"
    """The mesh cannot hold the weights of the view; the words say who gets what."""
    NAME_TAKEN = "NameTaken"
    """An object of somebody else has a name that is needed; it is not touched."""
    SPLIT_OF_OTHERS = "SplitOfOthers"
    """Somebody else splits the traffic of the service; that is not touched."""
    SPLITS_NOT_SERVED = "SplitsNotServed"
    """The store serves no TrafficSplit v1alpha2."""
    LOCAL_NOT_EXPORTED = "LocalNotExported"
    """A service of this name is here and not exported: it is used alone while it is ready."""
    LOCAL_NOT_READY = "LocalNotReady"
    """None of the local pods is ready; others have their traffic."""
    LOCAL_UNUSABLE = "LocalServiceUnusable"
    """The local Service is of a kind that cannot be split; it is left alone."""
    NO_ENDPOINTS = "NoEndpoints"
    """Nobody can be used."""
    NO_ALIAS = "NoAlias"
    """The exported Service has no selector, so other clusters cannot send it a share."""
    NO_LOCAL_POD = "NoLocalPod"
    """The mesh needs a local Pod with an address, and there is none."""
    SMI_MODE = "SmiMode"
    """The mesh is in SMI mode, which needs `smi: true` in the driver's settings."""
    IDENTITY_UNKNOWN = "IdentityUnknown"
    """A cluster does not name the ServiceAccount behind its export."""
    SESSION_AFFINITY = "SessionAffinity"
    """The mesh has no session affinity; requests go to any endpoint."""
    ACCOUNT_SHARED = "ServiceAccountShared"
    """The mesh takes addresses by ServiceAccount, and other services run under the same one."""
    ACCOUNT_DIFFERS = "ServiceAccountDiffers"
    """A cluster runs the service under another ServiceAccount: every request would fail; left out.
    """
    TOO_MANY = "TooManyAddresses"
    """One object cannot list them all; those of the worst tiers are left out."""
    OTHERS_ADD = "OthersAdd"
    """Somebody else's object adds addresses to the same service."""


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """One reason, whom it is about (empty: nobody in particular), and what happens instead."""

    reason: Reason
    origin: Origin
    what: str


class Support(StrEnum):
    """How far a mesh can express something."""

    FULL = "full"
    PARTLY = "partly"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Capability:
    """How far, and in words how, or what happens instead."""

    support: Support
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a driver can make its mesh do."""

    tiers: Capability
    weights: Capability
    several_ports: Capability
    tcp: Capability
    identities: Capability
    gateways: Capability
    headless: Capability
    ipv6: Capability
    local_services: Capability
    """Services that are served here as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverSettings:
    """What a driver is told of its cluster."""

    own: Origin
    mesh_name: str = "osm"
    """The value of the label `openservicemesh.io/monitored-by`."""
    mesh_namespace: str = "osm-system"
    mesh_config: str = "osm-mesh-config"
    """The name of the MeshConfig in `mesh_namespace`."""
    verify_identities: bool = False
    """Write identity Pods, so that clients verify who answers (permissive mode)."""
    smi: bool = False
    """Write a Pod per remote address, without which a mesh in SMI mode sees none of them."""
    pod_image: str = "registry.k8s.io/pause:3.10"
    """Named in Pods that never run; an admission policy may want to know it."""

    @property
    def writes_pods(self) -> bool:
        """Whether any Pod may be written."""
        return self.verify_identities or self.smi


class Services(Protocol):
    """What is to be served: `discovery.view.View` is one."""

    def services(self) -> list[ServiceName]:
        """Return all services, by name."""
        ...

    def service(self, name: ServiceName) -> ServiceView | None:
        """Return one service, None where nobody who may exports it."""
        ...

    def cluster(self, origin: Origin) -> ClusterRecord | None:
        """Return what a cluster says of itself, None where nothing is known of it."""
        ...


@dataclass(frozen=True, slots=True)
class Group:
    """Writes in the order in which they must be done; it stops at its first failure.

    Groups are independent of each other. A `Delete` of what is not there any more has been done.
    """

    services: tuple[ServiceName, ...]
    """Those that it is for."""
    writes: tuple[Step, ...]
    after_s: int = 0
    """To be done once it was in every plan for so many seconds: what is in use until the mesh has
    obeyed. Earlier is safe for the mesh's configuration and may cost requests that are under way.
    """


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written, and what is to be known."""

    groups: tuple[Group, ...] = ()
    conditions: Mapping[ServiceName, tuple[Condition, ...]] = field(default_factory=dict)
    """Of each service that was planned; an empty tuple: served as the view has it."""
    waits_for: tuple[Kind, ...] = ()
    """Kinds that were not listed yet: nothing was planned."""

    @property
    def writes(self) -> tuple[Step, ...]:
        """All writes, in an order in which they may be done one by one."""
        return tuple(write for group in self.groups for write in group.writes)


class Driver(Protocol):
    """Makes one kind of mesh obey the view."""

    @property
    def name(self) -> str:
        """The driver's name in settings, conditions and metrics."""
        ...

    @property
    def reads(self) -> frozenset[Kind]:
        """The kinds that it needs in the mirror, those that it writes included."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can make its mesh do."""
        ...

    def plan(self, view: Services, mirror: Mirror, touched: Collection[ServiceName] | None) -> Plan:
        """Return what to write for the services in `touched`.

        None: for all, and what bears our label and is for no service in the view is deleted.
        """
        ...


def services_touched(key: ObjectKey, document: Document) -> frozenset[ServiceName] | None:
    """Return the services to plan anew when an object changed or went; None: all of them.

    `document` is its state, or of a deleted one the last.
    """
    if key.kind in (MESH_CONFIG, NAMESPACE):
        return None
    names = {key.name, text_at(document, "metadata", "annotations", SERVICE_ANNOTATION)}
    if key.kind == TRAFFIC_SPLIT:
        names.add(text_at(document, "spec", "service").partition(".")[0])
    return frozenset(ServiceName(key.namespace, name) for name in names if name)


def metadata(name: ServiceName, service: str, **annotations: str) -> dict[str, object]:
    """Return the metadata of an object of ours named `name` that is for `service`."""
    return {
        "name": name.name,
        "namespace": name.namespace,
        "labels": {MANAGED_BY: MANAGER},
        "annotations": {SERVICE_ANNOTATION: service, **annotations},
    }


def owner_of(key: ObjectKey, document: Document) -> ServiceName | None:
    """Return the service that an object of ours is for; None where it is not a driver's.

    The label alone does not tell: Kubernetes copies it from a Service to its Endpoints.
    """
    service = text_at(document, "metadata", "annotations", SERVICE_ANNOTATION)
    return ServiceName(key.namespace, service) if service and is_ours(document) else None
