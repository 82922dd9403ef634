"""What goes into the sources and what comes out of them.

What comes out is told to the bridge as it is, but for `ZonesChanged` (which goes to its view) and
`ListAnew` (an order to whoever keeps the mirror). A `LanFact` that holds a `NodeDeleted` concerns
the detector of the own cluster's pool as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from agent.objects import Kind, ObjectKey
from agent.sources.cluster_facts import ClusterSettings
from discovery.bridge_events import LanFact, PoliciesListed
from discovery.names import Origin, ServiceName
from discovery.publisher_events import FreshListWanted, ListConfirmed, Wanted
from discovery.records import AckRecord
from discovery.trust_events import ObjectApplied, ObjectDeleted

# --- events ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ObjectsChanged:
    """A watch brought other states of these objects; the mirror has them."""

    keys: frozenset[ObjectKey]


@dataclass(frozen=True, slots=True)
class KindListed:
    """A kind was listed, and the mirror has the list; `keys` are the objects that differ by it."""

    kind: Kind
    keys: frozenset[ObjectKey] = frozenset()


@dataclass(frozen=True, slots=True)
class ServedChanged:
    """The store serves other kinds now; the mirror knows which."""


@dataclass(frozen=True, slots=True)
class KindForbidden:
    """The store will not let us list a kind: do without it where that is possible."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class AcksStated:
    """These drains of others are acknowledged here (`agent.sources.acks`), and no others."""

    acks: Mapping[Origin, AckRecord] = field(default_factory=dict)
    service_acks: Mapping[tuple[Origin, ServiceName], AckRecord] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """The configuration says something else of the cluster."""

    settings: ClusterSettings


Event: TypeAlias = (
    ObjectsChanged
    | KindListed
    | ServedChanged
    | KindForbidden
    | AcksStated
    | SettingsChanged
    | FreshListWanted
)

# --- effects --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ZonesChanged:
    """These are the zones of the own cluster's nodes now: for the view."""

    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListAnew:
    """List these kinds afresh, however fresh the watch is; tell `KindListed` for each."""

    kinds: tuple[Kind, ...]
    why: str


Effect: TypeAlias = (
    ObjectApplied
    | ObjectDeleted
    | PoliciesListed
    | LanFact
    | Wanted
    | ListConfirmed
    | ZonesChanged
    | ListAnew
)
