"""What OSM sends to a side-car (CDS, EDS, LDS, RDS, SDS), service by service.

A `Piece` is all that comes of one Service. A configuration is the pieces of all services that a
client may call; the listener is made of the chains of all, the routes of a port of the virtual
hosts of all that have the port: one bad piece has the whole refused (`mesh_sidecar`).
"""

from dataclasses import dataclass
from typing import NamedTuple

from discovery.names import ServiceName
from simulations.mesh_objects import Identity


class Destination(NamedTuple):
    """An address and port that a cluster sends to, as they are written."""

    address: str
    port: int

    def __str__(self) -> str:
        """Return `address:port`."""
        return f"{self.address}:{self.port}"


class Locality(NamedTuple):
    """Destinations that are as good as each other."""

    zone: str
    priority: int
    weight: int
    """Without effect: OSM never sets up the weighting of localities."""
    destinations: tuple[Destination, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster (CDS), what it sends to (EDS), and whom it takes there (SDS)."""

    name: str
    """`namespace/name|port of the endpoints`."""
    sni: ServiceName
    localities: tuple[Locality, ...]
    sans: tuple[Identity, ...]
    """What SDS would say now: empty takes any workload of the root. A side-car asks once."""


class Weighted(NamedTuple):
    """A share of a route: a cluster by name, whether CDS has it or not."""

    cluster: str
    weight: int


@dataclass(frozen=True, slots=True)
class Chain:
    """A filter chain of the outbound listener."""

    service: ServiceName
    prefixes: tuple[str, ...]
    port: int
    is_tcp: bool
    clusters: tuple[Weighted, ...]
    """Of a TCP chain; an HTTP chain asks the routes of its port."""


@dataclass(frozen=True, slots=True)
class VirtualHost:
    """What the routes of a port (RDS) have for one service."""

    service: ServiceName
    port: int
    clusters: tuple[Weighted, ...]


class Host(NamedTuple):
    """What stands in a request's Host header: the name and the port that the client called."""

    service: ServiceName
    port: int


@dataclass(frozen=True, slots=True)
class Inbound:
    """What the side-cars of a service's own Pods take (an inbound chain and its routes)."""

    service: ServiceName
    """In the SNI."""
    port: int
    """Of the Pod."""
    is_tcp: bool
    selector: tuple[tuple[str, str], ...]
    hosts: tuple[Host, ...]
    """Known on that port because of this service."""


@dataclass(frozen=True, slots=True)
class Piece:
    """All that comes of one Service."""

    clusters: tuple[Cluster, ...] = ()
    chains: tuple[Chain, ...] = ()
    hosts: tuple[VirtualHost, ...] = ()
    unmeasured: tuple[tuple[int, str], ...] = ()
    """By port, what nobody has measured: the model does not say where requests go."""


NOTHING = Piece()
