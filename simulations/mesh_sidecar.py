"""A side-car: what it accepts of a configuration, what it refuses, and what it then keeps.

Envoy refuses by resource, and each whole: the outbound listener with the chains of all services,
the routes of one port with the virtual hosts of all services, the endpoints of one cluster. What
is refused stays as it was, with whatever good changes came along; the rest is taken. So after a
refusal old routes go on naming clusters that may be gone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address

from discovery.names import ServiceName
from simulations.mesh_events import EnvoyRefused, Refused
from simulations.mesh_objects import Identity
from simulations.mesh_resources import (
    Chain,
    Cluster,
    Destination,
    Locality,
    Piece,
    VirtualHost,
    Weighted,
)

PORT_MAX = 65_535


@dataclass(slots=True)
class Sidecar:
    """What one side-car has. `copy` before asking what would come of a configuration."""

    identity: Identity
    listener: dict[tuple[ServiceName, int], Chain] = field(default_factory=dict)
    routes: dict[int, dict[ServiceName, VirtualHost]] = field(default_factory=dict)
    clusters: dict[str, Cluster] = field(default_factory=dict)
    endpoints: dict[str, tuple[Locality, ...]] = field(default_factory=dict)
    sans: dict[ServiceName, tuple[Identity, ...]] = field(default_factory=dict)
    """By the service that the certificate is asked for."""
    unmeasured: dict[tuple[ServiceName, int], str] = field(default_factory=dict)

    def copy(self) -> "Sidecar":
        """Return one that has the same, and goes its own way."""
        return Sidecar(
            self.identity,
            dict(self.listener),
            dict(self.routes),
            dict(self.clusters),
            dict(self.endpoints),
            dict(self.sans),
            dict(self.unmeasured),
        )

    def accept(self, pieces: Mapping[ServiceName, Piece]) -> list[EnvoyRefused]:
        """Take a configuration as far as Envoy takes it; return what it refuses."""
        self.unmeasured = {
            (name, port): why
            for name, piece in pieces.items()
            for port, why in reversed(piece.unmeasured)
        }
        refused = self._accept_clusters(pieces.values())
        refused += self._accept_listener(pieces.values())
        return sorted(refused + self._accept_routes(pieces.values()))

    def _accept_clusters(self, pieces: Iterable[Piece]) -> list[EnvoyRefused]:
        refused: list[EnvoyRefused] = []
        clusters = {cluster.name: cluster for piece in pieces for cluster in piece.clusters}
        endpoints: dict[str, tuple[Locality, ...]] = {}
        sans: dict[ServiceName, tuple[Identity, ...]] = {}
        for name, cluster in clusters.items():
            why = _wrong_endpoints(cluster.localities)
            if why:
                refused.append(self._refused(Refused.ENDPOINTS, name, why))
            endpoints[name] = self.endpoints.get(name, ()) if why else cluster.localities
            # A certificate is asked for once, and no change of it is ever sent.
            sans[cluster.sni] = self.sans.get(cluster.sni, cluster.sans)
        self.clusters, self.endpoints, self.sans = clusters, endpoints, sans
        return refused

    def _accept_listener(self, pieces: Iterable[Piece]) -> list[EnvoyRefused]:
        chains = [chain for piece in pieces for chain in piece.chains]
        why = next(_wrong_chains(chains), "")
        if why:
            return [self._refused(Refused.LISTENER, "", why)]
        self.listener = {(chain.service, chain.port): chain for chain in chains}
        return []

    def _accept_routes(self, pieces: Iterable[Piece]) -> list[EnvoyRefused]:
        ports: dict[int, dict[ServiceName, VirtualHost]] = {}
        wrong: dict[int, str] = {}
        for piece in pieces:
            for host in piece.hosts:
                ports.setdefault(host.port, {})[host.service] = host
                if not sum(each.weight for each in host.clusters):
                    wrong.setdefault(host.port, f"{host.service}: no cluster has any weight")
        kept = {port: self.routes.get(port, {}) for port in wrong}
        self.routes = {**ports, **kept}
        return [self._refused(Refused.ROUTES, str(port), why) for port, why in wrong.items()]

    def _refused(self, what: Refused, which: str, why: str) -> EnvoyRefused:
        return EnvoyRefused(self.identity, what, which, why)

    # --- where a request goes ------------------------------------------------------------

    def chain(self, service: ServiceName, port: int) -> Chain | None:
        """Return the chain that takes a connection to a service, None where there is none."""
        return self.listener.get((service, port))

    def shares(self, service: ServiceName, port: int) -> tuple[Weighted, ...] | None:
        """Return the clusters among which requests are shared; None: no route (404)."""
        chain = self.chain(service, port)
        if chain is None or chain.is_tcp:
            return None if chain is None else chain.clusters
        host = self.routes.get(port, {}).get(service)
        return None if host is None else host.clusters

    def localities(self, cluster: str) -> tuple[Locality, ...] | None:
        """Return what a cluster has, each destination once; None where there is no such cluster."""
        if cluster not in self.clusters:
            return None
        seen: set[Destination] = set()
        found: list[Locality] = []
        for locality in self.endpoints.get(cluster, ()):
            fresh = tuple(each for each in dict.fromkeys(locality.destinations) if each not in seen)
            seen.update(fresh)
            found.append(locality._replace(destinations=fresh))
        return tuple(found)

    def first(self, cluster: str) -> tuple[Destination, ...] | None:
        """Return the destinations of the first priority that has any; None: no such cluster."""
        localities = self.localities(cluster)
        if localities is None:
            return None
        filled = [each for each in localities if each.destinations]
        best = min((each.priority for each in filled), default=0)
        return tuple(
            destination
            for each in filled
            if each.priority == best
            for destination in each.destinations
        )


def _wrong_endpoints(localities: Iterable[Locality]) -> str:
    for locality in localities:
        for address, port in locality.destinations:
            if not _is_address(address):
                return f"malformed address {address!r}"
            if not 0 < port <= PORT_MAX:
                return f"{address}: port {port}"
    return ""


def _is_address(text: str) -> bool:
    try:
        return isinstance(ip_address(text), IPv4Address) or ":" in text
    except ValueError:
        return False


def _wrong_chains(chains: Iterable[Chain]) -> Iterator[str]:
    matches = Counter((prefix, chain.port) for chain in chains for prefix in chain.prefixes)
    for (prefix, port), count in matches.items():
        if count > 1:
            yield f"{count} chains for {prefix}:{port}"
    for chain in chains:
        if chain.is_tcp and any(each.weight < 1 for each in chain.clusters):
            yield f"{chain.service}: a TCP cluster of weight 0"
