"""What a mesh is told, and what it and Kubernetes do of themselves."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from agent.objects import Document, ObjectKey
from simulations.mesh_objects import Identity


class Version(StrEnum):
    """Which release of OSM the model behaves as."""

    V1_1 = "v1.1.4"
    V1_2 = "v1.2.4"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshSettings:
    """What an installation is started with."""

    version: Version
    mesh_name: str = "osm"
    mesh_namespace: str = "osm-system"
    trust_root: str = "root"
    """Stands for the certificate of the root: equal ones trust each other."""
    watches_nodes: bool = False
    """Whether Pods end with their nodes, as Kubernetes has it. Each node then needs a Node, and a
    Lease in `kube-node-lease` that is renewed."""
    assumes_documented_traffic: bool = False
    """Traffic on v1.1.4 was not measured. If this is set, requests there go where Envoy's
    documentation says: to the first priority that has endpoints; else the answer is `unknown`."""


# --- what it is told ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ObjectChanged:
    """The store has an object in this state."""

    key: ObjectKey
    document: Document


@dataclass(frozen=True, slots=True)
class ObjectDeleted:
    """The store does not have an object any more."""

    key: ObjectKey


@dataclass(frozen=True, slots=True)
class SidecarConnected:
    """A Pod of this identity has come, and asks for all that there is for it."""

    identity: Identity


@dataclass(frozen=True, slots=True)
class OsmStarted:
    """OSM's controller was started, for the first time or again; every side-car connects anew."""


@dataclass(frozen=True, slots=True)
class ControllerManagerStarted:
    """Kubernetes' controller-manager was started again, and looks at everything."""


MeshEvent: TypeAlias = (
    ObjectChanged | ObjectDeleted | SidecarConnected | OsmStarted | ControllerManagerStarted
)


# --- what it does ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ApiRefused:
    """The API server would not have taken this object, so nobody saw it."""

    key: ObjectKey
    why: str


@dataclass(frozen=True, slots=True)
class KubernetesWrote:
    """A controller of Kubernetes wrote an object; None: deleted it. To be done in the store."""

    key: ObjectKey
    document: Document | None
    why: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """OSM sent every connected side-car the state of this moment."""


@dataclass(frozen=True, slots=True)
class OsmDown:
    """OSM's controller ended; side-cars keep what they have until it is started."""

    why: str


class Refused(StrEnum):
    """What Envoy refuses: each whole, and keeps the last good one."""

    LISTENER = "the outbound listener"
    ROUTES = "the routes of a port"
    ENDPOINTS = "the endpoints of a cluster"


@dataclass(frozen=True, slots=True, order=True)
class EnvoyRefused:
    """A side-car of this identity refused a configuration."""

    identity: Identity
    what: Refused
    which: str
    """The port of the routes, the name of the cluster; empty for the listener."""
    why: str


MeshEffect: TypeAlias = ApiRefused | KubernetesWrote | Pushed | OsmDown | EnvoyRefused
